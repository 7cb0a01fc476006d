"""Expressions of code that uses Keras, as Python and R write them. Knows no model.

Names and values of a model are data: each is written as a literal, or as an identifier that was made of it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .line_wrapping import wrapped

WIDTH = 120
"""How long lines may be."""
MANY = 80
"""How long the variables on the left of a line may be without brackets, in which they can be wrapped."""


@dataclass(frozen=True)
class Variable:
    """A variable, by its identifier."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call of `function`: a name with dots such as `layers.Dense`, or an expression."""

    function: Any
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """A part of a tensor, or of a structure of tensors."""

    of: Any
    key: Any


@dataclass(frozen=True)
class Array:
    """An array of numbers: nested lists, a number, or the range of the numbers in all axes; and the dtype."""

    values: Any
    shape: tuple[int, ...]
    dtype: str


class Python:
    """How Python writes it."""

    comment, assign, indent, last_comma = "#", "=", "    ", ","
    reserved = frozenset(
        "False None True and as assert async await break case class continue def del elif else except finally for from "
        "global if import in is lambda match nonlocal not or pass raise return try type while with yield "
        "keras layers ops np float slice Path model".split()
    )
    """The identifiers that a variable cannot have."""

    def text(self, value: Any) -> str:
        """An expression or a value."""
        match value:
            case Variable(name):
                return name
            case Call(function, arguments, named):
                return f"{self._function(function)}({self._listed(arguments, named)})"
            case Item(of, key):
                return f"{self.text(of)}[{self._keys(key)}]"
            case Array(range() as values, shape, dtype):
                made = Call("np.arange", _bounds(values), {"dtype": dtype})
                return self.text(made) + (f".reshape({self._listed(shape, {})})" if len(shape) > 1 else "")
            case Array(values, _, dtype):
                return f'np.array({self.text(values)}, "{dtype}")'
            case str():
                return json.dumps(value, ensure_ascii=False) if value.isprintable() else ascii(value)
            case float():
                return repr(value) if math.isfinite(value) else f'float("{value}")'
            case list():
                return f"[{', '.join(map(self.text, value))}]"
            case tuple():
                return f"({', '.join(map(self.text, value))}{',' if len(value) == 1 else ''})"
            case Mapping():
                return "{" + ", ".join(f"{self.text(key)}: {self.text(each)}" for key, each in value.items()) + "}"
            case slice():
                return f"slice({self.text(value.start)}, {self.text(value.stop)}, {self.text(value.step)})"
            case None | bool() | int():
                return repr(value)
        return "..." if value is Ellipsis else _no_literal(value)

    def _function(self, function: Any) -> str:
        return function if isinstance(function, str) else self.text(function)

    def _listed(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> str:
        return ", ".join([*map(self.text, arguments), *(f"{name}={self.text(each)}" for name, each in named.items())])

    def _keys(self, key: Any) -> str:
        """What is in the brackets of a part; Keras takes a slice only within a tuple, which the comma makes."""
        if not isinstance(key, tuple) or not key:
            return self._key(key)
        return ", ".join(map(self._key, key)) + ("," if len(key) == 1 else "")

    def _key(self, key: Any) -> str:
        if not isinstance(key, slice):
            return self.text(key)
        start, stop = ("" if each is None else self.text(each) for each in (key.start, key.stop))
        return f"{start}:{stop}" + ("" if key.step is None else f":{self.text(key.step)}")

    def unpacked(self, names: Sequence[str], value: str) -> list[str]:
        """The lines that give the elements of a value to variables."""
        targets = f"{', '.join(names)}{',' if len(names) == 1 else ''}"
        return [f"({targets}) = {value}" if len(targets) > MANY else f"{targets} = {value}"]

    def function(self, name: str, parameters: Iterable[str], lines: Sequence[str], result: str) -> list[str]:
        """The lines of the definition of a function."""
        return [f"def {name}({', '.join(parameters)}):", *self._body([*lines, f"return {result}"])]

    def _body(self, lines: Sequence[str]) -> list[str]:
        room = WIDTH - len(self.indent)
        return [self.indent + each for line in lines for each in self.wrapped(line, room)]

    def wrapped(self, line: str, width: int = WIDTH) -> list[str]:
        """A line, as several if it is long."""
        return wrapped(line, width, self.indent, self.last_comma)


class R(Python):
    """How R writes it, with reticulate."""

    assign, indent, last_comma = "<-", "  ", ""
    words = frozenset("if else repeat while function for next break TRUE FALSE NULL Inf NaN NA in".split())
    """The words of the language, which are names only in backticks."""
    reserved = words | frozenset(
        "T F c list tuple dict import keras layers ops int slice seq np_array array_reshape invisible ellipsis "
        "model".split()
    )

    def text(self, value: Any) -> str:
        match value:
            case Item(of, key) if isinstance(key, int | str) and not isinstance(of, Variable):
                return f"{self.text(of)}[[{self.text(key + 1 if isinstance(key, int) else key)}]]"
            case Item(of, key):
                return f"{self.text(of)}$`__getitem__`({self.text(key)})"
            case Array(values, shape, dtype):
                is_range = isinstance(values, range)
                numbers = _r_range(values) if is_range else f"c({', '.join(map(self.text, _flat(values)))})"
                return f'np_array(array_reshape({numbers}, c({", ".join(map(str, shape)) or 1})), dtype = "{dtype}")'
            case str():
                return '"' + "".join(map(_r_character, value)) + '"'
            case bool():
                return str(value).upper()
            case int():
                return f"{value}L" if abs(value) < 2**31 else f'int("{value}")'
            case float():
                return _r_float(value)
            case list():
                return f"list({', '.join(map(self.text, value))})"
            case tuple():
                return f"tuple({', '.join(map(self.text, value))})"
            case Mapping():
                pairs = (f"{self.text(str(key))} = {self.text(each)}" for key, each in value.items())
                return f"dict({', '.join(pairs)})"
            case slice(start=None, step=None):
                return f"slice({self.text(value.stop)})"
            case slice(step=None):
                return f"slice({self.text(value.start)}, {self.text(value.stop)})"
            case None:
                return "NULL"
        return "ellipsis" if value is Ellipsis else super().text(value)

    def _function(self, function: Any) -> str:
        if not isinstance(function, str):
            return self.text(function)
        return "$".join(f"`{part}`" if part in self.words else part for part in function.split("."))

    def _listed(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> str:
        return ", ".join([*map(self.text, arguments), *(f"{name} = {self.text(each)}" for name, each in named.items())])

    def unpacked(self, names: Sequence[str], value: str) -> list[str]:
        return [f"parts <- {value}", *(f"{name} <- parts[[{number}]]" for number, name in enumerate(names, 1))]

    def function(self, name: str, parameters: Iterable[str], lines: Sequence[str], result: str) -> list[str]:
        return [f"{name} <- function({', '.join(parameters)}) {{", *self._body([*lines, result]), "}"]


class Identifiers:
    """Identifiers made of names, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def of(self, name: str) -> str:
        """An identifier of ASCII letters, digits and underscores that was not given before."""
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "x"
        plain = plain if plain[0].isalpha() else f"x{plain}"
        identifier, number = plain, 1
        while identifier in self.taken:
            identifier, number = f"{plain}_{number}", number + 1
        self.taken.add(identifier)
        return identifier


def _no_literal(value: Any):
    raise TypeError(f"{type(value).__name__} has no literal")


def _bounds(values: range) -> tuple[int, ...]:
    """The arguments of `arange`, without those at their defaults."""
    if values.step != 1:
        return values.start, values.stop, values.step
    return (values.start, values.stop) if values.start else (values.stop,)


def _r_range(values: range) -> str:
    if abs(values.step) == 1:
        return f"{values[0]}:{values[-1]}"
    return f"seq({values[0]}L, {values[-1]}L, by = {values.step}L)"


def _flat(values: Any) -> list[Any]:
    return [number for each in values for number in _flat(each)] if isinstance(values, list) else [values]


def _r_character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _r_float(value: float) -> str:
    """R rounds decimals of many digits in its own way; hexadecimal ones are exact."""
    if not math.isfinite(value):
        return {math.inf: "Inf", -math.inf: "-Inf"}.get(value, "NaN")
    decimal = repr(value)
    digits = re.sub(r"e.*|\D", "", decimal)
    if len(digits.strip("0")) > 15:
        return value.hex()
    return decimal
