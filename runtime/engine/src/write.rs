//! Results that go into files and tables.

use emberflow_base::{Error, Exception, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{
    Alias, CastMode, CreateTable, Expr, ExprKind, Insert, Options, Relation, RelationKind, SaveMode, Write, WriteTarget,
};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};
use emberflow_sources::SourceOptions;
use emberflow_sources::write::FolderWriter;
use futures::StreamExt;

use crate::catalog::{TableInfo, no_table};
use crate::session::Session;
use crate::tables;

impl Session {
    pub(crate) async fn write(&self, write: Write) -> Result<()> {
        if !write.partition_by.is_empty() {
            return Err(Error::unsupported("partitionBy in writes"));
        }
        if write.bucket_by.is_some() || !write.sort_by.is_empty() || !write.cluster_by.is_empty() {
            return Err(Error::unsupported("bucketBy, sortBy and clusterBy in writes"));
        }
        let format = match &write.format {
            Some(format) => format.clone(),
            None => self.settings().require("spark.sql.sources.default")?.to_owned(),
        };
        match write.target {
            WriteTarget::Path(None) if format.eq_ignore_ascii_case("noop") => {
                let mut rows = self.query(write.input, Default::default()).await?;
                while let Some(batch) = rows.batches.next().await {
                    batch?;
                }
                Ok(())
            }
            WriteTarget::Path(path) => {
                let from_options =
                    write.options.iter().find(|(key, _)| key.eq_ignore_ascii_case("path")).map(|(_, path)| path.clone());
                let path = path.or(from_options).ok_or_else(|| {
                    Error::new("DATA_SOURCE_PATH_MISSING").text("Writing files needs a path: give one to save().")
                })?;
                self.write_files(write.input, &format, &path, write.mode, &write.options).await.map(|_| ())
            }
            WriteTarget::SaveAsTable(name) => self.save_as_table(write.input, &format, &name, write.mode, write.options).await,
            WriteTarget::InsertInto(name) => {
                let overwrite = write.mode == SaveMode::Overwrite;
                self.insert_rows(write.input, &name, overwrite).await
            }
        }
    }

    /// Runs a relation into a folder; gives the schema written.
    async fn write_files(
        &self,
        input: Relation,
        format: &str,
        path: &str,
        mode: SaveMode,
        options: &Options,
    ) -> Result<StructType> {
        let text = emberflow_sources::read::short_name(format) == "csv";
        let analyzed = self.ready(input.clone()).await?;
        let schema = analyzed.schema.clone();
        check_names(&schema)?;
        // Text formats hold text: every value is cast as Spark prints it, so the files read the same anywhere.
        let (analyzed, file_schema) = if text {
            for field in &schema.fields {
                if matches!(
                    field.data_type,
                    emberflow_plan::DataType::Struct(_)
                        | emberflow_plan::DataType::Array { .. }
                        | emberflow_plan::DataType::Map { .. }
                        | emberflow_plan::DataType::Binary
                ) {
                    return Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
                        .with("columnName", quote(&field.name))
                        .with("columnType", field.data_type.quoted())
                        .with("format", "CSV"));
                }
            }
            let analyzed = self.ready(as_text(input, &schema)).await?;
            let file_schema = analyzed.schema.clone();
            (analyzed, file_schema)
        } else {
            (analyzed, schema.clone())
        };
        let job = uuid::Uuid::new_v4().to_string();
        let options = SourceOptions::new(options);
        let Some(mut writer) = FolderWriter::start(path, format, mode, &file_schema, &options, &job)? else { return Ok(schema) };
        let mut rows = self.run(analyzed, "write").await?;
        while let Some(batch) = rows.batches.next().await {
            let batch = batch?;
            writer = tokio::task::spawn_blocking(move || writer.write(&batch).map(|()| writer))
                .await
                .map_err(|panic| Error::internal(format!("writing ended abnormally: {panic}")))??;
        }
        tokio::task::spawn_blocking(move || writer.finish())
            .await
            .map_err(|panic| Error::internal(format!("writing ended abnormally: {panic}")))??;
        Ok(schema)
    }

    async fn save_as_table(
        &self,
        input: Relation,
        format: &str,
        name: &[String],
        mode: SaveMode,
        options: Options,
    ) -> Result<()> {
        let current = self.shared.database.read().clone();
        let full = self.engine.catalog.full_name(name, &current)?;
        let existing = self.engine.catalog.find(name, &current)?;
        match (&existing, mode) {
            (Some(_), SaveMode::ErrorIfExists) => return Err(exists(&full.database, &full.table)),
            (Some(_), SaveMode::Ignore) => return Ok(()),
            (Some(_), SaveMode::Append) => return self.insert_rows(input, name, false).await,
            _ => {}
        }
        let given = options.iter().find(|(key, _)| key.eq_ignore_ascii_case("path")).map(|(_, path)| path.clone());
        let is_managed = given.is_none();
        let location = match given {
            Some(path) => path,
            None => self.engine.catalog.managed_location(&full)?,
        };
        let schema = self.write_files(input, format, &location, SaveMode::Overwrite, &options).await?;
        self.engine.catalog.put(TableInfo {
            database: full.database,
            name: full.table,
            format: emberflow_sources::read::short_name(format),
            schema: emberflow_sources::read::all_nullable(&schema),
            location,
            options,
            is_managed,
            comment: None,
        })
    }

    pub(crate) async fn create_table(&self, table: CreateTable) -> Result<Rows> {
        let current = self.shared.database.read().clone();
        let full = self.engine.catalog.full_name(&table.name, &current)?;
        if !table.partition_by.is_empty() {
            return Err(Error::unsupported("PARTITIONED BY"));
        }
        if table.like.is_some() {
            return Err(Error::unsupported("CREATE TABLE LIKE"));
        }
        if self.engine.catalog.find(&table.name, &current)?.is_some() {
            if table.if_not_exists {
                return Ok(tables::nothing());
            }
            if !table.replace {
                return Err(exists(&full.database, &full.table));
            }
        }
        let format = match &table.provider {
            Some(provider) => provider.clone(),
            None => self.settings().require("spark.sql.sources.default")?.to_owned(),
        };
        if let Some(query) = table.query {
            let mut options = table.options;
            options.extend(table.location.map(|path| ("path".to_owned(), path)));
            self.save_as_table(query, &format, &table.name, SaveMode::Overwrite, options).await?;
            return Ok(tables::nothing());
        }
        let is_managed = table.location.is_none();
        let location = match table.location {
            Some(location) => location,
            None => self.engine.catalog.managed_location(&full)?,
        };
        let folder = emberflow_sources::paths::local(&location)?;
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|error| {
            Error::new("TASK_WRITE_FAILED").with("path", location.clone()).text(format!("{location}: {error}"))
        })?;
        let schema = match table.columns {
            Some(columns) if !columns.fields.is_empty() => columns,
            _ => {
                let paths = vec![location.clone()];
                let (format, options) = (format.clone(), table.options.clone());
                self.blocking(move |environment| Ok(environment.files(&format, None, &options, &paths)?.schema)).await?
            }
        };
        self.engine.catalog.put(TableInfo {
            database: full.database,
            name: full.table,
            format: emberflow_sources::read::short_name(&format),
            schema: emberflow_sources::read::all_nullable(&schema),
            location,
            options: table.options,
            is_managed,
            comment: table.comment,
        })?;
        Ok(tables::nothing())
    }

    pub(crate) async fn insert(&self, insert: Insert) -> Result<Rows> {
        if !insert.partition.is_empty() || !insert.columns.is_empty() || insert.by_name {
            return Err(Error::unsupported("INSERT with PARTITION, BY NAME or a column list"));
        }
        self.insert_rows(insert.query, &insert.table, insert.overwrite).await?;
        Ok(tables::nothing())
    }

    /// Rows into a table by position, cast to its columns.
    async fn insert_rows(&self, input: Relation, name: &[String], overwrite: bool) -> Result<()> {
        let current = self.shared.database.read().clone();
        let info = self.engine.catalog.find(name, &current)?.ok_or_else(|| no_table(name, &self.shared.database.read()))?;
        let have = self.analyzed(input.clone()).await?.schema;
        if have.fields.len() != info.schema.fields.len() {
            let (kind, list) = if have.fields.len() > info.schema.fields.len() {
                ("TOO_MANY_DATA_COLUMNS", &have)
            } else {
                ("NOT_ENOUGH_DATA_COLUMNS", &have)
            };
            return Err(Error::new(format!("INSERT_COLUMN_ARITY_MISMATCH.{kind}"))
                .with("tableName", info.qualifier().iter().map(|part| quote(part)).collect::<Vec<_>>().join("."))
                .with("tableColumns", columns(&info.schema))
                .with("dataColumns", columns(list)));
        }
        let named = Relation::new(RelationKind::ToDf {
            input,
            names: info.schema.fields.iter().map(|field| field.name.clone()).collect(),
        });
        let fitted = Relation::new(RelationKind::ToSchema { input: named, schema: info.schema.clone() });
        let mode = if overwrite { SaveMode::Overwrite } else { SaveMode::Append };
        self.write_files(fitted, &info.format, &info.location, mode, &info.options).await.map(|_| ())
    }

    /// The files of a managed table.
    pub(crate) fn remove_files(&self, info: &TableInfo) -> Result<()> {
        if !info.is_managed {
            return Ok(());
        }
        let folder = emberflow_sources::paths::local(&info.location)?;
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::new("TASK_WRITE_FAILED")
                .with("path", info.location.clone())
                .text(format!("{}: {error}", info.location))),
        }
    }
}

fn columns(schema: &StructType) -> String {
    schema.fields.iter().map(|field| quote(&field.name)).collect::<Vec<_>>().join(", ")
}

fn exists(database: &str, table: &str) -> Error {
    Error::new("TABLE_OR_VIEW_ALREADY_EXISTS")
        .with("relationName", format!("{}.{}.{}", quote(crate::catalog::CATALOG), quote(database), quote(table)))
        .exception_class(Exception::TableAlreadyExists)
}

/// Files cannot hold two columns of one name.
pub(crate) fn check_names(schema: &StructType) -> Result<()> {
    for (position, field) in schema.fields.iter().enumerate() {
        let same = |other: &StructField| other.name.eq_ignore_ascii_case(&field.name);
        if schema.fields[..position].iter().any(same) {
            return Err(Error::new("COLUMN_ALREADY_EXISTS").with("columnName", quote(&field.name.to_lowercase())));
        }
    }
    Ok(())
}

/// Every column cast to text.
fn as_text(input: Relation, schema: &StructType) -> Relation {
    let columns = schema
        .fields
        .iter()
        .map(|field| Alias {
            name: field.name.clone(),
            expression: Expr::new(ExprKind::Cast {
                expression: Box::new(Expr::attribute([field.name.clone()])),
                target: emberflow_plan::DataType::String,
                mode: CastMode::Session,
            }),
            metadata: None,
        })
        .collect();
    Relation::new(RelationKind::WithColumns { input, columns })
}
