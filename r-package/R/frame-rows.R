# Verbs about the rows of a frame, and verbs of two frames.

#' @include frame-columns.R
NULL

#' Keep rows
#'
#' @param x a `SparkDataFrame`.
#' @param condition a `Column` or a SQL text.
#' @param ... not used for a `SparkDataFrame`; elsewhere arguments of [stats::filter()].
#' @rdname filter
#' @export
setMethod("filter", "SparkDataFrame", function(x, condition, ...) {
  if (is.character(condition)) condition <- new_column(native(wrap__column_sql, condition))
  if (!is_column(condition)) refuse("condition should be a Column or a SQL text")
  new_frame(native(wrap__frame_filter, x@sdf, condition@jc))
})

#' @rdname filter
#' @export
setMethod("where", "SparkDataFrame", function(x, condition) filter(x, condition))

#' Rows without repeats
#'
#' @param x a `SparkDataFrame`.
#' @param incomparables not used.
#' @param ... names of the columns to compare; all without any.
#' @rdname distinct
#' @export
setMethod("distinct", "SparkDataFrame", function(x) dropDuplicates(x))

#' @rdname distinct
#' @export
setMethod("unique", "SparkDataFrame", function(x, incomparables = FALSE, ...) dropDuplicates(x))

#' @rdname distinct
#' @export
setMethod("dropDuplicates", "SparkDataFrame", function(x, ...) {
  names <- as.character(unlist(list(...)))
  new_frame(native(wrap__frame_deduplicate, x@sdf, names))
})

#' Rows by chance
#'
#' @param x a `SparkDataFrame`.
#' @param withReplacement whether a row may come more than once.
#' @param fraction the expected share of the rows.
#' @param seed makes the choice repeatable.
#' @param col a column, whose values choose the fraction.
#' @param fractions a named list: value = fraction.
#' @param weights shares of the parts; they are scaled to one.
#' @param ... not used for a `SparkDataFrame`; elsewhere arguments of [base::sample()].
#' @return A `SparkDataFrame`; for `randomSplit` a list of them.
#' @rdname sample
#' @export
setMethod("sample", "SparkDataFrame", function(x, withReplacement = FALSE, fraction, seed, ...) {
  if (!is.logical(withReplacement) || length(withReplacement) != 1) {
    refuse("withReplacement must be logical; however, got ", class(withReplacement)[[1]])
  }
  if (missing(fraction)) refuse("fraction must be numeric; however, got nothing")
  if (!is.numeric(fraction) || length(fraction) != 1) refuse("fraction must be numeric; however, got ", class(fraction)[[1]])
  if (is.na(fraction) || fraction < 0) {
    refuse("Error in sample : illegal argument - requirement failed: Sampling fraction (", format(fraction, nsmall = 1), ") must be nonnegative")
  }
  new_frame(native(wrap__frame_sample, x@sdf, 0, fraction, withReplacement, seed_of(seed), FALSE))
})

seed_of <- function(seed) {
  if (missing(seed) || is.null(seed)) return(trunc(stats::runif(1, 0, .Machine$integer.max)))
  if (is.na(seed)) refuse("seed must not be NULL or NA; however, got NA")
  as.integer(seed)
}

#' @rdname sample
#' @export
setMethod("sample_frac", "SparkDataFrame", function(x, withReplacement = FALSE, fraction, seed) {
  sample(x, withReplacement, fraction, seed)
})

#' @rdname sample
#' @export
setMethod("sampleBy", "SparkDataFrame", function(x, col, fractions, seed) {
  strata <- lapply(names(fractions), utils::type.convert, as.is = TRUE)
  by <- if (is.character(col)) column_named(col) else col
  shares <- as.numeric(unlist(fractions))
  new_frame(native(wrap__frame_sample_by, x@sdf, by@jc, strata, shares, seed_of(seed)))
})

#' @rdname sample
#' @export
setMethod("randomSplit", "SparkDataFrame", function(x, weights, seed) {
  if (!all(vapply(weights, is.numeric, TRUE) & unlist(weights) >= 0)) refuse("all weight values should not be negative")
  bounds <- c(0, cumsum(unlist(weights)) / sum(unlist(weights)))
  seed <- seed_of(seed)
  lapply(seq_along(weights), function(at) {
    new_frame(native(wrap__frame_sample, x@sdf, bounds[[at]], bounds[[at + 1]], FALSE, seed, TRUE))
  })
})

#' Sort
#'
#' @param x a `SparkDataFrame`, or for `orderBy` a [WindowSpec-class].
#' @param col a name or a `Column`, which [asc()] and [desc()] can give a direction.
#' @param ... further names or columns.
#' @param decreasing for names, the direction of each.
#' @param withinPartitions whether each partition is sorted for itself.
#' @rdname arrange
#' @export
setMethod("arrange", signature(x = "SparkDataFrame", col = "Column"), function(x, col, ..., withinPartitions = FALSE) {
  sorted(x, as_columns(list(col, ...)), withinPartitions)
})

#' @rdname arrange
#' @export
setMethod("arrange", signature(x = "SparkDataFrame", col = "character"),
  function(x, col, ..., decreasing = FALSE, withinPartitions = FALSE) {
    by <- c(as.list(col), list(...))
    if (length(decreasing) == 1) decreasing <- rep(decreasing, length(by))
    if (length(decreasing) != length(by) || !is.logical(decreasing) || anyNA(decreasing)) {
      refuse("Arguments 'col' and 'decreasing' must have the same length")
    }
    orders <- Map(function(column, down) if (down) desc(column) else asc(column), as_columns(by), decreasing)
    sorted(x, orders, withinPartitions)
  }
)

sorted <- function(x, orders, within) new_frame(native(wrap__frame_sort, x@sdf, handles(orders), !within))

#' @rdname arrange
#' @export
setMethod("orderBy", signature(x = "SparkDataFrame", col = "characterOrColumn"), function(x, col, ...) arrange(x, col, ...))

#' Missing values
#'
#' @param x,object a `SparkDataFrame`.
#' @param how `"any"` drops a row with any `NULL`, `"all"` one with nothing else.
#' @param minNonNulls drops rows with fewer values; beats `how`.
#' @param cols names of the columns to look at.
#' @param value what replaces `NULL`: a number, text or logical, or a named list of them.
#' @param ... arguments of `dropna`.
#' @rdname nafunctions
#' @export
setMethod("dropna", "SparkDataFrame", function(x, how = c("any", "all"), minNonNulls = NULL, cols = NULL) {
  how <- match.arg(how)
  if (is.null(minNonNulls)) minNonNulls <- if (how == "all") 1 else NULL
  new_frame(native(wrap__frame_drop_na, x@sdf, as.character(unlist(cols)), minNonNulls))
})

#' @rdname nafunctions
#' @export
setMethod("na.omit", "SparkDataFrame", function(object, how = c("any", "all"), minNonNulls = NULL, cols = NULL) {
  dropna(object, how, minNonNulls, cols)
})

#' @rdname nafunctions
#' @export
setMethod("fillna", "SparkDataFrame", function(x, value, cols = NULL) {
  fits <- function(value) (is.numeric(value) || is.character(value) || is.logical(value)) && length(value) == 1
  if (is.list(value)) {
    if (length(value) > 0 && (is.null(names(value)) || any(names(value) == ""))) {
      refuse("value should be an a named list with each name being a column name.")
    }
    if (!all(vapply(value, fits, TRUE))) refuse("Each item in value should be an integer, numeric or character.")
    cols <- names(value)
    values <- unname(value)
  } else {
    if (!fits(value)) refuse("value should be an integer, numeric, character or named list.")
    values <- list(value)
    if (!is.null(cols) && !all(vapply(cols, is.character, TRUE))) refuse("cols should be a character vector or list")
  }
  values <- lapply(values, function(value) if (is.integer(value)) as.numeric(value) else value)
  new_frame(native(wrap__frame_fill_na, x@sdf, as.character(unlist(cols)), values))
})

set_frames <- function(x, y, operation, all, by_name = FALSE, missing_ok = FALSE) {
  new_frame(native(wrap__frame_set, x@sdf, y@sdf, operation, all, by_name, missing_ok))
}

#' Rows of both
#'
#' `union` and `unionAll` go by position and keep repeats; `rbind` needs equal names.
#'
#' @param x,y `SparkDataFrame`s.
#' @param allowMissingColumns whether a column may be missing on one side.
#' @param ... frames for `rbind`.
#' @param deparse.level as in [base::rbind()].
#' @rdname union
#' @export
setMethod("union", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) set_frames(x, y, "union", TRUE))

#' @rdname union
#' @export
setMethod("unionAll", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) union(x, y))

#' @rdname union
#' @export
setMethod("unionByName", signature(x = "SparkDataFrame", y = "SparkDataFrame"),
  function(x, y, allowMissingColumns = FALSE) set_frames(x, y, "union", TRUE, TRUE, allowMissingColumns)
)

#' @rdname union
#' @export
setMethod("rbind", "SparkDataFrame", function(..., deparse.level = 1) {
  frames <- list(...)
  first <- columns(frames[[1]])
  same <- vapply(frames, function(frame) setequal(columns(frame), first), TRUE)
  if (!all(same)) refuse("Names of input data frames are different.")
  Reduce(union, frames)
})

#' Rows in both
#'
#' @param x,y `SparkDataFrame`s.
#' @param ... not used.
#' @rdname intersect
#' @export
setMethod("intersect", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) {
  set_frames(x, y, "intersect", FALSE)
})

#' @rdname intersect
#' @export
setMethod("intersectAll", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) {
  set_frames(x, y, "intersect", TRUE)
})

#' Rows in one and not in the other
#'
#' @param x,y `SparkDataFrame`s.
#' @rdname except
#' @export
setMethod("except", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) set_frames(x, y, "except", FALSE))

#' @rdname except
#' @export
setMethod("exceptAll", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) {
  set_frames(x, y, "except", TRUE)
})

JOIN_TYPES <- c(
  "inner", "cross", "outer", "full", "fullouter", "full_outer", "left", "leftouter", "left_outer", "right", "rightouter",
  "right_outer", "semi", "leftsemi", "left_semi", "anti", "leftanti", "left_anti"
)

join_frames <- function(x, y, condition, type) {
  new_frame(native(wrap__frame_join, x@sdf, y@sdf, if (is.null(condition)) NULL else condition@jc, type))
}

#' Join
#'
#' Without a condition every row meets every row. The columns of both sides stay.
#'
#' @param x,y `SparkDataFrame`s.
#' @param joinExpr a `Column`.
#' @param joinType one of inner, cross, outer, full, fullouter, full_outer, left, leftouter, left_outer, right, rightouter,
#'   right_outer, semi, leftsemi, left_semi, anti, leftanti, left_anti.
#' @param ... not used.
#' @rdname join
#' @export
setMethod("join", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y, joinExpr = NULL, joinType = NULL) {
  if (is.null(joinExpr)) return(join_frames(x, y, NULL, "inner"))
  if (!is_column(joinExpr)) refuse("joinExpr must be a Column")
  if (is.null(joinType)) joinType <- "inner"
  if (!base::`%in%`(joinType, JOIN_TYPES)) {
    refuse("joinType must be one of the following types: ", paste0("'", JOIN_TYPES, "'", collapse = ", "))
  }
  join_frames(x, y, joinExpr, joinType)
})

#' @rdname join
#' @export
setMethod("crossJoin", signature(x = "SparkDataFrame", y = "SparkDataFrame"), function(x, y) join_frames(x, y, NULL, "cross"))

#' Join as merge() does
#'
#' Columns of both sides that have the same name get suffixes, the keys too.
#'
#' @param x,y `SparkDataFrame`s.
#' @param by names of the keys on both sides; with none every row meets every row.
#' @param by.x,by.y names of the keys on each side.
#' @param all,all.x,all.y whether rows without a partner stay.
#' @param sort whether to sort by the keys.
#' @param suffixes what equal names get.
#' @param ... not used.
#' @rdname merge
#' @export
setMethod("merge", signature(x = "SparkDataFrame", y = "SparkDataFrame"),
  function(x, y, by = base::intersect(names(x), names(y)), by.x = by, by.y = by, all = FALSE, all.x = all, all.y = all,
           sort = TRUE, suffixes = c("_x", "_y"), ...) {
    if (length(suffixes) != 2) refuse("suffixes must have length 2")
    if (length(by.x) != length(by.y)) refuse("both by.x and by.y should be the same length")
    shared <- base::intersect(names(x), names(y))
    left <- with_suffix(x, shared, suffixes[[1]])
    right <- with_suffix(y, shared, suffixes[[2]])
    if (length(by.x) == 0) return(crossJoin(left, right))
    type <- if (all.x && all.y) "outer" else if (all.x) "left_outer" else if (all.y) "right_outer" else "inner"
    key <- function(frame, name, suffix) {
      column_of(frame, quote_name(if (base::`%in%`(name, shared)) paste0(name, suffix) else name))
    }
    right_keys <- lapply(by.y, function(name) key(right, name, suffixes[[2]]))
    left_keys <- lapply(by.x, function(name) key(left, name, suffixes[[1]]))
    condition <- Reduce(`&`, Map(`==`, left_keys, right_keys))
    joined <- join_frames(left, right, condition, type)
    if (sort) sorted(joined, right_keys, FALSE) else joined
  }
)

with_suffix <- function(x, shared, suffix) {
  names <- columns(x)
  if (anyDuplicated(names)) refuse("The following column names occur more than once: ", names[duplicated(names)][[1]])
  clash <- base::intersect(paste0(shared, suffix), setdiff(names, shared))
  if (length(clash) > 0) refuse("The following column name: ", clash[[1]], " occurs more than once in the 'DataFrame'.")
  if (length(shared) == 0) return(x)
  select_columns(x, lapply(names, function(name) {
    column <- column_of(x, quote_name(name))
    if (base::`%in%`(name, shared)) alias(column, paste0(name, suffix)) else column
  }))
}

#' Columns become rows
#'
#' @param x a `SparkDataFrame`.
#' @param ids,values names or columns; `NULL` for `values` means all that are not ids.
#' @param variableColumnName,valueColumnName names of the new columns.
#' @rdname unpivot
#' @export
setMethod("unpivot", "SparkDataFrame", function(x, ids, values, variableColumnName, valueColumnName) {
  as_list <- function(columns) if (is_column(columns)) list(columns) else as.list(columns)
  value_columns <- if (is.null(values)) NULL else handles(as_columns(as_list(values)))
  id_columns <- handles(as_columns(as_list(ids)))
  new_frame(native(wrap__frame_unpivot, x@sdf, id_columns, value_columns, variableColumnName, valueColumnName))
})

#' @rdname unpivot
#' @export
setMethod("melt", "SparkDataFrame", function(x, ids, values, variableColumnName, valueColumnName) {
  unpivot(x, ids, values, variableColumnName, valueColumnName)
})
