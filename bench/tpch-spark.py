"""TPC-H on Apache Spark, in one JVM with all cores and as many shuffle partitions."""
import os

import timing
from pyspark.sql import SparkSession

chosen = timing.arguments()
cores = os.cpu_count()
spark = (
    SparkSession.builder.master(f"local[{cores}]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.memory", "4g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.shuffle.partitions", cores)
    .config("spark.log.level", "ERROR")
    .getOrCreate()
)
for table, path in timing.files(chosen.data).items():
    spark.read.parquet(path).createOrReplaceTempView(table)
timing.time_all(lambda text: spark.sql(text).toArrow(), chosen)
spark.stop()
