# Results that do not fit into R, read batch by batch.

#' @include frame-collect.R
NULL

#' Read a result batch by batch
#'
#' [collect()] brings a whole result; a batch reader brings one part of it at a time, and the query waits while nobody
#' reads, so memory stays flat however large the result is.
#'
#' @param x a `SparkDataFrame`.
#' @param reader,con what `batchReader` made.
#' @param ... not used.
#' @return `nextBatch` a data.frame of at least one row, or `NULL` after the last one.
#' @examples
#' \dontrun{
#' reader <- batchReader(df)
#' while (!is.null(rows <- nextBatch(reader))) cat(nrow(rows), "rows\n")
#' close(reader)
#' }
#' @export
batchReader <- function(x) {
  if (!is(x, "SparkDataFrame")) refuse("x should be a SparkDataFrame")
  structure(list(handle = native(wrap__reader_open, x@sdf)), class = "emberflow_batches")
}

#' @rdname batchReader
#' @export
nextBatch <- function(reader) {
  if (!inherits(reader, "emberflow_batches")) refuse("reader should come from batchReader()")
  columns <- native(wrap__reader_next, reader$handle)
  if (is.null(columns)) NULL else rows_as_data_frame(columns)
}

#' @rdname batchReader
#' @exportS3Method close emberflow_batches
close.emberflow_batches <- function(con, ...) {
  native(wrap__reader_close, con$handle)
  invisible()
}

#' @rdname batchReader
#' @exportS3Method print emberflow_batches
print.emberflow_batches <- function(x, ...) {
  cat("<emberflow batch reader>\n")
  invisible(x)
}
