//! NOT NULL below a list or a struct, over files that allow nulls there: Spark and others declare nearly all fields of their files
//! nullable, and DataFusion casts no nullable field to one that is not, whatever its values. Here a column is cast to the nullable form
//! of its type first, then held against the type itself; a null where none may be is an error that names the field.

use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericListArray, RecordBatch, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::physical_plan::ColumnarValue;

/// The type with all fields and items below it nullable; a map's keys stay as they are.
fn nullable(kind: &DataType) -> DataType {
    let below = |f: &FieldRef| Arc::new(f.as_ref().clone().with_data_type(nullable(f.data_type())).with_nullable(true));
    match kind {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(below).collect()),
        DataType::List(item) => DataType::List(below(item)),
        other => other.clone(),
    }
}

/// Whether a field of `file` may hold nulls where that of `table` may not; fields go by name.
fn is_laxer(file: &DataType, table: &DataType) -> bool {
    let field = |file: &Field, table: &Field| (file.is_nullable() && !table.is_nullable()) || is_laxer(file.data_type(), table.data_type());
    match (file, table) {
        (DataType::Struct(file), DataType::Struct(table)) => table.iter().any(|t| file.find(t.name()).is_some_and(|(_, f)| field(f, t))),
        (DataType::List(file), DataType::List(table)) => field(file, table),
        _ => false,
    }
}

/// The array as one of `field`'s type, which differs from its own in nullability only.
fn require(array: &ArrayRef, field: &Field, path: &str) -> Result<ArrayRef> {
    let broken = |_| exec_datafusion_err!("{path}: a row holds a null in a field that is not null");
    if array.data_type() == field.data_type() {
        return Ok(array.clone());
    }
    match field.data_type() {
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let child = |(child, field): (&ArrayRef, &FieldRef)| {
                let path = format!("{path}.{}", field.name());
                let child = require(child, field, &path)?;
                let may_be = field.is_nullable() || child.logical_null_count() == 0;
                let masked = || array.nulls().zip(child.logical_nulls().as_ref()).is_some_and(|(all, own)| all.contains(own));
                if may_be || masked() { Ok(child) } else { Err(exec_datafusion_err!("{path} is null in a row, and the column is not null")) }
            };
            let children = array.columns().iter().zip(fields).map(child).collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), children, array.nulls().cloned(), array.len()).map_err(broken)?))
        }
        DataType::List(item) => {
            let array = array.as_list::<i32>();
            let values = require(array.values(), item, &format!("{path}[]"))?;
            Ok(Arc::new(GenericListArray::<i32>::try_new(item.clone(), array.offsets().clone(), values, array.nulls().cloned()).map_err(broken)?))
        }
        other => Err(exec_datafusion_err!("{path}: {} is no {other}", array.data_type())),
    }
}

#[derive(Debug, Eq)]
struct Require {
    value: Arc<dyn PhysicalExpr>,
    field: FieldRef,
}

impl PartialEq for Require {
    fn eq(&self, other: &Require) -> bool {
        self.value.eq(&other.value) && self.field == other.field
    }
}

impl Hash for Require {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
        self.field.hash(state);
    }
}

impl Display for Require {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "require({})", self.value)
    }
}

impl PhysicalExpr for Require {
    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(self.field.clone())
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.value.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(ColumnarValue::Array(require(&array, &self.field, self.field.name())?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.value]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let [value] = <[_; 1]>::try_from(children).map_err(|_| DataFusionError::Internal("require takes one value".into()))?;
        Ok(Arc::new(Require { value, field: self.field.clone() }))
    }

    fn fmt_sql(&self, f: &mut Formatter) -> fmt::Result {
        self.value.fmt_sql(f)
    }
}

/// Makes the adapter of each file: DataFusion's own where the file promises as much as the table.
#[derive(Debug)]
pub struct Requiring;

impl PhysicalExprAdapterFactory for Requiring {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let lax = |field: &FieldRef| {
            let is_lax = file.field_with_name(field.name()).is_ok_and(|f| is_laxer(f.data_type(), field.data_type()));
            if is_lax { Arc::new(field.as_ref().clone().with_data_type(nullable(field.data_type()))) } else { field.clone() }
        };
        let lax = Arc::new(Schema::new_with_metadata(table.fields().iter().map(lax).collect::<Vec<_>>(), table.metadata().clone()));
        if lax == table {
            return DefaultPhysicalExprAdapterFactory.create(table, file);
        }
        let next = DefaultPhysicalExprAdapterFactory.create(lax.clone(), file)?;
        Ok(Arc::new(Adapter { table, lax, next }))
    }
}

#[derive(Debug)]
struct Adapter {
    table: SchemaRef,
    lax: SchemaRef,
    next: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let required = expr.transform_down(|expr| {
            let name = expr.downcast_ref::<Column>().map(Column::name);
            match name.map(|name| (self.table.fields().find(name), self.lax.field_with_name(name))) {
                Some((Some((_, field)), Ok(lax))) if field.data_type() != lax.data_type() => {
                    let required = Arc::new(Require { value: expr, field: field.clone() });
                    Ok(Transformed::new(required as _, true, TreeNodeRecursion::Jump))
                }
                _ => Ok(Transformed::no(expr)),
            }
        });
        self.next.rewrite(required.data()?)
    }
}
