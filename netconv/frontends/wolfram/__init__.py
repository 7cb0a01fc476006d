"""Reads Mathematica's own file of a net (`net.wlnet`). Knows no Keras."""
