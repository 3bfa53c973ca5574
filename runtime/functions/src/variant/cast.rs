//! Columns into variants and back.
//!
//! Back goes kind by kind: all integers of a column are cast at once, then all strings, and so on; a value that does not
//! fit is null or an error. Begin at [`from_column`] and [`to_column`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::decode::{Variant, View};
use super::encode::Encoder;
use super::{Builder, Variants, text_of};
use crate::cast::{Casting, EvalMode, can_cast, cast_column};
use crate::errors::from_datafusion;
use crate::kernel::{binaries, booleans, from_arrow, primitives, strings, timestamps, with_digits};
use crate::types::to_arrow;
use crate::zones::Zone;

/// Whether a variant can hold values of a type; `objects`: structs and maps, too.
pub fn can_hold(data_type: &DataType, objects: bool) -> bool {
    match data_type {
        DataType::Array { element, .. } => can_hold(element, objects),
        DataType::Map { key, value, .. } => objects && key.is_string() && can_hold(value, objects),
        DataType::Struct(fields) => objects && fields.fields.iter().all(|field| can_hold(&field.data_type, objects)),
        DataType::Time(_) | DataType::Udt { .. } => false,
        other => !other.is_interval(),
    }
}

/// A column as variants.
pub fn from_column(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let mut made = Builder::new(column.len());
    for row in 0..column.len() {
        if column.is_null(row) || *data_type == DataType::Null {
            made.null();
            continue;
        }
        let mut encoder = Encoder::default();
        append(&mut encoder, column, row, data_type)?;
        made.encoded(encoder)?;
    }
    made.finish()
}

fn append(encoder: &mut Encoder, column: &ArrayRef, row: usize, data_type: &DataType) -> Result<()> {
    if column.is_null(row) {
        encoder.null();
        return Ok(());
    }
    match data_type {
        DataType::Null => encoder.null(),
        DataType::Boolean => encoder.boolean(column.as_boolean().value(row)),
        DataType::Byte => encoder.long(i64::from(column.as_primitive::<Int8Type>().value(row))),
        DataType::Short => encoder.long(i64::from(column.as_primitive::<Int16Type>().value(row))),
        DataType::Int => encoder.long(i64::from(column.as_primitive::<Int32Type>().value(row))),
        DataType::Long => encoder.long(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float => encoder.float(column.as_primitive::<Float32Type>().value(row)),
        DataType::Double => encoder.double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal { scale, .. } => {
            encoder.decimal(column.as_primitive::<Decimal128Type>().value(row), u8::try_from(*scale).unwrap_or(0));
        }
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            encoder.text(column.as_string::<i32>().value(row))
        }
        DataType::Binary => encoder.binary(column.as_binary::<i32>().value(row)),
        DataType::Date => encoder.date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp => encoder.timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::TimestampNtz => encoder.timestamp_ntz(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::Variant => {
            let variants = Variants::of(column)?;
            let part = variants.at(row).ok_or_else(|| Error::internal("a variant that is not null"))?;
            encoder.variant(part)?;
        }
        DataType::Array { element, .. } => {
            let values = column.as_list::<i32>().value(row);
            let (start, mut offsets) = (encoder.begin(), Vec::with_capacity(values.len()));
            for at in 0..values.len() {
                offsets.push(encoder.begin() - start);
                append(encoder, &values, at, element)?;
            }
            encoder.end_array(start, &offsets);
        }
        DataType::Map { value, .. } => {
            let entries = column.as_map().value(row);
            let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1));
            let (start, mut fields) = (encoder.begin(), Vec::with_capacity(keys.len()));
            for at in 0..keys.len() {
                fields.push(encoder.field(start, keys.value(at)));
                append(encoder, values, at, value)?;
            }
            end_object(encoder, start, fields)?;
        }
        DataType::Struct(schema) => {
            let columns = column.as_struct().columns();
            let (start, mut fields) = (encoder.begin(), Vec::with_capacity(columns.len()));
            for (column, field) in columns.iter().zip(&schema.fields) {
                fields.push(encoder.field(start, &field.name));
                append(encoder, column, row, &field.data_type)?;
            }
            end_object(encoder, start, fields)?;
        }
        other => return Err(Error::internal(format!("no variant holds {}", other.sql()))),
    }
    Ok(())
}

fn end_object(encoder: &mut Encoder, start: usize, fields: Vec<super::encode::Field>) -> Result<()> {
    encoder.end_object(start, fields).map_err(|key| Error::new("VARIANT_DUPLICATE_KEY").with("key", key))
}

/// Variants as a column of a type; `forgiving`: null for what does not fit, else an error.
pub fn to_column(
    found: &[Option<Variant<'_>>],
    target: &DataType,
    forgiving: bool,
    zone: &Zone,
    now_micros: i64,
) -> Result<ArrayRef> {
    Typing { forgiving, zone, now_micros }.column(found, target)
}

struct Typing<'a> {
    forgiving: bool,
    zone: &'a Zone,
    now_micros: i64,
}

impl Typing<'_> {
    fn unfit(&self, variant: Variant<'_>, target: &DataType) -> Result<()> {
        if self.forgiving {
            return Ok(());
        }
        Err(Error::new("INVALID_VARIANT_CAST").with("value", text_of(variant, self.zone)?).with("dataType", target.quoted()))
    }

    fn column(&self, found: &[Option<Variant<'_>>], target: &DataType) -> Result<ArrayRef> {
        match target {
            DataType::Variant => {
                let mut made = Builder::new(found.len());
                for variant in found {
                    match variant {
                        None => made.null(),
                        Some(variant) => {
                            let mut encoder = Encoder::default();
                            encoder.variant(*variant)?;
                            made.encoded(encoder)?;
                        }
                    }
                }
                made.finish()
            }
            DataType::Array { element, .. } => self.arrays(found, element, target),
            DataType::Map { value, .. } => self.maps(found, value, target),
            DataType::Struct(_) => self.structs(found, target),
            target if target.is_string() => strings(found.len(), |row| {
                let Some(variant) = found[row] else { return Ok(None) };
                Ok(match variant.view()? {
                    View::Null => None,
                    View::Text(text) => Some(text.to_owned()),
                    View::Binary(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                    View::Date(_) | View::Timestamp(_) | View::TimestampNtz(_) => {
                        let plain = self.scalars(&[Some(variant)], &DataType::String)?;
                        Some(plain.as_string::<i32>().value(0).to_owned())
                    }
                    _ => Some(text_of(variant, self.zone)?),
                })
            }),
            _ => self.scalars(found, target),
        }
    }

    fn arrays(&self, found: &[Option<Variant<'_>>], element: &DataType, target: &DataType) -> Result<ArrayRef> {
        let Arrow::List(field) = to_arrow(target) else { return Err(Error::internal("a list was expected")) };
        let (mut inner, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for variant in found {
            let before = inner.len();
            let array = match variant.map(|variant| variant.view().map(|view| (variant, view))).transpose()? {
                Some((_, View::Array(array))) => Some(array),
                None | Some((_, View::Null)) => None,
                Some((variant, _)) => self.unfit(variant, target).map(|()| None)?,
            };
            valid.push(array.is_some());
            if let Some(array) = array {
                for at in 0..array.len() {
                    inner.push(Some(array.get(at)?));
                }
            }
            lengths.push(inner.len() - before);
        }
        let values = self.column(&inner, element)?;
        let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, nulls(valid));
        Ok(Arc::new(list.map_err(from_arrow)?))
    }

    fn maps(&self, found: &[Option<Variant<'_>>], value: &DataType, target: &DataType) -> Result<ArrayRef> {
        let Arrow::Map(field, sorted) = to_arrow(target) else { return Err(Error::internal("a map was expected")) };
        let Arrow::Struct(parts) = field.data_type().clone() else { return Err(Error::internal("entries are structs")) };
        let (mut keys, mut inner, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for object in self.objects(found, target)? {
            valid.push(object.is_some());
            let before = keys.len();
            if let Some(object) = object {
                for at in 0..object.len() {
                    let (key, part) = object.get(at)?;
                    keys.push(key);
                    inner.push(Some(part));
                }
            }
            lengths.push(keys.len() - before);
        }
        let keys: ArrayRef = Arc::new(arrow::array::StringArray::from(keys));
        let entries = StructArray::try_new(parts, vec![keys, self.column(&inner, value)?], None).map_err(from_arrow)?;
        let map = MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, nulls(valid), sorted);
        Ok(Arc::new(map.map_err(from_arrow)?))
    }

    fn structs(&self, found: &[Option<Variant<'_>>], target: &DataType) -> Result<ArrayRef> {
        let (DataType::Struct(schema), Arrow::Struct(fields)) = (target, to_arrow(target)) else {
            return Err(Error::internal("a struct was expected"));
        };
        let objects = self.objects(found, target)?;
        let mut columns = Vec::with_capacity(fields.len());
        for field in &schema.fields {
            let mut inner = Vec::with_capacity(objects.len());
            for object in &objects {
                inner.push(object.as_ref().map(|object| object.field(&field.name)).transpose()?.flatten());
            }
            columns.push(self.column(&inner, &field.data_type)?);
        }
        let valid = objects.iter().map(Option::is_some).collect();
        let made = StructArray::try_new_with_length(fields, columns, nulls(valid), found.len());
        Ok(Arc::new(made.map_err(from_arrow)?))
    }

    fn objects<'a>(&self, found: &[Option<Variant<'a>>], target: &DataType) -> Result<Vec<Option<super::decode::Object<'a>>>> {
        let object = |variant: &Option<Variant<'a>>| -> Result<_> {
            let Some(variant) = variant else { return Ok(None) };
            match variant.view()? {
                View::Object(object) => Ok(Some(object)),
                View::Null => Ok(None),
                _ => self.unfit(*variant, target).map(|()| None),
            }
        };
        found.iter().map(object).collect()
    }

    /// Values without parts: a column for each kind that occurs, cast as one, then put together.
    fn scalars(&self, found: &[Option<Variant<'_>>], target: &DataType) -> Result<ArrayRef> {
        let rows = found.len();
        let views = found.iter().map(|variant| variant.map(|variant| variant.view()).transpose()).collect::<Result<Vec<_>>>()?;
        let mut kinds: Vec<DataType> = Vec::new();
        let mut kind_of = Vec::with_capacity(rows);
        for view in &views {
            let kind = view.as_ref().and_then(kind_of_view);
            kind_of.push(kind.map(|kind| {
                kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                    kinds.push(kind);
                    kinds.len() - 1
                })
            }));
        }
        let casting = Casting { mode: EvalMode::Try, zone: self.zone.clone(), now_micros: self.now_micros };
        let mut columns = vec![new_null_array(&to_arrow(target), 1)];
        for (at, kind) in kinds.iter().enumerate() {
            let column = column_of_kind(&views, |row| kind_of[row] == Some(at), kind)?;
            columns.push(if can_cast(kind, target, EvalMode::Ansi) {
                cast_column(&column, kind, target, &casting).map_err(from_datafusion)?
            } else {
                new_null_array(&to_arrow(target), rows)
            });
        }
        let mut places = Vec::with_capacity(rows);
        for (row, variant) in found.iter().enumerate() {
            let place = kind_of[row].map_or((0, 0), |at| (at + 1, row));
            let is_null = columns[place.0].is_null(place.1);
            if let (Some(variant), true, Some(view)) = (variant, is_null, &views[row])
                && !matches!(view, View::Null)
            {
                self.unfit(*variant, target)?;
            }
            places.push(place);
        }
        let columns: Vec<&dyn Array> = columns.iter().map(|column| column.as_ref()).collect();
        arrow::compute::interleave(&columns, &places).map_err(from_arrow)
    }
}

fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    valid.contains(&false).then(|| NullBuffer::from(valid))
}

/// The type a value without parts has.
fn kind_of_view(view: &View<'_>) -> Option<DataType> {
    Some(match view {
        View::Null | View::Object(_) | View::Array(_) => return None,
        View::Boolean(_) => DataType::Boolean,
        View::Long(_) => DataType::Long,
        View::Double(_) => DataType::Double,
        View::Float(_) => DataType::Float,
        View::Decimal { scale, .. } => DataType::decimal(38, *scale as i8),
        View::Text(_) | View::Uuid(_) => DataType::String,
        View::Binary(_) => DataType::Binary,
        View::Date(_) => DataType::Date,
        View::Timestamp(_) => DataType::Timestamp,
        View::TimestampNtz(_) => DataType::TimestampNtz,
    })
}

/// The values of one kind, null in all other rows.
fn column_of_kind(views: &[Option<View<'_>>], is_kind: impl Fn(usize) -> bool, kind: &DataType) -> Result<ArrayRef> {
    let rows = views.len();
    macro_rules! values {
        ($build:expr, $pattern:pat => $value:expr) => {
            $build(rows, |row| {
                Ok(match &views[row] {
                    Some($pattern) if is_kind(row) => Some($value),
                    _ => None,
                })
            })
        };
    }
    match kind {
        DataType::Boolean => values!(booleans, View::Boolean(flag) => *flag),
        DataType::Long => values!(primitives::<Int64Type>, View::Long(number) => *number),
        DataType::Double => values!(primitives::<Float64Type>, View::Double(number) => *number),
        DataType::Float => values!(primitives::<Float32Type>, View::Float(number) => *number),
        DataType::Decimal { precision, scale } => {
            let plain = values!(primitives::<Decimal128Type>, View::Decimal { unscaled, .. } => *unscaled)?;
            with_digits(&plain, *precision, *scale)
        }
        DataType::Binary => values!(binaries, View::Binary(bytes) => bytes.to_vec()),
        DataType::Date => values!(primitives::<Date32Type>, View::Date(days) => *days),
        DataType::Timestamp => values!(timestamps, View::Timestamp(micros) => *micros),
        DataType::TimestampNtz => values!(primitives::<TimestampMicrosecondType>, View::TimestampNtz(micros) => *micros),
        _ => values!(strings, View::Text(text) => (*text).to_owned()),
    }
}
