//! The type that holds a variant, or all variants of a group: `schema_of_variant` and its aggregate.

use std::collections::BTreeMap;

use arrow::array::Array;
use emberflow_base::Result;
use emberflow_plan::DataType;
use emberflow_plan::types::quote_if_needed;

use super::decode::{Variant, View};
use super::{Variants, variant};
use crate::aggregates::list_of_group;
use crate::call::{Call, Typed};
use crate::coerce::wider_decimal;
use crate::kernel::{kernel, strings};

/// What a variant holds.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Void,
    /// Anything.
    Variant,
    Plain(DataType),
    Array(Box<Shape>),
    Object(BTreeMap<String, Shape>),
}

impl Shape {
    fn of(variant: Variant<'_>) -> Result<Self> {
        Ok(match variant.view()? {
            View::Null => Self::Void,
            View::Boolean(_) => Self::Plain(DataType::Boolean),
            View::Long(_) => Self::Plain(DataType::Long),
            View::Double(_) => Self::Plain(DataType::Double),
            View::Float(_) => Self::Plain(DataType::Float),
            View::Decimal { unscaled, scale } => {
                let (unscaled, scale) = super::json::stripped(unscaled, scale);
                let digits = unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
                Self::Plain(DataType::decimal((digits as u8).max(scale), scale as i8))
            }
            View::Text(_) | View::Uuid(_) => Self::Plain(DataType::String),
            View::Binary(_) => Self::Plain(DataType::Binary),
            View::Date(_) => Self::Plain(DataType::Date),
            View::Timestamp(_) => Self::Plain(DataType::Timestamp),
            View::TimestampNtz(_) => Self::Plain(DataType::TimestampNtz),
            View::Array(array) => {
                let mut element = Self::Void;
                for at in 0..array.len() {
                    element = element.with(Self::of(array.get(at)?)?);
                }
                Self::Array(Box::new(element))
            }
            View::Object(object) => {
                let mut fields = BTreeMap::new();
                for at in 0..object.len() {
                    let (key, value) = object.get(at)?;
                    fields.insert(key.to_owned(), Self::of(value)?);
                }
                Self::Object(fields)
            }
        })
    }

    /// What holds both.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Void, other) | (other, Self::Void) => other,
            (one, other) if one == other => one,
            (Self::Array(one), Self::Array(other)) => Self::Array(Box::new(one.with(*other))),
            (Self::Object(mut one), Self::Object(other)) => {
                for (key, shape) in other {
                    let known = one.remove(&key).unwrap_or(Self::Void);
                    one.insert(key, known.with(shape));
                }
                Self::Object(one)
            }
            (Self::Plain(one), Self::Plain(other)) => wider(&one, &other).map_or(Self::Variant, Self::Plain),
            _ => Self::Variant,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Void => "VOID".to_owned(),
            Self::Variant => "VARIANT".to_owned(),
            Self::Plain(data_type) => data_type.sql(),
            Self::Array(element) => format!("ARRAY<{}>", element.text()),
            Self::Object(fields) => {
                let fields = fields.iter().map(|(key, shape)| format!("{}: {}", quote_if_needed(key), shape.text()));
                format!("OBJECT<{}>", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn wider(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Decimal, Double, Float, Long};
    let digits = |kind: &DataType| match kind {
        Long => Some((20, 0)),
        Decimal { precision, scale } => Some((*precision, *scale)),
        _ => None,
    };
    match (one, other) {
        (Long | Decimal { .. }, Long | Decimal { .. }) => {
            let (one, other) = (digits(one)?, digits(other)?);
            let whole = |digits: (u8, i8)| i32::from(digits.0) - i32::from(digits.1);
            let needed = whole(one).max(whole(other)) + i32::from(one.1.max(other.1));
            Some(if needed > 38 { Double } else { wider_decimal(one, other) })
        }
        (Long | Decimal { .. } | Float | Double, Long | Decimal { .. } | Float | Double) => Some(Double),
        _ => None,
    }
}

/// `schema_of_variant(v)`
pub fn schema_of_variant(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = variant(&call, 0)?;
    let nullable = argument.nullable;
    Ok(kernel("schema_of_variant", vec![argument], DataType::String, nullable, |columns| {
        let variants = Variants::of(&columns.array(0)?)?;
        strings(columns.rows, |row| variants.at(row).map(|variant| Ok(Shape::of(variant)?.text())).transpose())
    }))
}

/// `schema_of_variant_agg(v)`: over all variants of the group, nulls apart.
pub fn schema_of_variant_agg(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = variant(&call, 0)?;
    let list = list_of_group(&argument, call.is_distinct);
    let list = Typed::new(list, DataType::array(DataType::Variant, true), true);
    Ok(kernel("schema_of_variants", vec![list], DataType::String, false, |columns| {
        let lists = columns.list(0)?;
        strings(columns.rows, |row| {
            let mut shape = Shape::Void;
            if lists.is_valid(row) {
                let values = lists.value(row);
                let variants = Variants::of(&values)?;
                for variant in (0..variants.len()).filter_map(|at| variants.at(at)) {
                    shape = shape.with(Shape::of(variant)?);
                }
            }
            Ok(Some(shape.text()))
        })
    }))
}
