"""Tables: rows of text read as columns of numbers and of text.

A table is read in blocks of whole rows, so that a stream of any length takes little memory. Knows nothing of what the
columns are for.
"""

from __future__ import annotations

import csv
import io
import math
import re
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from .errors import DataError

if TYPE_CHECKING:
    import numpy as np

BLOCK = 8 << 20
"""Bytes parsed at once: larger is no faster."""
LONGEST = 64 << 20
"""Bytes of the longest row that is waited for."""
SAMPLE = 64 << 10
"""Bytes, and at most 50 rows, by which delimiter, decimal sign and header are found out."""
MISSING = ("", "?", "na", "n/a", "nan", "null")
"""Cells without a value, in any case and with any blanks around them."""
BOM = b"\xef\xbb\xbf"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$")


@dataclass(frozen=True)
class Source:
    """A table's `name` for messages, and `open`, which gives its bytes; `again` is whether it can be opened twice."""

    name: str
    open: Callable[[], BinaryIO]
    again: bool = True


def source(data: Source | Path | str | BinaryIO) -> Source:
    """A table by its path or as a binary stream."""
    if isinstance(data, Source):
        return data
    if hasattr(data, "read"):
        return Source("standard input", lambda: data, again=False)
    return Source(str(data), lambda: _open(data))


def _open(path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", str(path)) from None


@dataclass(frozen=True)
class Form:
    """How a file is written: its delimiter, its decimal sign, whether it has a header, the names of its columns."""

    delimiter: str
    decimal: str
    header: bool
    names: tuple[str, ...]

    def is_number(self, cell: str) -> bool:
        return bool(NUMBER.match(cell) or (self.decimal == "," and DECIMAL_COMMA.match(cell)))

    def number(self, cell: str) -> float:
        """NaN for a cell that is none."""
        return float(cell.replace(",", ".")) if self.is_number(cell) else math.nan


class Text(NamedTuple):
    """A column of text: `codes` (int32, -1 for a missing cell) into `values`."""

    codes: np.ndarray
    values: tuple[str, ...]


class Faults:
    """The rows of a block that are at fault: a `mask`, and of the `first` of them its number and its error."""

    def __init__(self, mask: np.ndarray):
        self.mask = mask
        self.first: tuple[int, DataError] | None = None

    def add(self, mask: np.ndarray, error: Callable[[int], DataError]) -> None:
        """More rows; `error` gives the error of one."""
        row = int(mask.argmax())
        if self.first is None or row < self.first[0]:
            self.first = row, error(row)
        self.mask |= mask

    def part(self, start: int, stop: int) -> Faults:
        """Those of the rows from `start` to `stop`; their first is known if it is the first of all."""
        found = Faults(self.mask[start:stop].copy())
        if self.first and start <= self.first[0] < stop:
            found.first = self.first[0] - start, self.first[1]
        return found


@dataclass(frozen=True)
class Rows:
    """Rows of a table. `numbers` is (rows, columns) of float32, NaN for a missing cell and in a column of text,
    infinite for a number that float32 does not hold;
    `texts` holds the columns of text by position, `kept` the cells as they stand of columns that are passed on (arrays
    of Arrow); `find` gives the line and the cells of a row, for messages. With `faults`, rows at fault are noted there
    instead of ending all: they are missing cells."""

    file: str
    form: Form
    numbers: np.ndarray
    texts: dict[int, Text]
    find: Callable[[int], tuple[int, list[str]]]
    kept: dict[int, Any] = field(default_factory=dict)
    faults: Faults | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def parts(self, most: int) -> Iterator[Rows]:
        """The rows, at most so many at a time."""
        for start in range(0, len(self), most):
            stop = min(start + most, len(self))
            texts = {position: Text(text.codes[start:stop], text.values) for position, text in self.texts.items()}
            kept = {position: column[start:stop] for position, column in self.kept.items()}
            faults = None if self.faults is None else self.faults.part(start, stop)
            find = partial(_shifted, self.find, start)
            yield replace(self, numbers=self.numbers[start:stop], texts=texts, find=find, kept=kept, faults=faults)

    def blame(self, what: str, row: int, position: int) -> DataError:
        """The error of one cell; `{}` in `what` stands for its value."""
        line, cells = self.find(row)
        value = cells[position].strip()
        return DataError(what.replace("{}", repr(value)), self.file, line, self.form.names[position], value)

    def fault(self, what: str, mask: np.ndarray, position: int) -> None:
        """Rows (a mask) whose cell in a column is at fault: raises the error of the first, or notes them."""
        if self.faults is None:
            raise self.blame(what, int(mask.argmax()), position)
        self.faults.add(mask, lambda row: self.blame(what, row, position))

    def finite(self, positions: Sequence[int]) -> None:
        """Faults rows that have an infinite number in one of these columns."""
        import numpy as np

        if np.isinf(self.numbers).any():
            infinite = np.isinf(self.numbers[:, positions])
            for index in sorted(np.flatnonzero(infinite.any(axis=0)), key=lambda i: infinite[:, i].argmax()):
                self.fault("{} is no finite number", infinite[:, index], positions[index])


def _shifted(find: Callable[[int], tuple[int, list[str]]], start: int, row: int) -> tuple[int, list[str]]:
    return find(start + row)


# Bytes to blocks of whole rows


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """What has arrived, at most BLOCK bytes at a time: a slow pipe is answered at once, a fast one in large blocks."""
    try:
        handle = stream.fileno()
        read = stream.read1
    except (OSError, AttributeError):
        handle, read = None, stream.read
    while piece := read(BLOCK):
        if handle is not None and len(piece) < BLOCK:
            parts = [piece]
            while sum(map(len, parts)) < BLOCK and _arriving(handle) and (more := read(BLOCK)):
                parts.append(more)
            piece = b"".join(parts)
        yield piece


def _arriving(handle: int) -> bool:
    try:
        return bool(select.select([handle], [], [], 0.01)[0])
    except OSError:  # Windows selects sockets only
        return False


def _blocks(source: Source) -> Iterator[tuple[int, bytes]]:
    """(number of its first line, bytes) of blocks of whole rows, without a byte order mark."""
    line, data = 1, b""
    with source.open() as stream:
        for piece in _pieces(stream):
            data += piece
            if line == 1:
                data = data.removeprefix(BOM)
            end = _last_row_end(data)
            if end:
                yield line, data[:end]
                line += data.count(b"\n", 0, end)
                data = data[end:]
            if len(data) > LONGEST:
                raise DataError(f"a row of more than {LONGEST >> 20} MB: is a quote left open?", source.name, line)
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


def _sniff(data: bytes, file: str, known: tuple[str, ...], header: bool | None) -> Form:
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
    return Form(delimiter, decimal, header, _names(first) if header else tuple(map(str, range(1, len(first) + 1))))


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


def _names(cells: list[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for position, cell in enumerate(cells, 1):
        name, count = cell or f"column {position}", 1
        while name in names:
            name, count = f"{cell}.{count}", count + 1
        names[name] = None
    return tuple(names)


# Blocks to rows


def _rows(
    data: bytes, line: int, file: str, form: Form, text: frozenset[int], keep: frozenset[int], lenient: bool
) -> Rows:
    """The rows of a block. A column of which every cell is a number or missing is one of numbers, unless it is in
    `text`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    def find(row):
        return next(islice(_records(data, form.delimiter, line), row, None))

    width = len(form.names)
    if not data.strip():
        nothing = {position: pa.array([], pa.string()) for position in keep}
        return Rows(file, form, np.empty((0, width), np.float32), {}, find, nothing, Faults(np.zeros(0, bool)))
    ragged: dict[int, DataError] = {}
    try:
        columns = _parse(data, form, [pa.string() if i in text | keep else pa.float32() for i in range(width)])
    except pa.ArrowInvalid:
        try:
            columns = _parse(data, form, [pa.string()] * width)
        except pa.ArrowInvalid as error:
            if not lenient:
                raise _fault(data, line, file, form, error) from None
            mended, ragged = _mended(data, line, file, form)
            columns = _parse(mended, form, [pa.string()] * width)
    texts, numbers = {}, np.empty((len(columns[0]), width), np.float32)
    kept = {position: columns[position] for position in keep}
    for position, column in enumerate(columns):
        if column.type == pa.string():
            column = pc.utf8_trim_whitespace(column)
            missing = pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING))
            column = pc.if_else(missing, pa.scalar(None, pa.string()), column)
            columns[position] = None if position in text else _numbers(column, form.decimal)
            if columns[position] is None:
                coded = pc.dictionary_encode(column)
                codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
                texts[position] = Text(codes, tuple(coded.dictionary.to_pylist()))
    if texts:
        for position, column in enumerate(columns):
            numbers[:, position] = np.nan if column is None else column.to_numpy(zero_copy_only=False)
    else:  # several times faster than column by column
        np.stack([column.to_numpy(zero_copy_only=False) for column in columns], axis=1, out=numbers)
    rows = Rows(file, form, numbers, texts, find, kept, Faults(np.zeros(len(numbers), bool)) if lenient else None)
    if ragged:
        rows.faults.add(np.isin(np.arange(len(numbers)), list(ragged)), ragged.__getitem__)
    return rows


def _numbers(column, decimal: str):
    """A column of trimmed text as float32, None if a cell is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(pc.replace_substring(column, ",", ".") if decimal == "," else column, pa.float32())
    except pa.ArrowInvalid:
        return None


def _parse(data: bytes, form: Form, types: list) -> list:
    import pyarrow as pa
    from pyarrow import csv as reader

    names = [str(i) for i in range(len(types))]
    spellings = sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})
    table = reader.read_csv(
        pa.py_buffer(data),
        read_options=reader.ReadOptions(column_names=names, block_size=len(data) + 1),
        parse_options=reader.ParseOptions(delimiter=form.delimiter, newlines_in_values=b'"' in data),
        convert_options=reader.ConvertOptions(
            column_types=dict(zip(names, types, strict=True)), null_values=spellings, decimal_point=form.decimal
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _fault(data: bytes, line: int, file: str, form: Form, error: Exception) -> DataError:
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


def _ragged(cells: list[str], form: Form, file: str, line: int) -> DataError:
    first = "the header" if form.header else "the first row"
    return DataError(f"{counted(len(cells), 'cell')}, and {first} has {len(form.names)}", file, line)


def _mended(data: bytes, line: int, file: str, form: Form) -> tuple[bytes, dict[int, DataError]]:
    """A block with its ragged rows cut or filled up and what is not UTF-8 replaced, and the errors of those rows by
    number."""
    ragged, mended = {}, io.StringIO(newline="")
    writer = csv.writer(mended, delimiter=form.delimiter, lineterminator="\n")
    for row, (at, cells) in enumerate(_records(data, form.delimiter, line)):
        if not cells:
            raise DataError(f"a cell of more than {csv.field_size_limit():,} characters", file, at)
        if len(cells) != len(form.names):
            ragged[row] = _ragged(cells, form, file, at)
            cells = [*cells, *[""] * len(form.names)][: len(form.names)]
        writer.writerow(cells)
    return mended.getvalue().encode(), ragged


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def stream(
    source: Source,
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Callable[[Form], frozenset[int]] | None = None,
    found: frozenset[int] = frozenset(),
    keep: Callable[[Form], frozenset[int]] | None = None,
    lenient: bool = False,
) -> Iterator[Rows]:
    """The rows of a table in blocks.

    `header` says whether the first row is one; None finds out, by the names that are `known` if there are any. `text`
    gives the positions of columns that are text, whatever they hold, and `found` are such positions; a column that was
    text in a block stays so. `keep` gives the positions of columns that are passed on. With `lenient` rows at fault are
    noted in `Rows.faults`, and text in a column of numbers makes it one of text in its block only.

    Raises DataError: a ragged row, bytes that are no table.
    """
    form, kept = None, frozenset()
    with closing(_blocks(source)) as blocks:  # a fault in the middle leaves no file open
        for line, data in blocks:
            if form is None:
                form = _sniff(data, source.name, known, header)
                found |= text(form) if text else frozenset()
                kept = keep(form) if keep else kept
                if form.header:
                    skipped = _header_end(data, source.name)
                    line += data.count(b"\n", 0, skipped)
                    data = data[skipped:]
            rows = _rows(data, line, source.name, form, found, kept, lenient)
            if not lenient:
                found |= rows.texts.keys()
            yield rows
    if form is None:
        raise DataError("is empty", source.name)


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


def read(
    source: Source,
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Callable[[Form], frozenset[int]] | None = None,
) -> Rows:
    """A whole table, as `stream` reads it. A column of text anywhere is one of text everywhere. Raises DataError, also
    when there are no rows."""
    import numpy as np

    if not source.again:
        with source.open() as opened:
            data = opened.read()
        source = replace(source, open=lambda: io.BytesIO(data), again=True)
    found: frozenset[int] = frozenset()
    while True:  # twice at most
        form, blocks = None, []
        for rows in stream(source, header, known, text, found):
            form = rows.form
            if len(rows):
                blocks.append((rows.numbers, rows.texts))
        if not blocks:
            raise DataError("has a header and no rows", source.name)
        found = frozenset(position for _, texts in blocks for position in texts)
        if all(texts.keys() == found for _, texts in blocks):
            break

    def find(row):
        with closing(stream(source, form.header, known, text, found)) as blocks:
            for rows in blocks:
                if row < len(rows):
                    return rows.find(row)
                row -= len(rows)
        raise IndexError(row)

    texts = {position: _join([texts[position] for _, texts in blocks]) for position in sorted(found)}
    return Rows(source.name, form, np.concatenate([numbers for numbers, _ in blocks]), texts, find)


def _join(parts: list[Text]) -> Text:
    import numpy as np

    values = {value: code for code, value in enumerate(dict.fromkeys(v for part in parts for v in part.values))}
    codes = [np.append(np.array([values[v] for v in part.values], np.int32), -1)[part.codes] for part in parts]
    return Text(np.concatenate(codes), tuple(values))
