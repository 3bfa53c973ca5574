"""Parquet, CSV and friends: written, read again, and read when they are not there. `spark.scratch` is an empty folder."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def parquet_round_trip(spark):
    spark.table("people").write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_all_types(spark):
    nums, events = spark.table("nums"), spark.table("events").withColumnRenamed("d", "day")
    nums.join(events, nums.b == events.id, "left").write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("b", "id")


def parquet_nested(spark):
    spark.table("nested").write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_not_null_becomes_nullable(spark):
    spark.range(2).write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_empty(spark):
    spark.table("empty").write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p")


def parquet_overwrite(spark):
    spark.range(5).write.parquet(spark.scratch + "/p")
    spark.range(2).write.mode("overwrite").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_append(spark):
    spark.range(2).write.parquet(spark.scratch + "/p")
    spark.range(10, 12).write.mode("append").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_ignore(spark):
    spark.range(2).write.parquet(spark.scratch + "/p")
    spark.range(9).write.mode("ignore").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_exists_already(spark):
    spark.range(2).write.parquet(spark.scratch + "/p")
    spark.range(2).write.parquet(spark.scratch + "/p")


def parquet_partitioned(spark):
    spark.table("people").filter("city is not null").write.partitionBy("city").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_partition_values_are_typed(spark):
    spark.table("sales").filter("region = 'east'").write.partitionBy("year").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").filter("year = 2020").orderBy("amount")


def parquet_two_paths(spark):
    spark.range(2).write.parquet(spark.scratch + "/a")
    spark.range(5, 6).write.parquet(spark.scratch + "/b")
    return spark.read.parquet(spark.scratch + "/a", spark.scratch + "/b").orderBy("id")


def parquet_with_schema(spark):
    spark.table("people").write.parquet(spark.scratch + "/p")
    return spark.read.schema("id int, name string, extra double").parquet(spark.scratch + "/p").orderBy("id")


def parquet_sql_on_path(spark):
    spark.range(3).write.parquet(spark.scratch + "/p")
    return spark.sql(f"select sum(id) as s from parquet.`{spark.scratch}/p`")


def parquet_format_load(spark):
    spark.range(3).write.format("parquet").save(spark.scratch + "/p")
    return spark.read.format("parquet").load(spark.scratch + "/p").orderBy("id")


def load_default_is_parquet(spark):
    spark.range(3).write.save(spark.scratch + "/p")
    return spark.read.load(spark.scratch + "/p").orderBy("id")


def parquet_compression(spark):
    spark.range(3).write.option("compression", "zstd").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def parquet_missing(spark):
    return spark.read.parquet("/no/such/folder")


def parquet_corrupt(spark):
    with open(spark.scratch + "/bad.parquet", "w") as out:
        out.write("this is not parquet at all")
    return spark.read.parquet(spark.scratch + "/bad.parquet")


def parquet_corrupt_with_schema(spark):
    with open(spark.scratch + "/bad.parquet", "w") as out:
        out.write("this is not parquet at all")
    return spark.read.schema("id int").parquet(spark.scratch + "/bad.parquet")


def parquet_empty_folder(spark):
    return spark.read.parquet(spark.scratch)


def parquet_duplicate_columns(spark):
    spark.range(1).select("id", "id").write.parquet(spark.scratch + "/p")


def csv_round_trip(spark):
    spark.table("people").write.option("header", True).csv(spark.scratch + "/c")
    return spark.read.csv(spark.scratch + "/c", header=True, inferSchema=True).orderBy("id")


def _text(spark, text, name="x.csv"):
    with open(f"{spark.scratch}/{name}", "w") as out:
        out.write(text)
    return f"{spark.scratch}/{name}"


def csv_without_header(spark):
    return spark.read.csv(_text(spark, "1,a\n2,b\n")).orderBy("_c0")


def csv_header_all_strings(spark):
    return spark.read.option("header", "true").csv(_text(spark, "id,name\n1,a\n2,b\n")).orderBy("id")


def csv_infer(spark):
    return spark.read.csv(_text(spark, "i,d,s,b,t,dt,e\n1,1.5,x,true,2024-01-01 10:00:00,2024-01-01,\n2,2,y,false,2024-01-02 11:30:00,2024-01-02,\n"), header=True, inferSchema=True).orderBy("i")


def csv_infer_big_numbers(spark):
    return spark.read.csv(_text(spark, "a,b\n1,3000000000\n2,99999999999999999999\n"), header=True, inferSchema=True).orderBy("a")


def csv_schema(spark):
    return spark.read.schema("id int, name string, day date").csv(_text(spark, "1,a,2024-01-01\n2,,\n")).orderBy("id")


def csv_quotes(spark):
    return spark.read.csv(_text(spark, 'id,t\n1,"a, b"\n2,"say ""hi"""\n3,""\n4,\n'), header=True).orderBy("id")


def csv_separator(spark):
    return spark.read.option("sep", ";").option("header", True).csv(_text(spark, "a;b\n1;x\n")).orderBy("a")


def csv_tabs(spark):
    return spark.read.csv(_text(spark, "1\tx\n"), sep="\t").orderBy("_c0")


def csv_null_value(spark):
    return spark.read.csv(_text(spark, "a,b\n1,NA\nNA,x\n"), header=True, nullValue="NA").orderBy("a")


def csv_short_and_long_rows(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1\n1,2,3\n4,5\n")).orderBy("a", "b")


def csv_malformed_permissive(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\nx,3\n")).orderBy("b")


def csv_malformed_drop(spark):
    return spark.read.schema("a int, b int").option("mode", "DROPMALFORMED").csv(_text(spark, "1,2\nx,3\n"))


def csv_malformed_failfast(spark):
    return spark.read.schema("a int, b int").option("mode", "FAILFAST").csv(_text(spark, "1,2\nx,3\n"))


def csv_multiline(spark):
    return spark.read.csv(_text(spark, 'a,b\n1,"two\nlines"\n'), header=True, multiLine=True).orderBy("a")


def csv_comment_and_spaces(spark):
    return spark.read.csv(_text(spark, "# note\n 1 , x \n"), comment="#", ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)


def csv_date_format(spark):
    return spark.read.schema("d date, t timestamp").option("dateFormat", "dd/MM/yyyy").option("timestampFormat", "yyyy.MM.dd HH:mm").csv(_text(spark, "31/12/2024,2024.01.01 10:30\n"))


def csv_write_options(spark):
    spark.table("people").orderBy("id").coalesce(1).write.csv(spark.scratch + "/c", header=True, sep="|", nullValue="-")
    return spark.read.text(spark.scratch + "/c").orderBy("value")


def csv_write_special_values(spark):
    frame = spark.sql("select 1 as id, 'a,b' as s, 'say \"hi\"' as q, '' as e, cast(null as string) as n, date'2024-01-01' as d, timestamp'2024-01-01 10:00:00' as t, 1.50 as m, true as f")
    frame.coalesce(1).write.csv(spark.scratch + "/c")
    return spark.read.text(spark.scratch + "/c").orderBy("value")


def csv_write_array(spark):
    spark.sql("select array(1) as a").write.csv(spark.scratch + "/c")


def csv_missing(spark):
    return spark.read.csv("/no/such/file.csv")


def csv_empty_file(spark):
    return spark.read.csv(_text(spark, ""), header=True)


def csv_glob(spark):
    _text(spark, "1\n", "a1.csv")
    _text(spark, "2\n", "a2.csv")
    _text(spark, "3\n", "b.csv")
    return spark.read.schema("n int").csv(spark.scratch + "/a*.csv").orderBy("n")


def json_round_trip(spark):
    spark.table("people").write.json(spark.scratch + "/j")
    return spark.read.json(spark.scratch + "/j").orderBy("id")


def text_round_trip(spark):
    spark.sql("select 'a' as value union all select 'b'").write.text(spark.scratch + "/t")
    return spark.read.text(spark.scratch + "/t").orderBy("value")


def unknown_format(spark):
    return spark.read.format("nosuchformat").load("/no/such/folder")


def unknown_save_mode(spark):
    spark.range(1).write.mode("sideways").parquet(spark.scratch + "/p")


def pushed_filters_give_the_same(spark):
    spark.range(0, 10000).withColumn("m", col("id") % 7).write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").filter("m = 3 and id > 5000").agg(F.count("*"), F.min("id"), F.max("id"))


def file_column_metadata(spark):
    spark.range(1).coalesce(1).write.parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").select("id", col("_metadata.file_name").isNotNull().alias("named"))
