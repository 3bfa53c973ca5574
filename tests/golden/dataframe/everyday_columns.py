"""Columns and functions as PySpark's users write them: arguments as names, columns, Python values and lambdas."""
import datetime
from decimal import Decimal

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def operators_with_python_values(spark):
    return spark.table("people").select(col("id") + 1.5, 10 - col("id"), 2 * col("id"), 1 / col("id"), col("id") % 2, 2 ** col("id"), col("id") ** 2, -col("score")).orderBy("id")


def comparisons_with_python_values(spark):
    return spark.table("people").select(col("age") > 40, 40 >= col("age"), col("name") == "Ada", col("name") != "Ada", col("age").eqNullSafe(None), col("age").isin([36, 45]), ~col("age").isin(36), col("score").between(1, 3.5)).orderBy("id")


def logic(spark):
    return spark.table("people").select((col("age") > 40) & (col("id") > 2), (col("age") > 40) | col("city").isNull(), ~(col("age") > 40)).orderBy("id")


def text_methods(spark):
    return spark.table("people").select(col("name").startswith("A"), col("name").endswith("a"), col("name").contains("ra"), col("name").like("%a%"), col("name").rlike("^.{3,4}$"), col("name").ilike("a%"), col("name").substr(1, 2), col("name").substr(lit(2), lit(2))).orderBy("id")


def bits(spark):
    return spark.range(1, 4).select(col("id").bitwiseAND(1), col("id").bitwiseOR(4), col("id").bitwiseXOR(3), F.bitwise_not("id"), F.shiftleft("id", 2), F.shiftright("id", 1), F.bit_count("id")).orderBy("id")


def casts_by_name_and_type(spark):
    from pyspark.sql.types import DecimalType, StringType

    return spark.table("people").select(col("id").cast("string"), col("id").cast(StringType()), col("score").cast("int"), col("score").cast(DecimalType(5, 1)), col("name").try_cast("int"), col("id").astype("bigint")).orderBy("id")


def struct_access(spark):
    return spark.table("nested").filter("id < 2").select("s.x", col("s.y"), col("s")["x"], col("s").getField("y"), col("s").getItem("x"), col("arr").getItem(0), col("m").getItem("a"), col("m")["c"])


def with_field_and_drop_fields(spark):
    return spark.table("nested").filter("id = 1").select(col("s").withField("z", lit(9)), col("s").withField("x", col("s.x") + 1), col("s").dropFields("y"))


def when_chains(spark):
    return spark.table("people").select(F.when(col("age") > 44, "old").when(col("age") > 30, "middle").otherwise("young").alias("w"), F.when(col("id") == 1, 1), F.when(col("id") > 3, col("name")).otherwise(lit(None))).orderBy("id")


def sort_orders(spark):
    return spark.table("people").orderBy(col("city").desc_nulls_last(), F.asc_nulls_last("age"), F.desc("id")).select("id", "city", "age")


def alias_many(spark):
    return spark.table("nested").filter("id = 1").select(F.explode("m").alias("k", "v"))


def literals_of_python(spark):
    return spark.range(1).select(lit(1), lit(2**40), lit(1.5), lit("x"), lit(True), lit(None), lit(Decimal("1.20")), lit(datetime.date(2024, 2, 29)), lit(datetime.datetime(2024, 2, 29, 10, 0, 1)), lit(b"ab"), lit(bytearray(b"c")), lit([1, 2]), lit(["a"]), lit(datetime.timedelta(days=1)))


def call_function(spark):
    return spark.range(1).select(F.call_function("upper", lit("x")), F.call_function("array_max", F.array(lit(1), lit(3))), F.expr("1 + 1"))


def string_functions(spark):
    return spark.table("people").select(F.ascii("name"), F.base64(col("name").cast("binary")), F.bit_length("name"), F.btrim(lit(" x ")), F.char_length("name"), F.left("name", lit(2)), F.right("name", lit(2)), F.levenshtein("name", lit("Ada")), F.lpad("name", 6, "*"), F.repeat("name", 2), F.soundex("name"), F.translate("name", "aeiou", "AEIOU"), F.split("city", " ", 2), F.substring_index("city", " ", 1), F.initcap(F.lower("city")), F.overlay("name", lit("__"), 2), F.find_in_set("name", lit("Ada,Alan"))).orderBy("id")


def regular_expressions(spark):
    return spark.table("people").select(F.regexp_replace("name", "[aeiou]", "_"), F.regexp_extract("name", "([A-Z])(.)", 2), F.regexp_extract_all("name", lit("([a-z])"), lit(1)), F.regexp_count("name", lit("a")), F.regexp_instr("name", lit("[a-c]")), F.regexp_substr("name", lit("[aeiou].")), F.regexp_like("name", lit("^A")), F.rlike("name", lit("a$"))).orderBy("id")


def number_formats(spark):
    return spark.range(1).select(F.format_number(lit(1234567.891), 2), F.to_char(lit(78.12), lit("$99.99")), F.to_varchar(lit(454), lit("999")), F.to_number(lit("$78.12"), lit("$99.99")), F.try_to_number(lit("x"), lit("99")), F.conv(lit("ff"), 16, 2), F.hex(lit(255)), F.bin(lit(5)), F.format_string("%05.1f|%s", lit(2.25), lit("x")))


def math_functions(spark):
    return spark.range(1, 4).select(F.sqrt("id"), F.cbrt("id"), F.exp("id"), F.log("id"), F.log(2.0, "id"), F.log1p("id"), F.log2("id"), F.pow("id", 2), F.round(col("id") / 3, 2), F.bround(lit(2.5)), F.ceil(col("id") / 2), F.floor(col("id") / 2), F.sin("id"), F.atan2("id", lit(1)), F.factorial("id"), F.greatest("id", lit(2)), F.least("id", lit(2)), F.signum("id"), F.pmod(-col("id"), lit(3)), F.hypot("id", lit(4)), F.width_bucket("id", lit(0), lit(4), lit(4))).orderBy("id")


def try_arithmetic(spark):
    return spark.range(1).select(F.try_add(lit(2147483647), lit(1)), F.try_subtract(lit(1), lit(2)), F.try_multiply(lit(3), lit(4)), F.try_divide(lit(1), lit(0)), F.try_mod(lit(7), lit(0)), F.try_to_timestamp(lit("x")), F.try_element_at(F.array(lit(1)), lit(4)))


def date_functions(spark):
    return spark.table("events").select(F.year("d"), F.quarter("d"), F.month("d"), F.weekofyear("d"), F.dayofyear("d"), F.dayofweek("d"), F.dayname("d"), F.monthname("d"), F.last_day("d"), F.next_day("d", "Mon"), F.date_add("d", 3), F.date_sub("d", 3), F.add_months("d", -1), F.months_between("d", lit("2024-01-01")), F.datediff("d", lit("2024-01-01")), F.trunc("d", "month"), F.date_format("d", "EEE, d MMM yyyy")).orderBy("id")


def timestamp_functions(spark):
    return spark.table("events").select(F.hour("ts"), F.minute("ts"), F.second("ts"), F.date_trunc("hour", "ts"), F.unix_timestamp("ts"), F.from_utc_timestamp("ts", "Asia/Tokyo"), F.to_utc_timestamp("ts", "Asia/Tokyo"), F.to_date("ts"), F.date_format("ts", "HH:mm:ss.SSS"), F.unix_micros("ts"), F.timestamp_seconds(lit(0)), F.extract(lit("YEAR"), "ts"), F.date_part(lit("doy"), "d")).orderBy("id")


def making_dates(spark):
    return spark.range(1).select(F.make_date(lit(2024), lit(2), lit(29)), F.make_timestamp(lit(2024), lit(1), lit(2), lit(3), lit(4), lit(5.5)), F.to_date(lit("29/02/2024"), "dd/MM/yyyy"), F.to_timestamp(lit("2024-02-29 10:00"), "yyyy-MM-dd HH:mm"), F.make_dt_interval(lit(1), lit(2)), F.date_from_unix_date(lit(100)), F.from_unixtime(lit(0), "yyyy"), F.timestamp_add("HOUR", lit(3), lit(datetime.datetime(2024, 1, 1))), F.timestamp_diff("DAY", lit(datetime.datetime(2024, 1, 1)), lit(datetime.datetime(2024, 1, 5))))


def array_functions(spark):
    return spark.table("nested").select(F.size("arr"), F.array_contains("arr", 2), F.array_position("arr", 2), F.sort_array("arr", False), F.array_sort("arr"), F.array_distinct("arr"), F.array_remove("arr", 1), F.array_append("arr", 9), F.array_prepend("arr", 0), F.array_insert("arr", 1, 7), F.array_compact("arr"), F.array_join("arr", "-", "?"), F.array_min("arr"), F.array_max("arr"), F.slice("arr", 1, 2), F.reverse("arr"), F.get("arr", 0), F.try_element_at("arr", lit(-1))).orderBy("id")


def array_sets(spark):
    return spark.range(1).select(F.array_union(F.array(lit(1), lit(2)), F.array(lit(2), lit(3))), F.array_intersect(F.array(lit(1)), F.array(lit(1))), F.array_except(F.array(lit(1), lit(2)), F.array(lit(1))), F.arrays_overlap(F.array(lit(1)), F.array(lit(2))), F.arrays_zip(F.array(lit(1)), F.array(lit("a"))), F.flatten(F.array(F.array(lit(1)), F.array(lit(2)))), F.sequence(lit(1), lit(5), lit(2)), F.array_repeat(lit("x"), 2), F.concat(F.array(lit(1)), F.array(lit(2))))


def lambdas(spark):
    return spark.table("nested").filter("id = 1").select(F.transform("arr", lambda x: x * 2).alias("a"), F.transform("arr", lambda x, i: x + i).alias("b"), F.filter("arr", lambda x: x > 1).alias("c"), F.filter("arr", lambda x, i: i > 0).alias("d"), F.exists("arr", lambda x: x > 2).alias("e"), F.forall("arr", lambda x: x > 0).alias("f"), F.aggregate("arr", lit(0), lambda a, x: a + x, lambda a: a * 10).alias("g"), F.reduce("arr", lit(1), lambda a, x: a * x).alias("h"), F.zip_with("arr", "arr", lambda x, y: x * y).alias("i"), F.array_sort("arr", lambda x, y: y - x).alias("j"))


def map_lambdas(spark):
    return spark.table("nested").filter("id = 1").select(F.map_filter("m", lambda k, v: v > 1).alias("a"), F.transform_keys("m", lambda k, v: F.upper(k)).alias("b"), F.transform_values("m", lambda k, v: v * 10).alias("c"), F.map_zip_with("m", "m", lambda k, x, y: x + y).alias("d"))


def lambda_over_outer_columns(spark):
    return spark.table("nested").filter("id <= 2").select("id", F.transform("arr", lambda x: x + col("id")).alias("t")).orderBy("id")


def map_functions(spark):
    return spark.table("nested").select(F.map_keys("m"), F.map_values("m"), F.map_entries("m"), F.map_contains_key("m", "a"), F.element_at("m", "a"), F.size("m"), F.map_concat("m", F.create_map(lit("z"), lit(0)))).orderBy("id")


def making_maps(spark):
    return spark.range(1).select(F.create_map(lit("a"), lit(1), lit("b"), lit(2)), F.map_from_arrays(F.array(lit("x")), F.array(lit(1))), F.map_from_entries(F.array(F.struct(lit("k"), lit(1)))), F.str_to_map(lit("a:1,b:2")), F.named_struct(lit("x"), lit(1)))


def exploding(spark):
    return spark.table("nested").select("id", F.explode_outer("arr").alias("x")).orderBy("id", "x")


def exploding_with_positions(spark):
    return spark.table("nested").filter("id = 1").select(F.posexplode("arr")).orderBy("pos")


def inlining(spark):
    return spark.range(1).select(F.inline(F.array(F.struct(lit(1).alias("a"), lit("x").alias("b")), F.struct(lit(2).alias("a"), lit("y").alias("b"))))).orderBy("a")


def json_functions(spark):
    return spark.range(1).select(F.from_json(lit('{"a": 1, "b": [1.5]}'), "a int, b array<double>"), F.to_json(F.struct(lit(1).alias("x"), lit(None).cast("string").alias("y"))), F.get_json_object(lit('{"a": {"b": 2}}'), "$.a.b"), F.json_tuple(lit('{"p": 1, "q": "z"}'), "p", "q"), F.schema_of_json(lit('{"a": [1]}')), F.json_array_length(lit("[1, 2]")), F.json_object_keys(lit('{"k": 1}')))


def json_with_options(spark):
    return spark.range(1).select(F.from_json(lit('{"d": "01/02/2024"}'), "d date", {"dateFormat": "dd/MM/yyyy"}), F.to_json(F.struct(lit(datetime.date(2024, 2, 1)).alias("d")), {"dateFormat": "dd.MM.yyyy"}), F.to_json(F.struct(lit(None).cast("int").alias("n")), {"ignoreNullFields": "false"}))


def csv_functions(spark):
    return spark.range(1).select(F.from_csv(lit("1;x"), "a int, b string", {"sep": ";"}), F.to_csv(F.struct(lit(1), lit("a,b"))), F.schema_of_csv(lit("1,2.5,x")))


def hashing(spark):
    return spark.range(1).select(F.md5(lit("a")), F.sha1(lit("a")), F.sha2(lit("a"), 512), F.crc32(lit("a")), F.hash(lit(1), lit("a")), F.xxhash64(lit(1), lit("a")))


def null_functions(spark):
    return spark.table("people").select(F.coalesce("age", lit(0)), F.nvl("city", lit("?")), F.nvl2("age", lit("yes"), lit("no")), F.ifnull("name", lit("?")), F.nullif("age", lit(45)), F.isnull("city"), F.isnotnull("city"), F.equal_null("age", lit(45)), F.nullifzero(col("id") - 1), F.zeroifnull("age")).orderBy("id")


def aggregates(spark):
    return spark.table("people").agg(F.count("*"), F.countDistinct("city", "age"), F.count_distinct("city"), F.approx_count_distinct("city"), F.sum_distinct("age"), F.avg("age"), F.median("age"), F.mode("age"), F.max_by("name", "age"), F.min_by("name", "id"), F.percentile("age", 0.5), F.percentile_approx("age", [0.25, 0.5], 100), F.bool_or(col("age") > 40), F.every(col("id") > 0), F.count_if(col("age") > 40), F.bit_or("id"), F.any_value("city", True).isNotNull())


def spreads(spark):
    return spark.table("people").agg(F.round(F.stddev("age"), 9), F.round(F.stddev_pop("age"), 9), F.round(F.variance("age"), 9), F.round(F.skewness("age"), 9), F.round(F.kurtosis("age"), 9), F.round(F.corr("age", "id"), 9), F.round(F.covar_pop("age", "id"), 9), F.round(F.regr_slope("age", "id"), 9), F.round(F.product("id"), 3))


def gathering(spark):
    return spark.table("people").groupBy("city").agg(F.sort_array(F.collect_list("name")).alias("l"), F.sort_array(F.collect_set("age")).alias("s"), F.listagg("name", ",").isNotNull().alias("g")).orderBy("city")


def window_frames(spark):
    rows = Window.partitionBy("city").orderBy("id").rowsBetween(Window.unboundedPreceding, 0)
    values = Window.orderBy("age").rangeBetween(-9, Window.currentRow)
    whole = Window.partitionBy("city")
    return spark.table("people").select("id", F.sum("id").over(rows).alias("a"), F.count("*").over(values).alias("b"), F.max("age").over(whole).alias("c"), F.first("name").over(rows).alias("d"), F.last("name", True).over(rows).alias("e"), F.avg("score").over(Window.partitionBy()).alias("f")).orderBy("id")


def window_ranks(spark):
    by_age = Window.orderBy(F.col("age").desc(), "id")
    return spark.table("people").select("id", F.row_number().over(by_age).alias("a"), F.rank().over(Window.orderBy("city")).alias("b"), F.dense_rank().over(Window.orderBy("city")).alias("c"), F.percent_rank().over(by_age).alias("d"), F.ntile(4).over(by_age).alias("e"), F.cume_dist().over(by_age).alias("f"), F.lag("id", 1, 0).over(by_age).alias("g"), F.lead("name").over(by_age).alias("h"), F.nth_value("name", 3).over(by_age).alias("i")).orderBy("id")


def time_windows(spark):
    return spark.table("events").filter("ts is not null").groupBy(F.window("ts", "1 day")).agg(F.count("*").alias("n")).select("window.start", "window.end", "n").orderBy("start")


def session_windows(spark):
    frame = spark.sql("select * from values (timestamp'2024-01-01 00:00:00'), (timestamp'2024-01-01 00:04:00'), (timestamp'2024-01-01 00:30:00') as t(at)")
    return frame.groupBy(F.session_window("at", "10 minutes").alias("s")).count().select("s.start", "s.end", "count").orderBy("start")


def bits_of_text_and_urls(spark):
    return spark.range(1).select(F.url_encode(lit("a b")), F.url_decode(lit("a%20b")), F.parse_url(lit("http://h/p?q=1"), lit("QUERY"), lit("q")), F.encode(lit("é"), "utf-8"), F.decode(lit(b"a"), "utf-8"), F.unhex(lit("41")), F.mask(lit("Ab1")), F.is_valid_utf8(lit("a")), F.quote(lit("a'b")))


def names_of_columns(spark):
    return spark.range(1).select(F.round(col("id"), 2), F.lpad("id", 3, "0"), F.when(col("id") > 0, 1), F.array("id"), F.struct("id"), F.lit("x"), F.concat(col("id"), lit("a")), F.date_add(F.current_date(), 1), F.count_if(col("id") > 0).over(Window.partitionBy()), F.expr("id + 1 as named")).columns


def identifiers_are_partitioned(spark):
    return spark.range(0, 4, 1, 2).select(F.spark_partition_id().alias("p"), F.monotonically_increasing_id().alias("m"), "id").orderBy("id")


def uuid_and_rand(spark):
    return spark.range(2).select(F.length(F.uuid()).alias("l"), (F.rand(3) < 1).alias("r"), F.randn(3).isNotNull().alias("n")).orderBy("l")


def broadcast_and_hints(spark):
    return spark.table("t1").join(F.broadcast(spark.table("t2")), "k").hint("merge").select("k", "v", "w").orderBy("k", "v", "w")


def sorted_by_functions(spark):
    return spark.table("people").orderBy(F.length("name").desc_nulls_first(), F.lower("name")).select("name")


def grouped_by_functions(spark):
    return spark.table("people").groupBy(F.length("name").alias("n"), (col("age") > 40).alias("old")).agg(F.count("*").alias("c")).orderBy("n", "old")


def pivots(spark):
    return spark.table("sales").groupBy("region").pivot("product", ["tea", "coffee"]).agg(F.sum("amount").alias("s"), F.count("amount").alias("n")).orderBy("region")


def rollup_with_grouping(spark):
    return spark.table("sales").rollup("region", "year").agg(F.sum("amount").alias("s"), F.grouping("region").alias("g"), F.grouping_id().alias("i")).orderBy("i", "region", "year")


def vectors_in_sql_parameters(spark):
    return spark.sql("select array_contains(:xs, 2) as found, map_keys(:m) as keys", args={"xs": F.array(lit(1), lit(2)), "m": F.create_map(lit("a"), lit(1))})
