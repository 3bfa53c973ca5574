"""Tables in buckets: which file holds which rows, what the catalog says, what is refused; and columns tables are clustered by."""
import re

from pyspark.sql import functions as F

NAME = "g_buckets"


def _frame(spark):
    return spark.range(12).selectExpr("cast(id as int) as a", "concat('s', id % 5) as b", "id * 1.5 as c")


def _with_table(spark, make):
    spark.sql(f"drop table if exists {NAME}")
    try:
        return make()
    finally:
        spark.sql(f"drop table if exists {NAME}")


def _bucket(path):
    return int(re.search(r"_(\d+)\.c\d\d\d", path).group(1))


def _kinds(spark):
    """How files are called, without what differs between runs."""
    names = (path.rsplit("/", 1)[1] for path in spark.table(NAME).inputFiles())
    return sorted({re.sub(r"part-\d+-[0-9a-f-]{36}(-\d+)?_", "part_", name) for name in names})


def _rows_by_bucket(spark, *columns):
    found = {}
    for path in spark.table(NAME).inputFiles():
        rows = [[row[column] for column in columns] for row in spark.read.parquet(path).collect()]
        found.setdefault(_bucket(path), []).extend(rows)
    return [[bucket, sorted(rows)] for bucket, rows in sorted(found.items())]


def _described(spark):
    wanted = ("Num Buckets", "Bucket Columns", "Sort Columns", "Type", "Provider")
    return [list(row) for row in spark.sql(f"describe extended {NAME}").collect() if row[0] in wanted]


def by_one_column(spark):
    def make():
        _frame(spark).write.bucketBy(3, "A").sortBy("b").saveAsTable(NAME)
        flags = [[column.name, column.isBucket, column.isPartition] for column in spark.catalog.listColumns(NAME)]
        return [_rows_by_bucket(spark, "a", "b"), _kinds(spark), _described(spark), flags]

    return _with_table(spark, make)


def by_many_types(spark):
    def make():
        frame = spark.range(9).selectExpr(
            "id", "cast(id as timestamp) as t", "cast(id as decimal(20, 2)) as d", "array(id, null) as l", "named_struct('x', id) as o",
            "cast(id as string) as s", "id = 1 as f", "date_add(date'2020-01-01', cast(id as int)) as day", "if(id > 4, null, id) as n", "id / 3 as r",
        )
        frame.write.bucketBy(5, "id", "t", "d", "l", "o", "s", "f", "day", "n", "r").saveAsTable(NAME)
        return _rows_by_bucket(spark, "id")

    return _with_table(spark, make)


def sorted_within(spark):
    def make():
        _frame(spark).coalesce(1).write.bucketBy(2, "a").sortBy("b", "c").saveAsTable(NAME)
        return [[list(row) for row in spark.read.parquet(path).collect()] for path in sorted(spark.table(NAME).inputFiles(), key=_bucket)]

    return _with_table(spark, make)


def inserted_later(spark):
    def make():
        _frame(spark).write.bucketBy(3, "a").saveAsTable(NAME)
        spark.range(100, 104).selectExpr("cast(id as int)", "'more'", "0.5").write.insertInto(NAME)
        spark.sql(f"insert into {NAME} values (null, 'none', 0.0)")
        _frame(spark).where("a < 2").write.mode("append").bucketBy(3, "a").saveAsTable(NAME)
        return [_rows_by_bucket(spark, "b", "c"), _kinds(spark)]

    return _with_table(spark, make)


def within_partitions(spark):
    def make():
        _frame(spark).coalesce(1).write.partitionBy("b").bucketBy(2, "a").format("json").saveAsTable(NAME)
        places = sorted({(path.split("/")[-2], _bucket(path)) for path in spark.table(NAME).inputFiles()})
        return [[list(place) for place in places], _kinds(spark), spark.sql(f"show create table {NAME}").collect()[0][0]]

    return _with_table(spark, make)


def of_csv_and_gzip(spark):
    def make():
        _frame(spark).write.bucketBy(2, "a").option("compression", "gzip").format("csv").saveAsTable(NAME)
        return [_kinds(spark), spark.table(NAME).count()]

    return _with_table(spark, make)


def without_rows(spark):
    def make():
        _frame(spark).limit(0).write.bucketBy(2, "a").saveAsTable(NAME)
        return [_kinds(spark), spark.table(NAME).count(), _described(spark)]

    return _with_table(spark, make)


def made_by_write_to(spark):
    def make():
        _frame(spark).writeTo(NAME).partitionedBy("b", F.partitioning.bucket(3, "a")).create()
        return spark.sql(f"show create table {NAME}").collect()[0][0]

    return _with_table(spark, make)


def overwritten_in_another_way(spark):
    def make():
        _frame(spark).write.bucketBy(2, "a").saveAsTable(NAME)
        _frame(spark).write.mode("overwrite").bucketBy(3, "b").saveAsTable(NAME)
        before = _described(spark)
        _frame(spark).write.mode("overwrite").saveAsTable(NAME)
        return [before, _described(spark)]

    return _with_table(spark, make)


def _appended(spark, before, then):
    def make():
        before(_frame(spark).write).saveAsTable(NAME)
        then(_frame(spark).write.mode("append")).saveAsTable(NAME)

    return _with_table(spark, make)


def append_without_buckets(spark):
    return _appended(spark, lambda writer: writer.bucketBy(3, "a").sortBy("b"), lambda writer: writer)


def append_with_other_buckets(spark):
    return _appended(spark, lambda writer: writer.bucketBy(3, "a").sortBy("b"), lambda writer: writer.bucketBy(4, "a"))


def append_with_buckets_to_none(spark):
    return _appended(spark, lambda writer: writer, lambda writer: writer.bucketBy(4, "a"))


def save_to_a_path(spark):
    _frame(spark).write.bucketBy(3, "a").save(spark.scratch + "/x")


def save_sorted_to_a_path(spark):
    _frame(spark).write.bucketBy(3, "a").sortBy("b").parquet(spark.scratch + "/x")


def insert_into_with_buckets(spark):
    def make():
        _frame(spark).write.saveAsTable(NAME)
        _frame(spark).write.bucketBy(3, "a").insertInto(NAME)

    return _with_table(spark, make)


def sort_without_buckets(spark):
    return _with_table(spark, lambda: _frame(spark).write.sortBy("a").saveAsTable(NAME))


def too_many(spark):
    return _with_table(spark, lambda: _frame(spark).write.bucketBy(100001, "a").saveAsTable(NAME))


def unknown_column(spark):
    return _with_table(spark, lambda: _frame(spark).write.bucketBy(3, "nope").saveAsTable(NAME))


def unknown_sort_column(spark):
    return _with_table(spark, lambda: _frame(spark).write.bucketBy(3, "a").sortBy("nope").saveAsTable(NAME))


def column_twice(spark):
    return _with_table(spark, lambda: _frame(spark).write.bucketBy(3, "a", "A").saveAsTable(NAME))


def by_a_partition_column(spark):
    return _with_table(spark, lambda: _frame(spark).write.partitionBy("a").bucketBy(3, "a").saveAsTable(NAME))


def sorted_by_a_partition_column(spark):
    return _with_table(spark, lambda: _frame(spark).write.partitionBy("b").bucketBy(3, "a").sortBy("b").saveAsTable(NAME))


def sorted_by_a_map(spark):
    return _with_table(spark, lambda: spark.range(2).selectExpr("id", "map(id, id) as m").write.bucketBy(2, "id").sortBy("m").saveAsTable(NAME))


def clustered(spark):
    def make():
        _frame(spark).write.clusterBy("a", "B").saveAsTable(NAME)
        flags = [[column.name, column.isCluster] for column in spark.catalog.listColumns(NAME)]
        return [flags, [list(row) for row in spark.sql(f"describe {NAME}").collect()], spark.sql(f"show create table {NAME}").collect()[0][0]]

    return _with_table(spark, make)


def clustered_by_write_to(spark):
    def make():
        _frame(spark).writeTo(NAME).clusterBy("a").create()
        return spark.sql(f"show create table {NAME}").collect()[0][0]

    return _with_table(spark, make)


def clustered_by_nothing_known(spark):
    return _with_table(spark, lambda: _frame(spark).write.clusterBy("nope").saveAsTable(NAME))


def clustered_and_in_buckets(spark):
    return _with_table(spark, lambda: _frame(spark).write.clusterBy("a").bucketBy(2, "b").saveAsTable(NAME))


def clustered_and_partitioned(spark):
    return _with_table(spark, lambda: _frame(spark).write.clusterBy("a").partitionBy("b").saveAsTable(NAME))


def append_to_clustered(spark):
    return _appended(spark, lambda writer: writer.clusterBy("a"), lambda writer: writer)
