//! One task's files: rows in, files out, a new one for every partition folder and whenever one is full.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::Int32Type;
use emberflow_base::{Error, Result};
use emberflow_functions::cast::{Style, strings};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::zones::Zone;
use emberflow_plan::StructType;

use super::failed;
use super::format::{Format, Sink};
use crate::listing::NULL_PARTITION;
use crate::partitions::escaped;

/// What all tasks of a write have in common.
#[derive(Debug)]
pub(super) struct Job {
    pub stage: PathBuf,
    pub name: String,
    pub format: Format,
    /// The columns of the rows, partition columns among them.
    pub columns: StructType,
    pub partitions: Vec<usize>,
    pub buckets: Option<BucketJob>,
    pub zone: Zone,
    pub rows_per_file: Option<u64>,
}

/// How rows are dealt into buckets: columns by position. The bucket of a row is the last column of what a task gets.
#[derive(Debug)]
pub(super) struct BucketJob {
    pub count: i32,
    pub columns: Vec<usize>,
    pub sort_by: Vec<usize>,
}

/// Which file of a task a row goes into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place {
    folder: String,
    bucket: Option<i32>,
}

/// A finished file.
pub(super) struct Written {
    /// Relative to the stage.
    pub name: String,
    pub rows: u64,
}

struct Open {
    name: String,
    place: Place,
    sink: Box<dyn Sink>,
    rows: u64,
}

pub(super) struct Task {
    job: Arc<Job>,
    partition: usize,
    attempt: usize,
    open: Option<Open>,
    /// How many files the place being written has from this task.
    in_place: usize,
    written: Vec<Written>,
}

impl Task {
    pub fn new(job: Arc<Job>, partition: usize, attempt: usize) -> Self {
        Self { job, partition, attempt, open: None, in_place: 0, written: Vec::new() }
    }

    /// Adds rows; those of one folder and bucket stand together.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let bucket_at = self.job.buckets.as_ref().map(|_| self.job.columns.fields.len());
        if self.job.partitions.is_empty() && bucket_at.is_none() {
            return self.write_into(Place::default(), batch);
        }
        let keys = self.job.partitions.iter().copied().chain(bucket_at);
        let keys: Vec<ArrayRef> = keys.map(|at| Arc::clone(batch.column(at))).collect();
        let is_own = |at: &usize| !self.job.partitions.contains(at);
        let own: Vec<usize> = (0..self.job.columns.fields.len()).filter(is_own).collect();
        let values = batch.project(&own).map_err(|error| Error::internal(error.to_string()))?;
        let ranges = partition(&keys).map_err(|error| Error::internal(error.to_string()))?.ranges();
        let buckets = bucket_at.map(|at| batch.column(at).as_primitive::<Int32Type>().values());
        for range in ranges {
            let place = Place {
                folder: self.folder(&keys, range.start)?,
                bucket: buckets.and_then(|buckets| buckets.get(range.start).copied()),
            };
            self.write_into(place, &values.slice(range.start, range.len()))?;
        }
        Ok(())
    }

    /// `a=1/b=x`
    fn folder(&self, keys: &[ArrayRef], row: usize) -> Result<String> {
        let mut parts = Vec::with_capacity(keys.len());
        for (at, key) in self.job.partitions.iter().zip(keys) {
            let field = &self.job.columns.fields[*at];
            let text = strings(&key.slice(row, 1), &field.data_type, &self.job.zone, Style::Cast).map_err(from_datafusion)?;
            let value = text.as_string_opt::<i32>().filter(|text| text.is_valid(0)).map(|text| text.value(0));
            let value = match value {
                None | Some("") => NULL_PARTITION.to_owned(),
                Some(value) => escaped(value),
            };
            parts.push(format!("{}={value}", escaped(&field.name)));
        }
        Ok(parts.join("/"))
    }

    fn write_into(&mut self, place: Place, batch: &RecordBatch) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.place != place) {
            self.close()?;
            self.in_place = 0;
        }
        let mut rest = batch.clone();
        while rest.num_rows() > 0 {
            let full = self.job.rows_per_file.unwrap_or(u64::MAX);
            if self.open.as_ref().is_some_and(|open| open.rows >= full) {
                self.close()?;
            }
            let open = match self.open.take() {
                Some(open) => open,
                None => self.new_file(place.clone())?,
            };
            let open = self.open.insert(open);
            let fits = usize::try_from(full - open.rows).unwrap_or(usize::MAX).min(rest.num_rows());
            open.sink.write(&rest.slice(0, fits))?;
            open.rows += fits as u64;
            rest = rest.slice(fits, rest.num_rows() - fits);
        }
        Ok(())
    }

    fn new_file(&self, place: Place) -> Result<Open> {
        let job = &self.job;
        let count = self.in_place;
        let again = if self.attempt > self.partition { format!("-{}", self.attempt) } else { String::new() };
        // Readers of buckets know them by what stands behind the underscore.
        let bucket = place.bucket.map_or("-".to_owned(), |bucket| format!("_{bucket:05}."));
        let name = format!("part-{:05}-{}{again}{bucket}c{count:03}{}", self.partition, job.name, job.format.ending());
        let name = if place.folder.is_empty() { name } else { format!("{}/{name}", place.folder) };
        let path = job.stage.join(&name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        }
        let sink = job.format.open(&path)?;
        Ok(Open { name, place, sink, rows: 0 })
    }

    fn close(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            open.sink.finish()?;
            self.in_place += 1;
            self.written.push(Written { name: open.name, rows: open.rows });
        }
        Ok(())
    }

    /// Ends the last file. The first task writes one even without rows: it tells readers the columns.
    pub fn finish(mut self) -> Result<Vec<Written>> {
        let is_plain = self.job.partitions.is_empty() && self.job.buckets.is_none();
        if self.partition == 0 && is_plain && self.open.is_none() && self.written.is_empty() {
            self.open = Some(self.new_file(Place::default())?);
        }
        self.close()?;
        Ok(std::mem::take(&mut self.written))
    }
}
