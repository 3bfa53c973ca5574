//! Arrays from the engine's types to the wire's: whole columns at a time, copying only what the wire cannot hold.
//!
//! Instants get the session's zone by name (the numbers stay), fields their names and nullability, views and
//! dictionaries are unrolled. A null where the schema promises none is a defect and said so.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as Arrow, FieldRef, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use emberflow_base::{Error, Result};

/// The batch in the wire's schema, column by column.
pub(super) fn batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        let (has, wants) = (batch.num_columns(), schema.fields().len());
        return Err(Error::internal(format!("a batch of {has} columns where the schema has {wants}")));
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(array, field)| column(array, field)).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|why| Error::internal(why.to_string()))
}

fn column(array: &ArrayRef, field: &FieldRef) -> Result<ArrayRef> {
    convert(array, field.data_type())
        .map_err(|why| Error::internal(format!("the result column `{}` does not fit its type: {why}", field.name())))
}

fn convert(array: &ArrayRef, to: &Arrow) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    match (array.data_type(), to) {
        (Arrow::Timestamp(TimeUnit::Microsecond, _), Arrow::Timestamp(TimeUnit::Microsecond, zone)) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(instants.with_timezone_opt(zone.clone())))
        }
        (Arrow::Struct(_), Arrow::Struct(fields)) if array.as_struct().num_columns() == fields.len() => {
            let from = array.as_struct();
            let columns = from.columns().iter().zip(fields).map(|(column, field)| convert(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let array = StructArray::try_new_with_length(fields.clone(), columns, from.nulls().cloned(), from.len())?;
            Ok(Arc::new(array))
        }
        (Arrow::List(_), Arrow::List(element)) => list(array.as_list(), element),
        (Arrow::Map(_, _), Arrow::Map(entries, sorted)) => map(array.as_map(), entries, *sorted),
        (Arrow::LargeList(element) | Arrow::ListView(element) | Arrow::LargeListView(element), Arrow::List(_)) => {
            convert(&cast(array, &Arrow::List(element.clone()))?, to)
        }
        (Arrow::FixedSizeList(element, _), Arrow::List(_)) => convert(&cast(array, &Arrow::List(element.clone()))?, to),
        (Arrow::Dictionary(_, values), _) => {
            let values = values.as_ref().clone();
            convert(&cast(array, &values)?, to)
        }
        (Arrow::RunEndEncoded(_, values), _) => {
            let values = values.data_type().clone();
            convert(&cast(array, &values)?, to)
        }
        (Arrow::Null, _) => Ok(new_null_array(to, array.len())),
        _ => cast(array, to),
    }
}

fn cast(array: &ArrayRef, to: &Arrow) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: false, ..Default::default() })
}

/// Only the elements the lists speak of: what lies outside a slice may hold nulls that the schema forbids.
fn list(from: &ListArray, element: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let (offsets, values) = trimmed(from.offsets(), from.values());
    let values = convert(&values, element.data_type())?;
    Ok(Arc::new(ListArray::try_new(element.clone(), offsets, values, from.nulls().cloned())?))
}

fn map(from: &MapArray, entries: &FieldRef, sorted: bool) -> Result<ArrayRef, ArrowError> {
    let all: ArrayRef = Arc::new(from.entries().clone());
    let (offsets, pairs) = trimmed(from.offsets(), &all);
    let pairs = convert(&pairs, entries.data_type())?;
    let pairs = pairs.as_struct().clone();
    Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, pairs, from.nulls().cloned(), sorted)?))
}

fn trimmed(offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> (OffsetBuffer<i32>, ArrayRef) {
    let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
    if first == 0 && last as usize == values.len() {
        return (offsets.clone(), values.clone());
    }
    let shifted: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
    (OffsetBuffer::new(shifted.into()), values.slice(first as usize, (last - first) as usize))
}
