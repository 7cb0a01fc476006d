"""The encoding of a training table: which columns are targets, which are features of which input, and of what type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import DataError, option
from ..tables.column_selection import list_names, select_columns
from ..tables.column_stats import FEWEST_COUNTED
from ..tables.number_format import pluralize
from ..tables.rows import TableFormat
from ..tables.table import Table
from . import input_columns
from .encoding import Encoding, Feature, Head, HeadSpec, InputSpec, ModelSpec
from .exclusion import DATE, Exclusion, exclusion
from .image_columns import image_feature
from .image_format import ImageFormat, ImageSpec
from .notices import Notify, ignore
from .table_options import Coding, TableOptions
from .target_inference import (
    feature_candidates,
    infer_classes,
    infer_targets,
    is_onehot,
    likely_target,
    onehot_classes,
    sorted_categories,
)
from .transform import numbers_of

_WITH_UNIT = re.compile(r"[-+−]?\d+(?:[.,]\d+)? ?([^\W\d_]+|°[CF])$")


def infer_encoding(
    table: Table,
    spec: ModelSpec,
    options: TableOptions,
    classes: tuple[str, ...] = (),
    target_optional: bool = False,
    numbers_only: bool = False,
    notify: Notify = ignore,
) -> Encoding:
    """Infers the targets, their classes and the features; `transform.fit_statistics` then adds fill values.

    Args:
        table: The table, with the distinct numbers of its `columns_to_count`.
        spec: What the model takes and outputs.
        options: What the user selects.
        classes: The names of the classes of a model with one output, if they are known.
        target_optional: Allows a table without a target, for prediction.
        numbers_only: Whether text is not encoded, as the model was not trained on a table.
        notify: Is called with a line about each thing that was inferred.

    Raises:
        DataError: The table does not fit the model.
    """
    names = table.format.names
    groups = infer_targets(table, spec, options, target_optional)
    targets = [index for group in groups for index in group]
    numbers: Coding = "numbers"
    coding = dict.fromkeys(table.texts, numbers) if numbers_only else _codings(table, options)
    chosen, inputs = _infer_features(table, spec, options, targets, coding, notify)
    for feature in chosen if options.encode else ():
        if feature.coerced:
            _check_numbers(table, names.index(feature.name))
    heads = tuple(
        _head(table, head, group, classes if len(spec.heads) == 1 else (), target_optional, notify)
        for head, group in zip(spec.heads, groups or [[] for _ in spec.heads], strict=True)
    )
    left_out = _left_out(table, options, targets, chosen)
    return Encoding(names, table.format.header, chosen, heads, inputs, left_out, table.format.decimal)


def _head(
    table: Table, head: HeadSpec, targets: list[int], classes: tuple[str, ...], target_optional: bool, notify: Notify
) -> Head:
    """A head with its target columns and their classes."""
    names = tuple(table.format.names[index] for index in targets)
    if is_onehot(targets, head):
        classes = classes or onehot_classes(names)
    elif targets and head.classes and not (classes or target_optional):
        classes = infer_classes(table, targets[0], head, notify)
    return Head(head.name, names, classes)


def widths_of_rows(table: Table, options: TableOptions, inputs: tuple[str, ...]) -> tuple[int, dict[str, int]]:
    """How many numbers the features of a table become where the net, with these `inputs`, takes any number: those of
    the inputs that `options.input` or the columns name, and in front the others. The target may still be unknown: it is
    then taken to be one of the columns that are not features. Raises DataError."""
    targets = likely_target(table, options)
    candidates = feature_candidates(table.format, options, targets, table.file)
    groups = input_columns.named_groups(table, options, candidates, inputs)
    taken = {index for group in groups.values() for index in group}
    coding, explicit = _codings(table, options), _explicit(table, options)
    rest = [index for index in candidates if index not in taken]

    def width(columns: list[int]) -> int:
        return _width(_choose_features(table, columns, None, "the net", coding, explicit, ignore))

    return width(rest) if rest or not groups else 0, {name: width(group) for name, group in groups.items()}


def images_of_rows(table: Table, spec: ImageSpec, options: TableOptions) -> ImageFormat | None:
    """What the images of a table are for a net that takes them in any size; None if it takes other columns. Raises
    DataError."""
    candidates = feature_candidates(table.format, options, likely_target(table, options), table.file)
    images = _images(table, candidates, InputSpec("", None, image=spec), options)
    return images[0].image if images else None


def _width(features: Sequence[Feature]) -> int:
    return sum(feature.width for feature in features)


def _codings(table: Table, options: TableOptions) -> dict[int, Coding]:
    """How columns become numbers, by their indices, where the user says so. Raises DataError."""
    return {
        index: coding
        for columns, coding in options.encode.items()
        for index in select_columns(table.format.names, (columns,), table.file)
    }


def _explicit(table: Table, options: TableOptions) -> frozenset[int]:
    """The indices of the columns that the user names as features; a pattern of --encode names none. Raises
    DataError."""
    selected = (*options.columns, *options.input.values(), *input_columns.encoded_by_name(options))
    return frozenset(select_columns(table.format.names, selected, table.file))


def coded_columns(format_: TableFormat, options: TableOptions, file: str) -> frozenset[int]:
    """The indices of the columns that are to be read as text, as they become categories. Raises DataError."""
    selected = tuple(columns for columns, coding in options.encode.items() if coding != "numbers")
    return frozenset(select_columns(format_.names, selected, file))


def _left_out(table: Table, options: TableOptions, targets: list[int], features: tuple[Feature, ...]) -> dict[str, str]:
    """The columns that are neither targets nor features, with the reason."""
    names, used = table.format.names, {feature.name for feature in features}
    dropped = select_columns(names, options.drop, table.file)
    reasons = {}
    for index, name in enumerate(names):
        if index in targets or name in used:
            continue
        found = exclusion(table, index)
        unselected = options.columns or options.input
        reasons[name] = "dropped" if index in dropped else "not selected" if unselected or not found else found.reason
    return reasons


def _infer_features(
    table: Table,
    spec: ModelSpec,
    options: TableOptions,
    targets: list[int],
    coding: Mapping[int, Coding],
    notify: Notify,
) -> tuple[tuple[Feature, ...], dict[str, int]]:
    """The features in the order of the model's inputs, and how many numbers each of several inputs takes."""
    candidates = feature_candidates(table.format, options, targets, table.file)
    input_columns.check_selection(table, options, targets)
    groups, explicit = input_columns.group_by_input(table, spec, options, candidates), _explicit(table, options)
    only = spec.inputs[0] if len(spec.inputs) == 1 else None
    images = _images(table, candidates, only, options) if only else ()
    if images:
        features, widths = images, [_width(images)]
    elif groups is None:
        takes = only.image if only else None
        features = _choose_features(table, candidates, spec.features, "the net", coding, explicit, notify, takes)
        widths = [entry.width for entry in spec.inputs if entry.width is not None]
    else:
        features, widths = (), []
        for entry, group in zip(spec.inputs, groups, strict=True):
            taker = f"the input {entry.name!r}"
            chosen = _images(table, group, entry, options) or _choose_features(
                table, group, entry.width, taker, coding, explicit, notify, entry.image
            )
            if entry.ids:  # of a net that takes any number of them
                chosen = tuple(replace(feature, onehot=False) for feature in chosen)
            features += chosen
            widths.append(_width(chosen))
    several = len(spec.inputs) > 1
    named = {entry.name: width for entry, width in zip(spec.inputs, widths, strict=True)} if several else {}
    return _with_ids(features, spec.inputs, widths), named


def _images(table: Table, columns: list[int], entry: InputSpec, options: TableOptions) -> tuple[Feature, ...]:
    """The feature of the column of images for an input, unless --encode says what the column is; none if there is no
    such column. Raises DataError."""
    encoded = _codings(table, options)
    feature = image_feature(table, [index for index in columns if index not in encoded], entry, options)
    return (feature,) if feature else ()


def _with_ids(features: tuple[Feature, ...], inputs: tuple[InputSpec, ...], widths: list[int]) -> tuple[Feature, ...]:
    """The features, those of inputs that take ids of an Embedding with these ids."""
    result, end = list(features), 0
    for entry, width in zip(inputs, widths, strict=True):
        start, end = end, end + width
        if not entry.ids:
            continue
        position = 0
        for index, feature in enumerate(features):
            if start <= position < end:
                result[index] = replace(feature, onehot=False, ids=entry.ids)
            position += feature.width
    return tuple(result)


# Features


def _choose_features(
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
                    _check_categories(table, index, index in reasons)
                    _warn_of_units(table, index, notify)
                if index in reasons and reasons[index].certain:
                    why = "nothing else is left" if width is None else f"{taker} takes {pluralize(width, 'feature')}"
                    what = f"{table.format.names[index]!r} ({reasons[index].reason})"
                    notify(f"warning: column {what} is a feature, as {why}")
            return chosen
    for index in candidates:
        if index not in reasons and index not in coding:
            _check_categories(table, index, False)
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
        if width is None or _width(attempt) == width:
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


def _check_categories(table: Table, column: int, may_differ: bool) -> None:
    """Raises DataError for a column of text that does not hold categories: a few texts among numbers, dates, texts that
    hardly occur twice. `may_differ` is whether a few texts may all be different, as row names that are needed are."""
    values = table.texts.get(column)
    if values is None:
        return
    _check_dates(table, column)
    name, counts = table.format.names[column], table.stats.counts[column]
    bad = [code for code, value in enumerate(values) if not table.format.is_number(value)]
    unusual = [code for code, value in enumerate(values) if table.format.is_unusual_number(value)]
    if unusual and not bad:
        remedy = f"say what the column is with {option('encode', {name: 'numbers'})}, codes or onehot"
        message = f"{{}} is a number, but the cells of this column are not written alike or are text; {remedy}"
        _raise_for_codes(table, column, unusual, message)
    if bad and 2 * counts[bad].sum() < counts.sum():
        skip = f"such rows out with {option('errors', 'skip')} or " if 10 * counts[bad].sum() <= counts.sum() else ""
        remedy = (
            f"correct it, leave {skip}the column out with {option('drop', name)}, or say what it is with "
            f"{option('encode', {name: 'numbers'})} (text counts as missing) or onehot"
        )
        _raise_for_codes(table, column, bad, f"{{}} is not a number, and most cells of this column are; {remedy}")
    all_differ = len(values) == counts.sum() >= FEWEST_COUNTED
    if (all_differ and not may_differ) or len(values) > max(50, len(table) // 2) or table.stats.is_full(column):
        unit = _unit(table, column)
        raise DataError(
            f"{len(values):,} different texts in {len(table):,} rows are not categories; leave the column out with "
            f"{option('drop', name)}{f', or remove the unit {unit!r} to have numbers' if unit else ''}",
            table.file,
            column=name,
        )


def _check_numbers(table: Table, column: int) -> None:
    """Raises DataError if a column that the user calls numbers has not one."""
    values = table.texts.get(column)
    if values and all(map(math.isnan, numbers_of(values, table.format, column))):
        name = table.format.names[column]
        raise DataError(
            f"no cell is a number, the first is {values[0]!r}; {option('encode', {name: 'onehot'})} or codes is for "
            "text",
            table.file,
            column=name,
        )


def _unit(table: Table, column: int) -> str:
    """The unit of a column of text that has numbers followed by the same unit, as `2.5 kg`; "" if it has none."""
    matches = [_WITH_UNIT.match(value) for value in table.texts.get(column, ())]
    units = {match[1] if match else "" for match in matches}
    return units.pop() if len(matches) > 2 and len(units) == 1 else ""


def _warn_of_units(table: Table, column: int, notify: Notify) -> None:
    """Warns of a column of text whose cells have a unit."""
    if unit := _unit(table, column):
        name, example = table.format.names[column], table.texts[column][0]
        notify(
            f"warning: column {name!r}: cells such as {example!r} are categories; without the unit {unit!r} they would "
            "be numbers"
        )


def _raise_for_codes(table: Table, column: int, codes: list[int], message: str) -> None:
    """Raises DataError for the first row that has one of these codes."""
    import numpy as np

    for rows in table.blocks():
        bad = np.isin(rows.texts[column].codes, codes)
        if bad.any():
            raise rows.cell_error(message, int(bad.argmax()), column)


def _check_dates(table: Table, column: int) -> None:
    values = table.texts.get(column)
    if not values:
        return
    counts = table.stats.counts[column]
    dates = [code for code, value in enumerate(values) if DATE.match(value)]
    if dates and counts[dates].sum() >= 0.9 * counts.sum():
        raise DataError(
            f"holds dates such as {values[dates[0]]!r}, which no net takes; leave the column out with "
            f"{option('drop', table.format.names[column])}, or convert them to numbers",
            table.file,
            column=table.format.names[column],
        )
