//! A table over Parquet files that a log lists, in place of a directory: what a partition value or a statistic of the log excludes
//! is not opened.
//!
//! It scans as ListingTable does, by a plain DataSourceExec over a ParquetSource with the file schema that it was given, so that
//! whoever narrows that of a ListingTable's scan narrows this one's in the same way. The log is trusted for what to leave out and for
//! nothing else: counts and order come from the footers, and only with collect_statistics.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, ScalarValue, Statistics, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, SortExpr, TableProviderFilterPushDown};
use datafusion::physical_expr::create_lex_ordering;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;
use object_store::path::Path;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::delta_table::{DataFile, Table};
use crate::error::{Error, INVALID};
use crate::require::Requiring;

#[derive(Debug)]
pub struct FilesTable {
    schema: TableSchema,
    files: Vec<File>,
    order: Vec<SortExpr>,
    format: ParquetFormat,
}

#[derive(Debug)]
struct File {
    scanned: PartitionedFile, // with its partition values
    said: Said,
    footer: OnceCell<Arc<Statistics>>, // a file never changes
}

/// What the log says of a file.
#[derive(Debug, Default)]
pub struct Said {
    pub rows: Option<u64>,
    pub least: HashMap<String, ScalarValue>,
    pub greatest: HashMap<String, ScalarValue>,
    pub nulls: HashMap<String, u64>,
}

impl FilesTable {
    /// `schema`: partition columns last, in the table's order.
    pub fn new(table: &Table, schema: SchemaRef, order: Vec<SortExpr>, format: ParquetFormat) -> crate::error::Result<FilesTable> {
        let names = table.metadata().partition_columns();
        let n_columns = schema.fields().len().saturating_sub(names.len());
        let (columns, partitions) = schema.fields().split_at(n_columns);
        if !partitions.iter().map(|f| f.name()).eq(names) {
            return Err(Error::new(INVALID, format!("the last columns are to be the partition columns: {}", names.join(", "))));
        }
        let file_schema = Arc::new(Schema::new_with_metadata(columns.to_vec(), schema.metadata().clone()));
        let files = table.files.iter().map(|f| File::new(f, &file_schema, partitions)).collect::<crate::error::Result<_>>()?;
        let schema = TableSchema::builder(file_schema).with_table_partition_cols(partitions.to_vec()).build();
        Ok(FilesTable { schema, files, order, format })
    }

    fn is_by_partition(&self, filter: &Expr) -> bool {
        let names = self.schema.table_partition_cols().iter().map(|f| f.name().as_str()).collect::<Vec<_>>();
        !names.is_empty() && expr_applicable_for_cols(&names, filter)
    }

    /// The files in which a row may meet all filters.
    fn pruned(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<&File>> {
        let (by_partition, others): (Vec<_>, Vec<_>) = filters.iter().cloned().partition(|f| self.is_by_partition(f));
        let mut kept = self.files.iter().collect::<Vec<_>>();
        if let (Some(filter), false) = (conjunction(by_partition), kept.is_empty()) {
            let schema = Schema::new(self.schema.table_partition_cols().clone());
            let column = |i: usize| ScalarValue::iter_to_array(self.files.iter().map(|f| f.scanned.partition_values[i].clone()));
            let columns = (0..schema.fields().len()).map(column).collect::<Result<Vec<_>>>()?;
            let batch = RecordBatch::try_new(Arc::new(schema), columns)?;
            let filter = session.create_physical_expr(filter, &DFSchema::try_from(batch.schema())?)?;
            keep(&mut kept, filter.evaluate(&batch)?.into_array(batch.num_rows())?.as_boolean());
        }
        // what cannot be decided from statistics keeps its files
        if let Some(filter) = conjunction(others) {
            let filter = session.create_physical_expr(filter, &DFSchema::try_from(self.schema())?)?;
            if let Some(predicate) = PruningPredicateBuilder::new().with_file_schema(self.schema()).build(filter)
                && let Ok(may_match) = predicate.prune(&Containers { schema: &self.schema, files: &kept })
            {
                keep(&mut kept, &BooleanArray::from(may_match));
            }
        }
        Ok(kept)
    }

    /// Of the footer where statistics are collected, over all columns of the table.
    async fn statistics(&self, session: &dyn Session, file: &File) -> Result<Arc<Statistics>> {
        let read = || async {
            let store = session.runtime_env().object_store(file_system())?;
            let columns = self.schema.file_schema().clone();
            let mut statistics = self.format.infer_stats(session, &store, columns, &file.scanned.object_meta).await?;
            for value in &file.scanned.partition_values {
                statistics.column_statistics.push(ColumnStatistics {
                    null_count: if value.is_null() { statistics.num_rows } else { Precision::Exact(0) },
                    min_value: Precision::Exact(value.clone()),
                    max_value: Precision::Exact(value.clone()),
                    ..ColumnStatistics::new_unknown()
                });
            }
            Ok(Arc::new(statistics))
        };
        file.footer.get_or_try_init(read).await.cloned()
    }

    async fn scanned(&self, session: &dyn Session, files: Vec<&File>, limit: Option<usize>) -> Result<(Vec<PartitionedFile>, Statistics)> {
        let collect = session.config().collect_statistics();
        let mut scanned = vec![];
        let mut rows = 0;
        for file in &files {
            let mut scan = file.scanned.clone();
            if collect {
                let statistics = self.statistics(session, file).await?;
                rows += statistics.num_rows.get_value().copied().unwrap_or(0);
                scan.statistics = Some(statistics);
            } else {
                scan.statistics = Some(Arc::new(Statistics::new_unknown(&self.schema())));
            }
            scanned.push(scan);
            if limit.is_some_and(|limit| rows > limit) {
                break;
            }
        }
        if !collect {
            return Ok((scanned, Statistics::new_unknown(&self.schema())));
        }
        let all = Statistics::try_merge_iter(scanned.iter().filter_map(|f| f.statistics.as_deref()), &self.schema())?;
        let all = if scanned.len() < files.len() { all.to_inexact() } else { all };
        Ok((scanned, all))
    }
}

fn file_system() -> ObjectStoreUrl {
    ObjectStoreUrl::local_filesystem()
}

fn keep(files: &mut Vec<&File>, which: &BooleanArray) {
    let mut which = which.iter().map(|keep| keep == Some(true));
    files.retain(|_| which.next() == Some(true));
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let exact = |f: &&Expr| if self.is_by_partition(f) { TableProviderFilterPushDown::Exact } else { TableProviderFilterPushDown::Inexact };
        Ok(filters.iter().map(exact).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.pruned(session, filters)?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }
        let all_rows_count = filters.iter().all(|f| self.is_by_partition(f));
        let (files, statistics) = self.scanned(session, files, limit.filter(|_| all_rows_count)).await?;
        let n_groups = session.config().target_partitions();
        let mut groups = FileGroup::new(files).split_files(n_groups);
        let order = if self.order.is_empty() { vec![] } else { vec![self.order.clone()] };
        let order = create_lex_ordering(&self.schema(), &order, session.execution_props())?;
        if let (Some(order), true) = (order.first(), session.config_options().execution.split_file_groups_by_statistics) {
            let split = FileScanConfig::split_groups_by_statistics_with_target_partitions(&self.schema(), &groups, order, n_groups);
            groups = split.ok().filter(|s| s.len() <= n_groups).unwrap_or(groups);
        }
        let source = self.format.file_source(self.schema.clone());
        let config = FileScanConfigBuilder::new(file_system(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_output_ordering(order)
            .with_expr_adapter(Some(Arc::new(Requiring)))
            .build();
        self.format.create_physical_plan(session, config).await
    }
}

impl File {
    fn new(file: &DataFile, columns: &Schema, partitions: &[Arc<Field>]) -> crate::error::Result<File> {
        let fault = |e: &dyn std::fmt::Display| Error::new(INVALID, format!("{}: {e}", file.path.display()));
        let value = |(field, value): (&Arc<Field>, &Option<String>)| match value.as_deref().filter(|v| !v.is_empty()) {
            Some(text) => ScalarValue::try_from_string(text.to_string(), field.data_type()).map_err(|e| fault(&e)),
            None if field.is_nullable() => ScalarValue::try_new_null(field.data_type()).map_err(|e| fault(&e)),
            None => Err(fault(&format!("its partition value of {} is null, and the column is not null", field.name()))),
        };
        let meta = ObjectMeta {
            location: Path::from_absolute_path(&file.path).map_err(|e| fault(&e))?,
            last_modified: DateTime::from_timestamp_millis(file.mtime_ms).unwrap_or_default(),
            size: file.size_bytes as u64,
            e_tag: None,
            version: None,
        };
        let mut scanned = PartitionedFile::from(meta);
        scanned.partition_values = partitions.iter().zip(&file.values).map(value).collect::<crate::error::Result<_>>()?;
        Ok(File { scanned, said: Said::new(file, columns), footer: OnceCell::new() })
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

impl Said {
    /// Of texts and signed integers; of other types the log's form is not the value's. statistics.rs holds each of these against the rows.
    pub fn new(file: &DataFile, columns: &Schema) -> Said {
        let Some(stats) = file.stats.as_ref().and_then(|s| serde_json::from_str::<Value>(s).ok()) else { return Said::default() };
        let kind_of = |name: &str| columns.field_with_name(name).ok().map(Field::data_type).filter(|kind| is_text(kind) || kind.is_signed_integer());
        let empty = Map::new();
        let part = |name: &str| stats.get(name).and_then(Value::as_object).unwrap_or(&empty);
        let values = |name: &str| {
            let value = |(column, value): (&String, &Value)| {
                let kind = kind_of(column)?;
                let text = match value {
                    Value::String(text) if is_text(kind) => text.clone(),
                    Value::Number(number) if kind.is_signed_integer() => number.to_string(),
                    _ => return None,
                };
                Some((column.clone(), ScalarValue::try_from_string(text, kind).ok()?))
            };
            part(name).iter().filter_map(value).collect()
        };
        Said {
            rows: stats.get("numRecords").and_then(Value::as_u64),
            least: values("minValues"),
            greatest: values("maxValues"),
            nulls: part("nullCount").iter().filter_map(|(c, n)| kind_of(c).and(n.as_u64()).map(|n| (c.clone(), n))).collect(),
        }
    }
}

/// Files as what PruningPredicate chooses among. The least and the greatest partition value of a file are the one that it has.
struct Containers<'a> {
    schema: &'a TableSchema,
    files: &'a [&'a File],
}

impl Containers<'_> {
    fn values(&self, column: &Column, said: impl Fn(&Said) -> &HashMap<String, ScalarValue>) -> Option<ArrayRef> {
        let name = column.name();
        let kind = self.schema.table_schema().field_with_name(name).ok()?.data_type();
        let unknown = ScalarValue::try_new_null(kind).ok()?;
        let partition = self.schema.table_partition_cols().iter().position(|f| f.name() == name);
        let value = |file: &&File| match partition {
            Some(i) => file.scanned.partition_values[i].clone(),
            None => said(&file.said).get(name).unwrap_or(&unknown).clone(),
        };
        ScalarValue::iter_to_array(self.files.iter().map(value)).ok()
    }
}

impl PruningStatistics for Containers<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |s| &s.least)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |s| &s.greatest)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let nulls = self.files.iter().map(|f| f.said.nulls.get(column.name()).copied());
        Some(Arc::new(nulls.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.files.iter().map(|f| f.said.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
