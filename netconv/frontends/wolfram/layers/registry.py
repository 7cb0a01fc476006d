"""The types of layers that are known. Knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ....graph.graph import Edge
from ..builder import Layer

Translation = Callable[[Layer], "Edge | dict[str, Edge]"]
"""Adds the nodes of a layer; returns the edge of its output, or the edges of its outputs by port."""

FAMILIES = (
    "basic", "threading", "spatial", "normalization", "shapes", "sequences", "indices", "recurrent", "operators",
    "attention", "losses",
)  # fmt: skip
UNSUPPORTED = {
    "ImageAugmentation": "Keras has no layer with the same random crops and reflections",
    "RandomElementwise": "Keras has no layer with the same random functions",
}
"""Types of layers that are known and cannot be converted exactly, with the reason."""
_TRANSLATIONS: dict[str, Translation] = {}
IMPLIED: dict[str, frozenset[str]] = {}
"""By type, the parameters that the types of its ports or its arrays imply, or that have no effect on its outputs."""


def layer(*kinds: str, implied: str = "") -> Callable[[Translation], Translation]:
    """Declares the translation of layers of the types `kinds`, as the file names them; `implied` are names of
    parameters (IMPLIED)."""

    def declare(function: Translation) -> Translation:
        _TRANSLATIONS.update(dict.fromkeys(kinds, function))
        IMPLIED.update(dict.fromkeys(kinds, frozenset(implied.split())))
        return function

    return declare


def translations() -> dict[str, Translation]:
    """The translations of all known types."""
    for family in FAMILIES:
        import_module(f".{family}", __package__)
    return _TRANSLATIONS
