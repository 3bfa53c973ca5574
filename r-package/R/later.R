# What SparkR has and this package does not have yet: the names are there, with SparkR's arguments, and say so.
#
# A script that uses one fails where it calls it, with a condition that names what is missing, and everything else in the
# script that was written around it (help, exists(), formals) finds what it looks for.

#' @include session-historic.R
NULL

#' Not there yet
#'
#' R functions on data, machine learning and streams of SparkR. Each of these functions exists and raises an error of class
#' `ember_invalid` with the condition `UNSUPPORTED_FEATURE` that names it. For data of base R, `glm`, `predict` and `fitted`
#' are what they are in package stats.
#'
#' @importFrom stats gaussian
#' @name not-yet
#' @evalNamespace export_later()
#' @evalRd describe_later()
NULL

lacking <- function(name, instead = NULL) {
  text <- paste0("[UNSUPPORTED_FEATURE] The feature is not supported: emberflow does not have ", name, "() yet.")
  stop(ember_condition(
    "invalid", paste(c(text, instead, "SQLSTATE: 0A000"), collapse = " "), user_call(),
    condition = "UNSUPPORTED_FEATURE", sqlstate = "0A000", parameters = list(), classes = character()
  ))
}

# Generics: the arguments of each. The first one's class, a frame, is what SparkR has a method for.
later_generics <- list(
  dapply = alist(x = , func = , schema = ),
  dapplyCollect = alist(x = , func = ),
  gapply = alist(x = , ... = ),
  gapplyCollect = alist(x = , ... = ),
  spark.glm = alist(data = , formula = , ... = ),
  spark.lm = alist(data = , formula = , ... = ),
  spark.survreg = alist(data = , formula = , ... = ),
  spark.isoreg = alist(data = , formula = , ... = ),
  spark.fmRegressor = alist(data = , formula = , ... = ),
  spark.logit = alist(data = , formula = , ... = ),
  spark.mlp = alist(data = , formula = , ... = ),
  spark.naiveBayes = alist(data = , formula = , ... = ),
  spark.svmLinear = alist(data = , formula = , ... = ),
  spark.fmClassifier = alist(data = , formula = , ... = ),
  spark.decisionTree = alist(data = , formula = , ... = ),
  spark.randomForest = alist(data = , formula = , ... = ),
  spark.gbt = alist(data = , formula = , ... = ),
  spark.kmeans = alist(data = , formula = , ... = ),
  spark.bisectingKmeans = alist(data = , formula = , ... = ),
  spark.gaussianMixture = alist(data = , formula = , ... = ),
  spark.lda = alist(data = , ... = ),
  spark.als = alist(data = , ... = ),
  spark.fpGrowth = alist(data = , ... = ),
  spark.kstest = alist(data = , ... = ),
  spark.assignClusters = alist(data = , ... = ),
  spark.findFrequentSequentialPatterns = alist(data = , ... = ),
  write.stream = alist(df = , source = NULL, outputMode = NULL, ... = ),
  withWatermark = alist(x = , eventTime = , delayThreshold = )
)

# Generics over what the former would have made; nothing can be handed to them.
later_followers <- list(
  spark.posterior = alist(object = , newData = ),
  spark.perplexity = alist(object = , data = ),
  spark.freqItemsets = alist(object = ),
  spark.associationRules = alist(object = ),
  write.ml = alist(object = , path = , ... = ),
  awaitTermination = alist(x = , timeout = NULL),
  isActive = alist(x = ),
  lastProgress = alist(x = ),
  queryName = alist(x = ),
  status = alist(x = ),
  stopQuery = alist(x = )
)

later_functions <- list(
  spark.lapply = alist(list = , func = ),
  read.ml = alist(path = ),
  read.stream = alist(source = NULL, schema = NULL, ... = )
)

later_printers <- paste0("print.summary.", c(
  "GeneralizedLinearRegressionModel", "KSTest", "DecisionTreeRegressionModel", "DecisionTreeClassificationModel",
  "RandomForestRegressionModel", "RandomForestClassificationModel", "GBTRegressionModel", "GBTClassificationModel"
))
later_functions[later_printers] <- rep(list(alist(x = , ... = )), length(later_printers))

make_later_generic <- function(name, formals, class) {
  first <- as.name(names(formals)[1])
  generic <- as_method(formals, bquote({
    force(.(first))
    standardGeneric(.(name))
  }))
  suppressMessages(setGeneric(name, generic, where = topenv(), signature = names(formals)[1]))
  method <- as_method(formals, bquote(lacking(.(name))))
  setMethod(name, stats::setNames(class, names(formals)[1]), method, where = topenv())
}

for (name in names(later_generics)) make_later_generic(name, later_generics[[name]], "SparkDataFrame")
for (name in names(later_followers)) make_later_generic(name, later_followers[[name]], "ANY")
for (name in names(later_functions)) assign(name, as_method(later_functions[[name]], bquote(lacking(.(name)))))
for (name in c("gapply", "gapplyCollect")) {
  setMethod(name, c(x = "GroupedData"), as_method(later_generics[[name]], bquote(lacking(.(name)))))
}

# Those that base R has too keep their ways for its data.
setGeneric("glm", as_method(formals(stats::glm), quote(standardGeneric("glm"))),
  signature = c("formula", "family", "data"), useAsDefault = stats::glm
)
setMethod("glm", c(formula = "formula", family = "ANY", data = "SparkDataFrame"),
  as_method(formals(stats::glm), quote(lacking("glm", "Collect the data, or a sample of them, for stats::glm().")))
)
setGeneric("predict", function(object, ...) {
  force(object)
  standardGeneric("predict")
}, useAsDefault = stats::predict)
setGeneric("fitted", function(object, ...) {
  force(object)
  standardGeneric("fitted")
}, useAsDefault = stats::fitted)

rm(list = "name")

later_names <- function() {
  sort(c(names(later_generics), names(later_followers), "glm", "predict", "fitted"))
}

export_later <- function() {
  c(
    paste0("exportMethods(", later_names(), ")"), paste0("export(", sort(names(later_functions)), ")"),
    paste0("S3method(print,", sub("^print[.]", "", later_printers), ")")
  )
}

describe_later <- function() {
  signature <- function(name) {
    first <- if (name %in% names(later_followers)) "ANY" else "SparkDataFrame"
    if (name == "glm") "formula,ANY,SparkDataFrame" else first
  }
  generics <- setdiff(later_names(), c("predict", "fitted"))
  methods <- paste0(generics, ",", vapply(generics, signature, ""), "-method")
  methods <- c(methods, paste0(c("gapply", "gapplyCollect"), ",GroupedData-method"))
  aliases <- unique(c(later_names(), names(later_functions), methods))
  listed <- paste0("\\code{", c(later_names(), names(later_functions)), "}", collapse = ", ")
  c(paste0("\\alias{", aliases, "}"), paste0("\\section{Functions}{\n", listed, "\n}"))
}
