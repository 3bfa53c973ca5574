//! The road of one task through a join: try it whole; refused, go through the disk.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{JoinType, Result, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{LexOrdering, PhysicalExprRef};
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder, PartitionMode};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet, SpillMetrics};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::given::GivenExec;
use super::parts::{PARTS, Parter, Place};
use super::tap::{Rest, Tap};
use super::{LEVELS_MAX, spilling_at};
use crate::memory::{Spilled, is_refusal};
use crate::stage::{At, Step, guard};
use crate::task::TaskScope;

type Parts = Vec<Option<Spilled>>;

/// See the module.
#[derive(Debug)]
pub(super) struct SpillingJoin {
    /// The join without the taps, to be built anew over parts.
    template: Template,
    build: Arc<Tap>,
    probe: Arc<Tap>,
    place: Place,
    order: Option<LexOrdering>,
    shared: Arc<Shared>,
    metrics: ExecutionPlanMetricsSet,
}

#[derive(Debug, Clone)]
struct Template {
    join: Arc<HashJoinExec>,
    keys_left: Vec<PhysicalExprRef>,
    keys_right: Vec<PhysicalExprRef>,
}

/// What the tasks of a join with one build side for all have in common once it is spilled.
#[derive(Default)]
struct Shared {
    build: tokio::sync::Mutex<SharedBuild>,
    /// The probe sides that were parted already.
    probes: Mutex<Vec<Parts>>,
}

#[derive(Default)]
enum SharedBuild {
    #[default]
    Whole,
    Parting(Box<(Parter, Rest)>),
    Parted(Parts),
}

impl SpillingJoin {
    pub fn new(join: &HashJoinExec, build: Arc<Tap>, probe: Arc<Tap>, place: Place) -> Result<Self> {
        let (keys_left, keys_right) = join.on().iter().cloned().unzip();
        // Fresh state, or the template would keep the table of the join that is tried.
        let fresh = HashJoinExecBuilder::from(join).reset_state().build()?;
        let template = Template { join: Arc::new(fresh), keys_left, keys_right };
        Ok(Self {
            template,
            build,
            probe,
            place,
            order: join.properties().output_ordering().cloned(),
            shared: Arc::default(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl Step for SpillingJoin {
    fn name(&self) -> &'static str {
        "SpillingJoinExec"
    }

    fn run(&self, input: SendableRecordBatchStream, at: At<'_>) -> Result<SendableRecordBatchStream> {
        let work = Work {
            template: self.template.clone(),
            build: self.build.clone(),
            probe: self.probe.clone(),
            place: self.place,
            order: self.order.clone(),
            shared: self.shared.clone(),
            spilled: SpillMetrics::new(&self.metrics, at.partition),
            scope: TaskScope::of(at.context),
            context: at.context.clone(),
            partition: at.partition,
        };
        let schema = input.schema();
        Ok(Box::pin(JoinStream { schema, road: Road::Tried(input, Some(Box::new(work))) }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// What a task needs to go through the disk.
struct Work {
    template: Template,
    build: Arc<Tap>,
    probe: Arc<Tap>,
    place: Place,
    order: Option<LexOrdering>,
    shared: Arc<Shared>,
    spilled: SpillMetrics,
    scope: Option<Arc<TaskScope>>,
    context: Arc<TaskContext>,
    partition: usize,
}

impl Work {
    fn is_shared(&self) -> bool {
        *self.template.join.partition_mode() == PartitionMode::CollectLeft
    }

    fn build_partition(&self) -> usize {
        if self.is_shared() { 0 } else { self.partition }
    }

    /// The build side was refused, and neither side is spoiled.
    fn can_go_through_the_disk(&self) -> bool {
        !self.probe.began(self.partition) && !self.build.failed(self.build_partition())
    }

    fn through_the_disk(self) -> SendableRecordBatchStream {
        let schema = self.template.join.schema();
        let (order, context) = (self.order.clone(), self.context.clone());
        let (fetch, limited) = (self.template.join.fetch(), schema.clone());
        let joined = futures::stream::once(self.join_parts()).try_flatten();
        let joined: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), joined));
        let joined = match order {
            None => Ok(joined),
            Some(order) => SortExec::new(order, GivenExec::stream(joined)).execute(0, context),
        };
        match (joined, fetch) {
            (Ok(joined), None) => joined,
            (Ok(joined), Some(rows)) => at_most(rows, joined),
            (Err(why), _) => Box::pin(RecordBatchStreamAdapter::new(limited, futures::stream::iter([Err(why)]))),
        }
    }

    async fn join_parts(self) -> Result<SendableRecordBatchStream> {
        let build = if self.is_shared() { self.shared_build().await? } else { self.own_build().await? };
        let probe = self.part_probe().await?;
        let last_joins = self.is_shared() && gives_unmatched_build_rows(*self.template.join.join_type());
        let probes = if last_joins {
            let mut probes = self.shared.probes.lock();
            probes.push(probe);
            let everyone = self.template.join.right().output_partitioning().partition_count();
            if probes.len() == everyone { std::mem::take(&mut *probes) } else { return Ok(nothing(self.template.join.schema())) }
        } else {
            vec![probe]
        };
        Ok(self.pairs(build, probes))
    }

    async fn own_build(&self) -> Result<Parts> {
        let mut rest = self.build.take(self.partition).ok_or_else(gone)?;
        let mut parter = self.parter(&self.template.keys_left, self.template.join.left())?;
        parter.drain(&mut rest, self.scope.as_deref()).await?;
        parter.finish(&self.spilled)
    }

    /// Whoever comes first parts it; the next goes on where a task was stopped.
    async fn shared_build(&self) -> Result<Parts> {
        let mut build = self.shared.build.lock().await;
        if matches!(*build, SharedBuild::Whole) {
            let rest = self.build.take(0).ok_or_else(gone)?;
            let parter = self.parter(&self.template.keys_left, self.template.join.left())?;
            *build = SharedBuild::Parting(Box::new((parter, rest)));
        }
        if let SharedBuild::Parting(parting) = &mut *build {
            let (parter, rest) = &mut **parting;
            parter.drain(rest, self.scope.as_deref()).await?;
            if let SharedBuild::Parting(parting) = std::mem::take(&mut *build) {
                *build = SharedBuild::Parted(parting.0.finish(&self.spilled)?);
            }
        }
        match &*build {
            SharedBuild::Parted(parts) => Ok(parts.clone()),
            SharedBuild::Whole | SharedBuild::Parting(_) => Err(gone()),
        }
    }

    async fn part_probe(&self) -> Result<Parts> {
        let mut rest = self.probe.take(self.partition).ok_or_else(gone)?;
        let mut parter = self.parter(&self.template.keys_right, self.template.join.right())?;
        parter.drain(&mut rest, self.scope.as_deref()).await?;
        parter.finish(&self.spilled)
    }

    fn parter(&self, keys: &[PhysicalExprRef], side: &Arc<dyn ExecutionPlan>) -> Result<Parter> {
        Parter::new(keys.to_vec(), side.schema(), self.place, &self.context)
    }

    /// Joins part after part; the files of a part go when it is done.
    fn pairs(self, mut build: Parts, mut probes: Vec<Parts>) -> SendableRecordBatchStream {
        let schema = self.template.join.schema();
        let pairs = (0..PARTS).map(move |part| {
            let left: Vec<Spilled> = build[part].take().into_iter().collect();
            let right: Vec<Spilled> = probes.iter_mut().filter_map(|probe| probe[part].take()).collect();
            self.pair(left, right)
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(pairs).try_flatten()))
    }

    fn pair(&self, left: Vec<Spilled>, right: Vec<Spilled>) -> Result<SendableRecordBatchStream> {
        let join = &self.template.join;
        if left.is_empty() && right.is_empty() {
            return Ok(nothing(join.schema()));
        }
        let children = vec![
            guard(GivenExec::files(left, join.left().schema()), None),
            guard(GivenExec::files(right, join.right().schema()), None),
        ];
        let pair = HashJoinExecBuilder::from(join.as_ref())
            .with_partition_mode(PartitionMode::Partitioned)
            .with_new_children(children)?
            .reset_state()
            .recompute_properties()
            .build()?;
        let place = Place { level: self.place.level + 1, ..self.place };
        let plan = if place.level <= LEVELS_MAX { spilling_at(&pair, place)? } else { Arc::new(pair) as _ };
        plan.execute(0, self.context.clone())
    }
}

/// A task's rows, or at first the join that is tried.
struct JoinStream {
    schema: SchemaRef,
    road: Road,
}

enum Road {
    Tried(SendableRecordBatchStream, Option<Box<Work>>),
    ThroughTheDisk(SendableRecordBatchStream),
}

impl Stream for JoinStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let spilling = match &mut self.road {
                Road::ThroughTheDisk(rows) => return rows.poll_next_unpin(cx),
                Road::Tried(rows, work) => match rows.poll_next_unpin(cx) {
                    Poll::Ready(Some(Err(why)))
                        if is_refusal(&why) && work.as_ref().is_some_and(|work| work.can_go_through_the_disk()) =>
                    {
                        work.take()
                    }
                    other => return other,
                },
            };
            if let Some(work) = spilling {
                self.road = Road::ThroughTheDisk(work.through_the_disk());
            }
        }
    }
}

impl RecordBatchStream for JoinStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// Kinds whose build rows are given, or not, only after all probe rows were seen.
fn gives_unmatched_build_rows(join: JoinType) -> bool {
    matches!(join, JoinType::Left | JoinType::LeftAnti | JoinType::LeftSemi | JoinType::LeftMark | JoinType::Full)
}

fn gone() -> datafusion::common::DataFusionError {
    internal_datafusion_err!("the input of a join was read twice")
}

fn nothing(schema: SchemaRef) -> SendableRecordBatchStream {
    Box::pin(datafusion::physical_plan::EmptyRecordBatchStream::new(schema))
}

fn at_most(rows: usize, input: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let (schema, mut left) = (input.schema(), rows);
    let cut = input
        .map_ok(move |batch| {
            let batch = if batch.num_rows() > left { batch.slice(0, left) } else { batch };
            left -= batch.num_rows();
            (batch, left)
        })
        .scan(false, |ended, batch| {
            let over = std::mem::replace(ended, matches!(batch, Ok((_, 0))));
            std::future::ready((!over).then(|| batch.map(|(batch, _)| batch)))
        });
    Box::pin(RecordBatchStreamAdapter::new(schema, cut))
}
