//! The directory _delta_log as it is on the disk: which versions there are, what their commits say, and how one is appended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use serde_json::{Map, Value};

use crate::durable::{is_temporary, put_new};
use crate::error::{CONFLICT, Error, IO, NOT_FOUND, Result};

pub struct Log {
    table: PathBuf,
    commits: BTreeSet<i64>,
    checkpoints: BTreeMap<i64, PathBuf>,
    temporary: Vec<PathBuf>,
}

/// What a commit says of itself; empty where it says nothing.
pub struct Info {
    pub version: i64,
    pub timestamp_ms: i64,
    pub fields: Map<String, Value>,
}

pub fn directory(table: &Path) -> PathBuf {
    table.join("_delta_log")
}

fn commit_path(table: &Path, version: i64) -> PathBuf {
    directory(table).join(format!("{version:020}.json"))
}

pub fn mtime_ms(path: &Path) -> std::io::Result<i64> {
    let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH);
    Ok(since.map_or(0, |d| d.as_millis() as i64))
}

impl Log {
    /// Of a directory that is no Delta table: an empty one.
    pub fn read(table: &Path) -> Result<Log> {
        let mut log = Log { table: table.to_path_buf(), commits: BTreeSet::new(), checkpoints: BTreeMap::new(), temporary: vec![] };
        let directory = directory(table);
        let entries = match fs::read_dir(&directory) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(log),
            other => other.map_err(|e| Error::new(IO, format!("{}: {e}", directory.display())))?,
        };
        for entry in entries {
            let path = entry.map_err(|e| Error::new(IO, format!("{}: {e}", directory.display())))?.path();
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            if is_temporary(name) {
                log.temporary.push(path);
                continue;
            }
            let Some((number, rest)) = name.split_once('.') else { continue };
            let Some(version) = (number.len() == 20).then(|| number.parse().ok()).flatten() else { continue };
            if rest == "json" {
                log.commits.insert(version);
            } else if rest.starts_with("checkpoint.") {
                log.checkpoints.insert(version, path);
            }
        }
        Ok(log)
    }

    /// What writers left that were killed before their commit had its name, which takes moments; so what is older than that is nobody's.
    pub fn leftovers(&self, older_than: Duration) -> impl Iterator<Item = &PathBuf> {
        let before = SystemTime::now().checked_sub(older_than);
        self.temporary.iter().filter(move |p| fs::metadata(p).and_then(|m| m.modified()).is_ok_and(|t| before.is_some_and(|b| t <= b)))
    }

    pub fn latest(&self) -> Option<i64> {
        self.commits.last().max(self.checkpoints.keys().last()).copied()
    }

    /// The versions that can be opened, in runs: each from the first commit, or a checkpoint, by commits without a gap.
    pub fn versions(&self) -> Vec<RangeInclusive<i64>> {
        let mut runs: Vec<RangeInclusive<i64>> = vec![];
        for version in self.commits.iter().chain(self.checkpoints.keys()).copied().collect::<BTreeSet<_>>() {
            match runs.last_mut() {
                Some(run) if *run.end() == version - 1 && self.commits.contains(&version) => *run = *run.start()..=version,
                _ if version == 0 || self.checkpoints.contains_key(&version) => runs.push(version..=version),
                _ => {}
            }
        }
        runs
    }

    /// BF_ENGINE_NOT_FOUND, with the versions that there are.
    pub fn require(&self, version: i64) -> Result<()> {
        let runs = self.versions();
        if runs.iter().any(|r| r.contains(&version)) {
            return Ok(());
        }
        let table = self.table.display();
        if self.commits.contains(&version) {
            let gap = (0..version).rev().find(|v| !self.commits.contains(v)).unwrap_or(0);
            return Err(Error::new(IO, format!("{table}: version {version} needs version {gap}, which is missing in _delta_log; {}", say(&runs))));
        }
        Err(Error::new(NOT_FOUND, format!("{table}: there is no version {version}, {}", say(&runs))))
    }

    /// The first thing in the log of a version that is not what it has to be; looked for when delta-rs could not read it.
    pub fn fault(&self, version: i64) -> Option<String> {
        let newest = self.checkpoints.range(..=version).next_back();
        if let Some((_, path)) = newest.filter(|(_, p)| p.extension().is_some_and(|e| e == "parquet")) {
            match crate::parquet::footer(&path.display().to_string()) {
                Err(e) => return Some(format!("{}: {}", path.display(), e.text())),
                Ok(f) if f.schema.field_with_name("add").is_err() => return Some(format!("{}: it is no checkpoint", path.display())),
                Ok(_) => {}
            }
        }
        self.commits.range(newest.map_or(0, |(v, _)| v + 1)..=version).find_map(|version| {
            let path = commit_path(&self.table, *version);
            let bytes = match fs::read(&path) {
                Err(e) => return Some(format!("{}: {e}", path.display())),
                Ok(bytes) if bytes.is_empty() => return Some(format!("{}: it is empty", path.display())),
                Ok(bytes) => bytes,
            };
            String::from_utf8_lossy(&bytes).lines().enumerate().find_map(|(i, line)| {
                let e = serde_json::from_str::<Map<String, Value>>(line).err()?;
                Some(format!("{}, line {}: {e}", path.display(), i + 1))
            })
        })
    }

    /// The last version that is not after a time.
    pub fn version_at(&self, timestamp_ms: i64) -> Result<i64> {
        let runs = self.versions();
        let mut oldest = None;
        for version in runs.iter().rev().flat_map(|r| r.clone().rev()) {
            let info = self.info(version)?;
            if info.timestamp_ms <= timestamp_ms {
                return Ok(version);
            }
            oldest = Some(info);
        }
        let oldest = oldest.map_or(say(&runs), |i| format!("version {}, the oldest, is of {}", i.version, date(i.timestamp_ms)));
        Err(Error::new(NOT_FOUND, format!("{}: there is no version of {} or before; {oldest}", self.table.display(), date(timestamp_ms))))
    }

    /// The commits, the newest first.
    pub fn history(&self) -> impl Iterator<Item = Result<Info>> {
        self.commits.iter().rev().map(|v| self.info(*v))
    }

    pub fn info(&self, version: i64) -> Result<Info> {
        let path = commit_path(&self.table, version);
        let fault = |e: &dyn std::fmt::Display| Error::new(IO, format!("{}: {e}", path.display()));
        if !self.commits.contains(&version) {
            let checkpoint = self.checkpoints.get(&version).ok_or_else(|| fault(&"no such commit"))?;
            let timestamp_ms = mtime_ms(checkpoint).map_err(|e| fault(&e))?; // the commit is gone: it was cleaned up
            return Ok(Info { version, timestamp_ms, fields: Map::new() });
        }
        let text = fs::read_to_string(&path).map_err(|e| fault(&e))?;
        let mut fields = Map::new();
        for line in text.lines().filter(|l| l.contains("\"commitInfo\"")) {
            let action: Value = serde_json::from_str(line).map_err(|e| fault(&e))?;
            if let Some(Value::Object(info)) = action.get("commitInfo") {
                fields = info.clone();
                break;
            }
        }
        let said = ["inCommitTimestamp", "timestamp"].iter().find_map(|k| fields.get(*k).and_then(Value::as_i64));
        let timestamp_ms = said.map_or_else(|| mtime_ms(&path).map_err(|e| fault(&e)), Ok)?;
        Ok(Info { version, timestamp_ms, fields })
    }
}

fn say(runs: &[RangeInclusive<i64>]) -> String {
    if runs.is_empty() {
        return "there is none that can be opened".to_string();
    }
    let run = |r: &RangeInclusive<i64>| if r.start() == r.end() { r.start().to_string() } else { format!("{} to {}", r.start(), r.end()) };
    format!("there are {}", runs.iter().map(run).collect::<Vec<_>>().join(", "))
}

pub fn date(timestamp_ms: i64) -> String {
    DateTime::from_timestamp_millis(timestamp_ms).map_or_else(|| timestamp_ms.to_string(), |d| d.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// Appends a version whole, or not at all. `id` is in the text and in no other; it tells what happened when the disk does not.
pub fn append(table: &Path, version: i64, text: &str, id: &str) -> Result<()> {
    let path = commit_path(table, version);
    let Err(failed) = put_new(&path, text.as_bytes()) else { return Ok(()) };
    match fs::read(&path) {
        Ok(found) if found.windows(id.len()).any(|w| w == id.as_bytes()) => Ok(()),
        Ok(_) => Err(Error::new(CONFLICT, format!("{}: somebody else committed version {version}", table.display()))),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::new(IO, format!("{}: {failed}; nothing was committed", path.display()))),
        Err(e) => Err(Error::new(IO, format!("{}: {failed}; whether it was committed is not known: {e}", path.display()))),
    }
}
