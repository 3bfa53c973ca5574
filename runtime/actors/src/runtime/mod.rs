//! The runtime: arbiters, and the door through which jobs come.
//!
//! ```text
//! submit(plan) ─► cut into stages ─► partition actors ─► driver actor ─► Job
//! ```
//!
//! One arbiter (a thread of its own) per core runs operator actors; service arbiters run drivers and the lanes of
//! results, so that a heavy query never delays a caller. No thread of the host is ever used, none of ours runs the host's
//! code. Several runtimes may live in one process.
//!
//! Begin at [`Runtime::start`].

mod arbiters;
mod options;
mod wire;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix::{Actor, Addr};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use emberflow_base::Error;
use parking_lot::Mutex;

use arbiters::Arbiters;
pub use options::RuntimeOptions;
use wire::{Wires, wire};

use crate::driver::message::{Begin, Cancel};
use crate::driver::{DriverActor, DriverOptions};
use crate::exchange::LaneReader;
use crate::figures::{ActorFigures, ActorKind, ActorState};
use crate::job::{End, Job, JobHandle, JobOptions, JobShared, StageFigures, external};
use crate::keep::{KeepOptions, Kept, Shelf};
use crate::memory::{Budget, JobMemory, MemoryFigures};
use crate::stage::{Stage, cut};

/// See the module.
pub struct Runtime {
    options: RuntimeOptions,
    arbiters: Arbiters,
    memory: Arc<Budget>,
    shelf: Arc<Shelf>,
    jobs: Mutex<Vec<Weak<JobShared>>>,
    drivers: Mutex<Vec<actix::WeakAddr<DriverActor>>>,
    next_job: AtomicU64,
}

impl Runtime {
    /// Starts the threads; needs no asynchronous runtime around it.
    pub fn start(options: RuntimeOptions) -> io::Result<Arc<Self>> {
        let arbiters = Arbiters::start(&options)?;
        let (memory, shelf) = (Budget::new(options.memory_limit), Arc::new(Shelf::default()));
        let gives_way = shelf.clone();
        memory.on_pressure(move |bytes| gives_way.give_back(bytes));
        Ok(Arc::new(Self {
            options,
            arbiters,
            memory,
            shelf,
            jobs: Mutex::default(),
            drivers: Mutex::default(),
            next_job: AtomicU64::new(1),
        }))
    }

    /// Starts `plan` as a job. Returns as soon as its actors are on their way.
    pub fn submit(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>, options: JobOptions) -> Result<Job> {
        let (schema, order) = (plan.schema(), options.order);
        let (handle, lanes) = self.submit_lanes(plan, context, options)?;
        Ok(Job::new(schema, order, lanes, handle))
    }

    /// Starts `plan` as a job whose partitions are read one by one.
    pub(crate) fn submit_lanes(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        options: JobOptions,
    ) -> Result<(JobHandle, VecDeque<LaneReader>)> {
        if self.arbiters.are_stopped() {
            let gone = Error::new("OPERATION_CANCELED").text("The runtime has been shut down.");
            return Err(external(gone));
        }
        let over = Arc::new(AtomicBool::new(false));
        let stages = cut(plan, over.clone(), options.gathers_in_order, context.session_config().options())?;
        let job = self.new_job(&options, &stages, over);
        let memory = JobMemory::new(job.id, self.memory.clone());
        let context = Arc::new(memory.clone().lend_to(&context));
        let result = stages[0].exchange.clone();
        let driver = self.start_driver(&job, stages, context, memory, &options);
        let lanes: VecDeque<_> = (0..result.producers).map(|lane| LaneReader::new(result.clone(), job.clone(), lane)).collect();
        let handle = JobHandle { shared: job, driver: driver.downgrade() };
        Ok((handle, lanes))
    }

    /// A result to be kept: `plan` runs when the rows are first read. See [`Kept`].
    pub fn keep(self: &Arc<Self>, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>, options: KeepOptions) -> Arc<Kept> {
        Kept::new(self, plan, context, options)
    }

    /// The cores it was started for.
    pub fn cores(&self) -> usize {
        self.options.cores
    }

    /// Another limit for what jobs and kept partitions may hold.
    pub fn set_memory_limit(&self, bytes: usize) {
        self.memory.set_limit(bytes);
    }

    /// How much memory is in use.
    pub fn memory(&self) -> MemoryFigures {
        self.memory.figures()
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.memory
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.options.world.elapsed().as_nanos() as u64
    }

    /// The arbiter where tasks of `partition` run.
    pub(crate) fn operator_arbiter(&self, partition: usize) -> actix_rt::ArbiterHandle {
        let arbiters = self.arbiters.operators();
        arbiters[partition % arbiters.len()].clone()
    }

    /// Every living actor.
    pub fn figures(&self) -> Vec<ActorFigures> {
        let jobs = self.living_jobs();
        let alive = |figures: &ActorFigures| figures.state != ActorState::Stopped;
        jobs.iter().flat_map(|job| job.figures()).chain(self.shelf.figures()).filter(alive).collect()
    }

    /// Cancels all jobs, waits for their actors (at most two seconds) and ends the threads. What is submitted later is
    /// refused. Calling it twice is safe.
    pub fn shutdown(&self) {
        self.shelf.stop();
        self.living_jobs().iter().for_each(|job| job.end(End::canceled()));
        let drivers: Vec<Addr<DriverActor>> = self.drivers.lock().drain(..).filter_map(|driver| driver.upgrade()).collect();
        drivers.iter().for_each(|driver| driver.do_send(Cancel));
        drop(drivers);
        let begun = Instant::now();
        while !self.figures().is_empty() && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.arbiters.stop();
    }

    /// For tests: ends the thread of one core as if it had died.
    #[doc(hidden)]
    pub fn lose_core(&self, core: usize) {
        self.arbiters.lose(core);
    }

    fn new_job(&self, options: &JobOptions, stages: &[Stage], over: Arc<AtomicBool>) -> Arc<JobShared> {
        let id = self.next_job.fetch_add(1, Relaxed);
        let figures =
            |(id, stage): (usize, &Stage)| StageFigures::new(id, stage.label.clone(), stage.tasks, stage.leaves.clone());
        let figures = stages.iter().enumerate().map(figures).collect();
        let name = if options.name.is_empty() { format!("job {id}") } else { options.name.clone() };
        let job = Arc::new(JobShared::new(id, name, self.options.world.clone(), figures, stages[0].plan.clone(), over));
        let mut jobs = self.jobs.lock();
        jobs.retain(|job| job.strong_count() > 0);
        jobs.push(Arc::downgrade(&job));
        job
    }

    fn start_driver(
        &self,
        job: &Arc<JobShared>,
        stages: Vec<Stage>,
        context: Arc<TaskContext>,
        memory: Arc<JobMemory>,
        options: &JobOptions,
    ) -> Addr<DriverActor> {
        let gauge = job.gauge(ActorKind::Driver, format!("driver of {}", job.name));
        let service = self.arbiters.service(job.id);
        let operators = self.arbiters.operators();
        let exchanges: Vec<_> = stages.iter().map(|stage| stage.exchange.clone()).collect();
        let tasks: Vec<_> = stages.iter().map(|stage| stage.tasks).collect();
        let disk = context.runtime_env().disk_manager.clone();
        let driver =
            DriverOptions { job: job.clone(), stages, context, arbiters: operators.clone(), retry: options.retry, gauge };
        let address = DriverActor::start_in_arbiter(&service, move |_| DriverActor::new(driver));
        wire(Wires { job, exchanges: &exchanges, tasks: &tasks, disk, memory, options, operators, service }, &address);
        address.do_send(Begin);
        let mut drivers = self.drivers.lock();
        drivers.retain(|driver| driver.upgrade().is_some());
        drivers.push(address.downgrade());
        address
    }

    fn living_jobs(&self) -> Vec<Arc<JobShared>> {
        self.jobs.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shutdown();
    }
}
