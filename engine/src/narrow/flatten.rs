//! Unnest of one list column. UnnestExec gathers item by item, whatever the lists look like; but items of a list array lie side by side, so
//! that a run of them is copied at once, and all of them are taken as they are.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, UInt32Array, make_array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{NullHandling, internal_err};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::aside::properties;

/// In place of each UnnestExec that it can stand for.
pub fn flatten(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    Ok(node.downcast_ref::<UnnestExec>().and_then(FlattenExec::of).map(|flatten| Arc::new(flatten) as _))
}

#[derive(Debug)]
pub struct FlattenExec {
    input: Arc<dyn ExecutionPlan>,
    list: usize,
    drops_nulls: bool,
    in_slices: bool, // of the items, where they lie side by side; else in copies, which hold no more than they need
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl FlattenExec {
    fn of(unnest: &UnnestExec) -> Option<FlattenExec> {
        let [list] = unnest.list_column_indices() else { return None };
        let input = unnest.input().clone();
        let is_list = matches!(input.schema().field(list.index_in_input_schema).data_type(), DataType::List(_));
        let drops_nulls = match unnest.options().null_handling {
            NullHandling::Preserve => false,
            NullHandling::Drop => true,
            NullHandling::PreserveAndExpandEmpty => return None,
        };
        (is_list && list.depth == 1 && unnest.struct_column_indices().is_empty()).then(|| FlattenExec {
            input,
            list: list.index_in_input_schema,
            drops_nulls,
            in_slices: false,
            properties: unnest.properties().clone(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The column that is unnested: the one that the input has there is the list.
    pub fn list(&self) -> usize {
        self.list
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> FlattenExec {
        let (list, drops_nulls, in_slices, properties) = (self.list, self.drops_nulls, self.in_slices, self.properties_over(&input));
        FlattenExec { input, list, drops_nulls, in_slices, properties, metrics: ExecutionPlanMetricsSet::new() }
    }

    /// The same over an input with the same columns, whose texts may be views, for a node that keeps nothing of what it gets.
    pub fn in_slices(&self, input: Arc<dyn ExecutionPlan>) -> Result<FlattenExec> {
        let flatten = FlattenExec { in_slices: true, ..self.over(input) };
        let old = self.properties.equivalence_properties();
        let mut equivalences = EquivalenceProperties::new(flatten.schema());
        equivalences.add_equivalence_group(old.eq_group().clone())?;
        equivalences.add_orderings(old.oeq_class().iter().cloned());
        let properties = self.properties.as_ref().clone().with_eq_properties(equivalences);
        Ok(FlattenExec { properties: Arc::new(properties), ..flatten })
    }

    /// Also where columns of the input are of other types.
    fn properties_over(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        let (old, new) = (self.schema(), input.schema());
        let field = |i: usize| match new.field(i).data_type() {
            DataType::List(item) if i == self.list => old.field(i).clone().with_data_type(item.data_type().clone()),
            _ => new.field(i).clone(),
        };
        if (0..old.fields().len()).all(|i| *old.field(i) == field(i)) {
            return self.properties.clone();
        }
        let schema = Schema::new_with_metadata((0..old.fields().len()).map(field).collect::<Vec<_>>(), old.metadata().clone());
        properties(input, Arc::new(schema), input.output_ordering().map(|order| order.first().clone()))
    }
}

impl DisplayAs for FlattenExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlattenExec: {}", self.schema().field(self.list).name())
    }
}

impl ExecutionPlan for FlattenExec {
    fn name(&self) -> &'static str {
        "FlattenExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else { return internal_err!("FlattenExec has one input") };
        Ok(Arc::new(self.over(input)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let (schema, list, drops_nulls, in_slices) = (self.schema(), self.list, self.drops_nulls, self.in_slices);
        // A filter gives on as it is what passes whole and has more than half as many rows as a batch; it copies what has less.
        let most = (context.session_config().batch_size() / if in_slices { 2 } else { 1 }).max(1);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let of_schema = schema.clone();
        let batches = input.map_ok(move |batch| {
            let pieces = Pieces { rows: rows(&batch, list, drops_nulls), batch, list, in_slices, schema: of_schema.clone(), at: (0, 0), most };
            stream::iter(pieces)
        });
        let batches = batches.try_flatten().map(move |batch| {
            let _timer = metrics.elapsed_compute().timer();
            batch.map(|batch| batch.record_output(&metrics))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// What a row becomes: items of the list's values, or one null.
#[derive(Clone, Copy)]
struct Row {
    first: u32,
    n: u32,
    is_null: bool,
}

fn rows(batch: &RecordBatch, list: usize, drops_nulls: bool) -> Vec<Row> {
    let lists = batch.column(list).as_list::<i32>();
    let offsets = lists.value_offsets();
    let row = |i: usize| {
        let is_null = lists.is_null(i);
        let n = (offsets[i + 1] - offsets[i]) as u32;
        Row { first: offsets[i] as u32, n: if !is_null { n } else { !drops_nulls as u32 }, is_null }
    };
    (0..lists.len()).map(row).collect()
}

/// The output for one input batch, in batches of `most` rows.
struct Pieces {
    batch: RecordBatch,
    list: usize,
    in_slices: bool,
    rows: Vec<Row>,
    schema: SchemaRef,
    at: (usize, u32), // the next row, and the item in it
    most: usize,
}

impl Iterator for Pieces {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sources = Vec::with_capacity(self.most); // row of the input, for each of the output
        let mut runs: Vec<(u32, u32, bool)> = vec![]; // of items: first, end, whether it is one null
        while sources.len() < self.most && self.at.0 < self.rows.len() {
            let (i, item) = self.at;
            let row = self.rows[i];
            let n = (row.n - item).min((self.most - sources.len()) as u32);
            self.at = if item + n == row.n { (i + 1, 0) } else { (i, item + n) };
            if n == 0 {
                continue;
            }
            sources.resize(sources.len() + n as usize, i as u32);
            let first = row.first + item;
            match runs.last_mut() {
                Some((_, end, false)) if *end == first && !row.is_null => *end += n,
                _ => runs.push((first, first + n, row.is_null)),
            }
        }
        (!sources.is_empty()).then(|| self.piece(sources, &runs))
    }
}

impl Pieces {
    fn piece(&self, sources: Vec<u32>, runs: &[(u32, u32, bool)]) -> Result<RecordBatch> {
        let n = sources.len();
        let sources = UInt32Array::from(sources);
        let columns = self.batch.columns().iter().enumerate().map(|(i, column)| match i {
            i if i == self.list => items(column.as_list::<i32>().values(), runs, n, self.in_slices),
            _ => take(column, &sources, None),
        });
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(n));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

fn items(values: &ArrayRef, runs: &[(u32, u32, bool)], n: usize, in_slices: bool) -> std::result::Result<ArrayRef, ArrowError> {
    if let [(first, _, false)] = runs
        && (in_slices || n == values.len())
    {
        return Ok(values.slice(*first as usize, n));
    }
    let data = values.to_data();
    let mut copy = MutableArrayData::new(vec![&data], runs.iter().any(|(.., is_null)| *is_null), n);
    for &(first, end, is_null) in runs {
        if is_null { copy.try_extend_nulls((end - first) as usize)? } else { copy.try_extend(0, first as usize, end as usize)? }
    }
    Ok(make_array(copy.freeze()))
}
