"""Indices along an axis whose length may be unknown, and dilation with zeros. Knows no op of MXNet."""

import numpy as np

from ..keras_api.lazy import ops
from .reshape import arange_along, take_slice

LONGEST = 2**24
"""The most positions that are an array: float32 counts so far."""


def index_grid(tensor, axis: int):
    """0, 1, 2 ... along an axis; the other axes have length 1."""
    rank = len(tensor.shape)
    return ops.reshape(arange_along(tensor, axis % rank), [-1 if i == axis % rank else 1 for i in range(rank)])


def positions_along(data, axis: int):
    """0, 1, 2 ... along an axis, and its length, as float32: an array and a number, tensors if the length is
    unknown, or so long that the array would be large."""
    length = data.shape[axis]
    if length is not None and length <= LONGEST:
        return np.arange(length, dtype="float32"), float(length)
    line = ops.ones_like(data[tuple(slice(None) if i == axis else 0 for i in range(len(data.shape)))])
    return ops.subtract(ops.cumsum(line), 1.0), ops.sum(line)


def insert_zeros(tensor, axis: int, step: int):
    """Inserts `step` - 1 zeros between neighbors along an axis."""
    if step == 1:
        return tensor
    length = [-1 if n is None else n for n in tensor.shape]
    if length.count(-1) > 1:
        wide = ops.repeat(tensor, step, axis)
        points = ops.equal(ops.mod(index_grid(wide, axis), step), 0)
        wide = ops.where(points, wide, ops.zeros_like(wide))
    else:
        edges = [(0, step - 1) if i == axis + 1 else (0, 0) for i in range(len(length) + 1)]
        length[axis] = max(-1, length[axis] * step)
        wide = ops.reshape(ops.pad(ops.expand_dims(tensor, axis + 1), edges), length)
    return take_slice(wide, axis, slice(0, 1 - step))
