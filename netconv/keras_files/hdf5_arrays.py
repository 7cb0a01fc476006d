"""The arrays of an HDF5 file in the format in which Keras writes it, read without HDF5: of a damaged file, HDF5
allocates whatever it asks for, does not return, or takes the process down.

The format is the oldest, in which h5py writes by default: groups with a tree and a heap of names, arrays in one piece.
Nothing else is accepted, and no two parts of the file may share bytes, which bounds time and memory by its size.
Source: HDF5 File Format Specification 3.0, sections II.A, III.A to III.E and IV.A.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from functools import cache
from typing import IO, TYPE_CHECKING, NamedTuple

from ..frontends import hdf5_heap

if TYPE_CHECKING:
    import numpy as np

MOST, DEEPEST, AXES = 100_000, 32, 32
"""Of groups and arrays, of groups inside one another, and of axes of an array."""
BEGIN = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0])
"""Of the file: its signature, versions, and the bytes of an address and of a length."""
UNDEFINED = 2**64 - 1
"""The address of what is not there."""
NO_BLOCK = 1
"""The position of a free block in a heap of names, if there is none."""
SPACE, TYPE, FILL, FILES, LAYOUT, ATTRIBUTE, CONTINUATION, TABLE = 1, 3, 5, 7, 8, 12, 16, 17
"""Types of messages in the header of an object; 0 is a gap."""
PLAIN = 1 | 4
"""The flags of a message that is stored here: it does not change, and is not shared."""
TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "V2")
"""Of arrays; Keras writes bfloat16 as two bytes without a type."""
ENTRY = 40
"""Bytes of an entry of a group."""
TEXT, PLACE = b"\x19\x01", 16
"""The beginning of the type of texts of open length, and the bytes that such a text has in an attribute."""


class UnlikeKeras(ValueError):
    """An object is not as Keras writes it: `path` in the file, and `what` is wrong about it."""

    def __init__(self, path: str, what: str):
        super().__init__(f"{path} {what}")
        self.path, self.what = path, what


class Array(NamedTuple):
    """An array: its path, dtype and shape, how many bytes of it are in the file, and the attributes of its group."""

    path: str
    dtype: np.dtype
    shape: tuple[int, ...]
    stored: int
    of_group: dict[str, str]


def arrays(stream: IO[bytes]) -> Iterator[Array]:
    """The arrays of a file. Raises UnlikeKeras; or another ValueError, struct.error, LookupError or
    OverflowError if it is damaged."""
    yield from _File(stream).arrays()


class _Message(NamedTuple):
    type: int
    data: bytes


class _Node(NamedTuple):
    """A node of a tree: the positions of names between its children, and the addresses of its neighbours."""

    level: int
    left: int
    right: int
    names: tuple[int, ...]
    children: tuple[int, ...]


class _File:
    def __init__(self, stream: IO[bytes]):
        self._stream, self._size = stream, stream.seek(0, io.SEEK_END)
        self._left, self._objects = self._size, set[int]()
        self._texts: dict[int, dict[int, hdf5_heap.HeapObject]] = {}

    def arrays(self) -> Iterator[Array]:
        start = self._read(0, 96)
        self._leaf, self._inner = struct.unpack_from("<HH", start, 16)
        base, space, end, driver = struct.unpack_from("<4Q", start, 24)
        if start[:16] != BEGIN or base or (space, driver) != (UNDEFINED, UNDEFINED) or end > self._size:
            raise ValueError("not a file of the oldest format")
        yield from self._object(start[56:], "", {}, 0)

    def _object(self, entry: bytes, path: str, of_group: dict[str, str], depth: int) -> Iterator[Array]:
        """The arrays in an object, or the one that it is, by its entry in a group."""
        _, address, cached = struct.unpack_from("<QQI", entry)
        if cached not in (0, 1):
            raise UnlikeKeras(path, "is a link, and not an array")
        if address in self._objects:
            raise UnlikeKeras(path, "is there twice")
        self._objects.add(address)
        if len(self._objects) > MOST:
            raise UnlikeKeras(path, f"is beyond the {MOST:,} groups and arrays that are read")
        messages = self._messages(address)
        types = {message.type for message in messages}
        attributes = dict(self._attribute(message.data, path) for message in messages if message.type == ATTRIBUTE)
        if TABLE in types:
            table = _only(messages, TABLE)
            if types - {TABLE, ATTRIBUTE} or not cached or table != entry[24:40]:
                raise ValueError("a group that is not as its entry")
            if depth > DEEPEST:
                raise UnlikeKeras(path, "has too many groups inside one another")
            for name, inner in self._entries(*struct.unpack("<QQ", table)):
                yield from self._object(inner, f"{path}/{name}" if path else name, attributes, depth + 1)
        elif SPACE in types and not cached:
            yield self._array(messages, types - {ATTRIBUTE}, path, of_group)
        else:
            raise UnlikeKeras(path or "/", "is not an array, nor a group as Keras writes it")

    def _messages(self, address: int) -> list[_Message]:
        """The messages in the header of an object, which may be in several blocks."""
        version, _, count, _, size = struct.unpack_from("<BBHII", self._read(address, 16))
        if version != 1:
            raise ValueError("a header of an object that is not of the oldest format")
        blocks, found = [(address + 16, size)], []
        for position, size in blocks:  # which grow
            data, place = self._read(position, size), 0
            while place + 8 <= size:
                kind, length, flags = struct.unpack_from("<HHB", data, place)
                content = data[place + 8 : place + 8 + length]
                place += 8 + length
                count -= 1
                if place > size or flags & ~PLAIN or count < 0:
                    raise ValueError("a message that is not in its header, or stored elsewhere")
                if kind == CONTINUATION:
                    blocks.append(struct.unpack("<QQ", content))
                elif kind:
                    found.append(_Message(kind, content))
        return found

    def _entries(self, tree: int, heap: int) -> Iterator[tuple[str, bytes]]:
        """The names of the objects in a group, and their entries, by the addresses of its tree and of its heap."""
        names = self._names(heap)
        nodes, level = [tree], None
        while level != 0:  # from the root down
            found = [self._node(address) for address in nodes]
            neighbours = [UNDEFINED, *nodes, UNDEFINED]
            wanted = found[0].level if level is None else level - 1
            for number, node in enumerate(found):
                if (node.level, node.left, node.right) != (wanted, neighbours[number], neighbours[number + 2]):
                    raise ValueError("a tree with other nodes than its own")
                for position in node.names:
                    _name(names, position)
            nodes, level = [child for node in found for child in node.children], wanted
        for address in nodes:
            data = self._read(address, 8 + 2 * self._leaf * ENTRY)
            count = int.from_bytes(data[6:8], "little")
            if data[:6] != b"SNOD\1\0" or count > 2 * self._leaf:
                raise ValueError("not a node of a group")
            for place in range(8, 8 + count * ENTRY, ENTRY):
                entry = data[place : place + ENTRY]
                yield _name(names, int.from_bytes(entry[:8], "little")), entry

    def _node(self, address: int) -> _Node:
        data = self._read(address, 24 + 8 * (4 * self._inner + 1))
        signature, kind, level, used, left, right = struct.unpack_from("<4sBBHQQ", data)
        if signature != b"TREE" or kind or used > 2 * self._inner or (not used and level):
            raise ValueError("not a node of the tree of a group")
        keys = struct.unpack_from(f"<{2 * used + 1}Q", data, 24)
        return _Node(level, left, right, keys[::2], keys[1::2])

    def _names(self, address: int) -> bytes:
        """The bytes of a heap of names."""
        signature, size, free, position = struct.unpack("<8sQQQ", self._read(address, 32))
        if signature != b"HEAP" + bytes(4):
            raise ValueError("not a heap of names")
        data, blocks = self._read(position, size), 0
        while free != NO_BLOCK:
            following, length = struct.unpack_from("<QQ", data, free)
            blocks += 1
            if length > size - free or blocks > size:
                raise ValueError("a free block that is not in its heap")
            free = following
        return data

    def _array(self, messages: list[_Message], types: set[int], path: str, of_group: dict[str, str]) -> Array:
        if FILES in types:
            raise UnlikeKeras(path, "is in another file")
        if types - {SPACE, TYPE, FILL, LAYOUT}:
            raise UnlikeKeras(path, "is not stored in one piece")
        space, kind, layout = (_only(messages, each) for each in (SPACE, TYPE, LAYOUT))
        dtype, shape = _types().get(kind.rstrip(b"\0")), _shape(space)
        if dtype is None or shape is None:
            raise UnlikeKeras(path, "is not an array of numbers")
        if FILL in types:
            fill = _only(messages, FILL)
            if fill[0] != 2 or int.from_bytes(fill[4:8], "little") not in (0, dtype.itemsize):
                raise ValueError("a value that is not one of its array")
        if layout[:2] != b"\3\1":
            raise UnlikeKeras(path, "is not stored in one piece")
        address, size = struct.unpack_from("<QQ", layout, 2)
        if address == UNDEFINED:
            return Array(path, dtype, shape, 0, of_group)
        self._take(size)
        if address + size > self._size or size != math.prod(shape) * dtype.itemsize:
            raise ValueError("an array that is not in the file")
        return Array(path, dtype, shape, size, of_group)

    def _attribute(self, data: bytes, path: str) -> tuple[str, str]:
        """The name and the text of an attribute."""
        version, reserved, *sizes = struct.unpack_from("<BBHHH", data)
        if version != 1 or reserved:
            raise ValueError("an attribute that is not of the oldest format")
        place, parts = 8, []
        for size in sizes:
            parts.append(data[place : place + size])
            place += -(-size // 8) * 8
        name, kind, space = parts
        value = data[place:]
        characters = kind[8:]  # each is described as an integer, or as a text, of one byte
        is_text = kind[:2] == TEXT and kind[4:8] == struct.pack("<I", PLACE) and len(value) >= PLACE
        if not (is_text and characters[0] in (0x10, 0x13) and characters[4:8] == b"\1\0\0\0" and _shape(space) == ()):
            raise UnlikeKeras(path or "/", "has an attribute that is not a text")
        return name.rstrip(b"\0").decode(), self._text(*struct.unpack_from("<IQI", value))

    def _text(self, length: int, collection: int, number: int) -> str:
        """A text in the global heap."""
        if not length:
            return ""
        if collection not in self._texts:
            found = self._texts[collection] = {}
            for each in hdf5_heap.objects(self._stream, collection):
                self._take(hdf5_heap.HEADER)
                found[each.number] = each
        place = self._texts[collection][number]
        if length > place.size:
            raise ValueError("a text that is longer than its place")
        return self._read(place.position, length).decode()

    def _read(self, position: int, count: int) -> bytes:
        self._take(count)
        return hdf5_heap.read_at(self._stream, position, count)

    def _take(self, count: int) -> None:
        """Counts bytes of the file, each of which is a part of one thing only."""
        self._left -= count
        if self._left < 0:
            raise ValueError("parts of the file that share bytes")


def _only(messages: list[_Message], kind: int) -> bytes:
    """The content of the only message of a type."""
    [message] = (message for message in messages if message.type == kind)
    return message.data


def _name(names: bytes, position: int) -> str:
    return names[position : names.index(b"\0", position)].decode()


def _shape(space: bytes) -> tuple[int, ...] | None:
    """The lengths of the axes of an array; None if it is not of the oldest format, as one without elements."""
    version, rank, flags = space[:3]
    if version != 1 or rank > AXES or flags not in (0, 1):
        return None
    lengths = struct.unpack_from(f"<{rank}Q", space, 8)
    if flags and struct.unpack_from(f"<{rank}Q", space, 8 + 8 * rank) != lengths:
        return None
    return lengths


@cache
def _types() -> dict[bytes, np.dtype]:
    """The dtypes of arrays of numbers, by what their files have."""
    import h5py
    import numpy as np

    dtypes = [np.dtype(order + name) for name in TYPES for order in "<>"]
    return {h5py.h5t.py_create(dtype, logical=True).encode()[2:].rstrip(b"\0"): dtype for dtype in dtypes}
