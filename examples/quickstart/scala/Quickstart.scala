import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._

/** Three questions in Scala, with Apache's own client: only the URL says that the engine is inside this JVM. */
object Quickstart {
  def main(arguments: Array[String]): Unit = {
    val data = arguments(0)
    val spark = SparkSession.builder().remote("sc://emberflow").getOrCreate()
    import spark.implicits._
    def tpch(table: String) = spark.read.parquet(s"$data/$table.parquet")

    // Which nations' customers brought most revenue in 1995?
    tpch("orders")
      .filter($"o_orderdate" >= "1995-01-01" && $"o_orderdate" < "1996-01-01")
      .join(tpch("lineitem"), $"o_orderkey" === $"l_orderkey")
      .join(tpch("customer"), $"o_custkey" === $"c_custkey")
      .join(tpch("nation"), $"c_nationkey" === $"n_nationkey")
      .groupBy("n_name")
      .agg(
        round(sum($"l_extendedprice" * (lit(1) - $"l_discount")), 2).as("revenue"),
        count_distinct($"o_orderkey").as("orders"))
      .orderBy($"revenue".desc)
      .limit(5)
      .show()

    // How was the air, month by month? Some days have no reading.
    spark.read
      .options(Map("header" -> "true", "inferSchema" -> "true"))
      .csv(s"$data/airquality.csv")
      .groupBy("Month")
      .agg(
        count("Day").as("days"),
        sum(when($"Ozone".isNull, 1).otherwise(0)).as("without_ozone"),
        round(avg("Temp"), 1).as("temperature"),
        max("Wind").as("wind"))
      .orderBy("Month")
      .show()

    // Which days were the hottest of their month?
    spark.read.parquet(s"$data/airquality.parquet").createOrReplaceTempView("air")
    spark.sql("""
      SELECT Month, Day, Temp, Temp - lag(Temp) OVER (ORDER BY Month, Day) AS change
      FROM air
      QUALIFY rank() OVER (PARTITION BY Month ORDER BY Temp DESC) = 1
      ORDER BY Month, Day""").show()
    spark.stop()
  }
}
