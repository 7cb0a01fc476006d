"""The rows of a table as the inputs and targets of a model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import BadRow, DataError, did_you_mean, there_are
from ..tables.column_selection import list_names
from ..tables.column_stats import LARGEST_EXACT
from ..tables.image_files import CLASS_FOLDERS
from ..tables.number_spellings import NUMBER
from ..tables.rows import Rows, TableFormat, format_number
from ..tables.table import NUMERIC_IN_TRAINING, Table
from .encoded_table import column_indices
from .encoding import Encoding, Feature, Head
from .image_columns import read_images
from .image_decoding import ImageCounts
from .sequence_columns import fit_vocabularies
from .sequence_rows import SequenceCounts, read_sequences

if TYPE_CHECKING:
    import numpy as np

TRUTH_VALUES = frozenset({"false", "true"})
SAMPLE, SAMPLE_BYTES = 100_000, 64 << 20
"""Rows of a table on disk, and bytes of their numbers, whose medians and most frequent categories are computed."""
ADJACENT = 32
"""Columns whose numbers are copied at once."""


def fit_statistics(encoding: Encoding, table: Table, training: np.ndarray) -> Encoding:
    """The encoding with the fill values of the rows `training` (a mask), which are the median of a numeric column and
    the most frequent category of a column of text. Those of a table on disk are computed from evenly spaced rows,
    SAMPLE at most. How many cells are missing is counted in all rows. A column of words that has no vocabulary gets
    that of the rows `training`."""
    import numpy as np

    columns = column_indices(encoding, table.format, table.file)[0]
    encoding = fit_vocabularies(encoding, table, columns, training)
    features = list(encoding.features)
    if any(feature.fill is None and feature.is_fillable for feature in features):
        index = np.flatnonzero(training)
        if table.on_disk:
            most = max(1, min(SAMPLE, SAMPLE_BYTES // (4 * len(table.format.names))))
            index = index[:: -(-len(index) // most)]
        rows = table.rows(index)
        numbers = _column_reader(rows)
        for number, (column, feature) in enumerate(zip(columns, features, strict=True)):
            if feature.fill is None and feature.is_fillable:
                features[number] = replace(feature, fill=_fill_value(rows, column, feature, numbers))
    for number, (column, feature) in enumerate(zip(columns, features, strict=True)):
        features[number] = replace(feature, missing=_missing(table, column, feature))
    return replace(encoding, features=tuple(features))


def _column_reader(rows: Rows) -> Callable[[int], np.ndarray]:
    """The numbers of a column, by its index. Adjacent columns are copied together, as they share lines of the cache."""
    import numpy as np

    first, adjacent = 0, rows.numbers[:, :0].T

    def numbers(column: int) -> np.ndarray:
        nonlocal first, adjacent
        if not first <= column < first + len(adjacent):
            first, adjacent = column, rows.numbers[:, column : column + ADJACENT].T.astype(np.float32, order="C")
        return adjacent[column - first]

    return numbers


def _fill_value(rows: Rows, column: int, feature: Feature, numbers: Callable[[int], np.ndarray]) -> float | str:
    import numpy as np

    if feature.categories:
        codes = _category_codes(rows, column, feature.categories)
        counts = np.bincount(codes[codes >= 0], minlength=len(feature.categories))
        return feature.categories[int(counts.argmax())]
    values = parsed_numbers(rows, column, feature) if column in rows.texts else numbers(column)
    values = values[~np.isnan(values)]
    return _median(values) if len(values) else 0.0


def _median(values: np.ndarray) -> float:
    """As `np.median`, which is several times slower, as it sorts around three places at once."""
    import numpy as np

    half = len(values) // 2
    parts = np.partition(values, half)
    middle = parts[half : half + 1] if len(values) % 2 else np.array([parts[:half].max(), parts[half]])
    return float(middle.mean())


def _missing(table: Table, column: int, feature: Feature) -> int:
    """How many cells of a column are missing, in all rows."""
    missing = int(table.stats.missing[column])
    if not feature.coerced or column not in table.texts:
        return missing
    counts = zip(numbers_of(table.texts[column], table.format, column), table.stats.counts[column], strict=False)
    return missing + sum(int(count) for number, count in counts if math.isnan(number))


# Features


@dataclass
class CellCounts:
    """Cells that were filled, by the name of their column: `missing` ones, and those whose category is `unseen`, not in
    the training table. `images` counts the images that were read, `sequences` those of each column."""

    missing: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    images: ImageCounts = field(default_factory=ImageCounts)
    sequences: dict[str, SequenceCounts] = field(default_factory=dict)


def features(rows: Rows, encoding: Encoding, counts: CellCounts | None = None) -> np.ndarray:
    """The inputs of a model, (rows, width) of float32, in the units of the table: the model scales them itself.

    A category that is not in the training table is treated as a missing cell. Cells that are filled are added to
    `counts`. Sequences of any length are those of an encoding of `sequence_rows.sized`. Raises DataError: text in a
    numeric column, a missing cell without a fill value, an id that does not exist, an image that cannot be read, a cell
    that is not a sequence.
    """
    import numpy as np

    counts = CellCounts() if counts is None else counts

    columns = column_indices(encoding, rows.format, rows.file)[0]
    x = np.empty((len(rows), encoding.width), np.float32)
    ends = np.cumsum([feature.width for feature in encoding.features]).tolist()
    numeric = [
        (column, end - 1, feature)
        for column, end, feature in zip(columns, ends, encoding.features, strict=True)
        if not feature.is_text
    ]
    if numeric:
        numbers = _numbers(rows, [(column, feature) for column, _, feature in numeric], counts)
        x[:, _as_slice([position for _, position, _ in numeric])] = numbers
    for column, end, feature in zip(columns, ends, encoding.features, strict=True):
        if feature.image:
            x[:, end - feature.width : end] = read_images(rows, column, feature.image, counts.images)
        elif feature.sequence:
            read = counts.sequences.setdefault(feature.name, SequenceCounts())
            x[:, end - feature.width : end] = read_sequences(rows, column, feature, read)
        elif feature.categories:
            codes = _filled_codes(rows, column, feature, counts)
            if feature.onehot:
                x[:, end - feature.width : end] = codes[:, None] == np.arange(feature.width)
            else:
                x[:, end - 1] = codes + (feature.ids[0] if feature.ids else 0)
    return x


def _filled_codes(rows: Rows, column: int, feature: Feature, counts: CellCounts) -> np.ndarray:
    """The codes of a column by the categories of its feature, those of missing and unseen cells replaced."""
    import numpy as np

    codes = _category_codes(rows, column, feature.categories)
    missing = codes < 0
    if rows.errors is not None:
        missing &= ~rows.errors.mask
    if not (codes < 0).any():
        return codes
    if feature.fill is None:
        if missing.any():
            known = ", ".join(feature.categories[:20]) + (", ..." if len(feature.categories) > 20 else "")
            rows.add_errors(f"{{}} is not one of the categories {known}", missing, column)
        return np.maximum(codes, 0)
    counts.unseen[feature.name] += int((missing & (codes == -2)).sum())
    counts.missing[feature.name] += int((missing & (codes == -1)).sum())
    return np.where(codes < 0, feature.categories.index(str(feature.fill)), codes)


def _numbers(rows: Rows, numeric: list[tuple[int, Feature]], counts: CellCounts) -> np.ndarray:
    """The numbers of columns, (rows, columns), of a type as those of `rows`, missing cells filled."""
    import numpy as np

    columns = [column for column, _ in numeric]
    rows.check_finite(columns)
    values = rows.numbers[:, _as_slice(columns)]
    texts = [(number, column, feature) for number, (column, feature) in enumerate(numeric) if column in rows.texts]
    if texts:
        values = values.astype(np.float32)
        for number, column, feature in texts:
            values[:, number] = parsed_numbers(rows, column, feature)
    values = _filled_numbers(rows, values, numeric, counts)
    for number, (column, feature) in enumerate(numeric):
        if feature.ids:
            _check_ids(rows, column, values[:, number], *feature.ids)
    return values


def _filled_numbers(
    rows: Rows, values: np.ndarray, numeric: list[tuple[int, Feature]], counts: CellCounts
) -> np.ndarray:
    import numpy as np

    missing = np.isnan(values)
    if rows.errors is not None:
        missing[rows.errors.mask] = False
    if not missing.any():
        return values
    for number in np.flatnonzero(missing.any(axis=0)).tolist():
        column, feature = numeric[number]
        if feature.fill is not None:
            counts.missing[feature.name] += int(missing[:, number].sum())
        else:
            why = (
                "there is no id for it"
                if feature.ids
                else "there is no fill value, as the net was not trained on a table"
            )
            rows.add_errors(f"{{}} is a missing cell, and {why}", missing[:, number], column)
    fill = np.array([np.nan if feature.fill is None else feature.fill for _, feature in numeric], np.float32)
    return np.where(missing, fill, values)


def _check_ids(rows: Rows, column: int, values: np.ndarray, low: int, high: int) -> None:
    import numpy as np

    with np.errstate(invalid="ignore"):
        bad = (values < low) | (values > high) | (values != np.round(values))
    if rows.errors is not None:
        bad &= ~rows.errors.mask
    if bad.any():
        rows.add_errors(f"{{}} is not an id; ids are integers from {low:,} to {high:,}", bad, column)
    inexact = ~bad & (values >= LARGEST_EXACT)
    if inexact.any():
        message = (
            f"{{}} is beyond {LARGEST_EXACT - 1:,}, the largest id that is exact in 32-bit floating point, in which "
            "tables are kept"
        )
        rows.add_errors(message, inexact, column)


def _as_slice(indices: list[int]) -> slice | list[int]:
    """Consecutive indices as a slice, which copies several times faster."""
    if indices == list(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[0] + len(indices))
    return indices


def parsed_numbers(rows: Rows, column: int, feature: Feature | None) -> np.ndarray:
    """The numbers of a column of text, which is a feature or, if that is None, a target; NaN for a missing or bad
    cell."""
    import numpy as np

    text, format_ = rows.texts[column], rows.format
    numbers = numbers_of(text.values, format_, column)
    with np.errstate(over="ignore"):
        values = np.array([*numbers, np.nan]).astype(np.float32)
    if np.isinf(values).any():
        rows.add_errors("{} is not a finite number", np.isinf(values)[text.codes], column)
    known = (number == number or format_.is_number(value) for number, value in zip(numbers, text.values, strict=True))
    bad = np.array([*(not each for each in known), False])[text.codes]
    if bad.any() and not (feature and feature.coerced):
        if feature is None:
            why = "and the net predicts numbers"
        elif feature.fill is None:
            why = "and this model has no encodings, as it was not trained by `netconv train`: it takes numbers only"
        else:
            why = NUMERIC_IN_TRAINING
        kind = BadRow if why == NUMERIC_IN_TRAINING else DataError
        rows.add_errors(f"{{}} is not a number, {why}", bad, column, kind)
    return values[text.codes]


def numbers_of(texts: tuple[str, ...], format_: TableFormat, column: int) -> list[float]:
    """The numbers in the distinct texts of a column, NaN for other texts; truth values alone are 1 and 0."""
    if texts and {text.lower() for text in texts} <= TRUTH_VALUES:
        return [float(text.lower() == "true") for text in texts]
    return [format_.number(text, column) for text in texts]


def _category_codes(rows: Rows, column: int, categories: tuple[str, ...]) -> np.ndarray:
    """The indices of the cells of a column in `categories`: -1 for a missing cell, -2 for any other text. A number may
    have another spelling."""
    import numpy as np

    known = {category: code for code, category in enumerate(categories)}
    if {category.lower() for category in categories} == TRUTH_VALUES:  # R writes TRUE, pandas True, NumPy has 1
        for code, category in enumerate(categories):
            number = str(int(category.lower() == "true"))
            known |= dict.fromkeys((category.lower(), category.title(), category.upper(), number), code)
    if column in rows.texts:
        text = rows.texts[column]
        codes = [known.get(value, known.get(rows.format.canonical(value), -2)) for value in text.values]
        return np.array([*codes, -1], np.int32)[text.codes]
    values, inverse = np.unique(rows.numbers[:, column], return_inverse=True)
    return np.array([-1 if np.isnan(v) else known.get(format_number(v), -2) for v in values], np.int32)[inverse]


# Targets


def targets(rows: Rows, encoding: Encoding) -> tuple[np.ndarray, ...]:
    """The targets of each head: indices of classes, (rows,) of int32, -1 for a missing one; or values, (rows, targets)
    of float32 in the units of the table, NaN for a missing one. Raises DataError: no such column, an unknown class,
    text in a numeric column, a row that is not one-hot."""
    groups = column_indices(encoding, rows.format, rows.file)[1]
    if not groups and rows.format.images:
        raise DataError(f"the images have no classes: {CLASS_FOLDERS}", rows.file)
    if not groups:
        missing = [target for target in encoding.targets if target not in rows.format.names]
        hint = "".join(f"; {did_you_mean(name, rows.format.names)}" for name in missing[:1]).removesuffix("; ")
        raise DataError(f"has no target column {list_names(map(repr, encoding.targets))}{hint}", rows.file)
    return tuple(_head_targets(rows, head, columns) for head, columns in zip(encoding.heads, groups, strict=True))


def _head_targets(rows: Rows, head: Head, columns: list[int]) -> np.ndarray:
    import numpy as np

    if head.classes and len(columns) == 1:
        return _class_indices(rows, columns[0], head.classes)
    rows.check_finite(columns)
    values = rows.numbers[:, columns].astype(np.float32, copy=False)
    for number, column in enumerate(columns):
        if column in rows.texts:
            values[:, number] = parsed_numbers(rows, column, None)
    return _from_onehot(rows, values, columns) if head.classes else values


def _class_indices(rows: Rows, column: int, classes: tuple[str, ...]) -> np.ndarray:
    import numpy as np

    codes = _category_codes(rows, column, classes)
    if not any(map(NUMBER.match, classes)):  # named classes may be numbered in the table
        numbered = _category_codes(rows, column, tuple(map(str, range(len(classes)))))
        codes = np.where(codes == -2, numbered, codes)
    unknown = codes == -2
    if unknown.any():
        row = int(unknown.argmax())
        value = rows.locate(row).cells[column].strip()
        similar = () if NUMBER.match(value) else classes  # numbers are not misspelt
        known = ", ".join(classes[:20]) + (", ..." if len(classes) > 20 else "")
        raise rows.cell_error(f"unknown class {{}}; {there_are(value, similar, 'the classes')} {known}", row, column)
    return codes


def _from_onehot(rows: Rows, values: np.ndarray, columns: list[int]) -> np.ndarray:
    """The indices of the classes of one-hot rows, -1 for a row with a missing cell."""
    import numpy as np

    present = ~np.isnan(values).any(axis=1)
    bad = present & ((values.sum(axis=1) != 1) | ((values != 0) & (values != 1)).any(axis=1))
    if bad.any():
        row = int(bad.argmax())
        wrong = (values[row] != 0) & ((values[row] != 1) | (np.cumsum(values[row]) > 1))
        message = "{} makes the target columns not one-hot: a single 1, otherwise 0"
        raise rows.cell_error(message, row, columns[int(wrong.argmax())])
    return np.where(present, np.nan_to_num(values).argmax(axis=1), -1).astype(np.int32)
