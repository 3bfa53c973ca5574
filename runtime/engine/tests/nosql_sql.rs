//! NoSQL tables in SQL and in the catalog: made, filled, altered, described, dropped.
//!
//! Not here: errors by their names (`nosql_errors`).

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

/// A managed table of two partitions.
fn by_year(world: &World) {
    world.sql("CREATE TABLE t (k STRING, n BIGINT, y INT, at TIMESTAMP) USING nosql OPTIONS (key 'k') PARTITIONED BY (y, at)");
    world.sql("INSERT INTO t VALUES ('p', 1, 2024, TIMESTAMP'1970-01-01 00:00:05.5Z'), ('q', 2, 2025, NULL)");
}

#[test]
fn partitions_are_shown_and_dropped() {
    let world = World::new("sql-partitions");
    by_year(&world);
    let null = "y=2025/at=__HIVE_DEFAULT_PARTITION__";
    assert_eq!(world.sql("SHOW PARTITIONS t"), format!("partition:y=2024/at=5:500000000 | partition:{null}"));
    assert_eq!(world.sql("SHOW PARTITIONS t PARTITION (y = '2025')"), format!("partition:{null}"));
    let by_value = "SHOW PARTITIONS t PARTITION (at = TIMESTAMP'1970-01-01 00:00:05.5Z')";
    assert_eq!(world.sql(by_value), "partition:y=2024/at=5:500000000");
    assert!(world.sql("DESCRIBE t PARTITION (y = 2025, at = NULL)").contains("# Partition Information"));
    let add = world.session.sql("ALTER TABLE t ADD PARTITION (y = 2026, at = NULL)").map(|_| ());
    assert_eq!(name(add), "INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED");
    let gone = || world.session.sql("ALTER TABLE t DROP PARTITION (y = 2030)").map(|_| ());
    assert_eq!(name(gone()), "PARTITIONS_NOT_FOUND");
    world.sql("ALTER TABLE t DROP IF EXISTS PARTITION (y = 2030)");
    world.sql("ALTER TABLE t RECOVER PARTITIONS");
    world.sql("ALTER TABLE t DROP PARTITION (y = 2024)");
    assert_eq!(world.sql("SELECT k FROM t"), "k:q");
    world.sql("TRUNCATE TABLE t PARTITION (y = 2025, at = NULL)");
    assert_eq!(world.sql("SHOW PARTITIONS t"), "");
    assert_eq!(world.table("spark-warehouse/default/t").schema().unwrap().unwrap().partition, ["y", "at"]);
}

#[test]
fn overwrites_of_partitions_are_refused_whole() {
    let world = World::new("sql-overwrite");
    by_year(&world);
    let before = world.items("spark-warehouse/default/t");
    let one = world.session.sql("INSERT OVERWRITE t PARTITION (y = 2024, at = NULL) VALUES ('r', 3)").map(|_| ());
    assert_eq!(name(one), "UNSUPPORTED_FEATURE");
    world.session.set("spark.sql.sources.partitionOverwriteMode", "dynamic").unwrap();
    let dynamic = world.session.sql("INSERT OVERWRITE t VALUES ('r', 3, 2024, NULL)").map(|_| ());
    assert_eq!(name(dynamic), "NOSQL.INVALID_OPTION");
    assert_eq!(world.items("spark-warehouse/default/t"), before);
}

#[test]
fn tables_are_analyzed_altered_and_described() {
    let world = World::new("sql-alter");
    world.sql("CREATE TABLE t (k STRING, n BIGINT) USING nosql OPTIONS (key 'k') COMMENT 'of k'");
    world.sql("INSERT INTO t VALUES ('p', 1), ('q', 2)");
    world.sql("ANALYZE TABLE t COMPUTE STATISTICS");
    let described = world.sql("DESCRIBE EXTENDED t");
    assert!(described.contains(" bytes, 2 rows") && described.contains("MANAGED") && described.contains("of k"), "{described}");
    world.sql("ALTER TABLE t ADD COLUMNS (city STRING COMMENT 'where')");
    assert_eq!(
        world.table("spark-warehouse/default/t").schema().unwrap().unwrap().to_string(),
        "k string, n long, city string; key k"
    );
    world.sql("INSERT INTO t VALUES ('r', 3, 'Oslo')");
    assert_eq!(world.sql("SELECT * FROM t"), "k:p n:1 city:NULL | k:q n:2 city:NULL | k:r n:3 city:Oslo");
    assert_eq!(
        world.rows(&world.read("ember://spark-warehouse/default/t", &[]).filter("city = 'Oslo'").unwrap()),
        "k:r n:3 city:Oslo"
    );
    let schema = world.table("spark-warehouse/default/t").schema().unwrap();
    for (columns, expected) in
        [("d DATE", "NOSQL.UNSUPPORTED_TYPE"), ("`a b` INT", "NOSQL.INVALID_ATTRIBUTE_NAME"), ("N INT", "COLUMN_ALREADY_EXISTS")]
    {
        assert_eq!(name(world.session.sql(&format!("ALTER TABLE t ADD COLUMNS ({columns})")).map(|_| ())), expected, "{columns}");
    }
    assert_eq!(world.table("spark-warehouse/default/t").schema().unwrap(), schema);
    let shown = world.sql("SHOW CREATE TABLE t");
    assert!(shown.contains("USING nosql") && shown.contains("'key' = 'k'") && !shown.contains("LOCATION"), "{shown}");
    world.sql("CREATE TABLE alike LIKE t");
    world.sql("INSERT INTO alike SELECT * FROM t");
    assert_eq!(world.sql("SELECT count(*) AS c FROM alike WHERE k = 'p'"), "c:1");
    assert_eq!(world.sql("SHOW COLUMNS IN alike"), "col_name:city | col_name:k | col_name:n");
}

#[test]
fn a_table_moves_by_its_location() {
    let world = World::new("sql-location");
    world.wait(async { world.table("c/other").put("x", [("k", "x")]).await }).unwrap();
    world.sql("CREATE TABLE t (k STRING) USING nosql OPTIONS (key 'k')");
    world.sql("INSERT INTO t VALUES ('p')");
    world.sql("ALTER TABLE t SET LOCATION 'v3io://c/other/'");
    assert_eq!(world.sql("SELECT * FROM t"), "k:x");
    let shown = world.sql("SHOW CREATE TABLE t");
    assert!(shown.contains("LOCATION 'ember://c/other'"), "{shown}");
    assert_eq!(name(world.session.sql("ALTER TABLE t SET LOCATION 's3://c/x'").map(|_| ())), "NOSQL.INVALID_PATH");
    world.sql("DROP TABLE t");
    assert_eq!(world.items("c/other"), "x{k:'x'}", "what it was pointed at stays");
}

#[test]
fn a_database_takes_its_items_along() {
    let world = World::new("sql-database");
    world.sql("CREATE DATABASE d");
    world.sql("CREATE TABLE d.mine USING nosql OPTIONS (key 'k') AS SELECT 'p' AS k");
    world.sql("CREATE TABLE d.theirs (k STRING) USING nosql OPTIONS (key 'k') LOCATION 'ember://c/theirs'");
    world.sql("INSERT INTO d.theirs VALUES ('q')");
    assert_eq!(name(world.session.sql("DROP DATABASE d").map(|_| ())), "SCHEMA_NOT_EMPTY");
    assert_eq!(world.items("spark-warehouse/d/mine"), "p{k:'p'}");
    world.sql("DROP DATABASE d CASCADE");
    assert!(!world.table("spark-warehouse/d/mine").exists().unwrap());
    assert_eq!(world.items("c/theirs"), "q{k:'q'}");
}

#[test]
fn renamed_and_replaced_tables() {
    let world = World::new("sql-replace");
    world.sql("CREATE TABLE t USING nosql OPTIONS (key 'k') AS SELECT 'p' AS k");
    world.sql("ALTER TABLE t RENAME TO older");
    world.sql("CREATE TABLE t USING nosql OPTIONS (key 'k') AS SELECT 'q' AS k");
    assert_eq!((world.sql("SELECT * FROM older"), world.sql("SELECT * FROM t")), ("k:p".to_owned(), "k:q".to_owned()));
    world.sql("DROP TABLE t");
    assert_eq!(world.sql("SELECT * FROM older"), "k:p");
    // Another table of the same kind, then one of another.
    let table = || WriteTarget::SaveAsTable(vec!["older".into()]);
    world.write_to("SELECT 1L AS id, 'x' AS v", table(), SaveMode::Overwrite, &[("key", "id")], &[]).unwrap();
    assert_eq!(world.sql("SELECT * FROM older"), "id:1 v:x");
    assert!(!world.table("spark-warehouse/default/t").exists().unwrap(), "the items of the one before are gone");
    let frame = world.session.sql("SELECT 2 AS id").unwrap();
    frame.write("nosql", "ember://c/t", SaveMode::Append, vec![("key".into(), "id".into())]).unwrap();
    let write = emberflow::plan::tree::Write {
        input: frame.relation().clone(),
        format: Some("parquet".into()),
        target: table(),
        mode: SaveMode::Overwrite,
        options: Vec::new(),
        partition_by: Vec::new(),
        sort_by: Vec::new(),
        bucket_by: None,
        cluster_by: Vec::new(),
    };
    let statement = emberflow::plan::tree::Statement::Command(emberflow::plan::tree::Command::Write(write));
    world.wait(world.session.execute(statement, Default::default())).map(|_| ()).unwrap();
    assert_eq!(world.sql("SELECT * FROM older"), "id:2");
    assert!(!world.table("spark-warehouse/default/older").exists().unwrap());
}
