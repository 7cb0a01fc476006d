"""How much two arrays differ. Knows no net and no Keras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..inference.differences import ROUNDINGS, largest_difference, precision


@dataclass(frozen=True)
class Difference:
    """The largest error of an array: `absolute`, and `relative` to the largest absolute value that is expected.

    Both are infinite for arrays of different shapes (`shapes`: the one found and the one expected), or if other
    elements than those expected are infinite or not numbers. `precision` is the relative distance of neighboring
    numbers of the coarser type."""

    absolute: float
    relative: float
    precision: float = 0.0
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    def within(self, tolerance: float) -> bool:
        """Whether the relative error is at most the tolerance, or what float16 and bfloat16 can tell."""
        return self.relative <= max(tolerance, ROUNDINGS * self.precision)

    def __str__(self) -> str:
        if self.shapes:
            found, expected = (" x ".join(map(str, shape)) or "none" for shape in self.shapes)
            return f"shape {found} in place of {expected}"
        if self.absolute == np.inf:
            return "infinite or not a number at other places"
        return f"{self.absolute:.2g} absolute, {self.relative:.2g} relative"


SMALLEST = 1e-30
"""What stands for the largest value of an array of zeros."""


def difference(found: np.ndarray, expected: np.ndarray) -> Difference:
    """How much an array differs from the one expected; the only element of an array may be a scalar in the other."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape and not (found.size == expected.size == 1):
        return Difference(np.inf, np.inf, shapes=(found.shape, expected.shape))
    absolute, largest = largest_difference(found.reshape(-1), expected.reshape(-1))
    if absolute == np.inf:
        return Difference(np.inf, np.inf)
    coarse = max(precision(array.dtype) for array in (found, expected))
    return Difference(absolute, absolute / max(largest, SMALLEST), coarse)
