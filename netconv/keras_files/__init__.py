"""Reads and writes model files, with the net that a model was converted from. Knows neither ops nor tables."""
