"""One system's part of bench/nosql/run: analytic scans through a DataFrame, the same over Parquet with DuckDB.

The table has items of about 1 KB under (shop, number): a hundred shops, so one of them is 1 %. A second table of the same
rows spreads each shop over 64 buckets. Prints `scan SYSTEM WHAT SECONDS`, the best of several runs, each whole: planning,
execution, the answer fetched; `point` reads one item, so it is little but the fixed cost of a query. Before, it says how fast
the tables were written.
"""
import argparse
import os
import time

FULL = "select count(*), sum(amount), max(quantity), avg(length(city)), max(day), sum(length(note)) from {table}"
COLUMN = "select sum(amount) from {table}"
RANGE = FULL + " where shop = 's42'"
POINT = RANGE + " and number = 7"
COLUMNS = [
    "concat('s', lpad(cast(id % 100 as string), 2, '0')) as shop",
    "cast(id div 100 as bigint) as number",
    "cast(id % 9973 as double) / 7 as amount",
    "cast(id % 97 as bigint) as quantity",
    "concat('city number ', cast(id % 997 as string)) as city",
    "timestamp_seconds(1700000000 + id) as day",
    # 900 letters that do not repeat from row to row.
    "concat_ws('', transform(sequence(1, 15), i -> substring(sha2(cast(id * 16 + i as string), 256), 1, 60))) as note",
]


def best(run, runs):
    times = []
    for _ in range(runs + 1):  # the first is to warm up
        began = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - began)
    return min(times[1:]), answer


def emberflow(chosen):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(chosen.remote).create()
    parquet = f"{chosen.room}/parquet"
    spark.range(chosen.rows).selectExpr(*COLUMNS).write.mode("overwrite").parquet(parquet)
    rows = spark.read.parquet(parquet)
    options = {"key": "shop", "sorting-key": "number"}
    for name, more in [("plain", {}), ("spread", {"range-scan-even-distribution": "true"})]:
        began = time.perf_counter()
        rows.write.format("nosql").options(**options, **more).mode("overwrite").save(f"ember://bench/{name}")
        print(f"write emberflow {name} {chosen.rows / (time.perf_counter() - began):.0f} rows/s", flush=True)
        spark.read.format("nosql").load(f"ember://bench/{name}").createOrReplaceTempView(name)
    for what, query in [
        ("full", FULL.format(table="plain")),
        ("column", COLUMN.format(table="plain")),
        ("range", RANGE.format(table="plain")),
        ("buckets", RANGE.format(table="spread")),
        ("point", POINT.format(table="plain")),
    ]:
        frame = spark.sql(query)
        said("emberflow", what, *best(frame.collect, chosen.runs))


def duckdb(chosen):
    import duckdb as engine

    connection = engine.connect()
    connection.execute(f"set threads = {os.cpu_count()}")
    table = f"read_parquet('{chosen.room}/parquet/*.parquet')"
    for what, query in [("full", FULL), ("column", COLUMN), ("range", RANGE)]:
        text = query.format(table=table)
        said("duckdb", what, *best(lambda: connection.execute(text).fetchall(), chosen.runs))


def said(system, what, seconds, answer):
    print(f"scan {system} {what} {seconds:.4f} s  {tuple(answer[0])[:3]}", flush=True)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("system", choices=["emberflow", "duckdb"])
parser.add_argument("--room", required=True)
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--runs", type=int, required=True)
parser.add_argument("--remote")
chosen = parser.parse_args()
emberflow(chosen) if chosen.system == "emberflow" else duckdb(chosen)
