//! `approx_top_k`: the items that occur most often, by a bounded number of counters.
//!
//! Items of equal count come in the order in which the hash map of Apache DataSketches for Java, where Spark keeps them,
//! goes over them. Not here: sketches of items as bytes (`approx_top_k_accumulate` and its kin).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as Arrow, Field, Int64Type};
use datafusion::common::ScalarValue;
use emberflow_base::{Error, Result};
use emberflow_plan::{DataType, StructField, StructType};

use super::fold::{self, Fold, FoldAggregate};
use crate::call::{Call, Typed};
use crate::errors::from_datafusion;
use crate::kernel::from_arrow;
use crate::types::to_arrow;

const LIMIT: i64 = 1_000_000;
const SLOTS_MIN: usize = 8;

/// `approx_top_k(x [, k [, maxItemsTracked]])`
pub fn approx_top_k(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2, 3])?;
    let count = |index: usize, name: &str, default: i64| -> Result<i64> {
        if call.len() <= index {
            return Ok(default);
        }
        let value = call.literal(index).ok_or_else(|| call.not_constant(index, name, &DataType::Int))?;
        if value.is_null() {
            return Err(Error::new("APPROX_TOP_K_NULL_ARG").with("argName", format!("`{name}`")));
        }
        let value = call.literal_long(index).ok_or_else(|| call.mismatch(index, "INT"))?;
        if value <= 0 {
            return Err(Error::new("APPROX_TOP_K_NON_POSITIVE_ARG")
                .with("argName", format!("`{name}`"))
                .with("argValue", value.to_string()));
        }
        Ok(value)
    };
    let (k, tracked) = (count(1, "k", 5)?, count(2, "maxItemsTracked", 10_000)?);
    if tracked > LIMIT {
        return Err(Error::new("APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT")
            .with("maxItemsTracked", tracked.to_string())
            .with("limit", LIMIT.to_string()));
    }
    if tracked < k {
        return Err(Error::new("APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K")
            .with("maxItemsTracked", tracked.to_string())
            .with("k", k.to_string()));
    }
    let item = call.argument(0)?;
    let fields = vec![StructField::new("item", item.data_type.clone(), true), StructField::new("count", DataType::Long, false)];
    let returns = DataType::array(DataType::Struct(StructType::new(fields)), false);
    let (arrow, element) = (to_arrow(&returns), to_arrow(&item.data_type));
    let list = |kind: Arrow| Arrow::List(Arc::new(Field::new_list_field(kind, true)));
    let state = vec![list(element.clone()), list(Arrow::Int64)];
    let slots_max = ((tracked as f64 / 0.75).ceil() as usize).next_power_of_two().max(SLOTS_MIN);
    let identity = format!("{k} {tracked}");
    let function = FoldAggregate::new("approx_top_k", identity, arrow.clone(), state, move || {
        Box::new(TopK { k: k as usize, slots_max, element: element.clone(), returns: arrow.clone(), groups: Vec::new() })
    });
    Ok(Typed::new(function.call(vec![item.expr], call.is_distinct), returns, false))
}

/// Counters with open addresses: as many as three quarters of the slots.
#[derive(Debug, Clone)]
struct Counters {
    slots: Vec<Option<(ScalarValue, i64)>>,
    held: usize,
    nulls: i64,
}

impl Default for Counters {
    fn default() -> Self {
        Self { slots: vec![None; SLOTS_MIN], held: 0, nulls: 0 }
    }
}

impl Counters {
    fn add(&mut self, item: ScalarValue, count: i64, slots_max: usize) {
        if item.is_null() {
            self.nulls += count;
            return;
        }
        self.put(item, count);
        if self.held <= self.slots.len() * 3 / 4 {
            return;
        }
        let length = if self.slots.len() < slots_max {
            self.slots.len() * 2
        } else {
            // The lower half of the counts goes, and as much from all others.
            let mut counts: Vec<i64> = self.slots.iter().flatten().map(|(_, count)| *count).collect();
            let middle = counts.len() / 2;
            let (_, median, _) = counts.select_nth_unstable(middle);
            let median = *median;
            for slot in &mut self.slots {
                *slot = slot.take().filter(|(_, count)| *count > median).map(|(item, count)| (item, count - median));
            }
            self.slots.len()
        };
        let old = std::mem::replace(&mut self.slots, vec![None; length]);
        self.held = 0;
        old.into_iter().flatten().for_each(|(item, count)| self.put(item, count));
    }

    fn put(&mut self, item: ScalarValue, count: i64) {
        let mask = self.slots.len() - 1;
        let mut at = spread(hash_code(&item)) as usize & mask;
        loop {
            match &mut self.slots[at] {
                Some((known, total)) if *known == item => {
                    *total += count;
                    return;
                }
                Some(_) => at = (at + 1) & mask,
                empty => {
                    *empty = Some((item, count));
                    self.held += 1;
                    return;
                }
            }
        }
    }

    /// All items, in the map's order.
    fn in_order(&self) -> Vec<(&ScalarValue, i64)> {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let (length, mask) = (self.slots.len(), self.slots.len() - 1);
        let stride = (length as f64 * GOLDEN) as usize | 1;
        (0..length).filter_map(|step| self.slots[(step * stride) & mask].as_ref()).map(|(item, count)| (item, *count)).collect()
    }

    fn top(&self, k: usize, null: &ScalarValue) -> Vec<(ScalarValue, i64)> {
        let mut items: Vec<(ScalarValue, i64)> = self.in_order().into_iter().map(|(item, count)| (item.clone(), count)).collect();
        items.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        if self.nulls > 0 {
            let at = items.partition_point(|(_, count)| *count >= self.nulls);
            items.insert(at, (null.clone(), self.nulls));
        }
        items.truncate(k);
        items
    }
}

/// The bits of a hash code stirred, as DataSketches does.
fn spread(code: i32) -> i32 {
    let mut key = i64::from(code) as u64;
    key ^= key >> 33;
    key = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
    key ^= key >> 33;
    key = key.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    key ^= key >> 33;
    key as i32
}

/// Java's hash code of a value as Spark keeps it.
fn hash_code(value: &ScalarValue) -> i32 {
    let long = |value: i64| (value ^ ((value as u64) >> 32) as i64) as i32;
    match value {
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
        ScalarValue::Float32(Some(value)) => value.to_bits() as i32,
        ScalarValue::Float64(Some(value)) => long(value.to_bits() as i64),
        ScalarValue::Utf8(Some(text)) => {
            text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
        }
        _ => 0,
    }
}

struct TopK {
    k: usize,
    slots_max: usize,
    element: Arrow,
    returns: Arrow,
    groups: Vec<Counters>,
}

impl Fold for TopK {
    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups.max(self.groups.len()), Counters::default);
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        for row in 0..values[0].len() {
            if let Some(group) = group_of(row) {
                let item = ScalarValue::try_from_array(&values[0], row).map_err(from_datafusion)?;
                self.groups[group].add(item, 1, self.slots_max);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        for (row, group) in groups.iter().enumerate() {
            let (items, counts) = (states[0].as_list::<i32>().value(row), states[1].as_list::<i32>().value(row));
            for (at, count) in counts.as_primitive::<Int64Type>().values().iter().enumerate() {
                let item = ScalarValue::try_from_array(&items, at).map_err(from_datafusion)?;
                self.groups[*group].add(item, *count, self.slots_max);
            }
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let null = ScalarValue::try_new_null(&self.element).map_err(from_datafusion)?;
        let (mut items, mut counts, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(count));
        for group in &self.groups[..count] {
            let before = items.len();
            let nulls = (group.nulls > 0).then_some((&null, group.nulls));
            for (item, total) in group.in_order().into_iter().chain(nulls) {
                items.push(item.clone());
                counts.push(total);
            }
            lengths.push(items.len() - before);
        }
        let list = |kind: &Arrow, values: ArrayRef| -> Result<ArrayRef> {
            let field = Arc::new(Field::new_list_field(kind.clone(), true));
            let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
            Ok(Arc::new(ListArray::try_new(field, offsets, values, None).map_err(from_arrow)?))
        };
        let items = fold::column_of(items, &self.element)?;
        Ok(vec![list(&self.element, items)?, list(&Arrow::Int64, Arc::new(Int64Array::from(counts)))?])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        let null = ScalarValue::try_new_null(&self.element).map_err(from_datafusion)?;
        let answers: Vec<Vec<(ScalarValue, i64)>> = self.groups[..count].iter().map(|group| group.top(self.k, &null)).collect();
        let Arrow::List(field) = &self.returns else { return Err(Error::internal("the top items are a list")) };
        let Arrow::Struct(parts) = field.data_type() else { return Err(Error::internal("an item has its count beside it")) };
        let offsets = OffsetBuffer::from_lengths(answers.iter().map(Vec::len));
        let (items, counts): (Vec<ScalarValue>, Vec<i64>) = answers.into_iter().flatten().unzip();
        let columns = vec![fold::column_of(items, &self.element)?, Arc::new(Int64Array::from(counts)) as ArrayRef];
        let structs = StructArray::try_new(parts.clone(), columns, None).map_err(from_arrow)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, Arc::new(structs), None).map_err(from_arrow)?))
    }

    fn forget(&mut self, count: usize) {
        self.groups.drain(..count);
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn bytes(&self) -> usize {
        self.groups.iter().map(|group| group.slots.len() * size_of::<Option<(ScalarValue, i64)>>()).sum()
    }
}
