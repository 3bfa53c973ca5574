# Makes the generics and methods of the functions over columns from tables.
#
#     one_column(family, table)     f(x)             lower, upper, ...
#     two_columns(family, table)    f(y, x)          the data first, as `y`; `x` may be a value
#     many_columns(family, table)   f(x, ...)        concat, greatest, ...
#     no_columns(family, table)     f()              rank, current_date, ...
#     own_function(family, name, method)             whatever has arguments of its own
#
# A table lists R name = Spark name. A function that exists in base or stats keeps its old self as the method for
# everything else, and its arguments; primitives are generic already.

#' @include column.R
NULL

made_functions <- new.env()

remember <- function(family, name) {
  made_functions[[family]] <- c(made_functions[[family]], name)
}

spark_names <- function(table) {
  names <- names(table)
  if (is.null(names)) names <- rep("", length(table))
  stats::setNames(unname(table), base::ifelse(names == "", table, names))
}

standing_function <- function(name) {
  found <- get0(name, envir = baseenv(), mode = "function", inherits = FALSE)
  if (is.null(found)) get0(name, envir = asNamespace("stats"), mode = "function", inherits = FALSE) else found
}

# Makes sure there is a generic of this name and answers its arguments.
declare <- function(name, formals, package = topenv()) {
  standing <- standing_function(name)
  if (!is.primitive(standing) && !exists(name, envir = package, inherits = FALSE)) {
    if (!is.null(standing)) formals <- formals(standing)
    first <- as.name(names(formals)[1])
    body <- bquote({
      if (!missing(.(first))) force(.(first))
      standardGeneric(.(name))
    })
    arguments <- list(name, as_method(formals, body), where = package, signature = names(formals)[1])
    if (!is.null(standing)) arguments$useAsDefault <- standing
    suppressMessages(do.call(setGeneric, arguments))
  }
  formals(getGeneric(name, where = package))
}

as_method <- function(formals, body) {
  method <- function() NULL
  formals(method) <- formals
  body(method) <- body
  environment(method) <- topenv()
  method
}

# A method under the generic's own arguments.
define <- function(family, name, formals, class, body) {
  formals <- declare(name, formals)
  setMethod(name, stats::setNames(class, names(formals)[1]), as_method(formals, body), where = topenv())
  remember(family, name)
}

one_column <- function(family, table) {
  table <- spark_names(table)
  for (name in names(table)) define(family, name, alist(x = ), "Column", bquote(call_function(.(table[[name]]), x)))
}

two_columns <- function(family, table) {
  table <- spark_names(table)
  for (name in names(table)) define(family, name, alist(y = , x = ), "Column", bquote(call_function(.(table[[name]]), y, x)))
}

many_columns <- function(family, table) {
  table <- spark_names(table)
  for (name in names(table)) {
    define(family, name, alist(x = , ... = ), "Column", bquote(call_function_list(.(table[[name]]), list(x, ...))))
  }
}

no_columns <- function(family, table) {
  table <- spark_names(table)
  for (name in names(table)) {
    define(family, name, alist(x = "missing"), "missing", bquote(call_function(.(table[[name]]))))
  }
}

own_function <- function(family, name, method, class = "Column") {
  formals <- formals(method)
  declare(name, if (length(formals) > 1) c(formals[1], alist(... = )) else formals)
  for (one in class) setMethod(name, stats::setNames(one, names(formals)[1]), method, where = topenv())
  remember(family, name)
}

deprecated_function <- function(family, name, new) {
  own_function(family, name, as_method(alist(x = , ... = ), bquote({
    .Deprecated(.(new), old = .(name))
    .(as.name(new))(x, ...)
  })))
}
