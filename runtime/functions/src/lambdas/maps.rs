//! `map_filter`, `transform_keys`, `transform_values`, `map_zip_with`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, MapArray, UInt32Array};
use arrow::compute::take;
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::arrays::{chosen, condition};
use super::body::Elements;
use crate::call::Typed;
use crate::collections::picking::{comparable, joined};
use crate::collections::{Duplicates, make_map};
use crate::kernel::{Kernel, from_arrow};
use crate::registry::HigherOrderCall;
use crate::types::to_arrow;

/// A map's keys and values as columns of entries.
fn entries_of(map: &MapArray) -> Result<(Elements, ArrayRef)> {
    let valid = |row| map.is_valid(row);
    let keys = Elements::of(map.value_offsets(), valid, map.keys())?;
    let values = Elements::of(map.value_offsets(), valid, map.values())?.values;
    Ok((keys, values))
}

fn every_entry(entries: &Elements, kept: impl Fn(usize) -> bool) -> Vec<Option<Vec<(u32, u32)>>> {
    let of_row = |(row, whole): (usize, std::ops::Range<usize>)| {
        entries.valid[row].then(|| whole.filter(|index| kept(*index)).map(|index| (index as u32, index as u32)).collect())
    };
    entries.ranges().enumerate().map(of_row).collect()
}

/// `map_filter(map, (k, v) -> ...)`
pub fn map_filter(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (map, key, value, value_null) = call.plain().map(0)?;
    let body = call.lambda(1, &[(key, false), (value, value_null)])?;
    condition(&body, &call, 1)?;
    let (kind, nullable) = (map.data_type.clone(), map.nullable);
    let (returns, identity, raises) = (to_arrow(&kind), body.identity(), body.can_raise());
    let arguments = std::iter::once(map.expr).chain(body.captured()).collect();
    let kernel = Kernel::new("map_filter", &kind, nullable, move |columns| {
        let (keys, values) = entries_of(&columns.map(0)?)?;
        let answers = body.evaluate(vec![Arc::clone(&keys.values), Arc::clone(&values)], columns, 1, &keys.rows)?;
        let is_chosen = chosen(&answers);
        let kept = every_entry(&keys, |index| is_chosen(index) == Some(true));
        make_map(&keys.values, &values, kept, Duplicates::LastWins, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, nullable))
}

/// `transform_keys(map, (k, v) -> ...)`, `transform_values` the same.
pub fn transform_side(mut call: HigherOrderCall<'_, '_>, of_keys: bool) -> Result<Typed> {
    call.arity(&[2])?;
    let (map, key, value, value_null) = call.plain().map(0)?;
    let body = call.lambda(1, &[(key.clone(), false), (value.clone(), value_null)])?;
    let kind = if of_keys {
        DataType::map(body.data_type.clone(), value, value_null)
    } else {
        DataType::map(key, body.data_type.clone(), body.nullable)
    };
    let nullable = map.nullable;
    let duplicates = if of_keys { Duplicates::of(call.context.settings) } else { Duplicates::LastWins };
    let (returns, identity, raises) = (to_arrow(&kind), body.identity(), of_keys || body.can_raise());
    let arguments = std::iter::once(map.expr).chain(body.captured()).collect();
    let kernel = Kernel::new(call.name, &kind, nullable, move |columns| {
        let (keys, values) = entries_of(&columns.map(0)?)?;
        let new = body.evaluate(vec![Arc::clone(&keys.values), Arc::clone(&values)], columns, 1, &keys.rows)?;
        let all = every_entry(&keys, |_| true);
        let (keys, values) = if of_keys { (&new, &values) } else { (&keys.values, &new) };
        make_map(keys, values, all, duplicates, &returns)
    });
    Ok(Typed::new(kernel.identity(format!("{identity} {duplicates:?}")).fallible_if(raises).call(arguments), kind, nullable))
}

/// `map_zip_with(a, b, (k, v1, v2) -> ...)`: all keys of both, missing values null.
pub fn map_zip_with(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[3])?;
    let plain = call.plain();
    let ((left, key, left_value, _), (right, right_key, right_value, _)) = (plain.map(0)?, plain.map(1)?);
    if key != right_key {
        return Err(emberflow_base::Error::new("DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES")
            .with("sqlExpr", plain.sql())
            .with("functionName", "`map_zip_with`")
            .with("leftType", key.quoted())
            .with("rightType", right_key.quoted()));
    }
    let body = call.lambda(2, &[(key.clone(), false), (left_value, true), (right_value, true)])?;
    let kind = DataType::map(key, body.data_type.clone(), body.nullable);
    let nullable = left.nullable || right.nullable;
    let (returns, identity, raises) = (to_arrow(&kind), body.identity(), body.can_raise());
    let arguments = [left.expr, right.expr].into_iter().chain(body.captured()).collect();
    let kernel = Kernel::new("map_zip_with", &kind, nullable, move |columns| {
        let (left, right) = (columns.map(0)?, columns.map(1)?);
        let met = meet(&left, &right, columns.rows)?;
        let side =
            |values: &ArrayRef, chosen: Vec<Option<u32>>| take(values, &UInt32Array::from(chosen), None).map_err(from_arrow);
        let keys = side(&met.all_keys, met.keys.into_iter().map(Some).collect())?;
        let variables = vec![Arc::clone(&keys), side(left.values(), met.left)?, side(right.values(), met.right)?];
        let values = body.evaluate(variables, columns, 2, &UInt32Array::from(met.rows))?;
        make_map(&keys, &values, met.entries, Duplicates::LastWins, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, nullable))
}

/// The entries of two maps brought together by key.
struct Met {
    all_keys: ArrayRef,
    keys: Vec<u32>,
    left: Vec<Option<u32>>,
    right: Vec<Option<u32>>,
    rows: Vec<u32>,
    entries: Vec<Option<Vec<(u32, u32)>>>,
}

fn meet(left: &MapArray, right: &MapArray, rows: usize) -> Result<Met> {
    let (all_keys, starts) = joined(&[left.keys(), right.keys()])?;
    let known = comparable(&[&all_keys])?;
    let mut met = Met { all_keys, keys: vec![], left: vec![], right: vec![], rows: vec![], entries: vec![] };
    for row in 0..rows {
        if left.is_null(row) || right.is_null(row) {
            met.entries.push(None);
            continue;
        }
        let (before, mut places) = (met.keys.len(), HashMap::new());
        for index in left.value_offsets()[row] as u32..left.value_offsets()[row + 1] as u32 {
            places.insert(known[0].row(index as usize), met.keys.len());
            met.keys.push(index);
            met.left.push(Some(index));
            met.right.push(None);
        }
        for index in right.value_offsets()[row] as u32..right.value_offsets()[row + 1] as u32 {
            match places.get(&known[0].row((starts[1] + index) as usize)) {
                Some(place) => met.right[*place] = Some(index),
                None => {
                    met.keys.push(starts[1] + index);
                    met.left.push(None);
                    met.right.push(Some(index));
                }
            }
        }
        met.rows.extend(std::iter::repeat_n(row as u32, met.keys.len() - before));
        met.entries.push(Some((before as u32..met.keys.len() as u32).map(|index| (index, index)).collect()));
    }
    Ok(met)
}
