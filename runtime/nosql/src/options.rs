//! Options of the data source, from texts to types. Names in any case; unknown options are ignored with a warning.
//!
//! Not here: what they do (`rows`, `schema`), which container is the default (the engine).

use crate::error::{Error, ErrorName, Result};
use crate::read_filter::OnTypeMismatch;

/// How many items are looked at to infer a schema.
const SAMPLE: usize = 1000;

/// Options of a write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteOptions {
    pub key: String,
    pub sorting_key: Option<String>,
    pub allow_overwrite_schema: bool,
    pub schema_merge: bool,
    pub column_update: bool,
    pub counters: Vec<String>,
    /// Empty for true.
    pub condition: String,
    pub partition: Option<Vec<String>>,
    pub even_distribution: Option<bool>,
    pub container: Option<String>,
}

/// Options of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    pub infer_schema: bool,
    pub sample: usize,
    pub on_type_mismatch: OnTypeMismatch,
    pub container: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { infer_schema: false, sample: SAMPLE, on_type_mismatch: OnTypeMismatch::Error, container: None }
    }
}

impl WriteOptions {
    /// Reads options, and gives warnings about those that are unknown. `partition_by` are the columns of `partitionBy`.
    /// `InvalidOption`; `MissingOption` without `key`.
    pub fn parse<'a>(
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
        partition_by: &[String],
    ) -> Result<(Self, Vec<String>)> {
        let (mut read, mut warnings, mut key) = (Self::default(), Vec::new(), None);
        for (name, value) in options {
            match name.to_ascii_lowercase().as_str() {
                "key" => key = Some(column(name, value)?),
                "sorting-key" => read.sorting_key = Some(column(name, value)?),
                "allow-overwrite-schema" => read.allow_overwrite_schema = boolean(name, value)?,
                "schema-merge" => read.schema_merge = boolean(name, value)?,
                "columnupdate" => read.column_update = boolean(name, value)?,
                "counter" => read.counters = list(name, value)?,
                "condition" => value.clone_into(&mut read.condition),
                "partition" => read.partition = Some(list(name, value)?),
                "range-scan-even-distribution" | "range-scan.even-distribution" => {
                    read.even_distribution = Some(boolean(name, value)?);
                }
                "container-id" => read.container = Some(column(name, value)?),
                "partitionoverwritemode" if value.trim().eq_ignore_ascii_case("dynamic") => {
                    return Err(invalid("a NoSQL table is not overwritten by dynamic partitions".to_owned()));
                }
                "path" | "partitionoverwritemode" => {}
                _ => warnings.push(unknown(name)),
            }
        }
        if !partition_by.is_empty() && read.partition.as_deref().is_some_and(|stated| stated != partition_by) {
            let text = format!("the option partition and partitionBy({}) name different columns", partition_by.join(", "));
            return Err(invalid(text));
        }
        if !partition_by.is_empty() {
            read.partition = Some(partition_by.to_vec());
        }
        read.key = key.ok_or_else(|| Error::new(ErrorName::MissingOption, "a write to a NoSQL table needs the option key"))?;
        Ok((read, warnings))
    }
}

impl ReadOptions {
    /// Reads options, and gives warnings about those that are unknown. `InvalidOption`.
    pub fn parse<'a>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(Self, Vec<String>)> {
        let (mut read, mut warnings) = (Self::default(), Vec::new());
        for (name, value) in options {
            match name.to_ascii_lowercase().as_str() {
                "inferschema" => read.infer_schema = boolean(name, value)?,
                "inferschema.sample" => {
                    let sample = value.trim().parse().ok().filter(|sample| *sample > 0);
                    read.sample = sample.ok_or_else(|| invalid(format!("{name} is a number above 0, not {value:?}")))?;
                }
                "on-type-mismatch" => {
                    read.on_type_mismatch = match value.trim().to_ascii_lowercase().as_str() {
                        "error" => OnTypeMismatch::Error,
                        "null" => OnTypeMismatch::Null,
                        _ => return Err(invalid(format!("{name} is `error` or `null`, not {value:?}"))),
                    }
                }
                "container-id" => read.container = Some(column(name, value)?),
                "path" => {}
                _ => warnings.push(unknown(name)),
            }
        }
        Ok((read, warnings))
    }
}

fn invalid(text: String) -> Error {
    Error::new(ErrorName::InvalidOption, text)
}

fn unknown(name: &str) -> String {
    format!("the option {name} is unknown to NoSQL tables and ignored")
}

fn boolean(name: &str, value: &str) -> Result<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(format!("{name} is `true` or `false`, not {value:?}"))),
    }
}

fn column(name: &str, value: &str) -> Result<String> {
    match value.trim() {
        "" => Err(invalid(format!("{name} is empty"))),
        value => Ok(value.to_owned()),
    }
}

fn list(name: &str, value: &str) -> Result<Vec<String>> {
    value.split(',').map(|member| column(name, member)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(options: &[(&str, &str)]) -> Result<WriteOptions, ErrorName> {
        WriteOptions::parse(options.iter().copied(), &[]).map(|(read, _)| read).map_err(|error| error.name())
    }

    #[test]
    fn vector_26_the_key_is_required() {
        assert_eq!(written(&[("sorting-key", "s")]), Err(ErrorName::MissingOption));
    }

    #[test]
    fn names_in_any_case_lists_and_booleans() {
        let options = [("KEY", " k "), ("Partition", "y, m"), ("range-scan.even-distribution", "TRUE"), ("counter", " n ")];
        let read = written(&options).unwrap();
        assert_eq!((read.key.as_str(), read.even_distribution), ("k", Some(true)));
        assert_eq!(read.partition.unwrap(), ["y", "m"]);
        assert_eq!(read.counters, ["n"]);
        for wrong in [("columnUpdate", "yes"), ("counter", "a,,b"), ("partition", ""), ("key", " ")] {
            assert_eq!(written(&[("key", "k"), wrong]), Err(ErrorName::InvalidOption), "{wrong:?}");
        }
        let (_, warnings) = WriteOptions::parse([("key", "k"), ("colour", "red"), ("path", "x")], &[]).unwrap();
        assert_eq!(warnings, ["the option colour is unknown to NoSQL tables and ignored"]);
    }

    #[test]
    fn partition_and_partition_by_agree() {
        let read = |partition: &str, by: &[&str]| {
            let by: Vec<String> = by.iter().map(|column| (*column).to_owned()).collect();
            WriteOptions::parse([("key", "k"), ("partition", partition)], &by).map(|(read, _)| read.partition)
        };
        assert_eq!(read("y,m", &["y", "m"]).unwrap().unwrap(), ["y", "m"]);
        assert_eq!(read("y", &["y", "m"]).unwrap_err().name(), ErrorName::InvalidOption);
        assert_eq!(read("y", &[]).unwrap().unwrap(), ["y"]);
    }

    #[test]
    fn options_of_reads() {
        let read = |options: &[(&'static str, &'static str)]| ReadOptions::parse(options.iter().copied());
        let (options, _) = read(&[("INFERSCHEMA", "true"), ("inferSchema.sample", "5"), ("on-type-mismatch", "null")]).unwrap();
        assert!(options.infer_schema && options.sample == 5 && options.on_type_mismatch == OnTypeMismatch::Null);
        assert_eq!(read(&[("inferSchema.sample", "0")]).unwrap_err().name(), ErrorName::InvalidOption);
        assert_eq!(read(&[("on-type-mismatch", "skip")]).unwrap_err().name(), ErrorName::InvalidOption);
        assert_eq!(read(&[]).unwrap().0, ReadOptions::default());
    }
}
