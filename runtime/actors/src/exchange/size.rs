//! How many bytes of credit a batch costs.

use arrow::array::{Array, RecordBatch};

/// The bytes of the rows in the batch, not of the buffers they are cut from: several slices of one buffer would
/// otherwise each pay for all of it.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column_bytes(column.as_ref())).sum()
}

fn column_bytes(column: &dyn Array) -> usize {
    match column.data_type().primitive_width() {
        Some(width) => width * column.len(),
        None => column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()),
    }
}
