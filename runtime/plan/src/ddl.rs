//! Types and schemas from DDL text.

use emberflow_base::{Error, Result};

use crate::types::{DataType, StructType};

/// `a INT, b STRUCT<c: STRING> NOT NULL`.
pub fn parse_schema(_text: &str) -> Result<StructType> {
    Err(Error::unsupported("DDL text"))
}

/// `array<int>`.
pub fn parse_type(_text: &str) -> Result<DataType> {
    Err(Error::unsupported("DDL text"))
}

/// Schema text of any kind a client may send: a table schema, else a type, else the fields of a struct.
pub fn parse_schema_or_type(_text: &str) -> Result<DataType> {
    Err(Error::unsupported("DDL text"))
}
