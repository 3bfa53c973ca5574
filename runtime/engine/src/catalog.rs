//! Databases, tables and global temporary views of an engine, shared by its sessions.
//!
//! Tables are folders of files under the warehouse folder or wherever their LOCATION says.
//! Not here: temporary views (`session`), reading files (`emberflow-sources`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::StructType;
use emberflow_plan::tree::Options;
use emberflow_plan::types::quote;
use parking_lot::RwLock;

use crate::session::View;

/// The only catalog there is.
pub(crate) const CATALOG: &str = "spark_catalog";
pub(crate) const DEFAULT_DATABASE: &str = "default";

/// What is known of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableInfo {
    pub database: String,
    pub name: String,
    pub format: String,
    pub schema: StructType,
    pub location: String,
    pub options: Options,
    pub is_managed: bool,
    pub comment: Option<String>,
}

impl TableInfo {
    /// `spark_catalog.default.t`.
    pub fn qualifier(&self) -> Vec<String> {
        vec![CATALOG.to_owned(), self.database.clone(), self.name.clone()]
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Database {
    pub comment: Option<String>,
    pub location: String,
    tables: BTreeMap<String, TableInfo>,
}

pub(crate) struct Catalog {
    warehouse: PathBuf,
    databases: RwLock<BTreeMap<String, Database>>,
    global_views: RwLock<BTreeMap<String, View>>,
}

/// A table's name after the current database was filled in.
pub(crate) struct FullName {
    pub database: String,
    pub table: String,
}

impl Catalog {
    pub fn new(warehouse: PathBuf) -> Self {
        let warehouse = std::path::absolute(&warehouse).unwrap_or(warehouse);
        let default = Database {
            comment: Some("default database".into()),
            location: format!("file:{}", warehouse.display()),
            tables: BTreeMap::new(),
        };
        let databases = BTreeMap::from([(DEFAULT_DATABASE.to_owned(), default)]);
        Self { warehouse, databases: RwLock::new(databases), global_views: RwLock::default() }
    }

    pub fn warehouse(&self) -> &Path {
        &self.warehouse
    }

    /// `t`, `db.t` or `spark_catalog.db.t`, all in lower case.
    pub fn full_name(&self, name: &[String], current: &str) -> Result<FullName> {
        let lower = |part: &String| part.to_lowercase();
        match name {
            [table] => Ok(FullName { database: current.to_owned(), table: lower(table) }),
            [database, table] => Ok(FullName { database: lower(database), table: lower(table) }),
            [catalog, database, table] if catalog.eq_ignore_ascii_case(CATALOG) => {
                Ok(FullName { database: lower(database), table: lower(table) })
            }
            _ => Err(Error::new("REQUIRES_SINGLE_PART_NAMESPACE")
                .with("sessionCatalog", CATALOG)
                .with("namespace", name.iter().map(|part| quote(part)).collect::<Vec<_>>().join("."))),
        }
    }

    /// The table of a name, if there is one.
    pub fn find(&self, name: &[String], current: &str) -> Result<Option<TableInfo>> {
        let Ok(full) = self.full_name(name, current) else { return Ok(None) };
        let databases = self.databases.read();
        Ok(databases.get(&full.database).and_then(|database| database.tables.get(&full.table)).cloned())
    }

    pub fn tables(&self, database: &str) -> Result<Vec<TableInfo>> {
        let databases = self.databases.read();
        let database = databases.get(database).ok_or_else(|| no_schema(database))?;
        Ok(database.tables.values().cloned().collect())
    }

    pub fn databases(&self) -> Vec<(String, Database)> {
        self.databases.read().iter().map(|(name, database)| (name.clone(), database.clone())).collect()
    }

    pub fn database(&self, name: &str) -> Option<Database> {
        self.databases.read().get(&name.to_lowercase()).cloned()
    }

    pub fn create_database(
        &self,
        name: &str,
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
    ) -> Result<()> {
        let key = name.to_lowercase();
        let mut databases = self.databases.write();
        if databases.contains_key(&key) {
            if if_not_exists {
                return Ok(());
            }
            return Err(Error::new("SCHEMA_ALREADY_EXISTS")
                .with("schemaName", quote(&key))
                .exception_class(Exception::NamespaceAlreadyExists));
        }
        let location = location.unwrap_or_else(|| format!("file:{}", self.warehouse.join(format!("{key}.db")).display()));
        databases.insert(key, Database { comment, location, tables: BTreeMap::new() });
        Ok(())
    }

    pub fn drop_database(&self, name: &str, if_exists: bool, cascade: bool) -> Result<Vec<TableInfo>> {
        let key = name.to_lowercase();
        let mut databases = self.databases.write();
        let Some(database) = databases.get(&key) else {
            return if if_exists { Ok(Vec::new()) } else { Err(no_schema(&key)) };
        };
        if key == DEFAULT_DATABASE {
            return Err(Error::new("UNSUPPORTED_FEATURE.DROP_DATABASE").with("database", quote(&key)));
        }
        if !database.tables.is_empty() && !cascade {
            return Err(Error::new("SCHEMA_NOT_EMPTY").with("schemaName", quote(&key)));
        }
        Ok(databases.remove(&key).map(|database| database.tables.into_values().collect()).unwrap_or_default())
    }

    /// The folder of a managed table.
    pub fn managed_location(&self, full: &FullName) -> Result<String> {
        let databases = self.databases.read();
        let database = databases.get(&full.database).ok_or_else(|| no_schema(&full.database))?;
        Ok(format!("{}/{}", database.location.trim_end_matches('/'), full.table))
    }

    pub fn put(&self, info: TableInfo) -> Result<()> {
        let mut databases = self.databases.write();
        let database = databases.get_mut(&info.database).ok_or_else(|| no_schema(&info.database))?;
        database.tables.insert(info.name.clone(), info);
        Ok(())
    }

    pub fn remove(&self, full: &FullName) -> Option<TableInfo> {
        self.databases.write().get_mut(&full.database).and_then(|database| database.tables.remove(&full.table))
    }

    pub fn global_view(&self, name: &str) -> Option<View> {
        self.global_views.read().get(&name.to_lowercase()).cloned()
    }

    pub fn global_views(&self) -> Vec<View> {
        self.global_views.read().values().cloned().collect()
    }

    /// `false`: there is one already and it may not be replaced.
    pub fn put_global_view(&self, view: View, replace: bool) -> bool {
        let mut views = self.global_views.write();
        let key = view.name.to_lowercase();
        if !replace && views.contains_key(&key) {
            return false;
        }
        views.insert(key, view);
        true
    }

    pub fn drop_global_view(&self, name: &str) -> bool {
        self.global_views.write().remove(&name.to_lowercase()).is_some()
    }
}

/// No such database.
pub(crate) fn no_schema(name: &str) -> Error {
    Error::new("SCHEMA_NOT_FOUND")
        .with("schemaName", format!("{}.{}", quote(CATALOG), quote(name)))
        .exception_class(Exception::NoSuchNamespace)
}

/// No such table, where a table or view of the catalog was meant.
pub(crate) fn no_table(name: &[String], database: &str) -> Error {
    let mut full: Vec<String> = match name.len() {
        1 => vec![CATALOG.to_owned(), database.to_owned()],
        2 => vec![CATALOG.to_owned()],
        _ => Vec::new(),
    };
    full.extend(name.iter().cloned());
    let name = full.iter().map(|part| quote(part)).collect::<Vec<_>>().join(".");
    Error::new("TABLE_OR_VIEW_NOT_FOUND")
        .with("relationName", name)
        .with("searchPath", format!("[{}.{}]", quote(CATALOG), quote(database)))
        .exception_class(Exception::NoSuchTable)
}

/// Spark's patterns for names: `*` and `|`, ignoring case.
pub(crate) fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let name = name.to_lowercase();
    pattern.split('|').any(|choice| wildcard(&choice.trim().to_lowercase(), &name))
}

fn wildcard(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    let parts: Vec<&str> = pattern.split('*').collect();
    let last = parts.len() - 1;
    for (position, part) in parts.iter().enumerate() {
        match position {
            0 => match rest.strip_prefix(part) {
                Some(after) => rest = after,
                None => return false,
            },
            _ if position == last => return rest.ends_with(part),
            _ => match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            },
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_are_sparks() {
        assert!(matches(None, "anything"));
        assert!(matches(Some("a*"), "Abc"));
        assert!(matches(Some("x|*c"), "abc"));
        assert!(matches(Some("a*c"), "abbc"));
        assert!(!matches(Some("a"), "ab"));
        assert!(!matches(Some("a*d"), "abc"));
    }
}
