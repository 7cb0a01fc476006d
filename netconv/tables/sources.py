"""Where tables come from: files, standard input, memory; plain or compressed. Knows no table format."""

from __future__ import annotations

import codecs
import glob
import os
import re
import select
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

from ..errors import DataError, option, stream_name
from . import compression, image_files, memory
from .image_files import ImageFiles

BLOCK = 4 << 20
"""Bytes that are read and parsed at once; more is not faster."""
IN_MEMORY = 64 << 20
"""Bytes of standard input that are kept in memory; the rest goes to an unlinked temporary file."""


@dataclass(frozen=True)
class Source:
    """A file of a table, a table in memory, or images that make up a table.

    `name` is its name for messages; `open` opens its bytes as they are, more than once if `reopenable`. `labels` is the
    file with the labels of its rows. `part` is "train" or "test": which arrays are read of a file that has both.
    `memory` is a table in memory, and `images` are images, which have no bytes to open.
    """

    name: str
    open: Callable[[], BinaryIO]
    reopenable: bool = True
    labels: Source | None = None
    part: str = "train"
    memory: memory.MemoryTable | None = None
    images: ImageFiles | None = None

    @property
    def folder(self) -> str:
        """The folder that names of images in the table are relative to."""
        return os.path.dirname(self.name)


File = Source | Path | str | BinaryIO | TextIO
"""A file as users give it: a path, a binary or text stream, or a Source."""
Data = Any
"""A table as users give it: one or several files, as paths, glob patterns or streams; images and folders of images; one
or several tables in memory, as `memory` lists them."""


def sources(data: Data, labels: File | None = None, part: str = "train") -> tuple[Source, ...]:
    """The files or tables in memory that make up a table; images and folders of images become one source. `labels` is
    the file with the labels of a single file; None looks for one beside a file of images by its name. Raises DataError
    if a pattern matches no file, a folder has no images, and for an object that is not a table."""
    entries = data if isinstance(data, list | tuple) and not memory.is_pair(data) else [data]
    if not len(entries):
        raise DataError(f"the data must be {memory.TAKEN}; received {data!r}")
    found = _joined_images([source for entry in entries for source in _matching(entry, part)])
    if labels is not None and found[0].images:
        raise DataError(f"{option('labels')} is for a file of arrays; {image_files.CLASS_FOLDERS}", found[0].name)
    if labels is not None:
        if len(found) != 1:
            raise DataError(f"labels belong to a single data file; received {len(found)}", str(labels))
        if found[0].memory:
            raise DataError("has no file of labels: give (x, y)", found[0].name)
        found = [replace(found[0], labels=source(labels))]
    return tuple(replace(one, part=part) for one in found)


def _joined_images(found: list[Source]) -> list[Source]:
    """The sources, those of images as one. Raises DataError for images beside tables."""
    images = [source.images for source in found if source.images]
    if not images:
        return found
    if len(images) < len(found):
        table = next(source.name for source in found if not source.images)
        raise DataError("images and tables cannot be read as one table", table)
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return [replace(found[0], name=found[0].name + more, images=ImageFiles.joined(images))]


def _matching(entry: Any, part: str) -> list[Source]:
    if isinstance(entry, str) and glob.has_magic(entry) and not Path(entry).exists():
        names = sorted(glob.glob(entry, recursive=True))
        if not names:
            raise DataError("no file matches", entry)
        return [source(name, part) for name in names]
    if isinstance(entry, Source | str | os.PathLike) or hasattr(entry, "read"):
        return [source(entry, part)]
    table = memory.memory_table(entry)
    return [Source(table.kind, _no_bytes, table.reopenable, memory=table)]


def _no_bytes() -> BinaryIO:
    raise AssertionError("tables in memory and images have no bytes")


def source(entry: Any, part: str = "train") -> Source:
    """One file or folder, by its path or as a binary or text stream. Raises DataError for anything else, for an image
    that does not exist, and for a folder without images."""
    if isinstance(entry, Source):
        return entry
    if isinstance(entry, str | os.PathLike):
        name, path = os.fspath(entry), Path(entry)
        if path.is_dir():
            return Source(name, _no_bytes, images=image_files.list_folder(name, part))
        if image_files.is_image_name(path.name):
            return Source(name, _no_bytes, images=image_files.list_image(name))
        labels = labels_beside(path)
        return Source(name, lambda: _open(path), labels=source(labels) if labels else None)
    if not hasattr(entry, "read"):
        raise DataError(f"a path or a stream is expected; received {type(entry).__name__}")
    stream = _Encoded(entry) if isinstance(entry.read(0), str) else entry
    return Source(stream_name(entry), lambda: cast(BinaryIO, stream), reopenable=False)


class _Encoded:
    """A text stream as bytes in UTF-8, which their byte order mark says."""

    def __init__(self, stream: TextIO):
        self._stream, self._start = stream, codecs.BOM_UTF8

    def __enter__(self) -> _Encoded:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        start, self._start = self._start, b""
        return start + self._stream.read(max(1, size // 4) if size > 0 else size).encode("utf-8", "surrogatepass")


def labels_beside(path: Path) -> Path | None:
    """The file of labels that belongs to a file of images, both named as those of MNIST; None if there is none."""
    if not re.search(r"images.*idx\d", path.name):
        return None
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    names = dict.fromkeys([name, name.removesuffix(".gz"), name.removesuffix(".gz") + ".gz"])
    return next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", str(path)) from None


def reopenable(source: Source) -> Source:
    """A source that can be opened again: a stream is copied first. Raises OSError if the disk is full."""
    if source.reopenable:
        return source
    if source.memory:
        return replace(source, memory=source.memory.reopened(), reopenable=True)
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lasts as long as the source
    with source.open() as stream:
        shutil.copyfileobj(stream, copy, BLOCK)

    def reopen() -> BinaryIO:
        copy.seek(0)
        return cast(BinaryIO, _Unclosed(copy))

    return replace(source, open=reopen, reopenable=True)


class _Unclosed:
    """A file that its reader does not close."""

    closed = False

    def __init__(self, file):
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    def readable(self):
        return True

    def seekable(self):
        return True


class Stream:
    """The decompressed bytes of a source. `head` are the first of them, which `read` returns again; `compressed` is
    whether the source is compressed."""

    def __init__(self, source: Source):
        self.name = source.name
        self._raw = source.open()
        self._read = getattr(self._raw, "read1", self._raw.read)
        self._handle: int | None = None
        with suppress(OSError, AttributeError):
            self._handle = self._raw.fileno()
        self.head = self._start()
        codec = compression.codec_of(self.head)
        self.compressed = codec is not None
        if codec:
            self._decompress(codec)

    def _start(self) -> bytes:
        head = self._read(BLOCK)
        while compression.may_be_compressed(head) and (more := self._read(BLOCK)):
            head += more
        return head

    def _decompress(self, codec: str) -> None:
        self._read = compression.decompressed(codec, _Remaining(self.head, self._read).read, self.name)
        self._handle = None
        self.head = self._read(BLOCK)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_) -> None:
        self._raw.close()

    def read(self, size: int | None = None) -> bytes:
        """The bytes that have arrived, at most `size` (None: BLOCK); none at the end. Returns at once what a slow pipe
        has, and large blocks of a fast one."""
        size = BLOCK if size is None else size
        if self.head:
            piece, self.head = self.head[:size], self.head[size:]
        else:
            piece = self._read(size)
        if not piece or len(piece) >= size:
            return piece
        parts = [piece]
        while sum(map(len, parts)) < size and self._arriving() and (more := self._read(size - sum(map(len, parts)))):
            parts.append(more)
        return b"".join(parts)

    def read_exactly(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        parts, missing = [], size
        while missing and (piece := self.read(missing)):
            parts.append(piece)
            missing -= len(piece)
        return b"".join(parts)

    def seekable_file(self) -> IO[bytes]:
        """The source as a file that can seek; a pipe is copied to an unlinked temporary file."""
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
        if self._handle is None:
            return False
        try:
            return bool(select.select([self._handle], [], [], 0.01)[0])
        except (OSError, ValueError):  # Windows selects sockets only
            return False


class _Remaining:
    """Bytes that were read already, followed by the rest of their stream."""

    def __init__(self, head: bytes, read: Callable[[int], bytes]):
        self._head, self._read = head, read

    def read(self, size: int) -> bytes:
        size = BLOCK if size < 0 else size
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._read(size)
