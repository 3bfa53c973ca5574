"""From the start of Apache Spark's JVM to the first collected row, in milliseconds: first=6500."""
import os

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master(f"local[{os.cpu_count()}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
assert spark.sql("SELECT 42L AS answer").collect()[0].answer == 42
java = spark._jvm.java.lang
started = java.management.ManagementFactory.getRuntimeMXBean().getStartTime()
print(f"first={java.System.currentTimeMillis() - started}")
spark.stop()
