Sys.unsetenv("LD_LIBRARY_PATH")
keras <- import("keras")
in_python <- function(file, model) {
  as.matrix(read.csv(pipe(paste("netconv predict", file, "--quiet --raw -m", model))))
}
difference <- max(abs(probabilities - in_python("kidney.csv", "trained.keras")))
cat("largest difference from the command:", difference, "\n")
stopifnot(
  identical(dim(x), c(400L, 24L)), anyNA(x), mean(predicted == trimws(patients$classification)) > 0.9,
  difference < 1e-6
)

# One-hot columns, unknown words, and numbers that the model fills, and rescales or standardizes.
flowers <- data.frame(color = c("red", "blue", "white")[1:150 %% 3 + 1], iris[c(1, 3, 5)])
flowers[c(1, 52), 1] <- NA
flowers[c(3, 101), 2] <- NA
write.csv(flowers, "flowers.csv", row.names = FALSE)
flowers[5, 1] <- "green"
write.csv(flowers, "later.csv", row.names = FALSE)
net <- keras$Sequential(list(keras$Input(list(5L)), keras$layers$Dense(3L, activation = "softmax")))
net$compile("adam", "sparse_categorical_crossentropy")
net$save("flowers.keras")
for (option in c("--rescale 1/10,2", "--standardize")) {
  arguments <- c("train flowers.csv -m flowers.keras -o flowers-trained.keras --quiet --epochs 2", option)
  stopifnot(system2("netconv", arguments) == 0)
  encoding <- jsonlite::fromJSON(unz("flowers-trained.keras", "netconv/table.json"), simplifyDataFrame = FALSE)
  x <- do.call(cbind, lapply(encoding$features, function(feature) encode(feature, flowers[[feature$name]])))
  model <- keras$models$load_model("flowers-trained.keras")
  difference <- max(abs(model$predict(x, verbose = 0L) - in_python("later.csv", "flowers-trained.keras")))
  cat(option, "largest difference from the command:", difference, "\n")
  stopifnot(identical(dim(x), c(150L, 5L)), difference < 1e-6)
}
