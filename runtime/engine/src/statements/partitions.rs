//! Partitions of tables: the folders below a table's own, one level a column.
//!
//! ```text
//! <location>/day=2024-01-01/hour=5/…   ─►  day=2024-01-01/hour=5
//! ```
//!
//! The folders are the truth: there is no list of partitions that could differ from them. Those of NoSQL tables are in the
//! paths of their items, and there while one is.
//! Not here: rows in partitions (`insert`, `emberflow-sources`), folders of items (`nosql::tables`). Begin at
//! [`Session::partition_folders`].

use std::path::{Path, PathBuf};

use emberflow_base::{Error, Exception, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::DataType;
use emberflow_plan::tree::{CastMode, Expr, ExprKind, PartitionSpec};
use emberflow_plan::types::quote;
use emberflow_sources::folder_name;

use crate::catalog::{Files, Table, TableKind};
use crate::session::Session;
use crate::tables::{self, Cells};

/// The folder of a null value.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Values of some partition columns: each column's place and the name of its folder.
pub(crate) type Folders = Vec<(usize, String)>;

impl Session {
    /// The folders a PARTITION clause names, by the places of their columns; a column without a value names none.
    pub(crate) async fn partition_folders(&self, table: &Table, spec: &PartitionSpec) -> Result<Folders> {
        let files = partitioned_files(table)?;
        let mut folders = Folders::new();
        let mut unknown = Vec::new();
        for (name, value) in spec {
            match files.partition_by.iter().position(|column| column.eq_ignore_ascii_case(name)) {
                None => unknown.push(quote(name)),
                Some(place) => {
                    if let Some(value) = value {
                        let column = &files.partition_by[place];
                        let data_type = table.schema.fields.iter().find(|field| field.name == *column);
                        let data_type = data_type.map_or(DataType::String, |field| field.data_type.clone());
                        let folder = match files.is_nosql() {
                            true => self.nosql_folder(column, value, data_type).await?,
                            false => self.folder_of(column, value, data_type).await?,
                        };
                        folders.push((place, folder));
                    }
                }
            }
        }
        if !unknown.is_empty() {
            return Err(Error::new("PARTITIONS_NOT_FOUND")
                .with("partitionList", unknown.join(", "))
                .with("tableName", table.quoted()));
        }
        folders.sort();
        Ok(folders)
    }

    /// `day=2024-01-01`
    async fn folder_of(&self, column: &str, value: &Expr, data_type: DataType) -> Result<String> {
        let cast = |expression: Expr, target: DataType| {
            Expr::new(ExprKind::Cast { expression: Box::new(expression), target, mode: CastMode::Ansi })
                .with_origin(value.origin.clone())
        };
        let text = self.evaluated_text(cast(cast(value.clone(), data_type), DataType::String)).await?;
        let value = text.filter(|text| !text.is_empty()).map_or_else(|| NULL_PARTITION.to_owned(), |text| folder_name(&text));
        Ok(format!("{}={value}", folder_name(column)))
    }

    pub(crate) async fn show_partitions(&self, name: &[String], spec: PartitionSpec) -> Result<Rows> {
        let table = self.table_for(name, "SHOW PARTITIONS")?;
        let files = partitioned_files(&table)?;
        let wanted = self.partition_folders(&table, &spec).await?;
        let found = self.leaves(files)?.into_iter().filter(|folders| is_within(folders, &wanted));
        let names = found.map(|folders| Some(folders.join("/"))).collect();
        tables::table(vec![("partition", false, Cells::Text(names))])
    }

    /// One partition that has to be there.
    pub(crate) async fn require_partition(&self, table: &Table, spec: &PartitionSpec) -> Result<()> {
        let files = partitioned_files(table)?;
        let wanted = self.partition_folders(table, spec).await?;
        match self.leaves(files)?.iter().any(|folders| is_within(folders, &wanted)) {
            true => Ok(()),
            false => Err(not_found(table, &wanted)),
        }
    }

    pub(crate) async fn add_partitions(&self, table: &Table, partitions: Vec<PartitionSpec>, if_not_exists: bool) -> Result<()> {
        let files = partitioned_files(table)?;
        if files.is_nosql() {
            let name = table.quoted();
            let text = format!("{name} is a NoSQL table: its partitions come with their first item and cannot be added empty.");
            return Err(Error::new("INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED")
                .with("name", name)
                .text(text)
                .exception_class(Exception::Analysis));
        }
        let location = emberflow_sources::paths::local(&files.location)?;
        for spec in partitions {
            let wanted = self.partition_folders(table, &spec).await?;
            if wanted.len() != files.partition_by.len() {
                return Err(incomplete(table, files, &spec));
            }
            let folder = below(&location, &wanted);
            if folder.is_dir() {
                if if_not_exists {
                    continue;
                }
                return Err(Error::new("PARTITIONS_ALREADY_EXIST")
                    .with("partitionList", shown(&wanted))
                    .with("tableName", short_name(table))
                    .exception_class(Exception::PartitionsAlreadyExist));
            }
            super::tables::make_folder(&folder)?;
        }
        Ok(())
    }

    pub(crate) async fn drop_partitions(&self, table: &Table, partitions: Vec<PartitionSpec>, if_exists: bool) -> Result<()> {
        let files = partitioned_files(table)?;
        for spec in partitions {
            let wanted = self.partition_folders(table, &spec).await?;
            let found: Vec<Vec<String>> = self.leaves(files)?.into_iter().filter(|folders| is_within(folders, &wanted)).collect();
            if found.is_empty() && !if_exists {
                return Err(not_found(table, &wanted));
            }
            self.remove_partitions(files, found).await?;
        }
        self.changed(table).await
    }

    /// Takes the rows of partitions away and leaves the partitions.
    pub(crate) async fn truncate_partitions(&self, table: &Table, spec: PartitionSpec) -> Result<()> {
        let files = partitioned_files(table)?;
        let wanted = self.partition_folders(table, &spec).await?;
        let found: Vec<Vec<String>> = self.leaves(files)?.into_iter().filter(|folders| is_within(folders, &wanted)).collect();
        if found.is_empty() {
            return Err(not_found(table, &wanted));
        }
        self.remove_partitions(files, found.clone()).await?;
        if !files.is_nosql() {
            let location = emberflow_sources::paths::local(&files.location)?;
            for folders in found {
                super::tables::make_folder(&location.join(folders.join("/")))?;
            }
        }
        self.changed(table).await
    }

    async fn remove_partitions(&self, files: &Files, partitions: Vec<Vec<String>>) -> Result<()> {
        if files.is_nosql() {
            return self.drop_nosql_partitions(files, partitions).await;
        }
        let location = emberflow_sources::paths::local(&files.location)?;
        self.off_thread(move |_| partitions.iter().try_for_each(|folders| remove(&location, folders))).await
    }

    /// The folders of every partition, sorted.
    fn leaves(&self, files: &Files) -> Result<Vec<Vec<String>>> {
        if files.is_nosql() { self.nosql_partitions(files) } else { leaves(files) }
    }

    /// Folders are read as they are, so there is nothing to recover; only the question must make sense.
    pub(crate) fn recover_partitions(&self, table: &Table) -> Result<()> {
        match &table.kind {
            TableKind::Files(files) if !files.partition_by.is_empty() => Ok(()),
            _ => Err(Error::new("NOT_A_PARTITIONED_TABLE")
                .with("operation", "ALTER TABLE RECOVER PARTITIONS")
                .with("tableIdentWithDB", table.quoted())),
        }
    }
}

/// The files of a table that has partitions.
fn partitioned_files(table: &Table) -> Result<&Files> {
    match &table.kind {
        TableKind::Files(files) if !files.partition_by.is_empty() => Ok(files),
        _ => Err(Error::new("INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY").with("name", table.quoted())),
    }
}

/// A PARTITION clause that must name every partition column and does not.
pub(crate) fn incomplete(table: &Table, files: &Files, spec: &PartitionSpec) -> Error {
    let named: Vec<&str> = spec.iter().map(|(name, _)| name.as_str()).collect();
    let (named, all) = (named.join(","), files.partition_by.join(","));
    let text = format!("The clause names the partition columns {named}, but {} has {all}.", table.quoted());
    Error::new("_LEGACY_ERROR_TEMP_1169")
        .with("tableName", table.quoted())
        .with("normalizedPartSpec", named)
        .with("partColNames", all)
        .text(text)
}

fn not_found(table: &Table, wanted: &Folders) -> Error {
    Error::new("PARTITIONS_NOT_FOUND")
        .with("partitionList", shown(wanted))
        .with("tableName", short_name(table))
        .exception_class(Exception::NoSuchPartitions)
}

/// ``PARTITION (`day` = 2024-01-01, `hour` = 1)``
fn shown(folders: &Folders) -> String {
    let pairs: Vec<String> = folders
        .iter()
        .filter_map(|(_, folder)| folder.split_once('='))
        .map(|(name, value)| {
            let decoded = emberflow_sources::paths::decoded;
            format!("{} = {}", quote(&decoded(name)), decoded(value))
        })
        .collect();
    format!("PARTITION ({})", pairs.join(", "))
}

fn short_name(table: &Table) -> String {
    format!("{}.{}", quote(&table.database), quote(&table.name))
}

fn below(location: &Path, folders: &Folders) -> PathBuf {
    folders.iter().fold(location.to_owned(), |path, (_, folder)| path.join(folder))
}

fn is_within(folders: &[String], wanted: &Folders) -> bool {
    wanted.iter().all(|(place, folder)| folders.get(*place) == Some(folder))
}

fn leaves(files: &Files) -> Result<Vec<Vec<String>>> {
    let location = emberflow_sources::paths::local(&files.location)?;
    let mut found = vec![Vec::new()];
    for column in &files.partition_by {
        let prefix = format!("{}=", folder_name(column));
        let mut deeper = Vec::new();
        for folders in found {
            let here = folders.iter().fold(location.clone(), |path, folder: &String| path.join(folder));
            for folder in folders_in(&here)?.into_iter().filter(|name| name.starts_with(&prefix)) {
                deeper.push(folders.iter().cloned().chain([folder]).collect::<Vec<String>>());
            }
        }
        found = deeper;
    }
    Ok(found)
}

/// The names of the partition columns of a folder that somebody else filled.
pub(crate) fn partition_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut here = folder.to_owned();
    while let Some(first) = folders_in(&here)?.into_iter().find(|name| name.contains('=')) {
        names.extend(first.split_once('=').map(|(name, _)| emberflow_sources::paths::decoded(name)));
        here = here.join(first);
    }
    Ok(names)
}

/// The visible folders in a folder, sorted; none if it is not there.
fn folders_in(folder: &Path) -> Result<Vec<String>> {
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let path = folder.display().to_string();
            return Err(Error::new("FAILED_READ_FILE.NO_HINT").with("path", path.clone()).text(format!("{path}: {error}")));
        }
    };
    let mut names: Vec<String> = listed
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

/// Removes one partition: out of sight first, then from the disk.
fn remove(location: &Path, folders: &[String]) -> Result<()> {
    let folder = location.join(folders.join("/"));
    let aside = location.join(format!(".emberflow-{}", uuid::Uuid::new_v4()));
    let removed = std::fs::rename(&folder, &aside).and_then(|()| std::fs::remove_dir_all(&aside));
    removed.map_err(|error| {
        let path = folder.display().to_string();
        Error::new("TASK_WRITE_FAILED").with("path", path.clone()).text(format!("{path} cannot be removed: {error}"))
    })?;
    // Empty folders above are no partitions any more.
    for depth in (1..folders.len()).rev() {
        let _ = std::fs::remove_dir(location.join(folders[..depth].join("/")));
    }
    Ok(())
}

/// The size of everything visible below a folder.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let Ok(listed) = std::fs::read_dir(folder) else { return 0 };
    let visible = listed.filter_map(std::result::Result::ok).filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        !name.starts_with('.') && (!name.starts_with('_') || name.contains('='))
    });
    visible
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
