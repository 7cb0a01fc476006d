"""Pooling, channels-last, in all of MXNet's conventions."""

import math
from typing import Literal

import numpy as np

from ..attributes import Ints
from ..layout import plain, spatial
from ..lazy import layers, ops
from ..registry import translates
from ..regroup import counted

_MAX = {1: "MaxPooling1D", 2: "MaxPooling2D", 3: "MaxPooling3D"}
_AVERAGE = {1: "AveragePooling1D", 2: "AveragePooling2D", 3: "AveragePooling3D"}
LOWEST = {"float16": -65504.0, "float64": -1.7976931348623157e308}
"""What MXNet starts a maximum from, and so what a window with nothing in it gives; -3.4e38 for float32."""


LAST = ("NWC", "NHWC", "NDHWC")
"""Layouts of data that have the channels last in MXNet too."""


def _laid(site, values, attributes):
    """Channels-last, as the data are already where `layout` says so."""
    return (plain if attributes["layout"] in LAST else spatial)(site, values, attributes)


@translates("Pooling", layout=_laid)
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
    """An average counts the padding unless told not to, but never what lies beyond it ('full' windows hang over)."""
    if layout not in (None, "None", "NCW", "NCHW", "NCDHW", *LAST):
        raise at.error("attribute 'layout' must be NCW, NCHW, NCDHW, NWC, NHWC or NDHWC", repr(layout))
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise at.error("pool_type 'lp' needs attribute 'p_value' of 1, 2 or 3", p_value)
    if global_pool:
        return _global(at, data, pool_type, p_value)
    rank = len(data.shape) - 2
    stride, edges = _reach(at, data, kernel, stride, pad, pooling_convention)
    if pool_type == "max":
        return _windowed(
            at, _MAX[rank], _pad(data, edges, LOWEST.get(str(data.dtype), -3.4028234663852886e38)), kernel, stride
        )
    if pool_type == "lp":
        return _root(_total(at, ops.power(data, p_value), edges, kernel, stride), p_value)
    if pool_type == "sum":
        return _total(at, data, edges, kernel, stride)
    if not any(map(any, edges)):
        return _windowed(at, _AVERAGE[rank], data, kernel, stride)
    if count_include_pad is not False and not any(e > p for p, e in edges):
        return _windowed(at, _AVERAGE[rank], _pad(data, edges, 0.0), kernel, stride)
    # The share of each window that counts: points with the padding, or without it.
    mean = _windowed(at, _AVERAGE[rank], _pad(data, edges, 0.0), kernel, stride)
    ones = ops.ones_like(data[:1, ..., :1])
    if count_include_pad is not False:
        inside = _pad(ones, [(p, min(p, e)) for p, e in edges], 1.0)
        share = _pad(inside, [(0, max(0, e - p)) for p, e in edges], 0.0)
    else:
        share = _pad(ones, edges, 0.0)
    share = _windowed(at, _AVERAGE[rank], share, kernel, stride, part="share")
    # A window with nothing in it is 0.
    return ops.divide(mean, ops.where(ops.equal(share, 0), ops.ones_like(share), share))


@translates("Pooling_v1", layout=spatial)
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
    """The older code pads with zeros, a maximum too, and divides an average by the whole kernel."""
    if global_pool:
        return _global(at, data, pool_type, None)
    stride, edges = _reach(at, data, kernel, stride, pad, pooling_convention)
    if pool_type == "sum":
        return _total(at, data, edges, kernel, stride)
    cls = (_MAX if pool_type == "max" else _AVERAGE)[len(kernel)]
    return _windowed(at, cls, _pad(data, edges, 0.0), kernel, stride)


def _reach(at, data, kernel, stride, pad, convention):
    """The stride, and (before, after), how far the windows reach beyond the data, for each axis."""
    rank = len(data.shape) - 2
    if len(kernel) != rank:
        raise at.error(f"attribute 'kernel' must have {rank} numbers for data of {rank + 2} axes", kernel)
    stride, pad = stride or (1,) * rank, pad or (0,) * rank
    for name, value in (("stride", stride), ("pad", pad)):
        if len(value) != rank:
            raise at.error(f"attribute {name!r} must have {rank} numbers, as kernel has", value)
    return stride, list(zip(pad, _ends(at, data.shape[1:-1], kernel, stride, pad, convention), strict=True))


def _ends(at, size, kernel, stride, pad, convention):
    """How far the windows reach beyond the data at the far end of each axis."""
    if convention == "valid":
        return pad
    if convention == "full" and None in size:  # as many windows, whatever the size
        return tuple(p + s - 1 for p, s in zip(pad, stride, strict=True))
    if None in size:
        raise at.error(f"pooling_convention {convention!r} needs the size of the data; give the input's shape", size)
    ends = []
    for n, k, s, p in zip(size, kernel, stride, pad, strict=True):
        out = math.ceil((n + 2 * p - k) / s) + 1 if convention == "full" else math.ceil((n + 2 * p) / s)
        ends.append(max(p, (out - 1) * s + k - n - p))
    return tuple(ends)


def _pad(data, edges, value):
    if not any(map(any, edges)):
        return data
    return ops.pad(data, ((0, 0), *edges, (0, 0)), constant_values=value)


def _windowed(at, cls, data, kernel, stride, part=None):
    whole, single = None not in data.shape[1:], str(data.dtype) == "float32"
    if len(kernel) < 3 or (single and (cls == _AVERAGE[3] or not whole)):
        return at.layer(getattr(layers, cls), kernel, stride, padding="valid", part=part)(data)
    # In three dimensions TensorFlow has float32 alone, and gives the gradient of a maximum to all that are equal to it:
    # within each plane, then across the planes.
    if not whole:
        raise at.error(f"needs the size of its {data.dtype} data; give the input's shape", tuple(data.shape))
    flat, (depth, height, width, channels) = cls.replace("3D", "2D"), data.shape[1:]
    planes = ops.reshape(data, (-1, height, width, channels))
    planes = _windowed(at, flat, planes, kernel[1:], stride[1:], part=f"{part or ''}planes")
    height, width = planes.shape[1:3]
    data = ops.reshape(planes, (-1, depth, height * width, channels))
    data = _windowed(at, flat, data, (kernel[0], 1), (stride[0], 1), part=part)
    return ops.reshape(data, (-1, data.shape[1], height, width, channels))


def _total(at, data, edges, kernel, stride):
    mean = _windowed(at, _AVERAGE[len(kernel)], _pad(data, edges, 0.0), kernel, stride)
    return ops.multiply(mean, math.prod(kernel))


def _root(total, p: int):
    """The p-th root of a sum of p-th powers, which MXNet takes with their signs."""
    if p == 1:
        return total
    nothing = ops.equal(total, 0)  # whose gradient is 0
    size = ops.where(nothing, ops.ones_like(total), ops.absolute(total) if p == 3 else total)
    root = ops.sqrt(size) if p == 2 else ops.multiply(ops.sign(total), ops.power(size, 1 / p))
    return ops.where(nothing, ops.zeros_like(total), root)


def _global(at, data, pool_type, p_value):
    """Keeps the pooled axes with length 1; kernel, stride and pad have no say."""
    rank = len(data.shape) - 2
    kind = {"max": "Max", "avg": "Average"}.get(pool_type)
    if kind:
        return at.layer(getattr(layers, f"Global{kind}Pooling{rank}D"), keepdims=True)(data)
    axes = tuple(range(1, rank + 1))
    if pool_type == "sum":
        return ops.sum(data, axes, keepdims=True)
    return _root(ops.sum(ops.power(data, p_value), axes, keepdims=True), p_value)


@translates("_contrib_AdaptiveAvgPooling2D", layout=spatial)
def adaptive_average_pooling(at, data, *, output_size: Ints = ()):
    """Window i of n covers floor(i L / n) to ceil((i + 1) L / n)."""
    size = (output_size * 2)[:2] if len(output_size) < 2 else output_size
    size = size or (1, 1)
    if not all(0 < n <= 1000 for n in size):
        raise at.error("attribute 'output_size' must be 1 to 1000", output_size)
    if tuple(size) == (1, 1):
        return at.layer(layers.GlobalAveragePooling2D, keepdims=True)(data)
    for axis, n in enumerate(size, 1):
        places = counted(data, axis)
        length = ops.add(places[-1], 1)
        windows = np.arange(n, dtype="int32")[:, None]
        begin = ops.floor_divide(ops.multiply(windows, length), n)
        end = ops.floor_divide(ops.add(ops.multiply(windows + 1, length), n - 1), n)
        inside = ops.cast(ops.logical_and(ops.greater_equal(places, begin), ops.less(places, end)), data.dtype)
        share = ops.divide(inside, ops.sum(inside, 1, keepdims=True))
        data = ops.einsum("nl,blwc->bnwc" if axis == 1 else "nl,bhlc->bhnc", share, data)
    return data
