//! How far a job is: stages, their tasks, and what their sources have read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;

/// A job at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub stages: Vec<StageProgress>,
    pub done: bool,
}

/// A stage at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageProgress {
    pub id: usize,
    /// The operators of the stage, topmost first.
    pub label: String,
    pub tasks: usize,
    pub completed_tasks: usize,
    /// Rows that came out of its sources.
    pub input_rows: u64,
    /// Bytes its sources read: of the files where the source says so, else of the rows in memory.
    pub input_bytes: u64,
    pub done: bool,
}

impl Progress {
    /// Tasks of all stages.
    pub fn tasks(&self) -> usize {
        self.stages.iter().map(|stage| stage.tasks).sum()
    }

    /// Tasks that have ended.
    pub fn completed_tasks(&self) -> usize {
        self.stages.iter().map(|stage| stage.completed_tasks).sum()
    }
}

/// What came out of one source so far.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    rows: AtomicU64,
    bytes: AtomicU64,
    plan: Mutex<Option<Arc<dyn ExecutionPlan>>>,
}

/// The counters behind [`StageProgress`].
#[derive(Debug)]
pub(crate) struct StageFigures {
    id: usize,
    label: String,
    tasks: usize,
    completed: AtomicUsize,
    done: AtomicBool,
    leaves: Vec<Arc<Leaf>>,
}

impl Leaf {
    pub fn of(plan: Arc<dyn ExecutionPlan>) -> Self {
        Self { plan: Mutex::new(Some(plan)), ..Self::default() }
    }

    pub fn count(&self, rows: usize, bytes: usize) {
        self.rows.fetch_add(rows as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn bytes(&self) -> u64 {
        let scanned = self.plan.lock().as_ref().and_then(bytes_scanned);
        scanned.unwrap_or_else(|| self.bytes.load(Relaxed))
    }

    /// Keeps the number, lets the plan go.
    fn freeze(&self) {
        let bytes = self.bytes();
        self.bytes.store(bytes, Relaxed);
        let plan = self.plan.lock().take();
        drop(plan);
    }
}

impl StageFigures {
    pub fn new(id: usize, label: String, tasks: usize, leaves: Vec<Arc<Leaf>>) -> Self {
        Self { id, label, tasks, completed: AtomicUsize::new(0), done: AtomicBool::new(false), leaves }
    }

    pub fn task_ended(&self) {
        if self.completed.fetch_add(1, Relaxed) + 1 >= self.tasks {
            self.set_done();
        }
    }

    pub fn set_done(&self) {
        self.done.store(true, Relaxed);
    }

    pub fn freeze(&self) {
        self.leaves.iter().for_each(|leaf| leaf.freeze());
    }

    pub fn read(&self) -> StageProgress {
        let done = self.done.load(Relaxed);
        StageProgress {
            id: self.id,
            label: self.label.clone(),
            tasks: self.tasks,
            completed_tasks: if done { self.tasks } else { self.completed.load(Relaxed).min(self.tasks) },
            input_rows: self.leaves.iter().map(|leaf| leaf.rows.load(Relaxed)).sum(),
            input_bytes: self.leaves.iter().map(|leaf| leaf.bytes()).sum(),
            done,
        }
    }
}

fn bytes_scanned(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    plan.metrics()?.sum_by_name("bytes_scanned").map(|value| value.as_usize() as u64)
}
