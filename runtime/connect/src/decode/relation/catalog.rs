//! `spark.catalog`: operations that answer with rows. Those of 4.2 that are statements become the statement.

use emberflow_base::Result;
use emberflow_plan::Command;
use emberflow_plan::tree::{CatalogOp, RelationKind};

use super::unsupported;
use crate::decode::{names, not_set, options, types};
use crate::proto;
use crate::proto::catalog::CatType;

pub(super) fn operation(message: &proto::Catalog) -> Result<RelationKind> {
    let Some(kind) = &message.cat_type else {
        return Err(not_set("spark.connect.Catalog", "cat_type"));
    };
    match statement(kind)? {
        Some(command) => Ok(RelationKind::Command(Box::new(command))),
        None => question(kind),
    }
}

fn question(kind: &CatType) -> Result<RelationKind> {
    Ok(RelationKind::Catalog(match kind {
        CatType::CurrentDatabase(_) => CatalogOp::CurrentDatabase,
        CatType::SetCurrentDatabase(op) => CatalogOp::SetCurrentDatabase { name: op.db_name.clone() },
        CatType::ListDatabases(op) => CatalogOp::ListDatabases { pattern: op.pattern.clone() },
        CatType::ListTables(op) => CatalogOp::ListTables { database: op.db_name.clone(), pattern: op.pattern.clone() },
        CatType::ListViews(op) => CatalogOp::ListViews { database: op.db_name.clone(), pattern: op.pattern.clone() },
        CatType::ListFunctions(op) => CatalogOp::ListFunctions { database: op.db_name.clone(), pattern: op.pattern.clone() },
        CatType::ListColumns(op) => CatalogOp::ListColumns { table: op.table_name.clone(), database: op.db_name.clone() },
        CatType::GetDatabase(op) => CatalogOp::GetDatabase { name: op.db_name.clone() },
        CatType::GetTable(op) => CatalogOp::GetTable { table: op.table_name.clone(), database: op.db_name.clone() },
        CatType::GetFunction(op) => CatalogOp::GetFunction { function: op.function_name.clone(), database: op.db_name.clone() },
        CatType::DatabaseExists(op) => CatalogOp::DatabaseExists { name: op.db_name.clone() },
        CatType::TableExists(op) => CatalogOp::TableExists { table: op.table_name.clone(), database: op.db_name.clone() },
        CatType::FunctionExists(op) => {
            CatalogOp::FunctionExists { function: op.function_name.clone(), database: op.db_name.clone() }
        }
        CatType::CreateTable(op) => create_table(op)?,
        CatType::CreateExternalTable(op) => create_external_table(op)?,
        CatType::DropTempView(op) => CatalogOp::DropTempView { name: op.view_name.clone() },
        CatType::DropGlobalTempView(op) => CatalogOp::DropGlobalTempView { name: op.view_name.clone() },
        CatType::RecoverPartitions(op) => CatalogOp::RecoverPartitions { table: op.table_name.clone() },
        CatType::IsCached(op) => CatalogOp::IsCached { table: op.table_name.clone() },
        CatType::CacheTable(op) => CatalogOp::CacheTable { table: op.table_name.clone() },
        CatType::UncacheTable(op) => CatalogOp::UncacheTable { table: op.table_name.clone() },
        CatType::ClearCache(_) => CatalogOp::ClearCache,
        CatType::RefreshTable(op) => CatalogOp::RefreshTable { table: op.table_name.clone() },
        CatType::RefreshByPath(op) => CatalogOp::RefreshByPath { path: op.path.clone() },
        CatType::CurrentCatalog(_) => CatalogOp::CurrentCatalog,
        CatType::SetCurrentCatalog(op) => CatalogOp::SetCurrentCatalog { name: op.catalog_name.clone() },
        CatType::ListCatalogs(op) => CatalogOp::ListCatalogs { pattern: op.pattern.clone() },
        CatType::AnalyzeTable(op) => CatalogOp::AnalyzeTable { table: op.table_name.clone(), scan: !op.no_scan },
        // The rest are statements.
        _ => return Ok(unsupported("this catalog operation")),
    }))
}

fn create_table(op: &proto::CreateTable) -> Result<CatalogOp> {
    Ok(CatalogOp::CreateTable {
        table: op.table_name.clone(),
        path: op.path.clone(),
        source: op.source.clone(),
        description: op.description.clone().filter(|text| !text.is_empty()),
        schema: op.schema.as_ref().map(types::struct_type).transpose()?,
        options: options(&op.options),
    })
}

fn create_external_table(op: &proto::CreateExternalTable) -> Result<CatalogOp> {
    Ok(CatalogOp::CreateTable {
        table: op.table_name.clone(),
        path: op.path.clone(),
        source: op.source.clone(),
        description: None,
        schema: op.schema.as_ref().map(types::struct_type).transpose()?,
        options: options(&op.options),
    })
}

/// The statement an operation stands for, if it stands for one.
fn statement(kind: &CatType) -> Result<Option<Command>> {
    let name = |text: &str| names::identifier(text);
    Ok(Some(match kind {
        CatType::DropTable(op) => Command::DropTable { name: name(&op.table_name)?, if_exists: op.if_exists, purge: op.purge },
        CatType::DropView(op) => Command::DropView { name: name(&op.view_name)?, if_exists: op.if_exists },
        CatType::CreateDatabase(op) => create_database(op)?,
        CatType::DropDatabase(op) => {
            Command::DropDatabase { name: name(&op.db_name)?, if_exists: op.if_exists, cascade: op.cascade }
        }
        CatType::TruncateTable(op) => Command::TruncateTable { name: name(&op.table_name)?, partition: Vec::new() },
        CatType::ListPartitions(op) => Command::ShowPartitions { table: name(&op.table_name)?, partition: Vec::new() },
        CatType::GetTableProperties(op) => Command::ShowTableProperties { table: name(&op.table_name)?, key: None },
        CatType::GetCreateTableString(op) => Command::ShowCreateTable { table: name(&op.table_name)? },
        _ => return Ok(None),
    }))
}

/// `comment` and `location` are properties with a meaning of their own.
fn create_database(op: &proto::CreateDatabase) -> Result<Command> {
    let named = |key: &str| op.properties.get(key).cloned();
    let mut properties = options(&op.properties);
    properties.retain(|(key, _)| key != "comment" && key != "location");
    Ok(Command::CreateDatabase {
        name: names::identifier(&op.db_name)?,
        if_not_exists: op.if_not_exists,
        comment: named("comment"),
        location: named("location"),
        properties,
    })
}
