"""Inputs of a model, drawn so that errors show in what it computes of them: ids that exist, and numbers of the size
that its first layers scale. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import NetconvError, first_line
from ..inference.embedding_inputs import id_ranges, input_names
from . import affine as affines
from .served_model import ServedModel

if TYPE_CHECKING:
    import numpy as np

BATCHES = (1, 2, 5)
"""The rows of the inputs, where the batch is open."""
SIZES = (7, 32, 64, 128, 224)
"""The sizes of other open axes; the first ones that the model takes."""
INTEGERS = 4
"""Integers are drawn below this number, where the model does not say which ids it takes."""


def drawn_inputs(served: ServedModel, seed: int = 0) -> Iterator[list[np.ndarray]]:
    """Inputs for the model, in its order; several for those that take batches of any size, or of any other size.

    Raises NetconvError if the model fails for all of them.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    is_open = any(None in shape[1:] for shape in served.shapes)
    batches = BATCHES if served.has_open_batch else BATCHES[:1]
    sizes = [size for size in SIZES if _runs(served, generator, size)] if is_open else []
    if is_open and not sizes:
        _runs(served, generator, SIZES[-1], raises=True)
    for number, batch in enumerate(batches):
        yield _draw(served, generator, batch, sizes[number % min(2, len(sizes))] if sizes else 1)


def _runs(served: ServedModel, generator: np.random.Generator, size: int, raises: bool = False) -> bool:
    """Whether a model takes an input with this size for its open axes."""
    try:
        served(_draw(served, generator, 1, size))
    except Exception as error:  # TensorFlow raises any exception for a shape that does not fit
        if raises:
            raise NetconvError(
                f"{served.name}: it cannot be run with {size} for the sizes that are open: {first_line(error)}"
            ) from None
        return False
    return True


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
    for layer in model.layers:
        if type(layer).__name__ in affines.RULES and len(layer._inbound_nodes) == 1 and layer.input is tensor:
            affine = affines.of_layer(layer)
            if affine is not None and affine.scale.all():
                return (numbers - affine.offset) / affine.scale
    return numbers
