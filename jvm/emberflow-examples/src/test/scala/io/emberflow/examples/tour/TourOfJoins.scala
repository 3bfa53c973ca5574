package io.emberflow.examples.tour

import org.apache.spark.sql.functions._

case class City(city: String, land: String)
case class Dweller(id: Int, city: String)

/** Joins, set operations, subqueries. */
object TourOfJoins extends Calls {
  private def lands(g: Ground) = {
    import g.spark.implicits._
    Seq(City("London", "UK"), City("New York", "US"), City("Paris", "FR")).toDF()
  }

  call("join on a name") { g => g.people.join(lands(g), "city").select("id", "land").orderBy("id") }
  call("join keeps one key") { g => g.people.join(lands(g), Seq("city"), "left").columns }
  for (kind <- Seq("inner", "left", "right", "full", "left_semi", "left_anti"))
    call(s"$kind join") { g =>
      val joined = g.people.select("id", "city").join(lands(g), Seq("city"), kind)
      joined.orderBy(joined.columns.map(col).toIndexedSeq: _*)
    }
  call("join on a condition") { g =>
    val (p, l) = (g.people.as("p"), lands(g).as("l"))
    p.join(l, col("p.city") === col("l.city") && col("p.age") > 40).select("p.id", "l.land").orderBy("p.id")
  }
  call("join by the frames' own columns") { g =>
    val (p, l) = (g.people, lands(g))
    p.join(l, p("city") === l("city"), "left").select(p("id"), l("land"), p("city")).orderBy(p("id"))
  }
  call("crossJoin") { g => g.spark.range(2).crossJoin(g.spark.range(2).toDF("b")).orderBy("id", "b") }
  call("self join by alias") { g =>
    val (a, b) = (g.people.as("a"), g.people.as("b"))
    a.join(b, col("a.city") === col("b.city") && col("a.id") < col("b.id")).select(col("a.id"), col("b.id")).orderBy("a.id", "b.id")
  }
  call("broadcast") { g => g.people.join(broadcast(lands(g)), "city").count() }
  call("joinWith") { g =>
    import g.spark.implicits._
    val dwellers = g.people.filter("city is not null").select("id", "city").as[Dweller]
    val cities = lands(g).as[City]
    dwellers.joinWith(cities, dwellers("city") === cities("city")).collect().toSeq.sortBy(_._1.id)
  }
  call("joinWith outer") { g =>
    import g.spark.implicits._
    val dwellers = g.people.filter("city is not null").select("id", "city").as[Dweller]
    val cities = lands(g).as[City]
    dwellers.joinWith(cities, dwellers("city") === cities("city"), "left").collect().toSeq.sortBy(_._1.id)
  }
  call("an ambiguous name") { g =>
    val (p, l) = (g.people, lands(g))
    p.join(l, p("city") === l("city")).select("city").collect()
  }
  call("a column of another frame") { g => g.people.select(lands(g)("land")).collect() }
  call("dropping the other key") { g =>
    val (p, l) = (g.people, lands(g))
    p.join(l, p("city") === l("city")).drop(l("city")).select("id", "city", "land").orderBy("id")
  }
  call("union") { g => g.spark.range(2).union(g.spark.range(1, 3)).orderBy("id") }
  call("unionByName") { g => g.spark.sql("SELECT 1 a, 2 b").unionByName(g.spark.sql("SELECT 3 b, 4 a")).orderBy("a") }
  call("unionByName with missing columns") { g => g.spark.sql("SELECT 1 a, 2 b").unionByName(g.spark.sql("SELECT 3 a, 4 c"), allowMissingColumns = true).orderBy("a") }
  call("union of different widths") { g => g.spark.sql("SELECT 1").union(g.spark.sql("SELECT 1, 2")).collect() }
  call("intersect and except") { g =>
    val (a, b) = (g.spark.sql("SELECT * FROM VALUES 1, 1, 2, 3 AS t(x)"), g.spark.sql("SELECT * FROM VALUES 1, 1, 3 AS t(x)"))
    Seq(a.intersect(b), a.intersectAll(b), a.except(b), a.exceptAll(b)).map(_.orderBy("x").collect().toSeq)
  }
  call("a lateral join") { g =>
    val p = g.spark.range(1, 3).toDF("n")
    p.lateralJoin(g.spark.range(3).filter(col("id") < col("n").outer()).select(col("id").as("k"))).orderBy("n", "k")
  }
  call("a scalar subquery") { g => g.people.filter(col("age") === g.people.agg(max("age")).scalar()).select("id").orderBy("id") }
  call("an exists subquery") { g =>
    val l = lands(g).toDF("place", "land")
    g.people.filter(l.filter(col("place") === col("city").outer()).exists()).select("id").orderBy("id")
  }
  call("an in subquery") { g => g.people.filter(col("city").isin(lands(g).select("city"))).select("id").orderBy("id") }
  call("three tables") { g => g.people.join(lands(g), "city").join(g.trips, col("id") === col("stops")).select("id", "land", "from").orderBy("id") }
  call("keys of different types") { g => g.people.join(g.spark.sql("SELECT '1' AS key"), col("id") === col("key")).select("id", "key") }
  call("null-safe keys") { g => g.people.as("a").join(g.people.as("b"), col("a.city") <=> col("b.city")).count() }
}
