//! What a pipeline's operator is: batches in, batches out, told how far time has come, able to save itself.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, not_impl_err};

/// One operator on one partition. It is never called from two threads at once and may block no longer than a batch takes.
pub trait Operator: Send + 'static {
    /// The columns of what it emits, given those of what it gets.
    fn output_schema(&self, input: &SchemaRef) -> Result<SchemaRef>;

    /// A batch came.
    fn on_batch(&mut self, batch: &RecordBatch, output: &mut Output) -> Result<()>;

    /// No row with an event time before `watermark` will come any more.
    fn on_watermark(&mut self, watermark: i64, output: &mut Output) -> Result<()> {
        let _ = (watermark, output);
        Ok(())
    }

    /// Nothing will come any more.
    fn on_end(&mut self, output: &mut Output) -> Result<()> {
        let _ = output;
        Ok(())
    }

    /// Its state, for [`Operator::restore`]. An operator without state has nothing to save.
    fn snapshot(&self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Takes over a state that [`Operator::snapshot`] gave, before the first batch.
    fn restore(&mut self, state: &[u8]) -> Result<()> {
        if state.is_empty() { Ok(()) } else { not_impl_err!("this operator cannot restore a state") }
    }
}

/// Where an operator puts its batches.
#[derive(Debug, Default)]
pub struct Output {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) watermark: Option<i64>,
}

impl Output {
    /// Gives a batch to whoever is next.
    pub fn emit(&mut self, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.batches.push(batch);
        }
    }

    /// The last watermark, to tell rows that come late.
    pub fn watermark(&self) -> Option<i64> {
        self.watermark
    }
}
