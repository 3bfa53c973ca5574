#!/usr/bin/env python3
"""TPC-H and TPC-DS against golden answers: records them from real Spark, or replays them against any Spark Connect server.

    emberflow tpch --scale 0.01 --out DIR        (or tpcds)
    $(tests/oracle/setup spark) tests/oracle/tpc.py tpch record --data DIR
    $(tests/oracle/setup client) tests/oracle/tpc.py tpch replay --data DIR --remote sc://127.0.0.1:PORT
    $(tests/oracle/setup client) tests/oracle/tpc.py tpch cli --data DIR --emberflow PROGRAM

The texts of TPC-H are tests/tpch/qN.sql; those of TPC-DS, in Spark's dialect, come out of Spark's own test jar by
tests/oracle/tpcds-queries and are not kept here. tests/golden/SUITE/qN.json are the answers (values as
tests/oracle/answers.py writes them). The last line of a replay is `N passed, N failed`.
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

HERE = Path(__file__).resolve().parent


class Suite:
    """Texts and answers of one benchmark. The rows of TPC-DS are compared without their order: it orders by less than all columns."""

    def __init__(self, name):
        self.name, self.ordered = name, name == "tpch"
        if name == "tpch":
            self.texts = HERE.parent / "tpch"
        else:
            self.texts = Path(subprocess.run([HERE / "tpcds-queries"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
        self.queries = sorted((file.stem for file in self.texts.glob("q*.sql")), key=in_order)

    def text(self, query):
        return (self.texts / f"{query}.sql").read_text()

    def golden(self, query):
        return GOLDEN / self.name / f"{query}.json"


def in_order(query):
    """q2 before q14a before q14b before q100."""
    digits = "".join(letter for letter in query if letter.isdigit())
    return int(digits), query


def connect(url, data):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(url).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for file in sorted(Path(data).resolve().glob("*.parquet")):
        table = spark.read.parquet(str(file))
        # The specification gave this column a longer name than Spark's texts know.
        table.withColumnRenamed("c_last_review_date_sk", "c_last_review_date").createOrReplaceTempView(file.stem)
    return spark


def written(answer):
    """One row a line, so that a difference is a line of a diff. Some texts divide by zero on small data: an answer too."""
    if "error" in answer:
        return json.dumps(answer, indent=2) + "\n"
    rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in answer["rows"])
    schema = ",\n".join("    " + json.dumps(column) for column in answer["schema"])
    return '{\n  "schema": [\n' + schema + '\n  ],\n  "rows": [\n' + rows + "\n  ]\n}\n"


def record(suite, spark, queries):
    (GOLDEN / suite.name).mkdir(exist_ok=True)
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")  # a small driver holds no table of two million rows
    for query in queries:
        answer = answers.answer(lambda: spark.sql(suite.text(query)))
        suite.golden(query).write_text(written(answer))
        print(f"{query}: {len(answer.get('rows', []))} rows {answer.get('error', '')}", flush=True)


def replay(suite, spark, queries):
    failed = 0
    for query in queries:
        started = time.monotonic()
        expected = json.loads(suite.golden(query).read_text())
        answer = answers.answer(lambda: spark.sql(suite.text(query)))
        wrong = answers.differences(expected, answer, ordered=suite.ordered)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '}  {query}  {time.monotonic() - started:.2f} s", flush=True)
        for line in wrong:
            print("        " + str(line)[:600])
    print(f"{len(queries) - failed} passed, {failed} failed")
    return 1 if failed else 0


def replay_cli(suite, program, data, queries):
    """`emberflow sql` prints tables; their cells must be what real Spark answered."""
    failed = 0
    for query in queries:
        expected = json.loads(suite.golden(query).read_text())
        ran = subprocess.run([program, "sql", "--tables", data, suite.texts / f"{query}.sql"], capture_output=True, text=True)
        lines = [line for line in ran.stdout.splitlines() if line.startswith("|")]
        table = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
        wanted = [[column[0] for column in expected["schema"]]]
        wanted += [["NULL" if value is None else str(value).strip() for value in row] for row in expected["rows"]]
        good = ran.returncode == 0 and len(table) == len(wanted) and all(map(answers.same_value, wanted, table))
        failed += not good
        if not good:
            print(f"FAIL  {query} in emberflow sql\n{ran.stderr[:400]}")
    print(f"{len(queries) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("suite", choices=["tpch", "tpcds"])
    arguments.add_argument("action", choices=["record", "replay", "cli"])
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--remote")
    arguments.add_argument("--emberflow", help="the program, for cli")
    arguments.add_argument("--query", action="append", help="such as q14a; without it all")
    chosen = arguments.parse_args()
    if chosen.action == "replay" and not chosen.remote:
        arguments.error("replay needs --remote")
    suite = Suite(chosen.suite)
    queries = chosen.query or suite.queries
    if chosen.action == "cli":
        return replay_cli(suite, chosen.emberflow, chosen.data, queries)
    server = contextlib.nullcontext(chosen.remote) if chosen.remote else RealSpark()
    with server as url:
        spark = connect(url, chosen.data)
        result = (record if chosen.action == "record" else replay)(suite, spark, queries)
        spark.stop()
    return result


if __name__ == "__main__":
    sys.exit(main())
