//! Arithmetic between intervals, and of intervals with numbers.
//!
//! Year-month intervals are months, day-time intervals microseconds; the families do not mix. The legacy calendar interval
//! keeps months, days and microseconds apart. Not here: intervals added to dates (`datetimes`). Begin at [`build`].

use arrow::array::ArrowPrimitiveType;
use arrow::array::types::{
    Decimal128Type, DurationMicrosecondType, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalYearMonthType,
};
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::arithmetic::{Arithmetic, overflow};
use super::decimals::{divide_half_up, power};
use crate::call::{Context, Typed};
use crate::cast::{EvalMode, cast};
use crate::coerce::tightest_common_type;
use crate::kernels::{OnFailure, checked_binary, checked_unary};
use crate::types::to_arrow;
use crate::udf::{Kernel, Risk};

/// `left op right` if it is interval arithmetic.
pub fn build(
    op: Arithmetic,
    left: &Typed,
    right: &Typed,
    texts: &[String],
    mode: EvalMode,
    context: &Context<'_>,
) -> Option<Result<Typed>> {
    let (is_left, is_right) = (left.data_type.is_interval(), right.data_type.is_interval());
    if matches!(op, Arithmetic::Add | Arithmetic::Subtract) && of_two_families(&left.data_type, &right.data_type) {
        return Some(Err(apart(op, left, texts)));
    }
    match op {
        Arithmetic::Add | Arithmetic::Subtract if is_left && is_right => sum(op, left, right, mode, context),
        Arithmetic::Add | Arithmetic::Subtract if is_left && right.data_type == DataType::Null => {
            sum(op, left, &null_like(right, left), mode, context)
        }
        Arithmetic::Multiply if is_left && counts(right) => Some(scaled(op, left, right, mode, context)),
        Arithmetic::Multiply if is_right && counts(left) => Some(scaled(op, right, left, mode, context)),
        Arithmetic::IntegralDivide if is_left && is_right => quotient(left, right, mode, context),
        Arithmetic::Divide if is_left && counts(right) => Some(scaled(op, left, right, mode, context)),
        _ => None,
    }
}

fn of_two_families(left: &DataType, right: &DataType) -> bool {
    let months = |kind: &DataType| matches!(kind, DataType::YearMonthInterval { .. });
    let micros = |kind: &DataType| matches!(kind, DataType::DayTimeInterval { .. });
    months(left) && micros(right) || micros(left) && months(right)
}

/// Spark takes the sum of such two for that of a moment and an interval.
fn apart(op: Arithmetic, left: &Typed, texts: &[String]) -> Error {
    let text = |at: usize| texts.get(at).map_or("", String::as_str);
    Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
        .with("sqlExpr", format!("\"{} {} {}\"", text(0), op.sign(), text(1)))
        .with("paramIndex", "first")
        .with("requiredType", "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"")
        .with("inputSql", format!("\"{}\"", text(0)))
        .with("inputType", left.data_type.quoted())
}

fn null_like(null: &Typed, other: &Typed) -> Typed {
    crate::literal::null(&other.data_type).unwrap_or_else(|_| null.clone())
}

fn counts(number: &Typed) -> bool {
    number.data_type.is_numeric() || number.data_type.is_string() || number.data_type == DataType::Null
}

fn too_large() -> Error {
    Error::new("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION")
}

fn failure(mode: EvalMode) -> OnFailure {
    if mode == EvalMode::Try { OnFailure::Null } else { OnFailure::Raise }
}

fn sum(op: Arithmetic, left: &Typed, right: &Typed, mode: EvalMode, context: &Context<'_>) -> Option<Result<Typed>> {
    let common = tightest_common_type(&left.data_type, &right.data_type, context.ansi)?;
    let operands = [left, right].map(|side| cast(side.clone(), &common, mode, context));
    let [Ok(left), Ok(right)] = operands else { return operands.into_iter().find(Result::is_err) };
    let nullable = left.nullable || right.nullable || mode == EvalMode::Try;
    let returns = to_arrow(&common);
    let kernel = Kernel::new(op.name(), returns.clone(), nullable)
        .of(format!("{},{mode:?}", common.simple_string()))
        .risks(Risk::Overflow);
    let (adds, on_failure) = (op == Arithmetic::Add, failure(mode));
    let name = op.try_name();
    let arguments = vec![left.expr, right.expr];
    let expr = match common {
        DataType::YearMonthInterval { .. } => kernel
            .run(move |arguments, _| {
                let op = |left: i32, right: i32| if adds { left.overflowing_add(right) } else { left.overflowing_sub(right) };
                let fail = |_, _| with_suggestion(name);
                checked_binary::<IntervalYearMonthType, IntervalYearMonthType, IntervalYearMonthType>(
                    arguments, &returns, on_failure, op, fail,
                )
            })
            .call(arguments),
        DataType::DayTimeInterval { .. } => kernel
            .run(move |arguments, _| {
                let op = |left: i64, right: i64| if adds { left.overflowing_add(right) } else { left.overflowing_sub(right) };
                let fail = |_, _| with_suggestion(name);
                checked_binary::<DurationMicrosecondType, DurationMicrosecondType, DurationMicrosecondType>(
                    arguments, &returns, on_failure, op, fail,
                )
            })
            .call(arguments),
        _ => kernel
            .run(move |arguments, _| {
                let fail = |_, _| with_suggestion(name);
                checked_binary::<IntervalMonthDayNanoType, IntervalMonthDayNanoType, IntervalMonthDayNanoType>(
                    arguments,
                    &returns,
                    on_failure,
                    |left, right| combine(left, right, if adds { 1 } else { -1 }),
                    fail,
                )
            })
            .call(arguments),
    };
    Some(Ok(Typed::new(expr, common, nullable)))
}

/// How often one interval goes into another.
fn quotient(left: &Typed, right: &Typed, mode: EvalMode, context: &Context<'_>) -> Option<Result<Typed>> {
    let common = tightest_common_type(&left.data_type, &right.data_type, context.ansi)?;
    let nullable = true;
    let returns = to_arrow(&DataType::Long);
    let on_failure = if mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null };
    let kernel = Kernel::new("interval_div", returns.clone(), nullable)
        .of(format!("{},{mode:?}", common.simple_string()))
        .fallible_if(mode == EvalMode::Ansi);
    let by_zero = || Error::new("DIVIDE_BY_ZERO").with("config", "\"spark.sql.ansi.enabled\"");
    let arguments = vec![left.expr.clone(), right.expr.clone()];
    let expr = match common {
        DataType::YearMonthInterval { .. } => kernel.run(move |arguments, _| {
            let op = |left: i32, right: i32| if right == 0 { (0, true) } else { (i64::from(left) / i64::from(right), false) };
            checked_binary::<IntervalYearMonthType, IntervalYearMonthType, Int64Type>(
                arguments,
                &returns,
                on_failure,
                op,
                |_, _| by_zero(),
            )
        }),
        DataType::DayTimeInterval { .. } => kernel.run(move |arguments, _| {
            let op = |left: i64, right: i64| if right == 0 { (0, true) } else { (left.wrapping_div(right), false) };
            checked_binary::<DurationMicrosecondType, DurationMicrosecondType, Int64Type>(
                arguments,
                &returns,
                on_failure,
                op,
                |_, _| by_zero(),
            )
        }),
        _ => return None,
    };
    Some(Ok(Typed::new(expr.call(arguments), DataType::Long, nullable)))
}

fn with_suggestion(name: &str) -> Error {
    Error::new("INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION").with("functionName", format!("`{name}`"))
}

fn combine(left: IntervalMonthDayNano, right: IntervalMonthDayNano, sign: i32) -> (IntervalMonthDayNano, bool) {
    let months = i64::from(left.months) + i64::from(sign) * i64::from(right.months);
    let days = i64::from(left.days) + i64::from(sign) * i64::from(right.days);
    let nanos = i128::from(left.nanoseconds) + i128::from(sign) * i128::from(right.nanoseconds);
    let fits = i32::try_from(months).is_ok() && i32::try_from(days).is_ok() && i64::try_from(nanos).is_ok();
    (IntervalMonthDayNano::new(months as i32, days as i32, nanos as i64), !fits)
}

fn scaled(op: Arithmetic, interval: &Typed, number: &Typed, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    let data_type = match &interval.data_type {
        DataType::YearMonthInterval { .. } => DataType::year_month(),
        DataType::DayTimeInterval { .. } => DataType::day_time(),
        _ => return Err(Error::unsupported("calendar intervals times numbers")),
    };
    let number_type = match &number.data_type {
        one if one.is_integral() => DataType::Long,
        decimal @ DataType::Decimal { .. } => decimal.clone(),
        _ => DataType::Double,
    };
    let number = cast(number.clone(), &number_type, mode, context)?;
    let nullable = interval.nullable || number.nullable || mode == EvalMode::Try;
    let arguments = vec![interval.expr.clone(), number.expr];
    let expr = match data_type {
        DataType::YearMonthInterval { .. } => {
            scale_by::<IntervalYearMonthType>(op, &data_type, &number_type, mode, nullable, arguments)
        }
        _ => scale_by::<DurationMicrosecondType>(op, &data_type, &number_type, mode, nullable, arguments),
    };
    Ok(Typed::new(expr, data_type, nullable))
}

fn scale_by<T>(
    op: Arithmetic,
    data_type: &DataType,
    number_type: &DataType,
    mode: EvalMode,
    nullable: bool,
    arguments: Vec<Expr>,
) -> Expr
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64> + TryFrom<i64> + Default,
{
    let returns = to_arrow(data_type);
    let key = format!("{},{},{mode:?}", data_type.simple_string(), number_type.simple_string());
    let kernel = Kernel::new(if op == Arithmetic::Multiply { "multiply" } else { "divide" }, returns.clone(), nullable).of(key);
    let multiplies = op == Arithmetic::Multiply;
    let on_failure = failure(mode);
    let back = |value: Option<i128>| match value
        .and_then(|value| i64::try_from(value).ok())
        .and_then(|value| T::Native::try_from(value).ok())
    {
        Some(value) => (value, false),
        None => (T::Native::default(), true),
    };
    let by_zero = || Error::new("INTERVAL_DIVIDED_BY_ZERO");
    let kernel = kernel.fallible();
    let kernel = match number_type {
        DataType::Long => kernel.run(move |arguments, _| {
            let op = |interval: T::Native, number: i64| {
                let (interval, number) = (i128::from(interval.into()), i128::from(number));
                back(if multiplies {
                    Some(interval * number)
                } else if number == 0 {
                    None
                } else {
                    Some(divide_half_up(interval, number))
                })
            };
            let fail = |_, number: i64| if !multiplies && number == 0 { by_zero() } else { too_large() };
            checked_binary::<T, Int64Type, T>(arguments, &returns, on_failure, op, fail)
        }),
        DataType::Decimal { scale, .. } => {
            let unit = power(u32::try_from(*scale).unwrap_or(0));
            kernel.run(move |arguments, _| {
                let op = |interval: T::Native, number: i128| {
                    let interval = i128::from(interval.into());
                    back(if multiplies {
                        interval.checked_mul(number).map(|product| divide_half_up(product, unit))
                    } else if number == 0 {
                        None
                    } else {
                        interval.checked_mul(unit).map(|product| divide_half_up(product, number))
                    })
                };
                let fail = |_, number: i128| if !multiplies && number == 0 { by_zero() } else { too_large() };
                checked_binary::<T, Decimal128Type, T>(arguments, &returns, on_failure, op, fail)
            })
        }
        _ => kernel.run(move |arguments, _| {
            let op = |interval: T::Native, number: f64| {
                let interval: i64 = interval.into();
                let exact = if multiplies { interval as f64 * number } else { interval as f64 / number };
                let fits = exact.is_finite() && exact.abs() < 9.3e18;
                back(fits.then(|| exact.round() as i128))
            };
            let fail = |_, number: f64| if !multiplies && number == 0.0 { by_zero() } else { too_large() };
            checked_binary::<T, Float64Type, T>(arguments, &returns, on_failure, op, fail)
        }),
    };
    kernel.call(arguments)
}

/// `-x` and `abs(x)`.
pub fn negate(data_type: &DataType, absolute: bool, nullable: bool, argument: Expr) -> Expr {
    let returns = to_arrow(data_type);
    let name = if absolute { "abs" } else { "negative" };
    let kernel = Kernel::new(name, returns.clone(), nullable).of(data_type.simple_string()).risks(Risk::Overflow);
    let raise = OnFailure::Raise;
    let kernel = match data_type {
        DataType::YearMonthInterval { .. } => kernel.run(move |arguments, _| {
            let op = |value: i32| if absolute && value >= 0 { (value, false) } else { value.overflowing_neg() };
            checked_unary::<IntervalYearMonthType, IntervalYearMonthType>(arguments, &returns, raise, op, |_| {
                overflow("overflow", "")
            })
        }),
        DataType::DayTimeInterval { .. } => kernel.run(move |arguments, _| {
            let op = |value: i64| if absolute && value >= 0 { (value, false) } else { value.overflowing_neg() };
            checked_unary::<DurationMicrosecondType, DurationMicrosecondType>(arguments, &returns, raise, op, |_| {
                overflow("overflow", "")
            })
        }),
        _ => kernel.run(move |arguments, _| {
            let op = |value: IntervalMonthDayNano| combine(IntervalMonthDayNano::default(), value, -1);
            checked_unary::<IntervalMonthDayNanoType, IntervalMonthDayNanoType>(arguments, &returns, raise, op, |_| {
                overflow("overflow", "")
            })
        }),
    };
    kernel.call(vec![argument])
}
