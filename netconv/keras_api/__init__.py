"""Keras, imported when it is first used. Knows neither graphs nor tables."""
