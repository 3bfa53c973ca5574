//! Dates and timestamps out of their parts.

use arrow::datatypes::{Date32Type, Decimal128Type, Int32Type, TimestampMicrosecondType};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::zone_for;
use crate::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND, days_of, is_date};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, primitives, timestamps};
use crate::zones::Zone;

fn out_of_bounds(message: String) -> Error {
    Error::new("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION")
        .with("rangeMessage", message)
        .with("ansiConfig", "\"spark.sql.ansi.enabled\"")
}

fn day_of(year: i32, month: i32, day: i32) -> Result<i64> {
    if !(1..=12).contains(&month) {
        return Err(out_of_bounds(format!("Invalid value for MonthOfYear (valid values 1 - 12): {month}")));
    }
    if !(1..=31).contains(&day) {
        return Err(out_of_bounds(format!("Invalid value for DayOfMonth (valid values 1 - 28/31): {day}")));
    }
    if !is_date(i64::from(year), month as u32, day as u32) {
        let name = super::pattern::MONTHS[month as usize - 1];
        return Err(out_of_bounds(match day {
            29 => format!("Invalid date 'February 29' as '{year}' is not a leap year"),
            _ => format!("Invalid date '{} {day}'", name.to_uppercase()),
        }));
    }
    Ok(days_of(i64::from(year), month as u32, day as u32))
}

/// `make_date(year, month, day)`
pub fn make_date(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = (0..3).map(|index| Ok(call.int(index)?.expr)).collect::<Result<_>>()?;
    let ansi = call.context.ansi;
    let nullable = !ansi || call.any_nullable();
    let kernel = Kernel::new("make_date", &DataType::Date, nullable, move |columns| {
        let part = |index| columns.numbers::<Int32Type>(index);
        let (years, months, days) = (part(0)?, part(1)?, part(2)?);
        primitives::<Date32Type>(columns.rows, |row| {
            let Some(((year, month), day)) = years.at(row).zip(months.at(row)).zip(days.at(row)) else { return Ok(None) };
            match day_of(year, month, day) {
                Ok(days) => Ok(Some(days as i32)),
                Err(error) if ansi => Err(error),
                Err(_) => Ok(None),
            }
        })
    });
    Ok(Typed::new(kernel.identity(ansi).fallible_if(ansi).call(arguments), DataType::Date, nullable))
}

/// `make_timestamp(..)`: what the session calls a timestamp; where that has no zone, one that is given says nothing.
pub fn make_timestamp_as_named(mut call: Call<'_>, forgiving: bool) -> Result<Typed> {
    let kind = call.context.timestamp_type();
    if kind == DataType::TimestampNtz && matches!(call.len(), 3 | 7) {
        call.text(call.len() - 1)?;
        call.arguments.pop();
        call.texts.pop();
    }
    make_timestamp(call, kind, forgiving)
}

/// `make_timestamp_ltz(year, month, day, hour, minute, second [, zone])`, `make_timestamp_ntz(..)` without a zone
pub fn make_timestamp(call: Call<'_>, kind: DataType, forgiving: bool) -> Result<Typed> {
    if matches!(call.len(), 2 | 3) && (kind != DataType::TimestampNtz || call.len() == 2) {
        return super::times::make_timestamp(&call, kind);
    }
    call.arity(if kind == DataType::TimestampNtz { &[6] } else { &[6, 7] })?;
    let mut arguments = (0..5).map(|index| Ok(call.int(index)?.expr)).collect::<Result<Vec<_>>>()?;
    arguments.push(call.as_type(5, &DataType::decimal(16, 6))?.expr);
    if call.len() == 7 {
        arguments.push(call.text(6)?.expr);
    }
    let (session, ansi) = (zone_for(&call, &kind)?, call.context.ansi && !forgiving);
    // Seconds may not fit into the decimal they are cast to.
    let is_cast = matches!(call.type_of(5), DataType::Float | DataType::Double | DataType::String);
    let (zoned, nullable) = (call.len() == 7, !ansi || is_cast || call.any_nullable());
    let with_zone = kind == DataType::Timestamp;
    let kernel = Kernel::new(call.name, &kind, nullable, move |columns| {
        let parts = (0..5).map(|index| columns.numbers::<Int32Type>(index)).collect::<Result<Vec<_>>>()?;
        let seconds = columns.numbers::<Decimal128Type>(5)?;
        let zones = if zoned { Some(columns.text(6)?) } else { None };
        let make = |row| {
            let fields: Option<Vec<i32>> = parts.iter().map(|part| part.at(row)).collect();
            let Some((fields, second)) = fields.zip(seconds.at(row)) else { return Ok(None) };
            let zone = match zones.as_ref().map(|zones| zones.at(row)) {
                Some(None) => return Ok(None),
                Some(Some(name)) => Zone::parse(name)?,
                None => session.clone(),
            };
            match local_of(&fields, second) {
                Ok(local) => Ok(Some(zone.instant(local))),
                Err(error) if ansi => Err(error),
                Err(_) => Ok(None),
            }
        };
        if with_zone { timestamps(columns.rows, make) } else { primitives::<TimestampMicrosecondType>(columns.rows, make) }
    });
    let identity = format!("{ansi} {}", call.context.time_zone);
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(arguments), kind, nullable))
}

/// `second` is in millionths; exactly 60 means the next minute.
fn local_of(fields: &[i32], second: i128) -> Result<i64> {
    let days = day_of(fields[0], fields[1], fields[2])?;
    let (hour, minute) = (fields[3], fields[4]);
    if !(0..=23).contains(&hour) {
        return Err(out_of_bounds(format!("Invalid value for HourOfDay (valid values 0 - 23): {hour}")));
    }
    if !(0..=59).contains(&minute) {
        return Err(out_of_bounds(format!("Invalid value for MinuteOfHour (valid values 0 - 59): {minute}")));
    }
    if second == 60_000_000 || (0..60_000_000).contains(&second) {
        let minutes = i64::from(hour) * 60 + i64::from(minute);
        return Ok(days * MICROS_PER_DAY + minutes * 60 * MICROS_PER_SECOND + second as i64);
    }
    if second / 1_000_000 == 60 {
        let fraction = format!("{:.6}", second as f64 / 1e6);
        return Err(Error::new("INVALID_FRACTION_OF_SECOND").with("secAndMicros", fraction));
    }
    Err(out_of_bounds(format!("Invalid value for SecondOfMinute (valid values 0 - 59): {}", second / 1_000_000)))
}
