# Writing SparkDataFrames.

#' @include frame-read.R
NULL

check_mode <- function(mode) {
  if (!is.character(mode) || length(mode) != 1) refuse("mode should be character or omitted. It is 'error' by default.")
}

write_frame <- function(df, method, source, target, place, mode, options, partition = NULL) {
  in_method(if (is_known_mode(mode)) method else "mode", {
    native(wrap__frame_write, df@sdf, source, target, place, mode, partition, options)
  })
  invisible()
}

is_known_mode <- function(mode) {
  base::`%in%`(tolower(mode), c("append", "overwrite", "error", "errorifexists", "ignore", "default"))
}

#' Write a frame
#'
#' The result is a folder of `part-*` files.
#'
#' @param df a `SparkDataFrame`.
#' @param path where to.
#' @param source the format; by default what `spark.sql.sources.default` says.
#' @param mode `"append"`, `"overwrite"`, `"error"`, `"errorifexists"` or `"ignore"`: what to do if there is something.
#' @param partitionBy names of columns; each of their values gets a folder of its own.
#' @param ... options of the format.
#' @rdname write.df
#' @export
setMethod("write.df", "SparkDataFrame", function(df, path = NULL, source = NULL, mode = "error", partitionBy = NULL, ...) {
  if (!is.null(path) && !is.character(path)) refuse("path should be character, NULL or omitted.")
  if (!is.null(source) && !is.character(source)) {
    refuse("source should be character, NULL or omitted. It is the datasource specified in 'spark.sql.sources.default' ",
      "configuration by default.")
  }
  check_mode(mode)
  if (!is.null(partitionBy) && !all(vapply(partitionBy, is.character, TRUE))) {
    refuse("All partitionBy column names should be characters.")
  }
  target <- if (is.null(path)) "none" else "path"
  place <- if (is.null(path)) NULL else normal_path(path)
  write_frame(df, "save", source, target, place, mode, option_texts(...), as.character(unlist(partitionBy)))
})

#' @rdname write.df
#' @export
setMethod("saveDF", "SparkDataFrame", function(df, path, source = NULL, mode = "error", ...) {
  write.df(df, path, source, mode, ...)
})

write_files <- function(x, path, format, mode, ...) {
  check_mode(mode)
  write_frame(x, format, format, "path", normal_path(path), mode, option_texts(...))
}

#' Write files of one format
#'
#' @param x a `SparkDataFrame`.
#' @param path where to.
#' @param mode as in [write.df()].
#' @param ... options of the format.
#' @name write.files
NULL

#' @rdname write.files
#' @export
setMethod("write.json", "SparkDataFrame", function(x, path, mode = "error", ...) write_files(x, path, "json", mode, ...))

#' @rdname write.files
#' @export
setMethod("write.parquet", "SparkDataFrame", function(x, path, mode = "error", ...) {
  write_files(x, path, "parquet", mode, ...)
})

#' @rdname write.files
#' @export
setMethod("write.orc", "SparkDataFrame", function(x, path, mode = "error", ...) write_files(x, path, "orc", mode, ...))

#' @rdname write.files
#' @export
setMethod("write.text", "SparkDataFrame", function(x, path, mode = "error", ...) write_files(x, path, "text", mode, ...))

#' Write to a table of another database
#'
#' @param x a `SparkDataFrame`.
#' @param url a JDBC address.
#' @param tableName the table.
#' @param mode as in [write.df()].
#' @param ... connection properties.
#' @rdname write.jdbc
#' @export
setMethod("write.jdbc", "SparkDataFrame", function(x, url, tableName, mode = "error", ...) {
  check_mode(mode)
  write_frame(x, "jdbc", "jdbc", "none", NULL, mode, c(url = url, dbtable = tableName, option_texts(...)))
})

#' Save a frame as a table
#'
#' @param df,x a `SparkDataFrame`.
#' @param tableName the table.
#' @param source the format of its files.
#' @param mode as in [write.df()].
#' @param overwrite whether rows that are there go first.
#' @param ... options of the format.
#' @rdname saveAsTable
#' @export
setMethod("saveAsTable", "SparkDataFrame", function(df, tableName, source = NULL, mode = "error", ...) {
  check_mode(mode)
  write_frame(df, "saveAsTable", source, "table", tableName, mode, option_texts(...))
})

#' @rdname saveAsTable
#' @export
setMethod("insertInto", "SparkDataFrame", function(x, tableName, overwrite = FALSE) {
  write_frame(x, "insertInto", NULL, "insert", tableName, if (overwrite) "overwrite" else "append", character())
})

#' Name a frame for SQL
#'
#' @param x a `SparkDataFrame`.
#' @param viewName,tableName the name.
#' @rdname createOrReplaceTempView
#' @export
setMethod("createOrReplaceTempView", "SparkDataFrame", function(x, viewName) {
  native(wrap__frame_create_view, x@sdf, viewName)
  invisible()
})

#' @rdname createOrReplaceTempView
#' @export
setMethod("registerTempTable", "SparkDataFrame", function(x, tableName) {
  .Deprecated("createOrReplaceTempView")
  createOrReplaceTempView(x, tableName)
})
