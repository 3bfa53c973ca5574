//! Intervals out of their parts.

use arrow::datatypes::{
    Decimal128Type, DurationMicrosecondType, Int32Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::calendar::MICROS_PER_DAY;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, Numbers, primitives};

fn overflow() -> Error {
    Error::new("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION")
}

fn seconds(call: &Call<'_>, index: usize) -> Result<Typed> {
    if call.len() > index {
        return call.as_type(index, &DataType::decimal(18, 6));
    }
    let zero = datafusion::common::ScalarValue::Decimal128(Some(0), 18, 6);
    Ok(Typed::new(lit(zero), DataType::decimal(18, 6), false))
}

fn int_or_zero(call: &Call<'_>, index: usize) -> Result<Typed> {
    if call.len() > index { call.int(index) } else { Ok(Typed::new(lit(0_i32), DataType::Int, false)) }
}

/// `make_ym_interval([years [, months]])`
pub fn make_ym_interval(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1, 2])?;
    let arguments = vec![int_or_zero(&call, 0)?.expr, int_or_zero(&call, 1)?.expr];
    let (kind, nullable) = (DataType::year_month(), call.any_nullable());
    let kernel = Kernel::new("make_ym_interval", &kind, nullable, |columns| {
        let (years, months) = (columns.numbers::<Int32Type>(0)?, columns.numbers::<Int32Type>(1)?);
        primitives::<IntervalYearMonthType>(columns.rows, |row| {
            let Some((years, months)) = years.at(row).zip(months.at(row)) else { return Ok(None) };
            years.checked_mul(12).and_then(|total| total.checked_add(months)).map(Some).ok_or_else(overflow)
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

/// `make_dt_interval([days [, hours [, minutes [, seconds]]]])`
pub fn make_dt_interval(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1, 2, 3, 4])?;
    let mut arguments = (0..3).map(|index| Ok(int_or_zero(&call, index)?.expr)).collect::<Result<Vec<_>>>()?;
    arguments.push(seconds(&call, 3)?.expr);
    let (kind, nullable) = (DataType::day_time(), call.any_nullable());
    let kernel = Kernel::new("make_dt_interval", &kind, nullable, |columns| {
        let part = |index| columns.numbers::<Int32Type>(index);
        let (days, hours, minutes, seconds) = (part(0)?, part(1)?, part(2)?, columns.numbers::<Decimal128Type>(3)?);
        primitives::<DurationMicrosecondType>(columns.rows, |row| {
            let there = days.at(row).zip(hours.at(row)).zip(minutes.at(row)).zip(seconds.at(row));
            let Some((((days, hours), minutes), seconds)) = there else { return Ok(None) };
            let minutes = i128::from(hours) * 60 + i128::from(minutes);
            let micros = i128::from(days) * i128::from(MICROS_PER_DAY) + minutes * 60_000_000 + seconds;
            i64::try_from(micros).map(Some).map_err(|_| overflow())
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

/// `make_interval([years, months, weeks, days, hours, minutes, seconds])`; forgiving: `try_make_interval`.
pub fn make_interval(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[0, 1, 2, 3, 4, 5, 6, 7])?;
    let mut arguments = (0..6).map(|index| Ok(int_or_zero(&call, index)?.expr)).collect::<Result<Vec<_>>>()?;
    arguments.push(seconds(&call, 6)?.expr);
    let kind = DataType::CalendarInterval;
    let ansi = call.context.ansi && !forgiving;
    let nullable = !ansi || call.any_nullable();
    let kernel = Kernel::new("make_interval", &kind, nullable, move |columns| {
        let parts = (0..6).map(|index| columns.numbers::<Int32Type>(index)).collect::<Result<Vec<Numbers<_>>>>()?;
        let seconds = columns.numbers::<Decimal128Type>(6)?;
        primitives::<IntervalMonthDayNanoType>(columns.rows, |row| {
            let fields: Option<Vec<i64>> = parts.iter().map(|part| part.at(row).map(i64::from)).collect();
            let Some((fields, seconds)) = fields.zip(seconds.at(row)) else { return Ok(None) };
            match interval_of(&fields, seconds) {
                None if ansi => Err(overflow()),
                made => Ok(made),
            }
        })
    });
    Ok(Typed::new(kernel.identity(ansi).fallible_if(ansi).call(arguments), kind, nullable))
}

fn interval_of(fields: &[i64], seconds: i128) -> Option<IntervalMonthDayNano> {
    let months = i32::try_from(fields[0] * 12 + fields[1]).ok()?;
    let days = i32::try_from(fields[2] * 7 + fields[3]).ok()?;
    let micros = i128::from(fields[4] * 60 + fields[5]) * 60_000_000 + seconds;
    Some(IntervalMonthDayNano::new(months, days, i64::try_from(micros * 1000).ok()?))
}
