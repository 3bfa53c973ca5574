//! Under a memory limit queries go to disk and give the same rows; kept results give way and come back whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use common::{block_on, finish, lines, plan, rows, session, submit, table};
use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::collect;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use emberflow_actors::{KeepOptions, Kept, Runtime, RuntimeOptions};

const MIB: usize = 1 << 20;

fn limited(limit: usize) -> Arc<Runtime> {
    Runtime::start(RuntimeOptions { memory_limit: Some(limit), ..RuntimeOptions::with_cores(2) }).unwrap()
}

/// Joins with one build side for all tasks, or parted by key.
fn shared_builds(ctx: &SessionContext) -> SessionContext {
    let mut config: SessionConfig = ctx.copied_config();
    config.options_mut().optimizer.hash_join_single_partition_threshold = usize::MAX;
    config.options_mut().optimizer.hash_join_single_partition_threshold_rows = usize::MAX;
    SessionContext::new_with_config(config)
}

/// Rows that can be compared, in order where that counts.
fn comparable(batches: &[RecordBatch], ordered: bool) -> Vec<OwnedRow> {
    let Some(first) = batches.first() else { return Vec::new() };
    let fields = first.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields).unwrap();
    let of = |batch: &RecordBatch| {
        let rows = converter.convert_columns(batch.columns()).unwrap();
        rows.iter().map(|row| row.owned()).collect::<Vec<_>>()
    };
    let mut rows: Vec<OwnedRow> = batches.iter().flat_map(of).collect();
    if !ordered {
        rows.sort_unstable();
    }
    rows
}

/// The rows under a limit are those without, and something went to disk.
fn spills(ctx: &SessionContext, frame: &DataFrame, limit: usize, ordered: bool) {
    let wanted = block_on(collect(plan(frame.clone()), ctx.task_ctx())).unwrap();
    let runtime = limited(limit);
    let mut job = submit(&runtime, ctx, plan(frame.clone()));
    let got = finish(&mut job);
    let metrics = job.handle().metrics();
    let spilled = metrics.iter().flat_map(|operator| &operator.figures).filter(|figure| figure.name == "spilled_rows");
    assert!(spilled.map(|figure| figure.value).sum::<u64>() > 0, "nothing was spilled");
    assert_eq!(rows(&got), rows(&wanted));
    assert!(comparable(&got, ordered) == comparable(&wanted, ordered), "other rows");
    drop(job);
    common::quiet(&runtime);
    assert_eq!(runtime.memory().used, 0, "something was not given back");
}

fn sides(ctx: &SessionContext) -> (DataFrame, DataFrame) {
    let left = table(ctx, "l", 300_000, 150_000, 3);
    let right = table(ctx, "r", 200_000, 100_000, 2);
    let right =
        right.select(vec![(col("id") * lit(2)).alias("rid"), col("key").alias("rkey"), col("name").alias("rname")]).unwrap();
    (left, right)
}

#[test]
fn joins_of_every_kind_go_to_disk() {
    for shared in [false, true] {
        let ctx = if shared { shared_builds(&session(3)) } else { session(3) };
        let (left, right) = sides(&ctx);
        let kinds = [
            JoinType::Inner,
            JoinType::Left,
            JoinType::Right,
            JoinType::Full,
            JoinType::LeftSemi,
            JoinType::RightSemi,
            JoinType::LeftAnti,
            JoinType::RightAnti,
        ];
        for kind in kinds {
            println!("{kind} shared={shared}");
            let joined = left.clone().join(right.clone(), kind, &["id"], &["rid"], None).unwrap();
            spills(&ctx, &joined, 4 * MIB, false);
        }
        let condition = col("key").lt(col("rkey"));
        spills(&ctx, &left.join(right, JoinType::Left, &["id"], &["rid"], Some(condition)).unwrap(), 4 * MIB, false);
    }
}

#[test]
fn aggregates_and_sorts_go_to_disk() {
    let ctx = session(3);
    let many = table(&ctx, "t", 600_000, 300_000, 3);
    let grouped = many.clone().aggregate(vec![col("key")], vec![sum(col("id")), count(col("name"))]).unwrap();
    spills(&ctx, &grouped, 16 * MIB, false);
    spills(&ctx, &many.sort(vec![col("key").sort(true, true), col("id").sort(false, true)]).unwrap(), 24 * MIB, true);
}

#[test]
fn one_key_with_too_many_rows_is_an_error_that_names_the_setting() {
    let (runtime, ctx) = (limited(16 * MIB), session(2));
    let left = table(&ctx, "l", 2_000_000, 1, 2);
    let right = table(&ctx, "r", 2_000_000, 1, 2).select(vec![col("id").alias("rid"), col("key").alias("rkey")]).unwrap();
    let joined = left.join(right, JoinType::Inner, &["key"], &["rkey"], None).unwrap();
    let joined = joined.aggregate(vec![], vec![sum(col("id") + col("rid"))]).unwrap();
    let mut job = submit(&runtime, &ctx, plan(joined));
    let error = job.collect_blocking().unwrap_err().to_string();
    assert!(error.contains("emberflow.memory.limit") && error.contains("HashJoinInput"), "{error}");
    drop(job);
    let mut next = submit(&runtime, &ctx, plan(table(&ctx, "t", 1000, 10, 2)));
    assert_eq!(rows(&finish(&mut next)), 1000);
}

#[test]
fn heavy_jobs_at_once_all_finish() {
    let (runtime, ctx) = (limited(32 * MIB), session(2));
    let (left, right) = sides(&ctx);
    let frame = left.join(right, JoinType::Inner, &["id"], &["rid"], None).unwrap();
    let frame = frame.aggregate(vec![col("key")], vec![sum(col("rid"))]).unwrap();
    let mut jobs: Vec<_> = (0..8).map(|_| submit(&runtime, &ctx, plan(frame.clone()))).collect();
    let counts: Vec<usize> = jobs.iter_mut().map(|job| rows(&finish(job))).collect();
    assert!(counts.iter().all(|count| *count == counts[0] && *count > 0), "{counts:?}");
}

/// A plan that counts how often it ran.
fn counted(ctx: &SessionContext, rows: i64) -> (Arc<dyn ExecutionPlan>, Arc<AtomicUsize>) {
    use arrow::datatypes::DataType;
    use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = runs.clone();
    let body = move |arguments: &[ColumnarValue]| {
        counting.fetch_add(1, Ordering::SeqCst);
        Ok(arguments[0].clone())
    };
    let function = create_udf("counted", vec![DataType::Int64], DataType::Int64, Volatility::Volatile, Arc::new(body));
    let frame = table(ctx, "k", rows, 1000, 2).with_column("probed", function.call(vec![col("id")])).unwrap();
    (plan(frame), runs)
}

fn kept(runtime: &Arc<Runtime>, ctx: &SessionContext, plan: Arc<dyn ExecutionPlan>, memory: bool, disk: bool) -> Arc<Kept> {
    runtime.keep(plan, ctx.task_ctx(), KeepOptions { name: "kept".into(), memory, disk })
}

fn read(runtime: &Runtime, ctx: &SessionContext, kept: &Arc<Kept>) -> Vec<RecordBatch> {
    finish(&mut submit(runtime, ctx, kept.scan().unwrap()))
}

fn until(what: &str, fact: impl Fn() -> bool) {
    let begun = Instant::now();
    while !fact() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_kept_result_runs_once_and_keeps_partitions_and_order() {
    let (runtime, ctx) = (limited(256 * MIB), session(2));
    let (plan, runs) = counted(&ctx, 20_000);
    let wanted = lines(&block_on(collect(plan.clone(), ctx.task_ctx())).unwrap(), false);
    runs.store(0, Ordering::SeqCst);
    let kept = kept(&runtime, &ctx, plan, true, true);
    let first = read(&runtime, &ctx, &kept);
    let ran = runs.load(Ordering::SeqCst);
    let second = read(&runtime, &ctx, &kept);
    assert_eq!((lines(&first, false), lines(&second, true)), (wanted, lines(&first, true)));
    assert_eq!(runs.load(Ordering::SeqCst), ran);
    let figures = kept.figures();
    assert_eq!((figures.partitions, figures.complete, figures.rows), (2, 2, 20_000));
    assert!(figures.memory_bytes > 0 && runtime.memory().kept == figures.memory_bytes);
    drop(kept);
    until("memory is given back", || runtime.memory().kept == 0 && runtime.figures().is_empty());
}

#[test]
fn what_does_not_fit_lies_on_disk_and_gives_way_to_queries() {
    let (runtime, ctx) = (limited(32 * MIB), session(2));
    let (plan, _) = counted(&ctx, 400_000);
    let kept = kept(&runtime, &ctx, plan, true, true);
    assert_eq!(rows(&read(&runtime, &ctx, &kept)), 400_000);
    let filled = kept.figures();
    assert!(filled.memory_bytes > 4 * MIB, "{filled:?}");
    let sorted = table(&ctx, "t", 400_000, 1000, 2).sort(vec![col("key").sort(true, true)]).unwrap();
    assert_eq!(rows(&finish(&mut submit(&runtime, &ctx, common::plan(sorted)))), 400_000);
    assert!(kept.figures().disk_bytes > 0, "{:?}", kept.figures());
    assert_eq!(rows(&read(&runtime, &ctx, &kept)), 400_000);
}

#[test]
fn on_disk_alone_nothing_is_held() {
    let (runtime, ctx) = (limited(64 * MIB), session(2));
    let (plan, runs) = counted(&ctx, 50_000);
    let kept = kept(&runtime, &ctx, plan, false, true);
    assert_eq!(rows(&read(&runtime, &ctx, &kept)), 50_000);
    let ran = runs.load(Ordering::SeqCst);
    assert_eq!(rows(&read(&runtime, &ctx, &kept)), 50_000);
    assert_eq!((runs.load(Ordering::SeqCst), kept.figures().memory_bytes), (ran, 0));
    assert!(kept.figures().disk_bytes > 0);
}

#[test]
fn in_memory_alone_what_does_not_fit_is_computed_again_and_whole() {
    let (runtime, ctx) = (limited(16 * MIB), session(2));
    let (plan, runs) = counted(&ctx, 600_000);
    let kept = kept(&runtime, &ctx, plan, true, false);
    for _ in 0..2 {
        let before = runs.load(Ordering::SeqCst);
        assert_eq!(rows(&read(&runtime, &ctx, &kept)), 600_000);
        assert!(runs.load(Ordering::SeqCst) > before);
    }
    until("what did not fit is let go", || runtime.memory().kept == 0);
    let (plan, runs) = counted(&ctx, 20_000);
    let small = self::kept(&runtime, &ctx, plan, true, false);
    let first = rows(&read(&runtime, &ctx, &small));
    let ran = runs.load(Ordering::SeqCst);
    assert_eq!((first, rows(&read(&runtime, &ctx, &small)), runs.load(Ordering::SeqCst)), (20_000, 20_000, ran));
}

#[test]
fn a_fill_ends_with_its_last_cancelled_reader_and_begins_again() {
    let (runtime, ctx) = (limited(256 * MIB), session(2));
    let a = table(&ctx, "a", 20_000, 1, 2);
    let b = table(&ctx, "b", 20_000, 1, 2).select(vec![col("id").alias("bid"), col("key").alias("bkey")]).unwrap();
    let endless = a.join(b, JoinType::Inner, &["key"], &["bkey"], Some((col("id") + col("bid")).lt(lit(0)))).unwrap();
    let kept = kept(&runtime, &ctx, plan(endless), true, true);
    let job = submit(&runtime, &ctx, kept.scan().unwrap());
    until("it is being filled", || kept.figures().is_filling);
    job.cancel();
    drop(job);
    until("it is not filled any more", || !kept.figures().is_filling);
    let begun = Instant::now();
    while runtime.figures().iter().any(|actor| actor.kind != emberflow_actors::ActorKind::Kept) {
        assert!(begun.elapsed() < Duration::from_secs(5), "{:#?}", runtime.figures());
        std::thread::sleep(Duration::from_millis(2));
    }
    let job = submit(&runtime, &ctx, kept.scan().unwrap());
    until("it is filled again", || kept.figures().is_filling);
    drop(job);
}

#[test]
fn an_error_while_filling_reaches_every_reader_and_the_next_tries_again() {
    use arrow::datatypes::DataType;
    use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
    const ROUNDS: usize = 100;
    // Many rounds: who starts the next fill, and when, is a race.
    for _ in 0..ROUNDS {
        let (runtime, ctx) = (limited(256 * MIB), session(2));
        let calls = Arc::new(AtomicUsize::new(0));
        let counting = calls.clone();
        let body = move |arguments: &[ColumnarValue]| match counting.fetch_add(1, Ordering::SeqCst) {
            call if call < 3 => Err(datafusion::common::DataFusionError::Execution("not yet".into())),
            _ => Ok(arguments[0].clone()),
        };
        let function = create_udf("shy", vec![DataType::Int64], DataType::Int64, Volatility::Volatile, Arc::new(body));
        let frame = table(&ctx, "k", 5000, 10, 2).with_column("shy", function.call(vec![col("id")])).unwrap();
        let kept = kept(&runtime, &ctx, plan(frame), true, true);
        let mut errors = 0;
        loop {
            match submit(&runtime, &ctx, kept.scan().unwrap()).collect_blocking() {
                Ok(batches) => break assert_eq!(rows(&batches), 5000),
                Err(why) => assert!(why.to_string().contains("not yet"), "{why}"),
            }
            errors += 1;
            assert!(errors < 5);
        }
        assert!(errors > 0);
    }
}
