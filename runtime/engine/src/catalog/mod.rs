//! Databases, tables and views of a warehouse, shared by all sessions and by every process that opens it; and global
//! temporary views, which live as long as the engine.
//!
//! ```text
//! names ─► Catalog ─► entry (what is known) ─► store (files that survive)
//! ```
//!
//! Reading asks the disk each time, so nothing here can be stale. Writing may wait for another process.
//! Not here: temporary views (`session`), reading rows (`emberflow-sources`), statements (`statements`).

pub(crate) mod entry;
mod fresh;
pub(crate) mod names;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::types::quote;
use parking_lot::RwLock;

pub(crate) use entry::{Database, Files, Properties, Statistics, Table, TableKind, ViewText};
pub(crate) use fresh::Fresh;
pub(crate) use names::{
    CATALOG, DEFAULT_DATABASE, FullName, GLOBAL_TEMP, database_name, matches, no_schema, no_table, quoted, table_exists,
    unresolved_relation, unresolved_table,
};
pub(crate) use store::Making;
use store::Store;

use crate::session::View;

pub(crate) struct Catalog {
    warehouse: PathBuf,
    store: Store,
    global_views: RwLock<BTreeMap<String, View>>,
}

impl Catalog {
    pub fn new(warehouse: PathBuf) -> Self {
        let warehouse = std::path::absolute(&warehouse).unwrap_or(warehouse);
        Self { store: Store::new(&warehouse), warehouse, global_views: RwLock::default() }
    }

    pub fn warehouse(&self) -> &Path {
        &self.warehouse
    }

    /// The table or view of a name, if there is one.
    pub fn find(&self, name: &FullName) -> Result<Option<Table>> {
        let Some(entry) = self.store.table(&name.database, &name.table)? else { return Ok(None) };
        let table = Table::from_json(&name.database, &name.table, &entry);
        table.map(Some).map_err(|why| entry::refused(&self.store.table_file(&name.database, &name.table), &why))
    }

    /// The tables and views of a database, by name.
    pub fn tables(&self, database: &str) -> Result<Vec<Table>> {
        let names = self.table_names(database)?;
        let full = |table: String| FullName { database: database.to_owned(), table };
        names.into_iter().filter_map(|name| self.find(&full(name)).transpose()).collect()
    }

    pub fn table_names(&self, database: &str) -> Result<Vec<String>> {
        self.require_database(database)?;
        self.store.tables(database)
    }

    pub fn databases(&self) -> Result<Vec<Database>> {
        let mut names = self.store.databases()?;
        if !names.iter().any(|name| name == DEFAULT_DATABASE) {
            names.push(DEFAULT_DATABASE.to_owned());
            names.sort();
        }
        names.into_iter().filter_map(|name| self.database(&name).transpose()).collect()
    }

    /// A database by its lower-case name.
    pub fn database(&self, name: &str) -> Result<Option<Database>> {
        match self.store.database(name)? {
            Some(entry) => Database::from_json(name, &entry)
                .map(Some)
                .map_err(|why| Error::internal(format!("The catalog's entry of the database {name} cannot be read: {why}."))),
            None if name == DEFAULT_DATABASE => Ok(Some(Database {
                name: name.to_owned(),
                comment: Some("default database".into()),
                location: format!("file:{}", self.warehouse.display()),
                ..Database::default()
            })),
            None => Ok(None),
        }
    }

    pub fn has_database(&self, name: &str) -> bool {
        name == DEFAULT_DATABASE || self.store.has_database(name)
    }

    pub fn require_database(&self, name: &str) -> Result<()> {
        if self.has_database(name) { Ok(()) } else { Err(no_schema(name)) }
    }

    /// Makes a database; its location, if not given, is a folder of the warehouse.
    pub fn create_database(&self, database: Database, if_not_exists: bool) -> Result<()> {
        let lock = self.lock()?;
        if self.has_database(&database.name) {
            if if_not_exists {
                return Ok(());
            }
            return Err(Error::new("SCHEMA_ALREADY_EXISTS")
                .with("schemaName", quote(&database.name))
                .exception_class(Exception::NamespaceAlreadyExists));
        }
        let location = match database.location.is_empty() {
            true => format!("file:{}", self.warehouse.join(format!("{}.db", database.name)).display()),
            false => database.location.clone(),
        };
        let database = Database { location, ..database };
        self.store.put_database(&lock, &database.name, &database.to_json())
    }

    pub fn change_database(&self, name: &str, change: impl FnOnce(&mut Database)) -> Result<()> {
        let lock = self.lock()?;
        let mut database = self.database(name)?.ok_or_else(|| no_schema(name))?;
        change(&mut database);
        self.store.put_database(&lock, name, &database.to_json())
    }

    pub fn drop_database(&self, name: &str, if_exists: bool, cascade: bool) -> Result<()> {
        if name == DEFAULT_DATABASE {
            return Err(Error::new("UNSUPPORTED_FEATURE.DROP_DATABASE")
                .with("database", format!("{}.{}", quote(CATALOG), quote(name)))
                .exception_class(Exception::Analysis));
        }
        if !self.has_database(name) {
            return if if_exists { Ok(()) } else { Err(no_schema(name)) };
        }
        let lock = self.lock()?;
        let Some(database) = self.database(name)? else {
            return if if_exists { Ok(()) } else { Err(no_schema(name)) };
        };
        let tables = self.tables(name)?;
        if !tables.is_empty() && !cascade {
            return Err(Error::new("SCHEMA_NOT_EMPTY").with("schemaName", quote(name)));
        }
        let mut folders = tables.iter().filter_map(|table| table.own_folder().transpose()).collect::<Result<Vec<_>>>()?;
        // The folder of the database itself goes only where it is empty or ours.
        let folder = emberflow_sources::paths::local(&database.location)?;
        if folder.starts_with(&self.warehouse) && folder != self.warehouse {
            folders.push(folder);
        }
        self.store.remove_database(&lock, name, &folders)
    }

    /// A path below the folder of a database.
    pub fn location_in(&self, database: &str, path: &str) -> Result<String> {
        let database = self.database(database)?.ok_or_else(|| no_schema(database))?;
        Ok(format!("{}/{path}", database.location.trim_end_matches('/')))
    }

    /// Where a new managed table of this name lies: the folder of its name, or one beside it if that belongs to another
    /// table (which was renamed, is about to be replaced, or is just being made). It is held for the caller until the
    /// second of the two is dropped, which must come after the entry. A folder that holds what is not ours is not taken.
    pub fn reserve(&self, name: &FullName) -> Result<(String, Making)> {
        let usual = self.location_in(&name.database, &name.table)?;
        let lock = self.lock()?;
        let taken = self.taken_folders(&name.database)?;
        let mut copy = 1;
        loop {
            let location = if copy == 1 { usual.clone() } else { format!("{usual}-{copy}") };
            let folder = emberflow_sources::paths::local(&location)?;
            if !taken.contains(&folder) {
                let is_empty = std::fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none());
                if is_empty {
                    let making = self.store.making(&lock, &folder)?;
                    return Ok((location, making));
                }
                return Err(Error::new("LOCATION_ALREADY_EXISTS")
                    .with("location", format!("'{location}'"))
                    .with("identifier", name.quoted()));
            }
            copy += 1;
        }
    }

    /// Adds a table or view that must not be there yet. `false`: there is one.
    pub fn add(&self, table: &Table) -> Result<bool> {
        self.require_database(&table.database)?;
        let lock = self.lock()?;
        if self.store.has_table(&table.database, &table.name) {
            return Ok(false);
        }
        self.store.put_table(&lock, &table.database, &table.name, &table.to_json())?;
        Ok(true)
    }

    /// Puts a table or view in the place of whatever has its name; a folder that thereby loses its table is removed.
    pub fn replace(&self, table: &Table) -> Result<()> {
        self.require_database(&table.database)?;
        let lock = self.lock()?;
        let name = FullName { database: table.database.clone(), table: table.name.clone() };
        let before = self.find(&name)?.map(|before| before.own_folder()).transpose()?.flatten();
        self.store.put_table(&lock, &table.database, &table.name, &table.to_json())?;
        match before {
            Some(folder) if table.own_folder()?.as_ref() != Some(&folder) => self.store.remove_data(&lock, &[folder]),
            _ => Ok(()),
        }
    }

    /// Changes an entry; what `change` refuses stays as it was.
    pub fn change(&self, name: &FullName, change: impl FnOnce(&mut Table) -> Result<()>) -> Result<()> {
        let lock = self.lock()?;
        let mut table = self.find(name)?.ok_or_else(|| no_table(name))?;
        change(&mut table)?;
        self.store.put_table(&lock, &name.database, &name.table, &table.to_json())
    }

    /// Gives an entry another name. Its data stay where they are.
    pub fn rename(&self, from: &FullName, to: &FullName) -> Result<()> {
        let lock = self.lock()?;
        if !self.store.has_table(&from.database, &from.table) {
            return Err(no_table(from));
        }
        if from.database != to.database {
            return Err(Error::new("_LEGACY_ERROR_TEMP_1073")
                .text("A table cannot be moved to another database by renaming it.")
                .with("db", from.database.clone())
                .with("newDb", to.database.clone()));
        }
        if self.store.has_table(&to.database, &to.table) {
            return Err(table_exists(to.quoted_without_catalog()));
        }
        self.store.rename_table(&lock, &from.database, &from.table, &to.table)
    }

    /// Takes a table or view away, with its data if they are its own. `false`: there was none.
    pub fn remove(&self, name: &FullName) -> Result<bool> {
        if !self.store.has_table(&name.database, &name.table) {
            return Ok(false);
        }
        let lock = self.lock()?;
        let Some(table) = self.find(name)? else { return Ok(false) };
        let folders: Vec<PathBuf> = table.own_folder()?.into_iter().collect();
        self.store.remove_table(&lock, &name.database, &name.table, &folders)?;
        Ok(true)
    }

    fn lock(&self) -> Result<store::Lock> {
        self.store.lock(|| self.referenced_folders())
    }

    /// Every folder an entry points to; an entry that cannot be read is an error.
    fn referenced_folders(&self) -> Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for database in self.databases()? {
            folders.push(emberflow_sources::paths::local(&database.location)?);
            for table in self.tables(&database.name)? {
                folders.extend(folder_of(&table)?);
            }
        }
        Ok(folders)
    }

    /// The folders tables of a database lie in; one that cannot be read is taken to lie where it usually would.
    fn taken_folders(&self, database: &str) -> Result<Vec<PathBuf>> {
        let mut folders = self.store.being_made()?;
        for table in self.table_names(database)? {
            let full = FullName { database: database.to_owned(), table };
            let folder = match self.find(&full) {
                Ok(Some(table)) => folder_of(&table)?,
                Ok(None) => None,
                Err(_) => Some(emberflow_sources::paths::local(&self.location_in(database, &full.table)?)?),
            };
            folders.extend(folder);
        }
        Ok(folders)
    }

    pub fn global_view(&self, name: &str) -> Option<View> {
        self.global_views.read().get(&name.to_lowercase()).cloned()
    }

    pub fn global_views(&self) -> Vec<View> {
        self.global_views.read().values().cloned().collect()
    }

    /// `false`: there is one already and it may not be replaced.
    pub fn put_global_view(&self, view: View, replace: bool) -> bool {
        let mut views = self.global_views.write();
        let key = view.name.to_lowercase();
        if !replace && views.contains_key(&key) {
            return false;
        }
        views.insert(key, view);
        true
    }

    pub fn drop_global_view(&self, name: &str) -> bool {
        self.global_views.write().remove(&name.to_lowercase()).is_some()
    }
}

fn folder_of(table: &Table) -> Result<Option<PathBuf>> {
    match &table.kind {
        TableKind::Files(files) if !files.is_nosql() => emberflow_sources::paths::local(&files.location).map(Some),
        TableKind::Files(_) | TableKind::View(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
