//! Errors and panics on their way to the caller's `bf_engine_error`.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::error::DataFusionError;

pub const OK: i32 = 0;
pub const INVALID: i32 = 1;
pub const IO: i32 = 2;
pub const PLAN: i32 = 3;
pub const EXECUTE: i32 = 4;
pub const RESOURCES: i32 = 5;
pub const PANIC: i32 = 6;
pub const NOT_FOUND: i32 = 7;
pub const CONFLICT: i32 = 8;
pub const REFUSED: i32 = 9;
pub const CANCELLED: i32 = 10;

#[repr(C)]
pub struct RawError {
    pub code: i32,
    pub message: [c_char; 1024],
}

pub struct Error {
    code: i32,
    message: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Error { code, message: message.into() }
    }

    pub fn with_code(self, code: i32) -> Self {
        Error { code, ..self }
    }

    pub fn with_context(self, what: String) -> Self {
        Error { message: format!("{what}: {}", self.message), ..self }
    }

    /// An error of a file names it.
    pub fn about(self, path: &str) -> Self {
        if self.code == IO && !self.message.contains(path) { Error::new(IO, format!("{path}: {}", self.message)) } else { self }
    }

    pub fn text(self) -> String {
        self.message
    }
}

/// A file that a plan names and that is not there any more, wherever in the error it hides. What replaces a dataset never uses the name of a
/// file again, so that it was replaced is what this means.
fn gone_file(e: &DataFusionError) -> Option<String> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(e) = cause {
        if let Some(object_store::Error::NotFound { path, .. }) = e.downcast_ref() {
            return Some(path.clone());
        }
        cause = e.source();
    }
    None
}

impl From<DataFusionError> for Error {
    fn from(e: DataFusionError) -> Self {
        if let Some(path) = gone_file(&e) {
            let path = path.trim_start_matches('/');
            return Error::new(IO, format!("the dataset was replaced while it was being read: /{path} is gone; open it again"));
        }
        let code = match e.find_root() {
            DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::NotImplemented(_) => PLAN,
            DataFusionError::Configuration(_) => INVALID,
            DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => IO,
            DataFusionError::ResourcesExhausted(_) => RESOURCES,
            _ => EXECUTE,
        };
        // the message without backtraces, and without the note on where to file a bug in somebody else's tracker
        let text = e.strip_backtrace();
        let text = text.split("\nThis issue was likely caused by").next().unwrap_or_default().trim_end();
        match code {
            _ if text.contains("max_temp_directory_size") => Error::new(RESOURCES, format!("{text}\nspill_limit in a profile raises it")),
            RESOURCES => Error::new(code, format!("{text}; --memory raises it (memory_limit in a profile)")),
            _ => Error::new(code, text),
        }
    }
}

impl From<datafusion::arrow::error::ArrowError> for Error {
    fn from(e: datafusion::arrow::error::ArrowError) -> Self {
        Error::new(EXECUTE, e.to_string())
    }
}

impl From<datafusion::parquet::errors::ParquetError> for Error {
    fn from(e: datafusion::parquet::errors::ParquetError) -> Self {
        Error::new(IO, e.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Error::new(IO, e.to_string())
    }
}

pub fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| s.to_string()).or_else(|| payload.downcast_ref::<String>().cloned());
    format!("the engine panicked: {}", text.as_deref().unwrap_or("no message"))
}

/// Runs one entry point: a status code out, the message where the caller wants it, and no panic beyond here.
pub fn guard(err: *mut RawError, body: impl FnOnce() -> Result<()>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|p| Err(Error::new(PANIC, panic_text(p))));
    match result {
        Ok(()) => OK,
        Err(e) => {
            if let Some(err) = unsafe { err.as_mut() } {
                err.code = e.code;
                let mut end = e.message.len().min(err.message.len() - 1);
                while !e.message.is_char_boundary(end) {
                    end -= 1;
                }
                for (to, from) in err.message.iter_mut().zip(e.message.as_bytes()[..end].iter().chain([&0])) {
                    *to = *from as c_char;
                }
            }
            e.code
        }
    }
}
