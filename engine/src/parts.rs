//! Parquet files of a dataset: scanned by leaf columns, copied without some rows, merged in order.

use std::ffi::c_char;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::arrow::record_batch::RecordBatchReader;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use crate::error::{Error, INVALID, IO, RawError, Result, guard, panic_text};
use crate::merge::Merge;
use crate::parquet::{FileWriter, Options, Written};
use crate::{RawOption, RawWritten, pairs, text, texts};

#[repr(C)]
pub struct Api {
    scan_parquet: unsafe extern "C" fn(*const c_char, *const *const c_char, usize, *mut FFI_ArrowArrayStream, *mut RawError) -> i32,
    rewrite_parquet: unsafe extern "C" fn(
        *const c_char,
        *const c_char,
        *const i64,
        usize,
        *const RawOption,
        usize,
        *mut RawWritten,
        *mut RawError,
    ) -> i32,
    merge_parquet: unsafe extern "C" fn(
        *const *const c_char,
        usize,
        *const *const c_char,
        usize,
        *mut FFI_ArrowArrayStream,
        *mut RawError,
    ) -> i32,
}

pub const API: Api = Api { scan_parquet, rewrite_parquet, merge_parquet };

unsafe extern "C" fn scan_parquet(
    path: *const c_char,
    columns: *const *const c_char,
    n_columns: usize,
    out: *mut FFI_ArrowArrayStream,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe { give(scan(&text(path)?, &texts(columns, n_columns)?)?, out) })
}

unsafe extern "C" fn rewrite_parquet(
    from: *const c_char,
    to: *const c_char,
    drop_rows: *const i64,
    n_drop_rows: usize,
    options: *const RawOption,
    n_options: usize,
    written: *mut RawWritten,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let drop_rows = if n_drop_rows == 0 { &[] } else { std::slice::from_raw_parts(drop_rows, n_drop_rows) };
        let to = text(to)?;
        let done = rewrite(&text(from)?, &to, drop_rows, Options::parse(&pairs(options, n_options)?)?).map_err(|e| e.about(&to))?;
        if let Some(out) = written.as_mut() {
            *out = RawWritten { rows: done.rows, size_bytes: done.size_bytes, row_groups: done.row_groups };
        }
        Ok(())
    })
}

unsafe extern "C" fn merge_parquet(
    paths: *const *const c_char,
    n_paths: usize,
    order: *const *const c_char,
    n_order: usize,
    out: *mut FFI_ArrowArrayStream,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe { give(Merge::open(&texts(paths, n_paths)?, &texts(order, n_order)?)?, out) })
}

unsafe fn give(reader: impl RecordBatchReader + Send + 'static, out: *mut FFI_ArrowArrayStream) -> Result<()> {
    let guarded = Guarded { schema: reader.schema(), reader: Some(reader) };
    unsafe { std::ptr::write(out, FFI_ArrowArrayStream::new(Box::new(guarded))) }
    Ok(())
}

/// A reader whose panic is an error of the stream, and its end.
struct Guarded<R> {
    schema: SchemaRef,
    reader: Option<R>,
}

impl<R: RecordBatchReader> Iterator for Guarded<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let item = catch_unwind(AssertUnwindSafe(|| reader.next()));
        let item = item.unwrap_or_else(|payload| Some(Err(ArrowError::ExternalError(panic_text(payload).into()))));
        if !matches!(item, Some(Ok(_))) {
            self.reader = None;
        }
        item
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Guarded<R> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// A file and its footer. Errors name the file.
pub fn open(path: &str, options: ArrowReaderOptions) -> Result<(File, ArrowReaderMetadata)> {
    let file = File::open(path).map_err(|e| Error::new(IO, format!("{path}: {e}")))?;
    let footer = ArrowReaderMetadata::load(&file, options).map_err(|e| Error::new(IO, format!("{path}: {e}")))?;
    Ok((file, footer))
}

/// How many rows of these columns take about that many bytes as they are encoded; at least one. A row may be large: it is a
/// whole .pyc. As Arrow it takes up to ten times that.
pub fn rows_in(bytes: i64, metadata: &ParquetMetaData, columns: &ProjectionMask) -> usize {
    let chunks = metadata.row_groups().iter().flat_map(|g| g.columns().iter().enumerate());
    let size = chunks.filter(|(i, _)| columns.leaf_included(*i)).map(|(_, c)| c.uncompressed_size()).sum::<i64>();
    let rows = metadata.file_metadata().num_rows();
    (bytes as i128 * rows as i128 / (size as i128).max(1)).clamp(1, 8192) as usize
}

/// A reader whose errors name the file.
pub struct Scan {
    path: String,
    reader: ParquetRecordBatchReader,
}

impl Iterator for Scan {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next().map(|batch| batch.map_err(|e| ArrowError::ExternalError(format!("{}: {e}", self.path).into())))
    }
}

impl RecordBatchReader for Scan {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}

pub fn scan(path: &str, columns: &[String]) -> Result<Scan> {
    let (file, footer) = open(path, ArrowReaderOptions::new())?;
    let schema = footer.parquet_schema();
    for name in columns {
        let mask = ProjectionMask::columns(schema, [name.as_str()]);
        if !(0..schema.num_columns()).any(|i| mask.leaf_included(i)) {
            return Err(Error::new(INVALID, format!("{path}: no column {name}")));
        }
    }
    let mask = ProjectionMask::columns(schema, columns.iter().map(String::as_str));
    let rows = rows_in(1 << 20, footer.metadata(), &mask);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer).with_projection(mask).with_batch_size(rows).build()?;
    Ok(Scan { path: path.to_string(), reader })
}

fn rewrite(from: &str, to: &str, mut drop_rows: &[i64], mut options: Options) -> Result<Written> {
    let whole = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional).with_encoding_stats_as_mask(false);
    let (file, source) = open(from, whole)?;
    let metadata = source.metadata().clone();
    let n_rows = metadata.file_metadata().num_rows();
    if !drop_rows.iter().is_sorted_by(|a, b| a < b) || drop_rows.first().is_some_and(|r| *r < 0) || drop_rows.last().is_some_and(|r| *r >= n_rows) {
        return Err(Error::new(INVALID, format!("{from}: rows to drop are to ascend from 0 to {}", n_rows - 1)));
    }
    if options.sorting_columns.is_empty() {
        options.sorting_columns = sorting_columns(&metadata);
    }
    if options.row_group_bytes == 0 {
        options.row_group_bytes = usize::MAX; // what is left of a row group is one
    }
    let rows_at_once = rows_in(1 << 20, &metadata, &ProjectionMask::all());
    let mut out = FileWriter::create_like(&source, to, &options)?;
    let mut start = 0;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let end = start + group.num_rows();
        let (here, later) = drop_rows.split_at(drop_rows.partition_point(|r| *r < end));
        if here.is_empty() {
            out.copy_row_group(&file, &metadata, index)?;
        } else {
            let starts = std::iter::once(start).chain(here.iter().map(|r| r + 1));
            let kept = starts.zip(here.iter().copied().chain([end])).map(|(a, b)| (a - start) as usize..(b - start) as usize);
            let selection = RowSelection::from_consecutive_ranges(kept.filter(|r| !r.is_empty()), group.num_rows() as usize);
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.try_clone()?, source.clone());
            let reader = reader.with_row_groups(vec![index]).with_row_selection(selection).with_batch_size(rows_at_once).build()?;
            for batch in reader {
                out.add(&batch.map_err(|e| Error::new(IO, format!("{from}: {e}")))?)?;
            }
            out.end_row_group()?;
        }
        (start, drop_rows) = (end, later);
    }
    out.finish()
}

/// The order that a footer claims, where it is one that we can claim: ascending, nulls last.
fn sorting_columns(metadata: &ParquetMetaData) -> Vec<String> {
    let sorting = metadata.row_groups().first().and_then(|g| g.sorting_columns()).map_or(&[][..], Vec::as_slice);
    let plain = sorting.iter().take_while(|s| !s.descending && !s.nulls_first);
    plain.map(|s| metadata.file_metadata().schema_descr().column(s.column_idx as usize).path().string()).collect()
}
