//! Arithmetic of FLOAT and DOUBLE: IEEE, with one NaN (positive, so that it sorts above every number) and with division
//! by zero as Spark has it.
//!
//! Not here: which type the operands get (`arithmetic`). Begin at [`build`].

use arrow::array::ArrowPrimitiveType;
use arrow::array::types::{Float32Type, Float64Type};
use arrow::datatypes::DataType as Arrow;
use datafusion::logical_expr::{ColumnarValue, Expr};
use emberflow_base::Error;
use emberflow_plan::DataType;

use super::arithmetic::{Arithmetic, divided_by_zero, remainder_by_zero};
use crate::cast::EvalMode;
use crate::errors::to_datafusion;
use crate::kernels::{OnFailure, binary, checked_binary, unary};
use crate::types::to_arrow;
use crate::udf::{Kernel, KernelResult};

/// What both widths can do.
pub trait Float: Copy + PartialEq {
    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
    fn divide(self, other: Self) -> Self;
    fn remainder(self, other: Self) -> Self;
    fn positive_modulus(self, other: Self) -> Self;
    fn negate(self) -> Self;
    fn absolute(self) -> Self;
    fn is_zero(self) -> bool;
    /// One NaN, one zero.
    fn normal(self) -> Self;
}

macro_rules! float {
    ($native:ty) => {
        impl Float for $native {
            fn add(self, other: Self) -> Self {
                one_nan(self + other)
            }
            fn subtract(self, other: Self) -> Self {
                one_nan(self - other)
            }
            fn multiply(self, other: Self) -> Self {
                one_nan(self * other)
            }
            fn divide(self, other: Self) -> Self {
                one_nan(self / other)
            }
            fn remainder(self, other: Self) -> Self {
                one_nan(self % other)
            }
            fn positive_modulus(self, other: Self) -> Self {
                let remainder = self % other;
                one_nan(if remainder < 0.0 { (remainder + other) % other } else { remainder })
            }
            fn negate(self) -> Self {
                one_nan(-self)
            }
            fn absolute(self) -> Self {
                self.abs()
            }
            fn is_zero(self) -> bool {
                self == 0.0
            }
            fn normal(self) -> Self {
                one_nan(self + 0.0)
            }
        }
    };
}

float!(f32);
float!(f64);

fn one_nan<F: NotANumber>(value: F) -> F {
    if value.is_not_a_number() { F::NOT_A_NUMBER } else { value }
}

trait NotANumber: Copy {
    const NOT_A_NUMBER: Self;
    fn is_not_a_number(self) -> bool;
}

impl NotANumber for f32 {
    const NOT_A_NUMBER: Self = f32::NAN;
    fn is_not_a_number(self) -> bool {
        self.is_nan()
    }
}

impl NotANumber for f64 {
    const NOT_A_NUMBER: Self = f64::NAN;
    fn is_not_a_number(self) -> bool {
        self.is_nan()
    }
}

/// `left op right` over two operands of the same type.
pub fn build(op: Arithmetic, data_type: &DataType, mode: EvalMode, nullable: bool, arguments: Vec<Expr>) -> Expr {
    match data_type {
        DataType::Float => typed::<Float32Type>(op, data_type, mode, nullable, arguments),
        _ => typed::<Float64Type>(op, data_type, mode, nullable, arguments),
    }
}

fn typed<T>(op: Arithmetic, data_type: &DataType, mode: EvalMode, nullable: bool, arguments: Vec<Expr>) -> Expr
where
    T: ArrowPrimitiveType,
    T::Native: Float,
{
    let returns = to_arrow(data_type);
    let divides = !matches!(op, Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply);
    let kernel = Kernel::new(op.name(), returns.clone(), nullable || divides);
    kernel
        .of(format!("{},{mode:?}", data_type.simple_string()))
        .fallible_if(divides && mode == EvalMode::Ansi)
        .run(move |arguments, _| run::<T>(op, mode, arguments, &returns))
        .call(arguments)
}

fn run<T>(op: Arithmetic, mode: EvalMode, arguments: &[ColumnarValue], returns: &Arrow) -> KernelResult
where
    T: ArrowPrimitiveType,
    T::Native: Float,
{
    let on_failure = if mode == EvalMode::Ansi { OnFailure::Raise } else { OnFailure::Null };
    match op {
        Arithmetic::Add => binary::<T, T, T>(arguments, returns, Float::add),
        Arithmetic::Subtract => binary::<T, T, T>(arguments, returns, Float::subtract),
        Arithmetic::Multiply => binary::<T, T, T>(arguments, returns, Float::multiply),
        Arithmetic::Divide => {
            let op = |left: T::Native, right: T::Native| (left.divide(right), right.is_zero());
            checked_binary::<T, T, T>(arguments, returns, on_failure, op, |_, _| divided_by_zero())
        }
        Arithmetic::Remainder => {
            let op = |left: T::Native, right: T::Native| (left.remainder(right), right.is_zero());
            checked_binary::<T, T, T>(arguments, returns, on_failure, op, |_, _| remainder_by_zero())
        }
        Arithmetic::PositiveModulus => {
            let op = |left: T::Native, right: T::Native| (left.positive_modulus(right), right.is_zero());
            checked_binary::<T, T, T>(arguments, returns, on_failure, op, |_, _| remainder_by_zero())
        }
        Arithmetic::IntegralDivide => Err(to_datafusion(Error::internal("floats have no integral division"))),
    }
}

/// `-x` and `abs(x)`.
pub fn negate(data_type: &DataType, absolute: bool, nullable: bool, argument: Expr) -> Expr {
    let name = if absolute { "abs" } else { "negative" };
    match data_type {
        DataType::Float => {
            map::<Float32Type>(name, data_type, nullable, argument, if absolute { f32::absolute } else { f32::negate })
        }
        _ => map::<Float64Type>(name, data_type, nullable, argument, if absolute { f64::absolute } else { f64::negate }),
    }
}

/// One NaN and one zero, so that comparing bits compares values.
pub fn normalized(data_type: &DataType, nullable: bool, argument: Expr) -> Expr {
    match data_type {
        DataType::Float => map::<Float32Type>("normalized", data_type, nullable, argument, f32::normal),
        _ => map::<Float64Type>("normalized", data_type, nullable, argument, f64::normal),
    }
}

fn map<T>(name: &str, data_type: &DataType, nullable: bool, argument: Expr, op: fn(T::Native) -> T::Native) -> Expr
where
    T: ArrowPrimitiveType,
{
    let returns = to_arrow(data_type);
    let kernel = Kernel::new(name, returns.clone(), nullable).of(data_type.simple_string());
    kernel.run(move |arguments, _| unary::<T, T>(arguments, &returns, op)).call(vec![argument])
}
