"""What a model says of the rows of a table, as they come."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import encoding, table
from .dataset import Data, Reading
from .encoding import silent
from .figures import finite
from .models import (
    Say,
    class_names,
    inputs_of,
    known_encoding,
    loss_of,
    needs_of,
    open_model,
    outputs_of,
    overridden,
    plain_encoding,
    probabilities,
    tell_unseen,
)

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Predictions:
    """What a model says of a table's rows, block by block. `names` are those of the classes or of the values; a block
    is (rows, names) of float32: the probabilities of the classes if `classes`, else the values."""

    names: tuple[str, ...]
    classes: bool
    blocks: Iterator[np.ndarray]

    def csv(self, proba: bool = False) -> Iterator[str]:
        """Text of the rows as CSV, block by block, a header first: class and probability; with `proba` class and the
        probabilities of all classes; values."""
        names = [_quoted(name) for name in self.names]
        shown = ["class", *names] if proba else ["class", "probability"]
        head = ",".join(shown if self.classes else names) + "\n"
        for block in self.blocks:
            if not self.classes:
                rows = [",".join(map(str, row)) for row in block]
            else:
                told = [names[k] for k in block.argmax(axis=1).tolist()]
                given = block.tolist() if proba else block.max(axis=1, keepdims=True).tolist()
                rows = [f"{name},{','.join([f'{p:.6g}' for p in row])}" for name, row in zip(told, given, strict=True)]
            yield head + "".join([f"{row}\n" for row in rows])
            head = ""  # went out with the first rows: a table that cannot be read leaves nothing
        if head:
            yield head

    def json(self, proba: bool = False) -> Iterator[str]:
        """Text of the rows as JSON lines, block by block."""
        for block in self.blocks:
            yield "".join([json.dumps(finite(self._fact(row, proba)), ensure_ascii=False) + "\n" for row in block])

    def _fact(self, row: np.ndarray, proba: bool) -> dict[str, Any]:
        if not self.classes:
            return {name: float(str(value)) for name, value in zip(self.names, row, strict=True)}
        name = self.names[row.argmax()]
        if proba:
            return {
                "class": name,
                "probabilities": dict(zip(self.names, [float(f"{p:.6g}") for p in row], strict=True)),
            }
        return {"class": name, "probability": float(f"{row.max():.6g}")}


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\r\n]|^\s|\s$', cell) else cell


def predict(
    model,
    data: Data,
    *,
    say: Say = silent,
    **reading,
) -> Predictions:
    """What a model says of each row of a table, in order, in little memory however long the table is.

    The parameters are `evaluate`'s; a target column is left out. Raises NetconvError, also while the blocks are read.
    """
    opened, data, reading = open_model(model), table.source(data), Reading(**reading)
    loss = loss_of(opened)
    needs = needs_of(opened, loss)
    known = known_encoding(opened, needs)
    known = known and overridden(known, reading.target, reading.rescale)
    names = class_names(known.classes if known else opened.classes, needs.classes)
    if not needs.classes:
        names = known.targets if known and len(known.targets) == needs.outputs else _output_names(opened.model)

    def blocks():
        used, unseen = known, Counter()
        # closing: a fault in the middle leaves no file open
        with closing(
            encoding.stream(data, used, reading.header) if used else table.stream(data, reading.header)
        ) as stream:
            for rows in stream:
                if not len(rows):
                    continue
                if used is None:
                    used = plain_encoding(rows, needs, opened, reading.target, reading.rescale, True, say)
                x = encoding.features(rows, used, unseen)
                given = outputs_of(opened.model, inputs_of(opened.model, x))
                yield probabilities(given, loss) if needs.classes else given
        tell_unseen(unseen, say)

    return Predictions(names, bool(needs.classes), blocks())


def _output_names(model) -> tuple[str, ...]:
    names = []
    for name, tensor in zip(model.output_names, model.outputs, strict=True):
        count = math.prod(d or 1 for d in tensor.shape[1:])
        names += [name] if count == 1 else [f"{name}_{n}" for n in range(1, count + 1)]
    return tuple(names)
