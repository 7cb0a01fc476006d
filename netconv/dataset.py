"""Tables as a model takes them: the arrays of its inputs, and what it is to give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import encoding, table
from .encoding import Encoding, Needs
from .errors import DataError
from .models import (
    Opened,
    Say,
    check_trainable,
    class_names,
    full_rows,
    inputs_of,
    known_encoding,
    loss_of,
    needs_of,
    overridden,
    plain_encoding,
    tell_unseen,
)
from .table import Rows, Source, counted

if TYPE_CHECKING:
    import numpy as np

Data = Source | Path | str | BinaryIO


@dataclass(frozen=True)
class Reading:
    """How a user says that a table is to be read: `target` names the target columns, `rescale` is (scale, offset) for
    numbers, `header` says whether the first row is one. What is not said is found out."""

    target: tuple[str, ...] = ()
    rescale: tuple[float, float] | None = None
    header: bool | None = None


@dataclass(frozen=True)
class Dataset:
    """The rows of a table as a model takes them.

    `inputs` has an array for each input of the model, (rows, *shape); `targets` are class numbers, (rows,) of int32, or
    values, (rows, values) of float32. Both have `shape` and `dtype`, and give rows by `[start:stop]` and by a sorted
    index array; those of a table larger than memory are on disk. `encoding` is how the table was read, `names` are
    those of the classes (none for values), `counts` how many rows each has; `left_out` counts the rows that are not
    here, by reason.
    """

    inputs: tuple[Any, ...]
    targets: Any
    encoding: Encoding
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.targets)

    def blocks(self, rows: int = 8192) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
        """The inputs and targets of all rows in order, at most `rows` of them at a time."""
        for start in range(0, len(self), rows):
            yield [part[start : start + rows] for part in self.inputs], self.targets[start : start + rows]


def for_training(
    opened: Opened,
    data: Data,
    reading: Reading,
    *,
    loss,
    validation_data: Data | None,
    validation_split: float,
    seed: int,
    say: Say,
) -> tuple[Opened, Dataset, Dataset]:
    """The model, made now if only the table tells what its input is; the rows to train on; and those to validate on,
    which may be none.

    `validation_split` is the share of the rows held out, the same of each class, unless there is `validation_data`;
    what stands for missing cells is learnt from the other rows only. A model that was trained here reads the table as
    it read its training table, unless `loss` or `reading` says otherwise. Raises NetconvError.
    """
    import numpy as np

    data = table.source(data)
    rows = None
    if opened.model is None:
        rows = table.read(data, reading.header)
        opened = opened.for_rows((len(rows.form.names) - max(1, len(reading.target)),), say)
    check_trainable(opened)
    needs = needs_of(opened, loss or loss_of(opened))
    known = None if reading.target or reading.rescale or loss else known_encoding(opened, needs)
    if known:
        say("columns, categories and classes are those of the table that the model was trained on")
        rows = encoding.read(data, known, reading.header)
    else:
        rows = rows or table.read(data, reading.header)
        rescale = reading.rescale or (1.0, 0.0)
        known = encoding.fit(rows, needs, reading.target, opened.classes, rescale, say=say)
    y = encoding.targets(rows, known)
    full, left_out = _with_targets(y, data.name, say)
    held = np.empty(0, int) if validation_data else held_out(y[full], validation_split, seed)
    inside, outside = np.delete(full, held), full[held]
    if any(feature.fill is None for feature in known.features):
        known = encoding.fills(known, rows, inside)
    unseen: Counter[str] = Counter()
    training, validation = _datasets(opened, needs, known, rows, y, (inside, outside), left_out, unseen)
    if validation_data:
        validation_data = table.source(validation_data)
        others = encoding.read(validation_data, known, reading.header)
        y = encoding.targets(others, known)
        full, left_out = _with_targets(y, validation_data.name, say)
        [validation] = _datasets(opened, needs, known, others, y, (full,), left_out, unseen)
    tell_unseen(unseen, say)
    return opened, training, validation


def for_evaluation(opened: Opened, needs: Needs, data: Data, reading: Reading, say: Say) -> Dataset:
    """The rows that have targets. A model that was trained here reads the table as its training table was read, any
    other takes numbers as they are. Raises DataError."""
    data = table.source(data)
    known = known_encoding(opened, needs)
    if known:
        known = overridden(known, reading.target, reading.rescale)
        rows = encoding.read(data, known, reading.header)
    else:
        rows = table.read(data, reading.header)
        known = plain_encoding(rows, needs, opened, reading.target, reading.rescale, False, say)
    y = encoding.targets(rows, known)
    full, left_out = _with_targets(y, data.name, say)
    unseen: Counter[str] = Counter()
    [found] = _datasets(opened, needs, known, rows, y, (full,), left_out, unseen)
    tell_unseen(unseen, say)
    return found


def _with_targets(y: np.ndarray, file: str, say: Say) -> tuple[np.ndarray, dict[str, int]]:
    full = full_rows(y)
    if not len(full):
        raise DataError("no row has a target", file)
    without = len(y) - len(full)
    if without:
        say(f"{counted(without, 'row')} without a target left out")
    return full, {"without a target": without} if without else {}


def _datasets(opened: Opened, needs: Needs, known, rows: Rows, y, parts, left_out, unseen) -> list[Dataset]:
    """A Dataset of each of the `parts`, which are index arrays of the rows."""
    import numpy as np

    names = class_names(known.classes, needs.classes) if needs.classes else ()
    x = encoding.features(rows, known, unseen)
    found = []
    for part in parts:
        counts = tuple(np.bincount(y[part], minlength=len(names)).tolist()) if names else ()
        inputs = tuple(inputs_of(opened.model, x[part]))
        found.append(Dataset(inputs, y[part], known, names, counts, left_out))
    return found


def held_out(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Indices of the rows for validation: of each class the share, but never all of it."""
    import numpy as np

    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in np.unique(y)] if y.ndim == 1 else [np.arange(len(y))]
    counts = [min(round(share * len(group)), len(group) - 1) for group in groups]
    picked = [generator.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    return np.sort(np.concatenate(picked))
