//! What a program sees of the store: the vectors of the specification that need one, by number, and the rest of its face.
//!
//! Not here: crashes (`crash.rs`), failing disks (`failing_disk.rs`), many clients (`linearizable.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use emberflow_nosql::change::{Assign, Change, Unchanged, UpdateMode};
use emberflow_nosql::expression::{Condition, Update};
use emberflow_nosql::name::{Key, KeyColumns, slice_of};
use emberflow_nosql::path::TablePath;
use emberflow_nosql::schema::TableSchema;
use emberflow_nosql::storage::{FaultyStorage, MemoryStorage, faulty::Fault};
use emberflow_nosql::{
    ErrorName, IfMissing, Item, NameRange, Part, RowChange, ScanSpec, Select, SliceSpec, Store, StoreOptions, Sync, Table, Value,
    WriteOutcome, increment,
};
use futures::{StreamExt, TryStreamExt};

fn store() -> Store {
    Store::in_memory(StoreOptions::default()).unwrap()
}

fn table(store: &Store) -> Table {
    store.kv("shop").unwrap().table("t").unwrap()
}

fn item<const N: usize>(attributes: [(&str, Value); N]) -> Item {
    Item::from_iter(attributes)
}

async fn user(table: &Table, key: &str) -> Option<Item> {
    table.get(key, Select::User).await.unwrap()
}

async fn names(table: &Table, spec: ScanSpec) -> Vec<String> {
    let items: Vec<Item> = table.scan(spec).unwrap().try_collect().await.unwrap();
    let name = |item: &Item| match item.get("__name") {
        Some(Value::Str(name)) => name.clone(),
        other => panic!("no name but {other:?}"),
    };
    items.iter().map(name).collect()
}

fn schema(key: &str) -> TableSchema {
    let key = Some(KeyColumns { key: key.to_owned(), sorting: None, buckets: 0 });
    TableSchema { fields: Vec::new(), key, partition: Vec::new() }
}

fn error_name<T: std::fmt::Debug>(result: emberflow_nosql::Result<T>) -> ErrorName {
    result.unwrap_err().name()
}

#[tokio::test]
async fn vector_54_append_keeps_overwrite_removes() {
    let (store, before) = (store(), [("a", 1), ("b", 2)]);
    let table = table(&store);
    table.put("p", before).await.unwrap();
    table.update("p", [("a", 9), ("c", 3)], UpdateMode::Append).await.unwrap();
    assert_eq!(user(&table, "p").await, Some(item([("a", 1.into()), ("b", 2.into()), ("c", 3.into())])));
    table.put("p", before).await.unwrap();
    table.update("p", [("a", 9), ("c", 3)], UpdateMode::Overwrite).await.unwrap();
    assert_eq!(user(&table, "p").await, Some(item([("a", 9.into()), ("c", 3.into())])));
}

#[tokio::test]
async fn vector_55_append_new_only_creates() {
    let store = store();
    let table = table(&store);
    table.put("p", [("a", 1), ("b", 2)]).await.unwrap();
    let outcome = table.update("p", [("a", 9)], UpdateMode::AppendNew).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Unchanged(Unchanged::ItemExists));
    assert_eq!(user(&table, "p").await, Some(item([("a", 1.into()), ("b", 2.into())])));
}

#[tokio::test]
async fn vector_56_an_increment_reads_before_overwrite_clears() {
    let store = store();
    let table = table(&store);
    table.put("p", [("n", 10), ("b", 2)]).await.unwrap();
    table.update("p", [("n", increment(5))], UpdateMode::Overwrite).await.unwrap();
    assert_eq!(user(&table, "p").await, Some(item([("n", 15.into())])));
}

#[tokio::test]
async fn vector_57_a_text_cannot_be_incremented() {
    let store = store();
    let table = table(&store);
    table.put("p", [("n", "x")]).await.unwrap();
    let refused = table.update("p", [("n", increment(5))], UpdateMode::Replace).await;
    assert_eq!(error_name(refused), ErrorName::TypeError);
    assert_eq!(user(&table, "p").await, Some(item([("n", "x".into())])));
}

#[tokio::test]
async fn vector_58_compare_and_set_lets_one_client_win() {
    let store = store();
    let table = table(&store);
    for round in 0..50 {
        table.put("p", [("a", round)]).await.unwrap();
        let system = table.get("p", Select::names(["__mtime_secs", "__mtime_nsecs"])).await.unwrap().unwrap();
        let condition = Condition::parse("__mtime_secs == ${s} AND __mtime_nsecs == ${n}").unwrap();
        let condition = condition.bind("s", system.get("__mtime_secs").unwrap().clone()).unwrap();
        let condition = condition.bind("n", system.get("__mtime_nsecs").unwrap().clone()).unwrap();
        let client = |value: i64| {
            let write = table.update("p", [("a", value)], UpdateMode::Replace).when(condition.clone());
            tokio::spawn(async move { write.await.unwrap() })
        };
        let (one, two) = (client(100), client(200));
        let outcomes = [one.await.unwrap(), two.await.unwrap()];
        let won = outcomes.iter().filter(|outcome| matches!(outcome, WriteOutcome::Updated(_))).count();
        let lost = outcomes.iter().filter(|outcome| **outcome == WriteOutcome::Unchanged(Unchanged::ConditionFalse)).count();
        assert_eq!((won, lost), (1, 1), "{outcomes:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vector_59_a_hundred_increments_add_up() {
    let store = store();
    let table = table(&store);
    table.put("p", [("n", 0)]).await.unwrap();
    let client = |_| {
        let write = table.update("p", [("n", increment(1))], UpdateMode::Replace);
        tokio::spawn(async move { write.await.unwrap() })
    };
    let clients: Vec<_> = (0..100).map(client).collect();
    for client in clients {
        assert!(matches!(client.await.unwrap(), WriteOutcome::Updated(_)));
    }
    assert_eq!(user(&table, "p").await, Some(item([("n", 100.into())])));
}

#[tokio::test]
async fn vector_60_a_range_scan_has_its_bounds() {
    let store = store();
    let table = table(&store);
    for name in ["u.a", "u.b", "u.c", "v.a"] {
        table.put(name, [("x", 1)]).await.unwrap();
    }
    assert_eq!(names(&table, ScanSpec::range("u").from("a").to("c")).await, ["u.a", "u.b"]);
    let both = ScanSpec::from_parts(Some("u".to_owned()), None, None, Some((0, 2)));
    assert_eq!(error_name(both), ErrorName::InvalidArgument);
    assert_eq!(error_name(ScanSpec::from_parts(None, Some("a".to_owned()), None, None)), ErrorName::InvalidArgument);
    assert_eq!(error_name(ScanSpec::from_parts(None, None, None, Some((2, 2)))), ErrorName::InvalidArgument);
}

#[tokio::test]
async fn the_sketch_of_the_specification_works() {
    let store = store();
    let kv = store.kv("shop").unwrap();
    kv.put("parts", Key::compound("bolt", "m8"), [("stock", 5)]).await.unwrap();
    let condition = || Condition::parse("stock >= ${n}").unwrap().bind("n", 3);
    let update = || Update::parse("stock = stock - ${n}").unwrap().bind("n", 3);
    for _ in 0..3 {
        kv.update_expr("parts", Key::compound("bolt", "m8"), update())
            .when(condition())
            .otherwise("backlog = if_not_exists(backlog, 0) + 3")
            .await
            .unwrap();
    }
    let found = kv.get("parts", "bolt.m8", Select::User).await.unwrap();
    assert_eq!(found, Some(item([("stock", 2.into()), ("backlog", 6.into())])));
    let outcome = kv.update("parts", "nut", [("stock", increment(5)), ("bin", "A4".into())], UpdateMode::Replace).await;
    assert!(matches!(outcome.unwrap(), WriteOutcome::Created(_)));
    assert_eq!(kv.delete("parts", "nut").await.unwrap(), WriteOutcome::Deleted);
    assert_eq!(kv.delete("parts", "nut").await.unwrap(), WriteOutcome::Unchanged(Unchanged::NoSuchItem));
    assert_eq!(kv.delete("none", "nut").await.unwrap(), WriteOutcome::Unchanged(Unchanged::NoSuchItem));
    assert!(!kv.table("none").unwrap().exists().unwrap());
}

#[tokio::test]
async fn versions_grow_with_effective_changes_alone() {
    let store = store();
    let table = table(&store);
    let version = |outcome| match outcome {
        WriteOutcome::Created(version) | WriteOutcome::Updated(version) => version,
        other => panic!("{other:?}"),
    };
    let first = version(table.put("p", [("a", 1)]).await.unwrap());
    let same = version(table.put("p", [("a", 1)]).await.unwrap());
    let second = version(table.put("p", [("a", 2)]).await.unwrap());
    assert_eq!(first, same);
    assert!(second > first);
    let all = table.get("p", Select::All).await.unwrap().unwrap();
    assert_eq!(all.get("__mtime_secs"), Some(&Value::Int(second.secs())));
    assert_eq!(all.get("__mtime_nsecs"), Some(&Value::Int(second.subsec_nanos())));
    assert_eq!(all.get("__name"), Some(&Value::from("p")));
    assert_eq!(all.get("__size"), Some(&Value::Int(9)));
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let store = store();
    let table = table(&store);
    for at in 0..100 {
        table.put(format!("k{at}.{at}"), [("n", at)]).await.unwrap();
    }
    let spec = ScanSpec::all().filter("n >= 50").unwrap();
    let (mut marker, mut found) = (None, Vec::new());
    loop {
        let page = table.scan_page(&spec, 7, marker.as_deref()).await.unwrap();
        assert!(page.items.len() <= 7);
        found.extend(page.items.iter().map(|item| item.get("n").unwrap().clone()));
        if page.last {
            assert_eq!(page.next_marker, None);
            break;
        }
        marker = page.next_marker;
    }
    assert_eq!(found.len(), 50);
    let page = table.scan_page(&spec, 7, None).await.unwrap();
    let foreign = table.scan_page(&ScanSpec::all(), 7, page.next_marker.as_deref()).await;
    assert_eq!(error_name(foreign), ErrorName::InvalidMarker);
    assert_eq!(error_name(table.scan_page(&spec, 7, Some("00ff")).await), ErrorName::InvalidMarker);
    let missing = store.kv("shop").unwrap().table("none").unwrap();
    assert_eq!(error_name(missing.scan_page(&spec, 7, None).await), ErrorName::TableNotFound);
}

#[tokio::test]
async fn segments_are_the_table() {
    let store = store();
    let table = table(&store);
    let mut all = Vec::new();
    for at in 0..200 {
        table.put(format!("k{at}"), [("n", at)]).await.unwrap();
        all.push(format!("k{at}"));
    }
    for of in [1, 3, 7, 1024] {
        let mut found = Vec::new();
        for i in 0..of {
            found.extend(names(&table, ScanSpec::segment(i, of)).await);
        }
        assert!(found.is_sorted_by_key(|name| slice_of(name)));
        found.sort();
        all.sort();
        assert_eq!(found, all, "{of} segments");
    }
}

#[tokio::test]
async fn partitions_lie_below_their_table() {
    let store = store();
    let table = table(&store);
    let mut writer = table.writer().unwrap();
    for (directory, key) in [("y=2024/m=2", "p"), ("y=2023/m=2", "p"), ("y=2024/m=10", "q"), ("", "r")] {
        let attributes = vec![(Arc::from("at"), Assign::Set(directory.into()))];
        let change = Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None };
        writer.write(RowChange { directory: directory.into(), key: Key::parse(key).unwrap(), change }).await.unwrap();
    }
    assert_eq!(writer.finish().await.unwrap().created, 4);
    assert_eq!(table.directories().unwrap(), ["", "y=2023/m=2", "y=2024/m=10", "y=2024/m=2"]);
    let year = store.kv("shop").unwrap().table("t/y=2024").unwrap();
    assert_eq!((year.path(), year.directory()), (table.path(), "y=2024"));
    assert_eq!(names(&year, ScanSpec::all()).await, ["q", "p"]);
    let month = store.kv("shop").unwrap().table("t/y=2024/m=2").unwrap();
    assert_eq!(user(&month, "p").await, Some(item([("at", "y=2024/m=2".into())])));
    assert_eq!(names(&table, ScanSpec::all()).await, ["r", "p", "q", "p"]);
    assert_eq!(error_name(month.set_schema(None).await), ErrorName::InvalidPath);
    year.delete_table(IfMissing::Fail).await.unwrap();
    assert_eq!(table.directories().unwrap(), ["", "y=2023/m=2"]);
    assert_eq!(error_name(year.delete_table(IfMissing::Fail).await), ErrorName::TableNotFound);
    table.delete_table(IfMissing::Fail).await.unwrap();
    assert!(!month.exists().unwrap() && !table.exists().unwrap());
}

#[tokio::test]
async fn a_batch_answers_each_operation() {
    let store = store();
    let table = table(&store);
    table.put("b", [("n", "x")]).await.unwrap();
    let operations = vec![
        table.put("a", [("n", 1)]).into_operation().unwrap(),
        table.update("b", [("n", increment(1))], UpdateMode::Replace).into_operation().unwrap(),
        table.delete("c").into_operation().unwrap(),
        table.update_expr("a", "n = n + 1").into_operation().unwrap(),
    ];
    let results = table.batch(operations).await.unwrap();
    assert!(matches!(results[0], Ok(WriteOutcome::Created(_))));
    assert_eq!(error_name(results[1].clone()), ErrorName::TypeError);
    assert_eq!(results[2], Ok(WriteOutcome::Unchanged(Unchanged::NoSuchItem)));
    assert!(matches!(results[3], Ok(WriteOutcome::Updated(_))));
    assert_eq!(user(&table, "a").await, Some(item([("n", 2.into())])));
    let many = (0..1001).map(|_| table.delete("c").into_operation().unwrap()).collect();
    assert_eq!(error_name(table.batch(many).await), ErrorName::LimitExceeded);
}

#[tokio::test]
async fn delete_where_removes_what_passes() {
    let store = store();
    let table = table(&store);
    for at in 0..100 {
        table.put(format!("k{at}"), [("n", at)]).await.unwrap();
    }
    assert_eq!(table.delete_where("n < 60").await.unwrap(), 60);
    assert_eq!(names(&table, ScanSpec::all()).await.len(), 40);
    assert_eq!(table.delete_where("").await.unwrap(), 40);
    assert!(!table.exists().unwrap(), "neither items nor schema");
}

#[tokio::test]
async fn an_overwrite_is_seen_whole_or_not_at_all() {
    let store = store();
    let table = table(&store);
    table.put("old", [("n", 1)]).await.unwrap();
    let fill = |overwrite: &emberflow_nosql::Overwrite| {
        let mut writer = overwrite.writer().unwrap();
        async move {
            for at in 0..1500 {
                let attributes = vec![(Arc::from("n"), Assign::Set(at.into()))];
                let change = Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None };
                let key = Key::parse(format!("k{at}")).unwrap();
                writer.write(RowChange { directory: "".into(), key, change }).await.unwrap();
            }
            writer.finish().await.unwrap()
        }
    };
    let abandoned = table.overwrite(None).await.unwrap();
    assert_eq!(fill(&abandoned).await.rows(), 1500);
    assert_eq!(names(&table, ScanSpec::all()).await, ["old"]);
    drop(abandoned);
    let schema = schema("id");
    let overwrite = table.overwrite(Some(schema.clone())).await.unwrap();
    fill(&overwrite).await;
    let mut reader = Box::pin(table.scan(ScanSpec::all()).unwrap());
    assert_eq!(user(&table, "old").await, Some(item([("n", 1.into())])));
    overwrite.commit().await.unwrap();
    assert_eq!(user(&table, "old").await, None);
    assert_eq!(names(&table, ScanSpec::all()).await.len(), 1500);
    assert_eq!(table.schema().unwrap().as_deref(), Some(&schema));
    assert_eq!(reader.next().await.unwrap().unwrap().get("n"), Some(&Value::Int(1)), "who began before sees the old table");
    assert_eq!(store.statistics(true).unwrap()[0].items, Some(1500));
    table.put("new", [("n", 1)]).await.unwrap();
    assert_eq!(names(&table, ScanSpec::all()).await.len(), 1501);
}

#[tokio::test]
async fn a_large_overwrite_becomes_files() {
    let folder = tempfile::tempdir().unwrap();
    let options = || StoreOptions { sync: Sync::Never, ..StoreOptions::default() };
    let store = Store::open(folder.path(), options()).unwrap();
    let overwrite = table(&store).overwrite(None).await.unwrap();
    let padding = Value::from("x".repeat(12_000));
    let mut writer = overwrite.writer().unwrap();
    for (key, n) in (0..1500).map(|at| (at, at)).chain([(0, -1), (1499, -2)]) {
        let attributes = vec![(Arc::from("n"), Assign::Set(n.into())), (Arc::from("padding"), Assign::Set(padding.clone()))];
        let change = Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None };
        let key = Key::parse(format!("k{key}")).unwrap();
        writer.write(RowChange { directory: "".into(), key, change }).await.unwrap();
    }
    writer.finish().await.unwrap();
    overwrite.commit().await.unwrap();
    table(&store).update("k7", [("n", increment(1))], UpdateMode::Replace).await.unwrap();
    assert_eq!(names(&table(&store), ScanSpec::all()).await.len(), 1500);
    store.close().await.unwrap();
    let store = Store::open(folder.path(), options()).unwrap();
    for (key, expected) in [("k0", -1), ("k1499", -2), ("k5", 5), ("k7", 8)] {
        assert_eq!(user(&table(&store), key).await.unwrap().get("n"), Some(&Value::Int(expected)), "{key}");
    }
    assert_eq!(store.statistics(true).unwrap()[0].items, Some(1500));
    assert_eq!(store.verify().unwrap().broken, 0);
}

#[tokio::test]
async fn a_task_that_runs_again_doubles_nothing() {
    let store = store();
    let table = table(&store);
    let run = |rows: i64| {
        let mut writer = table.writer_of_task("job-1", 0).unwrap();
        async move {
            for row in 0..rows {
                let attributes = vec![(Arc::from("n"), Assign::Increment(1.into()))];
                let change = Change::Write { mode: UpdateMode::Replace, attributes, condition: None };
                let key = Key::parse(format!("k{}", row % 10)).unwrap();
                writer.write(RowChange { directory: "".into(), key, change }).await.unwrap();
            }
            writer.finish().await.unwrap()
        }
    };
    assert_eq!(run(700).await.repeated, 0);
    let again = run(1000).await;
    assert_eq!((again.repeated, again.updated), (700, 300));
    for at in 0..10 {
        assert_eq!(user(&table, &format!("k{at}")).await, Some(item([("n", 100.into())])));
    }
    store.forget_job("job-1").await.unwrap();
    assert_eq!(run(10).await.repeated, 0, "a job that is over may begin anew");
}

#[tokio::test]
async fn the_first_error_ends_a_writer() {
    let store = store();
    let table = table(&store);
    table.put("bad", [("n", "x")]).await.unwrap();
    let mut writer = table.writer_of_task("job", 7).unwrap();
    for key in ["a", "bad", "b"] {
        let attributes = vec![(Arc::from("n"), Assign::Increment(1.into()))];
        let change = Change::Write { mode: UpdateMode::Replace, attributes, condition: None };
        writer.write(RowChange { directory: "".into(), key: Key::parse(key).unwrap(), change }).await.unwrap();
    }
    let failed = writer.finish().await.unwrap_err();
    assert_eq!(failed.name(), ErrorName::TypeError);
    assert!(failed.to_string().contains("bad"), "{failed}");
}

#[tokio::test]
async fn the_engine_reads_what_it_wants() {
    let store = store();
    let table = table(&store);
    for at in 0..50 {
        table.put(format!("k{at}.x"), [("a", Value::Int(at)), ("b", "text".into()), ("c", 0.5.into())]).await.unwrap();
    }
    let attributes = ["c", "__name", "a", "missing"].map(Arc::from).to_vec();
    let mut scan = table.scan_slices(SliceSpec::all(vec![String::new()], attributes)).unwrap();
    let mut rows = 0;
    while scan
        .next_page(20, &mut |item| {
            assert_eq!(item.stored(0).unwrap().to_value(), Value::Double(0.5));
            assert!(item.value(1).is_some() && item.stored(1).is_none());
            assert!(item.stored(2).is_some() && item.stored(3).is_none());
            rows += 1;
            Ok(())
        })
        .unwrap()
    {}
    assert_eq!(rows, 50);
    let range = |sharding: &str, from: &str| NameRange { sharding: sharding.into(), from: Some(from.into()), to: None };
    let parts = [
        (Part::Ranges(vec![range("k7", "a"), range("k8", "y"), range("k9", "x")]), vec![7, 9]),
        (Part::Keys(["k3.x", "none", "k1.x"].map(|key| Key::parse(key).unwrap()).to_vec()), vec![3, 1]),
    ];
    for (part, expected) in parts {
        for limit in [1, 2, 9] {
            let attributes = vec![Arc::from("a")];
            let spec = SliceSpec { directories: vec![String::new()], part: part.clone(), attributes };
            let (mut scan, mut found) = (table.scan_slices(spec).unwrap(), Vec::new());
            while scan
                .next_page(limit, &mut |item| {
                    found.push(item.stored(0).unwrap().to_value());
                    Ok(())
                })
                .unwrap()
            {}
            assert_eq!(found, expected.iter().map(|n| Value::Int(*n)).collect::<Vec<_>>());
        }
    }
    let sample = table.sample(10).unwrap();
    assert_eq!(sample.len(), 10);
    assert!(sample.is_sorted_by_key(|(_, key, _)| key.slice()));
}

#[tokio::test]
async fn streams_keep_tables_off_their_path() {
    let store = store();
    let path = TablePath::parse("ember://shop/log", None).unwrap();
    store.register_stream(&path).await.unwrap();
    let log = store.table(&path).unwrap();
    assert_eq!(error_name(log.put("a", [("n", 1)]).await), ErrorName::NotATable);
    assert_eq!(error_name(log.get("a", Select::User).await), ErrorName::NotATable);
    let below = store.kv("shop").unwrap().table("log/x").unwrap();
    assert_eq!(error_name(below.put("a", [("n", 1)]).await), ErrorName::NotATable);
    let taken = table(&store);
    taken.put("a", [("n", 1)]).await.unwrap();
    assert_eq!(error_name(store.register_stream(taken.path()).await), ErrorName::TableExists);
    store.unregister_stream(&path).await.unwrap();
    log.put("a", [("n", 1)]).await.unwrap();
    assert_eq!(store.list("shop").len(), 2);
    assert_eq!(store.containers(), ["shop"]);
}

#[tokio::test]
async fn key_attributes_of_a_schema_stand() {
    let store = store();
    let table = table(&store);
    table.set_schema(Some(schema("k"))).await.unwrap();
    assert!(table.exists().unwrap());
    table.put("p", [("k", "p")]).await.unwrap();
    assert_eq!(error_name(table.update_expr("p", "k='z'").await), ErrorName::KeyAttributeImmutable);
    assert_eq!(error_name(table.update_expr("p", "__name='z'").await), ErrorName::ReservedName);
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let options = || StoreOptions { sync: Sync::Never, ..StoreOptions::default() };
    let store = Store::open(folder.path(), options()).unwrap();
    let table_before = table(&store);
    table_before.put("p", [("a", 1)]).await.unwrap();
    table_before.set_schema(Some(schema("k"))).await.unwrap();
    let abandoned = table_before.overwrite(None).await.unwrap();
    std::mem::forget(abandoned);
    let before = table_before.get("p", Select::All).await.unwrap();
    drop(table_before);
    drop(store);
    // The forgotten overwrite still holds the store, as a crash would leave its table: look at a copy of the folder.
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp").arg("-r").arg(folder.path()).arg(copy.path().join("s")).status().unwrap();
    assert!(status.success());
    let store = Store::open(copy.path().join("s"), options()).unwrap();
    let table_after = table(&store);
    assert_eq!(table_after.get("p", Select::All).await.unwrap(), before);
    assert!(table_after.schema().unwrap().is_some());
    assert_eq!(store.statistics(true).unwrap().len(), 1);
    let verified = store.verify().unwrap();
    assert_eq!((verified.tables, verified.items, verified.broken), (1, 1, 0));
    table_after.compact().unwrap();
    drop(table_after);
    store.close().await.unwrap();
    Store::open(copy.path().join("s"), options()).unwrap();
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_acknowledged_and_reads_go_on() {
    for fault in [Fault::BatchLost(0), Fault::BatchUnacknowledged(0), Fault::SyncFails(0)] {
        let disk = Arc::new(FaultyStorage::around(Arc::new(MemoryStorage::new())));
        let store = Store::with_storage(disk.clone(), StoreOptions::default()).unwrap();
        let table_before = table(&store);
        table_before.put("p", [("a", 1)]).await.unwrap();
        disk.plan(fault);
        assert_eq!(error_name(table_before.put("p", [("a", 2)]).await), ErrorName::StorageFailed);
        disk.heal();
        let refused = table_before.put("q", [("a", 2)]).await.unwrap_err();
        assert!(refused.to_string().contains("until it is opened again"), "{refused}");
        assert!(store.failure().is_some());
        assert!(user(&table_before, "p").await.is_some());
        let store = Store::with_storage(disk, StoreOptions::default()).unwrap();
        let table_after = table(&store);
        let kept = user(&table_after, "p").await.unwrap();
        assert!([Value::Int(1), Value::Int(2)].contains(kept.get("a").unwrap()));
        table_after.put("p", [("a", 3)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_overwrites_hurt_nobody() {
    let store = store();
    let table = table(&store);
    for round in 0..60 {
        let overwrite = table.overwrite(None).await.unwrap();
        let mut writer = overwrite.writer().unwrap();
        for at in 0..3000 {
            let attributes = vec![(Arc::from("n"), Assign::Set(at.into()))];
            let change = Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None };
            let key = Key::parse(format!("k{at}")).unwrap();
            writer.write(RowChange { directory: "".into(), key, change }).await.unwrap();
        }
        // Bundles are still on their way.
        drop((writer, overwrite));
        table.put("p", [("n", round)]).await.unwrap();
    }
    assert_eq!(names(&table, ScanSpec::all()).await, ["p"]);
    assert!(store.failure().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_meet_deletion_and_schemas_of_their_table() {
    let store = store();
    let writers = (0..3).map(|client| {
        let table = table(&store);
        tokio::spawn(async move {
            for at in 0..300 {
                table.update(format!("c{client}-{at}"), [("n", at)], UpdateMode::Replace).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let table = table(&store);
    for round in 0..40 {
        match round % 4 {
            0 => table.delete_table(IfMissing::Ignore).await.unwrap(),
            1 => table.set_schema(Some(schema("k"))).await.unwrap(),
            2 => table.overwrite(None).await.unwrap().commit().await.unwrap(),
            _ => drop(table.delete_where("n > 5").await.unwrap()),
        }
        assert!(store.verify().unwrap().broken == 0);
        store.statistics(true).unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(store.failure().is_none());
}

#[tokio::test]
async fn a_dropped_store_opens_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let store = Store::open(folder.path(), StoreOptions { sync: Sync::Never, ..StoreOptions::default() }).unwrap();
        let stored = user(&table(&store), "p").await;
        assert_eq!(stored, (round > 0).then(|| item([("n", round.into())])));
        table(&store).update("p", [("n", increment(1))], UpdateMode::Replace).await.unwrap();
    }
    let open = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let handle = open.clone();
    assert_eq!(error_name(open.close().await), ErrorName::InvalidArgument, "another handle is left");
    handle.close().await.unwrap();
}
