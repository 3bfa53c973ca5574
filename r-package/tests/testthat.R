# Runs on the engine inside this process, or on the server that SPARK_REMOTE names.
library(testthat)
library(emberflow)

test_check("emberflow")
