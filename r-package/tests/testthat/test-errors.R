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

test_that("a panicking operator is a condition, and the next query works", {
  skip_if(on_server(), "only an engine in this process can be broken")
  native(wrap__session_break_next_job, active_session())
  error <- expect_error(collect(people), class = "ember_internal")
  expect_equal(error$condition, "INTERNAL_ERROR")
  expect_match(conditionMessage(error), "an operator was told to panic")
  expect_equal(nrow(people), 4)
  native(wrap__session_break_next_job, active_session())
  expect_error(write.parquet(people, tempfile()), class = "ember_error")
  expect_equal(collect(people), people_data)
})

# The condition a call raises, and what every condition of ours must have.
condition_of <- function(code) {
  error <- tryCatch(code, error = identity)
  expect_s3_class(error, "ember_error")
  expect_match(conditionMessage(error), paste0("[", error$condition, "]"), fixed = TRUE)
  expect_match(conditionMessage(error), paste("SQLSTATE:", error$sqlstate), fixed = TRUE)
  paste(error$condition, error$sqlstate)
}

test_that("bad input ends in Spark's condition and SQLSTATE", {
  broken <- tempfile(fileext = ".parquet")
  writeLines("this is no Parquet file, though its name says so", broken)
  expect_equal(condition_of(read.parquet("/no/such/file")), "PATH_NOT_FOUND 42K03")
  expect_match(condition_of(collect(read.parquet(broken))), "^(FAILED_READ_FILE|CANNOT_READ_FILE_FOOTER|UNABLE_TO_INFER_SCHEMA)")
  expect_equal(condition_of(people$nam), "UNRESOLVED_COLUMN.WITH_SUGGESTION 42703")
  expect_match(conditionMessage(tryCatch(people$nam, error = identity)), "`name`", fixed = TRUE)
  twice <- select(people, people$name, alias(people$height, "name"))
  expect_equal(condition_of(collect(select(twice, "name"))), "AMBIGUOUS_REFERENCE 42704")
  expect_equal(condition_of(collect(select(people, array_max(people$name)))), "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE 42K09")
  expect_equal(condition_of(collect(sql("SELECT 2147483647 + 1"))), "ARITHMETIC_OVERFLOW 22003")
  expect_equal(condition_of(collect(sql("SELECT CAST('x' AS INT)"))), "CAST_INVALID_INPUT 22018")
  expect_equal(condition_of(sql("SELEC 1")), "PARSE_SYNTAX_ERROR 42601")
  skip_if(on_server(), "a server may know the statement")
  expect_equal(condition_of(sql("LOAD DATA INPATH '/x' INTO TABLE t")), "UNSUPPORTED_FEATURE 0A000")
  expect_match(conditionMessage(tryCatch(sql("LOAD DATA INPATH '/x' INTO TABLE t"), error = identity)), "LOAD DATA")
})
