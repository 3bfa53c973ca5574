"""Tables written by DataFrames: saveAsTable, insertInto, writeTo; and SQL text with parameters."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def _fresh(spark):
    spark.sql("drop table if exists g_w")


def _done(spark, found):
    spark.sql("drop table if exists g_w")
    return found


def _rows_in_order(spark, *columns):
    return [list(row) for row in spark.table("g_w").orderBy(*columns).collect()]


def save_as_table(spark):
    _fresh(spark)
    spark.range(3).write.saveAsTable("g_w")
    kind = spark.catalog.getTable("g_w").tableType
    return _done(spark, (_rows_in_order(spark, "id"), kind, spark.table("g_w").schema.simpleString()))


def save_as_table_exists(spark):
    _fresh(spark)
    spark.range(3).write.saveAsTable("g_w")
    try:
        spark.range(3).write.saveAsTable("g_w")
    finally:
        _done(spark, None)


def save_as_table_modes(spark):
    _fresh(spark)
    spark.range(2).write.mode("append").saveAsTable("g_w")
    spark.range(5, 6).write.mode("append").saveAsTable("g_w")
    appended = _rows_in_order(spark, "id")
    spark.range(9, 10).write.mode("ignore").saveAsTable("g_w")
    ignored = _rows_in_order(spark, "id")
    spark.range(7, 8).selectExpr("id as x", "'a' as y").write.mode("overwrite").saveAsTable("g_w")
    return _done(spark, (appended, ignored, _rows_in_order(spark, "x")))


def append_by_name(spark):
    _fresh(spark)
    spark.sql("select 1 as a, 'x' as b").write.saveAsTable("g_w")
    spark.sql("select 'y' as b, 2 as a").write.mode("append").saveAsTable("g_w")
    return _done(spark, _rows_in_order(spark, "a"))


def append_other_columns(spark):
    _fresh(spark)
    spark.sql("select 1 as a, 'x' as b").write.saveAsTable("g_w")
    try:
        spark.sql("select 1 as a, 'x' as c").write.mode("append").saveAsTable("g_w")
    finally:
        _done(spark, None)


def append_fewer_columns(spark):
    _fresh(spark)
    spark.sql("select 1 as a, 'x' as b").write.saveAsTable("g_w")
    try:
        spark.sql("select 1 as a").write.mode("append").saveAsTable("g_w")
    finally:
        _done(spark, None)


def append_other_format(spark):
    _fresh(spark)
    spark.range(1).write.format("parquet").saveAsTable("g_w")
    try:
        spark.range(1).write.format("csv").mode("append").saveAsTable("g_w")
    finally:
        _done(spark, None)


def append_other_partitioning(spark):
    _fresh(spark)
    spark.sql("select 1 as a, 'x' as b").write.partitionBy("b").saveAsTable("g_w")
    try:
        spark.sql("select 1 as a, 'x' as b").write.partitionBy("a").mode("append").saveAsTable("g_w")
    finally:
        _done(spark, None)


def save_partitioned(spark):
    _fresh(spark)
    spark.sql("select * from values (1, 'x', 5), (2, 'y', 6) as t(a, p, v)").write.partitionBy("p").saveAsTable("g_w")
    spark.sql("select * from values (3, 'z', 7) as t(a, p, v)").write.partitionBy("p").mode("append").saveAsTable("g_w")
    partitions = [row[0] for row in spark.sql("show partitions g_w").collect()]
    return _done(spark, (spark.table("g_w").columns, _rows_in_order(spark, "a"), partitions))


def partition_by_unknown(spark):
    _fresh(spark)
    spark.range(1).write.partitionBy("nope").saveAsTable("g_w")


def partition_by_everything(spark):
    _fresh(spark)
    spark.range(1).write.partitionBy("id").saveAsTable("g_w")


def save_external(spark):
    _fresh(spark)
    spark.range(3).write.option("path", spark.scratch + "/e").saveAsTable("g_w")
    kind = spark.catalog.getTable("g_w").tableType
    _done(spark, None)
    return kind, spark.read.parquet(spark.scratch + "/e").count()


def save_csv_table(spark):
    _fresh(spark)
    spark.sql("select 1 as a, 'x;y' as b").write.format("csv").option("header", True).option("sep", ";").saveAsTable("g_w")
    return _done(spark, _rows_in_order(spark, "a"))


def insert_into(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    spark.sql("select 1 as b, 'x' as a").write.insertInto("g_w")
    spark.sql("select 2, 'y'").write.insertInto("g_w")
    both = _rows_in_order(spark, "a")
    spark.sql("select 3, 'z'").write.insertInto("g_w", overwrite=True)
    return _done(spark, (both, _rows_in_order(spark, "a")))


def insert_into_too_few(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    try:
        spark.sql("select 1").write.insertInto("g_w")
    finally:
        _done(spark, None)


def insert_into_bad_type(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    try:
        spark.sql("select array(1), 'x'").write.insertInto("g_w")
    finally:
        _done(spark, None)


def insert_into_unknown(spark):
    spark.range(1).write.insertInto("g_nope")


def insert_into_with_partition_by(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet partitioned by (b)")
    try:
        spark.sql("select 1, 'x'").write.partitionBy("b").insertInto("g_w")
    finally:
        _done(spark, None)


def insert_into_view(spark):
    spark.range(1).createOrReplaceTempView("g_wv")
    try:
        spark.range(1).write.insertInto("g_wv")
    finally:
        spark.catalog.dropTempView("g_wv")


def insert_overwrite_partitions(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, p string) using parquet partitioned by (p)")
    spark.sql("select * from values (1, 'x'), (2, 'y')").write.insertInto("g_w")
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        spark.sql("select 3, 'x'").write.insertInto("g_w", overwrite=True)
    finally:
        spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    return _done(spark, _rows_in_order(spark, "a"))


def write_to_create(spark):
    _fresh(spark)
    spark.range(3).writeTo("g_w").using("parquet").tableProperty("k", "v").create()
    properties = [list(row) for row in spark.sql("show tblproperties g_w").collect()]
    return _done(spark, (_rows_in_order(spark, "id"), properties))


def write_to_create_existing(spark):
    _fresh(spark)
    spark.range(3).writeTo("g_w").using("parquet").create()
    try:
        spark.range(3).writeTo("g_w").using("parquet").create()
    finally:
        _done(spark, None)


def write_to_create_partitioned(spark):
    _fresh(spark)
    spark.sql("select * from values (1, 'x'), (2, 'y') as t(a, p)").writeTo("g_w").using("parquet").partitionedBy(col("p")).create()
    return _done(spark, [row[0] for row in spark.sql("show partitions g_w").collect()])


def write_to_append(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    spark.sql("select 1 as a, 'x' as b").writeTo("g_w").append()
    return _done(spark, _rows_in_order(spark, "a"))


def write_to_append_unknown(spark):
    spark.range(1).writeTo("g_nope").append()


def write_to_append_misnamed(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    try:
        spark.sql("select 1 as a, 'x' as c").writeTo("g_w").append()
    finally:
        _done(spark, None)


def write_to_overwrite(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    try:
        spark.sql("select 1 as a, 'x' as b").writeTo("g_w").overwrite(lit(True))
    finally:
        _done(spark, None)


def write_to_overwrite_partitions(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, p string) using parquet partitioned by (p)")
    try:
        spark.sql("select 1 as a, 'x' as p").writeTo("g_w").overwritePartitions()
    finally:
        _done(spark, None)


def write_to_replace_unknown(spark):
    _fresh(spark)
    spark.range(1).writeTo("g_w").using("parquet").replace()


def write_to_replace(spark):
    _fresh(spark)
    spark.range(1).writeTo("g_w").using("parquet").create()
    try:
        spark.range(5, 7).writeTo("g_w").using("parquet").replace()
    finally:
        _done(spark, None)


def write_to_create_or_replace(spark):
    _fresh(spark)
    try:
        spark.range(5, 7).writeTo("g_w").using("parquet").createOrReplace()
    finally:
        _done(spark, None)


def table_of_moved_files(spark):
    _fresh(spark)
    spark.range(3).write.parquet(spark.scratch + "/a")
    spark.range(5).write.parquet(spark.scratch + "/b")
    spark.sql(f"create table g_w using parquet location '{spark.scratch}/a'")
    before = spark.table("g_w").count()
    spark.sql(f"alter table g_w set location '{spark.scratch}/b'")
    return _done(spark, (before, spark.table("g_w").count()))


def insert_directory(spark):
    spark.sql(f"insert overwrite directory '{spark.scratch}/d' using parquet select 1 as a, 'x' as b")
    return spark.read.parquet(spark.scratch + "/d")


def insert_directory_with_options(spark):
    spark.sql(f"insert overwrite local directory '{spark.scratch}/d' using csv options ('header' = 'true') select 1 as a, 'x' as b")
    return spark.read.option("header", True).csv(spark.scratch + "/d")


def insert_directory_without_format(spark):
    spark.sql(f"insert overwrite directory '{spark.scratch}/d' select 1 as a")


def view_of_files(spark):
    spark.range(3).write.parquet(spark.scratch + "/v")
    spark.sql(f"create or replace temporary view g_wf using parquet options (path '{spark.scratch}/v')")
    found = [row[0] for row in spark.table("g_wf").orderBy("id").collect()]
    spark.catalog.dropTempView("g_wf")
    return found


def files_by_path(spark):
    spark.range(3).write.parquet(spark.scratch + "/v")
    return spark.sql(f"select max(id) as m from parquet.`{spark.scratch}/v`")


def files_by_unknown_format(spark):
    return spark.sql(f"select * from nope.`{spark.scratch}/v`")


def named_parameters(spark):
    return spark.sql("select :a as a, :b + 1 as b, id from people where id = :id", {"a": "x", "b": 2, "id": 1})


def positional_parameters(spark):
    return spark.sql("select ? as a, ? + 1 as b, id from people where id = ?", ["x", 2, 1])


def parameters_of_kinds(spark):
    import datetime

    return spark.sql("select :a as a, :b as b, :c as c, :d as d", {"a": 1.5, "b": None, "c": datetime.date(2024, 1, 2), "d": F.array(lit(1), lit(2))})


def parameters_in_limit(spark):
    return spark.sql("select id from people order by id limit :n offset :m", {"n": 2, "m": 1})


def parameters_in_identifier(spark):
    return spark.sql("select identifier(:c) from identifier(:t) where id = 1", {"c": "name", "t": "people"})


def parameters_in_insert(spark):
    _fresh(spark)
    spark.sql("create table g_w (a int, b string) using parquet")
    spark.sql("insert into g_w values (:a, :b)", {"a": 1, "b": "x"})
    spark.sql("insert into g_w select ?, ?", [2, "y"])
    return _done(spark, _rows_in_order(spark, "a"))


def parameters_in_cte_and_subquery(spark):
    return spark.sql("with t as (select :x as x) select * from t where x in (select :x) and exists (select ? from t)", {"x": 1})


def parameters_in_ctas(spark):
    _fresh(spark)
    spark.sql("create table g_w using parquet as select :a as a", {"a": 5})
    return _done(spark, _rows_in_order(spark, "a"))


def parameters_in_temporary_view(spark):
    spark.sql("create or replace temp view g_wp as select :a as a", {"a": 5})


def parameter_missing(spark):
    return spark.sql("select :a as a, :b as b", {"a": 1})


def parameter_missing_positional(spark):
    return spark.sql("select ?, ?", [1])


def parameters_with_frames(spark):
    frame = spark.range(3)
    return spark.sql("select max(id) as m from {df} where id < {n}", df=frame, n=2)


def parameters_unused(spark):
    return spark.sql("select 1 as a", {"b": 2})


def table_by_name(spark):
    return spark.table("people").orderBy("id").limit(1)


def table_unknown(spark):
    return spark.table("g_nope")


def view_of_frame_twice(spark):
    spark.range(1).createTempView("g_wt")
    try:
        spark.range(1).createTempView("g_wt")
    finally:
        spark.catalog.dropTempView("g_wt")


def global_view_of_frame(spark):
    spark.range(2).createGlobalTempView("g_wg")
    found = spark.table("global_temp.g_wg").count()
    spark.catalog.dropGlobalTempView("g_wg")
    return found


def view_with_qualifier(spark):
    spark.catalog.dropTempView("b")  # another family may have left one
    spark.range(1).createTempView("a.b")


def bucketed(spark):
    _fresh(spark)
    spark.range(4).write.bucketBy(2, "id").sortBy("id").saveAsTable("g_w")
    return _done(spark, _rows_in_order(spark, "id"))


def bucketed_path(spark):
    spark.range(4).write.bucketBy(2, "id").parquet(spark.scratch + "/b")
