//! YCSB on the store, RocksDB and Redis, side by side in one run, on the same items and the same questions.
//!
//! ```text
//! load ─► settle ─► for each durability, workload, number of clients: ember, rocksdb, redis, ember, rocksdb, redis ─► table
//! ```
//!
//! A client is a thread, for all three. Turns are short and alternate, so that what else the machine does meets all of them. Durabilities are compared with their
//! like: `always` is `ember.nosql.sync=always`, RocksDB's synced writes and Redis's `appendfsync always`; `everysec` is
//! `interval`, RocksDB with its log synced each second, and `appendfsync everysec`. Both stores have a cache of
//! NOSQL_CACHE_MB; Redis holds everything in memory.
//!
//! Variables: NOSQL_ITEMS, NOSQL_SECONDS (of a cell), NOSQL_CACHE_MB, NOSQL_WORKLOADS, NOSQL_SYSTEMS, NOSQL_CLIENTS,
//! NOSQL_SYNCS. Prints a line a cell, `goal` lines (the store's rate over theirs: above 1 it is faster), and as the other
//! benchmarks `ratio`: its time over theirs, the geometric mean over all cells; below 1 it is faster.
//!
//! Not here: scans through a DataFrame beside DuckDB (`bench/nosql/run`).

mod ember;
mod figures;
mod generate;
mod redis_server;
mod rocks;
mod workload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use emberflow_nosql::Store;

use crate::ember::EmberClient;
use crate::figures::Latencies;
use crate::redis_server::{RedisClient, Server};
use crate::rocks::RocksClient;
use crate::workload::{Client, Table, Workload, run};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;
pub type Outcome<T> = Result<T, Failure>;

/// Threads that load.
pub const LOADERS: u64 = 2;
/// Turns of each system in a cell.
const TURNS: u32 = 2;
const SYSTEMS: [&str; 3] = ["ember", "rocksdb", "redis"];
const OTHERS: [(&str, &str, Option<&str>); 3] =
    [("rocksdb", "rocksdb", None), ("redis_always", "redis", Some("always")), ("redis_everysec", "redis", Some("everysec"))];

/// What is measured.
struct Chosen {
    items: u64,
    seconds: f64,
    cache_bytes: u64,
    workloads: Vec<Workload>,
    systems: Vec<&'static str>,
    clients: Vec<u64>,
    syncs: Vec<&'static str>,
}

fn variable(name: &str, usual: &str) -> String {
    std::env::var(name).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| usual.to_owned())
}

impl Chosen {
    fn read() -> Outcome<Self> {
        let letters = variable("NOSQL_WORKLOADS", "ABCDEFU");
        let (systems, syncs) = (variable("NOSQL_SYSTEMS", "ember,rocksdb,redis"), variable("NOSQL_SYNCS", "always,everysec"));
        let among = |all: &[&'static str], text: &str| -> Vec<&'static str> {
            all.iter().copied().filter(|one| text.split(',').any(|other| other == *one)).collect()
        };
        Ok(Self {
            items: variable("NOSQL_ITEMS", "300000").parse()?,
            seconds: variable("NOSQL_SECONDS", "4").parse()?,
            cache_bytes: variable("NOSQL_CACHE_MB", "128").parse::<u64>()? << 20,
            workloads: Workload::ALL.into_iter().filter(|workload| letters.contains(workload.letter())).collect(),
            systems: among(&SYSTEMS, &systems),
            clients: variable("NOSQL_CLIENTS", "1,8").split(',').map(str::parse).collect::<Result<_, _>>()?,
            syncs: among(&["always", "everysec"], &syncs),
        })
    }

    fn has(&self, system: &str) -> bool {
        self.systems.contains(&system)
    }
}

/// The systems with their items.
struct Bench {
    chosen: Chosen,
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
    store: Option<Store>,
    rocks: Option<rocksdb::DB>,
    redis: Option<Server>,
    tables: BTreeMap<&'static str, Table>,
    /// Items a second, by what was loaded.
    loads: BTreeMap<&'static str, f64>,
    cells: BTreeMap<Cell, Latencies>,
    rates: BTreeMap<Cell, (f64, f64)>,
}

/// Workload, clients, durability, system.
type Cell = (Workload, u64, &'static str, &'static str);

fn main() -> Outcome<()> {
    let chosen = Chosen::read()?;
    let room = tempfile::Builder::new().prefix("bench-nosql-").tempdir_in(cache_folder()?)?;
    let mut bench = Bench::new(chosen, room.path())?;
    bench.load()?;
    for sync in bench.chosen.syncs.clone() {
        bench.measure(sync)?;
    }
    bench.report();
    Ok(())
}

/// Not a folder in memory, where a sync costs nothing.
fn cache_folder() -> Outcome<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/emberflow"));
    let folder = std::env::var_os("EMBERFLOW_CACHE").map(PathBuf::from).or_else(home).ok_or("EMBERFLOW_CACHE is not set")?;
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Bench {
    fn new(chosen: Chosen, folder: &Path) -> Outcome<Self> {
        let threads = std::thread::available_parallelism()?.get();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        let store = match chosen.has("ember") {
            true => Some(ember::open(&folder.join("ember"), chosen.cache_bytes, true)?),
            false => None,
        };
        let rocks = if chosen.has("rocksdb") { Some(rocks::open(&folder.join("rocks"), chosen.cache_bytes)?) } else { None };
        let redis = if chosen.has("redis") { Some(Server::start(&folder.join("redis"))?) } else { None };
        let tables = chosen.systems.iter().map(|system| (*system, Table::new(chosen.items))).collect();
        let (folder, loads, cells, rates) = (folder.to_owned(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { chosen, folder, runtime, store, rocks, redis, tables, loads, cells, rates })
    }

    fn note_load(&mut self, what: &'static str, begin: Instant) {
        let rate = self.chosen.items as f64 / begin.elapsed().as_secs_f64();
        println!("load {what:16} {rate:10.0} items/s");
        self.loads.insert(what, rate);
    }

    fn load(&mut self) -> Outcome<()> {
        let items = self.chosen.items;
        if let Some(store) = self.store.clone() {
            for (what, name, anew) in [("ember append", "appended", false), ("ember", "items", true)] {
                let table = ember::table(&store, name)?;
                let begin = Instant::now();
                self.runtime.block_on(ember::load(&table, items, anew))?;
                self.note_load(what, begin);
                if !anew {
                    self.runtime.block_on(table.delete_table(emberflow_nosql::IfMissing::Fail))?;
                }
            }
            let begin = Instant::now();
            ember::table(&store, "items")?.compact()?;
            println!("settle ember {:.1} s", begin.elapsed().as_secs_f64());
        }
        if let Some(rocks) = &self.rocks {
            let begin = Instant::now();
            rocks::load(rocks, items)?;
            let loaded = begin.elapsed();
            rocks.compact_range::<&[u8], &[u8]>(None, None);
            println!("settle rocksdb {:.1} s", (begin.elapsed() - loaded).as_secs_f64());
            self.note_load("rocksdb", Instant::now() - loaded);
        }
        if let Some(redis) = &self.redis {
            let begin = Instant::now();
            redis_server::load(redis, items)?;
            self.note_load("redis", begin);
        }
        Ok(())
    }

    /// All cells of one durability.
    fn measure(&mut self, sync: &'static str) -> Outcome<()> {
        // As it was loaded: RocksDB, too, stays open.
        if let Some(store) = self.store.take_if(|_| sync != "always") {
            self.runtime.block_on(store.close())?;
            self.store = Some(ember::open(&self.folder.join("ember"), self.chosen.cache_bytes, false)?);
        }
        if let Some(redis) = &self.redis {
            redis.sync(sync)?;
        }
        for workload in self.chosen.workloads.clone() {
            for clients in self.chosen.clients.clone() {
                for turn in 0..TURNS {
                    for system in self.chosen.systems.clone() {
                        let measured = self.turn(system, workload, clients, sync, turn);
                        let latencies = measured.map_err(|why| format!("{system}, workload {}: {why}", workload.letter()))?;
                        let cell = (workload, clients, sync, system);
                        let (count, seconds) = self.rates.entry(cell).or_default();
                        (*count, *seconds) = (*count + latencies.count as f64, *seconds + self.chosen.seconds / f64::from(TURNS));
                        self.cells.entry(cell).or_default().add(&latencies);
                    }
                }
                for system in &self.chosen.systems {
                    self.print((workload, clients, sync, system));
                }
            }
        }
        Ok(())
    }

    fn turn(&self, system: &'static str, workload: Workload, clients: u64, sync: &'static str, turn: u32) -> Outcome<Latencies> {
        let (table, lasting) = (&self.tables[system], Duration::from_secs_f64(self.chosen.seconds / f64::from(TURNS)));
        let seed = |client: u64| client + 100 * u64::from(turn) + 1000 * (workload as u64);
        match system {
            "ember" => {
                let store = self.store.as_ref().ok_or("no store is open")?;
                let client = || ember::table(store, "items").map(EmberClient::new);
                let all = (0..clients).map(|_| client()).collect::<Outcome<_>>()?;
                threads(all, table, workload, seed, lasting)
            }
            "rocksdb" => {
                let db = self.rocks.as_ref().ok_or("RocksDB is not open")?;
                let all = (0..clients).map(|_| RocksClient { db, writing: rocks::writing(sync == "always") }).collect();
                if sync == "always" {
                    return threads(all, table, workload, seed, lasting);
                }
                let is_over = AtomicBool::new(false);
                std::thread::scope(|scope| {
                    scope.spawn(|| sync_each_second(db, &is_over));
                    let measured = threads(all, table, workload, seed, lasting);
                    is_over.store(true, Ordering::Release);
                    measured
                })
            }
            _ => {
                let redis = self.redis.as_ref().ok_or("Redis does not run")?;
                let all = (0..clients).map(|_| redis.connect().map(RedisClient)).collect::<Result<_, _>>()?;
                threads(all, table, workload, seed, lasting)
            }
        }
    }

    fn rate(&self, cell: Cell) -> Option<f64> {
        self.rates.get(&cell).map(|(count, seconds)| count / seconds)
    }

    fn print(&self, cell: Cell) {
        let (workload, clients, sync, system) = cell;
        let (Some(rate), Some(latencies)) = (self.rate(cell), self.cells.get(&cell)) else { return };
        let (p50, p99) = (latencies.percentile(0.5), latencies.percentile(0.99));
        let letter = workload.letter();
        println!("{letter} {clients} clients {sync:9} {system:8} {rate:10.0} ops/s  p50 {p50:8.1} us  p99 {p99:9.1} us");
    }

    /// The store's rate over that of another system.
    fn against(&self, workload: Workload, clients: u64, sync: &'static str, other: &'static str) -> Option<f64> {
        Some(self.rate((workload, clients, sync, "ember"))? / self.rate((workload, clients, sync, other))?)
    }

    /// The geometric mean of the store's rate over another's, over cells of one durability, or of both.
    fn mean(&self, other: &'static str, sync: Option<&str>, take: impl Fn(Workload, u64) -> bool) -> Option<f64> {
        let mut logarithms = Vec::new();
        for workload in &self.chosen.workloads {
            for clients in self.chosen.clients.iter().filter(|clients| take(*workload, **clients)) {
                let syncs = self.chosen.syncs.iter().filter(|one| sync.is_none_or(|sync| sync == **one));
                logarithms.extend(syncs.filter_map(|one| self.against(*workload, *clients, one, other)).map(f64::ln));
            }
        }
        (!logarithms.is_empty()).then(|| (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
    }

    fn report(&self) {
        let loaded = |ours: &str| {
            let ratio = |(name, system, sync): &(&str, &'static str, Option<&'static str>)| {
                let rates = self.loads.get(ours).zip(self.loads.get(system)).filter(|_| *sync != Some("always"));
                format!("{name}={}", shown(rates.map(|(ours, theirs)| ours / theirs)))
            };
            OTHERS.iter().map(ratio).collect::<Vec<_>>().join(" ")
        };
        let means = |sync: Option<&'static str>, take: &dyn Fn(Workload, u64) -> bool| {
            let mean = |(name, system, only): &(&str, &'static str, Option<&'static str>)| match (sync, only) {
                (Some(sync), Some(only)) if sync != *only => format!("{name}=-"),
                _ => format!("{name}={}", shown(self.mean(system, only.or(sync), take))),
            };
            OTHERS.iter().map(mean).collect::<Vec<_>>().join(" ")
        };
        println!("goal reads (rocksdb >= 0.8, redis >= 5): {}", means(None, &|work, _| work == Workload::C));
        for clients in &self.chosen.clients {
            println!("goal reads, {clients} clients: {}", means(None, &|work, of| work == Workload::C && of == *clients));
        }
        println!(
            "goal durable updates, 8 clients (rocksdb >= 1): {}",
            means(Some("always"), &|work, of| work == Workload::U && of == 8)
        );
        println!("goal load (rocksdb >= 0.8): {}", loaded("ember"));
        println!("goal load, appended: {}", loaded("ember append"));
        for workload in &self.chosen.workloads {
            println!("rates {}: {}", workload.letter(), means(None, &|work, _| work == *workload));
        }
        let ratio = |(name, system, only): &(&str, &'static str, Option<&'static str>)| {
            format!("{name}={}", shown(self.mean(system, *only, |_, _| true).map(|rate| 1.0 / rate)))
        };
        println!("ratio {}", OTHERS.iter().map(ratio).collect::<Vec<_>>().join(" "));
    }
}

fn shown(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// A thread for each client.
fn threads<C: Client>(
    clients: Vec<C>,
    table: &Table,
    workload: Workload,
    seed: impl Fn(u64) -> u64,
    lasting: Duration,
) -> Outcome<Latencies> {
    std::thread::scope(|scope| {
        let start = |(at, mut client): (usize, C)| {
            let seed = seed(at as u64);
            scope.spawn(move || futures::executor::block_on(run(&mut client, table, workload, seed, lasting)))
        };
        let running: Vec<_> = clients.into_iter().enumerate().map(start).collect();
        let mut all = Latencies::default();
        for client in running {
            all.add(&client.join().map_err(|_| "a client died")??);
        }
        Ok(all)
    })
}

/// What `everysec` and `interval` do.
fn sync_each_second(db: &rocksdb::DB, is_over: &AtomicBool) {
    let mut synced = Instant::now();
    while !is_over.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(10));
        if synced.elapsed() >= Duration::from_secs(1) {
            if let Err(why) = db.flush_wal(true) {
                eprintln!("RocksDB's log cannot be synced: {why}");
            }
            synced = Instant::now();
        }
    }
}
