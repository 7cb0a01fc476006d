"""ThreadingLayer: a function of the elements of several inputs."""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Symbol
from ..functions import apply
from .registry import layer

Shape = tuple[int | None, ...]
AUTOMATIC = (Symbol("Automatic"), Symbol("None"))


@layer("Threading")
def threading(at: Layer) -> Edge:
    """Elements at the same place; axes of length 1 are repeated, and inputs of fewer axes get them at a level."""
    shapes = {port: at.shape_of(port) for port in at.inputs}
    edges = list(at.inputs.values())
    if len(set(shapes.values())) == 1 and len(at.output_shape) == len(next(iter(shapes.values()))):
        return apply(at, at.parameter("Function"), edges)
    fitting = _fitting(at, list(shapes.values()))
    edges = [_expanded(at, edge, shape, new) for edge, shape, new in zip(edges, shapes.values(), fitting, strict=True)]
    return apply(at, at.parameter("Function"), edges, broadcasting=True)


def _expanded(at: Layer, data: Edge, old: Shape, new: Shape) -> Edge:
    for axis in range(len(new) - len(old)):
        data = at("expand_dims", data, axis=axis + 1 + _inserted_at(old, new))
    return data


def _inserted_at(old: Shape, new: Shape) -> int:
    """Where axes of length 1 were inserted."""
    count = len(new) - len(old)
    places = range(len(old) + 1)
    return next(place for place in places if _with_axes(old, place, count) == new)


def _with_axes(shape: Shape, place: int, count: int) -> Shape:
    return (*shape[:place], *(1,) * count, *shape[place:])


def _fitting(at: Layer, shapes: list[Shape]) -> list[Shape]:
    """The shapes with axes of length 1, so that repeating these gives the shape of the output.

    The level of the axes is in a parameter; without one the shapes must leave no choice.
    """
    out, listed = at.output_shape, ", ".join(map(str, shapes))
    found = []
    for shape, level in zip(shapes, _levels(at, len(shapes)), strict=True):
        places = range(len(shape) + 1) if level is None else [level - 1 if level > 0 else len(shape) + 1 + level]
        made = {_with_axes(shape, place, len(out) - len(shape)) for place in places if 0 <= place <= len(shape)}
        fit = [new for new in made if len(new) == len(out) and all(n in (1, m) for n, m in zip(new, out, strict=True))]
        if len(fit) > 1:
            raise at.error("the file does not say at which level its inputs of fewer axes are repeated", listed)
        found += fit
    if len(found) < len(shapes) or any(
        all(n == 1 for n in axis) and m != 1 for *axis, m in zip(*found, out, strict=True)
    ):
        raise at.error(f"its inputs cannot be repeated to the shape {out} of its output", listed)
    return found


def _levels(at: Layer, count: int) -> list[int | None]:
    """The level at which each input gets axes, if the layer has one: its second argument in Mathematica."""
    names = [key for key in at.net["Parameters"] if key != "Function" and not str(key).startswith("$")]
    if not names:
        return [None] * count
    if len(names) > 1:
        raise at.error("must have no parameters but Function and the level at which its inputs are repeated",
                       ", ".join(map(str, names)))  # fmt: skip
    value = at.parameter(names[0])
    each = value if isinstance(value, tuple) else (value,) * count
    if len(each) != count or not all(level in AUTOMATIC or (type(level) is int and level) for level in each):
        raise at.error(f"parameter {names[0]} must be a level, or one for each input", value)
    return [None if level in AUTOMATIC else level for level in each]
