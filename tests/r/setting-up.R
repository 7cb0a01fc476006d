# The Python of R has Keras 3 and not netconv.
stopifnot(startsWith(keras$`__version__`, "3."), !py_module_available("netconv"))
