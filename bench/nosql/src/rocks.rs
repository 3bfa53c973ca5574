//! RocksDB, as its users keep items: all fields of an item, encoded, under its name.
//!
//! A read gets the bytes and takes the fields out (as owned texts, as a program needs them); an update is a get and a put,
//! which is not atomic, unlike in the store; a scan is an iterator. Its own defaults, but for: Bloom filters of ten bits and
//! LZ4, which the store has too; a cache of the same size; two threads in the background, for two processors.

use std::path::Path;

use rocksdb::{BlockBasedOptions, Cache, DB, DBCompressionType, Options, WriteBatch, WriteOptions};

use crate::generate::{FIELDS, Name, Texts, field_name};
use crate::workload::Client;
use crate::{LOADERS, Outcome};

/// Items of one batch of a load.
const BATCH_ITEMS: usize = 512;

pub fn open(folder: &Path, cache_bytes: u64) -> Outcome<DB> {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_bloom_filter(10.0, false);
    blocks.set_block_cache(&Cache::new_lru_cache(cache_bytes as usize));
    let mut options = Options::default();
    options.create_if_missing(true);
    options.increase_parallelism(2);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_block_based_table_factory(&blocks);
    Ok(DB::open(&options, folder)?)
}

pub fn writing(synced: bool) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(synced);
    options
}

/// Fields with their names, as an item of any shape needs them.
fn encode(fields: &[String]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 12).sum());
    for (at, field) in fields.iter().enumerate() {
        let name = field_name(at);
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&(field.len() as u32).to_le_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Outcome<Vec<String>> {
    let mut fields = Vec::with_capacity(FIELDS);
    while let Some((name, rest)) = bytes.split_first().and_then(|(length, rest)| rest.split_at_checked(*length as usize)) {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or("an item is torn")?;
        let (value, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or("an item is torn")?;
        if name != field_name(fields.len()).as_bytes() {
            return Err("an item has another field than was written".into());
        }
        fields.push(std::str::from_utf8(value)?.to_owned());
        bytes = rest;
    }
    Ok(fields)
}

pub struct RocksClient<'d> {
    pub db: &'d DB,
    pub writing: WriteOptions,
}

impl RocksClient<'_> {
    fn get(&self, name: &Name) -> Outcome<Vec<String>> {
        let bytes = self.db.get_pinned(name.whole())?.ok_or("an item is missing")?;
        decode(&bytes)
    }

    fn put(&self, name: &Name, fields: &[String]) -> Outcome<()> {
        Ok(self.db.put_opt(name.whole(), encode(fields), &self.writing)?)
    }
}

impl Client for RocksClient<'_> {
    async fn read(&mut self, name: &Name) -> Outcome<usize> {
        Ok(std::hint::black_box(self.get(name)?).len())
    }

    async fn update(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        let mut fields = self.get(name)?;
        fields[field] = value;
        self.put(name, &fields)
    }

    async fn insert(&mut self, name: &Name, fields: Vec<String>) -> Outcome<()> {
        self.put(name, &fields)
    }

    async fn modify(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        self.update(name, field, value).await
    }

    async fn scan(&mut self, from: &Name, most: usize) -> Outcome<usize> {
        let mut at = self.db.raw_iterator();
        at.seek(from.whole());
        let mut items = Vec::new();
        while let Some((key, value)) = at.item() {
            if items.len() == most || !key.starts_with(from.group().as_bytes()) {
                break;
            }
            items.push((std::str::from_utf8(key)?.to_owned(), decode(value)?));
            at.next();
        }
        at.status()?;
        Ok(std::hint::black_box(items).len())
    }
}

/// Batches through the log, which is not synced; files in the end.
pub fn load(db: &DB, items: u64) -> Outcome<()> {
    std::thread::scope(|scope| {
        let loaders: Vec<_> = (0..LOADERS).map(|loader| scope.spawn(move || load_share(db, loader, items))).collect();
        loaders.into_iter().try_for_each(|loader| loader.join().map_err(|_| "a loader died")?)
    })?;
    Ok(db.flush()?)
}

fn load_share(db: &DB, loader: u64, items: u64) -> Outcome<()> {
    let (mut texts, writing) = (Texts::new(loader), writing(false));
    let mut batch = WriteBatch::default();
    for item in (loader..items).step_by(LOADERS as usize) {
        batch.put(Name::of(item, items).whole(), encode(&texts.item()));
        if batch.len() >= BATCH_ITEMS {
            db.write_opt(std::mem::take(&mut batch), &writing)?;
        }
    }
    Ok(db.write_opt(batch, &writing)?)
}
