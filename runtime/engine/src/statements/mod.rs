//! Statements, one family a file; each gives the rows Spark gives.
//!
//! ```text
//! views  CREATE, ALTER, DROP VIEW      tables     CREATE, ALTER, DROP, TRUNCATE, ANALYZE TABLE
//! insert INSERT, saveAsTable, writeTo  partitions which there are, ADD, DROP     databases  CREATE, ALTER, DROP, USE
//! show   SHOW                          describe   DESCRIBE, SHOW CREATE TABLE    settings   SET, RESET
//! layout partitions, buckets and clustering of new tables
//! cache  CACHE, UNCACHE                variables  DECLARE, SET VAR, EXECUTE IMMEDIATE
//! ```
//!
//! Not here: which statement goes where (`command`), what the catalog keeps (`catalog`), how rows become files (`write`).

mod cache;
mod databases;
mod describe;
mod functions;
pub(crate) mod insert;
pub(crate) mod layout;
mod partitions;
mod settings;
mod show;
mod tables;
mod variables;
mod views;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{Relation, RelationKind};

use crate::catalog::{FullName, GLOBAL_TEMP, Table, unresolved_table};
use crate::session::{Session, View};

pub(crate) use functions::function_names;
pub(crate) use tables::shown_format;
pub(crate) use variables::Variable;
pub(crate) use views::as_view;

/// What a name leads to.
pub(crate) enum Named {
    Temporary(View),
    GlobalTemporary(View),
    Table(Table),
}

impl Session {
    pub(crate) fn current_database(&self) -> String {
        self.shared.database.read().clone()
    }

    pub(crate) fn full_name(&self, name: &[String]) -> Result<FullName> {
        FullName::of(name, &self.current_database())
    }

    /// Runs work that may wait for the disk or for another process.
    pub(crate) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let session = self.clone();
        let done = self.engine.tokio().spawn_blocking(move || work(&session)).await;
        done.map_err(|panic| Error::internal(format!("a statement ended abnormally: {panic}")))?
    }

    /// The temporary view, table or view of a name.
    pub(crate) fn named(&self, name: &[String]) -> Result<Option<Named>> {
        match name {
            [single] => {
                let view = self.shared.views.read().get(&single.to_lowercase()).cloned();
                if let Some(view) = view {
                    return Ok(Some(Named::Temporary(view)));
                }
            }
            [database, single] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => {
                return Ok(self.engine.catalog.global_view(single).map(Named::GlobalTemporary));
            }
            _ => {}
        }
        let Ok(full) = self.full_name(name) else { return Ok(None) };
        Ok(self.engine.catalog.find(&full)?.map(Named::Table))
    }

    /// The same, or Spark's error where only commands looked for it.
    pub(crate) fn require_named(&self, name: &[String]) -> Result<Named> {
        self.named(name)?.ok_or_else(|| unresolved_table(name, &self.current_database()))
    }

    /// A table for a statement that cannot take a view.
    pub(crate) fn table_for(&self, name: &[String], operation: &str) -> Result<Table> {
        match self.require_named(name)? {
            Named::Table(table) if !table.is_view() => Ok(table),
            Named::Table(view) => Err(not_a_view(&view.quoted(), operation)),
            Named::Temporary(_) | Named::GlobalTemporary(_) => Err(not_a_view(&crate::catalog::quoted(name), operation)),
        }
    }
}

/// A view where a table must be.
pub(crate) fn not_a_view(quoted: &str, operation: &str) -> Error {
    Error::new("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE").with("viewName", quoted).with("operation", operation)
}

/// The relation a name stands for.
pub(crate) fn table_relation(name: &[String]) -> Relation {
    let kind = RelationKind::Table { name: name.to_vec(), options: Vec::new(), is_streaming: false, time_travel: None };
    Relation::new(kind)
}
