//! Arrays as sets, and looking for elements.

use std::collections::HashSet;

use arrow::array::Array;
use arrow::datatypes::Int64Type;
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::picking::{Picks, comparable, compared, joined, list_type, range, same_arrays, with_element};
use crate::call::{Call, Typed};
use crate::kernel::{booleans, kernel, primitives};

/// `array_contains(array, value)`: null when it is not there but a null is.
pub fn array_contains(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if call.type_of(1) == &DataType::Null {
        return Err(null_type(&call));
    }
    let (list, element, _, contains_null) = with_element(&call, 0, 1)?;
    let nullable = list.nullable || element.nullable || contains_null;
    Ok(kernel("array_contains", vec![list, element], DataType::Boolean, nullable, |columns| {
        let (lists, wanted) = (columns.list(0)?, columns.array(1)?);
        let rows = comparable(&[lists.values(), &wanted])?;
        booleans(columns.rows, |row| {
            if lists.is_null(row) || wanted.is_null(row) {
                return Ok(None);
            }
            let mut has_null = false;
            for index in range(&lists, row).map(|index| index as usize) {
                if lists.values().is_null(index) {
                    has_null = true;
                } else if rows[0].row(index) == rows[1].row(row) {
                    return Ok(Some(true));
                }
            }
            Ok(if has_null { None } else { Some(false) })
        })
    }))
}

pub(super) fn null_type(call: &Call<'_>) -> emberflow_base::Error {
    emberflow_base::Error::new("DATATYPE_MISMATCH.NULL_TYPE")
        .with("sqlExpr", call.sql())
        .with("functionName", format!("`{}`", call.name))
}

/// `array_position(array, value)`: from 1; 0 when it is not there.
pub fn array_position(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if call.type_of(1) == &DataType::Null {
        return Err(null_type(&call));
    }
    let (list, element, _, _) = with_element(&call, 0, 1)?;
    let nullable = list.nullable || element.nullable;
    Ok(kernel("array_position", vec![list, element], DataType::Long, nullable, |columns| {
        let (lists, wanted) = (columns.list(0)?, columns.array(1)?);
        let rows = comparable(&[lists.values(), &wanted])?;
        primitives::<Int64Type>(columns.rows, |row| {
            if lists.is_null(row) || wanted.is_null(row) {
                return Ok(None);
            }
            let found = range(&lists, row).position(|index| rows[0].row(index as usize) == rows[1].row(row));
            Ok(Some(found.map_or(0, |place| place as i64 + 1)))
        })
    }))
}

/// `array_remove(array, value)`
pub fn array_remove(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    if call.type_of(1) == &DataType::Null {
        return Err(null_type(&call));
    }
    let (list, element, common, contains_null) = with_element(&call, 0, 1)?;
    let nullable = list.nullable || element.nullable;
    let (kind, returns) = (DataType::array(common.clone(), contains_null), list_type(&common, contains_null));
    Ok(kernel("array_remove", vec![list, element], kind, nullable, move |columns| {
        let (lists, unwanted) = (columns.list(0)?, columns.array(1)?);
        let rows = compared(&[lists.values(), &unwanted], &common)?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.is_null(row) || unwanted.is_null(row) {
                picks.null();
                continue;
            }
            let kept = range(&lists, row).filter(|index| rows[0].row(*index as usize) != rows[1].row(row));
            picks.list(kept.map(Some));
        }
        picks.finish(lists.values(), &returns)
    }))
}

/// `array_distinct(array)`
pub fn array_distinct(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (list, element, contains_null) = call.array(0)?;
    let (kind, nullable) = (list.data_type.clone(), list.nullable);
    let returns = list_type(&element, contains_null);
    Ok(kernel("array_distinct", vec![list], kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let rows = compared(&[lists.values()], &element)?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.is_null(row) {
                picks.null();
                continue;
            }
            let mut seen = HashSet::new();
            picks.list(range(&lists, row).filter(|index| seen.insert(rows[0].row(*index as usize))).map(Some));
        }
        picks.finish(lists.values(), &returns)
    }))
}

/// What two sets become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    Union,
    Intersect,
    Except,
}

/// `array_union`, `array_intersect`, `array_except`: without repeats, in the order of the first.
pub fn combined(call: Call<'_>, combine: Combine) -> Result<Typed> {
    call.arity(&[2])?;
    let (left_null, right_null) = (call.array(0)?.2, call.array(1)?.2);
    let (lists, element, _) = same_arrays(&call, &[0, 1])?;
    let contains_null = match combine {
        Combine::Union => left_null || right_null,
        Combine::Intersect => left_null && right_null,
        Combine::Except => left_null,
    };
    let nullable = lists.iter().any(|list| list.nullable);
    let (kind, returns) = (DataType::array(element.clone(), contains_null), list_type(&element, contains_null));
    Ok(kernel(call.name, lists, kind, nullable, move |columns| {
        let (left, right) = (columns.list(0)?, columns.list(1)?);
        let (values, starts) = joined(&[left.values(), right.values()])?;
        let rows = compared(&[&values], &element)?;
        let key = |index: u32| rows[0].row(index as usize);
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if left.is_null(row) || right.is_null(row) {
                picks.null();
                continue;
            }
            let others = range(&right, row).map(|index| starts[1] + index);
            let mut seen = HashSet::new();
            match combine {
                Combine::Union => {
                    picks.list(range(&left, row).chain(others).filter(|index| seen.insert(key(*index))).map(Some));
                }
                Combine::Intersect | Combine::Except => {
                    let other: HashSet<_> = others.map(key).collect();
                    let wanted = combine == Combine::Intersect;
                    let kept =
                        range(&left, row).filter(|index| other.contains(&key(*index)) == wanted && seen.insert(key(*index)));
                    picks.list(kept.map(Some));
                }
            }
        }
        picks.finish(&values, &returns)
    }))
}

/// `arrays_overlap(a, b)`: null when only a null might be common.
pub fn arrays_overlap(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (lists, _, contains_null) = same_arrays(&call, &[0, 1])?;
    let nullable = contains_null || lists.iter().any(|list| list.nullable);
    Ok(kernel("arrays_overlap", lists, DataType::Boolean, nullable, |columns| {
        let (left, right) = (columns.list(0)?, columns.list(1)?);
        let rows = comparable(&[left.values(), right.values()])?;
        booleans(columns.rows, |row| {
            if left.is_null(row) || right.is_null(row) {
                return Ok(None);
            }
            let (ours, theirs) = (range(&left, row), range(&right, row));
            let valid = |list: &arrow::array::ListArray, index: &u32| list.values().is_valid(*index as usize);
            let known: HashSet<_> =
                ours.clone().filter(|index| valid(&left, index)).map(|index| rows[0].row(index as usize)).collect();
            if theirs.clone().filter(|index| valid(&right, index)).any(|index| known.contains(&rows[1].row(index as usize))) {
                return Ok(Some(true));
            }
            let both = !ours.is_empty() && !theirs.is_empty();
            let nulls = ours.clone().any(|index| !valid(&left, &index)) || theirs.clone().any(|index| !valid(&right, &index));
            Ok(if both && nulls { None } else { Some(false) })
        })
    }))
}
