# The functions of R's packages that docs/r.md calls, with their arguments as documented in their manuals: keras3 1.5.1,
# keras 2.15.0. The generics `fit`, `predict` and so on have the arguments of their methods for models.
documented <- list(
  keras3 = list(
    load_model = c("model", "custom_objects", "compile", "safe_mode"),
    save_model = c("model", "filepath", "overwrite", "zipped"),
    compile = c("object", "optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly",
      "steps_per_execution", "jit_compile", "auto_scale_loss"),
    fit = c("object", "x", "y", "batch_size", "epochs", "callbacks", "validation_split", "validation_data", "shuffle",
      "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps", "validation_batch_size",
      "validation_freq", "verbose", "view_metrics"),
    evaluate = c("object", "x", "y", "batch_size", "verbose", "sample_weight", "steps", "callbacks"),
    predict = c("object", "x", "batch_size", "verbose", "steps", "callbacks"),
    set_random_seed = "seed",
    to_categorical = c("x", "num_classes")
  ),
  keras = list(
    load_model_hdf5 = c("filepath", "custom_objects", "compile"),
    predict = c("object", "x", "batch_size", "verbose", "steps", "callbacks")
  )
)

# Stops where a block is not R, or has a call that is neither R's own nor documented, or an argument that is not.
check_calls <- function(file, package) {
  check <- function(expression) {
    if (!is.call(expression)) return()
    name <- if (is.name(expression[[1]])) as.character(expression[[1]]) else ""
    arguments <- documented[[package]][[name]]
    if (!is.null(arguments)) {
      cat(deparse1(expression), "\n")
      stopifnot(setdiff(names(expression), "") %in% arguments, length(expression) - 1 <= length(arguments))
    } else if (nzchar(name)) {
      stopifnot(exists(name))
    }
    for (part in as.list(expression)) check(part)
  }
  for (expression in parse(file)) check(expression)
}
