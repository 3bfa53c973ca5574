//! The operator actor: runs one task on its arbiter and reports its end exactly once.
//!
//! However the task ends (done, error, panic, arbiter gone), the driver hears of it: the report is made by a guard that
//! speaks when it is dropped unspoken.
//!
//! Not here: the loop (`drive`), what the end means (`driver`).

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_base::Error;
use futures::FutureExt;

use super::drive::{Drive, Timed};
use super::scope::TaskScope;
use crate::driver::message::TaskEnded;
use crate::driver::{DriverActor, Fault, TaskEnd};
use crate::exchange::Exchange;
use crate::figures::{ActorState, Gauge};
use crate::job::JobShared;

/// What an operator actor is started with.
pub(crate) struct TaskOptions {
    pub job: Arc<JobShared>,
    pub stage: usize,
    pub task: usize,
    pub attempt: u32,
    pub plan: Arc<dyn ExecutionPlan>,
    pub exchange: Arc<Exchange>,
    pub context: Arc<TaskContext>,
    pub driver: Addr<DriverActor>,
    pub gauge: Arc<Gauge>,
}

/// Stop, whatever you are doing.
#[derive(Debug)]
pub(crate) struct StopTask;

messages!(StopTask);

/// See the module.
pub(crate) struct OperatorActor {
    work: Option<TaskOptions>,
    report: Report,
    gauge: Arc<Gauge>,
}

/// Speaks once: what it was told, or on being dropped that the task was lost.
struct Report {
    driver: Addr<DriverActor>,
    stage: usize,
    task: usize,
    attempt: u32,
    pushed: Arc<AtomicBool>,
    spoken: bool,
}

impl OperatorActor {
    pub fn new(options: TaskOptions) -> Self {
        let TaskOptions { stage, task, attempt, .. } = options;
        let report = Report { driver: options.driver.clone(), stage, task, attempt, pushed: Arc::default(), spoken: false };
        Self { gauge: options.gauge.clone(), report, work: Some(options) }
    }

    fn begin(&mut self, work: TaskOptions, ctx: &mut Context<Self>) {
        let scope = Arc::new(TaskScope::new(work.job.clone()));
        let name = work.gauge.name().to_owned();
        let context = Arc::new(scope.clone().enter(&work.context, name.clone()));
        let TaskOptions { plan, task, exchange, .. } = work;
        let pushed = self.report.pushed.clone();
        let drive = Drive { plan, task, exchange, context, gauge: work.gauge.clone(), pushed };
        let guarded = AssertUnwindSafe(drive.run()).catch_unwind();
        let timed = Timed { inner: Box::pin(guarded), scope, gauge: work.gauge };
        ctx.spawn(timed.into_actor(self).map(move |ended, actor, ctx| {
            actor.report.speak(&name, ended);
            ctx.stop();
        }));
    }
}

impl Actor for OperatorActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.gauge.set_state(ActorState::Running);
        if let Some(work) = self.work.take() {
            self.begin(work, ctx);
        }
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.gauge.set_state(ActorState::Stopped);
    }
}

impl Handler<StopTask> for OperatorActor {
    type Result = ();

    fn handle(&mut self, _: StopTask, ctx: &mut Self::Context) {
        self.report.spoken = true;
        ctx.stop();
    }
}

impl Report {
    fn speak(&mut self, name: &str, ended: Result<Result<()>, Box<dyn Any + Send>>) {
        match ended {
            Ok(Ok(())) => self.say(TaskEnd::Finished, None),
            Ok(Err(error)) => self.say(TaskEnd::Broken(Fault::Error), Some(error)),
            Err(panic) => self.say(TaskEnd::Broken(Fault::Panic), Some(panic_error(name, panic.as_ref()))),
        }
    }

    fn say(&mut self, end: TaskEnd, error: Option<DataFusionError>) {
        self.spoken = true;
        let Report { stage, task, attempt, .. } = *self;
        self.driver.do_send(TaskEnded { stage, task, attempt, end, error });
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if !self.spoken {
            self.say(TaskEnd::Broken(Fault::Lost { pushed: self.pushed.load(Ordering::Acquire) }), None);
        }
    }
}

fn panic_error(name: &str, panic: &(dyn Any + Send)) -> DataFusionError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
    DataFusionError::External(Box::new(Error::internal(format!("{name} panicked: {text}"))))
}
