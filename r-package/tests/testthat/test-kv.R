# Items of the NoSQL store. Vectors carry the numbers they have in the store's specification, `0` is no item.

kv <- ember_kv("testkv")

# Makes the table `t` anew with these items, each a named list under its name.
before <- function(...) {
  kv_delete_table(kv, "t", if_missing = "ignore")
  items <- list(...)
  for (name in names(items)) kv_put(kv, "t", name, items[[name]])
}

item <- function(name = "p") kv_get(kv, "t", name)

# Whether an item passes a condition: an update with it changes something or does not.
passes <- function(condition, ...) {
  outcome <- kv_update_expr(kv, "t", "p", "touched = 1", condition = condition, ...)$outcome
  outcome == "updated"
}

error_of <- function(code) {
  error <- tryCatch({
    code
    NULL
  }, error = identity)
  if (is.null(error)) return("no error")
  expect_s3_class(error, "ember_nosql")
  expect_s3_class(error, "ember_error")
  error$name
}

x <- function(update, ...) kv_update_expr(kv, "t", "p", update, ...)

test_that("vector 35: numbers compare by value, kinds never mix", {
  before(p = list(a = 5L))
  expect_true(passes("a == 5.0 AND NOT a != 5"))
  expect_false(passes("a == '5'"))
  expect_false(passes("a != '5'"))
})

test_that("vector 36: what is absent is unknown", {
  before(p = list(a = 2L))
  expect_true(passes("gone == 1 OR a == 2"))
  expect_false(passes("NOT (gone == 1)"))
  expect_false(passes("gone != 1"))
})

test_that("vector 37: empty conditions, exists, and texts that are none", {
  before(p = list(a = 2L))
  expect_true(passes(""))
  expect_true(passes("NOT exists(gone)"))
  expect_equal(error_of(passes("a = 2")), "ParseError")
  expect_equal(error_of(passes("1")), "ParseError")
})

test_that("vector 38: booleans", {
  before(p = list(f = TRUE, a = 1L))
  expect_true(passes("f"))
  expect_false(passes("f == 1"))
  expect_true(passes("f + a == 2"))
  expect_false(passes("a"))
})

test_that("vector 39: IN", {
  before(p = list(c = "red"))
  expect_true(passes("c IN ('blue','red')"))
  expect_false(passes("C in ('red')"))
  expect_false(passes("NOT c in ('blue', gone)"))
})

test_that("vector 40: precedence", {
  before(p = list(a = 6L))
  expect_true(passes("a & 3 == 2"))
  expect_true(passes("1 + 2 * 3 == 7"))
  expect_true(passes("NOT a == 5 AND a > 1"))
  expect_equal(error_of(passes("1 < a < 9")), "ParseError")
})

test_that("vector 41: what cannot be computed is unknown", {
  before(p = list(a = 0L))
  expect_true(passes("10 / a > 1 OR a == 0"))
  expect_false(passes("10 / a > 1"))
})

test_that("vector 42: backquotes and quotes", {
  before(p = list(exists = TRUE, s = "it's"))
  expect_true(passes("`exists` == true"))
  expect_true(passes("s == 'it''s'"))
  expect_true(passes("length(s) == 4"))
})

test_that("vector 43: actions run in order", {
  before(p = list(a = 1L, b = 2L))
  x("t=a; a=b*10; b=t; remove t")
  expect_equal(item(), list(a = 20, b = 1))
})

test_that("vector 44: each action sees those before", {
  before(p = list(a = 1L, b = 2L))
  x("a=b; b=a")
  expect_equal(item(), list(a = 2, b = 2))
})

test_that("vector 45: an update is whole or not at all", {
  before(p = list(a = 1L))
  expect_equal(error_of(x("a=9; b=gone+1")), "MissingAttribute")
  expect_equal(item(), list(a = 1))
})

test_that("vector 46: an update makes an item", {
  before()
  expect_equal(x("n = if_not_exists(n,0) + 1")$outcome, "created")
  expect_equal(x("n = if_not_exists(n,0) + 1")$outcome, "updated")
  expect_equal(item(), list(n = 2))
})

test_that("vector 47: otherwise", {
  before()
  for (time in 1:3) x("a=a+1", condition = "ok==true", otherwise = "a=0; ok=true")
  expect_equal(item(), list(a = 2, ok = TRUE))
})

test_that("vector 48: an empty update makes an item without attributes", {
  before()
  x("")
  expect_length(item(), 0)
  expect_type(item(), "list")
})

test_that("vector 49: arithmetic", {
  before(p = list(a = 7L))
  x("q=a/2; r=-7/2; d=a/2.0; h=a<<1|1")
  expect_equal(item(), list(a = 7, d = 3.5, h = 15, q = 3, r = -3))
})

test_that("vector 50: overflow", {
  before()
  x("a = 9223372036854775807")
  expect_equal(error_of(x("a=a+1")), "ArithmeticOverflow")
  expect_true(passes("a == 9223372036854775807"))
})

test_that("vector 51: arrays", {
  before()
  x("z=init_array(4,'int'); z[1]=5; z[2]=z[1]*2; m=max(z[0..2]); n=length(z); y=z[1..2]")
  expect_equal(item(), list(m = 10, n = 4, y = list(5, 10), z = list(0, 5, 10, 0)))
})

test_that("vector 52: places in arrays", {
  before(p = list(z = c(1L, 2L)))
  expect_equal(error_of(x("z[2]=1")), "IndexOutOfRange")
  expect_equal(error_of(x("z[0]=1.5")), "TypeError")
})

test_that("vector 53: functions", {
  before()
  x("a=max(true,3); b=max(true,0); c=min(1,9.0); d=if_else(1>2,'x','y')")
  expect_equal(item(), list(a = 3, b = TRUE, c = 1, d = "y"))
})

test_that("vector 54: append and overwrite", {
  before(p = list(a = 1L, b = 2L))
  kv_update(kv, "t", "p", list(a = 9L, c = 3L), mode = "append")
  expect_equal(item(), list(a = 1, b = 2, c = 3))
  kv_update(kv, "t", "p", list(a = 9L, c = 3L), mode = "OVERWRITE")
  expect_equal(item(), list(a = 9, c = 3))
})

test_that("vector 55: append_new", {
  before(p = list(a = 1L, b = 2L))
  expect_equal(kv_update(kv, "t", "p", list(a = 9L), mode = "append_new")$outcome, "item_exists")
  expect_equal(item(), list(a = 1, b = 2))
})

test_that("vector 56: increments read what was stored", {
  before(p = list(n = 10L, b = 2L))
  kv_update(kv, "t", "p", list(n = incr(5L)), mode = "overwrite")
  expect_equal(item(), list(n = 15))
})

test_that("vector 57: increments of what is no number", {
  before(p = list(n = "x"))
  expect_equal(error_of(kv_update(kv, "t", "p", list(n = incr(5L)))), "TypeError")
  expect_equal(item(), list(n = "x"))
})

test_that("vector 58: compare and set by the version", {
  made <- {
    before()
    kv_put(kv, "t", "p", list(a = 1L))
  }
  version <- list(s = as.integer(made$mtime_secs), n = as.integer(made$mtime_nsecs))
  once <- function() {
    kv_update(kv, "t", "p", list(a = 2L), condition = "__mtime_secs == ${s} AND __mtime_nsecs == ${n}", values = version)$outcome
  }
  expect_equal(c(once(), once()), c("updated", "condition_false"))
})

test_that("vector 59: a hundred increments", {
  before(p = list(n = 0L))
  kv_update(kv, "t", rep("p", 100), list(n = incr(1L)))
  expect_equal(item(), list(n = 100))
})

test_that("vector 60: ranges and segments", {
  before(u.a = list(), u.b = list(), u.c = list())
  expect_equal(kv_scan(kv, "t", sharding = "u", from = "a", to = "c")$`__name`, c("u.a", "u.b"))
  expect_equal(error_of(kv_scan(kv, "t", sharding = "u", segment = c(0, 2))), "InvalidArgument")
  parts <- lapply(0:3, function(i) kv_scan(kv, "t", segment = c(i, 4))$`__name`)
  expect_setequal(unlist(parts), c("u.a", "u.b", "u.c"))
})

test_that("vector 61: filters pass over what is absent", {
  before(p = list(a = 1L), q = list(b = 1L))
  expect_equal(kv_scan(kv, "t", filter = "a != 5"), data.frame(`__name` = "p", a = 1, check.names = FALSE))
})

test_that("vector 63: key attributes and system attributes do not change", {
  before(p = list(k = "p"))
  schema <- list(fields = data.frame(name = "k", type = "string", nullable = TRUE), key = "k", buckets = 0L)
  kv_set_schema(kv, "t", schema)
  expect_equal(kv_schema(kv, "t"), schema)
  expect_equal(error_of(x("k='z'")), "KeyAttributeImmutable")
  expect_equal(error_of(x("__name='z'")), "ReservedName")
  kv_set_schema(kv, "t", NULL)
  expect_null(kv_schema(kv, "t"))
})

test_that("values of every type come back", {
  before()
  time <- .POSIXct(1700000000.123456)
  given <- list(b = TRUE, d = 0.5, i = 3L, nan = NaN, r = as.raw(c(0, 255)), s = "\u00fc", t = time, z = c(0.5, 2), one = list(1L))
  kv_put(kv, "t", "p", c(given, list(gone = NA, nothing = NULL)))
  expected <- list(b = TRUE, d = 0.5, i = 3, nan = NaN, one = list(1), r = as.raw(c(0, 255)), s = "\u00fc", t = time, z = list(0.5, 2))
  expect_equal(item()[sort(names(expected))], expected[sort(names(expected))])
  expect_length(item(), 9)
  expect_identical(as.numeric(item()$t), as.numeric(time))
  kv_put(kv, "t", "q", list(t = .POSIXct(0.000000001)))
  expect_identical(as.numeric(item("q")$t), 1e-9)
  for (bad in list(Sys.Date(), 1i, c("a", "b"), c(1, NA), list("a"))) {
    expect_equal(error_of(kv_put(kv, "t", "p", list(v = bad))), "UnsupportedType")
  }
})

test_that("64-bit integers are longs", {
  before()
  # 2^53 + 1, as bit64 lays it out.
  long <- structure(as.numeric(0), class = "integer64")
  long[1] <- readBin(as.raw(c(1, 0, 0, 0, 0, 0, 0x20, 0)), "double")
  kv_put(kv, "t", "p", list(n = structure(unclass(long), class = "integer64")))
  expect_true(passes("n == 9007199254740993"))
})

test_that("rows of a data.frame are items", {
  before()
  parts <- data.frame(part = "bolt", size = c("m4", "m6", "m8"), stock = c(1L, NA, 3L), f = factor(c("x", "y", "x")))
  done <- kv_put(kv, "t", parts, key = c("part", "size"))
  expect_equal(done$outcome, rep("created", 3))
  expect_equal(done$key, c("bolt.m4", "bolt.m6", "bolt.m8"))
  expect_equal(item("bolt.m6"), list(f = "y", part = "bolt", size = "m6"))
  kv_update(kv, "t", done$key, data.frame(stock = incr(c(10L, 20L, 30L))))
  found <- kv_get(kv, "t", c("bolt.m8", "nut", "bolt.m4"), select = c("stock", "gone"))
  expect_equal(found, data.frame(`__name` = c("bolt.m8", "nut", "bolt.m4"), stock = c(33, NA, 11), gone = NA, check.names = FALSE))
  kv_put(kv, "t", data.frame(id = 1:2, v = c(0.5, 1)), "id")
  expect_equal(item("2"), list(id = 2, v = 1))
  expect_equal(kv_delete(kv, "t", c("1", "2", "3"))$outcome, c("deleted", "deleted", "no_such_item"))
})

test_that("many rows travel in batches, and come back in pages", {
  before()
  rows <- data.frame(id = sprintf("r%05d", 1:2500), n = 1:2500)
  expect_equal(nrow(kv_put(kv, "t", rows, "id")), 2500)
  expect_equal(sum(kv_scan(kv, "t")$n), sum(rows$n))
  expect_equal(nrow(kv_get(kv, "t", rows$id)), 2500)
  seen <- character()
  page <- kv_scan(kv, "t", select = "__name", limit = 1000)
  repeat {
    expect_lte(nrow(page), 1000)
    seen <- c(seen, page$`__name`)
    if (is.null(attr(page, "marker"))) break
    page <- kv_scan(kv, "t", select = "__name", limit = 1000, marker = attr(page, "marker"))
  }
  expect_setequal(seen, rows$id)
  expect_equal(kv_delete_where(kv, "t", "n > ${n}", list(n = 2000L)), 500)
  expect_equal(kv_delete_where(kv, "t", ""), 2000)
})

test_that("a column of several types is a list", {
  before(p = list(v = 1L), q = list(v = "x"), r = list(v = 2.5), s = list(w = c(1L, 2L)))
  found <- kv_get(kv, "t", c("p", "q", "r", "s", "none"))
  expect_equal(found$v, list(1, "x", 2.5, NULL, NULL))
  expect_equal(found$w, list(NULL, NULL, NULL, list(1, 2), NULL))
})

test_that("a batch tells the outcome of each operation", {
  before(p = list(a = 1L))
  done <- kv_batch(kv, "t", list(
    op_put("n", list(a = 1L)),
    op_update("p", list(a = incr(1L)), condition = "a == ${a}", values = list(a = 1L)),
    op_update("p", list(a = 7L), mode = "append_new"),
    op_update_expr("p", "b ="),
    op_delete("gone"),
    op_delete("p", condition = "a == 9")
  ))
  expect_equal(done$outcome, c("created", "updated", "item_exists", "failed", "no_such_item", "condition_false"))
  expect_equal(done$error, c(NA, NA, NA, "ParseError", NA, NA))
  expect_match(done$message[[4]], "position 3")
  expect_equal(error_of(kv_batch(kv, "t", rep(list(op_delete("p")), 1001))), "LimitExceeded")
  expect_error(kv_batch(kv, "t", list("p")), "operations should be a list")
})

test_that("errors have the store's names", {
  before(p = list(s = "x"))
  error <- tryCatch(passes("a = 1"), error = identity)
  expect_s3_class(error, c("ember_nosql", "ember_invalid", "ember_error", "error", "condition"), exact = TRUE)
  expect_equal(error$condition, "NOSQL.PARSE_ERROR")
  expect_equal(error$position, 2L)
  expect_match(conditionMessage(error), "^\\[NOSQL.PARSE_ERROR\\] ParseError: ")
  put <- function(key = "p", ...) kv_put(kv, "t", key, list(...))
  fields <- function(type) list(fields = data.frame(name = "a", type = type), key = "a")
  raised <- c(
    InvalidPath = error_of(kv_get(kv, "../t", "p")),
    InvalidPath = error_of(kv_tables(ember_kv("Shop"))),
    InvalidKeyType = error_of(put(1.5)),
    InvalidKeyType = error_of(kv_set_schema(kv, "t", fields("blob"))),
    InvalidKeyValue = error_of(put("a/b")),
    InvalidKeyValue = error_of(put(NA_character_)),
    InvalidKeyValue = error_of(kv_put(kv, "t", data.frame(a = "x.y", b = "z"), c("a", "b"))),
    InvalidAttributeName = error_of(put(`1a` = 1)),
    UnsupportedType = error_of(put(a = Sys.Date())),
    UnsupportedType = error_of(kv_set_schema(kv, "t", fields("date"))),
    KeyColumnMissing = error_of(kv_set_schema(kv, "t", c(fields("long")[1], key = "b"))),
    InvalidOption = error_of(kv_set_schema(kv, "t", c(fields("long"), buckets = 64L))),
    ParseError = error_of(x("a =")),
    TypeError = error_of(x("b = s * 2")),
    MissingAttribute = error_of(x("b = gone")),
    ArithmeticOverflow = error_of(x("b = 9223372036854775807 + 1")),
    DivisionByZero = error_of(x("b = 1 / 0")),
    IndexOutOfRange = error_of(x("z = init_array(1, 'int'); b = z[1]")),
    ReservedName = error_of(put(`__name` = "q")),
    ItemTooLarge = error_of(put(a = raw(2^20), b = raw(2^20))),
    LimitExceeded = error_of(kv_put(kv, "t", "p", stats::setNames(as.list(1:1601), paste0("a", 1:1601)))),
    AttributeTooLarge = error_of(put(a = strrep("x", 61201))),
    InvalidArgument = error_of(kv_scan(kv, "t", from = "a")),
    InvalidArgument = error_of(kv_update(kv, "t", "p", list(a = 1), mode = "sideways")),
    InvalidArgument = error_of(kv_delete(kv, "t", "p", condition = "a == 1", values = list(n = 1))),
    InvalidArgument = error_of(kv_delete(kv, "t", "p", condition = "a == ${n}")),
    InvalidArgument = error_of(kv_put(kv, "t", c("p", "q", "r"), list(a = 1:2))),
    InvalidMarker = error_of(kv_scan(kv, "t", limit = 1, marker = "x")),
    TableNotFound = error_of(kv_scan(kv, "nowhere")),
    TableNotFound = error_of(kv_delete_table(kv, "nowhere"))
  )
  expect_equal(unname(raised), names(raised))
  expect_s3_class(tryCatch(kv_scan(kv, "nowhere"), error = identity), "ember_not_found")
  expect_equal(item(), list(s = "x"))
})

test_that("arguments are refused in words", {
  expect_error(kv_get("shop", "t", "p"), "make one with ember_kv()", fixed = TRUE)
  expect_error(ember_kv(c("a", "b")), "container should be one text.")
  expect_error(kv_get(kv, NULL, "p"), "table should be one text.")
  expect_error(x(NULL), "expression should be one text.")
  expect_error(kv_delete_where(kv, "t", NULL), "the empty text means all items")
  expect_error(kv_set_schema(kv, "t", list(colour = 1)), "not of colour")
})

test_that("tables are looked after", {
  before(p = list(k = "p", a = 1L), q = list(k = "q"))
  described <- kv_describe(kv, "t", count = TRUE)
  expect_equal(described[c("path", "items")], list(path = "t", items = 2))
  expect_true(described$bytes >= 0 && described$files >= 0)
  schema <- list(fields = data.frame(name = "k", type = "string", nullable = TRUE), key = "k", buckets = 0L)
  kv_set_schema(kv, "t", schema)
  expect_equal(kv_describe(kv, "t")$schema, schema)
  expect_null(kv_describe(kv, "t")$items)
  expect_null(kv_compact(kv, "t"))
  verified <- kv_verify()
  expect_equal(verified[c("broken", "findings")], list(broken = 0, findings = character()))
  expect_gte(verified$items, 2)
  expect_equal(error_of(kv_describe(kv, "nowhere")), "TableNotFound")
  expect_equal(error_of(kv_compact(kv, "nowhere")), "TableNotFound")
})

test_that("what is there can be seen", {
  before(p = list())
  kv_put(kv, "/deep//er/", "p")
  expect_true(all(c("t", "deep/er") %in% kv_tables(kv)$path))
  expect_equal(unique(kv_tables(kv)$kind), "table")
  expect_true("testkv" %in% kv_containers())
  expect_equal(nrow(kv_tables(ember_kv("empty-one"))), 0)
  expect_null(kv_get(kv, "nowhere", "p"))
  expect_output(print(kv), "<container testkv of the NoSQL store>", fixed = TRUE)
  expect_output(print(incr(1:2)), "+1 +2", fixed = TRUE)
  kv_delete_table(kv, "deep/er")
  expect_false("deep/er" %in% kv_tables(kv)$path)
})

kv_delete_table(kv, "t", if_missing = "ignore")
