"""groupBy, agg, pivot, rollup, cube and window."""
from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def count_by(spark):
    return spark.table("people").groupBy("city").count().orderBy("city")


def agg_functions(spark):
    return spark.table("people").groupBy("city").agg(F.sum("age"), F.avg("score").alias("mean"), F.max("name"), F.count("*"), F.min("id")).orderBy("city")


def agg_without_group(spark):
    return spark.table("people").agg(F.count("age"), F.count_distinct("city"), F.sum("age") / F.count("age"))


def agg_dict(spark):
    return spark.table("people").groupBy("city").agg({"age": "max", "id": "count"}).orderBy("city")


def shorthand_sum(spark):
    return spark.table("people").groupBy("city").sum("age", "score").orderBy("city")


def shorthand_avg_min_max(spark):
    people = spark.table("people").groupBy("city")
    return people.avg("age").join(people.max("age"), "city").join(people.min("age"), "city").orderBy("city")


def shorthand_sum_of_all_numbers(spark):
    return spark.table("people").groupBy("city").sum().orderBy("city")


def group_by_expression(spark):
    return spark.table("people").groupBy((col("age") > 40).alias("old")).count().orderBy("old")


def group_by_unnamed_expression(spark):
    return spark.table("people").groupBy(F.length("city")).count().orderBy("length(city)")


def group_by_two(spark):
    return spark.table("sales").groupBy("region", "year").agg(F.sum("amount").alias("s")).orderBy("region", "year")


def group_by_position(spark):
    return spark.table("sales").groupBy(1).count().orderBy("region")


def group_by_attribute(spark):
    people = spark.table("people")
    return people.groupby(people.city).agg(F.max(people.age)).orderBy(people.city)


def group_by_nothing(spark):
    return spark.table("people").groupBy().agg(F.max("age").alias("oldest"))


def having_with_filter(spark):
    return spark.table("people").groupBy("city").count().filter("count > 1").orderBy("city")


def agg_expression_over_key(spark):
    return spark.table("people").groupBy("city").agg((F.sum("age") + F.length("city")).alias("x")).orderBy("city")


def count_distinct_many(spark):
    return spark.table("sales").agg(F.countDistinct("region", "year"), F.approx_count_distinct("region"))


def collect_list_set(spark):
    return spark.table("people").groupBy("city").agg(F.sort_array(F.collect_list("age")).alias("l"), F.sort_array(F.collect_set("score")).alias("s")).orderBy("city")


def first_last(spark):
    return spark.table("people").orderBy("id").agg(F.first("name"), F.last("name", ignorenulls=True))


def statistics(spark):
    return spark.table("people").agg(F.stddev("age"), F.variance("age"), F.skewness("age"), F.kurtosis("age"), F.corr("age", "score"), F.median("age"), F.percentile_approx("age", 0.5), F.mode("city"))


def sum_distinct(spark):
    return spark.table("people").agg(F.sum_distinct("age"), F.max_by("name", "age"), F.min_by("name", "age"), F.bool_and(col("id") > 0))


def agg_of_empty(spark):
    return spark.table("empty").agg(F.count("*"), F.sum("k"), F.max("v"))


def group_of_empty(spark):
    return spark.table("empty").groupBy("k").count()


def pivot_with_values(spark):
    return spark.table("sales").groupBy("region").pivot("year", [2020, 2021]).sum("amount").orderBy("region")


def pivot_without_values(spark):
    return spark.table("sales").groupBy("region").pivot("year").sum("amount").orderBy("region")


def pivot_two_aggregates(spark):
    return spark.table("sales").groupBy("region").pivot("year", [2020]).agg(F.sum("amount").alias("s"), F.count("amount").alias("n")).orderBy("region")


def pivot_missing_value(spark):
    return spark.table("sales").groupBy("region").pivot("product", ["tea", "cocoa"]).count().orderBy("region")


def rollup(spark):
    return spark.table("sales").rollup("region", "year").agg(F.sum("amount"), F.grouping_id()).orderBy("grouping_id()", "region", "year")


def cube(spark):
    return spark.table("sales").cube("region", "year").agg(F.count("*").alias("n"), F.grouping("region").alias("g")).orderBy("g", "region", "year", "n")


def grouping_sets(spark):
    return spark.table("sales").groupingSets([["region"], ["year"]], "region", "year").agg(F.sum("amount")).orderBy("region", "year")


def row_number(spark):
    by_city = Window.partitionBy("city").orderBy(col("age").desc(), "id")
    return spark.table("people").select("id", F.row_number().over(by_city).alias("rn")).orderBy("id")


def ranks(spark):
    by_age = Window.orderBy("age")
    return spark.table("people").select("id", F.rank().over(by_age), F.dense_rank().over(by_age), F.percent_rank().over(by_age), F.cume_dist().over(by_age), F.ntile(3).over(Window.orderBy("id"))).orderBy("id")


def lag_lead(spark):
    by_id = Window.orderBy("id")
    return spark.table("people").select("id", F.lag("name").over(by_id), F.lead("name", 2, "none").over(by_id), F.nth_value("name", 2).over(by_id)).orderBy("id")


def running_sum(spark):
    rows = Window.partitionBy("city").orderBy("id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return spark.table("people").withColumn("total", F.sum("id").over(rows)).orderBy("id")


def moving_average(spark):
    return spark.table("people").withColumn("m", F.avg("id").over(Window.orderBy("id").rowsBetween(-1, 1))).orderBy("id")


def range_frame(spark):
    return spark.table("people").withColumn("n", F.count("*").over(Window.orderBy("age").rangeBetween(-5, 5))).orderBy("id")


def window_share(spark):
    total = F.sum("salary").over(Window.partitionBy("dept_id"))
    return spark.table("emp").select("id", (col("salary") / total).alias("share")).orderBy("id")


def window_then_filter(spark):
    rn = F.row_number().over(Window.partitionBy("city").orderBy("id"))
    return spark.table("people").withColumn("rn", rn).filter("rn = 1").drop("rn").orderBy("id")


def window_of_aggregate(spark):
    return spark.table("people").groupBy("city").count().withColumn("r", F.rank().over(Window.orderBy(col("count").desc()))).orderBy("city")


def describe(spark):
    return spark.table("people").describe("age", "name")


def summary(spark):
    return spark.table("people").select("age").summary("count", "min", "max", "mean")


def crosstab(spark):
    return spark.table("sales").crosstab("region", "year").orderBy("region_year")


def freq_items(spark):
    return spark.table("people").freqItems(["city"], 0.4)


def approx_quantile(spark):
    return spark.table("people").approxQuantile("age", [0.0, 0.5, 1.0], 0.0)


def corr_and_cov(spark):
    frame = spark.table("people").na.drop()
    return [round(frame.corr("age", "score"), 9), round(frame.cov("age", "score"), 9)]


def unpivot(spark):
    return spark.sql("select 1 as id, 10 as a, 20 as b").unpivot("id", ["a", "b"], "name", "value").orderBy("name")


def melt(spark):
    return spark.sql("select 1 as id, 10 as a, 20L as b").melt(["id"], None, "name", "value").orderBy("name")
