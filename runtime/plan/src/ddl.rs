//! Types and schemas from DDL text.
//!
//! The reverse is [`crate::types::StructType::ddl`] and [`DataType::simple_string`]; what they print is read back equal.
//! Not here: the grammar (`sql/data_type.rs`), JSON (`json`).

use emberflow_base::Result;

use crate::json;
use crate::sql::SqlOptions;
use crate::sql::cursor::Parser;
use crate::types::{DataType, StructType};

/// `a INT, b STRUCT<c: STRING> NOT NULL`.
pub fn parse_schema(text: &str) -> Result<StructType> {
    Parser::new(text, SqlOptions::default())?.whole(Parser::columns)
}

/// `array<int>`.
pub fn parse_type(text: &str) -> Result<DataType> {
    Parser::new(text, SqlOptions::default())?.whole(Parser::data_type)
}

/// `array<int>`, as a session reads it.
pub fn parse_type_with(text: &str, options: SqlOptions) -> Result<DataType> {
    Parser::new(text, options)?.whole(Parser::data_type)
}

/// Schema text of any kind a client may send, as its session reads it: a table schema, else a type, else the fields of a
/// struct; or JSON.
pub fn parse_schema_or_type(text: &str, options: SqlOptions) -> Result<DataType> {
    if text.trim_start().starts_with(['{', '"']) {
        return json::from_json(text);
    }
    let columns = Parser::new(text, options)?.whole(Parser::columns).map(DataType::Struct);
    let of_type = |text: &str| parse_type_with(text, options);
    columns.or_else(|first| of_type(text).or_else(|_| of_type(&format!("struct<{text}>"))).map_err(|_| first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{DayTimeField, StructField, YearMonthField};

    fn check(text: &str, simple: &str) {
        assert_eq!(parse_type(text).unwrap().simple_string(), simple, "{text}");
    }

    fn condition(text: &str) -> String {
        parse_type(text).unwrap_err().condition().to_owned()
    }

    #[test]
    fn every_type_has_its_names() {
        for (text, simple) in [
            ("Int", "int"),
            ("LONG", "bigint"),
            ("byte", "tinyint"),
            ("real", "float"),
            ("dec", "decimal(10,0)"),
            ("numeric( 5 )", "decimal(5,0)"),
            ("decimal(12,2)", "decimal(12,2)"),
            ("character(3)", "char(3)"),
            ("timestamp without time zone", "timestamp_ntz"),
            ("time", "time(6)"),
            ("interval", "interval"),
            ("interval day to second", "interval day to second"),
            ("interval month", "interval month"),
            ("map<string,array<map<int,array<date>>>>", "map<string,array<map<int,array<date>>>>"),
            ("struct<a: int, `b c` string not null comment 'x', struct struct<>>", "struct<a:int,b c:string,struct:struct<>>"),
            ("string collate utf8_binary", "string"),
            ("void", "void"),
        ] {
            check(text, simple);
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let fields = vec![
            StructField::new("plain", DataType::Long, false),
            StructField::new("with space", DataType::array(DataType::decimal(38, 18), true), true),
            StructField::new("tick`s", DataType::map(DataType::String, DataType::Binary, true), true),
            StructField::new("order", DataType::Varchar(7), true),
            StructField::new("1", DataType::YearMonthInterval { start: YearMonthField::Year, end: YearMonthField::Month }, true),
            StructField::new("t", DataType::DayTimeInterval { start: DayTimeField::Hour, end: DayTimeField::Minute }, true),
            StructField::new("s", DataType::Struct(StructType::new(vec![StructField::new("x", DataType::Date, false)])), true),
        ];
        let schema = StructType::new(fields);
        assert_eq!(parse_schema(&schema.ddl()).unwrap(), schema);
        for field in &schema.fields {
            assert_eq!(parse_type(&field.data_type.sql()).unwrap(), field.data_type);
        }
    }

    #[test]
    fn schema_text_of_any_kind() {
        for (text, simple) in [
            ("a int, b string", "struct<a:int,b:string>"),
            ("bigint", "bigint"),
            ("a: int, b: array<int>", "struct<a:int,b:array<int>>"),
            ("{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "array<bigint>"),
        ] {
            assert_eq!(parse_schema_or_type(text, SqlOptions::default()).unwrap().simple_string(), simple);
        }
        assert_eq!(parse_schema_or_type("a int b", SqlOptions::default()).unwrap_err().condition(), "PARSE_SYNTAX_ERROR");
    }

    #[test]
    fn comments_and_defaults_become_metadata() {
        let schema = parse_schema("a INT NOT NULL DEFAULT 1 + 1 COMMENT 'it''s'").unwrap();
        let metadata = schema.fields[0].metadata.as_deref().unwrap();
        assert_eq!(metadata, r#"{"CURRENT_DEFAULT":"1 + 1","EXISTS_DEFAULT":"1 + 1","comment":"it's"}"#);
        assert!(!schema.fields[0].nullable);
    }

    #[test]
    fn errors_name_spark_s_conditions() {
        assert_eq!(condition("foo"), "UNSUPPORTED_DATATYPE");
        assert_eq!(parse_type("decimal(1, 2,3)").unwrap_err().parameter("typeName"), Some("\"DECIMAL(1,2,3)\""));
        assert_eq!(condition("char"), "DATATYPE_MISSING_SIZE");
        assert_eq!(condition("array"), "INCOMPLETE_TYPE_DEFINITION.ARRAY");
        assert_eq!(condition("map"), "INCOMPLETE_TYPE_DEFINITION.MAP");
        assert_eq!(condition("decimal(39,0)"), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
        assert_eq!(condition("interval second to day"), "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION");
        assert_eq!(condition("array<int"), "PARSE_SYNTAX_ERROR");
        assert_eq!(condition(&"array<".repeat(100_000)), "FAILED_TO_PARSE_TOO_COMPLEX");
    }

    #[test]
    fn a_session_says_what_timestamp_means() {
        let options = SqlOptions { local_timestamps: true, ..SqlOptions::default() };
        for (text, simple) in [
            ("timestamp", "timestamp_ntz"),
            ("array<timestamp>", "array<timestamp_ntz>"),
            ("t timestamp, l timestamp_ltz", "struct<t:timestamp_ntz,l:timestamp>"),
            ("timestamp with local time zone", "timestamp"),
            ("\"timestamp\"", "timestamp"),
        ] {
            assert_eq!(parse_schema_or_type(text, options).unwrap().simple_string(), simple, "{text}");
        }
    }
}
