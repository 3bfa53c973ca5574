#!/usr/bin/env python3
"""TPC-H against golden answers: records them from real Spark, or replays them against any Spark Connect server.

    emberflow tpch --scale 0.01 --out DIR
    $(tests/oracle/setup spark) tests/oracle/tpch.py record --data DIR
    $(tests/oracle/setup client) tests/oracle/tpch.py replay --data DIR --remote sc://127.0.0.1:PORT
    $(tests/oracle/setup client) tests/oracle/tpch.py cli --data DIR --emberflow PROGRAM

tests/tpch/qN.sql are the texts, tests/golden/tpch/qN.json the answers (values as tests/oracle/answers.py writes them).
The last line of a replay is `N passed, N failed`.
"""
import argparse
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import answers
from corpus import GOLDEN
from spark import RealSpark

QUERIES = Path(__file__).resolve().parents[1] / "tpch"
TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def connect(url, data):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(url).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for table in TABLES:
        spark.read.parquet(str(Path(data).resolve() / f"{table}.parquet")).createOrReplaceTempView(table)
    return spark


def text_of(number):
    return (QUERIES / f"q{number}.sql").read_text()


def answer_to(spark, number):
    return answers.answer(lambda: spark.sql(text_of(number)))


def written(answer):
    """One row a line, so that a difference is a line of a diff."""
    rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in answer["rows"])
    schema = ",\n".join("    " + json.dumps(column) for column in answer["schema"])
    return '{\n  "schema": [\n' + schema + '\n  ],\n  "rows": [\n' + rows + "\n  ]\n}\n"


def record(spark, numbers):
    (GOLDEN / "tpch").mkdir(exist_ok=True)
    for number in numbers:
        answer = answer_to(spark, number)
        if "error" in answer:
            raise SystemExit(f"q{number}: {answer}")
        (GOLDEN / f"tpch/q{number}.json").write_text(written(answer))
        print(f"q{number}: {len(answer['rows'])} rows")


def replay(spark, numbers):
    failed = 0
    for number in numbers:
        started = time.monotonic()
        expected = json.loads((GOLDEN / f"tpch/q{number}.json").read_text())
        wrong = answers.differences(expected, answer_to(spark, number), ordered=True)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '}  q{number}  {time.monotonic() - started:.2f} s")
        for line in wrong:
            print("        " + str(line)[:600])
    print(f"{len(numbers) - failed} passed, {failed} failed")
    return 1 if failed else 0


def replay_cli(program, data, numbers):
    """`emberflow sql` prints tables; their cells must be what real Spark answered."""
    failed = 0
    for number in numbers:
        expected = json.loads((GOLDEN / f"tpch/q{number}.json").read_text())
        ran = subprocess.run([program, "sql", "--tables", data, QUERIES / f"q{number}.sql"], capture_output=True, text=True)
        lines = [line for line in ran.stdout.splitlines() if line.startswith("|")]
        table = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
        wanted = [[column[0] for column in expected["schema"]]]
        wanted += [["NULL" if value is None else str(value).strip() for value in row] for row in expected["rows"]]
        good = ran.returncode == 0 and len(table) == len(wanted) and all(map(answers.same_value, wanted, table))
        failed += not good
        if not good:
            print(f"FAIL  q{number} in emberflow sql\n{ran.stderr[:400]}")
    print(f"{len(numbers) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("action", choices=["record", "replay", "cli"])
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--remote")
    arguments.add_argument("--emberflow", help="the program, for cli")
    arguments.add_argument("--query", type=int, action="append")
    chosen = arguments.parse_args()
    if chosen.action == "replay" and not chosen.remote:
        arguments.error("replay needs --remote")
    if chosen.action == "cli":
        return replay_cli(chosen.emberflow, chosen.data, chosen.query or list(range(1, 23)))
    server = contextlib.nullcontext(chosen.remote) if chosen.remote else RealSpark()
    with server as url:
        spark = connect(url, chosen.data)
        numbers = chosen.query or list(range(1, 23))
        result = (record if chosen.action == "record" else replay)(spark, numbers)
        spark.stop()
    return result


if __name__ == "__main__":
    sys.exit(main())
