//! The key-value store, as R calls it: arguments to messages, answers to R values.
//!
//!     verb ─► [ changes, keys, texts ] ─► Request ─► Client::ask_key_value ─► Response ─► vectors, or an error by its name
//!
//! Many changes travel in batches of at most [`BATCH_OPERATIONS`] operations and about [`BATCH_BYTES`] bytes.
//! Not here: values (`kv_from_r`, `kv_to_r`), what a call does (`emberflow`), arguments as users give them (R).
//! Begin at [`execute`].

use emberflow_base::Error;
use emberflow_connect::kv::administer::What;
use emberflow_connect::kv::operation::Change;
use emberflow_connect::kv::outcome::Kind;
use emberflow_connect::kv::request::Call;
use emberflow_connect::kv::response::Answer;
use emberflow_connect::kv::scan::Part;
use emberflow_connect::kv::{
    Administer, Attribute, Batch, DeleteTable, DeleteWhere, Expression, Failure as Refusal, Get, Item, Mode, Operation, Outcome,
    Range, Request, Scan, Segment, Text, Value, Write,
};
use extendr_api::prelude::*;
use prost::Message;
use serde_json::Value as Json;

use crate::client::Client;
use crate::failure::{Failure, Result, outcome};
use crate::kv_from_r::{cell, message, names, values};
use crate::kv_to_r::columns;
use crate::r_api::{elements, flag, text, text_or_none, texts, whole32};
use crate::session::session;
use crate::waiting::wait;

const BATCH_OPERATIONS: usize = 1000;
const BATCH_BYTES: usize = 16 << 20;
/// Keys of one Get.
const GET_KEYS: usize = 1000;

/// An error of the store, made on this side of the border.
pub fn refused(name: &str, message: impl Into<String>) -> Failure {
    let words = name.char_indices().flat_map(|(at, letter)| {
        let gap = if at > 0 && letter.is_ascii_uppercase() { Some('_') } else { None };
        gap.into_iter().chain([letter.to_ascii_uppercase()])
    });
    let condition = format!("NOSQL.{}", words.collect::<String>());
    let message = format!("{name}: {}", message.into());
    failure(Refusal { name: name.to_owned(), message, position: None, condition })
}

fn failure(refusal: Refusal) -> Failure {
    let mut error = Error::new(refusal.condition).text(refusal.message).with("error", refusal.name);
    if let Some(position) = refusal.position {
        error = error.with("position", position.to_string());
    }
    error.into()
}

/// Which table of which container, through which session.
struct Place {
    client: Client,
    container: String,
    table: String,
}

impl Place {
    fn read(session_handle: &Robj, container: &Robj, table: &Robj) -> Result<Self> {
        Ok(Self {
            client: session(session_handle)?.client.clone(),
            container: text(container, "container")?.to_owned(),
            table: text_or_none(table).unwrap_or_default(),
        })
    }

    fn request(&self, call: Call) -> Request {
        Request { container: self.container.clone(), table: self.table.clone(), call: Some(call) }
    }

    /// One call and its answer; a refusal is an error.
    fn execute(&self, call: Call) -> Result<Answer> {
        let (client, request) = (self.client.clone(), self.request(call));
        wait(async move { ask(&client, request).await })
    }

    fn administer(&self, what: What, argument: String) -> Result<Json> {
        match self.execute(Call::Administer(Administer { what: what.into(), argument }))? {
            Answer::Json(text) => serde_json::from_str(&text).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        }
    }
}

async fn ask(client: &Client, request: Request) -> Result<Answer> {
    match client.ask_key_value(request).await?.answer {
        Some(Answer::Error(refusal)) => Err(failure(refusal)),
        Some(answer) => Ok(answer),
        None => Err(unexpected()),
    }
}

fn unexpected() -> Failure {
    Failure::internal("the key-value service answered something else than it was asked")
}

/// Values of `${name}`, and the texts that use them.
struct Bound(Vec<(String, Value)>);

impl Bound {
    fn read(values: &Robj) -> Result<Self> {
        let cells = elements(values, "values")?;
        let names: Vec<String> = values.names().map(|names| names.map(str::to_owned).collect()).unwrap_or_default();
        if names.len() != cells.len() {
            return Err(refused("InvalidArgument", "values should be a list with names"));
        }
        let bound = names.into_iter().zip(&cells).map(|(name, value)| Ok((name, message(cell(value)?))));
        Ok(Self(bound.collect::<Result<_>>()?))
    }

    /// A text with the values whose names stand in it.
    fn text(&self, text: &str) -> Text {
        let used = self.0.iter().filter(|(name, _)| stands_in(name, text)).cloned();
        Text { text: text.to_owned(), values: used.collect() }
    }

    fn text_or_none(&self, text: &Robj) -> Option<Text> {
        text_or_none(text).map(|text| self.text(&text))
    }

    /// Every value has to stand in one of the texts.
    fn check_used<'a>(&self, texts: impl Iterator<Item = &'a Text> + Clone) -> Result<()> {
        match self.0.iter().find(|(name, _)| !texts.clone().any(|text| stands_in(name, &text.text))) {
            Some((name, _)) => {
                Err(refused("InvalidArgument", format!("no expression has ${{{name}}}, for which there is a value")))
            }
            None => Ok(()),
        }
    }
}

fn stands_in(name: &str, text: &str) -> bool {
    text.contains(&format!("${{{name}}}"))
}

/// The names of items that key columns make.
#[extendr]
fn kv_names(sharding: Robj, sorting: Robj) -> Robj {
    outcome(|| Ok(names(&sharding, &sorting)?.into()))
}

/// Carries out changes, each a list of what `changes_of` reads. With `each`, every outcome is told; else the first failure
/// is the error.
#[extendr]
fn kv_change(session_handle: Robj, container: Robj, table: Robj, changes: Robj, each: Robj) -> Robj {
    outcome(|| {
        let place = Place::read(&session_handle, &container, &table)?;
        let each = flag(&each, "each")?;
        let mut operations = Vec::new();
        for change in elements(&changes, "changes")? {
            operations.extend(operations_of(&change)?);
        }
        let keys: Vec<String> = operations.iter().map(|operation| operation.key.clone()).collect();
        let batches = if each { vec![operations] } else { batches(operations) };
        let (client, requests) = (place.client.clone(), requests(&place, batches));
        let outcomes = wait(async move {
            let mut outcomes = Vec::new();
            for request in requests {
                match ask(&client, request).await? {
                    Answer::Outcomes(done) => outcomes.extend(done.outcomes),
                    _ => return Err(unexpected()),
                }
                if !each && let Some(refusal) = outcomes.iter_mut().find_map(|outcome: &mut Outcome| outcome.error.take()) {
                    return Err(failure(refusal));
                }
            }
            Ok(outcomes)
        })?;
        outcome_columns(keys, outcomes, each)
    })
}

fn requests(place: &Place, batches: Vec<Vec<Operation>>) -> Vec<Request> {
    batches.into_iter().map(|operations| place.request(Call::Batch(Batch { operations }))).collect()
}

fn batches(operations: Vec<Operation>) -> Vec<Vec<Operation>> {
    let (mut batches, mut now, mut bytes) = (Vec::new(), Vec::new(), 0);
    for operation in operations {
        let size = operation.encoded_len();
        if now.len() == BATCH_OPERATIONS || (bytes + size > BATCH_BYTES && !now.is_empty()) {
            batches.push(std::mem::take(&mut now));
            bytes = 0;
        }
        bytes += size;
        now.push(operation);
    }
    if !now.is_empty() {
        batches.push(now);
    }
    batches
}

/// The operations of one change, one for each key.
fn operations_of(change: &Robj) -> Result<Vec<Operation>> {
    let member = |name: &str| change.dollar(name).map_err(Failure::from);
    let keys = texts(&member("keys")?, "key")?;
    let bound = Bound::read(&member("values")?)?;
    let condition = bound.text_or_none(&member("condition")?);
    let kind = member("kind")?;
    let changes: Vec<Change> = match text(&kind, "kind")? {
        "write" => {
            bound.check_used(condition.iter())?;
            writes(change, keys.len())?.into_iter().map(Change::Write).collect()
        }
        "delete" => {
            bound.check_used(condition.iter())?;
            vec![Change::Delete(true); keys.len()]
        }
        _ => {
            let update = bound.text(text(&member("update")?, "expression")?);
            let otherwise = bound.text_or_none(&member("otherwise")?);
            bound.check_used(condition.iter().chain([&update]).chain(&otherwise))?;
            vec![Change::Expression(Expression { update: Some(update), otherwise }); keys.len()]
        }
    };
    let operation = |(key, change)| Operation { key, change: Some(change), condition: condition.clone() };
    Ok(keys.into_iter().zip(changes).map(operation).collect())
}

/// What to write to each of `rows` items: a list of single values, or columns of which those of one value hold for all.
fn writes(change: &Robj, rows: usize) -> Result<Vec<Write>> {
    let member = |name: &str| change.dollar(name).map_err(Failure::from);
    let mode = mode(text(&member("mode")?, "mode")?)?;
    let is_single = flag(&member("single")?, "single")?;
    let (given, names) = (elements(&member("columns")?, "attributes")?, texts(&member("names")?, "names of attributes")?);
    if given.len() != names.len() {
        return Err(refused("InvalidArgument", "attributes should be a list with names, or a data.frame"));
    }
    let mut writes = vec![Write { mode: mode.into(), attributes: Vec::with_capacity(names.len()) }; rows];
    for (column, name) in given.iter().zip(names) {
        let is_increment = column.inherits("ember_increment");
        let cells = if is_single { vec![cell(column)?] } else { values(column)? };
        if cells.len() != rows && cells.len() != 1 {
            let text = format!("there are {rows} keys, but {} values of {name}", cells.len());
            return Err(refused("InvalidArgument", text));
        }
        for (row, write) in writes.iter_mut().enumerate() {
            let value = cells[if cells.len() == 1 { 0 } else { row }].clone();
            write.attributes.push(Attribute { name: name.clone(), value: Some(message(value)), is_increment });
        }
    }
    Ok(writes)
}

/// A mode by its name or by one of the names other programs know it by, in any case.
fn mode(text: &str) -> Result<Mode> {
    match text.to_ascii_lowercase().as_str() {
        "append" => Ok(Mode::Append),
        "append_new" | "createnewitemonly" | "createnewitemsonly" => Ok(Mode::AppendNew),
        "replace" | "createorreplaceattributes" | "updateitem" => Ok(Mode::Replace),
        "overwrite" | "overwriteattributes" | "overwriteitem" => Ok(Mode::Overwrite),
        _ => Err(refused("InvalidArgument", format!("{text} is no mode; there are append, append_new, replace and overwrite"))),
    }
}

fn outcome_columns(keys: Vec<String>, outcomes: Vec<Outcome>, each: bool) -> Result<Robj> {
    if keys.len() != outcomes.len() {
        return Err(unexpected());
    }
    let words: Vec<&str> = outcomes.iter().map(|outcome| word(outcome.kind())).collect();
    let seconds = outcomes.iter().map(|outcome| outcome.version.map(|version| version.seconds as f64));
    let seconds: Vec<Rfloat> = seconds.map(Rfloat::from).collect();
    let nanos = outcomes.iter().map(|outcome| outcome.version.map(|version| f64::from(version.nanoseconds)));
    let nanos: Vec<Rfloat> = nanos.map(Rfloat::from).collect();
    let (seconds, nanos) = (Doubles::from_values(seconds), Doubles::from_values(nanos));
    if !each {
        return Ok(list!(key = keys, outcome = words, mtime_secs = seconds, mtime_nsecs = nanos).into());
    }
    let errors: Vec<Rstr> = outcomes.iter().map(|outcome| said(outcome, |error| &error.name)).collect();
    let messages: Vec<Rstr> = outcomes.iter().map(|outcome| said(outcome, |error| &error.message)).collect();
    let (error, message) = (Strings::from_values(errors), Strings::from_values(messages));
    Ok(list!(key = keys, outcome = words, mtime_secs = seconds, mtime_nsecs = nanos, error = error, message = message).into())
}

fn said(outcome: &Outcome, what: impl Fn(&Refusal) -> &String) -> Rstr {
    outcome.error.as_ref().map_or_else(Rstr::na, |error| Rstr::from(what(error).replace('\0', " ")))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Created => "created",
        Kind::Updated => "updated",
        Kind::Deleted => "deleted",
        Kind::ConditionFalse => "condition_false",
        Kind::ItemExists => "item_exists",
        Kind::NoSuchItem => "no_such_item",
        Kind::Failed => "failed",
    }
}

/// Items by their names: whether each is there, and columns. Those that are not there have nothing in them.
#[extendr]
fn kv_items(session_handle: Robj, container: Robj, table: Robj, keys: Robj, select: Robj) -> Robj {
    outcome(|| {
        let place = Place::read(&session_handle, &container, &table)?;
        let (keys, select) = (texts(&keys, "key")?, texts(&select, "select")?);
        let requests: Vec<Request> = keys
            .chunks(GET_KEYS)
            .map(|keys| place.request(Call::Get(Get { keys: keys.to_vec(), select: select.clone() })))
            .collect();
        let client = place.client.clone();
        let items = wait(async move {
            let mut items = Vec::new();
            for request in requests {
                match ask(&client, request).await? {
                    Answer::Items(found) => items.extend(found.items),
                    _ => return Err(unexpected()),
                }
            }
            Ok(items)
        })?;
        let there: Vec<bool> = items.iter().map(|item| !item.is_absent).collect();
        Ok(list!(there = there, columns = columns(items, &named(&select))?).into())
    })
}

/// The attributes that were asked for by name.
fn named(select: &[String]) -> Vec<String> {
    select.iter().filter(|name| !name.starts_with('*')).cloned().collect()
}

/// The items of a scan in columns: all of them, or a page if there is a limit.
#[extendr]
fn kv_page(session_handle: Robj, container: Robj, table: Robj, spec: Robj) -> Robj {
    outcome(|| {
        let place = Place::read(&session_handle, &container, &table)?;
        let (mut scan, select, is_whole) = scan_of(&spec)?;
        let mut first = named(&select);
        if first.is_empty() {
            first.push("__name".to_owned());
        }
        scan.select = select;
        let (client, mut request) = (place.client.clone(), place.request(Call::Scan(scan)));
        let (items, marker, last) = wait(async move {
            let mut items: Vec<Item> = Vec::new();
            loop {
                let Answer::Page(page) = ask(&client, request.clone()).await? else { return Err(unexpected()) };
                items.extend(page.items);
                if page.last || !is_whole {
                    return Ok((items, page.next_marker, page.last));
                }
                if let Some(Call::Scan(scan)) = &mut request.call {
                    scan.marker = page.next_marker;
                }
            }
        })?;
        let marker: Robj = if last { ().into() } else { marker.into() };
        Ok(list!(rows = items.len() as i32, columns = columns(items, &first)?, marker = marker).into())
    })
}

fn scan_of(spec: &Robj) -> Result<(Scan, Vec<String>, bool)> {
    let member = |name: &str| spec.dollar(name).map_err(Failure::from);
    let (sharding, from, to) = (text_or_none(&member("sharding")?), text_or_none(&member("from")?), text_or_none(&member("to")?));
    let segment = member("segment")?;
    let part = match (sharding, segment.is_null()) {
        (Some(_), false) => return Err(refused("InvalidArgument", "a scan has a range or a segment, not both")),
        (None, _) if from.is_some() || to.is_some() => {
            return Err(refused("InvalidArgument", "a scan with from or to needs the sharding value"));
        }
        (Some(sharding), true) => Some(Part::Range(Range { sharding, from, to })),
        (None, false) => {
            let numbers = values(&segment)?.into_iter().map(count).collect::<Option<Vec<u32>>>();
            match numbers.as_deref() {
                Some([index, of]) => Some(Part::Segment(Segment { index: *index, of: *of })),
                _ => return Err(refused("InvalidArgument", "segment should be two whole numbers, as in c(0, 4)")),
            }
        }
        (None, true) => None,
    };
    let bound = Bound::read(&member("values")?)?;
    let filter = bound.text_or_none(&member("filter")?);
    bound.check_used(filter.iter())?;
    let limit = member("limit")?;
    let is_whole = limit.is_null();
    let limit = if is_whole { 0 } else { whole32(&limit, "limit")? };
    if !is_whole && limit < 1 {
        return Err(refused("InvalidArgument", "a page holds at least one item"));
    }
    let marker = text_or_none(&member("marker")?).unwrap_or_default();
    let scan = Scan { filter, select: Vec::new(), part, limit: limit.unsigned_abs(), marker };
    Ok((scan, texts(&member("select")?, "select")?, is_whole))
}

fn count(value: Option<emberflow_connect::kv::value::Value>) -> Option<u32> {
    use emberflow_connect::kv::value::Value;
    match value {
        Some(Value::Long(long)) => u32::try_from(long).ok(),
        Some(Value::Double(double)) if double.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&double) => {
            Some(double as u32)
        }
        _ => None,
    }
}

/// Removes the items that pass a filter; their number.
#[extendr]
fn kv_remove(session_handle: Robj, container: Robj, table: Robj, filter: Robj, values: Robj) -> Robj {
    outcome(|| {
        let bound = Bound::read(&values)?;
        let filter = bound.text(text(&filter, "filter")?);
        bound.check_used([&filter].into_iter())?;
        let call = Call::DeleteWhere(DeleteWhere { filter: Some(filter) });
        match Place::read(&session_handle, &container, &table)?.execute(call)? {
            Answer::Count(count) => Ok((count as f64).into()),
            _ => Err(unexpected()),
        }
    })
}

#[extendr]
fn kv_drop(session_handle: Robj, container: Robj, table: Robj, ignore_missing: Robj) -> Robj {
    outcome(|| {
        let call = Call::DeleteTable(DeleteTable { ignore_missing: flag(&ignore_missing, "if_missing")? });
        Place::read(&session_handle, &container, &table)?.execute(call)?;
        Ok(().into())
    })
}

#[extendr]
fn kv_list_containers(session_handle: Robj) -> Robj {
    outcome(|| {
        let place = Place { client: session(&session_handle)?.client.clone(), container: String::new(), table: String::new() };
        Ok(text_list(&place.administer(What::Containers, String::new())?).into())
    })
}

/// What lies in a container: paths and kinds.
#[extendr]
fn kv_list(session_handle: Robj, container: Robj, _table: Robj) -> Robj {
    outcome(|| {
        let listed = Place::read(&session_handle, &container, &().into())?.administer(What::List, String::new())?;
        Ok(list!(path = member_texts(&listed, "path"), kind = member_texts(&listed, "kind")).into())
    })
}

fn text_list(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn member_texts(json: &Json, name: &str) -> Vec<String> {
    let text = |object: &Json| object.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    json.as_array().into_iter().flatten().map(text).collect()
}

/// The schema of a table in parts, or NULL.
#[extendr]
fn kv_get_schema(session_handle: Robj, container: Robj, table: Robj) -> Robj {
    outcome(|| {
        let schema = Place::read(&session_handle, &container, &table)?.administer(What::Schema, String::new())?;
        if schema.is_null() {
            return Ok(().into());
        }
        let fields = schema.get("fields").unwrap_or(&Json::Null);
        let nullable: Vec<bool> =
            fields.as_array().into_iter().flatten().map(|field| field["nullable"].as_bool().unwrap_or(true)).collect();
        let text = |name: &str| schema.get(name).and_then(Json::as_str).map(str::to_owned);
        let buckets = schema.get("hashingBucketNum").and_then(Json::as_i64).unwrap_or(0) as i32;
        Ok(list!(
            names = member_texts(fields, "name"),
            types = member_texts(fields, "type"),
            nullable = nullable,
            key = text("key"),
            sorting_key = text("sortingKey"),
            buckets = buckets,
            partition = text_list(schema.get("partitionKeys").unwrap_or(&Json::Null))
        )
        .into())
    })
}

/// Stores a schema given in the same parts; NULL removes it.
#[extendr]
fn kv_set_schema_parts(session_handle: Robj, container: Robj, table: Robj, schema: Robj) -> Robj {
    outcome(|| {
        let argument = if schema.is_null() { String::new() } else { schema_json(&schema)?.to_string() };
        Place::read(&session_handle, &container, &table)?.administer(What::SetSchema, argument)?;
        Ok(().into())
    })
}

fn schema_json(schema: &Robj) -> Result<Json> {
    let member = |name: &str| schema.dollar(name).map_err(Failure::from);
    let (names, types) = (texts(&member("names")?, "names of fields")?, texts(&member("types")?, "types of fields")?);
    let nullable = member("nullable")?.as_logical_vector().unwrap_or_default();
    if names.len() != types.len() || names.len() != nullable.len() {
        return Err(refused("InvalidArgument", "fields should be a data.frame of name, type and nullable"));
    }
    let field = |((name, kind), nullable): ((String, String), Rbool)| serde_json::json!({"name": name, "type": kind, "nullable": nullable.is_true()});
    let mut object = serde_json::Map::new();
    object.insert("fields".to_owned(), names.into_iter().zip(types).zip(nullable).map(field).collect());
    for (from, to) in [("key", "key"), ("sorting_key", "sortingKey")] {
        if let Some(column) = text_or_none(&member(from)?) {
            object.insert(to.to_owned(), column.into());
        }
    }
    object.insert("hashingBucketNum".to_owned(), whole32(&member("buckets")?, "buckets")?.into());
    object.insert("partitionKeys".to_owned(), texts(&member("partition")?, "partition")?.into());
    Ok(Json::Object(object))
}

/// What is known of a table: path, bytes, files and, if they are counted, items.
#[extendr]
fn kv_described(session_handle: Robj, container: Robj, table: Robj, count: Robj) -> Robj {
    outcome(|| {
        let argument = if flag(&count, "count")? { "count" } else { "" };
        let found = Place::read(&session_handle, &container, &table)?.administer(What::Describe, argument.to_owned())?;
        let number = |name: &str| found.get(name).and_then(Json::as_f64);
        let path = found.get("path").and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(list!(path = path, bytes = number("bytes"), files = number("files"), items = number("items")).into())
    })
}

#[extendr]
fn kv_compacted(session_handle: Robj, container: Robj, table: Robj) -> Robj {
    outcome(|| {
        Place::read(&session_handle, &container, &table)?.administer(What::Compact, String::new())?;
        Ok(().into())
    })
}

/// The whole store, read and compared with its checksums.
#[extendr]
fn kv_verified(session_handle: Robj) -> Robj {
    outcome(|| {
        let place = Place { client: session(&session_handle)?.client.clone(), container: String::new(), table: String::new() };
        let found = place.administer(What::Verify, String::new())?;
        let number = |name: &str| found.get(name).and_then(Json::as_f64);
        Ok(list!(
            tables = number("tables"),
            items = number("items"),
            bytes = number("bytes"),
            broken = number("broken"),
            findings = text_list(found.get("findings").unwrap_or(&Json::Null))
        )
        .into())
    })
}

extendr_module! {
    mod kv;
    fn kv_names;
    fn kv_change;
    fn kv_items;
    fn kv_page;
    fn kv_remove;
    fn kv_drop;
    fn kv_list_containers;
    fn kv_list;
    fn kv_get_schema;
    fn kv_set_schema_parts;
    fn kv_described;
    fn kv_compacted;
    fn kv_verified;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_its_condition() {
        let Failure::Spark(report) = refused("InvalidKeyValue", "why") else { panic!("another failure") };
        assert_eq!(report.condition.as_deref(), Some("NOSQL.INVALID_KEY_VALUE"));
        assert_eq!(report.message, "[NOSQL.INVALID_KEY_VALUE] InvalidKeyValue: why");
        assert_eq!(report.parameters, [("error".to_owned(), "InvalidKeyValue".to_owned())]);
    }

    #[test]
    fn batches_have_bounds() {
        let small = Operation { key: "k".into(), ..Operation::default() };
        let sizes = |operations| batches(operations).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![small.clone(); 2001]), [1000, 1000, 1]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
        let large = Operation { key: "k".repeat(BATCH_BYTES), ..Operation::default() };
        assert_eq!(sizes(vec![small.clone(), large.clone(), large, small]), [1, 1, 1, 1]);
    }
}
