//! Items in a folder of this machine, kept by fjall: the only module that knows it.
//!
//! ```text
//! <folder>/LOCK      held while the store is open; says by which process
//! <folder>/FORMAT    written once creation is complete
//! <folder>/data/     fjall: one journal, a keyspace `facts`, a keyspace `t<id>` per table
//! ```
//!
//! A batch is one fjall batch: journalled whole, synced if asked, then visible. Dropping a table drops its keyspace, which
//! costs the same for any number of items. A folder whose creation was cut short has no FORMAT and is made anew.
//!
//! fjall refuses every write after a failed one ("poisoned"), which is what [`Storage::apply`] promises. Its functions may
//! panic on files that make no sense; opening turns that into an error.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fjall::config::{PartitioningPolicy, PinningPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use parking_lot::RwLock;

use super::{
    Batch, Durability, Flow, ItemWrite, KeyRange, Storage, StorageError, StorageResult, TableId, TableStatistics, View, Visitor,
};

/// What FORMAT says; `FORMAT.md` describes it.
const FORMAT: &str = "emberflow nosql store, format 1\n";
const FACTS: &str = "facts";
/// Bytes of journals after which tables are written to files so that journals can go: opening reads what they hold.
const JOURNAL_BYTES: u64 = 128 << 20;
/// Longest wait for a store that this very process is still closing.
const CLOSING_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for another process: one that its parent is just starting holds the parent's locks for a moment.
const STARTING_WAIT: Duration = Duration::from_millis(500);

/// What may be chosen when a folder is opened.
#[derive(Debug, Clone, Copy)]
pub struct FjallOptions {
    /// Bytes of blocks and files held in memory for readers.
    pub cache_bytes: u64,
    /// Bytes of one table's writes held in memory before they become a file.
    pub write_buffer_bytes: u64,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, write_buffer_bytes: 32 << 20 }
    }
}

/// See the module.
pub struct FjallStorage {
    name: String,
    options: FjallOptions,
    facts: Keyspace,
    /// Shared with views, so replaced instead of changed while one is open.
    tables: RwLock<Arc<HashMap<TableId, Keyspace>>>,
    database: Database,
    // Dropped last, when fjall has closed its files.
    _lock: FolderLock,
}

impl FjallStorage {
    /// Opens the store in `folder`, or makes it.
    pub fn open(folder: &Path, options: FjallOptions) -> StorageResult<Self> {
        let name = folder.display().to_string();
        let unreadable = |reason: String| StorageError::Unreadable { store: name.clone(), reason };
        fs::create_dir_all(folder).map_err(|why| unreadable(why.to_string()))?;
        let lock = FolderLock::take(folder)?;
        let is_complete = check_format(folder, &name)?;
        let data = folder.join("data");
        if !is_complete && data.exists() {
            fs::remove_dir_all(&data).map_err(|why| unreadable(why.to_string()))?;
        }
        let database = catch_unwind(AssertUnwindSafe(|| open_database(&data, options)))
            .map_err(|_| StorageError::Corrupt { store: name.clone(), reason: "its files contradict each other".to_owned() })?
            .map_err(|why| read_failed(&name, &why))?;
        let facts = keyspace(&database, FACTS, options).map_err(|why| read_failed(&name, &why))?;
        if !is_complete {
            write_format(folder).map_err(|why| unreadable(why.to_string()))?;
        }
        let mut tables = HashMap::new();
        for known in database.list_keyspace_names() {
            if let Some(table) = known.strip_prefix('t').and_then(|id| id.parse::<TableId>().ok()) {
                tables.insert(table, keyspace(&database, &known, options).map_err(|why| read_failed(&name, &why))?);
            }
        }
        Ok(Self { name, options, facts, tables: RwLock::new(Arc::new(tables)), database, _lock: lock })
    }

    fn table(&self, table: TableId) -> StorageResult<Keyspace> {
        self.tables.read().get(&table).cloned().ok_or_else(|| StorageError::NoSuchTable { store: self.name.clone(), table })
    }

    fn read_failed(&self, why: &fjall::Error) -> StorageError {
        read_failed(&self.name, why)
    }

    fn write_failed(&self, why: &fjall::Error) -> StorageError {
        let reason = match why {
            fjall::Error::Poisoned => "an earlier write failed".to_owned(),
            fjall::Error::Io(why) => why.to_string(),
            other => other.to_string(),
        };
        StorageError::WriteFailed { store: self.name.clone(), reason }
    }
}

fn open_database(data: &Path, options: FjallOptions) -> fjall::Result<Database> {
    // Batches say themselves how far they are to be persisted.
    let builder = Database::builder(data).cache_size(options.cache_bytes).max_journaling_size(JOURNAL_BYTES);
    builder.manual_journal_persist(true).open()
}

fn keyspace(database: &Database, name: &str, options: FjallOptions) -> fjall::Result<Keyspace> {
    database.keyspace(name, || {
        // Where blocks lie and whether an item may be there is told from memory (about 2 % of what lies in files): a read of an
        // item is then one look into the cache, or one block from its file.
        KeyspaceCreateOptions::default()
            .manual_journal_persist(true)
            .max_memtable_size(options.write_buffer_bytes)
            .index_block_partitioning_policy(PartitioningPolicy::all(false))
            .index_block_pinning_policy(PinningPolicy::all(true))
            .filter_block_partitioning_policy(PartitioningPolicy::all(false))
            .filter_block_pinning_policy(PinningPolicy::all(true))
    })
}

fn table_name(table: TableId) -> String {
    format!("t{table}")
}

fn read_failed(store: &str, why: &fjall::Error) -> StorageError {
    let store = store.to_owned();
    match why {
        fjall::Error::Io(why) => StorageError::Unreadable { store, reason: why.to_string() },
        fjall::Error::Locked => StorageError::InUse { folder: store, owner: "another process".to_owned() },
        other => StorageError::Corrupt { store, reason: other.to_string() },
    }
}

/// Whether the folder's creation was completed.
fn check_format(folder: &Path, name: &str) -> StorageResult<bool> {
    match fs::read_to_string(folder.join("FORMAT")) {
        Ok(text) if text == FORMAT => Ok(true),
        Ok(text) => {
            let reason = format!("its format is {:?}, this version reads {:?}", text.trim_end(), FORMAT.trim_end());
            Err(StorageError::Unreadable { store: name.to_owned(), reason })
        }
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(StorageError::Unreadable { store: name.to_owned(), reason: why.to_string() }),
    }
}

/// In one step: a reader finds the whole file or none.
fn write_format(folder: &Path) -> std::io::Result<()> {
    let fresh = folder.join("FORMAT.new");
    let mut file = File::create(&fresh)?;
    file.write_all(FORMAT.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join("FORMAT"))?;
    File::open(folder)?.sync_all()
}

impl Storage for FjallStorage {
    fn name(&self) -> &str {
        &self.name
    }

    fn tables(&self) -> StorageResult<Vec<TableId>> {
        Ok(self.tables.read().keys().copied().collect())
    }

    fn create_table(&self, table: TableId) -> StorageResult<()> {
        let mut tables = self.tables.write();
        if !tables.contains_key(&table) {
            let made = keyspace(&self.database, &table_name(table), self.options);
            Arc::make_mut(&mut tables).insert(table, made.map_err(|why| self.write_failed(&why))?);
        }
        Ok(())
    }

    fn drop_table(&self, table: TableId) -> StorageResult<()> {
        match Arc::make_mut(&mut *self.tables.write()).remove(&table) {
            Some(keyspace) => self.database.delete_keyspace(keyspace).map_err(|why| self.write_failed(&why)),
            None => Ok(()),
        }
    }

    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        let found = self.table(table)?.get(key).map_err(|why| self.read_failed(&why))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn show(&self, table: TableId, key: &[u8], take: &mut dyn FnMut(&[u8])) -> StorageResult<bool> {
        let found = self.table(table)?.get(key).map_err(|why| self.read_failed(&why))?;
        if let Some(bytes) = &found {
            take(bytes);
        }
        Ok(found.is_some())
    }

    fn view(&self) -> StorageResult<Arc<dyn View>> {
        // The tables first: what is created later is in neither, what is dropped later stays readable.
        let tables = self.tables.read().clone();
        Ok(Arc::new(FjallView { name: self.name.clone(), tables, snapshot: self.database.snapshot() }))
    }

    fn apply(&self, batch: Batch, durability: Durability) -> StorageResult<()> {
        let mode = match durability {
            Durability::Written => PersistMode::Buffer,
            Durability::Synced => PersistMode::SyncData,
        };
        let mut writes = self.database.batch().durability(Some(mode));
        let mut table: Option<(TableId, Keyspace)> = None;
        for item in batch.items {
            let keyspace = match &table {
                Some((id, keyspace)) if *id == item.table => keyspace,
                _ => &table.insert((item.table, self.table(item.table)?)).1,
            };
            match item.value {
                Some(value) => writes.insert(keyspace, &*item.key, &*value),
                None => writes.remove(keyspace, &*item.key),
            }
        }
        for fact in batch.facts {
            match fact.value {
                Some(value) => writes.insert(&self.facts, fact.key, value),
                None => writes.remove(&self.facts, fact.key),
            }
        }
        writes.commit().map_err(|why| self.write_failed(&why))
    }

    fn load(&self, table: TableId, items: Vec<ItemWrite>) -> StorageResult<()> {
        let keyspace = self.table(table)?;
        let mut ingestion = keyspace.start_ingestion().map_err(|why| self.write_failed(&why))?;
        for ItemWrite { key, value, .. } in items {
            let wrote = match value {
                Some(value) => ingestion.write(&*key, &*value),
                None => ingestion.write_tombstone(&*key),
            };
            wrote.map_err(|why| self.write_failed(&why))?;
        }
        ingestion.finish().map_err(|why| self.write_failed(&why))
    }

    fn sync(&self) -> StorageResult<()> {
        self.database.persist(PersistMode::SyncData).map_err(|why| self.write_failed(&why))
    }

    fn fact(&self, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        let found = self.facts.get(key).map_err(|why| self.read_failed(&why))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn facts(&self, prefix: &[u8]) -> StorageResult<Vec<(Vec<u8>, Vec<u8>)>> {
        self.facts
            .prefix(prefix)
            .map(|entry| {
                let (key, value) = entry.into_inner().map_err(|why| self.read_failed(&why))?;
                Ok((key.to_vec(), value.to_vec()))
            })
            .collect()
    }

    fn compact(&self, table: TableId) -> StorageResult<()> {
        let keyspace = self.table(table)?;
        keyspace.rotate_memtable_and_wait().and_then(|()| keyspace.major_compact()).map_err(|why| self.write_failed(&why))
    }

    fn statistics(&self, table: TableId) -> StorageResult<TableStatistics> {
        let keyspace = self.table(table)?;
        Ok(TableStatistics { bytes: keyspace.disk_space(), files: keyspace.table_count() as u64 })
    }
}

struct FjallView {
    name: String,
    tables: Arc<HashMap<TableId, Keyspace>>,
    snapshot: Snapshot,
}

impl FjallView {
    fn table(&self, table: TableId) -> StorageResult<&Keyspace> {
        self.tables.get(&table).ok_or_else(|| StorageError::NoSuchTable { store: self.name.clone(), table })
    }
}

impl View for FjallView {
    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        let found = self.snapshot.get(self.table(table)?, key).map_err(|why| read_failed(&self.name, &why))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, table: TableId, range: &KeyRange, visitor: &mut Visitor<'_>) -> StorageResult<()> {
        if range.is_empty() {
            return Ok(());
        }
        let keyspace = self.table(table)?;
        let entries = match &range.end {
            Some(end) => self.snapshot.range(keyspace, range.start.as_slice()..end.as_slice()),
            None => self.snapshot.range(keyspace, range.start.as_slice()..),
        };
        for entry in entries {
            let (key, value) = entry.into_inner().map_err(|why| read_failed(&self.name, &why))?;
            if visitor(&key, &value) == Flow::Stop {
                break;
            }
        }
        Ok(())
    }
}

/// The folder belongs to who holds the lock on LOCK; the text in it is only for messages.
struct FolderLock {
    _file: File,
}

impl FolderLock {
    fn take(folder: &Path) -> StorageResult<Self> {
        let path = folder.join("LOCK");
        let failed =
            |why: std::io::Error| StorageError::Unreadable { store: folder.display().to_string(), reason: why.to_string() };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut waited = Duration::ZERO;
        while let Err(why) = file.try_lock() {
            if let std::fs::TryLockError::Error(why) = why {
                return Err(failed(why));
            }
            let owner = owner(&path);
            let most = if owner == Some(std::process::id()) { CLOSING_WAIT } else { STARTING_WAIT };
            if waited >= most {
                return Err(StorageError::InUse { folder: folder.display().to_string(), owner: described(owner) });
            }
            let pause = Duration::from_millis(10);
            std::thread::sleep(pause);
            waited += pause;
        }
        let pid = std::process::id().to_string();
        file.set_len(0).and_then(|()| file.write_all(pid.as_bytes())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn owner(path: &PathBuf) -> Option<u32> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn described(owner: Option<u32>) -> String {
    match owner {
        Some(pid) if pid == std::process::id() => "this very process".to_owned(),
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
