//! Tables replaced as a whole: staged beside the old one, put in its place by one record.
//!
//! ```text
//! rows ─► decide (no item is there) ─► sorted runs ─► files of a new generation      any number of writers, no owners
//! commit: one record names the new generation ─► the old one is dropped
//! ```
//!
//! Nobody reads the new generation before the commit, so its rows need neither owners nor the journal: a writer sorts what it
//! has gathered and hands it to the storage as a file, while it gathers more. Readers see the old table until the commit; an
//! overwrite that is dropped, fails or dies with its process leaves it as it is, and what it staged is removed, at the latest
//! when the store is opened again.
//!
//! Not here: rows that meet items (`bulk`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::oneshot;

use crate::bulk::Writer;
use crate::catalog::Entry;
use crate::cell::State;
use crate::change::{self, Change, Decision, Rules};
use crate::codec::{self, Version};
use crate::committer::{Order, Staged, Work};
use crate::error::{Error, ErrorName, Result};
use crate::name::Key;
use crate::owner::{WriteOutcome, guarded};
use crate::schema::TableSchema;
use crate::storage::{Batch, ItemWrite, TableId};
use crate::store::{Store, rules_of, stopped};
use crate::table::Table;

/// Bytes of a sorted run; a writer holds one that it gathers and one on its way into a file.
const RUN_BYTES: usize = 16 << 20;
/// What is less in the end goes through the journal, which costs less than a file.
const FILE_BYTES: usize = 1 << 20;
/// What an item counts beside its key and value.
const ITEM_OVERHEAD: usize = 64;

/// A table being replaced; see the module.
pub struct Overwrite {
    table: Table,
    schema: Option<Arc<TableSchema>>,
    staging: Arc<Staging>,
}

/// A generation nobody reads.
struct Staging {
    store: Store,
    generation: TableId,
    rules: Arc<Rules>,
    /// The highest version in it.
    highest: AtomicI64,
    is_kept: AtomicBool,
}

impl Table {
    /// Begins to replace the table as a whole.
    pub async fn overwrite(&self, schema: Option<TableSchema>) -> Result<Overwrite> {
        self.check_whole("cannot be overwritten alone")?;
        self.cell.table()?;
        self.store.check_above(self.path())?;
        let generation = self.store.next_id();
        self.store.order(move |storage| storage.create_table(generation)).await?;
        let schema = schema.map(Arc::new);
        let rules = rules_of(schema.as_deref(), self.store.limits());
        let (store, highest, is_kept) = (self.store.clone(), AtomicI64::new(i64::MIN), AtomicBool::new(false));
        let staging = Staging { store, generation, rules, highest, is_kept };
        Ok(Overwrite { table: self.clone(), schema, staging: Arc::new(staging) })
    }
}

impl Overwrite {
    /// A writer into the new table; every row meets no item, and a later row of a key takes the place of an earlier one.
    pub fn writer(&self) -> Result<Writer> {
        Writer::staged(self.table.clone(), StagedRows::new(self.staging.clone()))
    }

    /// Puts the new table in the place of the old one, in one step. All writers must have finished.
    pub async fn commit(self) -> Result<()> {
        if Arc::strong_count(&self.staging) > 1 {
            let text = "an overwrite is committed when its writers have finished; one still writes";
            return Err(Error::new(ErrorName::InvalidArgument, text).table(self.table.path()));
        }
        let (table, generation) = (&self.table, self.staging.generation);
        let _control = table.store.control().await;
        let _gate = table.cell.gate.write().await;
        let old = table.cell.table()?.generation;
        let entry = Entry::Table { generation, schema: self.schema.clone() };
        let highest = Version::from_nanos(self.staging.highest.load(Ordering::Acquire));
        table.store.write_entry(table.path(), Some(entry), Some(highest)).await?;
        self.staging.is_kept.store(true, Ordering::Release);
        table.cell.set_state(State {
            generation: Some(generation),
            schema: self.schema.clone(),
            rules: self.staging.rules.clone(),
            ..State::default()
        });
        if let Some(old) = old {
            // The record counts; what cannot be dropped now is dropped when the store is opened.
            let _ = table.store.order(move |storage| storage.drop_table(old)).await;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !*self.is_kept.get_mut() {
            let generation = self.generation;
            let order: Order = Box::new(move |storage| storage.drop_table(generation));
            self.store.queue().push(Work::Order(order, Box::new(drop)));
        }
    }
}

/// The rows of one writer on their way into a generation nobody reads.
pub(crate) struct StagedRows {
    staging: Arc<Staging>,
    run: Vec<ItemWrite>,
    bytes: usize,
    /// The run before, while it becomes a file.
    loading: Option<oneshot::Receiver<Result<()>>>,
    has_files: bool,
    buffer: Vec<u8>,
}

impl StagedRows {
    fn new(staging: Arc<Staging>) -> Self {
        Self { staging, run: Vec::new(), bytes: 0, loading: None, has_files: false, buffer: Vec::new() }
    }

    pub async fn write(&mut self, place: Arc<[u8]>, key: &Key, change: Change) -> Result<WriteOutcome> {
        let item = match guarded(key, || change::decide_absent(key, change, &self.staging.rules))? {
            Decision::Create(item) | Decision::Update(item) => item,
            Decision::Unchanged(why) => return Ok(WriteOutcome::Unchanged(why)),
            Decision::Same | Decision::Delete => return Ok(WriteOutcome::Deleted),
        };
        let version = self.staging.store.next_version();
        self.staging.highest.fetch_max(version.nanos(), Ordering::AcqRel);
        self.buffer.clear();
        codec::encode_item(&mut self.buffer, &place, version, &item);
        self.bytes += place.len() + self.buffer.len() + ITEM_OVERHEAD;
        let value = Some(Arc::from(&*self.buffer));
        self.run.push(ItemWrite { table: self.staging.generation, key: place, value });
        if self.bytes >= RUN_BYTES {
            self.load().await?;
        }
        Ok(WriteOutcome::Created(version))
    }

    pub async fn finish(mut self) -> Result<()> {
        if !self.has_files && self.bytes < FILE_BYTES {
            return self.commit_run().await;
        }
        self.load().await?;
        self.loaded().await
    }

    /// Begins to make a file of the run, when that of the run before is done.
    async fn load(&mut self) -> Result<()> {
        self.loaded().await?;
        let mut run = std::mem::take(&mut self.run);
        (self.bytes, self.has_files) = (0, true);
        let staging = self.staging.clone();
        let (sender, receiver) = oneshot::channel();
        let load = move || {
            sort(&mut run);
            let loaded = staging.store.storage().load(staging.generation, run);
            drop(staging);
            let _ = sender.send(loaded.map_err(Error::from));
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(load)),
            Err(_) => load(),
        }
        self.loading = Some(receiver);
        Ok(())
    }

    async fn loaded(&mut self) -> Result<()> {
        match self.loading.take() {
            Some(loading) => loading.await.unwrap_or_else(|_| Err(stopped())),
            None => Ok(()),
        }
    }

    /// A small run goes with other writes.
    async fn commit_run(self) -> Result<()> {
        if self.run.is_empty() {
            return Ok(());
        }
        self.staging.store.owners()?;
        let (sender, receiver) = oneshot::channel();
        let staging = self.staging.clone();
        let done = Box::new(move |result| {
            drop(staging);
            let _ = sender.send(result);
        });
        let batch = Batch { items: self.run, facts: Vec::new() };
        let version = Some(Version::from_nanos(self.staging.highest.load(Ordering::Acquire)));
        self.staging.store.queue().push(Work::Staged(Staged { batch, version, is_final: false, done }));
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// Sorts by key; of equal keys the last stays.
fn sort(run: &mut Vec<ItemWrite>) {
    run.sort_by(|a, b| a.key.cmp(&b.key));
    run.reverse();
    run.dedup_by(|earlier, kept| earlier.key == kept.key);
    run.reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_keys_the_last_stays() {
        let item = |key: &str, value: u8| ItemWrite { table: 1, key: key.as_bytes().into(), value: Some(Arc::from([value])) };
        let mut run = vec![item("b", 1), item("a", 2), item("b", 3), item("c", 4), item("b", 5)];
        sort(&mut run);
        assert_eq!(run, vec![item("a", 2), item("b", 5), item("c", 4)]);
    }
}
