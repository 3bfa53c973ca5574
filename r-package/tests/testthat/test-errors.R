test_that("errors carry Spark's condition, SQLSTATE and our classes", {
  error <- tryCatch(collect(sql("SELECT * FROM no_such_table")), error = identity)
  expect_s3_class(error, c("ember_not_found", "ember_error", "error", "condition"), exact = TRUE)
  expect_equal(error$condition, "TABLE_OR_VIEW_NOT_FOUND")
  expect_equal(error$sqlstate, "42P01")
  expect_match(conditionMessage(error), "[TABLE_OR_VIEW_NOT_FOUND]", fixed = TRUE)
})

test_that("readers name the step that failed", {
  expect_error(read.df("/no/such/file", "parquet"), "Error in load : analysis error - [PATH_NOT_FOUND]", fixed = TRUE)
  expect_error(read.parquet("/no/such/file"), "Error in parquet : analysis error - [PATH_NOT_FOUND]", fixed = TRUE)
  expect_error(write.df(people, tempfile(), "parquet", "sideways"), "INVALID_SAVE_MODE")
})

test_that("bad arguments are refused in fixed words", {
  expect_error(read.df(1), "path should be character, NULL or omitted.")
  expect_error(write.df(people, tempfile(), mode = 1), "mode should be character or omitted. It is 'error' by default.")
  expect_error(read.df("x", "csv", schema = 1), "schema should be structType or character.")
  expect_error(read.df("x", "csv", opt = list(1)), "Unsupported type for opt : list")
  expect_warning(try(read.df("/no/such", "csv", NULL, "NA", 5), silent = TRUE), "Unnamed arguments ignored: 5.")
})

test_that("what goes wrong while running is told", {
  error <- tryCatch(collect(sql("SELECT 1 / 0")), error = identity)
  expect_equal(error$condition, "DIVIDE_BY_ZERO")
  expect_equal(error$sqlstate, "22012")
  error <- tryCatch(collect(sql("SELECT CAST('x' AS INT)")), error = identity)
  expect_equal(error$condition, "CAST_INVALID_INPUT")
  error <- tryCatch(collect(sql("SELECT 2147483647 + 1")), error = identity)
  expect_match(error$condition, "ARITHMETIC_OVERFLOW")
  error <- tryCatch(sql("SELEC 1"), error = identity)
  expect_equal(error$condition, "PARSE_SYNTAX_ERROR")
  expect_equal(nrow(people), 4)
})

test_that("ambiguous columns are refused", {
  twice <- select(people, people$name, alias(people$height, "name"))
  expect_error(collect(select(twice, "name")), "AMBIGUOUS_REFERENCE")
})
