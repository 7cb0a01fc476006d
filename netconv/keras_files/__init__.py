"""Reads and writes model files. Knows neither graphs nor tables."""
