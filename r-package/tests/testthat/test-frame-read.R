folder <- function() tempfile("emberflow-")

test_that("Parquet makes the round trip", {
  path <- folder()
  write.parquet(people, path)
  expect_true(any(grepl("^part-", list.files(path))))
  expect_equal(sorted_rows(collect(read.parquet(path)), "name"), sorted_rows(people_data, "name"))
  expect_error(write.parquet(people, path), "PATH_ALREADY_EXISTS")
  write.parquet(people, path, mode = "append")
  expect_equal(nrow(read.df(path)), 8)
  write.df(people, path, "parquet", "overwrite")
  expect_equal(nrow(read.df(path, "parquet")), 4)
  other <- folder()
  write.parquet(people, other)
  expect_equal(nrow(read.parquet(c(path, other))), 8)
  write.df(people, path, "parquet", "ignore")
  expect_equal(nrow(read.df(path, "parquet")), 4)
})

test_that("CSV reads headers, types and missing values", {
  path <- tempfile(fileext = ".csv")
  writeLines(c("a,b", "1,x", "NA,y"), path)
  df <- read.df(path, "csv", header = TRUE, inferSchema = TRUE)
  expect_equal(collect(df), data.frame(a = c(1L, NA), b = c("x", "y")))
  df <- read.df(path, "csv", header = "true", schema = "a DOUBLE, b STRING")
  expect_equal(collect(df)$a, c(1, NA))
  df <- read.df(path, "csv", structType(structField("a", "string"), structField("b", "string")), na.strings = "", header = TRUE)
  expect_equal(collect(df)$a, c("1", "NA"))
})

test_that("CSV is written", {
  path <- folder()
  write.df(coalesce(people, 1), path, "csv", header = TRUE)
  lines <- readLines(list.files(path, "^part-", full.names = TRUE)[[1]])
  expect_equal(lines, c("name,age,height", "Michael,,170", "Andy,30.0,182", "Justin,19.0,", "Ann,41.0,165"))
})

test_that("frames can be cached and stay the same", {
  df <- cache(people)
  expect_true(df@env$isCached)
  expect_equal(nrow(df), 4)
  expect_match(storageLevel(df), "StorageLevel(", fixed = TRUE)
  expect_false(unpersist(df)@env$isCached)
})
