//! Writes of batches by the numbers of the specification, against a map instead of a store.

use std::collections::BTreeMap;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array,
    ListArray, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};

use super::*;
use crate::change::{Decision, Rules, Stored, decide};
use crate::expression::Absent;
use crate::item;
use crate::options::WriteOptions;
use crate::read_filter::OnTypeMismatch;
use crate::schema::TableSchema;
use crate::value::{Item, Value};

/// Items by folder and name, and the table's schema.
#[derive(Debug, Clone, Default, PartialEq)]
struct Table {
    items: BTreeMap<String, Item>,
    schema: Option<TableSchema>,
}

fn frame(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn texts<const N: usize>(values: [Option<&str>; N]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn longs<const N: usize>(values: [Option<i64>; N]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// `k`: keys, and one long column.
fn keyed<const N: usize>(column: &str, rows: [(&str, i64); N]) -> RecordBatch {
    frame(vec![("k", texts(rows.map(|row| Some(row.0)))), (column, longs(rows.map(|row| Some(row.1))))])
}

impl Table {
    /// A table with one item `p` and a schema that fits its columns.
    fn with(schema: &[(&str, Kind)], item: Item) -> Self {
        let mut table = Self::default();
        table.items.insert("p".into(), item);
        let fields = schema.iter().map(|(name, kind)| Field::new(*name, *kind)).collect();
        let key = Some(crate::name::KeyColumns { key: "k".into(), ..Default::default() });
        table.schema = Some(TableSchema { fields, key, partition: Vec::new() });
        table
    }

    fn plan(&self, mode: SaveMode, options: &[(&str, &str)], batch: &RecordBatch) -> Result<WritePlan> {
        let all = [("key", "k")].iter().chain(options).copied();
        let (options, _) = WriteOptions::parse(all, &[])?;
        WritePlan::new(mode, &options, &batch.schema(), self.schema.as_ref(), 64)
    }

    /// Writes as the store would; gives the warnings.
    fn write(&mut self, mode: SaveMode, options: &[(&str, &str)], batch: &RecordBatch) -> Result<Vec<String>> {
        let exists = self.schema.is_some() || !self.items.is_empty();
        match mode {
            SaveMode::ErrorIfExists if exists => return Err(Error::new(ErrorName::TableExists, "it is there")),
            SaveMode::Ignore if exists => return Ok(Vec::new()),
            _ => {}
        }
        let plan = self.plan(mode, options, batch)?;
        if mode == SaveMode::Overwrite {
            self.items.clear();
        }
        if plan.stores_schema() {
            self.schema = Some(plan.schema().clone());
        }
        let rules = Rules { key_columns: plan.schema().key.clone(), ..Rules::default() };
        let mut rows = plan.rows(batch)?;
        for row in 0..rows.len() {
            let Some(row) = rows.change(row)? else { continue };
            row.change.check()?;
            let place = if row.directory.is_empty() { row.key.to_string() } else { format!("{}/{}", row.directory, row.key) };
            let stored = self.items.get(&place).map(|item| Stored { item, system: &Absent });
            match decide(stored, &row.key, &row.change, &rules)? {
                Decision::Create(item) | Decision::Update(item) => drop(self.items.insert(place, item)),
                Decision::Same | Decision::Unchanged(_) | Decision::Delete => {}
            }
        }
        Ok(plan.warnings().to_vec())
    }

    fn item(&self, name: &str) -> Item {
        self.items.get(name).unwrap_or_else(|| panic!("no item {name}: {:?}", self.items.keys())).clone()
    }

    fn names(&self) -> Vec<&str> {
        self.items.keys().map(String::as_str).collect()
    }

    /// One column as the table's schema reads it.
    fn column(&self, name: &str) -> ArrayRef {
        let field = self.schema.as_ref().unwrap().field(name).unwrap().clone();
        let mut builder = BatchBuilder::new(&[field], OnTypeMismatch::Error);
        for item in self.items.values() {
            builder.append_value(0, item.get(name)).unwrap();
            builder.end_row();
        }
        builder.finish().unwrap().column(0).clone()
    }
}

const ABK: [(&str, Kind); 3] = [("k", Kind::Str), ("a", Kind::Int), ("b", Kind::Int)];
const VT: [(&str, Kind); 3] = [("k", Kind::Str), ("v", Kind::Int), ("t", Kind::Str)];
const APPEND: SaveMode = SaveMode::Append;
const UPDATE: [(&str, &str); 1] = [("columnUpdate", "true")];

fn vt(key: &str, v: i64, t: &str) -> RecordBatch {
    frame(vec![("k", texts([Some(key)])), ("v", longs([Some(v)])), ("t", texts([Some(t)]))])
}

#[test]
fn vectors_1_to_3_tables_that_are_there() {
    let mut table = Table::default();
    table.write(SaveMode::ErrorIfExists, &[], &keyed("a", [("p", 1)])).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", a: 1});
    assert_eq!(table.schema.as_ref().unwrap().key.as_ref().unwrap().key, "k");
    let before = table.clone();
    let error = table.write(SaveMode::ErrorIfExists, &[], &keyed("a", [("q", 2)])).unwrap_err();
    assert_eq!(error.name(), ErrorName::TableExists);
    table.write(SaveMode::Ignore, &[], &keyed("a", [("p", 9)])).unwrap();
    assert_eq!(table, before);
}

#[test]
fn vector_4_overwrite_begins_anew() {
    let mut table = Table::with(&ABK, item! {a: 1});
    table.items.insert("q".into(), item! {a: 2});
    table.write(SaveMode::Overwrite, &[], &frame(vec![("k", texts([Some("q")])), ("b", texts([Some("x")]))])).unwrap();
    assert_eq!(table.names(), ["q"]);
    assert_eq!(table.item("q"), item! {k: "q", b: "x"});
    assert_eq!(table.schema.unwrap().to_string(), "k string, b string; key k");
}

#[test]
fn vector_5_append_adds_what_is_missing() {
    let mut table = Table::with(&ABK, item! {k: "p", a: 1});
    let batch = frame(vec![("k", texts([Some("p")])), ("a", longs([Some(7)])), ("b", longs([Some(8)]))]);
    table.write(APPEND, &[], &batch).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", a: 1, b: 8});
}

#[test]
fn vectors_6_to_8_column_update_replaces() {
    let mut table = Table::with(&ABK, item! {k: "p", a: 1});
    table.write(APPEND, &UPDATE, &keyed("a", [("p", 7)])).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", a: 7});

    let mut table = Table::with(&ABK, item! {k: "p", a: 1, b: 2});
    let schema = table.schema.clone();
    table.write(APPEND, &UPDATE, &keyed("a", [("p", 7)])).unwrap();
    assert_eq!((table.item("p"), &table.schema), (item! {k: "p", a: 7, b: 2}, &schema));

    let mut table = Table::with(&ABK, item! {k: "p", a: 1, b: 2});
    let batch = frame(vec![("k", texts([Some("p")])), ("a", longs([None])), ("b", longs([Some(3)]))]);
    table.write(APPEND, &UPDATE, &batch).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", b: 3});
}

const NW: [(&str, Kind); 3] = [("k", Kind::Str), ("n", Kind::Int), ("w", Kind::Str)];

#[test]
fn vectors_9_to_11_counters_add() {
    let row = |n: i64, w: Option<&str>| frame(vec![("k", texts([Some("p")])), ("n", longs([Some(n)])), ("w", texts([w]))]);
    let mut table = Table::with(&NW, item! {k: "p", n: 40, w: "old"});
    table.write(APPEND, &[("counter", "n")], &row(2, Some("new"))).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", n: 42, w: "new"});

    let mut table = Table::with(&NW, item! {k: "p", w: "old"});
    table.write(APPEND, &[("counter", " n ")], &row(-3, None)).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", n: -3});

    let mut table = Table::with(&NW, item! {k: "p", n: 4});
    table.write(APPEND, &[("counter", "n")], &keyed("n", [("p", 1), ("p", 2)])).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", n: 7});
    let nothing = frame(vec![("k", texts([Some("p")])), ("n", longs([None]))]);
    table.write(APPEND, &[("counter", "n")], &nothing).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", n: 7});
}

#[test]
fn vector_12_counters_outside_append_are_plain() {
    let mut table = Table::with(&NW, item! {k: "p", n: 4});
    let warnings = table.write(SaveMode::Overwrite, &[("counter", "n")], &keyed("n", [("p", 1)])).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", n: 1});
    assert_eq!(warnings.len(), 1);
}

#[test]
fn vector_13_counters_are_columns() {
    let refused =
        |counter: &str, batch: &RecordBatch| Table::default().plan(APPEND, &[("counter", counter)], batch).unwrap_err().name();
    assert_eq!(refused("zz", &keyed("n", [("p", 1)])), ErrorName::InvalidOption);
    assert_eq!(refused("k", &keyed("n", [("p", 1)])), ErrorName::InvalidOption);
    assert_eq!(refused("t", &vt("p", 1, "x")), ErrorName::InvalidCounterType);
}

#[test]
fn vectors_14_to_16_conditions_on_columns() {
    let newer = [("condition", "${v} > v")];
    let mut table = Table::with(&VT, item! {k: "p", v: 3, t: "o"});
    table.write(APPEND, &newer, &vt("p", 4, "n")).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", v: 4, t: "n"});
    table.write(APPEND, &newer, &vt("p", 4, "z")).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", v: 4, t: "n"});
    table.write(APPEND, &newer, &vt("q", 9, "n")).unwrap();
    assert_eq!(table.names(), ["p"]);
}

#[test]
fn vectors_17_to_19_conditions_that_create() {
    let mut table = Table::with(&VT, item! {k: "p", v: 3, t: "o"});
    table.write(APPEND, &[("condition", "not(exists(v))")], &vt("q", 9, "n")).unwrap();
    assert_eq!(table.names(), ["p", "q"]);

    for mode in [APPEND, SaveMode::ErrorIfExists, SaveMode::Overwrite] {
        let mut table = Table::default();
        table.write(mode, &[("condition", "${v} > 5")], &keyed("v", [("p", 9), ("q", 1)])).unwrap();
        assert_eq!(table.names(), ["p"], "{mode:?}");
    }

    let mut table = Table::with(&VT, item! {k: "p", v: 3});
    table.write(APPEND, &[("condition", "v==3"), ("counter", "v")], &keyed("v", [("p", 10)])).unwrap();
    assert_eq!(table.item("p"), item! {k: "p", v: 13});
}

#[test]
fn conditions_are_checked_before_rows() {
    let table = Table::with(&VT, item! {k: "p", v: 3});
    let refused = |text: &str| {
        let error = table.plan(APPEND, &[("condition", text)], &vt("p", 1, "x")).unwrap_err();
        (error.name(), error.position())
    };
    assert_eq!(refused("v == ${gone}"), (ErrorName::ParseError, Some(5)));
    assert_eq!(refused("v = 1"), (ErrorName::ParseError, Some(2)));
    let mut table = table.clone();
    table.write(APPEND, &[("condition", "t == ${t} OR v == 3")], &vt("p", 1, "x' OR true")).unwrap();
    assert_eq!(table.item("p").get("v"), Some(&1.into()));
}

#[test]
fn vector_21_retyped_columns_read_as_they_are_now() {
    let mut table = Table::with(&ABK[..2], Item::new());
    table.items.clear();
    table.items.insert("q".into(), item! {k: "q", a: 4});
    let batch = frame(vec![("k", texts([Some("p")])), ("a", Arc::new(Float64Array::from(vec![1.5])) as ArrayRef)]);
    let error = table.write(APPEND, &[], &batch).unwrap_err();
    assert_eq!(error.name(), ErrorName::SchemaMismatch);
    table.write(APPEND, &[("allow-overwrite-schema", "true")], &batch).unwrap();
    assert_eq!(table.column("a").as_primitive::<Float64Type>().values(), &[1.5, 4.0]);
}

#[test]
fn vectors_24_to_27_names() {
    let mut table = Table::default();
    let sorted = |key: ArrayRef, sorting: ArrayRef| frame(vec![("k", key), ("s", sorting)]);
    table.write(APPEND, &[("sorting-key", "s")], &sorted(texts([Some("u")]), texts([Some("a.b")]))).unwrap();
    assert_eq!(table.names(), ["u.a.b"]);

    for key in [Some("a.b"), Some(""), Some("a/b"), None] {
        let batch = frame(vec![("k", texts([key]))]);
        let error = Table::default().write(APPEND, &[], &batch).unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidKeyValue, "{key:?}");
    }

    let mut table = Table::default();
    let options = [("sorting-key", "s"), ("range-scan-even-distribution", "true")];
    let rows = sorted(longs([Some(7), Some(7)]), texts([Some("20180602"), Some("2024-03-01")]));
    table.write(APPEND, &options, &rows).unwrap();
    assert_eq!(table.names(), ["7_30.2024-03-01", "7_36.20180602"]);
    assert_eq!(table.item("7_36.20180602"), item! {k: 7, s: "20180602"});
}

#[test]
fn vectors_32_and_34_partitions() {
    let row = |y: [Option<i64>; 2]| {
        let k = texts([Some("p"), Some("p")]);
        frame(vec![("k", k), ("y", longs(y)), ("m", longs([Some(2), Some(2)]))])
    };
    let mut table = Table::default();
    table.write(APPEND, &[("partition", "y, m")], &row([Some(2024), Some(2023)])).unwrap();
    assert_eq!(table.names(), ["y=2023/m=2/p", "y=2024/m=2/p"]);
    let error = table.write(APPEND, &[("partition", "m")], &row([Some(1), Some(1)])).unwrap_err();
    assert_eq!(error.name(), ErrorName::PartitionMismatch);
    table.write(APPEND, &[], &row([None, Some(2025)])).unwrap();
    assert!(table.names().contains(&"y=2025/m=2/p") && table.names().contains(&"y=__HIVE_DEFAULT_PARTITION__/m=2/p"));
}

#[test]
fn vector_62_narrow_numbers_widen() {
    let mut table = Table::default();
    let batch = frame(vec![
        ("k", texts([Some("p")])),
        ("i", Arc::new(Int32Array::from(vec![5])) as ArrayRef),
        ("f", Arc::new(Float32Array::from(vec![0.5])) as ArrayRef),
    ]);
    table.write(APPEND, &[], &batch).unwrap();
    assert_eq!(table.column("i").as_primitive::<Int64Type>().value(0), 5);
    assert_eq!(table.column("f").as_primitive::<Float64Type>().value(0), 0.5);
}

#[test]
fn every_type_there_and_back() {
    let ints = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), Some(-2)]), None]);
    let doubles = ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(0.5)]), None]);
    let times = TimestampMicrosecondArray::from(vec![Some(-1), None]).with_timezone("UTC");
    let batch = frame(vec![
        ("k", texts([Some("p"), Some("q")])),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef),
        ("t", Arc::new(times) as ArrayRef),
        ("x", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\0\xff"), None])) as ArrayRef),
        ("i", Arc::new(ints) as ArrayRef),
        ("d", Arc::new(doubles) as ArrayRef),
        ("n", Arc::new(NullArray::new(2)) as ArrayRef),
    ]);
    let mut table = Table::default();
    table.write(APPEND, &[], &batch).unwrap();
    let t = Value::Timestamp { secs: -1, nanos: 999_999_000 };
    let p = item! {k: "p", b: true, t: t, x: vec![0u8, 255], i: vec![1i64, -2], d: vec![0.5]};
    assert_eq!((table.item("p"), table.item("q")), (p, item! {k: "q"}));
    assert_eq!(table.column("t").as_primitive::<TimestampMicrosecondType>().value(0), -1);
    for name in ["b", "t", "x", "i", "d", "n"] {
        let column = table.column(name);
        assert_eq!(column.data_type(), &arrow_type(table.schema.as_ref().unwrap().field(name).unwrap().kind));
        assert!(column.is_null(1) || name == "n", "{name}");
    }
    assert_eq!(table.column("i").as_list::<i32>().value(0).as_primitive::<Int64Type>().values(), &[1, -2]);
}

#[test]
fn types_that_no_attribute_has() {
    let refused = |array: ArrayRef| {
        let batch = frame(vec![("k", texts([Some("p")])), ("a", array)]);
        Table::default().write(APPEND, &[], &batch).unwrap_err().name()
    };
    assert_eq!(refused(Arc::new(Date32Array::from(vec![1]))), ErrorName::UnsupportedType);
    assert_eq!(refused(Arc::new(TimestampMicrosecondArray::from(vec![1]))), ErrorName::UnsupportedType);
    let strings = frame(vec![("s", texts([Some("x")]))]);
    assert_eq!(refused(Arc::new(arrow::array::StructArray::from(strings))), ErrorName::UnsupportedType);
    let with_null = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None])]);
    assert_eq!(refused(Arc::new(with_null)), ErrorName::UnsupportedType);
}

#[test]
fn mismatches_hidden_columns_and_rows_without_columns() {
    let field = Field::new("__mtime_secs", Kind::Int);
    let mut builder = BatchBuilder::new(&[field], OnTypeMismatch::Error);
    let error = builder.append_value(0, Some(&"x".into())).unwrap_err();
    assert_eq!(error.name(), ErrorName::TypeMismatch);
    assert!(error.to_string().contains("__mtime_secs"));
    builder.append_value(0, Some(&7.into())).unwrap();
    builder.end_row();
    assert_eq!(builder.finish().unwrap().column(0).as_primitive::<Int64Type>().value(0), 7);

    let mut lenient = BatchBuilder::new(&[Field::new("a", Kind::IntArray)], OnTypeMismatch::Null);
    lenient.append_value(0, Some(&vec![0.5].into())).unwrap();
    lenient.end_row();
    assert!(lenient.finish().unwrap().column(0).is_null(0));

    let mut counting = BatchBuilder::new(&[], OnTypeMismatch::Error);
    (0..3).for_each(|_| counting.end_row());
    assert_eq!(counting.finish().unwrap().num_rows(), 3);
}
