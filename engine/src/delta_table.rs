//! A Delta table at one version, by delta-rs: what it says of itself, its schema, its data files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Schema;
use deltalake_core::kernel::{Metadata, Protocol};
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use tokio::runtime::Runtime;
use url::Url;

use crate::delta_log::Log;
use crate::durable::DurableStore;
use crate::error::{EXECUTE, Error, INVALID, IO, NOT_FOUND, Result};

/// For delta-rs, which is asynchronous at heart.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().thread_name("bf-delta").build().expect("a runtime of two threads starts")
    });
    &RUNTIME
}

impl From<DeltaTableError> for Error {
    fn from(e: DeltaTableError) -> Self {
        let text = e.to_string();
        let text = text.split("\n   0: ").next().unwrap_or_default().trim_end(); // without a backtrace, which $RUST_BACKTRACE adds
        match e {
            DeltaTableError::ObjectStore { .. } | DeltaTableError::Io { .. } => Error::new(IO, text),
            _ => Error::new(EXECUTE, text),
        }
    }
}

/// One data file of a version.
pub struct DataFile {
    pub raw: String, // as the log has it
    pub name: String,
    pub path: PathBuf,
    pub size_bytes: i64,
    pub mtime_ms: i64,
    pub rows: Option<i64>,
    pub has_deletion_vector: bool,
    pub values: Vec<Option<String>>, // of the partition columns
    pub stats: Option<String>,       // JSON
}

pub struct Table {
    pub root: PathBuf,
    pub log: Log,
    pub table: DeltaTable,
    pub version: i64,
    pub files: Vec<DataFile>, // sorted by name
}

/// The directory of a table, if it is one.
pub fn find(path: &str) -> Result<(PathBuf, Log)> {
    let absent = |_| Error::new(NOT_FOUND, format!("{path}: no such directory"));
    let root = std::fs::canonicalize(path).map_err(absent)?;
    let log = Log::read(&root)?;
    if log.latest().is_none() {
        return Err(Error::new(NOT_FOUND, format!("{path}: no Delta table: it has no commits in _delta_log")));
    }
    Ok((root, log))
}

impl Table {
    pub fn open(path: &str, options: &[(String, String)]) -> Result<Table> {
        let (root, log) = find(path)?;
        let (mut version, mut storage) = (None, HashMap::new());
        for (key, value) in options {
            let number = || value.parse::<i64>().map_err(|_| Error::new(INVALID, format!("{key}: '{value}' is no number")));
            let asked = match key.as_str() {
                "version" => number()?,
                "timestamp_ms" => log.version_at(number()?)?,
                _ => {
                    storage.insert(key.clone(), value.clone());
                    continue;
                }
            };
            if version.replace(asked).is_some() {
                return Err(Error::new(INVALID, "a table is opened by version or by timestamp, not by both"));
            }
        }
        let version = version.or(log.latest()).unwrap_or(0);
        log.require(version)?;
        Self::load(root, log, version, storage)
    }

    fn load(root: PathBuf, log: Log, version: i64, storage: HashMap<String, String>) -> Result<Table> {
        let name = root.display().to_string();
        let url = Url::from_directory_path(&root).map_err(|()| Error::new(INVALID, format!("{name}: cannot be written as a URL")))?;
        let builder = DeltaTableBuilder::from_url(url.clone())?;
        let builder = builder.with_storage_backend(Arc::new(DurableStore::default()), url).with_storage_options(storage);
        let loaded = runtime().block_on(builder.with_version(version as u64).load());
        let table = loaded.map_err(|e| {
            let e = Error::from(e);
            match log.fault(version) {
                Some(fault) => e.with_context(fault),
                None => e.with_context(format!("{name}, version {version}")),
            }
        })?;
        let files = data_files(&root, table.snapshot()?)?;
        Ok(Table { root, log, table, version, files })
    }

    fn state(&self) -> &DeltaTableState {
        self.table.state.as_ref().expect("a loaded table has a state")
    }

    pub fn metadata(&self) -> &Metadata {
        self.state().metadata()
    }

    pub fn protocol(&self) -> &Protocol {
        self.state().protocol()
    }

    /// Partition columns in their place, properties as metadata.
    pub fn schema(&self) -> Schema {
        let schema = self.state().snapshot().arrow_schema();
        schema.as_ref().clone().with_metadata(self.metadata().configuration().clone())
    }

    /// What keeps its rows from being read as they are in its files.
    pub fn refuse_what_is_not_plain(&self) -> Result<()> {
        let protocol = self.protocol();
        let mapping = self.metadata().configuration().get("delta.columnMapping.mode").filter(|m| *m != "none");
        let features = protocol.reader_features().unwrap_or_default().iter().map(|f| f.to_string()).collect::<Vec<_>>();
        let what = if let Some(file) = self.files.iter().find(|f| f.has_deletion_vector) {
            format!("deletion vectors ({})", file.name)
        } else if let Some(mode) = mapping {
            format!("column mapping by {mode}")
        } else if protocol.min_reader_version() > 1 {
            let features = if features.is_empty() { "none named".to_string() } else { features.join(", ") };
            format!("reader version {} (features: {features})", protocol.min_reader_version())
        } else {
            return Ok(());
        };
        Err(Error::new(INVALID, format!("{}: the table uses {what}; only tables of reader version 1 are read", self.root.display())))
    }

    /// BF_ENGINE_NOT_FOUND where files of this version are gone.
    pub fn require_files(&self) -> Result<()> {
        let mut gone = vec![];
        for file in &self.files {
            match std::fs::metadata(&file.path) {
                Ok(about) if about.len() as i64 == file.size_bytes => {}
                Ok(about) => {
                    let text = format!("{}: {} bytes, and the log says {}", file.path.display(), about.len(), file.size_bytes);
                    return Err(Error::new(IO, text));
                }
                Err(_) => gone.push(file.name.as_str()),
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let (version, all) = (self.version, self.files.len());
        let what = if self.log.latest() == Some(version) { format!("version {version} is broken") } else { format!("version {version} was vacuumed") };
        let names = gone.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = if gone.len() > 3 { ", ..." } else { "" };
        let text = format!("{}: {what}: {} of its {all} data files are gone ({names}{more})", self.root.display(), gone.len());
        Err(Error::new(NOT_FOUND, text))
    }

    /// Of the commit.
    pub fn timestamp_ms(&self) -> Result<i64> {
        Ok(self.log.info(self.version)?.timestamp_ms)
    }

    pub fn checkpoint(&self) -> Result<()> {
        Ok(runtime().block_on(deltalake_core::checkpoints::create_checkpoint(&self.table, None))?)
    }

    /// The names of the files that were removed, or would be.
    pub fn vacuum(self, retention_hours: f64, dry_run: bool) -> Result<Vec<String>> {
        self.refuse_what_is_not_plain()?; // such a table has files that are not named in its adds
        let retention_ms = (retention_hours * 3_600_000.0) as i64;
        let in_log = self.log.leftovers(Duration::from_millis(retention_ms.max(0) as u64)).cloned().collect::<Vec<_>>();
        let retention = chrono::Duration::milliseconds(retention_ms);
        let vacuum = self.table.vacuum().with_retention_period(retention).with_enforce_retention_duration(false);
        let vacuum = vacuum.with_mode(deltalake_core::operations::vacuum::VacuumMode::Full).with_dry_run(dry_run);
        let (_, metrics) = runtime().block_on(vacuum.into_future())?;
        let mut names = metrics.files_deleted;
        for left in in_log {
            if !dry_run {
                std::fs::remove_file(&left).map_err(|e| Error::new(IO, format!("{}: {e}", left.display())))?;
            }
            names.extend(left.strip_prefix(&self.root).map(|name| name.display().to_string()));
        }
        Ok(names)
    }
}

fn data_files(root: &Path, state: &DeltaTableState) -> Result<Vec<DataFile>> {
    let partition_cols = state.metadata().partition_columns();
    // the views decode paths, and what a commit removes is to be named as the log has it
    let mut raw = vec![];
    for batch in state.add_actions_batches(false)? {
        let paths = batch.column_by_name("path").and_then(|c| c.as_string_opt::<i32>().cloned());
        let paths = paths.ok_or_else(|| Error::new(EXECUTE, "delta-rs gives no paths"))?;
        raw.extend((0..paths.len()).map(|i| paths.value(i).to_string()));
    }
    let mut files = vec![];
    for (view, raw) in state.log_data().iter().zip(raw) {
        let name = view.path().to_string();
        let values = view.partition_values_map();
        files.push(DataFile {
            path: openable(root, &raw, &name)?,
            name,
            size_bytes: view.size(),
            mtime_ms: view.modification_time(),
            rows: view.num_records().map(|n| n as i64),
            has_deletion_vector: view.deletion_vector_descriptor().is_some(),
            values: partition_cols.iter().map(|c| values.get(c).cloned().flatten()).collect(),
            stats: view.stats(),
            raw,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// A path of the log: relative to the table, or absolute, or a URL.
fn openable(root: &Path, raw: &str, name: &str) -> Result<PathBuf> {
    match Url::parse(raw) {
        Ok(url) if url.scheme() == "file" => {
            url.to_file_path().map_err(|()| Error::new(INVALID, format!("{}: {raw} is on another machine", root.display())))
        }
        Ok(_) if raw.contains("://") => Err(Error::new(INVALID, format!("{}: {raw} is not on this machine", root.display()))),
        _ => Ok(root.join(name)), // an absolute name stays one
    }
}

