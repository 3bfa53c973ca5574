//! Results that go into files. Not here: tables (`statements::insert`).

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Options, SaveMode, Write, WriteTarget};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};
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
        let options = self.with_overwrite_mode(&write);
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
        let path = path
            .or(from_options)
            .ok_or_else(|| Error::new("DATA_SOURCE_PATH_MISSING").text("Writing files needs a path: give one to save()."))?;
        if crate::nosql::is_nosql(&format) {
            return self.write_nosql(write.input, &path, write.mode, &write.options, &write.partition_by).await;
        }
        self.write_files(write.input, &format, &path, write.mode, &options, &write.partition_by).await?;
        self.refresh_cache(&path);
        Ok(())
    }

    /// The write's options, with the session's word on what OVERWRITE replaces where they say nothing.
    fn with_overwrite_mode(&self, write: &Write) -> Options {
        let mut options = write.options.clone();
        let is_said = options.iter().any(|(key, _)| key.eq_ignore_ascii_case(OVERWRITE_MODE));
        if write.mode == SaveMode::Overwrite && !is_said {
            let settings = self.settings();
            let mode = settings.get("spark.sql.sources.partitionOverwriteMode").unwrap_or("STATIC");
            options.push((OVERWRITE_MODE.to_owned(), mode.to_owned()));
        }
        options
    }
}

/// The option of a write that says whether OVERWRITE replaces everything (`static`) or the partitions that get rows.
pub(crate) const OVERWRITE_MODE: &str = "partitionOverwriteMode";

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
