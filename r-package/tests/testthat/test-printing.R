test_that("a frame prints its columns and runs nothing", {
  expect_output(print(people), "SparkDataFrame[name:string, age:double, height:int]", fixed = TRUE)
})

test_that("printSchema draws the tree", {
  expect_output(printSchema(people), paste0(
    "root\n |-- name: string (nullable = true)\n |-- age: double (nullable = true)\n |-- height: integer (nullable = true)"
  ), fixed = TRUE)
})

test_that("print(schema) lists fields", {
  expect_output(print(schema(people)), paste0(
    "StructType\n|-name = \"name\", type = \"StringType\", nullable = TRUE\n",
    "|-name = \"age\", type = \"DoubleType\", nullable = TRUE\n"
  ), fixed = TRUE)
})

test_that("showDF prints Spark's table", {
  table <- paste(
    "+-------+----+------+", "|   name| age|height|", "+-------+----+------+", "|Michael|NULL|   170|", "|   Andy|30.0|   182|",
    "+-------+----+------+", "only showing top 2 rows", sep = "\n"
  )
  expect_output(showDF(people, 2), table, fixed = TRUE)
  expect_output(showDF(people, 1, vertical = TRUE), "-RECORD 0", fixed = TRUE)
  long <- createDataFrame(data.frame(s = strrep("x", 30), stringsAsFactors = FALSE))
  expect_output(showDF(long), paste0("|", strrep("x", 17), "...|"), fixed = TRUE)
  expect_output(showDF(long, truncate = FALSE), paste0("|", strrep("x", 30), "|"), fixed = TRUE)
  expect_output(showDF(long, truncate = 5), "|xx...|", fixed = TRUE)
})

test_that("str shows types and first values", {
  shown <- capture.output(str(people))
  expect_equal(shown[[1]], "'SparkDataFrame': 3 variables:")
  expect_match(shown[[2]], "^ \\$ name  : chr \"Michael\" \"Andy\"")
  expect_match(shown[[3]], "^ \\$ age   : num NA 30 19 41")
})

test_that("explain says which plan it shows", {
  expect_output(explain(people), "== Physical Plan ==", fixed = TRUE)
  expect_output(explain(people, TRUE), "== Analyzed Logical Plan ==", fixed = TRUE)
})

test_that("eager evaluation prints rows", {
  sparkR.session(spark.sql.repl.eagerEval.enabled = TRUE)
  on.exit(sparkR.session(spark.sql.repl.eagerEval.enabled = FALSE))
  expect_output(print(people), "+-------+----+------+", fixed = TRUE)
})
