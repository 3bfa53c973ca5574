//! Rows as text: what `df.show()` and notebooks print.
//!
//! Not here: casts to string that programs see (`cast`), where the rows come from. Begin at [`show_string`].

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructType};

/// Every value of a column as a cell: NULL, `[a, b]`, `{k -> v}`, `{a, b}`, binary as `[AB 01]`.
pub fn pretty(array: &dyn Array, _data_type: &DataType, _zone: &str) -> Result<StringArray> {
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| Error::internal(error.to_string()))?;
    Ok((0..array.len()).map(|row| Some(formatter.value(row).to_string())).collect())
}

/// The text of `df.show(rows, truncate, vertical)`. `batches` hold up to one row more than `rows`.
pub fn show_string(
    _schema: &StructType,
    _batches: &[RecordBatch],
    _rows: usize,
    _truncate: i32,
    _vertical: bool,
    _zone: &str,
) -> Result<String> {
    Err(Error::unsupported("show"))
}

/// The table a notebook shows.
pub fn html_string(_schema: &StructType, _batches: &[RecordBatch], _rows: usize, _truncate: i32, _zone: &str) -> Result<String> {
    Err(Error::unsupported("show"))
}
