package io.emberflow.examples.tour

import org.apache.spark.sql.Observation
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._

/** Groups, windows, statistics, and cleaning up NULLs. */
object TourOfGroups extends Calls {
  call("groupBy count") { g => g.people.groupBy("city").count().orderBy("city") }
  call("groupBy agg") { g =>
    import g.spark.implicits._
    g.people.groupBy($"city").agg(count("*").as("n"), avg($"age"), sum("age"), min("name"), max($"score")).orderBy($"city")
  }
  call("agg by a map") { g => g.people.groupBy("city").agg(Map("age" -> "max", "id" -> "sum")).orderBy("city").columns.sorted }
  call("agg without groups") { g => g.people.agg(count(lit(1)), countDistinct("city"), sum("id"), avg("age")) }
  call("shorthands of groups") { g => g.people.groupBy("city").sum("id", "age").orderBy("city") }
  call("max, min, mean of groups") { g => g.people.groupBy("city").max("age").join(g.people.groupBy("city").mean("age"), "city").orderBy("city") }
  call("groupBy an expression") { g =>
    import g.spark.implicits._
    g.people.groupBy(($"id" % 2).as("odd"), $"city".isNull).count().orderBy("odd", "(city IS NULL)")
  }
  call("collect_list and collect_set") { g => g.people.groupBy("city").agg(sort_array(collect_list("name")), sort_array(collect_set("age"))).orderBy("city") }
  call("first, last and any_value") { g => g.people.orderBy("id").coalesce(1).agg(first("name"), last("name"), first("age", ignoreNulls = true), last("name", ignoreNulls = true)) }
  call("sum_distinct, approx_count_distinct") { g => g.people.agg(sum_distinct(col("age")), approx_count_distinct("city"), count_distinct(col("city"), col("age"))) }
  call("deviations") { g => g.people.agg(round(stddev("age"), 9), round(variance("age"), 9), round(stddev_pop("age"), 9), round(skewness("age"), 9), round(kurtosis("age"), 9), round(corr("age", "id"), 9), round(covar_samp("age", "id"), 9)) }
  call("percentiles") { g => g.people.agg(percentile(col("age"), lit(0.5)), median(col("age")), mode(col("age")), percentile_approx(col("age"), lit(0.5), lit(100)), max_by(col("name"), col("age")), min_by(col("name"), col("age"))) }
  call("bool_and and its like") { g => g.people.agg(bool_and(col("id") > 0), bool_or(col("id") > 5), every(col("id") > 1), some(col("id") > 1), bit_and(col("id")), bit_or(col("id")), count_if(col("age") > 40)) }
  call("listagg") { g => g.people.agg(listagg(col("name"), lit(","))).count() }
  call("rollup") { g => g.people.rollup("city").agg(count("*").as("n"), grouping("city").as("g")).orderBy("g", "city") }
  call("cube") { g => g.people.filter("id < 4").cube("city", "age").agg(count("*").as("n"), grouping_id().as("g")).orderBy("g", "city", "age") }
  call("pivot with values") { g => g.trips.groupBy("from").pivot("to", Seq("Rome", "Nice")).sum("km").orderBy("from") }
  call("pivot without values") { g => g.trips.filter("to is not null").groupBy("from").pivot("to").agg(count(lit(1)).as("n"), max("km").as("k")).orderBy("from") }
  call("a star in a pivot") { g => g.trips.groupBy("from").pivot("to").agg(count("*")).collect() }
  call("having") { g => g.people.groupBy("city").agg(count("*").as("n")).filter("n > 1").orderBy("city") }
  call("row_number in a window") { g =>
    val newest = Window.partitionBy("city").orderBy(col("age").desc, col("id"))
    g.people.select(col("id"), row_number().over(newest)).orderBy("id")
  }
  call("ranks in a window") { g =>
    val byAge = Window.orderBy("age")
    g.people.select(col("id"), rank().over(byAge), dense_rank().over(byAge), percent_rank().over(byAge), cume_dist().over(byAge), ntile(2).over(Window.orderBy("id"))).orderBy("id")
  }
  call("lag and lead") { g =>
    val byId = Window.orderBy("id")
    g.people.select(col("id"), lag("name", 1).over(byId), lead("age", 2, -1).over(byId), nth_value(col("name"), 2).over(byId)).orderBy("id")
  }
  call("running sums") { g =>
    val before = Window.partitionBy("city").orderBy("id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    g.people.select(col("id"), sum("id").over(before), avg("age").over(Window.orderBy("id").rowsBetween(-1, 1)), count("*").over(Window.orderBy("age").rangeBetween(-5, 5))).orderBy("id")
  }
  call("shares of a group") { g => g.trips.select(col("from"), (col("km") / sum("km").over(Window.partitionBy("from"))).as("share")).orderBy("from", "share") }
  call("na.drop") { g => Seq(g.people.na.drop().count(), g.people.na.drop("all").count(), g.people.na.drop(Seq("age")).count(), g.people.na.drop(5).count()) }
  call("na.fill") { g => g.people.na.fill(0).na.fill("?", Seq("name")).na.fill(Map("city" -> "nowhere")).orderBy("id") }
  call("na.replace") { g => g.people.na.replace("city", Map("London" -> "LDN", "New York" -> "NY")).select("id", "city").orderBy("id") }
  call("stat.corr and cov") { g => Seq(g.spark.range(10).selectExpr("id a", "id * 2 b").stat.corr("a", "b"), g.spark.range(10).selectExpr("id a", "id * 2 b").stat.cov("a", "b")).map(d => f"$d%.6f") }
  call("stat.crosstab") { g => g.people.filter("age is not null and city is not null").stat.crosstab("city", "age").orderBy("city_age") }
  call("stat.approxQuantile") { g => g.spark.range(101).stat.approxQuantile("id", Array(0.0, 0.5, 1.0), 0.0) }
  call("stat.freqItems") { g => g.people.filter("id <> 5").stat.freqItems(Seq("city"), 0.3).count() }
  call("stat.sampleBy") { g => g.people.stat.sampleBy("id", Map(1 -> 1.0, 2 -> 0.0, 3 -> 1.0), 7L).select("id").orderBy("id") }
  call("sample of everything") { g => g.spark.range(50).sample(1.0).count() }
  call("randomSplit covers everything") { g => g.spark.range(50).randomSplit(Array(0.4, 0.6), 3).map(_.count()).sum }
  call("observe") { g =>
    val seen = Observation("seen")
    val rows = g.spark.range(5).observe(seen, count(lit(1)).as("n"), max("id").as("most")).collect()
    Seq(rows.length, seen.get)
  }
  call("groupBy then joined back") { g =>
    val sizes = g.people.groupBy("city").agg(count("*").as("n"))
    g.people.join(sizes, "city").select("id", "city", "n").orderBy("id")
  }
  call("window over aggregates") { g => g.people.groupBy("city").count().select(col("city"), rank().over(Window.orderBy(col("count").desc))).orderBy("city") }
  call("tumbling windows") { g =>
    g.spark.sql("SELECT * FROM VALUES (timestamp'2024-01-01 00:01:00', 1), (timestamp'2024-01-01 00:09:00', 2), (timestamp'2024-01-01 00:11:00', 4) AS t(at, v)")
      .groupBy(window(col("at"), "10 minutes")).sum("v").orderBy("window.start").select(col("window.start"), col("window.end"), col("sum(v)"))
  }
}
