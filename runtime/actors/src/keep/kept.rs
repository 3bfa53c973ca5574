//! A kept result as a whole: when its plan runs, who waits for it, when it gives memory back.
//!
//! ```text
//! Empty ── first reader ──► Filling ── all partitions complete ──► Complete
//!   ▲                          │  │                                   │
//!   ├──── failed, abandoned ───┘  └─ no room, no disk ─► DoesNotFit   │
//!   └──────────────── memory was needed, and there is no disk ────────┘
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use actix::{Actor, Addr};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::future::try_join_all;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::core::{PartitionCore, Rows, Storage};
use super::handler::{Clear, Counts, Fail, Fill, GiveBack, KeptPartition, Quit, Read};
use super::scan::KeptScanExec;
use crate::figures::{ActorFigures, ActorKind, Gauge};
use crate::job::{JobHandle, JobOptions, JobShared};
use crate::runtime::Runtime;

/// How a result is kept.
#[derive(Debug, Clone)]
pub struct KeepOptions {
    /// Shown in figures.
    pub name: String,
    /// It may lie in memory.
    pub memory: bool,
    /// It may lie on disk. With neither, it lies in memory.
    pub disk: bool,
}

/// See the module. Dropping the last one frees the rows.
pub struct Kept {
    options: KeepOptions,
    runtime: Weak<Runtime>,
    context: Arc<TaskContext>,
    properties: Arc<datafusion::physical_plan::PlanProperties>,
    partitions: Vec<Partition>,
    state: Mutex<State>,
    last_read: AtomicU64,
}

struct Partition {
    actor: Addr<KeptPartition>,
    counts: Arc<Counts>,
    gauge: Arc<Gauge>,
}

struct State {
    phase: Phase,
    /// Counts the fills, so that what a former one still says is not heard.
    fill: u64,
    complete: usize,
    waiting: usize,
    /// Let go once the rows cannot be lost any more.
    plan: Option<Arc<dyn ExecutionPlan>>,
}

enum Phase {
    Empty,
    Filling(JobHandle),
    Complete,
    DoesNotFit,
}

/// A kept result at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptFigures {
    pub partitions: usize,
    /// Partitions that are complete.
    pub complete: usize,
    pub rows: usize,
    pub memory_bytes: usize,
    pub disk_bytes: u64,
    pub is_filling: bool,
}

impl Kept {
    pub(crate) fn new(
        runtime: &Arc<Runtime>,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        options: KeepOptions,
    ) -> Arc<Self> {
        let properties = plan.properties().clone();
        let count = plan.output_partitioning().partition_count();
        let storage = Storage { memory: options.memory || !options.disk, disk: options.disk };
        let state = State { phase: Phase::Empty, fill: 0, complete: 0, waiting: 0, plan: Some(plan) };
        let kept = Arc::new_cyclic(|kept: &Weak<Self>| {
            let partition = |at: usize| {
                let counts = Arc::new(Counts::default());
                let gauge = Arc::new(Gauge::new(0, ActorKind::Kept, format!("{} partition {at}", options.name)));
                let disk = context.runtime_env().disk_manager.clone();
                let core = PartitionCore::new(storage, runtime.budget().clone(), disk);
                let actor = KeptPartition::new(core, kept.clone(), counts.clone(), gauge.clone());
                let actor = KeptPartition::start_in_arbiter(&runtime.operator_arbiter(at), move |_| actor);
                Partition { actor, counts, gauge }
            };
            Self {
                partitions: (0..count).map(partition).collect(),
                options,
                runtime: Arc::downgrade(runtime),
                context: context.clone(),
                properties,
                state: Mutex::new(state),
                last_read: AtomicU64::new(0),
            }
        });
        runtime.shelf().add(&kept);
        kept
    }

    /// A leaf that reads the rows, partitioned and ordered as the plan gave them. Filled by whoever reads first.
    pub fn scan(self: &Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let again = match (self.options.disk, &self.state.lock().plan) {
            (false, Some(plan)) => Some(reset_plan_states(plan.clone())?),
            _ => None,
        };
        Ok(Arc::new(KeptScanExec::new(self.clone(), self.properties.clone(), again)))
    }

    /// Fills it now and waits for that; a future that is dropped stops the fill.
    pub async fn fill(self: &Arc<Self>) -> Result<()> {
        self.whole(None).await.map(|_| ())
    }

    /// The numbers now.
    pub fn figures(&self) -> KeptFigures {
        let sum = |of: fn(&Counts) -> u64| self.partitions.iter().map(|partition| of(&partition.counts)).sum::<u64>();
        KeptFigures {
            partitions: self.partitions.len(),
            complete: sum(|counts| u64::from(counts.complete.load(Relaxed))) as usize,
            rows: sum(|counts| counts.rows.load(Relaxed) as u64) as usize,
            memory_bytes: sum(|counts| counts.memory_bytes.load(Relaxed) as u64) as usize,
            disk_bytes: sum(|counts| counts.disk_bytes.load(Relaxed)),
            is_filling: matches!(self.state.lock().phase, Phase::Filling(_)),
        }
    }

    /// The columns of its batches.
    pub fn schema(&self) -> SchemaRef {
        self.properties.eq_properties.schema().clone()
    }

    /// All rows are there.
    pub fn is_complete(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Complete)
    }

    pub(crate) fn actors(&self) -> impl Iterator<Item = ActorFigures> + '_ {
        self.partitions.iter().map(|partition| partition.gauge.read())
    }

    pub(super) fn last_read(&self) -> u64 {
        self.last_read.load(Relaxed)
    }

    pub(super) fn may_be_lost(&self) -> bool {
        !self.options.disk
    }

    /// A partition's rows for `reader`'s job, as soon as that partition is complete.
    pub(super) async fn rows(self: &Arc<Self>, partition: usize, reader: Option<Arc<JobShared>>) -> Result<Rows> {
        loop {
            if let Some(rows) = self.try_rows(partition, reader.clone()).await? {
                return Ok(rows);
            }
        }
    }

    /// The rows of all partitions, of one fill; `None` if they do not fit.
    pub(super) async fn whole(self: &Arc<Self>, reader: Option<Arc<JobShared>>) -> Result<Option<Vec<Rows>>> {
        loop {
            if matches!(self.state.lock().phase, Phase::DoesNotFit) {
                return Ok(None);
            }
            let all = (0..self.partitions.len()).map(|at| self.try_rows(at, reader.clone()));
            let all: Option<Vec<Rows>> = try_join_all(all).await?.into_iter().collect();
            if all.is_some() {
                return Ok(all);
            }
        }
    }

    /// `None`: what was there has been let go.
    async fn try_rows(self: &Arc<Self>, partition: usize, reader: Option<Arc<JobShared>>) -> Result<Option<Rows>> {
        self.touch();
        let mut waiting = Waiting::begin(self, reader);
        self.start_if_empty()?;
        let (answer, rows) = oneshot::channel();
        self.partitions[partition].actor.do_send(Read { answer });
        let rows = rows.await.ok().transpose();
        waiting.answered = true;
        rows
    }

    fn touch(&self) {
        if let Some(runtime) = self.runtime.upgrade() {
            self.last_read.store(runtime.now_ns(), Relaxed);
        }
    }

    fn start_if_empty(&self) -> Result<()> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Empty) {
            return Ok(());
        }
        let gone = || internal_datafusion_err!("a kept result is read after its runtime has ended");
        let runtime = self.runtime.upgrade().ok_or_else(gone)?;
        let plan = reset_plan_states(state.plan.clone().ok_or_else(gone)?)?;
        let options = JobOptions::named(format!("fill of {}", self.options.name));
        let (job, lanes) = runtime.submit_lanes(plan, self.context.clone(), options)?;
        state.fill += 1;
        state.complete = 0;
        for (partition, lane) in self.partitions.iter().zip(lanes) {
            partition.actor.do_send(Fill { lane, job: job.clone(), fill: state.fill });
        }
        state.phase = Phase::Filling(job);
        Ok(())
    }

    pub(super) fn partition_complete(&self, fill: u64) {
        let mut state = self.state.lock();
        if state.fill != fill {
            return;
        }
        state.complete += 1;
        if state.complete == self.partitions.len() {
            state.phase = Phase::Complete;
            if self.options.disk {
                state.plan = None;
            }
        }
    }

    /// The fill has failed: nobody gets any of its rows. `false`: it had been ended before.
    pub(super) fn fill_broke(&self, fill: u64, why: &Arc<DataFusionError>) -> bool {
        let first = self.end_fill(fill, Phase::Empty);
        if first {
            self.partitions.iter().for_each(|partition| partition.actor.do_send(Fail { why: why.clone(), fill }));
        }
        first
    }

    pub(super) fn does_not_fit(&self, fill: u64) {
        if self.end_fill(fill, Phase::DoesNotFit) {
            self.clear(fill);
        }
    }

    /// Ends the fill if it is still this one.
    fn end_fill(&self, fill: u64, then: Phase) -> bool {
        let mut state = self.state.lock();
        if state.fill != fill || !matches!(state.phase, Phase::Filling(_)) {
            return false;
        }
        state.fill += 1;
        if let Phase::Filling(job) = std::mem::replace(&mut state.phase, then) {
            job.cancel();
        }
        true
    }

    /// The last reader was cancelled.
    fn abandoned(&self) {
        let fill = self.state.lock().fill;
        if self.end_fill(fill, Phase::Empty) {
            self.clear(fill);
        }
    }

    fn clear(&self, fill: u64) {
        self.partitions.iter().for_each(|partition| partition.actor.do_send(Clear { fill }));
    }

    /// Gives memory back, as much as `bytes` if it has it; how much it will be. Never waits.
    pub(super) fn give_back(&self, bytes: usize) -> usize {
        if self.options.disk {
            return self.move_to_disk(bytes);
        }
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Complete) {
            return 0;
        }
        let fill = state.fill;
        state.phase = Phase::Empty;
        state.fill += 1;
        drop(state);
        let bytes = self.partitions.iter().map(|partition| partition.counts.memory_bytes.load(Relaxed)).sum();
        self.clear(fill);
        bytes
    }

    fn move_to_disk(&self, bytes: usize) -> usize {
        let mut freed = 0;
        for partition in &self.partitions {
            let held = partition.counts.memory_bytes.load(Relaxed);
            if freed >= bytes {
                break;
            }
            freed += held;
            // One that was told already counts, but is not told again.
            if held > 0 && !partition.counts.giving_back.swap(true, Relaxed) {
                partition.actor.do_send(GiveBack);
            }
        }
        freed
    }

    pub(super) fn stop(&self) {
        self.abandoned();
        self.partitions.iter().for_each(|partition| partition.actor.do_send(Quit));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("name", &self.options.name).field("figures", &self.figures()).finish()
    }
}

/// One that waits for rows. When the last one leaves because its job was cancelled, the fill stops; one that has had
/// enough leaves it running.
struct Waiting {
    kept: Arc<Kept>,
    reader: Option<Arc<JobShared>>,
    answered: bool,
}

impl Waiting {
    fn begin(kept: &Arc<Kept>, reader: Option<Arc<JobShared>>) -> Self {
        kept.state.lock().waiting += 1;
        Self { kept: kept.clone(), reader, answered: false }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.kept.state.lock();
        state.waiting -= 1;
        let last = state.waiting == 0 && matches!(state.phase, Phase::Filling(_));
        drop(state);
        if last && !self.answered && self.reader.as_ref().is_none_or(|job| job.is_broken()) {
            self.kept.abandoned();
        }
    }
}
