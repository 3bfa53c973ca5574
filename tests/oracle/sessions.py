"""Sessions that run cases: the same starting point for each, whoever the server is."""
import contextlib
import os
import shutil
import tempfile

import corpus

# What every case starts from, so that answers do not depend on the machine.
START = {"spark.sql.session.timeZone": "UTC"}


def connect(url):
    """A fresh session with the views of given.sql."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(url).create()
    for key, value in START.items():
        spark.conf.set(key, value)
    for statement in corpus.given():
        spark.sql(statement)
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


@contextlib.contextmanager
def scratch_folder(spark):
    """An empty folder for files a case writes: the same path every time, for it shows up in answers."""
    folder = os.path.join(tempfile.gettempdir(), "emberflow-golden")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    spark.scratch = folder
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
