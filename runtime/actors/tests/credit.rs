//! Data moves only against credit: a slow reader stops the scan, an uneven one is served without a deadlock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use common::{batch, finish, lines, plan, quiet, rows, runtime, session, spread, table};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::JoinType;
use datafusion::execution::TaskContext;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::physical_expr::expressions::col as physical_col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use datafusion::prelude::{DataFrame, SessionContext, col};
use emberflow_actors::{ActorState, CreditLimits, JobOptions, NextBatch};

/// A partition that counts the batches it was asked for.
#[derive(Debug)]
struct Counted {
    schema: SchemaRef,
    batches: usize,
    asked: Arc<AtomicUsize>,
}

impl PartitionStream for Counted {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let asked = self.asked.clone();
        let made = (0..self.batches as i64).map(move |at| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(batch(at * 1000, 1000, 50))
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(made)))
    }
}

fn counted(ctx: &SessionContext, partitions: usize, batches: usize) -> (DataFrame, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let schema = batch(0, 1, 1).schema();
    let partition = || Arc::new(Counted { schema: schema.clone(), batches, asked: asked.clone() }) as Arc<dyn PartitionStream>;
    let table = StreamingTable::try_new(schema.clone(), (0..partitions).map(|_| partition()).collect()).unwrap();
    (ctx.read_table(Arc::new(table)).unwrap(), asked)
}

const TIGHT: CreditLimits = CreditLimits { lane_batches: 4, lane_bytes: 1 << 20, overrun_bytes: 4 << 20 };

fn tight() -> JobOptions {
    JobOptions { credit: TIGHT, result_credit: TIGHT, ..JobOptions::named("tight") }
}

/// Waits until the count no longer moves.
fn settled(asked: &AtomicUsize) -> usize {
    let mut last = usize::MAX;
    loop {
        let now = asked.load(Ordering::SeqCst);
        if now == last {
            return now;
        }
        last = now;
        std::thread::sleep(Duration::from_millis(150));
    }
}

fn stops_the_scan(planned: impl Fn(DataFrame) -> Arc<dyn ExecutionPlan>, batches_max: usize) {
    let (runtime, ctx) = (runtime(), session(3));
    let (scan, asked) = counted(&ctx, 3, 50_000);
    let mut job = runtime.submit(planned(scan), ctx.task_ctx(), tight()).unwrap();
    for taken in 0..20 {
        assert!(matches!(job.next_timeout(Duration::from_secs(20)).unwrap(), NextBatch::Batch(_)));
        if taken % 10 == 0 {
            let asked = settled(&asked);
            assert!(asked < batches_max + 2 * taken, "{asked} batches were read for a reader that took {taken}");
        }
    }
    assert!(job.handle().figures().iter().any(|actor| actor.state == ActorState::Waiting));
    drop(job);
    quiet(&runtime);
}

#[test]
fn a_slow_reader_stops_a_scan() {
    stops_the_scan(|scan| plan(scan.select(vec![col("id"), col("name")]).unwrap()), 3 * (4 + 2));
}

#[test]
fn a_slow_reader_stops_a_scan_behind_an_exchange() {
    stops_the_scan(|scan| spread(plan(scan), "key", 3), 120);
}

#[test]
fn a_slow_reader_stops_the_probe_side_of_a_join() {
    let small = |scan: DataFrame| {
        let ctx = session(3);
        let right = table(&ctx, "r", 60, 60, 2).select(vec![col("id").alias("rid")]).unwrap();
        plan(right.join(scan, JoinType::Inner, &["rid"], &["key"], None).unwrap())
    };
    stops_the_scan(small, 400);
}

#[test]
fn reading_one_partition_after_the_other_overruns_to_disk_and_loses_nothing() {
    let (runtime, ctx) = (runtime(), session(3));
    let (scan, _) = counted(&ctx, 3, 120);
    let spread = spread(plan(scan), "id", 5);
    let tiny = CreditLimits { lane_batches: 2, lane_bytes: 64 << 10, overrun_bytes: 100 << 10 };
    let options = JobOptions { credit: tiny, result_credit: tiny, ..JobOptions::named("uneven") };
    let mut job = runtime.submit(spread, ctx.task_ctx(), options).unwrap();
    let disk = ctx.runtime_env().disk_manager.clone();
    let mut spilled = 0;
    let mut seen: Vec<RecordBatch> = Vec::new();
    while let NextBatch::Batch(batch) = job.next_timeout(Duration::from_secs(30)).unwrap() {
        spilled = spilled.max(disk.used_disk_space());
        seen.push(batch);
    }
    assert_eq!(rows(&seen), 3 * 120 * 1000);
    assert!(spilled > 0, "nothing went to disk");
    let mut distinct = lines(&seen, false);
    distinct.dedup();
    assert_eq!(distinct.len(), 120 * 1000);
    quiet(&runtime);
    assert_eq!(disk.used_disk_space(), 0, "a file was left behind");
}

#[test]
fn a_merge_above_a_hash_exchange_with_one_empty_side() {
    let (runtime, ctx) = (runtime(), session(3));
    // Every row has one key, so all but one partition of the exchange stay empty while the merge waits for them.
    let spread = spread(plan(table(&ctx, "t", 60_000, 1, 3)), "key", 4);
    let order = LexOrdering::new([PhysicalSortExpr::new_default(physical_col("id", &spread.schema()).unwrap())]).unwrap();
    let sorted = Arc::new(SortExec::new(order.clone(), spread).with_preserve_partitioning(true));
    let merged = Arc::new(SortPreservingMergeExec::new(order, sorted));
    let mut job = runtime.submit(merged, ctx.task_ctx(), tight()).unwrap();
    let sorted = lines(&finish(&mut job), true);
    assert_eq!(sorted.len(), 60_000);
    assert!(sorted[59_999].starts_with("| 59999 |"));
    quiet(&runtime);
}

#[test]
fn progress_and_metrics_tell_what_was_done() {
    let (runtime, ctx) = (runtime(), session(3));
    let frame = table(&ctx, "t", 9_000, 30, 3).aggregate(vec![col("key")], vec![count(col("id"))]).unwrap();
    let mut job = runtime.submit(plan(frame), ctx.task_ctx(), JobOptions::named("told")).unwrap();
    let handle = job.handle();
    assert_eq!(rows(&finish(&mut job)), 30);
    quiet(&runtime);
    let progress = handle.progress();
    assert!(progress.done && handle.is_done() && handle.error_text().is_none());
    assert_eq!((progress.stages.len(), progress.completed_tasks()), (2, progress.tasks()));
    assert!(progress.stages.iter().all(|stage| stage.done));
    assert_eq!(progress.stages.iter().map(|stage| stage.input_rows).sum::<u64>(), 9_000);
    assert!(progress.stages[1].input_bytes >= 8 * 9_000 && progress.stages[1].label.contains("Aggregate"));

    let metrics = handle.metrics();
    assert_eq!((metrics[0].plan_id, metrics[0].parent), (0, None));
    assert!(metrics[1..].iter().all(|operator| operator.parent.unwrap() < operator.plan_id));
    let of = |name: &str| metrics.iter().filter(|operator| operator.name == name).map(rows_out).collect::<Vec<_>>();
    assert_eq!(of("AggregateExec"), [30, 90]);
    assert_eq!(of("RepartitionExec"), [90]);

    let figures = handle.figures();
    let names: Vec<&str> = figures.iter().map(|actor| actor.name.as_str()).collect();
    assert!(names.contains(&"driver of told") && names.iter().any(|name| name.starts_with("exchange 1 lane 0")), "{names:?}");
    assert!(figures.iter().all(|actor| actor.state == ActorState::Stopped && actor.mailbox == 0));
    assert!(figures.iter().any(|actor| actor.rows > 0 && !actor.busy.is_zero()));
}

fn rows_out(operator: &emberflow_actors::OperatorMetrics) -> u64 {
    operator.figures.iter().find(|figure| figure.name == "output_rows").map_or(0, |figure| figure.value)
}
