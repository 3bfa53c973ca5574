//! A store, its containers and its tables: what everyone else calls.
//!
//! ```text
//! Store ─► Kv (a container) ─► Table (a path; a partition folder of it)
//!                                ├─ put, update, delete, batch ─► owners ─► committer      (here, owner, committer)
//!                                ├─ writer, overwrite ──────────► owners, many rows        (bulk)
//!                                └─ get, scan, scan_slices ─────► committed state, no hop  (here, scan)
//! ```
//!
//! Handles are cheap to clone and may be used from any thread and any runtime. Owners and the committer start with the
//! first write. When the last handle is gone, what is staged is still committed and the storage is closed.
//!
//! Order of locks: `control`, then a table's gate. Not here: what a request makes of an item (`change`).

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, Addr};
use emberflow_base::World;
use emberflow_base::world::Machine;
use futures::Stream;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{OwnedRwLockReadGuard, oneshot};

use crate::arbiters::Arbiters;
use crate::catalog::{self, Entry, EntryKind};
use crate::change::{Assign, Change, Rules, Unchanged, UpdateMode};
use crate::clock::Clock;
use crate::codec::{self, ItemRef, KeyRef, Names, Version};
use crate::committer::{CLOCK, Committer, Failure, Order, Queue, Staged, Sync, Work};
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Condition, Update};
use crate::limits::Limits;
use crate::name::{self, Key};
use crate::owner::{Apply, Forget, Manner, Owner, Request, Shared, SystemAttributes, Target, WriteOutcome};
use crate::path::TablePath;
use crate::scan::{Page, ScanSpec};
use crate::schema::TableSchema;
use crate::slice::owner_of;
use crate::storage::fjall::FjallOptions;
use crate::storage::{
    Batch, Durability, FjallStorage, Flow, KeyRange, MemoryStorage, Storage, StorageError, StorageResult, TableId,
};
use crate::table::{Cell, State, split};
use crate::value::Item;

/// How long what is known of a job's rows is kept when nobody says that the job is over.
const PROGRESS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Most operations of one [`Table::batch`].
const BATCH_OPERATIONS: usize = 1000;

/// What may be chosen when a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// When acknowledged writes have reached the disk (`ember.nosql.sync`).
    pub sync: Sync,
    /// Bytes of files held in memory for readers.
    pub cache_bytes: u64,
    /// Bytes of one table's writes held in memory before they become a file.
    pub write_buffer_bytes: u64,
    pub limits: Limits,
    /// Where versions get the time from.
    pub world: Arc<dyn World>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let FjallOptions { cache_bytes, write_buffer_bytes } = FjallOptions::default();
        Self { sync: Sync::Always, cache_bytes, write_buffer_bytes, limits: Limits::default(), world: Arc::new(Machine) }
    }
}

/// Everything under one folder. See the module.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    shared: Arc<Shared>,
    sync: Sync,
    limits: Limits,
    cells: RwLock<HashMap<TablePath, Arc<Cell>>>,
    running: Mutex<Option<Running>>,
    /// Held by who creates, replaces, reshapes or deletes a table.
    control: tokio::sync::Mutex<()>,
    highest_id: AtomicU64,
}

/// Fields in the order in which they are to be dropped.
struct Running {
    owners: Vec<Addr<Owner>>,
    _arbiters: Arc<Arbiters>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // First, so that no owner waits for room while its thread is ended.
        self.shared.queue.close();
    }
}

impl Store {
    /// Opens the store in a folder, or makes it. Fails if another process has it open.
    pub fn open(folder: impl AsRef<Path>, options: StoreOptions) -> Result<Self> {
        let bytes = FjallOptions { cache_bytes: options.cache_bytes, write_buffer_bytes: options.write_buffer_bytes };
        Self::with_storage(Arc::new(FjallStorage::open(folder.as_ref(), bytes)?), options)
    }

    /// A store that ends with its last handle.
    pub fn in_memory(options: StoreOptions) -> Result<Self> {
        Self::with_storage(Arc::new(MemoryStorage::new()), options)
    }

    /// A store over any storage. Removes what overwrites left behind that did not come to their end.
    pub fn with_storage(storage: Arc<dyn Storage>, options: StoreOptions) -> Result<Self> {
        let mut cells = HashMap::new();
        let mut named = Vec::new();
        for (path, entry) in catalog::entries(&*storage)? {
            if let Entry::Table { generation, .. } = &entry {
                named.push(*generation);
            }
            cells.insert(path.clone(), Arc::new(Cell::new(path, state_of(entry, &options.limits))));
        }
        let tables = storage.tables()?;
        for leftover in tables.iter().filter(|table| !named.contains(table)) {
            storage.drop_table(*leftover)?;
        }
        let highest = catalog::number(&*storage, catalog::HIGHEST_ID)?.unwrap_or(0) as TableId;
        let highest_id = named.into_iter().chain(tables).max().unwrap_or(0).max(highest);
        let clock = Clock::new(options.world, catalog::number(&*storage, CLOCK)?.map(Version::from_nanos));
        forget_old_jobs(&*storage, &clock)?;
        let shared = Shared { storage, queue: Arc::default(), failure: Failure::default(), clock: Arc::new(clock) };
        let inner = Inner {
            shared: Arc::new(shared),
            sync: options.sync,
            limits: options.limits,
            cells: RwLock::new(cells),
            running: Mutex::new(None),
            control: tokio::sync::Mutex::new(()),
            highest_id: AtomicU64::new(highest_id),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A container. It needs no making.
    pub fn kv(&self, container: &str) -> Result<Kv> {
        crate::path::check_container(container)?;
        Ok(Kv { store: self.clone(), container: container.into() })
    }

    /// The table at a path, or a partition folder of it, whether or not anything is there.
    pub fn table(&self, path: &TablePath) -> Result<Table> {
        let (root, directory) = split(path)?;
        let known = self.inner.cells.read().get(&root).cloned();
        let cell = known.unwrap_or_else(|| {
            let mut cells = self.inner.cells.write();
            cells.entry(root.clone()).or_insert_with(|| Arc::new(Cell::new(root, State::default()))).clone()
        });
        Ok(Table { store: self.clone(), cell, directory: directory.into() })
    }

    /// What lies in a container, with its kind, in the order of the paths.
    pub fn list(&self, container: &str) -> Vec<(TablePath, EntryKind)> {
        let mut found: Vec<_> = self.entries().into_iter().filter(|(path, _)| path.container() == container).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// The containers that hold something, sorted.
    pub fn containers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.entries().into_iter().map(|(path, _)| path.container().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn entries(&self) -> Vec<(TablePath, EntryKind)> {
        let kind = |cell: &Arc<Cell>| match cell.state() {
            state if state.is_stream => Some(EntryKind::Stream),
            state => state.generation.map(|_| EntryKind::Table),
        };
        self.inner.cells.read().values().filter_map(|cell| Some((cell.path.clone(), kind(cell)?))).collect()
    }

    /// Says that a stream lies at a path, so that nobody takes it for a table. `TableExists` if a table does.
    pub async fn register_stream(&self, path: &TablePath) -> Result<()> {
        let cell = self.table(path)?.cell;
        let _control = self.inner.control.lock().await;
        let state = cell.state();
        if state.is_stream {
            return Ok(());
        }
        if state.generation.is_some() {
            return Err(Error::new(ErrorName::TableExists, "a table lies at this path").table(path));
        }
        let _gate = cell.gate.write().await;
        self.write_entry(&cell.path, Some(Entry::Stream)).await?;
        cell.set_state(State { is_stream: true, ..State::default() });
        Ok(())
    }

    /// Frees the path of a stream that was deleted.
    pub async fn unregister_stream(&self, path: &TablePath) -> Result<()> {
        let cell = self.table(path)?.cell;
        let _control = self.inner.control.lock().await;
        if cell.state().is_stream {
            let _gate = cell.gate.write().await;
            self.write_entry(&cell.path, None).await?;
            cell.set_state(State::default());
        }
        Ok(())
    }

    /// Says that a job is over: what is known of its tasks' rows is forgotten.
    pub async fn forget_job(&self, job: &str) -> Result<()> {
        let prefix = catalog::job_prefix(job);
        for owner in self.owners()? {
            owner.send(Forget { prefix: prefix.clone() }).await.map_err(|_| stopped())?;
        }
        self.order(move |storage| {
            let mut batch = Batch::default();
            for (key, _) in storage.facts(&prefix)? {
                batch.remove_fact(key);
            }
            if batch.is_empty() { Ok(()) } else { storage.apply(batch, Durability::Written) }
        })
        .await
    }

    /// Reads every key and item and compares them with their checksums. Blocks.
    pub fn verify(&self) -> Result<Verified> {
        let storage = &self.inner.shared.storage;
        let mut verified = Verified::default();
        for (path, entry) in catalog::entries(&**storage)? {
            let Entry::Table { generation, .. } = entry else { continue };
            verified.tables += 1;
            let scanned = storage.view()?.scan(generation, &KeyRange::all(), &mut |key, value| {
                verified.items += 1;
                verified.bytes += (key.len() + value.len()) as u64;
                if let Err(why) = verify_item(key, value) {
                    verified.note(&path, key, &why);
                }
                Flow::Continue
            });
            unless_replaced(scanned)?;
        }
        Ok(verified)
    }

    /// What each table holds; counts items only if asked, because that reads them all. Blocks.
    pub fn statistics(&self, count_items: bool) -> Result<Vec<Statistics>> {
        let storage = &self.inner.shared.storage;
        let mut all = Vec::new();
        for (path, entry) in catalog::entries(&**storage)? {
            let Entry::Table { generation, schema } = entry else { continue };
            let Some(held) = unless_replaced(storage.statistics(generation))? else { continue };
            let mut items = None;
            if count_items {
                let mut count = 0;
                let scanned = storage.view()?.scan(generation, &KeyRange::all(), &mut |_, _| {
                    count += 1;
                    Flow::Continue
                });
                items = unless_replaced(scanned)?.map(|()| count);
            }
            all.push(Statistics { path, generation, items, bytes: held.bytes, files: held.files, has_schema: schema.is_some() });
        }
        Ok(all)
    }

    /// Why the store refuses writes, if it does: it has to be opened again.
    pub fn failure(&self) -> Option<Error> {
        self.inner.shared.failure.get().cloned()
    }

    /// What messages call the store: its folder.
    pub fn name(&self) -> &str {
        self.inner.shared.storage.name()
    }

    /// Lets go of this handle and waits until the storage is closed. Fails if other handles remain.
    pub async fn close(self) -> Result<()> {
        let storage = self.storage().clone();
        if Arc::strong_count(&self.inner) > 1 {
            return Err(Error::new(ErrorName::InvalidArgument, "the store is still used by another handle"));
        }
        drop(self);
        for _ in 0..10_000 {
            // The last one to let go closes the files; that shall have happened when this returns.
            if Arc::strong_count(&storage) == 1 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(Error::new(ErrorName::StorageFailed, "the store could not be closed: something still reads it"))
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.inner.shared.storage
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.inner.shared.queue
    }

    /// Starts owners and committer if they are not running; gives the owners.
    pub(crate) fn owners(&self) -> Result<Vec<Addr<Owner>>> {
        let mut running = self.inner.running.lock();
        if let Some(running) = &*running {
            return Ok(running.owners.clone());
        }
        let failed = |why: std::io::Error| Error::new(ErrorName::StorageFailed, format!("the store cannot start: {why}"));
        let arbiters = Arbiters::shared().map_err(failed)?;
        let shared = &self.inner.shared;
        let committer = Committer {
            storage: shared.storage.clone(),
            queue: shared.queue.clone(),
            failure: shared.failure.clone(),
            sync: self.inner.sync,
        };
        std::thread::Builder::new()
            .name("emberflow-nosql-committer".to_owned())
            .spawn(move || committer.run())
            .map_err(failed)?;
        let start = |at: usize| {
            let shared = shared.clone();
            Owner::start_in_arbiter(arbiters.handle(at), move |_| Owner::new(shared))
        };
        let owners: Vec<Addr<Owner>> = (0..arbiters.len()).map(start).collect();
        *running = Some(Running { owners: owners.clone(), _arbiters: arbiters });
        Ok(owners)
    }

    /// Has the committer do something, and waits for it.
    pub(crate) async fn order(&self, order: impl FnOnce(&dyn Storage) -> StorageResult<()> + Send + 'static) -> Result<()> {
        self.owners()?;
        let (sender, receiver) = oneshot::channel();
        let order: Order = Box::new(order);
        let done = Box::new(move |result| drop(sender.send(result)));
        self.queue().push(Work::Order(order, done));
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Waits until everything acknowledged so far has the durability of the store.
    pub(crate) async fn barrier(&self) -> Result<()> {
        self.owners()?;
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move |result| drop(sender.send(result)));
        let staged = Staged { batch: Batch::default(), version: None, is_final: true, done };
        self.queue().push(Work::Staged(staged));
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(crate) fn next_id(&self) -> TableId {
        self.inner.highest_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn durability(&self) -> Durability {
        if self.inner.sync == Sync::Always { Durability::Synced } else { Durability::Written }
    }

    pub(crate) async fn control(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.control.lock().await
    }

    /// Writes or removes the record of a path.
    pub(crate) async fn write_entry(&self, path: &TablePath, entry: Option<Entry>) -> Result<()> {
        let mut batch = Batch::default();
        match &entry {
            Some(entry) => batch.put_fact(catalog::name_key(path), entry.encode()),
            None => batch.remove_fact(catalog::name_key(path)),
        }
        if let Some(Entry::Table { generation, .. }) = &entry {
            batch.put_fact(catalog::HIGHEST_ID.to_vec(), generation.to_le_bytes().to_vec());
        }
        let durability = self.durability();
        self.order(move |storage| storage.apply(batch, durability)).await
    }

    /// Streams above a path forbid tables below.
    fn check_above(&self, path: &TablePath) -> Result<()> {
        let cells = self.inner.cells.read();
        for (at, _) in path.path().match_indices('/') {
            let above = TablePath::new(path.container(), &path.path()[..at])?;
            if cells.get(&above).is_some_and(|cell| cell.state().is_stream) {
                return Err(Error::new(ErrorName::NotATable, format!("the stream {above} lies above this path")).table(path));
            }
        }
        Ok(())
    }
}

pub(crate) fn stopped() -> Error {
    Error::new(ErrorName::StorageFailed, "the store was closed before it answered")
}

fn state_of(entry: Entry, limits: &Limits) -> State {
    match entry {
        Entry::Stream => State { is_stream: true, ..State::default() },
        Entry::Table { generation, schema } => {
            State { generation: Some(generation), rules: rules_of(schema.as_deref(), limits), schema, is_stream: false }
        }
    }
}

/// What a table with this schema demands of every change.
pub(crate) fn rules_of(schema: Option<&TableSchema>, limits: &Limits) -> Arc<Rules> {
    let key_columns = schema.and_then(|schema| schema.key.clone());
    Arc::new(Rules { key_columns, limits: limits.clone() })
}

fn forget_old_jobs(storage: &dyn Storage, clock: &Clock) -> Result<()> {
    let mut batch = Batch::default();
    for key in catalog::old_progress(storage, clock.now_ms() - PROGRESS_KEPT.as_millis() as i64)? {
        batch.remove_fact(key);
    }
    if batch.is_empty() { Ok(()) } else { Ok(storage.apply(batch, Durability::Written)?) }
}

/// None if the table was replaced or deleted meanwhile.
fn unless_replaced<T>(result: StorageResult<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StorageError::NoSuchTable { .. }) => Ok(None),
        Err(why) => Err(why.into()),
    }
}

fn verify_item(key: &[u8], value: &[u8]) -> Result<()> {
    let parts = KeyRef::parse(key)?;
    if name::slice_of(parts.sharding) != parts.slice {
        return Err(Error::new(ErrorName::StorageCorrupt, "a key lies in a slice that is not its own"));
    }
    ItemRef::parse(value)?.check(key)?.attributes().try_for_each(|attribute| attribute.map(drop))
}

/// What [`Store::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub tables: u64,
    pub items: u64,
    pub bytes: u64,
    /// How many items are not what was written.
    pub broken: u64,
    /// The first of them, in sentences.
    pub findings: Vec<String>,
}

impl Verified {
    const FINDINGS: usize = 100;

    fn note(&mut self, path: &TablePath, key: &[u8], why: &Error) {
        self.broken += 1;
        if self.findings.len() < Self::FINDINGS {
            let name = KeyRef::parse(key).map_or_else(|_| format!("{key:?}"), |key| key.name());
            self.findings.push(format!("{path}, item {name}: {}", why.message()));
        }
    }
}

/// What [`Store::statistics`] knows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    pub path: TablePath,
    pub generation: TableId,
    pub items: Option<u64>,
    pub bytes: u64,
    pub files: u64,
    pub has_schema: bool,
}

/// A container: the operations of [`Table`] with the table named first.
#[derive(Clone)]
pub struct Kv {
    store: Store,
    container: Arc<str>,
}

impl Kv {
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn container(&self) -> &str {
        &self.container
    }

    /// The table at a path of this container.
    pub fn table(&self, path: &str) -> Result<Table> {
        self.store.table(&TablePath::new(&self.container, path)?)
    }

    /// Makes an item anew, in the place of one that may be there.
    pub fn put<N: Into<Arc<str>>, A: Into<Assigned>>(
        &self,
        table: &str,
        key: impl ToKey,
        attributes: impl IntoIterator<Item = (N, A)>,
    ) -> Write {
        self.write(table, |table| table.put(key, attributes))
    }

    /// Sets attributes of an item, as `mode` says.
    pub fn update<N: Into<Arc<str>>, A: Into<Assigned>>(
        &self,
        table: &str,
        key: impl ToKey,
        attributes: impl IntoIterator<Item = (N, A)>,
        mode: UpdateMode,
    ) -> Write {
        self.write(table, |table| table.update(key, attributes, mode))
    }

    /// Carries out an update expression on an item.
    pub fn update_expr(&self, table: &str, key: impl ToKey, update: impl ToUpdate) -> Write {
        self.write(table, |table| table.update_expr(key, update))
    }

    /// Removes an item.
    pub fn delete(&self, table: &str, key: impl ToKey) -> Write {
        self.write(table, |table| table.delete(key))
    }

    /// An item as last committed.
    pub async fn get(&self, table: &str, key: impl ToKey, select: Select) -> Result<Option<Item>> {
        self.table(table)?.get(key, select).await
    }

    /// The items of a scan, one after another.
    pub fn scan(&self, table: &str, spec: ScanSpec) -> Result<impl Stream<Item = Result<Item>> + Send + use<>> {
        self.table(table)?.scan(spec)
    }

    /// One page of a scan. See [`Table::scan_page`].
    pub async fn scan_page(&self, table: &str, spec: &ScanSpec, limit: usize, marker: Option<&str>) -> Result<Page> {
        self.table(table)?.scan_page(spec, limit, marker).await
    }

    /// Removes the items for which a filter is true, and gives their number.
    pub async fn delete_where(&self, table: &str, filter: impl ToCondition) -> Result<u64> {
        self.table(table)?.delete_where(filter).await
    }

    /// Deletes a table with its partitions and schema.
    pub async fn delete_table(&self, table: &str, if_missing: IfMissing) -> Result<()> {
        self.table(table)?.delete_table(if_missing).await
    }

    /// Up to 1000 operations. See [`Table::batch`].
    pub async fn batch(&self, table: &str, operations: Vec<Operation>) -> Result<Vec<Result<WriteOutcome>>> {
        self.table(table)?.batch(operations).await
    }

    fn write(&self, table: &str, write: impl FnOnce(Table) -> Write) -> Write {
        match self.table(table) {
            Ok(table) => write(table),
            Err(why) => Write { table: None, request: Err(why) },
        }
    }
}

/// What can name an item.
pub trait ToKey {
    fn to_key(self) -> Result<Key>;
}

impl ToKey for Key {
    fn to_key(self) -> Result<Key> {
        Ok(self)
    }
}

impl ToKey for Result<Key> {
    fn to_key(self) -> Result<Key> {
        self
    }
}

impl ToKey for &Key {
    fn to_key(self) -> Result<Key> {
        Ok(self.clone())
    }
}

impl ToKey for &str {
    fn to_key(self) -> Result<Key> {
        Key::parse(self)
    }
}

impl ToKey for String {
    fn to_key(self) -> Result<Key> {
        Key::parse(self)
    }
}

/// What can be read as an update expression.
pub trait ToUpdate {
    fn to_update(self) -> Result<Update>;
}

impl ToUpdate for Update {
    fn to_update(self) -> Result<Update> {
        Ok(self)
    }
}

impl ToUpdate for Result<Update> {
    fn to_update(self) -> Result<Update> {
        self
    }
}

impl ToUpdate for &str {
    fn to_update(self) -> Result<Update> {
        Update::parse(self)
    }
}

/// What can be read as a condition.
pub trait ToCondition {
    fn to_condition(self) -> Result<Condition>;
}

impl ToCondition for Condition {
    fn to_condition(self) -> Result<Condition> {
        Ok(self)
    }
}

impl ToCondition for Result<Condition> {
    fn to_condition(self) -> Result<Condition> {
        self
    }
}

impl ToCondition for &str {
    fn to_condition(self) -> Result<Condition> {
        Condition::parse(self)
    }
}

/// What a request gives an attribute: a value, an increment or a null.
pub struct Assigned(pub Assign);

/// Adds to the stored number.
pub fn increment(step: impl Into<crate::Value>) -> Assigned {
    Assigned(Assign::Increment(step.into()))
}

impl<V: Into<crate::Value>> From<V> for Assigned {
    fn from(value: V) -> Self {
        Self(Assign::Set(value.into()))
    }
}

/// Which attributes a reader gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Select {
    /// `*`: those whose name does not begin with `__`.
    #[default]
    User,
    /// `**`: all, those of the store too.
    All,
    /// Those of these names.
    Names(Vec<Arc<str>>),
}

impl Select {
    pub fn names<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Names(names.into_iter().map(Into::into).collect())
    }

    /// Reads `*`, `**` or a list with commas.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text.trim() {
            "*" => Self::User,
            "**" => Self::All,
            list => {
                let names: Vec<&str> = list.split(',').map(str::trim).collect();
                names.iter().try_for_each(|name| name::check_attribute(name))?;
                Self::names(names)
            }
        })
    }

    pub(crate) fn of(&self, item: Item, system: &SystemAttributes<'_>) -> Item {
        match self {
            Self::User => item.into_iter().filter(|(name, _)| !name::is_hidden(name)).collect(),
            Self::All => {
                let kept = name::SYSTEM_ATTRIBUTES.iter().filter_map(|name| Some((Arc::from(*name), system.value(name)?)));
                item.into_iter().chain(kept).collect()
            }
            Self::Names(names) => {
                let value = |name: &Arc<str>| match name::is_system(name) {
                    true => system.value(name),
                    false => item.get(name).cloned(),
                };
                names.iter().filter_map(|name| Some((name.clone(), value(name)?))).collect()
            }
        }
    }
}

/// What to do when there is nothing to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    Fail,
    Ignore,
}

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
        let Some((generation, bytes)) = self.read(&place)? else { return Ok(None) };
        let read = ItemRef::parse(&bytes).and_then(|item| item.check(&place));
        let item = read.map_err(|why| why.table(self.path()).item(key))?;
        let whole = item.to_item(&mut Names::default())?;
        let (version, size) = (item.version(), whole.size());
        let system = SystemAttributes { name: key.as_str(), version, size, collection: generation };
        Ok(Some(select.of(whole, &system)))
    }

    fn read(&self, place: &[u8]) -> Result<Option<(TableId, Vec<u8>)>> {
        loop {
            let Some(generation) = self.cell.table()?.generation else { return Ok(None) };
            match self.store.storage().get(generation, place) {
                Ok(found) => return Ok(found.map(|bytes| (generation, bytes))),
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
    pub(crate) fn view(&self) -> Result<Option<(Arc<dyn crate::storage::View>, TableId)>> {
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
        self.store.write_entry(self.path(), Some(Entry::Table { generation, schema: schema.clone() })).await?;
        self.cell.set_state(state_of(Entry::Table { generation, schema }, self.store.limits()));
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
        self.store.write_entry(self.path(), Some(entry.clone())).await?;
        self.cell.set_state(state_of(entry, self.store.limits()));
        Ok(generation)
    }

    /// Passes the gate: what is written until the guard falls goes into the table that counts.
    pub(crate) async fn enter(&self) -> Result<(OwnedRwLockReadGuard<()>, Target)> {
        loop {
            let gate = self.cell.gate.clone().read_owned().await;
            let state = self.cell.table()?;
            if let Some(generation) = state.generation {
                let target = Target { generation, rules: state.rules.clone(), is_staging: false };
                return Ok((gate, target));
            }
            drop(gate);
            self.ensure().await?;
        }
    }

    /// Up to 1000 operations, a result for each, in their order; each item for itself.
    pub async fn batch(&self, operations: Vec<Operation>) -> Result<Vec<Result<WriteOutcome>>> {
        if operations.len() > BATCH_OPERATIONS {
            let text = format!("a batch has at most {BATCH_OPERATIONS} operations, this one has {}", operations.len());
            return Err(Error::new(ErrorName::LimitExceeded, text));
        }
        let owners = self.store.owners()?;
        let mut shares: Vec<(Vec<usize>, Vec<Request>)> = owners.iter().map(|_| Default::default()).collect();
        let mut results: Vec<Result<WriteOutcome>> = operations.iter().map(|_| Err(stopped())).collect();
        for (at, Operation { key, change }) in operations.into_iter().enumerate() {
            if let Err(why) = change.check() {
                results[at] = Err(why.table(self.path()).item(&key));
                continue;
            }
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
        owner.send(apply).await.map_err(|_| stopped())?;
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
        self.store.write_entry(self.path(), None).await?;
        self.cell.set_state(State::default());
        self.store.order(move |storage| storage.drop_table(generation)).await
    }

    /// Gives back the room of what was replaced and removed. Blocks while it works.
    pub fn compact(&self) -> Result<()> {
        match self.cell.table()?.generation {
            Some(generation) => Ok(self.store.storage().compact(generation)?),
            None => Err(self.cell.not_found()),
        }
    }
}

/// One operation of a batch.
#[derive(Debug, Clone)]
pub struct Operation {
    pub key: Key,
    pub change: Change,
}

/// A write that is about to be sent; nothing happens before it is awaited.
#[must_use = "a write does nothing unless it is awaited"]
pub struct Write {
    table: Option<Table>,
    request: Result<Operation>,
}

impl Write {
    /// Only if the condition is true for the stored item.
    pub fn when(mut self, condition: impl ToCondition) -> Self {
        self.request = self.request.and_then(|operation| {
            let condition = Some(condition.to_condition()?);
            let change = match operation.change {
                Change::Write { mode, attributes, .. } => Change::Write { mode, attributes, condition },
                Change::Evaluate { update, otherwise, .. } => Change::Evaluate { update, condition, otherwise },
                Change::Delete { .. } => Change::Delete { condition },
            };
            Ok(Operation { key: operation.key, change })
        });
        self
    }

    /// Carried out if the condition is not true; only for update expressions.
    pub fn otherwise(mut self, update: impl ToUpdate) -> Self {
        self.request = self.request.and_then(|operation| {
            let otherwise = Some(update.to_update()?);
            match operation.change {
                Change::Evaluate { update, condition, .. } => {
                    Ok(Operation { key: operation.key, change: Change::Evaluate { update, condition, otherwise } })
                }
                _ => Err(Error::new(
                    ErrorName::InvalidArgument,
                    "only an update expression can have another for when its condition is not true",
                )),
            }
        });
        self
    }

    /// As an operation of a batch.
    pub fn into_operation(self) -> Result<Operation> {
        self.request
    }
}

impl IntoFuture for Write {
    type Output = Result<WriteOutcome>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Operation { key, change } = self.request?;
            change.check()?;
            let Some(table) = self.table else { return Err(stopped()) };
            let nothing_there = table.cell.table()?.generation.is_none();
            if nothing_there && matches!(change, Change::Delete { .. }) {
                return Ok(WriteOutcome::Unchanged(Unchanged::NoSuchItem));
            }
            let owners = table.store.owners()?;
            let owner = &owners[owner_of(key.slice(), owners.len())];
            let place = codec::encode_key(&table.directory, &key).into();
            let request = Request { place, key, change, row: 0 };
            let answer = table.send(owner, vec![request], Manner::Each, true).await?;
            let outcome = answer.await.unwrap_or_else(|_| Err(stopped())).and_then(|mut outcomes| match outcomes.pop() {
                Some(outcome) => outcome,
                None => Err(stopped()),
            });
            outcome.map_err(|why| why.table(table.path()))
        })
    }
}
