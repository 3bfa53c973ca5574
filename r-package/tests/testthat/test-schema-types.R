test_that("structType and structField as SparkR makes them", {
  field <- structField("a", "integer", FALSE)
  expect_equal(field$name(), "a")
  expect_equal(field$dataType.toString(), "IntegerType")
  expect_equal(field$dataType.simpleString(), "int")
  expect_false(field$nullable())
  expect_output(print(field), "StructField(name = \"a\", type = \"IntegerType\", nullable = FALSE)", fixed = TRUE)
  schema <- structType(field, structField("b", "array<string>"))
  expect_length(schema$fields(), 2)
  expect_equal(schema$fields()[[2]]$dataType.simpleString(), "array<string>")
  expect_error(structField("a", "numeric"), "Unsupported type for SparkDataframe: numeric")
  expect_error(structField("a", "map<integer,string>"), "Key type in a map must be string or character")
})

test_that("DDL is understood", {
  schema <- structType("a INT, b STRING, c ARRAY<DOUBLE>")
  expect_equal(vapply(schema$fields(), function(field) field$dataType.simpleString(), ""), c("int", "string", "array<double>"))
})

test_that("coltypes are R's classes", {
  expect_equal(coltypes(people), c("character", "numeric", "integer"))
  df <- people
  coltypes(df) <- c(NA, "integer", "character")
  expect_equal(coltypes(df), c("character", "integer", "character"))
  expect_equal(collect(df)$age, as.integer(people_data$age))
})

test_that("counts are doubles", {
  expect_identical(count(people), 4)
  expect_identical(nrow(people), 4)
  expect_identical(dim(people), c(4, 3))
  expect_identical(ncol(people), 3L)
})
