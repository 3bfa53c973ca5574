//! Statements that are not queries.

use super::check;

#[test]
fn settings() {
    check(&[
        ("set", "Set { key: None, value: None, verbose: false }"),
        ("SET -v", "Set { key: None, value: None, verbose: true }"),
        ("set spark.sql.ansi.enabled;", "Set { key: Some(\"spark.sql.ansi.enabled\"), value: None, verbose: false }"),
        ("set a.b = c d 'e' ;", "Set { key: Some(\"a.b\"), value: Some(\"c d 'e'\"), verbose: false }"),
        ("set `a b`=`c;d`", "Set { key: Some(\"a b\"), value: Some(\"c;d\"), verbose: false }"),
        ("reset", "Reset { key: None }"),
        ("reset a.b", "Reset { key: Some(\"a.b\") }"),
        ("set time zone 'UTC'", "SetTimeZone 'UTC'"),
        ("set time zone local", "SetTimeZone LOCAL"),
        ("set time zone interval 2 hours", "SetTimeZone interval hour 7200000000"),
    ]);
}

#[test]
fn views_and_tables() {
    check(&[
        ("create view v as select 1", "CreateView Permanent [\"v\"] [] text=\"select 1\" Project(1)"),
        (
            "create or replace temp view v (a comment 'x', b) comment 'y' as select 1, 2",
            "CreateView Temporary [\"v\"] replace [(\"a\", Some(\"x\")), (\"b\", None)] comment=\"y\" Project(1, 2)",
        ),
        ("create global temporary view v as table t", "CreateView GlobalTemporary [\"v\"] [] t"),
        (
            "create temp view v (a int) using csv options (path '/x', header true, 'sep' = ';')",
            concat!(
                "CreateView Temporary [\"v\"] [] DataSource { format: Some(\"csv\"), schema: Some(StructType { fields: [StructField ",
                "{ name: \"a\", data_type: Int, nullable: true, metadata: None }] }), options: [(\"path\", \"/x\"), (\"header\", ",
                "\"true\"), (\"sep\", \";\")], paths: [], predicates: [], is_streaming: false }"
            ),
        ),
        (
            "create table if not exists d.t using parquet location '/x' partitioned by (a) comment 'c' as select 1 a",
            concat!(
                "CreateTable { name: [\"d\", \"t\"], columns: None, provider: Some(\"parquet\"), query: None, partition_by: [\"a\"], ",
                "buckets: None, cluster_by: [], location: Some(\"/x\"), comment: Some(\"c\"), options: [], properties: [], if_not_exists: true, replace: false, ",
                "must_exist: false, is_external: false, like: None } Project(1 AS a)"
            ),
        ),
        (
            "create table t (a int) clustered by (a, b) sorted by (c asc) into 4 buckets",
            concat!(
                "CreateTable { name: [\"t\"], columns: Some(StructType { fields: [StructField { name: \"a\", data_type: Int, ",
                "nullable: true, metadata: None }] }), provider: None, query: None, partition_by: [], ",
                "buckets: Some(Buckets { count: 4, columns: [\"a\", \"b\"], sort_by: [\"c\"] }), cluster_by: [], location: None, ",
                "comment: None, options: [], properties: [], if_not_exists: false, replace: false, must_exist: false, ",
                "is_external: false, like: None } "
            ),
        ),
        ("drop table if exists t purge", "DropTable { name: [\"t\"], if_exists: true, purge: true }"),
        ("drop view v", "DropView { name: [\"v\"], if_exists: false }"),
        ("drop schema d cascade", "DropDatabase { name: [\"d\"], if_exists: false, cascade: true }"),
        (
            "create database if not exists d comment 'x' with dbproperties (a = 1)",
            concat!(
                "CreateDatabase { name: [\"d\"], if_not_exists: true, comment: Some(\"x\"), location: None, ",
                "properties: [(\"a\", \"1\")] }"
            ),
        ),
        ("use d", "Use { name: [\"d\"] }"),
        ("use schema d", "Use { name: [\"d\"] }"),
        ("truncate table t", "TruncateTable { name: [\"t\"], partition: [] }"),
    ]);
}

#[test]
fn changes() {
    check(&[
        ("alter table t rename to d.u", "AlterTable { name: [\"t\"], change: RenameTo([\"d\", \"u\"]) }"),
        (
            "alter table t add columns (a int comment 'x', b string)",
            concat!(
                "AlterTable { name: [\"t\"], change: AddColumns(StructType { fields: [StructField { name: \"a\", data_type: Int, ",
                "nullable: true, metadata: Some(\"{\\\"comment\\\":\\\"x\\\"}\") }, StructField { name: \"b\", data_type: String, ",
                "nullable: true, metadata: None }] }) }"
            ),
        ),
        (
            "alter table t set tblproperties (a.b = 'c')",
            "AlterTable { name: [\"t\"], change: SetProperties([(\"a.b\", \"c\")]) }",
        ),
        (
            "alter table t unset tblproperties if exists ('a')",
            "AlterTable { name: [\"t\"], change: UnsetProperties { keys: [\"a\"], if_exists: true } }",
        ),
        ("alter table t set location '/x'", "AlterTable { name: [\"t\"], change: SetLocation(\"/x\") }"),
        ("alter table t drop column a", "AlterTable { name: [\"t\"], change: Refused(\"DROP COLUMN\") }"),
        ("msck repair table t", "AlterTable { name: [\"t\"], change: RecoverPartitions }"),
        ("comment on table t is null", "AlterTable { name: [\"t\"], change: Comment(None) }"),
        ("alter view v rename to w", "AlterView { name: [\"v\"], change: RenameTo([\"w\"]) }"),
        ("alter schema d set dbproperties (a = 1)", "AlterDatabase { name: [\"d\"], change: SetProperties([(\"a\", \"1\")]) }"),
        ("analyze table t compute statistics noscan", "AnalyzeTable { name: [\"t\"], scan: false }"),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("drop temp variable if exists x", "DropVariable { name: [\"x\"], if_exists: true }"),
        (
            "declare a, b int",
            "DeclareVariables { names: [[\"a\"], [\"b\"]], replace: false, data_type: Some(Int), default: None }",
        ),
    ]);
}

#[test]
fn inserts() {
    check(&[
        ("insert into t values (1), (2)", "Insert [\"t\"][] Values((1), (2))"),
        ("insert into table t (a, b) select 1, 2", "Insert [\"t\"][\"a\", \"b\"] Project(1, 2)"),
        ("insert into t (select 1)", "Insert [\"t\"][] Project(1)"),
        (
            "insert overwrite t partition (a = 1, b) if not exists select 2",
            "Insert [\"t\"][] overwrite if_not_exists partition(a=1, b=*) Project(2)",
        ),
        ("insert into t by name select 1 as a", "Insert [\"t\"][] by_name Project(1 AS a)"),
        ("with a as (select 1) insert into t select * from a", "Insert [\"t\"][] With(Project(a; *); a = Project(1))"),
    ]);
}

#[test]
fn showing_and_describing() {
    check(&[
        ("show tables in a.b like 'x*'", "ShowTables { namespace: [\"a\", \"b\"], pattern: Some(\"x*\") }"),
        ("show tables 'x'", "ShowTables { namespace: [], pattern: Some(\"x\") }"),
        ("show views", "ShowViews { namespace: [], pattern: None }"),
        ("show schemas like 'd'", "ShowDatabases { pattern: Some(\"d\") }"),
        ("show columns in t in d", "ShowColumns { table: [\"d\", \"t\"] }"),
        ("show user functions like 'u*'", "ShowFunctions { pattern: Some(\"u*\"), scope: User }"),
        ("show functions upper", "ShowFunctions { pattern: Some(\"upper\"), scope: All }"),
        ("show create table t", "ShowCreateTable { table: [\"t\"] }"),
        ("show tblproperties t (a.b)", "ShowTableProperties { table: [\"t\"], key: Some(\"a.b\") }"),
        ("show current schema", "Project(current_catalog() AS catalog, current_schema() AS namespace)"),
        ("show catalogs", "Project(Catalog(ListCatalogs { pattern: None }); name AS catalog)"),
        ("describe t", "DescribeTable { table: [\"t\"], extended: false, column: [], partition: [] }"),
        ("desc table extended t a.b", "DescribeTable { table: [\"t\"], extended: true, column: [\"a\", \"b\"], partition: [] }"),
        ("describe query select 1", "DescribeQuery Project(1)"),
        ("desc values (1)", "DescribeQuery Values((1))"),
        ("describe function extended upper", "DescribeFunction { name: [\"upper\"], extended: true }"),
        ("describe function +", "DescribeFunction { name: [\"+\"], extended: false }"),
        ("describe database d", "DescribeDatabase { name: [\"d\"], extended: false }"),
        ("explain extended select 1", "Explain Extended Project(1)"),
        ("explain insert into t select 1", "Explain Simple Insert [\"t\"][] Project(1)"),
    ]);
}

#[test]
fn caches() {
    check(&[
        ("cache lazy table t", "CacheTable [\"t\"] lazy=true [] "),
        (
            "cache table t options ('storageLevel' 'DISK_ONLY') as select 1",
            "CacheTable [\"t\"] lazy=false [(\"storageLevel\", \"DISK_ONLY\")] Project(1)",
        ),
        ("uncache table if exists t", "UncacheTable { name: [\"t\"], if_exists: true }"),
        ("clear cache", "ClearCache"),
        ("refresh table t", "RefreshTable { name: [\"t\"] }"),
        ("refresh '/a/b'", "RefreshPath { path: \"/a/b\" }"),
        ("refresh /a/b;", "RefreshPath { path: \"/a/b\" }"),
    ]);
}

#[test]
fn what_spark_knows_and_we_do_not() {
    check(&[
        ("merge into t using s on a = b when matched then delete", "Unsupported { name: \"MERGE INTO\" }"),
        ("update t set a = 1", "Unsupported { name: \"UPDATE\" }"),
        ("create function f as 'x'", "Unsupported { name: \"CREATE FUNCTION\" }"),
        ("begin select 1; end", "Unsupported { name: \"BEGIN\" }"),
    ]);
}
