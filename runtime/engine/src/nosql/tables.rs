//! Tables of the catalog whose rows are items of the NoSQL store: where they lie, what making and dropping them does.
//!
//! A managed table lies in the default container (else in `spark-warehouse`), under the names of its database and its own;
//! dropping it deletes its items. What an external one has stays. A partition is there while it holds an item, so it can be
//! shown and dropped, but not added. Not here: the statements (`statements::tables`, `statements::partitions`), rows
//! (`write`).

use emberflow_base::Result;
use emberflow_functions::types::to_arrow_schema;
use emberflow_nosql::path::TablePath;
use emberflow_nosql::rows::{self, SaveMode as Mode, WritePlan};
use emberflow_nosql::schema::Field;
use emberflow_nosql::{Error, ErrorName, IfMissing, Kind, Table, Value, partition};
use emberflow_plan::tree::{CastMode, Expr, ExprKind, Options};
use emberflow_plan::{DataType, StructType};

use super::options::{buckets, of_write, table_path};
use crate::catalog::{self, Files, FullName, TableKind};
use crate::session::Session;
use crate::statements::insert::NewTable;

/// The container of managed tables where none is the default.
const MANAGED: &str = "spark-warehouse";

impl Session {
    /// A path as users write it, in full.
    pub(crate) fn nosql_location(&self, path: &str, options: &Options) -> Result<String> {
        let container = options.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case("container-id"));
        Ok(table_path(path, container.map(|(_, name)| name.as_str()), &self.settings())?.to_string())
    }

    /// Where a managed table of this name lies: at its name, or beside it if a table lies there that was renamed.
    pub(crate) fn managed_nosql_location(&self, name: &FullName) -> Result<String> {
        let settings = self.settings();
        let container = settings.get("ember.default.container").unwrap_or(MANAGED);
        let others = self.engine.catalog.tables(&name.database)?.into_iter().filter(|table| table.name != name.table);
        let taken: Vec<String> = others.filter_map(|table| Some(own_items(&table)?.location.clone())).collect();
        let mut copy = 1;
        loop {
            let last = if copy == 1 { name.table.clone() } else { format!("{}-{copy}", name.table) };
            let location = TablePath::new(container, &format!("{}/{last}", name.database))?.to_string();
            if !taken.contains(&location) {
                return Ok(location);
            }
            copy += 1;
        }
    }

    fn table_at(&self, location: &str) -> Result<Table> {
        Ok(self.engine.store()?.table(&TablePath::parse(location, None)?)?)
    }

    /// Stores the schema of a table that is declared, if it is not there yet. One that replaces a managed table loses its
    /// items.
    pub(crate) async fn enter_nosql(&self, new: &NewTable, columns: &StructType) -> Result<()> {
        let location = match &new.location {
            Some(location) => location.clone(),
            None => self.managed_nosql_location(&new.name)?,
        };
        let table = self.table_at(&location)?;
        let replaces = self.check_nosql_place(new)?;
        let options = match replaces {
            true => new.options.clone(),
            false => self.with_stored_key(&location, &new.options)?,
        };
        let options = of_write(&options, &new.partition_by)?;
        let stored = table.schema()?;
        let mode = if replaces { Mode::Overwrite } else { Mode::Append };
        let plan = WritePlan::new(mode, &options, &to_arrow_schema(columns), stored.as_deref(), buckets(&self.settings())?);
        let plan = plan.map_err(|why| why.table(table.path()))?;
        if replaces {
            table.overwrite(Some(plan.schema().clone())).await?.commit().await?;
        } else if plan.stores_schema() {
            table.set_schema(Some(plan.schema().clone())).await?;
        }
        Ok(())
    }

    /// Whether the place of a new managed table is that of the one it replaces. `TableExists` if somebody else's items lie
    /// there.
    pub(crate) fn check_nosql_place(&self, new: &NewTable) -> Result<bool> {
        if new.location.is_some() {
            return Ok(false);
        }
        let location = self.managed_nosql_location(&new.name)?;
        let before = if new.replaces { self.engine.catalog.find(&new.name)? } else { None };
        if before.as_ref().and_then(own_items).is_some_and(|before| before.location == location) {
            return Ok(true);
        }
        let table = self.table_at(&location)?;
        if table.exists()? {
            let text = "items of another table lie where this one would";
            return Err(Error::new(ErrorName::TableExists, text).table(table.path()).into());
        }
        Ok(false)
    }

    /// Columns and partition columns of a table that is there.
    pub(crate) async fn nosql_columns(&self, new: &NewTable, location: &str) -> Result<(StructType, Vec<String>)> {
        let (options, paths) = (new.options.clone(), vec![location.to_owned()]);
        let schema = self.blocking(move |environment| Ok(environment.nosql(None, &options, &paths)?.schema)).await?;
        let stored = self.table_at(location)?.schema()?;
        Ok((schema, stored.map(|stored| stored.partition.clone()).unwrap_or_default()))
    }

    /// A table of the catalog need not repeat the key that its schema says.
    pub(crate) fn with_stored_key(&self, location: &str, options: &Options) -> Result<Options> {
        let mut all = options.clone();
        let is_said = all.iter().any(|(name, _)| name.eq_ignore_ascii_case("key"));
        if !is_said && let Some(key) = self.table_at(location)?.schema()?.and_then(|schema| schema.key.clone()) {
            all.push(("key".to_owned(), key.key));
            if let Some(sorting) = key.sorting
                && !all.iter().any(|(name, _)| name.eq_ignore_ascii_case("sorting-key"))
            {
                all.push(("sorting-key".to_owned(), sorting));
            }
        }
        Ok(all)
    }

    /// Deletes the items of a table that is no more, if they were its own.
    pub(crate) async fn drop_nosql(&self, table: &catalog::Table) -> Result<()> {
        match own_items(table) {
            Some(files) => Ok(self.table_at(&files.location)?.delete_table(IfMissing::Ignore).await?),
            None => Ok(()),
        }
    }

    /// The same for one that another table took the place of.
    pub(crate) async fn drop_replaced_nosql(&self, before: Option<catalog::Table>, after: &catalog::Table) -> Result<()> {
        let location = |table: &catalog::Table| own_items(table).map(|files| files.location.clone());
        match before {
            Some(before) if location(&before) != location(after) => self.drop_nosql(&before).await,
            _ => Ok(()),
        }
    }

    /// Adds columns to the schema by which a table is read.
    pub(crate) async fn add_nosql_columns(&self, files: &Files, columns: &StructType) -> Result<()> {
        let table = self.table_at(&files.location)?;
        let failed = |why: Error| why.table(table.path());
        let added = rows::fields_of(&to_arrow_schema(columns)).map_err(failed)?;
        let Some(stored) = table.schema()? else { return Ok(()) };
        let mut schema = (*stored).clone();
        schema.fields.extend(added.into_iter().filter(|field| stored.field(&field.name).is_none()));
        schema.check().map_err(failed)?;
        Ok(table.set_schema(Some(schema)).await?)
    }

    /// Bytes that a table takes on the disk.
    pub(crate) fn nosql_bytes(&self, files: &Files) -> Result<u64> {
        Ok(self.table_at(&files.location)?.statistics(false)?.bytes)
    }

    /// The folders of every partition that holds an item, sorted.
    pub(crate) fn nosql_partitions(&self, files: &Files) -> Result<Vec<Vec<String>>> {
        let segments = |directory: String| directory.split('/').map(str::to_owned).collect::<Vec<_>>();
        let of_table = |folders: &Vec<String>| {
            let begins = |(folder, column): (&String, &String)| {
                folder.strip_prefix(column.as_str()).is_some_and(|rest| rest.starts_with('='))
            };
            folders.len() == files.partition_by.len() && folders.iter().zip(&files.partition_by).all(begins)
        };
        let directories = self.table_at(&files.location)?.directories()?;
        Ok(directories.into_iter().map(segments).filter(of_table).collect())
    }

    /// Deletes the items of partitions.
    pub(crate) async fn drop_nosql_partitions(&self, files: &Files, partitions: Vec<Vec<String>>) -> Result<()> {
        for folders in partitions {
            self.table_at(&format!("{}/{}", files.location, folders.join("/")))?.delete_table(IfMissing::Ignore).await?;
        }
        Ok(())
    }

    /// `day=2024`: the folder of a value that a PARTITION clause gives a column.
    pub(crate) async fn nosql_folder(&self, column: &str, value: &Expr, data_type: DataType) -> Result<String> {
        let cast = |expression: Expr, target: DataType| {
            let cast = ExprKind::Cast { expression: Box::new(expression), target, mode: CastMode::Ansi };
            Expr::new(cast).with_origin(value.origin.clone())
        };
        let columns = StructType::new(vec![emberflow_plan::StructField::new(column, data_type.clone(), true)]);
        let kind = rows::fields_of(&to_arrow_schema(&columns))?.first().and_then(|field| field.kind);
        let typed = cast(value.clone(), data_type);
        let text = match kind {
            Some(Kind::Timestamp) => self.evaluated_text(Expr::call("unix_micros", vec![typed])).await?,
            _ => self.evaluated_text(cast(typed, DataType::String)).await?,
        };
        let value = text.map(|text| value_of(kind, text)).transpose()?;
        Ok(partition::directory(&[Field::new(column, kind.unwrap_or(Kind::Str))], &[value])?)
    }
}

/// What the text of a value means.
fn value_of(kind: Option<Kind>, text: String) -> Result<Value> {
    let value = match kind {
        Some(Kind::Bool) => text.parse().ok().map(Value::Bool),
        Some(Kind::Int) => text.parse().ok().map(Value::Int),
        Some(Kind::Double) => text.parse().ok().map(Value::Double),
        Some(Kind::Timestamp) => text.parse().ok().map(|micros: i64| Value::Timestamp {
            secs: micros.div_euclid(1_000_000),
            nanos: micros.rem_euclid(1_000_000) as u32 * 1000,
        }),
        _ => return Ok(Value::Str(text)),
    };
    Ok(value.ok_or_else(|| Error::new(ErrorName::TypeMismatch, format!("{text} is no value of a partition column")))?)
}

/// The items that go when a table does.
fn own_items(table: &catalog::Table) -> Option<&Files> {
    match &table.kind {
        TableKind::Files(files) if files.is_managed && files.is_nosql() => Some(files),
        _ => None,
    }
}
