"""Delimited text (CSV, TSV) as rows. It is read in blocks of whole rows, so that a stream of any length takes little
memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DataError, first_line
from .csv_dialect import detect_delimiter, detect_format, header_end, records
from .number_format import pluralize
from .rows import MISSING, ColumnRoles, RowErrors, RowLocation, Rows, TableFormat, Text, strip_cells
from .sources import Stream

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 64 << 20
"""Bytes of the longest row that is accepted."""
BOM = b"\xef\xbb\xbf"


def stream(
    stream: Stream,
    header: bool | None,
    known_names: tuple[str, ...],
    roles_of: Callable[[TableFormat], ColumnRoles],
    text: frozenset[int],
    lenient: bool,
) -> Iterator[Rows]:
    """The rows in blocks; `text` are the indices of columns known to be text, the other parameters are those of
    `table.stream`. Raises DataError."""
    format_, roles = None, ColumnRoles()
    likely_text: frozenset[int] = frozenset()
    reader = _BlockReader(stream)
    for line, data in reader:
        if format_ is None:
            format_, likely_text = detect_format(data, stream.name, known_names, header)
            reader.delimiter = format_.delimiter
            roles = roles_of(format_)
            text |= roles.text
            if format_.header:
                skipped = header_end(data, format_.delimiter, stream.name)
                line += data.count(b"\n", 0, skipped)
                data = data[skipped:]
        block = _Block(data, line, stream.name, format_)
        rows = _rows(block, roles._replace(text=text), likely_text, lenient)
        if not lenient:
            text |= rows.texts.keys()
        yield rows
    if format_ is None:
        raise DataError("is empty", stream.name)


# Bytes to blocks of whole rows


class _BlockReader:
    """Reads (number of its first line, bytes) of blocks of whole rows, without a byte order mark. `delimiter` is that
    of the file once it is known; until then it is inferred where it matters."""

    def __init__(self, stream: Stream):
        self.delimiter: str | None = None
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        line, data = 1, b""
        while piece := self._stream.read():
            data += piece
            if line == 1:
                data = data.removeprefix(BOM)
            end = self._last_row_end(data)
            if end:
                yield line, data[:end]
                line += data.count(b"\n", 0, end)
                data = data[end:]
            if len(data) > LONGEST:
                raise DataError(
                    f"a row of more than {LONGEST >> 20} MB: is a quote left open?", self._stream.name, line
                )
        if data:  # only "\r" may have ended its lines
            yield line, data if b"\n" in data else data.replace(b"\r", b"\n")

    def _last_row_end(self, data: bytes) -> int:
        """Where the last whole row ends, 0 if no row is whole: after a line end that is not in quotes."""
        end = data.rfind(b"\n") + 1
        if data.count(b'"', 0, end) % 2 == 0:
            return end
        delimiter = self.delimiter or detect_delimiter(data, self._stream.name)
        ends, position = [0], 0

        def lines() -> Iterator[str]:
            nonlocal position
            for line in io.BytesIO(data):
                if position == end:
                    return
                position += len(line)
                yield line.decode("latin-1")

        try:  # the quote is open here, or is loose in a cell: the parser knows
            for _ in csv.reader(lines(), delimiter=delimiter):
                ends.append(position)
        except csv.Error:
            return ends[-1]
        return ends[-1] if len(ends) < 2 or ends[-1] < end else ends[-2]


# Blocks to rows


class _Block(NamedTuple):
    """Whole rows of a file: their bytes, the number of their first line, the file's name, and its format."""

    data: bytes
    line: int
    file: str
    format: TableFormat

    def records(self) -> Iterator[tuple[int, list[str]]]:
        return records(self.data, self.format.delimiter, self.line)

    def locate(self, row: int) -> RowLocation:
        line, cells = next(islice(self.records(), row, None))
        return RowLocation(self.file, "line", line, cells)


def _rows(block: _Block, roles: ColumnRoles, likely_text: frozenset[int], lenient: bool) -> Rows:
    """The rows of a block. A column in which every cell is a number or missing is numeric, unless its role is text;
    the columns `likely_text` are parsed as text at once."""
    import numpy as np
    import pyarrow as pa

    width = len(block.format.names)
    if not block.data.strip(b"\r\n"):
        kept = {index: pa.array([], pa.string()) for index in roles.kept}
        errors = RowErrors(np.zeros(0, bool)) if lenient else None
        return Rows(block.file, block.format, np.empty((0, width), np.float32), {}, block.locate, kept, errors)
    columns, ragged = _parsed(block, roles, likely_text, lenient)
    count = len(next(iter(columns.values()))) if columns else 0
    kept = {index: columns[index] for index in roles.kept}
    numeric, texts = _divided(columns, roles.text, block.format.decimal)
    numbers = _stacked(numeric, count, width)
    errors = RowErrors(np.zeros(count, bool)) if lenient else None
    if errors is not None and ragged:
        errors.add(np.isin(np.arange(count), list(ragged)), ragged.__getitem__)
    return Rows(block.file, block.format, numbers, texts, block.locate, kept, errors)


def _parsed(
    block: _Block, roles: ColumnRoles, likely_text: frozenset[int], lenient: bool
) -> tuple[dict[int, pa.Array], dict[int, DataError]]:
    """The columns of a block that are read, as float32, text or dictionaries of text; and, if `lenient`, the errors of
    its ragged rows by row. Raises DataError."""
    import pyarrow as pa

    read = [index for index in range(len(block.format.names)) if index not in roles.ignored]
    text, dictionary = roles.text | likely_text, pa.dictionary(pa.int32(), pa.string())
    types = {index: dictionary if index in text else pa.float32() for index in read}
    types |= dict.fromkeys(roles.kept, pa.string())
    plain = dict.fromkeys(read, pa.string())
    try:
        return _parse(block.data, block.format, types), {}
    except pa.ArrowInvalid:  # a cell is not a number, or a row is ragged
        try:
            return _parse(block.data, block.format, plain), {}
        except pa.ArrowInvalid as error:
            if not lenient:
                raise _parse_error(block, error) from None
            repaired, ragged = _repair(block)
            return _parse(repaired, block.format, plain), ragged


def _parse(data: bytes, format_: TableFormat, types: dict[int, pa.DataType]) -> dict[int, pa.Array]:
    """Columns by index, of these types."""
    import pyarrow as pa
    from pyarrow import csv as reader

    spellings = sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})
    table = reader.read_csv(
        pa.py_buffer(data),
        read_options=reader.ReadOptions(
            column_names=[str(index) for index in range(len(format_.names))], block_size=len(data) + 1
        ),
        parse_options=reader.ParseOptions(delimiter=format_.delimiter, newlines_in_values=b'"' in data),
        convert_options=reader.ConvertOptions(
            column_types={str(index): type_ for index, type_ in types.items()}, null_values=spellings,
            decimal_point=format_.decimal, include_columns=[str(index) for index in types],
        ),
    )  # fmt: skip
    return {index: column.combine_chunks() for index, column in zip(types, table.columns, strict=True)}


def _divided(
    columns: dict[int, pa.Array], text: frozenset[int], decimal: str
) -> tuple[dict[int, pa.Array], dict[int, Text]]:
    """Columns as numeric ones (float32) and ones of text: those whose index is in `text`, and those of which a cell is
    not a number."""
    import pyarrow as pa

    numeric: dict[int, pa.Array] = {}
    texts: dict[int, Text] = {}
    for index, column in columns.items():
        if column.type != pa.float32():
            values = None if index in text else _as_numbers(column, decimal)
            if values is None:
                texts[index] = Text.from_arrow(column)
                continue
            column = values
        numeric[index] = column
    return numeric, texts


def _stacked(columns: dict[int, pa.Array], rows: int, width: int):
    """Columns side by side, (rows, width) of float32, NaN where there is none."""
    import numpy as np

    if len(columns) == width:  # several times faster than column by column
        return np.stack([columns[index].to_numpy(zero_copy_only=False) for index in range(width)], axis=1)
    numbers = np.full((rows, width), np.nan, np.float32)
    for index, column in columns.items():
        numbers[:, index] = column.to_numpy(zero_copy_only=False)
    return numbers


def _as_numbers(column: pa.Array, decimal: str) -> pa.Array | None:
    """A column of text, plain or as a dictionary, as float32; None if a cell is not a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        values = _as_numbers(column.dictionary, decimal)
        return None if values is None else values.take(column.indices)
    try:
        column = strip_cells(column)
        return pc.cast(pc.replace_substring(column, ",", ".") if decimal == "," else column, pa.float32())
    except pa.ArrowInvalid:
        return None


# Blocks that cannot be parsed


def _parse_error(block: _Block, error: Exception) -> DataError:
    """The error of a block that cannot be parsed."""
    for line, cells in block.records():
        if len(cells) != len(block.format.names):
            return _ragged_error(block, line, cells)
    for line, text in enumerate(block.data.split(b"\n"), block.line):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return DataError("is not UTF-8", block.file, line)
    return DataError(first_line(error), block.file, block.line)


def _ragged_error(block: _Block, line: int, cells: list[str]) -> DataError:
    first = "the header" if block.format.header else "the first row"
    message = f"{pluralize(len(cells), 'cell')}, and {first} has {len(block.format.names)}"
    return DataError(message, block.file, line)


def _repair(block: _Block) -> tuple[bytes, dict[int, DataError]]:
    """The bytes of a block with its ragged rows cut or padded and what is not UTF-8 replaced; and the errors of the
    ragged rows by row."""
    ragged, repaired = {}, io.StringIO(newline="")
    writer = csv.writer(repaired, csv.unix_dialect, delimiter=block.format.delimiter)
    width = len(block.format.names)
    for row, (line, cells) in enumerate(block.records()):
        if not cells:
            raise DataError(f"a cell of more than {csv.field_size_limit():,} characters", block.file, line)
        if len(cells) != width:
            ragged[row] = _ragged_error(block, line, cells)
            cells = [*cells, *[""] * width][:width]
        writer.writerow(cells)
    return repaired.getvalue().encode(), ragged
