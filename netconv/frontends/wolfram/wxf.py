"""Expressions in WXF, the binary format of Mathematica's BinarySerialize, as data. Nothing is evaluated.

A file begins with "8:", or with "8C:" if zlib packed the rest. Each expression begins with a letter for its kind; its
lengths are numbers of seven bits a byte, the lowest first (Wolfram Research, "WXF Format Description").
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

from .expressions import (
    DIMENSIONS,
    LARGEST,
    MOST,
    ByteReader,
    Expression,
    ExpressionError,
    Symbol,
    applied,
    as_tuples,
    association,
    big_integer,
    big_real,
    symbol,
)

HEADERS = (b"8:", b"8C:")
INTEGERS = {b"C": "<b", b"j": "<h", b"i": "<i", b"L": "<q"}
RAW = b"\xc2"
"""The kind of a raw array; a packed one is 0xc1."""
DTYPES = {
    0x00: "i1", 0x01: "<i2", 0x02: "<i4", 0x03: "<i8", 0x10: "u1", 0x11: "<u2", 0x12: "<u4", 0x13: "<u8",
    0x22: "<f4", 0x23: "<f8",
}  # fmt: skip
"""The types of the elements of arrays. Complex numbers are not read: no net has them."""


def parse(data: bytes) -> Any:
    """The expression in the bytes of a WXF file. Raises ExpressionError."""
    if data.startswith(HEADERS[1]):
        unpacker = zlib.decompressobj()
        try:
            data = HEADERS[0] + unpacker.decompress(data[len(HEADERS[1]) :], LARGEST)
        except zlib.error:
            raise ExpressionError("zlib cannot unpack it") from None
        if not unpacker.eof:
            raise ExpressionError(f"it is cut off, or larger than {LARGEST >> 20} MiB when it is unpacked")
    if not data.startswith(HEADERS[0]):
        raise ExpressionError(f"its bytes begin with {data[:3]!r} instead of {HEADERS[0]!r} or {HEADERS[1]!r}")
    reader = _Reader(data, len(HEADERS[0]))
    try:
        found = reader.expression(0)
    except (struct.error, UnicodeDecodeError):
        raise ExpressionError(f"it is damaged at byte {reader.position}") from None
    if reader.position != len(data):
        raise ExpressionError(f"it ends at byte {reader.position}, and {len(data) - reader.position} more follow")
    return found


class _Reader(ByteReader):
    def length(self) -> int:
        found = 0
        for place in range(9):
            (byte,) = self.take(1)
            found |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return found
        raise ExpressionError(f"it is damaged at byte {self.position}: a length of more than 63 bits")

    def text(self) -> str:
        return self.take(self.length()).decode()

    def expression(self, depth: int) -> Any:
        self.begin(depth)
        match self.take(1):
            case b"f":
                return self.call(depth)
            case b"A":
                return association(tuple(self.rule(depth) for _ in range(self.length())))
            case b"s":
                return symbol(self.text())
            case b"S":
                return self.text()
            case b"C" | b"j" | b"i" | b"L" as kind:
                return struct.unpack(INTEGERS[kind], self.take(struct.calcsize(INTEGERS[kind])))[0]
            case b"r":
                return struct.unpack("<d", self.take(8))[0]
            case b"I":
                return big_integer(self.text(), self.position)
            case b"R":
                return big_real(self.text(), self.position)
            case b"B":
                return Expression(Symbol("ByteArray"), (self.take(self.length()),))
            case b"\xc1" | b"\xc2" as kind:
                return self.array(kind)
        raise ExpressionError(f"it is damaged at byte {self.position - 1}: there is no such kind of expression")

    def call(self, depth: int) -> Any:
        count, head = self.length(), self.expression(depth + 1)
        return applied(head, tuple(self.expression(depth + 1) for _ in range(count)))

    def rule(self, depth: int) -> Expression:
        if self.take(1) not in (b"-", b":"):
            raise ExpressionError(f"it is damaged at byte {self.position - 1}: a rule is expected")
        self.count(1)
        return Expression(Symbol("Rule"), (self.expression(depth + 1), self.expression(depth + 1)))

    def array(self, kind: bytes) -> Any:
        """An array of numbers: of a packed one, tuples."""
        (code,), rank = self.take(1), self.length()
        if code not in DTYPES or not 1 <= rank <= DIMENSIONS:
            raise ExpressionError(f"it is damaged at byte {self.position}: an array of type {code} and {rank} axes")
        shape = tuple(self.length() for _ in range(rank))
        import numpy as np

        dtype = np.dtype(DTYPES[code])
        data = self.take(math.prod(shape) * dtype.itemsize)
        if not data and max(shape) > MOST:
            raise ExpressionError(f"it is damaged at byte {self.position}: an array of shape {shape}")
        array = np.frombuffer(data, dtype).reshape(shape)
        if kind == RAW:
            return array
        self.count(max(array.size, math.prod(shape[:-1])))
        return as_tuples(array)
