"""The text of show(), as PySpark prints it, with its options; and of printSchema()."""


def plain(spark):
    return spark.table("people").orderBy("id")._show_string()


def three_rows(spark):
    return spark.table("people").orderBy("id")._show_string(3)


def without_truncation(spark):
    return spark.sql("select repeat('long ', 10) as text, 1 as n")._show_string(20, False)


def truncated_to_five(spark):
    return spark.sql("select 'abcdefgh' as text, 123456789 as n")._show_string(20, 5)


def truncated_to_two(spark):
    return spark.sql("select 'abcdefgh' as text")._show_string(20, 2)


def vertical(spark):
    return spark.table("people").orderBy("id")._show_string(2, 20, True)


def vertical_empty(spark):
    return spark.table("empty")._show_string(20, 20, True)


def zero_rows(spark):
    return spark.table("people")._show_string(0)


def empty(spark):
    return spark.table("empty")._show_string()


def no_columns(spark):
    return spark.range(2).select()._show_string()


def twenty_of_twenty_five(spark):
    return spark.range(25).orderBy("id")._show_string()


def html(spark):
    spark.conf.set("spark.sql.repl.eagerEval.enabled", "true")
    try:
        return spark.table("t1").orderBy("v")._repr_html_()
    finally:
        spark.conf.unset("spark.sql.repl.eagerEval.enabled")


def representation(spark):
    return repr(spark.table("nested"))


def schema_tree(spark):
    return spark.table("nested").schema.treeString()


def schema_tree_of_level(spark):
    return spark.table("nested").schema.treeString(1)


def schema_json(spark):
    return spark.table("nested").schema.json()


def column_representation(spark):
    from pyspark.sql.functions import col

    return str(col("a") + 1)


def wide_characters(spark):
    return spark.sql("select '日本語' as a, 'ab' as b union all select 'x', '日本' order by a")._show_string()


def newlines_and_tabs(spark):
    return spark.sql("select 'a\\nb\\tc' as a")._show_string()


def numbers(spark):
    return spark.table("nums").orderBy("l")._show_string()


def times(spark):
    return spark.table("events").orderBy("id")._show_string(20, False)


def times_in_another_zone(spark):
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        return spark.table("events").orderBy("id")._show_string(20, False)
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def nested_values(spark):
    return spark.table("nested").orderBy("id")._show_string(20, False)


def duplicate_names(spark):
    return spark.sql("select 1 as a, 2 as a")._show_string()
