//! A relation's rows into a folder of files.
//!
//! ```text
//! relation ──► plan ──► every partition writes files of its own (`emberflow-sources::write`) ──► commit
//! ```
//!
//! Not here: tables and what their save modes mean (`write`).

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, LogicalPlan, Partitioning};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning as Spread, PhysicalExpr};
use emberflow_base::{Error, Result};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::StructType;
use emberflow_plan::tree::{Buckets, Options, Relation, SaveMode};
use emberflow_sources::{FolderWriter, SourceOptions, WriteRequest};
use futures::StreamExt;

use crate::session::Session;
use crate::write::check_names;

/// How rows lie in a folder.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    pub partition_by: &'a [String],
    pub buckets: Option<&'a Buckets>,
}

impl Session {
    /// Runs a relation into a folder; gives the schema of its files as they are read again, partition columns last.
    pub(crate) async fn write_files(
        &self,
        input: Relation,
        format: &str,
        path: &str,
        mode: SaveMode,
        options: &Options,
        layout: Layout<'_>,
    ) -> Result<StructType> {
        let analyzed = self.ready(input).await?;
        let schema = analyzed.schema.clone();
        check_names(&schema)?;
        let read_again = partitions_last(&schema, layout.partition_by);
        let job = uuid::Uuid::new_v4().to_string();
        let (format, path, options) = (format.to_owned(), path.to_owned(), SourceOptions::new(options));
        let (partition_by, buckets) = (layout.partition_by.to_vec(), layout.buckets.cloned());
        let started = self.blocking(move |environment| {
            FolderWriter::start(&WriteRequest {
                path: &path,
                format: &format,
                mode,
                schema: &schema,
                partition_by: &partition_by,
                buckets: buckets.as_ref(),
                options,
                context: environment.context(),
                job: &job,
            })
        });
        let Some(mut writer) = started.await? else { return Ok(read_again) };
        let rows = self.physical(&analyzed).await?;
        let rows = self.spread_as_asked(&analyzed.plan, rows)?;
        let mut written = self.submit(writer.plan(rows)?, analyzed, "write")?;
        while let Some(batch) = written.batches.next().await {
            writer.note(&batch?)?;
        }
        let done = tokio::task::spawn_blocking(move || writer.finish()).await;
        done.map_err(|panic| Error::internal(format!("writing ended abnormally: {panic}")))??;
        Ok(read_again)
    }

    /// `coalesce` and `repartition` right below a write say how many files there are; elsewhere the optimizer may do
    /// without them.
    fn spread_as_asked(&self, plan: &LogicalPlan, rows: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(asked) = asked(plan) else { return Ok(rows) };
        let count = match asked {
            Partitioning::RoundRobinBatch(count) | Partitioning::Hash(_, count) => *count,
            _ => return Ok(rows),
        };
        let by_keys = match asked {
            Partitioning::Hash(keys, _) => self.keys_of(keys, &rows),
            _ => None,
        };
        if count == 1 {
            let whole = rows.output_partitioning().partition_count() == 1;
            return Ok(if whole { rows } else { Arc::new(CoalescePartitionsExec::new(rows)) });
        }
        let spread = match by_keys {
            Some(keys) => Spread::Hash(keys, count),
            None if rows.output_partitioning().partition_count() == count => return Ok(rows),
            None => Spread::RoundRobinBatch(count),
        };
        Ok(Arc::new(RepartitionExec::try_new(rows, spread).map_err(from_datafusion)?))
    }

    /// The keys over the rows' own columns, if those still have them.
    fn keys_of(&self, keys: &[Expr], rows: &Arc<dyn ExecutionPlan>) -> Option<Vec<Arc<dyn PhysicalExpr>>> {
        let schema = DFSchema::try_from(rows.schema()).ok()?;
        let state = self.engine.context.state();
        keys.iter().map(|key| state.create_physical_expr(key.clone(), &schema).ok()).collect()
    }
}

fn asked(plan: &LogicalPlan) -> Option<&Partitioning> {
    match plan {
        LogicalPlan::Repartition(repartition) => Some(&repartition.partitioning_scheme),
        LogicalPlan::Projection(projection) => asked(&projection.input),
        LogicalPlan::Filter(filter) => asked(&filter.input),
        _ => None,
    }
}

fn partitions_last(schema: &StructType, partition_by: &[String]) -> StructType {
    let is_partition = |name: &str| partition_by.iter().any(|partition| partition.eq_ignore_ascii_case(name));
    let (last, mut fields): (Vec<_>, Vec<_>) = schema.fields.iter().cloned().partition(|field| is_partition(&field.name));
    let named = partition_by.iter().filter_map(|name| last.iter().find(|field| field.name.eq_ignore_ascii_case(name)));
    fields.extend(named.cloned());
    StructType::new(fields)
}
