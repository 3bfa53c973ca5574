//! Changes of one item: the vectors of the specification by number.

use super::*;
use crate::item;

fn write(mode: UpdateMode, attributes: Vec<(&str, Assign)>) -> Change {
    let attributes = attributes.into_iter().map(|(name, assign)| (name.into(), assign)).collect();
    Change::Write { mode, attributes, condition: None }
}

fn when(change: Change, text: &str) -> Change {
    let parsed = Some(Condition::parse(text).unwrap());
    match change {
        Change::Write { mode, attributes, .. } => Change::Write { mode, attributes, condition: parsed },
        Change::Evaluate { update, otherwise, .. } => Change::Evaluate { update, condition: parsed, otherwise },
        Change::Delete { .. } => Change::Delete { condition: parsed },
    }
}

fn expression(update: &str) -> Change {
    Change::Evaluate { update: Update::parse(update).unwrap(), condition: None, otherwise: None }
}

fn run(stored: Option<&Item>, change: &Change) -> Result<Decision> {
    run_under(stored, "p", change, &Rules::default())
}

fn run_under(stored: Option<&Item>, key: &str, change: &Change, rules: &Rules) -> Result<Decision> {
    let stored = stored.map(|item| Stored { item, system: &Absent });
    change.check()?;
    decide(stored, &Key::parse(key)?, change, rules)
}

/// Carries a change out, as a slice would.
fn carry_out(state: &mut Option<Item>, change: &Change) -> Result<()> {
    match run(state.as_ref(), change)? {
        Decision::Create(item) | Decision::Update(item) => *state = Some(item),
        Decision::Delete => *state = None,
        Decision::Same | Decision::Unchanged(_) => {}
    }
    Ok(())
}

fn keyed(key: &str, sorting: Option<&str>, buckets: u32) -> Rules {
    let columns = KeyColumns { key: key.into(), sorting: sorting.map(str::to_owned), buckets };
    Rules { key_columns: Some(columns), limits: Limits::default() }
}

use UpdateMode::{Append, AppendNew, Overwrite, Replace};

#[test]
fn vector_47_else_branch_creates() {
    let change = Change::Evaluate {
        update: Update::parse("a=a+1").unwrap(),
        condition: Some(Condition::parse("ok==true").unwrap()),
        otherwise: Some(Update::parse("a=0; ok=true").unwrap()),
    };
    let mut state = None;
    for _ in 0..3 {
        carry_out(&mut state, &change).unwrap();
    }
    assert_eq!(state, Some(item! {a: 2, ok: true}));
}

#[test]
fn vector_48_empty_update_creates_once() {
    assert_eq!(run(None, &expression("")).unwrap(), Decision::Create(Item::new()));
    let there = run(Some(&item! {a: 1}), &expression("")).unwrap();
    assert_eq!(there, Decision::Unchanged(Unchanged::ItemExists));
}

#[test]
fn vector_50_overflow_names_the_item() {
    let error = run(Some(&item! {a: i64::MAX}), &expression("a=a+1")).unwrap_err();
    assert_eq!(error.name(), ErrorName::ArithmeticOverflow);
    assert_eq!(error.to_string(), "ArithmeticOverflow: the result does not fit 64 bits (position 3, item p)");
}

#[test]
fn vector_54_append_and_overwrite() {
    let stored = item! {a: 1, b: 2};
    let given = || vec![("a", 9.into()), ("c", 3.into())];
    let appended = run(Some(&stored), &write(Append, given())).unwrap();
    assert_eq!(appended, Decision::Update(item! {a: 1, b: 2, c: 3}));
    let overwritten = run(Some(&stored), &write(Overwrite, given())).unwrap();
    assert_eq!(overwritten, Decision::Update(item! {a: 9, c: 3}));
    let replaced = run(Some(&stored), &write(Replace, given())).unwrap();
    assert_eq!(replaced, Decision::Update(item! {a: 9, b: 2, c: 3}));
}

#[test]
fn vector_55_append_new_leaves_items_alone() {
    let change = write(AppendNew, vec![("a", 9.into()), ("n", Assign::Increment(1.into()))]);
    assert_eq!(run(Some(&item! {a: 1, b: 2}), &change).unwrap(), Decision::Unchanged(Unchanged::ItemExists));
    assert_eq!(run(None, &change).unwrap(), Decision::Create(item! {a: 9, n: 1}));
}

#[test]
fn vector_56_increments_read_before_overwrite_clears() {
    let change = write(Overwrite, vec![("n", Assign::Increment(5.into()))]);
    assert_eq!(run(Some(&item! {n: 10, b: 2}), &change).unwrap(), Decision::Update(item! {n: 15}));
}

#[test]
fn vector_57_increment_of_a_text() {
    let change = write(Replace, vec![("n", Assign::Increment(5.into()))]);
    assert_eq!(run(Some(&item! {n: "x"}), &change).unwrap_err().name(), ErrorName::TypeError);
}

#[test]
fn vector_58_compare_and_set() {
    struct Version(i64);
    impl Attributes for Version {
        fn attribute(&self, attribute: &crate::expression::Attribute) -> Option<std::borrow::Cow<'_, Value>> {
            (*attribute.name == *"__mtime_secs").then(|| std::borrow::Cow::Owned(self.0.into()))
        }
    }
    let change = when(write(Replace, vec![("a", 2.into())]), "__mtime_secs == 7");
    let (item, key) = (item! {a: 1}, Key::parse("p").unwrap());
    let at = |version: &Version| decide(Some(Stored { item: &item, system: version }), &key, &change, &Rules::default());
    assert_eq!(at(&Version(7)).unwrap(), Decision::Update(item! {a: 2}));
    assert_eq!(at(&Version(8)).unwrap(), Decision::Unchanged(Unchanged::ConditionFalse));
}

#[test]
fn vector_63_key_attributes_stay() {
    let rules = keyed("k", None, 0);
    let stored = item! {k: "p"};
    for change in [
        expression("k='z'"),
        expression("remove k"),
        write(Replace, vec![("k", "z".into())]),
        write(Replace, vec![("k", Assign::Null)]),
        write(Overwrite, vec![("k", "z".into())]),
    ] {
        let error = run_under(Some(&stored), "p", &change, &rules).unwrap_err();
        assert_eq!(error.name(), ErrorName::KeyAttributeImmutable, "{change:?}");
    }
    assert_eq!(Update::parse("__name='z'").unwrap_err().name(), ErrorName::ReservedName);
    assert_eq!(run_under(Some(&stored), "p", &expression("k='p'; a=1"), &rules).unwrap(), Decision::Update(item! {k: "p", a: 1}));
    let anew = run_under(Some(&stored), "p", &write(Overwrite, vec![("a", 1.into())]), &rules).unwrap();
    assert_eq!(anew, Decision::Update(item! {a: 1}));
    let created = run_under(None, "p", &expression("k='z'"), &rules).unwrap_err();
    assert_eq!(created.name(), ErrorName::KeyAttributeImmutable);
}

#[test]
fn key_attributes_of_compound_and_distributed_keys() {
    let rules = keyed("k", Some("s"), 0);
    assert!(run_under(None, "7.a.b", &expression("k=7; s='a.b'"), &rules).is_ok());
    assert!(run_under(None, "7.a.b", &expression("k=7; s='a'"), &rules).is_err());
    let rules = keyed("k", Some("s"), 64);
    assert!(run_under(None, "7_36.20180602", &expression("k=7; s='20180602'"), &rules).is_ok());
    assert!(run_under(None, "7_35.20180602", &expression("k=7; s='20180602'"), &rules).is_err());
    assert!(run_under(None, "7_36.20180602", &expression("k='7_36'"), &rules).is_err());
}

#[test]
fn increments_promote_and_overflow() {
    let by = |step: Value| write(Replace, vec![("n", Assign::Increment(step))]);
    assert_eq!(run(Some(&item! {n: 1}), &by(0.5.into())).unwrap(), Decision::Update(item! {n: 1.5}));
    assert_eq!(run(Some(&item! {n: 1.5}), &by(1.into())).unwrap(), Decision::Update(item! {n: 2.5}));
    assert_eq!(run(Some(&item! {b: 1}), &by(1.into())).unwrap(), Decision::Update(item! {b: 1, n: 1}));
    assert_eq!(run(Some(&item! {n: 1}), &by(0.into())).unwrap(), Decision::Same);
    let error = run(Some(&item! {n: i64::MAX}), &by(1.into())).unwrap_err();
    assert_eq!(error.name(), ErrorName::ArithmeticOverflow);
    let append = write(Append, vec![("n", Assign::Increment(5.into()))]);
    assert_eq!(run(Some(&item! {n: 1}), &append).unwrap(), Decision::Update(item! {n: 6}));
    assert_eq!(by("x".into()).check().unwrap_err().name(), ErrorName::InvalidArgument);
}

#[test]
fn nulls_by_mode() {
    let given = || vec![("a", Assign::Null), ("b", 3.into())];
    let stored = item! {a: 1, c: 1};
    assert_eq!(run(Some(&stored), &write(Append, given())).unwrap(), Decision::Update(item! {a: 1, b: 3, c: 1}));
    assert_eq!(run(Some(&stored), &write(Replace, given())).unwrap(), Decision::Update(item! {b: 3, c: 1}));
    assert_eq!(run(Some(&stored), &write(Overwrite, given())).unwrap(), Decision::Update(item! {b: 3}));
    assert_eq!(run(None, &write(Append, given())).unwrap(), Decision::Create(item! {b: 3}));
}

#[test]
fn conditions_against_no_item() {
    let change = |text: &str| when(write(Replace, vec![("a", 1.into())]), text);
    assert_eq!(run(None, &change("a == 1")).unwrap(), Decision::Unchanged(Unchanged::ConditionFalse));
    assert_eq!(run(None, &change("NOT exists(__name)")).unwrap(), Decision::Create(item! {a: 1}));
}

#[test]
fn deletes() {
    let delete = Change::Delete { condition: None };
    assert_eq!(run(None, &delete).unwrap(), Decision::Unchanged(Unchanged::NoSuchItem));
    assert_eq!(run(Some(&item! {a: 1}), &delete).unwrap(), Decision::Delete);
    let change = when(delete, "a == 2");
    assert_eq!(run(Some(&item! {a: 1}), &change).unwrap(), Decision::Unchanged(Unchanged::ConditionFalse));
    assert_eq!(run(Some(&item! {a: 2}), &change).unwrap(), Decision::Delete);
    assert_eq!(run(None, &change).unwrap(), Decision::Unchanged(Unchanged::NoSuchItem));
}

#[test]
fn limits_of_items() {
    let name = |change: &Change| run(None, change).unwrap_err().name();
    let text = |bytes: usize| write(Replace, vec![("s", "x".repeat(bytes).into())]);
    assert!(run(None, &text(61_200)).is_ok());
    assert_eq!(name(&text(61_201)), ErrorName::AttributeTooLarge);
    assert_eq!(name(&write(Replace, vec![("b", vec![0u8; 1_048_577].into())])), ErrorName::AttributeTooLarge);
    let two = write(Replace, vec![("b", vec![0u8; 1_000_000].into()), ("c", vec![0u8; 1_000_000].into())]);
    assert_eq!(name(&two), ErrorName::ItemTooLarge);
    let attributes = (0..1601).map(|at| (format!("a{at}").into(), 1.into())).collect();
    let many = Change::Write { mode: Replace, attributes, condition: None };
    assert_eq!(name(&many), ErrorName::LimitExceeded);
}

#[test]
fn names_are_checked_once() {
    let check = |name: &str| write(Replace, vec![(name, 1.into())]).check().map_err(|error| error.name());
    assert_eq!(check("with-dash"), Ok(()));
    assert_eq!(check("__mine"), Ok(()));
    assert_eq!(check("__size"), Err(ErrorName::ReservedName));
    for name in ["", "1a", "-a", "a b", "ä", &"x".repeat(256)] {
        assert_eq!(check(name), Err(ErrorName::InvalidAttributeName), "{name}");
    }
}

#[test]
fn modes_by_name() {
    for (text, mode) in [
        ("append", Append),
        ("APPEND_NEW", AppendNew),
        ("CreateNewItemOnly", AppendNew),
        ("createNewItemsOnly", AppendNew),
        ("CreateOrReplaceAttributes", Replace),
        ("updateItem", Replace),
        ("OverWriteAttributes", Overwrite),
        ("overwriteItem", Overwrite),
    ] {
        assert_eq!(text.parse::<UpdateMode>().unwrap(), mode);
    }
    assert_eq!("merge".parse::<UpdateMode>().unwrap_err().name(), ErrorName::InvalidArgument);
}

#[test]
fn without_an_item_values_need_not_be_copied() {
    let key = Key::parse("p").unwrap();
    let set = |name: &str, value: i64| (Arc::from(name), Assign::from(value));
    let condition = |text: &str| Some(Condition::parse(text).unwrap());
    let lists: Vec<Assignments> = vec![
        vec![],
        vec![set("b", 1), set("a", 2), set("b", 3)],
        vec![set("a", 1), ("a".into(), Assign::Increment(5.into()))],
        vec![set("a", 1), ("a".into(), Assign::Null), set("c", 2)],
        vec![("s".into(), Assign::from("x".repeat(1 << 20)))],
    ];
    let mut changes = vec![Change::Delete { condition: None }];
    for attributes in lists {
        for mode in [UpdateMode::Append, UpdateMode::AppendNew, UpdateMode::Replace, UpdateMode::Overwrite] {
            for condition in [None, condition("a == 1"), condition("not(exists(a))")] {
                changes.push(Change::Write { mode, attributes: attributes.clone(), condition });
            }
        }
    }
    for change in changes {
        let copied = decide(None, &key, &change, &Rules::default());
        assert_eq!(decide_absent(&key, change.clone(), &Rules::default()), copied, "{change:?}");
    }
}
