//! Items as JSON objects and back, without loss.
//!
//! ```text
//! 5 ─ long   5.0 ─ double   true   "text"   [1, 2] ─ longs   [1.0] ─ doubles
//! {"$timestamp": "secs:nanos"}   {"$blob": "base64"}   {"$double": "NaN"}   {"$doubles": []}   null ─ absent
//! ```

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emberflow::Result;
use emberflow::kv::change::Assign;
use emberflow::kv::{Assigned, Error, ErrorName, Item, Value};
use serde_json::{Map, Value as Json, json};

pub fn of_item(item: &Item) -> Json {
    Json::Object(item.iter().map(|(name, value)| (name.to_string(), of_value(value))).collect())
}

fn of_value(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => json!(value),
        Value::Double(value) => of_double(*value),
        Value::Str(text) => json!(text),
        Value::Timestamp { secs, nanos } => json!({"$timestamp": format!("{secs}:{nanos}")}),
        Value::Blob(bytes) => json!({"$blob": STANDARD.encode(bytes)}),
        Value::IntArray(values) => json!(values),
        Value::DoubleArray(values) => {
            let numbers: Vec<Json> = values.iter().map(|value| of_double(*value)).collect();
            // Among finite numbers the first tells that they are doubles.
            if values.iter().all(|value| value.is_finite()) && !values.is_empty() {
                Json::Array(numbers)
            } else {
                json!({"$doubles": numbers})
            }
        }
    }
}

/// JSON has no word for what is not finite.
fn of_double(value: f64) -> Json {
    if value.is_finite() { json!(value) } else { json!({"$double": value.to_string()}) }
}

/// The attributes of a JSON object.
pub fn to_attributes(text: &str) -> Result<Vec<(Arc<str>, Assigned)>> {
    let object: Map<String, Json> =
        serde_json::from_str(text).map_err(|why| invalid(format!("attributes are a JSON object: {why}")))?;
    object.into_iter().map(|(name, value)| Ok((name.into(), Assigned(to_assign(&value)?)))).collect()
}

pub fn to_assign(value: &Json) -> Result<Assign> {
    Ok(match value {
        Json::Null => Assign::Null,
        value => Assign::Set(to_value(value).ok_or_else(|| invalid(format!("{value} is no value of an attribute")))?),
    })
}

fn to_value(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::Str(text.clone()),
        Json::Number(number) if number.is_f64() => Value::Double(number.as_f64()?),
        Json::Number(number) => Value::Int(number.as_i64()?),
        Json::Array(values) if values.iter().all(Json::is_i64) => {
            Value::IntArray(values.iter().map(Json::as_i64).collect::<Option<_>>()?)
        }
        Json::Array(values) => Value::DoubleArray(values.iter().map(Json::as_f64).collect::<Option<_>>()?),
        Json::Object(object) => return marked(object),
    })
}

fn marked(object: &Map<String, Json>) -> Option<Value> {
    let (mark, value) = object.iter().next().filter(|_| object.len() == 1)?;
    match mark.as_str() {
        "$timestamp" => {
            let (secs, nanos) = value.as_str()?.split_once(':')?;
            let nanos = nanos.parse().ok().filter(|nanos| *nanos < 1_000_000_000)?;
            Some(Value::Timestamp { secs: secs.parse().ok()?, nanos })
        }
        "$blob" => STANDARD.decode(value.as_str()?).ok().map(Value::Blob),
        "$double" => value.as_str()?.parse().ok().map(Value::Double),
        "$doubles" => {
            let number = |value: &Json| match to_value(value)? {
                Value::Double(number) => Some(number),
                Value::Int(number) => Some(number as f64),
                _ => None,
            };
            Some(Value::DoubleArray(value.as_array()?.iter().map(number).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

pub fn invalid(text: String) -> emberflow::Error {
    Error::new(ErrorName::InvalidArgument, text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let values = [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Double(5.0),
            Value::Double(f64::NEG_INFINITY),
            Value::Double(f64::NAN),
            Value::Str("it's \"so\"\n".into()),
            Value::Timestamp { secs: -7, nanos: 999_999_999 },
            Value::Blob(vec![0, 255]),
            Value::IntArray(vec![]),
            Value::IntArray(vec![1, -2]),
            Value::DoubleArray(vec![]),
            Value::DoubleArray(vec![1.0, -0.5]),
            Value::DoubleArray(vec![1.0, f64::NAN]),
        ];
        for value in values {
            let text = of_value(&value).to_string();
            assert_eq!(to_value(&serde_json::from_str(&text).unwrap()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in
            [r#"{"a": {"b": 1}}"#, r#"{"a": [1, "x"]}"#, r#"{"a": 9223372036854775808}"#, "[1]", r#"{"a": {"$blob": "?"}}"#]
        {
            assert_eq!(to_attributes(text).err().unwrap().condition(), "NOSQL.INVALID_ARGUMENT", "{text}");
        }
        assert_eq!(to_attributes(r#"{"a": null}"#).unwrap().len(), 1);
    }
}
