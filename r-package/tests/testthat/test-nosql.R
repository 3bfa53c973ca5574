# NoSQL tables as SparkDataFrames: vectors of the store's specification, under their numbers; every error that write.df,
# read.df, insertInto and SQL can raise, by its name, and that nothing is written then; a script for v3io:// paths.
#
# `W` writes rows into t with the key column k; `items` is what is stored. Not here: items (test-kv.R).

kv <- ember_kv("testnosql")
path_of <- function(table) paste0("ember://testnosql/", table)

# Makes a table anew with these items, each a named list under its name, and with a schema of columns name = type.
before <- function(..., schema = NULL, key = "k", sorting_key = NULL, partition = NULL, table = "t") {
  kv_delete_table(kv, table, if_missing = "ignore")
  items <- list(...)
  for (name in names(items)) kv_put(kv, table, name, items[[name]])
  if (!is.null(schema)) {
    fields <- data.frame(name = names(schema), type = unname(schema), nullable = TRUE)
    parts <- list(fields = fields, key = key, sorting_key = sorting_key, buckets = 0L, partition = partition)
    kv_set_schema(kv, table, Filter(Negate(is.null), parts))
  }
}

# W(mode; options) of the rows of a query.
W <- function(rows, mode = "append", ..., table = "t") {
  write.df(sql(paste("SELECT", rows)), path_of(table), source = "nosql", mode = mode, key = "k", ...)
}

item <- function(name, table = "t") kv_get(kv, table, name)
names_of <- function(table = "t") sort(kv_scan(kv, table, select = "__name")$`__name`)
stored <- function(...) read.df(path_of("t"), source = "nosql", ...)
plan_of <- function(frame) paste(capture.output(explain(frame)), collapse = "\n")

# Everything that lies in the container.
everything <- function() {
  tables <- kv_tables(kv)
  tables <- tables$path[tables$kind == "table"]
  content <- function(table) {
    rows <- kv_scan(kv, table)
    list(kv_schema(kv, table), if (nrow(rows) > 0) rows[order(rows$`__name`), order(names(rows)), drop = FALSE])
  }
  sapply(tables, content, simplify = FALSE)
}

# The name of the error that code raises, which must not have written anything.
refused <- function(code) {
  were <- everything()
  error <- tryCatch({
    code
    NULL
  }, error = identity)
  if (is.null(error)) return("no error")
  expect_s3_class(error, "ember_error")
  expect_match(conditionMessage(error), "[NOSQL.", fixed = TRUE)
  expect_identical(everything(), were)
  sub("(?s)^.*?\\[NOSQL\\.[A-Z_]+\\] ([A-Za-z]+):.*$", "\\1", conditionMessage(error), perl = TRUE)
}

test_that("vector 1: a first write makes table and schema", {
  before()
  W("'p' AS k, 1 AS a", "errorifexists")
  expect_equal(item("p"), list(a = 1, k = "p"))
  expect_equal(kv_schema(kv, "t")$key, "k")
})

test_that("vector 2: errorifexists refuses what is there", {
  before(p = list(k = "p", a = 1L))
  expect_equal(refused(W("'q' AS k, 2 AS a", "errorifexists")), "TableExists")
})

test_that("vector 3: ignore leaves what is there", {
  before(p = list(k = "p", a = 1L))
  were <- everything()
  W("'p' AS k, 9 AS a", "ignore")
  expect_identical(everything(), were)
})

test_that("vector 4: overwrite begins anew", {
  before(p = list(a = 1L), q = list(a = 2L))
  W("'q' AS k, 'x' AS b", "overwrite")
  expect_equal(names_of(), "q")
  expect_equal(item("q"), list(b = "x", k = "q"))
  expect_equal(kv_schema(kv, "t")$fields$name, c("k", "b"))
})

test_that("vector 5: append adds what is missing", {
  before(p = list(k = "p", a = 1L), schema = c(k = "string", a = "long", b = "long"))
  W("'p' AS k, 7 AS a, 8 AS b")
  expect_equal(item("p"), list(a = 1, b = 8, k = "p"))
})

test_that("vector 7: columnUpdate replaces, other attributes stay", {
  before(p = list(k = "p", a = 1L, b = 2L), schema = c(k = "string", a = "long", b = "long"))
  were <- kv_schema(kv, "t")
  W("'p' AS k, 7 AS a", columnUpdate = "true")
  expect_equal(item("p"), list(a = 7, b = 2, k = "p"))
  expect_equal(kv_schema(kv, "t"), were)
})

test_that("vector 8: null removes", {
  before(p = list(k = "p", a = 1L, b = 2L))
  W("'p' AS k, CAST(NULL AS INT) AS a, 3 AS b", columnUpdate = "true")
  expect_equal(item("p"), list(b = 3, k = "p"))
})

test_that("vector 9: counters add", {
  before(p = list(k = "p", n = 40L, w = "old"))
  W("'p' AS k, 2 AS n, 'new' AS w", counter = "n")
  expect_equal(item("p"), list(k = "p", n = 42, w = "new"))
})

test_that("vector 11: rows of one key add up", {
  before(p = list(k = "p", n = 4L))
  W("* FROM VALUES ('p', 1), ('p', 2) AS v(k, n)", counter = "n")
  expect_equal(item("p"), list(k = "p", n = 7))
})

test_that("vector 13: a counter is a column", {
  before()
  expect_equal(refused(W("'p' AS k, 1 AS n", counter = "zz")), "InvalidOption")
  before(p = list(k = "p", n = 4L))
  expect_equal(refused(W("'p' AS k, 1 AS n", counter = "zz")), "InvalidOption")
})

test_that("vectors 14 and 15: conditions bind columns as ${name}", {
  before(p = list(k = "p", v = 3L, t = "o"))
  W("'p' AS k, 4 AS v, 'n' AS t", condition = "${v} > v")
  expect_equal(item("p"), list(k = "p", t = "n", v = 4))
  W("'p' AS k, 4 AS v, 'z' AS t", condition = "${v} > v")
  expect_equal(item("p"), list(k = "p", t = "n", v = 4))
})

test_that("vectors 16 and 17: a condition on an absent item", {
  before(p = list(k = "p", v = 3L, t = "o"))
  W("'q' AS k, 9 AS v, 'n' AS t", condition = "${v} > v")
  expect_null(item("q"))
  W("'q' AS k, 9 AS v, 'n' AS t", condition = "not(exists(v))")
  expect_equal(item("q"), list(k = "q", t = "n", v = 9))
})

test_that("vector 19: a condition with a counter", {
  before(p = list(k = "p", v = 3L))
  W("'p' AS k, 10 AS v", condition = "v==3", counter = "v")
  expect_equal(item("p")$v, 13)
})

test_that("vector 20: another type is a mismatch", {
  before(schema = c(k = "string", a = "long"))
  expect_equal(refused(W("'p' AS k, 1.5D AS a")), "SchemaMismatch")
})

test_that("vector 21: a schema may be replaced", {
  before(q = list(k = "q", a = 4L), schema = c(k = "string", a = "long"))
  W("'p' AS k, 1.5D AS a", `allow-overwrite-schema` = "true")
  expect_equal(sorted_rows(collect(stored())), data.frame(k = c("p", "q"), a = c(1.5, 4)))
})

test_that("vectors 22 and 23: inference", {
  before(p = list(k = "p", a = 1L), q = list(k = "q", a = 2.5, c = TRUE))
  expect_equal(refused(collect(stored())), "SchemaNotFound")
  expect_equal(sorted_rows(collect(stored(inferSchema = "true"))), data.frame(k = c("p", "q"), a = c(1, 2.5), c = c(NA, TRUE)))
})

test_that("vector 24: compound keys", {
  before()
  W("'u' AS k, 'a.b' AS s", `sorting-key` = "s")
  expect_equal(names_of(), "u.a.b")
})

test_that("vectors 25 and 26: keys that are none", {
  before(schema = c(k = "string"))
  expect_equal(refused(W("'a.b' AS k")), "InvalidKeyValue")
  expect_equal(refused(write.df(sql("SELECT 'p' AS k"), path_of("t"), source = "nosql", mode = "append")), "MissingOption")
})

test_that("vectors 27 and 28: even distribution", {
  before()
  W("* FROM VALUES (7, '20180602'), (7, '2024-03-01') AS v(k, s)", `sorting-key` = "s", `range-scan-even-distribution` = "true")
  expect_equal(names_of(), c("7_30.2024-03-01", "7_36.20180602"))
  seven <- filter(stored(), "k = 7")
  expect_equal(nrow(collect(seven)), 2)
  expect_match(plan_of(seven), "range(64)", fixed = TRUE)
  expect_match(plan_of(filter(stored(), "k = 7 AND s = '20180602'")), "point(1)", fixed = TRUE)
})

test_that("vector 29: ranges", {
  letter <- function(k, s) list(k = k, s = s)
  before(u.a = letter("u", "a"), u.b = letter("u", "b"), u.c = letter("u", "c"), v.a = letter("v", "a"),
    schema = c(k = "string", s = "string"), sorting_key = "s"
  )
  range <- filter(stored(), "k = 'u' AND s > 'a' AND s <= 'c'")
  expect_match(plan_of(range), "range(1)", fixed = TRUE)
  expect_equal(sort(collect(range)$s), c("b", "c"))
})

test_that("vectors 32 to 34: partitions", {
  before()
  W("* FROM VALUES ('p', 2024, 2), ('p', 2023, 2) AS v(k, y, m)", partition = "y, m")
  expect_equal(kv_get(kv, "t/y=2024/m=2", "p"), list(k = "p", m = 2, y = 2024))
  late <- filter(stored(), "m = 2 AND y > 2023")
  expect_match(plan_of(late), "Folders: 1 of 2", fixed = TRUE)
  expect_equal(collect(late)$y, 2024)
  expect_equal(refused(W("'r' AS k, 2022 AS y, 1 AS m", partition = "m")), "PartitionMismatch")
  W("'r' AS k, 2022 AS y, 1 AS m")
  expect_equal(kv_get(kv, "t/y=2022/m=1", "r")$k, "r")
})

test_that("vector 62: narrow numbers widen", {
  before()
  W("'p' AS k, CAST(5 AS INT) AS i, CAST(0.5 AS FLOAT) AS f")
  expect_equal(dtypes(stored()), list(c("k", "string"), c("i", "bigint"), c("f", "double")))
  expect_equal(collect(stored()), data.frame(k = "p", i = 5, f = 0.5))
})

test_that("vector 64: a table is not overwritten by itself", {
  before(p = list(k = "p", a = 1L), schema = c(k = "string", a = "long"))
  expect_equal(refused(write.df(stored(), path_of("t"), source = "nosql", mode = "overwrite", key = "k")), "OverwriteOfInput")
})

# Tables that something is wrong with, one way or another.
faulty <- function() {
  before(p = list(k = "p", s = "x"), schema = c(k = "string", a = "long", s = "string"))
  kv_update_expr(kv, "t", "p", "a = 9223372036854775807")
  before(schema = c(k = "string", y = "long", m = "long"), partition = c("y", "m"), table = "folders")
  before(p = list(k = "p", a = "x"), schema = c(k = "string", a = "long"), table = "odd")
  before(schema = c(k = "string", b = "blob", c = "blob"), table = "blobs")
  before(p = list(k = "p"), table = "bare")
  before(p = list(a = 1L), q = list(a = "x"), table = "clash")
  kv_delete_table(kv, "new", if_missing = "ignore")
}

test_that("errors of writes", {
  faulty()
  q <- "'q' AS k"
  put <- function(rows, path, ...) write.df(sql(paste("SELECT", rows)), path, source = "nosql", mode = "append", ...)
  million <- "unhex(repeat('00', 1048576))"
  many <- paste0(0:1599, " AS a", 0:1599, collapse = ", ")
  raised <- c(
    InvalidPath = refused(put(q, "ember://testnosql/a/../b", key = "k")),
    InvalidPath = refused(put(q, "ember://Test/t", key = "k")),
    InvalidOption = refused(W(q, columnUpdate = "maybe")),
    InvalidOption = refused(W(q, table = "new", `range-scan-even-distribution` = "true")),
    InvalidOption = refused(W("'q' AS k, 1 AS y, 1 AS m", table = "folders", counter = "y")),
    MissingOption = refused(put(q, path_of("t"))),
    KeyColumnMissing = refused(put(q, path_of("new"), key = "zz")),
    KeyColumnMissing = refused(W(q, table = "new", `sorting-key` = "zz")),
    InvalidKeyType = refused(W("1.5D AS k", table = "new")),
    InvalidKeyValue = refused(W("CAST(NULL AS STRING) AS k")),
    InvalidKeyValue = refused(W("repeat('k', 256) AS k")),
    InvalidAttributeName = refused(W("'q' AS k, 1 AS `a b`", table = "new")),
    ReservedName = refused(W("'q' AS k, 1 AS __name", table = "new")),
    UnsupportedType = refused(W("'q' AS k, DATE'2024-01-01' AS d", table = "new")),
    UnsupportedType = refused(W("'q' AS k, 1.5 AS d", table = "new")),
    InvalidCounterType = refused(W("'q' AS k, 'x' AS s", counter = "s")),
    SchemaMismatch = refused(W("'q' AS k, 1 AS another")),
    KeyMismatch = refused(put("'q' AS s", path_of("t"), key = "s")),
    PartitionMismatch = refused(W("'q' AS k, 1 AS y, 1 AS m", table = "folders", partition = "m")),
    TableExists = refused(W(q, "errorifexists")),
    OverwriteOfInput = refused(write.df(stored(), path_of("t"), source = "nosql", mode = "overwrite", key = "k")),
    TypeMismatch = refused(W("k, a FROM nosql.`ember://testnosql/odd`")),
    ParseError = refused(W("'q' AS k, 1 AS a", condition = "a = 1")),
    ParseError = refused(W("'q' AS k, 1 AS a", condition = "${zz} > 1")),
    TypeError = refused(W("'p' AS k, 1 AS a", table = "odd", counter = "a")),
    ArithmeticOverflow = refused(W("'p' AS k, 1 AS a", counter = "a")),
    AttributeTooLarge = refused(W("'q' AS k, repeat('x', 61201) AS s")),
    ItemTooLarge = refused(W(paste0("'q' AS k, ", million, " AS b, ", million, " AS c"), table = "blobs")),
    LimitExceeded = refused(W(paste0("'q' AS k, ", many), "overwrite"))
  )
  expect_equal(unname(raised), names(raised))
})

test_that("errors of reads", {
  faulty()
  read <- function(path, ...) refused(collect(read.df(path, source = "nosql", ...)))
  raised <- c(
    InvalidPath = read("ember://testnosql/*"),
    InvalidPath = read("s3://testnosql/t"),
    InvalidOption = read(path_of("t"), inferSchema = "maybe"),
    SchemaNotFound = read(path_of("bare")),
    SchemaInferenceError = read(path_of("clash"), inferSchema = "true"),
    TypeMismatch = read(path_of("odd")),
    TableNotFound = read(path_of("none")),
    UnsupportedType = read(path_of("t"), schema = "k DATE")
  )
  expect_equal(unname(raised), names(raised))
})

test_that("errors of tables of the catalog", {
  faulty()
  for (name in c("refusing", "counting")) sql(paste("DROP TABLE IF EXISTS", name))
  table <- function(name, path, options) {
    sql(paste0("CREATE TABLE ", name, " (k STRING, a BIGINT, s STRING) USING nosql OPTIONS (", options, ") LOCATION '", path, "'"))
  }
  table("refusing", path_of("t"), "key 'k'")
  table("counting", path_of("t"), "key 'k', counter 'a'")
  rows <- function(text) sql(paste("SELECT", text))
  raised <- c(
    InvalidKeyValue = refused(insertInto(rows("'a.b', 1L, 'x'"), "refusing")),
    InvalidKeyValue = refused(sql("INSERT INTO refusing VALUES ('a/b', 1, 'x')")),
    AttributeTooLarge = refused(insertInto(rows("'q', 1L, repeat('x', 61201)"), "refusing")),
    ArithmeticOverflow = refused(insertInto(rows("'p', 1L, 'x'"), "counting")),
    OverwriteOfInput = refused(insertInto(tableToDF("refusing"), "refusing", overwrite = TRUE)),
    InvalidCounterType = refused(
      saveAsTable(rows("'p' AS k, 1L AS a, 'x' AS s"), "refusing", source = "nosql", mode = "append", counter = "s")
    ),
    MissingOption = refused(table("other", path_of("new"), "counter 'a'"))
  )
  expect_equal(unname(raised), names(raised))
  for (name in c("refusing", "counting")) sql(paste("DROP TABLE", name))
  expect_equal(item("p")$s, "x")
})

test_that("a stream is no table", {
  skip_if(is.null(stream), "EMBERFLOW_STREAM names the program that makes one")
  rows <- sql("SELECT 'q' AS k")
  streams <- ember_kv("streams")
  raised <- c(
    NotATable = refused(collect(read.df(stream, source = "nosql"))),
    NotATable = refused(write.df(rows, stream, source = "nosql", mode = "append", key = "k")),
    NotATable = refused(sql(paste0("SELECT * FROM nosql.`", stream, "`"))),
    NotATable = refused(kv_put(streams, "log", "p")),
    NotATable = refused(kv_get(streams, "log", "p")),
    NotATable = refused(kv_scan(streams, "log"))
  )
  expect_equal(unname(raised), names(raised))
})

test_that("a script for v3io:// paths runs unchanged", {
  source <- "io.iguaz.v3io.spark.sql.kv"
  path <- "v3io://testnosql/cars/"
  kv_delete_table(kv, "cars", if_missing = "ignore")
  cars <- createDataFrame(data.frame(brand = c("Kia", "Audi"), year = c("2016", "2018"), sold = c(10L, 3L), price = c(9.5, 30)))
  write.df(cars, path, source = source, mode = "overwrite", Key = "brand", `sorting-key` = "year")
  more <- createDataFrame(data.frame(brand = c("Kia", "Fiat"), year = c("2016", "2020"), sold = c(5L, 1L)))
  write.df(more, path, source = source, mode = "append", Key = "brand", `sorting-key` = "year", counter = "sold")
  cheaper <- createDataFrame(data.frame(brand = c("Audi", "Kia"), year = c("2018", "2016"), price = c(28, 11)))
  write.df(cheaper, path, source = source, mode = "append", Key = "brand", `sorting-key` = "year", condition = "${price} < price")
  found <- read.df(path, source = source)
  expect_equal(
    sorted_rows(collect(found)),
    data.frame(brand = c("Audi", "Fiat", "Kia"), year = c("2018", "2020", "2016"), sold = c(3, 1, 15), price = c(28, NA, 9.5))
  )
  expect_equal(collect(filter(found, "brand = 'Kia' AND year > '2015'"))$sold, 15)
  expect_setequal(columns(read.df(path, source = source, inferSchema = "true")), c("brand", "year", "sold", "price"))
  expect_equal(nrow(collect(read.df("/cars", source = source, `container-id` = "testnosql"))), 3)
  kv_delete_table(kv, "cars")
})

for (name in kv_tables(kv)$path) kv_delete_table(kv, name, if_missing = "ignore")
