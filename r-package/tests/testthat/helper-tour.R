# A tour is an R script whose transcript was recorded from Apache Spark: `tour/NAME.R` beside `tour/NAME.out`.
#
#     NAME.R ─► expressions ─► evaluated one by one ─► blocks: `> code` and what it printed
#
# tests/oracle/tour.R in the repository records; test-tour.R replays. Errors and warnings are part of a transcript.

tour_files <- function() list.files("tour", "[.]R$", full.names = TRUE)

# Runs a tour; one text per expression, named by its code.
tour_transcript <- function(file) {
  expressions <- parse(file, keep.source = TRUE, encoding = "UTF-8")
  code <- vapply(attr(expressions, "srcref"), function(source) paste(as.character(source), collapse = "\n"), "")
  env <- new.env(parent = globalenv())
  old <- options(digits = 12, width = 200, max.print = 10000)
  locale <- Sys.getlocale("LC_CTYPE")
  zone <- Sys.getenv("TZ", NA)
  suppressWarnings(Sys.setlocale("LC_CTYPE", "C.UTF-8"))
  Sys.setenv(TZ = "UTC")
  on.exit({
    options(old)
    Sys.setlocale("LC_CTYPE", locale)
    if (is.na(zone)) Sys.unsetenv("TZ") else Sys.setenv(TZ = zone)
  })
  answers <- vapply(seq_along(expressions), function(at) tour_answer(expressions[[at]], env), "")
  stats::setNames(answers, code)
}

tour_answer <- function(expression, env) {
  printed <- utils::capture.output(tryCatch(withCallingHandlers({
    result <- withVisible(eval(expression, env))
    if (result$visible) print(result$value)
  }, warning = function(warning) {
    cat("<warning> ", conditionMessage(warning), "\n", sep = "")
    invokeRestart("muffleWarning")
  }), error = function(error) cat(tour_error(error), "\n", sep = "")))
  paste(tour_plain(sub("[ \t]+$", "", printed)), collapse = "\n")
}

# Of Spark's errors what scripts look for: class, condition, SQLSTATE and, of readers and writers, the step. The engine's
# sentences are its own.
tour_error <- function(error) {
  message <- tour_plain(conditionMessage(error))
  if (is.null(error$condition) || is.na(error$condition)) return(paste0("<", class(error)[[1]], "> ", message))
  step <- regmatches(message, regexpr("^Error in [^:]+ : [^-]+ - ", message))
  paste0("<", class(error)[[1]], " ", error$condition, " ", error$sqlstate, "> ", paste(step, collapse = ""))
}

# What differs from run to run: temporary folders, and the numbers of query contexts.
tour_plain <- function(text) {
  text <- gsub("(file:)?/[^ `\"]*tour[0-9a-f]{6,}", "FOLDER", text)
  gsub("#[0-9]+L?", "#N", text)
}

tour_write <- function(transcript, file) {
  prompt <- gsub("\n", "\n+ ", paste0("> ", names(transcript)))
  shown <- ifelse(transcript == "", prompt, paste0(prompt, "\n", transcript))
  connection <- base::file(file, "w", encoding = "UTF-8")
  on.exit(close(connection))
  writeLines(enc2utf8(shown), connection, useBytes = TRUE)
}

tour_read <- function(file) {
  lines <- readLines(file, encoding = "UTF-8")
  starts <- grepl("^> ", lines)
  blocks <- split(lines, cumsum(starts))
  codes <- vapply(blocks, function(block) {
    more <- grepl("^[+] ", block) & seq_along(block) %in% seq_len(match(FALSE, c(grepl("^[>+] ", block), FALSE)) - 1)
    paste(substring(block[more | seq_along(block) == 1], 3), collapse = "\n")
  }, "")
  answers <- vapply(blocks, function(block) {
    code <- seq_len(match(FALSE, c(grepl("^[>+] ", block), FALSE)) - 1)
    paste(block[-code], collapse = "\n")
  }, "")
  stats::setNames(unname(answers), unname(codes))
}
