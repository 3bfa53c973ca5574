//! YCSB's workloads A to F, and the loop of one client.
//!
//! | | |
//! |---|---|
//! | A | half reads, half updates of one field |
//! | B | 95 % reads, 5 % updates |
//! | C | reads |
//! | D | 95 % reads of what was inserted lately, 5 % inserts |
//! | E | 95 % scans of 1 to 100 items, 5 % inserts |
//! | F | half reads, half read-modify-writes |
//! | U | updates alone: YCSB has no such workload, the goal about durable updates asks for it |
//!
//! Items are chosen by Zipf's law, scrambled over the table. Not here: systems, figures (`figures`).

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::figures::Latencies;
use crate::generate::{Dice, FIELDS, Name, Texts, Zipf, hash};

/// One connection to a system.
pub trait Client: Send {
    /// All fields of an item; how many it has.
    fn read(&mut self, name: &Name) -> impl Future<Output = Outcome<usize>> + Send;
    /// One field of an item that is there.
    fn update(&mut self, name: &Name, field: usize, value: String) -> impl Future<Output = Outcome<()>> + Send;
    fn insert(&mut self, name: &Name, fields: Vec<String>) -> impl Future<Output = Outcome<()>> + Send;
    /// Reads an item, then writes one of its fields back, changed.
    fn modify(&mut self, name: &Name, field: usize, value: String) -> impl Future<Output = Outcome<()>> + Send;
    /// Up to so many items of the group, from this one on; how many there were.
    fn scan(&mut self, from: &Name, most: usize) -> impl Future<Output = Outcome<usize>> + Send;
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    A,
    B,
    C,
    D,
    E,
    F,
    U,
}

impl Workload {
    pub const ALL: [Self; 7] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F, Self::U];

    pub fn letter(self) -> char {
        ['A', 'B', 'C', 'D', 'E', 'F', 'U'][self as usize]
    }
}

/// What the clients of one system share.
pub struct Table {
    /// Items that were loaded; those chosen by Zipf's law.
    pub loaded: u64,
    inserts: Mutex<Inserts>,
    /// All items below are there.
    settled: AtomicU64,
    pub zipf: Zipf,
    pub texts: Texts,
}

/// Inserts that have begun and are not acknowledged: readers keep away from them.
struct Inserts {
    next: u64,
    pending: BTreeSet<u64>,
}

impl Table {
    pub fn new(loaded: u64) -> Self {
        Self {
            loaded,
            inserts: Mutex::new(Inserts { next: loaded, pending: BTreeSet::new() }),
            settled: AtomicU64::new(loaded),
            zipf: Zipf::new(loaded),
            texts: Texts::new(7),
        }
    }

    fn begin_insert(&self) -> Outcome<u64> {
        let mut inserts = self.inserts.lock().map_err(|_| "a client died")?;
        let item = inserts.next;
        inserts.next += 1;
        inserts.pending.insert(item);
        Ok(item)
    }

    fn end_insert(&self, item: u64) -> Outcome<()> {
        let mut inserts = self.inserts.lock().map_err(|_| "a client died")?;
        inserts.pending.remove(&item);
        let settled = inserts.pending.first().copied().unwrap_or(inserts.next);
        self.settled.store(settled, Ordering::Release);
        Ok(())
    }

    fn name(&self, item: u64) -> Name {
        Name::of(item, self.loaded)
    }
}

/// Asks for `lasting`, and gives how long each operation took. Before, it asks a quarter of that unmeasured: caches fill, and
/// memory that was never touched costs more the first time.
pub async fn run(client: &mut impl Client, table: &Table, work: Workload, seed: u64, lasting: Duration) -> Outcome<Latencies> {
    let (mut dice, mut texts) = (Dice::new(seed), table.texts.with_seed(seed));
    let mut latencies = Latencies::default();
    let warm = Instant::now() + lasting / 4;
    while Instant::now() < warm {
        step(client, table, work, &mut dice, &mut texts).await?;
    }
    let begin = Instant::now();
    let mut before = begin;
    while before - begin < lasting {
        step(client, table, work, &mut dice, &mut texts).await?;
        let now = Instant::now();
        latencies.note(now - before);
        before = now;
    }
    Ok(latencies)
}

async fn step(client: &mut impl Client, table: &Table, work: Workload, dice: &mut Dice, texts: &mut Texts) -> Outcome<()> {
    let percent = dice.below(100);
    let chosen = table.name(hash(table.zipf.rank(dice)) % table.loaded);
    let field = dice.below(FIELDS as u64) as usize;
    match (work, percent) {
        (Workload::A, 50..) | (Workload::B, 95..) | (Workload::U, _) => client.update(&chosen, field, texts.field()).await,
        (Workload::F, 50..) => client.modify(&chosen, field, texts.field()).await,
        (Workload::D | Workload::E, 95..) => {
            let item = table.begin_insert()?;
            client.insert(&table.name(item), texts.item()).await?;
            table.end_insert(item)
        }
        (Workload::D, _) => {
            let item = table.settled.load(Ordering::Acquire).saturating_sub(1 + table.zipf.rank(dice));
            found(client.read(&table.name(item)).await?)
        }
        (Workload::E, _) => {
            let most = 1 + dice.below(100) as usize;
            match client.scan(&chosen, most).await? {
                0 => Err("a scan from an item that is there found nothing".into()),
                _ => Ok(()),
            }
        }
        _ => found(client.read(&chosen).await?),
    }
}

fn found(fields: usize) -> Outcome<()> {
    if fields == FIELDS { Ok(()) } else { Err(format!("an item has {fields} fields").into()) }
}
