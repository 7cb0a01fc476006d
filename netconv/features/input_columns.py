"""Which columns go to which input of a model, and whether the options that select columns agree."""

from __future__ import annotations

import re

from ..errors import DataError, option, there_are
from ..tables.column_selection import list_names, select_columns
from ..tables.table import Table
from .encoding import ModelSpec
from .table_options import TableOptions
from .target_inference import columns_named

_PATTERN = re.compile(r"[*?\[]")


def encoded_by_name(options: TableOptions) -> tuple[str, ...]:
    """The columns of --encode without patterns, which may match other columns too."""
    return tuple(columns for columns in options.encode if not _PATTERN.search(columns))


def check_selection(table: Table, options: TableOptions, targets: list[int]) -> None:
    """Raises DataError if an option names a column as a feature that another option or the target excludes."""
    names = table.format.names
    dropped, selected = (set(select_columns(names, each, table.file)) for each in (options.drop, options.columns))
    for name, entries in (("input", tuple(options.input.values())), ("encode", encoded_by_name(options))):
        for index in select_columns(names, entries, table.file):
            why = "is the target" if index in targets else f"is in {option('drop')}, too" if index in dropped else ""
            if name == "encode" and not why and selected and index not in selected:
                why = f"is not in {option('columns')}"
            if why:
                raise DataError(f"{option(name)} names {names[index]!r}, which {why}", table.file)
    by_name = tuple(entry for entry in options.columns if not _PATTERN.search(entry))
    if both := [index for index in select_columns(names, by_name, table.file) if index in targets]:
        raise DataError(f"{option('columns')} names {names[both[0]]!r}, which is the target", table.file)


def group_by_input(
    table: Table, spec: ModelSpec, options: TableOptions, candidates: list[int]
) -> list[list[int]] | None:
    """The indices of the columns of each input: as the user selects them, or by the names of the inputs; None if only
    their order assigns them. Raises DataError."""
    inputs = tuple(entry.name for entry in spec.inputs)
    groups = named_groups(table, options, candidates, inputs)
    if options.input:
        return _completed(table, inputs, groups, candidates)
    if groups:
        return list(groups.values())
    if all(entry.width is not None for entry in spec.inputs):
        return None
    if len(inputs) < 2:
        return [candidates]
    which = f"Name them with {option('input')}: {list_names(inputs)}"
    raise DataError(f"which columns are for which input? {which}", table.file)


def named_groups(
    table: Table, options: TableOptions, candidates: list[int], inputs: tuple[str, ...]
) -> dict[str, list[int]]:
    """The indices of the columns of the inputs that `options.input` names; without it, of all of several inputs if
    there are columns named after each. Raises DataError."""
    names = table.format.names
    if options.input:
        return {name: select_columns(names, (columns,), table.file) for name, columns in options.input.items()}
    groups = {name: columns_named(names, candidates, name) for name in inputs} if len(inputs) > 1 else {}
    return groups if all(groups.values()) else {}


def _completed(
    table: Table, inputs: tuple[str, ...], groups: dict[str, list[int]], candidates: list[int]
) -> list[list[int]]:
    """The columns of all inputs: one that is not among the groups has the columns that are left."""
    unknown = next((name for name in groups if name not in inputs), None)
    if unknown is not None:
        known = f"{there_are(unknown, inputs, 'its inputs')} {list_names(inputs)}"
        raise DataError(f"the net has no input {unknown!r}; {known}", table.file)
    taken = {index for group in groups.values() for index in group}
    rest = [name for name in inputs if name not in groups]
    if len(rest) > 1:
        raise DataError(f"{option('input')} must name the columns of {list_names(rest)}, too", table.file)
    return [groups.get(name, [index for index in candidates if index not in taken]) for name in inputs]
