//! Values per group.
//!
//!     arguments ──► coercion ──► DataFusion's aggregate, or a `Fold` of ours ──► scalar expressions around it
//!
//! `avg` of decimals is a division around `sum` and `count`; odd ones (mode, percentiles) are scalar functions around
//! the list of a group's values. Not here: FILTER, ORDER BY, OVER (the analyzer adds them), grouping sets.
//! Begin at [`FUNCTIONS`].

mod basic;
mod by_value;
mod count_min;
mod fold;
mod frequent;
mod histogram;
mod java_random;
mod listed;
mod moments;
mod quantiles;
mod sketches;
mod sums;
mod top_k;

pub use frequent::frequent_items;
pub use quantiles::quantiles;
pub use sketches::FUNCTIONS as SKETCHES;

pub(crate) use basic::{is_orderable, list_of_group, not_orderable, skips_nulls};
pub(crate) use fold::{Fold, FoldAggregate};

use std::sync::Arc;

use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment};
use datafusion::logical_expr::{AggregateUDF, Expr};
use emberflow_base::Result;

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::registry::{Function, Kind};

const fn aggregate(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Aggregate(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Aggregate(build), display: Some(display) }
}

/// The aggregates.
pub static FUNCTIONS: &[Function] = &[
    aggregate("any", basic::any_true),
    shown("any_value", basic::any_value, |args| with_defaults("any_value", &args[..args.len().min(1)], 1, &[])),
    shown("approx_count_distinct", basic::approx_count_distinct, |args| {
        with_defaults("approx_count_distinct", &args[..args.len().min(1)], 1, &[])
    }),
    shown("approx_top_k", top_k::approx_top_k, |args| with_defaults("approx_top_k", args, 3, &["5", "10000"])),
    shown("approx_percentile", listed::percentile_approx, |args| with_defaults("approx_percentile", args, 3, &["10000"])),
    shown("array_agg", basic::collect_list, |args| with_defaults("collect_list", args, 1, &[])),
    aggregate("avg", sums::avg),
    aggregate("bit_and", basic::bit_and),
    aggregate("bit_or", basic::bit_or),
    aggregate("bit_xor", basic::bit_xor),
    aggregate("bool_and", basic::all_true),
    aggregate("bool_or", basic::any_true),
    aggregate("collect_list", basic::collect_list),
    aggregate("collect_set", basic::collect_set),
    aggregate("corr", moments::corr),
    aggregate("count", basic::count),
    shown("count_distinct", basic::count_distinct, |args| format!("count(DISTINCT {})", args.join(", "))),
    aggregate("count_if", basic::count_if),
    aggregate("count_min_sketch", count_min::count_min_sketch),
    aggregate("covar_pop", moments::covar_pop),
    aggregate("covar_samp", moments::covar_samp),
    aggregate("every", basic::all_true),
    shown("first", basic::first, |args| with_defaults("first", &args[..args.len().min(1)], 1, &[])),
    shown("first_value", basic::first, |args| with_defaults("first_value", &args[..args.len().min(1)], 1, &[])),
    aggregate("histogram_numeric", histogram::histogram_numeric),
    aggregate("kurtosis", moments::kurtosis),
    shown("last", basic::last, |args| with_defaults("last", &args[..args.len().min(1)], 1, &[])),
    shown("last_value", basic::last, |args| with_defaults("last_value", &args[..args.len().min(1)], 1, &[])),
    shown("listagg", listed::listagg, |args| with_defaults("listagg", args, 2, &["NULL"])),
    aggregate("max", basic::max),
    aggregate("max_by", by_value::max_by),
    aggregate("mean", sums::avg),
    aggregate("median", listed::median),
    aggregate("min", basic::min),
    aggregate("min_by", by_value::min_by),
    shown("mode", listed::mode, |args| with_defaults("mode", &args[..args.len().min(1)], 1, &[])),
    shown("percentile", listed::percentile, |args| with_defaults("percentile", args, 3, &["1"])),
    shown("percentile_approx", listed::percentile_approx, |args| with_defaults("percentile_approx", args, 3, &["10000"])),
    aggregate("percentile_cont", listed::percentile_cont),
    aggregate("percentile_disc", listed::percentile_disc),
    aggregate("product", moments::product),
    aggregate("regr_avgx", moments::regr_avgx),
    aggregate("regr_avgy", moments::regr_avgy),
    aggregate("regr_count", moments::regr_count),
    aggregate("regr_intercept", moments::regr_intercept),
    aggregate("regr_r2", moments::regr_r2),
    aggregate("regr_slope", moments::regr_slope),
    aggregate("regr_sxx", moments::regr_sxx),
    aggregate("regr_sxy", moments::regr_sxy),
    aggregate("regr_syy", moments::regr_syy),
    aggregate("skewness", moments::skewness),
    aggregate("some", basic::any_true),
    aggregate("std", moments::stddev_samp),
    aggregate("stddev", moments::stddev_samp),
    aggregate("stddev_pop", moments::stddev_pop),
    aggregate("stddev_samp", moments::stddev_samp),
    shown("string_agg", listed::listagg, |args| with_defaults("listagg", args, 2, &["NULL"])),
    aggregate("sum", sums::sum),
    shown("sum_distinct", sums::sum_distinct, |args| format!("sum(DISTINCT {})", args.join(", "))),
    aggregate("try_avg", sums::try_avg),
    aggregate("try_sum", sums::try_sum),
    aggregate("var_pop", moments::var_pop),
    aggregate("var_samp", moments::var_samp),
    aggregate("variance", moments::var_samp),
];

/// An aggregate call without filter and order.
fn aggregated(function: Arc<AggregateUDF>, arguments: Vec<Expr>, distinct: bool) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(function, arguments, distinct, None, vec![], None))
}

/// The same, skipping nulls.
fn aggregated_skipping_nulls(function: Arc<AggregateUDF>, arguments: Vec<Expr>, distinct: bool) -> Expr {
    let nulls = Some(NullTreatment::IgnoreNulls);
    Expr::AggregateFunction(AggregateFunction::new_udf(function, arguments, distinct, None, vec![], nulls))
}
