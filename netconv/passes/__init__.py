"""Graph to Graph, one pass per file. Knows no Keras."""
