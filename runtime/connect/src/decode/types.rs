//! `spark.connect.DataType` to our types, and schema texts in any of the spellings clients use.

use emberflow_base::{Error, Result};
use emberflow_plan::sql::SqlOptions;
use emberflow_plan::types::{DayTimeField, YearMonthField};
use emberflow_plan::{Collation, DataType, StructField, StructType, ddl, json};

use crate::deep::deeper;
use crate::proto;
use crate::proto::data_type::{self, Kind};

/// A type as a client wrote it.
pub fn data_type(message: &proto::DataType) -> Result<DataType> {
    match &message.kind {
        Some(kind) => deeper(|| of_kind(kind)),
        None => Err(Error::new("CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET")
            .with("fullName", "spark.connect.DataType")
            .with("name", "kind")),
    }
}

fn of_kind(kind: &Kind) -> Result<DataType> {
    Ok(match kind {
        Kind::Null(_) => DataType::Null,
        Kind::Boolean(_) => DataType::Boolean,
        Kind::Byte(_) => DataType::Byte,
        Kind::Short(_) => DataType::Short,
        Kind::Integer(_) => DataType::Int,
        Kind::Long(_) => DataType::Long,
        Kind::Float(_) => DataType::Float,
        Kind::Double(_) => DataType::Double,
        Kind::Decimal(decimal) => of_decimal(decimal)?,
        Kind::String(string) => of_string(string)?,
        Kind::Char(char) => DataType::Char(length(char.length)?),
        Kind::VarChar(varchar) => DataType::Varchar(length(varchar.length)?),
        Kind::Binary(_) => DataType::Binary,
        Kind::Date(_) => DataType::Date,
        Kind::Timestamp(_) => DataType::Timestamp,
        Kind::TimestampNtz(_) => DataType::TimestampNtz,
        Kind::Time(time) => DataType::Time(time_precision(time.precision)?),
        Kind::CalendarInterval(_) => DataType::CalendarInterval,
        Kind::YearMonthInterval(interval) => year_month(interval)?,
        Kind::DayTimeInterval(interval) => day_time(interval)?,
        Kind::Array(array) => DataType::array(required(array.element_type.as_deref())?, array.contains_null),
        Kind::Map(map) => {
            DataType::map(required(map.key_type.as_deref())?, required(map.value_type.as_deref())?, map.value_contains_null)
        }
        Kind::Struct(fields) => DataType::Struct(of_struct(fields)?),
        Kind::Variant(_) => DataType::Variant,
        Kind::Udt(udt) => of_udt(udt)?,
        Kind::Unparsed(text) => schema_text(&text.data_type_string, SqlOptions::default())?,
        Kind::Geometry(_) => return Err(unsupported("GEOMETRY")),
        Kind::Geography(_) => return Err(unsupported("GEOGRAPHY")),
        Kind::TimestampNtzNanos(_) => return Err(unsupported("TIMESTAMP_NTZ with nanoseconds")),
        Kind::TimestampLtzNanos(_) => return Err(unsupported("TIMESTAMP_LTZ with nanoseconds")),
    })
}

fn required(message: Option<&proto::DataType>) -> Result<DataType> {
    data_type(message.unwrap_or(&proto::DataType { kind: None }))
}

fn unsupported(name: &str) -> Error {
    Error::new("CONNECT_INVALID_PLAN.DATA_TYPE_UNSUPPORTED_PROTO_TO_CATALYST").with("kindCase", name)
}

fn of_decimal(decimal: &data_type::Decimal) -> Result<DataType> {
    let precision = decimal.precision.unwrap_or(10);
    let scale = decimal.scale.unwrap_or(0);
    if !(0..=38).contains(&precision) {
        return Err(Error::new("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION")
            .with("precision", precision.to_string())
            .with("maxPrecision", "38"));
    }
    Ok(DataType::decimal(precision as u8, i8::try_from(scale).map_err(|_| unsupported("DECIMAL"))?))
}

fn of_string(string: &data_type::String) -> Result<DataType> {
    match string.collation.as_str() {
        "" => Ok(DataType::String),
        name => Ok(DataType::text(Collation::named(name)?)),
    }
}

fn length(length: i32) -> Result<u32> {
    u32::try_from(length).map_err(|_| unsupported("CHAR or VARCHAR of negative length"))
}

fn time_precision(precision: Option<i32>) -> Result<u8> {
    match precision.unwrap_or(6) {
        digits @ 0..=6 => Ok(digits as u8),
        _ => Err(unsupported("TIME of more than six digits")),
    }
}

fn year_month(interval: &data_type::YearMonthInterval) -> Result<DataType> {
    let field = |number: i32| match number {
        0 => Ok(YearMonthField::Year),
        1 => Ok(YearMonthField::Month),
        _ => Err(unsupported("INTERVAL of unknown fields")),
    };
    match (interval.start_field, interval.end_field) {
        (None, _) => Ok(DataType::year_month()),
        (Some(start), end) => Ok(DataType::YearMonthInterval { start: field(start)?, end: field(end.unwrap_or(start))? }),
    }
}

fn day_time(interval: &data_type::DayTimeInterval) -> Result<DataType> {
    let field = |number: i32| match number {
        0 => Ok(DayTimeField::Day),
        1 => Ok(DayTimeField::Hour),
        2 => Ok(DayTimeField::Minute),
        3 => Ok(DayTimeField::Second),
        _ => Err(unsupported("INTERVAL of unknown fields")),
    };
    match (interval.start_field, interval.end_field) {
        (None, _) => Ok(DataType::day_time()),
        (Some(start), end) => Ok(DataType::DayTimeInterval { start: field(start)?, end: field(end.unwrap_or(start))? }),
    }
}

fn of_struct(message: &data_type::Struct) -> Result<StructType> {
    let field = |field: &data_type::StructField| {
        Ok(StructField {
            name: field.name.clone(),
            data_type: required(field.data_type.as_ref())?,
            nullable: field.nullable,
            metadata: field.metadata.clone().filter(|json| !json.is_empty() && json != "{}"),
        })
    };
    Ok(StructType::new(message.fields.iter().map(field).collect::<Result<_>>()?))
}

fn of_udt(udt: &data_type::Udt) -> Result<DataType> {
    let Some(sql_type) = udt.sql_type.as_deref() else {
        return Err(Error::new("CONNECT_INVALID_PLAN.PYTHON_UDT_MISSING_FIELDS"));
    };
    Ok(DataType::Udt {
        jvm_class: udt.jvm_class.clone(),
        python_class: udt.python_class.clone(),
        serialized_python_class: udt.serialized_python_class.clone(),
        sql_type: Box::new(data_type(sql_type)?),
    })
}

/// A type or schema from text: Spark's JSON, or DDL (a table schema, a type, or a struct's fields).
pub(crate) fn schema_text(text: &str, options: SqlOptions) -> Result<DataType> {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'"' | b'[') => json::from_json(text),
        _ => ddl::parse_schema_or_type(text, options),
    }
}

/// A schema from text, which must be a struct.
pub(crate) fn struct_text(text: &str, options: SqlOptions) -> Result<StructType> {
    as_struct(schema_text(text, options)?, text)
}

/// A schema from a message, which must be a struct.
pub(crate) fn struct_type(message: &proto::DataType) -> Result<StructType> {
    let data_type = data_type(message)?;
    let text = data_type.sql();
    as_struct(data_type, &text)
}

fn as_struct(data_type: DataType, text: &str) -> Result<StructType> {
    match data_type {
        DataType::Struct(fields) => Ok(fields),
        other => Err(Error::new("INVALID_SCHEMA.NON_STRUCT_TYPE")
            .with("inputSchema", format!("\"{text}\""))
            .with("dataType", other.quoted())),
    }
}

/// The type with CHAR and VARCHAR read as STRING, at any depth: what a cast to it means.
pub(crate) fn without_lengths(data_type: DataType) -> DataType {
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) => DataType::String,
        DataType::Array { element, contains_null } => DataType::array(without_lengths(*element), contains_null),
        DataType::Map { key, value, value_contains_null } => {
            DataType::map(without_lengths(*key), without_lengths(*value), value_contains_null)
        }
        DataType::Struct(fields) => DataType::Struct(StructType::new(
            fields.fields.into_iter().map(|field| StructField { data_type: without_lengths(field.data_type), ..field }).collect(),
        )),
        other => other,
    }
}
