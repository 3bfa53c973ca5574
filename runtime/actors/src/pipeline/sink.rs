//! A sink: a function that is given every batch of a partition, inside the task that made it.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::exchange::Mark;
use crate::stage::{At, Step};

/// Called with the partition and the batch.
pub(super) type SinkFunction = Arc<dyn Fn(usize, RecordBatch) -> Result<()> + Send + Sync>;

/// See the module.
pub(super) struct SinkStep(pub SinkFunction);

impl fmt::Debug for SinkStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sink")
    }
}

impl Step for SinkStep {
    fn name(&self) -> &'static str {
        "SinkExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let At { partition, schema, .. } = at;
        let sink = self.0.clone();
        let swallowed = input.filter_map(move |batch| {
            let given = batch.and_then(|batch| if Mark::of(&batch).is_some() { Ok(()) } else { sink(partition, batch) });
            std::future::ready(given.err().map(Err))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, swallowed)))
    }
}
