#!/usr/bin/env python3
"""The Python package's items against `emberflow serve`: tests/kv.py sc://host:port

    every method, every type, the errors by their names, vectors of the store's specification, and that the committed
    messages are those of the .proto ─► one line per failure, then `N passed, N failed`
"""
import concurrent.futures
import datetime
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

from pyspark.sql import SparkSession  # noqa: E402

from emberflow import NoSqlError, Operation, ember_kv, incr  # noqa: E402
from emberflow import emberflow_kv_pb2 as messages  # noqa: E402

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def name_of(call):
    try:
        call()
    except NoSqlError as error:
        assert error.getCondition().startswith("NOSQL."), error
        return error.name
    return "no error"


def before(kv, **items):
    kv.delete_table("t", if_missing="ignore")
    kv.put_all("t", {name.replace("_", "."): attributes for name, attributes in items.items()})


def without_json_names(kinds):
    """protoc writes them into one of its outputs only."""
    for kind in kinds:
        for field in kind.field:
            field.ClearField("json_name")
        without_json_names(kind.nested_type)


def passes(kv, condition, **values):
    return kv.update_expr("t", "p", "touched = 1", condition=condition, values=values).outcome == "updated"


@test
def messages_are_those_of_the_proto(_):
    if shutil.which("protoc") is None:
        return
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    folder = ROOT / "runtime/connect/proto"
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{folder}", f"--descriptor_set_out={out.name}", "emberflow_kv.proto"], check=True)
        described = FileDescriptorSet.FromString(Path(out.name).read_bytes()).file[0]
    committed = type(described).FromString(messages.DESCRIPTOR.serialized_pb)
    for file in (described, committed):
        without_json_names(file.message_type)
    assert described == committed, "run protoc --python_out=python/emberflow over emberflow_kv.proto"


@test
def values_of_every_type(kv):
    at = datetime.datetime(2024, 3, 1, 12, 0, 0, 123456, tzinfo=datetime.timezone.utc)
    early = datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=datetime.timezone.utc)
    given = {"b": True, "d": 0.5, "e": early, "l": -(1 << 63), "r": b"\0\xff", "s": "ü", "t": at, "y": [1, 2], "z": [0.5, 2], "no": []}
    before(kv, p={**given, "gone": None})
    assert kv.get("t", "p") == {**given, "z": [0.5, 2.0]}, kv.get("t", "p")
    for bad in (1 << 63, datetime.date(2024, 1, 1), 1j, ["a"], [None], [True]):
        assert name_of(lambda: kv.put("t", "p", {"v": bad})) == "UnsupportedType", bad


@test
def vectors_35_to_42_conditions(kv):
    before(kv, p={"a": 6, "f": True, "c": "red", "s": "it's", "zero": 0})
    for condition, expected in [
        ("a == 6.0 AND NOT a != 6", True), ("a == '6'", False), ("a != '6'", False),
        ("gone == 1 OR a == 6", True), ("NOT (gone == 1)", False), ("gone != 1", False),
        ("", True), ("NOT exists(gone)", True), ("f", True), ("f == 1", False), ("f + a == 7", True), ("a", False),
        ("c IN ('blue','red')", True), ("C in ('red')", False), ("NOT c in ('blue', gone)", False),
        ("a & 3 == 2", True), ("1 + 2 * 3 == 7", True), ("10 / zero > 1 OR a == 6", True), ("10 / zero > 1", False),
        ("s == 'it''s'", True), ("length(s) == 4", True),
    ]:  # fmt: skip
        assert passes(kv, condition) == expected, condition
    for condition in ("a = 2", "1", "1 < a < 9"):
        assert name_of(lambda: passes(kv, condition)) == "ParseError", condition


@test
def vectors_43_to_47_update_expressions(kv):
    before(kv, p={"a": 1, "b": 2})
    kv.update_expr("t", "p", "t=a; a=b*10; b=t; remove t")
    assert kv.get("t", "p") == {"a": 20, "b": 1}
    assert name_of(lambda: kv.update_expr("t", "p", "a=9; b=gone+1")) == "MissingAttribute"
    assert kv.get("t", "p") == {"a": 20, "b": 1}
    for _ in range(3):
        kv.update_expr("t", "q", "a=a+1", condition="ok==true", otherwise="a=0; ok=true")
    assert kv.get("t", "q") == {"a": 2, "ok": True}


@test
def vectors_54_to_57_modes(kv):
    before(kv, p={"a": 1, "b": 2})
    kv.update("t", "p", {"a": 9, "c": 3}, update_mode="append")
    assert kv.get("t", "p") == {"a": 1, "b": 2, "c": 3}
    assert kv.update("t", "p", {"a": 9}, update_mode="APPEND_NEW").outcome == "item_exists"
    kv.update("t", "p", {"c": incr(5)}, update_mode="overwriteItem")
    assert kv.get("t", "p") == {"c": 8}
    kv.put("t", "p", {"n": "x"})
    assert name_of(lambda: kv.update("t", "p", {"n": incr(5)})) == "TypeError"
    assert name_of(lambda: kv.update("t", "p", {}, update_mode="sideways")) == "InvalidArgument"


@test
def vectors_58_and_59_many_clients(kv):
    before(kv, p={"n": 0})
    seconds, nanos = kv.update("t", "p", {"v": 1}).version
    once = {"condition": "__mtime_secs == ${s} AND __mtime_nsecs == ${n}", "values": {"s": seconds, "n": nanos}}
    outcomes = [kv.update("t", "p", {"v": 2}, **once).outcome for _ in range(2)]
    assert outcomes == ["updated", "condition_false"], outcomes
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: kv.update("t", "p", {"n": incr(1)}), range(100)))
    assert kv.get("t", "p", select=["n"]) == {"n": 100}


@test
def vectors_60_and_61_scans(kv):
    before(kv, u_a={"a": 1}, u_b={"b": 1}, u_c={"a": 5}, v_a={})
    names = lambda items: [item["__name"] for item in items]  # noqa: E731
    assert names(kv.scan("t", sharding="u", from_="a", to="c")) == ["u.a", "u.b"]
    assert names(kv.scan("t", filter="a != ${n}", values={"n": 5})) == ["u.a"]
    assert sorted(name for i in range(4) for name in names(kv.scan("t", segment=(i, 4)))) == ["u.a", "u.b", "u.c", "v.a"]
    assert name_of(lambda: kv.scan_page("t", sharding="u", segment=(0, 2))) == "InvalidArgument"
    assert name_of(lambda: kv.scan_page("t", from_="a")) == "InvalidArgument"
    page = kv.scan_page("t", limit=1, sharding="u")
    assert names(page.items) == ["u.a"] and not page.last
    assert name_of(lambda: kv.scan_page("t", limit=1, marker=page.next_marker)) == "InvalidMarker"


@test
def many_items_and_batches(kv):
    before(kv)
    assert len(kv.put_all("t", {f"r{n:05}": {"n": n} for n in range(2500)})) == 2500
    assert sum(item["n"] for item in kv.scan("t")) == sum(range(2500))
    assert len(kv.get("t", [f"r{n:05}" for n in range(2500)])) == 2500
    assert kv.delete_where("t", "n >= ${n}", {"n": 2000}) == 500
    assert kv.delete_where("t", "") == 2000
    done = kv.batch("t", [Operation.put("p", {}), Operation.update_expr("q", "a ="), Operation.delete("gone")])
    assert [one.outcome for one in done] == ["created", "failed", "no_such_item"]
    assert (done[1].error.name, done[1].error.position) == ("ParseError", 3)
    assert name_of(lambda: kv.batch("t", [Operation.delete("p")] * 1001)) == "LimitExceeded"


@test
def tables_and_schemas(kv):
    before(kv, p={"k": "p"})
    assert {"path": "t", "kind": "table"} in kv.tables() and kv.container in kv.containers()
    schema = {"fields": [{"name": "k", "type": "string", "nullable": True}], "key": "k", "hashingBucketNum": 0}
    kv.set_schema("t", schema)
    assert kv.schema("t") == schema
    assert name_of(lambda: kv.update("t", "p", {"k": "z"})) == "KeyAttributeImmutable"
    described = kv.describe("t", count=True)
    assert (described["path"], described["schema"], described["items"]) == ("t", schema, 1), described
    assert "items" not in kv.describe("t") and kv.compact("t") is None
    verified = kv.verify()
    assert verified["broken"] == 0 and verified["items"] >= 1 and verified["findings"] == [], verified
    assert name_of(lambda: kv.describe("nowhere")) == "TableNotFound" and name_of(lambda: kv.compact("nowhere")) == "TableNotFound"
    kv.set_schema("t", None)
    assert kv.schema("t") is None
    assert kv.get("nowhere", "p") is None and kv.get("t", ["p", "q"]) == [{"k": "p"}, None]
    assert name_of(lambda: list(kv.scan("nowhere"))) == "TableNotFound"
    assert name_of(lambda: kv.delete_table("nowhere")) == "TableNotFound"
    assert name_of(lambda: kv.get("../t", "p")) == "InvalidPath"
    assert name_of(lambda: kv.put("t", "a/b", {})) == "InvalidKeyValue"
    assert name_of(lambda: kv.put("t", "p", {"__name": "q"})) == "ReservedName"
    assert name_of(lambda: kv.delete("t", "p", condition="k == 'p'", values={"n": 1})) == "InvalidArgument"


@test
def every_error_of_items_by_its_name(kv):
    before(kv, p={"a": (1 << 63) - 1, "s": "x", "z": [1]})
    fields = [{"name": "a", "type": "long"}]

    def set_schema(**more):
        return lambda: kv.set_schema("t", {"fields": fields, **more})

    for update, name in [
        ("a = a + 1", "ArithmeticOverflow"), ("b = gone", "MissingAttribute"), ("b = s * 2", "TypeError"),
        ("b = 1 / 0", "DivisionByZero"), ("z[1] = 1", "IndexOutOfRange"), ("__name = 'q'", "ReservedName"), ("a = ", "ParseError"),
    ]:  # fmt: skip
        assert name_of(lambda: kv.update_expr("t", "p", update)) == name, update
    for name, call in [
        ("InvalidPath", lambda: ember_kv(SparkSession.active(), "Shop").tables()),
        ("InvalidAttributeName", lambda: kv.put("t", "q", {"1a": 1})),
        ("AttributeTooLarge", lambda: kv.put("t", "q", {"s": "x" * 61_201})),
        ("ItemTooLarge", lambda: kv.put("t", "q", {"b": bytes(1 << 20), "c": bytes(1 << 20)})),
        ("LimitExceeded", lambda: kv.put("t", "q", {f"a{n}": n for n in range(1601)})),
        ("InvalidKeyValue", lambda: kv.put("t", "k" * 256, {})),
        ("InvalidOption", set_schema(key="a", hashingBucketNum=64)),
        ("KeyColumnMissing", set_schema(key="b")),
        ("InvalidKeyType", lambda: kv.set_schema("t", {"fields": [{"name": "a", "type": "blob"}], "key": "a"})),
        ("UnsupportedType", lambda: kv.set_schema("t", {"fields": [{"name": "a", "type": "date"}]})),
        ("InvalidArgument", lambda: kv.delete_table("t", if_missing="perhaps")),
        ("InvalidMarker", lambda: kv.scan_page("t", limit=1, marker="x")),
    ]:
        assert name_of(call) == name, name
    assert kv.get("t", "p") == {"a": (1 << 63) - 1, "s": "x", "z": [1]} and kv.get("t", "q") is None and kv.schema("t") is None


def main():
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    kv = ember_kv(spark, "python")
    failed = 0
    for function in TESTS:
        try:
            function(kv)
        except Exception:
            failed += 1
            print(f"{function.__name__}:\n{traceback.format_exc()}")
    kv.delete_table("t", if_missing="ignore")
    print(f"kv: {len(TESTS) - failed} passed, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
