package io.emberflow.examples.tour

import java.math.BigDecimal
import java.sql.{Date, Timestamp}
import java.time.{Duration, Instant, LocalDate, LocalDateTime, Period}

import scala.jdk.CollectionConverters._

import org.apache.spark.sql.{Encoders, Row, RowFactory}
import org.apache.spark.sql.functions._
import org.apache.spark.sql.types._

case class Point(x: Int, y: Int)
case class Person(id: Int, name: String, age: Option[Int], city: String)
case class Shape(name: String, corners: Seq[Point], tags: Map[String, Int], middle: Option[Point])
case class Every(
    flag: Boolean, tiny: Byte, small: Short, whole: Int, large: Long, single: Float, twice: Double, exact: BigDecimal,
    words: String, bytes: Array[Byte], day: LocalDate, at: Instant, wall: LocalDateTime)

/** Datasets made from values of this program, typed and read back. */
object TourOfRows extends Calls {
  call("toDS of case classes") { g =>
    import g.spark.implicits._
    Seq(Person(1, "Ada", Some(36), "London"), Person(2, null, None, "Oslo")).toDS()
  }
  call("toDF with names") { g =>
    import g.spark.implicits._
    Seq((1, "a", 1.5), (2, null, 2.5)).toDF("n", "t", "d")
  }
  call("toDF without names") { g =>
    import g.spark.implicits._
    Seq((1, "a")).toDF()
  }
  call("createDataset of strings") { g =>
    import g.spark.implicits._
    g.spark.createDataset(Seq("b", "a", "b"))
  }
  call("createDataset of options") { g =>
    import g.spark.implicits._
    g.spark.createDataset(Seq(Option(1), None, Option(3)))
  }
  call("createDataFrame of products") { g => g.spark.createDataFrame(Seq(Point(1, 2), Point(3, 4))) }
  call("createDataFrame of rows with a schema") { g =>
    val schema = StructType(Seq(StructField("a", IntegerType, nullable = false), StructField("b", ArrayType(StringType))))
    g.spark.createDataFrame(Seq(Row(1, Seq("x", null)), Row(2, null)).asJava, schema)
  }
  call("createDataFrame of no rows") { g => g.spark.createDataFrame(List.empty[Row].asJava, new StructType().add("a", "int")) }
  call("emptyDataFrame") { g => g.spark.emptyDataFrame }
  call("emptyDataset") { g => g.spark.emptyDataset[Point](Encoders.product[Point]) }
  call("range") { g => g.spark.range(2, 9, 3) }
  call("nested case classes") { g =>
    import g.spark.implicits._
    Seq(Shape("line", Seq(Point(0, 0), Point(1, 2)), Map("a" -> 1), Some(Point(0, 1))), Shape("dot", Nil, Map.empty, None)).toDS()
  }
  call("every simple type") { g =>
    import g.spark.implicits._
    Seq(
      Every(true, -7, 300, Int.MaxValue, Long.MinValue, 1.5f, -0.1, new BigDecimal("12345.678"), "žluťoučký", Array(0, -1, 127),
        LocalDate.of(1969, 12, 31), Instant.parse("2024-02-29T23:59:59.123456Z"), LocalDateTime.of(2024, 1, 2, 3, 4, 5))).toDS()
  }
  call("java.sql dates and timestamps") { g =>
    import g.spark.implicits._
    Seq((Date.valueOf("2024-02-29"), Timestamp.from(Instant.parse("2024-02-29T12:00:00Z")))).toDF("d", "t").select($"d", $"t".cast("string"))
  }
  call("periods and durations") { g =>
    import g.spark.implicits._
    Seq((Period.ofMonths(14), Duration.ofHours(25))).toDF("p", "d")
  }
  call("as a case class") { g =>
    import g.spark.implicits._
    g.people.filter("name is not null").select("id", "name", "age", "city").orderBy("id").as[Person]
  }
  call("as a tuple") { g =>
    import g.spark.implicits._
    g.people.filter("name is not null").select($"name", $"id").orderBy($"id").as[(String, Int)]
  }
  call("as a case class whose field is missing") { g =>
    import g.spark.implicits._
    g.spark.range(1).toDF("x").as[Point].collect()
  }
  call("as with NULL in a primitive field") { g =>
    import g.spark.implicits._
    g.people.select($"age".as("x"), $"id".as("y")).as[Point].schema.toDDL
  }
  call("typed columns") { g =>
    import g.spark.implicits._
    Seq(Point(1, 2), Point(3, 4)).toDS().select($"x".as[Int], ($"x" + $"y").as[Int])
  }
  call("one typed column") { g =>
    import g.spark.implicits._
    Seq(Point(1, 2), Point(3, 4)).toDS().select($"y".as[Int])
  }
  call("collect") { g => g.people.select("id", "name").orderBy("id").collect() }
  call("collectAsList") { g => g.people.select("city").distinct().orderBy("city").collectAsList() }
  call("first, head, take, tail") { g =>
    val ordered = g.spark.range(5).orderBy("id")
    Seq(ordered.first(), ordered.head(), ordered.head(2).toSeq, ordered.take(3).toSeq, g.spark.range(5).tail(2).toSeq, ordered.takeAsList(1))
  }
  call("count and isEmpty") { g => Seq(g.people.count(), g.people.isEmpty, g.people.filter("id > 9").isEmpty) }
  call("toLocalIterator") { g => g.spark.range(4).toLocalIterator().asScala.toSeq }
  call("getters of rows") { g =>
    val row = g.people.filter("id = 1").head()
    Seq(
      row.getInt(0), row.getString(1), row.getAs[Int]("age"), row.getAs[String](3), row.getDouble(4), row.getDate(5),
      row.isNullAt(1), row.fieldIndex("city"), row.length, row.schema.fieldNames.toSeq, row.getValuesMap[Any](Seq("id", "name")))
  }
  call("getters of nested values") { g =>
    val row = g.spark.sql("SELECT array(1, 2) a, map('k', 1.5D) m, named_struct('p', 1, 'q', 'x') s, cast(1.20 as decimal(5,2)) d").head()
    Seq(row.getSeq[Int](0), row.getList[Int](0), row.getMap[String, Double](1), row.getStruct(2), row.getDecimal(3))
  }
  call("a getter on NULL") { g =>
    val row = g.people.filter("id = 4").head()
    Seq(row.isNullAt(2), row.get(2), row.anyNull)
  }
  call("pattern of a row") { g =>
    g.people.orderBy("id").select("id", "name").collect().toSeq.collect { case Row(id: Int, name: String) => s"$id is $name" }
  }
  call("show") { g => Told.printed(g.people.orderBy("id").show()) }
  call("show truncated") { g => Told.printed(g.people.orderBy("id").show(2, 4)) }
  call("show not truncated") { g => Told.printed(g.spark.sql("SELECT repeat('long ', 9) AS words").show(false)) }
  call("show vertical") { g => Told.printed(g.people.orderBy("id").show(2, 10, true)) }
  call("printSchema") { g =>
    import g.spark.implicits._
    Told.printed(Seq(Shape("", Nil, Map.empty, None)).toDS().printSchema())
  }
  call("printSchema of a level") { g =>
    import g.spark.implicits._
    Told.printed(Seq(Shape("", Nil, Map.empty, None)).toDS().printSchema(1))
  }
  call("schema, columns, dtypes") { g => Seq(g.people.schema.toDDL, g.people.columns.toSeq, g.people.dtypes.toSeq, g.people.schema("age").dataType) }
  call("schema as JSON") { g => g.people.select("id", "name").schema.json }
  call("toJSON") { g => g.people.select("id", "name", "age").orderBy("id").toJSON }
  call("explain's headers") { g => Told.printed(g.spark.range(2).filter("id > 0").explain(true)).split("\n").filter(_.startsWith("==")) }
  call("a foreach of the driver") { g => g.spark.range(3).orderBy("id").collect().map(_.longValue * 2) }
  call("Encoders of Java types") { g => g.spark.createDataset(List[Integer](1, 2).asJava)(Encoders.INT) }
  call("RowFactory") { g => g.spark.createDataFrame(List(RowFactory.create(Integer.valueOf(1), "a")).asJava, StructType.fromDDL("i INT, s STRING")) }
  call("json of a Dataset of strings") { g =>
    import g.spark.implicits._
    g.spark.read.json(Seq("""{"a": 1, "b": "x"}""", """{"a": 2}""").toDS()).orderBy("a")
  }
  call("csv of a Dataset of strings") { g =>
    import g.spark.implicits._
    g.spark.read.option("header", true).csv(Seq("a,b", "1,x", "2,").toDS()).orderBy("a")
  }
}
