//! What a session was told to keep: DataFrames and tables whose rows are computed once and then read.
//!
//! ```text
//! session.cache(plan, level) ─► Entry { canonical plan, level, Kept } ◄─ found by every later query that contains the plan
//! ```
//!
//! A plan is recognised by what it means (`canonical`), wherever it stands in a larger one; plans whose meaning cannot be
//! compared (random columns, unknown operators) by being the very same DataFrame of the client, plan id and all. A plan over
//! kept rows is compared through what they mean, so a step of a long iteration costs the step, not all that came before it.
//! Nothing runs before the rows are read. Entries belong to their session and end with it.
//! Not here: the rows (`emberflow-actors`, `keep`). Begin at [`Cache`].

mod canonical;
mod identified;
mod session;
mod table;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use emberflow_actors::{KeepOptions, Kept, KeptFigures};
use emberflow_analyzer::{Analyzed, Resolved};
use emberflow_connect::backend::StorageLevel;
use emberflow_plan::tree::Relation;
use parking_lot::{Mutex, RwLock};
use tokio::sync::OnceCell;

pub(crate) use canonical::with_kept;
pub(crate) use canonical::{Canonical, Meaning};
pub(crate) use identified::{Identified, Identity};
pub(crate) use session::paths_of;
pub(crate) use table::KeptTable;

/// What `persist()` without a level means.
pub(crate) const MEMORY_AND_DISK: StorageLevel =
    StorageLevel { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

/// The level of what is not kept.
pub(crate) const NONE: StorageLevel =
    StorageLevel { use_disk: false, use_memory: false, use_off_heap: false, deserialized: false, replication: 1 };

/// The entries of a session.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: RwLock<Vec<Arc<Entry>>>,
}

/// One kept plan.
pub(crate) struct Entry {
    key: Key,
    pub level: StorageLevel,
    /// What the plan was resolved to when it was told to persist: names and types without the plan, which may read what was
    /// kept before; a long chain would then live as long as its end.
    pub resolved: Arc<Resolved>,
    /// The plan to run: it may read others that were kept then. Let go when it has been planned, and them with it; without
    /// it, the relation is resolved anew, over the files there are by then.
    fill: Mutex<Option<Analyzed>>,
    /// Made when the rows are first read.
    pub kept: OnceCell<Arc<Kept>>,
    /// Paths of the files it reads, for when they are written.
    pub paths: Vec<String>,
}

/// How a plan is recognised.
#[derive(Clone)]
pub(crate) struct Key {
    pub meaning: Option<Meaning>,
    /// The client's DataFrame, id included.
    pub relation: Arc<Relation>,
}

impl Key {
    /// Both give the same rows.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.meaning, &other.meaning) {
            (Some(one), Some(two)) => one == two,
            _ => self.is_dataframe(&other.relation),
        }
    }

    fn is_dataframe(&self, relation: &Relation) -> bool {
        // Comparing takes a little stack per level, and plans may be thousands of levels deep.
        const STACK_BYTES: usize = 64 << 20;
        let same_id = relation.plan_id.is_some() && relation.plan_id == self.relation.plan_id;
        same_id && stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, || *self.relation == *relation)
    }

    /// Equal for keys that are the same.
    pub fn semantic_hash(&self) -> i32 {
        let mut hasher = DefaultHasher::new();
        match &self.meaning {
            Some(meaning) => meaning.hash(&mut hasher),
            None => self.relation.plan_id.hash(&mut hasher),
        }
        hasher.finish() as i32
    }
}

impl Entry {
    pub fn new(key: Key, level: StorageLevel, resolved: Resolved, fill: Analyzed) -> Self {
        let paths = paths_of(&resolved.plan);
        let schema = Arc::clone(resolved.plan.schema());
        let plan = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema });
        let resolved = Arc::new(Resolved { plan, ..resolved });
        Self { key, level, resolved, fill: Mutex::new(Some(fill)), kept: OnceCell::new(), paths }
    }

    /// The same plan before anything was kept of it.
    fn empty(&self) -> Self {
        let (key, resolved, paths) = (self.key.clone(), Arc::clone(&self.resolved), self.paths.clone());
        Self { key, level: self.level, resolved, fill: Mutex::default(), kept: OnceCell::new(), paths }
    }

    fn take_fill(&self) -> Option<Analyzed> {
        self.fill.lock().take()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("meaning", &self.key.meaning).field("kept", &self.kept.get()).finish_non_exhaustive()
    }
}

impl Cache {
    pub fn is_empty(&self) -> bool {
        self.entries.read().is_empty()
    }

    pub fn find(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.read().iter().find(|entry| entry.key.is(key)).cloned()
    }

    /// Adds an entry; one that is there already stays as it is, as with Spark.
    pub fn add(&self, entry: Entry) {
        let mut entries = self.entries.write();
        if !entries.iter().any(|known| known.key.is(&entry.key)) {
            entries.push(Arc::new(entry));
        }
    }

    /// The entry of this very DataFrame of the client.
    pub fn find_dataframe(&self, relation: &Relation) -> Option<Arc<Entry>> {
        relation.plan_id?;
        self.entries.read().iter().find(|entry| entry.key.is_dataframe(relation)).cloned()
    }

    pub fn find_meaning(&self, meaning: Meaning) -> Option<Arc<Entry>> {
        self.entries.read().iter().find(|entry| entry.key.meaning == Some(meaning)).cloned()
    }

    /// Removes an entry; its rows go when nobody reads them any more.
    pub fn remove(&self, key: &Key) -> bool {
        let mut entries = self.entries.write();
        let before = entries.len();
        entries.retain(|entry| !entry.key.is(key));
        entries.len() < before
    }

    pub fn clear(&self) {
        self.entries.write().clear();
    }

    /// Files below `path` have changed: what was made of them is made anew when it is next read.
    pub fn refresh(&self, path: &str) {
        let path = path.trim_end_matches('/');
        for entry in self.entries.write().iter_mut() {
            if entry.paths.iter().any(|read| is_below(read, path) || is_below(path, read)) {
                *entry = Arc::new(entry.empty());
            }
        }
    }

    /// The figures of everything that was filled at least in part.
    pub fn figures(&self) -> Vec<KeptFigures> {
        self.entries.read().iter().filter_map(|entry| entry.kept.get()).map(|kept| kept.figures()).collect()
    }
}

/// `level` as the actors understand it.
pub(crate) fn keep_options(level: StorageLevel, name: String) -> KeepOptions {
    KeepOptions { name, memory: level.use_memory || level.use_off_heap, disk: level.use_disk }
}

fn is_below(path: &str, folder: &str) -> bool {
    let bare = |path: &str| path.trim_start_matches("file://").trim_start_matches("file:").trim_end_matches('/').to_owned();
    let (path, folder) = (bare(path), bare(folder));
    path == folder || path.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn folders_contain_what_is_in_them_and_nothing_beside() {
        assert!(is_below("file:///a/b/c.parquet", "/a/b/"));
        assert!(is_below("/a/b", "file:/a/b"));
        assert!(!is_below("/a/bc", "/a/b"));
    }
}
