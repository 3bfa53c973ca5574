//! Conditions and updates: the vectors of the specification by number, the grammar, positions, unknowns.

use super::*;
use crate::item;

fn passes(item: &Item, text: &str) -> bool {
    Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).passes(item)
}

fn refused(text: &str) -> (ErrorName, usize) {
    let error = Condition::parse(text).expect_err(text);
    (error.name(), error.position().unwrap_or(usize::MAX))
}

fn refused_update(text: &str) -> (ErrorName, usize) {
    let error = Update::parse(text).expect_err(text);
    (error.name(), error.position().unwrap_or(usize::MAX))
}

fn apply(item: &Item, text: &str) -> Result<Item> {
    Update::parse(text)?.apply(item, &Absent)
}

#[track_caller]
fn check_passes(item: &Item, cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        assert_eq!(passes(item, text), *expected, "{text}");
    }
}

#[track_caller]
fn fails(item: &Item, text: &str) -> ErrorName {
    apply(item, text).expect_err(text).name()
}

#[test]
fn vector_35_numbers_compare_by_value_and_kinds_apart_never() {
    check_passes(&item! {a: 5}, &[("a == 5.0 AND NOT a != 5", true), ("a == '5'", false), ("a != '5'", false)]);
}

#[test]
fn vector_36_unknown_follows_kleene() {
    check_passes(&item! {a: 2}, &[("gone == 1 OR a == 2", true), ("NOT (gone == 1)", false), ("gone != 1", false)]);
}

#[test]
fn vector_37_empty_passes_and_constants_are_refused() {
    check_passes(&item! {a: 2}, &[("", true), (" \n", true), ("NOT exists(gone)", true)]);
    assert_eq!(refused("a = 2"), (ErrorName::ParseError, 2));
    assert_eq!(refused("1"), (ErrorName::ParseError, 0));
}

#[test]
fn vector_38_booleans_count_in_arithmetic_only() {
    check_passes(&item! {f: true, a: 1}, &[("f", true), ("f == 1", false), ("f + a == 2", true), ("a", false)]);
}

#[test]
fn vector_39_in_lists() {
    let red = item! {c: "red"};
    check_passes(&red, &[("c IN ('blue','red')", true), ("C in ('red')", false), ("NOT c in ('blue', gone)", false)]);
}

#[test]
fn vector_40_precedence() {
    let six = item! {a: 6};
    check_passes(&six, &[("a & 3 == 2", true), ("1 + 2 * 3 == 7", true), ("NOT a == 5 AND a > 1", true)]);
    assert_eq!(refused("1 < a < 9"), (ErrorName::ParseError, 6));
}

#[test]
fn vector_41_errors_are_unknown() {
    check_passes(&item! {a: 0}, &[("10 / a > 1 OR a == 0", true), ("10 / a > 1", false)]);
}

#[test]
fn vector_42_names_and_quotes() {
    let item = item! {exists: true, s: "it's"};
    check_passes(&item, &[("`exists` == true", true), ("s == 'it''s'", true), ("length(s) == 4", true)]);
}

#[test]
fn vector_43_actions_see_those_before() {
    let swapped = apply(&item! {a: 1, b: 2}, "t=a; a=b*10; b=t; remove t").unwrap();
    assert_eq!(swapped, item! {a: 20, b: 1});
}

#[test]
fn vector_44_no_parallel_assignment() {
    assert_eq!(apply(&item! {a: 1, b: 2}, "a=b; b=a").unwrap(), item! {a: 2, b: 2});
}

#[test]
fn vector_45_absent_is_an_error_in_updates() {
    assert_eq!(fails(&item! {a: 1}, "a=9; b=gone+1"), ErrorName::MissingAttribute);
}

#[test]
fn vector_46_if_not_exists() {
    let once = apply(&Item::new(), "n = if_not_exists(n,0) + 1").unwrap();
    assert_eq!(apply(&once, "n = if_not_exists(n,0) + 1").unwrap(), item! {n: 2});
}

#[test]
fn vector_49_arithmetic() {
    let result = apply(&item! {a: 7}, "q=a/2; r=-7/2; d=a/2.0; h=a<<1|1").unwrap();
    assert_eq!(result, item! {a: 7, q: 3, r: -3, d: 3.5, h: 15});
}

#[test]
fn vector_50_overflow() {
    assert_eq!(fails(&item! {a: i64::MAX}, "a=a+1"), ErrorName::ArithmeticOverflow);
}

#[test]
fn vector_51_arrays() {
    let text = "z=init_array(4,'int'); z[1]=5; z[2]=z[1]*2; m=max(z[0..2]); n=length(z); y=z[1..2]";
    let result = apply(&Item::new(), text).unwrap();
    assert_eq!(result, item! {z: vec![0i64, 5, 10, 0], m: 10, n: 4, y: vec![5i64, 10]});
}

#[test]
fn vector_52_array_errors() {
    let item = item! {z: vec![1i64, 2]};
    assert_eq!(fails(&item, "z[2]=1"), ErrorName::IndexOutOfRange);
    assert_eq!(fails(&item, "z[0]=1.5"), ErrorName::TypeError);
}

#[test]
fn vector_53_functions() {
    let result = apply(&Item::new(), "a=max(true,3); b=max(true,0); c=min(1,9.0); d=if_else(1>2,'x','y')").unwrap();
    assert_eq!(result, item! {a: 3, b: true, c: 1.0, d: "y"});
}

#[test]
fn vector_61_filters() {
    check_passes(&item! {a: 1}, &[("a != 5", true)]);
    check_passes(&item! {b: 1}, &[("a != 5", false)]);
}

#[test]
fn vector_63_reserved_names() {
    assert_eq!(refused_update("a = 1; __name='z'"), (ErrorName::ReservedName, 7));
    assert_eq!(refused_update("remove __mtime_secs"), (ErrorName::ReservedName, 7));
    assert!(Update::parse("__mine = __mtime_secs").is_ok());
}

#[test]
fn every_level_of_precedence() {
    check_passes(
        &item! {a: 6, t: true, f: false, z: vec![1i64, 2, 3]},
        &[
            ("-a + 10 == 4", true),
            ("~0 + 1 == 0", true),
            ("2 * 3 + 4 * 5 == 26", true),
            ("20 - 5 - 3 == 12", true),
            ("100 / 5 / 2 == 10", true),
            ("1 + 1 << 2 == 8", true),
            ("1 << 2 << 1 == 8", true),
            ("3 & 1 << 1 == 2", true),
            ("7 ^ 2 & 3 == 5", true),
            ("4 | 1 ^ 1 == 4", true),
            ("-z[1] == -2", true),
            ("NOT f AND t OR f", true),
            ("f AND f OR t", true),
            ("t OR f AND f", true),
            ("NOT (t OR f)", false),
            ("NOT NOT t", true),
            ("not a in (1, 2) and a IN (3 + 3)", true),
            ("(a == 6) == true", true),
            ("a >> 1 == 3 and -1 >> 63 == -1", true),
        ],
    );
}

#[test]
fn positions_count_characters() {
    for (text, position) in [
        ("a == ", 5),
        ("a == 'ä' AND ?", 13),
        ("a == 'x", 5),
        ("ab <> 2", 3),
        ("ab && cd", 3),
        ("a || b", 2),
        ("!a", 0),
        ("a % 2 == 0", 2),
        ("a == \"x\"", 5),
        ("a == .5", 5),
        ("a == 5.", 5),
        ("a == 5x", 5),
        ("a == 9223372036854775808", 5),
        ("a == 99999999999999999999", 5),
        ("a == 1:1000000000", 6),
        ("nope(1)", 0),
        ("a == length(a, b)", 5),
        ("exists(a, b)", 8),
        ("exists(1)", 7),
        ("(a == 1", 7),
        ("a == 1)", 6),
        ("a in ()", 6),
        ("a in (1", 7),
        ("a in (1) == true", 9),
        ("a == in", 5),
        ("and", 0),
        ("a NOT IN (1)", 2),
        ("a == ${n", 5),
        ("a == ${}", 5),
        ("é == 1", 0),
        ("a[0", 3),
        ("a[0..]", 5),
        ("a == b == c", 7),
        ("'x'", 0),
        ("1 + 1", 2),
        ("timestamp('never') == a", 0),
    ] {
        assert_eq!(refused(text), (ErrorName::ParseError, position), "{text}");
    }
    for (text, position) in [
        ("a", 1),
        ("a == 1", 2),
        ("; a = 1", 0),
        ("a = 1;; b = 2", 6),
        ("a = 1 b = 2", 6),
        ("remove", 6),
        ("set = 1", 4),
        ("1 = a", 0),
        ("delete(a", 8),
        ("in = 1", 0),
        ("a = init_array(1, 'text')", 4),
    ] {
        assert_eq!(refused_update(text), (ErrorName::ParseError, position), "{text}");
    }
    assert_eq!(refused("`a b` == 1"), (ErrorName::InvalidAttributeName, 0));
    assert_eq!(refused("`` == 1"), (ErrorName::InvalidAttributeName, 0));
}

#[test]
fn literals() {
    let t = Value::Timestamp { secs: -5, nanos: 40 };
    let item = item! {a: i64::MIN, d: 1.5e3, b: "back\\slash", t: t};
    let mut item = item;
    item.set("with-dash", 1);
    check_passes(
        &item,
        &[
            ("a == -9223372036854775808", true),
            ("d == 1.5e3 and d == 1500 and d == 15E+2 and d == 1500.0e-0", true),
            ("b == 'back\\slash'", true),
            ("t == -5:40 and t < 0:0 and t > -6:999999999", true),
            ("t == timestamp('1969-12-31T23:59:55.00000004Z')", true),
            ("t == timestamp('1970-01-01T01:59:55.00000004+02:00')", true),
            ("`with-dash` == 1", true),
            ("TRUE and not FALSE", true),
            ("-9223372036854775808 == a", true),
        ],
    );
}

#[test]
fn delete_is_a_name_unless_it_is_called() {
    let item = apply(&item! {a: 1}, "delete = 5; SET b = `delete` + delete; delete(a); DELETE (gone); Remove gone;").unwrap();
    assert_eq!(item, item! {delete: 5, b: 10});
}

#[test]
fn ranges_of_arrays() {
    let item = item! {z: vec![1i64, 2, 3, 4, 5], d: vec![1.5, 2.5]};
    let result = apply(&item, "z[0..1]=z[3..4]; d[0]=7; d[0..1]=z[1..2]; s=sum(z)+sum(d); l=length(z+z); m=min(d)").unwrap();
    let z = vec![4i64, 5, 3, 4, 5];
    assert_eq!(result, item! {z: z, d: vec![5.0, 3.0], s: 29.0, l: 10, m: 3.0});
    for (text, name) in [
        ("z[0..1]=z[0..2]", ErrorName::TypeError),
        ("z[0..1]=3", ErrorName::TypeError),
        ("z[0..1]=d", ErrorName::TypeError),
        ("z[0]=z", ErrorName::TypeError),
        ("z[0]=true", ErrorName::TypeError),
        ("z['a']=1", ErrorName::TypeError),
        ("z[3..5]=z[0..2]", ErrorName::IndexOutOfRange),
        ("x=z[3..2]", ErrorName::IndexOutOfRange),
        ("x=z[-1]", ErrorName::IndexOutOfRange),
        ("x=z+d", ErrorName::TypeError),
        ("gone[0]=1", ErrorName::MissingAttribute),
        ("z=1; z[0]=1", ErrorName::TypeError),
        ("x=max(init_array(0,'int'))", ErrorName::IndexOutOfRange),
        ("x=init_array(-1,'int')", ErrorName::TypeError),
        ("x=init_array(200000,'double')", ErrorName::AttributeTooLarge),
    ] {
        assert_eq!(fails(&item, text), name, "{text}");
    }
}

#[test]
fn types_and_errors_of_operators() {
    let item = item! {a: 1, s: "x", f: true, d: 1.5, t: Value::Timestamp { secs: 1, nanos: 0 }, m: i64::MIN};
    for (text, name) in [
        ("x = a + s", ErrorName::TypeError),
        ("x = s - s", ErrorName::TypeError),
        ("x = d & 1", ErrorName::TypeError),
        ("x = ~d", ErrorName::TypeError),
        ("x = -s", ErrorName::TypeError),
        ("x = 1 << 64", ErrorName::TypeError),
        ("x = 1 << -1", ErrorName::TypeError),
        ("x = 1 / 0", ErrorName::DivisionByZero),
        ("x = 1 / false", ErrorName::DivisionByZero),
        ("x = m / -1", ErrorName::ArithmeticOverflow),
        ("x = -m", ErrorName::ArithmeticOverflow),
        ("x = m * 2", ErrorName::ArithmeticOverflow),
        ("x = m - 1", ErrorName::ArithmeticOverflow),
        ("x = a AND true", ErrorName::TypeError),
        ("x = NOT a", ErrorName::TypeError),
        ("x = if_else(a, 1, 2)", ErrorName::TypeError),
        ("x = if_else(gone == 1, 1, 2)", ErrorName::MissingAttribute),
        ("x = length(a)", ErrorName::TypeError),
        ("x = min(s, a)", ErrorName::TypeError),
        ("x = sqrt(s)", ErrorName::TypeError),
        ("x = timestamp(s)", ErrorName::TypeError),
        ("x = ${p}", ErrorName::MissingAttribute),
    ] {
        assert_eq!(fails(&item, text), name, "{text}");
    }
    let good = "g = f + f; h = -f; i = a / 2.0; j = 1.0 / 0; k = s + 'y'; l = sqrt(-1) != sqrt(-1); n = exists(a) AND a == 1; \
                o = if_else(true, 1, gone); p = true OR gone; q = +f; r = ~f; u = a IN (1, gone); v = f ^ 3";
    let result = apply(&item, good).unwrap();
    for (name, value) in [
        ("g", Value::from(2)),
        ("h", (-1).into()),
        ("i", 0.5.into()),
        ("j", f64::INFINITY.into()),
        ("k", "xy".into()),
        ("l", true.into()),
        ("n", true.into()),
        ("o", 1.into()),
        ("p", true.into()),
        ("q", 1.into()),
        ("r", (-2).into()),
        ("u", true.into()),
        ("v", 2.into()),
    ] {
        assert_eq!(result.get(name), Some(&value), "{name}");
    }
}

#[test]
fn integers_meet_doubles_exactly() {
    let item = item! {big: 9_007_199_254_740_993i64, max: i64::MAX, min: i64::MIN, nan: f64::NAN};
    check_passes(
        &item,
        &[
            ("big == 9007199254740992.0", false),
            ("big > 9007199254740992.0", true),
            ("max < 9223372036854775808.0", true),
            ("min == -9223372036854775808.0", true),
            ("min > -1e300 and max < 1e300", true),
            ("nan == nan", false),
            ("nan != nan", true),
            ("nan < 1 or nan > 1", false),
            ("0 > -0.5 and 0 < 0.5 and -1 < -0.5", true),
        ],
    );
}

#[test]
fn unknowns_pass_on_until_a_boolean_holds_them() {
    let item = item! {a: 1, t: true, s: "abc", z: vec![1i64]};
    for (text, truth) in [
        ("gone == 1", None),
        ("gone + 1 == 2 AND a == 2", Some(false)),
        ("gone + 1 == 2 AND a == 1", None),
        ("(gone == 1) == true", None),
        ("a IN (gone, 1)", Some(true)),
        ("a IN (gone, 2)", None),
        ("gone IN (1)", None),
        ("if_else(gone == 1, a == 1, a == 2)", Some(false)),
        ("if_not_exists(gone, 1) == 1", Some(true)),
        ("starts(s, 'ab') AND ends(s, 'bc') AND contains(s, 'b')", Some(true)),
        ("starts(a, '1')", Some(false)),
        ("starts(gone, '1')", None),
        ("a", None),
        ("a AND false", Some(false)),
        ("z[4] == 1", None),
        ("z == z", Some(false)),
        ("z != z", Some(false)),
        ("NOT a", None),
        ("t < t", Some(false)),
        ("exists(gone) OR exists(a)", Some(true)),
        ("1 / 0 == 1", None),
    ] {
        assert_eq!(Condition::parse(text).unwrap().truth(&item), truth, "{text}");
    }
}

#[test]
fn values_are_bound_by_type() {
    let item = item! {a: 5, s: "x' OR true OR 'y"};
    let text = Condition::parse("s == ${s} AND a > ${n}").unwrap();
    assert_eq!(text.parameters().iter().map(|p| (&*p.name, p.position)).collect::<Vec<_>>(), [("s", 5), ("n", 18)]);
    assert_eq!(text.check_bound().unwrap_err().name(), ErrorName::InvalidArgument);
    assert!(text.bind_row([Some("x' OR true OR 'y".into()), Some(4.into())]).passes(&item));
    assert!(!text.bind_row([Some("x".into()), Some(4.into())]).passes(&item));
    let null = text.clone().bind("s", "x' OR true OR 'y").unwrap().bind_null("n").unwrap();
    null.check_bound().unwrap();
    assert_eq!(null.truth(&item), None);
    assert_eq!(text.bind("m", 1).unwrap_err().name(), ErrorName::InvalidArgument);
    let update = Update::parse("b = ${b}").unwrap().bind("b", vec![1u8, 2]).unwrap();
    assert_eq!(update.apply(&Item::new(), &Absent).unwrap(), item! {b: vec![1u8, 2]});
}

#[test]
fn system_attributes_are_read_from_the_store() {
    struct System;
    impl Attributes for System {
        fn attribute(&self, attribute: &Attribute) -> Option<Cow<'_, Value>> {
            (*attribute.name == *"__mtime_secs").then(|| Cow::Owned(7.into()))
        }
    }
    let item = item! {a: 1};
    let stored = Stored { item: &item, system: &System };
    let condition = Condition::parse("__mtime_secs == 7 AND exists(__mtime_secs) AND a == 1 AND NOT exists(__size)").unwrap();
    assert!(condition.passes(&stored));
    let update = Update::parse("seen = __mtime_secs; __hidden = seen + 1; twice = __hidden").unwrap();
    assert_eq!(update.apply(&item, &System).unwrap(), item! {a: 1, seen: 7, __hidden: 8, twice: 8});
}

#[test]
fn bounds() {
    let chain = |count: usize| format!("a == 0{}", " + 1".repeat(count));
    assert!(Condition::parse(&chain(699)).is_ok());
    assert_eq!(refused(&chain(700)).0, ErrorName::ParseError);
    let list = |count: usize| format!("a IN (0{})", ", 1".repeat(count - 1));
    assert!(Condition::parse(&list(1024)).is_ok());
    assert_eq!(refused(&list(1025)).0, ErrorName::ParseError);
    assert_eq!(refused(&format!("a == '{}'", "x".repeat(8192))), (ErrorName::ParseError, 0));
    let nested = |count: usize| format!("{}a{}", "(".repeat(count), ")".repeat(count));
    assert!(Condition::parse(&nested(999)).is_ok());
    assert_eq!(refused(&nested(1000)).0, ErrorName::ParseError);
    assert!(Condition::parse(&format!("{}a{}", "(".repeat(699), " OR a)".repeat(699))).is_ok());
}

#[test]
fn growth_is_bounded() {
    let item = item! {a: "x".repeat(60_000)};
    let doubling = "a = a + a; ".repeat(20);
    assert_eq!(fails(&item, &doubling), ErrorName::AttributeTooLarge);
    let many: String = (0..900).map(|at| format!("b{at}=a;")).collect();
    assert_eq!(fails(&item, &many), ErrorName::ItemTooLarge);
}

/// Runs on a small stack: what is refused as too deep must not overflow it first, what is accepted must fit.
#[test]
fn deep_texts_fit_a_small_stack() {
    let deep =
        |open: &str, inner: &str, close: &str, times: usize| format!("{}{inner}{}", open.repeat(times), close.repeat(times));
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(move || {
            for times in [10, 97, 500, 699, 999, 1000, 2000] {
                for text in [
                    deep("(", "a", ")", times),
                    deep("NOT ", "a", "", times),
                    deep("- ", "a", "", times) + " == 1",
                    deep("~", "a", "", times) + " == 1",
                    deep("a[", "0", "]", times) + " == 1",
                    deep("if_else(a,", "a", ",a)", times),
                    deep("1|1^1&1<<1+1*(", "a", ")", times) + " == 1",
                    deep("(", "a", "*1+1<<1&1^1|1)", times) + " == 1",
                    deep("a IN (", "a", ")", times),
                    deep("(a OR a AND NOT 1 == ", "a", ")", times),
                ] {
                    if let Ok(condition) = Condition::parse(&text) {
                        condition.passes(&item! {a: true});
                        condition.passes(&Item::new());
                    }
                    if let Ok(update) = Update::parse(&format!("x = {text}")) {
                        let _ = update.apply(&item! {a: 1}, &Absent);
                    }
                }
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
