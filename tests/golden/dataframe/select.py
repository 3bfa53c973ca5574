"""select, filter, withColumn, drop, rename and their relatives."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col, expr, lit


def select_by_name(spark):
    return spark.table("people").select("id", "name").orderBy("id")


def select_by_column(spark):
    people = spark.table("people")
    return people.select(people.id, people["name"], col("age")).orderBy("id")


def select_star_and_more(spark):
    return spark.table("people").select("*", (col("age") + 1).alias("next")).orderBy("id")


def select_list(spark):
    return spark.table("people").select(["id", "city"]).orderBy("id")


def select_expressions_without_names(spark):
    return spark.table("people").select(col("id") + 1, col("id") * 2.5, -col("id"), col("age") > 40, F.upper("name")).orderBy("id")


def select_expr(spark):
    return spark.table("people").selectExpr("id", "age * 2 as twice", "upper(name)").orderBy("id")


def select_alias_case(spark):
    return spark.table("people").select(col("ID"), col("Name").alias("N")).orderBy("id")


def select_duplicate_names(spark):
    return spark.table("people").select("id", "id", col("name").alias("id")).sort(col("name"))


def select_nothing(spark):
    return spark.range(3).select()


def select_literals(spark):
    return spark.range(1).select(lit(1), lit("a"), lit(None), lit(True), lit(1.5), lit(2**40))


def select_struct_star(spark):
    return spark.table("nested").select("id", "s.*").orderBy("id")


def select_struct_field(spark):
    return spark.table("nested").filter("id = 1").select("s.x", col("s.y"), col("s")["x"], col("s").getField("y"), col("arr")[0], col("m")["a"]).orderBy("s.x")


def select_quoted_names(spark):
    frame = spark.sql("select 1 as `a.b`, 2 as `c d`")
    return frame.select("`a.b`", col("`c d`"))


def select_regex(spark):
    return spark.table("people").select(spark.table("people").colRegex("`(id|name)`")).orderBy("id")


def select_qualified_by_alias(spark):
    return spark.table("people").alias("p").select("p.id", "p.name").orderBy("p.id")


def select_alias_star(spark):
    return spark.table("people").alias("p").select("p.*").orderBy("id")


def filter_column(spark):
    return spark.table("people").filter(col("age") > 40).orderBy("id")


def filter_text(spark):
    return spark.table("people").filter("age > 40 and city = 'London'").orderBy("id")


def where_chain(spark):
    return spark.table("people").where(col("age") > 30).where(col("city").isNotNull()).orderBy("id")


def filter_and_or_not(spark):
    people = spark.table("people")
    return people.filter((people.age > 40) & ~(people.city == "London") | people.name.isNull()).orderBy("id")


def filter_isin(spark):
    return spark.table("people").filter(col("city").isin("London", "Rotterdam")).orderBy("id")


def filter_between_like(spark):
    return spark.table("people").filter(col("age").between(30, 42) & col("name").like("A%")).orderBy("id")


def filter_string_methods(spark):
    return spark.table("people").filter(col("name").startswith("A") | col("name").endswith("r") | col("name").contains("rac")).orderBy("id")


def filter_rlike_ilike(spark):
    return spark.table("people").filter(col("name").rlike("^[AG]") & col("name").ilike("%A%")).orderBy("id")


def filter_null_safe(spark):
    return spark.table("people").filter(col("city").eqNullSafe(None)).orderBy("id")


def with_column(spark):
    return spark.table("people").withColumn("next", col("age") + 1).orderBy("id")


def with_column_replaces_in_place(spark):
    return spark.table("people").withColumn("age", col("age") * 2).orderBy("id")


def with_column_replaces_other_case(spark):
    return spark.table("people").withColumn("AGE", lit(1)).orderBy("id")


def with_columns(spark):
    return spark.table("people").withColumns({"a": col("id") + 1, "b": lit("x"), "name": F.upper("name")}).orderBy("id")


def with_column_chain(spark):
    frame = spark.range(2)
    for step in range(40):
        frame = frame.withColumn(f"c{step}", col("id") + step)
    return frame.select("id", "c0", "c39").orderBy("id")


def with_column_renamed(spark):
    return spark.table("people").withColumnRenamed("name", "who").orderBy("id")


def with_column_renamed_unknown(spark):
    return spark.table("people").withColumnRenamed("nope", "who").orderBy("id")


def with_columns_renamed(spark):
    return spark.table("people").withColumnsRenamed({"name": "who", "city": "place"}).orderBy("id")


def to_df(spark):
    return spark.table("t1").toDF("a", "b").orderBy("b")


def drop_names(spark):
    return spark.table("people").drop("name", "score", "nope").orderBy("id")


def drop_column(spark):
    people = spark.table("people")
    return people.drop(people.name).orderBy("id")


def drop_everything(spark):
    return spark.table("t1").drop("k", "v")


def limit_offset(spark):
    return spark.table("people").orderBy("id").offset(1).limit(2)


def limit_zero(spark):
    return spark.table("people").limit(0)


def distinct(spark):
    return spark.table("people").select("city").distinct().orderBy("city")


def drop_duplicates_subset(spark):
    return spark.table("people").dropDuplicates(["city"]).select("city").orderBy("city")


def drop_duplicates_all(spark):
    frame = spark.table("t1")
    return frame.union(frame).dropDuplicates().orderBy("k", "v")


def range_one_argument(spark):
    return spark.range(5)


def range_start_end_step(spark):
    return spark.range(1, 10, 3)


def range_backwards(spark):
    return spark.range(10, 0, -4)


def range_partitions(spark):
    return spark.range(0, 10, 1, 3)


def when_otherwise(spark):
    return spark.table("people").select("id", F.when(col("age") > 40, "old").when(col("age") > 30, "mid").otherwise("young").alias("band")).orderBy("id")


def when_without_otherwise(spark):
    return spark.table("people").select(F.when(col("age") > 40, col("id"))).orderBy("id")


def cast_methods(spark):
    return spark.table("people").select(col("id").cast("string"), col("age").cast("double").alias("d"), col("score").cast("int"), col("id").astype("long")).orderBy("id")


def try_cast_method(spark):
    return spark.table("people").select(col("name").try_cast("int")).orderBy("id")


def column_arithmetic(spark):
    return spark.range(3).select(col("id") % 2, col("id") / 2, 10 - col("id"), 2 ** col("id"), col("id").bitwiseAND(1), col("id").bitwiseOR(4), col("id").bitwiseXOR(1)).orderBy("id")


def column_substr(spark):
    return spark.table("people").select(col("name").substr(1, 2), col("name").substr(lit(2), lit(2))).orderBy("id")


def expr_function(spark):
    return spark.table("people").select(expr("id + 1 as x"), expr("length(name)")).orderBy("id")


def sample_everything(spark):
    return spark.table("people").sample(1.0).orderBy("id")


def hint_is_ignored(spark):
    return spark.table("people").hint("broadcast").select("id").orderBy("id")


def repartition_keeps_rows(spark):
    return spark.range(10).repartition(3).groupBy().count()


def coalesce_and_repartition_by_column(spark):
    return spark.table("people").repartition(2, "city").coalesce(1).groupBy("city").count().orderBy("city")


def transform_method(spark):
    return spark.range(3).transform(lambda frame: frame.withColumn("twice", col("id") * 2)).orderBy("id")


def columns_attribute(spark):
    return spark.table("people").columns


def dtypes_attribute(spark):
    return spark.table("nested").dtypes


def schema_attribute(spark):
    return spark.table("nested").schema.simpleString()


def count(spark):
    return spark.table("people").count()


def first_and_head(spark):
    frame = spark.table("people").select("id", "name").orderBy("id")
    return [frame.first().asDict(), [row.asDict() for row in frame.head(2)], [row.id for row in frame.take(3)], [row.id for row in frame.tail(2)]]


def first_of_empty(spark):
    return spark.table("empty").first()


def is_empty(spark):
    return [spark.table("empty").isEmpty(), spark.table("people").isEmpty()]


def collect_types(spark):
    return [tuple(row) for row in spark.table("events").orderBy("id").collect()]


def collect_nested(spark):
    return [tuple(row) for row in spark.table("nested").orderBy("id").collect()]


def to_pandas(spark):
    frame = spark.table("people").orderBy("id").toPandas()
    return [list(frame.columns), [str(kind) for kind in frame.dtypes], frame["id"].tolist()]


def to_local_iterator(spark):
    return [row.id for row in spark.range(5).toLocalIterator()]


def explode_column(spark):
    return spark.table("nested").select("id", F.explode("arr").alias("e")).orderBy("id", "e")


def explode_outer_map(spark):
    return spark.table("nested").select("id", F.explode_outer("m")).orderBy("id", "key")


def posexplode_column(spark):
    return spark.table("nested").select("id", F.posexplode("arr")).orderBy("id", "pos")


def lateral_alias_in_select(spark):
    return spark.range(2).selectExpr("id + 1 as a", "a * 2 as b").orderBy("a")
