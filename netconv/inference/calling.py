"""Rows of numbers as the inputs of a model, and what it gives for them. Knows no table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DataError
from ..keras_api.lazy import keras
from ..tables.number_format import counted

if TYPE_CHECKING:
    import numpy as np


def shape_text(shape) -> str:
    return " x ".join("?" if d is None else str(d) for d in shape)


def row_shapes(model, total: int, widths: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """The shapes of a row of each input, of `total` numbers in all; an unknown length is found out, square where there
    are several. `widths` are the numbers of each input, where they are known. Raises DataError."""
    found = []
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    known = [math.prod(d for d in shape if d is not None) for shape in shapes]
    spare = total - sum(width for width, shape in zip(known, shapes, strict=True) if None not in shape)
    for number, (shape, width) in enumerate(zip(shapes, known, strict=True)):
        wanted = widths[number] if widths else spare if None in shape else width
        unknown = shape.count(None)
        if unknown:
            side = round((wanted / width) ** (1 / unknown)) if wanted > 0 else 0
            shape = tuple(side if d is None else d for d in shape)
        if math.prod(shape) != wanted or not wanted:
            shown = shape_text(shapes[number])
            raise DataError(f"{counted(wanted if widths else total, 'feature')} do not fill the net's input of {shown}")
        found.append(shape)
    return found


def inputs_of(model, x: np.ndarray, widths: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Rows (rows, numbers) as the arrays of the model's inputs, in their order; `widths` as in `row_shapes`."""
    parts, start = [], 0
    for tensor, shape in zip(model.inputs, row_shapes(model, x.shape[1], widths), strict=True):
        width = math.prod(shape)
        parts.append(x[:, start : start + width].reshape(-1, *shape).astype(tensor.dtype, copy=False))
        start += width
    return parts


def structure(inputs: list[np.ndarray]):
    """The arrays as Keras wants them."""
    return tuple(inputs) if len(inputs) > 1 else inputs[0]


LARGEST = 16 << 20
"""Bytes that the widest layer gives at once."""
MOST_ROWS = 8192


def outputs_of(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """What a model gives, (rows, values): all its outputs side by side, as float32 or what else holds them.

    A net of one row, as detectors of two stages are, gets the rows one by one.
    """
    import numpy as np

    rows, width = len(inputs[0]), sum(math.prod(part.shape[1:]) for part in inputs)
    single = any(output.shape[:1] == (1,) for output in keras.tree.flatten(model.outputs))
    step = 1 if single else max(16, min(MOST_ROWS, LARGEST // 4 // max(1, width, _widest(model))))
    model.jit_compile = False  # compiling takes longer than the rows, and again for each new number of rows
    found = []
    for start in range(0, rows, step):
        given = model.predict_on_batch(structure([part[start : start + step] for part in inputs]))
        given = keras.tree.flatten(given)
        found.append(np.concatenate([np.asarray(g).reshape(len(g), -1) for g in given], axis=1))
    given = np.concatenate(found)
    return given if given.dtype.itemsize >= 4 else given.astype(np.float32)  # float16 of mixed precision


def _widest(model) -> int:
    """Numbers that the widest layer gives a row, as far as shapes are known."""
    given = [keras.tree.flatten(made.output) for made in getattr(model, "operations", model.layers)]
    return max((math.prod(d or 1 for d in tensor.shape[1:]) for one in given for tensor in one), default=1)
