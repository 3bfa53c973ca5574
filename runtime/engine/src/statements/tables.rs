//! CREATE, REPLACE, ALTER, DROP, TRUNCATE and ANALYZE of tables.
//!
//! A table that is made from a query is first written, then entered; one that replaces another is written beside it and
//! takes its place in one step, so readers see the old table or the new.
//! Not here: rows into a table that is there (`insert`), partitions (`partitions`).

use std::path::Path;

use emberflow_base::{Error, Exception, Result};
use emberflow_connect::backend::Rows;
use emberflow_functions::collation::check_map_keys;
use emberflow_plan::tree::{CreateTable, Options, Relation, SaveMode, TableChange};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructField, StructType};

use crate::catalog::entry::with_note;
use crate::catalog::{
    Files, FullName, Making, Properties, Statistics, Table, TableKind, no_table, table_exists, unresolved_table,
};
use crate::session::Session;
use crate::statements::insert::NewTable;
use crate::statements::layout::settled;
use crate::statements::{Named, not_a_view, table_relation};
use crate::tables;
use crate::write::check_names;

impl Session {
    pub(crate) fn now_us(&self) -> i64 {
        use emberflow_base::World as _;
        emberflow_base::world::Machine.now_micros()
    }

    pub(crate) async fn create_table(&self, table: CreateTable) -> Result<Rows> {
        let full = self.full_name(&table.name)?;
        self.engine.catalog.require_database(&full.database)?;
        if table.is_external && table.location.is_none() {
            return Err(Error::new("_LEGACY_ERROR_TEMP_1069").text("CREATE EXTERNAL TABLE needs a LOCATION."));
        }
        if table.like.is_some() {
            return self.create_like(full, table).await;
        }
        let existing = self.engine.catalog.find(&full)?;
        match &existing {
            Some(_) if table.if_not_exists => return Ok(tables::nothing()),
            Some(_) if !table.replace => return Err(table_exists(full.quoted())),
            Some(view) if view.is_view() => return Err(not_a_view(&view.quoted(), "REPLACE TABLE")),
            None if table.must_exist => return Err(no_table(&full)),
            _ => {}
        }
        let format = match &table.provider {
            Some(provider) => crate::nosql::short_name(provider),
            None => self.settings().require("spark.sql.sources.default")?.to_owned(),
        };
        let new = NewTable {
            name: full.clone(),
            location: self.given_location(&full, &format, table.location, &table.options)?,
            format,
            options: table.options,
            properties: table.properties.into_iter().collect(),
            comment: table.comment,
            partition_by: table.partition_by,
            buckets: table.buckets,
            cluster_by: table.cluster_by,
            replaces: table.replace && existing.is_some(),
        };
        match table.query {
            Some(query) => self.make_table(new, query).await?,
            None => self.enter_table(new, table.columns).await?,
        }
        Ok(tables::nothing())
    }

    /// The folder a statement or an option says; a relative one lies in the database's folder.
    pub(crate) fn given_location(
        &self,
        full: &FullName,
        format: &str,
        location: Option<String>,
        options: &Options,
    ) -> Result<Option<String>> {
        let of_option = || options.iter().find(|(key, _)| key.eq_ignore_ascii_case("path")).map(|(_, path)| path.clone());
        let Some(location) = location.or_else(of_option) else { return Ok(None) };
        if location.is_empty() {
            return Err(Error::new("_LEGACY_ERROR_TEMP_3055")
                .text("A table cannot lie at an empty path.")
                .exception_class(Exception::IllegalArgument));
        }
        if crate::nosql::is_nosql(format) {
            return self.nosql_location(&location, options).map(Some);
        }
        let is_relative = !location.contains(':') && Path::new(&location).is_relative();
        let location = match is_relative {
            true => self.engine.catalog.location_in(&full.database, &location)?,
            false => location,
        };
        Ok(Some(format!("file:{}", emberflow_sources::paths::local(&location)?.display())))
    }

    /// A table without rows of its own: empty, or over files that lie there already.
    async fn enter_table(&self, new: NewTable, columns: Option<StructType>) -> Result<()> {
        self.check_format(&new.format)?;
        let location = new.location.clone();
        let inferred = columns.as_ref().is_none_or(|columns| columns.fields.is_empty());
        let (schema, partition_by) = match (columns, &location) {
            (Some(columns), _) if !inferred => (columns, new.partition_by.clone()),
            (_, Some(location)) => self.inferred_schema(&new, location).await?,
            (_, None) => {
                let name = shown_format(&new.format);
                return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", name));
            }
        };
        check_names(&schema)?;
        let new = settled(NewTable { partition_by, ..new }, &schema)?;
        let schema = with_partitions_last(schema, &new.partition_by)?;
        check_storable(&schema, &new.format)?;
        if crate::nosql::is_nosql(&new.format) {
            self.enter_nosql(&new, &schema).await?;
        }
        let before = self.replaced_by(&new)?;
        let made = move |session: &Session| {
            let (entry, making) = session.entry_of(&new, schema)?;
            session.enter(&new, &entry)?;
            drop(making);
            if let Some(folder) = entry.own_folder()? {
                make_folder(&folder)?;
            }
            Ok(entry)
        };
        let entry = self.off_thread(made).await?;
        self.drop_replaced_nosql(before, &entry).await
    }

    /// The table that a new one takes the place of.
    pub(crate) fn replaced_by(&self, new: &NewTable) -> Result<Option<Table>> {
        if new.replaces { self.engine.catalog.find(&new.name) } else { Ok(None) }
    }

    /// Columns and partition columns of files that are there.
    async fn inferred_schema(&self, new: &NewTable, location: &str) -> Result<(StructType, Vec<String>)> {
        if crate::nosql::is_nosql(&new.format) {
            return self.nosql_columns(new, location).await;
        }
        let (format, options, paths) = (new.format.clone(), new.options.clone(), vec![location.to_owned()]);
        let schema = self.blocking(move |environment| Ok(environment.files(&format, None, &options, &paths)?.schema)).await?;
        let folder = emberflow_sources::paths::local(location)?;
        let partition_by = super::partitions::partition_names(&folder)?;
        Ok((schema, if new.partition_by.is_empty() { partition_by } else { new.partition_by.clone() }))
    }

    fn check_format(&self, format: &str) -> Result<()> {
        match format {
            "parquet" | "csv" | "json" | "text" | "orc" | "avro" | "nosql" => Ok(()),
            "jdbc" | "xml" | "binaryfile" | "hive" => Err(Error::unsupported(format!("tables of the format {format}"))),
            other => Err(Error::new("DATA_SOURCE_NOT_FOUND").with("provider", other).exception_class(Exception::ClassNotFound)),
        }
    }

    /// What the catalog will know of a new table; and its folder held, until it does.
    pub(crate) fn entry_of(&self, new: &NewTable, schema: StructType) -> Result<(Table, Option<Making>)> {
        let (location, making) = match &new.location {
            Some(location) => (location.clone(), None),
            None if crate::nosql::is_nosql(&new.format) => (self.managed_nosql_location(&new.name)?, None),
            None => {
                let (location, making) = self.engine.catalog.reserve(&new.name)?;
                (location, Some(making))
            }
        };
        let is_path = |(key, _): &(String, String)| key.eq_ignore_ascii_case("path");
        let entry = Table {
            database: new.name.database.clone(),
            name: new.name.table.clone(),
            kind: TableKind::Files(Files {
                format: new.format.clone(),
                location,
                is_managed: new.location.is_none(),
                options: new.options.iter().filter(|option| !is_path(option)).cloned().collect(),
                partition_by: new.partition_by.clone(),
                buckets: new.buckets.clone(),
                statistics: None,
            }),
            schema,
            properties: new.properties.clone(),
            comment: new.comment.clone(),
            created_us: self.now_us(),
            owner: self.shared.user.clone(),
        };
        Ok((entry, making))
    }

    /// Makes an entry known; a table of its own kind may stand in its way only where it replaces one.
    pub(crate) fn enter(&self, new: &NewTable, entry: &Table) -> Result<()> {
        if new.replaces {
            return self.engine.catalog.replace(entry);
        }
        match self.engine.catalog.add(entry)? {
            true => Ok(()),
            false => Err(table_exists(new.name.quoted())),
        }
    }

    async fn create_like(&self, full: FullName, table: CreateTable) -> Result<Rows> {
        let like = table.like.unwrap_or_default();
        let (schema, files) = match self.require_named(&like)? {
            Named::Temporary(view) | Named::GlobalTemporary(view) => (view.resolved.schema(), None),
            Named::Table(Table { kind: TableKind::Files(files), schema, .. }) => (schema, Some(files)),
            Named::Table(view) => (view.schema, None),
        };
        if self.engine.catalog.find(&full)?.is_some() {
            return match table.if_not_exists {
                true => Ok(tables::nothing()),
                false => Err(table_exists(full.quoted_without_catalog())),
            };
        }
        let usual = self.settings().require("spark.sql.sources.default")?.to_owned();
        let format = table.provider.map(|provider| crate::nosql::short_name(&provider));
        let own = files.as_ref().filter(|files| format.as_ref().is_none_or(|format| *format == files.format));
        let options = match own {
            Some(files) if files.is_nosql() => self.with_stored_key(&files.location, &files.options)?,
            own => own.map(|files| files.options.clone()).unwrap_or_default(),
        };
        let format = format.or_else(|| files.as_ref().map(|files| files.format.clone())).unwrap_or(usual);
        let new = NewTable {
            name: full.clone(),
            location: self.given_location(&full, &format, table.location, &table.options)?,
            options,
            format,
            properties: table.properties.into_iter().collect(),
            comment: None,
            buckets: files.as_ref().and_then(|files| files.buckets.clone()),
            partition_by: files.map(|files| files.partition_by).unwrap_or_default(),
            cluster_by: Vec::new(),
            replaces: false,
        };
        self.enter_table(new, Some(schema)).await?;
        Ok(tables::nothing())
    }

    pub(crate) async fn drop_table(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        match self.named(name)? {
            Some(Named::Temporary(view)) => {
                self.shared.views.write().remove(&view.name.to_lowercase());
            }
            Some(Named::GlobalTemporary(view)) => {
                self.engine.catalog.drop_global_view(&view.name);
            }
            Some(Named::Table(table)) => {
                let full = FullName { database: table.database.clone(), table: table.name.clone() };
                // What cannot be resolved any more is kept by nothing.
                let _ = self.uncache(table_relation(name)).await;
                self.off_thread(move |session| session.engine.catalog.remove(&full)).await?;
                self.drop_nosql(&table).await?;
            }
            None if if_exists => {}
            None => return Err(no_table(&self.full_name(name)?)),
        }
        Ok(tables::nothing())
    }

    pub(crate) async fn alter_table(&self, name: &[String], change: TableChange) -> Result<Rows> {
        if let TableChange::RenameTo(to) = &change {
            match self.require_named(name)? {
                Named::Temporary(view) => self.rename_temporary_view(&view, to)?,
                Named::GlobalTemporary(_) => return Err(Error::unsupported("renaming global temporary views")),
                Named::Table(table) => {
                    self.rename_table(FullName { database: table.database, table: table.name }, to).await?;
                }
            }
            return Ok(tables::nothing());
        }
        let table = self.table_for(name, operation_name(&change))?;
        let full = FullName { database: table.database.clone(), table: table.name.clone() };
        match change {
            TableChange::AddPartitions { partitions, if_not_exists } => {
                self.add_partitions(&table, partitions, if_not_exists).await?;
            }
            TableChange::DropPartitions { partitions, if_exists } => self.drop_partitions(&table, partitions, if_exists).await?,
            TableChange::RecoverPartitions => self.recover_partitions(&table)?,
            TableChange::Refused(operation) => return Err(refused(&table, &operation)),
            TableChange::SetLocation(location) => self.set_location(&table, location).await?,
            TableChange::AddColumns(columns) => {
                add_columns(&mut table.clone(), columns.clone())?;
                if let TableKind::Files(files) = &table.kind
                    && files.is_nosql()
                {
                    self.add_nosql_columns(files, &columns).await?;
                }
                self.change_table(full, move |table| add_columns(table, columns)).await?;
                self.changed(&table).await?;
            }
            change => self.change_table(full, move |table| apply(table, change)).await?,
        }
        Ok(tables::nothing())
    }

    /// What lies at the new place is not ours to remove one day.
    async fn set_location(&self, table: &Table, location: String) -> Result<()> {
        let TableKind::Files(files) = &table.kind else { return Ok(()) };
        let location = match files.is_nosql() {
            true => self.nosql_location(&location, &files.options)?,
            false => format!("file:{}", emberflow_sources::paths::local(&location)?.display()),
        };
        let full = FullName { database: table.database.clone(), table: table.name.clone() };
        let change = move |table: &mut Table| {
            if let TableKind::Files(files) = &mut table.kind {
                files.is_managed = false;
                files.location = location;
            }
            Ok(())
        };
        self.change_table(full, change).await?;
        self.changed(table).await
    }

    pub(crate) async fn change_table(
        &self,
        full: FullName,
        change: impl FnOnce(&mut Table) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.off_thread(move |session| session.engine.catalog.change(&full, change)).await
    }

    pub(crate) async fn rename_table(&self, from: FullName, to: &[String]) -> Result<()> {
        let to = match to {
            [single] => FullName { database: from.database.clone(), table: single.to_lowercase() },
            other => self.full_name(other)?,
        };
        self.off_thread(move |session| session.engine.catalog.rename(&from, &to)).await
    }

    /// How many bytes and rows a table has, noted with it.
    pub(crate) async fn analyze_table(&self, name: &[String], scan: bool) -> Result<Rows> {
        let table = self.table_for(name, "ANALYZE TABLE")?;
        let TableKind::Files(files) = &table.kind else { return Ok(tables::nothing()) };
        let measured = files.clone();
        let measure = move |session: &Session| match measured.is_nosql() {
            true => session.nosql_bytes(&measured),
            false => Ok(super::partitions::bytes_below(&emberflow_sources::paths::local(&measured.location)?)),
        };
        let bytes = self.off_thread(measure).await?;
        let rows = match scan {
            true => Some(self.count(table_relation(name)).await?),
            false => None,
        };
        let full = FullName { database: table.database.clone(), table: table.name.clone() };
        self.change_table(full, move |table| {
            if let TableKind::Files(files) = &mut table.kind {
                files.statistics = Some(Statistics { bytes, rows });
            }
            Ok(())
        })
        .await?;
        Ok(tables::nothing())
    }

    async fn count(&self, relation: Relation) -> Result<u64> {
        use arrow::array::AsArray;
        let one = emberflow_plan::tree::Expr::literal(emberflow_plan::tree::Literal::Int(1));
        let count = emberflow_plan::tree::Expr::call("count", vec![one]);
        let kind = emberflow_plan::tree::RelationKind::Project { input: Some(relation), expressions: vec![count] };
        let batches = crate::execute::collect(self.query(Relation::new(kind), Default::default()).await?).await?;
        let counted = batches
            .iter()
            .find(|batch| batch.num_rows() > 0)
            .map(|batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0));
        Ok(counted.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Takes a table's rows away and leaves the table.
    pub(crate) async fn truncate_table(&self, name: &[String], partition: emberflow_plan::tree::PartitionSpec) -> Result<Rows> {
        let table = match self.named(name)? {
            None => return Err(unresolved_table(name, &self.current_database())),
            Some(_) => self.table_for(name, "TRUNCATE TABLE")?,
        };
        let TableKind::Files(files) = table.kind.clone() else { return Ok(tables::nothing()) };
        if !files.is_managed {
            return Err(Error::new("_LEGACY_ERROR_TEMP_1266")
                .with("tableIdentWithDB", table.quoted())
                .text(format!("{} is external; TRUNCATE TABLE goes with managed tables only.", table.quoted())));
        }
        if !partition.is_empty() {
            self.truncate_partitions(&table, partition).await?;
            return Ok(tables::nothing());
        }
        let schema = table.schema.clone();
        let empty = self.nothing_of(&schema);
        self.write_table(empty, &files, SaveMode::Overwrite, &files.options).await?;
        self.changed(&table).await?;
        Ok(tables::nothing())
    }

    /// No rows of these columns.
    fn nothing_of(&self, schema: &StructType) -> Relation {
        self.keep(crate::catalog::entry::plain_schema(schema), Vec::new())
    }
}

/// What a change does to an entry.
fn apply(table: &mut Table, change: TableChange) -> Result<()> {
    match change {
        TableChange::SetProperties(properties) => table.properties.extend(properties),
        TableChange::UnsetProperties { keys, .. } => table.properties.retain(|key, _| !keys.contains(key)),
        TableChange::Comment(comment) => table.comment = comment,
        TableChange::ColumnComment { column, comment } => comment_column(table, &column, &comment)?,
        other => return Err(Error::internal(format!("a change of another kind: {other:?}"))),
    }
    Ok(())
}

fn add_columns(table: &mut Table, columns: StructType) -> Result<()> {
    let TableKind::Files(files) = &table.kind else { return Ok(()) };
    let (partitions, mut fields): (Vec<StructField>, Vec<StructField>) =
        table.schema.fields.iter().cloned().partition(|field| files.partition_by.contains(&field.name));
    fields.extend(columns.fields);
    fields.extend(partitions);
    let schema = StructType::new(fields);
    check_names(&schema)?;
    check_storable(&schema, &files.format)?;
    table.schema = schema;
    Ok(())
}

fn comment_column(table: &mut Table, column: &[String], comment: &str) -> Result<()> {
    let [name] = column else { return Err(Error::unsupported("comments on fields of structs")) };
    let known: Vec<String> = table.schema.fields.iter().map(|field| quote(&field.name)).collect();
    let field = table.schema.fields.iter_mut().find(|field| field.name.eq_ignore_ascii_case(name));
    let field = field.ok_or_else(|| {
        Error::new("UNRESOLVED_COLUMN.WITH_SUGGESTION").with("objectName", quote(name)).with("proposal", known.join(", "))
    })?;
    *field = with_note(field, "comment", comment);
    Ok(())
}

fn operation_name(change: &TableChange) -> &'static str {
    match change {
        TableChange::RenameTo(_) => "ALTER TABLE ... RENAME TO",
        TableChange::AddColumns(_) => "ALTER TABLE ... ADD COLUMNS",
        TableChange::SetProperties(_) => "ALTER TABLE ... SET TBLPROPERTIES",
        TableChange::UnsetProperties { .. } => "ALTER TABLE ... UNSET TBLPROPERTIES",
        TableChange::SetLocation(_) => "ALTER TABLE ... SET LOCATION ...",
        TableChange::Comment(_) => "COMMENT ON TABLE",
        TableChange::ColumnComment { .. } => "ALTER TABLE ... ALTER COLUMN",
        TableChange::AddPartitions { .. } => "ALTER TABLE ... ADD PARTITION ...",
        TableChange::DropPartitions { .. } => "ALTER TABLE ... DROP PARTITION ...",
        TableChange::RecoverPartitions => "ALTER TABLE ... RECOVER PARTITIONS",
        TableChange::Refused(_) => "ALTER TABLE",
    }
}

fn refused(table: &Table, operation: &str) -> Error {
    Error::new("UNSUPPORTED_FEATURE.TABLE_OPERATION")
        .with("tableName", table.quoted())
        .with("operation", operation)
        .exception_class(Exception::Analysis)
}

/// The schema with its partition columns behind the others, which there must be.
pub(crate) fn with_partitions_last(schema: StructType, partition_by: &[String]) -> Result<StructType> {
    if partition_by.is_empty() {
        return Ok(schema);
    }
    let is_partition = |field: &StructField| partition_by.iter().any(|column| column.eq_ignore_ascii_case(&field.name));
    let mut fields: Vec<StructField> = schema.fields.iter().filter(|field| !is_partition(field)).cloned().collect();
    if fields.is_empty() {
        return Err(Error::new("ALL_PARTITION_COLUMNS_NOT_ALLOWED"));
    }
    for column in partition_by {
        fields.extend(schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(column)).cloned());
    }
    Ok(StructType::new(fields))
}

/// Refuses columns whose values no file can hold, and maps whose keys have a collation.
pub(crate) fn check_storable(schema: &StructType, format: &str) -> Result<()> {
    for field in &schema.fields {
        check_map_keys(&field.data_type)?;
        if matches!(field.data_type, DataType::CalendarInterval) {
            return Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
                .with("columnName", quote(&field.name))
                .with("columnType", field.data_type.quoted())
                .with("format", shown_format(format)));
        }
    }
    Ok(())
}

/// A format as Spark's errors name it.
pub(crate) fn shown_format(format: &str) -> String {
    match format {
        "parquet" => "Parquet".into(),
        "csv" | "json" | "orc" => format.to_uppercase(),
        other => other.into(),
    }
}

pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let path = folder.display().to_string();
        Error::new("TASK_WRITE_FAILED").with("path", path.clone()).text(format!("{path} cannot be made: {error}"))
    })
}

/// Properties of a writer, which come as pairs.
pub(crate) fn as_properties(properties: Options) -> Properties {
    properties.into_iter().collect()
}
