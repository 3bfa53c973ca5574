# What scripts of other times call: SparkR 1.x's starters, files for workers, and the Java objects that are not there.

#' @include session.R
NULL

#' Start a session as SparkR 1.x did
#'
#' @param master,appName,sparkHome,sparkJars,sparkPackages as in [sparkR.session()].
#' @param sparkEnvir,sparkExecutorEnv settings; those of executors are not used.
#' @param jsc what an older script got from `sparkR.init`; not used.
#' @export
sparkR.init <- function(master = "", appName = "SparkR", sparkHome = Sys.getenv("SPARK_HOME"), sparkEnvir = list(),
                        sparkExecutorEnv = list(), sparkJars = "", sparkPackages = "") {
  .Deprecated("sparkR.session")
  sparkR.session(master, appName, sparkHome, sparkEnvir, sparkJars, sparkPackages)
}

#' @rdname sparkR.init
#' @export
sparkRSQL.init <- function(jsc = NULL) {
  .Deprecated("sparkR.session")
  sparkR.session()
}

#' @rdname sparkR.init
#' @export
sparkRHive.init <- function(jsc = NULL) {
  .Deprecated("sparkR.session")
  sparkR.session()
}

#' Files for every worker
#'
#' The workers are this machine, so a file is copied to a folder of the session.
#'
#' @param path a file, or with `recursive` a folder.
#' @param recursive whether `path` may be a folder.
#' @param fileName the name of a file that was added.
#' @export
spark.addFile <- function(path, recursive = FALSE) {
  active_session()
  path <- sub("^file:(//)?", "", path)
  if (!file.exists(path)) refuse("there is no file ", path)
  if (dir.exists(path) && !recursive) refuse(path, " is a folder; add it with recursive = TRUE")
  invisible(file.copy(path, spark.getSparkFilesRootDirectory(), overwrite = TRUE, recursive = recursive))
}

#' @rdname spark.addFile
#' @export
spark.getSparkFiles <- function(fileName) file.path(spark.getSparkFilesRootDirectory(), fileName)

#' @rdname spark.addFile
#' @export
spark.getSparkFilesRootDirectory <- function() {
  folder <- file.path(tempdir(), "emberflow-files")
  dir.create(folder, showWarnings = FALSE)
  folder
}

#' Java objects
#'
#' There is no Java machine behind this package, so the functions that call into one say so; `install.spark` has nothing
#' to install.
#'
#' @param x,className,methodName,... what a script wanted to call.
#' @param hadoopVersion,mirrorUrl,localDir,overwrite not used.
#' @export
sparkR.callJMethod <- function(x, methodName, ...) no_java()

#' @rdname sparkR.callJMethod
#' @export
sparkR.callJStatic <- function(className, methodName, ...) no_java()

#' @rdname sparkR.callJMethod
#' @export
sparkR.newJObject <- function(className, ...) no_java()

no_java <- function() refuse("There are no Java objects behind this package: emberflow runs without a Java machine.")

#' @rdname sparkR.callJMethod
#' @rawNamespace export(print.jobj)
#' @exportS3Method print jobj
print.jobj <- function(x, ...) no_java()

#' @rdname sparkR.callJMethod
#' @export
install.spark <- function(hadoopVersion = "without", mirrorUrl = NULL, localDir = NULL, overwrite = FALSE) {
  message("emberflow needs no Spark installation")
  invisible(localDir)
}
