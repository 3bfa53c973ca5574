//! Spark's operators, one file a family.
//!
//! A builder coerces its operands as Spark does, then picks DataFusion's own expression where the semantics agree exactly
//! (comparison, AND, OR, NOT, CASE, IN, LIKE) and a kernel of ours where they do not (arithmetic checks for overflow).
//! Not here: which casts are inserted between types in general (`coerce`). Begin at a family's `FUNCTIONS`.

pub mod arithmetic;
pub mod bitwise;
pub mod comparison;
pub mod conditional;
pub mod datetimes;
pub mod decimals;
pub mod floats;
pub mod integers;
pub mod intervals;
pub mod logic;
pub mod matching;
pub mod predicates;
mod times;

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};

/// `(left + right)`.
pub(crate) fn infix(texts: &[String], sign: &str) -> String {
    match texts {
        [left, right] => format!("({left} {sign} {right})"),
        other => other.join(sign),
    }
}

/// `name(a, b)`.
pub(crate) fn call_text(name: &str, texts: &[String]) -> String {
    format!("{name}({})", texts.join(", "))
}

pub(crate) fn different_types(left: &DataType, right: &DataType, text: &str) -> Error {
    Error::new("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES")
        .with("sqlExpr", format!("\"{text}\""))
        .with("left", left.quoted())
        .with("right", right.quoted())
}

pub(crate) fn wrong_type(actual: &DataType, expected: &str, text: &str) -> Error {
    Error::new("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE")
        .with("sqlExpr", format!("\"{text}\""))
        .with("inputType", format!("\"{expected}\""))
        .with("actualDataType", actual.quoted())
}

pub(crate) fn data_types_differ(values: &[Typed], function: &str, text: &str) -> Error {
    let types: Vec<String> = values.iter().map(|value| value.data_type.quoted()).collect();
    Error::new("DATATYPE_MISMATCH.DATA_DIFF_TYPES")
        .with("sqlExpr", format!("\"{text}\""))
        .with("functionName", format!("`{function}`"))
        .with(
            "dataType",
            if function == "coalesce" { format!("({})", types.join(" or ")) } else { format!("[{}]", types.join(", ")) },
        )
}

pub(crate) fn wrong_number(name: &str, expected: &str, actual: usize) -> Error {
    Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
        .with("functionName", format!("`{name}`"))
        .with("expectedNum", expected)
        .with("actualNum", actual.to_string())
        .with("docroot", "https://spark.apache.org/docs/latest")
}

/// The only argument.
pub(crate) fn one(call: &mut Call<'_>) -> Result<Typed> {
    match call.arguments.len() {
        1 => Ok(call.arguments.remove(0)),
        other => Err(wrong_number(call.name, "1", other)),
    }
}

/// Exactly two arguments.
pub(crate) fn two(call: &mut Call<'_>) -> Result<(Typed, Typed)> {
    match call.arguments.len() {
        2 => {
            let right = call.arguments.remove(1);
            Ok((call.arguments.remove(0), right))
        }
        other => Err(wrong_number(call.name, "2", other)),
    }
}

/// Exactly three arguments.
pub(crate) fn three(call: &mut Call<'_>) -> Result<(Typed, Typed, Typed)> {
    match call.arguments.len() {
        3 => {
            let third = call.arguments.remove(2);
            let second = call.arguments.remove(1);
            Ok((call.arguments.remove(0), second, third))
        }
        other => Err(wrong_number(call.name, "3", other)),
    }
}
