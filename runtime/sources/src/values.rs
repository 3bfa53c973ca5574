//! What becomes of records of text files that do not fit their types: kept, dropped or an error, as the mode says.
//!
//! Not here: how values are read (`emberflow_functions::formats`).

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use emberflow_base::{Error, Result};

use crate::lines::unreadable;
use crate::options::SourceOptions;

/// What a reader does with rows that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Permissive,
    DropMalformed,
    FailFast,
}

impl Mode {
    /// As Spark, a word it does not know means PERMISSIVE.
    pub fn of(options: &SourceOptions) -> Self {
        match options.get("mode").unwrap_or_default().to_uppercase().as_str() {
            "DROPMALFORMED" => Self::DropMalformed,
            "FAILFAST" => Self::FailFast,
            _ => Self::Permissive,
        }
    }
}

/// A batch whose bad rows are kept, dropped or an error.
pub(crate) fn settled(
    mode: Mode,
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    bad: &[bool],
    path: &Path,
    record: impl Fn(usize) -> String,
) -> Result<RecordBatch> {
    if mode == Mode::FailFast
        && let Some(row) = bad.iter().position(|bad| *bad)
    {
        let cause = Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
            .with("badRecord", record(row))
            .with("failFastMode", "FAILFAST");
        return Err(unreadable(path, &cause.to_string()).caused_by(cause));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(bad.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| Error::internal(format!("columns of a text file do not fit: {error}")))?;
    if mode == Mode::DropMalformed && bad.contains(&true) {
        let sound: BooleanArray = bad.iter().map(|bad| Some(!*bad)).collect();
        return filter_record_batch(&batch, &sound).map_err(|error| Error::internal(error.to_string()));
    }
    Ok(batch)
}

/// The column of records that did not fit.
pub(crate) fn records_of(bad: &[bool], record: impl Fn(usize) -> String) -> ArrayRef {
    let texts = bad.iter().enumerate().map(|(row, bad)| bad.then(|| record(row)));
    Arc::new(texts.collect::<StringArray>())
}

/// Reading nothing but the column of bad records is refused, as by Spark: what is bad depends on what is read.
pub(crate) fn refuse_corrupt_alone(corrupt: Option<usize>, columns: &[usize]) -> Result<()> {
    match (corrupt, columns) {
        (Some(corrupt), [only]) if corrupt == *only => Err(Error::new("UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN")),
        _ => Ok(()),
    }
}
