"""Reads MXNet's files, `net.json` and `net.params`. Knows no Keras."""
