//! Cells of text as typed columns, read as Spark's CSV reader reads them.
//!
//! Not here: where cells come from (`cells`), which types they have (`guess`), what becomes of records that do not fit.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64NanosecondType, TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::cast::{parse_double, parse_float, parse_time_of_day};
use crate::formats::{Clock, Options, decimal};
use crate::types::to_arrow;

/// The names of numbers that are not finite.
#[derive(Debug, Clone)]
pub struct Specials {
    pub nan: String,
    pub positive: String,
    pub negative: String,
}

impl Specials {
    /// What options call them.
    pub fn of(options: &Options) -> Self {
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
pub fn java_double(text: &str) -> Option<f64> {
    is_java_number(text).then(|| parse_double(text)).flatten()
}

fn is_java_number(text: &str) -> bool {
    let bare = text.trim().trim_start_matches(['+', '-']);
    bare == "NaN" || bare == "Infinity" || bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// A column of `kind`; rows whose cell does not fit are null and marked in `bad`.
pub fn column<'a>(
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
