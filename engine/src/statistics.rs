//! The statistics in a log, by which a query leaves files out, against the rows of the files: a row that is outside of them is not found.

use std::collections::BTreeSet;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Datum};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::cmp::{gt, lt};
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;

use crate::delta_table::DataFile;
use crate::error::{EXECUTE, Error, Result};
use crate::files_table::Said;
use crate::parts::scan;

/// What the log says wrongly of a file: "path: rows less than the least, b.pyc: 3". Reads the columns that the log says something of.
pub fn lies(file: &DataFile, columns: &Schema) -> Result<Vec<String>> {
    let said = Said::new(file, columns);
    let names = said.least.keys().chain(said.greatest.keys()).chain(said.nulls.keys()).cloned().collect::<BTreeSet<_>>();
    let names = names.into_iter().collect::<Vec<_>>();
    if names.is_empty() {
        return Ok(vec![]);
    }
    let path = file.path.display().to_string();
    let fault = |e: ArrowError| Error::new(EXECUTE, format!("{path}: {e}"));
    let (mut less, mut greater, mut nulls) = (vec![0; names.len()], vec![0; names.len()], vec![0; names.len()]);
    for batch in scan(&path, &names)? {
        let batch = batch.map_err(fault)?;
        for (i, name) in names.iter().enumerate() {
            let Some(column) = batch.column_by_name(name) else { continue };
            less[i] += outside(column, said.least.get(name), lt).map_err(fault)?;
            greater[i] += outside(column, said.greatest.get(name), gt).map_err(fault)?;
            nulls[i] += column.logical_null_count() as u64;
        }
    }
    let mut found = vec![];
    for (i, name) in names.iter().enumerate() {
        if less[i] > 0 {
            found.push(format!("{name}: rows less than the least, {}: {}", said.least[name], less[i]));
        }
        if greater[i] > 0 {
            found.push(format!("{name}: rows greater than the greatest, {}: {}", said.greatest[name], greater[i]));
        }
        if let Some(n) = said.nulls.get(name).filter(|n| **n != nulls[i]) {
            found.push(format!("{name}: nulls, and the log counts {n}: {}", nulls[i]));
        }
    }
    Ok(found)
}

type Compare = fn(&dyn Datum, &dyn Datum) -> std::result::Result<BooleanArray, ArrowError>;

/// Rows beyond a bound. Writers note other types of the same values in their files.
fn outside(column: &ArrayRef, bound: Option<&ScalarValue>, is_beyond: Compare) -> std::result::Result<usize, ArrowError> {
    let Some(bound) = bound else { return Ok(0) };
    let column = cast(column, &bound.data_type())?;
    let bound = bound.to_scalar().map_err(|e| ArrowError::ComputeError(e.to_string()))?;
    Ok(is_beyond(&column, &bound)?.true_count())
}
