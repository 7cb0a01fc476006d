"""Encodings: how the rows of a table become what a net takes and is to give.

What is learnt from a training table (columns, categories, fills, means, classes) is an `Encoding`: it is kept with the
trained model, and every later table is read by it. Knows tables and numbers, no Keras: a net is its `ModelSpec`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..errors import DataError, FormatError
from ..tables import table
from ..tables.column_selection import columns, listed
from ..tables.number_format import counted
from ..tables.rows import NUMBER, Rows, TableFormat
from ..tables.sources import Source
from ..tables.table import Table

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class InputSpec:
    """An input of a net: its `name`; its `width`, how many numbers it takes a row, None for any; `ids`, the lowest and
    the highest number where these are ids of an Embedding."""

    name: str
    width: int | None
    ids: tuple[int, int] | None = None


@dataclass(frozen=True)
class ModelSpec:
    """What a net takes and gives a row: `features` numbers, None for any; `outputs` numbers; `classes`, how many
    classes these tell apart, 0 for a net that gives values. `inputs` are those of a net that has several, or that takes
    ids."""

    features: int | None
    outputs: int
    classes: int
    inputs: tuple[InputSpec, ...] = ()


@dataclass(frozen=True)
class Feature:
    """A column that the net takes. `categories`, in the order of their codes, is empty for a column of numbers; a
    `onehot` feature takes a place for each category. `fill` stands for a missing cell; None refuses one. Numbers that
    are standardised have a `mean` and a standard deviation `std`; `ids` are the lowest and the highest of whole numbers
    that an Embedding takes."""

    name: str
    categories: tuple[str, ...] = ()
    onehot: bool = False
    fill: float | str | None = None
    mean: float | None = None
    std: float | None = None
    ids: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return len(self.categories) if self.onehot else 1


@dataclass(frozen=True)
class Encoding:
    """How rows become what a net takes and what it is to give: the `columns` of the training table and whether it had
    a `header`; the `features` in the net's order, and how many numbers each of its `inputs` takes of them (none for one
    input); the `targets` and their `classes` (none for values; several targets of classes are one-hot); what numbers
    are multiplied by (`scale`) and what is then added (`offset`); `target_mean` and `target_std` of values that are
    standardised, one for each target."""

    columns: tuple[str, ...]
    header: bool
    features: tuple[Feature, ...]
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    scale: float = 1.0
    offset: float = 0.0
    inputs: tuple[int, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        return sum(feature.width for feature in self.features)

    def dump(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @staticmethod
    def load(data: bytes, file: str) -> Encoding:
        """Raises FormatError."""
        try:
            facts = json.loads(data)
            texts = [tuple(map(str, facts[key])) for key in ("columns", "targets", "classes")]
            features = tuple(map(_feature_of, facts["features"]))
            inputs = tuple(map(int, facts["inputs"]))
            mean, std = (tuple(map(float, facts[key])) for key in ("target_mean", "target_std"))
            found = Encoding(
                texts[0], bool(facts["header"]), features, texts[1], texts[2], float(facts["scale"]),
                float(facts["offset"]), inputs, mean, std,
            )  # fmt: skip
            fits = not inputs or (min(inputs) > 0 and sum(inputs) == found.width)
            if not fits or not {f.name for f in features} <= set(texts[0]) or len(mean) != len(std):
                raise ValueError
            return found
        except (ValueError, TypeError, LookupError, RecursionError):
            raise FormatError(f"{file}: its member netconv/table.json is damaged") from None

    def affine(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is subtracted from each number the net takes, what the rest is multiplied by, and what is then added."""
        import numpy as np

        parts: list[tuple[float, float, float]] = []
        for feature in self.features:
            if feature.mean is not None:
                parts.append((feature.mean, 1 / feature.std, 0.0))
            elif feature.categories or feature.ids:
                parts += [(0.0, 1.0, 0.0)] * feature.width
            else:
                parts.append((0.0, self.scale, self.offset))
        return tuple(np.array(parts, np.float32).reshape(-1, 3).T)

    def original(self, values: np.ndarray) -> np.ndarray:
        """Values (rows, targets) that a net gives, in the units of the table."""
        import numpy as np

        if not self.target_mean:
            return values
        return values * np.array(self.target_std, np.float32) + np.array(self.target_mean, np.float32)


def _feature_of(facts) -> Feature:
    categories, fill = tuple(map(str, facts["categories"])), facts["fill"]
    if fill is not None and categories and fill not in categories:
        raise ValueError
    mean, std, ids = facts["mean"], facts["std"], facts["ids"]
    if mean is not None and not 0 < float(std) < math.inf:
        raise ValueError
    return Feature(
        str(facts["name"]), categories, bool(facts["onehot"]), fill if fill is None or categories else float(fill),
        None if mean is None else float(mean), None if mean is None else float(std),
        None if ids is None else (int(ids[0]), int(ids[1])),
    )  # fmt: skip


def places(encoding: Encoding, form: TableFormat, file: str) -> tuple[list[int], list[int]]:
    """Where a table has the features and the targets of an encoding; no targets if it has none."""
    names = [feature.name for feature in encoding.features]
    if form.header and encoding.header:
        found = {name: position for position, name in enumerate(form.names)}
        missing = [name for name in names if name not in found]
        if missing:
            raise DataError(
                f"{counted(len(form.names), 'column')} found, and of the {counted(len(names), 'feature')} that the "
                f"model takes these are missing: {listed(missing)}",
                file,
            )
        targets = [found[t] for t in encoding.targets if t in found]
        return [found[name] for name in names], targets if len(targets) == len(encoding.targets) else []
    if len(form.names) == len(encoding.columns):
        found = {name: position for position, name in enumerate(encoding.columns)}
        targets = columns(encoding.columns, encoding.targets, file)
        return [found[name] for name in names], targets
    if len(form.names) == len(names):
        return list(range(len(names))), []
    raise DataError(
        f"{counted(len(form.names), 'column')} found, and the model takes {len(names):,} features "
        f"({listed(names)}) or the {len(encoding.columns):,} columns of its training table",
        file,
    )


def _texts(encoding: Encoding, form: TableFormat, file: str) -> frozenset[int]:
    """The positions of the columns that an encoding has as text."""
    features, targets = places(encoding, form, file)
    text = {place for place, feature in zip(features, encoding.features, strict=True) if feature.categories}
    if encoding.classes and not all(map(NUMBER.match, encoding.classes)):
        text.update(targets)
    return frozenset(text)


def _ignored(encoding: Encoding, form: TableFormat, file: str) -> frozenset[int]:
    """The positions of the columns that an encoding does not take."""
    features, targets = places(encoding, form, file)
    return frozenset(range(len(form.names))).difference(features, targets)


def stream(sources: tuple[Source, ...], encoding: Encoding, header: bool | None = None, **options) -> Iterator[Rows]:
    """The rows of a table in blocks, read as the training table of `encoding` was; `options` are those of
    `table.stream`. Raises DataError."""
    known, text, ignore = _known(encoding, sources)
    return table.stream(sources, header, known, text, ignore=ignore, **options)


def read(sources: tuple[Source, ...], encoding: Encoding, header: bool | None = None) -> Table:
    """A whole table, read as the training table of `encoding` was. Raises DataError."""
    known, text, ignore = _known(encoding, sources)
    return table.read(sources, header, known, text, ignore)


def _known(encoding: Encoding, sources: tuple[Source, ...]):
    names, file = encoding.columns if encoding.header else (), table.title(sources)
    return names, partial(_texts, encoding, file=file), partial(_ignored, encoding, file=file)
