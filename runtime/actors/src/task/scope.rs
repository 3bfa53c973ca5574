//! What the operators of a task can see of it: whether to stop, and whether to let others run.
//!
//! It travels as an extension of the task's session configuration, so that our leaves and guards find it deep inside
//! DataFusion's operators. A task may run for [`SLICE`] before it lets its arbiter's other actors run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use datafusion::common::Result;
use datafusion::execution::TaskContext;

use crate::job::JobShared;

/// How long a task keeps its arbiter to itself.
const SLICE: Duration = Duration::from_millis(8);

/// See the module.
pub(crate) struct TaskScope {
    pub job: Arc<JobShared>,
    slice_began_ns: AtomicU64,
}

impl TaskScope {
    pub fn new(job: Arc<JobShared>) -> Self {
        let now = job.now_ns();
        Self { job, slice_began_ns: AtomicU64::new(now) }
    }

    /// The scope of the task `context` was made for.
    pub fn of(context: &TaskContext) -> Option<Arc<Self>> {
        context.session_config().get_extension::<Self>()
    }

    /// `context` for a task of this scope.
    pub fn enter(self: Arc<Self>, context: &TaskContext, name: String) -> TaskContext {
        let config = context.session_config().clone().with_extension(self);
        TaskContext::new(
            Some(name),
            context.session_id(),
            config,
            context.scalar_functions().clone(),
            context.higher_order_functions().clone(),
            context.aggregate_functions().clone(),
            context.window_functions().clone(),
            context.runtime_env(),
        )
    }

    /// The task has just been given the arbiter.
    pub fn begin_slice(&self) {
        self.slice_began_ns.store(self.job.now_ns(), Relaxed);
    }

    /// Gives the arbiter away for a round. Waking oneself would not do: a task woken on its own thread goes before whatever
    /// other threads have sent, thirty times over; a deferred wake comes after them.
    pub fn let_others_run<T>(&self, cx: &mut Context<'_>) -> Poll<T> {
        self.begin_slice();
        let mut once = std::pin::pin!(tokio::task::yield_now());
        if once.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// For loops of our own that would run long: lets others run when it is time, ends when the job has.
    pub async fn breathe(&self) -> Result<()> {
        if self.job.is_over() {
            return Err(self.job.why_over());
        }
        if self.slice_is_over() {
            self.begin_slice();
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The task has had the arbiter for long enough.
    pub fn slice_is_over(&self) -> bool {
        self.job.now_ns().saturating_sub(self.slice_began_ns.load(Relaxed)) > SLICE.as_nanos() as u64
    }
}
