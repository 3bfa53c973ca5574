//! Pipelines of operators written in Rust, on the same actors, exchanges and credit as queries.
//!
//! ```text
//! source ─► watermark ─► key_by ══ exchange ══► operator ─► ... ─► sink, or rows to read
//!                                                 │
//!                                        state actor per partition
//! ```
//!
//! An [`Operator`] takes batches in and gives batches out. After [`Dataflow::key_by`] all rows of a key meet in one
//! partition; each partition has an operator of its own, owned by an actor that outlives the task, so its state can be
//! kept ([`Running::finish`]) and given to a later run ([`Dataflow::restore`]).
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
//! use arrow::datatypes::SchemaRef;
//! use datafusion::common::Result;
//! use emberflow_actors::pipeline::{Dataflow, Operator, Output, Source};
//! use emberflow_actors::{Runtime, RuntimeOptions};
//!
//! /// Gives, at the end, how many rows it saw.
//! struct Count(i64);
//!
//! impl Operator for Count {
//!     fn output_schema(&self, _: &SchemaRef) -> Result<SchemaRef> {
//!         Ok(rows(0).schema())
//!     }
//!     fn on_batch(&mut self, batch: &RecordBatch, _: &mut Output) -> Result<()> {
//!         self.0 += batch.num_rows() as i64;
//!         Ok(())
//!     }
//!     fn on_end(&mut self, output: &mut Output) -> Result<()> {
//!         output.emit(rows(self.0));
//!         Ok(())
//!     }
//! }
//!
//! fn rows(count: i64) -> RecordBatch {
//!     RecordBatch::try_from_iter([("rows", Arc::new(Int64Array::from(vec![count])) as ArrayRef)]).unwrap()
//! }
//!
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! let users: ArrayRef = Arc::new(StringArray::from(vec!["ann", "bob", "ann"]));
//! let events = RecordBatch::try_from_iter([("user", users)])?;
//! let runtime = Runtime::start(RuntimeOptions::with_cores(2))?;
//! let mut running = Dataflow::source(Source::batches(vec![vec![events]]))
//!     .key_by(["user"])
//!     .operator(|_partition| Count(0))
//!     .start(&runtime)?;
//! let counts = running.collect_blocking()?;
//! let total: i64 = counts.iter().map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0)).sum();
//! assert_eq!(total, 3);
//! # Ok(())
//! # }
//! ```
//!
//! Not here: queries (they need no operator of yours), logs and checkpoints on disk (`streams`). Begin at [`Dataflow`].

mod flow;
mod keep;
mod operator;
mod running;
mod sink;
mod source;
mod state;
mod watermark;

pub use flow::Dataflow;
pub use keep::{OperatorState, Snapshot};
pub use operator::{Operator, Output};
pub use running::Running;
pub use source::Source;
pub(crate) use watermark::WatermarkExec;
