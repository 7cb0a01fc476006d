"""The inputs of a model that take sequences, and its runs on sequences of any length. Knows no tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import DataError
from ..features.sequence_format import SequenceSpec
from ..features.text_encoder import TextEncoder
from .calling import predict_rows
from .embedding_inputs import input_names

if TYPE_CHECKING:
    import numpy as np


def sequence_specs(
    model, with_ids: Collection[str], masked: Collection[str], encoders: Mapping[str, TextEncoder] = {}
) -> dict[str, SequenceSpec]:
    """The sequences that the inputs of a model can take, by the name of the input; those `with_ids` take ids of an
    Embedding, of which 0 may be `masked`, and `encoders` make those of some."""
    specs = {}
    for name, tensor in zip(input_names(model), model.inputs, strict=True):
        shape, encoder = tuple(tensor.shape[1:]), encoders.get(name)
        if len(shape) == 1:
            specs[name] = SequenceSpec(shape[0], 1, name in masked, encoder)
        elif len(shape) == 2 and shape[1] is not None and name not in with_ids:
            specs[name] = SequenceSpec(shape[0], shape[1], False, encoder)
    return specs


def cut(inputs: Sequence[np.ndarray], lengths: np.ndarray) -> list[np.ndarray]:
    """The arrays of inputs, of rows that all have the same steps for each input, `lengths`."""
    return [part[:, :steps] for part, steps in zip(inputs, lengths.tolist(), strict=True)]


def predict_sequences(model, inputs: Sequence[np.ndarray], lengths: np.ndarray | None) -> np.ndarray:
    """The outputs of a model as of `predict_rows`, in the order of the rows. Those with as many steps, `lengths` of
    (rows, inputs), are computed together. Raises DataError if the outputs of a row have a step for each of its own."""
    import numpy as np

    if lengths is None:
        return predict_rows(model, inputs)
    found: np.ndarray | None = None
    each, inverse = np.unique(lengths, axis=0, return_inverse=True)
    for number, steps in enumerate(each):
        rows = np.flatnonzero(inverse.ravel() == number)
        values = predict_rows(model, cut([part[rows] for part in inputs], steps), any_length=True)
        if found is None:
            found = np.empty((len(lengths), values.shape[1]), values.dtype)
        elif found.shape[1] != values.shape[1]:
            raise DataError(
                f"the net outputs {found.shape[1]:,} values for one row and {values.shape[1]:,} for another, as their "
                "sequences have different lengths, and predictions are a table: give it sequences of one length"
            )
        found[rows] = values
    assert found is not None
    return found
