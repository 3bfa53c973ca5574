# Running a frame and getting R data, and looking at it.

#' @include catalog.R
NULL

rows_as_data_frame <- function(columns, stringsAsFactors = FALSE) {
  rows <- if (length(columns) > 0) length(columns[[1]]) else 0L
  if (stringsAsFactors) columns[] <- lapply(columns, function(column) if (is.character(column)) factor(column) else column)
  structure(columns, class = "data.frame", row.names = .set_row_names(rows))
}

#' Rows as a data.frame
#'
#' @param x a `SparkDataFrame`.
#' @param stringsAsFactors whether text becomes factors.
#' @param row.names,optional as in [base::as.data.frame()].
#' @param num how many rows.
#' @param ... further arguments of [base::as.data.frame()].
#' @return A data.frame. Text is UTF-8; `bigint` and `decimal` become numeric; arrays, maps, structs and binary values
#'   become list columns. Names may repeat.
#' @rdname collect
#' @export
setMethod("collect", "SparkDataFrame", function(x, stringsAsFactors = FALSE) {
  rows_as_data_frame(native(wrap__frame_collect, x@sdf), stringsAsFactors)
})

#' @rdname collect
#' @export
setMethod("as.data.frame", "SparkDataFrame", function(x, row.names = NULL, optional = FALSE, ..., stringsAsFactors = FALSE) {
  data <- collect(x, stringsAsFactors)
  if (!is.null(row.names)) row.names(data) <- row.names
  data
})

#' @rdname collect
#' @export
setMethod("head", "SparkDataFrame", function(x, num = 6L, ...) take(x, num))

#' @rdname collect
#' @export
setMethod("take", signature(x = "SparkDataFrame", num = "numeric"), function(x, num) collect(limit(x, num)))

#' @rdname collect
#' @export
setMethod("first", "SparkDataFrame", function(x, ...) take(x, 1))

#' The first rows, as a frame
#'
#' @param x a `SparkDataFrame`.
#' @param num how many rows.
#' @rdname limit
#' @export
setMethod("limit", signature(x = "SparkDataFrame", num = "numeric"), function(x, num) {
  new_frame(native(wrap__frame_limit, x@sdf, trunc(num)))
})

#' How many rows and columns
#'
#' @param x a `SparkDataFrame`; for `count` also [GroupedData-class] or a column.
#' @return Numbers; for groups a `SparkDataFrame` with a column `count`.
#' @rdname count
#' @export
setMethod("count", "SparkDataFrame", function(x) native(wrap__frame_count, x@sdf))

#' @rdname count
#' @export
setMethod("nrow", "SparkDataFrame", function(x) count(x))

#' @rdname count
#' @export
setMethod("ncol", "SparkDataFrame", function(x) length(columns(x)))

#' @rdname count
#' @export
setMethod("dim", "SparkDataFrame", function(x) c(count(x), ncol(x)))

#' Print rows
#'
#' `show` and printing at the prompt tell the columns only, unless `spark.sql.repl.eagerEval.enabled` is `"true"`.
#'
#' @param x,object a `SparkDataFrame`.
#' @param numRows how many rows.
#' @param truncate `TRUE` cuts cells at 20 characters, a number at that many, `FALSE` not at all.
#' @param vertical one line per cell instead of one per row.
#' @param ... not used.
#' @rdname showDF
#' @export
setMethod("showDF", "SparkDataFrame", function(x, numRows = 20, truncate = TRUE, vertical = FALSE) {
  if (is.logical(truncate) && length(truncate) == 1) truncate <- if (truncate) 20 else 0
  text <- native(wrap__frame_show, x@sdf, trunc(numRows), trunc(truncate), vertical)
  cat(sub("\n*$", "\n", text))
})

#' @rdname showDF
#' @export
setMethod("show", "SparkDataFrame", function(object) {
  if (isTRUE(tolower(eager_setting("enabled", "false")) == "true")) {
    truncate <- as.numeric(eager_setting("truncate", "20"))
    return(invisible(showDF(object, as.numeric(eager_setting("maxNumRows", "20")), if (truncate > 0) truncate else FALSE)))
  }
  schema <- frame_schema(object)
  cat("SparkDataFrame[", paste0(schema$names, ":", schema$types, collapse = ", "), "]\n", sep = "")
})

eager_setting <- function(name, default) {
  value <- native(wrap__session_get, active_session(), paste0("spark.sql.repl.eagerEval.", name))
  if (is.null(value) || is.na(value)) default else value
}

STR_COLUMNS_MAX <- 100
STR_WIDTH_MAX <- 120
STR_ROWS <- 6

#' Columns, types and first values
#'
#' @param object a `SparkDataFrame`.
#' @param ... not used.
#' @rdname str
#' @export
setMethod("str", "SparkDataFrame", function(object, ...) {
  schema <- frame_schema(object)
  shown <- seq_len(min(length(schema$names), STR_COLUMNS_MAX))
  cat("'SparkDataFrame': ", length(schema$names), " variables:\n", sep = "")
  if (length(shown) == 0) return(invisible())
  rows <- head(select(object, lapply(schema$names[shown], column_exactly)), STR_ROWS)
  width <- max(nchar(schema$names[shown]))
  for (at in shown) {
    line <- sprintf(" $ %-*s: %s", width, schema$names[[at]], str_values(schema$types[[at]], rows[[at]]))
    cat(substring(line, 1, STR_WIDTH_MAX), "\n", sep = "")
  }
  if (length(schema$names) > STR_COLUMNS_MAX) {
    cat("\nDisplaying first ", STR_COLUMNS_MAX, " columns only.\n", sep = "")
  }
  invisible()
})

str_values <- function(type, values) {
  short <- c(
    integer = "int", numeric = "num", character = "chr", logical = "logi", Date = "Date", POSIXct = "POSIXct", raw = "raw"
  )
  class <- r_class(type)
  label <- if (base::`%in%`(class, names(short))) short[[class]] else class
  texts <- if (is.list(values)) rep("?", length(values)) else as.character(values)
  if (is.character(values)) texts <- paste0("\"", texts, "\"")
  paste(c(label, texts), collapse = " ")
}

#' The plan
#'
#' @param x a `SparkDataFrame`.
#' @param extended whether to show the logical plans too.
#' @param ... not used.
#' @rdname explain
#' @export
setMethod("explain", "SparkDataFrame", function(x, extended = FALSE) {
  cat(native(wrap__frame_explain, x@sdf, if (extended) "extended" else "simple"), "\n", sep = "")
})

#' Questions about a frame
#'
#' @param x a `SparkDataFrame`.
#' @rdname isLocal
#' @export
setMethod("isLocal", "SparkDataFrame", function(x) native(wrap__frame_is_local, x@sdf))

#' @rdname isLocal
#' @export
setMethod("isStreaming", "SparkDataFrame", function(x) native(wrap__frame_is_streaming, x@sdf))

#' @rdname isLocal
#' @export
setMethod("inputFiles", "SparkDataFrame", function(x) native(wrap__frame_input_files, x@sdf))

#' Rows as JSON
#'
#' @param x a `SparkDataFrame`.
#' @param ... not used.
#' @return A `SparkDataFrame` with one column `value`.
#' @rdname toJSON
#' @export
setMethod("toJSON", "SparkDataFrame", function(x, ...) {
  rows <- call_function("to_json", call_function_list("struct", lapply(columns(x), column_exactly)))
  select(x, alias(rows, "value"))
})
