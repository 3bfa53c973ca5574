//! Writing a DataFrame into a NoSQL table.
//!
//! ```text
//! options, schemas, save mode ─► WritePlan (all checks) ─► schema stored ─► a writer per task ─► done
//! overwrite:                                               a table nobody reads ─► writers ─► one commit
//! ```
//!
//! A row that fails ends the job; in an overwrite nothing was seen then, otherwise the rows before it stay. Not here: what
//! rows become (`emberflow_nosql::rows`), the tasks (`write_exec`), what save modes mean for tables of the catalog
//! (`statements::insert`).

use std::sync::Arc;

use emberflow_base::Result;
use emberflow_functions::types::to_arrow_schema;
use emberflow_nosql::path::TablePath;
use emberflow_nosql::rows::{SaveMode as Mode, WritePlan};
use emberflow_nosql::{Error, ErrorName, Table};
use emberflow_plan::tree::{Options, Relation, SaveMode};
use futures::StreamExt;

use super::options::{buckets, of_write, report, table_path};
use super::write_exec::{NosqlWriteExec, Target};
use crate::cache::paths_of;
use crate::session::Session;

impl Session {
    /// Writes the rows of a relation.
    pub(crate) async fn write_nosql(
        &self,
        input: Relation,
        path: &str,
        mode: SaveMode,
        options: &Options,
        partition_by: &[String],
    ) -> Result<()> {
        let analyzed = self.ready(input).await?;
        let settings = self.settings();
        let options = of_write(options, partition_by)?;
        let path = table_path(path, options.container.as_deref(), &settings)?;
        let table = self.engine.store()?.table(&path)?;
        let exists = table.exists()?;
        let mode = match mode {
            SaveMode::ErrorIfExists if exists => return Err(exists_already(&path).into()),
            SaveMode::Ignore if exists => return Ok(()),
            SaveMode::ErrorIfExists => Mode::ErrorIfExists,
            SaveMode::Ignore => Mode::Ignore,
            SaveMode::Append => Mode::Append,
            SaveMode::Overwrite => Mode::Overwrite,
        };
        let columns = to_arrow_schema(&analyzed.schema);
        let plan = WritePlan::new(mode, &options, &columns, table.schema()?.as_deref(), buckets(&settings)?);
        let plan = plan.map_err(|why| why.table(&path))?;
        report(plan.warnings());
        let overwrites = mode == Mode::Overwrite;
        if overwrites {
            let dynamic = settings.get("spark.sql.sources.partitionOverwriteMode");
            if dynamic.is_some_and(|mode| mode.eq_ignore_ascii_case("dynamic")) && !plan.schema().partition.is_empty() {
                let text = "a NoSQL table is not overwritten by dynamic partitions";
                return Err(Error::new(ErrorName::InvalidOption, text).table(&path).into());
            }
            if paths_of(&analyzed.plan).contains(&path.to_string()) {
                let text = "the table cannot be overwritten by rows that are read from it";
                return Err(Error::new(ErrorName::OverwriteOfInput, text).table(&path).into());
            }
        }
        let rows = self.physical(&analyzed).await?;
        let target = Arc::new(begin(&table, plan, overwrites).await?);
        let written = self.submit(Arc::new(NosqlWriteExec::new(rows, Arc::clone(&target))), analyzed, "write");
        let outcome = match written {
            Ok(mut written) => drained(&mut written.batches).await,
            Err(why) => Err(why),
        };
        self.end(&table, &target, outcome).await?;
        self.refresh_cache(&path.to_string());
        Ok(())
    }

    /// Puts what was staged in its place, or lets go of it.
    async fn end(&self, table: &Table, target: &Target, outcome: Result<()>) -> Result<()> {
        let staged = target.overwrite.lock().take();
        if let (Some(overwrite), Ok(())) = (staged, &outcome) {
            overwrite.commit().await?;
        }
        if let Some(job) = &target.job {
            table.store().forget_job(job).await?;
        }
        outcome
    }
}

/// What the tasks share; the schema is in its place when they begin.
async fn begin(table: &Table, plan: WritePlan, overwrites: bool) -> emberflow_nosql::Result<Target> {
    let schema = plan.schema().clone();
    table.note_attributes(schema.fields.iter().map(|field| &field.name));
    let overwrite = match overwrites {
        true => Some(table.overwrite(Some(schema)).await?),
        false => {
            if plan.stores_schema() {
                table.set_schema(Some(schema)).await?;
            }
            None
        }
    };
    let job = (!overwrites && !plan.is_idempotent()).then(|| uuid::Uuid::new_v4().to_string());
    Ok(Target { table: table.clone(), plan, overwrite: parking_lot::Mutex::new(overwrite), overwrites, job })
}

async fn drained(batches: &mut (impl futures::Stream<Item = Result<arrow::array::RecordBatch>> + Unpin)) -> Result<()> {
    while let Some(batch) = batches.next().await {
        batch?;
    }
    Ok(())
}

fn exists_already(path: &TablePath) -> Error {
    Error::new(ErrorName::TableExists, "the table exists already").table(path)
}
