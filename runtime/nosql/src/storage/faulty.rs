//! A storage that fails on purpose, around any other.
//!
//! A [`Fault`] names the n-th batch or sync and what happens to it: refused before anything is written, or written and
//! then reported as failed, as a disk does that loses its acknowledgement. After it every write is refused, as [`Storage`]
//! promises, until [`FaultyStorage::heal`] plays the reopening.
//!
//! Not here: torn files. Those are made on the files themselves, between closing and opening (`tests/failing_disk.rs`).

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Batch, Durability, ItemWrite, Storage, StorageError, StorageResult, TableId, TableStatistics, View};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The n-th batch or load from now (0: the next) is lost.
    BatchLost(u64),
    /// The n-th batch from now is applied, yet its writer hears of a failure.
    BatchUnacknowledged(u64),
    /// The n-th sync from now fails; a batch that asks to be synced counts as one.
    SyncFails(u64),
}

/// See the module.
pub struct FaultyStorage {
    inner: Arc<dyn Storage>,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    fault: Option<Fault>,
    failed: bool,
}

enum Verdict {
    Do,
    Lose,
    DoAndFail,
}

impl Script {
    fn on_batch(&mut self, durability: Durability) -> Verdict {
        if self.failed {
            return Verdict::Lose;
        }
        let (due, verdict) = match &mut self.fault {
            Some(Fault::BatchLost(left)) => (counts_down(left), Verdict::Lose),
            Some(Fault::BatchUnacknowledged(left)) => (counts_down(left), Verdict::DoAndFail),
            Some(Fault::SyncFails(left)) if durability == Durability::Synced => (counts_down(left), Verdict::DoAndFail),
            _ => (false, Verdict::Do),
        };
        self.failed = due;
        if due { verdict } else { Verdict::Do }
    }

    fn on_sync(&mut self) -> Verdict {
        if let (false, Some(Fault::SyncFails(left))) = (self.failed, &mut self.fault) {
            self.failed = counts_down(left);
        }
        if self.failed { Verdict::Lose } else { Verdict::Do }
    }
}

/// Whether it was zero.
fn counts_down(left: &mut u64) -> bool {
    let due = *left == 0;
    *left = left.saturating_sub(1);
    due
}

impl FaultyStorage {
    pub fn around(inner: Arc<dyn Storage>) -> Self {
        Self { inner, script: Mutex::new(Script::default()) }
    }

    /// What will go wrong next.
    pub fn plan(&self, fault: Fault) {
        *self.script.lock() = Script { fault: Some(fault), failed: false };
    }

    /// Works again, as after reopening.
    pub fn heal(&self) {
        *self.script.lock() = Script::default();
    }

    fn failure(&self) -> StorageError {
        StorageError::WriteFailed { store: self.name().to_owned(), reason: "the disk fails on purpose".to_owned() }
    }
}

impl Storage for FaultyStorage {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn tables(&self) -> StorageResult<Vec<TableId>> {
        self.inner.tables()
    }

    fn create_table(&self, table: TableId) -> StorageResult<()> {
        self.inner.create_table(table)
    }

    fn drop_table(&self, table: TableId) -> StorageResult<()> {
        self.inner.drop_table(table)
    }

    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        self.inner.get(table, key)
    }

    fn view(&self) -> StorageResult<Arc<dyn View>> {
        self.inner.view()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> StorageResult<()> {
        let verdict = self.script.lock().on_batch(durability);
        match verdict {
            Verdict::Do => self.inner.apply(batch, durability),
            Verdict::Lose => Err(self.failure()),
            Verdict::DoAndFail => {
                self.inner.apply(batch, durability)?;
                Err(self.failure())
            }
        }
    }

    fn load(&self, table: TableId, items: Vec<ItemWrite>) -> StorageResult<()> {
        let verdict = self.script.lock().on_batch(Durability::Synced);
        match verdict {
            Verdict::Do => self.inner.load(table, items),
            Verdict::Lose => Err(self.failure()),
            Verdict::DoAndFail => {
                self.inner.load(table, items)?;
                Err(self.failure())
            }
        }
    }

    fn sync(&self) -> StorageResult<()> {
        let verdict = self.script.lock().on_sync();
        match verdict {
            Verdict::Do => self.inner.sync(),
            Verdict::Lose | Verdict::DoAndFail => Err(self.failure()),
        }
    }

    fn fact(&self, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        self.inner.fact(key)
    }

    fn facts(&self, prefix: &[u8]) -> StorageResult<Vec<(Vec<u8>, Vec<u8>)>> {
        self.inner.facts(prefix)
    }

    fn compact(&self, table: TableId) -> StorageResult<()> {
        self.inner.compact(table)
    }

    fn statistics(&self, table: TableId) -> StorageResult<TableStatistics> {
        self.inner.statistics(table)
    }
}
