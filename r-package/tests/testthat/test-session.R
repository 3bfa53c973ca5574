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
