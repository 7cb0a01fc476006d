"""Reductions, orderings, looking up and products."""

from __future__ import annotations

from types import SimpleNamespace

from .elementwise import same
from .lengths import Misfit, first, merge, of_rank, place, product, rule, said


@rule("sum", "mean", "prod", "max", "min", "nansum", "nanprod", "norm", "argmax", "argmin")
def reduction(a, ins, outs):
    """Without an axis everything is reduced to shape (1,)."""
    data, out = ins[0], outs[0]
    axes = (a.axis,) if isinstance(a.axis, int) else tuple(a.axis or ())
    exclude = getattr(a, "exclude", False) and bool(axes)
    if data is None and out is not None and axes and not exclude:
        rank = len(out) + (0 if a.keepdims else len(axes))
        gone = {place(axis, rank) for axis in axes}
        left = iter(out)
        data = tuple((a.keepdims and next(left), None)[1] if i in gone else next(left, None) for i in range(rank))
    if data is None:
        return [None], [None if a.keepdims or axes else (1,)]
    gone = {place(axis, len(data)) for axis in axes} or set(range(len(data)))
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
    return ins, [(1,)]


@rule("argmax_channel")
def argmax_channel(a, ins, outs):
    return ins, [None if ins[0] is None else (*ins[0][:1], *ins[0][2:])]


@rule("sort", "argsort", "cumsum")
def sort(a, ins, outs):
    if a.axis is None:
        return ins, [(None if ins[0] is None else product(ins[0]),)]
    return same(a, ins, outs)


@rule("topk")
def topk(a, ins, outs):
    data = ins[0]
    if a.axis is None or data is None:
        return ins, outs
    axis = place(a.axis, len(data))
    k = data[axis] if a.k < 1 or a.ret_typ == "mask" else a.k
    return ins, [(*data[:axis], k, *data[axis + 1 :])] * len(outs)


@rule("SequenceLast")
def sequence_last(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = (*out[: a.axis], None, *out[a.axis :])
    if data is None:
        return [None], [None]
    axis = place(a.axis, len(data))
    return [data], [(*data[:axis], *data[axis + 1 :])]


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
    axis = place(a.axis, len(data))
    return ins, [(*data[:axis], *((1,) if a.keepdims else ()), *data[axis + 1 :])]


@rule("batch_take")
def batch_take(a, ins, outs):
    return ins, [ins[1]]


@rule("gather_nd")
def gather_nd(a, ins, outs):
    data, index = ins
    if data is None or not index or index[0] is None:
        return ins, outs
    return ins, [(*index[1:], *data[index[0] :])]


@rule("dot")
def dot(a, ins, outs):
    """The last axis of the first with the first axis of the second, unlike numpy."""
    one, two = ins
    if not one or not two:
        return ins, [None]
    left, p = (one[1:], one[0]) if a.transpose_a else (one[:-1], one[-1])
    right, q = (two[:-1], two[-1]) if a.transpose_b else (two[1:], two[0])
    if p is not None and q is not None and p != q:
        raise Misfit(f"inputs of shapes {said(one)} and {said(two)} have no product")
    n = first(p, q)
    claims = [(n, *left) if a.transpose_a else (*left, n), (*right, n) if a.transpose_b else (n, *right)]
    return claims, [(*left, *right) or (1,)]


@rule("batch_dot", "_linalg_gemm2")
def batch_dot(a, ins, outs):
    if getattr(a, "axis", -2) != -2:  # rows that lie elsewhere
        return ins, outs
    rank = next((len(x) for x in [*ins, *outs] if x is not None), 0)
    if rank < 2:
        return ins, outs
    one, two, out = of_rank(ins[0], rank), of_rank(ins[1], rank), of_rank(outs[0], rank)
    batch = merge(merge(one[:-2], two[:-2]), out[:-2])
    (k, m) = one[-2:] if a.transpose_a else one[:-3:-1]
    (n, q) = two[-2:] if a.transpose_b else two[:-3:-1]
    if k is not None and q is not None and k != q:
        raise Misfit(f"inputs of shapes {said(one)} and {said(two)} have no product")
    k, m, n = first(k, q), first(m, out[-2]), first(n, out[-1])
    claims = [(*batch, k, m) if a.transpose_a else (*batch, m, k), (*batch, n, k) if a.transpose_b else (*batch, k, n)]
    return claims, [(*batch, m, n)]
