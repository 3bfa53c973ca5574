# One session for all files; emberflow's own, unless SPARK_REMOTE names a server. Its tables go when R goes.
warehouse <- tempfile("warehouse")
# EMBERFLOW_STREAM is a program that puts a stream into a store (runtime/nosql/examples/stream.rs), for what is no table.
stream <- if (nzchar(Sys.getenv("EMBERFLOW_STREAM"))) "ember://streams/log"
if (!is.null(stream)) system2(Sys.getenv("EMBERFLOW_STREAM"), c(file.path(warehouse, ".nosql"), stream))
sparkR.session(
  spark.sql.session.timeZone = "UTC", spark.sql.shuffle.partitions = 2, spark.sql.warehouse.dir = warehouse
)

people_data <- data.frame(
  name = c("Michael", "Andy", "Justin", "Ann"),
  age = c(NA, 30, 19, 41),
  height = c(170L, 182L, NA, 165L),
  stringsAsFactors = FALSE
)
people <- createDataFrame(people_data)

on_server <- function() nzchar(Sys.getenv("SPARK_REMOTE"))

sorted_rows <- function(data, ...) {
  keys <- c(...)
  if (length(keys) == 0) keys <- names(data)
  data <- data[do.call(order, unname(as.list(data[keys]))), , drop = FALSE]
  rownames(data) <- NULL
  data
}
