"""Infers the shapes of a whole graph, forward and backward. Knows the registry of ops, no Keras."""
