//! A table as programs use it: single items, batches, its schema, its end.
//!
//! Reads take committed state as it is; writes pass the table's gate (`cell`) and go to the owner of the item's slice.
//! Creating, reshaping and deleting hold the store's `control` first, then the gate.
//!
//! Not here: many rows (`bulk`), scans (`scan`), requests before they are awaited (`request`).

use std::sync::Arc;

use actix::Addr;
use actix::dev::SendError;
use tokio::sync::{OwnedRwLockReadGuard, oneshot};

use crate::catalog::Entry;
use crate::cell::{Cell, State};
use crate::change::{Change, Unchanged, UpdateMode};
use crate::codec::{self, ItemRef, Names};
use crate::error::{Error, ErrorName, Result};
use crate::expression::Update;
use crate::name::Key;
use crate::owner::{Apply, Manner, Owner, Request, SystemAttributes, Target, WriteOutcome};
use crate::path::TablePath;
use crate::request::{Assigned, IfMissing, Operation, Select, ToKey, ToUpdate, Write};
use crate::schema::TableSchema;
use crate::slice::owner_of;
use crate::storage::{Flow, StorageError, TableId, View};
use crate::store::{Statistics, Store, state_of, stopped};
use crate::value::Item;

/// Most operations of one [`Table::batch`].
const BATCH_OPERATIONS: usize = 1000;

/// A table, or a partition folder of one.
#[derive(Clone)]
pub struct Table {
    pub(crate) store: Store,
    pub(crate) cell: Arc<Cell>,
    /// The partition folder, empty for the whole table.
    pub(crate) directory: Arc<str>,
}

impl Table {
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The path of the whole table.
    pub fn path(&self) -> &TablePath {
        &self.cell.path
    }

    /// The partition folder this handle stands for, empty for the whole table.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Makes an item anew, in the place of one that may be there.
    pub fn put<N: Into<Arc<str>>, A: Into<Assigned>>(
        &self,
        key: impl ToKey,
        attributes: impl IntoIterator<Item = (N, A)>,
    ) -> Write {
        self.update(key, attributes, UpdateMode::Overwrite)
    }

    /// Sets attributes of an item, as `mode` says.
    pub fn update<N: Into<Arc<str>>, A: Into<Assigned>>(
        &self,
        key: impl ToKey,
        attributes: impl IntoIterator<Item = (N, A)>,
        mode: UpdateMode,
    ) -> Write {
        let attributes = attributes.into_iter().map(|(name, assigned)| (name.into(), assigned.into().0)).collect();
        self.write(key, Ok(Change::Write { mode, attributes, condition: None }))
    }

    /// Carries out an update expression on an item.
    pub fn update_expr(&self, key: impl ToKey, update: impl ToUpdate) -> Write {
        let evaluate = |update| Change::Evaluate { update, condition: None, otherwise: None };
        self.write(key, update.to_update().map(evaluate))
    }

    /// Removes an item.
    pub fn delete(&self, key: impl ToKey) -> Write {
        self.write(key, Ok(Change::Delete { condition: None }))
    }

    /// A prepared change of one item.
    pub fn change(&self, key: impl ToKey, change: Change) -> Write {
        self.write(key, Ok(change))
    }

    fn write(&self, key: impl ToKey, change: Result<Change>) -> Write {
        let request = key.to_key().and_then(|key| Ok(Operation { key, change: change? }));
        Write { table: Some(self.clone()), request }
    }

    /// An item as last committed; none if it or the table does not exist.
    pub async fn get(&self, key: impl ToKey, select: Select) -> Result<Option<Item>> {
        self.get_now(&key.to_key()?, &select)
    }

    /// As [`Table::get`], on the calling thread.
    pub fn get_now(&self, key: &Key, select: &Select) -> Result<Option<Item>> {
        let place = codec::encode_key(&self.directory, key);
        loop {
            let Some(generation) = self.cell.table()?.generation else { return Ok(None) };
            let mut read = None;
            let shown = self.store.storage().show(generation, &place, &mut |bytes| {
                read = Some(selected(generation, key, select, bytes));
            });
            match shown {
                Ok(_) => return read.transpose().map_err(|why| why.table(self.path()).item(key)),
                // It was replaced in between.
                Err(StorageError::NoSuchTable { .. }) if self.cell.state().generation != Some(generation) => {}
                Err(why) => return Err(Error::from(why).table(self.path())),
            }
        }
    }

    /// Whether the table has a schema or an item.
    pub fn exists(&self) -> Result<bool> {
        let state = self.cell.table()?;
        if self.directory.is_empty() && state.schema.is_some() {
            return Ok(true);
        }
        self.has_items()
    }

    fn has_items(&self) -> Result<bool> {
        let Some((view, generation)) = self.view()? else { return Ok(false) };
        for range in [codec::directory_range(&self.directory), codec::below_directory(&self.directory)] {
            let mut found = false;
            view.scan(generation, &range, &mut |_, _| {
                found = true;
                Flow::Stop
            })?;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The table at one instant, with its generation; none if there is none.
    pub(crate) fn view(&self) -> Result<Option<(Arc<dyn View>, TableId)>> {
        loop {
            let Some(generation) = self.cell.table()?.generation else { return Ok(None) };
            let view = self.store.storage().view()?;
            // A view taken after the table was replaced lacks the old generation.
            if self.cell.state().generation == Some(generation) {
                return Ok(Some((view, generation)));
            }
        }
    }

    /// The schema as `.#schema` has it.
    pub fn schema(&self) -> Result<Option<Arc<TableSchema>>> {
        match self.directory.is_empty() {
            true => Ok(self.cell.table()?.schema.clone()),
            false => Ok(None),
        }
    }

    /// Installs a schema, or removes it; makes the table if it is not there.
    pub async fn set_schema(&self, schema: Option<TableSchema>) -> Result<()> {
        self.check_whole("has no schema of its own")?;
        let _control = self.store.control().await;
        let generation = self.ensure_under_control().await?;
        let _gate = self.cell.gate.write().await;
        let schema = schema.map(Arc::new);
        self.store.write_entry(self.path(), Some(Entry::Table { generation, schema: schema.clone() }), None).await?;
        let is_fresh = self.cell.state().is_fresh;
        self.cell.set_state(State { is_fresh, ..state_of(Entry::Table { generation, schema }, self.store.limits()) });
        Ok(())
    }

    pub(crate) fn check_whole(&self, what: &str) -> Result<()> {
        if self.directory.is_empty() {
            return Ok(());
        }
        let text = format!("{}/{} is a partition folder of a table and {what}", self.path(), self.directory);
        Err(Error::new(ErrorName::InvalidPath, text))
    }

    /// Makes the table if it is not there.
    pub(crate) async fn ensure(&self) -> Result<TableId> {
        if let Some(generation) = self.cell.table()?.generation {
            return Ok(generation);
        }
        let _control = self.store.control().await;
        self.ensure_under_control().await
    }

    async fn ensure_under_control(&self) -> Result<TableId> {
        if let Some(generation) = self.cell.table()?.generation {
            return Ok(generation);
        }
        self.store.check_above(self.path())?;
        let generation = self.store.next_id();
        self.store.order(move |storage| storage.create_table(generation)).await?;
        let entry = Entry::Table { generation, schema: None };
        self.store.write_entry(self.path(), Some(entry.clone()), None).await?;
        self.cell.set_state(State { is_fresh: true, ..state_of(entry, self.store.limits()) });
        Ok(generation)
    }

    /// Passes the gate: what is written until the guard falls goes into the table that counts.
    pub(crate) async fn enter(&self) -> Result<(OwnedRwLockReadGuard<()>, Target)> {
        loop {
            let gate = self.cell.gate.clone().read_owned().await;
            let state = self.cell.table()?;
            if let Some(generation) = state.generation {
                let target = Target { generation, rules: state.rules.clone(), is_fresh: state.is_fresh };
                return Ok((gate, target));
            }
            drop(gate);
            self.ensure().await?;
        }
    }

    /// Takes note of attribute names that are about to be written, and warns, once for a container, if they become too many
    /// (`Limits::distinct_attributes`); true then. Single items and batches do so by themselves.
    pub fn note_attributes<N: AsRef<str>>(&self, names: impl Iterator<Item = N> + Clone) -> bool {
        self.store.note_attributes(self.path().container(), names)
    }

    pub(crate) fn note_change(&self, change: &Change) {
        match change {
            Change::Write { attributes, .. } => {
                self.note_attributes(attributes.iter().map(|(name, _)| name));
            }
            Change::Evaluate { update, otherwise, .. } => {
                let targets = update.targets().chain(otherwise.iter().flat_map(Update::targets));
                self.note_attributes(targets.collect::<Vec<_>>().iter());
            }
            Change::Delete { .. } => {}
        }
    }

    /// Up to 1000 operations, a result for each, in their order; each item for itself.
    pub async fn batch(&self, operations: Vec<Operation>) -> Result<Vec<Result<WriteOutcome>>> {
        if operations.len() > BATCH_OPERATIONS {
            let text = format!("a batch has at most {BATCH_OPERATIONS} operations, this one has {}", operations.len());
            return Err(Error::new(ErrorName::LimitExceeded, text));
        }
        let only_deletes = operations.iter().all(|operation| matches!(operation.change, Change::Delete { .. }));
        if only_deletes && self.cell.table()?.generation.is_none() {
            let nothing =
                |operation: Operation| operation.change.check().map(|()| WriteOutcome::Unchanged(Unchanged::NoSuchItem));
            return Ok(operations.into_iter().map(nothing).collect());
        }
        let owners = self.store.owners()?;
        let mut shares: Vec<(Vec<usize>, Vec<Request>)> = owners.iter().map(|_| Default::default()).collect();
        let mut results: Vec<Result<WriteOutcome>> = operations.iter().map(|_| Err(stopped())).collect();
        for (at, Operation { key, change }) in operations.into_iter().enumerate() {
            if let Err(why) = change.check() {
                results[at] = Err(why.table(self.path()).item(&key));
                continue;
            }
            self.note_change(&change);
            let place = codec::encode_key(&self.directory, &key).into();
            let (places, requests) = &mut shares[owner_of(key.slice(), owners.len())];
            places.push(at);
            requests.push(Request { place, key, change, row: 0 });
        }
        let mut answers = Vec::new();
        for (owner, (places, requests)) in shares.into_iter().enumerate().filter(|(_, (places, _))| !places.is_empty()) {
            answers.push((places, self.send(&owners[owner], requests, Manner::Each, true).await?));
        }
        for (places, answer) in answers {
            let outcomes = answer.await.unwrap_or_else(|_| Err(stopped()))?;
            for (at, outcome) in places.into_iter().zip(outcomes) {
                results[at] = outcome.map_err(|why| why.table(self.path()));
            }
        }
        Ok(results)
    }

    /// Hands requests to an owner; waits until it has taken them, not for the answer.
    pub(crate) async fn send(
        &self,
        owner: &Addr<Owner>,
        requests: Vec<Request>,
        manner: Manner,
        is_final: bool,
    ) -> Result<oneshot::Receiver<Result<Vec<Result<WriteOutcome>>>>> {
        let (gate, target) = self.enter().await?;
        let (reply, answer) = oneshot::channel();
        let apply = Apply { target, requests, manner, is_final, reply, hold: Box::new(gate) };
        match owner.try_send(apply) {
            Ok(()) => {}
            // Only who finds the mailbox full is woken once more for having been let in.
            Err(SendError::Full(apply)) => owner.send(apply).await.map_err(|_| stopped())?,
            Err(SendError::Closed(_)) => return Err(stopped()),
        }
        Ok(answer)
    }

    /// Deletes the table with its partitions and schema, or the partition folder with those below it.
    pub async fn delete_table(&self, if_missing: IfMissing) -> Result<()> {
        if !self.directory.is_empty() {
            let deleted = self.delete_where("").await?;
            return match (deleted, if_missing) {
                (0, IfMissing::Fail) => Err(self.cell.not_found()),
                _ => Ok(()),
            };
        }
        let _control = self.store.control().await;
        let _gate = self.cell.gate.write().await;
        let Some(generation) = self.cell.table()?.generation else {
            return match if_missing {
                IfMissing::Fail => Err(self.cell.not_found()),
                IfMissing::Ignore => Ok(()),
            };
        };
        if if_missing == IfMissing::Fail && !self.exists()? {
            return Err(self.cell.not_found());
        }
        self.store.write_entry(self.path(), None, None).await?;
        self.cell.set_state(State::default());
        self.store.order(move |storage| storage.drop_table(generation)).await
    }

    /// What the table holds, its partitions too; counts items only if asked, because that reads them all. Blocks.
    pub fn statistics(&self, count_items: bool) -> Result<Statistics> {
        loop {
            let state = self.cell.table()?;
            let generation = state.generation.ok_or_else(|| self.cell.not_found())?;
            let (path, has_schema) = (self.path().clone(), state.schema.is_some());
            if let Some(found) = Statistics::of(&**self.store.storage(), path, generation, has_schema, count_items)? {
                return Ok(found);
            }
        }
    }

    /// Gives back the room of what was replaced and removed. Blocks while it works.
    pub fn compact(&self) -> Result<()> {
        match self.cell.table()?.generation {
            Some(generation) => Ok(self.store.storage().compact(generation)?),
            None => Err(self.cell.not_found()),
        }
    }
}

/// What is asked for of an item's bytes. Its checksum is left to `verify`, because the storage checks its own blocks.
fn selected(collection: TableId, key: &Key, select: &Select, bytes: &[u8]) -> Result<Item> {
    let item = ItemRef::parse(bytes)?;
    let whole = Names::of_thread(|names| item.to_item(names))?;
    let size = if *select == Select::User { 0 } else { whole.size() };
    let system = SystemAttributes { name: key.as_str(), version: item.version(), size, collection };
    Ok(select.of(whole, &system))
}
