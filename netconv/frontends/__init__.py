"""Reads files of nets to a Graph, a folder for each format. Knows no ops and no Keras."""
