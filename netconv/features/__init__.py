"""Columns to numbers: encodings, fill values, scales, which column is what. Knows no graph and no Keras."""
