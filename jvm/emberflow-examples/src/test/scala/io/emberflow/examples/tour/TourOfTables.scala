package io.emberflow.examples.tour

import java.nio.file.{Files, Paths}

import org.apache.spark.sql.SaveMode
import org.apache.spark.sql.functions._
import org.apache.spark.sql.types._
import org.apache.spark.storage.StorageLevel

/** Files, tables, views, the catalog, SQL text, settings, caches, and errors. */
object TourOfTables extends Calls {
  call("write and read Parquet") { g =>
    g.people.write.parquet(g.at("p"))
    g.spark.read.parquet(g.at("p")).orderBy("id")
  }
  call("write and read CSV") { g =>
    g.people.write.option("header", true).csv(g.at("c"))
    g.spark.read.option("header", true).option("inferSchema", true).csv(g.at("c")).orderBy("id")
  }
  call("CSV with a schema") { g =>
    Files.writeString(Paths.get(g.at("x.csv")), "1;one\n2;two\n")
    g.spark.read.option("sep", ";").schema("id INT, word STRING").csv(g.at("x.csv")).orderBy("id")
  }
  call("write and read JSON") { g =>
    g.people.write.json(g.at("j"))
    g.spark.read.json(g.at("j")).orderBy("id")
  }
  call("read a text file") { g =>
    Files.writeString(Paths.get(g.at("t.txt")), "one\ntwo\n")
    Seq(g.spark.read.text(g.at("t.txt")).collect().toSeq, g.spark.read.textFile(g.at("t.txt")).collect().toSeq)
  }
  call("partitionBy") { g =>
    g.people.filter("city is not null").write.partitionBy("city").parquet(g.at("p"))
    g.spark.read.parquet(g.at("p")).filter("city = 'London'").orderBy("id")
  }
  call("save modes") { g =>
    g.spark.range(2).write.mode(SaveMode.Overwrite).parquet(g.at("p"))
    g.spark.range(5, 6).write.mode("append").parquet(g.at("p"))
    g.spark.range(9).write.mode("ignore").parquet(g.at("p"))
    g.spark.read.parquet(g.at("p")).orderBy("id")
  }
  call("a folder that is there already") { g =>
    g.spark.range(1).write.parquet(g.at("p"))
    try g.spark.range(1).write.parquet(g.at("p"))
    catch { case e: org.apache.spark.sql.AnalysisException => e.getCondition }
  }
  call("format and load") { g =>
    g.spark.range(2).write.format("parquet").option("compression", "zstd").save(g.at("p"))
    g.spark.read.format("parquet").load(g.at("p")).orderBy("id")
  }
  call("a missing file") { g =>
    try g.spark.read.parquet(g.at("nowhere")).collect()
    catch { case e: org.apache.spark.sql.AnalysisException => s"${e.getCondition} ${e.getSqlState}" }
  }
  call("inputFiles") { g =>
    g.spark.range(2).coalesce(1).write.parquet(g.at("p"))
    g.spark.read.parquet(g.at("p")).inputFiles.length
  }
  call("SQL on a path") { g =>
    g.spark.range(3).write.parquet(g.at("p"))
    g.spark.sql(s"SELECT sum(id) AS s FROM parquet.`${g.at("p")}`")
  }
  call("saveAsTable") { g =>
    g.people.select("id", "name").write.saveAsTable("tour_saved")
    try g.spark.table("tour_saved").orderBy("id").collect()
    finally g.spark.sql("DROP TABLE tour_saved")
  }
  call("insertInto") { g =>
    g.spark.range(2).write.saveAsTable("tour_inserted")
    try {
      g.spark.range(7, 8).write.insertInto("tour_inserted")
      g.spark.table("tour_inserted").orderBy("id").collect()
    } finally g.spark.sql("DROP TABLE tour_inserted")
  }
  call("writeTo") { g =>
    g.spark.range(2).writeTo("tour_written").using("parquet").create()
    try g.spark.table("tour_written").orderBy("id").collect()
    finally g.spark.sql("DROP TABLE tour_written")
  }
  call("CREATE TABLE and INSERT") { g =>
    g.spark.sql("CREATE TABLE tour_sql (id INT, word STRING) USING parquet")
    try {
      g.spark.sql("INSERT INTO tour_sql VALUES (1, 'one'), (2, 'two')")
      g.spark.sql("SELECT * FROM tour_sql ORDER BY id").collect()
    } finally g.spark.sql("DROP TABLE tour_sql")
  }
  call("temporary views") { g =>
    g.spark.range(3).createOrReplaceTempView("tour_view")
    val seen = g.spark.sql("SELECT count(*) FROM tour_view").head().getLong(0)
    Seq(seen, g.spark.catalog.dropTempView("tour_view"), g.spark.catalog.tableExists("tour_view"))
  }
  call("a view that is there already") { g =>
    g.spark.range(1).createOrReplaceTempView("tour_twice")
    g.spark.range(1).createTempView("tour_twice")
  }
  call("global temporary views") { g =>
    g.spark.range(2).createOrReplaceGlobalTempView("tour_global")
    val seen = g.spark.table("global_temp.tour_global").count()
    Seq(seen, g.spark.catalog.dropGlobalTempView("tour_global"))
  }
  call("current database and catalog") { g => Seq(g.spark.catalog.currentDatabase, g.spark.catalog.currentCatalog()) }
  call("listDatabases") { g => g.spark.catalog.listDatabases().select("name", "catalog").collect() }
  call("listTables") { g => g.spark.catalog.listTables().filter("isTemporary").select("name", "tableType", "isTemporary").orderBy("name").filter("name in ('people', 'trips')").collect() }
  call("listColumns") { g => g.spark.catalog.listColumns("people").select("name", "dataType", "nullable", "isPartition").collect() }
  call("getTable and exists") { g =>
    val table = g.spark.catalog.getTable("people")
    Seq(table.name, table.isTemporary, table.tableType, g.spark.catalog.databaseExists("default"), g.spark.catalog.functionExists("upper"), g.spark.catalog.functionExists("nope"))
  }
  call("getTable that is not there") { g => g.spark.catalog.getTable("nothing_here") }
  call("a database") { g =>
    g.spark.sql("CREATE DATABASE tour_db")
    try {
      g.spark.catalog.setCurrentDatabase("tour_db")
      g.spark.range(1).write.saveAsTable("inside")
      Seq(g.spark.catalog.currentDatabase, g.spark.catalog.tableExists("tour_db.inside"), g.spark.catalog.tableExists("tour_db", "outside"))
    } finally {
      g.spark.catalog.setCurrentDatabase("default")
      g.spark.sql("DROP DATABASE tour_db CASCADE")
    }
  }
  call("functions of the catalog") { g => g.spark.catalog.getFunction("upper").name }
  call("sql with named arguments") { g => g.spark.sql("SELECT id FROM people WHERE age > :least ORDER BY id", Map("least" -> 40)) }
  call("sql with positions") { g => g.spark.sql("SELECT ? + 1 AS a, ? AS b", Array(1, "x")) }
  call("sql with expressions as arguments") { g => g.spark.sql("SELECT :a AS a, :b AS b", Map("a" -> typedLit(Seq(1, 2)), "b" -> lit("x"))) }
  call("sql with CTEs and windows") { g => g.spark.sql("WITH c AS (SELECT DISTINCT city FROM people) SELECT city, row_number() OVER (ORDER BY city) n FROM c ORDER BY n") }
  call("sql of grouping sets") { g => g.spark.sql("SELECT city, age, count(*) n FROM people WHERE id < 4 GROUP BY GROUPING SETS ((city), (age)) ORDER BY city, age") }
  call("SHOW and DESCRIBE") { g => Seq(g.spark.sql("SHOW DATABASES").collect().toSeq, g.spark.sql("DESCRIBE people").select("col_name", "data_type").collect().toSeq) }
  call("settings") { g =>
    g.spark.conf.set("spark.sql.shuffle.partitions", 7L)
    val seen = g.spark.conf.get("spark.sql.shuffle.partitions")
    g.spark.conf.unset("spark.sql.shuffle.partitions")
    Seq(seen, g.spark.conf.getOption("my.own.key"), g.spark.conf.get("my.own.key", "mine"), g.spark.conf.isModifiable("spark.sql.ansi.enabled"), g.spark.conf.isModifiable("spark.sql.warehouse.dir"))
  }
  call("a setting nobody knows") { g => g.spark.conf.get("no.such.key") }
  call("a setting that is fixed") { g => g.spark.conf.set("spark.sql.warehouse.dir", "x") }
  call("ANSI off") { g =>
    g.spark.conf.set("spark.sql.ansi.enabled", false)
    try g.spark.sql("SELECT 1 / 0 AS a, CAST('x' AS INT) AS b").collect()
    finally g.spark.conf.unset("spark.sql.ansi.enabled")
  }
  call("the session's zone") { g =>
    g.spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try g.spark.sql("SELECT CAST(timestamp_seconds(0) AS STRING) AS t").collect()
    finally g.spark.conf.set("spark.sql.session.timeZone", "UTC")
  }
  call("version") { g => g.spark.version.takeWhile(_ != '.') }
  call("cache and unpersist") { g =>
    val kept = g.spark.range(5).selectExpr("id", "id * 2 b").cache()
    val seen = Seq(kept.count(), kept.storageLevel != StorageLevel.NONE)
    kept.unpersist()
    seen :+ (kept.storageLevel == StorageLevel.NONE) :+ kept.count()
  }
  call("persist with a level") { g => g.spark.range(3).persist(StorageLevel.MEMORY_ONLY).filter("id > 0").orderBy("id") }
  call("cacheTable") { g =>
    g.spark.range(3).createOrReplaceTempView("tour_cached")
    g.spark.catalog.cacheTable("tour_cached")
    val seen = g.spark.catalog.isCached("tour_cached")
    g.spark.catalog.uncacheTable("tour_cached")
    Seq(seen, g.spark.catalog.isCached("tour_cached"))
  }
  call("checkpoint") { g => g.spark.range(3).localCheckpoint().orderBy("id") }
  call("sameSemantics and isStreaming") { g => Seq(g.spark.range(1).sameSemantics(g.spark.range(1)), g.spark.range(1).isStreaming, g.spark.range(1).isLocal) }
  call("to a schema") { g => g.people.select("id", "name").to(new StructType().add("name", StringType).add("id", LongType)).orderBy("id") }
  call("an unknown column") { g => g.people.select("agee").collect() }
  call("an unknown table") { g => g.spark.table("nothing_here").collect() }
  call("an unknown function") { g => g.spark.sql("SELECT nothing_here(1)").collect() }
  call("a syntax error") { g => g.spark.sql("SELEC 1").collect() }
  call("a division by zero") { g => g.spark.sql("SELECT 1 / 0").collect() }
  call("an overflow") { g => g.spark.sql("SELECT id + 9223372036854775807 FROM range(2)").collect() }
  call("a bad cast") { g => g.spark.sql("SELECT CAST('abc' AS INT)").collect() }
  call("an index out of bounds") { g => g.spark.sql("SELECT array(1, 2)[5]").collect() }
  call("types that do not fit") { g => g.people.filter(col("id") + 1).collect() }
  call("an aggregate that is none") { g => g.people.groupBy("city").agg(col("age")).collect() }
  call("raise_error") { g => g.spark.range(1).select(raise_error(lit("on purpose"))).collect() }
  call("a window function without a window") { g => g.people.select(row_number()).collect() }
}
