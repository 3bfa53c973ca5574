//! `sum`, `avg` and their forgiving twins.
//!
//! Whole numbers up to int cannot overflow a bigint in practice and use DataFusion's sum; bigint and wide decimals are
//! checked at every addition. Averages of decimals divide half up, as Spark does.

use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType as Arrow, Decimal128Type, DurationMicrosecondType, Int64Type, IntervalYearMonthType, i256,
};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use super::aggregated;
use super::fold::{Fold, FoldAggregate};
use crate::arguments::convert;
use crate::call::{Call, Typed};
use crate::kernel::{Kernel, primitives};
use crate::types::to_arrow;

/// What happens when a sum no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Overflow {
    Raise,
    Null,
    Wrap,
}

/// `sum(x)`
pub fn sum(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let distinct = call.is_distinct;
    summed(&call, distinct, if call.context.ansi { Overflow::Raise } else { Overflow::Wrap })
}

/// `sum_distinct(x)`
pub fn sum_distinct(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    summed(&call, true, if call.context.ansi { Overflow::Raise } else { Overflow::Wrap })
}

/// `try_sum(x)`: NULL where `sum` would overflow.
pub fn try_sum(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    summed(&call, call.is_distinct, Overflow::Null)
}

fn summed(call: &Call<'_>, distinct: bool, overflow: Overflow) -> Result<Typed> {
    let argument = summable(call)?;
    match argument.data_type.clone() {
        DataType::Byte | DataType::Short | DataType::Int => {
            let wide = convert(argument, &DataType::Long, &call.context)?;
            Ok(Typed::new(aggregated(sum_udaf(), vec![wide.expr], distinct), DataType::Long, true))
        }
        DataType::Long => Ok(Typed::new(checked_long(argument.expr, distinct, overflow), DataType::Long, true)),
        DataType::Decimal { precision, scale } => {
            let kind = DataType::decimal((precision + 10).min(38), scale);
            Ok(Typed::new(sum_decimal(argument.expr, precision, &kind, distinct, overflow), kind, true))
        }
        DataType::Float | DataType::Double => {
            let wide = convert(argument, &DataType::Double, &call.context)?;
            Ok(Typed::new(aggregated(sum_udaf(), vec![wide.expr], distinct), DataType::Double, true))
        }
        interval => Ok(Typed::new(aggregated(sum_udaf(), vec![argument.expr], distinct), interval, true)),
    }
}

fn summable(call: &Call<'_>) -> Result<Typed> {
    match call.type_of(0) {
        DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. } => call.argument(0),
        kind if kind.is_numeric() || kind.is_string() || *kind == DataType::Null => call.numeric(0),
        _ => Err(call.wants(0, "\"NUMERIC\" or \"ANSI INTERVAL\"")),
    }
}

fn checked_long(argument: Expr, distinct: bool, overflow: Overflow) -> Expr {
    let make = move || Box::new(CheckedSum::<Int64Type>::new(Arrow::Int64, overflow, i64::MAX)) as Box<dyn Fold>;
    let state = vec![Arrow::Int64, Arrow::Boolean];
    FoldAggregate::new("sum", format!("{overflow:?}"), Arrow::Int64, state, make).call(vec![argument], distinct)
}

fn sum_decimal(argument: Expr, precision: u8, kind: &DataType, distinct: bool, overflow: Overflow) -> Expr {
    if precision <= 28 {
        return aggregated(sum_udaf(), vec![argument], distinct);
    }
    let overflow = if overflow == Overflow::Wrap { Overflow::Null } else { overflow };
    let returns = to_arrow(kind);
    let held = returns.clone();
    let most = 10_i128.pow(38) - 1;
    let make = move || Box::new(CheckedSum::<Decimal128Type>::new(held.clone(), overflow, most)) as Box<dyn Fold>;
    let state = vec![returns.clone(), Arrow::Boolean];
    FoldAggregate::new("sum", format!("{overflow:?}"), returns, state, make).call(vec![argument], distinct)
}

/// `avg(x)`
pub fn avg(call: Call<'_>) -> Result<Typed> {
    averaged(call, false)
}

/// `try_avg(x)`: NULL where `avg` would overflow.
pub fn try_avg(call: Call<'_>) -> Result<Typed> {
    averaged(call, true)
}

fn averaged(call: Call<'_>, forgiving: bool) -> Result<Typed> {
    call.arity(&[1])?;
    let distinct = call.is_distinct;
    let argument = summable(&call)?;
    match argument.data_type {
        DataType::Decimal { precision, scale } => {
            let raise = call.context.ansi && !forgiving;
            Ok(average_of_decimals(argument.expr, precision, scale, distinct, raise))
        }
        ref kind if kind.is_interval() => Ok(average_of_intervals(argument, distinct)),
        _ => {
            let wide = convert(argument, &DataType::Double, &call.context)?.expr;
            let expr = if distinct {
                let count = aggregated(count_udaf(), vec![wide.clone()], true);
                aggregated(sum_udaf(), vec![wide], true) / datafusion::logical_expr::cast(count, Arrow::Float64)
            } else {
                aggregated(avg_udaf(), vec![wide], false)
            };
            Ok(Typed::new(expr, DataType::Double, true))
        }
    }
}

fn average_of_decimals(argument: Expr, precision: u8, scale: i8, distinct: bool, raise: bool) -> Typed {
    let total_kind = DataType::decimal((precision + 10).min(38), scale);
    let kind = DataType::decimal((precision + 4).min(38), (scale + 4).min(38));
    let overflow = if raise { Overflow::Raise } else { Overflow::Null };
    let total = sum_decimal(argument.clone(), precision, &total_kind, distinct, overflow);
    let count = aggregated(count_udaf(), vec![argument], distinct);
    let (to_precision, to_scale) = ((precision + 4).min(38), (scale + 4).min(38));
    let divide = Kernel::new("avg", &kind, true, move |columns| {
        let totals = columns.numbers::<Decimal128Type>(0)?;
        let counts = columns.numbers::<Int64Type>(1)?;
        let quotients = primitives::<Decimal128Type>(columns.rows, |row| match (totals.at(row), counts.at(row)) {
            (Some(total), Some(count)) if count > 0 => quotient(total, count, to_scale - scale, to_precision, raise),
            _ => Ok(None),
        })?;
        let quotients = quotients.as_primitive::<Decimal128Type>().clone();
        Ok(Arc::new(quotients.with_data_type(Arrow::Decimal128(to_precision, to_scale))))
    });
    let identity = format!("{scale} {raise}");
    Typed::new(divide.identity(identity).call(vec![total, count]), kind, true)
}

/// The sum of intervals over their number, half up.
fn average_of_intervals(argument: Typed, distinct: bool) -> Typed {
    let kind = match argument.data_type {
        DataType::YearMonthInterval { .. } => DataType::year_month(),
        _ => DataType::day_time(),
    };
    let total = aggregated(sum_udaf(), vec![argument.expr.clone()], distinct);
    let count = aggregated(count_udaf(), vec![argument.expr], distinct);
    let of_months = kind == DataType::year_month();
    let divide = Kernel::new("avg", &kind, true, move |columns| {
        let counts = columns.numbers::<Int64Type>(1)?;
        let each = |row: usize, total: Option<i64>| match (total, counts.at(row)) {
            (Some(total), Some(count)) if count > 0 => quotient(i128::from(total), count, 0, 38, false),
            _ => Ok(None),
        };
        if of_months {
            let totals = columns.numbers::<IntervalYearMonthType>(0)?;
            return primitives::<IntervalYearMonthType>(columns.rows, |row| {
                Ok(each(row, totals.at(row).map(i64::from))?.and_then(|months| i32::try_from(months).ok()))
            });
        }
        let totals = columns.numbers::<DurationMicrosecondType>(0)?;
        primitives::<DurationMicrosecondType>(columns.rows, |row| {
            Ok(each(row, totals.at(row))?.and_then(|micros| i64::try_from(micros).ok()))
        })
    });
    Typed::new(divide.call(vec![total, count]), kind, true)
}

/// `total / count` with `more` further digits, half up.
fn quotient(total: i128, count: i64, more: i8, precision: u8, raise: bool) -> Result<Option<i128>> {
    let factor = 10_i128.pow(u32::from(more.unsigned_abs()));
    let count = i128::from(count);
    let rounded = match total.checked_mul(factor) {
        Some(scaled) => {
            let (whole, rest) = (scaled / count, scaled % count);
            if rest.abs() * 2 >= count { whole + scaled.signum() } else { whole }
        }
        None => {
            let scaled = i256::from_i128(total).wrapping_mul(i256::from_i128(factor));
            let (whole, rest) = (scaled.wrapping_div(i256::from_i128(count)), scaled.wrapping_rem(i256::from_i128(count)));
            let up = rest.wrapping_abs().wrapping_mul(i256::from_i128(2)) >= i256::from_i128(count);
            let step = if up { i256::from_i128(total.signum()) } else { i256::ZERO };
            whole.wrapping_add(step).to_i128().unwrap_or(i128::MAX)
        }
    };
    if rounded.unsigned_abs() < 10_u128.pow(u32::from(precision)) {
        return Ok(Some(rounded));
    }
    if raise { Err(overflowed("avg")) } else { Ok(None) }
}

fn overflowed(what: &str) -> Error {
    Error::new("ARITHMETIC_OVERFLOW")
        .with("message", format!("Overflow in {what} of decimal."))
        .with("alternative", format!(" Use 'try_{what}' to tolerate overflow and return NULL instead."))
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// A whole number whose size is cheap to bound.
trait Whole: Copy {
    /// The bits of the value without its sign: a value and its neighbours lie below twice this.
    fn bits(self) -> u128;
}

impl Whole for i64 {
    #[inline]
    fn bits(self) -> u128 {
        u128::from((self ^ (self >> 63)) as u64)
    }
}

impl Whole for i128 {
    #[inline]
    fn bits(self) -> u128 {
        (self ^ (self >> 127)) as u128
    }
}

/// Sums that notice when they no longer fit. State: the sum and whether it overflowed.
///
/// While all values seen so far cannot overflow the machine's number, whatever their order (`reach`), additions need no
/// check; whether a sum fits its decimal type is then asked once, at the end.
struct CheckedSum<T: ArrowPrimitiveType> {
    kind: Arrow,
    overflow: Overflow,
    most: T::Native,
    /// No sum can be larger than this.
    reach: u128,
    sums: Vec<T::Native>,
    any: Vec<bool>,
    lost: Vec<bool>,
    native: PhantomData<fn() -> T>,
}

impl<T: ArrowPrimitiveType> CheckedSum<T>
where
    T::Native: Whole,
{
    fn new(kind: Arrow, overflow: Overflow, most: T::Native) -> Self {
        Self { kind, overflow, most, reach: 0, sums: vec![], any: vec![], lost: vec![], native: PhantomData }
    }

    /// Whether these values can be added without looking.
    fn is_safe(&mut self, values: &[T::Native]) -> bool {
        let bits = values.iter().fold(0_u128, |bits, value| bits | value.bits());
        let largest = 1_u128.checked_shl(128 - bits.leading_zeros()).unwrap_or(u128::MAX);
        self.reach = self.reach.saturating_add(largest.saturating_mul(values.len() as u128));
        let limit = if size_of::<T::Native>() == 8 { i64::MAX as u128 } else { i128::MAX as u128 };
        self.reach < limit
    }

    fn fits(&self, sum: T::Native) -> bool {
        sum.is_le(self.most) && sum.is_ge(self.most.neg_wrapping().sub_wrapping(slack::<T>(self.most)))
    }

    #[inline]
    fn add(&mut self, group: usize, value: T::Native) -> Result<()> {
        self.any[group] = true;
        match self.sums[group].add_checked(value) {
            Ok(sum) if self.fits(sum) => {
                self.sums[group] = sum;
                Ok(())
            }
            _ => self.lose(group, value),
        }
    }

    #[inline]
    fn put(&mut self, group: usize, value: T::Native, safe: bool) -> Result<()> {
        if !safe {
            return self.add(group, value);
        }
        self.any[group] = true;
        self.sums[group] = self.sums[group].add_wrapping(value);
        Ok(())
    }

    /// Sums that outgrew their type while nobody looked.
    fn settle(&mut self) -> Result<()> {
        for group in 0..self.sums.len() {
            if !self.fits(self.sums[group]) {
                self.lose(group, T::Native::ZERO)?;
            }
        }
        Ok(())
    }

    fn lose(&mut self, group: usize, value: T::Native) -> Result<()> {
        match self.overflow {
            Overflow::Raise => Err(Error::new("ARITHMETIC_OVERFLOW")
                .with("message", if T::DATA_TYPE == Arrow::Int64 { "overflow" } else { "Overflow in sum of decimals." })
                .with("alternative", " Use 'try_add' to tolerate overflow and return NULL instead.")
                .with("config", "\"spark.sql.ansi.enabled\"")),
            Overflow::Null => {
                self.lost[group] = true;
                Ok(())
            }
            Overflow::Wrap => {
                self.sums[group] = self.sums[group].add_wrapping(value);
                Ok(())
            }
        }
    }
}

/// A bigint reaches one further down than up; a decimal does not.
fn slack<T: ArrowPrimitiveType>(most: T::Native) -> T::Native {
    if most.add_checked(T::Native::ONE).is_err() { T::Native::ONE } else { T::Native::ZERO }
}

impl<T: ArrowPrimitiveType> Fold for CheckedSum<T>
where
    T::Native: Whole,
{
    fn grow(&mut self, groups: usize) {
        if groups > self.sums.len() {
            self.sums.resize(groups, T::Native::ZERO);
            self.any.resize(groups, false);
            self.lost.resize(groups, false);
        }
    }

    fn update_all(&mut self, values: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let column = values[0].as_primitive::<T>();
        if column.null_count() > 0 || !self.is_safe(column.values()) {
            return self.update(values, &|row| groups.get(row).copied());
        }
        for (value, group) in column.values().iter().zip(groups) {
            self.sums[*group] = self.sums[*group].add_wrapping(*value);
            self.any[*group] = true;
        }
        Ok(())
    }

    fn update_one(&mut self, values: &[ArrayRef]) -> Result<()> {
        let column = values[0].as_primitive::<T>();
        if column.null_count() > 0 || column.is_empty() || !self.is_safe(column.values()) {
            return self.update(values, &|_| Some(0));
        }
        let sum = column.values().iter().fold(T::Native::ZERO, |sum, value| sum.add_wrapping(*value));
        self.sums[0] = self.sums[0].add_wrapping(sum);
        self.any[0] = true;
        Ok(())
    }

    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()> {
        let column = values[0].as_primitive::<T>();
        let safe = self.is_safe(column.values());
        for row in 0..column.len() {
            if column.is_valid(row)
                && let Some(group) = group_of(row)
            {
                self.put(group, column.value(row), safe)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let (sums, lost) = (states[0].as_primitive::<T>(), states[1].as_boolean());
        let safe = self.is_safe(sums.values());
        for (row, group) in groups.iter().enumerate() {
            if lost.is_valid(row) && lost.value(row) {
                self.lost[*group] = true;
                self.any[*group] = true;
            } else if sums.is_valid(row) {
                self.put(*group, sums.value(row), safe)?;
            }
        }
        Ok(())
    }

    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.finish(count)?, Arc::new(BooleanArray::from(self.lost[..count].to_vec()))])
    }

    fn finish(&mut self, count: usize) -> Result<ArrayRef> {
        self.settle()?;
        let valid: Vec<bool> = (0..count).map(|group| self.any[group] && !self.lost[group]).collect();
        let sums = PrimitiveArray::<T>::new(self.sums[..count].to_vec().into(), Some(NullBuffer::from(valid)));
        Ok(Arc::new(sums.with_data_type(self.kind.clone())))
    }

    fn forget(&mut self, count: usize) {
        self.sums.drain(..count);
        self.any.drain(..count);
        self.lost.drain(..count);
    }

    fn groups(&self) -> usize {
        self.sums.len()
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.any.capacity() + self.lost.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Int64Array};

    fn sum_of(values: Vec<Option<i64>>, overflow: Overflow) -> Result<Option<i64>> {
        let mut fold = CheckedSum::<Int64Type>::new(Arrow::Int64, overflow, i64::MAX);
        fold.grow(1);
        for value in values {
            fold.update_one(&[Arc::new(Int64Array::from(vec![value]))])?;
        }
        let sums = fold.finish(1)?;
        let sums = sums.as_primitive::<Int64Type>();
        Ok(sums.is_valid(0).then(|| sums.value(0)))
    }

    #[test]
    fn a_bigint_that_overflows_raises_wraps_or_is_null() {
        let beyond = vec![Some(i64::MAX), None, Some(1)];
        assert_eq!(sum_of(beyond.clone(), Overflow::Raise).unwrap_err().condition(), "ARITHMETIC_OVERFLOW");
        assert_eq!(sum_of(beyond.clone(), Overflow::Null).unwrap(), None);
        assert_eq!(sum_of(beyond, Overflow::Wrap).unwrap(), Some(i64::MIN));
        assert_eq!(sum_of(vec![Some(i64::MIN), Some(i64::MAX)], Overflow::Raise).unwrap(), Some(-1));
        assert_eq!(sum_of(vec![None, None], Overflow::Raise).unwrap(), None);
    }

    #[test]
    fn a_decimal_is_measured_against_its_digits_at_the_end() {
        let nines = 10_i128.pow(38) - 1;
        let column =
            |values: Vec<i128>| -> ArrayRef { Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 0).unwrap()) };
        let mut fold = CheckedSum::<Decimal128Type>::new(Arrow::Decimal128(38, 0), Overflow::Null, nines);
        fold.grow(2);
        fold.update_all(&[column(vec![1, 2, 3])], &[0, 1, 0]).unwrap();
        fold.update_all(&[column(vec![nines])], &[1]).unwrap();
        let sums = fold.finish(2).unwrap();
        assert_eq!(sums.as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>(), vec![Some(4), None]);
    }

    #[test]
    fn averages_of_decimals_round_half_up() {
        assert_eq!(quotient(5, 2, 0, 10, true).unwrap(), Some(3));
        assert_eq!(quotient(-5, 2, 0, 10, true).unwrap(), Some(-3));
        assert_eq!(quotient(1, 3, 4, 10, true).unwrap(), Some(3333));
        assert_eq!(quotient(10_i128.pow(37), 3, 4, 38, true).unwrap_err().condition(), "ARITHMETIC_OVERFLOW");
    }
}
