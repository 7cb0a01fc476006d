"""The layers of a model that have weights, by name. Knows no graph."""

from __future__ import annotations

from typing import Any

from .lazy import keras


def weighted_layers(model) -> dict[str, Any]:
    """The layers with weights, by name, those of models in the model included.

    A weight is identified by the name of its layer and its position in `layer.weights`: `load_model` keeps both on
    every backend, whereas the paths of the variables in a Bidirectional layer change.
    """
    found: dict[str, Any] = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found |= weighted_layers(layer)
        elif layer.weights:
            found[layer.name] = layer
    return found
