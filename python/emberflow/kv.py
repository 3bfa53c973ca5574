"""Items of the NoSQL store of an Emberflow server, over the connection a SparkSession has.

    ember_kv(spark, "shop") ─► KeyValue ─► emberflow_kv_pb2 messages ─► /emberflow.kv.KeyValue/Execute

    kv = ember_kv(spark, "shop")
    kv.put("parts", "nut", {"stock": 10, "bin": "A3"})
    kv.update("parts", "nut", {"stock": incr(5)}, update_mode="replace", condition="stock < ${most}", values={"most": 100})
    kv.update_expr("parts", "nut", "stock = stock - 1", condition="stock > 0", otherwise="backlog = 1")
    kv.get("parts", "nut")                                # a dict, or None
    list(kv.scan("parts", sharding="bolt", filter="stock > 0"))

Values: bool, int (64 bits), float, str, bytes, datetime, lists of int or of float; None is nothing. Datetimes come back
in UTC, cut to microseconds; a naive one given is taken as local time. `${name}` in an expression stands for the value of
that name in `values`, which is sent beside the text and never pasted into it.

What fails raises NoSqlError. A call is made once and never repeated by itself, for an increment must not happen twice.
`emberflow_kv_pb2.py` is made from runtime/connect/proto/emberflow_kv.proto by protoc.
Not here: tables as DataFrames, which are plain PySpark (format "nosql").
"""

import datetime
import json
import numbers
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import grpc
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException

from emberflow import emberflow_kv_pb2 as messages

BATCH_OPERATIONS = 1000
BATCH_BYTES = 16 << 20
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MODES = {
    "append": messages.APPEND,
    "append_new": messages.APPEND_NEW,
    "createnewitemonly": messages.APPEND_NEW,
    "createnewitemsonly": messages.APPEND_NEW,
    "replace": messages.REPLACE,
    "createorreplaceattributes": messages.REPLACE,
    "updateitem": messages.REPLACE,
    "overwrite": messages.OVERWRITE,
    "overwriteattributes": messages.OVERWRITE,
    "overwriteitem": messages.OVERWRITE,
}

Values = Optional[Dict[str, Any]]
Keys = Union[str, Sequence[str]]


class NoSqlError(PySparkException):
    """An error of the store: `name` ("TableNotFound"), `condition` ("NOSQL.TABLE_NOT_FOUND"), `position` in an expression."""

    def __init__(self, name: str, message: str, condition: str, position: Optional[int] = None):
        super().__init__(message=f"[{condition}] {message}")
        self.name = name
        self.condition = condition
        self.position = position

    def getCondition(self) -> str:
        return self.condition

    @staticmethod
    def _of(failure: "messages.Failure") -> "NoSqlError":
        position = failure.position if failure.HasField("position") else None
        return NoSqlError(failure.name, failure.message, failure.condition, position)


def _invalid(text: str) -> NoSqlError:
    return NoSqlError("InvalidArgument", f"InvalidArgument: {text}", "NOSQL.INVALID_ARGUMENT")


def _unsupported(text: str) -> NoSqlError:
    return NoSqlError("UnsupportedType", f"UnsupportedType: {text}", "NOSQL.UNSUPPORTED_TYPE")


class Outcome(NamedTuple):
    """What became of an item. `outcome` is one of created, updated, deleted, condition_false, item_exists, no_such_item, and
    in a batch also failed, with its `error`. `version` is (seconds, nanoseconds), as in __mtime_secs and __mtime_nsecs."""

    key: str
    outcome: str
    version: Optional[Tuple[int, int]]
    error: Optional[NoSqlError]


class Page(NamedTuple):
    """Some items of a scan. Only `last` ends it: a page may be empty though more follow."""

    items: List[Dict[str, Any]]
    next_marker: Optional[str]
    last: bool


class incr:
    """As the value of an attribute: the stored number plus `step`, or `step` where there is none."""

    def __init__(self, step: Union[int, float]):
        self.step = step

    def __repr__(self) -> str:
        return f"incr({self.step!r})"


class Operation:
    """One operation of a batch: made by `Operation.put` and its like, which take what the methods of KeyValue take."""

    def __init__(self, message: "messages.Operation"):
        self._message = message

    @staticmethod
    def put(key: str, attributes: Dict[str, Any], condition: Optional[str] = None, values: Values = None) -> "Operation":
        return Operation.update(key, attributes, "overwrite", condition, values)

    @staticmethod
    def update(
        key: str,
        attributes: Dict[str, Any],
        update_mode: str = "replace",
        condition: Optional[str] = None,
        values: Values = None,
    ) -> "Operation":
        mode = _MODES.get(update_mode.lower())
        if mode is None:
            raise _invalid(f"{update_mode!r} is no mode; there are append, append_new, replace and overwrite")
        write = messages.Write(mode=mode)
        for name, given in attributes.items():
            is_increment = isinstance(given, incr)
            write.attributes.add(name=name, value=_message(given.step if is_increment else given), is_increment=is_increment)
        return Operation(_operation(key, _texts(values, condition)[0], write=write))

    @staticmethod
    def update_expr(
        key: str,
        expression: str,
        condition: Optional[str] = None,
        otherwise: Optional[str] = None,
        values: Values = None,
    ) -> "Operation":
        when, update, other = _texts(values, condition, expression, otherwise)
        return Operation(_operation(key, when, expression=messages.Expression(update=update, otherwise=other)))

    @staticmethod
    def delete(key: str, condition: Optional[str] = None, values: Values = None) -> "Operation":
        return Operation(_operation(key, _texts(values, condition)[0], delete=True))


def ember_kv(spark: Any, container: str) -> "KeyValue":
    """A container of the store behind a session that `emberflow serve` answers."""
    return KeyValue(spark, container)


class KeyValue:
    """The items of a container's tables. One step changes one item with its condition; several items are not one step."""

    def __init__(self, spark: Any, container: str):
        self.container = container
        # PySpark has no public way to its channel; these two names are the same in all clients of Spark 4.
        self._client = spark.client
        self._call = self._client._channel.unary_unary(
            "/emberflow.kv.KeyValue/Execute",
            request_serializer=messages.Request.SerializeToString,
            response_deserializer=messages.Response.FromString,
        )

    def __repr__(self) -> str:
        return f"ember_kv({self.container!r})"

    def put(
        self, table: str, key: str, attributes: Dict[str, Any], condition: Optional[str] = None, values: Values = None
    ) -> Outcome:
        """Makes an item anew, in the place of one that may be there."""
        return self._one(table, Operation.put(key, attributes, condition, values))

    def put_all(self, table: str, items: Dict[str, Dict[str, Any]]) -> List[Outcome]:
        """Makes many items anew, by their names, in as many calls as it takes; the first failure is raised."""
        return self._many(table, [Operation.put(key, attributes) for key, attributes in items.items()])

    def update(
        self,
        table: str,
        key: str,
        attributes: Dict[str, Any],
        update_mode: str = "replace",
        condition: Optional[str] = None,
        values: Values = None,
    ) -> Outcome:
        """Changes attributes. `update_mode`: append adds missing ones, append_new only creates items, replace sets those
        given, overwrite makes the item anew. In every mode an item that is not there is created."""
        return self._one(table, Operation.update(key, attributes, update_mode, condition, values))

    def update_expr(
        self,
        table: str,
        key: str,
        expression: str,
        condition: Optional[str] = None,
        otherwise: Optional[str] = None,
        values: Values = None,
    ) -> Outcome:
        """Carries out an update expression; `otherwise` where the condition is not true."""
        return self._one(table, Operation.update_expr(key, expression, condition, otherwise, values))

    def delete(self, table: str, key: str, condition: Optional[str] = None, values: Values = None) -> Outcome:
        """Removes an item; one that is not there is `no_such_item` and no error."""
        return self._one(table, Operation.delete(key, condition, values))

    def batch(self, table: str, operations: Iterable[Operation]) -> List[Outcome]:
        """At most 1000 operations in one call, each for itself: a failed one is an outcome with its error."""
        batch = messages.Batch(operations=[operation._message for operation in operations])
        done = self._execute(table, batch=batch).outcomes.outcomes
        return [_outcome(operation.key, one) for operation, one in zip(batch.operations, done)]

    def get(self, table: str, key: Keys, select: Union[str, Sequence[str]] = "*") -> Any:
        """An item as a dict, or None; for a list of keys a list. `select`: "*", "**" (the store's attributes too) or names."""
        keys = [key] if isinstance(key, str) else list(key)
        items: List[Optional[Dict[str, Any]]] = []
        for start in range(0, len(keys), BATCH_OPERATIONS):
            asked = messages.Get(keys=keys[start : start + BATCH_OPERATIONS], select=_select(select))
            found = self._execute(table, get=asked).items.items
            items.extend(None if item.is_absent else _attributes(item) for item in found)
        return items[0] if isinstance(key, str) else items

    def scan(self, table: str, **spec: Any) -> Iterator[Dict[str, Any]]:
        """The items of a scan, read page by page; takes what `scan_page` takes but limit and marker."""
        marker = None
        while True:
            page = self.scan_page(table, marker=marker, **spec)
            yield from page.items
            if page.last:
                return
            marker = page.next_marker

    def scan_page(
        self,
        table: str,
        limit: int = 0,
        marker: Optional[str] = None,
        filter: Optional[str] = None,
        values: Values = None,
        sharding: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        segment: Optional[Tuple[int, int]] = None,
        select: Union[str, Sequence[str]] = "*",
    ) -> Page:
        """A page of the whole table, of the names of one sharding part from `from_` on and below `to`, or of segment i of n."""
        scan = messages.Scan(filter=_texts(values, filter)[0], select=_select(select), limit=limit, marker=marker or "")
        if sharding is not None and segment is not None:
            raise _invalid("a scan has a range or a segment, not both")
        if sharding is not None:
            scan.range.CopyFrom(messages.Range(sharding=sharding, to=to, **{"from": from_}))
        elif from_ is not None or to is not None:
            raise _invalid("a scan with from_ or to needs the sharding value")
        if segment is not None:
            scan.segment.CopyFrom(messages.Segment(index=segment[0], of=segment[1]))
        page = self._execute(table, scan=scan).page
        return Page([_attributes(item) for item in page.items], page.next_marker or None, page.last)

    def delete_where(self, table: str, filter: str, values: Values = None) -> int:
        """Removes the items that pass a filter, an empty one all, and gives their number."""
        return self._execute(table, delete_where=messages.DeleteWhere(filter=_texts(values, filter)[0])).count

    def delete_table(self, table: str, if_missing: str = "fail") -> None:
        """Removes a table with its schema and partitions. `if_missing`: fail or ignore."""
        if if_missing not in ("fail", "ignore"):
            raise _invalid("if_missing is fail or ignore")
        self._execute(table, delete_table=messages.DeleteTable(ignore_missing=if_missing == "ignore"))

    def tables(self) -> List[Dict[str, str]]:
        """What lies in the container: path and kind."""
        return self._administer("", messages.Administer.LIST)

    def containers(self) -> List[str]:
        """The containers of the store that hold something."""
        return self._administer("", messages.Administer.CONTAINERS)

    def schema(self, table: str) -> Optional[Dict[str, Any]]:
        """The schema by which the table is read as a DataFrame, as the object `.#schema` holds."""
        return self._administer(table, messages.Administer.SCHEMA)

    def set_schema(self, table: str, schema: Optional[Dict[str, Any]]) -> None:
        """Stores such an object; None removes it."""
        self._administer(table, messages.Administer.SET_SCHEMA, "" if schema is None else json.dumps(schema))

    def describe(self, table: str, count: bool = False) -> Dict[str, Any]:
        """A table's path, schema, bytes and files, and with `count` the number of its items, for which all are read."""
        return self._administer(table, messages.Administer.DESCRIBE, "count" if count else "")

    def compact(self, table: str) -> None:
        """Gives back the room of what was replaced and removed."""
        self._administer(table, messages.Administer.COMPACT)

    def verify(self) -> Dict[str, Any]:
        """Reads the whole store and compares it with its checksums: tables, items, bytes, broken and findings."""
        return self._administer("", messages.Administer.VERIFY)

    def _administer(self, table: str, what: int, argument: str = "") -> Any:
        return json.loads(self._execute(table, administer=messages.Administer(what=what, argument=argument)).json)

    def _one(self, table: str, operation: Operation) -> Outcome:
        return self._many(table, [operation])[0]

    def _many(self, table: str, operations: List[Operation]) -> List[Outcome]:
        done: List[Outcome] = []
        for batch in _batches(operations):
            outcomes = self.batch(table, batch)
            failed = next((outcome.error for outcome in outcomes if outcome.error), None)
            if failed:
                raise failed
            done.extend(outcomes)
        return done

    def _execute(self, table: str, **call: Any) -> "messages.Response":
        request = messages.Request(container=self.container, table=table, **call)
        try:
            response = self._call(request, metadata=self._client._builder.metadata())
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                text = "The server of this session is no Emberflow: it has no key-value store. Start one with `emberflow serve`."
                raise SparkConnectGrpcException(message=text, errorClass="UNSUPPORTED_FEATURE") from None
            raise SparkConnectGrpcException(message=f"{error.code().name}: {error.details()}") from None
        if response.WhichOneof("answer") == "error":
            raise NoSqlError._of(response.error)
        return response


def _batches(operations: List[Operation]) -> Iterator[List[Operation]]:
    batch: List[Operation] = []
    size = 0
    for operation in operations:
        bytes_now = operation._message.ByteSize()
        if len(batch) == BATCH_OPERATIONS or (batch and size + bytes_now > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(operation)
        size += bytes_now
    if batch:
        yield batch


def _operation(key: str, condition: Optional["messages.Text"], **change: Any) -> "messages.Operation":
    return messages.Operation(key=key, condition=condition, **change)


def _texts(values: Values, *texts: Optional[str]) -> List[Optional["messages.Text"]]:
    """The texts, each with the values whose names stand in it; every value stands in one of them."""
    bound = {name: _message(value) for name, value in (values or {}).items()}
    for name in bound:
        if not any(text is not None and "${" + name + "}" in text for text in texts):
            raise _invalid(f"no expression has ${{{name}}}, for which there is a value")

    def message(text: str) -> "messages.Text":
        return messages.Text(text=text, values={name: value for name, value in bound.items() if "${" + name + "}" in text})

    return [None if text is None else message(text) for text in texts]


def _select(select: Union[str, Sequence[str]]) -> List[str]:
    return [select] if isinstance(select, str) else list(select)


def _message(value: Any) -> "messages.Value":
    if value is None:
        return messages.Value(null=True)
    if isinstance(value, bool):
        return messages.Value(boolean=value)
    if isinstance(value, numbers.Integral):
        return messages.Value(long=_long(value))
    if isinstance(value, numbers.Real):
        return messages.Value(double=float(value))
    if isinstance(value, str):
        return messages.Value(string=value)
    if isinstance(value, datetime.datetime):
        return messages.Value(timestamp=_timestamp(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return messages.Value(blob=bytes(value))
    if isinstance(value, (list, tuple)):
        return _array(value)
    raise _unsupported(f"an item holds no {type(value).__name__}")


def _long(value: Any) -> int:
    number = int(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise _unsupported(f"{number} has more than 64 bits")
    return number


def _array(elements: Sequence[Any]) -> "messages.Value":
    if any(isinstance(element, bool) or not isinstance(element, numbers.Real) for element in elements):
        raise _unsupported("an array of an item holds numbers, and none of them is None")
    if all(isinstance(element, numbers.Integral) for element in elements):
        return messages.Value(longs=messages.Longs(values=[_long(element) for element in elements]))
    return messages.Value(doubles=messages.Doubles(values=[float(element) for element in elements]))


def _timestamp(value: datetime.datetime) -> "messages.Timestamp":
    since = value.astimezone(datetime.timezone.utc) - _EPOCH
    return messages.Timestamp(seconds=since.days * 86400 + since.seconds, nanoseconds=since.microseconds * 1000)


def _attributes(item: "messages.Item") -> Dict[str, Any]:
    return {attribute.name: _value(attribute.value) for attribute in item.attributes}


def _value(message: "messages.Value") -> Any:
    kind = message.WhichOneof("value")
    if kind is None or kind == "null":
        return None
    if kind == "timestamp":
        at = message.timestamp
        return _EPOCH + datetime.timedelta(seconds=at.seconds, microseconds=at.nanoseconds // 1000)
    if kind in ("longs", "doubles"):
        return list(getattr(message, kind).values)
    return getattr(message, kind)


def _outcome(key: str, outcome: "messages.Outcome") -> Outcome:
    version = (outcome.version.seconds, outcome.version.nanoseconds) if outcome.HasField("version") else None
    error = NoSqlError._of(outcome.error) if outcome.HasField("error") else None
    return Outcome(key, messages.Outcome.Kind.Name(outcome.kind).lower(), version, error)
