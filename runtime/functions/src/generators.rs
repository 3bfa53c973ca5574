//! Functions that give several rows per row.
//!
//!     explode(array) ──► the array itself; explode(map) ──► its entries; stack, inline, json_tuple ──► an array of structs
//!
//! Not here: unnesting (the analyzer). Begin at [`FUNCTIONS`].

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::common_type;
use crate::collections::entries_type;
use crate::kernel::{from_arrow, kernel};
use crate::registry::{Function, Generated, Kind};
use crate::reshape::retype;
use crate::types::to_arrow;

const fn generator(name: &'static str, build: fn(Call<'_>) -> Result<Generated>) -> Function {
    Function { name, kind: Kind::Generator(build), display: None }
}

/// The generators.
pub static FUNCTIONS: &[Function] = &[
    generator("explode", |call| explode(call, false, false)),
    generator("explode_outer", |call| explode(call, false, true)),
    generator("inline", |call| inline(call, false)),
    generator("inline_outer", |call| inline(call, true)),
    generator("json_tuple", json_tuple),
    generator("posexplode", |call| explode(call, true, false)),
    generator("posexplode_outer", |call| explode(call, true, true)),
    generator("stack", stack),
];

/// `explode(array or map)` and its kin.
fn explode(call: Call<'_>, with_position: bool, outer: bool) -> Result<Generated> {
    call.arity(&[1])?;
    match call.type_of(0).clone() {
        DataType::Array { element, contains_null } => {
            let columns = vec![("col".to_owned(), *element, contains_null || outer)];
            Ok(Generated { list: call.argument(0)?, columns, with_position, outer })
        }
        DataType::Map { key, value, value_contains_null } => {
            let map = call.argument(0)?;
            let kind = entries_type((*key).clone(), (*value).clone(), value_contains_null);
            let columns = vec![("key".to_owned(), *key, outer), ("value".to_owned(), *value, value_contains_null || outer)];
            Ok(Generated { list: entries(map, kind), columns, with_position, outer })
        }
        // As Spark: a position takes an array or map, be it NULL.
        DataType::Null if with_position => {
            Err(call.wants(0, "(\"ARRAY\" or \"MAP\")").with("sqlExpr", format!("\"posexplode({})\"", call.texts.join(", "))))
        }
        DataType::Null => {
            let list = convert(call.argument(0)?, &DataType::array(DataType::Null, true), &call.context)?;
            Ok(Generated { list, columns: vec![("col".to_owned(), DataType::Null, true)], with_position, outer })
        }
        _ => Err(call.wants(0, "(\"ARRAY\" or \"MAP\")")),
    }
}

fn entries(map: Typed, kind: DataType) -> Typed {
    let (returns, nullable) = (to_arrow(&kind), map.nullable);
    kernel("map_entries", vec![map], kind, nullable, move |columns| {
        let maps = columns.map(0)?;
        let Arrow::List(field) = &returns else { return Err(Error::internal("a list was expected")) };
        let entries = retype(&(Arc::new(maps.entries().clone()) as _), field.data_type())?;
        let list = ListArray::try_new(Arc::clone(field), maps.offsets().clone(), entries, maps.nulls().cloned());
        Ok(Arc::new(list.map_err(from_arrow)?))
    })
}

/// `inline(array of structs)`: a column per field.
fn inline(call: Call<'_>, outer: bool) -> Result<Generated> {
    call.arity(&[1])?;
    let (list, element, contains_null) = call.array(0)?;
    let DataType::Struct(fields) = element else { return Err(call.mismatch(0, "ARRAY<STRUCT>")) };
    let nullable = |field: &StructField| field.nullable || contains_null || outer;
    let columns: Vec<_> =
        fields.fields.iter().map(|field| (field.name.clone(), field.data_type.clone(), nullable(field))).collect();
    let list = match fields.fields.as_slice() {
        [only] => only_field(list, DataType::array(only.data_type.clone(), only.nullable || contains_null)),
        _ => list,
    };
    Ok(Generated { list, columns, with_position: false, outer })
}

/// An array of the one field of an array of structs.
fn only_field(list: Typed, kind: DataType) -> Typed {
    let (returns, nullable) = (to_arrow(&kind), list.nullable);
    kernel("only_field", vec![list], kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let Arrow::List(field) = &returns else { return Err(Error::internal("a list was expected")) };
        let structs = lists.values().as_struct();
        let values =
            arrow::compute::nullif(structs.column(0), &(0..structs.len()).map(|row| Some(structs.is_null(row))).collect());
        let values = retype(&values.map_err(from_arrow)?, field.data_type())?;
        let list = ListArray::try_new(Arc::clone(field), lists.offsets().clone(), values, lists.nulls().cloned());
        Ok(Arc::new(list.map_err(from_arrow)?))
    })
}

/// `stack(rows, value, ...)`: the values row by row; what is missing in the last row is null.
fn stack(call: Call<'_>) -> Result<Generated> {
    call.arity_at_least(2)?;
    let rows = call.literal_long(0).ok_or_else(|| call.not_constant(0, "n", &DataType::Int))?;
    if rows <= 0 {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "`n`")
            .with("valueRange", format!("(0, {}]", i32::MAX))
            .with("currentValue", rows.to_string()));
    }
    let (rows, values) = (rows as usize, &call.arguments[1..]);
    let width = values.len().div_ceil(rows);
    let mut fields = Vec::with_capacity(width);
    for column in 0..width {
        let kinds: Vec<DataType> = values.iter().skip(column).step_by(width).map(|value| value.data_type.clone()).collect();
        let kind = common_type(&kinds, call.context.ansi).ok_or_else(|| {
            Error::new("DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES")
                .with("sqlExpr", call.sql())
                .with("columnIndex", column.to_string())
                .with("leftParamIndex", (column + 1).to_string())
                .with("leftType", kinds.first().map_or(String::new(), DataType::quoted))
                .with("rightParamIndex", (column + 1 + width).to_string())
                .with("rightType", kinds.last().map_or(String::new(), DataType::quoted))
        })?;
        fields.push(StructField::new(format!("col{column}"), kind, true));
    }
    let mut arguments = Vec::with_capacity(rows * width);
    for place in 0..rows * width {
        arguments.push(match values.get(place) {
            Some(value) => convert(value.clone(), &fields[place % width].data_type, &call.context)?,
            None => crate::literal::null(&fields[place % width].data_type)?,
        });
    }
    Ok(rows_of(arguments, StructType::new(fields), rows))
}

/// An array of `count` structs made of `count` times as many values as there are fields.
fn rows_of(values: Vec<Typed>, fields: StructType, count: usize) -> Generated {
    let columns = fields.fields.iter().map(|field| (field.name.clone(), field.data_type.clone(), true)).collect();
    let width = fields.fields.len();
    let single = width == 1;
    let element = if single { fields.fields[0].data_type.clone() } else { DataType::Struct(fields) };
    let kind = DataType::array(element, single);
    let returns = to_arrow(&kind);
    let list = kernel("stack", values, kind, false, move |columns| {
        let Arrow::List(field) = &returns else { return Err(Error::internal("a list was expected")) };
        let arrays = columns.arrays()?;
        let side = |column: usize| {
            let parts: Vec<&dyn Array> = arrays.iter().skip(column).step_by(width).map(|array| array.as_ref()).collect();
            let order: Vec<(usize, usize)> = (0..columns.rows).flat_map(|row| (0..count).map(move |part| (part, row))).collect();
            arrow::compute::interleave(&parts, &order).map_err(from_arrow)
        };
        let sides = (0..width).map(side).collect::<Result<Vec<_>>>()?;
        let values = match field.data_type() {
            Arrow::Struct(fields) if !single => {
                Arc::new(StructArray::try_new(fields.clone(), sides, None).map_err(from_arrow)?) as _
            }
            kind => retype(&sides[0], kind)?,
        };
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(count, columns.rows));
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None).map_err(from_arrow)?))
    });
    Generated { list, columns, with_position: false, outer: false }
}

/// `json_tuple(json, key, ...)`: one row of the keys' values as strings.
fn json_tuple(call: Call<'_>) -> Result<Generated> {
    call.arity_at_least(2)?;
    let json = call.text(0)?;
    let mut values = Vec::with_capacity(call.len() - 1);
    for index in 1..call.len() {
        values.push(crate::formats::top_level_field(json.clone(), call.text(index)?));
    }
    let fields = (0..values.len()).map(|index| StructField::new(format!("c{index}"), DataType::String, true)).collect();
    Ok(rows_of(values, StructType::new(fields), 1))
}
