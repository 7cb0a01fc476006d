"""Delimited text as blocks of whole rows, so that a stream of any length takes little memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import DataError
from .csv_dialect import Dialect, canonical, detect_dialect, reader, separator_line
from .encodings import decoded
from .sources import Stream

LONGEST = 64 << 20
"""Bytes of the longest row that is accepted."""
CHUNK = 128 << 10
"""Bytes whose quotes are counted at once: they stay in the processor's cache."""


class TextOptions(NamedTuple):
    """How a table is read, and above all delimited text; None infers it.

    `header` is whether the first row has the names of the columns, `encoding` the name of the encoding, `delimiter` the
    character between cells, and `skip_lines` the number of lines before the table. `skip_bad_rows` is whether a whole
    table is read without its bad rows. `decimal` is the decimal sign of an earlier table, for cells that leave it open,
    as `1.234` does.
    """

    header: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None
    skip_lines: int | None = None
    skip_bad_rows: bool = False
    decimal: str | None = None


INFERRED = TextOptions()


class RawBlock(NamedTuple):
    """Whole rows in UTF-8: the number of their first line, their bytes, and whether all their quotes begin or end a
    cell."""

    line: int
    data: bytes
    well_quoted: bool


class BlockReader:
    """Reads a stream as blocks of whole rows, without a byte order mark.

    `dialect` is that of the blocks, known from the first of them on; a file in an unusual dialect is rewritten in the
    plain one. What is unusual about the file is added to `notes`.
    """

    dialect: Dialect

    def __init__(self, stream: Stream, options: TextOptions, notes: list[str], known_names: tuple[str, ...] = ()):
        self._stream, self._options, self._notes, self._known_names = stream, options, notes, known_names
        self._written: Dialect | None = None
        self._line = 1

    def __iter__(self) -> Iterator[RawBlock]:
        rest = b""
        for piece in self._after_skipped_lines():
            if self._written is None and b"\n" in piece:
                piece, rest = (rest + piece)[self._detect(rest + piece) :], b""
            end = piece.rfind(b"\n") + 1
            if self._written is None or not end:
                rest += piece
            else:
                whole, rest = b"".join((rest, memoryview(piece)[:end])), piece[end:]
                block, partial = self._block(whole, rest)
                rest = partial + rest if partial else rest
                if block:
                    yield block
            if len(rest) > LONGEST:
                message = f"a row of more than {LONGEST >> 20} MB: is a quote left open?"
                raise DataError(message, self._stream.name, self._line)
        if rest.strip():  # only "\r" may have ended its lines
            rest = rest if b"\n" in rest else rest.replace(b"\r", b"\n")
            if self._written is None:
                rest = rest[self._detect(rest) :]
            if rest:
                yield self._plain(rest, count_quotes(rest, self.dialect.delimiter))

    def _after_skipped_lines(self) -> Iterator[bytes]:
        """The pieces of the stream after the lines that are to be skipped."""
        to_skip = self._options.skip_lines or 0
        for piece in decoded(self._stream, self._options.encoding, self._notes):
            start = 0
            while to_skip and (end := piece.find(b"\n", start) + 1):
                start, to_skip, self._line = end, to_skip - 1, self._line + 1
            if not to_skip and start < len(piece):
                yield piece[start:] if start else piece

    def _detect(self, data: bytes) -> int:
        """Infers the dialect, unless all lines are blank. Returns the bytes of a first line that only sets the
        delimiter."""
        delimiter, skipped = self._options.delimiter, 0
        if delimiter is None and (line := separator_line(data)):
            delimiter, skipped = line
        if not data[skipped:].strip():
            return 0
        if skipped:
            self._line += 1
            self._notes.append(f"its first line says that {delimiter!r} separates its cells")
        self._written = detect_dialect(data[skipped:], self._stream.name, delimiter, self._known_names)
        self.dialect = self._written if self._written.is_plain else Dialect(",")
        if note := self._written.note():
            self._notes.append(note)
        return skipped

    def _block(self, whole: bytes, rest: bytes) -> tuple[RawBlock | None, bytes]:
        """A block of the whole rows of complete lines, None if there is none, and the lines of a row that goes on in
        `rest`."""
        assert self._written
        quotes = count_quotes(whole, self.dialect.delimiter)
        plain = self._written.quote == '"' and not self._written.escape
        end = len(whole) if plain and quotes.number % 2 == 0 else _last_row_end(whole + rest, len(whole), self._written)
        if not end:
            return None, whole
        partial = whole[end:]
        if partial:
            whole = whole[:end]
            quotes = count_quotes(whole, self.dialect.delimiter)
        return self._plain(whole, quotes), partial

    def _plain(self, data: bytes, quotes: Quotes) -> RawBlock:
        assert self._written
        line = self._line
        self._line += quotes.lines
        if self._written.is_plain:
            return RawBlock(line, data, quotes.are_paired)
        return RawBlock(line, canonical(data, self._written, self._stream.name, line), True)


def _last_row_end(data: bytes, end: int, dialect: Dialect) -> int:
    """Where the last whole row ends, 0 if no row is whole: after a line end that is not in quotes, at `end` at most."""
    ends, position = [0], 0

    def lines() -> Iterator[str]:
        nonlocal position
        for line in io.BytesIO(data):
            if position == end:
                return
            position += len(line)
            yield line.decode("latin-1")

    try:  # the quote is open here, or is loose in a cell: the parser knows
        for _ in reader(lines(), dialect):
            ends.append(position)
    except csv.Error:
        return ends[-1]
    return ends[-1] if len(ends) < 2 or ends[-1] < end else ends[-2]


class Quotes(NamedTuple):
    """The number of quotes of a block, and whether each begins or ends a cell; and the number of its lines."""

    number: int
    are_paired: bool
    lines: int


def count_quotes(data: bytes, delimiter: str) -> Quotes:
    """Counts quotes and lines, several times faster than `bytes.count` where there are many."""
    import numpy as np

    whole, quoted, returns = np.frombuffer(data, np.uint8), b'"' in data, b"\r" in data
    count = opening = closing = lines = 0
    before = np.ones(1, bool)
    for start in range(0, len(whole), CHUNK):
        part = whole[start : start + CHUNK + 1]  # one more, which follows the last
        separators = part == 10
        lines += int(np.count_nonzero(separators[:CHUNK]))
        if quoted:
            quote = part[:CHUNK] == 34
            separators |= part == ord(delimiter)
            if returns:
                separators |= part == 13
            after = separators[1:] if len(part) > CHUNK else np.append(separators[1:], True)
            count += int(np.count_nonzero(quote))
            opening += int(quote[0] & before[0]) + int(np.count_nonzero(quote[1:] & separators[: len(quote) - 1]))
            closing += int(np.count_nonzero(quote & after))
            before = separators[len(quote) - 1 : len(quote)]
    return Quotes(count, opening == closing and opening + closing == count, lines)
