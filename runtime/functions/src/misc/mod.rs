//! Casts written as calls (`int(x)`), failures on demand, and what a session says about itself.
//!
//! Begin at [`FUNCTIONS`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, NullArray};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::cast::{cast, check_cast};
use crate::coerce::{Expect, expect};
use crate::errors::to_datafusion;
use crate::operators::{call_text, one, wrong_number};
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::Kernel;

macro_rules! cast_to {
    ($name:literal, $to:expr) => {
        Function {
            name: $name,
            kind: Kind::Scalar(|call| cast_call(call, $to)),
            // Spark names such a column as what is cast.
            display: Some(|texts| texts.join(", ")),
        }
    };
}

macro_rules! constant {
    ($name:literal, $value:expr) => {
        Function { name: $name, kind: Kind::Scalar(|call| constant(call, $value)), display: None }
    };
}

pub static FUNCTIONS: &[Function] = &[
    cast_to!("boolean", DataType::Boolean),
    cast_to!("tinyint", DataType::Byte),
    cast_to!("smallint", DataType::Short),
    cast_to!("int", DataType::Int),
    cast_to!("bigint", DataType::Long),
    cast_to!("float", DataType::Float),
    cast_to!("double", DataType::Double),
    cast_to!("decimal", DataType::DECIMAL_DEFAULT),
    cast_to!("date", DataType::Date),
    cast_to!("time", DataType::Time(6)),
    cast_to!("timestamp", DataType::Timestamp),
    cast_to!("binary", DataType::Binary),
    cast_to!("string", DataType::String),
    Function { name: "assert_true", kind: Kind::Scalar(assert_true), display: Some(assert_text) },
    Function { name: "raise_error", kind: Kind::Scalar(raise_error), display: None },
    Function { name: "typeof", kind: Kind::Scalar(type_of), display: None },
    constant!("version", |_| "4.2.0 emberflow".to_owned()),
    constant!("current_user", |call| call.context.user.to_owned()),
    constant!("user", |call| call.context.user.to_owned()),
    constant!("session_user", |call| call.context.user.to_owned()),
    Function {
        name: "current_database",
        kind: Kind::Scalar(|call| constant(call, |call| call.context.database.to_owned())),
        display: Some(|_| "current_schema()".to_owned()),
    },
    constant!("current_schema", |call| call.context.database.to_owned()),
    constant!("current_catalog", |_| "spark_catalog".to_owned()),
];

fn cast_call(mut call: Call<'_>, to: DataType) -> Result<Typed> {
    let argument = one(&mut call)?;
    let mode = call.context.mode();
    check_cast(call.texts.first().map_or("", String::as_str), &argument.data_type, &to, mode)?;
    cast(argument, &to, mode, &call.context)
}

fn constant(call: Call<'_>, value: fn(&Call<'_>) -> String) -> Result<Typed> {
    if !call.arguments.is_empty() {
        return Err(wrong_number(call.name, "0", call.arguments.len()));
    }
    Ok(Typed::new(lit(value(&call)), DataType::String, false))
}

fn type_of(mut call: Call<'_>) -> Result<Typed> {
    let argument = one(&mut call)?;
    Ok(Typed::new(lit(argument.data_type.simple_string()), DataType::String, false))
}

fn raised(message: &str) -> Error {
    Error::new("USER_RAISED_EXCEPTION").with("errorMessage", message).exception_class(Exception::Runtime)
}

fn assert_text(texts: &[String]) -> String {
    match texts {
        [condition] => format!("assert_true({condition}, '{condition}' is not true!)"),
        other => call_text("assert_true", other),
    }
}

fn assert_true(call: Call<'_>) -> Result<Typed> {
    let Call { arguments, texts, context, .. } = call;
    let text = call_text("assert_true", &texts);
    let mut arguments = arguments.into_iter();
    let condition = match arguments.len() {
        1 | 2 => arguments.next(),
        _ => None,
    };
    let own = texts.first().map_or("", String::as_str);
    let condition = condition.ok_or_else(|| wrong_number("assert_true", "[1, 2]", texts.len()))?;
    let condition = expect(condition, &Expect::Type(DataType::Boolean), 0, own, &text, &context)?;
    let message = match arguments.next() {
        Some(message) => {
            expect(message, &Expect::Type(DataType::String), 1, texts.get(1).map_or("", String::as_str), &text, &context)?
        }
        None => Typed::new(lit(format!("'{own}' is not true!")), DataType::String, false),
    };
    let expr = Kernel::new("assert_true", to_arrow(&DataType::Null), true)
        .fallible()
        .run_arrays(|arrays| {
            let (truths, messages) = (arrays[0].as_boolean(), arrays[1].as_string::<i32>());
            match (0..truths.len()).find(|row| truths.is_null(*row) || !truths.value(*row)) {
                Some(row) => Err(to_datafusion(raised(if messages.is_valid(row) { messages.value(row) } else { "null" }))),
                None => Ok(Arc::new(NullArray::new(truths.len())) as ArrayRef),
            }
        })
        .call(vec![condition.expr, message.expr]);
    Ok(Typed::new(expr, DataType::Null, true))
}

fn raise_error(mut call: Call<'_>) -> Result<Typed> {
    let text = call_text("raise_error", &call.texts);
    let message = one(&mut call)?;
    let own = call.texts.first().map_or("", String::as_str);
    let message = expect(message, &Expect::Type(DataType::String), 0, own, &text, &call.context)?;
    let expr = Kernel::new("raise_error", to_arrow(&DataType::Null), true)
        .fallible()
        .run_arrays(|arrays| {
            let messages = arrays[0].as_string::<i32>();
            if messages.is_empty() {
                return Ok(Arc::new(NullArray::new(0)) as ArrayRef);
            }
            Err(to_datafusion(raised(if messages.is_valid(0) { messages.value(0) } else { "null" })))
        })
        .call(vec![message.expr]);
    Ok(Typed::new(expr, DataType::Null, true))
}
