//! Results that go into files. Not here: tables (`statements::insert`).

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Alias, CastMode, Expr, ExprKind, Options, Relation, RelationKind, SaveMode, Write, WriteTarget};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};
use emberflow_sources::SourceOptions;
use emberflow_sources::write::FolderWriter;
use futures::StreamExt;

use crate::session::Session;

impl Session {
    pub(crate) async fn write(&self, write: Write) -> Result<()> {
        if write.bucket_by.is_some() || !write.sort_by.is_empty() || !write.cluster_by.is_empty() {
            return Err(match &write.target {
                WriteTarget::SaveAsTable(_) => Error::unsupported("bucketBy, sortBy and clusterBy in writes"),
                WriteTarget::Path(_) => bucketed("save"),
                WriteTarget::InsertInto(_) => bucketed("insertInto"),
            });
        }
        if let WriteTarget::InsertInto(name) = write.target.clone() {
            return self.insert_into(write, &name).await;
        }
        let format = match &write.format {
            Some(format) => format.clone(),
            None => self.settings().require("spark.sql.sources.default")?.to_owned(),
        };
        if let WriteTarget::SaveAsTable(name) = write.target.clone() {
            return self.save_as_table(write, format, &name).await;
        }
        let path = match write.target {
            WriteTarget::Path(path) => path,
            WriteTarget::SaveAsTable(_) | WriteTarget::InsertInto(_) => None,
        };
        if path.is_none() && format.eq_ignore_ascii_case("noop") {
            let mut rows = self.query(write.input, Default::default()).await?;
            while let Some(batch) = rows.batches.next().await {
                batch?;
            }
            return Ok(());
        }
        let from_options = write.options.iter().find(|(key, _)| key.eq_ignore_ascii_case("path")).map(|(_, path)| path.clone());
        let path = path.or(from_options).ok_or_else(|| {
            Error::new("DATA_SOURCE_PATH_MISSING").text("Writing files needs a path: give one to save().")
        })?;
        self.write_files(write.input, &format, &path, write.mode, &write.options, &write.partition_by).await.map(|_| ())
    }

    /// Runs a relation into a folder; gives the schema written.
    pub(crate) async fn write_files(
        &self,
        input: Relation,
        format: &str,
        path: &str,
        mode: SaveMode,
        options: &Options,
        partition_by: &[String],
    ) -> Result<StructType> {
        if !partition_by.is_empty() {
            return Err(Error::unsupported("partitionBy in writes"));
        }
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
}

/// What only `saveAsTable` knows.
fn bucketed(operation: &str) -> Error {
    Error::new("_LEGACY_ERROR_TEMP_1312")
        .with("operation", operation)
        .text(format!("{operation}() knows neither bucketBy nor sortBy."))
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
