//! `histogram_numeric`: a histogram of at most so many bins, made as Hive and Spark make it: a value is a bin of its own,
//! and while there are too many, the two bins closest to each other become one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as Arrow, Field, Float64Type};
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::fold::{Fold, FoldAggregate};
use super::java_random::JavaRandom;
use crate::call::{Call, Typed};
use crate::kernel::from_arrow;
use crate::types::to_arrow;

/// `histogram_numeric(x, bins)`
pub fn histogram_numeric(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let kind = call.type_of(0).clone();
    let is_moment = kind.is_datetime() || matches!(kind, DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. });
    if !kind.is_numeric() && !is_moment && kind != DataType::Null {
        let wanted = ["NUMERIC", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND"];
        let wanted: Vec<String> = wanted.iter().map(|one| format!("\"{one}\"")).collect();
        return Err(call.wants(0, &format!("({})", wanted.join(" or "))));
    }
    let Some(bins) = call.literal_long(1) else { return Err(call.not_constant(1, "nb", &DataType::Int)) };
    if bins < 2 {
        return Err(Error::new("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE")
            .with("sqlExpr", call.sql())
            .with("exprName", "nb")
            .with("valueRange", format!("[2, {}]", i32::MAX))
            .with("currentValue", bins.to_string()));
    }
    let number = as_number(call.argument(0)?);
    let fields = vec![StructField::new("x", kind.clone(), true), StructField::new("y", DataType::Double, true)];
    let returns = DataType::array(DataType::Struct(StructType::new(fields)), true);
    let pairs = Arrow::List(Arc::new(Field::new_list_field(Arrow::Float64, true)));
    let (arrow, bins) = (to_arrow(&returns), bins as usize);
    let function =
        FoldAggregate::new("histogram_numeric", bins.to_string(), arrow.clone(), vec![pairs.clone(), pairs], move || {
            Box::new(Histograms { bins, returns: arrow.clone(), groups: Vec::new() })
        });
    Ok(Typed::new(function.call(vec![number], call.is_distinct), returns, true))
}

/// A value as the double it counts as; days, months and microseconds are numbers, too.
fn as_number(value: Typed) -> datafusion::logical_expr::Expr {
    use datafusion::logical_expr::cast;
    match value.data_type {
        DataType::Date | DataType::YearMonthInterval { .. } => cast(cast(value.expr, Arrow::Int32), Arrow::Float64),
        DataType::Timestamp | DataType::TimestampNtz | DataType::DayTimeInterval { .. } => {
            cast(cast(value.expr, Arrow::Int64), Arrow::Float64)
        }
        _ => cast(value.expr, Arrow::Float64),
    }
}

#[derive(Debug, Clone)]
struct Histogram {
    /// Place and height, ordered by place.
    bins: Vec<(f64, f64)>,
    /// Chooses among pairs that are equally close.
    random: JavaRandom,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { bins: Vec::new(), random: JavaRandom::new(31_183) }
    }
}

impl Histogram {
    fn add(&mut self, value: f64, most: usize) {
        let at = self.bins.partition_point(|(place, _)| *place < value);
        match self.bins.get_mut(at) {
            Some((place, height)) if *place == value => *height += 1.0,
            _ => {
                self.bins.insert(at, (value, 1.0));
                self.trim(most);
            }
        }
    }

    fn merge(&mut self, others: &[(f64, f64)], most: usize) {
        self.bins.extend(others);
        self.bins.sort_by(|one, other| one.0.total_cmp(&other.0));
        self.trim(most);
    }

    fn trim(&mut self, most: usize) {
        while self.bins.len() > most {
            let gap = |at: usize| self.bins[at + 1].0 - self.bins[at].0;
            let (mut least, mut place, mut equal) = (gap(0), 0, 1.0);
            for at in 1..self.bins.len() - 1 {
                let here = gap(at);
                if here < least {
                    (least, place, equal) = (here, at, 1.0);
                } else if here == least {
                    equal += 1.0;
                    if self.random.next_double() <= 1.0 / equal {
                        place = at;
                    }
                }
            }
            let (next, next_height) = self.bins.remove(place + 1);
            let (x, height) = self.bins[place];
            let both = height + next_height;
            self.bins[place] = (x * (height / both) + next / both * next_height, both);
        }
    }
}

struct Histograms {
    bins: usize,
    returns: Arrow,
    groups: Vec<Histogram>,
}

impl Fold for Histograms {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups.max(self.groups.len()), Histogram::default);
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let column = values[0].as_primitive::<Float64Type>();
        for row in 0..column.len() {
            if let Some(group) = group_of(row).filter(|_| column.is_valid(row)) {
                self.groups[group].add(column.value(row), self.bins);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        for (row, group) in groups.iter().enumerate() {
            let (places, heights) = (states[0].as_list::<i32>().value(row), states[1].as_list::<i32>().value(row));
            let pairs = places.as_primitive::<Float64Type>().values().iter().zip(heights.as_primitive::<Float64Type>().values());
            let others: Vec<(f64, f64)> = pairs.map(|(place, height)| (*place, *height)).collect();
            if !others.is_empty() {
                self.groups[*group].merge(&others, self.bins);
            }
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let groups = &self.groups[..count];
        let side = |take: fn(&(f64, f64)) -> f64| -> Result<ArrayRef> {
            let values = Float64Array::from_iter_values(groups.iter().flat_map(|group| &group.bins).map(take));
            let field = Arc::new(Field::new_list_field(Arrow::Float64, true));
            let offsets = OffsetBuffer::from_lengths(groups.iter().map(|group| group.bins.len()));
            Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(values), None).map_err(from_arrow)?))
        };
        Ok(vec![side(|bin| bin.0)?, side(|bin| bin.1)?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let groups = &self.groups[..count];
        let Arrow::List(element) = &self.returns else { return Err(Error::internal("a histogram is a list")) };
        let Arrow::Struct(fields) = element.data_type() else { return Err(Error::internal("a bin is a struct")) };
        let bins = || groups.iter().flat_map(|group| &group.bins);
        let places = in_type(bins().map(|bin| bin.0), fields[0].data_type())?;
        let heights: ArrayRef = Arc::new(Float64Array::from_iter_values(bins().map(|bin| bin.1)));
        let structs = StructArray::try_new(fields.clone(), vec![places, heights], None).map_err(from_arrow)?;
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(|group| group.bins.len()));
        let valid: Vec<bool> = groups.iter().map(|group| !group.bins.is_empty()).collect();
        let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
        Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, Arc::new(structs), nulls).map_err(from_arrow)?))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(|group| size_of::<Histogram>() + 16 * group.bins.capacity()).sum()
    }
}

/// Places in the type of what was counted; what lies behind the point is cut.
fn in_type(places: impl Iterator<Item = f64>, kind: &Arrow) -> Result<ArrayRef> {
    let doubles: ArrayRef = Arc::new(Float64Array::from_iter_values(places));
    let by = |between: &Arrow| {
        let whole = arrow::compute::cast(&doubles, between).map_err(from_arrow)?;
        arrow::compute::cast(&whole, kind).map_err(from_arrow)
    };
    match kind {
        Arrow::Date32 | Arrow::Interval(_) => by(&Arrow::Int32),
        Arrow::Timestamp(_, _) | Arrow::Duration(_) => by(&Arrow::Int64),
        Arrow::Null => Ok(arrow::array::new_null_array(kind, doubles.len())),
        _ => arrow::compute::cast(&doubles, kind).map_err(from_arrow),
    }
}
