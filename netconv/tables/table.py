"""Tables: the rows of one file or several, in any format. Does not know what the columns are for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from ..errors import DataError, option_name
from . import arrays, csv, disk_buffer, image_files, memory_rows, parquet
from .column_stats import ColumnStats
from .csv_blocks import INFERRED, TextOptions
from .disk_buffer import DiskBuffer, Spool
from .file_kinds import check_kind
from .number_format import pluralize
from .rows import ColumnRoles, RowErrors, RowLocation, Rows, TableFormat, Text
from .sources import BLOCK, Source, Stream, reopenable

if TYPE_CHECKING:
    import numpy as np

AHEAD = 2
"""Blocks that are parsed before their turn: each takes a thread and the memory of its rows."""

NUMERIC_IN_TRAINING = "in a column that was numeric in training"
"""Why a text in a later table is not a number."""
ColumnSelector = Callable[[TableFormat], frozenset[int]]
"""Returns the indices of some columns of a table of this format."""


def stream(
    sources: tuple[Source, ...],
    options: TextOptions = INFERRED,
    known_names: tuple[str, ...] = (),
    text: ColumnSelector | None = None,
    known_text: frozenset[int] = frozenset(),
    keep: ColumnSelector | None = None,
    ignore: ColumnSelector | None = None,
    lenient: bool = False,
    ahead: int = 0,
) -> Generator[Rows]:
    """The rows of a table in blocks. The format of each file is inferred from its first bytes.

    Args:
        sources: The files, in order.
        options: How delimited text is read.
        known_names: Names that a header may have, for inferring it.
        text: Selects the columns that are text whatever they hold.
        known_text: Indices of columns that are text. A column that is text in a block is text in all later ones.
        keep: Selects the columns whose cells are kept unchanged for the output.
        ignore: Selects the columns that are not read.
        lenient: Collects bad rows in `Rows.errors` instead of raising their error. Text in a numeric column then makes
            it a column of text in its block only.
        ahead: The number of blocks of delimited text that are parsed in other threads before their turn; 0 returns
            rows as soon as they have arrived.

    Raises:
        DataError: A ragged row, bytes that are not a table, files whose columns differ.
    """
    import numpy as np

    first: tuple[str, TableFormat] | None = None
    images: frozenset[int] | None = None
    for source in sources:

        def roles_of(format_: TableFormat, name: str = source.name) -> ColumnRoles:
            nonlocal first
            first = first or (name, format_)
            _check_same_columns(name, format_, *first)
            roles = ColumnRoles(*(select(format_) if select else frozenset() for select in (text, keep, ignore)))
            return roles._replace(ignored=roles.ignored - roles.kept)

        names = first[1].names if first and first[1].header else known_names
        with closing(_rows(source, options, names, roles_of, known_text, lenient, ahead)) as blocks:
            for rows in blocks:
                if not rows.format.images:
                    images = image_files.image_columns(rows) if images is None else images
                    rows = image_files.resolved(rows, images, source.folder)
                if not lenient:
                    rows = rows.with_texts(known_text) if known_text - rows.texts.keys() else rows
                    known_text |= rows.texts.keys()
                elif rows.errors is None:
                    rows = replace(rows, errors=RowErrors(np.zeros(len(rows), bool)))
                yield rows


def _rows(
    source: Source,
    options: TextOptions,
    known_names: tuple[str, ...],
    roles_of: Callable[[TableFormat], ColumnRoles],
    known_text: frozenset[int],
    lenient: bool,
    ahead: int,
) -> Generator[Rows]:
    """The rows of a file, of a table in memory, or of images."""
    if source.memory:
        yield from memory_rows.stream(source.memory, source.name, roles_of, known_text)
        return
    if source.images:
        yield from image_files.stream(source.images, source.name, roles_of)
        return
    with Stream(source) as opened:  # closed also when an error ends the rows
        is_array = arrays.is_array(opened.head)
        if source.labels and not is_array:
            raise DataError(f"is not a file of images (IDX or .npy), which {option_name('labels')} is for", source.name)
        if opened.head.startswith(parquet.MAGIC):
            yield from parquet.stream(opened, source, roles_of)
            return
        check_kind(opened.head, source.name)
        if is_array:
            yield from arrays.stream(opened, source, roles_of)
        else:
            yield from csv.stream(opened, options, known_names, roles_of, known_text, lenient, ahead)


def _check_same_columns(name: str, format_: TableFormat, first_name: str, first: TableFormat) -> None:
    """Raises DataError if the columns of a file are not those of the first file of its table."""
    if format_.header != first.header:
        which = "a header, and {} has none" if format_.header else "no header, and {} has one"
        raise DataError(f"has {which.format(first_name)}", name)
    if len(format_.names) != len(first.names):
        raise DataError(f"has {len(format_.names):,} columns, and {first_name} has {len(first.names):,}", name)
    for number, (column, expected) in enumerate(zip(format_.names, first.names, strict=True), 1):
        if column != expected:
            raise DataError(f"its column {number} is {column!r}, and that of {first_name} is {expected!r}", name)


def title(sources: tuple[Source, ...]) -> str:
    """The name of a table for messages."""
    more = len(sources) - 1
    return sources[0].name + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class Table:
    """A whole table.

    `numbers` is (rows, columns), an array of float32 or of a smaller type that holds them, or a DiskBuffer; a column of
    text has indices into its texts, -1 for a missing cell. `stats` are the statistics of the columns; `locate` returns
    the location of a row; `notes` are the notes of its files, each with the name of the file; `again` reads the rows
    again, block by block.
    """

    file: str
    format: TableFormat
    numbers: np.ndarray | DiskBuffer
    stats: ColumnStats
    locate: Callable[[int], RowLocation]
    notes: tuple[str, ...] = ()
    again: Callable[[], Iterator[Rows]] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def texts(self) -> dict[int, tuple[str, ...]]:
        """The distinct texts of the columns of text, by index."""
        return {index: tuple(values) for index, values in self.stats.values.items()}

    @property
    def on_disk(self) -> bool:
        return isinstance(self.numbers, DiskBuffer)

    def rows(self, at: slice | np.ndarray) -> Rows:
        """Some rows, by a slice or a sorted index array."""
        import numpy as np

        numbers = self.numbers[at]
        texts = {index: Text(numbers[:, index].astype(np.int32), values) for index, values in self.texts.items()}
        indices = range(len(self))[at] if isinstance(at, slice) else at
        return Rows(self.file, self.format, numbers, texts, lambda row: self.locate(int(indices[row])))

    def blocks(self) -> Iterator[Rows]:
        """All rows in order, in one block if they are in memory."""
        step = max(1, BLOCK // max(1, 4 * len(self.format.names))) if self.on_disk else max(1, len(self))
        for start in range(0, len(self), step):
            yield self.rows(slice(start, start + step))

    def whole_texts(self, columns: Collection[int]) -> Iterator[Rows]:
        """All rows in order, with all texts of these columns: read again if a column has more than are kept."""
        full = any(self.stats.is_full(column) for column in columns)
        return self.again() if full and self.again else self.blocks()


def from_rows(rows: Rows, distinct: ColumnSelector | None = None) -> Table:
    """A table of these rows; `distinct` selects the columns whose distinct numbers are collected."""
    stats = ColumnStats(len(rows.format.names), distinct(rows.format) if distinct else frozenset())
    numbers = stats.add(replace(rows, numbers=rows.numbers.copy()))
    return Table(rows.file, rows.format, numbers, stats, rows.locate, file_notes(rows))


def file_notes(rows: Rows) -> tuple[str, ...]:
    """The notes of the file of these rows, each with its name."""
    return tuple(f"{rows.file}: {note}" for note in rows.format.notes)


def read(
    sources: tuple[Source, ...],
    options: TextOptions = INFERRED,
    known_names: tuple[str, ...] = (),
    text: ColumnSelector | None = None,
    ignore: ColumnSelector | None = None,
    distinct: ColumnSelector | None = None,
    used: ColumnSelector | None = None,
    numbers: ColumnSelector | None = None,
) -> Table:
    """A whole table, read as `stream` does; `distinct` selects the columns whose distinct numbers are collected.

    A column with text in any row is a column of text in all rows. Numbers of more than `disk_buffer.MEMORY` bytes are
    kept on disk. With `options.skip_bad_rows` bad rows are left out, with a note: ragged ones, ones with an infinite
    number, and ones with a text in a column that `numbers` selects or, where that is None, of which nine tenths are
    numbers. Only columns that `used` selects (None: all) make a row a bad one.

    Raises:
        DataError: as `stream`; also for a table without rows.
        OSError: the disk is full.
    """
    sources = tuple(map(reopenable, sources))
    known_text: frozenset[int] = frozenset()
    numeric: frozenset[int] = frozenset()
    skip = options.skip_bad_rows

    def blocks() -> Generator[Rows]:
        return stream(sources, options, known_names, text, known_text, ignore=ignore, lenient=skip, ahead=AHEAD)

    table, nearly = None, frozenset[int]()
    while table is None or nearly:  # again with what turned out to be text, and with what turned out to be numbers
        numeric |= nearly
        bad = _BadRows(numeric, numbers, used)
        good = bad.skipped(blocks()) if skip else blocks()
        table, known_text = _collect(_read_ahead(good), known_text - numeric, sources, distinct)
        selected = text(table.format) if text and table else frozenset()
        nearly = _nearly_numeric(table) - selected - numeric if skip and table and not numbers else frozenset()
        nearly &= used(table.format) if used and table else nearly
        known_text -= nearly

    def again() -> Generator[Rows]:
        return _BadRows(numeric, numbers, used).skipped(blocks()) if skip else blocks()

    def locate(row: int) -> RowLocation:
        with closing(again()) as found:
            for rows in found:
                if row < len(rows):
                    return rows.locate(row)
                row -= len(rows)
        raise IndexError(row)

    return replace(table, locate=locate, notes=(*table.notes, *bad.notes), again=again)


def _read_ahead(blocks: Generator[Rows]) -> Generator[Rows]:
    """The blocks, each of them read while the one before it is used."""
    with closing(blocks), ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, blocks, None)
        while (rows := following.result()) is not None:
            following = reader.submit(next, blocks, None)
            yield rows


class _BadRows:
    """Leaves bad rows out of blocks, and counts them; text in the columns `numeric`, or in those that `numbers`
    selects, makes a row a bad one, and so does an infinite number in these, or in those that `used` selects."""

    def __init__(self, numeric: frozenset[int], numbers: ColumnSelector | None, used: ColumnSelector | None):
        self.numeric, self.numbers, self.used, self.count, self.good = numeric, numbers, used, 0, 0
        self.first: DataError | None = None

    def skipped(self, blocks: Generator[Rows]) -> Generator[Rows]:
        import numpy as np

        with closing(blocks):
            for block in blocks:
                if self.numbers:
                    rows = block.with_numbers(self.numbers(block.format), NUMERIC_IN_TRAINING)
                else:
                    rows = block.with_numbers(self.numeric, "and most cells of this column are")
                selected = self.numbers or self.used
                rows.check_finite(sorted(selected(block.format)) if selected else range(len(block.format.names)))
                assert rows.errors
                self.count += int(np.count_nonzero(rows.errors.mask))
                if self.first is None and rows.errors.first:
                    self.first = rows.errors.first[1]
                good = np.flatnonzero(~rows.errors.mask)
                self.good += len(good)
                yield rows.at(good)
        if self.first and not self.good:
            raise self.first.with_remedy("no other row is good")

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"warning: {pluralize(self.count, 'bad row')} left out; the first: {self.first}",) if self.count else ()


def _nearly_numeric(table: Table) -> frozenset[int]:
    """The columns of text of which nine tenths are numbers."""
    import numpy as np

    found = set()
    for index, values in table.texts.items():
        counts = table.stats.counts[index]
        numbers = np.array([table.format.is_number(value) for value in values], bool)
        if counts[: len(numbers)][~numbers].sum() <= 0.1 * counts.sum():
            found.add(index)
    return frozenset(found)


def _collect(
    blocks: Iterator[Rows], known_text: frozenset[int], sources: tuple[Source, ...], distinct: ColumnSelector | None
) -> tuple[Table | None, frozenset[int]]:
    """The table of all blocks, and its columns of text. No table if a column turned out to be text after numbers of it
    were collected."""
    first = next(blocks)
    width = len(first.format.names)
    stats = ColumnStats(width, distinct(first.format) if distinct else frozenset())
    numbers, complete = Spool(width, disk_buffer.MEMORY // (4 * width)), True
    notes: dict[str, None] = {}
    for rows in chain([first], blocks):
        complete = complete and (not stats.rows or rows.texts.keys() == known_text)
        known_text |= rows.texts.keys()
        notes |= dict.fromkeys(file_notes(rows))
        if complete and len(rows):
            numbers.append(stats.add(rows))
    if not complete:
        return None, known_text
    if not stats.rows:
        raise DataError("has a header and no rows", title(sources))
    return Table(title(sources), first.format, numbers.finish(), stats, first.locate, tuple(notes)), known_text
