"""Turns files into rows and columns. Knows no model and no Keras."""
