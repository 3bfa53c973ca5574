//! Hash functions: `hash`, `xxhash64`, and digests.
//!
//! Begin at [`FUNCTIONS`].

mod column;
mod digest;
mod murmur3;
mod xxhash;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array};
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Context, Typed};
use crate::operators::{call_text, wrong_number};
use crate::registry::{Function, Kind};
use crate::types::to_arrow;
use crate::udf::Kernel;

pub use column::Hasher;
pub use murmur3::Murmur3;
pub use xxhash::XxHash64;

pub static FUNCTIONS: &[Function] = &[
    Function { name: "hash", kind: Kind::Scalar(hash), display: None },
    Function { name: "xxhash64", kind: Kind::Scalar(xxhash64), display: None },
    Function { name: "md5", kind: Kind::Scalar(digest::md5), display: None },
    Function { name: "sha", kind: Kind::Scalar(digest::sha1), display: None },
    Function { name: "sha1", kind: Kind::Scalar(digest::sha1), display: None },
    Function { name: "sha2", kind: Kind::Scalar(digest::sha2), display: None },
    Function { name: "crc32", kind: Kind::Scalar(digest::crc32), display: None },
];

const SEED: i64 = 42;

fn hash(call: Call<'_>) -> Result<Typed> {
    let types = hashable(&call)?;
    let kernel = Kernel::new("hash", to_arrow(&DataType::Int), false).of(key(&types));
    let expr = kernel.run_arrays(move |arrays| {
        let hashes = column::of_rows::<Murmur3>(arrays, &types, SEED as i32)?;
        Ok(Arc::new(Int32Array::from(hashes)) as ArrayRef)
    });
    let arguments = call.arguments.into_iter().map(|argument| argument.expr).collect();
    Ok(Typed::new(expr.call(arguments), DataType::Int, false))
}

/// Which of `count` buckets a row belongs to: `pmod(hash(columns), count)`, as bucketed tables deal their rows.
pub fn bucket_of(columns: Vec<(Expr, DataType)>, count: i32) -> Result<Expr> {
    let (columns, types): (Vec<Expr>, Vec<DataType>) = columns.into_iter().unzip();
    if let Some(map) = types.iter().find(|data_type| has_map(data_type)) {
        return Err(Error::unsupported(format!("buckets by columns of the type {}", map.simple_string())));
    }
    let kernel = Kernel::new("bucket", to_arrow(&DataType::Int), false).of(format!("{count}; {}", key(&types)));
    let expr = kernel.run_arrays(move |arrays| {
        let hashes = column::of_rows::<Murmur3>(arrays, &types, SEED as i32)?;
        let buckets = hashes.into_iter().map(|hash| hash.rem_euclid(count));
        Ok(Arc::new(Int32Array::from_iter_values(buckets)) as ArrayRef)
    });
    Ok(expr.call(columns))
}

/// The hash of one value of any type.
pub(crate) fn hash_of(argument: Typed, context: &Context<'_>) -> Result<Typed> {
    let arguments = vec![argument];
    xxhash64(Call {
        name: "xxhash64",
        arguments,
        texts: vec![String::new()],
        is_distinct: false,
        ignore_nulls: None,
        context: *context,
    })
}

fn xxhash64(call: Call<'_>) -> Result<Typed> {
    let types = hashable(&call)?;
    let kernel = Kernel::new("xxhash64", to_arrow(&DataType::Long), false).of(key(&types));
    let expr = kernel.run_arrays(move |arrays| {
        let hashes = column::of_rows::<XxHash64>(arrays, &types, SEED)?;
        Ok(Arc::new(Int64Array::from(hashes)) as ArrayRef)
    });
    let arguments = call.arguments.into_iter().map(|argument| argument.expr).collect();
    Ok(Typed::new(expr.call(arguments), DataType::Long, false))
}

fn key(types: &[DataType]) -> String {
    types.iter().map(DataType::simple_string).collect::<Vec<_>>().join(",")
}

fn hashable(call: &Call<'_>) -> Result<Vec<DataType>> {
    if call.arguments.is_empty() {
        return Err(wrong_number(call.name, "> 0", 0));
    }
    if call.arguments.iter().any(|argument| has_map(&argument.data_type)) {
        return Err(Error::new("DATATYPE_MISMATCH.HASH_MAP_TYPE")
            .with("sqlExpr", format!("\"{}\"", call_text(call.name, &call.texts)))
            .with("functionName", format!("`{}`", call.name)));
    }
    Ok(call.arguments.iter().map(|argument| argument.data_type.clone()).collect())
}

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map { .. } | DataType::Variant => true,
        DataType::Array { element, .. } => has_map(element),
        DataType::Struct(fields) => fields.fields.iter().any(|field| has_map(&field.data_type)),
        DataType::Udt { sql_type, .. } => has_map(sql_type),
        _ => false,
    }
}
