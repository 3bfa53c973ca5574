//! Rates of the store on this machine: `cargo run --release -p emberflow-nosql --example rates [rows]`.
//!
//! Loads rows of six attributes, scans them, reads single items, and writes single items with many clients; each line is a
//! rate. Not a test: compare two runs on one quiet machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use emberflow_nosql::change::{Assign, Assignments, Change, UpdateMode};
use emberflow_nosql::name::Key;
use emberflow_nosql::storage::{Batch, Durability, FjallStorage, ItemWrite, Storage, fjall::FjallOptions};
use emberflow_nosql::{
    Error, ErrorName, Result, RowChange, Select, SliceSpec, Store, StoreOptions, Sync, Table, Value, increment,
};

fn names() -> [Arc<str>; 6] {
    ["id", "city", "price", "count", "seen", "note"].map(Arc::from)
}

fn attributes(names: &[Arc<str>; 6], at: i64) -> Assignments {
    let values = [
        Value::Str(format!("key-{at:09}")),
        Value::Str(format!("city number {}", at % 997)),
        Value::Double(at as f64 / 7.0),
        Value::Int(at * 31),
        Value::Timestamp { secs: 1_700_000_000 + at, nanos: 5000 },
        Value::Str(format!("a note that is a little longer than the others, {at}")),
    ];
    names.iter().cloned().zip(values.map(Assign::Set)).collect()
}

async fn load(table: &Table, rows: i64, mode: UpdateMode, staged: bool) -> Result<()> {
    let names = names();
    let overwrite = if staged { Some(table.overwrite(None).await?) } else { None };
    let mut writer = match &overwrite {
        Some(overwrite) => overwrite.writer()?,
        None => table.writer()?,
    };
    for at in 0..rows {
        let change = Change::Write { mode, attributes: attributes(&names, at), condition: None };
        let key = Key::parse(format!("key-{at:09}"))?;
        writer.write(RowChange { directory: "".into(), key, change }).await?;
    }
    writer.finish().await?;
    if let Some(overwrite) = overwrite {
        overwrite.commit().await?;
    }
    Ok(())
}

fn rate(what: &str, count: i64, begin: Instant) {
    println!("{what:45} {:>12.0} per second", count as f64 / begin.elapsed().as_secs_f64());
}

/// Items of the same sizes straight into fjall: what a bulk load can hope for.
fn load_raw(folder: &Path, rows: i64) -> Result<()> {
    let storage = FjallStorage::open(folder, FjallOptions::default())?;
    storage.create_table(1)?;
    for first in (0..rows).step_by(1024) {
        let item = |at: i64| {
            let key = [&(at.wrapping_mul(0x9E37_79B9) as u16).to_be_bytes()[..], format!("key-{at:09}").as_bytes()].concat();
            ItemWrite { table: 1, key: key.into(), value: Some(vec![at as u8; 170].into()) }
        };
        let items = (first..rows.min(first + 1024)).map(item).collect();
        storage.apply(Batch { items, facts: Vec::new() }, Durability::Written)?;
    }
    storage.sync()?;
    Ok(())
}

fn scan(table: &Table, wanted: &[&str]) -> Result<i64> {
    let attributes = wanted.iter().map(|name| Arc::from(*name)).collect();
    let mut scan = table.scan_slices(SliceSpec::all(vec![String::new()], attributes))?;
    let (mut rows, mut sum) = (0, 0.0);
    while scan.next_page(8192, &mut |item| {
        if let Some(emberflow_nosql::codec::ValueRef::Double(price)) = item.stored(0) {
            sum += price;
        }
        rows += 1;
        Ok(())
    })? {}
    assert!(sum >= 0.0);
    Ok(rows)
}

async fn clients(table: &Table, clients: i64, each: i64) -> Result<()> {
    let client = |client: i64| {
        let table = table.clone();
        tokio::spawn(async move {
            for at in 0..each {
                table.update(format!("c{client}-{}", at % 100), [("n", increment(1))], UpdateMode::Replace).await?;
            }
            Ok(())
        })
    };
    let clients: Vec<tokio::task::JoinHandle<Result<()>>> = (0..clients).map(client).collect();
    for client in clients {
        client.await.map_err(|why| Error::new(ErrorName::InvalidArgument, why.to_string()))??;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let rows: i64 = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(500_000);
    let folder = std::env::temp_dir().join(format!("emberflow-rates-{}", std::process::id()));
    let begin = Instant::now();
    load_raw(&folder.join("raw"), rows)?;
    rate("raw fjall batches", rows, begin);
    let store = Store::open(folder.join("store"), StoreOptions::default())?;
    let kv = store.kv("rates")?;
    let begin = Instant::now();
    load(&kv.table("append")?, rows, UpdateMode::Append, false).await?;
    rate("append to an empty table", rows, begin);
    let begin = Instant::now();
    load(&kv.table("overwrite")?, rows, UpdateMode::Overwrite, true).await?;
    rate("overwrite, staged", rows, begin);
    let begin = Instant::now();
    load(&kv.table("append")?, rows, UpdateMode::Replace, false).await?;
    rate("replace every item", rows, begin);
    for wanted in [&["price"][..], &["price", "city", "note"], &[]] {
        let begin = Instant::now();
        let found = scan(&kv.table("overwrite")?, wanted)?;
        rate(&format!("scan of {wanted:?}"), found, begin);
    }
    let table = kv.table("overwrite")?;
    let (begin, reads) = (Instant::now(), rows.min(100_000));
    for at in 0..reads {
        let key = format!("key-{:09}", at.wrapping_mul(7919) % rows);
        assert!(table.get(key, Select::User).await?.is_some());
    }
    rate("single reads, one client", reads, begin);
    for (count, each) in [(1, 300), (8, 300), (64, 100)] {
        let begin = Instant::now();
        clients(&kv.table("counters")?, count, each).await?;
        rate(&format!("synced increments, {count} clients"), count * each, begin);
    }
    let lazy = Store::open(folder.join("lazy"), StoreOptions { sync: Sync::Never, ..StoreOptions::default() })?;
    let begin = Instant::now();
    clients(&lazy.kv("rates")?.table("counters")?, 64, 2_000).await?;
    rate("unsynced increments, 64 clients", 128_000, begin);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
