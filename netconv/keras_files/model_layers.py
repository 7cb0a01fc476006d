"""The layers of a model as rows, as `keras.Model.summary` has them. Knows no config of a file."""

from __future__ import annotations

import math
from typing import Any

from ..keras_api.lazy import keras
from ..keras_api.model_calls import calls_of
from .layer_rows import LayerRow, Tensor, detail, heads_of, shape_text


def list_layers(model: Any) -> tuple[LayerRow, ...]:
    """The layers and operations of a model, in the order of computation. A layer that is called several times has the
    shape of its first output, and all its inputs; a nested model that is called once has its layers."""
    bare = keras.Model(model.inputs, model.outputs)  # of a Sequential model, too
    calls = calls_of(bare)
    outputs = [_tensor(tensor) for tensor in bare.outputs]
    rows = []
    for operation in bare.operations:
        nodes = calls[id(operation)]
        tensors = dict.fromkeys(_tensor(tensor) for node in nodes for tensor in node.input_tensors)
        weights, trainable = (
            sum(math.prod(weight.shape) for weight in getattr(operation, name, ()))
            for name in ("weights", "trainable_weights")
        )
        nested = isinstance(operation, keras.Model) and len(nodes) == 1 and bool(getattr(operation, "inputs", None))
        rows.append(
            LayerRow(
                operation.name, type(operation).__name__,
                "; ".join(shape_text(tensor.shape) for tensor in nodes[0].output_tensors),
                weights, trainable, tuple(tensors), _detail(operation),
                list_layers(operation) if nested else (),
                tuple(tensor._keras_history[0].name for tensor in operation.inputs) if nested else (),
                tuple(map(_tensor, operation.outputs)) if nested else (),
                heads_of(operation.name, outputs),
            )
        )  # fmt: skip
    return tuple(rows)


def _tensor(tensor: Any) -> Tensor:
    history = tensor._keras_history
    return Tensor(history[0].name, history[2], shape_text(tensor.shape))


def _detail(operation: Any) -> str:
    try:
        return detail(operation.get_config())
    except Exception:  # a layer of the user's own may have no config
        return ""
