"""Observations: figures about rows that pass, fetched after an action."""
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def _observed(frame, *figures, action=lambda frame: frame.collect()):
    seen = Observation()
    action(frame.observe(seen, *figures))
    return {name: repr(value) for name, value in seen.get.items()}


def counts_and_extremes(spark):
    frame = spark.range(0, 100, 1, 4)
    return _observed(frame, F.count(lit(1)).alias("n"), F.min("id").alias("least"), F.max("id").alias("most"), F.sum("id").alias("sum"))


def composed_figures(spark):
    return _observed(spark.range(0, 10, 1, 2), (F.sum("id") / F.count("id") + 1).alias("mean_and_one"), F.avg("id"))


def figures_of_many_types(spark):
    frame = spark.sql("select * from values (1, 'a', 1.50, date'2024-01-01', true), (2, 'b', 2.25, date'2024-02-01', false) as t(i, s, d, day, f)")
    return _observed(frame, F.max("i").alias("i"), F.max("s").alias("s"), F.max("d").alias("d"), F.max("day").alias("day"), F.max("f").alias("f"), F.sum(lit(None).cast("int")).alias("none"))


def figures_of_nested_types(spark):
    frame = spark.range(0, 3, 1, 1)
    return _observed(frame, F.collect_list("id").alias("all"), F.max(F.struct("id", lit("x").alias("x"))).alias("last"))


def figures_below_a_filter(spark):
    frame = spark.range(0, 10, 1, 2)
    seen = Observation("below")
    rows = frame.observe(seen, F.count("*").alias("n")).filter("id > 7").collect()
    return [len(rows), seen.get]


def figures_of_no_rows(spark):
    return _observed(spark.range(0), F.count("*").alias("n"), F.max("id").alias("most"))


def figures_of_a_count(spark):
    return _observed(spark.range(0, 5, 1, 1), F.count("*").alias("n"), action=lambda frame: frame.count())


def figures_of_a_show(spark):
    return _observed(spark.range(0, 5, 1, 1), F.count("*").alias("n"), action=lambda frame: frame.show())


def figures_of_a_write(spark):
    return _observed(spark.range(0, 5, 1, 1), F.count("*").alias("n"), action=lambda frame: frame.write.format("noop").mode("overwrite").save())


def two_observations(spark):
    first, second = Observation("first"), Observation("second")
    frame = spark.range(0, 10, 1, 2).observe(first, F.count("*").alias("n")).filter("id % 2 = 0").observe(second, F.count("*").alias("n"))
    frame.collect()
    return [first.get, second.get]


def observed_by_name(spark):
    return spark.range(0, 4, 1, 1).observe("named", F.count("*").alias("n")).orderBy("id")


def refuses_columns(spark):
    return spark.range(3).observe("bad", col("id"))


def refuses_distinct(spark):
    return spark.range(3).observe("bad", F.countDistinct("id").alias("n"))


def refuses_unknown(spark):
    return spark.range(3).observe("bad", F.max("nope").alias("n"))
