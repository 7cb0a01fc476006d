stopifnot(
  report$metrics$accuracy > 0.9, identical(dim(report$confusion), c(2L, 2L)), sum(report$confusion) == 400,
  identical(names(predictions), c("id", "class", "probability")), identical(predictions$id, patients$id),
  mean(predictions$class == trimws(patients$classification)) > 0.9,
  identical(read.csv("some.csv")$class, predictions$class[1:10]),
  max(abs(read.csv("some.csv")$probability - predictions$probability[1:10])) < 1e-6
)

# An error is an exit status.
stopifnot(system2("netconv", c("predict", "missing.csv"), stderr = FALSE) == 1)
stopifnot(system2("netconv", c("train", "kidney.csv", "-m", "net.keras", "-o", "sgd.keras", "--epochs", "1",
  "--optimizer", shQuote("sgd(momentum=0.9)")), stderr = FALSE) == 0)
