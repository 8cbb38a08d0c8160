//! The bytes of one page, and how they are compressed.

use bytes::Bytes;
use parquet::basic::Compression;
use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_end, ZSTD_e_flush};
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name};

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

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.cuts.iter().copied().filter(|c| *c < self.bytes.len()).chain([self.bytes.len()]);
        ends.scan(0, |start, end| Some(&self.bytes[std::mem::replace(start, end)..end]))
    }
}

/// Memory of one thread, used again for each page.
#[derive(Default)]
pub struct Bench {
    pub page: Page,
    compressed: Vec<u8>,
    zstd: Option<CCtx<'static>>,
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
        let zstd = self.zstd.get_or_insert_with(CCtx::create);
        self.compressed.reserve(compress_bound(page.bytes.len()) + 16 * (page.cuts.len() + 1));
        let mut to = OutBuffer::around(&mut self.compressed);
        let mut run = || {
            zstd.reset(ResetDirective::SessionOnly)?;
            zstd.set_parameter(CParameter::CompressionLevel(level.compression_level()))?;
            zstd.set_pledged_src_size(Some(page.bytes.len() as u64))?;
            for part in page.parts() {
                let mut from = InBuffer::around(part);
                let is_last = part.as_ptr_range().end == page.bytes.as_ptr_range().end;
                while zstd.compress_stream2(&mut to, &mut from, if is_last { ZSTD_e_end } else { ZSTD_e_flush })? > 0 {}
            }
            Ok(())
        };
        run().map_err(|code| ParquetError::General(format!("zstd: {}", get_error_name(code))))?;
        let compressed = Bytes::copy_from_slice(&self.compressed);
        self.compressed.clear();
        self.compressed.shrink_to(KEPT_BYTES);
        Ok(compressed)
    }
}
