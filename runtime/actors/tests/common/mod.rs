//! What the integration tests share: tables, plans, and the comparison with DataFusion's own scheduler.

#![allow(dead_code)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning, collect_partitioned};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use emberflow_actors::{Job, JobOptions, NextBatch, Runtime, RuntimeOptions};

pub fn runtime() -> Arc<Runtime> {
    Runtime::start(RuntimeOptions::with_cores(2)).unwrap()
}

pub fn session(partitions: usize) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(1024);
    // Small tables must be repartitioned too, or nothing here would be exchanged.
    config.options_mut().optimizer.hash_join_single_partition_threshold = 0;
    config.options_mut().optimizer.hash_join_single_partition_threshold_rows = 0;
    SessionContext::new_with_config(config)
}

/// `rows` rows in `partitions` partitions: `id` 0.., `key` = id % keys, `name`.
pub fn table(ctx: &SessionContext, name: &str, rows: i64, keys: i64, partitions: usize) -> DataFrame {
    let per_partition = rows / partitions as i64;
    let batches = (0..partitions as i64).map(|at| batches(at * per_partition, per_partition, keys)).collect::<Vec<_>>();
    let schema = batches[0][0].schema();
    let table = MemTable::try_new(schema, batches).unwrap();
    let _ = ctx.deregister_table(name).unwrap();
    ctx.register_table(name, Arc::new(table)).unwrap();
    futures::executor::block_on(ctx.table(name)).unwrap()
}

fn batches(first: i64, rows: i64, keys: i64) -> Vec<RecordBatch> {
    (first..first + rows).step_by(700).map(|at| batch(at, 700.min(first + rows - at), keys)).collect()
}

pub fn batch(first: i64, rows: i64, keys: i64) -> RecordBatch {
    let ids = first..first + rows;
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids.clone()));
    let key: ArrayRef = Arc::new(Int64Array::from_iter_values(ids.clone().map(|id| id % keys)));
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(ids.map(|id| format!("name {}", id % 97))));
    RecordBatch::try_from_iter([("id", id), ("key", key), ("name", name)]).unwrap()
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

pub fn plan(frame: DataFrame) -> Arc<dyn ExecutionPlan> {
    block_on(frame.create_physical_plan()).unwrap()
}

/// An exchange by the hash of a column; a plan's own is optimised away where nothing needs it.
pub fn spread(plan: Arc<dyn ExecutionPlan>, column: &str, partitions: usize) -> Arc<dyn ExecutionPlan> {
    let key = datafusion::physical_expr::expressions::col(column, &plan.schema()).unwrap();
    Arc::new(RepartitionExec::try_new(plan, Partitioning::Hash(vec![key], partitions)).unwrap())
}

pub fn submit(runtime: &Runtime, ctx: &SessionContext, plan: Arc<dyn ExecutionPlan>) -> Job {
    runtime.submit(plan, ctx.task_ctx(), JobOptions::named("test")).unwrap()
}

/// Runs the frame on our actors and on DataFusion's scheduler and compares the rows, in order when `ordered`.
pub fn check(ctx: &SessionContext, frame: &DataFrame, ordered: bool) {
    check_plan(ctx, || plan(frame.clone()), ordered);
}

/// The same for a plan made twice.
pub fn check_plan(ctx: &SessionContext, plan: impl Fn() -> Arc<dyn ExecutionPlan>, ordered: bool) {
    let runtime = runtime();
    let expected = block_on(collect_partitioned(plan(), ctx.task_ctx())).unwrap().concat();
    let expected = lines(&expected, ordered);
    let mut job = submit(&runtime, ctx, plan());
    let got = lines(&finish(&mut job), ordered);
    assert_eq!(got.len(), expected.len(), "number of rows");
    if let Some(at) = (0..got.len()).find(|at| got[*at] != expected[*at]) {
        panic!("row {at} is {} instead of {}", got[at], expected[at]);
    }
    quiet(&runtime);
}

/// All batches of a job, with patience of a minute.
pub fn finish(job: &mut Job) -> Vec<RecordBatch> {
    let begun = Instant::now();
    let mut batches = Vec::new();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(60), "stuck: {:#?}", job.handle().figures());
        match job.next_timeout(Duration::from_millis(500)).unwrap() {
            NextBatch::Batch(batch) => batches.push(batch),
            NextBatch::Pending => {}
            NextBatch::Done => return batches,
        }
    }
}

pub fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

pub fn lines(batches: &[RecordBatch], ordered: bool) -> Vec<String> {
    let filled: Vec<RecordBatch> = batches.iter().filter(|batch| batch.num_rows() > 0).cloned().collect();
    let text = pretty_format_batches(&filled).unwrap().to_string();
    let mut lines: Vec<String> = text.lines().filter(|line| line.starts_with('|')).skip(1).map(squeeze).collect();
    if !ordered {
        lines.sort_unstable();
    }
    lines
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Waits until no actor lives.
pub fn quiet(runtime: &Runtime) -> Duration {
    let begun = Instant::now();
    while !runtime.figures().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "still alive: {:#?}", runtime.figures());
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}
