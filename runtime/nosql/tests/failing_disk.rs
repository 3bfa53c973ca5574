//! Disks that fail: a file that may not grow, batches and syncs that fail on purpose, journals with a torn or changed end.
//!
//! Whatever happens, what was acknowledged is there after opening again, or opening says that bytes are not what was
//! written; and a store that has failed takes no more writes until then.
//!
//! Not here: killed processes (`crash.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use emberflow_nosql::change::UpdateMode;
use emberflow_nosql::storage::{FaultyStorage, MemoryStorage, Storage, faulty::Fault};
use emberflow_nosql::{ErrorName, Item, ScanSpec, Select, Store, StoreOptions, Sync, Table, Value, increment};
use futures::TryStreamExt;

const CHILD: &str = "EMBERFLOW_LIMITED_CHILD";

fn open(folder: &Path) -> emberflow_nosql::Result<Store> {
    Store::open(folder, StoreOptions { sync: Sync::Always, ..StoreOptions::default() })
}

fn table(store: &Store) -> Table {
    store.kv("shop").unwrap().table("t").unwrap()
}

fn n(item: &Item) -> i64 {
    match item.get("n") {
        Some(Value::Int(number)) => *number,
        other => panic!("{other:?}"),
    }
}

/// The numbers of all items, sorted.
async fn numbers(store: &Store) -> Vec<i64> {
    let table = table(store);
    if !table.exists().unwrap() {
        return Vec::new();
    }
    let items: Vec<Item> = table.scan(ScanSpec::all()).unwrap().try_collect().await.unwrap();
    let mut numbers: Vec<i64> = items.iter().map(n).collect();
    numbers.sort_unstable();
    numbers
}

async fn fill(store: &Store, count: i64) {
    for at in 0..count {
        table(store).put(format!("k{at}"), [("n", at)]).await.unwrap();
    }
}

/// From now on no file of this process may grow beyond so many bytes: writing on fails as on a full disk.
fn limit_files(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: both calls only change settings of this process, which belongs to this test.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
    }
}

/// The child of the next test; does nothing unless it is told to. Prints how many writes were acknowledged.
#[tokio::test]
async fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let store = open(Path::new(&folder)).unwrap();
    fill(&store, 1).await;
    limit_files(200_000);
    let padding = "x".repeat(1000);
    for at in 1..1_000 {
        let put = table(&store).put(format!("k{at}"), [("n", Value::Int(at)), ("padding", padding.as_str().into())]);
        let Err(why) = put.await else { continue };
        assert_eq!(why.name(), ErrorName::StorageFailed, "{why}");
        assert!(why.to_string().contains("refuses further writes until it is opened again"), "{why}");
        let refused = table(&store).put("later", [("n", -1)]).await.unwrap_err();
        assert_eq!(refused.name(), ErrorName::StorageFailed, "{refused}");
        let read = table(&store).get("k0", Select::User).await.unwrap();
        assert_eq!(read, Some(Item::from_iter([("n", 0.into())])), "reading goes on");
        println!("@{at}");
        // As a process ends that has met such an error: without closing anything.
        std::process::exit(0);
    }
    panic!("the limit was never met");
}

#[tokio::test]
async fn a_disk_that_takes_no_more_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CHILD, folder.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let acknowledged = text.split('@').nth(1).and_then(|text| text.lines().next()).map(|line| line.parse::<i64>().unwrap());
    let acknowledged = acknowledged.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    assert!(acknowledged > 50);
    let store = open(folder.path()).unwrap();
    let found = numbers(&store).await;
    // The last one was not acknowledged; it may be there or not.
    let expected: Vec<i64> = (0..acknowledged).collect();
    assert!(found == expected || found == (0..=acknowledged).collect::<Vec<_>>(), "{acknowledged} acknowledged: {found:?}");
    assert_eq!(store.verify().unwrap().broken, 0);
    table(&store).put("k0", [("n", 0)]).await.unwrap();
}

/// The folder's only journal, and where its data end.
fn journal(folder: &Path) -> (PathBuf, usize) {
    let files = fs::read_dir(folder.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let journals: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "jnl")).collect();
    let [journal] = &journals[..] else { panic!("{journals:?}") };
    let end = fs::read(journal).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (journal.strip_prefix(folder).unwrap().to_owned(), end)
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-r", "--sparse=always"]).arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

async fn filled() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let store = open(&whole).unwrap();
    fill(&store, 40).await;
    store.close().await.unwrap();
    (folder, whole)
}

/// Every prefix of what was written is a state the store was in.
fn is_prefix(found: &[i64]) -> bool {
    found.iter().copied().eq(0..found.len() as i64)
}

#[tokio::test]
async fn a_torn_journal_gives_what_was_whole() {
    let (folder, whole) = filled().await;
    let (name, end) = journal(&whole);
    for (round, cut) in (0..24).map(|round| (round, end - 1 - round * 37)) {
        let torn = folder.path().join(format!("torn{round}"));
        copy(&whole, &torn);
        let file = fs::OpenOptions::new().write(true).open(torn.join(&name)).unwrap();
        file.set_len(cut as u64).unwrap();
        let store = open(&torn).unwrap();
        let found = numbers(&store).await;
        assert!(is_prefix(&found) && found.len() < 40, "cut at {cut} of {end}: {found:?}");
        let next = found.len() as i64;
        table(&store).put(format!("k{next}"), [("n", next)]).await.unwrap();
        store.close().await.unwrap();
        let store = open(&torn).unwrap();
        assert_eq!(numbers(&store).await, (0..=next).collect::<Vec<_>>(), "cut at {cut}, after writing on");
        assert_eq!(store.verify().unwrap().broken, 0);
    }
}

#[tokio::test]
async fn a_changed_journal_never_gives_what_was_not_written() {
    let (folder, whole) = filled().await;
    let (name, end) = journal(&whole);
    let mut refused = 0;
    for (round, at) in (0..24).map(|round| (round, end - 1 - round * 29)) {
        let changed = folder.path().join(format!("changed{round}"));
        copy(&whole, &changed);
        let file = fs::OpenOptions::new().read(true).write(true).open(changed.join(&name)).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at as u64).unwrap();
        file.write_all_at(&[byte[0] ^ 0x55], at as u64).unwrap();
        match open(&changed) {
            Ok(store) => {
                let found = numbers(&store).await;
                assert!(is_prefix(&found), "changed at {at} of {end}: {found:?}");
                assert_eq!(store.verify().unwrap().broken, 0);
            }
            Err(why) => {
                assert_eq!(why.name(), ErrorName::StorageCorrupt, "{why}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "some changes are noticed by their checksum");
}

/// Four clients count until the disk fails at the n-th batch or sync.
async fn count_until_it_fails(fault: Fault) {
    let disk = Arc::new(FaultyStorage::around(Arc::new(MemoryStorage::new())));
    let store = Store::with_storage(disk.clone() as Arc<dyn Storage>, StoreOptions::default()).unwrap();
    for client in 0..4 {
        table(&store).put(format!("c{client}"), [("n", 0)]).await.unwrap();
    }
    disk.plan(fault);
    let clients = (0..4).map(|client| {
        let table = table(&store);
        tokio::spawn(async move {
            let mut acknowledged = 0;
            loop {
                match table.update(format!("c{client}"), [("n", increment(1))], UpdateMode::Replace).await {
                    Ok(_) => acknowledged += 1,
                    Err(why) => return (acknowledged, why.name()),
                }
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut counts = Vec::new();
    for client in clients {
        let (acknowledged, why) = client.await.unwrap();
        assert_eq!(why, ErrorName::StorageFailed);
        counts.push(acknowledged);
    }
    disk.heal();
    assert_eq!(table(&store).put("x", [("n", 1)]).await.unwrap_err().name(), ErrorName::StorageFailed, "not before opening");
    let store = Store::with_storage(disk, StoreOptions::default()).unwrap();
    for (client, acknowledged) in counts.into_iter().enumerate() {
        let item = table(&store).get(format!("c{client}"), Select::User).await.unwrap().unwrap();
        assert!((acknowledged..=acknowledged + 1).contains(&n(&item)), "{fault:?}: {item:?}, acknowledged {acknowledged}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nth_batch_or_sync_fails() {
    for nth in 0..25 {
        for fault in [Fault::BatchLost(nth), Fault::BatchUnacknowledged(nth), Fault::SyncFails(nth)] {
            count_until_it_fails(fault).await;
        }
    }
}

#[tokio::test]
async fn an_overwrite_whose_commit_fails_leaves_the_old_table() {
    let disk = Arc::new(FaultyStorage::around(Arc::new(MemoryStorage::new())));
    let store = Store::with_storage(disk.clone() as Arc<dyn Storage>, StoreOptions::default()).unwrap();
    fill(&store, 3).await;
    let overwrite = table(&store).overwrite(None).await.unwrap();
    disk.plan(Fault::BatchLost(0));
    assert_eq!(overwrite.commit().await.unwrap_err().name(), ErrorName::StorageFailed);
    assert_eq!(numbers(&store).await, [0, 1, 2]);
    disk.heal();
    let store = Store::with_storage(disk, StoreOptions::default()).unwrap();
    assert_eq!(numbers(&store).await, [0, 1, 2]);
    assert_eq!(store.statistics(false).unwrap().len(), 1, "leftovers are gone");
}
