//! count(DISTINCT x) of unnested rows.
//!
//! DataFusion makes of it a GROUP BY of x too, and counts those groups: all keys are hashed, sent and compared for each x. Of integers it can
//! count without, in sets that are merged as lists, and where the groups are rows that were unnested (`aside.rs`) there is one list for each
//! of these, and the keys are handled once.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use super::Options;

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// Those of DataFusion; the one that regroups leaves out what is said above.
pub fn optimizer_rules() -> Vec<Rule> {
    let wrap = |rule: Rule| match rule.name() {
        "single_distinct_aggregation_to_group_by" => Arc::new(Regroup { rule }) as Rule,
        _ => rule,
    };
    Optimizer::new().rules.into_iter().map(wrap).collect()
}

#[derive(Debug)]
struct Regroup {
    rule: Rule,
}

impl OptimizerRule for Regroup {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        if Options::narrow_scans(&config.options()) && counts_unnested(&plan) {
            return Ok(Transformed::no(plan));
        }
        self.rule.rewrite(plan, config)
    }
}

fn counts_unnested(plan: &LogicalPlan) -> bool {
    let LogicalPlan::Aggregate(aggregate) = plan else { return false };
    let is_counted = |expr: &Expr| match expr {
        Expr::AggregateFunction(function) if function.params.distinct && function.func.name() == "count" => {
            matches!(function.params.args.as_slice(), [arg] if arg.get_type(aggregate.input.schema()).is_ok_and(|kind| kind.is_integer()))
        }
        Expr::AggregateFunction(function) => !function.params.distinct,
        _ => false,
    };
    !aggregate.group_expr.is_empty() && aggregate.aggr_expr.iter().all(is_counted) && is_unnested(&aggregate.input)
}

fn is_unnested(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Unnest(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => is_unnested(plan.inputs()[0]),
        _ => false,
    }
}
