"""Expressions of the Wolfram Language as data, and the text of Compress that a `.wlnet` file stores them in. Nothing is
evaluated.

Compress is "1:", then in base64 what zlib packed: `!boR`, then one expression. Each expression begins with a letter for
its kind; integers are little-endian. Lists become tuples, associations dictionaries, strings and numbers themselves.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LARGEST = 256 << 20
"""The most bytes of an unpacked expression."""
DEEPEST = 150
"""The most levels of an expression: each level is a call."""
MOST = 4_000_000
"""The most parts of an expression, each element of a packed array included."""
DIMENSIONS = 16
"""The most dimensions of a packed array."""
MOST_DIGITS = 400
"""The most digits of a number."""
INTEGER = struct.Struct("<i")
HEADER = b"!boR"
MAGIC = "1:"


class ExpressionError(ValueError):
    """The text is not an expression; the message says why."""


@dataclass(frozen=True)
class Symbol:
    """A symbol, without its context."""

    name: str

    def __str__(self) -> str:
        return self.name


@lru_cache(1000)
def symbol(name: str) -> Symbol:
    """The symbol of a name with or without its context."""
    return Symbol(name.rpartition("`")[2])


@dataclass(frozen=True)
class Expression:
    """`head[args...]`; a list and an association are a tuple and a dictionary instead."""

    head: Any
    args: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The name of the head, "" if it is not a symbol."""
        return self.head.name if isinstance(self.head, Symbol) else ""

    def __str__(self) -> str:
        return shortened(self)


def decompress(text: str) -> Any:
    """The expression of a string that Compress made. Raises ExpressionError."""
    return parse(unpacked(text))


def unpacked(text: str) -> bytes:
    """The bytes that Compress made a string of. Raises ExpressionError."""
    if not text.startswith(MAGIC):
        raise ExpressionError(f"it begins with {text[:10]!r}, and what Compress writes begins with {MAGIC!r}")
    try:
        packed = base64.b64decode(text[len(MAGIC) :], validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, LARGEST)
    except (binascii.Error, ValueError, zlib.error):
        raise ExpressionError("its text is damaged: zlib and base64 cannot unpack it") from None
    if not unpacker.eof:
        raise ExpressionError(f"it is cut off, or larger than {LARGEST >> 20} MiB when it is unpacked")
    return data


def compress(data: bytes) -> str:
    """The string that Compress makes of the bytes of an expression."""
    return MAGIC + base64.b64encode(zlib.compress(data)).decode()


def parse(data: bytes) -> Any:
    """The expression in the bytes that Compress packs. Raises ExpressionError."""
    if not data.startswith(HEADER):
        raise ExpressionError(f"its bytes begin with {data[:4]!r} instead of {HEADER!r}")
    reader = _Reader(data, len(HEADER))
    try:
        found = reader.expression(0)
    except (struct.error, UnicodeDecodeError, OverflowError):
        raise ExpressionError(f"it is damaged at byte {reader.position}") from None
    if reader.position != len(data):
        raise ExpressionError(f"it ends at byte {reader.position}, and {len(data) - reader.position} more follow")
    return found


def place_of(data: bytes, path: Sequence[str | int]) -> tuple[int, int]:
    """Where a part of an expression begins and ends in its bytes: `path` leads to it by keys of associations and
    numbers of arguments, counted from 0. Raises ExpressionError if there is no such part."""
    reader = _Reader(data, len(HEADER))
    for key in path:
        reader.enter(key)
    start = reader.position
    reader.expression(0)
    return start, reader.position


def written(value: Any) -> bytes:
    """The bytes of a list of strings, of a string, or of a symbol."""
    match value:
        case tuple():
            return b"f" + struct.pack("<i", len(value)) + b"".join(map(written, (Symbol("List"), *value)))
        case Symbol(name):
            return b"s" + struct.pack("<i", len(name.encode())) + name.encode()
    return b"S" + struct.pack("<i", len(value.encode())) + value.encode()


class BoundedReader:
    """Reads an expression of bounded depth and size."""

    def __init__(self) -> None:
        self.left = MOST

    def count(self, parts: int) -> None:
        """Counts parts that are read. Raises ExpressionError if there are too many."""
        self.left -= parts
        if self.left < 0:
            raise ExpressionError(f"it has more than {MOST} parts")

    def begin(self, depth: int) -> None:
        """Counts an expression within `depth` others. Raises ExpressionError if there are too many."""
        if depth > DEEPEST:
            raise ExpressionError(f"it is nested more than {DEEPEST} levels deep")
        self.count(1)


class ByteReader(BoundedReader):
    """Reads an expression from bytes, from a `position` on."""

    def __init__(self, data: bytes, position: int) -> None:
        super().__init__()
        self.data, self.position = data, position

    def take(self, count: int) -> bytes:
        """The next bytes. Raises ExpressionError if there are not so many."""
        if not 0 <= count <= len(self.data) - self.position:
            raise ExpressionError(f"it is damaged at byte {self.position}: {count} bytes are announced")
        self.position += count
        return self.data[self.position - count : self.position]


def applied(head: Any, args: tuple[Any, ...]) -> Any:
    """`head[args...]`: a tuple for a list, a dictionary for an association."""
    match head:
        case Symbol("List"):
            return args
        case Symbol("Association"):
            return association(args)
    return Expression(head, args)


class _Reader(ByteReader):
    def integer(self) -> int:
        self.position += 4
        return INTEGER.unpack_from(self.data, self.position - 4)[0]

    def text(self) -> str:
        return self.take(self.integer()).decode()

    def expression(self, depth: int) -> Any:
        self.begin(depth)
        kind = self.take(1)
        match kind:
            case b"f":
                return self.call(depth)
            case b"s":
                return symbol(self.text())
            case b"S":
                return self.text()
            case b"i":
                return self.integer()
            case b"I":
                return big_integer(self.text(), self.position)
            case b"r":
                return struct.unpack("<d", self.take(8))[0]
            case b"R":
                return big_real(self.text(), self.position)
            case b"e" | b"n" | b"b" | b"h" | b"l":
                return self.packed(kind.decode())
        raise ExpressionError(f"it is damaged at byte {self.position - 1}: there is no kind {kind!r}")

    def call(self, depth: int) -> Any:
        count = self.integer()
        if count < 0:
            raise ExpressionError(f"it is damaged at byte {self.position - 4}: {count} arguments are announced")
        head = self.expression(depth + 1)
        return applied(head, tuple(self.expression(depth + 1) for _ in range(count)))

    def enter(self, key: str | int) -> None:
        """Goes to the value of a key, or to an argument, of the expression here; ValidatedParameter is passed over."""
        count, _ = self.opened()
        if not any(self.is_at(key, number) for number in range(count)):
            raise ExpressionError(f"it has no part {key!r}")
        before = self.position
        if self.data[before : before + 1] != b"f" or self.opened() != (1, Symbol("ValidatedParameter")):
            self.position = before

    def opened(self) -> tuple[int, Any]:
        """The number of arguments and the head of the expression here."""
        if self.take(1) != b"f":
            raise ExpressionError("it has no parts")
        return self.integer(), self.expression(0)

    def is_at(self, key: str | int, number: int) -> bool:
        """Whether the argument here is the one, or the rule of the key, whose value is next then; passes it if not."""
        found = key == number
        if isinstance(key, str):
            self.opened()
            found = self.expression(0) == key
        if not found:
            self.expression(0)
        return found

    def packed(self, kind: str) -> Any:
        """A packed array of numbers, as a tuple, of tuples if it has several axes; raw data as an array of numpy."""
        rank = self.integer()
        if not 1 <= rank <= DIMENSIONS:
            raise ExpressionError(f"it is damaged at byte {self.position - 4}: an array of {rank} axes")
        shape = tuple(self.integer() for _ in range(rank))
        if min(shape) < 0:
            raise ExpressionError(f"it is damaged at byte {self.position}: an array of shape {shape}")
        size = math.prod(shape)
        import numpy as np

        dtype = {"e": "<f8", "n": "<i4", "b": "i1", "h": "<i2", "l": "<f4"}[kind]
        array = np.frombuffer(self.take(size * np.dtype(dtype).itemsize), dtype).reshape(shape)
        if kind in "bhl":
            return array
        self.count(size)
        return as_tuples(array)


def big_integer(digits: str, place: int) -> int:
    """The integer of its digits, which end at byte `place`. Raises ExpressionError."""
    if len(digits) > MOST_DIGITS or not digits.lstrip("-").isdecimal() or not digits.isascii():
        raise ExpressionError(f"it is damaged at byte {place}: {digits[:20]!r} is not an integer")
    return int(digits)


def big_real(text: str, place: int) -> float:
    """A number such as 1.5`20.*^-3: digits, precision, exponent; its text ends at byte `place`. Raises
    ExpressionError."""
    mantissa, _, exponent = text.partition("*^")
    try:
        if len(text) > MOST_DIGITS:
            raise ValueError
        return float(f"{mantissa.partition('`')[0]}e{int(exponent or 0)}")
    except ValueError:
        raise ExpressionError(f"it is damaged at byte {place}: {text[:20]!r} is not a number") from None


def as_tuples(array: np.ndarray) -> Any:
    """An array as nested tuples of numbers."""

    def nested(part: Any) -> Any:
        return tuple(map(nested, part)) if isinstance(part, list) else part

    return nested(array.tolist())


def inline_array(value: Any) -> np.ndarray | None:
    """The array in an expression: a NumericArray, a RawArray (its name before 12), or numbers in lists of the same
    length; float64 for a type of 64 bits, else float32. None for another expression."""
    import numpy as np

    kind = "Real32"
    match value:
        case Expression(Symbol("NumericArray"), (data, str(kind))) | Expression(Symbol("RawArray"), (str(kind), data)):
            if kind.startswith("Unsigned") or kind == "Byte":
                data = data.view(data.dtype.str.replace("i", "u")) if getattr(data, "dtype", None) else data
        case tuple() | int() | float():
            data = value
        case _:
            return None
    try:
        found = np.asarray(data)
    except ValueError:  # lists of different lengths
        return None
    if found.dtype.kind not in "iuf":
        return None
    return found.astype(np.float64 if kind.endswith("64") else np.float32)


def association(rules: tuple[Any, ...]) -> dict[Any, Any]:
    """The dictionary of the rules of an association. Raises ExpressionError."""
    found = {}
    for rule in rules:
        match rule:
            case Expression(Symbol("Rule" | "RuleDelayed"), (key, value)):
                try:
                    found[key] = value
                except TypeError:
                    raise ExpressionError(f"an association has the key {shortened(key)}") from None
            case _:
                raise ExpressionError(f"an association has {shortened(rule)} where a rule is expected")
    return found


def shortened(value: Any, most: int = 60) -> str:
    """An expression as Mathematica would print it, cut after about `most` characters: for messages."""
    pieces: list[str] = []
    left = most

    def add(text: str) -> None:
        nonlocal left
        pieces.append(text[: max(left, 0)])
        left -= len(text)

    def write(part: Any) -> None:
        if left <= 0:
            return
        if isinstance(part, Expression):
            write(part.head)
            listed("[", part.args, "]")
        elif isinstance(part, tuple):
            listed("{", part, "}")
        elif isinstance(part, Mapping):
            add("<|")
            for number, (key, item) in enumerate(part.items()):
                add(", " if number else "")
                write(key)
                add(" -> ")
                write(item)
                if left <= 0:
                    return
            add("|>")
        elif isinstance(part, str):
            add(f'"{part}"')
        elif hasattr(part, "shape"):
            add(f"array of shape {tuple(part.shape)}")
        else:
            add(str(part))

    def listed(opening: str, parts: tuple[Any, ...], closing: str) -> None:
        add(opening)
        for number, part in enumerate(parts):
            add(", " if number else "")
            write(part)
            if left <= 0:
                return
        add(closing)

    write(value)
    return "".join(pieces).replace("\n", " ") + ("..." if left < 0 else "")
