//! Reads as batches: which folders and parts of a table, and the loop over items where they lie.
//!
//! ```text
//! ReadSpec ─► opened (folders) ─► parts (one for each task) ─► BatchScan ─► batches of items that pass
//! ```

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::BatchBuilder;
use crate::error::{Error, ErrorName, Result};
use crate::name::SLICES;
use crate::partition;
use crate::read_filter::{Access, Filter, Folder, InFolder, OnTypeMismatch, Prepared, ReadPlan, plan};
use crate::scan::NameRange;
use crate::schema::{Field, TableSchema};
use crate::slice_scan::{Part, RawItem, RawValue, SliceScan, SliceSpec};
use crate::table::Table;
use crate::value::Value;

/// A read with its filters sorted and made ready.
#[derive(Debug, Clone)]
pub struct ReadSpec {
    plan: ReadPlan,
    columns: Vec<Field>,
    partition: Vec<Field>,
    folders: Prepared,
    items: Prepared,
    mismatch: OnTypeMismatch,
}

impl ReadSpec {
    /// A read of `columns` with `filters`, all of which have to be true, of columns of `schema`. `InvalidArgument`.
    pub fn new(schema: &TableSchema, columns: Vec<Field>, filters: Vec<Filter>, mismatch: OnTypeMismatch) -> Result<Self> {
        let plan = plan(filters, schema);
        let partition = schema.partition.iter().map(|column| {
            let field = schema.field(column).cloned();
            field.ok_or_else(|| Error::new(ErrorName::InvalidArgument, format!("the partition column {column} is not read")))
        });
        Ok(Self {
            partition: partition.collect::<Result<_>>()?,
            folders: Prepared::new(&plan.partition, &schema.fields, mismatch)?,
            items: Prepared::new(&plan.items, &schema.fields, mismatch)?,
            plan,
            columns,
            mismatch,
        })
    }

    /// What is shown of it: partition filters, filters on items, access.
    pub fn plan(&self) -> &ReadPlan {
        &self.plan
    }

    /// The schema of its batches.
    pub fn schema(&self) -> SchemaRef {
        super::arrow_schema(&self.columns)
    }

    /// Those of a table's folders that have to be opened. `TypeMismatch` for a folder whose values are not of the columns'
    /// types.
    pub fn opened(&self, folders: Vec<String>) -> Result<Vec<String>> {
        let mut opened = Vec::new();
        for folder in folders {
            let values = self.values_of(&folder)?;
            let item = &crate::expression::Absent;
            if self.folders.matches(&InFolder { folder: self.folder(&values), item })? {
                opened.push(folder);
            }
        }
        Ok(opened)
    }

    /// What to read of each folder, in at most `tasks` parts.
    pub fn parts(&self, tasks: usize) -> Vec<Part> {
        let tasks = tasks.clamp(1, SLICES as usize);
        match &self.plan.access {
            Access::Full => {
                let end = |task: usize| (task * SLICES as usize / tasks) as u32;
                (0..tasks).map(|task| Part::Slices(end(task), end(task + 1))).collect()
            }
            Access::Point(keys) => split(keys, tasks).map(|keys| Part::Keys(keys.to_vec())).collect(),
            Access::Range(spans) => {
                let range = |span: &crate::read_filter::Span| NameRange {
                    sharding: span.sharding.clone(),
                    from: span.from.clone(),
                    to: span.to.clone(),
                };
                split(spans, tasks).map(|spans| Part::Ranges(spans.iter().map(range).collect())).collect()
            }
        }
    }

    /// Begins to read a part of the folders.
    pub fn scan(self: &Arc<Self>, table: &Table, directories: Vec<String>, part: Part) -> Result<BatchScan> {
        let filtered = self.items.attributes().map(|attribute| Arc::clone(&attribute.name));
        let attributes: Vec<Arc<str>> = filtered.chain(self.columns.iter().map(|field| Arc::clone(&field.name))).collect();
        let first = attributes.len() - self.columns.len();
        let scan = table.scan_slices(SliceSpec { directories, part, attributes })?;
        let builder = BatchBuilder::new(&self.columns, self.mismatch);
        let table = table.path().to_string();
        Ok(BatchScan { spec: Arc::clone(self), scan, builder, first, table, directory: None, values: Vec::new() })
    }

    /// The values of a folder; all null for one that is none of the partition's, such as the table itself.
    fn values_of(&self, directory: &str) -> Result<Vec<Option<Value>>> {
        if self.partition.is_empty() {
            return Ok(Vec::new());
        }
        Ok(partition::parse(directory, &self.partition)?.unwrap_or_else(|| vec![None; self.partition.len()]))
    }

    fn folder<'a>(&'a self, values: &'a [Option<Value>]) -> Folder<'a> {
        Folder { columns: &self.partition, values }
    }
}

/// At most `parts` runs of `all`, none of them empty.
fn split<T>(all: &[T], parts: usize) -> impl Iterator<Item = &[T]> {
    all.chunks(all.len().div_ceil(parts).max(1))
}

/// Batches of a part of a table.
pub struct BatchScan {
    spec: Arc<ReadSpec>,
    scan: SliceScan,
    builder: BatchBuilder,
    /// Where the columns begin among the attributes that are wanted.
    first: usize,
    table: String,
    /// The folder that was read last, and its values.
    directory: Option<String>,
    values: Vec<Option<Value>>,
}

impl BatchScan {
    /// The next batch of at most `limit` rows; none at the end. Blocks on the storage.
    pub fn next_batch(&mut self, limit: usize) -> Result<Option<RecordBatch>> {
        let limit = limit.max(1);
        loop {
            let wanted = limit - self.builder.rows();
            let Self { spec, scan, builder, first, directory, values, .. } = self;
            let more = scan.next_page(wanted, &mut |item| {
                take(spec, builder, *first, directory, values, item).map_err(|error| error.item(item.key.name()))
            });
            let more = more.map_err(|error| error.table(&self.table))?;
            if self.builder.rows() == limit || (!more && self.builder.rows() > 0) {
                return self.builder.finish().map(Some);
            }
            if !more {
                return Ok(None);
            }
        }
    }
}

fn take(
    spec: &ReadSpec,
    builder: &mut BatchBuilder,
    first: usize,
    directory: &mut Option<String>,
    values: &mut Vec<Option<Value>>,
    item: &RawItem<'_>,
) -> Result<()> {
    if directory.as_deref() != Some(item.key.directory) {
        *values = spec.values_of(item.key.directory)?;
        *directory = Some(item.key.directory.to_owned());
    }
    let folder = spec.folder(values);
    if !spec.items.matches_raw(item, folder)? {
        return Ok(());
    }
    for (at, column) in spec.columns.iter().enumerate() {
        match folder.value(&column.name) {
            Some(value) => builder.append_value(at, value)?,
            None => match item.value(first + at) {
                Some(RawValue::Stored(value)) => builder.append(at, Some(value))?,
                Some(RawValue::System(value)) => builder.append_value(at, Some(&value))?,
                None => builder.append(at, None)?,
            },
        }
    }
    builder.end_row();
    Ok(())
}
