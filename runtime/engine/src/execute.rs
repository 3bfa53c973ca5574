//! From a relation to rows: analysis on a thread that may block, planning, then a job of actors.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_actors::{JobHandle, JobOptions};
use emberflow_analyzer::{Analyzed, analyze};
use emberflow_base::{Error, Result};
use emberflow_connect::backend::{Jobs, Observed, Operation, OperatorMetrics, Progress, Rows, StageProgress, Watch};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::tree::{Relation, RelationKind, Statement};
use futures::{Stream, StreamExt, TryStreamExt};

use crate::environment::SessionEnvironment;
use crate::session::Session;

tokio::task_local! {
    /// The jobs of the operation that is being carried out.
    pub(crate) static JOBS: Jobs;
}

/// All rows of a result.
pub(crate) async fn collect(rows: Rows) -> Result<Vec<RecordBatch>> {
    rows.batches.try_collect().await
}

impl Session {
    /// Runs a relation.
    pub(crate) async fn query(&self, relation: Relation, operation: Operation) -> Result<Rows> {
        match &*relation.kind {
            RelationKind::ShowString { input, rows, truncate, vertical } => {
                self.show_string(input.clone(), *rows, *truncate, *vertical).await
            }
            RelationKind::HtmlString { input, rows, truncate } => self.html_string(input.clone(), *rows, *truncate).await,
            RelationKind::Tail { input, limit } => self.tail(input.clone(), limit.clone()).await,
            RelationKind::Catalog(operation) => Box::pin(self.catalog_operation(operation.clone())).await,
            RelationKind::Sql { text, named, positional } => match self.parsed(text, named, positional)? {
                Statement::Command(command) => Box::pin(self.rows_of_command(command, operation)).await,
                Statement::Query(_) => self.plain_query(relation).await,
            },
            RelationKind::Command(command) => Box::pin(self.rows_of_command((**command).clone(), operation)).await,
            _ => self.plain_query(relation).await,
        }
    }

    async fn plain_query(&self, relation: Relation) -> Result<Rows> {
        let analyzed = self.ready(relation).await?;
        self.run(analyzed, "query").await
    }

    /// Resolves a relation on a thread that may block (files are listed, footers read).
    pub(crate) async fn analyzed(&self, relation: Relation) -> Result<Analyzed> {
        self.blocking(move |environment| analyze(environment, &relation)).await
    }

    /// Resolves a relation that is about to run: what is kept of it is read instead of computed.
    pub(crate) async fn ready(&self, relation: Relation) -> Result<Analyzed> {
        self.ready_shared(Arc::new(relation)).await
    }

    /// The same; a copy of a deep relation would take a deep stack.
    pub(crate) async fn ready_shared(&self, relation: Arc<Relation>) -> Result<Analyzed> {
        self.over_kept(move |environment| analyze(environment, &relation)).await
    }

    /// Resolves with what is kept in place of what it was made of.
    pub(crate) async fn over_kept<T: Send + 'static>(
        &self,
        resolve: impl Fn(&SessionEnvironment) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let resolve = Arc::new(resolve);
        if !self.shared.cache.is_empty() {
            let again = Arc::clone(&resolve);
            let read = self.with_environment(true, move |environment| again(environment)).await;
            // A column that only the plan below a kept one has (`kept.orderBy("dropped")`) is found there.
            if read.is_ok() {
                return read;
            }
        }
        self.blocking(move |environment| resolve(environment)).await
    }

    /// Runs blocking work with the session's environment.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SessionEnvironment) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with_environment(false, work).await
    }

    async fn with_environment<T: Send + 'static>(
        &self,
        will_run: bool,
        work: impl FnOnce(&SessionEnvironment) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = self.clone();
        let handle = self.engine.tokio().clone();
        handle
            .spawn_blocking(move || work(&SessionEnvironment::new(&session, will_run)))
            .await
            .map_err(|panic| Error::internal(format!("planning ended abnormally: {panic}")))?
    }

    /// Optimizes and plans.
    pub(crate) async fn physical(&self, analyzed: &Analyzed) -> Result<Arc<dyn ExecutionPlan>> {
        let state = self.planning_state(&analyzed.plan);
        state.create_physical_plan(&analyzed.plan).await.map_err(from_datafusion)
    }

    /// What `plan` is planned with. Where it can tell how rows lie in partitions, nothing may deal them anew, and local
    /// rows are dealt as Spark deals them.
    pub(crate) fn planning_state(&self, plan: &LogicalPlan) -> SessionState {
        let mut state = self.engine.context.state();
        if emberflow_analyzer::sees_partitions(plan) {
            state.config_mut().options_mut().optimizer.enable_round_robin_repartition = false;
            state.config_mut().set_extension(Arc::new(emberflow_sources::local::SeenPartitions));
        }
        state
    }

    /// Plans and starts a job.
    pub(crate) async fn run(&self, analyzed: Analyzed, name: &str) -> Result<Rows> {
        let physical = self.physical(&analyzed).await?;
        self.submit(physical, analyzed, name)
    }

    /// The rows of a SQL query computed by DataFusion's own scheduler instead of actors; for comparisons only.
    #[doc(hidden)]
    pub fn collect_on_datafusion(&self, text: &str) -> Result<Vec<RecordBatch>> {
        let kind = RelationKind::Sql { text: text.to_owned(), named: Vec::new(), positional: Vec::new() };
        let relation = Relation::new(kind);
        self.block_on(async {
            let analyzed = self.ready(relation).await?;
            let physical = self.physical(&analyzed).await?;
            let context = self.engine.context.task_ctx();
            let work = datafusion::physical_plan::collect(physical, context);
            let done = tokio::spawn(work).await.map_err(|panic| Error::internal(panic.to_string()))?;
            done.map_err(from_datafusion)
        })
    }

    pub(crate) fn submit(&self, physical: Arc<dyn ExecutionPlan>, analyzed: Analyzed, name: &str) -> Result<Rows> {
        let context = self.engine.context.task_ctx();
        let observed = crate::physical::observations(&physical);
        let physical = self.engine.fault.over(physical)?;
        let gathers_in_order = emberflow_analyzer::sees_partitions(&analyzed.plan);
        let options = JobOptions { gathers_in_order, ..JobOptions::named(name) };
        let job = self.engine.actors.submit(physical, context, options).map_err(from_datafusion)?;
        let watch: Arc<dyn Watch> = Arc::new(JobWatch { handle: job.handle(), observed });
        // Outside of an operation of a client nobody asks.
        let _ = JOBS.try_with(|jobs| jobs.add(watch.clone()));
        let batches = JobRows { job }.boxed();
        Ok(Rows { schema: analyzed.schema, batches, watch })
    }
}

/// A job's batches as a stream; dropping it cancels the job.
struct JobRows {
    job: emberflow_actors::Job,
}

impl Stream for JobRows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.job).poll_next(context).map(|next| next.map(|batch| batch.map_err(from_datafusion)))
    }
}

struct JobWatch {
    handle: JobHandle,
    observed: Vec<Arc<crate::physical::Observed>>,
}

impl Watch for JobWatch {
    fn progress(&self) -> Progress {
        let progress = self.handle.progress();
        let stages: Vec<StageProgress> = progress
            .stages
            .iter()
            .map(|stage| StageProgress {
                stage_id: stage.id as i64,
                tasks: stage.tasks as i64,
                tasks_completed: stage.completed_tasks as i64,
                input_bytes_read: stage.input_bytes as i64,
                done: stage.done,
            })
            .collect();
        let open = stages.iter().filter(|stage| !stage.done).map(|stage| stage.tasks - stage.tasks_completed).sum();
        Progress { stages, tasks_in_flight: if progress.done { 0 } else { open } }
    }

    fn metrics(&self) -> Vec<OperatorMetrics> {
        use emberflow_actors::Unit;
        let kind = |unit: &Unit| match unit {
            Unit::Count => "sum",
            Unit::Bytes => "size",
            Unit::Nanoseconds => "nsTiming",
        };
        self.handle
            .metrics()
            .iter()
            .map(|operator| OperatorMetrics {
                name: operator.name.clone(),
                plan_id: operator.plan_id as i64,
                parent: operator.parent.map_or(-1, |parent| parent as i64),
                values: operator
                    .figures
                    .iter()
                    .map(|figure| (figure.name.clone(), (figure.value as i64, kind(&figure.unit).to_owned())))
                    .collect(),
            })
            .collect()
    }

    fn observed(&self) -> Vec<Observed> {
        let one = |observed: &Arc<crate::physical::Observed>| Observed {
            name: observed.name.clone(),
            plan_id: observed.plan_id,
            result: observed.figures(),
        };
        self.observed.iter().map(one).collect()
    }

    fn cancel(&self) {
        self.handle.cancel();
    }
}
