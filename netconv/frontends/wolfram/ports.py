"""The types of ports: shapes, class numbers, and the encoder or decoder that stands in the place of a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import FormatError
from .expressions import Expression, Symbol

SCALARS = ("RealT", "AtomT", "ScalarT", "IntegerT", "NaturalT", "BooleanT")
"""Types of one number. An AtomT is a real number in every version."""


@dataclass(frozen=True)
class Coder:
    """An encoder or decoder: its `kind`, such as "Image" or "Class", and its parameters as they are in the file."""

    kind: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Port:
    """The type of a port: its `shape` without the batch axis, None for a length of any size; None if the number of axes
    is not known. Class numbers count from 1 up to `classes`."""

    shape: tuple[int | None, ...] | None
    classes: int | None = None
    coder: Coder | None = None


def unwrapped(value: Any) -> Any:
    """x of ValidatedParameter[x]."""
    while isinstance(value, Expression) and value.name == "ValidatedParameter" and len(value.args) == 1:
        (value,) = value.args
    return value


def dimension(value: Any) -> int | None:
    """A length; None if it is a LengthVar, or not determined."""
    return value if type(value) is int and value > 0 else None


def port(found: Any) -> Port:
    """The type of a port."""
    match unwrapped(found):
        case Symbol(name) if name in SCALARS:
            return Port(())
        case Expression(Symbol("IndexIntegerT"), (count,)):
            return Port((), count if type(count) is int else None)
        case Expression(Symbol("TensorT"), (int() | Symbol(), tuple(lengths))):  # 11.0: the number of axes, the lengths
            return Port(tuple(map(dimension, lengths)))
        case Expression(Symbol("EncodedType" | "DecodedType"), (coder, inner)):  # 11.0
            return replace(port(inner), coder=port(coder).coder)
        case Expression(Symbol("TensorT"), (tuple(lengths), inner)):
            return _with_axes(tuple(map(dimension, lengths)), port(inner))
        case Expression(Symbol("TensorT"), (tuple(lengths),)):
            return Port(tuple(map(dimension, lengths)))
        case Expression(Symbol("SequenceT" | "ChannelT"), (length, inner)):
            return _with_axes((dimension(length),), port(inner))
        case Expression(Symbol("VectorT"), (length, *_)):
            return Port((dimension(length),))
        case Expression(Symbol("NetEncoder" | "NetDecoder"), (str(kind), *rest)):
            parameters = rest[0] if rest and isinstance(rest[0], dict) else {}
            inner = port(rest[-1]) if len(rest) > 1 else Port(None)
            return replace(inner, coder=Coder(kind, parameters))
    return Port(None)


def _with_axes(lengths: tuple[int | None, ...], inner: Port) -> Port:
    return replace(inner, shape=None if inner.shape is None else (*lengths, *inner.shape))


def ports(net: Mapping[str, Any], side: str) -> dict[str, Port]:
    """The Inputs or Outputs of a net, by name."""
    found = net.get(side, {})
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise FormatError(f"the {net['Type']} has no {side}")
    return {name: port(each) for name, each in found.items()}
