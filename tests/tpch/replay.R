# TPC-H through the R package: Rscript tests/tpch/replay.R DATA
# Runs the texts of tests/tpch over the Parquet files in DATA and compares with tests/golden/tpch, what real Spark said.
# The last line is `N passed, N failed`.
suppressPackageStartupMessages(library(emberflow))
invisible(sparkR.session(spark.sql.session.timeZone = "UTC", spark.sql.warehouse.dir = tempfile("warehouse")))

data <- commandArgs(trailingOnly = TRUE)[[1]]
for (file in list.files(data, "[.]parquet$", full.names = TRUE)) {
  createOrReplaceTempView(read.parquet(file), sub("[.]parquet$", "", basename(file)))
}

# Numbers within the last digits of a double, everything else as text.
same <- function(expected, found) {
  if (is.numeric(found)) isTRUE(all.equal(as.numeric(expected), as.numeric(found), tolerance = 1e-9))
  else identical(as.character(expected), as.character(found))
}

agrees <- function(number) {
  golden <- jsonlite::fromJSON(sprintf("tests/golden/tpch/q%d.json", number), simplifyVector = FALSE)
  text <- paste(readLines(sprintf("tests/tpch/q%d.sql", number)), collapse = "\n")
  found <- collect(sql(text))
  names_agree <- identical(colnames(found), vapply(golden$schema, `[[`, "", 1))
  cell <- function(value) if (is.null(value)) NA_character_ else as.character(value)
  columns <- lapply(seq_along(golden$schema), function(at) vapply(golden$rows, function(row) cell(row[[at]]), ""))
  names_agree && nrow(found) == length(golden$rows) && all(mapply(same, columns, as.list(found)))
}

passed <- vapply(1:22, function(number) {
  good <- tryCatch(agrees(number), error = function(problem) {
    cat(conditionMessage(problem), "\n")
    FALSE
  })
  if (!good) cat(sprintf("FAIL  q%d in R\n", number))
  good
}, NA)
cat(sprintf("%d passed, %d failed\n", sum(passed), sum(!passed)))
quit(status = as.integer(!all(passed)))
