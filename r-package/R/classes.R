# The S4 classes. Names and slots are part of the contract with scripts.

#' @include native.R
NULL

#' A distributed table
#'
#' A `SparkDataFrame` is a plan that has not run: verbs such as [select()] and [filter()] make new ones, [collect()]
#' and its like run them.
#'
#' @slot env An environment; `isCached` in it tells whether the frame was cached.
#' @slot sdf The plan, kept on the Rust side.
#' @name SparkDataFrame-class
#' @aliases SparkDataFrame
#' @exportClass SparkDataFrame
setClass("SparkDataFrame", slots = c(env = "environment", sdf = "ANY"))

#' A column expression
#'
#' `df$name` and the column functions make `Column`s; operators and functions combine them.
#'
#' @slot jc The expression, kept on the Rust side.
#' @name Column-class
#' @aliases Column
#' @exportClass Column
setClass("Column", slots = c(jc = "ANY"))

#' Rows in groups
#'
#' What [groupBy()] makes and [agg()] takes.
#'
#' @slot sgd The frame, its grouping columns and how they are used.
#' @name GroupedData-class
#' @aliases GroupedData
#' @exportClass GroupedData
setClass("GroupedData", slots = c(sgd = "ANY"))

#' The rows around a row
#'
#' What [windowPartitionBy()] and [windowOrderBy()] make and [over()] takes.
#'
#' @slot sws Partitioning, order and frame.
#' @name WindowSpec-class
#' @aliases WindowSpec
#' @exportClass WindowSpec
setClass("WindowSpec", slots = c(sws = "ANY"))

setClassUnion("characterOrColumn", c("character", "Column"))
setClassUnion("numericOrcharacter", c("numeric", "character"))
setClassUnion("characterOrstructType", c("character"))
setOldClass("structType")
setOldClass("structField")
setIs("structType", "characterOrstructType")

new_frame <- function(sdf, cached = FALSE) {
  env <- new.env(parent = emptyenv())
  env$isCached <- cached
  new("SparkDataFrame", env = env, sdf = sdf)
}

new_column <- function(jc) new("Column", jc = jc)

is_column <- function(x) is(x, "Column")

# Anything R as a column: columns stay, scalars become literals.
as_column <- function(x) if (is_column(x)) x else new_column(native(wrap__column_literal, x))

column_named <- function(name) new_column(native(wrap__column_named, name))

# A name as it stands, dots and all.
column_exactly <- function(name) column_named(quote_name(name))

quote_name <- function(name) {
  plain <- grepl("^[A-Za-z_][A-Za-z0-9_]*$", name)
  ifelse_base(plain, name, paste0("`", gsub("`", "``", name, fixed = TRUE), "`"))
}

ifelse_base <- base::ifelse

# Names or columns, as columns.
as_columns <- function(xs) lapply(xs, function(x) if (is.character(x)) column_named(x) else as_column(x))

handles <- function(columns) lapply(columns, function(column) column@jc)

call_function <- function(name, ..., distinct = FALSE) {
  call_function_list(name, list(...), distinct)
}

call_function_list <- function(name, arguments, distinct = FALSE) {
  new_column(native(wrap__column_call, name, handles(lapply(arguments, as_column)), distinct))
}
