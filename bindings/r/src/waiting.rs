//! Waiting for an answer without losing R's prompt.
//!
//!     R's thread:      [ wait 20 ms ] [ Ctrl-C? ] [ wait 20 ms ] [ Ctrl-C? ] ...
//!     other threads:   the future runs ───────────────────────────► answer
//!
//! R's thread alone touches R; it looks for an interrupt between slices and gives up at once when there is one.
//! Dropping the future is what cancels it, so cancelling needs no word to whoever computes.
//! Not here: telling a remote server to stop (`session::Session::interrupt`). Begin at [`wait`].

use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::failure::{Failure, Result};
use crate::r_api::interrupt_pending;

const SLICE: Duration = Duration::from_millis(20);
const THREADS: usize = 2;
// Plans nest as deep as scripts chain verbs, and encoding walks them; only touched pages cost memory.
const STACK: usize = 128 << 20;

/// The threads that talk to servers and carry batches; they compute nothing themselves.
pub fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("emberflow-r")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
    });
    started.as_ref().map_err(|error| Failure::internal(format!("no thread could be started: {error}")))
}

/// Waits for `future` on R's thread. `between` runs after every slice (for progress). An interrupt drops the future.
pub fn wait_with<T: Send + 'static>(
    future: impl Future<Output = Result<T>> + Send + 'static,
    mut between: impl FnMut(),
) -> Result<T> {
    let (done, answer) = sync_channel(1);
    let task = runtime()?.spawn(async move {
        let _ = done.send(future.await);
    });
    loop {
        match answer.recv_timeout(SLICE) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::internal("the task behind a call has died")),
            Err(RecvTimeoutError::Timeout) if interrupt_pending() => {
                task.abort();
                return Err(Failure::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) => between(),
        }
    }
}

/// [`wait_with`] nothing to do in between.
pub fn wait<T: Send + 'static>(future: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    wait_with(future, || {})
}
