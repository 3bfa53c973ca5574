//! Reading NoSQL tables through DataFrames and SQL: schemas, pruning, point reads, range scans.
//!
//! Not here: the specification's vectors (`nosql_vectors`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use emberflow::kv::schema::TableSchema;
use emberflow::kv::{Item, Value};
use nosql_common::{World, name};

/// Items under their names, put with the programs' API.
fn put(world: &World, path: &str, items: &[(&str, &[(&str, Value)])]) {
    let table = world.table(path);
    for (key, attributes) in items {
        let attributes: Vec<(&str, Value)> = attributes.iter().map(|(name, value)| (*name, value.clone())).collect();
        world.wait(async { table.put(*key, attributes).await }).unwrap();
    }
}

fn set_schema(world: &World, path: &str, json: &str) {
    let schema = TableSchema::from_json(json).unwrap();
    world.wait(world.table(path).set_schema(Some(schema))).unwrap();
}

/// `u.a u.b u.c v.a`.
fn letters(world: &World) {
    let json = r#"{"fields":[{"name":"k","type":"string"},{"name":"s","type":"string"}],"key":"k","sortingKey":"s"}"#;
    set_schema(world, "c/letters", json);
    let item = |k: &str, s: &str| vec![("k", Value::from(k)), ("s", Value::from(s))];
    for (k, s) in [("u", "a"), ("u", "b"), ("u", "c"), ("v", "a")] {
        let text = format!("{k}.{s}");
        world.wait(async { world.table("c/letters").put(text.as_str(), item(k, s)).await }).unwrap();
    }
}

#[test]
fn a_table_that_is_not_there() {
    let world = World::new("read-none");
    for options in [&[][..], &[("inferSchema", "true")][..]] {
        assert_eq!(name(world.read("ember://c/none", options).collect()), "NOSQL.TABLE_NOT_FOUND");
    }
}

#[test]
fn counts_decode_nothing_and_filters_leave_the_plan() {
    let world = World::new("read-count");
    letters(&world);
    let frame = world.read("/letters", &[("container-id", "c")]);
    assert_eq!(frame.count().unwrap(), 4);
    let counted = frame.filter("s LIKE 'a%' OR s IS NULL").unwrap().aggregate(&[], &["count(1)"]).unwrap();
    let plan = counted.explain().unwrap();
    assert!(plan.contains("Columns: [], ") && !plan.contains("FilterExec"), "{plan}");
    assert_eq!(world.rows(&counted), "count(1):2");
    let some = frame.filter("upper(s) = 'A'").unwrap();
    assert!(some.explain().unwrap().contains("PushedFilters: [], Access: full"));
    assert_eq!(some.count().unwrap(), 2);
    assert!(frame.limit(1).explain().unwrap().contains("Limit: 1"));
    assert_eq!(frame.limit(1).count().unwrap(), 1);
}

#[test]
fn paths_and_options_in_any_spelling() {
    let world = World::new("read-spelling");
    put(&world, "c/t", &[("p", &[("k", "p".into()), ("a", 1.into())])]);
    assert_eq!(world.rows(&world.read("v3io://c//t/", &[("INFERSCHEMA", "TRUE")])), "k:p a:1");
}

#[test]
fn points_of_simple_and_of_compound_keys() {
    let world = World::new("read-points");
    letters(&world);
    let compound = world.read("ember://c/letters", &[]).filter("k IN ('u', 'v') AND s IN ('a', 'z')").unwrap();
    assert!(compound.explain().unwrap().contains("Access: point(4)"), "{}", compound.explain().unwrap());
    assert_eq!(world.rows(&compound), "k:u s:a | k:v s:a");
    assert_eq!(world.items_read(&compound), 2);
}

#[test]
fn sql_names_a_path_and_the_default_container() {
    let world = World::new("read-sql");
    letters(&world);
    assert_eq!(world.sql("SELECT count(*) AS n FROM nosql.`ember://c/letters`"), "n:4");
    let missing = world.session.sql("SELECT * FROM nosql.`/letters`").and_then(|frame| frame.collect());
    assert_eq!(name(missing), "NOSQL.INVALID_PATH");
    world.session.set("ember.default.container", "c").unwrap();
    assert_eq!(world.sql("SELECT s FROM nosql.`/letters` WHERE k = 'v'"), "s:a");
    assert_eq!(name(world.read("ember://c/*", &[]).collect()), "NOSQL.INVALID_PATH");
    assert_eq!(name(world.read("ember://c/letters", &[("inferSchema", "yes")]).collect()), "NOSQL.INVALID_OPTION");
}

#[test]
fn a_schema_of_the_user_reads_other_attributes_and_keeps_the_key() {
    let world = World::new("read-user");
    letters(&world);
    let frame = world.read_as("ember://c/letters", "s STRING, k STRING, x DOUBLE, __name STRING, __size INT");
    let one = frame.filter("k = 'u' AND s = 'b'").unwrap();
    assert!(one.explain().unwrap().contains("Access: point(1)"));
    assert_eq!(world.rows(&one), "s:b k:u x:NULL __name:u.b __size:4");
    let named = frame.filter("__name >= 'u.c'").unwrap().select(&["__name"]).unwrap();
    assert_eq!(world.rows(&named), "__name:u.c | __name:v.a");
    assert_eq!(name(world.read_as("ember://c/letters", "s DATE").collect()), "NOSQL.UNSUPPORTED_TYPE");
}

#[test]
fn values_of_other_types() {
    let world = World::new("read-types");
    set_schema(&world, "c/t", r#"{"fields":[{"name":"k","type":"string"},{"name":"a","type":"double"}],"key":"k"}"#);
    put(&world, "c/t", &[("p", &[("k", "p".into()), ("a", 1.into())]), ("q", &[("k", "q".into()), ("a", "x".into())])]);
    let error = world.read("ember://c/t", &[]).collect().unwrap_err();
    assert_eq!(error.condition(), "NOSQL.TYPE_MISMATCH");
    assert!(error.to_string().contains("item q") && error.to_string().contains("attribute a"), "{error}");
    let lenient = world.read("ember://c/t", &[("on-type-mismatch", "null")]);
    assert_eq!(world.rows(&lenient), "k:p a:1.0 | k:q a:NULL");
    assert_eq!(world.rows(&lenient.filter("a IS NULL").unwrap()), "k:q a:NULL");
    let narrow = world.read_as("ember://c/t", "k STRING, a INT").filter("k = 'p' AND a < 2").unwrap();
    assert_eq!(world.rows(&narrow), "k:p a:1");
}

#[test]
fn nan_and_zeros_compare_as_in_the_engine() {
    let world = World::new("read-nan");
    let numbers = [("p", f64::NAN), ("q", -0.0), ("r", 0.0), ("s", 7.5)];
    set_schema(&world, "c/t", r#"{"fields":[{"name":"k","type":"string"},{"name":"a","type":"double"}],"key":"k"}"#);
    for (key, number) in numbers {
        put(&world, "c/t", &[(key, &[("k", key.into()), ("a", number.into())])]);
    }
    put(&world, "c/t", &[("none", &[("k", "none".into())])]);
    let all = world.read("ember://c/t", &[]);
    let rename = |batch: arrow::array::RecordBatch| {
        arrow::array::RecordBatch::try_from_iter_with_nullable(
            ["k", "a"].into_iter().zip(batch.columns().iter().cloned()).map(|(name, array)| (name, array, true)),
        )
        .unwrap()
    };
    let batches: Vec<_> = all.collect().unwrap().into_iter().map(rename).collect();
    let local = world.session.create_dataframe(&batches).unwrap();
    for condition in ["a = 0", "a > 0", "a >= 7.5", "a != 0", "NOT (a < 1)", "a <=> 0", "a IN (0.0D, 7.5D)", "a NOT IN (7.5D)"] {
        let pushed = world.rows(&all.filter(condition).unwrap().select(&["k"]).unwrap());
        let checked = world.rows(&local.filter(condition).unwrap().select(&["k"]).unwrap());
        assert_eq!(pushed, checked, "{condition}");
        let plan = all.filter(condition).unwrap().explain().unwrap();
        assert!(!plan.contains("FilterExec"), "{condition}: {plan}");
    }
}

#[test]
fn many_items_come_in_several_batches() {
    let world = World::new("read-many");
    let table = world.table("c/t");
    world
        .wait(async {
            let mut writer = table.writer()?;
            for at in 0..20_000_i64 {
                let attributes = vec![("k".into(), Value::from(at).into()), ("v".into(), Value::from(at * 2).into())];
                let change = emberflow::kv::change::Change::Write {
                    mode: emberflow::kv::change::UpdateMode::Overwrite,
                    attributes,
                    condition: None,
                };
                let key = emberflow::kv::name::Key::simple(at.to_string())?;
                writer.write(emberflow::kv::RowChange { directory: "".into(), key, change }).await?;
            }
            writer.finish().await
        })
        .unwrap();
    let frame = world.read("ember://c/t", &[("inferSchema", "true")]);
    assert_eq!(world.rows(&frame.aggregate(&[], &["sum(k) AS k", "sum(v) AS v"]).unwrap()), "k:199990000 v:399980000");
    assert_eq!(frame.filter("k IN (5, 7, 30000)").unwrap().count().unwrap(), 2);
    assert_eq!(frame.filter("v >= 39000").unwrap().count().unwrap(), 500);
    let item: Option<Item> = world.wait(table.get("5", emberflow::kv::Select::User)).unwrap();
    assert_eq!(item.unwrap().get("v"), Some(&Value::from(10)));
}
