"""Delimited text (CSV, TSV) as rows."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice

from ..errors import DataError, option_name
from .csv_blocks import BlockReader, RawBlock, TextOptions
from .csv_dialect import ROWS, Dialect, records, sample
from .csv_layout import detect_layout, repeated_header
from .csv_parser import Parser, StartedParse
from .number_format import pluralize
from .number_spellings import MISSING, table_decimal
from .rows import ColumnRoles, Rows, TableFormat
from .sources import Stream


def stream(
    stream: Stream,
    options: TextOptions,
    known_names: tuple[str, ...],
    roles_of: Callable[[TableFormat], ColumnRoles],
    text: frozenset[int],
    lenient: bool,
    ahead: int,
) -> Iterator[Rows]:
    """The rows in blocks; `text` are the indices of columns known to be text, the other parameters are those of
    `table.stream`. Raises DataError."""
    notes: list[str] = []
    parser, roles = None, ColumnRoles()

    def started() -> Iterator[StartedParse]:
        nonlocal parser, roles, text
        blocks = BlockReader(stream, options, notes, known_names)
        for block in blocks:
            if parser is None:
                dialect = blocks.dialect
                parser, skipped = _detect(block, dialect, stream.name, known_names, options, lenient, notes, threads)
                roles = roles_of(parser.format)
                text |= roles.text
                line = block.line + block.data.count(b"\n", 0, skipped)
                block = block._replace(line=line, data=block.data[skipped:])
            yield parser.start(block, roles._replace(text=text))

    with ThreadPoolExecutor(ahead + 1) as threads:
        for parse in _made_ahead(started(), ahead):
            assert parser
            rows = parser.rows(parse, roles._replace(text=text), lenient)
            if not lenient:
                text |= rows.texts.keys()
            yield rows
    if parser is None:
        lines = options.skip_lines
        what = (
            f"has no rows after the {pluralize(lines, 'line')} of {option_name('skip_lines')}" if lines else "is empty"
        )
        raise DataError(what, stream.name)


def _made_ahead(items: Iterator[StartedParse], count: int) -> Iterator[StartedParse]:
    """The items, so many of which are made before their turn; a DataError in making one comes in its turn, too."""
    waiting: deque[StartedParse] = deque()
    try:
        for item in items:
            waiting.append(item)
            if len(waiting) > count:
                yield waiting.popleft()
    except DataError:
        yield from waiting
        raise
    yield from waiting


def _detect(
    block: RawBlock,
    dialect: Dialect,
    file: str,
    known_names: tuple[str, ...],
    options: TextOptions,
    lenient: bool,
    notes: list[str],
    threads: Executor,
) -> tuple[Parser, int]:
    """The parser of a file, by its first block, and the bytes before the first row of its table. Raises DataError."""
    data = block.data
    first = sample(data)
    lines, rows = [], []
    for line, cells in islice(records(first, dialect, block.line), ROWS):
        lines.append(line)
        rows.append(cells)
    if not rows:
        raise DataError("is empty", file)
    if 1 < len(rows) < ROWS and len(first) < len(data):
        rows.pop()  # it may have been cut
    layout = detect_layout(rows, known_names, options.header, options.skip_lines is None)
    notes.extend(layout.notes)
    repeated = repeated_header(rows, layout.before) if layout.header and not lenient else None
    if repeated is not None:
        raise DataError("repeats the header, and only one table can be read: split the file", file, lines[repeated])
    width = len(layout.names) + layout.extra_cell
    body = [[cell.strip() for cell in cells] for cells in rows[layout.before :] if len(cells) == width]
    columns = [list(column) for column in zip(*body, strict=True)]
    decimal = table_decimal(columns, dialect.delimiter, options.decimal)
    format_ = TableFormat(dialect.delimiter, decimal, layout.header, layout.names)
    if decimal == "," and (note := _decimal_note(format_, columns)):
        notes.append(note)
    unusual = {
        index
        for index, column in enumerate(columns[: len(layout.names)])
        if not all(format_.is_plain_number(cell) or cell.lower() in MISSING for cell in set(column))
    }
    parser = Parser(file, format_, layout.extra_cell, notes, unusual, threads)
    return parser, _rows_end(data, dialect, layout.before, file)


def _decimal_note(format_: TableFormat, columns: list[list[str]]) -> str | None:
    """A note with the first number that has a decimal comma, unless none of the columns' cells has one."""
    for name, column in zip(format_.names, columns, strict=False):
        for cell in column:
            if "," in cell and format_.is_plain_number(cell):
                return f"numbers have decimal commas, such as {cell!r} in column {name!r}"
    return None


def _rows_end(data: bytes, dialect: Dialect, count: int, file: str) -> int:
    """The number of bytes up to the end of so many rows that are not blank. Raises DataError."""
    position = 0

    def lines() -> Iterator[str]:
        nonlocal position
        for line in io.BytesIO(data):
            position += len(line)
            yield line.decode("utf-8", "replace")

    if not count:
        return 0
    try:
        rows = (cells for cells in csv.reader(lines(), delimiter=dialect.delimiter, strict=True) if cells)
        next(islice(rows, count - 1, None))
    except csv.Error as error:
        raise DataError(f"its header cannot be read: {error}", file) from None
    return position
