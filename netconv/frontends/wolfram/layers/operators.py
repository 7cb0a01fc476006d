"""Layers that apply a net: to every element of a sequence, step by step, several times, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....graph.graph import Edge
from ..builder import Layer, is_net, joined
from ..expressions import Expression, Symbol
from ..ports import port, ports
from .recurrent import finish, state
from .registry import layer
from .sequences import reversed_in_time

LONGEST = 1_000
"""The most times that a net is applied one after the other."""


def inner_net(at: Layer, parameter: str, inputs: dict[str, Edge], states: Mapping[str, Edge] = {}) -> dict[str, Edge]:
    """The outputs of a net that is a parameter of the layer."""
    net = at.net["Parameters"].get(parameter)
    if not is_net(net):
        raise at.error(f"its parameter {parameter} is not a net")
    known = ports(net, "Inputs")
    if len(known) == 1 and len(inputs) == 1:
        inputs = dict(zip(known, inputs.values(), strict=True))
    name = joined(at.name, "" if parameter == "Net" else parameter)
    outputs: dict[str, Edge] = at.graph.translate(at.graph, net, inputs, name, states)[0]
    return outputs


def only(at: Layer, outputs: dict[str, Edge]) -> Edge:
    if len(outputs) != 1:
        raise at.error("its net must have one output", f"{len(outputs)} outputs")
    return next(iter(outputs.values()))


def merged(at: Layer, data: Edge, depth: int = 1) -> Edge:
    """The batch axis and the `depth` axes after it as one."""
    for _ in range(depth):
        data = at("Reshape", data, shape=(-3, -2))
    return data


def unmerged(at: Layer, data: Edge, like: Edge, depth: int = 1) -> Edge:
    """The first axis as the batch axis and the next `depth` axes of `like`."""
    return at("reshape_like", data, like, lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=1 + depth)


@layer("NetMap", implied="Net")
def net_map(at: Layer) -> Edge:
    """Applies the net to each element of a sequence."""
    out = only(at, inner_net(at, "Net", {"Input": merged(at, at.input)}))
    return unmerged(at, out, at.input)


@layer("NetMapThread", implied="Net Level")
def net_map_thread(at: Layer) -> dict[str, Edge]:
    """Applies the net at the depths of its inputs; one that is less deep is the same for all elements."""
    depths = at.parameter("MappedDepth")
    names = at.names("InputNames", tuple(at.inputs))
    if set(names) != set(at.inputs):
        raise at.error(f"parameter $InputNames must have its inputs {', '.join(at.inputs)}", ", ".join(names))
    if not isinstance(depths, tuple) or len(depths) != len(at.inputs):
        raise at.error("parameter $MappedDepth must have a depth for each input", depths)
    if not all(type(depth) is int and 0 <= depth <= 16 for depth in depths) or not max(depths):
        raise at.error("parameter $MappedDepth must have a depth for each input", depths)
    by_name = dict(zip(names, depths, strict=True))
    deepest, most = at.inputs[max(by_name, key=lambda name: by_name[name])], max(depths)
    fed = {}
    for name, edge in at.inputs.items():
        lacking = tuple(range(by_name[name] + 1, most + 1))
        for axis in lacking:
            edge = at("expand_dims", edge, axis=axis)
        if lacking:
            edge = at("broadcast_like", edge, deepest, lhs_axes=lacking, rhs_axes=lacking)
        fed[name] = merged(at, edge, most)
    return {name: unmerged(at, edge, deepest, most) for name, edge in inner_net(at, "Net", fed).items()}


@layer("NetNest", implied="Net")
def net_nest(at: Layer) -> Edge:
    """Applies the net several times, with the same arrays."""
    times = at.integer("Iterations", least=0)
    if times > LONGEST:
        raise at.error(f"parameter Iterations must be at most {LONGEST}", times)
    data = at.input
    for _ in range(times):
        data = only(at, inner_net(at, "Net", {"Input": data}))
    return data


@layer("NetFold", implied="Net OutputPorts")
def net_fold(at: Layer) -> dict[str, Edge]:
    """Applies the net to the elements of sequences in order; outputs of a step are the states of the next."""
    recurrence = [_recurrence(at, rule) for rule in _rules(at.parameter("Recurrence", (_OUTPUT_TO_STATE,)))]
    constants = at.names("ConstantPorts", ())
    if not set(constants) <= set(at.inputs):
        raise at.error(f"parameter ConstantPorts must have inputs of {', '.join(at.inputs)}", ", ".join(constants))
    sequences = {name: edge for name, edge in at.inputs.items() if name not in constants}
    lengths = {at.shape_of(name)[:1] for name in sequences}
    (length,) = next(iter(lengths), (None,)) or (None,)
    if len(lengths) != 1 or length is None or length > LONGEST:
        raise at.error(
            f"needs sequences of one known length of at most {LONGEST}; give the net an input of fixed length with "
            "NetReplacePart before Export", str(sorted(lengths, key=str)),
        )  # fmt: skip
    states = {name: state(at, name, _state_shape(at, name)) for _, name in recurrence}
    steps = {name: _steps(at, edge, length) for name, edge in sequences.items()}
    seen: dict[str, list[Edge]] = {name: [] for name in at.outputs}
    for number in range(length):
        fed = {name: edges[number] for name, edges in steps.items()}
        out = inner_net(at, "Net", {**fed, **{name: at.inputs[name] for name in constants}, **states})
        if not {name for name, _ in recurrence} | set(seen) <= set(out):
            raise at.error("its net does not have the outputs of its Recurrence", ", ".join(out))
        states = {name: out[output] for output, name in recurrence}
        for name, edges in seen.items():
            edges.append(at("expand_dims", out[name], axis=1))
    for name, final in states.items():
        finish(at, name, final)
    return {
        name: at("Concat", *edges, num_args=length, dim=1) if length > 1 else edges[0] for name, edges in seen.items()
    }


_OUTPUT_TO_STATE = Expression(Symbol("Rule"), ("Output", "State"))


def _rules(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _recurrence(at: Layer, rule: Any) -> tuple[str, str]:
    match rule:
        case Expression(Symbol("Rule"), (str(output), str(name))):
            return output, name
        case str(name):
            return name, name
    raise at.error("parameter Recurrence must have rules of an output and a state", rule)


def _state_shape(at: Layer, name: str) -> tuple[int, ...]:
    states = at.net.get("States", {})
    net = at.net["Parameters"].get("Net", {})
    inputs = net.get("Inputs", {}) if isinstance(net, Mapping) else {}
    found = port(states[name] if isinstance(states, Mapping) and name in states else inputs.get(name)).shape
    if found is None or None in found:
        raise at.error(f"the shape of its state {name!r} is not in the file")
    return tuple(length or 0 for length in found)


def _steps(at: Layer, data: Edge, length: int) -> list[Edge]:
    if length == 1:
        return [at("squeeze", data, axis=(1,))]
    split = at("SliceChannel", data, axis=1, num_outputs=length, squeeze_axis=True)
    return [Edge(split.node, number) for number in range(length)]


@layer("NetBidirectional", implied="ForwardNet BackwardNet")
def net_bidirectional(at: Layer) -> Edge:
    """One net reads the sequence forward, the other backward; its output is turned back if it is a sequence."""
    is_sequence = at.boolean("SequentialOutput", True)
    forward = only(at, inner_net(at, "ForwardNet", {"Input": at.input}))
    backward = only(at, inner_net(at, "BackwardNet", {"Input": reversed_in_time(at, at.input)}))
    if is_sequence:
        backward = reversed_in_time(at, backward)
    match at.symbol("Aggregation", Symbol("Catenate")):
        case "Catenate":
            return at.main("Concat", forward, backward, num_args=2, dim=2 if is_sequence else 1)
        case "Total":
            return at.main("_Plus", forward, backward)
        case "Mean":
            return at.main("_DivScalar", at("_Plus", forward, backward), scalar=2.0)
    raise at.error("parameter Aggregation must be Catenate, Total or Mean", at.parameter("Aggregation"))


@layer("NetPairEmbedding", implied="Net")
def net_pair_embedding(at: Layer) -> Edge:
    """Applies the net to both elements of a pair; their distance is that of Mathematica's nets, where the Euclidean
    distance is the sum of squares."""
    out = only(at, inner_net(at, "Net", {"Input": merged(at, at.input)}))
    split = at("SliceChannel", unmerged(at, out, at.input), axis=1, num_outputs=2, squeeze_axis=True)
    one, other = (at("Flatten", Edge(split.node, number)) for number in (0, 1))
    match at.symbol("DistanceFunction", Symbol("EuclideanDistance")):
        case "EuclideanDistance":
            return at.main("sum", at("square", at("_Minus", one, other)), axis=(1,))
        case "CosineDistance":
            units = [at("L2Normalization", each) for each in (one, other)]
            return at.main("_RMinusScalar", at("sum", at("_Mul", *units), axis=(1,)), scalar=1.0)
    raise at.error("parameter DistanceFunction must be EuclideanDistance or CosineDistance")
