//! DataFusion behind the C ABI of bf_engine.h. Each function here only turns C into Rust and back.

mod delta;
mod delta_commit;
mod delta_log;
mod delta_table;
mod durable;
mod error;
mod files_table;
mod merge;
mod narrow;
mod parquet;
mod parts;
mod pool;
mod require;
mod session;
mod statement;
mod statistics;
mod store;
mod watch;

use std::ffi::{CStr, c_char};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{RecordBatch, RecordBatchIterator};
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::ffi::FFI_ArrowSchema;
use datafusion::arrow::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};

use error::{Error, INVALID, RawError, Result, guard};
use session::{Engine, Reader};
use store::Counters;

const ABI: i32 = 5;

#[repr(C)]
pub struct RawOption {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
pub(crate) struct RawWritten {
    rows: i64,
    size_bytes: i64,
    row_groups: i64,
}

#[repr(C)]
pub struct RawFooter {
    rows: i64,
    row_groups: i64,
    size_bytes: i64,
    has_arrow_schema: bool,
}

#[repr(C)]
pub struct Api {
    abi: i32,
    version: *const c_char,
    open: unsafe extern "C" fn(*const RawOption, usize, *mut *mut Engine, *mut RawError) -> i32,
    close: unsafe extern "C" fn(*mut Engine),
    register_parquet: unsafe extern "C" fn(
        *mut Engine,
        *const c_char,
        *mut FFI_ArrowSchema,
        *const *const c_char,
        usize,
        *const RawOption,
        usize,
        *mut RawError,
    ) -> i32,
    query: unsafe extern "C" fn(*mut Engine, *const c_char, bool, *mut FFI_ArrowArrayStream, *mut RawError) -> i32,
    describe: unsafe extern "C" fn(*mut Engine, *const c_char, *mut FFI_ArrowSchema, *mut RawError) -> i32,
    write_parquet:
        unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *const c_char, *const RawOption, usize, *mut RawWritten, *mut RawError) -> i32,
    footer: unsafe extern "C" fn(*const c_char, *mut FFI_ArrowSchema, *mut RawFooter, *mut RawError) -> i32,
    settings: unsafe extern "C" fn(*mut Engine, *mut FFI_ArrowArrayStream, *mut RawError) -> i32,
    table_names: unsafe extern "C" fn(*mut Engine, *const c_char, *mut FFI_ArrowArrayStream, *mut RawError) -> i32,
    counters: unsafe extern "C" fn(*mut Engine, *mut Counters, *mut RawError) -> i32,
    interrupt: unsafe extern "C" fn(*mut Engine, bool),
    parts: parts::Api,
    delta: delta::Api,
}

unsafe impl Sync for Api {}

static API: Api = Api {
    abi: ABI,
    version: VERSION.as_ptr().cast(),
    open,
    close,
    register_parquet,
    query,
    describe,
    write_parquet,
    footer,
    settings,
    table_names,
    counters,
    interrupt,
    parts: parts::API,
    delta: delta::API,
};

static VERSION: &str = concat!("datafusion ", env!("BF_DATAFUSION_VERSION"), ", arrow ", env!("BF_ARROW_VERSION"), "\0");

#[unsafe(no_mangle)]
pub extern "C" fn bf_engine_get_api(abi: i32) -> *const Api {
    if abi == ABI { &API } else { std::ptr::null() }
}

unsafe fn text(p: *const c_char) -> Result<String> {
    if p.is_null() {
        return Err(Error::new(INVALID, "a text is NULL"));
    }
    let text = unsafe { CStr::from_ptr(p) };
    text.to_str().map(str::to_string).map_err(|_| Error::new(INVALID, format!("{} is not UTF-8", text.to_string_lossy())))
}

unsafe fn pairs(p: *const RawOption, n: usize) -> Result<Vec<(String, String)>> {
    let raw = if n == 0 { &[] } else { unsafe { std::slice::from_raw_parts(p, n) } };
    raw.iter().map(|o| unsafe { Ok((text(o.key)?, text(o.value)?)) }).collect()
}

unsafe fn texts(p: *const *const c_char, n: usize) -> Result<Vec<String>> {
    (0..n).map(|i| unsafe { text(*p.add(i)) }).collect()
}

unsafe extern "C" fn open(settings: *const RawOption, n: usize, out: *mut *mut Engine, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        *out = std::ptr::null_mut();
        *out = Box::into_raw(Box::new(Engine::open(&pairs(settings, n)?)?));
        Ok(())
    })
}

unsafe extern "C" fn close(engine: *mut Engine) {
    guard(std::ptr::null_mut(), || {
        if !engine.is_null() {
            drop(unsafe { Box::from_raw(engine) });
        }
        Ok(())
    });
}

unsafe extern "C" fn register_parquet(
    engine: *mut Engine,
    name: *const c_char,
    schema: *mut FFI_ArrowSchema,
    paths: *const *const c_char,
    n_paths: usize,
    options: *const RawOption,
    n_options: usize,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let schema = Schema::try_from(&FFI_ArrowSchema::from_raw(schema))?;
        let options = pairs(options, n_options)?.into_iter().collect();
        (*engine).register_parquet(&text(name)?, Arc::new(schema), &texts(paths, n_paths)?, &options)
    })
}

unsafe extern "C" fn query(
    engine: *mut Engine,
    sql: *const c_char,
    read_only: bool,
    out: *mut FFI_ArrowArrayStream,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let reader = (*engine).query(&text(sql)?, read_only)?;
        std::ptr::write(out, stream_of(reader));
        Ok(())
    })
}

static LAST_ERROR: OnceLock<unsafe extern "C" fn(*mut FFI_ArrowArrayStream) -> *const c_char> = OnceLock::new();

/// What went wrong, without the name of the arm of Arrow's error that carried it.
unsafe extern "C" fn last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    let text = LAST_ERROR.get().map_or(std::ptr::null(), |f| unsafe { f(stream) });
    let carrier = b"External error: ";
    let carried = !text.is_null() && unsafe { CStr::from_ptr(text) }.to_bytes().starts_with(carrier);
    if carried { unsafe { text.add(carrier.len()) } } else { text }
}

fn stream_of(reader: Reader) -> FFI_ArrowArrayStream {
    let mut stream = FFI_ArrowArrayStream::new(Box::new(reader));
    if let Some(theirs) = stream.get_last_error.replace(last_error) {
        let _ = LAST_ERROR.set(theirs);
    }
    stream
}

unsafe extern "C" fn interrupt(engine: *mut Engine, interrupted: bool) {
    match unsafe { engine.as_ref() } {
        Some(engine) => engine.interrupt(interrupted),
        None => watch::interrupt_all(interrupted),
    }
}

unsafe extern "C" fn describe(engine: *mut Engine, sql: *const c_char, out: *mut FFI_ArrowSchema, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let schema = (*engine).describe(&text(sql)?)?;
        std::ptr::write(out, FFI_ArrowSchema::try_from(schema.as_ref())?);
        Ok(())
    })
}

unsafe extern "C" fn write_parquet(
    stream: *mut FFI_ArrowArrayStream,
    path: *const c_char,
    options: *const RawOption,
    n: usize,
    written: *mut RawWritten,
    err: *mut RawError,
) -> i32 {
    guard(err, || unsafe {
        let reader = ArrowArrayStreamReader::from_raw(stream)?;
        let path = text(path)?;
        let done = parquet::write(reader, &path, &parquet::Options::parse(&pairs(options, n)?)?).map_err(|e| e.about(&path))?;
        if let Some(out) = written.as_mut() {
            *out = RawWritten { rows: done.rows, size_bytes: done.size_bytes, row_groups: done.row_groups };
        }
        Ok(())
    })
}

unsafe extern "C" fn footer(path: *const c_char, schema: *mut FFI_ArrowSchema, about: *mut RawFooter, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        let footer = parquet::footer(&text(path)?)?;
        if let Some(out) = about.as_mut() {
            *out = RawFooter {
                rows: footer.rows,
                row_groups: footer.row_groups,
                size_bytes: footer.size_bytes,
                has_arrow_schema: footer.has_arrow_schema,
            };
        }
        std::ptr::write(schema, FFI_ArrowSchema::try_from(footer.schema.as_ref())?);
        Ok(())
    })
}

unsafe fn give(batch: RecordBatch, out: *mut FFI_ArrowArrayStream) {
    let schema = batch.schema();
    unsafe { std::ptr::write(out, FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new([Ok(batch)], schema)))) }
}

unsafe extern "C" fn settings(engine: *mut Engine, out: *mut FFI_ArrowArrayStream, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        give((*engine).settings()?, out);
        Ok(())
    })
}

unsafe extern "C" fn table_names(engine: *mut Engine, sql: *const c_char, out: *mut FFI_ArrowArrayStream, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        give((*engine).table_names(&text(sql)?)?, out);
        Ok(())
    })
}

unsafe extern "C" fn counters(engine: *mut Engine, out: *mut Counters, err: *mut RawError) -> i32 {
    guard(err, || unsafe {
        std::ptr::write(out, (*engine).counters());
        Ok(())
    })
}
