//! The folder of one process's temporary files: removed at the end, and after a crash by the next start.
//!
//! ```text
//! /tmp/emberflow-spill-4711-0/lock      locked for as long as the process lives
//!                            /...       what was spilled
//! ```
//!
//! The operating system lets go of a lock when its process ends, however it ends: a folder whose lock can be taken has
//! no owner. Not here: what is written there.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

const PREFIX: &str = "emberflow-spill-";
const LOCK: &str = "lock";

/// See the module. Dropping it removes the folder.
#[derive(Debug)]
pub struct SpillFolder {
    path: PathBuf,
    _lock: File,
}

impl SpillFolder {
    /// A new folder inside of `parent`, after folders without an owner were removed from there.
    pub fn create(parent: &Path) -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        std::fs::create_dir_all(parent)?;
        remove_abandoned(parent);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{count}", std::process::id()));
            match std::fs::create_dir(&path) {
                // A folder of a process that had our number and whose files we may not remove.
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            restrict(&path)?;
            let lock = File::create(path.join(LOCK))?;
            lock.try_lock().map_err(io::Error::from)?;
            return Ok(Self { path, _lock: lock });
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Has the folder removed when the process exits, for one that is another program's and never drops this.
    pub fn remove_at_exit(&self) {
        LEFT.lock().push(self.path.clone());
        static ONCE: Once = Once::new();
        // SAFETY: the function is there for as long as the process, and calls nothing of a host's.
        ONCE.call_once(|| unsafe {
            libc::atexit(remove_what_is_left);
        });
    }

    /// Removes the folder and everything in it; for a process that ends without dropping everything.
    pub fn remove(&self) {
        match std::fs::remove_dir_all(&self.path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.path.display(), %why, "temporary files stay behind until the next start");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Folders to be removed at the exit.
static LEFT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

extern "C" fn remove_what_is_left() {
    // A thread that was stopped may hold the lock.
    if let Some(left) = LEFT.try_lock() {
        for path in left.iter() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Rows of users are nobody else's business.
#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What cannot be removed (another user's, another start is faster) is left alone.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)).map(|lock| lock.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) => false,
        // A start is making it right now, unless that was long ago.
        Err(_) => age(folder).is_some_and(|age| age.as_secs() > 60),
    }
}

fn age(folder: &Path) -> Option<std::time::Duration> {
    folder.metadata().ok()?.modified().ok()?.elapsed().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_without_an_owner_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let mine = SpillFolder::create(parent.path()).unwrap();
        let dead = parent.path().join(format!("{PREFIX}1-0"));
        std::fs::create_dir(&dead).unwrap();
        File::create(dead.join(LOCK)).unwrap();
        std::fs::write(dead.join("rows"), "left over").unwrap();
        let unrelated = parent.path().join("emberflow-other");
        std::fs::create_dir(&unrelated).unwrap();

        let next = SpillFolder::create(parent.path()).unwrap();
        assert!(mine.path().exists() && next.path().exists() && unrelated.exists());
        assert!(!dead.exists());

        let (mine_path, next_path) = (mine.path().to_owned(), next.path().to_owned());
        drop((mine, next));
        assert!(!mine_path.exists() && !next_path.exists());
    }
}
