"""Pooling windows over channels-last data, in MXNet's conventions."""

import math

from ..keras_api.lazy import layers, ops

MAX = {1: "MaxPooling1D", 2: "MaxPooling2D", 3: "MaxPooling3D"}
AVERAGE = {1: "AveragePooling1D", 2: "AveragePooling2D", 3: "AveragePooling3D"}
LOWEST = {"float16": -65504.0, "float64": -1.7976931348623157e308}
"""What MXNet starts a maximum from, and so what a window with nothing in it gives; -3.4e38 for float32."""


def pooled(at, data, kernel, pool_type, global_pool, convention, stride, pad, p_value=None, count_include_pad=None):
    """An average counts the padding unless told not to, but never what lies beyond it ('full' windows hang over)."""
    if global_pool:
        return pooled_globally(at, data, pool_type, p_value)
    rank = len(data.shape) - 2
    stride, edges = window_padding(at, data, kernel, stride, pad, convention)
    if pool_type == "max":
        return windowed(
            at, MAX[rank], with_edges(data, edges, LOWEST.get(str(data.dtype), -3.4028234663852886e38)), kernel, stride
        )
    if pool_type == "lp":
        return _root(sum_pool(at, ops.power(data, p_value), edges, kernel, stride), p_value)
    if pool_type == "sum":
        return sum_pool(at, data, edges, kernel, stride)
    if not any(map(any, edges)):
        return windowed(at, AVERAGE[rank], data, kernel, stride)
    if count_include_pad is not False and not any(e > p for p, e in edges):
        return windowed(at, AVERAGE[rank], with_edges(data, edges, 0.0), kernel, stride)
    # The share of each window that counts: points with the padding, or without it.
    mean = windowed(at, AVERAGE[rank], with_edges(data, edges, 0.0), kernel, stride)
    ones = ops.ones_like(data[:1, ..., :1])
    if count_include_pad is not False:
        inside = with_edges(ones, [(p, min(p, e)) for p, e in edges], 1.0)
        share = with_edges(inside, [(0, max(0, e - p)) for p, e in edges], 0.0)
    else:
        share = with_edges(ones, edges, 0.0)
    share = windowed(at, AVERAGE[rank], share, kernel, stride, part="share")
    # A window with nothing in it is 0.
    return ops.divide(mean, ops.where(ops.equal(share, 0), ops.ones_like(share), share))


def window_padding(at, data, kernel, stride, pad, convention):
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
        raise at.open(f"pooling_convention {convention!r} needs the size of the data", size)
    ends = []
    for n, k, s, p in zip(size, kernel, stride, pad, strict=True):
        out = math.ceil((n + 2 * p - k) / s) + 1 if convention == "full" else math.ceil((n + 2 * p) / s)
        ends.append(max(p, (out - 1) * s + k - n - p))
    return tuple(ends)


def with_edges(data, edges, value):
    if not any(map(any, edges)):
        return data
    return ops.pad(data, ((0, 0), *edges, (0, 0)), constant_values=value)


def windowed(at, cls, data, kernel, stride, part=None):
    whole, single = None not in data.shape[1:], str(data.dtype) == "float32"
    if len(kernel) < 3 or (single and (cls == AVERAGE[3] or not whole)):
        return at.layer(getattr(layers, cls), kernel, stride, padding="valid", part=part)(data)
    # In three dimensions TensorFlow has float32 alone, and gives the gradient of a maximum to all that are equal to it:
    # within each plane, then across the planes.
    if not whole:
        raise at.open(f"needs the size of its {data.dtype} data", tuple(data.shape))
    flat, (depth, height, width, channels) = cls.replace("3D", "2D"), data.shape[1:]
    planes = ops.reshape(data, (-1, height, width, channels))
    planes = windowed(at, flat, planes, kernel[1:], stride[1:], part=f"{part or ''}planes")
    height, width = planes.shape[1:3]
    data = ops.reshape(planes, (-1, depth, height * width, channels))
    data = windowed(at, flat, data, (kernel[0], 1), (stride[0], 1), part=part)
    return ops.reshape(data, (-1, data.shape[1], height, width, channels))


def sum_pool(at, data, edges, kernel, stride):
    mean = windowed(at, AVERAGE[len(kernel)], with_edges(data, edges, 0.0), kernel, stride)
    return ops.multiply(mean, math.prod(kernel))


def _root(total, p: int):
    """The p-th root of a sum of p-th powers, which MXNet takes with their signs."""
    if p == 1:
        return total
    nothing = ops.equal(total, 0)  # whose gradient is 0
    size = ops.where(nothing, ops.ones_like(total), ops.absolute(total) if p == 3 else total)
    root = ops.sqrt(size) if p == 2 else ops.multiply(ops.sign(total), ops.power(size, 1 / p))
    return ops.where(nothing, ops.zeros_like(total), root)


def pooled_globally(at, data, pool_type, p_value):
    """Keeps the pooled axes with length 1; kernel, stride and pad have no say."""
    rank = len(data.shape) - 2
    kind = {"max": "Max", "avg": "Average"}.get(pool_type)
    if kind:
        return at.layer(getattr(layers, f"Global{kind}Pooling{rank}D"), keepdims=True)(data)
    axes = tuple(range(1, rank + 1))
    if pool_type == "sum":
        return ops.sum(data, axes, keepdims=True)
    return _root(ops.sum(ops.power(data, p_value), axes, keepdims=True), p_value)
