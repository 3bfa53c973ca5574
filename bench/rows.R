# How fast rows cross between R and the engine: Rscript bench/rows.R [MILLIONS]
#
# Beside each figure stands what R itself needs for vectors of the same kind (reading them back from its own format in
# memory), so that the ratio says how far from free the border is. One line a kind, best of three.
suppressPackageStartupMessages(library(emberflow))
invisible(sparkR.session())
millions <- as.numeric(c(commandArgs(trailingOnly = TRUE), "5")[[1]])
rows <- millions * 1e6

best <- function(code) {
  code <- substitute(code)
  env <- parent.frame()
  min(vapply(1:3, function(run) {
    gc()
    system.time(eval(code, env))[["elapsed"]]
  }, 0))
}

report <- function(what, seconds, base, rows) {
  cat(sprintf("%-34s %6.2f s  %6.1f million rows/s  ratio r=%.2f\n", what, seconds, rows / seconds / 1e6, seconds / base))
}

columns <- c(
  numbers = "id, id * 0.5 a, id % 7 b, cast(id AS int) c, id / 3 d",
  "text, few values" = "id, concat('key', id % 100) a, concat('v', id % 7) b, id * 0.5 c, cast(id AS int) d",
  "text, all different" = "id, concat('row', id) a, id * 0.5 b, cast(id AS int) c, id % 7 d",
  "dates and times" = "id, date_add(DATE'2000-01-01', cast(id % 9000 AS int)) a, timestamp_seconds(id) b, id > 9 c, id * 0.5 d"
)
for (name in names(columns)) {
  # What is measured is the border, so the rows are kept before.
  kept <- cache(sql(sprintf("SELECT %s FROM range(%d)", columns[[name]], rows)))
  data <- collect(kept)
  bytes <- serialize(data, NULL, xdr = FALSE)
  report(paste0("collect, ", name), best(collect(kept)), best(unserialize(bytes)), rows)
  rm(data, bytes)
  invisible(unpersist(kept))
}

data <- data.frame(
  id = seq_len(1e6), a = stats::runif(1e6), b = paste0("key", seq_len(1e6) %% 100), c = as.Date("2000-01-01") + seq_len(1e6) %% 9000,
  d = seq_len(1e6) %% 2 == 0, stringsAsFactors = FALSE
)
bytes <- serialize(data, NULL, xdr = FALSE)
report("createDataFrame, mixed", best(createDataFrame(data)), best(unserialize(bytes)), 1e6)
sparkR.session.stop()
