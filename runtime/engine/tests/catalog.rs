//! Tables as their users meet them: across restarts, beside another process, and after a kill at any moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use emberflow::{Engine, EngineOptions, Session};

fn warehouse(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("emberflow-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn engine(warehouse: &Path) -> Arc<Engine> {
    Engine::start(EngineOptions { cores: 1, warehouse: warehouse.to_owned(), ..EngineOptions::default() }).unwrap()
}

fn run(session: &Session, text: &str) -> String {
    let frame = session.sql(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    frame.show_string(100, 0).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn condition(session: &Session, text: &str) -> String {
    let found = session.sql(text).and_then(|frame| frame.show_string(100, 0));
    found.map(|shown| panic!("{text} gave {shown}")).unwrap_or_else(|error: emberflow::Error| error.condition().to_owned())
}

#[test]
fn tables_and_views_outlive_their_engine() {
    let folder = warehouse("restart");
    {
        let engine = engine(&folder);
        let session = engine.session("me");
        run(&session, "create database d comment 'about'");
        run(&session, "create table d.t (a int comment 'key', b varchar(3)) using parquet tblproperties ('k' = 'v')");
        run(&session, "insert into d.t values (1, 'x'), (2, null)");
        run(&session, "use d");
        run(&session, "create view v (twice) as select a * 2 from t");
        run(&session, "create temporary view gone as select 1 as a");
    }
    let engine = engine(&folder);
    let session = engine.session("you");
    let rows = run(&session, "select * from d.v order by 1");
    assert_eq!(rows, "+-----+\n|twice|\n+-----+\n|2    |\n|4    |\n+-----+\n");
    assert!(run(&session, "describe d.t").contains("|b       |varchar(3)|NULL   |"));
    assert!(run(&session, "show tblproperties d.t").contains("|k  |v    |"));
    assert_eq!(condition(&session, "select * from gone"), "TABLE_OR_VIEW_NOT_FOUND");
    assert_eq!(condition(&session, "insert into d.t values (3, 'long')"), "EXCEED_LIMIT_LENGTH");
    run(&session, "drop database d cascade");
    assert!(!folder.join("d.db").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn two_engines_over_one_warehouse_see_each_other() {
    let folder = warehouse("two");
    let (one, other) = (engine(&folder), engine(&folder));
    let (one, other) = (one.session("one"), other.session("other"));
    run(&one, "create table t using parquet as select 1 as a");
    run(&other, "create temporary view v as select * from t");
    run(&other, "insert into t values (2)");
    assert!(run(&one, "select count(*) as n from t").contains("|2  |"));
    run(&one, "insert into t values (3)");
    // A temporary view over a table sees what came since it was made.
    assert!(run(&other, "select count(*) as n from v").contains("|3  |"));
    assert_eq!(condition(&other, "create table t (a int) using parquet"), "TABLE_OR_VIEW_ALREADY_EXISTS");
    run(&other, "drop table t");
    assert_eq!(condition(&one, "select * from t"), "TABLE_OR_VIEW_NOT_FOUND");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_damaged_entry_is_named_and_harms_no_other() {
    let folder = warehouse("damaged");
    let engine = engine(&folder);
    let session = engine.session("me");
    run(&session, "create table good using parquet as select 1 as a");
    run(&session, "create table bad using parquet as select 1 as a");
    std::fs::write(folder.join(".emberflow/default/table-bad.json"), "{ \"format\": 1, \"kind\": ").unwrap();
    let error = session.sql("select * from bad").map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("table-bad.json"), "{error}");
    assert!(run(&session, "select a from good").contains("|1  |"));
    run(&session, "create table new using parquet as select 2 as a");
    run(&session, "drop table good");
    assert!(run(&session, "show tables").contains("bad"));
    std::fs::remove_dir_all(folder).unwrap();
}

/// What the process that is killed does for as long as it lives.
fn churn(folder: &Path) {
    let engine = engine(folder);
    let session = engine.session("writer");
    for round in 1.. {
        run(&session, "drop table if exists made");
        run(&session, &format!("create table made using parquet as select id, {round} as round from range(1000)"));
        run(&session, &format!("insert overwrite kept select id, {round} from range(1000)"));
        run(&session, &format!("alter table kept set tblproperties ('round' = '{round}')"));
    }
}

/// The child of the test below; without the variable it is no test at all.
#[test]
fn writer_to_be_killed() {
    if let Some(folder) = std::env::var_os("EMBERFLOW_TEST_CHURN") {
        churn(Path::new(&folder));
    }
}

fn writer(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer_to_be_killed", "--nocapture"])
        .env("EMBERFLOW_TEST_CHURN", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_kill_leaves_the_old_table_or_the_new_one() {
    let folder = warehouse("killed");
    {
        let engine = engine(&folder);
        let session = engine.session("me");
        run(&session, "create table kept using parquet as select id, 0 as round from range(1000)");
    }
    for round in 0..8_u64 {
        let mut child = writer(&folder);
        std::thread::sleep(Duration::from_millis(400 + round * 57));
        child.kill().unwrap();
        child.wait().unwrap();
        let engine = engine(&folder);
        let session = engine.session("me");
        let whole = "select count(*) = 1000 and count(distinct round) = 1 as whole from";
        assert!(run(&session, &format!("{whole} kept")).contains("|true |"));
        assert!(run(&session, "show tblproperties kept").starts_with('+'));
        if run(&session, "show tables like 'made'").contains("made") {
            assert!(run(&session, &format!("{whole} made")).contains("|true |"));
        }
        // What was half made or half dropped stands in nobody's way.
        run(&session, "drop table if exists made");
        run(&session, "create table made using parquet as select id, 1 as round from range(1000)");
        run(&session, "drop table made");
    }
    // Whoever writes next sweeps.
    run(&engine(&folder).session("me"), "create database swept");
    let left: Vec<_> = std::fs::read_dir(folder.join(".emberflow")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "lock" || name == "default" || name == "swept"), "{left:?}");
    std::fs::remove_dir_all(folder).unwrap();
}
