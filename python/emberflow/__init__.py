"""What PySpark's client lacks for Emberflow's servers: items of the NoSQL store (`emberflow.kv`).

DataFrames need nothing of this: PySpark speaks to `emberflow serve` as it is.
"""

from emberflow.kv import KeyValue, NoSqlError, Operation, Outcome, Page, ember_kv, incr

__all__ = ["KeyValue", "NoSqlError", "Operation", "Outcome", "Page", "ember_kv", "incr"]
