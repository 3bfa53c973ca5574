"""JSON files: what is guessed of them, what is malformed, how values become types, how they are written."""


def _text(spark, text, name="x.json"):
    with open(f"{spark.scratch}/{name}", "w", newline="") as out:
        out.write(text)
    return f"{spark.scratch}/{name}"


def _lines(spark, folder):
    return spark.read.text(spark.scratch + folder).orderBy("value")


def fields_in_order(spark):
    return spark.read.json(_text(spark, '{"b": 1, "a": "x", "C": true}\n{"a": null, "d": 1.5}\n'))


def numbers(spark):
    return spark.read.json(_text(spark, '{"i": 1, "l": 3000000000, "big": 99999999999999999999, "d": 1.5, "e": 1e3, "m": 1, "huge": 123456789012345678901234567890123456789012}\n{"m": 2.5, "big": 1}\n'))


def primitives_as_string(spark):
    return spark.read.json(_text(spark, '{"i": 1, "d": 1.50, "t": true, "n": null, "o": {"x": 1}}\n'), primitivesAsString=True)


def prefers_decimal(spark):
    return spark.read.json(_text(spark, '{"d": 1.50}\n{"d": 100.123}\n'), prefersDecimal=True)


def nested(spark):
    return spark.read.json(_text(spark, '{"o": {"x": 1, "y": {"z": "a"}}, "l": [1, 2], "m": [{"p": 1}, {"q": "r"}], "ll": [[1], []]}\n{"o": {"w": 2}}\n'))


def mixed_types(spark):
    return spark.read.json(_text(spark, '{"a": 1, "b": [1, "x"], "c": {"x": 1}, "d": true}\n{"a": "x", "b": [true], "c": 5, "d": 1}\n'))


def nothing_known(spark):
    return spark.read.json(_text(spark, '{"a": null, "b": [], "c": {}, "d": "", "e": [null], "f": 1}\n'))


def drop_fields_all_null(spark):
    return spark.read.json(_text(spark, '{"a": null, "b": [], "f": 1}\n'), dropFieldIfAllNull=True)


def blank_lines(spark):
    return spark.read.json(_text(spark, '{"a": 1}\n\n   \n{"a": 2}\n')).orderBy("a")


def malformed_line(spark):
    return spark.read.json(_text(spark, '{"a": 1}\n{"a": \n{"a": 3}\n')).orderBy("a")


def malformed_line_with_schema(spark):
    return spark.read.schema("a int, b string").json(_text(spark, '{"a": 1, "b": "x"}\nnope\n{"a": 3, "b": "y"\n')).orderBy("a")


def corrupt_record(spark):
    return spark.read.schema("a int, b string, _corrupt_record string").json(_text(spark, '{"a": 1, "b": "x"}\nnope\n{"a": "z", "b": "y"}\n{"a": 4} trailing\n[1]\n"s"\n'))


def drop_malformed(spark):
    return spark.read.schema("a int").json(_text(spark, '{"a": 1}\nnope\n{"a": "z"}\n'), mode="DROPMALFORMED").orderBy("a")


def fail_fast(spark):
    return spark.read.schema("a int").json(_text(spark, '{"a": 1}\nnope\n'), mode="FAILFAST")


def fail_fast_inference(spark):
    return spark.read.json(_text(spark, '{"a": 1}\nnope\n'), mode="FAILFAST")


def values_of_types(spark):
    schema = "b boolean, y byte, i int, l long, f float, d double, m decimal(6,2), s string, bin binary"
    return spark.read.schema(schema).json(_text(spark, """{"b": true, "y": 1, "i": 2, "l": 3, "f": 1.5, "d": 2, "m": 3.456, "s": "x", "bin": "QUI="}
{"b": "true", "y": 128, "i": 1.5, "l": "3", "f": "NaN", "d": "Infinity", "m": "7.5", "s": 12, "bin": 5}
{"b": 1, "y": null, "i": "", "l": 1e3, "f": NaN, "d": -Infinity, "m": 99999.99, "s": {"x": [1,  2.50]}, "bin": ""}
{"s": true, "d": 1e400, "i": 3000000000, "m": 5}
"""))


def dates_and_times(spark):
    schema = "d date, t timestamp, n timestamp_ntz"
    return spark.read.schema(schema).json(_text(spark, '{"d": "2024-01-02", "t": "2024-01-02T03:04:05.678Z", "n": "2024-01-02T03:04:05"}\n{"d": "2024-1-2", "t": "2024-01-02 03:04", "n": "x"}\n{"d": 5, "t": 86400, "n": 1}\n{"d": "x", "t": "x"}\n'))


def times_by_pattern(spark):
    read = spark.read.schema("d date, t timestamp").options(dateFormat="dd.MM.yyyy", timestampFormat="dd.MM.yyyy HH:mm")
    return read.json(_text(spark, '{"d": "01.02.2024", "t": "01.02.2024 03:04"}\n{"d": "2024-02-01", "t": "2024-02-01"}\n'))


def infer_timestamps(spark):
    return spark.read.option("inferTimestamp", True).json(_text(spark, '{"t": "2024-01-02T03:04:05", "s": "x"}\n'))


def nested_types(spark):
    schema = "o struct<x: int, y: string>, l array<int>, m map<string, int>, s array<struct<p: int>>"
    return spark.read.schema(schema).json(_text(spark, '{"o": {"x": 1, "y": "a", "z": 5}, "l": [1, null, 3], "m": {"k": 1, "j": null}, "s": [{"p": 1}, null, {}]}\n{"o": {"x": "bad", "y": "kept"}, "l": ["bad", 2], "m": {"k": "bad"}, "s": 5}\n{"o": null, "l": [], "m": {}}\n'))


def nested_values_that_do_not_fit(spark):
    schema = "s array<struct<p: int, q: string>>, m map<string, struct<p: int>>, o struct<l: array<int>, x: string>, _corrupt_record string"
    return spark.read.schema(schema).json(_text(spark, '{"s": [{"p": "bad", "q": "kept"}, {"p": 2}], "m": {"k": {"p": "bad"}}, "o": {"l": ["bad"], "x": "kept"}}\n{"s": [5], "m": 5, "o": []}\n'))


def equal_names(spark):
    return spark.read.schema("a int, A int").option("mode", "PERMISSIVE").json(_text(spark, '{"a": 1}\n'))


def repeated_field(spark):
    return spark.read.schema("a int").json(_text(spark, '{"a": 1, "a": 2}\n'))


def names_tell_capitals_apart(spark):
    return spark.read.schema("a int").json(_text(spark, '{"A": 1}\n'))


def array_on_a_line(spark):
    return spark.read.json(_text(spark, '[{"a": 1}, {"a": 2}]\n{"a": 3}\n')).orderBy("a")


def multi_line_array(spark):
    return spark.read.json(_text(spark, '[\n  {"a": 1,\n   "b": "x"},\n  {"a": 2}\n]\n'), multiLine=True).orderBy("a")


def multi_line_object(spark):
    return spark.read.json(_text(spark, '{\n  "a": 1,\n  "b": [1,\n 2]\n}\n'), multiLine=True)


def multi_line_broken(spark):
    return spark.read.schema("a int, _corrupt_record string").json(_text(spark, '{\n  "a": 1,\n'), multiLine=True)


def single_quotes(spark):
    return spark.read.json(_text(spark, "{'a': 'x', 'b': \"it's\"}\n"))


def no_single_quotes(spark):
    return spark.read.schema("a string").json(_text(spark, "{'a': 'x'}\n"), allowSingleQuotes=False)


def unquoted_names_and_comments(spark):
    return spark.read.json(_text(spark, '{a: 1, /* here */ b_2: 2} // there\n'), allowUnquotedFieldNames=True, allowComments=True)


def leading_zeros(spark):
    return spark.read.option("allowNumericLeadingZeros", True).json(_text(spark, '{"a": 007}\n'))


def backslash_anything(spark):
    return spark.read.json(_text(spark, '{"a": "\\q\\$"}\n'), allowBackslashEscapingAnyCharacter=True)


def control_characters(spark):
    return spark.read.schema("a string").json(_text(spark, '{"a": "x\ty"}\n{"a": "z"}\n'))


def control_characters_allowed(spark):
    return spark.read.json(_text(spark, '{"a": "x\ty"}\n'), allowUnquotedControlChars=True)


def escapes(spark):
    return spark.read.json(_text(spark, '{"a": "\\u00e9\\n\\t\\"\\\\\\/ \\ud83d\\ude00"}\n'))


def own_line_separator(spark):
    return spark.read.json(_text(spark, '{"a": 1}|{"a": 2}|'), lineSep="|").orderBy("a")


def empty_file(spark):
    return spark.read.json(_text(spark, ""))


def write_types(spark):
    frame = spark.sql("select 1 as i, 1.5D as d, cast('NaN' as double) as nan, cast(1.10 as decimal(5,2)) as m, true as t, timestamp'2024-01-01 10:00:00.123' as ts, timestamp_ntz'2024-01-01 10:00:00' as n, date'2024-01-02' as day, 'a\"b\\n' as s, x'4142' as bin, cast(null as int) as nothing, '' as e")
    frame.coalesce(1).write.json(spark.scratch + "/j")
    return _lines(spark, "/j")


def write_nested(spark):
    frame = spark.sql("select named_struct('x', 1, 'y', cast(null as int)) as o, array(1, null) as l, map('k', 1, 'j', null) as m, array(named_struct('p', 'q')) as s")
    frame.coalesce(1).write.json(spark.scratch + "/j")
    return _lines(spark, "/j")


def write_nulls(spark):
    spark.sql("select 1 as a, cast(null as int) as b").coalesce(1).write.option("ignoreNullFields", False).json(spark.scratch + "/j")
    return _lines(spark, "/j")


def write_times_by_pattern(spark):
    spark.sql("select timestamp'2024-01-02 10:00:00' as ts, date'2024-01-02' as day").coalesce(1).write.options(dateFormat="dd/MM/yyyy", timestampFormat="yyyyMMdd HHmm").json(spark.scratch + "/j")
    return _lines(spark, "/j")


def round_trip_nested(spark):
    spark.table("nested").write.json(spark.scratch + "/j")
    return spark.read.json(spark.scratch + "/j").orderBy("id")


def compressed(spark):
    spark.range(3).write.option("compression", "gzip").json(spark.scratch + "/j")
    return spark.read.json(spark.scratch + "/j").orderBy("id")
