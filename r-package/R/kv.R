# The NoSQL store, item by item: verbs over a container, without DataFrames. Messages are built in Rust (bindings/r/src/kv*.rs).
#
#     ember_kv("shop") ──► kv_put, kv_update, kv_get, kv_scan ... ──► native ──► engine in this process, or `emberflow serve`
#
# Not here: tables as SparkDataFrames (read.df and write.df with source = "nosql").

#' @include frame-batches.R
NULL

#' A container of the NoSQL store
#'
#' `ember_kv()` names a container; the `kv_` verbs work on the items of its tables: [kv_put()] and its kin write,
#' [kv_get()] and [kv_scan()] read, [kv_tables()] and its kin look after tables. The store is that of the session: the
#' engine inside the R process, or the server of `sparkR.session("sc://host:port")`, which has to be an Emberflow.
#'
#' Conditions, filters and updates are texts in the store's expression language. `${name}` in them stands for the value
#' of that name in `values`; values are never pasted into texts.
#'
#' Integers (and `bit64` integers) are stored as longs, numerics as doubles, texts, logicals, `POSIXct` and raw vectors as
#' what they are; a list of numbers, or a vector of none or several, is an array. `NA` and `NULL` are nothing. Longs come
#' back as numerics, arrays as lists.
#'
#' What fails raises a condition of class `ember_nosql` besides those of the package; its `name` is the store's name of the
#' error, such as `"TableNotFound"`, and its `position` where a text is no expression.
#'
#' @param container the container's name.
#' @return A handle that lasts as long as you like: it holds the name alone.
#' @examples
#' \dontrun{
#' kv <- ember_kv("shop")
#' kv_put(kv, "parts", "nut", list(stock = 10L, bin = "A3"))
#' kv_update(kv, "parts", "nut", list(stock = incr(5L), bin = "A4"), condition = "stock < 100")
#' kv_update_expr(kv, "parts", "nut", "stock = stock - ${n}", condition = "stock >= ${n}", values = list(n = 3L))
#' kv_get(kv, "parts", "nut")
#' kv_scan(kv, "parts", sharding = "bolt", from = "m6", filter = "stock > 0")
#' }
#' @export
ember_kv <- function(container) {
  if (!is.character(container) || length(container) != 1 || is.na(container)) refuse("container should be one text.")
  structure(list(container = container), class = "ember_kv")
}

#' @rdname ember_kv
#' @param x what [ember_kv()] made.
#' @param ... ignored.
#' @exportS3Method print ember_kv
print.ember_kv <- function(x, ...) {
  cat("<container ", x$container, " of the NoSQL store>\n", sep = "")
  invisible(x)
}

kv_native <- function(routine, kv, table, ...) {
  if (!inherits(kv, "ember_kv")) refuse("kv should be a container: make one with ember_kv().")
  if (!is.character(table) || length(table) != 1 || is.na(table)) refuse("table should be one text.")
  native(routine, active_session(), kv$container, table, ...)
}

#' Write items
#'
#' `kv_put` makes items anew, `kv_update` changes attributes as `mode` says, `kv_update_expr` carries out an update
#' expression, `kv_delete` removes items. Each item is changed in one step, with its condition; several are not one step.
#'
#' For several items give several keys, with a data.frame (or a list of columns) of as many rows; columns of one value hold
#' for all. With a data.frame `key` may also name the column of the keys, or the columns of their sharding and sorting
#' parts; these are then stored as well. Many items travel in batches of at most 1000; the first failure is raised, and
#' what came before it, or with it in its batch, stays.
#'
#' Modes: `"append"` adds missing attributes, `"append_new"` only creates items, `"replace"` sets the given attributes,
#' `"overwrite"` makes the item anew. In every mode an item that is not there is created.
#'
#' @param kv a container, from [ember_kv()].
#' @param table the table's path in the container. Writing makes a table that is not there.
#' @param key names of items, `"sharding"` or `"sharding.sorting"`; or names of columns.
#' @param attributes a named list, or a data.frame of a row per item. `NA` removes an attribute in modes that replace.
#' @param condition only items for which it is true are changed.
#' @param values a named list of what `${name}` stands for.
#' @param mode how new attributes meet old ones.
#' @param expression an update expression, such as `"n = if_not_exists(n, 0) + 1; REMOVE old"`.
#' @param otherwise what to carry out where `condition` is not true.
#' @return Invisibly a data.frame of a row per item: `key`; `outcome`, one of `"created"`, `"updated"`, `"deleted"`,
#'   `"condition_false"`, `"item_exists"` and `"no_such_item"`; and the item's new version in `mtime_secs` and `mtime_nsecs`.
#' @examples
#' \dontrun{
#' kv_put(kv, "parts", data.frame(part = "bolt", size = c("m4", "m8"), stock = 1:2), key = c("part", "size"))
#' kv_update(kv, "parts", c("nut", "washer"), list(stock = incr(1L)))
#' }
#' @export
kv_put <- function(kv, table, key, attributes = NULL, condition = NULL, values = list()) {
  kv_apply(kv, table, kv_write(key, attributes, "overwrite", condition, values))
}

#' @rdname kv_put
#' @export
kv_update <- function(kv, table, key, attributes = NULL, mode = "replace", condition = NULL, values = list()) {
  kv_apply(kv, table, kv_write(key, attributes, mode, condition, values))
}

#' @rdname kv_put
#' @export
kv_update_expr <- function(kv, table, key, expression, condition = NULL, otherwise = NULL, values = list()) {
  kv_apply(kv, table, op_update_expr(key, expression, condition, otherwise, values))
}

#' @rdname kv_put
#' @export
kv_delete <- function(kv, table, key, condition = NULL, values = list()) {
  kv_apply(kv, table, op_delete(key, condition, values))
}

kv_apply <- function(kv, table, change, each = FALSE) {
  changes <- if (each) change else list(change)
  invisible(rows_as_data_frame(kv_native(wrap__kv_change, kv, table, changes, each)))
}

#' Several changes in one call
#'
#' `kv_batch` carries out at most 1000 operations on single items, each for itself, and tells the outcome of each.
#'
#' @inheritParams kv_put
#' @param operations a list of what `op_put`, `op_update`, `op_update_expr` and `op_delete` make.
#' @return `kv_batch`: a data.frame as of [kv_put()], with `outcome` `"failed"` where an operation failed, and then the name
#'   of the error in `error` and a sentence in `message`.
#' @examples
#' \dontrun{
#' kv_batch(kv, "parts", list(op_put("nut", list(stock = 1L)), op_delete("rivet", condition = "stock == 0")))
#' }
#' @export
kv_batch <- function(kv, table, operations) {
  whole <- is.list(operations) && all(vapply(operations, inherits, TRUE, "ember_operation"))
  if (!whole) refuse("operations should be a list of what op_put() and its kin make.")
  kv_apply(kv, table, unname(operations), each = TRUE)
}

#' @rdname kv_batch
#' @export
op_put <- function(key, attributes = NULL, condition = NULL, values = list()) {
  kv_write(key, attributes, "overwrite", condition, values)
}

#' @rdname kv_batch
#' @export
op_update <- function(key, attributes = NULL, mode = "replace", condition = NULL, values = list()) {
  kv_write(key, attributes, mode, condition, values)
}

#' @rdname kv_batch
#' @export
op_update_expr <- function(key, expression, condition = NULL, otherwise = NULL, values = list()) {
  if (!is.character(expression) || length(expression) != 1 || is.na(expression)) refuse("expression should be one text.")
  kv_operation("expression", kv_keys(key), condition, values, update = expression, otherwise = kv_text(otherwise, "otherwise"))
}

#' @rdname kv_batch
#' @export
op_delete <- function(key, condition = NULL, values = list()) {
  kv_operation("delete", kv_keys(key), condition, values)
}

kv_operation <- function(kind, keys, condition, values, update = NULL, otherwise = NULL, mode = NULL, names = NULL,
                         columns = NULL, single = NULL) {
  structure(
    list(
      kind = kind, keys = keys, condition = kv_text(condition, "condition"), values = as.list(values), update = update,
      otherwise = otherwise, mode = mode, names = names, columns = columns, single = single
    ),
    class = "ember_operation"
  )
}

kv_text <- function(text, what) {
  if (is.null(text)) return(NULL)
  if (!is.character(text) || length(text) != 1 || is.na(text)) refuse(what, " should be one text, or NULL.")
  text
}

kv_write <- function(key, attributes, mode, condition, values) {
  if (is.data.frame(key)) {
    # kv_put(kv, table, rows, key): the rows stand where the key does elsewhere.
    rows <- key
    key <- attributes
    attributes <- rows
  }
  if (!is.character(mode) || length(mode) != 1 || is.na(mode)) refuse("mode should be one text.")
  rows <- is.data.frame(attributes)
  keys <- if (rows && is_column_names(key, attributes)) kv_key_columns(key, attributes) else kv_keys(key)
  columns <- lapply(as.list(attributes), function(column) if (is.factor(column)) as.character(column) else column)
  kv_operation("write", keys, condition, values,
    mode = mode, names = names(columns), columns = unname(columns), single = !rows && length(keys) == 1
  )
}

# One or two names that are columns of the rows.
is_column_names <- function(key, rows) {
  is.character(key) && length(key) %in% 1:2 && all(key %in% names(rows))
}

kv_key_columns <- function(key, rows) {
  plain <- function(column) if (is.factor(column)) as.character(column) else column
  native(wrap__kv_names, plain(rows[[key[[1]]]]), if (length(key) == 2) plain(rows[[key[[2]]]]))
}

kv_keys <- function(key) {
  if (is.factor(key)) key <- as.character(key)
  if (is.null(key) || is.list(key)) refuse("key should be a vector of names.")
  native(wrap__kv_names, key, NULL)
}

#' Add to what is stored
#'
#' As an attribute of [kv_update()] or [kv_put()]: the stored number plus `step`, or `step` where there is none.
#'
#' @param step what to add: integers add longs, numerics doubles.
#' @return `step`, marked.
#' @export
incr <- function(step) structure(step, class = unique(c("ember_increment", oldClass(step))))

#' @export
`[.ember_increment` <- function(x, ...) structure(NextMethod(), class = oldClass(x))

#' @exportS3Method base::as.data.frame ember_increment
as.data.frame.ember_increment <- function(x, ...) as.data.frame.vector(x, ...)

#' @exportS3Method
format.ember_increment <- function(x, ...) paste0("+", format(unclass(x), ...))

#' @exportS3Method
print.ember_increment <- function(x, ...) {
  print(format(x), quote = FALSE)
  invisible(x)
}

#' Read items
#'
#' `kv_get` reads items by their names. `kv_scan` reads those of a table, of a range of names that share their sharding part
#' (in the order of the sorting parts), or of a segment; segments `c(0, n)` to `c(n - 1, n)` together are the table.
#'
#' @inheritParams kv_put
#' @param select names of attributes; `"*"` for all of the user's, `"**"` for those of the store as well, such as
#'   `__mtime_secs` and `__mtime_nsecs`, the item's version.
#' @return `kv_get` of one key: a named list, or `NULL` if there is no such item. Of several keys: a data.frame of a row per
#'   key, `NA` where an item or attribute is not there. `kv_scan`: a data.frame; with a `limit` its attribute `"marker"` is
#'   where the next page begins, `NULL` after the last one. A page may be empty though more follow.
#' @examples
#' \dontrun{
#' kv_get(kv, "parts", "bolt.m8")
#' page <- kv_scan(kv, "parts", limit = 100)
#' while (!is.null(attr(page, "marker"))) page <- kv_scan(kv, "parts", limit = 100, marker = attr(page, "marker"))
#' }
#' @export
kv_get <- function(kv, table, key, select = "*") {
  keys <- kv_keys(key)
  found <- kv_native(wrap__kv_items, kv, table, keys, as.character(select))
  if (length(keys) != 1) {
    found$columns[["__name"]] <- NULL
    return(rows_as_data_frame(c(list(`__name` = keys), found$columns)))
  }
  if (!found$there) return(NULL)
  present <- Filter(function(column) !(is.logical(column) && is.na(column[[1]])), found$columns)
  lapply(present, function(column) if (is.list(column)) column[[1]] else column)
}

#' @rdname kv_get
#' @param filter only items for which it is true.
#' @param sharding the sharding part of the names to read.
#' @param from,to sorting parts from this on, and below that.
#' @param segment two numbers: which segment, from 0 on, of how many.
#' @param limit the most items of a page; without it all items are read.
#' @param marker where the page begins: the attribute `"marker"` of the one before.
#' @export
kv_scan <- function(kv, table, filter = NULL, values = list(), sharding = NULL, from = NULL, to = NULL, segment = NULL,
                    select = "*", limit = NULL, marker = NULL) {
  name <- function(part, what) if (is.null(part) || is.character(part)) kv_text(part, what) else kv_keys(part)
  spec <- list(
    filter = kv_text(filter, "filter"), values = as.list(values), sharding = name(sharding, "sharding"),
    from = name(from, "from"), to = name(to, "to"), segment = segment, select = as.character(select), limit = limit,
    marker = kv_text(marker, "marker")
  )
  page <- kv_native(wrap__kv_page, kv, table, spec)
  columns <- page$columns[order(names(page$columns) != "__name")]
  rows <- structure(columns, class = "data.frame", row.names = .set_row_names(page$rows))
  if (!is.null(limit)) attr(rows, "marker") <- page$marker
  rows
}

#' Look after tables
#'
#' `kv_delete_where` removes the items that pass a filter, `kv_delete_table` a table with its schema and partitions.
#' `kv_tables` tells what lies in a container, `kv_containers` which containers hold something. `kv_schema` reads the schema
#' by which a table is read as a SparkDataFrame, `kv_set_schema` stores one, or removes it with `NULL`. `kv_describe` tells how
#' large a table is, `kv_compact` gives back the room of what was replaced and removed, `kv_verify` reads the whole store and
#' compares it with its checksums.
#'
#' A schema is a list: `fields`, a data.frame of `name`, `type` (`"long"`, `"double"`, `"string"`, `"boolean"`,
#' `"timestamp"`, `"blob"`, `"array<long>"`, `"array<double>"`) and `nullable`; `key` and `sorting_key`, the key columns;
#' `buckets`, 0 unless sharding parts are spread evenly; `partition`, the partition columns.
#'
#' @inheritParams kv_put
#' @param filter which items; the empty text means all.
#' @return `kv_delete_where` the number of items removed; `kv_tables` a data.frame of `path` and `kind`; `kv_containers`
#'   names; `kv_schema` a list or `NULL`; `kv_describe` a list of `path`, `schema`, `bytes`, `files` and, if counted, `items`;
#'   `kv_verify` a list of `tables`, `items`, `bytes`, `broken` (how many items are not what was written) and `findings`
#'   (sentences about them); the others nothing.
#' @name kv_tables
#' @export
kv_tables <- function(kv) rows_as_data_frame(kv_native(wrap__kv_list, kv, ""))

#' @rdname kv_tables
#' @export
kv_containers <- function() native(wrap__kv_list_containers, active_session())

#' @rdname kv_tables
#' @export
kv_delete_where <- function(kv, table, filter, values = list()) {
  if (is.null(filter)) refuse("filter should be one text; the empty text means all items.")
  kv_native(wrap__kv_remove, kv, table, kv_text(filter, "filter"), as.list(values))
}

#' @rdname kv_tables
#' @param if_missing whether a table that is not there is an error: `"fail"` or `"ignore"`.
#' @export
kv_delete_table <- function(kv, table, if_missing = "fail") {
  if (!identical(if_missing, "fail") && !identical(if_missing, "ignore")) refuse("if_missing should be \"fail\" or \"ignore\".")
  kv_native(wrap__kv_drop, kv, table, identical(if_missing, "ignore"))
  invisible()
}

#' @rdname kv_tables
#' @export
kv_schema <- function(kv, table) {
  parts <- kv_native(wrap__kv_get_schema, kv, table)
  if (is.null(parts)) return(NULL)
  fields <- rows_as_data_frame(list(name = parts$names, type = parts$types, nullable = parts$nullable))
  schema <- list(fields = fields, key = parts$key, sorting_key = parts$sorting_key, buckets = parts$buckets)
  schema <- Filter(function(part) !is.null(part) && !identical(part, NA_character_), schema)
  if (length(parts$partition) > 0) schema$partition <- parts$partition
  schema
}

#' @rdname kv_tables
#' @param schema a list as `kv_schema` returns it, or `NULL`.
#' @export
kv_set_schema <- function(kv, table, schema) {
  kv_native(wrap__kv_set_schema_parts, kv, table, if (!is.null(schema)) kv_schema_parts(schema))
  invisible()
}

#' @rdname kv_tables
#' @param count whether to count the items, which reads them all.
#' @export
kv_describe <- function(kv, table, count = FALSE) {
  found <- kv_native(wrap__kv_described, kv, table, count)
  known <- list(path = found$path, schema = kv_schema(kv, table), bytes = found$bytes, files = found$files)
  if (isTRUE(count)) known$items <- found$items
  known
}

#' @rdname kv_tables
#' @export
kv_compact <- function(kv, table) {
  kv_native(wrap__kv_compacted, kv, table)
  invisible()
}

#' @rdname kv_tables
#' @export
kv_verify <- function() native(wrap__kv_verified, active_session())

kv_schema_parts <- function(schema) {
  known <- c("fields", "key", "sorting_key", "buckets", "partition")
  other <- setdiff(names(schema), known)
  if (!is.list(schema) || length(other) > 0) {
    refuse("a schema should be a list of ", paste(known, collapse = ", "), if (length(other) > 0) paste0(", not of ", other[[1]]), ".")
  }
  fields <- schema$fields
  if (!is.data.frame(fields)) refuse("fields should be a data.frame of name, type and nullable.")
  nullable <- if (is.null(fields$nullable)) rep(TRUE, nrow(fields)) else fields$nullable
  list(
    names = as.character(fields$name), types = as.character(fields$type), nullable = nullable, key = schema$key,
    sorting_key = schema$sorting_key, buckets = if (is.null(schema$buckets)) 0L else schema$buckets,
    partition = as.character(schema$partition)
  )
}
