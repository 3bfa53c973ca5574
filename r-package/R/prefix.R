# `SparkR::sql(...)` in a script means this package where no SparkR is installed.

#' @include native.R
NULL

PREFIX <- "SparkR"

.onLoad <- function(libname, pkgname) {
  installed <- base::nzchar(system.file(package = PREFIX))
  if (!installed && !isNamespaceLoaded(PREFIX)) native(wrap__namespace_alias, PREFIX, topenv())
}
