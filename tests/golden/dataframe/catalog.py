"""spark.catalog: listings, questions and deeds."""


def _rows(found):
    return [list(each) for each in found]


def _table(spark, text="create table g_c (id int comment 'key', name string, day string) using parquet partitioned by (day)"):
    spark.sql("drop table if exists g_c")
    spark.sql(text)


def current(spark):
    return [spark.catalog.currentCatalog(), spark.catalog.currentDatabase()]


def set_current_database(spark):
    spark.sql("create database if not exists g_cdb")
    spark.catalog.setCurrentDatabase("g_cdb")
    found = spark.catalog.currentDatabase()
    spark.catalog.setCurrentDatabase("default")
    spark.sql("drop database g_cdb")
    return found


def set_unknown_database(spark):
    spark.catalog.setCurrentDatabase("g_nope")


def set_unknown_catalog(spark):
    spark.catalog.setCurrentCatalog("g_nope")


def list_catalogs(spark):
    return _rows(spark.catalog.listCatalogs()), _rows(spark.catalog.listCatalogs("x*")), _rows(spark.catalog.listCatalogs("spark*|x"))


def list_databases(spark):
    spark.sql("create database if not exists g_cdb comment 'about'")
    found = [[each.name, each.catalog, each.description] for each in spark.catalog.listDatabases("g_c*|zz")]
    spark.sql("drop database g_cdb")
    return found


def get_database(spark):
    spark.sql("create database if not exists g_cdb comment 'about'")
    found = spark.catalog.getDatabase("g_cdb")
    other = spark.catalog.getDatabase("spark_catalog.g_cdb")
    spark.sql("drop database g_cdb")
    return [[each.name, each.catalog, each.description] for each in (found, other)]


def get_unknown_database(spark):
    return spark.catalog.getDatabase("g_nope")


def database_exists(spark):
    return [spark.catalog.databaseExists(name) for name in ("default", "g_nope", "spark_catalog.default")]


def list_tables(spark):
    _table(spark)
    found = spark.catalog.listTables("default", "g_c")
    spark.sql("drop table g_c")
    return _rows(found)


def list_tables_with_views(spark):
    _table(spark)
    spark.sql("create or replace temp view g_cv as select 1 as a")
    spark.sql("create or replace view g_cp comment 'about' as select id from g_c")
    spark.sql("create or replace global temp view g_cg as select 1 as a")
    found = _rows(spark.catalog.listTables(pattern="g_c*")), _rows(spark.catalog.listTables("global_temp", "g_c*"))
    spark.sql("drop view g_cp")
    spark.sql("drop view g_cv")
    spark.sql("drop view global_temp.g_cg")
    spark.sql("drop table g_c")
    return found


def list_tables_of_unknown_database(spark):
    return spark.catalog.listTables("g_nope")


def get_table(spark):
    _table(spark, "create table g_c (id int) using parquet comment 'about'")
    spark.sql("create or replace temp view g_cv as select 1 as a")
    found = [_rows([spark.catalog.getTable(name)]) for name in ("g_c", "default.g_c", "spark_catalog.default.g_c", "g_cv")]
    spark.sql("drop view g_cv")
    spark.sql("drop table g_c")
    return found


def get_unknown_table(spark):
    return spark.catalog.getTable("g_nope")


def table_exists(spark):
    _table(spark)
    spark.sql("create or replace temp view g_cv as select 1 as a")
    names = ("g_c", "default.g_c", "spark_catalog.default.g_c", "g_cv", "g_nope", "g_nope.g_c")
    found = [spark.catalog.tableExists(name) for name in names] + [spark.catalog.tableExists("g_c", "default")]
    spark.sql("drop view g_cv")
    spark.sql("drop table g_c")
    return found


def list_columns(spark):
    _table(spark)
    found = _rows(spark.catalog.listColumns("g_c")), _rows(spark.catalog.listColumns("default.g_c"))
    spark.sql("drop table g_c")
    return found


def list_columns_of_view(spark):
    return _rows(spark.catalog.listColumns("people"))


def list_columns_of_unknown(spark):
    return spark.catalog.listColumns("g_nope")


def functions(spark):
    known = [spark.catalog.functionExists(name) for name in ("abs", "g_nope", "default.abs")]
    return known, len(spark.catalog.listFunctions("upper")), [each.name for each in spark.catalog.listFunctions("upp*")]


def get_function(spark):
    found = spark.catalog.getFunction("upper")
    return [found.name, found.catalog, found.namespace, found.isTemporary]


def get_unknown_function(spark):
    return spark.catalog.getFunction("g_nope")


def drop_views(spark):
    spark.sql("create or replace temp view g_cv as select 1 as a")
    spark.sql("create or replace global temp view g_cg as select 1 as a")
    return [
        spark.catalog.dropTempView("g_cv"),
        spark.catalog.dropTempView("g_cv"),
        spark.catalog.dropGlobalTempView("g_cg"),
        spark.catalog.dropGlobalTempView("g_cg"),
    ]


def caching(spark):
    _table(spark, "create table g_c (id int) using parquet")
    spark.sql("insert into g_c values (1)")
    before = spark.catalog.isCached("g_c")
    spark.catalog.cacheTable("g_c")
    during = spark.catalog.isCached("g_c"), spark.table("g_c").count()
    spark.catalog.uncacheTable("g_c")
    after = spark.catalog.isCached("g_c")
    spark.catalog.cacheTable("g_c")
    spark.catalog.clearCache()
    cleared = spark.catalog.isCached("g_c")
    spark.sql("drop table g_c")
    return before, during, after, cleared


def cache_sees_inserts(spark):
    _table(spark, "create table g_c (id int) using parquet")
    spark.sql("cache table g_c")
    first = spark.table("g_c").count()
    spark.sql("insert into g_c values (1), (2)")
    second = spark.table("g_c").count()
    spark.sql("drop table g_c")
    return first, second


def cache_unknown(spark):
    spark.catalog.cacheTable("g_nope")


def uncache_unknown(spark):
    spark.catalog.uncacheTable("g_nope")


def is_cached_unknown(spark):
    return spark.catalog.isCached("g_nope")


def create_table(spark):
    spark.sql("drop table if exists g_c")
    from pyspark.sql.types import IntegerType, StringType, StructField, StructType

    schema = StructType([StructField("id", IntegerType(), False), StructField("name", StringType())])
    made = spark.catalog.createTable("g_c", source="parquet", schema=schema, description="about")
    found = made.columns, _rows([spark.catalog.getTable("g_c")]), [list(row) for row in spark.sql("describe g_c").collect()]
    spark.sql("drop table g_c")
    return found


def create_external_table(spark):
    spark.sql("drop table if exists g_c")
    spark.range(3).write.parquet(spark.scratch + "/x")
    made = spark.catalog.createTable("g_c", path=spark.scratch + "/x", source="parquet")
    found = made.columns, made.count(), spark.catalog.getTable("g_c").tableType
    spark.sql("drop table g_c")
    return found, spark.read.parquet(spark.scratch + "/x").count()


def create_existing_table(spark):
    _table(spark)
    try:
        spark.catalog.createTable("g_c", source="parquet", schema=spark.range(1).schema)
    finally:
        spark.sql("drop table g_c")


def refresh(spark):
    _table(spark)
    spark.catalog.refreshTable("g_c")
    spark.catalog.refreshByPath(spark.scratch)
    spark.sql("drop table g_c")
    return "done"


def refresh_unknown(spark):
    spark.catalog.refreshTable("g_nope")


def recover_partitions(spark):
    spark.sql("drop table if exists g_c")
    spark.range(4).selectExpr("id", "id % 2 as p").write.partitionBy("p").parquet(spark.scratch + "/x")
    spark.sql(f"create table g_c (id bigint, p bigint) using parquet partitioned by (p) location '{spark.scratch}/x'")
    spark.catalog.recoverPartitions("g_c")
    found = spark.table("g_c").count(), sorted(row[0] for row in spark.sql("show partitions g_c").collect())
    spark.sql("drop table g_c")
    return found


def recover_partitions_of_plain_table(spark):
    _table(spark, "create table g_c (id int) using parquet")
    try:
        spark.catalog.recoverPartitions("g_c")
    finally:
        spark.sql("drop table g_c")


def describe_extended(spark):
    _table(spark, "create table g_c (id int comment 'key', day string) using parquet partitioned by (day) comment 'about' tblproperties ('a' = 'b')")
    rows = spark.sql("describe extended g_c").collect()
    spark.sql("drop table g_c")
    hidden = ("Created Time", "Last Access", "Created By", "Location", "Owner", "Statistics", "Table Properties")
    return [[row[0], "..." if row[0] in hidden else row[1], row[2]] for row in rows]


def describe_extended_view(spark):
    spark.sql("drop view if exists g_cp")
    spark.sql("create view g_cp (x comment 'cx') comment 'about' as select 1 as a")
    rows = spark.sql("describe extended g_cp").collect()
    spark.sql("drop view g_cp")
    hidden = ("Created Time", "Last Access", "Created By", "Location", "Owner", "Table Properties", "View Catalog and Namespace", "SQL Path")
    return [[row[0], "..." if row[0] in hidden else row[1], row[2]] for row in rows]


def describe_database(spark):
    spark.sql("create database if not exists g_cdb comment 'about' with dbproperties ('p' = 'q', 'a' = 'b')")
    plain = spark.sql("describe database g_cdb").collect()
    extended = spark.sql("describe database extended g_cdb").collect()
    spark.sql("drop database g_cdb")
    return [[[row[0], "..." if row[0] in ("Location", "Owner") else row[1]] for row in rows] for rows in (plain, extended)]


def show_table_extended(spark):
    _table(spark)
    rows = spark.sql("show table extended like 'g_c'").collect()
    spark.sql("drop table g_c")
    hidden = ("Created Time", "Last Access", "Created By", "Location", "Owner", "Statistics", "Table Properties")
    lines = [line for line in rows[0][3].splitlines() if line.split(":")[0] not in hidden]
    return [list(row[:3]) for row in rows], lines


def explain_modes(spark):
    modes = ("", "extended", "formatted", "cost", "codegen")
    texts = [spark.sql(f"explain {mode} select id from people").collect()[0][0] for mode in modes]
    return [[line for line in text.splitlines() if line.startswith("== ")] for text in texts[:2]]


def set_and_reset(spark):
    found = [list(row) for row in spark.sql("set spark.sql.shuffle.partitions=11").collect()]
    spark.sql("reset")
    after = [list(row) for row in spark.sql("set spark.sql.session.timeZone").collect()]
    columns = spark.sql("set").columns, spark.sql("set -v").columns
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return found, after[0][0], columns
