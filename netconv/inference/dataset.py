"""Tables as a model takes them: the arrays of its inputs, and what it is to give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..features import encoding, schema_inference, transform
from ..features.encoding import Encoding, ModelSpec
from ..features.table_options import TableOptions
from ..tables import disk_buffer, table
from ..tables.disk_buffer import Collector, DiskBuffer, Part
from ..tables.number_format import counted
from ..tables.rows import TableFormat
from ..tables.sources import Data, Source, sources
from ..tables.table import Table
from .calling import row_shapes
from .loading import LoadedModel, Notify
from .model_encoding import known_encoding, overridden, plain_encoding, tell_unseen
from .model_spec import check_trainable, class_names, loss_of, spec_of

if TYPE_CHECKING:
    import numpy as np

CHUNK = 1 << 22
"""Rows of which the ones for validation are drawn at once."""


@dataclass(frozen=True)
class Dataset:
    """The rows of a table as a model takes them.

    `inputs` has an array for each input of the model, (rows, *shape); `targets` are class numbers, (rows,) of int32, or
    values, (rows, values) of float32, standardised if the encoding says so. An input has `shape` and `dtype`, and gives
    rows by `[start:stop]` and by a sorted index array; one of a table larger than memory is on disk. `encoding` is how
    the table was read, `names` are those of the classes (none for values), `counts` how many rows each has; `left_out`
    counts the rows that are not here, by reason.
    """

    inputs: tuple[Any, ...]
    targets: np.ndarray
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
    opened: LoadedModel,
    data: Data,
    reading: TableOptions,
    *,
    loss,
    validation_data: Data | None,
    validation_split: float,
    seed: int,
    notify: Notify,
) -> tuple[LoadedModel, Dataset, Dataset]:
    """The model, made now if only the table tells what its input is; the rows to train on; and those to validate on,
    which may be none.

    `validation_split` is the share of the rows held out, the same of each class, unless there is `validation_data`;
    what stands for missing cells, means and standard deviations are learnt from the other rows only. A model that was
    trained here reads the table as it read its training table, unless `loss` or `reading` says otherwise. Raises
    NetconvError, and OSError: no room on the disk.
    """
    files = found_sources(data, reading, "train", notify)
    whole = None
    if opened.model is None:
        whole = _read(files, reading)
        opened = opened.for_rows((schema_inference.width(whole.form, reading, whole.file),), notify)
    check_trainable(opened)
    needs = spec_of(opened, loss or loss_of(opened))
    known = None if reading.anew or loss else known_encoding(opened, needs)
    if known:
        notify("columns, categories and classes are those of the table that the model was trained on")
        whole = encoding.read(files, known, reading.header)
    else:
        whole = whole or _read(files, reading)
        known = schema_inference.infer_encoding(whole, needs, reading, opened.classes, notify=notify)
    _tell_place(whole, notify)
    y, full, left_out = _targets(whole, known, notify)
    _check_classes(y, full, known, whole)
    outside = _held_out(y, full, 0.0 if validation_data else validation_split, seed)
    inside = full & ~outside
    if reading.standardize or any(feature.fill is None and not feature.ids for feature in known.features):
        known = transform.fit_statistics(known, whole, inside, reading.standardize)
    if reading.standardize_target:
        known = _with_target_moments(known, y, inside, whole.file)
    unseen: Counter[str] = Counter()
    make = partial(_datasets, opened, needs, unseen=unseen)
    training, validation = make(known, whole, y, (inside, outside), left_out)
    if validation_data:
        whole = encoding.read(sources(validation_data, part="test"), known, reading.header)
        y, full, left_out = _targets(whole, known, notify)
        [validation] = make(known, whole, y, (full,), left_out)
    tell_unseen(unseen, notify)
    return opened, training, validation


def for_evaluation(opened: LoadedModel, needs: ModelSpec, data: Data, reading: TableOptions, notify: Notify) -> Dataset:
    """The rows that have targets. A model that was trained here reads the table as its training table was read, any
    other takes numbers as they are. Raises NetconvError, and OSError: no room on the disk."""
    files = found_sources(data, reading, "test", notify)
    known = known_encoding(opened, needs)
    if known:
        known = overridden(known, reading)
        whole = encoding.read(files, known, reading.header)
    else:
        whole = _read(files, reading)
        known = plain_encoding(whole, needs, opened, reading, False, notify)
    _tell_place(whole, notify)
    y, full, left_out = _targets(whole, known, notify)
    unseen: Counter[str] = Counter()
    [found] = _datasets(opened, needs, known, whole, y, (full,), left_out, unseen)
    tell_unseen(unseen, notify)
    return found


def found_sources(data: Data, reading: TableOptions, part: str, notify: Notify) -> tuple[Source, ...]:
    """The files of a table, those of labels told that were found by name; `part` is `Source.part`."""
    found = sources(data, reading.labels, part)
    for source in found:
        if source.labels and reading.labels is None:
            notify(f"labels: {source.labels.name} (--labels names another file)")
    return found


def _read(files: tuple[Source, ...], reading: TableOptions) -> Table:
    return table.read(files, reading.header, distinct=likely(files, reading))


def likely(files: tuple[Source, ...], reading: TableOptions) -> Callable[[TableFormat], frozenset[int]]:
    """What tells the columns that may be targets."""
    return partial(schema_inference.likely_targets, reading=reading, file=table.title(files))


def _tell_place(whole: Table, notify: Notify) -> None:
    if whole.on_disk:
        notify(f"{counted(len(whole), 'row')}: more than {disk_buffer.MEMORY >> 20} MB of numbers, kept on disk")


def _targets(whole: Table, known: Encoding, notify: Notify) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """The targets of all rows, which rows have one (a mask), and how many are left out because they have none."""
    import numpy as np

    y = np.concatenate([transform.targets(rows, known) for rows in whole.blocks()])
    full = y >= 0 if y.ndim == 1 else ~np.isnan(y).any(axis=1)
    without = int(len(y) - full.sum())
    if without == len(y):
        raise DataError("no row has a target", whole.file)
    if without:
        notify(f"{counted(without, 'row')} without a target left out")
    return y, full, {"without a target": without} if without else {}


def _check_classes(y: np.ndarray, full: np.ndarray, known: Encoding, whole: Table) -> None:
    import numpy as np

    if y.ndim == 1:
        first = int(y[int(np.argmax(full))])
        if (y[full] == first).all():
            name = known.classes[first] if first < len(known.classes) else str(first)
            what = f"all rows are of one class, {name!r}: there is nothing to tell apart"
            raise DataError(what, whole.file, column=known.targets[0])


def held_out(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Indices of the rows for validation: the share of all, and of each class as nearly as that allows, but never all
    of one."""
    import numpy as np

    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in np.unique(y)] if y.ndim == 1 else [np.arange(len(y))]
    exact = share * np.array([len(group) for group in groups])
    counts = exact.astype(int)
    most = np.argsort(counts - exact, kind="stable")  # classes that rounding down would take most from
    counts[most[: round(share * len(y)) - counts.sum()]] += 1
    counts = np.minimum(counts, [len(group) - 1 for group in groups])
    picked = [generator.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def _held_out(y: np.ndarray, full: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The mask of the rows for validation, drawn among CHUNK rows at a time."""
    import numpy as np

    found = np.zeros(len(y), bool)
    for start in range(0, len(y) if share else 0, CHUNK):
        rows = start + np.flatnonzero(full[start : start + CHUNK])
        if len(rows):
            found[rows[held_out(y[rows], share, seed + start)]] = True
    return found


def _with_target_moments(known: Encoding, y: np.ndarray, inside: np.ndarray, file: str) -> Encoding:
    import numpy as np

    if known.classes:
        raise DataError("--standardize-target is for values, and this net tells classes", file)
    values = y[inside].astype(np.float64)
    mean, std = values.mean(axis=0), values.std(axis=0)
    return replace(known, target_mean=tuple(mean.tolist()), target_std=tuple(np.where(std > 0, std, 1.0).tolist()))


def _datasets(
    opened: LoadedModel, needs: ModelSpec, known: Encoding, whole: Table, y, masks, left_out, unseen
) -> list[Dataset]:
    """A Dataset of each of the `masks` of the rows."""
    import numpy as np

    room = 0 if whole.on_disk else 1 << 62
    widths = known.inputs or (known.width,)
    edges = np.cumsum(widths)[:-1]
    collected = [[Collector(width, room) for width in widths] for _ in masks]
    start = 0
    for rows in whole.blocks():
        x = transform.encode_unscaled(rows, known, unseen)
        for mask, collectors in zip(masks, collected, strict=True):
            picked = x[mask[start : start + len(rows)]]
            for collector, part in zip(collectors, np.split(picked, edges, axis=1), strict=True):
                collector.append(part)
        start += len(rows)
    names = class_names(known.classes, needs.classes) if needs.classes else ()
    found = []
    for mask, collectors in zip(masks, collected, strict=True):
        inputs = _inputs(opened.model, known, [collector.done() for collector in collectors])
        given = y[mask]
        counts = tuple(np.bincount(given, minlength=len(names)).tolist()) if names else ()
        if known.target_mean:
            given = ((given - np.array(known.target_mean)) / np.array(known.target_std)).astype(np.float32)
        found.append(Dataset(inputs, given, known, names, counts, left_out))
    return found


def _inputs(model, known: Encoding, parts: list[np.ndarray | DiskBuffer]) -> tuple[Any, ...]:
    """Rows of unscaled numbers, as the model's inputs take them."""
    import numpy as np

    affine = known.affine()
    found, start = [], 0
    shapes = row_shapes(model, known.width, known.inputs)
    for rows, shape, tensor in zip(parts, shapes, model.inputs, strict=True):
        end = start + rows.shape[1]
        part = Part(rows, *(values[start:end] for values in affine), shape, np.dtype(tensor.dtype))
        found.append(part if isinstance(rows, DiskBuffer) else part[:])
        start = end
    return tuple(found)
