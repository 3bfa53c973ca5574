//! `from_csv`, `to_csv`, `schema_of_csv`: one record per value.
//!
//!     text ──► cells (`cells`) ──► typed columns (`columns`), or types (`guess`)
//!
//! Files of CSV are read by the same parts. Not here: where lines come from (`emberflow-sources`).

mod cells;
mod columns;
mod guess;
mod quoting;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType as Arrow;
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

pub use cells::{Cell, Cells, Dialect, Placeholders};
pub use columns::{Specials, column};
pub use guess::Guess;
pub use quoting::Quoting;

use super::reading::{malformed, nullable_throughout, shown};
use super::writing::{Style, bare, is_null};
use super::{Clock, Options, schema_argument};
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, Texts, from_arrow, strings};
use crate::types::to_arrow;

/// Options that would change what is read and are not there yet.
const NOT_YET: &[&str] = &["locale", "unescapedQuoteHandling", "singleVariantColumn", "enableDateTimeParsingFallback"];

/// `from_csv(text, schema [, options])`
pub(super) fn from_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2, 3])?;
    let (text, kind, options) = (call.text(0)?, nullable_throughout(schema_argument(&call, 1)?), Options::of(&call, 2)?);
    let DataType::Struct(shape) = kind.clone() else {
        return Err(Error::new("INVALID_SCHEMA.NON_STRUCT_TYPE")
            .with("inputSchema", format!("\"{}\"", call.texts.get(1).map_or("", String::as_str)))
            .with("dataType", kind.quoted()));
    };
    options.refuse("from_csv", NOT_YET)?;
    let reader = Reader {
        dialect: Dialect::of(&options)?,
        placeholders: Placeholders::of(&options),
        clock: Clock::of(&options, &call.context)?,
        specials: Specials::of(&options),
        comment: options.byte(&["comment"], None)?,
        fails_fast: options.fails_fast("from_csv")?,
        corrupt: options.corrupt_field(&call.context, &shape)?,
        shape,
    };
    let (fails_fast, identity) =
        (reader.fails_fast, format!("{options:?} {} {:?} {}", call.context.time_zone, reader.corrupt, kind.sql()));
    let kernel = Kernel::new("from_csv", &kind, true, move |columns| reader.column(&columns.text(0)?, columns.rows));
    Ok(Typed::new(kernel.identity(identity).fallible_if(fails_fast).call(vec![text.expr]), kind, text.nullable))
}

struct Reader {
    dialect: Dialect,
    placeholders: Placeholders,
    clock: Clock,
    specials: Specials,
    comment: Option<u8>,
    fails_fast: bool,
    corrupt: Option<usize>,
    shape: StructType,
}

impl Reader {
    fn column(&self, texts: &Texts, rows: usize) -> Result<ArrayRef> {
        let Arrow::Struct(fields) = to_arrow(&DataType::Struct(self.shape.clone())) else {
            return Err(Error::internal("a struct was expected"));
        };
        let wanted: Vec<&StructField> =
            self.shape.fields.iter().enumerate().filter(|(at, _)| Some(*at) != self.corrupt).map(|(_, field)| field).collect();
        let mut cells = Cells::new(wanted.len());
        let record = |row: usize| texts.at(row).unwrap_or_default();
        let mut bad: Vec<bool> = Vec::with_capacity(rows);
        for row in 0..rows {
            let text = record(row);
            // A comment is a record of no cells.
            let is_comment = self.comment.is_some() && text.as_bytes().first().copied() == self.comment;
            cells.cut(&self.dialect, if is_comment { "" } else { text }, 0, if is_comment { 0 } else { text.len() }, false);
            bad.push(texts.at(row).is_some() && (is_comment || cells.counts[row] as usize != wanted.len()));
        }
        let mut arrays = Vec::with_capacity(fields.len());
        for (index, field) in wanted.into_iter().enumerate() {
            let cell = |row: usize| self.placeholders.text(&cells, record(row), row, index);
            arrays.push(column(&field.data_type, rows, cell, &mut bad, &self.clock, &self.specials)?);
        }
        if let Some(at) = self.corrupt {
            let records = (0..rows).map(|row| texts.at(row).filter(|_| bad[row]));
            arrays.insert(at, Arc::new(records.collect::<StringArray>()));
        }
        let valid: Vec<bool> = (0..rows).map(|row| texts.at(row).is_some()).collect();
        let made = StructArray::try_new_with_length(fields, arrays, Some(NullBuffer::from(valid)), rows).map_err(from_arrow)?;
        match bad.iter().position(|bad| *bad).filter(|_| self.fails_fast) {
            Some(row) => Err(malformed(&shown(&made, row)?)),
            None => Ok(Arc::new(made)),
        }
    }
}

/// `to_csv(struct [, options])`
pub(super) fn to_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let value = call.argument(0)?;
    if !matches!(value.data_type, DataType::Struct(_)) {
        return Err(call.mismatch(0, "STRUCT"));
    }
    let options = Options::of(&call, 1)?;
    options.refuse("to_csv", &["locale"])?;
    let (style, quoting, nullable) = (Style::of(&call, &options)?, Quoting::of(&options)?, true);
    let identity = format!("{options:?} {}", call.context.time_zone);
    let kernel = Kernel::new("to_csv", &DataType::String, nullable, move |columns| {
        let structs = columns.structs(0)?;
        strings(columns.rows, |row| {
            if structs.is_null(row) {
                return Ok(None);
            }
            let mut line = Vec::new();
            for (at, column) in structs.columns().iter().enumerate() {
                if at > 0 {
                    line.push(quoting.separator);
                }
                match is_null(column, row) {
                    true => quoting.null(&mut line),
                    false => quoting.cell(&bare(column, row, &style)?, at == 0, &mut line),
                }
            }
            String::from_utf8(line).map(Some).map_err(|_| Error::internal("a line of CSV is no UTF-8"))
        })
    });
    Ok(Typed::new(kernel.identity(identity).call(vec![value.expr]), DataType::String, nullable))
}

/// `schema_of_csv(text)`: of a literal.
pub(super) fn schema_of_csv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let Some(text) = call.literal_text(0) else {
        return Err(call.not_constant(0, "csv", &DataType::String));
    };
    let options = Options::of(&call, 1)?;
    options.refuse("schema_of_csv", NOT_YET)?;
    let (dialect, placeholders) = (Dialect::of(&options)?, Placeholders::of(&options));
    let guess = Guess::of(&options, &Clock::of(&options, &call.context)?)?;
    // So many as there can be.
    let mut cells = Cells::new(text.len() + 1);
    cells.cut(&dialect, &text, 0, text.len(), false);
    let fields = (0..cells.counts[0] as usize).map(|index| {
        let cell = placeholders.text(&cells, &text, 0, index).filter(|cell| !cell.is_empty());
        StructField::new(format!("_c{index}"), cell.map_or(DataType::String, |cell| guess.see(None, cell)), true)
    });
    Ok(Typed::new(lit(DataType::Struct(StructType::new(fields.collect())).sql()), DataType::String, false))
}
