"""How rows lie in partitions: repartition, coalesce, ranges, sorting within, hints, ids of rows and partitions.

Numbers of partitions are given, so that the answers do not depend on how many cores there are.
"""
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def _where(frame):
    """Partition by partition, how many rows and which."""
    placed = frame.withColumn("at", F.spark_partition_id())
    return placed.groupBy("at").agg(F.count("*").alias("rows"), F.min("id"), F.max("id")).orderBy("at")


def range_partitions(spark):
    return _where(spark.range(0, 10, 1, 3))


def row_ids(spark):
    return spark.range(0, 7, 1, 3).select("id", F.monotonically_increasing_id().alias("row"), F.spark_partition_id().alias("at")).orderBy("id")


def coalesce_merges_neighbours(spark):
    return _where(spark.range(0, 10, 1, 5).coalesce(2))


def coalesce_never_adds(spark):
    return _where(spark.range(0, 4, 1, 2).coalesce(8))


def coalesce_to_one(spark):
    return spark.range(0, 6, 1, 3).coalesce(1).select("id", F.spark_partition_id(), F.monotonically_increasing_id()).orderBy("id")


def coalesce_then_filter(spark):
    return _where(spark.range(0, 100, 1, 8).coalesce(3).filter("id % 2 = 0"))


def repartition_gives_that_many(spark):
    frame = spark.range(0, 100, 1, 3).repartition(7)
    placed = frame.withColumn("at", F.spark_partition_id()).groupBy("at").count().orderBy("at")
    return placed


def repartition_of_few_rows(spark):
    frame = spark.range(0, 3, 1, 1).repartition(5)
    return frame.withColumn("at", F.spark_partition_id()).groupBy("at").count().orderBy("at")


def repartition_after_filter(spark):
    frame = spark.range(0, 1000, 1, 4).filter("id < 100").repartition(3)
    return frame.withColumn("at", F.spark_partition_id()).agg(F.countDistinct("at"), F.count("*"))


def repartition_by_key(spark):
    return spark.range(0, 20, 1, 2).repartition(4, "id").select("id", F.spark_partition_id().alias("at")).orderBy("id")


def repartition_by_text_and_null(spark):
    frame = spark.createDataFrame([(1, "a"), (2, "b"), (3, None), (4, "a"), (5, "longer text"), (6, None)], "id int, k string")
    return frame.repartition(3, "k").select("id", "k", F.spark_partition_id().alias("at")).orderBy("id")


def repartition_by_expressions(spark):
    return spark.range(0, 12, 1, 2).repartition(5, col("id") % 3, col("id") > 5).select("id", F.spark_partition_id().alias("at")).orderBy("id")


def repartition_by_range(spark):
    return _where(spark.range(0, 30, 1, 4).repartitionByRange(3, "id"))


def repartition_by_range_descending(spark):
    return _where(spark.range(0, 31, 1, 4).repartitionByRange(4, col("id").desc()))


def repartition_by_range_of_equal_keys(spark):
    frame = spark.range(0, 20, 1, 2).withColumn("k", F.when(col("id") < 15, 1).otherwise(2))
    return _where(frame.repartitionByRange(5, "k"))


def repartition_by_range_with_nulls(spark):
    frame = spark.createDataFrame([(i, None if i % 4 == 0 else i) for i in range(16)], "id int, k int")
    return _where(frame.repartitionByRange(3, "k"))


def sort_within_partitions(spark):
    frame = spark.range(0, 8, 1, 2).sortWithinPartitions(col("id").desc())
    return [row.id for row in frame.collect()]


def sort_within_keeps_partitions(spark):
    frame = spark.range(0, 9, 1, 3).sortWithinPartitions(col("id").desc())
    return [tuple(row) for row in frame.select("id", F.spark_partition_id(), F.monotonically_increasing_id()).collect()]


def sort_within_after_repartition(spark):
    frame = spark.range(0, 20, 1, 2).repartition(3, "id").sortWithinPartitions("id")
    return [tuple(row) for row in frame.select(F.spark_partition_id(), "id").collect()]


def hint_coalesce(spark):
    return _where(spark.range(0, 10, 1, 5).hint("coalesce", 2))


def hint_repartition(spark):
    frame = spark.range(0, 100, 1, 2).hint("repartition", 6)
    return frame.withColumn("at", F.spark_partition_id()).agg(F.countDistinct("at"), F.count("*"))


def hint_repartition_by_column(spark):
    return spark.range(0, 10, 1, 2).hint("repartition", 4, "id").select("id", F.spark_partition_id().alias("at")).orderBy("id")


def hint_repartition_by_range(spark):
    return _where(spark.range(0, 10, 1, 2).hint("repartition_by_range", 2, "id"))


def hint_unknown(spark):
    return spark.range(3).hint("no_such_hint", 1, "x").orderBy("id")


def hint_of_joins(spark):
    left, right = spark.range(5), spark.range(3, 8)
    return left.hint("merge").join(right.hint("shuffle_hash"), "id").join(spark.range(4, 9).hint("broadcast"), "id").orderBy("id")


def hints_in_sql(spark):
    spark.range(0, 10, 1, 5).createOrReplaceTempView("ten")
    return _where(spark.sql("select /*+ coalesce(3) */ * from ten"))


def stacked_filters_guard(spark):
    frame = spark.createDataFrame([(4, 2), (1, 0), (9, 3)], "a int, b int")
    return frame.filter("b != 0").filter("a div b > 1").orderBy("a")


def stacked_filters_guard_through_select(spark):
    frame = spark.createDataFrame([(4, 2), (1, 0), (9, 3)], "a int, b int")
    return frame.filter("b != 0").withColumn("q", col("a") / col("b")).filter("q > 2").orderBy("a")


def stacked_filters_guard_casts(spark):
    frame = spark.createDataFrame([("1",), ("x",), ("7",)], "s string")
    return frame.filter("s rlike '^[0-9]+$'").select(col("s").cast("int").alias("n")).filter("n > 3")


def filters_over_union_guard(spark):
    frame = spark.createDataFrame([(4, 2), (1, 0)], "a int, b int")
    return frame.filter("b != 0").union(frame.filter("b > 1")).filter("a % b = 0").orderBy("a", "b")


def union_keeps_partitions(spark):
    both = spark.range(0, 4, 1, 2).union(spark.range(10, 14, 1, 2))
    return _where(both)


def partition_id_in_filter(spark):
    return spark.range(0, 12, 1, 4).filter(F.spark_partition_id() == 2).orderBy("id")


def partition_id_in_aggregate(spark):
    return spark.range(0, 12, 1, 4).agg(F.max(F.spark_partition_id()), F.sum(F.monotonically_increasing_id()))
