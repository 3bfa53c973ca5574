test_that("columns print as expressions", {
  expect_output(print(people$age), "Column age", fixed = TRUE)
  expect_output(print(people$age + 1), "Column (age + 1.0)", fixed = TRUE)
  expect_output(print(people$age + 1L), "Column (age + 1)", fixed = TRUE)
  expect_output(print(max(people$age)), "Column max(age)", fixed = TRUE)
  expect_output(print(cast(people$age, "int")), "Column CAST(age AS INT)", fixed = TRUE)
  expect_output(print(desc(people$age)), "Column age DESC NULLS LAST", fixed = TRUE)
})

test_that("operators compute", {
  one <- createDataFrame(data.frame(a = 7, b = 2, t = TRUE))
  value <- function(column) collect(select(one, column))[[1]]
  expect_equal(value(one$a + one$b), 9)
  expect_equal(value(one$a - 1), 6)
  expect_equal(value(one$a * one$b), 14)
  expect_equal(value(one$a / one$b), 3.5)
  expect_equal(value(one$a %% one$b), 1)
  expect_equal(value(one$a^one$b), 49)
  expect_equal(value(-one$a), -7)
  expect_equal(value(10 - one$a), 3)
  expect_true(value(one$a > one$b & one$t))
  expect_true(value(!(one$a < one$b) | one$t))
  expect_true(value(one$a != one$b))
  expect_true(value(one$a %<=>% 7))
  expect_false(value(one$a %<=>% NULL))
  expect_true(value(between(one$a, c(1, 7))))
  expect_equal(columns(select(one, one$a != one$b)), "(NOT (a = b))")
})

test_that("tests and parts of text", {
  one <- createDataFrame(data.frame(s = "Hello World", stringsAsFactors = FALSE))
  value <- function(column) collect(select(one, column))[[1]]
  expect_true(value(like(one$s, "Hello%")))
  expect_true(value(rlike(one$s, "W.r")))
  expect_true(value(ilike(one$s, "hello%")))
  expect_true(value(contains(one$s, "lo W")))
  expect_true(value(startsWith(one$s, "He")))
  expect_true(value(endsWith(one$s, "ld")))
  expect_equal(value(substr(one$s, 1, 5)), "Hello")
  expect_equal(value(substr(one$s, 7, 9)), "Wor")
})

test_that("when, otherwise and ifelse", {
  kinds <- collect(select(people, alias(otherwise(when(people$age > 35, "old"), "young"), "k")))$k
  expect_equal(kinds, c("young", "young", "young", "old"))
  expect_equal(collect(select(people, ifelse(people$age > 35, 1L, 0L)))[[1]], c(0L, 0L, 0L, 1L))
  expect_equal(collect(select(people, when(people$age > 35, 1)))[[1]], c(NA, NA, NA, 1))
  expect_error(otherwise(people$age, 1), "otherwise() can only be applied on a Column made by when()", fixed = TRUE)
})

test_that("nested values are reached and changed", {
  nested <- select(people, alias(struct("name", "age"), "s"), alias(create_array(people$age, people$age + 1), "a"))
  expect_equal(collect(select(nested, getField(nested$s, "name")))[[1]], people_data$name)
  expect_equal(collect(select(nested, nested$s.name))[[1]], people_data$name)
  expect_equal(collect(select(nested, getItem(nested$a, 1)))[[1]], people_data$age + 1)
  changed <- select(nested, alias(withField(nested$s, "x", lit(1)), "s"))
  expect_equal(dtypes(changed)[[1]][[2]], "struct<name:string,age:double,x:double>")
  expect_equal(dtypes(select(changed, alias(dropFields(changed$s, "x", "age"), "s")))[[1]][[2]], "struct<name:string>")
})

test_that("literals follow R's types and NA is NULL", {
  literals <- select(
    limit(people, 1), alias(lit(1L), "i"), alias(lit(1), "d"), alias(lit("a"), "s"), alias(lit(TRUE), "l"),
    alias(lit(as.Date("2024-02-29")), "day"), alias(lit(as.POSIXct("2024-02-29 12:00:00", tz = "UTC")), "at"), alias(lit(NA), "n")
  )
  expect_equal(vapply(dtypes(literals), `[[`, "", 2), c("int", "double", "string", "boolean", "date", "timestamp", "void"))
  row <- collect(literals)
  expect_equal(row$day, as.Date("2024-02-29"))
  expect_equal(as.numeric(row$at), as.numeric(as.POSIXct("2024-02-29 12:00:00", tz = "UTC")))
  expect_true(is.na(row$n))
  expect_error(lit(1:2), "length one")
})
