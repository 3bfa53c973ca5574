//! The key-value service as its clients meet it: bytes through `Engine::rpc`, every call, and the errors by their names.
//!
//! Not here: what changes make of items (`emberflow-nosql`'s own tests), sockets (`emberflow-server`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use emberflow::connect::kv::administer::What;
use emberflow::connect::kv::outcome::Kind;
use emberflow::connect::kv::request::Call;
use emberflow::connect::kv::response::Answer;
use emberflow::connect::kv::value::Value as V;
use emberflow::connect::kv::{self, operation::Change, scan::Part};
use emberflow::connect::rpc::Method;
use emberflow::{Engine, EngineOptions};
use prost::Message;

/// An engine with a warehouse of its own, which goes with it.
struct Stage {
    engine: Arc<Engine>,
    folder: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("emberflow-kv-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let options = EngineOptions { cores: 1, warehouse: folder.clone(), ..EngineOptions::default() };
        Self { engine: Engine::start(options).unwrap(), folder }
    }

    fn execute(&self, request: kv::Request) -> Answer {
        let rpc = self.engine.rpc();
        let bytes = self.engine.tokio().block_on(async {
            let (requests, mut responses) = rpc.start(Method::KeyValue, Vec::new()).split();
            requests.send(request.encode_to_vec().into()).await.unwrap();
            responses.recv().await.unwrap().unwrap()
        });
        kv::Response::decode(bytes).unwrap().answer.unwrap()
    }

    fn call(&self, table: &str, call: Call) -> Answer {
        self.execute(kv::Request { container: "shop".into(), table: table.into(), call: Some(call) })
    }

    fn batch(&self, operations: impl IntoIterator<Item = kv::Operation>) -> Vec<kv::Outcome> {
        match self.call("parts", Call::Batch(kv::Batch { operations: operations.into_iter().collect() })) {
            Answer::Outcomes(done) => done.outcomes,
            other => panic!("{other:?}"),
        }
    }

    fn kinds(&self, operations: impl IntoIterator<Item = kv::Operation>) -> Vec<Kind> {
        self.batch(operations).iter().map(kv::Outcome::kind).collect()
    }

    /// The name of the error of a single operation.
    fn refused(&self, operation: kv::Operation) -> String {
        let outcome = self.batch([operation]).remove(0);
        outcome.error.clone().unwrap_or_else(|| panic!("no error: {:?}", outcome.kind())).name
    }

    fn get(&self, key: &str) -> String {
        let Answer::Items(found) = self.call("parts", get(&[key], &[])) else { panic!("no items") };
        shown(&found.items[0])
    }

    fn scan(&self, scan: kv::Scan) -> kv::Page {
        match self.call("parts", Call::Scan(scan)) {
            Answer::Page(page) => page,
            other => panic!("{other:?}"),
        }
    }

    fn administer(&self, table: &str, what: What, argument: &str) -> String {
        match self.call(table, administer(what, argument)) {
            Answer::Json(json) => json,
            other => panic!("{other:?}"),
        }
    }
}

fn error(answer: Answer) -> kv::Failure {
    match answer {
        Answer::Error(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn get(keys: &[&str], select: &[&str]) -> Call {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Call::Get(kv::Get { keys: texts(keys), select: texts(select) })
}

fn administer(what: What, argument: &str) -> Call {
    Call::Administer(kv::Administer { what: what.into(), argument: argument.into() })
}

fn delete_where(filter: &str) -> Call {
    Call::DeleteWhere(kv::DeleteWhere { filter: Some(text(filter)) })
}

fn long(number: i64) -> V {
    V::Long(number)
}

fn text(text: &str) -> kv::Text {
    kv::Text { text: text.into(), values: BTreeMap::new() }
}

fn with(text: &str, name: &str, value: V) -> kv::Text {
    let value = kv::Value { value: Some(value) };
    kv::Text { text: text.into(), values: BTreeMap::from([(name.to_owned(), value)]) }
}

fn write(mode: kv::Mode, key: &str, attributes: impl IntoIterator<Item = (&'static str, V)>) -> kv::Operation {
    let attribute = |(name, value): (&str, V)| kv::Attribute {
        name: name.into(),
        value: Some(kv::Value { value: Some(value) }),
        is_increment: false,
    };
    let attributes = attributes.into_iter().map(attribute).collect();
    let change = Change::Write(kv::Write { mode: mode.into(), attributes });
    kv::Operation { key: key.into(), change: Some(change), condition: None }
}

fn put(key: &str, attributes: impl IntoIterator<Item = (&'static str, V)>) -> kv::Operation {
    write(kv::Mode::Overwrite, key, attributes)
}

fn increment(key: &str, name: &str, step: V) -> kv::Operation {
    let attribute = kv::Attribute { name: name.into(), value: Some(kv::Value { value: Some(step) }), is_increment: true };
    let change = Change::Write(kv::Write { mode: kv::Mode::Replace.into(), attributes: vec![attribute] });
    kv::Operation { key: key.into(), change: Some(change), condition: None }
}

fn expression(key: &str, update: kv::Text, otherwise: Option<kv::Text>) -> kv::Operation {
    let change = Change::Expression(kv::Expression { update: Some(update), otherwise });
    kv::Operation { key: key.into(), change: Some(change), condition: None }
}

fn delete(key: &str) -> kv::Operation {
    kv::Operation { key: key.into(), change: Some(Change::Delete(true)), condition: None }
}

fn when(mut operation: kv::Operation, condition: kv::Text) -> kv::Operation {
    operation.condition = Some(condition);
    operation
}

/// `a: 1, b: "x"`; an item that is not there is `absent`.
fn shown(item: &kv::Item) -> String {
    let value = |value: &kv::Value| match value.value.as_ref().unwrap() {
        V::Null(_) => "null".to_owned(),
        V::Boolean(it) => it.to_string(),
        V::Long(it) => it.to_string(),
        V::Double(it) => format!("{it:?}"),
        V::String(it) => format!("{it:?}"),
        V::Timestamp(it) => format!("{}:{}", it.seconds, it.nanoseconds),
        V::Blob(it) => format!("{it:x?}"),
        V::Longs(it) => format!("{:?}", it.values),
        V::Doubles(it) => format!("{:?}", it.values),
    };
    let one = |one: &kv::Attribute| format!("{}: {}", one.name, value(one.value.as_ref().unwrap()));
    match item.is_absent {
        true => "absent".to_owned(),
        false => item.attributes.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

fn names(page: &kv::Page) -> Vec<String> {
    page.items.iter().map(shown).collect()
}

#[test]
fn values_of_every_type_come_back() {
    let stage = Stage::new("types");
    let values = [
        ("b", V::Boolean(true)),
        ("d", V::Double(0.5)),
        ("l", V::Long(i64::MIN)),
        ("ld", V::Longs(kv::Longs { values: vec![1, 2] })),
        ("n", V::Null(true)),
        ("o", V::Doubles(kv::Doubles { values: vec![0.5] })),
        ("r", V::Blob(vec![0, 255])),
        ("s", V::String("ü".into())),
        ("t", V::Timestamp(kv::Timestamp { seconds: -1, nanoseconds: 999_999_999 })),
    ];
    assert_eq!(stage.kinds([put("p", values)]), [Kind::Created]);
    let expected = r#"b: true, d: 0.5, l: -9223372036854775808, ld: [1, 2], o: [0.5], r: [0, ff], s: "ü", t: -1:999999999"#;
    assert_eq!(stage.get("p"), expected);
    let too_much = V::Timestamp(kv::Timestamp { seconds: 0, nanoseconds: 1_000_000_000 });
    assert_eq!(stage.refused(put("p", [("t", too_much)])), "InvalidArgument");
}

#[test]
fn each_operation_of_a_batch_answers_for_itself() {
    let stage = Stage::new("batch");
    assert_eq!(stage.kinds([put("p", [("a", long(1)), ("b", long(2))]), put("q", [("a", long(1))])]), [Kind::Created; 2]);
    let operations = [
        write(kv::Mode::Append, "p", [("a", long(9)), ("c", long(3))]),
        write(kv::Mode::AppendNew, "p", [("a", long(9))]),
        write(kv::Mode::Replace, "q", [("a", V::Null(true)), ("z", long(1))]),
        increment("p", "b", long(5)),
        when(put("q", []), text("a == 7")),
        delete("gone"),
        expression("x", text("n ="), None),
        expression("n", text("n = if_not_exists(n, 0) + 1"), None),
        put(".", []),
        delete("q"),
    ];
    let done = stage.batch(operations);
    let kinds: Vec<Kind> = done.iter().map(kv::Outcome::kind).collect();
    use Kind::*;
    assert_eq!(kinds, [Updated, ItemExists, Updated, Updated, ConditionFalse, NoSuchItem, Failed, Created, Failed, Deleted]);
    assert!(done[0].version.unwrap().seconds > 1_600_000_000 && done[1].version.is_none());
    let refused = done[6].error.as_ref().unwrap();
    assert_eq!((refused.name.as_str(), refused.condition.as_str()), ("ParseError", "NOSQL.PARSE_ERROR"));
    assert_eq!(refused.position, Some(3));
    assert!(refused.message.contains("ember://shop/parts") && refused.message.contains("item x"), "{}", refused.message);
    assert_eq!(done[8].error.as_ref().unwrap().name, "InvalidKeyValue");
    assert_eq!(stage.get("p"), "a: 1, b: 7, c: 3");
    assert_eq!(stage.get("n"), "n: 1");
    assert_eq!(stage.get("q"), "absent");
}

#[test]
fn expressions_take_values_and_another_way() {
    let stage = Stage::new("expressions");
    let take = |n: i64| {
        let update = with("stock = stock - ${n}", "n", long(n));
        let otherwise = with("backlog = if_not_exists(backlog, 0) + ${n}", "n", long(n));
        when(expression("bolt.m8", update, Some(otherwise)), with("stock >= ${n}", "n", long(n)))
    };
    stage.batch([put("bolt.m8", [("stock", long(5))])]);
    assert_eq!(stage.kinds([take(3), take(3)]), [Kind::Updated; 2]);
    assert_eq!(stage.get("bolt.m8"), "backlog: 3, stock: 2");
    assert_eq!(stage.refused(expression("p", text("a = ${n}"), None)), "InvalidArgument");
    assert_eq!(stage.refused(expression("p", with("a = 1", "n", long(1)), None)), "InvalidArgument");
    assert_eq!(stage.kinds([when(put("p", []), with("exists(a) OR ${n} == 1", "n", V::Null(true)))]), [Kind::ConditionFalse]);
}

#[test]
fn what_cannot_be_done_says_why_by_name() {
    let stage = Stage::new("errors");
    stage
        .batch([put("p", [("a", long(i64::MAX)), ("s", V::String("x".into())), ("z", V::Longs(kv::Longs { values: vec![1] }))])]);
    let expressions = [
        ("a = a + 1", "ArithmeticOverflow"),
        ("b = gone", "MissingAttribute"),
        ("b = s * 2", "TypeError"),
        ("b = 1 / 0", "DivisionByZero"),
        ("z[1] = 1", "IndexOutOfRange"),
        ("__name = 'q'", "ReservedName"),
        ("a = 2 =", "ParseError"),
    ];
    for (update, name) in expressions {
        assert_eq!(stage.refused(expression("p", text(update), None)), name, "{update}");
    }
    let changes = [
        (increment("p", "s", long(1)), "TypeError"),
        (increment("p", "a", V::String("1".into())), "InvalidArgument"),
        (increment("p", "a", V::Null(true)), "InvalidArgument"),
        (put("a/b", []), "InvalidKeyValue"),
        (put("", []), "InvalidKeyValue"),
        (put("p", [("1a", long(1))]), "InvalidAttributeName"),
        (put("p", [("s", V::String("x".repeat(61_201)))]), "AttributeTooLarge"),
        (put("p", [("b", V::Blob(vec![0; 1 << 20])), ("c", V::Blob(vec![0; 1 << 20]))]), "ItemTooLarge"),
        (when(delete("p"), text("a = 1")), "ParseError"),
        (kv::Operation { key: "p".into(), ..Default::default() }, "InvalidArgument"),
    ];
    for (change, name) in changes {
        let said = format!("{change:.200?}");
        assert_eq!(stage.refused(change), name, "{said}");
    }
    let scan = |part| Call::Scan(kv::Scan { part: Some(part), ..Default::default() });
    let calls = [
        ("parts", Call::Batch(kv::Batch { operations: vec![delete("p"); 1001] }), "LimitExceeded"),
        ("parts", get(&["p"; 1001], &[]), "LimitExceeded"),
        ("parts", get(&["p"], &["*", "a"]), "InvalidAttributeName"),
        ("../parts", get(&["p"], &[]), "InvalidPath"),
        ("", get(&["p"], &[]), "InvalidPath"),
        ("gone", Call::Scan(kv::Scan::default()), "TableNotFound"),
        ("parts", scan(Part::Segment(kv::Segment { index: 1, of: 1 })), "InvalidArgument"),
        ("parts", Call::Scan(kv::Scan { marker: "x".into(), ..Default::default() }), "InvalidMarker"),
        ("parts", Call::Scan(kv::Scan { filter: Some(text("a = 1")), ..Default::default() }), "ParseError"),
        ("parts", Call::DeleteWhere(kv::DeleteWhere { filter: None }), "InvalidArgument"),
        ("gone", Call::DeleteTable(kv::DeleteTable::default()), "TableNotFound"),
        ("gone", administer(What::Describe, ""), "TableNotFound"),
        ("gone", administer(What::Compact, ""), "TableNotFound"),
        ("t", administer(What::SetSchema, "{"), "InvalidArgument"),
        ("t", administer(What::SetSchema, r#"{"fields":[{"name":"a","type":"date"}]}"#), "UnsupportedType"),
        ("t", administer(What::SetSchema, r#"{"fields":[],"key":"a"}"#), "KeyColumnMissing"),
        ("t", administer(What::SetSchema, r#"{"fields":[{"name":"a","type":"blob"}],"key":"a"}"#), "InvalidKeyType"),
    ];
    for (table, call, name) in calls {
        let said = format!("{table}: {call:.200?}");
        assert_eq!(error(stage.call(table, call)).name, name, "{said}");
    }
    let nothing = kv::Request { container: "shop".into(), table: "t".into(), call: None };
    assert_eq!(error(stage.execute(nothing)).name, "InvalidArgument");
    let bad_container = kv::Request { container: "Shop".into(), table: "t".into(), call: Some(get(&["p"], &[])) };
    assert_eq!(error(stage.execute(bad_container)).name, "InvalidPath");
    assert_eq!(stage.get("p"), r#"a: 9223372036854775807, s: "x", z: [1]"#, "nothing has changed");
}

#[test]
fn a_stream_is_no_table() {
    let stage = Stage::new("streams");
    let path = emberflow::kv::path::TablePath::parse("ember://shop/parts", None).unwrap();
    stage.engine.tokio().block_on(stage.engine.store().unwrap().register_stream(&path)).unwrap();
    let calls = [
        Call::Batch(kv::Batch { operations: vec![put("p", [("a", long(1))])] }),
        get(&["p"], &[]),
        Call::Scan(kv::Scan::default()),
        delete_where(""),
        Call::DeleteTable(kv::DeleteTable { ignore_missing: true }),
        administer(What::Describe, ""),
        administer(What::SetSchema, r#"{"fields":[]}"#),
        administer(What::Compact, ""),
    ];
    for call in calls {
        let said = format!("{call:.200?}");
        let refused = match stage.call("parts", call) {
            Answer::Outcomes(done) => done.outcomes[0].error.clone().unwrap_or_else(|| panic!("{said}")),
            answer => error(answer),
        };
        assert_eq!((refused.name.as_str(), refused.condition.as_str()), ("NotATable", "NOSQL.NOT_A_TABLE"), "{said}");
    }
    assert_eq!(stage.administer("", What::List, ""), r#"[{"path":"parts","kind":"stream"}]"#);
}

#[test]
fn reading_selects() {
    let stage = Stage::new("get");
    assert_eq!(stage.get("p"), "absent", "of a table that is not there");
    assert_eq!(stage.kinds([delete("p")]), [Kind::NoSuchItem]);
    assert_eq!(stage.administer("", What::List, ""), "[]", "neither makes it");
    stage.batch([put("p", [("a", long(1)), ("b", long(2)), ("__h", long(3))])]);
    let Answer::Items(found) = stage.call("parts", get(&["p", "q", "p"], &["b", "__h", "__name", "gone"])) else { panic!() };
    let found: Vec<String> = found.items.iter().map(shown).collect();
    assert_eq!(found, [r#"__h: 3, __name: "p", b: 2"#, "absent", r#"__h: 3, __name: "p", b: 2"#]);
    assert_eq!(stage.get("p"), "a: 1, b: 2");
    let Answer::Items(found) = stage.call("parts", get(&["p"], &["**"])) else { panic!() };
    let all = shown(&found.items[0]);
    assert!(all.starts_with("__") && all.contains("__mtime_nsecs: ") && all.ends_with("a: 1, b: 2"), "{all}");
}

#[test]
fn scans_go_by_ranges_segments_and_pages() {
    let stage = Stage::new("scan");
    let parts = ["m10", "m4", "m5", "m6", "m8"];
    stage.batch(parts.iter().enumerate().map(|(at, size)| put(&format!("bolt.{size}"), [("n", long(at as i64))])));
    stage.batch([put("nut", [("n", long(9))])]);
    let range = |from: Option<&str>, to: Option<&str>| {
        Some(Part::Range(kv::Range { sharding: "bolt".into(), from: from.map(str::to_owned), to: to.map(str::to_owned) }))
    };
    let select = || vec!["__name".to_owned()];
    let page = stage.scan(kv::Scan { part: range(Some("m4"), Some("m6")), select: select(), ..Default::default() });
    assert_eq!(names(&page), [r#"__name: "bolt.m4""#, r#"__name: "bolt.m5""#]);
    assert!(page.last && page.next_marker.is_empty());
    let page = stage.scan(kv::Scan { filter: Some(with("n > ${n}", "n", long(4))), ..Default::default() });
    assert_eq!(names(&page), [r#"__name: "nut", n: 9"#]);

    let (mut seen, mut scan) = (Vec::new(), kv::Scan { part: range(None, None), limit: 2, ..Default::default() });
    loop {
        let page = stage.scan(scan.clone());
        assert!(page.items.len() <= 2);
        seen.extend(names(&page));
        if page.last {
            break;
        }
        scan.marker = page.next_marker;
    }
    assert_eq!(seen.len(), 5);
    let other = kv::Scan { part: range(Some("m4"), None), ..scan };
    assert_eq!(error(stage.call("parts", Call::Scan(other))).name, "InvalidMarker");

    let segment = |index| kv::Scan { part: Some(Part::Segment(kv::Segment { index, of: 4 })), ..Default::default() };
    assert_eq!((0..4).map(|index| stage.scan(segment(index)).items.len()).sum::<usize>(), 6);
}

#[test]
fn deleting_many_and_all() {
    let stage = Stage::new("delete");
    stage.batch((0..10).map(|n| put(&format!("p{n}"), [("n", long(n))])));
    assert!(matches!(stage.call("parts", delete_where("n >= 7")), Answer::Count(3)));
    assert!(matches!(stage.call("parts", delete_where("")), Answer::Count(7)));
    let drop = |ignore_missing| Call::DeleteTable(kv::DeleteTable { ignore_missing });
    stage.batch([put("p", [])]);
    assert!(matches!(stage.call("parts", drop(false)), Answer::Json(json) if json == "null"));
    assert!(matches!(stage.call("parts", drop(true)), Answer::Json(_)));
    assert_eq!(error(stage.call("parts", drop(false))).condition, "NOSQL.TABLE_NOT_FOUND");
}

#[test]
fn what_is_there_and_what_it_looks_like() {
    let stage = Stage::new("administer");
    assert_eq!(stage.administer("", What::Containers, ""), "[]");
    stage.batch([put("p", [("id", V::String("p".into()))]), put("q", [])]);
    stage.call("/eu//stores/", Call::Batch(kv::Batch { operations: vec![put("x", [])] }));
    assert_eq!(stage.administer("", What::Containers, ""), r#"["shop"]"#);
    let listed = r#"[{"path":"eu/stores","kind":"table"},{"path":"parts","kind":"table"}]"#;
    assert_eq!(stage.administer("", What::List, ""), listed);
    assert_eq!(stage.administer("parts", What::Schema, ""), "null");
    let schema = r#"{"fields":[{"name":"id","type":"string","nullable":true}],"key":"id","hashingBucketNum":0}"#;
    assert_eq!(stage.administer("parts", What::SetSchema, schema), "null");
    assert_eq!(stage.administer("parts", What::Schema, ""), schema);
    assert_eq!(stage.refused(expression("p", text("id = 'z'"), None)), "KeyAttributeImmutable");
    let described = stage.administer("parts", What::Describe, "count");
    assert!(
        described.starts_with(r#"{"path":"parts","schema":{"fields":"#) && described.ends_with(r#""items":2}"#),
        "{described}"
    );
    assert!(!stage.administer("parts", What::Describe, "").contains("items"));
    assert_eq!(stage.administer("parts", What::Compact, ""), "null");
    let verified = stage.administer("", What::Verify, "");
    assert!(verified.starts_with(r#"{"tables":2,"items":3,"#) && verified.contains(r#""broken":0"#), "{verified}");
    assert_eq!(stage.administer("parts", What::SetSchema, ""), "null");
    assert_eq!(stage.administer("parts", What::Schema, ""), "null");
    assert_eq!(stage.administer("gone", What::SetSchema, ""), "null");
    assert_eq!(stage.administer("", What::List, ""), listed, "a schema that is not there is not removed");
}

#[test]
fn a_store_that_does_not_open_is_an_answer() {
    let stage = Stage::new("unusable");
    std::fs::create_dir_all(&stage.folder).unwrap();
    std::fs::write(stage.folder.join(".nosql"), "no folder").unwrap();
    let refused = error(stage.call("parts", get(&["p"], &[])));
    assert_eq!((refused.name.as_str(), refused.condition.as_str()), ("StorageFailed", "NOSQL.STORAGE_FAILED"));
}
