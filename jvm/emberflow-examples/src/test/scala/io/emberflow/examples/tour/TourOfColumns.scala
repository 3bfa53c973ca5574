package io.emberflow.examples.tour

import java.math.BigDecimal

import org.apache.spark.sql.functions._
import org.apache.spark.sql.types._

/** Columns: choosing, naming, computing. */
object TourOfColumns extends Calls {
  call("select by name") { g => g.people.select("id", "name").orderBy("id") }
  call("select in many ways") { g =>
    import g.spark.implicits._
    val people = g.people
    people.select($"id", 'name, col("age"), people("city"), expr("score * 2")).orderBy("id")
  }
  call("selectExpr") { g => g.people.selectExpr("id", "age + 1 AS next", "upper(name)").orderBy("id") }
  call("default names of columns") { g =>
    import g.spark.implicits._
    g.people.select($"id" + 1, -$"id", $"id" === 1, $"age".isNull, !($"id" > 3), $"id".cast("string"), $"id" % 2, $"id" / 2).orderBy("id").columns
  }
  call("arithmetic") { g =>
    import g.spark.implicits._
    g.people.select($"id" + 1.5, $"id" - 1L, $"id" * lit(new BigDecimal("1.10")), $"id" / 4, $"id" % 3, -$"score").orderBy($"id")
  }
  call("comparisons") { g =>
    import g.spark.implicits._
    g.people.select($"age" > 40, $"age" <= 41, $"age" === 45, $"age" =!= 45, $"age" <=> lit(null), $"age".between(30, 41), $"city".isin("London", "Oslo")).orderBy($"id")
  }
  call("logic") { g =>
    import g.spark.implicits._
    g.people.select($"age" > 40 && $"id" > 2, $"age" > 40 || $"id" > 2, not($"age" > 40), $"score".isNaN, $"score".isNotNull).orderBy($"id")
  }
  call("texts") { g =>
    import g.spark.implicits._
    g.people.select($"name".startsWith("A"), $"name".endsWith("a"), $"name".contains("a"), $"name".like("A%"), $"name".rlike("^[AG]"), $"name".ilike("a%"), $"name".substr(2, 2)).orderBy($"id")
  }
  call("bits") { g =>
    import g.spark.implicits._
    g.spark.range(1, 4).select($"id".bitwiseAND(2), $"id".bitwiseOR(4), $"id".bitwiseXOR(1), bitwise_not($"id"), shiftleft($"id", 2), shiftright($"id", 1)).orderBy($"id")
  }
  call("casts") { g =>
    import g.spark.implicits._
    g.people.select($"id".cast(StringType), $"id".cast("double"), $"score".cast("int"), $"born".cast(TimestampType), $"name".try_cast("int")).orderBy($"id")
  }
  call("when and otherwise") { g =>
    import g.spark.implicits._
    g.people.select(when($"age" > 44, "old").when($"age" > 30, "middle").otherwise("young").as("group"), when($"id" === 1, 1)).orderBy($"id")
  }
  call("as with metadata and name") { g =>
    import g.spark.implicits._
    g.spark.range(1).select($"id".name("a"), $"id".as("b"), $"id".alias("c"), ($"id" + 1) as "d")
  }
  call("struct fields and items") { g =>
    import g.spark.implicits._
    g.spark.sql("SELECT named_struct('a', 1, 'b', array(5, 6)) s, map('k', 7) m").select($"s.a", $"s"("b")(1), $"s".getField("a"), $"m"("k"), $"m".getItem("z"), $"s.*")
  }
  call("withField and dropFields") { g =>
    import g.spark.implicits._
    g.spark.sql("SELECT named_struct('a', 1, 'b', 2) s").select($"s".withField("c", lit(3)), $"s".dropFields("a"))
  }
  call("withColumn") { g =>
    import g.spark.implicits._
    g.people.withColumn("next", $"age" + 1).withColumn("age", $"age" * 2).orderBy("id").drop("born", "score")
  }
  call("withColumns") { g =>
    import g.spark.implicits._
    g.spark.range(2).withColumns(Map("a" -> ($"id" + 1), "b" -> lit("x"))).orderBy("id")
  }
  call("withColumnRenamed") { g => g.people.select("id", "name").withColumnRenamed("name", "n").withColumnRenamed("nothing", "x").orderBy("id") }
  call("withColumnsRenamed") { g => g.people.select("id", "name").withColumnsRenamed(Map("id" -> "i", "name" -> "n")).orderBy("i") }
  call("drop") { g => g.people.drop("age", "nothing").drop(col("born")).orderBy("id") }
  call("toDF renames all") { g => g.people.select("id", "name").toDF("a", "b").orderBy("a") }
  call("colRegex") { g => g.people.select(g.people.colRegex("`.*a.*`")).orderBy("age", "name") }
  call("filter and where") { g =>
    import g.spark.implicits._
    g.people.filter($"age" > 30).where("city = 'London'").orderBy($"id").select("id")
  }
  call("orderBy with nulls") { g =>
    import g.spark.implicits._
    g.people.select("id", "age").orderBy($"age".desc_nulls_first, $"id".asc)
  }
  call("sort by names and by columns") { g =>
    import g.spark.implicits._
    g.people.select("id", "age", "score").sort($"score".asc_nulls_last, desc("id"))
  }
  call("limit and offset") { g => g.spark.range(10).orderBy("id").offset(3).limit(2) }
  call("distinct and dropDuplicates") { g => Seq(g.people.select("city").distinct().count(), g.people.dropDuplicates("city").count(), g.people.dropDuplicates(Seq("city", "age")).count()) }
  call("literals") { g =>
    g.spark.range(1).select(
      lit(1), lit(2L), lit(1.5), lit(2.5f), lit("x"), lit('c'), lit(true), lit(null), lit(new BigDecimal("1.10")), lit(scala.math.BigDecimal("2.5")),
      lit(java.time.LocalDate.of(2024, 1, 2)), lit(Array(1, 2)), typedLit(Seq("a", "b")), typedLit(Map("k" -> 1)), lit(Array[Byte](1, 2)))
  }
  call("string functions") { g =>
    import g.spark.implicits._
    g.people.select(upper($"name"), lower($"name"), length($"name"), initcap($"city"), trim(lit("  x ")), lpad($"name", 6, "*"), rpad($"name", 6, "."), reverse($"name"), repeat($"name", 2)).orderBy($"id")
  }
  call("cutting and joining strings") { g =>
    import g.spark.implicits._
    g.people.select(concat($"name", lit("-"), $"city"), concat_ws("/", $"name", $"city"), substring($"name", 1, 2), substring_index($"city", " ", 1), split($"city", " "), instr($"name", "a"), locate("a", $"name"), regexp_replace($"name", "[aeiou]", "_"), regexp_extract($"name", "(.)a", 1), translate($"name", "ab", "AB"), format_string("%s:%d", $"name", $"id")).orderBy($"id")
  }
  call("number functions") { g =>
    import g.spark.implicits._
    g.people.select(round($"score", 1), bround($"score"), ceil($"score"), floor($"score"), abs(lit(-3)), sqrt($"id"), pow($"id", 2), exp(lit(0)), log($"id"), signum($"score"), greatest($"id", $"age"), least($"id", $"age"), pmod($"id", lit(4)), format_number($"score", 3), hex($"id"), conv(lit("ff"), 16, 10)).orderBy($"id")
  }
  call("date functions") { g =>
    import g.spark.implicits._
    g.people.select(year($"born"), month($"born"), dayofmonth($"born"), quarter($"born"), dayofweek($"born"), weekofyear($"born"), date_add($"born", 10), date_sub($"born", 10), add_months($"born", 1), last_day($"born"), next_day($"born", "Mon"), trunc($"born", "year"), date_format($"born", "dd.MM.yyyy EEE"), datediff(lit("2000-01-01").cast("date"), $"born")).orderBy($"id")
  }
  call("timestamp functions") { g =>
    g.spark.range(1).select(
      to_timestamp(lit("2024-02-29 12:34:56")).as("t")).select(
      hour(col("t")), minute(col("t")), second(col("t")), date_trunc("hour", col("t")), unix_timestamp(col("t")), from_unixtime(lit(0)), to_date(col("t")),
      to_date(lit("01.02.2024"), "dd.MM.yyyy"), months_between(col("t"), lit("2024-01-31")), from_utc_timestamp(col("t"), "Asia/Tokyo"), col("t") + expr("INTERVAL 1 HOUR"), make_date(lit(2024), lit(2), lit(3)))
  }
  call("array functions") { g =>
    val a = typedLit(Seq(3, 1, 2, 1))
    g.spark.range(1).select(
      size(a), array_contains(a, 2), sort_array(a), array_distinct(a), array_join(a, ","), element_at(a, 1), slice(a, 2, 2), array_max(a), array_min(a), array_position(a, 2), array_remove(a, 1), array_union(a, typedLit(Seq(9))), array_intersect(a, typedLit(Seq(1))), array_except(a, typedLit(Seq(1))), arrays_overlap(a, typedLit(Seq(7))), flatten(typedLit(Seq(Seq(1), Seq(2)))), sequence(lit(1), lit(4)), array_repeat(lit("x"), 2), shuffle(typedLit(Seq(1))))
  }
  call("higher-order functions") { g =>
    val a = typedLit(Seq(1, 2, 3))
    g.spark.range(1).select(
      transform(a, x => x + 1).as("a"), transform(a, (x, i) => x * i).as("b"), filter(a, _ % 2 === 1).as("c"), exists(a, _ > 2).as("d"), forall(a, _ > 2).as("e"), aggregate(a, lit(0), (acc, x) => acc + x).as("f"), zip_with(a, a, (x, y) => x * y).as("g"),
      transform_values(typedLit(Map("k" -> 1)), (_, v) => v + 1).as("h"), map_filter(typedLit(Map("k" -> 1, "l" -> 2)), (_, v) => v > 1).as("i"), array_sort(a, (x, y) => y - x).as("j"))
  }
  call("map functions") { g =>
    val m = typedLit(Map("a" -> 1, "b" -> 2))
    g.spark.range(1).select(map_keys(m), map_values(m), map_entries(m), map_concat(m, typedLit(Map("c" -> 3))), map_from_arrays(array(lit("x")), array(lit(1))), element_at(m, "a"), map_contains_key(m, "z"), size(m))
  }
  call("making structs, arrays and maps") { g =>
    import g.spark.implicits._
    g.people.filter($"id" < 3).select(struct($"id", $"name"), array($"id", $"age"), map(lit("k"), $"id"), named_struct(lit("x"), $"id")).orderBy($"id")
  }
  call("explode and its relatives") { g =>
    import g.spark.implicits._
    val frame = g.spark.sql("SELECT * FROM VALUES (1, array('a', 'b')), (2, array()), (3, NULL) AS t(id, words)")
    Seq(frame.select($"id", explode($"words")), frame.select($"id", explode_outer($"words").as("w")), frame.select($"id", posexplode($"words")))
      .flatMap(each => each.schema.toDDL +: each.orderBy("id").collect().toSeq)
  }
  call("inline and stack") { g =>
    g.spark.sql("SELECT array(named_struct('a', 1, 'b', 'x'), named_struct('a', 2, 'b', 'y')) s").select(inline(col("s"))).orderBy("a")
  }
  call("JSON functions") { g =>
    g.spark.range(1).select(
      to_json(struct(lit(1).as("a"), lit("x").as("b"))), from_json(lit("""{"a": 1, "b": [1, 2]}"""), StructType.fromDDL("a INT, b ARRAY<INT>")), get_json_object(lit("""{"a": {"b": 1}}"""), "$.a.b"), json_array_length(lit("[1, 2]")), schema_of_json("""{"a": 1}"""))
  }
  call("hashes") { g => g.spark.range(1).select(md5(lit("a").cast("binary")), sha1(lit("a").cast("binary")), sha2(lit("a").cast("binary"), 256), crc32(lit("a").cast("binary")), hash(lit(1), lit("a")), xxhash64(lit("a")), base64(lit("abc").cast("binary"))) }
  call("NULLs") { g =>
    import g.spark.implicits._
    g.people.select(coalesce($"age", lit(0)), isnull($"age"), isnan($"score"), nvl($"city", lit("?")), nullif($"age", lit(45)), nanvl($"score", lit(0.0)), ifnull($"name", lit("nobody"))).orderBy($"id")
  }
  call("expr and callFunction") { g =>
    import g.spark.implicits._
    g.spark.range(1, 3).select(expr("id + 1"), expr("CASE WHEN id > 1 THEN 'big' ELSE 'small' END AS size"), call_function("upper", lit("x"))).orderBy($"size".desc)
  }
  call("a window of the current moment") { g => g.spark.range(1).select(current_date() === to_date(current_timestamp()), current_timestamp().isNotNull) }
  call("hint, alias and transform") { g =>
    import g.spark.implicits._
    g.people.as("p").hint("broadcast").transform(_.filter($"p.id" > 4)).select($"p.id").orderBy($"p.id")
  }
  call("describe and summary") { g => g.people.select("age", "name").summary("count", "min", "max").collect().toSeq ++ g.people.describe("age").collect().toSeq }
  call("repartition and coalesce keep rows") { g => Seq(g.spark.range(9).repartition(3).count(), g.spark.range(9).coalesce(1).count(), g.spark.range(9).repartition(2, col("id")).count()) }
  call("unpivot") { g =>
    g.spark.sql("SELECT 1 id, 10 a, 20 b").unpivot(Array(col("id")), Array(col("a"), col("b")), "name", "value").orderBy("name")
  }
}
