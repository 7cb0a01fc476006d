"""Which inputs of a model are ids of an Embedding."""

from __future__ import annotations

from ..keras_api.lazy import keras


def ids_of(model) -> dict[str, tuple[int, int]]:
    """The lowest and the highest id by the name of the input. An input counts if nothing but clipping, casting,
    reshaping and the like lies between it and the Embedding; a graph of Mathematica, whose ids count from 1, subtracts
    the 1 there."""
    operations = getattr(model, "operations", model.layers)
    made_by = {id(tensor): operation for operation in operations for tensor in _tensors(operation, "output")}
    inputs = {id(tensor): (name, tensor) for name, tensor in zip(input_names(model), model.inputs, strict=True)}
    found: dict[str, tuple[int, int]] = {}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Embedding):
            continue
        for tensor in _tensors(layer, "input"):
            entry = inputs.get(id(_source(tensor, made_by, inputs)))
            offset = entry and _offset(entry[1], tensor, layer.input_dim)
            if offset is not None:
                low, high = found.get(entry[0], (0, layer.input_dim))
                found[entry[0]] = max(low, offset), min(high, layer.input_dim - 1 + offset)
    return found


def input_names(model) -> list[str]:
    return getattr(model, "input_names", None) or [tensor.name for tensor in model.inputs]  # a Sequential has none


def _tensors(operation, which: str) -> list:
    try:
        tensors = getattr(operation, which)
    except (AttributeError, ValueError):  # it is called several times, or never
        return []
    return tensors if isinstance(tensors, list | tuple) else [tensors]


def _source(tensor, made_by, inputs):
    """The tensor that another is computed from by operations of one tensor without weights."""
    while id(tensor) not in inputs:
        operation = made_by.get(id(tensor))
        befores = _tensors(operation, "input") if operation is not None else []
        if len(befores) != 1 or getattr(operation, "weights", ()) or befores[0] is tensor:
            return None
        tensor = befores[0]
    return tensor


def _offset(entry, tensor, count: int) -> int | None:
    """What is subtracted from ids on the way, found by sending some: 0 or 1; None if more is done to them."""
    if entry is tensor:
        return 0
    between = keras.Model(entry, tensor)
    shape = [1, *(size or 1 for size in entry.shape[1:])]
    ones = keras.ops.ones(shape, entry.dtype)
    zeroth, first, second = (float(keras.ops.max(keras.ops.cast(between(ones * n), "float32"))) for n in range(3))
    straight = second > zeroth and (count < 3 or second - first == 1)  # an array that is only stored is read at zeros
    return 1 - int(first) if straight and first in (0, 1) else None
