"""ORC: written, read again, under other schemas and with filters. `spark.scratch` is an empty folder."""
from pathlib import Path

from pyspark.sql import functions as F
from pyspark.sql.functions import col

EVERYTHING = """select * from values
  (1, true, 1Y, 2S, 4L, 1.5F, 2.5D, 1.23BD, 'text', x'00FF', date'2024-02-29', timestamp'2024-02-29 12:34:56.789012',
   timestamp_ntz'1969-12-31 23:59:59.5', interval '1-2' year to month, interval '3 04:05:06' day to second),
  (2, false, -128Y, -32768S, -9223372036854775808L, float('NaN'), double('-Infinity'), -9.99BD, '', x'', date'0001-01-01',
   timestamp'1500-02-28 01:02:03.000001', timestamp_ntz'0001-01-01 00:00:00', interval '-1' month, interval '-2' day),
  (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null)
as t(id, flag, tiny, small, big, single, dbl, money, words, bytes, day, moment, clock, months, days)"""


def _condition_of(spark, work):
    """The condition of an error whose parameters are not the same twice."""
    try:
        work()
    except Exception as problem:
        return spark.createDataFrame([(problem.getCondition(),)], "condition string")


def round_trip(spark):
    spark.table("people").write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").orderBy("id")


def all_types(spark):
    spark.sql(EVERYTHING).write.orc(spark.scratch + "/o")
    read = spark.read.orc(spark.scratch + "/o").orderBy("id")
    return read.withColumn("months", col("months").cast("string")).withColumn("days", col("days").cast("string"))


def nested(spark):
    spark.table("nested").write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").orderBy("id")


def not_null_becomes_nullable(spark):
    spark.range(2).write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").orderBy("id")


def empty(spark):
    spark.table("empty").write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o")


def append_and_overwrite(spark):
    path = spark.scratch + "/o"
    spark.range(5).write.orc(path)
    spark.range(2).write.mode("overwrite").orc(path)
    spark.range(10, 12).write.mode("append").orc(path)
    return spark.read.orc(path).orderBy("id")


def exists_already(spark):
    spark.range(2).write.orc(spark.scratch + "/o")
    spark.range(2).write.orc(spark.scratch + "/o")


def partitioned(spark):
    spark.table("sales").write.partitionBy("region", "year").orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").filter("year = 2020").orderBy("region", "amount")


def globs_and_two_paths(spark):
    for name in ("a1", "a2", "b"):
        spark.range(1).select(F.lit(name).alias("name")).write.orc(f"{spark.scratch}/{name}")
    return spark.read.orc([spark.scratch + "/a*", spark.scratch + "/b"]).orderBy("name")


def every_codec(spark):
    for codec in ("none", "snappy", "zlib", "zstd", "lz4"):
        spark.range(3).select(F.lit(codec).alias("codec")).coalesce(1).write.option("compression", codec).orc(f"{spark.scratch}/{codec}")
    endings = sorted(path.name.split("-c000")[1] for path in Path(spark.scratch).glob("*/*.orc"))
    read = spark.read.orc(spark.scratch + "/*").groupBy("codec").count()
    return read.withColumn("endings", F.lit(" ".join(endings))).orderBy("codec")


def codec_by_its_old_name(spark):
    spark.range(1).coalesce(1).write.option("orc.compress", "SNAPPY").orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").withColumn("files", F.lit(len(list(Path(spark.scratch).glob("o/*.snappy.orc")))))


def codec_unknown(spark):
    spark.range(1).write.option("compression", "shrink").orc(spark.scratch + "/o")


def filters(spark):
    frame = spark.range(0, 50000, 1, 1).select("id", (col("id") % 7).cast("string").alias("word"), (col("id") / 4).alias("part"))
    frame.withColumn("gone", F.when(col("id") > 20000, col("id"))).write.orc(spark.scratch + "/o")
    read = spark.read.orc(spark.scratch + "/o")
    counts = [
        read.filter("id between 12345 and 12349"), read.filter("id > 49990 and word = '3'"), read.filter("gone is null and id > 15000"),
        read.filter("part < 1.5 or part >= 12499"), read.filter("id in (1, 30000, 60000)"), read.filter("not (id < 49999)"),
    ]
    return counts[0].select(F.lit(0).alias("case"), "id").unionAll(
        counts[1].select(F.lit(1), "id")).unionAll(counts[2].groupBy().count().select(F.lit(2), "count")).unionAll(
        counts[3].select(F.lit(3), "id")).unionAll(counts[4].select(F.lit(4), "id")).unionAll(
        counts[5].select(F.lit(5), "id")).orderBy("case", "id")


def filters_by_time(spark):
    moments = spark.range(0, 30000, 1, 1).select(
        F.timestamp_seconds(col("id") * 3600).alias("moment"), F.date_add(F.lit("1400-01-08").cast("date"), (col("id") * 20).cast("int")).alias("day"),
        (col("id") / 8).cast("decimal(20,3)").alias("money"))
    moments.write.orc(spark.scratch + "/o")
    read = spark.read.orc(spark.scratch + "/o")
    return read.filter("moment between '1971-02-03 04:00:00' and '1971-02-03 06:00:00'").unionAll(
        read.filter("day between '1582-09-20' and '1582-10-30'")).unionAll(read.filter("money > 3749.5")).orderBy("moment")


def columns_in_another_order(spark):
    spark.table("people").write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").select("age", "id").orderBy("id")


def schema_given(spark):
    spark.sql("select 1 a, 'x' b, 1.5D c, 300 big, '12' num, date'2020-01-02' d, timestamp'2020-01-02 03:04:05' t").write.orc(spark.scratch + "/o")
    schema = "A bigint, c int, big tinyint, num int, b int, d timestamp, t date, missing array<int>"
    return spark.read.schema(schema).orc(spark.scratch + "/o")


def schema_given_as_texts(spark):
    spark.sql("select 1 a, 1.5D c, true f, date'2020-01-02' d, timestamp'2020-01-02 03:04:05' t, 2.50BD m").write.orc(spark.scratch + "/o")
    return spark.read.schema("a string, c string, f string, d string, t string, m string").orc(spark.scratch + "/o")


def schema_given_nested(spark):
    spark.sql("select named_struct('p', 1, 'q', 'z') s, array(named_struct('a', 1, 'b', 2)) l").write.orc(spark.scratch + "/o")
    return spark.read.schema("s struct<q:string,r:int,P:bigint>, l array<struct<b:bigint>>").orc(spark.scratch + "/o")


def schema_of_another_kind(spark):
    spark.range(1).write.orc(spark.scratch + "/o")
    return _condition_of(spark, lambda: spark.read.schema("id array<int>").orc(spark.scratch + "/o").collect())


def merge_schema(spark):
    spark.sql("select 1 a, 'x' b").write.orc(spark.scratch + "/o/p=1")
    spark.sql("select 2 a, 2.5D c").write.orc(spark.scratch + "/o/p=2")
    return spark.read.option("mergeSchema", "true").orc(spark.scratch + "/o").select("a", "b", "c", "p").orderBy("a")


def merge_schema_in_vain(spark):
    spark.sql("select 1 a").write.orc(spark.scratch + "/o/p=1")
    spark.sql("select 'x' a").write.orc(spark.scratch + "/o/p=2")
    return _condition_of(spark, lambda: spark.read.option("mergeSchema", "true").orc(spark.scratch + "/o").schema)


def column_not_held(spark):
    spark.sql("select 1 as id, make_interval(1, 2) as span").write.orc(spark.scratch + "/o")


def column_of_nothing(spark):
    spark.sql("select 1 as id, null as nothing").write.orc(spark.scratch + "/o")


def map_with_struct_keys(spark):
    spark.sql("select map(named_struct('a', 1), 2) m, map('k', array(1, null)) n").write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").select(F.map_keys("m"), "n")


def metadata_column(spark):
    spark.range(3).coalesce(1).write.orc(spark.scratch + "/o")
    return spark.read.orc(spark.scratch + "/o").select("id", col("_metadata.file_name").endswith(".orc").alias("named")).orderBy("id")


def no_files(spark):
    Path(spark.scratch + "/o").mkdir()
    return spark.read.orc(spark.scratch + "/o")


def empty_file(spark):
    Path(spark.scratch + "/o").mkdir()
    Path(spark.scratch + "/o/a.orc").touch()
    return spark.read.schema("a int").orc(spark.scratch + "/o")


def no_orc_file(spark):
    Path(spark.scratch + "/o").mkdir()
    Path(spark.scratch + "/o/a.orc").write_text("this is no ORC file")
    return spark.read.orc(spark.scratch + "/o")


def no_orc_file_schema_given(spark):
    Path(spark.scratch + "/o").mkdir()
    Path(spark.scratch + "/o/a.orc").write_text("this is no ORC file")
    return spark.read.schema("a int").orc(spark.scratch + "/o")


def no_orc_file_ignored(spark):
    spark.range(2).write.orc(spark.scratch + "/o")
    Path(spark.scratch + "/o/a.orc").write_text("this is no ORC file")
    return spark.read.option("ignoreCorruptFiles", "true").orc(spark.scratch + "/o").orderBy("id")


def table_of_files(spark):
    spark.sql("create table golden_orc (id int, v string) using orc partitioned by (v)")
    spark.sql("insert into golden_orc values (1, 'a'), (2, 'b')")
    found = spark.sql("select * from golden_orc order by id").collect()
    spark.sql("drop table golden_orc")
    return spark.createDataFrame(found, "id int, v string")
