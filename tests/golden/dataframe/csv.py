"""CSV in all its corners: how cells are cut, what is null, what is malformed, what types are guessed, how it is written."""
from pyspark.sql.functions import col


def _text(spark, text, name="x.csv"):
    with open(f"{spark.scratch}/{name}", "w", newline="") as out:
        out.write(text)
    return f"{spark.scratch}/{name}"


def _lines(spark, folder):
    return spark.read.text(spark.scratch + folder).orderBy("value")


def empty_cells_and_quotes(spark):
    return spark.read.csv(_text(spark, 'a,,"",b\n,,,\n"","x",,"y"\n'))


def empty_cells_with_null_value(spark):
    return spark.read.csv(_text(spark, 'a,,"",NA\n"NA",,,x\n'), nullValue="NA")


def empty_value(spark):
    return spark.read.csv(_text(spark, 'a,"",b\n'), emptyValue="EMPTY")


def doubled_quotes(spark):
    return spark.read.csv(_text(spark, '"a ""b"" c",1\n"""x""",2\n"x""",3\n"a""b",4\n'))


def doubled_quotes_as_escape(spark):
    return spark.read.csv(_text(spark, '"a ""b"" c",1\n"""x""",2\n"x""",3\n'), escape='"')


def escaped_quotes(spark):
    return spark.read.csv(_text(spark, '"a \\"b\\" c",1\n"a\\\\b",2\n"a\\nb",3\na\\,b,4\n"a\\\\",5\n'))


def text_after_a_quote(spark):
    return spark.read.csv(_text(spark, '"a" ,1\n"a"b,2\n"a" b,3\na"b",4\n "a",5\n'))


def quote_that_never_ends(spark):
    return spark.read.csv(_text(spark, '1,"two\nlines"\n3,"x\n'))


def other_quote(spark):
    return spark.read.csv(_text(spark, "'a,b',1\n\"c,d\",2\n"), quote="'")


def no_quote(spark):
    return spark.read.csv(_text(spark, '"a,b",1\n'), quote="")


def spaces_are_kept(spark):
    return spark.read.csv(_text(spark, ' a , b \n" c "," d "\n'))


def spaces_are_trimmed(spark):
    return spark.read.csv(_text(spark, ' a , b ,  \n" c "," d ", x\n'), ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)


def blank_lines(spark):
    return spark.read.csv(_text(spark, "a,1\n\n   \nb,2\n\n"))


def comments(spark):
    return spark.read.csv(_text(spark, "#x,y\na,1\n #b,2\nc,#3\n"), comment="#")


def windows_lines(spark):
    return spark.read.csv(_text(spark, "a,1\r\nb,2\r\n"))


def old_mac_lines(spark):
    return spark.read.csv(_text(spark, "a,1\rb,2"))


def own_line_separator(spark):
    return spark.read.csv(_text(spark, "a,1;b,2;"), lineSep=";")


def byte_order_mark(spark):
    return spark.read.csv(_text(spark, "\ufeffa,b\n1,2\n"), header=True)


def last_line_without_end(spark):
    return spark.read.csv(_text(spark, "a,1\nb,2"))


def header_of_every_file(spark):
    _text(spark, "a,b\n1,2\n", "one.csv")
    _text(spark, "a,b\n3,4\n", "two.csv")
    return spark.read.csv(spark.scratch, header=True).orderBy("a")


def header_repeats_and_gaps(spark):
    return spark.read.csv(_text(spark, "a,A,,b,a\n1,2,3,4,5\n"), header=True)


def header_alone(spark):
    return spark.read.csv(_text(spark, "a,b\n"), header=True, inferSchema=True)


def header_ignored_with_schema(spark):
    return spark.read.schema("x int, y string").csv(_text(spark, "p,q\n1,2\n"), header=True)


def header_checked(spark):
    return spark.read.schema("x int, y string").csv(_text(spark, "p,q\n1,2\n"), header=True, enforceSchema=False)


def rows_of_other_lengths(spark):
    return spark.read.csv(_text(spark, "a,b\n1\n1,2,3\n"))


def corrupt_record(spark):
    schema = "a int, b date, _corrupt_record string"
    return spark.read.schema(schema).csv(_text(spark, "1,2024-01-01\nx,2024-01-02\n3,nope\n4\n5,2024-01-05,more\n"))


def corrupt_record_named(spark):
    return spark.read.schema("a int, bad string").csv(_text(spark, "1\nx\n"), columnNameOfCorruptRecord="bad").select("a", "bad")


def corrupt_record_alone(spark):
    return spark.read.schema("a int, _corrupt_record string").csv(_text(spark, "1\nx\n")).select("_corrupt_record")


def drop_malformed(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\nx,3\n4\n5,6,7\n8,9\n"), mode="DROPMALFORMED").orderBy("a")


def drop_malformed_only_what_is_read(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\nx,3\n4\n5,6,7\n"), mode="DROPMALFORMED").select("b").orderBy("b")


def drop_malformed_count(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\nx,3\n"), mode="DROPMALFORMED").count()


def fail_fast_reads_what_is_sound(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\n3,4\n"), mode="FAILFAST").orderBy("a")


def fail_fast_short_row(spark):
    return spark.read.schema("a int, b int").csv(_text(spark, "1,2\n3\n"), mode="FAILFAST")


def unknown_mode(spark):
    return spark.read.schema("a int").csv(_text(spark, "1\nx\n"), mode="WHATEVER")


def values_of_types(spark):
    schema = "b boolean, y byte, s short, i int, l long, f float, d double, m decimal(6,2), t string"
    return spark.read.schema(schema).csv(_text(spark, "true,1,2,3,4,1.5,2.5,3.456,x\nTRUE,128,40000,3000000000,1e3,NaN,Inf,99999.99,\n yes, 1,+2,-3, 4,1.5f,-Inf,\"1,234.5\",y\nfalse,-128,-1,0,9223372036854775808,x,1e400,abc,z\n"))


def special_numbers(spark):
    return spark.read.schema("f float, d double").csv(_text(spark, "nope,plus\nminus,1\n"), nanValue="nope", positiveInf="plus", negativeInf="minus")


def dates_and_times(spark):
    schema = "d date, t timestamp, n timestamp_ntz"
    return spark.read.schema(schema).csv(_text(spark, "2024-01-02,2024-01-02 03:04:05.678,2024-01-02T03:04:05\n2024-1-2,2024-01-02T03:04:05Z,2024-01-02\n2024-01,2024-01-02T03:04:05+02:00,2024-01-02 03:04\nx,2024-13-01,\n2024-01-02 10:00:00,2024-01-02,2024-01-02T03:04:05Z\n"))


def times_by_pattern(spark):
    schema = "d date, t timestamp, n timestamp_ntz"
    read = spark.read.schema(schema).options(dateFormat="dd.MM.yyyy", timestampFormat="dd.MM.yyyy HH:mm", timestampNTZFormat="yyyyMMddHHmm")
    return read.csv(_text(spark, "01.02.2024,01.02.2024 03:04,202402010304\n2024-02-01,2024-02-01 03:04:00,x\n"))


def infer_numbers(spark):
    return spark.read.csv(_text(spark, "1,1,1,1.5,1e3,+1\n2,3000000000,99999999999999999999,2,NaN,-1\n,,,,Inf,\n"), inferSchema=True)


def infer_decimals_and_doubles(spark):
    return spark.read.csv(_text(spark, "99999999999999999999,99999999999999999999,123456789012345678901234567890123456789\n1.5,1,1\n"), inferSchema=True)


def infer_dates_and_times(spark):
    return spark.read.csv(_text(spark, "2024-01-01,2024-01-01,2024-01-01 10:00,2024-1-1,2024-01,2024-01-01T10:00:00Z\n2024-01-02,2024-01-02 10:00:00,2024-01-02 11:00,2024-1-2,2024-02,2024-01-02T10:00:00Z\n"), inferSchema=True)


def infer_by_pattern(spark):
    return spark.read.csv(_text(spark, "31/12/2024,31/12/2024 10:00\n"), inferSchema=True, dateFormat="dd/MM/yyyy", timestampFormat="dd/MM/yyyy HH:mm")


def infer_without_dates(spark):
    return spark.read.option("preferDate", False).csv(_text(spark, "2024-01-01\n"), inferSchema=True)


def infer_mixtures(spark):
    return spark.read.csv(_text(spark, "true,1,1.5,2024-01-01,true,\n1,x,true,5,FALSE,\n"), inferSchema=True)


def infer_nothing(spark):
    return spark.read.csv(_text(spark, 'a,b\n,\n"",\n'), header=True, inferSchema=True)


def multi_line(spark):
    return spark.read.csv(_text(spark, 'a,b\n1,"two\nlines, here"\n\n2,"x ""y"""\n3,z'), header=True, multiLine=True, inferSchema=True).orderBy("a")


def multi_line_windows(spark):
    return spark.read.csv(_text(spark, 'a,b\r\n1,"two\r\nlines"\r\n2,x\r\n'), header=True, multiLine=True).orderBy("a")


def multi_line_short_rows(spark):
    return spark.read.schema("a int, b int, _corrupt_record string").csv(_text(spark, "1\n2,3,4\n5,6\n"), multiLine=True).orderBy("a")


def compressed(spark):
    spark.range(3).write.option("compression", "gzip").csv(spark.scratch + "/c")
    return spark.read.schema("id int").csv(spark.scratch + "/c").orderBy("id")


def unknown_compression(spark):
    spark.range(3).write.option("compression", "squeeze").csv(spark.scratch + "/c")


def pruned_and_filtered(spark):
    return spark.read.csv(_text(spark, "a,b,c\n1,2,3\n4,5,6\n"), header=True, inferSchema=True).filter("c > 3").select("b")


def write_header_and_quotes(spark):
    frame = spark.sql("select 'a b' as `x y`, 'c,d' as `p,q`, 'say \"hi\"' as z, 'back\\\\slash' as w, 'l1\\nl2' as n")
    frame.coalesce(1).write.option("header", True).csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_escapes_in_quotes(spark):
    spark.sql("select 'a\\\\,b' as x, '\\\\\"' as y, '#c' as z, 'a\\rb' as r").coalesce(1).write.csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_doubled_quotes(spark):
    spark.sql("select 'say \"hi\"' as x, 'back\\\\slash, here' as y").coalesce(1).write.option("escape", '"').csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def round_trip_hard_texts(spark):
    frame = spark.sql("select * from values (1, 'a\"b'), (2, 'c,d'), (3, 'e\\\\f'), (4, ''), (5, null), (6, '\"'), (7, '\\\\') as t(id, s)")
    frame.write.csv(spark.scratch + "/c")
    return spark.read.schema("id int, s string").csv(spark.scratch + "/c").orderBy("id")


def write_quote_all(spark):
    spark.sql("select 1 as a, 'x' as b, cast(null as string) as c, '' as d").coalesce(1).write.option("quoteAll", True).csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_without_escaping_quotes(spark):
    spark.sql("select 'a\"b' as x, 'c,\"d' as y").coalesce(1).write.option("escapeQuotes", False).csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_spaces(spark):
    spark.sql("select ' a ' as x, '  ' as y, 'b ' as z").coalesce(1).write.csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_spaces_kept(spark):
    spark.sql("select ' a ' as x, '  ' as y, 'b ' as z").coalesce(1).write.options(ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False).csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_null_and_empty_values(spark):
    spark.sql("select cast(null as int) as a, '' as b, 'x' as c").coalesce(1).write.options(nullValue="NULL", emptyValue="EMPTY").csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_one_null_column(spark):
    spark.sql("select cast(null as string) as a union all select 'x'").coalesce(1).write.csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_separator_and_quote(spark):
    spark.sql("select 'a;b' as x, \"it's\" as y").coalesce(1).write.options(sep=";", quote="'").csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_types(spark):
    frame = spark.sql("select 1.5D as d, 1e20D as big, cast('NaN' as double) as nan, 1.5F as f, cast(1.10 as decimal(5,2)) as m, true as t, timestamp'2024-01-01 10:00:00.123456' as ts, timestamp_ntz'2024-01-01 10:00:00' as n, date'2024-01-02' as day")
    frame.coalesce(1).write.csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_times_by_pattern(spark):
    frame = spark.sql("select timestamp'2024-01-02 10:00:00' as ts, date'2024-01-02' as day, timestamp_ntz'2024-01-02 10:00:00' as n")
    frame.coalesce(1).write.options(dateFormat="dd/MM/yyyy", timestampFormat="yyyyMMdd HHmm", timestampNTZFormat="HH:mm").csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def write_binary(spark):
    spark.sql("select x'41' as b, x'FF00' as c").coalesce(1).write.csv(spark.scratch + "/c")
    return _lines(spark, "/c")


def read_array(spark):
    return spark.read.schema("a array<int>").csv(_text(spark, "1\n"))
