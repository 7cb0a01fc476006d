"""Bilinear interpolation of images (N, H, W, C) at positions in pixels, two tensors (N, positions). Knows no op of
MXNet."""

import itertools

from ..keras_api.lazy import ops


def image_size(at, data) -> tuple[int, int]:
    """The height and width of the images. Raises NodeError if one is unknown."""
    height, width = data.shape[1:3]
    if None in (height, width):
        raise at.open("needs the size of its image", tuple(data.shape))
    return height, width


def _row_numbers(data):
    """0, 1, 2 ... along the first axis, whose length may be unknown."""
    index = (slice(None), *(0,) * (len(data.shape) - 1))
    return ops.subtract(ops.cumsum(ops.ones_like(data[index], dtype="int32")), 1)


def values_at(at, data, y, x):
    """The pixels (N, positions, C) at integer positions y, x (N, positions); zero outside the image."""
    height, width = image_size(at, data)
    row, column = ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1)
    index = ops.cast(ops.add(ops.multiply(row, float(width)), column), "int32")
    index = ops.add(index, ops.reshape(ops.multiply(_row_numbers(data), height * width), (-1, 1)))
    values = ops.take(ops.reshape(data, (-1, data.shape[-1])), index, axis=0)
    inside = ops.logical_and(ops.equal(row, y), ops.equal(column, x))
    return ops.multiply(values, ops.expand_dims(ops.cast(inside, data.dtype), -1))


def interpolate(at, data, y, x):
    """Values (N, positions, C) at positions y, x (N, positions), interpolated with zeros around the image."""
    top, left = ops.floor(y), ops.floor(x)
    down, right = ops.subtract(y, top), ops.subtract(x, left)
    total = None
    for dy, dx in itertools.product((0, 1), (0, 1)):
        weight = ops.multiply(down if dy else ops.subtract(1.0, down), right if dx else ops.subtract(1.0, right))
        values = values_at(at, data, ops.add(top, float(dy)), ops.add(left, float(dx)))
        part = ops.multiply(values, ops.expand_dims(weight, -1))
        total = part if total is None else ops.add(total, part)
    return total
