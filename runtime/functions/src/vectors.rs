//! Arrays of floats as vectors: products, distances, norms, and their sums and averages over rows.
//!
//! Every element counts as a double while it is summed up; a null among them makes the answer null. Begin at [`FUNCTIONS`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, Int64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, Field, Float32Type, Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::lit;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::aggregates::{Fold, FoldAggregate};
use crate::call::{Call, Typed};
use crate::kernel::{Columns, Kernel, from_arrow, primitives};
use crate::registry::{Function, Kind};
use crate::types::to_arrow;

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

macro_rules! with_degree {
    ($name:literal, $build:expr) => {
        Function {
            name: $name,
            kind: Kind::Scalar($build),
            display: Some(|args| crate::arguments::with_defaults($name, args, 2, &["2.0"])),
        }
    };
}

/// The functions of vectors.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "vector_avg", kind: Kind::Aggregate(|call| over_rows(call, true)), display: None },
    scalar("vector_cosine_similarity", |call| between(call, cosine)),
    scalar("vector_inner_product", |call| between(call, |left, right| Some(inner(left, right) as f32))),
    scalar("vector_l2_distance", |call| between(call, |left, right| Some(distance(left, right) as f32))),
    with_degree!("vector_norm", norm),
    with_degree!("vector_normalize", normalize),
    Function { name: "vector_sum", kind: Kind::Aggregate(|call| over_rows(call, false)), display: None },
];

fn inner(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

fn distance(left: &[f32], right: &[f32]) -> f64 {
    let squared = |(left, right): (&f32, &f32)| (f64::from(*left) - f64::from(*right)).powi(2);
    left.iter().zip(right).map(squared).sum::<f64>().sqrt()
}

fn cosine(left: &[f32], right: &[f32]) -> Option<f32> {
    // Spark rounds to a float after each step.
    let lengths = (inner(left, left).sqrt() * inner(right, right).sqrt()) as f32;
    (lengths != 0.0).then(|| inner(left, right) as f32 / lengths)
}

fn vector(call: &Call<'_>, index: usize) -> Result<Typed> {
    let argument = call.argument(index)?;
    match &argument.data_type {
        DataType::Array { element, .. } if **element == DataType::Float => Ok(argument),
        _ => Err(call.mismatch(index, "ARRAY<FLOAT>")),
    }
}

/// The vector in a row; none if it or a part of it is null.
fn vector_at(lists: &ListArray, row: usize) -> Option<&[f32]> {
    let values = lists.values().as_primitive::<Float32Type>();
    let (from, to) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
    let whole = lists.is_valid(row) && values.nulls().is_none_or(|nulls| (from..to).all(|at| nulls.is_valid(at)));
    whole.then(|| &values.values()[from..to])
}

fn unequal(function: &str, left: usize, right: usize) -> Error {
    Error::new("VECTOR_DIMENSION_MISMATCH")
        .with("functionName", format!("`{function}`"))
        .with("leftDim", left.to_string())
        .with("rightDim", right.to_string())
}

fn between(call: Call<'_>, op: fn(&[f32], &[f32]) -> Option<f32>) -> Result<Typed> {
    call.arity(&[2])?;
    let (left, right) = (vector(&call, 0)?, vector(&call, 1)?);
    let name = call.name.to_owned();
    let kernel = Kernel::new(call.name, &DataType::Float, true, move |columns| {
        let (lefts, rights) = (columns.list(0)?, columns.list(1)?);
        primitives::<Float32Type>(columns.rows, |row| {
            if lefts.is_null(row) || rights.is_null(row) {
                return Ok(None);
            }
            let (left_dim, right_dim) = (lefts.value_length(row), rights.value_length(row));
            if left_dim != right_dim {
                return Err(unequal(&name, left_dim as usize, right_dim as usize));
            }
            let pair = vector_at(&lefts, row).zip(vector_at(&rights, row));
            Ok(pair.and_then(|(left, right)| op(left, right)))
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![left.expr, right.expr]), DataType::Float, true))
}

/// A vector's length: by its greatest part, the sum of its parts, or as the crow flies.
fn length(vector: &[f32], degree: f32, function: &str) -> Result<f64> {
    let sizes = vector.iter().map(|part| f64::from(part.abs()));
    match degree {
        1.0 => Ok(sizes.sum()),
        2.0 => Ok(inner(vector, vector).sqrt()),
        f32::INFINITY => Ok(sizes.fold(0.0, f64::max)),
        other => {
            let mut said = String::new();
            crate::cast::write_float(other, &mut said);
            Err(Error::new("INVALID_VECTOR_NORM_DEGREE").with("functionName", format!("`{function}`")).with("degree", said))
        }
    }
}

fn degree(call: &Call<'_>) -> Result<Typed> {
    if call.len() < 2 {
        return Ok(Typed::new(lit(ScalarValue::Float32(Some(2.0))), DataType::Float, false));
    }
    let argument = call.argument(1)?;
    if argument.data_type == DataType::Float { Ok(argument) } else { Err(call.mismatch(1, "FLOAT")) }
}

/// What a row's vector and degree are.
fn with_degree<'a>(columns: &Columns, lists: &'a ListArray) -> Result<impl Fn(usize) -> Option<(&'a [f32], f32)>> {
    let degrees = columns.numbers::<Float32Type>(1)?;
    Ok(move |row: usize| vector_at(lists, row).zip(degrees.at(row)))
}

fn norm(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (vector, degree) = (vector(&call, 0)?, degree(&call)?);
    let kernel = Kernel::new("vector_norm", &DataType::Float, true, |columns| {
        let lists = columns.list(0)?;
        let at = with_degree(columns, &lists)?;
        primitives::<Float32Type>(columns.rows, |row| {
            at(row).map(|(vector, degree)| Ok(length(vector, degree, "vector_norm")? as f32)).transpose()
        })
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![vector.expr, degree.expr]), DataType::Float, true))
}

fn normalize(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2])?;
    let (vector, degree) = (vector(&call, 0)?, degree(&call)?);
    let returns = DataType::array(DataType::Float, true);
    let arrow = to_arrow(&returns);
    let kernel = Kernel::new("vector_normalize", &returns, true, move |columns| {
        let lists = columns.list(0)?;
        let at = with_degree(columns, &lists)?;
        let mut vectors = Vec::with_capacity(columns.rows);
        for row in 0..columns.rows {
            let Some((vector, degree)) = at(row) else {
                vectors.push(None);
                continue;
            };
            let length = length(vector, degree, "vector_normalize")?;
            let parts = || vector.iter().map(|part| (f64::from(*part) / length) as f32).collect::<Vec<f32>>();
            vectors.push((length != 0.0 || vector.is_empty()).then(parts));
        }
        list_of(vectors, &arrow)
    });
    Ok(Typed::new(kernel.fallible_if(true).call(vec![vector.expr, degree.expr]), returns, true))
}

fn list_of(vectors: Vec<Option<Vec<f32>>>, arrow: &Arrow) -> Result<ArrayRef> {
    let Arrow::List(field) = arrow else { return Err(Error::internal("a vector is a list")) };
    let offsets = OffsetBuffer::from_lengths(vectors.iter().map(|vector| vector.as_ref().map_or(0, Vec::len)));
    let valid: Vec<bool> = vectors.iter().map(Option::is_some).collect();
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    let values = Float32Array::from_iter_values(vectors.into_iter().flatten().flatten());
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(values), nulls).map_err(from_arrow)?))
}

/// `vector_sum(v)`, `vector_avg(v)`: part by part; vectors with a null in them do not count.
fn over_rows(call: Call<'_>, average: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = vector(&call, 0)?;
    let returns = DataType::array(DataType::Float, false);
    let arrow = to_arrow(&returns);
    let sums = Arrow::List(Arc::new(Field::new_list_field(Arrow::Float64, true)));
    let name = call.name.to_owned();
    let function = FoldAggregate::new(call.name, "", arrow.clone(), vec![sums, Arrow::Int64], move || {
        Box::new(Sums { average, name: name.clone(), returns: arrow.clone(), groups: Vec::new() })
    });
    Ok(Typed::new(function.call(vec![argument.expr], call.is_distinct), returns, true))
}

#[derive(Default)]
struct Total {
    sums: Vec<f64>,
    count: i64,
}

struct Sums {
    average: bool,
    name: String,
    returns: Arrow,
    groups: Vec<Total>,
}

impl Sums {
    fn add(&mut self, group: usize, parts: impl ExactSizeIterator<Item = f64>, count: i64) -> Result<()> {
        let total = &mut self.groups[group];
        if total.count == 0 {
            (total.sums, total.count) = (parts.collect(), count);
            return Ok(());
        }
        if total.sums.len() != parts.len() {
            return Err(unequal(&self.name, total.sums.len(), parts.len()));
        }
        total.sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        total.count += count;
        Ok(())
    }
}

impl Fold for Sums {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups.max(self.groups.len()), Total::default);
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let lists = values[0].as_list::<i32>();
        for row in 0..lists.len() {
            if let Some((group, vector)) = group_of(row).zip(vector_at(lists, row)) {
                self.add(group, vector.iter().map(|part| f64::from(*part)), 1)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let (sums, counts) = (states[0].as_list::<i32>(), states[1].as_primitive::<Int64Type>());
        for (row, group) in groups.iter().enumerate() {
            if counts.value(row) > 0 {
                let parts = sums.value(row);
                self.add(*group, parts.as_primitive::<Float64Type>().values().iter().copied(), counts.value(row))?;
            }
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let groups = &self.groups[..count];
        let field = Arc::new(Field::new_list_field(Arrow::Float64, true));
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(|total| total.sums.len()));
        let sums = Float64Array::from_iter_values(groups.iter().flat_map(|total| total.sums.iter().copied()));
        let counts = Int64Array::from_iter_values(groups.iter().map(|total| total.count));
        let sums = ListArray::try_new(field, offsets, Arc::new(sums), None).map_err(from_arrow)?;
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let share = |total: &Total, sum: &f64| if self.average { sum / total.count as f64 } else { *sum };
        let answer = |total: &Total| {
            (total.count > 0).then(|| total.sums.iter().map(|sum| share(total, sum) as f32).collect::<Vec<f32>>())
        };
        list_of(self.groups[..count].iter().map(answer).collect(), &self.returns)
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(|total| 32 + 8 * total.sums.capacity()).sum()
    }
}
