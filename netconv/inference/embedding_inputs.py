"""The inputs of a model that take ids of an Embedding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..keras_api.lazy import keras


def id_ranges(model) -> dict[str, tuple[int, int]]:
    """The lowest and the highest id of each input that takes ids, by its name. Only operations such as clip, cast and
    reshape may be between the input and the Embedding; a net from Mathematica, whose ids count from 1, subtracts 1
    there."""
    ranges: dict[str, tuple[int, int]] = {}
    for name, layer, offset in _embeddings(model):
        low, high = ranges.get(name, (0, layer.input_dim))
        ranges[name] = max(low, offset), min(high, layer.input_dim - 1 + offset)
    return ranges


def masked_inputs(model) -> frozenset[str]:
    """The names of the inputs whose id 0 is masked."""
    return frozenset(name for name, layer, offset in _embeddings(model) if layer.mask_zero and not offset)


def _embeddings(model) -> Iterator[tuple[str, Any, int]]:
    """The name of each input that takes ids, an Embedding of these, and what is subtracted from the ids before."""
    operations = getattr(model, "operations", model.layers)
    made_by = {id(tensor): operation for operation in operations for tensor in _tensors(operation, "output")}
    inputs = {id(tensor): (name, tensor) for name, tensor in zip(input_names(model), model.inputs, strict=True)}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Embedding):
            continue
        for tensor in _tensors(layer, "input"):
            source = _source(tensor, made_by, inputs)
            if source is None:
                continue
            name, entry = source
            offset = _offset(entry, tensor, layer.input_dim)
            if offset is not None:
                yield name, layer, offset


def input_names(model) -> list[str]:
    return getattr(model, "input_names", None) or [tensor.name for tensor in model.inputs]  # a Sequential has none


def _tensors(operation, which: str) -> list:
    try:
        tensors = getattr(operation, which)
    except (AttributeError, ValueError):  # it is called several times, or never
        return []
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _source(tensor, made_by: dict, inputs: dict) -> tuple | None:
    """The (name, tensor) of the input that a tensor is computed from by operations of one tensor without weights."""
    while id(tensor) not in inputs:
        operation = made_by.get(id(tensor))
        if operation is None or getattr(operation, "weights", None):
            return None
        before = _tensors(operation, "input")
        if len(before) != 1 or before[0] is tensor:
            return None
        tensor = before[0]
    return inputs[id(tensor)]


def _offset(entry, tensor, count: int) -> int | None:
    """What is subtracted from ids between an input and a tensor, found by trying some: 0 or 1; None if they are changed
    otherwise."""
    if entry is tensor:
        return 0
    between = keras.Model(entry, tensor)
    shape = [1, *(size or 1 for size in entry.shape[1:])]
    ones = keras.ops.ones(shape, entry.dtype)
    zeroth, first, second = (float(keras.ops.max(keras.ops.cast(between(ones * n), "float32"))) for n in range(3))
    linear = second > zeroth and (count < 3 or second - first == 1)  # a stored array is read at zeros whatever the ids
    return 1 - int(first) if linear and first in (0, 1) else None
