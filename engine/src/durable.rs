//! Files that are on the disk before they have their name: written under another one, synced, put in place, their directory synced.

use std::ffi::{CString, c_char, c_int, c_uint};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

/// Fails with `AlreadyExists` where there is such a file; of two callers at once one fails. After any other error it may be there.
pub fn put_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |temporary| match fs::hard_link(temporary, path) {
        Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => rename_new(temporary, path), // no hard links here
        done => done,
    })
}

fn put_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |temporary| fs::rename(temporary, path))
}

/// A file on its way to its name, which readers of a log leave out; who is killed leaves it there. delta-rs names its own so, too.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with("_commit_") && name.ends_with(".json.tmp")
}

fn put(path: &Path, bytes: &[u8], place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    if !directory.is_dir() {
        fs::create_dir_all(directory)?;
        sync_directory(directory.parent().unwrap_or(directory))?;
    }
    let temporary = directory.join(format!("_commit_{}.json.tmp", uuid::Uuid::new_v4()));
    let placed = write_synced(&temporary, bytes).and_then(|()| place(&temporary));
    let _ = fs::remove_file(&temporary); // a second name by now, or gone, or of no use
    placed?;
    sync_directory(directory)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        Err(e) if e.kind() == ErrorKind::InvalidInput => Ok(()), // a file system that syncs no directories
        done => done,
    }
}

unsafe extern "C" {
    fn renameat2(from_directory: c_int, from: *const c_char, to_directory: c_int, to: *const c_char, flags: c_uint) -> c_int;
}

fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    const AT_FDCWD: c_int = -100;
    const RENAME_NOREPLACE: c_uint = 1;
    let (from, to) = (CString::new(from.as_os_str().as_bytes())?, CString::new(to.as_os_str().as_bytes())?);
    let code = unsafe { renameat2(AT_FDCWD, from.as_ptr(), AT_FDCWD, to.as_ptr(), RENAME_NOREPLACE) };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The local file system for delta-rs: what it writes itself, checkpoints and the commits of a vacuum, is put as above.
#[derive(Debug, Default)]
pub struct DurableStore(LocalFileSystem);

impl fmt::Display for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn error(location: &Location, e: io::Error) -> object_store::Error {
    match e.kind() {
        ErrorKind::AlreadyExists => object_store::Error::AlreadyExists { path: location.to_string(), source: e.into() },
        _ => object_store::Error::Generic { store: "file system", source: format!("{location}: {e}").into() },
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Location, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let path = self.0.path_to_filesystem(location)?;
        let bytes = Bytes::from(payload);
        let done = match options.mode {
            PutMode::Create => put_new(&path, &bytes),
            PutMode::Overwrite => put_over(&path, &bytes),
            PutMode::Update(_) => Err(ErrorKind::Unsupported.into()),
        };
        done.map_err(|e| error(location, e))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, location: &Location, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let path = self.0.path_to_filesystem(location)?;
        Ok(Box::new(Upload { location: location.clone(), path, parts: Default::default() }))
    }

    async fn get_opts(&self, location: &Location, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Location, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Location>>) -> BoxStream<'static, Result<Location>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Location>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Location>, offset: &Location) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Location>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Location, to: &Location, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Location, to: &Location, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

/// A large checkpoint: kept until it is whole.
#[derive(Debug)]
struct Upload {
    location: Location,
    path: PathBuf,
    parts: Arc<Mutex<Vec<PutPayload>>>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if let Ok(mut parts) = self.parts.lock() {
            parts.push(data);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = self.parts.lock().map(|mut p| std::mem::take(&mut *p)).unwrap_or_default();
        let bytes = parts.into_iter().flatten().collect::<Vec<_>>().concat();
        put_over(&self.path, &bytes).map_err(|e| error(&self.location, e))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}
