//! A NoSQL table as DataFusion sees it: what a scan reads of it for given columns, filters and a limit.
//!
//! ```text
//! filters ─► which folders are opened
//!        ├─► point (names) / range (parts of slices) / full (all slices) ─► spread over tasks
//!        └─► the rest goes with the scan; all of it is exact, so nothing is checked again
//! ```
//!
//! Not here: which schema is read (`source`), reading (`scan`), what filters mean (`emberflow_nosql::read_filter`).

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use emberflow_functions::errors::to_datafusion;
use emberflow_functions::types::to_arrow_schema;
use emberflow_nosql::expression::Absent;
use emberflow_nosql::name::SLICES;
use emberflow_nosql::read_filter::{self, Access, Filter, InFolder, OnTypeMismatch, Prepared, ReadPlan, plan};
use emberflow_nosql::schema::{Field, TableSchema};
use emberflow_nosql::{NameRange, Part, Table, partition};
use emberflow_plan::StructType;

use super::filters::filter;
use super::scan::{Folder, NosqlScanExec, Reading};

/// Names looked up by one task before another one is worth its while.
const POINTS_OF_A_TASK: usize = 64;

/// See the module.
pub(super) struct NosqlTable {
    table: Table,
    /// Spark's view of the columns.
    pub shown: StructType,
    columns: SchemaRef,
    schema: TableSchema,
    /// The columns that name folders.
    folders: Vec<Field>,
    mismatch: OnTypeMismatch,
}

impl NosqlTable {
    pub fn new(table: Table, shown: StructType, schema: TableSchema, folders: Vec<Field>, mismatch: OnTypeMismatch) -> Self {
        let columns: SchemaRef = Arc::new(to_arrow_schema(&shown));
        Self { table, shown, columns, schema, folders, mismatch }
    }

    /// The folders that the filters on partition columns leave, and how many there are.
    fn opened(&self, filters: &[Filter]) -> emberflow_nosql::Result<(Vec<Folder>, usize)> {
        let wanted = Prepared::new(filters, &self.folders, self.mismatch)?;
        let all = self.table.directories()?;
        let (mut opened, count) = (Vec::new(), all.len());
        for directory in all {
            let values = match partition::parse(&directory, &self.folders) {
                Err(_) if self.mismatch == OnTypeMismatch::Null => None,
                values => values.map_err(|why| why.table(self.table.path()))?,
            };
            let leaves = match &values {
                Some(values) => {
                    let folder = read_filter::Folder { columns: &self.folders, values };
                    wanted.matches(&InFolder { folder, item: &Absent })?
                }
                None => true,
            };
            if leaves {
                opened.push(Folder { directory, values });
            }
        }
        Ok((opened, count))
    }

    fn scan_of(
        &self,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
        tasks: usize,
    ) -> emberflow_nosql::Result<NosqlScanExec> {
        let filters = filters.iter().filter_map(|expression| filter(expression, &self.columns)).collect();
        let ReadPlan { partition, items, access } = plan(filters, &self.schema);
        let (opened, folders) = self.opened(&partition)?;
        let all: Vec<Filter> = partition.iter().chain(&items).cloned().collect();
        let columns: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.columns.fields().len()).collect());
        let given: Vec<_> = columns.iter().map(|at| self.columns.field(*at).clone()).collect();
        let reading = Reading {
            table: self.table.clone(),
            columns: Arc::new(arrow::datatypes::Schema::new(given)),
            fields: columns.iter().filter_map(|at| self.schema.fields.get(*at).cloned()).collect(),
            of_folder: columns
                .iter()
                .map(|at| self.folders.iter().position(|folder| *folder.name == **self.columns.field(*at).name()))
                .collect(),
            folder_columns: self.folders.clone(),
            opened,
            in_folders: Prepared::new(&items, &self.schema.fields, self.mismatch)?,
            elsewhere: Prepared::new(&all, &self.schema.fields, self.mismatch)?,
            mismatch: self.mismatch,
            limit,
        };
        let shown = Shown { partition, items, access: access.to_string(), folders };
        Ok(NosqlScanExec::new(reading, parts(access, tasks), shown))
    }
}

/// What EXPLAIN says of a scan.
#[derive(Debug)]
pub(super) struct Shown {
    partition: Vec<Filter>,
    items: Vec<Filter>,
    access: String,
    folders: usize,
}

impl Shown {
    pub fn describe(&self, opened: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |filters: &[Filter]| filters.iter().map(Filter::to_string).collect::<Vec<_>>().join(", ");
        write!(f, ", PartitionFilters: [{}]", listed(&self.partition))?;
        write!(f, ", PushedFilters: [{}], Access: {}", listed(&self.items), self.access)?;
        if opened < self.folders || self.folders > 1 {
            write!(f, ", Folders: {opened} of {}", self.folders)?;
        }
        Ok(())
    }
}

/// What each task reads.
fn parts(access: Access, tasks: usize) -> Vec<Part> {
    let tasks = tasks.max(1);
    match access {
        Access::Full => {
            let count = tasks.min(SLICES as usize) as u32;
            (0..count).map(|at| Part::Slices(at * SLICES / count, (at + 1) * SLICES / count)).collect()
        }
        Access::Range(spans) => {
            let range =
                |span: emberflow_nosql::read_filter::Span| NameRange { sharding: span.sharding, from: span.from, to: span.to };
            dealt(spans.into_iter().map(range).collect(), tasks, 1).into_iter().map(Part::Ranges).collect()
        }
        Access::Point(names) => dealt(names, tasks, POINTS_OF_A_TASK).into_iter().map(Part::Keys).collect(),
    }
}

/// `all` in at most `tasks` even runs of at least `least`; one empty run if there is nothing.
fn dealt<T>(all: Vec<T>, tasks: usize, least: usize) -> Vec<Vec<T>> {
    let share = all.len().div_ceil(tasks).max(least).max(1);
    let mut runs = Vec::new();
    let mut rest = all.into_iter();
    loop {
        let run: Vec<T> = rest.by_ref().take(share).collect();
        if run.is_empty() && !runs.is_empty() {
            return runs;
        }
        let is_last = run.len() < share;
        runs.push(run);
        if is_last {
            return runs;
        }
    }
}

impl fmt::Debug for NosqlTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NosqlTable({})", self.table.path())
    }
}

#[async_trait]
impl TableProvider for NosqlTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let pushed = |expression: &&Expr| match filter(expression, &self.columns) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(pushed).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let scan = self.scan_of(projection, filters, limit, state.config().target_partitions());
        Ok(Arc::new(scan.map_err(|why| to_datafusion(why.into()))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_dealt_evenly() {
        assert_eq!(dealt((0..5).collect(), 2, 1), vec![vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(dealt((0..4).collect(), 2, 1), vec![vec![0, 1], vec![2, 3]]);
        assert_eq!(dealt((0..5).collect(), 4, 64), vec![vec![0, 1, 2, 3, 4]]);
        assert_eq!(dealt(Vec::<u8>::new(), 4, 1), vec![Vec::<u8>::new()]);
    }
}
