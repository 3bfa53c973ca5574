//! ORC's types and Spark's.
//!
//!     footer ──► [`struct_of`] ──► Spark's schema, as Spark infers it      Spark's schema ──► [`flatten`] ──► footer
//!
//! Where several Spark types are one ORC type, the column carries Spark's name for it (`timestamp_ntz` is a number).
//! Not here: values (`fit`, `write/column`).

use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Fields};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType, ddl};

use super::tail::OrcType;

pub(super) const BOOLEAN: u64 = 0;
pub(super) const BYTE: u64 = 1;
pub(super) const SHORT: u64 = 2;
pub(super) const INT: u64 = 3;
pub(super) const LONG: u64 = 4;
pub(super) const FLOAT: u64 = 5;
pub(super) const DOUBLE: u64 = 6;
pub(super) const STRING: u64 = 7;
pub(super) const BINARY: u64 = 8;
pub(super) const TIMESTAMP: u64 = 9;
pub(super) const LIST: u64 = 10;
pub(super) const MAP: u64 = 11;
pub(super) const STRUCT: u64 = 12;
pub(super) const DECIMAL: u64 = 14;
pub(super) const DATE: u64 = 15;
pub(super) const VARCHAR: u64 = 16;
pub(super) const CHAR: u64 = 17;
pub(super) const INSTANT: u64 = 18;

/// Hive's decimals before they had a precision.
const OLD_DECIMAL: (u8, i8) = (38, 18);

fn child(types: &[OrcType], own: &OrcType, at: usize) -> Result<usize> {
    let child = own.children.get(at).and_then(|child| usize::try_from(*child).ok()).filter(|child| *child < types.len());
    child.ok_or_else(|| Error::illegal_argument("a type in the footer of an ORC file lacks its parts"))
}

/// The columns of a file, or the fields of the struct at `at`.
pub(super) fn struct_of(types: &[OrcType], at: usize) -> Result<StructType> {
    let own = &types[at];
    let field =
        |(position, name): (usize, &String)| Ok(StructField::new(name, spark_type(types, child(types, own, position)?)?, true));
    own.names.iter().enumerate().map(field).collect::<Result<_>>().map(StructType::new)
}

/// Spark's type of a column.
pub(super) fn spark_type(types: &[OrcType], at: usize) -> Result<DataType> {
    let own = &types[at];
    if let Some(name) = &own.spark
        && !matches!(own.kind, STRUCT | LIST | MAP)
    {
        return Ok(plain(ddl::parse_type(name)?));
    }
    Ok(match own.kind {
        BOOLEAN => DataType::Boolean,
        BYTE => DataType::Byte,
        SHORT => DataType::Short,
        INT => DataType::Int,
        LONG => DataType::Long,
        FLOAT => DataType::Float,
        DOUBLE => DataType::Double,
        STRING | VARCHAR | CHAR => DataType::String,
        BINARY => DataType::Binary,
        TIMESTAMP | INSTANT => DataType::Timestamp,
        DATE => DataType::Date,
        DECIMAL => {
            let (precision, scale) = decimal(own);
            DataType::Decimal { precision, scale }
        }
        LIST => DataType::array(spark_type(types, child(types, own, 0)?)?, true),
        MAP => DataType::map(spark_type(types, child(types, own, 0)?)?, spark_type(types, child(types, own, 1)?)?, true),
        STRUCT => DataType::Struct(struct_of(types, at)?),
        _ => return Err(Error::unsupported("unions in ORC files")),
    })
}

/// Texts of a fixed or bounded length are read as texts.
fn plain(data_type: DataType) -> DataType {
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) => DataType::String,
        other => other,
    }
}

fn decimal(own: &OrcType) -> (u8, i8) {
    match (u8::try_from(own.precision), i8::try_from(own.scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => (precision, scale),
        _ => OLD_DECIMAL,
    }
}

/// Spark's type of what the decoder gives: without the finer meaning that Spark's name adds.
pub(super) fn stored_type(types: &[OrcType], at: usize) -> Result<DataType> {
    let own = &types[at];
    match own.kind {
        LIST | MAP | STRUCT => spark_type(types, at),
        _ => spark_type(&[OrcType { spark: None, ..own.clone() }], 0),
    }
}

/// Seconds and nanoseconds come as one wide number: no moment that ORC holds is too far for it.
pub(super) const NANOS: Arrow = Arrow::Decimal128(38, 9);

/// The Arrow type that the decoder makes of a column.
pub(super) fn decoded_type(types: &[OrcType], at: usize) -> Result<Arrow> {
    let own = &types[at];
    Ok(match own.kind {
        TIMESTAMP | INSTANT => NANOS,
        LIST => Arrow::List(Arc::new(Field::new("item", decoded_type(types, child(types, own, 0)?)?, true))),
        MAP => {
            let key = Field::new("keys", decoded_type(types, child(types, own, 0)?)?, false);
            let value = Field::new("values", decoded_type(types, child(types, own, 1)?)?, true);
            Arrow::Map(Arc::new(Field::new("entries", Arrow::Struct(vec![key, value].into()), false)), false)
        }
        STRUCT => {
            let field = |(position, name): (usize, &String)| {
                Ok(Field::new(name, decoded_type(types, child(types, own, position)?)?, true))
            };
            Arrow::Struct(own.names.iter().enumerate().map(field).collect::<Result<Fields>>()?)
        }
        _ => emberflow_functions::types::to_arrow(&stored_type(types, at)?),
    })
}

/// The types of a footer for Spark's columns, parents before children.
pub(super) fn flatten(columns: &StructType) -> Vec<OrcType> {
    let mut types = Vec::new();
    add(&DataType::Struct(columns.clone()), &mut types);
    types
}

fn add(data_type: &DataType, types: &mut Vec<OrcType>) -> u64 {
    let at = types.len();
    let of = |kind| OrcType { kind, ..OrcType::default() };
    let named = |kind| OrcType { spark: Some(data_type.simple_string()), ..of(kind) };
    types.push(match data_type {
        DataType::Boolean => of(BOOLEAN),
        DataType::Byte => of(BYTE),
        DataType::Short => of(SHORT),
        DataType::Int => of(INT),
        DataType::Long => of(LONG),
        DataType::Float => of(FLOAT),
        DataType::Double => of(DOUBLE),
        DataType::Decimal { precision, scale } => {
            OrcType { precision: u64::from(*precision), scale: u64::from(scale.unsigned_abs()), ..of(DECIMAL) }
        }
        DataType::Binary => of(BINARY),
        DataType::Date => of(DATE),
        DataType::Timestamp => named(TIMESTAMP),
        DataType::TimestampNtz | DataType::DayTimeInterval { .. } | DataType::Time(_) => named(LONG),
        DataType::YearMonthInterval { .. } => named(INT),
        DataType::Array { .. } => of(LIST),
        DataType::Map { .. } => of(MAP),
        DataType::Struct(_) => of(STRUCT),
        DataType::Udt { sql_type, .. } => {
            return add(sql_type, types);
        }
        DataType::Collated(_) => named(STRING),
        // What cannot be written was refused before.
        _ => OrcType { spark: Some(DataType::String.simple_string()), ..of(STRING) },
    });
    let (children, names) = match data_type {
        DataType::Array { element, .. } => (vec![add(element, types)], Vec::new()),
        DataType::Map { key, value, .. } => (vec![add(key, types), add(value, types)], Vec::new()),
        DataType::Struct(fields) => {
            let children = fields.fields.iter().map(|field| add(&field.data_type, types)).collect();
            (children, fields.fields.iter().map(|field| field.name.clone()).collect())
        }
        _ => (Vec::new(), Vec::new()),
    };
    types[at].children = children;
    types[at].names = names;
    at as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_back() {
        let text = "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(38,10), i STRING, j BINARY, \
            k DATE, l TIMESTAMP, m TIMESTAMP_NTZ, n INTERVAL YEAR TO MONTH, o INTERVAL DAY, \
            p ARRAY<MAP<STRING, STRUCT<x: TIMESTAMP_NTZ, y: ARRAY<INT>>>>, q STRUCT<`a b`: INT>";
        let schema = ddl::parse_schema(text).unwrap();
        let types = flatten(&schema);
        assert_eq!(struct_of(&types, 0).unwrap().ddl(), schema.ddl());
    }

    #[test]
    fn texts_of_a_fixed_length_are_texts() {
        let types = [
            OrcType {
                kind: STRUCT,
                children: vec![1, 2, 3],
                names: vec!["c".into(), "v".into(), "t".into()],
                ..OrcType::default()
            },
            OrcType { kind: CHAR, length_max: 5, ..OrcType::default() },
            OrcType { kind: VARCHAR, length_max: 5, ..OrcType::default() },
            OrcType { kind: INSTANT, ..OrcType::default() },
        ];
        assert_eq!(struct_of(&types, 0).unwrap().ddl(), "c STRING,v STRING,t TIMESTAMP");
    }
}
