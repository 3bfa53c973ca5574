//! `from_csv`, `to_csv`, `schema_of_csv`: one record per value.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::reading::nullable_throughout;
use super::writing::{Style, bare, is_null};
use super::{Clock, Options, schema_argument};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, booleans, from_arrow, primitives, strings, timestamps};
use crate::types::to_arrow;

/// The cells of one record; an empty one without quotes is none.
fn cells(text: &str, separator: char) -> Vec<Option<String>> {
    let (mut out, mut letters) = (Vec::new(), text.chars().peekable());
    loop {
        let (mut cell, mut quoted) = (String::new(), false);
        if letters.peek() == Some(&'"') {
            letters.next();
            quoted = true;
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => cell.extend(letters.next()),
                    '"' if letters.peek() == Some(&'"') => cell.extend(letters.next()),
                    '"' => break,
                    other => cell.push(other),
                }
            }
        }
        while let Some(letter) = letters.next_if(|letter| *letter != separator) {
            cell.push(letter);
        }
        out.push(if cell.is_empty() && !quoted { None } else { Some(cell) });
        if letters.next().is_none() {
            return out;
        }
    }
}

fn separator(options: &Options) -> char {
    options.get("sep").or_else(|| options.get("delimiter")).and_then(|text| text.chars().next()).unwrap_or(',')
}

/// `from_csv(text, schema [, options])`
pub fn from_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (text, kind, options) = (call.text(0)?, nullable_throughout(schema_argument(&call, 1)?), Options::of(&call, 2)?);
    let DataType::Struct(shape) = kind.clone() else {
        return Err(Error::new("INVALID_SCHEMA.NON_STRUCT_TYPE")
            .with("inputSchema", format!("\"{}\"", call.texts.get(1).map_or("", String::as_str)))
            .with("dataType", kind.quoted()));
    };
    let (clock, separator) = (Clock::of(|key| options.get(key), &call.context)?, separator(&options));
    let arrow = to_arrow(&kind);
    let kernel = Kernel::new("from_csv", &kind, true, move |columns| {
        let Arrow::Struct(fields) = &arrow else { return Err(Error::internal("a struct was expected")) };
        let texts = columns.text(0)?;
        let records: Vec<_> = (0..columns.rows).map(|row| texts.at(row).map(|text| cells(text, separator))).collect();
        let column = |(index, field): (usize, &StructField)| {
            let cell = |row: usize| records[row].as_ref().and_then(|cells| cells.get(index)).and_then(Option::as_deref);
            read_column(columns.rows, &field.data_type, &clock, cell)
        };
        let arrays = shape.fields.iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
        let valid: Vec<bool> = records.iter().map(Option::is_some).collect();
        let made = StructArray::try_new_with_length(fields.clone(), arrays, Some(NullBuffer::from(valid)), columns.rows);
        Ok(Arc::new(made.map_err(from_arrow)?))
    });
    let identity = format!("{options:?} {}", call.context.time_zone);
    Ok(Typed::new(kernel.identity(identity).call(vec![text.expr]), kind, text.nullable))
}

fn read_column<'a>(
    rows: usize,
    kind: &DataType,
    clock: &Clock,
    cell: impl Fn(usize) -> Option<&'a str>,
) -> Result<arrow::array::ArrayRef> {
    macro_rules! parsed {
        ($kind:ty) => {
            primitives::<$kind>(rows, |row| Ok(cell(row).and_then(|text| text.trim().parse().ok())))
        };
    }
    match kind {
        DataType::Boolean => booleans(rows, |row| Ok(cell(row).and_then(|text| text.trim().to_ascii_lowercase().parse().ok()))),
        DataType::Byte => parsed!(Int8Type),
        DataType::Short => parsed!(Int16Type),
        DataType::Int => parsed!(Int32Type),
        DataType::Long => parsed!(Int64Type),
        DataType::Float => parsed!(Float32Type),
        DataType::Double => parsed!(Float64Type),
        DataType::Decimal { precision, scale } => {
            use arrow::compute::kernels::cast_utils::parse_decimal;
            let plain = primitives::<Decimal128Type>(rows, |row| {
                Ok(cell(row).and_then(|text| parse_decimal::<Decimal128Type>(text.trim(), *precision, *scale).ok()))
            })?;
            Ok(Arc::new(plain.as_primitive::<Decimal128Type>().clone().with_data_type(to_arrow(kind))))
        }
        DataType::String => strings(rows, |row| Ok(cell(row).map(str::to_owned))),
        DataType::Date => primitives::<Date32Type>(rows, |row| Ok(cell(row).and_then(|text| clock.days(text.trim())))),
        DataType::Timestamp => timestamps(rows, |row| Ok(cell(row).and_then(|text| clock.instant(text.trim())))),
        DataType::TimestampNtz => {
            primitives::<TimestampMicrosecondType>(rows, |row| Ok(cell(row).and_then(|text| clock.wall(text.trim()))))
        }
        DataType::Time(precision) => {
            let cut = 10_i64.pow(9 - u32::from(*precision).min(9));
            primitives::<arrow::datatypes::Time64NanosecondType>(rows, |row| {
                Ok(cell(row).and_then(crate::cast::parse_time_of_day).map(|micros| micros * 1000 / cut * cut))
            })
        }
        other => Err(Error::unsupported(format!("reading {} out of CSV", other.simple_string()))),
    }
}

/// `to_csv(struct [, options])`
pub fn to_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let value = call.argument(0)?;
    if !matches!(value.data_type, DataType::Struct(_)) {
        return Err(call.mismatch(0, "STRUCT"));
    }
    let options = Options::of(&call, 1)?;
    let (style, separator, nullable) = (Style::of(&call, &options)?, separator(&options), true);
    let identity = format!("{options:?} {}", call.context.time_zone);
    let kernel = Kernel::new("to_csv", &DataType::String, nullable, move |columns| {
        let structs = columns.structs(0)?;
        strings(columns.rows, |row| {
            if structs.is_null(row) {
                return Ok(None);
            }
            let mut parts = Vec::with_capacity(structs.num_columns());
            for column in structs.columns() {
                parts.push(if is_null(column, row) { String::new() } else { protected(&bare(column, row, &style)?, separator) });
            }
            Ok(Some(parts.join(&separator.to_string())))
        })
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![value.expr]), DataType::String, nullable))
}

fn protected(text: &str, separator: char) -> String {
    let plain = !text.is_empty() && !text.contains([separator, '"', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// `schema_of_csv(text)`: of a literal.
pub fn schema_of_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let Some(text) = call.literal_text(0) else {
        return Err(call.not_constant(0, "csv", &DataType::String));
    };
    let options = Options::of(&call, 1)?;
    let clock = Clock::of(|key| options.get(key), &call.context)?;
    let prefers_date = options.get("preferDate").is_none_or(|flag| !flag.eq_ignore_ascii_case("false"));
    let fields = cells(&text, separator(&options)).into_iter().enumerate();
    let fields = fields.map(|(index, cell)| {
        let kind = cell.map_or(DataType::String, |cell| inferred(cell.trim(), &clock, prefers_date));
        StructField::new(format!("_c{index}"), kind, true)
    });
    Ok(Typed::new(lit(DataType::Struct(StructType::new(fields.collect())).sql()), DataType::String, false))
}

fn inferred(text: &str, clock: &Clock, prefers_date: bool) -> DataType {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = matches!(text, "NaN" | "Inf" | "-Inf" | "Infinity" | "-Infinity");
    let bare = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let is_number = is_word || digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && bare.parse::<f64>().is_ok();
    match digits.trim_start_matches('0').len() {
        _ if text.parse::<i32>().is_ok() => DataType::Int,
        _ if text.parse::<i64>().is_ok() => DataType::Long,
        count @ 1..=38 if is_whole => DataType::decimal(count as u8, 0),
        _ if is_number => DataType::Double,
        _ if prefers_date && is_date(text, clock) => DataType::Date,
        _ => match clock.guessed(text) {
            Some(timestamp) => timestamp,
            None if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => DataType::Boolean,
            None => DataType::String,
        },
    }
}

/// A date is guessed only if it is written out.
fn is_date(text: &str, clock: &Clock) -> bool {
    let is_written_out = || text.len() == 10 && text.bytes().filter(|byte| byte.is_ascii_digit()).count() == 8;
    (clock.date.is_some() || is_written_out()) && clock.days(text).is_some()
}
