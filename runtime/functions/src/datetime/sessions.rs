//! `session_window` of a row alone, and `time_bucket`: where on the line of time a moment lies.
//!
//! Which sessions rows form together is found by the analyzer. Begin at [`session_window`].

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType as Arrow, DurationMicrosecondType, IntervalMonthDayNanoType, IntervalYearMonthType, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::{moment, zone_for};
use crate::calendar::{MICROS_PER_DAY, add_months, date_of, split_micros};
use crate::call::{Call, Typed};
use crate::cast::{EvalMode, cast};
use crate::kernel::{Kernel, primitives};
use crate::types::to_arrow;

/// `session_window(time, gap)`: as if no other row were there.
pub fn session_window(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let stamp = session_moment(Call { arguments: call.arguments[..1].to_vec(), ..copied(&call) })?;
    let gap = gap_of(&call, 1)?;
    let kind = stamp.data_type.clone();
    let zone = zone_for(&call, &kind)?;
    let fields = vec![StructField::new("start", kind.clone(), true), StructField::new("end", kind.clone(), true)];
    let returns = DataType::Struct(StructType::new(fields));
    let (arrow, stamped) = (to_arrow(&returns), to_arrow(&kind));
    let kernel = Kernel::new("session_window", &returns, false, move |columns| {
        let Arrow::Struct(fields) = arrow.clone() else { return Err(Error::internal("a session is a struct")) };
        let (stamps, gaps) = (columns.numbers::<TimestampMicrosecondType>(0)?, columns.numbers::<IntervalMonthDayNanoType>(1)?);
        let end = |row: usize| {
            let (micros, gap) = stamps.at(row).zip(gaps.at(row))?;
            let (day, of_day) = split_micros(zone.local(micros));
            let day = add_months(day, i64::from(gap.months)) + i64::from(gap.days);
            Some(zone.instant(day * MICROS_PER_DAY + of_day) + gap.nanoseconds / 1000)
        };
        let column = |values: ArrayRef| -> ArrayRef {
            Arc::new(values.as_primitive::<TimestampMicrosecondType>().clone().with_data_type(stamped.clone()))
        };
        let starts = column(primitives::<TimestampMicrosecondType>(columns.rows, |row| Ok(stamps.at(row)))?);
        let ends = column(primitives::<TimestampMicrosecondType>(columns.rows, |row| Ok(end(row)))?);
        Ok(Arc::new(StructArray::new(fields, vec![starts, ends], None::<NullBuffer>)))
    });
    Ok(Typed::new(kernel.identity(call.context.time_zone).call(vec![stamp.expr, gap.expr]), returns, false))
}

fn copied<'a>(call: &Call<'a>) -> Call<'a> {
    Call {
        name: call.name,
        arguments: call.arguments.clone(),
        texts: call.texts.clone(),
        is_distinct: call.is_distinct,
        ignore_nulls: call.ignore_nulls,
        context: call.context,
    }
}

/// What sessions are made of: a timestamp.
pub fn session_moment(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    moment(&call, 0)
}

/// How long a session goes on: an interval, or the text of one.
pub fn session_gap(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    gap_of(&call, 0)
}

fn gap_of(call: &Call<'_>, index: usize) -> Result<Typed> {
    let refused = |kind: String| {
        Error::new("_LEGACY_ERROR_TEMP_1040")
            .with("dt", kind.clone())
            .text(format!("A session's gap is an interval of months, days and microseconds or the text of one, not {kind}."))
    };
    match call.type_of(index) {
        DataType::CalendarInterval | DataType::Null => {
            cast(call.argument(index)?, &DataType::CalendarInterval, EvalMode::Try, &call.context)
        }
        kind if kind.is_string() => cast(call.argument(index)?, &DataType::CalendarInterval, EvalMode::Try, &call.context),
        DataType::DayTimeInterval { start, end } => Err(refused(format!("DayTimeIntervalType({},{})", *start as u8, *end as u8))),
        DataType::YearMonthInterval { start, end } => {
            Err(refused(format!("YearMonthIntervalType({},{})", *start as u8, *end as u8)))
        }
        other => Err(refused(other.scala_text())),
    }
}

/// Microseconds and months of a bucket; one of them is 0.
enum Size {
    Micros(i64),
    Months(i64),
}

/// `time_bucket(size, time [, origin])`: the beginning of the bucket a moment is in.
pub fn time_bucket(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let kind = match call.type_of(1) {
        DataType::TimestampNtz => DataType::TimestampNtz,
        DataType::Timestamp | DataType::Null => DataType::Timestamp,
        kind if kind.is_string() => DataType::Timestamp,
        _ => {
            let said = call.wants(1, "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"");
            return Err(said.with("sqlExpr", format!("\"{}\"", bucket_text(&call))));
        }
    };
    let size = call.argument(0)?;
    let size = match &size.data_type {
        DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. } => size,
        DataType::Null => cast(size, &DataType::day_time(), call.context.mode(), &call.context)?,
        _ => return Err(call.wants(0, "(\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")")),
    };
    match crate::constant::fold(&size.expr) {
        Some(value) if is_not_positive(&value) => {
            return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
                .with("exprName", "`bucketSize`")
                .with("valueRange", "(0, inf)")
                .with("currentValue", call.texts.first().cloned().unwrap_or_default())
                .with("sqlExpr", format!("\"{}\"", bucket_text(&call))));
        }
        Some(_) => {}
        None => return Err(call.not_constant(0, "bucketSize", &size.data_type)),
    }
    let stamp = if *call.type_of(1) == kind { call.argument(1)? } else { call.as_type(1, &kind)? };
    let zone = zone_for(&call, &kind)?;
    let origin = if call.len() == 3 {
        call.as_type(2, &kind)?
    } else {
        let utc = (kind == DataType::Timestamp).then(|| "UTC".into());
        Typed::new(lit(ScalarValue::TimestampMicrosecond(Some(zone.instant(0)), utc)), kind.clone(), false)
    };
    let nullable = size.nullable || stamp.nullable || origin.nullable;
    let by_months = matches!(size.data_type, DataType::YearMonthInterval { .. });
    let stamped = to_arrow(&kind);
    let kernel = Kernel::new("time_bucket", &kind, nullable, move |columns| {
        let (stamps, origins) =
            (columns.numbers::<TimestampMicrosecondType>(1)?, columns.numbers::<TimestampMicrosecondType>(2)?);
        let size = |row: usize| -> Result<Option<Size>> {
            Ok(if by_months {
                columns.numbers::<IntervalYearMonthType>(0)?.at(row).map(|months| Size::Months(i64::from(months)))
            } else {
                columns.numbers::<DurationMicrosecondType>(0)?.at(row).map(Size::Micros)
            })
        };
        let made = primitives::<TimestampMicrosecondType>(columns.rows, |row| {
            let Some(((micros, origin), size)) = stamps.at(row).zip(origins.at(row)).zip(size(row)?) else { return Ok(None) };
            let (local, origin) = (zone.local(micros), zone.local(origin));
            Ok(Some(match size {
                Size::Micros(size) => zone.instant(origin + (local - origin).div_euclid(size) * size),
                Size::Months(size) => zone.instant(month_bucket(local, origin, size)),
            }))
        })?;
        Ok(Arc::new(made.as_primitive::<TimestampMicrosecondType>().clone().with_data_type(stamped.clone())))
    });
    let kernel = kernel.identity(call.context.time_zone);
    Ok(Typed::new(kernel.call(vec![size.expr, stamp.expr, origin.expr]), kind, nullable))
}

/// The call with its origin, as Spark prints it.
pub fn bucket_text(call: &Call<'_>) -> String {
    let mut texts = call.texts.clone();
    if texts.len() == 2 {
        texts.push(usual_origin(call.type_of(1)).to_owned());
    }
    format!("time_bucket({})", texts.join(", "))
}

/// The origin of buckets that name none, as Spark prints it.
pub fn usual_origin(kind: &DataType) -> &'static str {
    if *kind == DataType::TimestampNtz { "TIMESTAMP_NTZ '1970-01-01 00:00:00'" } else { "TIMESTAMP '1970-01-01 00:00:00'" }
}

fn is_not_positive(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::DurationMicrosecond(Some(micros)) => *micros <= 0,
        ScalarValue::IntervalYearMonth(Some(months)) => *months <= 0,
        _ => false,
    }
}

/// The last of the moments `origin`, a bucket later, two buckets later … that is not after `local`, or as many earlier.
fn month_bucket(local: i64, origin: i64, size: i64) -> i64 {
    let months = |micros: i64| {
        let (year, month, _) = date_of(split_micros(micros).0);
        year * 12 + i64::from(month)
    };
    let (day, of_day) = split_micros(origin);
    let start = |count: i64| add_months(day, count * size) * MICROS_PER_DAY + of_day;
    let count = (months(local) - months(origin)).div_euclid(size);
    if start(count) > local { start(count - 1) } else { start(count) }
}
