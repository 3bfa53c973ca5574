//! Building lists by choosing elements of existing arrays.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType as Arrow, Field};
use arrow::row::{RowConverter, Rows, SortField};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::to_common_type;
use crate::collation::key_column;
use crate::errors::from_datafusion;
use crate::kernel::from_arrow;
use crate::reshape::retype;
use crate::types::to_arrow;

/// Element choices, list after list.
#[derive(Default)]
pub struct Picks {
    chosen: Vec<Option<u32>>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Picks {
    /// A null list.
    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    /// A list of the elements at these indices of the source; none is a null element.
    pub fn list(&mut self, indices: impl IntoIterator<Item = Option<u32>>) {
        let before = self.chosen.len();
        self.chosen.extend(indices);
        self.lengths.push(self.chosen.len() - before);
        self.valid.push(true);
    }

    /// The lists, `source` giving the elements.
    pub fn finish(self, source: &ArrayRef, returns: &Arrow) -> Result<ArrayRef> {
        let (values, offsets, nulls) = self.parts(source)?;
        let Arrow::List(field) = returns else { return Err(Error::internal("a list was expected")) };
        let values = retype(&values, field.data_type())?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(from_arrow)?))
    }

    /// Elements, offsets and validity apart.
    pub fn parts(self, source: &ArrayRef) -> Result<(ArrayRef, OffsetBuffer<i32>, Option<NullBuffer>)> {
        let values = take(source, &UInt32Array::from(self.chosen), None).map_err(from_arrow)?;
        let nulls = self.valid.contains(&false).then(|| NullBuffer::from(self.valid));
        Ok((values, OffsetBuffer::from_lengths(self.lengths), nulls))
    }
}

/// The indices of a row's elements in the list's values.
pub fn range(list: &ListArray, row: usize) -> std::ops::Range<u32> {
    let offsets = list.value_offsets();
    offsets[row] as u32..offsets[row + 1] as u32
}

/// Several element arrays of one type behind each other, and where each begins.
pub fn joined(arrays: &[&ArrayRef]) -> Result<(ArrayRef, Vec<u32>)> {
    let mut starts = Vec::with_capacity(arrays.len());
    let mut start = 0;
    for array in arrays {
        starts.push(start);
        start += array.len() as u32;
    }
    let first = arrays.first().map_or(Arrow::Null, |array| array.data_type().clone());
    let same = arrays.iter().map(|array| retype(array, &first)).collect::<Result<Vec<_>>>()?;
    let references: Vec<&dyn Array> = same.iter().map(|array| array.as_ref()).collect();
    Ok((concat(&references).map_err(from_arrow)?, starts))
}

/// Arrays of one type in a form that can be compared and hashed.
pub fn comparable(arrays: &[&ArrayRef]) -> Result<Vec<Rows>> {
    let Some(first) = arrays.first() else { return Ok(vec![]) };
    let converter = RowConverter::new(vec![SortField::new(first.data_type().clone())]).map_err(from_arrow)?;
    let rows = |array: &&ArrayRef| converter.convert_columns(&[retype(array, first.data_type())?]).map_err(from_arrow);
    arrays.iter().map(rows).collect()
}

/// The same of values of the type `of`, which may have a collation.
pub fn compared(arrays: &[&ArrayRef], of: &DataType) -> Result<Vec<Rows>> {
    if !of.is_collated() {
        return comparable(arrays);
    }
    let keys = arrays.iter().map(|array| key_column(array, of).map_err(from_datafusion)).collect::<Result<Vec<_>>>()?;
    comparable(&keys.iter().collect::<Vec<_>>())
}

/// An array argument and a value brought to one element type: the list, the value, that type, and whether elements may be null.
pub fn with_element(call: &Call<'_>, array: usize, value: usize) -> Result<(Typed, Typed, DataType, bool)> {
    let (list, element, contains_null) = call.array(array)?;
    let given = call.argument(value)?;
    let probe = Typed::new(given.expr.clone(), element.clone(), contains_null);
    let Some((_, common)) = to_common_type(vec![probe, given.clone()], &call.context)? else {
        return Err(differing(call, array, value));
    };
    if (element.is_string() || given.data_type.is_string())
        && element != given.data_type
        && element != DataType::Null
        && given.data_type != DataType::Null
    {
        return Err(differing(call, array, value));
    }
    let list = convert(list, &DataType::array(common.clone(), contains_null), &call.context)?;
    Ok((list, convert(given, &common, &call.context)?, common, contains_null))
}

fn differing(call: &Call<'_>, array: usize, value: usize) -> Error {
    let array_first = array < value;
    let (left, right) = if array_first { (array, value) } else { (value, array) };
    Error::new("DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES")
        .with("sqlExpr", call.sql())
        .with("functionName", format!("`{}`", call.name))
        .with("dataType", "\"ARRAY\"")
        .with("leftType", call.type_of(left).quoted())
        .with("rightType", call.type_of(right).quoted())
}

/// Array arguments brought to one type.
pub fn same_arrays(call: &Call<'_>, indices: &[usize]) -> Result<(Vec<Typed>, DataType, bool)> {
    let arrays = indices.iter().map(|index| call.array(*index)).collect::<Result<Vec<_>>>()?;
    let contains_null = arrays.iter().any(|(_, _, contains_null)| *contains_null);
    let elements: Vec<DataType> = arrays.iter().map(|(_, element, _)| element.clone()).collect();
    let strings = elements.iter().filter(|element| **element != DataType::Null).any(DataType::is_string);
    let mixed = strings && elements.iter().any(|element| !element.is_string() && *element != DataType::Null);
    let common = crate::coerce::common_type(&elements, call.context.ansi).filter(|_| !mixed);
    let Some(common) = common else {
        return Err(Error::new("DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES")
            .with("sqlExpr", call.sql())
            .with("functionName", format!("`{}`", call.name))
            .with("arrayType", "\"ARRAY\"")
            .with("leftType", call.type_of(0).quoted())
            .with("rightType", call.type_of(1).quoted()));
    };
    let convert_one = |(list, _, contains_null): (Typed, DataType, bool)| {
        convert(list, &DataType::array(common.clone(), contains_null), &call.context)
    };
    let lists = arrays.into_iter().map(convert_one).collect::<Result<_>>()?;
    Ok((lists, common, contains_null))
}

/// The Arrow type of an array.
pub fn list_type(element: &DataType, contains_null: bool) -> Arrow {
    to_arrow(&DataType::array(element.clone(), contains_null))
}

/// The field of an array without nulls.
pub fn list_field(element: &Arrow) -> Arc<Field> {
    Arc::new(Field::new("element", element.clone(), false))
}
