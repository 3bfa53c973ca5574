//! `from_json(text, schema [, options])`, `schema_of_json(text [, options])`.
//!
//! Text that is no JSON, or does not fit, gives a struct of what does fit (PERMISSIVE) and stands whole in the field for such
//! records, or is an error (FAILFAST). Not here: what a text says and what becomes of it (`json`).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType as Arrow;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Exception, Result};
use emberflow_plan::{DataType, StructType};

use super::json::{Builder, Fit, Guess, Kind, Leniency, Tape, Value};
use super::{Clock, Options, schema_argument};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, from_arrow};
use crate::types::to_arrow;

/// Options that would change what is read and are not there yet.
const NOT_YET: &[&str] = &["locale", "singleVariantColumn", "enableDateTimeParsingFallback"];

/// `from_json(text, schema [, options])`
pub fn from_json(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (text, kind, options) = (call.text(0)?, nullable_throughout(schema_argument(&call, 1)?), Options::of(&call, 2)?);
    if !matches!(kind, DataType::Struct(_) | DataType::Array { .. } | DataType::Map { .. } | DataType::Variant) {
        return Err(Error::new("DATATYPE_MISMATCH.INVALID_JSON_SCHEMA")
            .with("sqlExpr", call.sql())
            .with("schema", kind.quoted()));
    }
    options.refuse("from_json", NOT_YET)?;
    let corrupt = if let DataType::Struct(fields) = &kind { options.corrupt_field(&call.context, fields)? } else { None };
    let reader = Reader {
        kind: kind.clone(),
        leniency: Leniency::of(&options)?,
        clock: Clock::of(&options, &call.context)?,
        fails_fast: options.fails_fast("from_json")?,
        corrupt,
    };
    let (fails_fast, identity) =
        (reader.fails_fast, format!("{options:?} {} {corrupt:?} {}", call.context.time_zone, kind.sql()));
    let kernel = Kernel::new("from_json", &kind, true, move |columns| {
        let texts = columns.array(0)?;
        reader.column(texts.as_string_opt().ok_or_else(|| Error::internal("from_json reads texts"))?)
    });
    Ok(Typed::new(kernel.identity(identity).fallible_if(fails_fast).call(vec![text.expr]), kind, true))
}

struct Reader {
    kind: DataType,
    leniency: Leniency,
    clock: Clock,
    fails_fast: bool,
    corrupt: Option<usize>,
}

/// The texts of a batch, row by row.
#[derive(Default)]
struct Documents {
    roots: Vec<Value>,
    /// There is a text, and something in it.
    there: Vec<bool>,
    bad: Vec<bool>,
}

impl Reader {
    fn column(&self, texts: &StringArray) -> Result<ArrayRef> {
        let offsets = texts.value_offsets();
        let (first, last) = (offsets[0] as usize, offsets[texts.len()] as usize);
        let text = std::str::from_utf8(&texts.value_data()[first..last]).map_err(|_| Error::internal("a text is no UTF-8"))?;
        let mut tape = Tape::default();
        let mut found = Documents::default();
        for row in 0..texts.len() {
            let (start, stop) = (offsets[row] as usize - first, offsets[row + 1] as usize - first);
            let read = if texts.is_null(row) { Ok(None) } else { tape.add(text, start, stop, &self.leniency) };
            found.there.push(!matches!(read, Ok(None)));
            let root = read.unwrap_or_default();
            let is_null = root.is_some_and(|root| tape.node(root).kind == Kind::Null);
            let root = root.filter(|_| !is_null).and_then(|root| self.document(&tape, root));
            found.bad.push(found.there[row] && !is_null && root.is_none());
            found.roots.push(root);
        }
        let builder = Builder { tape: &tape, text, clock: &self.clock, exact: false };
        match &self.kind {
            DataType::Struct(fields) => self.structs(&builder, fields, found, texts),
            DataType::Array { element, .. } => {
                let mut fits = vec![Fit::Whole; found.roots.len()];
                let groups: Vec<Option<Vec<Value>>> =
                    found.roots.iter().map(|root| Some(self.elements(&tape, (*root)?))).collect();
                let made = builder.lists(&self.kind, element, groups, &mut fits)?;
                self.checked(made, found, &fits)
            }
            kind => {
                let mut fits = vec![Fit::Whole; found.roots.len()];
                let made = builder.column(kind, &found.roots, &mut fits)?;
                self.checked(made, found, &fits)
            }
        }
    }

    /// The value that the schema speaks of: an array of structs may be a struct alone.
    fn document(&self, tape: &Tape, root: u32) -> Value {
        match (&self.kind, tape.node(root).kind) {
            (DataType::Struct(_) | DataType::Map { .. }, Kind::Object) | (DataType::Array { .. }, Kind::Array) => Some(root),
            (DataType::Array { element, .. }, Kind::Object) if matches!(**element, DataType::Struct(_)) => Some(root),
            (DataType::Variant, _) => Some(root),
            _ => None,
        }
    }

    fn elements(&self, tape: &Tape, root: u32) -> Vec<Value> {
        if tape.node(root).kind == Kind::Object { vec![Some(root)] } else { tape.elements(root).map(Some).collect() }
    }

    fn structs(&self, builder: &Builder<'_>, fields: &StructType, mut found: Documents, texts: &StringArray) -> Result<ArrayRef> {
        let Arrow::Struct(parts) = to_arrow(&self.kind) else { return Err(Error::internal("a struct was expected")) };
        let wanted: Vec<usize> = (0..fields.fields.len()).filter(|at| Some(*at) != self.corrupt).collect();
        let mut columns = Vec::with_capacity(fields.fields.len());
        for (at, values) in wanted.iter().zip(builder.fields(&found.roots, fields, &wanted)) {
            let mut fits = vec![Fit::Whole; values.len()];
            columns.push(builder.column(&fields.fields[*at].data_type, &values, &mut fits)?);
            found.bad.iter_mut().zip(fits).for_each(|(bad, fit)| *bad |= fit != Fit::Whole);
        }
        if let Some(at) = self.corrupt {
            let records = texts.iter().zip(&found.bad).map(|(text, bad)| text.filter(|_| *bad));
            columns.insert(at, Arc::new(records.collect::<StringArray>()));
        }
        let nulls = found.there.contains(&false).then(|| NullBuffer::from(found.there));
        let made = StructArray::try_new_with_length(parts, columns, nulls, found.bad.len()).map_err(from_arrow)?;
        match found.bad.iter().position(|bad| *bad).filter(|_| self.fails_fast) {
            Some(row) => Err(malformed(&shown(&made, row)?)),
            None => Ok(Arc::new(made)),
        }
    }

    fn checked(&self, made: ArrayRef, found: Documents, fits: &[Fit]) -> Result<ArrayRef> {
        let is_bad = found.bad.iter().zip(fits).any(|(bad, fit)| *bad || *fit != Fit::Whole);
        if self.fails_fast && is_bad { Err(malformed("[null]")) } else { Ok(made) }
    }
}

/// Spark's error of a record that does not fit; `record` is what does fit of it.
pub(super) fn malformed(record: &str) -> Error {
    Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
        .with("badRecord", record)
        .with("failFastMode", "FAILFAST")
        .exception_class(Exception::Spark)
}

/// A row as errors show it: `[1,null]`.
pub(super) fn shown(rows: &StructArray, row: usize) -> Result<String> {
    let options = FormatOptions::default().with_null("null");
    let value = |column: &ArrayRef| {
        let formatter = ArrayFormatter::try_new(column, &options).map_err(from_arrow)?;
        Ok(formatter.value(row).to_string())
    };
    let values = rows.columns().iter().map(value).collect::<Result<Vec<_>>>()?;
    Ok(format!("[{}]", values.join(",")))
}

/// Whatever the schema says, what comes out of text may be null.
pub(crate) fn nullable_throughout(kind: DataType) -> DataType {
    match kind {
        DataType::Array { element, .. } => DataType::array(nullable_throughout(*element), true),
        DataType::Map { key, value, .. } => DataType::map(*key, nullable_throughout(*value), true),
        DataType::Struct(mut fields) => {
            for field in &mut fields.fields {
                field.nullable = true;
                field.data_type = nullable_throughout(field.data_type.clone());
            }
            DataType::Struct(fields)
        }
        other => other,
    }
}

/// `schema_of_json(json [, options])`: of a literal.
pub fn schema_of_json(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let Some(text) = call.literal_text(0) else {
        return Err(call.not_constant(0, "json", &DataType::String));
    };
    let options = Options::of(&call, 1)?;
    options.refuse("schema_of_json", NOT_YET)?;
    let (leniency, clock) = (Leniency::of(&options)?, Clock::of(&options, &call.context)?);
    let guess = Guess::of(&options, &clock)?;
    let mut tape = Tape::default();
    let root = tape.add(&text, 0, text.len(), &leniency).map_err(|_| {
        Error::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
            .with("badRecord", text.clone())
            .with("failFastMode", "FAILFAST")
            .text("The JSON text is malformed.")
    })?;
    let kind = match root {
        Some(root) => guess.kind(guess.see(&tape, &text, root)).unwrap_or_else(|| DataType::Struct(StructType::default())),
        None => DataType::String,
    };
    Ok(Typed::new(lit(kind.sql()), DataType::String, false))
}
