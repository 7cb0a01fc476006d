"""Expressions as text, in the part of Mathematica's InputForm that nets are written in, as data: numbers, strings,
symbols, lists, associations, rules and `f[x, y]`. Nothing is evaluated. Operators are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .expressions import (
    BoundedReader,
    Expression,
    ExpressionError,
    Symbol,
    applied,
    association,
    big_integer,
    big_real,
    symbol,
)

LONGEST = 64 << 20
"""The most characters."""
TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>-?\d+(?:\.\d*)?(?:``?[\d.]*)?(?:\*\^[+-]?\d+)?)
    |(?P<symbol>[$A-Za-z][$A-Za-z0-9]*(?:`[$A-Za-z][$A-Za-z0-9]*)*)
    |(?P<sign><\||\|>|->|:>|[\[\]{},])
    |(?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
ESCAPED = re.compile(r"\\(?::([0-9a-fA-F]{4})|(.))", re.DOTALL)


def parse(text: str) -> Any:
    """The expression of a text. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"it has more than {LONGEST >> 20} Mi characters")
    reader = _Reader(text)
    found = reader.expression(0)
    if reader.kind != "end":
        raise reader.unexpected()
    return found


class _Reader(BoundedReader):
    """The text, and its next token: its `kind`, its text, and where it begins."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source, self.next_position = text, 0
        self.advance()

    def advance(self) -> None:
        found = TOKEN.match(self.source, self.next_position)
        if found is None:
            self.start = len(self.source) - len(self.source[self.next_position :].lstrip())
            raise self.unexpected()
        self.kind = found.lastgroup or ""
        self.token = found[self.kind]
        self.start, self.next_position = found.start(self.kind), found.end()

    def unexpected(self) -> ExpressionError:
        if self.start >= len(self.source):
            return ExpressionError("its text is cut off")
        return ExpressionError(
            f"{self.source[self.start : self.start + 20]!r} at character {self.start + 1} of its text is not read: of "
            "InputForm only numbers, strings, symbols, lists, associations, rules and f[x] are; Export writes it "
            "compressed"
        )

    def taken(self, sign: str) -> bool:
        """Whether the next token is a sign; passes it then."""
        if self.kind != "sign" or self.token != sign:
            return False
        self.advance()
        return True

    def expression(self, depth: int) -> Any:
        """An expression, or a rule."""
        self.begin(depth)
        found = self.part(depth)
        while self.taken("["):
            found = applied(found, self.listed("]", depth))
        if self.taken("->") or self.taken(":>"):
            return Expression(Symbol("Rule"), (found, self.expression(depth + 1)))
        return found

    def part(self, depth: int) -> Any:
        kind, token = self.kind, self.token
        if self.taken("{"):
            return self.listed("}", depth)
        if self.taken("<|"):
            return association(self.listed("|>", depth))
        read = PARTS.get(kind)
        if read is None:
            raise self.unexpected()
        self.advance()
        return read(token)

    def listed(self, closing: str, depth: int) -> tuple[Any, ...]:
        """The expressions up to a sign, separated by commas."""
        found: list[Any] = []
        while not self.taken(closing):
            if found and not self.taken(","):
                raise self.unexpected()
            found.append(self.expression(depth + 1))
        return tuple(found)


def _string(token: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found[2] is not None and found[2] not in ESCAPES:
            raise ExpressionError(f"the escape {found[0]!r} in its strings is not known")
        return chr(int(found[1], 16)) if found[1] else ESCAPES[str(found[2])]

    return ESCAPED.sub(character, token[1:-1])


def _number(token: str) -> int | float:
    return big_integer(token, 0) if re.fullmatch(r"-?\d+", token) else big_real(token, 0)


PARTS: dict[str, Callable[[str], Any]] = {"string": _string, "number": _number, "symbol": symbol}
