"""Slicing, padding and repeating."""

from typing import Literal

from ..graph.attributes import Ints, IntsNone
from ..graph.partial_shape import (
    Shape,
    ShapeMismatch,
    count_elements,
    first_known,
    format_shape,
    merge,
    normalize_axes,
    normalize_axis,
    of_rank,
)
from ..keras_api.lazy import layers, ops
from ..kernels import reshape
from ..kernels.layout import along, as_they_are, channels_last, natural, permuted_shape, plain
from ..kernels.reshape import arange_along, take_slice
from .registry import translates
from .traits import Keeps


def _slice_shape(a, ins, outs):
    data = ins[0]
    if len(a.begin) != len(a.end) or len(a.step) not in (0, len(a.begin)):
        raise ShapeMismatch("attributes 'begin', 'end' and 'step' must be equally long", (a.begin, a.end, a.step))
    shape = first_known(data, outs[0])
    if shape is None or len(a.begin) > len(shape):
        return ins, outs
    cuts = list(zip(a.begin, a.end, a.step or (None,) * len(a.begin), strict=True))
    cuts += [(None, None, None)] * (len(shape) - len(cuts))
    whole = [b in (None, 0) and e is None and s in (None, 1) for b, e, s in cuts]
    out = of_rank(outs[0], len(shape))
    data = merge(data, tuple(n if w else None for n, w in zip(out, whole, strict=True)))
    return [data], [_not_empty(_sliced_length(n, *cut) for n, cut in zip(data, cuts, strict=True))]


@translates("slice", "crop", layout=as_they_are, shape=_slice_shape, keeps=Keeps.ELEMENTS)
def slice_(at, data, *, begin: IntsNone, end: IntsNone, step: IntsNone = ()):
    step = step or (None,) * len(begin)
    if len(begin) > data.rank:
        raise at.error("attributes 'begin' and 'end' must have a number an axis", (begin, end))
    return cut(at, data, [slice(b, e, s) for b, e, s in zip(begin, end, step, strict=True)])


def cut(at, value, slices):
    """Slices a LaidOutTensor or StoredOperand without a transpose; `slices` has one slice for each axis in MXNet's
    order, missing ones select everything."""
    slices = [*slices, *(slice(None),) * (value.rank - len(slices))]
    order = value.order if isinstance(value.order, tuple) else natural(value.rank)
    return at.ordered(_slice_forward(value.to(order), permuted_shape(tuple(slices), order)), order)


def _slice_forward(tensor, slices: tuple[slice, ...]):
    """`tensor[slices]`, with the axes flipped that have a negative step, which PyTorch does not accept."""
    backward = [axis for axis, one in enumerate(slices) if (one.step or 1) < 0]
    if not backward:
        return tensor[slices]
    forward = list(slices)
    for axis in backward:  # index i of an axis is index -1 - i of the flipped one
        begin, end = (None if n is None else -1 - n for n in (slices[axis].start, slices[axis].stop))
        forward[axis] = slice(begin, end, -slices[axis].step)
    return ops.flip(tensor, backward)[tuple(forward)]


def _slice_axis_shape(a, ins, outs):
    shape = ins[0] if ins[0] is not None else outs[0]
    if shape is None:
        return ins, outs
    axis = normalize_axis(a.axis, len(shape))
    out = of_rank(outs[0], len(shape))
    data = merge(of_rank(ins[0], len(shape)), (*out[:axis], None, *out[axis + 1 :]))
    length = _sliced_length(data[axis], a.begin, a.end, None)
    if data[axis] is not None and not (-data[axis] <= a.begin and (a.end is None or a.end <= data[axis]) and length):
        raise ShapeMismatch(f"attributes 'begin' and 'end' must cut something of {data[axis]}", (a.begin, a.end))
    if data[axis] is None and a.begin < 0 and a.end is None:
        length = -a.begin
    elif data[axis] is None and a.end is not None and (a.begin < 0) == (a.end < 0):
        length = a.end - a.begin
    return [data], [(*data[:axis], length, *data[axis + 1 :])]


@translates("slice_axis", layout=along("axis"), shape=_slice_axis_shape, keeps=Keeps.ELEMENTS)
def slice_axis(at, data, *, axis: int, begin: int, end: int | None):
    axis = at.axis(axis, len(data.shape))
    return take_slice(data, axis, slice(begin, end))


def _slice_like_shape(a, ins, outs):
    one, two = ins
    shape = first_known(one, outs[0])
    if shape is None or two is None:
        return ins, outs
    axes = {normalize_axis(i, len(shape)) for i in a.axes} or set(range(min(len(shape), len(two))))
    kept = of_rank(outs[0], len(shape))
    one = merge(one, tuple(None if i in axes else n for i, n in enumerate(kept)))
    return [one, two], [_not_empty(two[i] if i in axes and i < len(two) else n for i, n in enumerate(one))]


@translates("slice_like", layout=as_they_are, shape=_slice_like_shape, keeps=Keeps.ELEMENTS, shape_only=1)
def slice_like(at, data, shape_like, *, axes: Ints = ()):
    """Sliced to the lengths of the second input, along `axes` or all axes."""
    chosen = {at.axis(a, data.rank) for a in axes} or set(range(min(data.rank, shape_like.rank)))
    lengths = [shape_like.shape[i] if i in chosen else None for i in range(data.rank)]
    out = cut(at, data, [slice(0, n) for n in lengths])
    for axis in sorted(chosen):
        if shape_like.shape[axis] is None and (axis > 0 or data.shape[0] is not None):  # both are batch axes
            places = arange_along(shape_like.natural(), axis)
            out = at.ordered(ops.take(out.to(out.order), places, out.order.index(axis)), out.order)
    return out


def _pad_shape(a, ins, outs):
    if len(a.pad_width) % 2 or not a.pad_width:
        raise ShapeMismatch("attribute 'pad_width' must have two numbers an axis", a.pad_width)
    more = [before + after for before, after in zip(a.pad_width[::2], a.pad_width[1::2], strict=True)]
    data, out = of_rank(ins[0], len(more)), of_rank(outs[0], len(more))
    data = merge(data, tuple(None if n is None else n - m for n, m in zip(out, more, strict=True)))
    return [data], [_not_empty(None if n is None else n + m for n, m in zip(data, more, strict=True))]


@translates("Pad", "pad", layout=as_they_are, shape=_pad_shape, exact=True)
def pad(at, data, *, mode: Literal["constant", "edge", "reflect"], pad_width: Ints, constant_value: float = 0.0):
    """`pad_width` is (before, after) for each axis, in MXNet's order."""
    rank = data.rank
    if len(pad_width) != 2 * rank:
        raise at.error(f"attribute 'pad_width' must have {2 * rank} numbers", pad_width)
    order = data.order if isinstance(data.order, tuple) else natural(rank)
    widths = [tuple(pad_width[2 * a : 2 * a + 2]) for a in order]
    tensor = data.to(order)
    last = order == channels_last(rank) and rank in (3, 4, 5)
    if mode == "constant" and constant_value == 0 and last and not any(widths[0]) and not any(widths[-1]):
        cls = {3: layers.ZeroPadding1D, 4: layers.ZeroPadding2D, 5: layers.ZeroPadding3D}[rank]
        return at.ordered(at.layer(cls, widths[1] if rank == 3 else tuple(widths[1:-1]))(tensor), order)
    if mode == "constant":
        if constant_value == 0 and any(widths[-1]) and (order != natural(rank) or _is_transposed_next(at)):
            tensor, widths[-1] = _pad_last_axis(tensor, *widths[-1]), (0, 0)
        out = ops.pad(tensor, widths, constant_values=constant_value) if any(map(any, widths)) else tensor
    elif mode == "reflect":
        out = ops.pad(tensor, widths, mode="reflect")
    else:
        out = tensor
        for axis, (before, after) in enumerate(widths):
            parts = [ops.repeat(take_slice(out, axis, slice(0, 1)), before, axis)] if before else []
            parts.append(out)
            if after:
                parts.append(ops.repeat(take_slice(out, axis, slice(-1, None)), after, axis))
            out = ops.concatenate(parts, axis) if len(parts) > 1 else out
    return at.ordered(out, order)


def _is_transposed_next(at) -> bool:
    """Whether the next op moves axes, so that the last axis may become the channels."""
    readers = at.scope.graph.consumers()[at.index]
    return any(at.scope.graph.nodes[reader].op in ("transpose", "SwapAxis") for reader, _ in readers)


def _pad_last_axis(data, before: int, after: int):
    """Pads the last axis with zeros. TensorFlow merges a zero padding into the convolution after it, and then fails if
    channels are padded."""
    one = ops.zeros_like(data[..., :1])
    sides = [[ops.repeat(one, n, -1)] if n else [] for n in (before, after)]
    return ops.concatenate([*sides[0], data, *sides[1]], -1) if before or after else data


def _crop_shape(a, ins, outs):
    data = merge(of_rank(ins[0], 4), (*of_rank(outs[0], 4)[:2], None, None))
    like = of_rank(ins[1], 4)[2:] if len(ins) > 1 else tuple(a.h_w)
    start = (0, 0) if a.center_crop else a.offset
    if any(None not in (n, m) and s + m > n for n, m, s in zip(data[2:], like, start, strict=False)):
        raise ShapeMismatch(f"cannot cut {format_shape(like)} at {start}", format_shape(data))
    return [data, *ins[1:]], [_not_empty((*data[:2], *like))]


@translates("Crop", layout=as_they_are, shape=_crop_shape, keeps=Keeps.ELEMENTS, shape_only=1)
def crop(at, *data, offset: Ints = (0, 0), h_w: Ints = (0, 0), center_crop: bool = False):
    """Crops (height, width) to `h_w`, or to those of the second input."""
    first, like = data[0], data[1] if len(data) > 1 else None
    if len(first.shape) != 4 or len(offset) != 2 or len(h_w) != 2:
        raise at.error("needs images, and two numbers in 'offset' and in 'h_w'", (tuple(first.shape), offset, h_w))
    last = first.order == channels_last(4)
    tensor = first.to(channels_last(4)) if last else first.natural()
    for axis, start, wanted in zip((2, 3), offset, like.shape[2:] if like else h_w, strict=True):
        place = axis - 1 if last else axis
        have = tensor.shape[place]
        if wanted is None or (center_crop and have is None):
            steps, count = ops.arange(wanted or 1, dtype="int32"), wanted
            if wanted is None:
                whole = data[1].natural()
                steps, count = reshape.arange_along(whole, axis), reshape.length(whole, axis)
            middle = ops.floor_divide(ops.subtract(reshape.length(tensor, place), count), 2) if center_crop else start
            tensor = ops.take(tensor, ops.add(steps, middle), place)
        else:
            begin = (have - wanted) // 2 if center_crop else start
            tensor = take_slice(tensor, place, slice(begin, begin + wanted))
    return at.ordered(tensor, first.order) if last else tensor


def _not_empty(lengths) -> Shape:
    """The shape after slicing. Raises ShapeMismatch if it is empty."""
    shape = tuple(lengths)
    if 0 in shape:
        raise ShapeMismatch("leaves nothing of its data", format_shape(shape))
    return shape


def _sliced_length(length, begin, end, step) -> int | None:
    if length is None:
        return None
    if step == 0:
        raise ShapeMismatch("attribute 'step' must not be 0", step)
    return len(range(*slice(begin, end, step).indices(length)))


def _broadcast_axis_shape(a, ins, outs):
    if len(a.axis) != len(a.size):
        raise ShapeMismatch("attributes 'axis' and 'size' must be equally long", (a.axis, a.size))
    if ins[0] is None:
        return ins, outs
    data, out = list(ins[0]), list(ins[0])
    for axis, size in zip(normalize_axes(a.axis, len(out)), a.size, strict=True):
        data[axis], out[axis] = 1, size
    return [tuple(data)], [_not_empty(out)]


@translates("broadcast_axis", "broadcast_axes", shape=_broadcast_axis_shape, keeps=Keeps.ELEMENTS)
def broadcast_axis(at, data, *, axis: Ints = (), size: Ints = ()):
    for a, n in zip(axis, size, strict=True):
        data = ops.repeat(data, n, a)
    return data


def _broadcast_to_shape(a, ins, outs):
    data = of_rank(ins[0], len(a.shape))
    for have, want in zip(data, a.shape, strict=True):
        if want and have not in (None, 1, want):
            raise ShapeMismatch(f"data of shape {format_shape(data)} cannot be broadcast to attribute 'shape'", a.shape)
    return [data], [tuple(n or have for n, have in zip(a.shape, data, strict=True))]


@translates("broadcast_to", shape=_broadcast_to_shape, keeps=Keeps.ELEMENTS)
def broadcast_to(at, data, *, shape: Ints = ()):
    """0 keeps a length."""
    target = [have if want == 0 else want for have, want in zip(data.shape, shape, strict=True)]
    if None not in target:
        return ops.broadcast_to(data, target)
    for axis, (have, want) in enumerate(zip(data.shape, target, strict=True)):
        if have == 1 and want not in (1, None):
            data = ops.repeat(data, want, axis)
    return data


def _broadcast_like_shape(a, ins, outs):
    one, two = ins
    if len(a.lhs_axes or ()) != len(a.rhs_axes or ()):
        raise ShapeMismatch("attributes 'lhs_axes' and 'rhs_axes' must be equally long", (a.lhs_axes, a.rhs_axes))
    if one is None or two is None:
        return ins, [two if a.lhs_axes is None else None]
    out = list(one) if a.lhs_axes else list(of_rank(two, len(one)))
    for p, q in zip(
        normalize_axes(a.lhs_axes or (), len(one)), normalize_axes(a.rhs_axes or (), len(two)), strict=True
    ):
        out[p] = two[q]
    if any(None not in (n, m) and n not in (1, m) for n, m in zip(one, out, strict=True)):
        raise ShapeMismatch(f"data of shape {format_shape(one)} cannot be broadcast to {format_shape(tuple(out))}")
    return ins, [tuple(out)]


@translates("broadcast_like", shape=_broadcast_like_shape, keeps=Keeps.ELEMENTS, shape_only=1)
def broadcast_like(at, lhs, rhs, *, lhs_axes: Ints | None = None, rhs_axes: Ints | None = None):
    if lhs_axes is None:
        return ops.add(lhs, ops.cast(ops.zeros_like(rhs), lhs.dtype))
    rank = len(lhs.shape)
    for a, b in zip(lhs_axes, rhs_axes or (), strict=True):
        a, b = at.axis(a, rank), at.axis(b, len(rhs.shape))
        line = rhs[tuple(slice(None) if i == b else 0 for i in range(len(rhs.shape)))]
        line = ops.reshape(ops.zeros_like(line), [-1 if i == a else 1 for i in range(rank)])
        lhs = ops.add(lhs, ops.cast(line, lhs.dtype))
    return lhs


def _repeated(site, values, attributes):
    """Without `axis`, repeats the elements in MXNet's order."""
    return (plain if attributes["axis"] is None else along("axis"))(site, values, attributes)


def _repeat_shape(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, [None if a.axis is not None else (None,)]
    if a.axis is None:
        total = count_elements(data)
        return ins, [(None if total is None else total * a.repeats,)]
    axis = normalize_axis(a.axis, len(data))
    return ins, [_not_empty(n * a.repeats if i == axis and n is not None else n for i, n in enumerate(data))]


@translates("repeat", layout=_repeated, shape=_repeat_shape, keeps=Keeps.ELEMENTS)
def repeat(at, data, *, repeats: int, axis: int | None = None):
    return ops.repeat(data, repeats, axis) if axis is not None else ops.repeat(ops.reshape(data, (-1,)), repeats)


def _tile_shape(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    rank = max(len(data), len(a.reps))
    lengths, reps = ((1,) * (rank - len(x)) + tuple(x) for x in (data, a.reps))
    return ins, [_not_empty(None if n is None else n * r for n, r in zip(lengths, reps, strict=True))]


@translates("tile", shape=_tile_shape, keeps=Keeps.ELEMENTS)
def tile(at, data, *, reps: Ints):
    return ops.tile(data, list(reps))
