//! NoSQL tables in SQL: CREATE, INSERT, CTAS, `saveAsTable`, DROP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nosql_common;

use emberflow::plan::tree::{SaveMode, WriteTarget};
use nosql_common::{World, name};

#[test]
fn external_tables() {
    let world = World::new("sql-external");
    world.sql("CREATE TABLE t (k STRING, s STRING, n INT) USING nosql OPTIONS (path 'v3io://c/t/', key 'k', `sorting-key` 's')");
    world.sql("INSERT INTO t VALUES ('u', 'a', 1), ('u', 'b', 2)");
    assert_eq!(world.items("c/t"), "u.a{k:'u',n:1,s:'a'} u.b{k:'u',n:2,s:'b'}");
    assert_eq!(world.sql("SELECT n FROM t WHERE k = 'u' AND s = 'b'"), "n:2");
    world.sql("INSERT OVERWRITE t SELECT 'v', 'c', 3");
    assert_eq!(world.sql("SELECT * FROM spark_catalog.default.t"), "k:v s:c n:3");
    let described = world.sql("DESCRIBE EXTENDED t");
    assert!(described.contains("ember://c/t") && described.contains("nosql"), "{described}");
    world.sql("DROP TABLE t");
    assert_eq!(world.items("c/t"), "v.c{k:'v',n:3,s:'c'}");
    world.sql("CREATE TABLE again USING io.iguaz.v3io.spark.sql.kv LOCATION 'ember://c/t'");
    world.sql("INSERT INTO again VALUES ('v', 'd', 4)");
    assert_eq!(world.sql("SELECT count(*) AS c FROM again WHERE k = 'v'"), "c:2");
    let missing = world.session.sql("CREATE TABLE keyless (a INT) USING nosql LOCATION 'ember://c/k'").map(|_| ());
    assert_eq!(name(missing), "NOSQL.MISSING_OPTION");
}

#[test]
fn managed_tables() {
    let world = World::new("sql-managed");
    world.sql("CREATE TABLE t USING nosql OPTIONS (key 'k') PARTITIONED BY (y) AS SELECT 'p' AS k, 1 AS n, 2024 AS y");
    assert_eq!(world.items("spark-warehouse/default/t"), "y=2024/p{k:'p',n:1,y:2024}");
    world.sql("INSERT INTO t PARTITION (y = 2025) VALUES ('q', 2)");
    assert_eq!(world.sql("SELECT k, n, y FROM t"), "k:p n:1 y:2024 | k:q n:2 y:2025");
    world.sql("TRUNCATE TABLE t");
    assert_eq!(world.sql("SELECT count(*) AS c FROM t"), "c:0");
    world.sql("DROP TABLE t");
    assert_eq!(world.items("spark-warehouse/default/t"), "");
    assert_eq!(name(world.read("ember://spark-warehouse/default/t", &[]).collect()), "NOSQL.TABLE_NOT_FOUND");
}

#[test]
fn save_as_table_and_insert_into() {
    let world = World::new("sql-save");
    let table = || WriteTarget::SaveAsTable(vec!["t".into()]);
    let key = [("key", "k")];
    world.write_to("SELECT 'p' AS k, 1L AS n", table(), SaveMode::ErrorIfExists, &key, &[]).unwrap();
    let again = world.write_to("SELECT 'p' AS k, 1L AS n", table(), SaveMode::ErrorIfExists, &key, &[]);
    assert_eq!(name(again), "TABLE_OR_VIEW_ALREADY_EXISTS");
    world.write_to("SELECT 5L AS n, 'p' AS k", table(), SaveMode::Append, &[("counter", "n")], &[]).unwrap();
    assert_eq!(world.sql("SELECT * FROM t"), "k:p n:6");
    let into = WriteTarget::InsertInto(vec!["t".into()]);
    world.write_to("SELECT 'p', 4L", into, SaveMode::Append, &[("counter", "n")], &[]).unwrap();
    assert_eq!(world.sql("SELECT * FROM t"), "k:p n:10");
    world.write_to("SELECT 'q' AS k, 1L AS n", table(), SaveMode::Overwrite, &key, &[]).unwrap();
    assert_eq!(world.sql("SELECT * FROM t"), "k:q n:1");
    world.write_to("SELECT 'r' AS k, 'x' AS other", table(), SaveMode::Overwrite, &key, &[]).unwrap();
    assert_eq!(world.sql("SELECT * FROM t"), "k:r other:x");
}
