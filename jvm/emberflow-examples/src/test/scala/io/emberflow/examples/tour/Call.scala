package io.emberflow.examples.tour

import java.nio.file.Path

import org.apache.spark.sql.{DataFrame, SparkSession}

/** One everyday call of the tour: its name, and what it gives. */
final case class Call(name: String, run: Ground => Any)

/** What calls stand on: a session with the views below, and a folder that is empty before each call. */
final class Ground(val spark: SparkSession, val folder: Path) {
  def people: DataFrame = spark.table("people")
  def trips: DataFrame = spark.table("trips")
  def at(name: String): String = folder.resolve(name).toString
}

object Ground {

  /** The views every call may use: small, with NULLs, duplicates and ties. */
  def prepare(spark: SparkSession): Unit = {
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark
      .sql("""SELECT * FROM VALUES
             |  (1, 'Ada', 36, 'London', 3.5D, date'1815-12-10'),
             |  (2, 'Grace', 45, 'New York', NULL, date'1906-12-09'),
             |  (3, 'Alan', 41, 'London', 2.25D, date'1912-06-23'),
             |  (4, 'Edsger', NULL, 'Rotterdam', 9.0D, date'1930-05-11'),
             |  (5, NULL, 28, NULL, 1.0D, NULL),
             |  (6, 'Barbara', 45, 'New York', 3.5D, date'1939-11-07')
             |AS t(id, name, age, city, score, born)""".stripMargin)
      .createOrReplaceTempView("people")
    spark
      .sql("""SELECT * FROM VALUES
             |  ('Oslo', 'Rome', 2000.5D, 1), ('Rome', 'Nice', 500.25D, NULL),
             |  ('Oslo', 'Nice', 1800.0D, 2), ('Bonn', NULL, 12.0D, 0)
             |AS t(from, to, km, stops)""".stripMargin)
      .createOrReplaceTempView("trips")
  }
}

/** A group of calls that belong together. */
trait Calls {
  private val made = Seq.newBuilder[Call]

  protected def call(name: String)(run: Ground => Any): Unit = made += Call(name, run)

  def calls: Seq[Call] = made.result()
}
