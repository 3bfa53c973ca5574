#!/usr/bin/env python3
"""What a memory limit promises, through PySpark's client against `emberflow serve`.

    $(tests/oracle/setup client) tests/memory.py --emberflow PROGRAM --data DIR [--limit 512m] [--only spill,...]

DIR holds the tables of TPC-H. The scenes, each with a server of its own:

    spill      all 22 queries under the limit give the rows they give without one
    too-large  under 64m a query that cannot spill ends in UNABLE_TO_ACQUIRE_MEMORY, and its session goes on
    clients    eight clients at once, each with heavy queries, all finish with the right rows
    fair       a short query beside heavy ones: how much longer it takes than alone
    cache      persist saves time and is found inside of other plans; unpersist gives the memory back; levels
    rounds     200 rounds of join and aggregate, persisted and checkpointed, stay linear
    folder     temporary files are gone after an end and, after a crash, after the next start

`make test-memory` runs them at scale 0.01 with a small limit; the whole at scale 1:

    emberflow tpch --scale 1 --out /tmp/tpch-1
    $(tests/oracle/setup client) tests/memory.py --emberflow PROGRAM --data /tmp/tpch-1 --limit 512m
"""
import argparse
import concurrent.futures
import decimal
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
MIB = 1 << 20
failures = []
checked = 0


def check(fact, text):
    global checked
    checked += 1
    print(("  ok    " if fact else "  FAILED  ") + text, flush=True)
    if not fact:
        failures.append(text)


class Server:
    """`emberflow serve` under a limit, with its highest resident memory."""

    def __init__(self, chosen, limit=None, local_dir=None):
        settings = [] if limit is None else ["--conf", f"emberflow.memory.limit={limit}"]
        settings += [] if local_dir is None else ["--conf", f"spark.local.dir={local_dir}"]
        warehouse = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [chosen.emberflow, "serve", "--port", "0", "--warehouse", warehouse, *settings], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        self.url = re.search(r"sc:\S+", line)[0]
        self.sessions = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for session in self.sessions:
            failed(session.stop)
        self.process.terminate()
        self.process.wait(30)

    def busy(self):
        """Seconds of processor time the server has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kib(self, key):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+)", text)[1])

    def resident(self):
        return self.kib("VmRSS") // 1024

    def peak(self):
        return self.kib("VmHWM") // 1024

    def session(self, data=None):
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.remote(self.url).create()
        self.sessions.append(spark)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        for table in TABLES if data else []:
            spark.read.parquet(str(Path(data).resolve() / f"{table}.parquet")).createOrReplaceTempView(table)
        return spark


def query(number):
    return (HERE / f"tpch/q{number}.sql").read_text()


def cells(row):
    """Sums of doubles depend on the order of their rows in the last digits."""
    number = lambda value: float(f"{value:.9e}") if isinstance(value, float) else value
    return tuple(number(value) for value in row)


def rows(spark, text):
    return [cells(row) for row in spark.sql(text).collect()]


def same(one, two):
    """Rows that tie in an ORDER BY may change places."""
    key = lambda row: tuple(str(value) for value in row)
    return sorted(one, key=key) == sorted(two, key=key)


def run_all(spark, numbers):
    answers, times = {}, {}
    for number in numbers:
        began = time.monotonic()
        try:
            answers[number] = rows(spark, query(number))
        except Exception as error:
            answers[number] = f"{type(error).__name__}: {str(error)[:300]}"
        times[number] = time.monotonic() - began
    return answers, times


def spill(chosen):
    numbers = chosen.queries
    with Server(chosen) as server:
        wanted, free = run_all(server.session(chosen.data), numbers)
        print(f"  without a limit: {sum(free.values()):.1f} s, at most {server.peak()} MiB resident")
    with Server(chosen, chosen.limit) as server:
        got, tight = run_all(server.session(chosen.data), numbers)
        print(f"  with {chosen.limit}: {sum(tight.values()):.1f} s, at most {server.peak()} MiB resident")
    for number in numbers:
        right = isinstance(got[number], list) and isinstance(wanted[number], list) and same(got[number], wanted[number])
        text = f"q{number}: {len(wanted[number])} rows, {free[number]:.2f} s without a limit, {tight[number]:.2f} s with"
        check(right, text if right else f"{text}: {str(got[number])[:400]}")


def too_large(chosen):
    with Server(chosen, "64m") as server:
        spark = server.session()
        heavy = "SELECT length(to_json(collect_list(concat('row ', id)))) FROM range(0, 6000000)"
        error = failed(lambda: rows(spark, heavy))
        condition = getattr(error, "getCondition", lambda: None)() if error else None
        check(condition == "UNABLE_TO_ACQUIRE_MEMORY", f"a list of six million texts: {condition}: {str(error)[:200]}")
        check("emberflow.memory.limit" in str(error), "the error names the setting")
        check(getattr(error, "getSqlState", lambda: None)() == "53200", "SQLSTATE 53200")
        error = failed(lambda: rows(spark, "SELECT id, lag(id) OVER (ORDER BY id % 7), sum(id) OVER () FROM range(0, 20000000)"))
        check(error is not None, "a window over everything")
        check(rows(spark, "SELECT count(*) FROM range(0, 1000000)") == [(1000000,)], "the session goes on")
        many = "SELECT count(*), sum(c) FROM (SELECT id % 2000000 k, count(*) c FROM range(0, 6000000) GROUP BY 1)"
        check(rows(spark, many) == [(2000000, 6000000)], "two million groups fit by spilling")
        joined = "SELECT count(*) FROM range(0, 3000000) a JOIN (SELECT id * 2 id FROM range(0, 3000000)) b USING (id)"
        check(rows(spark, joined) == [(1500000,)], "a join of three million rows fits by spilling")
        kinds = {
            "LEFT": (3000000, 1500000), "RIGHT": (3000000, 1500000), "FULL": (4500000, 1500000),
            "LEFT SEMI": (1500000, 1500000), "LEFT ANTI": (1500000, 0),
        }
        for kind, (count, matched) in kinds.items():
            one_sided = kind in ("LEFT SEMI", "LEFT ANTI")
            both = "count(*)" if one_sided else "count(*), count(a.id + b.k)"
            text = f"""SELECT {both} FROM (SELECT id, concat('left ', id) t FROM range(0, 3000000)) a
                       {kind} JOIN (SELECT id * 2 k, concat('right ', id) u FROM range(0, 3000000)) b ON a.id = b.k"""
            wanted = [(count,)] if one_sided else [(count, matched)]
            check(rows(spark, text) == wanted, f"{kind} JOIN of three million rows")
        ordered = spark.sql("SELECT id * 7919 % 4000037 v, concat('text ', id) t FROM range(0, 4000000) ORDER BY v").select("v")
        last, right = -1, True
        for row in ordered.toLocalIterator():
            right, last = right and row.v >= last, row.v
        check(right, "a sort of four million rows is in order")
        print(f"  at most {server.peak()} MiB resident")


def failed(work):
    try:
        work()
    except Exception as error:
        return error
    return None


def clients(chosen):
    numbers = [number for number in [9, 18, 21, 3, 5, 7, 13, 1] if number in chosen.queries] or chosen.queries[:8]
    with Server(chosen) as server:
        wanted, _ = run_all(server.session(chosen.data), numbers)
    with Server(chosen, chosen.limit) as server:
        # Each client begins with another query.
        sessions = [server.session(chosen.data) for _ in range(8)]
        turns = [numbers[at % len(numbers):] + numbers[:at % len(numbers)] for at in range(8)]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda work: run_all(*work), zip(sessions, turns)))
        print(f"  eight clients: {time.monotonic() - began:.1f} s, at most {server.peak()} MiB resident")
        for at, (answers, times) in enumerate(results):
            wrong = {
                number: str(answer)[:300]
                for number, answer in answers.items()
                if not (isinstance(answer, list) and same(answer, wanted[number]))
            }
            check(not wrong, f"client {at}: {len(answers)} queries in {sum(times.values()):.1f} s {wrong or ''}")


def fair(chosen):
    short = "SELECT count(*), sum(o_totalprice) FROM orders WHERE o_orderkey % 7 = 3"
    heavy = "SELECT count(*) FROM lineitem a JOIN lineitem b ON a.l_partkey = b.l_partkey AND a.l_suppkey < b.l_suppkey"
    with Server(chosen, chosen.limit) as server:
        spark = server.session(chosen.data)
        alone = median_time(spark, short, 9)
        for count in (1, 4):
            others = [server.session(chosen.data) for _ in range(count)]
            stop = threading.Event()

            def load(other):
                while not stop.is_set():
                    failed(lambda: rows(other, heavy))

            threads = [threading.Thread(target=load, args=(other,)) for other in others]
            [thread.start() for thread in threads]
            time.sleep(1)
            beside = median_time(spark, short, 9)
            stop.set()
            [other.interruptAll() for other in others]
            [thread.join(60) for thread in threads]
            # With n heavy ones there are n + 1 that want the cores; twice that is what turns and caches may cost.
            bound = max(2 * (count + 1) * alone, 0.25)
            check(beside <= bound, f"short query: {alone * 1000:.0f} ms alone, {beside * 1000:.0f} ms beside {count} heavy "
                  f"({beside / alone:.1f} times; at most {bound / alone:.1f})")


def median_time(spark, text, runs):
    times = []
    for _ in range(runs):
        began = time.monotonic()
        rows(spark, text)
        times.append(time.monotonic() - began)
    return sorted(times)[runs // 2]


def cache(chosen):
    from pyspark import StorageLevel

    with Server(chosen, "256m") as server:
        spark = server.session()
        slow = "SELECT id % 1000 k, count(*) c, sum(sha(id) LIKE 'a%') s FROM range(0, 4000000) GROUP BY 1"
        slow = slow.replace("sum(sha(id) LIKE 'a%')", "count_if(sha(cast(id AS string)) LIKE 'a%')")
        frame = spark.sql(slow)
        began = time.monotonic()
        wanted = sorted(map(tuple, frame.collect()))
        computed = time.monotonic() - began
        check(not frame.is_cached and frame.storageLevel == StorageLevel.NONE, "not cached at first")
        frame.persist()
        check(frame.is_cached and frame.storageLevel == StorageLevel.MEMORY_AND_DISK_DESER, f"level {frame.storageLevel}")
        check(sorted(map(tuple, frame.collect())) == wanted, "filled by the first action")
        began = time.monotonic()
        check(sorted(map(tuple, frame.collect())) == wanted, "read by the second")
        read = time.monotonic() - began
        check(read < computed / 3, f"{computed:.2f} s computed, {read:.3f} s read")
        inside = spark.sql(slow.replace(" k,", " key,").replace(" c,", " n,")).filter("n > 0")
        check("InMemoryTableScan" in plan(inside), "another DataFrame that means the same reads it, inside of a larger plan")
        other = spark.sql(slow.replace("1000", "1001")).filter("c > 0")
        check("InMemoryTableScan" not in plan(other), "one that means something else does not")
        frame.unpersist()
        check(not frame.is_cached and "InMemoryTableScan" not in plan(inside), "unpersisted")

        big = spark.range(0, 12_000_000).selectExpr("id", "id * 3 AS b")
        before = server.resident()
        for level, name in [
            (StorageLevel.MEMORY_AND_DISK, "MEMORY_AND_DISK"), (StorageLevel.DISK_ONLY, "DISK_ONLY"),
            (StorageLevel.MEMORY_ONLY, "MEMORY_ONLY"),
        ]:
            big.persist(level)
            sums = [big.selectExpr("sum(b)", "count(*)").collect() for _ in range(2)]
            right = all(tuple(one[0]) == (3 * 12_000_000 * 11_999_999 // 2, 12_000_000) for one in sums)
            held = server.resident()
            big.unpersist()
            time.sleep(0.5)
            after = server.resident()
            check(right, f"{name}: 183 MiB of rows under 256m: {before} MiB resident before, {held} kept, {after} after")
        small = spark.range(0, 4_000_000).selectExpr("id", "id * 3 AS b")
        baseline = server.resident()
        small.persist()
        small.count()
        held = server.resident()
        small.unpersist()
        time.sleep(0.5)
        after = server.resident()
        check(after < held - 30 or held < baseline + 30, f"unpersist: {baseline} MiB, {held} kept, {after} after")
        spark.range(10).createOrReplaceTempView("ten")
        ten = spark.table("ten")
        ten.cache().count()
        check(spark.table("ten").is_cached, "a view is found by what it means")
        spark.catalog.clearCache()
        check(not ten.is_cached, "clearCache")


def plan(frame):
    return frame._explain_string(extended=False)


def rounds(chosen):
    for manner in ("persist", "checkpoint"):
        with Server(chosen, "256m") as server:
            spark = server.session()
            links = spark.range(0, 20000).selectExpr("id AS node", "(id * 7 + 3) % 20000 AS target").persist()
            ranks = spark.range(0, 20000).selectExpr("id AS node", "1.0D AS rank")
            # The client sends the whole plan each time, so its own time grows with every round, with Apache Spark too.
            times, memory, began, kept = [], [], server.busy(), []
            for at in range(1, chosen.rounds + 1):
                sums = links.join(ranks, "node").groupBy("target").sum("rank")
                ranks = sums.selectExpr("target AS node", "0.15D + 0.85D * `sum(rank)` AS rank")
                if manner == "persist":
                    ranks = ranks.persist()
                    ranks.count()
                    kept.append(ranks)
                    if len(kept) > 2:
                        kept.pop(0).unpersist()
                else:
                    ranks = ranks.localCheckpoint()
                if at % (chosen.rounds // 4) == 0:
                    times.append(server.busy() - began)
                    memory.append(server.resident())
                    began = server.busy()
            total = ranks.selectExpr("round(sum(rank), 3)").first()[0]
            check(abs(total - 20000) < 1, f"{manner}: ranks add up to {total}")
            text = ", ".join(f"{seconds:.1f} s of processor, {mib} MiB" for seconds, mib in zip(times, memory))
            check(times[-1] < 2.5 * times[0] + 0.5, f"{manner}: per {chosen.rounds // 4} rounds: {text}")


def folder(chosen):
    with tempfile.TemporaryDirectory() as local:
        spilling = "SELECT sum(c) FROM (SELECT id % 3000000 k, count(*) c FROM range(0, 6000000) GROUP BY 1)"
        with Server(chosen, "64m", local) as server:
            check(rows(server.session(), spilling) == [(6000000,)], "a query that spills")
            check(len(os.listdir(local)) == 1, f"one folder while it runs: {os.listdir(local)}")
        check(os.listdir(local) == [], f"none after the end: {os.listdir(local)}")
        crashed = Server(chosen, "64m", local)
        session = crashed.session()
        threading.Thread(target=failed, args=(lambda: rows(session, spilling),), daemon=True).start()
        time.sleep(1)
        crashed.process.send_signal(signal.SIGKILL)
        crashed.process.wait()
        failed(session.client.close)
        left = os.listdir(local)
        check(len(left) == 1, f"a crash leaves its folder: {left}")
        with Server(chosen, "64m", local):
            check(not set(left) & set(os.listdir(local)), f"the next start removes it: {os.listdir(local)}")


SCENES = {
    "spill": spill, "too-large": too_large, "clients": clients, "fair": fair, "cache": cache, "rounds": rounds, "folder": folder,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emberflow", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", default="512m")
    parser.add_argument("--queries", default=",".join(map(str, range(1, 23))))
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", default=",".join(SCENES))
    chosen = parser.parse_args()
    chosen.queries = [int(number) for number in chosen.queries.split(",")]
    for name in chosen.only.split(","):
        print(f"{name}:", flush=True)
        began = time.monotonic()
        SCENES[name](chosen)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{checked - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # At a usual exit the client of the server that crashed would try for minutes to say goodbye to it.
    os._exit(code)
