//! `transform`, `filter`, `exists`, `forall`, `zip_with`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::compute::take;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::body::{Body, Elements};
use crate::call::Typed;
use crate::collections::picking::{Picks, list_type, range};
use crate::kernel::{Kernel, booleans, from_arrow};
use crate::registry::HigherOrderCall;

pub(super) fn elements_of(list: &ListArray) -> Result<Elements> {
    Elements::of(list.value_offsets(), |row| list.is_valid(row), list.values())
}

fn arguments(first: Vec<Typed>, body: &Body) -> Vec<Expr> {
    first.into_iter().map(|value| value.expr).chain(body.captured()).collect()
}

/// `transform(array, x -> ...)`, `transform(array, (x, i) -> ...)`
pub fn transform(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (list, element, contains_null) = call.plain().array(0)?;
    let body = call.lambda(1, &[(element, contains_null), (DataType::Int, false)])?;
    let (kind, nullable) = (DataType::array(body.data_type.clone(), body.nullable), list.nullable);
    let returns = list_type(&body.data_type, body.nullable);
    let (identity, raises, arguments) = (body.identity(), body.can_raise(), arguments(vec![list], &body));
    let kernel = Kernel::new("transform", &kind, nullable, move |columns| {
        let elements = elements_of(&columns.list(0)?)?;
        let variables = vec![Arc::clone(&elements.values), Arc::clone(&elements.places)];
        let values = body.evaluate(variables, columns, 1, &elements.rows)?;
        elements.relist(values, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, nullable))
}

pub(super) fn condition(body: &Body, call: &HigherOrderCall<'_, '_>, index: usize) -> Result<()> {
    if matches!(body.data_type, DataType::Boolean | DataType::Null) {
        return Ok(());
    }
    Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
        .with("sqlExpr", call.plain().sql())
        .with("paramIndex", crate::coerce::ordinal(index))
        .with("inputSql", "\"lambdafunction\"")
        .with("inputType", body.data_type.quoted())
        .with("requiredType", "\"BOOLEAN\""))
}

/// Which elements the body says yes to.
pub(super) fn chosen(answers: &ArrayRef) -> impl Fn(usize) -> Option<bool> + '_ {
    let flags = answers.as_boolean_opt();
    move |index| flags.filter(|flags| flags.is_valid(index)).map(|flags| flags.value(index))
}

/// `filter(array, x -> ...)`, `filter(array, (x, i) -> ...)`
pub fn filter(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (list, element, contains_null) = call.plain().array(0)?;
    let body = call.lambda(1, &[(element.clone(), contains_null), (DataType::Int, false)])?;
    condition(&body, &call, 1)?;
    let (kind, nullable, returns) = (list.data_type.clone(), list.nullable, list_type(&element, contains_null));
    let (identity, raises, arguments) = (body.identity(), body.can_raise(), arguments(vec![list], &body));
    let kernel = Kernel::new("filter", &kind, nullable, move |columns| {
        let elements = elements_of(&columns.list(0)?)?;
        let variables = vec![Arc::clone(&elements.values), Arc::clone(&elements.places)];
        let answers = body.evaluate(variables, columns, 1, &elements.rows)?;
        let is_chosen = chosen(&answers);
        let mut picks = Picks::default();
        for (row, whole) in elements.ranges().enumerate() {
            if elements.valid[row] {
                picks.list(whole.filter(|index| is_chosen(*index) == Some(true)).map(|index| Some(index as u32)));
            } else {
                picks.null();
            }
        }
        picks.finish(&elements.values, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, nullable))
}

/// Some or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    Exists,
    ForAll,
}

/// `exists(array, x -> ...)`, `forall(array, x -> ...)`: null when only nulls could decide.
pub fn ask(mut call: HigherOrderCall<'_, '_>, quantifier: Quantifier) -> Result<Typed> {
    call.arity(&[2])?;
    let (list, element, contains_null) = call.plain().array(0)?;
    let body = call.lambda(1, &[(element, contains_null)])?;
    condition(&body, &call, 1)?;
    let nullable = list.nullable || body.nullable;
    let (identity, raises, arguments) = (body.identity(), body.can_raise(), arguments(vec![list], &body));
    let decisive = quantifier == Quantifier::Exists;
    let kernel = Kernel::new(call.name, &DataType::Boolean, nullable, move |columns| {
        let elements = elements_of(&columns.list(0)?)?;
        let answers = body.evaluate(vec![Arc::clone(&elements.values)], columns, 1, &elements.rows)?;
        let answer = chosen(&answers);
        let ranges: Vec<_> = elements.ranges().collect();
        booleans(columns.rows, |row| {
            if !elements.valid[row] {
                return Ok(None);
            }
            let answers: Vec<Option<bool>> = ranges[row].clone().map(&answer).collect();
            Ok(if answers.contains(&Some(decisive)) {
                Some(decisive)
            } else if answers.contains(&None) {
                None
            } else {
                Some(!decisive)
            })
        })
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), DataType::Boolean, nullable))
}

/// `zip_with(a, b, (x, y) -> ...)`: the shorter is filled up with nulls.
pub fn zip_with(mut call: HigherOrderCall<'_, '_>) -> Result<Typed> {
    call.arity(&[3])?;
    let ((left, left_kind, _), (right, right_kind, _)) = (call.plain().array(0)?, call.plain().array(1)?);
    let body = call.lambda(2, &[(left_kind, true), (right_kind, true)])?;
    let nullable = left.nullable || right.nullable;
    let (kind, returns) = (DataType::array(body.data_type.clone(), body.nullable), list_type(&body.data_type, body.nullable));
    let (identity, raises, arguments) = (body.identity(), body.can_raise(), arguments(vec![left, right], &body));
    let kernel = Kernel::new("zip_with", &kind, nullable, move |columns| {
        let lists = [columns.list(0)?, columns.list(1)?];
        let mut chosen: [Vec<Option<u32>>; 2] = [vec![], vec![]];
        let (mut rows, mut lengths, mut valid) = (vec![], vec![], vec![]);
        for row in 0..columns.rows {
            let there = lists.iter().all(|list| list.is_valid(row));
            let length = if there { lists.iter().map(|list| list.value_length(row)).max().unwrap_or(0) as u32 } else { 0 };
            for (list, chosen) in lists.iter().zip(&mut chosen) {
                let whole = range(list, row);
                chosen.extend((0..length).map(|place| Some(whole.start + place).filter(|index| *index < whole.end)));
            }
            rows.extend(std::iter::repeat_n(row as u32, length as usize));
            lengths.push(length as usize);
            valid.push(there);
        }
        let [left, right] = chosen;
        let side = |list: &ListArray, chosen| take(list.values(), &UInt32Array::from(chosen), None).map_err(from_arrow);
        let variables = vec![side(&lists[0], left)?, side(&lists[1], right)?];
        let (values, rows) = (Arc::clone(&variables[0]), UInt32Array::from(rows));
        let elements = Elements { places: Arc::clone(&values), values, rows, lengths, valid };
        let answers = body.evaluate(variables, columns, 2, &elements.rows)?;
        elements.relist(answers, &returns)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(raises).call(arguments), kind, nullable))
}
