//! Several strings into one.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, kernel, strings};

/// `concat(a, ...)` of strings, byte strings or arrays.
pub fn concat(call: Call<'_>) -> Result<Typed> {
    if call.is_empty() {
        return Ok(Typed::new(datafusion::logical_expr::lit(""), DataType::String, false));
    }
    if call.arguments.iter().any(|argument| matches!(argument.data_type, DataType::Array { .. })) {
        return crate::collections::concat_arrays(call);
    }
    let nullable = call.any_nullable();
    if call.arguments.iter().all(|argument| argument.data_type == DataType::Binary) {
        return Ok(kernel("concat", call.arguments, DataType::Binary, nullable, |columns| {
            let parts = (0..columns.len()).map(|index| columns.bytes(index)).collect::<Result<Vec<_>>>()?;
            binaries(columns.rows, |row| {
                Ok(parts.iter().map(|part| part.at(row)).collect::<Option<Vec<&[u8]>>>().map(|parts| parts.concat()))
            })
        }));
    }
    let arguments = (0..call.len()).map(|index| call.text(index)).collect::<Result<Vec<_>>>()?;
    Ok(kernel("concat", arguments, DataType::String, nullable, |columns| {
        let parts = (0..columns.len()).map(|index| columns.text(index)).collect::<Result<Vec<_>>>()?;
        let mut builder = arrow::array::StringBuilder::with_capacity(columns.rows, columns.rows * 16);
        for row in 0..columns.rows {
            if parts.iter().any(|part| part.at(row).is_none()) {
                builder.append_null();
                continue;
            }
            for part in parts.iter().filter_map(|part| part.at(row)) {
                use std::fmt::Write as _;
                let _ = builder.write_str(part);
            }
            builder.append_value("");
        }
        Ok(std::sync::Arc::new(builder.finish()))
    }))
}

/// `concat_ws(separator, text or array of texts, ...)`: nulls are skipped.
pub fn concat_ws(call: Call<'_>) -> Result<Typed> {
    call.arity_at_least(1)?;
    let mut arguments = vec![call.text(0)?];
    let nullable = arguments[0].nullable;
    for index in 1..call.len() {
        arguments.push(match call.type_of(index) {
            DataType::Array { contains_null, .. } => {
                let wanted = DataType::array(DataType::String, *contains_null);
                convert(call.argument(index)?, &wanted, &call.context)?
            }
            _ => call.text(index)?,
        });
    }
    Ok(kernel("concat_ws", arguments, DataType::String, nullable, |columns| {
        let separators = columns.text(0)?;
        let rest = (1..columns.len()).map(|index| columns.array(index)).collect::<Result<Vec<_>>>()?;
        strings(columns.rows, |row| {
            let Some(separator) = separators.at(row) else { return Ok(None) };
            let mut parts: Vec<String> = Vec::new();
            for column in rest.iter().filter(|column| column.is_valid(row)) {
                match column.as_list_opt::<i32>() {
                    Some(list) => parts.extend(list.value(row).as_string::<i32>().iter().flatten().map(str::to_owned)),
                    None => parts.push(column.as_string::<i32>().value(row).to_owned()),
                }
            }
            Ok(Some(parts.join(separator)))
        })
    }))
}

/// `elt(number, a, ...)`
pub fn elt(call: Call<'_>) -> Result<Typed> {
    call.arity_at_least(2)?;
    let rest: Vec<Typed> = call.arguments[1..].to_vec();
    let is_binary = rest.iter().all(|argument| argument.data_type == DataType::Binary);
    if is_binary {
        return Err(call.unsupported("over binary"));
    }
    let mut arguments = vec![call.int(0)?.expr];
    for index in 1..call.len() {
        arguments.push(call.text(index)?.expr);
    }
    let (ansi, count) = (call.context.ansi, rest.len());
    let kernel = Kernel::new("elt", &DataType::String, true, move |columns| {
        let numbers = columns.numbers::<Int32Type>(0)?;
        let texts = (1..columns.len()).map(|index| columns.text(index)).collect::<Result<Vec<_>>>()?;
        strings(columns.rows, |row| match numbers.at(row) {
            None => Ok(None),
            Some(number) if number >= 1 && number as usize <= count => Ok(texts[number as usize - 1].at(row).map(str::to_owned)),
            Some(number) if ansi => {
                Err(Error::new("INVALID_ARRAY_INDEX").with("indexValue", number.to_string()).with("arraySize", count.to_string()))
            }
            Some(_) => Ok(None),
        })
    });
    Ok(Typed::new(kernel.identity(ansi).fallible_if(ansi).call(arguments), DataType::String, true))
}
