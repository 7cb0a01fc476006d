"""Layers that are not trained. Knows names of layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from ..errors import NetconvError

SHOWN = 20


@contextmanager
def frozen(model, patterns: Sequence[str], notify: Callable[[str], object]) -> Iterator[None]:
    """Within the block, the layers whose names match a pattern (`*` for any text) are not trainable. Lists them to
    `notify`. Raises NetconvError if no layer matches a pattern, and if nothing is left to train."""
    layers = [layer for layer in model.layers if layer.weights]
    for pattern in patterns:
        if not any(fnmatchcase(layer.name, pattern) for layer in layers):
            raise NetconvError(f"no layer with weights is called {pattern!r}; there are {_listed(layers)}")
    chosen = [layer for layer in layers if any(fnmatchcase(layer.name, pattern) for pattern in patterns)]
    before = [layer.trainable for layer in chosen]
    if chosen:
        count = sum(math.prod(weight.shape) for layer in chosen for weight in layer.weights)
        notify(f"frozen: {_listed(chosen)} ({count:,} parameters)")
    try:
        for layer in chosen:
            layer.trainable = False
        if not model.trainable_variables:
            raise NetconvError("nothing is left to train: all layers with weights are frozen, or there are none")
        yield
    finally:
        for layer, trainable in zip(chosen, before, strict=True):
            layer.trainable = trainable


def _listed(layers) -> str:
    return ", ".join(layer.name for layer in layers[:SHOWN]) + (", ..." if len(layers) > SHOWN else "")
