# Functions of many rows: aggregates and windows.

#' @include functions-nested.R
NULL

one_column("aggregate", c(
  "collect_list", "collect_set", "kurtosis", n = "count", "skewness", std = "stddev", "stddev", "stddev_pop",
  "stddev_samp", sd = "stddev_samp", var = "var_samp", "variance", "var_pop", "var_samp", grouping_bit = "grouping", "product"
))
many_columns("aggregate", c("grouping_id"))

own_function("aggregate", "avg", function(x, ...) call_function("avg", x))
own_function("aggregate", "count", function(x) call_function("count", x))
own_function("aggregate", "sum", function(x, ..., na.rm = FALSE) call_function("sum", x))
own_function("aggregate", "max", function(x, ..., na.rm = FALSE) call_function("max", x))
own_function("aggregate", "min", function(x, ..., na.rm = FALSE) call_function("min", x))
own_function("aggregate", "mean", function(x, ...) call_function("avg", x))
own_function("aggregate", "first", function(x, na.rm = FALSE) call_function("first", as_columns(list(x))[[1]], na.rm),
  "characterOrColumn"
)
own_function("aggregate", "last", function(x, na.rm = FALSE) call_function("last", as_columns(list(x))[[1]], na.rm),
  "characterOrColumn"
)
own_function("aggregate", "count_distinct", function(x, ...) call_function_list("count", list(x, ...), TRUE))
own_function("aggregate", "n_distinct", function(x, ...) call_function_list("count", list(x, ...), TRUE))
own_function("aggregate", "sum_distinct", function(x) call_function("sum", x, distinct = TRUE))
own_function("aggregate", "approx_count_distinct", function(x, rsd = 0.05) {
  if (missing(rsd)) call_function("approx_count_distinct", x) else call_function("approx_count_distinct", x, rsd)
})
own_function("aggregate", "max_by", function(x, y) call_function("max_by", x, y))
own_function("aggregate", "min_by", function(x, y) call_function("min_by", x, y))
own_function("aggregate", "percentile_approx", function(col, percentage, accuracy = 10000) {
  share <- if (is.numeric(percentage) && length(percentage) > 1) call_function_list("array", as.list(percentage)) else percentage
  call_function("percentile_approx", col, share, if (is.numeric(accuracy)) as.integer(accuracy) else accuracy)
})
own_function("aggregate", "corr", function(x, col2) call_function("corr", x, col2))
own_function("aggregate", "cov", function(x, col2) call_function("covar_samp", x, col2))
for (name in c("covar_pop", "covar_samp")) {
  local({
    spark <- name
    own_function("aggregate", spark, function(col1, col2) {
      columns <- as_columns(list(col1, col2))
      call_function_list(spark, columns)
    }, "characterOrColumn")
  })
}
deprecated_function("aggregate", "countDistinct", "count_distinct")
deprecated_function("aggregate", "sumDistinct", "sum_distinct")
deprecated_function("aggregate", "approxCountDistinct", "approx_count_distinct")

# Aggregates of groups, by names of columns.
for (pair in list(c("avg", "avg"), c("max", "max"), c("mean", "avg"), c("min", "min"), c("sum", "sum"))) {
  local({
    formals <- declare(pair[[1]], alist(x = , ... = ))
    method <- as_method(c(alist(x = , ... = ), formals[setdiff(names(formals), c("x", "..."))]), bquote({
      aggregate_named(x, .(pair[[2]]), ...)
    }))
    setMethod(pair[[1]], c(x = "GroupedData"), method)
  })
}

# ---- Windows ----

no_columns("window", c("cume_dist", "dense_rank", "percent_rank", "rank", "row_number"))

own_function("window", "lag", function(x, offset = 1, defaultValue = NULL) shifted("lag", x, offset, defaultValue),
  "characterOrColumn"
)
own_function("window", "lead", function(x, offset, defaultValue = NULL) shifted("lead", x, offset, defaultValue),
  "characterOrColumn"
)

shifted <- function(name, x, offset, default) {
  arguments <- list(as_columns(list(x))[[1]], as.integer(offset))
  call_function_list(name, if (is.null(default)) arguments else c(arguments, list(default)))
}

own_function("window", "nth_value", function(x, offset, na.rm = FALSE) {
  call_function("nth_value", as_columns(list(x))[[1]], as.integer(offset), na.rm)
}, "characterOrColumn")
own_function("window", "ntile", function(x) call_function("ntile", as.integer(x)), "numeric")

# What the loops above left behind.
rm(list = c("name", "operator", "pair"))
