//! Batches into changes of items.
//!
//! | save mode | counter, columnUpdate or condition | a row becomes |
//! |---|---|---|
//! | `append` | none | APPEND |
//! | `append` | any | REPLACE; counters are increments; under its condition |
//! | the others | condition | OVERWRITE if the condition is true of no item, else nothing |
//! | the others | none | OVERWRITE |

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{Float64Type, Int64Type, Schema, TimestampMicrosecondType};

use super::{arrow_type, fields_of, of_arrow};
use crate::bulk::RowChange;
use crate::change::{Assign, Assignments, Change, UpdateMode};
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Absent, Condition};
use crate::name::KeyColumns;
use crate::options::WriteOptions;
use crate::partition;
use crate::schema::{Field, Permissions, Reconciled, Stated, TableSchema, reconcile};
use crate::value::{Kind, Value};

/// What a write does with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaveMode {
    ErrorIfExists,
    Ignore,
    Overwrite,
    Append,
}

/// How the rows of a DataFrame become changes of items. Cheap to share between tasks behind an `Arc`.
#[derive(Debug, Clone)]
pub struct WritePlan {
    schema: TableSchema,
    store_schema: bool,
    warnings: Vec<String>,
    fields: Vec<Field>,
    keys: KeyColumns,
    key: usize,
    sorting: Option<usize>,
    /// The partition columns and where they stand.
    partition: Vec<Field>,
    partition_at: Vec<usize>,
    /// Whether a column is added instead of set.
    counters: Vec<bool>,
    condition: Option<Bound>,
    mode: UpdateMode,
}

/// A condition and the columns of its `${name}`s.
#[derive(Debug, Clone)]
struct Bound {
    condition: Condition,
    columns: Vec<usize>,
    /// Whether it is judged here, against no item, because the table is new.
    of_no_item: bool,
}

impl WritePlan {
    /// Checks everything that can be checked before the first row, and decides what rows become. `stored` is the table's
    /// schema, `buckets` those of a table that is created with even distribution.
    ///
    /// Errors: those of [`reconcile`], `UnsupportedType`, `ParseError`, `InvalidOption`, `InvalidCounterType`.
    pub fn new(
        mode: SaveMode,
        options: &WriteOptions,
        frame: &Schema,
        stored: Option<&TableSchema>,
        buckets: u32,
    ) -> Result<Self> {
        let fields = fields_of(frame)?;
        let stated = Stated {
            fields: fields.clone(),
            key: options.key.clone(),
            sorting: options.sorting_key.clone(),
            even_distribution: options.even_distribution,
            partition: options.partition.clone(),
        };
        let may = Permissions {
            anew: mode == SaveMode::Overwrite,
            replace: options.allow_overwrite_schema,
            merge: options.schema_merge,
        };
        let Reconciled { schema, store } = reconcile(stored, &stated, may, buckets)?;
        let keys = schema.key.clone().unwrap_or_default();
        let at = |column: &str| place(&fields, column);
        let (key, sorting) = (at(&keys.key)?, keys.sorting.as_deref().map(at).transpose()?);
        let partition_at: Vec<usize> = schema.partition.iter().map(|column| at(column)).collect::<Result<_>>()?;
        let partition = partition_at.iter().map(|at| fields[*at].clone()).collect();
        let mut warnings = Vec::new();
        let counters = counters(mode, options, &fields, &keys, &schema.partition, &mut warnings)?;
        if options.column_update && mode != SaveMode::Append {
            warnings.push("columnUpdate is ignored: it changes append mode only".to_owned());
        }
        let condition = bound(mode, options, &fields)?;
        let changes = options.column_update || condition.is_some() || counters.contains(&true);
        let mode = match (mode, changes) {
            (SaveMode::Append, false) => UpdateMode::Append,
            (SaveMode::Append, true) => UpdateMode::Replace,
            _ => UpdateMode::Overwrite,
        };
        Ok(Self {
            schema,
            store_schema: store,
            warnings,
            fields,
            keys,
            key,
            sorting,
            partition,
            partition_at,
            counters,
            condition,
            mode,
        })
    }

    /// The schema by which it is written.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Whether that schema is to be stored.
    pub fn stores_schema(&self) -> bool {
        self.store_schema
    }

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether running a task again could apply rows twice: increments and conditions see what the first run did.
    pub fn is_idempotent(&self) -> bool {
        !self.counters.contains(&true)
    }

    /// The rows of a batch, whose columns are those of the DataFrame.
    pub fn rows<'p>(&'p self, batch: &RecordBatch) -> Result<BatchRows<'p>> {
        let columns = self.fields.iter().zip(batch.columns()).map(|(field, array)| Column::of(field, array));
        Ok(BatchRows { plan: self, columns: columns.collect::<Result<_>>()?, length: batch.num_rows(), folder: "".into() })
    }
}

fn place(fields: &[Field], column: &str) -> Result<usize> {
    let place = fields.iter().position(|field| *field.name == *column);
    place.ok_or_else(|| Error::new(ErrorName::KeyColumnMissing, format!("the DataFrame has no column {column}")))
}

fn counters(
    mode: SaveMode,
    options: &WriteOptions,
    fields: &[Field],
    keys: &KeyColumns,
    partition: &[String],
    warnings: &mut Vec<String>,
) -> Result<Vec<bool>> {
    let invalid = |text: String| Err(Error::new(ErrorName::InvalidOption, text));
    for column in &options.counters {
        let Some(field) = fields.iter().find(|field| *field.name == **column) else {
            return invalid(format!("the DataFrame has no column {column} to count"));
        };
        if keys.key == *column || keys.sorting.as_ref() == Some(column) || partition.contains(column) {
            return invalid(format!("column {column} is part of the key or the partition and cannot be a counter"));
        }
        if !field.kind.is_some_and(Kind::is_number) {
            let kind = field.kind.map_or("null", Kind::schema_text);
            let text = format!("column {column} is a {kind}, and only numbers are counted");
            return Err(Error::new(ErrorName::InvalidCounterType, text));
        }
    }
    if mode != SaveMode::Append {
        if !options.counters.is_empty() {
            warnings.push("counter changes append mode only: the plain values are stored".to_owned());
        }
        return Ok(vec![false; fields.len()]);
    }
    Ok(fields.iter().map(|field| options.counters.iter().any(|counter| **counter == *field.name)).collect())
}

fn bound(mode: SaveMode, options: &WriteOptions, fields: &[Field]) -> Result<Option<Bound>> {
    let condition = Condition::parse(&options.condition)?;
    if condition.is_empty() {
        return Ok(None);
    }
    let column = |parameter: &crate::expression::Parameter| {
        let place = fields.iter().position(|field| field.name == parameter.name);
        place.ok_or_else(|| {
            Error::parse(parameter.position, format!("the DataFrame has no column {} for ${{{0}}}", parameter.name))
        })
    };
    let columns = condition.parameters().iter().map(column).collect::<Result<_>>()?;
    Ok(Some(Bound { columns, condition, of_no_item: mode != SaveMode::Append }))
}

/// A column as it is stored: the type is chosen once for all its values.
enum Column {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Double(Float64Array),
    Str(StringArray),
    Timestamp(TimestampMicrosecondArray),
    Blob(BinaryArray),
    IntArray(ListArray),
    DoubleArray(ListArray),
}

impl Column {
    fn of(field: &Field, array: &ArrayRef) -> Result<Self> {
        let Some(kind) = field.kind else { return Ok(Self::Null) };
        let array = cast(array, &arrow_type(Some(kind))).map_err(of_arrow)?;
        Ok(match kind {
            Kind::Bool => Self::Bool(array.as_boolean().clone()),
            Kind::Int => Self::Int(array.as_primitive::<Int64Type>().clone()),
            Kind::Double => Self::Double(array.as_primitive::<Float64Type>().clone()),
            Kind::Str => Self::Str(array.as_string().clone()),
            Kind::Timestamp => Self::Timestamp(array.as_primitive::<TimestampMicrosecondType>().clone()),
            Kind::Blob => Self::Blob(array.as_binary().clone()),
            Kind::IntArray => Self::IntArray(array.as_list().clone()),
            Kind::DoubleArray => Self::DoubleArray(array.as_list().clone()),
        })
    }

    /// The value of a row; none for null. `UnsupportedType` for an array with a null in it, the only thing that a type does
    /// not tell.
    fn value(&self, row: usize) -> Result<Option<Value>> {
        let there = |array: &dyn Array| !array.is_null(row);
        Ok(match self {
            Self::Bool(array) if there(array) => Some(Value::Bool(array.value(row))),
            Self::Int(array) if there(array) => Some(Value::Int(array.value(row))),
            Self::Double(array) if there(array) => Some(Value::Double(array.value(row))),
            Self::Str(array) if there(array) => Some(Value::Str(array.value(row).to_owned())),
            Self::Timestamp(array) if there(array) => {
                let micros = array.value(row);
                let nanos = micros.rem_euclid(1_000_000) as u32 * 1000;
                Some(Value::Timestamp { secs: micros.div_euclid(1_000_000), nanos })
            }
            Self::Blob(array) if there(array) => Some(Value::Blob(array.value(row).to_vec())),
            Self::IntArray(array) if there(array) => {
                let numbers = elements(array, row)?;
                Some(Value::IntArray(numbers.as_primitive::<Int64Type>().values().to_vec()))
            }
            Self::DoubleArray(array) if there(array) => {
                let numbers = elements(array, row)?;
                Some(Value::DoubleArray(numbers.as_primitive::<Float64Type>().values().to_vec()))
            }
            _ => None,
        })
    }
}

fn elements(array: &ListArray, row: usize) -> Result<ArrayRef> {
    let elements = array.value(row);
    match elements.null_count() {
        0 => Ok(elements),
        _ => Err(Error::new(ErrorName::UnsupportedType, "an array with a null in it cannot be stored")),
    }
}

/// The rows of a batch.
pub struct BatchRows<'p> {
    plan: &'p WritePlan,
    columns: Vec<Column>,
    length: usize,
    /// The folder of the row before: rows of one folder often follow each other.
    folder: Arc<str>,
}

impl BatchRows<'_> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The change of a row below [`BatchRows::len`]; none if its condition already is not true. `InvalidKeyValue`,
    /// `UnsupportedType`.
    pub fn change(&mut self, row: usize) -> Result<Option<RowChange>> {
        let plan = self.plan;
        let mut values: Vec<Option<Value>> = self.columns.iter().map(|column| column.value(row)).collect::<Result<_>>()?;
        let key = plan.keys.name(values[plan.key].as_ref(), plan.sorting.and_then(|at| values[at].as_ref()))?;
        let condition = match &plan.condition {
            None => None,
            Some(bound) => {
                let condition = bound.condition.bind_row(bound.columns.iter().map(|at| values[*at].clone()));
                match (bound.of_no_item, bound.of_no_item && condition.passes(&Absent)) {
                    (true, false) => return Ok(None),
                    (true, true) => None,
                    (false, _) => Some(condition),
                }
            }
        };
        if !plan.partition.is_empty() {
            let parts: Vec<Option<Value>> = plan.partition_at.iter().map(|at| values[*at].clone()).collect();
            let folder = partition::directory(&plan.partition, &parts)?;
            if folder != *self.folder {
                self.folder = folder.into();
            }
        }
        let mut attributes = Assignments::with_capacity(values.len());
        for ((field, value), counts) in plan.fields.iter().zip(values.drain(..)).zip(&plan.counters) {
            let assign = match (value, counts) {
                (Some(step), true) => Assign::Increment(step),
                (Some(value), false) => Assign::Set(value),
                (None, false) if plan.mode == UpdateMode::Replace => Assign::Null,
                (None, _) => continue,
            };
            attributes.push((Arc::clone(&field.name), assign));
        }
        let change = Change::Write { mode: plan.mode, attributes, condition };
        Ok(Some(RowChange { directory: Arc::clone(&self.folder), key, change }))
    }
}
