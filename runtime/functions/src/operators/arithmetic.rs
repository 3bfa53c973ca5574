//! `+ - * / % div pmod`, their `try_` forms, negation and absolute value.
//!
//!     operands ──► dates and intervals? ──► strings read as numbers ──► one numeric type ──► kernel of that type
//!
//! Not here: the kernels (`integers`, `floats`, `decimals`, `datetimes`, `intervals`). Begin at [`FUNCTIONS`].

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::{call_text, datetimes, decimals, different_types, floats, infix, integers, intervals, one, two, wrong_type};
use crate::call::{Call, Context, Typed};
use crate::cast::{EvalMode, cast};
use crate::coerce::{Expect, decimal_operand, expect, string_read_as, tightest_common_type};
use crate::registry::{Function, Kind};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    IntegralDivide,
    PositiveModulus,
}

impl Arithmetic {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::IntegralDivide => "div",
            Self::PositiveModulus => "pmod",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Subtract => "subtract",
            Self::Multiply => "multiply",
            Self::Divide => "divide",
            Self::Remainder => "remainder",
            Self::IntegralDivide => "div",
            Self::PositiveModulus => "pmod",
        }
    }

    /// The function that gives NULL instead.
    pub fn try_name(self) -> &'static str {
        match self {
            Self::Add => "try_add",
            Self::Subtract => "try_subtract",
            Self::Multiply => "try_multiply",
            Self::Divide | Self::IntegralDivide => "try_divide",
            Self::Remainder | Self::PositiveModulus => "try_mod",
        }
    }

    fn takes(self) -> &'static str {
        match self {
            Self::Add | Self::Subtract => {
                "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"
            }
            Self::Divide => "(\"DOUBLE\" or \"DECIMAL\")",
            Self::IntegralDivide => "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")",
            _ => "NUMERIC",
        }
    }
}

fn plain(call: Call<'_>, op: Arithmetic) -> Result<Typed> {
    let mode = call.context.mode();
    build(call, op, mode)
}

macro_rules! operator {
    ($name:literal, $op:ident) => {
        Function {
            name: $name,
            kind: Kind::Scalar(|call| plain(call, Arithmetic::$op)),
            display: Some(|texts| if texts.len() == 2 { infix(texts, Arithmetic::$op.sign()) } else { call_text($name, texts) }),
        }
    };
}

macro_rules! tries {
    ($name:literal, $op:ident) => {
        Function { name: $name, kind: Kind::Scalar(|call| build(call, Arithmetic::$op, EvalMode::Try)), display: None }
    };
}

pub static FUNCTIONS: &[Function] = &[
    operator!("+", Add),
    Function { name: "-", kind: Kind::Scalar(minus), display: Some(minus_text) },
    operator!("*", Multiply),
    operator!("/", Divide),
    operator!("%", Remainder),
    operator!("div", IntegralDivide),
    Function { name: "mod", kind: Kind::Scalar(|call| plain(call, Arithmetic::Remainder)), display: None },
    Function { name: "pmod", kind: Kind::Scalar(|call| plain(call, Arithmetic::PositiveModulus)), display: None },
    tries!("try_add", Add),
    tries!("try_subtract", Subtract),
    tries!("try_multiply", Multiply),
    tries!("try_divide", Divide),
    tries!("try_mod", Remainder),
    Function { name: "negative", kind: Kind::Scalar(|call| negate(call, false)), display: None },
    Function { name: "positive", kind: Kind::Scalar(positive), display: Some(|texts| format!("(+ {})", texts.join(", "))) },
    Function { name: "abs", kind: Kind::Scalar(|call| negate(call, true)), display: None },
];

fn minus(call: Call<'_>) -> Result<Typed> {
    if call.arguments.len() == 1 {
        return negate(call, false);
    }
    plain(call, Arithmetic::Subtract)
}

fn minus_text(texts: &[String]) -> String {
    if texts.len() == 1 { negative_text(texts) } else { infix(texts, "-") }
}

fn negative_text(texts: &[String]) -> String {
    format!("(- {})", texts.join(", "))
}

fn build(mut call: Call<'_>, op: Arithmetic, mode: EvalMode) -> Result<Typed> {
    if op == Arithmetic::Add && call.arguments.len() == 1 && mode != EvalMode::Try {
        return positive(call);
    }
    let (left, right) = two(&mut call)?;
    let context = call.context;
    if let Some(made) = datetimes::build(op, &left, &right, &call.texts, mode, &context) {
        return made.map(|made| Typed { nullable: made.nullable || mode == EvalMode::Try, ..made });
    }
    if let Some(made) = super::times::build(op, &left, &right, &call.texts) {
        return made;
    }
    if let Some(made) = intervals::build(op, &left, &right, &call.texts, mode, &context) {
        return made;
    }
    let text = if call.texts.len() == 2 && op != Arithmetic::PositiveModulus {
        infix(&call.texts, op.sign())
    } else {
        call_text(call.name, &call.texts)
    };
    numeric(op, left, right, mode, &context, &text)
}

/// `left op right` over numbers, and whatever is read as one.
pub fn numeric(op: Arithmetic, left: Typed, right: Typed, mode: EvalMode, context: &Context<'_>, text: &str) -> Result<Typed> {
    // Who asks for null instead of an error gets it for what cannot be read, too.
    let reading = if mode == EvalMode::Try { mode } else { context.mode() };
    let (left, right) = strings_as_numbers(left, right, reading, context)?;
    let is_decimal = |side: &Typed| matches!(side.data_type, DataType::Decimal { .. });
    let exact = |side: &Typed| side.data_type.is_integral() || is_decimal(side);
    if (is_decimal(&left) || is_decimal(&right)) && exact(&left) && exact(&right) {
        return decimal(op, left, right, mode, context);
    }
    let common = common_number(op, &left, &right, context).ok_or_else(|| refused(op, &left.data_type, &right.data_type, text))?;
    let left = cast(left, &common, context.mode(), context)?;
    let right = cast(right, &common, context.mode(), context)?;
    let nullable = left.nullable || right.nullable || mode == EvalMode::Try;
    let divides = !matches!(op, Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply);
    let arguments = vec![left.expr, right.expr];
    let expr = match &common {
        DataType::Decimal { precision, scale } => {
            let digits = (*precision, *scale);
            let (expr, data_type) = decimals::build(op, digits, digits, mode, nullable, arguments);
            return Ok(Typed::new(expr, data_type, true));
        }
        one if one.is_integral() => integers::build(op, &common, mode, nullable, arguments),
        _ => floats::build(op, &common, mode, nullable, arguments),
    };
    Ok(Typed::new(expr, common, nullable || divides))
}

fn strings_as_numbers(left: Typed, right: Typed, mode: EvalMode, context: &Context<'_>) -> Result<(Typed, Typed)> {
    let strings = (left.data_type.is_string(), right.data_type.is_string());
    if strings == (false, false) {
        return Ok((left, right));
    }
    let target = if context.ansi {
        string_read_as(&left.data_type, &right.data_type)
    } else {
        let others = [&left, &right].iter().all(|side| side.data_type.is_string() || counts(&side.data_type));
        others.then_some(DataType::Double)
    };
    let Some(target) = target.filter(|target| target.is_numeric() || target.is_string()) else { return Ok((left, right)) };
    let target = if target.is_string() { DataType::Double } else { target };
    if context.ansi {
        return Ok((cast(left, &target, mode, context)?, cast(right, &target, mode, context)?));
    }
    let read = |side: Typed| if side.data_type.is_string() { cast(side, &target, mode, context) } else { Ok(side) };
    Ok((read(left)?, read(right)?))
}

fn counts(data_type: &DataType) -> bool {
    data_type.is_numeric() || *data_type == DataType::Null
}

/// The one type both numbers are brought to.
fn common_number(op: Arithmetic, left: &Typed, right: &Typed, context: &Context<'_>) -> Option<DataType> {
    let (l, r) = (&left.data_type, &right.data_type);
    if !counts(l) || !counts(r) {
        return None;
    }
    let is_decimal = |one: &DataType| matches!(one, DataType::Decimal { .. });
    let common = match (l, r) {
        (DataType::Null, DataType::Null) => DataType::Double,
        _ if is_decimal(l) != is_decimal(r) && *l != DataType::Null && *r != DataType::Null => DataType::Double,
        _ => tightest_common_type(l, r, context.ansi)?,
    };
    match op {
        Arithmetic::Divide if !is_decimal(&common) => Some(DataType::Double),
        Arithmetic::IntegralDivide if common.is_integral() => Some(DataType::Long),
        Arithmetic::IntegralDivide if *l == DataType::Null && *r == DataType::Null => Some(DataType::Long),
        Arithmetic::IntegralDivide if !is_decimal(&common) => None,
        _ => Some(common),
    }
}

fn decimal(op: Arithmetic, left: Typed, right: Typed, mode: EvalMode, context: &Context<'_>) -> Result<Typed> {
    let digits = |side: &Typed| decimal_operand(side).ok_or_else(|| Error::internal("not a decimal operand"));
    let (left_digits, right_digits) = (digits(&left)?, digits(&right)?);
    let left = cast(left, &DataType::decimal(left_digits.0, left_digits.1), context.mode(), context)?;
    let right = cast(right, &DataType::decimal(right_digits.0, right_digits.1), context.mode(), context)?;
    let divides = !matches!(op, Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply);
    let nullable = left.nullable || right.nullable || divides || mode != EvalMode::Ansi;
    let (expr, data_type) = decimals::build(op, left_digits, right_digits, mode, nullable, vec![left.expr, right.expr]);
    Ok(Typed::new(expr, data_type, nullable))
}

fn refused(op: Arithmetic, left: &DataType, right: &DataType, text: &str) -> Error {
    if left == right {
        let expected = op.takes();
        let error = wrong_type(left, expected, text);
        return if expected.starts_with('(') { requoted(error, expected) } else { error };
    }
    // A whole number beside something else has become a bigint when the mismatch is found.
    let divides = |side: &DataType| {
        if op == Arithmetic::IntegralDivide && side.is_integral() { DataType::Long } else { side.clone() }
    };
    different_types(&divides(left), &divides(right), text)
}

/// Alternatives are printed without another pair of quotes around them.
fn requoted(error: Error, expected: &str) -> Error {
    error.parameters().iter().fold(Error::new(error.condition()), |made, (name, value)| {
        made.with(name, if name == "inputType" { expected } else { value.as_str() })
    })
}

fn positive(mut call: Call<'_>) -> Result<Typed> {
    let text = format!("(+ {})", call.texts.join(", "));
    let argument = one(&mut call)?;
    number_or_interval(argument, &text, &call)
}

fn number_or_interval(argument: Typed, text: &str, call: &Call<'_>) -> Result<Typed> {
    let expected = Expect::OneOf(vec![
        Expect::Numeric,
        Expect::Type(DataType::day_time()),
        Expect::Type(DataType::year_month()),
        Expect::Type(DataType::CalendarInterval),
    ]);
    let has_size = call.name == "abs";
    if argument.data_type.is_interval() && !(has_size && argument.data_type == DataType::CalendarInterval) {
        return Ok(argument);
    }
    let expected = match expected {
        Expect::OneOf(mut types) if has_size => {
            types.truncate(3);
            Expect::OneOf(types)
        }
        other => other,
    };
    let own = call.texts.first().map_or("", String::as_str);
    if argument.data_type.is_string() {
        return cast(argument, &DataType::Double, call.context.mode(), &call.context);
    }
    expect(argument, &expected, 0, own, text, &call.context)
}

fn negate(mut call: Call<'_>, absolute: bool) -> Result<Typed> {
    let text = match (absolute, call.name) {
        (true, _) => call_text("abs", &call.texts),
        (_, "-") => negative_text(&call.texts),
        _ => call_text("negative", &call.texts),
    };
    let argument = one(&mut call)?;
    let argument = number_or_interval(argument, &text, &call)?;
    let Typed { expr, data_type, nullable, .. } = argument;
    let made = match &data_type {
        one if one.is_integral() => integers::negate(one, absolute, call.context.ansi, nullable, expr),
        DataType::Decimal { .. } => decimals::negate(&data_type, absolute, nullable, expr),
        one if one.is_interval() => intervals::negate(one, absolute, nullable, expr),
        one => floats::negate(one, absolute, nullable, expr),
    };
    Ok(Typed::new(made, data_type, nullable))
}

/// `ARITHMETIC_OVERFLOW`; `instead` names the function that gives NULL, if there is one.
pub fn overflow(message: &str, instead: &str) -> Error {
    let alternative = if instead.is_empty() {
        String::new()
    } else {
        format!(" Use '{instead}' to tolerate overflow and return NULL instead.")
    };
    Error::new("ARITHMETIC_OVERFLOW")
        .with("message", message)
        .with("alternative", alternative)
        .with("config", "\"spark.sql.ansi.enabled\"")
}

pub fn divided_by_zero() -> Error {
    Error::new("DIVIDE_BY_ZERO").with("config", "\"spark.sql.ansi.enabled\"")
}

pub fn remainder_by_zero() -> Error {
    Error::new("REMAINDER_BY_ZERO").with("config", "\"spark.sql.ansi.enabled\"")
}
