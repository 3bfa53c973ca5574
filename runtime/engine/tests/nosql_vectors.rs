//! The test vectors of the NoSQL store's specification, each a test of its number: through the data source, through the
//! programs' API, and through both where both can say it.
//!
//! ```text
//! W  a DataFrame's write, key column k     X  an update expression     C  a condition: by both doors, which must agree
//! U  an update by mode                     F  a filter                 items()  what is stored, name{attributes}
//! ```
//!
//! Not here: options, errors and plans beyond the vectors (`nosql_write`, `nosql_read`, `nosql_errors`), the pure rules
//! (`emberflow-nosql`'s own tests).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use SaveMode::{Append, ErrorIfExists, Ignore, Overwrite};
use emberflow::kv::change::{Unchanged, UpdateMode};
use emberflow::kv::expression::Condition;
use emberflow::kv::schema::TableSchema;
use emberflow::kv::{Assigned, ErrorName, Item, ScanSpec, Select, Table, Value, WriteOutcome, increment};
use emberflow::plan::tree::SaveMode;
use futures::TryStreamExt;
use nosql_common::{World, name};

const OK: &str = "no error";

/// A world with two tables of one content: `t`, which the data source writes, and `api`, which programs change.
struct Vector {
    world: World,
    source: &'static str,
}

impl Vector {
    fn new(number: u32) -> Self {
        Self { world: World::new(&format!("vector-{number}")), source: "ember://c/t" }
    }

    /// An item of both tables before, as an update expression that makes it.
    fn before(&self, key: &str, attributes: &str) -> &Self {
        for path in ["c/t", "c/api"] {
            self.world.wait(async { self.world.table(path).update_expr(key, attributes).await }).unwrap();
        }
        self
    }

    /// The schema of both tables before: `k string, a long`, key `k`.
    fn schema(&self, fields: &str) -> &Self {
        let field = |field: &str| {
            let (name, kind) = field.trim().split_once(' ').unwrap();
            format!(r#"{{"name":"{name}","type":"{kind}"}}"#)
        };
        let fields: Vec<String> = fields.split(',').map(field).collect();
        self.schema_json(&format!(r#"{{"fields":[{}],"key":"k"}}"#, fields.join(",")))
    }

    fn schema_json(&self, json: &str) -> &Self {
        for path in ["c/t", "c/api"] {
            self.world.wait(self.world.table(path).set_schema(Some(TableSchema::from_json(json).unwrap()))).unwrap();
        }
        self
    }

    /// The condition of the error of a write, or `no error`.
    fn w(&self, mode: SaveMode, options: &[(&str, &str)], rows: &str) -> String {
        let all: Vec<(&str, &str)> = [("key", "k")].iter().chain(options).copied().collect();
        name(self.world.write(&format!("SELECT {rows}"), self.source, mode, &all))
    }

    #[track_caller]
    fn ok(&self, mode: SaveMode, options: &[(&str, &str)], rows: &str) {
        assert_eq!(self.w(mode, options, rows), OK, "{rows}");
    }

    /// What the data source wrote.
    fn items(&self) -> String {
        self.world.items("c/t")
    }

    fn stored_schema(&self) -> String {
        self.world.table("c/t").schema().unwrap().map(|schema| schema.to_string()).unwrap_or_default()
    }

    fn rows(&self, filter: &str) -> String {
        self.world.rows(&self.world.read(self.source, &[]).filter(filter).unwrap())
    }

    fn plan(&self, filter: &str) -> String {
        self.world.read(self.source, &[]).filter(filter).unwrap().explain().unwrap()
    }

    /// How many items a filtered read looks at.
    fn looked_at(&self, filter: &str) -> i64 {
        self.world.items_read(&self.world.read(self.source, &[]).filter(filter).unwrap())
    }

    fn api(&self) -> Table {
        self.world.table("c/api")
    }

    /// What programs made.
    fn api_items(&self) -> String {
        self.world.items("c/api")
    }

    fn u(&self, mode: UpdateMode, key: &str, attributes: Vec<(&str, Assigned)>) -> Result<WriteOutcome, ErrorName> {
        self.world.wait(async { self.api().update(key, attributes, mode).await }).map_err(|why| why.name())
    }

    fn u_if(&self, condition: &str, bound: &[(&str, Value)], key: &str, attributes: Vec<(&str, Assigned)>) -> WriteOutcome {
        let condition = bound
            .iter()
            .fold(Condition::parse(condition).unwrap(), |condition, (name, value)| condition.bind(name, value.clone()).unwrap());
        self.world.wait(async { self.api().update(key, attributes, UpdateMode::Replace).when(condition).await }).unwrap()
    }

    fn x(&self, key: &str, update: &str) -> Result<WriteOutcome, ErrorName> {
        self.world.wait(async { self.api().update_expr(key, update).await }).map_err(|why| why.name())
    }

    /// Whether the item `p` passes, `ParseError` if that is no condition; both doors have to say the same.
    #[track_caller]
    fn c(&self, condition: &str) -> &'static str {
        let touched = self.world.wait(async { self.api().update_expr("p", "touched = 1").when(condition).await });
        let api = match touched.map_err(|why| why.name()) {
            Ok(WriteOutcome::Updated(_)) => "pass",
            Ok(WriteOutcome::Unchanged(Unchanged::ConditionFalse)) => "no",
            Err(ErrorName::ParseError) => "ParseError",
            other => panic!("{condition}: {other:?}"),
        };
        self.world.wait(async { self.api().update_expr("p", "remove touched").await }).unwrap();
        let written = self.w(Append, &[("condition", condition)], "'p' AS k, 1 AS touched");
        let is_touched = self.world.attribute("c/t", "p", "touched").is_some();
        let source = match (written.as_str(), is_touched) {
            (OK, true) => "pass",
            (OK, false) => "no",
            ("NOSQL.PARSE_ERROR", false) => "ParseError",
            other => panic!("{condition}: {other:?}"),
        };
        self.world.wait(async { self.world.table("c/t").update_expr("p", "remove touched").await }).unwrap();
        assert_eq!(api, source, "{condition}");
        api
    }

    fn scanned(&self, spec: ScanSpec) -> Vec<String> {
        let api = self.api();
        let items: Vec<Item> = self.world.wait(async { api.scan(spec)?.try_collect().await }).unwrap();
        let name = |item: &Item| match item.get("__name") {
            Some(Value::Str(name)) => name.clone(),
            other => panic!("no name but {other:?}"),
        };
        items.iter().map(name).collect()
    }
}

fn set(value: impl Into<Value>) -> Assigned {
    value.into().into()
}

/// `struct<k:string,..>`
fn types(frame: &emberflow::DataFrame) -> String {
    emberflow::plan::DataType::Struct(frame.schema().unwrap()).simple_string()
}

/// `u.a u.b u.c v.a`, with a key of two columns.
fn letters(vector: &Vector) {
    vector.schema_json(r#"{"fields":[{"name":"k","type":"string"},{"name":"s","type":"string"}],"key":"k","sortingKey":"s"}"#);
    for (k, s) in [("u", "a"), ("u", "b"), ("u", "c"), ("v", "a")] {
        vector.before(&format!("{k}.{s}"), &format!("k='{k}'; s='{s}'"));
    }
}

/// Two items in two folders.
fn two_months(vector: &Vector) {
    vector.ok(Append, &[("partition", "y, m")], "* FROM VALUES ('p', 2024, 2), ('p', 2023, 2) AS v(k, y, m)");
}

#[test]
fn vector_01_a_first_write_makes_table_and_schema() {
    let v = Vector::new(1);
    v.ok(ErrorIfExists, &[], "'p' AS k, 1 AS a");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("p{a:1,k:'p'}", "k string, a long; key k"));
    assert!(matches!(v.u(UpdateMode::Overwrite, "p", vec![("k", set("p")), ("a", set(1))]), Ok(WriteOutcome::Created(_))));
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_02_errorifexists_refuses_what_is_there() {
    let v = Vector::new(2);
    v.before("p", "k='p'; a=1");
    assert_eq!(v.w(ErrorIfExists, &[], "'q' AS k, 2 AS a"), "NOSQL.TABLE_EXISTS");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("p{a:1,k:'p'}", ""));
}

#[test]
fn vector_03_ignore_leaves_what_is_there() {
    let v = Vector::new(3);
    v.before("p", "k='p'; a=1");
    v.ok(Ignore, &[], "'p' AS k, 9 AS a");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("p{a:1,k:'p'}", ""));
}

#[test]
fn vector_04_overwrite_begins_anew() {
    let v = Vector::new(4);
    v.before("p", "a=1").before("q", "a=2");
    v.ok(Overwrite, &[], "'q' AS k, 'x' AS b");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("q{b:'x',k:'q'}", "k string, b string; key k"));
}

#[test]
fn vector_05_append_adds_what_is_missing() {
    let v = Vector::new(5);
    v.schema("k string, a long, b long").before("p", "k='p'; a=1");
    v.ok(Append, &[], "'p' AS k, 7 AS a, 8 AS b");
    assert_eq!(v.items(), "p{a:1,b:8,k:'p'}");
    v.u(UpdateMode::Append, "p", vec![("k", set("p")), ("a", set(7)), ("b", set(8))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_06_column_update_replaces() {
    let v = Vector::new(6);
    v.schema("k string, a long, b long").before("p", "k='p'; a=1");
    v.ok(Append, &[("columnUpdate", "true")], "'p' AS k, 7 AS a");
    assert_eq!(v.items(), "p{a:7,k:'p'}");
    v.u(UpdateMode::Replace, "p", vec![("k", set("p")), ("a", set(7))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_07_attributes_that_are_no_columns_stay() {
    let v = Vector::new(7);
    v.schema("k string, a long, b long").before("p", "k='p'; a=1; b=2");
    let schema = v.stored_schema();
    v.ok(Append, &[("columnUpdate", "true")], "'p' AS k, 7 AS a");
    assert_eq!((v.items().as_str(), v.stored_schema()), ("p{a:7,b:2,k:'p'}", schema));
    v.u(UpdateMode::Replace, "p", vec![("k", set("p")), ("a", set(7))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_08_null_removes_under_replace() {
    let v = Vector::new(8);
    v.before("p", "k='p'; a=1; b=2");
    v.ok(Append, &[("columnUpdate", "true")], "'p' AS k, CAST(NULL AS INT) AS a, 3 AS b");
    assert_eq!(v.items(), "p{b:3,k:'p'}");
    let null = Assigned(emberflow::kv::change::Assign::Null);
    v.u(UpdateMode::Replace, "p", vec![("a", null), ("b", set(3))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_09_counters_add_and_others_are_replaced() {
    let v = Vector::new(9);
    v.before("p", "k='p'; n=40; w='old'");
    v.ok(Append, &[("counter", "n")], "'p' AS k, 2 AS n, 'new' AS w");
    assert_eq!(v.items(), "p{k:'p',n:42,w:'new'}");
    v.u(UpdateMode::Replace, "p", vec![("n", increment(2)), ("w", set("new"))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_10_a_counter_begins_with_what_is_given() {
    let v = Vector::new(10);
    v.schema("k string, n long, w string").before("p", "k='p'; w='old'");
    v.ok(Append, &[("counter", " n ")], "'p' AS k, -3 AS n, CAST(NULL AS STRING) AS w");
    assert_eq!(v.items(), "p{k:'p',n:-3}");
    let null = Assigned(emberflow::kv::change::Assign::Null);
    v.u(UpdateMode::Replace, "p", vec![("n", increment(-3)), ("w", null)]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_11_rows_of_one_key_add_up() {
    let v = Vector::new(11);
    v.before("p", "k='p'; n=4");
    v.ok(Append, &[("counter", "n")], "* FROM VALUES ('p', 1), ('p', 2) AS v(k, n)");
    assert_eq!(v.items(), "p{k:'p',n:7}");
    v.u(UpdateMode::Replace, "p", vec![("n", increment(1))]).unwrap();
    v.u(UpdateMode::Replace, "p", vec![("n", increment(2))]).unwrap();
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_12_overwrite_stores_the_plain_value() {
    let v = Vector::new(12);
    v.before("p", "k='p'; n=4");
    v.ok(Overwrite, &[("counter", "n")], "'p' AS k, 1 AS n");
    assert_eq!(v.items(), "p{k:'p',n:1}");
}

#[test]
fn vector_13_a_counter_is_a_column() {
    let v = Vector::new(13);
    assert_eq!(v.w(Append, &[("counter", "zz")], "'p' AS k, 1 AS n"), "NOSQL.INVALID_OPTION");
    assert!(!v.world.table("c/t").exists().unwrap());
    v.before("p", "k='p'; n=4");
    assert_eq!(v.w(Append, &[("counter", "zz")], "'p' AS k, 1 AS n"), "NOSQL.INVALID_OPTION");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("p{k:'p',n:4}", ""));
}

const NEWER: &[(&str, &str)] = &[("condition", "${v} > v")];

#[test]
fn vector_14_a_condition_replaces_without_column_update() {
    let v = Vector::new(14);
    v.before("p", "k='p'; v=3; t='o'");
    v.ok(Append, NEWER, "'p' AS k, 4 AS v, 'n' AS t");
    assert_eq!(v.items(), "p{k:'p',t:'n',v:4}");
    v.u_if("${v} > v", &[("v", 4.into())], "p", vec![("v", set(4)), ("t", set("n"))]);
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_15_a_row_that_does_not_pass_is_skipped() {
    let v = Vector::new(15);
    v.before("p", "k='p'; v=4; t='n'");
    v.ok(Append, NEWER, "'p' AS k, 4 AS v, 'z' AS t");
    assert_eq!(v.items(), "p{k:'p',t:'n',v:4}");
    let outcome = v.u_if("${v} > v", &[("v", 4.into())], "p", vec![("v", set(4)), ("t", set("z"))]);
    assert_eq!(outcome, WriteOutcome::Unchanged(Unchanged::ConditionFalse));
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_16_a_condition_on_an_absent_item_creates_nothing() {
    let v = Vector::new(16);
    v.before("p", "k='p'; v=3; t='o'");
    v.ok(Append, NEWER, "'q' AS k, 9 AS v, 'n' AS t");
    assert_eq!(v.items(), "p{k:'p',t:'o',v:3}");
    v.u_if("${v} > v", &[("v", 9.into())], "q", vec![("v", set(9))]);
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_17_not_exists_creates() {
    let v = Vector::new(17);
    v.before("p", "k='p'; v=3; t='o'");
    v.ok(Append, &[("condition", "not(exists(v))")], "'q' AS k, 9 AS v, 'n' AS t");
    assert_eq!(v.items(), "p{k:'p',t:'o',v:3} q{k:'q',t:'n',v:9}");
    v.u_if("not(exists(v))", &[], "q", vec![("k", set("q")), ("v", set(9)), ("t", set("n"))]);
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_18_a_condition_on_columns_alone_can_create() {
    let v = Vector::new(18);
    v.ok(Append, &[("condition", "${v} > 5")], "* FROM VALUES ('p', 9), ('q', 1) AS v(k, v)");
    assert_eq!(v.items(), "p{k:'p',v:9}");
    for (key, value) in [("p", 9), ("q", 1)] {
        v.u_if("${v} > 5", &[("v", value.into())], key, vec![("k", set(key)), ("v", set(value))]);
    }
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_19_a_condition_with_a_counter() {
    let v = Vector::new(19);
    v.before("p", "k='p'; v=3");
    v.ok(Append, &[("condition", "v==3"), ("counter", "v")], "'p' AS k, 10 AS v");
    assert_eq!(v.items(), "p{k:'p',v:13}");
    v.u_if("v==3", &[], "p", vec![("v", increment(10))]);
    assert_eq!(v.api_items(), v.items());
}

#[test]
fn vector_20_another_type_is_a_mismatch() {
    let v = Vector::new(20);
    v.schema("k string, a long");
    let schema = v.stored_schema();
    assert_eq!(v.w(Append, &[], "'p' AS k, 1.5D AS a"), "NOSQL.SCHEMA_MISMATCH");
    assert_eq!((v.items().as_str(), v.stored_schema()), ("", schema));
}

#[test]
fn vector_21_a_retyped_column_reads_what_is_stored() {
    let v = Vector::new(21);
    v.schema("k string, a long").before("q", "k='q'; a=4");
    v.ok(Append, &[("allow-overwrite-schema", "true")], "'p' AS k, 1.5D AS a");
    assert_eq!(v.items(), "p{a:1.5,k:'p'} q{a:4,k:'q'}");
    assert_eq!(v.world.rows(&v.world.read(v.source, &[])), "k:p a:1.5 | k:q a:4.0");
}

#[test]
fn vector_22_without_a_schema_a_read_has_to_infer() {
    let v = Vector::new(22);
    v.before("p", "k='p'; a=1").before("q", "k='q'; a=2");
    assert_eq!(name(v.world.read(v.source, &[]).collect()), "NOSQL.SCHEMA_NOT_FOUND");
    assert_eq!(v.world.rows(&v.world.read(v.source, &[("inferSchema", "true")])), "k:p a:1 | k:q a:2");
}

#[test]
fn vector_23_inference_unites_attributes() {
    let v = Vector::new(23);
    v.before("p", "k='p'; a=1").before("q", "k='q'; a=2.5; c=true");
    let frame = v.world.read(v.source, &[("inferSchema", "true")]);
    assert_eq!(types(&frame), "struct<k:string,a:double,c:boolean>");
    assert_eq!(v.world.rows(&frame), "k:p a:1.0 c:NULL | k:q a:2.5 c:true");
    let key = frame.filter("k = 'p'").unwrap().explain().unwrap();
    assert!(key.contains("Access: point(1)"), "k is the key: {key}");
}

#[test]
fn vector_24_sorting_parts_may_hold_periods() {
    let v = Vector::new(24);
    v.ok(Append, &[("sorting-key", "s")], "'u' AS k, 'a.b' AS s");
    assert_eq!(v.items(), "u.a.b{k:'u',s:'a.b'}");
    let found =
        v.world.wait(async { v.world.table("c/t").get(emberflow::kv::name::Key::compound("u", "a.b"), Select::User).await });
    assert_eq!(found.unwrap().unwrap().get("s"), Some(&Value::from("a.b")));
}

#[test]
fn vector_25_sharding_parts_may_not() {
    let v = Vector::new(25);
    assert_eq!(v.w(Append, &[], "'a.b' AS k"), "NOSQL.INVALID_KEY_VALUE");
    assert_eq!(v.items(), "");
    let api = v.world.wait(async { v.api().put(emberflow::kv::name::Key::simple("a.b"), [("a", 1)]).await });
    assert_eq!(api.unwrap_err().name(), ErrorName::InvalidKeyValue);
    assert_eq!(v.api_items(), "");
}

#[test]
fn vector_26_the_key_is_required() {
    let v = Vector::new(26);
    assert_eq!(name(v.world.write("SELECT 'a' AS k", v.source, Append, &[])), "NOSQL.MISSING_OPTION");
    assert!(!v.world.table("c/t").exists().unwrap());
}

/// The table of vector 27.
fn buckets(vector: &Vector) {
    let options = [("sorting-key", "s"), ("range-scan-even-distribution", "true")];
    vector.ok(Append, &options, "* FROM VALUES (7, '20180602'), (7, '2024-03-01') AS v(k, s)");
}

#[test]
fn vector_27_even_distribution() {
    let v = Vector::new(27);
    buckets(&v);
    assert_eq!(v.items(), "7_30.2024-03-01{k:7,s:'2024-03-01'} 7_36.20180602{k:7,s:'20180602'}");
    let item = v.world.attribute("c/t", "7_36.20180602", "k");
    assert_eq!(item, Some(Value::Int(7)), "attributes keep the sharding value");
}

#[test]
fn vector_28_even_distribution_is_read_by_its_buckets() {
    let v = Vector::new(28);
    buckets(&v);
    assert!(v.plan("k = 7").contains("Access: range(64)"), "{}", v.plan("k = 7"));
    assert_eq!(v.rows("k = 7"), "k:7 s:20180602 | k:7 s:2024-03-01");
    let one = "k = 7 AND s = '20180602'";
    assert!(v.plan(one).contains("Access: point(1)"), "{}", v.plan(one));
    assert_eq!(v.rows(one), "k:7 s:20180602");
}

#[test]
fn vector_29_a_range_reads_what_it_names() {
    let v = Vector::new(29);
    letters(&v);
    let filter = "k='u' AND s > 'a' AND s <= 'c'";
    assert!(v.plan(filter).contains("Access: range(1)"), "{}", v.plan(filter));
    assert_eq!(v.rows(filter), "k:u s:b | k:u s:c");
    assert_eq!(v.looked_at(filter), 2);
}

#[test]
fn vector_30_numbers_do_not_order_as_texts() {
    let v = Vector::new(30);
    v.schema_json(r#"{"fields":[{"name":"k","type":"string"},{"name":"n","type":"long"}],"key":"k","sortingKey":"n"}"#);
    for n in [2, 10, 9] {
        v.before(&format!("u.{n}"), &format!("k='u'; n={n}"));
    }
    let filter = "k='u' AND n > 9";
    assert!(v.plan(filter).contains("Access: range(1)"), "{}", v.plan(filter));
    assert_eq!(v.rows(filter), "k:u n:10");
    assert_eq!(v.looked_at(filter), 3);
}

#[test]
fn vector_31_an_inequality_scans_everything() {
    let v = Vector::new(31);
    letters(&v);
    assert!(v.plan("k != 'u'").contains("Access: full"), "{}", v.plan("k != 'u'"));
    assert_eq!(v.rows("k != 'u'"), "k:v s:a");
}

#[test]
fn vector_32_partitions_are_folders() {
    let v = Vector::new(32);
    two_months(&v);
    assert_eq!(v.items(), "y=2023/m=2/p{k:'p',m:2,y:2023} y=2024/m=2/p{k:'p',m:2,y:2024}");
}

#[test]
fn vector_33_filters_open_the_folders_they_need() {
    let v = Vector::new(33);
    two_months(&v);
    let filter = "m = 2 AND y > 2023";
    let plan = v.plan(filter);
    assert!(plan.contains("PartitionFilters: [EqualTo(m,2), GreaterThan(y,2023)]") && plan.contains("Folders: 1 of 2"), "{plan}");
    assert_eq!(v.rows(filter), "k:p y:2024 m:2");
    assert_eq!(v.looked_at(filter), 1);
}

#[test]
fn vector_34_partitions_are_inherited_and_never_changed() {
    let v = Vector::new(34);
    two_months(&v);
    assert_eq!(v.w(Append, &[("partition", "m")], "'r' AS k, 2022 AS y, 1 AS m"), "NOSQL.PARTITION_MISMATCH");
    assert_eq!(v.items(), "y=2023/m=2/p{k:'p',m:2,y:2023} y=2024/m=2/p{k:'p',m:2,y:2024}");
    v.ok(Append, &[], "'r' AS k, 2022 AS y, 1 AS m");
    assert!(v.items().starts_with("y=2022/m=1/r{k:'r',m:1,y:2022} "), "{}", v.items());
}

#[test]
fn vector_35_numbers_compare_by_value_and_kinds_never_mix() {
    let v = Vector::new(35);
    v.before("p", "a=5");
    assert_eq!(["a == 5.0 AND NOT a != 5", "a == '5'", "a != '5'"].map(|text| v.c(text)), ["pass", "no", "no"]);
}

#[test]
fn vector_36_what_is_absent_is_unknown() {
    let v = Vector::new(36);
    v.before("p", "a=2");
    let conditions = ["gone == 1 OR a == 2", "NOT (gone == 1)", "gone != 1"];
    assert_eq!(conditions.map(|text| v.c(text)), ["pass", "no", "no"]);
}

#[test]
fn vector_37_empty_conditions_and_texts_that_are_none() {
    let v = Vector::new(37);
    v.before("p", "a=2");
    let conditions = ["", "NOT exists(gone)", "a = 2", "1"];
    assert_eq!(conditions.map(|text| v.c(text)), ["pass", "pass", "ParseError", "ParseError"]);
}

#[test]
fn vector_38_booleans_are_conditions_and_numbers_are_not() {
    let v = Vector::new(38);
    v.before("p", "f=true; a=1");
    assert_eq!(["f", "f == 1", "f + a == 2", "a"].map(|text| v.c(text)), ["pass", "no", "pass", "no"]);
}

#[test]
fn vector_39_in() {
    let v = Vector::new(39);
    v.before("p", "c='red'");
    let conditions = ["c IN ('blue','red')", "C in ('red')", "NOT c in ('blue', gone)"];
    assert_eq!(conditions.map(|text| v.c(text)), ["pass", "no", "no"]);
}

#[test]
fn vector_40_precedence() {
    let v = Vector::new(40);
    v.before("p", "a=6");
    let conditions = ["a & 3 == 2", "1 + 2 * 3 == 7", "NOT a == 5 AND a > 1", "1 < a < 9"];
    assert_eq!(conditions.map(|text| v.c(text)), ["pass", "pass", "pass", "ParseError"]);
}

#[test]
fn vector_41_what_cannot_be_computed_is_unknown() {
    let v = Vector::new(41);
    v.before("p", "a=0");
    assert_eq!(["10 / a > 1 OR a == 0", "10 / a > 1"].map(|text| v.c(text)), ["pass", "no"]);
}

#[test]
fn vector_42_names_and_quotes() {
    let v = Vector::new(42);
    v.before("p", "`exists`=true; s='it''s'");
    assert_eq!(["`exists` == true", "s == 'it''s'", "length(s) == 4"].map(|text| v.c(text)), ["pass"; 3]);
}

/// What an update expression makes of `p`, which is there with these attributes (empty: not there).
#[track_caller]
fn evaluated(number: u32, before: &str, update: &str) -> String {
    let v = Vector::new(number);
    if !before.is_empty() {
        v.before("p", before);
    }
    v.x("p", update).unwrap();
    v.api_items()
}

/// The error of an update expression, which has to leave `p` as it was.
#[track_caller]
fn refused(number: u32, before: &str, update: &str) -> ErrorName {
    let v = Vector::new(number);
    v.before("p", before);
    let name = v.x("p", update).unwrap_err();
    assert_eq!(v.api_items(), v.items(), "unchanged");
    name
}

#[test]
fn vector_43_actions_run_in_order() {
    assert_eq!(evaluated(43, "a=1; b=2", "t=a; a=b*10; b=t; remove t"), "p{a:20,b:1}");
}

#[test]
fn vector_44_each_action_sees_those_before() {
    assert_eq!(evaluated(44, "a=1; b=2", "a=b; b=a"), "p{a:2,b:2}");
}

#[test]
fn vector_45_an_update_is_whole_or_not_at_all() {
    assert_eq!(refused(45, "a=1", "a=9; b=gone+1"), ErrorName::MissingAttribute);
}

#[test]
fn vector_46_a_counter_from_nothing() {
    let v = Vector::new(46);
    assert!(matches!(v.x("p", "n = if_not_exists(n,0) + 1"), Ok(WriteOutcome::Created(_))));
    assert!(matches!(v.x("p", "n = if_not_exists(n,0) + 1"), Ok(WriteOutcome::Updated(_))));
    assert_eq!(v.api_items(), "p{n:2}");
}

#[test]
fn vector_47_otherwise_creates() {
    let v = Vector::new(47);
    for _ in 0..3 {
        let write = v.api().update_expr("p", "a=a+1").when("ok==true").otherwise("a=0; ok=true");
        v.world.wait(async { write.await }).unwrap();
    }
    assert_eq!(v.api_items(), "p{a:2,ok:true}");
}

#[test]
fn vector_48_an_empty_update_makes_an_item() {
    assert_eq!(evaluated(48, "", ""), "p{}");
}

#[test]
fn vector_49_arithmetic() {
    assert_eq!(evaluated(49, "a=7", "q=a/2; r=-7/2; d=a/2.0; h=a<<1|1"), "p{a:7,d:3.5,h:15,q:3,r:-3}");
}

#[test]
fn vector_50_overflow() {
    assert_eq!(refused(50, "a=9223372036854775807", "a=a+1"), ErrorName::ArithmeticOverflow);
}

#[test]
fn vector_51_arrays() {
    let update = "z=init_array(4,'int'); z[1]=5; z[2]=z[1]*2; m=max(z[0..2]); n=length(z); y=z[1..2]";
    assert_eq!(evaluated(51, "", update), "p{m:10,n:4,y:IntArray([5, 10]),z:IntArray([0, 5, 10, 0])}");
}

#[test]
fn vector_52_arrays_keep_length_and_kind() {
    let before = "z=init_array(2,'int'); z[0]=1; z[1]=2";
    assert_eq!(refused(52, before, "z[2]=1"), ErrorName::IndexOutOfRange);
    assert_eq!(refused(52, before, "z[0]=1.5"), ErrorName::TypeError);
}

#[test]
fn vector_53_functions() {
    let update = "a=max(true,3); b=max(true,0); c=min(1,9.0); d=if_else(1>2,'x','y')";
    assert_eq!(evaluated(53, "", update), "p{a:3,b:true,c:1.0,d:'y'}");
}

#[test]
fn vector_54_append_keeps_and_overwrite_removes() {
    let v = Vector::new(54);
    v.before("p", "a=1; b=2").before("q", "a=1; b=2");
    v.u(UpdateMode::Append, "p", vec![("a", set(9)), ("c", set(3))]).unwrap();
    v.u(UpdateMode::Overwrite, "q", vec![("a", set(9)), ("c", set(3))]).unwrap();
    assert_eq!(v.api_items(), "p{a:1,b:2,c:3} q{a:9,c:3}");
    v.ok(Append, &[], "'p' AS k, 9 AS a, 3 AS c");
    assert_eq!(v.items(), "p{a:1,b:2,c:3,k:'p'} q{a:1,b:2}");
}

#[test]
fn vector_55_append_new_leaves_items_alone() {
    let v = Vector::new(55);
    v.before("p", "a=1; b=2");
    let outcome = v.u(UpdateMode::AppendNew, "p", vec![("a", set(9))]);
    assert_eq!(outcome, Ok(WriteOutcome::Unchanged(Unchanged::ItemExists)));
    assert_eq!(v.api_items(), "p{a:1,b:2}");
}

#[test]
fn vector_56_increments_read_before_overwrite_clears() {
    let v = Vector::new(56);
    v.before("p", "n=10; b=2");
    v.u(UpdateMode::Overwrite, "p", vec![("n", increment(5))]).unwrap();
    assert_eq!(v.api_items(), "p{n:15}");
}

#[test]
fn vector_57_a_text_is_not_counted() {
    let v = Vector::new(57);
    v.before("p", "n='x'");
    assert_eq!(v.u(UpdateMode::Replace, "p", vec![("n", increment(5))]), Err(ErrorName::TypeError));
    assert_eq!(v.api_items(), "p{n:'x'}");
    assert_eq!(v.w(Append, &[("counter", "n")], "'p' AS k, 5 AS n"), "NOSQL.TYPE_ERROR");
    assert_eq!(v.items(), "p{n:'x'}");
}

#[test]
fn vector_58_of_two_writers_of_one_version_one_wins() {
    let v = Vector::new(58);
    v.before("p", "a=1");
    let system = v.world.wait(async { v.api().get("p", Select::names(["__mtime_secs", "__mtime_nsecs"])).await });
    let system = system.unwrap().unwrap();
    let version = [("s", system.get("__mtime_secs").unwrap().clone()), ("n", system.get("__mtime_nsecs").unwrap().clone())];
    let condition = version
        .iter()
        .fold(Condition::parse("__mtime_secs == ${s} AND __mtime_nsecs == ${n}").unwrap(), |condition, (name, value)| {
            condition.bind(name, value.clone()).unwrap()
        });
    let outcomes = v.world.wait(async {
        let client = |value: i64| {
            let write = v.api().update("p", [("a", value)], UpdateMode::Replace).when(condition.clone());
            tokio::spawn(async move { write.await.unwrap() })
        };
        let (one, two) = (client(100), client(200));
        [one.await.unwrap(), two.await.unwrap()]
    });
    let won = outcomes.iter().filter(|outcome| matches!(outcome, WriteOutcome::Updated(_))).count();
    let lost = outcomes.iter().filter(|outcome| **outcome == WriteOutcome::Unchanged(Unchanged::ConditionFalse)).count();
    assert_eq!((won, lost), (1, 1), "{outcomes:?}");
}

#[test]
fn vector_59_a_hundred_increments() {
    let v = Vector::new(59);
    v.before("p", "n=0");
    v.world.wait(async {
        let client = |_| {
            let write = v.api().update("p", [("n", increment(1))], UpdateMode::Replace);
            tokio::spawn(async move { write.await.unwrap() })
        };
        for client in (0..100).map(client).collect::<Vec<_>>() {
            client.await.unwrap();
        }
    });
    assert_eq!(v.api_items(), "p{n:100}");
    v.ok(Append, &[("counter", "n")], "'p' AS k, 1 AS n FROM range(0, 100, 1, 4)");
    assert_eq!(v.items(), "p{k:'p',n:100}");
}

#[test]
fn vector_60_ranges_and_segments() {
    let v = Vector::new(60);
    letters(&v);
    assert_eq!(v.scanned(ScanSpec::range("u").from("a").to("c")), ["u.a", "u.b"]);
    let both = ScanSpec::from_parts(Some("u".into()), None, None, Some((0, 2)));
    assert_eq!(both.unwrap_err().name(), ErrorName::InvalidArgument);
    assert_eq!(v.rows("k='u' AND s >= 'a' AND s < 'c'"), "k:u s:a | k:u s:b");
}

#[test]
fn vector_61_filters_pass_over_what_is_absent() {
    let v = Vector::new(61);
    v.schema("k string, a long, b long").before("p", "a=1").before("q", "b=1");
    assert_eq!(v.scanned(ScanSpec::all().filter("a != 5").unwrap()), ["p"]);
    assert_eq!(v.rows("a != 5"), "k:NULL a:1 b:NULL");
}

#[test]
fn vector_62_narrow_numbers_widen() {
    let v = Vector::new(62);
    v.ok(Append, &[], "'p' AS k, CAST(5 AS INT) AS i, CAST(0.5 AS FLOAT) AS f");
    let frame = v.world.read(v.source, &[]);
    assert_eq!(types(&frame), "struct<k:string,i:bigint,f:double>");
    assert_eq!(v.world.rows(&frame), "k:p i:5 f:0.5");
}

#[test]
fn vector_63_keys_and_what_the_store_keeps_do_not_change() {
    let v = Vector::new(63);
    v.schema("k string").before("p", "k='p'");
    assert_eq!(v.x("p", "k='z'"), Err(ErrorName::KeyAttributeImmutable));
    assert_eq!(v.x("p", "__name='z'"), Err(ErrorName::ReservedName));
    assert_eq!(v.api_items(), "p{k:'p'}");
    assert_eq!(v.w(Append, &[("schema-merge", "true")], "'p' AS k, 'z' AS __name"), "NOSQL.RESERVED_NAME");
    assert_eq!(v.items(), "p{k:'p'}");
}

#[test]
fn vector_64_a_table_is_not_overwritten_by_itself() {
    let v = Vector::new(64);
    v.schema("k string, a long").before("p", "k='p'; a=1");
    assert_eq!(v.w(Overwrite, &[], "k, a + 1 AS a FROM nosql.`v3io://c/t/`"), "NOSQL.OVERWRITE_OF_INPUT");
    assert_eq!((v.items().as_str(), v.stored_schema().as_str()), ("p{a:1,k:'p'}", "k string, a long; key k"));
}
