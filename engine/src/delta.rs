//! Delta Lake tables by delta-rs: the log is read and written here, the data files are ours. C into Rust and back, as in lib.rs.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::ffi::FFI_ArrowSchema;
use serde_json::Value;

use crate::delta_commit::{Add, Change, Shape, commit};
use crate::delta_table::{Table, find};
use crate::error::{RawError, Result, guard};
use crate::session::Engine;
use crate::statistics::lies;
use crate::{RawOption, pairs, text, texts};

#[repr(C)]
pub struct Api {
    open: unsafe extern "C" fn(*const c_char, *const RawOption, usize, *mut *mut Handle, *mut RawError) -> i32,
    close: unsafe extern "C" fn(*mut Handle),
    about: unsafe extern "C" fn(*mut Handle, *mut RawAbout, *mut RawError) -> i32,
    schema: unsafe extern "C" fn(*mut Handle, *mut FFI_ArrowSchema, *mut RawError) -> i32,
    files: unsafe extern "C" fn(*mut Handle, OnFile, *mut c_void, *mut RawError) -> i32,
    statistics: unsafe extern "C" fn(*mut Handle, OnLie, *mut c_void, *mut RawError) -> i32,
    history: unsafe extern "C" fn(*const c_char, usize, OnCommit, *mut c_void, *mut RawError) -> i32,
    register: unsafe extern "C" fn(
        *mut Engine,
        *const c_char,
        *mut Handle,
        *mut FFI_ArrowSchema,
        *const RawOption,
        usize,
        *mut RawError,
    ) -> i32,
    commit: unsafe extern "C" fn(*const c_char, *const RawChange, *mut i64, *mut RawError) -> i32,
    vacuum: unsafe extern "C" fn(*const c_char, f64, bool, OnName, *mut c_void, *mut RawError) -> i32,
}

pub const API: Api = Api { open, close, about, schema, files, statistics, history, register, commit: commit_change, vacuum };

/// A table and the texts that were given out of it.
pub struct Handle {
    table: Arc<Table>,
    texts: Vec<CString>,
}

#[repr(C)]
pub struct RawAbout {
    version: i64,
    timestamp_ms: i64,
    min_reader_version: i32,
    min_writer_version: i32,
    files: i64,
    size_bytes: i64,
    reader_features: *const c_char,
    writer_features: *const c_char,
    partition_cols: *const c_char,
    table_id: *const c_char,
    name: *const c_char,
}

#[repr(C)]
pub struct RawFile {
    path: *const c_char,
    name: *const c_char,
    size_bytes: i64,
    mtime_ms: i64,
    rows: i64,
    has_deletion_vector: bool,
    values: *const *const c_char,
}

#[repr(C)]
pub struct RawCommit {
    version: i64,
    timestamp_ms: i64,
    operation: *const c_char,
    parameters: *const c_char,
    metrics: *const c_char,
    engine: *const c_char,
}

#[repr(C)]
pub struct RawAdd {
    name: *const c_char,
    values: *const *const c_char,
}

#[repr(C)]
pub struct RawChange {
    read_version: i64,
    operation: *const c_char,
    data_change: bool,
    parameters: *const RawOption,
    n_parameters: usize,
    adds: *const RawAdd,
    n_adds: usize,
    removes: *const *const c_char,
    n_removes: usize,
    schema: *const FFI_ArrowSchema,
    partition_cols: *const c_char,
    properties: *const RawOption,
    n_properties: usize,
}

type OnFile = unsafe extern "C" fn(*mut c_void, *const RawFile) -> bool;
type OnLie = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> bool;
type OnCommit = unsafe extern "C" fn(*mut c_void, *const RawCommit) -> bool;
type OnName = unsafe extern "C" fn(*mut c_void, *const c_char) -> bool;

fn c_text(text: impl Into<Vec<u8>>) -> CString {
    let mut bytes = text.into();
    bytes.retain(|b| *b != 0);
    CString::new(bytes).unwrap_or_default()
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|s| !s.is_empty()).map(str::to_string).collect()
}

unsafe extern "C" fn open(path: *const c_char, options: *const RawOption, n: usize, out: *mut *mut Handle, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        *out = std::ptr::null_mut();
        let table = Table::open(&text(path)?, &pairs(options, n)?)?;
        *out = Box::into_raw(Box::new(Handle { table: Arc::new(table), texts: vec![] }));
        Ok(())
    })
}

unsafe extern "C" fn close(delta: *mut Handle) {
    guard(std::ptr::null_mut(), || {
        if !delta.is_null() {
            drop(unsafe { Box::from_raw(delta) });
        }
        Ok(())
    });
}

unsafe extern "C" fn about(delta: *mut Handle, out: *mut RawAbout, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let handle = &mut *delta;
        let table = handle.table.clone();
        let (protocol, metadata) = (table.protocol(), table.metadata());
        let mut keep = |text: &str| {
            let text = c_text(text);
            let at = text.as_ptr(); // of the heap: it stays when the list grows
            handle.texts.push(text);
            at
        };
        let features = |f: Option<&[_]>| f.unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        *out = RawAbout {
            version: table.version,
            timestamp_ms: table.timestamp_ms()?,
            min_reader_version: protocol.min_reader_version(),
            min_writer_version: protocol.min_writer_version(),
            files: table.files.len() as i64,
            size_bytes: table.files.iter().map(|f| f.size_bytes).sum(),
            reader_features: keep(&features(protocol.reader_features())),
            writer_features: keep(&features(protocol.writer_features())),
            partition_cols: keep(&metadata.partition_columns().join(",")),
            table_id: keep(metadata.id()),
            name: keep(metadata.name().unwrap_or_default()),
        };
        Ok(())
    })
}

unsafe extern "C" fn schema(delta: *mut Handle, out: *mut FFI_ArrowSchema, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        std::ptr::write(out, FFI_ArrowSchema::try_from(&(*delta).table.schema())?);
        Ok(())
    })
}

unsafe extern "C" fn files(delta: *mut Handle, on_file: OnFile, context: *mut c_void, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let table = &(*delta).table;
        table.require_files()?;
        for file in &table.files {
            use std::os::unix::ffi::OsStrExt;
            let (path, name) = (c_text(file.path.as_os_str().as_bytes()), c_text(file.name.as_str()));
            let values = file.values.iter().map(|v| v.as_ref().map(|v| c_text(v.as_str()))).collect::<Vec<_>>();
            let pointers = values.iter().map(|v| v.as_ref().map_or(std::ptr::null(), |v| v.as_ptr())).collect::<Vec<_>>();
            let raw = RawFile {
                path: path.as_ptr(),
                name: name.as_ptr(),
                size_bytes: file.size_bytes,
                mtime_ms: file.mtime_ms,
                rows: file.rows.unwrap_or(-1),
                has_deletion_vector: file.has_deletion_vector,
                values: pointers.as_ptr(),
            };
            if !on_file(context, &raw) {
                break;
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn statistics(delta: *mut Handle, on_lie: OnLie, context: *mut c_void, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let table = &(*delta).table;
        table.require_files()?;
        let by = table.metadata().partition_columns(); // which the files need not hold
        let schema = table.schema();
        let columns = Schema::new(schema.fields().iter().filter(|f| !by.contains(f.name())).cloned().collect::<Vec<_>>());
        for file in &table.files {
            for lie in lies(file, &columns)? {
                if !on_lie(context, c_text(file.name.as_str()).as_ptr(), c_text(lie).as_ptr()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn history(path: *const c_char, limit: usize, on_commit: OnCommit, context: *mut c_void, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let (_, log) = find(&text(path)?)?;
        for info in log.history().take(if limit == 0 { usize::MAX } else { limit }) {
            let info = info?;
            let said = |key: &str| match info.fields.get(key) {
                None | Some(Value::Null) => c_text(""),
                Some(Value::String(text)) => c_text(text.as_str()),
                Some(other) => c_text(other.to_string()),
            };
            let (operation, parameters, metrics) = (said("operation"), said("operationParameters"), said("operationMetrics"));
            let engine = if info.fields.contains_key("engineInfo") { said("engineInfo") } else { said("clientVersion") };
            let raw = RawCommit {
                version: info.version,
                timestamp_ms: info.timestamp_ms,
                operation: operation.as_ptr(),
                parameters: parameters.as_ptr(),
                metrics: metrics.as_ptr(),
                engine: engine.as_ptr(),
            };
            if !on_commit(context, &raw) {
                break;
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn register(
    engine: *mut Engine,
    name: *const c_char,
    delta: *mut Handle,
    schema: *mut FFI_ArrowSchema,
    options: *const RawOption,
    n_options: usize,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let schema = Schema::try_from(&FFI_ArrowSchema::from_raw(schema))?;
        let options = pairs(options, n_options)?.into_iter().collect();
        (*engine).register_delta(&text(name)?, &(*delta).table, Arc::new(schema), &options)
    })
}

unsafe fn values(p: *const *const c_char, n: usize) -> Result<Vec<Option<String>>> {
    let value = |i| unsafe {
        let value = *p.add(i);
        if value.is_null() { Ok(None) } else { text(value).map(Some) }
    };
    (0..n).map(value).collect()
}

unsafe fn change(raw: &RawChange, path: &str) -> Result<Change> {
    let shape = match unsafe { raw.schema.as_ref() } {
        None => None,
        Some(schema) => Some(Shape {
            schema: Schema::try_from(schema)?,
            partition_cols: list(&unsafe { text(raw.partition_cols) }?),
            properties: unsafe { pairs(raw.properties, raw.n_properties) }?,
        }),
    };
    let before = if raw.read_version < 0 { None } else { Some(Table::open(path, &[("version".to_string(), raw.read_version.to_string())])?) };
    // one value of each file for each partition column
    let n_values = match (&shape, &before) {
        (Some(shape), _) => shape.partition_cols.len(),
        (None, table) => table.as_ref().map_or(0, |t| t.metadata().partition_columns().len()),
    };
    let adds = if raw.n_adds == 0 { &[] } else { unsafe { std::slice::from_raw_parts(raw.adds, raw.n_adds) } };
    let add = |a: &RawAdd| unsafe { Ok(Add { name: text(a.name)?, values: values(a.values, n_values)? }) };
    Ok(Change {
        before,
        operation: unsafe { text(raw.operation) }?,
        data_change: raw.data_change,
        parameters: unsafe { pairs(raw.parameters, raw.n_parameters) }?,
        adds: adds.iter().map(add).collect::<Result<_>>()?,
        removes: unsafe { texts(raw.removes, raw.n_removes) }?,
        shape,
    })
}

unsafe extern "C" fn commit_change(path: *const c_char, raw: *const RawChange, version: *mut i64, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let path = text(path)?;
        let done = commit(&path, &change(&*raw, &path)?)?;
        if let Some(out) = version.as_mut() {
            *out = done;
        }
        Ok(())
    })
}

unsafe extern "C" fn vacuum(
    path: *const c_char,
    retention_hours: f64,
    dry_run: bool,
    on_file: OnName,
    context: *mut c_void,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let mut names = Table::open(&text(path)?, &[])?.vacuum(retention_hours, dry_run)?;
        names.sort();
        for name in names {
            if !on_file(context, c_text(name).as_ptr()) {
                break;
            }
        }
        Ok(())
    })
}
