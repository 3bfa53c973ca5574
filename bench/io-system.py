"""One system's part of bench/io: prints `FORMAT write|read ROWS SECONDS`, the best of several runs."""
import argparse
import os
import sys
import time

# Leaves out a few rows, so that no system answers from what a file's footer says of its columns.
MOST_ROWS = {"text": "value <> ''"}
MOST_ROWS_OF_LINEITEM = "l_orderkey <> 7"


class Sparks:
    """Emberflow and Spark, both through PySpark."""

    def __init__(self, chosen):
        from pyspark.sql import SparkSession

        if chosen.remote:
            self.spark = SparkSession.builder.remote(chosen.remote).create()
        else:
            cores = os.cpu_count()
            builder = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false")
            builder = builder.config("spark.ui.showConsoleProgress", "false").config("spark.driver.memory", "3g")
            builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
            if "avro" in chosen.formats:
                builder = builder.config("spark.jars.packages", "org.apache.spark:spark-avro_2.13:4.2.0")
            self.spark = builder.config("spark.log.level", "ERROR").getOrCreate()
        self.source = self.spark.read.parquet(chosen.data)
        self.schema, self.room = self.source.schema, chosen.room
        self.rows = self.source.count()

    def frame(self, format):
        if format == "text":
            names = ", ".join(f"cast({name} as string)" for name in self.schema.names)
            return self.source.selectExpr(f"concat_ws('|', {names}) as value")
        return self.source

    def write(self, format):
        self.frame(format).write.mode("overwrite").format(format).options(**self.options(format)).save(f"{self.room}/{format}")

    def options(self, format):
        return {"header": "true"} if format == "csv" else {}

    def read(self, format):
        reader = self.spark.read.format(format).options(**self.options(format))
        frame = (reader.schema(self.schema) if format in ("csv", "json") else reader).load(f"{self.room}/{format}")
        most = frame.where(MOST_ROWS.get(format, MOST_ROWS_OF_LINEITEM))
        return most.selectExpr(*[f"max({name})" for name in frame.columns]).collect()


class Duck:
    def __init__(self, chosen):
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute(f"set threads = {os.cpu_count()}")
        self.source, self.room = f"read_parquet('{chosen.data}')", chosen.room
        self.names = [row[0] for row in self.connection.execute(f"describe select * from {self.source}").fetchall()]
        self.rows = self.connection.execute(f"select count(*) from {self.source}").fetchone()[0]

    def write(self, format):
        if format not in ("parquet", "csv", "json"):
            raise NotImplementedError(format)
        options = {"csv": ", header true"}.get(format, "")
        target = f"{self.room}/{format}"
        self.connection.execute(
            f"copy (select * from {self.source}) to '{target}' (format {format}{options}, per_thread_output true, overwrite_or_ignore true)"
        )

    def read(self, format):
        aggregates = ", ".join(f"max({name})" for name in self.names)
        reader = {"parquet": "read_parquet", "csv": "read_csv", "json": "read_json"}[format]
        source = f"{reader}('{self.room}/{format}/*')"
        return self.connection.execute(f"select {aggregates} from {source} where {MOST_ROWS_OF_LINEITEM}").fetchall()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system")
    parser.add_argument("--data", required=True)
    parser.add_argument("--room", required=True)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--formats", type=lambda text: text.split(","))
    parser.add_argument("--remote")
    chosen = parser.parse_args()
    system = Duck(chosen) if chosen.system == "duckdb" else Sparks(chosen)
    for format in chosen.formats:
        for way in ("write", "read"):
            try:
                best = min(timed(getattr(system, way), format) for _ in range(chosen.runs))
                print(format, way, system.rows, f"{best:.4f}", flush=True)
            except Exception as problem:  # noqa: BLE001, whatever one cannot do, the others are still measured
                print(f"# {chosen.system} cannot {way} {format}: {str(problem)[:200]}", file=sys.stderr, flush=True)


def timed(work, format):
    started = time.perf_counter()
    work(format)
    return time.perf_counter() - started


main()
