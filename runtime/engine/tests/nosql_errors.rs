//! Every error of the NoSQL store's specification that a DataFrame or a SQL statement can raise, by its name, and that
//! nothing is written then.
//!
//! Not here: errors of single items (`key_value`), texts that are no expressions (`emberflow-nosql`'s own tests).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use std::collections::BTreeSet;

use SaveMode::{Append, ErrorIfExists, Overwrite};
use emberflow::kv::path::TablePath;
use emberflow::kv::schema::TableSchema;
use emberflow::plan::tree::SaveMode;
use nosql_common::World;

/// All names of the specification.
const NAMES: [&str; 32] = [
    "InvalidPath",
    "NotATable",
    "InvalidOption",
    "MissingOption",
    "KeyColumnMissing",
    "InvalidKeyType",
    "InvalidKeyValue",
    "InvalidAttributeName",
    "UnsupportedType",
    "InvalidCounterType",
    "SchemaNotFound",
    "SchemaInferenceError",
    "SchemaMismatch",
    "KeyMismatch",
    "PartitionMismatch",
    "TableExists",
    "OverwriteOfInput",
    "TypeMismatch",
    "ParseError",
    "TypeError",
    "MissingAttribute",
    "ArithmeticOverflow",
    "DivisionByZero",
    "IndexOutOfRange",
    "ReservedName",
    "KeyAttributeImmutable",
    "ItemTooLarge",
    "AttributeTooLarge",
    "LimitExceeded",
    "InvalidArgument",
    "InvalidMarker",
    "TableNotFound",
];

/// What only calls on items can raise: rows of a DataFrame carry their keys as columns and evaluate no update expression.
const OF_ITEMS: [&str; 6] =
    ["MissingAttribute", "DivisionByZero", "IndexOutOfRange", "KeyAttributeImmutable", "InvalidArgument", "InvalidMarker"];

/// Tables that something is wrong with, one way or another.
fn world(name: &str) -> World {
    let world = World::new(name);
    let item = |path: &str, key: &str, attributes: &str| {
        world.wait(async { world.table(path).update_expr(key, attributes).await }).unwrap();
    };
    let schema = |path: &str, fields: &str, more: &str| {
        let field = |field: &str| {
            let (name, kind) = field.split_once(' ').unwrap();
            format!(r#"{{"name":"{name}","type":"{kind}"}}"#)
        };
        let fields: Vec<String> = fields.split(", ").map(field).collect();
        let json = format!(r#"{{"fields":[{}],"key":"k"{more}}}"#, fields.join(","));
        world.wait(world.table(path).set_schema(Some(TableSchema::from_json(&json).unwrap()))).unwrap();
    };
    schema("c/t", "k string, a long, s string", "");
    item("c/t", "p", "k='p'; a=9223372036854775807; s='x'");
    schema("c/folders", "k string, y long, m long", r#","partitionKeys":["y","m"]"#);
    schema("c/odd", "k string, a long", "");
    item("c/odd", "p", "k='p'; a='x'");
    schema("c/blobs", "k string, b blob, c blob", "");
    item("c/bare", "p", "k='p'");
    item("c/clash", "p", "a=1");
    item("c/clash", "q", "a='x'");
    let log = TablePath::parse("ember://c/log", None).unwrap();
    world.wait(world.table("c/t").store().register_stream(&log)).unwrap();
    world
}

/// Everything that lies in the container, as text.
fn everything(world: &World) -> Vec<String> {
    let tables = world.table("c/t").store().list("c").into_iter();
    let shown = |path: &TablePath| {
        let table = world.table(&format!("c/{}", path.path()));
        format!("{:?} {}", table.schema().unwrap(), world.items(&format!("c/{}", path.path())))
    };
    tables
        .map(|(path, kind)| format!("{path} {kind:?} {}", if path.path() == "log" { "".into() } else { shown(&path) }))
        .collect()
}

/// `SchemaMismatch` ─► `NOSQL.SCHEMA_MISMATCH`
fn condition(name: &str) -> String {
    let mut condition = "NOSQL.".to_owned();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            condition.push('_');
        }
        condition.push(letter.to_ascii_uppercase());
    }
    condition
}

#[track_caller]
fn check<T>(world: &World, name: &str, what: &str, work: impl FnOnce() -> emberflow::Result<T>) {
    let before = everything(world);
    let Err(error) = work() else { panic!("{name}: {what} is no error") };
    assert_eq!(error.condition(), condition(name), "{what}: {error}");
    assert!(error.to_string().contains(&format!("{name}: ")), "{what}: {error}");
    assert_eq!(everything(world), before, "{name}: {what}");
}

#[test]
fn of_reads() {
    let world = world("errors-read");
    let read = |name: &str, path: &str, options: &[(&str, &str)]| {
        check(&world, name, path, || world.read(path, options).collect());
    };
    for path in ["ember://c/*", "ember://c", "/t", "ember://c/../t", "s3://c/t", "ember://C/t"] {
        read("InvalidPath", path, &[]);
    }
    read("NotATable", "ember://c/log", &[]);
    read("NotATable", "v3io://c/log/", &[("inferSchema", "true")]);
    read("InvalidOption", "ember://c/t", &[("inferSchema", "maybe")]);
    read("InvalidOption", "ember://c/t", &[("on-type-mismatch", "skip")]);
    read("SchemaNotFound", "ember://c/bare", &[]);
    read("SchemaInferenceError", "ember://c/clash", &[("inferSchema", "true")]);
    read("TypeMismatch", "ember://c/odd", &[]);
    read("TableNotFound", "ember://c/none", &[]);
    check(&world, "UnsupportedType", "a date", || world.read_as("ember://c/t", "k DATE").collect());
}

#[test]
fn of_writes() {
    let world = world("errors-write");
    let mut raised = BTreeSet::new();
    let mut to = |name: &'static str, path: &str, mode: SaveMode, options: &[(&str, &str)], rows: &str| {
        raised.insert(name);
        let what = format!("{path} {options:?} {rows:.200}");
        check(&world, name, &what, || world.write(&format!("SELECT {rows}"), path, mode, options));
    };
    const T: &str = "ember://c/t";
    let key = ("key", "k");
    to("InvalidPath", "ember://c/a/../b", Append, &[key], "'q' AS k");
    to("InvalidPath", "ember://c/", Append, &[key], "'q' AS k");
    to("InvalidPath", "/t", Append, &[key], "'q' AS k");
    to("NotATable", "ember://c/log", Append, &[key], "'q' AS k");
    to("NotATable", "ember://c/log", Overwrite, &[key], "'q' AS k");
    to("NotATable", "ember://c/log/below", Append, &[key], "'q' AS k");
    to("InvalidOption", T, Append, &[key, ("columnUpdate", "maybe")], "'q' AS k");
    to("InvalidOption", T, Append, &[key, ("counter", "a,,s")], "'q' AS k, 1 AS a");
    to("InvalidOption", T, Append, &[key, ("counter", "zz")], "'q' AS k, 1 AS a");
    to("InvalidOption", T, Append, &[key, ("counter", "k")], "'q' AS k, 1 AS a");
    to("InvalidOption", "ember://c/new", Append, &[key, ("range-scan-even-distribution", "true")], "'q' AS k");
    to("InvalidOption", "ember://c/folders", Append, &[key, ("counter", "y")], "'q' AS k, 1 AS y, 1 AS m");
    to("InvalidOption", T, Overwrite, &[key, ("partitionOverwriteMode", "dynamic")], "'q' AS k");
    to("MissingOption", T, Append, &[], "'q' AS k");
    to("KeyColumnMissing", "ember://c/new", Append, &[("key", "zz")], "'q' AS k");
    to("KeyColumnMissing", "ember://c/new", Append, &[key, ("sorting-key", "zz")], "'q' AS k");
    to("InvalidKeyType", "ember://c/new", Append, &[key], "1.5D AS k");
    to("InvalidKeyType", "ember://c/new", ErrorIfExists, &[key, ("sorting-key", "s")], "'q' AS k, X'01' AS s");
    for value in ["CAST(NULL AS STRING)", "''", "'a.b'", "'a/b'", "repeat('k', 256)"] {
        to("InvalidKeyValue", T, Append, &[key], &format!("{value} AS k"));
    }
    to("InvalidAttributeName", "ember://c/new", Append, &[key], "'q' AS k, 1 AS `a b`");
    to("ReservedName", "ember://c/new", Append, &[key], "'q' AS k, 1 AS __name");
    for value in ["DATE'2024-01-01'", "1.5", "map('a', 1)", "named_struct('a', 1)", "array('a')"] {
        to("UnsupportedType", "ember://c/new", Append, &[key], &format!("'q' AS k, {value} AS d"));
    }
    to("UnsupportedType", "ember://c/new", Overwrite, &[key], "'q' AS k, array(1, NULL) AS z");
    to("InvalidCounterType", T, Append, &[key, ("counter", "s")], "'q' AS k, 'x' AS s");
    to("SchemaMismatch", T, Append, &[key], "'q' AS k, 1 AS another");
    to("SchemaMismatch", T, Append, &[key], "'q' AS k, 1.5D AS a");
    to("KeyMismatch", T, Append, &[("key", "s")], "'q' AS s");
    to("KeyMismatch", T, Append, &[key, ("sorting-key", "s"), ("allow-overwrite-schema", "true")], "'q' AS k, 'x' AS s");
    to("PartitionMismatch", "ember://c/folders", Append, &[key, ("partition", "m")], "'q' AS k, 1 AS y, 1 AS m");
    to("TableExists", T, ErrorIfExists, &[key], "'q' AS k");
    to("OverwriteOfInput", T, Overwrite, &[key], "* FROM nosql.`ember://c/t`");
    to("ParseError", T, Append, &[key, ("condition", "a = 1")], "'q' AS k, 1 AS a");
    to("ParseError", T, Append, &[key, ("condition", "${zz} > 1")], "'q' AS k, 1 AS a");
    to("TypeError", "ember://c/odd", Append, &[key, ("counter", "a")], "'p' AS k, 1 AS a");
    to("ArithmeticOverflow", T, Append, &[key, ("counter", "a")], "'p' AS k, 1 AS a");
    to("AttributeTooLarge", T, Append, &[key], "'q' AS k, repeat('x', 61201) AS s");
    let million = "unhex(repeat('00', 1048576))";
    to("ItemTooLarge", "ember://c/blobs", Append, &[key], &format!("'q' AS k, {million} AS b, {million} AS c"));
    let columns: Vec<String> = (0..1600).map(|at| format!("{at} AS a{at}")).collect();
    to("LimitExceeded", T, Overwrite, &[key], &format!("'q' AS k, {}", columns.join(", ")));
    to("TypeMismatch", T, Append, &[key], "k, a FROM nosql.`ember://c/odd`");
    raised.extend(["SchemaNotFound", "SchemaInferenceError", "TableNotFound"]); // `of_reads`
    raised.extend(OF_ITEMS);
    assert_eq!(raised, NAMES.into_iter().collect(), "each name");

    check(&world, "InvalidOption", "partitionBy", || {
        world.write_by("SELECT 'q' AS k, 1 AS y, 1 AS m", "ember://c/new", Append, &[key, ("partition", "y")], &["y", "m"])
    });
}

#[test]
fn of_statements() {
    let world = world("errors-sql");
    let mut raised = BTreeSet::new();
    // The last of the statements fails.
    let mut sql = |name: &'static str, statements: &[&str]| {
        raised.insert(name);
        let (last, before) = statements.split_last().unwrap();
        for statement in before {
            world.sql(statement);
        }
        check(&world, name, last, || world.session.sql(last)?.collect());
    };
    let columns = "k STRING, a BIGINT, s STRING";
    let table = |name: &str, columns: &str, options: &str| {
        format!("CREATE TABLE {name} ({columns}) USING nosql OPTIONS ({options}) LOCATION 'ember://c/t'")
    };
    let at = |name: &str, path: &str, columns: &str, options: &str| {
        format!("CREATE TABLE {name} ({columns}) USING nosql OPTIONS ({options}) LOCATION '{path}'")
    };
    sql("InvalidPath", &["SELECT * FROM nosql.`/t`"]);
    sql("InvalidPath", &[&at("x", "ember://C/t", columns, "key 'k'")]);
    sql("NotATable", &["SELECT * FROM nosql.`ember://c/log`"]);
    sql("NotATable", &[&at("x", "ember://c/log", columns, "key 'k'")]);
    sql("InvalidOption", &[&table("x", columns, "key 'k', columnUpdate 'maybe'")]);
    sql("MissingOption", &[&at("x", "ember://c/new", columns, "counter 'a'")]);
    sql("KeyColumnMissing", &[&at("x", "ember://c/new", columns, "key 'zz'")]);
    sql("InvalidKeyType", &[&at("x", "ember://c/new", "k DOUBLE", "key 'k'")]);
    sql("InvalidKeyValue", &[&table("good", columns, "key 'k'"), "INSERT INTO good VALUES ('a.b', 1, 'x')"]);
    sql("InvalidKeyValue", &["INSERT INTO good VALUES (NULL, 1, 'x')"]);
    sql("InvalidAttributeName", &[&at("x", "ember://c/new", "k STRING, `a b` INT", "key 'k'")]);
    sql("ReservedName", &[&at("x", "ember://c/new", "k STRING, __name STRING", "key 'k'")]);
    sql("UnsupportedType", &[&at("x", "ember://c/new", "k STRING, d DATE", "key 'k'")]);
    sql("InvalidCounterType", &[&table("x", columns, "key 'k', counter 's'")]);
    sql("SchemaNotFound", &["SELECT * FROM nosql.`ember://c/bare`"]);
    sql("SchemaNotFound", &["CREATE TABLE x USING nosql LOCATION 'ember://c/bare'"]);
    sql("SchemaInferenceError", &["CREATE TABLE x USING nosql OPTIONS (inferSchema 'true') LOCATION 'ember://c/clash'"]);
    sql("SchemaMismatch", &[&table("x", "k STRING, a DOUBLE, s STRING", "key 'k'")]);
    sql("KeyMismatch", &[&table("x", columns, "key 's'")]);
    sql(
        "PartitionMismatch",
        &[
            "CREATE TABLE x (k STRING, y BIGINT, m BIGINT) USING nosql OPTIONS (path 'ember://c/folders', key 'k') PARTITIONED BY (m)",
        ],
    );
    sql("OverwriteOfInput", &["INSERT OVERWRITE good SELECT * FROM good"]);
    sql("TypeMismatch", &["SELECT * FROM nosql.`ember://c/odd`"]);
    sql("TypeMismatch", &["INSERT INTO good SELECT k, a, 'x' FROM nosql.`ember://c/odd`"]);
    sql("ParseError", &[&table("x", columns, "key 'k', condition 'a = 1'")]);
    sql(
        "TypeError",
        &[&at("odd", "ember://c/odd", "k STRING, a BIGINT", "key 'k', counter 'a'"), "INSERT INTO odd VALUES ('p', 1)"],
    );
    sql("ArithmeticOverflow", &[&table("counted", columns, "key 'k', counter 'a'"), "INSERT INTO counted VALUES ('p', 1, 'x')"]);
    sql("AttributeTooLarge", &["INSERT INTO good SELECT 'q', 1, repeat('x', 61201)"]);
    let million = "unhex(repeat('00', 1048576))";
    sql(
        "ItemTooLarge",
        &[
            &at("blobs", "ember://c/blobs", "k STRING, b BINARY, c BINARY", "key 'k'"),
            &format!("INSERT INTO blobs SELECT 'q', {million}, {million}"),
        ],
    );
    let many: Vec<String> = (0..1600).map(|at| format!("a{at} INT")).collect();
    let values: Vec<String> = (0..1600).map(|at| at.to_string()).collect();
    sql(
        "LimitExceeded",
        &[
            &at("many", "ember://c/many", &format!("k STRING, {}", many.join(", ")), "key 'k'"),
            &format!("INSERT INTO many VALUES ('q', {})", values.join(", ")),
        ],
    );
    sql("TableNotFound", &["SELECT * FROM nosql.`ember://c/none`"]);
    // Items of somebody else lie where a managed table would.
    world.wait(async { world.table("spark-warehouse/default/taken").put("p", [("k", "p")]).await }).unwrap();
    sql("TableExists", &["CREATE TABLE taken (k STRING) USING nosql OPTIONS (key 'k')"]);
    sql("TableExists", &["CREATE TABLE taken USING nosql OPTIONS (key 'k') AS SELECT 'q' AS k"]);
    assert_eq!(world.items("spark-warehouse/default/taken"), "p{k:'p'}");
    raised.extend(OF_ITEMS);
    assert_eq!(raised, NAMES.into_iter().collect(), "each name");
}
