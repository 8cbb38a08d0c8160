//! Footers that ask for views.
//!
//! What a text below a list is read as, the Arrow schema in a file's footer says, and DataFusion changes that for columns alone. So the
//! footer that it gets to see names views where they are wanted. A file that has no such leaf, or another type there, is read as it is, and cast.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields, Schema, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Readers whose footers name views where `wanted`, the schema of the scan, has them.
#[derive(Debug)]
pub struct Hinting {
    pub inner: Arc<dyn ParquetFileReaderFactory>,
    pub wanted: SchemaRef,
}

impl ParquetFileReaderFactory for Hinting {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::error::Result<Box<dyn AsyncFileReader + Send>> {
        let inner = self.inner.create_reader(partition, file, metadata_size_hint, metrics)?;
        Ok(Box::new(HintingReader { inner, wanted: self.wanted.clone() }))
    }
}

struct HintingReader {
    inner: Box<dyn AsyncFileReader + Send>,
    wanted: SchemaRef,
}

impl AsyncFileReader for HintingReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(&'a mut self, options: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let wanted = self.wanted.clone();
        async move { hinted(self.inner.get_metadata(options).await?, &wanted) }.boxed()
    }
}

fn hinted(footer: Arc<ParquetMetaData>, wanted: &Schema) -> Result<Arc<ParquetMetaData>> {
    let about = footer.file_metadata();
    let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())?;
    let of_file = Schema::new_with_metadata(with_views(schema.fields(), wanted.fields()), schema.metadata().clone());
    if of_file.fields() == schema.fields() {
        return Ok(footer);
    }
    let mut pairs = about.key_value_metadata().cloned().unwrap_or_default();
    pairs.retain(|pair| pair.key != ARROW_SCHEMA_META_KEY);
    pairs.push(KeyValue::new(ARROW_SCHEMA_META_KEY.to_string(), encode_arrow_schema(&of_file)));
    let about = FileMetaData::new(
        about.version(),
        about.num_rows(),
        about.created_by().map(str::to_string),
        Some(pairs),
        about.schema_descr_ptr(),
        about.column_orders().cloned(),
    );
    let hinted = ParquetMetaDataBuilder::new(about)
        .set_row_groups(footer.row_groups().to_vec())
        .set_column_index(footer.column_index().cloned())
        .set_offset_index(footer.offset_index().cloned());
    Ok(Arc::new(hinted.build()))
}

/// Those of a file, as views where they are texts and `wanted` has views.
fn with_views(of_file: &Fields, wanted: &Fields) -> Fields {
    let field = |f: &FieldRef| match wanted.find(f.name()) {
        Some((_, wanted)) => with_view(f, wanted.data_type()),
        None => f.clone(),
    };
    of_file.iter().map(field).collect()
}

fn with_view(field: &FieldRef, wanted: &DataType) -> FieldRef {
    let kind = match (field.data_type(), wanted) {
        (DataType::Utf8, DataType::Utf8View) => DataType::Utf8View,
        (DataType::List(item), DataType::List(wanted)) => DataType::List(with_view(item, wanted.data_type())),
        (DataType::Struct(of_file), DataType::Struct(wanted)) => DataType::Struct(with_views(of_file, wanted)),
        _ => return field.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}
