"""Indexing: gathering elements and one-hot encoding."""

from typing import Literal

from ..graph.attributes import ElementType
from ..graph.partial_shape import ShapeMismatch, format_shape, merge, normalize_axis, of_rank
from ..keras_api.lazy import ops
from ..kernels.layout import as_they_are
from ..kernels.reshape import length
from ..kernels.rounding import c_cast
from .registry import translates


def _valid_indices(index, length, mode: str):
    """Indices as int32; those out of range are clipped or wrapped around."""
    index = ops.cast(index, "int32")
    if mode == "wrap":
        return ops.mod(index, length)
    return ops.minimum(ops.maximum(index, 0), ops.subtract(length, 1))


def _take_shape(a, ins, outs):
    table, index = ins
    if table is None or index is None:
        return ins, outs
    axis = normalize_axis(a.axis, len(table))
    return ins, [(*table[:axis], *index, *table[axis + 1 :])]


@translates("take", layout=as_they_are, shape=_take_shape, discontinuous=True)
def take(at, a, indices, *, axis: int = 0, mode: Literal["clip", "raise", "wrap"] = "clip"):
    """`raise` clips too if the graph runs on the CPU. The type of the indices implies nothing about that of the
    data."""
    a = a.natural()
    return ops.take(a, _valid_indices(indices.natural(), length(a, axis), mode), axis)


def _pick_shape(a, ins, outs):
    data = ins[0]
    if data is None or a.axis is None:
        return ins, outs
    axis, index = normalize_axis(a.axis, len(data)), ins[1]
    kept = index is not None and len(index) == len(data)
    rows = (*data[:axis], *data[axis + 1 :])
    if index is not None:
        rows = merge(rows, (*index[:axis], *index[axis + 1 :]) if kept else index)
    picked, one = (*rows[:axis], 1, *rows[axis:]), (*rows[:axis], data[axis], *rows[axis:])
    return [one, picked if kept else rows], [picked if a.keepdims else rows]


@translates("pick", "choose_element_0index", shape=_pick_shape, discontinuous=True)
def pick(at, data, index, *, axis: int | None = -1, keepdims: bool = False, mode: Literal["clip", "wrap"] = "clip"):
    """One element along `axis` for each index."""
    rank = len(data.shape)
    axis = at.axis(axis, rank)
    index = _valid_indices(index, length(data, axis), mode)
    if len(index.shape) < rank:
        index = ops.expand_dims(index, axis)
    out = ops.take_along_axis(data, index, axis)
    return out if keepdims else ops.squeeze(out, axis)


def _batch_take_shape(a, ins, outs):
    """One element of each row."""
    data = of_rank(ins[0], 2)
    (rows,) = merge(data[:1], of_rank(ins[1], 1))
    return [(rows, data[1]), (rows,)], [(rows,)]


@translates("batch_take", shape=_batch_take_shape, discontinuous=True)
def batch_take(at, a, indices):
    index = _valid_indices(indices, length(a, 1), "clip")
    return ops.squeeze(ops.take_along_axis(a, ops.expand_dims(index, -1), -1), -1)


def _one_hot_shape(a, ins, outs):
    data = ins[0] if ins[0] is not None or not outs[0] else outs[0][:-1]
    return [data], [None if data is None else (*data, a.depth)]


@translates("one_hot", shape=_one_hot_shape, discontinuous=True)
def one_hot(at, indices, *, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: ElementType = "float32"):
    """An index out of range becomes a row of `off_value`."""
    if not 0 < depth <= 2**26:
        raise at.error("attribute 'depth' must be 1 to 2^26", depth)
    hot = ops.equal(ops.expand_dims(ops.cast(indices, "int32"), -1), ops.arange(depth, dtype="int32"))
    return c_cast(ops.where(hot, on_value, off_value), dtype)


def _gather_nd_shape(a, ins, outs):
    data, index = ins
    if data is None or not index or index[0] is None:
        return ins, outs
    if index[0] > len(data):
        raise ShapeMismatch(f"indices name {index[0]} axes of data of shape {format_shape(data)}")
    return ins, [(*index[1:], *data[index[0] :])]


@translates("gather_nd", layout=as_they_are, shape=_gather_nd_shape, discontinuous=True)
def gather_nd(at, data, indices):
    """`indices` is (m, ...): along its first axis are the indices into the first m axes of the data."""
    data, index = data.natural(), ops.cast(indices.natural(), "int32")
    depth = index.shape[0]
    if data.shape[depth:].count(None) > 0:
        raise at.open("needs the lengths of what is gathered", tuple(data.shape))
    flat, stride = None, 1
    for axis in reversed(range(depth)):
        count = length(data, axis)
        step = ops.multiply(_valid_indices(index[axis], count, "clip"), stride)
        flat = step if flat is None else ops.add(flat, step)
        stride = ops.multiply(stride, count) if axis else stride
    return ops.take(ops.reshape(data, (-1, *data.shape[depth:])), flat, axis=0)
