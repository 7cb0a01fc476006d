"""Columns with different numbers that are equal in float32, in which tables are kept and nets compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice

from ..tables import table
from ..tables.column_stats import ColumnStats
from ..tables.csv_blocks import TextOptions
from ..tables.rows import Rows, Text
from ..tables.sources import Source
from ..tables.table import ColumnSelector

MOST = 1 << 20
"""Distinct numbers of a column that are compared."""


def merged_numbers(
    sources: tuple[Source, ...], options: TextOptions, columns: frozenset[int]
) -> dict[int, tuple[int, int]]:
    """How many different numbers such a column has, and how many of them are left in float32, by index. Reads these
    `columns` of a table again, as they are written. Raises DataError."""
    import numpy as np

    if not columns:
        return {}

    numbers: dict[int, set[str]] = {index: set() for index in columns}
    for rows in table.stream(sources, options, keep=lambda _: columns, ignore=_all_but(columns), lenient=True):
        for index, known in numbers.items():
            if len(known) < MOST:
                cells = Text.from_arrow(rows.kept[index]).values
                exact = (rows.format.exact(cell, index) for cell in cells)
                known.update(number for number in exact if number is not None)
    found = {}
    for index, known in numbers.items():
        with np.errstate(over="ignore"):
            left = len(np.unique(np.array(list(map(float, known))).astype(np.float32)))
        if left < len(known):
            found[index] = len(known), left
    return found


def _all_but(columns: frozenset[int]) -> ColumnSelector:
    return lambda format_: frozenset(range(len(format_.names))) - columns


def equal_spellings(
    sources: tuple[Source, ...], options: TextOptions, columns: frozenset[int]
) -> dict[int, tuple[str, str]]:
    """Two cells of each of these columns that are written differently and are equal numbers, `001` and `01`, by index,
    where there are any among the first rows. Raises DataError."""
    found: dict[int, tuple[str, str]] = {}
    with closing(
        table.stream(sources, options, keep=lambda _: columns, ignore=_all_but(columns), lenient=True)
    ) as blocks:
        for rows in islice(blocks, 1 if columns else 0):
            for index in columns:
                known: dict[str, str] = {}
                for cell in Text.from_arrow(rows.kept[index]).values:
                    other = known.setdefault(rows.format.exact(cell, index) or cell, cell)
                    if other != cell:
                        found.setdefault(index, (other, cell))
    return found


class MergedInStream:
    """Finds columns with different numbers that are equal in float32 in a stream, which is not read again. Of all
    columns together, MOST different numbers are compared."""

    def __init__(self) -> None:
        self._known: dict[int, dict[float, str]] = {}
        self._compared = 0
        self._done: set[int] = set()

    def add(self, rows: Rows, columns: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        """The index of each of these columns that has such numbers in these or in earlier rows, with two of them. A
        column is found once."""
        import numpy as np

        stats = ColumnStats(len(rows.format.names))
        stats.add(replace(rows, texts={}))
        suspects = [index for index in columns if index not in self._done and stats.may_merge(index)]
        for index, column in rows.cells(suspects).items() if suspects and self._compared < MOST else ():
            known = self._known.setdefault(index, {})
            before = len(known)
            for cell in Text.from_arrow(column).values:
                exact = rows.format.exact(cell, index)
                if exact is None:
                    continue
                with np.errstate(over="ignore"):
                    other = known.setdefault(float(np.float32(exact)), exact)
                if other != exact:
                    yield index, other, exact
                    self._done.add(index)
                    break
            self._compared += len(known) - before
