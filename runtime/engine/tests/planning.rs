//! Plans that are asked to be done in a certain way, and plans that are deeper than usual.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use emberflow::{Engine, EngineOptions, Session};

fn session() -> Session {
    Engine::start(EngineOptions { cores: 2, ..EngineOptions::default() }).unwrap().session("me")
}

fn explained(session: &Session, text: &str) -> String {
    session.sql(text).unwrap().explain().unwrap()
}

fn shown(session: &Session, text: &str) -> String {
    let shown = session.sql(text).unwrap().show_string(100, 0).unwrap_or_else(|error| panic!("{error}"));
    shown.lines().filter(|line| line.starts_with('|')).skip(1).map(|line| line.replace(' ', "")).collect()
}

const JOINS: [&str; 4] = ["join", "left join", "full join", "left semi join"];

#[test]
fn a_join_is_done_as_its_hint_says() {
    let session = session();
    for (hint, operator) in [
        ("broadcast(b)", "HashJoinExec: mode=CollectLeft"),
        ("MAPJOIN(a)", "HashJoinExec: mode=CollectLeft"),
        ("shuffle_hash(b)", "HashJoinExec: mode=Partitioned"),
        ("merge(a)", "SortMergeJoinExec"),
    ] {
        for join in JOINS {
            let columns = if join == "left semi join" { "a.id, a.id + 0 as x" } else { "a.id, b.id as x" };
            let text = |hint: &str| {
                let tables = format!("range(20) a {join} (select id * 2 as id from range(1000)) b on a.id = b.id and a.id <> 4");
                format!("select {hint} {columns} from {tables} order by 1, 2 limit 30")
            };
            let hinted = text(&format!("/*+ {hint} */"));
            let plan = explained(&session, &hinted);
            assert!(plan.contains(operator), "{hint}, {join}: {plan}");
            assert!(!plan.contains("JoinHintExec"), "{plan}");
            assert_eq!(shown(&session, &hinted), shown(&session, &text("")), "{hint}, {join}");
        }
    }
}

#[test]
fn the_hinted_side_is_the_one_that_is_kept() {
    let session = session();
    for (side, kept) in [("a", "left as"), ("b", "right as")] {
        let sides = "(select id, 'left' as l from range(7)) a join (select id, 'right' as r from range(9000)) b";
        let plan = explained(&session, &format!("select /*+ broadcast({side}) */ * from {sides} on a.id = b.id"));
        let (_, below) = plan.split_once("CoalescePartitionsExec").unwrap();
        let first = below.lines().find(|line| line.contains("left as") || line.contains("right as")).unwrap();
        assert!(first.contains(kept), "{side}: {plan}");
    }
}

#[test]
fn a_loop_is_for_joins_that_keep_pairs() {
    let session = session();
    let text = |join: &str, hint: &str| {
        format!("select {hint} a.id, b.id from range(9) a {join} range(5) b on a.id = b.id and a.id + b.id > 2 order by 1")
    };
    let hint = "/*+ shuffle_replicate_nl(a) */";
    assert!(explained(&session, &text("join", hint)).contains("NestedLoopJoinExec"));
    assert!(explained(&session, &text("left join", hint)).contains("HashJoinExec"));
    for join in ["join", "left join"] {
        assert_eq!(shown(&session, &text(join, hint)), shown(&session, &text(join, "")));
    }
}

#[test]
fn a_hint_that_names_nothing_or_stands_elsewhere_changes_nothing() {
    let session = session();
    let tables = "(select * from range(5) a) s join range(9000) b on s.id = b.id";
    let plain = explained(&session, &format!("select s.id from {tables}"));
    for hint in ["merge(nope)", "merge(a)"] {
        let plan = explained(&session, &format!("select /*+ {hint} */ s.id from {tables}"));
        assert_eq!(plan.contains("SortMergeJoinExec"), plain.contains("SortMergeJoinExec"), "{hint}: {plan}");
    }
}

#[test]
fn rows_come_in_the_order_of_their_source() {
    let session = session();
    let text = "select id, id % 7 as rest from range(0, 100000, 1, 4) where id % 3 = 1 limit 40000";
    for _ in 0..5 {
        let batches = session.sql(text).unwrap().collect().unwrap();
        let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        assert!(ids.eq((0..33333).map(|at| at * 3 + 1)));
        let first = "select id, sum(id) over (order by id) from (select id + 1 as id from range(50) limit 3)";
        assert_eq!(shown(&session, first), "|1|1||2|3||3|6|");
    }
}

#[test]
fn deep_expressions_give_what_they_say() {
    let session = session();
    let sum = format!("select id{} as x from range(2) order by 1", " + 1".repeat(1500));
    assert_eq!(shown(&session, &sum), "|1500||1501|");
    let mut cases = String::from("0");
    for at in (0..400).rev() {
        cases = format!("case when id = {at} then {at} * 2 else {cases} end");
    }
    assert_eq!(
        shown(&session, &format!("select {cases} as x from values (3L), (399L), (400L) as t(id) order by id")),
        "|6||798||0|"
    );
    let calls = format!("select {}id{} as x from range(-2, 1) order by 1 desc", "abs(".repeat(700), ")".repeat(700));
    assert_eq!(shown(&session, &calls), "|2||1||0|");
    let guarded = format!("select if(id = 0, 0, 10 div id{}) as x from range(3) order by id", " + 0".repeat(300));
    assert_eq!(shown(&session, &guarded), "|0||10||5|");
    let grouped = format!("select count(*), id{0} as x from range(4) group by id{0} order by 2", " % 2".repeat(200));
    assert_eq!(shown(&session, &grouped), "|2|0||2|1|");
}

#[test]
fn an_error_deep_inside_keeps_its_condition() {
    let session = session();
    let text = format!("select 1 div id{} as x from range(1)", " + 0".repeat(300));
    let error = session.sql(&text).unwrap().collect().unwrap_err();
    assert_eq!(error.condition(), "DIVIDE_BY_ZERO");
}
