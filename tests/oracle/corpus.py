"""The golden corpus: reads the cases, knows where their answers lie.

    tests/golden/cases/FAMILY.sql       SQL texts, each ended by `;` at the end of a line
    tests/golden/cases/given.sql        temporary views that every SQL case may use
    tests/golden/dataframe/FAMILY.py    functions `case(spark)` that return a DataFrame or raise
    tests/golden/answers/FAMILY.jsonl   one answer per line, in the order of the cases; dataframe-FAMILY.jsonl likewise

Directives in a .sql file stand on a line of their own and hold for what follows:

    --! set spark.sql.ansi.enabled=false        --! reset        --! show        (also record show() and printSchema())
"""
import importlib.util
import inspect
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@dataclass
class SqlCase:
    sql: str
    settings: dict = field(default_factory=dict)
    show: bool = False

    @property
    def key(self):
        return json.dumps([self.sql, self.settings])

    @property
    def ordered(self):
        return is_ordered(self.sql)


def is_ordered(sql):
    """Whether the outermost query sorts its rows."""
    depth, outer = 0, []
    for character in re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "''", sql):
        depth += {"(": 1, ")": -1}.get(character, 0)
        outer.append(character if depth == 0 else " ")
    return bool(re.search(r"\b(order|sort)\s+by\b", "".join(outer), re.I))


def sql_families(wanted=()):
    names = sorted(path.stem for path in (GOLDEN / "cases").glob("*.sql") if path.stem != "given")
    return [name for name in names if not wanted or name in wanted]


def sql_cases(family):
    cases, settings, show, text = [], {}, False, []
    for line in (GOLDEN / f"cases/{family}.sql").read_text().splitlines():
        if line.startswith("--!"):
            word, _, rest = line[3:].strip().partition(" ")
            if word == "set":
                key, _, value = rest.partition("=")
                settings = {**settings, key.strip(): value.strip()}
            elif word == "reset":
                settings, show = {}, False
            elif word == "show":
                show = True
            else:
                raise ValueError(f"{family}: unknown directive {line}")
        elif text or (line.strip() and not line.startswith("--")):
            text.append(line)
            if line.rstrip().endswith(";"):
                cases.append(SqlCase("\n".join(text).rstrip()[:-1], settings, show))
                text = []
    return cases


def given():
    return [case.sql for case in sql_cases("given")]


def dataframe_families(wanted=()):
    names = sorted(path.stem for path in (GOLDEN / "dataframe").glob("*.py"))
    return [name for name in names if not wanted or f"dataframe-{name}" in wanted]


def dataframe_cases(family):
    """(name, function, ordered) of every public function in the file, in the order they stand there."""
    path = GOLDEN / f"dataframe/{family}.py"
    loader = importlib.util.spec_from_file_location(f"golden_{family}", path)
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    for name, function in vars(module).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__:
            source = inspect.getsource(function)
            yield name, function, bool(re.search(r"\bsort\(|orderBy\(|order by|_in_order", source, re.I))


def answers_path(name):
    return GOLDEN / f"answers/{name}.jsonl"


def read_answers(name):
    path = answers_path(name)
    return [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []


def write_answers(name, answers):
    path = answers_path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in answers))
