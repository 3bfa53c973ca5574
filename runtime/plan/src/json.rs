//! Types and schemas from and to Spark's JSON (`df.schema.json()`).
//!
//!     "long"   {"type":"array","elementType":"long","containsNull":true}   {"type":"struct","fields":[...]}
//!
//! A string's collation stands beside the type, in the metadata of the nearest field: `{"__COLLATIONS":{"a":"icu.UNICODE"}}`,
//! under the path from that field to the string (`a.element`, `m.key`).
//! Not here: DDL text (`ddl`).

use emberflow_base::{Error, Result};
use serde_json::{Map, Value, json};

use crate::collation::Collation;
use crate::ddl;
use crate::types::{DataType, StructField, StructType};

/// The member of a field's metadata that names collations.
const COLLATIONS: &str = "__COLLATIONS";

pub fn from_json(text: &str) -> Result<DataType> {
    // serde_json bounds the nesting, so the recursion below is bounded too.
    let value: Value = serde_json::from_str(text).map_err(|_| invalid(text))?;
    type_of(&value)
}

pub fn to_json(data_type: &DataType) -> String {
    value_of(data_type).to_string()
}

/// The JSON of a whole schema.
pub fn schema_to_json(schema: &StructType) -> String {
    to_json(&DataType::Struct(schema.clone()))
}

/// A text in a field's metadata (`comment`, `CURRENT_DEFAULT`).
pub fn metadata_text(metadata: &str, key: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata[key].as_str().map(str::to_owned)
}

fn invalid(text: impl Into<String>) -> Error {
    Error::new("INVALID_JSON_DATA_TYPE").with("invalidType", text)
}

fn type_of(value: &Value) -> Result<DataType> {
    match value {
        Value::String(name) => named_type(name),
        Value::Object(object) => match object.get("type").and_then(Value::as_str) {
            Some("array") => Ok(DataType::array(type_in(object, "elementType")?, flag(object, "containsNull")?)),
            Some("map") => {
                Ok(DataType::map(type_in(object, "keyType")?, type_in(object, "valueType")?, flag(object, "valueContainsNull")?))
            }
            Some("struct") => struct_of(object).map(DataType::Struct),
            Some("udt") => udt_of(object),
            _ => Err(invalid(value.to_string())),
        },
        other => Err(invalid(other.to_string())),
    }
}

fn named_type(name: &str) -> Result<DataType> {
    match name {
        "null" => Ok(DataType::Null),
        "calendar_interval" => Ok(DataType::CalendarInterval),
        _ => ddl::parse_type(name).map_err(|cause| invalid(name).caused_by(cause)),
    }
}

fn type_in(object: &Map<String, Value>, key: &str) -> Result<DataType> {
    object.get(key).map_or_else(|| Err(invalid(Value::Object(object.clone()).to_string())), type_of)
}

fn flag(object: &Map<String, Value>, key: &str) -> Result<bool> {
    object.get(key).and_then(Value::as_bool).ok_or_else(|| invalid(Value::Object(object.clone()).to_string()))
}

fn struct_of(object: &Map<String, Value>) -> Result<StructType> {
    let fields = object.get("fields").and_then(Value::as_array);
    let fields = fields.ok_or_else(|| invalid(Value::Object(object.clone()).to_string()))?;
    Ok(StructType::new(fields.iter().map(field_of).collect::<Result<_>>()?))
}

fn field_of(value: &Value) -> Result<StructField> {
    let object = value.as_object().ok_or_else(|| invalid(value.to_string()))?;
    let name = object.get("name").and_then(Value::as_str).ok_or_else(|| invalid(value.to_string()))?;
    let nullable = object.get("nullable").and_then(Value::as_bool).unwrap_or(true);
    let mut field = StructField::new(name, type_in(object, "type")?, nullable);
    let mut metadata = object.get("metadata").cloned().unwrap_or_default();
    if let Some(collations) = metadata.as_object_mut().and_then(|metadata| metadata.remove(COLLATIONS)) {
        field.data_type = collated(field.data_type, name, &collations)?;
    }
    field.metadata = Some(metadata).filter(|metadata| !is_empty_object(metadata)).map(|metadata| metadata.to_string());
    Ok(field)
}

/// The type with the collations its field's metadata names; fields of structs inside have metadata of their own.
fn collated(data_type: DataType, path: &str, collations: &Value) -> Result<DataType> {
    Ok(match data_type {
        DataType::Array { element, contains_null } => {
            DataType::array(collated(*element, &format!("{path}.element"), collations)?, contains_null)
        }
        DataType::Map { key, value, value_contains_null } => {
            let key = collated(*key, &format!("{path}.key"), collations)?;
            DataType::map(key, collated(*value, &format!("{path}.value"), collations)?, value_contains_null)
        }
        other => match collations.get(path).and_then(Value::as_str) {
            Some(said) if other == DataType::String => {
                DataType::text(Collation::named(said.split_once('.').map_or(said, |(_, name)| name))?)
            }
            Some(_) => {
                return Err(Error::new("INVALID_JSON_DATA_TYPE_FOR_COLLATIONS").with("jsonType", other.type_name()));
            }
            None => other,
        },
    })
}

/// The collations of the strings in a type, by their paths.
fn collations_in(data_type: &DataType, path: &str, found: &mut Map<String, Value>) {
    match data_type {
        DataType::Collated(collation) => {
            found.insert(path.to_owned(), format!("{}.{}", collation.provider(), collation.name()).into());
        }
        DataType::Array { element, .. } => collations_in(element, &format!("{path}.element"), found),
        DataType::Map { key, value, .. } => {
            collations_in(key, &format!("{path}.key"), found);
            collations_in(value, &format!("{path}.value"), found);
        }
        _ => {}
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.is_null()
}

fn udt_of(object: &Map<String, Value>) -> Result<DataType> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(DataType::Udt {
        jvm_class: text("class"),
        python_class: text("pyClass"),
        serialized_python_class: text("serializedClass"),
        sql_type: Box::new(type_in(object, "sqlType")?),
    })
}

fn value_of(data_type: &DataType) -> Value {
    match data_type {
        DataType::Array { element, contains_null } => {
            json!({"type": "array", "elementType": value_of(element), "containsNull": contains_null})
        }
        DataType::Map { key, value, value_contains_null } => json!({
            "type": "map", "keyType": value_of(key), "valueType": value_of(value), "valueContainsNull": value_contains_null,
        }),
        DataType::Struct(schema) => {
            json!({"type": "struct", "fields": schema.fields.iter().map(value_of_field).collect::<Vec<_>>()})
        }
        DataType::Udt { jvm_class, python_class, serialized_python_class, sql_type } => {
            let mut object = Map::new();
            object.insert("type".into(), "udt".into());
            for (key, text) in [("class", jvm_class), ("pyClass", python_class), ("serializedClass", serialized_python_class)] {
                if let Some(text) = text {
                    object.insert(key.into(), text.as_str().into());
                }
            }
            object.insert("sqlType".into(), value_of(sql_type));
            Value::Object(object)
        }
        DataType::Collated(_) => Value::String(DataType::String.type_name()),
        plain => Value::String(plain.type_name()),
    }
}

fn value_of_field(field: &StructField) -> Value {
    let mut metadata = field.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
    let mut collations = Map::new();
    collations_in(&field.data_type, &field.name, &mut collations);
    if let (false, Some(metadata)) = (collations.is_empty(), metadata.as_object_mut()) {
        metadata.insert(COLLATIONS.to_owned(), Value::Object(collations));
    }
    json!({"name": field.name, "type": value_of(&field.data_type), "nullable": field.nullable, "metadata": metadata})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_a_schema_is_spark_s() {
        let schema = ddl::parse_schema("a INT NOT NULL COMMENT 'x', b ARRAY<DECIMAL(5,2)>").unwrap();
        let expected = concat!(
            r#"{"type":"struct","fields":["#,
            r#"{"name":"a","type":"integer","nullable":false,"metadata":{"comment":"x"}},"#,
            r#"{"name":"b","type":{"type":"array","elementType":"decimal(5,2)","containsNull":true},"nullable":true,"metadata":{}}]}"#
        );
        assert_eq!(schema_to_json(&schema), expected);
    }

    #[test]
    fn every_type_survives() {
        for text in [
            "void",
            "boolean",
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "float",
            "double",
            "decimal(38,18)",
            "string",
            "char(3)",
            "varchar(4)",
            "binary",
            "date",
            "timestamp",
            "timestamp_ntz",
            "time(3)",
            "interval",
            "interval year",
            "interval day to minute",
            "array<map<string,struct<a:int,b:variant>>>",
        ] {
            let data_type = ddl::parse_type(text).unwrap();
            assert_eq!(from_json(&to_json(&data_type)).unwrap(), data_type, "{text}");
            assert_eq!(ddl::parse_type(&data_type.simple_string()).unwrap(), data_type, "{text}");
        }
    }

    #[test]
    fn collations_stand_in_metadata() {
        let schema =
            ddl::parse_schema("a STRING COLLATE UTF8_LCASE COMMENT 'x', m MAP<STRING, ARRAY<STRING COLLATE UNICODE_CI>>")
                .unwrap();
        let text = schema_to_json(&schema);
        assert!(text.contains(r#""metadata":{"comment":"x","__COLLATIONS":{"a":"spark.UTF8_LCASE"}}"#), "{text}");
        assert!(text.contains(r#""metadata":{"__COLLATIONS":{"m.value.element":"icu.UNICODE_CI"}}"#), "{text}");
        assert_eq!(from_json(&text).unwrap(), DataType::Struct(schema));
    }

    #[test]
    fn user_defined_types_pass_through() {
        let text = r#"{"type":"udt","class":"org.Point","pyClass":"m.Point","sqlType":"double"}"#;
        let data_type = from_json(text).unwrap();
        assert_eq!(to_json(&data_type), text);
        assert_eq!(data_type.simple_string(), "double");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "{", "\"foo\"", "3", "{\"type\":\"array\"}", "{\"type\":\"struct\",\"fields\":[1]}"] {
            assert_eq!(from_json(text).unwrap_err().condition(), "INVALID_JSON_DATA_TYPE", "{text}");
        }
    }
}
