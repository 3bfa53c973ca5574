//! What is refused, by which condition and where.

use emberflow_base::{Exception, QueryContext};

use super::super::{SqlOptions, parse_expression};
use super::error;

/// A syntax error near a token, with a hint, at a line and a position.
fn near(text: &str, token: &str, hint: &str, line: usize, position: usize) {
    let error = error(text);
    assert_eq!(error.condition(), "PARSE_SYNTAX_ERROR", "{text}");
    assert_eq!((error.parameter("error"), error.parameter("hint")), (Some(token), Some(hint)), "{text}");
    let place = format!("(line {line}, position {position})");
    assert!(error.sentence().contains(&place), "{text}: {}", error.sentence());
    assert_eq!((error.exception(), error.sqlstate()), (Exception::Parse, Some("42601")));
}

#[test]
fn syntax_errors_name_the_token_and_its_place() {
    near("selec 1", "'selec'", "", 1, 0);
    near("select 1 +", "end of input", "", 1, 10);
    near("select a from b where (a", "end of input", "", 1, 24);
    near("select 1 1", "'1'", ": extra input '1'", 1, 9);
    near("select 1; select 2", "'select'", ": extra input 'select'", 1, 10);
    near("select 'abc", "'''", "", 1, 7);
    near("select a\nfrom t\n  where >", "'>'", "", 3, 8);
    near("select $a", "'$'", "", 1, 7);
    near("select a from t where a order", "end of input", "", 1, 29);
    near("drop foo", "'foo'", "", 1, 5);
    near("create view", "end of input", "", 1, 11);
    near("select interval 1 nonsense", "'nonsense'", "", 1, 18);
}

#[test]
fn conditions_are_spark_s() {
    for (text, condition) in [
        ("", "PARSE_EMPTY_STATEMENT"),
        (" \n", "PARSE_EMPTY_STATEMENT"),
        ("select /* 1", "UNCLOSED_BRACKETED_COMMENT"),
        ("select cast(1 as foo)", "UNSUPPORTED_DATATYPE"),
        ("select cast(1 as varchar)", "DATATYPE_MISSING_SIZE"),
        ("select date 'abc'", "INVALID_TYPED_LITERAL"),
        ("select x'1g'", "INVALID_TYPED_LITERAL"),
        ("select foo 'abc'", "UNSUPPORTED_TYPED_LITERAL"),
        ("select 300Y", "INVALID_NUMERIC_LITERAL_RANGE"),
        ("select 1e400", "INVALID_NUMERIC_LITERAL_RANGE"),
        ("select 123456789012345678901234567890123456789", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION"),
        ("select interval '1' day '1' month", "_LEGACY_ERROR_TEMP_0029"),
        ("select a in ()", "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE"),
        ("select * from a-b", "INVALID_IDENTIFIER"),
        ("select a from t order by a sort by b", "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES"),
        ("select sum(a) over w from t", "MISSING_WINDOW_SPECIFICATION"),
        ("select 1 from t window w as (order by a), w as (order by b)", "INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION"),
        ("values (1, 2), (3)", "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH"),
        ("with a as (select 1), A as (select 2) select 1", "DUPLICATED_CTE_NAMES"),
        ("select * from a right join lateral (select 1) b", "INVALID_LATERAL_JOIN_TYPE"),
        ("create temp view if not exists v as select 1", "_LEGACY_ERROR_TEMP_0053"),
        ("create temp view a.v as select 1", "INVALID_TEMP_OBJ_QUALIFIER"),
        ("show some functions", "INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE"),
        ("set a b", "INVALID_SET_SYNTAX"),
    ] {
        assert_eq!(error(text).condition(), condition, "{text}");
    }
}

#[test]
fn errors_point_into_the_text() {
    let error = error("select 'é', cast(1 as foo)");
    let [QueryContext::Sql { start, stop, fragment, .. }] = error.contexts() else { panic!("{error}") };
    assert_eq!((*start, *stop, fragment.as_str()), (22, 24, "foo"));
}

#[test]
fn expressions_know_where_they_were_written() {
    let text = "'é' || (a + b) as c";
    let expression = parse_expression(text, SqlOptions::default()).unwrap();
    let places = all_places(&format!("{expression:?}"));
    assert!(places.contains(&"start: 8, stop: 12, fragment: \"a + b\"".to_owned()), "{places:?}");
    assert!(places.contains(&"start: 12, stop: 12, fragment: \"b\"".to_owned()), "{places:?}");
}

fn all_places(debug: &str) -> Vec<String> {
    debug.split("start: ").skip(1).filter_map(|rest| Some(format!("start: {}", rest.split_once(" }")?.0))).collect()
}
