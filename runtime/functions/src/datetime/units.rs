//! Counts of seconds, milliseconds and microseconds since 1970.

use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, kernel, primitives, timestamps};

/// `timestamp_millis`, `timestamp_micros`: `unit` microseconds each.
pub fn from_epoch(call: Call<'_>, unit: i64) -> Result<Typed> {
    call.arity(&[1])?;
    if !call.type_of(0).is_integral() && call.type_of(0) != &DataType::Null {
        return Err(call.mismatch(0, "INTEGRAL"));
    }
    whole(&call, unit)
}

fn whole(call: &Call<'_>, unit: i64) -> Result<Typed> {
    let count = call.long(0)?;
    let nullable = count.nullable;
    let kernel = Kernel::new(call.name, &DataType::Timestamp, nullable, move |columns| {
        let counts = columns.numbers::<Int64Type>(0)?;
        timestamps(columns.rows, |row| match counts.at(row) {
            None => Ok(None),
            Some(count) => count.checked_mul(unit).map(Some).ok_or_else(overflow),
        })
    });
    Ok(Typed::new(kernel.fallible_if(unit > 1).call(vec![count.expr]), DataType::Timestamp, nullable))
}

fn overflow() -> Error {
    Error::new("ARITHMETIC_OVERFLOW")
        .with("message", "long overflow")
        .with("alternative", "")
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// `timestamp_seconds(number)`, which may have a fraction.
pub fn timestamp_seconds(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    match call.type_of(0).clone() {
        DataType::Float | DataType::Double => {
            let seconds = convert(call.argument(0)?, &DataType::Double, &call.context)?;
            Ok(kernel("timestamp_seconds", vec![seconds], DataType::Timestamp, true, |columns| {
                let seconds = columns.numbers::<Float64Type>(0)?;
                timestamps(columns.rows, |row| Ok(seconds.at(row).filter(|s| s.is_finite()).map(|s| (s * 1e6) as i64)))
            }))
        }
        DataType::Decimal { scale, .. } => {
            let seconds = call.argument(0)?;
            let nullable = seconds.nullable;
            let kernel = Kernel::new("timestamp_seconds", &DataType::Timestamp, nullable, move |columns| {
                let seconds = columns.numbers::<Decimal128Type>(0)?;
                timestamps(columns.rows, |row| match seconds.at(row) {
                    None => Ok(None),
                    Some(unscaled) => {
                        let micros = unscaled.checked_mul(1_000_000).map(|wide| wide / 10_i128.pow(scale.max(0) as u32));
                        micros.and_then(|micros| i64::try_from(micros).ok()).map(Some).ok_or_else(overflow)
                    }
                })
            });
            Ok(Typed::new(kernel.identity(scale).fallible_if(true).call(vec![seconds.expr]), DataType::Timestamp, nullable))
        }
        kind if kind.is_integral() || kind == DataType::Null => whole(&call, 1_000_000),
        _ => Err(call.mismatch(0, "NUMERIC")),
    }
}

/// `unix_seconds`, `unix_millis`, `unix_micros`: rounded down.
pub fn to_epoch(call: Call<'_>, unit: i64) -> Result<Typed> {
    call.arity(&[1])?;
    let stamp = call.timestamp(0)?;
    let nullable = stamp.nullable;
    Ok(kernel(call.name, vec![stamp], DataType::Long, nullable, move |columns| {
        let stamps = columns.numbers::<TimestampMicrosecondType>(0)?;
        primitives::<Int64Type>(columns.rows, |row| Ok(stamps.at(row).map(|micros| micros.div_euclid(unit))))
    }))
}
