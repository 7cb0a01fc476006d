"""Files to Graph, a folder for each format. Knows no Keras."""
