"""The names of the operations of a loaded model that are no layers. Knows models and configs, no file.

A config names each operation twice: as an entry of its model, and among its own arguments. Only the latter are given
to the operation, and where its class takes no name, as most did before Keras 3.14, it gets one of Keras's choice.
"""

from __future__ import annotations

from typing import Any

from ..keras_api.lazy import keras
from ..keras_api.model_calls import calls_of
from .shared_layers import tensors


def restore_names(model, config: dict[str, Any]) -> None:
    """Gives the operations of a model that was made of `config`, and of the models within it, the names of their
    entries. Models that are not functional have only layers."""
    if config["class_name"] != "Functional":
        return
    config = config["config"]
    entries = {entry["name"]: entry for entry in reversed(config["layers"])}  # the first of a layer has its calls
    calls = calls_of(model)
    seen = set()
    ends = keras.tree.flatten(config["output_layers"])[::3]  # name, number of the call, number of the output
    waiting = list(zip(ends, model.outputs, strict=True))
    while waiting:
        name, tensor = waiting.pop()
        operation = tensor._keras_history.operation
        if name in seen:
            continue
        seen.add(name)
        if isinstance(operation, keras.Model):
            restore_names(operation, entries[name])
        elif not isinstance(operation, keras.layers.Layer):
            operation.name = name
        nodes = entries[name]["inbound_nodes"]  # the call of an input is no node
        for node, call in zip(nodes, calls[id(operation)], strict=False):
            waiting += zip(_sources(node), call.input_tensors, strict=False)


def _sources(node) -> list[str]:
    """The names of the entries that the inputs of a call come from, in Keras's order."""
    if isinstance(node, list):  # written in the way of Keras 2
        return [history[0] for history in node]
    return [history[0] for history in tensors(node)]
