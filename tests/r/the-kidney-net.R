stopifnot(
  identical(dim(x), c(400L, 24L)), is.double(x), identical(levels(patients$classification), c("ckd", "notckd")),
  identical(as.vector(table(y)), c(250L, 150L)), !py_module_available("netconv")
)

# The file computes the same in R as in Python: before training, when BatchNormalization does not scale yet, on scaled
# numbers, and after training in R.
Sys.unsetenv("LD_LIBRARY_PATH")
difference <- function(model, x) {
  write.csv(x, "x.csv", row.names = FALSE)
  in_python <- as.matrix(read.csv(pipe(paste("netconv predict x.csv --quiet --raw -m", model))))
  max(abs(keras$models$load_model(model)$predict(x, verbose = 0L) - in_python))
}
differences <- c(difference("net.keras", scale(x)), difference("fitted.keras", x))
cat("largest differences from Python, before and after training:", differences, "\n")
stopifnot(differences < 1e-6)

# Training learns, and its history can be drawn.
share <- mean(predicted == patients$classification)
cat("loss", history$loss[c(1, 20)], "validation", history$val_loss[c(1, 20)], "right", share, "\n")
stopifnot(
  length(history$loss) == 20, history$loss[20] < history$loss[1] / 3, history$val_loss[20] < history$val_loss[1] / 3,
  share > 0.97, file.size("loss.png") > 5000
)

# The same training in Python ends with the same losses.
writeLines(c(
  "import json, keras, numpy",
  "x = numpy.loadtxt('x.csv', delimiter=',', skiprows=1)",
  "y = numpy.loadtxt('y.csv', dtype='int32')",
  "keras.utils.set_random_seed(1)",
  "model = keras.models.load_model('net.keras')",
  "history = model.fit(x, y, epochs=20, validation_split=0.2, verbose=0).history",
  "json.dump(history, open('history.json', 'w'))"
), "fit.py")
writeLines(as.character(y), "y.csv")
stopifnot(system2("python", "fit.py", stderr = FALSE) == 0)
python <- jsonlite::fromJSON("history.json")
cat("largest difference of the losses from Python:", max(abs(python$loss - history$loss)), "\n")
stopifnot(abs(python$loss - history$loss) < 1e-5, abs(python$val_loss - history$val_loss) < 1e-5)

# An NA is no error: the rows with one get the same answer, and after a fit all rows do.
alike <- function(answers) max(abs(sweep(answers, 2, answers[1, ]))) < 1e-6
gaps <- data.matrix(patients[2:25])
complete <- complete.cases(gaps)
stopifnot(sum(complete) == 63, is.na(gaps[1, 3]))
model <- keras$models$load_model("net.keras")
answers <- model$predict(gaps, verbose = 0L)
cat("rows with NA, before training:", format(answers[1, ], digits = 4), "\n")
stopifnot(
  alike(answers[!complete, ]), abs(answers[1, ] - c(0.4906, 0.5094)) < 1e-4, abs(answers[complete, 1] - 0.4906) > 0.1
)
invisible(model$fit(gaps, y, epochs = 1L, verbose = 0L))
answers <- model$predict(x, verbose = 0L)
cat("rows without NA, after training with NA:", format(answers[1, ], digits = 4), "\n")
stopifnot(alike(answers), all(is.nan(unlist(model$layers[[2]]$moving_mean$numpy()))))
stopifnot(py_eval("lambda numbers: str(numbers.min())")(matrix(c(5L, NA), 1)) == "-2147483648")

# What the page says is refused.
refused <- function(expression) conditionMessage(tryCatch(expression, error = identity))
stopifnot(
  grepl("Unrecognized data type", refused(model$fit(x, as.vector(y), verbose = 0L))),
  inherits(tryCatch(model$predict(features, verbose = 0L), error = identity), "error"),
  inherits(tryCatch(model$fit(x, y, epochs = 20, verbose = 0L), error = identity), "error")
)
