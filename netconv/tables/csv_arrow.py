"""Whole rows of delimited text as columns of Arrow, and the errors of the rows that are none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BadRow, DataError, first_line
from .csv_dialect import Dialect, records
from .number_format import pluralize
from .number_spellings import MISSING
from .rows import LONGEST_CELL, RowLocation, TableFormat

if TYPE_CHECKING:
    import pyarrow as pa


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
        """Raises DataError for a row at or after one with too long a cell."""
        for number, (line, cells) in enumerate(self.records()):
            if not cells:
                raise self.too_long(line)
            if number == row:
                return RowLocation(self.file, "line", line, cells)
        raise IndexError(row)

    def too_long(self, line: int) -> DataError:
        return DataError(f"a cell of more than {LONGEST_CELL:,} characters", self.file, line)

    def cells(self, columns: list[int]) -> dict[int, pa.Array]:
        import pyarrow as pa

        types = dict.fromkeys(columns, pa.string())
        try:
            return parse(self, types)
        except pa.ArrowInvalid:
            return parse(self._replace(data=repair(self)[0]), types)


PART = 4096
"""Columns that Arrow converts at once: it takes 14 kB for each, above all for the spellings of missing cells."""


def parse(block: Block, types: dict[int, pa.DataType]) -> dict[int, pa.Array]:
    """Columns by index, of these types."""
    columns: dict[int, pa.Array] = {}
    for first in range(0, max(1, len(types)), PART):
        columns |= _parse_part(block, dict(islice(types.items(), first, first + PART)))
    return columns


def _parse_part(block: Block, types: dict[int, pa.DataType]) -> dict[int, pa.Array]:
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
            true_values=[], false_values=[], decimal_point=block.format.decimal,
            include_columns=[str(index) for index in types], check_utf8=not data.isascii(),
        ),
    )  # fmt: skip
    columns = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns)
    return dict(zip(types, columns, strict=True))


@cache
def _spellings() -> list[str]:
    """The spellings of missing cells that the parser knows."""
    return sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})


def parse_error(block: Block, error: Exception) -> DataError:
    """The error of a block that cannot be parsed."""
    for line, cells in block.records():
        if not cells:
            return block.too_long(line)
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


def repair(block: Block) -> tuple[bytes, dict[int, DataError]]:
    """The bytes of a block with its ragged rows cut or padded and what is not UTF-8 replaced; and the errors of the
    ragged rows by row."""
    ragged, repaired = {}, io.StringIO(newline="")
    writer = csv.writer(repaired, csv.unix_dialect, delimiter=block.format.delimiter)
    for row, (line, cells) in enumerate(block.records()):
        if not cells:
            raise block.too_long(line)
        if len(cells) != block.width:
            ragged[row] = _ragged_error(block, line, cells)
            cells = [*cells, *[""] * block.width][: block.width]
        writer.writerow(cells)
    return repaired.getvalue().encode(), ragged


def check_lengths(block: Block, columns: dict[int, pa.Array]) -> None:
    """Raises DataError if a cell of a column of text is too long."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in columns.values():
        texts = column.dictionary if pa.types.is_dictionary(column.type) else column
        if pa.types.is_string(texts.type) and (pc.max(pc.binary_length(texts)).as_py() or 0) > LONGEST_CELL:
            for line, cells in block.records():
                if not cells:  # more bytes may be fewer characters
                    raise block.too_long(line)


def filled_extra_cells(block: Block, column: pa.Array) -> dict[int, DataError]:
    """The errors of rows whose last cell, beyond the columns, is not empty."""
    import numpy as np
    import pyarrow.compute as pc

    filled = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False)
    rows = set(np.flatnonzero(filled.to_numpy(zero_copy_only=False)).tolist())
    message = f"{pluralize(block.width, 'cell')}, and the header has {len(block.format.names)}"
    places = enumerate(block.records()) if rows else ()
    return {row: BadRow(message, block.file, line) for row, (line, _) in places if row in rows}


def misquoted(block: Block) -> dict[int, DataError]:
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
