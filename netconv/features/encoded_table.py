"""Tables that are read as the training table of an encoding was."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from itertools import accumulate, compress

from ..errors import DataError, did_you_mean, option
from ..tables import table
from ..tables.column_selection import list_names, select_columns
from ..tables.csv_blocks import INFERRED, TextOptions
from ..tables.number_format import pluralize
from ..tables.number_spellings import NUMBER
from ..tables.rows import Rows, TableFormat, format_number
from ..tables.sources import Source
from ..tables.table import ColumnSelector, Table
from .encoding import Encoding


def column_indices(encoding: Encoding, format_: TableFormat, file: str) -> tuple[list[int], list[list[int]]]:
    """The indices of the features of an encoding in a table, and of the targets of each head; no targets if it does not
    have them all.

    Columns are found by name if both tables have a header, else by position: all columns of the training table, these
    without the targets, or the features alone. The targets are those of the format, if it names them. Image files have
    the columns of an encoding of images, whatever their names. Raises DataError.
    """
    if format_.images:
        if len(encoding.features) > 1 or not encoding.features[0].image:
            count = pluralize(len(encoding.features), "column")
            raise DataError(f"the model was trained on a table, of {count}: give a table, not image files", file)
        return [0], [[1]] if len(format_.names) > 1 and len(encoding.heads) == 1 else []
    given = list(format_.targets)
    if given:
        _check_targets(encoding, format_, file)
    if format_.header and encoding.header:
        features, targets = _by_name(encoding, format_, file)
        return features, _by_head(encoding, given) if given else targets
    names = [feature.name for feature in encoding.features]
    found = len(format_.names) - len(given)
    without = [name for name in encoding.columns if name not in encoding.targets]
    for columns in (() if given else encoding.columns, without, names):
        if found == len(columns):
            indices = {name: index for index, name in enumerate(columns)}
            targets = _by_head(encoding, given) if given else []
            if columns is encoding.columns and encoding.targets:
                targets = [select_columns(columns, head.targets, file) for head in encoding.heads]
            return [indices[name] for name in names], targets
    raise DataError(
        f"{pluralize(found, 'column')} found, and the model takes {len(names):,} features "
        f"({list_names(names)}) or the {len(encoding.columns):,} columns of its training table",
        file,
    )


def _by_head(encoding: Encoding, targets: list[int]) -> list[list[int]]:
    """The target columns of each head, in order; a single one has all, which may be more or fewer than in training."""
    if len(encoding.heads) == 1:
        return [targets]
    ends = list(accumulate(len(head.targets) for head in encoding.heads))
    return [targets[end - len(head.targets) : end] for end, head in zip(ends, encoding.heads, strict=True)]


def _check_targets(encoding: Encoding, format_: TableFormat, file: str) -> None:
    """Raises DataError if the targets that the data name are not as many as the model predicts."""
    count, expected = len(format_.targets), {len(encoding.targets) or 1}
    if len(encoding.heads) == 1 and (classes := encoding.heads[0].classes):
        expected |= {1, len(classes)}
    if count not in expected:
        raise DataError(f"y has {count:,} columns, and the model predicts {min(expected):,}", file)


def _by_name(encoding: Encoding, format_: TableFormat, file: str) -> tuple[list[int], list[list[int]]]:
    names = format_.names
    indices = {name: index for index, name in enumerate(names) if index not in format_.targets}
    features = [feature.name for feature in encoding.features]
    missing = [name for name in features if name not in indices]
    if missing and len(features) == 1 and encoding.features[0].image:
        raise DataError(
            f"has no column {missing[0]!r} of image files, and the model takes images of {encoding.features[0].image}; "
            "image files and folders are taken, too",
            file,
        )
    if missing:
        hint = did_you_mean(missing[0], set(names).difference(features))
        if len(names) == 1:
            hint = f"{option('delimiter')} names the character between the cells"
        raise DataError(
            f"{pluralize(len(names), 'column')} found, and of the {pluralize(len(features), 'feature')} that the "
            f"model takes these are missing: {list_names(missing)}{f'; {hint}' if hint else ''}",
            file,
        )
    complete = bool(encoding.targets) and all(target in indices for target in encoding.targets)
    targets = [[indices[name] for name in head.targets] for head in encoding.heads] if complete else []
    return [indices[name] for name in features], targets


def stream(
    sources: tuple[Source, ...],
    encoding: Encoding,
    options: TextOptions = INFERRED,
    keep: ColumnSelector | None = None,
    lenient: bool = False,
) -> Generator[Rows]:
    """The rows of a table in blocks; `options`, `keep` and `lenient` are those of `table.stream`. Raises DataError."""
    known_names, text, ignore = _selectors(encoding, sources)
    options = options._replace(decimal=encoding.decimal)
    return table.stream(sources, options, known_names, text, keep=keep, ignore=ignore, lenient=lenient)


def read(sources: tuple[Source, ...], encoding: Encoding, options: TextOptions = INFERRED) -> Table:
    """A whole table. Raises DataError."""
    known_names, text, ignore = _selectors(encoding, sources)
    numbers = partial(_numeric_columns, encoding, file=table.title(sources))
    return table.read(sources, options._replace(decimal=encoding.decimal), known_names, text, ignore, numbers=numbers)


def _selectors(
    encoding: Encoding, sources: tuple[Source, ...]
) -> tuple[tuple[str, ...], ColumnSelector, ColumnSelector]:
    """The names that a header may have; the columns that are text; the columns that are not read."""
    names, file = encoding.columns if encoding.header else (), table.title(sources)
    return names, partial(_text_columns, encoding, file=file), partial(_unused_columns, encoding, file=file)


def _text_columns(encoding: Encoding, format_: TableFormat, file: str) -> frozenset[int]:
    features, targets = column_indices(encoding, format_, file)
    text = {index for index, feature in zip(features, encoding.features, strict=True) if feature.is_text}
    for head, columns in zip(encoding.heads, targets, strict=bool(targets)):
        if not all(map(_is_exact, head.classes)):
            text.update(columns)
    return frozenset(text)


def _numeric_columns(encoding: Encoding, format_: TableFormat, file: str) -> frozenset[int]:
    """The columns in which a text is an error."""
    features, targets = column_indices(encoding, format_, file)
    numeric = (not feature.is_text and not feature.coerced for feature in encoding.features)
    values = (columns for head, columns in zip(encoding.heads, targets, strict=bool(targets)) if not head.classes)
    return frozenset(compress(features, numeric)).union(*values)


def _is_exact(name: str) -> bool:
    """Whether a class is a number that float32 has."""
    import numpy as np

    with np.errstate(over="ignore"):
        number = np.float32(name) if NUMBER.match(name) else np.float32(np.inf)
    return bool(np.isfinite(number)) and format_number(number) == name


def _unused_columns(encoding: Encoding, format_: TableFormat, file: str) -> frozenset[int]:
    features, targets = column_indices(encoding, format_, file)
    return frozenset(range(len(format_.names))).difference(features, *targets)
