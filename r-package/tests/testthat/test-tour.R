# Everyday calls, compared with what Apache Spark answered to the same calls made through this package (helper-tour.R).

for (file in tour_files()) {
  local({
    file <- file
    test_that(paste("Apache Spark answers the same:", basename(file)), {
      recorded <- tour_read(sub("[.]R$", ".out", file))
      found <- tour_transcript(file)
      expect_identical(names(found), names(recorded), label = "the calls")
      for (at in seq_along(recorded)) {
        expect_identical(found[[at]], recorded[[at]], label = names(found)[[at]])
      }
    })
  })
}
