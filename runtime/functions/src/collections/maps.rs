//! Maps. A key is never null and, unless the session says otherwise, never twice in a map.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringBuilder, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::access::check_map_key;
use super::picking::{comparable, joined, range};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::coerce::{common_type, to_common_type};
use crate::kernel::{Kernel, booleans, from_arrow, kernel};
use crate::reshape::retype;
use crate::strings::{Patterns, parts_of};
use crate::types::to_arrow;

/// What happens when a map gets a key twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    Raise,
    LastWins,
}

impl Duplicates {
    pub fn of(call_settings: &emberflow_base::Settings) -> Self {
        match call_settings.get("spark.sql.mapKeyDedupPolicy") {
            Some(policy) if policy.eq_ignore_ascii_case("LAST_WIN") => Duplicates::LastWins,
            _ => Duplicates::Raise,
        }
    }
}

/// Maps of the entries at `chosen[row]`: keys from `keys`, values from `values`.
pub fn make_map(
    keys: &ArrayRef,
    values: &ArrayRef,
    chosen: Vec<Option<Vec<(u32, u32)>>>,
    duplicates: Duplicates,
    returns: &Arrow,
) -> Result<ArrayRef> {
    let rows = comparable(&[keys])?;
    let nulls = keys.logical_nulls();
    let (mut key_picks, mut value_picks, mut lengths, mut valid) = (vec![], vec![], vec![], vec![]);
    for entries in chosen {
        valid.push(entries.is_some());
        let entries = entries.unwrap_or_default();
        let mut places: HashMap<_, usize> = HashMap::with_capacity(entries.len());
        let mut kept: Vec<(u32, u32)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(key as usize)) {
                return Err(Error::new("NULL_MAP_KEY"));
            }
            match places.get(&rows[0].row(key as usize)) {
                None => {
                    places.insert(rows[0].row(key as usize), kept.len());
                    kept.push((key, value));
                }
                Some(place) if duplicates == Duplicates::LastWins => kept[*place] = (key, value),
                Some(_) => {
                    let shown = arrow::util::display::array_value_to_string(keys, key as usize).unwrap_or_default();
                    return Err(Error::new("DUPLICATED_MAP_KEY")
                        .with("key", shown)
                        .with("mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""));
                }
            }
        }
        lengths.push(kept.len());
        key_picks.extend(kept.iter().map(|(key, _)| *key));
        value_picks.extend(kept.iter().map(|(_, value)| *value));
    }
    let keys = take(keys, &UInt32Array::from(key_picks), None).map_err(from_arrow)?;
    let values = take(values, &UInt32Array::from(value_picks), None).map_err(from_arrow)?;
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    assembled(keys, values, OffsetBuffer::from_lengths(lengths), nulls, returns)
}

fn assembled(
    keys: ArrayRef,
    values: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    returns: &Arrow,
) -> Result<ArrayRef> {
    let Arrow::Map(field, sorted) = returns else { return Err(Error::internal("a map was expected")) };
    let Arrow::Struct(parts) = field.data_type() else { return Err(Error::internal("entries are structs")) };
    let columns = vec![retype(&keys, parts[0].data_type())?, retype(&values, parts[1].data_type())?];
    let entries = StructArray::try_new_with_length(parts.clone(), columns, None, keys.len()).map_err(from_arrow)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *sorted).map_err(from_arrow)?))
}

fn check_key(call: &Call<'_>, key: &DataType) -> Result<()> {
    if matches!(key, DataType::Map { .. }) {
        return Err(Error::new("DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE")
            .with("sqlExpr", call.sql())
            .with("keyType", key.quoted()));
    }
    Ok(())
}

/// `map(key, value, ...)`
pub fn map(call: Call<'_>) -> Result<Typed> {
    if !call.len().is_multiple_of(2) {
        return Err(Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
            .with("functionName", "`map`")
            .with("expectedNum", "2n (n > 0)")
            .with("actualNum", call.len().to_string())
            .with("docroot", "https://spark.apache.org/docs/latest"));
    }
    let side = |offset: usize| call.arguments.iter().skip(offset).step_by(2).cloned().collect::<Vec<_>>();
    let differing = |condition: &str, values: &[Typed]| {
        let kinds: Vec<String> = values.iter().map(|value| value.data_type.quoted()).collect();
        Error::new(format!("DATATYPE_MISMATCH.{condition}"))
            .with("sqlExpr", call.sql())
            .with("functionName", "`map`")
            .with("dataType", format!("[{}]", kinds.join(", ")))
    };
    let (keys, values) = (side(0), side(1));
    let Some((keys, key)) = to_common_type(keys.clone(), &call.context)? else {
        return Err(differing("CREATE_MAP_KEY_DIFF_TYPES", &keys));
    };
    let Some((values, value)) = to_common_type(values.clone(), &call.context)? else {
        return Err(differing("CREATE_MAP_VALUE_DIFF_TYPES", &values));
    };
    check_key(&call, &key)?;
    let kind = DataType::map(key.clone(), value.clone(), values.iter().any(|value| value.nullable));
    let (returns, empty_key, empty_value) = (to_arrow(&kind), to_arrow(&key), to_arrow(&value));
    let (duplicates, pairs) = (Duplicates::of(call.context.settings), keys.len());
    let arguments = keys.into_iter().chain(values).map(|argument| argument.expr).collect();
    let kernel = Kernel::new("map", &kind, false, move |columns| {
        let arrays = columns.arrays()?;
        let (keys, values) = arrays.split_at(pairs);
        let glue = |arrays: &[ArrayRef], kind: &Arrow| match arrays {
            [] => Ok(arrow::array::new_empty_array(kind)),
            several => Ok(joined(&several.iter().collect::<Vec<_>>())?.0),
        };
        let rows = columns.rows as u32;
        let entries = |row| (0..pairs as u32).map(|pair| (pair * rows + row, pair * rows + row)).collect();
        let chosen = (0..rows).map(|row| Some(entries(row))).collect();
        make_map(&glue(keys, &empty_key)?, &glue(values, &empty_value)?, chosen, duplicates, &returns)
    });
    Ok(Typed::new(kernel.identity(format!("{duplicates:?}")).fallible_if(true).call(arguments), kind, false))
}

fn entries_of(map: &MapArray, row: usize, start: u32) -> Option<Vec<(u32, u32)>> {
    let offsets = map.value_offsets();
    map.is_valid(row)
        .then(|| (offsets[row] as u32..offsets[row + 1] as u32).map(|index| (start + index, start + index)).collect())
}

/// `map_concat(map, ...)`
pub fn map_concat(call: Call<'_>) -> Result<Typed> {
    if !call.arguments.iter().all(|map| matches!(map.data_type, DataType::Map { .. } | DataType::Null)) {
        return Err(Error::new("DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES")
            .with("sqlExpr", call.sql())
            .with("functionName", "`map_concat`")
            .with(
                "dataType",
                format!("[{}]", call.arguments.iter().map(|a| a.data_type.quoted()).collect::<Vec<_>>().join(", ")),
            ));
    }
    let kinds: Vec<DataType> = call.arguments.iter().map(|argument| argument.data_type.clone()).collect();
    let kind = match common_type(&kinds, call.context.ansi) {
        Some(kind @ DataType::Map { .. }) => kind,
        _ => DataType::map(DataType::String, DataType::String, true),
    };
    let maps = call.arguments.iter().map(|map| convert(map.clone(), &kind, &call.context)).collect::<Result<Vec<_>>>()?;
    let nullable = call.any_nullable();
    let (returns, duplicates) = (to_arrow(&kind), Duplicates::of(call.context.settings));
    let kernel = Kernel::new("map_concat", &kind, nullable, move |columns| {
        let maps = (0..columns.len()).map(|index| columns.map(index)).collect::<Result<Vec<_>>>()?;
        if maps.is_empty() {
            let Arrow::Map(field, _) = &returns else { return Err(Error::internal("a map was expected")) };
            let entries = arrow::array::new_empty_array(field.data_type());
            let (keys, values) = (entries.as_struct().column(0), entries.as_struct().column(1));
            return make_map(keys, values, vec![Some(vec![]); columns.rows], duplicates, &returns);
        }
        let (keys, starts) = joined(&maps.iter().map(|map| map.keys()).collect::<Vec<_>>())?;
        let (values, _) = joined(&maps.iter().map(|map| map.values()).collect::<Vec<_>>())?;
        let all = |row| maps.iter().zip(&starts).map(|(map, start)| entries_of(map, row, *start)).collect::<Option<Vec<_>>>();
        let chosen = (0..columns.rows).map(|row| all(row).map(|parts| parts.concat())).collect();
        make_map(&keys, &values, chosen, duplicates, &returns)
    });
    let arguments = maps.into_iter().map(|map| map.expr).collect();
    Ok(Typed::new(kernel.identity(format!("{duplicates:?}")).fallible_if(true).call(arguments), kind, nullable))
}

/// `map_contains_key(map, key)`
pub fn map_contains_key(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let (map, key_kind, _, _) = call.map(0)?;
    check_map_key(&call)?;
    let key = call.as_type(1, &key_kind)?;
    let nullable = true;
    Ok(kernel("map_contains_key", vec![map, key], DataType::Boolean, nullable, |columns| {
        let (maps, wanted) = (columns.map(0)?, columns.array(1)?);
        let rows = comparable(&[maps.keys(), &wanted])?;
        let offsets = maps.value_offsets();
        booleans(columns.rows, |row| {
            let there = maps.is_valid(row) && wanted.is_valid(row);
            let mut entries = offsets[row] as usize..offsets[row + 1] as usize;
            Ok(there.then(|| entries.any(|index| rows[0].row(index) == rows[1].row(row))))
        })
    }))
}

/// `map_keys(map)`, `map_values(map)`
pub fn side(call: Call<'_>, keys: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let (map, key, value, _) = call.map(0)?;
    // Spark promises nothing about nulls here, not even of keys.
    let kind = DataType::array(if keys { key } else { value }, true);
    let (returns, nullable) = (to_arrow(&kind), map.nullable);
    Ok(kernel(call.name, vec![map], kind, nullable, move |columns| {
        let maps = columns.map(0)?;
        let Arrow::List(field) = &returns else { return Err(Error::internal("a list was expected")) };
        let values = retype(if keys { maps.keys() } else { maps.values() }, field.data_type())?;
        let list = ListArray::try_new(Arc::clone(field), maps.offsets().clone(), values, maps.nulls().cloned());
        Ok(Arc::new(list.map_err(from_arrow)?))
    }))
}

/// `map_entries(map)`: an array of structs of key and value.
pub fn map_entries(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (map, key, value, value_null) = call.map(0)?;
    let kind = entries_type(key, value, value_null);
    let (returns, nullable) = (to_arrow(&kind), map.nullable);
    Ok(kernel("map_entries", vec![map], kind, nullable, move |columns| {
        let maps = columns.map(0)?;
        let Arrow::List(field) = &returns else { return Err(Error::internal("a list was expected")) };
        let entries: ArrayRef = Arc::new(maps.entries().clone());
        let entries = retype(&entries, field.data_type())?;
        let list = ListArray::try_new(Arc::clone(field), maps.offsets().clone(), entries, maps.nulls().cloned());
        Ok(Arc::new(list.map_err(from_arrow)?))
    }))
}

/// The type of a map's entries as an array.
pub(crate) fn entries_type(key: DataType, value: DataType, value_null: bool) -> DataType {
    use emberflow_plan::{StructField, StructType};
    let fields = vec![StructField::new("key", key, false), StructField::new("value", value, value_null)];
    DataType::array(DataType::Struct(StructType::new(fields)), false)
}

/// `map_from_arrays(keys, values)`
pub fn map_from_arrays(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let ((keys, key, _), (values, value, value_null)) = (call.array(0)?, call.array(1)?);
    check_key(&call, &key)?;
    let kind = DataType::map(key, value, value_null);
    let nullable = keys.nullable || values.nullable;
    let (returns, duplicates) = (to_arrow(&kind), Duplicates::of(call.context.settings));
    let kernel = Kernel::new("map_from_arrays", &kind, nullable, move |columns| {
        let (keys, values) = (columns.list(0)?, columns.list(1)?);
        let mut chosen = Vec::with_capacity(columns.rows);
        for row in 0..columns.rows {
            if keys.is_null(row) || values.is_null(row) {
                chosen.push(None);
                continue;
            }
            if keys.value_length(row) != values.value_length(row) {
                let text = "The array of keys and the array of values differ in length.";
                return Err(Error::new("_LEGACY_ERROR_TEMP_2128").text(text));
            }
            chosen.push(Some(range(&keys, row).zip(range(&values, row)).collect()));
        }
        make_map(keys.values(), values.values(), chosen, duplicates, &returns)
    });
    let kernel = kernel.identity(format!("{duplicates:?}")).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![keys.expr, values.expr]), kind, nullable))
}

/// `map_from_entries(array of structs)`: null when an entry is.
pub fn map_from_entries(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let (list, element, contains_null) = call.array(0)?;
    let DataType::Struct(fields) = &element else { return Err(call.mismatch(0, "ARRAY\" of pair \"STRUCT")) };
    let [key, value] = fields.fields.as_slice() else { return Err(call.mismatch(0, "ARRAY\" of pair \"STRUCT")) };
    let kind = DataType::map(key.data_type.clone(), value.data_type.clone(), value.nullable);
    let nullable = list.nullable || contains_null;
    let (returns, duplicates) = (to_arrow(&kind), Duplicates::of(call.context.settings));
    let kernel = Kernel::new("map_from_entries", &kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let entries = lists.values().as_struct();
        let whole = |row| {
            let there = lists.is_valid(row) && range(&lists, row).all(|index| entries.is_valid(index as usize));
            there.then(|| range(&lists, row).map(|index| (index, index)).collect())
        };
        let chosen = (0..columns.rows).map(whole).collect();
        make_map(entries.column(0), entries.column(1), chosen, duplicates, &returns)
    });
    Ok(Typed::new(kernel.identity(format!("{duplicates:?}")).fallible_if(true).call(vec![list.expr]), kind, nullable))
}

/// `str_to_map(text [, pair delimiter [, key delimiter]])`: both delimiters are patterns.
pub fn str_to_map(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2, 3])?;
    let literal = |index: usize, usual: &str| match call.len() > index {
        true => call.text(index),
        false => Ok(Typed::new(datafusion::logical_expr::lit(usual), DataType::String, false)),
    };
    let arguments = vec![call.text(0)?.expr, literal(1, ",")?.expr, literal(2, ":")?.expr];
    let kind = DataType::map(DataType::String, DataType::String, true);
    let nullable = call.any_nullable();
    let (returns, duplicates) = (to_arrow(&kind), Duplicates::of(call.context.settings));
    let kernel = Kernel::new("str_to_map", &kind, nullable, move |columns| {
        let texts = columns.text(0)?;
        let mut pairs = Patterns::new(columns.text(1)?, "str_to_map");
        let mut keys = Patterns::new(columns.text(2)?, "str_to_map");
        let (mut key_parts, mut value_parts, mut chosen) = (StringBuilder::new(), StringBuilder::new(), Vec::new());
        let mut count = 0_u32;
        for row in 0..columns.rows {
            let Some(((text, pair), key)) = texts.at(row).zip(pairs.at(row)?).zip(keys.at(row)?) else {
                chosen.push(None);
                continue;
            };
            let before = count;
            for part in parts_of(text, &pair, -1)? {
                let mut halves = parts_of(&part, &key, 2)?.into_iter();
                key_parts.append_value(halves.next().unwrap_or_default());
                value_parts.append_option(halves.next());
                count += 1;
            }
            chosen.push(Some((before..count).map(|index| (index, index)).collect()));
        }
        let (keys, values): (ArrayRef, ArrayRef) = (Arc::new(key_parts.finish()), Arc::new(value_parts.finish()));
        make_map(&keys, &values, chosen, duplicates, &returns)
    });
    Ok(Typed::new(kernel.identity(format!("{duplicates:?}")).fallible_if(true).call(arguments), kind, nullable))
}
