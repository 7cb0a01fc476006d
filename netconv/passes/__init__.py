"""Passes that transform or check a graph, one per file. Knows no Keras."""
