//! `array_sort(array [, comparator])`.
//!
//! The comparator is asked about all pairs of a short list at once; about one pair at a time in long ones.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int32Type;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::body::Body;
use crate::call::Typed;
use crate::collections::picking::{Picks, list_type, range};
use crate::kernel::{Columns, Kernel, from_arrow};
use crate::registry::HigherOrderCall;

/// The longest list whose pairs are all asked about beforehand.
const SHORT: usize = 512;

/// `array_sort(array)`: nulls last; `array_sort(array, (a, b) -> negative, 0 or positive)`.
pub fn array_sort(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (list, element, contains_null) = call.plain().array(0)?;
    if !call.is_lambda(1) {
        if !crate::aggregates::is_orderable(&element) {
            return Err(crate::aggregates::not_orderable(&call.plain(), &list.data_type));
        }
        return Ok(crate::collections::array_sort(list));
    }
    let body = call.lambda(1, &[(element.clone(), contains_null), (element.clone(), contains_null)])?;
    if body.data_type != DataType::Int {
        return Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE")
            .with("sqlExpr", call.plain().sql())
            .with("functionName", "`lambdafunction`")
            .with("expectedType", "\"INT\"")
            .with("actualType", body.data_type.quoted()));
    }
    let (kind, nullable, returns) = (list.data_type.clone(), list.nullable, list_type(&element, contains_null));
    let identity = body.identity();
    let arguments = std::iter::once(list.expr).chain(body.captured()).collect();
    let kernel = Kernel::new("array_sort", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.is_null(row) {
                picks.null();
                continue;
            }
            let order = sorted(range(&lists, row).collect(), lists.values(), row as u32, &body, columns)?;
            picks.list(order.into_iter().map(Some));
        }
        picks.finish(lists.values(), &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(true).call(arguments), kind, nullable))
}

fn sorted(indices: Vec<u32>, values: &ArrayRef, row: u32, body: &Body, columns: &Columns) -> Result<Vec<u32>> {
    let (count, first) = (indices.len(), indices.first().copied().unwrap_or(0));
    let mut failure = None;
    let table = if count <= SHORT { Some(ask(&pairs(&indices), values, row, body, columns)?) } else { None };
    let mut compare = |a: u32, b: u32| {
        let answer = match &table {
            Some(table) => Ok(table[(a - first) as usize * count + (b - first) as usize]),
            None => ask(&[(a, b)], values, row, body, columns).map(|answers| answers.first().copied().flatten()),
        };
        match answer {
            Ok(Some(sign)) => sign.cmp(&0),
            Ok(None) => {
                failure.get_or_insert_with(|| {
                    Error::new("COMPARATOR_RETURNS_NULL").with("firstValue", a.to_string()).with("secondValue", b.to_string())
                });
                Ordering::Equal
            }
            Err(error) => {
                failure.get_or_insert(error);
                Ordering::Equal
            }
        }
    };
    let order = merge_sorted(indices, &mut compare);
    failure.map_or(Ok(order), Err)
}

fn pairs(indices: &[u32]) -> Vec<(u32, u32)> {
    indices.iter().flat_map(|a| indices.iter().map(|b| (*a, *b))).collect()
}

fn ask(pairs: &[(u32, u32)], values: &ArrayRef, row: u32, body: &Body, columns: &Columns) -> Result<Vec<Option<i32>>> {
    let side = |indices: Vec<u32>| take(values, &UInt32Array::from(indices), None).map_err(from_arrow);
    let left = side(pairs.iter().map(|(a, _)| *a).collect())?;
    let right = side(pairs.iter().map(|(_, b)| *b).collect())?;
    let rows = UInt32Array::from(vec![row; pairs.len()]);
    let answers = body.evaluate(vec![left, right], columns, 1, &rows)?;
    Ok(answers.as_primitive::<Int32Type>().iter().collect())
}

/// A comparator may contradict itself; a merge sort ends all the same.
fn merge_sorted(mut items: Vec<u32>, compare: &mut impl FnMut(u32, u32) -> Ordering) -> Vec<u32> {
    if items.len() < 2 {
        return items;
    }
    let right = items.split_off(items.len() / 2);
    let (left, right) = (merge_sorted(items, compare), merge_sorted(right, compare));
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(*b, *a) == Ordering::Less { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}
