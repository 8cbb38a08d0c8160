//! One stream to one Parquet file: the leaf columns of each batch are encoded side by side, into row groups of several batches.
//!
//! Each leaf is cut out of the batch on its own (a struct with one child costs nothing), so that the levels of only as many
//! leaves as there are threads are in memory at a time. What is written does not depend on the number of threads.

use std::fs::File;
use std::io::BufWriter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericListArray, RecordBatch, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef};
use datafusion::arrow::ffi_stream::ArrowArrayStreamReader;
use datafusion::arrow::record_batch::RecordBatchReader;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves};
use datafusion::parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, ArrowWriter};
use datafusion::parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::SchemaDescriptor;

use crate::error::{Error, EXECUTE, INVALID, Result};

pub struct Options {
    pub row_group_bytes: usize, // 0: a batch is a row group
    pub compression: Compression,
    pub threads: usize,
    pub sorting_columns: Vec<String>,
    pub integers: Encoding, // of those below a list
}

impl Options {
    pub fn parse(pairs: &[(String, String)]) -> Result<Options> {
        let number = |v: &str| v.parse::<usize>().map_err(|_| Error::new(INVALID, format!("'{v}' is no number")));
        let mut options = Options {
            row_group_bytes: 0,
            compression: Compression::ZSTD(ZstdLevel::try_new(1)?),
            threads: 0,
            sorting_columns: vec![],
            integers: Encoding::BYTE_STREAM_SPLIT,
        };
        for (key, value) in pairs {
            match key.as_str() {
                "row_group_bytes" => options.row_group_bytes = number(value)?,
                "threads" => options.threads = number(value)?,
                "sorting_columns" => options.sorting_columns = value.split(',').map(str::to_string).collect(),
                "compression" => options.compression = value.parse().map_err(|_| Error::new(INVALID, format!("no compression '{value}'")))?,
                "encodings" => {
                    options.integers = match value.as_str() {
                        "compact" => Encoding::BYTE_STREAM_SPLIT,
                        "portable" => Encoding::DELTA_BINARY_PACKED,
                        _ => return Err(Error::new(INVALID, format!("no encodings '{value}'; known are compact, portable"))),
                    }
                }
                _ => {
                    let known = "row_group_bytes, compression, encodings, threads, sorting_columns";
                    return Err(Error::new(INVALID, format!("no option '{key}'; known are {known}")));
                }
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

pub fn write(stream: ArrowArrayStreamReader, path: &str, options: &Options) -> Result<Written> {
    let mut file = FileWriter::create(path, stream.schema(), options)?;
    for batch in stream {
        file.add(&batch.map_err(|e| Error::new(EXECUTE, e.to_string()))?)?;
    }
    file.finish()
}

/// A Parquet file being written: from batches, and from row groups of another file.
pub struct FileWriter<'a> {
    schema: SchemaRef,
    options: &'a Options,
    writer: SerializedFileWriter<BufWriter<File>>,
    factory: ArrowRowGroupWriterFactory,
    open: Option<RowGroup>,
    written: Written,
}

impl<'a> FileWriter<'a> {
    pub fn create(path: &str, schema: SchemaRef, options: &'a Options) -> Result<FileWriter<'a>> {
        let mut pairs = schema.metadata().iter().map(|(k, v)| KeyValue::new(k.clone(), v.clone())).collect::<Vec<_>>();
        pairs.sort_by(|a, b| a.key.cmp(&b.key));
        let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
        Self::open(path, schema, descriptor, pairs, false, options)
    }

    /// A file that may take row groups of `source`: of its Parquet schema, with its key-value pairs as they are.
    pub fn create_like(source: &ArrowReaderMetadata, path: &str, options: &'a Options) -> Result<FileWriter<'a>> {
        let pairs = source.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
        Self::open(path, source.schema().clone(), source.parquet_schema().clone(), pairs, true, options)
    }

    fn open(
        path: &str,
        schema: SchemaRef,
        descriptor: SchemaDescriptor,
        pairs: Vec<KeyValue>,
        has_arrow_schema: bool, // or is to have none
        options: &'a Options,
    ) -> Result<FileWriter<'a>> {
        let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let arrow = ArrowWriterOptions::new()
            .with_properties(properties(pairs, &descriptor, options)?)
            .with_skip_arrow_metadata(has_arrow_schema)
            .with_parquet_schema(descriptor);
        let (writer, factory) = ArrowWriter::try_new_with_options(file, schema.clone(), arrow)?.into_serialized_writer()?;
        Ok(FileWriter { schema, options, writer, factory, open: None, written: Written { rows: 0, size_bytes: 0, row_groups: 0 } })
    }

    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let group = match self.open.as_mut() {
            Some(group) => group,
            None => {
                let writers = self.factory.create_column_writers(self.written.row_groups as usize)?;
                self.open.insert(RowGroup::new(&self.schema, writers)?)
            }
        };
        group.add(batch, self.options.threads)?;
        self.written.rows += batch.num_rows() as i64;
        if group.size_bytes >= self.options.row_group_bytes { self.end_row_group() } else { Ok(()) }
    }

    pub fn end_row_group(&mut self) -> Result<()> {
        if let Some(group) = self.open.take() {
            self.written.row_groups += 1;
            group.finish(self.options.threads, &mut self.writer)?;
        }
        Ok(())
    }

    /// A row group as it is, byte for byte, its page index included.
    pub fn copy_row_group(&mut self, from: &File, metadata: &ParquetMetaData, index: usize) -> Result<()> {
        self.end_row_group()?;
        let group = metadata.row_group(index);
        let mut out = self.writer.next_row_group()?;
        for (i, column) in group.columns().iter().enumerate() {
            let column_index = metadata.column_index().map(|c| c[index][i].clone());
            out.append_column(
                from,
                ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: group.num_rows() as u64,
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: column_index.filter(|c| !matches!(c, ColumnIndexMetaData::NONE)),
                    offset_index: metadata.offset_index().map(|o| o[index][i].clone()),
                },
            )?;
        }
        out.close()?;
        self.written.rows += group.num_rows();
        self.written.row_groups += 1;
        Ok(())
    }

    pub fn finish(mut self) -> Result<Written> {
        self.end_row_group()?;
        let file = self.writer.into_inner()?.into_inner().map_err(|e| e.into_error())?;
        self.written.size_bytes = file.metadata()?.len() as i64;
        Ok(self.written)
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
/// Integers below a list are small or near each other: as streams of their first, second, ... bytes, most of them are one byte to zstd.
/// Spark's vectorized reader (4.1) and DuckDB before 2.0 read no such streams of integers, hence the portable encodings.
fn properties(pairs: Vec<KeyValue>, descriptor: &SchemaDescriptor, options: &Options) -> Result<WriterProperties> {
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
            builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, options.integers);
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

fn n_leaves(kind: &DataType) -> usize {
    match kind {
        DataType::List(item) => n_leaves(item.data_type()),
        DataType::Map(entries, _) => n_leaves(entries.data_type()),
        DataType::Struct(children) => children.iter().map(|c| n_leaves(c.data_type())).sum(),
        _ => 1,
    }
}

/// The type at the end of a path.
fn cut_type<'a>(kind: &'a DataType, path: &[usize]) -> &'a DataType {
    match kind {
        DataType::List(item) => cut_type(item.data_type(), path),
        DataType::Struct(children) => cut_type(children[path[0]].data_type(), &path[1..]),
        _ => kind,
    }
}

/// A row group being filled, batch by batch: what is encoded stays, the batch goes.
struct RowGroup {
    schema: SchemaRef,
    leaves: Vec<Mutex<Leaf>>,
    size_bytes: usize, // of Arrow, so far
}

/// One leaf column, or the two of a map.
struct Leaf {
    column: usize,
    path: Path,
    writers: Vec<ArrowColumnWriter>,
}

impl RowGroup {
    fn new(schema: &SchemaRef, writers: Vec<ArrowColumnWriter>) -> Result<RowGroup> {
        let mut writers = writers.into_iter();
        let mut leaves = vec![];
        for (column, field) in schema.fields().iter().enumerate() {
            for path in leaf_paths(field) {
                let n = n_leaves(cut_type(field.data_type(), &path));
                leaves.push(Mutex::new(Leaf { column, path, writers: writers.by_ref().take(n).collect() }));
            }
        }
        Ok(RowGroup { schema: schema.clone(), leaves, size_bytes: 0 })
    }

    /// Encodes a batch, its leaves side by side, those with the most bytes first.
    fn add(&mut self, batch: &RecordBatch, threads: usize) -> Result<()> {
        self.size_bytes += batch.get_array_memory_size();
        let cuts = self.leaves.iter_mut().map(|leaf| {
            let leaf = leaf.get_mut().expect("no thread panics while it holds a leaf");
            cut(&self.schema.fields()[leaf.column], batch.column(leaf.column), &leaf.path)
        });
        let cuts = cuts.collect::<Vec<_>>();
        let mut order = (0..cuts.len()).collect::<Vec<_>>();
        order.sort_by_key(|&i| std::cmp::Reverse(cuts[i].1.get_buffer_memory_size()));
        side_by_side(threads, order.len(), |turn| {
            let i = order[turn];
            let mut leaf = self.leaves[i].lock().expect("no thread panics while it holds a leaf");
            for (levels, writer) in compute_leaves(&cuts[i].0, &cuts[i].1)?.iter().zip(&mut leaf.writers) {
                writer.write(levels)?;
            }
            Ok(())
        })
    }

    /// Compresses what is left of each leaf, side by side, and writes all in their order.
    fn finish(self, threads: usize, writer: &mut SerializedFileWriter<BufWriter<File>>) -> Result<()> {
        let chunks = self.leaves.iter().map(|_| Mutex::new(vec![])).collect::<Vec<_>>();
        side_by_side(threads, self.leaves.len(), |i| {
            let writers = std::mem::take(&mut self.leaves[i].lock().expect("no thread panics while it holds a leaf").writers);
            let closed = writers.into_iter().map(|w| Ok(w.close()?)).collect::<Result<Vec<_>>>()?;
            *chunks[i].lock().expect("no thread panics while it holds a chunk") = closed;
            Ok(())
        })?;
        let mut group = writer.next_row_group()?;
        for leaf in chunks {
            for chunk in leaf.into_inner().expect("no thread panics while it holds a chunk") {
                chunk.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        Ok(())
    }
}

/// Does n pieces of work on that many threads, this one among them; each takes the next piece when it is done with one.
fn side_by_side(threads: usize, n: usize, piece: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return Ok(());
            }
            piece(i)?;
        }
    };
    std::thread::scope(|scope| {
        let helpers = (1..threads).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        let mut result = work();
        for helper in helpers {
            let other = helper.join().unwrap_or_else(|p| Err(Error::new(EXECUTE, crate::error::panic_text(p))));
            result = result.and(other);
        }
        result
    })
}
