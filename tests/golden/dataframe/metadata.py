"""The hidden column `_metadata` of files and `input_file_name()`, seen from above projections, filters, names and joins."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def _parquet(spark, name="p", rows=(10, 13)):
    spark.range(*rows).coalesce(1).write.parquet(f"{spark.scratch}/{name}")
    return spark.read.parquet(f"{spark.scratch}/{name}")


_FILE = F.expr("_metadata.file_name").endswith(".parquet").alias("named")


def row_index(spark):
    return _parquet(spark).filter("id > 10").select("id", "_metadata.row_index").orderBy("id")


def row_index_filtered(spark):
    return _parquet(spark).filter("_metadata.row_index >= 1 and id < 12").select("id")


def row_index_of_folders(spark):
    spark.sql("select id, id % 2 as k from range(6)").coalesce(1).write.partitionBy("k").parquet(spark.scratch + "/p")
    return spark.read.parquet(spark.scratch + "/p").select("id", "k", "_metadata.row_index").orderBy("id")


def row_index_counted(spark):
    return _parquet(spark, rows=(0, 1000)).agg(F.sum("_metadata.row_index").alias("s"), F.max("_metadata.row_index").alias("m"))


def whole(spark):
    frame = _parquet(spark).select("_metadata").select("_metadata.row_index", col("_metadata.file_size") > 0)
    return frame.orderBy("row_index")


def whole_of_json(spark):
    spark.range(2).coalesce(1).write.json(spark.scratch + "/j")
    return spark.read.schema("id long").json(spark.scratch + "/j").select("_metadata.row_index")


def over_projection(spark):
    return _parquet(spark).select((col("id") * 2).alias("twice")).select("twice", _FILE).orderBy("twice")


def filtered_over_projection(spark):
    return _parquet(spark).select((col("id") * 2).alias("twice")).filter("_metadata.row_index = 1")


def over_filter_and_limit(spark):
    return _parquet(spark).filter("id > 10").limit(5).select("id", _FILE).orderBy("id")


def over_sort(spark):
    return _parquet(spark).orderBy(F.desc("id")).select("id", "_metadata.row_index")


def sorted_by(spark):
    return _parquet(spark).orderBy(F.desc("_metadata.row_index"))


def over_with_column(spark):
    return _parquet(spark).withColumn("a", F.lit(1)).withColumn("f", F.expr("_metadata.row_index")).orderBy("id")


def over_drop(spark):
    return _parquet(spark).withColumn("a", F.lit(1)).drop("id").select("a", "_metadata.row_index").orderBy("row_index")


def over_alias(spark):
    return _parquet(spark).alias("t").select("id", "t._metadata.row_index").orderBy("id")


def over_alias_of_projection(spark):
    return _parquet(spark).select("id").alias("t").select("id", "_metadata.row_index")


def over_aggregate(spark):
    return _parquet(spark).groupBy("id").count().select("id", "_metadata.row_index")


def grouped_by(spark):
    return _parquet(spark).groupBy(F.expr("_metadata.row_index % 2").alias("k")).agg(F.count("id").alias("n")).orderBy("k")


def over_union(spark):
    frame = _parquet(spark)
    return frame.union(frame).select("_metadata.row_index")


def over_distinct(spark):
    return _parquet(spark).distinct().select("id", "_metadata.row_index").orderBy("id")


def over_explode(spark):
    return _parquet(spark).select("id", F.explode(F.array(F.lit(1), F.lit(2))).alias("x")).select("id", "x", "_metadata.row_index").orderBy("id", "x")


def over_join(spark):
    left, right = _parquet(spark, "l").alias("l"), _parquet(spark, "r", (11, 14)).alias("r")
    return left.join(right, col("l.id") == col("r.id")).select("l.id", "l._metadata.row_index", col("r._metadata.row_index").alias("other")).orderBy("id")


def over_join_ambiguous(spark):
    left, right = _parquet(spark, "l").alias("l"), _parquet(spark, "r", (11, 14)).alias("r")
    return left.join(right, col("l.id") == col("r.id")).select("_metadata.row_index")


def of_a_derived_table(spark):
    _parquet(spark).createOrReplaceTempView("g_files")
    return spark.sql("select id, _metadata.row_index from (select id from g_files) x")


def of_a_view(spark):
    _parquet(spark).createOrReplaceTempView("g_files")
    return spark.sql("select id, _metadata.row_index from g_files order by id")


def of_a_path(spark):
    _parquet(spark)
    return spark.sql(f"select id, _metadata.row_index from parquet.`{spark.scratch}/p` order by id")


def of_a_table(spark):
    spark.sql("drop table if exists g_meta")
    spark.sql("create table g_meta using parquet as select id from range(3)")
    found = spark.sql("select g_meta.id, g_meta._metadata.file_size > 0 as sized, m._metadata.file_name like '%.parquet' as named from g_meta join g_meta m using (id) order by id").collect()
    spark.sql("drop table g_meta")
    return [list(row) for row in found]


def name_over_a_derived_table(spark):
    _parquet(spark).createOrReplaceTempView("g_files")
    return spark.sql("select id, input_file_name() like '%.parquet' as named from (select id from g_files where id > 10) x order by id")


def name_over_projection(spark):
    return _parquet(spark).select("id").select("id", F.input_file_name().endswith(".parquet").alias("named")).orderBy("id")


def name_over_aggregate(spark):
    return _parquet(spark).groupBy("id").count().select("id", F.input_file_name().alias("name")).orderBy("id")


def name_over_sort(spark):
    return _parquet(spark).orderBy("id").select("id", F.input_file_name().alias("name"))


def name_over_repartition(spark):
    return _parquet(spark).repartition(2).select("id", F.input_file_name().alias("name")).orderBy("id")


def name_over_two_sources(spark):
    left, right = _parquet(spark, "l"), _parquet(spark, "r", (11, 14))
    return left.join(right, "id").select("id", F.input_file_name().alias("name"))


def name_filtered(spark):
    return _parquet(spark).filter(F.input_file_name().endswith(".parquet")).select("id").orderBy("id")


def name_grouped(spark):
    return _parquet(spark).groupBy(F.input_file_name().endswith(".parquet").alias("named")).count()


def own_column_of_that_name(spark):
    spark.sql("select 1 as id, 'mine' as _metadata").write.parquet(spark.scratch + "/p")
    frame = spark.read.parquet(spark.scratch + "/p")
    return frame.select("_metadata", (frame.metadataColumn("_metadata")["file_size"] > 0).alias("sized"))
