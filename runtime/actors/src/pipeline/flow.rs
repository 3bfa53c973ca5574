//! Building a pipeline, step by step, and starting it.

use std::sync::{Arc, OnceLock};

use actix::{Actor, Addr};
use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};

use super::keep::Snapshot;
use super::operator::Operator;
use super::running::Running;
use super::sink::{SinkFunction, SinkStep};
use super::source::Source;
use super::state::{OperatorStep, StateActor};
use super::watermark::with_watermarks;
use crate::Runtime;
use crate::job::{JobOptions, ResultOrder};
use crate::stage::StepExec;

/// A pipeline being described. Nothing runs before [`Dataflow::start`].
pub struct Dataflow {
    source: Source,
    steps: Vec<Planned>,
    partitions: Option<usize>,
    name: String,
    snapshot: Option<Snapshot>,
}

enum Planned {
    Watermark { column: String, lateness: i64 },
    KeyBy(Vec<String>),
    Operator(Box<dyn Fn(usize) -> Box<dyn Operator> + Send>),
    Sink(SinkFunction),
}

impl Dataflow {
    /// Begins with the batches of `source`.
    pub fn source(source: Source) -> Self {
        Self { source, steps: Vec::new(), partitions: None, name: "dataflow".to_owned(), snapshot: None }
    }

    /// How the pipeline is called in figures and errors.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Into how many partitions [`Dataflow::key_by`] sends rows; as many as there are cores, unless said.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = Some(partitions.max(1));
        self
    }

    /// Takes event time from `column`; rows may be `lateness` behind the latest, in the column's unit.
    pub fn watermark(mut self, column: impl Into<String>, lateness: i64) -> Self {
        self.steps.push(Planned::Watermark { column: column.into(), lateness });
        self
    }

    /// Brings all rows that agree in `columns` together in one partition.
    pub fn key_by<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.steps.push(Planned::KeyBy(columns.into_iter().map(Into::into).collect()));
        self
    }

    /// Runs an operator on every partition; `make` is given the partition's number.
    pub fn operator<O: Operator>(mut self, make: impl Fn(usize) -> O + Send + 'static) -> Self {
        self.steps.push(Planned::Operator(Box::new(move |partition| Box::new(make(partition)))));
        self
    }

    /// Gives every batch to `sink`, with its partition's number; called on the partition's own thread.
    pub fn sink(mut self, sink: impl Fn(usize, RecordBatch) -> Result<()> + Send + Sync + 'static) -> Self {
        self.steps.push(Planned::Sink(Arc::new(sink)));
        self
    }

    /// Begins with the operators' states of an earlier run of the same pipeline.
    pub fn restore(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// Starts the pipeline on `runtime`.
    pub fn start(self, runtime: &Runtime) -> Result<Running> {
        let mut build = Build {
            runtime,
            partitions: self.partitions.unwrap_or(runtime.cores()),
            snapshot: self.snapshot,
            states: Vec::new(),
            producers: 1,
        };
        let mut plan = self.source.into_plan(runtime.cores())?;
        for step in self.steps {
            plan = build.step(plan, step)?;
        }
        let options = JobOptions { order: ResultOrder::AsReady, ..JobOptions::named(self.name) };
        let job = runtime.submit(plan, Arc::new(TaskContext::default()), options)?;
        Ok(Running::new(job, build.states))
    }
}

/// A pipeline becoming a plan.
struct Build<'a> {
    runtime: &'a Runtime,
    partitions: usize,
    snapshot: Option<Snapshot>,
    /// Of each operator, by partition.
    states: Vec<Vec<Addr<StateActor>>>,
    /// How many producers' watermarks meet in one partition.
    producers: usize,
}

impl Build<'_> {
    fn step(&mut self, plan: Arc<dyn ExecutionPlan>, step: Planned) -> Result<Arc<dyn ExecutionPlan>> {
        match step {
            Planned::Watermark { column, lateness } => {
                self.producers = 1;
                with_watermarks(plan, &column, lateness)
            }
            Planned::KeyBy(columns) => self.key_by(plan, &columns),
            Planned::Operator(make) => self.operator(plan, make.as_ref()),
            Planned::Sink(sink) => {
                let schema = plan.schema();
                Ok(Arc::new(StepExec::new(plan, SinkStep(sink), schema)))
            }
        }
    }

    fn key_by(&mut self, plan: Arc<dyn ExecutionPlan>, columns: &[String]) -> Result<Arc<dyn ExecutionPlan>> {
        self.producers = partitions_of(&plan);
        let schema = plan.schema();
        let keys = columns.iter().map(|column| col(column, &schema)).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(RepartitionExec::try_new(plan, Partitioning::Hash(keys, self.partitions))?))
    }

    fn operator(
        &mut self,
        plan: Arc<dyn ExecutionPlan>,
        make: &dyn Fn(usize) -> Box<dyn Operator>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = partitions_of(&plan);
        let name = format!("operator {}", self.states.len());
        let schema = make(0).output_schema(&plan.schema())?;
        let operators = self.restored((0..partitions).map(make).collect())?;
        let states: Vec<_> = operators.into_iter().enumerate().map(|(at, operator)| self.start(operator, &name, at)).collect();
        self.states.push(states.clone());
        let producers = std::mem::replace(&mut self.producers, 1);
        let step = OperatorStep { name, producers, states: Arc::new(OnceLock::from(states)) };
        Ok(Arc::new(StepExec::new(plan, step, schema)))
    }

    fn restored(&self, mut operators: Vec<Box<dyn Operator>>) -> Result<Vec<Box<dyn Operator>>> {
        if let Some(snapshot) = &self.snapshot {
            let states = snapshot.of(self.states.len(), operators.len())?;
            operators.iter_mut().zip(states).try_for_each(|(operator, state)| operator.restore(state))?;
        }
        Ok(operators)
    }

    /// On the arbiter where the partition's task will run.
    fn start(&self, operator: Box<dyn Operator>, name: &str, partition: usize) -> Addr<StateActor> {
        let arbiter = self.runtime.operator_arbiter(partition);
        let name = format!("{name} on partition {partition}");
        StateActor::start_in_arbiter(&arbiter, move |_| StateActor::new(operator, name))
    }
}

fn partitions_of(plan: &Arc<dyn ExecutionPlan>) -> usize {
    plan.output_partitioning().partition_count()
}
