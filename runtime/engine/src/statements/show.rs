//! SHOW: what there is, one row each.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::Command;

use crate::catalog::{GLOBAL_TEMP, matches};
use crate::session::Session;
use crate::statements::{Named, describe};
use crate::tables::{self, Cells};

/// A table or view in a listing: namespace, name, whether it is temporary.
struct Shown {
    namespace: String,
    name: String,
    temporary: bool,
}

impl Session {
    pub(crate) async fn show(&self, command: Command) -> Result<Rows> {
        match command {
            Command::ShowTables { namespace, pattern } => self.show_tables(&namespace, pattern.as_deref()),
            Command::ShowViews { namespace, pattern } => self.show_views(&namespace, pattern.as_deref()),
            Command::ShowDatabases { pattern } => self.show_databases(pattern.as_deref()),
            Command::ShowColumns { table } => self.show_columns(&table),
            Command::ShowFunctions { pattern, scope } => self.show_functions(pattern.as_deref(), scope),
            Command::ShowCreateTable { table } => self.show_create_table(&table),
            Command::ShowPartitions { table, partition } => self.show_partitions(&table, partition).await,
            Command::ShowTableProperties { table, key } => self.show_properties(&table, key),
            Command::ShowTableExtended { namespace, pattern } => self.show_table_extended(&namespace, &pattern),
            other => Err(Error::internal(format!("no SHOW command: {other:?}"))),
        }
    }

    fn show_databases(&self, pattern: Option<&str>) -> Result<Rows> {
        let databases = self.engine.catalog.databases()?.into_iter().map(|database| database.name);
        let names = databases.filter(|name| matches(pattern, name)).map(Some).collect();
        tables::table(vec![("namespace", false, Cells::Text(names))])
    }

    fn show_tables(&self, namespace: &[String], pattern: Option<&str>) -> Result<Rows> {
        let database = self.database_or_current(namespace);
        let mut shown = match database.as_str() {
            GLOBAL_TEMP => self.global_ones(),
            _ => self.in_database(&database, self.engine.catalog.table_names(&database)?),
        };
        shown.extend(self.temporary_ones());
        shown_rows(shown, pattern, "tableName")
    }

    fn show_views(&self, namespace: &[String], pattern: Option<&str>) -> Result<Rows> {
        let database = self.database_or_current(namespace);
        let mut shown = match database.as_str() {
            GLOBAL_TEMP => self.global_ones(),
            _ => {
                let tables = self.engine.catalog.tables(&database)?;
                let views = tables.into_iter().filter(|table| table.is_view()).map(|view| view.name).collect();
                self.in_database(&database, views)
            }
        };
        shown.extend(self.temporary_ones());
        shown_rows(shown, pattern, "viewName")
    }

    fn in_database(&self, database: &str, names: Vec<String>) -> Vec<Shown> {
        names.into_iter().map(|name| Shown { namespace: database.to_owned(), name, temporary: false }).collect()
    }

    fn global_ones(&self) -> Vec<Shown> {
        let views = self.engine.catalog.global_views().into_iter();
        views.map(|view| Shown { namespace: GLOBAL_TEMP.to_owned(), name: view.name, temporary: true }).collect()
    }

    fn temporary_ones(&self) -> Vec<Shown> {
        let views = self.shared.views.read();
        views.values().map(|view| Shown { namespace: String::new(), name: view.name.clone(), temporary: true }).collect()
    }

    pub(crate) fn database_or_current(&self, namespace: &[String]) -> String {
        match namespace.last() {
            Some(name) => name.to_lowercase(),
            None => self.current_database(),
        }
    }

    fn show_columns(&self, table: &[String]) -> Result<Rows> {
        let schema = match self.require_named(table)? {
            Named::Table(table) => table.schema,
            Named::Temporary(view) | Named::GlobalTemporary(view) => view.resolved.schema(),
        };
        let names = schema.fields.into_iter().map(|field| Some(field.name)).collect();
        tables::table(vec![("col_name", false, Cells::Text(names))])
    }

    fn show_properties(&self, table: &[String], key: Option<String>) -> Result<Rows> {
        let pairs: Vec<(String, String)> = match self.require_named(table)? {
            Named::Temporary(_) | Named::GlobalTemporary(_) => Vec::new(),
            Named::Table(table) => match key {
                None => table.properties.into_iter().collect(),
                Some(key) => {
                    let name = table.qualifier().join(".");
                    let value = table.properties.get(&key).cloned();
                    let value = value.unwrap_or_else(|| format!("Table {name} does not have property: {key}"));
                    vec![(key, value)]
                }
            },
        };
        let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(key, value)| (Some(key), Some(value))).unzip();
        tables::table(vec![("key", false, Cells::Text(keys)), ("value", false, Cells::Text(values))])
    }

    /// `SHOW TABLE EXTENDED`: each with a paragraph about it.
    fn show_table_extended(&self, namespace: &[String], pattern: &str) -> Result<Rows> {
        let database = self.database_or_current(namespace);
        let tables = self.engine.catalog.tables(&database)?;
        let mut found: Vec<(Shown, String)> = tables
            .into_iter()
            .map(|table| {
                let about = describe::paragraph(&table);
                (Shown { namespace: database.clone(), name: table.name, temporary: false }, about)
            })
            .collect();
        for view in self.shared.views.read().values() {
            let about = format!("Table: {}\nType: VIEW\nSchema: {}\n", view.name, view.resolved.schema().tree_string(None));
            found.push((Shown { namespace: String::new(), name: view.name.clone(), temporary: true }, about));
        }
        found.retain(|(shown, _)| matches(Some(pattern), &shown.name));
        let text = |of: fn(&Shown) -> String| Cells::Text(found.iter().map(|(shown, _)| Some(of(shown))).collect());
        tables::table(vec![
            ("namespace", false, text(|shown| shown.namespace.clone())),
            ("tableName", false, text(|shown| shown.name.clone())),
            ("isTemporary", false, Cells::Flags(found.iter().map(|(shown, _)| shown.temporary).collect())),
            ("information", false, Cells::Text(found.iter().map(|(_, about)| Some(about.clone())).collect())),
        ])
    }

    fn show_create_table(&self, name: &[String]) -> Result<Rows> {
        let text = match self.require_named(name)? {
            Named::Table(table) => describe::create_statement(&table),
            Named::Temporary(_) | Named::GlobalTemporary(_) => {
                return Err(Error::new("EXPECT_PERMANENT_VIEW_NOT_TEMP")
                    .with("viewName", crate::catalog::quoted(name))
                    .with("operation", "SHOW CREATE TABLE"));
            }
        };
        tables::text("createtab_stmt", text)
    }
}

fn shown_rows(mut shown: Vec<Shown>, pattern: Option<&str>, name: &str) -> Result<Rows> {
    shown.retain(|each| matches(pattern, &each.name));
    tables::table(vec![
        ("namespace", false, Cells::Text(shown.iter().map(|each| Some(each.namespace.clone())).collect())),
        (name, false, Cells::Text(shown.iter().map(|each| Some(each.name.clone())).collect())),
        ("isTemporary", false, Cells::Flags(shown.iter().map(|each| each.temporary).collect())),
    ])
}
