//! `spark.catalog`: what there is, as rows read by position; and what it does.

use emberflow_base::{Error, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::StructType;
use emberflow_plan::sql::parse_identifier;
use emberflow_plan::tree::{CatalogOp, CreateTable};

use crate::catalog::entry::{field_note, plain_schema};
use crate::catalog::{
    CATALOG, Database, Files, GLOBAL_TEMP, Properties, Table, TableKind, database_name, matches, no_schema, unresolved_table,
};
use crate::session::Session;
use crate::statements::layout::clustering_columns;
use crate::statements::{Named, function_names, table_relation};
use crate::tables::{self, Cells};

/// One table or view as listings show it.
struct Listed {
    name: String,
    catalog: Option<String>,
    namespace: Vec<String>,
    description: Option<String>,
    kind: &'static str,
    temporary: bool,
}

impl Session {
    pub(crate) async fn catalog_operation(&self, operation: CatalogOp) -> Result<Rows> {
        let asked = operation.clone();
        match operation {
            CatalogOp::CurrentDatabase => tables::text("current_database", self.current_database()),
            CatalogOp::SetCurrentDatabase { name } => self.use_database(&parse_identifier(&name)?),
            CatalogOp::CurrentCatalog => tables::text("current_catalog", CATALOG.to_owned()),
            CatalogOp::SetCurrentCatalog { name } => known_catalog(&name),
            CatalogOp::ListCatalogs { pattern } => list_catalogs(pattern.as_deref()),
            CatalogOp::ListDatabases { pattern } => {
                let databases = self.engine.catalog.databases()?;
                let found = databases.into_iter().filter(|database| matches(pattern.as_deref(), &database.name));
                databases_table(found.collect())
            }
            CatalogOp::GetDatabase { name } => {
                let name = database_name(&parse_identifier(&name)?)?;
                databases_table(vec![self.engine.catalog.database(&name)?.ok_or_else(|| no_schema(&name))?])
            }
            CatalogOp::DatabaseExists { name } => {
                let name = database_name(&parse_identifier(&name)?);
                tables::flag("value", name.is_ok_and(|name| self.engine.catalog.has_database(&name)))
            }
            CatalogOp::ListTables { database, pattern } => self.list_tables(database, pattern, false),
            CatalogOp::ListViews { database, pattern } => self.list_tables(database, pattern, true),
            CatalogOp::GetTable { table, database } => {
                let name = full(&table, database)?;
                listed_table(vec![listed(self.require_named(&name)?)])
            }
            CatalogOp::TableExists { table, database } => {
                let name = full(&table, database)?;
                tables::flag("value", self.named(&name)?.is_some())
            }
            CatalogOp::ListColumns { table, database } => self.list_columns(&full(&table, database)?),
            CatalogOp::ListFunctions { database, pattern } => {
                if let Some(database) = database {
                    self.engine.catalog.require_database(&database_name(&parse_identifier(&database)?)?)?;
                }
                functions_table(function_names().into_iter().filter(|name| matches(pattern.as_deref(), name)).collect())
            }
            CatalogOp::GetFunction { function, .. } => {
                let name = parse_identifier(&function)?;
                match function_names().into_iter().find(|known| Some(*known) == bare(&name).as_deref()) {
                    Some(name) => functions_table(vec![name]),
                    None => Err(self.unresolved_routine(&name)),
                }
            }
            CatalogOp::FunctionExists { function, database } => {
                let name = parse_identifier(&function)?;
                // Built-in functions belong to no database.
                let is_plain = name.len() == 1 && database.is_none();
                let exists = bare(&name).is_some_and(|name| function_names().contains(&name.as_str()));
                tables::flag("value", is_plain && exists)
            }
            CatalogOp::CreateTable { table, path, source, description, schema, options } => {
                self.create_catalog_table(&table, path, source, description, schema, options).await?;
                self.shared.created.write().push(asked);
                self.rows_of(&parse_identifier(&table)?).await
            }
            CatalogOp::DropTempView { name } => {
                let existed = self.shared.views.write().remove(&name.to_lowercase()).is_some();
                tables::flag("value", existed)
            }
            CatalogOp::DropGlobalTempView { name } => tables::flag("value", self.engine.catalog.drop_global_view(&name)),
            CatalogOp::RecoverPartitions { table } => {
                let table = self.table_for(&parse_identifier(&table)?, "recoverPartitions()")?;
                self.recover_partitions(&table).map(|()| tables::nothing())
            }
            CatalogOp::AnalyzeTable { table, scan } => self.analyze_table(&parse_identifier(&table)?, scan).await,
            CatalogOp::IsCached { table } => tables::flag("value", self.is_cached_table(&parse_identifier(&table)?).await?),
            CatalogOp::CacheTable { table } => self.cache_table(parse_identifier(&table)?, None, true, Vec::new()).await,
            CatalogOp::UncacheTable { table } => self.uncache_table(&parse_identifier(&table)?, false).await,
            CatalogOp::ClearCache => self.clear_cache_command(),
            CatalogOp::RefreshTable { table } => {
                let name = parse_identifier(&table)?;
                self.require_relation(&name)?;
                self.refresh_table(&name).await
            }
            CatalogOp::RefreshByPath { .. } => Ok(tables::nothing()),
            CatalogOp::Unsupported { name } => Err(Error::unsupported(name)),
        }
    }

    /// The same as a part of another plan, where what was done once is not done again.
    pub(crate) async fn catalog_answer(&self, operation: CatalogOp) -> Result<Rows> {
        if let CatalogOp::CreateTable { table, .. } = &operation
            && self.shared.created.read().contains(&operation)
        {
            return self.rows_of(&parse_identifier(table)?).await;
        }
        Box::pin(self.catalog_operation(operation)).await
    }

    async fn rows_of(&self, table: &[String]) -> Result<Rows> {
        Box::pin(self.query(table_relation(table), Default::default())).await
    }

    fn list_tables(&self, database: Option<String>, pattern: Option<String>, views_only: bool) -> Result<Rows> {
        let database = match database {
            Some(name) => database_name(&parse_identifier(&name)?)?,
            None => self.current_database(),
        };
        let mut found: Vec<Listed> = match database.as_str() {
            GLOBAL_TEMP => {
                let views = self.engine.catalog.global_views().into_iter();
                views.map(|view| listed(Named::GlobalTemporary(view))).collect()
            }
            _ => {
                let tables = self.engine.catalog.tables(&database)?.into_iter();
                tables.filter(|table| !views_only || table.is_view()).map(|table| listed(Named::Table(table))).collect()
            }
        };
        found.extend(self.shared.views.read().values().map(|view| listed(Named::Temporary(view.clone()))));
        found.retain(|table| matches(pattern.as_deref(), &table.name));
        listed_table(found)
    }

    fn list_columns(&self, name: &[String]) -> Result<Rows> {
        match self.named(name)?.ok_or_else(|| unresolved_table(name, &self.current_database()))? {
            Named::Temporary(view) | Named::GlobalTemporary(view) => columns_table(&view.resolved.schema(), None),
            Named::Table(Table { kind: TableKind::Files(files), schema, properties, .. }) => {
                columns_table(&plain_schema(&schema), Some((&files, &properties)))
            }
            Named::Table(view) => columns_table(&view.schema, None),
        }
    }

    /// `createTable`.
    async fn create_catalog_table(
        &self,
        table: &str,
        path: Option<String>,
        source: Option<String>,
        comment: Option<String>,
        columns: Option<StructType>,
        options: emberflow_plan::tree::Options,
    ) -> Result<Rows> {
        let name = parse_identifier(table)?;
        self.create_table(CreateTable {
            name,
            columns,
            provider: source,
            query: None,
            partition_by: Vec::new(),
            buckets: None,
            cluster_by: Vec::new(),
            location: path,
            comment,
            options,
            properties: Vec::new(),
            if_not_exists: false,
            replace: false,
            must_exist: false,
            is_external: false,
            like: None,
        })
        .await
    }
}

fn listed(named: Named) -> Listed {
    let temporary = |name: String, namespace: Vec<String>| Listed {
        name,
        catalog: None,
        namespace,
        description: None,
        kind: "TEMPORARY",
        temporary: true,
    };
    match named {
        Named::Temporary(view) => temporary(view.name, Vec::new()),
        Named::GlobalTemporary(view) => temporary(view.name, vec![GLOBAL_TEMP.to_owned()]),
        Named::Table(table) => Listed {
            kind: table.type_name(),
            name: table.name,
            catalog: Some(CATALOG.into()),
            namespace: vec![table.database],
            description: table.comment,
            temporary: false,
        },
    }
}

fn known_catalog(name: &str) -> Result<Rows> {
    if name.eq_ignore_ascii_case(CATALOG) {
        return Ok(tables::nothing());
    }
    Err(Error::new("CATALOG_NOT_FOUND")
        .with("catalogName", format!("`{name}`"))
        .with("config", format!("\"spark.sql.catalog.{name}\"")))
}

fn list_catalogs(pattern: Option<&str>) -> Result<Rows> {
    let names: Vec<Option<String>> =
        [CATALOG].iter().filter(|name| matches(pattern, name)).map(|name| Some((*name).to_owned())).collect();
    let count = names.len();
    tables::table(vec![("name", false, Cells::Text(names)), ("description", true, Cells::Text(vec![None; count]))])
}

fn bare(name: &[String]) -> Option<String> {
    name.last().map(|name| name.to_lowercase())
}

fn full(table: &str, database: Option<String>) -> Result<Vec<String>> {
    let mut name = parse_identifier(table)?;
    if let Some(database) = database {
        name.insert(0, database);
    }
    Ok(name)
}

fn databases_table(databases: Vec<Database>) -> Result<Rows> {
    let count = databases.len();
    let text = |of: fn(&Database) -> Option<String>| Cells::Text(databases.iter().map(of).collect());
    tables::table(vec![
        ("name", false, text(|database| Some(database.name.clone()))),
        ("catalog", true, Cells::Text(vec![Some(CATALOG.into()); count])),
        ("description", true, text(|database| database.comment.clone())),
        ("locationUri", true, text(|database| Some(database.location.clone()))),
    ])
}

fn listed_table(listed: Vec<Listed>) -> Result<Rows> {
    tables::table(vec![
        ("name", false, Cells::Text(listed.iter().map(|table| Some(table.name.clone())).collect())),
        ("catalog", true, Cells::Text(listed.iter().map(|table| table.catalog.clone()).collect())),
        ("namespace", true, Cells::Lists(listed.iter().map(|table| Some(table.namespace.clone())).collect())),
        ("description", true, Cells::Text(listed.iter().map(|table| table.description.clone()).collect())),
        ("tableType", false, Cells::Text(listed.iter().map(|table| Some(table.kind.to_owned())).collect())),
        ("isTemporary", false, Cells::Flags(listed.iter().map(|table| table.temporary).collect())),
    ])
}

fn columns_table(schema: &StructType, table: Option<(&Files, &Properties)>) -> Result<Rows> {
    let fields = &schema.fields;
    let among = |names: &[String]| Cells::Flags(fields.iter().map(|field| names.contains(&field.name)).collect());
    let partition_by = table.map_or(&[][..], |(files, _)| &files.partition_by);
    let bucket_by = table.and_then(|(files, _)| files.buckets.as_ref()).map_or(&[][..], |buckets| &buckets.columns);
    let cluster_by = table.map(|(_, properties)| clustering_columns(properties)).unwrap_or_default();
    tables::table(vec![
        ("name", false, Cells::Text(fields.iter().map(|field| Some(field.name.clone())).collect())),
        ("description", true, Cells::Text(fields.iter().map(|field| field_note(field, "comment")).collect())),
        ("dataType", false, Cells::Text(fields.iter().map(|field| Some(field.data_type.simple_string())).collect())),
        ("nullable", false, Cells::Flags(fields.iter().map(|field| field.nullable).collect())),
        ("isPartition", false, among(partition_by)),
        ("isBucket", false, among(bucket_by)),
        ("isCluster", false, among(&cluster_by)),
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
