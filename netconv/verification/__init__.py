"""Compares a model with the net that it was converted from."""
