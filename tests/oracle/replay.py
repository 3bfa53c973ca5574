#!/usr/bin/env python3
"""Replays the golden corpus against any Spark Connect server and compares with what real Spark answered.

    $(tests/oracle/setup client) tests/oracle/replay.py --remote sc://127.0.0.1:PORT [FAMILY ...] [-v] [--case TEXT]

Two lists soften the verdict. A case that passes although it is listed is said, and fails the run with --strict.

    tests/golden/differences.toml   deliberate differences from Spark, each with its reason
    tests/golden/pending.txt        cases that do not agree yet, `FAMILY<tab>case` (rewritten by --write-pending)

The last line is `N passed, N failed, N skipped`; skipped are the listed ones.
"""
import argparse
import json
import sys
import time
import tomllib

import answers
import corpus
from sessions import a_session, answer_with_scratch, connect

PENDING = corpus.GOLDEN / "pending.txt"


def listed():
    found = set()
    if PENDING.exists():
        found |= {tuple(line.split("\t", 1)) for line in PENDING.read_text().splitlines() if line and not line.startswith("#")}
    table = tomllib.loads((corpus.GOLDEN / "differences.toml").read_text())
    return found | {(each["family"], name_in_list(each["case"])) for each in table.get("difference", [])}


def name_in_list(text):
    return json.dumps(text, ensure_ascii=False)


def sql_runs(spark, family):
    cases = {case.key: case for case in corpus.sql_cases(family)}
    for expected in corpus.read_answers(family):
        settings = expected.get("settings", {})
        case = cases.get(json.dumps([expected["sql"], settings]))
        if case is None:
            raise SystemExit(f"{family}: the answer to {expected['sql']!r} has no case; record the family again")
        with_settings = "".join(f" [{key}={value}]" for key, value in settings.items())
        yield expected["sql"] + with_settings, expected, lambda: run_sql(spark, case)


def run_sql(spark, case):
    with a_session(spark, case.settings):
        return answers.answer(lambda: spark.sql(case.sql), case.show)


def dataframe_runs(spark, family):
    functions = {name: function for name, function, _ in corpus.dataframe_cases(family)}
    for expected in corpus.read_answers(f"dataframe-{family}"):
        yield expected["case"], expected, lambda: run_dataframe(spark, functions[expected["case"]])


def run_dataframe(spark, function):
    return answer_with_scratch(spark, lambda: function(spark))


class Tally:
    def __init__(self, listed_cases, verbose, strict):
        self.listed, self.verbose, self.strict = listed_cases, verbose, strict
        self.passed, self.failed, self.skipped, self.bad, self.families = 0, 0, 0, [], set()

    def take(self, family, name, expected, found):
        wrong = answers.differences(expected, found, expected.get("ordered", True) or len(expected.get("rows", ())) < 2)
        is_listed = (family, name_in_list(name)) in self.listed
        self.families.add(family)
        if wrong:
            self.bad.append((family, name_in_list(name)))
        if is_listed and wrong:
            self.skipped += 1
        elif is_listed and self.strict:
            self.fail(family, name, ["passes, so take it off the list"])
        elif wrong:
            self.fail(family, name, wrong)
        else:
            self.passed += 1
            if is_listed:
                print(f"note  {family}: passes now, so it can leave the list: {name}")
            elif self.verbose:
                print(f"ok    {family}: {name}")

    def fail(self, family, name, wrong):
        self.failed += 1
        print(f"FAIL  {family}: {name}")
        for line in wrong:
            print("        " + str(line).replace("\n", "\n        "))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("families", nargs="*")
    arguments.add_argument("--remote", required=True)
    arguments.add_argument("--case", help="only cases whose text contains this")
    arguments.add_argument("--write-pending", action="store_true", help="write what fails to tests/golden/pending.txt; families that are not replayed stay as they are")
    arguments.add_argument("--strict", action="store_true", help="fail if a listed case passes")
    arguments.add_argument("-v", "--verbose", action="store_true")
    chosen = arguments.parse_args()
    started = time.monotonic()
    spark = connect(chosen.remote, lenient=True)
    tally = Tally(set() if chosen.write_pending else listed(), chosen.verbose, chosen.strict)
    for family, runs in all_runs(spark, chosen.families):
        for name, expected, run in runs:
            if not chosen.case or chosen.case in name:
                tally.take(family, name, expected, run())
    spark.stop()
    if chosen.write_pending:
        kept = [line for line in PENDING.read_text().splitlines() if line.split("\t")[0] not in tally.families | {""} and not line.startswith("#")]
        header = "# Cases that do not agree with real Spark yet. Shrink this list; tests/oracle/replay.py --write-pending rewrites it.\n"
        PENDING.write_text(header + "".join(line + "\n" for line in sorted(kept + [f"{family}\t{name}" for family, name in tally.bad])))
    print(f"took {time.monotonic() - started:.1f} s")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


def all_runs(spark, wanted):
    for family in corpus.sql_families(wanted):
        yield family, sql_runs(spark, family)
    for family in corpus.dataframe_families(wanted):
        yield f"dataframe-{family}", dataframe_runs(spark, family)


if __name__ == "__main__":
    sys.exit(main())
