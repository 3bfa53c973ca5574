test_that("a result comes batch by batch and then ends", {
  reader <- batchReader(createDataFrame(data.frame(x = 1:20000, s = "a", stringsAsFactors = FALSE)))
  expect_output(print(reader), "batch reader")
  parts <- list()
  while (!is.null(rows <- nextBatch(reader))) {
    expect_s3_class(rows, "data.frame")
    parts <- c(parts, list(rows))
  }
  expect_null(nextBatch(reader))
  whole <- do.call(rbind, parts)
  expect_equal(sort(whole$x), 1:20000)
  expect_equal(names(whole), c("x", "s"))
  expect_silent(close(reader))
})

test_that("a reader can be closed early", {
  skip_if(on_server(), "Apache Spark computes all of it, read or not")
  reader <- batchReader(sql("SELECT id FROM range(100000000)"))
  expect_gt(nrow(nextBatch(reader)), 0)
  close(reader)
  expect_null(nextBatch(reader))
  expect_equal(nrow(people), 4)
  expect_error(batchReader(1), "x should be a SparkDataFrame")
})

test_that("a failing result fails where it is read", {
  reader <- batchReader(sql("SELECT 1 DIV (id - 3) FROM range(10)"))
  expect_error(while (!is.null(nextBatch(reader))) NULL, "DIVIDE_BY_ZERO")
  expect_null(nextBatch(reader))
})

# The resident memory of this process, in MB.
resident <- function() {
  line <- grep("^VmRSS", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

test_that("a slow reader of a huge result keeps memory flat", {
  skip_if(on_server(), "Apache Spark computes all of it, read or not")
  skip_if(!file.exists("/proc/self/status"), "tells no memory")
  reader <- batchReader(sql("SELECT id, id * 2 AS twice, cast(id AS string) AS text FROM range(50000000)"))
  for (at in 1:5) nextBatch(reader)
  gc()
  before <- resident()
  for (at in 1:20) {
    Sys.sleep(0.05)
    nextBatch(reader)
  }
  expect_lt(resident() - before, 100)
  close(reader)
})
