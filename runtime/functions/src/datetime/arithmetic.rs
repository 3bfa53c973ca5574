//! Adding to dates and timestamps, and what lies between them.

use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{moment, zone_for};
use crate::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND, date_of, days_in_month, days_of};
use crate::call::{Call, Typed};
use crate::kernel::{Columns, Kernel, kernel, primitives, timestamps};
use crate::zones::Zone;

/// `date_add(start, days)`, `date_sub` with `sign` -1.
pub fn date_add(call: Call<'_>, sign: i32) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.date(0)?, call.int(1)?];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    Ok(kernel(call.name, arguments, DataType::Date, nullable, move |columns| {
        let (starts, days) = (columns.numbers::<Date32Type>(0)?, columns.numbers::<Int32Type>(1)?);
        primitives::<Date32Type>(columns.rows, |row| {
            Ok(starts.at(row).zip(days.at(row)).map(|(start, days)| start.wrapping_add(days.wrapping_mul(sign))))
        })
    }))
}

/// `datediff(end, start)`
pub fn datediff(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.date(0)?, call.date(1)?];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    Ok(kernel("datediff", arguments, DataType::Int, nullable, |columns| {
        let (ends, starts) = (columns.numbers::<Date32Type>(0)?, columns.numbers::<Date32Type>(1)?);
        primitives::<Int32Type>(columns.rows, |row| Ok(ends.at(row).zip(starts.at(row)).map(|(end, start)| end - start)))
    }))
}

/// `add_months(start, months)`: the day is cut to the last of the month.
pub fn add_months(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.date(0)?, call.int(1)?];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    Ok(kernel("add_months", arguments, DataType::Date, nullable, |columns| {
        let (starts, months) = (columns.numbers::<Date32Type>(0)?, columns.numbers::<Int32Type>(1)?);
        primitives::<Date32Type>(columns.rows, |row| {
            let there = starts.at(row).zip(months.at(row));
            Ok(there.map(|(start, months)| calendar::add_months(i64::from(start), i64::from(months)) as i32))
        })
    }))
}

/// `last_day(date)`
pub fn last_day(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let date = call.date(0)?;
    let nullable = date.nullable;
    Ok(kernel("last_day", vec![date], DataType::Date, nullable, |columns| {
        let dates = columns.numbers::<Date32Type>(0)?;
        primitives::<Date32Type>(columns.rows, |row| {
            Ok(dates.at(row).map(|days| {
                let (year, month, _) = date_of(i64::from(days));
                days_of(year, month, days_in_month(year, month)) as i32
            }))
        })
    }))
}

/// `next_day(start, day of week)`
pub fn next_day(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.date(0)?.expr, call.text(1)?.expr];
    let ansi = call.context.ansi;
    let nullable = true;
    let kernel = Kernel::new("next_day", &DataType::Date, nullable, move |columns| {
        let (starts, names) = (columns.numbers::<Date32Type>(0)?, columns.text(1)?);
        primitives::<Date32Type>(columns.rows, |row| {
            let Some((start, name)) = starts.at(row).zip(names.at(row)) else { return Ok(None) };
            match weekday(name) {
                Some(wanted) => {
                    let today = (i64::from(start) + 3).rem_euclid(7);
                    Ok(Some(start + ((wanted - today + 6).rem_euclid(7) + 1) as i32))
                }
                None if ansi => {
                    let refused = Error::new("ILLEGAL_DAY_OF_WEEK").with("string", name);
                    Err(refused.exception_class(emberflow_base::Exception::IllegalArgument))
                }
                None => Ok(None),
            }
        })
    });
    Ok(Typed::new(kernel.identity(ansi).fallible_if(ansi).call(arguments), DataType::Date, nullable))
}

fn weekday(name: &str) -> Option<i64> {
    let name = name.trim().to_ascii_uppercase();
    let index = super::pattern::DAYS.iter().position(|day| {
        let day = day.to_ascii_uppercase();
        name == day || name == day[..3] || name == day[..2]
    });
    index.map(|index| index as i64)
}

/// `months_between(a, b [, round to 8 digits])`
pub fn months_between(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let round = if call.len() == 3 { call.boolean(2)? } else { Typed::new(lit(true), DataType::Boolean, false) };
    let arguments = vec![call.timestamp(0)?, call.timestamp(1)?, round];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let zone = zone_for(&call, &DataType::Timestamp)?;
    let kernel = Kernel::new("months_between", &DataType::Double, nullable, move |columns| {
        let (left, right) = (columns.numbers::<TimestampMicrosecondType>(0)?, columns.numbers::<TimestampMicrosecondType>(1)?);
        let rounds = columns.flags(2)?;
        primitives::<Float64Type>(columns.rows, |row| {
            let there = left.at(row).zip(right.at(row)).zip(rounds.at(row));
            Ok(there.map(|((left, right), round)| months_apart(zone.local(left), zone.local(right), round)))
        })
    });
    let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
    Ok(Typed::new(kernel.identity(call.context.time_zone).call(arguments), DataType::Double, nullable))
}

fn months_apart(left: i64, right: i64, round: bool) -> f64 {
    let split = |local: i64| {
        let days = local.div_euclid(MICROS_PER_DAY);
        (date_of(days), local.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND)
    };
    let (((year, month, day), seconds), ((other_year, other_month, other_day), other_seconds)) = (split(left), split(right));
    let months = (year * 12 + i64::from(month) - other_year * 12 - i64::from(other_month)) as f64;
    let at_end = |year, month, day| day == days_in_month(year, month);
    if day == other_day || at_end(year, month, day) && at_end(other_year, other_month, other_day) {
        return months;
    }
    let apart = (i64::from(day) - i64::from(other_day)) * 86_400 + seconds - other_seconds;
    let result = months + apart as f64 / (31.0 * 86_400.0);
    if round { (result * 1e8).round() / 1e8 } else { result }
}

/// `date_from_unix_date(days)`
pub fn date_from_unix_date(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let days = call.int(0)?;
    let nullable = days.nullable;
    Ok(kernel("date_from_unix_date", vec![days], DataType::Date, nullable, |columns| {
        let days = columns.numbers::<Int32Type>(0)?;
        primitives::<Date32Type>(columns.rows, |row| Ok(days.at(row)))
    }))
}

/// `unix_date(date)`
pub fn unix_date(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    if !matches!(call.type_of(0), DataType::Date | DataType::Null) {
        return Err(call.mismatch(0, "DATE"));
    }
    let date = call.date(0)?;
    let nullable = date.nullable;
    Ok(kernel("unix_date", vec![date], DataType::Int, nullable, |columns| {
        let days = columns.numbers::<Date32Type>(0)?;
        primitives::<Int32Type>(columns.rows, |row| Ok(days.at(row)))
    }))
}

/// `from_utc_timestamp(timestamp, zone)` (`from_utc`), `to_utc_timestamp(timestamp, zone)`: the wall clocks of UTC and of
/// `zone` exchanged, seen through the session's zone.
pub fn shifted(call: Call<'_>, from_utc: bool) -> Result<Typed> {
    call.arity(&[2])?;
    // A text may turn out to be no timestamp.
    let nullable = call.any_nullable() || call.type_of(0).is_string();
    let arguments = vec![call.timestamp(0)?.expr, call.text(1)?.expr];
    let kernel = Kernel::new(call.name, &DataType::Timestamp, nullable, move |columns| {
        let (stamps, names) = (columns.numbers::<TimestampMicrosecondType>(0)?, columns.text(1)?);
        timestamps(columns.rows, |row| {
            let Some((micros, name)) = stamps.at(row).zip(names.at(row)) else { return Ok(None) };
            let zone = Zone::parse(name)?;
            Ok(Some(if from_utc { zone.local(micros) } else { zone.instant(micros) }))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::Timestamp, nullable))
}

/// `convert_timezone([from,] to, timestamp_ntz)`
pub fn convert_timezone(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let from =
        if call.len() == 3 { call.text(0)? } else { Typed::new(lit(call.context.time_zone.to_owned()), DataType::String, false) };
    let (to, stamp) = (call.len() - 2, call.len() - 1);
    let arguments = vec![from.expr, call.text(to)?.expr, call.as_type(stamp, &DataType::TimestampNtz)?.expr];
    let nullable = call.any_nullable();
    let kernel = Kernel::new("convert_timezone", &DataType::TimestampNtz, nullable, |columns| {
        let (from, to, stamps) = (columns.text(0)?, columns.text(1)?, columns.numbers::<TimestampMicrosecondType>(2)?);
        primitives::<TimestampMicrosecondType>(columns.rows, |row| {
            let Some(((from, to), local)) = from.at(row).zip(to.at(row)).zip(stamps.at(row)) else { return Ok(None) };
            Ok(Some(Zone::parse(to)?.local(Zone::parse(from)?.instant(local))))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), DataType::TimestampNtz, nullable))
}

/// A unit of `timestampadd`: months or microseconds it stands for.
enum Unit {
    Months(i64),
    Days(i64),
    Micros(i64),
}

fn unit(call: &Call<'_>) -> Result<Unit> {
    let name = call.literal_text(0).unwrap_or_default();
    Ok(match name.to_ascii_uppercase().as_str() {
        "MICROSECOND" => Unit::Micros(1),
        "MILLISECOND" => Unit::Micros(1_000),
        "SECOND" => Unit::Micros(MICROS_PER_SECOND),
        "MINUTE" => Unit::Micros(60 * MICROS_PER_SECOND),
        "HOUR" => Unit::Micros(3600 * MICROS_PER_SECOND),
        "DAY" | "DAYOFYEAR" => Unit::Days(1),
        "WEEK" => Unit::Days(7),
        "MONTH" => Unit::Months(1),
        "QUARTER" => Unit::Months(3),
        "YEAR" => Unit::Months(12),
        _ => {
            return Err(Error::new("INVALID_PARAMETER_VALUE.DATETIME_UNIT")
                .with("functionName", format!("`{}`", call.name))
                .with("parameter", "`unit`")
                .with("invalidValue", format!("'{name}'")));
        }
    })
}

fn overflow() -> Error {
    Error::new("DATETIME_OVERFLOW").with("operation", "add to a timestamp")
}

/// `timestampadd(unit, count, timestamp)`
pub fn timestampadd(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let unit = unit(&call)?;
    let stamp = moment(&call, 2)?;
    let (kind, zone) = (stamp.data_type.clone(), zone_for(&call, &stamp.data_type)?);
    let nullable = call.any_nullable();
    let arguments = vec![call.long(1)?.expr, stamp.expr];
    let with_zone = kind == DataType::Timestamp;
    let kernel = Kernel::new("timestampadd", &kind, nullable, move |columns| {
        let (counts, stamps) = (columns.numbers::<Int64Type>(0)?, columns.numbers::<TimestampMicrosecondType>(1)?);
        let add = |row| match counts.at(row).zip(stamps.at(row)) {
            None => Ok(None),
            Some((count, micros)) => added(micros, count, &unit, &zone).map(Some).ok_or_else(overflow),
        };
        if with_zone { timestamps(columns.rows, add) } else { primitives::<TimestampMicrosecondType>(columns.rows, add) }
    });
    let identity = format!("{} {}", call.literal_text(0).unwrap_or_default(), call.context.time_zone);
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(arguments), kind, nullable))
}

fn added(micros: i64, count: i64, unit: &Unit, zone: &Zone) -> Option<i64> {
    if let Unit::Micros(each) = unit {
        return micros.checked_add(count.checked_mul(*each)?);
    }
    let local = zone.local(micros);
    let (days, time) = (local.div_euclid(MICROS_PER_DAY), local.rem_euclid(MICROS_PER_DAY));
    let days = match unit {
        Unit::Days(each) => days.checked_add(count.checked_mul(*each)?)?,
        Unit::Months(each) => calendar::add_months(days, i64::from(i32::try_from(count.checked_mul(*each)?).ok()?)),
        Unit::Micros(_) => days,
    };
    Some(zone.instant(days.checked_mul(MICROS_PER_DAY)?.checked_add(time)?))
}

/// `timestampdiff(unit, start, end)`: whole units, towards zero.
pub fn timestampdiff(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let unit = unit(&call)?;
    let (start, end) = (call.timestamp(1)?, call.timestamp(2)?);
    let zone = zone_for(&call, &DataType::Timestamp)?;
    let nullable = call.any_nullable();
    let kernel = Kernel::new("timestampdiff", &DataType::Long, nullable, move |columns: &Columns| {
        let (starts, ends) = (columns.numbers::<TimestampMicrosecondType>(0)?, columns.numbers::<TimestampMicrosecondType>(1)?);
        primitives::<Int64Type>(columns.rows, |row| {
            Ok(starts.at(row).zip(ends.at(row)).map(|(start, end)| between(start, end, &unit, &zone)))
        })
    });
    let identity = format!("{} {}", call.literal_text(0).unwrap_or_default(), call.context.time_zone);
    Ok(Typed::new(kernel.identity(identity).call(vec![start.expr, end.expr]), DataType::Long, nullable))
}

fn between(start: i64, end: i64, unit: &Unit, zone: &Zone) -> i64 {
    let (from, to) = (zone.local(start), zone.local(end));
    match unit {
        Unit::Micros(each) => (end - start) / each,
        Unit::Days(each) => (to - from) / MICROS_PER_DAY / each,
        Unit::Months(each) => {
            let split = |local: i64| {
                let (year, month, day) = date_of(local.div_euclid(MICROS_PER_DAY));
                (year * 12 + i64::from(month), i64::from(day) * MICROS_PER_DAY + local.rem_euclid(MICROS_PER_DAY))
            };
            let ((months, rest), (other_months, other_rest)) = (split(from), split(to));
            let mut apart = other_months - months;
            if apart > 0 && other_rest < rest {
                apart -= 1;
            } else if apart < 0 && other_rest > rest {
                apart += 1;
            }
            apart / each
        }
    }
}
