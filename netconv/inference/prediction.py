"""What a model says of the rows of a table, as they come."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from ..features import encoding, transform
from ..features.encoding import Encoding, ModelSpec
from ..features.schema_inference import ignore
from ..features.table_options import TableOptions
from ..reports.predictions import Block, Predictions
from ..tables import table
from ..tables.column_selection import columns
from ..tables.number_format import counted
from ..tables.rows import Rows, TableFormat
from ..tables.sources import Data, Source
from .calling import inputs_of, outputs_of
from .dataset import found_sources, likely
from .loading import LoadedModel, Notify, open_model
from .model_encoding import known_encoding, overridden, plain_encoding, tell_unseen
from .model_spec import class_names, loss_of, probabilities, spec_of

if TYPE_CHECKING:
    import numpy as np

LARGEST = 4 << 20
"""Numbers a model takes, or gives, at once."""


def predict(
    model,
    data: Data,
    *,
    raw: bool = False,
    errors: Literal["stop", "skip", "null"] = "stop",
    keep: tuple[str, ...] = (),
    notify: Notify = ignore,
    **reading,
) -> Predictions:
    """What a model says of each row of a table, in order, in little memory however long the table is.

    `raw` gives what the model gives instead of probabilities of classes. `errors` says what becomes of a row at fault
    (ragged, text in a column of numbers, a missing cell or an unknown text that nothing stands for): "stop" raises its
    error after the rows before it, "skip" leaves it out, "null" gives no values for it; the last two warn at the end.
    `keep` names columns that are passed on as they stand. The other parameters are `evaluate`'s; a target column is
    left out. Raises NetconvError, also while the blocks are read.
    """
    opened, reading = open_model(model, notify=notify), TableOptions(**reading)
    data = found_sources(data, reading, "test", notify)
    loss = loss_of(opened)
    needs = spec_of(opened, loss)
    known = known_encoding(opened, needs)
    known = known and overridden(known, reading)
    told = bool(needs.classes) and not raw

    def give(x: np.ndarray) -> np.ndarray:
        given = outputs_of(opened.model, inputs_of(opened.model, x, known.inputs if known else ()))
        if told:
            return probabilities(given, loss)
        return known.original(given) if known and not raw else given

    settled = all(None not in tensor.shape[1:] for tensor in opened.model.outputs)
    width = needs.classes if told else needs.outputs if settled else None
    blocks = _blocks(_rows(opened, needs, known, data, reading, keep, notify), give, width, errors, notify)
    first = next(blocks)
    width = first.values.shape[1]
    if needs.classes == width:
        names = class_names(known.classes if known else opened.classes, width)
    elif known and not needs.classes and len(known.targets) == width:
        names = known.targets
    else:
        names = _output_names(opened.model, width)
    return Predictions(names, told, chain([first], blocks), tuple(first.kept))


def _rows(
    opened: LoadedModel,
    needs: ModelSpec,
    known: Encoding | None,
    data: tuple[Source, ...],
    reading: TableOptions,
    keep: tuple[str, ...],
    notify: Notify,
) -> Iterator[tuple[Rows, np.ndarray, dict[str, Any]]]:
    """Rows, what the net takes of them, and the columns that are kept by name; the first may be no rows."""

    def kept_by(form: TableFormat) -> dict[str, int]:
        own = form.names if form.header or not known or len(known.columns) != len(form.names) else known.columns
        return {own[place]: place for place in columns(own, keep, table.title(data))}

    options = {"keep": lambda form: frozenset(kept_by(form).values()), "lenient": True}
    if known:
        stream = encoding.stream(data, known, reading.header, **options)
    else:
        stream = table.stream(data, reading.header, **options)
    unseen: Counter[str] = Counter()
    used, most = known, max(1, LARGEST // max(needs.outputs, needs.features or 1))
    with closing(stream):  # a fault in the middle leaves no file open
        for number, whole in enumerate(stream):
            kept = kept_by(whole.form)
            if not len(whole):
                if number == 0:
                    yield whole, whole.numbers, {name: whole.kept[place] for name, place in kept.items()}
                continue
            if used is None:
                used = plain_encoding(table.of(whole, likely(data, reading)), needs, opened, reading, True, notify)
            for rows in whole.parts(most):
                x = transform.features(rows, used, unseen)
                yield rows, x, {name: rows.kept[place] for name, place in kept.items()}
    tell_unseen(unseen, notify)


def _blocks(parts, give, width: int | None, errors: str, notify: Notify) -> Iterator[Block]:
    """What is given for rows; those at fault are dealt with as `errors` says. `width` is how many values a row has,
    where it is known before any is given."""
    import numpy as np
    import pyarrow as pa

    count, first, without = 0, None, 0
    for rows, x, kept in parts:
        good = ~rows.faults.mask
        bad = not good.all()
        if bad:
            count += int(np.count_nonzero(~good))
            first = first or rows.faults.first[1]
            if errors == "stop":
                good[int(good.argmin()) :] = False
        if good.any() or width is None:
            given = give((x[good] if bad else x) if good.any() else np.zeros((1, x.shape[1]), np.float32))
            width = given.shape[1]
        if not good.any():
            given = np.empty((0, width), np.float32)
        without += int(np.count_nonzero(np.isnan(given).any(axis=1)))
        if bad and errors == "null":
            values = np.full((len(rows), width), np.nan, np.result_type(given, np.float32))
            values[good] = given
            yield Block(values, ~good, kept)
            continue
        if bad:
            kept = {name: column.filter(pa.array(good)) for name, column in kept.items()}
        if not bad or errors == "skip" or len(given):
            yield Block(given, np.zeros(len(given), bool), kept)
        if bad and errors == "stop":
            raise first
    if count:
        done = "left out" if errors == "skip" else "without a prediction"
        notify(f"warning: {counted(count, 'row')} at fault {done}; the first: {first}")
    if without:
        notify(f"warning: the net gives no number (NaN) for {counted(without, 'row')}")


def _output_names(model, width: int) -> tuple[str, ...]:
    """A name for each value a row, by the model's outputs; one whose size is not known takes what is left."""
    sizes = [math.prod(tensor.shape[1:]) if None not in tensor.shape[1:] else None for tensor in model.outputs]
    left = width - sum(size or 0 for size in sizes)
    outputs = getattr(model, "output_names", None) or [model.layers[-1].name]  # a Sequential has none
    names = []
    for name, size in zip(outputs, sizes, strict=True):
        count = left if size is None else size
        names += [name] if count == 1 else [f"{name}_{n}" for n in range(1, count + 1)]
    return tuple(names)
