"""TPC-H on DuckDB, in this process, over the Parquet files."""
import os

import duckdb
import timing

chosen = timing.arguments()
connection = duckdb.connect()
connection.execute(f"set threads = {os.cpu_count()}")
for table, path in timing.files(chosen.data).items():
    connection.execute(f"create view {table} as select * from read_parquet('{path}')")
timing.time_all(lambda text: connection.execute(text).fetchall(), chosen)
