//! The names of the format, where its paths lead, and what its options say.
//!
//! Not here: options one by one (`emberflow_nosql::options`), what they do (`source`, `write`).

use emberflow_base::Settings;
use emberflow_nosql::options::{ReadOptions, WriteOptions};
use emberflow_nosql::path::TablePath;
use emberflow_nosql::{Error, ErrorName, Result};
use emberflow_plan::tree::Options;

/// The format's name, and the one that older scripts use.
const FORMAT: &str = "nosql";
const ALIAS: &str = "io.iguaz.v3io.spark.sql.kv";

/// Options of writes. A read may have them too, such as one of a table that was made with them.
const OF_WRITES: [&str; 10] = [
    "key",
    "sorting-key",
    "allow-overwrite-schema",
    "schema-merge",
    "columnupdate",
    "counter",
    "condition",
    "partition",
    "range-scan-even-distribution",
    "range-scan.even-distribution",
];

/// Whether a format is this one, by either name.
pub(crate) fn is_nosql(format: &str) -> bool {
    format.eq_ignore_ascii_case(FORMAT) || format.eq_ignore_ascii_case(ALIAS)
}

/// The short name of a format; both names of this one are one.
pub(crate) fn short_name(format: &str) -> String {
    if is_nosql(format) { FORMAT.to_owned() } else { emberflow_sources::read::short_name(format) }
}

/// The options of a read. What nobody knows is reported in the log.
pub(super) fn of_read(options: &Options) -> Result<ReadOptions> {
    let is_read = |(name, _): &(&str, &str)| !OF_WRITES.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (read, warnings) = ReadOptions::parse(pairs(options).filter(is_read))?;
    report(&warnings);
    Ok(read)
}

/// The options of a write. What nobody knows is reported in the log.
pub(super) fn of_write(options: &Options, partition_by: &[String]) -> Result<WriteOptions> {
    // R takes `partition = "y, m"` for the beginning of `partitionBy`; no column has a comma in its name.
    let columns = partition_by.iter().flat_map(|columns| columns.split(',')).map(|column| column.trim().to_owned());
    let (write, warnings) = WriteOptions::parse(pairs(options), &columns.collect::<Vec<_>>())?;
    report(&warnings);
    Ok(write)
}

fn pairs(options: &Options) -> impl Iterator<Item = (&str, &str)> {
    options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

pub(super) fn report(warnings: &[String]) {
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
}

/// The table a path means; `container` is the option's.
pub(super) fn table_path(path: &str, container: Option<&str>, settings: &Settings) -> Result<TablePath> {
    TablePath::parse(path, container.or_else(|| settings.get("ember.default.container")))
}

/// Buckets of a new table with even distribution.
pub(super) fn buckets(settings: &Settings) -> Result<u32> {
    const NAMES: [&str; 2] = ["v3io.kv.range-scan.hashing-bucket-num", "ember.kv.hashing-buckets"];
    let Some((name, text)) = NAMES.iter().find_map(|name| Some((name, settings.get(name)?))) else {
        return Ok(emberflow_nosql::schema::DEFAULT_BUCKETS);
    };
    text.trim().parse().ok().filter(|number| (1..=65_536).contains(number)).ok_or_else(|| {
        let text = format!("the setting {name} is a number of buckets from 1 to 65536, not {text:?}");
        Error::new(ErrorName::InvalidOption, text)
    })
}
