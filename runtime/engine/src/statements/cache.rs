//! CACHE and UNCACHE of tables, views and queries; REFRESH.
//!
//! A cached table is its relation, told to persist. Not here: how rows are kept (`cache`).

use emberflow_base::{Error, Result};
use emberflow_connect::backend::{Rows, StorageLevel};
use emberflow_plan::tree::{CreateView, Options, Relation, ViewKind};
use emberflow_plan::types::quote;

use crate::cache::MEMORY_AND_DISK;
use crate::catalog::{Table, TableKind, unresolved_relation, unresolved_table};
use crate::session::Session;
use crate::statements::{table_relation, views};
use crate::tables;

impl Session {
    pub(crate) async fn cache_table(
        &self,
        name: Vec<String>,
        query: Option<Relation>,
        lazy: bool,
        options: Options,
    ) -> Result<Rows> {
        if let Some(query) = query {
            self.view_to_cache(&name, query).await?;
        }
        let level = storage_level(&options)?;
        self.require_relation(&name)?;
        self.cache(table_relation(&name), level.unwrap_or(MEMORY_AND_DISK)).await?;
        if !lazy {
            self.fill_cache(table_relation(&name)).await?;
        }
        Ok(tables::nothing())
    }

    async fn view_to_cache(&self, name: &[String], query: Relation) -> Result<()> {
        let bare = name.last().cloned().unwrap_or_default();
        if self.shared.views.read().contains_key(&bare.to_lowercase()) {
            return Err(views::temporary_exists(&bare));
        }
        self.create_view(CreateView {
            name: vec![bare],
            query,
            kind: ViewKind::Temporary,
            replace: false,
            if_not_exists: false,
            columns: Vec::new(),
            comment: None,
            properties: Vec::new(),
            text: None,
        })
        .await
    }

    pub(crate) fn require_relation(&self, name: &[String]) -> Result<()> {
        match self.named(name)? {
            Some(_) => Ok(()),
            None => Err(unresolved_relation(name, &self.current_database())),
        }
    }

    pub(crate) async fn uncache_table(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        if self.named(name)?.is_none() {
            return if if_exists { Ok(tables::nothing()) } else { Err(unresolved_relation(name, &self.current_database())) };
        }
        self.uncache(table_relation(name)).await?;
        Ok(tables::nothing())
    }

    pub(crate) async fn is_cached_table(&self, name: &[String]) -> Result<bool> {
        self.require_relation(name)?;
        self.is_cached(table_relation(name)).await
    }

    pub(crate) fn clear_cache_command(&self) -> Result<Rows> {
        self.clear_cache();
        Ok(tables::nothing())
    }

    /// Tables are read from the disk each time: there is nothing to refresh but what was cached.
    pub(crate) async fn refresh_table(&self, name: &[String]) -> Result<Rows> {
        match self.named(name)? {
            Some(crate::statements::Named::Table(table)) => self.changed(&table).await?,
            Some(_) => {}
            None => return Err(unresolved_table(name, &self.current_database())),
        }
        Ok(tables::nothing())
    }
}

/// The storage level a statement names.
fn storage_level(options: &Options) -> Result<Option<StorageLevel>> {
    let named = options.iter().find(|(key, _)| key.eq_ignore_ascii_case("storageLevel"));
    let Some((_, name)) = named else { return Ok(None) };
    let level = |use_disk, use_memory, deserialized, replication| StorageLevel {
        use_disk,
        use_memory,
        use_off_heap: false,
        deserialized,
        replication,
    };
    Ok(Some(match name.to_uppercase().as_str() {
        "NONE" => level(false, false, false, 1),
        "DISK_ONLY" => level(true, false, false, 1),
        "DISK_ONLY_2" => level(true, false, false, 2),
        "DISK_ONLY_3" => level(true, false, false, 3),
        "MEMORY_ONLY" => level(false, true, true, 1),
        "MEMORY_ONLY_2" => level(false, true, true, 2),
        "MEMORY_ONLY_SER" => level(false, true, false, 1),
        "MEMORY_ONLY_SER_2" => level(false, true, false, 2),
        "MEMORY_AND_DISK" => level(true, true, true, 1),
        "MEMORY_AND_DISK_2" => level(true, true, true, 2),
        "MEMORY_AND_DISK_SER" => level(true, true, false, 1),
        "MEMORY_AND_DISK_SER_2" => level(true, true, false, 2),
        "OFF_HEAP" => StorageLevel { use_off_heap: true, ..level(true, true, false, 1) },
        _ => {
            return Err(Error::new("_LEGACY_ERROR_TEMP_3226")
                .with("name", quote(name))
                .text(format!("There is no storage level called {name}."))
                .exception_class(emberflow_base::Exception::IllegalArgument));
        }
    }))
}

/// A table's rows are others than before: what was kept of them is made anew when it is next read.
impl Session {
    pub(crate) async fn changed(&self, table: &Table) -> Result<()> {
        if let TableKind::Files(files) = &table.kind {
            self.refresh_cache(&files.location);
        }
        Ok(())
    }
}
