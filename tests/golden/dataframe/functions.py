"""Functions through pyspark.sql.functions: names of columns, types and values."""
from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def strings(spark):
    return spark.table("people").select(F.upper("name"), F.lower("name"), F.length("name"), F.trim("name"), F.concat("name", lit("-"), "city"), F.concat_ws("/", "name", "city"), F.substring("name", 2, 2), F.initcap("name"), F.reverse("name"), F.lpad("name", 8, "."), F.rpad("name", 8, ".")).orderBy("id")


def string_searches(spark):
    return spark.table("people").select(F.instr("name", "a"), F.locate("a", "name"), F.regexp_replace("name", "[aeiou]", "_"), F.regexp_extract("name", "(.)a", 1), F.split("city", " "), F.translate("name", "abc", "xyz"), F.replace("name", lit("a"), lit("A"))).orderBy("id")


def numbers(spark):
    return spark.table("people").select(F.round("score", 1), F.ceil("score"), F.floor("score"), F.abs(col("id") - 3), F.sqrt("id"), F.pow("id", lit(2)), F.exp(lit(0)), F.log("id"), F.greatest("id", "age"), F.least("id", "age"), F.signum("score")).orderBy("id")


def nulls(spark):
    return spark.table("people").select(F.coalesce("age", lit(0)), F.isnull("age"), F.isnan("score"), F.nvl("city", lit("?")), F.ifnull("age", lit(1)), F.nullif("age", lit(45)), col("age").isNull(), col("age").isNotNull()).orderBy("id")


def dates(spark):
    return spark.table("events").select(F.year("d"), F.month("d"), F.dayofmonth("d"), F.dayofweek("d"), F.date_add("d", 1), F.date_sub("d", 1), F.add_months("d", 1), F.last_day("d"), F.date_format("ts", "yyyy/MM/dd HH:mm"), F.date_trunc("month", "ts"), F.trunc("d", "year"), F.to_date("ts"), F.datediff("d", lit("2024-01-01").cast("date"))).orderBy("id")


def timestamps(spark):
    return spark.table("events").select(F.hour("ts"), F.minute("ts"), F.second("ts"), F.unix_timestamp("ts"), F.from_unixtime(lit(0)), F.to_timestamp(lit("2024-01-01 10:00:00")), F.to_date(lit("01.02.2024"), "dd.MM.yyyy"), col("ts").cast("long")).orderBy("id")


def arrays(spark):
    return spark.table("nested").select("id", F.size("arr"), F.array_contains("arr", 2), F.sort_array("arr"), F.array_distinct("arr"), F.array_join("arr", ","), F.try_element_at("arr", lit(1)), F.slice("arr", 1, 2), F.array_max("arr")).orderBy("id")


def making_nested_values(spark):
    return spark.table("t1").select(F.array("k", lit(9)), F.struct("k", "v"), F.create_map(lit("key"), "k"), F.named_struct(lit("x"), "k")).orderBy("v")


def higher_order(spark):
    return spark.table("nested").filter("id < 3").select(F.transform("arr", lambda x: x + 1), F.filter("arr", lambda x: x > 1), F.exists("arr", lambda x: x == 2), F.aggregate("arr", lit(0), lambda acc, x: acc + F.coalesce(x, lit(0)))).orderBy("id")


def maps(spark):
    return spark.table("nested").select(F.map_keys("m"), F.map_values("m"), F.map_entries("m"), F.size("m")).orderBy("id")


def conditionals(spark):
    return spark.table("people").select(F.when(col("age").isNull(), "none").otherwise(col("age").cast("string")).alias("a"), F.expr("case when age > 40 then 1 end"), F.nanvl(col("score"), lit(0.0))).orderBy("id")


def literals(spark):
    import datetime
    from decimal import Decimal

    return spark.range(1).select(lit(1), lit(1.5), lit("x"), lit(True), lit(None), lit(Decimal("1.10")), lit(datetime.date(2024, 1, 1)), lit(datetime.datetime(2024, 1, 1, 10)), lit(b"ab"), lit([1, 2]), lit(datetime.timedelta(hours=1)))


def names_of_operators(spark):
    return spark.range(1).select(col("id") + 1, col("id") == 1, ~(col("id") == 1), (col("id") > 0) & (col("id") < 5), -col("id"), col("id").isNull(), col("id").between(0, 1), col("id").isin(1, 2), col("id").cast("string"), col("id").alias("x") + 1)


def names_of_functions(spark):
    return spark.range(1).select(F.count(lit(1)), F.sum("id"), F.avg("id"), F.max(col("id") + 1), F.count("*"), F.countDistinct("id"), F.sum(F.when(col("id") > 0, 1).otherwise(0)))


def hashes(spark):
    return spark.table("people").select(F.md5(F.encode("name", "utf-8")), F.sha2("name", 256), F.crc32("name"), F.hash("id", "name"), F.xxhash64("id"), F.base64(F.encode("name", "utf-8"))).orderBy("id")


def json_functions(spark):
    return spark.table("nested").select(F.to_json("s"), F.get_json_object(lit('{"a": 1}'), "$.a"), F.from_json(lit('{"a": 1}'), "a int")).orderBy("id")


def formats(spark):
    return spark.table("people").select(F.format_number("score", 2), F.format_string("%s is %d", "name", "age"), F.hex("id"), F.bin("id"), F.conv(col("id").cast("string"), 10, 2)).orderBy("id")


def decimals(spark):
    return spark.table("emp").select(col("salary") * 2, col("salary") / 3, col("salary") + 1, F.sum("salary").over(Window.partitionBy("dept_id")), F.round(col("salary") / 7, 2)).orderBy("id")


def identifiers_and_partitions(spark):
    return spark.range(5).coalesce(1).select(F.monotonically_increasing_id(), F.spark_partition_id(), "id").orderBy("id")


def random_has_a_seed(spark):
    return spark.range(3).select((F.rand(1) < 1).alias("below_one"), F.rand(1).isNotNull().alias("there")).orderBy("below_one")
