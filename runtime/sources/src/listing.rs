//! The data files below paths: folders walked, hidden names passed over, options of every file source applied.
//!
//!     paths ──► globs expanded ──► folders walked ──► partition folders taken apart ──► files, sorted within each path
//!
//! A folder that someone is committing to is read as before or as after the commit, never in between (`write::commit`).
//! Not here: what types partition values have (`partitions`).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use emberflow_base::{Error, Result};

use crate::options::SourceOptions;
use crate::paths::{decoded, expand, glob_matcher, hidden, local, shown};
use crate::write::commit;

/// A data file and the values of the partition folders above it (`country=fr`), outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: PathBuf,
    pub size: u64,
    pub modified: SystemTime,
    pub partition: Vec<(String, Option<String>)>,
}

/// What Spark writes for a null partition value.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Which of the files found are wanted.
struct Wanted {
    recursive: bool,
    name: Option<Box<dyn Fn(&str) -> bool>>,
    before: Option<SystemTime>,
    after: Option<SystemTime>,
    base: Option<PathBuf>,
}

impl Wanted {
    fn of(options: &SourceOptions, zone: &str) -> Result<Self> {
        let name = match options.get("pathglobfilter") {
            Some(pattern) => Some(Box::new(glob_matcher(pattern)?) as Box<dyn Fn(&str) -> bool>),
            None => None,
        };
        Ok(Self {
            recursive: options.flag("recursivefilelookup", false)?,
            name,
            before: moment(options, "modifiedbefore", zone)?,
            after: moment(options, "modifiedafter", zone)?,
            base: options.get("basepath").map(local).transpose()?,
        })
    }

    fn takes(&self, file: &DataFile) -> bool {
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.name.as_ref().is_none_or(|matches| matches(&name))
            && self.before.is_none_or(|before| file.modified < before)
            && self.after.is_none_or(|after| file.modified > after)
    }
}

/// `2020-06-01T13:00:00` in the session's zone.
fn moment(options: &SourceOptions, key: &str, zone: &str) -> Result<Option<SystemTime>> {
    let Some(text) = options.get(key) else { return Ok(None) };
    let wrong =
        || Error::new("INVALID_OPTION").text(format!("The option `{key}` is a time like 2020-06-01T13:00:00, not `{text}`."));
    let session = emberflow_functions::zones::Zone::parse(options.get("timezone").unwrap_or(zone))?;
    let (clock, own) = emberflow_functions::cast::parse_timestamp(text, |_| None).ok_or_else(wrong)?;
    let micros = own.as_ref().unwrap_or(&session).instant(clock);
    let since = u64::try_from(micros).map_err(|_| wrong())?;
    Ok(Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(since)))
}

/// Every data file under `paths`. A path that matches nothing is an error.
pub fn data_files(paths: &[String], options: &SourceOptions, zone: &str) -> Result<Vec<DataFile>> {
    let wanted = Wanted::of(options, zone)?;
    let mut files = Vec::new();
    for path in paths {
        let base = local(path)?;
        commit::recover(&base)?;
        let matched = expand(&base)?;
        if matched.is_empty() {
            return Err(Error::new("PATH_NOT_FOUND").with("path", shown(&base)));
        }
        for path in matched {
            let above = above(&path, wanted.base.as_deref())?;
            let mut found = commit::steady(&path, || {
                let mut found = Vec::new();
                walk(&path, above.clone(), &mut found)?;
                Ok(found)
            })?;
            found.retain(|file| wanted.takes(file));
            if wanted.recursive {
                found.iter_mut().for_each(|file| file.partition.clear());
            } else {
                found = unmixed(&path, found)?;
            }
            files.extend(found);
        }
    }
    if let Some(first) = files.first() {
        same_columns(first, &files)?;
    }
    Ok(files)
}

/// The partition folders between `basePath` and the path itself.
fn above(path: &Path, base: Option<&Path>) -> Result<Vec<(String, Option<String>)>> {
    let Some(base) = base else { return Ok(Vec::new()) };
    let Ok(between) = path.strip_prefix(base) else {
        return Err(Error::new("INVALID_PARAMETER_VALUE").text(format!(
            "The option basePath names {}, which is not above {}.",
            shown(base),
            shown(path)
        )));
    };
    let folder = if path.is_file() { between.parent().unwrap_or(Path::new("")) } else { between };
    Ok(folder.iter().filter_map(|part| partition_of(&part.to_string_lossy())).collect())
}

/// `country=fr` taken apart.
fn partition_of(name: &str) -> Option<(String, Option<String>)> {
    let (key, value) = name.split_once('=')?;
    (!key.is_empty()).then(|| (decoded(key), (value != NULL_PARTITION).then(|| decoded(value))))
}

fn walk(path: &Path, partition: Vec<(String, Option<String>)>, files: &mut Vec<DataFile>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new("FAILED_READ_FILE.NO_HINT").with("path", shown(path)).text(format!("{}: {error}", shown(path)))
    };
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        // Gone between the listing and now.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if about.is_file() {
        let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        files.push(DataFile { path: path.to_owned(), size: about.len(), modified, partition });
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).map_err(failed)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    for entry in entries.into_iter().filter(|entry| !hidden(entry)) {
        let mut below = partition.clone();
        let is_folder = entry.is_dir();
        match entry.file_name().and_then(|name| partition_of(&name.to_string_lossy())) {
            Some(value) if is_folder => below.push(value),
            // Partition folders count only where nothing else stands between them and the files.
            None if is_folder => below.clear(),
            _ => {}
        }
        walk(&entry, below, files)?;
    }
    Ok(())
}

/// Files in partition folders if there are any, else the files that lie directly in the folder: Spark's rule.
fn unmixed(folder: &Path, mut files: Vec<DataFile>) -> Result<Vec<DataFile>> {
    if files.iter().any(|file| !file.partition.is_empty()) {
        files.retain(|file| !file.partition.is_empty());
    } else if folder.is_dir() {
        files.retain(|file| file.path.parent() == Some(folder));
    }
    Ok(files)
}

fn same_columns(first: &DataFile, files: &[DataFile]) -> Result<()> {
    let names = |file: &DataFile| file.partition.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let expected = names(first);
    match files.iter().find(|file| names(file) != expected) {
        None => Ok(()),
        Some(other) => {
            let folder = |file: &DataFile| shown(file.path.parent().unwrap_or(&file.path));
            let list =
                |index: usize, file: &DataFile| format!("\n\tPartition column name list #{index}: {}", names(file).join(", "));
            Err(Error::new("CONFLICTING_PARTITION_COLUMN_NAMES")
                .with("distinctPartColLists", format!("{}{}\n", list(0, first), list(1, other)))
                .with("suspiciousPaths", format!("\n\t{}\n\t{}", folder(first), folder(other)))
                .exception_class(emberflow_base::Exception::Runtime))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, options: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs: Vec<(String, String)> = options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let files = data_files(&[folder.display().to_string()], &SourceOptions::new(&pairs), "UTC").unwrap();
        let partition = |file: &DataFile| {
            file.partition.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("?"))).collect::<Vec<_>>()
        };
        files
            .iter()
            .map(|file| (file.path.strip_prefix(folder).unwrap().display().to_string(), partition(file).join(",")))
            .collect()
    }

    fn folder_of(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    #[test]
    fn partition_folders_win_over_loose_files() {
        let folder = folder_of(&["loose", "a=1/b=x%2Fy/f", "a=__HIVE_DEFAULT_PARTITION__/b=2/f", "_SUCCESS", ".hidden/f"]);
        let expected = [("a=1/b=x%2Fy/f", "a=1,b=x/y"), ("a=__HIVE_DEFAULT_PARTITION__/b=2/f", "a=?,b=2")];
        assert_eq!(found(folder.path(), &[]), expected.map(|(path, values)| (path.to_owned(), values.to_owned())));
    }

    #[test]
    fn plain_folders_below_count_only_when_asked() {
        let folder = folder_of(&["f", "sub/g", "sub/h.csv"]);
        assert_eq!(found(folder.path(), &[]).len(), 1);
        assert_eq!(found(folder.path(), &[("recursiveFileLookup", "true")]).len(), 3);
        assert_eq!(found(folder.path(), &[("recursiveFileLookup", "true"), ("pathGlobFilter", "*.{csv,tsv}")]).len(), 1);
    }

    #[test]
    fn a_base_path_brings_partitions_back() {
        let folder = folder_of(&["a=1/b=2/f"]);
        let below = folder.path().join("a=1");
        assert_eq!(found(&below, &[])[0].1, "b=2");
        let base = folder.path().display().to_string();
        assert_eq!(found(&below, &[("basePath", &base)])[0].1, "a=1,b=2");
    }

    #[test]
    fn folders_that_disagree_are_refused() {
        let folder = folder_of(&["a=1/f", "b=1/f"]);
        let error = data_files(&[folder.path().display().to_string()], &SourceOptions::default(), "UTC").unwrap_err();
        assert_eq!(error.condition(), "CONFLICTING_PARTITION_COLUMN_NAMES");
    }
}
