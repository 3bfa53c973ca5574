test_that("select takes names, columns, vectors and lists", {
  expect_equal(columns(select(people, "name", "age")), c("name", "age"))
  expect_equal(columns(select(people, c("age", "name"))), c("age", "name"))
  expect_equal(columns(select(people, people$name, people$age + 1)), c("name", "(age + 1.0)"))
  expect_equal(columns(select(people, list("name", people$age))), c("name", "age"))
  expect_equal(columns(select(people, "*")), c("name", "age", "height"))
  expect_error(select(people, c("age", "name"), "height"), "To select multiple columns")
})

test_that("qualified names work after alias, and column() expands stars", {
  table <- alias(people, "table")
  expect_equal(collect(select(table, "table.name"))$name, people_data$name)
  expect_equal(columns(select(table, column("table.*"))), c("name", "age", "height"))
  nested <- select(people, alias(struct("name", "age"), "s"))
  expect_equal(columns(select(nested, column("s.*"))), c("name", "age"))
})

test_that("$ gives a column of this very frame and fails at once for unknown names", {
  expect_s4_class(people$name, "Column")
  expect_error(people$nam, "UNRESOLVED_COLUMN.WITH_SUGGESTION")
  error <- expect_error(people$nam, class = "ember_invalid")
  expect_equal(error$condition, "UNRESOLVED_COLUMN.WITH_SUGGESTION")
  expect_equal(error$sqlstate, "42703")
  derived <- withColumn(people, "x", people$age * 2)
  expect_equal(collect(filter(derived, people$age > 35))$name, "Ann")
})

test_that("odd names can be reached", {
  odd <- withColumnRenamed(withColumnRenamed(people, "name", "Street Name"), "age", "_1")
  expect_equal(collect(select(odd, odd$`Street Name`))[[1]], people_data$name)
  expect_equal(collect(select(odd, odd$"_1"))[[1]], people_data$age)
})

test_that("columns can be set, replaced and dropped", {
  df <- people
  df$older <- df$age + 1
  df$kind <- "person"
  df[["height"]] <- NULL
  df$absent <- NULL
  expect_equal(columns(df), c("name", "age", "older", "kind"))
  expect_equal(collect(df)$older, people_data$age + 1)
  expect_equal(unique(collect(df)$kind), "person")
  expect_equal(columns(people), c("name", "age", "height"))
  expect_error(df$older <- 1:2, "value must be a Column, literal value as atomic in length of 1, or NULL")
  expect_error(df[["older"]] <- list(1), "value must be a Column")
})

test_that("[ takes conditions, names and positions", {
  expect_equal(collect(people[people$age > 20, ])$name, c("Andy", "Ann"))
  expect_equal(columns(people[, c("name", "age")]), c("name", "age"))
  expect_equal(columns(people[, 2:3]), c("age", "height"))
  expect_equal(collect(people[people$age > 20, "name"])$name, c("Andy", "Ann"))
  expect_equal(columns(people["age"]), "age")
  expect_s4_class(people[, "age", drop = TRUE], "Column")
  expect_s4_class(people[[1]], "Column")
  expect_s4_class(people[["age"]], "Column")
  expect_warning(people[[1:2]], "Subset index has length > 1. Only the first index is used.")
  expect_equal(collect(subset(people, people$age > 20, "name"))$name, c("Andy", "Ann"))
})

test_that("mutate sees the old frame, keeps the last of equal names and names by source text", {
  df <- mutate(people, age = people$age * 2, double = people$age)
  expect_equal(collect(df)$age, people_data$age * 2)
  expect_equal(collect(df)$double, people_data$age)
  expect_equal(tail(columns(mutate(people, people$age + 3)), 1), "people$age + 3")
  expect_equal(collect(mutate(people, a = lit(1), a = lit(2)))$a, rep(2, 4))
  expect_equal(columns(transform(people, new = people$age)), c("name", "age", "height", "new"))
  twice <- select(people, people$age, people$age)
  expect_error(mutate(twice, b = lit(1)), "duplicated column name")
})

test_that("renaming", {
  expect_equal(columns(rename(people, label = people$name)), c("label", "age", "height"))
  expect_equal(columns(withColumnRenamed(people, "name", "label")), c("label", "age", "height"))
  expect_equal(columns(withColumnRenamed(people, "unknown", "label")), columns(people))
  df <- people
  names(df)[1] <- "first"
  expect_equal(names(df), c("first", "age", "height"))
  colnames(df) <- c("a", "b", "c")
  expect_equal(colnames(df), c("a", "b", "c"))
  expect_error(colnames(df) <- NULL, "Invalid column names.")
  expect_error(colnames(df) <- 1:3, "Invalid column names.")
  expect_error(colnames(df) <- c("a", "b"), "Column names must have the same length as the number of columns in the dataset.")
  expect_error(colnames(df) <- c("a", NA, "c"), "Column names cannot be NA.")
  expect_error(colnames(df) <- c("a", "b.c", "d"), "Column names cannot contain the '.' symbol.", fixed = TRUE)
})

test_that("drop and selectExpr", {
  expect_equal(columns(drop(people, "age")), c("name", "height"))
  expect_equal(columns(drop(people, c("age", "name"))), "height")
  expect_equal(columns(drop(people, people$age)), c("name", "height"))
  expect_equal(columns(drop(people, "unknown")), columns(people))
  expect_equal(collect(selectExpr(people, "age * 2 AS twice", "upper(name)"))$twice, people_data$age * 2)
})

test_that("with binds names to frames of one column", {
  expect_equal(nrow(with(people, age)), 4)
  expect_s4_class(with(people, age), "SparkDataFrame")
})

test_that("attach binds names to frames of one column", {
  attach(people)
  on.exit(detach("people"))
  expect_equal(nrow(age), 4)
  expect_equal(columns(height), "height")
})

test_that("columns added in a loop are found without asking about the whole plan every time", {
  skip_if(on_server(), "Apache Spark does not resolve columns of frames that deep")
  df <- people
  for (at in seq_len(500)) df[[paste0("c", at %% 5)]] <- df$age + at
  expect_equal(columns(df), c("name", "age", "height", paste0("c", c(1:4, 0))))
  expect_equal(collect(df)$c0, people_data$age + 500)
  expect_error(df$c9, "UNRESOLVED_COLUMN.WITH_SUGGESTION")
  renamed <- df
  colnames(renamed)[1] <- "label"
  expect_equal(collect(select(filter(renamed, renamed$label == "Ann"), renamed$c0))[[1]], 541)
  expect_error(renamed$name, "UNRESOLVED_COLUMN.WITH_SUGGESTION")
})

test_that("texts may be long, whatever they are made of", {
  for (text in c(strrep("k", 1e5), strrep("4d", 1e5))) expect_identical(collect(select(limit(people, 1), lit(text)))[[1]], text)
})
