# Functions of arrays, maps and structs.

#' @include functions-scalar.R
NULL

one_column("nested", c(
  "array_distinct", "array_max", "array_min", "explode", "explode_outer", "flatten", "map_entries", "map_from_entries",
  "map_keys", "map_values", "posexplode", "posexplode_outer", "shuffle", "size"
))
many_columns("nested", c(create_array = "array", create_map = "map", "arrays_zip", "map_concat"))

for (name in c("array_except", "array_intersect", "array_union", "arrays_overlap", "map_from_arrays")) {
  local({
    spark <- name
    own_function("nested", spark, function(x, y) call_function(spark, x, y))
  })
}
for (name in c("array_contains", "array_position", "array_remove")) {
  local({
    spark <- name
    own_function("nested", spark, function(x, value) call_function(spark, x, value))
  })
}
own_function("nested", "array_join", function(x, delimiter, nullReplacement = NULL) {
  call_function_list("array_join", c(list(x, delimiter), nullReplacement))
})
own_function("nested", "array_repeat", function(x, count) {
  call_function("array_repeat", x, if (is.numeric(count)) as.integer(count) else count)
})
own_function("nested", "element_at", function(x, extraction) {
  if (is.numeric(extraction) && extraction == trunc(extraction)) extraction <- as.integer(extraction)
  call_function("element_at", x, extraction)
})
own_function("nested", "slice", function(x, start, length) {
  whole <- function(value) if (is.numeric(value)) as.integer(value) else value
  call_function("slice", x, whole(start), whole(length))
})
own_function("nested", "sort_array", function(x, asc = TRUE) call_function("sort_array", x, asc))
own_function("nested", "struct", function(x, ...) call_function_list("struct", as_columns(list(x, ...))), "characterOrColumn")

# ---- Functions that take functions ----

variables <- new.env(parent = emptyenv())
variables$count <- 0L

# An R function of one to three columns as a lambda. Variables get numbers, so that nested lambdas do not capture each
# other's.
lambda <- function(fun) {
  parameters <- names(formals(fun))
  if (!is.function(fun) || length(parameters) < 1 || length(parameters) > 3 || base::`%in%`("...", parameters)) {
    refuse("a lambda should be a function of one to three named parameters")
  }
  variables$count <- variables$count + 1L
  names <- paste0(c("x", "y", "z")[seq_along(parameters)], "_", variables$count)
  arguments <- lapply(names, function(name) new_column(native(wrap__column_variable, name)))
  body <- do.call(fun, arguments)
  if (!is_column(body)) body <- as_column(body)
  new_column(native(wrap__column_lambda, body@jc, names))
}

for (pair in list(
  c("array_exists", "exists"), c("array_filter", "filter"), c("array_forall", "forall"), c("array_transform", "transform"),
  c("map_filter", "map_filter"), c("transform_keys", "transform_keys"), c("transform_values", "transform_values")
)) {
  local({
    spark <- pair[[2]]
    own_function("nested", pair[[1]], function(x, f) call_function(spark, x, lambda(f)))
  })
}
for (pair in list(c("arrays_zip_with", "zip_with"), c("map_zip_with", "map_zip_with"))) {
  local({
    spark <- pair[[2]]
    own_function("nested", pair[[1]], function(x, y, f) call_function(spark, x, y, lambda(f)))
  })
}
own_function("nested", "array_sort", function(x, comparator = NULL) {
  if (is.null(comparator)) call_function("array_sort", x) else call_function("array_sort", x, lambda(comparator))
})
own_function("nested", "array_aggregate", function(x, initialValue, merge, finish = NULL) {
  lambdas <- lapply(Filter(Negate(is.null), list(merge, finish)), lambda)
  call_function_list("aggregate", c(list(x, initialValue), lambdas))
})
