//! Writing NoSQL tables from DataFrames: staging, tasks, types, partitions.
//!
//! Not here: the specification's vectors (`nosql_vectors`), its errors (`nosql_errors`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use SaveMode::{Append, Overwrite};
use emberflow::kv::Value;
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

    fn items(&self) -> String {
        self.0.items("c/t")
    }

    fn stored_schema(&self) -> String {
        self.0.table("c/t").schema().unwrap().map(|schema| schema.to_string()).unwrap_or_default()
    }
}

#[test]
fn values_of_every_type() {
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
fn conditions_of_the_table_level_modes_judge_no_item() {
    let t = Table::new("fresh");
    t.put("p", &[("k", "p".into()), ("v", 3.into())]);
    t.ok(Overwrite, &[("condition", "${v} > 5")], "* FROM VALUES ('p', 9), ('q', 1) AS v(k, v)");
    assert_eq!(t.items(), "p{k:'p',v:9}");
    t.ok(Overwrite, &[("condition", "v > 5")], "'p' AS k, 9 AS v");
    assert_eq!(t.items(), "");
}

#[test]
fn null_partitions_and_dynamic_overwrites() {
    let t = Table::new("partitions");
    t.ok(Append, &[("partition", "y, m")], "'r' AS k, 2022 AS y, CAST(NULL AS INT) AS m");
    assert_eq!(t.items(), "y=2022/m=__HIVE_DEFAULT_PARTITION__/r{k:'r',y:2022}");
    assert_eq!(t.0.rows(&t.0.read(T, &[]).filter("m IS NULL").unwrap()), "k:r y:2022 m:NULL");
    t.0.session.set("spark.sql.sources.partitionOverwriteMode", "dynamic").unwrap();
    assert_eq!(t.w(Overwrite, &[("partition", "y, m")], "'r' AS k, 1 AS y, 1 AS m"), "NOSQL.INVALID_OPTION");
    assert_eq!(t.items(), "y=2022/m=__HIVE_DEFAULT_PARTITION__/r{k:'r',y:2022}");
}

#[test]
fn a_table_is_updated_by_rows_of_its_own() {
    let t = Table::new("own");
    t.ok(Append, &[], "'p' AS k, 1 AS a");
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
