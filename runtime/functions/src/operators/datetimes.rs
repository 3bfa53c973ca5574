//! Dates and timestamps plus and minus numbers, intervals and each other.
//!
//! Whole days and months are moved on the wall clock of the session's zone, what is smaller on the line of instants.
//! Not here: the functions of dates (`date_add` and the like, which share [`moved_days`]). Begin at [`build`].

use arrow::array::types::{
    Date32Type, DurationMicrosecondType, Int32Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
    TimestampMicrosecondType,
};
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use emberflow_plan::types::DayTimeField;

use super::arithmetic::Arithmetic;
use crate::calendar::{MICROS_PER_DAY, add_months, split_micros};
use crate::call::{Context, Typed};
use crate::cast::{EvalMode, cast};
use crate::coerce::{Expect, unexpected_type};
use crate::kernels::{OnFailure, binary, checked_binary};
use crate::types::to_arrow;
use crate::udf::{Kernel, Risk};
use crate::zones::Zone;

/// `left op right` if a date or timestamp takes part.
pub fn build(
    op: Arithmetic,
    left: &Typed,
    right: &Typed,
    texts: &[String],
    mode: EvalMode,
    context: &Context<'_>,
) -> Option<Result<Typed>> {
    use DataType::*;
    let adds = match op {
        Arithmetic::Add => true,
        Arithmetic::Subtract => false,
        _ => return None,
    };
    let moves = |data_type: &DataType| matches!(data_type, Date | Timestamp | TimestampNtz);
    // Adding is the same from both sides.
    if adds && !moves(&left.data_type) && moves(&right.data_type) {
        let texts: Vec<_> = texts.iter().rev().cloned().collect();
        return build(op, right, left, &texts, mode, context);
    }
    match (&left.data_type, &right.data_type) {
        (Date, Byte | Short | Int | Null) => Some(date_and_days(left, right, adds, mode, context)),
        (Date, other) if other.is_numeric() => Some(Err(not_days(other, texts, adds))),
        (Date, interval) if interval.is_interval() => Some(date_and_interval(left, right, adds, mode, context)),
        (Timestamp | TimestampNtz, interval) if interval.is_interval() => Some(instant_and_interval(left, right, adds, context)),
        (Date, Time(_)) => Some(Err(not_days(&right.data_type, texts, adds))),
        (Date, Date) if adds => Some(Err(not_days(&Date, texts, adds))),
        // A text beside a date is read as one.
        (Date, text) if text.is_string() && adds && context.ansi => Some(Err(not_days(&Date, texts, adds))),
        (Date, Date) => Some(days_between(left.clone(), right.clone())),
        (Date, text) if text.is_string() && !adds => {
            Some(cast(right.clone(), &Date, mode, context).and_then(|right| days_between(left.clone(), right)))
        }
        (text, Date) if text.is_string() && !adds => {
            Some(cast(left.clone(), &Date, mode, context).and_then(|left| days_between(left, right.clone())))
        }
        (from, to) if !adds && (moves(from) || moves(to)) && both_instants(from, to) => {
            Some(time_between(left, right, mode, context))
        }
        _ => None,
    }
}

fn both_instants(left: &DataType, right: &DataType) -> bool {
    let fits = |one: &DataType| one.is_datetime() || one.is_string() || *one == DataType::Null;
    fits(left) && fits(right)
}

fn not_days(other: &DataType, texts: &[String], adds: bool) -> Error {
    let expected = Expect::OneOf(vec![Expect::Type(DataType::Int), Expect::Type(DataType::Short), Expect::Type(DataType::Byte)]);
    let call = super::call_text(if adds { "date_add" } else { "date_sub" }, texts);
    unexpected_type(other, &expected, 1, texts.get(1).map_or("", String::as_str), &call)
}

fn date_and_days(date: &Typed, days: &Typed, adds: bool, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    let days = cast(days.clone(), &DataType::Int, mode, context)?;
    let nullable = date.nullable || days.nullable;
    Ok(Typed::new(moved_days(date.expr.clone(), days.expr, adds, nullable), DataType::Date, nullable))
}

/// A date this many days later or earlier.
pub fn moved_days(date: Expr, days: Expr, adds: bool, nullable: bool) -> Expr {
    let returns = to_arrow(&DataType::Date);
    Kernel::new(if adds { "date_add" } else { "date_sub" }, returns.clone(), nullable)
        .run(move |arguments, _| {
            binary::<Date32Type, Int32Type, Date32Type>(arguments, &returns, |date, days| {
                if adds { date.wrapping_add(days) } else { date.wrapping_sub(days) }
            })
        })
        .call(vec![date, days])
}

fn days_between(end: Typed, start: Typed) -> Result<Typed> {
    let data_type = DataType::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Day };
    let nullable = end.nullable || start.nullable;
    let returns = to_arrow(&data_type);
    let expr = Kernel::new("subtract_dates", returns.clone(), nullable)
        .run(move |arguments, _| {
            binary::<Date32Type, Date32Type, DurationMicrosecondType>(arguments, &returns, |end, start| {
                (i64::from(end) - i64::from(start)) * MICROS_PER_DAY
            })
        })
        .call(vec![end.expr, start.expr]);
    Ok(Typed::new(expr, data_type, nullable))
}

fn time_between(end: &Typed, start: &Typed, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    let both_local = [end, start].iter().all(|one| one.data_type == DataType::TimestampNtz);
    let common = if both_local { DataType::TimestampNtz } else { DataType::Timestamp };
    let end = cast(end.clone(), &common, mode, context)?;
    let start = cast(start.clone(), &common, mode, context)?;
    let zone = zone_of(&common, context)?;
    let nullable = end.nullable || start.nullable;
    let returns = to_arrow(&DataType::day_time());
    let expr = Kernel::new("subtract_timestamps", returns.clone(), nullable)
        .of(zone_key(&common, context))
        .run(move |arguments, _| {
            let (ends, starts) = (zone.near(), zone.near());
            binary::<TimestampMicrosecondType, TimestampMicrosecondType, DurationMicrosecondType>(
                arguments,
                &returns,
                |end, start| ends.local(end).wrapping_sub(starts.local(start)),
            )
        })
        .call(vec![end.expr, start.expr]);
    Ok(Typed::new(expr, DataType::day_time(), nullable))
}

/// The zone in which a type's values are taken apart.
pub fn zone_of(data_type: &DataType, context: &Context<'_>) -> Result<Zone> {
    if *data_type == DataType::Timestamp { Zone::parse(context.time_zone) } else { Ok(Zone::Fixed(0)) }
}

fn zone_key(data_type: &DataType, context: &Context<'_>) -> String {
    let zone = if *data_type == DataType::Timestamp { context.time_zone } else { "" };
    format!("{},{zone}", data_type.simple_string())
}

fn overflow() -> Error {
    Error::new("DATETIME_OVERFLOW").with("operation", "add an interval to a date or timestamp")
}

fn date_and_interval(date: &Typed, interval: &Typed, adds: bool, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    let sign: i64 = if adds { 1 } else { -1 };
    let nullable = date.nullable || interval.nullable;
    let returns = to_arrow(&DataType::Date);
    let kernel = Kernel::new("date_plus", returns.clone(), nullable).of(format!("{},{sign}", interval.data_type.simple_string()));
    let arguments = vec![date.expr.clone(), interval.expr.clone()];
    let back = |days: i64| i32::try_from(days).map_or((0, true), |days| (days, false));
    let kernel = match &interval.data_type {
        DataType::YearMonthInterval { .. } => kernel.risks(Risk::Overflow).run(move |arguments, _| {
            let op = |days: i32, months: i32| back(add_months(i64::from(days), sign * i64::from(months)));
            checked_binary::<Date32Type, IntervalYearMonthType, Date32Type>(arguments, &returns, OnFailure::Raise, op, |_, _| {
                overflow()
            })
        }),
        DataType::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Day } => {
            kernel.risks(Risk::Overflow).run(move |arguments, _| {
                let op = |days: i32, micros: i64| back(i64::from(days) + sign * (micros / MICROS_PER_DAY));
                checked_binary::<Date32Type, DurationMicrosecondType, Date32Type>(
                    arguments,
                    &returns,
                    OnFailure::Raise,
                    op,
                    |_, _| overflow(),
                )
            })
        }
        DataType::DayTimeInterval { .. } => {
            let instant = cast(date.clone(), &DataType::Timestamp, mode, context)?;
            return instant_and_interval(&instant, interval, adds, context);
        }
        _ => return date_and_calendar(date, interval, sign, context),
    };
    Ok(Typed::new(kernel.call(arguments), DataType::Date, nullable))
}

fn date_and_calendar(date: &Typed, interval: &Typed, sign: i64, context: &Context<'_>) -> Result<Typed> {
    let ansi = context.ansi;
    let nullable = date.nullable || interval.nullable;
    let returns = to_arrow(&DataType::Date);
    let op = move |days: i32, interval: IntervalMonthDayNano| {
        let micros = interval.nanoseconds / 1000;
        let moved = add_months(i64::from(days), sign * i64::from(interval.months)) + sign * i64::from(interval.days);
        let moved = if ansi { moved } else { moved + (sign * micros).div_euclid(MICROS_PER_DAY) };
        match i32::try_from(moved) {
            Ok(days) => (days, ansi && micros != 0),
            Err(_) => (0, true),
        }
    };
    let fail = move |_, interval: IntervalMonthDayNano| {
        if ansi && interval.nanoseconds != 0 {
            return Error::new("INVALID_PARAMETER_VALUE.DATETIME_UNIT")
                .text("Hours and smaller units cannot be added to a date.")
                .with("functionName", "`+`")
                .with("parameter", "`interval`")
                .with("invalidValue", "an interval with hours or smaller units");
        }
        overflow()
    };
    let expr = Kernel::new("date_plus", returns.clone(), nullable)
        .of(format!("interval,{sign},{ansi}"))
        .risks(Risk::Overflow)
        .run(move |arguments, _| {
            checked_binary::<Date32Type, IntervalMonthDayNanoType, Date32Type>(arguments, &returns, OnFailure::Raise, op, fail)
        })
        .call(vec![date.expr.clone(), interval.expr.clone()]);
    Ok(Typed::new(expr, DataType::Date, nullable))
}

fn instant_and_interval(instant: &Typed, interval: &Typed, adds: bool, context: &Context<'_>) -> Result<Typed> {
    type T = TimestampMicrosecondType;
    let data_type = instant.data_type.clone();
    let zone = zone_of(&data_type, context)?;
    let sign: i64 = if adds { 1 } else { -1 };
    let nullable = instant.nullable || interval.nullable;
    let returns = to_arrow(&data_type);
    let key = format!("{},{},{sign}", zone_key(&data_type, context), interval.data_type.simple_string());
    let kernel = Kernel::new("timestamp_plus", returns.clone(), nullable).of(key).risks(Risk::Overflow);
    let raise = OnFailure::Raise;
    let kernel = match &interval.data_type {
        DataType::YearMonthInterval { .. } => kernel.run(move |arguments, _| {
            let op = |micros: i64, months: i32| moved(&zone, micros, sign * i64::from(months), 0, 0);
            checked_binary::<T, IntervalYearMonthType, T>(arguments, &returns, raise, op, |_, _| overflow())
        }),
        DataType::DayTimeInterval { .. } => kernel.run(move |arguments, _| {
            let op =
                |micros: i64, time: i64| moved(&zone, micros, 0, sign * (time / MICROS_PER_DAY), sign * (time % MICROS_PER_DAY));
            checked_binary::<T, DurationMicrosecondType, T>(arguments, &returns, raise, op, |_, _| overflow())
        }),
        _ => kernel.run(move |arguments, _| {
            let op = |micros: i64, by: IntervalMonthDayNano| {
                moved(&zone, micros, sign * i64::from(by.months), sign * i64::from(by.days), sign * (by.nanoseconds / 1000))
            };
            checked_binary::<T, IntervalMonthDayNanoType, T>(arguments, &returns, raise, op, |_, _| overflow())
        }),
    };
    Ok(Typed::new(kernel.call(vec![instant.expr.clone(), interval.expr.clone()]), data_type, nullable))
}

/// An instant moved by months and days of the wall clock, then by microseconds; and whether it left what can be held.
fn moved(zone: &Zone, micros: i64, months: i64, days: i64, time: i64) -> (i64, bool) {
    if months == 0 && days == 0 {
        return micros.overflowing_add(time);
    }
    let (day, of_day) = split_micros(zone.local(micros));
    let day = add_months(day, months) + days;
    match day.checked_mul(MICROS_PER_DAY).and_then(|start| start.checked_add(of_day)) {
        Some(local) => zone.instant(local).overflowing_add(time),
        None => (0, true),
    }
}
