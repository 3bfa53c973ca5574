//! Giving an array the exact Arrow type of a Spark type: field names and nullability of nested types, no values.
//!
//! DataFusion's nested functions answer lists of `item`; Spark's types are lists of `element`. Begin at [`relabel`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use arrow::datatypes::DataType as Arrow;
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::Typed;
use crate::kernel::{Kernel, from_arrow};
use crate::types::to_arrow;

/// The expression with its nested fields named as `kind` says; where it is null and must not be, an empty list.
pub fn relabel(value: Typed, kind: DataType, nullable: bool) -> Typed {
    let wanted = to_arrow(&kind);
    let kernel = Kernel::new("relabel", &kind, nullable, move |columns| {
        let array = retype(&columns.array(0)?, &wanted)?;
        if nullable { Ok(array) } else { filled(&array) }
    });
    Typed::new(kernel.call(vec![value.expr]), kind, nullable)
}

/// The same values under another type that differs in field names, nullability or width of nested parts only.
pub fn retype(array: &ArrayRef, wanted: &Arrow) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), wanted) {
        (Arrow::List(_), Arrow::List(field)) => {
            let list = array.as_list::<i32>();
            let values = retype(list.values(), field.data_type())?;
            let made = ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned());
            Ok(Arc::new(made.map_err(from_arrow)?))
        }
        (Arrow::Struct(_), Arrow::Struct(fields)) => {
            let parts = array.as_struct();
            let columns = parts.columns().iter().zip(fields).map(|(part, field)| retype(part, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let made = StructArray::try_new_with_length(fields.clone(), columns, parts.nulls().cloned(), parts.len());
            Ok(Arc::new(made.map_err(from_arrow)?))
        }
        (Arrow::Map(_, _), Arrow::Map(field, sorted)) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = retype(&entries, field.data_type())?.as_struct().clone();
            let made = MapArray::try_new(Arc::clone(field), map.offsets().clone(), entries, map.nulls().cloned(), *sorted);
            Ok(Arc::new(made.map_err(from_arrow)?))
        }
        _ => arrow::compute::cast(array, wanted).map_err(from_arrow),
    }
}

/// Empty lists where lists are null.
fn filled(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(list) = array.as_list_opt::<i32>().filter(|list| list.null_count() > 0) else {
        return Ok(Arc::clone(array));
    };
    let Arrow::List(field) = list.data_type() else { return Ok(Arc::clone(array)) };
    // A null may still span values: keep only what valid lists hold.
    let lengths = (0..list.len()).map(|row| if list.is_valid(row) { list.value_length(row) as usize } else { 0 });
    let pieces: Vec<ArrayRef> = (0..list.len()).filter(|row| list.is_valid(*row)).map(|row| list.value(row)).collect();
    let references: Vec<&dyn Array> = pieces.iter().map(|piece| piece.as_ref()).collect();
    let values = if references.is_empty() {
        arrow::array::new_empty_array(field.data_type())
    } else {
        arrow::compute::concat(&references).map_err(from_arrow)?
    };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None).map_err(from_arrow)?))
}
