//! Values that depend on where a row stands: the index of its partition, its number there, and random numbers, whose
//! generators Spark seeds with seed plus partition index.
//!
//!     rand(7) ──► marker in the expression ──analyzer──► a column made by `PartitionValue::open(partition)`
//!
//! A scalar function cannot know its partition, so a call becomes a marker ([`PartitionValue::call`]); the analyzer takes
//! markers out of expressions ([`PartitionValue::behind`]) and the engine makes their columns partition by partition.
//!
//! Not here: the operator that makes the columns (`emberflow`, `physical`).

mod poisson;
mod sampling;
mod xorshift;

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as FusionResult;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use emberflow_base::Error;

pub use sampling::{Sampler, Sampling};
use xorshift::XorShift;

use crate::errors::to_datafusion;

/// What a column made partition by partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub enum PartitionValue {
    /// `spark_partition_id()`
    Index,
    /// `monotonically_increasing_id()`: the partition's index above 33 bits of row number.
    RowId,
    /// `rand(seed)`
    Uniform(i64),
    /// `randn(seed)`
    Gaussian(i64),
    /// `uuid()`: version 4.
    Uuid(i64),
    /// `randstr(length, seed)`: letters and digits.
    Letters { seed: i64, length: u32 },
    /// Whose turn it is when rows are dealt to so many partitions.
    Turn(usize),
}

/// Makes the next so many values.
pub type Values = Box<dyn FnMut(usize) -> ArrayRef + Send>;

/// Rows a partition may have before the ids of the next begin.
const ROW_BITS: u32 = 33;

impl PartitionValue {
    pub fn arrow_type(&self) -> Arrow {
        match self {
            Self::Index | Self::Turn(_) => Arrow::Int32,
            Self::RowId => Arrow::Int64,
            Self::Uniform(_) | Self::Gaussian(_) => Arrow::Float64,
            Self::Uuid(_) | Self::Letters { .. } => Arrow::Utf8,
        }
    }

    /// The values of one partition, from its first row on.
    pub fn open(&self, partition: usize) -> Values {
        let seeded = |seed: i64| XorShift::new(seed.wrapping_add(partition as i64));
        match *self {
            Self::Index => Box::new(move |rows| Arc::new(Int32Array::from(vec![partition as i32; rows]))),
            Self::RowId => {
                let mut next = (partition as i64) << ROW_BITS;
                Box::new(move |rows| {
                    let first = next;
                    next += rows as i64;
                    Arc::new(Int64Array::from_iter_values(first..next))
                })
            }
            Self::Uniform(seed) => {
                let mut numbers = seeded(seed);
                Box::new(move |rows| Arc::new(Float64Array::from_iter_values((0..rows).map(|_| numbers.double()))))
            }
            Self::Gaussian(seed) => {
                let mut numbers = seeded(seed);
                Box::new(move |rows| Arc::new(Float64Array::from_iter_values((0..rows).map(|_| numbers.gaussian()))))
            }
            Self::Uuid(seed) => {
                let mut numbers = seeded(seed);
                Box::new(move |rows| Arc::new(StringArray::from_iter_values((0..rows).map(|_| uuid(&mut numbers)))))
            }
            Self::Letters { seed, length } => {
                let mut numbers = seeded(seed);
                let mut text = move |_| (0..length).map(|_| letter(&mut numbers)).collect::<String>();
                Box::new(move |rows| Arc::new(StringArray::from_iter_values((0..rows).map(&mut text))))
            }
            Self::Turn(partitions) => {
                let partitions = partitions.clamp(1, i32::MAX as usize) as i32;
                let mut turn = XorShift::new(partition as i64).below(partitions);
                Box::new(move |rows| {
                    let turns = (0..rows).map(|_| {
                        turn = (turn + 1) % partitions;
                        turn
                    });
                    Arc::new(Int32Array::from_iter_values(turns))
                })
            }
        }
    }

    /// The marker of a call by `name`; it cannot be evaluated where it stands.
    pub fn call(self, name: &str) -> Expr {
        let marker = Marker { name: name.to_owned(), value: self, signature: Signature::nullary(Volatility::Volatile) };
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(marker)), Vec::new()))
    }

    /// What a marker stands for.
    pub fn behind(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Marker>().map(|marker| marker.value),
            _ => None,
        }
    }
}

const LETTERS_AND_DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(numbers: &mut XorShift) -> char {
    let place = (numbers.bits(32) as i32 % 62).unsigned_abs() as usize;
    char::from(LETTERS_AND_DIGITS[place])
}

fn uuid(numbers: &mut XorShift) -> String {
    let mut word = || ((numbers.bits(32) as u64) << 32) | numbers.bits(32) as u64;
    let (high, low) = (word() & !0xF000 | 0x4000, word() & !(3 << 62) | 2 << 62);
    let hex = format!("{high:016x}{low:016x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    name: String,
    value: PartitionValue,
    signature: Signature,
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[Arrow]) -> FusionResult<Arrow> {
        Ok(self.value.arrow_type())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> FusionResult<arrow::datatypes::FieldRef> {
        Ok(Arc::new(arrow::datatypes::Field::new(&self.name, self.value.arrow_type(), false)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> FusionResult<ColumnarValue> {
        Err(to_datafusion(Error::unsupported(format!("{}() in this place", self.name))))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;

    #[test]
    fn ids_and_streams_run_on_from_batch_to_batch() {
        let mut ids = PartitionValue::RowId.open(2);
        assert_eq!(ids(2).as_primitive::<Int64Type>().values(), &[2 << 33, (2 << 33) + 1]);
        assert_eq!(ids(1).as_primitive::<Int64Type>().values(), &[(2 << 33) + 2]);
        let (mut whole, mut parts) = (PartitionValue::Uniform(42).open(1), PartitionValue::Uniform(42).open(1));
        let (first, second) = (parts(1), parts(1));
        let expected = whole(2);
        let expected = expected.as_primitive::<Float64Type>().values();
        assert_eq!(expected[..1], first.as_primitive::<Float64Type>().values()[..]);
        assert_eq!(expected[1..], second.as_primitive::<Float64Type>().values()[..]);
    }
}
