//! A DataFusion session: settings, tables over Parquet files, SQL to a stream.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchReader};
use datafusion::catalog::TableProvider;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::{SessionConfig, SessionContext, col};
use futures::StreamExt;
use url::Url;

use crate::delta_table::Table;
use crate::error::{Error, INVALID, Result};
use crate::files_table::FilesTable;
use crate::narrow;
use crate::pool::Pool;
use crate::statement;
use crate::store::{Counters, CountingStore};
use crate::watch::Workers;

pub struct Engine {
    workers: Arc<Workers>, // dropped first: what runs on them uses the rest
    context: SessionContext,
    store: Arc<CountingStore>,
}

impl Engine {
    pub fn open(settings: &[(String, String)]) -> Result<Engine> {
        let most = |key: &str| settings.iter().find(|(k, _)| k == key).map(|(_, v)| bytes(key, v)).transpose();
        let mut config = SessionConfig::new().with_information_schema(true).with_option_extension(narrow::Options::default());
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(n) = most(POOL)? {
            runtime = runtime.with_memory_pool(Arc::new(Pool::new(n)));
            let kept = &mut config.options_mut().execution.sort_spill_reservation_bytes;
            *kept = n.div_ceil(64).min(*kept); // by each sort, for merging
        }
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime.build_arc()?)
            .with_default_features()
            .with_query_planner(Arc::new(narrow::Planner))
            .with_optimizer_rules(narrow::optimizer_rules());
        let state = narrow::physical_optimizer_rules().fold(state, |state, rule| state.with_physical_optimizer_rule(rule));
        let context = SessionContext::new_with_state(state.build());
        let store = Arc::new(CountingStore::default());
        context.register_object_store(&Url::parse("file://").expect("a constant"), store.clone());
        let engine = Engine { workers: Arc::new(Workers::new(most(PROCESS)?)?), context, store };
        for (key, value) in settings.iter().filter(|(k, _)| k != POOL && k != PROCESS) {
            // SET knows both the session's options and the runtime's, and names the key it does not know
            let sql = format!("SET {key} = '{}'", value.replace('\'', "''"));
            engine.run(&sql).map_err(|e| e.with_code(INVALID))?;
        }
        Ok(engine)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.workers.handle().block_on(async { self.context.sql(sql).await?.collect().await })?;
        Ok(())
    }

    pub fn interrupt(&self, interrupted: bool) {
        self.workers.interrupt(interrupted);
    }

    pub fn register_parquet(&self, name: &str, schema: SchemaRef, paths: &[String], options: &HashMap<String, String>) -> Result<()> {
        let partition_cols = list(options, "partition_cols").map(partition_column).collect::<Result<Vec<_>>>()?;
        let order = sort_order(options);
        let mut listing = ListingOptions::new(Arc::new(self.parquet_format()))
            .with_file_extension(options.get("file_extension").map_or(".parquet", String::as_str))
            .with_table_partition_cols(partition_cols);
        if !order.is_empty() {
            listing = listing.with_file_sort_order(vec![order]);
        }
        let urls = paths.iter().map(|p| table_url(p)).collect::<Result<Vec<_>>>()?;
        let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(listing).with_schema(schema);
        let table = ListingTable::try_new(config)?;
        let table = table.with_cache(self.context.runtime_env().cache_manager.get_file_statistic_cache());
        self.register(name, Arc::new(table))
    }

    pub fn register_delta(&self, name: &str, table: &Table, schema: SchemaRef, options: &HashMap<String, String>) -> Result<()> {
        table.refuse_what_is_not_plain()?;
        table.require_files()?;
        self.register(name, Arc::new(FilesTable::new(table, schema, sort_order(options), self.parquet_format())?))
    }

    /// In place of one of that name.
    fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, Arc::new(narrow::Table::new(table)))?;
        Ok(())
    }

    fn parquet_format(&self) -> ParquetFormat {
        let global = self.context.state().config_options().execution.parquet.clone();
        ParquetFormat::default().with_options(TableParquetOptions { global, ..Default::default() })
    }

    pub fn query(&self, sql: &str, read_only: bool) -> Result<Reader> {
        let (context, sql) = (self.context.clone(), sql.to_string());
        let stream = self.workers.run(async move {
            let plan = statement::plan(&context.state(), &sql, read_only).await?;
            Ok(context.execute_logical_plan(plan).await?.execute_stream().await?)
        })?;
        Ok(Reader { workers: self.workers.clone(), schema: stream.schema(), stream: Some(stream) })
    }

    /// (name, value) of every option, as the session and its runtime report them; sorted by name.
    pub fn settings(&self) -> Result<RecordBatch> {
        let state = self.context.state();
        let mut entries = state.config_options().entries();
        entries.extend(state.runtime_env().config_entries());
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let names: StringArray = entries.iter().map(|e| Some(e.key.as_str())).collect();
        let values: StringArray = entries.iter().map(|e| e.value.as_deref()).collect();
        let columns: [(_, ArrayRef); 2] = [("name", Arc::new(names)), ("value", Arc::new(values))];
        Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, n == "value")))?)
    }

    /// (catalog, schema, name) of every table that a statement refers to; what it defines itself (WITH) is none.
    pub fn table_names(&self, sql: &str) -> Result<RecordBatch> {
        let (state, sql) = (self.context.state(), sql.to_string());
        let names = self.workers.run(async move { Ok(state.resolve_table_references(&statement::parse(&state, &sql)?)?) })?;
        let catalogs: StringArray = names.iter().map(|n| n.catalog()).collect();
        let schemas: StringArray = names.iter().map(|n| n.schema()).collect();
        let tables: StringArray = names.iter().map(|n| Some(n.table())).collect();
        let columns: [(_, ArrayRef); 3] = [("catalog", Arc::new(catalogs)), ("schema", Arc::new(schemas)), ("name", Arc::new(tables))];
        Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, n != "name")))?)
    }

    pub fn counters(&self) -> Counters {
        self.store.counters()
    }

    pub fn describe(&self, sql: &str) -> Result<SchemaRef> {
        let (state, sql) = (self.context.state(), sql.to_string());
        self.workers.run(async move {
            let plan = statement::plan(&state, &sql, true).await?;
            Ok(state.optimize(&plan)?.schema().inner().clone())
        })
    }
}

/// "a,b" as "a" and "b"
fn list<'a>(options: &'a HashMap<String, String>, key: &str) -> impl Iterator<Item = &'a str> {
    options.get(key).map_or("", String::as_str).split(',').filter(|s| !s.is_empty())
}

/// Ascending, nulls last.
fn sort_order(options: &HashMap<String, String>) -> Vec<SortExpr> {
    list(options, "file_sort_order").map(|c| col(format!("\"{c}\"")).sort(true, false)).collect()
}

/// What the pool of a session holds at most, and what its process grows by at most.
const POOL: &str = "datafusion.runtime.memory_limit";
const PROCESS: &str = "bytefusion.memory_limit";

fn bytes(key: &str, value: &str) -> Result<usize> {
    SessionContext::parse_capacity_limit(key, value).map_err(|e| Error::from(e).with_code(INVALID))
}

/// "repo:utf8"
fn partition_column(text: &str) -> Result<(String, DataType)> {
    let (name, kind) = text.split_once(':').unwrap_or((text, "utf8"));
    let kind = match kind {
        "utf8" => DataType::Utf8,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "date32" => DataType::Date32,
        _ => return Err(Error::new(INVALID, format!("partition column {name}: no type {kind}; known are utf8, int32, int64, date32"))),
    };
    Ok((name.to_string(), kind))
}

/// A file or a directory, whatever its name holds: no globs, no URL syntax.
fn table_url(path: &str) -> Result<ListingTableUrl> {
    let path = std::fs::canonicalize(path)?; // ListingTable takes no ".."
    let url = if path.is_dir() { Url::from_directory_path(&path) } else { Url::from_file_path(&path) };
    let url = url.map_err(|()| Error::new(INVALID, format!("{}: cannot be written as a URL", path.display())))?;
    Ok(ListingTableUrl::try_new(url, None)?)
}

/// Rows as they are made. Holds the threads that make them, so that it may outlive the engine.
pub struct Reader {
    workers: Arc<Workers>,
    schema: SchemaRef,
    stream: Option<SendableRecordBatchStream>,
}

impl Iterator for Reader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.stream.take()?;
        let next = self.workers.run(async move {
            let batch = stream.next().await.transpose()?; // at the end, and where it fails, the stream is dropped here
            Ok(batch.map(|b| (b, stream)))
        });
        match next {
            Ok(Some((batch, stream))) => {
                self.stream = Some(stream);
                Some(Ok(batch))
            }
            Ok(None) => None,
            Err(e) => Some(Err(ArrowError::ExternalError(e.text().into()))),
        }
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.workers.discard(stream);
        }
    }
}
