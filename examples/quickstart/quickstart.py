"""Three questions in Python, with Apache's own client before `emberflow serve`.

    python quickstart.py DATA sc://127.0.0.1:15002
"""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.functions import col

data, url = sys.argv[1:]
spark = SparkSession.builder.remote(url).getOrCreate()


def tpch(table):
    return spark.read.parquet(f"{data}/{table}.parquet")


# Which nations' customers brought most revenue in 1995?
year = tpch("orders").filter("o_orderdate >= '1995-01-01' and o_orderdate < '1996-01-01'")
sold = (
    year.join(tpch("lineitem"), col("o_orderkey") == col("l_orderkey"))
    .join(tpch("customer"), col("o_custkey") == col("c_custkey"))
    .join(tpch("nation"), col("c_nationkey") == col("n_nationkey"))
)
nations = sold.groupBy("n_name").agg(
    F.round(F.sum(col("l_extendedprice") * (1 - col("l_discount"))), 2).alias("revenue"),
    F.count_distinct("o_orderkey").alias("orders"),
)
nations.orderBy(col("revenue").desc()).limit(5).show()

# How was the air, month by month? Some days have no reading.
air = spark.read.csv(f"{data}/airquality.csv", header=True, inferSchema=True)
months = air.groupBy("Month").agg(
    F.count("Day").alias("days"),
    F.sum(F.when(col("Ozone").isNull(), 1).otherwise(0)).alias("without_ozone"),
    F.round(F.avg("Temp"), 1).alias("temperature"),
    F.max("Wind").alias("wind"),
)
months.orderBy("Month").show()

# Which days were the hottest of their month?
spark.read.parquet(f"{data}/airquality.parquet").createOrReplaceTempView("air")
spark.sql("""
    SELECT Month, Day, Temp, Temp - lag(Temp) OVER (ORDER BY Month, Day) AS change
    FROM air
    QUALIFY rank() OVER (PARTITION BY Month ORDER BY Temp DESC) = 1
    ORDER BY Month, Day""").show()
spark.stop()
