//! Order among elements.

use std::sync::Mutex;

use arrow::array::{Array, UInt32Array};
use arrow::compute::take;
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::picking::{Picks, compared, list_type, range};
use crate::aggregates::is_orderable;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, from_arrow, kernel};
use crate::reshape::retype;
use crate::types::to_arrow;

/// `sort_array(array [, ascending])`: nulls first when ascending, last when descending.
pub fn sort_array(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let ascending = match call.len() {
        1 => true,
        _ if call.type_of(1) != &DataType::Boolean => return Err(call.mismatch(1, "BOOLEAN")),
        _ => call.literal_boolean(1).ok_or_else(|| call.not_constant(1, "ascendingOrder", &DataType::Boolean))?,
    };
    let list = orderable(&call)?;
    Ok(sorted(list, ascending, ascending))
}

/// `array_sort(array)`: nulls last.
pub fn array_sort(list: Typed) -> Typed {
    sorted(list, true, false)
}

fn orderable(call: &Call<'_>) -> Result<Typed> {
    let (list, element, _) = call.array(0)?;
    if is_orderable(&element) { Ok(list) } else { Err(crate::aggregates::not_orderable(call, &list.data_type)) }
}

fn sorted(list: Typed, ascending: bool, nulls_first: bool) -> Typed {
    let (kind, nullable) = (list.data_type.clone(), list.nullable);
    let returns = to_arrow(&kind);
    let element = if let DataType::Array { element, .. } = &kind { (**element).clone() } else { DataType::Null };
    let kernel = Kernel::new("sort_array", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let rows = compared(&[lists.values()], &element)?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.is_null(row) {
                picks.null();
                continue;
            }
            let (mut there, nulls): (Vec<u32>, Vec<u32>) =
                range(&lists, row).partition(|index| lists.values().is_valid(*index as usize));
            there.sort_by(|a, b| rows[0].row(*a as usize).cmp(&rows[0].row(*b as usize)));
            if !ascending {
                there.reverse();
            }
            let (first, second) = if nulls_first { (nulls, there) } else { (there, nulls) };
            picks.list(first.into_iter().chain(second).map(Some));
        }
        picks.finish(lists.values(), &returns)
    });
    Typed::new(kernel.identity(format!("{ascending} {nulls_first}")).call(vec![list.expr]), kind, nullable)
}

/// `array_max(array)`, `array_min(array)`: nulls do not count.
pub fn extreme(call: Call<'_>, greatest: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let list = orderable(&call)?;
    let element = call.array(0)?.1;
    let returns = to_arrow(&element);
    let of = element.clone();
    Ok(kernel(call.name, vec![list], element, true, move |columns| {
        let lists = columns.list(0)?;
        let rows = compared(&[lists.values()], &of)?;
        let chosen: Vec<Option<u32>> = (0..columns.rows)
            .map(|row| {
                let there = range(&lists, row).filter(|index| lists.is_valid(row) && lists.values().is_valid(*index as usize));
                let key = |index: &u32| rows[0].row(*index as usize);
                if greatest { there.max_by(|a, b| key(a).cmp(&key(b))) } else { there.min_by(|a, b| key(a).cmp(&key(b))) }
            })
            .collect();
        retype(&take(lists.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)?, &returns)
    }))
}

/// `shuffle(array [, seed])`
pub fn shuffle(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (list, element, contains_null) = call.array(0)?;
    let (kind, nullable) = (list.data_type.clone(), list.nullable);
    let returns = list_type(&element, contains_null);
    let seed = call.literal_long(1).unwrap_or(call.context.now_micros) as u64 | 1;
    let state = Mutex::new(seed);
    let kernel = Kernel::new("shuffle", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut below = |most: usize| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            (*state % most as u64) as usize
        };
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.is_null(row) {
                picks.null();
                continue;
            }
            let mut indices: Vec<u32> = range(&lists, row).collect();
            for place in (1..indices.len()).rev() {
                indices.swap(place, below(place + 1));
            }
            picks.list(indices.into_iter().map(Some));
        }
        picks.finish(lists.values(), &returns)
    });
    Ok(Typed::new(kernel.identity(seed).volatile().call(vec![list.expr]), kind, nullable))
}
