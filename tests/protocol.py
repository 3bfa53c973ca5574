"""What only a real client shows of the wire: tests/protocol.py URL SERVER_PID

    PySpark ──sc://──► emberflow serve

Values are compared elsewhere (`oracle/replay.py`); here it is about sessions, uploads, errors, interrupts and memory.
Works with the clients of Spark 4.1 to 4.3. Begin at the first function below `check`.
"""

import os
import sys
import threading
import time

import pyspark
from pyspark.errors import AnalysisException, ArithmeticException, ParseException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

URL, SERVER_PID = sys.argv[1], int(sys.argv[2])
SLOW_BATCHES = 12
GROWTH_MB_MAX = 150
INTERRUPT_S_MAX = 3.0

spark = SparkSession.builder.remote(URL).getOrCreate()
failed = []
passed = 0


def check(story):
    """Runs a story at once; the others run whatever becomes of it."""
    global passed
    try:
        story()
        passed += 1
    except Exception as why:  # a story fails with whatever it likes
        failed.append(story.__name__)
        print(f"FAILED {story.__name__}: {type(why).__name__}: {str(why)[:500]}")
    return story


def raised(kind, action):
    try:
        action()
    except kind as why:
        return why
    raise AssertionError(f"no {kind.__name__}")


def server_mb():
    with open(f"/proc/{SERVER_PID}/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


@check
def settings_are_the_sessions():
    spark.conf.set("my.key", "1")
    assert spark.conf.get("my.key") == "1"
    spark.conf.unset("my.key")
    assert spark.conf.get("my.key", "none") == "none"
    assert spark.conf.isModifiable("spark.sql.ansi.enabled")
    assert spark.version.startswith("4.")


@check
def small_and_large_local_data_arrive():
    assert spark.createDataFrame([(1, "a")], "i int, s string").collect() == [(1, "a")]
    # Above a megabyte the client uploads blocks first.
    rows = [(number, "x" * 200) for number in range(30_000)]
    large = spark.createDataFrame(rows, "i int, s string")
    assert large.agg(F.sum("i"), F.count("s")).collect() == [(sum(range(30_000)), 30_000)]


@check
def an_empty_result_keeps_its_schema():
    empty = spark.range(3).filter("id > 9").toPandas()
    assert list(empty.columns) == ["id"] and len(empty) == 0


@check
def all_rows_come_through_many_batches():
    assert spark.range(1_000_000).toArrow().num_rows == 1_000_000
    assert sum(1 for _ in spark.range(50_000).toLocalIterator()) == 50_000


@check
def sql_is_query_or_command():
    assert spark.sql("select :a + 1 as r", {"a": 2}).collect() == [(3,)]
    assert spark.sql("select max(id) from {numbers}", numbers=spark.range(4)).collect() == [(3,)]
    assert spark.sql("show databases").collect() == [("default",)]


@check
def errors_have_class_condition_state_and_place():
    why = raised(AnalysisException, lambda: spark.range(1).select("nope").collect())
    assert (why.getCondition(), why.getSqlState()) == ("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703")
    assert why.getMessageParameters()["objectName"] == "`nope`"
    assert raised(ParseException, lambda: spark.sql("selec 1")).getCondition() == "PARSE_SYNTAX_ERROR"
    why = raised(ArithmeticException, lambda: spark.range(1).select(F.lit(1) / F.col("id")).collect())
    assert why.getCondition() == "DIVIDE_BY_ZERO"


@check
def plans_may_be_deep():
    deep = spark.range(2)
    for _ in range(400):
        deep = deep.filter("id >= 0")
    assert deep.count() == 2


@check
def an_interrupt_ends_a_query_at_once():
    said = []

    def run():
        said.append(raised(Exception, lambda: spark.range(10**12).selectExpr("sum(id % 7)").collect()))

    query = threading.Thread(target=run)
    query.start()
    deadline = time.monotonic() + 30
    while not (stopped := spark.interruptAll()) and time.monotonic() < deadline:
        time.sleep(0.1)
    asked = time.monotonic()
    query.join(30)
    assert stopped and "OPERATION_CANCELED" in str(said[0]), said
    assert time.monotonic() - asked < INTERRUPT_S_MAX
    assert spark.range(5).count() == 5


@check
def a_slow_reader_does_not_fill_the_server():
    wide = spark.range(50_000_000).selectExpr("id", "id * 2 as b", "cast(id as string) as s")
    batches = spark._client.to_table_as_iterator(wide._plan.to_proto(spark._client), {})
    sizes = []
    for _ in range(SLOW_BATCHES):
        next(batches)
        time.sleep(0.25)
        sizes.append(server_mb())
    batches.close()
    spark.interruptAll()
    assert max(sizes) - sizes[0] < GROWTH_MB_MAX, sizes


@check
def sessions_keep_apart():
    spark.range(4).createOrReplaceTempView("mine")
    other = SparkSession.builder.remote(URL).create()
    assert not other.catalog.tableExists("mine")
    other.stop()
    assert spark.table("mine").count() == 4


print(f"the protocol as PySpark {pyspark.__version__} speaks it")
print(f"protocol: {passed} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
