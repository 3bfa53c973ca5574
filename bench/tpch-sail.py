"""TPC-H on Sail: its Spark Connect server in this process, Apache's Python client before it."""
import os

os.environ.setdefault("RUST_LOG", "error")

import timing  # noqa: E402, Sail reads its log level when it is loaded
from pysail.spark import SparkConnectServer  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

chosen = timing.arguments()
server = SparkConnectServer()
server.start()
host, port = server.listening_address
spark = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
for table, path in timing.files(chosen.data).items():
    spark.read.parquet(path).createOrReplaceTempView(table)
timing.time_all(lambda text: spark.sql(text).toArrow(), chosen)
spark.stop()
server.stop()
