"""Cutting, padding and repeating."""

from typing import Literal

from ..graph.attributes import Ints, IntsNone
from ..keras_api.lazy import layers, ops
from ..kernels import reshape
from ..kernels.layout import along, as_they_are, channels_last, moved, natural, plain
from ..kernels.reshape import arange_along
from .registry import translates


@translates("slice", "crop", layout=as_they_are)
def slice_(at, data, *, begin: IntsNone, end: IntsNone, step: IntsNone = ()):
    step = step or (None,) * len(begin)
    if len(begin) > data.rank:
        raise at.error("attributes 'begin' and 'end' must have a number an axis", (begin, end))
    return cut(at, data, [slice(b, e, s) for b, e, s in zip(begin, end, step, strict=True)])


def cut(at, value, slices):
    """A Value or Stored, sliced as it lies; `slices` are one an axis in MXNet's order, those left out are whole."""
    slices = [*slices, *(slice(None),) * (value.rank - len(slices))]
    order = value.order if isinstance(value.order, tuple) else natural(value.rank)
    return at.ordered(value.to(order)[moved(tuple(slices), order)], order)


@translates("slice_axis", layout=along("axis"))
def slice_axis(at, data, *, axis: int, begin: int, end: int | None):
    axis = at.axis(axis, len(data.shape))
    return data[(*(slice(None),) * axis, slice(begin, end))]


@translates("slice_like", layout=as_they_are)
def slice_like(at, data, shape_like, *, axes: Ints = ()):
    """Cut to the lengths of the second input, along `axes` or all."""
    chosen = {at.axis(a, data.rank) for a in axes} or set(range(min(data.rank, shape_like.rank)))
    lengths = [shape_like.shape[i] if i in chosen else None for i in range(data.rank)]
    out = cut(at, data, [slice(0, n) for n in lengths])
    for axis in sorted(chosen):
        if shape_like.shape[axis] is None and (axis > 0 or data.shape[0] is not None):  # both are the batch
            places = arange_along(shape_like.natural(), axis)
            out = at.ordered(ops.take(out.to(out.order), places, out.order.index(axis)), out.order)
    return out


@translates("Pad", "pad", layout=as_they_are)
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
        if constant_value == 0 and any(widths[-1]) and (order != natural(rank) or _is_turned(at)):
            tensor, widths[-1] = _between_zeros(tensor, *widths[-1]), (0, 0)
        out = ops.pad(tensor, widths, constant_values=constant_value) if any(map(any, widths)) else tensor
    elif mode == "reflect":
        out = ops.pad(tensor, widths, mode="reflect")
    else:
        out = tensor
        for axis, (before, after) in enumerate(widths):
            whole = (slice(None),) * axis
            parts = [ops.repeat(out[(*whole, slice(0, 1))], before, axis)] if before else []
            parts.append(out)
            if after:
                parts.append(ops.repeat(out[(*whole, slice(-1, None))], after, axis))
            out = ops.concatenate(parts, axis) if len(parts) > 1 else out
    return at.ordered(out, order)


def _is_turned(at) -> bool:
    """Whether what reads this node moves axes, so that the last may come to be the channels."""
    readers = at.graph.consumers()[at.index]
    return any(at.graph.nodes[reader].op in ("transpose", "SwapAxis") for reader, _ in readers)


def _between_zeros(data, before: int, after: int):
    """Zeros on either side of the last axis. TensorFlow merges a padding with zeros into the convolution that reads it,
    and then fails if channels are padded."""
    one = ops.zeros_like(data[..., :1])
    sides = [[ops.repeat(one, n, -1)] if n else [] for n in (before, after)]
    return ops.concatenate([*sides[0], data, *sides[1]], -1) if before or after else data


@translates("Crop", layout=as_they_are)
def crop(at, *data, offset: Ints = (0, 0), h_w: Ints = (0, 0), center_crop: bool = False):
    """Cuts (height, width) to `h_w`, or to the second input's."""
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
                steps, count = (f(like.natural(), axis) for f in (reshape.arange_along, reshape.length))
            middle = ops.floor_divide(ops.subtract(reshape.length(tensor, place), count), 2) if center_crop else start
            tensor = ops.take(tensor, ops.add(steps, middle), place)
        else:
            begin = (have - wanted) // 2 if center_crop else start
            tensor = tensor[(*(slice(None),) * place, slice(begin, begin + wanted))]
    return at.ordered(tensor, first.order) if last else tensor


@translates("broadcast_axis", "broadcast_axes")
def broadcast_axis(at, data, *, axis: Ints = (), size: Ints = ()):
    for a, n in zip(axis, size, strict=True):
        data = ops.repeat(data, n, a)
    return data


@translates("broadcast_to")
def broadcast_to(at, data, *, shape: Ints = ()):
    """0 keeps a length."""
    target = [have if want == 0 else want for have, want in zip(data.shape, shape, strict=True)]
    if None not in target:
        return ops.broadcast_to(data, target)
    for axis, (have, want) in enumerate(zip(data.shape, target, strict=True)):
        if have == 1 and want not in (1, None):
            data = ops.repeat(data, want, axis)
    return data


@translates("broadcast_like")
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
    """Without an axis, the elements in MXNet's order."""
    return (plain if attributes["axis"] is None else along("axis"))(site, values, attributes)


@translates("repeat", layout=_repeated)
def repeat(at, data, *, repeats: int, axis: int | None = None):
    return ops.repeat(data, repeats, axis) if axis is not None else ops.repeat(ops.reshape(data, (-1,)), repeats)


@translates("tile")
def tile(at, data, *, reps: Ints):
    return ops.tile(data, list(reps))
