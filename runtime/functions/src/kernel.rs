//! Scalar functions written as closures over typed columns, on top of [`crate::udf`].
//!
//!     columns of one batch ──► [ Columns: typed views, literals not repeated ] ──► closure ──► one array
//!
//! Two kernels are the same expression when name, result type and `identity` agree, so whatever a closure captures
//! beside its arguments must be said in `identity` (the optimizer merges equal expressions).
//! Arguments are never coerced here: builders have done that. Not here: what functions compute. Begin at [`Kernel::call`].

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, ListArray, MapArray, PrimitiveArray, StringArray,
    StructArray,
};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, Expr};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::Typed;
use crate::errors::to_datafusion;
use crate::types::to_arrow;
use crate::udf;

/// What a kernel computes over one batch.
pub type Run = dyn Fn(&Columns) -> Result<ArrayRef> + Send + Sync;

/// A scalar function made of a closure over [`Columns`].
pub struct Kernel {
    inner: udf::Kernel,
    is_volatile: bool,
    run: Box<Run>,
}

impl Kernel {
    /// A kernel that gives the same answer for the same arguments.
    pub fn new(
        name: impl AsRef<str>,
        returns: &DataType,
        nullable: bool,
        run: impl Fn(&Columns) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let mut inner = udf::Kernel::new(name.as_ref(), to_arrow(returns), nullable);
        if returns.is_collated() {
            // Columns of text alike, yet not compared alike.
            inner = inner.of(returns.simple_string());
        }
        Self { inner, is_volatile: false, run: Box::new(run) }
    }

    /// Says what the closure captured, so that different captures are different expressions.
    pub fn identity(mut self, identity: impl fmt::Display) -> Self {
        self.inner = self.inner.of(identity);
        self
    }

    /// Evaluated once per row even for equal arguments (random numbers).
    pub fn volatile(mut self) -> Self {
        self.inner = self.inner.volatile();
        self.is_volatile = true;
        self
    }

    /// Some input makes it raise an error.
    pub fn fallible_if(mut self, fallible: bool) -> Self {
        self.inner = self.inner.fallible_if(fallible);
        self
    }

    /// The expression that applies the kernel.
    pub fn call(self, arguments: Vec<Expr>) -> Expr {
        let (run, is_volatile) = (self.run, self.is_volatile);
        let body = move |values: &[ColumnarValue], rows: usize| {
            let constant = !is_volatile && values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
            let columns = Columns { values: values.to_vec(), rows: if constant { 1 } else { rows } };
            let result = run(&columns).map_err(to_datafusion)?;
            if constant {
                return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
            }
            Ok(ColumnarValue::Array(result))
        };
        self.inner.run(body).call(arguments)
    }
}

/// The shortest way from a closure to a typed expression.
pub fn kernel(
    name: &str,
    arguments: Vec<Typed>,
    returns: DataType,
    nullable: bool,
    run: impl Fn(&Columns) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
    Typed::new(Kernel::new(name, &returns, nullable, run).call(arguments), returns, nullable)
}

/// The arguments of one evaluation.
pub struct Columns {
    values: Vec<ColumnarValue>,
    /// How many rows the result must have.
    pub rows: usize,
}

impl Columns {
    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The arguments as they came.
    pub fn values(&self) -> &[ColumnarValue] {
        &self.values
    }

    /// An argument as an array of one value per row, literals repeated.
    pub fn array(&self, index: usize) -> Result<ArrayRef> {
        match self.values.get(index) {
            Some(value) => value.to_array(self.rows).map_err(crate::errors::from_datafusion),
            None => Err(Error::internal(format!("no argument {index}"))),
        }
    }

    /// All arguments, literals repeated.
    pub fn arrays(&self) -> Result<Vec<ArrayRef>> {
        (0..self.len()).map(|index| self.array(index)).collect()
    }

    /// An argument as an array: one entry per row, or a single one for literals.
    fn short(&self, index: usize) -> Result<(ArrayRef, bool)> {
        match self.values.get(index) {
            Some(ColumnarValue::Array(array)) => Ok((Arc::clone(array), false)),
            Some(ColumnarValue::Scalar(value)) => Ok((value.to_array().map_err(crate::errors::from_datafusion)?, true)),
            None => Err(Error::internal(format!("no argument {index}"))),
        }
    }

    /// A string argument.
    pub fn text(&self, index: usize) -> Result<Texts> {
        let (array, constant) = self.short(index)?;
        Ok(Texts { array: array.as_string_opt().ok_or_else(|| unexpected(&array, "Utf8"))?.clone(), constant })
    }

    /// A binary argument.
    pub fn bytes(&self, index: usize) -> Result<Bytes> {
        let (array, constant) = self.short(index)?;
        Ok(Bytes { array: array.as_binary_opt().ok_or_else(|| unexpected(&array, "Binary"))?.clone(), constant })
    }

    /// A primitive argument: `numbers::<Int32Type>(0)`.
    pub fn numbers<T: ArrowPrimitiveType>(&self, index: usize) -> Result<Numbers<T>> {
        let (array, constant) = self.short(index)?;
        let array = array.as_primitive_opt::<T>().ok_or_else(|| unexpected(&array, &T::DATA_TYPE.to_string()))?.clone();
        Ok(Numbers { array, constant })
    }

    /// A boolean argument.
    pub fn flags(&self, index: usize) -> Result<Flags> {
        let (array, constant) = self.short(index)?;
        Ok(Flags { array: array.as_boolean_opt().ok_or_else(|| unexpected(&array, "Boolean"))?.clone(), constant })
    }

    /// An array argument, one list per row.
    pub fn list(&self, index: usize) -> Result<ListArray> {
        let array = self.array(index)?;
        Ok(array.as_list_opt::<i32>().ok_or_else(|| unexpected(&array, "List"))?.clone())
    }

    /// A map argument, one map per row.
    pub fn map(&self, index: usize) -> Result<MapArray> {
        let array = self.array(index)?;
        Ok(array.as_map_opt().ok_or_else(|| unexpected(&array, "Map"))?.clone())
    }

    /// A struct argument.
    pub fn structs(&self, index: usize) -> Result<StructArray> {
        let array = self.array(index)?;
        Ok(array.as_struct_opt().ok_or_else(|| unexpected(&array, "Struct"))?.clone())
    }
}

/// An error of Arrow's kernels as one of ours.
pub fn from_arrow(error: arrow::error::ArrowError) -> Error {
    crate::errors::from_datafusion(DataFusionError::ArrowError(Box::new(error), None))
}

fn unexpected(array: &ArrayRef, wanted: &str) -> Error {
    Error::internal(format!("an argument is {} where {wanted} was promised", array.data_type()))
}

macro_rules! view {
    ($(#[$doc:meta])* $name:ident, $array:ty, $item:ty) => {
        $(#[$doc])*
        pub struct $name {
            array: $array,
            constant: bool,
        }

        impl $name {
            /// The value of a row, none when null.
            #[inline]
            pub fn at(&self, row: usize) -> Option<$item> {
                let row = if self.constant { 0 } else { row };
                if self.array.is_null(row) { None } else { Some(self.array.value(row)) }
            }
        }
    };
}

view!(
    /// Strings by row.
    Texts, StringArray, &str
);
view!(
    /// Byte strings by row.
    Bytes, BinaryArray, &[u8]
);
view!(
    /// Booleans by row.
    Flags, BooleanArray, bool
);

impl Texts {
    /// One value for the whole batch?
    pub fn constant(&self) -> Option<Option<&str>> {
        self.constant.then(|| self.at(0))
    }
}

/// Primitive values by row.
pub struct Numbers<T: ArrowPrimitiveType> {
    array: PrimitiveArray<T>,
    constant: bool,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// The value of a row, none when null.
    #[inline]
    pub fn at(&self, row: usize) -> Option<T::Native> {
        let row = if self.constant { 0 } else { row };
        if self.array.is_null(row) { None } else { Some(self.array.value(row)) }
    }
}

/// Strings from one optional answer per row.
pub fn strings(rows: usize, mut answer: impl FnMut(usize) -> Result<Option<String>>) -> Result<ArrayRef> {
    let mut builder = arrow::array::StringBuilder::with_capacity(rows, rows * 8);
    for row in 0..rows {
        builder.append_option(answer(row)?);
    }
    Ok(Arc::new(builder.finish()))
}

/// Strings borrowed from the arguments, one optional answer per row.
pub fn slices<'a>(rows: usize, mut answer: impl FnMut(usize) -> Option<&'a str>) -> Result<ArrayRef> {
    let mut builder = arrow::array::StringBuilder::with_capacity(rows, rows * 8);
    for row in 0..rows {
        builder.append_option(answer(row));
    }
    Ok(Arc::new(builder.finish()))
}

/// Byte strings from one optional answer per row.
pub fn binaries(rows: usize, mut answer: impl FnMut(usize) -> Result<Option<Vec<u8>>>) -> Result<ArrayRef> {
    let mut builder = arrow::array::BinaryBuilder::with_capacity(rows, rows * 8);
    for row in 0..rows {
        builder.append_option(answer(row)?);
    }
    Ok(Arc::new(builder.finish()))
}

/// Primitive values from one optional answer per row.
pub fn primitives<T: ArrowPrimitiveType>(
    rows: usize,
    mut answer: impl FnMut(usize) -> Result<Option<T::Native>>,
) -> Result<ArrayRef> {
    let mut builder = arrow::array::PrimitiveBuilder::<T>::with_capacity(rows);
    for row in 0..rows {
        builder.append_option(answer(row)?);
    }
    Ok(Arc::new(builder.finish()))
}

/// Decimals need their digits back after [`primitives`].
pub fn with_digits(plain: &ArrayRef, precision: u8, scale: i8) -> Result<ArrayRef> {
    let digits = plain.as_primitive::<arrow::datatypes::Decimal128Type>().clone();
    Ok(Arc::new(digits.with_precision_and_scale(precision, scale).map_err(from_arrow)?))
}

/// Booleans from one optional answer per row.
pub fn booleans(rows: usize, mut answer: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
    let mut builder = arrow::array::BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        builder.append_option(answer(row)?);
    }
    Ok(Arc::new(builder.finish()))
}

/// Instants need their zone back after [`primitives`].
pub fn timestamps(rows: usize, answer: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
    let plain = primitives::<arrow::datatypes::TimestampMicrosecondType>(rows, answer)?;
    let stamps = plain.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().clone().with_timezone("UTC");
    Ok(Arc::new(stamps))
}
