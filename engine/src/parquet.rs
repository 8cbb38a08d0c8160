//! One stream to one Parquet file: the leaf columns of each batch are encoded side by side, into row groups of several batches.
//!
//! Leaves of nested columns are written by pages/, what it does not know by ArrowColumnWriter. What is written does not depend on the
//! number of threads.

use std::ffi::c_int;
use std::fs::File;
use std::io::BufWriter;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bf_pages::{Bench, ChunkWriter, Leaf, Levels, is_ours, leaves};
use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields, Schema, SchemaRef};
use datafusion::arrow::ffi_stream::ArrowArrayStreamReader;
use datafusion::arrow::record_batch::RecordBatchReader;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves};
use datafusion::parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, ArrowWriter};
use datafusion::parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::{SchemaDescriptor, Type as SchemaType};

use crate::error::{Error, EXECUTE, INVALID, Result};

const PIECE_BYTES: usize = 32 << 20; // of Arrow: what is larger is cut into rows, so that pages do not become too large

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
            compression: Compression::ZSTD(ZstdLevel::try_new(3)?),
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

/// The schema that a file has of it: a dictionary is how texts come, not what they are.
fn without_dictionaries(schema: &Schema) -> SchemaRef {
    fn plain(field: &FieldRef) -> FieldRef {
        let all = |fields: &Fields| fields.iter().map(plain).collect();
        let kind = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            DataType::Struct(children) => DataType::Struct(all(children)),
            DataType::List(item) => DataType::List(plain(item)),
            DataType::Map(entries, is_sorted) => DataType::Map(plain(entries), *is_sorted),
            _ => return field.clone(),
        };
        Arc::new(field.as_ref().clone().with_data_type(kind))
    }
    Arc::new(Schema::new_with_metadata(schema.fields().iter().map(plain).collect::<Fields>(), schema.metadata().clone()))
}

pub fn write(stream: ArrowArrayStreamReader, path: &str, options: &Options) -> Result<Written> {
    let mut file = FileWriter::create(path, without_dictionaries(&stream.schema()), options)?;
    for batch in stream {
        file.add(&batch.map_err(|e| Error::new(EXECUTE, e.to_string()))?)?;
    }
    file.finish()
}

/// A Parquet file being written: from batches, and from row groups of another file.
pub struct FileWriter<'a> {
    schema: SchemaRef,
    options: &'a Options,
    file: File,
    writer: SerializedFileWriter<BufWriter<File>>,
    others: ArrowRowGroupWriterFactory, // of the columns that are not ours
    open: Option<RowGroup>,
    benches: Vec<Bench>, // one for each thread
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
        let file = File::create(path)?;
        let buffered = BufWriter::with_capacity(1 << 20, file.try_clone()?);
        let arrow = ArrowWriterOptions::new()
            .with_properties(properties(pairs, &descriptor, options)?)
            .with_skip_arrow_metadata(has_arrow_schema)
            .with_parquet_schema(descriptor);
        let (writer, _) = ArrowWriter::try_new_with_options(buffered, schema.clone(), arrow)?.into_serialized_writer()?;
        let others = others(&writer, &schema, options.compression)?;
        let benches = (0..options.threads).map(|_| Bench::default()).collect();
        Ok(FileWriter { schema, options, file, writer, others, open: None, benches, written: Written { rows: 0, size_bytes: 0, row_groups: 0 } })
    }

    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let group = match self.open.as_mut() {
            Some(group) => group,
            None => {
                let others = self.others.create_column_writers(self.written.row_groups as usize)?;
                self.open.insert(RowGroup::new(&self.schema, self.writer.schema_descr(), others, self.options))
            }
        };
        let n_pieces = (batch.get_array_memory_size() / PIECE_BYTES + 1).min(batch.num_rows());
        let piece_rows = batch.num_rows().div_ceil(n_pieces);
        for first in (0..batch.num_rows()).step_by(piece_rows) {
            group.add(&batch.slice(first, piece_rows.min(batch.num_rows() - first)), &mut self.benches)?;
        }
        group.size_bytes += batch.get_array_memory_size();
        self.written.rows += batch.num_rows() as i64;
        if group.size_bytes >= self.options.row_group_bytes { self.end_row_group() } else { Ok(()) }
    }

    pub fn end_row_group(&mut self) -> Result<()> {
        if let Some(group) = self.open.take() {
            self.written.row_groups += 1;
            group.finish(&mut self.benches, &mut self.writer)?;
            begin_write_back(&self.file);
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

/// Tells the kernel to begin with what was written so far, so that the sync at the end has little left. Only a hint.
fn begin_write_back(file: &File) {
    const SYNC_FILE_RANGE_WRITE: u32 = 2;
    unsafe extern "C" {
        fn sync_file_range(fd: c_int, offset: i64, n_bytes: i64, flags: u32) -> c_int;
    }
    unsafe { sync_file_range(file.as_raw_fd(), 0, 0, SYNC_FILE_RANGE_WRITE) };
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

/// Makes writers for the columns that pages/ does not write, and for no others: each holds the memory of two contexts of zstd.
fn others(writer: &SerializedFileWriter<BufWriter<File>>, schema: &Schema, compression: Compression) -> Result<ArrowRowGroupWriterFactory> {
    let root = writer.schema_descr().root_schema();
    let both = root.get_fields().iter().zip(schema.fields()).filter(|(_, field)| !is_ours(field.data_type(), compression));
    let (groups, fields): (Vec<_>, Vec<_>) = both.map(|(group, field)| (group.clone(), field.clone())).unzip();
    let root = SchemaType::group_type_builder(root.name()).with_fields(groups).build()?;
    let without_file = SerializedFileWriter::new(std::io::sink(), Arc::new(root), writer.properties().clone())?;
    Ok(ArrowRowGroupWriterFactory::new(&without_file, Arc::new(Schema::new(fields))))
}

fn n_leaves(kind: &DataType) -> usize {
    match kind {
        DataType::Struct(children) => children.iter().map(|c| n_leaves(c.data_type())).sum(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => n_leaves(item.data_type()),
        _ => 1,
    }
}

/// A row group being filled, batch by batch: what is encoded stays, the batch goes.
struct RowGroup {
    schema: SchemaRef,
    compression: Compression,
    chunks: Vec<Mutex<Chunk>>,
    size_bytes: usize, // of Arrow, so far
}

enum Chunk {
    Ours(Box<ChunkWriter>),        // a leaf
    Arrow(Vec<ArrowColumnWriter>), // a column with all leaves
    Closed(Vec<Closed>),
}

enum Closed {
    Ours(Bytes, Box<ColumnCloseResult>),
    Arrow(ArrowColumnChunk),
}

/// What a batch holds for a chunk.
enum Piece {
    Leaf(Leaf),
    Column(FieldRef, ArrayRef),
}

impl Piece {
    fn size_bytes(&self) -> usize {
        match self {
            Piece::Leaf(leaf) => leaf.values.get_buffer_memory_size(),
            Piece::Column(_, array) => array.get_buffer_memory_size(),
        }
    }
}

/// The pieces, those together that are encoded the same.
fn twins(pieces: &[Piece]) -> Vec<Vec<usize>> {
    let mut all = Vec::<Vec<usize>>::new();
    for (i, piece) in pieces.iter().enumerate() {
        let is_like = |same: &&mut Vec<usize>| matches!((piece, &pieces[same[0]]), (Piece::Leaf(a), Piece::Leaf(b)) if a.is_like(b));
        match all.iter_mut().find(is_like) {
            Some(same) => same.push(i),
            None => all.push(vec![i]),
        }
    }
    all
}

impl RowGroup {
    fn new(schema: &SchemaRef, descriptor: &SchemaDescriptor, others: Vec<ArrowColumnWriter>, options: &Options) -> RowGroup {
        let compression = options.compression;
        let (mut columns, mut others) = (descriptor.columns().iter(), others.into_iter());
        let mut chunks = vec![];
        for field in schema.fields() {
            let n = n_leaves(field.data_type());
            let columns = columns.by_ref().take(n);
            if is_ours(field.data_type(), compression) {
                let ours = columns.map(|column| ChunkWriter::new(column.clone(), compression, options.integers));
                chunks.extend(ours.map(|w| Mutex::new(Chunk::Ours(Box::new(w)))));
            } else {
                columns.for_each(drop);
                chunks.push(Mutex::new(Chunk::Arrow(others.by_ref().take(n).collect())));
            }
        }
        RowGroup { schema: schema.clone(), compression, chunks, size_bytes: 0 }
    }

    /// One piece for each chunk.
    fn cut(&self, batch: &RecordBatch) -> Result<Vec<Piece>> {
        let rows = Levels::of_rows(batch.num_rows());
        let (mut pieces, mut found) = (vec![], vec![]);
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            if is_ours(field.data_type(), self.compression) {
                leaves(field, array, &rows, &mut found);
                pieces.extend(found.drain(..).map(Piece::Leaf));
            } else {
                pieces.push(Piece::Column(field.clone(), cast(array, field.data_type())?));
            }
        }
        Ok(pieces)
    }

    /// Encodes a batch, its leaves side by side, those with the most bytes first.
    fn add(&mut self, batch: &RecordBatch, benches: &mut [Bench]) -> Result<()> {
        let pieces = self.cut(batch)?;
        let n_rows = batch.num_rows();
        let mut order = twins(&pieces);
        order.sort_by_key(|same| std::cmp::Reverse(pieces[same[0]].size_bytes()));
        side_by_side(benches, order.len(), |turn, bench| {
            let mut encoded = None;
            for &i in &order[turn] {
                match (&mut *self.chunks[i].lock().expect(UNBROKEN), &pieces[i], &encoded) {
                    (Chunk::Ours(chunk), Piece::Leaf(_), Some(page)) => chunk.add_encoded(page, n_rows)?,
                    (Chunk::Ours(chunk), Piece::Leaf(leaf), None) => encoded = Some(chunk.add(leaf, n_rows, bench)?),
                    (Chunk::Arrow(writers), Piece::Column(field, array), _) => {
                        for (leaf, writer) in compute_leaves(field, array)?.iter().zip(writers) {
                            writer.write(leaf)?;
                        }
                    }
                    _ => unreachable!("pieces are cut as chunks are made"),
                }
            }
            Ok(())
        })?;
        benches.iter_mut().for_each(Bench::clear);
        Ok(())
    }

    /// Compresses what is left of each chunk, side by side, and writes all in their order.
    fn finish(self, benches: &mut [Bench], writer: &mut SerializedFileWriter<BufWriter<File>>) -> Result<()> {
        side_by_side(benches, self.chunks.len(), |i, bench| {
            let mut chunk = self.chunks[i].lock().expect(UNBROKEN);
            let closed = match std::mem::replace(&mut *chunk, Chunk::Closed(vec![])) {
                Chunk::Ours(ours) => ours.close(bench).map(|(bytes, close)| vec![Closed::Ours(bytes, Box::new(close))])?,
                Chunk::Arrow(writers) => writers.into_iter().map(|w| Ok(Closed::Arrow(w.close()?))).collect::<Result<_>>()?,
                Chunk::Closed(closed) => closed,
            };
            *chunk = Chunk::Closed(closed);
            Ok(())
        })?;
        let mut group = writer.next_row_group()?;
        for chunk in self.chunks {
            let Chunk::Closed(closed) = chunk.into_inner().expect(UNBROKEN) else { unreachable!("all were closed") };
            for chunk in closed {
                match chunk {
                    Closed::Ours(bytes, close) => group.append_column(&bytes, *close)?,
                    Closed::Arrow(chunk) => chunk.append_to_row_group(&mut group)?,
                }
            }
        }
        group.close()?;
        Ok(())
    }
}

const UNBROKEN: &str = "no thread panics while it holds a chunk";

/// Does n pieces of work, a thread for each bench, this one among them; each takes the next piece when it is done with one.
fn side_by_side(benches: &mut [Bench], n: usize, piece: impl Fn(usize, &mut Bench) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = |bench: &mut Bench| -> Result<()> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return Ok(());
            }
            piece(i, bench)?;
        }
    };
    let (own, others) = benches.split_first_mut().expect("there is at least one thread");
    std::thread::scope(|scope| {
        let helpers = others.iter_mut().map(|bench| scope.spawn(|| work(bench))).collect::<Vec<_>>();
        let mut result = work(own);
        for helper in helpers {
            let other = helper.join().unwrap_or_else(|p| Err(Error::new(EXECUTE, crate::error::panic_text(p))));
            result = result.and(other);
        }
        result
    })
}
