"""Color changes of images (height, width, channels) with values from 0 to 255, as in MXNet. Knows no op."""

import numpy as np

from ..keras_api.lazy import ops
from .rounding import c_cast, divide_exact, dtype_of

PCA_LIGHTING = np.array([55.46, 4.794, 1.148]) * [
    [-0.5675, 0.7192, 0.4009],
    [-0.5808, -0.0045, -0.8140],
    [-0.5836, -0.6948, 0.4203],
]
"""Principal components of RGB values in photographs times their standard deviations (Krizhevsky et al. 2012), as in
MXNet."""
GRAY_WEIGHTS = np.array([0.299, 0.587, 0.114], "float32")
"""The weights of red, green and blue in gray."""
SECTORS = np.array([[0, 3, 1], [2, 0, 1], [1, 0, 3], [1, 2, 0], [3, 1, 0], [0, 1, 2]], "int32")
"""For each sixth of the hue circle, which of four levels red, green and blue have."""


def saturate_cast(values, dtype: str):
    """Casts to the dtype of an image; for bytes values are clipped."""
    if dtype == "uint8":
        values = ops.clip(values, 0, 255)
    return c_cast(values, dtype)


def brightness(data, factor):
    """Multiplies all values by a factor."""
    return saturate_cast(ops.multiply(ops.cast(data, "float32"), factor), dtype_of(data))


def contrast(data, factor):
    """Interpolates between the mean gray of the image (a factor of 0) and the image (1)."""
    numbers = ops.cast(data, "float32")
    gray = ops.sum(ops.multiply(numbers, GRAY_WEIGHTS), -1, keepdims=True) if data.shape[-1] == 3 else numbers
    rest = ops.multiply(ops.subtract(1.0, factor), ops.mean(gray))
    return saturate_cast(ops.add(ops.multiply(numbers, factor), rest), dtype_of(data))


def saturation(data, factor):
    """Interpolates between gray (a factor of 0) and the image (1); MXNet uses only the blue part of gray."""
    if data.shape[-1] == 1:
        return data
    numbers = ops.cast(data, "float32")
    gray = ops.multiply(numbers[..., 2:], GRAY_WEIGHTS[2])
    return saturate_cast(
        ops.add(ops.multiply(gray, ops.subtract(1.0, factor)), ops.multiply(numbers, factor)), dtype_of(data)
    )


def hue(data, turn):
    """Shifts the hue by `turn`, a fraction of the hue circle."""
    turned, lightness, strength = _hue_lightness_saturation(divide_exact(ops.cast(data, "float32"), 255.0))
    turned = ops.multiply(ops.add(turned, ops.multiply(turn, 360.0)), np.float32(1 / 60))
    turned = ops.mod(turned, 6.0)
    sector = ops.floor(turned)
    fraction = ops.subtract(turned, sector)
    low_half = ops.multiply(lightness, ops.add(strength, 1.0))
    high_half = ops.subtract(ops.add(lightness, strength), ops.multiply(lightness, strength))
    high = ops.where(ops.less_equal(lightness, 0.5), low_half, high_half)
    low = ops.subtract(ops.multiply(lightness, 2.0), high)
    wide = ops.subtract(high, low)
    falling = ops.add(low, ops.multiply(wide, ops.subtract(1.0, fraction)))
    levels = ops.concatenate([high, low, falling, ops.add(low, ops.multiply(wide, fraction))], -1)
    indices = ops.take(SECTORS, ops.cast(sector[..., 0], "int32"), 0)
    color = ops.where(ops.equal(strength, 0), lightness, ops.take_along_axis(levels, indices, -1))
    return saturate_cast(ops.multiply(color, 255.0), dtype_of(data))


def _hue_lightness_saturation(data):
    """Hue (0 to 360), lightness and saturation of RGB values from 0 to 1."""
    red, green, blue = (data[..., n : n + 1] for n in range(3))
    most, least = ops.max(data, -1, keepdims=True), ops.min(data, -1, keepdims=True)
    wide, both = ops.subtract(most, least), ops.add(most, least)
    lightness = ops.multiply(both, 0.5)
    gray = ops.less_equal(wide, np.finfo("float32").eps)
    one = ops.ones_like(wide)
    strength = ops.divide(
        wide, ops.where(gray, one, ops.where(ops.less(lightness, 0.5), both, _two_minus_sum(most, least)))
    )
    step = ops.divide(60.0, ops.where(gray, one, wide))
    turns = (
        ops.multiply(ops.subtract(green, blue), step),
        ops.add(ops.multiply(ops.subtract(blue, red), step), 120.0),
        ops.add(ops.multiply(ops.subtract(red, green), step), 240.0),
    )
    turned = ops.where(ops.equal(most, red), turns[0], ops.where(ops.equal(most, green), turns[1], turns[2]))
    turned = ops.where(ops.less(turned, 0), ops.add(turned, 360.0), turned)
    zero = ops.zeros_like(wide)
    return ops.where(gray, zero, turned), lightness, ops.where(gray, zero, strength)


def _two_minus_sum(most, least):
    return ops.subtract(ops.subtract(2.0, most), least)


def lighting(data, light):
    """Adds `light` to red, green and blue."""
    return saturate_cast(ops.add(ops.cast(data, "float32"), light), dtype_of(data))
