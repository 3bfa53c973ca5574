//! The threads: one actix system on a thread of its own, operator arbiters, service arbiters.
//!
//! The caller's thread is never made part of the system, so it may be R's, a JVM's, or inside another runtime.

use std::io;
use std::sync::mpsc;
use std::thread::{JoinHandle, ThreadId};

use actix_rt::{Arbiter, ArbiterHandle, System};
use parking_lot::Mutex;

use super::options::RuntimeOptions;

/// See the module.
pub(crate) struct Arbiters {
    operators: Vec<ArbiterHandle>,
    services: Vec<ArbiterHandle>,
    running: Mutex<Option<Running>>,
}

struct Running {
    system: System,
    arbiters: Vec<Arbiter>,
    thread: JoinHandle<()>,
    own_threads: Vec<ThreadId>,
}

type Started = io::Result<(System, Vec<Arbiter>)>;

impl Arbiters {
    pub fn start(options: &RuntimeOptions) -> io::Result<Self> {
        let (operators, services) = (options.cores.max(1), options.services.max(1));
        let blocking = options.blocking_threads.max(1);
        let (sender, receiver) = mpsc::sync_channel::<Started>(1);
        let thread = std::thread::Builder::new()
            .name("emberflow-system".to_owned())
            .spawn(move || run_system(operators + services, blocking, &sender))?;
        let (system, arbiters) = receiver.recv().map_err(|_| io::Error::other("the actor system did not start"))??;
        let handles: Vec<ArbiterHandle> = arbiters.iter().map(Arbiter::handle).collect();
        let own_threads = thread_ids(&handles).into_iter().chain([thread.thread().id()]).collect();
        Ok(Self {
            operators: handles[..operators].to_vec(),
            services: handles[operators..].to_vec(),
            running: Mutex::new(Some(Running { system, arbiters, thread, own_threads })),
        })
    }

    /// One per core, those that have died left out.
    pub fn operators(&self) -> Vec<ArbiterHandle> {
        let alive: Vec<ArbiterHandle> = self.operators.iter().filter(|arbiter| arbiter.alive()).cloned().collect();
        if alive.is_empty() { self.operators.clone() } else { alive }
    }

    /// Ends one operator arbiter.
    pub fn lose(&self, core: usize) {
        self.operators[core % self.operators.len()].stop();
    }

    /// The service arbiter of a job.
    pub fn service(&self, job: u64) -> ArbiterHandle {
        self.services[job as usize % self.services.len()].clone()
    }

    pub fn are_stopped(&self) -> bool {
        self.running.lock().is_none()
    }

    /// Ends the threads and waits for them, unless it is one of them that asks.
    pub fn stop(&self) {
        let Some(running) = self.running.lock().take() else { return };
        running.arbiters.iter().for_each(|arbiter| {
            arbiter.stop();
        });
        running.system.stop();
        if running.own_threads.contains(&std::thread::current().id()) {
            return;
        }
        for arbiter in running.arbiters {
            let _ = arbiter.join();
        }
        let _ = running.thread.join();
    }
}

/// The life of the system's thread: says how the start went, then serves until it is stopped.
fn run_system(arbiters: usize, blocking: usize, started: &mpsc::SyncSender<Started>) {
    let runtime = match runtime(1) {
        Ok(runtime) => runtime,
        Err(why) => return drop(started.send(Err(why))),
    };
    let runner = System::with_tokio_rt(move || runtime);
    let arbiters = (0..arbiters).map(|_| Arbiter::try_with_tokio_rt(move || runtime_for_arbiter(blocking))).collect();
    let started = started.send(match arbiters {
        Ok(arbiters) => Ok((System::current(), arbiters)),
        Err(why) => Err(why),
    });
    if started.is_ok() {
        let _ = runner.run();
    }
}

fn runtime_for_arbiter(blocking: usize) -> io::Result<tokio::runtime::Runtime> {
    runtime(blocking)
}

fn runtime(blocking: usize) -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(blocking).build()
}

fn thread_ids(arbiters: &[ArbiterHandle]) -> Vec<ThreadId> {
    let (sender, receiver) = mpsc::channel();
    for arbiter in arbiters {
        let sender = sender.clone();
        arbiter.spawn_fn(move || {
            let _ = sender.send(std::thread::current().id());
        });
    }
    drop(sender);
    receiver.iter().collect()
}
