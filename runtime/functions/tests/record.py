#!/usr/bin/env python3
"""Records what a real Apache Spark answers to expressions.txt: expressions.tsv has expression, type and value, or the
error's condition behind an exclamation mark.

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


def answer(spark, expression):
    try:
        frame = spark.sql(f"select {expression} as v")
        kind = frame.schema[0].dataType.simpleString()
        rows = frame.collect()
        return f"{kind}\t{text(rows[0][0])}"
    except Exception as error:  # noqa: BLE001
        name = getattr(error, "getCondition", lambda: None)() or getattr(error, "getErrorClass", lambda: None)()
        return f"!\t{name or type(error).__name__}"


def main():
    from sessions import connect
    from spark import RealSpark

    with RealSpark() as url:
        spark = connect(url)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        with open(HERE / "expressions.tsv", "w") as out:
            for line in (HERE / "expressions.txt").read_text().splitlines():
                if line and not line.startswith("#"):
                    print(f"{line}\t{answer(spark, line)}", file=out, flush=True)


main()
