"""Scattering: conversion of indices, and writing of values at indices."""

import math

import numpy as np

from ..graph.attributes import Ints, IntsNone
from ..graph.partial_shape import ShapeMismatch
from ..keras_api.lazy import ops
from ..kernels.layout import anywhere
from ..kernels.positions import index_grid
from ..kernels.reshape import arange_along, length
from .registry import translates
from .shape_rules import as_first
from .traits import Keeps


def _strides(shape: Ints) -> list[int]:
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


def _ravel_shape(a, ins, outs):
    return ins, [ins[0] and ins[0][1:]]


@translates("_ravel_multi_index", "ravel_multi_index", shape=_ravel_shape)
def ravel_multi_index(at, data, *, shape: Ints = ()):
    """Indices (axes, ...) into an array of `shape` as indices into the flattened array."""
    if data.shape[0] != len(shape):
        raise at.error("the first axis must have a number for each axis of 'shape'", tuple(data.shape))
    total = None
    for place, stride in zip(ops.unstack(data, axis=0), _strides(shape), strict=True):
        part = ops.multiply(place, stride)
        total = part if total is None else ops.add(total, part)
    return total


def _unravel_shape(a, ins, outs):
    return ins, [ins[0] and (len(a.shape), *ins[0])]


@translates("_unravel_index", "unravel_index", shape=_unravel_shape)
def unravel_index(at, data, *, shape: Ints = ()):
    """The inverse of `ravel_multi_index`: (axes, number)."""
    if len(data.shape) != 1:
        raise at.error("needs one axis of positions: MXNet loses those of any other", tuple(data.shape))
    whole = ops.cast(data, "int32")
    parts = [ops.mod(ops.floor_divide(whole, s), n) for s, n in zip(_strides(shape), shape, strict=True)]
    return ops.cast(ops.stack(parts, 0), data.dtype)


def _index_array_shape(a, ins, outs):
    return ins, [None if ins[0] is None else (*ins[0], len(ins[0]) if a.axes is None else len(a.axes))]


@translates("_contrib_index_array", shape=_index_array_shape, shape_only=0)
def index_array(at, data, *, axes: Ints | None = None):
    """The index of each element along `axes`, or along all axes: (*shape, axes)."""
    rank = len(data.shape)
    chosen = range(rank) if axes is None else [at.axis(a, rank) for a in axes]
    zeros = ops.zeros_like(data, dtype="int64")
    return ops.stack([ops.add(zeros, index_grid(data, axis)) for axis in chosen], -1)


def _index_rows(at, indices):
    """MXNet's indices (axes, ...) as integers (number, axes)."""
    depth = indices.shape[0]
    if depth is None:
        raise at.open("needs the number of axes that the indices name", tuple(indices.shape))
    return ops.transpose(ops.reshape(ops.cast(indices, "int32"), (depth, -1)))


def _scatter_nd_shape(a, ins, outs):
    index = ins[1]
    if min(a.shape, default=0) < 1:
        raise ShapeMismatch("attribute 'shape' must have lengths of at least 1", a.shape)
    if not index or index[0] is None:
        return ins, [a.shape]
    if index[0] > len(a.shape):
        raise ShapeMismatch(f"indices name {index[0]} axes; attribute 'shape' must have as many", a.shape)
    return [(*index[1:], *a.shape[index[0] :]), index], [a.shape]


@translates("scatter_nd", shape=_scatter_nd_shape)
def scatter_nd(at, data, indices, *, shape: Ints):
    """Zeros of `shape` with the data written at `indices` (axes, ...). Duplicate indices are undefined in MXNet."""
    rows = _index_rows(at, indices)
    return ops.scatter(rows, ops.reshape(data, (-1, *shape[indices.shape[0] :])), shape)


@translates("_scatter_set_nd", "_npi_scatter_set_nd", shape=as_first)
def scatter_set_nd(at, lhs, rhs, indices, *, shape: Ints):
    rows = _index_rows(at, indices)
    return ops.scatter_update(lhs, rows, ops.reshape(rhs, (-1, *shape[indices.shape[0] :])))


@translates("_contrib_index_copy", shape=as_first)
def index_copy(at, old_tensor, index_vector, new_tensor):
    return ops.scatter_update(old_tensor, ops.expand_dims(ops.cast(index_vector, "int32"), -1), new_tensor)


@translates("fill_element_0index", shape=as_first)
def fill_element_0index(at, lhs, mhs, rhs):
    """Replaces one element of each row, at the index in `rhs`, by that of `mhs`."""
    column = ops.expand_dims(ops.cast(rhs, "int32"), -1)
    there = ops.equal(column, np.arange(lhs.shape[1], dtype="int32"))
    return ops.where(there, ops.expand_dims(mhs, -1), lhs)


@translates("_slice_assign", "_crop_assign", "_npi_slice_assign", shape=as_first)
def slice_assign(at, lhs, rhs, *, begin: IntsNone, end: IntsNone, step: IntsNone = ()):
    mask = None
    for axis, where, number in _slices(at, lhs, begin, end, step):
        rhs = ops.take(rhs, ops.minimum(number, length(rhs, axis) - 1), axis=axis)
        mask = where if mask is None else ops.logical_and(mask, where)
    return rhs if mask is None else ops.where(mask, rhs, lhs)


@translates("_slice_assign_scalar", "_crop_assign_scalar", "_npi_slice_assign_scalar", shape=as_first)
def slice_assign_scalar(at, data, *, begin: IntsNone, end: IntsNone, scalar: float = 0.0, step: IntsNone = ()):
    mask = None
    for _, where, _ in _slices(at, data, begin, end, step):
        mask = where if mask is None else ops.logical_and(mask, where)
    filled = ops.full_like(data, scalar)
    return filled if mask is None else ops.where(mask, filled, data)


def _slices(at, data, begin, end, step):
    """For each sliced axis: the axis, a mask of its indices within the slice, and their positions there."""
    step = tuple(step) + (None,) * (len(begin) - len(step))
    for axis, bounds in enumerate(zip(begin, end, step, strict=True)):
        cut = slice(*bounds)
        if cut in (slice(None), slice(None, None, 1)):
            continue
        shape = [-1 if i == axis else 1 for i in range(len(data.shape))]
        count = data.shape[axis]
        if count is None:
            yield axis, *_slice_of_unknown_length(at, data, axis, cut, shape)
            continue
        chosen = np.arange(count)[cut]
        where, number = np.zeros(count, bool), np.zeros(count, "int32")
        where[chosen], number[chosen] = True, np.arange(len(chosen))
        yield axis, where.reshape(shape), number


def _slice_of_unknown_length(at, data, axis: int, cut: slice, shape: list[int]):
    """As `_slices`, along an axis of unknown length."""
    step, count = cut.step or 1, length(data, axis)
    if step < 0:
        raise at.open("cannot assign backwards along an axis of unknown length", cut.step)
    first, last = (
        bound if bound >= 0 else ops.maximum(ops.add(count, bound), 0)
        for bound in (cut.start or 0, 2**30 if cut.stop is None else cut.stop)
    )
    away = ops.subtract(arange_along(data, axis), first)
    inside = ops.logical_and(ops.greater_equal(away, 0), ops.less(ops.add(away, first), last))
    inside = ops.logical_and(inside, ops.equal(ops.mod(away, step), 0))
    return ops.reshape(inside, shape), ops.maximum(ops.floor_divide(away, step), 0)


@translates("_sparse_retain", shape=as_first)
def sparse_retain(at, data, indices):
    """Keeps the rows at the given indices; the others are zeros."""
    rows = np.arange(data.shape[0], dtype="int32").reshape(-1, 1)
    named = ops.any(ops.equal(rows, ops.cast(indices, "int32")), axis=-1)
    named = ops.reshape(named, (-1, *(1,) * (len(data.shape) - 1)))
    return ops.where(named, data, ops.zeros_like(data))


@translates("cast_storage", "_sparse_cast_storage", layout=anywhere, ignores="stype", keeps=Keeps.INPUT)
def cast_storage(at, data):
    """Sparse or dense, the elements are the same."""
    return data
