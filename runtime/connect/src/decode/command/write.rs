//! Writing a DataFrame.

use emberflow_base::Result;
use emberflow_plan::Command;
use emberflow_plan::tree::{SaveMode, Write, WriteTarget, WriteV2, WriteV2Mode};

use crate::decode::{Decoder, bad_enum, names, options};
use crate::proto;
use crate::proto::write_operation::{SaveMode as Mode, SaveTable, SaveType, save_table::TableSaveMethod};

impl<'a> Decoder<'a> {
    pub(super) fn write(&self, write: &'a proto::WriteOperation) -> Result<Command> {
        let bucket = write.bucket_by.as_ref();
        Ok(Command::Write(Write {
            input: self.input(write.input.as_ref(), "WriteOperation")?,
            format: write.source.clone().filter(|format| !format.is_empty()),
            target: target(write.save_type.as_ref())?,
            mode: match write.mode() {
                Mode::Append => SaveMode::Append,
                Mode::Overwrite => SaveMode::Overwrite,
                Mode::Ignore => SaveMode::Ignore,
                Mode::ErrorIfExists | Mode::Unspecified => SaveMode::ErrorIfExists,
            },
            options: options(&write.options),
            partition_by: write.partitioning_columns.clone(),
            sort_by: write.sort_column_names.clone(),
            bucket_by: bucket.map(|bucket| (bucket.num_buckets, bucket.bucket_column_names.clone())),
            cluster_by: write.clustering_columns.clone(),
        }))
    }

    pub(super) fn write_v2(&self, write: &'a proto::WriteOperationV2) -> Result<Command> {
        use proto::write_operation_v2::Mode as V2;
        let mode = match write.mode() {
            V2::Create => WriteV2Mode::Create,
            V2::Append => WriteV2Mode::Append,
            V2::Overwrite => WriteV2Mode::Overwrite,
            V2::OverwritePartitions => WriteV2Mode::OverwritePartitions,
            V2::Replace => WriteV2Mode::Replace,
            V2::CreateOrReplace => WriteV2Mode::CreateOrReplace,
            V2::Unspecified => return Err(bad_enum("spark.connect.WriteOperationV2", "mode", write.mode)),
        };
        Ok(Command::WriteV2(WriteV2 {
            input: self.input(write.input.as_ref(), "WriteOperationV2")?,
            table: names::identifier(&write.table_name)?,
            provider: write.provider.clone().filter(|provider| !provider.is_empty()),
            mode,
            options: options(&write.options),
            properties: options(&write.table_properties),
            partition_by: self.expressions(&write.partitioning_columns)?,
            cluster_by: write.clustering_columns.clone(),
            overwrite_condition: self.optional(write.overwrite_condition.as_ref())?,
        }))
    }
}

fn target(save: Option<&SaveType>) -> Result<WriteTarget> {
    match save {
        None => Ok(WriteTarget::Path(None)),
        Some(SaveType::Path(path)) => Ok(WriteTarget::Path(Some(path.clone()))),
        Some(SaveType::Table(table)) => table_target(table),
    }
}

fn table_target(table: &SaveTable) -> Result<WriteTarget> {
    let name = names::identifier(&table.table_name)?;
    match table.save_method() {
        TableSaveMethod::SaveAsTable => Ok(WriteTarget::SaveAsTable(name)),
        TableSaveMethod::InsertInto => Ok(WriteTarget::InsertInto(name)),
        TableSaveMethod::Unspecified => Err(bad_enum("spark.connect.WriteOperation.SaveTable", "save_method", table.save_method)),
    }
}
