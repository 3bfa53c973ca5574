//! The threads owners live on: few, shared by all open stores of the process, started by the first write, ended with the
//! last store.
//!
//! An actix system of our own on a thread of its own, so the caller's thread may be R's, a JVM's or another runtime's.
//!
//! Not here: which owner lives where (`owner`).

use std::io;
use std::sync::{Arc, Weak, mpsc};
use std::thread::{JoinHandle, ThreadId};

use actix_rt::{Arbiter, ArbiterHandle, System};
use parking_lot::Mutex;

/// Most threads: owners do little but wait for the disk.
const MOST: usize = 4;

/// See the module.
pub(crate) struct Arbiters {
    handles: Vec<ArbiterHandle>,
    running: Option<Running>,
}

struct Running {
    system: System,
    arbiters: Vec<Arbiter>,
    thread: JoinHandle<()>,
    own_threads: Vec<ThreadId>,
}

static SHARED: Mutex<Weak<Arbiters>> = Mutex::new(Weak::new());

impl Arbiters {
    /// Those of the process.
    pub fn shared() -> io::Result<Arc<Self>> {
        let mut shared = SHARED.lock();
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// A power of two.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    pub fn handle(&self, at: usize) -> &ArbiterHandle {
        &self.handles[at % self.handles.len()]
    }

    fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
        let count = 1 << cores.ilog2();
        let (sender, receiver) = mpsc::sync_channel(1);
        let thread =
            std::thread::Builder::new().name("emberflow-nosql-system".to_owned()).spawn(move || run_system(count, &sender))?;
        let (system, arbiters) = receiver.recv().map_err(|_| io::Error::other("the owners' threads did not start"))??;
        let handles: Vec<ArbiterHandle> = arbiters.iter().map(Arbiter::handle).collect();
        let own_threads = thread_ids(&handles).into_iter().chain([thread.thread().id()]).collect();
        Ok(Self { handles, running: Some(Running { system, arbiters, thread, own_threads }) })
    }
}

impl Drop for Arbiters {
    /// Ends the threads and waits for them, unless it is one of them that lets go last.
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        for arbiter in &running.arbiters {
            arbiter.stop();
        }
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

type Started = io::Result<(System, Vec<Arbiter>)>;

/// The life of the system's thread: says how the start went, then serves until it is stopped.
fn run_system(count: usize, started: &mpsc::SyncSender<Started>) {
    let runtime = match new_runtime() {
        Ok(runtime) => runtime,
        Err(why) => return drop(started.send(Err(why))),
    };
    let runner = System::with_tokio_rt(move || runtime);
    let arbiters = (0..count).map(|_| Arbiter::try_with_tokio_rt(new_runtime)).collect::<io::Result<Vec<_>>>();
    if started.send(arbiters.map(|arbiters| (System::current(), arbiters))).is_ok() {
        let _ = runner.run();
    }
}

fn new_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_shared_and_end() {
        let one = Arbiters::shared().unwrap();
        let two = Arbiters::shared().unwrap();
        assert!(Arc::ptr_eq(&one, &two) && one.len().is_power_of_two());
        drop((one, two));
    }
}
