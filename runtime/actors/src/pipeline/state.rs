//! The state actor: owns one operator on one partition and outlives the task that feeds it.
//!
//! ```text
//! task ── Apply(batch | watermark | end) ──► state actor ── batches ──► task
//! ```
//!
//! The task waits for each answer before it sends the next input, which is all the credit there is between the two.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use actix::{Actor, Addr, Context, Handler};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use emberflow_base::Error;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::oneshot;

use super::operator::{Operator, Output};
use crate::exchange::{Mark, Watermarks};
use crate::job::external;
use crate::stage::{At, Step};

/// See the module.
pub(super) struct StateActor {
    operator: Box<dyn Operator>,
    name: String,
    watermark: Option<i64>,
}

/// What an operator is given.
#[derive(Debug)]
pub(super) enum Input {
    Batch(RecordBatch),
    Watermark(i64),
    End,
}

/// One input, answered with what the operator emits.
#[derive(Debug)]
pub(super) struct Apply {
    input: Input,
    answer: oneshot::Sender<Result<Vec<RecordBatch>>>,
}

/// Answered with the operator's state.
#[derive(Debug)]
pub(super) struct Save {
    pub answer: oneshot::Sender<Result<Vec<u8>>>,
}

messages!(Apply, Save);

impl StateActor {
    pub fn new(operator: Box<dyn Operator>, name: String) -> Self {
        Self { operator, name, watermark: None }
    }

    fn apply(&mut self, input: Input) -> Result<Vec<RecordBatch>> {
        if let Input::Watermark(watermark) = input {
            self.watermark = Some(watermark);
        }
        let mut output = Output { batches: Vec::new(), watermark: self.watermark };
        match input {
            Input::Batch(batch) => self.operator.on_batch(&batch, &mut output),
            Input::Watermark(watermark) => self.operator.on_watermark(watermark, &mut output),
            Input::End => self.operator.on_end(&mut output),
        }?;
        Ok(output.batches)
    }
}

impl Actor for StateActor {
    type Context = Context<Self>;
}

impl Handler<Apply> for StateActor {
    type Result = ();

    fn handle(&mut self, Apply { input, answer }: Apply, _: &mut Self::Context) {
        let applied = catch_unwind(AssertUnwindSafe(|| self.apply(input)));
        let _ = answer.send(applied.unwrap_or_else(|panic| Err(panicked(&self.name, panic.as_ref()))));
    }
}

impl Handler<Save> for StateActor {
    type Result = ();

    fn handle(&mut self, Save { answer }: Save, _: &mut Self::Context) {
        let saved = catch_unwind(AssertUnwindSafe(|| self.operator.snapshot()));
        let _ = answer.send(saved.unwrap_or_else(|panic| Err(panicked(&self.name, panic.as_ref()))));
    }
}

fn panicked(name: &str, panic: &(dyn Any + Send)) -> datafusion::common::DataFusionError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
    external(Error::internal(format!("{name} panicked: {text}")))
}

/// Feeds the state actors of one operator.
pub(super) struct OperatorStep {
    pub name: String,
    /// How many producers' watermarks reach each partition.
    pub producers: usize,
    pub states: Arc<OnceLock<Vec<Addr<StateActor>>>>,
}

impl fmt::Debug for OperatorStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Step for OperatorStep {
    fn name(&self) -> &'static str {
        "OperatorExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let At { partition, schema, .. } = at;
        let state = self.states.get().and_then(|states| states.get(partition)).cloned();
        let state = state.ok_or_else(|| internal_datafusion_err!("{} has no state actor", self.name))?;
        let feed = Feed { input, state, watermarks: Watermarks::new(self.producers), schema: schema.clone() };
        let outputs = futures::stream::try_unfold(Some(feed), |feed| async move {
            match feed {
                Some(feed) => feed.step().await.map(Some),
                None => Ok(None),
            }
        });
        let batches = outputs.map_ok(|batches| futures::stream::iter(batches).map(Ok)).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// One partition's way through its operator.
struct Feed {
    input: SendableRecordBatchStream,
    state: Addr<StateActor>,
    watermarks: Watermarks,
    schema: SchemaRef,
}

impl Feed {
    /// Takes one input to the operator; what it emitted, and the feed unless that was the end.
    async fn step(mut self) -> Result<(Vec<RecordBatch>, Option<Self>)> {
        let Some(batch) = self.input.next().await.transpose()? else {
            return Ok((self.ask(Input::End).await?, None));
        };
        let batches = match Mark::of(&batch) {
            None => self.ask(Input::Batch(batch)).await?,
            Some(mark) => self.on_mark(mark).await?,
        };
        Ok((batches, Some(self)))
    }

    /// A watermark the operator has seen goes on behind what it emitted because of it.
    async fn on_mark(&mut self, mark: Mark) -> Result<Vec<RecordBatch>> {
        let Some(watermark) = self.watermarks.on(mark) else { return Ok(Vec::new()) };
        let mut batches = self.ask(Input::Watermark(watermark)).await?;
        batches.push(Mark::at(watermark).to_batch(&self.schema));
        Ok(batches)
    }

    async fn ask(&mut self, input: Input) -> Result<Vec<RecordBatch>> {
        let (answer, asked) = oneshot::channel();
        self.state.do_send(Apply { input, answer });
        asked.await.map_err(|_| internal_datafusion_err!("a state actor is gone"))?
    }
}
