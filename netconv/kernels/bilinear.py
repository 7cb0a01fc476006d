"""Images (N, H, W, C) read at positions between their points, in pixels, as pairs of tensors (N, positions)."""

import itertools

from ..keras_api.lazy import ops


def image_size(at, data) -> tuple[int, int]:
    height, width = data.shape[1:3]
    if None in (height, width):
        raise at.open("needs the size of its image", tuple(data.shape))
    return height, width


def _rows(data):
    """0, 1, 2 ... along the first axis, of unknown length as it may be."""
    index = (slice(None), *(0,) * (len(data.shape) - 1))
    return ops.subtract(ops.cumsum(ops.ones_like(data[index], dtype="int32")), 1)


def read(at, data, y, x):
    """The image at whole places y, x (N, places), zero outside it: (N, places, C)."""
    height, width = image_size(at, data)
    row, column = ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1)
    index = ops.cast(ops.add(ops.multiply(row, float(width)), column), "int32")
    index = ops.add(index, ops.reshape(ops.multiply(_rows(data), height * width), (-1, 1)))
    values = ops.take(ops.reshape(data, (-1, data.shape[-1])), index, axis=0)
    there = ops.logical_and(ops.equal(row, y), ops.equal(column, x))
    return ops.multiply(values, ops.expand_dims(ops.cast(there, data.dtype), -1))


def interpolate(at, data, y, x):
    """The image at places y, x (N, places), by bilinear interpolation with zeros around the image: (N, places, C)."""
    top, left = ops.floor(y), ops.floor(x)
    down, right = ops.subtract(y, top), ops.subtract(x, left)
    total = None
    for dy, dx in itertools.product((0, 1), (0, 1)):
        weight = ops.multiply(down if dy else ops.subtract(1.0, down), right if dx else ops.subtract(1.0, right))
        values = read(at, data, ops.add(top, float(dy)), ops.add(left, float(dx)))
        part = ops.multiply(values, ops.expand_dims(weight, -1))
        total = part if total is None else ops.add(total, part)
    return total
