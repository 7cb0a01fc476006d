"""im2col and col2im: from an image to the patches that a kernel reads, as columns, and back."""

import itertools
import math
from typing import Any

from ..graph.attributes import Counts, Ints
from ..graph.partial_shape import of_rank
from ..keras_api.lazy import ops
from ..kernels.positions import insert_zeros
from .registry import translates

MOST_POINTS = 2**12
"""Largest number of kernel points; each is sliced separately."""


def _count(length: int, kernel: int, stride: int, pad: int, dilate: int) -> int:
    """The number of windows along one axis."""
    return (length + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1


def _windows(at, size, kernel, stride, dilate, pad):
    """Strides, dilations, padding and the number of windows of each axis."""
    rank = len(kernel)
    stride, dilate, pad = stride or (1,) * rank, dilate or (1,) * rank, pad or (0,) * rank
    if not len(stride) == len(dilate) == len(pad) == rank:
        raise at.error(f"attributes 'stride', 'dilate' and 'pad' must have {rank} numbers, as kernel has")
    if len(size) != rank or None in size:
        raise at.open(f"needs {rank} spatial axes of known size", tuple(size))
    counts = tuple(map(_count, size, kernel, stride, pad, dilate))
    if math.prod(kernel) > MOST_POINTS:
        raise at.error(f"attribute 'kernel' must have at most {MOST_POINTS} points", tuple(kernel))
    if min(counts) < 1:
        raise at.error("the kernel is larger than the padded data", tuple(size))
    return stride, dilate, pad, counts


def _im2col_shape(a, ins, outs):
    data = of_rank(ins[0], len(a.kernel) + 2)
    channels = None if data[1] is None else data[1] * math.prod(a.kernel)
    rank = len(a.kernel)
    windows = a.kernel, a.stride or (1,) * rank, a.pad or (0,) * rank, a.dilate or (1,) * rank
    known = None not in data[2:] and all(len(each) == rank for each in windows)
    count = math.prod(max(0, n) for n in map(_count, data[2:], *windows)) if known else None
    return [data], [(data[0], channels, count or None)]


@translates("im2col", shape=_im2col_shape)
def im2col(at, data, *, kernel: Counts, stride: Counts = (), dilate: Counts = (), pad: Ints = ()):
    """(N, C, ...) to (N, C x kernel points, windows)."""
    stride, dilate, pad, counts = _windows(at, data.shape[2:], kernel, stride, dilate, pad)
    data = ops.pad(data, ((0, 0), (0, 0), *((p, p) for p in pad)))
    points = []
    for point in itertools.product(*map(range, kernel)):
        cut = (
            slice(k * d, k * d + (c - 1) * s + 1, s) for k, d, s, c in zip(point, dilate, stride, counts, strict=True)
        )
        points.append(_spatial_slice(data, *cut))
    return ops.reshape(ops.stack(points, 2), (-1, data.shape[1] * math.prod(kernel), math.prod(counts)))


def _col2im_shape(a, ins, outs):
    data = of_rank(ins[0], 3)
    channels = None if data[1] is None else data[1] // math.prod(a.kernel)
    return [data], [(data[0], channels, *a.output_size)]


@translates("col2im", shape=_col2im_shape)
def col2im(at, data, *, output_size: Ints, kernel: Counts, stride: Counts = (), dilate: Counts = (), pad: Ints = ()):
    """(N, C x kernel points, windows) to (N, C, *output_size): overlapping patches are summed."""
    stride, dilate, pad, counts = _windows(at, output_size, kernel, stride, dilate, pad)
    points = math.prod(kernel)
    if data.shape[1] is None or data.shape[2] != math.prod(counts) or data.shape[1] % points:
        raise at.error(f"data must have shape (N, C x {points}, {math.prod(counts)})", tuple(data.shape))
    channels = data.shape[1] // points
    patches = ops.reshape(data, (-1, channels, points, *counts))
    whole = tuple(n + 2 * p for n, p in zip(output_size, pad, strict=True))
    total: Any = 0.0
    for number, point in enumerate(itertools.product(*map(range, kernel))):
        patch, edges = patches[:, :, number], []
        for axis, (k, d, s, n) in enumerate(zip(point, dilate, stride, whole, strict=True)):
            patch = insert_zeros(patch, axis + 2, s)
            edges.append((k * d, n - k * d - patch.shape[axis + 2]))
        patch = ops.pad(patch, ((0, 0), (0, 0), *edges))
        total = patch if number == 0 else ops.add(total, patch)
    return _spatial_slice(total, *(slice(p, p + n) for p, n in zip(pad, output_size, strict=True)))


def _spatial_slice(tensor, *slices: slice):
    """A slice of each spatial axis."""
    index = (slice(None), slice(None), *slices)
    return tensor[index]
