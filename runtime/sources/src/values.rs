//! Cells of text files as typed columns, read as Spark's CSV reader reads them, and what becomes of rows that do not fit.
//!
//!     text of a cell + type ──► column, rows that did not fit marked ──► kept, dropped or an error, as the mode says
//!
//! Not here: where cells come from (`csv`), JSON's own values (`json`).

use std::path::Path;

use arrow::array::{ArrayRef, BooleanBuilder, PrimitiveBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use arrow::array::{BinaryBuilder, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    SchemaRef, Time64NanosecondType, TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_functions::Context;
use emberflow_functions::cast::{parse_double, parse_float, parse_time_of_day};
use emberflow_functions::formats::{Clock, decimal};
use emberflow_functions::types::to_arrow;
use emberflow_plan::DataType;
use std::sync::Arc;

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

/// The names of numbers that are not finite.
#[derive(Debug, Clone)]
pub(crate) struct Specials {
    pub nan: String,
    pub positive: String,
    pub negative: String,
}

impl Specials {
    pub fn of(options: &SourceOptions) -> Self {
        let named = |key: &str, usual: &str| options.get(key).unwrap_or(usual).to_owned();
        Self { nan: named("nanvalue", "NaN"), positive: named("positiveinf", "Inf"), negative: named("negativeinf", "-Inf") }
    }

    /// `text` is one of the names.
    pub fn named(&self, text: &str) -> Option<f64> {
        if text == self.nan {
            Some(f64::NAN)
        } else if text == self.positive {
            Some(f64::INFINITY)
        } else if text == self.negative {
            Some(f64::NEG_INFINITY)
        } else {
            None
        }
    }
}

/// A double as `Double.parseDouble` reads it: Spark's other names of infinity are no numbers there.
pub(crate) fn java_double(text: &str) -> Option<f64> {
    is_java_number(text).then(|| parse_double(text)).flatten()
}

fn is_java_number(text: &str) -> bool {
    let bare = text.trim().trim_start_matches(['+', '-']);
    bare == "NaN" || bare == "Infinity" || bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// A column of `kind`; rows whose cell does not fit are null and marked in `bad`.
pub(crate) fn column<'a>(
    kind: &DataType,
    rows: usize,
    cell: impl Fn(usize) -> Option<&'a str>,
    bad: &mut [bool],
    clock: &Clock,
    specials: &Specials,
) -> Result<ArrayRef> {
    macro_rules! whole {
        ($arrow:ty) => {
            numbers::<$arrow, _>(kind, rows, cell, bad, |text| text.parse().ok())
        };
    }
    Ok(match kind {
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            let mut out = StringBuilder::with_capacity(rows, rows * 8);
            (0..rows).for_each(|row| out.append_option(cell(row)));
            Arc::new(out.finish())
        }
        DataType::Binary => {
            let mut out = BinaryBuilder::with_capacity(rows, rows * 8);
            (0..rows).for_each(|row| out.append_option(cell(row)));
            Arc::new(out.finish())
        }
        DataType::Boolean => {
            let mut out = BooleanBuilder::with_capacity(rows);
            for (row, bad) in bad.iter_mut().enumerate().take(rows) {
                let value = cell(row).map(|text| match text {
                    _ if text.eq_ignore_ascii_case("true") => Some(true),
                    _ if text.eq_ignore_ascii_case("false") => Some(false),
                    _ => None,
                });
                *bad |= value == Some(None);
                out.append_option(value.flatten());
            }
            Arc::new(out.finish())
        }
        DataType::Byte => whole!(Int8Type),
        DataType::Short => whole!(Int16Type),
        DataType::Int => whole!(Int32Type),
        DataType::Long => whole!(Int64Type),
        DataType::Float => numbers::<Float32Type, _>(kind, rows, cell, bad, |text| {
            let named = || specials.named(text).map(|value| value as f32);
            named().or_else(|| is_java_number(text).then(|| parse_float(text)).flatten())
        }),
        DataType::Double => {
            numbers::<Float64Type, _>(kind, rows, cell, bad, |text| specials.named(text).or_else(|| java_double(text)))
        }
        DataType::Decimal { precision, scale } => numbers::<Decimal128Type, _>(kind, rows, cell, bad, |text| {
            if text.contains(',') {
                decimal(&text.replace(',', ""), *precision, *scale)
            } else {
                decimal(text, *precision, *scale)
            }
        }),
        DataType::Date => numbers::<Date32Type, _>(kind, rows, cell, bad, |text| clock.days(text)),
        DataType::Timestamp => numbers::<TimestampMicrosecondType, _>(kind, rows, cell, bad, |text| clock.instant(text)),
        DataType::TimestampNtz => numbers::<TimestampMicrosecondType, _>(kind, rows, cell, bad, |text| clock.wall(text)),
        DataType::Time(precision) => {
            let cut = 10_i64.pow(9 - u32::from(*precision).min(9));
            numbers::<Time64NanosecondType, _>(kind, rows, cell, bad, |text| Some(parse_time_of_day(text)? * 1000 / cut * cut))
        }
        other => return Err(Error::unsupported(format!("reading {} out of text", other.simple_string()))),
    })
}

fn numbers<'a, T: ArrowPrimitiveType, F: Fn(&'a str) -> Option<T::Native>>(
    kind: &DataType,
    rows: usize,
    cell: impl Fn(usize) -> Option<&'a str>,
    bad: &mut [bool],
    read: F,
) -> ArrayRef {
    let mut out = PrimitiveBuilder::<T>::with_capacity(rows).with_data_type(to_arrow(kind));
    for (row, bad) in bad.iter_mut().enumerate().take(rows) {
        match cell(row) {
            None => out.append_null(),
            Some(text) => {
                let value = read(text);
                *bad |= value.is_none();
                out.append_option(value);
            }
        }
    }
    Arc::new(out.finish())
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

/// The name of the column that holds records that did not fit.
pub(crate) fn corrupt_name(options: &SourceOptions, context: &Context<'_>) -> String {
    let named = options.get("columnnameofcorruptrecord").or_else(|| context.settings.get("spark.sql.columnNameOfCorruptRecord"));
    named.unwrap_or("_corrupt_record").to_owned()
}

/// Reading nothing but the column of bad records is refused, as by Spark: what is bad depends on what is read.
pub(crate) fn refuse_corrupt_alone(corrupt: Option<usize>, columns: &[usize]) -> Result<()> {
    match (corrupt, columns) {
        (Some(corrupt), [only]) if corrupt == *only => Err(Error::new("UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN")),
        _ => Ok(()),
    }
}
