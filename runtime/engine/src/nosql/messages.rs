//! The key-value service's messages and the store's values: what the one says in words of the other.
//!
//! Not here: what a call does (`service`).

use std::collections::BTreeMap;
use std::sync::Arc;

use emberflow_base as base;
use emberflow_connect::kv;
use emberflow_nosql::change::{Assign, Change, Unchanged, UpdateMode};
use emberflow_nosql::expression::{Condition, Update};
use emberflow_nosql::name::{self, Key};
use emberflow_nosql::schema::TableSchema;
use emberflow_nosql::{Error, ErrorName, Item, Operation, Result, ScanSpec, Select, Value, Version, WriteOutcome};

/// Nanoseconds of a second.
const SECOND: u32 = 1_000_000_000;

pub(super) fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorName::InvalidArgument, text)
}

/// One operation of a batch.
pub(super) fn operation(operation: kv::Operation) -> Result<Operation> {
    let key = Key::parse(operation.key)?;
    let condition = operation.condition.map(condition).transpose();
    let change = condition.and_then(|condition| change(operation.change, condition)).map_err(|why| why.item(&key))?;
    Ok(Operation { key, change })
}

fn change(asked: Option<kv::operation::Change>, condition: Option<Condition>) -> Result<Change> {
    match asked {
        Some(kv::operation::Change::Write(write)) => {
            let mode = update_mode(write.mode)?;
            let attributes = write.attributes.into_iter().map(assignment).collect::<Result<_>>()?;
            Ok(Change::Write { mode, attributes, condition })
        }
        Some(kv::operation::Change::Expression(expression)) => {
            let text = expression.update.ok_or_else(|| invalid("an update expression has no text"))?;
            let otherwise = expression.otherwise.map(update).transpose()?;
            Ok(Change::Evaluate { update: update(text)?, condition, otherwise })
        }
        Some(kv::operation::Change::Delete(_)) => Ok(Change::Delete { condition }),
        None => Err(invalid("an operation says neither what to write nor what to delete")),
    }
}

fn update_mode(number: i32) -> Result<UpdateMode> {
    match kv::Mode::try_from(number) {
        Ok(kv::Mode::Overwrite) => Ok(UpdateMode::Overwrite),
        Ok(kv::Mode::Replace) => Ok(UpdateMode::Replace),
        Ok(kv::Mode::Append) => Ok(UpdateMode::Append),
        Ok(kv::Mode::AppendNew) => Ok(UpdateMode::AppendNew),
        Err(_) => Err(invalid(format!("{number} is no update mode"))),
    }
}

fn assignment(attribute: kv::Attribute) -> Result<(Arc<str>, Assign)> {
    let assign = match (value(attribute.value)?, attribute.is_increment) {
        (Some(step), true) => Assign::Increment(step),
        (None, true) => return Err(invalid(format!("the increment of {} has no number", attribute.name))),
        (Some(value), false) => Assign::Set(value),
        (None, false) => Assign::Null,
    };
    Ok((attribute.name.into(), assign))
}

pub(super) fn condition(text: kv::Text) -> Result<Condition> {
    let condition = Condition::parse(&text.text)?;
    bound(condition, text.values, |condition, name, value| match value {
        Some(value) => condition.bind(name, value),
        None => condition.bind_null(name),
    })
}

fn update(text: kv::Text) -> Result<Update> {
    let update = Update::parse(&text.text)?;
    bound(update, text.values, |update, name, value| match value {
        Some(value) => update.bind(name, value),
        None => update.bind_null(name),
    })
}

fn bound<E>(expression: E, values: BTreeMap<String, kv::Value>, bind: impl Fn(E, &str, Option<Value>) -> Result<E>) -> Result<E> {
    values.into_iter().try_fold(expression, |expression, (name, given)| bind(expression, &name, value(Some(given))?))
}

/// None for a null, and for a value that says nothing.
fn value(given: Option<kv::Value>) -> Result<Option<Value>> {
    use kv::value::Value as Given;
    Ok(match given.and_then(|given| given.value) {
        None | Some(Given::Null(_)) => None,
        Some(Given::Boolean(boolean)) => Some(Value::Bool(boolean)),
        Some(Given::Long(long)) => Some(Value::Int(long)),
        Some(Given::Double(double)) => Some(Value::Double(double)),
        Some(Given::String(text)) => Some(Value::Str(text)),
        Some(Given::Timestamp(at)) if at.nanoseconds < SECOND => {
            Some(Value::Timestamp { secs: at.seconds, nanos: at.nanoseconds })
        }
        Some(Given::Timestamp(at)) => {
            return Err(invalid(format!("{} nanoseconds of a timestamp are more than a second", at.nanoseconds)));
        }
        Some(Given::Blob(bytes)) => Some(Value::Blob(bytes)),
        Some(Given::Longs(longs)) => Some(Value::IntArray(longs.values)),
        Some(Given::Doubles(doubles)) => Some(Value::DoubleArray(doubles.values)),
    })
}

fn message_of(value: Value) -> kv::Value {
    use kv::value::Value as Message;
    let value = match value {
        Value::Bool(boolean) => Message::Boolean(boolean),
        Value::Int(long) => Message::Long(long),
        Value::Double(double) => Message::Double(double),
        Value::Str(text) => Message::String(text),
        Value::Timestamp { secs, nanos } => Message::Timestamp(kv::Timestamp { seconds: secs, nanoseconds: nanos }),
        Value::Blob(bytes) => Message::Blob(bytes),
        Value::IntArray(values) => Message::Longs(kv::Longs { values }),
        Value::DoubleArray(values) => Message::Doubles(kv::Doubles { values }),
    };
    kv::Value { value: Some(value) }
}

pub(super) fn item(item: Option<Item>) -> kv::Item {
    let is_absent = item.is_none();
    let attribute = |(name, value): (Arc<str>, Value)| kv::Attribute {
        name: name.to_string(),
        value: Some(message_of(value)),
        is_increment: false,
    };
    kv::Item { is_absent, attributes: item.into_iter().flatten().map(attribute).collect() }
}

/// `*` and `**` stand alone; nothing is `*`.
pub(super) fn select(names: Vec<String>) -> Result<Select> {
    match &names[..] {
        [] => Ok(Select::User),
        [one] if one == "*" => Ok(Select::User),
        [one] if one == "**" => Ok(Select::All),
        names => {
            names.iter().try_for_each(|name| name::check_attribute(name))?;
            Ok(Select::names(names.iter().map(String::as_str)))
        }
    }
}

pub(super) fn scan_spec(scan: &mut kv::Scan) -> Result<ScanSpec> {
    let (sharding, from, to, segment) = match scan.part.take() {
        None => (None, None, None, None),
        Some(kv::scan::Part::Range(range)) => (Some(range.sharding), range.from, range.to, None),
        Some(kv::scan::Part::Segment(segment)) => (None, None, None, Some((segment.index, segment.of))),
    };
    let spec = ScanSpec::from_parts(sharding, from, to, segment)?.select(select(std::mem::take(&mut scan.select))?);
    match scan.filter.take() {
        Some(filter) => spec.filter(condition(filter)?),
        None => Ok(spec),
    }
}

/// The schema in an object that a user wrote.
pub(super) fn schema(text: &str) -> Result<TableSchema> {
    let schema = TableSchema::from_json(text).map_err(|why| match why.name() {
        ErrorName::StorageCorrupt => invalid(why.message()),
        _ => why,
    })?;
    schema.check()?;
    Ok(schema)
}

pub(super) fn outcome(outcome: Result<WriteOutcome>) -> kv::Outcome {
    use kv::outcome::Kind;
    let (kind, version, error) = match outcome {
        Ok(WriteOutcome::Created(version)) => (Kind::Created, Some(version), None),
        // Nothing of this service is repeated.
        Ok(WriteOutcome::Updated(version)) => (Kind::Updated, Some(version), None),
        Ok(WriteOutcome::Repeated) => (Kind::Updated, None, None),
        Ok(WriteOutcome::Deleted) => (Kind::Deleted, None, None),
        Ok(WriteOutcome::Unchanged(Unchanged::ConditionFalse)) => (Kind::ConditionFalse, None, None),
        Ok(WriteOutcome::Unchanged(Unchanged::ItemExists)) => (Kind::ItemExists, None, None),
        Ok(WriteOutcome::Unchanged(Unchanged::NoSuchItem)) => (Kind::NoSuchItem, None, None),
        Err(why) => (Kind::Failed, None, Some(failure(&why.into()))),
    };
    kv::Outcome { kind: kind.into(), version: version.map(timestamp), error }
}

fn timestamp(version: Version) -> kv::Timestamp {
    // Below a second, so it fits.
    kv::Timestamp { seconds: version.secs(), nanoseconds: version.subsec_nanos() as u32 }
}

/// An error as the service says it. One that is not the store's goes by its condition.
pub(super) fn failure(error: &base::Error) -> kv::Failure {
    kv::Failure {
        name: error.parameter("error").unwrap_or(error.condition()).to_owned(),
        message: error.sentence(),
        position: error.parameter("position").and_then(|position| position.parse().ok()),
        condition: error.condition().to_owned(),
    }
}
