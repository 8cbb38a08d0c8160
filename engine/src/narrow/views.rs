//! Texts that are read as views, where rows are filtered or counted at once.
//!
//! A text below a list is copied when it is read, when it is unnested, and when rows are filtered, though most of them go. A view of it has
//! 16 bytes, whose text stays where it was decompressed. So what lies between a filter and a scan works on views, and what passes the filter
//! becomes what it was:
//!
//!     FilterExec: a = 'x'                         ProjectionExec: CAST(a AS Utf8), b
//!       ProjectionExec: i.a as a, i.b as b          FilterExec: a = 'x'
//!         FlattenExec: i                  becomes     ProjectionExec: i.a as a, i.b as b
//!           ...                                         FlattenExec: i, in slices
//!             DataSourceExec                              ...
//!                                                           DataSourceExec, a as views
//!
//! What is unnested there is given on in slices. They hold all items of their batch, but a filter copies what it gives on, and an aggregate
//! that counts or adds keeps nothing else.
//! Types, names, nullability and metadata of what comes out stay as they were; where that cannot be, so does the plan.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use datafusion::common::ScalarValue;
use datafusion::config::ConfigOptions;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::functions::core::get_field;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, Column, InListExpr, Literal, in_list};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};

use super::flatten::FlattenExec;
use super::table::{file_scan, scan_retyped};

type Plan = Arc<dyn ExecutionPlan>;
type Expr = Arc<dyn PhysicalExpr>;

/// Aggregates whose accumulators copy what they need of flat values; array_agg, for one, keeps whole arrays.
const KEEP_NO_INPUT: [&str; 5] = ["count", "sum", "min", "max", "avg"];

/// After Flatten, and before Aside, which puts a node of its own where this one looks for a scan.
pub fn views(node: &Plan) -> Result<Option<Plan>> {
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        return filter_of_views(node, filter);
    }
    let Some(aggregate) = node.downcast_ref::<AggregateExec>().filter(|a| *a.mode() == AggregateMode::Partial) else { return Ok(None) };
    let is_flat = |value: &Expr| value.data_type(&aggregate.input().schema()).is_ok_and(|kind| !kind.is_nested());
    let mut functions = aggregate.aggr_expr().iter();
    if !functions.all(|f| KEEP_NO_INPUT.contains(&f.fun().name()) && f.expressions().iter().all(is_flat)) {
        return Ok(None);
    }
    let Some(slices) = input(aggregate.input(), false)? else { return Ok(None) };
    let new = node.clone().replace_children(vec![slices], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))?;
    let is_same = new.downcast_ref::<AggregateExec>().is_some_and(|new| new.input_order_mode() == aggregate.input_order_mode());
    Ok((is_same && stands_for(&new, node)).then_some(new))
}

/// Whether other nodes can rely on the one as they did on the other.
fn stands_for(new: &Plan, old: &Plan) -> bool {
    let has_order = |order: &LexOrdering| new.equivalence_properties().ordering_satisfy(order.iter().cloned()).unwrap_or(false);
    let is_parted = match old.output_partitioning() {
        Partitioning::UnknownPartitioning(n) => new.output_partitioning().partition_count() == *n, // which equals no other
        parts => new.output_partitioning() == parts,
    };
    new.schema() == old.schema() && is_parted && old.output_ordering().is_none_or(has_order)
}

fn filter_of_views(node: &Plan, filter: &FilterExec) -> Result<Option<Plan>> {
    let Some(below) = input(filter.input(), true)? else { return Ok(None) };
    let (old, new) = (filter.input().schema(), below.schema());
    let Some(predicate) = retyped(filter.predicate(), &old, &new, false)? else { return Ok(None) };
    let filtered: Plan = Arc::new(FilterExecBuilder::from(filter).with_predicate(predicate).with_input(below).build()?);
    let exact = as_it_was(filtered, &node.schema())?;
    Ok(stands_for(&exact, node).then_some(exact))
}

/// The same columns, with the types of `schema`.
fn as_it_was(plan: Plan, schema: &Schema) -> Result<Plan> {
    let new = plan.schema();
    if new.fields() == schema.fields() {
        return Ok(plan);
    }
    let column = |(i, (old, new)): (usize, (&FieldRef, &FieldRef))| {
        let column: Expr = Arc::new(Column::new(new.name(), i));
        let expr = if old == new { column } else { Arc::new(CastExpr::new_with_target_field(column, old.clone(), None)) };
        ProjectionExpr { expr, alias: old.name().clone() }
    };
    let exprs: Vec<_> = schema.fields().iter().zip(new.fields()).enumerate().map(column).collect();
    Ok(Arc::new(ProjectionExec::try_new(exprs, plan)?))
}

/// What stands for the input of a node that keeps none of its arrays: it unnests in slices and, with `texts`, its texts from leaves of a scan are
/// views. None where nothing changes.
pub fn input(top: &Plan, texts: bool) -> Result<Option<Plan>> {
    let (mut nodes, mut node) = (vec![], top.clone());
    while node.is::<ProjectionExec>() || node.is::<FlattenExec>() || deals(&node).is_some() {
        let below = node.children()[0].clone();
        nodes.push(std::mem::replace(&mut node, below));
    }
    if !nodes.iter().any(|node| node.is::<FlattenExec>()) {
        return Ok(None);
    }
    let mut plan = node.clone();
    if texts && let Some(config) = file_scan(&node) {
        let leaves = (0..top.schema().fields().len()).filter(|i| *top.schema().field(*i).data_type() == DataType::Utf8);
        let mut kinds = HashMap::new();
        leaves.filter_map(|column| leaf(&nodes, column)).for_each(|(column, path)| {
            let field = node.schema().field(column).clone();
            let kind: &mut DataType = kinds.entry(column).or_insert(field.data_type().clone());
            *kind = with_view(kind, &path).unwrap_or(kind.clone());
        });
        if let Some(config) = scan_retyped(config, &kinds)? {
            plan = DataSourceExec::from_data_source(config);
        }
    }
    for node in nodes.into_iter().rev() {
        let Some(new) = over(&node, plan)? else { return Ok(None) };
        plan = new;
    }
    let is_known = |(old, new): (&FieldRef, &FieldRef)| old.data_type() == new.data_type() || is_view_of(new.data_type(), old.data_type());
    Ok(top.schema().fields().iter().zip(plan.schema().fields()).all(is_known).then_some(plan))
}

fn is_view_of(view: &DataType, text: &DataType) -> bool {
    *view == DataType::Utf8View && *text == DataType::Utf8
}

/// A node between a filter and a scan over another input. None: it needs the types that it had.
fn over(node: &Plan, input: Plan) -> Result<Option<Plan>> {
    if let Some(flatten) = node.downcast_ref::<FlattenExec>() {
        return Ok(Some(Arc::new(flatten.in_slices(input)?)));
    }
    if let Some(n) = deals(node) {
        return Ok(Some(Arc::new(RepartitionExec::try_new(input, Partitioning::RoundRobinBatch(n))?)));
    }
    let Some(projection) = node.downcast_ref::<ProjectionExec>() else { return Ok(None) };
    let (old, new) = (projection.input().schema(), input.schema());
    let mut exprs = vec![];
    for ProjectionExpr { expr, alias } in projection.expr() {
        let Some(expr) = retyped(expr, &old, &new, true)? else { return Ok(None) };
        exprs.push(ProjectionExpr { expr, alias: alias.clone() });
    }
    Ok(Some(Arc::new(ProjectionExec::try_new(exprs, input)?)))
}

/// To how many partitions a node deals batches, each to the next one in turn. It holds a few; where memory is limited it counts slices as all
/// that they hold, and lays them on the disk.
fn deals(node: &Plan) -> Option<usize> {
    let repartition = node.downcast_ref::<RepartitionExec>().filter(|r| !r.preserve_order())?;
    match repartition.partitioning() {
        Partitioning::RoundRobinBatch(n) => Some(*n),
        _ => None,
    }
}

// ---- from a text down to the leaf that it is read from ----

/// From a column to what is in it.
enum Step {
    Item,
    Field(String),
}

/// The column of the scan below `nodes`, and the way in it. None where a text is not just taken from there.
fn leaf(nodes: &[Plan], column: usize) -> Option<(usize, Vec<Step>)> {
    let (mut column, mut path) = (column, vec![]); // the path backwards
    for node in nodes {
        if let Some(flatten) = node.downcast_ref::<FlattenExec>() {
            path.extend((column == flatten.list()).then_some(Step::Item));
            continue;
        }
        if deals(node).is_some() {
            continue;
        }
        let expr = &node.downcast_ref::<ProjectionExec>()?.expr()[column].expr;
        let base = match field_of(expr) {
            Some((base, names)) => {
                path.extend(names.into_iter().rev().map(Step::Field));
                base
            }
            None => expr,
        };
        column = base.downcast_ref::<Column>()?.index();
    }
    path.reverse();
    (!path.is_empty()).then_some((column, path))
}

/// get_field(base, 'a', 'b')
fn field_of(expr: &Expr) -> Option<(&Expr, Vec<String>)> {
    let function = ScalarFunctionExpr::try_downcast_func::<datafusion::functions::core::getfield::GetFieldFunc>(expr.as_ref())?;
    let (base, names) = function.args().split_first()?;
    let name = |arg: &Expr| Some(arg.downcast_ref::<Literal>()?.value().try_as_str().flatten()?.to_string());
    Some((base, names.iter().map(name).collect::<Option<_>>()?))
}

fn with_view(kind: &DataType, path: &[Step]) -> Option<DataType> {
    match (kind, path) {
        (DataType::Utf8, []) => Some(DataType::Utf8View),
        (DataType::Utf8View, []) => Some(DataType::Utf8View), // it was found before
        (DataType::List(item), [Step::Item, rest @ ..]) => Some(DataType::List(with_kind(item, with_view(item.data_type(), rest)?))),
        (DataType::Struct(fields), [Step::Field(name), rest @ ..]) => {
            let (i, field) = fields.find(name)?;
            let new = with_kind(field, with_view(field.data_type(), rest)?);
            let fields: Fields = fields.iter().enumerate().map(|(k, f)| if k == i { new.clone() } else { f.clone() }).collect();
            Some(DataType::Struct(fields))
        }
        _ => None,
    }
}

fn with_kind(field: &Field, kind: DataType) -> FieldRef {
    Arc::new(field.clone().with_data_type(kind))
}

// ---- expressions ----

/// An expression over columns whose types are others. Where it is a text that became a view it stays one if it `may`, else it is cast, so that
/// what uses it gets what it did. None: that cannot be done.
fn retyped(expr: &Expr, old: &Schema, new: &Schema, may: bool) -> Result<Option<Expr>> {
    let is_same = |column: &Column| old.field(column.index()).data_type() == new.field(column.index()).data_type();
    if collect_columns(expr).iter().all(is_same) {
        return Ok(Some(expr.clone()));
    }
    let view = if expr.is::<Column>() {
        Some(expr.clone())
    } else if let Some((base, _)) = field_of(expr) {
        let Some(base) = retyped(base, old, new, true)? else { return Ok(None) };
        let args = std::iter::once(base).chain(expr.children()[1..].iter().map(|arg| (*arg).clone())).collect();
        Some(Arc::new(ScalarFunctionExpr::try_new(get_field(), args, new, OPTIONS.clone())?) as Expr)
    } else {
        compared(expr, old, new)?
    };
    let Some(view) = view else {
        let children = expr.children().into_iter().map(|child| retyped(child, old, new, false)).collect::<Result<Option<Vec<_>>>>()?;
        return children.map(|children| expr.clone().with_new_children(children)).transpose();
    };
    let (was, is) = (expr.return_field(old)?, view.data_type(new)?);
    if may || *was.data_type() == is {
        return Ok(Some(view));
    }
    Ok(is_view_of(&is, was.data_type()).then(|| Arc::new(CastExpr::new_with_target_field(view, was, None)) as Expr))
}

static OPTIONS: LazyLock<Arc<ConfigOptions>> = LazyLock::new(Arc::default); // get_field looks at none

/// A comparison of a view with constants; None where it is something else.
fn compared(expr: &Expr, old: &Schema, new: &Schema) -> Result<Option<Expr>> {
    use Operator::*;
    let as_view = |constant: &Expr| match constant.downcast_ref::<Literal>()?.value() {
        ScalarValue::Utf8(text) => Some(Arc::new(Literal::new(ScalarValue::Utf8View(text.clone()))) as Expr),
        _ => None,
    };
    let view = |text: &Expr| {
        Ok::<_, datafusion::error::DataFusionError>(match retyped(text, old, new, true)? {
            Some(view) if view.data_type(new)? == DataType::Utf8View => Some(view),
            _ => None,
        })
    };
    if let Some(both) = expr.downcast_ref::<BinaryExpr>()
        && matches!(both.op(), Eq | NotEq | Lt | LtEq | Gt | GtEq)
    {
        let (Some(constant), Some(view)) = (as_view(both.right()), view(both.left())?) else { return Ok(None) };
        return Ok(Some(Arc::new(BinaryExpr::new(view, *both.op(), constant))));
    }
    if let Some(among) = expr.downcast_ref::<InListExpr>() {
        let constants = among.list().iter().map(as_view).collect::<Option<Vec<_>>>();
        let (Some(constants), Some(view)) = (constants, view(among.expr())?) else { return Ok(None) };
        return in_list(view, constants, &among.negated(), new).map(Some);
    }
    Ok(None)
}
