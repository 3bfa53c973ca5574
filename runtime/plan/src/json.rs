//! Types and schemas from and to Spark's JSON (`df.schema.json()`).

use emberflow_base::{Error, Result};

use crate::types::{DataType, StructType};

pub fn from_json(_text: &str) -> Result<DataType> {
    Err(Error::unsupported("JSON schemas"))
}

pub fn to_json(_data_type: &DataType) -> String {
    String::new()
}

/// The JSON of a whole schema.
pub fn schema_to_json(schema: &StructType) -> String {
    to_json(&DataType::Struct(schema.clone()))
}
