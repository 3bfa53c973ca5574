# TPC-H as SQL text: the same answers as those recorded from real Apache Spark.
# EMBERFLOW_TPCH names a folder of the tables at scale 0.01 (`emberflow tpch --scale 0.01 --out DIR`).

repository <- function(...) file.path("..", "..", "..", ...)

same_cells <- function(found, type, recorded) {
  recorded[vapply(recorded, is.null, TRUE)] <- NA
  recorded <- unlist(recorded)
  if (grepl("^(date|string)", type)) {
    expect_identical(as.character(found), as.character(recorded))
  } else {
    expect_equal(found, as.numeric(recorded), tolerance = 1e-9, ignore_attr = TRUE)
  }
}

test_that("the 22 queries answer as Apache Spark does", {
  data <- Sys.getenv("EMBERFLOW_TPCH")
  skip_if(!nzchar(data), "EMBERFLOW_TPCH names no data")
  skip_if_not_installed("jsonlite")
  data <- normalizePath(data)
  for (file in list.files(data, "\\.parquet$", full.names = TRUE)) {
    createOrReplaceTempView(read.parquet(file), sub("\\.parquet$", "", basename(file)))
  }
  for (number in seq_len(22)) {
    text <- paste(readLines(repository("tests", "tpch", sprintf("q%d.sql", number))), collapse = "\n")
    golden <- jsonlite::fromJSON(repository("tests", "golden", "tpch", sprintf("q%d.json", number)), simplifyVector = FALSE)
    rows <- collect(sql(text))
    expect_identical(names(rows), vapply(golden$schema, `[[`, "", 1), label = sprintf("columns of q%d", number))
    expect_identical(nrow(rows), length(golden$rows), label = sprintf("rows of q%d", number))
    for (at in seq_along(golden$schema)) {
      same_cells(rows[[at]], golden$schema[[at]][[2]], lapply(golden$rows, `[[`, at))
    }
  }
})
