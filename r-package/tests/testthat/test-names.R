# What a script finds after library(SparkR) it finds here: every name, with SparkR's arguments in SparkR's order.

sparkr_names <- function() {
  lines <- readLines("sparkr-names.txt")
  Filter(nzchar, strsplit(paste(lines[!startsWith(lines, "#")], collapse = " "), " +")[[1]])
}

test_that("every name of SparkR is exported as a function", {
  exported <- getNamespaceExports("emberflow")
  primitives <- c(
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceiling", "cos", "cosh", "exp", "expm1", "floor", "log",
    "log10", "log1p", "log2", "max", "min", "round", "sign", "sin", "sinh", "sqrt", "sum", "tan", "tanh", "trunc", "length", "is.nan"
  )
  expect_setequal(setdiff(sparkr_names(), c(exported, primitives)), character())
  for (name in sparkr_names()) expect_true(is.function(get(name)), label = name)
})

# The names of a function's arguments, for frames or columns if it has a method for them.
arguments <- function(name) {
  for (class in c("SparkDataFrame", "Column", "characterOrColumn", "GroupedData", "missing", "character", "numeric")) {
    method <- if (isGeneric(name)) selectMethod(name, class, optional = TRUE)
    if (is(method, "MethodDefinition") && identical(as.character(method@defined)[[1]], class)) {
      return(names(formals(method_as_written(method))))
    }
  }
  names(formals(args(get(name))))
}

# A method with arguments of its own is kept inside of one with the generic's.
method_as_written <- function(method) {
  first <- if (is.call(body(method)) && length(body(method)) > 1) body(method)[[2]]
  wrapped <- is.call(first) && identical(first[[1]], quote(`<-`)) && identical(first[[2]], quote(.local))
  if (wrapped) eval(first[[3]]) else method@.Data
}

test_that("arguments come in SparkR's order", {
  expected <- list(
    sparkR.session = c("master", "appName", "sparkHome", "sparkConfig", "sparkJars", "sparkPackages", "enableHiveSupport", "..."),
    createDataFrame = c("data", "schema", "samplingRatio", "numPartitions"),
    read.df = c("path", "source", "schema", "na.strings", "..."),
    read.jdbc = c("url", "tableName", "partitionColumn", "lowerBound", "upperBound", "numPartitions", "predicates", "..."),
    createTable = c("tableName", "path", "source", "schema", "..."),
    write.df = c("df", "path", "source", "mode", "partitionBy", "..."),
    saveAsTable = c("df", "tableName", "source", "mode", "..."),
    showDF = c("x", "numRows", "truncate", "vertical"),
    collect = c("x", "stringsAsFactors"),
    sample = c("x", "withReplacement", "fraction", "seed"),
    fillna = c("x", "value", "cols"),
    dropna = c("x", "how", "minNonNulls", "cols"),
    unpivot = c("x", "ids", "values", "variableColumnName", "valueColumnName"),
    repartition = c("x", "numPartitions", "col", "..."),
    histogram = c("df", "col", "nbins"),
    persist = c("x", "newLevel"),
    sampleBy = c("x", "col", "fractions", "seed"),
    approxQuantile = c("x", "cols", "probabilities", "relativeError"),
    pivot = c("x", "colname", "values"),
    atan2 = c("y", "x"), datediff = c("y", "x"), date_format = c("y", "x"), sha2 = c("y", "x"), instr = c("y", "x"),
    concat_ws = c("sep", "x", "..."), format_string = c("format", "x", "..."), date_trunc = c("format", "x"),
    locate = c("substr", "str", "pos"), lpad = c("x", "len", "pad"), split_string = c("x", "pattern", "limit"),
    window = c("x", "windowDuration", "slideDuration", "startTime"), from_json = c("x", "schema", "as.json.array", "..."),
    array_aggregate = c("x", "initialValue", "merge", "finish"), percentile_approx = c("col", "percentage", "accuracy"),
    vector_to_array = c("x", "dtype"), lag = c("x", "offset", "defaultValue"), nth_value = c("x", "offset", "na.rm"),
    dapply = c("x", "func", "schema"), spark.lapply = c("list", "func"), spark.glm = c("data", "formula", "..."),
    read.stream = c("source", "schema", "..."), write.stream = c("df", "source", "outputMode", "...")
  )
  for (name in names(expected)) {
    found <- setdiff(arguments(name), if (!"..." %in% expected[[name]]) "...")
    expect_equal(found, expected[[name]], label = name)
  }
})

test_that("what is not there yet says so by name", {
  error <- expect_error(dapply(people, function(x) x, "a INT"), class = "ember_invalid")
  expect_match(conditionMessage(error), "emberflow does not have dapply() yet", fixed = TRUE)
  expect_equal(error$condition, "UNSUPPORTED_FEATURE")
  expect_equal(error$sqlstate, "0A000")
  expect_error(gapply(groupBy(people, "name"), function(key, x) x, "a INT"), "does not have gapply() yet", fixed = TRUE)
  expect_error(spark.lapply(1:2, identity), "does not have spark.lapply() yet", fixed = TRUE)
  expect_error(spark.glm(people, age ~ height), "does not have spark.glm() yet", fixed = TRUE)
  expect_error(glm(age ~ height, data = people), "does not have glm() yet", fixed = TRUE)
  expect_error(read.stream("rate"), "does not have read.stream() yet", fixed = TRUE)
  expect_error(write.ml("m", "p"), "does not have write.ml() yet", fixed = TRUE)
})

test_that("glm, predict and fitted stay those of stats for R's data", {
  model <- glm(am ~ wt, binomial, mtcars)
  expect_equal(coef(model), coef(stats::glm(am ~ wt, binomial, mtcars)))
  expect_equal(deparse(model$call), "glm(formula = am ~ wt, family = binomial, data = mtcars)")
  expect_equal(coef(glm(mpg ~ wt, data = mtcars, weights = cyl)), coef(stats::glm(mpg ~ wt, data = mtcars, weights = cyl)))
  expect_length(predict(model, mtcars[1:3, ]), 3)
  expect_length(fitted(model), nrow(mtcars))
})

test_that("SparkR:: means this package where no SparkR is installed", {
  skip_if(nzchar(system.file(package = "SparkR")), "SparkR is installed")
  code <- parse(text = "SparkR::collect(SparkR::sql('SELECT 41 + 1 AS a'))$a")
  expect_equal(eval(code), 42L)
})
