"""What becomes of the numbers of a stored array in a variable of another dtype. Knows no op."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ..errors import FormatError

FLOATS = ("float16", "float32", "float64")
LISTED = 5
"""The most names in a note."""


def remarks(value: np.ndarray, dtype: str, names: str, source: str) -> list[str]:
    """What a person must know of the numbers of an array in a variable of this dtype: that some are not finite, or
    rounded.

    `names` are the parameters that the array is made of, `source` the file. Raises FormatError for a finite number that
    would become infinite.
    """
    found = []
    if value.dtype.kind == "f" and not np.isfinite(value.sum(dtype="float64")):
        found += ["NaN"] if np.isnan(value).any() else []
        found += ["infinite numbers"] if np.isinf(value).any() else []
    if dtype not in FLOATS or value.dtype.kind not in "fiu" or np.can_cast(value.dtype, dtype):
        return found
    with np.errstate(over="ignore"):
        held = value.astype(dtype)
    too_large = np.isinf(held) & np.isfinite(value)
    if too_large.any():
        raise FormatError(f"{source}: {names} has {value[too_large][0]:.9g}, which is too large for {dtype}")
    if ((held.astype("longdouble") != value) & np.isfinite(value)).any():
        found.append(f"numbers rounded from {value.dtype} to {dtype}")
    return found


def notes(found: Mapping[str, Iterable[str]]) -> list[str]:
    """The notes on remarks, each with the names of the arrays that it is about."""
    lines = []
    for remark, arrays in found.items():
        names = list(dict.fromkeys(arrays))
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        lines.append(f"{remark} in {', '.join(names[:LISTED])}{more}")
    return lines
