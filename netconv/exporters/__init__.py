"""Writes models in the formats of other programs. Knows no tables."""
