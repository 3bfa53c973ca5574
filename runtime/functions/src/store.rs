//! Values on their way into a column of a table: the cast of store assignment, and the lengths of CHAR and VARCHAR.
//!
//! Not here: which casts a table allows (`cast::can_store_assign`). Begin at [`store`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Context, Typed};
use crate::cast::{Casting, EvalMode, StorePolicy, cast, cast_column};
use crate::errors::{from_datafusion, to_datafusion};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult, Risk};
use crate::zones::Zone;

/// `value` as column `name` of type `to` stores it. The caller has checked that it may ([`crate::cast::can_store_assign`]).
pub fn store(value: Typed, to: &DataType, name: &str, policy: StorePolicy, context: &Context<'_>) -> Result<Typed> {
    let mode = if matches!(policy, StorePolicy::Legacy) { EvalMode::Legacy } else { EvalMode::Ansi };
    let stored = match mode {
        EvalMode::Ansi if value.data_type.is_numeric() && to.is_numeric() && value.data_type != *to => {
            numbers(value, to, name, context)?
        }
        _ => cast(value, to, mode, context)?,
    };
    Ok(match to {
        DataType::Char(length) => limited(stored, *length, true),
        DataType::Varchar(length) => limited(stored, *length, false),
        _ => stored,
    })
}

/// A number as another; one that does not fit is told with its column.
fn numbers(value: Typed, to: &DataType, name: &str, context: &Context<'_>) -> Result<Typed> {
    let casting = Casting { mode: EvalMode::Ansi, zone: Zone::parse("UTC")?, now_micros: context.now_micros };
    let plain = cast(value.clone(), to, EvalMode::Ansi, context)?;
    if !plain_can_overflow(&value.data_type, to) {
        return Ok(plain);
    }
    let (from, target, column) = (value.data_type, to.clone(), name.to_owned());
    let key = format!("{} as {},{name}", from.simple_string(), to.simple_string());
    let kernel = Kernel::new("store", to_arrow(to), plain.nullable).of(key).risks(Risk::Overflow);
    let kernel = kernel.run_arrays(move |arrays| {
        cast_column(&arrays[0], &from, &target, &casting).map_err(|error| {
            let error = from_datafusion(error);
            to_datafusion(match error.condition() {
                "CAST_OVERFLOW" => Error::new("CAST_OVERFLOW_IN_TABLE_INSERT")
                    .with("sourceType", from.quoted())
                    .with("targetType", target.quoted())
                    .with("columnName", emberflow_plan::types::quote(&column))
                    .exception_class(emberflow_base::Exception::Arithmetic),
                _ => error,
            })
        })
    });
    Ok(Typed::new(kernel.call(vec![value.expr]), to.clone(), plain.nullable))
}

fn plain_can_overflow(from: &DataType, to: &DataType) -> bool {
    !crate::cast::can_up_cast(from, to) && !matches!(to, DataType::Float | DataType::Double)
}

/// Text of at most `length` characters; blanks beyond that are cut, and CHAR is filled up with blanks.
fn limited(text: Typed, length: u32, pads: bool) -> Typed {
    let kernel = Kernel::new(if pads { "char" } else { "varchar" }, to_arrow(&DataType::String), text.nullable);
    let kernel = kernel.of(length).risks(Risk::Other).run_arrays(move |arrays| limit(&arrays[0], length as usize, pads));
    let expr: Expr = kernel.call(vec![text.expr]);
    Typed::new(expr, DataType::String, text.nullable)
}

fn limit(array: &ArrayRef, length: usize, pads: bool) -> KernelResult<ArrayRef> {
    let texts = array.as_string::<i32>();
    let mut out = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
    for text in texts {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        let count = text.chars().count();
        if count <= length {
            let blanks = if pads { length - count } else { 0 };
            out.append_value(format!("{text}{:blanks$}", ""));
            continue;
        }
        let cut = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
        if text[cut..].chars().any(|letter| letter != ' ') {
            let error = Error::new("EXCEED_LIMIT_LENGTH").with("limit", length.to_string());
            return Err(to_datafusion(error.exception_class(emberflow_base::Exception::Runtime)));
        }
        out.append_value(&text[..cut]);
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    #[test]
    fn lengths_of_char_and_varchar() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("ab"), None, Some("abc  "), Some("ü")]));
        let padded = limit(&texts, 3, true).unwrap();
        assert_eq!(padded.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("ab "), None, Some("abc"), Some("ü  ")]);
        let plain = limit(&texts, 3, false).unwrap();
        assert_eq!(plain.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("ab"), None, Some("abc"), Some("ü")]);
        let long: ArrayRef = Arc::new(StringArray::from(vec!["abcd"]));
        let error = from_datafusion(limit(&long, 3, true).unwrap_err());
        assert_eq!((error.condition(), error.parameter("limit")), ("EXCEED_LIMIT_LENGTH", Some("3")));
    }
}
