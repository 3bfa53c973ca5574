//! The NoSQL store as the engine holds it (opened at its first use, one for the process, one process for a folder), and the
//! data source `nosql` over it.
//!
//! ```text
//! KeyValue::execute ─► service ─► Engine::store
//! Engine::store ─► <ember.nosql.dir, else the warehouse's .nosql> ─► emberflow_nosql::Store
//!
//! read   path, options, schema ─► source ─► table (filters ─► folders, points, ranges) ─► scan ─► batches
//! write  plan of the rows, options, schema ─► write (checks) ─► write_exec (a writer per task) ─► done or commit
//! tables of the catalog ─► tables
//! ```
//!
//! Not here: what the store does (`emberflow-nosql`).

mod filters;
mod messages;
mod options;
mod scan;
mod service;
mod source;
mod table;
mod tables;
mod write;
mod write_exec;

use std::path::PathBuf;

use emberflow_base::{Error, Result};
use emberflow_nosql::{Kv, Store, StoreOptions, Sync};

pub(crate) use options::{is_nosql, short_name};

use crate::engine::{Engine, EngineOptions, warehouse};

/// The setting that says where the store lies.
const FOLDER: &str = "ember.nosql.dir";
/// The settings that say when writes reach the disk; the first one counts.
const SYNC: [&str; 2] = ["ember.nosql.sync", "ember.kv.sync"];

impl Engine {
    /// The NoSQL store, opened at its first use. Fails while another process has its folder open.
    pub fn store(&self) -> Result<Store> {
        let mut store = self.nosql.lock();
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let opened = Store::open(folder(&self.options)?, options(&self.options)?)?;
        *store = Some(opened.clone());
        Ok(opened)
    }

    /// A container of the NoSQL store.
    pub fn kv(&self, container: &str) -> Result<Kv> {
        Ok(self.store()?.kv(container)?)
    }
}

fn folder(options: &EngineOptions) -> Result<PathBuf> {
    match options.setting(FOLDER) {
        Some(folder) => emberflow_sources::paths::local(folder),
        None => Ok(warehouse(options)?.join(".nosql")),
    }
}

fn options(options: &EngineOptions) -> Result<StoreOptions> {
    let Some((key, text)) = SYNC.iter().find_map(|key| Some((key, options.setting(key)?))) else {
        return Ok(StoreOptions::default());
    };
    let sync = Sync::parse(text).map_err(|_| {
        Error::new("INVALID_CONF_VALUE.REQUIREMENT")
            .with("confName", *key)
            .with("confValue", text)
            .with("confRequirement", "one of always, interval, never")
    })?;
    Ok(StoreOptions { sync, ..StoreOptions::default() })
}
