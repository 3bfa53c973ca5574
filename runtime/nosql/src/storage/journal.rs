//! Room of the journal, made before it is needed, so that a sync need not wait for it.
//!
//! ```text
//! journal   batches ▌ blocks of zeros ▌ hole ....................... end of the file
//!                    └─ written ahead, a few MiB at a time
//! ```
//!
//! fjall makes a journal as one long hole. A sync of what was written into a hole also waits until the file system has
//! recorded the new blocks, which takes several times as long as writing over blocks that are there. So holes behind the
//! last batch are filled with zeros, which nobody can tell from the hole: recovery reads the same bytes.
//!
//! Only holes are written, and no file becomes longer: a journal that was found when the store was opened is appended to, has
//! no hole, and stays as it is until fjall begins the next one. It must not run beside a write of a batch, which its lock sees to.
//! What fails here is left alone: the next batch meets the same disk and tells.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::SeekFrom;

use crate::storage::Batch;

/// Bytes that are filled at a time.
const AHEAD: u64 = 4 << 20;
/// What the journal adds to an item or a fact, and to a batch, at most.
const ENTRY_OVERHEAD: u64 = 64;

/// See the module.
pub(super) struct JournalRoom {
    folder: PathBuf,
    /// Bytes that may be written before holes are looked for again.
    left: u64,
    /// How many journals there were then.
    journals: usize,
}

impl JournalRoom {
    /// For the journals in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), left: 0, journals: 0 }
    }

    /// To be told of every batch that will be synced, before it is written; `journals` is how many there are now.
    pub fn make(&mut self, bytes: u64, journals: usize) {
        if journals == self.journals && bytes <= self.left {
            self.left -= bytes;
            return;
        }
        (self.left, self.journals) = (AHEAD, journals);
        let _ = fill(&self.folder, bytes + AHEAD);
        self.left = AHEAD;
    }
}

/// The bytes a batch takes in the journal, about.
pub(super) fn bytes_of(batch: &Batch) -> u64 {
    let items = batch.items.iter().map(|item| item.key.len() + item.value.as_ref().map_or(0, |value| value.len()));
    let facts = batch.facts.iter().map(|fact| fact.key.len() + fact.value.as_ref().map_or(0, Vec::len));
    let entries = (batch.items.len() + batch.facts.len() + 1) as u64;
    items.chain(facts).map(|bytes| bytes as u64).sum::<u64>() + entries * ENTRY_OVERHEAD
}

/// Fills the first hole of the newest journal, up to so many bytes and never beyond its end.
fn fill(folder: &Path, bytes: u64) -> std::io::Result<()> {
    let Some(path) = newest(folder)? else { return Ok(()) };
    let file = OpenOptions::new().write(true).open(path)?;
    let end = file.metadata()?.len();
    let hole = rustix::fs::seek(&file, SeekFrom::Hole(0))?;
    if hole >= end {
        return Ok(());
    }
    write_zeros(&file, hole, end.min(hole + bytes))?;
    file.sync_data()
}

fn write_zeros(file: &File, mut at: u64, end: u64) -> std::io::Result<()> {
    let zeros = vec![0; (256 << 10).min(end - at) as usize];
    while at < end {
        let part = &zeros[..zeros.len().min((end - at) as usize)];
        file.write_all_at(part, at)?;
        at += part.len() as u64;
    }
    Ok(())
}

fn newest(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse::<u64>().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(known, _)| number > *known)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole_of(path: &Path) -> u64 {
        rustix::fs::seek(File::open(path).unwrap(), SeekFrom::Hole(0)).unwrap()
    }

    #[test]
    fn holes_are_filled_and_nothing_else_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("10.jnl");
        fs::write(folder.path().join("9.jnl"), "old").unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(64 << 20).unwrap();
        file.write_all_at(b"batch", 0).unwrap();
        let before = fs::read(&path).unwrap();
        let mut room = JournalRoom::new(folder.path());
        room.make(100, 2);
        assert!(hole_of(&path) >= AHEAD, "the file system of this test knows holes");
        file.write_all_at(b"later", 5000).unwrap();
        room.make(AHEAD, 2);
        assert!(fs::read(&path).unwrap() != before);
        file.write_all_at(&[0; 5], 5000).unwrap();
        assert!(fs::read(&path).unwrap() == before, "the same bytes, the same length");
        assert_eq!(fs::read(folder.path().join("9.jnl")).unwrap(), b"old");
    }

    #[test]
    fn a_journal_that_is_appended_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1.jnl");
        fs::write(&path, "batches").unwrap();
        JournalRoom::new(folder.path()).make(1, 1);
        assert_eq!(fs::read(&path).unwrap(), b"batches");
        JournalRoom::new(&folder.path().join("nowhere")).make(1, 1);
    }
}
