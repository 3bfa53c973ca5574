//! The key-value service: each call to the store, on a thread that may block.
//!
//! ```text
//! Request ─┬─ Batch ───────────────────► operations ─► owners of the slices (awaited)
//!          └─ Get, Scan, Administer... ─► a blocking thread ─► committed items
//! ```
//!
//! Not here: the messages' meaning (`messages`), bytes and methods (`emberflow-connect`).

use std::sync::Weak;

use emberflow_base::{Error, Result};
use emberflow_connect::kv::administer::What;
use emberflow_connect::kv::request::Call;
use emberflow_connect::kv::response::Answer;
use emberflow_connect::kv::{Administer, Batch, Get, Items, KeyValue, Outcomes, Page, Request, Response, Scan};
use emberflow_nosql::name::Key;
use emberflow_nosql::{self as nosql, EntryKind, ErrorName, IfMissing, Store, Table};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;

use super::messages::{condition, failure, invalid, item, operation, outcome, scan_spec, schema, select};
use crate::backend::EngineBackend;
use crate::engine::Engine;

/// Most operations of a batch, and most keys of a Get.
const BATCH_OPERATIONS: usize = 1000;
/// Most bytes of items that one answer holds: well below what a gRPC message may have.
const ANSWER_BYTES: usize = 64 << 20;
/// Items of a page whose size was left to us.
const PAGE_ITEMS: usize = 1024;

impl KeyValue for EngineBackend {
    fn execute(&self, request: Request) -> BoxFuture<'static, Response> {
        let engine = Weak::clone(&self.engine);
        async move {
            let answer = match request.call {
                Some(Call::Batch(batch)) => write(engine, request.container, request.table, batch).await,
                Some(call) => blocking(move || read(&store(&engine)?, &request.container, &request.table, call)).await,
                None => Err(invalid("the request asks for nothing").into()),
            };
            Response { answer: Some(answer.unwrap_or_else(|why| Answer::Error(failure(&why)))) }
        }
        .boxed()
    }
}

fn store(engine: &Weak<Engine>) -> Result<Store> {
    engine.upgrade().ok_or_else(|| Error::internal("the engine has stopped"))?.store()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|why| Err(Error::internal(format!("a call of the key-value service stopped: {why}"))))
}

/// An operation that cannot be read fails alone, as one that cannot be carried out does.
async fn write(engine: Weak<Engine>, container: String, table: String, batch: Batch) -> Result<Answer> {
    let (table, operations) = blocking(move || {
        check_count("operations", batch.operations.len())?;
        let table = store(&engine)?.kv(&container)?.table(&table)?;
        let path = table.path().clone();
        let read = |given| operation(given).map_err(|why| why.table(&path));
        Ok((table, batch.operations.into_iter().map(read).collect::<Vec<_>>()))
    })
    .await?;
    let good = operations.iter().filter_map(|operation| operation.as_ref().ok().cloned()).collect();
    let mut done = table.batch(good).await?.into_iter();
    let outcomes = operations.into_iter().filter_map(|operation| match operation {
        Ok(_) => done.next().map(outcome),
        Err(why) => Some(outcome(Err(why))),
    });
    Ok(Answer::Outcomes(Outcomes { outcomes: outcomes.collect() }))
}

/// What reads, or works on many items. Blocks.
fn read(store: &Store, container: &str, table: &str, call: Call) -> Result<Answer> {
    let within = || store.kv(container)?.table(table);
    match call {
        Call::Get(asked) => get(&within()?, asked),
        Call::Scan(scan) => page(&within()?, scan),
        Call::DeleteWhere(asked) => {
            let filter =
                asked.filter.ok_or_else(|| invalid("a deletion by a filter needs a filter; an empty one is true for all"))?;
            Ok(Answer::Count(Handle::current().block_on(within()?.delete_where(condition(filter)))?))
        }
        Call::DeleteTable(asked) => {
            let if_missing = if asked.ignore_missing { IfMissing::Ignore } else { IfMissing::Fail };
            Handle::current().block_on(within()?.delete_table(if_missing))?;
            Ok(Answer::Json(Json::Null.to_string()))
        }
        Call::Administer(asked) => Ok(Answer::Json(administer(store, container, table, asked)?.to_string())),
        Call::Batch(_) => Err(Error::internal("a batch is no reading call")),
    }
}

fn check_count(what: &str, count: usize) -> nosql::Result<()> {
    if count <= BATCH_OPERATIONS {
        return Ok(());
    }
    let text = format!("a call has at most {BATCH_OPERATIONS} {what}, this one has {count}");
    Err(nosql::Error::new(ErrorName::LimitExceeded, text))
}

fn get(table: &Table, asked: Get) -> Result<Answer> {
    check_count("keys", asked.keys.len())?;
    let select = select(asked.select)?;
    let (mut items, mut bytes) = (Vec::with_capacity(asked.keys.len()), 0);
    for key in asked.keys {
        let key = Key::parse(key).map_err(|why| why.table(table.path()))?;
        let found = table.get_now(&key, &select)?;
        bytes += found.as_ref().map_or(0, nosql::Item::size);
        if bytes > ANSWER_BYTES {
            let text = format!("an answer has at most {ANSWER_BYTES} bytes; ask for fewer keys at a time");
            return Err(nosql::Error::new(ErrorName::LimitExceeded, text).table(table.path()).into());
        }
        items.push(item(found));
    }
    Ok(Answer::Items(Items { items }))
}

fn page(table: &Table, mut scan: Scan) -> Result<Answer> {
    let spec = scan_spec(&mut scan)?;
    let limit = if scan.limit == 0 { PAGE_ITEMS } else { scan.limit as usize };
    let marker = Some(scan.marker.as_str()).filter(|marker| !marker.is_empty());
    let page = Handle::current().block_on(table.scan_page(&spec, limit, marker))?;
    let items = page.items.into_iter().map(|found| item(Some(found))).collect();
    Ok(Answer::Page(Page { items, next_marker: page.next_marker.unwrap_or_default(), last: page.last }))
}

fn administer(store: &Store, container: &str, table: &str, asked: Administer) -> Result<Json> {
    let within = || store.kv(container)?.table(table);
    let what = What::try_from(asked.what).map_err(|_| invalid(format!("{} is nothing to administer", asked.what)))?;
    Ok(match what {
        What::Containers => store.containers().into(),
        What::List => {
            store.kv(container)?;
            let entry = |(path, kind): (nosql::path::TablePath, EntryKind)| json!({"path": path.path(), "kind": kind_text(kind)});
            store.list(container).into_iter().map(entry).collect()
        }
        What::Describe => describe(&within()?, asked.argument == "count")?,
        What::Schema => within()?.schema()?.map_or(Json::Null, |schema| json_of(&schema)),
        What::SetSchema => {
            let table = within()?;
            let schema = Some(asked.argument.as_str()).filter(|text| !text.is_empty()).map(schema).transpose()?;
            // Removing what is not there shall not make a table.
            if schema.is_some() || table.schema()?.is_some() {
                Handle::current().block_on(table.set_schema(schema))?;
            }
            Json::Null
        }
        What::Compact => {
            within()?.compact()?;
            Json::Null
        }
        What::Verify => {
            let found = store.verify()?;
            json!({
                "tables": found.tables,
                "items": found.items,
                "bytes": found.bytes,
                "broken": found.broken,
                "findings": found.findings,
            })
        }
    })
}

fn describe(table: &Table, count_items: bool) -> Result<Json> {
    let found = table.statistics(count_items)?;
    let schema = table.schema()?.map_or(Json::Null, |schema| json_of(&schema));
    let mut described = json!({"path": found.path.path(), "schema": schema, "bytes": found.bytes, "files": found.files});
    if let Some(items) = found.items {
        described["items"] = items.into();
    }
    Ok(described)
}

fn kind_text(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Table => "table",
        EntryKind::Stream => "stream",
    }
}

fn json_of(schema: &nosql::schema::TableSchema) -> Json {
    serde_json::from_str(&schema.to_json()).unwrap_or(Json::Null)
}
