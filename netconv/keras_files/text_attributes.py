"""Texts that are attributes in an HDF5 file, read without HDF5: it allocates whatever length a damaged one gives, or
takes the process down.

An object, a group or an array, has a header of messages, in one block or several; an attribute is a message, and a text
of open length is its place in the global heap. Source: HDF5 File Format Specification 3.0, sections IV.A.1 and IV.A.2.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import IO, NamedTuple

from ..frontends import hdf5_heap

MOST = 1_000_000
"""Messages and texts in a file."""
BLOCKS = 100
"""Blocks of a header."""
CONTINUATION, ATTRIBUTE, ATTRIBUTE_INFO = 0x10, 0x0C, 0x15
"""Types of messages."""
SIZE, ORDER, PHASES, TIMES = 3, 4, 16, 32
"""Flags of a newer header: how its size is written, and what it has besides."""
SHARED = 2
"""The flag of a message that is stored elsewhere."""
UNDEFINED = b"\xff" * 8
"""The address of what is not there."""
OPEN_LENGTH, CHARACTERS = 9, (0, 3)
"""Classes of types: of open length; integers and texts, as which the characters of a text are described."""
TEXT = 1
"""The kind of types of open length that are texts."""
PLACE = 16
"""Bytes of the place of a text."""


class _Message(NamedTuple):
    type: int
    flags: int
    data: bytes


class TextAttributes:
    """The texts that objects of a file have as attributes of some names."""

    def __init__(self, stream: IO[bytes], names: Collection[str]):
        self._stream, self._left = stream, MOST
        self._names = {name.encode(): name for name in names}
        self._heap: dict[int, dict[int, hdf5_heap.HeapObject]] = {}

    def of(self, address: int) -> dict[str, str]:
        """The attributes of the object at an address in the file. Raises ValueError if one of the names is not a single
        text, or not completely in the file."""
        found = {}
        for message in self._messages(address):
            if message.type == ATTRIBUTE_INFO and not _has_no_heap(message.data):
                raise ValueError("attributes in a heap of their own")
            if message.type == ATTRIBUTE:
                if message.flags & SHARED:
                    raise ValueError("an attribute that is stored elsewhere")
                name, value = _attribute(message.data)
                if name in self._names:
                    found[self._names[name]] = self._text(value)
        return found

    def _messages(self, address: int) -> Iterator[_Message]:
        blocks, head, around = self._header(address)
        for position, size in blocks:  # which grow
            data, place = self._read(position, size), 0
            while place + head.size <= size:
                kind, length, flags = head.unpack_from(data, place)
                start, place = place + head.size, place + head.size + length
                if place > size:
                    raise ValueError("a message that is not in its header")
                self._count()
                if kind == CONTINUATION:
                    following, length = struct.unpack_from("<QQ", data, start)
                    blocks.append((following + around, length - 2 * around))
                    if len(blocks) > BLOCKS:
                        raise ValueError("a header in too many blocks")
                yield _Message(kind, flags, data[start:place])

    def _header(self, address: int) -> tuple[list[tuple[int, int]], struct.Struct, int]:
        """The position and size of the first block, what is in front of each message, and how many bytes there are
        before and after each further block: a signature and a checksum."""
        start = self._read(address, 16)
        if start[:4] == b"OHDR" and start[4] == 2:
            flags = start[5]
            place, width = address + 6 + 16 * bool(flags & TIMES) + 4 * bool(flags & PHASES), 1 << (flags & SIZE)
            size = int.from_bytes(self._read(place, width), "little")
            return [(place + width, size)], struct.Struct("<BHB2x" if flags & ORDER else "<BHB"), 4
        if start[0] != 1:
            raise ValueError("not the header of an object")
        return [(address + 16, int.from_bytes(start[8:12], "little"))], struct.Struct("<HHB3x"), 0

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many messages and texts")

    def _text(self, value: bytes) -> str:
        if len(value) != PLACE:
            raise ValueError("an attribute that is not a single text")
        length, collection, number = struct.unpack("<IQI", value)
        if not length:
            return ""
        if collection not in self._heap:
            found = self._heap[collection] = {}
            for each in hdf5_heap.objects(self._stream, collection):
                self._count()
                found[each.number] = each
        place = self._heap[collection][number]
        if length > place.size:
            raise ValueError("a text that is longer than its place")
        return self._read(place.position, length).decode()

    def _read(self, position: int, count: int) -> bytes:
        self._stream.seek(min(position, 1 << 62))
        found = self._stream.read(count) if 0 <= count < 1 << 62 else b""
        if len(found) != count:
            raise ValueError("the file is too short")
        return found


def _has_no_heap(info: bytes) -> bool:
    start = 4 if info[1] & 1 else 2
    return info[start : start + 8] == UNDEFINED


def _attribute(data: bytes) -> tuple[bytes, bytes]:
    """The name of an attribute and its value, the place of a text; b"" if it is not a single text of open length."""
    version, flags, *sizes = struct.unpack_from("<BBHHH", data)
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise ValueError("an attribute of a type that is stored elsewhere")
    place, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(data[place : place + size])
        place += -(-size // 8) * 8 if version == 1 else size
    name, kind, space = parts
    return name.split(b"\0")[0], data[place : place + PLACE] if _is_text(kind) and _is_single(space) else b""


def _is_text(kind: bytes) -> bool:
    """Whether a type is that of texts of open length, and these consist of bytes."""
    characters, text_kind = kind[8:], kind[1] & 15
    return (
        kind[0] & 15 == OPEN_LENGTH
        and text_kind == TEXT
        and int.from_bytes(kind[4:8], "little") == PLACE
        and characters[0] & 15 in CHARACTERS
        and int.from_bytes(characters[4:8], "little") == 1
    )


def _is_single(space: bytes) -> bool:
    version, rank = space[:2]
    return rank == 0 and (version == 1 or (version == 2 and space[3] == 0))
