//! What the actors of a job, its reader and its handles have in common.
//!
//! Small and passive: flags, counters and the job's end. Decisions are the driver's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::common::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_base::World;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use super::end::{End, canceled_error};
use super::metrics::{OperatorMetrics, metrics_of};
use super::progress::{Progress, StageFigures};
use crate::figures::{ActorFigures, ActorKind, Gauge};

/// See the module.
pub(crate) struct JobShared {
    pub id: u64,
    pub name: String,
    pub world: Arc<dyn World>,
    over: Arc<AtomicBool>,
    end: Mutex<Option<End>>,
    reader: AtomicWaker,
    stages: Vec<StageFigures>,
    gauges: Mutex<Vec<Arc<Gauge>>>,
    plan: Mutex<PlanOrMetrics>,
}

/// A finished job keeps its numbers, not its plan: that may hold hash tables and cached rows.
enum PlanOrMetrics {
    Plan(Arc<dyn ExecutionPlan>),
    Metrics(Vec<OperatorMetrics>),
}

impl JobShared {
    /// `over` is the flag the job's plan was cut with.
    pub fn new(
        id: u64,
        name: String,
        world: Arc<dyn World>,
        stages: Vec<StageFigures>,
        plan: Arc<dyn ExecutionPlan>,
        over: Arc<AtomicBool>,
    ) -> Self {
        Self {
            id,
            name,
            world,
            over,
            end: Mutex::new(None),
            reader: AtomicWaker::new(),
            stages,
            gauges: Mutex::new(Vec::new()),
            plan: Mutex::new(PlanOrMetrics::Plan(plan)),
        }
    }

    /// Ends the job; only the first end counts.
    pub fn end(&self, end: End) {
        let mut slot = self.end.lock();
        if slot.is_none() {
            *slot = Some(end);
            drop(slot);
            self.freeze();
        }
        self.over.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Nothing more needs to be computed.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The job has its end, good or bad.
    pub fn has_end(&self) -> bool {
        self.end.lock().is_some()
    }

    /// The job was cancelled or failed.
    pub fn is_broken(&self) -> bool {
        matches!(*self.end.lock(), Some(End::Canceled | End::Failed { .. }))
    }

    /// The error for the job's reader, if it ended badly.
    pub fn take_error(&self) -> Option<DataFusionError> {
        self.end.lock().as_mut().and_then(End::take_error)
    }

    /// What went wrong, for people.
    pub fn error_text(&self) -> Option<String> {
        match &*self.end.lock() {
            Some(End::Failed { text, .. }) => Some(text.clone()),
            Some(End::Canceled) => Some(canceled_error().to_string()),
            Some(End::Succeeded) | None => None,
        }
    }

    /// What a task that goes on too long is told; nobody reads it.
    pub fn why_over(&self) -> DataFusionError {
        canceled_error()
    }

    /// Wakes `waker` when the job ends.
    pub fn watch(&self, waker: &std::task::Waker) {
        self.reader.register(waker);
    }

    pub fn task_ended(&self, stage: usize) {
        self.stages[stage].task_ended();
    }

    pub fn stage_done(&self, stage: usize) {
        self.stages[stage].set_done();
    }

    /// A new gauge of this job.
    pub fn gauge(&self, kind: ActorKind, name: String) -> Arc<Gauge> {
        let gauge = Arc::new(Gauge::new(self.id, kind, name));
        self.gauges.lock().push(gauge.clone());
        gauge
    }

    /// The gauge of a task, the same for every attempt.
    pub fn task_gauge(&self, stage: usize, task: usize, label: &str) -> Arc<Gauge> {
        let name = task_name(stage, task, label);
        let known = self.gauges.lock().iter().find(|gauge| gauge.kind() == ActorKind::Operator && gauge.name() == name).cloned();
        known.unwrap_or_else(|| self.gauge(ActorKind::Operator, name))
    }

    pub fn figures(&self) -> Vec<ActorFigures> {
        self.gauges.lock().iter().map(|gauge| gauge.read()).collect()
    }

    pub fn progress(&self) -> Progress {
        Progress { stages: self.stages.iter().map(StageFigures::read).collect(), done: self.has_end() }
    }

    pub fn metrics(&self) -> Vec<OperatorMetrics> {
        match &*self.plan.lock() {
            PlanOrMetrics::Plan(plan) => metrics_of(plan),
            PlanOrMetrics::Metrics(metrics) => metrics.clone(),
        }
    }

    /// Since some fixed moment, in nanoseconds.
    pub fn now_ns(&self) -> u64 {
        nanos(self.world.elapsed())
    }

    fn freeze(&self) {
        let metrics = self.metrics();
        let plan = std::mem::replace(&mut *self.plan.lock(), PlanOrMetrics::Metrics(metrics));
        drop(plan);
        self.stages.iter().for_each(StageFigures::freeze);
    }
}

/// How a task is called in figures and errors.
pub(crate) fn task_name(stage: usize, task: usize, label: &str) -> String {
    format!("stage {stage} ({label}) task {task}")
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}
