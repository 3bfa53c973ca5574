//! One element of an array or map.

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int32Type;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::picking::{comparable, range};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::kernel::{Columns, Kernel, from_arrow};
use crate::reshape::retype;
use crate::types::to_arrow;

/// What an index outside the array does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    Null,
    Raise(&'static str),
}

/// `element_at(array, index)`, `element_at(map, key)`; forgiving: `try_element_at`.
pub fn element_at(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[2])?;
    let call = Call { name: "element_at", ..call };
    if matches!(call.type_of(0), DataType::Map { .. }) {
        check_map_key(&call)?;
        return value_of_key(&call);
    }
    if !matches!(call.type_of(0), DataType::Array { .. }) {
        return Err(call.wants(0, "(\"ARRAY\" or \"MAP\")"));
    }
    let raise = call.context.ansi && !forgiving;
    let outside = if raise { Outside::Raise("INVALID_ARRAY_INDEX_IN_ELEMENT_AT") } else { Outside::Null };
    element(&call, true, outside)
}

/// `get(array, index)`: from 0, null outside.
pub fn get(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    element(&call, false, Outside::Null)
}

/// `array[index]`: from 0.
pub fn get_array_item(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let outside = if call.context.ansi { Outside::Raise("INVALID_ARRAY_INDEX") } else { Outside::Null };
    element(&call, false, outside)
}

fn element(call: &Call<'_>, from_one: bool, outside: Outside) -> Result<Typed> {
    let (list, kind, contains_null) = call.array(0)?;
    if !call.type_of(1).is_integral() && call.type_of(1) != &DataType::Null {
        return Err(call.mismatch(1, if from_one { "INT" } else { "INTEGRAL" }));
    }
    let index = call.int(1)?;
    let nullable = list.nullable || index.nullable || may_be_null(call, from_one, outside, contains_null);
    let returns = to_arrow(&kind);
    let kernel = Kernel::new("element_at", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let indices = columns.numbers::<Int32Type>(1)?;
        let mut chosen = Vec::with_capacity(columns.rows);
        for row in 0..columns.rows {
            chosen.push(match indices.at(row).filter(|_| lists.is_valid(row)) {
                None => None,
                Some(index) => place(range(&lists, row), index, from_one, outside)?,
            });
        }
        retype(&take(lists.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)?, &returns)
    });
    let kernel = kernel.identity(format!("{from_one} {outside:?}")).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![list.expr, index.expr]), kind, nullable))
}

/// A constant index into an array written out is known to hit or miss; into any other it may miss.
fn may_be_null(call: &Call<'_>, from_one: bool, outside: Outside, contains_null: bool) -> bool {
    let Some(index) = call.literal_long(1) else { return contains_null || !matches!(outside, Outside::Raise(_)) };
    let held = match super::arrays::written_elements(&call.arguments[0].expr) {
        Some(held) => held as i64,
        None => return true,
    };
    let wanted = match (from_one, index) {
        (true, 1..) => index - 1,
        (true, _) => held + index,
        (false, _) => index,
    };
    contains_null || !(0..held).contains(&wanted)
}

fn place(whole: std::ops::Range<u32>, index: i32, from_one: bool, outside: Outside) -> Result<Option<u32>> {
    let held = i64::from(whole.end - whole.start);
    let wanted = match (from_one, index) {
        (true, 0) => return Err(Error::new("INVALID_INDEX_OF_ZERO")),
        (true, 1..) => i64::from(index) - 1,
        (true, _) => held + i64::from(index),
        (false, _) => i64::from(index),
    };
    match (outside, (0..held).contains(&wanted)) {
        (_, true) => Ok(Some(whole.start + wanted as u32)),
        (Outside::Null, false) => Ok(None),
        (Outside::Raise(condition), false) => {
            Err(Error::new(condition).with("indexValue", index.to_string()).with("arraySize", held.to_string()))
        }
    }
}

/// `map[key]`
pub fn get_map_value(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    value_of_key(&call)
}

/// A text is no key of a map of other keys, nor the other way round.
pub(super) fn check_map_key(call: &Call<'_>) -> Result<()> {
    let (map, given) = (call.type_of(0), call.type_of(1));
    match map {
        DataType::Map { key, .. } if key.is_string() != given.is_string() && *given != DataType::Null => {
            Err(Error::new("DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES")
                .with("sqlExpr", call.sql())
                .with("functionName", format!("`{}`", call.name))
                .with("dataType", "\"MAP\"")
                .with("leftType", map.quoted())
                .with("rightType", given.quoted()))
        }
        _ => Ok(()),
    }
}

fn value_of_key(call: &Call<'_>) -> Result<Typed> {
    let (map, key_kind, value_kind, _) = call.map(0)?;
    let key = call.argument(1)?;
    let fits = crate::coerce::implicit_type(&key.data_type, &crate::coerce::Expect::Type(key_kind.clone()), call.context.ansi);
    if fits.is_none() {
        return Err(call.mismatch(1, &key_kind.sql()));
    }
    let key = convert(key, &key_kind, &call.context)?;
    let returns = to_arrow(&value_kind);
    let kernel = Kernel::new("map_value", &value_kind, true, move |columns| retype(&values_of_keys(columns)?, &returns));
    Ok(Typed::new(kernel.call(vec![map.expr, key.expr]), value_kind, true))
}

fn values_of_keys(columns: &Columns) -> Result<ArrayRef> {
    let (maps, wanted) = (columns.map(0)?, columns.array(1)?);
    let rows = comparable(&[maps.keys(), &wanted])?;
    let offsets = maps.value_offsets();
    let chosen: Vec<Option<u32>> = (0..columns.rows)
        .map(|row| {
            let there = maps.is_valid(row) && wanted.is_valid(row);
            let mut entries = offsets[row] as u32..if there { offsets[row + 1] as u32 } else { offsets[row] as u32 };
            entries.find(|index| rows[0].row(*index as usize) == rows[1].row(row))
        })
        .collect();
    take(maps.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)
}
