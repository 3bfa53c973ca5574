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
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, Addr};
use emberflow_base::World;
use emberflow_base::world::Machine;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::arbiters::Arbiters;
use crate::attribute_names::AttributeNames;
use crate::catalog::{self, Entry, EntryKind};
use crate::cell::{Cell, State, split};
use crate::change::Rules;
use crate::clock::Clock;
use crate::codec::{ItemRef, KeyRef, Version};
use crate::committer::{CLOCK, Committer, Failure, Order, Queue, Staged, Sync, Work};
use crate::error::{Error, ErrorName, Result};
use crate::kv::Kv;
use crate::limits::Limits;
use crate::name;
use crate::owner::{Forget, Owner, Shared};
use crate::path::TablePath;
use crate::schema::TableSchema;
use crate::storage::fjall::FjallOptions;
use crate::storage::{
    Batch, Durability, FjallStorage, Flow, KeyRange, MemoryStorage, Storage, StorageError, StorageResult, TableId,
};
use crate::table::Table;

/// How long what is known of a job's rows is kept when nobody says that the job is over.
const PROGRESS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

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
    attribute_names: AttributeNames,
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
            attribute_names: AttributeNames::default(),
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
        self.write_entry(&cell.path, Some(Entry::Stream), None).await?;
        cell.set_state(State { is_stream: true, ..State::default() });
        Ok(())
    }

    /// Frees the path of a stream that was deleted.
    pub async fn unregister_stream(&self, path: &TablePath) -> Result<()> {
        let cell = self.table(path)?.cell;
        let _control = self.inner.control.lock().await;
        if cell.state().is_stream {
            let _gate = cell.gate.write().await;
            self.write_entry(&cell.path, None, None).await?;
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
            all.extend(Statistics::of(&**storage, path, generation, schema.is_some(), count_items)?);
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

    /// Warns, once for a container, of more attribute names than it should have; true then.
    pub(crate) fn note_attributes<N: AsRef<str>>(&self, container: &str, names: impl Iterator<Item = N> + Clone) -> bool {
        let most = self.inner.limits.distinct_attributes;
        let of_schemas = || {
            let cells = self.inner.cells.read();
            let schemas =
                cells.values().filter(|cell| cell.path.container() == container).filter_map(|cell| cell.state().schema.clone());
            schemas.flat_map(|schema| schema.fields.iter().map(|field| field.name.to_string()).collect::<Vec<_>>()).collect()
        };
        let is_due = self.inner.attribute_names.note(container, most, names, of_schemas);
        if is_due {
            tracing::warn!(
                "the container {container} has more than {most} distinct attribute names; names that are data, such as dates, \
                 belong into keys or values"
            );
        }
        is_due
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
            highest: None,
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
        self.commit(Batch::default(), None).await
    }

    pub(crate) fn next_version(&self) -> Version {
        self.inner.shared.clock.next()
    }

    pub(crate) fn next_id(&self) -> TableId {
        self.inner.highest_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) async fn control(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.control.lock().await
    }

    /// Writes or removes the record of a path; `version` is the highest of the items it brings to light.
    pub(crate) async fn write_entry(&self, path: &TablePath, entry: Option<Entry>, version: Option<Version>) -> Result<()> {
        let mut batch = Batch::default();
        match &entry {
            Some(entry) => batch.put_fact(catalog::name_key(path), entry.encode()),
            None => batch.remove_fact(catalog::name_key(path)),
        }
        let highest_id = self.inner.highest_id.load(Ordering::Relaxed);
        batch.put_fact(catalog::HIGHEST_ID.to_vec(), highest_id.to_le_bytes().to_vec());
        self.commit(batch, version).await
    }

    /// Commits a batch with the durability of the store.
    async fn commit(&self, batch: Batch, version: Option<Version>) -> Result<()> {
        self.owners()?;
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move |result| drop(sender.send(result)));
        self.queue().push(Work::Staged(Staged { batch, version, is_final: true, done }));
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Streams above a path forbid tables below.
    pub(crate) fn check_above(&self, path: &TablePath) -> Result<()> {
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

pub(crate) fn state_of(entry: Entry, limits: &Limits) -> State {
    match entry {
        Entry::Stream => State { is_stream: true, ..State::default() },
        Entry::Table { generation, schema } => {
            State { generation: Some(generation), rules: rules_of(schema.as_deref(), limits), schema, ..State::default() }
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

/// What [`Store::statistics`] and [`Table::statistics`] know of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    pub path: TablePath,
    pub generation: TableId,
    pub items: Option<u64>,
    pub bytes: u64,
    pub files: u64,
    pub has_schema: bool,
}

impl Statistics {
    /// None if the table was replaced meanwhile.
    pub(crate) fn of(
        storage: &dyn Storage,
        path: TablePath,
        generation: TableId,
        has_schema: bool,
        count_items: bool,
    ) -> Result<Option<Self>> {
        let Some(held) = unless_replaced(storage.statistics(generation))? else { return Ok(None) };
        let mut items = None;
        if count_items {
            let mut count = 0;
            let scanned = storage.view()?.scan(generation, &KeyRange::all(), &mut |_, _| {
                count += 1;
                Flow::Continue
            });
            items = unless_replaced(scanned)?.map(|()| count);
        }
        Ok(Some(Self { path, generation, items, bytes: held.bytes, files: held.files, has_schema }))
    }
}
