//! A reader of an operation: from the log to the call's responses.
//!
//! Sends what stands at its position, waits for what comes, and ends with the operation, with its own time and size
//! (the client then comes back), when another reader has come, or when the door has gone.
//! Not here: who may attach (`service::execute`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use tokio::sync::{mpsc, watch};

use super::Operation;
use super::log::{End, Next};
use crate::rpc::Status;

/// A reattachable stream ends by itself after this; the client comes back for the rest.
const STREAM_TIME_MAX: Duration = Duration::from_secs(120);
const STREAM_BYTES_MAX: usize = 1 << 30;

/// A place in an operation's responses, owned by one reader.
pub(crate) struct Attachment {
    operation: Arc<Operation>,
    reader: u64,
    position: u64,
    since: Duration,
    bytes: usize,
}

/// How a reader's stream ends.
pub(crate) enum Parting {
    /// Nothing more to say.
    Finished,
    /// To be said to the client as an error.
    Failed(Error),
    /// The client is to come back.
    Pause,
    /// Nobody listens any more.
    Gone,
}

impl Operation {
    /// Becomes the reader, after the response called `last` or from the first one.
    pub(crate) fn attach(self: &Arc<Self>, last: Option<&str>) -> Result<Attachment> {
        let (reader, position) = self.change(|state| {
            let position = match last {
                Some(last) => state.log.position_after(last)?,
                None => state.log.start()?,
            };
            state.reader += 1;
            state.alone_since = None;
            Ok::<_, Error>((state.reader, position))
        })?;
        Ok(Attachment { operation: self.clone(), reader, position, since: self.world.elapsed(), bytes: 0 })
    }
}

impl Attachment {
    /// Reads until the stream has to end, and says why.
    pub(crate) async fn deliver(mut self, responses: &mpsc::Sender<Result<Bytes, Status>>) -> Parting {
        let mut changes = self.operation.changes.subscribe();
        loop {
            if let Some(parting) = self.over() {
                return self.part(parting);
            }
            let parting = match self.next() {
                Next::Response(response) => self.send(response, responses, &mut changes).await,
                Next::Wait => wait(responses, &mut changes).await,
                Next::End(End::Complete) => Some(Parting::Finished),
                Next::End(End::Failed(why)) => Some(Parting::Failed(why)),
                Next::Gone => Some(Parting::Failed(self.not_available())),
            };
            if let Some(parting) = parting {
                return self.part(parting);
            }
        }
    }

    /// Reasons to end that do not depend on what comes next.
    fn over(&self) -> Option<Parting> {
        if self.operation.state.lock().reader != self.reader {
            return Some(Parting::Failed(Error::new("INVALID_CURSOR.DISCONNECTED")));
        }
        let elapsed = self.operation.world.elapsed().saturating_sub(self.since);
        let long = elapsed >= STREAM_TIME_MAX || self.bytes >= STREAM_BYTES_MAX;
        (long && self.operation.identity.reattachable).then_some(Parting::Pause)
    }

    fn next(&self) -> Next {
        self.operation.state.lock().log.at(self.position)
    }

    async fn send(
        &mut self,
        response: Bytes,
        responses: &mpsc::Sender<Result<Bytes, Status>>,
        changes: &mut watch::Receiver<()>,
    ) -> Option<Parting> {
        let permit = tokio::select! {
            permit = responses.reserve() => permit,
            // Look again: another reader may have come, or the time be over.
            _ = changes.changed() => return None,
        };
        let Ok(permit) = permit else { return Some(Parting::Gone) };
        self.bytes += response.len();
        permit.send(Ok(response));
        let position = self.position;
        self.operation.change(|state| state.log.mark_sent(position));
        self.position += 1;
        None
    }

    fn part(self, parting: Parting) -> Parting {
        let now = self.operation.world.elapsed();
        self.operation.change(|state| {
            if state.reader == self.reader {
                state.alone_since = Some(now);
            }
        });
        parting
    }

    fn not_available(&self) -> Error {
        Error::new("INVALID_CURSOR.POSITION_NOT_AVAILABLE").with("responseId", "").with("index", self.position.to_string())
    }
}

async fn wait(responses: &mpsc::Sender<Result<Bytes, Status>>, changes: &mut watch::Receiver<()>) -> Option<Parting> {
    tokio::select! {
        changed = changes.changed() => changed.err().map(|_| Parting::Gone),
        () = responses.closed() => Some(Parting::Gone),
    }
}
