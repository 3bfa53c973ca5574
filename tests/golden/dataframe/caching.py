"""persist, cache, checkpoint: what they change is the time; what can be seen of them is here."""

from pyspark import StorageLevel
from pyspark.sql import functions as sf


def _level(frame):
    level = frame.storageLevel
    return [level.useDisk, level.useMemory, level.useOffHeap, level.deserialized, level.replication]


def _frame(spark):
    return spark.range(10).selectExpr("id", "id % 3 AS k")


def levels(spark):
    frame, found = _frame(spark), []
    for level in ("MEMORY_ONLY", "MEMORY_AND_DISK", "DISK_ONLY", "MEMORY_AND_DISK_DESER", "OFF_HEAP", "DISK_ONLY_2"):
        frame.persist(getattr(StorageLevel, level))
        found.append([level, _level(frame), frame.count()])
        frame.unpersist()
    return found


def default_level(spark):
    frame = _frame(spark)
    before = [_level(frame), frame.is_cached]
    frame.cache()
    after = [_level(frame), frame.is_cached]
    frame.unpersist()
    return before, after, _level(frame), frame.is_cached


def second_level_is_ignored(spark):
    frame = _frame(spark)
    frame.persist(StorageLevel.DISK_ONLY)
    frame.persist(StorageLevel.MEMORY_ONLY)
    found = _level(frame)
    frame.unpersist()
    return found


def same_meaning_is_the_same_cache(spark):
    frame = _frame(spark).filter("k > 0")
    frame.cache()
    other = spark.range(10).selectExpr("id", "id % 3 AS k").where("k > 0")
    different = spark.range(10).selectExpr("id", "id % 3 AS k").where("k > 1")
    found = [_level(other), _level(different)]
    other.unpersist()
    return found, _level(frame)


def renamed_is_the_same_cache(spark):
    frame = _frame(spark)
    frame.cache()
    found = _level(spark.range(10).selectExpr("id AS a", "id % 3 AS b"))
    frame.unpersist()
    return found


def draws_stay(spark):
    frame = spark.range(20).select("id", sf.rand().alias("drawn"))
    frame.persist()
    same = frame.collect() == frame.collect()
    frame.unpersist()
    return same


def view_of_cached(spark):
    frame = _frame(spark)
    frame.createOrReplaceTempView("g_kept")
    frame.cache()
    found = [spark.catalog.isCached("g_kept"), _level(spark.table("g_kept"))]
    frame.unpersist()
    return found, spark.catalog.isCached("g_kept")


def cached_table(spark):
    _frame(spark).createOrReplaceTempView("g_kept")
    spark.catalog.cacheTable("g_kept")
    found = [spark.catalog.isCached("g_kept"), _level(_frame(spark)), spark.table("g_kept").count()]
    spark.catalog.uncacheTable("g_kept")
    return found, spark.catalog.isCached("g_kept")


def cache_statements(spark):
    _frame(spark).createOrReplaceTempView("g_kept")
    spark.sql("CACHE TABLE g_kept OPTIONS ('storageLevel' 'DISK_ONLY')")
    found = [_level(spark.table("g_kept")), spark.table("g_kept").count()]
    spark.sql("UNCACHE TABLE g_kept")
    spark.sql("CACHE LAZY TABLE g_named AS SELECT id FROM range(5)")
    found += [_level(spark.table("g_named")), spark.table("g_named").count()]
    spark.sql("CLEAR CACHE")
    return found, _level(spark.table("g_named"))


def column_dropped_below_the_cache(spark):
    frame = _frame(spark).select("id")
    frame.cache()
    found = [list(row) for row in frame.orderBy("k", "id").limit(4).collect()]
    frame.unpersist()
    return found


def references_through_a_cache(spark):
    base = spark.range(6).selectExpr("id", "id * 2 AS v")
    kept = base.withColumn("w", base["v"] + 1).cache()
    found = kept.select(kept["w"], base["id"]).filter(kept["v"] > 4).orderBy("id")
    found = [list(row) for row in found.collect()]
    kept.unpersist()
    return found


def self_join_of_cached(spark):
    frame = _frame(spark).cache()
    joined = frame.alias("a").join(frame.alias("b"), "k").groupBy("k").count().orderBy("k")
    found = [list(row) for row in joined.collect()]
    frame.unpersist()
    return found


def insert_is_seen(spark):
    spark.sql("drop table if exists g_growing")
    spark.sql("create table g_growing (id int) using parquet")
    spark.sql("insert into g_growing values (1), (2)")
    spark.catalog.cacheTable("g_growing")
    before = spark.table("g_growing").count()
    spark.sql("insert into g_growing values (3)")
    after = [spark.table("g_growing").count(), spark.catalog.isCached("g_growing")]
    spark.sql("drop table g_growing")
    return before, after


def local_checkpoint(spark):
    frame = _frame(spark).localCheckpoint()
    return [list(row) for row in frame.orderBy("id").collect()], frame.columns, _level(frame)


def lazy_checkpoint(spark):
    frame = _frame(spark).localCheckpoint(eager=False)
    return frame.groupBy("k").count().orderBy("k").collect() == frame.groupBy("k").count().orderBy("k").collect()


def checkpoint_with_level(spark):
    frame = _frame(spark).localCheckpoint(True, StorageLevel.DISK_ONLY)
    return sorted(list(row) for row in frame.collect())


def same_semantics(spark):
    one, two = _frame(spark), spark.range(10).selectExpr("id AS a", "id % 3 AS b")
    three = spark.range(11).selectExpr("id AS a", "id % 3 AS b")
    return [one.sameSemantics(two), one.sameSemantics(three), one.semanticHash() == two.semanticHash()]


def unpersist_of_what_is_not(spark):
    return _level(_frame(spark).unpersist())
