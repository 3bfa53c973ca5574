"""Folders of files: partition columns in both directions, save modes, which files count; and text files."""
import os

from pyspark.sql.functions import col


def _text(spark, text, name):
    path = f"{spark.scratch}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as out:
        out.write(text)
    return path


def _folders(spark, below):
    found = []
    for folder, _, files in os.walk(spark.scratch + below):
        if any(not name.startswith((".", "_")) for name in files):
            found.append(os.path.relpath(folder, spark.scratch + below))
    return sorted(found)


def partition_folders(spark):
    spark.table("people").write.partitionBy("city").parquet(spark.scratch + "/p")
    return _folders(spark, "/p")


def partition_names_escaped(spark):
    spark.sql("select 1 as id, 'a/b:c=d%e\"f\\'g*h?i\\\\j{k[l]m^n#o p' as `x:y` union all select 2, ''").write.partitionBy("x:y").parquet(spark.scratch + "/p")
    return _folders(spark, "/p")


def partition_values_come_back(spark):
    spark.sql("select 1 as id, 'a/b:c=d%e' as s union all select 2, '' union all select 3, null").write.partitionBy("s").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def partitions_of_two_columns(spark):
    spark.table("sales").write.partitionBy("region", "year").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("region", "year", "product", "amount")


def partitions_of_types(spark):
    frame = spark.sql("select id, date'2024-01-01' as d, timestamp'2024-01-01 10:00:00' as t, 1.50BD as m, true as b, 2.5D as x, 3000000000L as l from range(2)")
    frame.write.partitionBy("d", "t", "m", "b", "x", "l").parquet(spark.scratch + "/p")
    return _folders(spark, "/p")


def partitions_of_types_read(spark):
    frame = spark.sql("select id, date'2024-01-01' as d, timestamp'2024-01-01 10:00:00' as t, 1.50BD as m, true as b, 2.5D as x, 3000000000L as l from range(2)")
    frame.write.partitionBy("d", "t", "m", "b", "x", "l").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def partition_types_widen(spark):
    for name, value in [("a", "1"), ("b", "x")]:
        _text(spark, "1\n", f"p/a={value}/f.csv")
    for value in ["1", "2.5"]:
        _text(spark, "1\n", f"q/a={value}/f.csv")
    one = spark.read.schema("n int").csv(spark.scratch + "/p")
    two = spark.read.schema("n int").csv(spark.scratch + "/q")
    return [one.schema.simpleString(), two.schema.simpleString()]


def partition_types_not_guessed(spark):
    _text(spark, "1\n", "p/a=1/f.csv")
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    try:
        return spark.read.schema("n int").csv(spark.scratch + "/p").schema.simpleString()
    finally:
        spark.conf.unset("spark.sql.sources.partitionColumnTypeInference.enabled")


def partition_types_given(spark):
    _text(spark, "1\n", "p/a=1/b=2/f.csv")
    return spark.read.schema("b string, n int").csv(spark.scratch + "/p")


def partition_filter(spark):
    spark.table("sales").write.partitionBy("year").parquet(spark.scratch + "/p")
    frame = spark.read.parquet(spark.scratch + "/p")
    return frame.filter("year = 2020 and amount > 5").orderBy("region", "product", "amount")


def partition_filter_null(spark):
    spark.table("people").write.partitionBy("city").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").filter("city is null").orderBy("id")


def partition_only_column(spark):
    spark.table("sales").write.partitionBy("year").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").select("year").distinct().orderBy("year")


def partitioned_csv(spark):
    spark.table("people").write.partitionBy("city").csv(spark.scratch + "/p", header=True)
    return spark.read.csv(spark.scratch + "/p", header=True, inferSchema=True).orderBy("id")


def partitioned_json(spark):
    spark.table("people").write.partitionBy("city").json(spark.scratch + "/p")
    return spark.read.json(spark.scratch + "/p").orderBy("id")


def partitioned_text(spark):
    spark.sql("select 'a' as value, 1 as p union all select 'b', 2").write.partitionBy("p").text(spark.scratch + "/p")
    return spark.read.text(spark.scratch + "/p").orderBy("value")


def partition_below_a_path(spark):
    spark.table("sales").write.partitionBy("region", "year").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p/region=east").orderBy("year", "product", "amount")


def partition_with_base_path(spark):
    spark.table("sales").write.partitionBy("region", "year").parquet(spark.scratch + "/p")
    return spark.read.option("basePath", spark.scratch + "/p").parquet(spark.scratch + "/p/region=east").orderBy("year", "product", "amount")


def partition_folders_disagree(spark):
    _text(spark, "1\n", "p/a=1/f.csv")
    _text(spark, "1\n", "p/b=1/f.csv")
    return spark.read.schema("n int").csv(spark.scratch + "/p")


def partition_by_all(spark):
    spark.range(1).write.partitionBy("id").parquet(spark.scratch + "/p")


def partition_by_unknown(spark):
    spark.range(1).write.partitionBy("nope").parquet(spark.scratch + "/p")


def partition_by_array(spark):
    spark.sql("select 1 as id, array(1) as a").write.partitionBy("a").parquet(spark.scratch + "/p")


def partition_by_twice(spark):
    spark.sql("select 1 as id, 2 as a").write.partitionBy("a", "a").parquet(spark.scratch + "/p")


def overwrite_static(spark):
    spark.sql("select id, id % 2 as p from range(4)").write.partitionBy("p").parquet(spark.scratch + "/p")
    spark.sql("select 10L as id, 1L as p").write.mode("overwrite").partitionBy("p").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def overwrite_dynamic(spark):
    spark.sql("select id, id % 2 as p from range(4)").write.partitionBy("p").parquet(spark.scratch + "/p")
    spark.sql("select 10L as id, 1L as p").write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("p").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def append_partitions(spark):
    for start in (0, 2):
        spark.sql(f"select id, id % 2 as p from range({start}, {start + 2})").write.mode("append").partitionBy("p").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").orderBy("id")


def empty_with_partitions(spark):
    spark.sql("select 1 as id, 2 as p").filter("id > 5").write.partitionBy("p").parquet(spark.scratch + "/p")
    return _folders(spark, "/p")


def success_is_marked(spark):
    spark.range(1).write.parquet(spark.scratch + "/p")
    return sorted(name for name in os.listdir(spark.scratch + "/p") if name == "_SUCCESS")


def records_per_file(spark):
    spark.range(0, 10, 1, 1).write.option("maxRecordsPerFile", 4).parquet(spark.scratch + "/p")
    return len([name for name in os.listdir(spark.scratch + "/p") if name.startswith("part-")])


def names_of_files(spark):
    def ending(name):
        return name[name.index("-c000") :]

    found = []
    for format, codec in [("parquet", "snappy"), ("parquet", "gzip"), ("parquet", "none"), ("parquet", "zstd"), ("csv", "none"), ("csv", "gzip"), ("csv", "deflate"), ("json", "gzip"), ("json", "none")]:
        folder = f"{spark.scratch}/{format}-{codec}"
        spark.range(0, 1, 1, 1).write.option("compression", codec).format(format).save(folder)
        found += [ending(name) for name in os.listdir(folder) if name.startswith("part-")]
    return found


def folders_below_are_passed_over(spark):
    _text(spark, "1\n", "t/f.csv")
    _text(spark, "2\n", "t/below/f.csv")
    return spark.read.schema("n int").csv(spark.scratch + "/t").orderBy("n")


def folders_below_looked_up(spark):
    _text(spark, "1\n", "t/f.csv")
    _text(spark, "2\n", "t/below/a=1/f.csv")
    return spark.read.schema("n int").option("recursiveFileLookup", True).csv(spark.scratch + "/t").orderBy("n")


def path_filter(spark):
    _text(spark, "1\n", "t/a.csv")
    _text(spark, "2\n", "t/b.txt")
    return spark.read.schema("n int").option("pathGlobFilter", "*.csv").csv(spark.scratch + "/t").orderBy("n")


def several_globs(spark):
    for name, value in [("a1", 1), ("a2", 2), ("b1", 3)]:
        _text(spark, f"{value}\n", f"{name}/f.csv")
    return spark.read.schema("n int").csv([spark.scratch + "/{a,b}1", spark.scratch + "/a[2-9]"]).orderBy("n")


def merge_schemas(spark):
    spark.sql("select 1 as a, 'x' as b").write.parquet(spark.scratch + "/p/k=1")
    spark.sql("select 2 as a, 5.5D as c").write.parquet(spark.scratch + "/p/k=2")
    return spark.read.option("mergeSchema", True).parquet(spark.scratch + "/p").orderBy("a")


def merge_schemas_that_conflict(spark):
    spark.sql("select 1 as a").write.parquet(spark.scratch + "/p/k=1")
    spark.sql("select 'x' as a").write.parquet(spark.scratch + "/p/k=2")
    return spark.read.option("mergeSchema", True).parquet(spark.scratch + "/p").orderBy("a")


def parquet_names_ignore_case(spark):
    spark.sql("select 1 as Id, 'x' as NAME").write.parquet(spark.scratch + "/p")
    return spark.read.schema("id int, name string").parquet(spark.scratch + "/p").filter("ID = 1")


def metadata_column(spark):
    _text(spark, "abc\n", "t/f.txt")
    return spark.read.text(spark.scratch + "/t").select("value", "_metadata.file_name", "_metadata.file_size", "_metadata.file_block_start", "_metadata.file_block_length", col("_metadata.file_path").endswith("/t/f.txt").alias("path"))


def metadata_column_filtered(spark):
    _text(spark, "abc\n", "t/f.txt")
    _text(spark, "def\n", "t/g.txt")
    return spark.read.text(spark.scratch + "/t").filter("_metadata.file_name = 'g.txt'")


def metadata_column_whole(spark):
    _text(spark, "abc\n", "t/f.txt")
    return spark.read.text(spark.scratch + "/t").select("_metadata").schema.simpleString()


def text_lines(spark):
    return spark.read.text(_text(spark, "a\n\n b \r\nc", "t.txt"))


def text_whole(spark):
    _text(spark, "a\nb\n", "t/one.txt")
    _text(spark, "c", "t/two.txt")
    return spark.read.text(spark.scratch + "/t", wholetext=True).orderBy("value")


def text_separator(spark):
    return spark.read.text(_text(spark, "a;;b;;c", "t.txt"), lineSep=";;")


def text_counted(spark):
    return spark.read.text(_text(spark, "a\nb\n", "t.txt")).count()


def text_written_separator(spark):
    spark.sql("select 'a' as value union all select 'b'").coalesce(1).write.text(spark.scratch + "/t", lineSep="|")
    return spark.read.text(spark.scratch + "/t")


def text_of_two_columns(spark):
    spark.sql("select 'a' as x, 'b' as y").write.text(spark.scratch + "/t")


def text_of_numbers(spark):
    spark.range(1).write.text(spark.scratch + "/t")


def text_with_schema(spark):
    return spark.read.schema("line string").text(_text(spark, "a\n", "t.txt"))


def text_with_wrong_schema(spark):
    return spark.read.schema("n int").text(_text(spark, "1\n", "t.txt"))


def explain_shows_what_is_read(spark):
    spark.sql("select id as needed, id * 2 as asked, id * 3 as useless from range(9)").write.parquet(spark.scratch + "/p")
    text = spark.read.parquet(spark.scratch + "/p").filter("asked > 3").select("needed")._explain_string()
    return [name in text for name in ("needed", "asked", "useless")]


def explain_shows_pruned_partitions(spark):
    spark.sql("select id, id % 3 as part from range(9)").write.partitionBy("part").parquet(spark.scratch + "/p")
    text = spark.read.parquet(spark.scratch + "/p").filter("part = 1").select("id")._explain_string()
    return "part=2" in text
