//! A change of a Delta table as one commit: what is read, what is put into the log, and that it is there once.
//!
//! The protocol stays as it is, reader 1 and writer 2 for a table of ours. delta-rs would rebase a commit onto one that came
//! between; here it ends as a conflict, since what is added depends on what was read.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::basic::LogicalType;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use datafusion::parquet::file::statistics::Statistics;
use deltalake_core::kernel::engine::arrow_conversion::TryFromArrow;
use deltalake_core::kernel::{Metadata, StructType, new_metadata};
use serde_json::{Map, Value, json};

use crate::delta_log::{Log, append, mtime_ms};
use crate::delta_table::Table;
use crate::error::{CONFLICT, EXECUTE, Error, INVALID, IO, Result};
use crate::parts::open;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub struct Change {
    pub before: Option<Table>, // what it was computed from; none: there is no table
    pub operation: String,
    pub data_change: bool,
    pub parameters: Vec<(String, String)>,
    pub adds: Vec<Add>,
    pub removes: Vec<String>,
    pub shape: Option<Shape>,
}

pub struct Add {
    pub name: String,
    pub values: Vec<Option<String>>,
}

/// Of a table that is made, or made anew.
pub struct Shape {
    pub schema: Schema,
    pub partition_cols: Vec<String>,
    pub properties: Vec<(String, String)>,
}

/// Gives the version.
pub fn commit(path: &str, change: &Change) -> Result<i64> {
    let table = change.before.as_ref();
    let (root, version) = table.map_or((Path::new(path), 0), |t| (&t.root, t.version + 1));
    let log = Log::read(root)?;
    if log.latest().is_some_and(|latest| latest >= version) {
        return Err(Error::new(CONFLICT, format!("{path}: somebody else committed version {version}")));
    }
    let now = Utc::now().timestamp_millis();
    let mut actions = vec![];
    let metadata = match (&change.shape, table) {
        (None, None) => return Err(Error::new(INVALID, format!("{path}: a new table needs a schema"))),
        (None, Some(table)) => table.metadata().clone(),
        (Some(shape), old) => {
            let metadata = shape.metadata(old.map(Table::metadata))?;
            if old.is_none() {
                actions.push(json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}));
            }
            actions.push(json!({"metaData": to_json(&metadata)?}));
            metadata
        }
    };
    if let Some(table) = table {
        refuse_what_we_cannot_keep(table, change)?;
        actions.extend(removes(table, change, now)?);
    }
    let schema = metadata.parse_schema().map_err(|e| Error::new(EXECUTE, e.to_string()))?;
    let rules = Rules {
        partition_cols: metadata.partition_columns(),
        required: schema.fields().filter(|f| !f.is_nullable()).map(|f| f.name().as_str()).collect(),
    };
    let adds = change.adds.iter().map(|add| add.action(root, &rules, change.data_change)).collect::<Result<Vec<_>>>()?;
    let id = uuid::Uuid::new_v4().to_string();
    let mut info = json!({
        "timestamp": now,
        "operation": change.operation,
        "operationParameters": change.parameters.iter().cloned().collect::<HashMap<_, _>>(),
        "operationMetrics": metrics(&adds, change.removes.len()),
        "isBlindAppend": false,
        "engineInfo": concat!("bytefusion/", env!("CARGO_PKG_VERSION")),
        "txnId": id,
    });
    if let Some(table) = table {
        info["readVersion"] = table.version.into(); // readers take no number below 0
    }
    actions.insert(0, json!({ "commitInfo": info }));
    actions.extend(adds.into_iter().map(|add| json!({ "add": add })));
    let text = actions.iter().map(|a| a.to_string() + "\n").collect::<String>();
    append(root, version, &text, &id)?;
    for left in log.leftovers(DAY) {
        let _ = std::fs::remove_file(left);
    }
    if version > 0 && version % interval(&metadata) == 0 {
        let _ = std::panic::catch_unwind(|| checkpoint(path, version)); // the commit is in the log, with it or without
    }
    Ok(version)
}

/// Of checkpoints.
fn interval(metadata: &Metadata) -> i64 {
    metadata.configuration().get("delta.checkpointInterval").and_then(|v| v.parse().ok()).filter(|n| *n > 0).unwrap_or(10)
}

fn checkpoint(path: &str, version: i64) -> Result<()> {
    Table::open(path, &[("version".to_string(), version.to_string())])?.checkpoint()
}

fn to_json(value: &Metadata) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::new(EXECUTE, e.to_string()))
}

impl Shape {
    fn metadata(&self, old: Option<&Metadata>) -> Result<Metadata> {
        for field in self.schema.fields() {
            refuse_types(field, field.name())?;
        }
        for column in &self.partition_cols {
            self.schema.field_with_name(column).map_err(|_| Error::new(INVALID, format!("partition column {column} is no column")))?;
        }
        let schema = StructType::try_from_arrow(&self.schema)?;
        // what delta-rs and others need to know of an old table stays
        let kept = old.iter().flat_map(|m| m.configuration().iter()).filter(|(k, _)| k.starts_with("delta."));
        let mut properties = kept.map(|(k, v)| (k.clone(), v.clone())).collect::<HashMap<_, _>>();
        properties.extend(self.properties.iter().cloned());
        let new = new_metadata(&schema, &self.partition_cols, properties).map_err(|e| Error::new(EXECUTE, e.to_string()))?;
        let Some(old) = old else { return Ok(new) };
        let (mut new, old) = (to_json(&new)?, to_json(old)?);
        for same in ["id", "name", "description", "createdTime"] {
            new[same] = old[same].clone();
        }
        serde_json::from_value(new).map_err(|e| Error::new(EXECUTE, e.to_string()))
    }
}

/// Types that Delta Lake lacks, or that would raise the protocol. delta-rs would take some of them as others.
fn refuse_types(field: &Field, path: &str) -> Result<()> {
    let below = |f: &Field| refuse_types(f, &format!("{path}.{}", f.name()));
    match field.data_type() {
        DataType::Struct(children) => children.iter().try_for_each(|c| below(c)),
        DataType::List(item) => refuse_types(item, &format!("{path}[]")),
        DataType::Map(entries, _) => below(entries),
        DataType::Utf8 | DataType::Utf8View | DataType::Boolean | DataType::Binary | DataType::Date32 => Ok(()),
        kind if kind.is_signed_integer() || matches!(kind, DataType::Float32 | DataType::Float64) => Ok(()),
        kind => Err(Error::new(INVALID, format!("{path}: Delta Lake has no {kind} that every reader knows"))),
    }
}

/// A table of somebody else's may ask more of a writer than we do.
fn refuse_what_we_cannot_keep(table: &Table, change: &Change) -> Result<()> {
    let protocol = table.protocol();
    let root = table.root.display();
    table.refuse_what_is_not_plain()?;
    if protocol.min_writer_version() > 2 {
        let features = protocol.writer_features().unwrap_or_default().iter().map(|f| f.to_string()).collect::<Vec<_>>();
        let features = if features.is_empty() { "none named".to_string() } else { features.join(", ") };
        let text = format!("{root}: the table asks for writer version {} (features: {features}); only version 2 is written", protocol.min_writer_version());
        return Err(Error::new(INVALID, text));
    }
    if table.metadata().schema_string().contains("\"delta.invariants\"") {
        return Err(Error::new(INVALID, format!("{root}: the table has invariants, which are not checked here, so nothing is written")));
    }
    let append_only = table.metadata().configuration().get("delta.appendOnly").is_some_and(|v| v == "true");
    if append_only && change.data_change && !change.removes.is_empty() {
        return Err(Error::new(INVALID, format!("{root}: the table is append-only (delta.appendOnly), and the change removes files")));
    }
    Ok(())
}

fn removes(table: &Table, change: &Change, now: i64) -> Result<Vec<Value>> {
    let files = table.files.iter().map(|f| (f.name.as_str(), f)).collect::<HashMap<_, _>>();
    if let Some(add) = change.adds.iter().find(|a| files.contains_key(a.name.as_str())) {
        return Err(Error::new(INVALID, format!("{}: {} is in version {} already", table.root.display(), add.name, table.version)));
    }
    let columns = table.metadata().partition_columns();
    let remove = |name: &String| {
        let file = files.get(name.as_str());
        let file = file.ok_or_else(|| Error::new(INVALID, format!("{}: no file {name} in version {}", table.root.display(), table.version)))?;
        Ok(json!({"remove": {
            "path": file.raw,
            "deletionTimestamp": now,
            "dataChange": change.data_change,
            "extendedFileMetadata": true,
            "partitionValues": columns.iter().zip(&file.values).collect::<HashMap<_, _>>(),
            "size": file.size_bytes,
        }}))
    };
    change.removes.iter().map(remove).collect()
}

/// What the table asks of a file.
struct Rules<'a> {
    partition_cols: &'a [String],
    required: Vec<&'a str>, // columns without nulls
}

impl Add {
    fn action(&self, root: &Path, rules: &Rules, data_change: bool) -> Result<Value> {
        let partition_cols = rules.partition_cols;
        let path = root.join(&self.name);
        let shown = path.display().to_string();
        if self.values.len() != partition_cols.len() {
            return Err(Error::new(INVALID, format!("{shown}: {} partition values for {} columns", self.values.len(), partition_cols.len())));
        }
        if self.values.iter().any(|v| v.as_deref() == Some("")) {
            return Err(Error::new(INVALID, format!("{shown}: an empty partition value reads back as null in Delta Lake")));
        }
        let (file, footer) = open(&shown, ArrowReaderOptions::new())?;
        let fault = |e: std::io::Error| Error::new(IO, format!("{shown}: {e}"));
        let statistics = statistics(footer.metadata());
        for column in &rules.required {
            if let Some(n) = statistics["nullCount"][column].as_u64().filter(|n| *n > 0) {
                return Err(Error::new(INVALID, format!("{shown}: {n} nulls in {column}, which is not null")));
            }
        }
        Ok(json!({
            "path": encode(&self.name),
            "partitionValues": partition_cols.iter().zip(&self.values).collect::<HashMap<_, _>>(),
            "size": file.metadata().map_err(fault)?.len(),
            "modificationTime": mtime_ms(&path).map_err(fault)?,
            "dataChange": data_change,
            "stats": statistics.to_string(),
        }))
    }
}

/// A path as a URI has it, escaped as java.net.URI does it: Spark's VACUUM compares the texts of paths, and removes a file whose name it
/// would have escaped in another way.
fn encode(name: &str) -> String {
    let plain = |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() || "-_.!~*'(),;:$&+=@/".contains(c) } else { !c.is_control() && !c.is_whitespace() };
    let escape = |c: char| c.to_string().bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    name.chars().map(|c| if plain(c) { c.to_string() } else { escape(c) }).collect()
}

fn metrics(adds: &[Value], n_removed: usize) -> Value {
    let stats = |add: &Value| add["stats"].as_str().and_then(|s| serde_json::from_str::<Value>(s).ok());
    let rows = adds.iter().filter_map(|a| stats(a)?["numRecords"].as_i64()).sum::<i64>();
    let bytes = adds.iter().filter_map(|a| a["size"].as_i64()).sum::<i64>();
    json!({
        "numFiles": adds.len().to_string(),
        "numOutputRows": rows.to_string(),
        "numOutputBytes": bytes.to_string(),
        "numRemovedFiles": n_removed.to_string(),
    })
}

/// Of the columns that are no list and no struct. Least and greatest values may be cut, which leaves them bounds.
fn statistics(metadata: &ParquetMetaData) -> Value {
    let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (i, column) in metadata.file_metadata().schema_descr().columns().iter().enumerate() {
        let [name] = column.path().parts() else { continue };
        let chunks = metadata.row_groups().iter().map(|g| g.column(i)).filter(|c| c.num_values() > 0).collect::<Vec<_>>();
        if let Some(n) = chunks.iter().map(|c| c.statistics()?.null_count_opt()).sum::<Option<u64>>() {
            nulls.insert(name.clone(), json!(n));
        }
        if let Some(bounds) = chunks.iter().map(|c| bounds(c)).collect::<Option<Vec<_>>>().filter(|b| !b.is_empty()) {
            let (min, max): (Vec<_>, Vec<_>) = bounds.into_iter().unzip();
            least.extend(min.into_iter().min().map(|b| (name.clone(), b.into())));
            greatest.extend(max.into_iter().max().map(|b| (name.clone(), b.into())));
        }
    }
    json!({"numRecords": metadata.file_metadata().num_rows(), "minValues": least, "maxValues": greatest, "nullCount": nulls})
}

/// In the order of the column's values.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Int(i64),
    Text(String),
}

impl From<Bound> for Value {
    fn from(bound: Bound) -> Value {
        match bound {
            Bound::Int(n) => n.into(),
            Bound::Text(s) => s.into(),
        }
    }
}

fn bounds(chunk: &ColumnChunkMetaData) -> Option<(Bound, Bound)> {
    let statistics = chunk.statistics()?;
    let text = |b: &[u8]| Some(Bound::Text(std::str::from_utf8(b).ok()?.to_string()));
    match (statistics, chunk.column_descr().logical_type_ref()) {
        (Statistics::ByteArray(_), Some(LogicalType::String)) => {
            Some((text(statistics.min_bytes_opt()?)?, text(statistics.max_bytes_opt()?)?))
        }
        (Statistics::Int32(s), None) => Some((Bound::Int((*s.min_opt()?).into()), Bound::Int((*s.max_opt()?).into()))),
        (Statistics::Int64(s), None) => Some((Bound::Int(*s.min_opt()?), Bound::Int(*s.max_opt()?))),
        _ => None,
    }
}
