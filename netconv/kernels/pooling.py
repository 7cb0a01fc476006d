"""Pooling of channels-last data in MXNet's conventions. Knows no op of MXNet."""

import math

from ..keras_api.lazy import layers, ops

MAX = {1: "MaxPooling1D", 2: "MaxPooling2D", 3: "MaxPooling3D"}
AVERAGE = {1: "AveragePooling1D", 2: "AveragePooling2D", 3: "AveragePooling3D"}
LOWEST = {"float16": -65504.0, "float64": -1.7976931348623157e308}
"""The value that MXNet starts a maximum from, and so the maximum of an empty window; -3.4e38 for float32."""


def pool(at, data, kernel, pool_type, global_pool, convention, stride, pad, p_value=None, count_include_pad=None):
    """Max, average, sum or Lp pooling. An average counts the padding if `count_include_pad` is not False, but never
    positions beyond the padding, which windows of the convention 'full' can cover."""
    if global_pool:
        return pool_globally(at, data, pool_type, p_value)
    rank = len(data.shape) - 2
    stride, edges = window_padding(at, data, kernel, stride, pad, convention)
    if pool_type == "max":
        return pool_windows(
            at, MAX[rank], pad_edges(data, edges, LOWEST.get(str(data.dtype), -3.4028234663852886e38)), kernel, stride
        )
    if pool_type == "lp":
        return _root(sum_pool(at, ops.power(data, p_value), edges, kernel, stride), p_value)
    if pool_type == "sum":
        return sum_pool(at, data, edges, kernel, stride)
    if not any(map(any, edges)):
        return pool_windows(at, AVERAGE[rank], data, kernel, stride)
    if count_include_pad is not False and not any(e > p for p, e in edges):
        return pool_windows(at, AVERAGE[rank], pad_edges(data, edges, 0.0), kernel, stride)
    # The fraction of each window that counts: positions with the padding, or without it.
    mean = pool_windows(at, AVERAGE[rank], pad_edges(data, edges, 0.0), kernel, stride)
    ones = ops.ones_like(data[:1, ..., :1])
    if count_include_pad is not False:
        inside = pad_edges(ones, [(p, min(p, e)) for p, e in edges], 1.0)
        share = pad_edges(inside, [(0, max(0, e - p)) for p, e in edges], 0.0)
    else:
        share = pad_edges(ones, edges, 0.0)
    share = pool_windows(at, AVERAGE[rank], share, kernel, stride, part="share")
    # The average of an empty window is 0.
    return ops.divide(mean, ops.where(ops.equal(share, 0), ops.ones_like(share), share))


def window_padding(at, data, kernel, stride, pad, convention):
    """The stride, and for each axis (before, after), how far the windows extend beyond the data."""
    rank = len(data.shape) - 2
    if len(kernel) != rank:
        raise at.error(f"attribute 'kernel' must have {rank} numbers for data of {rank + 2} axes", kernel)
    stride, pad = stride or (1,) * rank, pad or (0,) * rank
    for name, value in (("stride", stride), ("pad", pad)):
        if len(value) != rank:
            raise at.error(f"attribute {name!r} must have {rank} numbers, as kernel has", value)
    return stride, list(zip(pad, _end_padding(at, data.shape[1:-1], kernel, stride, pad, convention), strict=True))


def _end_padding(at, size, kernel, stride, pad, convention):
    """How far the windows extend beyond the end of each axis."""
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


def pad_edges(data, edges, value):
    """Pads each spatial axis by (before, after)."""
    if not any(map(any, edges)):
        return data
    return ops.pad(data, ((0, 0), *edges, (0, 0)), constant_values=value)


def pool_windows(at, cls, data, kernel, stride, part=None):
    """Pooling without padding by the layer of Keras called `cls`."""
    whole, single = None not in data.shape[1:], str(data.dtype) == "float32"
    if len(kernel) < 3 or (single and (cls == AVERAGE[3] or not whole)):
        return at.layer(getattr(layers, cls), kernel, stride, padding="valid", part=part)(data)
    # In three dimensions TensorFlow supports float32 only, and passes the gradient of a maximum to all elements that
    # are equal to it: so pool within each plane, then across the planes.
    if not whole:
        raise at.open(f"needs the size of its {data.dtype} data", tuple(data.shape))
    flat, (depth, height, width, channels) = cls.replace("3D", "2D"), data.shape[1:]
    planes = ops.reshape(data, (-1, height, width, channels))
    planes = pool_windows(at, flat, planes, kernel[1:], stride[1:], part=f"{part or ''}planes")
    height, width = planes.shape[1:3]
    data = ops.reshape(planes, (-1, depth, height * width, channels))
    data = pool_windows(at, flat, data, (kernel[0], 1), (stride[0], 1), part=part)
    return ops.reshape(data, (-1, data.shape[1], height, width, channels))


def sum_pool(at, data, edges, kernel, stride):
    """The sum over each window of padded data."""
    mean = pool_windows(at, AVERAGE[len(kernel)], pad_edges(data, edges, 0.0), kernel, stride)
    return ops.multiply(mean, math.prod(kernel))


def _root(total, p: int):
    """The p-th root of a sum of p-th powers, whose signs MXNet keeps."""
    if p == 1:
        return total
    is_zero = ops.equal(total, 0)  # where the gradient is 0
    size = ops.where(is_zero, ops.ones_like(total), ops.absolute(total) if p == 3 else total)
    root = ops.sqrt(size) if p == 2 else ops.multiply(ops.sign(total), ops.power(size, 1 / p))
    return ops.where(is_zero, ops.zeros_like(total), root)


def pool_globally(at, data, pool_type, p_value):
    """Pools over all positions and keeps the pooled axes with length 1; kernel, stride and pad have no effect."""
    rank = len(data.shape) - 2
    kind = {"max": "Max", "avg": "Average"}.get(pool_type)
    if kind:
        return at.layer(getattr(layers, f"Global{kind}Pooling{rank}D"), keepdims=True)(data)
    axes = tuple(range(1, rank + 1))
    if pool_type == "sum":
        return ops.sum(data, axes, keepdims=True)
    return _root(ops.sum(ops.power(data, p_value), axes, keepdims=True), p_value)
