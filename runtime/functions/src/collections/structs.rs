//! Structs, and arrays zipped into structs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType as Arrow, Fields};
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::picking::range;
use crate::call::{Call, Typed};
use crate::kernel::{from_arrow, kernel};
use crate::reshape::retype;
use crate::types::to_arrow;

/// `named_struct(name, value, ...)`
pub fn named_struct(call: Call<'_>) -> Result<Typed> {
    if !call.len().is_multiple_of(2) || call.is_empty() {
        return Err(Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
            .with("functionName", "`named_struct`")
            .with("expectedNum", "2n (n > 0)")
            .with("actualNum", call.len().to_string())
            .with("docroot", "https://spark.apache.org/docs/latest"));
    }
    let mut parts = Vec::with_capacity(call.len() / 2);
    for index in (0..call.len()).step_by(2) {
        let name = call.literal_text(index).ok_or_else(|| {
            Error::new("DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING")
                .with("sqlExpr", call.sql())
                .with("inputExprs", format!("[\"{}\"]", call.texts.get(index).map_or("", String::as_str)))
        })?;
        parts.push((name, call.argument(index + 1)?));
    }
    Ok(made(parts))
}

/// `struct(value, ...)`: fields are called like the columns they come from, others `col1`, `col2`, ...
pub fn structure(call: Call<'_>) -> Result<Typed> {
    let parts = call.arguments.iter().enumerate().map(|(index, argument)| {
        let text = call.texts.get(index).map_or("", String::as_str);
        (name_of(argument, text).unwrap_or_else(|| format!("col{}", index + 1)), argument.clone())
    });
    Ok(made(parts.collect()))
}

/// The name an argument brings along: an alias, or the last part of a column's name.
pub(crate) fn name_of(argument: &Typed, text: &str) -> Option<String> {
    if let Expr::Alias(alias) = &argument.expr {
        return Some(alias.name.clone());
    }
    if let Some((_, name)) = text.rsplit_once(" AS ").filter(|(_, name)| is_identifier(name)) {
        return Some(name.trim_matches('`').to_owned());
    }
    if matches!(argument.expr, Expr::Literal(_, _)) {
        return None;
    }
    let last = text.rsplit('.').next().unwrap_or("");
    let plain = matches!(argument.expr, Expr::Column(_)) || text.split('.').all(is_identifier);
    (plain && !last.is_empty()).then(|| last.trim_matches('`').to_owned())
}

fn is_identifier(text: &str) -> bool {
    let inner = text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    inner.is_some_and(|inner| !inner.contains('`'))
        || text.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn made(parts: Vec<(String, Typed)>) -> Typed {
    let fields = parts.iter().map(|(name, value)| StructField::new(name, value.data_type.clone(), value.nullable)).collect();
    let kind = DataType::Struct(StructType::new(fields));
    let arrow = to_arrow(&kind);
    let values = parts.into_iter().map(|(_, value)| value).collect();
    kernel("named_struct", values, kind, false, move |columns| {
        let Arrow::Struct(fields) = &arrow else { return Err(Error::internal("a struct was expected")) };
        let arrays = columns.arrays()?;
        let arrays =
            arrays.iter().zip(fields).map(|(array, field)| retype(array, field.data_type())).collect::<Result<Vec<_>>>()?;
        let made = StructArray::try_new_with_length(fields.clone(), arrays, None, columns.rows);
        Ok(Arc::new(made.map_err(from_arrow)?))
    })
}

/// `array.field`: that field of every struct in the array.
pub fn get_array_struct_fields(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (list, element, contains_null) = call.array(0)?;
    let (DataType::Struct(fields), Some(name)) = (element, call.literal_text(1)) else { return Err(call.mismatch(0, "ARRAY")) };
    let exact = fields.fields.iter().position(|field| field.name == name);
    let place = exact.or_else(|| fields.fields.iter().position(|field| field.name.eq_ignore_ascii_case(&name)));
    let Some((place, field)) = place.and_then(|place| Some((place, fields.fields.get(place)?))) else {
        return Err(Error::new("FIELD_NOT_FOUND").with("fieldName", format!("`{name}`")).with("fields", ""));
    };
    let kind = DataType::array(field.data_type.clone(), contains_null || field.nullable);
    let (returns, nullable) = (to_arrow(&kind), list.nullable);
    let kernel = crate::kernel::Kernel::new("array_field", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let Arrow::List(item) = &returns else { return Err(Error::internal("a list was expected")) };
        let structs = arrow::array::AsArray::as_struct(lists.values());
        let missing = (0..structs.len()).map(|row| Some(structs.is_null(row))).collect();
        let values = arrow::compute::nullif(structs.column(place), &missing).map_err(from_arrow)?;
        let values = retype(&values, item.data_type())?;
        let list = arrow::array::ListArray::try_new(Arc::clone(item), lists.offsets().clone(), values, lists.nulls().cloned());
        Ok(Arc::new(list.map_err(from_arrow)?))
    });
    Ok(Typed::new(kernel.identity(place).call(vec![list.expr]), kind, nullable))
}

/// `arrays_zip(array, ...)`: an array of structs as long as the longest.
pub fn arrays_zip(call: Call<'_>) -> Result<Typed> {
    let mut fields = Vec::new();
    let mut lists = Vec::new();
    for index in 0..call.len() {
        let (list, element, _) = call.array(index)?;
        let text = call.texts.get(index).map_or("", String::as_str);
        let name = name_of(&list, text).unwrap_or_else(|| index.to_string());
        fields.push(StructField::new(name, element, true));
        lists.push(list);
    }
    let kind = DataType::array(DataType::Struct(StructType::new(fields)), false);
    let (arrow, nullable) = (to_arrow(&kind), call.any_nullable());
    Ok(kernel("arrays_zip", lists, kind, nullable, move |columns| {
        let Arrow::List(field) = &arrow else { return Err(Error::internal("a list was expected")) };
        let Arrow::Struct(fields) = field.data_type() else { return Err(Error::internal("a struct was expected")) };
        let (structs, offsets, nulls) = zipped(columns, fields)?;
        let list = arrow::array::ListArray::try_new(Arc::clone(field), offsets, structs, nulls);
        Ok(Arc::new(list.map_err(from_arrow)?))
    }))
}

fn zipped(columns: &crate::kernel::Columns, fields: &Fields) -> Result<(ArrayRef, OffsetBuffer<i32>, Option<NullBuffer>)> {
    let lists = (0..columns.len()).map(|index| columns.list(index)).collect::<Result<Vec<_>>>()?;
    let mut chosen: Vec<Vec<Option<u32>>> = vec![vec![]; lists.len()];
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for row in 0..columns.rows {
        let there = lists.iter().all(|list| list.is_valid(row));
        let length = if there { lists.iter().map(|list| list.value_length(row)).max().unwrap_or(0) as u32 } else { 0 };
        for (list, chosen) in lists.iter().zip(&mut chosen) {
            let whole = range(list, row);
            chosen.extend((0..length).map(|place| Some(whole.start + place).filter(|index| *index < whole.end)));
        }
        lengths.push(length as usize);
        valid.push(there);
    }
    let total = lengths.iter().sum();
    let parts = lists.iter().zip(chosen).zip(fields).map(|((list, chosen), field)| {
        let part = take(list.values(), &UInt32Array::from(chosen), None).map_err(from_arrow)?;
        retype(&part, field.data_type())
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let structs = StructArray::try_new_with_length(fields.clone(), parts, None, total).map_err(from_arrow)?;
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    Ok((Arc::new(structs), OffsetBuffer::from_lengths(lengths), nulls))
}
