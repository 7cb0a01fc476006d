"""Checks of the names and the values of options."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Set
from inspect import signature
from numbers import Integral, Real
from typing import Any

from ..errors import NetconvError, did_you_mean, option_name

LARGEST_SEED = 2**32 - 1


def require(name: str, value: object, fits: bool, expected: str) -> None:
    """Raises NetconvError unless the value of an option fits; `expected` is what would."""
    if not fits:
        shown = repr(value) if len(repr(value)) <= 80 else f"{type(value).__name__}"
        raise NetconvError(f"{option_name(name)} must be {expected}; received {shown}")


def require_seed(value: object) -> None:
    """Raises NetconvError unless a value is a random seed."""
    require("seed", value, is_integer(value) and value <= LARGEST_SEED, f"an integer from 0 to {LARGEST_SEED:,}")  # type: ignore[operator]


def require_shapes(value: object) -> None:
    """Raises NetconvError unless a value is None, or may be shapes by the names of inputs."""
    fits = value is None or isinstance(value, Mapping)
    require("input_shapes", value, fits, "a dictionary of shapes, such as {'data': (None, 24)}")


def check_names(function: Callable[..., Any], given: Iterable[str], further: Set[str]) -> None:
    """Raises TypeError for the first of the names `given` that is neither an argument of a function nor one of the
    `further` options that it has."""
    named = {name for name, entry in signature(function).parameters.items() if entry.kind is not entry.VAR_KEYWORD}
    for name in given:
        if name not in further | named:
            hint = did_you_mean(name, further | named)
            raise TypeError(f"{function.__name__}() has no option {name!r}" + (f"; {hint}" if hint else ""))


def as_texts(name: str, value: Any, hint: str = "") -> tuple[str, ...]:
    """The value of an option that is one text or several; `hint` follows what is expected. Raises NetconvError."""
    texts = (value,) if isinstance(value, str) else value
    fits = isinstance(texts, tuple | list) and all(isinstance(text, str) for text in texts)
    require(name, value, fits, f"a text or a tuple of texts{hint}")
    return tuple(texts)


def as_columns(name: str, value: Any) -> tuple[str, ...]:
    """The columns that an option selects, by texts; those of numbers are errors that show how to write them. Raises
    NetconvError."""
    entries = value if isinstance(value, tuple | list) else (value,)
    numbers = [entry for entry in entries if is_integer(entry, -(10**9))]
    if not numbers or not all(isinstance(entry, str) or is_integer(entry, -(10**9)) for entry in entries):
        return as_texts(name, value)
    texts = tuple(map(str, entries))
    return as_texts(name, value, f", such as {(texts if len(texts) > 1 else texts[0])!r} for columns by their number")


def split_named(text: str) -> tuple[str, str]:
    """The name of an output, or "", and what is chosen for it: `kind=AUC`; `Huber(delta=2.0)` names none."""
    match = re.fullmatch(r"([^=(]+)=(.+)", text)
    return (match[1].strip(), match[2].strip()) if match else ("", text)


def is_integer(value: object, least: int = 0) -> bool:
    """Whether a value is an integer, of Python or NumPy, and not a truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def is_number(value: object) -> bool:
    """Whether a value is a number, of Python or NumPy, and not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_path(value: object) -> bool:
    """Whether a value is a path."""
    return isinstance(value, str | os.PathLike)
