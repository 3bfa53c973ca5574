//! Spark's types to Arrow's and back (the wire's table in Spark Connect, section "Type mapping").

use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

/// The Arrow type that holds a Spark type inside the engine. Instants are kept as UTC; the session's zone enters at the edge.
pub fn to_arrow(data_type: &DataType) -> Arrow {
    match data_type {
        DataType::Null => Arrow::Null,
        DataType::Boolean => Arrow::Boolean,
        DataType::Byte => Arrow::Int8,
        DataType::Short => Arrow::Int16,
        DataType::Int => Arrow::Int32,
        DataType::Long => Arrow::Int64,
        DataType::Float => Arrow::Float32,
        DataType::Double => Arrow::Float64,
        DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, *scale),
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => Arrow::Utf8,
        DataType::Binary => Arrow::Binary,
        DataType::Date => Arrow::Date32,
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::TimestampNtz => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Time(_) => Arrow::Time64(TimeUnit::Nanosecond),
        DataType::CalendarInterval => Arrow::Interval(IntervalUnit::MonthDayNano),
        DataType::YearMonthInterval { .. } => Arrow::Interval(IntervalUnit::YearMonth),
        DataType::DayTimeInterval { .. } => Arrow::Duration(TimeUnit::Microsecond),
        DataType::Array { element, contains_null } => Arrow::List(Arc::new(to_field("element", element, *contains_null))),
        DataType::Map { key, value, value_contains_null } => {
            let entries = Fields::from(vec![to_field("key", key, false), to_field("value", value, *value_contains_null)]);
            Arrow::Map(Arc::new(Field::new("entries", Arrow::Struct(entries), false)), false)
        }
        DataType::Struct(fields) => {
            Arrow::Struct(fields.fields.iter().map(|field| Arc::new(to_struct_field(field)) as FieldRef).collect())
        }
        DataType::Variant => Arrow::Struct(Fields::from(vec![
            Field::new("value", Arrow::Binary, false),
            Field::new("metadata", Arrow::Binary, false).with_metadata([("variant".into(), "true".into())].into()),
        ])),
        DataType::Udt { sql_type, .. } => to_arrow(sql_type),
    }
}

fn to_field(name: &str, data_type: &DataType, nullable: bool) -> Field {
    Field::new(name, to_arrow(data_type), nullable)
}

fn to_struct_field(field: &StructField) -> Field {
    to_field(&field.name, &field.data_type, field.nullable)
}

/// The Arrow schema of a Spark struct.
pub fn to_arrow_schema(schema: &StructType) -> Schema {
    Schema::new(schema.fields.iter().map(to_struct_field).collect::<Vec<_>>())
}

/// The Spark type of Arrow data that came from outside; wider or narrower variants (views, large, unsigned, other time
/// units) become the Spark type that holds them.
pub fn from_arrow(data_type: &Arrow) -> Result<DataType> {
    Ok(match data_type {
        Arrow::Null => DataType::Null,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 => DataType::Byte,
        Arrow::Int16 | Arrow::UInt8 => DataType::Short,
        Arrow::Int32 | Arrow::UInt16 => DataType::Int,
        Arrow::Int64 | Arrow::UInt32 => DataType::Long,
        Arrow::UInt64 => DataType::decimal(20, 0),
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal32(precision, scale) | Arrow::Decimal64(precision, scale) | Arrow::Decimal128(precision, scale) => {
            DataType::decimal(*precision, *scale)
        }
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => DataType::Binary,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(_, Some(_)) => DataType::Timestamp,
        Arrow::Timestamp(_, None) => DataType::TimestampNtz,
        Arrow::Time32(TimeUnit::Second) => DataType::Time(0),
        Arrow::Time32(_) => DataType::Time(3),
        Arrow::Time64(_) => DataType::Time(6),
        Arrow::Duration(_) => DataType::day_time(),
        Arrow::Interval(IntervalUnit::YearMonth) => DataType::year_month(),
        Arrow::Interval(IntervalUnit::DayTime) => DataType::day_time(),
        Arrow::Interval(IntervalUnit::MonthDayNano) => DataType::CalendarInterval,
        Arrow::List(element) | Arrow::LargeList(element) | Arrow::ListView(element) | Arrow::LargeListView(element) => {
            DataType::array(from_arrow(element.data_type())?, element.is_nullable())
        }
        Arrow::FixedSizeList(element, _) => DataType::array(from_arrow(element.data_type())?, element.is_nullable()),
        Arrow::Map(entries, _) => match entries.data_type() {
            Arrow::Struct(pair) if pair.len() == 2 => {
                DataType::map(from_arrow(pair[0].data_type())?, from_arrow(pair[1].data_type())?, pair[1].is_nullable())
            }
            other => return Err(unknown(other)),
        },
        Arrow::Struct(fields) if is_variant(fields) => DataType::Variant,
        Arrow::Struct(fields) => DataType::Struct(from_arrow_fields(fields)?),
        Arrow::Dictionary(_, values) => from_arrow(values)?,
        Arrow::RunEndEncoded(_, values) => from_arrow(values.data_type())?,
        other => return Err(unknown(other)),
    })
}

/// Whether a struct of these fields is a variant: its metadata is marked.
pub fn is_variant(fields: &Fields) -> bool {
    let marked =
        |field: &FieldRef| field.name() == "metadata" && field.metadata().get("variant").is_some_and(|said| said == "true");
    fields.len() == 2 && fields.iter().any(|field| field.name() == "value") && fields.iter().any(marked)
}

/// The Spark struct of Arrow fields.
pub fn from_arrow_fields(fields: &Fields) -> Result<StructType> {
    let fields = fields
        .iter()
        .map(|field| Ok(StructField::new(field.name(), from_arrow(field.data_type())?, field.is_nullable())))
        .collect::<Result<_>>()?;
    Ok(StructType { fields })
}

fn unknown(data_type: &Arrow) -> Error {
    Error::new("UNSUPPORTED_ARROWTYPE").with("typeName", data_type.to_string())
}
