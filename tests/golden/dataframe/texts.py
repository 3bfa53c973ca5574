"""JSON and CSV in a column of a DataFrame, read as the lines of a file would be; the words of SQL as a table."""


def _texts(spark, *texts):
    return spark.createDataFrame([(text,) for text in texts], "value string")


def json_lines(spark):
    return spark.read.json(_texts(spark, '{"a":1,"b":"x"}', '{"a":2}', '[{"a":3},{"a":4}]', "")).orderBy("a")


def json_by_schema(spark):
    return spark.read.schema("a long, c string").json(_texts(spark, '{"a":1,"b":"x"}', '{"a":2,"c":"y"}')).orderBy("a")


def json_over_several_lines(spark):
    return spark.read.json(_texts(spark, '{"a":\n1}', '{"a":2}')).orderBy("a")


def json_malformed(spark):
    return spark.read.json(_texts(spark, '{"a":1}', "{bad")).orderBy("a")


def json_malformed_dropped(spark):
    return spark.read.option("mode", "DROPMALFORMED").schema("a int").json(_texts(spark, '{"a":1}', "{bad"))


def csv_lines(spark):
    return spark.read.csv(_texts(spark, "1,x", "2,")).orderBy("_c0")


def csv_with_header(spark):
    return spark.read.csv(_texts(spark, "a,b", "1,x", "a,b", "2,"), header=True, inferSchema=True).orderBy("a")


def csv_by_schema(spark):
    return spark.read.schema("a int, b string").csv(_texts(spark, "1,x", "2,")).orderBy("a")


def csv_with_quotes(spark):
    return spark.read.csv(_texts(spark, '1,"x\ny"', '2,"a,b"')).orderBy("_c0")


def csv_by_another_sign(spark):
    return spark.read.option("sep", ";").csv(_texts(spark, "1;x", "2;y,z")).orderBy("_c0")


def no_texts(spark):
    return spark.read.json(_texts(spark))


def two_columns(spark):
    return spark.read.json(spark.createDataFrame([("1", "2")], "v string, w string"))


def no_text(spark):
    return spark.read.json(spark.range(1))


def no_files_but_a_schema(spark):
    return spark.read.schema("a int").parquet()


def no_files_and_no_schema(spark):
    return spark.read.format("csv").load()


def sql_keywords(spark):
    return spark.sql("select count(*) as words, count_if(reserved) as reserved, min(keyword) as first, max(keyword) as last from sql_keywords()")


def sql_keywords_of_something(spark):
    return spark.sql("select * from sql_keywords(1)")


def a_table_for_explode(spark):
    return spark.sql("select * from explode(table(people))")


def a_table_for_range(spark):
    return spark.sql("select * from range(table(select 1))")


def a_table_for_nothing_known(spark):
    return spark.sql("select * from nope(table(people))")
