//! The one error type of the store: a name, a sentence, and where it happened.
//!
//! A door that speaks Spark sees the condition `NOSQL.<NAME>`, the name in capitals (`NOSQL.TABLE_EXISTS`), with the
//! parameters `error` (the name as written here), `table`, `item` and `position`, those that are known. What is checked
//! before the first row is touched is an `AnalysisException`, the rest a `SparkRuntimeException`. The sentence is the
//! error's own. [`ErrorName::condition`] is the only place that makes the condition.
//!
//! Not here: turning fjall's or Arrow's errors into one (beside the code that calls them).

use std::fmt;

use emberflow_base::Exception;

/// The result of everything that can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident $condition:literal,)+) => {
        /// What went wrong, by the name every interface shows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorName { $($(#[$doc])* $name,)+ }

        impl ErrorName {
            /// The name as it is written in programs: `TableExists`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The name as a Spark condition: `NOSQL.TABLE_EXISTS`.
            pub fn condition(self) -> &'static str {
                match self { $(Self::$name => concat!("NOSQL.", $condition),)+ }
            }
        }
    };
}

names! {
    InvalidPath "INVALID_PATH",
    NotATable "NOT_A_TABLE",
    InvalidOption "INVALID_OPTION",
    MissingOption "MISSING_OPTION",
    KeyColumnMissing "KEY_COLUMN_MISSING",
    InvalidKeyType "INVALID_KEY_TYPE",
    InvalidKeyValue "INVALID_KEY_VALUE",
    InvalidAttributeName "INVALID_ATTRIBUTE_NAME",
    UnsupportedType "UNSUPPORTED_TYPE",
    InvalidCounterType "INVALID_COUNTER_TYPE",
    SchemaNotFound "SCHEMA_NOT_FOUND",
    SchemaInferenceError "SCHEMA_INFERENCE_ERROR",
    SchemaMismatch "SCHEMA_MISMATCH",
    KeyMismatch "KEY_MISMATCH",
    PartitionMismatch "PARTITION_MISMATCH",
    TableExists "TABLE_EXISTS",
    OverwriteOfInput "OVERWRITE_OF_INPUT",
    TypeMismatch "TYPE_MISMATCH",
    /// A text that is no expression; [`Error::position`] says where.
    ParseError "PARSE_ERROR",
    TypeError "TYPE_ERROR",
    MissingAttribute "MISSING_ATTRIBUTE",
    ArithmeticOverflow "ARITHMETIC_OVERFLOW",
    DivisionByZero "DIVISION_BY_ZERO",
    IndexOutOfRange "INDEX_OUT_OF_RANGE",
    ReservedName "RESERVED_NAME",
    KeyAttributeImmutable "KEY_ATTRIBUTE_IMMUTABLE",
    ItemTooLarge "ITEM_TOO_LARGE",
    AttributeTooLarge "ATTRIBUTE_TOO_LARGE",
    LimitExceeded "LIMIT_EXCEEDED",
    InvalidArgument "INVALID_ARGUMENT",
    InvalidMarker "INVALID_MARKER",
    TableNotFound "TABLE_NOT_FOUND",
    /// The disk refused; the call may work later.
    StorageFailed "STORAGE_FAILED",
    /// Stored bytes are not what was written.
    StorageCorrupt "STORAGE_CORRUPT",
}

impl ErrorName {
    /// Whether it is found while an item is touched, so that rows before it may have been applied.
    fn is_runtime(self) -> bool {
        use ErrorName::*;
        matches!(
            self,
            InvalidKeyValue
                | TypeMismatch
                | TypeError
                | MissingAttribute
                | ArithmeticOverflow
                | DivisionByZero
                | IndexOutOfRange
                | KeyAttributeImmutable
                | ItemTooLarge
                | AttributeTooLarge
                | LimitExceeded
                | StorageFailed
                | StorageCorrupt
        )
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What every fallible call of the store returns. One pointer wide.
///
/// ```
/// use emberflow_nosql::{Error, ErrorName};
/// let error = Error::new(ErrorName::TableExists, "the table has items").table("ember://shop/parts");
/// assert_eq!(error.name().as_str(), "TableExists");
/// assert_eq!(error.to_string(), "TableExists: the table has items (table ember://shop/parts)");
/// assert_eq!(emberflow_base::Error::from(error).condition(), "NOSQL.TABLE_EXISTS");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    name: ErrorName,
    text: String,
    position: Option<usize>,
    table: Option<String>,
    item: Option<String>,
}

impl Error {
    /// An error of this name; `text` is a sentence without a full stop.
    pub fn new(name: ErrorName, text: impl Into<String>) -> Self {
        Self(Box::new(Inner { name, text: text.into(), position: None, table: None, item: None }))
    }

    /// A text that is no expression; `position` counts characters from 0.
    pub fn parse(position: usize, text: impl Into<String>) -> Self {
        Self::new(ErrorName::ParseError, text).at(position)
    }

    /// Says where in the text of an expression, in characters from 0.
    pub fn at(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Says which table; the first to say it is right.
    pub fn table(mut self, path: impl fmt::Display) -> Self {
        self.0.table.get_or_insert_with(|| path.to_string());
        self
    }

    /// Says which item; the first to say it is right.
    pub fn item(mut self, name: impl fmt::Display) -> Self {
        self.0.item.get_or_insert_with(|| name.to_string());
        self
    }

    /// The name to decide by.
    pub fn name(&self) -> ErrorName {
        self.0.name
    }

    /// The sentence alone.
    pub fn message(&self) -> &str {
        &self.0.text
    }

    /// Where in the text of an expression, in characters from 0.
    pub fn position(&self) -> Option<usize> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { name, text, position, table, item } = &*self.0;
        write!(f, "{name}: {text}")?;
        let places: Vec<String> = [
            position.map(|at| format!("position {at}")),
            table.as_ref().map(|path| format!("table {path}")),
            item.as_ref().map(|name| format!("item {name}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if places.is_empty() { Ok(()) } else { write!(f, " ({})", places.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl From<Error> for emberflow_base::Error {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        let Inner { name, position, table, item, .. } = *error.0;
        let exception = if name.is_runtime() { Exception::Runtime } else { Exception::Analysis };
        let mut spark = Self::new(name.condition()).text(said).exception_class(exception).with("error", name.as_str());
        let known = [("position", position.map(|at| at.to_string())), ("table", table), ("item", item)];
        for (parameter, value) in known {
            if let Some(value) = value {
                spark = spark.with(parameter, value);
            }
        }
        spark
    }
}
