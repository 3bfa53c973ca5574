//! JSON and CSV inside columns.
//!
//! Not here: reading files (`emberflow-sources`). Begin at [`FUNCTIONS`].

mod clock;
mod csv;
pub mod json;
mod json_path;
mod reading;
mod writing;

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructType};

use crate::call::{Call, Typed};
use crate::cast::{ParsedDecimal, parse_decimal};
use crate::registry::{Function, Kind};

pub use clock::Clock;
pub(crate) use json_path::top_level_field;
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

/// Options given as a map of literals.
#[derive(Debug, Default, Clone)]
pub(crate) struct Options(Vec<(String, String)>);

impl Options {
    fn of(call: &Call<'_>, index: usize) -> Result<Self> {
        let Some(argument) = call.arguments.get(index) else { return Ok(Self::default()) };
        let wrong = || Error::new("INVALID_OPTIONS.NON_MAP_FUNCTION");
        let value = crate::constant::fold(&argument.expr).ok_or_else(wrong)?;
        let datafusion::common::ScalarValue::Map(map) = value else { return Err(wrong()) };
        use arrow::array::AsArray;
        let text = |array: &arrow::array::ArrayRef, row: usize| {
            array.as_string_opt::<i32>().map_or(String::new(), |texts| texts.value(row).to_owned())
        };
        let pairs = (0..map.keys().len()).map(|row| (text(map.keys(), row), text(map.values(), row)));
        Ok(Self(pairs.collect()))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    fn flag(&self, key: &str, usual: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(usual),
            Some(said) if said.eq_ignore_ascii_case("true") => Ok(true),
            Some(said) if said.eq_ignore_ascii_case("false") => Ok(false),
            Some(said) => Err(Error::new("INVALID_OPTION").text(format!("The option `{key}` is true or false, not `{said}`."))),
        }
    }

    /// Refuses options that would change the answer and are not there yet.
    fn refuse(&self, function: &str, keys: &[&str]) -> Result<()> {
        match keys.iter().find(|key| self.get(key).is_some()) {
            Some(key) => Err(Error::unsupported(format!("the option {key} of {function}"))),
            None => Ok(()),
        }
    }

    /// Whether a record that does not fit is an error; the mode that drops records is none of a function's.
    fn fails_fast(&self, function: &str) -> Result<bool> {
        let mode = self.get("mode").unwrap_or_default().to_uppercase();
        match mode.as_str() {
            "DROPMALFORMED" => {
                let error = Error::new("PARSE_MODE_UNSUPPORTED").exception_class(Exception::Analysis);
                let error = error.with("funcName", format!("`{function}`")).with("mode", mode.as_str());
                Err(error.text(format!("The function `{function}` has no mode {mode}: use PERMISSIVE or FAILFAST.")))
            }
            _ => Ok(mode == "FAILFAST"),
        }
    }

    /// The field of records that do not fit, which is a string.
    fn corrupt_field(&self, call: &Call<'_>, fields: &StructType) -> Result<Option<usize>> {
        let named =
            self.get("columnNameOfCorruptRecord").or_else(|| call.context.settings.get("spark.sql.columnNameOfCorruptRecord"));
        let name = named.unwrap_or("_corrupt_record");
        let Some(at) = fields.fields.iter().position(|field| field.name == name) else { return Ok(None) };
        match &fields.fields[at] {
            field if field.data_type == DataType::String => Ok(Some(at)),
            field => Err(Error::new("INVALID_CORRUPT_RECORD_TYPE")
                .with("columnName", quote(&field.name))
                .with("actualType", field.data_type.quoted())),
        }
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
