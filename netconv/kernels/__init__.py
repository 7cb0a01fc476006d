"""Computations in Keras that several ops share. Knows no op of MXNet."""
