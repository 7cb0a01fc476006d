"""The encoding of a training table: which columns are targets, which are features of which input, and of what type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..errors import DataError
from ..tables.column_selection import array_columns, list_names, select_columns
from ..tables.number_format import pluralize
from ..tables.rows import TableFormat
from ..tables.table import Table
from .encoding import Encoding, Feature, InputSpec, ModelSpec
from .notices import Notify, ignore
from .table_options import TableOptions
from .target_inference import feature_candidates, infer_classes, infer_targets, is_onehot

IDS = frozenset({"id", "index", "idx", "no", "no.", "nr", "row", "rownames", "row_id", "rowid", "unnamed: 0"})
"""Names of a column that only identifies rows."""
DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?([T ].*)?$|\d{4}/\d\d?/\d\d?( .*)?$|\d\d?[./-]\d\d?[./-]\d{2,4}( .*)?$"
    r"|\d\d?:\d\d(:\d\d(\.\d+)?)?$"
)


def infer_encoding(
    table: Table,
    spec: ModelSpec,
    options: TableOptions,
    classes: tuple[str, ...] = (),
    target_optional: bool = False,
    notify: Notify = ignore,
) -> Encoding:
    """Infers the targets, their classes and the features; `transform.fit_statistics` then adds fill values.

    Args:
        table: The table, with the distinct numbers of its `likely_targets`.
        spec: What the model takes and outputs.
        options: What the user selects.
        classes: The names of the classes, if they are known.
        target_optional: Allows a table without a target, for prediction.
        notify: Is called with a line about each thing that was inferred.

    Raises:
        DataError: The table does not fit the model.
    """
    names = table.format.names
    targets = infer_targets(table, spec, options, target_optional, notify)
    features, inputs = _infer_features(table, spec, options, targets, notify)
    target_names = tuple(names[index] for index in targets)
    if is_onehot(targets, spec):
        notify(f"target: {len(targets):,} one-hot columns, one per class")
        classes = classes or target_names
    elif targets and spec.classes and not classes:
        classes = infer_classes(table, targets[0], spec, notify)
    scale, offset = options.rescale or (1.0, 0.0)
    return Encoding(names, table.format.header, features, target_names, classes, scale, offset, inputs)


def feature_count(format_: TableFormat, options: TableOptions, file: str) -> int:
    """How many features a table has, inferred from its columns alone."""
    targets = select_columns(format_.names, options.target, file)
    features = feature_candidates(format_, options, targets, file)
    return len(features) - (not targets and len(features) == len(format_.names))


def _infer_features(
    table: Table, spec: ModelSpec, options: TableOptions, targets: list[int], notify: Notify
) -> tuple[tuple[Feature, ...], tuple[int, ...]]:
    """The features in the order of the model's inputs, and how many numbers each of several inputs takes."""
    candidates = feature_candidates(table.format, options, targets, table.file)
    groups = _group_by_input(table, spec, options, candidates)
    if groups is None:
        features = _choose_features(table, candidates, spec.features, "the net", notify)
        widths = [entry.width for entry in spec.inputs if entry.width is not None]
    else:
        features, widths = (), []
        for entry, group in zip(spec.inputs, groups, strict=True):
            chosen = _choose_features(table, group, entry.width, f"the input {entry.name!r}", notify)
            features += chosen
            widths.append(sum(feature.width for feature in chosen))
    return _with_ids(features, spec.inputs, widths, notify), tuple(widths)


def _with_ids(
    features: tuple[Feature, ...], inputs: tuple[InputSpec, ...], widths: list[int], notify: Notify
) -> tuple[Feature, ...]:
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
        from_one = "; they count from 1, as in Mathematica" if entry.ids[0] == 1 else ""
        notify(f"input {entry.name!r}: ids of an Embedding, {entry.ids[0]:,} to {entry.ids[1]:,}{from_one}")
    return tuple(result)


# The columns of each input


def _group_by_input(
    table: Table, spec: ModelSpec, options: TableOptions, candidates: list[int]
) -> list[list[int]] | None:
    """The indices of the columns of each input: as the user selects them, or by the names of the inputs; None if only
    their order assigns them. Raises DataError."""
    if options.input:
        return _selected_groups(table, spec, options, candidates)
    open_width = any(entry.width is None for entry in spec.inputs)
    if len(spec.inputs) < 2:
        return [candidates] if open_width else None
    groups = [_columns_named(table.format.names, candidates, entry.name) for entry in spec.inputs]
    if all(groups):
        return groups
    if open_width:
        names = list_names(entry.name for entry in spec.inputs)
        raise DataError(f"which columns are for which input? Name them with --input: {names}", table.file)
    return None


def _selected_groups(table: Table, spec: ModelSpec, options: TableOptions, candidates: list[int]) -> list[list[int]]:
    inputs = [entry.name for entry in spec.inputs]
    unknown = next((name for name in options.input if name not in inputs), None)
    if unknown is not None:
        raise DataError(f"the net has no input {unknown!r}; its inputs are {list_names(inputs)}", table.file)
    groups = {
        name: select_columns(table.format.names, (selected,), table.file) for name, selected in options.input.items()
    }
    taken = {index for group in groups.values() for index in group}
    rest = [name for name in inputs if name not in groups]
    if len(rest) > 1:
        raise DataError(f"--input must name the columns of {list_names(rest)}, too", table.file)
    return [groups.get(name, [index for index in candidates if index not in taken]) for name in inputs]


def _columns_named(names: tuple[str, ...], candidates: list[int], name: str) -> list[int]:
    pattern = array_columns(name)
    return [index for index in candidates if names[index] == name or pattern.match(names[index])]


# Features


def _choose_features(
    table: Table, candidates: list[int], width: int | None, taker: str, notify: Notify
) -> tuple[Feature, ...]:
    """The features that have `width` numbers in all: of all candidates, else without one or all of those that do not
    look like features. `taker` is what takes them, for messages. Raises DataError."""
    features = {index: _feature(table, index) for index in candidates}
    reasons = sorted((exclusion_reason(table, index), index) for index in candidates)
    excludable = [index for reason, index in reasons if reason]
    for dropped in ([], excludable[:1], excludable):
        kept = [index for index in candidates if index not in dropped]
        chosen = _with_width([features[index] for index in kept], width)
        if chosen:
            for index in kept:
                _check_categories(table, index)
            for index in dropped:
                notify(f"column {table.format.names[index]!r} is left out: it would be one feature too many")
            return chosen
    for index in candidates:
        if index not in excludable:
            _check_dates(table, index)
    raise _width_error(table, list(features.values()), width, taker)


def _feature(table: Table, column: int) -> Feature:
    categories = tuple(sorted(table.texts.get(column, ())))
    return Feature(table.format.names[column], categories, onehot=len(categories) > 2)


def _with_width(features: list[Feature], width: int | None) -> tuple[Feature, ...]:
    """The features if they have `width` numbers, with categories one-hot or as codes; else none."""
    for attempt in (features, [replace(feature, onehot=False) for feature in features]):
        if width is None or sum(feature.width for feature in attempt) == width:
            return tuple(attempt)
    return ()


def _width_error(table: Table, features: Sequence[Feature], width: int | None, taker: str) -> DataError:
    found = pluralize(len(features), "feature")
    onehot_width = sum(feature.width for feature in features)
    if onehot_width != len(features):
        found += f" ({onehot_width:,} with text one-hot)"
    takes = "more" if width is None else f"{width:,}"
    names = f": {list_names(feature.name for feature in features)}" if features else ""
    hint = "; --target names a column that is not a feature" if len(features) == len(table.format.names) else ""
    return DataError(f"{found} found, and {taker} takes {takes}{names}{hint}", table.file)


def exclusion_reason(table: Table, column: int) -> int:
    """Why a column does not look like a feature, the best reason first: 1 by its name, 2 it counts the rows, 3 it is
    empty; else 0."""
    name, stats = table.format.names[column], table.stats
    if name.lower() in IDS or name == f"column {column + 1}":
        return 1
    if column == 0 and column not in table.texts and stats.rows > 2 and stats.first_counts_rows:
        return 2
    return 3 if column not in table.texts and stats.missing[column] == stats.rows else 0


def _check_categories(table: Table, column: int) -> None:
    """Raises DataError for a column of text that does not hold categories: a few texts among numbers, dates, texts that
    hardly occur twice."""
    values = table.texts.get(column)
    if values is None:
        return
    _check_dates(table, column)
    counts = table.stats.counts[column]
    bad = [code for code, value in enumerate(values) if not table.format.is_number(value)]
    if counts[bad].sum() <= 0.1 * counts.sum():
        remedy = f"correct it, or leave the column out with --drop {table.format.names[column]}"
        _raise_for_codes(table, column, bad, f"{{}} is not a number, and most cells of this column are; {remedy}")
    if len(values) > max(50, len(table) // 2) or table.stats.is_full(column):
        raise DataError(
            f"{len(values):,} different texts in {len(table):,} rows are not categories; leave the column out with "
            "--drop",
            table.file,
            column=table.format.names[column],
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
            f"holds dates such as {values[dates[0]]!r}, which no net takes; leave the column out with --drop, "
            "or convert them to numbers",
            table.file,
            column=table.format.names[column],
        )
