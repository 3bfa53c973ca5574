//! Names of what the catalog holds, patterns over them, and the errors of names that lead nowhere.

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::types::quote;

/// The only catalog there is.
pub(crate) const CATALOG: &str = "spark_catalog";
pub(crate) const DEFAULT_DATABASE: &str = "default";
/// Where temporary views of all sessions live.
pub(crate) const GLOBAL_TEMP: &str = "global_temp";

/// A table's name after the current database was filled in, all in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FullName {
    pub database: String,
    pub table: String,
}

impl FullName {
    /// `t`, `db.t` or `spark_catalog.db.t`.
    pub fn of(name: &[String], current: &str) -> Result<Self> {
        let lower = |part: &String| part.to_lowercase();
        match name {
            [table] => Ok(Self { database: current.to_owned(), table: lower(table) }),
            [database, table] => Ok(Self { database: lower(database), table: lower(table) }),
            [catalog, database, table] if catalog.eq_ignore_ascii_case(CATALOG) => {
                Ok(Self { database: lower(database), table: lower(table) })
            }
            _ => Err(too_many_parts(name)),
        }
    }

    /// `` `spark_catalog`.`default`.`t` ``.
    pub fn quoted(&self) -> String {
        format!("{}.{}.{}", quote(CATALOG), quote(&self.database), quote(&self.table))
    }

    /// `` `default`.`t` ``, as some of Spark's errors have it.
    pub fn quoted_without_catalog(&self) -> String {
        format!("{}.{}", quote(&self.database), quote(&self.table))
    }
}

/// The database of `d` or `spark_catalog.d`, in lower case.
pub(crate) fn database_name(name: &[String]) -> Result<String> {
    match name {
        [database] => Ok(database.to_lowercase()),
        [catalog, database] if catalog.eq_ignore_ascii_case(CATALOG) => Ok(database.to_lowercase()),
        _ => Err(too_many_parts(name)),
    }
}

/// `` `a`.`b` ``.
pub(crate) fn quoted(name: &[String]) -> String {
    name.iter().map(|part| quote(part)).collect::<Vec<_>>().join(".")
}

fn too_many_parts(name: &[String]) -> Error {
    Error::new("REQUIRES_SINGLE_PART_NAMESPACE").with("sessionCatalog", CATALOG).with("identifier", quoted(name))
}

/// No such database.
pub(crate) fn no_schema(name: &str) -> Error {
    Error::new("SCHEMA_NOT_FOUND")
        .with("schemaName", format!("{}.{}", quote(CATALOG), quote(name)))
        .exception_class(Exception::NoSuchNamespace)
}

/// No such table, where only the catalog was asked.
pub(crate) fn no_table(name: &FullName) -> Error {
    Error::new("TABLE_OR_VIEW_NOT_FOUND")
        .with("relationName", name.quoted())
        .with("searchPath", format!("[{}.{}]", quote(CATALOG), quote(&name.database)))
        .exception_class(Exception::NoSuchTable)
}

/// No such table, where temporary views were asked too.
pub(crate) fn unresolved_table(name: &[String], current: &str) -> Error {
    unresolved(name, &format!("[`system`.`session`, {}.{}]", quote(CATALOG), quote(current)))
}

/// No such table, where a query would have found it.
pub(crate) fn unresolved_relation(name: &[String], current: &str) -> Error {
    unresolved(name, &format!("[`system`.`builtin`, `system`.`session`, {}.{}]", quote(CATALOG), quote(current)))
}

fn unresolved(name: &[String], path: &str) -> Error {
    Error::new("TABLE_OR_VIEW_NOT_FOUND").with("relationName", quoted(name)).with("searchPath", path)
}

pub(crate) fn table_exists(quoted: String) -> Error {
    Error::new("TABLE_OR_VIEW_ALREADY_EXISTS").with("relationName", quoted).exception_class(Exception::TableAlreadyExists)
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
