"""Where tables come from: files, several as one, standard input; plain, gzip or Zstandard. Knows no format."""

from __future__ import annotations

import glob
import re
import select
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError

BLOCK = 8 << 20
"""Bytes read and parsed at once: larger is no faster."""
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""Codecs by the first bytes."""
IN_MEMORY = 64 << 20
"""Bytes of standard input that are kept in memory; what is beyond goes to an unlinked temporary file."""


@dataclass(frozen=True)
class Source:
    """A file's `name` for messages, and `open`, which gives its bytes as they are; `again` is whether it can be opened
    twice. `labels` is the file that has the labels of its rows, `part` which arrays of a file of several sets are
    meant, those of "train" or "test"."""

    name: str
    open: Callable[[], BinaryIO]
    again: bool = True
    labels: Source | None = None
    part: str = "train"


Data = Source | Path | str | BinaryIO


def sources(data: Data | Iterable[Data], labels: Data | None = None, part: str = "train") -> tuple[Source, ...]:
    """The files of a table: paths, globs, binary streams or several of them. `labels` is the file of the labels of the
    only one; None finds the one beside a file of images by its name. Raises DataError: a glob that nothing matches."""
    several = data if isinstance(data, list | tuple) else [data]
    found = [one for entry in several for one in _sources(entry)]
    if labels is not None:
        if len(found) != 1:
            raise DataError(f"a file of labels is for one file of data, and there are {len(found)}", str(labels))
        found = [replace(found[0], labels=source(labels))]
    return tuple(replace(one, part=part) for one in found)


def _sources(entry: Data) -> list[Source]:
    if isinstance(entry, str) and glob.has_magic(entry) and not Path(entry).exists():
        names = sorted(glob.glob(entry, recursive=True))
        if not names:
            raise DataError("no file matches", entry)
        return [source(name) for name in names]
    return [source(entry)]


def source(entry: Data) -> Source:
    """One file, by its path or as a binary stream."""
    if isinstance(entry, Source):
        return entry
    if hasattr(entry, "read"):
        return Source("standard input", lambda: entry, again=False)
    beside = labels_beside(Path(entry))
    return Source(str(entry), lambda: _open(entry), labels=source(beside) if beside else None)


def labels_beside(path: Path) -> Path | None:
    """The file of labels that belongs to a file of images, named as MNIST's are."""
    if not re.search(r"images.*idx\d", path.name):
        return None
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    names = dict.fromkeys([name, name.removesuffix(".gz"), name.removesuffix(".gz") + ".gz"])
    return next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)


def _open(path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", str(path)) from None


def kept(source: Source) -> Source:
    """A source that can be opened again: what comes but once is copied first. Raises OSError: no room on the disk."""
    if source.again:
        return source
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lasts as long as the source
    with source.open() as stream:
        shutil.copyfileobj(stream, copy, BLOCK)

    def again():
        copy.seek(0)
        return _Borrowed(copy)

    return replace(source, open=again, again=True)


class _Borrowed:
    """A file that is not closed by who reads it."""

    def __init__(self, file):
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    closed = False

    def readable(self):
        return True

    def seekable(self):
        return True


class Stream:
    """The bytes of a source, decompressed. `head` are the first of them, which `read` gives again; `compressed` is
    whether they were."""

    def __init__(self, source: Source):
        self.name = source.name
        self._raw = source.open()
        self._read = getattr(self._raw, "read1", self._raw.read)
        try:
            self._handle = self._raw.fileno()
        except (OSError, AttributeError):
            self._handle = None
        self.head = self._start()
        codec = next((codec for magic, codec in COMPRESSED.items() if self.head.startswith(magic)), None)
        self.compressed = codec is not None
        if codec:
            self._decompress(codec)

    def _start(self) -> bytes:
        head = self._read(BLOCK)
        while any(magic.startswith(head) and magic != head for magic in COMPRESSED) and (more := self._read(BLOCK)):
            head += more
        return head

    def _decompress(self, codec: str) -> None:
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.PythonFile(_Rest(self.head, self._read), "r"), codec)
        self._handle = None

        def read(size: int) -> bytes:
            try:
                return stream.read(size)
            except OSError as error:
                if error.errno:
                    raise
                what = "is cut short" if "Truncated" in str(error) else "is damaged: it cannot be decompressed"
                raise DataError(what, self.name) from None

        self._read = read
        self.head = read(BLOCK)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_) -> None:
        self._raw.close()

    def read(self, size: int | None = None) -> bytes:
        """What has arrived, at most `size` bytes (None: BLOCK); nothing at the end. A slow pipe is answered at once, a
        fast one in large blocks."""
        size = BLOCK if size is None else size
        if self.head:
            piece, self.head = self.head[:size], self.head[size:]
        else:
            piece = self._read(size)
        if self._handle is None or not piece or len(piece) >= size:
            return piece
        parts = [piece]
        while sum(map(len, parts)) < size and self._arriving() and (more := self._read(size - sum(map(len, parts)))):
            parts.append(more)
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        parts, missing = [], size
        while missing and (piece := self.read(missing)):
            parts.append(piece)
            missing -= len(piece)
        return b"".join(parts)

    def file(self):
        """The source as a file that can seek; a pipe is copied to an unlinked temporary one."""
        try:
            self._raw.seek(0)
            return self._raw
        except (OSError, AttributeError, ValueError):
            copy = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as its reader
            while piece := self.read():
                copy.write(piece)
            copy.seek(0)
            return copy

    def _arriving(self) -> bool:
        try:
            return bool(select.select([self._handle], [], [], 0.01)[0])
        except (OSError, ValueError):  # Windows selects sockets only
            return False


class _Rest:
    """Bytes that were read already, and then what a stream still has."""

    def __init__(self, head: bytes, read: Callable[[int], bytes]):
        self._head, self._read = head, read
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        size = BLOCK if size is None or size < 0 else size
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._read(size)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True
