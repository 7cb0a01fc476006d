"""Brings the layers of older versions to the names of the newest one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .expressions import Expression, Symbol

Parts = dict[str, Any]
Step = Callable[[Parts], Parts]

RENAMED_NETS = {"Vertices": "Nodes", "Layers": "Nodes", "Connections": "Edges"}
"""Parts of nets in 11.0, and their names since."""
RENAMED_LAYERS = {
    "DotPlus": "Linear",
    "Upsample": "Resize",
    "ScalarTimes": "Elementwise",
    "ScalarPlus": "Elementwise",
}


def _renamed(part: str, **names: str) -> Step:
    """Renames parameters or arrays."""

    def step(layer: Parts) -> Parts:
        found = {names.get(key.lstrip("$"), key): value for key, value in layer.get(part, {}).items()}
        return {**layer, part: found}

    return step


def _added(**parameters: Any) -> Step:
    def step(layer: Parts) -> Parts:
        return {**layer, "Parameters": {**parameters, **layer.get("Parameters", {})}}

    return step


def _padding_pairs(layer: Parts) -> Parts:
    """Padding that is the same before and after."""
    parameters = layer.get("Parameters", {})
    sizes = parameters.get("PaddingSize")
    if isinstance(sizes, tuple) and all(type(size) is int for size in sizes):
        parameters = {**parameters, "PaddingSize": tuple((size, size) for size in sizes)}
    return {**layer, "Parameters": parameters}


def _scalar_function(head: str) -> Step:
    """ScalarTimes and ScalarPlus were layers of their own."""

    def step(layer: Parts) -> Parts:
        parameters = layer.get("Parameters", {})
        function = Expression(Symbol("Function"), (Expression(Symbol(head), (Expression(Symbol("Slot"), (1,)),
                                                                             parameters.get("Scalar"))),))  # fmt: skip
        return {**layer, "Parameters": {"Function": function}}

    return step


def _retyped(kind: str) -> Step:
    """Gives a layer the type that has replaced its own."""
    return lambda layer: {**layer, "Type": kind}


MOST_PORTS = 10_000
"""The most inputs of a layer."""


def _separate_ports(layer: Parts) -> Parts:
    """A port for each input, 1, 2 and so on, in the place of one with a list of inputs."""
    inputs = layer.get("Inputs")
    if not isinstance(inputs, dict) or len(inputs) != 1:
        return layer
    match next(iter(inputs.values())):
        case Expression(Symbol("ListT"), (int(count), inner)) if 0 < count <= MOST_PORTS:
            types: tuple[Any, ...] = (inner,) * count
        case tuple(types) if 0 < len(types) <= MOST_PORTS:
            pass
        case _:
            return layer
    return {**layer, "Inputs": {str(number): each for number, each in enumerate(types, 1)}}


def _exchanged(layer: Parts) -> Parts:
    """Transpose: a -> b meant what a <-> b means now."""

    def exchange(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(exchange, value))
        if not isinstance(value, Expression):
            return value
        head = Symbol("TwoWayRule") if value.head == Symbol("Rule") else value.head
        return Expression(head, tuple(map(exchange, value.args)))

    parameters = layer.get("Parameters", {})
    found = {key: exchange(value) if key == "Specification" else value for key, value in parameters.items()}
    return {**layer, "Parameters": found}


STEPS: dict[str, tuple[tuple[tuple[int, ...], Step], ...]] = {
    "Convolution": (
        ((11, 2), _added(Dimensionality=2)),
        ((11, 3, 7), _renamed("Parameters", GroupNumber="ChannelGroups")),
        ((11, 3, 8), _padding_pairs),
    ),
    "Deconvolution": (
        ((11, 3, 7), _added(Dimensionality=2)),
        ((11, 3, 7), _renamed("Parameters", GroupNumber="ChannelGroups")),
        ((11, 3, 8), _padding_pairs),
    ),
    "Pooling": (((11, 2), _added(Dimensionality=2)), ((11, 3, 8), _padding_pairs)),
    "BatchNormalization": (((11, 3, 7), _renamed("Arrays", Gamma="Scaling", Beta="Biases")),),
    "InstanceNormalization": (
        ((11, 3, 6), _renamed("Arrays", Gamma="Scaling", Beta="Biases")),
        ((11, 3, 6), _retyped("Normalization")),
    ),
    "SequenceAttention": (((11, 3, 6), _retyped("Attention")),),
    "Catenate": (((11, 3, 2), _separate_ports),),
    "Threading": (((11, 3, 2), _separate_ports),),
    "Total": (((11, 3, 2), _separate_ports),),
    "Dot": (((11, 3, 2), _separate_ports),),
    "Transpose": (((11, 3, 2), _exchanged),),
    "Part": (((11, 3, 1), _renamed("Parameters", PartSpecification="Specification")),),
    "Softmax": (((11, 3, 0), _added(Level=-1)),),
    "Aggregation": (((11, 2), _added(Levels=Expression(Symbol("Span"), (2, Symbol("All"))))),),
    "Resize": (((11, 2), _added(Resampling="Linear")),),
    "Dropout": (((11, 2), _added(Method="Dropout")),),
    "ScalarTimes": (((11, 1), _scalar_function("Times")),),
    "ScalarPlus": (((11, 1), _scalar_function("Plus")),),
}
"""For each type of layer the version of every change to it, and how a layer from before it is changed."""


def upgraded(net: Parts, version: tuple[int, ...]) -> Parts:
    """A layer or a net as the newest version would store it; the layers of a net are not changed."""
    kind = net.get("Type")
    for since, step in STEPS.get(kind, ()) if isinstance(kind, str) else ():
        if version < since:
            net = step(net)
    if isinstance(kind, str) and kind in RENAMED_LAYERS:
        net = {**net, "Type": RENAMED_LAYERS[kind]}
    return {RENAMED_NETS.get(key, key): value for key, value in net.items()}
