//! The store: an item of ten string attributes; a read gives all of them, an update replaces one.
//!
//! What the store guarantees and the others do
//! not is not switched off: an update is one atomic step of the item's owner, checksums are compared, versions kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use emberflow_nosql::change::{Assign, Change, UpdateMode};
use emberflow_nosql::name::Key;
use emberflow_nosql::{RowChange, ScanSpec, Select, Store, StoreOptions, Sync, Table};

use crate::generate::{FIELDS, Name, Texts, field_name};
use crate::workload::Client;
use crate::{LOADERS, Outcome};

pub fn open(folder: &Path, cache_bytes: u64, synced: bool) -> Outcome<Store> {
    let sync = if synced { Sync::Always } else { Sync::Interval(Duration::from_secs(1)) };
    Ok(Store::open(folder, StoreOptions { sync, cache_bytes, ..StoreOptions::default() })?)
}

pub fn table(store: &Store, name: &str) -> Outcome<Table> {
    Ok(store.kv("bench")?.table(name)?)
}

pub struct EmberClient {
    table: Table,
    names: Vec<Arc<str>>,
}

impl EmberClient {
    pub fn new(table: Table) -> Self {
        Self { table, names: (0..FIELDS).map(|at| field_name(at).into()).collect() }
    }
}

impl Client for EmberClient {
    async fn read(&mut self, name: &Name) -> Outcome<usize> {
        let item = self.table.get(name.whole(), Select::User).await?;
        Ok(item.map_or(0, |item| std::hint::black_box(item).len()))
    }

    async fn update(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        self.table.update(name.whole(), [(self.names[field].clone(), value)], UpdateMode::Replace).await?;
        Ok(())
    }

    async fn insert(&mut self, name: &Name, fields: Vec<String>) -> Outcome<()> {
        self.table.put(name.whole(), self.names.iter().cloned().zip(fields)).await?;
        Ok(())
    }

    async fn modify(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        self.read(name).await?;
        self.update(name, field, value).await
    }

    async fn scan(&mut self, from: &Name, most: usize) -> Outcome<usize> {
        let spec = ScanSpec::range(from.group()).from(from.sorting());
        Ok(self.table.scan_page(&spec, most, None).await?.items.len())
    }
}

/// Loads items, in the order of their numbers, by as many writers as there are loaders; `anew` takes the place of the table.
pub async fn load(table: &Table, items: u64, anew: bool) -> Outcome<()> {
    let overwrite = if anew { Some(table.overwrite(None).await?) } else { None };
    let mut loaders = Vec::new();
    for loader in 0..LOADERS {
        let writer = match &overwrite {
            Some(overwrite) => overwrite.writer()?,
            None => table.writer()?,
        };
        loaders.push(tokio::spawn(load_share(writer, loader, items, anew)));
    }
    for loader in loaders {
        loader.await??;
    }
    if let Some(overwrite) = overwrite {
        overwrite.commit().await?;
    }
    Ok(())
}

async fn load_share(mut writer: emberflow_nosql::Writer, loader: u64, items: u64, anew: bool) -> Outcome<()> {
    let names: Vec<Arc<str>> = (0..FIELDS).map(|at| field_name(at).into()).collect();
    let mut texts = Texts::new(loader);
    let mode = if anew { UpdateMode::Overwrite } else { UpdateMode::Append };
    for item in (loader..items).step_by(LOADERS as usize) {
        let values = texts.item().into_iter().map(|text| Assign::Set(text.into()));
        let attributes = names.iter().cloned().zip(values).collect();
        let key = Key::parse(Name::of(item, items).whole())?;
        let change = Change::Write { mode, attributes, condition: None };
        writer.write(RowChange { directory: "".into(), key, change }).await?;
    }
    writer.finish().await?;
    Ok(())
}
