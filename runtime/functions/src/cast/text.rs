//! Values as text: what CAST to STRING gives and what `show` prints.
//!
//!     column + Spark type ──► [`writer`] (chosen once) ──► appends row n to a buffer
//!
//! Doubles are written as Java does (`1.0E10`, shortest digits), timestamps on the session's wall clock with zeros of the
//! fraction cut. Begin at [`writer`].

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringBuilder};
use arrow::datatypes::IntervalMonthDayNano;
use emberflow_plan::DataType;
use emberflow_plan::types::{DayTimeField, YearMonthField};

use crate::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, date_of, split_micros};
use crate::errors::to_datafusion;
use crate::kernels::primitive;
use crate::operators::decimals::plain_text;
use crate::udf::KernelResult;
use crate::variant::Variants;
use crate::zones::{Near, Zone};

/// For whom the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// CAST: NULL inside a value is `null`, binary is taken as UTF-8.
    Cast,
    /// `show`: NULL is `NULL`, binary is `[AB 01]`.
    Pretty,
}

type Writer<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// A whole column as strings; NULL stays NULL.
pub fn strings(array: &ArrayRef, data_type: &DataType, zone: &Zone, style: Style) -> KernelResult<ArrayRef> {
    let write = writer(array, data_type, zone, style)?;
    let mut out = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut buffer = String::new();
    for row in 0..array.len() {
        if array.is_null(row) || *data_type == DataType::Null {
            out.append_null();
            continue;
        }
        buffer.clear();
        write(row, &mut buffer);
        out.append_value(&buffer);
    }
    Ok(Arc::new(out.finish()))
}

/// What appends a row that is not NULL.
pub fn writer<'a>(array: &'a ArrayRef, data_type: &'a DataType, zone: &'a Zone, style: Style) -> KernelResult<Writer<'a>> {
    Ok(match data_type {
        DataType::Null => Box::new(move |_, out| out.push_str(null_text(style))),
        DataType::Boolean => {
            let array = array.as_boolean();
            Box::new(move |row, out| out.push_str(if array.value(row) { "true" } else { "false" }))
        }
        DataType::Byte => plain::<Int8Type>(array)?,
        DataType::Short => plain::<Int16Type>(array)?,
        DataType::Int => plain::<Int32Type>(array)?,
        DataType::Long => plain::<Int64Type>(array)?,
        DataType::Float => with::<Float32Type>(array, write_float)?,
        DataType::Double => with::<Float64Type>(array, write_double)?,
        DataType::Decimal { scale, .. } => {
            let scale = i32::from(*scale);
            with::<Decimal128Type>(array, move |value, out| write_decimal(value, scale, out))?
        }
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            let array = array.as_string::<i32>();
            Box::new(move |row, out| out.push_str(array.value(row)))
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            match style {
                Style::Cast => Box::new(move |row, out| out.push_str(&String::from_utf8_lossy(array.value(row)))),
                Style::Pretty => Box::new(move |row, out| write_hex(array.value(row), out)),
            }
        }
        DataType::Date => with::<Date32Type>(array, |days, out| write_date(i64::from(days), out))?,
        DataType::Timestamp => {
            let near: Near<'a> = zone.near();
            with::<TimestampMicrosecondType>(array, move |micros, out| write_timestamp(near.local(micros), out))?
        }
        DataType::TimestampNtz => with::<TimestampMicrosecondType>(array, write_timestamp)?,
        DataType::Time(_) => with::<Time64NanosecondType>(array, |nanos, out| write_time(nanos / 1000, out))?,
        DataType::CalendarInterval => with::<IntervalMonthDayNanoType>(array, write_calendar)?,
        DataType::YearMonthInterval { start, end } => {
            with::<IntervalYearMonthType>(array, |months, out| write_year_month(months, *start, *end, out))?
        }
        DataType::DayTimeInterval { start, end } => {
            with::<DurationMicrosecondType>(array, |micros, out| write_day_time(micros, *start, *end, out))?
        }
        DataType::Array { element, .. } => list_writer(array, element, zone, style)?,
        DataType::Map { key, value, .. } => map_writer(array, key, value, zone, style)?,
        DataType::Struct(fields) => {
            let types: Vec<&DataType> = fields.fields.iter().map(|field| &field.data_type).collect();
            struct_writer(array, &types, zone, style)?
        }
        DataType::Udt { sql_type, .. } => writer(array, sql_type, zone, style)?,
        DataType::Variant => {
            let variants = Variants::of(array).map_err(to_datafusion)?;
            Box::new(move |row, out| {
                let Some(variant) = variants.at(row) else { return };
                let before = out.len();
                if crate::variant::json::write(variant, zone, out).is_err() {
                    // Broken bytes have no text.
                    out.truncate(before);
                }
            })
        }
    })
}

fn null_text(style: Style) -> &'static str {
    if style == Style::Cast { "null" } else { "NULL" }
}

fn with<'a, T: ArrowPrimitiveType>(array: &'a ArrayRef, write: impl Fn(T::Native, &mut String) + 'a) -> KernelResult<Writer<'a>> {
    let array: &PrimitiveArray<T> = primitive::<T>(array)?;
    Ok(Box::new(move |row, out| write(array.value(row), out)))
}

fn plain<'a, T>(array: &'a ArrayRef) -> KernelResult<Writer<'a>>
where
    T: ArrowPrimitiveType,
    T::Native: std::fmt::Display,
{
    with::<T>(array, |value, out| {
        let _ = write!(out, "{value}");
    })
}

fn list_writer<'a>(array: &'a ArrayRef, element: &'a DataType, zone: &'a Zone, style: Style) -> KernelResult<Writer<'a>> {
    let list = array.as_list::<i32>();
    let (values, offsets) = (list.values(), list.value_offsets());
    let write = writer(values, element, zone, style)?;
    Ok(Box::new(move |row, out| {
        out.push('[');
        for at in offsets[row] as usize..offsets[row + 1] as usize {
            if at > offsets[row] as usize {
                out.push_str(", ");
            }
            if values.is_null(at) { out.push_str(null_text(style)) } else { write(at, out) }
        }
        out.push(']');
    }))
}

fn map_writer<'a>(
    array: &'a ArrayRef,
    key: &'a DataType,
    value: &'a DataType,
    zone: &'a Zone,
    style: Style,
) -> KernelResult<Writer<'a>> {
    let map = array.as_map();
    let (values, offsets) = (map.values(), map.value_offsets());
    let write_key = writer(map.keys(), key, zone, style)?;
    let write = writer(values, value, zone, style)?;
    Ok(Box::new(move |row, out| {
        out.push('{');
        for at in offsets[row] as usize..offsets[row + 1] as usize {
            if at > offsets[row] as usize {
                out.push_str(", ");
            }
            write_key(at, out);
            out.push_str(" -> ");
            if values.is_null(at) { out.push_str(null_text(style)) } else { write(at, out) }
        }
        out.push('}');
    }))
}

fn struct_writer<'a>(array: &'a ArrayRef, types: &[&'a DataType], zone: &'a Zone, style: Style) -> KernelResult<Writer<'a>> {
    let columns = array.as_struct().columns();
    let pairs = columns.iter().zip(types).map(|(column, data_type)| Ok((column, writer(column, data_type, zone, style)?)));
    let writers = pairs.collect::<KernelResult<Vec<_>>>()?;
    Ok(Box::new(move |row, out| {
        out.push('{');
        for (at, (column, write)) in writers.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            if column.is_null(row) { out.push_str(null_text(style)) } else { write(row, out) }
        }
        out.push('}');
    }))
}

/// As `Double.toString`.
pub fn write_double(value: f64, out: &mut String) {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return write_special(value, out);
    }
    let mut shortest = format!("{value:e}");
    // Java shows two digits at least, and of those that mean the same number the closest.
    if !shortest.contains('.') {
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            shortest = two;
        }
    }
    write_java(&shortest, out);
}

/// As `Float.toString`.
pub fn write_float(value: f32, out: &mut String) {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return write_special(f64::from(value), out);
    }
    let mut shortest = format!("{value:e}");
    if !shortest.contains('.') {
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            shortest = two;
        }
    }
    write_java(&shortest, out);
}

fn write_special(value: f64, out: &mut String) {
    out.push_str(match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        value if value.is_sign_negative() => "-0.0",
        _ => "0.0",
    });
}

/// From `-1.25e-7` to Java's choice between plain and scientific.
fn write_java(scientific: &str, out: &mut String) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    out.push_str(sign);
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !(-3..7).contains(&exponent) {
        let _ = write!(out, "{first}.{}E{exponent}", if rest.is_empty() { "0" } else { rest });
        return;
    }
    let rest = rest.trim_end_matches('0');
    if exponent < 0 {
        out.push_str("0.");
        (1..-exponent).for_each(|_| out.push('0'));
        out.push_str(first);
        out.push_str(rest);
        return;
    }
    let whole = exponent as usize;
    out.push_str(first);
    if rest.len() <= whole {
        out.push_str(rest);
        (rest.len()..whole).for_each(|_| out.push('0'));
        out.push_str(".0");
    } else {
        out.push_str(&rest[..whole]);
        out.push('.');
        out.push_str(&rest[whole..]);
    }
}

/// Without exponent, with all digits of the scale.
pub fn write_decimal(value: i128, scale: i32, out: &mut String) {
    let unit = u32::try_from(scale).ok().and_then(|scale| 10_u128.checked_pow(scale));
    let Some(unit) = unit.filter(|unit| *unit > 1) else {
        if scale == 0 {
            let _ = write!(out, "{value}");
        } else {
            out.push_str(&plain_text(&value.to_string(), scale));
        }
        return;
    };
    if value < 0 {
        out.push('-');
    }
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let _ = write!(out, "{whole}.{fraction:0>width$}", width = scale as usize);
}

fn write_hex(bytes: &[u8], out: &mut String) {
    out.push('[');
    for (at, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02X}", if at > 0 { " " } else { "" });
    }
    out.push(']');
}

pub fn write_date(days: i64, out: &mut String) {
    let (year, month, day) = date_of(days);
    let sign = if year < 0 {
        "-"
    } else if year > 9999 {
        "+"
    } else {
        ""
    };
    let _ = write!(out, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs());
}

/// A wall-clock time.
pub fn write_timestamp(local: i64, out: &mut String) {
    let (days, of_day) = split_micros(local);
    write_date(days, out);
    out.push(' ');
    write_time(of_day, out);
}

/// A time of day in microseconds.
pub fn write_time(of_day: i64, out: &mut String) {
    let (hour, rest) = (of_day / MICROS_PER_HOUR, of_day % MICROS_PER_HOUR);
    let (minute, rest) = (rest / MICROS_PER_MINUTE, rest % MICROS_PER_MINUTE);
    let _ = write!(out, "{hour:02}:{minute:02}:{:02}", rest / MICROS_PER_SECOND);
    write_fraction(rest % MICROS_PER_SECOND, out);
}

fn write_fraction(micros: i64, out: &mut String) {
    if micros != 0 {
        let digits = format!("{micros:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

fn write_year_month(months: i32, start: YearMonthField, end: YearMonthField, out: &mut String) {
    let sign = if months < 0 { "-" } else { "" };
    let months = months.unsigned_abs();
    let _ = match (start, end) {
        (YearMonthField::Year, YearMonthField::Year) => write!(out, "INTERVAL '{sign}{}' YEAR", months / 12),
        (YearMonthField::Month, _) => write!(out, "INTERVAL '{sign}{months}' MONTH"),
        _ => write!(out, "INTERVAL '{sign}{}-{}' YEAR TO MONTH", months / 12, months % 12),
    };
}

/// Microseconds in one unit of a field.
pub fn unit_of(field: DayTimeField) -> i64 {
    match field {
        DayTimeField::Day => MICROS_PER_DAY,
        DayTimeField::Hour => MICROS_PER_HOUR,
        DayTimeField::Minute => MICROS_PER_MINUTE,
        DayTimeField::Second => MICROS_PER_SECOND,
    }
}

fn write_day_time(micros: i64, start: DayTimeField, end: DayTimeField, out: &mut String) {
    out.push_str("INTERVAL '");
    if micros < 0 {
        out.push('-');
    }
    let mut rest = micros.unsigned_abs();
    let fields = [DayTimeField::Day, DayTimeField::Hour, DayTimeField::Minute, DayTimeField::Second];
    for field in fields.into_iter().filter(|field| (start..=end).contains(field)) {
        let unit = unit_of(field).unsigned_abs();
        let separator = if field == start {
            ""
        } else if field == DayTimeField::Hour {
            " "
        } else {
            ":"
        };
        out.push_str(separator);
        let value = rest / unit;
        rest %= unit;
        let _ = if field == DayTimeField::Day { write!(out, "{value}") } else { write!(out, "{value:02}") };
    }
    if end == DayTimeField::Second {
        write_fraction(i64::try_from(rest).unwrap_or(0), out);
    }
    let _ = write!(out, "' {}", start.word().to_uppercase());
    if start != end {
        let _ = write!(out, " TO {}", end.word().to_uppercase());
    }
}

fn write_calendar(interval: IntervalMonthDayNano, out: &mut String) {
    let from = out.len();
    let micros = interval.nanoseconds / 1000;
    let mut unit = |value: i64, name: &str| {
        if value != 0 {
            let _ = write!(out, "{}{value} {name}", if out.len() > from { " " } else { "" });
        }
    };
    unit(i64::from(interval.months / 12), "years");
    unit(i64::from(interval.months % 12), "months");
    unit(i64::from(interval.days), "days");
    unit(micros / MICROS_PER_HOUR, "hours");
    unit(micros % MICROS_PER_HOUR / MICROS_PER_MINUTE, "minutes");
    let rest = micros % MICROS_PER_MINUTE;
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        let rest = rest.unsigned_abs();
        let _ = write!(out, "{}{sign}{}", if out.len() > from { " " } else { "" }, rest / 1_000_000);
        write_fraction(i64::try_from(rest % 1_000_000).unwrap_or(0), out);
        out.push_str(" seconds");
    }
    if out.len() == from {
        out.push_str("0 seconds");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let mut out = String::new();
        write_double(value, &mut out);
        out
    }

    #[test]
    fn doubles_are_javas() {
        for (value, text) in [
            (1.0, "1.0"),
            (1.0e10, "1.0E10"),
            (1.0e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (123_456_789.125, "1.23456789125E8"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (2.0e-323, "2.0E-323"),
            (f64::NEG_INFINITY, "-Infinity"),
            (12.5, "12.5"),
            (-0.015, "-0.015"),
        ] {
            assert_eq!(double(value), text);
        }
        let mut out = String::new();
        write_float(1.4e-45, &mut out);
        assert_eq!(out, "1.4E-45");
    }

    #[test]
    fn decimals_keep_their_scale() {
        let mut out = String::new();
        write_decimal(-5, 3, &mut out);
        out.push(' ');
        write_decimal(110, 2, &mut out);
        assert_eq!(out, "-0.005 1.10");
    }
}
