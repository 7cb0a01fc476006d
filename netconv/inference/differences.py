"""How much arrays that a model computes differ from those expected. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


ROUNDINGS = 4
"""How many roundings of numbers of 16 bits are not an error."""


def precision(dtype: object) -> float:
    """The relative distance of neighboring numbers of a type of 16 bits, 0 for finer types."""
    return {"bfloat16": 2.0**-7, "float16": 2.0**-10}.get(str(dtype), 0.0)


def largest_difference(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The largest difference and the largest of the expected values, of those that are finite. The difference is
    infinite where one is finite and the other is not, where they are not the same infinity, and for other shapes."""
    import numpy as np

    if np.shape(found) != np.shape(expected):
        return float("inf"), 1.0
    found, expected = (np.asarray(array, "float64") for array in (found, expected))
    finite = np.isfinite(expected)
    if not np.array_equal(expected[~finite], found[~finite], equal_nan=True) or not np.isfinite(found[finite]).all():
        return float("inf"), 1.0
    difference = np.abs(expected[finite] - found[finite]).max(initial=0)
    return float(difference), float(np.abs(expected[finite]).max(initial=0))
