"""Reductions and sorting. Without an axis MXNet reduces all axes to shape (1,)."""

import math
from typing import Literal

from ..graph.attributes import ElementType, Ints
from ..graph.partial_shape import ShapeMismatch, count_elements, normalize_axes, normalize_axis
from ..keras_api.lazy import layers, ops
from ..kernels.layout import along, plain
from ..kernels.reshape import length, take_slice
from ..kernels.rounding import c_cast, divide_exact, dtype_of, in_operand_dtype, is_integer
from .registry import translates
from .shape_rules import as_first


def _reduced(site, values, attributes):
    """With `exclude` the axes are all others; then as any op along axes."""
    attributes = dict(attributes)
    axis, rank = attributes["axis"], values[0].rank
    chosen = {site.axis(a, rank) for a in axis or ()} if axis else set(range(rank))
    if attributes["exclude"] and axis:
        chosen = set(range(rank)) - chosen
    attributes |= {"axis": tuple(sorted(chosen)), "exclude": False}
    if len(chosen) == rank and not attributes["keepdims"]:
        return plain(site, values, attributes)
    return along("axis", keepdims="keepdims")(site, values, attributes)


def _reduction_shape(a, ins, outs):
    """Without `axis` all axes are reduced to shape (1,)."""
    data, out = ins[0], outs[0]
    axes = (a.axis,) if isinstance(a.axis, int) else tuple(a.axis or ())
    exclude = getattr(a, "exclude", False) and bool(axes)
    if data is None and out is not None and axes and not exclude and (a.keepdims or out != (1,)):
        rank = len(out) + (0 if a.keepdims else len(axes))
        gone = set(normalize_axes(axes, rank))
        left = iter(out)
        data = tuple((a.keepdims and next(left), None)[1] if i in gone else next(left, None) for i in range(rank))
    if data is None:
        return [None], [None if a.keepdims or axes else (1,)]
    gone = set(normalize_axes(axes, len(data))) or set(range(len(data)))
    if exclude:
        gone = set(range(len(data))) - gone
    if a.keepdims:
        return [data], [tuple(1 if i in gone else n for i, n in enumerate(data))]
    return [data], [tuple(n for i, n in enumerate(data) if i not in gone) or (1,)]


def _nan_as(value):
    return lambda data: data if is_integer(data) else ops.where(ops.isnan(data), ops.full_like(data, value), data)


REDUCTIONS = {
    ("sum", "sum_axis"): ("sum", None),
    ("mean",): ("mean", None),
    ("prod",): ("prod", None),
    ("max", "max_axis"): ("max", None),
    ("min", "min_axis"): ("min", None),
    ("nansum",): ("sum", _nan_as(0.0)),
    ("nanprod",): ("prod", _nan_as(1.0)),
    ("_square_sum",): ("sum", lambda data: ops.square(data)),
}


def _reduction(names, function, prepare):
    @translates(*names, layout=_reduced, shape=_reduction_shape, exact=function in ("max", "mean", "min"))
    def translate(at, data, *, axis: Ints | None = (), keepdims: bool = False, exclude: bool = False):
        rank = len(data.shape)
        if exclude:  # as `_reduced` returned it
            raise at.error("exclude needs an axis")
        if prepare:
            data = prepare(data)
        if function == "mean" and is_integer(data):  # their sum is truncated to their type before the division
            numbers = ops.cast(data, "float64")
            total = ops.cast(c_cast(ops.sum(numbers, axis=axis, keepdims=keepdims), dtype_of(data)), "float64")
            count = ops.sum(ops.ones_like(numbers), axis=axis, keepdims=keepdims)
            return c_cast(ops.divide(total, count), dtype_of(data))
        pooled = function == "mean" and not keepdims and rank in (3, 4, 5) and axis == tuple(range(1, rank - 1))
        if pooled:
            return at.layer(getattr(layers, f"GlobalAveragePooling{rank - 2}D"))(data)
        if function == "mean" and at.is_rounding_sensitive and None not in data.shape:
            total = ops.sum(data, axis=axis, keepdims=keepdims)
            return in_operand_dtype(divide_exact)(total, float(math.prod(data.shape[i] for i in axis or ())))
        out = getattr(ops, function)(data, axis=axis, keepdims=keepdims)
        return c_cast(out, dtype_of(data))


for _names, (_function, _prepare) in REDUCTIONS.items():
    _reduction(_names, _function, _prepare)


@translates("norm", shape=_reduction_shape)
def norm(
    at, data, *, ord: int = 2, axis: Ints | None = None, keepdims: bool = False, out_dtype: ElementType | None = None
):
    if ord not in (1, 2):
        raise at.error("attribute 'ord' must be 1 or 2", ord)
    axis = axis or None
    if ord == 1:
        out = c_cast(ops.sum(ops.absolute(data), axis=axis, keepdims=keepdims), dtype_of(data))
    else:
        out = in_operand_dtype(lambda x: ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims)))(data)
    return out if out_dtype is None else ops.cast(out, out_dtype)


def _extreme(name, function):
    @translates(name, shape=_reduction_shape, discontinuous=True)
    def translate(at, data, *, axis: int | None = None, keepdims: bool = False):
        """The index, in the type of the data."""
        if axis is None:
            index = ops.cast(function(ops.reshape(data, (-1,)), -1), data.dtype)
            return ops.reshape(index, (1,) * (len(data.shape) if keepdims else 1))
        index = ops.cast(function(data, axis), data.dtype)
        return ops.expand_dims(index, axis) if keepdims else index


_extreme("argmax", lambda x, axis: ops.argmax(x, axis))
_extreme("argmin", lambda x, axis: ops.argmin(x, axis))


def _argmax_channel_shape(a, ins, outs):
    if ins[0] is None:
        return ins, [None]
    axis = normalize_axis(1, len(ins[0]))
    return ins, [(*ins[0][:axis], *ins[0][axis + 1 :])]


@translates("argmax_channel", shape=_argmax_channel_shape, discontinuous=True)
def argmax_channel(at, data):
    return ops.cast(ops.argmax(data, 1), data.dtype)


def _order(data, axis, ascending):
    """The indices that sort `data` along `axis`; equal elements keep their order."""
    if str(data.dtype) in ("uint8", "int8"):  # these types cannot hold the negative of each of their numbers
        data = ops.cast(data, "int32")
    return ops.argsort(data if ascending else ops.negative(data), axis)


def _sorted_shape(a, ins, outs):
    if a.axis is None:
        return ins, [(None if ins[0] is None else count_elements(ins[0]),)]
    claims = as_first(a, ins, outs)
    if claims[1][0] is not None:
        normalize_axis(a.axis, len(claims[1][0]))
    return claims


@translates("sort", shape=_sorted_shape, exact=True)
def sort(at, data, *, axis: int | None = -1, is_ascend: bool = True):
    if axis is None:
        data, axis = ops.reshape(data, (-1,)), 0
    out = ops.sort(data, axis)
    return out if is_ascend else ops.flip(out, axis)


@translates("argsort", shape=_sorted_shape, discontinuous=True)
def argsort(at, data, *, axis: int | None = -1, is_ascend: bool = True, dtype: ElementType = "float32"):
    if axis is None:
        data, axis = ops.reshape(data, (-1,)), 0
    return ops.cast(_order(data, axis, is_ascend), dtype)


def _topk_shape(a, ins, outs):
    data = ins[0]
    if a.axis is None and a.ret_typ == "mask":  # of the shape of the data
        return as_first(a, ins, outs)
    if a.axis is None and data is not None:
        data, axis = (count_elements(data),), 0
    elif data is None:
        return ins, outs
    else:
        axis = normalize_axis(a.axis, len(data))
    if data[axis] is not None and a.k > data[axis]:
        raise ShapeMismatch(f"attribute 'k' must be at most {data[axis]}, the length of the axis", a.k)
    k = data[axis] if a.k < 1 or a.ret_typ == "mask" else a.k
    return ins, [(*data[:axis], k, *data[axis + 1 :])] * len(outs)


@translates("topk", shape=_topk_shape, discontinuous=True)
def topk(
    at,
    data,
    *,
    axis: int | None = -1,
    k: int = 1,
    is_ascend: bool = False,
    dtype: ElementType = "float32",
    ret_typ: Literal["both", "indices", "mask", "value"] = "indices",
):
    whole_shape = [-1 if d is None else d for d in data.shape]
    flat = axis is None
    if flat:
        data, axis = ops.reshape(data, (-1,)), 0
    axis = at.axis(axis, len(data.shape))
    k = k if k > 0 else data.shape[axis]
    order = _order(data, axis, is_ascend)
    if ret_typ == "mask":
        mask = ops.cast(ops.less(ops.argsort(order, axis), length(data, axis) if k is None else k), data.dtype)
        return ops.reshape(mask, whole_shape) if flat else mask
    indices = take_slice(order, axis, slice(0, k))
    if ret_typ == "indices":
        return ops.cast(indices, dtype)
    values = ops.take_along_axis(data, indices, axis)
    if ret_typ == "value":
        return values
    return values, ops.cast(indices, dtype)


@translates("cumsum", "_np_cumsum", shape=_sorted_shape)
def cumsum(at, a, *, axis: int | None = None, dtype: ElementType | None = None):
    """Sums of elements that are already converted to the type."""
    return ops.cumsum(a if dtype is None else c_cast(a, dtype), axis)
