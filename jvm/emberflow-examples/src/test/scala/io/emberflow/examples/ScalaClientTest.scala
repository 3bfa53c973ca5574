package io.emberflow.examples

import org.apache.spark.sql.{AnalysisException, Dataset, SparkSession}
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._
import org.junit.jupiter.api.{Test, Timeout}
import org.junit.jupiter.api.Assertions.{assertEquals, assertThrows, assertTrue}

case class Trip(from: String, to: String, km: Double, stops: Option[Int])

case class Total(from: String, km: Double)

/** Scala's way of saying the same things: implicits, case classes, `$"..."`. */
@Timeout(120)
class ScalaClientTest {
  private val url = System.getProperty("emberflow.test.remote", "sc://emberflow")
  private val spark: SparkSession = SparkSession.builder().remote(url).getOrCreate()
  import spark.implicits._

  private val trips = Seq(
    Trip("Oslo", "Rome", 2000.5, Some(1)),
    Trip("Rome", "Nice", 500.25, None),
    Trip("Oslo", "Nice", 1800.0, Some(2)))

  private def dataset: Dataset[Trip] = trips.toDS()

  @Test def caseClassesComeBack(): Unit = {
    assertEquals(trips, dataset.collect().toSeq)
    assertEquals("from STRING,to STRING,km DOUBLE NOT NULL,stops INT", dataset.schema.toDDL)
  }

  @Test def tuplesBecomeColumns(): Unit = {
    val frame = Seq((1, "a"), (2, null), (3, "c")).toDF("n", "t")
    assertEquals(Seq((1, "a"), (3, "c")), frame.filter($"t".isNotNull).as[(Int, String)].collect().toSeq)
  }

  @Test def columnsAreWrittenWithDollars(): Unit = {
    val totals = dataset
      .groupBy($"from")
      .agg(round(sum($"km"), 1).as("km"))
      .orderBy($"km".desc)
      .as[Total]
    assertEquals(Seq(Total("Oslo", 3800.5), Total("Rome", 500.3)), totals.collect().toSeq)
  }

  @Test def windowsAndJoins(): Unit = {
    val longest = dataset
      .withColumn("n", row_number().over(Window.partitionBy($"from").orderBy($"km".desc)))
      .filter($"n" === 1)
      .select($"from", $"to")
    val lands = Seq("Oslo" -> "NO", "Rome" -> "IT").toDF("city", "land")
    val joined = longest.join(lands, $"from" === $"city").orderBy("land").select("land", "to").as[(String, String)]
    assertEquals(Seq("IT" -> "Nice", "NO" -> "Rome"), joined.collect().toSeq)
  }

  @Test def nestedValues(): Unit = {
    val frame = Seq((1, Seq("x", "y"), Map("k" -> 1.5))).toDF("id", "words", "map")
    val row = frame.select($"words"(1), $"map"("k"), size($"words")).as[(String, Double, Int)].head()
    assertEquals(("y", 1.5, 2), row)
    assertEquals(Seq("x", "y"), frame.select(explode($"words")).as[String].collect().toSeq)
  }

  @Test def aDatasetOfManyRowsIsUploaded(): Unit = {
    val many = (0 until 50000).map(i => (i.toLong, s"row $i"))
    val frame = many.toDF("id", "text")
    assertEquals(50000L, frame.count())
    assertEquals((49999L, "row 49999"), frame.orderBy($"id".desc).as[(Long, String)].head())
  }

  @Test def errorsHaveTheirConditions(): Unit = {
    val e = assertThrows(classOf[AnalysisException], () => dataset.select($"kmm").collect())
    assertEquals("UNRESOLVED_COLUMN.WITH_SUGGESTION", e.getCondition)
  }

  @Test def aLambdaIsRefusedClearly(): Unit = {
    if (url == "sc://emberflow") {
      val e = assertThrows(classOf[Exception], () => dataset.map(_.km * 2).collect())
      assertTrue(e.getMessage.contains("UNSUPPORTED_FEATURE"), e.getMessage)
    } else {
      assertEquals(5, 5) // Apache's server runs it
    }
  }
}
