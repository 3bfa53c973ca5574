//! Times of day: nanoseconds since midnight, with up to six digits of fraction.
//!
//! Not here: `time + interval` (`operators::times`), casts (`cast`), parts of a time (`fields`). Begin at [`make_time`].

use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use super::pattern::Pattern;
use super::zone_for;
use crate::arguments::convert;
use crate::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::call::{Call, Typed};
use crate::cast::parse_time_of_day;
use crate::kernel::{Kernel, primitives, timestamps};
use crate::zones::Zone;

const TIME: DataType = DataType::Time(6);
const NANOS_PER_SECOND: i64 = 1_000_000_000;
pub(crate) const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;
const USUAL: &str = "HH:mm:ss.SSSSSS";

/// `current_time([precision])`
pub fn current_time(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let precision = match call.len() {
        0 => 6,
        _ => call.literal_long(0).ok_or_else(|| call.not_constant(0, "precision", &DataType::Int))?,
    };
    let Some(precision) = u8::try_from(precision).ok().filter(|digits| *digits <= 6) else {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("exprName", "`precision`")
            .with("valueRange", "[0, 6]")
            .with("currentValue", precision.to_string())
            .with("sqlExpr", call.sql()));
    };
    let local = zone_for(&call, &DataType::Timestamp)?.local(call.context.now_micros);
    let cut = 10_i64.pow(9 - u32::from(precision));
    let nanos = local.rem_euclid(MICROS_PER_DAY) * 1000 / cut * cut;
    Ok(Typed::new(lit(ScalarValue::Time64Nanosecond(Some(nanos))), DataType::Time(precision), false))
}

fn out_of_bounds(message: String) -> Error {
    Error::new("DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION").with("rangeMessage", message)
}

/// `make_time(hour, minute, second)`
pub fn make_time(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.int(0)?.expr, call.int(1)?.expr, call.as_type(2, &DataType::decimal(16, 6))?.expr];
    let kernel = Kernel::new("make_time", &TIME, true, |columns| {
        let (hours, minutes) = (columns.numbers::<Int32Type>(0)?, columns.numbers::<Int32Type>(1)?);
        let seconds = columns.numbers::<Decimal128Type>(2)?;
        primitives::<Time64NanosecondType>(columns.rows, |row| {
            let Some(((hour, minute), second)) = hours.at(row).zip(minutes.at(row)).zip(seconds.at(row)) else {
                return Ok(None);
            };
            let bounds = |name: &str, most: i64, value: i128| {
                out_of_bounds(format!("Invalid value for {name} (valid values 0 - {most}): {value}"))
            };
            if !(0..24).contains(&hour) {
                return Err(bounds("HourOfDay", 23, i128::from(hour)));
            }
            if !(0..60).contains(&minute) {
                return Err(bounds("MinuteOfHour", 59, i128::from(minute)));
            }
            if !(0..60_000_000).contains(&second) {
                return Err(bounds("SecondOfMinute", 59, second.div_euclid(1_000_000)));
            }
            let minutes = i64::from(hour) * 60 + i64::from(minute);
            Ok(Some(minutes * 60 * NANOS_PER_SECOND + second as i64 * 1000))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), TIME, true))
}

/// `to_time(text [, pattern])`; `forgiving`: null instead of an error.
pub fn to_time(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let mut arguments = vec![call.text(0)?.expr];
    if call.len() == 2 {
        arguments.push(call.text(1)?.expr);
    }
    let with_pattern = call.len() == 2;
    let kernel = Kernel::new(call.name, &TIME, true, move |columns| {
        let texts = columns.text(0)?;
        let patterns = if with_pattern { Some(columns.text(1)?) } else { None };
        let mut known: Option<(String, Pattern)> = None;
        primitives::<Time64NanosecondType>(columns.rows, |row| {
            let Some(text) = texts.at(row) else { return Ok(None) };
            let (pattern, read) = match &patterns {
                None => (USUAL, parse_time_of_day(text).map(|micros| micros * 1000)),
                Some(patterns) => {
                    let Some(pattern) = patterns.at(row) else { return Ok(None) };
                    if known.as_ref().is_none_or(|(last, _)| last != pattern) {
                        known = Pattern::for_reading(pattern).ok().map(|compiled| (pattern.to_owned(), compiled));
                    }
                    let compiled = known.as_ref().filter(|(last, _)| last == pattern);
                    let reading = compiled.and_then(|(_, compiled)| compiled.read(text));
                    (pattern, reading.map(|reading| reading.local().rem_euclid(MICROS_PER_DAY) * 1000))
                }
            };
            if read.is_none() && !forgiving {
                return Err(Error::new("CANNOT_PARSE_TIME")
                    .with("input", format!("'{text}'"))
                    .with("format", format!("'{pattern}'"))
                    .exception_class(Exception::DateTime));
            }
            Ok(read)
        })
    });
    Ok(Typed::new(kernel.identity(forgiving).fallible_if(!forgiving).call(arguments), TIME, true))
}

/// Nanoseconds of the units times are measured in.
fn unit_of(word: &str, function: &str) -> Result<i64> {
    Ok(match word.to_ascii_uppercase().as_str() {
        "HOUR" => 3_600 * NANOS_PER_SECOND,
        "MINUTE" => 60 * NANOS_PER_SECOND,
        "SECOND" => NANOS_PER_SECOND,
        "MILLISECOND" => 1_000_000,
        "MICROSECOND" => 1_000,
        _ => {
            return Err(Error::new("INVALID_PARAMETER_VALUE.TIME_UNIT")
                .with("functionName", format!("`{function}`"))
                .with("parameter", "`unit`")
                .with("invalidValue", format!("'{word}'"))
                .exception_class(Exception::IllegalArgument));
        }
    })
}

fn time(call: &Call<'_>, index: usize) -> Result<Typed> {
    match call.type_of(index) {
        DataType::Time(_) => call.argument(index),
        _ => call.as_type(index, &TIME),
    }
}

/// `time_trunc(unit, time)`
pub fn time_trunc(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (unit, time) = (call.text(0)?, time(&call, 1)?);
    let kind = time.data_type.clone();
    let kernel = Kernel::new("time_trunc", &kind, true, |columns| {
        let (units, times) = (columns.text(0)?, columns.numbers::<Time64NanosecondType>(1)?);
        primitives::<Time64NanosecondType>(columns.rows, |row| {
            let Some((unit, time)) = units.at(row).zip(times.at(row)) else { return Ok(None) };
            let unit = unit_of(unit, "time_trunc")?;
            Ok(Some(time / unit * unit))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![unit.expr, time.expr]), kind, true))
}

/// `time_diff(unit, start, end)`
pub fn time_diff(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.text(0)?.expr, time(&call, 1)?.expr, time(&call, 2)?.expr];
    let kernel = Kernel::new("time_diff", &DataType::Long, true, |columns| {
        let units = columns.text(0)?;
        let (starts, ends) = (columns.numbers::<Time64NanosecondType>(1)?, columns.numbers::<Time64NanosecondType>(2)?);
        primitives::<Int64Type>(columns.rows, |row| {
            let Some(((unit, start), end)) = units.at(row).zip(starts.at(row)).zip(ends.at(row)) else { return Ok(None) };
            Ok(Some((end - start) / unit_of(unit, "time_diff")?))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::Long, true))
}

fn within_a_day(nanos: i128) -> Result<Option<i64>> {
    match i64::try_from(nanos) {
        Ok(nanos) if (0..NANOS_PER_DAY).contains(&nanos) => Ok(Some(nanos)),
        _ => Err(out_of_bounds(format!(
            "Invalid TIME value: must be between 00:00:00 and 23:59:59.999999999, but got {nanos} nanoseconds"
        ))),
    }
}

/// `time_from_seconds`, `time_from_millis`, `time_from_micros`: units of `unit` nanoseconds since midnight.
pub fn time_from(call: Call<'_>, unit: i64) -> Result<Typed> {
    call.arity(&[1])?;
    let kind = call.type_of(0).clone();
    let fraction = unit == NANOS_PER_SECOND;
    let (argument, scale) = match kind {
        DataType::Null => (call.long(0)?, None),
        DataType::Float | DataType::Double if fraction => (convert(call.argument(0)?, &DataType::Double, &call.context)?, None),
        DataType::Decimal { scale, .. } if fraction => (call.argument(0)?, Some(scale)),
        ref kind if kind.is_integral() => (convert(call.argument(0)?, &DataType::Long, &call.context)?, None),
        _ => return Err(call.mismatch(0, if fraction { "NUMERIC" } else { "INTEGRAL" })),
    };
    let is_double = argument.data_type == DataType::Double;
    let kernel = Kernel::new(call.name, &TIME, true, move |columns| {
        if is_double {
            let numbers = columns.numbers::<Float64Type>(0)?;
            return primitives::<Time64NanosecondType>(columns.rows, |row| {
                let finite = numbers.at(row).filter(|number| number.is_finite());
                finite.map_or(Ok(None), |number| within_a_day((number * 1e6) as i128 * 1000))
            });
        }
        if let Some(scale) = scale {
            let numbers = columns.numbers::<Decimal128Type>(0)?;
            let one = 10_i128.pow(u32::try_from(scale).unwrap_or(0));
            return primitives::<Time64NanosecondType>(columns.rows, |row| {
                numbers.at(row).map_or(Ok(None), |number| within_a_day(number.saturating_mul(1_000_000).div_euclid(one) * 1000))
            });
        }
        let numbers = columns.numbers::<Int64Type>(0)?;
        primitives::<Time64NanosecondType>(columns.rows, |row| {
            numbers.at(row).map_or(Ok(None), |number| within_a_day(i128::from(number) * i128::from(unit)))
        })
    });
    let identity = format!("{} {unit}", argument.data_type.simple_string());
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(vec![argument.expr]), TIME, true))
}

/// `time_to_millis`, `time_to_micros`
pub fn time_to(call: Call<'_>, unit: i64) -> Result<Typed> {
    call.arity(&[1])?;
    let time = time(&call, 0)?;
    let kernel = Kernel::new(call.name, &DataType::Long, true, move |columns| {
        let times = columns.numbers::<Time64NanosecondType>(0)?;
        primitives::<Int64Type>(columns.rows, |row| Ok(times.at(row).map(|nanos| nanos / unit)))
    });
    Ok(Typed::new(kernel.call(vec![time.expr]), DataType::Long, true))
}

/// `time_to_seconds(time)`, with its fraction.
pub fn time_to_seconds(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (time, kind) = (time(&call, 0)?, DataType::decimal(14, 6));
    let kernel = Kernel::new("time_to_seconds", &kind, true, |columns| {
        let times = columns.numbers::<Time64NanosecondType>(0)?;
        let micros = primitives::<Decimal128Type>(columns.rows, |row| Ok(times.at(row).map(|nanos| i128::from(nanos / 1000))))?;
        crate::kernel::with_digits(&micros, 14, 6)
    });
    Ok(Typed::new(kernel.call(vec![time.expr]), kind, true))
}

/// A part of a time of day: hour, minute, second.
pub fn part(time: Typed, part: &'static str) -> Typed {
    let kernel = Kernel::new(format!("time {part}"), &DataType::Int, true, move |columns| {
        let times = columns.numbers::<Time64NanosecondType>(0)?;
        let take: fn(i64) -> i64 = match part {
            "hour" => |seconds| seconds / 3600,
            "minute" => |seconds| seconds / 60 % 60,
            _ => |seconds| seconds % 60,
        };
        primitives::<Int32Type>(columns.rows, |row| Ok(times.at(row).map(|nanos| take(nanos / NANOS_PER_SECOND) as i32)))
    });
    Typed::new(kernel.call(vec![time.expr]), DataType::Int, true)
}

/// Seconds with their fraction, as `extract(SECOND FROM time)` gives them.
pub fn seconds_with_fraction(time: Typed) -> Typed {
    let kind = DataType::decimal(8, 6);
    let kernel = Kernel::new("time seconds", &kind, true, |columns| {
        let times = columns.numbers::<Time64NanosecondType>(0)?;
        let micros = primitives::<Decimal128Type>(columns.rows, |row| {
            Ok(times.at(row).map(|nanos| i128::from(nanos / 1000 % (60 * MICROS_PER_SECOND))))
        })?;
        crate::kernel::with_digits(&micros, 8, 6)
    });
    Typed::new(kernel.call(vec![time.expr]), kind, true)
}

/// `make_timestamp(date, time [, zone])` and its kin.
pub fn make_timestamp(call: &Call<'_>, kind: DataType) -> Result<Typed> {
    let (date, time) = (call.date(0)?, time(call, 1)?);
    let session = zone_for(call, &kind)?;
    let with_zone = kind == DataType::Timestamp;
    let nullable = !with_zone || date.nullable || time.nullable || call.arguments.get(2).is_some_and(|zone| zone.nullable);
    let mut arguments: Vec<Expr> = vec![date.expr, time.expr];
    let zoned = call.len() == 3;
    if zoned {
        arguments.push(call.text(2)?.expr);
    }
    let kernel = Kernel::new(format!("{}_of_time", call.name), &kind, nullable, move |columns| {
        let (dates, times) = (columns.numbers::<Date32Type>(0)?, columns.numbers::<Time64NanosecondType>(1)?);
        let zones = if zoned { Some(columns.text(2)?) } else { None };
        let make = |row| {
            let Some((days, nanos)) = dates.at(row).zip(times.at(row)) else { return Ok(None) };
            let local = i64::from(days) * MICROS_PER_DAY + nanos / 1000;
            match zones.as_ref().map(|zones| zones.at(row)) {
                Some(None) => Ok(None),
                Some(Some(name)) => Ok(Some(Zone::parse(name)?.instant(local))),
                None => Ok(Some(session.instant(local))),
            }
        };
        if with_zone { timestamps(columns.rows, make) } else { primitives::<TimestampMicrosecondType>(columns.rows, make) }
    });
    Ok(Typed::new(kernel.identity(call.context.time_zone).fallible_if(zoned).call(arguments), kind, nullable))
}
