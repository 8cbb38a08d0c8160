//! Parquet files of a dataset: scanned by leaf columns, copied without some rows, merged in order.

use std::ffi::c_char;

use datafusion::arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::error::{EXECUTE, Error, RawError, guard};
use crate::{RawOption, RawWritten};

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

unsafe extern "C" fn scan_parquet(_: *const c_char, _: *const *const c_char, _: usize, _: *mut FFI_ArrowArrayStream, err: *mut RawError) -> i32 {
    guard(err, || Err(Error::new(EXECUTE, "this build has no scan_parquet")))
}

unsafe extern "C" fn rewrite_parquet(
    _: *const c_char,
    _: *const c_char,
    _: *const i64,
    _: usize,
    _: *const RawOption,
    _: usize,
    _: *mut RawWritten,
    err: *mut RawError,
) -> i32 {
    guard(err, || Err(Error::new(EXECUTE, "this build has no rewrite_parquet")))
}

unsafe extern "C" fn merge_parquet(
    _: *const *const c_char,
    _: usize,
    _: *const *const c_char,
    _: usize,
    _: *mut FFI_ArrowArrayStream,
    err: *mut RawError,
) -> i32 {
    guard(err, || Err(Error::new(EXECUTE, "this build has no merge_parquet")))
}
