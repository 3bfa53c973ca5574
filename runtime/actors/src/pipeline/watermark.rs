//! Watermarks from a column: the latest event time seen, less what rows may be late.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use futures::StreamExt;

use crate::exchange::Mark;
use crate::stage::{At, Step, StepExec};

/// Puts a mark behind every batch that moves its partition's watermark.
#[derive(Debug)]
pub(crate) struct WatermarkStep {
    column: usize,
    lateness: i64,
}

/// The node of a [`WatermarkStep`].
pub(crate) type WatermarkExec = StepExec<WatermarkStep>;

/// `input` with watermarks after `column`, an integer, date or timestamp in its own unit.
pub(super) fn with_watermarks(input: Arc<dyn ExecutionPlan>, column: &str, lateness: i64) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = input.schema();
    let column = schema.index_of(column)?;
    Ok(Arc::new(WatermarkExec::new(input, WatermarkStep { column, lateness }, schema)))
}

impl Step for WatermarkStep {
    fn name(&self) -> &'static str {
        "WatermarkExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let schema = at.schema;
        let Self { column, lateness } = *self;
        let over = Mark::at(i64::MAX).to_batch(&schema);
        let mut reached = i64::MIN;
        let marked = input.flat_map(move |batch| {
            let moved = batch.as_ref().ok().and_then(|batch| {
                let watermark = latest(batch, column)?.saturating_sub(lateness);
                (watermark > reached).then(|| Mark::at(watermark).to_batch(batch.schema_ref()))
            });
            reached = moved.as_ref().and_then(Mark::of).map_or(reached, |mark| mark.watermark);
            let others = batch.as_ref().is_ok_and(|batch| Mark::of(batch).is_some());
            let batch = (!others).then_some(batch);
            futures::stream::iter([batch, moved.map(Ok)].into_iter().flatten())
        });
        // A partition that has ended holds nobody back.
        let marked = marked.chain(futures::stream::iter([Ok(over)]));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, marked)))
    }
}

fn latest(batch: &RecordBatch, column: usize) -> Option<i64> {
    let times: ArrayRef = cast(batch.column(column), &DataType::Int64).ok()?;
    max(times.as_primitive::<Int64Type>())
}
