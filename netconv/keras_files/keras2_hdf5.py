"""Writes `.h5` files that Keras 2 loads, predicts with and trains further, and Keras 3 too.

Source of the format: save_model_to_hdf5 of keras 2.15.0, src/saving/legacy/hdf5_format.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_files import reserve
from ..errors import LayerError
from ..keras_api.lazy import keras, no_collection
from ..keras_api.model_calls import calls_of
from .keras2_config import layer_config, training_config
from .operations_as_layers import as_layers

VERSION = b"2.15.0"
HEADER_LIMIT = 64512
"""The most bytes of an attribute that is an array of names; more are stored in several."""
OVERHEAD = 4096
"""The most bytes that HDF5 needs for a variable besides its values."""
DEEPEST = 850
"""The most layers in a row: Keras 2 traverses a model by recursion."""
TOP_LEVEL = "top_level_model_weights"


def save(model, path: Path) -> None:
    """Writes a model to `path`. Raises LayerError for what Keras 2 does not have, and OSError."""
    import h5py

    if not model.built or not getattr(model, "inputs", None):
        raise LayerError(type(model).__name__, model.name, "is not a functional model")
    with no_collection():
        layered, names = _layered(model)
        config = {"class_name": "Functional", "config": _model_config(layered, _scope_name(model.name), names)}
        metadata = {"model_config": config}
        if model.compiled:
            metadata["training_config"] = training_config(model)
    reserve(path, sum(4 * math.prod(variable.shape) + OVERHEAD for variable in model.variables))
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = VERSION, b"tensorflow"
        for name, value in metadata.items():
            file.attrs[name] = json.dumps(value).encode()
        _write_weights(file.create_group("model_weights"), layered, names)


def _layered(model) -> tuple[Any, dict[int, str]]:
    """The model as one of layers alone, and the names of its layers in the file by the id of the layer."""
    for part in model.layers:
        if isinstance(part, keras.Model):
            raise LayerError(
                f"layer {type(part).__name__}", part.name,
                f"is a model in the model; a net of more than {DEEPEST} layers in a row becomes several models",
            )  # fmt: skip
    inputs = [keras.Input(batch_shape=x.shape, dtype=x.dtype, name=x.name) for x in model.inputs]
    try:
        layered = as_layers(model, inputs)
    except RecursionError:
        raise LayerError("model", model.name, f"is more than {DEEPEST} layers deep") from None
    if len(layered._nodes_by_depth) > DEEPEST:
        raise LayerError("model", model.name, f"is more than {DEEPEST} layers deep")
    taken = {TOP_LEVEL}
    names = {}
    for layer in sorted(layered.layers, key=lambda layer: layer.name != _scope_name(layer.name)):
        names[id(layer)] = _new_name(layer.name, taken)
        taken.add(names[id(layer)].lower())
    return layered, names


def _new_name(name: str, taken: Collection[str]) -> str:
    """The name as TensorFlow accepts it for a scope, with a number added if it is taken."""
    base = _scope_name(name)
    candidate, n = base, 1
    while candidate.lower() in taken:
        candidate, n = f"{base}_{n}", n + 1
    return candidate


def _scope_name(name: str) -> str:
    """TensorFlow accepts as the name of a scope only one that begins with a letter, a digit or a dot."""
    return name.lstrip("_-") or "layer"


def _model_config(model, name: str, names: dict[int, str]) -> dict[str, Any]:
    """The configuration of a model, whose layers are in the order in which Keras 2 has them after loading: it takes the
    weights in this order."""
    called = calls_of(model)
    # the number of a node among those of its layer that belong to the model
    numbers = {id(node): number for nodes in called.values() for number, node in enumerate(nodes)}

    def reference(tensor) -> list:
        layer, index, output = tensor._keras_history
        return [names[id(layer)], numbers[id(layer._inbound_nodes[index])], output]

    entries = []
    for layer in model.layers:
        inbound = [
            [[*reference(tensor), {}] for tensor in _arguments(layer, node)]
            for node in called[id(layer)]
            if not node.is_input
        ]
        entries.append(layer_config(layer, names[id(layer)]) | {"inbound_nodes": inbound})
    return {
        "name": name,
        "trainable": True,
        "layers": entries,
        "input_layers": [reference(tensor) for tensor in model.inputs],
        "output_layers": [reference(tensor) for tensor in model.outputs],
    }


def _arguments(layer, node) -> list:
    """The tensors that a layer is called with, which must be its only argument."""
    tensors = keras.tree.flatten(node.arguments.args)
    further = [name for name, value in node.arguments.kwargs.items() if value is not None and value is not False]
    if further or len(node.arguments.args) != 1 or not all(map(keras.backend.is_keras_tensor, tensors)):
        argument = (further or ["further arguments"])[0]
        raise LayerError(
            f"layer {type(layer).__name__}", layer.name, f"has {argument}, which Keras 2 stores differently"
        )
    return tensors


def _write_weights(group, model, names: dict[int, str]) -> None:
    """The weights of each layer: those that are trained, then the others."""
    group.attrs["keras_version"], group.attrs["backend"] = VERSION, b"tensorflow"
    _write_names(group, "layer_names", [names[id(layer)] for layer in model.layers])
    for layer in model.layers:
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        stored = group.create_group(names[id(layer)])
        paths = [_weight_name(layer, weight, names[id(layer)]) for weight in weights]
        _write_names(stored, "weight_names", paths)
        for path, weight in zip(paths, weights, strict=True):
            stored.create_dataset(path, data=np.asarray(weight))
    _write_names(group.create_group(TOP_LEVEL), "weight_names", [])


def _weight_name(layer, weight, name: str) -> str:
    inside = weight.path.removeprefix(f"{layer.name}/")
    if type(layer).__name__.startswith("Depthwise") and inside == "kernel":
        inside = "depthwise_kernel"
    return f"{name}/{inside}:0"


def _write_names(group, attribute: str, names: list[str]) -> None:
    """Stores names as an attribute, or as `attribute0`, `attribute1` ... if they are too long for one."""
    encoded = [name.encode() for name in names]
    longest = max(map(len, encoded), default=1)
    each = max(1, HEADER_LIMIT // longest)
    parts = [encoded[i : i + each] for i in range(0, len(encoded), each)] or [[]]
    for number, part in enumerate(parts):
        group.attrs[attribute if len(parts) == 1 else f"{attribute}{number}"] = np.array(part, f"S{longest}")
