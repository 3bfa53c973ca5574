//! Plans of every shape give the rows DataFusion's own scheduler gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{check, check_plan, plan, session, spread, table};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::JoinType;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, sum};
use datafusion::logical_expr::{LogicalPlanBuilder, scalar_subquery};
use datafusion::physical_expr::expressions::col as physical_col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};
use datafusion::prelude::{DataFrame, col, lit};

#[test]
fn a_scan_keeps_the_order_of_its_partitions() {
    let ctx = session(4);
    let frame = table(&ctx, "t", 20_000, 7, 4).filter(col("key").not_eq(lit(3))).unwrap();
    check(&ctx, &frame, true);
}

#[test]
fn aggregates_meet_by_key() {
    let ctx = session(4);
    let frame = table(&ctx, "t", 20_000, 501, 3);
    let frame = frame.aggregate(vec![col("key")], vec![sum(col("id")), count(col("name")), max(col("id"))]).unwrap();
    check(&ctx, &frame, false);
}

#[test]
fn a_sort_is_merged_in_order() {
    let ctx = session(4);
    let frame = table(&ctx, "t", 30_000, 100, 4).sort(vec![col("key").sort(true, true), col("id").sort(false, true)]).unwrap();
    check(&ctx, &frame, true);
}

#[test]
fn the_first_rows_of_a_sort() {
    let ctx = session(4);
    let frame = table(&ctx, "t", 30_000, 100, 4).sort(vec![col("name").sort(true, true), col("id").sort(true, true)]).unwrap();
    check(&ctx, &frame.limit(5, Some(25)).unwrap(), true);
}

#[test]
fn a_limit_takes_from_the_first_partition_first() {
    let ctx = session(4);
    let frame = table(&ctx, "t", 40_000, 100, 4).limit(0, Some(1500)).unwrap();
    let runtime = common::runtime();
    let mut job = common::submit(&runtime, &ctx, common::plan(frame));
    let ids = common::lines(&common::finish(&mut job), true);
    assert_eq!(ids.len(), 1500);
    assert!(ids[0].starts_with("| 0 |") && ids[1499].starts_with("| 1499 |"), "{} .. {}", ids[0], ids[1499]);
    common::quiet(&runtime);
}

#[test]
fn joins_of_all_kinds() {
    for kind in [JoinType::Inner, JoinType::Left, JoinType::Right, JoinType::Full, JoinType::LeftSemi, JoinType::LeftAnti] {
        let ctx = session(3);
        let left = table(&ctx, "l", 6_000, 900, 3);
        let right = table(&ctx, "r", 3_000, 1200, 2).select(vec![col("id").alias("rid"), col("key").alias("rkey")]).unwrap();
        let frame = left.join(right, kind, &["key"], &["rkey"], None).unwrap();
        check(&ctx, &frame, false);
    }
}

#[test]
fn a_join_with_its_small_side_built_once() {
    let ctx = datafusion::prelude::SessionContext::new_with_config(
        datafusion::prelude::SessionConfig::new().with_target_partitions(4).with_batch_size(512),
    );
    let left = table(&ctx, "l", 200, 50, 2);
    let right = table(&ctx, "r", 30_000, 70, 4).select(vec![col("id").alias("rid"), col("key").alias("rkey")]).unwrap();
    let frame = left.join(right, JoinType::Inner, &["key"], &["rkey"], None).unwrap();
    let frame = frame.aggregate(vec![col("name")], vec![count(col("rid"))]).unwrap();
    check(&ctx, &frame, false);
}

#[test]
fn a_join_after_a_join_sorted() {
    let ctx = session(4);
    let a = table(&ctx, "a", 4_000, 300, 4);
    let b = table(&ctx, "b", 2_000, 300, 2).select(vec![col("id").alias("bid"), col("key").alias("bkey")]).unwrap();
    let c = table(&ctx, "c", 900, 300, 3).select(vec![col("id").alias("cid"), col("key").alias("ckey")]).unwrap();
    let frame = a.join(b, JoinType::Inner, &["key"], &["bkey"], None).unwrap();
    let frame = frame.join(c, JoinType::Inner, &["bid"], &["cid"], None).unwrap();
    let frame = frame.sort(vec![col("id").sort(true, true), col("bid").sort(true, true)]).unwrap();
    check(&ctx, &frame, true);
}

#[test]
fn a_cross_join_counted() {
    let ctx = session(3);
    let a = table(&ctx, "a", 900, 300, 3);
    let b = table(&ctx, "b", 400, 300, 2).select(vec![col("id").alias("bid")]).unwrap();
    let frame = a.join(b, JoinType::Inner, &[], &[], None).unwrap();
    check(&ctx, &frame.aggregate(vec![], vec![count(lit(1)), sum(col("bid"))]).unwrap(), true);
}

#[test]
fn a_join_on_an_inequality() {
    let ctx = session(3);
    let a = table(&ctx, "a", 900, 300, 3);
    let b = table(&ctx, "b", 400, 30, 2).select(vec![col("id").alias("bid"), col("key").alias("bkey")]).unwrap();
    let frame = a.join(b, JoinType::Left, &[], &[], Some(col("key").lt(col("bkey")))).unwrap();
    check(&ctx, &frame, false);
}

#[test]
fn unions_and_distinct_rows() {
    let ctx = session(3);
    let a = table(&ctx, "a", 9_000, 300, 3);
    let b = table(&ctx, "b", 9_000, 300, 2).filter(col("id").gt(lit(4000))).unwrap();
    check(&ctx, &a.clone().union(b.clone()).unwrap(), true);
    check(&ctx, &a.union(b).unwrap().distinct().unwrap(), false);
}

#[test]
fn windows_over_keys() {
    use datafusion::functions_window::expr_fn::row_number;
    use datafusion::logical_expr::ExprFunctionExt;
    let ctx = session(3);
    let number = row_number().partition_by(vec![col("key")]).order_by(vec![col("id").sort(true, true)]).build().unwrap();
    let frame = table(&ctx, "t", 9_000, 300, 3).window(vec![number.alias("n")]).unwrap();
    check(&ctx, &frame, false);
}

#[test]
fn an_empty_table_is_an_empty_result() {
    let ctx = session(3);
    let frame = table(&ctx, "t", 3_000, 300, 3).filter(col("id").lt(lit(0))).unwrap();
    check(&ctx, &frame, true);
    check(&ctx, &frame.aggregate(vec![col("key")], vec![count(col("id"))]).unwrap(), true);
}

#[test]
fn repartitioned_by_key_and_in_turn() {
    let ctx = session(3);
    let frame = table(&ctx, "t", 9_000, 300, 3);
    check_plan(&ctx, || spread(plan(frame.clone()), "key", 5), false);
    let in_turn = || RepartitionExec::try_new(plan(frame.clone()), Partitioning::RoundRobinBatch(5)).unwrap();
    check_plan(&ctx, || Arc::new(in_turn()), false);
}

#[test]
fn a_sorted_exchange_keeps_its_order() {
    let ctx = session(3);
    let frame = table(&ctx, "t", 9_000, 300, 3);
    let sorted_exchange = || {
        let scan = plan(frame.clone());
        let order = LexOrdering::new([PhysicalSortExpr::new_default(physical_col("id", &scan.schema()).unwrap())]).unwrap();
        let sorted = Arc::new(SortExec::new(order.clone(), scan).with_preserve_partitioning(true));
        let key = physical_col("key", &sorted.schema()).unwrap();
        let spread = RepartitionExec::try_new(sorted, Partitioning::Hash(vec![key], 4)).unwrap().with_preserve_order();
        assert!(spread.preserve_order());
        Arc::new(SortPreservingMergeExec::new(order, Arc::new(spread))) as Arc<dyn ExecutionPlan>
    };
    check_plan(&ctx, sorted_exchange, true);
}

#[test]
fn an_analyzed_plan_runs_and_shows_all_its_operators() {
    let (ctx, runtime) = (session(3), common::runtime());
    let frame = table(&ctx, "t", 9_000, 300, 3).aggregate(vec![col("key")], vec![count(col("id"))]).unwrap();
    let mut job = common::submit(&runtime, &ctx, plan(frame.explain(false, true).unwrap()));
    let text = common::lines(&common::finish(&mut job), true).join("\n");
    for operator in ["AggregateExec", "RepartitionExec", "DataSourceExec", "output_rows=300"] {
        assert!(text.contains(operator), "{operator} is missing in\n{text}");
    }
}

#[test]
fn a_scalar_subquery_is_known_before_its_rows_are_read() {
    let ctx = session(3);
    let average = table(&ctx, "inner", 9_000, 300, 3).aggregate(vec![], vec![avg(col("key"))]).unwrap();
    let average = scalar_subquery(Arc::new(average.into_optimized_plan().unwrap()));
    let frame = table(&ctx, "t", 9_000, 300, 3).filter(col("key").gt(average)).unwrap();
    check(&ctx, &frame.clone().aggregate(vec![col("name")], vec![count(col("id"))]).unwrap(), false);
    check(&ctx, &frame.sort(vec![col("id").sort(true, true)]).unwrap(), true);
}

/// Numbers from 0, each made from the last: DataFusion runs the recursive term again for every step.
#[test]
fn a_recursive_query() {
    let ctx = session(3);
    let check = |rows: i64| {
        let first = table(&ctx, "first", 3, 1, 1).select(vec![col("id")]).unwrap().filter(col("id").eq(lit(0))).unwrap();
        let (state, first) = first.into_parts();
        let schema = Arc::new(first.schema().as_ref().clone());
        let work = Arc::new(CteWorkTable::new("numbers", Arc::new(schema.as_arrow().clone())));
        let again = LogicalPlanBuilder::scan("numbers", provider_as_source(work), None).unwrap();
        let again =
            again.filter(col("numbers.id").lt(lit(rows))).unwrap().project(vec![(col("numbers.id") + lit(1)).alias("id")]);
        let recursive =
            LogicalPlanBuilder::from(first).to_recursive_query("numbers".into(), again.unwrap().build().unwrap(), false);
        DataFrame::new(state, recursive.unwrap().build().unwrap())
    };
    common::check(&ctx, &check(40), false);
}
