//! Text files: one column `value`, a row for each line or, with `wholetext`, for each file.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use emberflow_base::{Error, Result};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructField, StructType};

use crate::lines::{Lines, Separator, is_plain, whole_text};
use crate::listing::DataFile;
use crate::options::refuse_encodings;
use crate::partitions::Partitions;
use crate::read::{Made, ReadRequest};
use crate::rows::{FilePart, RowFormat, Rows, Wanted};
use crate::table::{Reader, table as files_table};

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Made {
    request.options.refuse("text files", &["ignoreCorruptFiles"])?;
    refuse_encodings(&request.options, "text")?;
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let schema = match request.schema {
        Some(schema) => partitions.without(schema),
        None => StructType::new(vec![StructField::new("value", DataType::String, true)]),
    };
    check(&schema)?;
    let format = Text {
        whole: request.options.flag("wholetext", false)?,
        separator: Separator::of(&request.options)?,
        ignores_missing: request.options.flag("ignoremissingfiles", false)?,
    };
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

/// Text is one column of strings.
pub(crate) fn check(schema: &StructType) -> Result<()> {
    if let Some(field) = schema.fields.iter().find(|field| !field.data_type.is_string()) {
        return Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
            .with("columnName", quote(&field.name))
            .with("columnType", field.data_type.quoted())
            .with("format", "Text"));
    }
    let count = schema.fields.len();
    if count > 1 {
        return Err(Error::new("_LEGACY_ERROR_TEMP_1290")
            .with("schemaSize", count.to_string())
            .text(format!("Text files hold a single column; there are {count}."))
            .exception_class(emberflow_base::Exception::Analysis));
    }
    Ok(())
}

#[derive(Debug)]
struct Text {
    whole: bool,
    separator: Separator,
    ignores_missing: bool,
}

impl RowFormat for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn splits(&self, path: &Path) -> bool {
        !self.whole && is_plain(path)
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        let (columns, rows) = (wanted.columns, wanted.rows);
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        let fields: Vec<Field> = columns.iter().map(|_| Field::new("value", Arrow::Utf8, true)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        if self.whole {
            let text = whole_text(&part.path)?;
            return Ok(Box::new(std::iter::once(batch(&schema, [text.as_str()].into_iter(), 1))));
        }
        let mut lines = Lines::open(part, &self.separator)?;
        let blocks = std::iter::from_fn(move || lines.next_block().transpose());
        Ok(Box::new(blocks.flat_map(move |block| -> Rows {
            let block = match block {
                Ok(block) => block,
                Err(error) => return Box::new(std::iter::once(Err(error))),
            };
            let (schema, mut first) = (Arc::clone(&schema), 0);
            Box::new(std::iter::from_fn(move || {
                let until = (first + rows).min(block.lines.len());
                let count = until - first;
                let made = (count > 0).then(|| batch(&schema, (first..until).map(|line| block.line(line)), count));
                first = until;
                made
            }))
        })))
    }
}

fn batch<'a>(schema: &SchemaRef, lines: impl Iterator<Item = &'a str>, rows: usize) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        if schema.fields().is_empty() { Vec::new() } else { vec![Arc::new(StringArray::from_iter_values(lines))] };
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| Error::internal(error.to_string()))
}
