//! How often each text comes: GROUP BY one text, with nothing but count(*).
//!
//! AggregateExec hashes the text of each row and looks it up among all groups. But few texts come again and again, and the views of those
//! that were read from a dictionary are equal. So each view has one slot in a small table that says which group it was when it came last,
//! and only what is not there is looked up. (Of texts without views nothing is gained in that way: it was measured.) Groups that are many are
//! given on before they are complete, and where nearly each text is another one, rows are given on as they are: this is a partial
//! aggregation, and the final one adds up what it gets.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringViewArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{internal_err, resources_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties};
use futures::{StreamExt, stream};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::aside::properties;
use super::views;

/// After Aside, which needs the aggregates that it finds as they are.
pub fn histogram(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = node.downcast_ref::<AggregateExec>() else { return Ok(None) };
    Ok(HistogramExec::of(aggregate)?.map(|histogram| Arc::new(histogram) as _))
}

/// The text and, once for each count that is asked for, how often it came.
#[derive(Debug)]
struct HistogramExec {
    input: Arc<dyn ExecutionPlan>,
    text: Arc<dyn PhysicalExpr>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl HistogramExec {
    /// None where it cannot stand for an aggregate. Texts that are not views are read as such, where they come from a scan.
    fn of(aggregate: &AggregateExec) -> Result<Option<HistogramExec>> {
        let [(text, _)] = aggregate.group_expr().expr() else { return Ok(None) };
        let is_plain = *aggregate.mode() == AggregateMode::Partial
            && aggregate.group_expr().is_single()
            && aggregate.limit_options().is_none()
            && *aggregate.input_order_mode() == InputOrderMode::Linear
            && aggregate.filter_expr().iter().all(Option::is_none)
            && aggregate.aggr_expr().iter().all(|a| counts_rows(a));
        let input = match text.data_type(&aggregate.input_schema()) {
            Ok(DataType::Utf8View) => Some(aggregate.input().clone()),
            Ok(DataType::Utf8) if is_plain && text.is::<Column>() => views::input(aggregate.input(), true)?,
            _ => None,
        };
        let has_views = |input: &Arc<dyn ExecutionPlan>| matches!(text.data_type(&input.schema()), Ok(DataType::Utf8View));
        Ok(input.filter(|input| is_plain && has_views(input)).map(|input| {
            let properties = properties(&input, aggregate.schema(), None);
            HistogramExec { input, text: text.clone(), properties, metrics: ExecutionPlanMetricsSet::new() }
        }))
    }
}

fn counts_rows(aggregate: &AggregateFunctionExpr) -> bool {
    let is_there = |expr: &Arc<dyn PhysicalExpr>| expr.downcast_ref::<Literal>().is_some_and(|literal| !literal.value().is_null());
    aggregate.fun().name() == "count" && !aggregate.is_distinct() && aggregate.order_bys().is_empty() && aggregate.expressions().iter().all(is_there)
}

impl DisplayAs for HistogramExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HistogramExec: {}", self.text)
    }
}

impl ExecutionPlan for HistogramExec {
    fn name(&self) -> &'static str {
        "HistogramExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(&self, f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        f(&self.text)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else { return internal_err!("HistogramExec has one input") };
        let properties = properties(&input, self.schema(), None);
        Ok(Arc::new(HistogramExec { input, text: self.text.clone(), properties, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (schema, text, metrics) = (self.schema(), self.text.clone(), BaselineMetrics::new(&self.metrics, partition));
        let groups = Groups::new(schema.clone());
        let batches = stream::try_unfold((input, groups), move |(mut input, mut groups)| {
            let (text, metrics) = (text.clone(), metrics.clone());
            async move {
                let mut found = None;
                while found.is_none() {
                    let Some(batch) = input.next().await else { break };
                    let batch = batch?;
                    let _timer = metrics.elapsed_compute().timer();
                    found = groups.add(text.evaluate(&batch)?.into_array(batch.num_rows())?)?;
                }
                let _timer = metrics.elapsed_compute().timer();
                let found = found.map_or_else(|| groups.take(), |batch| Ok(Some(batch)))?.map(|batch| batch.record_output(&metrics));
                Ok::<_, DataFusionError>(found.map(|batch| (batch, (input, groups))))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

const SLOTS: usize = 4096;
const MANY_GROUPS: usize = 1 << 16;
const MANY_BYTES: usize = 16 << 20;

#[derive(Clone, Copy, Default)]
struct Slot {
    view: u128,
    turn: u32, // that it was set in; what was set in another says nothing
    group: u32,
}

struct Groups {
    schema: SchemaRef,
    slots: Vec<Slot>,
    turn: u32,
    hasher: DefaultHashBuilder,
    places: HashTable<u32>,
    null: Option<u32>,
    texts: Vec<u8>, // one after the other
    ends: Vec<usize>,
    counts: Vec<i64>,
    n_rows: usize, // in these groups
    are_useless: bool,
}

impl Groups {
    fn new(schema: SchemaRef) -> Groups {
        Groups {
            schema,
            slots: vec![Slot::default(); SLOTS],
            turn: 1,
            hasher: DefaultHashBuilder::default(),
            places: HashTable::new(),
            null: None,
            texts: vec![],
            ends: vec![],
            counts: vec![],
            n_rows: 0,
            are_useless: false,
        }
    }

    /// Groups to be given on, where there are enough.
    fn add(&mut self, texts: ArrayRef) -> Result<Option<RecordBatch>> {
        if self.are_useless {
            let counts = Int64Array::from_value(1, texts.len());
            return Ok(Some(self.batch(texts, counts)?));
        }
        self.n_rows += texts.len();
        self.count(texts.as_string_view());
        if self.counts.len() < MANY_GROUPS && self.texts.len() < MANY_BYTES {
            return Ok(None);
        }
        self.are_useless = self.n_rows < 2 * self.counts.len();
        self.take()
    }

    /// Two equal views of one array are the same text.
    fn count(&mut self, texts: &StringViewArray) {
        self.next_turn();
        let nulls = texts.nulls();
        for (i, &view) in texts.views().iter().enumerate() {
            let slot = slot_of(view);
            let Slot { view: last, turn, group } = self.slots[slot];
            let group = if nulls.is_some_and(|nulls| nulls.is_null(i)) {
                self.group_of(None)
            } else if last == view && turn == self.turn {
                group
            } else {
                let group = self.group_of(Some(texts.value(i)));
                self.slots[slot] = Slot { view, turn: self.turn, group };
                group
            };
            self.counts[group as usize] += 1;
        }
    }

    fn group_of(&mut self, text: Option<&str>) -> u32 {
        let next = self.counts.len() as u32;
        let group = match text.map(str::as_bytes) {
            None => *self.null.get_or_insert(next),
            Some(text) => {
                let (texts, ends, hasher) = (&self.texts, &self.ends, &self.hasher);
                let is_same = |group: &u32| text_of(texts, ends, *group) == text;
                let hash_of = |group: &u32| hasher.hash_one(text_of(texts, ends, *group));
                *self.places.entry(hasher.hash_one(text), is_same, hash_of).or_insert(next).get()
            }
        };
        if group == next {
            self.texts.extend_from_slice(text.unwrap_or_default().as_bytes());
            self.ends.push(self.texts.len());
            self.counts.push(0);
        }
        group
    }

    /// None where there are no groups.
    fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.counts.is_empty() {
            return Ok(None);
        }
        let n = self.counts.len();
        let ends = std::iter::once(0).chain(self.ends.drain(..)).map(i32::try_from).collect::<std::result::Result<Vec<_>, _>>();
        let Ok(ends) = ends else { return resources_err!("texts of more than 2 GiB in one batch") };
        let nulls = self.null.take().map(|null| (0..n).map(|i| i != null as usize).collect());
        let texts = StringArray::try_new(OffsetBuffer::new(ends.into()), std::mem::take(&mut self.texts).into(), nulls)?;
        let counts = Int64Array::from(std::mem::take(&mut self.counts));
        self.next_turn();
        self.places.clear();
        self.n_rows = 0;
        self.batch(Arc::new(texts), counts).map(Some)
    }

    fn batch(&self, texts: ArrayRef, counts: Int64Array) -> Result<RecordBatch> {
        let texts = cast(&texts, self.schema.field(0).data_type())?;
        let counts: ArrayRef = Arc::new(counts);
        let columns = std::iter::once(texts).chain(std::iter::repeat(counts)).take(self.schema.fields().len()).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    fn next_turn(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.slots.fill(Slot::default());
            self.turn = 1;
        }
    }
}

fn text_of<'a>(texts: &'a [u8], ends: &[usize], group: u32) -> &'a [u8] {
    let group = group as usize;
    &texts[group.checked_sub(1).map_or(0, |before| ends[before])..ends[group]]
}

fn slot_of(view: u128) -> usize {
    let (low, high) = (view as u64, (view >> 64) as u64);
    ((low ^ high.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % SLOTS
}
