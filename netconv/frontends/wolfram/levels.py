"""Levels of an array, as Mathematica counts them: from 1 for the first axis after the batch, from -1 for the last."""

from __future__ import annotations

from typing import Any

from .builder import Layer
from .expressions import Expression, Symbol

DEFAULT = Expression(Symbol("Span"), (2, Symbol("All")))


def levels(at: Layer, name: str, rank: int) -> tuple[int, ...]:
    """The levels in a parameter: an integer, All, a span, or a list of these; 2 ;; All is the default."""
    value = at.parameter(name, DEFAULT)
    found: set[int] = set()
    for part in value if isinstance(value, tuple) else (value,):
        found.update(_levels(at, name, part, rank))
    return tuple(sorted(found))


def _levels(at: Layer, name: str, value: Any, rank: int) -> range:
    match value:
        case Symbol("All"):
            return range(1, rank + 1)
        case int(level) if 1 <= abs(level) <= rank:
            level = level if level > 0 else rank + 1 + level
            return range(level, level + 1)
        case Expression(Symbol("Span"), (first, last)):
            return range(_end(at, name, first, rank), _end(at, name, last, rank) + 1)
    raise at.error(f"parameter {name} must be levels of an input of {rank} axes", value)


def _end(at: Layer, name: str, value: Any, rank: int) -> int:
    if value == Symbol("All"):
        return rank
    if type(value) is not int or not 1 <= abs(value) <= rank:
        raise at.error(f"parameter {name} must be levels of an input of {rank} axes", value)
    return value if value > 0 else rank + 1 + value
