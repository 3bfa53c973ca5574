//! What can be seen of every actor: name, state, mailbox depth, credit, batches, rows, bytes, busy time, restarts.
//!
//! ```text
//! actor ── counts into ──► Gauge (atomics) ◄── read by ── Runtime::figures, Job::figures
//! ```
//!
//! A gauge is written by its actor alone and read by anyone at any time; reading costs the actor nothing.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// Decides for one job.
    Driver,
    /// Runs one chain of operators on one partition.
    Operator,
    /// Owns a buffer of an exchange.
    Partition,
    /// Owns a partition of a kept result.
    Kept,
}

/// Where an actor is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorState {
    Starting,
    Running,
    /// Has something to give and waits for credit.
    Waiting,
    Stopped,
}

/// One actor, as seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorFigures {
    pub name: String,
    pub kind: ActorKind,
    pub job: u64,
    pub state: ActorState,
    /// Data messages sent to the actor and not handled yet.
    pub mailbox: u64,
    /// Batches it may still accept.
    pub credit: u64,
    pub batches: u64,
    pub rows: u64,
    pub bytes: u64,
    pub busy: Duration,
    pub restarts: u64,
}

/// The counters behind [`ActorFigures`].
#[derive(Debug)]
pub struct Gauge {
    name: String,
    kind: ActorKind,
    job: u64,
    state: AtomicU8,
    mailbox: AtomicI64,
    credit: AtomicU64,
    batches: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    busy_ns: AtomicU64,
    restarts: AtomicU64,
}

impl Gauge {
    pub fn new(job: u64, kind: ActorKind, name: String) -> Self {
        Self {
            name,
            kind,
            job,
            state: AtomicU8::new(0),
            mailbox: AtomicI64::new(0),
            credit: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    pub fn set_state(&self, state: ActorState) {
        self.state.store(state as u8, Relaxed);
    }

    pub fn state(&self) -> ActorState {
        match self.state.load(Relaxed) {
            0 => ActorState::Starting,
            1 => ActorState::Running,
            2 => ActorState::Waiting,
            _ => ActorState::Stopped,
        }
    }

    pub fn count(&self, rows: usize, bytes: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.rows.fetch_add(rows as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub fn add_busy(&self, busy: Duration) {
        self.busy_ns.fetch_add(busy.as_nanos() as u64, Relaxed);
    }

    pub fn set_credit(&self, batches: usize) {
        self.credit.store(batches as u64, Relaxed);
    }

    pub fn mailbox_got(&self) {
        self.mailbox.fetch_add(1, Relaxed);
    }

    pub fn mailbox_took(&self) {
        self.mailbox.fetch_sub(1, Relaxed);
    }

    pub fn restarted(&self) {
        self.restarts.fetch_add(1, Relaxed);
    }

    /// The counters now.
    pub fn read(&self) -> ActorFigures {
        ActorFigures {
            name: self.name.clone(),
            kind: self.kind,
            job: self.job,
            state: self.state(),
            mailbox: self.mailbox.load(Relaxed).max(0) as u64,
            credit: self.credit.load(Relaxed),
            batches: self.batches.load(Relaxed),
            rows: self.rows.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            busy: Duration::from_nanos(self.busy_ns.load(Relaxed)),
            restarts: self.restarts.load(Relaxed),
        }
    }
}
