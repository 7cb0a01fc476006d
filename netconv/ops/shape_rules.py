"""Shape rules and guesses that several families of ops share.

A rule and a guess are called with the attributes of a node and the partial shapes of its inputs and outputs
(`graph/partial_shape.py`).
"""

from __future__ import annotations

from ..graph.partial_shape import Shape, ShapeMismatch, format_shape, merge, of_rank


def as_first(a, ins, outs):
    """The first output has the shape of the first input; other inputs (labels) and outputs (masks) can have any
    shape."""
    shape = merge(ins[0], outs[0])
    return [shape], [shape]


def alike(a, ins, outs):
    """All inputs and the output have one shape."""
    shape = outs[0]
    for other in ins:
        shape = merge(shape, other)
    return [shape] * len(ins), [shape]


def broadcast(a, ins, outs):
    """Inputs are broadcast as in numpy. The length of an output axis implies that of an input only if it is 1 in all
    other inputs."""
    known = [x for x in ins if x is not None]
    if len(known) < len(ins):
        return _broadcast_partly_known(ins, known, outs[0])
    rank = max(map(len, known))
    wide = [_widened(x, rank) for x in known]
    wanted, claims = of_rank(outs[0], rank), []
    for position, shape in enumerate(wide):
        others = [x for i, x in enumerate(wide) if i != position]
        claim = [w if all(x[i] == 1 for x in others) else shape[i] for i, w in enumerate(wanted)]
        claims.append(tuple(claim[rank - len(ins[position]) :]))
    return claims, [_broadcast_shape(wide, known)]


def _broadcast_partly_known(ins, known, out):
    """For inputs of which some have an unknown rank: the output has the lengths of the known inputs where these are not
    1. If the rank of only one input is unknown, it has the length of the output on each axis that no other input
    has."""
    if not known or out is None or len(out) < max(map(len, known)):
        return ins, [out]
    wide = [_widened(x, len(out)) for x in known]
    out = merge(out, tuple(None if n == 1 else n for n in _broadcast_shape(wide, known)))
    missing = None
    if len(known) == len(ins) - 1 and all(len(x) < len(out) for x in known):
        missing = tuple(n if all(x[i] == 1 for x in wide) else None for i, n in enumerate(out))
    return [missing if x is None else x for x in ins], [out]


def _widened(shape, rank: int):
    return (1,) * (rank - len(shape)) + shape


def _broadcast_shape(wide, shapes):
    """The broadcast shape; an unknown length beside a length other than 1 is that length."""
    out = []
    for lengths in zip(*wide, strict=True):
        longer = {n for n in lengths if n not in (None, 1)}
        if len(longer) > 1:
            *some, last = map(format_shape, shapes)
            raise ShapeMismatch(f"inputs of shapes {', '.join(some)} and {last} do not broadcast")
        out.append(next(iter(longer), None if None in lengths else 1))
    return tuple(out)


def two_axes(a, ins, outs):
    """A guess: the data are (batch, features), with as many features as the weight has columns or the other arrays
    elements."""
    lengths = [x[-1] for x in ins[1:] if x]
    return [(None, next(iter(lengths), None)) if ins[0] is None else None]


def columns_of_weight(a, ins) -> int | None:
    """The number of features that a dense layer that flattens its data reads."""
    return of_rank(ins[1], 2)[1] if a.flatten else None


def as_the_others(a, ins, outs):
    """A guess: two operands have the same shape, unless one has a single element; if neither is known, the first has
    the shape of the output."""
    if len(ins) != 2:
        return [None] * len(ins)
    if ins[0] is ins[1] is None and outs[0] is not None:
        return [outs[0], None]

    def like(one: Shape, other: Shape, stored: bool) -> Shape:
        if other is None or (one is None and other in ((), (1,))):
            return one
        if one is None:  # stored arrays have no batch axis
            one = (None,) * (len(other) + (stored and other[0] != 1))
        if len(other) > len(one):
            return one
        other = (None,) * (len(one) - len(other)) + other
        return tuple(o if i and n is None and o != 1 else n for i, (n, o) in enumerate(zip(one, other, strict=True)))

    return [like(ins[0], ins[1], a._stored[1]), like(ins[1], ins[0], a._stored[0])]
