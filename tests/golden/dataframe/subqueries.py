"""Sub-queries written as DataFrames: scalar, exists, in, lateral joins; table functions."""
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def scalar(spark):
    people = spark.table("people")
    return people.select("id", people.select(F.max("age")).scalar().alias("oldest")).orderBy("id")


def scalar_in_filter(spark):
    people = spark.table("people")
    return people.where(col("age") == people.select(F.max("age")).scalar()).select("id").orderBy("id")


def scalar_correlated(spark):
    people, others = spark.table("people").alias("p"), spark.table("people").alias("q")
    latest = others.where(col("q.city") == col("p.city").outer()).select(F.max("id"))
    return people.select("p.id", latest.scalar().alias("last")).orderBy("id")


def scalar_of_two_columns(spark):
    return spark.range(1).select(spark.range(1).select("id", "id").scalar())


def exists(spark):
    people, others = spark.table("people").alias("p"), spark.table("people").alias("q")
    older = others.where((col("q.city") == col("p.city").outer()) & (col("q.age") > col("p.age").outer()))
    return people.where(older.exists()).select("p.id").orderBy("id")


def not_exists(spark):
    people, others = spark.table("people").alias("p"), spark.table("people").alias("q")
    other = others.where((col("q.city") == col("p.city").outer()) & (col("q.id") != col("p.id").outer()))
    return people.where(~other.exists()).select("p.id").orderBy("id")


def is_in(spark):
    wanted = spark.range(2, 4)
    return spark.table("people").where(col("id").isin(wanted)).select("id").orderBy("id")


def is_in_of_two(spark):
    people = spark.table("people")
    pairs = people.where("age > 40").select("id", "city")
    return people.where(F.struct("id", "city").isin(pairs)).select("id").orderBy("id")


def lateral_join(spark):
    left = spark.range(1, 4)
    right = spark.range(0, 5).where(col("id") < col("id").outer()).select(col("id").alias("r"))
    return left.select(col("id").alias("l")).alias("l").lateralJoin(spark.range(0, 5).alias("r").where(col("r.id") < col("l.l").outer()).select(col("r.id").alias("r"))).orderBy("l", "r")


def lateral_join_left(spark):
    left = spark.range(0, 3).select(col("id").alias("l")).alias("l")
    right = spark.range(0, 2).alias("r").where(col("r.id") < col("l.l").outer()).select(col("r.id").alias("r"))
    return left.lateralJoin(right, how="left").orderBy("l", "r")


def lateral_join_of_generator(spark):
    return spark.table("nested").alias("n").lateralJoin(spark.tvf.explode(col("n.arr").outer())).select("id", "col").orderBy("id", "col")


def tvf_range(spark):
    return spark.tvf.range(3, 9, 2)


def tvf_explode(spark):
    return spark.tvf.explode(F.array(lit(1), lit(2)))


def tvf_posexplode(spark):
    return spark.tvf.posexplode(F.array(lit("a"), lit("b")))


def tvf_explode_map(spark):
    return spark.tvf.explode(F.create_map(lit("a"), lit(1)))


def tvf_inline(spark):
    return spark.tvf.inline(F.array(F.struct(lit(1).alias("x"), lit("a").alias("y"))))


def tvf_stack(spark):
    return spark.tvf.stack(lit(2), lit(1), lit("a"), lit(2), lit("b"))


def tvf_json_tuple(spark):
    return spark.tvf.json_tuple(lit('{"a": 1, "b": 2}'), lit("a"), lit("b"))


def tvf_explode_outer(spark):
    return spark.tvf.explode_outer(F.array().cast("array<int>"))


def tvf_sql_keywords(spark):
    return spark.tvf.sql_keywords().where("keyword = 'SELECT'")


def as_table_is_explained(spark):
    return spark.range(1).select(spark.range(1).asTable())


def regex_columns(spark):
    frame = spark.sql("select 1 as a1, 2 as a2, 3 as b")
    return frame.select(frame.colRegex("`a[0-9]`"))


def regex_plain(spark):
    frame = spark.sql("select 1 as a1, 2 as b")
    return frame.select(frame.colRegex("b"))


def regex_without_match(spark):
    frame = spark.sql("select 1 as a1")
    return frame.select(frame.colRegex("`z.*`"))


def is_local(spark):
    return [spark.createDataFrame([(1,)], "a int").isLocal(), spark.range(3).isLocal(), spark.sql("show tables").isLocal()]


def same_semantics(spark):
    frame = spark.range(10)
    return [
        frame.filter("id > 1").sameSemantics(frame.filter("id > 1")),
        frame.filter("id > 1").sameSemantics(frame.filter("id > 2")),
        frame.select(col("id").alias("a")).sameSemantics(frame.select(col("id").alias("b"))),
        frame.sameSemantics(spark.range(11)),
        frame.filter("id > 1").semanticHash() == frame.filter("id > 1").semanticHash(),
        frame.filter("id > 1").semanticHash() == frame.filter("id > 2").semanticHash(),
    ]


def drop_duplicates_within_watermark(spark):
    return spark.range(3).dropDuplicatesWithinWatermark(["id"])


def checkpoint_eager(spark):
    frame = spark.range(0, 5, 1, 2).withColumn("r", F.rand()).localCheckpoint()
    return frame.collect() == frame.collect()


def checkpoint_lazy(spark):
    frame = spark.range(0, 5, 1, 2).localCheckpoint(eager=False)
    return frame.filter("id > 2").orderBy("id")


def lateral_join_limit(spark):
    dept, emp = spark.table("dept").alias("d"), spark.table("emp").alias("e")
    best = emp.where(col("e.dept_id") == col("d.dept_id").outer()).select("emp_name", "salary").orderBy(F.desc("salary")).limit(1)
    return dept.lateralJoin(best).select("dept_name", "emp_name").orderBy("dept_name")


def lateral_join_left_offset(spark):
    dept, emp = spark.table("dept").alias("d"), spark.table("emp").alias("e")
    rest = emp.where(col("e.dept_id") == col("d.dept_id").outer()).orderBy(F.desc("salary")).offset(1).select("emp_name")
    return dept.lateralJoin(rest, how="left").select("dept_name", "emp_name").orderBy("dept_name", "emp_name")


def scalar_limit(spark):
    dept, emp = spark.table("dept").alias("d"), spark.table("emp").alias("e")
    best = emp.where(col("e.dept_id") == col("d.dept_id").outer()).orderBy(F.desc("salary")).limit(1).select("emp_name")
    return dept.select("dept_name", best.scalar().alias("best")).orderBy("dept_name")
