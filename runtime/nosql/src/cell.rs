//! A table in use: what its path means, its gate, its state.
//!
//! ```text
//! ember://shop/sales/y=2024/m=2 ─► table ember://shop/sales, directory y=2024/m=2
//!
//! gate   held for reading by every write until it is committed, for writing by who replaces, deletes or reshapes the table
//! state  which generation and schema count now; readers take it as it is
//! ```
//!
//! Not here: operations (`table`, `bulk`, `scan`), the records behind the state (`catalog`).

use std::sync::Arc;

use parking_lot::RwLock;

use crate::change::Rules;
use crate::error::{Error, ErrorName, Result};
use crate::path::TablePath;
use crate::schema::TableSchema;
use crate::storage::TableId;

/// Splits a path into the table and the partition folder below it: everything from the first of the closing segments that
/// read `column=value`. The first segment always belongs to the table.
pub(crate) fn split(path: &TablePath) -> Result<(TablePath, String)> {
    let segments: Vec<&str> = path.path().split('/').collect();
    let is_partition = |segment: &&&str| segment.contains('=');
    let folders = segments.iter().skip(1).rev().take_while(is_partition).count();
    let (table, directory) = segments.split_at(segments.len() - folders);
    Ok((TablePath::new(path.container(), &table.join("/"))?, directory.join("/")))
}

/// What counts of a table now.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// None: nothing was ever written here, or it was deleted.
    pub generation: Option<TableId>,
    pub schema: Option<Arc<TableSchema>>,
    pub rules: Arc<Rules>,
    pub is_stream: bool,
    /// The generation was made empty by this process, and everything in it has passed its owners since.
    pub is_fresh: bool,
}

/// One path, shared by everyone who uses the table.
pub(crate) struct Cell {
    pub path: TablePath,
    pub gate: Arc<tokio::sync::RwLock<()>>,
    state: RwLock<Arc<State>>,
}

impl Cell {
    pub fn new(path: TablePath, state: State) -> Self {
        Self { path, gate: Arc::default(), state: RwLock::new(Arc::new(state)) }
    }

    /// The state, if a table may be here.
    pub fn table(&self) -> Result<Arc<State>> {
        let state = self.state();
        match state.is_stream {
            true => Err(Error::new(ErrorName::NotATable, "a stream lies at this path").table(&self.path)),
            false => Ok(state),
        }
    }

    pub fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    pub fn set_state(&self, state: State) {
        *self.state.write() = Arc::new(state);
    }

    pub fn not_found(&self) -> Error {
        Error::new(ErrorName::TableNotFound, "there is no table at this path").table(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_folders_belong_to_the_table_above() {
        for (path, table, directory) in [
            ("a", "a", ""),
            ("a/b", "a/b", ""),
            ("a/y=2024", "a", "y=2024"),
            ("a/b/y=2024/m=2", "a/b", "y=2024/m=2"),
            ("a/y=2024/b", "a/y=2024/b", ""),
            ("y=2024", "y=2024", ""),
            ("y=2024/m=2", "y=2024", "m=2"),
        ] {
            let (found, rest) = split(&TablePath::new("shop", path).unwrap()).unwrap();
            assert_eq!((found.path(), rest.as_str()), (table, directory), "{path}");
        }
    }
}
