//! Columns out of JSON nodes, one column after the other, as Spark's JSON reader converts them.
//!
//! A value that does not fit its type is null and marks its row as bad; the other fields stay. An element of an array or a
//! map that does not fit makes the whole array or map null, unless it is a struct of which only some fields do not fit.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BinaryBuilder, BooleanArray, BooleanBuilder, ListArray, MapArray, PrimitiveBuilder, StringBuilder,
    StructArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use base64::Engine as _;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructType};

use super::tape::{Kind, Node, Tape};
use crate::formats::{Clock, decimal};
use crate::types::to_arrow;

/// A value that is to become an element of a column; `None` is missing.
pub type Value = Option<u32>;

/// How a value became an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    Whole,
    /// Something within it did not fit.
    Partly,
    /// It is null although there was a value.
    Not,
}

/// Makes columns of values on a tape.
pub struct Builder<'t> {
    pub tape: &'t Tape,
    pub text: &'t str,
    pub clock: &'t Clock,
    /// A string column holds other values as they stand in the text; else written anew.
    pub exact: bool,
}

const MISSING: u32 = u32::MAX;

impl<'t> Builder<'t> {
    fn node(&self, value: Value) -> Option<Node> {
        value.map(|at| self.tape.node(at)).filter(|node| node.kind != Kind::Null)
    }

    fn raw(&self, node: Node) -> &'t str {
        &self.text[node.start as usize..node.stop as usize]
    }

    /// The values of some fields of some objects, by field.
    pub fn fields(&self, objects: &[Value], schema: &StructType, wanted: &[usize]) -> Vec<Vec<Value>> {
        let rows = objects.len();
        let mut found = vec![vec![MISSING; rows]; wanted.len()];
        let names: Vec<&str> = wanted.iter().map(|field| schema.fields[*field].name.as_str()).collect();
        for (row, object) in objects.iter().enumerate() {
            let Some(object) = object.filter(|at| self.tape.node(*at).kind == Kind::Object) else { continue };
            // Records of one file mostly name their fields in one order.
            let mut expected = 0;
            for (name, value) in self.tape.fields(object) {
                let name = self.tape.string(self.text, self.tape.node(name));
                let at = match names.get(expected) {
                    Some(known) if *known == name => Some(expected),
                    _ => names.iter().position(|known| *known == name),
                };
                if let Some(at) = at {
                    found[at][row] = value;
                    expected = at + 1;
                }
            }
        }
        let values = |column: Vec<u32>| column.into_iter().map(|at| (at != MISSING).then_some(at)).collect();
        found.into_iter().map(values).collect()
    }

    /// A column of `kind`; `fits` is told how each value fared.
    pub fn column(&self, kind: &DataType, values: &[Value], fits: &mut [Fit]) -> Result<ArrayRef> {
        Ok(match kind {
            DataType::Boolean => {
                let mut out = BooleanBuilder::with_capacity(values.len());
                self.each(values, fits, |node| match node.kind {
                    Kind::True => Some(true),
                    Kind::False => Some(false),
                    _ => None,
                })
                .for_each(|value| out.append_option(value));
                Arc::new(out.finish())
            }
            // A byte may be written without its sign.
            DataType::Byte => self.numbers::<Int8Type>(kind, values, fits, |node| {
                let value = self.whole(node)?;
                (-128..=255).contains(&value).then_some(value as u8 as i8)
            }),
            DataType::Short => self.numbers::<Int16Type>(kind, values, fits, |node| self.whole(node)?.try_into().ok()),
            DataType::Int => self.numbers::<Int32Type>(kind, values, fits, |node| self.whole(node)?.try_into().ok()),
            DataType::Long => self.numbers::<Int64Type>(kind, values, fits, |node| self.whole(node)),
            DataType::Float => self.numbers::<Float32Type>(kind, values, fits, |node| match node.kind {
                Kind::Whole | Kind::Fraction => self.raw(node).parse().ok(),
                _ => self.double(node).map(|value| value as f32),
            }),
            DataType::Double => self.numbers::<Float64Type>(kind, values, fits, |node| self.double(node)),
            DataType::Decimal { precision, scale } => {
                self.numbers::<Decimal128Type>(kind, values, fits, |node| match node.kind {
                    Kind::Whole | Kind::Fraction => decimal(self.raw(node), *precision, *scale),
                    Kind::Text => decimal(&self.raw(node).replace(',', ""), *precision, *scale),
                    _ => None,
                })
            }
            DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
                let mut out = StringBuilder::with_capacity(values.len(), values.len() * 8);
                for value in values {
                    out.append_option(self.node(*value).zip(*value).map(|(node, at)| match self.exact {
                        true => self.tape.string(self.text, node),
                        false => self.tape.compact(self.text, at),
                    }));
                }
                Arc::new(out.finish())
            }
            DataType::Binary => {
                let mut out = BinaryBuilder::with_capacity(values.len(), values.len() * 8);
                self.each(values, fits, |node| match node.kind {
                    Kind::Text | Kind::Escaped => {
                        base64::engine::general_purpose::STANDARD.decode(self.tape.string(self.text, node).as_bytes()).ok()
                    }
                    _ => None,
                })
                .for_each(|value| out.append_option(value));
                Arc::new(out.finish())
            }
            DataType::Date => self.numbers::<Date32Type>(kind, values, fits, |node| self.clock.days(&self.time_text(node)?)),
            DataType::Timestamp => self.numbers::<TimestampMicrosecondType>(kind, values, fits, |node| match node.kind {
                Kind::Whole => self.whole(node)?.checked_mul(1_000_000),
                _ => self.clock.instant(&self.time_text(node)?),
            }),
            DataType::TimestampNtz => {
                self.numbers::<TimestampMicrosecondType>(kind, values, fits, |node| self.clock.wall(&self.time_text(node)?))
            }
            DataType::Time(precision) => {
                let cut = 10_i64.pow(9 - u32::from(*precision).min(9));
                self.numbers::<arrow::datatypes::Time64NanosecondType>(kind, values, fits, |node| {
                    let micros = crate::cast::parse_time_of_day(&self.time_text(node)?)?;
                    Some(micros * 1000 / cut * cut)
                })
            }
            DataType::Variant => {
                // `null` inside a record is a variant that holds null.
                let texts = values.iter().map(|value| value.map(|at| self.json(at)));
                let made = crate::variant::parsed(texts)?;
                for (row, (value, fit)) in values.iter().zip(fits).enumerate() {
                    if value.is_some() && made.is_null(row) {
                        *fit = Fit::Not;
                    }
                }
                made
            }
            DataType::Array { element, .. } => self.list(kind, element, values, fits)?,
            DataType::Map { key, value, .. } => self.map(kind, key, value, values, fits)?,
            DataType::Struct(fields) => self.structs(kind, fields, values, fits)?,
            DataType::Null => new_null_array(&Arrow::Null, values.len()),
            other => return Err(Error::unsupported(format!("reading {} out of JSON", other.simple_string()))),
        })
    }

    /// One answer per value; `None` of `read` marks the row.
    fn each<'a, T>(
        &'a self,
        values: &'a [Value],
        fits: &'a mut [Fit],
        read: impl Fn(Node) -> Option<T> + 'a,
    ) -> impl Iterator<Item = Option<T>> + 'a {
        values.iter().zip(fits).map(move |(value, fit)| {
            let node = self.node(*value)?;
            let made = read(node);
            if made.is_none() {
                *fit = Fit::Not;
            }
            made
        })
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        kind: &DataType,
        values: &[Value],
        fits: &mut [Fit],
        read: impl Fn(Node) -> Option<T::Native>,
    ) -> ArrayRef {
        let mut out = PrimitiveBuilder::<T>::with_capacity(values.len()).with_data_type(to_arrow(kind));
        self.each(values, fits, read).for_each(|value| out.append_option(value));
        Arc::new(out.finish())
    }

    /// A value as JSON text; numbers as they were written.
    fn json(&self, at: u32) -> String {
        let mut out = String::new();
        self.tape.write(self.text, at, true, &mut out);
        out
    }

    fn whole(&self, node: Node) -> Option<i64> {
        if node.kind == Kind::Whole { self.raw(node).parse().ok() } else { None }
    }

    fn double(&self, node: Node) -> Option<f64> {
        match node.kind {
            Kind::Whole | Kind::Fraction => self.raw(node).parse().ok(),
            Kind::NonNumeric | Kind::Text => match self.raw(node) {
                "NaN" => Some(f64::NAN),
                "Infinity" | "+Infinity" | "INF" | "+INF" => Some(f64::INFINITY),
                "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        }
    }

    fn time_text(&self, node: Node) -> Option<std::borrow::Cow<'t, str>> {
        matches!(node.kind, Kind::Text | Kind::Escaped).then(|| self.tape.string(self.text, node)).filter(|text| !text.is_empty())
    }

    fn list(&self, kind: &DataType, element: &DataType, values: &[Value], fits: &mut [Fit]) -> Result<ArrayRef> {
        let mut groups = Vec::with_capacity(values.len());
        for (value, fit) in values.iter().zip(fits.iter_mut()) {
            let node = self.node(*value);
            let array = value.filter(|_| node.is_some_and(|node| node.kind == Kind::Array));
            *fit = (*fit).max(fitting(node.is_none() || array.is_some()));
            groups.push(array.map(|array| self.tape.elements(array).map(Some).collect()));
        }
        self.lists(kind, element, groups, fits)
    }

    /// Lists of the type `kind` of groups of elements.
    pub fn lists(
        &self,
        kind: &DataType,
        element: &DataType,
        groups: Vec<Option<Vec<Value>>>,
        fits: &mut [Fit],
    ) -> Result<ArrayRef> {
        let Arrow::List(field) = to_arrow(kind) else { return Err(Error::internal("a list was expected")) };
        let mut valid: Vec<bool> = groups.iter().map(Option::is_some).collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.as_ref().map_or(0, Vec::len)).collect();
        let inner: Vec<Value> = groups.into_iter().flatten().flatten().collect();
        let mut inner_fits = vec![Fit::Whole; inner.len()];
        let inner = self.column(element, &inner, &mut inner_fits)?;
        spoil(&lengths, &inner_fits, &mut valid, fits);
        let made = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), inner, nulls(valid));
        Ok(Arc::new(made.map_err(unfit)?))
    }

    fn map(&self, kind: &DataType, key: &DataType, value: &DataType, values: &[Value], fits: &mut [Fit]) -> Result<ArrayRef> {
        let Arrow::Map(field, sorted) = to_arrow(kind) else { return Err(Error::internal("a map was expected")) };
        let Arrow::Struct(parts) = field.data_type().clone() else { return Err(Error::internal("entries are structs")) };
        if !key.is_string() {
            return Err(Error::unsupported(format!("reading {} out of JSON: keys are strings", kind.simple_string())));
        }
        let (mut keys, mut inner) = (StringBuilder::new(), Vec::new());
        let (mut lengths, mut valid) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
        for (entry, fit) in values.iter().zip(fits.iter_mut()) {
            let node = self.node(*entry);
            let object = entry.filter(|_| node.is_some_and(|node| node.kind == Kind::Object));
            *fit = (*fit).max(fitting(node.is_none() || object.is_some()));
            valid.push(object.is_some());
            let before = inner.len();
            for (name, value) in object.into_iter().flat_map(|object| self.tape.fields(object)) {
                keys.append_value(self.tape.string(self.text, self.tape.node(name)));
                inner.push(Some(value));
            }
            lengths.push(inner.len() - before);
        }
        let mut inner_fits = vec![Fit::Whole; inner.len()];
        let inner = self.column(value, &inner, &mut inner_fits)?;
        spoil(&lengths, &inner_fits, &mut valid, fits);
        let entries = StructArray::try_new(parts, vec![Arc::new(keys.finish()), inner], None).map_err(unfit)?;
        let made = MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, nulls(valid), sorted);
        Ok(Arc::new(made.map_err(unfit)?))
    }

    fn structs(&self, kind: &DataType, schema: &StructType, values: &[Value], fits: &mut [Fit]) -> Result<ArrayRef> {
        let Arrow::Struct(parts) = to_arrow(kind) else { return Err(Error::internal("a struct was expected")) };
        let is_object = |value: &Value| self.node(*value).is_some_and(|node| node.kind == Kind::Object);
        for (value, fit) in values.iter().zip(fits.iter_mut()) {
            *fit = (*fit).max(fitting(self.node(*value).is_none() || is_object(value)));
        }
        let all: Vec<usize> = (0..schema.fields.len()).collect();
        let mut columns = Vec::with_capacity(all.len());
        for (field, values) in schema.fields.iter().zip(self.fields(values, schema, &all)) {
            let mut field_fits = vec![Fit::Whole; values.len()];
            columns.push(self.column(&field.data_type, &values, &mut field_fits)?);
            for (fit, field_fit) in fits.iter_mut().zip(field_fits) {
                *fit = (*fit).max(field_fit.min(Fit::Partly));
            }
        }
        let valid: Vec<bool> = values.iter().map(is_object).collect();
        let made = StructArray::try_new_with_length(parts, columns, nulls(valid), values.len());
        Ok(Arc::new(made.map_err(unfit)?))
    }
}

fn fitting(fits: bool) -> Fit {
    if fits { Fit::Whole } else { Fit::Not }
}

/// A list or map with an element that did not fit is null.
fn spoil(lengths: &[usize], inner: &[Fit], valid: &mut [bool], fits: &mut [Fit]) {
    let mut at = 0;
    for (row, length) in lengths.iter().enumerate() {
        let worst = inner[at..at + length].iter().max().copied().unwrap_or(Fit::Whole);
        valid[row] &= worst != Fit::Not;
        fits[row] = fits[row].max(worst);
        at += length;
    }
}

fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    valid.contains(&false).then(|| NullBuffer::new(BooleanArray::from(valid).values().clone()))
}

fn unfit(error: arrow::error::ArrowError) -> Error {
    Error::internal(format!("a column out of JSON does not fit its type: {error}"))
}
