# Groups, aggregates and statistics.

#' @include frame-rows.R
NULL

grouped <- function(x, kind, keys, pivot = NULL, values = list()) {
  new("GroupedData", sgd = list(frame = x, kind = kind, keys = keys, pivot = pivot, values = values))
}

group_keys <- function(x, ...) {
  keys <- list(...)
  if (length(keys) == 1 && is.list(keys[[1]])) keys <- keys[[1]]
  keys <- unlist(lapply(keys, function(key) if (is.character(key)) as.list(key) else list(key)), recursive = FALSE)
  as_columns(as.list(keys))
}

#' Group rows
#'
#' @param x a `SparkDataFrame`, or for `pivot` [GroupedData-class].
#' @param ... names or columns.
#' @param colname the column whose values become columns.
#' @param values the values to expect; all that occur without it.
#' @return [GroupedData-class], for [agg()] and [count()].
#' @rdname groupBy
#' @export
setMethod("groupBy", "SparkDataFrame", function(x, ...) grouped(x, "groupby", group_keys(x, ...)))

#' @rdname groupBy
#' @export
setMethod("group_by", "SparkDataFrame", function(x, ...) groupBy(x, ...))

#' @rdname groupBy
#' @export
setMethod("cube", "SparkDataFrame", function(x, ...) grouped(x, "cube", group_keys(x, ...)))

#' @rdname groupBy
#' @export
setMethod("rollup", "SparkDataFrame", function(x, ...) grouped(x, "rollup", group_keys(x, ...)))

#' @rdname groupBy
#' @export
setMethod("pivot", "GroupedData", function(x, colname, values = list()) {
  if (!is.character(colname)) refuse("colname should be character")
  values <- as.list(values)
  if (anyDuplicated(values) > 0) refuse("Values are not unique")
  grouped(x@sgd$frame, x@sgd$kind, x@sgd$keys, column_named(colname), lapply(values, as_column))
})

#' @rdname groupBy
#' @param object groups.
#' @export
setMethod("show", "GroupedData", function(object) cat("GroupedData\n"))

aggregated <- function(x, aggregates) {
  groups <- x@sgd
  pivot <- if (is.null(groups$pivot)) NULL else groups$pivot@jc
  new_frame(native(
    wrap__frame_aggregate, groups$frame@sdf, groups$kind, handles(groups$keys), handles(aggregates), pivot, handles(groups$values)
  ))
}

#' Aggregate
#'
#' @param x a `SparkDataFrame` or [GroupedData-class].
#' @param ... `new = expression`, expressions alone, or `column = "function"`.
#' @examples
#' \dontrun{
#' agg(groupBy(df, "name"), mean = mean(df$age), age = "max")
#' }
#' @rdname agg
#' @export
setMethod("agg", "GroupedData", function(x, ...) {
  wanted <- list(...)
  if (length(wanted) == 0) refuse("agg() takes at least one expression")
  names <- names(wanted)
  if (is.null(names)) names <- rep("", length(wanted))
  aggregated(x, unname(Map(aggregate_of, names, wanted)))
})

aggregate_of <- function(name, wanted) {
  if (is_column(wanted)) {
    return(if (name == "") wanted else alias(wanted, name))
  }
  if (!is.character(wanted) || name == "") refuse("agg can only support Column or character")
  aggregate_by_name(wanted, name)
}

# The names of aggregates that may be given as text.
aggregate_by_name <- function(fun, name) {
  spark <- c(mean = "avg", average = "avg", std = "stddev", size = "count")
  known <- unname(spark[tolower(fun)])
  column <- if (name == "*") lit(1L) else column_exactly(name)
  call_function(if (is.na(known)) fun else known, column)
}

#' @rdname agg
#' @export
setMethod("agg", "SparkDataFrame", function(x, ...) agg(groupBy(x), ...))

#' @rdname agg
#' @export
setMethod("summarize", "GroupedData", function(x, ...) agg(x, ...))

#' @rdname agg
#' @export
setMethod("summarize", "SparkDataFrame", function(x, ...) agg(x, ...))

#' @rdname count
#' @export
setMethod("count", "GroupedData", function(x) aggregated(x, list(alias(call_function("count", lit(1L)), "count"))))

# Aggregates of groups by column names; all numeric columns that are not keys without any.
aggregate_named <- function(x, fun, ...) {
  names <- as.character(unlist(list(...)))
  if (length(names) == 0) names <- numeric_columns(x)
  aggregated(x, lapply(names, function(name) aggregate_by_name(fun, name)))
}

numeric_columns <- function(x) {
  schema <- frame_schema(x@sgd$frame)
  keys <- vapply(x@sgd$keys, function(key) native(wrap__column_spelled, key@jc), "")
  numeric <- grepl("^(tinyint|smallint|int|bigint|float|double|decimal.*)$", schema$types)
  setdiff(schema$names[numeric], keys)
}

#' Figures of the columns
#'
#' @param x,object a `SparkDataFrame`.
#' @param col,... names of columns for `describe`; for `summary` the figures, such as `"min"` or `"55.1%"`.
#' @return A `SparkDataFrame` of texts.
#' @rdname describe
#' @export
setMethod("describe", "SparkDataFrame", function(x, col, ...) {
  names <- if (missing(col)) columns(x) else c(col, ...)
  new_frame(native(wrap__frame_describe, x@sdf, names))
})

#' @rdname describe
#' @export
setMethod("summary", "SparkDataFrame", function(object, ...) {
  new_frame(native(wrap__frame_summary, object@sdf, as.character(unlist(list(...)))))
})

#' Statistics of columns
#'
#' @param x,df a `SparkDataFrame`, or for `corr` and `cov` a column.
#' @param col1,col2,colName1,colName2 names of columns, or columns.
#' @param cols names of columns.
#' @param support the least share of the rows an item has.
#' @param probabilities numbers from 0 to 1.
#' @param relativeError how exact; 0 is exact.
#' @param method `"pearson"`.
#' @param col a name or column.
#' @param nbins how many bins.
#' @param ... further arguments.
#' @return `crosstab`, `freqItems` and `histogram` return data.frames, `approxQuantile` a list of lists, `cov` and `corr`
#'   of frames a number.
#' @name statfunctions
NULL

#' @rdname statfunctions
#' @export
setMethod("crosstab", "SparkDataFrame", function(x, col1, col2) {
  collect(new_frame(native(wrap__frame_crosstab, x@sdf, col1, col2)))
})

#' @rdname statfunctions
#' @export
setMethod("freqItems", "SparkDataFrame", function(x, cols, support = 0.01) {
  collect(new_frame(native(wrap__frame_freq_items, x@sdf, cols, support)))
})

#' @rdname statfunctions
#' @export
setMethod("approxQuantile", "SparkDataFrame", function(x, cols, probabilities, relativeError) {
  found <- collect(new_frame(native(wrap__frame_approx_quantile, x@sdf, cols, as.numeric(probabilities), relativeError)))
  quantiles <- found[[1]][[1]]
  if (length(cols) == 1) quantiles[[1]] else quantiles
})

one_number <- function(handle) collect(new_frame(handle))[[1]][[1]]

#' @rdname statfunctions
#' @export
setMethod("cov", "SparkDataFrame", function(x, colName1, colName2) {
  if (!is.character(colName1) || !is.character(colName2)) refuse("colName1 and colName2 should be character.")
  one_number(native(wrap__frame_cov, x@sdf, colName1, colName2))
})

#' @rdname statfunctions
#' @export
setMethod("corr", "SparkDataFrame", function(x, colName1, colName2, method = "pearson") {
  if (!is.character(colName1) || !is.character(colName2)) refuse("colName1 and colName2 should be character.")
  one_number(native(wrap__frame_corr, x@sdf, colName1, colName2, method))
})

#' @rdname statfunctions
#' @export
setMethod("histogram", "SparkDataFrame", function(df, col, nbins = 10) {
  if (nbins < 2) refuse("The number of bins must be a positive integer number greater than 1.")
  if (is.character(col)) {
    if (!base::`%in%`(col, columns(df))) refuse("Specified colname does not belong to the given SparkDataFrame.")
    col <- column_exactly(col)
  }
  values <- filter(select(df, alias(cast(col, "double"), "value")), isNotNull(column("value")))
  range <- collect(agg(values, low = min(column("value")), high = max(column("value"))))
  if (is.na(range$low)) return(data.frame(bins = numeric(), counts = numeric(), centroids = numeric()))
  width <- (range$high - range$low) / nbins
  bin <- if (width == 0) lit(0) else least(floor((column("value") - range$low) / width), lit(nbins - 1))
  counted <- collect(count(groupBy(select(values, alias(cast(bin, "int"), "bin")), "bin")))
  bins <- seq(0, nbins - 1)
  counts <- counted$count[match(bins, counted$bin)]
  counts[is.na(counts)] <- 0
  data.frame(bins = bins, counts = counts, centroids = range$low + width * (bins + 0.5))
})
