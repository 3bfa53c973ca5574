test_that("every Spark type has its R form", {
  rows <- collect(sql(paste(
    "SELECT CAST(1 AS TINYINT) a, CAST(2 AS SMALLINT) b, 3 c, 4L d, CAST(1.5 AS FLOAT) e, CAST(2.25 AS DECIMAL(10,2)) f,",
    "TIMESTAMP_NTZ'2024-01-01 10:00:00' g, X'0102' h, NULL i, INTERVAL '2' MONTH j, INTERVAL '90' SECOND k"
  )))
  expect_identical(rows$a, 1L)
  expect_identical(rows$b, 2L)
  expect_identical(rows$c, 3L)
  expect_identical(rows$d, 4)
  expect_identical(rows$e, 1.5)
  expect_identical(rows$f, 2.25)
  expect_equal(format(rows$g), "2024-01-01 10:00:00")
  expect_identical(rows$h, list(as.raw(1:2)))
  expect_identical(rows$i, NA)
  expect_identical(rows$j, 2L)
  expect_equal(rows$k, as.difftime(90, units = "secs"))
})

test_that("nested results are lists, environments and structs", {
  row <- collect(sql("SELECT array(1, NULL) a, map('k', 1) m, named_struct('x', 1, 'y', array('q')) s, CAST(NULL AS ARRAY<INT>) n"))
  expect_identical(row$a[[1]], list(1L, NA_integer_))
  expect_type(row$m[[1]], "environment")
  expect_identical(row$m[[1]]$k, 1L)
  expect_s3_class(row$s[[1]], "struct")
  expect_identical(row$s[[1]]$y, list("q"))
  expect_null(row$n[[1]])
})

test_that("no rows still have types, and equal names survive", {
  empty <- collect(filter(people, people$age > 100))
  expect_equal(empty, people_data[0, ])
  twice <- collect(select(people, people$name, people$name))
  expect_equal(names(twice), c("name", "name"))
})

test_that("text may become factors", {
  expect_s3_class(collect(people, stringsAsFactors = TRUE)$name, "factor")
  expect_equal(as.data.frame(people), people_data)
})

test_that("toJSON", {
  expect_equal(collect(toJSON(select(filter(people, people$age > 40), "name", "age")))$value, "{\"name\":\"Ann\",\"age\":41.0}")
})
