"""The target columns of a training table and their classes, selected by the user or inferred."""

from __future__ import annotations

from ..errors import DataError
from ..tables.column_selection import array_columns, list_names, select_columns
from ..tables.number_format import pluralize
from ..tables.rows import TableFormat, format_number
from ..tables.table import Table
from .encoding import ModelSpec
from .notices import Notify
from .table_options import TableOptions

TARGETS = ("label", "class", "target", "classification", "y", "labels", "classes", "diagnosis", "species", "outcome",
           "category", "result")  # fmt: skip
"""Names of a target column, the likelier first."""


def likely_targets(format_: TableFormat, options: TableOptions, file: str) -> frozenset[int]:
    """The indices of the columns that can be a target: those selected, else those of a likely name, the first and the
    last one."""
    names = format_.names
    selected = select_columns(names, options.target, file)
    likely = [index for index, name in enumerate(names) if name.lower() in TARGETS]
    return frozenset(selected) or frozenset({*likely, 0, len(names) - 1})


def feature_candidates(format_: TableFormat, options: TableOptions, targets: list[int], file: str) -> list[int]:
    """The indices of the columns that can be features."""
    selected = select_columns(format_.names, options.columns, file) if options.columns else range(len(format_.names))
    excluded = {*targets, *select_columns(format_.names, options.drop, file)}
    return [index for index in selected if index not in excluded]


def infer_targets(table: Table, spec: ModelSpec, options: TableOptions, optional: bool, notify: Notify) -> list[int]:
    """The indices of the target columns; none if the table has none and this is `optional`. Raises DataError."""
    names = table.format.names
    targets = select_columns(names, options.target, table.file)
    if not targets:
        targets = _find_targets(table, spec, options, optional)
        if targets:
            first = names[targets[0]]
            shown = f"column {first!r}" if len(targets) == 1 else f"{len(targets):,} columns from {first!r}"
            notify(f"target: {shown}" + ("" if optional else " (--target names another)"))
    if targets and len(targets) != (1 if spec.classes else spec.outputs) and not is_onehot(targets, spec):
        raise DataError(
            f"{pluralize(len(targets), 'target column')}, and the net outputs {pluralize(spec.outputs, 'value')} per "
            "row: name as many with --target",
            table.file,
        )
    return targets


def is_onehot(targets: list[int], spec: ModelSpec) -> bool:
    """Whether there is a target column per class."""
    return spec.classes > 1 and len(targets) == spec.classes


def _find_targets(table: Table, spec: ModelSpec, options: TableOptions, optional: bool) -> list[int]:
    if optional and spec.features == len(feature_candidates(table.format, options, [], table.file)):
        return []
    targets = _targets_by_name(table.format.names, spec.outputs) or _target_by_values(table, spec)
    if not targets and not optional:
        names = list_names(table.format.names)
        raise DataError(f"which column is the target? Name it with --target: {names}", table.file)
    return targets


def _targets_by_name(names: tuple[str, ...], outputs: int) -> list[int]:
    names = tuple(name.lower() for name in names)
    for name in TARGETS:
        if name in names:
            return [names.index(name)]
    for name in TARGETS:
        columns = [index for index, other in enumerate(names) if array_columns(name).match(other)]
        if len(columns) == outputs > 1:
            return columns
    return []


def _target_by_values(table: Table, spec: ModelSpec) -> list[int]:
    """The last or the first column, if its values are as the model's outputs: of most classes, else the last one."""
    width = len(table.format.names)
    if width < 2:
        return []
    if spec.classes:
        counts = {index: _class_count(table, index, spec.classes) for index in (width - 1, 0)}
        likely = [index for index, count in counts.items() if min(2, spec.classes) <= count <= spec.classes]
        return [max(likely, key=counts.__getitem__)] if likely else []
    return [width - 1] if spec.outputs == 1 and width - 1 not in table.texts else []


def _class_count(table: Table, column: int, most: int) -> int:
    """How many classes a column has; 0 if it does not look like classes."""
    import numpy as np

    if column in table.texts:
        return len(table.texts[column])
    values = table.stats.numbers[column]
    if values is None or not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any():
        return 0
    if values[0] >= 0 and values[-1] < most:
        return max(2, len(values)) if len(values) > 1 else 0
    return len(values)


def infer_classes(table: Table, column: int, spec: ModelSpec, notify: Notify) -> tuple[str, ...]:
    """The names of the classes in a target column, in the order of the model's outputs. Raises DataError."""
    import numpy as np

    name, most = table.format.names[column], spec.classes
    if column in table.texts:
        values = sorted(table.texts[column])
    else:
        numbers = table.stats.numbers[column]
        if numbers is None:
            message = f"holds too many different numbers to be classes, and the net predicts {most:,}"
            raise DataError(message, table.file, column=name)
        if not np.isfinite(numbers).all():
            for rows in table.blocks():
                rows.check_finite([column])
        if len(numbers) and numbers[0] >= 0 and numbers[-1] < most and (numbers == np.round(numbers)).all():
            return tuple(map(str, range(most)))
        values = [format_number(number) for number in numbers]
        if values == list(map(str, range(1, most + 1))):
            notify(f"classes: 1 to {most:,} in the table are outputs 0 to {most - 1:,} of the net")
    if not values:
        raise DataError("the target column is empty", table.file, column=name)
    if len(values) > most:
        shown = ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")
        raise DataError(f"{len(values):,} classes ({shown}), and the net predicts {most:,}", table.file, column=name)
    return tuple(values)
