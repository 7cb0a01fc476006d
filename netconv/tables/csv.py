"""Delimited text (CSV, TSV) as rows. How a file is written is found out; it is read in blocks of whole rows, so that a
stream of any length takes little memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import DataError
from .number_format import counted
from .rows import (
    DECIMAL_COMMA,
    MISSING,
    NUMBER,
    ColumnRoles,
    RowErrors,
    RowLocation,
    Rows,
    TableFormat,
    Text,
    trimmed,
    unique,
)
from .sources import Stream

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 64 << 20
"""Bytes of the longest row that is waited for."""
SAMPLE = 64 << 10
"""Bytes, and at most 50 rows, by which delimiter, decimal sign and header are found out."""
BOM = b"\xef\xbb\xbf"


def stream(
    stream: Stream,
    header: bool | None,
    known: tuple[str, ...],
    wanted: Callable[[TableFormat], ColumnRoles],
    found: frozenset[int],
    lenient: bool,
) -> Iterator[Rows]:
    """The rows in blocks; the parameters are those of `table.stream`. Raises DataError."""
    form, columns, likely = None, ColumnRoles(), frozenset()
    for line, data in _blocks(stream):
        if form is None:
            form, likely = _sniff(data, stream.name, known, header)
            columns = wanted(form)
            found |= columns.text
            if form.header:
                skipped = _header_end(data, stream.name)
                line += data.count(b"\n", 0, skipped)
                data = data[skipped:]
        rows = _rows(data, line, stream.name, form, columns._replace(text=found), likely, lenient)
        if not lenient:
            found |= rows.texts.keys()
        yield rows
    if form is None:
        raise DataError("is empty", stream.name)


# Bytes to blocks of whole rows


def _blocks(stream: Stream) -> Iterator[tuple[int, bytes]]:
    """(number of its first line, bytes) of blocks of whole rows, without a byte order mark."""
    line, data = 1, b""
    while piece := stream.read():
        data += piece
        if line == 1:
            data = data.removeprefix(BOM)
        end = _last_row_end(data)
        if end:
            yield line, data[:end]
            line += data.count(b"\n", 0, end)
            data = data[end:]
        if len(data) > LONGEST:
            raise DataError(f"a row of more than {LONGEST >> 20} MB: is a quote left open?", stream.name, line)
    if data:  # only "\r" may have ended its lines
        yield line, data if b"\n" in data else data.replace(b"\r", b"\n")


def _last_row_end(data: bytes) -> int:
    """Where the last whole row ends, 0 if no row is whole: after a line end that is in no quotes."""
    end = data.rfind(b"\n") + 1
    if data.count(b'"', 0, end) % 2 == 0:
        return end
    ends, position = [0], 0

    def lines():
        nonlocal position
        for line in io.BytesIO(data):
            if position == end:
                return
            position += len(line)
            yield line.decode("latin-1")

    try:  # the quote is open here, or stands loose in a cell: the parser knows
        for _ in csv.reader(lines()):
            ends.append(position)
    except csv.Error:
        return ends[-1]
    return ends[-1] if len(ends) < 2 or ends[-1] < end else ends[-2]


def _records(data: bytes, delimiter: str, line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not blank."""
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
    start = 0
    try:
        for cells in reader:
            if cells:
                yield line + start, cells
            start = reader.line_num
    except csv.Error:
        yield line + start, []


# How a file is written


def _sniff(data: bytes, file: str, known: tuple[str, ...], header: bool | None) -> tuple[TableFormat, frozenset[int]]:
    """How a file is written, and the columns that are not of numbers in the rows that tell it."""
    sample = data[: max(SAMPLE, data.find(b"\n") + 1 or len(data))]
    try:
        sample.decode("utf-8", "strict" if len(sample) == len(data) else "ignore")
        binary = b"\0" in sample
    except UnicodeDecodeError:
        binary = True
    if binary:
        raise DataError("is no table of UTF-8 text (CSV)", file)
    whole = sample[: sample.rfind(b"\n") + 1] if len(sample) < len(data) else sample
    best = None
    for delimiter in ",;\t|":
        rows = [cells for _, cells in islice(_records(whole or sample, delimiter), 50)]
        if not rows:
            raise DataError("is empty", file)
        if not all(rows):  # a cell longer than the parser takes: no delimiter of this row
            continue
        cells = [cell.strip() for row in rows for cell in row]
        numbers = sum(bool(NUMBER.match(c) or DECIMAL_COMMA.match(c)) for c in cells) / max(1, len(cells))
        even = len({len(row) for row in rows}) == 1
        rank = (len(rows[0]) > 1, even, numbers, len(rows[0]))
        if best is None or rank > best[0]:
            best = rank, delimiter, rows, cells
    if best is None:
        raise DataError(f"has a cell of more than {csv.field_size_limit():,} characters", file)
    _, delimiter, rows, cells = best
    commas = delimiter != "," and any(map(DECIMAL_COMMA.match, cells))
    decimal = "," if commas and not any("." in c and NUMBER.match(c) for c in cells) else "."
    first = [cell.strip() for cell in rows[0]]
    if header is None:
        header = _is_header(first, rows[1:], known)
    names = unique(first) if header else tuple(map(str, range(1, len(first) + 1)))
    form = TableFormat(delimiter, decimal, header, names)
    texts = (
        position
        for position, column in enumerate(zip(*rows[header:], strict=False))
        if not all(form.is_number(cell.strip()) or cell.strip().lower() in MISSING for cell in column)
    )
    return form, frozenset(texts)


def _is_header(first: list[str], rest: list[list[str]], known: tuple[str, ...]) -> bool:
    """Whether the first row has the names of the columns: they are no numbers, unless they count the columns."""
    if 2 * len(set(known).intersection(first)) >= len(first):
        return True
    numbers = [cell for cell in first if NUMBER.match(cell)]
    texts = [cell for cell in first if cell.lower() not in MISSING and not NUMBER.match(cell)]
    if not texts:
        return False
    if numbers:
        return len(numbers) > 1 and any(numbers == [str(start + n) for n in range(len(numbers))] for start in (0, 1))
    repeated = len(set(texts)) < len(texts)
    return not (repeated and not any(NUMBER.match(cell.strip()) for row in rest for cell in row))


# Blocks to rows


def _rows(
    data: bytes, line: int, file: str, form: TableFormat, wanted: ColumnRoles, likely: frozenset[int], lenient: bool
) -> Rows:
    """The rows of a block. A column of which every cell is a number or missing is one of numbers, unless it is wanted
    as text; those `likely` to be none are parsed as text at once."""
    import numpy as np
    import pyarrow as pa

    def find(row):
        return RowLocation(file, "line", *next(islice(_records(data, form.delimiter, line), row, None)))

    width = len(form.names)
    if not data or data.isspace():
        nothing = {position: pa.array([], pa.string()) for position in wanted.kept}
        faults = RowErrors(np.zeros(0, bool)) if lenient else None
        return Rows(file, form, np.empty((0, width), np.float32), {}, find, nothing, faults)
    texts, kept, ignored = wanted
    ragged: dict[int, DataError] = {}
    read = [position for position in range(width) if position not in ignored]
    try:
        text = pa.dictionary(pa.int32(), pa.string())
        types = {p: pa.string() if p in kept else text if p in texts or p in likely else pa.float32() for p in read}
        columns = _parse(data, form, types)
    except pa.ArrowInvalid:
        try:
            columns = _parse(data, form, dict.fromkeys(read, pa.string()))
        except pa.ArrowInvalid as error:
            if not lenient:
                raise _fault(data, line, file, form, error) from None
            mended, ragged = _mended(data, line, file, form)
            columns = _parse(mended, form, dict.fromkeys(read, pa.string()))
    count = len(next(iter(columns.values()))) if columns else 0
    as_read = {position: columns[position] for position in kept}
    found, numbers = {}, np.empty((count, width), np.float32)
    for position in [position for position, column in columns.items() if column.type != pa.float32()]:
        column = columns.pop(position)
        values = None if position in texts else _numbers(column, form.decimal)
        if values is None:
            found[position] = Text.of(column)
        else:
            columns[position] = values
    if len(columns) < width:
        numbers[:] = np.nan
        for position, column in columns.items():
            numbers[:, position] = column.to_numpy(zero_copy_only=False)
    else:  # several times faster than column by column
        np.stack([columns[p].to_numpy(zero_copy_only=False) for p in range(width)], axis=1, out=numbers)
    faults = RowErrors(np.zeros(len(numbers), bool)) if lenient else None
    rows = Rows(file, form, numbers, found, find, as_read, faults)
    if ragged:
        rows.faults.add(np.isin(np.arange(len(numbers)), list(ragged)), ragged.__getitem__)
    return rows


def _numbers(column, decimal: str):
    """A column of text, as it is or as a dictionary, as float32; None if a cell is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        values = _numbers(column.dictionary, decimal)
        return None if values is None else values.take(column.indices)
    try:
        column = trimmed(column)
        return pc.cast(pc.replace_substring(column, ",", ".") if decimal == "," else column, pa.float32())
    except pa.ArrowInvalid:
        return None


def _parse(data: bytes, form: TableFormat, types: dict[int, pa.DataType]) -> dict[int, pa.Array]:
    """Columns by position, of these types."""
    import pyarrow as pa
    from pyarrow import csv as reader

    spellings = sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})
    table = reader.read_csv(
        pa.py_buffer(data),
        read_options=reader.ReadOptions(
            column_names=[str(position) for position in range(len(form.names))], block_size=len(data) + 1
        ),
        parse_options=reader.ParseOptions(delimiter=form.delimiter, newlines_in_values=b'"' in data),
        convert_options=reader.ConvertOptions(
            column_types={str(position): kind for position, kind in types.items()}, null_values=spellings,
            decimal_point=form.decimal, include_columns=[str(position) for position in types],
        ),
    )  # fmt: skip
    return {position: column.combine_chunks() for position, column in zip(types, table.columns, strict=True)}


def _fault(data: bytes, line: int, file: str, form: TableFormat, error: Exception) -> DataError:
    """What is wrong with a block that cannot be parsed."""
    for at, cells in _records(data, form.delimiter, line):
        if len(cells) != len(form.names):
            return _ragged(cells, form, file, at)
    for at, text in enumerate(data.split(b"\n"), line):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return DataError("is not UTF-8", file, at)
    return DataError(str(error).splitlines()[0], file, line)


def _ragged(cells: list[str], form: TableFormat, file: str, line: int) -> DataError:
    first = "the header" if form.header else "the first row"
    return DataError(f"{counted(len(cells), 'cell')}, and {first} has {len(form.names)}", file, line)


def _mended(data: bytes, line: int, file: str, form: TableFormat) -> tuple[bytes, dict[int, DataError]]:
    """A block with its ragged rows cut or filled up and what is not UTF-8 replaced, and the errors of those rows by
    number."""
    ragged, mended = {}, io.StringIO(newline="")
    writer = csv.writer(mended, csv.unix_dialect, delimiter=form.delimiter)
    for row, (at, cells) in enumerate(_records(data, form.delimiter, line)):
        if not cells:
            raise DataError(f"a cell of more than {csv.field_size_limit():,} characters", file, at)
        if len(cells) != len(form.names):
            ragged[row] = _ragged(cells, form, file, at)
            cells = [*cells, *[""] * len(form.names)][: len(form.names)]
        writer.writerow(cells)
    return mended.getvalue().encode(), ragged


def _header_end(data: bytes, file: str) -> int:
    """Where the first row that is not blank ends."""
    position = 0

    def lines():
        nonlocal position
        for line in io.BytesIO(data):
            position += len(line)
            yield line.decode("latin-1")

    try:
        next(cells for cells in csv.reader(lines()) if cells)
    except csv.Error as error:
        raise DataError(f"its header cannot be read: {error}", file) from None
    return position
