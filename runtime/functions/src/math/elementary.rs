//! Functions of doubles.

use std::sync::Arc;

use arrow::array::{AsArray, Float64Array};
use arrow::compute::unary;
use arrow::datatypes::{DurationMicrosecondType, Float64Type, Int32Type, Int64Type, IntervalYearMonthType};
use datafusion::logical_expr::lit;
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{kernel, primitives};

/// A function of one double.
pub fn of_one(call: Call<'_>, function: fn(f64) -> f64) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.double(0)?;
    // Spark says so of all of them, whatever the argument.
    Ok(kernel(call.name, vec![argument], DataType::Double, true, move |columns| {
        let array = columns.array(0)?;
        let result: Float64Array = unary(array.as_primitive::<Float64Type>(), function);
        Ok(Arc::new(result))
    }))
}

/// A function of two doubles.
pub fn of_two(call: Call<'_>, function: fn(f64, f64) -> f64) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.double(0)?, call.double(1)?];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    Ok(kernel(call.name, arguments, DataType::Double, nullable, move |columns| {
        let (left, right) = (columns.numbers::<Float64Type>(0)?, columns.numbers::<Float64Type>(1)?);
        primitives::<Float64Type>(columns.rows, |row| Ok(left.at(row).zip(right.at(row)).map(|(a, b)| function(a, b))))
    }))
}

/// A logarithm: null at and below `bottom`.
pub fn logarithm(call: Call<'_>, bottom: f64, function: fn(f64) -> f64) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.double(0)?;
    Ok(kernel(call.name, vec![argument], DataType::Double, true, move |columns| {
        let numbers = columns.numbers::<Float64Type>(0)?;
        primitives::<Float64Type>(columns.rows, |row| {
            // NaN is not below the bottom and stays NaN.
            Ok(numbers.at(row).filter(|x| x.is_nan() || *x > bottom).map(function))
        })
    }))
}

/// `log(x)`, `log(base, x)`
pub fn log(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    if call.len() == 1 {
        return logarithm(Call { name: "ln", ..call }, 0.0, libm::log);
    }
    let arguments = vec![call.double(0)?, call.double(1)?];
    Ok(kernel("log", arguments, DataType::Double, true, |columns| {
        let (bases, numbers) = (columns.numbers::<Float64Type>(0)?, columns.numbers::<Float64Type>(1)?);
        primitives::<Float64Type>(columns.rows, |row| {
            let there = bases.at(row).zip(numbers.at(row));
            Ok(there
                .filter(|(base, x)| (base.is_nan() || *base > 0.0) && (x.is_nan() || *x > 0.0))
                .map(|(base, x)| libm::log(x) / libm::log(base)))
        })
    }))
}

/// A constant.
pub fn constant(call: Call<'_>, value: f64) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(lit(value), DataType::Double, false))
}

/// As Java writes it, so that the last digit agrees.
pub fn asinh(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { x } else { (x + (x * x + 1.0).sqrt()).ln() }
}

/// As Java multiplies, so that the last digit agrees.
pub fn to_degrees(x: f64) -> f64 {
    x * 57.295_779_513_082_32
}

/// As Java multiplies, so that the last digit agrees.
pub fn to_radians(x: f64) -> f64 {
    x * 0.017_453_292_519_943_295
}

/// `sign(x)`: a double, -1, 0 or 1.
pub fn sign(call: Call<'_>) -> Result<Typed> {
    let call = match call.type_of(0) {
        DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. } => with_number(call)?,
        _ => call,
    };
    of_one(call, |x| if x == 0.0 || x.is_nan() { x } else { x.signum() })
}

/// An interval's length as a number, whose sign is the interval's.
fn with_number(call: Call<'_>) -> Result<Call<'_>> {
    let number = interval_length(call.argument(0)?)?;
    Ok(Call { arguments: vec![number], ..call })
}

fn interval_length(interval: Typed) -> Result<Typed> {
    Ok(kernel("interval_length", vec![interval], DataType::Double, true, |columns| {
        let array = columns.array(0)?;
        if let Some(spans) = array.as_primitive_opt::<DurationMicrosecondType>() {
            return Ok(Arc::new(unary::<_, _, Float64Type>(spans, |micros| micros as f64)));
        }
        let spans = columns.numbers::<IntervalYearMonthType>(0)?;
        primitives::<Float64Type>(columns.rows, |row| Ok(spans.at(row).map(f64::from)))
    }))
}

/// `factorial(n)`: null outside 0 to 20.
pub fn factorial(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.int(0)?;
    Ok(kernel("factorial", vec![argument], DataType::Long, true, |columns| {
        let numbers = columns.numbers::<Int32Type>(0)?;
        primitives::<Int64Type>(columns.rows, |row| {
            Ok(numbers.at(row).filter(|n| (0..=20).contains(n)).map(|n| (1..=i64::from(n)).product()))
        })
    }))
}

/// `width_bucket(value, from, to, count)`
pub fn width_bucket(call: Call<'_>) -> Result<Typed> {
    call.arity(&[4])?;
    if matches!(call.type_of(0), DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. }) {
        let same = |index: usize| std::mem::discriminant(call.type_of(index)) == std::mem::discriminant(call.type_of(0));
        if let Some(other) = (1..3).find(|index| !same(*index)) {
            return Err(call.mismatch(other, &call.type_of(0).sql()));
        }
        let lengths = (0..3).map(|index| interval_length(call.argument(index)?));
        let mut arguments = lengths.collect::<Result<Vec<_>>>()?;
        arguments.push(call.long(3)?);
        return Ok(buckets(arguments));
    }
    let arguments = vec![call.double(0)?, call.double(1)?, call.double(2)?, call.long(3)?];
    Ok(buckets(arguments))
}

fn buckets(arguments: Vec<Typed>) -> Typed {
    kernel("width_bucket", arguments, DataType::Long, true, |columns| {
        let number = |index| columns.numbers::<Float64Type>(index);
        let (values, starts, ends, counts) = (number(0)?, number(1)?, number(2)?, columns.numbers::<Int64Type>(3)?);
        primitives::<Int64Type>(columns.rows, |row| {
            let there = values.at(row).zip(starts.at(row)).zip(ends.at(row)).zip(counts.at(row));
            Ok(there.and_then(|(((value, start), end), count)| bucket(value, start, end, count)))
        })
    })
}

fn bucket(value: f64, start: f64, end: f64, count: i64) -> Option<i64> {
    let senseless = count <= 0 || count == i64::MAX || value.is_nan() || start == end || !start.is_finite() || !end.is_finite();
    if senseless {
        return None;
    }
    let (below, beyond) = if start < end { (value < start, value >= end) } else { (value > start, value <= end) };
    Some(match (below, beyond) {
        (true, _) => 0,
        (_, true) => count + 1,
        _ => (count as f64 * (value - start) / (end - start)) as i64 + 1,
    })
}
