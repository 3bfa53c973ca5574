//! The one error type that crosses rooms and borders.
//!
//! An [`Error`] carries Spark's condition name (`UNRESOLVED_COLUMN.WITH_SUGGESTION`), its parameters, SQLSTATE and
//! query contexts; every door turns it into what its users expect: a Spark exception, an R condition, a gRPC status,
//! an exit code. Names, parameters and SQLSTATEs come from the generated table in `conditions`; the sentences are ours
//! and stand in `sentences`.
//!
//! Not here: turning a DataFusion or Arrow error into one (`emberflow-functions::errors`), the wire form (`emberflow-connect`).

use std::fmt;

use crate::conditions::{condition, is_family};
use crate::exception::{Exception, usual_exception};
use crate::sentences::sentence;

/// The result of everything that can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who can act on an error. Every door maps these six, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong; sending it again will not help.
    Invalid,
    /// Something named does not exist.
    NotFound,
    /// The state of the world forbids it (exists already, was changed, was cancelled).
    Conflict,
    /// It may work later; the call is safe to repeat.
    Unavailable,
    /// Stored bytes are not what was written.
    Corrupt,
    /// A defect of ours.
    Internal,
}

/// Where in the user's text or code an error happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryContext {
    /// A piece of SQL text; indices are 0-based character positions, `stop` inclusive, `-1` when unknown.
    Sql { object_type: String, object_name: String, start: i32, stop: i32, fragment: String },
    /// A DataFrame call, as the client reported it.
    DataFrame { fragment: String, call_site: String },
}

/// What every fallible call of Emberflow returns. One pointer wide.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    condition: String,
    parameters: Vec<(String, String)>,
    text: Option<String>,
    contexts: Vec<QueryContext>,
    exception: Option<Exception>,
    cause: Option<Error>,
}

impl Error {
    /// An error of Spark's condition `name`, sub-condition behind a dot. Its message is our sentence for the condition,
    /// filled with the parameters given by [`Error::with`].
    ///
    /// ```
    /// use emberflow_base::Error;
    /// let error = Error::new("DIVIDE_BY_ZERO").with("config", "\"spark.sql.ansi.enabled\"");
    /// assert_eq!(error.sqlstate(), Some("22012"));
    /// assert!(error.to_string().starts_with("[DIVIDE_BY_ZERO] "));
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            condition: name.into(),
            parameters: Vec::new(),
            text: None,
            contexts: Vec::new(),
            exception: None,
            cause: None,
        }))
    }

    /// What Spark raises as a plain `java.lang.IllegalArgumentException`: no condition, only a text.
    pub fn illegal_argument(text: impl Into<String>) -> Self {
        Self::new("").text(text).exception_class(Exception::JavaIllegalArgument)
    }

    /// A defect of ours, or something that should not be possible.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new("INTERNAL_ERROR").with("message", text)
    }

    /// Something Spark knows and Emberflow does not yet; `feature` names it (`"PIVOT in SQL"`).
    pub fn unsupported(feature: impl Into<String>) -> Self {
        let feature = feature.into();
        Self::new("UNSUPPORTED_FEATURE").text(format!("Emberflow does not support {feature} yet.")).with("feature", feature)
    }

    /// Adds a message parameter, or gives it another value.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.0.parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.parameters.push((name, value)),
        }
        self
    }

    /// Says the message in other words than the condition's sentence.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.text = Some(text.into());
        self
    }

    /// Adds where it happened.
    pub fn context(mut self, context: QueryContext) -> Self {
        self.0.contexts.push(context);
        self
    }

    /// Chooses another exception class than the condition's usual one.
    pub fn exception_class(mut self, exception: Exception) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// Adds the error behind this one.
    pub fn caused_by(mut self, cause: Error) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// Spark's condition name, sub-condition behind a dot; empty for an exception of Java's own.
    pub fn condition(&self) -> &str {
        &self.0.condition
    }

    /// The message parameters, in the order they were given.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.0.parameters
    }

    /// One parameter's value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.0.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Where it happened, innermost first.
    pub fn contexts(&self) -> &[QueryContext] {
        &self.0.contexts
    }

    /// The error behind this one.
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }

    /// The five characters of SQLSTATE, if the condition has any.
    pub fn sqlstate(&self) -> Option<&'static str> {
        condition(&self.0.condition).map(|known| known.sqlstate).filter(|state| !state.is_empty())
    }

    /// The parameters of Spark's own sentence for this condition; none if Spark has no such sentence: the condition is not
    /// Spark's, or only a family's name.
    pub fn published_parameters(&self) -> Option<&'static [&'static str]> {
        let known = condition(&self.0.condition).filter(|known| !is_family(known.name));
        known.map(|known| known.parameters)
    }

    /// The class of exception Spark raises for this condition.
    pub fn exception(&self) -> Exception {
        self.0.exception.unwrap_or_else(|| usual_exception(&self.0.condition, &self.0.parameters))
    }

    /// Who can act.
    pub fn kind(&self) -> ErrorKind {
        match self.base_condition() {
            "INTERNAL_ERROR" => ErrorKind::Internal,
            "TABLE_OR_VIEW_NOT_FOUND"
            | "SCHEMA_NOT_FOUND"
            | "PATH_NOT_FOUND"
            | "VIEW_NOT_FOUND"
            | "SQL_CONF_NOT_FOUND"
            | "DATA_SOURCE_NOT_FOUND" => ErrorKind::NotFound,
            "NOSQL" => match self.condition() {
                "NOSQL.TABLE_NOT_FOUND" | "NOSQL.SCHEMA_NOT_FOUND" => ErrorKind::NotFound,
                "NOSQL.TABLE_EXISTS" => ErrorKind::Conflict,
                "NOSQL.STORAGE_CORRUPT" => ErrorKind::Corrupt,
                _ => ErrorKind::Invalid,
            },
            "TABLE_OR_VIEW_ALREADY_EXISTS"
            | "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"
            | "SCHEMA_ALREADY_EXISTS"
            | "PATH_ALREADY_EXISTS"
            | "OPERATION_CANCELED" => ErrorKind::Conflict,
            "FAILED_READ_FILE" => ErrorKind::Corrupt,
            _ => ErrorKind::Invalid,
        }
    }

    /// The condition without its sub-condition.
    pub fn base_condition(&self) -> &str {
        self.0.condition.split('.').next().unwrap_or_default()
    }

    /// The sentence alone, without condition name and SQLSTATE.
    pub fn sentence(&self) -> String {
        match &self.0.text {
            Some(text) => text.clone(),
            None => sentence(&self.0.condition, &self.0.parameters),
        }
    }
}

impl fmt::Display for Error {
    /// `[CONDITION] sentence SQLSTATE: xxxxx`, then the SQL contexts as Spark prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.condition.as_str() {
            "" => write!(f, "{}", self.sentence())?,
            condition => write!(f, "[{condition}] {}", self.sentence())?,
        }
        if let Some(state) = self.sqlstate() {
            write!(f, " SQLSTATE: {state}")?;
        }
        for context in &self.0.contexts {
            match context {
                QueryContext::Sql { start, stop, fragment, .. } if *start >= 0 => {
                    write!(f, "\n== SQL (position {} to {}) ==\n{fragment}", start + 1, stop + 1)?;
                }
                QueryContext::Sql { fragment, .. } => write!(f, "\n== SQL ==\n{fragment}")?,
                QueryContext::DataFrame { fragment, call_site } => {
                    write!(f, "\n== DataFrame ==\n\"{fragment}\" was called from\n{call_site}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match &self.0.cause {
            Some(cause) => write!(f, "\ncaused by: {cause:?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}
