//! `variant_explode`: a row for each field or element of a variant.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, ListArray, StringArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::decode::View;
use super::{Builder, Variants, variant};
use crate::call::Call;
use crate::kernel::{from_arrow, kernel};
use crate::registry::Generated;
use crate::types::to_arrow;

/// `variant_explode(v)`: position, key (of objects) and value; nothing for anything else.
pub fn variant_explode(call: Call<'_>, outer: bool) -> Result<Generated> {
    call.arity(&[1])?;
    let argument = variant(&call, 0)?;
    let fields = vec![
        StructField::new("pos", DataType::Int, false),
        StructField::new("key", DataType::String, true),
        StructField::new("value", DataType::Variant, false),
    ];
    let columns = fields.iter().map(|field| (field.name.clone(), field.data_type.clone(), field.nullable || outer)).collect();
    let returns = DataType::array(DataType::Struct(StructType::new(fields)), false);
    let arrow = to_arrow(&returns);
    let list = kernel("variant_explode", vec![argument], returns, false, move |columns| {
        let variants = Variants::of(&columns.array(0)?)?;
        let (mut positions, mut keys, mut values, mut lengths) = (Vec::new(), Vec::new(), Builder::new(0), Vec::new());
        for row in 0..columns.rows {
            let before = positions.len();
            match variants.at(row).map(|variant| variant.view()).transpose()? {
                Some(View::Object(object)) => {
                    for at in 0..object.len() {
                        let (key, value) = object.get(at)?;
                        positions.push(at as i32);
                        keys.push(Some(key));
                        values.bytes(value.exact()?, value.metadata);
                    }
                }
                Some(View::Array(array)) => {
                    for at in 0..array.len() {
                        let value = array.get(at)?;
                        positions.push(at as i32);
                        keys.push(None);
                        values.bytes(value.exact()?, value.metadata);
                    }
                }
                _ => {}
            }
            lengths.push(positions.len() - before);
        }
        let Arrow::List(field) = &arrow else { return Err(Error::internal("a list was expected")) };
        let Arrow::Struct(parts) = field.data_type() else { return Err(Error::internal("a struct was expected")) };
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int32Array::from(positions)), Arc::new(StringArray::from(keys)), values.finish()?];
        let structs = StructArray::try_new(parts.clone(), columns, None).map_err(from_arrow)?;
        let list = ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), Arc::new(structs), None);
        Ok(Arc::new(list.map_err(from_arrow)?))
    });
    Ok(Generated { list, columns, with_position: false, outer })
}
