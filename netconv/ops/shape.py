"""Reshaping and moving axes. A transpose only relabels them (`layout.py`); stored arrays are rearranged for good."""

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Literal

import numpy as np

from .. import regroup
from ..arrays import Array
from ..attributes import Count, Ints, IntsNone
from ..counting import places
from ..layout import Stored, Value, along, as_they_are, channels_last, features, moved, natural, plain, spatial
from ..lazy import layers, ops
from ..registry import translates
from ..regroup import counted, gathered, groups, laid, length, times

LARGEST_BLOCK = 128
"""Rows and columns of the blocks that become channels, each cut out by itself."""


def _rest(at, whole, taken):
    known, unknown = times(taken)
    if known == 0 or unknown - whole[1] or (whole[0] % known and not whole[1]):
        raise at.error("the elements do not fit the new shape", (whole[0], known))
    if whole[0] % known:  # an unknown length makes up for it
        return Fraction(whole[0]) / known, whole[1] - unknown
    return whole[0] // known, whole[1] - unknown


def _coded(at, lengths, codes):
    """MXNet's codes: 0 copies a length, -1 infers one, -2 copies the rest, -3 merges two, -4 splits one in the two
    numbers that follow."""
    out, source, infer = [], 0, None
    codes = list(codes)
    position = 0

    def take():
        nonlocal source
        if source >= len(lengths):
            raise at.error("attribute 'shape' asks for more axes than the data has", tuple(codes))
        source += 1
        return lengths[source - 1]

    while position < len(codes):
        code = codes[position]
        if code > 0:
            out.append((code, Counter()))
            source += 1
        elif code == 0:
            out.append(take())
        elif code == -1:
            if infer is not None:
                raise at.error("attribute 'shape' may have one -1", tuple(codes))
            infer = len(out)
            out.append((1, Counter()))
            source += 1
        elif code == -2:
            out.extend(lengths[source:])
            source = len(lengths)
        elif code == -3:
            out.append(times([take(), take()]))
        elif code == -4:
            whole = take()
            pair = codes[position + 1 : position + 3]
            if len(pair) < 2 or min(pair) < -1 or 0 in pair or pair == [-1, -1]:
                raise at.error("-4 in attribute 'shape' must be followed by two lengths", tuple(codes))
            given = [None if p == -1 else (p, Counter()) for p in pair]
            known = [g for g in given if g]
            out.extend(g or _rest(at, whole, known) for g in given)
            position += 2
        else:
            raise at.error("attribute 'shape' has an unknown code", code)
        position += 1
    if infer is not None:
        out[infer] = _rest(at, times(lengths), out[:infer] + out[infer + 1 :])
    elif times(out) != times(lengths) and not times(lengths)[1]:
        raise at.error(f"cannot give data of {times(lengths)[0]} elements the shape", tuple(codes))
    return out


def reshaped(at, value, lengths):
    """A Value or Stored with new lengths, given in MXNet's order: reshaped as it lies, where that can be."""
    shape = [None if unknown else known for known, unknown in lengths]
    if isinstance(value, Stored):
        if value.alone and None not in shape:
            return at.stored(value.array.reshape(shape))
        return ops.reshape(value.natural(), shape)
    if not value.rank:
        return ops.reshape(value.natural(), shape)
    if not isinstance(value.order, tuple):
        value = Value(value.natural(), None, at)
    found = groups(regroup.lengths(value.shape), lengths)
    wanted = channels_last(len(lengths)) if len(lengths) > 3 else natural(len(lengths))
    for order in gathered(value.order, value.shape, found):
        lying = laid(order, value.shape, found)
        after = tuple(axis for _, news in lying for axis in news)
        if after == wanted:
            break
    tensor, target = value.to(order), moved(tuple(shape), after)
    if tuple(tensor.shape) == target and target.count(None) <= 1:
        return at.ordered(tensor, after)
    keeps_batch = target[:1] == (None,) and lengths[0] == (1, Counter([0])) and order[0] == after[0] == 0
    if keeps_batch and target.count(None) <= 2 and not at.constant(tensor):
        return at.ordered(at.layer(layers.Reshape, tuple(-1 if d is None else d for d in target[1:]))(tensor), after)
    if target.count(None) > 1 and any(axis < 0 for _, axes in lengths for axis in axes):
        raise at.error("more than one length is unknown; give the input's shape", tuple(value.shape))
    places = {axis: place for place, axis in enumerate(order)}
    lying = [(known, Counter(places.get(a) for a in axes.elements())) for known, axes in moved(tuple(lengths), after)]
    return at.ordered(regroup.reshape(tensor, lying), after)


def _flattens(value, codes: Ints, reverse: bool) -> bool:
    """Whether a reshape is one to (batch, all the rest), which is flattened as the data lies."""
    if isinstance(value, Stored) or reverse or len(codes) != 2 or value.rank < 3 or None in value.shape[1:]:
        return False
    return codes in ((0, -1), *((batch, math.prod(value.shape[1:])) for batch in (-1, 0)))


def _flattening(site, values, attributes):
    if _flattens(values[0], attributes["shape"], attributes["reverse"]):
        return features(site, values, attributes)
    return values, attributes, None


@translates("Reshape", "reshape", layout=_flattening)
def reshape(at, data, *, shape: Ints = (), reverse: bool = False, target_shape: Ints = (), keep_highest: bool = False):
    if _flattens(at.values[0], shape, reverse):
        return at.ordered(at.flattened(data), at.flat)
    value = at.values[0]
    if not shape and target_shape:
        # The old form: 0 infers one length.
        codes = [-1 if t == 0 else t for t in target_shape]
        if keep_highest:
            codes[0] = 0
        shape = tuple(codes)
    lengths = regroup.lengths(value.shape)
    if reverse:
        return reshaped(at, value, _coded(at, lengths[::-1], shape[::-1])[::-1])
    return reshaped(at, value, _coded(at, lengths, shape))


def _row_by_row(at, order: str) -> None:
    if order != "C":
        raise at.error("attribute 'order' must be C, the only one that MXNet has", order)


@translates("_np_reshape", layout=as_they_are)
def np_reshape(at, a, *, newshape: Ints, order: str = "C"):
    """-1 infers a length."""
    _row_by_row(at, order)
    if min(newshape, default=0) < -1 or 0 in newshape:
        raise at.error("attribute 'newshape' may hold lengths and one -1", newshape)
    return reshaped(at, a, _coded(at, regroup.lengths(a.shape), newshape))


_NPX_CODES = {-2: 0, -4: -2, -5: -3, -6: -4}
"""The codes of `_npx_reshape` as those of Reshape; its -3 drops an axis of length 1."""


@translates("_npx_reshape", "_npi_reshape", layout=as_they_are)
def npx_reshape(at, a, *, newshape: Ints, reverse: bool = False, order: str = "C"):
    _row_by_row(at, order)
    lengths, codes = regroup.lengths(a.shape), newshape
    if reverse:
        lengths, codes = lengths[::-1], codes[::-1]
    out, source, skip = [], 0, 0
    for code in codes:
        if skip:
            skip -= 1
        elif code == -3:
            if lengths[source : source + 1] != [(1, Counter())]:
                raise at.error("-3 in attribute 'newshape' must meet an axis of length 1", newshape)
            del lengths[source]
            continue
        else:
            skip, source = (2 if code == -6 else 0), source + (2 if code == -5 else 1)
        out.append(code if skip == 0 and code > 0 else _NPX_CODES.get(code, code))
    shape = _coded(at, lengths, out)
    return reshaped(at, a, shape[::-1] if reverse else shape)


@translates("Flatten", "flatten", layout=features)
def flatten(at, data):
    return at.ordered(at.flattened(data), at.flat)


@translates("reshape_like", layout=as_they_are)
def reshape_like(
    at,
    lhs,
    rhs,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
):
    """Axes [lhs_begin, lhs_end) of `lhs` become axes [rhs_begin, rhs_end) of `rhs`."""
    left = regroup.lengths(lhs.shape)
    right = [(d, Counter()) if d else (1, Counter([-1 - i])) for i, d in enumerate(rhs.shape)]
    bounds = []
    for begin, end, rank in ((lhs_begin, lhs_end, lhs.rank), (rhs_begin, rhs_end, rhs.rank)):
        begin, end = begin or 0, rank if end is None else end
        bounds.append((begin + rank if begin < 0 else begin, end + rank if end < 0 else end))
    (a, b), (c, d) = bounds
    new = right[c:d]
    if sum(bool(unknown) for _, unknown in new) > 1:
        if b - a != 1:
            raise at.error("more than one length is unknown; give the input's shape", tuple(rhs.shape))
        places, whole = 0, rhs.natural()
        for axis in range(c, d):
            steps = ops.reshape(regroup.counted(whole, axis), [-1 if i == axis else 1 for i in range(c, d)])
            places = ops.add(ops.multiply(places, regroup.length(whole, axis)), steps)
        return ops.take(lhs.natural(), places, a)
    if b - a == d - c:
        new = [mine if mine[1] and theirs[1] else theirs for mine, theirs in zip(left[a:b], new, strict=True)]
    return reshaped(at, lhs, left[:a] + new + left[b:])


@translates("transpose", layout=as_they_are)
def transpose(at, data, *, axes: Ints = ()):
    axes = tuple(a % data.rank for a in axes) or tuple(reversed(range(data.rank)))
    if sorted(axes) != list(range(data.rank)):
        raise at.error(f"attribute 'axes' must be a permutation of 0 to {data.rank - 1}", axes)
    return data.relabelled(axes)


@translates("SwapAxis", "swapaxes", layout=as_they_are)
def swap_axis(at, data, *, dim1: int = 0, dim2: int = 0):
    axes = list(range(data.rank))
    one, two = at.axis(dim1, data.rank), at.axis(dim2, data.rank)
    axes[one], axes[two] = two, one
    return data.relabelled(tuple(axes))


@translates("expand_dims", layout=as_they_are)
def expand_dims(at, data, *, axis: int):
    axis = at.axis(axis, data.rank + 1)
    if isinstance(data, Stored):
        lengths = regroup.lengths(data.shape)
        return reshaped(at, data, [*lengths[:axis], (1, Counter()), *lengths[axis:]])
    if not isinstance(data.order, tuple):
        return ops.expand_dims(data.natural(), axis)
    place = data.order.index(axis) if axis < data.rank else data.rank
    order = [a + (a >= axis) for a in data.order]
    return at.ordered(ops.expand_dims(data.tensor, place), (*order[:place], axis, *order[place:]))


@translates("squeeze", layout=as_they_are)
def squeeze(at, data, *, axis: Ints | None = None):
    shape = data.shape
    if axis is None and None in shape:
        at.note("squeeze without axes keeps the axes of unknown length, of a batch of one too; MXNet drops those of 1")
    axes = {at.axis(a, data.rank) for a in axis} if axis is not None else {i for i, d in enumerate(shape) if d == 1}
    left = [length for i, length in enumerate(regroup.lengths(shape)) if i not in axes]
    return reshaped(at, data, left or [(1, Counter())])


@translates("Concat", "concat", "_rnn_param_concat", layout=along("dim"))
def concat(at, *data, dim: int = 1):
    if len(data) == 1:
        return data[0]
    if all(isinstance(v, Stored) and v.alone for v in at.values):
        return at.stored(Array.concatenate([v.array for v in at.values], dim))
    rank = len(data[0].shape)
    dim = at.axis(dim, rank)
    if rank > 1 and not at.constant(*data) and dim > 0:
        return at.layer(layers.Concatenate, axis=dim if dim < rank - 1 else -1)(list(data))
    return ops.concatenate(list(data), dim)


@translates("stack")
def stack(at, *data, axis: int = 0):
    return ops.stack(list(data), axis)


@translates("SliceChannel", "split", layout=along("axis"))
def slice_channel(at, data, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False):
    parts = data.shape[axis]
    if num_outputs == 1 and not squeeze_axis:
        return data
    if parts is None:
        raise at.error("cannot split an axis of unknown length; give the input's shape", tuple(data.shape))
    if num_outputs < 1 or parts % num_outputs:
        raise at.error(f"attribute 'num_outputs' must divide the length {parts}", num_outputs)
    if squeeze_axis and parts != num_outputs:
        raise at.error(f"squeeze_axis needs num_outputs to be the length {parts}", num_outputs)
    if squeeze_axis and at.values[0].order != natural(at.values[0].rank):
        data = at.values[0].natural()
        axis = at.values[0].order[axis]
    out = ops.split(data, num_outputs, axis)
    if not squeeze_axis:
        return out
    return [at.ordered(ops.squeeze(x, axis)) if number in at.used else None for number, x in enumerate(out)]


def _split(at, data, indices, axis, squeeze_axis, sections):
    whole = (slice(None),) * at.axis(axis, len(data.shape))
    length = data.shape[axis]
    if sections and length is not None and length % sections:  # the first ones are longer
        bounds = [0, *np.cumsum([length // sections + (i < length % sections) for i in range(sections)]).tolist()]
        out = [data[(*whole, slice(a, b))] for a, b in itertools.pairwise(bounds)]
    elif sections == 1:
        out = [data]
    elif sections:
        out = ops.split(data, sections, axis)
    else:
        starts = [i for i in indices if i > 0]
        out = [data[(*whole, slice(a, b))] for a, b in zip([0, *starts], [*starts, None], strict=True)]
    return [x[(*whole, 0)] for x in out] if squeeze_axis else out


@translates("_split_v2")
def split_v2(at, data, *, indices: Ints, axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    return _split(at, data, indices, axis, squeeze_axis, sections)


@translates("_npi_hsplit", ignores="axis")
def hsplit(at, data, *, indices: Ints, squeeze_axis: bool = False, sections: int = 0):
    """Along axis 1, or the only one."""
    return _split(at, data, indices, min(1, len(data.shape) - 1), squeeze_axis, sections)


@translates("_npi_dsplit")
def dsplit(at, data, *, indices: Ints, axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    if axis != 2:
        raise at.error("attribute 'axis' must be 2, along which it splits", axis)
    return _split(at, data, indices, axis, squeeze_axis, sections)


@translates("slice", "crop", layout=as_they_are)
def slice_(at, data, *, begin: IntsNone, end: IntsNone, step: IntsNone = ()):
    step = tuple(step) + (None,) * (len(begin) - len(step))
    if len(begin) != len(end) or len(begin) > data.rank:
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
            places = counted(shape_like.natural(), axis)
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
        out = ops.pad(tensor, widths, constant_values=constant_value)
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
                steps, count = (f(like.natural(), axis) for f in (regroup.counted, regroup.length))
            middle = ops.floor_divide(ops.subtract(regroup.length(tensor, place), count), 2) if center_crop else start
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


@translates("reverse", "flip", layout=along("axis"))
def reverse(at, data, *, axis: Ints):
    return ops.flip(data, axis)


@translates("depth_to_space", layout=spatial)
def depth_to_space(at, data, *, block_size: Count):
    """(N, b b C, H, W) to (N, C, b H, b W)."""
    b = block_size
    _, h, w, c = data.shape
    if c is None:
        raise at.error("needs the number of channels; give the input's shape", (None, c, h, w))
    if c % (b * b):
        raise at.error("attribute 'block_size' must divide the channels twice", (b, c))
    if None not in (h, w):
        data = at.reshape(data, (-1, h, w, b, b, c // (b * b)))
        return at.reshape(ops.transpose(data, (0, 1, 3, 2, 4, 5)), (-1, h * b, w * b, c // (b * b)))
    out = None  # no reshape has three unknown lengths: every part in its places
    for number, part in enumerate(ops.split(data, b * b, -1)):
        wide = ops.repeat(ops.repeat(part, b, 1), b, 2)
        row, column = (ops.equal(ops.mod(places(wide, axis), b), i) for axis, i in ((1, number // b), (2, number % b)))
        out = wide if out is None else ops.where(ops.logical_and(row, column), wide, out)
    return out


@translates("space_to_depth", layout=spatial)
def space_to_depth(at, data, *, block_size: Count):
    b = block_size
    if b > LARGEST_BLOCK or any(n is not None and n % b for n in data.shape[1:3]):
        raise at.error(
            f"attribute 'block_size' must divide the height and the width, and be at most {LARGEST_BLOCK}", b
        )
    return ops.concatenate([data[:, i::b, j::b] for i in range(b) for j in range(b)], -1)


def _sizes(value):
    """The lengths of the axes; unknown ones are counted."""
    out = np.array([n or 0 for n in value.shape], "int64")
    for axis, n in enumerate(value.shape):
        if n is None:
            counts = ops.cast(length(value.natural(), axis), "int64")
            out = ops.add(ops.multiply(counts, np.eye(value.rank, dtype="int64")[axis]), out)
    return out


@translates("shape_array", layout=as_they_are)
def shape_array(at, data):
    return _sizes(data)


@translates("size_array", layout=as_they_are)
def size_array(at, data):
    return ops.prod(_sizes(data), keepdims=True)


@translates("diag")
def diag(at, data, *, k: int = 0, axis1: int = 0, axis2: int = 1):
    if len(data.shape) == 1:
        return ops.diag(data, k)
    one, two = (at.axis(axis, len(data.shape)) for axis in (axis1, axis2))
    if one == two:
        raise at.error("attributes 'axis1' and 'axis2' must be two axes", (axis1, axis2))
    return ops.diagonal(data, k, one, two)
