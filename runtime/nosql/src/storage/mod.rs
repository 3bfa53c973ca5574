//! Where items lie: the trait every store of bytes implements, and what is said about it.
//!
//! ```text
//! owners ──► read one item          ┐
//! readers ─► view ─► scan in order  ├─ Storage ─┬─ fjall    a folder on this machine
//! committer ► one batch, all of it  ┘           ├─ memory   nothing outlives the process
//!                                               └─ faulty   any of them, failing on purpose
//! ```
//!
//! The trait speaks of tables, keys and batches, and of nothing local: a table may lie on other machines. A key says its
//! directory, slice and name ([`crate::codec::KeyRef`]), so a store that spreads slices over machines can take it apart.
//! Calls may block; they are made by the committer, by owners and by readers that may wait.
//!
//! Not here: what the bytes of an item mean (`codec`), who may write (`owner`), which table has which id (`catalog`).
//! `conformance` is what every implementation has to pass.

pub mod conformance;
pub mod faulty;
pub mod fjall;
pub mod memory;

use std::sync::Arc;

pub use faulty::FaultyStorage;
pub use fjall::FjallStorage;
pub use memory::MemoryStorage;

/// One generation of one table: overwriting a table gives it a new id. Never used twice.
pub type TableId = u64;

/// What a storage can fail with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    #[error("the store {folder} is in use by {owner}; only one process at a time may open it")]
    InUse { folder: String, owner: String },
    #[error("the store {store} cannot be read: {reason}")]
    Unreadable { store: String, reason: String },
    #[error("a write to the store {store} failed: {reason}; it refuses further writes until it is opened again")]
    WriteFailed { store: String, reason: String },
    #[error("the store {store} holds bytes that were not written so: {reason}")]
    Corrupt { store: String, reason: String },
    #[error("the store {store} has no table {table}")]
    NoSuchTable { store: String, table: TableId },
}

pub type StorageResult<T> = std::result::Result<T, StorageError>;

/// How far a batch has come when [`Storage::apply`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It survives the end of this process.
    Written,
    /// It survives the loss of power.
    Synced,
}

/// One item put or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemWrite {
    pub table: TableId,
    pub key: Arc<[u8]>,
    /// `None` removes the item.
    pub value: Option<Arc<[u8]>>,
}

/// One fact about tables and jobs put or removed; see `catalog` for their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactWrite {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

/// Writes that happen together or not at all; a later write of one key wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub items: Vec<ItemWrite>,
    pub facts: Vec<FactWrite>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.facts.is_empty()
    }

    pub fn put_fact(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.facts.push(FactWrite { key: key.into(), value: Some(value.into()) });
    }

    pub fn remove_fact(&mut self, key: impl Into<Vec<u8>>) {
        self.facts.push(FactWrite { key: key.into(), value: None });
    }
}

/// Keys from `start` up to, not including, `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub start: Vec<u8>,
    /// `None`: to the end of the table.
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// The whole table.
    pub fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// The same range, from behind `key`.
    pub fn after(&self, key: &[u8]) -> Self {
        let mut start = key.to_vec();
        start.push(0);
        Self { start: start.max(self.start.clone()), end: self.end.clone() }
    }

    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_slice() && self.end.as_ref().is_none_or(|end| key < end.as_slice())
    }
}

/// What a visitor of a scan says after each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Stop,
}

/// Gets the key and the bytes of one item.
pub type Visitor<'a> = dyn FnMut(&[u8], &[u8]) -> Flow + 'a;

/// Bytes of one table on its medium.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableStatistics {
    /// Bytes that lie in files (or in memory, if there are none).
    pub bytes: u64,
    /// Files, if the medium has any.
    pub files: u64,
}

/// See the module.
pub trait Storage: Send + Sync + 'static {
    /// What messages call it: its folder, its address.
    fn name(&self) -> &str;

    /// The tables there are, in no order.
    fn tables(&self) -> StorageResult<Vec<TableId>>;

    /// Makes an empty table; one that exists stays as it is.
    fn create_table(&self, table: TableId) -> StorageResult<()>;

    /// Removes a table with its items; an absent one is no error. Views opened before may still read it.
    fn drop_table(&self, table: TableId) -> StorageResult<()>;

    /// The bytes of one item as last applied.
    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>>;

    /// Shows the same where it lies, without a copy; says whether there is an item.
    fn show(&self, table: TableId, key: &[u8], take: &mut dyn FnMut(&[u8])) -> StorageResult<bool> {
        let found = self.get(table, key)?;
        if let Some(bytes) = &found {
            take(bytes);
        }
        Ok(found.is_some())
    }

    /// All tables as they are now.
    fn view(&self) -> StorageResult<Arc<dyn View>>;

    /// Applies a batch whole or not at all. After an error nothing is known of it, and the storage refuses every later batch.
    fn apply(&self, batch: Batch, durability: Durability) -> StorageResult<()>;

    /// Adds many items to a table that nobody reads or writes otherwise, in the order of their keys, each key once. They
    /// survive the loss of power when this returns; after an error some may be there. Takes the place of older ones.
    fn load(&self, table: TableId, items: Vec<ItemWrite>) -> StorageResult<()>;

    /// Makes everything applied so far survive the loss of power.
    fn sync(&self) -> StorageResult<()>;

    /// One fact.
    fn fact(&self, key: &[u8]) -> StorageResult<Option<Vec<u8>>>;

    /// The facts whose key begins with `prefix`, in the order of their keys.
    fn facts(&self, prefix: &[u8]) -> StorageResult<Vec<(Vec<u8>, Vec<u8>)>>;

    /// Gives back the room of what was replaced and removed.
    fn compact(&self, table: TableId) -> StorageResult<()>;

    fn statistics(&self, table: TableId) -> StorageResult<TableStatistics>;
}

/// The tables at one instant: what is applied later is not seen.
pub trait View: Send + Sync + 'static {
    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>>;

    /// Visits the items of `range` in the order of their keys until there are no more or the visitor stops.
    fn scan(&self, table: TableId, range: &KeyRange, visitor: &mut Visitor<'_>) -> StorageResult<()>;
}

impl From<StorageError> for crate::Error {
    fn from(error: StorageError) -> Self {
        let name = match &error {
            StorageError::Corrupt { .. } => crate::ErrorName::StorageCorrupt,
            StorageError::InUse { .. }
            | StorageError::Unreadable { .. }
            | StorageError::WriteFailed { .. }
            | StorageError::NoSuchTable { .. } => crate::ErrorName::StorageFailed,
        };
        crate::Error::new(name, error.to_string())
    }
}
