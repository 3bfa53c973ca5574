"""Sessions that run cases: the same starting point for each, whoever the server is."""
import contextlib
import json
import tempfile

import answers
import corpus

# What every case starts from, so that answers do not depend on the machine.
START = {"spark.sql.session.timeZone": "UTC"}


def connect(url, lenient=False):
    """A fresh session with the views of given.sql; `lenient`: a view that cannot be made fails only the cases that use it."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(url).create()
    for key, value in START.items():
        spark.conf.set(key, value)
    for statement in corpus.given():
        try:
            spark.sql(statement)
        except Exception as problem:  # noqa: BLE001
            if not lenient:
                raise
            print(f"given.sql: {str(problem)[:300]}")
    return spark


@contextlib.contextmanager
def a_session(spark, settings):
    """`spark` with some settings, taken back afterwards."""
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield spark
    finally:
        for key in settings:
            if key in START:
                spark.conf.set(key, START[key])
            else:
                spark.conf.unset(key)


def answer_with_scratch(spark, make):
    """The answer of a case that may write files into the empty folder `spark.scratch`; answers call it SCRATCH."""
    with tempfile.TemporaryDirectory(prefix="emberflow-golden-") as folder:
        spark.scratch = folder
        found = answers.answer(make, show=True)
    return json.loads(json.dumps(found).replace(folder, "SCRATCH"))
