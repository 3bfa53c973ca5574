"""What all timed systems share: read the queries, run each once to warm up and then N times, print the best: `q1 0.123`."""
import argparse
import sys
import time
from pathlib import Path

QUERIES = Path(__file__).resolve().parents[1] / "tests/tpch"
TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="such as 1,6,18")
    return parser.parse_args()


def files(data):
    return {table: str(data.resolve() / f"{table}.parquet") for table in TABLES}


def time_all(run, chosen):
    """`run(text)` fetches all rows. A query that fails is said to standard error and left out."""
    numbers = [int(number) for number in chosen.only.split(",") if number] or range(1, 23)
    for number in numbers:
        text = (QUERIES / f"q{number}.sql").read_text()
        try:
            run(text)
            print(f"q{number} {min(timed(run, text) for _ in range(chosen.runs)):.4f}", flush=True)
        except Exception as problem:  # noqa: BLE001, whatever goes wrong there, the others are still measured
            print(f"q{number} failed: {str(problem)[:300]}", file=sys.stderr, flush=True)


def timed(run, text):
    started = time.perf_counter()
    run(text)
    return time.perf_counter() - started
