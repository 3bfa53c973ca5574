package io.emberflow.examples.tour

import java.io.ByteArrayOutputStream
import java.nio.charset.StandardCharsets

import scala.jdk.CollectionConverters._

import org.apache.spark.SparkThrowable
import org.apache.spark.sql.{Dataset, Row}

/**
 * What a call gave, as lines that a person can diff: a Dataset's schema and rows, a value, or the error.
 *
 * Rows stand in the order they came, so a call whose rows have no order sorts them itself.
 */
object Told {
  def of(run: => Any): Seq[String] =
    try lines(run)
    catch {
      case e: Exception with SparkThrowable if e.getCondition != null => error(e)
      case e: Exception => Seq(kind(e))
    }

  private def lines(given: Any): Seq[String] = given match {
    case frame: Dataset[_] => frame.schema.toDDL +: frame.collect().toSeq.map(text)
    case many: Array[Byte] => Seq(text(many))
    case many: Array[_] => many.toSeq.map(text)
    case many: Seq[_] => many.map(text)
    case many: java.util.List[_] => many.asScala.toSeq.map(text)
    case words: String => words.split("\n", -1).toSeq.map(_.replaceAll("\\s+$", "")).reverse.dropWhile(_.isEmpty).reverse
    case () => Seq("done")
    case other => Seq(text(other))
  }

  private def text(value: Any): String = value match {
    case null => "null"
    case row: Row => row.toSeq.map(text).mkString("[", ", ", "]")
    case Some(some) => s"Some(${text(some)})"
    case bytes: Array[Byte] => bytes.map(byte => f"$byte%02X").mkString("x'", "", "'")
    case array: Array[_] => array.map(text).mkString("(", ", ", ")")
    case map: scala.collection.Map[_, _] =>
      map.toSeq.map { case (key, value) => s"${text(key)} -> ${text(value)}" }.sorted.mkString("{", ", ", "}")
    case map: java.util.Map[_, _] => text(map.asScala)
    case many: scala.collection.Iterable[_] => many.map(text).mkString("(", ", ", ")")
    case many: java.util.List[_] => text(many.asScala)
    case product: Product => product.productIterator.map(text).mkString(product.productPrefix + "(", ", ", ")")
    case other => other.toString
  }

  private def error(e: Exception with SparkThrowable): Seq[String] = {
    val parameters = e.getMessageParameters.asScala.toSeq.sorted.map { case (name, value) =>
      s"  $name: ${value.replaceAll("#\\d+", "#N").replace("\n", " ")}"
    }
    s"${kind(e)} ${e.getCondition} ${e.getSqlState}" +: parameters
  }

  private def kind(e: Exception): String = e.getClass.getSimpleName

  /** What a call prints. */
  def printed(run: => Unit): String = {
    val out = new ByteArrayOutputStream
    Console.withOut(out)(run)
    out.toString(StandardCharsets.UTF_8)
  }
}
