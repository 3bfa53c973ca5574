"""Times of day and variants through DataFrames: local data, functions, casts, files."""
import contextlib
import datetime

from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.functions import col, lit


@contextlib.contextmanager
def _times(spark):
    spark.conf.set("spark.sql.timeType.enabled", "true")
    try:
        yield
    finally:
        spark.conf.unset("spark.sql.timeType.enabled")


def _held(frame):
    """The rows, taken while times are switched on."""
    rows = frame.collect()
    return [frame.schema.simpleString(), [[repr(value) for value in row] for row in rows]]


def time_local_data(spark):
    with _times(spark):
        rows = [(1, datetime.time(12, 30, 0, 5)), (2, None), (3, datetime.time(0, 0))]
        return _held(spark.createDataFrame(rows, "id int, t time(6)").orderBy("id"))


def time_local_data_inferred(spark):
    with _times(spark):
        return _held(spark.createDataFrame([Row(t=datetime.time(23, 59, 59, 999999))]))


def time_local_data_switched_off(spark):
    return spark.createDataFrame([(datetime.time(12, 30),)], "t time(6)")


def time_literal(spark):
    with _times(spark):
        return _held(spark.range(1).select(lit(datetime.time(1, 2, 3)).alias("t"), lit(datetime.time(1, 2, 3)).cast("string").alias("s")))


def time_functions(spark):
    with _times(spark):
        frame = spark.createDataFrame([("12:30:15.5",)], "s string").select(F.to_time("s").alias("t"))
        return _held(frame.select("t", F.hour("t"), F.minute("t"), F.second("t"), F.time_trunc(lit("minute"), "t").alias("m"), F.time_diff(lit("hour"), F.make_time(lit(1), lit(0), lit(0)), "t").alias("d"), F.try_to_time(lit("x")).alias("n")))


def time_nested_local_data(spark):
    with _times(spark):
        rows = [([datetime.time(1, 0), None], {"k": datetime.time(2, 0)}, Row(x=datetime.time(3, 0)))]
        return _held(spark.createDataFrame(rows, "a array<time(6)>, m map<string, time(6)>, s struct<x: time(6)>"))


def time_schema(spark):
    schema = T.StructType([T.StructField("t", T.TimeType(3))])
    with _times(spark):
        return spark.createDataFrame([(datetime.time(1, 2, 3, 456789),)], schema).schema.json()


def time_group_and_join(spark):
    with _times(spark):
        frame = spark.createDataFrame([(datetime.time(1, 0), 1), (datetime.time(1, 0), 2), (datetime.time(2, 0), 3)], "t time(6), v int")
        return _held(frame.groupBy("t").agg(F.sum("v").alias("v")).join(frame.select("t").distinct(), "t").orderBy("t"))


def time_in_parquet(spark):
    with _times(spark):
        frame = spark.createDataFrame([(1, datetime.time(12, 30, 0, 5)), (2, None)], "id int, t time(6)")
        frame.coalesce(1).write.parquet(spark.scratch + "/p")
        return _held(spark.read.parquet(spark.scratch + "/p").orderBy("id"))


def time_in_json(spark):
    with _times(spark):
        spark.createDataFrame([(datetime.time(12, 30, 0, 5),)], "t time(6)").coalesce(1).write.json(spark.scratch + "/j")
        return _held(spark.read.schema("t time(6)").json(spark.scratch + "/j")) + [spark.read.text(spark.scratch + "/j").first()[0]]


def time_in_csv(spark):
    with _times(spark):
        spark.createDataFrame([(datetime.time(12, 30, 0, 5),)], "t time(6)").coalesce(1).write.csv(spark.scratch + "/c")
        return _held(spark.read.schema("t time(6)").csv(spark.scratch + "/c")) + [spark.read.text(spark.scratch + "/c").first()[0]]


def time_in_orc(spark):
    with _times(spark):
        spark.createDataFrame([(datetime.time(12, 30),)], "t time(6)").coalesce(1).write.orc(spark.scratch + "/o")
        return _held(spark.read.orc(spark.scratch + "/o"))


def variant_collected(spark):
    row = spark.range(1).select(F.parse_json(lit('{"a": 1, "b": ["x", null, 2.5]}')).alias("v")).first()
    return [row.v.toPython(), row.v.toJson(), str(row.v), list(row.v.value), list(row.v.metadata)]


def variant_parts(spark):
    frame = spark.createDataFrame([('{"a": 1, "b": {"c": "x"}}',), ('{"a": "two"}',), ("null",), (None,)], "j string")
    v = frame.select(F.try_parse_json("j").alias("v"))
    return v.select(F.variant_get("v", "$.b.c", "string").alias("c"), F.try_variant_get("v", "$.a", "int").alias("a"), F.is_variant_null("v").alias("n"), F.schema_of_variant("v").alias("s"), F.to_json("v").alias("j"))


def variant_schema(spark):
    return spark.range(1).select(F.parse_json(lit("1")).alias("v")).schema.json()


def variant_local_data(spark):
    value = spark.range(1).select(F.parse_json(lit('{"a": [1, 2]}')).alias("v")).first().v
    return spark.createDataFrame([(1, value), (2, None)], "id int, v variant").select("id", F.to_json("v").alias("j")).orderBy("id")


def variant_casts(spark):
    frame = spark.range(1).select(lit(5).cast("variant").alias("v"), F.parse_json(lit("[1, 2]")).cast("array<int>").alias("a"))
    return frame.select(col("v").cast("int"), col("v").cast("string").alias("s"), "a", F.to_variant_object(F.struct(lit(1).alias("x"))).cast("string").alias("o"))


def variant_aggregates(spark):
    frame = spark.createDataFrame([('{"a": 1}',), ('{"b": true}',)], "j string").select(F.parse_json("j").alias("v"))
    return frame.agg(F.schema_of_variant_agg("v").alias("s"), F.count("v").alias("n"))


def variant_exploded(spark):
    frame = spark.createDataFrame([('["x", 1]',)], "j string").select(F.parse_json("j").alias("v"))
    frame.createOrReplaceTempView("variants_to_explode")
    return spark.sql("select pos, key, to_json(value) as j from variants_to_explode, lateral variant_explode(v) order by pos")


def variant_tvf(spark):
    return spark.tvf.variant_explode(F.parse_json(lit('{"a": 1, "b": 2}'))).select("pos", "key", F.to_json("value").alias("j")).orderBy("pos")


def variant_in_parquet(spark):
    frame = spark.createDataFrame([(1, '{"a": [1, "x"]}'), (2, None)], "id int, j string").select("id", F.parse_json("j").alias("v"))
    frame.coalesce(1).write.parquet(spark.scratch + "/v")
    read = spark.read.parquet(spark.scratch + "/v")
    return read.select("id", F.to_json("v").alias("j"), F.variant_get("v", "$.a[0]", "int").alias("a")).orderBy("id")


def variant_in_parquet_schema(spark):
    spark.range(1).select(F.parse_json(lit("1")).alias("v")).write.parquet(spark.scratch + "/v")
    return spark.read.parquet(spark.scratch + "/v").schema.simpleString()


def variant_in_json(spark):
    spark.range(1).select(F.parse_json(lit('{"a": 1}')).alias("v")).write.json(spark.scratch + "/v")
    return [spark.read.text(spark.scratch + "/v").first()[0], spark.read.schema("v variant").json(spark.scratch + "/v").select(F.to_json("v")).first()[0]]


def variant_in_csv(spark):
    spark.range(1).select(F.parse_json(lit('{"a": 1}')).alias("v")).write.csv(spark.scratch + "/v")
    return spark.read.text(spark.scratch + "/v")


def variant_in_orc(spark):
    spark.range(1).select(F.parse_json(lit('{"a": 1}')).alias("v")).write.orc(spark.scratch + "/v")
    return spark.read.text(spark.scratch + "/v")


def variant_is_not_ordered(spark):
    return spark.range(1).select(F.parse_json(lit("1")).alias("v")).orderBy("v")


def variant_is_not_distinct(spark):
    return spark.range(1).select(F.parse_json(lit("1")).alias("v")).distinct()


def file_metadata_column(spark):
    spark.range(3).coalesce(1).write.parquet(spark.scratch + "/p")
    frame = spark.read.parquet(spark.scratch + "/p")
    hidden = frame.metadataColumn("_metadata")
    return frame.select("id", hidden["file_name"].endswith(".parquet").alias("n"), (hidden["file_size"] > 0).alias("s"), hidden["file_block_start"].alias("b")).orderBy("id")


def file_metadata_row_index(spark):
    spark.range(10, 13).coalesce(1).write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").select("id", "_metadata.row_index").orderBy("id")


def file_metadata_types(spark):
    spark.range(1).write.parquet(spark.scratch + "/p")
    spark.range(1).write.json(spark.scratch + "/j")
    read = [spark.read.parquet(spark.scratch + "/p"), spark.read.schema("id long").json(spark.scratch + "/j")]
    return [frame.select("_metadata").schema.simpleString() for frame in read]


def input_file_names(spark):
    spark.createDataFrame([("a",)], "value string").coalesce(1).write.text(spark.scratch + "/t x")
    frame = spark.read.text(spark.scratch + "/t x")
    name = F.input_file_name()
    return frame.select("value", name.startswith("file:///").alias("p"), F.regexp_replace(name, "part-.*", "").alias("folder"), F.input_file_block_start(), (F.input_file_block_length() > 0).alias("l"))


def input_file_name_of_no_file(spark):
    return spark.range(1).select(F.input_file_name(), F.input_file_block_start(), F.input_file_block_length())


def input_file_name_after_filter(spark):
    spark.range(3).coalesce(1).write.parquet(spark.scratch + "/p")
    frame = spark.read.parquet(spark.scratch + "/p").filter("id > 0").withColumn("named", F.input_file_name().endswith(".parquet"))
    return frame.orderBy("id")


def sketches(spark):
    frame = spark.range(1000)
    return frame.agg(F.hll_sketch_estimate(F.hll_sketch_agg("id")).alias("h"), F.theta_sketch_estimate(F.theta_sketch_agg("id")).alias("t"), F.kll_sketch_get_n_bigint(F.kll_sketch_agg_bigint("id")).alias("k"), F.length(F.count_min_sketch("id", lit(0.5), lit(0.5), lit(1))).alias("c"))


def sketches_merged(spark):
    frame = spark.range(100).groupBy((col("id") % 4).alias("g")).agg(F.hll_sketch_agg("id").alias("h"), F.theta_sketch_agg("id").alias("t"))
    return frame.agg(F.hll_sketch_estimate(F.hll_union_agg("h")).alias("h"), F.theta_sketch_estimate(F.theta_union_agg("t")).alias("t"))


def histogram(spark):
    return spark.range(4).agg(F.histogram_numeric("id", lit(10)).alias("h"))


def aes(spark):
    frame = spark.createDataFrame([("Spark", "0000111122223333")], "text string, key string")
    sealed = F.aes_encrypt("text", "key", lit("ECB"), lit("PKCS"))
    return frame.select(F.hex(sealed).alias("s"), F.aes_decrypt(sealed, "key", lit("ECB"), lit("PKCS")).cast("string").alias("t"), F.aes_decrypt(F.aes_encrypt("text", "key"), "key").cast("string").alias("g"))
