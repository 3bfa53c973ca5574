//! Tables to files and back.
//!
//! ```text
//! {".#schema": {"fields": [..], "key": "id"}}      the first line, if the table has a schema
//! {"__name": "y=2024/m=2/nut", "stock": 5}         an item: its folder, if it lies in one, and its name
//! ```
//!
//! JSON lines hold items as they are, whatever attributes each has. Parquet holds the columns of the table's schema. A file
//! appears when it is whole.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use emberflow::kv::change::{Change, UpdateMode};
use emberflow::kv::codec::Names;
use emberflow::kv::name::{self, Key};
use emberflow::kv::schema::TableSchema;
use emberflow::kv::{ErrorName, RowChange, SliceSpec, Table};
use emberflow::plan::tree::SaveMode;
use emberflow::{Engine, Error, Result};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

use super::json::{self, invalid};

/// Items of one page on their way out.
const PAGE_ITEMS: usize = 1000;
/// The member that holds a schema, and what tables call the object.
const SCHEMA: &str = ".#schema";

pub fn export(engine: &Arc<Engine>, table: &Table, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(invalid(format!("{} is there already", to.display())));
    }
    if is_lines(to) {
        let written = export_items(table, to)?;
        eprintln!("{written} items");
        return Ok(());
    }
    let session = engine.session("");
    // Items that never were rows have no schema.
    let infer: &[(&str, &str)] = if table.schema()?.is_some() { &[] } else { &[("inferSchema", "true")] };
    let frame = session.read("nosql", &table.path().to_string(), infer);
    frame.write_parquet(&absolute(to)?, SaveMode::ErrorIfExists)
}

fn export_items(table: &Table, to: &Path) -> Result<u64> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = folder.join(format!(".{}.part", to.file_name().unwrap_or_default().to_string_lossy()));
    let failed = |error: std::io::Error| Error::internal(format!("{}: {error}", to.display()));
    let done = write_items(table, &part, failed).and_then(|written| {
        fs::rename(&part, to).map_err(failed)?;
        Ok(written)
    });
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

fn write_items(table: &Table, part: &Path, failed: impl Fn(std::io::Error) -> Error) -> Result<u64> {
    let mut file = BufWriter::new(File::create(part).map_err(&failed)?);
    if let Some(schema) = table.schema()? {
        let schema: Json = serde_json::from_str(&schema.to_json()).map_err(|why| Error::internal(why.to_string()))?;
        writeln!(file, "{}", serde_json::json!({ SCHEMA: schema })).map_err(&failed)?;
    }
    let mut scan = table.scan_slices(SliceSpec::all(table.directories()?, Vec::new()))?;
    let (mut names, mut page, mut written) = (Names::default(), Vec::with_capacity(PAGE_ITEMS), 0);
    loop {
        let more = scan.next_page(PAGE_ITEMS, &mut |item| {
            let (folder, name) = (item.key.directory, item.key.name());
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            page.push((path, item.to_item(&mut names)?));
            Ok(())
        })?;
        written += page.len() as u64;
        for (path, item) in page.drain(..) {
            let Json::Object(attributes) = json::of_item(&item) else { continue };
            let mut object = Map::from_iter([("__name".to_owned(), path.into())]);
            object.extend(attributes);
            writeln!(file, "{}", Json::Object(object)).map_err(&failed)?;
        }
        if !more {
            break;
        }
    }
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(written)
}

/// Reads JSON lines: a schema, if the first has one, and items that are named by `__name`. A file with a line that is
/// neither changes nothing.
pub async fn import_items(table: &Table, from: &Path) -> Result<u64> {
    if !is_lines(from) {
        return Err(invalid(format!("{} is not FILE.jsonl, so --key has to say which column names the items", from.display())));
    }
    for line in lines(from)? {
        line?;
    }
    // Made with the first item, so that a file without one makes no table.
    let (mut writer, mut read) = (None, 0);
    for line in lines(from)? {
        match line? {
            Line::Schema(schema) => set_schema(table, schema).await?,
            Line::Row(row) => {
                let writer = match &mut writer {
                    Some(writer) => writer,
                    none => none.insert(table.writer()?),
                };
                writer.write(row).await?;
                read += 1;
            }
        }
    }
    if let Some(writer) = writer {
        writer.finish().await?;
    }
    Ok(read)
}

enum Line {
    Schema(TableSchema),
    Row(RowChange),
}

fn lines(from: &Path) -> Result<impl Iterator<Item = Result<Line>>> {
    let shown = from.display().to_string();
    let failed = move |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::new("PATH_NOT_FOUND").with("path", shown.clone()),
        _ => Error::internal(format!("{shown}: {error}")),
    };
    let lines = BufReader::new(File::open(from).map_err(&failed)?).lines().enumerate();
    let is_blank = |line: &std::io::Result<String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
    Ok(lines.filter(move |(_, line)| !is_blank(line)).map(move |(at, text)| {
        let text = text.map_err(&failed)?;
        line(&text, at == 0).map_err(|why| invalid(format!("line {}: {why}", at + 1)))
    }))
}

fn line(text: &str, is_first: bool) -> Result<Line> {
    let object: Map<String, Json> = serde_json::from_str(text).map_err(|why| invalid(why.to_string()))?;
    match object.get(SCHEMA) {
        Some(schema) if is_first => {
            let schema = TableSchema::from_json(&schema.to_string())?;
            schema.check()?;
            Ok(Line::Schema(schema))
        }
        _ => row(object).map(Line::Row),
    }
}

/// Stores the schema of a file; one that is there already has to be the same.
async fn set_schema(table: &Table, schema: TableSchema) -> Result<()> {
    match table.schema()? {
        Some(stored) if *stored == schema => Ok(()),
        Some(stored) => {
            let text = format!("the table has the schema {stored}, the file {schema}");
            Err(emberflow::kv::Error::new(ErrorName::SchemaMismatch, text).table(table.path()).into())
        }
        None => Ok(table.set_schema(Some(schema)).await?),
    }
}

fn row(object: Map<String, Json>) -> Result<RowChange> {
    let Some(Json::String(path)) = object.get("__name") else {
        return Err(invalid("`__name` does not name the item; --key tells a column that does".to_owned()));
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if folder.split('/').any(|segment| !folder.is_empty() && !segment.contains('=')) {
        let text = format!("{folder} is no folder of a partition");
        return Err(emberflow::kv::Error::new(ErrorName::InvalidPath, text).into());
    }
    let (folder, key) = (Arc::from(folder), Key::parse(name)?);
    let own = object.iter().filter(|(name, _)| !name::is_system(name));
    let attributes = own.map(|(name, value)| Ok((name.as_str().into(), json::to_assign(value)?))).collect::<Result<_>>()?;
    Ok(RowChange { directory: folder, key, change: Change::Write { mode: UpdateMode::Overwrite, attributes, condition: None } })
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
