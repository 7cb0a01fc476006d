# The first axis of the array is the rows of the file, the last the columns of a picture.
stopifnot(
  identical(dim(x), c(50L, 1L, 28L, 28L)), identical(x[3, 1, 5, ] * 255, pixels[2 * 784 + 4 * 28 + 1:28] + 0),
  identical(first[2, 3, 7, 11], last[2, 7, 11, 3])
)

# The command reads the same images.
Sys.unsetenv("LD_LIBRARY_PATH")
command <- "netconv predict mnist/t10k-images-idx3-ubyte.gz --quiet --raw --rescale 1/255,0 -m nets/cnn.keras"
difference <- max(abs(model$predict(x, verbose = 0L) - as.matrix(read.csv(pipe(command)))))
cat("largest difference from Python:", difference, "\n")
stopifnot(difference < 1e-6)

# An array that R fills is another picture.
scrambled <- array(pixels / 255, dim(x))
stopifnot(max(abs(model$predict(x, verbose = 0L) - model$predict(scrambled, verbose = 0L))) > 1e-3)
