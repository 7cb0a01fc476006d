"""Sampling of images between pixels: grids, samplers, resizing, correlation.

Data are channels-last: (N, H, W, C). Positions are pairs of tensors (N, positions), in pixels.
"""

import itertools
import math
from typing import Literal

import numpy as np

from ..graph.attributes import Count, Ints
from ..graph.partial_shape import merge, of_rank
from ..keras_api.lazy import ops
from ..kernels.bilinear import image_size, interpolate
from ..kernels.layout import spatial, spatial_all
from ..kernels.positions import positions_along
from .registry import translates

LARGEST = 2**14
"""Largest number of rows or columns of a grid."""
MOST_WEIGHTS = 2**26
"""Largest number of elements of the matrix that resizes an axis."""
MOST_SHIFTS = 2**14
"""Largest number of displacements of a correlation."""


def _unit_range(length: int) -> np.ndarray:
    """From -1 to 1 in equal steps."""
    return (-1 + np.arange(length) * 2 / max(length - 1, 1)).astype("float32")


def _affine_grid(theta, height: int, width: int):
    """x and y, each (N, height, width): the rows (a, b, c) and (d, e, f) applied to (x, y, 1)."""
    theta = ops.reshape(theta, (-1, 6, 1, 1))
    across, along = _unit_range(width).reshape(1, 1, width), _unit_range(height).reshape(1, height, 1)
    return [
        ops.add(ops.add(ops.multiply(theta[:, i], across), ops.multiply(theta[:, i + 1], along)), theta[:, i + 2])
        for i in (0, 3)
    ]


def _target(at, target_shape: Ints) -> Ints:
    if len(target_shape) != 2 or not 1 <= min(target_shape) <= max(target_shape) <= LARGEST:
        raise at.error(f"attribute 'target_shape' must be a height and a width of at most {LARGEST}", target_shape)
    return target_shape


def _grid_generator_shape(a, ins, outs):
    if a.transform_type == "affine":
        data, sizes = of_rank(ins[0], 2), a.target_shape if len(a.target_shape) == 2 else (None, None)
        return [(data[0], 6)], [(data[0], 2, *(n or None for n in sizes))]
    flow = of_rank(ins[0], 4)
    flow = (flow[0], 2, *flow[2:])
    return [flow], [flow]


@translates("GridGenerator", shape=_grid_generator_shape)
def grid_generator(at, data, *, transform_type: Literal["affine", "warp"], target_shape: Ints = (0, 0)):
    """(N, 2, H, W) of x and y from -1 to 1: from an affine map (N, 6), or from a flow (N, 2, H, W) in pixels."""
    if transform_type == "affine":
        return ops.stack(_affine_grid(data, *_target(at, target_shape)), 1)
    height, width = data.shape[2:]
    if None in (height, width):
        raise at.open("needs the size of its flow", tuple(data.shape))
    across = np.arange(width, dtype="float32").reshape(1, 1, width)
    along = np.arange(height, dtype="float32").reshape(1, height, 1)
    x = ops.divide(ops.add(data[:, 0], across), (width - 1) / 2)
    y = ops.divide(ops.add(data[:, 1], along), (height - 1) / 2)
    return ops.subtract(ops.stack([x, y], 1), 1.0)


def _at_grid(at, data, x, y):
    """The image at x, y (N, height, width) from -1 to 1: (N, height, width, C)."""
    height, width = image_size(at, data)
    positions = [
        ops.reshape(ops.multiply(ops.add(p, 1.0), (n - 1) / 2), (-1, x.shape[1] * x.shape[2]))
        for p, n in ((y, height), (x, width))
    ]
    return ops.reshape(interpolate(at, data, *positions), (-1, *x.shape[1:], data.shape[-1]))


def _bilinear_sampler_shape(a, ins, outs):
    data, grid, out = of_rank(ins[0], 4), of_rank(ins[1], 4), of_rank(outs[0], 4)
    batch = merge(merge(data[:1], grid[:1]), out[:1])
    sizes, channels = merge(grid[2:], out[2:]), merge(data[1:2], out[1:2])
    return [(*batch, *channels, *data[2:]), (*batch, 2, *sizes)], [(*batch, *channels, *sizes)]


@translates("BilinearSampler", layout=spatial, shape=_bilinear_sampler_shape)
def bilinear_sampler(at, data, grid):
    return _at_grid(at, data, grid[:, 0], grid[:, 1])


def _spatial_transformer_shape(a, ins, outs):
    data, out = of_rank(ins[0], 4), of_rank(outs[0], 4)
    data = merge(data, (out[0], out[1], None, None))
    return [data, (data[0], 6)], [(*data[:2], *(n or None for n in a.target_shape))]


@translates(
    "SpatialTransformer", layout=spatial, ignores="transform_type sampler_type", shape=_spatial_transformer_shape
)
def spatial_transformer(at, data, loc, *, target_shape: Ints = (0, 0)):
    """An affine grid followed by the bilinear sampler: MXNet has no other transform or sampler."""
    return _at_grid(at, data, *_affine_grid(loc, *_target(at, target_shape)))


def _resized(mode: str, length: int, scale: float | None) -> int:
    odd = length % 2
    if mode == "size":
        return int(length * (scale or 1))
    if mode == "odd_scale":
        return int((length - odd) * (scale or 1)) + odd
    return length + {"to_even_down": -odd, "to_even_up": odd, "to_odd_down": odd - 1, "to_odd_up": 1 - odd}[mode]


def _interpolation_weights(at, positions, points):
    """(positions, points): the weight of each point at each position between them."""
    positions = ops.add(ops.expand_dims(positions, -1), at.connected_zero("float32"))
    return ops.maximum(ops.subtract(1.0, ops.absolute(ops.subtract(positions, points))), 0.0)


def _bilinear_resize_shape(a, ins, outs):
    data, out = of_rank(ins[0], 4), of_rank(outs[0], 4)
    data = merge(data, (*out[:2], None, None))
    if a.mode == "like":
        like = of_rank(ins[1], 4) if len(ins) > 1 else data
        return [data, like], [(*data[:2], *like[2:])]
    if a.mode == "size" and a.scale_height is None:
        return [data, *ins[1:]], [(*data[:2], a.height, a.width)]
    scales = (a.scale_height, a.scale_width)
    sizes = [n if n is None else _resized(a.mode, n, scale) for n, scale in zip(data[2:], scales, strict=True)]
    return [data, *ins[1:]], [(*data[:2], *sizes)]


@translates("_contrib_BilinearResize2D", layout=spatial_all, shape=_bilinear_resize_shape, shape_only=1)
def bilinear_resize(
    at,
    data,
    like=None,
    *,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    align_corners: bool = True,
    mode: Literal["like", "odd_scale", "size", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"] = "size",
):
    """A product with a matrix of weights along each axis: no Keras layer aligns corners."""
    if mode == "like":
        target = like
    else:
        size: tuple[int, ...] = (height, width)
        if mode in ("size", "odd_scale") and (scale_height is None) != (scale_width is None):
            raise at.error("needs both of 'scale_height' and 'scale_width'", (scale_height, scale_width))
        if mode != "size" or scale_height is not None:
            scales = (scale_height, scale_width)
            size = tuple(_resized(mode, n, scale) for n, scale in zip(image_size(at, data), scales, strict=True))
        if not 1 <= min(size) <= max(size) <= LARGEST:
            raise at.error(f"the image must become 1 to {LARGEST} pixels high and wide", size)
        target = np.zeros((1, *size, 1))
    for axis, rule in ((1, "ph,nhwc->npwc"), (2, "pw,nhwc->nhpc")):
        if data.shape[axis] is not None and data.shape[axis] == target.shape[axis]:
            continue
        if target.shape[axis] and data.shape[axis] and target.shape[axis] * data.shape[axis] > MOST_WEIGHTS:
            raise at.error(
                f"needs more than {MOST_WEIGHTS} weights", f"{data.shape[axis]} and {target.shape[axis]} pixels"
            )
        (positions, long), (points, length) = positions_along(target, axis), positions_along(data, axis)
        if target.shape[axis] == 1:
            pass  # the first point, whatever align_corners is
        elif align_corners:
            positions = ops.multiply(positions, ops.divide(ops.subtract(length, 1.0), ops.subtract(long, 1.0)))
        else:
            positions = ops.subtract(ops.multiply(ops.add(positions, 0.5), ops.divide(length, long)), 0.5)
            positions = ops.maximum(ops.minimum(positions, ops.subtract(length, 1.0)), 0.0)
        data = ops.einsum(rule, _interpolation_weights(at, positions, points), data)
    return data


def _correlation_shape(a, ins, outs):
    """A channel for each displacement."""
    shape = merge(of_rank(ins[0], 4), of_rank(ins[1], 4))
    border = a.max_displacement + (a.kernel_size - 1) // 2
    counts = [None if n is None else math.ceil((n + 2 * a.pad_size - 2 * border) / a.stride1) for n in shape[2:]]
    if any(n is not None and n < 1 for n in counts):
        return [shape, shape], outs
    return [shape, shape], [(shape[0], (2 * (a.max_displacement // a.stride2) + 1) ** 2, *counts)]


@translates("Correlation", layout=spatial_all, shape=_correlation_shape)
def correlation(
    at,
    data1,
    data2,
    *,
    kernel_size: Count = 1,
    max_displacement: int = 1,
    stride1: Count = 1,
    stride2: Count = 1,
    pad_size: int = 0,
    is_multiply: bool = True,
):
    """The mean product, or difference, of patches of one image and displaced patches of the other: one channel for each
    displacement."""
    if min(max_displacement, pad_size) < 0:
        raise at.error("attributes 'max_displacement' and 'pad_size' must be at least 0", (max_displacement, pad_size))
    edges = ((0, 0), (pad_size, pad_size), (pad_size, pad_size), (0, 0))
    size = [n + 2 * pad_size for n in image_size(at, data1)]
    data1, data2 = ops.pad(data1, edges), ops.pad(data2, edges)
    border = max_displacement + (kernel_size - 1) // 2
    counts = [math.ceil((n - 2 * border) / stride1) for n in size]
    if min(counts) < 1:
        raise at.error("the displacement and the kernel are larger than the image", tuple(size))
    reach = [(c - 1) * stride1 + kernel_size for c in counts]
    fixed = _slice_spatial(data1, (max_displacement, max_displacement), reach)
    radius = max_displacement // stride2
    if (2 * radius + 1) ** 2 > MOST_SHIFTS:
        raise at.error(f"compares at more than {MOST_SHIFTS} displacements", (max_displacement, stride2))
    channels = []
    for dy, dx in itertools.product(range(-radius, radius + 1), repeat=2):
        start = (max_displacement + dy * stride2, max_displacement + dx * stride2)
        moved = _slice_spatial(data2, start, reach)
        pair = ops.multiply(fixed, moved) if is_multiply else ops.absolute(ops.subtract(fixed, moved))
        channels.append(ops.mean(pair, -1))
    out = ops.stack(channels, -1)
    if kernel_size > 1 or stride1 > 1:
        out = ops.average_pool(out, kernel_size, stride1, padding="valid", data_format="channels_last")
    return out


def _slice_spatial(data, start, size):
    return data[:, start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
