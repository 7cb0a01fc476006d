"""How a file of delimited text is written: its delimiter, decimal sign, header and text columns, inferred from its
first rows. Knows bytes and cells, no arrays."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from ..errors import DataError
from .rows import DECIMAL_COMMA, MISSING, NUMBER, TableFormat, unique_names

SAMPLE = 64 << 10
"""Bytes that are inspected: at least the first line, and at most 50 rows."""
DELIMITERS = ",;\t|"


def records(data: bytes, delimiter: str, line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row that is not blank; a row that cannot be parsed ends them and has no cells.
    `line` is the number of the first line."""
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
    start = 0
    try:
        for cells in reader:
            if cells:
                yield line + start, cells
            start = reader.line_num
    except csv.Error:
        yield line + start, []


def detect_delimiter(data: bytes, file: str) -> str:
    """The delimiter of a file. Raises DataError."""
    return _best_delimiter(_sample(data, file), file)[0]


def detect_format(
    data: bytes, file: str, known_names: tuple[str, ...], header: bool | None
) -> tuple[TableFormat, frozenset[int]]:
    """The format of a file, and the indices of the columns that hold text in its first rows. `known_names` are column
    names that a header may have; `header` is whether there is one, None to infer it. Raises DataError."""
    delimiter, rows = _best_delimiter(_sample(data, file), file)
    format_ = _format_of(rows, delimiter, known_names, header)
    columns = zip(*rows[format_.header :], strict=False)
    return format_, frozenset(index for index, column in enumerate(columns) if not _is_numeric(column, format_))


def header_end(data: bytes, delimiter: str, file: str) -> int:
    """The number of bytes up to the end of the first row that is not blank. Raises DataError."""
    position = 0

    def lines() -> Iterator[str]:
        nonlocal position
        for line in io.BytesIO(data):
            position += len(line)
            yield line.decode("utf-8", "replace")

    try:
        next(cells for cells in csv.reader(lines(), delimiter=delimiter) if cells)
    except csv.Error as error:
        raise DataError(f"its header cannot be read: {error}", file) from None
    return position


def _sample(data: bytes, file: str) -> bytes:
    """The first rows. Raises DataError if they are not text in UTF-8."""
    sample = data[: max(SAMPLE, data.find(b"\n") + 1 or len(data))]
    complete = len(sample) == len(data)
    try:
        sample.decode("utf-8", "strict" if complete else "ignore")
        is_text = b"\0" not in sample
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise DataError("is not a table of UTF-8 text (CSV)", file)
    return sample if complete else sample[: sample.rfind(b"\n") + 1] or sample


def _best_delimiter(sample: bytes, file: str) -> tuple[str, list[list[str]]]:
    """The delimiter that splits the rows best, and the rows. Raises DataError."""
    ranked = []
    for delimiter in DELIMITERS:
        rows = [cells for _, cells in islice(records(sample, delimiter), 50)]
        if not rows:
            raise DataError("is empty", file)
        if all(rows):  # the parser refuses a cell that is too long: the delimiter is another
            ranked.append((_rank(rows), delimiter, rows))
    if not ranked:
        raise DataError(f"has a cell of more than {csv.field_size_limit():,} characters", file)
    _, delimiter, rows = max(ranked, key=lambda entry: entry[0])  # the first of equals
    return delimiter, rows


def _rank(rows: list[list[str]]) -> tuple[bool, bool, float, int]:
    """How well a delimiter splits rows: into several cells, equally many, of numbers, as many as possible."""
    cells = [cell.strip() for row in rows for cell in row]
    numbers = sum(bool(NUMBER.match(cell) or DECIMAL_COMMA.match(cell)) for cell in cells)
    return len(rows[0]) > 1, len(set(map(len, rows))) == 1, numbers / max(1, len(cells)), len(rows[0])


def _format_of(rows: list[list[str]], delimiter: str, known_names: tuple[str, ...], header: bool | None) -> TableFormat:
    cells = [cell.strip() for row in rows for cell in row]
    commas = delimiter != "," and any(map(DECIMAL_COMMA.match, cells))
    points = any("." in cell and NUMBER.match(cell) for cell in cells)
    first = [cell.strip() for cell in rows[0]]
    if header is None:
        header = _is_header(first, rows[1:], known_names)
    names = unique_names(first) if header else tuple(map(str, range(1, len(first) + 1)))
    return TableFormat(delimiter, "," if commas and not points else ".", header, names)


def _is_header(first: list[str], rest: list[list[str]], known_names: tuple[str, ...]) -> bool:
    """Whether the first row has the names of the columns: they are not numbers, unless they count the columns."""
    if 2 * len(set(known_names).intersection(first)) >= len(first):
        return True
    numbers = [cell for cell in first if NUMBER.match(cell)]
    texts = [cell for cell in first if cell.lower() not in MISSING and not NUMBER.match(cell)]
    if not texts:
        return False
    if numbers:
        return len(numbers) > 1 and any(numbers == [str(start + n) for n in range(len(numbers))] for start in (0, 1))
    repeated = len(set(texts)) < len(texts)
    return not (repeated and not any(NUMBER.match(cell.strip()) for row in rest for cell in row))


def _is_numeric(column: tuple[str, ...], format_: TableFormat) -> bool:
    return all(format_.is_number(cell) or cell.lower() in MISSING for cell in map(str.strip, column))
