#!/usr/bin/env python3
"""Asks a real Apache Spark for the answers in tests/facts: one line an expression, `sql => type nullable | value` or
`sql => ! condition parameters`. Headers choose settings: `-- ansi=false zone=America/New_York`.

    record.py FILE...      rewrites the answers of these files in place (run with the Python of `tests/oracle/setup spark`)
"""
import json
import re
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession


def answer(spark, text):
    try:
        frame = spark.sql(f"SELECT {text} AS c")
        field = frame.schema[0]
        shown = frame._jdf.showString(1, 0, False).split("\n")
        cell = "\n".join(shown[3:-2])[1:-1].rstrip() if len(shown) > 4 else ""
        width = len(shown[0]) - 2
        cell = "\n".join(shown[3:-2])[1 : 1 + max(width, 0)].rstrip()
        return f"{field.dataType.simpleString()} {'null' if field.nullable else 'not-null'} | {cell}"
    except PySparkException as error:
        condition = error.getCondition() if hasattr(error, "getCondition") else error.getErrorClass()
        return f"! {condition} {json.dumps(dict(sorted((error.getMessageParameters() or {}).items())))}"
    except Exception as error:  # what Spark does not explain
        return f"! ? {str(error).splitlines()[0][:160]}"


def settle(spark, header):
    settings = dict(re.findall(r"(\w+)=(\S+)", header))
    spark.conf.set("spark.sql.ansi.enabled", settings.get("ansi", "true"))
    spark.conf.set("spark.sql.session.timeZone", settings.get("zone", "UTC"))


def main():
    spark = (
        SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.memory", "700m")
        .config("spark.sql.shuffle.partitions", "1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    for path in sys.argv[1:]:
        lines = open(path, encoding="utf-8").read().splitlines()
        settle(spark, "")
        out = []
        for line in lines:
            if line.startswith("--") or not line.strip():
                if line.startswith("-- ") and "=" in line:
                    settle(spark, line)
                out.append(line)
                continue
            text = line.split(" => ")[0].rstrip()
            out.append(f"{text} => {answer(spark, text)}")
        open(path, "w", encoding="utf-8").write("\n".join(out) + "\n")
    spark.stop()


main()
