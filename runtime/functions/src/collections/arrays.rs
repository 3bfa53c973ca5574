//! Making, measuring, cutting and joining arrays.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int32Type;
use datafusion::logical_expr::{Expr, ScalarUDFImpl};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::picking::{Picks, joined, list_type, range, same_arrays};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::{Expect, to_common_type};
use crate::kernel::{Kernel, kernel, primitives, strings};
use crate::udf::Kernel as Written;

/// `array(a, ...)`
pub fn array(call: Call<'_>) -> Result<Typed> {
    let contains_null = call.any_nullable();
    let sql = call.sql();
    let kinds: Vec<String> = call.arguments.iter().map(|argument| argument.data_type.quoted()).collect();
    let Some((values, element)) = to_common_type(call.arguments, &call.context)? else {
        return Err(Error::new("DATATYPE_MISMATCH.DATA_DIFF_TYPES")
            .with("sqlExpr", sql)
            .with("functionName", "`array`")
            .with("dataType", format!("({})", kinds.join(" or "))));
    };
    let contains_null = contains_null || values.iter().any(|value| value.nullable);
    let kind = DataType::array(element.clone(), contains_null);
    let returns = list_type(&element, contains_null);
    let empty = crate::types::to_arrow(&element);
    Ok(kernel("array", values, kind, false, move |columns| {
        let arrays = columns.arrays()?;
        let mut picks = Picks::default();
        let (values, starts) = match arrays.as_slice() {
            [] => (arrow::array::new_empty_array(&empty), vec![]),
            several => joined(&several.iter().collect::<Vec<_>>())?,
        };
        for row in 0..columns.rows {
            picks.list(starts.iter().map(|start| Some(start + row as u32)));
        }
        picks.finish(&values, &returns)
    }))
}

/// How many elements an array has that is written out as `array(...)`.
pub fn written_elements(expr: &Expr) -> Option<usize> {
    match (Written::behind(expr)?.name(), expr) {
        ("array", Expr::ScalarFunction(call)) => Some(call.args.len()),
        _ => None,
    }
}

/// `array_repeat(element, count)`
pub fn array_repeat(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (element, count) = (call.argument(0)?, call.int(1)?);
    let kind = DataType::array(element.data_type.clone(), element.nullable);
    let (returns, nullable) = (list_type(&element.data_type, element.nullable), count.nullable);
    Ok(kernel("array_repeat", vec![element, count], kind, nullable, move |columns| {
        let (elements, counts) = (columns.array(0)?, columns.numbers::<Int32Type>(1)?);
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            match counts.at(row) {
                Some(count) => picks.list((0..count.max(0)).map(|_| Some(row as u32))),
                None => picks.null(),
            }
        }
        picks.finish(&elements, &returns)
    }))
}

/// `array_compact(array)`: without nulls.
pub fn array_compact(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (list, element, _) = call.array(0)?;
    let (returns, nullable) = (list_type(&element, false), list.nullable);
    Ok(kernel("array_compact", vec![list], DataType::array(element, false), nullable, move |columns| {
        let lists = columns.list(0)?;
        let mut picks = Picks::default();
        for row in 0..lists.len() {
            if lists.is_null(row) {
                picks.null();
                continue;
            }
            picks.list(range(&lists, row).filter(|index| lists.values().is_valid(*index as usize)).map(Some));
        }
        picks.finish(lists.values(), &returns)
    }))
}

/// `size(array or map)`; `of_arrays` takes arrays alone (`array_size`).
pub fn size(call: Call<'_>, of_arrays: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = match call.type_of(0) {
        DataType::Array { .. } => call.argument(0)?,
        DataType::Map { .. } if !of_arrays => call.argument(0)?,
        DataType::Null => call.array(0)?.0,
        _ if of_arrays => return Err(call.mismatch(0, "ARRAY")),
        _ => return Err(call.wants(0, "(\"ARRAY\" or \"MAP\")")),
    };
    // Outside ANSI mode the size of null is -1, a habit of Hive's.
    let minus_one = !of_arrays && !call.context.ansi && call.context.settings.get("spark.sql.legacy.sizeOfNull") != Some("false");
    let nullable = argument.nullable && !minus_one;
    let kernel = Kernel::new(call.name, &DataType::Int, nullable, move |columns| {
        let array = columns.array(0)?;
        let lengths = |row: usize| match (array.as_list_opt::<i32>(), array.as_map_opt()) {
            (Some(list), _) => list.value_length(row),
            (_, Some(map)) => map.value_length(row),
            _ => 0,
        };
        primitives::<Int32Type>(columns.rows, |row| {
            Ok(if array.is_valid(row) { Some(lengths(row)) } else { minus_one.then_some(-1) })
        })
    });
    Ok(Typed::new(kernel.identity(minus_one).call(vec![argument.expr]), DataType::Int, nullable))
}

/// `array_join(array, delimiter [, null replacement])`
pub fn array_join(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (list, _, contains_null) = call.array(0)?;
    let list = convert(list, &DataType::array(DataType::String, contains_null), &call.context)?;
    let mut arguments = vec![list, call.text(1)?];
    if call.len() == 3 {
        arguments.push(call.text(2)?);
    }
    let (nullable, replaces) = (arguments.iter().any(|argument| argument.nullable), call.len() == 3);
    Ok(kernel("array_join", arguments, DataType::String, nullable, move |columns| {
        let (lists, delimiters) = (columns.list(0)?, columns.text(1)?);
        let replacements = if replaces { Some(columns.text(2)?) } else { None };
        strings(columns.rows, |row| {
            let Some(delimiter) = delimiters.at(row).filter(|_| lists.is_valid(row)) else { return Ok(None) };
            let replacement = match &replacements {
                None => None,
                Some(replacements) => match replacements.at(row) {
                    None => return Ok(None),
                    some => some,
                },
            };
            let values = lists.value(row);
            let parts: Vec<&str> = values.as_string::<i32>().iter().filter_map(|part| part.or(replacement)).collect();
            Ok(Some(parts.join(delimiter)))
        })
    }))
}

/// `flatten(array of arrays)`: null as soon as one inner array is.
pub fn flatten(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (list, inner, inner_null) = call.array(0)?;
    let DataType::Array { element, contains_null } = inner else {
        return Err(call.mismatch(0, "ARRAY\" of \"ARRAY"));
    };
    let (returns, nullable) = (list_type(&element, contains_null), list.nullable || inner_null);
    Ok(kernel("flatten", vec![list], DataType::array(*element, contains_null), nullable, move |columns| {
        let lists = columns.list(0)?;
        let inner = lists.values().as_list::<i32>();
        let mut picks = Picks::default();
        for row in 0..lists.len() {
            if lists.is_null(row) || range(&lists, row).any(|index| inner.is_null(index as usize)) {
                picks.null();
                continue;
            }
            picks.list(range(&lists, row).flat_map(|index| range(inner, index as usize)).map(Some));
        }
        picks.finish(inner.values(), &returns)
    }))
}

/// `reverse(array or text)`
pub fn reverse(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    if !matches!(call.type_of(0), DataType::Array { .. }) {
        let text = call.text(0)?;
        let nullable = text.nullable;
        return Ok(kernel("reverse", vec![text], DataType::String, nullable, |columns| {
            let texts = columns.text(0)?;
            strings(columns.rows, |row| Ok(texts.at(row).map(|text| text.chars().rev().collect())))
        }));
    }
    let (list, element, contains_null) = call.array(0)?;
    let (kind, nullable) = (list.data_type.clone(), list.nullable);
    let returns = list_type(&element, contains_null);
    Ok(kernel("reverse", vec![list], kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let mut picks = Picks::default();
        for row in 0..lists.len() {
            if lists.is_null(row) { picks.null() } else { picks.list(range(&lists, row).rev().map(Some)) }
        }
        picks.finish(lists.values(), &returns)
    }))
}

/// `slice(array, start, length)`: start counts from 1, from the end if negative.
pub fn slice(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let (list, element, contains_null) = call.array(0)?;
    let (kind, returns) = (list.data_type.clone(), list_type(&element, contains_null));
    let arguments = [list, call.int(1)?, call.int(2)?];
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let kernel = Kernel::new("slice", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let (starts, lengths) = (columns.numbers::<Int32Type>(1)?, columns.numbers::<Int32Type>(2)?);
        let mut picks = Picks::default();
        for row in 0..lists.len() {
            let Some((start, length)) = starts.at(row).zip(lengths.at(row)).filter(|_| lists.is_valid(row)) else {
                picks.null();
                continue;
            };
            let (start, length) = (i64::from(start), i64::from(length));
            check_slice(start, length)?;
            let whole = range(&lists, row);
            let held = i64::from(whole.end - whole.start);
            let from = if start > 0 { start - 1 } else { held + start };
            let chosen = if from < 0 || from >= held { 0..0 } else { from..(from + length).min(held) };
            picks.list(chosen.map(|place| Some(whole.start + place as u32)));
        }
        picks.finish(lists.values(), &returns)
    });
    let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
    Ok(Typed::new(kernel.fallible_if(true).call(arguments), kind, nullable))
}

fn check_slice(start: i64, length: i64) -> Result<()> {
    let bad = |condition: &str, parameter: &str| {
        Error::new(format!("INVALID_PARAMETER_VALUE.{condition}"))
            .with("functionName", "`slice`")
            .with("parameter", format!("`{parameter}`"))
    };
    match (start, length) {
        (0, _) => Err(bad("START", "start")),
        (_, length) if length < 0 => Err(bad("LENGTH", "length").with("length", length.to_string())),
        _ => Ok(()),
    }
}

/// `concat` of arrays.
pub(crate) fn concat_arrays(call: Call<'_>) -> Result<Typed> {
    let all: Vec<usize> = (0..call.len()).collect();
    if all.iter().any(|index| !matches!(call.type_of(*index), DataType::Array { .. } | DataType::Null)) {
        // Of the others, what can be a text is taken for one.
        let as_text = |kind: &DataType| crate::coerce::implicit_type(kind, &Expect::Type(DataType::String), call.context.ansi);
        let kinds =
            call.arguments.iter().map(|argument| as_text(&argument.data_type).unwrap_or(argument.data_type.clone()).quoted());
        let kinds: Vec<String> = kinds.collect();
        return Err(Error::new("DATATYPE_MISMATCH.DATA_DIFF_TYPES")
            .with("sqlExpr", call.sql())
            .with("functionName", "`concat`")
            .with("dataType", format!("({})", kinds.join(" or "))));
    }
    let nullable = call.any_nullable();
    let kinds: Vec<DataType> = call.arguments.iter().map(|argument| argument.data_type.clone()).collect();
    let (lists, element, contains_null) = match crate::coerce::common_type(&kinds, call.context.ansi) {
        Some(DataType::Array { element, contains_null }) => {
            let wanted = DataType::array((*element).clone(), contains_null);
            let lists = call.arguments.iter().map(|list| convert(list.clone(), &wanted, &call.context)).collect::<Result<_>>()?;
            (lists, *element, contains_null)
        }
        _ => same_arrays(&call, &all)?,
    };
    let (kind, returns) = (DataType::array(element.clone(), contains_null), list_type(&element, contains_null));
    Ok(kernel("concat", lists, kind, nullable, move |columns| {
        let lists = (0..columns.len()).map(|index| columns.list(index)).collect::<Result<Vec<_>>>()?;
        let (values, starts) = joined(&lists.iter().map(|list| list.values()).collect::<Vec<&ArrayRef>>())?;
        let mut picks = Picks::default();
        for row in 0..columns.rows {
            if lists.iter().any(|list| list.is_null(row)) {
                picks.null();
                continue;
            }
            picks
                .list(lists.iter().zip(&starts).flat_map(|(list, start)| range(list, row).map(move |index| Some(start + index))));
        }
        picks.finish(&values, &returns)
    }))
}
