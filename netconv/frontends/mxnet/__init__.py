"""MXNet's own files: `net.json` and `net.params`. Knows no single op and no Keras."""
