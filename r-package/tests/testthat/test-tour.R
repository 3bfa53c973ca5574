# Everyday calls, compared with what Apache Spark answered to the same calls made through this package (helper-tour.R).
# `tour/pending.txt` lists calls that still differ, one a line; those that have learned to agree may leave it.

pending <- function() {
  file <- "tour/pending.txt"
  if (file.exists(file)) grep("^(#|$)", readLines(file, encoding = "UTF-8"), value = TRUE, invert = TRUE) else character()
}

for (file in tour_files()) {
  local({
    file <- file
    test_that(paste("Apache Spark answers the same:", basename(file)), {
      recorded <- tour_read(sub("[.]R$", ".out", file))
      found <- tour_transcript(file)
      expect_identical(names(found), names(recorded), label = "the calls")
      waits <- names(found) %in% pending()
      for (at in which(found != recorded & !waits)) {
        expect_identical(found[[at]], recorded[[at]], label = names(found)[[at]])
      }
      learned <- unique(names(found)[waits & found == recorded])
      if (length(learned) > 0) message("these calls agree now and may leave tour/pending.txt:\n", paste(learned, collapse = "\n"))
    })
  })
}
