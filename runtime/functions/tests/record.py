#!/usr/bin/env python3
"""Records what a real Apache Spark answers to expressions.txt and aggregates.txt: the .tsv beside each has expression, type
and value, or the error's condition behind an exclamation mark. An aggregate's value is that of all rows, then per group.

    $(tests/oracle/setup spark) runtime/functions/tests/record.py
"""
import datetime
import decimal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tests/oracle"))


def text(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if value.year >= 1000 else value.isoformat(" ", "microseconds")
    if isinstance(value, datetime.timedelta):
        return f"{value // datetime.timedelta(microseconds=1)}us"
    if isinstance(value, (bytes, bytearray)):
        return "x" + bytes(value).hex()
    if isinstance(value, tuple):
        return "{" + ", ".join(map(text, value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in value.items()) + "}"
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\0", "\\0")


T = """
    create or replace temporary view t as select * from values
    ('a', 1, 10L, 1.5D, 1.25BD, cast(0.5 as float), 'x', true, date'2020-01-01'),
    ('a', 2, 20L, 2.5D, 2.50BD, cast(1.5 as float), 'y', false, date'2020-01-02'),
    ('a', 2, 20L, 4.0D, 2.50BD, NULL, 'y', true, NULL),
    ('a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('b', 7, 9000000000L, -1.0D, 100.33BD, cast(2.5 as float), 'z', true, date'2019-12-31'),
    ('c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    as t(g, i, l, d, m, f, s, b, dt)
"""


def condition(error):
    name = getattr(error, "getCondition", lambda: None)() or getattr(error, "getErrorClass", lambda: None)()
    return f"!\t{name or type(error).__name__}"


def answer(spark, expression):
    try:
        frame = spark.sql(f"select {expression} as v")
        kind = frame.schema[0].dataType.simpleString()
        return f"{kind}\t{text(frame.collect()[0][0])}"
    except Exception as error:  # noqa: BLE001
        return condition(error)


def aggregate(spark, expression):
    try:
        frame = spark.sql(f"select {expression} as v from t")
        kind = frame.schema[0].dataType.simpleString()
        whole = text(frame.collect()[0][0])
        groups = spark.sql(f"select g, {expression} as v from t group by g order by g").collect()
        return f"{kind}\t{whole} | " + " | ".join(text(row[1]) for row in groups)
    except Exception as error:  # noqa: BLE001
        return condition(error)


def record(spark, name, answer):
    with open(HERE / f"{name}.tsv", "w") as out:
        for line in (HERE / f"{name}.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                print(f"{line}\t{answer(spark, line)}", file=out, flush=True)


def main():
    from sessions import connect
    from spark import RealSpark

    with RealSpark() as url:
        spark = connect(url)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        spark.sql(T).collect()
        for name, how in [("expressions", answer), ("aggregates", aggregate)]:
            if len(sys.argv) == 1 or name in sys.argv[1:]:
                record(spark, name, how)


main()
