# How a frame is held: cached, checkpointed, partitioned, hinted.

#' @include frame-groups.R
NULL

# use disk, memory, off-heap memory, deserialized, replication
storage_levels <- list(
  NONE = c(0L, 0L, 0L, 0L, 1L),
  DISK_ONLY = c(1L, 0L, 0L, 0L, 1L),
  DISK_ONLY_2 = c(1L, 0L, 0L, 0L, 2L),
  DISK_ONLY_3 = c(1L, 0L, 0L, 0L, 3L),
  MEMORY_ONLY = c(0L, 1L, 0L, 1L, 1L),
  MEMORY_ONLY_2 = c(0L, 1L, 0L, 1L, 2L),
  MEMORY_ONLY_SER = c(0L, 1L, 0L, 0L, 1L),
  MEMORY_ONLY_SER_2 = c(0L, 1L, 0L, 0L, 2L),
  MEMORY_AND_DISK = c(1L, 1L, 0L, 1L, 1L),
  MEMORY_AND_DISK_2 = c(1L, 1L, 0L, 1L, 2L),
  MEMORY_AND_DISK_SER = c(1L, 1L, 0L, 0L, 1L),
  MEMORY_AND_DISK_SER_2 = c(1L, 1L, 0L, 0L, 2L),
  OFF_HEAP = c(1L, 1L, 1L, 0L, 1L)
)

#' Keep computed rows
#'
#' @param x a `SparkDataFrame`.
#' @param newLevel a storage level, such as `"MEMORY_AND_DISK"`.
#' @param blocking whether to wait until the rows are gone.
#' @param ... not used.
#' @return The frame; for `storageLevel` a text.
#' @rdname persist
#' @export
setMethod("cache", "SparkDataFrame", function(x) {
  native(wrap__frame_persist, x@sdf, NULL)
  x@env$isCached <- TRUE
  x
})

#' @rdname persist
#' @export
setMethod("persist", "SparkDataFrame", function(x, newLevel = "MEMORY_AND_DISK") {
  level <- storage_levels[[newLevel]]
  if (is.null(level)) refuse("Unknown StorageLevel: ", newLevel)
  native(wrap__frame_persist, x@sdf, level)
  x@env$isCached <- TRUE
  x
})

#' @rdname persist
#' @export
setMethod("unpersist", "SparkDataFrame", function(x, blocking = FALSE) {
  native(wrap__frame_unpersist, x@sdf, blocking)
  x@env$isCached <- FALSE
  x
})

#' @rdname persist
#' @export
setMethod("storageLevel", "SparkDataFrame", function(x) {
  level <- native(wrap__frame_storage_level, x@sdf)
  named <- names(storage_levels)[vapply(storage_levels, identical, TRUE, level)]
  places <- c("disk", "memory", "offheap", "deserialized")[level[1:4] != 0]
  text <- paste0("StorageLevel(", paste(c(places, paste(level[[5]], "replicas")), collapse = ", "), ")")
  if (length(named) > 0) paste(named[[1]], "-", text) else text
})

#' Compute now and cut the plan
#'
#' @param x a `SparkDataFrame`.
#' @param eager whether to compute at once.
#' @return A `SparkDataFrame` that reads what was computed.
#' @rdname checkpoint
#' @export
setMethod("checkpoint", "SparkDataFrame", function(x, eager = TRUE) {
  new_frame(native(wrap__frame_checkpoint, x@sdf, FALSE, eager))
})

#' @rdname checkpoint
#' @export
setMethod("localCheckpoint", "SparkDataFrame", function(x, eager = TRUE) {
  new_frame(native(wrap__frame_checkpoint, x@sdf, TRUE, eager))
})

#' Partitions
#'
#' @param x a `SparkDataFrame`.
#' @param numPartitions how many.
#' @param col,... columns; equal values then share a partition, or neighbouring ones for `repartitionByRange`.
#' @rdname repartition
#' @export
setMethod("repartition", "SparkDataFrame", function(x, numPartitions = NULL, col = NULL, ...) {
  if (is_column(numPartitions)) {
    col_args <- list(numPartitions, col, ...)
    numPartitions <- NULL
  } else {
    col_args <- list(col, ...)
  }
  by <- Filter(Negate(is.null), col_args)
  if (length(by) > 0) {
    if (!is_column(by[[1]])) refuse("Please, specify the number of partitions and/or a column(s)")
    return(new_frame(native(wrap__frame_repartition_by, x@sdf, partitions_of(numPartitions), handles(by), FALSE)))
  }
  if (is.null(numPartitions)) refuse("Please, specify the number of partitions and/or a column(s)")
  new_frame(native(wrap__frame_repartition, x@sdf, partitions_of(numPartitions), TRUE))
})

partitions_of <- function(number) {
  if (is.null(number)) return(NULL)
  if (!is.numeric(number)) refuse("numPartitions should be numeric.")
  trunc(number)
}

#' @rdname repartition
#' @export
setMethod("repartitionByRange", "SparkDataFrame", function(x, numPartitions = NULL, col = NULL, ...) {
  if (is_column(numPartitions)) {
    by <- list(numPartitions, col, ...)
    numPartitions <- NULL
  } else {
    by <- list(col, ...)
  }
  by <- Filter(Negate(is.null), by)
  if (length(by) == 0 || !is_column(by[[1]])) {
    refuse("At least one partition-by column must be specified.")
  }
  new_frame(native(wrap__frame_repartition_by, x@sdf, partitions_of(numPartitions), handles(by), TRUE))
})

#' @rdname repartition
#' @export
setMethod("getNumPartitions", "SparkDataFrame", function(x) {
  ids <- select(x, alias(call_function("spark_partition_id"), "id"))
  highest <- collect(agg(ids, highest = max(column("id"))))[[1]]
  if (is.na(highest)) 0L else highest + 1L
})

#' Fewer partitions, or the first value that is not NULL
#'
#' @param x a `SparkDataFrame`, whose partitions are merged until there are `numPartitions`; or a `Column`.
#' @param numPartitions how many.
#' @param ... further columns.
#' @rdname coalesce
#' @export
setMethod("coalesce", "SparkDataFrame", function(x, numPartitions) {
  if (!is.numeric(numPartitions) || numPartitions < 1) refuse("number of partitions must be positive")
  new_frame(native(wrap__frame_repartition, x@sdf, trunc(numPartitions), FALSE))
})

#' Hints for the planner
#'
#' @param x a `SparkDataFrame`.
#' @param name the hint.
#' @param ... its parameters: texts, numbers or lists of them.
#' @rdname hint
#' @export
setMethod("hint", "SparkDataFrame", function(x, name, ...) {
  parameters <- unlist(list(...), recursive = TRUE)
  fits <- is.null(parameters) || is.character(parameters) || is.numeric(parameters)
  if (!fits) refuse("parameters should be character or numeric, or lists of them")
  new_frame(native(wrap__frame_hint, x@sdf, name, handles(lapply(parameters, as_column))))
})

#' @rdname hint
#' @export
broadcast <- function(x) {
  if (!is(x, "SparkDataFrame")) refuse("x should be a SparkDataFrame")
  hint(x, "broadcast")
}
