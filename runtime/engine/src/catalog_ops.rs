//! `spark.catalog`: what there is, as rows read by position.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_functions::registry::FAMILIES;
use emberflow_plan::StructType;
use emberflow_plan::sql::parse_identifier;
use emberflow_plan::tree::CatalogOp;

use crate::catalog::{CATALOG, Database, matches, no_schema, no_table};
use crate::environment::GLOBAL_TEMP;
use crate::session::Session;
use crate::tables::{self, Cells};

/// The names of all functions, sorted.
pub(crate) fn function_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FAMILIES.iter().flat_map(|family| family.iter()).map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// One table or view as listings show it.
struct Listed {
    name: String,
    catalog: Option<String>,
    namespace: Option<Vec<String>>,
    description: Option<String>,
    kind: &'static str,
    temporary: bool,
}

impl Session {
    pub(crate) async fn catalog_operation(&self, operation: CatalogOp) -> Result<Rows> {
        match operation {
            CatalogOp::CurrentDatabase => tables::text("current_database", self.shared.database.read().clone()),
            CatalogOp::SetCurrentDatabase { name } => self.use_database(&parse_identifier(&name)?),
            CatalogOp::CurrentCatalog => tables::text("current_catalog", CATALOG.to_owned()),
            CatalogOp::SetCurrentCatalog { name } if name == CATALOG => Ok(tables::nothing()),
            CatalogOp::SetCurrentCatalog { name } => Err(Error::new("CATALOG_NOT_FOUND")
                .with("catalogName", format!("`{name}`"))
                .with("config", format!("\"spark.sql.catalog.{name}\""))),
            CatalogOp::ListCatalogs { pattern } => {
                let names: Vec<Option<String>> = [CATALOG]
                    .iter()
                    .filter(|name| matches(pattern.as_deref(), name))
                    .map(|name| Some((*name).to_owned()))
                    .collect();
                let count = names.len();
                tables::table(vec![("name", false, Cells::Text(names)), ("description", true, Cells::Text(vec![None; count]))])
            }
            CatalogOp::ListDatabases { pattern } => {
                let databases = self.engine.catalog.databases();
                databases_table(databases.into_iter().filter(|(name, _)| matches(pattern.as_deref(), name)).collect())
            }
            CatalogOp::GetDatabase { name } => {
                let name = bare(&name)?;
                let database = self.engine.catalog.database(&name).ok_or_else(|| no_schema(&name))?;
                databases_table(vec![(name, database)])
            }
            CatalogOp::DatabaseExists { name } => {
                let name = bare(&name)?;
                tables::flag("value", self.engine.catalog.database(&name).is_some())
            }
            CatalogOp::ListTables { database, pattern } => self.list_tables(database, pattern, false),
            CatalogOp::ListViews { database, pattern } => self.list_tables(database, pattern, true),
            CatalogOp::GetTable { table, database } => {
                let name = full(&table, database)?;
                let listed = self.lookup(&name)?.ok_or_else(|| no_table(&name, &self.shared.database.read()))?;
                listed_table(vec![listed])
            }
            CatalogOp::TableExists { table, database } => {
                let name = full(&table, database)?;
                tables::flag("value", self.lookup(&name)?.is_some())
            }
            CatalogOp::ListColumns { table, database } => {
                let schema = self.schema_of(&full(&table, database)?).await?;
                columns_table(&schema)
            }
            CatalogOp::ListFunctions { pattern, .. } => {
                functions_table(function_names().into_iter().filter(|name| matches(pattern.as_deref(), name)).collect())
            }
            CatalogOp::GetFunction { function, .. } => {
                let name = bare(&function)?;
                match function_names().into_iter().find(|known| *known == name) {
                    Some(name) => functions_table(vec![name]),
                    None => Err(Error::new("UNRESOLVED_ROUTINE")
                        .with("routineName", format!("`{name}`"))
                        .with("searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]")),
                }
            }
            CatalogOp::FunctionExists { function, .. } => {
                let name = bare(&function)?;
                tables::flag("value", function_names().contains(&name.as_str()))
            }
            CatalogOp::DropTempView { name } => {
                let existed = self.shared.views.write().remove(&name.to_lowercase()).is_some();
                tables::flag("value", existed)
            }
            CatalogOp::DropGlobalTempView { name } => tables::flag("value", self.engine.catalog.drop_global_view(&name)),
            CatalogOp::ClearCache => {
                self.shared.persisted.write().clear();
                Ok(tables::nothing())
            }
            CatalogOp::RefreshTable { .. } | CatalogOp::RefreshByPath { .. } => Ok(tables::nothing()),
            CatalogOp::Unsupported { name } => Err(Error::unsupported(name)),
            other => Err(Error::unsupported(format!("the catalog call {}", self.catalog_name(&other)))),
        }
    }

    fn list_tables(&self, database: Option<String>, pattern: Option<String>, views_only: bool) -> Result<Rows> {
        let database = match database {
            Some(name) => bare(&name)?,
            None => self.shared.database.read().clone(),
        };
        let mut listed = Vec::new();
        if database == GLOBAL_TEMP {
            listed.extend(self.engine.catalog.global_views().into_iter().map(|view| temporary(view.name, Some(GLOBAL_TEMP))));
        } else if !views_only {
            for table in self.engine.catalog.tables(&database)? {
                listed.push(Listed {
                    name: table.name,
                    catalog: Some(CATALOG.into()),
                    namespace: Some(vec![table.database]),
                    description: table.comment,
                    kind: if table.is_managed { "MANAGED" } else { "EXTERNAL" },
                    temporary: false,
                });
            }
        }
        listed.extend(self.shared.views.read().values().map(|view| temporary(view.name.clone(), None)));
        listed.retain(|table| matches(pattern.as_deref(), &table.name));
        listed_table(listed)
    }

    fn lookup(&self, name: &[String]) -> Result<Option<Listed>> {
        match name {
            [single] if self.shared.views.read().contains_key(&single.to_lowercase()) => {
                Ok(Some(temporary(single.clone(), None)))
            }
            [database, view] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => {
                Ok(self.engine.catalog.global_view(view).map(|view| temporary(view.name, Some(GLOBAL_TEMP))))
            }
            _ => {
                let current = self.shared.database.read().clone();
                Ok(self.engine.catalog.find(name, &current)?.map(|table| Listed {
                    name: table.name,
                    catalog: Some(CATALOG.into()),
                    namespace: Some(vec![table.database]),
                    description: table.comment,
                    kind: if table.is_managed { "MANAGED" } else { "EXTERNAL" },
                    temporary: false,
                }))
            }
        }
    }
}

fn temporary(name: String, database: Option<&str>) -> Listed {
    let namespace = database.map(|database| vec![database.to_owned()]).unwrap_or_default();
    Listed { name, catalog: None, namespace: Some(namespace), description: None, kind: "TEMPORARY", temporary: true }
}

fn bare(name: &str) -> Result<String> {
    Ok(parse_identifier(name)?.last().map(|name| name.to_lowercase()).unwrap_or_default())
}

fn full(table: &str, database: Option<String>) -> Result<Vec<String>> {
    let mut name = parse_identifier(table)?;
    if let Some(database) = database {
        name.insert(0, database);
    }
    Ok(name)
}

fn databases_table(databases: Vec<(String, Database)>) -> Result<Rows> {
    let count = databases.len();
    tables::table(vec![
        ("name", false, Cells::Text(databases.iter().map(|(name, _)| Some(name.clone())).collect())),
        ("catalog", true, Cells::Text(vec![Some(CATALOG.into()); count])),
        ("description", true, Cells::Text(databases.iter().map(|(_, database)| database.comment.clone()).collect())),
        ("locationUri", true, Cells::Text(databases.iter().map(|(_, database)| Some(database.location.clone())).collect())),
    ])
}

fn listed_table(listed: Vec<Listed>) -> Result<Rows> {
    tables::table(vec![
        ("name", false, Cells::Text(listed.iter().map(|table| Some(table.name.clone())).collect())),
        ("catalog", true, Cells::Text(listed.iter().map(|table| table.catalog.clone()).collect())),
        ("namespace", true, Cells::Lists(listed.iter().map(|table| table.namespace.clone()).collect())),
        ("description", true, Cells::Text(listed.iter().map(|table| table.description.clone()).collect())),
        ("tableType", false, Cells::Text(listed.iter().map(|table| Some(table.kind.to_owned())).collect())),
        ("isTemporary", false, Cells::Flags(listed.iter().map(|table| table.temporary).collect())),
    ])
}

fn columns_table(schema: &StructType) -> Result<Rows> {
    let fields = &schema.fields;
    let none = || Cells::Flags(vec![false; fields.len()]);
    tables::table(vec![
        ("name", false, Cells::Text(fields.iter().map(|field| Some(field.name.clone())).collect())),
        ("description", true, Cells::Text(vec![None; fields.len()])),
        ("dataType", false, Cells::Text(fields.iter().map(|field| Some(field.data_type.simple_string())).collect())),
        ("nullable", false, Cells::Flags(fields.iter().map(|field| field.nullable).collect())),
        ("isPartition", false, none()),
        ("isBucket", false, none()),
        ("isCluster", false, none()),
    ])
}

fn functions_table(names: Vec<&str>) -> Result<Rows> {
    let count = names.len();
    tables::table(vec![
        ("name", false, Cells::Text(names.iter().map(|name| Some((*name).to_owned())).collect())),
        ("catalog", true, Cells::Text(vec![None; count])),
        ("namespace", true, Cells::Lists(vec![None; count])),
        ("description", true, Cells::Text(vec![None; count])),
        ("className", false, Cells::Text(vec![Some("emberflow".into()); count])),
        ("isTemporary", false, Cells::Flags(vec![true; count])),
    ])
}
