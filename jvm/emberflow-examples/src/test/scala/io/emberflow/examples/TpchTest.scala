package io.emberflow.examples

import java.nio.file.{Files, Path}
import java.time.Duration
import java.util.{List => JavaList}

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import com.fasterxml.jackson.databind.node.{ArrayNode, JsonNodeFactory}
import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.types.StructType
import org.junit.jupiter.api.{DynamicTest, TestFactory}
import org.junit.jupiter.api.Assertions.{assertEquals, assertTimeoutPreemptively}
import org.junit.jupiter.api.condition.EnabledIfSystemProperty
import org.junit.jupiter.api.function.Executable

/**
 * The 22 texts of TPC-H at scale 0.01 against what Apache Spark answered; needs -Demberflow.tpch, the folder of the
 * Parquet files. The texts are in tests/tpch, the answers in tests/golden/tpch.
 */
@EnabledIfSystemProperty(named = "emberflow.tpch", matches = ".+")
class TpchTest {
  private val tests = Path.of(System.getProperty("emberflow.root"), "tests")
  private val tables = Seq("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
  private val json = JsonNodeFactory.instance

  private lazy val spark: SparkSession = {
    val session = SparkSession.builder().remote(System.getProperty("emberflow.test.remote", "sc://emberflow")).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    val data = Path.of(System.getProperty("emberflow.tpch"))
    for (table <- tables)
      session.read.parquet(data.resolve(table + ".parquet").toString).createOrReplaceTempView(table)
    session
  }

  @TestFactory def queries(): JavaList[DynamicTest] =
    (1 to 22).map(n => DynamicTest.dynamicTest(s"q$n", () => withinMinutes(2, () => check(n)))).asJava

  private def withinMinutes(minutes: Long, run: Executable): Unit =
    assertTimeoutPreemptively(Duration.ofMinutes(minutes), run)

  private def check(number: Int): Unit = {
    val expected = new ObjectMapper().readTree(tests.resolve(s"golden/tpch/q$number.json").toFile)
    val frame = spark.sql(Files.readString(tests.resolve(s"tpch/q$number.sql")))
    assertEquals(lines(expected.get("schema")), lines(schema(frame.schema)))
    assertEquals(lines(expected.get("rows")), lines(rows(frame.collect())))
  }

  /** One column or row a line, so that a failure reads like a diff. */
  private def lines(items: JsonNode): String = items.elements().asScala.mkString("\n")

  private def schema(schema: StructType): ArrayNode = {
    val columns = json.arrayNode()
    for (field <- schema.fields)
      columns.addArray().add(field.name).add(field.dataType.simpleString + (if (field.nullable) "" else " not null"))
    columns
  }

  private def rows(rows: Array[Row]): ArrayNode = {
    val written = json.arrayNode()
    for (row <- rows) {
      val values = written.addArray()
      row.toSeq.foreach(value => values.add(value match {
        case null => json.nullNode()
        case whole: Int => json.numberNode(whole)
        case whole: Long => if (whole.isValidInt) json.numberNode(whole.toInt) else json.numberNode(whole)
        case decimal: java.math.BigDecimal => json.textNode(decimal.toPlainString)
        case other => json.textNode(other.toString)
      }))
    }
    written
  }
}
