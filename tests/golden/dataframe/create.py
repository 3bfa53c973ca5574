"""createDataFrame from Python's values, with and without a schema, of every type."""
import datetime
from decimal import Decimal

from pyspark.sql import Row
from pyspark.sql import types as T


def from_tuples(spark):
    return spark.createDataFrame([(1, "a"), (2, "b")], ["n", "s"]).orderBy("n")


def from_tuples_without_names(spark):
    return spark.createDataFrame([(1, "a"), (2, "b")]).orderBy("_1")


def from_rows(spark):
    return spark.createDataFrame([Row(n=1, s="a"), Row(n=2, s=None)]).orderBy("n")


def from_dicts(spark):
    return spark.createDataFrame([{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]).orderBy("n")


def from_schema_text(spark):
    return spark.createDataFrame([(1, "a", 2.5)], "n int, s string, d double")


def from_schema_text_not_null(spark):
    return spark.createDataFrame([(1, "a")], "n int not null, s string")


def from_one_type(spark):
    return spark.createDataFrame([1, 2, 3], "int").orderBy("value")


def from_struct_type(spark):
    schema = T.StructType([T.StructField("n", T.LongType(), False), T.StructField("s", T.StringType(), True, {"note": "x"})])
    return spark.createDataFrame([(1, "a"), (2, None)], schema).orderBy("n")


def integers(spark):
    return spark.createDataFrame([(1, 2, 3, 4)], "a tinyint, b smallint, c int, d bigint")


def floats(spark):
    values = [(1.5, 2.5), (float("nan"), float("inf")), (None, None), (-0.0, 1e300)]
    return spark.createDataFrame(values, "f float, d double").orderBy("d")


def decimals(spark):
    return spark.createDataFrame([(Decimal("1.20"), Decimal("-99999999999999999999.5")), (None, None)], "a decimal(10,2), b decimal(38,18)").orderBy("a")


def decimal_without_schema(spark):
    return spark.createDataFrame([(Decimal("1.2"),)], ["x"])


def texts_and_bytes(spark):
    return spark.createDataFrame([("é", b"\x00\xff"), ("", b""), (None, None)], "s string, b binary").orderBy("s")


def booleans(spark):
    return spark.createDataFrame([(True,), (False,), (None,)], "f boolean").orderBy("f")


def dates_and_timestamps(spark):
    rows = [(datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 12, 30, 15, 123456)), (None, None), (datetime.date(1, 1, 1), datetime.datetime(1900, 1, 1))]
    return spark.createDataFrame(rows, "d date, t timestamp_ntz").orderBy("d")


def timestamps_with_zone(spark):
    when = datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.timezone.utc)
    return spark.createDataFrame([(when,)], "t timestamp")


def intervals(spark):
    return spark.createDataFrame([(datetime.timedelta(days=1, seconds=2),), (None,)], "i interval day to second").orderBy("i")


def arrays(spark):
    return spark.createDataFrame([([1, 2, None],), ([],), (None,)], "a array<int>")


def arrays_without_schema(spark):
    return spark.createDataFrame([(1, ["a", "b"]), (2, [])], ["n", "a"]).orderBy("n")


def maps(spark):
    return spark.createDataFrame([({"k": 1, "j": None},), ({},), (None,)], "m map<string, int>")


def structs(spark):
    return spark.createDataFrame([(1, (2, "x")), (2, None)], "n int, s struct<a: int, b: string>").orderBy("n")


def structs_from_rows(spark):
    return spark.createDataFrame([Row(n=1, s=Row(a=2, b="x"))])


def deep_nesting(spark):
    return spark.createDataFrame([([{"k": [(1, "x")]}],)], "a array<map<string, array<struct<p: int, q: string>>>>")


def nested_dict_is_a_map(spark):
    return spark.createDataFrame([{"n": 1, "m": {"a": 1}}])


def empty_with_schema(spark):
    return spark.createDataFrame([], "n int, s string")


def empty_without_schema(spark):
    return spark.createDataFrame([])


def nulls_only(spark):
    return spark.createDataFrame([(None, 1)], ["a", "b"])


def wrong_type(spark):
    return spark.createDataFrame([("x",)], "n int")


def null_where_not_allowed(spark):
    return spark.createDataFrame([(None,)], "n int not null")


def many_rows(spark):
    return spark.createDataFrame([(number, str(number)) for number in range(5000)], ["n", "s"]).groupBy().sum("n")


def from_pandas(spark):
    import pandas

    frame = pandas.DataFrame({"n": [1, 2], "s": ["a", None], "d": [1.5, float("nan")], "t": pandas.to_datetime(["2024-01-01", None])})
    return spark.createDataFrame(frame).orderBy("n")


def from_pandas_with_schema(spark):
    import pandas

    return spark.createDataFrame(pandas.DataFrame({"a": [1, 2], "b": [3, 4]}), "a long, b int").orderBy("a")


def from_arrow(spark):
    import pyarrow

    table = pyarrow.table({"n": pyarrow.array([1, None], pyarrow.int32()), "l": pyarrow.array([["a"], []]), "d": pyarrow.array([Decimal("1.10"), None])})
    return spark.createDataFrame(table).orderBy("n")


def from_numpy(spark):
    import numpy

    return spark.createDataFrame(numpy.array([[1, 2], [3, 4]])).orderBy("_1")


def names_more_than_columns(spark):
    return spark.createDataFrame([(1,)], ["a", "b"])


def same_name_twice(spark):
    return spark.createDataFrame([(1, 2)], ["a", "a"])


def used_in_a_join(spark):
    left = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "v"])
    right = spark.createDataFrame([(1, "x"), (3, "y")], ["id", "w"])
    return left.join(right, "id", "full").orderBy("id")


def sums_of_local_data(spark):
    from pyspark.sql import functions as F

    return spark.createDataFrame([("a", 1), ("b", 2), ("a", 3)], "k string, n int").groupBy("k").agg(F.sum("n"), F.avg("n")).orderBy("k")


def char_and_varchar(spark):
    return spark.createDataFrame([("ab", "cd")], "a char(3), b varchar(5)")


def void_column(spark):
    return spark.createDataFrame([(1, None)], "n int, v void")


def schema_of_created(spark):
    return spark.createDataFrame([(1, "a", 1.5, True, None, [1], {"k": 1.5})], ["i", "s", "d", "b", "n", "l", "m"]).drop("n").schema.simpleString()
