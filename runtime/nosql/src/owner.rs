//! The owners of slices: actors that decide about items, one after another.
//!
//! ```text
//! caller ─ Apply ─► mailbox ─► owner: read ─► decide ─► stage ─► committer ─► answer to the caller
//!          (bounded)             ▲                │
//!                                └─ own staged writes, until they are committed
//! ```
//!
//! A slice has one owner, so condition, update and version of an item change in one step, without locks. An owner reads
//! what is committed or what it has itself staged, and goes on while the committer syncs; answers come after the commit, in
//! order, even those that changed nothing, because they may rest on what is only staged.
//!
//! An owner may block: on the disk, or on a full queue of the committer. Nothing but owners lives on its thread.
//!
//! Not here: what a request makes of an item (`change`), when answers come (`committer`).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix::{Actor, Context, Handler, Message};
use tokio::sync::oneshot;
use xxhash_rust::xxh64::xxh64;

use crate::catalog;
use crate::change::{self, Change, Decision, Rules, Stored, Unchanged};
use crate::clock::Clock;
use crate::codec::{self, ItemRef, Names, Version};
use crate::committer::{Failure, Queue, Staged, Work};
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Attribute, Attributes};
use crate::name::Key;
use crate::slice::lane_of;
use crate::storage::{Batch, ItemWrite, Storage, TableId};
use crate::value::{Item, Value};

/// Messages an owner lets wait; whoever sends more waits himself.
const MAILBOX: usize = 64;

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The item was made.
    Created(Version),
    /// The item was there and is now as asked.
    Updated(Version),
    /// The item was removed.
    Deleted,
    /// Success without effect.
    Unchanged(Unchanged),
    /// The row of a repeated task had been applied before.
    Repeated,
}

/// One request for one item.
pub(crate) struct Request {
    /// The encoded key.
    pub place: Arc<[u8]>,
    pub key: Key,
    pub change: Change,
    /// Counts the rows of a task.
    pub row: u64,
}

/// The rows of a task that may run again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub job: Arc<str>,
    pub task: u32,
}

/// How the requests of one message belong together.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Each stands for itself.
    Each,
    /// Rows of one writer: the first error ends it, here and in messages that follow.
    Rows { failed: Arc<AtomicBool>, task: Option<Task> },
}

/// The table the requests are for, as its gate was passed.
#[derive(Clone)]
pub(crate) struct Target {
    pub generation: TableId,
    pub rules: Arc<Rules>,
    /// See [`crate::cell::State`].
    pub is_fresh: bool,
}

/// Requests for items of one owner.
pub(crate) struct Apply {
    pub target: Target,
    pub requests: Vec<Request>,
    pub manner: Manner,
    /// Whether the answer may be relied on; see [`Staged::is_final`].
    pub is_final: bool,
    pub reply: oneshot::Sender<Result<Vec<Result<WriteOutcome>>>>,
    /// Dropped before the answer: until then the table is not replaced or dropped.
    pub hold: Hold,
}

/// What keeps a table as it is.
pub(crate) type Hold = Box<dyn std::any::Any + Send>;

impl Message for Apply {
    type Result = ();
}

/// What owners share.
pub(crate) struct Shared {
    pub storage: Arc<dyn Storage>,
    pub queue: Arc<Queue>,
    pub failure: Failure,
    pub clock: Arc<Clock>,
}

/// See the module.
pub(crate) struct Owner {
    shared: Arc<Shared>,
    staged: StagedWrites,
    names: Names,
    buffer: Vec<u8>,
    progress: HashMap<Vec<u8>, Option<u64>>,
    written: WrittenKeys,
}

impl Owner {
    pub fn new(shared: Arc<Shared>) -> Self {
        let (staged, names) = (StagedWrites::default(), Names::default());
        Self { shared, staged, names, buffer: Vec::new(), progress: HashMap::new(), written: WrittenKeys::default() }
    }
}

impl Actor for Owner {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

/// Most tasks whose progress an owner remembers; the rest is read again.
const PROGRESS_KEPT: usize = 4096;

impl Handler<Apply> for Owner {
    type Result = ();

    fn handle(&mut self, apply: Apply, _: &mut Self::Context) {
        if let Some(why) = self.shared.failure.get() {
            let _ = apply.reply.send(Err(why.clone()));
            return;
        }
        self.staged.forget_committed();
        let Apply { target, requests, manner, is_final, reply, hold } = apply;
        let mut batch = Batch::default();
        batch.items.reserve(requests.len());
        let mut work = Gathered { batch, version: None, outcomes: Vec::with_capacity(requests.len()) };
        match &manner {
            Manner::Each => self.apply_each(&target, requests, &mut work),
            Manner::Rows { failed, task } => self.apply_rows(&target, requests, failed, task.as_ref(), &mut work),
        }
        let Gathered { batch, version, outcomes } = work;
        if batch.is_empty() && self.staged.is_empty() {
            drop(hold);
            let _ = reply.send(Ok(outcomes));
            return;
        }
        let ticket = self.staged.ticket();
        let committed = self.staged.committed.clone();
        let done = Box::new(move |result: Result<()>| {
            committed.store(ticket, Ordering::Release);
            drop(hold);
            let _ = reply.send(result.map(|()| outcomes));
        });
        self.shared.queue.push(Work::Staged(Staged { batch, version, is_final, done }));
    }
}

/// Says that a job is over, or that its tasks begin anew.
pub(crate) struct Forget {
    /// What the keys of its progress begin with.
    pub prefix: Vec<u8>,
}

impl Message for Forget {
    type Result = ();
}

impl Handler<Forget> for Owner {
    type Result = ();

    fn handle(&mut self, forget: Forget, _: &mut Self::Context) {
        self.progress.retain(|key, _| !key.starts_with(&forget.prefix));
    }
}

struct Gathered {
    batch: Batch,
    version: Option<Version>,
    outcomes: Vec<Result<WriteOutcome>>,
}

impl Owner {
    fn apply_each(&mut self, target: &Target, requests: Vec<Request>, work: &mut Gathered) {
        for request in requests {
            let outcome = self.apply_one(target, request, work);
            work.outcomes.push(outcome);
        }
    }

    /// Rows after one that failed are not applied: a repetition of the task has to meet the same error.
    fn apply_rows(
        &mut self,
        target: &Target,
        requests: Vec<Request>,
        failed: &AtomicBool,
        task: Option<&Task>,
        work: &mut Gathered,
    ) {
        if failed.load(Ordering::Acquire) {
            return;
        }
        let mut applied: HashMap<Vec<u8>, u64> = HashMap::new();
        for request in requests {
            let outcome = match task {
                None => self.apply_one(target, request, work),
                Some(task) => self.apply_once(target, task, request, &mut applied, work),
            };
            let is_error = outcome.is_err();
            work.outcomes.push(outcome);
            if is_error {
                failed.store(true, Ordering::Release);
                break;
            }
        }
        let now_ms = self.shared.clock.now_ms();
        for (key, row) in applied {
            work.batch.put_fact(key.clone(), catalog::encode_progress(row, now_ms));
            self.progress.insert(key, Some(row));
        }
    }

    fn apply_once(
        &mut self,
        target: &Target,
        task: &Task,
        request: Request,
        applied: &mut HashMap<Vec<u8>, u64>,
        work: &mut Gathered,
    ) -> Result<WriteOutcome> {
        let key = catalog::progress_key(&task.job, task.task, lane_of(request.key.slice()));
        let before = match applied.get(&key) {
            Some(row) => Some(*row),
            None => self.progress_of(&key)?,
        };
        if before.is_some_and(|before| request.row <= before) {
            return Ok(WriteOutcome::Repeated);
        }
        let row = request.row;
        let outcome = self.apply_one(target, request, work)?;
        applied.insert(key, row);
        Ok(outcome)
    }

    fn progress_of(&mut self, key: &[u8]) -> Result<Option<u64>> {
        if let Some(known) = self.progress.get(key) {
            return Ok(*known);
        }
        // What is staged is in the map; it may be emptied only while nothing is staged.
        if self.progress.len() >= PROGRESS_KEPT && self.staged.is_empty() {
            self.progress.clear();
        }
        let read = catalog::progress(&*self.shared.storage, key)?;
        self.progress.insert(key.to_vec(), read);
        Ok(read)
    }

    fn apply_one(&mut self, target: &Target, request: Request, work: &mut Gathered) -> Result<WriteOutcome> {
        let Request { place, key, change, .. } = request;
        let stored = match target.is_fresh && self.written.surely_lacks(target.generation, &place) {
            true => None,
            false => self.read(target.generation, &place).map_err(|why| why.item(&key))?,
        };
        let decision = match &stored {
            None => guarded(&key, || change::decide_absent(&key, change, &target.rules))?,
            Some((version, item)) => {
                let (name, collection) = (key.as_str(), target.generation);
                let system = SystemAttributes { name, version: *version, size: item.size(), collection };
                let stored = Some(Stored { item, system: &system });
                guarded(&key, || change::decide(stored, &key, &change, &target.rules))?
            }
        };
        Ok(match decision {
            Decision::Create(item) => WriteOutcome::Created(self.stage(target, place, Some(&item), work)),
            Decision::Update(item) => WriteOutcome::Updated(self.stage(target, place, Some(&item), work)),
            Decision::Same => match &stored {
                Some((version, _)) => WriteOutcome::Updated(*version),
                None => WriteOutcome::Unchanged(Unchanged::NoSuchItem),
            },
            Decision::Delete => {
                self.stage(target, place, None, work);
                WriteOutcome::Deleted
            }
            Decision::Unchanged(why) => WriteOutcome::Unchanged(why),
        })
    }

    fn read(&mut self, table: TableId, place: &[u8]) -> Result<Option<(Version, Item)>> {
        let Self { shared, staged, names, .. } = self;
        let mut parsed = |bytes: &[u8]| {
            let item = ItemRef::parse(bytes)?.check(place)?;
            Ok((item.version(), item.to_item(names)?))
        };
        match staged.get(table, place) {
            Some(None) => Ok(None),
            Some(Some(bytes)) => parsed(bytes).map(Some),
            None => {
                let mut read = None;
                shared.storage.show(table, place, &mut |bytes| read = Some(parsed(bytes)))?;
                read.transpose()
            }
        }
    }

    fn stage(&mut self, target: &Target, place: Arc<[u8]>, item: Option<&Item>, work: &mut Gathered) -> Version {
        let version = self.shared.clock.next();
        let value: Option<Arc<[u8]>> = item.map(|item| {
            self.buffer.clear();
            codec::encode_item(&mut self.buffer, &place, version, item);
            Arc::from(&*self.buffer)
        });
        self.staged.put(target.generation, &place, value.clone());
        if target.is_fresh {
            self.written.note(target.generation, &place);
        }
        work.batch.items.push(ItemWrite { table: target.generation, key: place, value });
        work.version = Some(version);
        version
    }
}

/// A defect that panics costs its request an answer, not the slice its owner.
pub(crate) fn guarded(key: &Key, decide: impl FnOnce() -> Result<Decision>) -> Result<Decision> {
    catch_unwind(AssertUnwindSafe(decide)).unwrap_or_else(|_| {
        let text = "the store met a defect of its own while it decided about the item, which is as it was";
        Err(Error::new(ErrorName::StorageFailed, text).item(key))
    })
}

/// Which keys of tables made by this process were ever written: a first load need not look for items that cannot be there.
/// All writes of a slice pass its owner, so what is not noted was never written.
#[derive(Default)]
struct WrittenKeys {
    /// Hashes of keys; none for a table whose keys are no longer noted.
    tables: HashMap<TableId, Option<HashSet<u64>>>,
    noted: usize,
}

impl WrittenKeys {
    /// Most keys noted, over all tables; then all of them are given up.
    const MOST: usize = 1 << 20;

    fn surely_lacks(&mut self, table: TableId, place: &[u8]) -> bool {
        let keys = self.tables.entry(table).or_insert_with(|| Some(HashSet::new()));
        keys.as_ref().is_some_and(|keys| !keys.contains(&xxh64(place, 0)))
    }

    fn note(&mut self, table: TableId, place: &[u8]) {
        if let Some(Some(keys)) = self.tables.get_mut(&table)
            && keys.insert(xxh64(place, 0))
        {
            self.noted += 1;
        }
        if self.noted > Self::MOST {
            self.tables.values_mut().for_each(|keys| *keys = None);
            self.noted = 0;
        }
    }
}

/// What an owner has staged and the committer has not yet committed.
#[derive(Default)]
struct StagedWrites {
    items: HashMap<TableId, HashMap<Arc<[u8]>, (u64, Option<Arc<[u8]>>)>>,
    order: VecDeque<(u64, TableId, Arc<[u8]>)>,
    /// The ticket of the message being handled.
    current: u64,
    /// The ticket of the last message that was committed, or refused.
    committed: Arc<AtomicU64>,
}

impl StagedWrites {
    fn get(&self, table: TableId, place: &[u8]) -> Option<Option<&[u8]>> {
        self.items.get(&table)?.get(place).map(|(_, value)| value.as_deref())
    }

    fn put(&mut self, table: TableId, place: &Arc<[u8]>, value: Option<Arc<[u8]>>) {
        let ticket = self.current + 1;
        self.items.entry(table).or_default().insert(place.clone(), (ticket, value));
        self.order.push_back((ticket, table, place.clone()));
    }

    /// The ticket under which the message now handled is committed.
    fn ticket(&mut self) -> u64 {
        self.current += 1;
        self.current
    }

    /// Whether everything handed on is committed.
    fn is_empty(&self) -> bool {
        self.committed.load(Ordering::Acquire) == self.current
    }

    fn forget_committed(&mut self) {
        let committed = self.committed.load(Ordering::Acquire);
        while self.order.front().is_some_and(|(ticket, ..)| *ticket <= committed) {
            let Some((ticket, table, place)) = self.order.pop_front() else { break };
            if let Some(items) = self.items.get_mut(&table) {
                // A later message may have written the item again.
                if items.get(&place).is_some_and(|(latest, _)| *latest == ticket) {
                    items.remove(&place);
                }
                if items.is_empty() {
                    self.items.remove(&table);
                }
            }
        }
    }
}

/// The attributes the store keeps itself.
pub(crate) struct SystemAttributes<'a> {
    pub name: &'a str,
    pub version: Version,
    pub size: usize,
    pub collection: TableId,
}

/// What `__mode` says of every item: a regular file that its owner writes and everyone reads.
const MODE: i64 = 0o100_644;

impl SystemAttributes<'_> {
    /// Times of access are not kept: they say when the item was changed.
    pub fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "__name" => Value::from(self.name),
            "__size" => Value::Int(self.size as i64),
            "__mode" => Value::Int(MODE),
            "__uid" | "__gid" => Value::Int(0),
            "__obj_type" => Value::from("item"),
            "__collection_id" => Value::Int(self.collection as i64),
            "__atime_secs" | "__mtime_secs" | "__ctime_secs" => Value::Int(self.version.secs()),
            "__atime_nsecs" | "__mtime_nsecs" | "__ctime_nsecs" => Value::Int(self.version.subsec_nanos()),
            _ => return None,
        })
    }
}

impl Attributes for SystemAttributes<'_> {
    fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
        self.value(&attribute.name).map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_noted_until_there_are_too_many() {
        let mut written = WrittenKeys::default();
        assert!(written.surely_lacks(1, b"a"));
        written.note(1, b"a");
        assert!(!written.surely_lacks(1, b"a") && written.surely_lacks(1, b"b") && written.surely_lacks(2, b"a"));
        for at in 0..=WrittenKeys::MOST {
            written.note(2, &at.to_le_bytes());
        }
        assert!(!written.surely_lacks(1, b"b") && !written.surely_lacks(2, b"b"), "nothing is known of them any more");
        written.note(2, b"c");
        assert!(!written.surely_lacks(2, b"d") && written.surely_lacks(3, b"a"));
    }
}
