"""The layers of a model as a table, as `keras.Model.summary` has them. Knows no table format."""

from __future__ import annotations

import math

from ..keras_api.lazy import keras
from ..reports.run_record import LayerRow
from .calling import format_shape


def list_layers(model) -> tuple[LayerRow, ...]:
    """The layers and operations of a model, in the order of computation. A layer that is called several times has the
    shape of its first output, and all its inputs."""
    bare = keras.Model(model.inputs, model.outputs)  # of a Sequential model, too
    own = {id(node) for nodes in bare._nodes_by_depth.values() for node in nodes}
    rows = []
    for operation in bare.operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in own]
        inputs = dict.fromkeys(tensor._keras_history[0].name for node in nodes for tensor in node.input_tensors)
        weights = getattr(operation, "weights", ())
        trainable = getattr(operation, "trainable_weights", ())
        rows.append(
            LayerRow(
                operation.name,
                type(operation).__name__,
                "; ".join(format_shape(tensor.shape[1:]) or "1" for tensor in nodes[0].output_tensors),
                sum(math.prod(weight.shape) for weight in weights),
                sum(math.prod(weight.shape) for weight in trainable),
                tuple(inputs),
            )
        )
    return tuple(rows)
