//! Items as R vectors: one column per attribute, one place per item.
//!
//!     long, double ─► numeric   boolean ─► logical   string ─► character   timestamp ─► POSIXct
//!     blob ─► raw in a list     array ─► list in a list                     absent ─► NA, or NULL in a list
//!
//! An attribute that has several types in several items becomes a list. Runs on R's thread.
//! Not here: R values as values (`kv_from_r`). Begin at [`columns`].

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use emberflow_connect::kv::Item;
use emberflow_connect::kv::value::Value;
use emberflow_plan::DataType;
use extendr_api::prelude::*;

use crate::failure::Result;
use crate::to_r::{dress, vector};

/// The columns of some items, as a named list. Those of `first` come first, also if no item has them.
pub fn columns(items: Vec<Item>, first: &[String]) -> Result<Robj> {
    let rows = items.len();
    let mut names: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<Vec<Option<Value>>> = Vec::new();
    let mut place = |name: String, columns: &mut Vec<Vec<Option<Value>>>| {
        *places.entry(name).or_insert_with_key(|name| {
            names.push(name.clone());
            columns.push(vec![None; rows]);
            names.len() - 1
        })
    };
    for name in first {
        place(name.clone(), &mut columns);
    }
    for (row, item) in items.into_iter().enumerate() {
        for attribute in item.attributes {
            let at = place(attribute.name, &mut columns);
            columns[at][row] = attribute.value.and_then(|value| value.value);
        }
    }
    let vectors: Vec<Robj> = columns.iter().map(|column| column_of(column)).collect::<Result<_>>()?;
    let mut list: Robj = List::from_values(vectors).into();
    list.set_names(names)?;
    Ok(list)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Nothing,
    Logical,
    Numeric,
    Text,
    Time,
    Bytes,
    Numbers,
}

fn form(value: &Value) -> Form {
    match value {
        Value::Null(_) => Form::Nothing,
        Value::Boolean(_) => Form::Logical,
        Value::Long(_) | Value::Double(_) => Form::Numeric,
        Value::String(_) => Form::Text,
        Value::Timestamp(_) => Form::Time,
        Value::Blob(_) => Form::Bytes,
        Value::Longs(_) | Value::Doubles(_) => Form::Numbers,
    }
}

fn column_of(values: &[Option<Value>]) -> Result<Robj> {
    let mut forms = values.iter().flatten().map(form);
    let first = forms.next().unwrap_or(Form::Nothing);
    if forms.any(|form| form != first) {
        let cells = values.iter().map(|value| cell(value.as_ref()));
        return Ok(List::from_values(cells.collect::<Result<Vec<Robj>>>()?).into());
    }
    match first {
        Form::Nothing => vector(&[Arc::new(NullArray::new(values.len())) as ArrayRef], &DataType::Null),
        Form::Logical => {
            let logical = |value: &Option<Value>| match value {
                Some(Value::Boolean(boolean)) => Some(*boolean),
                _ => None,
            };
            vector(&[Arc::new(BooleanArray::from_iter(values.iter().map(logical))) as ArrayRef], &DataType::Boolean)
        }
        Form::Numeric => numeric(values),
        Form::Text => {
            let text = |value: &Option<Value>| match value {
                Some(Value::String(text)) => Some(text.clone()),
                _ => None,
            };
            vector(&[Arc::new(StringArray::from_iter(values.iter().map(text))) as ArrayRef], &DataType::String)
        }
        Form::Time => {
            let seconds = |value: &Option<Value>| match value {
                Some(Value::Timestamp(at)) => Some(seconds(at.seconds, at.nanoseconds)),
                _ => None,
            };
            let seconds: ArrayRef = Arc::new(Float64Array::from_iter(values.iter().map(seconds)));
            let mut times = vector(&[seconds], &DataType::Double)?;
            dress(&mut times, &DataType::Timestamp)?;
            Ok(times)
        }
        Form::Bytes => {
            let bytes = |value: &Option<Value>| match value {
                Some(Value::Blob(bytes)) => Some(bytes.clone()),
                _ => None,
            };
            vector(&[Arc::new(BinaryArray::from_iter(values.iter().map(bytes))) as ArrayRef], &DataType::Binary)
        }
        Form::Numbers => arrays(values),
    }
}

/// Longs alone are read as the package reads bigint, so they need no other road than doubles.
fn numeric(values: &[Option<Value>]) -> Result<Robj> {
    let long = |value: &Option<Value>| match value {
        Some(Value::Long(long)) => Some(*long),
        _ => None,
    };
    if values.iter().flatten().all(|value| matches!(value, Value::Long(_))) {
        return vector(&[Arc::new(Int64Array::from_iter(values.iter().map(long))) as ArrayRef], &DataType::Long);
    }
    let double = |value: &Option<Value>| match value {
        Some(Value::Long(long)) => Some(*long as f64),
        Some(Value::Double(double)) => Some(*double),
        _ => None,
    };
    vector(&[Arc::new(Float64Array::from_iter(values.iter().map(double))) as ArrayRef], &DataType::Double)
}

fn arrays(values: &[Option<Value>]) -> Result<Robj> {
    if values.iter().flatten().all(|value| matches!(value, Value::Longs(_))) {
        let rows = values.iter().map(|value| match value {
            Some(Value::Longs(longs)) => Some(longs.values.iter().copied().map(Some).collect::<Vec<_>>()),
            _ => None,
        });
        let array: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows));
        return vector(&[array], &DataType::array(DataType::Long, true));
    }
    let rows = values.iter().map(|value| match value {
        Some(Value::Longs(longs)) => Some(longs.values.iter().map(|&long| Some(long as f64)).collect::<Vec<_>>()),
        Some(Value::Doubles(doubles)) => Some(doubles.values.iter().copied().map(Some).collect()),
        _ => None,
    });
    let array: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows));
    vector(&[array], &DataType::array(DataType::Double, true))
}

/// One value as it stands in a list.
fn cell(value: Option<&Value>) -> Result<Robj> {
    let Some(value) = value else { return Ok(().into()) };
    let column = column_of(&[Some(value.clone())])?;
    match column.as_list() {
        Some(list) => Ok(list.elt(0)?),
        None => Ok(column),
    }
}

/// The number nearest to these seconds; dividing and adding would round twice.
fn seconds(whole: i64, nanos: u32) -> f64 {
    let nanos = i128::from(whole) * 1_000_000_000 + i128::from(nanos);
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, nanos) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    format!("{sign}{whole}.{nanos:09}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_once() {
        assert_eq!(seconds(1_700_000_000, 100_000_000), 1_700_000_000.1);
        assert_eq!(seconds(-1, 750_000_000), -0.25);
        assert_eq!(seconds(0, 1), 1e-9);
    }
}
