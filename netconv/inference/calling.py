"""Runs a model on rows of numbers. Knows no tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..features.image_format import ImageFormat
from ..keras_api.lazy import keras
from ..tables.number_format import pluralize

if TYPE_CHECKING:
    import numpy as np

LARGEST = 16 << 20
"""Bytes of the widest layer's output for the rows of a call."""
MOST_ROWS = 8192
"""Rows of a call."""


def format_shape(shape: Sequence[int | None]) -> str:
    return " x ".join("?" if size is None else str(size) for size in shape)


def row_shapes(
    model, total: int, widths: tuple[int, ...] = (), images: Sequence[ImageFormat | None] = ()
) -> list[tuple[int, ...]]:
    """The shapes of a row of each input of a model, for rows of `total` numbers.

    An unknown size is inferred; several are taken to be equal. `widths` are the numbers of each input, and `images`
    what they take of images, where they are known. Raises DataError.
    """
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    complete = [math.prod(shape) for shape in shapes if None not in shape]
    rest = total - sum(complete)
    result = []
    for number, shape in enumerate(shapes):
        known = math.prod(size for size in shape if size is not None)
        width = widths[number] if widths else rest if None in shape else known
        image = images[number] if images else None
        row = image.shape if image and len(shape) == 3 else _complete_shape(shape, width, known)
        if not width or math.prod(row) != width:
            features = pluralize(width if widths else total, "feature")
            raise DataError(f"{features} do not fit the net's input of {format_shape(shape)}")
        result.append(row)
    return result


def _complete_shape(shape: Sequence[int | None], width: int, known: int) -> tuple[int, ...]:
    """A shape with equal sizes for its unknown ones, so that it has about `width` numbers; the product of the others is
    `known`."""
    unknown = list(shape).count(None)
    side = round((width / known) ** (1 / unknown)) if unknown and width > 0 else 0
    return tuple(side if size is None else size for size in shape)


def split_inputs(
    model, x: np.ndarray, widths: tuple[int, ...] = (), images: Sequence[ImageFormat | None] = ()
) -> list[np.ndarray]:
    """Rows (rows, numbers) as the arrays of the model's inputs, in their order; `widths` and `images` as in
    `row_shapes`."""
    parts, start = [], 0
    for tensor, shape in zip(model.inputs, row_shapes(model, x.shape[1], widths, images), strict=True):
        width = math.prod(shape)
        parts.append(x[:, start : start + width].reshape(-1, *shape).astype(tensor.dtype, copy=False))
        start += width
    return parts


def predict_rows(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The outputs of a model, (rows, values): all outputs side by side, as float32 or a wider type.

    A model with a batch size of 1, such as a two-stage detector, gets the rows one by one.
    """
    import numpy as np

    rows, width = len(inputs[0]), sum(math.prod(part.shape[1:]) for part in inputs)
    single = any(output.shape[:1] == (1,) for output in keras.tree.flatten(model.outputs))
    step = 1 if single else max(16, min(MOST_ROWS, LARGEST // 4 // max(1, width, _widest(model))))
    run = traced(model, [(1 if single else None, *part.shape[1:]) for part in inputs], inputs)
    blocks = []
    for start in range(0, rows, step):
        outputs = keras.tree.flatten(run([part[start : start + step] for part in inputs]))
        blocks.append(np.concatenate([np.asarray(o).reshape(len(o), -1) for o in outputs], axis=1))
    values = np.concatenate(blocks)
    return values if values.dtype.itemsize >= 4 else values.astype(np.float32)  # float16 of mixed precision


def traced(
    model, shapes: Sequence[tuple[int | None, ...]], inputs: Sequence[np.ndarray]
) -> Callable[[list[np.ndarray]], Any]:
    """A function from the inputs of some rows to the outputs of a model: Keras's own, traced once for any number of
    rows. `predict_on_batch` traces it for the first number of rows, again for the second, and has TensorFlow warn of
    it."""
    import tensorflow as tf

    def packed(parts: list[Any]) -> list[tuple[Any]]:
        return [(tuple(parts) if len(parts) > 1 else parts[0],)]

    with _without_jit(model):
        model.make_predict_function()
    function = model.predict_function
    if model.run_eagerly:
        return lambda parts: function(packed([tf.convert_to_tensor(part) for part in parts]))
    specs = [tf.TensorSpec(shape, part.dtype) for shape, part in zip(shapes, inputs, strict=True)]
    traced = function.get_concrete_function(packed(specs))
    return lambda parts: traced(packed([tf.convert_to_tensor(part) for part in parts]))


@contextmanager
def _without_jit(model) -> Iterator[None]:
    """Without XLA: it would compile anew for each number of rows, which takes longer than to compute them."""
    before = model.jit_compile
    model.jit_compile = False
    try:
        yield
    finally:
        model.jit_compile = before


def _widest(model) -> int:
    """The numbers per row of the widest layer's output, as far as shapes are known."""
    outputs = [keras.tree.flatten(operation.output) for operation in getattr(model, "operations", model.layers)]
    return max((math.prod(d or 1 for d in tensor.shape[1:]) for one in outputs for tensor in one), default=1)
