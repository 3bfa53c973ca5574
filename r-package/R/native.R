# The border to Rust. A native function never raises: it returns a value or a failure, and this file raises failures.
#
#     verb ──► native(routine, ...) ──► Rust ──► value, or a list of class "emberflow_failure" ──► condition
#
# Classes of conditions: ember_invalid, ember_not_found, ember_conflict, ember_unavailable, ember_corrupt and
# ember_internal, each with ember_error and error behind it; errors of the NoSQL store are ember_nosql before all.

#' @useDynLib emberflow, .registration = TRUE
#' @import methods
NULL

native <- function(routine, ...) {
  value <- .Call(routine, ...)
  if (inherits(value, "emberflow_failure")) raise_failure(value) else value
}

raise_failure <- function(failure) {
  switch(failure$kind,
    interrupt = raise_interrupt(),
    usage = stop(ember_condition("invalid", failure$message, user_call())),
    stop(spark_condition(failure, user_call()))
  )
}

# What pressing Ctrl-C does: handlers for interrupts get their chance, then back to the prompt.
raise_interrupt <- function() {
  condition <- structure(list(message = "interrupted", call = NULL), class = c("interrupt", "condition"))
  signalCondition(condition)
  if (!interactive()) {
    message("Execution interrupted")
    quit(save = "no", status = 130L)
  }
  invokeRestart("abort")
}

ember_condition <- function(kind, message, call = NULL, ...) {
  structure(
    list(message = message, call = call, ...),
    class = c(paste0("ember_", kind), "ember_error", "error", "condition")
  )
}

spark_condition <- function(failure, call) {
  condition <- ember_condition(
    failure$kind, failure$message, call,
    condition = none_as_na(failure$condition),
    sqlstate = none_as_na(failure$sqlstate),
    parameters = stats::setNames(as.list(failure$parameter_values), failure$parameter_names),
    classes = failure$classes
  )
  if (isTRUE(base::startsWith(condition$condition, "NOSQL."))) nosql_condition(condition) else condition
}

nosql_condition <- function(condition) {
  condition$name <- condition$parameters$error
  if (!is.null(condition$parameters$position)) condition$position <- as.integer(condition$parameters$position)
  class(condition) <- c("ember_nosql", class(condition))
  condition
}

none_as_na <- function(value) if (is.null(value)) NA_character_ else value

# The call a user made: the outermost one of a function of this package.
user_call <- function() {
  namespace <- topenv()
  for (depth in seq_len(sys.nframe())) {
    if (identical(topenv(environment(sys.function(depth))), namespace)) {
      return(sys.call(depth))
    }
  }
  NULL
}

# Readers and writers say which step failed, in SparkR's words: "Error in load : analysis error - ...".
in_method <- function(method, code) {
  tryCatch(code, ember_error = function(error) {
    kind <- kind_in_words(error$classes)
    if (is.null(kind)) stop(error)
    error$message <- sprintf("Error in %s : %s - %s", method, kind, conditionMessage(error))
    error["call"] <- list(NULL)
    stop(error)
  })
}

kind_in_words <- function(classes) {
  words <- c(
    "org.apache.spark.sql.catalyst.parser.ParseException" = "parse error",
    "org.apache.spark.sql.catalyst.analysis.NoSuchDatabaseException" = "no such database",
    "org.apache.spark.sql.catalyst.analysis.NoSuchNamespaceException" = "no such database",
    "org.apache.spark.sql.catalyst.analysis.NoSuchTableException" = "no such table",
    "org.apache.spark.sql.streaming.StreamingQueryException" = "streaming query error",
    "org.apache.spark.sql.AnalysisException" = "analysis error",
    "java.lang.IllegalArgumentException" = "illegal argument"
  )
  known <- words[intersect(classes, names(words))]
  if (length(known) > 0) known[[1]] else NULL
}

# Refuses an argument in words that SparkR's scripts know.
refuse <- function(...) {
  stop(ember_condition("invalid", paste0(...), user_call()))
}
