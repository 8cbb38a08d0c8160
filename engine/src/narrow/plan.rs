//! Carries what is used from the root of an optimized plan down to its scans, and rebuilds the plan over narrower ones.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, JoinType, TableReference};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::logical_plan::{TableScan, TableScanBuilder, Unnest};
use datafusion::logical_expr::{Expr, LogicalPlan, Union};

use super::as_table;
use super::need::{Need, add_needs};

/// Plans are walked by plain recursion.
const MAX_DEPTH: usize = 400;

/// The plan over narrowed tables; None when nothing changes. And whether knowing the sizes of leaves would help.
pub fn narrow(plan: &LogicalPlan) -> (Option<LogicalPlan>, bool) {
    let mut walk = Walk::default();
    let narrow = walk.plan(plan.clone(), Walk::all(plan));
    let narrow = narrow.ok().filter(|narrow| walk.narrowed && narrow.schema().inner() == plan.schema().inner());
    (narrow, walk.wants_sizes)
}

#[derive(Default)]
struct Walk {
    depth: usize,
    narrowed: bool,
    wants_sizes: bool,
}

impl Walk {
    fn all(plan: &LogicalPlan) -> Vec<Need> {
        vec![Need::Whole; plan.schema().fields().len()]
    }

    /// `needs`: of the columns of `plan`.
    fn plan(&mut self, plan: LogicalPlan, needs: Vec<Need>) -> Result<LogicalPlan> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(DataFusionError::Internal("a plan too deep to be narrowed".to_string()));
        }
        let plan = plan.map_subqueries(|subquery| self.whole_inputs(subquery).map(Transformed::yes))?.data;
        let input_needs = input_needs(&plan, &needs);
        let plan = match (plan, input_needs) {
            (LogicalPlan::TableScan(scan), _) => self.scan(scan, &needs)?,
            (plan, Some(needs)) => self.rebuild(plan, needs)?,
            (plan, None) => self.whole_inputs(plan)?,
        };
        self.depth -= 1;
        Ok(plan)
    }

    /// Of a plan that may look at all of its inputs: they do not change then, but what lies below them may.
    fn whole_inputs(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        Ok(plan
            .map_children(|input| {
                let needs = Walk::all(&input);
                self.plan(input, needs).map(Transformed::yes)
            })?
            .data)
    }

    fn rebuild(&mut self, plan: LogicalPlan, needs: Vec<Vec<Need>>) -> Result<LogicalPlan> {
        let inputs =
            plan.inputs().into_iter().zip(needs).map(|(input, needs)| self.plan(input.clone(), needs)).collect::<Result<Vec<_>>>()?;
        if inputs.iter().zip(plan.inputs()).all(|(new, old)| new.schema() == old.schema()) {
            let mut inputs = inputs.into_iter();
            return Ok(plan.map_children(|_| Ok(Transformed::yes(inputs.next().expect("one for each"))))?.data);
        }
        if let LogicalPlan::Union(_) = &plan {
            return self.union(plan, inputs);
        }
        plan.with_new_exprs(plan.expressions(), inputs)
    }

    /// The branches of a union match by position and have one type. Where one of them cannot be narrowed as the others are, none is.
    fn union(&mut self, plan: LogicalPlan, inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
        let types = |plan: &LogicalPlan| plan.schema().fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
        let first = types(&inputs[0]);
        if first.len() == plan.schema().fields().len() && inputs.iter().all(|input| types(input) == first) {
            let inputs = inputs.into_iter().map(Arc::new).collect();
            return Ok(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?));
        }
        self.whole_inputs(plan)
    }

    fn scan(&mut self, scan: TableScan, needs: &[Need]) -> Result<LogicalPlan> {
        let provider = source_as_provider(&scan.source)?;
        let Some(table) = as_table(&provider) else { return Ok(LogicalPlan::TableScan(scan)) };
        let schema = scan.source.schema();
        let mut all = vec![Need::Nothing; schema.fields().len()];
        match &scan.projection {
            Some(columns) => columns.iter().zip(needs).for_each(|(&column, need)| all[column] = need.clone()),
            None => all.clone_from_slice(needs),
        }
        let qualified = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &schema)?;
        scan.filters.iter().for_each(|filter| add_needs(&mut all, &qualified, filter, Need::Whole));
        let (narrow, wants_sizes) = table.narrowed(&all);
        self.wants_sizes |= wants_sizes;
        let Some(narrow) = narrow else { return Ok(LogicalPlan::TableScan(scan)) };
        self.narrowed = true;
        let reads = narrow.reads(scan.projection.as_ref());
        let builder = TableScanBuilder::new(scan.table_name, provider_as_source(narrow)).with_projection(scan.projection);
        let builder = builder.with_filters(scan.filters).with_fetch(scan.fetch).with_statistics_requests(scan.statistics_requests);
        let mut scan = builder.build()?;
        // what EXPLAIN shows of it; columns are bound by the schema, which has the name as it was
        scan.table_name = TableReference::bare(format!("{} reads=[{reads}]", scan.table_name));
        Ok(LogicalPlan::TableScan(scan))
    }
}

/// What a node uses of the columns of its inputs. None: all of them.
fn input_needs(plan: &LogicalPlan, needs: &[Need]) -> Option<Vec<Vec<Need>>> {
    let mut pass = needs.to_vec();
    let add = |needs: &mut Vec<Need>, input: &LogicalPlan, expr: &Expr| add_needs(needs, input.schema(), expr, Need::Whole);
    match plan {
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Limit(_) => {}
        LogicalPlan::Filter(filter) => add(&mut pass, &filter.input, &filter.predicate),
        LogicalPlan::Sort(sort) => sort.expr.iter().for_each(|s| add(&mut pass, &sort.input, &s.expr)),
        LogicalPlan::Union(union) => return Some(vec![pass; union.inputs.len()]),
        LogicalPlan::Projection(projection) => {
            pass = nothing(&projection.input);
            let exprs = projection.expr.iter().zip(needs);
            exprs.for_each(|(expr, need)| add_needs(&mut pass, projection.input.schema(), expr, need.clone()));
        }
        LogicalPlan::Aggregate(aggregate) => {
            pass = nothing(&aggregate.input);
            aggregate.group_expr.iter().chain(&aggregate.aggr_expr).for_each(|expr| add(&mut pass, &aggregate.input, expr));
        }
        LogicalPlan::Window(window) => {
            pass.truncate(window.input.schema().fields().len());
            window.window_expr.iter().for_each(|expr| add(&mut pass, &window.input, expr));
        }
        LogicalPlan::Join(join) => {
            // left columns, then right ones; semi, anti and mark joins have those of one side, and a mark of their own last
            let (mut left, mut right) = (nothing(&join.left), nothing(&join.right));
            let (n_left, n_right) = (left.len(), right.len());
            match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left.clone_from_slice(&needs[..n_left]),
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right.clone_from_slice(&needs[..n_right]),
                JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                    let (of_left, of_right) = needs.split_at(n_left);
                    left.clone_from_slice(of_left);
                    right.clone_from_slice(of_right);
                }
            }
            let exprs = join.on.iter().flat_map(|(l, r)| [l, r]).chain(&join.filter);
            exprs.for_each(|expr| {
                add(&mut left, &join.left, expr);
                add(&mut right, &join.right, expr);
            });
            return Some(vec![left, right]);
        }
        LogicalPlan::Unnest(unnest) => pass = unnest_needs(unnest, needs),
        _ => return None,
    }
    Some(vec![pass])
}

fn nothing(input: &LogicalPlan) -> Vec<Need> {
    vec![Need::Nothing; input.schema().fields().len()]
}

fn unnest_needs(unnest: &Unnest, needs: &[Need]) -> Vec<Need> {
    let input = unnest.input.schema();
    let mut out = nothing(&unnest.input);
    let mut fields = vec![0; out.len()]; // of the structs: which field comes next
    for (j, (&i, need)) in unnest.dependency_indices.iter().zip(needs).enumerate() {
        let name = unnest.schema.field(j).name();
        let lists = unnest.list_type_columns.iter().filter(|(column, _)| *column == i);
        let need = if let Some((_, list)) = lists.clone().find(|(_, list)| &list.output_column.name == name) {
            (0..list.depth).fold(need.clone(), |need, _| need.items())
        } else if unnest.struct_type_columns.contains(&i) {
            let DataType::Struct(of) = input.field(i).data_type() else { unreachable!("unnest says so") };
            fields[i] += 1;
            // a field that nobody looks at leaves the output
            if *need == Need::Nothing { Need::Shape } else { need.clone().field(of[fields[i] - 1].name()) }
        } else {
            need.clone()
        };
        out[i].add(need);
    }
    unnest.exec_columns.iter().for_each(|c| add_needs(&mut out, input, &Expr::Column(c.clone()), Need::Nothing));
    out
}
