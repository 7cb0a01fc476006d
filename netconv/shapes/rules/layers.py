"""Ops with parameters or a window: what is stored tells how many channels and features come in."""

from __future__ import annotations

import math
from types import SimpleNamespace

from ...graph.partial_shape import (
    NATURAL_LAYOUTS,
    ShapeMismatch,
    conv_length,
    first,
    flattened,
    format_shape,
    merge,
    of_rank,
    part,
    per_axis,
    place,
    pool_length,
    product,
    rule,
)


@rule("FullyConnected")
def fully_connected(a, ins, outs):
    """weight (num_hidden, fan-in); with `flatten` all axes but the first are the fan-in, else the last one is."""
    data, fan, out = ins[0], of_rank(ins[1], 2)[1], outs[0]
    if data == ():
        raise ShapeMismatch("needs data with axes", data)
    if not a.flatten:
        if data is None and out is not None:
            data = (*out[:-1], None)
        if data:
            fan = first(data[-1], fan)
            data = (*data[:-1], fan)
            out = (*data[:-1], a.num_hidden)
        return [data, (a.num_hidden, fan), (a.num_hidden,)], [out]
    out = of_rank(out, 2)
    batch = out[0]
    if data:
        batch, fan = first(data[0], batch), first(product(data[1:]), fan)
        data = (batch, *flattened(data[1:], fan))
    return [data, (a.num_hidden, fan), (a.num_hidden,)], [(batch, a.num_hidden)]


@rule("Embedding", "_contrib_quantized_embedding")
def embedding(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = out[:-1]
    return [data, (a.input_dim, a.output_dim)], [None if data is None else (*data, a.output_dim)]


def _spatial(a, ins, outs):
    """Data, output and the attributes of a convolution, one number an axis."""
    rank = len(a.kernel)
    kernel = per_axis("kernel", a.kernel, rank, 1)
    stride, dilate = per_axis("stride", a.stride, rank, 1), per_axis("dilate", a.dilate, rank, 1)
    pad = per_axis("pad", a.pad, rank, 0, 0)
    if a.num_group < 1:
        raise ShapeMismatch("attribute 'num_group' must be at least 1", a.num_group)
    return of_rank(ins[0], rank + 2), of_rank(outs[0], rank + 2), kernel, stride, dilate, pad


@rule("Convolution")
def convolution(a, ins, outs):
    """weight (num_filter, channels / num_group, *kernel)."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = _spatial(a, ins, outs)
    share = of_rank(ins[1], len(kernel) + 2)[1]
    channels = first(data[1], None if share is None else share * a.num_group)
    batch = first(data[0], out[0])
    sizes, back = [], []
    for n, m, k, s, d, p in zip(data[2:], out[2:], kernel, stride, dilate, pad, strict=True):
        back.append(m - 1 + d * (k - 1) + 1 - 2 * p if n is None and m is not None and s == 1 else n)
        sizes.append(conv_length(back[-1], k, s, p, d))
    part(a.num_filter, a.num_group, "filters")
    weight = (a.num_filter, part(channels, a.num_group, "channels"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@rule("_contrib_DeformableConvolution", "_contrib_ModulatedDeformableConvolution")
def deformable_convolution(a, ins, outs):
    """A convolution, with two offsets, and perhaps a weight, for each point of the kernel at each place."""
    data, *moved = ins[: 3 if "Modulated" in a._node.op else 2]
    same = SimpleNamespace(**{**vars(a), "layout": None})
    batch = merge(of_rank(data, 4)[:1], of_rank(moved[0], 4)[:1])
    data = (*batch, *of_rank(data, 4)[1:])
    (data, *arrays), (out,) = convolution(same, [data, *ins[1 + len(moved) :]], outs)
    points = math.prod(a.kernel) * a.num_deformable_group
    claims = [(out[0], count, *out[2:]) for count in (2 * points, points)]
    return [data, *claims[: len(moved)], *arrays], [out]


@rule("Deconvolution")
def deconvolution(a, ins, outs):
    """weight (channels, num_filter / num_group, *kernel); length s (n - 1) + reach - 2 pad + adj, or target_shape."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = _spatial(a, ins, outs)
    adj = per_axis("adj", a.adj, len(kernel), 0, 0)
    batch, channels = first(data[0], out[0]), first(data[1], of_rank(ins[1], len(kernel) + 2)[0])
    sizes, back = [], []
    for n, m, k, s, d, p, e in zip(data[2:], out[2:], kernel, stride, dilate, pad, adj, strict=True):
        extra = d * (k - 1) + 1 - 2 * p + e
        if n is None and m is not None and not any(a.target_shape) and (m - extra) % s == 0:
            n = (m - extra) // s + 1
        back.append(n)
        sizes.append(None if n is None else s * (n - 1) + extra)
    if any(a.target_shape):
        sizes = per_axis("target_shape", a.target_shape, len(kernel), 0)
    if any(n is not None and n < 1 for n in sizes):
        raise ShapeMismatch(f"nothing is left of data of shape {format_shape(data)}")
    weight = (channels, part(a.num_filter, a.num_group, "filters"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@rule("Pooling")
def pooling(a, ins, outs):
    """With a `layout` that ends in C, as another with the axes moved."""
    if a.layout in NATURAL_LAYOUTS:
        return pooling_v1(a, ins, outs)
    rank = len(a.layout)
    ins, outs = ([x and (x[0], x[-1], *x[1:-1]) for x in (of_rank(s, rank) for s in shapes)] for shapes in (ins, outs))
    ins, outs = pooling_v1(a, ins, outs)
    return [[(x[0], *x[2:], x[1]) for x in shapes] for shapes in (ins, outs)]


@rule("Pooling_v1", "_contrib_quantized_pooling")
def pooling_v1(a, ins, outs):
    known = ins[0] if ins[0] is not None else outs[0]
    if not a.kernel and (not a.global_pool or known is None):
        return ins, outs
    if not a.kernel and len(known) < 3:
        raise ShapeMismatch("needs data with a batch, channels and a spatial axis or more", known)
    rank = len(a.kernel) or len(known) - 2
    data, out = of_rank(ins[0], rank + 2), of_rank(outs[0], rank + 2)
    head = (first(data[0], out[0]), first(data[1], out[1]))
    if a.global_pool:
        return [(*head, *data[2:])], [(*head, *(1,) * rank)]
    kernel, stride = per_axis("kernel", a.kernel, rank, 1), per_axis("stride", a.stride, rank, 1)
    pad = per_axis("pad", a.pad, rank, 0, 0)
    sizes, back = [], []
    for n, m, k, s, p in zip(data[2:], out[2:], kernel, stride, pad, strict=True):
        if n is None and m is not None and s == 1:
            n = m if a.pooling_convention == "same" else m - 1 + k - 2 * p
        back.append(n)
        sizes.append(pool_length(n, k, s, p, a.pooling_convention))
    return [(*head, *back)], [(*head, *sizes)]


@rule("_contrib_AdaptiveAvgPooling2D")
def adaptive_pooling(a, ins, outs):
    data = merge(of_rank(ins[0], 4), (*of_rank(outs[0], 4)[:2], None, None))
    size = tuple(a.output_size) or (1,)
    return [data], [(*data[:2], *(size if len(size) == 2 else size[:1] * 2))]


@rule("UpSampling")
def upsampling(a, ins, outs):
    out = of_rank(outs[0], 4)
    small = (None if n is None or n % a.scale else n // a.scale for n in out[2:])
    alone = len(ins) == 1 or a.sample_type == "bilinear" or a.multi_input_mode == "sum"
    data = merge(of_rank(ins[0], 4), (out[0], out[1] if alone else None, *small))
    if a.sample_type == "bilinear":
        data = (data[0], first(data[1], *(of_rank(x, 4)[0] for x in ins[1:])), *data[2:])
    sizes = [None if n is None else n * a.scale for n in data[2:]]
    if a.sample_type == "bilinear":
        k = 2 * a.scale - a.scale % 2
        return [data, (data[1], 1, k, k)], [(*data[:2], *sizes)]
    batch = data[:1]
    for x in ins[1:]:
        batch = merge(batch, of_rank(x, 4)[:1])
    parts = [(*batch, *x[1:]) for x in (data, *(of_rank(x, 4) for x in ins[1:]))]
    channels = [x[1] for x in parts]
    for x in parts[1:]:
        if any(None not in (n, m) and n % m for n, m in zip(sizes, x[2:], strict=True)):
            raise ShapeMismatch(
                f"images of shape {format_shape(x)} are no whole part of {format_shape((data[0], data[1], *sizes))}"
            )
    many = data[1] if a.multi_input_mode == "sum" else None if None in channels else sum(channels)
    return parts, [(data[0], many, *sizes)]


@rule("_contrib_arange_like")
def arange_like(a, ins, outs):
    if a.axis is None:
        return ins, [ins[0]]
    return ins, [(None if ins[0] is None else ins[0][place(a.axis, len(ins[0]))],)]


@rule("BatchNorm", "_contrib_SyncBatchNorm")
def batch_norm(a, ins, outs):
    return _normalised(ins, outs, getattr(a, "axis", 1))


@rule("InstanceNorm")
def instance_norm(a, ins, outs):
    return _normalised(ins, outs, 1)


@rule("LayerNorm")
def layer_norm(a, ins, outs):
    claims, (shape, *_) = _normalised(ins, outs, a.axis)
    if shape is None:
        return claims, [None]
    axis = place(a.axis, len(shape))
    moments = (*shape[:axis], 1, *shape[axis + 1 :])
    return claims, [shape, moments, moments]


def _normalised(ins, outs, axis):
    """Every array is as long as the axis; so are the outputs after the first, mean and variance."""
    shape = merge(ins[0], outs[0])
    length = first(*(x[0] for x in ins[1:] if x is not None and len(x) == 1))
    if shape is not None:
        axis = place(axis, len(shape))
        length = first(shape[axis], length)
        shape = (*shape[:axis], length, *shape[axis + 1 :])
    return [shape, *[(length,)] * (len(ins) - 1)], [shape, (length,), (length,)]


@rule("GroupNorm")
def group_norm(a, ins, outs):
    shape = merge(ins[0], outs[0])
    moments = None if shape is None else (shape[0], a.num_groups)
    if shape is not None and len(shape) > 1:
        part(shape[1], a.num_groups, "channels", "num_groups")
    return [shape, (a.num_groups,), (a.num_groups,)], [shape, moments, moments]


GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}


@rule("RNN")
def rnn(a, ins, outs):
    """Time first. The flat vector's length is linear in the input size. Source: GetRnnParamSize in MXNet's
    src/operator/rnn-inl.h."""
    (time, batch, size), out = of_rank(ins[0], 3), of_rank(outs[0], 3)
    directions = 2 if a.bidirectional else 1
    units = a.state_size if a.projection_size is None else a.projection_size
    rows = GATES[a.mode] * a.state_size * directions
    later = rows * (units * directions + units + 2) * (a.num_layers - 1) + rows * (units + 2)
    if a.projection_size is not None:
        later += a.projection_size * a.state_size * a.num_layers * directions
    (flat,) = of_rank(ins[1], 1)
    if flat is not None and size is None and rows:
        if flat <= later or (flat - later) % rows:
            raise ShapeMismatch(
                f"parameters cannot have {flat} elements: they are {rows} for each input and {later} more"
            )
        size = (flat - later) // rows
    time, batch = first(time, out[0]), first(batch, out[1])
    state, cell = ((a.num_layers * directions, batch, n) for n in (units, a.state_size))
    claims = [(time, batch, size), (None if size is None else rows * size + later,), state]
    if a.mode == "lstm":
        claims.append(cell)
    return claims, [(time, batch, units * directions), state, cell]
