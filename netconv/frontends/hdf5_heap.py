"""The global heap of an HDF5 file, which holds its texts of open length. HDF5 allocates what a damaged one asks for, or
does not return from reading it.

The heap has collections anywhere in the file: a header of 16 bytes with a signature and the size of the collection, and
objects, each a header of 16 bytes with a number and a size, and its bytes, padded to a multiple of 8. Free space has
the number 0, and its size includes the header. Source: HDF5 File Format Specification 3.0, section III.E.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

SIGNATURE = b"GCOL\1"
HEADER = 16
CHUNK = 1 << 20


class HeapObject(NamedTuple):
    """An object of a collection: its `number`, and the position and size of its bytes in the file."""

    number: int
    position: int
    size: int


def objects(stream: IO[bytes], start: int) -> Iterator[HeapObject]:
    """The objects of the collection at a position. Raises ValueError if it is not one, or not within the file."""
    signature, _, length = struct.unpack("<5s3sQ", read_at(stream, start, HEADER))
    end, place = start + length, start + HEADER
    if signature != SIGNATURE or not place <= end <= stream.seek(0, io.SEEK_END):
        raise ValueError("not a collection of a global heap")
    while place + HEADER <= end:
        number, _, _, size = struct.unpack("<HHIQ", read_at(stream, place, HEADER))
        taken = HEADER + -(-size // 8) * 8 if number else size
        if not HEADER <= taken <= end - place:
            raise ValueError("an object of a global heap is not within its collection")
        yield HeapObject(number, place + HEADER, size)
        place += taken


def check(stream: IO[bytes]) -> None:
    """Raises ValueError if a collection anywhere in the file is damaged, or begins within another."""
    end = 0
    for start in _signatures(stream):
        if start < end:
            raise ValueError("a collection of a global heap is within another")
        for each in objects(stream, start):
            end = each.position + each.size


def read_at(stream: IO[bytes], position: int, count: int) -> bytes:
    """Bytes of a file. Raises ValueError if it has fewer."""
    stream.seek(min(position, 1 << 62))
    found = stream.read(count)
    if len(found) != count:
        raise ValueError("the file is too short")
    return found


def _signatures(stream: IO[bytes]) -> Iterator[int]:
    """The positions of all signatures."""
    position, rest = 0, b""
    while True:
        stream.seek(position)
        chunk = stream.read(CHUNK)
        if not chunk:
            return
        data, first = rest + chunk, position - len(rest)
        at = data.find(SIGNATURE)
        while at >= 0:
            yield first + at
            at = data.find(SIGNATURE, at + 1)
        position, rest = position + len(chunk), data[1 - len(SIGNATURE) :]
