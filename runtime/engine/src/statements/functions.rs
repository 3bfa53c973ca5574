//! The functions there are, as listings show them.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_functions::registry::FAMILIES;
use emberflow_plan::tree::FunctionScope;
use emberflow_plan::types::quote;

use crate::catalog::{CATALOG, matches};
use crate::session::Session;
use crate::tables::{self, Cells};

/// The names of all functions, sorted.
pub(crate) fn function_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FAMILIES.iter().flat_map(|family| family.iter()).map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Session {
    pub(crate) fn show_functions(&self, pattern: Option<&str>, scope: FunctionScope) -> Result<Rows> {
        let known = if scope == FunctionScope::User { Vec::new() } else { function_names() };
        let shown = known.into_iter().filter(|name| matches(pattern, name)).map(|name| Some(name.to_owned())).collect();
        tables::table(vec![("function", false, Cells::Text(shown))])
    }

    /// `DESCRIBE FUNCTION`: the name and whose it is; the texts of Spark's own documentation are not ours to give.
    pub(crate) fn describe_function(&self, name: &[String]) -> Result<Rows> {
        let bare = name.last().map(|name| name.to_lowercase()).unwrap_or_default();
        if !function_names().contains(&bare.as_str()) {
            return Err(self.unresolved_routine(name));
        }
        let lines =
            vec![Some(format!("Function: {bare}")), Some("Class: emberflow".to_owned()), Some(format!("Usage: {bare}(...)"))];
        tables::table(vec![("function_desc", false, Cells::Text(lines))])
    }

    pub(crate) fn unresolved_routine(&self, name: &[String]) -> Error {
        let current = quote(&self.current_database());
        Error::new("UNRESOLVED_ROUTINE")
            .with("routineName", crate::catalog::quoted(name))
            .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {}.{current}]", quote(CATALOG)))
    }
}
