//! Eight clients read, write and compare-and-set a few items; a checker of our own looks for an order that explains it.
//!
//! Each operation has a beginning, an end and an answer. A history is linearizable if the operations can be put in an order
//! that agrees with every answer and with "ended before the other began". Items do not touch each other, so each has a
//! history of its own.
//!
//! The search walks along the history: it takes any operation that nothing unfinished has to precede and whose answer fits
//! the register, and goes back when it is stuck. States it has been in are remembered (Wing and Gong's search with Lowe's
//! memory), so it ends quickly for honest histories.
//!
//! Not here: what the store makes of a crash (`crash.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use emberflow_base::World;
use emberflow_base::world::Seeded;
use emberflow_nosql::change::UpdateMode;
use emberflow_nosql::expression::Condition;
use emberflow_nosql::{ScanSpec, Select, Store, StoreOptions, Sync, Table, Value, WriteOutcome, increment};
use futures::TryStreamExt;

const CLIENTS: u64 = 8;
const STEPS: u64 = 150;
const ITEMS: u64 = 4;

/// What was asked of one item, and answered.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Read(Option<i64>),
    Put(i64),
    /// Expected, new, whether it was done.
    CompareAndSet(i64, i64, bool),
    Add(i64),
    Delete(bool),
}

impl Act {
    /// The item after this, or none if the answer does not fit.
    fn on(self, item: Option<i64>) -> Option<Option<i64>> {
        match self {
            Act::Read(seen) => (seen == item).then_some(item),
            Act::Put(value) => Some(Some(value)),
            Act::CompareAndSet(expected, new, true) => (item == Some(expected)).then_some(Some(new)),
            Act::CompareAndSet(expected, _, false) => (item != Some(expected)).then_some(item),
            Act::Add(step) => Some(Some(item.unwrap_or(0) + step)),
            Act::Delete(was_there) => (item.is_some() == was_there).then_some(None),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Call {
    begin: u64,
    end: u64,
    act: Act,
}

/// Whether some order explains the history of an item that was absent before.
fn is_linearizable(mut history: Vec<Call>) -> bool {
    history.sort_by_key(|call| call.begin);
    let mut seen: HashSet<(Vec<u64>, Option<i64>)> = HashSet::new();
    // What has been taken so far, the item after it, and the next candidate to try.
    let mut path: Vec<(usize, Option<i64>)> = Vec::new();
    let mut taken = vec![0u64; history.len().div_ceil(64)];
    let (mut item, mut from) = (None, 0);
    loop {
        let is_left = |at: &usize| taken[at / 64] >> (at % 64) & 1 == 0;
        let left: Vec<usize> = (0..history.len()).filter(is_left).collect();
        let Some(earliest_end) = left.iter().map(|at| history[*at].end).min() else { return true };
        let may_be_next = |at: &usize| *at >= from && history[*at].begin <= earliest_end;
        let mut next = None;
        for at in left.into_iter().filter(may_be_next) {
            let Some(after) = history[at].act.on(item) else { continue };
            taken[at / 64] |= 1 << (at % 64);
            if seen.insert((taken.clone(), after)) {
                next = Some((at, after));
                break;
            }
            taken[at / 64] &= !(1 << (at % 64));
        }
        match next {
            Some((at, after)) => {
                path.push((at, item));
                (item, from) = (after, 0);
            }
            None => {
                let Some((at, before)) = path.pop() else { return false };
                taken[at / 64] &= !(1 << (at % 64));
                (item, from) = (before, at + 1);
            }
        }
    }
}

fn number(item: Option<emberflow_nosql::Item>) -> Option<i64> {
    item.and_then(|item| match item.get("n") {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    })
}

async fn act(table: &Table, key: &str, dice: &Seeded) -> Act {
    let value = (dice.dice() % 5) as i64;
    match dice.dice() % 10 {
        0..4 => Act::Read(number(table.get(key, Select::User).await.unwrap())),
        4 => {
            let scanned: Vec<_> = table.scan(ScanSpec::range(key)).unwrap().try_collect().await.unwrap();
            Act::Read(number(scanned.into_iter().next()))
        }
        5 => {
            table.put(key, [("n", value)]).await.unwrap();
            Act::Put(value)
        }
        6 | 7 => {
            let condition = Condition::parse("n == ${n}").unwrap().bind("n", value).unwrap();
            let write = table.update(key, [("n", value + 1)], UpdateMode::Replace).when(condition);
            Act::CompareAndSet(value, value + 1, !matches!(write.await.unwrap(), WriteOutcome::Unchanged(_)))
        }
        8 => {
            table.update(key, [("n", increment(1))], UpdateMode::Replace).await.unwrap();
            Act::Add(1)
        }
        _ => Act::Delete(table.delete(key).await.unwrap() == WriteOutcome::Deleted),
    }
}

/// The histories of all items under eight clients.
async fn histories(store: &Store, seed: u64) -> Vec<Vec<Call>> {
    let table = store.kv("many").unwrap().table("t").unwrap();
    table.put("there", [("n", 0)]).await.unwrap();
    let clock = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (table, clock, dice) = (table.clone(), clock.clone(), Seeded::new(seed.wrapping_mul(31) + client));
        clients.push(tokio::spawn(async move {
            let mut calls = Vec::new();
            for _ in 0..STEPS {
                let item = dice.dice() % ITEMS;
                let begin = clock.fetch_add(1, Ordering::SeqCst);
                let act = act(&table, &format!("k{item}"), &dice).await;
                calls.push((item, Call { begin, end: clock.fetch_add(1, Ordering::SeqCst), act }));
            }
            calls
        }));
    }
    let mut histories = vec![Vec::new(); ITEMS as usize];
    for client in clients {
        for (item, call) in client.await.unwrap() {
            histories[item as usize].push(call);
        }
    }
    histories
}

async fn check(store: Store, seed: u64) {
    for (item, history) in histories(&store, seed).await.into_iter().enumerate() {
        assert!(is_linearizable(history.clone()), "seed {seed}, item {item}: {history:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clients_in_memory() {
    for seed in 0..10 {
        check(Store::in_memory(StoreOptions::default()).unwrap(), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clients_on_disk() {
    for (seed, sync) in [(0, Sync::Never), (1, Sync::Always), (2, Sync::Never), (3, Sync::Never)] {
        let folder = tempfile::tempdir().unwrap();
        check(Store::open(folder.path(), StoreOptions { sync, ..StoreOptions::default() }).unwrap(), seed).await;
    }
}

mod the_checker {
    use super::*;

    fn call(begin: u64, end: u64, act: Act) -> Call {
        Call { begin, end, act }
    }

    #[test]
    fn accepts_what_an_order_explains() {
        assert!(is_linearizable(vec![]));
        let overlapping = [call(0, 5, Act::Put(1)), call(1, 2, Act::Read(None)), call(3, 4, Act::Read(Some(1)))];
        assert!(is_linearizable(overlapping.to_vec()));
        let race =
            [call(0, 1, Act::Put(0)), call(2, 9, Act::CompareAndSet(0, 1, true)), call(3, 8, Act::CompareAndSet(0, 2, false))];
        assert!(is_linearizable(race.to_vec()));
    }

    #[test]
    fn refuses_what_no_order_explains() {
        let lost = [call(0, 1, Act::Put(1)), call(2, 3, Act::Read(None))];
        assert!(!is_linearizable(lost.to_vec()));
        let stale = [call(0, 9, Act::Put(1)), call(1, 2, Act::Read(Some(1))), call(3, 4, Act::Read(None))];
        assert!(!is_linearizable(stale.to_vec()));
        let both =
            [call(0, 1, Act::Put(0)), call(2, 9, Act::CompareAndSet(0, 1, true)), call(3, 8, Act::CompareAndSet(0, 2, true))];
        assert!(!is_linearizable(both.to_vec()));
        let lost_step = [call(0, 3, Act::Add(1)), call(1, 4, Act::Add(1)), call(5, 6, Act::Read(Some(1)))];
        assert!(!is_linearizable(lost_step.to_vec()));
    }
}
