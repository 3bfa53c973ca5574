//! Parts of dates, times and intervals.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::unary;
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, DurationMicrosecondType, Int8Type, Int32Type, IntervalYearMonthType,
    TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{moment, zone_for};
use crate::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, date_of, days_of};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, kernel};

/// A part of a date, by its plain name (see [`plain`]).
pub fn of_date(call: Call<'_>, part: &'static str) -> Result<Typed> {
    call.arity(&[1])?;
    let date = call.date(0)?;
    let nullable = date.nullable;
    Ok(part_of_date(date, part, nullable))
}

fn part_of_date(date: Typed, part: &'static str, nullable: bool) -> Typed {
    let take = date_part_of(part);
    kernel(part, vec![date], DataType::Int, nullable, move |columns| {
        let array = columns.array(0)?;
        let days = array.as_primitive::<Date32Type>();
        Ok(Arc::new(unary::<_, _, Int32Type>(days, |days| take(i64::from(days)))))
    })
}

fn date_part_of(part: &str) -> fn(i64) -> i32 {
    match part {
        "year" => |days| date_of(days).0 as i32,
        "quarter" => |days| ((date_of(days).1 - 1) / 3 + 1) as i32,
        "month" => |days| date_of(days).1 as i32,
        "week" => |days| iso_week(days).1,
        "yearofweek" => |days| iso_week(days).0 as i32,
        "day" => |days| date_of(days).2 as i32,
        "dayofweek" => |days| (days + 4).rem_euclid(7) as i32 + 1,
        "dayofweek_iso" => |days| (days + 3).rem_euclid(7) as i32 + 1,
        "weekday" => |days| (days + 3).rem_euclid(7) as i32,
        _ => |days| (days - days_of(date_of(days).0, 1, 1)) as i32 + 1,
    }
}

/// The ISO year and week: the week belongs to the year its Thursday lies in.
fn iso_week(days: i64) -> (i64, i32) {
    let thursday = days - (days + 3).rem_euclid(7) + 3;
    let year = date_of(thursday).0;
    (year, ((thursday - days_of(year, 1, 1)) / 7) as i32 + 1)
}

/// A part of a time of day.
pub fn of_time(call: Call<'_>, part: &'static str) -> Result<Typed> {
    call.arity(&[1])?;
    part_of_time(&call, 0, part)
}

fn part_of_time(call: &Call<'_>, index: usize, part: &'static str) -> Result<Typed> {
    if let DataType::Time(_) = call.type_of(index) {
        return Ok(super::times::part(call.argument(index)?, part));
    }
    let moment = moment(call, index)?;
    let (zone, nullable) = (zone_for(call, &moment.data_type)?, moment.nullable);
    let identity = if moment.data_type == DataType::TimestampNtz { "" } else { call.context.time_zone };
    let take: fn(i64) -> i32 = match part {
        "hour" => |local| (local.rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR) as i32,
        "minute" => |local| (local.rem_euclid(MICROS_PER_HOUR) / MICROS_PER_MINUTE) as i32,
        _ => |local| (local.rem_euclid(MICROS_PER_MINUTE) / MICROS_PER_SECOND) as i32,
    };
    let kernel = Kernel::new(part, &DataType::Int, nullable, move |columns| {
        let array = columns.array(0)?;
        let near = zone.near();
        let stamps = array.as_primitive::<TimestampMicrosecondType>();
        Ok(Arc::new(unary::<_, _, Int32Type>(stamps, |micros| take(near.local(micros)))))
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![moment.expr]), DataType::Int, nullable))
}

/// Seconds with their fraction, as `extract(SECOND FROM x)` gives them.
fn seconds_with_fraction(call: &Call<'_>, index: usize) -> Result<Typed> {
    if let DataType::Time(_) = call.type_of(index) {
        return Ok(super::times::seconds_with_fraction(call.argument(index)?));
    }
    let moment = moment(call, index)?;
    let (kind, nullable) = (DataType::decimal(8, 6), moment.nullable);
    // Offsets are whole seconds but not always whole minutes.
    let zone = zone_for(call, &moment.data_type)?;
    let kernel = Kernel::new("seconds", &kind, nullable, move |columns| {
        let array = columns.array(0)?;
        let near = zone.near();
        let stamps = array.as_primitive::<TimestampMicrosecondType>();
        let seconds =
            unary::<_, _, Decimal128Type>(stamps, |micros| i128::from(near.local(micros).rem_euclid(MICROS_PER_MINUTE)));
        Ok(Arc::new(seconds.with_data_type(Arrow::Decimal128(8, 6))))
    });
    Ok(Typed::new(kernel.identity(call.context.time_zone).call(vec![moment.expr]), kind, nullable))
}

/// Spark's names of a part under one name each.
fn plain(field: &str) -> Option<&'static str> {
    Some(match field.to_ascii_uppercase().as_str() {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => "year",
        "YEAROFWEEK" => "yearofweek",
        "QUARTER" | "QTR" => "quarter",
        "MONTH" | "MON" | "MONS" | "MONTHS" => "month",
        "WEEK" | "W" | "WEEKS" => "week",
        "DAY" | "D" | "DAYS" => "day",
        "DAYOFWEEK" | "DOW" => "dayofweek",
        "DAYOFWEEK_ISO" | "DOW_ISO" => "dayofweek_iso",
        "DOY" => "doy",
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => "hour",
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => "minute",
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => "second",
        _ => return None,
    })
}

/// `date_part(field, source)`, `extract(field FROM source)`
pub fn date_part(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let Some(field) = call.literal_text(0) else {
        return Err(call.not_constant(0, "field", &DataType::String));
    };
    let unknown = || {
        Error::new("INVALID_EXTRACT_FIELD")
            .with("field", format!("`{field}`"))
            .with("expr", format!("\"{}\"", call.texts.get(1).map_or("", String::as_str)))
    };
    let part = plain(&field).ok_or_else(unknown)?;
    match (call.type_of(1), part) {
        (DataType::DayTimeInterval { .. }, _) => part_of_days(&call, part).ok_or_else(unknown),
        (DataType::YearMonthInterval { .. }, _) => part_of_months(&call, part).ok_or_else(unknown),
        (DataType::Time(_), part) if !matches!(part, "hour" | "minute" | "second") => Err(unknown()),
        (_, "second") => seconds_with_fraction(&call, 1),
        (_, "hour" | "minute") => part_of_time(&call, 1, part),
        _ => {
            let date = call.date(1)?;
            let nullable = date.nullable;
            Ok(part_of_date(date, part, nullable))
        }
    }
}

fn part_of_days(call: &Call<'_>, part: &'static str) -> Option<Typed> {
    let interval = call.arguments.get(1)?.clone();
    let nullable = interval.nullable;
    let kind = match part {
        "day" => DataType::Int,
        "hour" | "minute" => DataType::Byte,
        "second" => DataType::decimal(8, 6),
        _ => return None,
    };
    Some(kernel(&format!("interval {part}"), vec![interval], kind, nullable, move |columns| {
        let array = columns.array(0)?;
        let spans = array.as_primitive::<DurationMicrosecondType>();
        Ok(match part {
            "day" => Arc::new(unary::<_, _, Int32Type>(spans, |micros| (micros / MICROS_PER_DAY) as i32)) as ArrayRef,
            "hour" => Arc::new(unary::<_, _, Int8Type>(spans, |micros| (micros % MICROS_PER_DAY / MICROS_PER_HOUR) as i8)),
            "minute" => Arc::new(unary::<_, _, Int8Type>(spans, |micros| (micros % MICROS_PER_HOUR / MICROS_PER_MINUTE) as i8)),
            _ => {
                let seconds = unary::<_, _, Decimal128Type>(spans, |micros| i128::from(micros % MICROS_PER_MINUTE));
                Arc::new(seconds.with_data_type(Arrow::Decimal128(8, 6)))
            }
        })
    }))
}

fn part_of_months(call: &Call<'_>, part: &'static str) -> Option<Typed> {
    let interval = call.arguments.get(1)?.clone();
    let nullable = interval.nullable;
    let kind = match part {
        "year" => DataType::Int,
        "month" => DataType::Byte,
        _ => return None,
    };
    Some(kernel(&format!("interval {part}"), vec![interval], kind, nullable, move |columns| {
        let array = columns.array(0)?;
        let spans = array.as_primitive::<IntervalYearMonthType>();
        Ok(if part == "year" {
            Arc::new(unary::<_, _, Int32Type>(spans, |months| months / 12)) as ArrayRef
        } else {
            Arc::new(unary::<_, _, Int8Type>(spans, |months| (months % 12) as i8))
        })
    }))
}
