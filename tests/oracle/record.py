#!/usr/bin/env python3
"""Records what a real Apache Spark answers to every case of the golden corpus.

    $(tests/oracle/setup spark) tests/oracle/record.py [FAMILY ...] [--remote sc://127.0.0.1:PORT]

Without --remote it starts a Spark Connect server of its own. A family `x` of DataFrame programs is called `dataframe-x`.
"""
import argparse
import contextlib
import sys

import answers
import corpus
from sessions import a_session, answer_with_scratch, connect
from spark import RealSpark


def record_sql(spark, family):
    found = []
    for case in corpus.sql_cases(family):
        with a_session(spark, case.settings):
            answer = answers.answer(lambda: spark.sql(case.sql), case.show)
        entry = {"sql": case.sql}
        if case.settings:
            entry["settings"] = case.settings
        found.append({**entry, "ordered": case.ordered, **answer})
    corpus.write_answers(family, found)
    return len(found), sum("error" in each for each in found)


def record_dataframe(spark, family):
    found = []
    for name, function, ordered in corpus.dataframe_cases(family):
        answer = answer_with_scratch(spark, lambda: function(spark))
        found.append({"case": name, "ordered": ordered, **answer})
    corpus.write_answers(f"dataframe-{family}", found)
    return len(found), sum("error" in each for each in found)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("families", nargs="*")
    arguments.add_argument("--remote")
    chosen = arguments.parse_args()
    server = contextlib.nullcontext(chosen.remote) if chosen.remote else RealSpark()
    with server as url:
        spark = connect(url)
        for family in corpus.sql_families(chosen.families):
            print(f"{family}: %d cases, %d of them errors" % record_sql(spark, family), flush=True)
        for family in corpus.dataframe_families(chosen.families):
            print(f"dataframe-{family}: %d cases, %d of them errors" % record_dataframe(spark, family), flush=True)
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
