//! Group commit: one thread writes what all owners have staged, in one batch with one sync, and then acknowledges.
//!
//! ```text
//! owner ─┐                ┌──────────────── committer ────────────────┐
//! owner ─┼─► queue ─► take everything ─► one batch, one sync ─► acknowledge each, in order
//! owner ─┘  (bounded by bytes: an owner that finds it full waits)
//! ```
//!
//! While one group is being synced the next gathers, so the number of clients that wait sets the size of a group. A sync
//! never waits for more to come: what it gains in size was measured to be less than what it costs in time. After a
//! failed write or sync nothing staged is acknowledged, and the store refuses writes until it is opened again. Creating and
//! dropping tables goes through the same thread, so a storage has exactly one writer.
//!
//! Not here: what is written (`owner`, `store`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::codec::Version;
use crate::error::{Error, ErrorName, Result};
use crate::storage::{Batch, Durability, Storage, StorageError, StorageResult};

/// Staged bytes beyond which owners wait.
const QUEUE_BYTES: usize = 16 << 20;
/// What a staged write counts beside its keys and values.
const WRITE_OVERHEAD: usize = 64;

/// When acknowledged writes have reached the medium (`ember.nosql.sync`, or `ember.kv.sync`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before each acknowledgement.
    Always,
    /// At least this often; a loss of power may cost what was acknowledged since. The end of the process costs nothing.
    Interval(Duration),
    /// When the system finds time.
    Never,
}

impl Sync {
    /// Reads the value of the setting.
    ///
    /// ```
    /// use emberflow_nosql::Sync;
    /// assert_eq!(Sync::parse("always")?, Sync::Always);
    /// # Ok::<(), emberflow_nosql::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "always" => Ok(Self::Always),
            "interval" => Ok(Self::Interval(Duration::from_secs(1))),
            "never" => Ok(Self::Never),
            _ => {
                let text = format!("ember.nosql.sync is always, interval or never, not {text:?}");
                Err(Error::new(ErrorName::InvalidOption, text))
            }
        }
    }
}

/// Told whether the writes before it are committed.
pub(crate) type Done = Box<dyn FnOnce(Result<()>) + Send>;

/// Writes of one owner that go together.
pub(crate) struct Staged {
    pub batch: Batch,
    /// The highest version in it.
    pub version: Option<Version>,
    /// Whether its acknowledgement may be relied on; parts of a bulk load may not, only the load's end.
    pub is_final: bool,
    pub done: Done,
}

/// Something else that has to be done by the storage's one writer.
pub(crate) type Order = Box<dyn FnOnce(&dyn Storage) -> StorageResult<()> + Send>;

pub(crate) enum Work {
    Staged(Staged),
    Order(Order, Done),
}

impl Work {
    fn bytes(&self) -> usize {
        let Self::Staged(staged) = self else { return 0 };
        let items = staged.batch.items.iter();
        items.map(|item| item.key.len() + item.value.as_ref().map_or(0, |value| value.len()) + WRITE_OVERHEAD).sum::<usize>()
    }
}

/// What waits to be committed.
#[derive(Default)]
pub(crate) struct Queue {
    held: Mutex<Held>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Default)]
struct Held {
    works: Vec<Work>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// Waits for room, then queues; what has no items never waits. A closed queue answers with an error.
    pub fn push(&self, work: Work) {
        let bytes = work.bytes();
        let mut held = self.held.lock();
        while bytes > 0 && held.bytes > 0 && held.bytes + bytes > QUEUE_BYTES && !held.closed {
            self.emptied.wait(&mut held);
        }
        if held.closed {
            drop(held);
            return refuse(work, &closed());
        }
        held.bytes += bytes;
        held.works.push(work);
        self.filled.notify_one();
    }

    /// Nothing more is taken in; what is queued is still committed.
    pub fn close(&self) {
        self.held.lock().closed = true;
        self.filled.notify_one();
        self.emptied.notify_all();
    }

    /// Everything that waits; empty when `until` has passed; none when the queue is closed and empty.
    fn take(&self, until: Option<Instant>) -> Option<Vec<Work>> {
        let mut held = self.held.lock();
        while held.works.is_empty() {
            if held.closed {
                return None;
            }
            let timed_out = match until {
                Some(until) => self.filled.wait_until(&mut held, until).timed_out(),
                None => {
                    self.filled.wait(&mut held);
                    false
                }
            };
            if timed_out {
                break;
            }
        }
        held.bytes = 0;
        self.emptied.notify_all();
        Some(std::mem::take(&mut held.works))
    }
}

fn closed() -> Error {
    Error::new(ErrorName::StorageFailed, "the store is closed")
}

fn refuse(work: Work, why: &Error) {
    match work {
        Work::Staged(staged) => (staged.done)(Err(why.clone())),
        Work::Order(_, done) => done(Err(why.clone())),
    }
}

/// Why no more writes are taken: set once, by the first that failed.
pub(crate) type Failure = Arc<OnceLock<Error>>;

/// The life of the committer's thread.
pub(crate) struct Committer {
    pub storage: Arc<dyn Storage>,
    pub queue: Arc<Queue>,
    pub failure: Failure,
    pub sync: Sync,
    /// The highest version written so far: groups do not come in the order of their versions.
    pub highest: Option<Version>,
}

/// Key of the highest version ever written.
pub(crate) const CLOCK: &[u8] = b"clock";

impl Committer {
    /// Serves until the queue is closed and empty.
    pub fn run(mut self) {
        let mut unsynced_since: Option<Instant> = None;
        loop {
            let until = match (self.sync, unsynced_since) {
                (Sync::Interval(interval), Some(since)) => Some(since + interval),
                _ => None,
            };
            let Some(works) = self.queue.take(until) else { break };
            if self.commit_all(works) {
                unsynced_since.get_or_insert_with(Instant::now);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                unsynced_since = None;
                self.sync_now();
            }
        }
        if unsynced_since.is_some() && self.sync != Sync::Never {
            self.sync_now();
        }
    }

    /// Whether something was written that is not known to be synced.
    fn commit_all(&mut self, works: Vec<Work>) -> bool {
        let mut unsynced = false;
        let mut group = Vec::new();
        for work in works {
            match work {
                Work::Staged(staged) => group.push(staged),
                Work::Order(order, done) => {
                    unsynced |= self.commit(std::mem::take(&mut group));
                    let result = self.checked().and_then(|()| order(&*self.storage).map_err(|why| self.told(why)));
                    done(result);
                }
            }
        }
        self.commit(group) || unsynced
    }

    fn commit(&mut self, group: Vec<Staged>) -> bool {
        if group.is_empty() {
            return false;
        }
        let is_final = group.iter().any(|staged| staged.is_final);
        let durability = if is_final && self.sync == Sync::Always { Durability::Synced } else { Durability::Written };
        let mut whole = Batch::default();
        let mut dones = Vec::with_capacity(group.len());
        let mut version = None;
        for staged in group {
            version = version.max(staged.version);
            append(&mut whole.items, staged.batch.items);
            append(&mut whole.facts, staged.batch.facts);
            dones.push(staged.done);
        }
        if version > self.highest {
            self.highest = version;
        }
        if let (Some(_), Some(version)) = (version, self.highest) {
            whole.put_fact(CLOCK.to_vec(), version.nanos().to_le_bytes().to_vec());
        }
        let wrote = !whole.is_empty();
        let result = self.checked().and_then(|()| self.apply(whole, durability));
        for done in dones {
            done(result.clone());
        }
        wrote && durability == Durability::Written
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        // The end of a bulk load writes nothing, but what it ends has to be synced.
        let applied = match (batch.is_empty(), durability) {
            (true, Durability::Synced) => self.storage.sync(),
            (true, Durability::Written) => Ok(()),
            (false, durability) => self.storage.apply(batch, durability),
        };
        applied.map_err(|why| self.told(why))
    }

    fn sync_now(&self) {
        if self.checked().is_ok()
            && let Err(why) = self.storage.sync()
        {
            self.told(why);
        }
    }

    fn checked(&self) -> Result<()> {
        match self.failure.get() {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    /// The error to answer with; a failed write is the last one.
    fn told(&self, why: StorageError) -> Error {
        match why {
            StorageError::WriteFailed { .. } => self.failure.get_or_init(|| why.into()).clone(),
            _ => why.into(),
        }
    }
}

/// Without copying when there was nothing before.
fn append<T>(all: &mut Vec<T>, more: Vec<T>) {
    if all.is_empty() { *all = more } else { all.extend(more) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FaultyStorage, ItemWrite, MemoryStorage, faulty::Fault};

    struct Bench {
        storage: Arc<FaultyStorage>,
        queue: Arc<Queue>,
        committer: Option<Committer>,
        answers: Arc<Mutex<Vec<(u32, bool)>>>,
    }

    fn bench(sync: Sync) -> Bench {
        let storage = Arc::new(FaultyStorage::around(Arc::new(MemoryStorage::new())));
        storage.create_table(1).unwrap();
        let queue = Arc::new(Queue::default());
        let committer =
            Committer { storage: storage.clone(), queue: queue.clone(), failure: Failure::default(), sync, highest: None };
        Bench { storage, queue, committer: Some(committer), answers: Arc::default() }
    }

    impl Bench {
        fn stage(&self, number: u32, key: &str) {
            let items = vec![ItemWrite { table: 1, key: key.as_bytes().into(), value: Some(Arc::from([1])) }];
            let answers = self.answers.clone();
            let done: Done = Box::new(move |result| answers.lock().push((number, result.is_ok())));
            let batch = Batch { items, facts: Vec::new() };
            let version = Some(Version::from_nanos(i64::from(number)));
            self.queue.push(Work::Staged(Staged { batch, version, is_final: true, done }));
        }

        /// Waits for so many answers.
        fn answered(&self, count: usize) -> Vec<(u32, bool)> {
            while self.answers.lock().len() < count {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.answers.lock().clone()
        }

        fn run(&mut self) -> Vec<(u32, bool)> {
            self.queue.close();
            self.committer.take().unwrap().run();
            self.answers.lock().clone()
        }
    }

    #[test]
    fn a_group_is_acknowledged_in_order() {
        let mut bench = bench(Sync::Always);
        (0..3).for_each(|number| bench.stage(number, "a"));
        assert_eq!(bench.run(), vec![(0, true), (1, true), (2, true)]);
        assert_eq!(bench.storage.fact(CLOCK).unwrap(), Some(2i64.to_le_bytes().to_vec()));
    }

    #[test]
    fn after_a_failure_nothing_is_acknowledged() {
        for fault in [Fault::BatchLost(0), Fault::BatchUnacknowledged(0), Fault::SyncFails(0)] {
            let mut bench = bench(Sync::Always);
            bench.storage.plan(fault);
            (0..2).for_each(|number| bench.stage(number, "a"));
            assert_eq!(bench.run(), vec![(0, false), (1, false)], "{fault:?}");
        }
    }

    #[test]
    fn an_interval_syncs_behind_the_answers() {
        let mut bench = bench(Sync::Interval(Duration::from_millis(5)));
        bench.storage.plan(Fault::SyncFails(0));
        let committer = bench.committer.take().unwrap();
        let failure = committer.failure.clone();
        let thread = std::thread::spawn(move || committer.run());
        bench.stage(1, "a");
        assert_eq!(bench.answered(1), [(1, true)], "the answer does not wait for the sync");
        let begin = Instant::now();
        while failure.get().is_none() && begin.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(failure.get().is_some(), "a sync was tried, and failed");
        bench.stage(2, "a");
        assert_eq!(bench.answered(2)[1], (2, false));
        bench.queue.close();
        thread.join().unwrap();
    }

    #[test]
    fn a_full_queue_makes_owners_wait() {
        let mut bench = bench(Sync::Never);
        let big = "x".repeat(QUEUE_BYTES / 2);
        bench.stage(1, &big);
        let committer = bench.committer.take().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                bench.stage(2, &big);
                bench.stage(3, &big);
            });
            std::thread::sleep(Duration::from_millis(20));
            assert!(!waiting.is_finished());
            assert!(bench.answers.lock().is_empty());
            let running = scope.spawn(|| committer.run());
            waiting.join().unwrap();
            bench.queue.close();
            running.join().unwrap();
        });
        assert_eq!(bench.answered(3), [(1, true), (2, true), (3, true)]);
    }

    #[test]
    fn a_closed_queue_refuses() {
        let mut bench = bench(Sync::Never);
        bench.queue.close();
        bench.stage(1, "a");
        assert_eq!(bench.run(), vec![(1, false)]);
    }
}
