"""Compressed streams: gzip, Zstandard, bzip2 and xz, by their first bytes, or by the name of a file to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import DataError

XZ = b"\xfd7zXZ\0"
CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", XZ: "xz"}
CODECS |= {b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)}
"""Codecs by the first bytes of a file."""
ENDINGS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
"""Codecs by the end of the name of a file to write."""
XZ_MEMORY = 256 << 20
"""Bytes that decompressing xz may take; its strongest preset takes 65 MB."""

Read = Callable[[int], bytes]
"""Returns at most so many of the next bytes, none at the end."""


def codec_of(head: bytes) -> str | None:
    return next((codec for magic, codec in CODECS.items() if head.startswith(magic)), None)


def may_be_compressed(head: bytes) -> bool:
    """Whether more bytes are needed to tell."""
    return any(magic.startswith(head) and magic != head for magic in CODECS)


@contextmanager
def create(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, compressed as the end of its name says."""
    import lzma

    import pyarrow as pa

    codec = ENDINGS.get(path.suffix.lower())
    with ExitStack() as stack:
        if codec == "xz":
            yield cast(BinaryIO, stack.enter_context(lzma.open(path, "wb")))
            return
        file = stack.enter_context(path.open("wb"))
        yield cast(BinaryIO, stack.enter_context(pa.CompressedOutputStream(file, codec))) if codec else file


def decompressed(codec: str, read: Read, file: str) -> Read:
    """A function that reads the decompressed bytes. Raises DataError for damaged ones."""
    import lzma

    import pyarrow as pa

    if codec == "xz":
        decompress = _Xz(read).read
    else:
        decompress = pa.CompressedInputStream(pa.PythonFile(cast(BinaryIO, _File(read)), "r"), codec).read

    def read_checked(size: int) -> bytes:
        try:
            return decompress(size)
        except (OSError, lzma.LZMAError, EOFError) as error:
            if getattr(error, "errno", None):
                raise
            short = isinstance(error, EOFError) or "Truncated" in str(error)
            raise DataError("is cut short" if short else "is damaged: it cannot be decompressed", file) from None

    return read_checked


class _File:
    """A file for Arrow."""

    closed = False

    def __init__(self, read: Read):
        self.read = read

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


class _Xz:
    """Reads xz, which Arrow does not: one stream or several, one after another."""

    def __init__(self, read: Read):
        self._read = read
        self._new()

    def _new(self) -> None:
        import lzma

        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)

    def read(self, size: int) -> bytes:
        import lzma

        while True:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data or self._read(size)
                data = data.lstrip(b"\0")  # padding between streams
                if not data:
                    return b""
                if not data.startswith(XZ[: len(data)]):
                    raise lzma.LZMAError
                self._new()
            elif self._decompressor.needs_input:
                data = self._read(size)
                if not data:
                    raise EOFError
            if found := self._decompressor.decompress(data, size):
                return found
