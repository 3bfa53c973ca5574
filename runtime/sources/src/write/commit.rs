//! How new files come into a folder: at once, or not at all, whenever the process is killed.
//!
//!     new folder      staged beside, then one rename
//!     overwrite       staged beside, then both folders exchanged in one step
//!     append, some    staged within (`.emberflow-<job>`), then a list of what to add and remove is put there in one rename
//!     partitions      (`.emberflow-<job>.commit`): from here on it has happened; the files move, then the list goes
//!
//! Every staging folder has a lock file that its process holds. Whoever finds a list of a process that died carries it
//! out; whoever finds a staging folder without a list removes it. Readers look for lists before and after they look for
//! files, so they see all files of a commit or none. Other programs pass over the staged files, whose names begin with a
//! dot, and see an append's files appear one after the other in the instant in which they move.
//!
//! Not here: what is written into the files (`task`).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use emberflow_base::{Error, Result};
use serde_json::{Value, json};

use crate::paths::shown;

const PREFIX: &str = ".emberflow-";
const COMMIT: &str = ".commit";
const LOCK: &str = ".lock";
pub(super) const SUCCESS: &str = "_SUCCESS";

/// A folder in which files wait for their commit. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Stage {
    pub folder: PathBuf,
    /// The job's name.
    job: String,
    target: PathBuf,
    /// Within the target, or beside it.
    within: bool,
    lock_path: PathBuf,
    _lock: File,
}

impl Stage {
    /// A staging folder for `target`, which exists if `within`.
    pub fn new(target: &Path, job: &str, within: bool) -> io::Result<Self> {
        let folder = if within { target.join(format!("{PREFIX}{job}")) } else { beside(target, job) };
        let lock_path = with_suffix(&folder, LOCK);
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent)?;
        }
        let lock = locked(&lock_path)?;
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, job: job.to_owned(), target: target.to_owned(), within, lock_path, _lock: lock })
    }

    /// The staged folder becomes the target, whose content of before is gone.
    pub fn replace(&self) -> io::Result<()> {
        File::create(self.folder.join(SUCCESS))?.sync_all()?;
        sync(&self.folder);
        if !self.target.exists() {
            return fs::rename(&self.folder, &self.target);
        }
        if exchange(&self.folder, &self.target).is_ok() {
            return Ok(());
        }
        // A file system without exchange: `recover` puts the old content back if this is the end.
        let aside = with_suffix(&self.folder, ".old");
        fs::rename(&self.target, &aside)?;
        if let Err(error) = fs::rename(&self.folder, &self.target) {
            fs::rename(&aside, &self.target)?;
            return Err(error);
        }
        discard(&aside);
        Ok(())
    }

    /// The staged files `add`, relative to the stage, come into the target, the files `remove` leave it.
    pub fn change(&self, add: &[String], remove: &[String]) -> io::Result<()> {
        sync(&self.folder);
        let list = json!({ "staged": self.folder.to_string_lossy(), "add": add, "remove": remove });
        let written = self.folder.join(".list");
        fs::write(&written, list.to_string())?;
        File::open(&written)?.sync_all()?;
        let path = self.target.join(format!("{PREFIX}{}{COMMIT}", self.job));
        fs::rename(&written, &path)?;
        sync(&self.target);
        carry_out(&self.target, &path)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        remove_stage(&self.lock_path);
        if self.within {
            sync(&self.target);
        }
    }
}

fn beside(target: &Path, job: &str) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    target.with_file_name(format!(".{name}{PREFIX}{job}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A lock file that is ours, and still where it was made.
fn locked(path: &Path) -> io::Result<File> {
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        if is_same(&file, path) {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(own), Ok(there)) => own.ino() == there.ino() && own.dev() == there.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn exchange(one: &Path, two: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, one, CWD, two, RenameFlags::EXCHANGE)?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        let _ = (one, two);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Makes a folder's entries last; not every file system can, and none needs it to survive a killed process.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Does what a list says, whatever of it is done already.
fn carry_out(target: &Path, path: &Path) -> io::Result<()> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "the list of a commit cannot be read");
    let list: Value = serde_json::from_slice(&fs::read(path)?).map_err(|_| broken())?;
    let names = |key: &str| {
        let named = list[key].as_array().map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        named.ok_or_else(broken)
    };
    let (add, remove): (Vec<String>, Vec<String>) = (names("add")?, names("remove")?);
    let staged = PathBuf::from(list["staged"].as_str().ok_or_else(broken)?);
    for name in &add {
        let place = target.join(name);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::rename(staged.join(name), &place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && place.exists() => {}
            other => other?,
        }
    }
    for name in &remove {
        match fs::remove_file(target.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    mark(target, path)?;
    sync(target);
    fs::remove_file(path)
}

/// `_SUCCESS` becomes a new file, by which readers notice that there was a commit.
fn mark(target: &Path, list: &Path) -> io::Result<()> {
    let fresh = with_suffix(list, ".done");
    File::create(&fresh)?;
    fs::rename(&fresh, target.join(SUCCESS))
}

fn entries(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else { return Vec::new() };
    let named = read.filter_map(std::result::Result::ok);
    named.filter(|entry| entry.file_name().to_str().is_some_and(&is_wanted)).map(|entry| entry.path()).collect()
}

fn lists(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |name| name.starts_with(PREFIX) && name.ends_with(COMMIT))
}

/// The lock file of a list, for lists of stages within the folder or beside it.
fn lock_of(target: &Path, list: &Path) -> Vec<PathBuf> {
    let name = list.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let job = name.trim_start_matches(PREFIX).trim_end_matches(COMMIT);
    vec![with_suffix(&target.join(format!("{PREFIX}{job}")), LOCK), with_suffix(&beside(target, job), LOCK)]
}

/// Carries out what processes that died have committed and not finished; waits for those that are at it.
pub(crate) fn recover(folder: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Error::new("TASK_WRITE_FAILED")
            .with("path", shown(folder))
            .text(format!("An interrupted write to {} cannot be completed: {error}", shown(folder)))
    };
    if !folder.exists() {
        put_back(folder);
        return Ok(());
    }
    if !folder.is_dir() {
        return Ok(());
    }
    for list in lists(folder) {
        for lock in lock_of(folder, &list).into_iter().filter(|lock| lock.exists()) {
            let held = locked(&lock).map_err(failed)?;
            if list.exists() {
                carry_out(folder, &list).map_err(failed)?;
            }
            remove_stage(&lock);
            drop(held);
        }
        if list.exists() {
            carry_out(folder, &list).map_err(failed)?;
        }
    }
    Ok(())
}

/// The content that stepped aside for one that never came.
fn put_back(folder: &Path) {
    let Some((parent, name)) = folder.parent().zip(folder.file_name().and_then(|name| name.to_str())) else { return };
    let prefix = format!(".{name}{PREFIX}");
    for aside in entries(parent, |name| name.starts_with(&prefix) && name.ends_with(".old")) {
        let lock = PathBuf::from(aside.to_string_lossy().trim_end_matches(".old").to_owned() + LOCK);
        let held = File::open(&lock).ok().map(|file| file.lock().map(|()| file));
        if !folder.exists() {
            let _ = fs::rename(&aside, folder);
        }
        drop(held);
    }
}

/// Removes what writers that died have left in and beside a folder.
pub(super) fn clean(folder: &Path) {
    let Some((parent, name)) = folder.parent().zip(folder.file_name().and_then(|name| name.to_str())) else { return };
    let prefix = format!(".{name}{PREFIX}");
    let mut left = entries(folder, |name| name.starts_with(PREFIX));
    left.extend(entries(parent, |name| name.starts_with(&prefix)));
    let is_lock = |path: &PathBuf| path.as_os_str().to_string_lossy().ends_with(LOCK);
    let (locks, others): (Vec<PathBuf>, Vec<PathBuf>) = left.into_iter().partition(is_lock);
    for path in locks {
        let Ok(file) = File::open(&path) else { continue };
        match file.try_lock() {
            Ok(()) if is_same(&file, &path) => {
                remove_stage(&path);
            }
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
    // A stage is never without its lock; what has none was made by a task that outlived its job.
    for folder in others.into_iter().filter(|path| path.is_dir()) {
        let stage = PathBuf::from(folder.to_string_lossy().trim_end_matches(".old").to_owned());
        if !with_suffix(&stage, LOCK).exists() {
            discard(&folder);
        }
    }
}

/// The staging folder of a lock that is ours, and the lock.
fn remove_stage(lock: &Path) {
    let stage = PathBuf::from(lock.to_string_lossy().trim_end_matches(LOCK).to_owned());
    discard(&stage);
    discard(&with_suffix(&stage, ".old"));
    let _ = fs::remove_file(lock);
}

fn discard(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// What changes when a commit happens in a folder.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(Vec<PathBuf>, Option<(u64, i64)>, Option<u64>);

#[cfg(unix)]
fn stamp(folder: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let success = fs::metadata(folder.join(SUCCESS)).ok().map(|about| (about.ino(), about.ctime_nsec()));
    Stamp(lists(folder), success, fs::metadata(folder).ok().map(|about| about.ino()))
}

#[cfg(not(unix))]
fn stamp(folder: &Path) -> Stamp {
    Stamp(lists(folder), None, None)
}

/// What `look` finds in a folder while no commit happens.
pub(crate) fn steady<T>(folder: &Path, look: impl Fn() -> Result<T>) -> Result<T> {
    const TRIES: usize = 100;
    if !folder.is_dir() {
        return look();
    }
    for _ in 0..TRIES {
        let before = stamp(folder);
        if before.0.is_empty() {
            let found = look();
            if stamp(folder) == before {
                return found;
            }
        }
        recover(folder)?;
    }
    look()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn folder_with(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("t");
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (room, folder)
    }

    #[test]
    fn a_folder_is_replaced_whole() {
        let (room, folder) = folder_with(&[("a", "old")]);
        let stage = Stage::new(&folder, "job", false).unwrap();
        fs::write(stage.folder.join("b"), "new").unwrap();
        stage.replace().unwrap();
        assert_eq!(names(&folder), ["_SUCCESS", "b"]);
        drop(stage);
        assert_eq!(names(room.path()), ["t"]);
    }

    #[test]
    fn what_is_not_committed_leaves_no_trace() {
        let (room, folder) = folder_with(&[("a", "old")]);
        for within in [false, true] {
            let stage = Stage::new(&folder, "job", within).unwrap();
            fs::write(stage.folder.join("b"), "new").unwrap();
            drop(stage);
            assert_eq!((names(room.path()), names(&folder)), (vec!["t".into()], vec!["a".to_owned()]));
        }
    }

    #[test]
    fn an_interrupted_commit_is_carried_out_by_whoever_comes_next() {
        // As after a kill between any two steps: the list is there, and some of its files have moved already.
        for moved in 0..=2 {
            let (_room, folder) = folder_with(&[("old", "x"), ("p=1/kept", "x")]);
            let stage = folder.join(".emberflow-dead");
            fs::create_dir_all(stage.join("p=2")).unwrap();
            fs::write(stage.join("one"), "1").unwrap();
            fs::write(stage.join("p=2/two"), "2").unwrap();
            File::create(folder.join(".emberflow-dead.lock")).unwrap();
            let list = json!({ "staged": stage.to_string_lossy(), "add": ["one", "p=2/two"], "remove": ["old"] });
            fs::write(folder.join(".emberflow-dead.commit"), list.to_string()).unwrap();
            if moved > 0 {
                fs::rename(stage.join("one"), folder.join("one")).unwrap();
            }
            if moved > 1 {
                fs::create_dir(folder.join("p=2")).unwrap();
                fs::rename(stage.join("p=2/two"), folder.join("p=2/two")).unwrap();
            }
            let found =
                steady(&folder, || Ok(names(&folder).into_iter().filter(|name| !name.starts_with('.')).collect::<Vec<_>>()));
            assert_eq!(found.unwrap(), ["_SUCCESS", "one", "p=1", "p=2"], "{moved} moved");
            assert_eq!(names(&folder.join("p=2")), ["two"]);
            clean(&folder);
            assert!(names(&folder).iter().all(|name| !name.starts_with('.')));
        }
    }

    #[test]
    fn the_living_are_not_cleaned_away() {
        let (_room, folder) = folder_with(&[("a", "old")]);
        let stage = Stage::new(&folder, "alive", true).unwrap();
        clean(&folder);
        assert!(stage.folder.exists());
    }

    #[test]
    fn old_content_that_stepped_aside_comes_back() {
        let (room, folder) = folder_with(&[("a", "old")]);
        fs::rename(&folder, room.path().join(".t.emberflow-dead.old")).unwrap();
        recover(&folder).unwrap();
        assert_eq!(names(&folder), ["a"]);
    }
}
