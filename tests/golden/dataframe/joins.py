"""Joins of every kind, and which column is meant afterwards."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def _two(spark):
    return spark.table("t1"), spark.table("t2")


def inner_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k").orderBy("v", "w")


def left_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k", "left").orderBy("v", "w")


def right_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k", "right").orderBy("w", "v")


def outer_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k", "outer").orderBy("k", "v", "w")


def full_on_list(spark):
    a, b = _two(spark)
    return a.join(b, ["k"], "full").orderBy("k", "v", "w")


def semi_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k", "semi").orderBy("v")


def anti_on_name(spark):
    a, b = _two(spark)
    return a.join(b, "k", "anti").orderBy("v")


def left_semi_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "left_semi").orderBy("v")


def leftanti_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "leftanti").orderBy("v")


def inner_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).orderBy("v", "w")


def left_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "left").orderBy("v", "w")


def right_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "right").orderBy("w", "v")


def full_on_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "fullouter").orderBy(a.k, "v", "w")


def cross_join(spark):
    a, b = _two(spark)
    return a.crossJoin(b).groupBy().count()


def join_without_condition(spark):
    a, b = _two(spark)
    return a.join(b).groupBy().count()


def list_of_conditions(spark):
    a, b = _two(spark)
    return a.join(b, [a.k == b.k, b.w > "x"]).orderBy("v", "w")


def null_safe_condition(spark):
    a, b = _two(spark)
    return a.join(b, a.k.eqNullSafe(b.k)).orderBy("v", "w")


def inequality(spark):
    a, b = _two(spark)
    return a.join(b, a.k < b.k, "left").orderBy("v", "w")


def select_both_keys(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).select(a.k, b.k, a.v, b.w).orderBy("v", "w")


def drop_the_right_key(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).drop(b.k).orderBy("v", "w")


def drop_key_by_name_drops_both(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).drop("k").orderBy("v", "w")


def by_alias(spark):
    a, b = spark.table("t1").alias("a"), spark.table("t2").alias("b")
    return a.join(b, col("a.k") == col("b.k")).select("a.k", "b.w", "a.*").orderBy("v", "w")


def self_join_by_alias(spark):
    a = spark.table("t1")
    return a.alias("x").join(a.alias("y"), col("x.k") == col("y.k")).select("x.v", "y.v").orderBy("x.v", "y.v")


def self_join_on_name(spark):
    a = spark.table("t1")
    return a.join(a, "k").groupBy().count()


def self_join_derived(spark):
    a = spark.table("t1")
    b = a.filter(col("k") > 1)
    return a.join(b, a.k == b.k).groupBy().count()


def self_join_with_renamed(spark):
    a = spark.table("t1")
    b = a.select(col("k").alias("k2"), col("v").alias("v2"))
    return a.join(b, a.k == b.k2).orderBy("v", "v2")


def self_join_two_tables(spark):
    a, b = spark.table("t1"), spark.table("t1")
    return a.join(b, a.k == b.k).select(a.v, b.v.alias("v2")).orderBy("v", "v2")


def using_then_left_column(spark):
    a, b = _two(spark)
    return a.join(b, "k", "left").select(a.k, "k", "w").orderBy("w", a.k)


def using_full_both_columns(spark):
    a, b = _two(spark)
    return a.join(b, "k", "full").select("k", a.k, b.k).orderBy("k", a.k, b.k)


def three_tables(spark):
    a, b = _two(spark)
    c = spark.table("dept").withColumn("k", col("dept_id") / 10)
    return a.join(b, "k").join(c, "k").select("k", "v", "w", "dept_name").orderBy("v", "w")


def chain_with_with_column(spark):
    a, b = _two(spark)
    return a.withColumn("n", F.length("v")).join(b, "k", "left").filter(col("w").isNull()).orderBy("v")


def filter_after_join_by_plan_column(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k, "left").filter(b.k.isNull()).select(a.v).orderBy("v")


def sort_after_join_by_plan_column(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).select("v", "w").orderBy("v", b.w.desc())


def group_after_join(spark):
    emp, dept = spark.table("emp"), spark.table("dept")
    return emp.join(dept, "dept_id").groupBy("dept_name").agg(F.sum("salary")).orderBy("dept_name")


def different_types(spark):
    a = spark.range(3)
    b = spark.sql("select '1' as id, 'x' as q union all select '2', 'y'")
    return a.join(b, a.id == b.id).orderBy("q")


def using_different_types(spark):
    return spark.range(3).join(spark.sql("select 1 as id, 'x' as q"), "id")


def empty_side(spark):
    return spark.table("t1").join(spark.table("empty").withColumnRenamed("v", "e"), "k", "left").orderBy("v")


def broadcast_hint(spark):
    a, b = _two(spark)
    return a.join(F.broadcast(b), "k").orderBy("v", "w")


def ambiguous_name(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).select("k")


def ambiguous_self_join(spark):
    a = spark.table("t1")
    return a.join(a, a.k == a.k).select(a.v)


def column_of_another_frame(spark):
    a, b = _two(spark)
    return a.select(b.w)


def column_lost_on_the_way(spark):
    a, b = _two(spark)
    return a.join(b, a.k == b.k).select("v").filter(b.w == "x")


def unknown_using_column(spark):
    a, b = _two(spark)
    return a.join(b, "nope")


def unknown_join_type(spark):
    a, b = _two(spark)
    return a.join(b, "k", "sideways")


def condition_is_not_boolean(spark):
    a, b = _two(spark)
    return a.join(b, a.k + b.k)


def lateral_join(spark):
    a = spark.table("t1")
    return a.lateralJoin(spark.table("t2").where(col("k") == col("k").outer()).select("w")).orderBy("v", "w")


def scalar_subquery(spark):
    return spark.table("people").where(col("age") == spark.table("people").select(F.max("age")).scalar()).select("id").orderBy("id")


def exists_subquery(spark):
    return spark.table("t1").where(spark.table("t2").where(col("t2.k") == col("t1.k").outer()).exists()).orderBy("v")
