"""What the columns of a training table are: which the net is to tell, which it takes, and as what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import DataError
from ..tables.column_selection import columns, listed, of_array
from ..tables.number_format import counted
from ..tables.rows import TableFormat, spelled
from ..tables.table import Table
from .encoding import Encoding, Feature, InputSpec, ModelSpec
from .table_options import TableOptions

if TYPE_CHECKING:
    pass

TARGETS = ("label", "class", "target", "classification", "y", "labels", "classes", "diagnosis", "species", "outcome",
           "category", "result")  # fmt: skip
"""Names of a target column, the likelier first."""
IDS = frozenset({"id", "index", "idx", "no", "no.", "nr", "row", "rownames", "row_id", "rowid", "unnamed: 0"})
"""Names of a column that only counts rows."""
DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?([T ].*)?$|\d{4}/\d\d?/\d\d?( .*)?$|\d\d?[./-]\d\d?[./-]\d{2,4}( .*)?$"
    r"|\d\d?:\d\d(:\d\d(\.\d+)?)?$"
)


def ignore(_line: str) -> None:
    """Says nothing."""


def likely_targets(form: TableFormat, reading: TableOptions, file: str) -> frozenset[int]:
    """The positions of the columns of which one or several may be the target."""
    names = form.names
    given = columns(names, reading.target, file)
    known = [position for position, name in enumerate(names) if name.lower() in TARGETS]
    return frozenset(given) or frozenset({*known, 0, len(names) - 1})


def infer_encoding(
    table: Table,
    needs: ModelSpec,
    reading: TableOptions,
    classes: tuple[str, ...] = (),
    without_target: bool = False,
    notify: Callable[[str], object] = ignore,
) -> Encoding:
    """Finds the targets, their classes, and the features that the net takes; `encoded.learnt` then adds what stands for
    missing cells. The table must tell the different numbers of its `likely_targets`.

    `classes` are the names of the classes when they are known. `without_target` allows a table that has none, for
    prediction. What was found out is given to `notify`. Raises DataError.
    """
    names = table.form.names
    chosen = columns(names, reading.target, table.file)
    if not chosen:
        chosen = _find_targets(table, needs, reading, without_target)
        if chosen:
            named = (
                f"column {names[chosen[0]]!r}"
                if len(chosen) == 1
                else f"{len(chosen):,} columns from {names[chosen[0]]!r}"
            )
            notify(f"target: {named}" + ("" if without_target else " (--target names another)"))
    onehot = needs.classes > 1 and len(chosen) == needs.classes
    if chosen and not onehot and len(chosen) != (1 if needs.classes else needs.outputs):
        raise DataError(
            f"{counted(len(chosen), 'target column')}, and the net gives {counted(needs.outputs, 'value')} a row: "
            "name as many with --target",
            table.file,
        )
    features, inputs = _features(table, needs, reading, candidates(table.form, reading, chosen, table.file), notify)
    targets = tuple(names[position] for position in chosen)
    if onehot:
        notify(f"target: {len(chosen):,} one-hot columns, one a class")
        found = classes or targets
    else:
        found = _classes(table, chosen[0], needs, classes, notify) if chosen and needs.classes else classes
    return Encoding(names, table.form.header, features, targets, found, *(reading.rescale or (1.0, 0.0)), inputs)


def candidates(form: TableFormat, reading: TableOptions, targets: list[int], file: str) -> list[int]:
    """The positions of the columns that may be features."""
    given = columns(form.names, reading.columns, file) if reading.columns else range(len(form.names))
    left = {*targets, *columns(form.names, reading.drop, file)}
    return [position for position in given if position not in left]


def width(form: TableFormat, reading: TableOptions, file: str) -> int:
    """How many features a table has, by its columns alone."""
    targets = columns(form.names, reading.target, file)
    found = candidates(form, reading, targets, file)
    return len(found) - (not targets and len(found) == len(form.names))


# Targets


def _find_targets(table: Table, needs: ModelSpec, reading: TableOptions, without_target: bool) -> list[int]:
    names = [name.lower() for name in table.form.names]
    if without_target and needs.features == len(candidates(table.form, reading, [], table.file)):
        return []
    for name in TARGETS:
        if name in names:
            return [names.index(name)]
    for name in TARGETS:  # the columns of an array
        found = [position for position, other in enumerate(names) if of_array(name).match(other)]
        if len(found) == needs.outputs > 1:
            return found
    ends = [len(names) - 1, 0] if len(names) > 1 else []
    if needs.classes:
        kinds = {position: _kinds(table, position, needs.classes) for position in ends}
        for wanted in (needs.classes, *range(needs.classes - 1, 1, -1)):
            for position in ends:
                if kinds[position] == wanted:
                    return [position]
    elif needs.outputs == 1 and ends and ends[0] not in table.texts:
        return ends[:1]
    if without_target:
        return []
    raise DataError(f"which column is the target? Name it with --target: {listed(table.form.names)}", table.file)


def _kinds(table: Table, position: int, most: int) -> int:
    """How many classes a column has; 0 if it does not look like classes."""
    import numpy as np

    if position in table.texts:
        return len(table.texts[position])
    values = table.summary.numbers[position]
    if values is None or not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any():
        return 0
    if values[0] >= 0 and values[-1] < most:
        return max(2, len(values)) if len(values) > 1 else 0
    return len(values)


def _classes(table: Table, position: int, needs: ModelSpec, known: tuple[str, ...], notify) -> tuple[str, ...]:
    """The names of the classes in the net's order."""
    import numpy as np

    if known:
        return known
    name, most = table.form.names[position], needs.classes
    if position in table.texts:
        values = sorted(table.texts[position])
    else:
        numbers = table.summary.numbers[position]
        if numbers is None:
            raise DataError(
                f"holds too many different numbers to be classes, and the net tells {most:,}", table.file, column=name
            )
        if not np.isfinite(numbers).all():
            _refuse_infinite(table, position)
        if len(numbers) and numbers[0] >= 0 and numbers[-1] < most and (numbers == np.round(numbers)).all():
            return tuple(map(str, range(most)))
        values = [spelled(number) for number in numbers]
        if values == list(map(str, range(1, most + 1))):
            notify(f"classes: the numbers 1 to {most:,} of the table are 0 to {most - 1:,} of the net")
    if not values:
        raise DataError("the target column is empty", table.file, column=name)
    if len(values) > most:
        shown = ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")
        raise DataError(f"{len(values):,} classes ({shown}), and the net tells {most:,}", table.file, column=name)
    return tuple(values)


def _refuse_infinite(table: Table, position: int) -> None:
    for rows in table.blocks():
        rows.finite([position])


# Features


def _features(table, needs, reading, positions, notify) -> tuple[tuple[Feature, ...], tuple[int, ...]]:
    """The features in the net's order, and how many numbers each of several inputs takes of them."""
    groups = _groups(table, needs, reading, positions)
    if groups is None:
        features, dropped = _choose(table, positions, needs.features, "the net")
        for position in dropped:
            notify(f"column {table.form.names[position]!r} is left out: it would be one feature too many")
        if not needs.inputs:
            return features, ()
        return _with_ids(features, needs.inputs, notify), tuple(entry.width for entry in needs.inputs)
    found, widths = [], []
    for entry, group in zip(needs.inputs, groups, strict=True):
        features, dropped = _choose(table, group, entry.width, f"the input {entry.name!r}")
        if dropped:
            notify(f"column {table.form.names[dropped[0]]!r} is left out: it would be one feature too many")
        found += features
        widths.append(sum(feature.width for feature in features))
    inputs = tuple(replace(entry, width=wide) for entry, wide in zip(needs.inputs, widths, strict=True))
    return _with_ids(tuple(found), inputs, notify), tuple(widths)


def _groups(table: Table, needs: ModelSpec, reading: TableOptions, positions: list[int]) -> list[list[int]] | None:
    """The columns of each input: as the user says, or by the inputs' names; None: by their order alone."""
    names, file = table.form.names, table.file
    known = [entry.name for entry in needs.inputs]
    if reading.input:
        strange = next((name for name in reading.input if name not in known), None)
        if strange is not None:
            raise DataError(f"the net has no input {strange!r}; its inputs are {listed(known)}", file)
        given = {name: columns(names, (wanted,), file) for name, wanted in reading.input.items()}
        taken = {position for group in given.values() for position in group}
        without = [name for name in known if name not in given]
        if len(without) > 1:
            raise DataError(f"--input is to name the columns of {listed(without)}, too", file)
        return [given.get(name, [p for p in positions if p not in taken]) for name in known]
    if len(known) < 2:
        return None if all(entry.width is not None for entry in needs.inputs) else [positions]
    groups = [[p for p in positions if names[p] == name or of_array(name).match(names[p])] for name in known]
    if all(groups):
        return groups
    if any(entry.width is None for entry in needs.inputs):
        raise DataError(f"which columns are for which input? Name them with --input: {listed(known)}", file)
    return None


def _with_ids(features: tuple[Feature, ...], inputs: tuple[InputSpec, ...], notify) -> tuple[Feature, ...]:
    """The features with the ids that an Embedding takes of them."""
    found, end = list(features), 0
    for entry in inputs:
        start, end = end, end + entry.width
        if not entry.ids:
            continue
        at = 0
        for index, feature in enumerate(features):
            if start <= at < end:
                found[index] = replace(feature, onehot=False, ids=entry.ids)
            at += feature.width
        one = "; they count from 1, as Mathematica has them" if entry.ids[0] == 1 else ""
        notify(f"input {entry.name!r}: ids of an Embedding, {entry.ids[0]:,} to {entry.ids[1]:,}{one}")
    return tuple(found)


def _choose(table: Table, positions: list[int], wanted: int | None, who: str) -> tuple[tuple[Feature, ...], list[int]]:
    """The features that make the width that is wanted, and what had to be left out for it."""
    features = {position: _feature(table, position) for position in positions}
    spare = sorted((exclusion_reason(table, position), position) for position in positions)
    spare = [position for rank, position in spare if rank]
    for dropped in ([], spare[:1], spare):
        left = set(dropped)
        kept = [features[position] for position in positions if position not in left]
        for onehot in (True, False):
            tried = tuple(replace(f, onehot=onehot and len(f.categories) > 2) for f in kept)
            if tried and (wanted is None or sum(f.width for f in tried) == wanted):
                for position in positions:
                    if position not in left:
                        _check(table, position)
                return tried, dropped
    for position in positions:
        if position not in spare:
            _check_dates(table, position)
    found = counted(len(positions), "feature")
    wide = sum(len(f.categories) if len(f.categories) > 2 else 1 for f in features.values())
    if wide != len(positions):
        found += f" ({wide:,} with text one-hot)"
    hint = "; --target names a column that is none" if len(positions) == len(table.form.names) else ""
    names = listed(table.form.names[position] for position in positions)
    takes = "more" if wanted is None else f"{wanted:,}"
    raise DataError(f"{found} found, and {who} takes {takes}{': ' if names else ''}{names}{hint}", table.file)


def _feature(table: Table, position: int) -> Feature:
    return Feature(table.form.names[position], tuple(sorted(table.texts.get(position, ()))))


def exclusion_reason(table: Table, position: int) -> int:
    """Why a column is no feature, the likeliest first: 1 its name says so, 2 it counts the rows, 3 it is empty; else
    0."""
    name, summary = table.form.names[position], table.summary
    if name.lower() in IDS or name == f"column {position + 1}":
        return 1
    if position == 0 and position not in table.texts and summary.rows > 2 and summary.counting:
        return 2
    return 3 if position not in table.texts and summary.missing[position] == summary.rows else 0


def _check(table: Table, position: int) -> None:
    """Raises DataError for a column of text that is no feature: a few texts among numbers, dates, texts that hardly
    come twice."""
    values = table.texts.get(position)
    if values is None:
        return
    _check_dates(table, position)
    counts = table.summary.counts[position]
    strange = [code for code, value in enumerate(values) if not table.form.is_number(value)]
    if counts[strange].sum() <= 0.1 * counts.sum():
        _blame(table, position, strange, "{} is no number, and most cells of this column are")
    if len(values) > max(50, len(table) // 2) or table.summary.many(position):
        raise DataError(
            f"{len(values):,} different texts in {len(table):,} rows are no categories; leave the column out",
            table.file,
            column=table.form.names[position],
        )


def _blame(table: Table, position: int, codes: list[int], what: str) -> None:
    """Raises DataError for the first row that has one of these codes."""
    import numpy as np

    for rows in table.blocks():
        bad = np.isin(rows.texts[position].codes, codes)
        if bad.any():
            raise rows.blame(what, int(bad.argmax()), position)


def _check_dates(table: Table, position: int) -> None:
    values = table.texts.get(position, ())
    dates = [code for code, value in enumerate(values) if DATE.match(value)]
    counts = table.summary.counts.get(position)
    if dates and counts[dates].sum() >= 0.9 * counts.sum():
        raise DataError(
            f"holds dates such as {values[dates[0]]!r}, which no net takes; leave the column out with --drop, or make "
            "numbers of them",
            table.file,
            column=table.form.names[position],
        )
