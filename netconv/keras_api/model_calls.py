"""The calls of layers and operations that make up a functional model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .lazy import keras


def calls_of(model) -> dict[int, list[Any]]:
    """The calls in a functional model, by the id of the operation. The operation may have others, in other models:
    Keras makes a new one of a Sequential model for each layer that is added."""
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    return {id(each): [node for node in each._inbound_nodes if id(node) in own] for each in model.operations}


def single_calls(model) -> dict[int, Any]:
    """The calls of operations that are called once in a functional model, by the id of the operation."""
    return {key: calls[0] for key, calls in calls_of(model).items() if len(calls) == 1}


def set_names_aside(outputs: Sequence[Any]) -> None:
    """Gives the operations before tensors that are not layers names that no node has, until they are named: those that
    Keras gives them may be names of nodes, and a model must not have a name twice."""
    waiting, seen = [tensor._keras_history.operation for tensor in outputs], set()
    while waiting:
        operation = waiting.pop()
        if id(operation) not in seen:
            seen.add(id(operation))
            if not isinstance(operation, keras.layers.Layer):
                operation.name = f"operation {len(seen)}"
            calls = operation._inbound_nodes
            waiting += [tensor._keras_history.operation for call in calls for tensor in call.input_tensors]
