//! CSV files, cut and read as Spark reads them.
//!
//!     lines ──► cells ──► typed columns ──► bad rows kept, dropped or an error
//!
//! Without `inferSchema` every column is a string. Not here: cells and what they say
//! (`emberflow_functions::formats::csv`), writing (`write::csv`).

mod infer;
mod reader;

use std::sync::Arc;

use emberflow_base::{Error, Result};
use emberflow_functions::formats::Clock;
use emberflow_functions::formats::csv::{Dialect, Placeholders, Specials};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructField, StructType};

use crate::lines::Separator;
use crate::listing::DataFile;
use crate::options::{SourceOptions, refuse_encodings};
use crate::partitions::Partitions;
use crate::read::{Made, ReadRequest, empty};
use crate::table::{Reader, table as files_table};
use crate::values::Mode;

/// How the text is laid out.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub dialect: Dialect,
    pub placeholders: Placeholders,
    pub header: bool,
    pub comment: Option<u8>,
    pub multi_line: bool,
    pub separator: Separator,
}

impl Layout {
    fn of(options: &SourceOptions) -> Result<Self> {
        Ok(Self {
            dialect: Dialect::of(options)?,
            placeholders: Placeholders::of(options),
            header: options.flag("header", false)?,
            comment: options.byte(&["comment"], None)?,
            multi_line: options.flag("multiline", false)?,
            separator: Separator::of(options)?,
        })
    }

    /// Whether a line holds no record.
    pub fn passes_over(&self, line: &str) -> bool {
        line.trim().is_empty() || self.comment.is_some_and(|comment| line.as_bytes().first() == Some(&comment))
    }
}

/// Options of Spark's CSV source that would change what is read and are not there yet.
const NOT_YET: &[&str] =
    &["ignoreCorruptFiles", "locale", "unescapedQuoteHandling", "singleVariantColumn", "enableDateTimeParsingFallback"];

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Made {
    let options = &request.options;
    options.refuse("CSV files", NOT_YET)?;
    refuse_encodings(options, "CSV")?;
    let layout = Layout::of(options)?;
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let clock = Clock::of(options, &request.context)?;
    let specials = Specials::of(options);
    let schema = match (request.schema, files.is_empty()) {
        (Some(schema), true) => return empty(schema),
        (None, true) => return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "CSV")),
        (Some(schema), false) => partitions.without(schema),
        (None, false) => partitions.without(&infer::schema(request, &layout, &clock, &files)?),
    };
    check_types(&schema)?;
    let format = reader::Csv {
        layout,
        checks_header: !options.flag("enforceschema", true)? && request.schema.is_some(),
        prunes: options.flag("columnpruning", true)? && !options.flag("multiline", false)?,
        ignores_missing: options.flag("ignoremissingfiles", false)?,
        mode: Mode::of(options),
        clock,
        specials,
        corrupt: options.corrupt_field(&request.context, &schema)?,
        schema: schema.clone(),
    };
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

/// CSV holds nothing nested.
pub(crate) fn check_types(schema: &StructType) -> Result<()> {
    let flat = |data_type: &DataType| {
        !matches!(
            data_type,
            DataType::Struct(_) | DataType::Array { .. } | DataType::Map { .. } | DataType::Variant | DataType::Null
        )
    };
    match schema.fields.iter().find(|field| !flat(&field.data_type)) {
        None => Ok(()),
        Some(StructField { name, data_type, .. }) => Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
            .with("columnName", quote(name))
            .with("columnType", data_type.quoted())
            .with("format", "CSV")),
    }
}
