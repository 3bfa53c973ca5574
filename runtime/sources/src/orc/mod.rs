//! ORC files.
//!
//!     read    tail ──► schema (`types`) ──► stripes that may hold what filters ask (`prune`)
//!                  ──► orc-rust's decoders, column by column (`read`) ──► the table's columns (`fit`)
//!     write   batches ──► encoders, column by column (`write`) ──► stripes ──► tail
//!
//! orc-rust decodes streams; it gives neither Spark's names of types nor instants as they were written, so the tail and the
//! stripes' footers are read here. Its writer knows no nested columns, hence `write`.
//!
//! | file         | holds                                          |
//! |--------------|------------------------------------------------|
//! | `tail`       | footers, both ways; over `wire`, `statistics`  |
//! | `types`      | ORC's types and Spark's                        |
//! | `read`       | one part of a file into batches                |
//! | `prune`      | which stripes and row groups to pass over      |
//! | `fit`        | values of other types, calendars and zones     |
//! | `write`      | a file from batches                            |

mod fit;
mod prune;
mod read;
mod statistics;
mod tail;
#[cfg(test)]
mod tests;
mod types;
mod wire;
pub(crate) mod write;

use std::sync::{Arc, OnceLock};

use emberflow_base::{Error, Result};
use emberflow_functions::cast::Casting;
use emberflow_functions::{EvalMode, zones::Zone};
use emberflow_plan::{DataType, StructType};

use crate::listing::DataFile;
use crate::partitions::Partitions;
use crate::paths::shown;
use crate::read::{Made, ReadRequest, all_nullable, empty};
use crate::table::{Reader, table as files_table};

/// Why bytes are no ORC file.
#[derive(Debug)]
pub(crate) struct Broken(String);

impl Broken {
    fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// The zone in which files hold timestamps: the machine's, as for Spark it is the JVM's, whatever the session's is.
fn machine_zone() -> &'static (String, Zone) {
    static ZONE: OnceLock<(String, Zone)> = OnceLock::new();
    ZONE.get_or_init(|| {
        let utc = || ("UTC".to_owned(), Zone::Fixed(0));
        let named = iana_time_zone::get_timezone().ok().and_then(|name| Zone::find(&name).map(|zone| (name, zone)));
        named.unwrap_or_else(utc)
    })
}

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Made {
    let options = &request.options;
    let ignores = |key: &str, setting: &str| options.flag(key, request.context.settings.flag(setting));
    let ignores_corrupt = ignores("ignorecorruptfiles", "spark.sql.files.ignoreCorruptFiles")?;
    let ignores_missing = ignores("ignoremissingfiles", "spark.sql.files.ignoreMissingFiles")?;
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let schema = match (request.schema, files.is_empty()) {
        (Some(schema), true) => return empty(schema),
        (Some(schema), false) => schema.clone(),
        (None, _) => {
            let merges = request.merges("spark.sql.orc.mergeSchema")?;
            inferred(&files, merges, ignores_corrupt)?
                .ok_or_else(|| Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "ORC"))?
        }
    };
    let schema = partitions.without(&schema);
    check_types(&schema)?;
    let format = read::Orc {
        schema: all_nullable(&schema),
        case_sensitive: request.context.settings.case_sensitive(),
        by_position: options.flag("orc.force.positional.evolution", false)?,
        pads_chars: request.schema.is_none(),
        ignores_corrupt,
        ignores_missing,
        casting: Casting { mode: EvalMode::Try, zone: machine_zone().1.clone(), now_micros: request.context.now_micros },
    };
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

/// The schema of the first file that has one, or of all put together.
fn inferred(files: &[DataFile], merges: bool, ignores_corrupt: bool) -> Result<Option<StructType>> {
    let mut known: Option<StructType> = None;
    for file in files {
        let schema = match file_schema(file) {
            Ok(schema) => schema,
            Err(_) if ignores_corrupt => None,
            Err(error) => return Err(error),
        };
        known = match (known, schema) {
            (known, None) => known,
            (None, Some(schema)) => Some(schema),
            (Some(known), Some(schema)) => Some(crate::read::merge(&known, &schema).ok_or_else(|| {
                Error::new("CANNOT_MERGE_SCHEMAS")
                    .with("left", DataType::Struct(known.clone()).quoted())
                    .with("right", DataType::Struct(schema).quoted())
                    .exception_class(emberflow_base::Exception::Spark)
            })?),
        };
        if known.is_some() && !merges {
            break;
        }
    }
    Ok(known)
}

/// The schema in a file's footer; an empty file has none.
fn file_schema(file: &DataFile) -> Result<Option<StructType>> {
    let unreadable = |why: Broken| {
        Error::new("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER")
            .with("path", shown(&file.path))
            .text(format!("{} is not a readable ORC file: {why}", shown(&file.path)))
            .exception_class(emberflow_base::Exception::Spark)
    };
    if file.size == 0 {
        return Ok(None);
    }
    let opened = read::OrcFile::open(&file.path).map_err(unreadable)?;
    types::struct_of(&opened.tail.types, 0).map(Some)
}

/// Spark's error about a column that ORC files do not hold.
pub(crate) fn check_types(schema: &StructType) -> Result<()> {
    match schema.fields.iter().find(|field| !holds(&field.data_type)) {
        None => Ok(()),
        Some(field) => Err(Error::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")
            .with("columnName", emberflow_plan::types::quote(&field.name))
            .with("columnType", field.data_type.quoted())
            .with("format", "ORC")),
    }
}

fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::Variant | DataType::CalendarInterval => false,
        DataType::Array { element, .. } => holds(element),
        DataType::Map { key, value, .. } => holds(key) && holds(value),
        DataType::Struct(fields) => fields.fields.iter().all(|field| holds(&field.data_type)),
        DataType::Udt { sql_type, .. } => holds(sql_type),
        _ => true,
    }
}
