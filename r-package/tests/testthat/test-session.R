test_that("settings are texts in named lists", {
  sparkR.session(spark.sql.shuffle.partitions = 2)
  expect_equal(sparkR.conf("spark.sql.shuffle.partitions"), list(spark.sql.shuffle.partitions = "2"))
  expect_equal(sparkR.conf("not.there", "x"), list(not.there = "x"))
  expect_error(sparkR.conf("not.there"), "Config 'not.there' is not set")
  expect_true(is.list(sparkR.conf()))
  sparkR.session(sparkConfig = list(emberflow.test.a = "1", emberflow.test.b = 1), emberflow.test.a = "2")
  expect_equal(sparkR.conf("emberflow.test.a")[[1]], "2")
  expect_equal(sparkR.conf("emberflow.test.b")[[1]], "1")
})

test_that("a second call answers the same session", {
  expect_identical(sparkR.session(), sparkR.session())
  expect_match(sparkR.version(), "^[0-9]+\\.[0-9]+\\.[0-9]+")
})

test_that("tags and properties are kept", {
  addJobTag("one")
  addJobTag("two")
  removeJobTag("one")
  expect_equal(getJobTags(), list("two"))
  clearJobTags()
  expect_error(addJobTag("a,b"), "cannot contain ','")
  setLocalProperty("p", 1)
  expect_equal(getLocalProperty("p"), "1")
  setLocalProperty("p", NA)
  expect_null(getLocalProperty("p"))
  expect_error(setLocalProperty(NULL, "x"), "key should not be NULL or NA")
})

test_that("without a session there is one clear error", {
  session <- as.list(state)
  rm(list = ls(state), envir = state)
  on.exit(list2env(session, state))
  expect_error(sql("SELECT 1"), "SparkSession not initialized")
})

test_that("a tag or a group stops what runs under it, and nothing else", {
  skip_if(on_server(), "Apache Spark computes all of it, read or not")
  addJobTag("slow")
  tagged <- batchReader(sql("SELECT id FROM range(100000000)"))
  clearJobTags()
  setJobGroup("group, one", "a description", TRUE)
  grouped <- batchReader(sql("SELECT id FROM range(100000000)"))
  expect_equal(getLocalProperty("spark.job.description"), "a description")
  clearJobGroup()
  expect_null(getLocalProperty("spark.job.description"))
  free <- batchReader(sql("SELECT id FROM range(100000000)"))
  for (reader in list(tagged, grouped, free)) expect_gt(nrow(nextBatch(reader)), 0)
  read <- function(reader) while (!is.null(nextBatch(reader))) NULL

  cancelJobsWithTag("slow")
  error <- expect_error(read(tagged), class = "ember_error")
  expect_equal(error$condition, "OPERATION_CANCELED")
  expect_gt(nrow(nextBatch(grouped)), 0)
  cancelJobGroup("group, one")
  expect_equal(expect_error(read(grouped), class = "ember_error")$condition, "OPERATION_CANCELED")
  for (at in 1:5) expect_gt(nrow(nextBatch(free)), 0)
  close(free)
})

test_that("files reach the session's folder", {
  file <- tempfile(fileext = ".txt")
  writeLines("x", file)
  spark.addFile(file)
  expect_equal(readLines(spark.getSparkFiles(basename(file))), "x")
  expect_true(startsWith(spark.getSparkFiles(basename(file)), spark.getSparkFilesRootDirectory()))
  folder <- tempfile()
  dir.create(folder)
  writeLines("y", file.path(folder, "inner.txt"))
  expect_error(spark.addFile(folder), "recursive = TRUE")
  spark.addFile(folder, recursive = TRUE)
  expect_equal(readLines(file.path(spark.getSparkFiles(basename(folder)), "inner.txt")), "y")
  expect_error(spark.addFile("/no/such/file"), "there is no file")
})

test_that("what SparkR 1 scripts call still starts a session, with a warning", {
  expect_warning(sparkR.init(appName = "old"), "sparkR.session")
  expect_warning(sparkRSQL.init(), "sparkR.session")
  expect_error(sparkR.callJMethod(NULL, "x"), "no Java objects")
  expect_true(is.na(sparkR.uiWebUrl()))
  expect_error(setLogLevel("LOUD"), "level should be one of")
})

test_that("start and stop may be repeated, and other masters run here", {
  skip_if(on_server(), "stops the server's session")
  code <- c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "suppressPackageStartupMessages(library(emberflow))",
    "for (master in c('yarn', 'local[4]', '')) {",
    "  invisible(sparkR.session(master, sparkConfig = list(spark.sql.warehouse.dir = tempfile()), sparkHome = '/opt/spark'))",
    "  cat('', collect(sql('SELECT 41 + 1 AS a'))$a, '\\n')",
    "  sparkR.session.stop()",
    "}"
  )
  script <- tempfile(fileext = ".R")
  writeLines(code, script)
  said <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = TRUE, stderr = TRUE)
  expect_length(gregexpr("42 ", paste(said, collapse = " "))[[1]], 3)
  expect_match(said, "master \"yarn\" is not used", all = FALSE)
})

test_that("pipes of both kinds read as sentences", {
  piped <- people |> filter(people$age > 20) |> select("name")
  expect_equal(collect(piped)$name, c("Andy", "Ann"))
  skip_if_not_installed("magrittr")
  `%>%` <- magrittr::`%>%`
  expect_equal(people %>% arrange("age") %>% head(1) %>% nrow(), 1)
})

test_that("saved tables outlive the session, where spark.sql.warehouse.dir says", {
  skip_if(on_server(), "keeps its own tables")
  run <- function(...) {
    script <- tempfile(fileext = ".R")
    writeLines(c(
      sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "suppressPackageStartupMessages(library(emberflow))",
      sprintf("invisible(sparkR.session(spark.sql.warehouse.dir = \"%s\"))", warehouse), ...
    ), script)
    system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = TRUE, stderr = TRUE)
  }
  warehouse <- tempfile("warehouse")
  run("saveAsTable(createDataFrame(data.frame(x = 1:3)), 'kept')")
  expect_match(run("cat('rows', nrow(tableToDF('kept')), '\\n')"), "rows 3", all = FALSE)
  expect_true(dir.exists(file.path(warehouse, "kept")))
})
