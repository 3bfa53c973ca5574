//! Joins that do not fit: DataFusion's hash join holds its whole build side; here it is tried, and if memory is refused,
//! both sides go to disk in parts by the hash of their keys, which are then joined part by part.
//!
//! ```text
//! build ─► Tap ─┐
//!               ├─► HashJoinExec ─► SpillingJoin ─► rows        it fits: the taps only looked on
//! probe ─► Tap ─┘
//!
//! refused:  what the build tap has seen and still gets ─► 16 files ─┐
//!           what the probe tap gets                    ─► 16 files ─┴─► a hash join per pair, itself spilling
//! ```
//!
//! Equal keys have equal hashes, so they meet in one pair, whatever the kind of join. A pair that is again too large is
//! parted again by other bits of the hash; after [`LEVELS_MAX`] times one key has too many rows, and the refusal is the
//! query's error. A build side shared by all tasks is parted once; kinds that give unmatched build rows then wait until
//! every task has parted its probe side, and the last one joins for all.
//! Where the plan above relies on the order of the probe side, the result is sorted again.
//!
//! Not here: null-aware anti joins (one null anywhere decides), cross and nested-loop joins. Begin at [`spilling`].

mod given;
mod parts;
mod stream;
mod tap;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder, PartitionMode};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::stage::StepExec;
use parts::Place;
use stream::SpillingJoin;
use tap::Tap;

/// How often parts may be parted again.
const LEVELS_MAX: u32 = 3;

/// `plan`, able to spill if it is a hash join that can.
pub(crate) fn spilling(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    match plan.downcast_ref::<HashJoinExec>() {
        Some(join) if may_spill(join) => {
            // Rows of one task share their hash modulo the number of tasks, if an exchange spread them.
            let tasks = match join.partition_mode() {
                PartitionMode::Partitioned => join.left().output_partitioning().partition_count(),
                _ => 1,
            };
            spilling_at(join, Place { tasks, level: 1 })
        }
        _ => Ok(plan),
    }
}

fn may_spill(join: &HashJoinExec) -> bool {
    let known = matches!(join.partition_mode(), PartitionMode::Partitioned | PartitionMode::CollectLeft);
    let bounded = !join.left().boundedness().is_unbounded() && !join.right().boundedness().is_unbounded();
    // The result is put into one order again; several that hold at once could not all be kept.
    let orders = join.properties().eq_properties.oeq_class().len();
    known && bounded && !join.null_aware && orders <= 1
}

fn spilling_at(join: &HashJoinExec, place: Place) -> Result<Arc<dyn ExecutionPlan>> {
    let (build, probe) = (Tap::of(join.left()), Tap::of(join.right()));
    let children = vec![
        Arc::new(StepExec::passing(join.left().clone(), build.looking_on())) as _,
        Arc::new(StepExec::passing(join.right().clone(), probe.releasing(&build, join))) as _,
    ];
    let tapped = HashJoinExecBuilder::from(join).with_new_children(children)?.build()?;
    let step = SpillingJoin::new(&tapped, build, probe, place)?;
    Ok(Arc::new(StepExec::passing(Arc::new(tapped), step)))
}
