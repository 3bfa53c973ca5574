//! Times of day plus and minus intervals of days, hours and smaller, and the span between two of them.
//!
//! A time that leaves its day is an error. Not here: the functions of times (`datetime::times`). Begin at [`build`].

use arrow::array::types::{DurationMicrosecondType, Time64NanosecondType};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use emberflow_plan::types::DayTimeField;

use super::arithmetic::Arithmetic;
use crate::call::Typed;
use crate::datetime::NANOS_PER_DAY;
use crate::kernels::{OnFailure, binary, checked_binary};
use crate::types::to_arrow;
use crate::udf::{Kernel, Risk};

/// `left op right` if a time of day takes part with an interval or another one.
pub fn build(op: Arithmetic, left: &Typed, right: &Typed, texts: &[String]) -> Option<Result<Typed>> {
    let adds = match op {
        Arithmetic::Add => true,
        Arithmetic::Subtract => false,
        _ => return None,
    };
    match (&left.data_type, &right.data_type) {
        (DataType::Time(_), DataType::DayTimeInterval { end, .. }) => Some(Ok(moved(left, right, *end, adds, texts))),
        (DataType::DayTimeInterval { .. }, DataType::Time(_)) if adds => {
            let texts: Vec<String> = texts.iter().rev().cloned().collect();
            build(op, right, left, &texts)
        }
        (DataType::Time(_), DataType::Time(_)) if !adds => Some(Ok(between(left, right))),
        _ => None,
    }
}

fn moved(time: &Typed, interval: &Typed, end: DayTimeField, adds: bool, texts: &[String]) -> Typed {
    let own = if let DataType::Time(precision) = time.data_type { precision } else { 6 };
    // Seconds bring their fraction.
    let kind = DataType::Time(if end == DayTimeField::Second { 6 } else { own });
    let returns = to_arrow(&kind);
    let nullable = true;
    let word = if adds { "add" } else { "subtract" };
    let [said, by] = [0, 1].map(|at| texts.get(at).cloned().unwrap_or_default());
    let preposition = if adds { "to" } else { "from" };
    let operation = format!("{word} {by} {preposition} the time value {said}");
    let made = returns.clone();
    let expr = Kernel::new("time_plus", returns, nullable)
        .of(format!("{adds},{operation}"))
        .risks(Risk::Overflow)
        .run(move |arguments, _| {
            let op = |nanos: i64, micros: i64| {
                let moved = i128::from(nanos) + i128::from(if adds { micros } else { micros.wrapping_neg() }) * 1000;
                match i64::try_from(moved) {
                    Ok(moved) if (0..NANOS_PER_DAY).contains(&moved) => (moved, false),
                    _ => (0, true),
                }
            };
            let fail = |_, _| Error::new("DATETIME_OVERFLOW").with("operation", operation.clone());
            checked_binary::<Time64NanosecondType, DurationMicrosecondType, Time64NanosecondType>(
                arguments,
                &made,
                OnFailure::Raise,
                op,
                fail,
            )
        })
        .call(vec![time.expr.clone(), interval.expr.clone()]);
    Typed::new(expr, kind, nullable)
}

fn between(end: &Typed, start: &Typed) -> Typed {
    let kind = DataType::DayTimeInterval { start: DayTimeField::Hour, end: DayTimeField::Second };
    let returns = to_arrow(&kind);
    let made = returns.clone();
    let expr = Kernel::new("subtract_times", returns, true)
        .run(move |arguments, _| {
            binary::<Time64NanosecondType, Time64NanosecondType, DurationMicrosecondType>(arguments, &made, |end, start| {
                (end - start) / 1000
            })
        })
        .call(vec![end.expr.clone(), start.expr.clone()]);
    Typed::new(expr, kind, true)
}
