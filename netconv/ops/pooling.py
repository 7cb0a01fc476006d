"""Pooling, channels-last, with all of MXNet's conventions."""

import math
from typing import Literal

import numpy as np

from ..graph.attributes import Ints
from ..graph.partial_shape import (
    NATURAL_LAYOUTS,
    ShapeMismatch,
    first_known,
    merge,
    of_rank,
    per_spatial_axis,
    pooling_length,
)
from ..keras_api.lazy import layers, ops
from ..kernels.layout import plain, spatial
from ..kernels.pooling import AVERAGE, MAX, pad_edges, pool, pool_globally, pool_windows, sum_pool, window_padding
from ..kernels.reshape import arange_along
from .registry import translates

CHANNELS_LAST = ("NWC", "NHWC", "NDHWC")
"""Channels-last layouts of MXNet."""


def _channels_last_data(site, values, attributes):
    """Channels-last; the data already are if `layout` ends in C."""
    return (plain if attributes["layout"] in CHANNELS_LAST else spatial)(site, values, attributes)


def _pooling_by_layout_shape(a, ins, outs):
    """A `layout` that ends in C has the same rule with the axes moved."""
    if a.layout in NATURAL_LAYOUTS:
        return _pooling_shape(a, ins, outs)
    rank = len(a.layout)
    ins, outs = ([x and (x[0], x[-1], *x[1:-1]) for x in (of_rank(s, rank) for s in shapes)] for shapes in (ins, outs))
    ins, outs = _pooling_shape(a, ins, outs)
    return [[(x[0], *x[2:], x[1]) for x in shapes] for shapes in (ins, outs)]


@translates("Pooling", layout=_channels_last_data, shape=_pooling_by_layout_shape)
def pooling(
    at,
    data,
    *,
    kernel: Ints = (),
    pool_type: Literal["avg", "lp", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Ints = (),
    pad: Ints = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
):
    if layout not in (None, "None", "NCW", "NCHW", "NCDHW", *CHANNELS_LAST):
        raise at.error("attribute 'layout' must be NCW, NCHW, NCDHW, NWC, NHWC or NDHWC", repr(layout))
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise at.error("pool_type 'lp' needs attribute 'p_value' of 1, 2 or 3", p_value)
    return pool(at, data, kernel, pool_type, global_pool, pooling_convention, stride, pad, p_value, count_include_pad)


def _pooling_shape(a, ins, outs):
    known = ins[0] if ins[0] is not None else outs[0]
    if not a.kernel and (not a.global_pool or known is None):
        return ins, outs
    if not a.kernel and len(known) < 3:
        raise ShapeMismatch("needs data with a batch, channels and a spatial axis or more", known)
    rank = len(a.kernel) or len(known) - 2
    data, out = of_rank(ins[0], rank + 2), of_rank(outs[0], rank + 2)
    head = (first_known(data[0], out[0]), first_known(data[1], out[1]))
    if a.global_pool:
        return [(*head, *data[2:])], [(*head, *(1,) * rank)]
    kernel, stride = per_spatial_axis("kernel", a.kernel, rank, 1), per_spatial_axis("stride", a.stride, rank, 1)
    pad = per_spatial_axis("pad", a.pad, rank, 0, 0)
    sizes, back = [], []
    for n, m, k, s, p in zip(data[2:], out[2:], kernel, stride, pad, strict=True):
        if n is None and m is not None and s == 1:
            n = m if a.pooling_convention == "same" else m - 1 + k - 2 * p
        back.append(n)
        sizes.append(pooling_length(n, k, s, p, a.pooling_convention))
    return [(*head, *back)], [(*head, *sizes)]


@translates("Pooling_v1", layout=spatial, shape=_pooling_shape)
def pooling_v1(
    at,
    data,
    *,
    kernel: Ints = (),
    pool_type: Literal["avg", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "valid"] = "valid",
    stride: Ints = (),
    pad: Ints = (),
):
    """The older implementation pads with zeros, also for a maximum, ignores elements beyond the padding ('full' windows
    can extend past it), and divides an average by the size of the whole kernel."""
    if global_pool:
        return pool_globally(at, data, pool_type, None)
    stride, edges = window_padding(at, data, kernel, stride, pad, pooling_convention)
    if pool_type == "sum":
        return sum_pool(at, data, edges, kernel, stride)
    if pool_type == "avg":
        return pool_windows(at, AVERAGE[len(kernel)], pad_edges(data, edges, 0.0), kernel, stride)
    data = pad_edges(data, [(p, p) for p, _ in edges], 0.0)
    data = pad_edges(data, [(0, e - p) for p, e in edges], -math.inf)
    return pool_windows(at, MAX[len(kernel)], data, kernel, stride)


def _adaptive_pooling_shape(a, ins, outs):
    data = merge(of_rank(ins[0], 4), (*of_rank(outs[0], 4)[:2], None, None))
    size = tuple(a.output_size) or (1,)
    return [data], [(*data[:2], *(size if len(size) == 2 else size[:1] * 2))]


@translates("_contrib_AdaptiveAvgPooling2D", layout=spatial, shape=_adaptive_pooling_shape)
def adaptive_average_pooling(at, data, *, output_size: Ints = ()):
    """Window i of n covers floor(i L / n) to ceil((i + 1) L / n)."""
    size = (output_size * 2)[:2] if len(output_size) < 2 else output_size
    size = size or (1, 1)
    if len(size) > 2 or not all(0 < n <= 1000 for n in size):
        raise at.error("attribute 'output_size' must be a height and a width of 1 to 1000", output_size)
    if tuple(size) == (1, 1):
        return at.layer(layers.GlobalAveragePooling2D, keepdims=True)(data)
    for axis, n in enumerate(size, 1):
        positions = arange_along(data, axis)
        length = ops.add(positions[-1], 1)
        windows = np.arange(n, dtype="int32")[:, None]
        begin = ops.floor_divide(ops.multiply(windows, length), n)
        end = ops.floor_divide(ops.add(ops.multiply(windows + 1, length), n - 1), n)
        inside = ops.cast(ops.logical_and(ops.greater_equal(positions, begin), ops.less(positions, end)), data.dtype)
        share = ops.divide(inside, ops.sum(inside, 1, keepdims=True))
        data = ops.einsum("nl,blwc->bnwc" if axis == 1 else "nl,bhlc->bhnc", share, data)
    return data
