//! Statistics of one or two columns of doubles: variance and its kin, correlation, regression, product.
//!
//! Each is a small row of running doubles per group (Welford's updates, merged pairwise as Spark does), and a closing
//! formula. Rows where any argument is null do not count.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Float64Builder, PrimitiveArray};
use arrow::datatypes::{DataType as Arrow, Float64Type};
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::fold::{Fold, FoldAggregate};
use crate::call::{Call, Typed};
use crate::types::to_arrow;

/// How one statistic is kept: `WIDTH` doubles a group, all starting at `start`.
#[derive(Clone, Copy)]
struct Recipe {
    name: &'static str,
    arguments: usize,
    start: &'static [f64],
    update: fn(&mut [f64], f64, f64),
    merge: fn(&mut [f64], &[f64]),
    finish: fn(&[f64]) -> Option<f64>,
}

const MOMENTS: Recipe =
    Recipe { name: "", arguments: 1, start: &[0.0; 5], update: update_moments, merge: merge_moments, finish: |_| None };
const PAIRS: Recipe =
    Recipe { name: "", arguments: 2, start: &[0.0; 6], update: update_pairs, merge: merge_pairs, finish: |_| None };

macro_rules! statistic {
    ($(#[$doc:meta])* $name:ident, $text:literal, $base:expr, $finish:expr) => {
        $(#[$doc])*
        pub fn $name(call: Call<'_>) -> Result<Typed> {
            build(call, Recipe { name: $text, finish: $finish, ..$base })
        }
    };
}

// A group's moments are [n, mean, m2, m3, m4].
statistic!(/// `var_pop(x)`
    var_pop, "var_pop", MOMENTS, |s| (s[0] > 0.0).then(|| s[2] / s[0]));
statistic!(/// `var_samp(x)`, null for a single row
    var_samp, "var_samp", MOMENTS, |s| (s[0] > 1.0).then(|| s[2] / (s[0] - 1.0)));
statistic!(/// `stddev_pop(x)`
    stddev_pop, "stddev_pop", MOMENTS, |s| (s[0] > 0.0).then(|| (s[2] / s[0]).sqrt()));
statistic!(/// `stddev_samp(x)`, null for a single row
    stddev_samp, "stddev_samp", MOMENTS, |s| (s[0] > 1.0).then(|| (s[2] / (s[0] - 1.0)).sqrt()));
statistic!(/// `skewness(x)`, null when all values are equal
    skewness, "skewness", MOMENTS, |s| (s[0] > 0.0 && s[2] != 0.0).then(|| s[0].sqrt() * s[3] / (s[2] * s[2] * s[2]).sqrt()));
statistic!(/// `kurtosis(x)`, null when all values are equal
    kurtosis, "kurtosis", MOMENTS, |s| (s[0] > 0.0 && s[2] != 0.0).then(|| s[0] * s[4] / (s[2] * s[2]) - 3.0));

// A group's pairs are [n, mean x, mean y, co-moment, m2 of x, m2 of y].
statistic!(/// `covar_pop(x, y)`
    covar_pop, "covar_pop", PAIRS, |s| (s[0] > 0.0).then(|| s[3] / s[0]));
statistic!(/// `covar_samp(x, y)`, null for a single row
    covar_samp, "covar_samp", PAIRS, |s| (s[0] > 1.0).then(|| s[3] / (s[0] - 1.0)));
statistic!(/// `corr(x, y)`, null for a single row
    corr, "corr", PAIRS, |s| (s[0] > 1.0).then(|| s[3] / (s[4] * s[5]).sqrt()));

// Regression takes the dependent variable first: x here is Spark's y.
statistic!(/// `regr_avgx(y, x)`
    regr_avgx, "regr_avgx", PAIRS, |s| (s[0] > 0.0).then(|| s[2]));
statistic!(/// `regr_avgy(y, x)`
    regr_avgy, "regr_avgy", PAIRS, |s| (s[0] > 0.0).then(|| s[1]));
statistic!(/// `regr_sxx(y, x)`
    regr_sxx, "regr_sxx", PAIRS, |s| (s[0] > 0.0).then(|| s[5]));
statistic!(/// `regr_syy(y, x)`
    regr_syy, "regr_syy", PAIRS, |s| (s[0] > 0.0).then(|| s[4]));
statistic!(/// `regr_sxy(y, x)`
    regr_sxy, "regr_sxy", PAIRS, |s| (s[0] > 0.0).then(|| s[3]));
statistic!(/// `regr_slope(y, x)`
    regr_slope, "regr_slope", PAIRS, |s| (s[0] > 1.0 && s[5] != 0.0).then(|| s[3] / s[5]));
statistic!(/// `regr_intercept(y, x)`
    regr_intercept, "regr_intercept", PAIRS, |s| (s[0] > 1.0 && s[5] != 0.0).then(|| s[1] - s[3] / s[5] * s[2]));
statistic!(/// `regr_r2(y, x)`
regr_r2, "regr_r2", PAIRS, |s| match (s[0] > 0.0 && s[5] != 0.0, s[4] == 0.0) {
    (false, _) => None,
    (true, true) => Some(1.0),
    (true, false) => Some(s[3] * s[3] / (s[4] * s[5])),
});

/// `regr_count(y, x)`: the rows where both are there.
pub fn regr_count(call: Call<'_>) -> Result<Typed> {
    super::basic::count(Call { is_distinct: false, ..call })
}

/// `product(x)`
pub fn product(call: Call<'_>) -> Result<Typed> {
    build(
        call,
        Recipe {
            name: "product",
            arguments: 1,
            start: &[0.0, 1.0],
            update: |s, x, _| {
                s[0] += 1.0;
                s[1] *= x;
            },
            merge: |s, o| {
                s[0] += o[0];
                s[1] *= o[1];
            },
            finish: |s| (s[0] > 0.0).then(|| s[1]),
        },
    )
}

fn build(call: Call<'_>, recipe: Recipe) -> Result<Typed> {
    call.arity(&[recipe.arguments])?;
    let arguments = (0..recipe.arguments).map(|index| Ok(call.double(index)?.expr)).collect::<Result<_>>()?;
    let state = vec![Arrow::Float64; recipe.start.len()];
    let make = move || Box::new(Doubles { recipe, values: vec![] }) as Box<dyn Fold>;
    let function = FoldAggregate::new(recipe.name, "", to_arrow(&DataType::Double), state, make);
    Ok(Typed::new(function.call(arguments, call.is_distinct), DataType::Double, true))
}

fn update_moments(s: &mut [f64], x: f64, _: f64) {
    let n = s[0] + 1.0;
    let delta = x - s[1];
    let delta_n = delta / n;
    let (delta2, delta_n2) = (delta * delta, delta_n * delta_n);
    let m2 = s[2] + delta * (delta - delta_n);
    let m3 = s[3] - 3.0 * delta_n * m2 + delta * (delta2 - delta_n2);
    s[4] = s[4] - 4.0 * delta_n * m3 - 6.0 * delta_n2 * m2 + delta * (delta * delta2 - delta_n * delta_n2);
    (s[0], s[1], s[2], s[3]) = (n, s[1] + delta_n, m2, m3);
}

fn merge_moments(s: &mut [f64], o: &[f64]) {
    let (n1, n2) = (s[0], o[0]);
    let n = n1 + n2;
    if n2 == 0.0 {
        return;
    }
    let delta = o[1] - s[1];
    let delta_n = delta / n;
    let m4 = s[4]
        + o[4]
        + delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2)
        + 6.0 * delta_n * delta_n * (n1 * n1 * o[2] + n2 * n2 * s[2])
        + 4.0 * delta_n * (n1 * o[3] - n2 * s[3]);
    let m3 = s[3] + o[3] + delta_n * delta_n * delta * n1 * n2 * (n1 - n2) + 3.0 * delta_n * (n1 * o[2] - n2 * s[2]);
    let m2 = s[2] + o[2] + delta * delta_n * n1 * n2;
    (s[0], s[1], s[2], s[3], s[4]) = (n, s[1] + delta_n * n2, m2, m3, m4);
}

fn update_pairs(s: &mut [f64], x: f64, y: f64) {
    let n = s[0] + 1.0;
    let (dx, dy) = (x - s[1], y - s[2]);
    let (mean_x, mean_y) = (s[1] + dx / n, s[2] + dy / n);
    s[3] += dx * (y - mean_y);
    s[4] += dx * (x - mean_x);
    s[5] += dy * (y - mean_y);
    (s[0], s[1], s[2]) = (n, mean_x, mean_y);
}

fn merge_pairs(s: &mut [f64], o: &[f64]) {
    let (n1, n2) = (s[0], o[0]);
    let n = n1 + n2;
    if n2 == 0.0 {
        return;
    }
    let (dx, dy) = (o[1] - s[1], o[2] - s[2]);
    s[3] += o[3] + dx * (dy / n) * n1 * n2;
    s[4] += o[4] + dx * (dx / n) * n1 * n2;
    s[5] += o[5] + dy * (dy / n) * n1 * n2;
    (s[0], s[1], s[2]) = (n, s[1] + dx / n * n2, s[2] + dy / n * n2);
}

/// Running doubles of all groups, one row of `recipe.start.len()` after the other.
struct Doubles {
    recipe: Recipe,
    values: Vec<f64>,
}

impl Doubles {
    fn width(&self) -> usize {
        self.recipe.start.len()
    }

    fn row(&mut self, group: usize) -> &mut [f64] {
        let width = self.width();
        &mut self.values[group * width..(group + 1) * width]
    }
}

impl Fold for Doubles {
    fn grow(&mut self, groups: usize) {
        while self.values.len() < groups * self.width() {
            self.values.extend_from_slice(self.recipe.start);
        }
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let first = values[0].as_primitive::<Float64Type>();
        let second = values.get(1).map_or(first, |value| value.as_primitive::<Float64Type>());
        let update = self.recipe.update;
        for row in 0..first.len() {
            if first.is_valid(row)
                && second.is_valid(row)
                && let Some(group) = group_of(row)
            {
                update(self.row(group), first.value(row), second.value(row));
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let columns: Vec<&PrimitiveArray<Float64Type>> = states.iter().map(|state| state.as_primitive()).collect();
        let merge = self.recipe.merge;
        let mut other = vec![0.0; self.width()];
        for (row, group) in groups.iter().enumerate() {
            for (slot, column) in other.iter_mut().zip(&columns) {
                *slot = column.value(row);
            }
            merge(self.row(*group), &other);
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let width = self.width();
        let column = |slot: usize| {
            let values = (0..count).map(|group| self.values[group * width + slot]);
            Arc::new(Float64Array::from_iter_values(values)) as ArrayRef
        };
        Ok((0..width).map(column).collect())
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let width = self.width();
        let mut answers = Float64Builder::with_capacity(count);
        for group in 0..count {
            answers.append_option((self.recipe.finish)(&self.values[group * width..(group + 1) * width]));
        }
        Ok(Arc::new(answers.finish()))
    }

    fn forget(&mut self, count: usize) {
        let width = self.width();
        self.values.drain(..count * width);
    }

    fn groups(&self) -> usize {
        self.values.len() / self.width()
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>()
    }
}
