//! `emberflow kv`: the NoSQL store from a shell. Items are JSON objects, one a line (see `json`).
//!
//! ```text
//! list, describe, get, put, update, delete, scan, compact, verify ─► emberflow::kv::Store
//! export, import ─► JSON lines item by item; Parquet and JSON of any program through DataFrames
//! ```
//!
//! Not here: tables over a server (`ember_kv` in R, `emberflow.kv` in Python and on the JVM): this opens the folder itself.

mod json;
mod transfer;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use emberflow::kv::path::TablePath;
use emberflow::kv::{IfMissing, ScanSpec, Select, Store, Table, WriteOutcome};
use emberflow::{Engine, EngineOptions, Error, Result};
use futures::TryStreamExt;

#[derive(Debug, Args)]
pub struct KvArguments {
    #[command(subcommand)]
    wanted: Wanted,
    /// Folder of managed tables; the store lies in its .nosql unless the setting ember.nosql.dir says otherwise.
    #[arg(long, default_value = "spark-warehouse", global = true)]
    warehouse: PathBuf,
    /// Settings, KEY=VALUE.
    #[arg(long = "conf", value_name = "KEY=VALUE", global = true)]
    settings: Vec<String>,
}

/// Tables are named ember://CONTAINER/TABLE.
#[derive(Debug, Subcommand)]
enum Wanted {
    /// The tables of all containers, or of one.
    List { container: Option<String> },
    /// What is known of a table, as JSON.
    Describe {
        table: String,
        /// Count the items, which reads them all.
        #[arg(long)]
        count: bool,
    },
    /// Items by key, `sharding` or `sharding.sorting`: a line each, null if there is none.
    Get {
        table: String,
        #[arg(required = true)]
        keys: Vec<String>,
        #[command(flatten)]
        select: SelectArguments,
    },
    /// Write an item: a JSON object of its attributes.
    Put {
        table: String,
        key: String,
        attributes: String,
        /// OVERWRITE, REPLACE, APPEND or APPEND_NEW.
        #[arg(long, default_value = "OVERWRITE")]
        mode: String,
        /// Only if this condition is true for the stored item.
        #[arg(long = "if", value_name = "CONDITION")]
        condition: Option<String>,
    },
    /// Change an item by an update expression, such as 'stock = stock - 1'.
    Update {
        table: String,
        key: String,
        expression: String,
        #[arg(long = "if", value_name = "CONDITION")]
        condition: Option<String>,
        /// Applied instead if the condition is not true.
        #[arg(long = "else", value_name = "EXPRESSION", requires = "condition")]
        otherwise: Option<String>,
    },
    /// Remove an item, or with --table all of them.
    Delete {
        table: String,
        #[arg(required_unless_present = "whole")]
        key: Option<String>,
        #[arg(long = "if", value_name = "CONDITION", conflicts_with = "whole")]
        condition: Option<String>,
        /// Remove the table.
        #[arg(long = "table", conflicts_with = "key")]
        whole: bool,
    },
    /// Items in the order of the store.
    Scan {
        table: String,
        /// Only items for which this condition is true.
        #[arg(long)]
        filter: Option<String>,
        /// Only items with this sharding key.
        #[arg(long)]
        sharding: Option<String>,
        /// Of them, sorting keys of at least this.
        #[arg(long, requires = "sharding")]
        from: Option<String>,
        /// Of them, sorting keys below this.
        #[arg(long, requires = "sharding")]
        to: Option<String>,
        /// At most so many.
        #[arg(long)]
        limit: Option<usize>,
        #[command(flatten)]
        select: SelectArguments,
    },
    /// Write a table to FILE.jsonl, or as Parquet to a folder that is not there yet.
    Export { table: String, to: PathBuf },
    /// Read what `export` wrote; with --key, also the Parquet or JSON files of any program.
    Import {
        table: String,
        from: PathBuf,
        /// The column of the sharding key: rows are written like a DataFrame, and the table gets their schema.
        #[arg(long)]
        key: Option<String>,
        /// The column of the sorting key.
        #[arg(long, requires = "key")]
        sorting_key: Option<String>,
        /// append, overwrite, errorifexists or ignore; for rows written like a DataFrame.
        #[arg(long, default_value = "errorifexists", requires = "key")]
        mode: String,
    },
    /// Give back the space of what was overwritten and deleted.
    Compact { table: String },
    /// Compare every item with its checksum.
    Verify,
}

#[derive(Debug, Args)]
struct SelectArguments {
    /// Attributes with commas; *: those of users, **: those of the store too.
    #[arg(long, default_value = "*")]
    select: String,
}

pub fn run(arguments: KvArguments) -> Result<()> {
    let settings = crate::serve::settings(&arguments.settings)?;
    let engine = Engine::start(EngineOptions { warehouse: arguments.warehouse, settings, ..Default::default() })?;
    let store = engine.store()?;
    match arguments.wanted {
        Wanted::List { container } => list(&store, container.as_deref()),
        Wanted::Describe { table, count } => describe(&existing(&store, &table)?, count),
        Wanted::Export { table, to } => transfer::export(&engine, &existing(&store, &table)?, &to),
        Wanted::Import { table, from, key: Some(key), sorting_key, mode } => {
            transfer::import_rows(&engine, &at(&store, &table)?, &from, &key, sorting_key.as_deref(), &mode)
        }
        Wanted::Import { table, from, .. } => {
            let read = engine.tokio().block_on(transfer::import_items(&at(&store, &table)?, &from))?;
            eprintln!("{read} items");
            Ok(())
        }
        Wanted::Compact { table } => Ok(existing(&store, &table)?.compact()?),
        Wanted::Verify => verify(&store),
        items => engine.tokio().block_on(work_on_items(&store, items)),
    }
}

async fn work_on_items(store: &Store, wanted: Wanted) -> Result<()> {
    match wanted {
        Wanted::Get { table, keys, select } => {
            let (table, select) = (existing(store, &table)?, Select::parse(&select.select)?);
            for key in keys {
                let item = table.get(key.as_str(), select.clone()).await?;
                say(&item.map_or(serde_json::Value::Null, |item| json::of_item(&item)).to_string())?;
            }
            Ok(())
        }
        Wanted::Put { table, key, attributes, mode, condition } => {
            let attributes = json::to_attributes(&attributes)?;
            let write = at(store, &table)?.update(key.as_str(), attributes, mode.parse()?);
            outcome(if let Some(condition) = &condition { write.when(condition.as_str()) } else { write }.await?)
        }
        Wanted::Update { table, key, expression, condition, otherwise } => {
            let mut write = at(store, &table)?.update_expr(key.as_str(), expression.as_str());
            if let Some(condition) = &condition {
                write = write.when(condition.as_str());
            }
            if let Some(otherwise) = &otherwise {
                write = write.otherwise(otherwise.as_str());
            }
            outcome(write.await?)
        }
        Wanted::Delete { table, whole: true, .. } => Ok(existing(store, &table)?.delete_table(IfMissing::Fail).await?),
        Wanted::Delete { table, key, condition, .. } => {
            let write = existing(store, &table)?.delete(key.unwrap_or_default().as_str());
            outcome(if let Some(condition) = &condition { write.when(condition.as_str()) } else { write }.await?)
        }
        Wanted::Scan { table, filter, sharding, from, to, limit, select } => {
            let mut spec = ScanSpec::from_parts(sharding, from, to, None)?.select(Select::parse(&select.select)?);
            if let Some(filter) = &filter {
                spec = spec.filter(filter.as_str())?;
            }
            let mut items = std::pin::pin!(existing(store, &table)?.scan(spec)?);
            let mut left = limit.unwrap_or(usize::MAX);
            while left > 0
                && let Some(item) = items.try_next().await?
            {
                say(&json::of_item(&item).to_string())?;
                left -= 1;
            }
            Ok(())
        }
        _ => Err(Error::internal("this is no work on items")),
    }
}

fn at(store: &Store, table: &str) -> Result<Table> {
    Ok(store.table(&TablePath::parse(table, None)?)?)
}

fn existing(store: &Store, table: &str) -> Result<Table> {
    let table = at(store, table)?;
    if table.exists()? {
        return Ok(table);
    }
    let text = format!("there is no table {}", table.path());
    Err(emberflow::kv::Error::new(emberflow::kv::ErrorName::TableNotFound, text).into())
}

fn list(store: &Store, container: Option<&str>) -> Result<()> {
    let containers = container.map_or_else(|| store.containers(), |container| vec![container.to_owned()]);
    for container in containers {
        store.kv(&container)?;
        for (path, kind) in store.list(&container) {
            say(&format!("{path}\t{}", format!("{kind:?}").to_lowercase()))?;
        }
    }
    Ok(())
}

fn describe(table: &Table, count: bool) -> Result<()> {
    let found = table.statistics(count)?;
    let schema = table.schema()?.and_then(|schema| serde_json::from_str(&schema.to_json()).ok());
    let mut described = serde_json::json!({
        "path": table.path().to_string(),
        "bytes": found.bytes,
        "files": found.files,
        "schema": schema.unwrap_or(serde_json::Value::Null),
    });
    if let Some(items) = found.items {
        described["items"] = items.into();
    }
    say(&format!("{described:#}"))
}

fn verify(store: &Store) -> Result<()> {
    let found = store.verify()?;
    found.findings.iter().try_for_each(|finding| say(finding))?;
    say(&format!("{} tables, {} items, {} bytes: {} broken", found.tables, found.items, found.bytes, found.broken))?;
    match found.broken {
        0 => Ok(()),
        broken => {
            let text = format!("{broken} items are not what was written");
            Err(emberflow::kv::Error::new(emberflow::kv::ErrorName::StorageCorrupt, text).into())
        }
    }
}

fn outcome(outcome: WriteOutcome) -> Result<()> {
    say(&match outcome {
        WriteOutcome::Created(_) => "created".to_owned(),
        WriteOutcome::Updated(_) => "updated".to_owned(),
        WriteOutcome::Deleted => "deleted".to_owned(),
        WriteOutcome::Unchanged(why) => format!("unchanged: {why:?}"),
        WriteOutcome::Repeated => "unchanged".to_owned(),
    })
}

/// A line for whoever reads; a reader that has gone (`| head`) is the end.
fn say(line: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Error::internal(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
