//! The driver actor: turns messages into facts and carries out the orders.
//!
//! Not here: any decision (`decide`).

use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler};
use actix_rt::ArbiterHandle;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;

use super::decide::{Ending, Fact, JobState, Order, StageFacts};
use super::message::{Begin, Cancel, TaskEnded, Unread, Wanted};
use super::place::place;
use super::retry::RetryPolicy;
use crate::exchange::Close;
use crate::figures::{ActorState, Gauge};
use crate::job::{End, JobShared};
use crate::stage::Stage;
use crate::task::{OperatorActor, StopTask, TaskOptions};

/// What a driver is started with.
pub(crate) struct DriverOptions {
    pub job: Arc<JobShared>,
    pub stages: Vec<Stage>,
    pub context: Arc<TaskContext>,
    /// One per core; tasks are placed on them in turn.
    pub arbiters: Vec<ArbiterHandle>,
    pub retry: RetryPolicy,
    pub gauge: Arc<Gauge>,
}

/// See the module.
pub(crate) struct DriverActor {
    state: JobState,
    tasks: Vec<Vec<Option<Addr<OperatorActor>>>>,
    options: DriverOptions,
}

impl DriverActor {
    pub fn new(options: DriverOptions) -> Self {
        let facts = |stage: &Stage| StageFacts { tasks: stage.tasks, replayable: stage.replayable };
        let state = JobState::new(options.stages.iter().map(facts), options.retry);
        let tasks = options.stages.iter().map(|stage| vec![None; stage.tasks]).collect();
        Self { state, tasks, options }
    }

    fn hear(&mut self, fact: Fact, error: Option<DataFusionError>, ctx: &mut Context<Self>) {
        let mut error = error;
        for order in self.state.on(fact) {
            match order {
                Order::StartTask { stage, task, attempt } => self.start(stage, task, attempt, ctx),
                Order::StopStage { stage } => self.stop_stage(stage),
                Order::End(ending) => self.end(ending, error.take(), ctx),
            }
        }
    }

    fn start(&mut self, stage: usize, task: usize, attempt: u32, ctx: &mut Context<Self>) {
        let planned = &self.options.stages[stage];
        let gauge = self.options.job.task_gauge(stage, task, &planned.label);
        if attempt > 0 {
            gauge.restarted();
        }
        let options = TaskOptions {
            job: self.options.job.clone(),
            stage,
            task,
            attempt,
            plan: planned.plan.clone(),
            exchange: planned.exchange.clone(),
            context: self.options.context.clone(),
            driver: ctx.address(),
            gauge,
        };
        let actor = OperatorActor::new(options);
        // A task that was lost may have been lost with its arbiter.
        let place = place(stage, task + attempt as usize, planned.tasks, self.options.arbiters.len());
        let address = OperatorActor::start_in_arbiter(&self.options.arbiters[place], move |_| actor);
        self.tasks[stage][task] = Some(address);
    }

    fn stop_stage(&mut self, stage: usize) {
        self.tasks[stage].iter_mut().filter_map(Option::take).for_each(|task| task.do_send(StopTask));
        self.options.job.stage_done(stage);
    }

    fn end(&mut self, ending: Ending, error: Option<DataFusionError>, ctx: &mut Context<Self>) {
        self.options.job.end(match ending {
            Ending::Succeeded => End::Succeeded,
            Ending::Canceled => End::canceled(),
            Ending::Failed { stage, task } => End::failed(error, &self.options.stages[stage].label, task),
        });
        // The result's lanes outlive a success: their reader may be slow.
        let kept = usize::from(ending == Ending::Succeeded);
        (0..self.tasks.len()).for_each(|stage| self.stop_stage(stage));
        self.options.stages.iter().skip(kept).for_each(|stage| stage.exchange.shut());
        ctx.stop();
    }
}

impl Actor for DriverActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.options.gauge.set_state(ActorState::Running);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.options.job.end(End::canceled());
        self.options.gauge.set_state(ActorState::Stopped);
    }
}

impl Handler<Begin> for DriverActor {
    type Result = ();

    fn handle(&mut self, _: Begin, ctx: &mut Self::Context) {
        self.hear(Fact::Begin, None, ctx);
    }
}

impl Handler<Wanted> for DriverActor {
    type Result = ();

    fn handle(&mut self, Wanted { stage }: Wanted, ctx: &mut Self::Context) {
        self.hear(Fact::Wanted { stage }, None, ctx);
    }
}

impl Handler<Unread> for DriverActor {
    type Result = ();

    fn handle(&mut self, Unread { stage }: Unread, ctx: &mut Self::Context) {
        self.hear(Fact::Unread { stage }, None, ctx);
    }
}

impl Handler<TaskEnded> for DriverActor {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Self::Context) {
        let TaskEnded { stage, task, attempt, end, error } = ended;
        self.options.job.task_ended(stage);
        self.hear(Fact::TaskEnded { stage, task, attempt, end }, error, ctx);
    }
}

impl Handler<Cancel> for DriverActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, ctx: &mut Self::Context) {
        self.hear(Fact::Cancel, None, ctx);
    }
}

impl crate::exchange::Exchange {
    /// Frees every lane and sends producers and readers home.
    pub(crate) fn shut(&self) {
        if let Some(wiring) = self.wiring.get() {
            wiring.ledger.close_all();
            wiring.lanes.iter().for_each(|lane| lane.do_send(Close));
        }
    }
}
