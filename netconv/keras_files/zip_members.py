"""The members of a `.keras` file, a zip archive, each of a bounded size before it is read. Knows no model.

The bounds hold for files that anybody may have written: a member must be one that a `.keras` file has, be there once,
be neither encrypted nor compressed by another method than Deflate, and not unpack to much more than the file has.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import FormatError
from ..tables import zip_archives

PREFIX = "netconv/"
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
OWN = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_]+\.(json|bin)", re.ASCII)
SMALL = {CONFIG: 64 << 20, METADATA: 1 << 20}
"""The most bytes of a member; `LARGE` and the size of the file for others."""
LARGE = 128 << 20
PARSED = 384 << 20
"""The most bytes of memory that JSON takes."""
DEEPEST = 500
"""How many lists and objects of JSON may be inside one another."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
HEADER = 30
"""The bytes in front of the name of a member; the last are the lengths of the name and of what follows it."""
ENCRYPTED = 1
"""The bit of the flags of a member."""
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
    OverflowError,
)  # fmt: skip
"""What reading a damaged archive raises: a checksum, the compressed data, a method of compression, a position."""


@contextmanager
def opened(source: Path | str | bytes | IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """A `.keras` file, given by its path, its bytes or as a stream, with members that may be read. `name` is its name
    for messages. Raises FormatError."""
    with ExitStack() as stack:
        try:
            stream = io.BytesIO(source) if isinstance(source, bytes) else source
            archive = stack.enter_context(zip_archives.opened(stream, name))
        except OSError as error:
            raise FormatError(f"{name}: {error.strerror or error}") from None
        except DAMAGED:
            raise FormatError(f"{name}: not a .keras file") from None
        _check(archive, name)
        yield archive


def _check(archive: zipfile.ZipFile, name: str) -> None:
    seen: set[str] = set()
    if CONFIG not in archive.namelist():
        raise FormatError(f"{name}: not a .keras file (it has no {CONFIG})")
    left = LARGE + sum(info.compress_size for info in archive.infolist())
    for info in archive.infolist():
        member = info.filename
        shown = member if member.isprintable() and member.isascii() and len(member) < 80 else ascii(member[:80])
        if member not in (CONFIG, METADATA, WEIGHTS) and not OWN.fullmatch(member):
            raise FormatError(f"{name}: its member {shown} is not one of a .keras file")
        if member in seen:
            raise FormatError(f"{name}: its member {shown} is there twice")
        if info.flag_bits & ENCRYPTED:
            raise FormatError(f"{name}: its member {shown} is encrypted")
        if info.compress_type not in METHODS:
            raise FormatError(f"{name}: its member {shown} is compressed, and not by Deflate")
        most = min(SMALL.get(member, left), left)
        if info.file_size > most:
            raise FormatError(f"{name}: its member {shown} has {info.file_size:,} bytes; {most:,} are read at most")
        if member not in SMALL:
            left -= info.file_size
        seen.add(member)
    for member in (METADATA, WEIGHTS):
        if member not in seen:
            raise FormatError(f"{name}: not a .keras file (it has no {member})")


def read(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """The bytes of a member. Raises FormatError."""
    try:
        return archive.read(member)
    except DAMAGED:
        raise FormatError(f"{name}: its member {member} is damaged") from None


def read_json(archive: zipfile.ZipFile, member: str, name: str) -> dict[str, Any]:
    """The JSON object of a member. Raises FormatError."""
    found = parsed(read(archive, member, name), f"{name}: its {member}")
    if not isinstance(found, dict):
        raise FormatError(f"{name}: its {member} is not a JSON object")
    return found


def parsed(data: bytes, what: str) -> Any:
    """JSON within bounds of memory and of depth, whose texts can all be written. Raises FormatError, which begins with
    `what`."""
    texts = len(data) * (2 if data.isascii() else 8)  # one character can make all others four bytes long
    if texts + 256 * data.count(b"{") + 64 * (data.count(b"[") + data.count(b",")) > PARSED:
        raise FormatError(f"{what} would take more than {PARSED >> 20} MiB of memory")
    try:
        found = json.loads(data)
    except RecursionError:
        raise FormatError(f"{what} has too many lists and objects inside one another") from None
    except ValueError:  # of UTF-8, too
        raise FormatError(f"{what} is not JSON") from None
    _check_texts(found, what)
    return found


def _check_texts(found: Any, what: str) -> None:
    """Raises FormatError for half a surrogate pair, which cannot be written, and for JSON that is too deep."""
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise FormatError(f"{what} has too many lists and objects inside one another")
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(each)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            elif isinstance(each, str) and not each.isascii():
                try:
                    each.encode()
                except UnicodeEncodeError:
                    raise FormatError(f"{what} has a text that is not Unicode: {each[:40]!a}") from None
        level = below


def weights(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """The HDF5 file of the weights, as a stream that can be read at any position. Raises FormatError."""
    info = archive.getinfo(WEIGHTS)
    file = archive.fp
    if info.compress_type != zipfile.ZIP_STORED or file is None:
        return io.BytesIO(read(archive, WEIGHTS, name))
    try:
        with archive.open(info):  # checks the header in front of the member
            file.seek(info.header_offset)
            header = file.read(HEADER)
            start = info.header_offset + HEADER + sum(struct.unpack("<HH", header[-4:]))
    except DAMAGED:
        raise FormatError(f"{name}: its member {WEIGHTS} is damaged") from None
    return io.BufferedReader(_Stored(file, start, info.file_size))


class _Stored(io.RawIOBase):
    """A member that is not compressed, in its archive: `zipfile` reads everything in front of a position again."""

    def __init__(self, file: IO[bytes], start: int, size: int):
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        count = max(0, min(len(buffer), self._size - self._position))
        self._file.seek(self._start + self._position)
        data = self._file.read(count)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
