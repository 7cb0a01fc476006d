"""Tables: the rows of one file or several, whatever they are written as. Knows nothing of what the columns are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import DataError
from . import arrays, csv, disk_buffer, parquet
from .column_stats import ColumnStats
from .disk_buffer import Collector, DiskBuffer
from .rows import ColumnRoles, RowErrors, RowLocation, Rows, TableFormat, Text
from .sources import BLOCK, Source, Stream, kept

if TYPE_CHECKING:
    import numpy as np

Chosen = Callable[[TableFormat], frozenset[int]]
"""Positions of columns by a table's form."""


def stream(
    sources: tuple[Source, ...],
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Chosen | None = None,
    found: frozenset[int] = frozenset(),
    keep: Chosen | None = None,
    ignore: Chosen | None = None,
    lenient: bool = False,
) -> Iterator[Rows]:
    """The rows of a table in blocks. The format of each file is told by its first bytes.

    `header` says whether the first row of delimited text is one; None finds out, by the names that are `known` if there
    are any. `text` gives the columns that are text whatever they hold, and `found` are such positions; a column that
    was text in a block stays so. `keep` gives the columns that are passed on, `ignore` those that are not read. With
    `lenient` rows at fault are noted in `Rows.faults`, and text in a column of numbers makes it one of text in its
    block only.

    Raises DataError: a ragged row, bytes that are no table, files whose columns differ.
    """
    import numpy as np

    first: tuple[str, TableFormat] | None = None
    for source in sources:

        def wanted(form: TableFormat, name=source.name) -> ColumnRoles:
            nonlocal first
            first = first or (name, form)
            _agree(name, form, *first)
            wanted = ColumnRoles(*(choose(form) if choose else frozenset() for choose in (text, keep, ignore)))
            return wanted._replace(ignored=wanted.ignored - wanted.kept)

        names = first[1].names if first and first[1].header else known
        with Stream(source) as opened:  # a fault in the middle leaves no file open
            for rows in _rows(opened, source, header, names, wanted, found, lenient):
                if not lenient:
                    rows = rows.with_texts(found) if found - rows.texts.keys() else rows
                    found |= rows.texts.keys()
                elif rows.faults is None:
                    rows = replace(rows, faults=RowErrors(np.zeros(len(rows), bool)))
                yield rows


def _rows(opened: Stream, source: Source, header, known, wanted, found, lenient) -> Iterator[Rows]:
    if opened.head.startswith(parquet.MAGIC):
        return parquet.stream(opened, source, wanted)
    if arrays.is_array(opened.head):
        return arrays.stream(opened, source, wanted)
    return csv.stream(opened, header, known, wanted, found, lenient)


def _agree(name: str, form: TableFormat, first: str, wanted: TableFormat) -> None:
    """Raises DataError if a file has other columns than the first of its table."""
    if form.header != wanted.header:
        which = ("a header, and {} has none" if form.header else "no header, and {} has one").format(first)
        raise DataError(f"has {which}", name)
    if form.names == wanted.names:
        return
    if len(form.names) != len(wanted.names):
        raise DataError(f"has {len(form.names):,} columns, and {first} has {len(wanted.names):,}", name)
    position = next(p for p, pair in enumerate(zip(form.names, wanted.names, strict=True)) if pair[0] != pair[1])
    raise DataError(
        f"its column {position + 1} is {form.names[position]!r}, and that of {first} is {wanted.names[position]!r}",
        name,
    )


def title(sources: tuple[Source, ...]) -> str:
    """The name of a table for messages."""
    more = len(sources) - 1
    return sources[0].name + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class Table:
    """A whole table. `numbers` is (rows, columns) of float32, an array or a DiskBuffer; a column of text has codes into
    its
    `values`, -1 for a missing cell. `find` gives the place of a row."""

    file: str
    form: TableFormat
    numbers: np.ndarray | DiskBuffer
    summary: ColumnStats
    find: Callable[[int], RowLocation]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def texts(self) -> dict[int, tuple[str, ...]]:
        """The texts of columns of text, by position."""
        return {position: tuple(values) for position, values in self.summary.values.items()}

    @property
    def on_disk(self) -> bool:
        return isinstance(self.numbers, DiskBuffer)

    def rows(self, at: slice | np.ndarray) -> Rows:
        """Some rows, by a slice or a sorted index array."""
        import numpy as np

        numbers = self.numbers[at]
        texts = {p: Text(numbers[:, p].astype(np.int32), values) for p, values in self.texts.items()}
        places = range(len(self))[at] if isinstance(at, slice) else at
        return Rows(self.file, self.form, numbers, texts, lambda row: self.find(int(places[row])))

    def blocks(self) -> Iterator[Rows]:
        """All rows in order: at once if they are in memory."""
        step = max(1, BLOCK // max(1, 4 * len(self.form.names))) if self.on_disk else max(1, len(self))
        for start in range(0, len(self), step):
            yield self.rows(slice(start, start + step))


def of(rows: Rows, distinct: Chosen | None = None) -> Table:
    """Rows as a table of their own."""
    summary = ColumnStats(len(rows.form.names), distinct(rows.form) if distinct else frozenset())
    return Table(rows.file, rows.form, summary.add(rows), summary, rows.find)


def read(
    sources: tuple[Source, ...],
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Chosen | None = None,
    ignore: Chosen | None = None,
    distinct: Chosen | None = None,
) -> Table:
    """A whole table, as `stream` reads it; `distinct` gives the columns whose different numbers are told. A column of
    text anywhere is one of text everywhere. More than `spool.MEMORY` bytes of numbers are kept on disk. Raises
    DataError, also when there are no rows, and OSError: no room on the disk."""
    sources = tuple(map(kept, sources))
    found: frozenset[int] = frozenset()
    settled = False
    while not settled:  # twice at most
        form, summary, settled = None, None, True
        for rows in stream(sources, header, known, text, found, ignore=ignore):
            if form is None:
                form, width = rows.form, len(rows.form.names)
                summary = ColumnStats(width, distinct(form) if distinct else frozenset())
                numbers = Collector(width, disk_buffer.MEMORY)
            settled = settled and (not summary.rows or rows.texts.keys() == found)
            found |= rows.texts.keys()
            if settled and len(rows):
                numbers.append(summary.add(rows))
        if settled and not summary.rows:
            raise DataError("has a header and no rows", title(sources))

    def find(row):
        with closing(stream(sources, form.header, known, text, found, ignore=ignore)) as blocks:
            for rows in blocks:
                if row < len(rows):
                    return rows.find(row)
                row -= len(rows)
        raise IndexError(row)

    return Table(title(sources), form, numbers.done(), summary, find)
