//! Arrow batches to changes of items, items to Arrow batches.
//!
//! ```text
//! DataFrame's schema, options, save mode, stored schema ─► WritePlan ─► per batch: columns ─► per row: RowChange
//! values of items ─► BatchBuilder ─► batches
//! ```
//!
//! Types follow one table: narrow integers are stored as long, float as double, and come back so. Everything about types,
//! names, options and schemas is checked when the plan is made, before the first row.
//!
//! Not here: DataFusion's plans (the engine), what a change makes of an item (`change`), which items are read
//! (`read_filter`). Begin at [`WritePlan`] and [`BatchBuilder`].

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

pub use read::BatchBuilder;
pub use write::{BatchRows, SaveMode, WritePlan};

use crate::error::{Error, ErrorName, Result};
use crate::schema::Field;
use crate::value::Kind;

/// The kind that is stored for values of an Arrow type; none for the null type. `UnsupportedType`.
pub fn kind_of(column: &str, data_type: &DataType) -> Result<Option<Kind>> {
    Ok(Some(match data_type {
        DataType::Null => return Ok(None),
        DataType::Boolean => Kind::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Int,
        DataType::Float32 | DataType::Float64 => Kind::Double,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Str,
        DataType::Timestamp(_, Some(_)) => Kind::Timestamp,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Kind::Blob,
        DataType::List(element) | DataType::LargeList(element) => match kind_of(column, element.data_type())? {
            Some(Kind::Int) => Kind::IntArray,
            Some(Kind::Double) => Kind::DoubleArray,
            _ => return unsupported(column, data_type),
        },
        DataType::Dictionary(_, values) => return kind_of(column, values),
        _ => return unsupported(column, data_type),
    }))
}

fn unsupported<T>(column: &str, data_type: &DataType) -> Result<T> {
    let text = format!("column {column} has the type {data_type}, which a NoSQL table cannot hold");
    Err(Error::new(ErrorName::UnsupportedType, text))
}

/// The Arrow type in which values of a kind are read.
///
/// ```
/// use emberflow_nosql::{Kind, rows};
/// let there = rows::arrow_type(Some(Kind::IntArray));
/// assert_eq!(rows::kind_of("a", &there)?, Some(Kind::IntArray));
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub fn arrow_type(kind: Option<Kind>) -> DataType {
    let list = |element| DataType::List(Arc::new(ArrowField::new("element", element, true)));
    match kind {
        None => DataType::Null,
        Some(Kind::Bool) => DataType::Boolean,
        Some(Kind::Int) => DataType::Int64,
        Some(Kind::Double) => DataType::Float64,
        Some(Kind::Str) => DataType::Utf8,
        Some(Kind::Timestamp) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Some(Kind::Blob) => DataType::Binary,
        Some(Kind::IntArray) => list(DataType::Int64),
        Some(Kind::DoubleArray) => list(DataType::Float64),
    }
}

/// The Arrow schema of columns that are read; all are nullable.
pub fn arrow_schema(fields: &[Field]) -> SchemaRef {
    let field = |field: &Field| ArrowField::new(&*field.name, arrow_type(field.kind), true);
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

/// The columns of an Arrow schema. `UnsupportedType`.
pub fn fields_of(schema: &Schema) -> Result<Vec<Field>> {
    let field = |field: &Arc<ArrowField>| {
        let kind = kind_of(field.name(), field.data_type())?;
        Ok(Field { name: field.name().as_str().into(), kind, nullable: field.is_nullable() })
    };
    schema.fields().iter().map(field).collect()
}

fn of_arrow(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorName::InvalidArgument, error.to_string())
}
