//! DataFusion's and Arrow's errors to ours and back.
//!
//!     ours ──► DataFusionError::External ──► (any wrapping) ──► found again, as it was
//!     not ours: overflow, division, missing or broken file, memory ──► the closest Spark condition
//!
//! Begin at [`from_datafusion`].

use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::object_store;
use datafusion::parquet::errors::ParquetError;
use emberflow_base::Error;

/// Wraps an error of ours for a DataFusion signature.
pub fn to_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Finds the error of ours inside, or makes the closest Spark condition of what happened.
pub fn from_datafusion(error: DataFusionError) -> Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut known = None;
    while let Some(current) = source {
        if let Some(ours) = current.downcast_ref::<Error>() {
            return ours.clone();
        }
        // The innermost says it best.
        known = known_error(current).or(known);
        source = current.source();
    }
    known.unwrap_or_else(|| Error::internal(error.strip_backtrace()))
}

fn known_error(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return arrow_error(error);
    }
    if let Some(error) = error.downcast_ref::<object_store::Error>() {
        return store_error(error);
    }
    if let Some(error) = error.downcast_ref::<ParquetError>() {
        return Some(parquet_error(error));
    }
    error.downcast_ref::<DataFusionError>().and_then(engine_error)
}

const ANSI: &str = "\"spark.sql.ansi.enabled\"";

fn arrow_error(error: &ArrowError) -> Option<Error> {
    match error {
        ArrowError::DivideByZero => Some(Error::new("DIVIDE_BY_ZERO").with("config", ANSI)),
        ArrowError::ArithmeticOverflow(_) => {
            Some(Error::new("ARITHMETIC_OVERFLOW").with("message", "overflow").with("alternative", "").with("config", ANSI))
        }
        ArrowError::CastError(text) | ArrowError::ParseError(text) => {
            Some(Error::new("CAST_INVALID_INPUT").text(format!("A value could not be cast: {text}.")))
        }
        _ => None,
    }
}

fn store_error(error: &object_store::Error) -> Option<Error> {
    match error {
        object_store::Error::NotFound { path, .. } => Some(Error::new("PATH_NOT_FOUND").with("path", path.clone())),
        other => Some(Error::new("FAILED_READ_FILE.NO_HINT").text(format!("A file could not be read: {other}."))),
    }
}

fn parquet_error(error: &ParquetError) -> Error {
    let text = error.to_string();
    let footer = ["footer", "Footer", "magic", "metadata"].iter().any(|word| text.contains(word));
    let name = if footer { "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER" } else { "FAILED_READ_FILE.NO_HINT" };
    Error::new(name).text(format!("A Parquet file could not be read: {text}."))
}

fn engine_error(error: &DataFusionError) -> Option<Error> {
    match error {
        DataFusionError::ResourcesExhausted(text) => Some(memory_error(text)),
        DataFusionError::Execution(text) if text.starts_with("Scalar subquery returned more than one row") => {
            Some(Error::new("SCALAR_SUBQUERY_TOO_MANY_ROWS"))
        }
        DataFusionError::IoError(error) => match error.kind() {
            std::io::ErrorKind::StorageFull => Some(Error::new("SPILL_OUT_OF_MEMORY").text(format!("A disk is full: {error}."))),
            _ => Some(Error::new("FAILED_READ_FILE.NO_HINT").text(format!("A file could not be read: {error}."))),
        },
        _ => None,
    }
}

/// The memory pool of the actors says the numbers last.
fn memory_error(text: &str) -> Error {
    let number = |before: &str| {
        let after = text.rsplit_once(before)?.1;
        Some(after.chars().take_while(char::is_ascii_digit).collect::<String>()).filter(|digits| !digits.is_empty())
    };
    let error = Error::new("UNABLE_TO_ACQUIRE_MEMORY");
    let error = match (number("requested "), number("received ")) {
        (Some(requested), Some(received)) => error.with("requestedBytes", requested).with("receivedBytes", received),
        _ => error,
    };
    error.text(format!("The query needs more memory than it may use: {text}."))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn condition(error: DataFusionError) -> String {
        from_datafusion(error).condition().to_owned()
    }

    #[test]
    fn ours_is_found_whatever_wraps_it() {
        let ours = to_datafusion(Error::new("CAST_OVERFLOW").with("value", "1"));
        let wrapped = DataFusionError::Context("while".into(), Box::new(DataFusionError::Shared(Arc::new(ours))));
        let found = from_datafusion(DataFusionError::from(ArrowError::ExternalError(Box::new(wrapped))));
        assert_eq!((found.condition(), found.parameter("value")), ("CAST_OVERFLOW", Some("1")));
    }

    #[test]
    fn others_become_the_closest_condition() {
        assert_eq!(condition(ArrowError::DivideByZero.into()), "DIVIDE_BY_ZERO");
        assert_eq!(condition(ArrowError::ArithmeticOverflow("i32".into()).into()), "ARITHMETIC_OVERFLOW");
        assert_eq!(condition(DataFusionError::ResourcesExhausted("a lot".into())), "UNABLE_TO_ACQUIRE_MEMORY");
        let refused = from_datafusion(DataFusionError::ResourcesExhausted("no room (requested 70, received 7 bytes)".into()));
        assert_eq!((refused.parameter("requestedBytes"), refused.parameter("receivedBytes")), (Some("70"), Some("7")));
        let missing = object_store::Error::NotFound { path: "x".into(), source: "gone".into() };
        assert_eq!(condition(DataFusionError::ObjectStore(Box::new(missing))), "PATH_NOT_FOUND");
        let broken = ParquetError::General("Invalid Parquet file. Corrupt footer".into());
        assert_eq!(condition(DataFusionError::ParquetError(Box::new(broken))), "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER");
        assert_eq!(condition(DataFusionError::Plan("what".into())), "INTERNAL_ERROR");
    }
}
