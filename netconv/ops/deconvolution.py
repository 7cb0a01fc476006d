"""Deconvolution (transposed convolution) and upsampling, channels-last."""

import math
from typing import Literal

from ..graph.attributes import Count, Ints
from ..graph.partial_shape import (
    NATURAL_LAYOUTS,
    ShapeMismatch,
    equal_part,
    first_known,
    format_shape,
    merge,
    of_rank,
    per_spatial_axis,
    window,
)
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.convolution import (
    by_group,
    check_layout,
    convolve,
    crop_spatial,
    layers_or_tensors,
    pad_spatial,
    per_axis,
)
from ..kernels.layout import channels_last, spatial
from ..kernels.positions import insert_zeros
from .registry import translates


def _deconvolution_shape(a, ins, outs):
    """weight (channels, num_filter / num_group, *kernel); length s (n - 1) + reach - 2 pad + adj, or target_shape."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = window(a, ins[0], outs[0])
    adj = per_spatial_axis("adj", a.adj, len(kernel), 0, 0)
    batch, channels = first_known(data[0], out[0]), first_known(data[1], of_rank(ins[1], len(kernel) + 2)[0])
    sizes, back = [], []
    for n, m, k, s, d, p, e in zip(data[2:], out[2:], kernel, stride, dilate, pad, adj, strict=True):
        extra = d * (k - 1) + 1 - 2 * p + e
        if n is None and m is not None and not any(a.target_shape) and (m - extra) % s == 0:
            n = (m - extra) // s + 1
        back.append(n)
        sizes.append(None if n is None else s * (n - 1) + extra)
    if any(a.target_shape):
        sizes = per_spatial_axis("target_shape", a.target_shape, len(kernel), 0)
    if any(n is not None and n < 1 for n in sizes):
        raise ShapeMismatch(f"nothing is left of data of shape {format_shape(data)}")
    weight = (channels, equal_part(a.num_filter, a.num_group, "filters"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@translates("Deconvolution", layout=spatial, shape=_deconvolution_shape)
def deconvolution(
    at,
    data,
    weight: TrackedArray,
    bias: TrackedArray | None = None,
    *,
    kernel: Ints,
    num_filter: int,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    adj: Ints = (),
    target_shape: Ints = (),
    num_group: int = 1,
    no_bias: bool = True,
    layout: str | None = None,
):
    """MXNet's weight is (in, out / groups, *kernel), Keras's kernel (*kernel, out, in). Computes a transposed
    convolution without padding, then crops `pad` at both ends and adds `adj` at the end."""
    check_layout(at, layout)
    rank = len(kernel)
    stride, dilate = per_axis(at, "stride", stride, rank, 1), per_axis(at, "dilate", dilate, rank, 1)
    pad, adj = per_axis(at, "pad", pad, rank, 0), per_axis(at, "adj", adj, rank, 0)
    size = data.shape[1:-1]
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilate, kernel, strict=True))
    if any(target_shape):
        if None in size:
            raise at.error("attribute 'target_shape' needs the size of the data", tuple(data.shape))
        excess = [s * (n - 1) + r - t for s, n, r, t in zip(stride, size, reach, target_shape, strict=True)]
        pad, adj = tuple(math.ceil(e / 2) for e in excess), tuple(e % 2 for e in excess)
    bias = None if no_bias else bias
    if isinstance(weight, TrackedArray) and weight.shape != (data.shape[-1], num_filter // num_group, *kernel):
        raise at.error(f"weight must have shape {(data.shape[-1], num_filter // num_group, *kernel)}", weight.shape)
    weight, bias = layers_or_tensors(at, weight, bias)
    cut = [(p, p - a) for p, a in zip(pad, adj, strict=True)]
    transpose = _algorithm(data, weight, num_group, stride, dilate)
    # The bias can be added before cropping, but not before padding, because padded elements get it too.
    inside = None if transpose is _by_phases or any(after < 0 for _, after in cut) else bias
    out = transpose(at, data, weight, inside, num_group, stride, dilate)
    if any(after < 0 for _, after in cut):
        out = ops.pad(out, ((0, 0), *((0, max(0, -after)) for _, after in cut), (0, 0)))
    out = crop_spatial(at, out, tuple((before, max(0, after)) for before, after in cut))
    return out if bias is None or inside is not None else ops.add(out, at.tensor(bias))


def _algorithm(data, weight, groups: int, stride, dilate):
    """Selects the function below that computes the output before it is cropped."""
    kernel = weight.shape[2:]
    if not isinstance(weight, TrackedArray):
        return _by_convolution
    if groups > 1 and weight.shape[1] == 1 and len(kernel) < 3:  # one layer per channel would be slow
        divides = None not in data.shape[1:-1] and not any(k % s for k, s in zip(kernel, stride, strict=True))
        depthwise = groups == weight.shape[0]
        return _by_phases if depthwise and divides and max(stride) > 1 == max(dilate) else _by_convolution
    # TensorFlow's op writes outside its buffer if stride > kernel; without oneDNN it has no dilation on the CPU.
    overlaps = all(s <= k for s, k in zip(stride, kernel, strict=True))
    return _by_layers if overlaps and max(dilate) == 1 else _by_convolution


def _by_convolution(at, data, weight, bias, groups: int, stride, dilate):
    """A convolution of the data with zeros inserted between and around its points."""
    for axis, step in enumerate(stride, 1):
        data = insert_zeros(data, axis, step)
    data = pad_spatial(at, data, tuple(d * (k - 1) for d, k in zip(dilate, weight.shape[2:], strict=True)))
    ones = (1,) * len(stride)
    return convolve(at, data, _as_convolution_weight(weight, groups), bias, groups, ones, dilate, "valid")


def _by_layers(at, data, weight: TrackedArray, bias: TrackedArray | None, groups: int, stride, dilate):
    """A Keras transposed convolution layer for each group."""
    config = {"strides": stride, "dilation_rate": dilate}
    return by_group(data, weight, bias, groups, lambda data, *group: _conv_transpose(at, config, data, *group))


def _conv_transpose(at, config, data, weight: TrackedArray, bias: TrackedArray | None, part: str | None):
    rank = weight.ndim - 2
    layer = at.layer(
        {1: layers.Conv1DTranspose, 2: layers.Conv2DTranspose, 3: layers.Conv3DTranspose}[rank],
        weight.shape[1],
        weight.shape[2:],
        use_bias=bias is not None,
        weights={"kernel": weight.transpose((*range(2, rank + 2), 1, 0)), "bias": bias},
        part=part,
        **config,
    )
    return layer(data)


def _by_phases(at, data, weight: TrackedArray, _bias: None, _groups: int, stride, _dilate):
    """For depthwise deconvolutions whose `stride` divides the kernel: every stride-th output element is a convolution
    of the data with every stride-th element of the kernel. All offsets within a stride are computed at once, as copies
    of the channels, and then interleaved."""
    channels, multiplier, *kernel = weight.shape
    rank, many = len(stride), math.prod(stride)
    points = [k // s for k, s in zip(kernel, stride, strict=True)]
    apart = (channels, multiplier, *(n for pair in zip(points, stride, strict=True) for n in pair))
    taps, offsets = range(2, 2 * rank + 2, 2), range(3, 2 * rank + 3, 2)
    weight = weight.reshape(apart).flip(taps).transpose((*offsets, 0, 1, *taps)).reshape((-1, 1, *points))
    data = at.layer(layers.Concatenate, part="places")([pad_spatial(at, data, tuple(n - 1 for n in points))] * many)
    out = convolve(at, data, weight, None, many * channels, (1,) * rank, (1,) * rank, "valid")
    *rows, columns = (n * s for n, s in zip(out.shape[1:-1], stride, strict=True))
    each = [ops.reshape(x, (-1, *out.shape[1:-2], columns, channels * multiplier)) for x in
            (ops.split(out, stride[0], -1) if rows else [out])]  # fmt: skip
    return ops.reshape(ops.stack(each, 2), (-1, *rows, columns, channels * multiplier)) if rows else each[0]


def _as_convolution_weight(weight, groups: int):
    """The weight (in, out / groups, *kernel) of a transposed convolution as the weight (out, in / groups, *kernel) of
    the equivalent convolution of the data with zeros between and around its points."""
    inputs, outputs, *kernel = weight.shape
    apart, swapped = (groups, inputs // groups, outputs, *kernel), (0, 2, 1, *range(3, len(kernel) + 3))
    whole, axes = (groups * outputs, inputs // groups, *kernel), tuple(range(2, len(kernel) + 2))
    if isinstance(weight, TrackedArray):
        return weight.flip(axes).reshape(apart).transpose(swapped).reshape(whole)
    return ops.reshape(ops.transpose(ops.reshape(ops.flip(weight, axes), apart), swapped), whole)


def _scaled(site, values, attributes):
    """Images are channels-last; the weight of a bilinear upsampling keeps its layout."""
    order = channels_last(4)
    bilinear = attributes["sample_type"] == "bilinear"
    return [v and (v.natural() if bilinear and i else v.to(order)) for i, v in enumerate(values)], attributes, order


def _upsampling_shape(a, ins, outs):
    out = of_rank(outs[0], 4)
    small = (None if n is None or n % a.scale else n // a.scale for n in out[2:])
    alone = len(ins) == 1 or a.sample_type == "bilinear" or a.multi_input_mode == "sum"
    data = merge(of_rank(ins[0], 4), (out[0], out[1] if alone else None, *small))
    if a.sample_type == "bilinear":
        data = (data[0], first_known(data[1], *(of_rank(x, 4)[0] for x in ins[1:])), *data[2:])
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
                f"images of shape {format_shape(x)} do not divide {format_shape((data[0], data[1], *sizes))}"
            )
    many = data[1] if a.multi_input_mode == "sum" else None if None in channels else sum(channels)
    return parts, [(data[0], many, *sizes)]


@translates("UpSampling", layout=_scaled, ignores="num_filter", shape=_upsampling_shape)
def upsampling(
    at,
    *data: TrackedArray,
    scale: Count,
    sample_type: Literal["nearest", "bilinear"],
    multi_input_mode: Literal["concat", "sum"] = "concat",
):
    """Nearest: each input is scaled to the size of the first one. Bilinear: a deconvolution with the stored weight."""
    if sample_type == "bilinear":
        first, weight = data
        size, pad = (2 * scale - scale % 2,) * 2, (math.ceil((scale - 1) / 2),) * 2
        channels = first.shape[-1]
        return deconvolution(
            at, first, weight, kernel=size, num_filter=channels, num_group=channels, stride=(scale, scale), pad=pad
        )
    images = [ops.transpose(at.tensor(x), channels_last(4)) if isinstance(x, TrackedArray) else x for x in data]
    parts = []
    for number, x in enumerate(images):
        factor = scale if number == 0 else images[0].shape[1] * scale // x.shape[1]
        layer = at.layer(layers.UpSampling2D, factor, part=None if len(data) == 1 else f"{number}")
        parts.append(layer(x) if factor > 1 else x)
    if len(parts) == 1:
        return parts[0]
    return at.layer(layers.Concatenate if multi_input_mode == "concat" else layers.Add)(parts)
