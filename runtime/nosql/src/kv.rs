//! A container: the operations of [`Table`], with the table named first.
//!
//! Not here: what the operations do (`table`).

use std::sync::Arc;

use futures::Stream;

use crate::change::UpdateMode;
use crate::error::Result;
use crate::owner::WriteOutcome;
use crate::path::TablePath;
use crate::request::{Assigned, IfMissing, Operation, Select, ToCondition, ToKey, ToUpdate, Write};
use crate::scan::{Page, ScanSpec};
use crate::store::Store;
use crate::table::Table;
use crate::value::Item;

/// A container: the operations of [`Table`] with the table named first.
#[derive(Clone)]
pub struct Kv {
    pub(crate) store: Store,
    pub(crate) container: Arc<str>,
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
