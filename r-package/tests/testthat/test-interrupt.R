# Ctrl-C: the query ends at once, both cores are free, the session lives. Each story runs in an R process of its own.

# Runs code in a fresh R, sends SIGINT once it has said "waiting", and answers what it printed.
interrupted <- function(code, seconds = 120) {
  script <- tempfile(fileext = ".R")
  output <- tempfile()
  writeLines(c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")),
    "suppressPackageStartupMessages(library(emberflow))",
    "invisible(sparkR.session(spark.sql.warehouse.dir = tempfile()))",
    "say <- function(...) { cat(..., '\\n'); flush(stdout()) }",
    "cpu <- function() sum(proc.time()[1:2])",
    "say('pid', Sys.getpid())",
    code
  ), script)
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = output, stderr = output, wait = FALSE)
  said <- function(pattern) grep(pattern, if (file.exists(output)) readLines(output, warn = FALSE), value = TRUE)
  until <- function(pattern) {
    limit <- Sys.time() + seconds
    while (length(said(pattern)) == 0 && Sys.time() < limit) Sys.sleep(0.1)
    said(pattern)
  }
  pid <- as.integer(sub("pid ", "", until("^pid ")[[1]]))
  until("^waiting")
  Sys.sleep(1)
  tools::pskill(pid, tools::SIGINT)
  until("^(done|Execution|Error)")
  readLines(output, warn = FALSE)
}

test_that("an interrupted cross join frees the cores at once and the session lives", {
  skip_on_cran()
  skip_on_os("windows")
  said <- interrupted(c(
    "left <- createDataFrame(data.frame(x = 1:200000))",
    "right <- createDataFrame(data.frame(y = 1:200000))",
    "say('waiting')",
    "stopped <- tryCatch({ count(filter(crossJoin(left, right), 'x + y < 0')); 'ran' }, interrupt = function(i) 'interrupted')",
    "say(stopped)",
    "before <- cpu()",
    "Sys.sleep(2)",
    "say('busy', cpu() - before > 1)",
    "say('next', nrow(createDataFrame(data.frame(x = 1:3))))",
    "say('done')"
  ))
  expect_true("interrupted " %in% said, info = paste(said, collapse = "\n"))
  expect_true("busy FALSE " %in% said, info = paste(said, collapse = "\n"))
  expect_true("next 3 " %in% said)
})

test_that("without a handler an interrupted script ends", {
  skip_on_cran()
  skip_on_os("windows")
  said <- interrupted(c(
    "left <- createDataFrame(data.frame(x = 1:200000))",
    "right <- createDataFrame(data.frame(y = 1:200000))",
    "say('waiting')",
    "count(filter(crossJoin(left, right), 'x + y < 0'))",
    "say('done')"
  ))
  expect_true("Execution interrupted" %in% said, info = paste(said, collapse = "\n"))
  expect_false("done " %in% said)
})
