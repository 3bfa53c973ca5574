# Functions of single rows: mathematics, text, dates, conditions, hashes, formats.

#' @include functions-make.R
NULL

#' Functions over columns
#'
#' The functions of Spark SQL, by the names SparkR gives them. Most take a column first; those named after two-argument
#' mathematics take the data first as `y`.
#'
#' @details
#' Mathematics, text, dates and times, conditions, hashes, formats, collections, higher-order functions, aggregates and
#' window functions. `vignette`-like descriptions of each are Spark SQL's; names differ as follows: `n` is count,
#' `n_distinct` count(distinct), `sd` stddev_samp, `var` var_samp, `std` stddev, `create_array` array, `create_map` map,
#' `split_string` split, `repeat_string` repeat, `grouping_bit` grouping, `array_aggregate` aggregate, `array_exists`
#' exists, `array_forall` forall, `array_filter` filter, `array_transform` transform, `arrays_zip_with` zip_with.
#'
#' @param x,y columns; where two are taken the other may be a value.
#' @param ... further arguments.
#' @return A `Column`.
#' @name column-functions
#' @evalNamespace export_made_functions()
#' @evalRd describe_made_functions()
NULL

export_made_functions <- function() {
  names <- sort(unique(unlist(as.list(made_functions))))
  operators <- c(names(column_operators), "!=", "!")
  paste0("exportMethods(\"", c(names, operators), "\")")
}

# The help page lists the functions from the tables that made them, and answers to each of their names.
describe_made_functions <- function() {
  namespace <- topenv()
  names <- unique(c(sort(unique(unlist(as.list(made_functions)))), names(column_operators), "!=", "!"))
  # Verbs of frames have pages of their own, where their methods for frames and groups are.
  elsewhere <- c("coalesce", "corr", "count", "cov", "first")
  methods <- unlist(lapply(names, function(name) {
    found <- findMethods(name, where = namespace)
    signatures <- vapply(names(found), function(signature) gsub("#", ",", signature, fixed = TRUE), "")
    if (name %in% elsewhere) signatures <- setdiff(signatures, c("SparkDataFrame", "GroupedData"))
    paste0(name, ",", signatures, "-method")
  }))
  escaped <- gsub("%", "\\%", unique(c(setdiff(names, elsewhere), methods)), fixed = TRUE)
  titles <- c(
    math = "Mathematics", text = "Text", time = "Dates and times", misc = "Conditions, hashes and the rest",
    format = "Formats", nested = "Arrays, maps and structs", aggregate = "Aggregates", window = "Windows"
  )
  sections <- vapply(names(titles), function(family) {
    listed <- paste0("\\code{", sort(unique(made_functions[[family]])), "}", collapse = ", ")
    paste0("\\section{", titles[[family]], "}{\n", listed, "\n}")
  }, "")
  c(paste0("\\alias{", escaped, "}"), sections)
}

# ---- Mathematics ----

one_column("math", c(
  "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "bin", "cbrt", ceil = "ceil", ceiling = "ceil", "cos", "cosh",
  "cot", "csc", "degrees", "exp", "expm1", "factorial", "floor", "hex", "ln", "log10", "log1p", "log2", negate = "negative",
  "negative", "positive", "radians", "rint", "sec", sign = "signum", "signum", "sin", "sinh", "sqrt", "tan", "tanh",
  "unhex", bitwise_not = "~"
))
two_columns("math", c("atan2", "hypot", "pmod", "nanvl", "shiftleft", "shiftright", "shiftrightunsigned"))

own_function("math", "log", function(x, base = exp(1)) {
  if (missing(base)) call_function("ln", x) else call_function("log", base, x)
})
own_function("math", "round", function(x, digits = 0) call_function("round", x, as.integer(digits)))
own_function("math", "bround", function(x, scale = 0) call_function("bround", x, as.integer(scale)))
own_function("math", "conv", function(x, fromBase, toBase) {
  call_function("conv", x, as.integer(fromBase), as.integer(toBase))
})
own_function("math", "width_bucket", function(v, min, max, numBuckets) {
  call_function("width_bucket", v, min, max, if (is.numeric(numBuckets)) as.integer(numBuckets) else numBuckets)
})

random_column <- function(name) {
  own_function("math", name, as_method(alist(seed = ), bquote(call_function(.(name), seed_literal()))), "missing")
  setMethod(name, c(seed = "numeric"), as_method(alist(seed = ), bquote(call_function(.(name), as.integer(seed)))),
    where = topenv()
  )
}
seed_literal <- function() as.integer(stats::runif(1, 0, .Machine$integer.max))
random_column("rand")
random_column("randn")

deprecated_function("math", "toDegrees", "degrees")
deprecated_function("math", "toRadians", "radians")
deprecated_function("math", "bitwiseNOT", "bitwise_not")
for (pair in list(c("shiftLeft", "shiftleft"), c("shiftRight", "shiftright"), c("shiftRightUnsigned", "shiftrightunsigned"))) {
  local({
    old <- pair[[1]]
    new <- pair[[2]]
    own_function("math", old, as_method(alist(y = , x = ), bquote({
      .Deprecated(.(new), old = .(old))
      .(as.name(new))(y, x)
    })))
  })
}

# ---- Text ----

one_column("text", c(
  "ascii", "base64", "bit_length", "collation", "initcap", "length", "lower", "octet_length", "reverse", "soundex",
  "unbase64", "upper"
))
two_columns("text", c("levenshtein", "instr"))
many_columns("text", c("concat"))
for (name in c("ltrim", "rtrim", "trim")) {
  local({
    spark <- name
    own_function("text", spark, function(x, trimString) {
      if (missing(trimString)) call_function(spark, x) else call_function(spark, x, trimString)
    })
  })
}
own_function("text", "format_number", function(y, x) call_function("format_number", y, if (is.numeric(x)) as.integer(x) else x))
own_function("text", "collate", function(x, collation) call_function("collate", x, collation))
own_function("text", "concat_ws", function(sep, x, ...) call_function_list("concat_ws", list(sep, x, ...)), "character")
own_function("text", "format_string", function(format, x, ...) {
  call_function_list("format_string", list(format, x, ...))
}, "character")
own_function("text", "decode", function(x, charset) call_function("decode", x, charset))
own_function("text", "encode", function(x, charset) call_function("encode", x, charset))
own_function("text", "locate", function(substr, str, pos = 1) {
  call_function("locate", substr, str, as.integer(pos))
}, c("character", "Column"))
own_function("text", "lpad", function(x, len, pad) call_function("lpad", x, as.integer(len), pad))
own_function("text", "rpad", function(x, len, pad) call_function("rpad", x, as.integer(len), pad))
own_function("text", "overlay", function(x, replace, pos, len = -1) {
  whole <- function(value) if (is.numeric(value)) as.integer(value) else value
  call_function("overlay", x, replace, whole(pos), whole(len))
})
own_function("text", "regexp_extract", function(x, pattern, idx) call_function("regexp_extract", x, pattern, as.integer(idx)))
own_function("text", "regexp_replace", function(x, pattern, replacement) {
  call_function("regexp_replace", x, pattern, replacement)
})
own_function("text", "repeat_string", function(x, n) call_function("repeat", x, as.integer(n)))
own_function("text", "split_string", function(x, pattern, limit = -1) call_function("split", x, pattern, as.integer(limit)))
own_function("text", "substring_index", function(x, delim, count) {
  call_function("substring_index", x, delim, as.integer(count))
})
own_function("text", "translate", function(x, matchingString, replaceString) {
  call_function("translate", x, matchingString, replaceString)
})

# ---- Dates and times ----

one_column("time", c(
  "dayname", "dayofmonth", "dayofweek", "dayofyear", "hour", "last_day", "minute", "month", "monthname", "quarter", "second",
  "timestamp_seconds", "weekofyear", "year"
))
two_columns("time", c("datediff", "from_utc_timestamp", "next_day", "to_utc_timestamp", "date_format"))
for (name in c("add_months", "date_add", "date_sub")) {
  local({
    spark <- name
    own_function("time", spark, function(y, x) call_function(spark, y, if (is.numeric(x)) as.integer(x) else x))
  })
}
own_function("time", "months_between", function(y, x, roundOff = NULL) {
  if (is.null(roundOff)) call_function("months_between", y, x) else call_function("months_between", y, x, roundOff)
})
no_columns("time", c("current_date", "current_timestamp"))
own_function("time", "date_trunc", function(format, x) call_function("date_trunc", format, x), "character")
own_function("time", "trunc", function(x, format) call_function("trunc", x, format))
for (name in c("to_date", "to_timestamp", "unix_timestamp")) {
  local({
    spark <- name
    own_function("time", spark, function(x, format) {
      if (missing(format)) call_function(spark, x) else call_function(spark, x, format)
    })
  })
}
setMethod("unix_timestamp", c(x = "missing"), function(x, format) call_function("unix_timestamp", call_function("current_timestamp")))
own_function("time", "from_unixtime", function(x, format = "yyyy-MM-dd HH:mm:ss") call_function("from_unixtime", x, format))
own_function("time", "make_date", function(x, y, z) call_function("make_date", x, y, z))
own_function("time", "window", function(x, windowDuration, slideDuration = NULL, startTime = NULL) {
  texts <- list(windowDuration, slideDuration, startTime)
  given <- !vapply(texts, is.null, TRUE)
  fits <- vapply(texts[given], is.character, TRUE)
  if (!all(fits)) refuse("windowDuration, slideDuration and startTime should be character")
  if (!is.null(startTime) && is.null(slideDuration)) slideDuration <- windowDuration
  call_function_list("window", c(list(x, windowDuration), slideDuration, startTime))
})

# ---- Conditions and the rest ----

one_column("misc", c(isnan = "isnan", is.nan = "isnan", not = "not", "crc32", "md5", "sha1"))
many_columns("misc", c("greatest", "least", "hash", "xxhash64"))
no_columns("misc", c("input_file_name", "monotonically_increasing_id", "spark_partition_id"))

own_function("misc", "coalesce", function(x, ...) call_function_list("coalesce", list(x, ...)))
own_function("misc", "sha2", function(y, x) call_function("sha2", y, as.integer(x)))
own_function("misc", "assert_true", function(x, errMsg = NULL) {
  if (is.null(errMsg)) call_function("assert_true", x) else call_function("assert_true", x, errMsg)
})
own_function("misc", "raise_error", function(x) call_function("raise_error", x), c("Column", "character"))
own_function("misc", "array_to_vector", function(x) call_function("array_to_vector", x))
own_function("misc", "vector_to_array", function(x, dtype = c("float64", "float32")) {
  call_function("vector_to_array", x, match.arg(dtype))
})

# ---- Formats ----

options_column <- function(...) {
  options <- option_texts(...)
  if (length(options) == 0) return(NULL)
  pairs <- unlist(Map(list, names(options), unname(options)), recursive = FALSE, use.names = FALSE)
  call_function_list("map", pairs)
}

with_options <- function(name, arguments, ...) call_function_list(name, c(arguments, options_column(...)))

schema_column <- function(schema, as.json.array = FALSE) {
  if (is_column(schema)) return(schema)
  if (is.list(schema) && !inherits(schema, "structType")) return(schema_column(schema[[1]], as.json.array))
  if (!inherits(schema, "structType") && !is.character(schema)) refuse("schema should be structType, character or Column")
  ddl <- ddl_of(schema)
  lit(if (as.json.array) paste0("array<struct<", ddl, ">>") else ddl)
}

own_function("format", "from_json", function(x, schema, as.json.array = FALSE, ...) {
  with_options("from_json", list(x, schema_column(schema, as.json.array)), ...)
})
own_function("format", "from_csv", function(x, schema, ...) with_options("from_csv", list(x, schema_column(schema)), ...))
own_function("format", "to_json", function(x, ...) with_options("to_json", list(x), ...))
own_function("format", "to_csv", function(x, ...) with_options("to_csv", list(x), ...))
own_function("format", "schema_of_json", function(x, ...) with_options("schema_of_json", list(x), ...), c("Column", "character"))
own_function("format", "schema_of_csv", function(x, ...) with_options("schema_of_csv", list(x), ...), c("Column", "character"))
own_function("format", "from_avro", function(x, jsonFormatSchema, ...) with_options("from_avro", list(x, jsonFormatSchema), ...))
own_function("format", "to_avro", function(x, jsonFormatSchema = NULL) {
  call_function_list("to_avro", c(list(x), jsonFormatSchema))
})
