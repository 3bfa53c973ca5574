//! `emberflow kv` as a shell sees it: lines, exit codes, files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

/// Standard output, or the exit code and what was said of the failure.
fn kv(folder: &Path, arguments: &[&str]) -> Result<String, (i32, String)> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_emberflow"));
    let ran = program.arg("kv").args(arguments).args(["--warehouse", "w"]).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if ran.status.success() { Ok(text(ran.stdout)) } else { Err((ran.status.code().unwrap(), text(ran.stderr))) }
}

const PARTS: &str = "ember://shop/parts";

#[test]
fn items_are_written_changed_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| kv(folder.path(), arguments).unwrap();
    assert_eq!(run(&["put", PARTS, "bolt.m8", r#"{"stock": 5, "price": 2.0, "bin": "A4"}"#]), "created\n");
    assert_eq!(run(&["put", PARTS, "bolt.m6", r#"{"stock": 1}"#]), "created\n");
    assert_eq!(run(&["put", PARTS, "bolt.m6", r#"{"stock": 2}"#, "--if", "stock > 5"]), "unchanged: ConditionFalse\n");
    assert_eq!(run(&["put", PARTS, "bolt.m8", r#"{"bin": null}"#, "--mode", "replace"]), "updated\n");
    let counted = ["update", PARTS, "nut", "n = n + 1", "--if", "n >= 0", "--else", "n = 0"];
    assert_eq!(run(&counted), "created\n");
    assert_eq!(run(&counted), "updated\n");
    assert_eq!(run(&["get", PARTS, "bolt.m8", "nope", "nut"]), "{\"price\":2.0,\"stock\":5}\nnull\n{\"n\":1}\n");
    let range = ["scan", PARTS, "--sharding", "bolt", "--from", "m7", "--select", "__name,stock"];
    assert_eq!(run(&range), "{\"__name\":\"bolt.m8\",\"stock\":5}\n");
    assert_eq!(run(&["scan", PARTS, "--filter", "stock < 5", "--limit", "1"]), "{\"__name\":\"bolt.m6\",\"stock\":1}\n");
    assert_eq!(run(&["list"]), "ember://shop/parts\ttable\n");
    assert!(run(&["describe", PARTS, "--count"]).contains("\"items\": 3"));
    assert_eq!(run(&["delete", PARTS, "nut"]), "deleted\n");
    run(&["compact", PARTS]);
    assert!(run(&["verify"]).ends_with(": 0 broken\n"));
    run(&["delete", PARTS, "--table"]);
    assert_eq!(run(&["list", "shop"]), "");
}

#[test]
fn tables_go_to_files_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| kv(folder.path(), arguments).unwrap();
    run(&["put", PARTS, "a.1", r#"{"k": "a", "s": "1", "at": {"$timestamp": "7:5"}, "z": [1.0, 2.5], "b": {"$blob": "AP8="}}"#]);
    run(&["put", PARTS, "a.2", r#"{"k": "a", "s": "2"}"#]);
    run(&["export", PARTS, "parts.jsonl"]);
    run(&["import", "ember://shop/copy", "parts.jsonl"]);
    assert_eq!(run(&["scan", "ember://shop/copy"]), run(&["scan", PARTS]));
    run(&["export", PARTS, "parts.parquet"]);
    run(&["import", "ember://shop/rows", "parts.parquet", "--key", "k", "--sorting-key", "s"]);
    assert_eq!(run(&["get", "ember://shop/rows", "a.2"]), "{\"k\":\"a\",\"s\":\"2\"}\n");
    assert!(run(&["describe", "ember://shop/rows"]).contains("\"sortingKey\": \"s\""));
}

#[test]
fn partitions_and_schemas_go_along() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| kv(folder.path(), arguments).unwrap();
    let rows = [r#"{"k": "p", "n": 1, "y": 2024, "m": 2}"#, r#"{"k": "p", "n": 2, "y": 2023, "m": 2}"#];
    let schema = r#"{".#schema": {"fields": [{"name": "k", "type": "string"}, {"name": "n", "type": "long"}, {"name": "y", "type": "long"}, {"name": "m", "type": "long"}], "key": "k", "partitionKeys": ["y", "m"]}}"#;
    let named = |path: &str, row: &str| row.replacen('{', &format!("{{\"__name\": \"{path}\", "), 1);
    let lines = [
        schema.to_owned(),
        named("y=2024/m=2/p", rows[0]),
        named("y=2023/m=2/p", rows[1]),
        named("q", &rows[0].replace("\"k\": \"p\"", "\"k\": \"q\"")),
    ];
    std::fs::write(folder.path().join("in.jsonl"), lines.join("\n")).unwrap();
    run(&["import", PARTS, "in.jsonl"]);
    assert_eq!(run(&["get", "ember://shop/parts/y=2023/m=2", "p"]), "{\"k\":\"p\",\"m\":2,\"n\":2,\"y\":2023}\n");
    run(&["export", PARTS, "out.jsonl"]);
    let out = std::fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert!(out.starts_with("{\".#schema\":{\"fields\":[") && out.lines().count() == 4, "{out}");
    assert!(out.contains("{\"__name\":\"y=2024/m=2/p\",\"k\":\"p\",\"m\":2,\"n\":1,\"y\":2024}"), "{out}");
    run(&["import", "ember://shop/copy", "out.jsonl"]);
    run(&["export", "ember://shop/copy", "again.jsonl"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("again.jsonl")).unwrap(), out);
    run(&["import", "ember://shop/copy", "out.jsonl"]);
    run(&["put", "ember://shop/other", "a", "{}"]);
    std::fs::write(folder.path().join("bad.jsonl"), named("a/b", rows[0])).unwrap();
    assert!(kv(folder.path(), &["import", "ember://shop/other", "bad.jsonl"]).unwrap_err().1.contains("InvalidPath"));
    let other = schema.replace("long", "double");
    std::fs::write(folder.path().join("bad.jsonl"), other).unwrap();
    assert!(kv(folder.path(), &["import", PARTS, "bad.jsonl"]).unwrap_err().1.contains("SchemaMismatch"));
    assert_eq!(run(&["scan", "ember://shop/other"]), "{\"__name\":\"a\"}\n");
}

#[test]
fn failures_are_told_by_name_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |arguments: &[&str]| kv(folder.path(), arguments).unwrap_err();
    for (arguments, code, name) in [
        (vec!["scan", "ember://shop/nope"], 3, "TableNotFound"),
        (vec!["list", "Not a container"], 2, "InvalidPath"),
        (vec!["put", PARTS, "a", r#"{"x": {"y": 1}}"#], 2, "InvalidArgument"),
        (vec!["put", PARTS, "a", "{}", "--if", "x = 1"], 2, "ParseError"),
        (vec!["put", PARTS, "a/b", "{}"], 2, "InvalidKeyValue"),
        (vec!["import", PARTS, "nope.jsonl"], 3, "PATH_NOT_FOUND"),
        (vec!["import", PARTS, "nope.parquet"], 2, "InvalidArgument"),
    ] {
        let (found, said) = fails(&arguments);
        assert!(said.contains(name), "{arguments:?}: {said}");
        assert_eq!(found, code, "{arguments:?}: {said}");
    }
    std::fs::write(folder.path().join("bad.jsonl"), "{\"__name\": \"a\"}\n{\"x\": 1}\n").unwrap();
    assert!(fails(&["import", PARTS, "bad.jsonl"]).1.contains("line 2"));
    assert_eq!(kv(folder.path(), &["list"]).unwrap(), "");
}
