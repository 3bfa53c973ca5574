//! Constants of the plan tree as DataFusion's, and back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, IntervalMonthDayNano};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;
use emberflow_plan::tree::Literal;

use crate::call::Typed;
use crate::collation::Precedence;
use crate::errors::from_datafusion;
use crate::types::to_arrow;

/// The expression of a constant.
pub fn literal(value: &Literal) -> Result<Typed> {
    let data_type = value.data_type();
    let expr = lit(scalar(value, &data_type)?);
    let typed = Typed::new(expr, data_type, matches!(value, Literal::Null(_)));
    Ok(Typed { precedence: Precedence::Constant, ..typed })
}

/// NULL of a type.
pub fn null(data_type: &DataType) -> Result<Typed> {
    let value = ScalarValue::try_new_null(&to_arrow(data_type)).map_err(from_datafusion)?;
    Ok(Typed::new(lit(value), data_type.clone(), true))
}

/// A constant of type `data_type`; nested values take that type's nullability.
pub fn scalar(value: &Literal, data_type: &DataType) -> Result<ScalarValue> {
    Ok(match value {
        Literal::Null(_) => ScalarValue::try_new_null(&to_arrow(data_type)).map_err(from_datafusion)?,
        Literal::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        Literal::Byte(value) => ScalarValue::Int8(Some(*value)),
        Literal::Short(value) => ScalarValue::Int16(Some(*value)),
        Literal::Int(value) => ScalarValue::Int32(Some(*value)),
        Literal::Long(value) => ScalarValue::Int64(Some(*value)),
        Literal::Float(value) => ScalarValue::Float32(Some(*value)),
        Literal::Double(value) => ScalarValue::Float64(Some(*value)),
        Literal::Decimal { value, precision, scale } => ScalarValue::Decimal128(Some(*value), *precision, *scale),
        Literal::String(value) => ScalarValue::Utf8(Some(value.clone())),
        Literal::Binary(value) => ScalarValue::Binary(Some(value.clone())),
        Literal::Date(days) => ScalarValue::Date32(Some(*days)),
        Literal::Timestamp(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), Some("UTC".into())),
        Literal::TimestampNtz(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), None),
        Literal::Time { nanos, .. } => ScalarValue::Time64Nanosecond(Some(*nanos)),
        Literal::CalendarInterval { months, days, micros } => {
            let nanos = micros.checked_mul(1000).ok_or_else(|| Error::new("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION"))?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(*months, *days, nanos)))
        }
        Literal::YearMonthInterval { months, .. } => ScalarValue::IntervalYearMonth(Some(*months)),
        Literal::DayTimeInterval { micros, .. } => ScalarValue::DurationMicrosecond(Some(*micros)),
        Literal::Array { .. } | Literal::Map { .. } | Literal::Struct { .. } => {
            ScalarValue::try_from_array(&array(&[value], data_type)?, 0).map_err(from_datafusion)?
        }
    })
}

/// Constants of one type as a column.
pub fn array(values: &[&Literal], data_type: &DataType) -> Result<ArrayRef> {
    if values.is_empty() {
        return Ok(new_empty_array(&to_arrow(data_type)));
    }
    match data_type {
        DataType::Array { element, .. } => list(values, data_type, element),
        DataType::Map { key, value, .. } => map(values, data_type, key, value),
        DataType::Struct(_) => structs(values, data_type),
        _ => {
            let scalars = values.iter().map(|value| scalar(value, data_type)).collect::<Result<Vec<_>>>()?;
            ScalarValue::iter_to_array(scalars).map_err(from_datafusion)
        }
    }
}

fn nulls(values: &[&Literal]) -> Option<NullBuffer> {
    let valid: Vec<bool> = values.iter().map(|value| !matches!(value, Literal::Null(_))).collect();
    if valid.iter().all(|valid| *valid) { None } else { Some(NullBuffer::from(valid)) }
}

fn list(values: &[&Literal], data_type: &DataType, element: &DataType) -> Result<ArrayRef> {
    let rows: Vec<Vec<&Literal>> = values
        .iter()
        .map(|value| match value {
            Literal::Array { values, .. } => values.iter().collect(),
            _ => Vec::new(),
        })
        .collect();
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(Vec::len));
    let child = array(&rows.concat(), element)?;
    let Arrow::List(field) = to_arrow(data_type) else { return Err(mismatch(data_type)) };
    Ok(Arc::new(ListArray::try_new(field, offsets, child, nulls(values)).map_err(|error| Error::internal(error.to_string()))?))
}

fn map(values: &[&Literal], data_type: &DataType, key: &DataType, value: &DataType) -> Result<ArrayRef> {
    let mut keys = Vec::new();
    let mut items = Vec::new();
    let mut lengths = Vec::with_capacity(values.len());
    for one in values {
        let before = keys.len();
        if let Literal::Map { entries, .. } = one {
            keys.extend(entries.iter().map(|(key, _)| key));
            items.extend(entries.iter().map(|(_, value)| value));
        }
        lengths.push(keys.len() - before);
    }
    let Arrow::Map(field, sorted) = to_arrow(data_type) else { return Err(mismatch(data_type)) };
    let Arrow::Struct(fields) = field.data_type() else { return Err(mismatch(data_type)) };
    let entries = StructArray::try_new(fields.clone(), vec![array(&keys, key)?, array(&items, value)?], None);
    let entries = entries.map_err(|error| Error::internal(error.to_string()))?;
    let made = MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, nulls(values), sorted);
    Ok(Arc::new(made.map_err(|error| Error::internal(error.to_string()))?))
}

fn structs(rows: &[&Literal], data_type: &DataType) -> Result<ArrayRef> {
    let (DataType::Struct(fields), Arrow::Struct(arrow_fields)) = (data_type, to_arrow(data_type)) else {
        return Err(mismatch(data_type));
    };
    let missing = Literal::Null(DataType::Null);
    let mut columns = Vec::with_capacity(fields.fields.len());
    for (at, field) in fields.fields.iter().enumerate() {
        let values: Vec<&Literal> = rows
            .iter()
            .map(|row| match row {
                Literal::Struct { values, .. } => values.get(at).unwrap_or(&missing),
                _ => &missing,
            })
            .collect();
        columns.push(array(&values, &field.data_type)?);
    }
    let made = StructArray::try_new_with_length(arrow_fields, columns, nulls(rows), rows.len());
    Ok(Arc::new(made.map_err(|error| Error::internal(error.to_string()))?) as Arc<dyn Array>)
}

/// The constant in a row of a column.
pub fn of_row(column: &dyn Array, row: usize, data_type: &DataType) -> Result<Literal> {
    if column.is_null(row) || column.data_type() == &Arrow::Null {
        return Ok(Literal::Null(data_type.clone()));
    }
    match data_type {
        DataType::Array { element, .. } => {
            let values = all_rows(&column.as_list::<i32>().value(row), element)?;
            Ok(Literal::Array { element: (**element).clone(), values })
        }
        DataType::Map { key, value, .. } => {
            let entries = column.as_map().value(row);
            let keys = all_rows(entries.column(0), key)?;
            let values = all_rows(entries.column(1), value)?;
            let entries = keys.into_iter().zip(values).collect();
            Ok(Literal::Map { key: (**key).clone(), value: (**value).clone(), entries })
        }
        DataType::Struct(schema) => {
            let columns = column.as_struct().columns().iter().zip(&schema.fields);
            let values = columns.map(|(column, field)| of_row(column, row, &field.data_type)).collect::<Result<_>>()?;
            Ok(Literal::Struct { data_type: schema.clone(), values })
        }
        _ => of_scalar(&ScalarValue::try_from_array(column, row).map_err(from_datafusion)?, data_type),
    }
}

fn all_rows(column: &ArrayRef, data_type: &DataType) -> Result<Vec<Literal>> {
    (0..column.len()).map(|row| of_row(column, row, data_type)).collect()
}

fn of_scalar(value: &ScalarValue, data_type: &DataType) -> Result<Literal> {
    Ok(match value {
        ScalarValue::Boolean(Some(flag)) => Literal::Boolean(*flag),
        ScalarValue::Int8(Some(number)) => Literal::Byte(*number),
        ScalarValue::Int16(Some(number)) => Literal::Short(*number),
        ScalarValue::Int32(Some(number)) => Literal::Int(*number),
        ScalarValue::Int64(Some(number)) => Literal::Long(*number),
        ScalarValue::Float32(Some(number)) => Literal::Float(*number),
        ScalarValue::Float64(Some(number)) => Literal::Double(*number),
        ScalarValue::Decimal128(Some(value), precision, scale) => {
            Literal::Decimal { value: *value, precision: *precision, scale: *scale }
        }
        ScalarValue::Utf8(Some(text)) => Literal::String(text.clone()),
        ScalarValue::Binary(Some(bytes)) => Literal::Binary(bytes.clone()),
        ScalarValue::Date32(Some(days)) => Literal::Date(*days),
        ScalarValue::TimestampMicrosecond(Some(micros), Some(_)) => Literal::Timestamp(*micros),
        ScalarValue::TimestampMicrosecond(Some(micros), None) => Literal::TimestampNtz(*micros),
        ScalarValue::Time64Nanosecond(Some(nanos)) => {
            let precision = if let DataType::Time(precision) = data_type { *precision } else { 6 };
            Literal::Time { nanos: *nanos, precision }
        }
        ScalarValue::IntervalYearMonth(Some(months)) => {
            Literal::YearMonthInterval { months: *months, data_type: data_type.clone() }
        }
        ScalarValue::DurationMicrosecond(Some(micros)) => {
            Literal::DayTimeInterval { micros: *micros, data_type: data_type.clone() }
        }
        ScalarValue::IntervalMonthDayNano(Some(interval)) => {
            Literal::CalendarInterval { months: interval.months, days: interval.days, micros: interval.nanoseconds / 1000 }
        }
        _ => return Err(mismatch(data_type)),
    })
}

fn mismatch(data_type: &DataType) -> Error {
    Error::internal(format!("a constant does not fit its type {}", data_type.sql()))
}
