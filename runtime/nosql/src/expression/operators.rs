//! What operators make of two values. A Boolean counts as 1 or 0 in arithmetic, never in comparisons.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::evaluate::{Reason, Val};
use super::syntax::{Binary, Comparison, Unary};

/// A value as arithmetic sees it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Double(f64),
}

/// The number of a value; Booleans are 1 and 0.
pub(super) fn number(value: &Val) -> Option<Number> {
    match value {
        Val::Bool(truth) => Some(Number::Int(i64::from(*truth))),
        Val::Int(number) => Some(Number::Int(*number)),
        Val::Double(number) => Some(Number::Double(*number)),
        _ => None,
    }
}

impl Number {
    /// By exact mathematical value; none if one is NaN.
    pub fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
            (Number::Double(a), Number::Double(b)) => a.partial_cmp(&b),
            (Number::Int(a), Number::Double(b)) => compare_exactly(a, b),
            (Number::Double(a), Number::Int(b)) => compare_exactly(b, a).map(Ordering::reverse),
        }
    }
}

/// An integer against a double without rounding either.
fn compare_exactly(int: i64, double: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63, the first double above every int64
    if double.is_nan() {
        None
    } else if double >= BEYOND {
        Some(Ordering::Less)
    } else if double < -BEYOND {
        Some(Ordering::Greater)
    } else {
        let whole = double.trunc();
        Some(int.cmp(&(whole as i64)).then(0.0.partial_cmp(&(double - whole))?))
    }
}

/// A sign. `-` and `+` take numbers, `~` integers.
pub(super) fn unary<'v>(operator: Unary, value: &Val) -> Result<Val<'v>, Reason> {
    match (operator, number(value)) {
        (Unary::Plus, Some(Number::Int(number))) => Ok(Val::Int(number)),
        (Unary::Plus, Some(Number::Double(number))) => Ok(Val::Double(number)),
        (Unary::Minus, Some(Number::Int(number))) => number.checked_neg().map(Val::Int).ok_or(Reason::Overflow),
        (Unary::Minus, Some(Number::Double(number))) => Ok(Val::Double(-number)),
        (Unary::Complement, Some(Number::Int(number))) => Ok(Val::Int(!number)),
        (Unary::Complement, _) => Err(Reason::Type("`~` takes an integer")),
        (Unary::Plus | Unary::Minus, None) => Err(Reason::Type("a sign takes a number")),
    }
}

/// An operator between two values. What it joins has at most `most` bytes.
pub(super) fn binary<'v>(operator: Binary, left: Val<'v>, right: &Val, most: usize) -> Result<Val<'v>, Reason> {
    match (number(&left), number(right)) {
        (Some(Number::Int(a)), Some(Number::Int(b))) => integers(operator, a, b),
        (Some(Number::Int(a)), Some(Number::Double(b))) => doubles(operator, a as f64, b),
        (Some(Number::Double(a)), Some(Number::Int(b))) => doubles(operator, a, b as f64),
        (Some(Number::Double(a)), Some(Number::Double(b))) => doubles(operator, a, b),
        _ if operator == Binary::Add => join(left, right, most),
        _ => Err(Reason::Type("the operator takes numbers")),
    }
}

fn integers<'v>(operator: Binary, a: i64, b: i64) -> Result<Val<'v>, Reason> {
    let result = match operator {
        Binary::BitOr => Some(a | b),
        Binary::BitXor => Some(a ^ b),
        Binary::BitAnd => Some(a & b),
        Binary::ShiftLeft => Some(a << places(b)?),
        Binary::ShiftRight => Some(a >> places(b)?),
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::Divide if b == 0 => return Err(Reason::DivisionByZero),
        Binary::Divide => a.checked_div(b),
    };
    result.map(Val::Int).ok_or(Reason::Overflow)
}

/// How far a shift goes: 0 to 63.
fn places(count: i64) -> Result<u32, Reason> {
    u32::try_from(count).ok().filter(|places| *places < 64).ok_or(Reason::Type("a shift goes by 0 to 63 places"))
}

fn doubles<'v>(operator: Binary, a: f64, b: f64) -> Result<Val<'v>, Reason> {
    match operator {
        Binary::Add => Ok(Val::Double(a + b)),
        Binary::Subtract => Ok(Val::Double(a - b)),
        Binary::Multiply => Ok(Val::Double(a * b)),
        Binary::Divide => Ok(Val::Double(a / b)),
        _ => Err(Reason::Type("bit operators take integers")),
    }
}

/// Two strings, or two arrays of one kind, one behind the other.
fn join<'v>(left: Val<'v>, right: &Val, most: usize) -> Result<Val<'v>, Reason> {
    let bytes = left.joined_bytes() + right.joined_bytes();
    match (left, right) {
        (Val::Str(_), Val::Str(_)) | (Val::Ints(_), Val::Ints(_)) | (Val::Doubles(_), Val::Doubles(_)) if bytes > most => {
            Err(Reason::TooLarge(most))
        }
        (Val::Str(a), Val::Str(b)) => Ok(Val::Str(Cow::Owned(a.into_owned() + b))),
        (Val::Ints(a), Val::Ints(b)) => Ok(Val::Ints(appended(a, b))),
        (Val::Doubles(a), Val::Doubles(b)) => Ok(Val::Doubles(appended(a, b))),
        _ => Err(Reason::Type("`+` takes two numbers, two strings or two arrays of one kind")),
    }
}

fn appended<'v, T: Copy>(first: Cow<'v, [T]>, second: &[T]) -> Cow<'v, [T]> {
    let mut all = first.into_owned();
    all.extend_from_slice(second);
    Cow::Owned(all)
}

/// A comparison. Operands of different kinds make every comparison false, `!=` too.
pub(super) fn compare(comparison: Comparison, left: &Val, right: &Val) -> bool {
    match comparison {
        Comparison::Equal => equal(left, right) == Some(true),
        Comparison::NotEqual => equal(left, right) == Some(false),
        Comparison::Less => order(left, right) == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order(left, right) == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order(left, right), Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// None for operands that do not compare.
pub(super) fn equal(left: &Val, right: &Val) -> Option<bool> {
    match (left, right) {
        (Val::Bool(a), Val::Bool(b)) => Some(a == b),
        (Val::Int(_) | Val::Double(_), Val::Int(_) | Val::Double(_)) => {
            let order = number(left).zip(number(right)).and_then(|(a, b)| a.compare(b));
            Some(order == Some(Ordering::Equal)) // NaN equals nothing
        }
        (Val::Str(a), Val::Str(b)) => Some(a == b),
        (Val::Timestamp(a, m), Val::Timestamp(b, n)) => Some((a, m) == (b, n)),
        _ => None,
    }
}

fn order(left: &Val, right: &Val) -> Option<Ordering> {
    match (left, right) {
        (Val::Int(_) | Val::Double(_), Val::Int(_) | Val::Double(_)) => number(left)?.compare(number(right)?),
        (Val::Str(a), Val::Str(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Val::Timestamp(a, m), Val::Timestamp(b, n)) => Some((a, m).cmp(&(b, n))),
        _ => None,
    }
}
