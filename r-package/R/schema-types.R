# Schemas as R users write and print them: structType, structField, coltypes.
#
# A structType holds parallel vectors: names, types (Spark's short spelling), classes (as printed), nullable.

#' @include session.R
NULL

#' Schemas
#'
#' A `structType` describes the columns of a frame; it is made of `structField`s or of a DDL text.
#'
#' @param x a `structField`, a DDL text such as `"a INT, b STRING"`, or the name of a field.
#' @param ... further fields; for `structField` its type and whether it may be `NULL`.
#' @param type the type of a field: byte, tinyint, smallint, integer, int, bigint, float, double, decimal,
#'   `decimal(p,s)`, string, binary, boolean, timestamp, date, `array<T>`, `map<string,T>`, `struct<a:T,b:U>`.
#' @param nullable whether the field may be `NULL`.
#' @return An S3 object. `schema$fields()` lists the fields; a field has `name()`, `nullable()`,
#'   `dataType.toString()` and `dataType.simpleString()`.
#' @examples
#' \dontrun{
#' structType(structField("a", "integer"), structField("b", "string"))
#' structType("a INT, b STRING")
#' }
#' @rawNamespace export(structType.character, structType.jobj, structType.structField, print.structType)
#' @rawNamespace export(structField.character, structField.jobj, print.structField)
#' @export
structType <- function(x, ...) UseMethod("structType", x)

new_struct_type <- function(names, types, classes, nullable, ddl = NULL) {
  fields <- Map(new_struct_field, names, types, classes, nullable)
  structure(
    list(fields = function() unname(fields), parts = list(names = names, types = types, nullable = nullable, ddl = ddl)),
    class = "structType"
  )
}

new_struct_field <- function(name, type, class, nullable) {
  structure(
    list(
      name = function() name,
      dataType.toString = function() class,
      dataType.simpleString = function() type,
      nullable = function() nullable
    ),
    class = "structField"
  )
}

struct_type_of <- function(schema) new_struct_type(schema$names, schema$types, schema$classes, schema$nullable, schema$ddl)

#' @rdname structType
#' @export
structType.structField <- function(x, ...) {
  fields <- list(x, ...)
  if (!all(vapply(fields, inherits, TRUE, "structField"))) refuse("All arguments must be structField objects.")
  part <- function(name, kind) vapply(fields, function(field) field[[name]](), kind)
  new_struct_type(part("name", ""), part("dataType.simpleString", ""), part("dataType.toString", ""), part("nullable", TRUE))
}

#' @rdname structType
#' @export
structType.character <- function(x, ...) {
  if (!is.character(x) || length(x) != 1) refuse("schema must be a DDL-formatted string.")
  struct_type_of(native(wrap__session_parse_ddl, active_session(), x))
}

#' @rdname structType
#' @export
structType.jobj <- function(x, ...) refuse("There are no Java objects behind this package.")

#' @rdname structType
#' @exportS3Method print structType
print.structType <- function(x, ...) {
  cat("StructType\n")
  for (field in x$fields()) {
    cat("|-name = \"", field$name(), "\", type = \"", field$dataType.toString(), "\", nullable = ", field$nullable(), "\n", sep = "")
  }
  invisible(x)
}

#' @rdname structType
#' @export
structField <- function(x, ...) UseMethod("structField", x)

#' @rdname structType
#' @export
structField.character <- function(x, type, nullable = TRUE, ...) {
  if (!is.character(type)) refuse("Field type must be a string.")
  if (!is.logical(nullable)) refuse("nullable must be either TRUE or FALSE")
  parsed <- native(wrap__type_parse, type)
  new_struct_field(x, parsed$simple, parsed$class, nullable)
}

#' @rdname structType
#' @export
structField.jobj <- function(x, ...) refuse("There are no Java objects behind this package.")

#' @rdname structType
#' @exportS3Method print structField
print.structField <- function(x, ...) {
  cat("StructField(name = \"", x$name(), "\", type = \"", x$dataType.toString(), "\", nullable = ", x$nullable(), ")\n", sep = "")
  invisible(x)
}

# The DDL of a structType, for readers and functions that parse text.
ddl_of <- function(schema) {
  if (is.character(schema)) return(schema)
  parts <- schema$parts
  native(wrap__schema_ddl, parts)
}

#' The schema of a frame
#'
#' @param x a `SparkDataFrame`.
#' @return A [structType()].
#' @rdname schema
#' @export
setMethod("schema", "SparkDataFrame", function(x) struct_type_of(frame_schema(x)))

frame_schema <- function(x) native(wrap__frame_schema, x@sdf)

# Like columns(), but a frame's verbs are not checked for it: for verbs that are called in loops.
frame_names <- function(x) native(wrap__frame_names, x@sdf)

#' Print the schema as a tree
#'
#' @param x a `SparkDataFrame`.
#' @param ... not used.
#' @rdname printSchema
#' @export
setMethod("printSchema", "SparkDataFrame", function(x, ...) {
  cat(sub("\n*$", "\n", native(wrap__frame_tree, x@sdf)))
})

#' Names and types
#'
#' @param x a `SparkDataFrame`.
#' @return A list with one `c(name, type)` per column.
#' @rdname dtypes
#' @export
setMethod("dtypes", "SparkDataFrame", function(x) {
  schema <- frame_schema(x)
  unname(Map(function(name, type) c(name, type), schema$names, schema$types))
})

#' Column names
#'
#' @param x a `SparkDataFrame`.
#' @param do.NULL,prefix not used for a `SparkDataFrame`.
#' @param value new names, one per column.
#' @rdname columns
#' @export
setMethod("columns", "SparkDataFrame", function(x) as.character(frame_schema(x)$names))

#' @rdname columns
#' @export
setMethod("names", "SparkDataFrame", function(x) columns(x))

#' @rdname columns
#' @export
setMethod("names<-", "SparkDataFrame", function(x, value) {
  colnames(x) <- value
  x
})

#' @rdname columns
#' @export
setMethod("colnames", "SparkDataFrame", function(x, do.NULL = TRUE, prefix = "col") columns(x))

#' @rdname columns
#' @export
setMethod("colnames", "ANY", function(x, do.NULL = TRUE, prefix = "col") base::colnames(x, do.NULL, prefix))

#' @rdname columns
#' @export
setMethod("colnames<-", "SparkDataFrame", function(x, value) {
  if (is.null(value) || !is.character(value)) refuse("Invalid column names.")
  if (length(value) != ncol(x)) refuse("Column names must have the same length as the number of columns in the dataset.")
  if (anyNA(value)) refuse("Column names cannot be NA.")
  if (any(grepl(".", value, fixed = TRUE))) refuse("Column names cannot contain the '.' symbol.")
  new_frame(native(wrap__frame_to_df, x@sdf, value))
})

#' @rdname columns
#' @export
setMethod("colnames<-", "ANY", function(x, value) base::`colnames<-`(x, value))

#' Column classes
#'
#' @param x a `SparkDataFrame`.
#' @param value R class names, one per column; `NA` leaves a column as it is.
#' @return The class each column has after [collect()]; complex types keep Spark's spelling.
#' @rdname coltypes
#' @export
setMethod("coltypes", "SparkDataFrame", function(x) vapply(frame_schema(x)$types, r_class, "", USE.NAMES = FALSE))

r_classes <- c(
  tinyint = "integer", smallint = "integer", int = "integer", byte = "integer", integer = "integer",
  bigint = "numeric", float = "numeric", double = "numeric", decimal = "numeric",
  string = "character", binary = "raw", boolean = "logical", timestamp = "POSIXct", timestamp_ntz = "POSIXct", date = "Date"
)

r_class <- function(type) {
  plain <- sub("^(decimal|char|varchar)\\(.*", "\\1", type)
  if (base::`%in%`(plain, c("char", "varchar"))) return("character")
  known <- unname(r_classes[plain])
  if (is.na(known)) type else known
}

#' @rdname coltypes
#' @export
setMethod("coltypes<-", "SparkDataFrame", function(x, value) {
  if (!is.character(value) && !all(is.na(value))) refuse("Only atomic type is supported for column types")
  names <- columns(x)
  if (length(value) != length(names)) refuse("Length of type vector should match the number of columns for SparkDataFrame")
  spark <- c(
    integer = "int", numeric = "double", double = "double", character = "string", logical = "boolean",
    Date = "date", POSIXct = "timestamp", raw = "binary"
  )
  unknown <- setdiff(value[!is.na(value)], names(spark))
  if (length(unknown) > 0) refuse("Only atomic type is supported for column types")
  casts <- Map(function(name, type) {
    column <- column_exactly(name)
    if (is.na(type)) column else alias(cast(column, spark[[type]]), name)
  }, names, value)
  new_frame(native(wrap__frame_select, x@sdf, handles(unname(casts))))
})
