//! Many rows: writers that send them to the owners in bundles.
//!
//! ```text
//! rows ─► one bundle per owner ─► owners, in order ─► committer (written, not synced) ─► finish: one sync
//! ```
//!
//! A writer keeps few bundles on their way and waits for the oldest, so a table that takes no more stops the rows. Rows of
//! one key are applied in the order given. The first error ends the writer; rows before it stay. A writer with a task may
//! run again: rows that were applied are left out, so increments do not double.
//!
//! Not here: what a row makes of an item (`change`), rows of a table that is replaced (`overwrite`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Addr;
use futures::{Stream, StreamExt};
use tokio::sync::oneshot;

use crate::change::{Assign, Change};
use crate::codec;
use crate::error::Result;
use crate::name::Key;
use crate::overwrite::StagedRows;
use crate::owner::{Manner, Owner, Request, Task, WriteOutcome};
use crate::slice::owner_of;
use crate::store::stopped;
use crate::table::Table;

/// Rows of one bundle.
const BUNDLE_ROWS: usize = 512;
/// Bytes of names and values after which a bundle is sent though it has fewer rows.
const BUNDLE_BYTES: usize = 512 << 10;
/// Bundles on their way, per owner.
const ON_THEIR_WAY: usize = 2;

/// One row, prepared.
#[derive(Debug, Clone)]
pub struct RowChange {
    /// The partition folder below the table handle's own, empty for none.
    pub directory: Arc<str>,
    pub key: Key,
    pub change: Change,
}

/// What a writer has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    /// Rows without effect, such as those whose condition was not true.
    pub unchanged: u64,
    /// Rows of a repeated task that had been applied before.
    pub repeated: u64,
}

impl Written {
    pub fn rows(&self) -> u64 {
        self.created + self.updated + self.deleted + self.unchanged + self.repeated
    }

    fn count(&mut self, outcome: WriteOutcome) {
        let counter = match outcome {
            WriteOutcome::Created(_) => &mut self.created,
            WriteOutcome::Updated(_) => &mut self.updated,
            WriteOutcome::Deleted => &mut self.deleted,
            WriteOutcome::Unchanged(_) => &mut self.unchanged,
            WriteOutcome::Repeated => &mut self.repeated,
        };
        *counter += 1;
    }
}

/// Writes rows to a table. See the module.
pub struct Writer {
    table: Table,
    owners: Vec<Addr<Owner>>,
    bundles: Vec<Bundle>,
    on_their_way: VecDeque<Answer>,
    manner: Manner,
    failed: Arc<AtomicBool>,
    /// Rows of an overwrite go here instead.
    staged: Option<StagedRows>,
    next_row: u64,
    written: Written,
}

#[derive(Default)]
struct Bundle {
    requests: Vec<Request>,
    bytes: usize,
}

type Answer = oneshot::Receiver<Result<Vec<Result<WriteOutcome>>>>;

impl Table {
    /// A writer whose rows are applied as they come.
    pub fn writer(&self) -> Result<Writer> {
        Writer::new(self.clone(), None)
    }

    /// A writer of one task of a job; if the task runs again with the same rows, those that were applied are left out.
    pub fn writer_of_task(&self, job: &str, task: u32) -> Result<Writer> {
        Writer::new(self.clone(), Some(Task { job: job.into(), task }))
    }

    /// Applies a stream of rows. See [`Writer`].
    pub async fn write_many(&self, rows: impl Stream<Item = Result<RowChange>>) -> Result<Written> {
        let mut writer = self.writer()?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.next().await {
            writer.write(row?).await?;
        }
        writer.finish().await
    }

    /// Removes the items for which the filter is true, and gives their number; an empty filter is true for all. An item
    /// that changes meanwhile is judged as it is when its turn comes.
    pub async fn delete_where(&self, filter: impl crate::request::ToCondition) -> Result<u64> {
        let filter = filter.to_condition()?;
        filter.check_bound()?;
        let mut keys = self.key_scan(&filter)?;
        let mut writer = self.writer()?;
        while let Some(found) = keys.next_page()? {
            for (directory, key) in found {
                let change = Change::Delete { condition: Some(filter.clone()) };
                writer.write_at(directory, key, change).await?;
            }
        }
        Ok(writer.finish().await?.deleted)
    }
}

impl Writer {
    fn new(table: Table, task: Option<Task>) -> Result<Self> {
        let owners = table.store.owners()?;
        let failed = Arc::new(AtomicBool::new(false));
        let bundles = owners.iter().map(|_| Bundle::default()).collect();
        let manner = Manner::Rows { failed: failed.clone(), task };
        let on_their_way = VecDeque::new();
        let written = Written::default();
        Ok(Self { table, owners, bundles, on_their_way, manner, failed, staged: None, next_row: 0, written })
    }

    /// A writer into a table nobody reads yet.
    pub(crate) fn staged(table: Table, staged: StagedRows) -> Result<Self> {
        let mut writer = Self::new(table, None)?;
        writer.staged = Some(staged);
        Ok(writer)
    }

    /// Takes a row; waits if too many are on their way.
    pub async fn write(&mut self, row: RowChange) -> Result<()> {
        let directory = match (&*self.table.directory, &*row.directory) {
            ("", directory) => directory.to_owned(),
            (above, "") => above.to_owned(),
            (above, below) => format!("{above}/{below}"),
        };
        self.write_at(directory, row.key, row.change).await
    }

    pub(crate) async fn write_at(&mut self, directory: impl AsRef<str>, key: Key, change: Change) -> Result<()> {
        let place: Arc<[u8]> = codec::encode_key(directory.as_ref(), &key).into();
        if let Some(staged) = &mut self.staged {
            let outcome = staged.write(place, &key, change).await.map_err(|why| why.table(self.table.path()))?;
            self.written.count(outcome);
            return Ok(());
        }
        let owner = owner_of(key.slice(), self.owners.len());
        let bundle = &mut self.bundles[owner];
        bundle.bytes += place.len() + size_of_change(&change);
        bundle.requests.push(Request { place, key, change, row: self.next_row });
        self.next_row += 1;
        if bundle.requests.len() >= BUNDLE_ROWS || bundle.bytes >= BUNDLE_BYTES {
            self.send(owner).await?;
        }
        Ok(())
    }

    /// Sends what is left, waits for all answers, and makes them durable.
    pub async fn finish(mut self) -> Result<Written> {
        if let Some(staged) = self.staged.take() {
            staged.finish().await.map_err(|why| why.table(self.table.path()))?;
            return Ok(self.written);
        }
        for owner in 0..self.owners.len() {
            self.send(owner).await?;
        }
        while !self.on_their_way.is_empty() {
            self.take_answer().await?;
        }
        self.table.store.barrier().await?;
        Ok(self.written)
    }

    async fn send(&mut self, owner: usize) -> Result<()> {
        let Bundle { requests, .. } = std::mem::take(&mut self.bundles[owner]);
        if requests.is_empty() {
            return Ok(());
        }
        while self.on_their_way.len() >= ON_THEIR_WAY * self.owners.len() {
            self.take_answer().await?;
        }
        let (manner, address) = (self.manner.clone(), &self.owners[owner]);
        self.on_their_way.push_back(self.table.send(address, requests, manner, false).await?);
        Ok(())
    }

    async fn take_answer(&mut self) -> Result<()> {
        let Some(answer) = self.on_their_way.pop_front() else { return Ok(()) };
        for outcome in answer.await.unwrap_or_else(|_| Err(stopped()))? {
            let outcome = outcome.map_err(|why| why.table(self.table.path()))?;
            self.written.count(outcome);
        }
        Ok(())
    }
}

/// The bytes a change brings along, about.
fn size_of_change(change: &Change) -> usize {
    let Change::Write { attributes, .. } = change else { return 0 };
    let size = |(name, assign): &(Arc<str>, Assign)| match assign {
        Assign::Set(value) | Assign::Increment(value) => name.len() + value.size(),
        Assign::Null => name.len(),
    };
    attributes.iter().map(size).sum()
}

impl Drop for Writer {
    /// Bundles that still wait in mailboxes are left out: nobody will hear of them.
    fn drop(&mut self) {
        self.failed.store(true, Ordering::Release);
    }
}
