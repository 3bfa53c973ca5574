# From library(emberflow) to the first collected row, in seconds: first=0.31
started <- Sys.time()
suppressMessages(suppressWarnings(library(emberflow)))
suppressMessages(invisible(sparkR.session()))
found <- collect(sql("SELECT 42L AS answer"))
stopifnot(found$answer[[1]] == 42)
cat(sprintf("first=%.3f\n", as.numeric(difftime(Sys.time(), started, units = "secs"))))
