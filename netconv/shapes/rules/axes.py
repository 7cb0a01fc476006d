"""Ops that move, merge, join and split axes."""

from __future__ import annotations

import math
from types import SimpleNamespace

from ...graph.partial_shape import (
    Shape,
    ShapeMismatch,
    first,
    flattened,
    format_shape,
    merge,
    of_rank,
    place,
    places,
    product,
    reshape,
    rule,
    solve,
)


@rule("Flatten", "_contrib_quantized_flatten")
def flatten(a, ins, outs):
    data, (batch, features) = ins[0], of_rank(outs[0], 2)
    if data:
        batch, features = first(data[0], batch), first(product(data[1:]), features)
        data = (batch, *flattened(data[1:], features))
    return [data], [(batch, features)]


def reshape_codes(a) -> tuple[int, ...]:
    """The codes of a Reshape, the old `target_shape` (0 infers a length) put in the same words."""
    if a.shape or not a.target_shape:
        return tuple(a.shape or ())
    codes = tuple(-1 if n == 0 else n for n in a.target_shape)
    return (0, *codes[1:]) if a.keep_highest else codes


@rule("Reshape")
def reshape_node(a, ins, outs):
    codes, data, out = reshape_codes(a), ins[0], outs[0]
    if not codes:
        return ins, outs
    claim = reshape(data, codes, a.reverse)
    if not a.reverse:
        data = merge(data, _unreshaped(out, codes))
    if data is not None and out is not None:
        if None not in out:
            data = solve(data, math.prod(out))
        elif codes[:1] == (0,) and not a.reverse and data:
            data = (data[0], *solve(data[1:], product(out[1:])))
    return [data], [claim]


def _unreshaped(out: Shape, codes) -> Shape:
    """What Reshape was given, if its codes only copy, merge and split."""
    if out is None:
        return None
    data, rest, todo = [], list(out), iter(codes)
    for code in todo:
        if code == 0 and rest:
            data.append(rest.pop(0))
        elif code == -2 and -2 not in todo:
            data, rest = data + rest, []
        elif code == -3 and rest:
            rest.pop(0)
            data += [None, None]
        elif code == -4 and len(rest) > 1:
            next(todo, None), next(todo, None)
            data.append(product((rest.pop(0), rest.pop(0))))
        else:
            return None
    return tuple(data)


@rule("_np_reshape", "_npx_reshape")
def numpy_reshape(a, ins, outs):
    """The codes of the numpy front end as Reshape's; nothing is said of its -3, which drops an axis."""
    if -3 in a.newshape or 0 in a.newshape:
        return ins, [None]
    codes = tuple({-2: 0, -4: -2, -5: -3, -6: -4}.get(code, code) for code in a.newshape)
    same = SimpleNamespace(shape=codes, reverse=getattr(a, "reverse", False), target_shape=(), keep_highest=False)
    return reshape_node(same, ins, outs)


@rule("reshape_like")
def reshape_like(a, ins, outs):
    """Axes [lhs_begin, lhs_end) of the first become axes [rhs_begin, rhs_end) of the second."""
    one, two = ins
    if one is None or two is None:
        return ins, [two if one is None and a.lhs_begin is a.lhs_end is a.rhs_begin is a.rhs_end is None else None]
    p, q = slice(a.lhs_begin, a.lhs_end).indices(len(one))[:2]
    r, s = slice(a.rhs_begin, a.rhs_end).indices(len(two))[:2]
    have, wanted = product(one[p:q]), product(two[r:s])
    if None not in (have, wanted) and have != wanted:
        raise ShapeMismatch(f"{have} elements do not fill axes of shape {format_shape(two[r:s])}")
    return ins, [(*one[:p], *two[r:s], *one[q:])]


@rule("transpose", "_np_transpose")
def transpose(a, ins, outs):
    data, out = ins[0], outs[0]
    if not a.axes and data is None and out is None:
        return ins, outs
    rank = len(a.axes or ()) or len(data if data is not None else out)
    axes = [place(axis, rank) for axis in a.axes or ()] or list(reversed(range(rank)))
    if sorted(axes) != list(range(rank)):
        raise ShapeMismatch(f"attribute 'axes' must be a permutation of 0 to {rank - 1}", a.axes)
    data = merge(of_rank(data, rank), tuple(of_rank(out, rank)[axes.index(i)] for i in range(rank)))
    return [data], [tuple(data[axis] for axis in axes)]


@rule("reverse", "_npi_flip")
def reverse(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if shape is not None:
        places((a.axis,) if isinstance(a.axis, int) else a.axis or (), len(shape))
    return [shape], [shape]


@rule("SwapAxis")
def swap_axis(a, ins, outs):
    def swapped(shape):
        if shape is None:
            return None
        one, two = place(a.dim1, len(shape)), place(a.dim2, len(shape))
        lengths = list(shape)
        lengths[one], lengths[two] = lengths[two], lengths[one]
        return tuple(lengths)

    data = merge(ins[0], swapped(outs[0]))
    return [data], [swapped(data)]


@rule("expand_dims")
def expand_dims(a, ins, outs):
    data, out = ins[0], outs[0]
    if out:
        axis = place(a.axis, len(out))
        data = merge(data, (*out[:axis], *out[axis + 1 :]))
    if data is None:
        return [None], [None]
    axis = place(a.axis, len(data) + 1)
    return [data], [(*data[:axis], 1, *data[axis:])]


@rule("squeeze")
def squeeze(a, ins, outs):
    data, out = ins[0], outs[0]
    if a.axis is not None and data is None and out is not None:
        rank = len(out) + len(a.axis)
        axes, left = set(places(a.axis, rank)), iter(out)
        data = tuple(1 if i in axes else next(left, None) for i in range(rank))
    if data is None or (a.axis is None and None in data):
        return [data], [None]
    axes = {i for i, n in enumerate(data) if n == 1} if a.axis is None else set(places(a.axis, len(data)))
    data = tuple(1 if i in axes else n for i, n in enumerate(data))
    return [data], [tuple(n for i, n in enumerate(data) if i not in axes) or (1,)]


@rule("Concat")
def concat(a, ins, outs):
    known = next((x for x in [*ins, *outs] if x is not None), None)
    if known is None:
        return ins, outs
    rank = len(known)
    dim = place(a.dim, rank)
    shape = of_rank(outs[0], rank)
    for x in ins:
        x = of_rank(x, rank)
        shape = merge(shape, (*x[:dim], shape[dim], *x[dim + 1 :]))
    lengths = [of_rank(x, rank)[dim] for x in ins]
    left = lengths.count(None)
    total = sum(n for n in lengths if n is not None)
    if left and shape[dim] is not None:
        # Weights of the two directions of a layer are equally long, so several unknown lengths share what is left.
        if shape[dim] - total < left or (left > 1 and rank > 1) or (shape[dim] - total) % left:
            share = None
        else:
            share = (shape[dim] - total) // left
        lengths = [share if n is None else n for n in lengths]
    whole = None if left else total
    return [(*shape[:dim], n, *shape[dim + 1 :]) for n in lengths], [(*shape[:dim], whole, *shape[dim + 1 :])]


@rule("_npi_concatenate")
def concatenate(a, ins, outs):
    if a.axis is None:
        return ins, [of_rank(outs[0], 1)]
    return concat(SimpleNamespace(dim=a.axis), ins, outs)


@rule("stack", "_npi_stack")
def stack(a, ins, outs):
    shape, out = None, outs[0]
    if out:
        axis = place(a.axis, len(out))
        shape = (*out[:axis], *out[axis + 1 :])
    for x in ins:
        shape = merge(shape, x)
    if shape is None:
        return ins, outs
    axis = place(a.axis, len(shape) + 1)
    return [shape] * len(ins), [(*shape[:axis], len(ins), *shape[axis:])]


@rule("SliceChannel")
def slice_channel(a, ins, outs):
    """An axis in `num_outputs` equal parts; with `squeeze_axis` the axis is that long and is gone."""
    if a.num_outputs < 1:
        raise ShapeMismatch("attribute 'num_outputs' must be at least 1", a.num_outputs)
    part = None
    for out in outs:
        part = merge(part, out)
    data = ins[0]
    if data is None and part is None:
        return ins, outs
    rank = len(data) if data is not None else len(part) + a.squeeze_axis
    axis = place(a.axis, rank)
    whole = of_rank(data, rank)[axis]
    if a.squeeze_axis:
        whole = a.num_outputs
    elif whole is None and part is not None and part[axis] is not None:
        whole = part[axis] * a.num_outputs
    if whole is not None and whole % a.num_outputs:
        raise ShapeMismatch(f"attribute 'num_outputs' must divide the length {whole}", a.num_outputs)
    if part is not None:
        middle = () if a.squeeze_axis else (None,)
        data = merge(data, (*part[:axis], None, *part[axis + len(middle) :]))
    each = () if a.squeeze_axis else (None if whole is None else whole // a.num_outputs,)
    claim = (*data[:axis], *each, *data[axis + 1 :])
    return [(*data[:axis], whole, *data[axis + 1 :])], [claim] * min(len(outs), a.num_outputs)


@rule("_split_v2")
def split_v2(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    axis = place(a.axis, len(data))
    if a.sections:
        sizes = [
            None if data[axis] is None else (data[axis] + a.sections - 1 - k) // a.sections
            for k in range(min(len(outs), a.sections))
        ]
    else:
        starts = [0, *(i for i in a.indices if i)]
        ends = [*starts[1:], data[axis]]
        sizes = [None if end is None else end - start for start, end in zip(starts, ends, strict=True)]
    middles = [() if a.squeeze_axis else (n,) for n in sizes]
    return ins, [(*data[:axis], *middle, *data[axis + 1 :]) for middle in middles]
