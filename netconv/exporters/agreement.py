"""Compares what a file that was written computes with the Keras model. Knows no format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NetconvError
from ..inference.differences import ROUNDINGS, largest_difference, precision
from ..keras_api.model_calls import single_calls
from .served_model import ServedModel

if TYPE_CHECKING:
    import numpy as np

TOLERANCE = 1e-5
"""The largest difference of an output, as a part of the largest value of that output."""
Runner = Callable[[Sequence["np.ndarray"]], "list[np.ndarray]"]
"""Runs a file on the inputs of a model, in its order; returns the outputs in its order."""


class Sample(NamedTuple):
    """Inputs of a model, in its order, and what it computes of them."""

    inputs: list[np.ndarray]
    outputs: list[np.ndarray]

    @property
    def batch(self) -> int:
        """The size of the batch."""
        return self.inputs[0].shape[0] if self.inputs[0].ndim else 1


class Agreement(NamedTuple):
    """The largest difference of the outputs, as a part of the largest value, and the output that has it; and the sizes
    of the batches that were compared."""

    difference: float
    output: str
    batches: tuple[int, ...]


def agreement(served: ServedModel, runner: Runner, samples: Iterable[Sample]) -> Agreement:
    """Runs a file on the samples of a model."""
    import numpy as np

    differences, largest = np.zeros(len(served.outputs)), np.zeros(len(served.outputs))
    batches: set[int] = set()
    for sample in samples:
        batches.add(sample.batch)
        for number, (expected, found) in enumerate(zip(sample.outputs, runner(sample.inputs), strict=True)):
            difference, size = largest_difference(found, expected)
            differences[number] = max(differences[number], difference)
            largest[number] = max(largest[number], size)
    parts = differences / np.where(largest > 0, largest, 1)
    worst = int(np.argmax(parts))
    return Agreement(float(parts[worst]), served.outputs[worst], tuple(sorted(batches)))


def tolerance(served: ServedModel) -> float:
    """The difference that is allowed: of a model with layers that compute in 16 bits, some roundings of these."""
    return max([TOLERANCE, *(ROUNDINGS * precision(dtype) for dtype in served.compute_dtypes)])


def listed_batches(sizes: Iterable[int]) -> str:
    """Sizes of batches for a sentence: "batches of 1, 2 and 5"."""
    *others, last = map(str, sizes)
    return f"batches of {', '.join(others)}{' and ' if others else ''}{last}"


def check_repeatable(served: ServedModel, sample: Sample) -> None:
    """Raises NetconvError, with the name of a layer, if the model computes something else of the same inputs."""
    import keras
    import numpy as np

    def differ(one, other) -> bool:
        return any(not np.array_equal(a, b, equal_nan="float" in str(a.dtype)) for a, b in zip(one, other, strict=True))

    inputs = sample.inputs
    if not differ(sample.outputs, served(inputs)):
        return
    calls = single_calls(served.model)
    operations = [each for each in served.model.operations if id(each) in calls]
    inner = keras.Model(served.model.inputs, [calls[id(each)].outputs for each in operations])
    first, second = ([keras.tree.flatten(each) for each in inner(list(inputs), training=False)] for _ in range(2))
    pairs = zip(operations, first, second, strict=True)
    name = next((each.name for each, *parts in pairs if differ(*(map(np.asarray, part) for part in parts))), None)
    raise NetconvError(
        f"{served.name}: "
        + (f"layer {name!r}" if name else "the model")
        + " draws random numbers, or keeps a state, in inference: two runs differ, so that what is written cannot be "
        "compared with it"
    )
