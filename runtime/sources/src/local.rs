//! Rows that came with a plan, as an Arrow IPC stream: matched to a schema by position, in the engine's Arrow types.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::{MemTable, TableType};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::types::{from_arrow_fields, to_arrow_schema};
use emberflow_plan::tree::LocalData;
use emberflow_plan::{DataType, StructField, StructType};

use crate::read::SourceTable;

/// The table of local data.
pub fn table(data: &LocalData) -> Result<SourceTable> {
    let (batches, given) = match &data.arrow {
        Some(bytes) => decoded(bytes)?,
        None => (Vec::new(), StructType::default()),
    };
    let schema = match &data.schema {
        Some(schema) => schema.clone(),
        None if data.arrow.is_some() => given,
        None => return Err(Error::new("CONNECT_INVALID_PLAN.FIELD_UNSET").text("Local data needs rows or a schema.")),
    };
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&positional(&schema)));
    let batches = batches.iter().map(|batch| normalised(batch, &arrow)).collect::<Result<Vec<_>>>()?;
    Ok(SourceTable { provider: Arc::new(LocalTable { schema: arrow, batches }), schema, files: Vec::new(), hidden: Vec::new() })
}

/// Set in the configuration of a query that can tell how rows lie in partitions.
pub struct SeenPartitions;

/// Rows in one partition, or dealt as Spark deals local rows: in as many even slices as there are cores, none empty.
#[derive(Debug)]
struct LocalTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl LocalTable {
    fn slices(&self, most: usize) -> Vec<Vec<RecordBatch>> {
        let rows: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        let count = rows.clamp(1, most.max(1));
        (0..count).map(|at| self.rows(at * rows / count, (at + 1) * rows / count)).collect()
    }

    fn rows(&self, from: usize, to: usize) -> Vec<RecordBatch> {
        let mut slice = Vec::new();
        let mut start = 0;
        for batch in &self.batches {
            let end = start + batch.num_rows();
            let (first, last) = (from.max(start), to.min(end));
            if first < last {
                slice.push(batch.slice(first - start, last - first));
            }
            start = end;
        }
        slice
    }
}

#[async_trait]
impl TableProvider for LocalTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        let partitions = match session.config().get_extension::<SeenPartitions>() {
            Some(_) => self.slices(session.config().target_partitions()),
            None => vec![self.batches.clone()],
        };
        let scan = MemorySourceConfig::try_new_exec(&partitions, self.schema(), projection.cloned())?;
        Ok(scan)
    }
}

/// A table over batches whose columns match `schema` by position.
pub fn from_batches(batches: Vec<RecordBatch>, schema: StructType) -> Result<SourceTable> {
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&positional(&schema)));
    let batches = batches.iter().map(|batch| normalised(batch, &arrow)).collect::<Result<Vec<_>>>()?;
    let provider = MemTable::try_new(arrow, vec![batches]).map_err(from_datafusion)?;
    Ok(SourceTable::new(Arc::new(provider), schema))
}

/// The schema with column names that cannot clash.
fn positional(schema: &StructType) -> StructType {
    let fields = schema.fields.iter().enumerate();
    StructType::new(
        fields.map(|(position, field)| StructField { name: format!("{}#{position}", field.name), ..field.clone() }).collect(),
    )
}

fn decoded(bytes: &Arc<[u8]>) -> Result<(Vec<RecordBatch>, StructType)> {
    let malformed = |error: arrow::error::ArrowError| {
        Error::new("CONNECT_INVALID_PLAN.CANNOT_PARSE").text(format!("The local data are not an Arrow stream: {error}"))
    };
    let reader = StreamReader::try_new(Cursor::new(Arc::clone(bytes)), None).map_err(malformed)?;
    let schema = reader.schema();
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(malformed)?;
    Ok((batches, from_arrow_fields(schema.fields())?))
}

/// Views, dictionaries, large and other variants become the types the engine works with.
fn normalised(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        return Err(Error::new("ASSIGNMENT_ARITY_MISMATCH")
            .with("numExpr", batch.num_columns().to_string())
            .with("numTarget", schema.fields().len().to_string()));
    }
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| converted(column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| {
        Error::new("NOT_NULL_ASSERT_VIOLATION")
            .with("walkedTypePath", "")
            .text(format!("The local data do not fit their schema: {error}"))
    })
}

fn converted(column: &ArrayRef, target: &arrow::datatypes::DataType) -> Result<ArrayRef> {
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    let options = CastOptions { safe: false, ..Default::default() };
    cast_with_options(column, target, &options).map_err(|error| {
        Error::new("CAST_INVALID_INPUT")
            .with("expression", "local data")
            .with("sourceType", column.data_type().to_string())
            .with("targetType", target.to_string())
            .text(format!("The local data do not fit their schema: {error}"))
    })
}

/// A single string column, for results that are text.
pub fn text_schema(name: &str) -> StructType {
    StructType::new(vec![StructField::new(name, DataType::String, false)])
}
