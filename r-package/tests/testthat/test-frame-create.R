test_that("a data.frame comes back as it went", {
  expect_equal(collect(people), people_data)
  expect_equal(collect(createDataFrame(people_data[0, ])), people_data[0, ])
})

test_that("every atomic type makes the round trip, NA included", {
  data <- data.frame(
    i = c(1L, NA, -3L), d = c(1.5, NA, Inf), l = c(TRUE, FALSE, NA), s = c("a", "\u00e9\u4e16", NA),
    day = as.Date(c("2024-02-29", NA, "1969-12-31")),
    at = as.POSIXct(c("2024-02-29 12:34:56.5", NA, "1900-01-01 00:00:00"), tz = "UTC"),
    stringsAsFactors = FALSE
  )
  back <- collect(createDataFrame(data))
  attr(data$at, "tzone") <- NULL
  expect_equal(back, data)
  expect_identical(vapply(back, function(x) class(x)[[1]], ""), vapply(data, function(x) class(x)[[1]], ""))
  expect_null(attr(back$at, "tzone"))
})

test_that("types follow R's", {
  data <- data.frame(i = 1L, d = 1, l = TRUE, s = "a", day = as.Date("2024-01-01"), at = as.POSIXct("2024-01-01", tz = "UTC"))
  types <- vapply(dtypes(createDataFrame(data)), `[[`, "", 2)
  expect_equal(types, c("int", "double", "boolean", "string", "date", "timestamp"))
})

test_that("all-NULL columns keep their class and NaN becomes NULL", {
  data <- data.frame(i = c(NA_integer_, NA), s = c(NA_character_, NA), at = as.POSIXct(c(NA, NA)), d = c(NaN, 1))
  back <- collect(createDataFrame(data))
  expect_identical(back$i, c(NA_integer_, NA))
  expect_identical(back$s, c(NA_character_, NA))
  expect_s3_class(back$at, "POSIXct")
  expect_identical(is.nan(back$d), c(FALSE, FALSE))
})

test_that("rows may be lists, and scalars one column", {
  df <- createDataFrame(list(list(1L, "a"), list(2L, "b")))
  expect_equal(columns(df), c("_1", "_2"))
  expect_equal(collect(df)$`_2`, c("a", "b"))
  expect_equal(columns(createDataFrame(list(list(a = 1L, b = "x")))), c("a", "b"))
  expect_equal(collect(createDataFrame(list(1L, 2L, NA)))$`_1`, c(1L, 2L, NA))
  expect_error(createDataFrame(1:3), "unexpected type: integer")
})

test_that("an untyped NA in the first row is not yet a type", {
  df <- createDataFrame(list(list(NA, 1L), list(NA, 2L)))
  expect_equal(dtypes(df)[[1]][[2]], "boolean")
})

test_that("factors are text and dots in names become underscores, with a warning", {
  warnings <- testthat::capture_warnings(df <- createDataFrame(iris[c(1, 51), ]))
  expect_equal(warnings[[1]], "Use Sepal_Length instead of Sepal.Length as column name")
  expect_length(warnings, 4)
  expect_equal(collect(df)$Species, c("setosa", "versicolor"))
})

test_that("a schema decides names and types", {
  schema <- structType(structField("a", "double"), structField("b", "string"))
  df <- createDataFrame(list(list(1, "x"), list(NA, NA)), schema)
  expect_equal(collect(df), data.frame(a = c(1, NA), b = c("x", NA)))
  expect_equal(columns(createDataFrame(list(list(1, "x")), c("p", "q"))), c("p", "q"))
  df <- createDataFrame(data.frame(x = 1:2), structType(structField("y", "bigint")))
  expect_equal(dtypes(df), list(c("y", "bigint")))
  expect_equal(collect(df)$y, c(1, 2))
  expect_equal(nrow(createDataFrame(list(), schema)), 0)
})

test_that("nested values make the round trip", {
  map <- list2env(list(k = 1, l = 2))
  struct <- structure(list(a = 1L, b = "x"), class = "struct")
  df <- createDataFrame(list(list(list(1L, 2L, NA), map, struct, as.raw(1:3)), list(list(), map, struct, raw(0))))
  expect_equal(
    vapply(dtypes(df), `[[`, "", 2),
    c("array<int>", "map<string,double>", "struct<a:int,b:string>", "binary")
  )
  back <- collect(df)
  expect_identical(back[[1]][[1]], list(1L, 2L, NA_integer_))
  expect_identical(back[[1]][[2]], list())
  expect_equal(mget(c("k", "l"), envir = back[[2]][[1]]), list(k = 1, l = 2))
  expect_identical(back[[3]][[1]], struct)
  expect_identical(back[[4]], list(as.raw(1:3), raw(0)))
})

test_that("vectors longer than one in a row are arrays", {
  df <- createDataFrame(list(list(1L, c("a", "b")), list(2L, c("c", "d", "e"))))
  expect_equal(dtypes(df)[[2]][[2]], "array<string>")
  expect_equal(collect(df)[[2]][[2]], list("c", "d", "e"))
})

test_that("what has no Spark type is refused by its class", {
  refused <- function(value, class) {
    data <- data.frame(x = 1)
    data$x <- value
    expect_error(createDataFrame(data), paste0("Unsupported type for SparkDataFrame: ", class))
  }
  refused(complex(1), "complex")
  refused(as.difftime(1, units = "secs"), "difftime")
  expect_error(createDataFrame(list(list(factor("a")))), "Unsupported type for SparkDataFrame: factor")
})

test_that("data larger than a message arrive whole", {
  skip_if(on_server(), "takes a while over the wire")
  data <- data.frame(x = seq_len(3e6), y = as.numeric(seq_len(3e6)))
  expect_equal(collect(agg(createDataFrame(data), s = sum(column("x")), n = count(column("y"))))$s, sum(as.numeric(data$x)))
})
