"""What programs do with a finished frame: rows in every form, schemas, explanations, other libraries' frames."""
import datetime
import json

from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.functions import col


def collect_rows(spark):
    return spark.table("people").select("id", "name").orderBy("id").collect()


def rows_by_name(spark):
    row = spark.table("people").filter("id = 1").first()
    return [row.name, row["age"], row[3], "city" in row, len(row), row.__fields__]


def row_as_dict(spark):
    return spark.table("nested").filter("id = 1").first().asDict(recursive=True)


def row_of_python_types(spark):
    row = spark.table("events").filter("id = 1").select("ts", "d", "ntz").first()
    return [type(value).__name__ for value in row] + [row.d.isoformat(), row.ntz.isoformat()]


def nested_rows(spark):
    row = spark.sql("select array(named_struct('a', 1)) as many, map('k', named_struct('b', 2)) as mapped").first()
    return [isinstance(row.many[0], Row), row.many[0].a, row.mapped["k"].b]


def head_and_first(spark):
    frame = spark.range(5).orderBy("id")
    return [frame.first().id, frame.head().id, [row.id for row in frame.head(2)], spark.range(0).first()]


def take_and_tail(spark):
    frame = spark.range(6)
    return [[row.id for row in frame.orderBy("id").take(2)], [row.id for row in frame.tail(2)], frame.take(0)]


def counts(spark):
    return [spark.table("people").count(), spark.range(0).count(), spark.range(10).filter("id > 7").count()]


def is_empty(spark):
    return [spark.range(0).isEmpty(), spark.table("people").isEmpty(), spark.table("people").filter("id > 99").isEmpty()]


def local_iterator(spark):
    return [row.id for row in spark.range(5).orderBy("id").toLocalIterator()]


def local_iterator_that_prefetches(spark):
    return [row.id for row in spark.range(5).orderBy("id").toLocalIterator(prefetchPartitions=True)]


def to_pandas(spark):
    frame = spark.table("people").orderBy("id").toPandas()
    return [list(frame.columns), [str(each) for each in frame.dtypes], frame["age"].isna().tolist(), frame["name"].tolist()]


def to_pandas_of_dates(spark):
    frame = spark.table("events").orderBy("id").toPandas()
    return [[str(each) for each in frame.dtypes], str(frame["ts"][0]), str(frame["d"][1])]


def to_pandas_of_nested_values(spark):
    frame = spark.table("nested").filter("id = 1").toPandas()
    return [[int(each) for each in frame["arr"][0]], sorted(frame["m"][0]), frame["s"][0]["x"]]


def to_pandas_of_nothing(spark):
    frame = spark.table("empty").toPandas()
    return [list(frame.columns), [str(each) for each in frame.dtypes], len(frame)]


def to_arrow(spark):
    table = spark.table("people").orderBy("id").toArrow()
    return [table.schema.to_string(), table.num_rows, table.column("id").to_pylist()]


def to_json(spark):
    return [json.loads(row[0]) for row in spark.table("people").orderBy("id").toJSON().collect()]


def columns_and_dtypes(spark):
    frame = spark.table("nested")
    return [frame.columns, frame.dtypes, frame.schema.simpleString(), frame.schema.names]


def schema_of_expressions(spark):
    return spark.table("people").select(col("id") + 1, F.lit(1.5), F.array("id"), F.current_date()).schema.simpleString()


def describe_everything(spark):
    return spark.table("people").describe()


def describe_some(spark):
    return spark.table("people").describe("age", "score")


def summary_default(spark):
    return spark.table("people").select("id", "age").summary()


def summary_percentiles(spark):
    return spark.table("people").select("id", "age").summary("count", "10%", "75%", "stddev", "count_distinct")


def explain_headers(spark):
    return [[line for line in spark.range(3).filter("id > 1")._explain_string(mode=mode).splitlines() if line.startswith("==")] for mode in ("simple", "extended", "formatted")]


def explain_boolean(spark):
    return [line for line in spark.range(3)._explain_string(extended=True).splitlines() if line.startswith("==")]


def explain_statement(spark):
    return spark.sql("explain select 1").first()[0].splitlines()[0]


def print_schema(spark):
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        spark.table("nested").printSchema()
    return printed.getvalue().splitlines()


def observed_in_a_filter(spark):
    from pyspark.sql import Observation

    seen = Observation()
    rows = spark.table("people").observe(seen, F.count(F.lit(1)).alias("n"), F.sum("id").alias("sum")).filter("id > 4").count()
    return [rows, seen.get["n"], seen.get["sum"]]


def two_observations(spark):
    from pyspark.sql import Observation

    one, other = Observation("one"), Observation("other")
    spark.range(10).observe(one, F.max("id").alias("most")).filter("id < 5").observe(other, F.max("id").alias("most")).collect()
    return [one.get["most"], other.get["most"]]


def sample_without_replacement(spark):
    return [spark.range(100).sample(1.0).count(), spark.range(100).sample(0.0).count(), 20 < spark.range(1000).sample(fraction=0.1, seed=3).count() < 200]


def sample_by_groups(spark):
    return spark.table("people").sampleBy("id", {1: 1.0, 2: 0.0, 5: 1.0}, 0).select("id").orderBy("id")


def random_split(spark):
    parts = spark.range(50).randomSplit([1.0, 2.0], 4)
    return [len(parts), sum(part.count() for part in parts)]


def repartitions(spark):
    frame = spark.range(20)
    return [frame.repartition(3).count(), frame.coalesce(1).count(), frame.repartition("id").count(), frame.repartitionByRange(2, "id").count(), frame.repartition(2, col("id") % 3).count()]


def partition_ids(spark):
    return spark.range(8).repartition(4, "id").select(F.spark_partition_id().alias("p")).distinct().count() <= 4


def input_files(spark):
    spark.range(3).coalesce(1).write.parquet(spark.scratch + "/p")
    return [name.startswith("file://") and name.endswith(".parquet") for name in spark.read.parquet(spark.scratch + "/p").inputFiles()]


def same_semantics(spark):
    frame = spark.table("people")
    return [frame.select("id").sameSemantics(frame.select("id")), frame.select("id").sameSemantics(frame.select("name")), frame.semanticHash() == frame.semanticHash()]


def is_local(spark):
    return [spark.createDataFrame([(1,)], "a int").isLocal(), spark.range(3).isLocal(), spark.range(3).isStreaming]


def transform_frame(spark):
    return spark.table("people").transform(lambda frame: frame.filter("id < 3")).transform(lambda frame, by: frame.withColumn("id", col("id") * by), 10).orderBy("id")


def to_a_schema(spark):
    from pyspark.sql.types import LongType, StringType, StructType

    return spark.table("people").select("id", "name").to(StructType().add("name", StringType()).add("id", LongType())).orderBy("id")


def to_a_schema_with_an_unknown_column(spark):
    from pyspark.sql.types import IntegerType, StructType

    return spark.table("people").to(StructType().add("nope", IntegerType(), False))


def transpose(spark):
    return spark.sql("select * from values ('a', 1, 2), ('b', 3, 4) as t(name, x, y)").transpose().orderBy("key")


def dropping_in_many_ways(spark):
    frame = spark.table("people")
    return frame.drop("age", "nope").drop(frame.score).drop(col("city")).orderBy("id")


def renaming_many(spark):
    return spark.table("people").withColumnsRenamed({"id": "i", "name": "n", "nope": "x"}).select("i", "n").orderBy("i")


def columns_added_at_once(spark):
    return spark.range(3).withColumns({"twice": col("id") * 2, "text": F.concat(F.lit("n"), col("id"))}).orderBy("id")


def metadata_of_a_column(spark):
    return spark.range(1).withMetadata("id", {"unit": "m"}).schema["id"].metadata


def metadata_by_alias(spark):
    return spark.range(1).select(col("id").alias("x", metadata={"unit": "m"})).schema["x"].metadata


def col_regex(spark):
    frame = spark.table("people")
    return frame.select(frame.colRegex("`(id|a.*)`")).orderBy("id")


def offset_and_limit(spark):
    return spark.range(10).orderBy("id").offset(2).limit(3)


def drop_duplicates_subset(spark):
    return [spark.table("people").dropDuplicates(["city"]).count(), spark.table("people").drop_duplicates().count(), spark.table("people").dropDuplicates(["city", "age"]).count()]


def replace_values(spark):
    return spark.table("people").replace({"London": "LDN"}, subset=["city"]).replace(45, 54, "age").select("id", "age", "city").orderBy("id")


def fill_and_drop(spark):
    return spark.table("people").fillna({"age": 0, "city": "none"}).dropna(subset=["name"]).orderBy("id")


def cross_tab_and_quantiles(spark):
    frame = spark.table("people").filter("age is not null and city is not null")
    return [[list(map(str, row)) for row in frame.crosstab("city", "age").orderBy("city_age").collect()], frame.approxQuantile(["age", "id"], [0.5], 0.0)]


def group_then_apply_many(spark):
    return spark.table("sales").groupBy("region", "product").agg({"amount": "sum", "year": "max"}).orderBy("region", "product").select("region", "product", "sum(amount)", "max(year)")


def group_shorthands(spark):
    groups = spark.table("people").groupBy("city")
    return groups.mean("age").join(groups.max("age"), "city").join(groups.min("age"), "city").join(groups.count(), "city").orderBy("city")


def exists_and_scalar_subqueries(spark):
    people = spark.table("people")
    return people.filter(col("age") == people.select(F.max("age")).scalar()).select("id").orderBy("id")


def dataframe_tvfs(spark):
    return spark.tvf.explode(F.array(F.lit(1), F.lit(2))).orderBy("col")


def tvf_range(spark):
    return spark.tvf.range(1, 6, 2).orderBy("id")


def dates_in_python(spark):
    row = spark.sql("select date'2024-02-29' as d, timestamp'2024-02-29 10:00:00' as t, interval 1 day 2 hours as i").first()
    return [row.d == datetime.date(2024, 2, 29), row.t.hour in range(24), row.i == datetime.timedelta(days=1, hours=2)]


def iterating_columns(spark):
    frame = spark.table("people")
    return [frame[["id", "name"]].columns, frame[frame.age > 40].count(), str(frame.age), frame["age"].__class__.__name__]


def with_watermark_is_nothing_in_a_batch(spark):
    return spark.table("events").withWatermark("ts", "1 hour").select("id").orderBy("id")


def watermark_column_missing(spark):
    return spark.table("events").withWatermark("nope", "1 hour")


def watermark_on_a_number(spark):
    return spark.table("events").withWatermark("id", "1 hour")


def watermark_not_a_delay(spark):
    return spark.table("events").withWatermark("ts", "a while")


def watermark_below_zero(spark):
    return spark.table("events").withWatermark("ts", "-1 hour")


def watermark_of_a_window(spark):
    windows = spark.table("events").groupBy(F.window("ts", "1 day")).count()
    return windows.withWatermark("window", "1 month 2 days").select("count").orderBy("count")
