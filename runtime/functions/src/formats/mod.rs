//! JSON and CSV inside columns.
//!
//! Not here: reading files (`emberflow-sources`). Begin at [`FUNCTIONS`].

mod clock;
pub mod csv;
pub mod json;
mod json_path;
mod options;
mod reading;
mod writing;

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::cast::{ParsedDecimal, parse_decimal};
use crate::registry::{Function, Kind};

pub use clock::Clock;
pub(crate) use json_path::top_level_field;
pub use options::Options;
pub(crate) use reading::nullable_throughout;

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

/// The functions of formats.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "from_csv", kind: Kind::Scalar(csv::from_csv), display: Some(first_only_csv) },
    Function { name: "from_json", kind: Kind::Scalar(reading::from_json), display: Some(first_only) },
    scalar("get_json_object", json_path::get_json_object),
    scalar("json_array_length", json_path::json_array_length),
    scalar("json_object_keys", json_path::json_object_keys),
    Function {
        name: "schema_of_csv",
        kind: Kind::Scalar(csv::schema_of_csv),
        display: Some(|args| first_of("schema_of_csv", args)),
    },
    Function {
        name: "schema_of_json",
        kind: Kind::Scalar(reading::schema_of_json),
        display: Some(|args| first_of("schema_of_json", args)),
    },
    Function { name: "to_csv", kind: Kind::Scalar(csv::to_csv), display: Some(|args| first_of("to_csv", args)) },
    Function { name: "to_json", kind: Kind::Scalar(writing::to_json), display: Some(|args| first_of("to_json", args)) },
];

fn first_only(arguments: &[String]) -> String {
    first_of("from_json", arguments)
}

fn first_only_csv(arguments: &[String]) -> String {
    first_of("from_csv", arguments)
}

fn first_of(name: &str, arguments: &[String]) -> String {
    format!("{name}({})", arguments.first().map_or("", String::as_str))
}

/// A decimal that fits its type, rounded half up.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    match parse_decimal(text, scale) {
        ParsedDecimal::Value(value) if value.unsigned_abs() < 10_u128.pow(u32::from(precision)) => Some(value),
        _ => None,
    }
}

/// The schema a call names as a literal: DDL text, or JSON as clients send it.
fn schema_argument(call: &Call<'_>, index: usize) -> Result<DataType> {
    let Some(text) = call.literal_text(index) else {
        return Err(Error::new("INVALID_SCHEMA.NON_STRING_LITERAL")
            .with("inputSchema", format!("\"{}\"", call.texts.get(index).map_or("", String::as_str))));
    };
    let trimmed = text.trim_start();
    if trimmed.starts_with('{') || trimmed.starts_with('"') {
        return emberflow_plan::json::from_json(&text);
    }
    emberflow_plan::ddl::parse_schema_or_type(&text, call.context.sql_options())
}
