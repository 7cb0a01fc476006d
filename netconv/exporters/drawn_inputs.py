"""Inputs of a model, drawn so that errors show in what it computes of them: ids that exist, and numbers of the size
that its first layers scale. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import NetconvError, first_line, option
from ..inference.embedding_inputs import id_ranges, input_names
from ..keras_api.model_calls import single_calls
from . import affine as affines
from .agreement import Sample
from .served_model import ServedModel, example_shape

if TYPE_CHECKING:
    import numpy as np

BATCHES = (1, 2, 5)
"""The rows of the inputs, where the batch is open."""
SIZES = (7, 32, 64, 128, 224, 17, 33, 65, 299)
"""The sizes of other open axes; the first ones that the model takes. Some nets, as Inception, take odd ones alone."""
INTEGERS = 4
"""Integers are drawn below this number, where the model does not say which ids it takes."""


def drawn_samples(served: ServedModel, seed: int = 0) -> Iterator[Sample]:
    """Samples of a model: several for one that leaves the size of its batches, or others, open. Those that the model
    itself cannot compute are left out.

    Raises NetconvError if that is so of all of them.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    is_open = any(None in shape[1:] for shape in served.shapes)
    fitting, failures = [], []
    for size in SIZES if is_open else SIZES[:1]:
        try:
            yield _sample(served, generator, BATCHES[0], size)
            fitting.append(size)
        except NetconvError as error:
            failures.append(error)
        if len(fitting) == 2:
            break
    if not fitting:
        raise failures[0]
    for number, batch in enumerate(BATCHES[1:] if served.has_open_batch else ()):
        with suppress(NetconvError):
            yield _sample(served, generator, batch, fitting[number % len(fitting)])


def _sample(served: ServedModel, generator: np.random.Generator, batch: int, size: int) -> Sample:
    """A sample of `batch` rows, with `size` for its other open axes. Raises NetconvError if the model cannot compute
    it."""
    inputs = _draw(served, generator, batch, size)
    try:
        return Sample(inputs, served(inputs))
    except Exception as error:  # TensorFlow raises any exception for a shape that does not fit
        reason = f"{served.name}: Keras cannot run the model on drawn inputs: {first_line(error)}"
    known = zip(input_names(served.model), served.shapes, strict=True)
    open_ones = {name: example_shape(shape) for name, shape in known if None in shape[1:]}
    if open_ones:
        reason += f"; convert the net with sizes for its open axes, for example {option('input_shapes', open_ones)}"
    raise NetconvError(reason)


def _draw(served: ServedModel, generator: np.random.Generator, batch: int, size: int) -> list[np.ndarray]:
    import numpy as np

    ranges = id_ranges(served.model)
    arrays = []
    for tensor, shape, name in zip(served.model.inputs, served.shapes, input_names(served.model), strict=True):
        complete = (shape[0] or batch, *(each or size for each in shape[1:])) if shape else ()
        dtype = str(tensor.dtype)
        if name in ranges:
            low, high = ranges[name]
            drawn = generator.integers(low, high, complete, endpoint=True)
        elif dtype == "bool":
            drawn = generator.integers(0, 2, complete)
        elif "int" in dtype:
            drawn = generator.integers(0, INTEGERS, complete)
        else:
            drawn = _unscaled(served.model, tensor, generator.normal(size=complete))
        arrays.append(np.asarray(drawn).astype(dtype))
    return arrays


def _unscaled(model, tensor, numbers: np.ndarray) -> np.ndarray:
    """The numbers that the first layer scales to these; the numbers themselves if it does not scale."""
    calls = single_calls(model)
    for layer in model.layers:
        call = calls.get(id(layer))
        if type(layer).__name__ in affines.RULES and call and call.input_tensors[0] is tensor:
            affine = affines.of_layer(layer)
            if affine is not None and affine.scale.all():
                return (numbers - affine.offset) / affine.scale
    return numbers
