"""The target columns of a training table and their classes, selected by the user or inferred."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate

from ..errors import DataError, option, there_are
from ..tables.column_selection import array_columns, list_names, select_columns
from ..tables.image_files import CLASS_FOLDERS
from ..tables.number_format import pluralize, shortened
from ..tables.number_spellings import NUMBER
from ..tables.rows import TableFormat, array_names, format_number
from ..tables.table import Table
from .encoding import HeadSpec, ModelSpec
from .exclusion import IDS, counter_columns, exclusion
from .notices import Notify
from .table_options import TableOptions
from .text_encoding import are_numbers

TARGETS = ("label", "class", "target", "classification", "y", "labels", "classes", "diagnosis", "species", "outcome",
           "category", "result")  # fmt: skip
"""Names of a target column, the likelier first."""
_SEPARATOR = re.compile(r"[\s,;|:~^]")


def columns_to_count(format_: TableFormat, options: TableOptions, heads: tuple[str, ...], file: str) -> frozenset[int]:
    """The indices of the columns whose distinct numbers are needed: those that can be a target (the selected ones, and
    those named after one of several `heads`, else those of a likely name, the first and the last one), and those that
    may number the rows."""
    possible = _possible_targets(format_, options, file)
    likely = {index for index in possible if format_.names[index].lower() in TARGETS}
    targets = _selected_targets(format_, options, file) or [*likely, *possible[:1], *possible[-1:]]
    if len(heads) > 1:
        targets = [*targets, *(index for name in heads for index in columns_named(format_.names, possible, name))]
    return frozenset(targets) | counter_columns(format_.names)


def feature_candidates(format_: TableFormat, options: TableOptions, targets: list[int], file: str) -> list[int]:
    """The indices of the columns that can be features."""
    selected = select_columns(format_.names, options.columns, file) if options.columns else range(len(format_.names))
    excluded = {*targets, *select_columns(format_.names, options.drop, file)}
    return [index for index in selected if index not in excluded]


def columns_to_use(format_: TableFormat, options: TableOptions, file: str) -> frozenset[int]:
    """The indices of the columns that can be features or targets; an id, by its name, only if it is selected."""
    names, targets = format_.names, _selected_targets(format_, options, file)
    selected = select_columns(names, (*options.columns, *options.input.values()), file)
    possible = [] if selected and targets else feature_candidates(format_, options, targets, file)
    return frozenset([*selected, *targets, *(index for index in possible if names[index].lower() not in IDS)])


def _selected_targets(format_: TableFormat, options: TableOptions, file: str) -> list[int]:
    """The indices of the target columns that the data name, as (x, y) does, or the user. Raises DataError."""
    if format_.targets and options.target:
        raise DataError(f"its targets are y: leave {option('target')} out", file)
    return list(format_.targets) or select_columns(format_.names, options.target_columns, file)


def _possible_targets(format_: TableFormat, options: TableOptions, file: str) -> list[int]:
    """The indices of the columns that the user selects for nothing else."""
    names = format_.names
    selections = (options.drop, options.columns, tuple(options.input.values()))
    taken = {index for selection in selections for index in select_columns(names, selection, file)}
    return [index for index in range(len(names)) if index not in taken]


def infer_targets(table: Table, spec: ModelSpec, options: TableOptions, optional: bool) -> list[list[int]]:
    """The indices of the target columns of each head; none if the table has none and this is `optional`. Raises
    DataError."""
    if not (optional and (spec.features in (None, 1) or _has_sequences(table, spec))):
        _check_delimiter(table)
    groups = head_targets(table, spec, options)
    if not groups and len(spec.heads) == 1:
        found = _find_targets(table, spec, options, optional)
        groups = [found] if found else []
    if not groups and not optional:
        names = [head.name for head in spec.heads]
        raise DataError(
            f"which columns are the targets of the outputs {list_names(names)}? Name those of each, as in "
            f"{option('target', {names[0]: table.format.names[-1]})}",
            table.file,
        )
    for head, targets in zip(spec.heads, groups, strict=bool(groups)):
        _check_number(table, head, targets, len(spec.heads) > 1)
    return groups


def _has_sequences(table: Table, spec: ModelSpec) -> bool:
    """Whether the cells of a single column may be sequences for the net."""
    takes_tokens = any(entry.ids or (entry.sequence and entry.sequence.encoder) for entry in spec.inputs)
    return takes_tokens or all(map(are_numbers, table.texts.get(0, ())))


def _check_number(table: Table, head: HeadSpec, targets: list[int], named: bool) -> None:
    """Raises DataError if a head has too few or too many target columns."""
    if len(targets) == (1 if head.classes else head.width) or is_onehot(targets, head):
        return
    outputs = f"output {head.name!r} of the net has" if named else "net outputs"
    raise DataError(
        f"{pluralize(len(targets), 'target column')}, and the {outputs} {pluralize(head.width, 'value')} per row: name "
        f"as many with {option('target')}",
        table.file,
    )


def head_targets(table: Table, spec: ModelSpec, options: TableOptions) -> list[list[int]]:
    """The indices of the target columns of each head that the data name, or the user, or that are named after the
    heads of several; none if there are no such columns. Raises DataError."""
    names, several = table.format.names, len(spec.heads) > 1
    selected = _selected_targets(table.format, options, table.file)
    if isinstance(options.target, Mapping):
        return _selected_by_head(table, spec, options.target)
    if not several:
        return [selected] if selected else []
    if selected and not table.format.targets:
        heads = list_names(head.name for head in spec.heads)
        raise DataError(
            f"the net has {len(spec.heads)} outputs, {heads}: name the target of each, as in "
            f"{option('target', {spec.heads[0].name: names[selected[0]]})}",
            table.file,
        )
    possible = selected or _possible_targets(table.format, options, table.file)
    groups = [columns_named(names, possible, head.name) for head in spec.heads]
    if all(groups) or not selected:
        return groups if all(groups) else []
    counts = [1 if head.classes else head.width for head in spec.heads]
    if sum(counts) != len(selected):
        raise DataError(
            f"y has {pluralize(len(selected), 'column')}, and the outputs of the net take {sum(counts):,}", table.file
        )
    ends = list(accumulate(counts))
    return [selected[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _selected_by_head(table: Table, spec: ModelSpec, selected: Mapping[str, str]) -> list[list[int]]:
    """The columns that the user selects for each head; one that is not among these has the columns named after it."""
    heads = [head.name for head in spec.heads]
    unknown = next((name for name in selected if name not in heads), None)
    if unknown is not None:
        known = f"{there_are(unknown, heads, 'its outputs')} {list_names(heads)}"
        raise DataError(f"the net has no output {unknown!r}; {known}", table.file)
    names = table.format.names
    groups = {name: select_columns(names, (columns,), table.file) for name, columns in selected.items()}
    rest = [name for name in heads if name not in groups]
    for name in rest:
        groups[name] = columns_named(names, list(range(len(names))), name)
    if missing := [name for name in rest if not groups[name]]:
        raise DataError(f"{option('target')} must name the columns of {list_names(missing)}, too", table.file)
    taken: dict[int, str] = {}
    for name in heads:
        for index in groups[name]:
            if index in taken:
                raise DataError(
                    f"{names[index]!r} is the target of two outputs, {taken[index]} and {name}: name another with "
                    f"{option('target')}",
                    table.file,
                )
            taken[index] = name
    return [groups[name] for name in heads]


def columns_named(names: tuple[str, ...], candidates: list[int], name: str) -> list[int]:
    """The columns of a name, or of an array of that name."""
    pattern = array_columns(name)
    return [index for index in candidates if names[index] == name or pattern.match(names[index])]


def _check_delimiter(table: Table) -> None:
    """Raises DataError for a table of one column whose cells look as if they were several."""
    cell = next(iter(table.texts.get(0, ())), "")
    if len(table.format.names) == 1 and _SEPARATOR.search(cell):
        raise DataError(
            f"read as a single column, with cells such as {shortened(cell, 60)!r}; {option('delimiter')} names the "
            "character between the cells",
            table.file,
        )


def likely_target(table: Table, options: TableOptions) -> list[int]:
    """The index of the target column if nothing is known of the net: the selected ones, one of a usual name, or the
    last one that looks like a feature."""
    _check_delimiter(table)
    targets = _selected_targets(table.format, options, table.file)
    possible = _possible_targets(table.format, options, table.file)
    others = [index for index in possible if not ((found := exclusion(table, index)) and found.certain)]
    return targets or _targets_by_name(table.format.names, possible, 1) or others[-1:]


def is_onehot(targets: list[int], head: HeadSpec) -> bool:
    """Whether there is a target column per class."""
    return head.classes > 1 and len(targets) == head.classes


def onehot_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of one-hot target columns: their names, or numbers from 0 for the columns of an array."""
    stem = names[0].rpartition(".")[0]
    numbered = names == array_names(stem, len(names))
    return tuple(map(str, range(len(names)))) if numbered else names


def merged_classes(table: Table, spec: ModelSpec, options: TableOptions) -> frozenset[int]:
    """The indices of the target columns whose classes may be equal as numbers of float32, and are to be read as
    text."""
    groups = infer_targets(table, spec, options, optional=False)
    columns = [
        targets[0]
        for head, targets in zip(spec.heads, groups, strict=True)
        if head.classes and not is_onehot(targets, head)
    ]
    return frozenset(index for index in columns if index not in table.texts and table.stats.may_merge(index))


def _find_targets(table: Table, spec: ModelSpec, options: TableOptions, optional: bool) -> list[int]:
    """The target columns of a net with one head."""
    names, head = table.format.names, spec.heads[0]
    if optional and spec.features == len(feature_candidates(table.format, options, [], table.file)):
        return []
    possible = _possible_targets(table.format, options, table.file)
    targets = _targets_by_name(names, possible, head.width)
    if targets:
        return targets
    reasons = {index: found for index in possible if (found := exclusion(table, index)) and found.certain}
    others = [index for index in possible if index not in reasons]
    features = [index for index in possible if index not in reasons or reasons[index].counted]
    if spec.features == len(features) and not (options.columns or options.input):
        if optional:
            return []
        raise DataError(
            f"is the target column missing? Without one the table has the {pluralize(len(features), 'feature')} that "
            f"the net takes: {list_names(names[index] for index in features)}; {option('target')} names the target",
            table.file,
        )
    ends = [index for index in dict.fromkeys([*others[-1:], *possible[:1]]) if index in others]
    targets = _targets_by_values(table, ends, head)
    if len(targets) > 1:
        either = " or ".join(repr(names[index]) for index in sorted(targets))
        raise DataError(f"the target may be {either}: name it with {option('target')}", table.file)
    if not targets and not optional and table.format.images:
        raise DataError(f"the images have no classes: {CLASS_FOLDERS}", table.file)
    if not targets and not optional:
        shown = list_names(names[index] for index in possible or range(len(names)))
        raise DataError(f"which column is the target? Name it with {option('target')}: {shown}", table.file)
    return targets


def _targets_by_name(names: tuple[str, ...], possible: list[int], outputs: int) -> list[int]:
    lower = {index: names[index].lower() for index in possible}
    for target in TARGETS:
        for index, name in lower.items():
            if name == target:
                return [index]
    for target in TARGETS:
        columns = [index for index, name in lower.items() if array_columns(target).match(name)]
        if len(columns) == outputs > 1:
            return columns
    return []


def _targets_by_values(table: Table, ends: list[int], head: HeadSpec) -> list[int]:
    """Of the last and the first column those whose values are as the model's outputs: of most classes; a column of
    values can only be the last one."""
    if len(table.format.names) < 2:
        return []
    if head.classes:
        ranks = {index: _class_rank(table, index, head.classes) for index in ends}
        likely = {index: rank for index, rank in ranks.items() if min(2, head.classes) <= rank[0] <= head.classes}
        return [index for index, rank in likely.items() if rank == max(likely.values())]
    return [index for index in ends[:1] if head.width == 1 and index not in table.texts]


def _class_rank(table: Table, column: int, most: int) -> tuple[int, bool]:
    """How many classes a column has, 0 if it does not look like classes; and whether they are names or class
    numbers."""
    import numpy as np

    if column in table.texts:
        return len(table.texts[column]), True
    values = table.stats.numbers.get(column)
    if values is None or not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any():
        return 0, False
    if values[0] >= 0 and values[-1] < most:
        return (max(2, len(values)) if len(values) > 1 else 0), True
    return len(values), values[0] == 1 and values[-1] <= most


def sorted_categories(table: Table, column: int) -> tuple[str, ...]:
    """The distinct texts of a column of text, sorted; numbers in their order, each in one spelling."""
    texts = table.texts[column]
    if not all(map(table.format.is_plain_number, texts)):
        return tuple(sorted(texts))
    numbers = set(map(table.format.canonical, texts))
    return tuple(sorted(numbers, key=lambda text: (Decimal(text) if NUMBER.match(text) else Decimal(0), text)))


def _numbers_hint() -> str:
    return f"if they are amounts, train with {option('loss', 'mean_squared_error')}"


def infer_classes(table: Table, column: int, head: HeadSpec, notify: Notify) -> tuple[str, ...]:
    """The names of the classes in a target column, in the order of the model's outputs. Raises DataError."""
    import numpy as np

    name, most = table.format.names[column], head.classes
    if column in table.texts:
        values = list(sorted_categories(table, column))
    else:
        numbers = table.stats.numbers[column]
        if numbers is None:
            message = (
                f"holds too many different numbers to be classes, and the net predicts {most:,}; {_numbers_hint()}"
            )
            raise DataError(message, table.file, column=name)
        if not np.isfinite(numbers).all():
            for rows in table.blocks():
                rows.check_finite([column])
        values = [format_number(number) for number in numbers]
    if values and set(values) <= set(map(str, range(most))):
        return tuple(map(str, range(most)))
    if values == list(map(str, range(1, most + 1))):
        notify(f"classes: 1 to {most:,} in the table are outputs 0 to {most - 1:,} of the net")
    if not values:
        raise DataError("the target column is empty", table.file, column=name)
    if len(values) > most:
        shown = ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")
        lower = {value.lower(): value for value in values}
        alike = next((value for value in values if lower[value.lower()] != value), None)
        hint = f"; {alike!r} and {lower[alike.lower()]!r} differ in case alone" if alike else ""
        hint = hint or ("" if column in table.texts else f"; {_numbers_hint()}")
        message = f"{len(values):,} classes ({shown}), and the net predicts {most:,}{hint}"
        raise DataError(message, table.file, column=name)
    if len(values) < most:
        notify(f"warning: the net predicts {most:,} classes, and the table has {len(values):,} ({', '.join(values)})")
    return tuple(values)
