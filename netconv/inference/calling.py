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


def predict_rows(model, inputs: Sequence[np.ndarray], any_length: bool = False) -> np.ndarray:
    """The outputs of a model, (rows, values): all outputs side by side, as float32 or a wider type. With `any_length`
    it is traced for all sizes that its inputs leave open, as it is called with many.

    A model with a batch size of 1, such as a two-stage detector, gets the rows one by one.
    """
    import numpy as np

    run = traced(model, _shapes(model, inputs, any_length), inputs)
    blocks = [_side_by_side(run([part[rows] for part in inputs])) for rows in _calls(model, inputs)]
    return np.concatenate(blocks)


def scorer(
    model, losses: Sequence[Any], any_length: bool = False
) -> Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], tuple[np.ndarray, np.ndarray]]:
    """A function from the inputs of some rows and their targets, those of each head as its loss takes them, to the
    outputs, as of `predict_rows`, and the mean losses, (heads + 1,): of each head, and last what the layers add, such
    as penalties for large weights.

    The losses are those of `keras.Model.evaluate`: in a graph of TensorFlow, Keras computes crossentropies from what
    softmax or sigmoid was applied to, as probabilities near 0 and 1 are not exact enough. `any_length` is as in
    `predict_rows`.
    """
    import numpy as np
    import tensorflow as tf

    functions = [keras.losses.get(loss) for loss in losses]
    graphs: list[Callable[..., Any]] = []

    def step(inputs: list[Any], targets: list[Any]) -> tuple[list[Any], Any]:
        x = inputs if len(inputs) > 1 else inputs[0]
        outputs = keras.tree.flatten(model(x, training=False))
        of_heads = [keras.ops.mean(f(y, o)) for f, y, o in zip(functions, targets, outputs, strict=True)]
        added = [keras.ops.sum(loss) for loss in model.losses]
        return outputs, keras.ops.stack([keras.ops.cast(each, "float32") for each in (*of_heads, sum(added))])

    def specs(parts: Sequence[np.ndarray], shapes: Sequence[tuple[int | None, ...]]) -> list[Any]:
        return [tf.TensorSpec(shape, part.dtype) for shape, part in zip(shapes, parts, strict=True)]

    def score(inputs: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        if not graphs:  # once: of functions that are traced again and again, TensorFlow warns
            shapes = _shapes(model, inputs, any_length)
            of_targets = [(shapes[0][0], *part.shape[1:]) for part in targets]
            signature = [specs(inputs, shapes), specs(targets, of_targets)]
            graph = tf.function(step, input_signature=signature, autograph=False)
            graphs.append(step if model.run_eagerly else graph.get_concrete_function())
        blocks, means = [], np.zeros(len(losses) + 1)
        for rows in _calls(model, inputs):
            parts = [[tf.convert_to_tensor(part[rows]) for part in each] for each in (inputs, targets)]
            outputs, found = graphs[0](*parts)
            blocks.append(_side_by_side(outputs))
            means += np.asarray(found, np.float64) * (len(blocks[-1]) / len(inputs[0]))
        return np.concatenate(blocks), means

    return score


def _takes_one_row(model) -> bool:
    """Whether the rows are to be given one by one."""
    return any(output.shape[:1] == (1,) for output in keras.tree.flatten(model.outputs))


def _shapes(model, inputs: Sequence[np.ndarray], any_length: bool) -> list[tuple[int | None, ...]]:
    """The shapes of arrays that a model is traced for: those of `inputs`, for any number of rows; with `any_length` of
    any size that the model leaves open."""
    rest = [tensor.shape if any_length else part.shape for tensor, part in zip(model.inputs, inputs, strict=True)]
    return [(1 if _takes_one_row(model) else None, *shape[1:]) for shape in rest]


def _calls(model, inputs: Sequence[np.ndarray]) -> Iterator[slice]:
    """The rows of each call of a model."""
    width = sum(math.prod(part.shape[1:]) for part in inputs)
    step = max(16, min(MOST_ROWS, LARGEST // 4 // max(1, width, _widest(model))))
    step = 1 if _takes_one_row(model) else step
    return (slice(start, start + step) for start in range(0, len(inputs[0]), step))


def _side_by_side(outputs: Any) -> np.ndarray:
    """The outputs of a model for some rows, (rows, values)."""
    import numpy as np

    values = np.concatenate([np.asarray(o).reshape(len(o), -1) for o in keras.tree.flatten(outputs)], axis=1)
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
    graph = function.get_concrete_function(packed(specs))
    return lambda parts: graph(packed([tf.convert_to_tensor(part) for part in parts]))


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
