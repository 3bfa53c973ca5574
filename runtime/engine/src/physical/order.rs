//! Rows come in the order of their source: `head(df)` shows the first rows of a file, every time.
//!
//! DataFusion deals the batches of a single partition to all cores wherever that may save time. Below operators that only
//! choose rows and columns, up to the result, that would shuffle what people look at, so there it is taken back.
//! Not here: how partitions are gathered (`emberflow-actors`, in order where the result shows it).

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};

use super::partitionwise::PartitionwiseExec;

#[derive(Debug)]
pub(super) struct KeepOrder;

impl PhysicalOptimizerRule for KeepOrder {
    fn name(&self) -> &str {
        "keep_order"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        stacker::maybe_grow(256 << 10, 4 << 20, || kept(plan))
    }
}

fn kept(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(dealt) = plan.downcast_ref::<RepartitionExec>() {
        return match dealt.partitioning() {
            Partitioning::RoundRobinBatch(_) => kept(Arc::clone(dealt.input())),
            _ => Ok(plan),
        };
    }
    if !only_chooses(&plan) {
        return Ok(plan);
    }
    let below: Vec<_> = plan.children().into_iter().cloned().collect();
    let deeper = |child| stacker::maybe_grow(256 << 10, 4 << 20, || kept(child));
    let now = below.into_iter().map(deeper).collect::<Result<Vec<_>>>()?;
    replace_children_if_necessary(plan, now)
}

fn only_chooses(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.is::<ProjectionExec>()
        || plan.is::<FilterExec>()
        || plan.is::<GlobalLimitExec>()
        || plan.is::<LocalLimitExec>()
        || plan.is::<CoalescePartitionsExec>()
        || plan.is::<UnionExec>()
        || plan.is::<PartitionwiseExec>()
}
