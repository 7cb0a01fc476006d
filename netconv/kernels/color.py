"""Colours of an image (height, width, channels) of 0 to 255 as MXNet changes them. Knows no op."""

import numpy as np

from ..keras_api.lazy import ops
from .rounding import c_cast, divide_exact, kind

LIGHT = np.array([55.46, 4.794, 1.148]) * [
    [-0.5675, 0.7192, 0.4009],
    [-0.5808, -0.0045, -0.8140],
    [-0.5836, -0.6948, 0.4203],
]
"""How red, green and blue vary together in photographs (Krizhevsky et al. 2012), as MXNet has it."""
SHARES = np.array([0.299, 0.587, 0.114], "float32")
"""Of red, green and blue in what is seen as grey."""
SECTORS = np.array([[0, 3, 1], [2, 0, 1], [1, 0, 3], [1, 2, 0], [3, 1, 0], [0, 1, 2]], "int32")
"""For each sixth of the circle of hues, which of the four levels are red, green and blue."""


def saturated(values, dtype: str):
    """Numbers as those of an image's type: bytes stop at their ends."""
    if dtype == "uint8":
        values = ops.clip(values, 0, 255)
    return c_cast(values, dtype)


def brightness(data, factor):
    return saturated(ops.multiply(ops.cast(data, "float32"), factor), kind(data))


def contrast(data, factor):
    """Away from the mean grey of the image, or towards it."""
    numbers = ops.cast(data, "float32")
    grey = ops.sum(ops.multiply(numbers, SHARES), -1, keepdims=True) if data.shape[-1] == 3 else numbers
    rest = ops.multiply(ops.subtract(1.0, factor), ops.mean(grey))
    return saturated(ops.add(ops.multiply(numbers, factor), rest), kind(data))


def saturation(data, factor):
    """Away from grey, or towards it, of which MXNet takes the blue part alone."""
    if data.shape[-1] == 1:
        return data
    numbers = ops.cast(data, "float32")
    grey = ops.multiply(numbers[..., 2:], SHARES[2])
    return saturated(ops.add(ops.multiply(grey, ops.subtract(1.0, factor)), ops.multiply(numbers, factor)), kind(data))


def hue(data, turn):
    """Round the circle of hues by a share of it."""
    turned, lightness, strength = _hue_lightness_saturation(divide_exact(ops.cast(data, "float32"), 255.0))
    turned = ops.multiply(ops.add(turned, ops.multiply(turn, 360.0)), np.float32(1 / 60))
    turned = ops.mod(turned, 6.0)
    sector = ops.floor(turned)
    rest = ops.subtract(turned, sector)
    low_half = ops.multiply(lightness, ops.add(strength, 1.0))
    high_half = ops.subtract(ops.add(lightness, strength), ops.multiply(lightness, strength))
    high = ops.where(ops.less_equal(lightness, 0.5), low_half, high_half)
    low = ops.subtract(ops.multiply(lightness, 2.0), high)
    wide = ops.subtract(high, low)
    falling = ops.add(low, ops.multiply(wide, ops.subtract(1.0, rest)))
    levels = ops.concatenate([high, low, falling, ops.add(low, ops.multiply(wide, rest))], -1)
    places = ops.take(SECTORS, ops.cast(sector[..., 0], "int32"), 0)
    colour = ops.where(ops.equal(strength, 0), lightness, ops.take_along_axis(levels, places, -1))
    return saturated(ops.multiply(colour, 255.0), kind(data))


def _hue_lightness_saturation(data):
    """Of colours from 0 to 1; hues from 0 to 360."""
    red, green, blue = (data[..., n : n + 1] for n in range(3))
    most, least = ops.max(data, -1, keepdims=True), ops.min(data, -1, keepdims=True)
    wide, both = ops.subtract(most, least), ops.add(most, least)
    lightness = ops.multiply(both, 0.5)
    grey = ops.less_equal(wide, np.finfo("float32").eps)
    one = ops.ones_like(wide)
    strength = ops.divide(wide, ops.where(grey, one, ops.where(ops.less(lightness, 0.5), both, _rest(most, least))))
    step = ops.divide(60.0, ops.where(grey, one, wide))
    turns = (
        ops.multiply(ops.subtract(green, blue), step),
        ops.add(ops.multiply(ops.subtract(blue, red), step), 120.0),
        ops.add(ops.multiply(ops.subtract(red, green), step), 240.0),
    )
    turned = ops.where(ops.equal(most, red), turns[0], ops.where(ops.equal(most, green), turns[1], turns[2]))
    turned = ops.where(ops.less(turned, 0), ops.add(turned, 360.0), turned)
    nothing = ops.zeros_like(wide)
    return ops.where(grey, nothing, turned), lightness, ops.where(grey, nothing, strength)


def _rest(most, least):
    return ops.subtract(ops.subtract(2.0, most), least)


def lighting(data, light):
    """More or less of red, green and blue."""
    return saturated(ops.add(ops.cast(data, "float32"), light), kind(data))
