//! `max_by`, `min_by`: the value beside the extreme of another column; of several, the one that came last. `max` and `min` of
//! collated texts: the value beside the extreme of its keys; of several, the one that came first.
//!
//! A group keeps its best order and the value beside it. Rows without an order do not count, values may be null.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType as Arrow;
use arrow::row::{OwnedRow, RowConverter, SortField};
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::basic::{is_orderable, not_orderable};
use super::fold::{Fold, FoldAggregate};
use crate::call::{Call, Typed};
use crate::collation::key;
use crate::kernel::from_arrow;
use crate::types::to_arrow;

/// `max_by(value, order)`
pub fn max_by(call: Call<'_>) -> Result<Typed> {
    beside(call, Ordering::Less)
}

/// `min_by(value, order)`
pub fn min_by(call: Call<'_>) -> Result<Typed> {
    beside(call, Ordering::Greater)
}

fn beside(call: Call<'_>, worse: Ordering) -> Result<Typed> {
    call.arity(&[2])?;
    let (value, order) = (call.argument(0)?, call.argument(1)?);
    if order.data_type == DataType::Null {
        // No row has an order.
        let nothing = crate::literal::null(&value.data_type)?;
        let function = datafusion::functions_aggregate::min_max::min_udaf();
        let none = super::aggregated(function, vec![nothing.expr], false);
        return Ok(Typed::new(none, value.data_type, true));
    }
    if !is_orderable(&order.data_type) {
        return Err(not_orderable(&call, &order.data_type));
    }
    let (value_type, order_type) = (to_arrow(&value.data_type), to_arrow(&order.data_type));
    let state = vec![value_type.clone(), order_type.clone()];
    let returns = value_type.clone();
    let make = move || Box::new(Beside::new(value_type.clone(), order_type.clone(), worse, true)) as Box<dyn Fold>;
    let function = FoldAggregate::new(call.name, "", returns, state, make);
    Ok(Typed::new(function.call(vec![value.expr, order.expr], call.is_distinct), value.data_type, true))
}

/// `max` and `min` (`name`) of values that are compared by their keys.
pub(super) fn extreme(name: &str, value: Typed, worse: Ordering) -> Result<Typed> {
    let data_type = value.data_type.clone();
    let order = key(value.clone())?;
    let (value_type, order_type) = (to_arrow(&data_type), to_arrow(&order.data_type));
    let state = vec![value_type.clone(), order_type.clone()];
    let returns = value_type.clone();
    let make = move || Box::new(Beside::new(value_type.clone(), order_type.clone(), worse, false)) as Box<dyn Fold>;
    let function = FoldAggregate::new(&format!("{name}_by_key"), data_type.simple_string(), returns, state, make);
    Ok(Typed::new(function.call(vec![value.expr, order.expr], false), data_type, true))
}

/// The best rows so far: `places[group]` is a row of `values` and `orders`, `keys[group]` its order to compare.
struct Beside {
    values: ArrayRef,
    orders: ArrayRef,
    places: Vec<Option<u32>>,
    keys: Vec<Option<OwnedRow>>,
    order_type: Arrow,
    worse: Ordering,
    /// Of equal orders the later one counts.
    last_wins: bool,
}

impl Beside {
    fn new(value_type: Arrow, order_type: Arrow, worse: Ordering, last_wins: bool) -> Self {
        let (values, orders) = (new_empty_array(&value_type), new_empty_array(&order_type));
        Self { values, orders, places: vec![], keys: vec![], order_type, worse, last_wins }
    }

    /// Rows that beat what their group holds take its place.
    fn take_in(&mut self, values: &ArrayRef, orders: &ArrayRef, group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let converter = RowConverter::new(vec![SortField::new(self.order_type.clone())]).map_err(from_arrow)?;
        let rows = converter.convert_columns(std::slice::from_ref(orders)).map_err(from_arrow)?;
        let start = self.values.len() as u32;
        for row in 0..orders.len() {
            let Some(group) = group_of(row).filter(|_| orders.is_valid(row)) else { continue };
            let beaten = self.keys[group].as_ref().is_none_or(|held| {
                let compared = held.row().cmp(&rows.row(row));
                compared == self.worse || (self.last_wins && compared == Ordering::Equal)
            });
            if beaten {
                self.keys[group] = Some(rows.row(row).owned());
                self.places[group] = Some(start + row as u32);
            }
        }
        self.values = concat(&[self.values.as_ref(), values.as_ref()]).map_err(from_arrow)?;
        self.orders = concat(&[self.orders.as_ref(), orders.as_ref()]).map_err(from_arrow)?;
        // Now and then: the rows that lost are dropped.
        if self.values.len() > 2 * self.places.len() + 16_384 { self.compact() } else { Ok(()) }
    }

    fn compact(&mut self) -> Result<()> {
        let kept = UInt32Array::from_iter_values(self.places.iter().flatten().copied());
        self.values = take(&self.values, &kept, None).map_err(from_arrow)?;
        self.orders = take(&self.orders, &kept, None).map_err(from_arrow)?;
        for (place, held) in self.places.iter_mut().flatten().enumerate() {
            *held = place as u32;
        }
        Ok(())
    }

    fn column(&self, of: &ArrayRef, count: usize) -> Result<ArrayRef> {
        take(of, &UInt32Array::from(self.places[..count].to_vec()), None).map_err(from_arrow)
    }
}

impl Fold for Beside {
    fn grow(&mut self, groups: usize) {
        if groups > self.places.len() {
            self.places.resize(groups, None);
            self.keys.resize(groups, None);
        }
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        self.take_in(&values[0], &values[1], group_of)
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.take_in(&states[0], &states[1], &|row| groups.get(row).copied())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.column(&self.values, count)?, self.column(&self.orders, count)?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        self.column(&self.values, count)
    }

    fn forget(&mut self, count: usize) {
        self.places.drain(..count);
        self.keys.drain(..count);
    }

    fn groups(&self) -> usize {
        self.places.len()
    }

    fn bytes(&self) -> usize {
        self.values.get_array_memory_size() + self.orders.get_array_memory_size() + self.keys.len() * 32
    }
}
