//! Verbs about rows: which, how many, in what order, in how many partitions; and verbs of two frames.
//!
//! Not here: columns (`verbs_columns`), figures (`verbs_statistics`).

use extendr_api::prelude::*;
use proto::join::JoinType;
use proto::relation::RelType;
use proto::set_operation::SetOpType;
use spark_connect_proto as proto;

use crate::column::{column, columns, orders};
use crate::failure::{Failure, Result, outcome};
use crate::frame::{frame, verb};
use crate::literal::literal;
use crate::r_api::{elements, flag, hold, number, text, texts, whole, whole32};

#[extendr]
fn frame_filter(input: Robj, condition: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::Filter(Box::new(proto::Filter { input, condition: Some(column(&condition)?) }))))
}

/// `global` FALSE sorts within partitions.
#[extendr]
fn frame_sort(input: Robj, by: Robj, global: Robj) -> Robj {
    verb(&input, |input| {
        let sort = proto::Sort { input, order: orders(&by)?, is_global: Some(flag(&global, "global")?) };
        Ok(RelType::Sort(Box::new(sort)))
    })
}

#[extendr]
fn frame_limit(input: Robj, rows: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::Limit(Box::new(proto::Limit { input, limit: whole32(&rows, "num")? }))))
}

#[extendr]
fn frame_tail(input: Robj, rows: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::Tail(Box::new(proto::Tail { input, limit: whole32(&rows, "num")? }))))
}

/// One row per key; no names means all columns.
#[extendr]
fn frame_deduplicate(input: Robj, names: Robj) -> Robj {
    verb(&input, |input| {
        let column_names = texts(&names, "columns")?;
        let all = column_names.is_empty();
        let deduplicate = proto::Deduplicate { input, column_names, all_columns_as_keys: Some(all), within_watermark: None };
        Ok(RelType::Deduplicate(Box::new(deduplicate)))
    })
}

/// Rows whose random number falls in `[lower, upper)`.
#[extendr]
fn frame_sample(input: Robj, lower: Robj, upper: Robj, replace: Robj, seed: Robj, ordered: Robj) -> Robj {
    verb(&input, |input| {
        Ok(RelType::Sample(Box::new(proto::Sample {
            input,
            lower_bound: number(&lower, "lower")?,
            upper_bound: number(&upper, "fraction")?,
            with_replacement: Some(flag(&replace, "withReplacement")?),
            seed: Some(whole(&seed, "seed")?),
            deterministic_order: flag(&ordered, "ordered")?,
        })))
    })
}

/// A fraction of the rows per value of a column.
#[extendr]
fn frame_sample_by(input: Robj, by: Robj, strata: Robj, fractions: Robj, seed: Robj) -> Robj {
    use proto::stat_sample_by::Fraction;
    verb(&input, |input| {
        let strata = elements(&strata, "fractions")?;
        let fractions = fractions.as_real_vector().unwrap_or_default();
        let fractions = strata
            .iter()
            .zip(fractions)
            .map(|(stratum, fraction)| Ok(Fraction { stratum: Some(literal(stratum)?), fraction }))
            .collect::<Result<_>>()?;
        let sample = proto::StatSampleBy { input, col: Some(column(&by)?), fractions, seed: Some(whole(&seed, "seed")?) };
        Ok(RelType::SampleBy(Box::new(sample)))
    })
}

/// `shuffle` FALSE only merges partitions.
#[extendr]
fn frame_repartition(input: Robj, partitions: Robj, shuffle: Robj) -> Robj {
    verb(&input, |input| {
        let num_partitions = whole32(&partitions, "numPartitions")?;
        let repartition = proto::Repartition { input, num_partitions, shuffle: Some(flag(&shuffle, "shuffle")?) };
        Ok(RelType::Repartition(Box::new(repartition)))
    })
}

/// Partitions by the hash of columns, or by range when `range` is TRUE. `partitions` may be NULL.
#[extendr]
fn frame_repartition_by(input: Robj, partitions: Robj, by: Robj, range: Robj) -> Robj {
    use proto::expression::ExprType;
    verb(&input, |input| {
        let num_partitions = if partitions.is_null() { None } else { Some(whole32(&partitions, "numPartitions")?) };
        let partition_exprs = if flag(&range, "range")? {
            let ordered = orders(&by)?.into_iter();
            ordered.map(|order| crate::column::expression(ExprType::SortOrder(Box::new(order)))).collect()
        } else {
            columns(&by)?
        };
        let repartition = proto::RepartitionByExpression { input, partition_exprs, num_partitions };
        Ok(RelType::RepartitionByExpression(Box::new(repartition)))
    })
}

/// Replaces NULLs: one value for `names` (all when none), or one value per name.
#[extendr]
fn frame_fill_na(input: Robj, names: Robj, values: Robj) -> Robj {
    verb(&input, |input| {
        let values = elements(&values, "value")?.iter().map(literal).collect::<Result<_>>()?;
        Ok(RelType::FillNa(Box::new(proto::NaFill { input, cols: texts(&names, "cols")?, values })))
    })
}

/// Rows with fewer than this many values that are not NULL go; NULL means all must be there.
#[extendr]
fn frame_drop_na(input: Robj, names: Robj, minimum: Robj) -> Robj {
    verb(&input, |input| {
        let min_non_nulls = if minimum.is_null() { None } else { Some(whole32(&minimum, "minNonNulls")?) };
        Ok(RelType::DropNa(Box::new(proto::NaDrop { input, cols: texts(&names, "cols")?, min_non_nulls })))
    })
}

/// Joins; `condition` may be NULL.
#[extendr]
fn frame_join(left: Robj, right: Robj, condition: Robj, kind: Robj) -> Robj {
    outcome(|| {
        let join_type = join_type(text(&kind, "joinType")?)?;
        let join_condition = if condition.is_null() { None } else { Some(column(&condition)?) };
        let joined = frame(&left)?.derive_with(frame(&right)?, |left, right| {
            let join = proto::Join { left, right, join_condition, join_type: join_type.into(), ..Default::default() };
            RelType::Join(Box::new(join))
        });
        Ok(hold(joined))
    })
}

fn join_type(kind: &str) -> Result<JoinType> {
    Ok(match kind.to_ascii_lowercase().replace('_', "").as_str() {
        "inner" => JoinType::Inner,
        "cross" => JoinType::Cross,
        "outer" | "full" | "fullouter" => JoinType::FullOuter,
        "left" | "leftouter" => JoinType::LeftOuter,
        "right" | "rightouter" => JoinType::RightOuter,
        "semi" | "leftsemi" => JoinType::LeftSemi,
        "anti" | "leftanti" => JoinType::LeftAnti,
        _ => return Err(Failure::usage(format!("`{kind}` is no join type"))),
    })
}

/// union, intersect or except.
#[extendr]
fn frame_set(left: Robj, right: Robj, operation: Robj, all: Robj, by_name: Robj, allow_missing: Robj) -> Robj {
    outcome(|| {
        let operation = match text(&operation, "operation")? {
            "union" => SetOpType::Union,
            "intersect" => SetOpType::Intersect,
            _ => SetOpType::Except,
        };
        let (all, by_name) = (flag(&all, "all")?, flag(&by_name, "by_name")?);
        let allow_missing = flag(&allow_missing, "allowMissingColumns")?;
        let combined = frame(&left)?.derive_with(frame(&right)?, |left_input, right_input| {
            RelType::SetOp(Box::new(proto::SetOperation {
                left_input,
                right_input,
                set_op_type: operation.into(),
                is_all: Some(all),
                by_name: Some(by_name),
                allow_missing_columns: Some(allow_missing),
            }))
        });
        Ok(hold(combined))
    })
}

extendr_module! {
    mod verbs_rows;
    fn frame_filter;
    fn frame_sort;
    fn frame_limit;
    fn frame_tail;
    fn frame_deduplicate;
    fn frame_sample;
    fn frame_sample_by;
    fn frame_repartition;
    fn frame_repartition_by;
    fn frame_fill_na;
    fn frame_drop_na;
    fn frame_join;
    fn frame_set;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_join_is_known() {
        for kind in ["outer", "full", "fullouter", "full_outer", "FULL"] {
            assert!(matches!(join_type(kind), Ok(JoinType::FullOuter)), "{kind}");
        }
        assert!(matches!(join_type("left_anti"), Ok(JoinType::LeftAnti)));
        assert!(join_type("sideways").is_err());
    }
}
