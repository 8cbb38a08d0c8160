//! Groups of unnested rows by the rows that they came from.
//!
//! `GROUP BY path, code_unit_id` over instructions would copy, hash and compare two texts for each instruction, though both are the same for
//! all instructions of a code object. So, below the unnesting, such keys are put aside and the row's number takes their place; the rows are
//! grouped by numbers; and the keys are taken back for what is left, before groups of equal keys meet:
//!
//!     AggregateExec: Partial, by path, code_id, x         TakeBackExec: path, code_id
//!       ...                                                 AggregateExec: Partial, by number, x
//!         FlattenExec                           becomes       ...
//!           input                                               FlattenExec
//!                                                                 PutAsideExec: path, code_id
//!                                                                   input
//!
//! Numbers ascend, so that the groups of one row are complete with the first of the next: few groups and few rows are held at a time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, NullArray, UInt64Array};
use datafusion::arrow::compute::{SortOptions, interleave, take};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, Partitioning, PlanProperties};
use futures::StreamExt;

use super::flatten::FlattenExec;

/// After Flatten, so that nothing comes between the two nodes that belong together.
pub fn aside(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    node.downcast_ref::<AggregateExec>().map_or(Ok(None), put_aside)
}

/// None where no key can be put aside.
fn put_aside(aggregate: &AggregateExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let by = aggregate.group_expr();
    let is_plain = *aggregate.mode() == AggregateMode::Partial && by.is_single() && aggregate.limit_options().is_none();
    if !is_plain || aggregate.aggr_expr().iter().any(|a| !a.order_bys().is_empty()) {
        return Ok(None);
    }
    let used = aggregate.aggr_expr().iter().flat_map(|a| a.expressions()).chain(aggregate.filter_expr().iter().flatten().cloned());
    let used = used.chain(by.expr().iter().map(|(expr, _)| expr.clone()));
    let used: Vec<_> = used.flat_map(|expr| collect_columns(&expr)).map(|column| column.index()).collect();
    let used_once = |column: usize| used.iter().filter(|c| **c == column).count() == 1;
    let key = |(i, (expr, _)): (usize, &(Arc<dyn PhysicalExpr>, String))| Some((i, expr.downcast_ref::<Column>()?.index()));
    let keys = by.expr().iter().enumerate().filter_map(key).filter(|(_, column)| used_once(*column)).collect();
    let Some((nodes, keys)) = way_down(aggregate.input(), keys) else { return Ok(None) };

    let lowest = nodes.last().expect("one that unnests").children()[0].clone();
    let columns: Vec<usize> = keys.iter().map(|(_, column)| *column).collect();
    let rows = Arc::new(Rows::new(lowest.properties().output_partitioning().partition_count()));
    let mut input: Arc<dyn ExecutionPlan> = Arc::new(PutAsideExec::new(lowest, columns.clone(), rows.clone()));
    for node in nodes.into_iter().rev() {
        input = over(node, input)?;
    }
    // the first of them has become the number, whose column is where the key was
    let is_aside = |i: usize| keys.iter().any(|(key, _)| *key == i);
    let number = by.expr()[keys[0].0].clone();
    let others = by.expr().iter().enumerate().filter(|(i, _)| !is_aside(*i)).map(|(_, expr)| expr.clone());
    let by = PhysicalGroupBy::new_single(std::iter::once(number).chain(others).collect());
    let schema = input.schema();
    let new = AggregateExec::try_new(
        AggregateMode::Partial,
        by,
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        input,
        schema,
    )?;
    if *new.input_order_mode() == InputOrderMode::Linear {
        return Ok(None);
    }
    // columns of the result: keys that were aside, in their order in `keys`, and the others in the order that they have in `new`
    let mut next = 0;
    let from = (0..aggregate.schema().fields().len()).map(|i| match keys.iter().position(|(key, _)| *key == i) {
        Some(aside) => From::Aside(aside),
        None => {
            next += 1;
            From::Input(next)
        }
    });
    let from = from.collect();
    Ok(Some(Arc::new(TakeBackExec {
        input: Arc::new(new),
        from,
        rows,
        properties: aggregate.properties().clone(),
        metrics: Default::default(),
    })))
}

type Keys = Vec<(usize, usize)>; // which key of the aggregate, its column

/// The nodes between an aggregate and the rows whose columns some of its keys are, and those keys with their columns there. All of the
/// keys that come from below the uppermost unnesting, so that the lowest place where all of them exist is looked for.
fn way_down(top: &Arc<dyn ExecutionPlan>, keys: Keys) -> Option<(Vec<Arc<dyn ExecutionPlan>>, Keys)> {
    let (mut node, mut keys, mut nodes) = (top.clone(), keys, vec![]);
    let mut found = None;
    loop {
        let mut below = vec![];
        let unnests = node.is::<FlattenExec>();
        for &(key, column) in &keys {
            match column_below(&node, column) {
                Some(column) => below.push((key, column)),
                None if found.is_none() => {} // made above all unnesting, or an item
                None => return found,
            }
        }
        let is_known = unnests || node.is::<ProjectionExec>() || node.is::<FilterExec>();
        if !is_known || below.is_empty() {
            return found;
        }
        keys = below;
        nodes.push(node.clone());
        if unnests {
            found = Some((nodes.clone(), keys.clone()));
        }
        node = nodes[nodes.len() - 1].children()[0].clone();
    }
}

/// Which column of its input a column of a node is, when it is only passed on and nothing else looks at it.
fn column_below(node: &Arc<dyn ExecutionPlan>, column: usize) -> Option<usize> {
    if let Some(flatten) = node.downcast_ref::<FlattenExec>() {
        return (column != flatten.list()).then_some(column);
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let below = filter.projection().as_ref().map_or(column, |columns| columns[column]);
        let is_used = collect_columns(filter.predicate()).iter().any(|c| c.index() == below);
        return (!is_used).then_some(below);
    }
    let projection = node.downcast_ref::<ProjectionExec>()?;
    let below = projection.expr()[column].expr.downcast_ref::<Column>()?.index();
    let uses = projection.expr().iter().filter(|e| collect_columns(&e.expr).iter().any(|c| c.index() == below));
    (uses.count() == 1).then_some(below)
}

/// A node of `way_down` over an input in which keys are put aside.
fn over(node: Arc<dyn ExecutionPlan>, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    match node.downcast_ref::<ProjectionExec>() {
        Some(projection) => Ok(Arc::new(ProjectionExec::try_new(projection.expr().to_vec(), input)?)),
        None => node.replace_children(vec![input], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute)),
    }
}

// ---- what is aside ----

/// The keys that are aside, of each partition: batches that are in work, by the number of their first row.
#[derive(Debug)]
struct Rows {
    partitions: Vec<Mutex<Batches>>,
}

#[derive(Debug, Default)]
struct Batches {
    next: u64,
    kept: VecDeque<(u64, Vec<ArrayRef>)>,
}

impl Rows {
    fn new(partitions: usize) -> Rows {
        Rows { partitions: (0..partitions).map(|_| Mutex::default()).collect() }
    }

    fn of(&self, partition: usize) -> MutexGuard<'_, Batches> {
        self.partitions[partition].lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Batches {
    /// The numbers of the rows of one batch.
    fn put(&mut self, keys: Vec<ArrayRef>) -> UInt64Array {
        let first = self.next;
        self.next += keys[0].len() as u64;
        self.kept.push_back((first, keys));
        UInt64Array::from_iter_values(first..self.next)
    }

    /// The keys of these rows, whose numbers ascend; what lies before them is not asked for again.
    fn take(&mut self, numbers: &UInt64Array) -> Result<Vec<ArrayRef>> {
        let numbers = numbers.values();
        while self.kept.get(1).is_some_and(|(first, _)| *first <= numbers[0]) {
            self.kept.pop_front();
        }
        let ends = numbers.len() - 1;
        let last = self.kept.partition_point(|(first, _)| *first <= numbers[ends]);
        let (Some((first, keys)), true) = (self.kept.front(), last > 0 && numbers.is_sorted()) else {
            return internal_err!("rows {} to {} were not put aside", numbers[0], numbers[ends]);
        };
        if last == 1 {
            let indices = UInt64Array::from_iter_values(numbers.iter().map(|n| n - first));
            return Ok(keys.iter().map(|key| take(key, &indices, None)).collect::<std::result::Result<_, _>>()?);
        }
        let place = |n: &u64| {
            let batch = self.kept.partition_point(|(first, _)| first <= n) - 1;
            (batch, (n - self.kept[batch].0) as usize)
        };
        let places: Vec<_> = numbers.iter().map(place).collect();
        let one = |key: usize| {
            let arrays: Vec<&dyn Array> = self.kept.iter().take(last).map(|(_, keys)| keys[key].as_ref()).collect();
            Ok(interleave(&arrays, &places)?)
        };
        (0..keys.len()).map(one).collect()
    }
}

/// In place of the first key the number of the row, in place of the others nothing.
#[derive(Debug)]
struct PutAsideExec {
    input: Arc<dyn ExecutionPlan>,
    columns: Vec<usize>,
    rows: Arc<Rows>,
    properties: Arc<PlanProperties>,
}

impl PutAsideExec {
    fn new(input: Arc<dyn ExecutionPlan>, columns: Vec<usize>, rows: Arc<Rows>) -> PutAsideExec {
        let old = input.schema();
        let field = |(i, field): (usize, &Arc<Field>)| match columns.iter().position(|c| *c == i) {
            Some(0) => Arc::new(Field::new(field.name(), DataType::UInt64, false)),
            Some(_) => Arc::new(Field::new(field.name(), DataType::Null, true)),
            None => field.clone(),
        };
        let fields: Vec<_> = old.fields().iter().enumerate().map(field).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, old.metadata().clone()));
        let number = Arc::new(Column::new(old.field(columns[0]).name(), columns[0]));
        let properties = properties(&input, schema, Some(PhysicalSortExpr::new(number, SortOptions::default())));
        PutAsideExec { input, columns, rows, properties }
    }
}

/// Of a node with another schema than its input, each of whose partitions is one of the input, in that order.
pub fn properties(input: &Arc<dyn ExecutionPlan>, schema: SchemaRef, order: Option<PhysicalSortExpr>) -> Arc<PlanProperties> {
    let mut equivalences = EquivalenceProperties::new(schema);
    if let Some(order) = order {
        equivalences.add_ordering([order]);
    }
    let of = input.properties();
    let partitions = Partitioning::UnknownPartitioning(of.output_partitioning().partition_count());
    Arc::new(PlanProperties::new(equivalences, partitions, of.emission_type, of.boundedness))
}

fn names(schema: &Schema, columns: impl Iterator<Item = usize>) -> String {
    columns.map(|i| schema.field(i).name().as_str()).collect::<Vec<_>>().join(", ")
}

impl DisplayAs for PutAsideExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PutAsideExec: {}", names(&self.input.schema(), self.columns.iter().copied()))
    }
}

impl ExecutionPlan for PutAsideExec {
    fn name(&self) -> &'static str {
        "PutAsideExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else { return internal_err!("PutAsideExec has one input") };
        Ok(Arc::new(PutAsideExec::new(input, self.columns.clone(), self.rows.clone())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, columns, rows) = (self.schema(), self.columns.clone(), self.rows.clone());
        let of_schema = schema.clone();
        let batches = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let n = batch.num_rows();
            let mut new = batch.columns().to_vec();
            let keys = columns.iter().map(|&i| std::mem::replace(&mut new[i], Arc::new(NullArray::new(n)))).collect();
            new[columns[0]] = Arc::new(rows.of(partition).put(keys));
            let options = RecordBatchOptions::new().with_row_count(Some(n));
            Ok(RecordBatch::try_new_with_options(of_schema.clone(), new, &options)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

#[derive(Clone, Copy, Debug)]
enum From {
    Aside(usize),
    Input(usize),
}

/// The keys that were put aside in place of the number, the first column.
#[derive(Debug)]
struct TakeBackExec {
    input: Arc<dyn ExecutionPlan>,
    from: Vec<From>,
    rows: Arc<Rows>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for TakeBackExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aside = self.from.iter().enumerate().filter(|(_, from)| matches!(from, From::Aside(_))).map(|(i, _)| i);
        write!(f, "TakeBackExec: {}", names(&self.schema(), aside))
    }
}

impl ExecutionPlan for TakeBackExec {
    fn name(&self) -> &'static str {
        "TakeBackExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else { return internal_err!("TakeBackExec has one input") };
        let (from, rows, properties) = (self.from.clone(), self.rows.clone(), self.properties.clone());
        Ok(Arc::new(TakeBackExec { input, from, rows, properties, metrics: Default::default() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, from, rows) = (self.schema(), self.from.clone(), self.rows.clone());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let of_schema = schema.clone();
        let batches = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let _timer = metrics.elapsed_compute().timer();
            if batch.num_rows() == 0 {
                return Ok(RecordBatch::new_empty(of_schema.clone()));
            }
            let keys = rows.of(partition).take(batch.column(0).as_primitive::<UInt64Type>())?;
            let column = |from: &From| match *from {
                From::Aside(i) => keys[i].clone(),
                From::Input(i) => batch.column(i).clone(),
            };
            let batch = RecordBatch::try_new(of_schema.clone(), from.iter().map(column).collect())?;
            Ok::<_, DataFusionError>(batch.record_output(&metrics))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
