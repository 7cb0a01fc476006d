"""Model files, read and written. Knows neither graphs nor tables."""
