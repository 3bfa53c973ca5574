"""What one case answers, as JSON that a person can diff: schema, rows, or error.

    DataFrame ─► {"schema": [["name", "type"], ...], "rows": [[...]]}, and "show" and "tree" where asked for
    exception ─► {"error": {"condition", "sqlstate", "class", "parameters", "contexts"}}

How values are written, so that nothing is lost and every language can read it:

    NULL null · booleans and integers as such · decimals "1.20" · float, double "0.1", "NaN", "Infinity", "-0.0"
    date "2024-02-29" · timestamp "2024-02-29 12:00:00.000000Z" (UTC) · timestamp_ntz without Z · day-time interval microseconds
    binary "0A1B" · array [..] · struct [..] by position · map [[key, value], ..] sorted by key

Not here: which cases there are (`record.py`, `replay.py`).
"""
import datetime
import decimal
import json
import logging
import math
import re

from pyspark.errors.exceptions import connect as raised

_plain_conversion = raised._convert_exception


def _remember_classes(classes, **rest):
    """PySpark forgets the server's class hierarchy when it makes its exception; the answers want it."""
    made = _plain_conversion(classes=classes, **rest)
    made.server_classes = classes
    return made


raised._convert_exception = _remember_classes


# Subclasses that no client tells from their parent.
UNSEEN = ("org.apache.spark.sql.catalyst.ExtendedAnalysisException",)

logging.disable(logging.CRITICAL)  # PySpark logs every failed query with its whole stack


def answer(make, show=False):
    """Runs `make` and writes down what came out: a DataFrame's schema and rows, or any other value."""
    try:
        made = make()
        found = of_frame(made, show) if hasattr(made, "_plan") else {"value": plain(made)}
    except Exception as problem:  # noqa: BLE001, every failure is an answer
        found = of_error(problem)
    for told in ("schema", "error"):
        if told in found:  # without Spark's running numbers of expressions
            found[told] = json.loads(re.sub(r"#\d+", "#N", json.dumps(found[told])))
    return found


def of_frame(frame, show=False):
    table, schema = fetched(frame)
    found = {"schema": columns_of(schema), "rows": rows_of(table)}
    if show:
        found["show"] = frame._show_string(20, 20, False)
        found["tree"] = frame.schema.treeString()
    return found


def fetched(frame):
    """Arrow table and schema in one request."""
    client = frame._session.client
    table, schema, *_ = client.to_table(frame._plan.to_proto(client), frame._plan.observations)
    return table, schema or frame.schema


def columns_of(schema):
    return [[field.name, type_text(field.dataType) + ("" if field.nullable else " not null")] for field in schema.fields]


def type_text(kind):
    """Spark's short name of a type, with `not null` wherever a part cannot be NULL."""
    name = kind.typeName()
    if name == "array":
        return f"array<{type_text(kind.elementType)}{'' if kind.containsNull else ' not null'}>"
    if name == "map":
        return f"map<{type_text(kind.keyType)}, {type_text(kind.valueType)}{'' if kind.valueContainsNull else ' not null'}>"
    if name == "struct":
        return "struct<" + ", ".join(f"{column}: {type_name}" for column, type_name in columns_of(kind)) + ">"
    return kind.simpleString()


def rows_of(table):
    columns = [[value for chunk in column.chunks for value in column_values(chunk)] for column in table.columns]
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in range(table.num_rows)]


def column_values(array):
    """Values of one Arrow array; what Python's dates cannot hold falls back to numbers."""
    import pyarrow as pa

    try:
        return [written(value, array.type) for value in array.to_pylist()]
    except (ValueError, OverflowError):
        width = pa.int32() if pa.types.is_date32(array.type) else pa.int64()
        return [None if value is None else f"raw:{value}" for value in array.cast(width).to_pylist()]


def written(value, kind):
    import pyarrow as pa

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper()
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return text if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat(" ", "microseconds") + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return (value.days * 86400 + value.seconds) * 1000000 + value.microseconds
    if isinstance(value, datetime.time):
        return value.isoformat("microseconds")
    if pa.types.is_map(kind):
        pairs = [[written(key, kind.key_type), written(item, kind.item_type)] for key, item in value]
        return sorted(pairs, key=lambda pair: json.dumps(pair[0]))
    if pa.types.is_struct(kind):
        return [written(each, kind.field(at).type) for at, each in enumerate(value.values())]
    if isinstance(value, list):
        return [written(each, kind.value_type) for each in value]
    return value


def plain(value):
    """A value that is not a DataFrame: what `count()`, `columns`, `first()` and their like give back."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, str)) else repr(value)


def number_text(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def of_error(problem):
    condition = getattr(problem, "getCondition", lambda: None)()
    if condition is None and not hasattr(problem, "getSqlState"):
        return {"error": {"python": type(problem).__name__, "text": str(problem)[:300]}}
    found = {
        "condition": condition,
        "sqlstate": problem.getSqlState(),
        "python": type(problem).__name__,
        "parameters": dict(sorted((problem.getMessageParameters() or {}).items())),
    }
    classes = getattr(problem, "server_classes", None)
    if classes:
        found["class"] = next(name for name in classes if name not in UNSEEN)
    contexts = [context_of(each) for each in problem.getQueryContext() or []]
    if contexts:
        found["contexts"] = contexts
    return {"error": found}


def context_of(context):
    if str(context.contextType()).endswith("SQL"):
        return {"start": context.startIndex(), "stop": context.stopIndex(), "fragment": context.fragment()}
    return {"fragment": context.fragment()}


def comparable(rows, ordered):
    return rows if ordered else sorted(rows, key=lambda row: json.dumps(row))


def same_value(left, right, tolerance=1e-12):
    """Equal, except that doubles may differ in the last digits, as sums in another order do."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_value, left, right))
    if left == right:
        return True
    if not (isinstance(left, str) and isinstance(right, str)):
        return False
    try:
        a, b = float(left), float(right)
    except ValueError:
        return False
    if "e" not in left.lower() and "." not in left:
        return False
    return math.isclose(a, b, rel_tol=tolerance)


def differences(expected, found, ordered):
    """What differs between two answers, each said in one line; empty if they agree."""
    if ("error" in expected) != ("error" in found):
        return [f"expected {brief(expected)}, found {brief(found)}"]
    if "error" in expected:
        return error_differences(expected["error"], found["error"])
    if "value" in expected or "value" in found:
        return [] if expected.get("value") == found.get("value") else [f"expected {brief(expected)}, found {brief(found)}"]
    said = schema_differences(expected["schema"], found["schema"])
    left, right = comparable(expected["rows"], ordered), comparable(found["rows"], ordered)
    if len(left) != len(right):
        said.append(f"expected {len(left)} rows, found {len(right)}")
    said += [f"row {at}: expected {a}, found {b}" for at, (a, b) in enumerate(zip(left, right)) if not same_value(a, b)][:3]
    for text in ("show", "tree"):
        if text in expected and ordered and expected[text] != found.get(text):
            said.append(f"{text}: expected\n{expected[text]}\nfound\n{found.get(text)}")
    return said


def schema_differences(expected, found):
    if expected == found:
        return []
    if len(expected) != len(found):
        return [f"schema: expected {expected}, found {found}"]
    return [f"column {at}: expected {a}, found {b}" for at, (a, b) in enumerate(zip(expected, found)) if a != b]


def error_differences(expected, found):
    """Condition, SQLSTATE, class and parameters; contexts are compared where both sides have them."""
    said = []
    for part in ("condition", "sqlstate", "python", "class", "parameters"):
        if part in expected and expected[part] != found.get(part) and not (expected.get("condition") is None and part == "parameters"):
            said.append(f"{part}: expected {expected[part]}, found {found.get(part)}")
    if "contexts" in expected and "contexts" in found and expected["contexts"] != found["contexts"]:
        said.append(f"contexts: expected {expected['contexts']}, found {found['contexts']}")
    if said and "condition" in expected and expected["condition"] != found.get("condition"):
        said.append(f"text: {found.get('text', '')}")
    return said


def brief(found):
    if "error" in found:
        error = found["error"]
        return f"error {error.get('condition') or error.get('python')} {error.get('parameters', error.get('text', ''))}"
    if "value" in found:
        return f"the value {found['value']!r}"
    return f"{len(found['rows'])} rows {found['rows'][:2]}"
