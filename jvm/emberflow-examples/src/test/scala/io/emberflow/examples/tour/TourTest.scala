package io.emberflow.examples.tour

import java.nio.file.{Files, Path}
import java.util.{List => JavaList}

import scala.jdk.CollectionConverters._

import org.apache.spark.sql.SparkSession
import org.junit.jupiter.api.{DynamicTest, TestFactory, Timeout}
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assumptions.assumeTrue

/**
 * A tour of everyday calls through Apache's client, each answered as Apache Spark answered it.
 *
 * The answers lie in tests/golden/scala/tour.txt; tests/oracle/scala records them from a real Spark, which makes this test
 * write what it hears instead of comparing. Calls that differ still stand in tests/golden/pending.txt, as family `scala`.
 */
@Timeout(600)
class TourTest {
  private val golden = Path.of(System.getProperty("emberflow.root"), "tests/golden")
  private val answers = golden.resolve("scala/tour.txt")
  private val recording = System.getProperty("emberflow.tour.record") != null
  private val spark = SparkSession.builder().remote(System.getProperty("emberflow.test.remote", "sc://emberflow")).create()
  private val calls = Seq(TourOfRows, TourOfColumns, TourOfGroups, TourOfJoins, TourOfTables).flatMap(_.calls)

  @TestFactory def tour(): JavaList[DynamicTest] = {
    Ground.prepare(spark)
    if (recording) Seq(DynamicTest.dynamicTest("recording", () => record())).asJava else comparisons
  }

  private def comparisons: JavaList[DynamicTest] = {
    val (expected, later) = (read(), pending)
    assertEquals(expected.keySet, calls.map(_.name).toSet, "calls and recorded answers")
    calls.map { call =>
      DynamicTest.dynamicTest(call.name, () => compare(call, expected(call.name).mkString("\n"), later(call.name)))
    }.asJava
  }

  private def compare(call: Call, expected: String, isPending: Boolean): Unit = {
    val heard = try Right(rounded(told(call).mkString("\n"))) catch { case e: Throwable => Left(e) }
    if (isPending) {
      assumeTrue(heard == Right(rounded(expected)), "differs still, as tests/golden/pending.txt says")
      println(s"passes now, so it can leave the list: ${call.name}")
    } else heard.fold(e => throw e, lines => assertEquals(rounded(expected), lines, call.name))
  }

  /** Sums in another order, and other libraries' logarithms, differ in the last digits of a double. */
  private def rounded(lines: String): String =
    "-?\\d+\\.\\d{12,}".r.replaceAllIn(lines, digits => f"${digits.matched.toDouble}%.11f")

  private def told(call: Call): Seq[String] = {
    val folder = Files.createTempDirectory("emberflow-tour")
    try Told.of(call.run(new Ground(spark, folder)))
    finally Files.walk(folder).sorted(java.util.Comparator.reverseOrder[Path]).forEach(file => Files.delete(file))
  }

  private def record(): Unit = {
    val blocks = calls.map(call => (s"## ${call.name}" +: told(call)).mkString("\n"))
    Files.createDirectories(answers.getParent)
    Files.writeString(answers, blocks.mkString("", "\n\n", "\n"))
  }

  private def read(): Map[String, Seq[String]] =
    Files.readString(answers).stripSuffix("\n").split("(?m)^## ").drop(1).map { block =>
      val lines = block.split("\n", -1).toSeq
      lines.head -> lines.tail.reverse.dropWhile(_.isEmpty).reverse
    }.toMap

  private def pending: Set[String] =
    Files.readAllLines(golden.resolve("pending.txt")).asScala.toSeq
      .filter(_.startsWith("scala\t"))
      .map(_.stripPrefix("scala\t\"").stripSuffix("\""))
      .toSet
}
