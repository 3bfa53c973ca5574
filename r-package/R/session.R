# Sessions: one per R process, as scripts expect.

#' @include generics.R
NULL

state <- new.env(parent = emptyenv())

# The native handle of the session, or SparkR's error.
active_session <- function() {
  if (is.null(state$session)) stop(ember_condition("invalid", "SparkSession not initialized", user_call()))
  state$session
}

#' Start or change the session
#'
#' Without a master, or with one that names a cluster manager, the engine runs inside this R process. A master of the
#' form `"sc://host:port"` connects to a Spark Connect server instead; so does the environment variable `SPARK_REMOTE`
#' when no master is given. A second call returns the session that runs and applies the settings it is given.
#'
#' @param master where to run: `""`, `"sc://host:port/;key=value"`, or any master a script was written for.
#' @param appName a name for the application.
#' @param sparkHome,sparkJars,sparkPackages,enableHiveSupport accepted because scripts pass them; the engine needs none.
#' @param sparkConfig a named list of settings.
#' @param ... further settings by name; they beat `sparkConfig`.
#' @return A handle of the session, invisibly useful only for printing.
#' @examples
#' \dontrun{
#' sparkR.session()
#' sparkR.session("sc://cluster:15002")
#' sparkR.session(spark.sql.shuffle.partitions = 4)
#' }
#' @export
sparkR.session <- function(master = "", appName = "SparkR", sparkHome = Sys.getenv("SPARK_HOME"), sparkConfig = list(),
                           sparkJars = "", sparkPackages = "", enableHiveSupport = TRUE, ...) {
  settings <- session_settings(sparkConfig, list(...))
  if ("spark.master" %in% names(settings)) master <- settings[["spark.master"]]
  if ("spark.app.name" %in% names(settings)) appName <- settings[["spark.app.name"]]
  if (is.null(state$session)) open_session(master, appName, settings)
  apply_settings(settings[setdiff(names(settings), c("spark.master", "spark.app.name", "spark.remote"))])
  state$handle
}

session_settings <- function(config, named) {
  config <- as.list(config)
  config[names(named)] <- named
  config <- config[base::nzchar(names(config))]
  vapply(config, setting_text, "")
}

setting_text <- function(value) {
  if (is.logical(value)) tolower(as.character(value)) else if (is.numeric(value)) number_text(value) else as.character(value)
}

# A number without the exponent that as.character() puts into large ones.
number_text <- function(value) format(value, scientific = FALSE, digits = 15, trim = TRUE)

open_session <- function(master, appName, settings) {
  address <- session_address(master)
  native(wrap__session_show_progress, interactive() && isTRUE(getOption("emberflow.progress", TRUE)))
  state$session <- native(wrap__session_open, address, settings)
  state$remote <- !is.null(address)
  state$master <- if (is.null(address)) embedded_master(master) else master
  state$app <- appName
  state$tags <- character()
  state$properties <- new.env(parent = emptyenv())
  state$handle <- structure(list(id = native(wrap__session_id, state$session)), class = "emberflow_session")
  if (!state$remote) apply_settings(c(spark.app.name = appName, spark.master = state$master))
}

session_address <- function(master) {
  if (!base::nzchar(master)) master <- Sys.getenv("SPARK_REMOTE")
  if (base::startsWith(master, "sc://") && !grepl("^sc://emberflow(/|$)", master)) master else NULL
}

embedded_master <- function(master) {
  foreign <- base::nzchar(master) && !base::startsWith(master, "sc://") && !identical(master, "local")
  if (foreign) message("emberflow runs inside this R process; master \"", master, "\" is not used")
  if (base::startsWith(master, "local")) master else "local[*]"
}

# Settings that a server fixed at its start are passed over, as every client of it does.
apply_settings <- function(settings) {
  if (length(settings) > 0) native(wrap__session_set, active_session(), settings, TRUE)
  invisible()
}

#' @rdname sparkR.session
#' @param x a session handle.
#' @exportS3Method print emberflow_session
print.emberflow_session <- function(x, ...) {
  cat("<emberflow session ", x$id, ">\n", sep = "")
  invisible(x)
}

#' Stop the session
#'
#' A later [sparkR.session()] starts a new one.
#'
#' @export
sparkR.session.stop <- function() {
  if (!is.null(state$session)) {
    session <- state$session
    rm(list = ls(state), envir = state)
    # A server that has gone has also dropped the session.
    tryCatch(native(wrap__session_close, session), ember_error = function(error) NULL)
  }
  invisible()
}

#' @rdname sparkR.session.stop
#' @export
sparkR.stop <- function() sparkR.session.stop()

#' Settings of the session
#'
#' @param key the setting's name; without it all settings are returned.
#' @param defaultValue what to return for a setting that has no value.
#' @return A named list of texts.
#' @export
sparkR.conf <- function(key, defaultValue) {
  session <- active_session()
  if (missing(key)) {
    all <- native(wrap__session_get_all, session)
    return(stats::setNames(as.list(all$values), all$names))
  }
  value <- native(wrap__session_get, session, as.character(key))
  if (is.null(value) || is.na(value)) {
    if (missing(defaultValue)) refuse("Config '", key, "' is not set")
    value <- defaultValue
  }
  stats::setNames(list(value), key)
}

#' The version of Spark whose behaviour the session offers
#'
#' @export
sparkR.version <- function() native(wrap__session_version, active_session())

#' The address of the session's web page
#'
#' @return `NA` when there is none.
#' @export
sparkR.uiWebUrl <- function() {
  active_session()
  NA_character_
}

#' How much the engine logs
#'
#' Accepted because scripts call it; the engine logs through the process it runs in.
#'
#' @param level one of `"ALL"`, `"DEBUG"`, `"ERROR"`, `"FATAL"`, `"INFO"`, `"OFF"`, `"TRACE"` and `"WARN"`.
#' @export
setLogLevel <- function(level) {
  active_session()
  levels <- c("ALL", "DEBUG", "ERROR", "FATAL", "INFO", "OFF", "TRACE", "WARN")
  if (!is.character(level) || length(level) != 1 || !base::`%in%`(toupper(level), levels)) {
    refuse("level should be one of ", paste(levels, collapse = ", "))
  }
  invisible()
}

#' Where checkpoints go
#'
#' @param directory a folder.
#' @export
setCheckpointDir <- function(directory) {
  apply_settings(c(spark.checkpoint.dir = normalizePath(directory, mustWork = FALSE)))
}

#' Names for what runs, and stopping by name
#'
#' What is started while a tag or a group is set runs under it. Cancelling stops everything of this session that runs under
#' the name, whoever started it: on a server another R process with the same `session_id` in its address, in this process
#' a [batchReader()] that is open. R itself waits for what it runs; Ctrl-C stops that.
#'
#' @param tag a name without commas.
#' @param key,value a property and its value; `NULL` or `NA` unsets it.
#' @param groupId,description,interruptOnCancel a name and text for the jobs that follow.
#' @return `getJobTags` a list of the tags, `getLocalProperty` a text or `NULL`; the others nothing.
#' @examples
#' \dontrun{
#' addJobTag("nightly")
#' reader <- batchReader(crossJoin(df, df))
#' cancelJobsWithTag("nightly")
#' }
#' @name jobs
#' @export
addJobTag <- function(tag) {
  check_tag(tag)
  state$tags <- base::union(state$tags, tag)
  tag_jobs()
}

check_tag <- function(tag) {
  active_session()
  if (!is.character(tag) || length(tag) != 1 || is.na(tag) || !base::nzchar(tag)) refuse("Spark job tag cannot be an empty string.")
  if (grepl(",", tag, fixed = TRUE)) refuse("Spark job tag cannot contain ','.")
}

GROUP_PROPERTY <- "spark.jobGroup.id"

# Tells the native session what later operations run under; a group is one more tag.
tag_jobs <- function() {
  group <- get0(GROUP_PROPERTY, envir = state$properties, inherits = FALSE)
  native(wrap__session_tag, active_session(), c(state$tags, if (!is.null(group)) group_tag(group)))
  invisible()
}

group_tag <- function(group) paste0("job-group-", utils::URLencode(as.character(group), reserved = TRUE))

#' @rdname jobs
#' @export
removeJobTag <- function(tag) {
  check_tag(tag)
  state$tags <- setdiff(state$tags, tag)
  tag_jobs()
}

#' @rdname jobs
#' @export
getJobTags <- function() {
  active_session()
  as.list(state$tags)
}

#' @rdname jobs
#' @export
clearJobTags <- function() {
  active_session()
  state$tags <- character()
  tag_jobs()
}

#' @rdname jobs
#' @export
setLocalProperty <- function(key, value) {
  active_session()
  if (is.null(key) || is.na(key)) refuse("key should not be NULL or NA.")
  if (is.null(value) || is.na(value)) {
    if (exists(key, envir = state$properties, inherits = FALSE)) rm(list = key, envir = state$properties)
  } else {
    assign(key, as.character(value), envir = state$properties)
  }
  if (identical(key, GROUP_PROPERTY)) tag_jobs()
  invisible()
}

#' @rdname jobs
#' @export
getLocalProperty <- function(key) {
  active_session()
  if (is.null(key) || is.na(key)) refuse("key should not be NULL or NA.")
  get0(key, envir = state$properties, inherits = FALSE)
}

#' @rdname jobs
#' @export
setJobGroup <- function(groupId, description, interruptOnCancel) {
  setLocalProperty(GROUP_PROPERTY, groupId)
  setJobDescription(description)
  setInterruptOnCancel(interruptOnCancel)
}

#' @rdname jobs
#' @export
clearJobGroup <- function() {
  setLocalProperty(GROUP_PROPERTY, NULL)
  setJobDescription(NULL)
  setInterruptOnCancel(NULL)
}

#' @rdname jobs
#' @export
setJobDescription <- function(value) setLocalProperty("spark.job.description", value)

#' @rdname jobs
#' @export
setInterruptOnCancel <- function(interruptOnCancel) setLocalProperty("spark.job.interruptOnCancel", interruptOnCancel)

#' @rdname jobs
#' @export
cancelJobGroup <- function(groupId) cancel_tagged(group_tag(groupId))

#' @rdname jobs
#' @export
cancelJobsWithTag <- function(tag) {
  check_tag(tag)
  cancel_tagged(tag)
}

cancel_tagged <- function(tag) {
  native(wrap__session_cancel_tagged, active_session(), tag)
  invisible()
}
