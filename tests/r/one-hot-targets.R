stopifnot(
  identical(unname(onehot), rbind(c(1, 0), c(0, 1), c(1, 0))), length(history$loss) == 5, all(is.finite(history$loss))
)

# The loss in the file takes class numbers: one-hot targets are an error.
model <- keras$models$load_model("net.keras")
message <- conditionMessage(tryCatch(model$fit(matrix(0, 3, 24), onehot, verbose = 0L), error = identity))
stopifnot(grepl("must have rank (ndim) `target.ndim - 1`", message, fixed = TRUE))
