//! DataFusion's and Arrow's errors to ours and back.
//!
//! An error of ours travels through DataFusion as `DataFusionError::External` and is found again whatever wraps it.

use datafusion::common::DataFusionError;
use emberflow_base::Error;

/// Wraps an error of ours for a DataFusion signature.
pub fn to_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Finds the error of ours inside, or makes the closest Spark condition of what happened.
pub fn from_datafusion(error: DataFusionError) -> Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = source {
        if let Some(ours) = current.downcast_ref::<Error>() {
            return ours.clone();
        }
        source = current.source();
    }
    Error::internal(error.strip_backtrace())
}
