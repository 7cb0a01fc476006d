"""Writes models to the files of other programs. Knows no tables."""
