"""The inputs of a model that take sequences, and its runs on sequences of any length. Knows no tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import DataError
from ..features.sequence_format import SequenceSpec
from ..features.text_encoder import TextEncoder
from .calling import predict_rows
from .embedding_inputs import input_names

if TYPE_CHECKING:
    import numpy as np

    Score = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], tuple[np.ndarray, np.ndarray]]


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
    if lengths is None:
        return predict_rows(model, inputs)
    groups = list(_groups_of_length(lengths))
    parts = [predict_rows(model, cut([x[rows] for x in inputs], steps), any_length=True) for rows, steps in groups]
    return _in_order([rows for rows, _ in groups], parts)


def score_sequences(
    score: Score, inputs: Sequence[np.ndarray], targets: Sequence[np.ndarray], lengths: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs and mean losses that `score`, of `calling.scorer`, computes, with those rows together that have as
    many steps. Raises DataError as `predict_sequences`."""
    import numpy as np

    if lengths is None:
        return score(inputs, targets)
    groups = list(_groups_of_length(lengths))
    found = [score(cut([x[rows] for x in inputs], steps), [y[rows] for y in targets]) for rows, steps in groups]
    means = np.average([mean for _, mean in found], axis=0, weights=[len(rows) for rows, _ in groups])
    return _in_order([rows for rows, _ in groups], [outputs for outputs, _ in found]), means


def _groups_of_length(lengths: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows that have the same steps for each input, and these."""
    import numpy as np

    each, inverse = np.unique(lengths, axis=0, return_inverse=True)
    for number, steps in enumerate(each):
        yield np.flatnonzero(inverse.ravel() == number), steps


def _in_order(rows: Sequence[np.ndarray], parts: Sequence[np.ndarray]) -> np.ndarray:
    """The outputs of groups of rows, in the order of all rows."""
    import numpy as np

    widths = [part.shape[1] for part in parts]
    if different := [width for width in widths if width != widths[0]]:
        raise DataError(
            f"the net outputs {widths[0]:,} values for one row and {different[0]:,} for another, as their sequences "
            "have different lengths, and predictions are a table: give it sequences of one length"
        )
    outputs = np.empty((sum(map(len, rows)), widths[0]), parts[0].dtype)
    for index, part in zip(rows, parts, strict=True):
        outputs[index] = part
    return outputs
