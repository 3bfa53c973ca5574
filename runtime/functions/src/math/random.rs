//! `rand`, `randn`, `uuid`, and the ids of rows and partitions: calls that become columns made partition by partition
//! (`partitioned`).

use std::sync::atomic::{AtomicU64, Ordering};

use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::partitioned::PartitionValue;

/// How many calls drew a seed of their own: two calls in one query must differ.
static CALLS: AtomicU64 = AtomicU64::new(1);

fn own_seed(call: &Call<'_>) -> i64 {
    let count = CALLS.fetch_add(1, Ordering::Relaxed);
    call.context.now_micros.wrapping_add((count as i64).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))
}

/// `rand([seed])`, `randn([seed])`
pub fn random(call: Call<'_>, value: fn(i64) -> PartitionValue) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = match call.len() {
        0 => own_seed(&call),
        _ if call.type_of(0) == &DataType::Null => 0,
        _ if !call.type_of(0).is_integral() => return Err(call.mismatch(0, "BIGINT")),
        _ => call.literal_long(0).ok_or_else(|| call.not_constant(0, "seed", &DataType::Long))?,
    };
    Ok(Typed::new(value(seed).call(call.name), DataType::Double, false))
}

/// `uuid([seed])`
pub fn uuid(call: Call<'_>) -> Result<Typed> {
    call.arity(&[0, 1])?;
    let seed = call.literal_long(0).unwrap_or_else(|| own_seed(&call));
    Ok(Typed::new(PartitionValue::Uuid(seed).call("uuid"), DataType::String, false))
}

/// `spark_partition_id()`, `monotonically_increasing_id()`
pub fn place(call: Call<'_>, value: PartitionValue, data_type: DataType) -> Result<Typed> {
    call.arity(&[0])?;
    Ok(Typed::new(value.call(call.name), data_type, false))
}
