//! The local file system, with a count of what is asked of it: proof that a query lists and opens only what it must.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

#[derive(Debug, Default)]
pub struct CountingStore {
    files: LocalFileSystem,
    lists: AtomicI64,
    reads: AtomicI64,
    read_bytes: AtomicI64,
    opened: Mutex<HashSet<String>>,
}

/// Of one session, since it began.
#[repr(C)]
pub struct Counters {
    lists: i64,
    files_opened: i64,
    reads: i64,
    read_bytes: i64,
}

impl CountingStore {
    pub fn counters(&self) -> Counters {
        Counters {
            lists: self.lists.load(Relaxed),
            files_opened: self.opened.lock().map_or(-1, |o| o.len() as i64),
            reads: self.reads.load(Relaxed),
            read_bytes: self.read_bytes.load(Relaxed),
        }
    }

    fn count(&self, location: &Path, bytes: u64) {
        self.reads.fetch_add(1, Relaxed);
        self.read_bytes.fetch_add(bytes as i64, Relaxed);
        if let Ok(mut opened) = self.opened.lock() {
            opened.insert(location.to_string());
        }
    }
}

impl fmt::Display for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.files.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let result = self.files.get_opts(location, options).await?;
        if !head {
            self.count(location, result.range.end - result.range.start);
        }
        Ok(result)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.count(location, ranges.iter().map(|r| r.end - r.start).sum());
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.lists.fetch_add(1, Relaxed);
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.lists.fetch_add(1, Relaxed);
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await
    }
}
