//! `aggregate(array, start, merge [, finish])`.
//!
//! Step `k` merges the `k`-th element of every row that has one, all rows at once.

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array};
use arrow::compute::{concat, take};
use emberflow_base::{Error, Result};

use super::body::Body;
use crate::call::Typed;
use crate::collections::picking::range;
use crate::kernel::{Columns, Kernel, from_arrow};
use crate::registry::HigherOrderCall;
use crate::reshape::retype;
use crate::types::to_arrow;

/// `aggregate(array, start, (acc, x) -> ... [, acc -> ...])`, `reduce` the same.
pub fn aggregate(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[3, 4])?;
    let plain = call.plain();
    let ((list, element, contains_null), start) = (plain.array(0)?, plain.argument(1)?);
    let held = start.data_type.clone();
    let merge = call.lambda(2, &[(held.clone(), true), (element, contains_null)])?;
    if merge.data_type != held && to_arrow(&merge.data_type) != to_arrow(&held) {
        return Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
            .with("sqlExpr", plain.sql())
            .with("paramIndex", "third")
            .with("requiredType", held.quoted())
            .with("inputSql", "\"lambdafunction\"")
            .with("inputType", merge.data_type.quoted()));
    }
    let finish = if call.arguments.len() == 4 { Some(call.lambda(3, &[(held.clone(), true)])?) } else { None };
    let kind = finish.as_ref().map_or(held.clone(), |finish| finish.data_type.clone());
    let identity = format!("{} {}", merge.identity(), finish.as_ref().map_or(String::new(), Body::identity));
    let raises = merge.can_raise() || finish.as_ref().is_some_and(Body::can_raise);
    let mut arguments = vec![list.expr, start.expr];
    arguments.extend(merge.captured());
    arguments.extend(finish.iter().flat_map(Body::captured));
    let (held, returns) = (to_arrow(&held), to_arrow(&kind));
    let kernel = Kernel::new(call.name, &kind, true, move |columns| {
        let lists = columns.list(0)?;
        let mut state = retype(&columns.array(1)?, &held)?;
        let most = (0..lists.len()).filter(|row| lists.is_valid(*row)).map(|row| lists.value_length(row)).max().unwrap_or(0);
        for place in 0..most as u32 {
            state = retype(&step(&state, &lists, place, &merge, columns)?, &held)?;
        }
        let rows = UInt32Array::from_iter_values(0..columns.rows as u32);
        if let Some(finish) = &finish {
            state = finish.evaluate(vec![state], columns, 2 + merge.captured().len(), &rows)?;
        }
        let kept = (0..columns.rows as u32).map(|row| Some(row).filter(|row| lists.is_valid(*row as usize)));
        retype(&take(&state, &UInt32Array::from_iter(kept), None).map_err(from_arrow)?, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, true))
}

fn step(state: &ArrayRef, lists: &ListArray, place: u32, merge: &Body, columns: &Columns) -> Result<ArrayRef> {
    let has = |row: &usize| lists.is_valid(*row) && lists.value_length(*row) as u32 > place;
    let active: Vec<u32> = (0..lists.len()).filter(has).map(|row| row as u32).collect();
    let elements = active.iter().map(|row| range(lists, *row as usize).start + place);
    let elements = take(lists.values(), &UInt32Array::from_iter_values(elements), None).map_err(from_arrow)?;
    let rows = UInt32Array::from(active.clone());
    let before = take(state, &rows, None).map_err(from_arrow)?;
    let after = merge.evaluate(vec![before, elements], columns, 2, &rows)?;
    let after = retype(&after, state.data_type())?;
    if active.len() == state.len() {
        return Ok(after);
    }
    let both = concat(&[state.as_ref(), after.as_ref()]).map_err(from_arrow)?;
    let mut order: Vec<u32> = (0..state.len() as u32).collect();
    for (position, row) in active.iter().enumerate() {
        order[*row as usize] = (state.len() + position) as u32;
    }
    take(&both, &UInt32Array::from(order), None).map_err(from_arrow)
}
