//! One more element in an array.

use arrow::array::Array;
use arrow::datatypes::Int32Type;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::picking::{Picks, joined, list_type, range, with_element};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, kernel};

/// `array_append(array, element)`
pub fn array_append(call: Call<'_>) -> Result<Typed> {
    at_an_end(call, false)
}

/// `array_prepend(array, element)`
pub fn array_prepend(call: Call<'_>) -> Result<Typed> {
    at_an_end(call, true)
}

fn at_an_end(call: Call<'_>, in_front: bool) -> Result<Typed> {
    call.arity(&[2])?;
    let (list, element, common, _) = with_element(&call, 0, 1)?;
    // Spark says so whatever is put in.
    let (kind, returns, nullable) = (DataType::array(common.clone(), true), list_type(&common, true), list.nullable);
    Ok(kernel(call.name, vec![list, element], kind, nullable, move |columns| {
        let (lists, elements) = (columns.list(0)?, columns.array(1)?);
        let (values, starts) = joined(&[lists.values(), &elements])?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            let new = Some(starts[1] + row as u32);
            match (lists.is_valid(row), in_front) {
                (false, _) => picks.null(),
                (true, true) => picks.list(std::iter::once(new).chain(range(&lists, row).map(Some))),
                (true, false) => picks.list(range(&lists, row).map(Some).chain(std::iter::once(new))),
            }
        }
        picks.finish(&values, &returns)
    }))
}

/// `array_insert(array, position, element)`: position from 1, or from -1 at the end; gaps become nulls.
pub fn array_insert(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let (list, element, common, _) = with_element(&call, 0, 2)?;
    let position = call.int(1)?;
    let nullable = list.nullable || position.nullable;
    let (kind, returns) = (DataType::array(common.clone(), true), list_type(&common, true));
    let arguments = vec![list.expr, position.expr, element.expr];
    let kernel = Kernel::new("array_insert", &kind, nullable, move |columns| {
        let (lists, positions, elements) = (columns.list(0)?, columns.numbers::<Int32Type>(1)?, columns.array(2)?);
        let (values, starts) = joined(&[lists.values(), &elements])?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            let Some(position) = positions.at(row).filter(|_| lists.is_valid(row)) else {
                picks.null();
                continue;
            };
            if position == 0 {
                return Err(Error::new("INVALID_INDEX_OF_ZERO"));
            }
            let held: Vec<Option<u32>> = range(&lists, row).map(Some).collect();
            picks.list(inserted(held, position, starts[1] + row as u32));
        }
        picks.finish(&values, &returns)
    });
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

fn inserted(mut held: Vec<Option<u32>>, position: i32, new: u32) -> Vec<Option<u32>> {
    if position > 0 {
        let place = position as usize - 1;
        if place > held.len() {
            held.resize(place, None);
        }
        held.insert(place, Some(new));
        return held;
    }
    let from_end = position.unsigned_abs() as usize - 1;
    if from_end <= held.len() {
        held.insert(held.len() - from_end, Some(new));
        return held;
    }
    let gap = from_end - held.len();
    std::iter::once(Some(new)).chain(std::iter::repeat_n(None, gap)).chain(held).collect()
}
