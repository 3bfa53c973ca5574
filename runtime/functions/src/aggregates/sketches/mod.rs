//! Sketches that travel as bytes in the format of Apache DataSketches, made, merged and asked.
//!
//!     rows ─► a sketch a group ─► bytes ─► (bytes of other groups merged in) ─► bytes, or what they say
//!
//! The sketches themselves are Apache's (crate `datasketches`). Not here: `count_min_sketch`, `approx_top_k` and
//! `histogram_numeric`, whose forms are Spark's own. Begin at [`sketched`]; a kind of sketch is a file.

mod hll;
mod kll;
mod theta;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder};
use arrow::datatypes::DataType as Arrow;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::fold::{Fold, FoldAggregate};
use crate::call::{Call, Typed};
use crate::registry::{Function, Kind};

const fn aggregate(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Aggregate(build), display: None }
}

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

macro_rules! with_default {
    ($kind:ident, $name:literal, $build:expr, $count:literal, $default:literal) => {
        Function {
            name: $name,
            kind: Kind::$kind($build),
            display: Some(|args| crate::arguments::with_defaults($name, args, $count, &[$default])),
        }
    };
}

/// The functions of sketches.
pub static FUNCTIONS: &[Function] = &[
    with_default!(Aggregate, "hll_sketch_agg", hll::sketch, 2, "12"),
    scalar("hll_sketch_estimate", hll::estimate),
    with_default!(Scalar, "hll_union", hll::union, 3, "false"),
    with_default!(Aggregate, "hll_union_agg", hll::union_all, 2, "false"),
    aggregate("kll_merge_agg_bigint", kll::merge_all::<i64>),
    aggregate("kll_merge_agg_double", kll::merge_all::<f64>),
    aggregate("kll_merge_agg_float", kll::merge_all::<f32>),
    aggregate("kll_sketch_agg_bigint", kll::sketch::<i64>),
    aggregate("kll_sketch_agg_double", kll::sketch::<f64>),
    aggregate("kll_sketch_agg_float", kll::sketch::<f32>),
    scalar("kll_sketch_get_n_bigint", kll::count::<i64>),
    scalar("kll_sketch_get_n_double", kll::count::<f64>),
    scalar("kll_sketch_get_n_float", kll::count::<f32>),
    scalar("kll_sketch_get_quantile_bigint", kll::quantile::<i64>),
    scalar("kll_sketch_get_quantile_double", kll::quantile::<f64>),
    scalar("kll_sketch_get_quantile_float", kll::quantile::<f32>),
    scalar("kll_sketch_get_rank_bigint", kll::rank::<i64>),
    scalar("kll_sketch_get_rank_double", kll::rank::<f64>),
    scalar("kll_sketch_get_rank_float", kll::rank::<f32>),
    scalar("kll_sketch_merge_bigint", kll::merge::<i64>),
    scalar("kll_sketch_merge_double", kll::merge::<f64>),
    scalar("kll_sketch_merge_float", kll::merge::<f32>),
    scalar("theta_difference", |call| theta::combined(call, theta::Combine::Difference)),
    scalar("theta_intersection", |call| theta::combined(call, theta::Combine::Intersection)),
    aggregate("theta_intersection_agg", theta::intersect_all),
    with_default!(Aggregate, "theta_sketch_agg", theta::sketch, 2, "12"),
    scalar("theta_sketch_estimate", theta::estimate),
    with_default!(Scalar, "theta_union", |call| theta::combined(call, theta::Combine::Union), 3, "12"),
    with_default!(Aggregate, "theta_union_agg", theta::union_all, 2, "12"),
];

/// The sketch of one group.
trait Sketch: Send + Sync + 'static {
    /// Takes in a value that is not null.
    fn take(&mut self, values: &[ArrayRef], row: usize) -> Result<()>;
    /// Takes in another sketch of its kind.
    fn merge(&mut self, bytes: &[u8]) -> Result<()>;
    fn to_bytes(&self) -> Result<Vec<u8>>;
    fn size(&self) -> usize;
}

/// An aggregate that answers the bytes of the sketch `make` begins with, after all values of `argument`.
fn sketched<S: Sketch>(
    call: &Call<'_>,
    argument: Typed,
    identity: String,
    make: impl Fn() -> S + Send + Sync + Clone + 'static,
) -> Typed {
    let function = FoldAggregate::new(call.name, identity, Arrow::Binary, vec![Arrow::Binary], move || {
        Box::new(Sketches { make: make.clone(), groups: Vec::new() })
    });
    Typed::new(function.call(vec![argument.expr], call.is_distinct), DataType::Binary, false)
}

struct Sketches<S, M> {
    make: M,
    groups: Vec<S>,
}

impl<S: Sketch, M: Fn() -> S + Send + Sync + 'static> Fold for Sketches<S, M> {
    fn grow(&mut self, groups: usize) {
        while self.groups.len() < groups {
            self.groups.push((self.make)());
        }
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        for row in 0..values[0].len() {
            if let Some(group) = group_of(row).filter(|_| values[0].is_valid(row) && values[0].data_type() != &Arrow::Null) {
                self.groups[group].take(values, row)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i32>();
        groups.iter().enumerate().try_for_each(|(row, group)| self.groups[*group].merge(states.value(row)))
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.finish(count)?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let mut made = BinaryBuilder::with_capacity(count, count * 64);
        for sketch in &self.groups[..count] {
            made.append_value(sketch.to_bytes()?);
        }
        Ok(Arc::new(made.finish()))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(Sketch::size).sum()
    }
}

/// A number of an argument that must be a constant between bounds.
fn constant_within(call: &Call<'_>, index: usize, default: i64) -> Result<i64> {
    if call.len() <= index {
        return Ok(default);
    }
    call.literal_long(index).ok_or_else(|| call.not_constant(index, "lgConfigK", &DataType::Int))
}

/// A sketch's own failure, which no valid sketch has.
fn failed(error: datasketches::error::Error) -> Error {
    Error::internal(format!("a sketch failed: {error}"))
}
