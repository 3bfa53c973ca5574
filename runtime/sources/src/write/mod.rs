//! Rows into folders of files, in parallel, so that they appear whole or not at all.
//!
//!     [`FolderWriter::start`] ─► [`FolderWriter::plan`]: every partition of a plan writes files of its own into a stage
//!                             ─► [`FolderWriter::note`] what the tasks wrote ─► [`FolderWriter::finish`]: the commit
//!                             └► dropped: the stage goes, the old content stays
//!
//! Not here: what a save mode means for tables (`emberflow`), how files come into place (`commit`).

mod avro;
pub(crate) mod commit;
mod csv;
mod exec;
mod format;
mod json;
mod output;
mod task;
mod values;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_base::{Error, Exception, Result};
use emberflow_functions::Context;
use emberflow_plan::tree::{Buckets, SaveMode};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};

use crate::listing::DataFile;
use crate::options::SourceOptions;
use crate::partitions::check_partition_type;
use crate::paths::shown;
use commit::Stage;
use task::{BucketJob, Job};

/// What to write, and where.
pub struct WriteRequest<'a> {
    pub path: &'a str,
    pub format: &'a str,
    pub mode: SaveMode,
    /// The columns of the rows, partition columns among them.
    pub schema: &'a StructType,
    /// Columns whose values become names of folders, outermost first.
    pub partition_by: &'a [String],
    /// Every task writes a file of its own for each bucket that gets rows.
    pub buckets: Option<&'a Buckets>,
    pub options: SourceOptions,
    pub context: Context<'a>,
    /// A name that no other job has.
    pub job: &'a str,
}

/// Rows on their way into a folder.
pub struct FolderWriter {
    target: PathBuf,
    mode: SaveMode,
    /// OVERWRITE replaces only the partitions that get rows.
    replaces_partitions: bool,
    stage: Stage,
    job: Arc<Job>,
    written: Vec<String>,
}

impl FolderWriter {
    /// Begins a write. `Ok(None)`: the folder exists and the mode says to leave it.
    pub fn start(request: &WriteRequest<'_>) -> Result<Option<Self>> {
        let target = crate::paths::local(request.path)?;
        // A link is written through, not replaced.
        let target = if target.is_symlink() { target.canonicalize().unwrap_or(target) } else { target };
        commit::recover(&target)?;
        let exists = target.exists();
        match request.mode {
            SaveMode::ErrorIfExists if exists => {
                return Err(Error::new("PATH_ALREADY_EXISTS").with("outputPath", shown(&target)));
            }
            SaveMode::Ignore if exists => return Ok(None),
            SaveMode::Append if exists && !target.is_dir() => return Err(failed(&target, &"it is a file, not a folder")),
            _ => {}
        }
        let partitions = partition_positions(request)?;
        let format = format::of(request, &partitions)?;
        let overwrites = request.options.get("partitionoverwritemode");
        let is_dynamic = overwrites.is_some_and(|mode| mode.eq_ignore_ascii_case("dynamic"));
        let replaces_partitions = is_dynamic && request.mode == SaveMode::Overwrite && !partitions.is_empty();
        let failed = |error: std::io::Error| failed(&target, &error);
        commit::clean(&target);
        let within = target.is_dir() && (request.mode == SaveMode::Append || replaces_partitions);
        let stage = Stage::new(&target, request.job, within).map_err(failed)?;
        let rows_per_file = request.options.number("maxrecordsperfile")?.filter(|rows| *rows > 0);
        let job = Job {
            stage: stage.folder.clone(),
            name: request.job.to_owned(),
            format,
            columns: request.schema.clone(),
            partitions,
            buckets: request.buckets.map(|buckets| bucket_positions(request, buckets)).transpose()?,
            zone: emberflow_functions::zones::Zone::parse(request.context.time_zone)?,
            rows_per_file,
        };
        let mode = request.mode;
        Ok(Some(Self { target, mode, replaces_partitions, stage, job: Arc::new(job), written: Vec::new() }))
    }

    /// The plan whose tasks write the rows of `rows`; what comes out of it goes to [`FolderWriter::note`].
    pub fn plan(&self, rows: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        exec::plan(rows, Arc::clone(&self.job))
    }

    /// Remembers files that a task has written.
    pub fn note(&mut self, batch: &RecordBatch) -> Result<()> {
        let names = batch.column_by_name(exec::FILE).and_then(|names| names.as_string_opt::<i32>());
        let names = names.ok_or_else(|| Error::internal("a writing task says what it wrote"))?;
        self.written.extend(names.iter().flatten().map(str::to_owned));
        Ok(())
    }

    /// Puts the files in place. What tasks that failed have left is not among them.
    pub fn finish(mut self) -> Result<()> {
        let failed = |error: std::io::Error| failed(&self.target, &error);
        self.written.sort();
        self.drop_unwanted().map_err(failed)?;
        if self.replaces_partitions && self.target.is_dir() {
            let remove = self.replaced()?;
            return self.stage.change(&self.written, &remove).map_err(failed);
        }
        if self.mode == SaveMode::Append && self.target.is_dir() {
            return self.stage.change(&self.written, &[]).map_err(failed);
        }
        self.stage.replace().map_err(failed)
    }

    /// Removes staged files that no finished task speaks of.
    fn drop_unwanted(&self) -> std::io::Result<()> {
        let wanted: BTreeSet<PathBuf> = self.written.iter().map(|name| self.stage.folder.join(name)).collect();
        let mut folders = vec![self.stage.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !wanted.contains(&path) {
                    std::fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    /// The files of the partitions that get new rows.
    fn replaced(&self) -> Result<Vec<String>> {
        let folders: BTreeSet<&str> = self.written.iter().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
        let all = crate::listing::data_files(&[self.target.display().to_string()], &SourceOptions::default(), "UTC")?;
        let name = |file: &DataFile| Some(file.path.strip_prefix(&self.target).ok()?.to_string_lossy().into_owned());
        let in_folder = |name: &String| name.rsplit_once('/').is_some_and(|(folder, _)| folders.contains(folder));
        Ok(all.iter().filter_map(name).filter(in_folder).collect())
    }
}

/// How many rows a task has written, from what came out of it.
pub fn rows_written(batch: &RecordBatch) -> i64 {
    let rows = batch.column_by_name(exec::ROWS).and_then(|rows| rows.as_primitive_opt::<Int64Type>());
    rows.map_or(0, |rows| rows.values().iter().sum())
}

/// Where the partition columns stand.
fn partition_positions(request: &WriteRequest<'_>) -> Result<Vec<usize>> {
    let case_sensitive = request.context.settings.case_sensitive();
    let same = |one: &str, two: &str| if case_sensitive { one == two } else { one.eq_ignore_ascii_case(two) };
    let mut positions = Vec::with_capacity(request.partition_by.len());
    for name in request.partition_by {
        let at = request.schema.fields.iter().position(|field: &StructField| same(&field.name, name)).ok_or_else(|| {
            Error::new("_LEGACY_ERROR_TEMP_1155")
                .with("col", name.clone())
                .with("schemaCatalog", emberflow_plan::DataType::Struct(request.schema.clone()).simple_string())
                .text(format!("The partition column `{name}` is not a column of what is written."))
                .exception_class(Exception::Analysis)
        })?;
        if positions.contains(&at) {
            return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quote(&name.to_lowercase())));
        }
        check_partition_type(&request.schema.fields[at])?;
        positions.push(at);
    }
    if !positions.is_empty() && positions.len() == request.schema.fields.len() {
        return Err(Error::new("ALL_PARTITION_COLUMNS_NOT_ALLOWED"));
    }
    Ok(positions)
}

/// Where the columns of buckets stand.
fn bucket_positions(request: &WriteRequest<'_>, buckets: &Buckets) -> Result<BucketJob> {
    let position = |name: &String| {
        let at = request.schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
        at.ok_or_else(|| Error::internal(format!("the bucket column {name} is not a column of what is written")))
    };
    Ok(BucketJob {
        count: buckets.count,
        columns: buckets.columns.iter().map(position).collect::<Result<_>>()?,
        sort_by: buckets.sort_by.iter().map(position).collect::<Result<_>>()?,
    })
}

pub(crate) fn failed(path: &std::path::Path, error: &dyn std::fmt::Display) -> Error {
    Error::new("TASK_WRITE_FAILED").with("path", shown(path)).text(format!("{} cannot be written: {error}", shown(path)))
}
