"""Draws the rows that are held out for validation. Knows no table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CHUNK = 1 << 22
"""Rows from which those for validation are drawn at once."""


def stratified_sample(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The sorted indices of a random share of the rows, of each class as nearly as possible, but never all rows of
    one. `y` is (rows,) of classes, or (rows, values)."""
    import numpy as np

    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in np.unique(y)] if y.ndim == 1 else [np.arange(len(y))]
    exact = share * np.array([len(group) for group in groups])
    counts = exact.astype(int)
    most = np.argsort(counts - exact, kind="stable")  # the classes that rounding down takes most from, first
    counts[most[: round(share * len(y)) - counts.sum()]] += 1
    counts = np.minimum(counts, [len(group) - 1 for group in groups])
    picked = [generator.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def validation_mask(y: np.ndarray, present: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The mask of the rows for validation among those that have a target, the mask `present`, drawn from CHUNK rows at
    a time. `y` is that of `stratified_sample`."""
    import numpy as np

    mask = np.zeros(len(present), bool)
    for start in range(0, len(mask) if share else 0, CHUNK):
        rows = start + np.flatnonzero(present[start : start + CHUNK])
        if len(rows):
            mask[rows[stratified_sample(y[rows], share, seed + start)]] = True
    return mask
