"""The rows of a table as the numbers that a net takes and is to give."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import DataError
from ..tables.column_selection import listed
from ..tables.rows import NUMBER, Rows, spelled
from ..tables.table import Table
from .encoding import Encoding, Feature, places

if TYPE_CHECKING:
    import numpy as np

SAMPLE = 100_000
"""Rows of a table on disk from which medians and most frequent categories are taken."""


def fit_statistics(encoding: Encoding, table: Table, among: np.ndarray, standardize: bool = False) -> Encoding:
    """An encoding that knows what stands for missing cells: the median of a column of numbers, the most frequent
    category of a column of text, over the rows `among` (a mask); and with `standardize` the means and standard
    deviations of the numbers. Those are of all these rows, and so are the medians of a table in memory; the medians of
    one on disk are of SAMPLE rows, evenly spread."""
    import numpy as np

    index = np.flatnonzero(among)
    if table.on_disk:
        index = index[:: -(-len(index) // SAMPLE)]
    rows = table.rows(index)
    positions = places(encoding, table.form, table.file)[0]
    mean, std = _moments(table, among, positions) if standardize else (None, None)
    features = []
    for number, (position, feature) in enumerate(zip(positions, encoding.features, strict=True)):
        if feature.fill is None:
            feature = replace(feature, fill=_fill(rows, position, feature))
        if standardize and not feature.categories and not feature.ids:
            spread = float(std[number])
            feature = replace(feature, mean=float(mean[number]), std=spread if spread > 0 else 1.0)
        features.append(feature)
    return replace(encoding, features=tuple(features))


def _fill(rows: Rows, position: int, feature: Feature) -> float | str | None:
    import numpy as np

    if feature.categories:
        codes = rows.texts[position].codes
        counts = np.bincount(codes[codes >= 0], minlength=1)
        by_name = dict(zip(rows.texts[position].values, counts.tolist(), strict=False))
        return max(feature.categories, key=lambda category: by_name.get(category, 0))
    if feature.ids:
        return None  # no id stands for another
    values = rows.numbers[:, position]
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else 0.0


def _moments(table: Table, among: np.ndarray, positions: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of columns over the rows `among`, missing cells left out. They are summed in double
    precision about the first block's means."""
    import numpy as np

    count, first, second, about, start = 0, 0, 0, None, 0
    for rows in table.blocks():
        values = rows.numbers[among[start : start + len(rows)]][:, positions].astype(np.float64)
        start += len(rows)
        there = ~np.isnan(values)
        values[~there] = 0
        if about is None and len(values):
            about = values.sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        values = np.where(there, values - (0 if about is None else about), 0)
        count, first, second = count + there.sum(axis=0), first + values.sum(axis=0), second + (values**2).sum(axis=0)
    count = np.maximum(count, 1)
    return about + first / count, np.sqrt(np.maximum(second / count - (first / count) ** 2, 0))


def features(rows: Rows, encoding: Encoding, unseen: Counter | None = None) -> np.ndarray:
    """What the net takes of rows: (rows, width) of float32, scaled. Raises DataError, as `encode_unscaled` does."""
    x = encode_unscaled(rows, encoding, unseen)
    mean, scale, offset = encoding.affine()
    if mean.any():
        x -= mean
    if (scale != 1).any():
        x *= scale
    if offset.any():
        x += offset
    return x


def encode_unscaled(rows: Rows, encoding: Encoding, unseen: Counter | None = None) -> np.ndarray:
    """What the net takes of rows, (rows, width) of float32, before it is scaled.

    A category that the training table did not have counts as a missing cell, and is counted by column in `unseen`.
    Raises DataError: text in a column of numbers, a missing cell where nothing stands for one, an id that there is
    not.
    """
    import numpy as np

    found = places(encoding, rows.form, rows.file)[0]
    x = np.empty((len(rows), encoding.width), np.float32)
    ends = np.cumsum([feature.width for feature in encoding.features]).tolist()
    numbers = [(p, end - 1, f) for p, end, f in zip(found, ends, encoding.features, strict=True) if not f.categories]
    if numbers:
        x[:, _run([to for _, to, _ in numbers])] = _values(rows, [(p, f) for p, _, f in numbers])
    for place, end, feature in zip(found, ends, encoding.features, strict=True):
        if not feature.categories:
            continue
        codes = _coded(rows, place, feature.categories)
        if unseen is not None:
            unseen[feature.name] += int((codes == -2).sum())
        if (codes < 0).any():
            if feature.fill is None:
                rows.fault("{} is not known", codes < 0, place)
            code = 0 if feature.fill is None else feature.categories.index(feature.fill)
            codes = np.where(codes < 0, code, codes)
        if feature.onehot:
            x[:, end - feature.width : end] = codes[:, None] == np.arange(feature.width)
        else:
            x[:, end - 1] = codes + (feature.ids[0] if feature.ids else 0)
    return x


def _values(rows: Rows, numbers: list[tuple[int, Feature]]) -> np.ndarray:
    """The numbers of columns, with what stands for missing cells."""
    import numpy as np

    positions = [position for position, _ in numbers]
    rows.finite(positions)
    values = rows.numbers[:, _run(positions)]
    texts = [(column, p, f) for column, (p, f) in enumerate(numbers) if p in rows.texts]
    if texts:
        values = values.copy()
        for column, position, feature in texts:
            values[:, column] = _numbered(rows, position, feature)
    missing = np.isnan(values)
    if rows.faults is not None:
        missing[rows.faults.mask] = False
    if missing.any():
        for column in np.flatnonzero(missing.any(axis=0)).tolist():
            position, feature = numbers[column]
            if feature.fill is None:
                why = (
                    "and no id stands for one"
                    if feature.ids
                    else "and nothing learnt from a training table stands for it"
                )
                rows.fault(f"{{}} is a missing cell, {why}", missing[:, column], position)
        fill = np.array([f.fill if f.fill is not None else np.nan for _, f in numbers], np.float32)
        values = np.where(missing, fill, values)
    for column, (position, feature) in enumerate(numbers):
        if feature.ids:
            _check_ids(rows, position, values[:, column], *feature.ids)
    return values


def _check_ids(rows: Rows, position: int, values: np.ndarray, low: int, high: int) -> None:
    import numpy as np

    with np.errstate(invalid="ignore"):
        bad = (values < low) | (values > high) | (values != np.round(values))
    if rows.faults is not None:
        bad &= ~rows.faults.mask
    if bad.any():
        rows.fault(f"{{}} is no id; they are whole numbers from {low:,} to {high:,}", bad, position)


def _run(positions: list[int]):
    """A slice for neighbours, which copies several times faster."""
    if positions == list(range(positions[0], positions[0] + len(positions))):
        return slice(positions[0], positions[0] + len(positions))
    return positions


def _numbered(rows: Rows, position: int, feature: Feature) -> np.ndarray:
    """The numbers of a column of text, NaN for a missing cell and for one that is at fault."""
    import numpy as np

    text, form = rows.texts[position], rows.form
    with np.errstate(over="ignore"):
        values = np.array([form.number(value) for value in text.values] + [np.nan]).astype(np.float32)
    if np.isinf(values).any():
        rows.fault("{} is no finite number", np.isinf(values)[text.codes], position)
    bad = np.array([not form.is_number(value) for value in text.values] + [False])[text.codes]
    if bad.any():
        why = (
            "that was numeric in training"
            if feature.fill is not None
            else "that the net, untrained on such tables, takes as numbers"
        )
        rows.fault(f"{{}} is no number, in a column {why}", bad, position)
    return values[text.codes]


def _coded(rows: Rows, position: int, categories: tuple[str, ...]) -> np.ndarray:
    """The codes of a column by `categories`: -1 for a missing cell, -2 for a text that is none of them."""
    import numpy as np

    known = {category: code for code, category in enumerate(categories)}
    if position in rows.texts:
        text = rows.texts[position]
        return np.array([known.get(value, -2) for value in text.values] + [-1], np.int32)[text.codes]
    values, inverse = np.unique(rows.numbers[:, position], return_inverse=True)
    return np.array([-1 if np.isnan(v) else known.get(spelled(v), -2) for v in values], np.int32)[inverse]


def targets(rows: Rows, encoding: Encoding) -> np.ndarray:
    """What the net is to give: class numbers (rows,) of int32, -1 for a missing one; or values (rows, targets) of
    float32, NaN for a missing one, in the units of the table. Raises DataError: no such column, an unknown class, text
    for a number, a row that is not one-hot."""
    import numpy as np

    found = places(encoding, rows.form, rows.file)[1]
    if not found:
        raise DataError(f"has no target column {listed(map(repr, encoding.targets))}", rows.file)
    if encoding.classes and len(found) == 1:
        codes = _coded(rows, found[0], encoding.classes)
        if not any(map(NUMBER.match, encoding.classes)):  # named classes may be numbered in the table
            numbered = _coded(rows, found[0], tuple(map(str, range(len(encoding.classes)))))
            codes = np.where(codes == -2, numbered, codes)
        if (codes == -2).any():
            known = ", ".join(encoding.classes[:20]) + (", ..." if len(encoding.classes) > 20 else "")
            raise rows.blame(f"unknown class {{}}; the classes are {known}", int(np.argmax(codes == -2)), found[0])
        return codes
    rows.finite(found)
    values = rows.numbers[:, found]
    for column, position in enumerate(found):
        if position in rows.texts:
            values[:, column] = _numbered(rows, position, Feature(rows.form.names[position], fill=0.0))
    return _from_onehot(rows, values, found) if encoding.classes else values


def _from_onehot(rows: Rows, values: np.ndarray, positions: list[int]) -> np.ndarray:
    import numpy as np

    there = ~np.isnan(values).any(axis=1)
    bad = there & ((values.sum(axis=1) != 1) | ((values != 0) & (values != 1)).any(axis=1))
    if bad.any():
        row = int(bad.argmax())
        column = int(np.argmax((values[row] != 0) & ((values[row] != 1) | (np.cumsum(values[row]) > 1))))
        raise rows.blame("{} makes the target columns no one-hot row, which has a 1 and else 0", row, positions[column])
    return np.where(there, np.nan_to_num(values).argmax(axis=1), -1).astype(np.int32)
