"""Tables as a model takes them: the arrays of its inputs, and what it is to give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import encoding, table
from .encoding import Encoding, Needs
from .errors import DataError
from .figures import counted
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
from .reading import Reading
from .rows import Rows
from .sources import Data, Source, sources

if TYPE_CHECKING:
    import numpy as np


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

    data = found_sources(data, reading, "train", say)
    rows = None
    if opened.model is None:
        rows = table.read(data, reading.header)
        opened = opened.for_rows((encoding.width(rows, reading),), say)
    check_trainable(opened)
    needs = needs_of(opened, loss or loss_of(opened))
    known = None if reading.anew or loss else known_encoding(opened, needs)
    if known:
        say("columns, categories and classes are those of the table that the model was trained on")
        rows = encoding.read(data, known, reading.header)
    else:
        rows = rows or table.read(data, reading.header)
        known = encoding.fit(rows, needs, reading, opened.classes, say=say)
    y = encoding.targets(rows, known)
    full, left_out = _with_targets(y, table.title(data), say)
    held = np.empty(0, int) if validation_data else held_out(y[full], validation_split, seed)
    inside, outside = np.delete(full, held), full[held]
    if any(feature.fill is None for feature in known.features):
        known = encoding.fills(known, rows, inside)
    unseen: Counter[str] = Counter()
    training, validation = _datasets(opened, needs, known, rows, y, (inside, outside), left_out, unseen)
    if validation_data:
        validation_data = sources(validation_data, part="test")
        others = encoding.read(validation_data, known, reading.header)
        y = encoding.targets(others, known)
        full, left_out = _with_targets(y, table.title(validation_data), say)
        [validation] = _datasets(opened, needs, known, others, y, (full,), left_out, unseen)
    tell_unseen(unseen, say)
    return opened, training, validation


def found_sources(data: Data, reading: Reading, part: str, say: Say) -> tuple[Source, ...]:
    """The files of a table, those of labels told that were found by name; `part` is `Source.part`."""
    found = sources(data, reading.labels, part)
    for source in found:
        if source.labels and reading.labels is None:
            say(f"labels: {source.labels.name} (--labels names another file)")
    return found


def for_evaluation(opened: Opened, needs: Needs, data: Data, reading: Reading, say: Say) -> Dataset:
    """The rows that have targets. A model that was trained here reads the table as its training table was read, any
    other takes numbers as they are. Raises DataError."""
    data = found_sources(data, reading, "test", say)
    known = known_encoding(opened, needs)
    if known:
        known = overridden(known, reading)
        rows = encoding.read(data, known, reading.header)
    else:
        rows = table.read(data, reading.header)
        known = plain_encoding(rows, needs, opened, reading, False, say)
    y = encoding.targets(rows, known)
    full, left_out = _with_targets(y, table.title(data), say)
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
