//! Items into columns: a builder for each, so nothing is decoded twice and no row is made on the way.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, NullBuilder, RecordBatch,
    RecordBatchOptions, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field as ArrowField, SchemaRef};

use super::{arrow_schema, of_arrow};
use crate::codec::ValueRef;
use crate::error::Result;
use crate::read_filter::{OnTypeMismatch, type_mismatch};
use crate::schema::Field;
use crate::value::{Kind, Value};

/// Collects rows of a read. For each row one value per column, in any order, then [`BatchBuilder::end_row`].
///
/// ```
/// use emberflow_nosql::{Kind, read_filter::OnTypeMismatch, rows::BatchBuilder, schema::Field};
/// let mut builder = BatchBuilder::new(&[Field::new("a", Kind::Double)], OnTypeMismatch::Error);
/// builder.append_value(0, Some(&4.into()))?; // a long in a double column is converted
/// builder.end_row();
/// assert_eq!(builder.finish()?.num_rows(), 1);
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub struct BatchBuilder {
    schema: SchemaRef,
    fields: Vec<Field>,
    columns: Vec<Builder>,
    rows: usize,
    mismatch: OnTypeMismatch,
}

enum Builder {
    Null(NullBuilder),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Str(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Blob(BinaryBuilder),
    IntArray(ListBuilder<Int64Builder>),
    DoubleArray(ListBuilder<Float64Builder>),
}

impl BatchBuilder {
    /// For these columns, of which there may be none: then rows are only counted.
    pub fn new(fields: &[Field], mismatch: OnTypeMismatch) -> Self {
        let columns = fields.iter().map(|field| Builder::of(field.kind)).collect();
        Self { schema: arrow_schema(fields), fields: fields.to_vec(), columns, rows: 0, mismatch }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The value of a column in this row, as it is stored; none if the attribute is absent. `TypeMismatch` for a value that is
    /// not of the column's type, unless mismatches read as null.
    #[inline]
    pub fn append(&mut self, column: usize, value: Option<ValueRef<'_>>) -> Result<()> {
        let Some(builder) = self.columns.get_mut(column) else { return Ok(()) };
        match value {
            None => builder.append_null(),
            Some(value) if builder.take(value) => {}
            Some(value) => self.mismatched(column, value.kind())?,
        }
        Ok(())
    }

    /// The same for a value that is not stored: of a folder, or made up by the store.
    pub fn append_value(&mut self, column: usize, value: Option<&Value>) -> Result<()> {
        let Some(builder) = self.columns.get_mut(column) else { return Ok(()) };
        let taken = match (value, &mut *builder) {
            (None, builder) => {
                builder.append_null();
                true
            }
            (Some(Value::IntArray(numbers)), Builder::IntArray(builder)) => {
                builder.append_value(numbers.iter().map(|number| Some(*number)));
                true
            }
            (Some(Value::DoubleArray(numbers)), Builder::DoubleArray(builder)) => {
                builder.append_value(numbers.iter().map(|number| Some(*number)));
                true
            }
            (Some(value), builder) => lent(value).is_some_and(|value| builder.take(value)),
        };
        match (taken, value) {
            (false, Some(value)) => self.mismatched(column, value.kind()),
            _ => Ok(()),
        }
    }

    /// The row is whole.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// The rows collected; the builder begins anew.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self.columns.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(of_arrow)
    }

    fn mismatched(&mut self, column: usize, found: Kind) -> Result<()> {
        let field = &self.fields[column];
        if self.mismatch == OnTypeMismatch::Error && field.kind.is_some() {
            return Err(type_mismatch(&field.name, field.kind, found));
        }
        self.columns[column].append_null();
        Ok(())
    }
}

/// A value that is no array, as if it were stored.
fn lent(value: &Value) -> Option<ValueRef<'_>> {
    Some(match value {
        Value::Bool(truth) => ValueRef::Bool(*truth),
        Value::Int(number) => ValueRef::Int(*number),
        Value::Double(number) => ValueRef::Double(*number),
        Value::Str(text) => ValueRef::Str(text),
        Value::Timestamp { secs, nanos } => ValueRef::Timestamp { secs: *secs, nanos: *nanos },
        Value::Blob(bytes) => ValueRef::Blob(bytes),
        Value::IntArray(_) | Value::DoubleArray(_) => return None,
    })
}

impl Builder {
    fn of(kind: Option<Kind>) -> Self {
        let element = |data_type| ArrowField::new("element", data_type, true);
        match kind {
            None => Self::Null(NullBuilder::new()),
            Some(Kind::Bool) => Self::Bool(BooleanBuilder::new()),
            Some(Kind::Int) => Self::Int(Int64Builder::new()),
            Some(Kind::Double) => Self::Double(Float64Builder::new()),
            Some(Kind::Str) => Self::Str(StringBuilder::new()),
            Some(Kind::Timestamp) => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Some(Kind::Blob) => Self::Blob(BinaryBuilder::new()),
            Some(Kind::IntArray) => Self::IntArray(ListBuilder::new(Int64Builder::new()).with_field(element(DataType::Int64))),
            Some(Kind::DoubleArray) => {
                Self::DoubleArray(ListBuilder::new(Float64Builder::new()).with_field(element(DataType::Float64)))
            }
        }
    }

    /// Whether the value is of the column's type, and then it is taken. Times are floored to microseconds; those that do not
    /// fit 64 bits then are of no Spark type.
    #[inline]
    fn take(&mut self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Bool(builder), ValueRef::Bool(truth)) => builder.append_value(truth),
            (Self::Int(builder), ValueRef::Int(number)) => builder.append_value(number),
            (Self::Double(builder), ValueRef::Double(number)) => builder.append_value(number),
            (Self::Double(builder), ValueRef::Int(number)) => builder.append_value(number as f64),
            (Self::Str(builder), ValueRef::Str(text)) => builder.append_value(text),
            (Self::Timestamp(builder), ValueRef::Timestamp { secs, nanos }) => {
                let micros = secs.checked_mul(1_000_000).and_then(|micros| micros.checked_add(i64::from(nanos / 1000)));
                let Some(micros) = micros else { return false };
                builder.append_value(micros);
            }
            (Self::Blob(builder), ValueRef::Blob(bytes)) => builder.append_value(bytes),
            (Self::IntArray(builder), ValueRef::IntArray(numbers)) => builder.append_value(numbers.ints().map(Some)),
            (Self::DoubleArray(builder), ValueRef::DoubleArray(numbers)) => builder.append_value(numbers.doubles().map(Some)),
            _ => return false,
        }
        true
    }

    fn append_null(&mut self) {
        match self {
            Self::Null(builder) => builder.append_null(),
            Self::Bool(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Str(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Blob(builder) => builder.append_null(),
            Self::IntArray(builder) => builder.append_null(),
            Self::DoubleArray(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Null(builder) => ArrayBuilder::finish(builder),
            Self::Bool(builder) => ArrayBuilder::finish(builder),
            Self::Int(builder) => ArrayBuilder::finish(builder),
            Self::Double(builder) => ArrayBuilder::finish(builder),
            Self::Str(builder) => ArrayBuilder::finish(builder),
            Self::Timestamp(builder) => ArrayBuilder::finish(builder),
            Self::Blob(builder) => ArrayBuilder::finish(builder),
            Self::IntArray(builder) => ArrayBuilder::finish(builder),
            Self::DoubleArray(builder) => ArrayBuilder::finish(builder),
        }
    }
}
