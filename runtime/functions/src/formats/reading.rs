//! `from_json(text, schema [, options])`.
//!
//! Text that is no JSON gives a struct of nulls (PERMISSIVE) or an error (FAILFAST); a field that does not fit its type is
//! null, the others stay.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, MapArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use serde_json::Value;

use super::{Clock, Options, schema_argument};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, booleans, from_arrow, primitives, strings, timestamps};
use crate::types::to_arrow;

/// `from_json(text, schema [, options])`
pub fn from_json(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (text, kind, options) = (call.text(0)?, nullable_throughout(schema_argument(&call, 1)?), Options::of(&call, 2)?);
    if !matches!(kind, DataType::Struct(_) | DataType::Array { .. } | DataType::Map { .. } | DataType::Variant) {
        return Err(Error::new("DATATYPE_MISMATCH.INVALID_JSON_SCHEMA")
            .with("sqlExpr", call.sql())
            .with("schema", kind.quoted()));
    }
    let fail_fast = options.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("FAILFAST"));
    let (clock, identity) =
        (Clock::of(|key| options.get(key), &call.context)?, format!("{options:?} {}", call.context.time_zone));
    let shape = kind.clone();
    let kernel = Kernel::new("from_json", &kind, true, move |columns| {
        let texts = columns.text(0)?;
        let mut values = Vec::with_capacity(columns.rows);
        for row in 0..columns.rows {
            values.push(match texts.at(row) {
                None => None,
                Some(text) if text.trim().is_empty() => None,
                Some(text) => match serde_json::from_str::<Value>(text) {
                    Ok(value) => Some(at_top(value, &shape)),
                    Err(_) if fail_fast => return Err(malformed(text)),
                    Err(_) => {
                        Some(if matches!(shape, DataType::Struct(_)) { Value::Object(Default::default()) } else { Value::Null })
                    }
                },
            });
        }
        let references: Vec<Option<&Value>> = values.iter().map(Option::as_ref).collect();
        build(&references, &shape, &clock)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(fail_fast).call(vec![text.expr]), kind, true))
}

fn malformed(text: &str) -> Error {
    Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION").with("badRecord", text).with("failFastMode", "FAILFAST")
}

/// Whatever the schema says, what comes out of text may be null.
pub(crate) fn nullable_throughout(kind: DataType) -> DataType {
    match kind {
        DataType::Array { element, .. } => DataType::array(nullable_throughout(*element), true),
        DataType::Map { key, value, .. } => DataType::map(*key, nullable_throughout(*value), true),
        DataType::Struct(mut fields) => {
            for field in &mut fields.fields {
                field.nullable = true;
                field.data_type = nullable_throughout(field.data_type.clone());
            }
            DataType::Struct(fields)
        }
        other => other,
    }
}

/// A struct is also read out of an array of one, an array also out of a single object.
fn at_top(value: Value, shape: &DataType) -> Value {
    match (value, shape) {
        (Value::Array(mut elements), DataType::Struct(_)) if elements.len() == 1 => elements.pop().unwrap_or(Value::Null),
        (value @ Value::Object(_), DataType::Array { element, .. }) if matches!(**element, DataType::Struct(_)) => {
            Value::Array(vec![value])
        }
        // Anything else than an object leaves a struct's fields null.
        (value, DataType::Struct(_)) if !value.is_object() => Value::Object(Default::default()),
        (value, _) => value,
    }
}

/// A column of `kind` out of JSON values.
fn build(values: &[Option<&Value>], kind: &DataType, clock: &Clock) -> Result<ArrayRef> {
    let rows = values.len();
    let at = |row: usize| values[row].filter(|value| !value.is_null());
    macro_rules! whole {
        ($kind:ty) => {
            primitives::<$kind>(rows, |row| Ok(at(row).and_then(Value::as_i64).and_then(|value| value.try_into().ok())))
        };
    }
    match kind {
        DataType::Boolean => booleans(rows, |row| Ok(at(row).and_then(Value::as_bool))),
        DataType::Byte => whole!(Int8Type),
        DataType::Short => whole!(Int16Type),
        DataType::Int => whole!(Int32Type),
        DataType::Long => whole!(Int64Type),
        DataType::Float => primitives::<Float32Type>(rows, |row| Ok(at(row).and_then(double).map(|value| value as f32))),
        DataType::Double => primitives::<Float64Type>(rows, |row| Ok(at(row).and_then(double))),
        DataType::Decimal { precision, scale } => {
            let plain =
                primitives::<Decimal128Type>(rows, |row| Ok(at(row).and_then(|value| decimal(value, *precision, *scale))))?;
            arrow_decimal(&plain, *precision, *scale)
        }
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            strings(rows, |row| Ok(at(row).and_then(super::json_path::shown)))
        }
        DataType::Binary => binaries(rows, |row| Ok(at(row).and_then(Value::as_str).map(|text| text.as_bytes().to_vec()))),
        DataType::Date => {
            primitives::<Date32Type>(rows, |row| Ok(at(row).and_then(Value::as_str).and_then(|text| clock.days(text))))
        }
        DataType::Timestamp => timestamps(rows, |row| Ok(at(row).and_then(Value::as_str).and_then(|text| clock.instant(text)))),
        DataType::TimestampNtz => primitives::<TimestampMicrosecondType>(rows, |row| {
            Ok(at(row).and_then(Value::as_str).and_then(|text| clock.wall(text)))
        }),
        DataType::Time(precision) => {
            let cut = 10_i64.pow(9 - u32::from(*precision).min(9));
            primitives::<arrow::datatypes::Time64NanosecondType>(rows, |row| {
                let micros = at(row).and_then(Value::as_str).and_then(crate::cast::parse_time_of_day);
                Ok(micros.map(|micros| micros * 1000 / cut * cut))
            })
        }
        DataType::Variant => {
            let mut made = crate::variant::Builder::new(rows);
            for value in values {
                let mut encoder = crate::variant::encode::Encoder::default();
                match value.map(|value| crate::variant::json::parse(&value.to_string(), &mut encoder)) {
                    Some(Ok(())) => made.encoded(encoder)?,
                    _ => made.null(),
                }
            }
            made.finish()
        }
        DataType::Array { element, .. } => build_list(values, element, kind, clock),
        DataType::Map { value, .. } => build_map(values, value, kind, clock),
        DataType::Struct(_) => build_struct(values, kind, clock),
        other => Err(Error::unsupported(format!("reading {} out of JSON", other.simple_string()))),
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "+Infinity" | "INF" | "+INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn decimal(value: &Value, precision: u8, scale: i8) -> Option<i128> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    arrow::compute::kernels::cast_utils::parse_decimal::<Decimal128Type>(&text, precision, scale).ok()
}

fn arrow_decimal(plain: &ArrayRef, precision: u8, scale: i8) -> Result<ArrayRef> {
    use arrow::array::AsArray;
    Ok(Arc::new(plain.as_primitive::<Decimal128Type>().clone().with_data_type(Arrow::Decimal128(precision, scale))))
}

fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    valid.contains(&false).then(|| NullBuffer::from(valid))
}

fn build_list(values: &[Option<&Value>], element: &DataType, kind: &DataType, clock: &Clock) -> Result<ArrayRef> {
    let Arrow::List(field) = to_arrow(kind) else { return Err(Error::internal("a list was expected")) };
    let (mut inner, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        let elements = value.and_then(|value| value.as_array());
        valid.push(elements.is_some());
        lengths.push(elements.map_or(0, Vec::len));
        inner.extend(elements.into_iter().flatten().map(Some));
    }
    let inner = build(&inner, element, clock)?;
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), inner, nulls(valid)).map_err(from_arrow)?))
}

fn build_map(values: &[Option<&Value>], value: &DataType, kind: &DataType, clock: &Clock) -> Result<ArrayRef> {
    let Arrow::Map(field, sorted) = to_arrow(kind) else { return Err(Error::internal("a map was expected")) };
    let Arrow::Struct(parts) = field.data_type().clone() else { return Err(Error::internal("entries are structs")) };
    let (mut keys, mut inner, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for value in values {
        let fields = value.and_then(|value| value.as_object());
        valid.push(fields.is_some());
        lengths.push(fields.map_or(0, serde_json::Map::len));
        for (key, value) in fields.into_iter().flatten() {
            keys.push(key.as_str());
            inner.push(Some(value));
        }
    }
    let keys: ArrayRef = Arc::new(arrow::array::StringArray::from(keys));
    let entries = StructArray::try_new(parts, vec![keys, build(&inner, value, clock)?], None).map_err(from_arrow)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, nulls(valid), sorted).map_err(from_arrow)?))
}

fn build_struct(values: &[Option<&Value>], kind: &DataType, clock: &Clock) -> Result<ArrayRef> {
    let (DataType::Struct(shape), Arrow::Struct(fields)) = (kind, to_arrow(kind)) else {
        return Err(Error::internal("a struct was expected"));
    };
    let objects: Vec<_> = values.iter().map(|value| value.and_then(|value| value.as_object())).collect();
    let columns = shape.fields.iter().map(|field| {
        let inner: Vec<Option<&Value>> = objects.iter().map(|object| object.and_then(|object| object.get(&field.name))).collect();
        build(&inner, &field.data_type, clock)
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let valid = objects.iter().map(Option::is_some).collect();
    let made = StructArray::try_new_with_length(fields, columns, nulls(valid), values.len());
    Ok(Arc::new(made.map_err(from_arrow)?))
}
