//! One execution, from request to release.
//!
//!     run: Backend ─► rows ─► results ─► [ Log ] ─► attach: reader ─► responses
//!                               pauses ◄──┘ └──► replay for a reader that comes back
//!
//! A reattachable operation outlives its reader; any other ends with it. There is one reader at a time: a new one ends
//! the old one's stream. Memory is bounded by the log, however slow the reader.
//!
//! Not here: which operations exist (`session`), RPCs (`service`). Begin at [`Operation`].

pub(crate) mod attach;
pub(crate) mod log;
pub(crate) mod run;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::{Error, Result, World};
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::watch;

use crate::backend::Watch;
use crate::proto::ExecutePlanResponse;
use log::{End, Limits, Log};

/// Bytes kept for replay once sent, as Spark keeps them.
const REPLAY_BYTES_MAX: usize = 10 << 20;
/// Bytes that may wait for a reader before the query pauses.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// What is said of an operation when it is made.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub session_id: String,
    pub server_side_session_id: String,
    pub operation_id: String,
    pub tags: Vec<String>,
    pub reattachable: bool,
    /// Of the plan's bytes: the same request sent again is no other operation.
    pub plan_digest: [u8; 32],
}

pub(crate) struct Operation {
    pub identity: Identity,
    world: Arc<dyn World>,
    state: Mutex<State>,
    /// Told at every change of `state`.
    changes: watch::Sender<()>,
    cancelled: watch::Sender<bool>,
}

struct State {
    log: Log,
    /// The reader that counts; those before it have been replaced.
    reader: u64,
    /// Since when nobody reads; `None`: somebody does.
    alone_since: Option<Duration>,
    /// Looks at the query once it runs.
    watch: Option<Arc<dyn Watch>>,
}

/// As GetStatus tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl Operation {
    pub(crate) fn new(identity: Identity, world: Arc<dyn World>) -> Arc<Self> {
        let replay_bytes_max = if identity.reattachable { REPLAY_BYTES_MAX } else { 0 };
        let limits = Limits { replay_bytes_max, waiting_bytes_max: WAITING_BYTES_MAX };
        let log = Log::new(world.dice(), limits);
        let alone_since = Some(world.elapsed());
        let state = Mutex::new(State { log, reader: 0, alone_since, watch: None });
        Arc::new(Self { identity, world, state, changes: watch::Sender::new(()), cancelled: watch::Sender::new(false) })
    }

    pub(crate) fn id(&self) -> &str {
        &self.identity.operation_id
    }

    /// Appends a response, when there is room for it.
    pub(crate) async fn respond(&self, response: ExecutePlanResponse) {
        self.respond_with(response, &[]).await;
    }

    /// Appends a response whose further fields are serialized already.
    pub(crate) async fn respond_with(&self, mut response: ExecutePlanResponse, more: &[u8]) {
        let mut changes = self.changes.subscribe();
        while !self.has_room() {
            if changes.changed().await.is_err() {
                return;
            }
        }
        response.session_id.clone_from(&self.identity.session_id);
        response.server_side_session_id.clone_from(&self.identity.server_side_session_id);
        response.operation_id.clone_from(&self.identity.operation_id);
        self.change(|state| {
            response.response_id = state.log.next_id();
            let mut bytes = response.encode_to_vec();
            bytes.extend_from_slice(more);
            state.log.push(Bytes::from(bytes));
        });
    }

    pub(crate) fn has_room(&self) -> bool {
        self.state.lock().log.has_room()
    }

    pub(crate) fn finish(&self, end: End) {
        self.change(|state| state.log.finish(end));
    }

    /// Stops it; whether it was still running.
    pub(crate) fn cancel(&self) -> bool {
        let watch = {
            let state = self.state.lock();
            if state.log.end().is_some() {
                return false;
            }
            state.watch.clone()
        };
        if let Some(watch) = watch {
            watch.cancel();
        }
        !self.cancelled.send_replace(true)
    }

    /// Ends once somebody has cancelled the operation.
    pub(crate) async fn until_cancelled(&self) {
        let mut cancelled = self.cancelled.subscribe();
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    pub(crate) fn watched_by(&self, watch: Arc<dyn Watch>) {
        self.change(|state| state.watch = Some(watch));
    }

    pub(crate) fn release_until(&self, response_id: &str) -> Result<()> {
        self.change(|state| state.log.release_until(response_id))
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.state.lock().log.end() {
            None => Phase::Running,
            Some(End::Complete) => Phase::Succeeded,
            Some(End::Failed(why)) if why.condition() == "OPERATION_CANCELED" => Phase::Cancelled,
            Some(End::Failed(_)) => Phase::Failed,
        }
    }

    /// How long nobody has been reading.
    pub(crate) fn alone_for(&self) -> Option<Duration> {
        let since = self.state.lock().alone_since?;
        Some(self.world.elapsed().saturating_sub(since))
    }

    /// Lets everyone who waits look at the clock.
    pub(crate) fn nudge(&self) {
        self.changes.send_replace(());
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let out = change(&mut self.state.lock());
        self.nudge();
        out
    }
}

/// The error of an operation that somebody stopped.
pub(crate) fn cancelled() -> Error {
    Error::new("OPERATION_CANCELED").text("The operation was interrupted.")
}
