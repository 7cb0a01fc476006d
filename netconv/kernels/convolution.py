"""Channels-last convolutions with padding and cropping, by layers of Keras or by `keras.ops`. Knows no op of MXNet."""

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from . import fusion_safe


def per_axis(at, name: str, value: tuple[int, ...], rank: int, default: int) -> tuple[int, ...]:
    """An attribute with one number for each spatial axis; empty means the default. Raises NodeError for another
    count."""
    value = value or (default,) * rank
    if len(value) != rank:
        raise at.error(f"attribute {name!r} must have {rank} numbers, as kernel has", value)
    return value


def check_layout(at, layout: str | None) -> None:
    """Raises NodeError for a layout other than MXNet's default."""
    if layout not in (None, "None", "NCW", "NCHW", "NCDHW"):
        raise at.error("attribute 'layout' must be NCW, NCHW or NCDHW", repr(layout))


def layers_or_tensors(at, weight, bias):
    """The weight and bias as stored arrays if a layer can own them, otherwise both as tensors."""
    if at.can_own(weight, bias):
        return weight, bias
    return at.tensor(weight), None if bias is None else at.tensor(bias)


def same_or_padded(at, data, kernel, stride, dilate, pad):
    """The data, padded with zeros unless Keras's padding "same" does so, and the `padding` of Keras that remains."""
    same = all(s == 1 and 2 * p == d * (k - 1) for s, p, d, k in zip(stride, pad, dilate, kernel, strict=True))
    if same and not (len(kernel) == 3 and fusion_safe.may_be_padded(at)):
        return data, "same"
    return pad_spatial(at, data, pad), "valid"


def convolve(at, data, weight, bias, groups: int, stride, dilate, padding: str, **settings):
    """A convolution with a weight (out, in / groups, *kernel); `settings` are further arguments of its layers."""
    rank = len(stride)
    # The gradient of a 1x1 kernel is written out of bounds where strides differ (a single axis counts as two), and
    # computed by oneDNN in a single thread where they do not, if there are fewer than eight channels.
    uneven = len({*stride, *(1,) * (2 - rank)}) > 1
    if rank < 3 and set(weight.shape[2:]) == {1} and (uneven or (max(stride) > 1 and weight.shape[1] < 8)):
        data, stride = _strided(data, stride), (1,) * rank
    depthwise = groups > 1 and weight.shape[1] == 1 and rank < 3
    # Keras does not accept these: convolve with stride 1, then take every stride-th element.
    every = max(stride) > 1 and (max(dilate) > 1 or (depthwise and len(set(stride)) > 1))
    every = every or _may_have_single_window(data, weight, stride)
    config = {"strides": (1,) * rank if every else stride, "padding": padding, "dilation_rate": dilate} | settings
    if depthwise:
        out = _depthwise_convolution(at, data, weight, bias, groups, config)
    else:
        out = by_group(data, weight, bias, groups, lambda data, *group: _group_convolution(at, config, data, *group))
    return _strided(out, stride) if every else out


def _may_have_single_window(data, weight, stride) -> bool:
    """Whether data of one channel may have a single window along the last axis, whose stride differs from that of the
    axis before: oneDNN reads out of bounds for it."""
    length = data.shape[-2]
    lone = weight.shape[1] == 1 and len(stride) > 1 and stride[-2] == 1 < stride[-1]
    return lone and (length is None or length < weight.shape[-1] + stride[-1])


def _strided(data, stride):
    """Every stride-th element of each spatial axis."""
    index = (slice(None), *(slice(None, None, s) for s in stride))
    return data[index]


def by_group(data, weight, bias, groups: int, convolve_group):
    """convolve_group(data, weight, bias, part) for each group, concatenated: on a CPU TensorFlow's gradient of a
    grouped convolution takes a hundred times as long as those of the groups one by one."""
    if groups == 1:
        return convolve_group(data, weight, bias, None)
    data, weights, biases = ops.split(data, groups, -1), _split_array(weight, groups), _split_array(bias, groups)
    parts = enumerate(zip(data, weights, biases, strict=True))
    return ops.concatenate([convolve_group(*group, f"{n}") for n, group in parts], -1)


def _split_array(array, groups: int) -> list:
    if array is None:
        return [None] * groups
    if not isinstance(array, TrackedArray):
        return ops.split(array, groups, 0)
    each = array.shape[0] // groups
    return [array[n * each : (n + 1) * each] for n in range(groups)]


def _group_convolution(at, config, data, weight, bias, part: str | None):
    rank = weight.ndim - 2
    axes = (*range(2, rank + 2), 1, 0)
    if not isinstance(weight, TrackedArray):
        out = ops.conv(data, ops.transpose(weight, axes), data_format="channels_last", **config)
        return out if bias is None else ops.add(out, bias)
    layer = at.layer(
        {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}[rank],
        weight.shape[0],
        weight.shape[2:],
        use_bias=bias is not None,
        weights={"kernel": weight.transpose(axes), "bias": bias},
        part=part,
        **config,
    )
    return layer(data)


def _depthwise_convolution(at, data, weight, bias, groups: int, config):
    """A group for each channel: MXNet's weight is (channels x multiplier, 1, *kernel), Keras's kernel (*kernel,
    channels, multiplier)."""
    kernel = tuple(weight.shape[2:])
    apart, axes = (groups, -1, *kernel), (*range(2, len(kernel) + 2), 0, 1)
    if not isinstance(weight, TrackedArray):
        table = ops.transpose(ops.reshape(weight, apart), axes)
        # One number where all axes have the same: a tuple is loaded from a file as a list, which Keras does not accept.
        config = {k: v[0] if isinstance(v, tuple) and len(set(v)) == 1 else v for k, v in config.items()}
        out = ops.depthwise_conv(data, table, data_format="channels_last", **config)
        return out if bias is None else ops.add(out, bias)
    layer = at.layer(
        {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D}[len(kernel)],
        kernel,
        depth_multiplier=weight.shape[0] // groups,
        use_bias=bias is not None,
        weights={"kernel": weight.reshape(apart).transpose(axes), "bias": bias},
        **config,
    )
    return layer(data)


def pad_spatial(at, data, pad):
    """Pads both sides of each spatial axis with zeros."""
    if not any(pad):
        return data
    cls = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}[len(pad)]
    return at.layer(cls, pad[0] if len(pad) == 1 else tuple((p, p) for p in pad), part="pad")(data)


def crop_spatial(at, data, cut):
    """Removes (before, after) elements from each spatial axis."""
    if not any(map(any, cut)):
        return data
    cls = {1: layers.Cropping1D, 2: layers.Cropping2D, 3: layers.Cropping3D}[len(cut)]
    return at.layer(cls, cut[0] if len(cut) == 1 else cut, part="crop")(data)
