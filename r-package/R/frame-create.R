# R data becomes a SparkDataFrame.
#
#     data.frame ─┐
#     rows ───────┼─► columns, names ─► Rust: types, Arrow ─► LocalRelation
#     scalars ────┘

#' @include schema-types.R
NULL

#' Make a SparkDataFrame of R data
#'
#' Types follow the first row. Factors become text; dots in names become underscores, with a warning each.
#'
#' @param data a data.frame, a list of rows (lists), or a list of scalars.
#' @param schema `NULL`, column names, or a [structType()].
#' @param samplingRatio not used.
#' @param numPartitions in how many partitions the rows start, at most one per row; by default in one.
#' @return A `SparkDataFrame`.
#' @examples
#' \dontrun{
#' df <- createDataFrame(faithful)
#' df <- createDataFrame(list(list(1L, "a"), list(2L, "b")), c("id", "name"))
#' }
#' @export
createDataFrame <- function(data, schema = NULL, samplingRatio = 1.0, numPartitions = NULL) {
  session <- active_session()
  if (is.data.frame(data)) {
    names <- names(data)
    columns <- unname(as.list(data))
    rows <- base::nrow(data)
  } else if (is.list(data)) {
    split <- split_rows(data)
    names <- split$names
    columns <- split$columns
    rows <- length(data)
  } else {
    refuse("unexpected type: ", paste(class(data), collapse = " "))
  }
  if (!is.null(numPartitions) && !is.numeric(numPartitions)) refuse("numPartitions should be numeric.")
  if (is.character(schema) && length(schema) == 1 && length(columns) != 1) schema <- structType(schema)
  pieces <- if (is.null(numPartitions)) 1 else max(1, trunc(numPartitions))
  if (inherits(schema, "structType")) {
    return(frame_of_typed(session, columns, rows, schema, pieces))
  }
  if (!is.null(schema)) names <- as.character(unlist(schema))
  if (length(columns) == 0) refuse("can not create a SparkDataFrame without columns; give a schema")
  names <- column_names(names, length(columns))
  columns <- lapply(columns, ready_column)
  new_frame(native(wrap__frame_from_columns, session, columns, names, rows, NULL, pieces))
}

#' @rdname createDataFrame
#' @export
as.DataFrame <- function(data, schema = NULL, samplingRatio = 1.0, numPartitions = NULL) {
  createDataFrame(data, schema, samplingRatio, numPartitions)
}

frame_of_typed <- function(session, columns, rows, schema, pieces) {
  fields <- schema$parts$names
  if (rows == 0) columns <- rep(list(list()), length(fields))
  if (length(columns) != length(fields)) {
    refuse("the schema has ", length(fields), " fields and the data have ", length(columns), " columns")
  }
  columns <- lapply(columns, ready_column)
  new_frame(native(wrap__frame_from_columns, session, columns, fields, rows, schema$parts, pieces))
}

# Rows (lists or scalars) as columns of cells; the first row says how many there are.
split_rows <- function(rows) {
  if (length(rows) == 0) return(list(names = NULL, columns = list()))
  first <- rows[[1]]
  if (!is.list(first) && !is.environment(first) && length(first) <= 1 || inherits(first, "struct") || is.raw(first)) {
    return(list(names = NULL, columns = list(rows_as_cells(rows))))
  }
  columns <- lapply(seq_along(first), function(at) rows_as_cells(lapply(rows, function(row) cell_at(row, at))))
  list(names = names(first), columns = columns)
}

cell_at <- function(row, at) if (at <= length(row)) row[[at]] else NULL

rows_as_cells <- function(cells) lapply(unname(cells), function(cell) if (inherits(cell, "POSIXlt")) as.POSIXct(cell) else cell)

# What Rust takes: factors as text, broken-down times as instants.
ready_column <- function(column) {
  if (is.factor(column)) as.character(column) else if (inherits(column, "POSIXlt")) as.POSIXct(column) else column
}

column_names <- function(names, count) {
  if (is.null(names)) names <- character()
  length(names) <- count
  missing <- is.na(names) | names == ""
  names[missing] <- paste0("_", seq_len(count)[missing])
  for (at in grep(".", names, fixed = TRUE)) {
    plain <- gsub(".", "_", names[[at]], fixed = TRUE)
    warning("Use ", plain, " instead of ", names[[at]], " as column name", call. = FALSE)
    names[[at]] <- plain
  }
  names
}
