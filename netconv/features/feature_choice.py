"""Which columns are features, so that they have as many numbers as a net takes, and what their cells become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import DataError, option
from ..tables.column_selection import list_names
from ..tables.number_format import pluralize
from ..tables.table import Table
from .category_checks import check_categories, warn_of_units
from .encoding import Feature
from .exclusion import Exclusion, exclusion
from .image_format import ImageSpec
from .notices import Notify
from .table_options import Coding
from .target_inference import sorted_categories


def width_of(features: Sequence[Feature]) -> int:
    """The numbers of a row."""
    return sum(feature.width for feature in features)


def choose_features(
    table: Table,
    candidates: list[int],
    width: int | None,
    taker: str,
    coding: Mapping[int, Coding],
    explicit: frozenset[int],
    notify: Notify,
    image: ImageSpec | None = None,
) -> tuple[Feature, ...]:
    """The features that have `width` numbers in all, or any number: of all candidates without those that do not look
    like features, unless these are needed for the width or the user names them (`explicit`). `taker` is what takes
    them, and `image` the images that it takes, for messages. Raises DataError."""
    features = {index: _feature(table, index, coding) for index in candidates}
    doubted = (index for index in candidates if index not in explicit)
    reasons = {index: found for index in doubted if (found := exclusion(table, index))}
    for left_out in _attempts(reasons, width):
        kept = [index for index in candidates if index not in left_out]
        chosen = _with_width([features[index] for index in kept], width, coding, kept)
        if chosen and (width is not None or kept):
            for index in kept:
                if index not in coding:
                    check_categories(table, index, index in reasons)
                    warn_of_units(table, index, notify)
                if index in reasons and reasons[index].certain:
                    why = "nothing else is left" if width is None else f"{taker} takes {pluralize(width, 'feature')}"
                    what = f"{table.format.names[index]!r} ({reasons[index].reason})"
                    notify(f"warning: column {what} is a feature, as {why}")
            return chosen
    for index in candidates:
        if index not in reasons and index not in coding:
            check_categories(table, index, False)
    raise _width_error(table, list(features.values()), width, taker, image)


def _attempts(reasons: Mapping[int, Exclusion], width: int | None) -> list[set[int]]:
    """The columns to leave out, the most likely first: those that are certainly not features, then more, then fewer."""
    certain = [index for index, found in reasons.items() if found.certain]
    doubtful = [index for index, found in reasons.items() if not found.certain]
    if width is None:
        return [set(certain), set()]
    more = [set(certain + doubtful[:count]) for count in range(len(doubtful) + 1)]
    fewer = [set(certain[:count]) for count in range(len(certain) - 1, -1, -1)]
    return more + fewer


def _feature(table: Table, column: int, coding: Mapping[int, Coding]) -> Feature:
    name = table.format.names[column]
    if coding.get(column) == "numbers":
        return Feature(name, coerced=True)
    categories = sorted_categories(table, column) if column in table.texts else ()
    onehot = len(categories) > 2 if column not in coding else coding[column] == "onehot"
    return Feature(name, categories, onehot=onehot)


def _with_width(
    features: list[Feature], width: int | None, coding: Mapping[int, Coding], columns: list[int]
) -> tuple[Feature, ...]:
    """The features if they have `width` numbers, with categories one-hot or, unless the user decides, as codes; else
    none."""
    as_codes = [
        feature if index in coding else replace(feature, onehot=False)
        for index, feature in zip(columns, features, strict=True)
    ]
    for attempt in (features, as_codes):
        if width is None or width_of(attempt) == width:
            return tuple(attempt)
    return ()


def _width_error(
    table: Table, features: Sequence[Feature], width: int | None, taker: str, image: ImageSpec | None
) -> DataError:
    found = pluralize(len(features), "feature")
    onehot_width = sum(feature.width for feature in features)
    if onehot_width != len(features):
        found += f" ({onehot_width:,} with text one-hot)"
    if width is None:
        return DataError(f"no column is left as a feature, and {taker} takes one or more", table.file)
    if image and image.axes == 3:
        what = f"{width:,} columns of pixels, or a folder or a column of image files"
        return DataError(f"{found} found, and {taker} takes {image}: give {what}", table.file)
    names = f": {list_names(feature.name for feature in features)}" if features else ""
    all_columns = len(features) == len(table.format.names)
    hint = f"; {option('target')} names a column that is not a feature" if all_columns else ""
    return DataError(f"{found} found, and {taker} takes {width:,}{names}{hint}", table.file)
