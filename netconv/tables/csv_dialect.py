"""How a file of delimited text separates and quotes its cells, inferred from its first rows. Knows bytes and cells, no
arrays."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

from ..errors import DataError
from .number_spellings import NUMBER, is_missing_number, is_number

SAMPLE = 64 << 10
"""Bytes that are inspected: at least the first line."""
ROWS = 100
"""Rows that are inspected at most."""
MOST_COLUMNS = 100_000
"""Columns of the widest table: each takes some kilobytes while it is read."""
FEW = 20
"""Rows whose numbers are counted."""
DELIMITERS = ",;\t|"
BLANK = " "
"""The delimiter of cells that are separated by any number of blanks and tabs."""
_SEPARATOR_LINE = re.compile(rb'"?sep=(\t|[!-~])"?\r?\n', re.IGNORECASE)
_NUMBERS_WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*$")


class Dialect(NamedTuple):
    """The delimiter, the quote, the character that escapes a quote or a delimiter (None: a quote is doubled), and
    whether blanks after a delimiter do not count."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    blanks: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it differs from the usual one in its delimiter alone."""
        return self == Dialect(self.delimiter) and self.delimiter != BLANK

    def note(self) -> str | None:
        """What is unusual."""
        facts = [
            "blanks separate its cells" if self.delimiter == BLANK else "",
            "apostrophes quote its cells" if self.quote == "'" else "",
            "backslashes escape its quotes and delimiters" if self.escape else "",
        ]
        return ", ".join(filter(None, facts)) or None


def reader(lines: Iterator[str], dialect: Dialect):
    """Python's reader of rows of cells."""
    if dialect.delimiter == BLANK:
        lines = (line.strip(" \t\r\n").replace("\t", " ") + "\n" for line in lines)
    return csv.reader(
        lines, delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape,
        skipinitialspace=dialect.blanks or dialect.delimiter == BLANK,
    )  # fmt: skip


def records(data: bytes, dialect: Dialect, line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row that is not blank; a row that cannot be parsed ends them and has no cells.
    `line` is the number of the first line."""
    rows = reader(io.StringIO(data.decode("utf-8", "replace"), newline=""), dialect)
    start = 0
    try:
        for cells in rows:
            if cells:
                yield line + start, cells
            start = rows.line_num
    except csv.Error:
        yield line + start, []


def canonical(data: bytes, dialect: Dialect, file: str, line: int) -> bytes:
    """Whole rows in the plain dialect with commas, on the same lines. Raises DataError."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    written = data.decode("utf-8", "surrogateescape")
    if dialect.escape:  # a missing cell of MySQL
        written = re.sub(
            rf"(?m)(^|{re.escape(dialect.delimiter)})\\N(?={re.escape(dialect.delimiter)}|\r?$)", r"\1", written
        )
    rows = reader(io.StringIO(written, newline=""), dialect)
    try:
        for cells in rows:
            writer.writerow(cells)
    except csv.Error as error:
        raise DataError(f"cannot be read: {error}", file, line + rows.line_num - 1) from None
    return text.getvalue().encode("utf-8", "surrogateescape")


def separator_line(data: bytes) -> tuple[str, int] | None:
    """The delimiter that a first line `sep=;` sets, and the bytes of that line."""
    match = _SEPARATOR_LINE.match(data)
    return (match[1].decode(), match.end()) if match else None


def detect_dialect(data: bytes, file: str, delimiter: str | None = None) -> Dialect:
    """The dialect of a file; `delimiter` None infers that, too. Raises DataError."""
    text = sample(data)
    ranked = []
    for candidate in [delimiter] if delimiter else DELIMITERS:
        rows = _rows(text, Dialect(candidate))
        if not rows:
            raise DataError("is empty", file)
        if (width := max(map(len, rows))) > MOST_COLUMNS:
            raise DataError(f"has rows of {width:,} cells, and at most {MOST_COLUMNS:,} columns are read", file)
        if all(rows):  # the parser refuses a cell that is too long: the delimiter is another
            ranked.append((_rank(rows, candidate), candidate))
    if not ranked:
        raise DataError(f"has a cell of more than {csv.field_size_limit():,} characters", file)
    rank, best = max(ranked, key=lambda entry: entry[0])  # the first of equals
    if not delimiter:
        blanks = _rows(text, Dialect(BLANK))
        by_tabs = best == "\t" and _are_split_by_tabs(_rows(text, Dialect(best)))
        if all(blanks) and not by_tabs and _is_blank_separated(blanks, rank, best):
            best = BLANK
    return _quoting(text, Dialect(best))


def sample(data: bytes) -> bytes:
    """The first rows of a file."""
    first = data[: max(SAMPLE, data.find(b"\n") + 1 or len(data))]
    return first if len(first) == len(data) else first[: first.rfind(b"\n") + 1] or first


def usual_width(rows: list[list[str]]) -> int:
    """The commonest number of cells of a row; of equally common ones the largest."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width))


def _rows(text: bytes, dialect: Dialect) -> list[list[str]]:
    return [cells for _, cells in islice(records(text, dialect), ROWS)]


def _body(rows: list[list[str]]) -> list[list[str]]:
    """The rows from the first of the usual width on."""
    width = usual_width(rows)
    return rows[next(number for number, cells in enumerate(rows) if len(cells) == width) :]


def _consistency(rows: list[list[str]]) -> float:
    """The share of rows that have the usual width, from the first of them on."""
    body = _body(rows)
    return sum(len(cells) == len(body[0]) for cells in body) / len(body)


def _number_share(rows: list[list[str]]) -> float:
    cells = [cell.strip() for row in rows[:FEW] for cell in row]
    return sum(any(is_number(cell, sign) for sign in ".,") for cell in cells) / max(1, len(cells))


def _rank(rows: list[list[str]], delimiter: str) -> tuple[bool, int, float, int]:
    """How well a delimiter splits rows: into several cells, equally many, of numbers, as many as possible."""
    body = _body(rows)
    width = len(body[0])
    share = _number_share(body)
    if width == 1 and share > 0.5:  # a single column of numbers: a row with two of them is a bad one
        return False, 2, 1.0, 1
    short = delimiter == "," and width == 2 and len(rows[0]) == 1 and not rows[0][0].startswith("#")
    if short and all(_NUMBERS_WITH_COMMA.match(",".join(cells)) for cells in body):
        return False, 0, 0.0, 1  # a single column of numbers with decimal commas
    return width > 1, (_consistency(rows) == 1) + (len(body) == len(rows)), share, width


def _is_blank_separated(rows: list[list[str]], other: tuple[bool, int, float, int], delimiter: str) -> bool:
    """Whether blanks split the rows better than the best `delimiter`, which has the rank `other`: all rows into equally
    many cells, with a column of numbers. Where the delimiter splits the rows alike, it may be a decimal sign at most:
    the cells of a table of commas may begin with a number, as `10 mm` does."""
    body = _body(rows)
    if len(body[0]) < 2 or _consistency(rows) < 1 or len(rows) < 2:
        return False
    within = [cell for cells in rows for cell in cells if delimiter in cell]
    if other[0] and other[1] and not all(is_number(cell, ",") for cell in within):
        return False
    columns = zip(*(body[1:] or body), strict=False)
    numeric = any(all(NUMBER.match(cell) or _NUMBERS_WITH_COMMA.match(cell) for cell in column) for column in columns)
    return numeric and (not other[0] or _number_share(body[1:] or body) > other[2])


def _are_split_by_tabs(rows: list[list[str]]) -> bool:
    """Whether rows have equally many cells, and no column has several numbers, separated by blanks, in each cell."""
    body = _body(rows)
    columns = zip_longest(*(body[1:] or body), fillvalue="")
    within = any(all(_are_numbers(cell.split()) for cell in column) for column in columns)
    return len(body[0]) > 1 and _consistency(rows) == 1 and not within


def _are_numbers(parts: list[str]) -> bool:
    return len(parts) > 1 and all(NUMBER.match(part) or is_missing_number(part) for part in parts)


def _quoting(text: bytes, dialect: Dialect) -> Dialect:
    """The dialect with the quotes, escapes and blanks that make the rows most alike."""
    if b"'" in text and _has_quoted_column(_rows(text, dialect)):
        dialect = _better(text, dialect, dialect._replace(quote="'"), "'")
    quote, delimiter = map(re.escape, (dialect.quote, dialect.delimiter))
    dialect = _better(text, dialect, dialect._replace(escape="\\"), rf"\\({quote}|{delimiter})")
    return _better(text, dialect, dialect._replace(blanks=True), f"{delimiter} +{quote}")


def _better(text: bytes, dialect: Dialect, changed: Dialect, sign: str) -> Dialect:
    """The changed dialect if the text has a sign of it and its rows are not less alike, else the other one."""
    if not re.search(sign.encode(), text):
        return dialect
    rows = _rows(text, changed)
    return changed if all(rows) and _likeness(rows) >= _likeness(_rows(text, dialect)) else dialect


def _likeness(rows: list[list[str]]) -> float:
    """The share of rows that have the usual width."""
    width = usual_width(rows)
    return sum(len(cells) == width for cells in rows) / len(rows)


def _has_quoted_column(rows: list[list[str]]) -> bool:
    """Whether most cells of a column begin with an apostrophe, and as many cells of the table end with one."""
    columns = list(zip_longest(*_body(rows)[1:], fillvalue=""))
    begin = [sum(cell.lstrip().startswith("'") for cell in column) for column in columns]
    end = [sum(cell.rstrip().endswith("'") for cell in column) for column in columns]
    return len(rows) > 2 and any(2 * count > len(rows) for count in begin) and sum(begin) == sum(end)
