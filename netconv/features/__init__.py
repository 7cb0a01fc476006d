"""Turns columns into numbers: encodings, fill values, scales, targets and features. Knows no graph and no Keras."""
