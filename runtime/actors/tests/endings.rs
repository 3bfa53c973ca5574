//! How jobs end: cancelled, failed, panicked, dropped, shut down. Nothing survives its job.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Array, BooleanArray};
use arrow::datatypes::DataType;
use common::{block_on, finish, plan, quiet, rows, runtime, session, submit, table};
use datafusion::common::{DataFusionError, JoinType, Result, ScalarValue};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use emberflow_actors::{Job, NextBatch, Runtime, RuntimeOptions};
use emberflow_base::Error;

/// The frame with a column computed by `body`, which sees each batch.
fn with_function(
    frame: DataFrame,
    body: impl Fn(&[ColumnarValue]) -> Result<ColumnarValue> + Send + Sync + 'static,
) -> DataFrame {
    let function = create_udf("probe", vec![DataType::Int64], DataType::Int64, Volatility::Volatile, Arc::new(body));
    frame.with_column("probed", function.call(vec![col("id")])).unwrap()
}

fn cross_join(ctx: &SessionContext, rows: i64) -> DataFrame {
    let a = table(ctx, "a", rows, 300, 2);
    let b = table(ctx, "b", rows, 300, 2).select(vec![col("id").alias("bid")]).unwrap();
    a.join(b, JoinType::Inner, &[], &[], None).unwrap()
}

fn error_of(job: &mut Job) -> Error {
    loop {
        match job.next_timeout(Duration::from_secs(20)) {
            Ok(NextBatch::Batch(_)) => {}
            Ok(other) => panic!("expected an error, got {other:?}"),
            Err(DataFusionError::External(error)) => return *error.downcast::<Error>().unwrap(),
            Err(other) => panic!("expected one of our errors, got {other:?}"),
        }
    }
}

fn still_works(runtime: &Runtime, ctx: &SessionContext) {
    let frame = table(ctx, "after", 3_000, 10, 3).aggregate(vec![col("key")], vec![count(col("id"))]).unwrap();
    assert_eq!(rows(&finish(&mut submit(runtime, ctx, plan(frame)))), 10);
}

/// Cancels a job that has run for a while; how long its actors lived on.
fn time_to_stop(runtime: &Runtime, ctx: &SessionContext, frame: DataFrame) -> Duration {
    let mut job = submit(runtime, ctx, plan(frame));
    assert!(matches!(job.next_timeout(Duration::from_millis(400)).unwrap(), NextBatch::Pending));
    job.cancel();
    let begun = Instant::now();
    assert_eq!(error_of(&mut job).condition(), "OPERATION_CANCELED");
    quiet(runtime);
    assert!(matches!(job.next_timeout(Duration::ZERO).unwrap(), NextBatch::Done));
    begun.elapsed()
}

/// Long before it would have ended; the best of a few attempts, since the machine may be busy with something else.
fn stops_soon(frame: impl Fn(&SessionContext) -> DataFrame) {
    let (runtime, ctx) = (runtime(), session(2));
    let best = (0..5).map(|_| time_to_stop(&runtime, &ctx, frame(&ctx))).find(|taken| *taken < Duration::from_secs(1));
    assert!(best.is_some(), "it never took less than a second");
    still_works(&runtime, &ctx);
}

#[test]
fn cancelling_a_cross_join_frees_the_cores_within_a_tenth_of_a_second() {
    stops_soon(|ctx| cross_join(ctx, 400_000).aggregate(vec![], vec![sum(col("id") + col("bid"))]).unwrap());
}

#[test]
fn cancelling_a_join_on_an_inequality() {
    stops_soon(|ctx| {
        let a = table(ctx, "a", 60_000, 60_000, 2);
        let b = table(ctx, "b", 60_000, 60_000, 2).select(vec![col("id").alias("bid"), col("key").alias("bkey")]).unwrap();
        let never = (col("key") + col("bkey")).lt(lit(0));
        a.join(b, JoinType::Inner, &[], &[], Some(never)).unwrap()
    });
}

#[test]
fn cancelling_a_join_of_one_key_whose_condition_never_holds() {
    stops_soon(|ctx| {
        let a = table(ctx, "a", 40_000, 1, 2);
        let b = table(ctx, "b", 40_000, 1, 2).select(vec![col("id").alias("bid"), col("key").alias("bkey")]).unwrap();
        let never = (col("id") + col("bid")).lt(lit(0));
        a.join(b, JoinType::Inner, &["key"], &["bkey"], Some(never)).unwrap()
    });
}

#[test]
fn cancelling_a_sort_of_many_rows() {
    stops_soon(|ctx| {
        let many = table(ctx, "s", 6_000_000, 6_000_000, 2);
        many.sort(vec![col("name").sort(true, true), col("id").sort(false, true)]).unwrap()
    });
}

#[test]
fn a_short_job_is_not_kept_waiting_by_a_long_one() {
    let (runtime, ctx) = (runtime(), session(2));
    let long = submit(&runtime, &ctx, plan(cross_join(&ctx, 400_000).aggregate(vec![], vec![count(lit(1))]).unwrap()));
    std::thread::sleep(Duration::from_millis(100));
    let took = (0..5).map(|_| {
        let begun = Instant::now();
        still_works(&runtime, &ctx);
        begun.elapsed()
    });
    let best = took.min().unwrap();
    assert!(best < Duration::from_millis(500), "the short job took {best:?}");
    assert!(!long.handle().is_done());
}

#[test]
fn a_dropped_result_stops_the_job() {
    let (runtime, ctx) = (runtime(), session(2));
    let job = submit(&runtime, &ctx, plan(cross_join(&ctx, 100_000)));
    let handle = job.handle();
    std::thread::sleep(Duration::from_millis(50));
    drop(job);
    quiet(&runtime);
    assert!(handle.is_done());
    still_works(&runtime, &ctx);
}

#[test]
fn a_panic_ends_the_job_with_the_name_of_its_task_and_nothing_else() {
    let (runtime, ctx) = (runtime(), session(2));
    let frame = with_function(table(&ctx, "t", 9_000, 10, 3), |_| panic!("the function fell over"));
    let mut job = submit(&runtime, &ctx, plan(frame.aggregate(vec![col("key")], vec![sum(col("probed"))]).unwrap()));
    let error = error_of(&mut job);
    assert_eq!(error.condition(), "INTERNAL_ERROR");
    assert!(error.to_string().contains("the function fell over") && error.to_string().contains("task"), "{error}");
    quiet(&runtime);
    still_works(&runtime, &ctx);
}

#[test]
fn an_error_ends_the_job_once() {
    let (runtime, ctx) = (runtime(), session(2));
    let frame = with_function(table(&ctx, "t", 9_000, 10, 3), |_| Err(DataFusionError::Execution("no such luck".into())));
    let mut job = submit(&runtime, &ctx, plan(frame.sort(vec![col("probed").sort(true, true)]).unwrap()));
    let error = loop {
        match job.next_timeout(Duration::from_secs(5)) {
            Err(error) => break error,
            Ok(NextBatch::Done) => panic!("no error came"),
            Ok(_) => {}
        }
    };
    assert!(error.to_string().contains("no such luck"), "{error}");
    assert!(matches!(job.next_timeout(Duration::ZERO).unwrap(), NextBatch::Done));
    assert!(job.handle().error_text().unwrap().contains("no such luck"));
    quiet(&runtime);
    still_works(&runtime, &ctx);
}

#[test]
fn a_satisfied_limit_stops_what_would_still_be_scanned() {
    let (runtime, ctx) = (runtime(), session(2));
    let frame = cross_join(&ctx, 100_000).limit(0, Some(10)).unwrap();
    assert_eq!(rows(&finish(&mut submit(&runtime, &ctx, plan(frame)))), 10);
    quiet(&runtime);
}

#[test]
fn shutting_down_ends_jobs_and_refuses_new_ones() {
    let (runtime, ctx) = (runtime(), session(2));
    let mut job = submit(&runtime, &ctx, plan(cross_join(&ctx, 100_000)));
    std::thread::sleep(Duration::from_millis(50));
    runtime.shutdown();
    assert_eq!(error_of(&mut job).condition(), "OPERATION_CANCELED");
    let refused = runtime.submit(plan(table(&ctx, "x", 10, 10, 1)), ctx.task_ctx(), Default::default());
    assert!(refused.is_err());
    runtime.shutdown();
}

#[test]
fn several_runtimes_live_side_by_side_and_inside_another_runtime() {
    let ctx = session(2);
    let runtimes: Vec<_> = (0..3).map(|_| Runtime::start(RuntimeOptions::with_cores(1)).unwrap()).collect();
    block_on(async {
        for runtime in &runtimes {
            let frame = table(&ctx, "t", 3_000, 10, 3).aggregate(vec![col("key")], vec![count(col("id"))]).unwrap();
            let planned = frame.create_physical_plan().await.unwrap();
            let mut job = runtime.submit(planned, ctx.task_ctx(), Default::default()).unwrap();
            let mut seen = 0;
            while let Some(batch) = job.next().await {
                seen += batch.unwrap().num_rows();
            }
            assert_eq!(seen, 10);
        }
    });
}

/// A frame that loses its core while it works, before any row has left; later runs find every row.
fn losing_its_core(runtime: &Arc<Runtime>, ctx: &SessionContext) -> DataFrame {
    let (lost, runtime) = (AtomicBool::new(false), Arc::downgrade(runtime));
    let body = move |arguments: &[ColumnarValue]| {
        if !lost.swap(true, Ordering::SeqCst) {
            runtime.upgrade().unwrap().lose_core(0);
            // Longer than a task may keep its arbiter, so that the arbiter gets to die.
            std::thread::sleep(Duration::from_millis(60));
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(false))));
        }
        let rows = arguments.iter().find_map(|argument| match argument {
            ColumnarValue::Array(array) => Some(array.len()),
            ColumnarValue::Scalar(_) => None,
        });
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(vec![true; rows.unwrap_or(1)]))))
    };
    let function = create_udf("lost", vec![DataType::Int64], DataType::Boolean, Volatility::Volatile, Arc::new(body));
    table(ctx, "t", 9_000, 10, 1).filter(function.call(vec![col("id")])).unwrap()
}

#[test]
fn a_task_that_vanishes_with_its_core_is_run_again_elsewhere() {
    let (runtime, ctx) = (runtime(), session(1));
    let mut job = submit(&runtime, &ctx, plan(losing_its_core(&runtime, &ctx)));
    assert_eq!(rows(&finish(&mut job)), 9_000);
    assert!(job.handle().figures().iter().any(|actor| actor.restarts == 1));
    still_works(&runtime, &ctx);
}

#[test]
fn a_vanished_task_that_cannot_be_replayed_ends_the_job() {
    let (runtime, ctx) = (runtime(), session(1));
    let frame = losing_its_core(&runtime, &ctx).aggregate(vec![col("key")], vec![count(col("id"))]).unwrap();
    let mut job = submit(&runtime, &ctx, plan(frame));
    let error = error_of(&mut job);
    assert!(error.condition() == "INTERNAL_ERROR" && error.to_string().contains("was lost"), "{error}");
    still_works(&runtime, &ctx);
}
