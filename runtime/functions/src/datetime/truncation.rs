//! `trunc`, `date_trunc` and tumbling windows.

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListArray, PrimitiveArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, Date32Type, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::{moment, zone_for};
use crate::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, date_of, days_of};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, from_arrow, kernel, primitives, timestamps};
use crate::types::to_arrow;
use crate::zones::Zone;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Micros(i64),
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

fn level(format: &str) -> Option<Level> {
    Some(match format.to_ascii_uppercase().as_str() {
        "MICROSECOND" => Level::Micros(1),
        "MILLISECOND" => Level::Micros(1_000),
        "SECOND" => Level::Micros(MICROS_PER_SECOND),
        "MINUTE" => Level::Micros(MICROS_PER_MINUTE),
        "HOUR" => Level::Micros(MICROS_PER_HOUR),
        "DAY" | "DD" => Level::Day,
        "WEEK" => Level::Week,
        "MONTH" | "MON" | "MM" => Level::Month,
        "QUARTER" => Level::Quarter,
        "YEAR" | "YYYY" | "YY" => Level::Year,
        _ => return None,
    })
}

fn cut(days: i64, level: Level) -> i64 {
    let (year, month, _) = date_of(days);
    match level {
        Level::Micros(_) | Level::Day => days,
        Level::Week => days - (days + 3).rem_euclid(7),
        Level::Month => days_of(year, month, 1),
        Level::Quarter => days_of(year, (month - 1) / 3 * 3 + 1, 1),
        Level::Year => days_of(year, 1, 1),
    }
}

/// `trunc(date, format)`: week or wider; anything else gives null.
pub fn trunc(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.date(0)?, call.text(1)?];
    Ok(kernel("trunc", arguments, DataType::Date, true, |columns| {
        let (dates, formats) = (columns.numbers::<Date32Type>(0)?, columns.text(1)?);
        primitives::<Date32Type>(columns.rows, |row| {
            let level = formats.at(row).and_then(level).filter(|level| !matches!(level, Level::Micros(_) | Level::Day));
            Ok(dates.at(row).zip(level).map(|(days, level)| cut(i64::from(days), level) as i32))
        })
    }))
}

/// `date_trunc(format, timestamp)`
pub fn date_trunc(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    // A timestamp without zone becomes one with: Spark does not truncate the former.
    let (stamp, kind) = (call.timestamp(1)?, DataType::Timestamp);
    let zone = zone_for(&call, &kind)?;
    let arguments = vec![call.text(0)?.expr, stamp.expr];
    let kernel = Kernel::new("date_trunc", &kind, true, move |columns| {
        let (formats, stamps) = (columns.text(0)?, columns.numbers::<TimestampMicrosecondType>(1)?);
        timestamps(columns.rows, |row| {
            let there = stamps.at(row).zip(formats.at(row).and_then(level));
            Ok(there.map(|(micros, level)| floor(micros, level, &zone)))
        })
    });
    Ok(Typed::new(kernel.identity(call.context.time_zone).call(arguments), kind, true))
}

fn floor(micros: i64, level: Level, zone: &Zone) -> i64 {
    match level {
        Level::Micros(unit) if unit <= MICROS_PER_SECOND => micros - micros.rem_euclid(unit),
        Level::Micros(unit) => {
            let local = zone.local(micros);
            micros - local.rem_euclid(unit)
        }
        level => zone.instant(cut(zone.local(micros).div_euclid(MICROS_PER_DAY), level) * MICROS_PER_DAY),
    }
}

/// `window(time, duration [, slide [, start]])`: tumbling windows, as a struct of start and end.
pub fn window(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3, 4])?;
    let stamp = moment(&call, 0)?;
    let kind = stamp.data_type.clone();
    let width = span(&call, 1)?;
    if call.len() >= 3 && span(&call, 2)? != width {
        return Err(call.unsupported("with windows that overlap outside of GROUP BY"));
    }
    let offset = if call.len() == 4 { span(&call, 3)? } else { 0 };
    if width <= 0 {
        return Err(call.unsupported("with a width that is not positive"));
    }
    let fields = vec![StructField::new("start", kind.clone(), true), StructField::new("end", kind.clone(), true)];
    let returns = DataType::Struct(StructType::new(fields));
    let (arrow, stamped) = (to_arrow(&returns), to_arrow(&kind));
    let nullable = stamp.nullable;
    let kernel = Kernel::new("window", &returns, nullable, move |columns| {
        let Arrow::Struct(fields) = arrow.clone() else { return Err(Error::internal("a window is a struct")) };
        let stamps = columns.numbers::<TimestampMicrosecondType>(0)?;
        let starts = primitives::<TimestampMicrosecondType>(columns.rows, |row| {
            Ok(stamps.at(row).map(|micros| micros - (micros - offset).rem_euclid(width)))
        })?;
        let starts = starts.as_primitive::<TimestampMicrosecondType>().clone().with_data_type(stamped.clone());
        let ends = starts.unary::<_, TimestampMicrosecondType>(|start| start + width).with_data_type(stamped.clone());
        let nulls = starts.nulls().cloned();
        Ok(Arc::new(StructArray::new(fields, vec![Arc::new(starts), Arc::new(ends)], nulls)))
    });
    Ok(Typed::new(kernel.identity(format!("{width} {offset}")).call(vec![stamp.expr]), returns, nullable))
}

/// All windows a moment is in, as an array: what `window(time, width, slide [, start])` means in GROUP BY.
pub fn time_windows(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3, 4])?;
    let stamp = moment(&call, 0)?;
    let kind = stamp.data_type.clone();
    let (width, slide) = (span(&call, 1)?, span(&call, 2)?);
    let offset = if call.len() == 4 { span(&call, 3)? } else { 0 };
    if width <= 0 || slide <= 0 || slide > width {
        return Err(call.unsupported("with a slide that is not between nothing and the width"));
    }
    let fields = vec![StructField::new("start", kind.clone(), true), StructField::new("end", kind.clone(), true)];
    let returns = DataType::array(DataType::Struct(StructType::new(fields)), false);
    let (arrow, stamped) = (to_arrow(&returns), to_arrow(&kind));
    let kernel = Kernel::new("time_windows", &returns, stamp.nullable, move |columns| {
        let Arrow::List(element) = &arrow else { return Err(Error::internal("windows are a list")) };
        let Arrow::Struct(fields) = element.data_type() else { return Err(Error::internal("a window is a struct")) };
        let stamps = columns.numbers::<TimestampMicrosecondType>(0)?;
        let (mut starts, mut lengths, mut valid) =
            (Vec::new(), Vec::with_capacity(columns.rows), Vec::with_capacity(columns.rows));
        for row in 0..columns.rows {
            let before = starts.len();
            if let Some(micros) = stamps.at(row) {
                let last = micros - (micros - offset).rem_euclid(slide);
                starts.extend((0..).map(|back| last - back * slide).take_while(|start| start + width > micros));
            }
            lengths.push(starts.len() - before);
            valid.push(stamps.at(row).is_some());
        }
        let starts = PrimitiveArray::<TimestampMicrosecondType>::new(starts.into(), None).with_data_type(stamped.clone());
        let ends = starts.unary::<_, TimestampMicrosecondType>(|start| start + width).with_data_type(stamped.clone());
        let windows = StructArray::new(fields.clone(), vec![Arc::new(starts), Arc::new(ends)], None);
        let list = ListArray::try_new(
            Arc::clone(element),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(windows),
            Some(NullBuffer::from(valid)),
        );
        Ok(Arc::new(list.map_err(from_arrow)?))
    });
    let nullable = stamp.nullable;
    Ok(Typed::new(kernel.identity(format!("{width} {slide} {offset}")).call(vec![stamp.expr]), returns, nullable))
}

/// `window_time(window)`: the last moment that belongs to it.
pub fn window_time(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let window = call.argument(0)?;
    let kind = match &window.data_type {
        DataType::Struct(fields) => fields.fields.iter().find(|field| field.name == "end").map(|field| field.data_type.clone()),
        _ => None,
    };
    let kind = kind.ok_or_else(|| call.mismatch(0, "STRUCT<start: TIMESTAMP, end: TIMESTAMP>"))?;
    let stamped = to_arrow(&kind);
    Ok(kernel("window_time", vec![window], kind, true, move |columns| {
        let windows = columns.structs(0)?;
        let ends = windows.column_by_name("end").ok_or_else(|| Error::internal("a window has an end"))?;
        let ends = ends.as_primitive::<TimestampMicrosecondType>();
        let last = ends.unary::<_, TimestampMicrosecondType>(|end| end - 1).with_data_type(stamped.clone());
        let nulls = NullBuffer::union(last.nulls(), windows.nulls());
        Ok(Arc::new(
            PrimitiveArray::<TimestampMicrosecondType>::new(last.values().clone(), nulls).with_data_type(stamped.clone()),
        ))
    }))
}

/// A literal duration: an interval, or a text like `10 minutes`.
fn span(call: &Call<'_>, index: usize) -> Result<i64> {
    let bad = || {
        Error::new("CANNOT_PARSE_INTERVAL")
            .with("intervalString", format!("'{}'", call.texts.get(index).map_or("", String::as_str)))
    };
    match call.literal(index) {
        Some(ScalarValue::DurationMicrosecond(Some(micros))) => Ok(micros),
        Some(ScalarValue::Utf8(Some(text))) => duration(&text).ok_or_else(bad),
        _ => Err(bad()),
    }
}

fn duration(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let words: Vec<&str> = text.strip_prefix("interval ").unwrap_or(&text).split_whitespace().collect();
    let mut total = 0_i64;
    for pair in words.chunks(2) {
        let [count, unit] = pair else { return None };
        let each = match unit.trim_end_matches('s') {
            "microsecond" => 1,
            "millisecond" => 1_000,
            "second" => MICROS_PER_SECOND,
            "minute" => MICROS_PER_MINUTE,
            "hour" => MICROS_PER_HOUR,
            "day" => MICROS_PER_DAY,
            "week" => 7 * MICROS_PER_DAY,
            _ => return None,
        };
        total = total.checked_add(count.parse::<i64>().ok()?.checked_mul(each)?)?;
    }
    (!words.is_empty()).then_some(total)
}
