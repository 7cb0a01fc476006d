"""Traits: what passes need to know of an op apart from its shapes and its translation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Keeps(IntEnum):
    """How much of the inputs of an op its outputs keep; each level includes those before it."""

    NOTHING = 0
    """The outputs are computed."""
    ELEMENTS = 1
    """The outputs contain only elements of the inputs: selected, repeated or joined."""
    VALUES = 2
    """The output contains all elements of the one input; at most the order of its axes changes."""
    ORDER = 3
    """The output contains all elements of the first input in the same order; at most their shape, type or gradient
    changes."""
    INPUT = 4
    """The output is the first input."""


@dataclass(frozen=True)
class HeadLoss:
    """The loss that a head of a graph is trained with, by Keras's name. For classification: the axis of the classes,
    whether the head outputs logarithms of probabilities, and the class that is ignored."""

    name: str
    class_axis: int = -1
    from_logits: bool = False
    ignore_class: int | None = None
