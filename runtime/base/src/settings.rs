//! Settings: the one table of keys Emberflow knows, and the values of one session.
//!
//! A fact about a key (default, whether it may change, what it does) stands here and nowhere else; documentation is
//! printed from [`ALL`]. Keys nobody knows are kept and given back, as Spark does, so scripts may carry their own.
//!
//! Not here: reading `spark.*` out of files or command lines (`emberflow`, `emberflow-server`).

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// What is known about one key.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub key: &'static str,
    /// The value of a session that sets nothing; `None`: the key exists but has no value.
    pub default: Option<&'static str>,
    /// A static key is fixed when the process starts.
    pub is_static: bool,
    pub doc: &'static str,
}

const fn key(key: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting { key, default: Some(default), is_static: false, doc }
}

const fn fixed(key: &'static str, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting { key, default, is_static: true, doc }
}

/// Every key, sorted.
pub static ALL: &[Setting] = &[
    Setting {
        key: "ember.default.container",
        default: None,
        is_static: false,
        doc: "container of NoSQL paths without a scheme, such as /cars",
    },
    key("ember.kv.hashing-buckets", "64", "buckets of a new NoSQL table with even distribution of range scans"),
    fixed("ember.kv.sync", None, "the older name of ember.nosql.sync"),
    fixed("ember.nosql.dir", None, "folder of the NoSQL store; .nosql in the warehouse"),
    fixed("ember.nosql.sync", Some("always"), "when NoSQL writes reach the disk: always, interval or never"),
    Setting {
        key: "emberflow.memory.limit",
        default: None, // a share of the machine's memory
        is_static: false,
        doc: "bytes that queries and caches of the whole engine may hold, such as 512m; fixed when a server starts",
    },
    key("spark.connect.progress.reportInterval", "2s", "time between two progress reports; negative: none"),
    key("spark.connect.session.planCompression.defaultAlgorithm", "ZSTD", "how clients compress large plans"),
    key("spark.connect.session.planCompression.threshold", "10485760", "plans above this many bytes are compressed by clients"),
    key(
        "spark.connect.session.resultChunking.maxChunkSize",
        "120795955",
        "largest piece, in bytes, of a result batch that is sent in chunks",
    ),
    fixed("spark.local.dir", None, "folder of temporary files; SPARK_LOCAL_DIRS, else the system's"),
    key("spark.sql.ansi.doubleQuotedIdentifiers", "false", "\"x\" in SQL is an identifier instead of a string"),
    key("spark.sql.ansi.enabled", "true", "overflow, bad casts and division by zero are errors instead of NULL"),
    key(
        "spark.sql.analyzer.strictDataFrameColumnResolution",
        "true",
        "df[\"c\"] never falls back to a column that is only named alike",
    ),
    key("spark.sql.avro.compression.codec", "snappy", "how Avro files are compressed"),
    key("spark.sql.caseSensitive", "false", "column and table names tell capitals apart"),
    fixed("spark.sql.catalogImplementation", Some("in-memory"), "where table definitions live"),
    key("spark.sql.columnNameOfCorruptRecord", "_corrupt_record", "column of records that do not fit the schema"),
    key("spark.sql.connect.serverStacktrace.enabled", "true", "errors carry the server's stack"),
    key("spark.sql.crossJoin.enabled", "true", "joins without a condition are allowed"),
    key("spark.sql.cteRecursionLevelLimit", "100", "rounds a recursive query may take; -1: any number"),
    key("spark.sql.execution.arrow.maxRecordsPerBatch", "10000", "rows in one Arrow batch sent to a client"),
    key("spark.sql.execution.arrow.pyspark.selfDestruct.enabled", "false", "read by PySpark's toPandas"),
    key("spark.sql.execution.arrow.useLargeVarTypes", "false", "strings and binaries travel with 64-bit offsets"),
    key("spark.sql.execution.pandas.convertToArrowArraySafely", "true", "read by PySpark's createDataFrame"),
    key("spark.sql.execution.pandas.inferPandasDictAsMap", "false", "read by PySpark's createDataFrame"),
    key("spark.sql.execution.pandas.structHandlingMode", "legacy", "read by PySpark's toPandas"),
    key("spark.sql.execution.pyspark.binaryAsBytes", "true", "read by PySpark's collect"),
    key("spark.sql.execution.pythonUDF.arrow.enabled", "true", "read by PySpark's udf"),
    key("spark.sql.execution.pythonUDTF.arrow.enabled", "true", "read by PySpark's udtf"),
    key("spark.sql.groupByAliases", "true", "GROUP BY may name a column of the select list"),
    key("spark.sql.groupByOrdinal", "true", "GROUP BY 1 means the first column of the select list"),
    key("spark.sql.jsonGenerator.ignoreNullFields", "true", "fields that are null are not written to JSON files"),
    key("spark.sql.mapKeyDedupPolicy", "EXCEPTION", "what happens when a map is built with equal keys"),
    key("spark.sql.orderByOrdinal", "true", "ORDER BY 1 means the first column of the select list"),
    key("spark.sql.orc.compression.codec", "zstd", "how ORC files are compressed"),
    key("spark.sql.orc.mergeSchema", "false", "reading ORC files puts the schemas of all of them together"),
    key("spark.sql.parquet.compression.codec", "snappy", "how Parquet files are compressed"),
    key("spark.sql.parquet.mergeSchema", "false", "reading Parquet files puts the schemas of all of them together"),
    key("spark.sql.parser.quotedRegexColumnNames", "false", "a back-quoted name in SELECT is a regular expression"),
    key("spark.sql.pivotMaxValues", "10000", "most distinct values a pivot collects by itself"),
    key("spark.sql.pyspark.inferNestedDictAsStruct.enabled", "false", "read by PySpark's createDataFrame"),
    key("spark.sql.pyspark.jvmStacktrace.enabled", "false", "PySpark shows the server's stack"),
    key("spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled", "false", "read by PySpark's createDataFrame"),
    key("spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled", "false", "read by PySpark's createDataFrame"),
    key("spark.sql.repl.eagerEval.enabled", "false", "printing a DataFrame shows its rows"),
    key("spark.sql.repl.eagerEval.maxNumRows", "20", "rows shown by eager printing"),
    key("spark.sql.repl.eagerEval.truncate", "20", "characters shown of a cell by eager printing"),
    key("spark.sql.session.localRelationBatchOfChunksSizeBytes", "1073741824", "read by PySpark's createDataFrame"),
    key("spark.sql.session.localRelationCacheThreshold", "1048576", "local data above this many bytes are uploaded first"),
    key("spark.sql.session.localRelationChunkSizeBytes", "16777216", "read by PySpark's createDataFrame"),
    key("spark.sql.session.localRelationChunkSizeRows", "10000", "read by PySpark's createDataFrame"),
    key("spark.sql.session.localRelationSizeLimit", "3221225472", "most bytes of local data"),
    Setting {
        key: "spark.sql.session.timeZone",
        default: None, // the zone of the host, filled in by `Settings::new`
        is_static: false,
        doc: "zone in which timestamps are read, printed and taken apart",
    },
    key("spark.sql.shuffle.partitions", "200", "partitions after an exchange, as reported; the engine uses one per core"),
    key("spark.sql.sources.default", "parquet", "format of read and write without one"),
    key(
        "spark.sql.sources.partitionColumnTypeInference.enabled",
        "true",
        "types of partition columns are guessed from their values; else they are strings",
    ),
    key(
        "spark.sql.sources.partitionOverwriteMode",
        "STATIC",
        "what overwriting replaces: everything, or DYNAMIC: the partitions that get rows",
    ),
    key("spark.sql.storeAssignmentPolicy", "ANSI", "how values are cast when inserted into a table"),
    key("spark.sql.timeType.enabled", "false", "columns may hold times of day"),
    key("spark.sql.timestampType", "TIMESTAMP_LTZ", "what TIMESTAMP means: TIMESTAMP_LTZ or TIMESTAMP_NTZ"),
    key("spark.sql.transposeMaxValues", "500", "most rows that transpose turns into columns"),
    key("spark.sql.variable.substitute", "true", "${name} in SQL text is replaced"),
    fixed("spark.sql.warehouse.dir", None, "folder of managed tables"),
];

/// The known facts about `key`.
pub fn known(key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key)
}

/// The settings of one session: what was set, over the defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    set: BTreeMap<String, String>,
    host_zone: String,
}

impl Settings {
    /// Nothing set; `host_zone` is the IANA name of the machine's time zone.
    pub fn new(host_zone: impl Into<String>) -> Self {
        Self { set: BTreeMap::new(), host_zone: host_zone.into() }
    }

    /// The value of `key`: set, or default, or none.
    pub fn get(&self, key: &str) -> Option<&str> {
        if let Some(value) = self.set.get(key) {
            return Some(value);
        }
        if key == "spark.sql.session.timeZone" {
            return Some(&self.host_zone);
        }
        known(key).and_then(|setting| setting.default)
    }

    /// The value of `key`, or Spark's error that there is none.
    pub fn require(&self, key: &str) -> Result<&str> {
        self.get(key).ok_or_else(|| Error::new("SQL_CONF_NOT_FOUND").with("sqlConf", format!("\"{key}\"")))
    }

    /// Sets `key`; a static one is refused.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> Result<()> {
        if known(key).is_some_and(|setting| setting.is_static) {
            return Err(Error::new("CANNOT_MODIFY_STATIC_CONFIG").with("key", format!("\"{key}\"")));
        }
        let value = value.into();
        let is_flag = known(key).is_some_and(|setting| matches!(setting.default, Some("true" | "false")));
        if is_flag && !matches!(value.trim().to_lowercase().as_str(), "true" | "false") {
            return Err(Error::new("INVALID_CONF_VALUE.TYPE_MISMATCH")
                .with("confName", key)
                .with("confValue", value)
                .with("confType", "boolean"));
        }
        let is_number = known(key).and_then(|setting| setting.default).is_some_and(|usual| usual.parse::<i64>().is_ok());
        // `10m`: a size with its unit; a count has none.
        let counts = key == "spark.sql.shuffle.partitions";
        let digits = value.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() && !counts);
        if is_number && digits.parse::<i64>().is_err() {
            return Err(Error::new("INVALID_CONF_VALUE.TYPE_MISMATCH")
                .with("confName", key)
                .with("confValue", value)
                .with("confType", if counts { "int" } else { "long" }));
        }
        self.set.insert(key.to_owned(), value);
        Ok(())
    }

    /// Sets `key` while the session starts, static or not.
    pub fn start_with(&mut self, key: &str, value: impl Into<String>) {
        self.set.insert(key.to_owned(), value.into());
    }

    /// Back to the default.
    pub fn unset(&mut self, key: &str) {
        self.set.remove(key);
    }

    /// Everything that has a value, sorted by key.
    pub fn all(&self) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = ALL
            .iter()
            .filter_map(|setting| self.get(setting.key).map(|value| (setting.key.to_owned(), value.to_owned())))
            .collect();
        all.extend(self.set.iter().map(|(key, value)| (key.clone(), value.clone())));
        all
    }

    /// Whether `key` may be set at run time.
    pub fn is_modifiable(&self, key: &str) -> bool {
        known(key).is_some_and(|setting| !setting.is_static)
    }

    /// `true` and `false` keys; anything but `true` is false.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Numeric keys; what cannot be read falls back to the default.
    pub fn number(&self, key: &str) -> i64 {
        let read = |text: &str| text.trim().parse::<i64>().ok();
        self.get(key).and_then(read).or_else(|| known(key).and_then(|setting| setting.default).and_then(read)).unwrap_or(0)
    }

    /// ANSI mode.
    pub fn ansi(&self) -> bool {
        self.flag("spark.sql.ansi.enabled")
    }

    /// Whether names tell capitals apart.
    pub fn case_sensitive(&self) -> bool {
        self.flag("spark.sql.caseSensitive")
    }

    /// Whether TIMESTAMP means timestamps without a zone.
    pub fn local_timestamps(&self) -> bool {
        self.get("spark.sql.timestampType").is_some_and(|said| said.eq_ignore_ascii_case("TIMESTAMP_NTZ"))
    }

    /// The session's time zone, an IANA name or an offset.
    pub fn time_zone(&self) -> &str {
        self.get("spark.sql.session.timeZone").unwrap_or("UTC")
    }
}
