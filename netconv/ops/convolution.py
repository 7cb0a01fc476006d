"""Convolutions, channels-last."""

import math
from typing import Literal

from ..arrays import Array
from ..attributes import Ints
from ..counting import spread
from ..layout import spatial, spatial_all
from ..lazy import layers, ops
from ..registry import translates


def per_axis(at, name: str, value: tuple[int, ...], rank: int, default: int) -> tuple[int, ...]:
    """An attribute with one number a spatial axis; empty means the default."""
    value = value or (default,) * rank
    if len(value) != rank:
        raise at.error(f"attribute {name!r} must have {rank} numbers, as kernel has", value)
    return value


def natural_layout(at, layout: str | None) -> None:
    if layout not in (None, "None", "NCW", "NCHW", "NCDHW"):
        raise at.error("attribute 'layout' must be NCW, NCHW or NCDHW", repr(layout))


@translates("Convolution", "Convolution_v1", layout=spatial)
def convolution(
    at,
    data,
    weight: Array,
    bias: Array | None = None,
    *,
    kernel: Ints,
    num_filter: int,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    no_bias: bool = False,
    layout: str | None = None,
):
    """MXNet's weight is (out, in / groups, *kernel), Keras's kernel (*kernel, in / groups, out)."""
    natural_layout(at, layout)
    rank = len(kernel)
    if len(data.shape) != rank + 2:
        raise at.error(f"data must have {rank + 2} axes for a kernel of {rank}", len(data.shape))
    stride, dilate = per_axis(at, "stride", stride, rank, 1), per_axis(at, "dilate", dilate, rank, 1)
    pad = per_axis(at, "pad", pad, rank, 0)
    bias = None if no_bias else bias
    if not no_bias and bias is None:
        raise at.error("needs a bias, or no_bias true")
    channels = data.shape[-1]
    if isinstance(weight, Array):
        wanted = (num_filter, (channels or weight.shape[1] * num_group) // num_group, *kernel)
        if weight.shape != wanted:
            raise at.error(f"weight must have shape {wanted}", weight.shape)
    same = all(s == 1 and 2 * p == d * (k - 1) for s, p, d, k in zip(stride, pad, dilate, kernel, strict=True))
    if not same:
        data = padded(at, data, pad)
    apart = num_group > 1 and (rank == 3 or not at.owns(weight, bias))
    if apart or (len(set(stride)) > 1 and max(dilate) > 1):
        return _by_hand(at, data, weight, bias, kernel, stride, dilate, num_group, "same" if same else "valid")
    config = {"strides": stride, "padding": "same" if same else "valid", "dilation_rate": dilate}
    axes = (*range(2, rank + 2), 1, 0)
    if at.owns(weight, bias) and _depthwise(weight, num_group, stride, dilate):
        return at.layer(
            {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D}[rank],
            kernel,
            depth_multiplier=num_filter // num_group,
            use_bias=bias is not None,
            **config,
            weights={
                "kernel": weight.reshape((num_group, -1, *kernel)).transpose((*range(2, rank + 2), 0, 1)),
                "bias": bias,
            },
        )(data)
    if min(stride) > 1 and max(dilate) > 1:  # Keras refuses the two together: every point, then every stride-th
        out = _by_hand(at, data, weight, bias, kernel, (1,) * rank, dilate, num_group, "same" if same else "valid")
        return out[(slice(None), *(slice(None, None, s) for s in stride))]
    if at.owns(weight, bias):
        cls = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}[rank]
        conv = at.layer(
            cls,
            num_filter,
            kernel,
            groups=num_group,
            use_bias=bias is not None,
            **config,
            weights={"kernel": weight.transpose(axes), "bias": bias},
        )
        return conv(data)
    out = ops.conv(data, ops.transpose(at.tensor(weight), axes), data_format="channels_last", **config)
    return out if bias is None else ops.add(out, at.tensor(bias))


def _depthwise(weight: Array, groups: int, stride, dilate) -> bool:
    """Whether each channel is a group of its own, in a shape that Keras's depthwise layers take."""
    alone = groups > 1 and weight.shape[1] == 1
    return alone and len(stride) < 3 and len(set(stride)) == 1 and (max(stride) == 1 or max(dilate) == 1)


def padded(at, data, pad):
    """Zeros on both sides of the spatial axes."""
    if not any(pad):
        return data
    cls = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}[len(pad)]
    return at.layer(cls, pad[0] if len(pad) == 1 else tuple((p, p) for p in pad), part="pad")(data)


def _by_hand(at, data, weight, bias, kernel, stride, dilate, groups, padding):
    """What Keras refuses (stride with dilation, groups in three dimensions or of a kernel that is no weight), group by
    group."""
    axes = (*range(2, len(kernel) + 2), 1, 0)
    table = ops.transpose(at.tensor(weight), axes)
    step = 1 if max(dilate) > 1 else stride
    parts = [
        ops.conv(x, w, strides=step, padding=padding, dilation_rate=dilate, data_format="channels_last")
        for x, w in zip(ops.split(data, groups, -1), ops.split(table, groups, -1), strict=True)
    ]
    out = ops.concatenate(parts, -1) if groups > 1 else parts[0]
    if step == 1 and max(stride) > 1:
        out = out[(slice(None), *(slice(None, None, s) for s in stride))]
    return out if bias is None else ops.add(out, at.tensor(bias))


@translates("Deconvolution", layout=spatial)
def deconvolution(
    at,
    data,
    weight: Array,
    bias: Array | None = None,
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
    """MXNet's weight is (in, out / groups, *kernel), Keras's kernel (*kernel, out, in): Keras's transposed convolution
    without padding, then `pad` is cut off both ends and `adj` added at the far one."""
    natural_layout(at, layout)
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
    if isinstance(weight, Array) and weight.shape != (data.shape[-1], num_filter // num_group, *kernel):
        raise at.error(f"weight must have shape {(data.shape[-1], num_filter // num_group, *kernel)}", weight.shape)
    cut = tuple((p, p - a) for p, a in zip(pad, adj, strict=True))
    # A layer of Keras puts out at least a stride for each point.
    more = tuple((p, after + max(0, s - r)) for (p, after), s, r in zip(cut, stride, reach, strict=True))
    whole = num_group == 1 and not any(after < 0 for _, after in more)
    # Without crop a layer can hold the bias; with it too: cutting and adding commute.
    if whole and at.owns(weight, bias) and (max(stride) == 1 or max(dilate) == 1):
        cls = {1: layers.Conv1DTranspose, 2: layers.Conv2DTranspose, 3: layers.Conv3DTranspose}[rank]
        axes = (*range(2, rank + 2), 1, 0)
        layer = at.layer(
            cls,
            num_filter,
            kernel,
            strides=stride,
            padding="valid",
            dilation_rate=dilate,
            use_bias=bias is not None,
            weights={"kernel": weight.transpose(axes), "bias": bias},
        )
        return cropped(at, layer(data), more)
    out = _scattered(data, at.tensor(weight), stride, dilate, num_group)
    out = ops.pad(out, ((0, 0), *((0, max(0, -after)) for _, after in cut), (0, 0)))
    out = cropped(at, out, tuple((before, max(0, after)) for before, after in cut))
    return out if bias is None else ops.add(out, at.tensor(bias))


def _scattered(data, weight, stride, dilate, groups):
    """The transposed convolution group by group, with a kernel (in, out / groups, *kernel): zeros between the points,
    then a convolution with the kernel turned round. Keras's own fails on tensors for kernels."""
    rank = len(stride)
    for axis, step in enumerate(stride, 1):
        data = spread(data, axis, step)
    edge = [(d * (k - 1),) * 2 for d, k in zip(dilate, weight.shape[2:], strict=True)]
    data = ops.pad(data, ((0, 0), *edge, (0, 0)))
    depthwise = tuple(weight.shape[:2]) == (groups, 1) and rank < 3
    weight = ops.transpose(ops.flip(weight, axis=tuple(range(2, rank + 2))), (*range(2, rank + 2), 0, 1))
    config = {"strides": 1, "padding": "valid", "dilation_rate": dilate, "data_format": "channels_last"}
    if depthwise:
        return ops.depthwise_conv(data, weight, **config)
    pairs = zip(ops.split(data, groups, -1), ops.split(weight, groups, -2), strict=True)
    parts = [ops.conv(x, w, **config) for x, w in pairs]
    return ops.concatenate(parts, -1) if groups > 1 else parts[0]


def cropped(at, data, cut):
    """Cuts (before, after) off each spatial axis."""
    if not any(map(any, cut)):
        return data
    cls = {1: layers.Cropping1D, 2: layers.Cropping2D, 3: layers.Cropping3D}[len(cut)]
    return at.layer(cls, cut[0] if len(cut) == 1 else cut, part="crop")(data)


@translates("UpSampling", layout=spatial_all, ignores="num_filter")
def upsampling(
    at,
    *data,
    scale: int,
    sample_type: Literal["nearest", "bilinear"],
    multi_input_mode: Literal["concat", "sum"] = "concat",
):
    """Nearest: each input is scaled to the first one's size. Bilinear: a deconvolution with the stored weight."""
    if sample_type == "bilinear":
        return _bilinear(data[0], data[1], scale)
    height = data[0].shape[1]
    parts = []
    for number, x in enumerate(data):
        factor = scale if number == 0 else height * scale // x.shape[1]
        layer = at.layer(layers.UpSampling2D, factor, part=None if len(data) == 1 else f"{number}")
        parts.append(layer(x) if factor > 1 else x)
    if len(parts) == 1:
        return parts[0]
    return at.layer(layers.Concatenate if multi_input_mode == "concat" else layers.Add)(parts)


def _bilinear(data, weight, scale):
    """MXNet's weight (channels, 1, k, k), of k = 2 scale - scale mod 2, comes channels-last."""
    size = 2 * scale - scale % 2
    edge = (size - 1 - math.ceil((scale - 1) / 2),) * 2
    kernel = ops.flip(ops.transpose(weight, (1, 2, 0, 3)), (0, 1))
    apart = ops.pad(spread(spread(data, 1, scale), 2, scale), ((0, 0), edge, edge, (0, 0)))
    return ops.depthwise_conv(apart, kernel, strides=1, padding="valid", data_format="channels_last")
