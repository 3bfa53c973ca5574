# Tables, views, databases and catalogs.

#' @include frame-write.R
NULL

catalog_frame <- function(operation, name = NULL, database = NULL, pattern = NULL) {
  new_frame(native(wrap__frame_catalog, active_session(), operation, name, database, pattern))
}

# A listing is made when it is used; what is wrong with it is told at once.
catalog_listing <- function(method, ...) {
  in_method(method, {
    listing <- catalog_frame(...)
    collect(limit(listing, 1))
  })
  listing
}

catalog_rows <- function(...) collect(catalog_frame(...))

catalog_value <- function(...) catalog_rows(...)[[1]][[1]]

catalog_do <- function(...) {
  catalog_rows(...)
  invisible()
}

#' What there is in the catalog
#'
#' @param databaseName a database, of one or two parts; by default the current one.
#' @param tableName,functionName,viewName a name of one, two or three parts.
#' @param catalogName a catalog.
#' @param pattern a name with `*` and `|`.
#' @return `SparkDataFrame`s, but for `tableNames`, which returns a list of names, and for `tableExists` and its like.
#' @name catalog
#' @export
tables <- function(databaseName = NULL) withColumnRenamed(listTables(databaseName), "name", "tableName")

#' @rdname catalog
#' @export
tableNames <- function(databaseName = NULL) {
  in_method("tableNames", as.list(catalog_rows("list_tables", database = databaseName)$name))
}

#' @rdname catalog
#' @export
listTables <- function(databaseName = NULL) catalog_listing("listTables", "list_tables", database = databaseName)

#' @rdname catalog
#' @export
listColumns <- function(tableName, databaseName = NULL) {
  catalog_listing("listColumns", "list_columns", tableName, databaseName)
}

#' @rdname catalog
#' @export
listFunctions <- function(databaseName = NULL) catalog_listing("listFunctions", "list_functions", database = databaseName)

#' @rdname catalog
#' @export
listDatabases <- function(pattern = NULL) catalog_frame("list_databases", pattern = pattern)

#' @rdname catalog
#' @export
listCatalogs <- function(pattern = NULL) catalog_frame("list_catalogs", pattern = pattern)

#' @rdname catalog
#' @export
tableExists <- function(tableName) catalog_value("table_exists", tableName)

#' @rdname catalog
#' @export
databaseExists <- function(databaseName) catalog_value("database_exists", databaseName)

#' @rdname catalog
#' @export
functionExists <- function(functionName) catalog_value("function_exists", functionName)

# One row as a named list.
catalog_entry <- function(...) {
  rows <- catalog_rows(...)
  lapply(as.list(rows[1, , drop = FALSE]), function(cell) {
    if (is.list(cell)) cell <- cell[[1]]
    if (is.null(cell)) NA else cell
  })
}

#' @rdname catalog
#' @export
getTable <- function(tableName) in_method("getTable", catalog_entry("get_table", tableName))

#' @rdname catalog
#' @export
getDatabase <- function(databaseName) in_method("getDatabase", catalog_entry("get_database", databaseName))

#' @rdname catalog
#' @export
getFunc <- function(functionName) in_method("getFunc", catalog_entry("get_function", functionName))

#' @rdname catalog
#' @export
currentDatabase <- function() catalog_value("current_database")

#' @rdname catalog
#' @export
setCurrentDatabase <- function(databaseName) {
  if (!is.character(databaseName)) refuse("databaseName must be a character.")
  in_method("setCurrentDatabase", catalog_do("set_current_database", databaseName))
}

#' @rdname catalog
#' @export
currentCatalog <- function() catalog_value("current_catalog")

#' @rdname catalog
#' @export
setCurrentCatalog <- function(catalogName) {
  if (!is.character(catalogName)) refuse("catalogName must be a character.")
  in_method("setCurrentCatalog", catalog_do("set_current_catalog", catalogName))
}

#' @rdname catalog
#' @export
dropTempView <- function(viewName) {
  if (!is.character(viewName)) refuse("viewName must be character.")
  catalog_value("drop_temp_view", viewName)
}

#' @rdname catalog
#' @export
dropTempTable <- function(tableName) {
  .Deprecated("dropTempView")
  dropTempView(tableName)
}

#' @rdname catalog
#' @export
cacheTable <- function(tableName) in_method("cacheTable", catalog_do("cache_table", tableName))

#' @rdname catalog
#' @export
uncacheTable <- function(tableName) in_method("uncacheTable", catalog_do("uncache_table", tableName))

#' @rdname catalog
#' @export
clearCache <- function() catalog_do("clear_cache")

#' @rdname catalog
#' @export
refreshTable <- function(tableName) in_method("refreshTable", catalog_do("refresh_table", tableName))

#' @rdname catalog
#' @param path a file or folder.
#' @export
refreshByPath <- function(path) in_method("refreshByPath", catalog_do("refresh_by_path", normal_path(path)))

#' @rdname catalog
#' @export
recoverPartitions <- function(tableName) in_method("recoverPartitions", catalog_do("recover_partitions", tableName))

#' Create a table
#'
#' @param tableName the table.
#' @param path where its files are; without it the table lives in the warehouse.
#' @param source the format of its files.
#' @param schema a [structType()] or DDL text.
#' @param ... options of the format.
#' @return A `SparkDataFrame` that reads the table.
#' @export
createTable <- function(tableName, path = NULL, source = NULL, schema = NULL, ...) {
  if (!is.null(schema) && !inherits(schema, "structType") && !is.character(schema)) {
    refuse("schema should be structType or character.")
  }
  ddl <- if (is.null(schema)) NULL else ddl_of(schema)
  place <- if (is.null(path)) NULL else normal_path(path)
  in_method("createTable", {
    made <- new_frame(native(wrap__frame_create_table, active_session(), tableName, place, source, ddl, option_texts(...)))
    collect(made)
  })
  invisible(tableToDF(tableName))
}

#' @rdname createTable
#' @export
createExternalTable <- function(tableName, path = NULL, source = NULL, schema = NULL, ...) {
  .Deprecated("createTable", old = "createExternalTable")
  createTable(tableName, path, source, schema, ...)
}
