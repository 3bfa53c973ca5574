# The engine grows: what it says it does not have yet is a skipped test with the reason, and no failed one. On a server
# nothing is skipped, so whatever is misspelt here still fails against Apache Spark.
engine_lacks <- function(error) {
  condition <- sub("\\..*", "", paste0(error$condition, ""))
  isTRUE(condition %in% c("UNSUPPORTED_FEATURE", "UNRESOLVED_ROUTINE"))
}

test_offered <- function(name, code) {
  code <- substitute(code)
  env <- parent.frame()
  test_that(name, {
    tryCatch(eval(code, new.env(parent = env)), ember_error = function(error) {
      if (on_server() || !engine_lacks(error)) stop(error)
      skip(sub("\n.*", "", conditionMessage(error)))
    })
  })
}
