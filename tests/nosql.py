"""A script as it was written for `v3io://` paths, unchanged, against `emberflow serve`: tests/nosql.py URL

    PySpark ──sc://──► emberflow serve ─► the data source nosql, by its older name

Everything else about the source is tested in runtime/engine/tests/nosql_*.rs.
"""

import sys
import uuid

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
path = f"v3io://projects/{uuid.uuid4()}/cars/"

cars = spark.createDataFrame([("Kia", 2016, 10), ("Audi", 2018, 3)], ["brand", "year", "sold"])
cars.write.format("io.iguaz.v3io.spark.sql.kv").option("Key", "brand").option("sorting-key", "year").save(path)
more = spark.createDataFrame([("Kia", 2016, 5), ("Fiat", 2020, 1)], ["brand", "year", "sold"])
(
    more.write.format("io.iguaz.v3io.spark.sql.kv")
    .mode("append")
    .option("key", "brand")
    .option("sorting-key", "year")
    .option("counter", "sold")
    .save(path)
)
found = spark.read.format("io.iguaz.v3io.spark.sql.kv").load(path)
rows = {(row.brand, row.year): row.sold for row in found.collect()}
assert rows == {("Kia", 2016): 15, ("Audi", 2018): 3, ("Fiat", 2020): 1}, rows
assert found.filter("brand = 'Kia' AND year = 2016").first().sold == 15
assert found.schema.simpleString() == "struct<brand:string,year:bigint,sold:bigint>"
try:
    cars.write.format("nosql").option("key", "brand").save(path)
    raise AssertionError("a table was written over")
except PySparkException as why:
    assert why.getCondition() == "NOSQL.TABLE_EXISTS", why.getCondition()
print("1 passed, 0 failed")
