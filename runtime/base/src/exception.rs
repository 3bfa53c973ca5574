//! Which Java exception Spark raises for a condition, and the classes above it.
//!
//! ```text
//! condition, parameters ─► Exception ─► ["org.apache.spark.SparkArithmeticException", ..., "java.lang.Object"]
//! ```
//!
//! Clients choose the type they raise by the first class they know, so the lists are those a real server sends.
//! Not here: the error itself (`error`), the wire form (`emberflow-connect`).

/// The Java exception a Spark client raises for an error; decides `classes` and `reason` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exception {
    Analysis,
    Parse,
    NoSuchTable,
    NoSuchNamespace,
    TableAlreadyExists,
    NamespaceAlreadyExists,
    TempTableAlreadyExists,
    NoSuchPartitions,
    PartitionsAlreadyExist,
    CatalogNotFound,
    Arithmetic,
    NumberFormat,
    DateTime,
    IllegalArgument,
    /// Java's own, without a condition.
    JavaIllegalArgument,
    UnsupportedOperation,
    ArrayIndexOutOfBounds,
    Runtime,
    /// A datetime pattern that older Spark versions read otherwise.
    Upgrade,
    NoSuchElement,
    ClassNotFound,
    SparkSql,
    InvalidPlanInput,
    /// Plain `SparkException`.
    Spark,
}

const ANALYSIS: &str = "org.apache.spark.sql.AnalysisException";
const RUNTIME: &str = "java.lang.RuntimeException";
const EXCEPTION: &str = "java.lang.Exception";
const THROWABLE: &str = "java.lang.Throwable";
const OBJECT: &str = "java.lang.Object";

/// A list of classes that ends as all of them do.
macro_rules! hierarchy {
    ($($class:expr),+) => { &[$($class),+, EXCEPTION, THROWABLE, OBJECT] };
}

impl Exception {
    /// The class hierarchy, most specific first, as Spark's server reports it.
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Analysis => hierarchy!(ANALYSIS),
            Self::Parse => hierarchy!("org.apache.spark.sql.catalyst.parser.ParseException", ANALYSIS),
            Self::NoSuchTable => hierarchy!("org.apache.spark.sql.catalyst.analysis.NoSuchTableException", ANALYSIS),
            Self::NoSuchNamespace => hierarchy!(
                "org.apache.spark.sql.catalyst.analysis.NoSuchNamespaceException",
                "org.apache.spark.sql.catalyst.analysis.NoSuchDatabaseException",
                ANALYSIS
            ),
            Self::TableAlreadyExists => {
                hierarchy!("org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException", ANALYSIS)
            }
            Self::NamespaceAlreadyExists => hierarchy!(
                "org.apache.spark.sql.catalyst.analysis.DatabaseAlreadyExistsException",
                "org.apache.spark.sql.catalyst.analysis.NamespaceAlreadyExistsException",
                ANALYSIS
            ),
            Self::TempTableAlreadyExists => {
                hierarchy!("org.apache.spark.sql.catalyst.analysis.TempTableAlreadyExistsException", ANALYSIS)
            }
            Self::NoSuchPartitions => {
                hierarchy!("org.apache.spark.sql.catalyst.analysis.NoSuchPartitionsException", ANALYSIS)
            }
            Self::PartitionsAlreadyExist => {
                hierarchy!("org.apache.spark.sql.catalyst.analysis.PartitionsAlreadyExistException", ANALYSIS)
            }
            Self::CatalogNotFound => {
                hierarchy!("org.apache.spark.sql.connector.catalog.CatalogNotFoundException", "org.apache.spark.SparkException")
            }
            Self::Arithmetic => {
                hierarchy!("org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException", RUNTIME)
            }
            Self::NumberFormat => hierarchy!(
                "org.apache.spark.SparkNumberFormatException",
                "java.lang.NumberFormatException",
                "java.lang.IllegalArgumentException",
                RUNTIME
            ),
            Self::DateTime => hierarchy!("org.apache.spark.SparkDateTimeException", "java.time.DateTimeException", RUNTIME),
            Self::IllegalArgument => {
                hierarchy!("org.apache.spark.SparkIllegalArgumentException", "java.lang.IllegalArgumentException", RUNTIME)
            }
            Self::JavaIllegalArgument => hierarchy!("java.lang.IllegalArgumentException", RUNTIME),
            Self::UnsupportedOperation => {
                hierarchy!(
                    "org.apache.spark.SparkUnsupportedOperationException",
                    "java.lang.UnsupportedOperationException",
                    RUNTIME
                )
            }
            Self::ArrayIndexOutOfBounds => hierarchy!(
                "org.apache.spark.SparkArrayIndexOutOfBoundsException",
                "java.lang.ArrayIndexOutOfBoundsException",
                "java.lang.IndexOutOfBoundsException",
                RUNTIME
            ),
            Self::Runtime => hierarchy!("org.apache.spark.SparkRuntimeException", RUNTIME),
            Self::Upgrade => hierarchy!("org.apache.spark.SparkUpgradeException", RUNTIME),
            Self::NoSuchElement => {
                hierarchy!("org.apache.spark.SparkNoSuchElementException", "java.util.NoSuchElementException", RUNTIME)
            }
            Self::ClassNotFound => hierarchy!(
                "org.apache.spark.SparkClassNotFoundException",
                "java.lang.ClassNotFoundException",
                "java.lang.ReflectiveOperationException"
            ),
            Self::SparkSql => hierarchy!("org.apache.spark.SparkSQLException", "java.sql.SQLException"),
            Self::InvalidPlanInput => hierarchy!("org.apache.spark.sql.connect.common.InvalidPlanInput", RUNTIME),
            Self::Spark => hierarchy!("org.apache.spark.SparkException"),
        }
    }
}

/// Which exception Spark raises for a condition; anything found during analysis is an `AnalysisException`.
pub(crate) fn usual_exception(name: &str, parameters: &[(String, String)]) -> Exception {
    let (base, sub) = name.split_once('.').unwrap_or((name, ""));
    match base {
        "CAST_INVALID_INPUT" => malformed_input(parameters),
        "UNSUPPORTED_FEATURE" if matches!(sub, "" | "TABLE_OPERATION") => Exception::UnsupportedOperation,
        "INCONSISTENT_BEHAVIOR_CROSS_VERSION" if sub == "DATETIME_WEEK_BASED_PATTERN" => Exception::IllegalArgument,
        _ => USUAL.iter().find(|(_, names)| names.contains(&base)).map_or(Exception::Analysis, |(exception, _)| *exception),
    }
}

/// A text that could not be cast: the class follows the type it should have become.
fn malformed_input(parameters: &[(String, String)]) -> Exception {
    let target = parameters.iter().find(|(name, _)| name == "targetType").map_or("", |(_, kind)| kind.trim_matches('"'));
    match target {
        "DATE" | "TIMESTAMP" | "TIMESTAMP_NTZ" => Exception::DateTime,
        "BOOLEAN" => Exception::Runtime,
        _ => Exception::NumberFormat,
    }
}

const USUAL: &[(Exception, &[&str])] = &[
    (
        Exception::Parse,
        &[
            "DATATYPE_MISSING_SIZE",
            "DUPLICATED_CTE_NAMES",
            "INVALID_IDENTIFIER",
            "INVALID_INLINE_TABLE",
            "INVALID_NUMERIC_LITERAL_RANGE",
            "INVALID_SQL_SYNTAX",
            "INVALID_STATEMENT_OR_CLAUSE",
            "INVALID_TYPED_LITERAL",
            "PARSE_EMPTY_STATEMENT",
            "PARSE_SYNTAX_ERROR",
            "UNCLOSED_BRACKETED_COMMENT",
            "UNSUPPORTED_DATATYPE",
        ],
    ),
    (
        Exception::Arithmetic,
        &[
            "ARITHMETIC_OVERFLOW",
            "BINARY_ARITHMETIC_OVERFLOW",
            "CAST_OVERFLOW",
            "DATETIME_OVERFLOW",
            "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
            "DIVIDE_BY_ZERO",
            "INTERVAL_ARITHMETIC_OVERFLOW",
            "INTERVAL_DIVIDED_BY_ZERO",
            "NUMERIC_VALUE_OUT_OF_RANGE",
            "REMAINDER_BY_ZERO",
        ],
    ),
    (Exception::DateTime, &["CANNOT_PARSE_TIMESTAMP", "DATETIME_FIELD_OUT_OF_BOUNDS", "INVALID_TIMEZONE"]),
    (Exception::ArrayIndexOutOfBounds, &["INVALID_ARRAY_INDEX", "INVALID_ARRAY_INDEX_IN_ELEMENT_AT"]),
    (
        Exception::Runtime,
        &[
            "APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT",
            "APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K",
            "APPROX_TOP_K_NON_POSITIVE_ARG",
            "APPROX_TOP_K_NULL_ARG",
            "DUPLICATED_MAP_KEY",
            "HLL_INVALID_INPUT_SKETCH_BUFFER",
            "HLL_INVALID_LG_K",
            "HLL_UNION_DIFFERENT_LG_K",
            "INVALID_INDEX_OF_ZERO",
            "INVALID_PARAMETER_VALUE",
            "INVALID_VARIANT_CAST",
            "INVALID_VARIANT_GET_PATH",
            "INVALID_VECTOR_NORM_DEGREE",
            "KLL_INVALID_INPUT_SKETCH_BUFFER",
            "KLL_SKETCH_INVALID_QUANTILE_RANGE",
            "KLL_SKETCH_K_OUT_OF_RANGE",
            "MALFORMED_VARIANT",
            "NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION",
            "NULL_MAP_KEY",
            "SKETCH_INVALID_LG_NOM_ENTRIES",
            "THETA_INVALID_INPUT_SKETCH_BUFFER",
            "UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT",
            "USER_RAISED_EXCEPTION",
            "VARIANT_CONSTRUCTOR_SIZE_LIMIT",
            "VARIANT_DUPLICATE_KEY",
            "VECTOR_DIMENSION_MISMATCH",
        ],
    ),
    (Exception::Upgrade, &["INCONSISTENT_BEHAVIOR_CROSS_VERSION"]),
    (
        Exception::IllegalArgument,
        &["INVALID_CONF_VALUE", "INVALID_DATETIME_PATTERN", "INVALID_FORMAT", "INVALID_INTERVAL_FORMAT", "INVALID_SAVE_MODE"],
    ),
    (Exception::NoSuchElement, &["SQL_CONF_NOT_FOUND"]),
    (Exception::CatalogNotFound, &["CATALOG_NOT_FOUND"]),
    (Exception::NoSuchNamespace, &["SCHEMA_NOT_FOUND"]),
    (Exception::NamespaceAlreadyExists, &["SCHEMA_ALREADY_EXISTS"]),
    (Exception::TableAlreadyExists, &["TABLE_OR_VIEW_ALREADY_EXISTS"]),
    (Exception::TempTableAlreadyExists, &["TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"]),
    (Exception::ClassNotFound, &["DATA_SOURCE_NOT_FOUND"]),
    (Exception::SparkSql, &["INVALID_CURSOR", "INVALID_HANDLE", "OPERATION_CANCELED"]),
    (Exception::InvalidPlanInput, &["CONNECT_INVALID_PLAN"]),
    (
        Exception::Spark,
        &[
            "FAILED_EXECUTE_UDF",
            "FAILED_READ_FILE",
            "INTERNAL_ERROR",
            "MALFORMED_RECORD_IN_PARSING",
            "SCALAR_SUBQUERY_TOO_MANY_ROWS",
            "TASK_WRITE_FAILED",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(name: &str, parameters: &[(&str, &str)]) -> &'static str {
        let owned: Vec<_> = parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        usual_exception(name, &owned).classes()[0]
    }

    #[test]
    fn classes_are_those_of_a_real_server() {
        let cast_to = |kind| class_of("CAST_INVALID_INPUT", &[("targetType", kind)]);
        assert_eq!(cast_to("\"INT\""), "org.apache.spark.SparkNumberFormatException");
        assert_eq!(cast_to("\"DATE\""), "org.apache.spark.SparkDateTimeException");
        assert_eq!(cast_to("\"BOOLEAN\""), "org.apache.spark.SparkRuntimeException");
        assert_eq!(class_of("UNRESOLVED_COLUMN.WITH_SUGGESTION", &[]), ANALYSIS);
        assert_eq!(class_of("INVALID_INDEX_OF_ZERO", &[]), "org.apache.spark.SparkRuntimeException");
        assert_eq!(
            class_of("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", &[]),
            "org.apache.spark.SparkUpgradeException"
        );
    }

    #[test]
    fn every_condition_with_a_class_of_its_own_is_one_of_sparks() {
        let unknown: Vec<_> = USUAL
            .iter()
            .flat_map(|(_, names)| names.iter())
            .filter(|name| crate::conditions::condition(name).is_none())
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
