//! Exchanges: how the output of one stage's tasks becomes the input of another's.
//!
//! ```text
//! task 0 ─┐ split, credit   ┌─► partition actor 0 ─► reader 0
//! task 1 ─┼────────────────►┤
//! task 2 ─┘                 └─► partition actor 1 ─► reader 1
//! ```
//!
//! An exchange has *lanes*, each owned by one partition actor; its [`Shape`] says which producer fills and which reader
//! empties which lane. Batches are moved, never copied; a batch leaves a task only against credit (`credit`).
//!
//! Not here: which stage begins when (`driver`). Begin at [`Shape`].

mod credit;
mod handler;
mod lane;
mod ledger;
mod mark;
mod message;
mod outlet;
mod reader;
mod router;
mod size;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix::Addr;
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::Partitioning;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;

pub use credit::{CreditCore, CreditLimits, Permit};
pub(crate) use handler::{LaneOptions, PartitionActor};
#[cfg(test)]
pub(crate) use lane::{LaneCore, Parcel, Taken};
pub(crate) use ledger::Ledger;
pub(crate) use mark::{Mark, Watermarks};
pub(crate) use message::Close;
pub(crate) use outlet::{Flow, Outlet};
pub(crate) use reader::LaneReader;
pub(crate) use router::{Router, SpreadOptions};
pub(crate) use size::batch_bytes;

use crate::driver::DriverActor;
use crate::driver::message::Wanted;

/// Who fills and who empties which lane.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Everything into one lane, in the order it comes.
    Gather,
    /// One lane per producer, read one after the other.
    GatherInOrder,
    /// One lane per producer, read apart: below a merge, and for a job's result.
    Keep,
    /// One lane per reader, filled by all producers.
    Spread(Routing),
    /// One lane per producer and reader; each reader merges its lanes.
    SpreadSorted(Partitioning, LexOrdering),
}

/// Which lane a row goes to.
#[derive(Debug, Clone)]
pub(crate) enum Routing {
    /// As the planner's own repartition would deal it.
    Planned(Partitioning),
    /// Where its number in a column says; the column goes no further.
    Numbered { column: usize, lanes: usize },
}

impl Routing {
    pub fn partition_count(&self) -> usize {
        match self {
            Self::Planned(to) => to.partition_count(),
            Self::Numbered { lanes, .. } => *lanes,
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned(to) => to.fmt(f),
            Self::Numbered { column, lanes } => write!(f, "Numbered(@{column}, {lanes})"),
        }
    }
}

/// One exchange, as planned; its actors come with [`Wiring`].
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Also the id of the stage that fills it.
    pub id: usize,
    /// The stage that reads it; the result's own for the result.
    pub read_by: usize,
    pub shape: Shape,
    pub producers: usize,
    pub schema: SchemaRef,
    /// The producing stage begins when a reader is made, not only when one is first polled.
    pub eager: bool,
    /// Rows out, time spent splitting; shown where the planner's own exchange stood.
    pub metrics: ExecutionPlanMetricsSet,
    pub wiring: OnceLock<Wiring>,
}

/// An exchange's running parts.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub lanes: Vec<Addr<PartitionActor>>,
    pub ledger: Arc<Ledger>,
    pub gauges: Vec<Arc<crate::figures::Gauge>>,
    pub driver: Addr<DriverActor>,
    wanted: AtomicBool,
}

impl Shape {
    /// The gate of each lane of an exchange with `producers`.
    pub fn gates(&self, producers: usize) -> Vec<usize> {
        match self {
            Self::Gather => vec![0],
            Self::GatherInOrder | Self::Keep => (0..producers).collect(),
            Self::Spread(to) => vec![0; to.partition_count()],
            Self::SpreadSorted(to, _) => (0..producers).flat_map(|producer| vec![producer; to.partition_count()]).collect(),
        }
    }

    /// How many producers fill each lane.
    pub fn producers_per_lane(&self, producers: usize) -> usize {
        match self {
            Self::Gather | Self::Spread(_) => producers,
            Self::GatherInOrder | Self::Keep | Self::SpreadSorted(..) => 1,
        }
    }

    /// The lanes reader `partition` empties.
    pub fn lanes_of_reader(&self, partition: usize, producers: usize) -> Vec<usize> {
        match self {
            Self::Gather | Self::Keep | Self::Spread(_) => vec![partition],
            Self::GatherInOrder => (0..producers).collect(),
            Self::SpreadSorted(to, _) => (0..producers).map(|producer| producer * to.partition_count() + partition).collect(),
        }
    }

    /// The first lane producer `partition` fills; those of a spread follow it.
    pub fn first_lane_of_producer(&self, partition: usize) -> usize {
        match self {
            Self::Gather | Self::Spread(_) => 0,
            Self::GatherInOrder | Self::Keep => partition,
            Self::SpreadSorted(to, _) => partition * to.partition_count(),
        }
    }

    /// The reader partition a lane belongs to, for placement near its reader.
    pub fn reader_of_lane(&self, lane: usize) -> usize {
        match self {
            Self::Gather | Self::GatherInOrder => 0,
            Self::Keep | Self::Spread(_) => lane,
            Self::SpreadSorted(to, _) => lane % to.partition_count(),
        }
    }

    /// Lanes that are ended by each producer: all it fills.
    pub fn lanes_of_producer(&self, partition: usize) -> std::ops::Range<usize> {
        let first = self.first_lane_of_producer(partition);
        match self {
            Self::Gather | Self::GatherInOrder | Self::Keep => first..first + 1,
            Self::Spread(to) => first..first + to.partition_count(),
            Self::SpreadSorted(to, _) => first..first + to.partition_count(),
        }
    }
}

impl Wiring {
    pub fn new(
        lanes: Vec<Addr<PartitionActor>>,
        ledger: Arc<Ledger>,
        gauges: Vec<Arc<crate::figures::Gauge>>,
        driver: Addr<DriverActor>,
    ) -> Self {
        Self { lanes, ledger, gauges, driver, wanted: AtomicBool::new(false) }
    }

    /// Says, once, that somebody reads.
    pub fn want(&self, stage: usize) {
        if !self.wanted.swap(true, Ordering::AcqRel) {
            self.driver.do_send(Wanted { stage });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Shape> {
        let to = Partitioning::RoundRobinBatch(3);
        let by = LexOrdering::new([datafusion::physical_expr::PhysicalSortExpr::new_default(Arc::new(
            datafusion::physical_expr::expressions::Column::new("a", 0),
        ))]);
        vec![
            Shape::Gather,
            Shape::GatherInOrder,
            Shape::Keep,
            Shape::Spread(Routing::Planned(to.clone())),
            Shape::Spread(Routing::Numbered { column: 0, lanes: 3 }),
            Shape::SpreadSorted(to, by.unwrap()),
        ]
    }

    #[test]
    fn every_lane_has_its_producers_and_exactly_one_reader() {
        for shape in shapes() {
            let producers = 2;
            let lanes = shape.gates(producers).len();
            let readers = match &shape {
                Shape::Gather | Shape::GatherInOrder => 1,
                Shape::Keep => producers,
                Shape::Spread(to) => to.partition_count(),
                Shape::SpreadSorted(to, _) => to.partition_count(),
            };
            let mut filled = vec![0; lanes];
            (0..producers).flat_map(|producer| shape.lanes_of_producer(producer)).for_each(|lane| filled[lane] += 1);
            assert_eq!(filled, vec![shape.producers_per_lane(producers); lanes], "{shape:?}");
            let mut read: Vec<usize> = (0..readers).flat_map(|reader| shape.lanes_of_reader(reader, producers)).collect();
            read.sort_unstable();
            assert_eq!(read, (0..lanes).collect::<Vec<_>>(), "{shape:?}");
            for reader in 0..readers {
                let near = |lane: usize| shape.reader_of_lane(lane) == reader;
                assert!(shape.lanes_of_reader(reader, producers).into_iter().all(near), "{shape:?}");
            }
        }
    }
}
