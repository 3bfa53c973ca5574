# Verbs about the columns of a frame.

#' @include frame-collect.R
NULL

# A column of this frame: its plan comes along, so it stays exact in frames made from this one.
column_of <- function(x, name) new_column(native(wrap__column_of, x@sdf, name))

select_columns <- function(x, columns) new_frame(native(wrap__frame_select, x@sdf, handles(columns)))

#' Choose columns
#'
#' @param x a `SparkDataFrame`.
#' @param col a name, a vector of names, a `Column` or a list of names and columns.
#' @param ... further names and columns.
#' @param name,i,j a name or position; in `x[i, j]` `i` is a condition.
#' @param drop whether `x[, j]` of one column is a `Column`.
#' @param value a `Column`, a value of length one, or `NULL` to drop the column.
#' @return A `SparkDataFrame`; a `Column` for `$` and `[[`.
#' @examples
#' \dontrun{
#' select(df, "name", df$age + 1)
#' df[df$age > 30, c("name", "age")]
#' df$old <- df$age > 60
#' }
#' @name select
NULL

#' @rdname select
#' @export
setMethod("select", signature(x = "SparkDataFrame", col = "character"), function(x, col, ...) {
  if (length(col) > 1) {
    if (...length() > 0) refuse("To select multiple columns, use a character vector or list for col")
    return(select_columns(x, as_columns(as.list(col))))
  }
  select_columns(x, as_columns(c(list(col), list(...))))
})

#' @rdname select
#' @export
setMethod("select", signature(x = "SparkDataFrame", col = "Column"), function(x, col, ...) {
  select_columns(x, as_columns(list(col, ...)))
})

#' @rdname select
#' @export
setMethod("select", signature(x = "SparkDataFrame", col = "list"), function(x, col) select_columns(x, as_columns(col)))

#' @rdname select
#' @export
setMethod("$", "SparkDataFrame", function(x, name) column_of(x, name))

#' @rdname select
#' @export
setMethod("$<-", "SparkDataFrame", function(x, name, value) set_column(x, name, value))

#' @rdname select
#' @export
setMethod("[[", signature(x = "SparkDataFrame", i = "numericOrcharacter"), function(x, i) {
  if (length(i) > 1) {
    warning("Subset index has length > 1. Only the first index is used.", call. = FALSE)
    i <- i[1]
  }
  if (is.character(i)) column_of(x, i) else column_at(x, i)
})

# By position, whatever the name looks like.
column_at <- function(x, position) {
  names <- frame_names(x)
  if (position < 1 || position > length(names)) refuse("there are ", length(names), " columns, none at ", position)
  column_of(x, quote_name(names[[position]]))
}

#' @rdname select
#' @export
setMethod("[[<-", signature(x = "SparkDataFrame", i = "numericOrcharacter"), function(x, i, value) {
  if (length(i) > 1) {
    warning("Subset index has length > 1. Only the first index is used.", call. = FALSE)
    i <- i[1]
  }
  set_column(x, if (is.character(i)) i else frame_names(x)[[i]], value)
})

set_column <- function(x, name, value) {
  if (is.null(value)) return(drop(x, name))
  literal <- is.atomic(value) && length(value) == 1
  if (!is_column(value) && !literal) {
    refuse("value must be a Column, literal value as atomic in length of 1, or NULL")
  }
  withColumn(x, name, value)
}

#' @rdname select
#' @export
setMethod("[", signature(x = "SparkDataFrame"), function(x, i, j, ..., drop = FALSE) {
  if (!missing(i) && nargs() - !missing(drop) <= 2) {
    # df["name"] and df[1:2], as with a data.frame.
    if (is_column(i)) return(filter(x, i))
    return(subset_columns(x, i, drop))
  }
  if (!missing(i)) {
    if (!is_column(i)) refuse("Expressions other than filtering predicates are not supported in the first parameter of extract operator [ or subset() method.")
    x <- filter(x, i)
  }
  if (missing(j)) x else subset_columns(x, j, drop)
})

subset_columns <- function(x, which, drop) {
  if (is_column(which)) which <- list(which)
  if (is.numeric(which)) {
    names <- frame_names(x)
    kept <- names[which]
    if (anyNA(kept)) refuse("there are ", length(names), " columns")
    chosen <- lapply(kept, function(name) column_of(x, quote_name(name)))
  } else {
    chosen <- as_columns(as.list(which))
  }
  if (drop && length(chosen) == 1) {
    if (is.character(which)) return(column_of(x, which))
    return(chosen[[1]])
  }
  select_columns(x, chosen)
}

#' Rows and columns at once
#'
#' @param x a `SparkDataFrame`.
#' @param subset a condition.
#' @param select names, positions or columns.
#' @param drop whether one column comes as a `Column`.
#' @param ... not used.
#' @rdname subset
#' @export
setMethod("subset", "SparkDataFrame", function(x, subset, select, drop = FALSE, ...) {
  if (!missing(subset)) {
    if (!is_column(subset)) refuse("subset should be a Column")
    x <- filter(x, subset)
  }
  if (missing(select)) x else subset_columns(x, select, drop)
})

#' Choose columns by SQL expressions
#'
#' @param x a `SparkDataFrame`.
#' @param expr SQL text, which further arguments may follow.
#' @rdname select
#' @export
setMethod("selectExpr", "SparkDataFrame", function(x, expr, ...) {
  select_columns(x, lapply(c(expr, ...), function(text) new_column(native(wrap__column_sql, text))))
})

#' Add or replace a column
#'
#' @param x a `SparkDataFrame`.
#' @param colName its name.
#' @param col a `Column` or a value of length one.
#' @rdname withColumn
#' @export
setMethod("withColumn", "SparkDataFrame", function(x, colName, col) {
  if (!is_column(col)) {
    if (!is.null(col) && !(is.atomic(col) && length(col) == 1)) refuse("Literal value must be atomic in length of 1")
    col <- as_column(col)
  }
  with_columns(x, colName, list(col))
})

with_columns <- function(x, names, columns) new_frame(native(wrap__frame_with_columns, x@sdf, names, handles(columns)))

#' Rename columns
#'
#' @param x a `SparkDataFrame`.
#' @param existingCol,newCol old and new name; an unknown old name changes nothing.
#' @param ... `new = df$old`.
#' @rdname withColumnRenamed
#' @export
setMethod("withColumnRenamed", "SparkDataFrame", function(x, existingCol, newCol) {
  new_frame(native(wrap__frame_rename, x@sdf, existingCol, newCol))
})

#' @rdname withColumnRenamed
#' @export
setMethod("rename", "SparkDataFrame", function(x, ...) {
  renames <- list(...)
  if (length(renames) == 0 || is.null(names(renames)) || any(names(renames) == "")) {
    refuse("rename() takes arguments of the form new = df$old")
  }
  if (!all(vapply(renames, is_column, TRUE))) refuse("every argument of rename() should be a Column")
  old <- vapply(renames, function(column) native(wrap__column_spelled, column@jc), "")
  new_frame(native(wrap__frame_rename, x@sdf, unname(old), names(renames)))
})

#' Add several columns
#'
#' All expressions see the old columns. An expression without a name is named by its own text.
#'
#' @param .data,_data a `SparkDataFrame`.
#' @param ... `name = expression`.
#' @rdname mutate
#' @export
setMethod("mutate", "SparkDataFrame", function(.data, ...) {
  mutated(.data, list(...), as.list(substitute(list(...)))[-1])
})

#' @rdname mutate
#' @export
setMethod("transform", "SparkDataFrame", function(`_data`, ...) {
  mutated(`_data`, list(...), as.list(substitute(list(...)))[-1])
})

mutated <- function(x, values, texts) {
  if (length(values) == 0) return(x)
  repeated <- anyDuplicated(frame_names(x)) > 0
  if (repeated) refuse("Error: found duplicated column name in SparkDataFrame")
  names <- names(values)
  if (is.null(names)) names <- rep("", length(values))
  unnamed <- names == ""
  names[unnamed] <- vapply(texts[unnamed], function(text) paste(deparse(text), collapse = ""), "")
  kept <- !duplicated(names, fromLast = TRUE)
  with_columns(x, names[kept], lapply(unname(values)[kept], as_column))
}

#' Drop columns
#'
#' @param x a `SparkDataFrame`.
#' @param col names or a column; unknown names change nothing.
#' @param ... further names or columns.
#' @rdname drop
#' @export
setMethod("drop", "SparkDataFrame", function(x, col, ...) {
  col <- c(if (is_column(col)) list(col) else as.list(col), list(...))
  by_name <- vapply(as.list(col), is.character, TRUE)
  columns <- as.list(col)[!by_name]
  new_frame(native(wrap__frame_drop, x@sdf, handles(columns), as.character(unlist(as.list(col)[by_name]))))
})

#' Another name
#'
#' @param object a `SparkDataFrame` (its columns can then be named `"name.column"`) or a `Column`.
#' @param data the new name.
#' @param ... not used.
#' @rdname alias
#' @export
setMethod("alias", "SparkDataFrame", function(object, data) {
  if (!is.character(data)) refuse("data should be character.")
  new_frame(native(wrap__frame_alias, object@sdf, data))
})

#' Columns as variables
#'
#' Each column name stands for a `SparkDataFrame` of that column.
#'
#' @param data,what a `SparkDataFrame`.
#' @param expr what to evaluate.
#' @param pos,name,warn.conflicts as in [base::attach()].
#' @param ... not used.
#' @rdname with
#' @export
setMethod("with", "SparkDataFrame", function(data, expr, ...) {
  eval(substitute(expr), envir = one_column_frames(data), enclos = parent.frame(2L))
})

#' @rdname with
#' @export
setMethod("attach", "SparkDataFrame",
  function(what, pos = 2L, name = deparse(substitute(what), backtick = FALSE), warn.conflicts = TRUE) {
    base::attach(one_column_frames(what), pos = pos, name = name, warn.conflicts = warn.conflicts)
  }
)

one_column_frames <- function(x) {
  names <- columns(x)
  list2env(stats::setNames(lapply(names, function(name) select(x, column_exactly(name))), names), parent = emptyenv())
}

# What the prompt offers after `df$`.
#' @exportS3Method utils::.DollarNames SparkDataFrame
.DollarNames.SparkDataFrame <- function(x, pattern = "") grep(pattern, frame_names(x), value = TRUE)
