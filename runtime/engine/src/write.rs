//! Results that go into files. Not here: tables (`statements::insert`).

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Options, SaveMode, Write, WriteTarget};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};
use futures::StreamExt;

use crate::session::Session;
use crate::write_files::Layout;

impl Session {
    pub(crate) async fn write(&self, write: Write) -> Result<()> {
        check_layout(&write)?;
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
        let layout = Layout { partition_by: &write.partition_by, buckets: None };
        self.write_files(write.input, &format, &path, write.mode, &options, layout).await?;
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

/// Buckets are for tables that are made; folders and tables that are there take none.
fn check_layout(write: &Write) -> Result<()> {
    const MOST: i32 = 100_000;
    let count = write.bucket_by.as_ref().map(|(count, _)| *count).filter(|count| *count > 0);
    if count.is_none() && !write.sort_by.is_empty() {
        return Err(Error::new("SORT_BY_WITHOUT_BUCKETING"));
    }
    if !write.cluster_by.is_empty() && count.is_some() {
        return Err(Error::new("SPECIFY_CLUSTER_BY_WITH_BUCKETING_IS_NOT_ALLOWED"));
    }
    if !write.cluster_by.is_empty() && !write.partition_by.is_empty() {
        return Err(Error::new("SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED"));
    }
    let Some(count) = count else { return Ok(()) };
    let operation = match &write.target {
        WriteTarget::SaveAsTable(_) if count > MOST => {
            return Err(Error::new("INVALID_BUCKET_COUNT")
                .with("bucketingMaxBuckets", MOST.to_string())
                .with("numBuckets", count.to_string()));
        }
        WriteTarget::SaveAsTable(_) => return Ok(()),
        WriteTarget::Path(_) => "save",
        WriteTarget::InsertInto(_) => "insertInto",
    };
    let (condition, what) = match write.sort_by.is_empty() {
        true => ("_LEGACY_ERROR_TEMP_1312", "bucketBy"),
        false => ("_LEGACY_ERROR_TEMP_1313", "bucketBy and sortBy"),
    };
    Err(Error::new(condition).with("operation", operation).text(format!("'{operation}' does not support {what} right now.")))
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
