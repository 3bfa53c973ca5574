//! VARIANT: values that carry their own types, as two byte strings in the open format of Parquet's variants.
//!
//!     JSON text, typed columns ──► [`encode`] ──► value + metadata ──► [`decode`] ──► JSON text, typed columns, schemas
//!
//! In Arrow a variant is a struct of the binaries `value` and `metadata`, the latter marked `variant=true`. Reading and
//! writing is our own: the crate `parquet-variant` marks sorted keys, chooses other sizes, and so gives other bytes than
//! Spark. Not here: shredded variants in files. Begin at [`FUNCTIONS`].

mod cast;
pub(crate) mod decode;
pub(crate) mod encode;
mod explode;
pub(crate) mod json;
mod path;
mod schema;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::formats::nullable_throughout;
use crate::kernel::{Kernel, booleans, from_arrow, kernel, strings};
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::zones::Zone;
use decode::{Variant, View};
use encode::Encoder;

pub use json::quoted as write_quoted;

pub(crate) use cast::{can_hold, from_column, to_column};

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

macro_rules! two_shown {
    ($name:literal, $build:expr) => {
        Function {
            name: $name,
            kind: Kind::Scalar($build),
            display: Some(|args| format!("{}({})", $name, args[..args.len().min(2)].join(", "))),
        }
    };
}

/// The functions of variants.
pub static FUNCTIONS: &[Function] = &[
    scalar("is_valid_variant", is_valid_variant),
    scalar("is_variant_null", is_variant_null),
    scalar("parse_json", |call| parse_json(call, false)),
    scalar("schema_of_variant", schema::schema_of_variant),
    Function { name: "schema_of_variant_agg", kind: Kind::Aggregate(schema::schema_of_variant_agg), display: None },
    scalar("to_variant_object", to_variant_object),
    scalar("try_parse_json", |call| parse_json(call, true)),
    two_shown!("try_variant_get", |call| variant_get(call, true)),
    Function { name: "variant_explode", kind: Kind::Generator(|call| explode::variant_explode(call, false)), display: None },
    Function { name: "variant_explode_outer", kind: Kind::Generator(|call| explode::variant_explode(call, true)), display: None },
    two_shown!("variant_get", |call| variant_get(call, false)),
];

/// Variants of a column, by row.
pub(crate) struct Variants {
    column: StructArray,
    values: BinaryArray,
    metadata: BinaryArray,
}

impl Variants {
    pub fn of(column: &ArrayRef) -> Result<Self> {
        let wrong = || Error::internal(format!("a variant is a struct of two binaries, not {}", column.data_type()));
        let column = column.as_struct_opt().ok_or_else(wrong)?.clone();
        let part =
            |name: &str| column.column_by_name(name).and_then(|part| part.as_binary_opt::<i32>()).cloned().ok_or_else(wrong);
        let (values, metadata) = (part("value")?, part("metadata")?);
        Ok(Self { column, values, metadata })
    }

    pub fn at(&self, row: usize) -> Option<Variant<'_>> {
        let whole = self.column.is_valid(row);
        whole.then(|| Variant::new(self.values.value(row), self.metadata.value(row)))
    }

    pub fn len(&self) -> usize {
        self.column.len()
    }
}

/// Grows a column of variants.
pub(crate) struct Builder {
    values: BinaryBuilder,
    metadata: BinaryBuilder,
    valid: Vec<bool>,
}

impl Builder {
    pub fn new(rows: usize) -> Self {
        let binaries = || BinaryBuilder::with_capacity(rows, rows * 16);
        Self { values: binaries(), metadata: binaries(), valid: Vec::with_capacity(rows) }
    }

    pub fn null(&mut self) {
        self.values.append_value([]);
        self.metadata.append_value([]);
        self.valid.push(false);
    }

    pub fn encoded(&mut self, encoder: Encoder) -> Result<()> {
        let (value, metadata) = encoder.finish()?;
        self.bytes(&value, &metadata);
        Ok(())
    }

    pub fn bytes(&mut self, value: &[u8], metadata: &[u8]) {
        self.values.append_value(value);
        self.metadata.append_value(metadata);
        self.valid.push(true);
    }

    pub fn finish(mut self) -> Result<ArrayRef> {
        let Arrow::Struct(fields) = to_arrow(&DataType::Variant) else { return Err(Error::internal("a variant is a struct")) };
        let columns: Vec<ArrayRef> = vec![Arc::new(self.values.finish()), Arc::new(self.metadata.finish())];
        let nulls = self.valid.contains(&false).then(|| NullBuffer::from(self.valid));
        Ok(Arc::new(StructArray::try_new(fields, columns, nulls).map_err(from_arrow)?))
    }
}

/// JSON texts as variants; what is no JSON is null.
pub fn parsed(texts: impl Iterator<Item = Option<String>>) -> Result<ArrayRef> {
    let mut made = Builder::new(0);
    for text in texts {
        let mut encoder = Encoder::default();
        match text.map(|text| json::parse(&text, &mut encoder)) {
            Some(Ok(())) => made.encoded(encoder)?,
            _ => made.null(),
        }
    }
    made.finish()
}

/// A variant argument.
fn variant(call: &Call<'_>, index: usize) -> Result<Typed> {
    match call.type_of(index) {
        DataType::Variant => call.argument(index),
        DataType::Null => crate::literal::null(&DataType::Variant),
        _ => Err(call.mismatch(index, "VARIANT")),
    }
}

fn malformed(text: &str) -> Error {
    Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION").with("badRecord", text).with("failFastMode", "FAILFAST")
}

/// `parse_json(text)`; `forgiving`: null instead of an error.
fn parse_json(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let text = call.text(0)?;
    let nullable = forgiving || text.nullable;
    let kernel = Kernel::new(call.name, &DataType::Variant, nullable, move |columns| {
        let texts = columns.text(0)?;
        let mut made = Builder::new(columns.rows);
        for row in 0..columns.rows {
            let Some(text) = texts.at(row) else {
                made.null();
                continue;
            };
            let mut encoder = Encoder::default();
            match json::parse(text, &mut encoder) {
                Ok(()) => made.encoded(encoder)?,
                Err(_) if forgiving => made.null(),
                Err(_) => return Err(malformed(text)),
            }
        }
        made.finish()
    });
    Ok(Typed::new(kernel.fallible_if(!forgiving).call(vec![text.expr]), DataType::Variant, nullable))
}

/// `is_variant_null(v)`: whether it holds JSON's null.
fn is_variant_null(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = variant(&call, 0)?;
    Ok(kernel("is_variant_null", vec![argument], DataType::Boolean, false, |columns| {
        let variants = Variants::of(&columns.array(0)?)?;
        booleans(columns.rows, |row| match variants.at(row) {
            None => Ok(Some(false)),
            Some(variant) => Ok(Some(matches!(variant.view()?, View::Null))),
        })
    }))
}

/// `is_valid_variant(v)`: whether all of its bytes can be read.
fn is_valid_variant(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = variant(&call, 0)?;
    let nullable = argument.nullable;
    Ok(kernel("is_valid_variant", vec![argument], DataType::Boolean, nullable, |columns| {
        let variants = Variants::of(&columns.array(0)?)?;
        booleans(columns.rows, |row| Ok(variants.at(row).map(|variant| Encoder::default().variant(variant).is_ok())))
    }))
}

/// `to_json(variant)`
pub(crate) fn to_json(call: &Call<'_>) -> Result<Typed> {
    let argument = call.argument(0)?;
    let zone = Zone::parse(call.context.time_zone)?;
    let kernel = Kernel::new("variant_to_json", &DataType::String, true, move |columns| {
        let variants = Variants::of(&columns.array(0)?)?;
        strings(columns.rows, |row| variants.at(row).map(|variant| text_of(variant, &zone)).transpose())
    });
    Ok(Typed::new(kernel.identity(call.context.time_zone).call(vec![argument.expr]), DataType::String, true))
}

pub(crate) fn text_of(variant: Variant<'_>, zone: &Zone) -> Result<String> {
    let mut out = String::new();
    json::write(variant, zone, &mut out)?;
    Ok(out)
}

/// `to_variant_object(struct, map or array)`
fn to_variant_object(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.argument(0)?;
    let from = argument.data_type.clone();
    if !matches!(from, DataType::Struct(_) | DataType::Map { .. } | DataType::Array { .. }) || !can_hold(&from, true) {
        return Err(Error::new("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION")
            .with("sqlExpr", call.sql())
            .with("srcType", from.quoted())
            .with("targetType", DataType::Variant.quoted()));
    }
    let (nullable, identity) = (argument.nullable, from.simple_string());
    let kernel =
        Kernel::new("to_variant_object", &DataType::Variant, nullable, move |columns| from_column(&columns.array(0)?, &from));
    Ok(Typed::new(kernel.identity(identity).call(vec![argument.expr]), DataType::Variant, nullable))
}

/// `variant_get(v, path [, type])`; `forgiving`: null where a value does not fit the type.
fn variant_get(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let argument = variant(&call, 0)?;
    let target = match call.len() {
        3 => {
            let text = call.literal_text(2).ok_or_else(|| call.not_constant(2, "type", &DataType::String))?;
            emberflow_plan::ddl::parse_type_with(&text, call.context.sql_options())?
        }
        _ => DataType::Variant,
    };
    let target = nullable_throughout(target);
    if !crate::cast::can_cast(&DataType::Variant, &target, crate::cast::EvalMode::Ansi) {
        return Err(Error::new("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION")
            .with("sqlExpr", format!("\"{}({})\"", call.name, call.texts[..2].join(", ")))
            .with("srcType", DataType::Variant.quoted())
            .with("targetType", target.quoted()));
    }
    let path = call.text(1)?;
    let (zone, name) = (Zone::parse(call.context.time_zone)?, call.name.to_owned());
    let now_micros = call.context.now_micros;
    let returns = target.clone();
    let kernel = Kernel::new(call.name, &returns, true, move |columns| {
        let (variants, paths) = (Variants::of(&columns.array(0)?)?, columns.text(1)?);
        let mut known: Option<(String, Vec<path::Step>)> = None;
        let mut found = Vec::with_capacity(columns.rows);
        for row in 0..columns.rows {
            let Some((variant, text)) = variants.at(row).zip(paths.at(row)) else {
                found.push(None);
                continue;
            };
            if known.as_ref().is_none_or(|(last, _)| last != text) {
                let steps = path::parse(text).ok_or_else(|| {
                    Error::new("INVALID_VARIANT_GET_PATH").with("path", text).with("functionName", format!("`{name}`"))
                })?;
                known = Some((text.to_owned(), steps));
            }
            let steps = known.as_ref().map_or(&[][..], |(_, steps)| steps);
            found.push(walk(variant, steps)?);
        }
        to_column(&found, &target, forgiving, &zone, now_micros)
    });
    let identity = format!("{} {}", returns.simple_string(), call.context.time_zone);
    let kernel = kernel.identity(identity).fallible_if(true);
    Ok(Typed::new(kernel.call(vec![argument.expr, path.expr]), returns, true))
}

fn walk<'a>(mut variant: Variant<'a>, steps: &[path::Step]) -> Result<Option<Variant<'a>>> {
    for step in steps {
        let next = match (step, variant.view()?) {
            (path::Step::Key(key), View::Object(object)) => object.field(key)?,
            (path::Step::Index(index), View::Array(array)) if *index < array.len() => Some(array.get(*index)?),
            _ => None,
        };
        let Some(next) = next else { return Ok(None) };
        variant = next;
    }
    Ok(Some(variant))
}
