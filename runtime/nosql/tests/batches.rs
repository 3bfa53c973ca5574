//! DataFrame writes and reads over a store: the write plan, a writer, pushed filters, batches.
//!
//! Not here: what a row makes of an item (unit tests of `rows` and `change`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use emberflow_nosql::options::WriteOptions;
use emberflow_nosql::read_filter::{Comparison, Filter, OnTypeMismatch};
use emberflow_nosql::rows::{ReadSpec, SaveMode, WritePlan};
use emberflow_nosql::{Store, StoreOptions, Table};

fn frame() -> RecordBatch {
    let keys = Arc::new(StringArray::from(vec!["p", "p", "q"])) as ArrayRef;
    let longs = |values: [i64; 3]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([("k", keys), ("y", longs([2024, 2023, 2024])), ("a", longs([1, 2, 3]))]).unwrap()
}

async fn written() -> Table {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    let table = store.kv("shop").unwrap().table("t").unwrap();
    let (options, _) = WriteOptions::parse([("key", "k"), ("partition", "y")], &[]).unwrap();
    let plan = WritePlan::new(SaveMode::Append, &options, &frame().schema(), None, 64).unwrap();
    table.set_schema(Some(plan.schema().clone())).await.unwrap();
    let (mut writer, batch) = (table.writer().unwrap(), frame());
    let mut rows = plan.rows(&batch).unwrap();
    for row in 0..rows.len() {
        writer.write(rows.change(row).unwrap().unwrap()).await.unwrap();
    }
    assert_eq!(writer.finish().await.unwrap().created, 3);
    table
}

/// Access, folders opened, and the sorted values of `a`.
fn read(table: &Table, filters: Vec<Filter>) -> (String, Vec<String>, Vec<i64>) {
    let schema = table.schema().unwrap().unwrap();
    let spec = Arc::new(ReadSpec::new(&schema, schema.fields.clone(), filters, OnTypeMismatch::Error).unwrap());
    let opened = spec.opened(table.directories().unwrap()).unwrap();
    let mut found = Vec::new();
    for part in spec.parts(3) {
        let mut scan = spec.scan(table, opened.clone(), part).unwrap();
        while let Some(batch) = scan.next_batch(2).unwrap() {
            found.extend(batch.column_by_name("a").unwrap().as_primitive::<Int64Type>().values());
        }
    }
    found.sort();
    (spec.plan().access.to_string(), opened, found)
}

fn compare(column: &str, comparison: Comparison, value: impl Into<emberflow_nosql::Value>) -> Filter {
    Filter::Compare(column.into(), comparison, Some(value.into()))
}

#[tokio::test]
async fn vectors_32_and_33_partitions_are_pruned() {
    let table = written().await;
    assert_eq!(read(&table, vec![]), ("full".into(), vec!["y=2023".into(), "y=2024".into()], vec![1, 2, 3]));
    let later = compare("y", Comparison::Greater, 2023);
    assert_eq!(read(&table, vec![later.clone()]), ("full".into(), vec!["y=2024".into()], vec![1, 3]));
    let point = compare("k", Comparison::Equal, "p");
    assert_eq!(read(&table, vec![point.clone()]).0, "point(1)");
    assert_eq!(read(&table, vec![point, later]).2, vec![1]);
    assert_eq!(read(&table, vec![compare("a", Comparison::GreaterOrEqual, 2)]).2, vec![2, 3]);
}
