//! The catalog's entries on disk: one small file for each database, table and view.
//!
//! # FORMAT
//!
//! ```text
//! <warehouse>/.emberflow/                  everything the catalog keeps; data lies beside it
//!     lock                                 empty; locked by whoever writes entries, never by readers
//!     <database>/                          the database is there when its folder is
//!         database.json                    what is said of it; `default` needs neither folder nor file
//!         table-<table>.json               one table or view
//!     garbage-<id>.json                    {"format": 1, "folders": [..]}: folders of dropped tables still to be removed
//!     making-<id>.json                     the same, of a table being made; locked by its process while that lives
//! ```
//!
//! Names are in lower case; every character of a name but `a-z 0-9 _` is written `%XX`, byte by byte. Files are JSON with
//! `"format": 1`; a file of a higher number is refused, since a newer Emberflow meant something else. What stands in an
//! entry is drawn in `entry`.
//!
//! # Why it survives
//!
//! A file is written under another name, synced, renamed over the old one, and its folder is synced: after a kill at any
//! instruction there is the old entry or the new one. Nothing is kept in memory, so several processes see each other's
//! changes at once. Dropping moves the entry away first (that is the moment it is gone), then removes the data; folders
//! noted as garbage that no entry points to are removed by the next writer, should the first one have died between.
//!
//! Not here: what entries mean (`entry`), names (`names`), who may do what (`emberflow::statements`).

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use emberflow_base::{Error, Result};
use serde_json::{Value, json};

/// The version of the format above.
pub(super) const FORMAT: u64 = 1;

/// The folder of the entries of a warehouse.
#[derive(Debug)]
pub(super) struct Store {
    root: PathBuf,
}

/// The right to change entries; given back when dropped.
pub(super) struct Lock {
    _file: File,
}

/// A note that a folder belongs to nobody until an entry says otherwise; taken back when dropped.
pub(crate) struct Making {
    file: Option<File>,
    path: PathBuf,
}

impl Drop for Making {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = fs::remove_file(&self.path);
            drop(file);
        }
    }
}

impl Store {
    pub fn new(warehouse: &Path) -> Self {
        Self { root: warehouse.join(".emberflow") }
    }

    fn folder(&self, database: &str) -> PathBuf {
        self.root.join(encoded(database))
    }

    fn database_file(&self, database: &str) -> PathBuf {
        self.folder(database).join("database.json")
    }

    pub fn table_file(&self, database: &str, table: &str) -> PathBuf {
        self.folder(database).join(format!("table-{}.json", encoded(table)))
    }

    /// The databases that have a folder, sorted.
    pub fn databases(&self) -> Result<Vec<String>> {
        names_in(&self.root, |entry| {
            let is_folder = entry.path().is_dir();
            entry.file_name().to_str().filter(|name| is_folder && !name.starts_with('.')).and_then(decoded)
        })
    }

    /// What is said of a database; none if nothing is said.
    pub fn database(&self, database: &str) -> Result<Option<Value>> {
        read(&self.database_file(database))
    }

    pub fn has_database(&self, database: &str) -> bool {
        self.folder(database).is_dir()
    }

    /// The tables and views of a database, sorted.
    pub fn tables(&self, database: &str) -> Result<Vec<String>> {
        names_in(&self.folder(database), |entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix("table-")?.strip_suffix(".json").and_then(decoded)
        })
    }

    /// The entry of a table or view.
    pub fn table(&self, database: &str, table: &str) -> Result<Option<Value>> {
        read(&self.table_file(database, table))
    }

    pub fn has_table(&self, database: &str, table: &str) -> bool {
        self.table_file(database, table).is_file()
    }

    /// Waits for the right to write; `referenced` says which folders entries point to, should there be garbage.
    pub fn lock(&self, referenced: impl FnOnce() -> Result<Vec<PathBuf>>) -> Result<Lock> {
        fs::create_dir_all(&self.root).map_err(|error| unwritable(&self.root, &error))?;
        let path = self.root.join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|error| unwritable(&path, &error))?;
        file.lock().map_err(|error| unwritable(&path, &error))?;
        let lock = Lock { _file: file };
        self.collect_garbage(referenced)?;
        Ok(lock)
    }

    /// Writes what is said of a database; its folder appears with it, whole.
    pub fn put_database(&self, _lock: &Lock, database: &str, value: &Value) -> Result<()> {
        let folder = self.folder(database);
        if folder.is_dir() {
            return write(&self.database_file(database), value);
        }
        let fresh = self.root.join(format!(".new-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&fresh).map_err(|error| unwritable(&fresh, &error))?;
        write(&fresh.join("database.json"), value)?;
        fs::rename(&fresh, &folder).and_then(|()| sync_folder(&self.root)).map_err(|error| unwritable(&folder, &error))
    }

    pub fn put_table(&self, _lock: &Lock, database: &str, table: &str, value: &Value) -> Result<()> {
        let folder = self.folder(database);
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        write(&self.table_file(database, table), value)
    }

    /// Moves an entry to another name, in one step. The entry must not say its own name.
    pub fn rename_table(&self, _lock: &Lock, database: &str, table: &str, to: &str) -> Result<()> {
        let (from, to) = (self.table_file(database, table), self.table_file(database, to));
        let renamed = fs::rename(&from, &to).and_then(|()| sync_folder(&self.folder(database)));
        renamed.map_err(|error| unwritable(&to, &error))
    }

    /// Takes an entry away and then the folders that were its own.
    pub fn remove_table(&self, lock: &Lock, database: &str, table: &str, folders: &[PathBuf]) -> Result<()> {
        let garbage = self.note_garbage(lock, folders)?;
        let path = self.table_file(database, table);
        let removed = fs::remove_file(&path).and_then(|()| sync_folder(&self.folder(database)));
        removed.map_err(|error| unwritable(&path, &error))?;
        remove_folders(&garbage, folders)
    }

    /// Takes a database and everything in it away, then its folders of data.
    pub fn remove_database(&self, lock: &Lock, database: &str, folders: &[PathBuf]) -> Result<()> {
        let garbage = self.note_garbage(lock, folders)?;
        let (folder, aside) = (self.folder(database), self.root.join(format!(".old-{}", uuid::Uuid::new_v4())));
        let moved = fs::rename(&folder, &aside).and_then(|()| sync_folder(&self.root));
        moved.map_err(|error| unwritable(&folder, &error))?;
        fs::remove_dir_all(&aside).map_err(|error| unwritable(&aside, &error))?;
        remove_folders(&garbage, folders)
    }

    /// Removes folders that no entry points to any more.
    pub fn remove_data(&self, lock: &Lock, folders: &[PathBuf]) -> Result<()> {
        let garbage = self.note_garbage(lock, folders)?;
        remove_folders(&garbage, folders)
    }

    /// Notes that `folder` is nobody's until an entry points to it, for as long as this process lives.
    pub fn making(&self, _lock: &Lock, folder: &Path) -> Result<Making> {
        let path = self.root.join(format!("making-{}.json", uuid::Uuid::new_v4()));
        write(&path, &json!({"format": FORMAT, "folders": [folder]}))?;
        let file = File::open(&path).map_err(|error| unwritable(&path, &error))?;
        file.lock().map_err(|error| unwritable(&path, &error))?;
        Ok(Making { file: Some(file), path })
    }

    /// The folders of tables that living processes are making.
    pub fn being_made(&self) -> Result<Vec<PathBuf>> {
        let notes = names_in(&self.root, |entry| {
            let name = entry.file_name().to_str()?.to_owned();
            (name.starts_with("making-") && !is_abandoned(&entry.path())).then_some(name)
        })?;
        let mut folders = Vec::new();
        for note in notes {
            if let Some(value) = read(&self.root.join(note))? {
                folders.extend(value["folders"].as_array().into_iter().flatten().filter_map(path_of));
            }
        }
        Ok(folders)
    }

    fn note_garbage(&self, _lock: &Lock, folders: &[PathBuf]) -> Result<PathBuf> {
        let path = self.root.join(format!("garbage-{}.json", uuid::Uuid::new_v4()));
        write(&path, &json!({"format": FORMAT, "folders": folders}))?;
        Ok(path)
    }

    /// Finishes what writers that died had begun.
    fn collect_garbage(&self, referenced: impl FnOnce() -> Result<Vec<PathBuf>>) -> Result<()> {
        let mut notes = Vec::new();
        let listed = fs::read_dir(&self.root).map_err(|error| unwritable(&self.root, &error))?;
        for entry in listed.filter_map(std::result::Result::ok) {
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            if is_unfinished(&name) {
                remove(&path);
            } else if path.is_dir() {
                for inner in fs::read_dir(&path).into_iter().flatten().filter_map(std::result::Result::ok) {
                    if is_unfinished(&inner.file_name().to_string_lossy()) {
                        remove(&inner.path());
                    }
                }
            } else if name.starts_with("garbage-") || (name.starts_with("making-") && is_abandoned(&path)) {
                notes.push(path);
            }
        }
        if notes.is_empty() {
            return Ok(());
        }
        // Who cannot read every entry cannot know what is nobody's: that has to wait.
        let Ok(referenced) = referenced() else { return Ok(()) };
        for note in notes {
            let folders: Vec<PathBuf> = match read(&note)? {
                Some(value) => value["folders"].as_array().into_iter().flatten().filter_map(path_of).collect(),
                None => continue,
            };
            let nobodys: Vec<PathBuf> = folders.into_iter().filter(|folder| !referenced.contains(folder)).collect();
            remove_folders(&note, &nobodys)?;
        }
        Ok(())
    }
}

/// What a writer that lives would have renamed or removed before it gave the lock back.
fn is_unfinished(name: &str) -> bool {
    name.starts_with(".new-") || name.starts_with(".old-")
}

/// Removes a file or a folder of ours; what cannot be removed now can be later.
fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Whether no living process holds the note.
fn is_abandoned(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

fn path_of(value: &Value) -> Option<PathBuf> {
    value.as_str().map(PathBuf::from)
}

fn remove_folders(note: &Path, folders: &[PathBuf]) -> Result<()> {
    for folder in folders {
        match fs::remove_dir_all(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unwritable(folder, &error)),
        }
    }
    match fs::remove_file(note) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritable(note, &error)),
        _ => Ok(()),
    }
}

/// The names a folder holds; none if it is not there.
fn names_in(folder: &Path, name: impl Fn(&fs::DirEntry) -> Option<String>) -> Result<Vec<String>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error.to_string())),
    };
    let mut names: Vec<String> = listed.filter_map(|entry| entry.ok().and_then(|entry| name(&entry))).collect();
    names.sort();
    Ok(names)
}

/// A file of the format; none if it is not there.
fn read(path: &Path) -> Result<Option<Value>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error.to_string())),
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(path, &error.to_string()))?;
    match value["format"].as_u64() {
        Some(FORMAT) => Ok(Some(value)),
        Some(newer) => Err(unreadable(path, &format!("it is of format {newer}, and this Emberflow reads format {FORMAT}"))),
        None => Err(unreadable(path, "it does not say its format")),
    }
}

/// Replaces a file whole: the old content or the new, whatever happens.
fn write(path: &Path, value: &Value) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let fresh = folder.join(format!(".new-{}", uuid::Uuid::new_v4()));
    let done = (|| {
        let mut file = File::create_new(&fresh)?;
        file.write_all(format!("{value:#}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_folder(folder)
    })();
    done.map_err(|error| {
        let _ = fs::remove_file(&fresh);
        unwritable(path, &error)
    })
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A stored file that cannot be what was written.
pub(super) fn unreadable(path: &Path, why: &str) -> Error {
    Error::new("INTERNAL_ERROR_METADATA_CATALOG")
        .with("path", path.display().to_string())
        .text(format!("The catalog's file {} cannot be read: {why}. Restore the file or remove it.", path.display()))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new("TASK_WRITE_FAILED")
        .with("path", path.display().to_string())
        .text(format!("The catalog cannot write {}: {error}.", path.display()))
}

/// A name as part of a file's name.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The name in a file's name, if it is one of ours.
fn decoded(name: &str) -> Option<String> {
    let decoded = emberflow_sources::paths::decoded(name);
    (encoded(&decoded) == name).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("emberflow-store-{name}-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn names_survive_being_files() {
        for name in ["plain", "with space", "dots.and/slashes", "größe", "%41", "..", ""] {
            assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
        }
        assert_eq!(decoded("Plain"), None);
    }

    #[test]
    fn what_a_dead_writer_left_is_removed_unless_an_entry_points_to_it() {
        let warehouse = scratch("garbage");
        let store = Store::new(&warehouse);
        let (dropped, kept) = (warehouse.join("dropped"), warehouse.join("kept"));
        fs::create_dir_all(&dropped).unwrap();
        fs::create_dir_all(&kept).unwrap();
        let lock = store.lock(|| Ok(Vec::new())).unwrap();
        store.note_garbage(&lock, &[dropped.clone(), kept.clone()]).unwrap();
        drop(lock);
        store.lock(|| Ok(vec![kept.clone()])).unwrap();
        assert!(!dropped.exists());
        assert!(kept.exists());
        fs::remove_dir_all(warehouse).unwrap();
    }

    #[test]
    fn a_table_being_made_is_left_alone_while_its_maker_lives() {
        let warehouse = scratch("making");
        let store = Store::new(&warehouse);
        let folder = warehouse.join("t");
        fs::create_dir_all(&folder).unwrap();
        let lock = store.lock(|| Ok(Vec::new())).unwrap();
        let mut making = store.making(&lock, &folder).unwrap();
        drop(lock);
        drop(store.lock(|| Ok(Vec::new())).unwrap());
        assert!(folder.exists());
        // The maker dies: its lock goes, its note stays.
        making.file.take();
        drop(making);
        drop(store.lock(|| Ok(Vec::new())).unwrap());
        assert!(!folder.exists());
        fs::remove_dir_all(warehouse).unwrap();
    }

    #[test]
    fn a_damaged_file_is_named() {
        let warehouse = scratch("damaged");
        let store = Store::new(&warehouse);
        let lock = store.lock(|| Ok(Vec::new())).unwrap();
        store.put_table(&lock, "default", "t", &json!({"format": FORMAT})).unwrap();
        let path = store.table_file("default", "t");
        for damaged in ["", "{", "{\"format\": 2}", "[]", "{\"format\": \"x\"}"] {
            fs::write(&path, damaged).unwrap();
            let error = store.table("default", "t").unwrap_err();
            assert!(error.to_string().contains("table-t.json"), "{error}");
        }
        fs::remove_dir_all(warehouse).unwrap();
    }
}
