# Every generic of the package that is not a function over columns (those are made in functions-*.R from tables).
#
# Names and argument names are SparkR's. A generic that takes the place of a function of base, stats or utils keeps
# that function as the method for everything else, so attaching this package breaks no script.
#
# Each evaluates its arguments before it dispatches: what fails while R chooses a method loses its condition class.

#' @include classes.R
NULL

# ---- SparkDataFrame: looking ----

#' @rdname schema
#' @export
setGeneric("schema", function(x) {
  force(x)
  standardGeneric("schema")
})
#' @rdname printSchema
#' @export
setGeneric("printSchema", function(x, ...) {
  force(x)
  standardGeneric("printSchema")
})
#' @rdname dtypes
#' @export
setGeneric("dtypes", function(x) {
  force(x)
  standardGeneric("dtypes")
})
#' @rdname columns
#' @export
setGeneric("columns", function(x) {
  force(x)
  standardGeneric("columns")
})
#' @rdname columns
#' @export
setGeneric("colnames", function(x, do.NULL = TRUE, prefix = "col") {
  force(x)
  standardGeneric("colnames")
})
#' @rdname columns
#' @export
setGeneric("colnames<-", function(x, value) {
  force(x)
  if (!missing(value)) force(value)
  standardGeneric("colnames<-")
})
#' @rdname coltypes
#' @export
setGeneric("coltypes", function(x) {
  force(x)
  standardGeneric("coltypes")
})
#' @rdname coltypes
#' @export
setGeneric("coltypes<-", function(x, value) {
  force(x)
  if (!missing(value)) force(value)
  standardGeneric("coltypes<-")
})
#' @rdname explain
#' @export
setGeneric("explain", function(x, ...) {
  force(x)
  standardGeneric("explain")
})
#' @rdname isLocal
#' @export
setGeneric("isLocal", function(x) {
  force(x)
  standardGeneric("isLocal")
})
#' @rdname isLocal
#' @export
setGeneric("isStreaming", function(x) {
  force(x)
  standardGeneric("isStreaming")
})
#' @rdname isLocal
#' @export
setGeneric("inputFiles", function(x) {
  force(x)
  standardGeneric("inputFiles")
})
#' @rdname showDF
#' @export
setGeneric("showDF", function(x, ...) {
  force(x)
  standardGeneric("showDF")
})
#' @rdname str
#' @export
setGeneric("str", function(object, ...) {
  force(object)
  standardGeneric("str")
}, useAsDefault = utils::str)
#' @rdname count
#' @export
setGeneric("count", function(x) {
  force(x)
  standardGeneric("count")
})
#' @rdname count
#' @export
setGeneric("nrow", function(x) {
  force(x)
  standardGeneric("nrow")
}, useAsDefault = base::nrow)
#' @rdname count
#' @export
setGeneric("ncol", function(x) {
  force(x)
  standardGeneric("ncol")
}, useAsDefault = base::ncol)
#' @rdname persist
#' @export
setGeneric("storageLevel", function(x) {
  force(x)
  standardGeneric("storageLevel")
})
#' @rdname repartition
#' @export
setGeneric("getNumPartitions", function(x) {
  force(x)
  standardGeneric("getNumPartitions")
})

# ---- SparkDataFrame: to R ----

#' @rdname collect
#' @export
setGeneric("collect", function(x, ...) {
  force(x)
  standardGeneric("collect")
})
#' @rdname collect
#' @export
setGeneric("as.data.frame",
  function(x, row.names = NULL, optional = FALSE, ...) {
  force(x)
  standardGeneric("as.data.frame")
},
  useAsDefault = base::as.data.frame
)
#' @rdname collect
#' @export
setGeneric("head", function(x, ...) {
  force(x)
  standardGeneric("head")
}, useAsDefault = utils::head)
#' @rdname collect
#' @export
setGeneric("take", function(x, num) {
  force(x)
  if (!missing(num)) force(num)
  standardGeneric("take")
})
#' @rdname collect
#' @export
setGeneric("first", function(x, ...) {
  force(x)
  standardGeneric("first")
})

# ---- SparkDataFrame: columns ----

#' @rdname select
#' @export
setGeneric("select", function(x, col, ...) {
  force(x)
  if (!missing(col)) force(col)
  standardGeneric("select")
}, signature = c("x", "col"))
#' @rdname select
#' @export
setGeneric("selectExpr", function(x, expr, ...) {
  force(x)
  standardGeneric("selectExpr")
}, signature = "x")
#' @rdname withColumn
#' @export
setGeneric("withColumn", function(x, colName, col) {
  force(x)
  standardGeneric("withColumn")
}, signature = "x")
#' @rdname withColumnRenamed
#' @export
setGeneric("withColumnRenamed", function(x, existingCol, newCol) {
  force(x)
  standardGeneric("withColumnRenamed")
}, signature = "x")
#' @rdname withColumnRenamed
#' @export
setGeneric("rename", function(x, ...) {
  force(x)
  standardGeneric("rename")
})
#' @rdname mutate
#' @export
setGeneric("mutate", function(.data, ...) {
  force(.data)
  standardGeneric("mutate")
})
#' @rdname mutate
#' @export
setGeneric("transform", function(`_data`, ...) {
  force(`_data`)
  standardGeneric("transform")
}, useAsDefault = base::transform)
#' @rdname drop
#' @export
setGeneric("drop", function(x, ...) {
  force(x)
  standardGeneric("drop")
}, useAsDefault = function(x, ...) base::drop(x, ...))
#' @rdname alias
#' @export
setGeneric("alias", function(object, ...) {
  force(object)
  standardGeneric("alias")
}, useAsDefault = stats::alias)
#' @rdname subset
#' @export
setGeneric("subset", function(x, ...) {
  force(x)
  standardGeneric("subset")
}, useAsDefault = base::subset)
#' @rdname with
#' @export
setGeneric("with", function(data, expr, ...) {
  force(data)
  standardGeneric("with")
}, signature = "data", useAsDefault = base::with)
#' @rdname with
#' @export
setGeneric("attach",
  function(what, pos = 2L, name = deparse(substitute(what), backtick = FALSE), warn.conflicts = TRUE) {
  force(what)
  standardGeneric("attach")
},
  signature = "what",
  useAsDefault = function(what, pos = 2L, name = deparse(substitute(what), backtick = FALSE), warn.conflicts = TRUE) {
    base::attach(what, pos, name, warn.conflicts)
  }
)
#' @rdname toJSON
#' @export
setGeneric("toJSON", function(x, ...) {
  force(x)
  standardGeneric("toJSON")
})

# ---- SparkDataFrame: rows ----

# The first argument alone decides, so that stats::filter keeps its own way with the others.
#' @rdname filter
#' @export
setGeneric("filter", function(x, condition, ...) {
  force(x)
  standardGeneric("filter")
},
  signature = "x",
  useAsDefault = function(x, condition, ...) {
    if (missing(condition)) stats::filter(x, ...) else stats::filter(x, condition, ...)
  }
)
#' @rdname filter
#' @export
setGeneric("where", function(x, condition) {
  force(x)
  standardGeneric("where")
}, signature = "x")
#' @rdname distinct
#' @export
setGeneric("distinct", function(x) {
  force(x)
  standardGeneric("distinct")
})
#' @rdname distinct
#' @export
setGeneric("unique", function(x, incomparables = FALSE, ...) {
  force(x)
  standardGeneric("unique")
},
  signature = "x", useAsDefault = base::unique
)
#' @rdname distinct
#' @export
setGeneric("dropDuplicates", function(x, ...) {
  force(x)
  standardGeneric("dropDuplicates")
})
#' @rdname limit
#' @export
setGeneric("limit", function(x, num) {
  force(x)
  if (!missing(num)) force(num)
  standardGeneric("limit")
})
#' @rdname sample
#' @export
setGeneric("sample", function(x, withReplacement = FALSE, fraction, seed, ...) {
  force(x)
  standardGeneric("sample")
},
  signature = "x",
  useAsDefault = function(x, withReplacement = FALSE, fraction, seed, ...) {
    # By position these are base's size, replace and prob.
    arguments <- list(x)
    if (!missing(withReplacement)) arguments$size <- withReplacement
    if (!missing(fraction)) arguments$replace <- fraction
    if (!missing(seed)) arguments$prob <- seed
    do.call(base::sample, c(arguments, list(...)))
  }
)
#' @rdname sample
#' @export
setGeneric("sample_frac", function(x, withReplacement = FALSE, fraction, seed) {
  force(x)
  standardGeneric("sample_frac")
},
  signature = "x"
)
#' @rdname sample
#' @export
setGeneric("sampleBy", function(x, col, fractions, seed) {
  force(x)
  standardGeneric("sampleBy")
}, signature = "x")
#' @rdname sample
#' @export
setGeneric("randomSplit", function(x, weights, seed) {
  force(x)
  standardGeneric("randomSplit")
}, signature = "x")
#' @rdname arrange
#' @export
setGeneric("arrange", function(x, col, ...) {
  force(x)
  if (!missing(col)) force(col)
  standardGeneric("arrange")
}, signature = c("x", "col"))
#' @rdname arrange
#' @export
setGeneric("orderBy", function(x, col, ...) {
  force(x)
  if (!missing(col)) force(col)
  standardGeneric("orderBy")
}, signature = c("x", "col"))
#' @rdname nafunctions
#' @export
setGeneric("dropna", function(x, how = c("any", "all"), minNonNulls = NULL, cols = NULL) {
  force(x)
  standardGeneric("dropna")
},
  signature = "x"
)
#' @rdname nafunctions
#' @export
setGeneric("na.omit", function(object, ...) {
  force(object)
  standardGeneric("na.omit")
}, useAsDefault = stats::na.omit)
#' @rdname nafunctions
#' @export
setGeneric("fillna", function(x, value, cols = NULL) {
  force(x)
  standardGeneric("fillna")
}, signature = "x")

# ---- SparkDataFrame: two of them ----

#' @rdname union
#' @export
setGeneric("union", function(x, y, ...) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("union")
},
  signature = c("x", "y"), useAsDefault = function(x, y, ...) base::union(x, y)
)
#' @rdname union
#' @export
setGeneric("unionAll", function(x, y) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("unionAll")
})
#' @rdname union
#' @export
setGeneric("unionByName", function(x, y, ...) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("unionByName")
}, signature = c("x", "y"))
#' @rdname union
#' @export
setGeneric("rbind", function(..., deparse.level = 1) standardGeneric("rbind"),
  signature = "...", useAsDefault = function(..., deparse.level = 1) base::rbind(..., deparse.level = deparse.level)
)
#' @rdname intersect
#' @export
setGeneric("intersect", function(x, y, ...) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("intersect")
},
  signature = c("x", "y"), useAsDefault = function(x, y, ...) base::intersect(x, y)
)
#' @rdname intersect
#' @export
setGeneric("intersectAll", function(x, y) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("intersectAll")
})
#' @rdname except
#' @export
setGeneric("except", function(x, y) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("except")
})
#' @rdname except
#' @export
setGeneric("exceptAll", function(x, y) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("exceptAll")
})
#' @rdname join
#' @export
setGeneric("join", function(x, y, ...) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("join")
}, signature = c("x", "y"))
#' @rdname join
#' @export
setGeneric("crossJoin", function(x, y) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("crossJoin")
})
#' @rdname merge
#' @export
setGeneric("merge", function(x, y, ...) {
  force(x)
  if (!missing(y)) force(y)
  standardGeneric("merge")
}, signature = c("x", "y"), useAsDefault = base::merge)

# ---- Groups and statistics ----

#' @rdname groupBy
#' @export
setGeneric("groupBy", function(x, ...) {
  force(x)
  standardGeneric("groupBy")
})
#' @rdname groupBy
#' @export
setGeneric("group_by", function(x, ...) {
  force(x)
  standardGeneric("group_by")
})
#' @rdname groupBy
#' @export
setGeneric("cube", function(x, ...) {
  force(x)
  standardGeneric("cube")
})
#' @rdname groupBy
#' @export
setGeneric("rollup", function(x, ...) {
  force(x)
  standardGeneric("rollup")
})
#' @rdname groupBy
#' @export
setGeneric("pivot", function(x, colname, values = list()) {
  force(x)
  standardGeneric("pivot")
}, signature = "x")
#' @rdname agg
#' @export
setGeneric("agg", function(x, ...) {
  force(x)
  standardGeneric("agg")
})
#' @rdname agg
#' @export
setGeneric("summarize", function(x, ...) {
  force(x)
  standardGeneric("summarize")
})
#' @rdname unpivot
#' @export
setGeneric("unpivot", function(x, ids, values, variableColumnName, valueColumnName) {
  force(x)
  standardGeneric("unpivot")
},
  signature = "x"
)
#' @rdname unpivot
#' @export
setGeneric("melt", function(x, ids, values, variableColumnName, valueColumnName) {
  force(x)
  standardGeneric("melt")
}, signature = "x")
#' @rdname describe
#' @export
setGeneric("describe", function(x, col, ...) {
  force(x)
  standardGeneric("describe")
}, signature = "x")
#' @rdname describe
#' @export
setGeneric("summary", function(object, ...) {
  force(object)
  standardGeneric("summary")
}, useAsDefault = base::summary)
#' @rdname statfunctions
#' @export
setGeneric("crosstab", function(x, col1, col2) {
  force(x)
  standardGeneric("crosstab")
}, signature = "x")
#' @rdname statfunctions
#' @export
setGeneric("freqItems", function(x, cols, support = 0.01) {
  force(x)
  standardGeneric("freqItems")
}, signature = "x")
#' @rdname statfunctions
#' @export
setGeneric("approxQuantile", function(x, cols, probabilities, relativeError) {
  force(x)
  standardGeneric("approxQuantile")
},
  signature = "x"
)
#' @rdname statfunctions
#' @export
setGeneric("histogram", function(df, col, nbins = 10) {
  force(df)
  standardGeneric("histogram")
}, signature = "df")
#' @rdname statfunctions
#' @export
setGeneric("cov", function(x, ...) {
  force(x)
  standardGeneric("cov")
}, useAsDefault = function(x, ...) stats::cov(x, ...))
#' @rdname statfunctions
#' @export
setGeneric("corr", function(x, ...) {
  force(x)
  standardGeneric("corr")
})

# ---- Physical ----

#' @rdname persist
#' @export
setGeneric("cache", function(x) {
  force(x)
  standardGeneric("cache")
})
#' @rdname persist
#' @export
setGeneric("persist", function(x, newLevel) {
  force(x)
  standardGeneric("persist")
}, signature = "x")
#' @rdname persist
#' @export
setGeneric("unpersist", function(x, ...) {
  force(x)
  standardGeneric("unpersist")
})
#' @rdname checkpoint
#' @export
setGeneric("checkpoint", function(x, eager = TRUE) {
  force(x)
  standardGeneric("checkpoint")
}, signature = "x")
#' @rdname checkpoint
#' @export
setGeneric("localCheckpoint", function(x, eager = TRUE) {
  force(x)
  standardGeneric("localCheckpoint")
}, signature = "x")
#' @rdname repartition
#' @export
setGeneric("repartition", function(x, ...) {
  force(x)
  standardGeneric("repartition")
})
#' @rdname repartition
#' @export
setGeneric("repartitionByRange", function(x, ...) {
  force(x)
  standardGeneric("repartitionByRange")
})
#' @rdname coalesce
#' @export
setGeneric("coalesce", function(x, ...) {
  force(x)
  standardGeneric("coalesce")
})
#' @rdname hint
#' @export
setGeneric("hint", function(x, name, ...) {
  force(x)
  standardGeneric("hint")
}, signature = "x")

# ---- Writing ----

#' @rdname createOrReplaceTempView
#' @export
setGeneric("createOrReplaceTempView", function(x, viewName) {
  force(x)
  standardGeneric("createOrReplaceTempView")
}, signature = "x")
#' @rdname createOrReplaceTempView
#' @export
setGeneric("registerTempTable", function(x, tableName) {
  force(x)
  standardGeneric("registerTempTable")
}, signature = "x")
#' @rdname write.df
#' @export
setGeneric("write.df", function(df, path = NULL, ...) {
  force(df)
  standardGeneric("write.df")
}, signature = "df")
#' @rdname write.df
#' @export
setGeneric("saveDF", function(df, path, source = NULL, mode = "error", ...) {
  force(df)
  standardGeneric("saveDF")
}, signature = "df")
#' @rdname write.files
#' @export
setGeneric("write.json", function(x, path, ...) {
  force(x)
  standardGeneric("write.json")
}, signature = "x")
#' @rdname write.files
#' @export
setGeneric("write.parquet", function(x, path, ...) {
  force(x)
  standardGeneric("write.parquet")
}, signature = "x")
#' @rdname write.files
#' @export
setGeneric("write.orc", function(x, path, ...) {
  force(x)
  standardGeneric("write.orc")
}, signature = "x")
#' @rdname write.files
#' @export
setGeneric("write.text", function(x, path, ...) {
  force(x)
  standardGeneric("write.text")
}, signature = "x")
#' @rdname write.jdbc
#' @export
setGeneric("write.jdbc", function(x, url, tableName, mode = "error", ...) {
  force(x)
  standardGeneric("write.jdbc")
}, signature = "x")
#' @rdname saveAsTable
#' @export
setGeneric("saveAsTable", function(df, tableName, source = NULL, mode = "error", ...) {
  force(df)
  standardGeneric("saveAsTable")
},
  signature = "df"
)
#' @rdname saveAsTable
#' @export
setGeneric("insertInto", function(x, tableName, ...) {
  force(x)
  standardGeneric("insertInto")
}, signature = "x")

# ---- Columns ----

#' @rdname column-order
#' @export
setGeneric("asc", function(x) {
  force(x)
  standardGeneric("asc")
})
#' @rdname column-order
#' @export
setGeneric("asc_nulls_first", function(x) {
  force(x)
  standardGeneric("asc_nulls_first")
})
#' @rdname column-order
#' @export
setGeneric("asc_nulls_last", function(x) {
  force(x)
  standardGeneric("asc_nulls_last")
})
#' @rdname column-order
#' @export
setGeneric("desc", function(x) {
  force(x)
  standardGeneric("desc")
})
#' @rdname column-order
#' @export
setGeneric("desc_nulls_first", function(x) {
  force(x)
  standardGeneric("desc_nulls_first")
})
#' @rdname column-order
#' @export
setGeneric("desc_nulls_last", function(x) {
  force(x)
  standardGeneric("desc_nulls_last")
})
#' @rdname cast
#' @export
setGeneric("cast", function(x, dataType) {
  force(x)
  standardGeneric("cast")
}, signature = "x")
#' @rdname column-tests
#' @export
setGeneric("between", function(x, bounds) {
  force(x)
  standardGeneric("between")
}, signature = "x")
#' @rdname column-tests
#' @export
setGeneric("isNull", function(x) {
  force(x)
  standardGeneric("isNull")
})
#' @rdname column-tests
#' @export
setGeneric("isNotNull", function(x) {
  force(x)
  standardGeneric("isNotNull")
})
#' @rdname column-tests
#' @export
setGeneric("isNaN", function(x) {
  force(x)
  standardGeneric("isNaN")
})
#' @rdname column-tests
#' @export
setGeneric("%in%", function(x, table) {
  force(x)
  standardGeneric("%in%")
}, signature = "x", useAsDefault = base::`%in%`)
#' @rdname column-tests
#' @export
setGeneric("%<=>%", function(x, value) {
  force(x)
  standardGeneric("%<=>%")
}, signature = "x")
#' @rdname column-text
#' @export
setGeneric("like", function(x, ...) {
  force(x)
  standardGeneric("like")
})
#' @rdname column-text
#' @export
setGeneric("rlike", function(x, ...) {
  force(x)
  standardGeneric("rlike")
})
#' @rdname column-text
#' @export
setGeneric("ilike", function(x, ...) {
  force(x)
  standardGeneric("ilike")
})
#' @rdname column-text
#' @export
setGeneric("contains", function(x, ...) {
  force(x)
  standardGeneric("contains")
})
#' @rdname column-text
#' @export
setGeneric("startsWith", function(x, prefix) {
  force(x)
  standardGeneric("startsWith")
}, signature = "x", useAsDefault = base::startsWith)
#' @rdname column-text
#' @export
setGeneric("endsWith", function(x, suffix) {
  force(x)
  standardGeneric("endsWith")
}, signature = "x", useAsDefault = base::endsWith)
#' @rdname column-text
#' @export
setGeneric("substr", function(x, start, stop) {
  force(x)
  standardGeneric("substr")
}, signature = "x", useAsDefault = base::substr)
#' @rdname column-parts
#' @export
setGeneric("getField", function(x, ...) {
  force(x)
  standardGeneric("getField")
})
#' @rdname column-parts
#' @export
setGeneric("getItem", function(x, ...) {
  force(x)
  standardGeneric("getItem")
})
#' @rdname column-parts
#' @export
setGeneric("withField", function(x, fieldName, col) {
  force(x)
  standardGeneric("withField")
}, signature = "x")
#' @rdname column-parts
#' @export
setGeneric("dropFields", function(x, ...) {
  force(x)
  standardGeneric("dropFields")
})
#' @rdname when
#' @export
setGeneric("when", function(condition, value) {
  force(condition)
  standardGeneric("when")
}, signature = "condition")
#' @rdname when
#' @export
setGeneric("otherwise", function(x, value) {
  force(x)
  standardGeneric("otherwise")
}, signature = "x")
#' @rdname when
#' @export
setGeneric("ifelse", function(test, yes, no) {
  force(test)
  standardGeneric("ifelse")
}, signature = "test", useAsDefault = base::ifelse)
#' @rdname column
#' @export
setGeneric("column", function(x) {
  force(x)
  standardGeneric("column")
})
#' @rdname column
#' @export
setGeneric("lit", function(x) {
  force(x)
  standardGeneric("lit")
})
#' @rdname column
#' @export
setGeneric("expr", function(x) {
  force(x)
  standardGeneric("expr")
})

# ---- Windows ----

#' @rdname windowPartitionBy
#' @export
setGeneric("windowPartitionBy", function(col, ...) {
  force(col)
  standardGeneric("windowPartitionBy")
})
#' @rdname windowPartitionBy
#' @export
setGeneric("windowOrderBy", function(col, ...) {
  force(col)
  standardGeneric("windowOrderBy")
})
#' @rdname windowPartitionBy
#' @export
setGeneric("partitionBy", function(x, ...) {
  force(x)
  standardGeneric("partitionBy")
})
#' @rdname windowPartitionBy
#' @export
setGeneric("rowsBetween", function(x, start, end) {
  force(x)
  standardGeneric("rowsBetween")
}, signature = "x")
#' @rdname windowPartitionBy
#' @export
setGeneric("rangeBetween", function(x, start, end) {
  force(x)
  standardGeneric("rangeBetween")
}, signature = "x")
#' @rdname windowPartitionBy
#' @export
setGeneric("over", function(x, window) {
  force(x)
  standardGeneric("over")
}, signature = "x")
