//! Frequent items (`freqItems`): at most so many counters, as Karp, Shenker and Papadimitriou keep them and Spark does.
//!
//! Every item that makes up more than `1 / size` of the rows is among the answers; others may be. They come in the order
//! of Scala's hash map, which is where Spark keeps them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as Arrow, Field, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::fold::{self, Fold, FoldAggregate};
use crate::call::Typed;
use crate::errors::from_datafusion;
use crate::hashes::{Hasher, Murmur3};
use crate::kernel::{from_arrow, kernel};
use crate::types::to_arrow;

/// An aggregate: the frequent items of `argument`, nulls too, by `size` counters.
pub fn frequent_items(argument: Expr, data_type: &DataType, nullable: bool, size: usize) -> Expr {
    let (element, returns) = (to_arrow(data_type), to_arrow(&DataType::array(data_type.clone(), nullable)));
    let state = vec![list_of(element.clone()), list_of(Arrow::Int64)];
    let made = returns.clone();
    FoldAggregate::new("freq_items", format!("{size}"), returns, state, move || {
        Box::new(Frequent { size, element: element.clone(), returns: made.clone(), groups: Vec::new() })
    })
    .call(vec![argument], false)
}

fn list_of(kind: Arrow) -> Arrow {
    Arrow::List(Arc::new(Field::new_list_field(kind, true)))
}

#[derive(Default)]
struct Counters {
    items: Vec<(ScalarValue, i64)>,
    /// The most there ever were: the map they stand for grew with them and never shrinks.
    most: usize,
}

impl Counters {
    fn add(&mut self, item: ScalarValue, count: i64, size: usize) {
        if let Some((_, known)) = self.items.iter_mut().find(|(known, _)| *known == item) {
            *known += count;
            return;
        }
        if self.items.len() < size {
            self.items.push((item, count));
        } else {
            let least = self.items.iter().map(|(_, count)| *count).min().unwrap_or(0);
            if count >= least {
                self.items.push((item, count));
                self.items.retain(|(_, count)| *count > least);
                self.items.iter_mut().for_each(|(_, count)| *count -= least);
            } else {
                self.items.iter_mut().for_each(|(_, known)| *known -= count);
            }
        }
        self.most = self.most.max(self.items.len());
    }

    /// The items as a Scala hash map of this size iterates over them.
    fn in_map_order(&self) -> Vec<&ScalarValue> {
        let hashes: Vec<i32> = self.items.iter().map(|(item, _)| hash_of(item)).collect();
        scala_order(&hashes, self.most).into_iter().map(|at| &self.items[at].0).collect()
    }
}

/// In which order a Scala hash map or set iterates over items of these hashes, if it held at most `most`: their indices.
fn scala_order(hashes: &[i32], most: usize) -> Vec<usize> {
    let mut slots = 16_usize;
    // It grows before its next item would fill three quarters of it.
    while most + 1 > slots * 3 / 4 {
        slots *= 2;
    }
    let mixed = |at: usize| hashes[at] ^ ((hashes[at] as u32) >> 16) as i32;
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_by_key(|at| (mixed(*at) as usize & (slots - 1), mixed(*at)));
    order
}

/// An array of distinct values in the order of the Scala set they are collected in by Spark.
pub(super) fn in_set_order(set: Typed) -> Typed {
    let (kind, nullable) = (set.data_type.clone(), set.nullable);
    let returns = to_arrow(&kind);
    kernel("in_set_order", vec![set], kind, nullable, move |columns| {
        let lists = columns.list(0)?;
        let Arrow::List(field) = &returns else { return Err(Error::internal("a set is a list")) };
        let mut places = Vec::with_capacity(lists.values().len());
        let mut lengths = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            let (from, to) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
            let hash = |at: usize| ScalarValue::try_from_array(lists.values(), at).map(|item| hash_of(&item));
            let hashes = (from..to).map(hash).collect::<datafusion::common::Result<Vec<i32>>>().map_err(from_datafusion)?;
            places.extend(scala_order(&hashes, hashes.len()).into_iter().map(|at| (from + at) as u64));
            lengths.push(to - from);
        }
        let values = arrow::compute::take(lists.values(), &arrow::array::UInt64Array::from(places), None).map_err(from_arrow)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        let list = ListArray::try_new(Arc::clone(field), offsets, values, lists.nulls().cloned()).map_err(from_arrow)?;
        Ok(Arc::new(list))
    })
}

/// Scala's `##` of a value as Spark holds it.
fn hash_of(value: &ScalarValue) -> i32 {
    let long = |value: i64| match i32::try_from(value) {
        Ok(small) => small,
        Err(_) => (value ^ ((value as u64) >> 32) as i64) as i32,
    };
    match value {
        value if value.is_null() => 0,
        ScalarValue::Boolean(Some(flag)) => {
            if *flag {
                1231
            } else {
                1237
            }
        }
        ScalarValue::Int8(Some(value)) => i32::from(*value),
        ScalarValue::Int16(Some(value)) => i32::from(*value),
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => *value,
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => long(*value),
        ScalarValue::Float32(Some(value)) => {
            let whole = *value as i64;
            if whole as f32 == *value { long(whole) } else { value.to_bits() as i32 }
        }
        ScalarValue::Float64(Some(value)) => {
            let whole = *value as i64;
            let bits = value.to_bits();
            match () {
                () if whole as f64 == *value => long(whole),
                () if f64::from(*value as f32) == *value => (*value as f32).to_bits() as i32,
                () => (bits ^ (bits >> 32)) as i32,
            }
        }
        ScalarValue::Utf8(Some(text)) => Murmur3::bytes(text.as_bytes(), 42),
        _ => 0,
    }
}

struct Frequent {
    size: usize,
    element: Arrow,
    returns: Arrow,
    groups: Vec<Counters>,
}

impl Frequent {
    fn add(&mut self, group: usize, items: &ArrayRef, row: usize, count: i64) -> Result<()> {
        let item = ScalarValue::try_from_array(items, row).map_err(from_datafusion)?;
        self.groups[group].add(item, count, self.size);
        Ok(())
    }
}

impl Fold for Frequent {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups.max(self.groups.len()), Counters::default);
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        for row in 0..values[0].len() {
            if let Some(group) = group_of(row) {
                self.add(group, &values[0], row, 1)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        for (row, group) in groups.iter().enumerate() {
            let (items, counts) = (states[0].as_list::<i32>().value(row), states[1].as_list::<i32>().value(row));
            for (at, count) in counts.as_primitive::<Int64Type>().values().iter().enumerate() {
                self.add(*group, &items, at, *count)?;
            }
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let groups = &self.groups[..count];
        let offsets = || OffsetBuffer::from_lengths(groups.iter().map(|counters| counters.items.len()));
        let list = |kind: Arrow, values: ArrayRef| -> Result<ArrayRef> {
            let field = Arc::new(Field::new_list_field(kind, true));
            Ok(Arc::new(ListArray::try_new(field, offsets(), values, None).map_err(from_arrow)?))
        };
        // In the order of the map, in which another one takes them in.
        let ordered: Vec<&ScalarValue> = groups.iter().flat_map(Counters::in_map_order).collect();
        let counts = groups.iter().flat_map(|counters| {
            let count =
                |item: &ScalarValue| counters.items.iter().find(|(known, _)| known == item).map_or(0, |(_, count)| *count);
            counters.in_map_order().into_iter().map(count).collect::<Vec<_>>()
        });
        let counts = Arc::new(Int64Array::from_iter_values(counts));
        let items = fold::column_of(ordered.into_iter().cloned().collect(), &self.element)?;
        Ok(vec![list(self.element.clone(), items)?, list(Arrow::Int64, counts)?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let answers: Vec<Vec<&ScalarValue>> = self.groups[..count].iter().map(Counters::in_map_order).collect();
        let Arrow::List(field) = &self.returns else { return Err(Error::internal("frequent items are a list")) };
        let offsets = OffsetBuffer::from_lengths(answers.iter().map(Vec::len));
        let items = fold::column_of(answers.into_iter().flatten().cloned().collect(), &self.element)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, items, None).map_err(from_arrow)?))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.iter().flat_map(|counters| &counters.items).map(|(item, _)| item.size() + 8).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_up_more_than_its_share_stays() {
        let mut counters = Counters::default();
        for value in [1, 2, 1, 3, 1, 4, 1, 5] {
            counters.add(ScalarValue::Int32(Some(value)), 1, 2);
        }
        assert!(counters.in_map_order().contains(&&ScalarValue::Int32(Some(1))));
        assert!(counters.items.len() <= 2);
    }
}
