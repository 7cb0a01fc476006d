"""What passes ask of an op, beside its shapes and its translation. Knows no single op."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Keeps(IntEnum):
    """What the outputs of an op have of its inputs; each includes those before it."""

    NOTHING = 0
    """They are computed."""
    ELEMENTS = 1
    """Elements of the inputs, and no other: chosen, repeated or joined."""
    VALUES = 2
    """All elements of the one input, with their axes in another order at most."""
    ORDER = 3
    """All elements of the first input in their order, with another shape, type or gradient at most."""
    INPUT = 4
    """The first input itself."""


@dataclass(frozen=True)
class HeadLoss:
    """What a head of a graph is trained with: a loss as Keras names it. Of classes: their axis, whether the head has
    logarithms of probabilities, and the class that is ignored."""

    name: str
    class_axis: int = -1
    from_logits: bool = False
    ignore_class: int | None = None
