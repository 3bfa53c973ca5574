//! `schema_of_json`: the type of one JSON text.

use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};
use serde_json::Value;

use crate::call::{Call, Typed};

/// `schema_of_json(json)`: of a literal.
pub fn schema_of_json(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let Some(text) = call.literal_text(0) else {
        return Err(call.not_constant(0, "json", &DataType::String));
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
            .with("badRecord", text.clone())
            .with("failFastMode", "FAILFAST")
            .text(format!("The JSON text is malformed: {error}."))
    })?;
    Ok(Typed::new(lit(filled(inferred(&value)).sql()), DataType::String, false))
}

fn inferred(value: &Value) -> DataType {
    match value {
        Value::Null => DataType::Null,
        Value::Bool(_) => DataType::Boolean,
        Value::Number(number) if number.is_i64() => DataType::Long,
        Value::Number(number) if number.is_u64() => DataType::decimal(20, 0),
        Value::Number(_) => DataType::Double,
        Value::String(_) => DataType::String,
        Value::Array(elements) => DataType::array(elements.iter().map(inferred).reduce(wider).unwrap_or(DataType::Null), true),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| StructField::new(name, inferred(value), true)).collect();
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            DataType::Struct(StructType::new(fields))
        }
    }
}

fn wider(left: DataType, right: DataType) -> DataType {
    match (left, right) {
        (left, right) if left == right => left,
        (DataType::Null, other) | (other, DataType::Null) => other,
        (left, right) if left.is_numeric() && right.is_numeric() => DataType::Double,
        (DataType::Array { element: left, .. }, DataType::Array { element: right, .. }) => {
            DataType::array(wider(*left, *right), true)
        }
        (DataType::Struct(left), DataType::Struct(right)) => {
            let mut fields = left.fields;
            for field in right.fields {
                match fields.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => known.data_type = wider(known.data_type.clone(), field.data_type),
                    None => fields.push(field),
                }
            }
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            DataType::Struct(StructType::new(fields))
        }
        _ => DataType::String,
    }
}

/// What was always null is a string.
fn filled(kind: DataType) -> DataType {
    match kind {
        DataType::Null => DataType::String,
        DataType::Array { element, .. } => DataType::array(filled(*element), true),
        DataType::Struct(fields) => {
            let fields = fields.fields.into_iter().map(|field| StructField::new(field.name, filled(field.data_type), true));
            DataType::Struct(StructType::new(fields.collect()))
        }
        other => other,
    }
}
