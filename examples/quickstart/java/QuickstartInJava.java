import static org.apache.spark.sql.functions.*;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Three questions in Java, with Apache's own client: only the URL says that the engine is inside this JVM. */
public final class QuickstartInJava {
  public static void main(String[] arguments) {
    String data = arguments[0];
    SparkSession spark = SparkSession.builder().remote("sc://emberflow").getOrCreate();

    // Which nations' customers brought most revenue in 1995?
    Dataset<Row> year =
        spark.read().parquet(data + "/orders.parquet")
            .filter("o_orderdate >= '1995-01-01' and o_orderdate < '1996-01-01'");
    year.join(spark.read().parquet(data + "/lineitem.parquet"), col("o_orderkey").equalTo(col("l_orderkey")))
        .join(spark.read().parquet(data + "/customer.parquet"), col("o_custkey").equalTo(col("c_custkey")))
        .join(spark.read().parquet(data + "/nation.parquet"), col("c_nationkey").equalTo(col("n_nationkey")))
        .groupBy("n_name")
        .agg(
            round(sum(col("l_extendedprice").multiply(lit(1).minus(col("l_discount")))), 2).as("revenue"),
            count_distinct(col("o_orderkey")).as("orders"))
        .orderBy(col("revenue").desc())
        .limit(5)
        .show();

    // How was the air, month by month? Some days have no reading.
    spark.read().option("header", true).option("inferSchema", true).csv(data + "/airquality.csv")
        .groupBy("Month")
        .agg(
            count("Day").as("days"),
            sum(when(col("Ozone").isNull(), 1).otherwise(0)).as("without_ozone"),
            round(avg("Temp"), 1).as("temperature"),
            max("Wind").as("wind"))
        .orderBy("Month")
        .show();

    // Which days were the hottest of their month?
    spark.read().parquet(data + "/airquality.parquet").createOrReplaceTempView("air");
    spark.sql("""
        SELECT Month, Day, Temp, Temp - lag(Temp) OVER (ORDER BY Month, Day) AS change
        FROM air
        QUALIFY rank() OVER (PARTITION BY Month ORDER BY Temp DESC) = 1
        ORDER BY Month, Day""").show();
    spark.stop();
  }
}
