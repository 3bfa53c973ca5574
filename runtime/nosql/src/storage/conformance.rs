//! What every storage has to pass; a test hands in a way to open an empty one, and another to open the same one again.
//!
//! Not here: crashes and failing disks (`runtime/nosql/tests`), which need more than the trait.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use super::{Batch, Durability, Flow, ItemWrite, KeyRange, Storage, TableId, View};

/// Runs the suite on storages that `open` makes, each of them empty.
pub fn run(mut open: impl FnMut() -> Arc<dyn Storage>) {
    reads_what_was_applied(&*open());
    a_batch_is_whole(&*open());
    scans_in_the_order_of_keys(&*open());
    a_scan_stops_when_told(&*open());
    loads_take_the_place_of_older_items(&*open());
    a_view_stands_still(&*open());
    a_dropped_table_is_gone(&*open());
    facts_live_beside_items(&*open());
    an_unknown_table_is_an_error(&*open());
    compaction_changes_nothing(&*open());
}

/// Runs the part of the suite that closes a storage and opens it again.
pub fn run_reopening(open: impl Fn() -> Arc<dyn Storage>) {
    {
        let storage = open();
        storage.create_table(3).expect("a table");
        put(&*storage, 3, &[("a", "1"), ("b", "2")]);
        let mut batch = Batch { items: vec![write(3, "b", None)], facts: Vec::new() };
        batch.put_fact(b"k".to_vec(), b"v".to_vec());
        storage.apply(batch, Durability::Written).expect("applied");
        storage.create_table(4).expect("a table");
        storage.drop_table(4).expect("dropped");
        storage.create_table(5).expect("a table");
        storage.load(5, vec![write(5, "a", Some("1")), write(5, "b", Some("2"))]).expect("loaded");
    }
    let storage = open();
    let mut tables = storage.tables().expect("tables");
    tables.sort_unstable();
    assert_eq!(tables, vec![3, 5]);
    assert_eq!(all(&*storage.view().expect("a view"), 5), pairs(&[("a", "1"), ("b", "2")]));
    assert_eq!(all(&*storage.view().expect("a view"), 3), pairs(&[("a", "1")]));
    assert_eq!(storage.fact(b"k").expect("a fact"), Some(b"v".to_vec()));
}

fn write(table: TableId, key: &str, value: Option<&str>) -> ItemWrite {
    ItemWrite { table, key: key.as_bytes().into(), value: value.map(|value| value.as_bytes().into()) }
}

fn put(storage: &dyn Storage, table: TableId, items: &[(&str, &str)]) {
    let items = items.iter().map(|(key, value)| write(table, key, Some(value))).collect();
    storage.apply(Batch { items, facts: Vec::new() }, Durability::Synced).expect("applied");
}

fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn scanned(view: &dyn View, table: TableId, range: &KeyRange, most: usize) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let mut found = Vec::new();
    view.scan(table, range, &mut |key, value| {
        found.push((text(key), text(value)));
        if found.len() == most { Flow::Stop } else { Flow::Continue }
    })
    .expect("scanned");
    found
}

fn all(view: &dyn View, table: TableId) -> Vec<(String, String)> {
    scanned(view, table, &KeyRange::all(), usize::MAX)
}

fn range(start: &str, end: &str) -> KeyRange {
    KeyRange { start: start.as_bytes().to_vec(), end: Some(end.as_bytes().to_vec()) }
}

fn reads_what_was_applied(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    assert_eq!(storage.get(1, b"a").expect("read"), None);
    put(storage, 1, &[("a", "1")]);
    assert_eq!(storage.get(1, b"a").expect("read"), Some(b"1".to_vec()));
    put(storage, 1, &[("a", "2")]);
    storage.create_table(1).expect("a table that exists stays as it is");
    assert_eq!(storage.get(1, b"a").expect("read"), Some(b"2".to_vec()));
    let mut shown = Vec::new();
    assert!(storage.show(1, b"a", &mut |bytes| shown.push(bytes.to_vec())).expect("read"));
    assert!(!storage.show(1, b"b", &mut |bytes| shown.push(bytes.to_vec())).expect("read"));
    assert_eq!(shown, [b"2".to_vec()]);
    assert!(storage.show(99, b"a", &mut |_| {}).is_err());
    storage.apply(Batch { items: vec![write(1, "a", None)], facts: Vec::new() }, Durability::Written).expect("applied");
    assert_eq!(storage.get(1, b"a").expect("read"), None);
    storage.sync().expect("synced");
}

fn a_batch_is_whole(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    let items = vec![write(1, "a", Some("1")), write(99, "b", Some("2"))];
    assert!(storage.apply(Batch { items, facts: Vec::new() }, Durability::Written).is_err());
    assert_eq!(storage.get(1, b"a").expect("read"), None);
    let items = vec![write(1, "a", Some("1")), write(1, "a", Some("2")), write(1, "b", Some("3")), write(1, "b", None)];
    storage.apply(Batch { items, facts: Vec::new() }, Durability::Written).expect("applied");
    assert_eq!(all(&*storage.view().expect("a view"), 1), pairs(&[("a", "2")]), "the later write of a key wins");
}

fn scans_in_the_order_of_keys(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    storage.create_table(2).expect("a table");
    put(storage, 1, &[("b", "2"), ("a", "1"), ("ab", "3"), ("c", "4")]);
    put(storage, 2, &[("aa", "other")]);
    let view = storage.view().expect("a view");
    assert_eq!(all(&*view, 1), pairs(&[("a", "1"), ("ab", "3"), ("b", "2"), ("c", "4")]));
    assert_eq!(scanned(&*view, 1, &range("ab", "c"), 9), pairs(&[("ab", "3"), ("b", "2")]));
    assert_eq!(scanned(&*view, 1, &range("ab", "c").after(b"ab"), 9), pairs(&[("b", "2")]));
    assert_eq!(scanned(&*view, 1, &range("c", "a"), 9), pairs(&[]));
    assert_eq!(view.get(1, b"ab").expect("read"), Some(b"3".to_vec()));
}

fn loads_take_the_place_of_older_items(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    put(storage, 1, &[("b", "0"), ("d", "0")]);
    let items = |items: &[(&str, &str)]| items.iter().map(|(key, value)| write(1, key, Some(value))).collect();
    storage.load(1, items(&[("a", "1"), ("b", "1"), ("c", "1")])).expect("loaded");
    storage.load(1, items(&[("c", "2"), ("e", "2")])).expect("loaded");
    storage.load(1, Vec::new()).expect("nothing is loaded");
    put(storage, 1, &[("e", "3")]);
    let expected = pairs(&[("a", "1"), ("b", "1"), ("c", "2"), ("d", "0"), ("e", "3")]);
    assert_eq!(all(&*storage.view().expect("a view"), 1), expected);
    assert_eq!(storage.get(1, b"b").expect("read"), Some(b"1".to_vec()));
}

fn a_scan_stops_when_told(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    put(storage, 1, &[("a", "1"), ("b", "2"), ("c", "3")]);
    let view = storage.view().expect("a view");
    assert_eq!(scanned(&*view, 1, &KeyRange::all(), 2), pairs(&[("a", "1"), ("b", "2")]));
}

fn a_view_stands_still(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    put(storage, 1, &[("a", "1"), ("b", "2")]);
    let view = storage.view().expect("a view");
    put(storage, 1, &[("a", "9"), ("c", "3")]);
    storage.apply(Batch { items: vec![write(1, "b", None)], facts: Vec::new() }, Durability::Written).expect("applied");
    assert_eq!(all(&*view, 1), pairs(&[("a", "1"), ("b", "2")]));
    storage.drop_table(1).expect("dropped");
    assert_eq!(all(&*view, 1), pairs(&[("a", "1"), ("b", "2")]), "a view outlives the table");
}

fn a_dropped_table_is_gone(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    storage.create_table(2).expect("a table");
    put(storage, 1, &[("a", "1")]);
    storage.drop_table(1).expect("dropped");
    storage.drop_table(1).expect("dropping it again is no error");
    assert_eq!(storage.tables().expect("tables"), vec![2]);
    assert!(storage.get(1, b"a").is_err());
    storage.create_table(3).expect("a table");
    assert_eq!(storage.get(3, b"a").expect("read"), None);
}

fn facts_live_beside_items(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    let mut batch = Batch { items: vec![write(1, "a", Some("1"))], facts: Vec::new() };
    batch.put_fact(b"n/b".to_vec(), b"2".to_vec());
    batch.put_fact(b"n/a".to_vec(), b"1".to_vec());
    batch.put_fact(b"o".to_vec(), b"3".to_vec());
    storage.apply(batch, Durability::Synced).expect("applied");
    let found = storage.facts(b"n/").expect("facts");
    assert_eq!(found, vec![(b"n/a".to_vec(), b"1".to_vec()), (b"n/b".to_vec(), b"2".to_vec())]);
    let mut batch = Batch::default();
    batch.remove_fact(b"n/a".to_vec());
    storage.apply(batch, Durability::Synced).expect("applied");
    assert_eq!(storage.fact(b"n/a").expect("a fact"), None);
    assert_eq!(all(&*storage.view().expect("a view"), 1), pairs(&[("a", "1")]));
}

fn an_unknown_table_is_an_error(storage: &dyn Storage) {
    assert!(storage.get(7, b"a").is_err());
    assert!(storage.view().expect("a view").scan(7, &KeyRange::all(), &mut |_, _| Flow::Continue).is_err());
    assert!(storage.statistics(7).is_err());
}

fn compaction_changes_nothing(storage: &dyn Storage) {
    storage.create_table(1).expect("a table");
    put(storage, 1, &[("a", "1"), ("b", "2")]);
    put(storage, 1, &[("a", "3")]);
    storage.compact(1).expect("compacted");
    assert_eq!(all(&*storage.view().expect("a view"), 1), pairs(&[("a", "3"), ("b", "2")]));
    assert!(storage.statistics(1).expect("statistics").bytes > 0);
}

#[cfg(test)]
mod tests {
    use super::super::fjall::FjallOptions;
    use super::super::{FaultyStorage, FjallStorage, MemoryStorage};
    use super::*;

    fn fjall(folder: &std::path::Path) -> Arc<dyn Storage> {
        Arc::new(FjallStorage::open(folder, FjallOptions::default()).expect("opened"))
    }

    #[test]
    fn memory_conforms() {
        run(|| Arc::new(MemoryStorage::new()));
    }

    #[test]
    fn faulty_without_a_fault_conforms() {
        run(|| Arc::new(FaultyStorage::around(Arc::new(MemoryStorage::new()))));
    }

    #[test]
    fn fjall_conforms() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut count = 0;
        run(|| {
            count += 1;
            fjall(&folder.path().join(count.to_string()))
        });
        run_reopening(|| fjall(&folder.path().join("again")));
    }

    #[test]
    fn a_folder_in_use_says_by_whom() {
        let folder = tempfile::tempdir().expect("a folder");
        let _open = fjall(folder.path());
        let lock = folder.path().join("LOCK");
        std::fs::write(&lock, "4711").expect("written");
        let refused = FjallStorage::open(folder.path(), FjallOptions::default()).err().expect("refused");
        assert!(refused.to_string().contains("in use by process 4711"), "{refused}");
    }

    #[test]
    fn a_creation_cut_short_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("data")).expect("made");
        std::fs::write(folder.path().join("data/0.jnl"), b"half").expect("written");
        let storage = fjall(folder.path());
        storage.create_table(1).expect("a table");
        put(&*storage, 1, &[("a", "1")]);
    }

    #[test]
    fn a_store_of_another_format_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("FORMAT"), "emberflow nosql store, format 9\n").expect("written");
        let refused = FjallStorage::open(folder.path(), FjallOptions::default()).err().expect("refused");
        assert!(refused.to_string().contains("format 9"), "{refused}");
    }
}
