"""Samples and random numbers: for a seed and given partitions the very rows and numbers of Spark."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def _ids(frame):
    return sorted(row.id for row in frame.collect())


def sample_a_tenth(spark):
    return _ids(spark.range(0, 200, 1, 4).sample(fraction=0.1, seed=42))


def sample_half_of_one_partition(spark):
    return _ids(spark.range(0, 50, 1, 1).sample(fraction=0.5, seed=3))


def sample_nothing_and_everything(spark):
    frame = spark.range(0, 20, 1, 2)
    return [_ids(frame.sample(fraction=0.0, seed=1)), _ids(frame.sample(fraction=1.0, seed=1))]


def sample_with_replacement(spark):
    return _ids(spark.range(0, 100, 1, 3).sample(True, 0.4, 7))


def sample_with_replacement_more_than_once(spark):
    return _ids(spark.range(0, 20, 1, 2).sample(True, 2.5, 11))


def sample_negative_seed(spark):
    return _ids(spark.range(0, 60, 1, 3).sample(fraction=0.3, seed=-5))


def sample_then_filter(spark):
    return _ids(spark.range(0, 100, 1, 2).sample(fraction=0.5, seed=9).filter("id % 2 = 0"))


def filter_then_sample(spark):
    return _ids(spark.range(0, 100, 1, 2).filter("id % 2 = 0").sample(fraction=0.5, seed=9))


def sample_of_local_rows(spark):
    frame = spark.createDataFrame([(i,) for i in range(40)], "id int").coalesce(1)
    return _ids(frame.sample(fraction=0.5, seed=2))


def random_split(spark):
    parts = spark.range(0, 100, 1, 4).randomSplit([0.5, 0.3, 0.2], seed=24)
    return [_ids(part) for part in parts]


def random_split_of_unordered_rows(spark):
    frame = spark.range(0, 60, 1, 3).withColumn("k", (col("id") * 7) % 11).select("k", "id")
    return [_ids(part) for part in frame.randomSplit([1.0, 2.0], 5)]


def random_split_of_maps(spark):
    frame = spark.range(0, 20, 1, 2).select("id", F.create_map(F.lit("a"), "id").alias("m"))
    return [_ids(part) for part in frame.randomSplit([0.5, 0.5], 13)]


def sample_by(spark):
    frame = spark.range(0, 120, 1, 3).select((col("id") % 3).alias("k"), "id")
    return _ids(frame.sampleBy("k", {0: 0.1, 1: 0.5}, seed=0))


def sample_by_texts(spark):
    frame = spark.range(0, 60, 1, 2).select(F.when(col("id") % 2 == 0, "even").otherwise("odd").alias("k"), "id")
    return _ids(frame.sampleBy("k", {"even": 0.3, "none": 0.9}, seed=8))


def rand_with_seed(spark):
    return spark.range(0, 8, 1, 3).select("id", F.rand(42)).orderBy("id")


def randn_with_seed(spark):
    return spark.range(0, 9, 1, 2).select("id", F.randn(7).alias("z")).orderBy("id")


def rand_twice_is_the_same(spark):
    return spark.range(0, 5, 1, 2).select("id", (F.rand(1) == F.rand(1)).alias("same")).orderBy("id")


def rand_in_filter(spark):
    return _ids(spark.range(0, 100, 1, 4).filter(F.rand(3) < 0.2))


def rand_then_filter(spark):
    return spark.range(0, 30, 1, 3).withColumn("r", F.rand(5)).filter("r > 0.7").orderBy("id")


def rand_in_order(spark):
    return [row.id for row in spark.range(0, 10, 1, 2).orderBy(F.rand(11)).collect()]


def rand_in_aggregate(spark):
    return spark.range(0, 10, 1, 2).agg(F.round(F.sum(F.rand(17)), 9).alias("total"))


def rand_in_grouping(spark):
    return spark.range(0, 40, 1, 2).groupBy((F.rand(2) > 0.5).alias("high")).count().orderBy("high")


def uuids_differ(spark):
    frame = spark.range(0, 100, 1, 4).select(F.expr("uuid()").alias("u"))
    return frame.agg(F.countDistinct("u"), F.min(F.length("u")))


def table_sample_of_rows(spark):
    spark.range(0, 50, 1, 2).createOrReplaceTempView("fifty")
    return spark.sql("select count(*) from fifty tablesample (7 rows)")


def table_sample_repeatable(spark):
    spark.range(0, 50, 1, 2).createOrReplaceTempView("fifty")
    return _ids(spark.sql("select * from fifty tablesample (20 percent) repeatable (99)"))


def table_sample_bucket(spark):
    spark.range(0, 50, 1, 2).createOrReplaceTempView("fifty")
    return _ids(spark.sql("select * from fifty tablesample (bucket 3 out of 10) repeatable (4)"))
