//! What Spark makes of Avro's types that Arrow has otherwise, within lists, maps and records too.
//!
//!     uuid                     a text                    time-millis         a number
//!     timestamp-nanos          a number                  union of [int, long], [float, double]    the wider
//!     union of one and null    that one                  any other union     a struct: member0, member1, … one of them not null

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, StringArray, StructArray, UInt32Array, UnionArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, is_not_null, kernels::zip::zip, take};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Fields, TimeUnit, UnionFields};
use arrow::error::ArrowError;

/// The field as Spark has it.
pub(super) fn meant(field: &Field) -> FieldRef {
    let nullable = field.is_nullable() || matches!(field.data_type(), Arrow::Union(fields, _) if null_member(fields).is_some());
    let data_type = match field.data_type() {
        Arrow::FixedSizeBinary(16) if is_uuid(field) => Arrow::Utf8,
        Arrow::Time32(TimeUnit::Millisecond) => Arrow::Int32,
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => Arrow::Int64,
        Arrow::List(item) => Arrow::List(meant(item)),
        Arrow::Map(entries, sorted) => Arrow::Map(meant(entries), *sorted),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(|field| meant(field)).collect()),
        Arrow::Union(fields, _) => match members(fields).as_slice() {
            [(_, only)] => meant(only).data_type().clone(),
            own => wider(own).unwrap_or_else(|| Arrow::Struct(member_fields(own))),
        },
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, nullable))
}

fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some("arrow.uuid") || field.metadata().get("logicalType").is_some_and(|name| name == "uuid")
}

fn null_member(fields: &UnionFields) -> Option<i8> {
    fields.iter().find(|(_, field)| *field.data_type() == Arrow::Null).map(|(id, _)| id)
}

fn members(fields: &UnionFields) -> Vec<(i8, &FieldRef)> {
    fields.iter().filter(|(_, field)| *field.data_type() != Arrow::Null).collect()
}

/// The type of two that holds the other's numbers.
fn wider(members: &[(i8, &FieldRef)]) -> Option<Arrow> {
    let [(_, one), (_, two)] = members else { return None };
    match (one.data_type(), two.data_type()) {
        (Arrow::Int32, Arrow::Int64) | (Arrow::Int64, Arrow::Int32) => Some(Arrow::Int64),
        (Arrow::Float32, Arrow::Float64) | (Arrow::Float64, Arrow::Float32) => Some(Arrow::Float64),
        _ => None,
    }
}

fn member_fields(members: &[(i8, &FieldRef)]) -> Fields {
    let named =
        |(at, (_, field)): (usize, &(i8, &FieldRef))| Field::new(format!("member{at}"), meant(field).data_type().clone(), true);
    members.iter().enumerate().map(named).collect()
}

/// A column of `field` as [`meant`] says.
pub(super) fn converted(array: &ArrayRef, field: &Field) -> Result<ArrayRef, ArrowError> {
    let wanted = meant(field);
    if array.data_type() == wanted.data_type() {
        return Ok(Arc::clone(array));
    }
    match (field.data_type(), wanted.data_type()) {
        (Arrow::FixedSizeBinary(_), Arrow::Utf8) => Ok(Arc::new(uuids(array))),
        (Arrow::List(item), Arrow::List(to)) => {
            let own = array.as_list::<i32>();
            let values = converted(own.values(), item)?;
            Ok(Arc::new(ListArray::try_new(Arc::clone(to), own.offsets().clone(), values, own.nulls().cloned())?))
        }
        (Arrow::Map(entries, _), Arrow::Map(to, sorted)) => {
            let own = array.as_map();
            let pairs: ArrayRef = Arc::new(own.entries().clone());
            let pairs = converted(&pairs, entries)?.as_struct().clone();
            Ok(Arc::new(MapArray::try_new(Arc::clone(to), own.offsets().clone(), pairs, own.nulls().cloned(), *sorted)?))
        }
        (Arrow::Struct(fields), Arrow::Struct(to)) => {
            let own = array.as_struct();
            let columns = own.columns().iter().zip(fields).map(|(column, field)| converted(column, field));
            let columns = columns.collect::<Result<_, _>>()?;
            Ok(Arc::new(StructArray::try_new_with_length(to.clone(), columns, own.nulls().cloned(), own.len())?))
        }
        (Arrow::Union(fields, _), to) => unions(array.as_union(), fields, to),
        (_, to) => cast(array, to),
    }
}

fn uuids(array: &ArrayRef) -> StringArray {
    let text = |bytes: &[u8]| {
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push_str(&format!("{byte:02x}"));
        }
        text
    };
    array.as_fixed_size_binary().iter().map(|bytes| bytes.map(text)).collect()
}

fn unions(array: &UnionArray, fields: &UnionFields, wanted: &Arrow) -> Result<ArrayRef, ArrowError> {
    let own = members(fields);
    // Each member's values where it is the one that is there, else nulls.
    let spread = |(id, field): &(i8, &FieldRef)| {
        let place = |row: usize| (array.type_id(row) == *id).then(|| array.value_offset(row) as u32);
        let places: UInt32Array = (0..array.len()).map(place).collect();
        converted(&take(array.child(*id), &places, None)?, field)
    };
    let columns = own.iter().map(spread).collect::<Result<Vec<_>, _>>()?;
    match (columns.as_slice(), wanted) {
        (_, Arrow::Struct(to)) if own.len() > 1 => {
            let is_there = |row: usize| Some(array.type_id(row)) != null_member(fields);
            let nulls: NullBuffer = (0..array.len()).map(is_there).collect::<Vec<_>>().into();
            Ok(Arc::new(StructArray::try_new_with_length(to.clone(), columns, Some(nulls), array.len())?))
        }
        ([only], _) => Ok(Arc::clone(only)),
        ([one, two], to) => {
            let (one, two) = (cast(one, to)?, cast(two, to)?);
            let has_first: BooleanArray = is_not_null(&one)?;
            zip(&has_first, &one, &two)
        }
        _ => Err(ArrowError::SchemaError("a union without members".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int32Array, Int64Array};
    use arrow::datatypes::UnionMode;

    fn union_of(one: ArrayRef, two: ArrayRef, ids: Vec<i8>, offsets: Vec<i32>) -> (ArrayRef, Field) {
        let fields = vec![Field::new("a", one.data_type().clone(), false), Field::new("b", two.data_type().clone(), false)];
        let fields = UnionFields::try_new(vec![0, 1], fields).unwrap();
        let array = UnionArray::try_new(fields.clone(), ids.into(), Some(offsets.into()), vec![one, two]).unwrap();
        (Arc::new(array), Field::new("u", Arrow::Union(fields, UnionMode::Dense), false))
    }

    #[test]
    fn unions_of_numbers_are_the_wider_number() {
        let (array, field) = union_of(
            Arc::new(Int32Array::from(vec![1])),
            Arc::new(Int64Array::from(vec![5_000_000_000])),
            vec![1, 0],
            vec![0, 0],
        );
        let found = converted(&array, &field).unwrap();
        assert_eq!(found.as_primitive::<arrow::datatypes::Int64Type>().values(), &[5_000_000_000, 1]);
    }

    #[test]
    fn other_unions_are_structs_of_their_members() {
        let (array, field) =
            union_of(Arc::new(Int32Array::from(vec![1])), Arc::new(StringArray::from(vec!["x"])), vec![1, 0], vec![0, 0]);
        let found = converted(&array, &field).unwrap();
        assert_eq!(found.data_type(), meant(&field).data_type());
        let found = found.as_struct();
        assert!(found.column(0).is_null(0) && found.column(1).is_valid(0) && found.column(0).is_valid(1));
    }
}
