//! Types in and out: the protocol's, Spark's texts, and the words R users write.
//!
//!     proto::DataType ─► DataType ─► "array<int>" (dtypes), "ArrayType" (print), DDL (readers)
//!     "array<integer>" as SparkR writes it ─► DataType
//!
//! Not here: Arrow types (`to_r`, `from_r`), full DDL (asked of the engine). Begin at [`from_proto`].

use emberflow_plan::types::{DayTimeField, YearMonthField};
use emberflow_plan::{Collation, DataType, StructField, StructType};
use extendr_api::prelude::*;
use proto::data_type::Kind;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result, outcome};

/// A type as the protocol writes it.
pub fn from_proto(data_type: &proto::DataType) -> Result<DataType> {
    let kind = data_type.kind.as_ref().ok_or_else(|| Failure::internal("a type without a kind"))?;
    Ok(match kind {
        Kind::Null(_) => DataType::Null,
        Kind::Binary(_) => DataType::Binary,
        Kind::Boolean(_) => DataType::Boolean,
        Kind::Byte(_) => DataType::Byte,
        Kind::Short(_) => DataType::Short,
        Kind::Integer(_) => DataType::Int,
        Kind::Long(_) => DataType::Long,
        Kind::Float(_) => DataType::Float,
        Kind::Double(_) => DataType::Double,
        Kind::Decimal(decimal) => {
            DataType::decimal(decimal.precision.unwrap_or(10).clamp(1, 38) as u8, decimal.scale.unwrap_or(0).clamp(0, 38) as i8)
        }
        // A collation this client does not know changes nothing about how its strings are read.
        Kind::String(string) => DataType::text(Collation::named(&string.collation).ok().flatten()),
        Kind::Char(kind) => DataType::Char(kind.length.unsigned_abs()),
        Kind::VarChar(kind) => DataType::Varchar(kind.length.unsigned_abs()),
        Kind::Date(_) => DataType::Date,
        Kind::Timestamp(_) | Kind::TimestampLtzNanos(_) => DataType::Timestamp,
        Kind::TimestampNtz(_) | Kind::TimestampNtzNanos(_) => DataType::TimestampNtz,
        Kind::CalendarInterval(_) => DataType::CalendarInterval,
        Kind::YearMonthInterval(kind) => DataType::YearMonthInterval {
            start: year_month_field(kind.start_field, YearMonthField::Year),
            end: year_month_field(kind.end_field, YearMonthField::Month),
        },
        Kind::DayTimeInterval(kind) => DataType::DayTimeInterval {
            start: day_time_field(kind.start_field, DayTimeField::Day),
            end: day_time_field(kind.end_field, DayTimeField::Second),
        },
        Kind::Array(array) => DataType::array(inner(array.element_type.as_deref())?, array.contains_null),
        Kind::Map(map) => {
            DataType::map(inner(map.key_type.as_deref())?, inner(map.value_type.as_deref())?, map.value_contains_null)
        }
        Kind::Struct(fields) => DataType::Struct(fields_from_proto(fields)?),
        Kind::Variant(_) => DataType::Variant,
        Kind::Udt(udt) => inner(udt.sql_type.as_deref())?,
        Kind::Time(time) => DataType::Time(time.precision.unwrap_or(6).clamp(0, 9) as u8),
        Kind::Unparsed(text) => parse(&text.data_type_string)?,
        Kind::Geometry(_) | Kind::Geography(_) => return Err(Failure::usage("geometry and geography have no form in R")),
    })
}

/// A type that must be a struct: the columns of a frame.
pub fn struct_from_proto(data_type: &proto::DataType) -> Result<StructType> {
    match from_proto(data_type)? {
        DataType::Struct(fields) => Ok(fields),
        other => Ok(StructType::new(vec![StructField::new("value", other, true)])),
    }
}

fn fields_from_proto(fields: &proto::data_type::Struct) -> Result<StructType> {
    let fields = fields.fields.iter().map(|field| {
        let mut own = StructField::new(field.name.clone(), inner(field.data_type.as_ref())?, field.nullable);
        own.metadata = field.metadata.clone();
        Ok(own)
    });
    Ok(StructType::new(fields.collect::<Result<_>>()?))
}

fn inner(data_type: Option<&proto::DataType>) -> Result<DataType> {
    from_proto(data_type.ok_or_else(|| Failure::internal("a nested type is missing"))?)
}

fn year_month_field(field: Option<i32>, absent: YearMonthField) -> YearMonthField {
    match field {
        Some(0) => YearMonthField::Year,
        Some(_) => YearMonthField::Month,
        None => absent,
    }
}

fn day_time_field(field: Option<i32>, absent: DayTimeField) -> DayTimeField {
    match field {
        Some(0) => DayTimeField::Day,
        Some(1) => DayTimeField::Hour,
        Some(2) => DayTimeField::Minute,
        Some(_) => DayTimeField::Second,
        None => absent,
    }
}

/// The class name of a type, as `print(schema(df))` shows it.
pub fn class_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "NullType".to_owned(),
        DataType::Boolean => "BooleanType".to_owned(),
        DataType::Byte => "ByteType".to_owned(),
        DataType::Short => "ShortType".to_owned(),
        DataType::Int => "IntegerType".to_owned(),
        DataType::Long => "LongType".to_owned(),
        DataType::Float => "FloatType".to_owned(),
        DataType::Double => "DoubleType".to_owned(),
        DataType::Decimal { precision, scale } => format!("DecimalType({precision},{scale})"),
        DataType::String | DataType::Collated(_) => "StringType".to_owned(),
        DataType::Char(length) => format!("CharType({length})"),
        DataType::Varchar(length) => format!("VarcharType({length})"),
        DataType::Binary => "BinaryType".to_owned(),
        DataType::Date => "DateType".to_owned(),
        DataType::Timestamp => "TimestampType".to_owned(),
        DataType::TimestampNtz => "TimestampNTZType".to_owned(),
        DataType::Time(digits) => format!("TimeType({digits})"),
        DataType::CalendarInterval => "CalendarIntervalType".to_owned(),
        DataType::Array { element, contains_null } => format!("ArrayType({},{contains_null})", class_name(element)),
        DataType::Map { key, value, value_contains_null } => {
            format!("MapType({},{},{value_contains_null})", class_name(key), class_name(value))
        }
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .fields
                .iter()
                .map(|field| format!("StructField({},{},{})", field.name, class_name(&field.data_type), field.nullable))
                .collect();
            format!("StructType({})", fields.join(","))
        }
        DataType::Variant => "VariantType".to_owned(),
        other => other.simple_string(),
    }
}

/// A schema as R keeps it: parallel vectors.
pub fn to_r(schema: &StructType) -> Robj {
    let fields = &schema.fields;
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let simple: Vec<String> = fields.iter().map(|field| field.data_type.simple_string()).collect();
    let classes: Vec<String> = fields.iter().map(|field| class_name(&field.data_type)).collect();
    let nullable: Vec<bool> = fields.iter().map(|field| field.nullable).collect();
    list!(names = names, types = simple, classes = classes, nullable = nullable, ddl = schema.ddl()).into()
}

/// A schema that R wrote down field by field.
pub fn from_r(names: Vec<String>, types: &[String], nullable: &[bool]) -> Result<StructType> {
    let fields = names.into_iter().zip(types).zip(nullable);
    let fields = fields.map(|((name, text), &nullable)| Ok(StructField::new(name, parse(text)?, nullable)));
    Ok(StructType::new(fields.collect::<Result<_>>()?))
}

/// A type in SparkR's spelling: lower case, no spaces, `array<integer>`, `map<string,int>`, `struct<a:int,b:string>`.
pub fn parse(text: &str) -> Result<DataType> {
    let unknown = || Failure::usage(format!("Unsupported type for SparkDataframe: {text}"));
    if let Some(inside) = between(text, "array<") {
        return Ok(DataType::array(parse(inside)?, true));
    }
    if let Some(inside) = between(text, "map<") {
        let parts = split_top(inside, ',');
        let [key, value] = parts[..] else { return Err(unknown()) };
        return if key == "string" { Ok(DataType::map(DataType::String, parse(value)?, true)) } else { Err(map_key(text)) };
    }
    if let Some(inside) = between(text, "struct<") {
        let fields = split_top(inside, ',').into_iter().map(|field| {
            let (name, kind) = field.split_once(':').ok_or_else(unknown)?;
            Ok(StructField::new(name.trim(), parse(kind.trim())?, true))
        });
        return Ok(DataType::Struct(StructType::new(fields.collect::<Result<_>>()?)));
    }
    if let Some(inside) = text.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')) {
        let (precision, scale) = inside.split_once(',').ok_or_else(unknown)?;
        let precision = precision.trim().parse().map_err(|_| unknown())?;
        return Ok(DataType::decimal(precision, scale.trim().parse().map_err(|_| unknown())?));
    }
    simple(text).ok_or_else(unknown)
}

fn simple(text: &str) -> Option<DataType> {
    Some(match text {
        "byte" | "tinyint" => DataType::Byte,
        "smallint" => DataType::Short,
        "integer" | "int" => DataType::Int,
        "bigint" => DataType::Long,
        "float" => DataType::Float,
        "double" => DataType::Double,
        "decimal" => DataType::DECIMAL_DEFAULT,
        "string" => DataType::String,
        "binary" => DataType::Binary,
        "boolean" => DataType::Boolean,
        "timestamp" => DataType::Timestamp,
        "timestamp_ntz" => DataType::TimestampNtz,
        "date" => DataType::Date,
        _ => return None,
    })
}

fn map_key(text: &str) -> Failure {
    Failure::usage(format!("Key type in a map must be string or character: {text}"))
}

fn between<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix('>')
}

/// Splits at `separator` where no bracket is open.
fn split_top(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            _ if letter == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A type as SparkR spells it: its short text and its class name.
#[extendr]
fn type_parse(text: Robj) -> Robj {
    outcome(|| {
        let data_type = parse(crate::r_api::text(&text, "type")?)?;
        Ok(list!(simple = data_type.simple_string(), class = class_name(&data_type)).into())
    })
}

/// The DDL of a schema that R keeps as parallel vectors.
#[extendr]
fn schema_ddl(schema: Robj) -> Robj {
    outcome(|| Ok(crate::from_r::schema_argument(&schema)?.ddl().into()))
}

extendr_module! {
    mod schema;
    fn type_parse;
    fn schema_ddl;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, simple: &str) {
        assert_eq!(parse(text).unwrap().simple_string(), simple);
    }

    #[test]
    fn types_as_sparkr_writes_them() {
        check("integer", "int");
        check("array<integer>", "array<int>");
        check("map<string,array<double>>", "map<string,array<double>>");
        check("struct<a:int,b:map<string,decimal(10,2)>>", "struct<a:int,b:map<string,decimal(10,2)>>");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["INT", "numeric", "array<>", "map<int,int>", "struct<a>", "decimal(x,y)", " int"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nested_classes_are_spelled_out() {
        assert_eq!(class_name(&parse("array<int>").unwrap()), "ArrayType(IntegerType,true)");
    }
}
