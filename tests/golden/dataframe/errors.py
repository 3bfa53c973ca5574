"""What goes wrong through the DataFrame API: condition, SQLSTATE and class are recorded."""
from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def unknown_column(spark):
    return spark.table("people").select("nme")


def unknown_column_in_filter(spark):
    return spark.table("people").filter(col("agee") > 3)


def unknown_item(spark):
    return spark.table("people").select(spark.table("people")["nope"])


def unknown_group_column(spark):
    return spark.table("people").groupBy("nope").count()


def unknown_sort_column(spark):
    return spark.table("people").orderBy("nope")


def unknown_column_in_with_column(spark):
    return spark.table("people").withColumn("x", col("nope") + 1)


def unknown_table(spark):
    return spark.table("no_such_table")


def unknown_table_in_sql(spark):
    return spark.sql("select * from no_such_table")


def unknown_function(spark):
    return spark.range(1).select(F.call_function("no_such_function", "id"))


def unknown_struct_field(spark):
    return spark.table("nested").select("s.nope")


def unknown_type_name(spark):
    return spark.range(1).select(col("id").cast("nosuchtype"))


def syntax_error(spark):
    return spark.sql("selec 1")


def syntax_error_in_expr(spark):
    return spark.range(1).selectExpr("id +")


def syntax_error_in_filter(spark):
    return spark.range(1).filter("id > ")


def type_mismatch(spark):
    return spark.table("people").select(col("name") + lit(True))


def type_mismatch_in_function(spark):
    return spark.table("nested").select(F.length("arr"))


def filter_is_not_boolean(spark):
    return spark.table("people").filter(col("age"))


def bad_cast(spark):
    return spark.table("people").select(col("name").cast("int"))


def impossible_cast(spark):
    return spark.table("nested").select(col("arr").cast("int"))


def overflow(spark):
    return spark.table("nums").select(col("i") + 1)


def division_by_zero(spark):
    return spark.range(1).select(col("id") / 0)


def aggregate_in_filter(spark):
    return spark.table("people").filter(F.max("age") > 1)


def column_neither_grouped_nor_aggregated(spark):
    return spark.table("people").groupBy("city").agg(col("name"))


def nested_aggregate(spark):
    return spark.table("people").agg(F.sum(F.count("age")))


def window_without_order(spark):
    return spark.table("people").select(F.row_number().over(Window.partitionBy("city")))


def window_function_without_window(spark):
    return spark.table("people").select(F.row_number())


def window_in_filter(spark):
    return spark.table("people").filter(F.row_number().over(Window.orderBy("id")) == 1)


def two_generators(spark):
    return spark.table("nested").select(F.explode("arr"), F.explode("m"))


def generator_in_filter(spark):
    return spark.table("nested").filter(F.explode("arr") > 1)


def negative_limit(spark):
    return spark.range(3).limit(-1)


def raised_on_purpose(spark):
    return spark.range(1).select(F.raise_error(lit("stop here")))


def assert_true_fails(spark):
    return spark.range(1).select(F.assert_true(col("id") > 5, "too small"))


def too_many_rows_in_scalar_subquery(spark):
    return spark.range(1).select(spark.table("people").select("id").scalar())


def sum_of_text(spark):
    return spark.table("nested").agg(F.sum("s"))


def shorthand_sum_of_text(spark):
    return spark.table("people").groupBy("city").sum("name")


def pivot_unknown(spark):
    return spark.table("sales").groupBy("region").pivot("nope").count()


def fill_unknown(spark):
    return spark.table("people").fillna({"nope": 1})


def drop_na_unknown(spark):
    return spark.table("people").dropna(subset=["nope"])


def drop_duplicates_unknown(spark):
    return spark.table("people").dropDuplicates(["nope"])


def rename_to_taken_name(spark):
    return spark.table("people").withColumnsRenamed({"id": "x", "name": "x"}).select("x")


def to_df_wrong_count(spark):
    return spark.table("t1").toDF("a")


def use_unknown_database(spark):
    spark.catalog.setCurrentDatabase("no_such_database")


def array_index_out_of_range(spark):
    return spark.table("nested").filter("id = 1").select(col("arr")[9])


def map_with_equal_keys(spark):
    return spark.range(1).select(F.create_map(lit("a"), lit(1), lit("a"), lit(2)))


def sample_out_of_range(spark):
    return spark.range(3).sample(-0.5)


def bad_schema_text(spark):
    return spark.read.schema("id nonsense").csv("/no/such/file.csv")


def wrong_number_of_arguments(spark):
    return spark.range(1).select(F.call_function("upper", "id", "id"))


def ambiguous_struct_field(spark):
    return spark.sql("select named_struct('a', 1, 'A', 2) as s").select("s.a")


def next_query_works_after_an_error(spark):
    try:
        spark.sql("select 1 / 0").collect()
    except Exception:
        pass
    return spark.range(2).orderBy("id")


def error_text_has_condition_and_state(spark):
    try:
        spark.table("people").select("nme").collect()
    except Exception as problem:
        text = str(problem)
        return [text.startswith("[UNRESOLVED_COLUMN.WITH_SUGGESTION]"), "SQLSTATE: 42703" in text]
