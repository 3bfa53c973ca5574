"""describe, summary, quantiles, frequent items, correlations, cross tables, transpose, unpivot, as-of joins."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def describe_all(spark):
    return spark.table("people").describe()


def describe_some(spark):
    return spark.table("people").describe("age", "name")


def describe_unknown(spark):
    return spark.table("people").describe("nope")


def describe_of_empty(spark):
    return spark.range(0).describe()


def summary_all(spark):
    return spark.table("people").summary()


def summary_some(spark):
    return spark.table("people").select("age", "city").summary("count", "count_distinct", "approx_count_distinct", "10%", "max")


def summary_of_decimals_and_dates(spark):
    frame = spark.sql("select * from values (1.10, date'2024-01-01', true), (2.20, date'2024-01-02', false) as t(a, d, f)")
    return frame.summary("min", "mean", "50%")


def summary_unknown_statistic(spark):
    return spark.range(3).summary("nonsense")


def summary_bad_percentile(spark):
    return spark.range(3).summary("120%")


def summary_unreadable_percentile(spark):
    return spark.range(3).summary("x%")


def quantiles_exact(spark):
    return spark.range(0, 101, 1, 3).approxQuantile("id", [0.0, 0.25, 0.5, 0.9, 1.0], 0.0)


def quantiles_with_error(spark):
    frame = spark.range(0, 1000, 1, 2).withColumn("v", (col("id") * 37) % 1009)
    return frame.approxQuantile(["id", "v"], [0.1, 0.5, 0.77], 0.05)


def quantiles_with_great_error(spark):
    return spark.range(0, 500, 1, 1).approxQuantile("id", [0.05, 0.3, 0.5, 0.95], 0.2)


def quantiles_skip_null_and_nan(spark):
    frame = spark.createDataFrame([(1.0, None), (float("nan"), None), (None, None), (3.0, None)], "a double, b double")
    return frame.approxQuantile(["a", "b"], [0.5, 1.0], 0.0)


def quantiles_of_unknown(spark):
    return spark.range(3).approxQuantile("nope", [0.5], 0.0)


def quantiles_of_texts(spark):
    return spark.table("people").approxQuantile("name", [0.5], 0.0)


def frequent_numbers(spark):
    frame = spark.range(0, 60, 1, 2).select(F.when(col("id") % 3 == 0, 7).otherwise(col("id") % 20).cast("int").alias("n"))
    return frame.freqItems(["n"], 0.2)


def frequent_items_of_many_columns(spark):
    frame = spark.range(0, 40, 1, 1).select((col("id") % 4).alias("a"), F.concat(lit("v"), (col("id") % 3).cast("string")).alias("b"), (col("id") / 8).alias("c"))
    return frame.freqItems(["a", "b", "c"], 0.25)


def frequent_items_default_support(spark):
    return spark.range(0, 30, 1, 1).freqItems(["id"])


def frequent_items_bad_support(spark):
    return spark.range(3).freqItems(["id"], 2.0)


def correlation_and_covariance(spark):
    frame = spark.range(0, 10, 1, 2).withColumn("v", col("id") * 2 + 1)
    return [round(frame.corr("id", "v"), 9), round(frame.cov("id", "v"), 9)]


def correlation_unknown_method(spark):
    return spark.range(3).corr("id", "id", "spearman")


def covariance_of_texts(spark):
    return spark.table("people").cov("name", "age")


def cross_table(spark):
    frame = spark.createDataFrame([(1, "b"), (1, "a"), (2, "b"), (None, "a"), (2, None)], "k int, v string")
    return frame.crosstab("k", "v").orderBy("k_v")


def transpose_by_first(spark):
    frame = spark.createDataFrame([("A", 1, 2), ("B", 3, 4)], "id string, x int, y int")
    return frame.transpose()


def transpose_by_name(spark):
    frame = spark.createDataFrame([("A", 10, 2.5), ("B", 9, 4.0)], "id string, x int, y double")
    return frame.transpose("x").orderBy("key")


def transpose_with_null_index(spark):
    frame = spark.createDataFrame([(None, 1), ("B", 3)], "id string, x int")
    return frame.transpose()


def transpose_of_nothing(spark):
    return spark.createDataFrame([], "id string, x int, y int").transpose()


def transpose_without_common_type(spark):
    return spark.sql("select 'a' as id, 1 as x, array(1) as y").transpose()


def transpose_by_array(spark):
    return spark.sql("select array(1) as id, 1 as x").transpose()


def unpivot_all_values(spark):
    return spark.sql("select 1 as id, 10 as a, 20L as b").unpivot("id", None, "name", "value").orderBy("name")


def unpivot_many_ids(spark):
    frame = spark.sql("select 1 as id, 'x' as k, 1.5 as a, 2 as b")
    return frame.unpivot(["id", "k"], ["a", "b"], "name", "value").orderBy("name")


def unpivot_without_common_type(spark):
    return spark.sql("select 1 as id, 'x' as a, array(1) as b").unpivot("id", ["a", "b"], "name", "value")


def unpivot_nothing(spark):
    return spark.sql("select 1 as id").unpivot("id", [], "name", "value")


def to_schema(spark):
    return spark.sql("select 1 as a, 'x' as b, 2.5D as c").to(spark.sql("select 1L as a, 'y' as b").schema)


def to_schema_missing(spark):
    from pyspark.sql.types import IntegerType, StructField, StructType

    return spark.sql("select 1 as a").to(StructType([StructField("b", IntegerType(), True), StructField("a", IntegerType(), True)]))


def to_schema_not_castable(spark):
    return spark.sql("select array(1) as a").to(spark.sql("select 1 as a").schema)


def to_names(spark):
    return spark.range(2).select("id", (col("id") + 1).alias("n")).toDF("a", "b").orderBy("a")


def to_names_wrong_number(spark):
    return spark.range(2).toDF("a", "b")


def as_of_backward(spark):
    left = spark.createDataFrame([(1, "a"), (5, "b"), (10, "c")], "t int, l string")
    right = spark.createDataFrame([(1, 1), (2, 2), (3, 3), (6, 6), (7, 7)], "t int, r int")
    return left._joinAsOf(right, leftAsOfColumn="t", rightAsOfColumn="t").orderBy("l")


def as_of_forward_left(spark):
    left = spark.createDataFrame([(1, "a"), (5, "b"), (10, "c")], "t int, l string")
    right = spark.createDataFrame([(1, 1), (2, 2), (3, 3), (6, 6), (7, 7)], "t int, r int")
    return left._joinAsOf(right, "t", "t", how="left", direction="forward", allowExactMatches=False).orderBy("l")


def as_of_nearest_with_tolerance(spark):
    left = spark.createDataFrame([(1, "a"), (5, "b"), (10, "c")], "t int, l string")
    right = spark.createDataFrame([(1, 1), (2, 2), (3, 3), (6, 6), (7, 7)], "t int, r int")
    return left._joinAsOf(right, "t", "t", how="left", direction="nearest", tolerance=lit(1)).orderBy("l")
