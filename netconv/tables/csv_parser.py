"""Blocks of delimited text to rows of numbers and of text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BadRow, DataError, first_line
from .column_selection import list_names
from .csv_blocks import RawBlock
from .csv_dialect import Dialect, records
from .number_format import pluralize
from .number_spellings import MISSING, Numbers, as_numbers
from .rows import ColumnRoles, RowErrors, RowLocation, Rows, TableFormat, Text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

RETRIES = 8
"""How often a block is parsed again with one more column as text, before all of them are."""
_BLANK_LINE = re.compile(rb"(?m)^[ \t\x1a]+\r?$")
"""A line of blanks, or of the end of a file of DOS."""
_FAILED_COLUMN = re.compile(r"In CSV column #(\d+): CSV conversion error to float")


class Block(NamedTuple):
    """Whole rows of a file: their bytes, the number of their first line, the file's name, its format, and the number of
    cells of a row."""

    data: bytes
    line: int
    file: str
    format: TableFormat
    width: int

    def records(self) -> Iterator[tuple[int, list[str]]]:
        return records(self.data, Dialect(self.format.delimiter), self.line)

    def locate(self, row: int) -> RowLocation:
        line, cells = next(islice(self.records(), row, None))
        return RowLocation(self.file, "line", line, cells)

    def cells(self, columns: list[int]) -> dict[int, pa.Array]:
        import pyarrow as pa

        types = dict.fromkeys(columns, pa.string())
        try:
            return _parse(self, types)
        except pa.ArrowInvalid:
            return _parse(self._replace(data=_repair(self)[0]), types)


class StartedParse(NamedTuple):
    """A block that another thread parses: whether all its quotes begin or end a cell, the types of its columns that
    were expected, and its columns, of these types."""

    block: Block
    well_quoted: bool
    types: dict[int, pa.DataType]
    columns: Future[dict[int, pa.Array]]


class Parser:
    """Parses the blocks of a file, one after another: what it finds out about a column holds for later blocks. Later
    blocks may be started before that, in `threads`; a block whose columns then have other types is parsed again.

    `extra_cell` is whether each row ends with an empty cell beyond the columns; `unusual` are the indices of columns
    whose first cells are not all numbers as programs write them.
    """

    def __init__(
        self,
        file: str,
        format_: TableFormat,
        extra_cell: bool,
        notes: list[str],
        unusual: set[int],
        threads: Executor,
    ):
        self.file, self.format, self._extra_cell, self._notes = file, format_, extra_cell, notes
        self._threads = threads
        self._as_text = set(unusual)
        self._numeric: set[int] = set()
        self._converted: set[int] = set()
        self._missing: set[int] = set()
        self._decimals: dict[int, str] = {}
        self._signs: dict[int, str] = {}
        self._empty_rows = False

    def start(self, raw: RawBlock, roles: ColumnRoles) -> StartedParse:
        """Starts parsing a block."""
        block = Block(raw.data, raw.line, self.file, self.format, len(self.format.names) + self._extra_cell)
        return self._start(block, raw.well_quoted, roles)

    def _start(self, block: Block, well_quoted: bool, roles: ColumnRoles) -> StartedParse:
        types = self._types(block, roles)
        return StartedParse(block, well_quoted, types, self._threads.submit(_parse, block, types))

    def rows(self, started: StartedParse, roles: ColumnRoles, lenient: bool) -> Rows:
        """The rows of a block. A column in which every cell is a number or missing is numeric, unless its role is
        text. `lenient` is that of `table.stream`. Raises DataError."""
        import numpy as np
        import pyarrow as pa

        block, width = started.block, len(self.format.names)
        try:
            columns, bad = self._columns(started, roles, lenient)
            error = None
        except BadRow as found:
            columns, bad, error = {}, {}, found
        if bad or all(column.null_count or column.type != pa.float32() for column in columns.values()):
            data = self._without_empty_rows(block.data, block.line)
            if data is not block.data:
                block, error = block._replace(data=data), None
                columns, bad = self._columns(self._start(block, started.well_quoted, roles), roles, lenient)
        if error:
            raise error
        count = len(next(iter(columns.values()))) if columns else 0
        kept = {index: columns[index] for index in roles.kept}
        numeric, texts = self._divided(columns, roles.text)
        numbers = _stacked(numeric, count, width)
        errors = RowErrors(np.zeros(count, bool)) if lenient else None
        if errors is not None and bad:
            errors.add(np.isin(np.arange(count), list(bad)), bad.__getitem__)
        return Rows(self.file, self._noted(), numbers, texts, block.locate, kept, errors, block.cells)

    def _noted(self) -> TableFormat:
        if len(self._notes) != len(self.format.notes) or self._decimals != self.format.decimals:
            self.format = replace(self.format, notes=tuple(self._notes), decimals=dict(self._decimals))
        return self.format

    def _without_empty_rows(self, data: bytes, line: int) -> bytes:
        """The block with rows of delimiters or of blanks alone as blank lines, which are no rows."""
        row = (len(self.format.names) + self._extra_cell - 1) * self.format.delimiter.encode()
        if not row or not (data.startswith(row) or b"\n" + row in data or _BLANK_LINE.search(data)):
            return data
        quotes = position = 0

        def blank(match: re.Match[bytes]) -> bytes:
            nonlocal quotes, position
            quotes += data.count(b'"', position, match.start())
            position = match.start()
            if quotes % 2:
                return match[0]
            if not self._empty_rows:
                first = line + data.count(b"\n", 0, match.start())
                self._notes.append(f"rows without any value left out, the first in line {first}")
                self._empty_rows = True
            return b""

        return re.sub(rb"(?m)^(?:" + re.escape(row) + rb"|[ \t\x1a]+)(?=\r?$)", blank, data)

    def _columns(
        self, started: StartedParse, roles: ColumnRoles, lenient: bool
    ) -> tuple[dict[int, pa.Array], dict[int, DataError]]:
        """The columns of a block that are read, as float32, text or dictionaries of text; and, if `lenient`, the errors
        of its bad rows by row. Raises DataError."""
        import pyarrow as pa

        block = started.block
        if not block.data[:1000].strip(b"\r\n") and not block.data.strip(b"\r\n"):
            return {index: pa.array([], type_) for index, type_ in self._types(block, roles).items()}, {}
        bad = {} if started.well_quoted else _misquoted(block)
        if bad and not lenient:
            raise next(iter(bad.values()))
        columns, ragged = self._parsed(started, roles, lenient)
        if self._extra_cell:
            ragged |= _filled_extra_cells(block, columns.pop(block.width - 1))
            if ragged and not lenient:
                raise ragged[min(ragged)]
        return columns, bad | ragged

    def _parsed(
        self, started: StartedParse, roles: ColumnRoles, lenient: bool
    ) -> tuple[dict[int, pa.Array], dict[int, DataError]]:
        import pyarrow as pa

        block = started.block
        for _ in range(RETRIES):
            if started.types != self._types(block, roles):
                started = self._start(block, started.well_quoted, roles)
            try:
                return started.columns.result(), {}
            except pa.ArrowInvalid as error:
                failed = _FAILED_COLUMN.search(str(error))
                if not failed or int(failed[1]) in self._as_text:
                    break
                self._as_text.add(int(failed[1]))
        plain = dict.fromkeys(started.types, pa.string())
        try:
            return _parse(block, plain), {}
        except pa.ArrowInvalid as error:
            if not lenient:
                raise _parse_error(block, error) from None
            repaired, ragged = _repair(block)
            return _parse(block._replace(data=repaired), plain), ragged

    def _types(self, block: Block, roles: ColumnRoles) -> dict[int, pa.DataType]:
        """The types by index of the columns that are read."""
        import pyarrow as pa

        text, dictionary = roles.text | self._as_text, pa.dictionary(pa.int32(), pa.string())
        read = [index for index in range(len(block.format.names)) if index not in roles.ignored]
        types = {index: dictionary if index in text else pa.float32() for index in read}
        types |= dict.fromkeys(roles.kept, pa.string())
        return types | ({block.width - 1: pa.string()} if self._extra_cell else {})

    def _divided(
        self, columns: dict[int, pa.Array], text: frozenset[int]
    ) -> tuple[dict[int, pa.Array], dict[int, Text]]:
        """Columns as numeric ones (float32) and ones of text: those whose index is in `text`, and those of which a cell
        is not a number."""
        import pyarrow as pa

        numeric: dict[int, pa.Array] = {}
        texts: dict[int, Text] = {}
        converted: dict[int, Numbers] = {}
        missing: dict[int, tuple[str, ...]] = {}
        for index, column in columns.items():
            if column.type == pa.float32():
                numeric[index] = column
                if index not in self._numeric and column.null_count < len(column):
                    self._numeric.add(index)
                continue
            values = None if index in text else self._as_numbers(index, column, converted, missing)
            if values is None:
                texts[index] = Text.from_arrow(column)
            else:
                numeric[index] = values
        self._note(converted, missing)
        return numeric, texts

    def _as_numbers(
        self, index: int, column: pa.Array, converted: dict[int, Numbers], missing: dict[int, tuple[str, ...]]
    ) -> pa.Array | None:
        """A column of text as float32; None if a cell is not a number. Numbers and missing values that are written in
        an unusual way are added to `converted` and `missing`."""
        import pyarrow as pa

        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        own = self._decimals.get(index, self.format.decimal)
        other = "" if index in self._numeric else ".,".replace(own, "")
        found = as_numbers(coded.dictionary, own + other)
        if found is None:
            return None
        if found.values.null_count < len(found.values):
            known = self._signs.get(index, "")
            if (
                index in self._numeric
                and found.sign != known
                and ("%" in (found.sign, known) or (found.sign and known))
            ):
                return None
            if found.sign:
                self._signs[index] = found.sign
                self._as_text.add(index)
            self._numeric.add(index)
            if found.decimal != self.format.decimal:
                self._decimals[index] = found.decimal
                self._as_text.add(index)
        if found.example is not None:
            converted[index] = found
        if found.missing:
            missing[index] = found.missing
        return found.values.take(coded.indices)

    def _note(self, converted: dict[int, Numbers], missing: dict[int, tuple[str, ...]]) -> None:
        """Notes numbers and missing values written in an unusual way, of each column once; columns with the same
        decimal sign, and the same percent or currency sign, share a note."""
        names, alike = self.format.names, dict[tuple[str, str], list[int]]()
        for index, found in converted.items():
            if index not in self._converted:
                alike.setdefault((found.decimal, found.sign), []).append(index)
                self._converted.add(index)
        for new in alike.values():
            example = converted[new[0]].example
            assert example is not None
            value = self._noted().number(example, new[0])
            columns = list_names(names[index] for index in new)
            self._notes.append(f"numbers such as {example!r}, read as {value:g}, in {_columns_of(new)} {columns}")
        new = [index for index in missing if index not in self._missing]
        if new:
            spellings = ", ".join(dict.fromkeys(repr(cell) for index in new for cell in missing[index][:3]))
            columns = list_names(names[index] for index in new)
            self._notes.append(f"{spellings} read as missing in {_columns_of(new)} {columns}")
            self._missing.update(new)


def _columns_of(indices: list[int]) -> str:
    return "the numeric column" if len(indices) == 1 else "the numeric columns"


def _parse(block: Block, types: dict[int, pa.DataType]) -> dict[int, pa.Array]:
    """Columns by index, of these types."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    data = block.data
    table = arrow.read_csv(
        pa.py_buffer(data),
        read_options=arrow.ReadOptions(
            column_names=[str(index) for index in range(block.width)], block_size=len(data) + 1
        ),
        # values may have newlines: all rows are one block of Arrow's, which then converts columns in parallel
        parse_options=arrow.ParseOptions(delimiter=block.format.delimiter),
        convert_options=arrow.ConvertOptions(
            column_types={str(index): type_ for index, type_ in types.items()}, null_values=_spellings(),
            decimal_point=block.format.decimal, include_columns=[str(index) for index in types],
            check_utf8=not data.isascii(),
        ),
    )  # fmt: skip
    columns = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns)
    return dict(zip(types, columns, strict=True))


@cache
def _spellings() -> list[str]:
    """The spellings of missing cells that the parser knows."""
    return sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})


def _stacked(columns: dict[int, pa.Array], rows: int, width: int) -> np.ndarray:
    """Columns side by side, (rows, width) of float32, NaN where there is none."""
    import numpy as np

    numbers = np.empty((width, rows), np.float32).T  # column by column, which is several times faster to fill
    for index in range(width):
        numbers[:, index] = columns[index].to_numpy(zero_copy_only=False) if index in columns else np.nan
    return numbers


# Blocks with bad rows


def _parse_error(block: Block, error: Exception) -> DataError:
    """The error of a block that cannot be parsed."""
    for line, cells in block.records():
        if len(cells) != block.width:
            return _ragged_error(block, line, cells)
    for line, text in enumerate(block.data.split(b"\n"), block.line):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return DataError("is not UTF-8", block.file, line)
    return DataError(first_line(error), block.file, block.line)


def _ragged_error(block: Block, line: int, cells: list[str]) -> DataError:
    columns = len(block.format.names)
    first = "the header" if block.format.header else "the first row"
    has = f"{first} has {columns}" if block.width == columns else f"the rows before have {block.width}"
    return BadRow(f"{pluralize(len(cells), 'cell')}, and {has}", block.file, line)


def _repair(block: Block) -> tuple[bytes, dict[int, DataError]]:
    """The bytes of a block with its ragged rows cut or padded and what is not UTF-8 replaced; and the errors of the
    ragged rows by row."""
    ragged, repaired = {}, io.StringIO(newline="")
    writer = csv.writer(repaired, csv.unix_dialect, delimiter=block.format.delimiter)
    for row, (line, cells) in enumerate(block.records()):
        if not cells:
            raise DataError(f"a cell of more than {csv.field_size_limit():,} characters", block.file, line)
        if len(cells) != block.width:
            ragged[row] = _ragged_error(block, line, cells)
            cells = [*cells, *[""] * block.width][: block.width]
        writer.writerow(cells)
    return repaired.getvalue().encode(), ragged


def _filled_extra_cells(block: Block, column: pa.Array) -> dict[int, DataError]:
    """The errors of rows whose last cell, beyond the columns, is not empty."""
    import numpy as np
    import pyarrow.compute as pc

    filled = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False)
    rows = set(np.flatnonzero(filled.to_numpy(zero_copy_only=False)).tolist())
    message = f"{pluralize(block.width, 'cell')}, and the header has {len(block.format.names)}"
    places = enumerate(block.records()) if rows else ()
    return {row: BadRow(message, block.file, line) for row, (line, _) in places if row in rows}


def _misquoted(block: Block) -> dict[int, DataError]:
    """The errors of rows in which a cell in quotes goes on after its closing quote, or a quote is left open, by row."""
    delimiter = block.format.delimiter
    position = start = row = 0
    errors: dict[int, DataError] = {}
    blanks = re.compile(rf'" +(?={re.escape(delimiter)}|\r?\n|$)')
    text = block.data.decode("utf-8", "replace")
    lines = io.StringIO(text, newline="").readlines()
    rows = csv.reader(iter(lines), delimiter=delimiter)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:  # too long a cell, which is another error
            return errors
        if cells is None:
            return errors
        position = rows.line_num
        raw = "".join(lines[start:position])
        if '"' in raw:
            try:
                list(csv.reader([*io.StringIO(blanks.sub('"', raw), newline="")], delimiter=delimiter, strict=True))
            except csv.Error as error:
                why = (
                    "a quote is left open" if "end of data" in str(error) else "a cell goes on after its closing quote"
                )
                errors[row] = BadRow(why, block.file, block.line + start)
        row += bool(cells)
        start = position
