"""Parses the text of attributes to Python values, without evaluating it; one parser for each annotation. Knows no
op."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal

_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
_INT = re.compile(r"[+-]?\d{1,30}L?$")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?f?$|[+-]?(inf|infinity|nan)$", re.IGNORECASE)
_PAIRS = re.compile(r"[(\[]([(\[] ?-?\d{1,18}, ?-?\d{1,18}[)\]](, ?|(?=[)\]]$)))*[)\]]$")
LONGEST = 100_000
TYPES = {
    0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8", 6: "int64", 7: "bool",
}  # fmt: skip
"""The dtypes by MXNet's numbers for them, the same in every version since 1.5."""

ElementType = Annotated[str, "type"]
"""The name of a dtype in TYPES."""
Count = Annotated[int, "at least 1"]
"""An integer of at least 1."""
Ints = Annotated[tuple[int, ...], "ints"]
"""A tuple of integers: "(2, 2)", "[2,2]", "(2L, 2L)", "(2)" or "2"; "None" is the empty tuple."""
Counts = Annotated[tuple[int, ...], "ints of at least 1"]
"""As Ints, with integers of at least 1."""
IntsNone = Annotated[tuple[int | None, ...], "ints or None"]
"""As Ints, and elements may be "None"."""
Floats = Annotated[tuple[float, ...], "numbers"]
"""A tuple of numbers."""
Pairs = Annotated[tuple[tuple[int, int], ...], "pairs"]
"""A tuple of pairs of integers: "((1, 1), (0, 2))"."""


def _bool(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _int(text: str) -> int:
    if _INT.match(text):
        number = int(text.rstrip("L"))
    elif _NUMBER.match(text) and float(text).is_integer():
        number = int(float(text))
    elif text.lower() in ("true", "false"):
        number = int(text.lower() == "true")
    else:
        raise ValueError(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    number = _int(text)
    if not 1 <= number < 2**31:
        raise ValueError(text)
    return number


def _float(text: str) -> float:
    if _NUMBER.match(text):
        return float(text.rstrip("fF") if text[-1:] in "fF" and not text.lower().endswith("inf") else text)
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    raise ValueError(text)


def _items(text: str) -> list[str]:
    if len(text) > LONGEST:
        raise ValueError(text)
    if text[:1] in "([" and text[-1:] in ")]":
        text = text[1:-1]
    parts = [part.strip() for part in text.split(",")]
    if parts[-1] == "":  # "(3,)" and "()"
        parts.pop()
    return parts


def _lengths(text: str) -> list[str]:
    """The items of a tuple; "None" is the empty tuple."""
    return [] if text.lower() == "none" else _items(text)


def _type(text: str) -> str:
    if text not in TYPES.values():
        raise ValueError(text)
    return text


def _int_or_none(text: str) -> int | None:
    return None if text.lower() == "none" else _int(text)


def _pairs(text: str) -> tuple[tuple[int, int], ...]:
    if len(text) > LONGEST or not _PAIRS.match(text):
        raise ValueError(text)
    numbers = [int(number) for number in re.findall(r"-?\d+", text)]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


_PARSERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    bool: (_bool, "a boolean"),
    int: (_int, "an integer"),
    float: (_float, "a number"),
    str: (str, "text"),
    ElementType: (_type, "a type such as float32 or int32"),
    Count: (_count, "an integer of at least 1"),
    Counts: (lambda text: tuple(map(_count, _lengths(text))), "a tuple of integers of at least 1"),
    Ints: (lambda text: tuple(map(_int, _lengths(text))), "a tuple of integers"),
    IntsNone: (lambda text: tuple(map(_int_or_none, _items(text))), "a tuple of integers or None"),
    Floats: (lambda text: tuple(map(_float, _items(text))), "a tuple of numbers"),
    Pairs: (_pairs, "a tuple of pairs of integers"),
}


def parse(text: str, annotation: Any) -> Any:
    """The value of `text` as `annotation`: a key of _PARSERS, a Literal, or any of these `| None`. Raises ValueError
    with a description of the expected text."""
    text = text.strip()
    if annotation in _PARSERS:
        parser, expected = _PARSERS[annotation]
        try:
            return parser(text)
        except (ValueError, OverflowError):
            raise ValueError(expected) from None
    if typing.get_origin(annotation) is Literal:
        choices = typing.get_args(annotation)
        for choice in choices:
            try:
                if parse(text, type(choice)) == choice:
                    return choice
            except ValueError:
                continue
        raise ValueError(" or ".join(str(choice) for choice in choices))
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        if len(members) < len(typing.get_args(annotation)) and text.lower() in ("none", "null"):
            return None
        problems = []
        for member in members:
            try:
                return parse(text, member)
            except ValueError as error:
                problems.append(str(error))
        raise ValueError(" or ".join(problems))
    raise TypeError(f"no parser for {annotation!r}")
