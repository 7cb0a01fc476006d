"""Moving, merging, joining and splitting axes. A transpose only relabels them (`layout.py`)."""

import itertools

import numpy as np

from ..graph.attributes import Count, Ints
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.layout import StoredOperand, along, as_they_are, natural, spatial
from ..kernels.positions import index_grid
from .registry import translates

LARGEST_BLOCK = 128
"""Rows and columns of the blocks that become channels, each cut out by itself."""


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


@translates("Concat", "concat", "_rnn_param_concat", layout=along("dim"))
def concat(at, *data, dim: int = 1):
    if len(data) == 1:
        return data[0]
    if all(isinstance(v, StoredOperand) and v.alone for v in at.values):
        return at.stored(TrackedArray.concatenate([v.array for v in at.values], dim))
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


@translates("reverse", "flip", layout=along("axis"))
def reverse(at, data, *, axis: Ints):
    return ops.flip(data, axis)


@translates("depth_to_space", layout=spatial)
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
    out = None  # no reshape has three unknown lengths: every part in its places
    for number, part in enumerate(ops.split(data, b * b, -1)):
        wide = ops.repeat(ops.repeat(part, b, 1), b, 2)
        row, column = (
            ops.equal(ops.mod(index_grid(wide, axis), b), i) for axis, i in ((1, number // b), (2, number % b))
        )
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


@translates("diag")
def diag(at, data, *, k: int = 0, axis1: int = 0, axis2: int = 1):
    if len(data.shape) == 1:
        return ops.diag(data, k)
    one, two = (at.axis(axis, len(data.shape)) for axis in (axis1, axis2))
    if one == two:
        raise at.error("attributes 'axis1' and 'axis2' must be two axes", (axis1, axis2))
    return ops.diagonal(data, k, one, two)
