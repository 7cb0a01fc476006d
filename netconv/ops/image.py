"""Image ops of MXNet's image namespace. Data are (height, width, channels), or a batch of such images."""

import numpy as np

from ..graph.attributes import Floats, Ints
from ..graph.partial_shape import ShapeMismatch
from ..keras_api.lazy import ops
from ..kernels import reshape
from ..kernels.color import PCA_LIGHTING, lighting
from ..kernels.rounding import is_integer
from .registry import translates
from .shape_rules import as_first
from .traits import Keeps


def _per_channel(values, channels: int):
    """One value for each channel; if there are not enough, the first one for all, as in MXNet."""
    return [values[min(i, len(values) - 1)] for i in range(channels)]


def _to_tensor_shape(a, ins, outs):
    """From channels last to channels first, with or without a batch axis."""
    if ins[0] is None:
        return ins, outs
    if len(ins[0]) not in (3, 4):
        raise ShapeMismatch("needs an image (height, width, channels) or a batch of them", ins[0])
    *batch, height, width, channels = ins[0]
    return ins, [(*batch, channels, height, width)]


@translates("_image_to_tensor", "_npx__image_to_tensor", shape=_to_tensor_shape)
def to_tensor(at, data):
    """(H, W, C) with values of 0 to 255 to (C, H, W) with values of 0 to 1."""
    rank = len(data.shape)
    axes = (*range(rank - 3), rank - 1, rank - 3, rank - 2)
    return ops.transpose(ops.divide(ops.cast(data, "float32"), 255.0), axes)


@translates("_image_normalize", "_npx__image_normalize", shape=as_first)
def normalize(at, data, *, mean: Floats = (0.0, 0.0, 0.0, 0.0), std: Floats = (1.0, 1.0, 1.0, 1.0)):
    """(x - mean) / std for each channel of channels-first data."""
    if len(data.shape) < 3 or data.shape[-3] is None:
        raise at.error("needs images (channels, height, width), and how many channels", tuple(data.shape))
    if not mean or not std:
        raise at.error("attributes 'mean' and 'std' must have a number a channel", (mean, std))
    channels = data.shape[-3]
    shape = (channels, 1, 1)
    mean, std = (ops.reshape(ops.array(_per_channel(v, channels), "float32"), shape) for v in (mean, std))
    return ops.divide(ops.subtract(data, mean), std)


def _crop_shape(a, ins, outs):
    return ins, [ins[0] and (*ins[0][:-3], a.height, a.width, ins[0][-1])]


@translates("_image_crop", "_npx__image_crop", shape=_crop_shape, keeps=Keeps.ELEMENTS)
def crop(at, data, *, x: int, y: int, width: int, height: int):
    return data[..., y : y + height, x : x + width, :]


@translates("_image_flip_left_right", "_npx__image_flip_left_right", shape=as_first, keeps=Keeps.VALUES)
def flip_left_right(at, data):
    return ops.flip(data, -2)


@translates("_image_flip_top_bottom", "_npx__image_flip_top_bottom", shape=as_first, keeps=Keeps.VALUES)
def flip_top_bottom(at, data):
    return ops.flip(data, -3)


@translates("_image_adjust_lighting", "_npx__image_adjust_lighting", shape=as_first)
def adjust_lighting(at, data, *, alpha: Floats):
    if data.shape[-1] != 3 or len(alpha) != 3:
        raise at.error("needs three channels and three numbers", (tuple(data.shape), alpha))
    return lighting(data, (PCA_LIGHTING @ np.array(alpha)).astype("float32"))


def _resized_lengths(size: Ints, keep_ratio: bool, height: int | None, width: int | None):
    """Height and width of the result; None if `keep_ratio` needs those of the image."""
    if len(size) == 2 or not keep_ratio:
        return size[-1], size[0]
    if height is None or width is None:
        return None, None
    return (size[0] * height // width, size[0]) if height > width else (size[0], size[0] * width // height)


def _resize_shape(a, ins, outs):
    if ins[0] is None or not a.size:
        return ins, outs
    return ins, [(*ins[0][:-3], *_resized_lengths(a.size, a.keep_ratio, *ins[0][-3:-1]), ins[0][-1])]


@translates("_image_resize", "_npx__image_resize", shape=_resize_shape)
def resize(at, data, *, size: Ints = (), keep_ratio: bool = False, interp: int = 1):
    """To width and height, or to one length: of both, or of the shorter side with `keep_ratio`."""
    height, width = data.shape[-3], data.shape[-2]
    if not size or len(size) > 2 or min(size) < 1:
        raise at.error("attribute 'size' must be one or two lengths", size)
    if interp not in (0, 1):
        raise at.error("attribute 'interp' must be 0 (nearest) or 1 (bilinear)", interp)
    high, wide = _resized_lengths(size, keep_ratio, height, width)
    if high is None:
        raise at.open("keep_ratio needs the size of the image", tuple(data.shape))
    if interp == 0:
        for axis, length in ((-3, high), (-2, wide)):
            have = data.shape[axis]
            if have is None:
                count = reshape.length(data, axis)
                step = ops.reciprocal(ops.divide(float(length), ops.cast(count, "float64")))
                indices = ops.cast(ops.floor(ops.multiply(np.arange(length, dtype="float64"), step)), "int32")
                indices = ops.minimum(indices, ops.subtract(count, 1))
            else:
                indices = np.floor(np.arange(length) * (1 / (length / have))).clip(0, have - 1).astype("int32")
            data = ops.take(data, indices, axis=axis)
        return data
    if is_integer(data):
        raise at.error("rounds integers as OpenCV does, which is not supported; cast to float32", data.dtype)
    return ops.image.resize(data, (high, wide), data_format="channels_last")
