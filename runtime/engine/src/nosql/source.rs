//! Reading a NoSQL table: which table a path means, and with which schema it is read.
//!
//! ```text
//! path, options, schema of the user ─► table ─► user's schema / inferred / stored ─► NosqlTable ─► NosqlScanExec
//! ```
//!
//! Not here: what is read for a query (`table`), how (`scan`).

use std::sync::Arc;

use emberflow_analyzer::Table as Analyzed;
use emberflow_base::Result;
use emberflow_functions::types::{from_arrow_fields, to_arrow_schema};
use emberflow_nosql::name::Key;
use emberflow_nosql::options::ReadOptions;
use emberflow_nosql::path::TablePath;
use emberflow_nosql::rows;
use emberflow_nosql::schema::{self, Choice, Field, TableSchema};
use emberflow_nosql::{Error, ErrorName, Item, Store, Table};
use emberflow_plan::StructType;
use emberflow_plan::tree::Options;

use super::options::{of_read, table_path};
use super::table::NosqlTable;
use crate::cache::{Identified, Identity};
use crate::environment::SessionEnvironment;

impl SessionEnvironment {
    /// The table of a read.
    pub(crate) fn nosql(&self, schema: Option<&StructType>, options: &Options, paths: &[String]) -> Result<Analyzed> {
        let read = of_read(options)?;
        let path = match paths {
            [path] => table_path(path, read.container.as_deref(), self.context().settings)?,
            _ => return Err(one_path(paths).into()),
        };
        let read = read_table(&self.store()?, &path, schema, &read)?;
        let shown = read.shown.clone();
        let text = format!("nosql {schema:?} {options:?}");
        let identity = Identity::Files { text, paths: vec![path.to_string()] };
        let provider = Identified::wrap(Arc::new(read), identity);
        Ok(Analyzed { provider, schema: shown, qualifier: Vec::new(), hidden: Vec::new() })
    }
}

fn one_path(paths: &[String]) -> Error {
    let text = match paths {
        [] => "a NoSQL table is read from a path: give one to load()".to_owned(),
        several => format!("a read is of one NoSQL table, not of {}", several.join(", ")),
    };
    Error::new(ErrorName::InvalidPath, text)
}

/// The table at a path as a read with this schema and these options sees it.
fn read_table(store: &Store, path: &TablePath, user: Option<&StructType>, options: &ReadOptions) -> Result<NosqlTable> {
    let table = store.table(path)?;
    if !table.exists()? {
        return Err(Error::new(ErrorName::TableNotFound, "there is no table at this path").table(path).into());
    }
    let stored = table.schema()?;
    let choice = schema::choose(user.is_some(), options.infer_schema, stored.is_some()).map_err(|why| why.table(path))?;
    let (shown, read) = match (choice, user, stored.as_deref()) {
        (Choice::User, Some(user), stored) => {
            let shown = emberflow_sources::read::all_nullable(user);
            let fields = rows::fields_of(&to_arrow_schema(&shown)).map_err(|why| why.table(path))?;
            (shown, of_user(fields, stored))
        }
        (Choice::Stored, _, Some(stored)) => (struct_of(&stored.fields)?, stored.clone()),
        (_, _, stored) => {
            let schema = inferred(&table, stored, options.sample).map_err(|why| why.table(path))?;
            (struct_of(&schema.fields)?, schema)
        }
    };
    let folders = stored.as_deref().map(|stored| folders(&read, stored)).unwrap_or_default();
    Ok(NosqlTable::new(table, shown, read, folders, options.on_type_mismatch))
}

/// A table's columns as queries see them: all of them may be null.
fn struct_of(fields: &[Field]) -> Result<StructType> {
    from_arrow_fields(rows::arrow_schema(fields).fields())
}

/// The user's columns with the stored key and partitions, as far as they go together.
fn of_user(fields: Vec<Field>, stored: Option<&TableSchema>) -> TableSchema {
    let key = schema::key_for_user_schema(&fields, stored);
    let known = |column: &&String| fields.iter().any(|field| *field.name == **column);
    let partition = stored.map(|stored| stored.partition.iter().filter(known).cloned().collect()).unwrap_or_default();
    TableSchema { fields, key, partition }
}

fn inferred(table: &Table, stored: Option<&TableSchema>, sample: usize) -> emberflow_nosql::Result<TableSchema> {
    let sample: Vec<(Key, Item)> = table.sample(sample)?.into_iter().map(|(_, key, item)| (key, item)).collect();
    let found = schema::infer(sample.iter().map(|(key, item)| (key, item)))?;
    let same = |column: &&String| {
        let kinds = stored.and_then(|stored| stored.field(column)).zip(found.field(column));
        kinds.is_some_and(|(stored, found)| stored.kind == found.kind)
    };
    let partition = stored.map(|stored| stored.partition.iter().filter(same).cloned().collect()).unwrap_or_default();
    Ok(TableSchema { partition, ..found })
}

/// The columns that name the table's folders, outermost first, with the types they are read in.
fn folders(read: &TableSchema, stored: &TableSchema) -> Vec<Field> {
    let field = |column: &String| read.field(column).or_else(|| stored.field(column)).cloned();
    stored.partition.iter().filter_map(field).collect()
}
