//! Stages: a physical plan cut where DataFusion would have moved rows between partitions.
//!
//! ```text
//! Projection              Projection                  ── stage 0 (result)
//!   Aggregate(final)        Aggregate(final)
//!     Repartition   ══►       ExchangeReader ◄────── exchange 1
//!       Aggregate(part.)        Aggregate(partial)    ── stage 1
//!         Scan                    Guard
//!                                   Scan
//! ```
//!
//! A stage's operators are the very nodes of the plan, shared by all its tasks, because joins share their build side and
//! dynamic filters through them. A stage runs as one task per partition of its topmost node.
//!
//! Not here: running a stage (`task`), moving rows (`exchange`). Begin at [`cut`].

mod cut;
mod guard;
mod hold;
mod layout;
mod reader;
mod step;
mod watch;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::metrics::MetricBuilder;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

pub(crate) use cut::{Stage, cut};
pub(crate) use guard::guard;
pub use layout::{MergePartitionsExec, ShuffleExec};
pub(crate) use step::{At, Step, StepExec};

use crate::exchange::{Exchange, Router, Routing, Shape, SpreadOptions};
use crate::pipeline::WatermarkExec;

/// Nodes of ours that change nothing and that nobody asked for.
pub(crate) fn is_unseen(plan: &Arc<dyn ExecutionPlan>) -> bool {
    matches!(plan.name(), "AsBeforeExec" | "GuardExec" | "TapExec" | "SpillingJoinExec" | "HoldExec")
}

/// How task `producer` of the stage that runs `plan` routes its rows into `exchange`.
pub(crate) fn router_for(
    exchange: &Exchange,
    plan: &Arc<dyn ExecutionPlan>,
    producer: usize,
    batch_rows: usize,
) -> Result<Router> {
    let first_lane = exchange.shape.first_lane_of_producer(producer);
    let (routing, collect) = match &exchange.shape {
        Shape::Gather | Shape::GatherInOrder | Shape::Keep => return Ok(Router::Straight { lane: first_lane }),
        Shape::Spread(to) => (to.clone(), !plan.boundedness().is_unbounded() && !carries_marks(plan)),
        // The merge downstream makes whole batches again.
        Shape::SpreadSorted(to, _) => (Routing::Planned(to.clone()), false),
    };
    Router::spread(SpreadOptions {
        routing,
        first_lane,
        producer: if matches!(exchange.shape, Shape::Spread(_)) { producer } else { 0 },
        producers: exchange.producers,
        schema: exchange.schema.clone(),
        batch_rows: collect.then_some(batch_rows),
        split_time: MetricBuilder::new(&exchange.metrics).subset_time("repartition_time", producer),
    })
}

/// Rows before a mark must not be held back behind it.
fn carries_marks(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.is::<WatermarkExec>() || plan.children().into_iter().any(carries_marks)
}
