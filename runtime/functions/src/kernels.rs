//! Loops over columns of primitive values, shared by the kernels.
//!
//!     column or constant, column or constant ──► op(left, right) ──► column (or constant, when both were)
//!
//! A constant is never spread out. An operation that can fail answers a value and whether it failed; the loop itself has
//! no branches, and only when something failed are the rows looked at one by one (a failure under NULL does not count).
//! Begin at [`binary`] and [`checked_binary`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;
use emberflow_base::Error;

use crate::errors::to_datafusion;
use crate::udf::KernelResult;

/// What a failing row becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnFailure {
    Raise,
    Null,
}

enum Operand<T: ArrowPrimitiveType> {
    Column(PrimitiveArray<T>),
    Constant(Option<T::Native>),
}

fn operand<T: ArrowPrimitiveType>(value: &ColumnarValue) -> KernelResult<Operand<T>> {
    Ok(match value {
        ColumnarValue::Array(array) => Operand::Column(primitive::<T>(array)?.clone()),
        ColumnarValue::Scalar(scalar) => {
            let array = scalar.to_array()?;
            let array = primitive::<T>(&array)?;
            Operand::Constant(array.is_valid(0).then(|| array.value(0)))
        }
    })
}

/// A column as what the kernel was built for.
pub fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> KernelResult<&PrimitiveArray<T>> {
    array
        .as_primitive_opt::<T>()
        .ok_or_else(|| to_datafusion(Error::internal(format!("a kernel for {} was given {}", T::DATA_TYPE, array.data_type()))))
}

/// The argument at a place.
pub fn argument(arguments: &[ColumnarValue], at: usize) -> KernelResult<&ColumnarValue> {
    arguments.get(at).ok_or_else(|| to_datafusion(Error::internal("a kernel was given too few arguments")))
}

fn null_of(returns: &Arrow) -> KernelResult {
    Ok(ColumnarValue::Scalar(ScalarValue::try_new_null(returns)?))
}

fn column<O: ArrowPrimitiveType>(values: Vec<O::Native>, nulls: Option<NullBuffer>, returns: &Arrow) -> ArrayRef {
    Arc::new(PrimitiveArray::<O>::new(ScalarBuffer::from(values), nulls).with_data_type(returns.clone()))
}

fn constant_from(array: ArrayRef) -> KernelResult {
    Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
}

/// `op` over one column.
pub fn unary<I: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    arguments: &[ColumnarValue],
    returns: &Arrow,
    op: impl Fn(I::Native) -> O::Native,
) -> KernelResult {
    match operand::<I>(argument(arguments, 0)?)? {
        Operand::Constant(None) => null_of(returns),
        Operand::Constant(Some(value)) => constant_from(column::<O>(vec![op(value)], None, returns)),
        Operand::Column(array) => {
            let values = array.values().iter().map(|value| op(*value)).collect();
            Ok(ColumnarValue::Array(column::<O>(values, array.nulls().cloned(), returns)))
        }
    }
}

/// `op` over one column; it answers a value and whether it failed.
pub fn checked_unary<I: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    arguments: &[ColumnarValue],
    returns: &Arrow,
    on_failure: OnFailure,
    op: impl Fn(I::Native) -> (O::Native, bool),
    fail: impl Fn(I::Native) -> Error,
) -> KernelResult {
    match operand::<I>(argument(arguments, 0)?)? {
        Operand::Constant(None) => null_of(returns),
        Operand::Constant(Some(value)) => {
            let array = checked::<O>(1, None, returns, on_failure, |_| op(value), |_| fail(value), std::iter::once(op(value)))?;
            constant_from(array)
        }
        Operand::Column(array) => {
            let values = array.values();
            let nulls = array.nulls().cloned();
            let pairs = values.iter().map(|value| op(*value));
            let at = |row: usize| op(values[row]);
            Ok(ColumnarValue::Array(checked::<O>(values.len(), nulls, returns, on_failure, at, |row| fail(values[row]), pairs)?))
        }
    }
}

/// `op` over two columns.
pub fn binary<L: ArrowPrimitiveType, R: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    arguments: &[ColumnarValue],
    returns: &Arrow,
    op: impl Fn(L::Native, R::Native) -> O::Native,
) -> KernelResult {
    let (left, right) = (operand::<L>(argument(arguments, 0)?)?, operand::<R>(argument(arguments, 1)?)?);
    let made = match (left, right) {
        (Operand::Constant(None), _) | (_, Operand::Constant(None)) => return null_of(returns),
        (Operand::Constant(Some(left)), Operand::Constant(Some(right))) => {
            return constant_from(column::<O>(vec![op(left, right)], None, returns));
        }
        (Operand::Column(left), Operand::Constant(Some(right))) => {
            column::<O>(left.values().iter().map(|left| op(*left, right)).collect(), left.nulls().cloned(), returns)
        }
        (Operand::Constant(Some(left)), Operand::Column(right)) => {
            column::<O>(right.values().iter().map(|right| op(left, *right)).collect(), right.nulls().cloned(), returns)
        }
        (Operand::Column(left), Operand::Column(right)) => {
            let values = left.values().iter().zip(right.values()).map(|(left, right)| op(*left, *right)).collect();
            column::<O>(values, NullBuffer::union(left.nulls(), right.nulls()), returns)
        }
    };
    Ok(ColumnarValue::Array(made))
}

/// `op` over two columns; it answers a value and whether it failed. `fail` says why.
pub fn checked_binary<L: ArrowPrimitiveType, R: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    arguments: &[ColumnarValue],
    returns: &Arrow,
    on_failure: OnFailure,
    op: impl Fn(L::Native, R::Native) -> (O::Native, bool),
    fail: impl Fn(L::Native, R::Native) -> Error,
) -> KernelResult {
    let (left, right) = (operand::<L>(argument(arguments, 0)?)?, operand::<R>(argument(arguments, 1)?)?);
    let made = match (left, right) {
        (Operand::Constant(None), _) | (_, Operand::Constant(None)) => return null_of(returns),
        (Operand::Constant(Some(left)), Operand::Constant(Some(right))) => {
            let once = std::iter::once(op(left, right));
            return constant_from(checked::<O>(1, None, returns, on_failure, |_| op(left, right), |_| fail(left, right), once)?);
        }
        (Operand::Column(left), Operand::Constant(Some(right))) => {
            let values = left.values();
            let pairs = values.iter().map(|left| op(*left, right));
            let nulls = left.nulls().cloned();
            let at = |row: usize| op(values[row], right);
            checked::<O>(values.len(), nulls, returns, on_failure, at, |row| fail(values[row], right), pairs)?
        }
        (Operand::Constant(Some(left)), Operand::Column(right)) => {
            let values = right.values();
            let pairs = values.iter().map(|right| op(left, *right));
            let nulls = right.nulls().cloned();
            let at = |row: usize| op(left, values[row]);
            checked::<O>(values.len(), nulls, returns, on_failure, at, |row| fail(left, values[row]), pairs)?
        }
        (Operand::Column(left), Operand::Column(right)) => {
            let (lefts, rights) = (left.values(), right.values());
            let pairs = lefts.iter().zip(rights).map(|(left, right)| op(*left, *right));
            let nulls = NullBuffer::union(left.nulls(), right.nulls());
            let at = |row: usize| op(lefts[row], rights[row]);
            checked::<O>(lefts.len(), nulls, returns, on_failure, at, |row| fail(lefts[row], rights[row]), pairs)?
        }
    };
    Ok(ColumnarValue::Array(made))
}

/// Collects without branching; goes back to single rows only if any failed.
fn checked<O: ArrowPrimitiveType>(
    length: usize,
    nulls: Option<NullBuffer>,
    returns: &Arrow,
    on_failure: OnFailure,
    at: impl Fn(usize) -> (O::Native, bool),
    fail: impl Fn(usize) -> Error,
    pairs: impl Iterator<Item = (O::Native, bool)>,
) -> KernelResult<ArrayRef> {
    let mut any = false;
    let mut values = Vec::with_capacity(length);
    values.extend(pairs.map(|(value, failed)| {
        any |= failed;
        value
    }));
    if !any {
        return Ok(column::<O>(values, nulls, returns));
    }
    let is_valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    if on_failure == OnFailure::Raise {
        return match (0..length).find(|row| is_valid(*row) && at(*row).1) {
            Some(row) => Err(to_datafusion(fail(row))),
            None => Ok(column::<O>(values, nulls, returns)),
        };
    }
    let valid = BooleanBuffer::collect_bool(length, |row| is_valid(row) && !at(row).1);
    Ok(column::<O>(values, Some(NullBuffer::new(valid)), returns))
}
