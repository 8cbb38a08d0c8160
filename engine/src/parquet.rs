//! One stream to one Parquet file: a batch is a row group, and its leaf columns are encoded side by side.
//!
//! Each leaf is cut out of the batch on its own (a struct with one child costs nothing), so that the levels of only as many
//! leaves as there are threads are in memory at a time. What is written does not depend on the number of threads.

use std::fs::File;
use std::io::BufWriter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericListArray, MapArray, RecordBatch, StructArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef};
use datafusion::arrow::ffi_stream::ArrowArrayStreamReader;
use datafusion::arrow::record_batch::RecordBatchReader;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter};
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use datafusion::parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use datafusion::parquet::file::metadata::{KeyValue, SortingColumn};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::SchemaDescriptor;

use crate::error::{Error, EXECUTE, INVALID, Result};

pub struct Options {
    pub row_group_bytes: usize, // 0: a batch is a row group
    pub compression: Compression,
    pub threads: usize,
    pub sorting_columns: Vec<String>,
}

impl Options {
    pub fn parse(pairs: &[(String, String)]) -> Result<Options> {
        let number = |v: &str| v.parse::<usize>().map_err(|_| Error::new(INVALID, format!("'{v}' is no number")));
        let mut options = Options {
            row_group_bytes: 0,
            compression: Compression::ZSTD(ZstdLevel::try_new(1)?),
            threads: 0,
            sorting_columns: vec![],
        };
        for (key, value) in pairs {
            match key.as_str() {
                "row_group_bytes" => options.row_group_bytes = number(value)?,
                "threads" => options.threads = number(value)?,
                "sorting_columns" => options.sorting_columns = value.split(',').map(str::to_string).collect(),
                "compression" => options.compression = value.parse().map_err(|_| Error::new(INVALID, format!("no compression '{value}'")))?,
                _ => return Err(Error::new(INVALID, format!("no option '{key}'; known are row_group_bytes, compression, threads, sorting_columns"))),
            }
        }
        if options.threads == 0 {
            options.threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        }
        Ok(options)
    }
}

pub struct Written {
    pub rows: i64,
    pub size_bytes: i64,
    pub row_groups: i64,
}

pub fn write(mut stream: ArrowArrayStreamReader, path: &str, options: &Options) -> Result<Written> {
    let schema = stream.schema();
    let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let probe = ArrowWriter::try_new(std::io::sink(), schema.clone(), None)?;
    let (probe, _) = probe.into_serialized_writer()?;
    let properties = properties(&schema, &SchemaDescriptor::new(probe.schema_descr().root_schema_ptr()), options)?;
    let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
    let (mut writer, factory) = writer.into_serialized_writer()?;
    let leaves = schema.fields().iter().enumerate().flat_map(|(i, f)| leaf_paths(f).into_iter().map(move |p| (i, p))).collect::<Vec<_>>();

    let mut written = Written { rows: 0, size_bytes: 0, row_groups: 0 };
    while let Some(batch) = next_row_group(&mut stream, &schema, options.row_group_bytes)? {
        if batch.num_rows() == 0 {
            continue;
        }
        let columns = factory.create_column_writers(written.row_groups as usize)?;
        let mut group = writer.next_row_group()?;
        for chunk in encode(&batch, &schema, &leaves, columns, options.threads)? {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        written.rows += batch.num_rows() as i64;
        written.row_groups += 1;
    }
    let file = writer.into_inner()?.into_inner().map_err(|e| e.into_error())?;
    written.size_bytes = file.metadata()?.len() as i64;
    Ok(written)
}

fn next_row_group(stream: &mut ArrowArrayStreamReader, schema: &SchemaRef, limit: usize) -> Result<Option<RecordBatch>> {
    let mut batches = vec![];
    let mut bytes = 0;
    for batch in stream {
        let batch = batch.map_err(|e| Error::new(EXECUTE, e.to_string()))?;
        bytes += batch.get_array_memory_size();
        batches.push(batch);
        if bytes >= limit {
            break;
        }
    }
    match batches.len() {
        0 => Ok(None),
        1 => Ok(batches.pop()),
        _ => Ok(Some(concat_batches(schema, &batches)?)),
    }
}

pub struct Footer {
    pub schema: SchemaRef, // with the file's key-value pairs as metadata
    pub rows: i64,
    pub row_groups: i64,
    pub size_bytes: i64,
    pub has_arrow_schema: bool,
}

/// What one file says of itself.
pub fn footer(path: &str) -> Result<Footer> {
    let file = File::open(path)?;
    let size_bytes = file.metadata()?.len() as i64;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let about = metadata.metadata().file_metadata();
    let pairs = about.key_value_metadata().map_or(&[][..], Vec::as_slice);
    Ok(Footer {
        schema: metadata.schema().clone(),
        rows: about.num_rows(),
        row_groups: metadata.metadata().num_row_groups() as i64,
        size_bytes,
        has_arrow_schema: pairs.iter().any(|p| p.key == ARROW_SCHEMA_META_KEY),
    })
}

/// What is known of the readers: they prune by the statistics of top-level columns and by no others, and they unnest whole lists.
/// Integers below a list mostly ascend or repeat.
fn properties(schema: &SchemaRef, descriptor: &SchemaDescriptor, options: &Options) -> Result<WriterProperties> {
    let mut pairs = schema.metadata().iter().map(|(k, v)| KeyValue::new(k.clone(), v.clone())).collect::<Vec<_>>();
    pairs.sort_by(|a, b| a.key.cmp(&b.key));
    let mut builder = WriterProperties::builder()
        .set_created_by("bytefusion".into())
        .set_compression(options.compression)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(None)
        .set_key_value_metadata((!pairs.is_empty()).then_some(pairs));
    let mut sorting = vec![];
    for (index, column) in descriptor.columns().iter().enumerate() {
        let path = column.path().clone();
        if column.path().parts().len() == 1 {
            builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
        }
        if column.max_rep_level() > 0 && matches!(column.physical_type(), Type::INT32 | Type::INT64) {
            builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        if let Some(place) = options.sorting_columns.iter().position(|c| [c.as_str()] == *column.path().parts()) {
            sorting.push((place, SortingColumn { column_idx: index as i32, descending: false, nulls_first: false }));
        }
    }
    sorting.sort_by_key(|(place, _)| *place);
    if !sorting.is_empty() {
        builder = builder.set_sorting_columns(Some(sorting.into_iter().map(|(_, s)| s).collect()));
    }
    Ok(builder.build())
}

/// A way down from a column: which child of each struct. A map, and any type not taken apart here, stays whole.
type Path = Vec<usize>;

fn leaf_paths(field: &Field) -> Vec<Path> {
    fn walk(kind: &DataType, at: &mut Path, out: &mut Vec<Path>) {
        match kind {
            DataType::List(item) => walk(item.data_type(), at, out),
            DataType::Struct(children) => {
                for (i, child) in children.iter().enumerate() {
                    at.push(i);
                    walk(child.data_type(), at, out);
                    at.pop();
                }
            }
            _ => out.push(at.clone()),
        }
    }
    let mut out = vec![];
    walk(field.data_type(), &mut vec![], &mut out);
    out
}

/// The column with no other leaf than the one at the end of `path`.
fn cut(field: &FieldRef, array: &ArrayRef, path: &[usize]) -> (FieldRef, ArrayRef) {
    match field.data_type() {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let (item, values) = cut(item, list.values(), path);
            let array = GenericListArray::<i32>::new(item.clone(), list.offsets().clone(), values, list.nulls().cloned());
            (Arc::new(field.as_ref().clone().with_data_type(DataType::List(item))), Arc::new(array))
        }
        DataType::Struct(children) => {
            let whole = array.as_struct();
            let (child, values) = cut(&children[path[0]], whole.column(path[0]), &path[1..]);
            let fields = Fields::from(vec![child]);
            let array = StructArray::new(fields.clone(), vec![values], whole.nulls().cloned());
            (Arc::new(field.as_ref().clone().with_data_type(DataType::Struct(fields))), Arc::new(array))
        }
        _ => (field.clone(), array.clone()),
    }
}

/// Bytes below a cut, to start with the longest work.
fn weight(array: &ArrayRef) -> usize {
    array.get_buffer_memory_size()
}

fn n_leaves(array: &ArrayRef) -> usize {
    match array.data_type() {
        DataType::List(_) => n_leaves(array.as_list::<i32>().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(n_leaves).sum(),
        DataType::Map(..) => array.as_any().downcast_ref::<MapArray>().map_or(2, |m| n_leaves(m.keys()) + n_leaves(m.values())),
        _ => 1,
    }
}

fn encode(
    batch: &RecordBatch,
    schema: &SchemaRef,
    leaves: &[(usize, Path)],
    columns: Vec<ArrowColumnWriter>,
    threads: usize,
) -> Result<Vec<ArrowColumnChunk>> {
    struct Task {
        first: usize, // place of its first leaf in the file
        field: FieldRef,
        array: ArrayRef,
        writers: Vec<ArrowColumnWriter>,
        weight: usize,
    }
    let mut columns = columns.into_iter();
    let mut tasks = vec![];
    let mut first = 0;
    for (column, path) in leaves {
        let (field, array) = cut(&schema.fields()[*column], batch.column(*column), path);
        let writers = columns.by_ref().take(n_leaves(&array)).collect::<Vec<_>>();
        let n = writers.len();
        tasks.push(Task { first, weight: weight(&array), field, array, writers });
        first += n;
    }
    tasks.sort_by_key(|t| std::cmp::Reverse(t.weight));
    let total = first;
    let tasks = tasks.into_iter().map(|t| Mutex::new(Some(t))).collect::<Vec<_>>();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, ArrowColumnChunk)>> {
        let mut done = vec![];
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let task = task.lock().expect("no thread panics while it holds a task").take().expect("each task is taken once");
            for (i, (leaf, mut writer)) in compute_leaves(&task.field, &task.array)?.iter().zip(task.writers).enumerate() {
                writer.write(leaf)?;
                done.push((task.first + i, writer.close()?));
            }
        }
        Ok(done)
    };
    let results = std::thread::scope(|scope| {
        let helpers = (1..threads).map(|_| scope.spawn(&work)).collect::<Vec<_>>();
        let mut results = vec![work()];
        results.extend(helpers.into_iter().map(|h| h.join().unwrap_or_else(|p| Err(Error::new(EXECUTE, crate::error::panic_text(p))))));
        results
    });
    let mut chunks = (0..total).map(|_| None).collect::<Vec<_>>();
    for result in results {
        for (place, chunk) in result? {
            chunks[place] = Some(chunk);
        }
    }
    chunks.into_iter().map(|c| c.ok_or_else(|| Error::new(EXECUTE, "a leaf column was not encoded"))).collect()
}
