//! Decimal arithmetic by Spark's rules: exact, then rounded half up to the result's scale, then checked against its digits.
//!
//!     unscaled left, right ──► exact result at its own scale ──► digits dropped half up ──► does it fit? ──► unscaled result
//!
//! When the result's type has room for every digit nothing can fail, and the loop is bare 128-bit arithmetic. Otherwise
//! 128 bits are tried first and 256 bits only for the rows that need them.
//! Not here: casts between decimals (`cast`). Begin at [`result_type`] and [`build`].

use arrow::array::types::{Decimal128Type, Int64Type};
use arrow::datatypes::i256;
use datafusion::logical_expr::{ColumnarValue, Expr};
use emberflow_base::Error;
use emberflow_plan::DataType;

use super::arithmetic::{Arithmetic, divided_by_zero, remainder_by_zero};
use crate::cast::EvalMode;
use crate::coerce::adjusted;
use crate::kernels::{OnFailure, binary, checked_binary, unary};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult, Risk};

pub type Digits = (u8, i8);

/// Spark's type of `left op right`, and whether it holds every exact result.
pub fn result_type(op: Arithmetic, (p1, s1): Digits, (p2, s2): Digits) -> (DataType, bool) {
    let (p1, s1, p2, s2) = (i16::from(p1), i16::from(s1), i16::from(p2), i16::from(s2));
    let scale = s1.max(s2);
    let (precision, scale) = match op {
        Arithmetic::Add | Arithmetic::Subtract => ((p1 - s1).max(p2 - s2) + scale + 1, scale),
        Arithmetic::Multiply => (p1 + p2 + 1, s1 + s2),
        Arithmetic::Divide => {
            let scale = 6.max(s1 + p2 + 1);
            (p1 - s1 + s2 + scale, scale)
        }
        Arithmetic::Remainder | Arithmetic::PositiveModulus => ((p1 - s1).min(p2 - s2) + scale, scale),
        Arithmetic::IntegralDivide => return (DataType::Long, true),
    };
    (adjusted(precision, scale), precision <= 38)
}

/// How a result is brought to its type.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// What the operands are multiplied with to reach the scale of the exact result.
    left: i128,
    right: i128,
    /// Digits to drop from the exact result.
    drop: u32,
    /// One above the largest magnitude that fits.
    limit: i128,
    precision: u8,
    scale: i8,
}

/// 10^n, as far as 128 bits go.
pub fn power(exponent: u32) -> i128 {
    10_i128.checked_pow(exponent).unwrap_or(i128::MAX)
}

pub fn power_wide(exponent: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(exponent)
}

/// The call of `left op right`; both operands are decimals of the given digits.
pub fn build(
    op: Arithmetic,
    left: Digits,
    right: Digits,
    mode: EvalMode,
    nullable: bool,
    arguments: Vec<Expr>,
) -> (Expr, DataType) {
    let (data_type, has_room) = result_type(op, left, right);
    let divides = !matches!(op, Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply);
    let returns = to_arrow(&data_type);
    let safe = has_room && !divides;
    let nullable = nullable || divides || (mode != EvalMode::Ansi);
    let key = format!("decimal({},{}),decimal({},{}),{mode:?}", left.0, left.1, right.0, right.1);
    let kernel = Kernel::new(op.name(), returns.clone(), nullable).of(key).risks(if mode != EvalMode::Ansi || safe {
        Risk::None
    } else if divides {
        Risk::Other
    } else {
        Risk::Overflow
    });
    let on_failure = if mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null };
    let shape = shape(op, left, right, &data_type);
    let expr = kernel
        .run(move |arguments, _| match op {
            _ if safe => without_checks(op, shape, arguments, &returns),
            Arithmetic::Add | Arithmetic::Subtract => sum(op, shape, on_failure, arguments, &returns),
            Arithmetic::Multiply => product(shape, on_failure, arguments, &returns),
            Arithmetic::Divide => quotient(left.1, right.1, shape, on_failure, arguments, &returns),
            Arithmetic::Remainder | Arithmetic::PositiveModulus => remainder(op, shape, on_failure, arguments, &returns),
            Arithmetic::IntegralDivide => whole_quotient(shape, on_failure, arguments, &returns),
        })
        .call(arguments);
    (expr, data_type)
}

fn shape(op: Arithmetic, left: Digits, right: Digits, data_type: &DataType) -> Shape {
    let DataType::Decimal { precision, scale } = *data_type else {
        let common = left.1.max(right.1);
        return Shape {
            left: gap(common, left.1),
            right: gap(common, right.1),
            drop: 0,
            limit: i128::MAX,
            precision: 19,
            scale: 0,
        };
    };
    let limit = power(u32::from(precision));
    let exact = match op {
        Arithmetic::Multiply => i32::from(left.1) + i32::from(right.1),
        _ => i32::from(left.1.max(right.1)),
    };
    let drop = u32::try_from(exact - i32::from(scale)).unwrap_or(0);
    let common = left.1.max(right.1);
    Shape { left: gap(common, left.1), right: gap(common, right.1), drop, limit, precision, scale }
}

fn gap(to: i8, from: i8) -> i128 {
    power(u32::try_from(i32::from(to) - i32::from(from)).unwrap_or(0))
}

fn without_checks(
    op: Arithmetic,
    shape: Shape,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    type D = Decimal128Type;
    let Shape { left: l, right: r, .. } = shape;
    match (op, l, r) {
        (Arithmetic::Multiply, ..) => binary::<D, D, D>(arguments, returns, i128::wrapping_mul),
        (Arithmetic::Add, 1, 1) => binary::<D, D, D>(arguments, returns, i128::wrapping_add),
        (Arithmetic::Subtract, 1, 1) => binary::<D, D, D>(arguments, returns, i128::wrapping_sub),
        (Arithmetic::Add, ..) => {
            binary::<D, D, D>(arguments, returns, move |left, right| left.wrapping_mul(l).wrapping_add(right.wrapping_mul(r)))
        }
        _ => binary::<D, D, D>(arguments, returns, move |left, right| left.wrapping_mul(l).wrapping_sub(right.wrapping_mul(r))),
    }
}

fn sum(
    op: Arithmetic,
    shape: Shape,
    on_failure: OnFailure,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    let adds = op == Arithmetic::Add;
    let wide = move |left: i128, right: i128| {
        let left = i256::from_i128(left).wrapping_mul(i256::from_i128(shape.left));
        let right = i256::from_i128(right).wrapping_mul(i256::from_i128(shape.right));
        if adds { left.wrapping_add(right) } else { left.wrapping_sub(right) }
    };
    let narrow = move |left: i128, right: i128| {
        let (left, right) = (left.checked_mul(shape.left)?, right.checked_mul(shape.right)?);
        if adds { left.checked_add(right) } else { left.checked_sub(right) }
    };
    let op = move |left, right| match narrow(left, right) {
        Some(exact) => settle(exact, shape),
        None => settle_wide(wide(left, right), shape),
    };
    let fail = move |left, right| too_large(wide(left, right), shape);
    checked_binary::<Decimal128Type, Decimal128Type, Decimal128Type>(arguments, returns, on_failure, op, fail)
}

fn product(
    shape: Shape,
    on_failure: OnFailure,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    let wide = |left: i128, right: i128| i256::from_i128(left).wrapping_mul(i256::from_i128(right));
    let op = move |left: i128, right: i128| {
        let (short_left, short_right) = (left as i64, right as i64);
        if i128::from(short_left) == left && i128::from(short_right) == right {
            return settle(i128::from(short_left) * i128::from(short_right), shape);
        }
        match left.checked_mul(right) {
            Some(exact) => settle(exact, shape),
            None => settle_wide(wide(left, right), shape),
        }
    };
    let fail = move |left, right| too_large(wide(left, right), shape);
    checked_binary::<Decimal128Type, Decimal128Type, Decimal128Type>(arguments, returns, on_failure, op, fail)
}

fn quotient(
    left_scale: i8,
    right_scale: i8,
    shape: Shape,
    on_failure: OnFailure,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    let exponent = i32::from(shape.scale) - i32::from(left_scale) + i32::from(right_scale);
    let up = u32::try_from(exponent).unwrap_or(0);
    let down = u32::try_from(-exponent).unwrap_or(0);
    let wide = move |left: i128, right: i128| {
        let above = power_wide(up).and_then(|power| i256::from_i128(left).checked_mul(power));
        let below = power_wide(down).and_then(|power| i256::from_i128(right).checked_mul(power));
        above.zip(below).and_then(|(above, below)| divide_wide(above, below))
    };
    let (times, by) = (power(up), power(down));
    let fits = up <= 38 && down <= 38;
    let op = move |left: i128, right: i128| {
        if right == 0 {
            return (0, true);
        }
        if fits && let (Some(above), Some(below)) = (left.checked_mul(times), right.checked_mul(by)) {
            let value = divide_half_up(above, below);
            return (value, value.unsigned_abs() >= shape.limit.unsigned_abs());
        }
        match wide(left, right).and_then(i256::to_i128) {
            Some(value) => (value, value.unsigned_abs() >= shape.limit.unsigned_abs()),
            None => (0, true),
        }
    };
    let fail = move |left: i128, right: i128| {
        if right == 0 {
            return divided_by_zero();
        }
        too_large(wide(left, right).unwrap_or(i256::ZERO), Shape { drop: 0, ..shape })
    };
    checked_binary::<Decimal128Type, Decimal128Type, Decimal128Type>(arguments, returns, on_failure, op, fail)
}

fn remainder(
    op: Arithmetic,
    shape: Shape,
    on_failure: OnFailure,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    let positive = op == Arithmetic::PositiveModulus;
    let op = move |left: i128, right: i128| {
        if right == 0 {
            return (0, true);
        }
        let narrow = left.checked_mul(shape.left).zip(right.checked_mul(shape.right));
        let Some((left, right)) = narrow else { return settle_wide(remainder_wide(left, right, shape, positive), shape) };
        let remainder = left.wrapping_rem(right);
        let made = if positive && remainder < 0 { remainder.wrapping_add(right).wrapping_rem(right) } else { remainder };
        settle(made, shape)
    };
    let fail = move |left: i128, right: i128| {
        if right == 0 { remainder_by_zero() } else { too_large(remainder_wide(left, right, shape, positive), shape) }
    };
    checked_binary::<Decimal128Type, Decimal128Type, Decimal128Type>(arguments, returns, on_failure, op, fail)
}

fn remainder_wide(left: i128, right: i128, shape: Shape, positive: bool) -> i256 {
    let left = i256::from_i128(left).wrapping_mul(i256::from_i128(shape.left));
    let right = i256::from_i128(right).wrapping_mul(i256::from_i128(shape.right));
    let remainder = left.wrapping_rem(right);
    if positive && remainder < i256::ZERO { remainder.wrapping_add(right).wrapping_rem(right) } else { remainder }
}

fn whole_quotient(
    shape: Shape,
    on_failure: OnFailure,
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
) -> KernelResult {
    let op = move |left: i128, right: i128| {
        if right == 0 {
            return (0, true);
        }
        match left.checked_mul(shape.left).zip(right.checked_mul(shape.right)) {
            Some((left, right)) => (left.wrapping_div(right) as i64, false),
            None => {
                let left = i256::from_i128(left).wrapping_mul(i256::from_i128(shape.left));
                let right = i256::from_i128(right).wrapping_mul(i256::from_i128(shape.right));
                (left.wrapping_div(right).as_i128() as i64, false)
            }
        }
    };
    checked_binary::<Decimal128Type, Decimal128Type, Int64Type>(arguments, returns, on_failure, op, |_, _| divided_by_zero())
}

/// Drops digits half up and tells whether it does not fit.
fn settle(exact: i128, shape: Shape) -> (i128, bool) {
    let value = if shape.drop == 0 { exact } else { drop_digits(exact, shape.drop) };
    (value, value.unsigned_abs() >= shape.limit.unsigned_abs())
}

fn settle_wide(exact: i256, shape: Shape) -> (i128, bool) {
    let rounded = match power_wide(shape.drop) {
        Some(divisor) if shape.drop > 0 => divide_wide(exact, divisor),
        _ => Some(exact),
    };
    match rounded.and_then(i256::to_i128) {
        Some(value) => (value, value.unsigned_abs() >= shape.limit.unsigned_abs()),
        None => (0, true),
    }
}

/// Without the last `digits` digits, rounded half up.
pub fn drop_digits(value: i128, digits: u32) -> i128 {
    if digits > 38 { 0 } else { divide_half_up(value, power(digits)) }
}

/// The quotient rounded half away from zero.
pub fn divide_half_up(value: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = match (i64::try_from(value), i64::try_from(divisor)) {
        (Ok(value), Ok(divisor)) => (i128::from(value.wrapping_div(divisor)), i128::from(value.wrapping_rem(divisor))),
        _ => (value.wrapping_div(divisor), value.wrapping_rem(divisor)),
    };
    let left_over = remainder.unsigned_abs();
    if left_over < divisor.unsigned_abs() - left_over {
        return quotient;
    }
    if (value < 0) == (divisor < 0) { quotient + 1 } else { quotient - 1 }
}

fn divide_wide(value: i256, divisor: i256) -> Option<i256> {
    let quotient = value.checked_div(divisor)?;
    let remainder = value.checked_rem(divisor)?.wrapping_abs();
    if remainder < divisor.wrapping_abs().wrapping_sub(remainder) {
        return Some(quotient);
    }
    let one = if (value < i256::ZERO) == (divisor < i256::ZERO) { i256::ONE } else { i256::MINUS_ONE };
    quotient.checked_add(one)
}

fn too_large(exact: i256, shape: Shape) -> Error {
    let mut scale = i32::from(shape.scale) + i32::try_from(shape.drop).unwrap_or(0);
    let mut exact = exact;
    // Spark computes with 38 significant digits.
    let digits = exact.wrapping_abs().to_string().len();
    if digits > 38 {
        let over = u32::try_from(digits - 38).unwrap_or(0);
        exact = power_wide(over).and_then(|unit| divide_wide(exact, unit)).unwrap_or(exact);
        scale -= i32::try_from(over).unwrap_or(0);
    }
    out_of_range(plain_text(&exact.to_string(), scale), shape.precision, shape.scale)
}

/// `NUMERIC_VALUE_OUT_OF_RANGE` with the advice to turn ANSI off.
pub fn out_of_range(value: impl Into<String>, precision: u8, scale: i8) -> Error {
    Error::new("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION")
        .with("value", value)
        .with("precision", precision.to_string())
        .with("scale", scale.to_string())
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// Digits with a point `scale` from their end.
pub fn plain_text(unscaled: &str, scale: i32) -> String {
    let Ok(places) = usize::try_from(scale) else {
        let zeros = usize::try_from(-scale).unwrap_or(0);
        return if unscaled == "0" { "0".into() } else { format!("{unscaled}{}", "0".repeat(zeros)) };
    };
    if places == 0 {
        return unscaled.to_owned();
    }
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |digits| ("-", digits));
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// `-x` and `abs(x)`, which cannot overflow.
pub fn negate(data_type: &DataType, absolute: bool, nullable: bool, argument: Expr) -> Expr {
    let returns = to_arrow(data_type);
    let name = if absolute { "abs" } else { "negative" };
    let kernel = Kernel::new(name, returns.clone(), nullable).of(data_type.simple_string());
    let op = if absolute { i128::wrapping_abs } else { i128::wrapping_neg };
    kernel.run(move |arguments, _| unary::<Decimal128Type, Decimal128Type>(arguments, &returns, op)).call(vec![argument])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sparks() {
        let text = |op, left, right| result_type(op, left, right).0.simple_string();
        assert_eq!(text(Arithmetic::Multiply, (15, 2), (16, 2)), "decimal(32,4)");
        assert_eq!(text(Arithmetic::Multiply, (32, 4), (16, 2)), "decimal(38,6)");
        assert_eq!(text(Arithmetic::Add, (38, 10), (38, 20)), "decimal(38,9)");
        assert_eq!(text(Arithmetic::Divide, (15, 2), (15, 2)), "decimal(33,18)");
        assert_eq!(text(Arithmetic::Remainder, (10, 2), (4, 1)), "decimal(5,2)");
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(divide_half_up(25, 10), 3);
        assert_eq!(divide_half_up(-25, 10), -3);
        assert_eq!(divide_half_up(24, 10), 2);
        assert_eq!(divide_half_up(-25, -10), 3);
    }

    #[test]
    fn digits_become_text() {
        assert_eq!(plain_text("-5", 3), "-0.005");
        assert_eq!(plain_text("1234", 2), "12.34");
        assert_eq!(plain_text("7", 0), "7");
    }
}
