"""Reductions, orderings, looking up and products."""

from __future__ import annotations

from types import SimpleNamespace

from ...graph.partial_shape import ShapeMismatch, first, format_shape, merge, of_rank, place, places, product, rule
from .elementwise import same


@rule("sum", "mean", "prod", "max", "min", "nansum", "nanprod", "norm", "argmax", "argmin")
def reduction(a, ins, outs):
    """Without an axis everything is reduced to shape (1,)."""
    data, out = ins[0], outs[0]
    axes = (a.axis,) if isinstance(a.axis, int) else tuple(a.axis or ())
    exclude = getattr(a, "exclude", False) and bool(axes)
    if data is None and out is not None and axes and not exclude:
        rank = len(out) + (0 if a.keepdims else len(axes))
        gone = set(places(axes, rank))
        left = iter(out)
        data = tuple((a.keepdims and next(left), None)[1] if i in gone else next(left, None) for i in range(rank))
    if data is None:
        return [None], [None if a.keepdims or axes else (1,)]
    gone = set(places(axes, len(data))) or set(range(len(data)))
    if exclude:
        gone = set(range(len(data))) - gone
    if a.keepdims:
        return [data], [tuple(1 if i in gone else n for i, n in enumerate(data))]
    return [data], [tuple(n for i, n in enumerate(data) if i not in gone) or (1,)]


@rule("_np_sum", "_np_prod", "_np_max", "_np_min", "_npi_mean", "_npi_std", "_npi_var", "_np_all", "_np_any")
def numpy_reduction(a, ins, outs):
    """Without an axis no axis is left."""
    if a.axis is None and not a.keepdims:
        return ins, [()]
    if a.axis is not None and len(a.axis) == len(ins[0] or ()) and not a.keepdims:
        return ins, [()]
    return reduction(a, ins, outs)


@rule("moments")
def moments(a, ins, outs):
    claims, (shape,) = reduction(SimpleNamespace(axis=a.axes, keepdims=a.keepdims), ins, outs)
    return claims, [shape, shape]


@rule("softmax_cross_entropy")
def total_loss(a, ins, outs):
    data = of_rank(ins[0], 2)
    return [data, data[:1]], [(1,)]


@rule("argmax_channel")
def argmax_channel(a, ins, outs):
    if ins[0] is None:
        return ins, [None]
    axis = place(1, len(ins[0]))
    return ins, [(*ins[0][:axis], *ins[0][axis + 1 :])]


@rule("sort", "argsort", "cumsum")
def sort(a, ins, outs):
    if a.axis is None:
        return ins, [(None if ins[0] is None else product(ins[0]),)]
    claims = same(a, ins, outs)
    if claims[1][0] is not None:
        place(a.axis, len(claims[1][0]))
    return claims


@rule("topk")
def topk(a, ins, outs):
    data = ins[0]
    if a.axis is None or data is None:
        return ins, outs
    axis = place(a.axis, len(data))
    if data[axis] is not None and a.k > data[axis]:
        raise ShapeMismatch(f"attribute 'k' must be at most {data[axis]}, the length of the axis", a.k)
    k = data[axis] if a.k < 1 or a.ret_typ == "mask" else a.k
    return ins, [(*data[:axis], k, *data[axis + 1 :])] * len(outs)


@rule("one_hot")
def one_hot(a, ins, outs):
    data = ins[0] if ins[0] is not None or not outs[0] else outs[0][:-1]
    return [data], [None if data is None else (*data, a.depth)]


@rule("take")
def take(a, ins, outs):
    table, index = ins
    if table is None or index is None:
        return ins, outs
    axis = place(a.axis, len(table))
    return ins, [(*table[:axis], *index, *table[axis + 1 :])]


@rule("pick")
def pick(a, ins, outs):
    data = ins[0]
    if data is None or a.axis is None:
        return ins, outs
    axis, index = place(a.axis, len(data)), ins[1]
    kept = index is not None and len(index) == len(data)
    rows = (*data[:axis], *data[axis + 1 :])
    if index is not None:
        rows = merge(rows, (*index[:axis], *index[axis + 1 :]) if kept else index)
    picked, one = (*rows[:axis], 1, *rows[axis:]), (*rows[:axis], data[axis], *rows[axis:])
    return [one, picked if kept else rows], [picked if a.keepdims else rows]


@rule("batch_take")
def batch_take(a, ins, outs):
    """One of each row."""
    data = of_rank(ins[0], 2)
    (rows,) = merge(data[:1], of_rank(ins[1], 1))
    return [(rows, data[1]), (rows,)], [(rows,)]


@rule("gather_nd")
def gather_nd(a, ins, outs):
    data, index = ins
    if data is None or not index or index[0] is None:
        return ins, outs
    if index[0] > len(data):
        raise ShapeMismatch(f"indices name {index[0]} axes of data of shape {format_shape(data)}")
    return ins, [(*index[1:], *data[index[0] :])]


@rule("scatter_nd")
def scatter_nd(a, ins, outs):
    index = ins[1]
    if min(a.shape, default=0) < 1:
        raise ShapeMismatch("attribute 'shape' must have lengths of at least 1", a.shape)
    if not index or index[0] is None:
        return ins, [a.shape]
    if index[0] > len(a.shape):
        raise ShapeMismatch(f"indices name {index[0]} axes; attribute 'shape' must have as many", a.shape)
    return [(*index[1:], *a.shape[index[0] :]), index], [a.shape]


@rule("dot")
def dot(a, ins, outs):
    """The last axis of the first with the first axis of the second, unlike numpy."""
    one, two = ins
    if () in (one, two):
        raise ShapeMismatch("needs inputs with axes", (one, two))
    if one is None or two is None:
        return ins, [None]
    left, p = (one[1:], one[0]) if a.transpose_a else (one[:-1], one[-1])
    right, q = (two[:-1], two[-1]) if a.transpose_b else (two[1:], two[0])
    if p is not None and q is not None and p != q:
        raise ShapeMismatch(f"inputs of shapes {format_shape(one)} and {format_shape(two)} have no product")
    n = first(p, q)
    claims = [(n, *left) if a.transpose_a else (*left, n), (*right, n) if a.transpose_b else (n, *right)]
    return claims, [(*left, *right) or (1,)]
