"""sort, union and other set operations, na functions, temporary views, settings."""
from pyspark.sql import functions as F
from pyspark.sql.functions import asc, col, desc


def sort_by_name(spark):
    return spark.table("people").sort("age", "id")


def sort_descending(spark):
    return spark.table("people").sort(col("age").desc(), col("id").asc())


def sort_nulls(spark):
    return spark.table("people").orderBy(col("age").asc_nulls_last(), desc("id"))


def sort_nulls_first_descending(spark):
    return spark.table("people").orderBy(F.desc_nulls_first("age"), asc("id"))


def sort_ascending_flags(spark):
    return spark.table("people").orderBy(["age", "id"], ascending=[False, True])


def sort_by_expression(spark):
    return spark.table("people").orderBy(F.length("name"), col("id") % 2, "id")


def sort_by_position(spark):
    return spark.table("people").select("name", "id").orderBy(2)


def sort_by_dropped_column(spark):
    people = spark.table("people")
    return people.select("name").orderBy(people.id)


def sort_within_partitions(spark):
    return spark.table("people").coalesce(1).sortWithinPartitions("id")


def sort_doubles_with_nan(spark):
    return spark.table("nums").select("d").orderBy("d")


def union(spark):
    return spark.table("t1").union(spark.table("t2")).orderBy("v")


def union_all_keeps_duplicates(spark):
    return spark.table("t1").unionAll(spark.table("t1")).groupBy().count()


def union_widens(spark):
    return spark.range(1).union(spark.sql("select 2.5")).orderBy("id")


def union_by_name(spark):
    return spark.sql("select 1 as a, 2 as b").unionByName(spark.sql("select 3 as b, 4 as a")).orderBy("a")


def union_by_name_missing(spark):
    return spark.sql("select 1 as a, 2 as b").unionByName(spark.sql("select 3 as b, 'x' as c"), allowMissingColumns=True).orderBy("b")


def union_by_name_missing_refused(spark):
    return spark.sql("select 1 as a, 2 as b").unionByName(spark.sql("select 3 as b, 4 as c"))


def union_wrong_width(spark):
    return spark.range(1).union(spark.sql("select 1, 2"))


def union_wrong_type(spark):
    return spark.sql("select array(1) as a").union(spark.range(1))


def intersect(spark):
    return spark.table("t1").select("k").intersect(spark.table("t2").select("k")).orderBy("k")


def intersect_all(spark):
    return spark.table("t1").select("k").intersectAll(spark.table("t2").select("k")).orderBy("k")


def subtract(spark):
    return spark.table("t1").select("k").subtract(spark.table("t2").select("k")).orderBy("k")


def except_all(spark):
    return spark.table("t1").select("k").exceptAll(spark.table("t2").select("k")).orderBy("k")


def na_drop(spark):
    return spark.table("people").na.drop().orderBy("id")


def na_drop_all(spark):
    return spark.table("nums").na.drop("all").groupBy().count()


def na_drop_subset(spark):
    return spark.table("people").dropna(subset=["age", "city"]).orderBy("id")


def na_drop_threshold(spark):
    return spark.table("people").dropna(thresh=4).orderBy("id")


def na_fill_number(spark):
    return spark.table("people").na.fill(0).orderBy("id")


def na_fill_text(spark):
    return spark.table("people").fillna("?").orderBy("id")


def na_fill_dict(spark):
    return spark.table("people").fillna({"age": 0, "city": "nowhere"}).orderBy("id")


def na_fill_subset(spark):
    return spark.table("people").fillna(1.5, subset=["score", "age"]).orderBy("id")


def na_fill_boolean(spark):
    return spark.table("nums").select("b", "flag").fillna(False).orderBy("b", "flag")


def na_replace(spark):
    return spark.table("people").na.replace("London", "Paris").orderBy("id")


def na_replace_dict(spark):
    return spark.table("people").replace({45: 46, 36: 37}, subset=["age"]).orderBy("id")


def na_replace_null(spark):
    return spark.table("people").na.replace(["Ada", "Alan"], None, "name").orderBy("id")


def temp_view(spark):
    spark.table("people").filter("id < 3").createOrReplaceTempView("few_people")
    return spark.sql("select id, name from few_people order by id")


def temp_view_sees_its_plan(spark):
    spark.range(2).createOrReplaceTempView("a_view")
    frame = spark.table("a_view")
    spark.range(5).createOrReplaceTempView("a_view")
    return frame.unionAll(spark.table("a_view")).groupBy().count()


def temp_view_twice(spark):
    spark.range(1).createOrReplaceTempView("twice_view")
    spark.range(1).createTempView("twice_view")


def drop_temp_view(spark):
    spark.range(1).createOrReplaceTempView("gone_view")
    return [spark.catalog.dropTempView("gone_view"), spark.catalog.dropTempView("gone_view")]


def global_temp_view(spark):
    spark.range(3).createOrReplaceGlobalTempView("everywhere")
    return spark.table("global_temp.everywhere").orderBy("id")


def sql_with_named_arguments(spark):
    return spark.sql("select id from people where age > :least order by id", args={"least": 40})


def sql_with_positions(spark):
    return spark.sql("select ? + 1 as a, ? as b", args=[1, "x"])


def sql_with_frames(spark):
    return spark.sql("select count(*) as n from {frame}", frame=spark.range(4))


def config_get_set(spark):
    before = spark.conf.get("spark.sql.shuffle.partitions", "none") is not None
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    after = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.unset("spark.sql.shuffle.partitions")
    return [before, after, spark.conf.get("my.own.key", "mine"), spark.conf.isModifiable("spark.sql.shuffle.partitions"), spark.conf.isModifiable("spark.sql.warehouse.dir")]


def config_unknown(spark):
    return spark.conf.get("no.such.key")


def config_static(spark):
    spark.conf.set("spark.sql.warehouse.dir", "x")


def config_case_sensitive(spark):
    spark.conf.set("spark.sql.caseSensitive", "true")
    try:
        return spark.table("people").select("ID").collect()
    finally:
        spark.conf.unset("spark.sql.caseSensitive")


def config_ansi_off(spark):
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        return [tuple(row) for row in spark.sql("select 1 / 0, cast('x' as int)").collect()]
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")


def catalog_basics(spark):
    return [spark.catalog.currentDatabase(), spark.catalog.currentCatalog(), spark.catalog.tableExists("people"), spark.catalog.tableExists("nope"), spark.catalog.databaseExists("default"), spark.catalog.functionExists("upper")]


def catalog_columns(spark):
    return [(column.name, column.dataType, column.nullable) for column in spark.catalog.listColumns("people")]


def cache_and_unpersist(spark):
    frame = spark.range(5).cache()
    first = frame.count()
    frame.unpersist()
    return [first, frame.count()]


def is_local_and_streaming(spark):
    return [spark.range(1).isStreaming, spark.range(1).sameSemantics(spark.range(1))]


def version(spark):
    return spark.version.split(".")[0]


def explain_runs(spark):
    return len(spark.range(1)._explain_string()) > 0


def observe_metrics(spark):
    from pyspark.sql import Observation

    seen = Observation("seen")
    rows = spark.range(5).observe(seen, F.count("*").alias("n"), F.max("id").alias("most")).collect()
    return [len(rows), seen.get]


def persist_levels(spark):
    from pyspark.storagelevel import StorageLevel

    frame = spark.range(3).persist(StorageLevel.MEMORY_ONLY)
    return frame.filter("id > 0").orderBy("id")


def random_split_covers_everything(spark):
    parts = spark.range(100).randomSplit([0.5, 0.5], seed=1)
    return sum(part.count() for part in parts)


def checkpoint_keeps_rows(spark):
    return spark.range(3).localCheckpoint().orderBy("id")
