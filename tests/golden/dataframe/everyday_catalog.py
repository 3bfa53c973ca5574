"""The catalog API, temporary views, settings and SQL text with parameters."""
from pyspark.sql import functions as F


def current_database_and_catalog(spark):
    return [spark.catalog.currentDatabase(), spark.catalog.currentCatalog()]


def list_catalogs(spark):
    return [each.name for each in spark.catalog.listCatalogs()]


def list_databases(spark):
    return [(each.name, each.catalog, each.description) for each in spark.catalog.listDatabases()]


def list_databases_by_pattern(spark):
    return [[each.name for each in spark.catalog.listDatabases("def*")], spark.catalog.listDatabases("x*")]


def get_database(spark):
    found = spark.catalog.getDatabase("default")
    return [found.name, found.catalog]


def database_exists(spark):
    return [spark.catalog.databaseExists("default"), spark.catalog.databaseExists("nope"), spark.catalog.databaseExists("DEFAULT")]


def set_current_database_unknown(spark):
    spark.catalog.setCurrentDatabase("nope")


def views_are_listed(spark):
    return sorted((each.name, each.tableType, each.isTemporary, each.namespace) for each in spark.catalog.listTables() if each.name in ("people", "t1"))


def tables_by_pattern(spark):
    return sorted(each.name for each in spark.catalog.listTables(pattern="t*") if each.isTemporary and len(each.name) == 2)


def get_table_of_a_view(spark):
    found = spark.catalog.getTable("people")
    return [found.name, found.catalog, found.namespace, found.tableType, found.isTemporary]


def get_table_unknown(spark):
    return spark.catalog.getTable("nope")


def table_exists(spark):
    return [spark.catalog.tableExists("people"), spark.catalog.tableExists("nope"), spark.catalog.tableExists("nope", "default")]


def columns_of_a_view(spark):
    return [(each.name, each.dataType, each.nullable, each.isPartition, each.isBucket) for each in spark.catalog.listColumns("nested")]


def columns_of_an_unknown_table(spark):
    return spark.catalog.listColumns("nope")


def function_exists(spark):
    return [spark.catalog.functionExists("upper"), spark.catalog.functionExists("nope"), spark.catalog.functionExists("count")]


def get_function(spark):
    found = spark.catalog.getFunction("upper")
    return [found.name, found.isTemporary]


def get_function_unknown(spark):
    return spark.catalog.getFunction("nope")


def list_functions_knows_the_usual(spark):
    names = {each.name for each in spark.catalog.listFunctions()}
    return sorted(names & {"upper", "count", "sum", "concat", "to_date", "explode", "row_number", "transform", "nope"})


def managed_table(spark):
    spark.sql("drop table if exists golden_managed")
    spark.table("people").select("id", "name").write.saveAsTable("golden_managed")
    try:
        found = spark.catalog.getTable("golden_managed")
        return [found.name, found.tableType, found.isTemporary, spark.table("golden_managed").count(), [each.name for each in spark.catalog.listColumns("golden_managed")]]
    finally:
        spark.sql("drop table golden_managed")


def table_is_dropped(spark):
    spark.range(1).write.mode("overwrite").saveAsTable("golden_dropped")
    spark.sql("drop table golden_dropped")
    return spark.catalog.tableExists("golden_dropped")


def table_written_twice(spark):
    spark.range(1).write.mode("overwrite").saveAsTable("golden_twice")
    try:
        spark.range(1).write.saveAsTable("golden_twice")
    finally:
        spark.sql("drop table golden_twice")


def table_appended(spark):
    spark.range(2).write.mode("overwrite").saveAsTable("golden_appended")
    try:
        spark.range(5, 7).write.mode("append").saveAsTable("golden_appended")
        spark.range(9, 10).write.insertInto("golden_appended")
        return [row.id for row in spark.table("golden_appended").orderBy("id").collect()]
    finally:
        spark.sql("drop table golden_appended")


def write_to(spark):
    spark.sql("drop table if exists golden_v2")
    spark.range(3).writeTo("golden_v2").using("parquet").create()
    try:
        return spark.table("golden_v2").count()
    finally:
        spark.sql("drop table golden_v2")


def database_with_a_table(spark):
    spark.sql("create database golden_db")
    try:
        spark.range(2).write.saveAsTable("golden_db.t")
        spark.catalog.setCurrentDatabase("golden_db")
        return [spark.catalog.currentDatabase(), spark.table("t").count(), [each.name for each in spark.catalog.listTables() if not each.isTemporary]]
    finally:
        spark.catalog.setCurrentDatabase("default")
        spark.sql("drop database golden_db cascade")


def database_that_is_there(spark):
    spark.sql("create database default")


def view_in_sql(spark):
    spark.sql("create or replace temp view golden_view as select id * 2 as twice from people")
    frame = spark.table("golden_view").orderBy("twice")
    return [row.twice for row in frame.collect()] + [spark.catalog.dropTempView("golden_view")]


def view_with_column_names(spark):
    spark.sql("create or replace temp view golden_named(a, b) as select 1, 2")
    return spark.sql("select b, a from golden_named")


def view_name_with_dots(spark):
    spark.range(1).createTempView("a.b")


def global_view(spark):
    spark.range(4).createOrReplaceGlobalTempView("golden_global")
    found = [spark.sql("select max(id) from global_temp.golden_global").first()[0], spark.catalog.dropGlobalTempView("golden_global"), spark.catalog.dropGlobalTempView("golden_global")]
    return found


def cache_table(spark):
    spark.range(3).createOrReplaceTempView("golden_cached")
    spark.catalog.cacheTable("golden_cached")
    seen = [spark.catalog.isCached("golden_cached"), spark.table("golden_cached").count()]
    spark.catalog.uncacheTable("golden_cached")
    return seen + [spark.catalog.isCached("golden_cached"), spark.catalog.dropTempView("golden_cached")]


def clear_cache(spark):
    spark.range(3).createOrReplaceTempView("golden_clear")
    spark.catalog.cacheTable("golden_clear")
    spark.catalog.clearCache()
    return spark.catalog.isCached("golden_clear")


def storage_level(spark):
    frame = spark.range(3).selectExpr("id * 7 as x").cache()
    seen = [str(frame.storageLevel), frame.is_cached]
    frame.unpersist()
    return seen + [str(frame.storageLevel), frame.is_cached]


def refresh_and_recover(spark):
    spark.range(1).createOrReplaceTempView("golden_refreshed")
    spark.catalog.refreshTable("golden_refreshed")
    spark.catalog.refreshByPath(spark.scratch)
    return spark.table("golden_refreshed").count()


def show_tables(spark):
    return spark.sql("show tables like 'people'").filter("isTemporary")


def show_columns(spark):
    return spark.sql("show columns in people")


def show_functions(spark):
    return spark.sql("show functions like 'upper'")


def describe_view(spark):
    return spark.sql("describe people")


def describe_function(spark):
    return spark.sql("describe function upper").first()[0]


def describe_query(spark):
    return spark.sql("describe query select id, name from people")


def use_and_current(spark):
    spark.sql("use default")
    return spark.sql("select current_database(), current_catalog()")


def set_and_reset(spark):
    spark.sql("set spark.sql.shuffle.partitions=5")
    seen = spark.conf.get("spark.sql.shuffle.partitions")
    spark.sql("reset spark.sql.shuffle.partitions")
    return seen


def set_shows(spark):
    return spark.sql("set spark.sql.ansi.enabled")


def set_time_zone(spark):
    spark.sql("set time zone 'Asia/Tokyo'")
    try:
        return [spark.conf.get("spark.sql.session.timeZone"), spark.sql("select cast(timestamp_seconds(0) as string)").first()[0]]
    finally:
        spark.sql("set time zone 'UTC'")


def conf_get_all(spark):
    spark.conf.set("golden.own", "1")
    seen = spark.conf.getAll.get("golden.own")
    spark.conf.unset("golden.own")
    return [seen, spark.conf.getAll.get("golden.own")]


def conf_types(spark):
    spark.conf.set("spark.sql.shuffle.partitions", 9)
    spark.conf.set("golden.flag", True)
    seen = [spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.get("golden.flag")]
    spark.conf.unset("spark.sql.shuffle.partitions")
    spark.conf.unset("golden.flag")
    return seen


def conf_bad_value(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "many")


def sql_named(spark):
    return spark.sql("select * from people where city = :city and age > :age order by id", args={"city": "London", "age": 30})


def sql_positions(spark):
    return spark.sql("select ? as a, ? + 1 as b, ? as c", args=["x", 2, None])


def sql_columns_as_arguments(spark):
    return spark.sql("select :a as a, :b as b", args={"a": F.array(F.lit(1)), "b": F.lit("x")})


def sql_dates_as_arguments(spark):
    import datetime

    return spark.sql("select :d as d, :d + interval 1 day as e", args={"d": datetime.date(2024, 2, 28)})


def sql_unbound(spark):
    return spark.sql("select :missing")


def sql_frames_as_arguments(spark):
    return spark.sql("select sum(x.id) as s from {x} x join {y} y on x.id = y.id", x=spark.range(5), y=spark.range(3, 9))


def sql_identifier(spark):
    return spark.sql("select identifier(:c) from identifier(:t) order by 1", args={"c": "id", "t": "people"})


def sql_of_two_statements(spark):
    return spark.sql("select 1; select 2")


def sql_comments(spark):
    return spark.sql("select 1 -- one\n, /* two */ 2 as b")


def sql_values(spark):
    return spark.sql("values (1, 'a'), (2, 'b')").orderBy("col1")


def sql_from_first(spark):
    return spark.sql("from people |> where id < 3 |> select id, name |> order by id")


def sql_recursion(spark):
    return spark.sql("with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select sum(i) from n")


def table_of_a_path(spark):
    spark.range(3).write.parquet(spark.scratch + "/p")
    return spark.sql(f"select count(*) as n from parquet.`{spark.scratch}/p`")
