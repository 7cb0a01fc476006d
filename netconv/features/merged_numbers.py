"""Columns with different numbers that are equal in float32, in which tables are kept and nets compute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..tables import table
from ..tables.column_stats import ColumnStats
from ..tables.csv_blocks import TextOptions
from ..tables.rows import Rows, TableFormat, Text
from ..tables.sources import Source

MOST = 1 << 20
"""Distinct numbers of a column that are compared."""
FIRST_ROWS = 100
"""Rows of a block that are compared in a stream."""
MOST_BLOCKS = 8
"""Blocks of a stream in which a column is compared."""


def merged_numbers(
    sources: tuple[Source, ...], options: TextOptions, columns: frozenset[int]
) -> dict[int, tuple[int, int]]:
    """How many different numbers such a column has, and how many of them are left in float32, by index. Reads these
    `columns` of a table again, as they are written. Raises DataError."""
    import numpy as np

    if not columns:
        return {}

    def ignored(format_: TableFormat) -> frozenset[int]:
        return frozenset(range(len(format_.names))) - columns

    numbers: dict[int, set[str]] = {index: set() for index in columns}
    for rows in table.stream(sources, options, keep=lambda _: columns, ignore=ignored, lenient=True):
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


class MergedInStream:
    """Finds columns with different numbers that are equal in float32 in a stream, which is not read again: in the
    first rows of its blocks."""

    def __init__(self) -> None:
        self._blocks: Counter[tuple[str, int]] = Counter()

    def add(self, rows: Rows, columns: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        """The index of each of these columns in which a block has such numbers, with two of them. A column of a file
        is found once."""
        stats = ColumnStats(len(rows.format.names))
        stats.add(replace(next(rows.parts(FIRST_ROWS)), texts={}))
        keys = {(rows.file, index): index for index in columns if stats.may_merge(index)}
        suspects = {index for key, index in keys.items() if self._blocks[key] < MOST_BLOCKS}
        self._blocks.update((rows.file, index) for index in suspects)
        known: dict[tuple[int, float], str] = {}
        for row in range(min(FIRST_ROWS, len(rows)) if suspects else 0):
            cells = rows.locate(row).cells
            for index in sorted(suspects) if len(cells) >= len(rows.format.names) else ():
                exact = rows.format.exact(cells[index].strip(), index)
                if exact is None:
                    continue
                other = known.setdefault((index, float(rows.numbers[row, index])), exact)
                if other != exact:
                    yield index, other, exact
                    suspects.remove(index)
                    self._blocks[rows.file, index] = MOST_BLOCKS
