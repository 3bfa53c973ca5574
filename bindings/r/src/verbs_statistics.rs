//! Figures about a frame, and the catalog's questions: relations whose answer is a small table.
//!
//! Begin at [`frame_catalog`] for the catalog.

use extendr_api::prelude::*;
use proto::catalog::CatType;
use proto::relation::RelType;
use spark_connect_proto as proto;

use crate::failure::{Failure, Result, outcome};
use crate::frame::{Frame, verb};
use crate::r_api::{hold, number, pairs, text, text_or_none, texts};
use crate::session::session;

#[extendr]
fn frame_describe(input: Robj, names: Robj) -> Robj {
    verb(&input, |input| Ok(RelType::Describe(Box::new(proto::StatDescribe { input, cols: texts(&names, "col")? }))))
}

#[extendr]
fn frame_summary(input: Robj, statistics: Robj) -> Robj {
    verb(&input, |input| {
        Ok(RelType::Summary(Box::new(proto::StatSummary { input, statistics: texts(&statistics, "statistics")? })))
    })
}

#[extendr]
fn frame_crosstab(input: Robj, first: Robj, second: Robj) -> Robj {
    verb(&input, |input| {
        let (col1, col2) = (text(&first, "col1")?.to_owned(), text(&second, "col2")?.to_owned());
        Ok(RelType::Crosstab(Box::new(proto::StatCrosstab { input, col1, col2 })))
    })
}

#[extendr]
fn frame_cov(input: Robj, first: Robj, second: Robj) -> Robj {
    verb(&input, |input| {
        let (col1, col2) = (text(&first, "colName1")?.to_owned(), text(&second, "colName2")?.to_owned());
        Ok(RelType::Cov(Box::new(proto::StatCov { input, col1, col2 })))
    })
}

#[extendr]
fn frame_corr(input: Robj, first: Robj, second: Robj, method: Robj) -> Robj {
    verb(&input, |input| {
        let (col1, col2) = (text(&first, "colName1")?.to_owned(), text(&second, "colName2")?.to_owned());
        Ok(RelType::Corr(Box::new(proto::StatCorr { input, col1, col2, method: text_or_none(&method) })))
    })
}

#[extendr]
fn frame_freq_items(input: Robj, names: Robj, support: Robj) -> Robj {
    verb(&input, |input| {
        let items = proto::StatFreqItems { input, cols: texts(&names, "cols")?, support: Some(number(&support, "support")?) };
        Ok(RelType::FreqItems(Box::new(items)))
    })
}

#[extendr]
fn frame_approx_quantile(input: Robj, names: Robj, probabilities: Robj, error: Robj) -> Robj {
    verb(&input, |input| {
        let probabilities = probabilities.as_real_vector();
        Ok(RelType::ApproxQuantile(Box::new(proto::StatApproxQuantile {
            input,
            cols: texts(&names, "cols")?,
            probabilities: probabilities.ok_or_else(|| Failure::usage("probabilities should be numbers"))?,
            relative_error: number(&error, "relativeError")?,
        })))
    })
}

/// A question to the catalog. `name`, `database` and `pattern` may be NULL where the operation allows it.
#[extendr]
fn frame_catalog(session_handle: Robj, operation: Robj, name: Robj, database: Robj, pattern: Robj) -> Robj {
    outcome(|| {
        let session = session(&session_handle)?.clone();
        let (database, pattern) = (text_or_none(&database), text_or_none(&pattern));
        let cat_type = catalog_operation(text(&operation, "operation")?, text_or_none(&name), database, pattern)?;
        Ok(hold(Frame::new(session, RelType::Catalog(proto::Catalog { cat_type: Some(cat_type) }))))
    })
}

fn catalog_operation(operation: &str, name: Option<String>, db_name: Option<String>, pattern: Option<String>) -> Result<CatType> {
    if let Some(listing) = catalog_listing(operation, &db_name, &pattern) {
        return Ok(listing);
    }
    let named = name.ok_or_else(|| Failure::usage("a name should be character"))?;
    let table_name = named.clone();
    Ok(match operation {
        "set_current_database" => CatType::SetCurrentDatabase(proto::SetCurrentDatabase { db_name: named }),
        "set_current_catalog" => CatType::SetCurrentCatalog(proto::SetCurrentCatalog { catalog_name: named }),
        "list_columns" => CatType::ListColumns(proto::ListColumns { table_name, db_name }),
        "get_database" => CatType::GetDatabase(proto::GetDatabase { db_name: named }),
        "get_table" => CatType::GetTable(proto::GetTable { table_name, db_name }),
        "get_function" => CatType::GetFunction(proto::GetFunction { function_name: named, db_name }),
        "database_exists" => CatType::DatabaseExists(proto::DatabaseExists { db_name: named }),
        "table_exists" => CatType::TableExists(proto::TableExists { table_name, db_name }),
        "function_exists" => CatType::FunctionExists(proto::FunctionExists { function_name: named, db_name }),
        "drop_temp_view" => CatType::DropTempView(proto::DropTempView { view_name: named }),
        "recover_partitions" => CatType::RecoverPartitions(proto::RecoverPartitions { table_name }),
        "is_cached" => CatType::IsCached(proto::IsCached { table_name }),
        "cache_table" => CatType::CacheTable(proto::CacheTable { table_name, storage_level: None }),
        "uncache_table" => CatType::UncacheTable(proto::UncacheTable { table_name }),
        "refresh_table" => CatType::RefreshTable(proto::RefreshTable { table_name }),
        "refresh_by_path" => CatType::RefreshByPath(proto::RefreshByPath { path: named }),
        other => return Err(Failure::internal(format!("the catalog has no operation {other}"))),
    })
}

fn catalog_listing(operation: &str, db_name: &Option<String>, pattern: &Option<String>) -> Option<CatType> {
    let (db_name, pattern) = (db_name.clone(), pattern.clone());
    Some(match operation {
        "current_database" => CatType::CurrentDatabase(proto::CurrentDatabase {}),
        "current_catalog" => CatType::CurrentCatalog(proto::CurrentCatalog {}),
        "clear_cache" => CatType::ClearCache(proto::ClearCache {}),
        "list_databases" => CatType::ListDatabases(proto::ListDatabases { pattern }),
        "list_tables" => CatType::ListTables(proto::ListTables { db_name, pattern }),
        "list_functions" => CatType::ListFunctions(proto::ListFunctions { db_name, pattern }),
        "list_catalogs" => CatType::ListCatalogs(proto::ListCatalogs { pattern }),
        _ => return None,
    })
}

/// A new table; `schema` is DDL or NULL.
#[extendr]
fn frame_create_table(session_handle: Robj, name: Robj, path: Robj, source: Robj, schema: Robj, options: Robj) -> Robj {
    use proto::data_type::{Kind, Unparsed};
    outcome(|| {
        let unparsed = |data_type_string| proto::DataType { kind: Some(Kind::Unparsed(Unparsed { data_type_string })) };
        let table = proto::CreateTable {
            table_name: text(&name, "tableName")?.to_owned(),
            path: text_or_none(&path),
            source: text_or_none(&source),
            description: None,
            schema: text_or_none(&schema).map(unparsed),
            options: pairs(&options, "options")?.into_iter().collect(),
        };
        let catalog = proto::Catalog { cat_type: Some(CatType::CreateTable(table)) };
        Ok(hold(Frame::new(session(&session_handle)?.clone(), RelType::Catalog(catalog))))
    })
}

extendr_module! {
    mod verbs_statistics;
    fn frame_describe;
    fn frame_summary;
    fn frame_crosstab;
    fn frame_cov;
    fn frame_corr;
    fn frame_freq_items;
    fn frame_approx_quantile;
    fn frame_catalog;
    fn frame_create_table;
}
