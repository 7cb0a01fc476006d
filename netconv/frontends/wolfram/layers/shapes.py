"""Layers that rearrange, join or reduce arrays."""

from __future__ import annotations

import math
from typing import Any

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Expression, Symbol
from ..levels import levels
from ..ports import unwrapped
from .registry import layer


@layer("Flatten", implied="OutputSize")
def flatten(at: Layer) -> Edge:
    """All levels, or the first n + 1 for a level n, or the last n + 1 for a level -n."""
    level, shape = at.parameter("Level", Expression(Symbol("DirectedInfinity"), (1,))), at.shape
    if type(level) is not int:
        return at.main("Flatten", at.input) if None not in shape else at.reshape(at.input, shape, (None,))
    if not 1 <= abs(level) < max(len(shape), 2):
        raise at.error(f"parameter Level must be a level below {len(shape)} or infinity", level)
    count = min(abs(level) + 1, len(shape))
    merged, rest = (shape[:count], shape[count:]) if level > 0 else (shape[-count:], shape[:-count])
    length = None if None in merged else math.prod(n or 1 for n in merged)
    return at.reshape(at.input, shape, (length, *rest) if level > 0 else (*rest, length))


@layer("Reshape", implied="Dimensions OutputDimensions")
def reshape(at: Layer) -> Edge:
    return at.reshape(at.input, at.shape, at.output_shape)


@layer("Replicate", implied="Specification OutputSize")
def replicate(at: Layer) -> Edge:
    """Copies along new axes, before the level."""
    rank, new, level = len(at.shape), at.output_shape, at.parameter("Level", 1)
    count = len(new) - rank
    if type(level) is int and level < 0:
        level += rank + 2
    if count < 1 or type(level) is not int or not 1 <= level <= rank + 1:
        raise at.error("parameter Level must be a level of the input", at.parameter("Level", 1))
    copies = new[level - 1 : level - 1 + count]
    if None in copies:
        raise at.error("the number of copies is not known")
    data = at.input
    for axis in range(level, level + count):
        data = at("expand_dims", data, axis=axis)
    return at.main("broadcast_axis", data, axis=tuple(range(level, level + count)), size=copies)


@layer("Transpose", implied="Permutation")
def transpose(at: Layer) -> Edge:
    """Exchanges pairs of levels (1 <-> 2), or moves a level to the place of another (1 -> 3); for a list, level k of
    the input becomes the level that is at position k."""
    spec = at.parameter("Specification", at.parameter("Permutation", Expression(Symbol("TwoWayRule"), (1, 2))))
    rank = len(at.shape)
    order = list(range(rank))
    rules = spec if isinstance(spec, tuple) else (spec,)
    if rules and all(type(each) is int for each in rules):
        targets = [*rules, *range(len(rules) + 1, rank + 1)]
        if sorted(targets) != list(range(1, rank + 1)):
            raise at.error(f"parameter Specification must be a permutation of {rank} levels", spec)
        for source, target in enumerate(targets):
            order[target - 1] = source
    else:
        for rule in rules:
            rule = unwrapped(rule)
            one, other = _pair(at, rule, rank)
            if rule.name == "Rule":
                order.insert(other, order.pop(one))
            else:
                order[one], order[other] = order[other], order[one]
    return at.main("transpose", at.input, axes=(0, *(n + 1 for n in order)))


def _pair(at: Layer, rule: Any, rank: int) -> tuple[int, int]:
    match rule:
        case Expression(Symbol("TwoWayRule" | "Rule"), (int(one), int(other))):
            ends = [n - 1 if n > 0 else rank + n for n in (one, other)]
            if all(0 <= n < rank for n in ends) and one and other:
                return ends[0], ends[1]
    raise at.error(f"parameter Specification must have pairs of levels of an input of {rank} axes", rule)


@layer("Part")
def part(at: Layer) -> Edge:
    """For each level in turn a position, which removes the level, or a span of positions."""
    spec = at.parameter("Specification")
    parts = spec if isinstance(spec, tuple) else (spec,)
    if len(parts) > len(at.shape):
        raise at.error(f"parameter Specification must have at most {len(at.shape)} parts", spec)
    data, removed = at.input, []
    for axis, each in enumerate(map(unwrapped, parts), 1):
        length = at.shape[axis - 1]
        match each:
            case int(position) if position and (length is None or abs(position) <= length):
                data = _cut(at, data, axis, position, position)
                removed.append(axis)
            case Symbol("All"):
                pass
            case Expression(Symbol("Span"), (first, last)):
                first, last = (default if end == Symbol("All") else end for end, default in ((first, 1), (last, -1)))
                if not all(
                    type(end) is int and end and (length is None or abs(end) <= length) for end in (first, last)
                ):
                    raise at.error(f"parameter Specification must have positions of an axis of length {length}", each)
                data = _cut(at, data, axis, first, last)
            case _:
                raise at.error("parameter Specification must have positions and spans", each)
    return at("squeeze", data, axis=tuple(removed)) if removed else data


def _cut(at: Layer, data: Edge, axis: int, first: int, last: int) -> Edge:
    """The elements from `first` to `last`, which count from 1, or from -1 back from the end."""
    begin = first - 1 if first > 0 else first
    end = last if last > 0 else None if last == -1 else last + 1
    return at("slice_axis", data, axis=axis, begin=begin, end=end)


@layer("Catenate")
def catenate(at: Layer) -> Edge:
    """Joins along a level; an input of fewer axes is repeated along those that it lacks, the first ones. The level
    counts those of the input with the fewest axes."""
    shapes = {port: at.shape_of(port) for port in at.inputs}
    rank, least, level = max(map(len, shapes.values())), min(map(len, shapes.values())), at.parameter("Level", 1)
    if type(level) is not int or not 1 <= abs(level) <= least:
        raise at.error(f"parameter Level must be a level of inputs of {least} axes", level)
    deepest = next(at.inputs[port] for port, shape in shapes.items() if len(shape) == rank)
    edges = []
    for port, edge in at.inputs.items():
        lacking = tuple(range(1, rank - len(shapes[port]) + 1))
        for axis in lacking:
            edge = at("expand_dims", edge, axis=axis)
        edges.append(at("broadcast_like", edge, deepest, lhs_axes=lacking, rhs_axes=lacking) if lacking else edge)
    if len(edges) == 1:
        return edges[0]
    return at.main("Concat", *edges, num_args=len(edges), dim=level + (rank - least if level > 0 else rank + 1))


@layer("Append", "Prepend")
def append(at: Layer) -> Edge:
    """Adds an element at the end or the beginning of the first level."""
    if len(at.inputs) != 2:
        raise at.error("has two inputs", f"{len(at.inputs)} inputs")
    (one, several), (other, single) = [(edge, at.shape_of(port)) for port, edge in at.inputs.items()]
    if len(several) != len(single) + 1:
        raise at.error("its second input must have one axis less than its first", f"{several} and {single}")
    edges = [one, at("expand_dims", other, axis=1)]
    return at.main("Concat", *(edges if at.kind == "Append" else edges[::-1]), num_args=2, dim=1)


AGGREGATIONS = {"Max": "max", "Min": "min", "Total": "sum", "Times": "prod"}


@layer("Aggregation")
def aggregation(at: Layer) -> Edge:
    function, over = at.symbol("Function"), levels(at, "Levels", len(at.shape))
    if function not in (*AGGREGATIONS, "Mean"):
        raise at.error(f"parameter Function must be {', '.join(AGGREGATIONS)} or Mean", function)
    if not over:
        return at.input
    lengths = [at.shape[n - 1] for n in over]
    if function != "Mean":
        return at.main(AGGREGATIONS[function], at.input, axis=over)
    if None in lengths:
        return at.main("mean", at.input, axis=over)
    return at.main("_DivScalar", at("sum", at.input, axis=over), scalar=float(math.prod(n or 1 for n in lengths)))


@layer("Summation", implied="Dimensions")
def summation(at: Layer) -> Edge:
    """The sum of all elements of an example."""
    return at.main("sum", at.input, axis=tuple(range(1, len(at.shape) + 1))) if at.shape else at.input
