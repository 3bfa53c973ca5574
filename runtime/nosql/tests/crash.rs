//! Kills a process that writes, at random instants, and looks at what it left.
//!
//! ```text
//! parent ─ starts ─► child: counters, compare-and-set, a counting job, overwrites ─ every acknowledgement ─► pipe
//!        ◄─ SIGKILL after a random while
//! parent: opens the store ─► nothing acknowledged is lost, nothing happened twice, no overwrite is half seen
//! ```
//!
//! The child is this very program, told by a variable to be the child. At most one request per client is unanswered when
//! the child dies, so every number is known up to that one. A failure prints the seed; `EMBERFLOW_SEED` replays its
//! instants, `EMBERFLOW_ROUNDS` changes their number.
//!
//! Not here: loss of power, failing disks (`failing_disk.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberflow_base::World;
use emberflow_base::world::{Machine, Seeded};
use emberflow_nosql::change::{Assign, Change, UpdateMode};
use emberflow_nosql::expression::Condition;
use emberflow_nosql::name::Key;
use emberflow_nosql::{Item, RowChange, ScanSpec, Select, Store, StoreOptions, Sync, Table, Value, WriteOutcome, increment};
use futures::TryStreamExt;

const CHILD: &str = "EMBERFLOW_CRASH_CHILD";
/// Then a fresh one, so that creation is cut short too and opening stays quick.
const ROUNDS_OF_A_STORE: i64 = 15;
const CLIENTS: i64 = 3;
const JOB_ROWS: i64 = 2_000;
const JOB_KEYS: i64 = 20;
const OVERWRITE_ROWS: i64 = 40;

fn open(folder: &Path, sync: Sync) -> Store {
    Store::open(folder, StoreOptions { sync, ..StoreOptions::default() }).expect("the store opens")
}

fn table(store: &Store, name: &str) -> Table {
    store.kv("crash").unwrap().table(name).unwrap()
}

fn number(item: Option<&Item>, attribute: &str) -> i64 {
    match item.and_then(|item| item.get(attribute)) {
        Some(Value::Int(number)) => *number,
        None => 0,
        other => panic!("{other:?}"),
    }
}

async fn stored(table: &Table, key: &str, attribute: &str) -> i64 {
    number(table.get(key, Select::User).await.unwrap().as_ref(), attribute)
}

fn row(key: String, assign: Assign, mode: UpdateMode) -> RowChange {
    let change = Change::Write { mode, attributes: vec![(Arc::from("n"), assign)], condition: None };
    RowChange { directory: "".into(), key: Key::parse(key).unwrap(), change }
}

/// One line to the parent, whole. It is the child's acknowledgement: what the parent has read has happened.
fn tell(line: String) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

mod child {
    use super::*;

    pub async fn run(folder: PathBuf, round: i64) {
        let sync = if round % 4 == 0 { Sync::Always } else { Sync::Never };
        let store = open(&folder, sync);
        tell("ready".to_owned());
        let mut tasks = Vec::new();
        for client in 0..CLIENTS {
            tasks.push(tokio::spawn(count(table(&store, "counters"), client)));
            tasks.push(tokio::spawn(compare_and_set(table(&store, "cas"))));
        }
        tasks.push(tokio::spawn(job(table(&store, "job"), round)));
        tasks.push(tokio::spawn(overwrite(table(&store, "over"))));
        tasks.push(tokio::spawn(watch(table(&store, "over"))));
        for task in tasks {
            task.await.unwrap();
        }
    }

    async fn count(table: Table, client: i64) {
        let key = format!("c{client}");
        for step in 0.. {
            let write = match step % 2 {
                0 => table.update(&*key, [("n", increment(1))], UpdateMode::Replace),
                _ => table.update_expr(&*key, "n = if_not_exists(n, 0) + 1"),
            };
            write.await.unwrap();
            tell(format!("count {key}"));
        }
    }

    async fn compare_and_set(table: Table) {
        loop {
            let n = stored(&table, "p", "n").await;
            let condition = if n == 0 { "NOT exists(n)" } else { "n == ${n}" };
            let mut condition = Condition::parse(condition).unwrap();
            if n > 0 {
                condition = condition.bind("n", n).unwrap();
            }
            let write = table.update("p", [("n", n + 1)], UpdateMode::Replace).when(condition);
            if !matches!(write.await.unwrap(), WriteOutcome::Unchanged(_)) {
                tell("cas p".to_owned());
            }
        }
    }

    /// Told when it is done; until then nobody knows how far it came.
    pub async fn job(table: Table, round: i64) {
        let mut writer = table.writer_of_task(&format!("job-{round}"), 0).unwrap();
        for at in 0..JOB_ROWS {
            let step = Assign::Increment(1.into());
            writer.write(row(format!("k{}", at % JOB_KEYS), step, UpdateMode::Replace)).await.unwrap();
        }
        writer.finish().await.unwrap();
    }

    async fn overwrite(table: Table) {
        loop {
            let next = seen_whole(&table).await + 1;
            let overwrite = table.overwrite(None).await.unwrap();
            let mut writer = overwrite.writer().unwrap();
            // Large ones become files, small ones go through the journal.
            let padding = "x".repeat(if next % 3 == 0 { 40_000 } else { 10 });
            for at in 0..OVERWRITE_ROWS {
                let mut row = row(format!("k{at}"), Assign::Set(next.into()), UpdateMode::Overwrite);
                if let Change::Write { attributes, .. } = &mut row.change {
                    attributes.push((Arc::from("padding"), Assign::Set(padding.as_str().into())));
                }
                writer.write(row).await.unwrap();
            }
            writer.finish().await.unwrap();
            overwrite.commit().await.unwrap();
            tell(format!("over {next}"));
        }
    }

    async fn watch(table: Table) {
        loop {
            seen_whole(&table).await;
            tokio::task::yield_now().await;
        }
    }
}

/// The number all rows agree on.
async fn seen_whole(table: &Table) -> i64 {
    if !table.exists().unwrap() {
        return 0;
    }
    let items: Vec<Item> = table.scan(ScanSpec::all()).unwrap().try_collect().await.unwrap();
    let first = number(items.first(), "n");
    let is_whole = items.len() as i64 == OVERWRITE_ROWS && items.iter().all(|item| number(Some(item), "n") == first);
    assert!(is_whole, "an overwrite is half seen: {} rows, the first of {first}", items.len());
    first
}

/// The child; does nothing unless it is told to.
#[test]
fn child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (round, folder) = told.split_once(':').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(child::run(PathBuf::from(folder), round.parse().unwrap()));
}

#[derive(Default)]
struct Heard {
    lines: HashMap<String, i64>,
    overwritten: i64,
    is_ready: bool,
}

/// Runs a child until the instant, then kills it; gives everything it has acknowledged.
fn run_child(folder: &Path, round: i64, dice: &dyn World) -> Heard {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, format!("{round}:{}", folder.display())).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let early = dice.dice().is_multiple_of(8);
    let wait = Duration::from_micros(dice.dice() % 200_000);
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut heard = Heard::default();
        for line in lines.map_while(Result::ok) {
            // The test harness writes to the same pipe.
            let Some(line) = line.split_once('@').map(|(_, line)| line.to_owned()) else { continue };
            match line.split_once(' ') {
                None => {
                    heard.is_ready = true;
                    let _ = sender.send(());
                }
                Some(("over", number)) => heard.overwritten = number.parse().unwrap(),
                Some(_) => *heard.lines.entry(line).or_default() += 1,
            }
        }
        heard
    });
    if !early {
        let _ = receiver.recv_timeout(Duration::from_secs(30));
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "the child failed: {errors}");
    reader.join().unwrap()
}

/// What is known of the store between rounds.
#[derive(Default)]
struct Known {
    counters: HashMap<String, i64>,
    cas: i64,
    overwritten: i64,
    jobs: i64,
}

async fn check(store: &Store, known: &mut Known, heard: &Heard, round: i64) {
    let acknowledged = |line: &str| heard.lines.get(line).copied().unwrap_or(0);
    for client in 0..CLIENTS {
        let key = format!("c{client}");
        let value = stored(&table(store, "counters"), &key, "n").await;
        let before = known.counters.get(&key).copied().unwrap_or(0);
        let least = before + acknowledged(&format!("count {key}"));
        assert!((least..=least + 1).contains(&value), "counter {key} is {value}, acknowledged were {least}");
        known.counters.insert(key, value);
    }
    let value = stored(&table(store, "cas"), "p", "n").await;
    let least = known.cas + acknowledged("cas p");
    assert!((least..=least + CLIENTS).contains(&value), "compare-and-set is at {value}, acknowledged were {least}");
    known.cas = value;
    let overwritten = seen_whole(&table(store, "over")).await;
    let least = known.overwritten.max(heard.overwritten);
    assert!((least..=least + 1).contains(&overwritten), "overwrite {overwritten} is seen, acknowledged was {least}");
    known.overwritten = overwritten;
    // The job runs again from its beginning, as a scheduler would have it.
    child::job(table(store, "job"), round).await;
    store.forget_job(&format!("job-{round}")).await.unwrap();
    known.jobs += 1;
    for key in 0..JOB_KEYS {
        let value = stored(&table(store, "job"), &format!("k{key}"), "n").await;
        assert_eq!(value, known.jobs * JOB_ROWS / JOB_KEYS, "key k{key} after {} jobs", known.jobs);
    }
    let verified = store.verify().unwrap();
    assert_eq!(verified.broken, 0, "{:?}", verified.findings);
}

/// Memory serves: what a killed process has handed to the system is kept by any file system.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn kill_and_look(lane: u64) {
    let seed = std::env::var("EMBERFLOW_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| Machine.dice());
    let rounds: i64 = std::env::var("EMBERFLOW_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(105);
    let dice = Seeded::new(seed ^ lane);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut folder, mut known, begin) = (folder(), Known::default(), Instant::now());
    let (mut acknowledged, mut overwritten) = (0, 0);
    println!("seed {seed}, lane {lane}");
    for round in 0..rounds {
        if round % ROUNDS_OF_A_STORE == 0 {
            overwritten += known.overwritten;
            (folder, known) = (self::folder(), Known::default());
        }
        let heard = run_child(folder.path(), round, &*dice);
        acknowledged += heard.lines.values().sum::<i64>();
        runtime.block_on(async {
            let store = open(folder.path(), Sync::Never);
            check(&store, &mut known, &heard, round).await;
            store.close().await.unwrap();
        });
    }
    println!("lane {lane}: {rounds} kills, {acknowledged} acknowledgements, {overwritten} overwrites, {:?}", begin.elapsed());
    assert!(acknowledged > rounds, "the children hardly did anything");
}

#[test]
fn killed_at_random_instants_first_half() {
    kill_and_look(0);
}

#[test]
fn killed_at_random_instants_second_half() {
    kill_and_look(1);
}
