//! Parts of a file with as much to read in each.
//!
//! So that several threads read one file, DataFusion halves its bytes, and a row group belongs to the half in which it begins. Of five row groups
//! that is three and two at best, and four and one where the third begins just before the middle. So the scan brings along where the row
//! groups are, and the cuts move to where they divide the work best.

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use datafusion::physical_plan::ExecutionPlan;

use super::table::{file_scan, footer};

/// Where the row groups of a file begin, in that order, and how many bytes each has.
#[derive(Clone, Debug)]
pub struct RowGroups(Vec<(i64, i64)>);

impl RowGroups {
    pub fn of(footer: &ParquetMetaData) -> RowGroups {
        let begin = |first: &ColumnChunkMetaData| first.dictionary_page_offset().unwrap_or_else(|| first.data_page_offset());
        let mut groups: Vec<_> = footer.row_groups().iter().map(|group| (begin(group.column(0)), group.compressed_size())).collect();
        groups.sort(); // a footer may list them otherwise
        RowGroups(groups)
    }

    /// The cuts that divide a range into n parts: each is where a row group begins.
    fn cuts(&self, range: &FileRange, n: usize) -> Vec<i64> {
        let groups = || self.0.iter().filter(|(begin, _)| range.contains(*begin));
        let total: i64 = groups().map(|(_, size)| size).sum();
        let cut = |i: usize| {
            let wanted = total / n as i64 * i as i64;
            let mut before = 0;
            let places = groups().map(|(begin, size)| {
                before += size;
                (*begin, (before - size).abs_diff(wanted))
            });
            places.min_by_key(|(_, distance)| *distance).map_or(range.end, |(begin, _)| begin)
        };
        (1..n).map(cut).collect()
    }
}

/// A scan that brings along where the row groups of its files are, if these are so few and so large that they may be divided.
pub async fn with_row_groups(session: &dyn Session, scan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let options = &session.config_options().optimizer;
    let Some(config) = file_scan(&scan).filter(|_| options.repartition_file_scans) else { return Ok(scan) };
    let n_files: usize = config.file_groups.iter().map(FileGroup::len).sum();
    if n_files >= session.config().target_partitions() {
        return Ok(scan);
    }
    let mut groups = config.file_groups.clone();
    for (i, group) in config.file_groups.iter().enumerate() {
        for (k, file) in group.iter().enumerate() {
            if file.object_meta.size >= options.repartition_file_min_size as u64 {
                let footer = footer(session, config, &file.object_meta).await?;
                groups[i][k].extensions.insert(RowGroups::of(&footer));
            }
        }
    }
    Ok(DataSourceExec::from_data_source(FileScanConfigBuilder::from(config.clone()).with_file_groups(groups).build()))
}

/// After all that divides scans.
pub fn balance(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(config) = file_scan(node) else { return Ok(None) };
    let files: Option<Vec<_>> = config.file_groups.iter().map(only_file).collect();
    let Some(new) = files.and_then(|files| balanced(&files)) else { return Ok(None) };
    let groups = new.into_iter().map(|file| FileGroup::new(vec![file])).collect();
    Ok(Some(DataSourceExec::from_data_source(FileScanConfigBuilder::from(config.clone()).with_file_groups(groups).build())))
}

fn only_file(group: &FileGroup) -> Option<&PartitionedFile> {
    let [file] = group.files() else { return None };
    Some(file)
}

/// All parts of one file, one after the other. None where they are something else.
fn balanced(files: &[&PartitionedFile]) -> Option<Vec<PartitionedFile>> {
    let [first, .., last] = files else { return None };
    let groups = first.extension::<RowGroups>()?;
    let is_one = |pair: &[&PartitionedFile]| {
        let ranges = (&pair[0].range, &pair[1].range);
        pair[0].object_meta == pair[1].object_meta && matches!(ranges, (Some(a), Some(b)) if a.end == b.start)
    };
    if !files.windows(2).all(is_one) {
        return None;
    }
    let range = FileRange { start: first.range.as_ref()?.start, end: last.range.as_ref()?.end };
    let cuts = groups.cuts(&range, files.len());
    let begins = std::iter::once(range.start).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([range.end]);
    let part = |((file, start), end): ((&&PartitionedFile, i64), i64)| PartitionedFile { range: Some(FileRange { start, end }), ..(*file).clone() };
    Some(files.iter().zip(begins).zip(ends).map(part).collect())
}
