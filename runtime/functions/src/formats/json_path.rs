//! Looking into JSON text: paths, lengths, keys.

use arrow::datatypes::Int32Type;
use emberflow_base::Result;
use emberflow_plan::DataType;
use serde_json::Value;

use crate::call::{Call, Typed};
use crate::kernel::{kernel, primitives, strings};
use crate::strings::string_lists;

enum Step {
    Field(String),
    Index(usize),
    All,
}

/// `$.a.b[0]['c'][*]`; none if it is no path.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            match name {
                "" => return None,
                "*" => steps.push(Step::All),
                name => steps.push(Step::Field(name.to_owned())),
            }
            rest = &after[end..];
        } else {
            let inner = rest.strip_prefix('[')?;
            let (inside, after) = match inner.strip_prefix('\'') {
                Some(quoted) => {
                    let end = quoted.find("']")?;
                    steps.push(Step::Field(quoted[..end].to_owned()));
                    (None, &quoted[end + 2..])
                }
                None => {
                    let end = inner.find(']')?;
                    (Some(&inner[..end]), &inner[end + 1..])
                }
            };
            match inside {
                None => {}
                Some("*") => steps.push(Step::All),
                Some(index) => steps.push(Step::Index(index.trim().parse().ok()?)),
            }
            rest = after;
        }
    }
    Some(steps)
}

/// What a path finds; several finds of `*` together are an array.
fn find(value: &Value, steps: &[Step]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match (step, value) {
        (Step::Field(name), Value::Object(fields)) => find(fields.get(name)?, rest),
        // A field of an array is that field of its elements.
        (Step::Field(_), Value::Array(elements)) => several(elements, steps),
        (Step::Index(index), Value::Array(elements)) => find(elements.get(*index)?, rest),
        (Step::All, Value::Array(elements)) => several(elements, rest),
        (Step::All, Value::Object(fields)) => several(&fields.values().cloned().collect::<Vec<_>>(), rest),
        _ => None,
    }
}

fn several(elements: &[Value], rest: &[Step]) -> Option<Value> {
    let mut found: Vec<Value> = elements.iter().filter_map(|element| find(element, rest)).collect();
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(Value::Array(found)),
    }
}

/// A value as `get_json_object` prints it: strings bare, null as none.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `get_json_object(json, path)`
pub fn get_json_object(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?, call.text(1)?];
    Ok(kernel("get_json_object", arguments, DataType::String, true, |columns| {
        let (texts, paths) = (columns.text(0)?, columns.text(1)?);
        let constant = paths.constant().map(|text| text.and_then(path));
        strings(columns.rows, |row| {
            let Some(value) = texts.at(row).and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return Ok(None) };
            let found = match &constant {
                Some(steps) => steps.as_ref().and_then(|steps| find(&value, steps)),
                None => paths.at(row).and_then(path).and_then(|steps| find(&value, &steps)),
            };
            Ok(found.as_ref().and_then(shown))
        })
    }))
}

/// A field of a JSON object as a string; null if there is none.
pub(crate) fn top_level_field(json: Typed, name: Typed) -> Typed {
    kernel("json_field", vec![json, name], DataType::String, true, |columns| {
        let (texts, names) = (columns.text(0)?, columns.text(1)?);
        strings(columns.rows, |row| {
            let Some((text, name)) = texts.at(row).zip(names.at(row)) else { return Ok(None) };
            let value = serde_json::from_str::<Value>(text).ok();
            Ok(value.as_ref().and_then(|value| value.get(name)).and_then(shown))
        })
    })
}

/// `json_array_length(json)`
pub fn json_array_length(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    Ok(kernel("json_array_length", vec![call.text(0)?], DataType::Int, true, |columns| {
        let texts = columns.text(0)?;
        primitives::<Int32Type>(columns.rows, |row| {
            let value = texts.at(row).and_then(|text| serde_json::from_str::<Value>(text).ok());
            Ok(value.as_ref().and_then(Value::as_array).map(|elements| elements.len() as i32))
        })
    }))
}

/// `json_object_keys(json)`
pub fn json_object_keys(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let kind = DataType::array(DataType::String, true);
    Ok(kernel("json_object_keys", vec![call.text(0)?], kind, true, |columns| {
        let texts = columns.text(0)?;
        string_lists(columns.rows, true, |row| {
            let value = texts.at(row).and_then(|text| serde_json::from_str::<Value>(text).ok());
            Ok(value.as_ref().and_then(Value::as_object).map(|fields| fields.keys().cloned().collect()))
        })
    }))
}
