//! What can go wrong on this side of the border, and the R value that says so.
//!
//!     Spark's status ─┐
//!     our own errors ─┼─► Failure ──► list(message, kind, ...) of class "emberflow_failure" ──► R raises
//!     Ctrl-C ─────────┘
//!
//! Raising an R error from Rust would be a long jump over Rust frames, so a native function returns a failure as a
//! value and R's `checked()` raises it.
//! Not here: what an R condition looks like (`r-package/R/errors.R`). Begin at [`outcome`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use emberflow_base::ErrorKind;
use extendr_api::prelude::*;

/// The result of everything in this crate.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a native function has no value to return.
#[derive(Debug, Clone)]
pub enum Failure {
    /// An engine or server said no.
    Spark(Box<Report>),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The R side handed over something that cannot be meant; the text goes to the user as it is.
    Usage(String),
}

/// An engine's error as R users see it.
#[derive(Debug, Clone)]
pub struct Report {
    pub kind: ErrorKind,
    pub message: String,
    /// Spark's condition, such as `UNRESOLVED_COLUMN.WITH_SUGGESTION`.
    pub condition: Option<String>,
    pub sqlstate: Option<String>,
    pub parameters: Vec<(String, String)>,
    /// The Java class and its ancestors, most specific first.
    pub classes: Vec<String>,
}

impl Failure {
    /// A sentence for the user about an argument.
    pub fn usage(text: impl Into<String>) -> Self {
        Failure::Usage(text.into())
    }

    /// A defect of ours.
    pub fn internal(text: impl Into<String>) -> Self {
        emberflow_base::Error::internal(text).into()
    }

    fn into_r(self) -> Robj {
        let fields = match self {
            Failure::Spark(report) => report.into_fields(),
            Failure::Interrupted => list!(kind = "interrupt", message = "interrupted"),
            Failure::Usage(message) => list!(kind = "usage", message = message),
        };
        let mut failure: Robj = fields.into();
        // Setting an attribute on a fresh list does not fail.
        let _ = failure.set_class(["emberflow_failure"]);
        failure
    }
}

impl Report {
    fn into_fields(self) -> List {
        let (names, values): (Vec<String>, Vec<String>) = self.parameters.into_iter().unzip();
        list!(
            kind = kind_word(self.kind),
            message = self.message,
            condition = self.condition,
            sqlstate = self.sqlstate,
            parameter_names = names,
            parameter_values = values,
            classes = self.classes
        )
    }
}

fn kind_word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "invalid",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Corrupt => "corrupt",
        ErrorKind::Internal => "internal",
    }
}

/// Runs the body of a native function; whatever happens in it becomes an R value.
pub fn outcome(body: impl FnOnce() -> Result<Robj>) -> Robj {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(failure)) => failure.into_r(),
        Err(panic) => Failure::internal(format!("a native function stopped: {}", panic_text(panic.as_ref()))).into_r(),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no reason given",
    }
}

impl From<emberflow_base::Error> for Failure {
    fn from(error: emberflow_base::Error) -> Self {
        Failure::Spark(Box::new(Report {
            kind: error.kind(),
            message: error.to_string(),
            condition: Some(error.condition().to_owned()),
            sqlstate: error.sqlstate().map(str::to_owned),
            parameters: error.parameters().to_vec(),
            classes: error.exception().classes().iter().map(|&class| class.to_owned()).collect(),
        }))
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(error: arrow::error::ArrowError) -> Self {
        Failure::internal(format!("Arrow: {error}"))
    }
}

impl From<extendr_api::Error> for Failure {
    fn from(error: extendr_api::Error) -> Self {
        Failure::internal(format!("at R's border: {error}"))
    }
}
