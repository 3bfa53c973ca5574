//! Writing NoSQL tables from DataFrames: save modes, options, schemas, partitions. The numbers in names are those of the
//! data source's test vectors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use SaveMode::{Append, ErrorIfExists, Ignore, Overwrite};
use emberflow::kv::schema::TableSchema;
use emberflow::kv::{Kind, Value};
use emberflow::plan::tree::SaveMode;
use nosql_common::{World, name};

const T: &str = "ember://c/t";

/// A world and `W`: a write to its table, key column `k`.
struct Table(World);

impl Table {
    fn new(name: &str) -> Self {
        Self(World::new(&format!("write-{name}")))
    }

    fn w(&self, mode: SaveMode, options: &[(&str, &str)], rows: &str) -> String {
        let all: Vec<(&str, &str)> = [("key", "k")].iter().chain(options).copied().collect();
        name(self.0.write(&format!("SELECT {rows}"), T, mode, &all))
    }

    fn ok(&self, mode: SaveMode, options: &[(&str, &str)], rows: &str) {
        assert_eq!(self.w(mode, options, rows), "no error", "{rows}");
    }

    /// An item that is there before.
    fn put(&self, key: &str, attributes: &[(&str, Value)]) {
        let table = self.0.table("c/t");
        let attributes: Vec<(&str, Value)> = attributes.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.0.wait(async { table.put(key, attributes).await }).unwrap();
    }

    /// `a:long, k:string` as the schema before, with key `k`.
    fn schema(&self, fields: &[(&str, Kind)]) {
        let field = |(name, kind): &(&str, Kind)| emberflow::kv::schema::Field::new(*name, *kind);
        let key = Some(emberflow::kv::name::KeyColumns { key: "k".into(), ..Default::default() });
        let schema = TableSchema { fields: fields.iter().map(field).collect(), key, partition: Vec::new() };
        self.0.wait(self.0.table("c/t").set_schema(Some(schema))).unwrap();
    }

    fn items(&self) -> String {
        self.0.items("c/t")
    }

    fn stored_schema(&self) -> String {
        self.0.table("c/t").schema().unwrap().map(|schema| schema.to_string()).unwrap_or_default()
    }
}

#[test]
fn vectors_1_to_3_errorifexists_and_ignore() {
    let t = Table::new("1");
    t.ok(ErrorIfExists, &[], "'p' AS k, 1 AS a");
    assert_eq!((t.items().as_str(), t.stored_schema().as_str()), ("p{a:1,k:'p'}", "k string, a long; key k"));
    assert_eq!(t.w(ErrorIfExists, &[], "'q' AS k, 2 AS a"), "NOSQL.TABLE_EXISTS");
    t.ok(Ignore, &[], "'p' AS k, 9 AS a");
    assert_eq!(t.items(), "p{a:1,k:'p'}");
}

#[test]
fn vector_4_overwrite() {
    let t = Table::new("4");
    t.put("p", &[("a", 1.into())]);
    t.put("q", &[("a", 2.into())]);
    t.ok(Overwrite, &[], "'q' AS k, 'x' AS b");
    assert_eq!((t.items().as_str(), t.stored_schema().as_str()), ("q{b:'x',k:'q'}", "k string, b string; key k"));
}

#[test]
fn vectors_5_to_8_append_and_column_update() {
    let t = Table::new("5");
    t.schema(&[("k", Kind::Str), ("a", Kind::Int), ("b", Kind::Int)]);
    t.put("p", &[("k", "p".into()), ("a", 1.into())]);
    t.ok(Append, &[], "'p' AS k, 7 AS a, 8 AS b");
    assert_eq!(t.items(), "p{a:1,b:8,k:'p'}");
    let schema = t.stored_schema();
    t.ok(Append, &[("columnUpdate", "true")], "'p' AS k, 7 AS a");
    assert_eq!((t.items().as_str(), t.stored_schema()), ("p{a:7,b:8,k:'p'}", schema));
    t.ok(Append, &[("columnUpdate", "true")], "'p' AS k, CAST(NULL AS INT) AS a, 3 AS b");
    assert_eq!(t.items(), "p{b:3,k:'p'}");
}

#[test]
fn vectors_9_to_13_counters() {
    let t = Table::new("9");
    t.schema(&[("k", Kind::Str), ("n", Kind::Int), ("w", Kind::Str)]);
    t.put("p", &[("k", "p".into()), ("n", 40.into()), ("w", "old".into())]);
    t.ok(Append, &[("counter", "n")], "'p' AS k, 2 AS n, 'new' AS w");
    assert_eq!(t.items(), "p{k:'p',n:42,w:'new'}");
    t.put("p", &[("k", "p".into()), ("w", "old".into())]);
    t.ok(Append, &[("counter", " n ")], "'p' AS k, -3 AS n, CAST(NULL AS STRING) AS w");
    assert_eq!(t.items(), "p{k:'p',n:-3}");
    t.put("p", &[("k", "p".into()), ("n", 4.into())]);
    t.ok(Append, &[("counter", "n")], "* FROM VALUES ('p', 1), ('p', 2) AS v(k, n)");
    assert_eq!(t.items(), "p{k:'p',n:7}");
    assert_eq!(t.w(Append, &[("counter", "zz")], "'p' AS k, 1 AS n"), "NOSQL.INVALID_OPTION");
    assert_eq!(t.w(Append, &[("counter", "w")], "'p' AS k, 'x' AS w"), "NOSQL.INVALID_COUNTER_TYPE");
    assert_eq!(t.items(), "p{k:'p',n:7}");
    t.ok(Overwrite, &[("counter", "n")], "'p' AS k, 1 AS n");
    assert_eq!(t.items(), "p{k:'p',n:1}");
}

#[test]
fn vectors_14_to_19_conditions() {
    let t = Table::new("14");
    t.schema(&[("k", Kind::Str), ("v", Kind::Int), ("t", Kind::Str)]);
    t.put("p", &[("k", "p".into()), ("v", 3.into()), ("t", "o".into())]);
    let newer = [("condition", "${v} > v")];
    t.ok(Append, &newer, "'q' AS k, 9 AS v, 'n' AS t");
    assert_eq!(t.items(), "p{k:'p',t:'o',v:3}");
    t.ok(Append, &newer, "'p' AS k, 4 AS v, 'n' AS t");
    assert_eq!(t.items(), "p{k:'p',t:'n',v:4}");
    t.ok(Append, &newer, "'p' AS k, 4 AS v, 'z' AS t");
    assert_eq!(t.items(), "p{k:'p',t:'n',v:4}");
    t.ok(Append, &[("condition", "not(exists(v))")], "'q' AS k, 9 AS v, 'n' AS t");
    assert_eq!(t.items(), "p{k:'p',t:'n',v:4} q{k:'q',t:'n',v:9}");
    t.ok(Append, &[("condition", "v==4"), ("counter", "v")], "'p' AS k, 10 AS v");
    assert_eq!(t.items(), "p{k:'p',t:'n',v:14} q{k:'q',t:'n',v:9}");
    assert_eq!(t.w(Append, &[("condition", "${zz} > 1")], "'p' AS k, 10 AS v"), "NOSQL.PARSE_ERROR");
    t.ok(Overwrite, &[("condition", "${v} > 5")], "* FROM VALUES ('p', 9), ('q', 1) AS v(k, v)");
    assert_eq!(t.items(), "p{k:'p',v:9}");
}

#[test]
fn vectors_20_and_21_schemas() {
    let t = Table::new("20");
    t.schema(&[("k", Kind::Str), ("a", Kind::Int)]);
    t.put("q", &[("k", "q".into()), ("a", 4.into())]);
    assert_eq!(t.w(Append, &[], "'p' AS k, 1.5D AS a"), "NOSQL.SCHEMA_MISMATCH");
    assert_eq!(t.items(), "q{a:4,k:'q'}");
    t.ok(Append, &[("allow-overwrite-schema", "true")], "'p' AS k, 1.5D AS a");
    assert_eq!(t.0.rows(&t.0.read(T, &[])), "k:p a:1.5 | k:q a:4.0");
}

#[test]
fn vectors_24_to_26_keys() {
    let t = Table::new("24");
    assert_eq!(name(t.0.write("SELECT 'a' AS k", T, Append, &[])), "NOSQL.MISSING_OPTION");
    assert_eq!(t.w(Append, &[("key", "zz")], "'a' AS k"), "NOSQL.KEY_COLUMN_MISSING");
    assert_eq!(t.w(Append, &[], "'a.b' AS k"), "NOSQL.INVALID_KEY_VALUE");
    assert_eq!(t.w(Append, &[], "'a' AS k, DATE'2024-01-01' AS d"), "NOSQL.UNSUPPORTED_TYPE");
    let t = Table::new("24b");
    t.ok(Append, &[("sorting-key", "s")], "'u' AS k, 'a.b' AS s");
    assert_eq!(t.items(), "u.a.b{k:'u',s:'a.b'}");
}

#[test]
fn vectors_27_and_28_even_distribution() {
    let t = Table::new("27");
    let options = [("sorting-key", "s"), ("range-scan-even-distribution", "true")];
    t.ok(Append, &options, "* FROM VALUES (7, '20180602'), (7, '2024-03-01') AS v(k, s)");
    assert_eq!(t.items(), "7_30.2024-03-01{k:7,s:'2024-03-01'} 7_36.20180602{k:7,s:'20180602'}");
    let all = t.0.read(T, &[]).filter("k = 7").unwrap();
    assert!(all.explain().unwrap().contains("Access: range(64)"), "{}", all.explain().unwrap());
    assert_eq!(all.count().unwrap(), 2);
    let one = t.0.read(T, &[]).filter("k = 7 AND s = '20180602'").unwrap();
    assert!(one.explain().unwrap().contains("Access: point(1)"));
    assert_eq!(t.0.rows(&one), "k:7 s:20180602");
}

#[test]
fn vectors_32_to_34_partitions() {
    let t = Table::new("32");
    t.ok(Append, &[("partition", "y, m")], "* FROM VALUES ('p', 2024, 2), ('p', 2023, 2) AS v(k, y, m)");
    assert_eq!(t.items(), "y=2023/m=2/p{k:'p',m:2,y:2023} y=2024/m=2/p{k:'p',m:2,y:2024}");
    let one = t.0.read(T, &[]).filter("m = 2 AND y > 2023").unwrap();
    let plan = one.explain().unwrap();
    assert!(plan.contains("PartitionFilters: [EqualTo(m,2), GreaterThan(y,2023)], PushedFilters: []"), "{plan}");
    assert!(plan.contains("Folders: 1 of 2"), "{plan}");
    assert_eq!(t.0.rows(&one), "k:p y:2024 m:2");
    assert_eq!(t.0.items_read(&one), 1);
    assert_eq!(t.w(Append, &[("partition", "m")], "'r' AS k, 2022 AS y, 1 AS m"), "NOSQL.PARTITION_MISMATCH");
    t.ok(Append, &[], "'r' AS k, 2022 AS y, CAST(NULL AS INT) AS m");
    assert!(t.items().contains("y=2022/m=__HIVE_DEFAULT_PARTITION__/r{k:'r',y:2022}"), "{}", t.items());
    assert_eq!(t.0.rows(&t.0.read(T, &[]).filter("m IS NULL").unwrap()), "k:r y:2022 m:NULL");
    assert_eq!(
        t.w(Overwrite, &[("partition", "y"), ("partitionOverwriteMode", "dynamic")], "'r' AS k, 1 AS y"),
        "NOSQL.INVALID_OPTION"
    );
}

#[test]
fn vector_62_narrow_types_widen() {
    let t = Table::new("62");
    t.ok(Append, &[], "'p' AS k, CAST(5 AS INT) AS i, CAST(0.5 AS FLOAT) AS f, TIMESTAMP'2024-01-02 03:04:05.678901Z' AS at, array(1, 2) AS z, X'01' AS b");
    let frame = t.0.read(T, &[]);
    let types: Vec<String> = frame.schema().unwrap().fields.iter().map(|field| field.data_type.simple_string()).collect();
    assert_eq!(types, ["string", "bigint", "double", "timestamp", "array<bigint>", "binary"]);
    assert_eq!(t.0.rows(&frame), "k:p i:5 f:0.5 at:2024-01-02T03:04:05.678901Z z:[1, 2] b:01");
    let found = frame.filter("at = TIMESTAMP'2024-01-02 03:04:05.678901Z'").unwrap();
    assert_eq!(found.count().unwrap(), 1);
    assert!(!found.explain().unwrap().contains("FilterExec"));
}

#[test]
fn vector_64_a_table_is_not_overwritten_by_itself() {
    let t = Table::new("64");
    t.ok(Append, &[], "'p' AS k, 1 AS a");
    assert_eq!(t.w(Overwrite, &[], "k, a + 1 AS a FROM nosql.`v3io://c/t/`"), "NOSQL.OVERWRITE_OF_INPUT");
    assert_eq!(t.items(), "p{a:1,k:'p'}");
    t.ok(Append, &[("columnUpdate", "true")], "k, a + 1 AS a FROM nosql.`v3io://c/t/`");
    assert_eq!(t.items(), "p{a:2,k:'p'}");
}

#[test]
fn a_failed_overwrite_leaves_the_table() {
    let t = Table::new("failed");
    t.ok(Append, &[], "'p' AS k, 1 AS a");
    assert_eq!(t.w(Overwrite, &[], "* FROM VALUES ('q', 1), ('a.b', 2) AS v(k, a)"), "NOSQL.INVALID_KEY_VALUE");
    assert_eq!(t.items(), "p{a:1,k:'p'}");
    t.ok(Overwrite, &[], "'r' AS k, 1 AS a");
    assert_eq!(t.items(), "r{a:1,k:'r'}");
}

#[test]
fn rows_of_several_tasks_and_a_schema_alone() {
    let t = Table::new("many");
    t.ok(Append, &[], "id AS k, id % 10 AS v FROM range(0, 50000, 1, 4)");
    let frame = t.0.read(T, &[]);
    assert_eq!(frame.count().unwrap(), 50_000);
    t.ok(Append, &[("counter", "v")], "id AS k, 1 AS v FROM range(0, 50000, 1, 4)");
    assert_eq!(t.0.rows(&frame.aggregate(&[], &["sum(v) AS v"]).unwrap()), "v:275000");
    let empty = Table::new("schema");
    empty.ok(Append, &[], "'p' AS k, 1 AS a LIMIT 0");
    assert_eq!((empty.items().as_str(), empty.stored_schema().as_str()), ("", "k string, a long; key k"));
    assert_eq!(empty.0.read(T, &[]).count().unwrap(), 0);
}

#[test]
fn a_kept_read_is_made_anew_after_a_write() {
    let t = Table::new("kept");
    t.ok(Append, &[], "'p' AS k, 1 AS a");
    t.0.session.sql("CACHE TABLE kept AS SELECT * FROM nosql.`ember://c/t`").unwrap().collect().unwrap();
    assert_eq!(t.0.sql("SELECT count(*) AS n FROM kept"), "n:1");
    t.ok(Append, &[], "'q' AS k, 1 AS a");
    assert_eq!(t.0.sql("SELECT count(*) AS n FROM kept"), "n:2");
}
