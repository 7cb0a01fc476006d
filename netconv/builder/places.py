"""Where a built model computes the outputs of the nodes of its graph: by names, which the model's file keeps. Knows no
op."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph.graph import Edge
from ..keras_api.lazy import keras
from ..keras_api.model_calls import calls_of
from ..kernels.layout import Flat, LaidOutTensor, Operand, Order, permuted_shape

if TYPE_CHECKING:
    import numpy as np


class Place(NamedTuple):
    """A tensor of a model: output `output` of call `call` of the operation of this name; `order` is that of its axes.
    `part` is the number of the model within the model that has the operation, 0 for the model itself."""

    part: int
    operation: str
    call: int
    output: int
    order: Order | Flat


def places_of(model, values: Mapping[Edge, Operand | None]) -> dict[Edge, Place]:
    """The places of those values of a graph that are tensors of the model."""
    found = {}
    for number, part in enumerate(_parts(model)):
        for operation, call, output, tensor in _tensors(part):
            found[id(tensor)] = number, operation.name, call, output
    return {
        edge: Place(*found[id(tensor)], order)
        for edge, value in values.items()
        if isinstance(value, LaidOutTensor)
        for order, tensor in list(value.forms.items())[:1]
        if id(tensor) in found
    }


def _parts(model) -> list[Any]:
    """The model and the models within it, in order; their names depend on that of the net's file."""
    return [model, *(layer for layer in model.layers if isinstance(layer, keras.Model))]


def _tensors(part) -> Iterator[tuple[Any, int, int, Any]]:
    """The operation, call, output and tensor of all that a model computes."""
    calls = calls_of(part)
    for operation in part.operations:
        if isinstance(operation, (keras.layers.InputLayer, keras.Model)):
            continue
        for call, node in enumerate(calls[id(operation)]):
            for output, tensor in enumerate(node.output_tensors):
                yield operation, call, output, tensor


def tensors_at(model, places: Mapping[Edge, Place]) -> dict[Edge, tuple[Any, Any]]:
    """For each place that the model has, the part that computes the tensor, and the tensor."""
    found = {}
    for number, part in enumerate(_parts(model)):
        for operation, call, output, tensor in _tensors(part):
            found[number, operation.name, call, output] = part, tensor
    return {edge: found[place[:4]] for edge, place in places.items() if place[:4] in found}


def values_at(model, inputs: Sequence[Any], tensors: Sequence[tuple[Any, Any]]) -> list[np.ndarray]:
    """The values of tensors, (part, tensor), for inputs of the model, in inference; each part is called once."""
    values: dict[int, np.ndarray] = {}
    parts = {id(part): part for part, _ in tensors}
    given = _inputs_of(model, list(parts.values()), inputs)
    for key, part in parts.items():
        its = list({id(tensor): tensor for owner, tensor in tensors if id(owner) == key}.values())
        for tensor, value in zip(its, _computed(part, its, given[key]), strict=True):
            values[id(tensor)] = keras.ops.convert_to_numpy(value)
    return [values[id(tensor)] for _, tensor in tensors]


def _inputs_of(model, parts: Sequence[Any], inputs: Sequence[Any]) -> dict[int, list[Any]]:
    """What the model, and parts of it, are called with, by their ids; the model is called once."""
    calls = calls_of(model)
    before = {
        id(part): [tensor for node in calls[id(part)] for tensor in node.input_tensors]
        for part in parts if part is not model
    }  # fmt: skip
    values = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}
    left = {id(tensor): tensor for its in before.values() for tensor in its if id(tensor) not in values}
    if left:
        values |= dict(zip(left, _computed(model, list(left.values()), inputs), strict=True))
    return {id(model): [*inputs]} | {key: [values[id(tensor)] for tensor in its] for key, its in before.items()}


def _computed(part, tensors: Sequence[Any], inputs: Sequence[Any]) -> Sequence[Any]:
    """The values of tensors of a part of a model for its inputs, in inference."""
    results = keras.Model(part.inputs, tensors)([*inputs], training=False)
    return results if isinstance(results, (list, tuple)) else [results]


def natural(value: np.ndarray, order: Order | Flat) -> np.ndarray:
    """The value of a tensor whose axes are in `order`, in MXNet's axis order."""
    if isinstance(order, Flat):
        whole = value.reshape(-1, *permuted_shape((-1, *order.shape), order.order)[1:])
        return natural(whole, order.order).reshape(-1, math.prod(order.shape))
    return value.transpose([order.index(axis) for axis in range(len(order))])
