//! The calls of `spark.catalog`.

use super::Options;
use crate::types::StructType;

/// The catalog calls of a session (`spark.catalog`); each gives rows.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogOp {
    CurrentDatabase,
    SetCurrentDatabase {
        name: String,
    },
    ListDatabases {
        pattern: Option<String>,
    },
    ListTables {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListViews {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListFunctions {
        database: Option<String>,
        pattern: Option<String>,
    },
    ListColumns {
        table: String,
        database: Option<String>,
    },
    GetDatabase {
        name: String,
    },
    GetTable {
        table: String,
        database: Option<String>,
    },
    GetFunction {
        function: String,
        database: Option<String>,
    },
    DatabaseExists {
        name: String,
    },
    TableExists {
        table: String,
        database: Option<String>,
    },
    FunctionExists {
        function: String,
        database: Option<String>,
    },
    CreateTable {
        table: String,
        path: Option<String>,
        source: Option<String>,
        description: Option<String>,
        schema: Option<StructType>,
        options: Options,
    },
    DropTempView {
        name: String,
    },
    DropGlobalTempView {
        name: String,
    },
    RecoverPartitions {
        table: String,
    },
    AnalyzeTable {
        table: String,
        scan: bool,
    },
    IsCached {
        table: String,
    },
    CacheTable {
        table: String,
    },
    UncacheTable {
        table: String,
    },
    ClearCache,
    RefreshTable {
        table: String,
    },
    RefreshByPath {
        path: String,
    },
    CurrentCatalog,
    SetCurrentCatalog {
        name: String,
    },
    ListCatalogs {
        pattern: Option<String>,
    },
    Unsupported {
        name: String,
    },
}
