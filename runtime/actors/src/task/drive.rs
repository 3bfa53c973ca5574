//! Driving a chain of operators: poll it, give its batches away, stop when nobody wants more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};
use std::time::Duration;

use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;

use super::scope::TaskScope;
use crate::exchange::{Exchange, Flow, Outlet};
use crate::figures::Gauge;
use crate::stage::router_for;

/// Everything a task needs to run.
pub(crate) struct Drive {
    pub plan: Arc<dyn ExecutionPlan>,
    pub task: usize,
    pub exchange: Arc<Exchange>,
    pub context: Arc<TaskContext>,
    pub gauge: Arc<Gauge>,
    /// Becomes true when the first batch leaves.
    pub pushed: Arc<AtomicBool>,
}

impl Drive {
    /// Runs to the end.
    pub async fn run(self) -> Result<()> {
        let batch_rows = self.context.session_config().batch_size();
        let router = router_for(&self.exchange, &self.plan, self.task, batch_rows)?;
        let mut outlet = Outlet::new(self.exchange, self.task, router, self.gauge, self.pushed);
        let mut batches = self.plan.execute(self.task, self.context)?;
        while let Some(batch) = batches.next().await {
            if outlet.push(batch?).await? == Flow::Enough {
                break;
            }
        }
        drop(batches);
        outlet.finish().await
    }
}

/// A future that measures how long it is polled and tells its scope when a slice begins.
pub(crate) struct Timed<F> {
    pub inner: Pin<Box<F>>,
    pub scope: Arc<TaskScope>,
    pub gauge: Arc<Gauge>,
}

impl<F: Future> Future for Timed<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.scope.begin_slice();
        let began = self.scope.job.now_ns();
        let result = self.inner.as_mut().poll(cx);
        self.gauge.add_busy(Duration::from_nanos(self.scope.job.now_ns().saturating_sub(began)));
        result
    }
}
