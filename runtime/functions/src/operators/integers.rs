//! Integer arithmetic: checked under ANSI, NULL under `try_`, wrapping otherwise.
//!
//! Not here: which type the operands get (`arithmetic`). Begin at [`build`].

use arrow::array::{
    ArrowPrimitiveType,
    types::{Int8Type, Int16Type, Int32Type, Int64Type},
};
use arrow::datatypes::ArrowNativeType;
use datafusion::logical_expr::{ColumnarValue, Expr};
use emberflow_base::Error;
use emberflow_plan::DataType;

use super::arithmetic::{Arithmetic, divided_by_zero, overflow, remainder_by_zero};
use crate::cast::EvalMode;
use crate::kernels::{OnFailure, binary, checked_binary, checked_unary, unary};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult, Risk};

/// What integer types can do, as plain functions.
pub trait Integer: ArrowNativeType {
    const ZERO: Self;
    const MINUS_ONE: Self;
    const SMALLEST: Self;
    fn add(self, other: Self) -> (Self, bool);
    fn subtract(self, other: Self) -> (Self, bool);
    fn multiply(self, other: Self) -> (Self, bool);
    fn negate(self) -> (Self, bool);
    fn quotient(self, other: Self) -> Self;
    fn remainder(self, other: Self) -> Self;
    fn positive_modulus(self, other: Self) -> Self;
    /// As Spark writes the constant in messages.
    fn text(self) -> String;
}

macro_rules! integer {
    ($native:ty, $suffix:literal) => {
        impl Integer for $native {
            const ZERO: Self = 0;
            const MINUS_ONE: Self = -1;
            const SMALLEST: Self = <$native>::MIN;
            fn add(self, other: Self) -> (Self, bool) {
                self.overflowing_add(other)
            }
            fn subtract(self, other: Self) -> (Self, bool) {
                self.overflowing_sub(other)
            }
            fn multiply(self, other: Self) -> (Self, bool) {
                self.overflowing_mul(other)
            }
            fn negate(self) -> (Self, bool) {
                self.overflowing_neg()
            }
            fn quotient(self, other: Self) -> Self {
                self.wrapping_div(other)
            }
            fn remainder(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }
            // The remainder takes the divisor's sign only when it has to be made non-negative.
            fn positive_modulus(self, other: Self) -> Self {
                let remainder = self.remainder(other);
                if remainder < 0 { remainder.wrapping_add(other).remainder(other) } else { remainder }
            }
            fn text(self) -> String {
                format!("{self}{}", $suffix)
            }
        }
    };
}

integer!(i8, "S");
integer!(i16, "S");
integer!(i32, "");
integer!(i64, "L");

/// `left op right` over two operands of the same integer type.
pub fn build(op: Arithmetic, data_type: &DataType, mode: EvalMode, nullable: bool, arguments: Vec<Expr>) -> Expr {
    match data_type {
        DataType::Byte => typed::<Int8Type>(op, data_type, mode, nullable, arguments),
        DataType::Short => typed::<Int16Type>(op, data_type, mode, nullable, arguments),
        DataType::Int => typed::<Int32Type>(op, data_type, mode, nullable, arguments),
        _ => typed::<Int64Type>(op, data_type, mode, nullable, arguments),
    }
}

fn typed<T>(op: Arithmetic, data_type: &DataType, mode: EvalMode, nullable: bool, arguments: Vec<Expr>) -> Expr
where
    T: ArrowPrimitiveType,
    T::Native: Integer,
{
    let returns = to_arrow(data_type);
    let divides = matches!(op, Arithmetic::Remainder | Arithmetic::PositiveModulus | Arithmetic::IntegralDivide);
    let name = Kernel::new(op.name(), returns.clone(), nullable || divides || mode == EvalMode::Try);
    let kernel = name.of(format!("{},{mode:?}", data_type.simple_string())).risks(if mode != EvalMode::Ansi {
        Risk::None
    } else if divides {
        Risk::Other
    } else {
        Risk::Overflow
    });
    kernel.run(move |arguments, _| run::<T>(op, mode, arguments, &returns)).call(arguments)
}

fn run<T>(op: Arithmetic, mode: EvalMode, arguments: &[ColumnarValue], returns: &arrow::datatypes::DataType) -> KernelResult
where
    T: ArrowPrimitiveType,
    T::Native: Integer,
{
    let on_failure = if mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null };
    let wraps = mode == EvalMode::Legacy;
    let small = size_of::<T::Native>() < 4;
    let zero = T::Native::ZERO;
    match op {
        Arithmetic::Add if wraps => binary::<T, T, T>(arguments, returns, |left, right| left.add(right).0),
        Arithmetic::Subtract if wraps => binary::<T, T, T>(arguments, returns, |left, right| left.subtract(right).0),
        Arithmetic::Multiply if wraps => binary::<T, T, T>(arguments, returns, |left, right| left.multiply(right).0),
        Arithmetic::Add => checked_binary::<T, T, T>(arguments, returns, on_failure, Integer::add, |left, right| {
            too_large(op, small, left, right)
        }),
        Arithmetic::Subtract => checked_binary::<T, T, T>(arguments, returns, on_failure, Integer::subtract, |left, right| {
            too_large(op, small, left, right)
        }),
        Arithmetic::Multiply => checked_binary::<T, T, T>(arguments, returns, on_failure, Integer::multiply, |left, right| {
            too_large(op, small, left, right)
        }),
        Arithmetic::IntegralDivide => divide::<T>(arguments, returns, on_failure, wraps),
        Arithmetic::Remainder => checked_binary::<T, T, T>(
            arguments,
            returns,
            on_failure,
            |left, right| (left.remainder(right), right == zero),
            |_, _| remainder_by_zero(),
        ),
        Arithmetic::PositiveModulus => checked_binary::<T, T, T>(
            arguments,
            returns,
            on_failure,
            |left, right| (left.positive_modulus(right), right == zero),
            |_, _| remainder_by_zero(),
        ),
        Arithmetic::Divide => Err(crate::errors::to_datafusion(Error::internal("integers divide as doubles"))),
    }
}

fn divide<T>(
    arguments: &[ColumnarValue],
    returns: &arrow::datatypes::DataType,
    on_failure: OnFailure,
    wraps: bool,
) -> KernelResult
where
    T: ArrowPrimitiveType,
    T::Native: Integer,
{
    let (zero, minus_one, smallest) = (T::Native::ZERO, T::Native::MINUS_ONE, T::Native::SMALLEST);
    let op = |left: T::Native, right: T::Native| {
        if right == zero {
            return (zero, true);
        }
        if right == minus_one {
            let (value, over) = left.negate();
            return (value, over && !wraps);
        }
        (left.quotient(right), false)
    };
    checked_binary::<T, T, T>(arguments, returns, on_failure, op, |left, right| {
        if right == minus_one && left == smallest {
            overflow("Overflow in integral divide", "try_divide")
        } else {
            divided_by_zero()
        }
    })
}

fn too_large<N: Integer>(op: Arithmetic, small: bool, left: N, right: N) -> Error {
    if small {
        return Error::new("BINARY_ARITHMETIC_OVERFLOW")
            .with("value1", left.text())
            .with("symbol", op.sign())
            .with("value2", right.text())
            .with("functionName", format!("`{}`", op.try_name()));
    }
    overflow("overflow", op.try_name())
}

/// `-x` and `abs(x)`.
pub fn negate(data_type: &DataType, absolute: bool, ansi: bool, nullable: bool, argument: Expr) -> Expr {
    match data_type {
        DataType::Byte => negate_typed::<Int8Type>(data_type, absolute, ansi, nullable, argument),
        DataType::Short => negate_typed::<Int16Type>(data_type, absolute, ansi, nullable, argument),
        DataType::Int => negate_typed::<Int32Type>(data_type, absolute, ansi, nullable, argument),
        _ => negate_typed::<Int64Type>(data_type, absolute, ansi, nullable, argument),
    }
}

fn negate_typed<T>(data_type: &DataType, absolute: bool, ansi: bool, nullable: bool, argument: Expr) -> Expr
where
    T: ArrowPrimitiveType,
    T::Native: Integer,
{
    let returns = to_arrow(data_type);
    let name = if absolute { "abs" } else { "negative" };
    let kernel = Kernel::new(name, returns.clone(), nullable).of(format!("{},{ansi}", data_type.simple_string()));
    let op = move |value: T::Native| {
        if absolute && value >= T::Native::ZERO { (value, false) } else { value.negate() }
    };
    kernel
        .risks(if ansi { Risk::Overflow } else { Risk::None })
        .run(move |arguments, _| {
            if ansi {
                checked_unary::<T, T>(arguments, &returns, OnFailure::Raise, op, |_| overflow("overflow", ""))
            } else {
                unary::<T, T>(arguments, &returns, |value| op(value).0)
            }
        })
        .call(vec![argument])
}
