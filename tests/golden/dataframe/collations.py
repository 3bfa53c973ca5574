"""Collated strings through the DataFrame API: schemas, given rows, groups, joins, sets, orders."""
from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, MapType, StringType, StructField, StructType

SCHEMA = StructType([
    StructField("s", StringType("UTF8_LCASE")),
    StructField("u", StringType("UNICODE_CI"), False, {"about": "any case"}),
    StructField("n", IntegerType()),
])


def _frame(spark):
    return spark.createDataFrame([("a", "x", 1), ("A", "X", 2), ("b", "y", 3), (None, "é", 4)], SCHEMA)


def _rows(frame):
    return [list(row) for row in frame.collect()]


def schema(spark):
    frame = _frame(spark)
    return [frame.dtypes, frame.schema.json(), frame.schema.simpleString()]


def tree(spark):
    nested = StructType([
        StructField("a", ArrayType(StringType("UTF8_LCASE"))),
        StructField("m", MapType(StringType(), StringType("UNICODE"))),
        StructField("r", StructType([StructField("x", StringType("UNICODE_CI_AI"))])),
    ])
    frame = spark.createDataFrame([(["a"], {"k": "v"}, ("x",))], nested)
    return [frame.schema.treeString(), frame.schema.json(), _rows(frame.select("a", "r.x"))]


def from_text(spark):
    frame = spark.createDataFrame([("a",), ("A",)], "s string collate utf8_lcase")
    return [frame.dtypes, _rows(frame.groupBy("s").count())]


def given_unknown(spark):
    return spark.createDataFrame([("a",)], "s string collate nope").dtypes


def rows(spark):
    return _rows(_frame(spark))


def filters(spark):
    frame = _frame(spark)
    return [
        _rows(frame.filter(F.col("s") == "A").select("n")),
        _rows(frame.filter(F.col("s").isin("A", "B")).select("n")),
        _rows(frame.filter(F.col("u") == "Y").select("n")),
        _rows(frame.filter(F.col("s").contains("A")).select("n")),
        _rows(frame.filter(F.col("s").startswith("A")).select("n")),
        _rows(frame.filter(F.col("s").between("A", "A")).select("n")),
    ]


def grouped(spark):
    return _rows(_frame(spark).groupBy("s").agg(F.count("*"), F.sum("n"), F.min("u")).orderBy("s"))


def grouped_twice(spark):
    return _rows(_frame(spark).groupBy("s", "u").count().groupBy("s").count().orderBy("s"))


def drop_duplicates(spark):
    return _rows(_frame(spark).dropDuplicates(["s"]).orderBy("n"))


def distinct(spark):
    return _rows(_frame(spark).select("s").distinct().orderBy("s"))


def ordered(spark):
    frame = _frame(spark)
    return [_rows(frame.orderBy(F.desc("s"), "n").select("n")), _rows(frame.orderBy("u", "n").select("n"))]


def joined(spark):
    frame = _frame(spark)
    other = spark.createDataFrame([("A", "one"), ("B", "two")], "s string collate utf8_lcase, t string")
    return [
        _rows(frame.join(other, "s").orderBy("n")),
        _rows(frame.join(other, frame.s == other.s, "left").select("n", "t").orderBy("n")),
        _rows(frame.join(other, "s", "left_anti").select("n").orderBy("n")),
        _rows(frame.join(other, "s", "outer").select("n", "t").orderBy("n")),
    ]


def joined_with_plain(spark):
    other = spark.createDataFrame([("A",)], "s string")
    return _rows(_frame(spark).join(other, "s").select("n").orderBy("n"))


def sets(spark):
    frame = _frame(spark).select("s")
    other = spark.createDataFrame([("A",), ("C",)], "s string collate utf8_lcase")
    return [
        sorted(str(row[0]).lower() for row in frame.union(other).distinct().collect()),
        sorted(str(row[0]).lower() for row in frame.intersect(other).collect()),
        sorted(str(row[0]).lower() for row in frame.subtract(other).collect()),
        sorted(str(row[0]).lower() for row in frame.exceptAll(other).collect()),
        sorted(str(row[0]).lower() for row in frame.intersectAll(other).collect()),
    ]


def windowed(spark):
    window = Window.partitionBy("s").orderBy("u", "n")
    return _rows(_frame(spark).select("n", F.row_number().over(window), F.count("*").over(Window.partitionBy("u"))).orderBy("n"))


def functions(spark):
    frame = spark.createDataFrame([("a",)], "p string")
    made = frame.select(F.collate("p", "UNICODE_CI").alias("c"), F.collation(F.collate("p", "UTF8_LCASE")), F.col("p").cast(StringType("UTF8_LCASE")).alias("d"))
    return [made.dtypes, _rows(made)]


def view(spark):
    _frame(spark).createOrReplaceTempView("g_coll_view")
    try:
        return [spark.table("g_coll_view").dtypes, _rows(spark.sql("select count(*) from g_coll_view where s = 'A'"))]
    finally:
        spark.catalog.dropTempView("g_coll_view")


def table(spark):
    spark.sql("drop table if exists g_coll_table")
    try:
        _frame(spark).write.saveAsTable("g_coll_table")
        found = spark.table("g_coll_table")
        return [
            found.dtypes,
            [[column.name, column.dataType] for column in spark.catalog.listColumns("g_coll_table")],
            _rows(found.filter("s = 'A'").select("n").orderBy("n")),
            _rows(found.groupBy("u").count().orderBy("u")),
        ]
    finally:
        spark.sql("drop table if exists g_coll_table")


def file(spark):
    frame = _frame(spark)
    frame.write.parquet(spark.scratch + "/x")
    return spark.read.parquet(spark.scratch + "/x").dtypes


def pivoted(spark):
    return _rows(_frame(spark).groupBy("u").pivot("s", ["A"]).agg(F.sum("n")).orderBy("u"))


def replaced(spark):
    frame = _frame(spark)
    return [_rows(frame.na.replace("A", "z", ["s"]).select("s")), _rows(frame.na.fill("none", ["s"]).select("s"))]


def cached(spark):
    frame = _frame(spark).cache()
    try:
        return [frame.dtypes, _rows(frame.groupBy("s").count().orderBy("s"))]
    finally:
        frame.unpersist()


def described(spark):
    return _rows(_frame(spark).describe("s"))


def mixed(spark):
    frame = _frame(spark)
    return _rows(frame.filter(F.col("s") == F.col("u")))


def explicit_beside_explicit(spark):
    frame = _frame(spark)
    return _rows(frame.filter(F.collate("s", "UNICODE") == F.collate("u", "UTF8_LCASE")))
