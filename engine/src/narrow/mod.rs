//! Reads of a nested column only the leaves that a query uses.
//!
//! DataFusion prunes no field below a list. But a table whose schema declares fewer fields than its files hold is read at those leaves
//! alone. So, between the optimized plan and the physical one: `need.rs` says what of a value is used, `plan.rs` carries that from the
//! root of the plan down to its scans, and `table.rs` scans with the types that are left. Types, names, nullability and metadata
//! of the result are what they were. `balance.rs` divides a file among threads, `flatten.rs` makes the unnesting itself cheap, `views.rs`
//! the filtering, `aside.rs` and `distinct.rs` the grouping of what was unnested, `histogram.rs` the counting of texts.

mod aside;
mod balance;
mod distinct;
mod flatten;
mod hint;
mod histogram;
mod need;
mod plan;
mod table;
mod views;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config_err;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::datasource::source_as_provider;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

pub use distinct::optimizer_rules;
pub use table::Table;

/// What a session takes beside DataFusion's own settings: `SET bytefusion.narrow_scans = false`.
#[derive(Clone, Debug)]
pub struct Options {
    narrow_scans: bool,
}

impl Options {
    fn narrow_scans(config: &ConfigOptions) -> bool {
        config.extensions.get::<Options>().is_some_and(|o| o.narrow_scans)
    }
}

const NARROW_SCANS: &str = "narrow_scans";

impl Default for Options {
    fn default() -> Self {
        Options { narrow_scans: true }
    }
}

impl ConfigExtension for Options {
    const PREFIX: &'static str = "bytefusion";
}

impl ExtensionOptions for Options {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match (key, value.parse()) {
            (NARROW_SCANS, Ok(value)) => self.narrow_scans = value,
            (NARROW_SCANS, Err(_)) => return config_err!("bytefusion.narrow_scans is true or false, not '{value}'"),
            _ => return config_err!("bytefusion has no setting {key}; there is {NARROW_SCANS}"),
        }
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let description = "Read only the leaves of nested columns that a query uses";
        vec![ConfigEntry { key: format!("{}.{NARROW_SCANS}", Self::PREFIX), value: Some(self.narrow_scans.to_string()), description }]
    }
}

/// The step between the optimized plan and the physical one.
#[derive(Debug, Default)]
pub struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let narrow = if Options::narrow_scans(session.config_options()) { narrowed(plan, session).await } else { None };
        DefaultPhysicalPlanner::default().create_physical_plan(narrow.as_ref().unwrap_or(plan), session).await
    }
}

/// None where nothing is to be gained, and where a plan cannot be rebuilt: then it runs as it is.
async fn narrowed(plan: &LogicalPlan, session: &dyn Session) -> Option<LogicalPlan> {
    let (narrow, wants_sizes) = plan::narrow(plan);
    if !wants_sizes {
        return narrow;
    }
    for (provider, filters) in tables(plan) {
        as_table(&provider)?.find_leaf_sizes(session, &filters).await;
    }
    plan::narrow(plan).0
}

/// Those of ours that a plan reads, and the filters of each scan.
fn tables(plan: &LogicalPlan) -> Vec<(Arc<dyn TableProvider>, Vec<Expr>)> {
    let mut found = vec![];
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source).ok().filter(|p| as_table(p).is_some());
            found.extend(provider.map(|provider| (provider, scan.filters.clone())));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

fn as_table(provider: &Arc<dyn TableProvider>) -> Option<&Table> {
    provider.downcast_ref::<Table>()
}

/// What stands for a node, if anything does.
type Replacement = fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>;

/// The last rules of a physical plan, in this order.
pub fn physical_optimizer_rules() -> impl Iterator<Item = Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let all: [(_, Replacement); 5] = [
        ("balance", balance::balance),
        ("flatten", flatten::flatten),
        ("views", views::views),
        ("aside", aside::aside),
        ("histogram", histogram::histogram),
    ];
    all.into_iter().map(|(name, replacement)| Arc::new(Replace { name, replacement }) as _)
}

/// Puts other nodes in place of those of a plan, from its leaves up.
#[derive(Debug)]
struct Replace {
    name: &'static str,
    replacement: Replacement,
}

impl PhysicalOptimizerRule for Replace {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if !Options::narrow_scans(config) {
            return Ok(plan);
        }
        let replaced = plan.transform_up(|node| Ok((self.replacement)(&node)?.map_or(Transformed::no(node), Transformed::yes)));
        replaced.data()
    }

    fn name(&self) -> &str {
        self.name
    }

    fn schema_check(&self) -> bool {
        true
    }
}
