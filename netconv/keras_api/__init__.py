"""Access to Keras, which is imported at first use, and its objects by name. Knows neither graphs nor tables."""
