//! A registered table that can be scanned with less of its nested columns.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::catalog::{ScanArgs, ScanResult, Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, Constraints, Statistics, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{self, CastExpr};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_adapter::{DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;

use super::Options;
use super::balance::with_row_groups;
use super::hint::Hinting;
use super::need::{LeafSizes, Narrower, Need, leaves};

/// Of a batch that a narrowed scan makes, where a row has lists: it is a file with some thousand instructions, and the leaves of so many
/// stay in the cache of a core.
const ROWS_OF_LISTS: usize = 32;

/// Any provider that scans Parquet files by DataSourceExec.
#[derive(Clone, Debug)]
pub struct Table {
    inner: Arc<dyn TableProvider>,
    /// Of the wide table, or fewer fields below its columns.
    schema: SchemaRef,
    sizes: Arc<OnceLock<LeafSizes>>,
}

impl Table {
    pub fn new(inner: Arc<dyn TableProvider>) -> Table {
        let schema = inner.schema();
        Table { inner, schema, sizes: Arc::default() }
    }

    /// The table with what is needed of each column; None when that is all. And whether knowing the sizes of leaves could change it.
    pub fn narrowed(&self, needs: &[Need]) -> (Option<Arc<Table>>, bool) {
        let mut narrower = Narrower { sizes: self.sizes.get(), chose: false };
        let fields = self.schema.fields().iter().zip(needs).map(|(f, need)| narrower.field(f, need, f.name()));
        let fields: Fields = fields.collect();
        let wants_sizes = narrower.chose && self.sizes.get().is_none();
        if &fields == self.schema.fields() {
            return (None, wants_sizes);
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        (Some(Arc::new(Table { schema, ..self.clone() })), wants_sizes)
    }

    /// What is read of columns that are narrowed: "code_objects[].{code_id, instructions[].opname}".
    pub fn reads(&self, projection: Option<&Vec<usize>>) -> String {
        let wide = self.inner.schema();
        let all = (0..wide.fields().len()).collect();
        let columns = projection.unwrap_or(&all).iter().map(|&i| (wide.field(i), self.schema.field(i)));
        let narrowed = columns.filter(|(wide, narrow)| wide.data_type() != narrow.data_type());
        narrowed.map(|(_, narrow)| leaves(narrow)).collect::<Vec<_>>().join(", ")
    }

    /// Looks at the footer of the largest file that a scan with these filters reads, once. Where it reads none the types have to do.
    pub async fn find_leaf_sizes(&self, session: &dyn Session, filters: &[Expr]) {
        let state = session.as_any().downcast_ref::<SessionState>();
        if let (None, Some(state)) = (self.sizes.get(), state) {
            let mut state = state.clone();
            state.config_mut().options_mut().execution.collect_statistics = false; // they are in the footers of all files
            if let Some(sizes) = self.leaf_sizes(&state, filters).await.unwrap_or(Some(LeafSizes::new())) {
                let _ = self.sizes.set(sizes);
            }
        }
    }

    async fn leaf_sizes(&self, session: &dyn Session, filters: &[Expr]) -> Result<Option<LeafSizes>> {
        let plan = self.inner.scan(session, Some(&vec![]), filters, None).await?;
        let Some(config) = file_scan(&plan) else { return Ok(None) };
        let files = config.file_groups.iter().flat_map(|group| group.iter()).map(|file| &file.object_meta);
        let Some(file) = files.max_by(|a, b| a.size.cmp(&b.size).then(b.location.cmp(&a.location))) else { return Ok(None) };
        let footer = footer(session, config, file).await?;
        let about = footer.file_metadata();
        let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())?;
        let mut paths = vec![];
        schema.fields().iter().for_each(|f| leaf_paths(f.data_type(), f.name(), &mut paths));
        let size = |leaf: usize| footer.row_groups().iter().map(|group| group.column(leaf).compressed_size().max(0) as u64).sum();
        Ok(Some(paths.into_iter().enumerate().map(|(leaf, path)| (path, size(leaf))).collect()))
    }

    /// The scan of the wide table, so that it lists, prunes and orders files as ever, with the schema of this one.
    /// With `row_filters` rows are left out while the file is read, before what else is wanted of them is decoded.
    fn narrow_scan(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        projection: Option<&Vec<usize>>,
        row_filters: bool,
        most_rows: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = project_schema(&self.schema, projection)?;
        let has_lists = schema.fields().iter().any(|f| matches!(f.data_type(), DataType::List(_) | DataType::LargeList(_)));
        let rows = has_lists.then_some(most_rows.min(ROWS_OF_LISTS));
        let narrow = plan.transform_up(|node| {
            let new: Option<Arc<dyn ExecutionPlan>> = if let Some(config) = file_scan(&node) {
                self.narrow_source(config, row_filters, rows)?.map(|config| DataSourceExec::from_data_source(config) as _)
            } else if node.is::<EmptyExec>() {
                Some(Arc::new(EmptyExec::new(schema.clone())))
            } else {
                None
            };
            Ok(new.map_or_else(|| Transformed::no(node), Transformed::yes))
        });
        let narrow = narrow.data()?;
        if narrow.schema().fields() == schema.fields() {
            return Ok(narrow);
        }
        Err(DataFusionError::Internal(format!("a narrowed scan gives {:?} in place of {:?}", narrow.schema(), schema)))
    }

    /// Whether an expression looks at no nested column: a filter of those would read such a column whole.
    fn is_flat(&self, expr: &Expr) -> bool {
        let is_flat = |column: &Column| self.schema.field_with_name(&column.name).is_ok_and(|f| !f.data_type().is_nested());
        expr.column_refs().into_iter().all(is_flat)
    }

    fn narrow_source(&self, config: &FileScanConfig, row_filters: bool, rows: Option<usize>) -> Result<Option<FileScanConfig>> {
        let Some(source) = config.file_source().downcast_ref::<ParquetSource>() else { return Ok(None) };
        let narrow = |f: &FieldRef| self.schema.field_with_name(f.name()).map_or(f.data_type(), Field::data_type).clone();
        let new = with_types(source, narrow, row_filters);
        let next = config.expr_adapter_factory.clone().unwrap_or_else(|| Arc::new(DefaultPhysicalExprAdapterFactory));
        let adapter = Arc::new(Widening { wide: source.table_schema().file_schema().clone(), next });
        let config = FileScanConfigBuilder::from(config.clone()).with_source(projected(new, source)?).with_expr_adapter(Some(adapter));
        Ok(Some(config.with_batch_size(rows).build()))
    }
}

/// What a file says of itself; from the cache, where it has been read before.
pub async fn footer(session: &dyn Session, config: &FileScanConfig, file: &ObjectMeta) -> Result<Arc<ParquetMetaData>> {
    let store = session.runtime_env().object_store(&config.object_store_url)?;
    let cache = session.runtime_env().cache_manager.get_file_metadata_cache();
    DFParquetMetadata::new(store.as_ref(), file).with_file_metadata_cache(Some(cache)).fetch_metadata().await
}

/// A source that reads the same of files with columns of other types.
fn with_types(source: &ParquetSource, kind: impl Fn(&FieldRef) -> DataType, row_filters: bool) -> ParquetSource {
    let table = source.table_schema();
    let field = |f: &FieldRef| Arc::new(f.as_ref().clone().with_data_type(kind(f)));
    let fields: Fields = table.file_schema().fields().iter().map(field).collect();
    let file_schema = Arc::new(Schema::new_with_metadata(fields, table.file_schema().metadata().clone()));
    let table_schema = TableSchema::builder(file_schema)
        .with_table_partition_cols(table.table_partition_cols().clone())
        .with_virtual_columns(table.virtual_columns().clone())
        .build();
    let mut options = source.table_parquet_options().clone();
    options.global.pushdown_filters |= row_filters;
    let mut new = ParquetSource::new(table_schema).with_table_parquet_options(options);
    if let Some(hint) = source.table_parquet_options().global.metadata_size_hint {
        new = new.with_metadata_size_hint(hint);
    }
    if let Some(factory) = source.parquet_file_reader_factory() {
        new = new.with_parquet_file_reader_factory(factory.clone());
    }
    match source.filter() {
        Some(predicate) => new.with_predicate(predicate),
        None => new,
    }
}

/// With the projection of another source.
fn projected(new: ParquetSource, source: &ParquetSource) -> Result<Arc<dyn FileSource>> {
    let pushed = source.projection().map(|projection| new.try_pushdown_projection(projection)).transpose()?;
    Ok(pushed.flatten().unwrap_or_else(|| Arc::new(new)))
}

/// A scan some of whose columns, by their place in what it gives, have types with views in place of texts. None where it reads no Parquet, or
/// a column is not just one of the file, or is filtered there too.
pub fn scan_retyped(config: &FileScanConfig, kinds: &HashMap<usize, DataType>) -> Result<Option<FileScanConfig>> {
    let Some(source) = config.file_source().downcast_ref::<ParquetSource>().filter(|_| !kinds.is_empty()) else { return Ok(None) };
    let (Some(projection), Some(factory)) = (source.projection(), source.parquet_file_reader_factory()) else { return Ok(None) };
    let exprs: Vec<_> = projection.iter().map(|p| p.expr.clone()).collect();
    let filtered = source.filter().map(|predicate| collect_columns(&predicate)).unwrap_or_default();
    let mut of_file = HashMap::new();
    for (column, kind) in kinds {
        let Some(column) = exprs[*column].downcast_ref::<expressions::Column>() else { return Ok(None) };
        let is_elsewhere = |e: &Arc<dyn PhysicalExpr>| !e.is::<expressions::Column>() && collect_columns(e).iter().any(|c| c.name() == column.name());
        let is_filtered = filtered.iter().any(|c| c.name() == column.name());
        if is_filtered || exprs.iter().any(is_elsewhere) || of_file.insert(column.name().to_string(), kind.clone()).is_some() {
            return Ok(None);
        }
    }
    let new = with_types(source, |f| of_file.get(f.name()).unwrap_or(f.data_type()).clone(), false);
    let wanted = new.table_schema().file_schema().clone();
    let new = new.with_parquet_file_reader_factory(Arc::new(Hinting { inner: factory.clone(), wanted }));
    Ok(Some(FileScanConfigBuilder::from(config.clone()).with_source(projected(new, source)?).build()))
}

pub fn file_scan(plan: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()
}

/// As Narrower names them, in the order of a file's leaves.
fn leaf_paths(kind: &DataType, path: &str, out: &mut Vec<String>) {
    match kind {
        DataType::Struct(fields) => fields.iter().for_each(|f| leaf_paths(f.data_type(), &format!("{path}.{}", f.name()), out)),
        DataType::Map(entries, _) => leaf_paths(entries.data_type(), path, out),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            leaf_paths(item.data_type(), &format!("{path}[]"), out)
        }
        _ => out.push(path.to_string()),
    }
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.inner.constraints()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    fn get_table_definition(&self) -> Option<&str> {
        self.inner.get_table_definition()
    }

    fn get_column_default(&self, column: &str) -> Option<&Expr> {
        self.inner.get_column_default(column)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.inner.statistics()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let args = ScanArgs::default().with_projection(projection.map(Vec::as_slice)).with_filters(Some(filters)).with_limit(limit);
        Ok(self.scan_with_args(session, args).await?.into_inner())
    }

    async fn scan_with_args<'a>(&self, session: &dyn Session, args: ScanArgs<'a>) -> Result<ScanResult> {
        let projection = args.projection().map(<[usize]>::to_vec);
        let filters = args.filters().unwrap_or_default();
        let is_narrow = Options::narrow_scans(session.config_options());
        let row_filters = is_narrow && !filters.is_empty() && filters.iter().all(|f| self.is_flat(f));
        let mut scan = self.inner.scan_with_args(session, args).await?.into_inner();
        if is_narrow {
            scan = with_row_groups(session, scan.clone()).await.unwrap_or(scan); // where a footer cannot be read, the scan says so
        }
        if self.schema == self.inner.schema() && !row_filters {
            return Ok(ScanResult::new(scan));
        }
        let most_rows = session.config().batch_size();
        self.narrow_scan(scan, projection.as_ref(), row_filters, most_rows).map(ScanResult::new)
    }

    async fn insert_into(&self, session: &dyn Session, input: Arc<dyn ExecutionPlan>, op: InsertOp) -> Result<Arc<dyn ExecutionPlan>> {
        self.inner.insert_into(session, input, op).await
    }
}

// ---- files that lack what is left ----

/// A narrow struct may share no field with that of a file which was written before its fields were added; the default adapter then
/// gives up. Such a file is read whole, as it would be without us, and narrowed after.
#[derive(Debug)]
struct Widening {
    wide: SchemaRef,
    next: Arc<dyn PhysicalExprAdapterFactory>,
}

impl PhysicalExprAdapterFactory for Widening {
    fn create(&self, narrow: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let by_narrow = self.next.create(narrow.clone(), file.clone())?;
        let by_wide = self.next.create(self.wide.clone(), file)?;
        Ok(Arc::new(WideningAdapter { by_narrow, by_wide, narrow, wide: self.wide.clone() }))
    }
}

#[derive(Debug)]
struct WideningAdapter {
    by_narrow: Arc<dyn PhysicalExprAdapter>,
    by_wide: Arc<dyn PhysicalExprAdapter>,
    narrow: SchemaRef,
    wide: SchemaRef,
}

impl PhysicalExprAdapter for WideningAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        self.by_narrow.rewrite(expr.clone()).or_else(|_| {
            let cast = expr.transform(|expr| {
                let Some(column) = expr.downcast_ref::<expressions::Column>() else { return Ok(Transformed::no(expr)) };
                match (self.narrow.field_with_name(column.name()), self.wide.field_with_name(column.name())) {
                    (Ok(narrow), Ok(wide)) if narrow.data_type() != wide.data_type() => {
                        let cast = CastExpr::new_with_target_field(expr.clone(), Arc::new(narrow.clone()), None);
                        Ok(Transformed::new(Arc::new(cast) as _, true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
                    }
                    _ => Ok(Transformed::no(expr)),
                }
            });
            self.by_wide.rewrite(cast.data()?)
        })
    }
}
