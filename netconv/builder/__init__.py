"""Graph to keras.Model: layers, weights, loss, compiling. Must not know single ops."""
