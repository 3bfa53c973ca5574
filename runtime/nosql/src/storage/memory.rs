//! Items in memory: for tests, and for stores that need not outlive the process.
//!
//! A table is one ordered map behind an `Arc`; a view keeps the `Arc`, and the first write after it copies the map.
//!
//! Not here: anything durable; `Durability` says nothing to this one.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{
    Batch, Durability, Flow, ItemWrite, KeyRange, Storage, StorageError, StorageResult, TableId, TableStatistics, View, Visitor,
};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// See the module.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    held: RwLock<Held>,
}

#[derive(Debug, Default, Clone)]
struct Held {
    tables: HashMap<TableId, Arc<Map>>,
    facts: Map,
}

impl MemoryStorage {
    pub fn new() -> Self {
        Self::default()
    }
}

fn no_such(table: TableId) -> StorageError {
    StorageError::NoSuchTable { store: "memory".to_owned(), table }
}

fn write(map: &mut Map, key: Vec<u8>, value: Option<Vec<u8>>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl Storage for MemoryStorage {
    fn name(&self) -> &str {
        "memory"
    }

    fn tables(&self) -> StorageResult<Vec<TableId>> {
        Ok(self.held.read().tables.keys().copied().collect())
    }

    fn create_table(&self, table: TableId) -> StorageResult<()> {
        self.held.write().tables.entry(table).or_default();
        Ok(())
    }

    fn drop_table(&self, table: TableId) -> StorageResult<()> {
        self.held.write().tables.remove(&table);
        Ok(())
    }

    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        let held = self.held.read();
        Ok(held.tables.get(&table).ok_or_else(|| no_such(table))?.get(key).cloned())
    }

    fn view(&self) -> StorageResult<Arc<dyn View>> {
        Ok(Arc::new(MemoryView { tables: self.held.read().tables.clone() }))
    }

    fn apply(&self, batch: Batch, _durability: Durability) -> StorageResult<()> {
        let mut held = self.held.write();
        if let Some(missing) = batch.items.iter().find(|item| !held.tables.contains_key(&item.table)) {
            return Err(no_such(missing.table));
        }
        for item in batch.items {
            if let Some(table) = held.tables.get_mut(&item.table) {
                write(Arc::make_mut(table), item.key.to_vec(), item.value.map(|value| value.to_vec()));
            }
        }
        for fact in batch.facts {
            write(&mut held.facts, fact.key, fact.value);
        }
        Ok(())
    }

    fn load(&self, table: TableId, items: Vec<ItemWrite>) -> StorageResult<()> {
        debug_assert!(items.iter().all(|item| item.table == table));
        self.apply(Batch { items, facts: Vec::new() }, Durability::Synced)
    }

    fn sync(&self) -> StorageResult<()> {
        Ok(())
    }

    fn fact(&self, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        Ok(self.held.read().facts.get(key).cloned())
    }

    fn facts(&self, prefix: &[u8]) -> StorageResult<Vec<(Vec<u8>, Vec<u8>)>> {
        let held = self.held.read();
        let from = held.facts.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
        Ok(from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn compact(&self, _table: TableId) -> StorageResult<()> {
        Ok(())
    }

    fn statistics(&self, table: TableId) -> StorageResult<TableStatistics> {
        let held = self.held.read();
        let map = held.tables.get(&table).ok_or_else(|| no_such(table))?;
        let bytes = map.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        Ok(TableStatistics { bytes, files: 0 })
    }
}

struct MemoryView {
    tables: HashMap<TableId, Arc<Map>>,
}

impl View for MemoryView {
    fn get(&self, table: TableId, key: &[u8]) -> StorageResult<Option<Vec<u8>>> {
        Ok(self.tables.get(&table).ok_or_else(|| no_such(table))?.get(key).cloned())
    }

    fn scan(&self, table: TableId, range: &KeyRange, visitor: &mut Visitor<'_>) -> StorageResult<()> {
        let map = self.tables.get(&table).ok_or_else(|| no_such(table))?;
        if range.is_empty() {
            return Ok(());
        }
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        for (key, value) in map.range::<[u8], _>((Bound::Included(range.start.as_slice()), end)) {
            if visitor(key, value) == Flow::Stop {
                break;
            }
        }
        Ok(())
    }
}
