//! The bytes of one page, and how they are compressed.

use bytes::Bytes;
use parquet::basic::Compression;
use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_end, ZSTD_e_flush};
use zstd::zstd_safe::zstd_sys::ZSTD_ResetDirective::ZSTD_reset_session_only;
use zstd::zstd_safe::zstd_sys::ZSTD_cParameter::{self, ZSTD_c_compressionLevel, ZSTD_c_experimentalParam9, ZSTD_c_experimentalParam10};
use zstd::zstd_safe::zstd_sys::{
    ZSTD_CCtx, ZSTD_CCtx_reset, ZSTD_CCtx_setParameter, ZSTD_CCtx_setPledgedSrcSize, ZSTD_EndDirective, ZSTD_compressStream2, ZSTD_createCCtx,
    ZSTD_freeCCtx, ZSTD_inBuffer, ZSTD_isError, ZSTD_outBuffer,
};
use zstd::zstd_safe::{compress_bound, get_error_name};

use parquet::errors::{ParquetError, Result};

const LEAST_PART: usize = 1024;
const KEPT_BYTES: usize = 2 << 20; // of memory that one page leaves to the next; a page that needed more is rare

/// Its parts (levels, first bytes, second bytes, ...) have little in common. Each begins a block of zstd, which has a code of its own.
#[derive(Default)]
pub struct Page {
    pub bytes: Vec<u8>,
    cuts: Vec<usize>,
}

impl Page {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.cuts.clear();
    }

    /// What follows is of another kind.
    pub fn cut(&mut self) {
        if self.bytes.len() >= self.cuts.last().unwrap_or(&0) + LEAST_PART {
            self.cuts.push(self.bytes.len());
        }
    }

    fn ends(&self) -> impl Iterator<Item = usize> {
        self.cuts.iter().copied().filter(|c| *c < self.bytes.len()).chain([self.bytes.len()])
    }
}

/// A context that compresses from where the bytes are to where they are wanted: both stay in place, so zstd has no copies of its own.
struct Zstd(*mut ZSTD_CCtx);

const STABLE_IN_BUFFER: ZSTD_cParameter = ZSTD_c_experimentalParam9;
const STABLE_OUT_BUFFER: ZSTD_cParameter = ZSTD_c_experimentalParam10;

unsafe impl Send for Zstd {}

impl Drop for Zstd {
    fn drop(&mut self) {
        unsafe { ZSTD_freeCCtx(self.0) };
    }
}

fn checked(code: usize) -> Result<usize> {
    match unsafe { ZSTD_isError(code) } {
        0 => Ok(code),
        _ => Err(ParquetError::General(format!("zstd: {}", get_error_name(code)))),
    }
}

impl Zstd {
    fn new() -> Result<Zstd> {
        let zstd = Zstd(unsafe { ZSTD_createCCtx() });
        if zstd.0.is_null() {
            return Err(ParquetError::General("zstd: no memory for a context".into()));
        }
        zstd.set(STABLE_IN_BUFFER, 1)?;
        zstd.set(STABLE_OUT_BUFFER, 1)?;
        Ok(zstd)
    }

    fn set(&self, parameter: ZSTD_cParameter, value: i32) -> Result<()> {
        checked(unsafe { ZSTD_CCtx_setParameter(self.0, parameter, value) }).map(|_| ())
    }

    /// One frame, with a block that ends at each of the page's cuts; `to` has room for it.
    fn compress(&mut self, page: &Page, level: i32, to: &mut Vec<u8>) -> Result<()> {
        checked(unsafe { ZSTD_CCtx_reset(self.0, ZSTD_reset_session_only) })?;
        self.set(ZSTD_c_compressionLevel, level)?;
        checked(unsafe { ZSTD_CCtx_setPledgedSrcSize(self.0, page.bytes.len() as u64) })?;
        let mut from = ZSTD_inBuffer { src: page.bytes.as_ptr().cast(), size: 0, pos: 0 };
        let mut out = ZSTD_outBuffer { dst: to.as_mut_ptr().cast(), size: to.capacity(), pos: 0 };
        for end in page.ends() {
            from.size = end;
            let directive: ZSTD_EndDirective = if end == page.bytes.len() { ZSTD_e_end } else { ZSTD_e_flush };
            // SAFETY: both buffers live, and stay where they are, until the frame is complete
            while checked(unsafe { ZSTD_compressStream2(self.0, &mut out, &mut from, directive) })? > 0 {}
        }
        // SAFETY: zstd wrote that many bytes
        unsafe { to.set_len(out.pos) };
        Ok(())
    }
}

/// Memory of one thread, used again for each page.
#[derive(Default)]
pub struct Bench {
    pub page: Page,
    compressed: Vec<u8>,
    zstd: Option<Zstd>,
}

impl Bench {
    /// Forgets the last page, and gives back its memory where it was a large one.
    pub fn clear(&mut self) {
        self.page.clear();
    }

    /// The page, compressed.
    pub fn compressed(&mut self, compression: Compression) -> Result<Bytes> {
        let page = &self.page;
        let Compression::ZSTD(level) = compression else { return Ok(Bytes::copy_from_slice(&page.bytes)) };
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(Zstd::new()?),
        };
        self.compressed.clear();
        self.compressed.reserve(compress_bound(page.bytes.len()) + 16 * (page.cuts.len() + 1));
        zstd.compress(page, level.compression_level(), &mut self.compressed)?;
        let compressed = Bytes::copy_from_slice(&self.compressed);
        self.compressed.clear();
        self.compressed.shrink_to(KEPT_BYTES);
        Ok(compressed)
    }
}
