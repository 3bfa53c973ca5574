# Files, tables and databases as SparkDataFrames.

#' @include frame-create.R
NULL

# Options of readers and writers: logical to true and false, numbers to text. NULL means the option is not set.
option_texts <- function(...) {
  options <- list(...)
  names <- names(options)
  if (is.null(names)) names <- rep("", length(options))
  unnamed <- options[names == ""]
  if (length(unnamed) > 0) {
    warning("Unnamed arguments ignored: ", paste(unnamed, collapse = ", "), ".", call. = FALSE)
  }
  options <- options[names != ""]
  options <- options[!vapply(options, is.null, TRUE)]
  values <- Map(option_text, names(options), options)
  unlist(values)
}

option_text <- function(name, value) {
  if (is.logical(value)) return(tolower(as.character(value)))
  if (is.numeric(value)) return(number_text(value))
  if (is.character(value)) return(value)
  refuse("Unsupported type for ", name, " : ", class(value)[[1]], ".")
}

normal_path <- function(path) {
  local <- !grepl("^[A-Za-z][A-Za-z0-9+.-]+:", path)
  path[local] <- normalizePath(path[local], mustWork = FALSE)
  path
}

#' Read a data source
#'
#' @param path a file or folder.
#' @param source the format, such as `"csv"`, `"json"`, `"parquet"`, `"orc"` or `"text"`; by default what
#'   `spark.sql.sources.default` says.
#' @param schema a [structType()] or a DDL text.
#' @param na.strings for CSV, the text that stands for a missing value.
#' @param ... options of the source, such as `header = TRUE`.
#' @return A `SparkDataFrame`.
#' @export
read.df <- function(path = NULL, source = NULL, schema = NULL, na.strings = "NA", ...) {
  if (!is.null(path) && !is.character(path)) refuse("path should be character, NULL or omitted.")
  if (!is.null(source) && !is.character(source)) {
    refuse("source should be character, NULL or omitted. It is the datasource specified in 'spark.sql.sources.default' ",
      "configuration by default.")
  }
  options <- option_texts(...)
  if (identical(source, "csv") && !base::`%in%`("nullValue", names(options))) options <- c(options, nullValue = na.strings)
  read_source("load", path, source, options, schema)
}

#' @rdname read.df
#' @export
loadDF <- function(path = NULL, source = NULL, schema = NULL, ...) read.df(path, source, schema, ...)

read_source <- function(method, path, source, options, schema = NULL, predicates = NULL) {
  if (!is.null(schema) && !inherits(schema, "structType") && !is.character(schema)) {
    refuse("schema should be structType or character.")
  }
  ddl <- if (is.null(schema)) NULL else ddl_of(schema)
  paths <- if (is.null(path)) character() else normal_path(path)
  session <- active_session()
  in_method(method, {
    frame <- new_frame(native(wrap__frame_read, session, source, ddl, options, paths, predicates))
    # A missing file or an unknown format is an error of the reader, not of the first verb that follows.
    frame_schema(frame)
    frame
  })
}

#' Read files of one format
#'
#' @param path one or more files or folders.
#' @param ... options of the format.
#' @return A `SparkDataFrame`; of one column `value` for text.
#' @name read.files
#' @export
read.json <- function(path, ...) read_source("json", path, "json", option_texts(...))

#' @rdname read.files
#' @export
read.parquet <- function(path, ...) read_source("parquet", path, "parquet", option_texts(...))

#' @rdname read.files
#' @export
read.orc <- function(path, ...) read_source("orc", path, "orc", option_texts(...))

#' @rdname read.files
#' @export
read.text <- function(path, ...) read_source("text", path, "text", option_texts(...))

#' Read a table of another database
#'
#' @param url a JDBC address.
#' @param tableName the table.
#' @param partitionColumn,lowerBound,upperBound,numPartitions how to split the table by an integer column.
#' @param predicates conditions, each of which makes a partition.
#' @param ... connection properties.
#' @return A `SparkDataFrame`.
#' @export
read.jdbc <- function(url, tableName, partitionColumn = NULL, lowerBound = NULL, upperBound = NULL, numPartitions = 0L,
                      predicates = list(), ...) {
  options <- c(url = url, dbtable = tableName, option_texts(...))
  if (!is.null(partitionColumn)) {
    options <- c(options, option_texts(
      partitionColumn = partitionColumn, lowerBound = as.integer(lowerBound), upperBound = as.integer(upperBound),
      numPartitions = if (numPartitions == 0) NULL else as.integer(numPartitions)
    ))
  }
  read_source("jdbc", NULL, "jdbc", options, predicates = as.character(unlist(predicates)))
}

#' Run SQL
#'
#' A query runs when its result is used; any other statement runs at once.
#'
#' @param sqlQuery the statement.
#' @return A `SparkDataFrame`.
#' @export
sql <- function(sqlQuery) new_frame(native(wrap__frame_sql, active_session(), sqlQuery))

#' A table or view as a SparkDataFrame
#'
#' @param tableName its name, of one, two or three parts.
#' @export
tableToDF <- function(tableName) {
  frame <- new_frame(native(wrap__frame_table, active_session(), tableName))
  frame_schema(frame)
  frame
}
