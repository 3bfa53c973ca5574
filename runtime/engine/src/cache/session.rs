//! Keeping, forgetting and finding kept plans: the session's side of the cache.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::LogicalPlan;
use emberflow_actors::{Kept, KeptFigures};
use emberflow_analyzer::{Resolved, analyze, resolve_view};
use emberflow_base::{Error, Result};
use emberflow_connect::backend::StorageLevel;
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::tree::{Relation, Storage};

use super::{Canonical, Entry, Identified, Identity, KeptTable, Key, MEMORY_AND_DISK, keep_options};
use crate::session::{Session, StoredResult};

impl Session {
    /// Keeps a plan's rows from the time they are first read. A plan that is kept already stays as it is; a level without
    /// memory and disk keeps nothing, as with Spark.
    pub async fn cache(&self, relation: Relation, level: StorageLevel) -> Result<()> {
        let (key, resolved) = self.key(relation).await?;
        let keeps = level.use_memory || level.use_disk || level.use_off_heap;
        if keeps && self.shared.cache.find(&key).is_none() {
            let fill = self.ready_shared(Arc::clone(&key.relation)).await?;
            self.shared.cache.add(Entry::new(key, level, resolved, fill));
        }
        Ok(())
    }

    /// Keeps a plan's rows under a new id, cut off from how they were made. `local` rows lie in memory as long as they fit.
    pub(crate) async fn checkpoint(
        &self,
        relation: Relation,
        local: bool,
        eager: bool,
        storage: Option<Storage>,
    ) -> Result<String> {
        let (key, resolved) = self.key(relation).await?;
        // Rows that cannot be made again must not be lost: there is always the disk.
        let memory = storage.map_or(local, |storage| storage.memory && local);
        let level = StorageLevel { use_memory: memory, use_disk: true, ..MEMORY_AND_DISK };
        let fill = self.ready_shared(Arc::clone(&key.relation)).await?;
        let entry = Arc::new(Entry::new(key, level, resolved, fill));
        if eager {
            self.kept(&entry).await?.fill().await.map_err(from_datafusion)?;
        }
        Ok(self.store(StoredResult::Kept(entry)))
    }

    /// Forgets a plan's rows; whether there were any to forget.
    pub async fn uncache(&self, relation: Relation) -> Result<bool> {
        let (key, _) = self.key(relation).await?;
        Ok(self.shared.cache.remove(&key))
    }

    /// The level a plan is kept at.
    pub async fn storage_level(&self, relation: Relation) -> Result<Option<StorageLevel>> {
        if self.shared.cache.is_empty() {
            self.analyzed(relation).await?;
            return Ok(None);
        }
        let (key, _) = self.key(relation).await?;
        Ok(self.shared.cache.find(&key).map(|entry| entry.level))
    }

    /// Whether a plan is kept.
    pub async fn is_cached(&self, relation: Relation) -> Result<bool> {
        Ok(self.storage_level(relation).await?.is_some())
    }

    /// Fills a kept plan now and waits for it (`CACHE TABLE` that is not lazy). Does nothing to one that is not kept.
    pub async fn fill_cache(&self, relation: Relation) -> Result<()> {
        let (key, _) = self.key(relation).await?;
        let Some(entry) = self.shared.cache.find(&key) else { return Ok(()) };
        self.kept(&entry).await?.fill().await.map_err(from_datafusion)
    }

    /// Forgets everything that is kept.
    pub fn clear_cache(&self) {
        self.shared.cache.clear();
    }

    /// Files below a path have changed: what is kept of them is made anew when it is next read.
    pub fn refresh_cache(&self, path: &str) {
        self.shared.cache.refresh(path);
    }

    /// What is kept, entry by entry.
    pub fn cache_figures(&self) -> Vec<KeptFigures> {
        self.shared.cache.figures()
    }

    /// How a plan is recognised, and what it is resolved to.
    pub(crate) async fn key(&self, relation: Relation) -> Result<(Key, Resolved)> {
        let relation = Arc::new(relation);
        let asked = Arc::clone(&relation);
        let resolved = self.over_kept(move |environment| resolve_view(environment, &asked)).await?;
        let meaning = Canonical::default().meaning(&resolved.plan);
        Ok((Key { meaning, relation }, resolved))
    }

    /// The rows of an entry, planned once.
    pub(crate) async fn kept(&self, entry: &Entry) -> Result<Arc<Kept>> {
        let make = || async {
            let fill = match entry.take_fill() {
                Some(fill) => fill,
                None => {
                    let relation = Arc::clone(&entry.key.relation);
                    self.blocking(move |environment| analyze(environment, &relation)).await?
                }
            };
            let physical = self.physical(&fill).await?;
            let schema = entry.resolved.schema();
            let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
            let options = keep_options(entry.level, format!("cached [{}]", names.join(", ")));
            Ok::<_, Error>(self.engine.actors.keep(physical, self.engine.context.task_ctx(), options))
        };
        entry.kept.get_or_try_init(make).await.cloned()
    }
}

/// The paths of the files a plan reads.
pub(crate) fn paths_of(plan: &LogicalPlan) -> Vec<String> {
    let mut paths = Vec::new();
    // Nothing in the walk can fail.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
        {
            if let Some(kept) = provider.downcast_ref::<KeptTable>() {
                paths.extend(kept.entry().paths.iter().cloned());
            } else if let Some(identified) = provider.downcast_ref::<Identified>()
                && let Identity::Files { paths: read, .. } = identified.identity()
            {
                paths.extend(read.iter().cloned());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    paths
}
