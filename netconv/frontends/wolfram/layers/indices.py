"""Layers that compute positions, or take elements by their positions. Positions count from 1."""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Expression, Symbol
from .registry import layer
from .sequences import positions

ALL = Symbol("All")


@layer("Ordering")
def ordering(at: Layer) -> Edge:
    """The positions of the elements of a vector in the order of their size: of all, of the n least, or of the n
    greatest for -n."""
    count, length = at.parameter("Elements", ALL), at.shape[0] if len(at.shape) == 1 else 0
    if length == 0:
        raise at.error("its input must be a vector", str(at.shape))
    if count != ALL and (type(count) is not int or count == 0 or abs(count) > (length or 1 << 31)):
        raise at.error(f"parameter Elements must be All or a count of at most {length or 'its elements'}", count)
    if count == ALL:
        found = at("argsort", at.input, axis=-1, dtype="float32")
    elif abs(count) == 1:
        found = at("argmin" if count > 0 else "argmax", at.input, axis=1, keepdims=True)
    else:
        found = at("topk", at.input, axis=1, k=abs(count), is_ascend=count > 0, dtype="float32")
    if count != ALL and count < -1:
        found = at("reverse", found, axis=1)
    return at("_PlusScalar", found, scalar=1.0)


@layer("SequenceIndices")
def sequence_indices(at: Layer) -> Edge:
    """1, 2, 3 and so on for every element of a sequence, not more than the Maximum."""
    most = at.parameter("Maximum", Expression(Symbol("DirectedInfinity"), (1,)))
    if not at.shape:
        raise at.error("its input must be a sequence", str(at.shape))
    numbers = positions(at, at.input, 1, at.shape[0])
    if most != Expression(Symbol("DirectedInfinity"), (1,)):
        if type(most) is not int or most < 1:
            raise at.error("parameter Maximum must be Infinity or an integer of at least 1", most)
        numbers = at("_minimum_scalar", numbers, scalar=float(most))
    numbers = at("expand_dims", numbers, axis=0)
    return at("broadcast_like", numbers, at.input, lhs_axes=(0,), rhs_axes=(0,))


@layer("Extract")
def extract(at: Layer) -> Edge:
    """The part at a position, or at each of several; a position has an index for each of the first levels, and may
    count from the end with negative indices."""
    if set(at.inputs) != {"Input", "Position"}:
        raise at.error("has the inputs Input and Position", ", ".join(at.inputs))
    shape, form = at.shape_of("Input"), at.shape_of("Position")
    depth = form[-1] if form else 1
    if len(form) > 2 or depth is None or not 1 <= depth <= len(shape):
        raise at.error(
            f"its Position must be an index, a list of at most {len(shape)} of them, or several lists", str(form)
        )
    position = at.inputs["Position"] if form else at("expand_dims", at.inputs["Position"], axis=1)
    last = max(len(form), 1)
    counts = at("relu", at("sign", position))
    from_zero = at("_Minus", position, counts)
    parts = [_from_start(at, at("slice_axis", from_zero, axis=last, begin=n, end=n + 1), n, shape[n], last)
             for n in range(depth)]  # fmt: skip
    examples = at("_contrib_arange_like", position, axis=0)
    examples = at("Reshape", examples, shape=(-1, *(1,) * last))
    if len(form) == 2:
        examples = at("broadcast_like", examples, position, lhs_axes=(1,), rhs_axes=(1,))
    places = at("Concat", examples, *parts, num_args=depth + 1, dim=last)
    places = at("transpose", places, axes=(last, *range(last)))
    return at.main("gather_nd", at.inputs["Input"], places)


def _from_start(at: Layer, index: Edge, level: int, length: int | None, rank: int) -> Edge:
    """An index from zero, also of one that counts from the end."""
    if length is not None:
        return at("_mod_scalar", index, scalar=float(length))
    count = at("max", positions(at, at.inputs["Input"], level + 1, None), axis=0, keepdims=True)
    return at("broadcast_mod", index, at("Reshape", count, shape=(1,) * (rank + 1)))
