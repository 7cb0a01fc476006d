"""Columns with different numbers that are equal in float32, in which tables are kept and nets compute."""

from __future__ import annotations

from ..tables import table
from ..tables.csv_blocks import TextOptions
from ..tables.number_spellings import NUMBER
from ..tables.rows import TableFormat, Text
from ..tables.sources import Source

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

    def ignored(format_: TableFormat) -> frozenset[int]:
        return frozenset(range(len(format_.names))) - columns

    numbers: dict[int, set[str]] = {index: set() for index in columns}
    for rows in table.stream(sources, options, keep=lambda _: columns, ignore=ignored, lenient=True):
        for index, known in numbers.items():
            if len(known) < MOST:
                known.update(map(rows.format.canonical, Text.from_arrow(rows.kept[index]).values))
    found = {}
    for index, known in numbers.items():
        values = [float(text) for text in known if NUMBER.match(text)]
        with np.errstate(over="ignore"):
            left = len(np.unique(np.array(values).astype(np.float32)))
        written = sum(bool(NUMBER.match(text)) for text in known)
        if left < written:
            found[index] = written, left
    return found
