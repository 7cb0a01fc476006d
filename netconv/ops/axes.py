"""Axes: moving, joining and splitting them. A transpose only changes the recorded order (`kernels/layout.py`)."""

import itertools
from types import SimpleNamespace

import numpy as np

from ..graph.attributes import Count, Ints
from ..graph.partial_shape import Shape, ShapeMismatch, diagonal_shape, merge, normalize_axes, normalize_axis, of_rank
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.layout import StoredOperand, along, as_they_are, natural, spatial
from ..kernels.positions import index_grid
from ..kernels.reshape import take_slice
from .registry import translates
from .traits import Keeps

LARGEST_BLOCK = 128
"""Largest block size; each element of a block is sliced separately."""


def _transpose_shape(a, ins, outs):
    data, out = ins[0], outs[0]
    if not a.axes and data is None and out is None:
        return ins, outs
    rank = len(a.axes or ()) or len(data if data is not None else out)
    axes = [normalize_axis(axis, rank) for axis in a.axes or ()] or list(reversed(range(rank)))
    if sorted(axes) != list(range(rank)):
        raise ShapeMismatch(f"attribute 'axes' must be a permutation of 0 to {rank - 1}", a.axes)
    data = merge(of_rank(data, rank), tuple(of_rank(out, rank)[axes.index(i)] for i in range(rank)))
    return [data], [tuple(data[axis] for axis in axes)]


@translates("transpose", layout=as_they_are, shape=_transpose_shape, keeps=Keeps.VALUES)
def transpose(at, data, *, axes: Ints = ()):
    axes = tuple(a % data.rank for a in axes) or tuple(reversed(range(data.rank)))
    if sorted(axes) != list(range(data.rank)):
        raise at.error(f"attribute 'axes' must be a permutation of 0 to {data.rank - 1}", axes)
    return data.relabeled(axes)


def _swap_axis_shape(a, ins, outs):
    def swapped(shape):
        if shape is None:
            return None
        one, two = normalize_axis(a.dim1, len(shape)), normalize_axis(a.dim2, len(shape))
        lengths = list(shape)
        lengths[one], lengths[two] = lengths[two], lengths[one]
        return tuple(lengths)

    data = merge(ins[0], swapped(outs[0]))
    return [data], [swapped(data)]


@translates("SwapAxis", "swapaxes", layout=as_they_are, shape=_swap_axis_shape, keeps=Keeps.VALUES)
def swap_axis(at, data, *, dim1: int = 0, dim2: int = 0):
    axes = list(range(data.rank))
    one, two = at.axis(dim1, data.rank), at.axis(dim2, data.rank)
    axes[one], axes[two] = two, one
    return data.relabeled(tuple(axes))


def _concat_shape(a, ins, outs):
    known = next((x for x in [*ins, *outs] if x is not None), None)
    if known is None:
        return ins, outs
    rank = len(known)
    dim = normalize_axis(a.dim, rank)
    shape = of_rank(outs[0], rank)
    for x in ins:
        x = of_rank(x, rank)
        shape = merge(shape, (*x[:dim], shape[dim], *x[dim + 1 :]))
    lengths = [of_rank(x, rank)[dim] for x in ins]
    left = lengths.count(None)
    total = sum(n for n in lengths if n is not None)
    if left and shape[dim] is not None:
        rest = shape[dim] - total if left == 1 and shape[dim] > total else None
        lengths = [rest if n is None else n for n in lengths]
    whole = None if left else total
    return [(*shape[:dim], n, *shape[dim + 1 :]) for n in lengths], [(*shape[:dim], whole, *shape[dim + 1 :])]


def _equal_shares(a, ins, outs):
    """The weights of the two directions of a recurrent layer have the same length: unknown vectors share the remaining
    length equally."""
    vectors, (length,) = [of_rank(x, 1)[0] for x in ins], of_rank(outs[0], 1)
    left = vectors.count(None)
    rest = (length or 0) - sum(n for n in vectors if n is not None)
    if left < 2 or rest < left or rest % left:
        return [None] * len(ins)
    return [(rest // left,) if n is None else None for n in vectors]


@translates(
    "Concat",
    "concat",
    "_rnn_param_concat",
    layout=along("dim"),
    shape=_concat_shape,
    likely=_equal_shares,
    keeps=Keeps.ELEMENTS,
)
def concat(at, *data, dim: int = 1):
    if len(data) == 1:
        return data[0]
    if all(isinstance(v, StoredOperand) and v.unshared for v in at.values):
        return at.stored(TrackedArray.concatenate([v.array for v in at.values], dim))
    rank = len(data[0].shape)
    dim = at.axis(dim, rank)
    if rank > 1 and not at.constant(*data) and dim > 0:
        return at.layer(layers.Concatenate, axis=dim if dim < rank - 1 else -1)(list(data))
    return ops.concatenate(list(data), dim)


def _stack_shape(a, ins, outs):
    shape, out = None, outs[0]
    if out:
        axis = normalize_axis(a.axis, len(out))
        shape = (*out[:axis], *out[axis + 1 :])
    for x in ins:
        shape = merge(shape, x)
    if shape is None:
        return ins, outs
    axis = normalize_axis(a.axis, len(shape) + 1)
    return [shape] * len(ins), [(*shape[:axis], len(ins), *shape[axis:])]


@translates("stack", shape=_stack_shape, keeps=Keeps.ELEMENTS)
def stack(at, *data, axis: int = 0):
    return ops.stack(list(data), axis)


def _slice_channel_shape(a, ins, outs):
    """Splits an axis into `num_outputs` equal parts; with `squeeze_axis` each part has length 1 and the axis is
    removed."""
    if a.num_outputs < 1:
        raise ShapeMismatch("attribute 'num_outputs' must be at least 1", a.num_outputs)
    part = None
    for out in outs:
        part = merge(part, out)
    data = ins[0]
    if data is None and part is None:
        return ins, outs
    rank = len(data) if data is not None else len(part) + a.squeeze_axis
    axis = normalize_axis(a.axis, rank)
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


@translates("SliceChannel", "split", layout=along("axis"), shape=_slice_channel_shape, keeps=Keeps.ELEMENTS)
def slice_channel(at, data, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False):
    parts = data.shape[axis]
    if num_outputs == 1 and not squeeze_axis:
        return data
    if parts is None:
        raise at.open("cannot split an axis of unknown length", tuple(data.shape))
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
    length = data.shape[axis]
    if sections and length is not None and length % sections:  # the first parts are longer
        bounds = [0, *np.cumsum([length // sections + (i < length % sections) for i in range(sections)]).tolist()]
        out = [take_slice(data, axis, slice(a, b)) for a, b in itertools.pairwise(bounds)]
    elif sections == 1:
        out = [data]
    elif sections:
        out = ops.split(data, sections, axis)
    else:
        starts = [i for i in indices if i > 0]
        out = [take_slice(data, axis, slice(a, b)) for a, b in zip([0, *starts], [*starts, None], strict=True)]
    return [take_slice(x, axis, 0) for x in out] if squeeze_axis else out


def _split_shape(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    axis = normalize_axis(a.axis, len(data))
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


@translates("_split_v2", shape=_split_shape, keeps=Keeps.ELEMENTS)
def split_v2(at, data, *, indices: Ints, axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    return _split(at, data, indices, axis, squeeze_axis, sections)


def _horizontal_split_shape(a, ins, outs):
    if ins[0] is None:
        return ins, outs
    same = SimpleNamespace(**{**vars(a), "axis": min(1, len(ins[0]) - 1)})
    return _split_shape(same, ins, outs)


@translates("_npi_hsplit", ignores="axis", shape=_horizontal_split_shape, keeps=Keeps.ELEMENTS)
def hsplit(at, data, *, indices: Ints, squeeze_axis: bool = False, sections: int = 0):
    """Along axis 1, or along the only axis."""
    return _split(at, data, indices, min(1, len(data.shape) - 1), squeeze_axis, sections)


@translates("_npi_dsplit", shape=_split_shape, keeps=Keeps.ELEMENTS)
def dsplit(at, data, *, indices: Ints, axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    if axis != 2:
        raise at.error("attribute 'axis' must be 2, along which it splits", axis)
    return _split(at, data, indices, axis, squeeze_axis, sections)


def _reverse_shape(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if shape is not None:
        normalize_axes((a.axis,) if isinstance(a.axis, int) else a.axis or (), len(shape))
    return [shape], [shape]


@translates("reverse", "flip", layout=along("axis"), shape=_reverse_shape, keeps=Keeps.VALUES)
def reverse(at, data, *, axis: Ints):
    return ops.flip(data, axis)


def _block_shape(shape: Shape, block: int) -> Shape:
    """Image shapes with blocks of pixels as channels, if the block size divides them."""
    n, c, *sizes = of_rank(shape, 4)
    return (n, c and c * block * block, *(None if s is None or s % block else s // block for s in sizes))


def _depth_to_space_shape(a, ins, outs):
    b = max(a.block_size, 1)
    n, c, *sizes = merge(of_rank(ins[0], 4), _block_shape(outs[0], b))
    if c is not None and c % (b * b):
        raise ShapeMismatch(f"attribute 'block_size' squared must divide {c} channels", a.block_size)
    return [(n, c, *sizes)], [(n, c and c // (b * b), *(s and s * b for s in sizes))]


@translates("depth_to_space", layout=spatial, shape=_depth_to_space_shape, keeps=Keeps.VALUES)
def depth_to_space(at, data, *, block_size: Count):
    """(N, b b C, H, W) to (N, C, b H, b W)."""
    b = block_size
    _, h, w, c = data.shape
    if c is None:
        raise at.open("needs the number of channels", (None, c, h, w))
    if c % (b * b):
        raise at.error("attribute 'block_size' must divide the channels twice", (b, c))
    if None not in (h, w):
        data = at.reshape(data, (-1, h, w, b, b, c // (b * b)))
        return at.reshape(ops.transpose(data, (0, 1, 3, 2, 4, 5)), (-1, h * b, w * b, c // (b * b)))
    out = None  # a reshape cannot have three unknown lengths: every part is written to its own positions
    for number, part in enumerate(ops.split(data, b * b, -1)):
        wide = ops.repeat(ops.repeat(part, b, 1), b, 2)
        row, column = (
            ops.equal(ops.mod(index_grid(wide, axis), b), i) for axis, i in ((1, number // b), (2, number % b))
        )
        out = wide if out is None else ops.where(ops.logical_and(row, column), wide, out)
    return out


def _space_to_depth_shape(a, ins, outs):
    b = max(a.block_size, 1)
    n, c, h, w = of_rank(outs[0], 4)
    whole = (n, c and (None if c % (b * b) else c // (b * b)), h and h * b, w and w * b)
    n, c, *sizes = merge(of_rank(ins[0], 4), whole)
    return [(n, c, *sizes)], [(n, c and c * b * b, *(s and s // b for s in sizes))]


@translates("space_to_depth", layout=spatial, shape=_space_to_depth_shape, keeps=Keeps.VALUES)
def space_to_depth(at, data, *, block_size: Count):
    b = block_size
    if b > LARGEST_BLOCK or any(n is not None and n % b for n in data.shape[1:3]):
        raise at.error(
            f"attribute 'block_size' must divide the height and the width, and be at most {LARGEST_BLOCK}", b
        )
    return ops.concatenate([data[:, i::b, j::b] for i in range(b) for j in range(b)], -1)


def _diag_shape(a, ins, outs):
    """A vector becomes the diagonal of a matrix; of two axes only their diagonal is kept, as the last axis."""
    if ins[0] is None:
        return ins, outs
    if len(ins[0]) == 1:
        side = None if ins[0][0] is None else ins[0][0] + abs(a.k)
        return ins, [(side, side)]
    return ins, [diagonal_shape(ins[0], a.k, a.axis1, a.axis2)]


@translates("diag", shape=_diag_shape)
def diag(at, data, *, k: int = 0, axis1: int = 0, axis2: int = 1):
    if len(data.shape) == 1:
        return ops.diag(data, k)
    one, two = (at.axis(axis, len(data.shape)) for axis in (axis1, axis2))
    if one == two:
        raise at.error("attributes 'axis1' and 'axis2' must be two axes", (axis1, axis2))
    return ops.diagonal(data, k, one, two)
