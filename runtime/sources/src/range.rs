//! `range(start, end, step)`: numbers made while they are read, split over partitions as Spark splits them.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::{DataType, StructField, StructType};

use crate::read::SourceTable;

const BATCH_ROWS: i128 = 8192;

/// The table of a range, with one column `id` that is never null.
pub fn range(start: i64, end: i64, step: i64, partitions: usize) -> Result<SourceTable> {
    if step == 0 {
        return Err(Error::new("INVALID_PARAMETER_VALUE").text("The step of a range must not be 0."));
    }
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", Arrow::Int64, false)]));
    let count = element_count(start, end, step);
    let partitions = partitions.max(1) as i128;
    let parts = (0..partitions)
        .map(|part| {
            let (from, to) = (part * count / partitions, (part + 1) * count / partitions);
            let part = RangePart { schema: Arc::clone(&schema), start: i128::from(start), step: i128::from(step), from, to };
            Arc::new(part) as Arc<dyn PartitionStream>
        })
        .collect();
    let provider = StreamingTable::try_new(schema, parts).map_err(from_datafusion)?;
    let schema = StructType::new(vec![StructField::new("id", DataType::Long, false)]);
    Ok(SourceTable::new(Arc::new(provider), schema))
}

fn element_count(start: i64, end: i64, step: i64) -> i128 {
    let (start, end, step) = (i128::from(start), i128::from(end), i128::from(step));
    let span = end - start;
    if span == 0 || (span > 0) != (step > 0) { 0 } else { (span.abs() + step.abs() - 1) / step.abs() }
}

#[derive(Debug)]
struct RangePart {
    schema: SchemaRef,
    start: i128,
    step: i128,
    from: i128,
    to: i128,
}

impl PartitionStream for RangePart {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (start, step, to) = (self.start, self.step, self.to);
        let schema = Arc::clone(&self.schema);
        let mut next = self.from;
        let batches = std::iter::from_fn(move || {
            if next >= to {
                return None;
            }
            let until = (next + BATCH_ROWS).min(to);
            let numbers = Int64Array::from_iter_values((next..until).map(|index| (start + index * step) as i64));
            next = until;
            Some(RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers)]).map_err(Into::into))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}

#[cfg(test)]
mod tests {
    use super::element_count;

    #[test]
    fn counts_like_spark() {
        assert_eq!(element_count(0, 10, 3), 4);
        assert_eq!(element_count(10, 0, -3), 4);
        assert_eq!(element_count(0, 10, -1), 0);
        assert_eq!(element_count(i64::MIN, i64::MAX, i64::MAX), 3);
    }
}
