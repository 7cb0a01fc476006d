Sys.unsetenv("LD_LIBRARY_PATH")
in_python <- as.matrix(read.csv(pipe("netconv predict kidney.csv --quiet --raw -m from-r.keras")))
cat("largest difference from the command:", max(abs(values - in_python)), "\n")
stopifnot(
  evaluation$metrics$accuracy > 0.9, identical(colnames(values), c("ckd", "notckd")),
  max(abs(values - in_python)) < 1e-6
)
