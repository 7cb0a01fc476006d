"""Encodings of text: any of them as UTF-8, piece by piece, so that a stream of any length takes little memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from ..errors import DataError, NetconvError, option
from .sources import Stream

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
WINDOWS = "windows-1252"
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
"""Bytes that no text has."""
_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
INSPECTED = 64 << 10


def check_encoding(name: str) -> None:
    """Raises NetconvError if Python does not know an encoding of text by this name."""
    try:
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        raise NetconvError(
            f"unknown encoding {name!r}; known ones are, for example, utf-8, utf-16, {WINDOWS}, latin-1, gbk and "
            "shift_jis"
        )


def decoded(stream: Stream, encoding: str | None, notes: list[str]) -> Iterator[bytes]:
    """The pieces of a stream in UTF-8, without a byte order mark. A byte order mark decides the encoding, else
    `encoding`, else it is inferred: UTF-8, or Windows-1252, with a note in `notes`. Raises DataError."""
    start = stream.read()
    while len(start) < 4 and (more := stream.read()):
        start += more
    mark = next((mark for mark in BYTE_ORDER_MARKS if start.startswith(mark)), b"")
    if mark:
        encoding, start = BYTE_ORDER_MARKS[mark], start[len(mark) :]
        if encoding != "utf-8":
            notes.append(f"read as {encoding.upper()}, as its byte order mark says")
    elif encoding is None:
        _check_text(start, stream.name)
    if encoding is None or codecs.lookup(encoding).name == "utf-8":
        yield from _utf8(stream, start, encoding, notes)
    else:
        yield from _converted_pieces(stream.name, _pieces(stream, start), encoding)


def _check_text(start: bytes, file: str) -> None:
    """Raises DataError if the first bytes are not those of a text in UTF-8 or an encoding that extends ASCII."""
    head = start[:INSPECTED]
    zeros = [head[offset::2].count(0) for offset in (0, 1)]
    if 2 * sum(zeros) >= 0.5 * len(head) and min(zeros) <= 0.1 * max(zeros) and len(head) > 3:
        guess = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        raise DataError(f"is UTF-16 without a byte order mark: {option('encoding', guess)} reads it", file)
    if len(head) - len(head.translate(None, CONTROL)) > 0.01 * len(head):
        raise DataError("is not a table of text (CSV)", file)
    if b"\0" in head:
        line = head.count(b"\n", 0, head.index(b"\0")) + 1
        raise DataError(
            "has a zero byte, which no text has: the file is damaged, or is not a table of text", file, line
        )


def _pieces(stream: Stream, start: bytes) -> Iterator[bytes]:
    if start:
        yield start
    while piece := stream.read():
        yield piece


def _utf8(stream: Stream, start: bytes, encoding: str | None, notes: list[str]) -> Iterator[bytes]:
    """The pieces of a text that is UTF-8 or, unless `encoding` says that it is UTF-8, Windows-1252. As long as it is
    ASCII it is both."""
    pieces, known, rest = _pieces(stream, start), encoding is not None, b""
    for piece in pieces:
        if piece.isascii() and not rest:
            yield piece
            continue
        while not known and _ends_in_character(piece) and (more := next(pieces, b"")):
            piece += more
        if not known and not _is_utf8(piece):
            notes.append(f"is not UTF-8: read as Windows-1252 ({option('encoding')} names another)")
            yield from _converted_pieces(stream.name, chain([piece], pieces), WINDOWS)
            return
        known, piece = True, rest + piece
        rest = piece[-1:] if piece.endswith(b"\xc2") else b""
        yield _without_controls(piece.removesuffix(rest) if rest else piece, notes)
    if rest:
        yield rest


def _without_controls(piece: bytes, notes: list[str]) -> bytes:
    """UTF-8 whose control characters U+0080 to U+009F are what the same bytes are in Windows-1252: text of that
    encoding was taken for Latin-1 when the file was written."""
    if not _CONTROLS.search(piece):
        return piece
    note = "control characters (U+0080 to U+009F) read as the characters of Windows-1252: quotes, dashes and the like"
    if note not in notes:
        notes.append(note)
    return _CONTROLS.sub(lambda match: match[0][1:].decode(WINDOWS, "ignore").encode() or match[0], piece)


def _is_utf8(piece: bytes) -> bool:
    """Whether bytes are UTF-8, as far as they go, perhaps with a few that are damaged."""
    if _ends_in_character(piece):
        return len(piece) > 4 and not piece[:-4].isascii()
    text = piece.decode("utf-8", "replace")
    return sum(not character.isascii() for character in text) > 2 * text.count("\ufffd")


def _ends_in_character(piece: bytes) -> bool:
    """Whether bytes are UTF-8, but end within a character."""
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _converted_pieces(file: str, pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1

    def decode(piece: bytes, final: bool) -> bytes:
        try:
            return decoder.decode(piece, final).removeprefix("\ufeff" if line == 1 else "").encode()
        except UnicodeError as error:
            if final:
                raise DataError(f"is cut short: it ends within a character of {encoding.upper()}", file, line) from None
            before = error.start if isinstance(error, UnicodeDecodeError) else 0
            raise DataError(
                f"is not {encoding.upper()}: {option('encoding')} names its encoding",
                file,
                line + piece[:before].count(b"\n"),
            ) from None

    for piece in pieces:
        if converted := decode(piece, False):
            yield converted
            line += converted.count(b"\n")
    if rest := decode(b"", True):
        yield rest
