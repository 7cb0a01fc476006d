"""Ops that cut, pad and repeat."""

from __future__ import annotations

from ...graph.partial_shape import (
    Shape,
    ShapeMismatch,
    first,
    format_shape,
    merge,
    of_rank,
    place,
    places,
    product,
    rule,
)


def _left(lengths) -> Shape:
    """The shape that is left, if anything is."""
    shape = tuple(lengths)
    if 0 in shape:
        raise ShapeMismatch("leaves nothing of its data", format_shape(shape))
    return shape


@rule("slice")
def slice_node(a, ins, outs):
    data = ins[0]
    if len(a.begin) != len(a.end) or len(a.step) not in (0, len(a.begin)):
        raise ShapeMismatch("attributes 'begin', 'end' and 'step' must be equally long", (a.begin, a.end, a.step))
    shape = first(data, outs[0])
    if shape is None or len(a.begin) > len(shape):
        return ins, outs
    cuts = list(zip(a.begin, a.end, a.step or (None,) * len(a.begin), strict=True))
    cuts += [(None, None, None)] * (len(shape) - len(cuts))
    whole = [b in (None, 0) and e is None and s in (None, 1) for b, e, s in cuts]
    out = of_rank(outs[0], len(shape))
    data = merge(data, tuple(n if w else None for n, w in zip(out, whole, strict=True)))
    return [data], [_left(_cut(n, *cut) for n, cut in zip(data, cuts, strict=True))]


@rule("slice_axis")
def slice_axis(a, ins, outs):
    shape = ins[0] if ins[0] is not None else outs[0]
    if shape is None:
        return ins, outs
    axis = place(a.axis, len(shape))
    out = of_rank(outs[0], len(shape))
    data = merge(of_rank(ins[0], len(shape)), (*out[:axis], None, *out[axis + 1 :]))
    length = _cut(data[axis], a.begin, a.end, None)
    if data[axis] is not None and not (-data[axis] <= a.begin and (a.end is None or a.end <= data[axis]) and length):
        raise ShapeMismatch(f"attributes 'begin' and 'end' must cut something of {data[axis]}", (a.begin, a.end))
    if data[axis] is None and a.begin < 0 and a.end is None:
        length = -a.begin
    elif data[axis] is None and a.end is not None and (a.begin < 0) == (a.end < 0):
        length = a.end - a.begin
    return [data], [(*data[:axis], length, *data[axis + 1 :])]


def _cut(length, begin, end, step) -> int | None:
    if length is None:
        return None
    if step == 0:
        raise ShapeMismatch("attribute 'step' must not be 0", step)
    return len(range(*slice(begin, end, step).indices(length)))


@rule("slice_like")
def slice_like(a, ins, outs):
    one, two = ins
    shape = first(one, outs[0])
    if shape is None or two is None:
        return ins, outs
    axes = {place(i, len(shape)) for i in a.axes} or set(range(min(len(shape), len(two))))
    kept = of_rank(outs[0], len(shape))
    one = merge(one, tuple(None if i in axes else n for i, n in enumerate(kept)))
    return [one, two], [_left(two[i] if i in axes and i < len(two) else n for i, n in enumerate(one))]


@rule("Crop")
def crop(a, ins, outs):
    data = merge(of_rank(ins[0], 4), (*of_rank(outs[0], 4)[:2], None, None))
    like = of_rank(ins[1], 4)[2:] if len(ins) > 1 else tuple(a.h_w)
    start = (0, 0) if a.center_crop else a.offset
    if any(None not in (n, m) and s + m > n for n, m, s in zip(data[2:], like, start, strict=False)):
        raise ShapeMismatch(f"cannot cut {format_shape(like)} at {start}", format_shape(data))
    return [data, *ins[1:]], [_left((*data[:2], *like))]


@rule("Pad")
def pad(a, ins, outs):
    if len(a.pad_width) % 2 or not a.pad_width:
        raise ShapeMismatch("attribute 'pad_width' must have two numbers an axis", a.pad_width)
    more = [before + after for before, after in zip(a.pad_width[::2], a.pad_width[1::2], strict=True)]
    data, out = of_rank(ins[0], len(more)), of_rank(outs[0], len(more))
    data = merge(data, tuple(None if n is None else n - m for n, m in zip(out, more, strict=True)))
    return [data], [_left(None if n is None else n + m for n, m in zip(data, more, strict=True))]


@rule("tile")
def tile(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    rank = max(len(data), len(a.reps))
    lengths, reps = ((1,) * (rank - len(x)) + tuple(x) for x in (data, a.reps))
    return ins, [_left(None if n is None else n * r for n, r in zip(lengths, reps, strict=True))]


@rule("repeat")
def repeat(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, [None if a.axis is not None else (None,)]
    if a.axis is None:
        total = product(data)
        return ins, [(None if total is None else total * a.repeats,)]
    axis = place(a.axis, len(data))
    return ins, [_left(n * a.repeats if i == axis and n is not None else n for i, n in enumerate(data))]


@rule("broadcast_axis")
def broadcast_axis(a, ins, outs):
    if len(a.axis) != len(a.size):
        raise ShapeMismatch("attributes 'axis' and 'size' must be equally long", (a.axis, a.size))
    if ins[0] is None:
        return ins, outs
    data, out = list(ins[0]), list(ins[0])
    for axis, size in zip(places(a.axis, len(out)), a.size, strict=True):
        data[axis], out[axis] = 1, size
    return [tuple(data)], [_left(out)]


@rule("broadcast_to")
def broadcast_to(a, ins, outs):
    data = of_rank(ins[0], len(a.shape))
    for have, want in zip(data, a.shape, strict=True):
        if want and have not in (None, 1, want):
            raise ShapeMismatch(f"data of shape {format_shape(data)} cannot be broadcast to attribute 'shape'", a.shape)
    return [data], [tuple(n or have for n, have in zip(a.shape, data, strict=True))]


@rule("broadcast_like")
def broadcast_like(a, ins, outs):
    one, two = ins
    if len(a.lhs_axes or ()) != len(a.rhs_axes or ()):
        raise ShapeMismatch("attributes 'lhs_axes' and 'rhs_axes' must be equally long", (a.lhs_axes, a.rhs_axes))
    if one is None or two is None:
        return ins, [two if a.lhs_axes is None else None]
    out = list(one) if a.lhs_axes else list(of_rank(two, len(one)))
    for p, q in zip(places(a.lhs_axes or (), len(one)), places(a.rhs_axes or (), len(two)), strict=True):
        out[p] = two[q]
    if any(None not in (n, m) and n not in (1, m) for n, m in zip(one, out, strict=True)):
        raise ShapeMismatch(f"data of shape {format_shape(one)} cannot be broadcast to {format_shape(tuple(out))}")
    return ins, [tuple(out)]


def _regrouped(shape: Shape, block: int) -> Shape:
    """An image with blocks of pixels as channels, where they divide it."""
    n, c, *sizes = of_rank(shape, 4)
    return (n, c and c * block * block, *(None if s is None or s % block else s // block for s in sizes))


@rule("depth_to_space")
def depth_to_space(a, ins, outs):
    b = max(a.block_size, 1)
    n, c, *sizes = merge(of_rank(ins[0], 4), _regrouped(outs[0], b))
    if c is not None and c % (b * b):
        raise ShapeMismatch(f"attribute 'block_size' squared must divide {c} channels", a.block_size)
    return [(n, c, *sizes)], [(n, c and c // (b * b), *(s and s * b for s in sizes))]


@rule("space_to_depth")
def space_to_depth(a, ins, outs):
    b = max(a.block_size, 1)
    n, c, h, w = of_rank(outs[0], 4)
    whole = (n, c and (None if c % (b * b) else c // (b * b)), h and h * b, w and w * b)
    n, c, *sizes = merge(of_rank(ins[0], 4), whole)
    return [(n, c, *sizes)], [(n, c and c * b * b, *(s and s // b for s in sizes))]
