"""Whether arrays have their axes in the order that a model takes. Knows no table format."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

from ..errors import DataError
from ..features.encoded_table import column_indices
from ..features.encoding import Encoding
from ..tables.rows import TableFormat
from .calling import format_shape

MOST_AXES = 5
"""Axes of rows of which all orders are tried."""


def check_axis_order(model, encoding: Encoding, format_: TableFormat, file: str) -> None:
    """Raises DataError if an array that is a whole input of the model has its axes in another order than the input."""
    columns = column_indices(encoding, format_, file)[0] if format_.row_shapes else []
    ends = [0]
    for width in tuple(encoding.inputs.values()) or (len(columns),):
        ends.append(ends[-1] + width)
    for (start, end), tensor in zip(pairwise(ends), model.inputs, strict=False):
        own = columns[start:end]
        given = format_.row_shapes.get(own[0]) if own else None
        if given is None or own != list(range(own[0], own[0] + math.prod(given))):
            continue
        order = _order(given, tuple(tensor.shape[1:]))
        if order is not None:
            written = ", ".join(str(axis + 1) for axis in order)
            raise DataError(
                f"its rows are {format_shape(given)}, and the net takes {format_shape(tensor.shape[1:])}: transpose "
                f"them, as in x.transpose(0, {written})",
                file,
            )


def _order(given: tuple[int, ...], taken: tuple[int | None, ...]) -> tuple[int, ...] | None:
    """The axes of rows in the order of those that an input takes; None if they are in this order, but for axes of
    length 1, or fit it in none."""
    if len(given) != len(taken) or len(given) > MOST_AXES or _fits(given, taken):
        return None
    if [n for n in given if n != 1] == [n for n in taken if n != 1]:
        return None
    orders = permutations(range(len(given)))
    return next((order for order in orders if _fits(tuple(given[axis] for axis in order), taken)), None)


def _fits(given: tuple[int, ...], taken: tuple[int | None, ...]) -> bool:
    return all(own in (None, length) for length, own in zip(given, taken, strict=True))
