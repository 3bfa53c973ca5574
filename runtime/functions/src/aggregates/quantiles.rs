//! Quantiles within an error: the sketch of Greenwald and Khanna, kept and merged as Spark keeps it, so that
//! `approxQuantile` answers the same element.
//!
//!     values ─► head (up to 50,000, unsorted) ─► samples (value, g, delta), compressed ─► query
//!
//! `g` is how many values a sample stands for, `delta` how much its rank is in doubt.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as Arrow, Field, Float64Type, Int64Type};
use datafusion::logical_expr::Expr;
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::fold::{Fold, FoldAggregate};
use crate::kernel::from_arrow;
use crate::types::to_arrow;

/// An aggregate: the elements of `argument` (doubles; nulls and NaN do not count) at these shares of their number, each
/// within `error` of its rank; empty if there are none.
pub fn quantiles(argument: Expr, shares: Vec<f64>, error: f64) -> Expr {
    let returns = to_arrow(&DataType::array(DataType::Double, false));
    let state = vec![list_of(Arrow::Float64), list_of(Arrow::Int64), list_of(Arrow::Int64), Arrow::Int64];
    let identity = format!("{shares:?} {error}");
    let made = returns.clone();
    FoldAggregate::new("approx_quantile", identity, returns, state, move || {
        Box::new(Quantiles { shares: shares.clone(), error, returns: made.clone(), groups: Vec::new() })
    })
    .call(vec![argument], false)
}

fn list_of(kind: Arrow) -> Arrow {
    Arrow::List(Arc::new(Field::new_list_field(kind, true)))
}

const HEAD_MAX: usize = 50_000;
const SAMPLES_BEFORE_COMPRESSING: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    value: f64,
    g: i64,
    delta: i64,
}

#[derive(Debug, Clone, Default)]
struct Sketch {
    head: Vec<f64>,
    samples: Vec<Sample>,
    count: i64,
}

impl Sketch {
    fn insert(&mut self, value: f64, error: f64) {
        self.head.push(value);
        if self.head.len() >= HEAD_MAX {
            self.take_head_in(error);
            if self.samples.len() >= SAMPLES_BEFORE_COMPRESSING {
                self.compress(error);
            }
        }
    }

    fn take_head_in(&mut self, error: f64) {
        let mut head = std::mem::take(&mut self.head);
        head.sort_by(f64::total_cmp);
        let old = std::mem::take(&mut self.samples);
        let mut merged = Vec::with_capacity(old.len() + head.len());
        let mut next = 0;
        for (at, value) in head.iter().enumerate() {
            while next < old.len() && old[next].value <= *value {
                merged.push(old[next]);
                next += 1;
            }
            self.count += 1;
            let is_end = merged.is_empty() || (next == old.len() && at + 1 == head.len());
            let delta = if is_end { 0 } else { (2.0 * error * self.count as f64).floor() as i64 };
            merged.push(Sample { value: *value, g: 1, delta });
        }
        merged.extend(&old[next..]);
        self.samples = merged;
    }

    fn compress(&mut self, error: f64) {
        if !self.head.is_empty() {
            self.take_head_in(error);
        }
        self.samples = compressed(&self.samples, 2.0 * error * self.count as f64);
    }

    /// Both are compressed.
    fn merge(&mut self, other: Self, error: f64) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        let doubt = |sketch: &Self| (2.0 * error * sketch.count as f64).floor() as i64;
        let (own_doubt, other_doubt) = (doubt(&other), doubt(self));
        let (own, others) = (&self.samples, &other.samples);
        let mut merged = Vec::with_capacity(own.len() + others.len());
        let (mut at, mut other_at) = (0, 0);
        while at < own.len() && other_at < others.len() {
            let (sample, doubt) = if own[at].value < others[other_at].value {
                at += 1;
                (own[at - 1], if other_at > 0 { own_doubt } else { 0 })
            } else {
                other_at += 1;
                (others[other_at - 1], if at > 0 { other_doubt } else { 0 })
            };
            merged.push(Sample { delta: sample.delta + doubt, ..sample });
        }
        merged.extend(&own[at..]);
        merged.extend(&others[other_at..]);
        self.count += other.count;
        self.samples = compressed(&merged, 2.0 * error * self.count as f64);
    }

    fn query(&self, shares: &[f64], error: f64) -> Vec<f64> {
        let (Some(first), Some(last)) = (self.samples.first(), self.samples.last()) else { return Vec::new() };
        let widest = self.samples.iter().map(|sample| sample.delta + sample.g).max().unwrap_or(0);
        let allowed = widest as f64 / 2.0;
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|one, other| shares[*one].total_cmp(&shares[*other]));
        let mut answers = vec![0.0; shares.len()];
        let (mut at, mut rank_min) = (0, first.g);
        for position in order {
            let share = shares[position];
            answers[position] = if share <= error || self.samples.len() == 1 {
                first.value
            } else if share >= 1.0 - error {
                last.value
            } else {
                let rank = (share * self.count as f64).ceil();
                loop {
                    let sample = self.samples[at];
                    if at + 1 >= self.samples.len() {
                        rank_min = 0;
                        break sample.value;
                    }
                    let rank_max = (rank_min + sample.delta) as f64;
                    if rank_max - allowed <= rank && rank <= rank_min as f64 + allowed {
                        break sample.value;
                    }
                    at += 1;
                    rank_min += self.samples[at].g;
                }
            };
        }
        answers
    }
}

/// Neighbours become one sample while the ranks stay certain enough; the smallest and the greatest always stay.
fn compressed(samples: &[Sample], most: f64) -> Vec<Sample> {
    let Some(mut head) = samples.last().copied() else { return Vec::new() };
    let mut kept = Vec::new();
    for sample in samples[..samples.len() - 1].iter().skip(1).rev() {
        if ((sample.g + head.g + head.delta) as f64) < most {
            head.g += sample.g;
        } else {
            kept.push(head);
            head = *sample;
        }
    }
    kept.push(head);
    if samples.len() > 1 && samples[0].value <= head.value {
        kept.push(samples[0]);
    }
    kept.reverse();
    kept
}

struct Quantiles {
    shares: Vec<f64>,
    error: f64,
    returns: Arrow,
    groups: Vec<Sketch>,
}

impl Fold for Quantiles {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups.max(self.groups.len()), Sketch::default);
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let values = values[0].as_primitive::<Float64Type>();
        for (row, value) in values.iter().enumerate() {
            if let (Some(value), Some(group)) = (value.filter(|value| !value.is_nan()), group_of(row)) {
                self.groups[group].insert(value, self.error);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        for (row, group) in groups.iter().enumerate() {
            let list = |at: usize| states[at].as_list::<i32>().value(row);
            let (values, g, delta) = (list(0), list(1), list(2));
            let (values, g) = (values.as_primitive::<Float64Type>(), g.as_primitive::<Int64Type>());
            let delta = delta.as_primitive::<Int64Type>();
            let samples =
                (0..values.len()).map(|at| Sample { value: values.value(at), g: g.value(at), delta: delta.value(at) }).collect();
            let count = states[3].as_primitive::<Int64Type>().value(row);
            self.groups[*group].merge(Sketch { head: Vec::new(), samples, count }, self.error);
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let error = self.error;
        self.groups[..count].iter_mut().for_each(|sketch| sketch.compress(error));
        let sketches = &self.groups[..count];
        let samples = || sketches.iter().flat_map(|sketch| &sketch.samples);
        let offsets = || OffsetBuffer::from_lengths(sketches.iter().map(|sketch| sketch.samples.len()));
        let list = |kind: Arrow, values: ArrayRef| -> Result<ArrayRef> {
            let field = Arc::new(Field::new_list_field(kind, true));
            Ok(Arc::new(ListArray::try_new(field, offsets(), values, None).map_err(from_arrow)?))
        };
        let numbers = |of: fn(&Sample) -> i64| Arc::new(Int64Array::from_iter_values(samples().map(of))) as ArrayRef;
        Ok(vec![
            list(Arrow::Float64, Arc::new(Float64Array::from_iter_values(samples().map(|sample| sample.value))))?,
            list(Arrow::Int64, numbers(|sample| sample.g))?,
            list(Arrow::Int64, numbers(|sample| sample.delta))?,
            Arc::new(Int64Array::from_iter_values(sketches.iter().map(|sketch| sketch.count))),
        ])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let (shares, error) = (&self.shares, self.error);
        let answers: Vec<Vec<f64>> = self.groups[..count]
            .iter_mut()
            .map(|sketch| {
                sketch.compress(error);
                sketch.query(shares, error)
            })
            .collect();
        let Arrow::List(field) = &self.returns else {
            return Err(emberflow_base::Error::internal("quantiles are a list"));
        };
        let offsets = OffsetBuffer::from_lengths(answers.iter().map(Vec::len));
        let values = Float64Array::from_iter_values(answers.into_iter().flatten());
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(values), None).map_err(from_arrow)?))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        let of = |sketch: &Sketch| sketch.head.capacity() * 8 + sketch.samples.capacity() * size_of::<Sample>();
        self.groups.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(values: impl Iterator<Item = i32>, error: f64) -> Sketch {
        let mut sketch = Sketch::default();
        values.for_each(|value| sketch.insert(f64::from(value), error));
        sketch.compress(error);
        sketch
    }

    #[test]
    fn without_error_the_element_of_that_rank() {
        let sketch = sketch((1..=9).rev(), 0.0);
        assert_eq!(sketch.query(&[0.5, 0.0, 1.0, 0.25], 0.0), [5.0, 1.0, 9.0, 3.0]);
    }

    #[test]
    fn merged_sketches_stay_within_the_error() {
        let error = 0.01;
        let mut all = sketch((0..100_000).step_by(2), error);
        all.merge(sketch((1..100_000).step_by(2), error), error);
        for share in [0.1, 0.5, 0.9] {
            let rank = all.query(&[share], error)[0] / 100_000.0;
            assert!((rank - share).abs() <= error, "{share}: {rank}");
        }
        assert!(all.samples.len() < 1000, "{} samples", all.samples.len());
    }
}
