//! What actors cost: the same physical plans on our actors and on DataFusion's own scheduler, over TPC-H data.
//!
//!     cargo run -p emberflow-actors --example ratio -- [SCALE] [ROUNDS] [QUERY]
//!
//! Writes the tables as Parquet into a temporary folder, runs each query alternately on both, keeps the fastest round of
//! each, prints one line per query and the ratio of the totals. Not here: SQL and the comparison with other engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{avg, count, min, sum};
use datafusion::physical_plan::collect;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext, col, lit};
use emberflow_actors::{JobHandle, JobOptions, ResultOrder, Runtime, RuntimeOptions};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tpchgen::generators::{CustomerGenerator, LineItemGenerator, OrderGenerator, PartGenerator, SupplierGenerator};
use tpchgen_arrow::{CustomerArrow, LineItemArrow, OrderArrow, PartArrow, SupplierArrow};

fn main() {
    let argument = |at: usize, default: f64| std::env::args().nth(at).map_or(default, |text| text.parse().expect("a number"));
    let (scale, rounds) = (argument(1, 0.1), argument(2, 5.0) as usize);
    let folder = tempfile::tempdir().unwrap();
    write_tables(folder.path(), scale);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build().unwrap();
    let actors = Runtime::start(RuntimeOptions::with_cores(cores)).unwrap();
    let ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(cores));
    tokio.block_on(register(&ctx, folder.path()));

    let (mut total_actors, mut total_own) = (Duration::ZERO, Duration::ZERO);
    let only = std::env::args().nth(3).unwrap_or_default();
    for name in QUERIES.iter().filter(|name| name.contains(&only)) {
        let mut cpu = (0, 0);
        let mut best = (Duration::MAX, Duration::MAX);
        let mut rows = (0, 0);
        for round in 0..rounds * 2 {
            let plan = tokio.block_on(async { query(&ctx, name).await.create_physical_plan().await.unwrap() });
            let (began, cpu_began) = (Instant::now(), cpu_ticks());
            if round % 2 == 0 {
                let options = JobOptions { order: ResultOrder::AsReady, ..JobOptions::named(*name) };
                let mut job = actors.submit(plan, ctx.task_ctx(), options).unwrap();
                let batches = job.collect_blocking().unwrap();
                if round == 4 && std::env::var("SHOW_ACTORS").is_ok() {
                    show(&job.handle());
                }
                best.0 = best.0.min(began.elapsed());
                rows.0 = count_rows(&batches);
                cpu.0 += cpu_ticks() - cpu_began;
            } else {
                let task = ctx.task_ctx();
                let batches = tokio.block_on(async { tokio::spawn(collect(plan, task)).await.unwrap().unwrap() });
                best.1 = best.1.min(began.elapsed());
                rows.1 = count_rows(&batches);
                cpu.1 += cpu_ticks() - cpu_began;
            }
        }
        assert_eq!(rows.0, rows.1, "{name}");
        let cpu = cpu.0 as f64 / cpu.1.max(1) as f64;
        let wall = ratio(best.0, best.1);
        println!("{name:<22} actors {:>9.1?} own {:>9.1?} ratio {wall:.3} cpu {cpu:.3} rows {}", best.0, best.1, rows.0);
        total_actors += best.0;
        total_own += best.1;
    }
    println!("ratio datafusion={:.3}", ratio(total_actors, total_own));
}

/// Processor time of this process so far, in the kernel's ticks; what a loaded machine does not distort. 0 elsewhere.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// How long each task had its arbiter.
fn show(job: &JobHandle) {
    for actor in job.figures().iter().filter(|actor| !actor.busy.is_zero()) {
        println!("    {:<110} busy {:>9.1?} rows {}", actor.name, actor.busy, actor.rows);
    }
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

fn count_rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

fn write_tables(folder: &Path, scale: f64) {
    write(folder, "lineitem", LineItemArrow::new(LineItemGenerator::new(scale, 1, 1)));
    write(folder, "orders", OrderArrow::new(OrderGenerator::new(scale, 1, 1)));
    write(folder, "customer", CustomerArrow::new(CustomerGenerator::new(scale, 1, 1)));
    write(folder, "supplier", SupplierArrow::new(SupplierGenerator::new(scale, 1, 1)));
    write(folder, "part", PartArrow::new(PartGenerator::new(scale, 1, 1)));
}

fn write(folder: &Path, table: &str, mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>) {
    let first = batches.next().unwrap().unwrap();
    let file = File::create(folder.join(format!("{table}.parquet"))).unwrap();
    let row_groups = WriterProperties::builder().set_max_row_group_row_count(Some(100_000)).build();
    let mut writer = ArrowWriter::try_new(file, first.schema(), Some(row_groups)).unwrap();
    writer.write(&first).unwrap();
    batches.for_each(|batch| writer.write(&batch.unwrap()).unwrap());
    writer.close().unwrap();
}

async fn register(ctx: &SessionContext, folder: &Path) {
    for table in ["lineitem", "orders", "customer", "supplier", "part"] {
        let path = folder.join(format!("{table}.parquet"));
        ctx.register_parquet(table, path.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
    }
}

const QUERIES: &[&str] = &[
    "scan and filter",
    "group by few keys",
    "group by many keys",
    "join and group",
    "three joins",
    "join of many rows",
    "sort",
    "first rows of a sort",
    "distinct count",
];

async fn query(ctx: &SessionContext, name: &str) -> DataFrame {
    let lineitem = ctx.table("lineitem").await.unwrap();
    let orders = ctx.table("orders").await.unwrap();
    let customer = ctx.table("customer").await.unwrap();
    let supplier = ctx.table("supplier").await.unwrap();
    let part = ctx.table("part").await.unwrap();
    let price = || col("l_extendedprice") * (lit(1) - col("l_discount"));
    let frame = match name {
        "scan and filter" => {
            lineitem.filter(col("l_quantity").lt(lit(24))).and_then(|frame| frame.aggregate(vec![], vec![sum(price())]))
        }
        "group by few keys" => lineitem.aggregate(
            vec![col("l_returnflag"), col("l_linestatus")],
            vec![sum(col("l_quantity")), sum(price()), avg(col("l_discount")), count(lit(1))],
        ),
        "group by many keys" => lineitem.aggregate(vec![col("l_orderkey")], vec![sum(col("l_quantity")), min(col("l_shipdate"))]),
        "join and group" => lineitem
            .join(part, JoinType::Inner, &["l_partkey"], &["p_partkey"], None)
            .and_then(|frame| frame.aggregate(vec![col("p_brand")], vec![sum(price())])),
        "three joins" => lineitem
            .join(orders, JoinType::Inner, &["l_orderkey"], &["o_orderkey"], None)
            .and_then(|frame| frame.join(customer, JoinType::Inner, &["o_custkey"], &["c_custkey"], None))
            .and_then(|frame| frame.join(supplier, JoinType::Inner, &["l_suppkey"], &["s_suppkey"], None))
            .and_then(|frame| frame.filter(col("c_nationkey").eq(col("s_nationkey"))))
            .and_then(|frame| frame.aggregate(vec![col("c_nationkey")], vec![sum(price())])),
        "join of many rows" => lineitem
            .join(orders, JoinType::Inner, &["l_orderkey"], &["o_orderkey"], None)
            .and_then(|frame| frame.select(vec![col("l_orderkey"), col("l_extendedprice"), col("o_totalprice"), col("o_clerk")])),
        "sort" => orders
            .select(vec![col("o_orderkey"), col("o_totalprice"), col("o_comment")])
            .and_then(|frame| frame.sort(vec![col("o_totalprice").sort(true, true)])),
        "first rows of a sort" => lineitem
            .sort(vec![col("l_extendedprice").sort(false, true), col("l_orderkey").sort(true, true)])
            .and_then(|frame| frame.limit(0, Some(100))),
        _ => lineitem
            .select(vec![col("l_partkey"), col("l_suppkey")])
            .and_then(DataFrame::distinct)
            .and_then(|frame| frame.aggregate(vec![], vec![count(lit(1))])),
    };
    frame.unwrap()
}
