"""Ops that cut, pad and repeat."""

from __future__ import annotations

from .lengths import Misfit, merge, of_rank, place, product, rule


@rule("slice")
def slice_node(a, ins, outs):
    data = ins[0]
    if data is None or not len(a.begin) == len(a.end) <= len(data):
        return ins, outs
    steps = (*a.step, *(None,) * (len(a.begin) - len(a.step)))
    cut = [_cut(n, b, e, s) for n, b, e, s in zip(data, a.begin, a.end, steps, strict=False)]
    return ins, [(*cut, *data[len(cut) :])]


@rule("slice_axis")
def slice_axis(a, ins, outs):
    shape = ins[0] if ins[0] is not None else outs[0]
    if shape is None:
        return ins, outs
    axis = place(a.axis, len(shape))
    out = of_rank(outs[0], len(shape))
    data = merge(of_rank(ins[0], len(shape)), (*out[:axis], None, *out[axis + 1 :]))
    length = _cut(data[axis], a.begin, a.end, None)
    if data[axis] is None and a.begin < 0 and a.end is None:
        length = -a.begin
    elif data[axis] is None and a.end is not None and (a.begin < 0) == (a.end < 0):
        length = a.end - a.begin
    return [data], [(*data[:axis], length, *data[axis + 1 :])]


def _cut(length, begin, end, step) -> int | None:
    if length is None:
        return None
    if step == 0:
        raise Misfit("attribute 'step' must not be 0", step)
    return len(range(*slice(begin, end, step).indices(length)))


@rule("slice_like")
def slice_like(a, ins, outs):
    one, two = ins
    if one is None or two is None:
        return ins, outs
    axes = {place(i, len(one)) for i in a.axes} or set(range(min(len(one), len(two))))
    return ins, [tuple(two[i] if i in axes and i < len(two) else n for i, n in enumerate(one))]


@rule("Crop")
def crop(a, ins, outs):
    data = of_rank(ins[0], 4)
    like = of_rank(ins[1], 4)[2:] if len(ins) > 1 else tuple(a.h_w)
    return [data], [(*data[:2], *like)]


@rule("Pad")
def pad(a, ins, outs):
    if len(a.pad_width) % 2:
        raise Misfit("attribute 'pad_width' must have two numbers an axis", a.pad_width)
    more = [before + after for before, after in zip(a.pad_width[::2], a.pad_width[1::2], strict=True)]
    data, out = of_rank(ins[0], len(more)), of_rank(outs[0], len(more))
    data = merge(data, tuple(None if n is None else n - m for n, m in zip(out, more, strict=True)))
    return [data], [tuple(None if n is None else n + m for n, m in zip(data, more, strict=True))]


@rule("tile")
def tile(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    rank = max(len(data), len(a.reps))
    lengths, reps = ((1,) * (rank - len(x)) + tuple(x) for x in (data, a.reps))
    return ins, [tuple(None if n is None else n * r for n, r in zip(lengths, reps, strict=True))]


@rule("repeat")
def repeat(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, [None if a.axis is not None else (None,)]
    if a.axis is None:
        total = product(data)
        return ins, [(None if total is None else total * a.repeats,)]
    axis = place(a.axis, len(data))
    return ins, [tuple(n * a.repeats if i == axis and n is not None else n for i, n in enumerate(data))]


@rule("broadcast_axis")
def broadcast_axis(a, ins, outs):
    if ins[0] is None or len(a.axis) != len(a.size):
        return ins, outs
    out = list(ins[0])
    for axis, size in zip(a.axis, a.size, strict=True):
        out[place(axis, len(out))] = size
    return ins, [tuple(out)]


@rule("broadcast_to")
def broadcast_to(a, ins, outs):
    data = of_rank(ins[0], len(a.shape))
    return ins, [tuple(n or have for n, have in zip(a.shape, data, strict=True))]


@rule("broadcast_like")
def broadcast_like(a, ins, outs):
    one, two = ins
    if a.lhs_axes is None or one is None or two is None:
        return ins, [two if a.lhs_axes is None else None]
    out = list(one)
    for p, q in zip(a.lhs_axes, a.rhs_axes or (), strict=False):
        out[place(p, len(one))] = two[place(q, len(two))]
    return ins, [tuple(out)]


@rule("depth_to_space")
def depth_to_space(a, ins, outs):
    n, c, *sizes = of_rank(ins[0], 4)
    b = max(a.block_size, 1)
    if c is not None and c % (b * b):
        raise Misfit(f"attribute 'block_size' squared must divide {c} channels", a.block_size)
    return [(n, c, *sizes)], [(n, c and c // (b * b), *(s and s * b for s in sizes))]


@rule("space_to_depth")
def space_to_depth(a, ins, outs):
    n, c, *sizes = of_rank(ins[0], 4)
    b = max(a.block_size, 1)
    return [(n, c, *sizes)], [(n, c and c * b * b, *(s and s // b for s in sizes))]
