"""Predicts the rows of a table as they come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..errors import option
from ..features.encoding import Head, HeadSpec
from ..features.notices import Notify, ignore
from ..features.option_checks import as_columns, require
from ..features.table_options import read_options
from ..reports.predictions import Block, PredictedHead, Predictions
from ..tables.number_format import pluralize
from ..tables.sources import Data
from .loading import open_model
from .model_encoding import override_encoding, trained_encoding
from .model_rows import ModelRows, model_rows
from .model_scaling import rescaling
from .model_spec import class_names, losses_of, probabilities, spec_of
from .reading import find_files
from .sequence_inputs import predict_sequences

if TYPE_CHECKING:
    import numpy as np

LARGEST = 4 << 20
"""Numbers that a model takes, or outputs, at once."""
Policy = Literal["stop", "skip", "null"]


def predict(
    model,
    data: Data,
    *,
    raw: bool = False,
    errors: Policy = "stop",
    keep: tuple[str, ...] = (),
    notify: Notify = ignore,
    params: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    **table_options: Any,
) -> Predictions:
    """Predicts each row of a table, in order. A table of any length takes little memory.

    Args:
        model: What `open_model` takes.
        data: The table: a path, a glob pattern, a binary stream or a list of these. A target column is ignored.
        raw: Returns the outputs of the model instead of the probabilities of classes.
        errors: What to do with a bad row (ragged, text in a numeric column, a missing cell or an unknown category that
            cannot be filled in): "stop" raises its error after the rows before it, "skip" leaves it out, "null" gives
            it no values. The last two end with a warning.
        keep: Columns that are kept unchanged in the output.
        notify: Is called with a line about each thing that was inferred.
        params: The parameter file of a net, None for the one beside it.
        input_shapes: Shapes of the inputs of a net, as for `convert`.
        **table_options: The fields of `TableOptions`.

    Raises:
        NetconvError: The model or the table cannot be read, or they do not fit each other; also while the blocks of the
            predictions are read.
    """
    import numpy as np

    require("errors", errors, errors in get_args(Policy), "'stop', 'skip' or 'null'")
    [options] = read_options(predict, table_options)
    keep = as_columns("keep", keep)
    files = find_files(data, options, "test", notify)
    loaded = open_model(model, notify=notify, params=params, input_shapes=input_shapes)
    losses = losses_of(loaded)
    spec = spec_of(loaded, losses)
    encoding = trained_encoding(loaded, spec)
    if encoding:
        encoding = replace(override_encoding(encoding, options), heads=encoding.heads)
    else:
        loaded = rescaling(loaded, spec, options.rescale)
        spec = spec_of(loaded, losses)
    as_classes = [bool(head.classes) and not raw for head in spec.heads]
    sizes = [None if None in tensor.shape[1:] else math.prod(tensor.shape[1:]) for tensor in loaded.model.outputs]

    def run(part: ModelRows) -> np.ndarray:
        outputs = predict_sequences(loaded.model, part.inputs(loaded.model), part.lengths)
        parts = np.split(outputs, np.cumsum(_completed(sizes, outputs.shape[1]))[:-1], axis=1)
        found = [
            probabilities(part, loss) if classes else part
            for part, loss, classes in zip(parts, losses, as_classes, strict=True)
        ]
        return np.concatenate(found, axis=1) if len(found) > 1 else found[0]

    predicted = [
        head.classes if classes else size for head, classes, size in zip(spec.heads, as_classes, sizes, strict=True)
    ]
    width = None if None in predicted else sum(size or 0 for size in predicted)
    blocks = _blocks(model_rows(loaded, spec, encoding, files, options, keep, notify), run, width, errors, notify)
    first = next(blocks)
    classes = loaded.classes if len(spec.heads) == 1 else ()
    known = encoding.heads if encoding else [Head(head.name, (), classes) for head in spec.heads]
    heads = tuple(
        PredictedHead(head.name, _names(head, of_table, count, raw and len(spec.heads) > 1), probable)
        for head, of_table, count, probable in zip(
            spec.heads, known, _completed(predicted, first.values.shape[1]), as_classes, strict=True
        )
    )
    return Predictions(heads, chain([first], blocks), tuple(first.kept))


def _completed(sizes: Sequence[int | None], total: int) -> list[int]:
    """The sizes of the outputs of a row of `total` values; one of unknown size has the rest of them."""
    rest = total - sum(size or 0 for size in sizes)
    return [rest if size is None else size for size in sizes]


def _names(head: HeadSpec, known: Head, width: int, prefixed: bool) -> tuple[str, ...]:
    """The names of the values of a head: the classes, also `prefixed` by its own, the targets, or the output of the
    model."""
    if head.classes == width:
        names = class_names(known.classes, width)
        return tuple(f"{head.name}_{name}" for name in names) if prefixed else names
    if not head.classes and len(known.targets) == width:
        return known.targets
    return (head.name,) if width == 1 else tuple(f"{head.name}_{n}" for n in range(1, width + 1))


# Predictions


def _blocks(
    parts: Iterable[ModelRows],
    run: Callable[[ModelRows], np.ndarray],
    width: int | None,
    policy: Policy,
    notify: Notify,
) -> Iterator[Block]:
    """The predictions of all rows. `width` is the number of values of a row, where it is known before `run`
    computes some."""
    import numpy as np

    bad_rows, nan_rows = 0, 0
    first_error = None
    for part in parts:
        good = ~part.errors.mask
        bad_rows += int(np.count_nonzero(~good))
        if first_error is None and part.errors.first:
            first_error = part.errors.first[1]
        if first_error and policy == "stop":
            good[int(good.argmin()) :] = False
        values = _values(part, good, run, width)
        width = values.shape[1]
        nan_rows += int(np.count_nonzero(np.isnan(values).any(axis=1)))
        if good.all():
            yield Block(values, ~good, part.kept)
        elif policy == "null":
            yield _with_gaps(values, good, part.kept)
        elif policy == "skip" or len(values):
            yield _without_gaps(values, good, part.kept)
        if first_error and policy == "stop":
            raise first_error.with_remedy(f"{option('errors', 'skip')} or null continues")
    if first_error:
        done = "left out" if policy == "skip" else "without a prediction"
        notify(f"warning: {pluralize(bad_rows, 'bad row')} {done}; the first: {first_error}")
    if nan_rows:
        notify(f"warning: the net outputs NaN for {pluralize(nan_rows, 'row')}")


def _values(part: ModelRows, good: np.ndarray, run: Callable[[ModelRows], np.ndarray], width: int | None) -> np.ndarray:
    """The predictions of the good rows."""
    import numpy as np

    if good.any():
        return run(part if good.all() else part.picked(good))
    if width is None:
        zero = np.zeros((1, part.x.shape[1]), np.float32)
        width = run(part._replace(x=zero, lengths=None if part.lengths is None else part.lengths[:1])).shape[1]
    return np.empty((0, width), np.float32)


def _with_gaps(values: np.ndarray, good: np.ndarray, kept: dict[str, Any]) -> Block:
    """All rows, with NaN for those that are not good."""
    import numpy as np

    padded = np.full((len(good), values.shape[1]), np.nan, np.result_type(values, np.float32))
    padded[good] = values
    return Block(padded, ~good, kept)


def _without_gaps(values: np.ndarray, good: np.ndarray, kept: dict[str, Any]) -> Block:
    """The good rows alone."""
    import numpy as np
    import pyarrow as pa

    columns = {name: column.filter(pa.array(good)) for name, column in kept.items()}
    return Block(values, np.zeros(len(values), bool), columns)
