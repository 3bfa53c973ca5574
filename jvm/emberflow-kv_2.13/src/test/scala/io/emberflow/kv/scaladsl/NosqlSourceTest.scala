package io.emberflow.kv.scaladsl

import scala.concurrent.{Await, Future}
import scala.concurrent.duration.DurationInt
import scala.util.{Failure, Success, Try}

import org.apache.spark.SparkThrowable
import org.apache.spark.sql.{DataFrame, SaveMode, SparkSession}
import org.apache.spark.sql.functions.lit
import org.junit.jupiter.api.{BeforeEach, Test, TestInfo, Timeout}
import org.junit.jupiter.api.Assertions.{assertEquals, assertTrue}

import SaveMode.{Append, ErrorIfExists, Ignore, Overwrite}

/**
 * NoSQL tables as DataFrames through Apache's own client: vectors of the specification, under their numbers; every error
 * that a DataFrame or SQL can raise, by its name, and that nothing is written then; a script for v3io:// paths.
 *
 * `w` writes rows into the test's table with the key column `k`. Not here: items (`KeyValueOperationsTest`).
 */
@Timeout(180)
class NosqlSourceTest {
  private val spark: SparkSession = SparkSession.builder().remote("sc://emberflow").getOrCreate()
  private val kv = KeyValueOperations(ContainerAlias("source"), Map("remote" -> "sc://emberflow"))
  private var t: String = _
  private var path: String = _

  private def now[A](future: Future[A]): A = Await.result(future, 60.seconds)

  @BeforeEach def anEmptyTableForEachTest(test: TestInfo): Unit = {
    t = test.getTestMethod.get.getName
    path = s"ember://source/$t"
    now(kv.deleteTable(EmberPath(t), ignoreMissing = true))
  }

  private def has(key: String, fields: (String, Any)*): Unit = hasIn(t, key, fields: _*)

  private def hasIn(table: String, key: String, fields: (String, Any)*): Unit =
    now(kv.put(EmberPath(table), SimpleRow(key, fields.toMap)))

  private def schema(columns: String, more: String = "", table: String = t): Unit = {
    val fields = columns.split(", ").map(_.split(" ")).map(column => s"""{"name":"${column(0)}","type":"${column(1)}"}""")
    now(kv.setSchema(EmberPath(table), s"""{"fields":[${fields.mkString(",")}],"key":"k"$more}"""))
  }

  private def w(mode: SaveMode, rows: String, options: (String, String)*): Unit = to(path, mode, rows, options: _*)

  private def to(path: String, mode: SaveMode, rows: String, options: (String, String)*): Unit =
    spark.sql(s"SELECT $rows").write.format("nosql").mode(mode).option("key", "k").options(options.toMap).save(path)

  private def item(key: String, folder: String = ""): Option[Map[String, Any]] = now(kv.get(EmberPath(t + folder), key))

  private def names: Set[Any] = kv.scan(EmberPath(t), ScanSpec(select = Seq("__name"))).map(_("__name")).toSet

  private def storedSchema: Option[String] = now(kv.schema(EmberPath(t)))

  private def read(options: (String, String)*): DataFrame = spark.read.format("nosql").options(options.toMap).load(path)

  private def rows(frame: DataFrame): Set[String] = frame.collect().map(_.mkString(" ")).toSet

  private def planOf(frame: DataFrame): String = {
    frame.createOrReplaceTempView("planned")
    spark.sql("EXPLAIN SELECT * FROM planned").collect().map(_.getString(0)).mkString
  }

  /** Everything that lies in the container. */
  private def everything: String = {
    val tables = """"path":"([^"]*)","kind":"table"""".r.findAllMatchIn(now(kv.list())).map(_.group(1)).toSeq.sorted
    val content = (table: String) =>
      s"$table ${now(kv.schema(EmberPath(table)))} ${kv.scan(EmberPath(table)).map(_.toSeq.sortBy(_._1).toString).toSeq.sorted}"
    tables.map(content).mkString("\n")
  }

  /** That it is refused by this name, and that nothing was written. */
  private def refuses(name: String)(work: => Any): Unit = {
    val before = everything
    val condition = "NOSQL." + name.replaceAll("(?<=.)([A-Z])", "_$1").toUpperCase
    Try(work) match {
      case Success(_) => throw new AssertionError(s"$name was not raised")
      case Failure(thrown: SparkThrowable) =>
        assertEquals(condition, thrown.getCondition, thrown.asInstanceOf[Throwable].getMessage)
        assertTrue(thrown.asInstanceOf[Throwable].getMessage.contains(s"$name: "))
      case Failure(other) => throw other
    }
    assertEquals(before, everything, name)
  }

  @Test def vector01AFirstWriteMakesTableAndSchema(): Unit = {
    w(ErrorIfExists, "'p' AS k, 1 AS a")
    assertEquals(Some(Map("k" -> "p", "a" -> 1L)), item("p"))
    assertTrue(storedSchema.get.contains("\"key\":\"k\""))
  }

  @Test def vector02ErrorIfExistsRefusesWhatIsThere(): Unit = {
    has("p", "k" -> "p", "a" -> 1)
    refuses("TableExists")(w(ErrorIfExists, "'q' AS k, 2 AS a"))
  }

  @Test def vector03IgnoreLeavesWhatIsThere(): Unit = {
    has("p", "k" -> "p", "a" -> 1)
    val before = everything
    w(Ignore, "'p' AS k, 9 AS a")
    assertEquals(before, everything)
  }

  @Test def vector04OverwriteBeginsAnew(): Unit = {
    has("p", "a" -> 1)
    has("q", "a" -> 2)
    w(Overwrite, "'q' AS k, 'x' AS b")
    assertEquals((Set("q"), Some(Map("k" -> "q", "b" -> "x"))), (names, item("q")))
  }

  @Test def vector05AppendAddsWhatIsMissing(): Unit = {
    schema("k string, a long, b long")
    has("p", "k" -> "p", "a" -> 1)
    w(Append, "'p' AS k, 7 AS a, 8 AS b")
    assertEquals(Some(Map("k" -> "p", "a" -> 1L, "b" -> 8L)), item("p"))
  }

  @Test def vector06ColumnUpdateReplaces(): Unit = {
    schema("k string, a long, b long")
    has("p", "k" -> "p", "a" -> 1)
    w(Append, "'p' AS k, 7 AS a", "columnUpdate" -> "true")
    assertEquals(Some(Map("k" -> "p", "a" -> 7L)), item("p"))
  }

  @Test def vector07AttributesThatAreNoColumnsStay(): Unit = {
    schema("k string, a long, b long")
    has("p", "k" -> "p", "a" -> 1, "b" -> 2)
    val before = storedSchema
    w(Append, "'p' AS k, 7 AS a", "columnUpdate" -> "true")
    assertEquals((Some(Map("k" -> "p", "a" -> 7L, "b" -> 2L)), before), (item("p"), storedSchema))
  }

  @Test def vector08NullRemoves(): Unit = {
    has("p", "k" -> "p", "a" -> 1, "b" -> 2)
    w(Append, "'p' AS k, CAST(NULL AS INT) AS a, 3 AS b", "columnUpdate" -> "true")
    assertEquals(Some(Map("k" -> "p", "b" -> 3L)), item("p"))
  }

  @Test def vector09CountersAdd(): Unit = {
    has("p", "k" -> "p", "n" -> 40, "w" -> "old")
    w(Append, "'p' AS k, 2 AS n, 'new' AS w", "counter" -> "n")
    assertEquals(Some(Map("k" -> "p", "n" -> 42L, "w" -> "new")), item("p"))
  }

  @Test def vector10ACounterBeginsWithWhatIsGiven(): Unit = {
    schema("k string, n long, w string")
    has("p", "k" -> "p", "w" -> "old")
    w(Append, "'p' AS k, -3 AS n, CAST(NULL AS STRING) AS w", "counter" -> " n ")
    assertEquals(Some(Map("k" -> "p", "n" -> -3L)), item("p"))
  }

  @Test def vector11RowsOfOneKeyAddUp(): Unit = {
    has("p", "k" -> "p", "n" -> 4)
    w(Append, "* FROM VALUES ('p', 1), ('p', 2) AS v(k, n)", "counter" -> "n")
    assertEquals(Some(Map("k" -> "p", "n" -> 7L)), item("p"))
  }

  @Test def vector12OverwriteStoresThePlainValue(): Unit = {
    has("p", "k" -> "p", "n" -> 4)
    w(Overwrite, "'p' AS k, 1 AS n", "counter" -> "n")
    assertEquals(Some(Map("k" -> "p", "n" -> 1L)), item("p"))
  }

  @Test def vector13ACounterIsAColumn(): Unit = {
    refuses("InvalidOption")(w(Append, "'p' AS k, 1 AS n", "counter" -> "zz"))
    has("p", "k" -> "p", "n" -> 4)
    refuses("InvalidOption")(w(Append, "'p' AS k, 1 AS n", "counter" -> "zz"))
  }

  @Test def vector14AConditionReplacesWithoutColumnUpdate(): Unit = {
    has("p", "k" -> "p", "v" -> 3, "t" -> "o")
    w(Append, "'p' AS k, 4 AS v, 'n' AS t", "condition" -> "${v} > v")
    assertEquals(Some(Map("k" -> "p", "v" -> 4L, "t" -> "n")), item("p"))
  }

  @Test def vector15ARowThatDoesNotPassIsSkipped(): Unit = {
    has("p", "k" -> "p", "v" -> 4, "t" -> "n")
    w(Append, "'p' AS k, 4 AS v, 'z' AS t", "condition" -> "${v} > v")
    assertEquals(Some(Map("k" -> "p", "v" -> 4L, "t" -> "n")), item("p"))
  }

  @Test def vector16AConditionOnAnAbsentItemCreatesNothing(): Unit = {
    has("p", "k" -> "p", "v" -> 3, "t" -> "o")
    w(Append, "'q' AS k, 9 AS v, 'n' AS t", "condition" -> "${v} > v")
    assertEquals(Set("p"), names)
  }

  @Test def vector17NotExistsCreates(): Unit = {
    has("p", "k" -> "p", "v" -> 3, "t" -> "o")
    w(Append, "'q' AS k, 9 AS v, 'n' AS t", "condition" -> "not(exists(v))")
    assertEquals(Some(Map("k" -> "q", "v" -> 9L, "t" -> "n")), item("q"))
  }

  @Test def vector18AConditionOnColumnsAloneCanCreate(): Unit = {
    w(Append, "* FROM VALUES ('p', 9), ('q', 1) AS v(k, v)", "condition" -> "${v} > 5")
    assertEquals(Set("p"), names)
  }

  @Test def vector19AConditionWithACounter(): Unit = {
    has("p", "k" -> "p", "v" -> 3)
    w(Append, "'p' AS k, 10 AS v", "condition" -> "v==3", "counter" -> "v")
    assertEquals(Some(Map("k" -> "p", "v" -> 13L)), item("p"))
  }

  @Test def vector20AnotherTypeIsAMismatch(): Unit = {
    schema("k string, a long")
    refuses("SchemaMismatch")(w(Append, "'p' AS k, 1.5D AS a"))
  }

  @Test def vector21ARetypedColumnReadsWhatIsStored(): Unit = {
    schema("k string, a long")
    has("q", "k" -> "q", "a" -> 4)
    w(Append, "'p' AS k, 1.5D AS a", "allow-overwrite-schema" -> "true")
    assertEquals(Set("p 1.5", "q 4.0"), rows(read()))
  }

  @Test def vector22WithoutASchemaAReadHasToInfer(): Unit = {
    has("p", "k" -> "p", "a" -> 1)
    refuses("SchemaNotFound")(read().collect())
    assertEquals(Set("1 p"), rows(read("inferSchema" -> "true").select("a", "k")))
  }

  @Test def vector23InferenceUnitesAttributes(): Unit = {
    has("p", "k" -> "p", "a" -> 1)
    has("q", "k" -> "q", "a" -> 2.5, "c" -> true)
    val inferred = read("inferSchema" -> "true").select("k", "a", "c")
    assertEquals("struct<k:string,a:double,c:boolean>", inferred.schema.simpleString)
    assertEquals(Set("p 1.0 null", "q 2.5 true"), rows(inferred))
  }

  @Test def vector24SortingPartsMayHoldPeriods(): Unit = {
    w(Append, "'u' AS k, 'a.b' AS s", "sorting-key" -> "s")
    assertEquals(Set("u.a.b"), names)
  }

  @Test def vector25ShardingPartsMayNot(): Unit = {
    schema("k string")
    refuses("InvalidKeyValue")(w(Append, "'a.b' AS k"))
  }

  @Test def vector26TheKeyIsRequired(): Unit =
    refuses("MissingOption")(spark.sql("SELECT 'p' AS k").write.format("nosql").mode(Append).save(path))

  private def buckets(): Unit =
    w(
      Append,
      "* FROM VALUES (7, '20180602'), (7, '2024-03-01') AS v(k, s)",
      "sorting-key" -> "s",
      "range-scan-even-distribution" -> "true")

  @Test def vector27EvenDistribution(): Unit = {
    buckets()
    assertEquals(Set("7_36.20180602", "7_30.2024-03-01"), names)
  }

  @Test def vector28EvenDistributionIsReadByItsBuckets(): Unit = {
    buckets()
    assertEquals(2, read().filter("k = 7").count())
    assertTrue(planOf(read().filter("k = 7")).contains("Access: range(64)"))
    val one = read().filter("k = 7 AND s = '20180602'")
    assertTrue(planOf(one).contains("Access: point(1)"))
    assertEquals(Set("7 20180602"), rows(one))
  }

  private def letters(): Unit = {
    schema("k string, s string", ",\"sortingKey\":\"s\"")
    for ((k, s) <- Seq("u" -> "a", "u" -> "b", "u" -> "c", "v" -> "a")) has(s"$k.$s", "k" -> k, "s" -> s)
  }

  @Test def vector29ARangeReadsWhatItNames(): Unit = {
    letters()
    val range = read().filter("k='u' AND s > 'a' AND s <= 'c'")
    assertTrue(planOf(range).contains("Access: range(1)"))
    assertEquals(Set("u b", "u c"), rows(range))
  }

  @Test def vector30NumbersDoNotOrderAsTexts(): Unit = {
    schema("k string, n long", ",\"sortingKey\":\"n\"")
    for (n <- Seq(2, 10, 9)) has(s"u.$n", "k" -> "u", "n" -> n)
    val late = read().filter("k='u' AND n > 9")
    assertTrue(planOf(late).contains("Access: range(1)"))
    assertEquals(Set("u 10"), rows(late))
  }

  @Test def vector31AnInequalityScansEverything(): Unit = {
    letters()
    assertTrue(planOf(read().filter("k != 'u'")).contains("Access: full"))
    assertEquals(Set("v a"), rows(read().filter("k != 'u'")))
  }

  private def months(): Unit =
    w(Append, "* FROM VALUES ('p', 2024, 2), ('p', 2023, 2) AS v(k, y, m)", "partition" -> "y, m")

  @Test def vector32PartitionsAreFolders(): Unit = {
    months()
    assertEquals(Some(Map("k" -> "p", "y" -> 2024L, "m" -> 2L)), item("p", "/y=2024/m=2"))
    assertEquals(Some(Map("k" -> "p", "y" -> 2023L, "m" -> 2L)), item("p", "/y=2023/m=2"))
  }

  @Test def vector33FiltersOpenTheFoldersTheyNeed(): Unit = {
    months()
    val late = read().filter("m = 2 AND y > 2023")
    assertTrue(planOf(late).contains("Folders: 1 of 2"))
    assertEquals(Set("p 2024 2"), rows(late))
  }

  @Test def vector34PartitionsAreInheritedAndNeverChanged(): Unit = {
    months()
    refuses("PartitionMismatch")(w(Append, "'r' AS k, 2022 AS y, 1 AS m", "partition" -> "m"))
    w(Append, "'r' AS k, 2022 AS y, 1 AS m")
    assertTrue(item("r", "/y=2022/m=1").isDefined)
  }

  @Test def vector62NarrowNumbersWiden(): Unit = {
    w(Append, "'p' AS k, CAST(5 AS INT) AS i, CAST(0.5 AS FLOAT) AS f")
    assertEquals("struct<k:string,i:bigint,f:double>", read().schema.simpleString)
    assertEquals(Set("p 5 0.5"), rows(read()))
  }

  @Test def vector64ATableIsNotOverwrittenByItself(): Unit = {
    schema("k string, a long")
    has("p", "k" -> "p", "a" -> 1)
    refuses("OverwriteOfInput")(read().write.format("nosql").mode(Overwrite).option("key", "k").save(path))
  }

  /** Tables that something is wrong with, one way or another. */
  private def faulty(): Unit = {
    for (table <- Seq("folders", "odd", "blobs", "bare", "clash", "new"))
      now(kv.deleteTable(EmberPath(table), ignoreMissing = true))
    schema("k string, a long, s string")
    has("p", "k" -> "p", "a" -> Long.MaxValue, "s" -> "x")
    schema("k string, y long, m long", ",\"partitionKeys\":[\"y\",\"m\"]", "folders")
    schema("k string, a long", table = "odd")
    hasIn("odd", "p", "k" -> "p", "a" -> "x")
    schema("k string, b blob, c blob", table = "blobs")
    hasIn("bare", "p", "k" -> "p")
    hasIn("clash", "p", "a" -> 1)
    hasIn("clash", "q", "a" -> "x")
  }

  @Test def errorsOfWrites(): Unit = {
    faulty()
    val fresh = "ember://source/new"
    val q = "'q' AS k"
    refuses("InvalidPath")(to("ember://source/a/../b", Append, q))
    refuses("InvalidPath")(to("ember://Source/t", Append, q))
    refuses("InvalidOption")(w(Append, q, "columnUpdate" -> "maybe"))
    refuses("InvalidOption")(to(fresh, Append, q, "range-scan-even-distribution" -> "true"))
    refuses("KeyColumnMissing")(to(fresh, Append, q, "key" -> "zz"))
    refuses("KeyColumnMissing")(to(fresh, Append, q, "sorting-key" -> "zz"))
    refuses("InvalidKeyType")(to(fresh, Append, "1.5D AS k"))
    for (value <- Seq("CAST(NULL AS STRING)", "''", "'a/b'", "repeat('k', 256)"))
      refuses("InvalidKeyValue")(w(Append, s"$value AS k"))
    refuses("InvalidAttributeName")(to(fresh, Append, "'q' AS k, 1 AS `a b`"))
    refuses("ReservedName")(to(fresh, Append, "'q' AS k, 1 AS __name"))
    refuses("UnsupportedType")(to(fresh, Append, "'q' AS k, DATE'2024-01-01' AS d"))
    refuses("UnsupportedType")(to(fresh, Append, "'q' AS k, map('a', 1) AS d"))
    refuses("InvalidCounterType")(w(Append, "'q' AS k, 'x' AS s", "counter" -> "s"))
    refuses("SchemaMismatch")(w(Append, "'q' AS k, 1 AS another"))
    refuses("KeyMismatch")(w(Append, "'q' AS s", "key" -> "s"))
    refuses("PartitionMismatch")(to("ember://source/folders", Append, "'q' AS k, 1 AS y, 1 AS m", "partition" -> "m"))
    refuses("TypeMismatch")(w(Append, "k, a FROM nosql.`ember://source/odd`"))
    refuses("ParseError")(w(Append, "'q' AS k, 1 AS a", "condition" -> "a = 1"))
    refuses("ParseError")(w(Append, "'q' AS k, 1 AS a", "condition" -> "${zz} > 1"))
    refuses("TypeError")(to("ember://source/odd", Append, "'p' AS k, 1 AS a", "counter" -> "a"))
    refuses("ArithmeticOverflow")(w(Append, "'p' AS k, 1 AS a", "counter" -> "a"))
    refuses("AttributeTooLarge")(w(Append, "'q' AS k, repeat('x', 61201) AS s"))
    val million = "unhex(repeat('00', 1048576))"
    refuses("ItemTooLarge")(to("ember://source/blobs", Append, s"'q' AS k, $million AS b, $million AS c"))
    val many = spark.range(1).select(lit("q").as("k") +: (0 until 1600).map(at => lit(at).as(s"a$at")): _*)
    refuses("LimitExceeded")(many.write.format("nosql").mode(Overwrite).option("key", "k").save(path))
  }

  @Test def errorsOfReads(): Unit = {
    faulty()
    def load(at: String, options: (String, String)*) =
      spark.read.format("nosql").options(options.toMap).load(at).collect()
    refuses("InvalidPath")(load("ember://source/*"))
    refuses("InvalidOption")(load(path, "inferSchema" -> "maybe"))
    refuses("SchemaNotFound")(load("ember://source/bare"))
    refuses("SchemaInferenceError")(load("ember://source/clash", "inferSchema" -> "true"))
    refuses("TypeMismatch")(load("ember://source/odd"))
    refuses("TableNotFound")(load("ember://source/none"))
    refuses("UnsupportedType")(spark.read.format("nosql").schema("k DATE").load(path).collect())
  }

  @Test def errorsOfStatementsAndTables(): Unit = {
    faulty()
    for (name <- Seq("refusing", "counting")) spark.sql(s"DROP TABLE IF EXISTS $name")
    def table(name: String, options: String): Unit =
      spark.sql(s"CREATE TABLE $name (k STRING, a BIGINT, s STRING) USING nosql OPTIONS ($options) LOCATION '$path'")
    table("refusing", "key 'k'")
    table("counting", "key 'k', counter 'a'")
    refuses("InvalidKeyValue")(spark.sql("INSERT INTO refusing VALUES ('a.b', 1, 'x')"))
    refuses("InvalidKeyValue")(spark.sql("SELECT 'a.b', 1L, 'x'").write.insertInto("refusing"))
    refuses("ArithmeticOverflow")(spark.sql("SELECT 'p', 1L, 'x'").write.insertInto("counting"))
    refuses("OverwriteOfInput")(spark.table("refusing").write.mode(Overwrite).insertInto("refusing"))
    val row = spark.sql("SELECT 'p' AS k, 1L AS a, 'x' AS s")
    refuses("InvalidCounterType")(row.write.format("nosql").mode(Append).option("counter", "s").saveAsTable("refusing"))
    refuses("InvalidOption")(row.writeTo("refusing").overwritePartitions())
    for (name <- Seq("refusing", "counting")) spark.sql(s"DROP TABLE $name")
    assertEquals(Some("x"), item("p").map(_("s")))
  }

  /** As it was written for another store; only the container is the test's. */
  @Test def aScriptForV3ioPathsRunsUnchanged(): Unit = {
    import spark.implicits._
    val cars = "v3io://source/cars/"
    now(kv.deleteTable(EmberPath("cars"), ignoreMissing = true))
    Seq(("Kia", "2016", 10L, 9.5), ("Audi", "2018", 3L, 30.0))
      .toDF("brand", "year", "sold", "price")
      .write
      .format("io.iguaz.v3io.spark.sql.kv")
      .option("Key", "brand")
      .option("sorting-key", "year")
      .save(cars)
    def more(frame: DataFrame, options: (String, String)*): Unit =
      frame.write
        .format("io.iguaz.v3io.spark.sql.kv")
        .mode("append")
        .option("Key", "brand")
        .option("sorting-key", "year")
        .options(options.toMap)
        .save(cars)
    more(Seq(("Kia", "2016", 5L), ("Fiat", "2020", 1L)).toDF("brand", "year", "sold"), "counter" -> "sold")
    more(Seq(("Audi", "2018", 28.0)).toDF("brand", "year", "price"), "columnUpdate" -> "true")
    more(Seq(("Audi", "2018", 29.0), ("Kia", "2016", 9.0)).toDF("brand", "year", "price"), "condition" -> "${price} < price")
    val found = spark.read.format("io.iguaz.v3io.spark.sql.kv").load(cars)
    assertEquals(Set("Kia 2016 15 9.0", "Audi 2018 3 28.0", "Fiat 2020 1 null"), rows(found))
    assertEquals(Set("Kia 2016 15 9.0"), rows(found.filter($"brand" === "Kia" && $"year" > "2015")))
    more(Seq(("Kia", "2016", "red")).toDF("brand", "year", "colour"), "allow-overwrite-schema" -> "true")
    val inferred = spark.read.format("io.iguaz.v3io.spark.sql.kv").option("inferSchema", "true").load(cars)
    assertEquals(Set("brand", "year", "sold", "price", "colour"), inferred.columns.toSet)
    val drives = "v3io://source/drives"
    Seq((1L, "20180602", 2018, 6), (1L, "20180701", 2018, 7))
      .toDF("car", "day", "year", "month")
      .write
      .format("io.iguaz.v3io.spark.sql.kv")
      .mode("overwrite")
      .option("key", "car")
      .option("sorting-key", "day")
      .option("partition", "year, month")
      .option("range-scan-even-distribution", "true")
      .save(drives)
    val june = spark.read.format("io.iguaz.v3io.spark.sql.kv").load(drives).where("year = 2018 AND month = 6 AND car = 1")
    assertEquals(Set("1 20180602 2018 6"), rows(june))
    val relative = spark.read.format("io.iguaz.v3io.spark.sql.kv").option("container-id", "source").load("/cars")
    assertEquals(3L, relative.count())
  }
}
