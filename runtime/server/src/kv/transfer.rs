//! Tables to files and back.
//!
//! JSON lines hold items as they are, whatever attributes each has; `__name` names the item. Parquet holds the columns of the
//! table's schema. A file appears when it is whole.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use emberflow::kv::change::{Change, UpdateMode};
use emberflow::kv::name::{self, Key};
use emberflow::kv::{Operation, ScanSpec, Table};
use emberflow::plan::tree::SaveMode;
use emberflow::{Engine, Error, Result};
use futures::TryStreamExt;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

use super::json::{self, invalid};

/// Items of one batch on their way into the store.
const BATCH_ITEMS: usize = 1000;

pub fn export(engine: &Arc<Engine>, table: &Table, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(invalid(format!("{} is there already", to.display())));
    }
    if is_lines(to) {
        let written = engine.tokio().block_on(export_items(table, to))?;
        eprintln!("{written} items");
        return Ok(());
    }
    let session = engine.session("");
    // Items that never were rows have no schema.
    let infer: &[(&str, &str)] = if table.schema()?.is_some() { &[] } else { &[("inferSchema", "true")] };
    let frame = session.read("nosql", &table.path().to_string(), infer);
    frame.write_parquet(&absolute(to)?, SaveMode::ErrorIfExists)
}

async fn export_items(table: &Table, to: &Path) -> Result<u64> {
    if table.directories()?.iter().any(|folder| !folder.is_empty()) {
        let text = format!("{} has partitions, which JSON lines do not keep; export it as Parquet", table.path());
        return Err(invalid(text));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = folder.join(format!(".{}.part", to.file_name().unwrap_or_default().to_string_lossy()));
    let failed = |error: std::io::Error| Error::internal(format!("{}: {error}", to.display()));
    let mut file = BufWriter::new(File::create(&part).map_err(failed)?);
    let mut items = std::pin::pin!(table.scan(ScanSpec::all())?);
    let mut written = 0;
    let done = async {
        while let Some(item) = items.try_next().await? {
            writeln!(file, "{}", json::of_item(&item)).map_err(failed)?;
            written += 1;
        }
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        fs::rename(&part, to).map_err(failed)
    };
    let done = done.await;
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done.map(|()| written)
}

/// Reads JSON lines whose items are named by `__name`.
pub async fn import_items(table: &Table, from: &Path) -> Result<u64> {
    if !is_lines(from) {
        return Err(invalid(format!("{} is not FILE.jsonl, so --key has to say which column names the items", from.display())));
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::new("PATH_NOT_FOUND").with("path", from.display().to_string()),
        _ => Error::internal(format!("{}: {error}", from.display())),
    };
    let lines = BufReader::new(File::open(from).map_err(failed)?).lines();
    let (mut batch, mut read) = (Vec::with_capacity(BATCH_ITEMS), 0);
    for (at, line) in lines.enumerate() {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        batch.push(operation(&line).map_err(|why| invalid(format!("line {}: {why}", at + 1)))?);
        read += 1;
        if batch.len() == BATCH_ITEMS {
            store(table, std::mem::take(&mut batch)).await?;
        }
    }
    store(table, batch).await?;
    Ok(read)
}

async fn store(table: &Table, batch: Vec<Operation>) -> Result<()> {
    for outcome in table.batch(batch).await? {
        outcome?;
    }
    Ok(())
}

fn operation(line: &str) -> Result<Operation> {
    let object: Map<String, Json> = serde_json::from_str(line).map_err(|why| invalid(why.to_string()))?;
    let Some(Json::String(key)) = object.get("__name") else {
        return Err(invalid("`__name` does not name the item; --key tells a column that does".to_owned()));
    };
    let key = Key::parse(key.clone())?;
    let own = object.iter().filter(|(name, _)| !name::is_system(name));
    let attributes = own.map(|(name, value)| Ok((name.as_str().into(), json::to_assign(value)?))).collect::<Result<_>>()?;
    Ok(Operation { key, change: Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None } })
}

/// Reads files like a DataFrame and writes its rows as items.
pub fn import_rows(
    engine: &Arc<Engine>,
    table: &Table,
    from: &Path,
    key: &str,
    sorting_key: Option<&str>,
    mode: &str,
) -> Result<()> {
    let mode = match mode.to_lowercase().as_str() {
        "append" => SaveMode::Append,
        "overwrite" => SaveMode::Overwrite,
        "ignore" => SaveMode::Ignore,
        "errorifexists" | "error" => SaveMode::ErrorIfExists,
        other => return Err(invalid(format!("{other:?} is no mode; there are append, overwrite, errorifexists and ignore"))),
    };
    let extension = from.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let format = if matches!(extension.as_deref(), Some("json" | "jsonl")) { "json" } else { "parquet" };
    let frame = engine.session("").read(format, &absolute(from)?, &[]);
    let mut options = vec![("key".to_owned(), key.to_owned())];
    options.extend(sorting_key.map(|column| ("sorting-key".to_owned(), column.to_owned())));
    frame.write("nosql", &table.path().to_string(), mode, options.into_iter().collect())
}

fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"))
}

fn absolute(path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path).map_err(|error| invalid(format!("{}: {error}", path.display())))?;
    Ok(absolute.display().to_string())
}
