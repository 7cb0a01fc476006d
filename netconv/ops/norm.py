"""Normalization layers."""

from types import SimpleNamespace
from typing import Literal

from ..graph.attributes import Count, Ints
from ..graph.partial_shape import equal_part, first_known, merge, normalize_axis
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.layout import along, channels_last
from .registry import shaped_as, translates
from .shape_rules import as_first, two_axes


def _image_layout(site, values, attributes):
    """Images whose channels are normalized are read channels-last, where Keras is fastest; other data as any op reads
    them."""
    first, *rest = values
    if first.rank < 4 or attributes["axis"] != 1:
        return along("axis", first_only=True)(site, values, attributes)
    order = channels_last(first.rank)
    return [first.to(order), *(v and v.natural() for v in rest)], {**attributes, "axis": first.rank - 1}, order


def _normalized_shape(ins, outs, axis):
    """Each array has the length of the axis; so have the outputs after the first, mean and variance."""
    shape = merge(ins[0], outs[0])
    length = first_known(*(x[0] for x in ins[1:] if x is not None and len(x) == 1))
    if shape is not None:
        axis = normalize_axis(axis, len(shape))
        length = first_known(shape[axis], length)
        shape = (*shape[:axis], length, *shape[axis + 1 :])
    return [shape, *[(length,)] * (len(ins) - 1)], [shape, (length,), (length,)]


def _batch_norm_shape(a, ins, outs):
    return _normalized_shape(ins, outs, getattr(a, "axis", 1))


@translates(
    "BatchNorm",
    "BatchNorm_v1",
    "CuDNNBatchNorm",
    layout=_image_layout,
    ignores="min_calib_range max_calib_range",
    shape=_batch_norm_shape,
    likely=two_axes,
)
def batch_norm(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    moving_mean: TrackedArray,
    moving_var: TrackedArray,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
):
    """`fix_gamma` (the default) replaces gamma by 1, whatever is stored; with `use_global_stats` the moving statistics
    are used in training too."""
    rank = len(data.shape)
    axis = at.axis(axis, rank)
    if output_mean_var and at.used != {0}:
        raise at.error("the outputs of mean and variance are not supported; take only the first output")
    channels = data.shape[axis]
    for name, array in (("gamma", gamma), ("beta", beta), ("moving_mean", moving_mean), ("moving_var", moving_var)):
        if isinstance(array, TrackedArray) and channels is not None and array.shape != (channels,):
            raise at.error(f"{name} must have shape ({channels},)", array.shape)
    if not at.can_own(moving_mean, moving_var):
        return _batch_normalized(at, data, gamma, beta, moving_mean, moving_var, eps, fix_gamma, axis)
    if fix_gamma:
        at.discard(gamma)
    own = [beta] if fix_gamma else [gamma, beta]
    stays = use_global_stats or not at.can_own(*own) or not all(array.trainable for array in own)
    weights: dict[str, TrackedArray | None] = {"moving_mean": moving_mean, "moving_variance": moving_var}
    if not stays:
        weights |= {"gamma": None if fix_gamma else gamma, "beta": beta}
    config = {"axis": axis if axis < rank - 1 else -1, "momentum": momentum, "epsilon": eps}
    if use_global_stats:
        config["trainable"] = False
    layer = at.layer(
        layers.BatchNormalization,
        scale="gamma" in weights and not fix_gamma,
        center="beta" in weights,
        weights=weights,
        **config,
    )
    out = layer(data)
    if stays:
        shape = [-1 if i == axis else 1 for i in range(rank)]
        if not fix_gamma:
            out = ops.multiply(out, ops.reshape(at.tensor(gamma), shape))
        out = ops.add(out, ops.reshape(at.tensor(beta), shape))
    return out if out.dtype == data.dtype else ops.cast(out, data.dtype)  # float16 data have float32 parameters


def _batch_normalized(at, data, gamma, beta, mean, var, eps, fix_gamma, axis):
    shape = [-1 if i == axis else 1 for i in range(len(data.shape))]
    mean, var, beta = (ops.reshape(at.tensor(a), shape) for a in (mean, var, beta))
    out = ops.divide(ops.subtract(data, mean), ops.sqrt(ops.add(var, eps)))
    if not fix_gamma:
        out = ops.multiply(out, ops.reshape(at.tensor(gamma), shape))
    return ops.add(out, beta)


@translates(
    "_contrib_BatchNormWithReLU",
    layout=along("axis", first_only=True),
    ignores="min_calib_range max_calib_range",
    shape=_batch_norm_shape,
)
def batch_norm_with_relu(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    moving_mean: TrackedArray,
    moving_var: TrackedArray,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
):
    out = batch_norm(
        at, data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=axis,
    )  # fmt: skip
    return at.layer(layers.ReLU, part="relu")(out)


def _layer_norm_shape(a, ins, outs):
    claims, (shape, *_) = _normalized_shape(ins, outs, a.axis)
    if shape is None:
        return claims, [None]
    axis = normalize_axis(a.axis, len(shape))
    moments = (*shape[:axis], 1, *shape[axis + 1 :])
    return claims, [shape, moments, moments]


@translates("LayerNorm", layout=along("axis", first_only=True), shape=_layer_norm_shape, likely=two_axes)
def layer_norm(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    *,
    axis: int = -1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
):
    rank = len(data.shape)
    axis = at.axis(axis, rank)
    if 0 not in at.used:
        at.discard(gamma, beta)
    if at.can_own(gamma, beta) and axis == rank - 1 and not output_mean_var:
        return at.layer(layers.LayerNormalization, axis=-1, epsilon=eps, weights={"gamma": gamma, "beta": beta})(data)
    shape = [-1 if i == axis else 1 for i in range(rank)]
    mean = ops.mean(data, axis, keepdims=True)
    centered = ops.subtract(data, mean)
    deviation = ops.sqrt(ops.add(ops.mean(ops.square(centered), axis, keepdims=True), eps))
    out = ops.multiply(ops.divide(centered, deviation), ops.reshape(at.tensor(gamma), shape))
    out = ops.add(out, ops.reshape(at.tensor(beta), shape))
    return (out, ops.stop_gradient(mean), ops.stop_gradient(deviation)) if output_mean_var else out


def _channels_last(site, values, attributes):
    """The data channels-last if they have spatial axes."""
    first, *rest = values
    order = channels_last(first.rank)
    return [first.to(order), *(v and v.natural() for v in rest)], attributes, order


@translates("_contrib_SyncBatchNorm", layout=_channels_last, shape=_batch_norm_shape)
def sync_batch_norm(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    moving_mean: TrackedArray,
    moving_var: TrackedArray,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
):
    """Equivalent to BatchNorm on one device; `key` and `ndev` only identify devices."""
    return batch_norm(
        at,
        data,
        gamma,
        beta,
        moving_mean,
        moving_var,
        eps=eps,
        momentum=momentum,
        fix_gamma=fix_gamma,
        use_global_stats=use_global_stats,
        output_mean_var=output_mean_var,
        axis=-1,
    )


def _instance_norm_shape(a, ins, outs):
    return _normalized_shape(ins, outs, 1)


@translates("InstanceNorm", layout=_channels_last, shape=_instance_norm_shape)
def instance_norm(at, data, gamma: TrackedArray, beta: TrackedArray, *, eps: float = 1e-3):
    """Normalizes each channel of each sample over its spatial axes: a GroupNormalization with one group for each
    channel."""
    if at.can_own(gamma, beta) and data.shape[-1] is not None and len(data.shape) > 2:
        layer = at.layer(
            layers.GroupNormalization,
            groups=data.shape[-1],
            axis=-1,
            epsilon=eps,
            weights={"gamma": gamma, "beta": beta},
        )
        return layer(data)
    axes = tuple(range(1, len(data.shape) - 1))
    centered = ops.subtract(data, ops.mean(data, axes, keepdims=True)) if axes else ops.zeros_like(data)
    var = ops.mean(ops.square(centered), axes, keepdims=True) if axes else ops.zeros_like(data)
    out = ops.divide(centered, ops.sqrt(ops.add(var, eps)))
    return ops.add(ops.multiply(out, at.tensor(gamma)), at.tensor(beta))


def _group_norm_shape(a, ins, outs):
    shape = merge(ins[0], outs[0])
    moments = None if shape is None else (shape[0], a.num_groups)
    if shape is not None and len(shape) > 1:
        equal_part(shape[1], a.num_groups, "channels", "num_groups")
    return [shape, (a.num_groups,), (a.num_groups,)], [shape, moments, moments]


@translates("GroupNorm", layout=_channels_last, shape=_group_norm_shape)
def group_norm(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    *,
    num_groups: int = 1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
):
    """MXNet 1.x has one gamma and beta for each group, not for each channel. The outputs mean and deviation have no
    gradient."""
    channels = data.shape[-1]
    if channels is None:
        raise at.open("needs the number of channels", tuple(data.shape))
    layer = at.layer(layers.GroupNormalization, groups=num_groups, axis=-1, epsilon=eps, scale=False, center=False)
    gamma, beta = at.tensor(gamma), at.tensor(beta)
    if gamma.shape[0] != channels:
        gamma, beta = (ops.repeat(a, channels // num_groups) for a in (gamma, beta))
    out = ops.add(ops.multiply(layer(data), gamma), beta)
    if not output_mean_var or at.used == {0}:
        return out
    data = ops.stop_gradient(data)
    spatial_axes = tuple(range(1, len(data.shape) - 1))
    apart = (-1, num_groups, channels // num_groups)
    means, variances = (ops.reshape(f(data, spatial_axes), apart) for f in (ops.mean, ops.var))  # for each channel
    mean, var = ops.mean(means, -1), ops.add(ops.mean(variances, -1), ops.var(means, -1))
    return [out, at.ordered(mean), at.ordered(ops.sqrt(ops.add(var, eps)))]


@translates("L2Normalization", layout=_channels_last, shape=as_first)
def l2_normalization(at, data, *, eps: float = 1e-10, mode: Literal["channel", "instance", "spatial"] = "instance"):
    """x / sqrt(sum x^2 + eps) over all axes but the batch, over the channels, or over the spatial axes."""
    rank = len(data.shape)
    axes = {"instance": tuple(range(1, rank)), "channel": (rank - 1,), "spatial": tuple(range(1, rank - 1))}[mode]
    return ops.divide(data, ops.sqrt(ops.add(ops.sum(ops.square(data), axes, keepdims=True), eps)))


@translates("LRN", layout=_channels_last, shape=as_first)
def lrn(at, data, *, nsize: Count, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0):
    """x (knorm + alpha / nsize sum x^2)^-beta, with the sum over nsize neighboring channels."""
    rank = len(data.shape)
    channels = data.shape[-1]
    half = min(nsize // 2, channels)
    squares = ops.pad(ops.square(data), [(0, 0)] * (rank - 1) + [(half, half)])
    total = squares[..., :channels]
    for shift in range(1, min(nsize, 2 * half + 1)):  # there are no channels farther away
        total = ops.add(total, squares[..., shift : shift + channels])
    return ops.multiply(data, ops.power(ops.add(ops.multiply(total, alpha / nsize), knorm), -beta))


def _moments_shape(a, ins, outs):
    claims, (shape,) = shaped_as("mean")(SimpleNamespace(axis=a.axes, keepdims=a.keepdims), ins, outs)
    return claims, [shape, shape]


@translates("moments", shape=_moments_shape)
def moments(at, data, *, axes: Ints | None = None, keepdims: bool = False):
    """Mean and biased variance."""
    mean = ops.mean(data, axes, keepdims=True)
    var = ops.mean(ops.square(ops.subtract(data, mean)), axes, keepdims=keepdims)
    return ops.mean(data, axes, keepdims=keepdims), var
