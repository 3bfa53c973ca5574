# Records the tour of R calls from a server: Rscript tests/oracle/tour.R sc://127.0.0.1:PORT [NAME...]
#
# Start Apache Spark with `$(tests/oracle/setup spark) tests/oracle/spark.py serve`. Writes tour/NAME.out beside each
# tour/NAME.R of r-package/tests/testthat; `make test-r` replays them without a server. Never edit an .out by hand.
suppressPackageStartupMessages(library(emberflow))
arguments <- commandArgs(trailingOnly = TRUE)
setwd("r-package/tests/testthat")
source("helper-tour.R")
session <- sparkR.session(arguments[[1]], spark.sql.session.timeZone = "UTC", spark.sql.shuffle.partitions = 2)

for (file in tour_files()) {
  name <- sub("[.]R$", "", basename(file))
  if (length(arguments) > 1 && !name %in% arguments[-1]) next
  transcript <- tour_transcript(file)
  tour_write(transcript, file.path("tour", paste0(name, ".out")))
  cat(sprintf("%s: %d calls\n", name, length(transcript)))
}
sparkR.session.stop()
