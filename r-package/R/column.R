# Operators and methods of columns.

#' @include frame-physical.R
NULL

#' Columns
#'
#' @param x for `column` a name, for `lit` a value of length one (or `NULL`), for `expr` SQL text.
#' @param object a `Column`.
#' @return A `Column`.
#' @rdname column
#' @export
setMethod("column", "character", function(x) column_named(x))

#' @rdname column
#' @export
setMethod("lit", "ANY", function(x) as_column(x))

#' @rdname column
#' @export
setMethod("expr", "character", function(x) new_column(native(wrap__column_sql, x)))

#' @rdname column
#' @export
setMethod("show", "Column", function(object) cat("Column ", native(wrap__column_spelled, object@jc), "\n", sep = ""))

#' Operators of columns
#'
#' Arithmetic, comparison and logic, with columns and values of length one on either side.
#'
#' @param e1,e2,x operands.
#' @name column-operators
NULL

column_operators <- c(
  "+" = "+", "-" = "-", "*" = "*", "/" = "/", "%%" = "%", "^" = "power",
  "==" = "==", "<" = "<", "<=" = "<=", ">" = ">", ">=" = ">=", "&" = "and", "|" = "or"
)

for (operator in names(column_operators)) {
  local({
    spark <- column_operators[[operator]]
    method <- function(e1, e2) call_function(spark, e1, e2)
    setMethod(operator, signature(e1 = "Column", e2 = "ANY"), method)
    setMethod(operator, signature(e1 = "ANY", e2 = "Column"), method)
    setMethod(operator, signature(e1 = "Column", e2 = "Column"), method)
  })
}

not_equal <- function(e1, e2) call_function("not", call_function("==", e1, e2))
setMethod("!=", signature(e1 = "Column", e2 = "ANY"), not_equal)
setMethod("!=", signature(e1 = "ANY", e2 = "Column"), not_equal)
setMethod("!=", signature(e1 = "Column", e2 = "Column"), not_equal)

setMethod("-", signature(e1 = "Column", e2 = "missing"), function(e1, e2) call_function("negative", e1))
setMethod("+", signature(e1 = "Column", e2 = "missing"), function(e1, e2) e1)
setMethod("!", "Column", function(x) call_function("not", x))

#' Order by a column
#'
#' @param x a `Column`.
#' @rdname column-order
#' @export
setMethod("asc", "Column", function(x) sort_column(x, FALSE, "first"))

#' @rdname column-order
#' @export
setMethod("asc_nulls_first", "Column", function(x) sort_column(x, FALSE, "first"))

#' @rdname column-order
#' @export
setMethod("asc_nulls_last", "Column", function(x) sort_column(x, FALSE, "last"))

#' @rdname column-order
#' @export
setMethod("desc", "Column", function(x) sort_column(x, TRUE, "last"))

#' @rdname column-order
#' @export
setMethod("desc_nulls_first", "Column", function(x) sort_column(x, TRUE, "first"))

#' @rdname column-order
#' @export
setMethod("desc_nulls_last", "Column", function(x) sort_column(x, TRUE, "last"))

sort_column <- function(x, descending, nulls) new_column(native(wrap__column_sort, x@jc, descending, nulls))

#' @rdname alias
#' @export
setMethod("alias", "Column", function(object, data) {
  if (!is.character(data)) refuse("data should be character")
  new_column(native(wrap__column_alias, object@jc, data))
})

#' Another type
#'
#' @param x a `Column`.
#' @param dataType a type as in SQL, such as `"int"` or `"array<string>"`.
#' @rdname cast
#' @export
setMethod("cast", "Column", function(x, dataType) {
  if (!is.character(dataType) || length(dataType) != 1) refuse("dataType should be character")
  new_column(native(wrap__column_cast, x@jc, dataType))
})

#' Tests
#'
#' @param x a `Column`.
#' @param bounds the lowest and the highest value.
#' @param table values of length one.
#' @param value a value or column; `NULL` is a value here.
#' @name column-tests
NULL

#' @rdname column-tests
#' @export
setMethod("between", "Column", function(x, bounds) {
  if (!is.vector(bounds) && !inherits(bounds, c("Date", "POSIXct")) || length(bounds) != 2) {
    refuse("bounds should be a vector of lower and upper bounds")
  }
  x >= bounds[[1]] & x <= bounds[[2]]
})

#' @rdname column-tests
#' @export
setMethod("isNull", "Column", function(x) call_function("isNull", x))

#' @rdname column-tests
#' @export
setMethod("isNotNull", "Column", function(x) call_function("isNotNull", x))

#' @rdname column-tests
#' @export
setMethod("isNaN", "Column", function(x) call_function("isNaN", x))

#' @rdname column-tests
#' @export
setMethod("is.na", "Column", function(x) isNull(x))

#' @rdname column-tests
#' @export
setMethod("%in%", "Column", function(x, table) call_function_list("in", c(list(x), as_values(table))))

# The elements of a vector one by one, with their class (a Date stays a Date).
as_values <- function(table) if (is.list(table)) table else lapply(seq_along(table), function(at) table[at])

#' @rdname column-tests
#' @export
setMethod("%<=>%", "Column", function(x, value) call_function("<=>", x, value))

#' Tests and parts of text
#'
#' @param x a `Column`.
#' @param prefix,suffix a text or column.
#' @param start,stop first and last position, from 1.
#' @param pattern,value a text or column.
#' @param ... not used.
#' @name column-text
NULL

#' @rdname column-text
#' @export
setMethod("like", "Column", function(x, pattern) call_function("like", x, pattern))

#' @rdname column-text
#' @export
setMethod("rlike", "Column", function(x, pattern) call_function("rlike", x, pattern))

#' @rdname column-text
#' @export
setMethod("ilike", "Column", function(x, pattern) call_function("ilike", x, pattern))

#' @rdname column-text
#' @export
setMethod("contains", "Column", function(x, value) call_function("contains", x, value))

#' @rdname column-text
#' @export
setMethod("startsWith", "Column", function(x, prefix) call_function("startsWith", x, prefix))

#' @rdname column-text
#' @export
setMethod("endsWith", "Column", function(x, suffix) call_function("endsWith", x, suffix))

#' @rdname column-text
#' @export
setMethod("substr", "Column", function(x, start, stop) {
  call_function("substr", x, as.integer(start), as.integer(stop - start + 1))
})

#' Parts of nested columns
#'
#' @param x a `Column`.
#' @param fieldName the name of a field.
#' @param col its new value.
#' @param field the name of a field.
#' @param item an element's position (from 0) or a map's key.
#' @param ... names of fields to drop.
#' @name column-parts
NULL

#' @rdname column-parts
#' @export
setMethod("getField", "Column", function(x, field) new_column(native(wrap__column_extract, x@jc, lit(field)@jc)))

#' @rdname column-parts
#' @export
setMethod("getItem", "Column", function(x, item) {
  if (is.numeric(item) && item == trunc(item)) item <- as.integer(item)
  new_column(native(wrap__column_extract, x@jc, as_column(item)@jc))
})

#' @rdname column-parts
#' @export
setMethod("withField", "Column", function(x, fieldName, col) {
  new_column(native(wrap__column_update_field, x@jc, fieldName, as_column(col)@jc))
})

#' @rdname column-parts
#' @export
setMethod("dropFields", "Column", function(x, ...) {
  for (field in c(...)) x <- new_column(native(wrap__column_update_field, x@jc, field, NULL))
  x
})

#' Conditions
#'
#' @param condition,test a logical `Column`.
#' @param value,yes,no columns or values of length one.
#' @param x what [when()] made.
#' @rdname when
#' @export
setMethod("when", "Column", function(condition, value) {
  new_column(native(wrap__column_when, NULL, condition@jc, as_column(value)@jc))
})

#' @rdname when
#' @export
setMethod("otherwise", "Column", function(x, value) {
  new_column(native(wrap__column_when, x@jc, NULL, as_column(value)@jc))
})

#' @rdname when
#' @export
setMethod("ifelse", "Column", function(test, yes, no) otherwise(when(test, yes), no))

#' Windows
#'
#' @param col,... names or columns.
#' @param x a [WindowSpec-class], or for `over` a `Column`.
#' @param start,end first and last row relative to the current one; beyond the integers there is no bound.
#' @param window a [WindowSpec-class].
#' @examples
#' \dontrun{
#' ws <- orderBy(windowPartitionBy("k"), df$v)
#' select(df, over(rank(), ws))
#' }
#' @name windowPartitionBy
NULL

new_window <- function(partition, order, frame = NULL) {
  new("WindowSpec", sws = list(partition = partition, order = order, frame = frame))
}

#' @rdname windowPartitionBy
#' @export
setMethod("windowPartitionBy", "characterOrColumn", function(col, ...) new_window(as_columns(list(col, ...)), list()))

#' @rdname windowPartitionBy
#' @export
setMethod("windowOrderBy", "characterOrColumn", function(col, ...) new_window(list(), as_columns(list(col, ...))))

#' @rdname windowPartitionBy
#' @export
setMethod("partitionBy", "WindowSpec", function(x, ...) new_window(as_columns(list(...)), x@sws$order, x@sws$frame))

#' @rdname arrange
#' @export
setMethod("orderBy", signature(x = "WindowSpec", col = "characterOrColumn"), function(x, col, ...) {
  new_window(x@sws$partition, as_columns(list(col, ...)), x@sws$frame)
})

#' @rdname windowPartitionBy
#' @export
setMethod("rowsBetween", "WindowSpec", function(x, start, end) {
  new_window(x@sws$partition, x@sws$order, list(type = "rows", start = start, end = end))
})

#' @rdname windowPartitionBy
#' @export
setMethod("rangeBetween", "WindowSpec", function(x, start, end) {
  new_window(x@sws$partition, x@sws$order, list(type = "range", start = start, end = end))
})

#' @rdname windowPartitionBy
#' @param object a window.
#' @export
setMethod("show", "WindowSpec", function(object) {
  spelled <- function(columns) vapply(columns, function(column) native(wrap__column_spelled, column@jc), "")
  frame <- object@sws$frame
  parts <- c(
    if (length(object@sws$partition) > 0) paste("PARTITION BY", paste(spelled(object@sws$partition), collapse = ", ")),
    if (length(object@sws$order) > 0) paste("ORDER BY", paste(spelled(object@sws$order), collapse = ", ")),
    if (!is.null(frame)) paste(toupper(frame$type), "BETWEEN", frame$start, "AND", frame$end)
  )
  cat("WindowSpec ", paste(parts, collapse = " "), "\n", sep = "")
})

#' @rdname windowPartitionBy
#' @export
setMethod("over", "Column", function(x, window) {
  spec <- window@sws
  frame <- spec$frame
  new_column(native(
    wrap__column_over, x@jc, handles(spec$partition), handles(spec$order), frame$type, frame$start, frame$end
  ))
})
