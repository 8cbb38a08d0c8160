//! Sorted Parquet files as one sorted stream, with a few rows of each file in memory.
//!
//! A file is opened when its first row may be next, as the statistics of its footer say: files that follow each other are open
//! one at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::{SortOptions, cast, interleave_record_batch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatchReader;
use datafusion::arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use datafusion::common::DFSchema;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use datafusion::parquet::file::metadata::ParquetMetaData;

use crate::error::{EXECUTE, Error, INVALID, IO, Result};
use crate::parts::{open, rows_in};

const FILE_BYTES: i64 = 1 << 17; // encoded, in memory of each open file
const OUT_BYTES: i64 = 1 << 20; // of each batch that is given

pub struct Merge {
    schema: SchemaRef,
    order: Vec<usize>,
    converter: RowConverter,
    files: Vec<Source>,
    heads: BinaryHeap<Reverse<(OwnedRow, usize)>>, // the first row not given yet of each file; before it is open, a lower bound of it
    held: Vec<RecordBatch>,                        // what `picks` and open files refer to
    picks: Vec<(usize, usize)>,                    // (batch of `held`, row): what is given next
    out_rows: usize,
}

struct Source {
    path: String,
    rows: usize, // of a batch
    open: Option<Open>,
}

struct Open {
    reader: ParquetRecordBatchReader,
    batch: usize, // of `held`
    keys: Rows,
    at: usize,
}

impl Merge {
    pub fn open(paths: &[String], order: &[String]) -> Result<Merge> {
        let first = paths.first().ok_or_else(|| Error::new(INVALID, "no files to merge"))?;
        let (_, footer) = open(first, ArrowReaderOptions::new())?;
        let schema = footer.schema().clone();
        let order = order
            .iter()
            .map(|name| schema.index_of(name).map_err(|_| Error::new(INVALID, format!("{first}: no column {name} to merge by"))))
            .collect::<Result<Vec<_>>>()?;
        let fields = order.iter().map(|i| {
            let options = SortOptions { descending: false, nulls_first: false };
            SortField::new_with_options(schema.field(*i).data_type().clone(), options)
        });
        let converter = RowConverter::new(fields.collect())?;
        let mut merge = Merge {
            schema,
            order,
            converter,
            files: vec![],
            heads: BinaryHeap::new(),
            held: vec![],
            picks: vec![],
            out_rows: usize::MAX,
        };
        for path in paths {
            let (_, footer) = open(path, ArrowReaderOptions::new())?;
            require_alike(&merge.schema, footer.schema()).map_err(|e| e.with_context(format!("{path} does not go with {first}")))?;
            let metadata = footer.metadata();
            merge.out_rows = merge.out_rows.min(rows_in(OUT_BYTES, metadata, &ProjectionMask::all()));
            let at = merge.files.len();
            merge.files.push(Source { path: path.clone(), rows: rows_in(FILE_BYTES, metadata, &ProjectionMask::all()), open: None });
            match merge.lower_bound(metadata)? {
                Some(bound) => merge.heads.push(Reverse((bound, at))),
                None => merge.advance(at)?,
            }
        }
        Ok(merge)
    }

    /// Not greater than any row, and smaller than an equal one: the least value of the first column, cut or not, then empty texts.
    fn lower_bound(&self, metadata: &ParquetMetaData) -> Result<Option<OwnedRow>> {
        let Some((&first, others)) = self.order.split_first() else { return Ok(None) };
        if self.order.iter().any(|i| *self.schema.field(*i).data_type() != DataType::Utf8) {
            return Ok(None);
        }
        let name = [self.schema.field(first).name().clone()];
        let mut least: Option<&str> = None;
        for group in metadata.row_groups() {
            let column = group.columns().iter().find(|c| c.column_path().parts() == name);
            let min = column.and_then(|c| c.statistics()).and_then(|s| s.min_bytes_opt()).and_then(|b| std::str::from_utf8(b).ok());
            let Some(min) = min else { return Ok(None) };
            least = Some(least.map_or(min, |l| l.min(min)));
        }
        let Some(least) = least else { return Ok(None) };
        let texts = std::iter::once(least).chain(others.iter().map(|_| ""));
        let columns = texts.map(|t| Arc::new(StringArray::from(vec![t])) as ArrayRef).collect::<Vec<_>>();
        Ok(Some(self.converter.convert_columns(&columns)?.row(0).owned()))
    }

    /// Puts the next row of a file among the heads; nothing where there is none.
    fn advance(&mut self, file: usize) -> Result<()> {
        let source = &mut self.files[file];
        let fault = |e: ArrowError| Error::new(IO, format!("{}: {e}", source.path));
        if source.open.is_none() {
            let (handle, footer) = open(&source.path, ArrowReaderOptions::new())?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, footer).with_batch_size(source.rows).build()?;
            source.open = Some(Open { reader, batch: 0, keys: self.converter.empty_rows(0, 0), at: 0 });
        } else if let Some(open) = source.open.as_mut() {
            open.at += 1;
        }
        let Some(open) = source.open.as_mut() else { return Ok(()) };
        let last = (open.keys.num_rows() > 0).then(|| open.keys.row(open.keys.num_rows() - 1).owned());
        let mut previous = if open.at > 0 { Some(open.keys.row(open.at - 1).owned()) } else { None };
        while open.at == open.keys.num_rows() {
            let Some(batch) = open.reader.next().transpose().map_err(fault)? else {
                source.open = None;
                return Ok(());
            };
            let batch = with_schema(batch, &self.schema).map_err(fault)?;
            let columns = self.order.iter().map(|i| batch.column(*i).clone()).collect::<Vec<_>>();
            (open.keys, open.at, open.batch) = (self.converter.convert_columns(&columns)?, 0, self.held.len());
            self.held.push(batch);
            previous = last.clone();
        }
        let key = open.keys.row(open.at).owned();
        if previous.is_some_and(|p| p > key) {
            let text = |i: &usize| self.held[open.batch].column(*i).as_string_opt::<i32>().map_or("?", |c| c.value(open.at)).to_string();
            let at = self.order.iter().map(text).collect::<Vec<_>>().join(", ");
            return Err(Error::new(EXECUTE, format!("{}: its rows are not in order: {at} comes too late", source.path)));
        }
        self.heads.push(Reverse((key, file)));
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        while self.picks.len() < self.out_rows {
            let Some(Reverse((_, file))) = self.heads.pop() else { break };
            if let Some(open) = self.files[file].open.as_ref() {
                self.picks.push((open.batch, open.at));
            }
            self.advance(file)?;
        }
        Ok(())
    }

    /// The picked rows, copied together; then no batch is held that no file refers to.
    fn give(&mut self) -> std::result::Result<RecordBatch, ArrowError> {
        let batches = self.held.iter().collect::<Vec<_>>();
        let given = interleave_record_batch(&batches, &self.picks)?;
        self.picks.clear();
        let mut still = vec![];
        for open in self.files.iter_mut().filter_map(|f| f.open.as_mut()) {
            still.push(self.held[open.batch].clone());
            open.batch = still.len() - 1;
        }
        self.held = still;
        Ok(given)
    }
}

/// The same columns, though writers name the items of lists and maps in their own ways, and declare other things nullable.
fn require_alike(ours: &SchemaRef, theirs: &SchemaRef) -> Result<()> {
    if ours.fields().len() != theirs.fields().len() {
        return Err(Error::new(INVALID, format!("{} columns and {}", theirs.fields().len(), ours.fields().len())));
    }
    match ours.fields().iter().zip(theirs.fields()).find(|(a, b)| a.name() != b.name() || !DFSchema::datatype_is_logically_equal(a.data_type(), b.data_type())) {
        None => Ok(()),
        Some((a, b)) => Err(Error::new(INVALID, format!("{}: {}, not {}: {}", b.name(), b.data_type(), a.name(), a.data_type()))),
    }
}

fn with_schema(batch: RecordBatch, schema: &SchemaRef) -> std::result::Result<RecordBatch, ArrowError> {
    if batch.schema_ref().fields() == schema.fields() {
        return Ok(batch);
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(c, f)| cast(c, f.data_type()));
    RecordBatch::try_new(schema.clone(), columns.collect::<std::result::Result<_, _>>()?)
}

impl Iterator for Merge {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fill() {
            Err(e) => Some(Err(ArrowError::ExternalError(e.text().into()))),
            Ok(()) if self.picks.is_empty() => None,
            Ok(()) => Some(self.give()),
        }
    }
}

impl RecordBatchReader for Merge {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
