#!/usr/bin/env python3
"""NoSQL tables through PySpark's own client against `emberflow serve`: tests/nosql.py URL [STREAM]

    a script as it was written for `v3io://` paths, unchanged; every error that a DataFrame or SQL can raise, by its name,
    and that nothing is written then ─► one line per failure, then `nosql: N passed, M failed`

STREAM is the path of a stream in the server's store (runtime/nosql/examples/stream.rs makes one); without it `NotATable` is
left out. Vectors and plans are tested in runtime/engine/tests/nosql_*.rs, items in tests/kv.py.
"""
import sys
import traceback
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from pyspark.errors import PySparkException  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

from emberflow import ember_kv, incr  # noqa: E402

V3IO = "io.iguaz.v3io.spark.sql.kv"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def a_script_for_v3io_paths_runs_unchanged(spark):
    path = f"v3io://projects/{uuid.uuid4()}/cars/"
    columns = ["brand", "year", "sold", "price"]
    cars = spark.createDataFrame([("Kia", "2016", 10, 9.5), ("Audi", "2018", 3, 30.0)], columns)
    cars.write.format(V3IO).option("Key", "brand").option("sorting-key", "year").save(path)
    try:
        cars.write.format(V3IO).mode("error").option("key", "brand").save(path)
        raise AssertionError("a table was written over")
    except PySparkException as why:
        assert why.getCondition() == "NOSQL.TABLE_EXISTS", why.getCondition()
    cars.write.format(V3IO).mode("ignore").option("Key", "brand").option("sorting-key", "year").save(path)

    def append(rows, names, **options):
        writer = spark.createDataFrame(rows, names).write.format(V3IO).mode("append").option("Key", "brand").option("sorting-key", "year")
        for name, value in options.items():
            writer = writer.option(name.replace("_", "-"), value)
        writer.save(path)

    append([("Kia", "2016", 99, 9.0), ("Fiat", "2020", 1, 8.0)], columns)
    append([("Kia", "2016", 5)], columns[:3], counter="sold")
    append([("Audi", "2018", 28.0)], ["brand", "year", "price"], columnUpdate="true")
    append([("Fiat", "2020", 7, 7.5), ("Opel", "2021", 1, 6.0)], columns, condition="${price} < price")
    append([("Opel", "2021", 2, 6.5)], columns, condition="not(exists(price))")
    found = spark.read.format(V3IO).load(path)
    rows = {(row.brand, row.year): (row.sold, row.price) for row in found.collect()}
    assert rows == {("Kia", "2016"): (15, 9.5), ("Audi", "2018"): (3, 28.0), ("Fiat", "2020"): (7, 7.5), ("Opel", "2021"): (2, 6.5)}, rows
    assert found.filter("brand = 'Kia' AND year > '2015'").first().sold == 15
    assert found.schema.simpleString() == "struct<brand:string,year:string,sold:bigint,price:double>"

    append([("Kia", "2016", "red")], ["brand", "year", "colour"], allow_overwrite_schema="true")
    assert spark.read.format(V3IO).load(path).columns == ["brand", "year", "colour"]
    inferred = spark.read.format(V3IO).option("inferSchema", "true").load(path)
    assert set(inferred.columns) == {"brand", "year", "sold", "price", "colour"}, inferred.columns
    chosen = spark.read.format(V3IO).schema("brand STRING, year STRING, sold LONG, __name STRING").load(path)
    assert chosen.filter("brand = 'Fiat'").first().asDict() == {"brand": "Fiat", "year": "2020", "sold": 7, "__name": "Fiat.2020"}

    days = f"v3io://projects/{uuid.uuid4()}/drives"
    drives = spark.createDataFrame([(1, "20180602", 2018, 6), (1, "20180701", 2018, 7)], ["car", "day", "year", "month"])
    drives.write.format(V3IO).mode("overwrite").option("key", "car").option("sorting-key", "day").option(
        "partition", "year, month"
    ).option("range-scan-even-distribution", "true").save(days)
    june = spark.read.format(V3IO).load(days).filter("year = 2018 AND month = 6 AND car = 1")
    assert [row.day for row in june.collect()] == ["20180602"]
    relative = spark.read.format(V3IO).option("container-id", "projects").load("/" + path.split("/", 3)[3])
    assert relative.count() == 4
    spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW cars USING {V3IO} OPTIONS (path '{path}')")
    assert spark.sql("SELECT count(*) FROM cars WHERE brand = 'Kia'").first()[0] == 1
    assert spark.sql(f"SELECT count(*) FROM `{V3IO}`.`{path}`").first()[0] == 4


class Place:
    """A container's tables that something is wrong with, and what lies in all of them."""

    def __init__(self, spark):
        self.spark, self.kv = spark, ember_kv(spark, "errors")
        for table in self.kv.tables():
            if table["kind"] == "table":
                self.kv.delete_table(table["path"])
        for name, fields, more in [
            ("t", {"k": "string", "a": "long", "s": "string"}, {}),
            ("folders", {"k": "string", "y": "long", "m": "long"}, {"partitionKeys": ["y", "m"]}),
            ("odd", {"k": "string", "a": "long"}, {}),
            ("blobs", {"k": "string", "b": "blob", "c": "blob"}, {}),
        ]:
            columns = [{"name": name, "type": kind} for name, kind in fields.items()]
            self.kv.set_schema(name, {"fields": columns, "key": "k", **more})
        self.kv.put("t", "p", {"k": "p", "a": (1 << 63) - 1, "s": "x"})
        self.kv.put("odd", "p", {"k": "p", "a": "x"})
        self.kv.put("bare", "p", {"k": "p"})
        self.kv.put_all("clash", {"p": {"a": 1}, "q": {"a": "x"}})

    def everything(self):
        def content(path):
            return self.kv.schema(path), sorted(map(repr, self.kv.scan(path)))

        return {table["path"]: content(table["path"]) for table in self.kv.tables() if table["kind"] == "table"}

    def refuses(self, name, call):
        before = self.everything()
        try:
            call()
        except PySparkException as why:
            condition = "NOSQL." + "".join("_" + letter if letter.isupper() else letter.upper() for letter in name)[1:]
            assert why.getCondition() == condition, f"{name}: {why.getCondition()} {why}"
            assert f"{name}: " in str(why), why
        else:
            raise AssertionError(f"{name} was not raised")
        assert self.everything() == before, f"{name}: something was written"

    def write(self, name, rows, path="ember://errors/t", mode="append", **options):
        if isinstance(rows, str):
            rows = self.spark.sql(rows)
        options = {"key": "k", **options}
        writer = rows.write.format("nosql").mode(mode)
        for option, value in options.items():
            if value is not None:
                writer = writer.option(option.replace("_", "-"), value)
        self.refuses(name, lambda: writer.save(path))


@test
def errors_of_writes(spark):
    place = Place(spark)
    write, new = place.write, "ember://errors/new"
    q = "SELECT 'q' AS k"
    write("InvalidPath", q, "ember://errors/a/../b")
    write("InvalidPath", q, "ember://Errors/t")
    write("InvalidOption", q, columnUpdate="maybe")
    write("InvalidOption", "SELECT 'q' AS k, 1 AS a", counter="zz")
    write("InvalidOption", q, new, range_scan_even_distribution="true")
    write("MissingOption", q, key=None)
    write("KeyColumnMissing", q, new, key="zz")
    write("KeyColumnMissing", q, new, sorting_key="zz")
    write("InvalidKeyType", "SELECT 1.5D AS k", new)
    for value in ["CAST(NULL AS STRING)", "''", "'a.b'", "'a/b'", "repeat('k', 256)"]:
        write("InvalidKeyValue", f"SELECT {value} AS k")
    write("InvalidAttributeName", "SELECT 'q' AS k, 1 AS `a b`", new)
    for value in ["DATE'2024-01-01'", "1.5", "map('a', 1)", "struct(1)"]:
        write("UnsupportedType", f"SELECT 'q' AS k, {value} AS d", new)
    write("InvalidCounterType", "SELECT 'q' AS k, 'x' AS s", counter="s")
    write("SchemaMismatch", "SELECT 'q' AS k, 1 AS another")
    write("SchemaMismatch", "SELECT 'q' AS k, 1.5D AS a")
    write("KeyMismatch", "SELECT 'q' AS s", key="s")
    write("PartitionMismatch", "SELECT 'q' AS k, 1 AS y, 1 AS m", "ember://errors/folders", partition="m")
    write("TableExists", q, mode="error")
    write("OverwriteOfInput", spark.read.format("nosql").load("ember://errors/t"), mode="overwrite")
    write("ParseError", "SELECT 'q' AS k, 1 AS a", condition="a = 1")
    write("ParseError", "SELECT 'q' AS k, 1 AS a", condition="${zz} > 1")
    write("TypeError", "SELECT 'p' AS k, 1 AS a", "ember://errors/odd", counter="a")
    write("ArithmeticOverflow", "SELECT 'p' AS k, 1 AS a", counter="a")
    write("ReservedName", "SELECT 'q' AS k, 1 AS __name", new)
    write("AttributeTooLarge", "SELECT 'q' AS k, repeat('x', 61201) AS s")
    million = "unhex(repeat('00', 1048576))"
    write("ItemTooLarge", f"SELECT 'q' AS k, {million} AS b, {million} AS c", "ember://errors/blobs")
    many = [F.lit(at).alias(f"a{at}") for at in range(1600)]
    write("LimitExceeded", spark.range(1).select(F.lit("q").alias("k"), *many), mode="overwrite")


@test
def errors_of_reads(spark):
    place = Place(spark)

    def read(name, path, **options):
        place.refuses(name, lambda: spark.read.format("nosql").options(**options).load(path).collect())

    read("InvalidPath", "ember://errors/*")
    read("InvalidPath", "s3://errors/t")
    read("InvalidOption", "ember://errors/t", inferSchema="maybe")
    read("SchemaNotFound", "ember://errors/bare")
    read("SchemaInferenceError", "ember://errors/clash", inferSchema="true")
    read("TypeMismatch", "ember://errors/odd")
    read("TableNotFound", "ember://errors/none")
    user = spark.read.format("nosql").schema("k DATE")
    place.refuses("UnsupportedType", lambda: user.load("ember://errors/t").collect())


@test
def errors_of_statements_and_tables(spark):
    place = Place(spark)
    spark.sql("DROP TABLE IF EXISTS refusing")
    spark.sql("CREATE TABLE refusing (k STRING, a BIGINT, s STRING) USING nosql OPTIONS (key 'k') LOCATION 'ember://errors/t'")
    place.refuses("InvalidKeyValue", lambda: spark.sql("INSERT INTO refusing VALUES ('a.b', 1, 'x')"))
    place.refuses("OverwriteOfInput", lambda: spark.sql("INSERT OVERWRITE refusing SELECT * FROM refusing"))
    rows = spark.sql("SELECT 'p', 1L, 'x'")
    place.refuses("ArithmeticOverflow", lambda: rows.write.option("counter", "a").insertInto("refusing"))
    place.refuses("ParseError", lambda: rows.write.option("condition", "a =").insertInto("refusing"))
    named = spark.sql("SELECT 'p' AS k, 1L AS a, 'x' AS s")
    place.refuses("InvalidOption", lambda: named.writeTo("refusing").overwritePartitions())
    writer = named.write.format("nosql").mode("append").option("counter", "s")
    place.refuses("InvalidCounterType", lambda: writer.saveAsTable("refusing"))
    spark.sql("DROP TABLE refusing")
    assert place.kv.get("t", "p")["s"] == "x", "an external table's items stay"


@test
def streams_are_no_tables(spark):
    if len(sys.argv) < 3:
        return
    place, stream = Place(spark), sys.argv[2]
    place.refuses("NotATable", lambda: spark.read.format("nosql").load(stream).collect())
    place.write("NotATable", "SELECT 'q' AS k", stream)
    place.refuses("NotATable", lambda: spark.sql(f"SELECT * FROM nosql.`{stream}`").collect())
    container, table = stream.split("://")[1].split("/", 1)
    kv = ember_kv(spark, container)
    for call in [lambda: kv.put(table, "p", {}), lambda: kv.get(table, "p"), lambda: kv.update(table, "p", {"n": incr(1)})]:
        place.refuses("NotATable", call)


def main():
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    failed = 0
    for function in TESTS:
        try:
            function(spark)
        except Exception:
            failed += 1
            print(f"{function.__name__}:\n{traceback.format_exc()}")
    print(f"nosql: {len(TESTS) - failed} passed, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
