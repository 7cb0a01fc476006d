"""Builds a keras.Model from a prepared graph. Knows the registry of ops, no single op."""
