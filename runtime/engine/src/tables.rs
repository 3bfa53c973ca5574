//! Small results made here: one or a few columns, one batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListArray, ListBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use emberflow_base::{Error, Result};
use emberflow_connect::backend::{Observed, OperatorMetrics, Progress, Rows, Watch};
use emberflow_functions::types::{to_arrow, to_arrow_schema};
use emberflow_plan::{DataType, StructField, StructType};
use futures::StreamExt;

/// A query that has ended before it began.
pub(crate) struct Nothing;

impl Watch for Nothing {
    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn metrics(&self) -> Vec<OperatorMetrics> {
        Vec::new()
    }

    fn observed(&self) -> Vec<Observed> {
        Vec::new()
    }

    fn cancel(&self) {}
}

/// A column under construction.
pub(crate) enum Cells {
    Text(Vec<Option<String>>),
    Flags(Vec<bool>),
    Lists(Vec<Option<Vec<String>>>),
}

/// Rows that are known already.
pub(crate) fn rows(schema: StructType, batches: Vec<RecordBatch>) -> Rows {
    let batches = futures::stream::iter(batches.into_iter().map(Ok)).boxed();
    Rows { schema, batches, watch: Arc::new(Nothing) }
}

/// The same rows, watched as the query they were made from.
pub(crate) fn watched(rows: Rows, watch: Arc<dyn Watch>) -> Rows {
    Rows { watch, ..rows }
}

/// A table of named columns; `true`: may be null.
pub(crate) fn table(columns: Vec<(&str, bool, Cells)>) -> Result<Rows> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    let mut count = 0;
    for (name, nullable, cells) in columns {
        let (data_type, array): (DataType, ArrayRef) = match cells {
            Cells::Text(texts) => (DataType::String, Arc::new(StringArray::from(texts))),
            Cells::Flags(flags) => (DataType::Boolean, Arc::new(BooleanArray::from(flags))),
            Cells::Lists(lists) => (DataType::array(DataType::String, true), Arc::new(text_lists(lists))),
        };
        count = array.len();
        fields.push(StructField::new(name, data_type, nullable));
        arrays.push(array);
    }
    let schema = StructType::new(fields);
    batch(&schema, arrays, count).map(|batch| rows(schema, vec![batch]))
}

fn text_lists(lists: Vec<Option<Vec<String>>>) -> ListArray {
    let arrow::datatypes::DataType::List(field) = to_arrow(&DataType::array(DataType::String, true)) else {
        return ListBuilder::new(StringBuilder::new()).finish();
    };
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(field);
    for list in lists {
        let some = list.is_some();
        for text in list.into_iter().flatten() {
            builder.values().append_value(text);
        }
        builder.append(some);
    }
    builder.finish()
}

fn batch(schema: &StructType, arrays: Vec<ArrayRef>, count: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(to_arrow_schema(schema)), arrays, &options)
        .map_err(|error| Error::internal(format!("a result does not fit its schema: {error}")))
}

/// One row, one text.
pub(crate) fn text(name: &str, text: String) -> Result<Rows> {
    table(vec![(name, false, Cells::Text(vec![Some(text)]))])
}

/// One row, one flag.
pub(crate) fn flag(name: &str, flag: bool) -> Result<Rows> {
    table(vec![(name, false, Cells::Flags(vec![flag]))])
}

/// No columns, no rows.
pub(crate) fn nothing() -> Rows {
    rows(StructType::default(), Vec::new())
}
