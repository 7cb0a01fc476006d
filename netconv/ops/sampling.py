"""Reading images at places between their points: grids, samplers, resizing, deformable convolution, correlation.

Data are channels-last inside: (N, H, W, C). Places are pairs of tensors (N, places), in pixels.
"""

import itertools
import math
from typing import Literal

import numpy as np

from ..graph.attributes import Count, Counts, Ints
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.layout import spatial, spatial_all
from ..kernels.positions import positions_along
from .registry import translates

LARGEST = 2**14
"""Rows or columns of a grid."""
MOST_SHIFTS = 2**14
"""Displacements of a correlation."""


def _size(at, data) -> tuple[int, int]:
    height, width = data.shape[1:3]
    if None in (height, width):
        raise at.open("needs the size of its image", tuple(data.shape))
    return height, width


def _rows(data):
    """0, 1, 2 ... along the first axis, of unknown length as it may be."""
    first = data[(slice(None), *(0,) * (len(data.shape) - 1))]
    return ops.subtract(ops.cumsum(ops.ones_like(first, dtype="int32")), 1)


def _read(at, data, y, x):
    """The image at whole places y, x (N, places), zero outside it: (N, places, C)."""
    height, width = _size(at, data)
    row, column = ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1)
    index = ops.cast(ops.add(ops.multiply(row, float(width)), column), "int32")
    index = ops.add(index, ops.reshape(ops.multiply(_rows(data), height * width), (-1, 1)))
    values = ops.take(ops.reshape(data, (-1, data.shape[-1])), index, axis=0)
    there = ops.logical_and(ops.equal(row, y), ops.equal(column, x))
    return ops.multiply(values, ops.expand_dims(ops.cast(there, data.dtype), -1))


def _between(at, data, y, x):
    """The image at places y, x (N, places), by bilinear interpolation with zeros around the image: (N, places, C)."""
    top, left = ops.floor(y), ops.floor(x)
    down, right = ops.subtract(y, top), ops.subtract(x, left)
    total = None
    for dy, dx in itertools.product((0, 1), (0, 1)):
        weight = ops.multiply(down if dy else ops.subtract(1.0, down), right if dx else ops.subtract(1.0, right))
        values = _read(at, data, ops.add(top, float(dy)), ops.add(left, float(dx)))
        part = ops.multiply(values, ops.expand_dims(weight, -1))
        total = part if total is None else ops.add(total, part)
    return total


def _unit(length: int) -> np.ndarray:
    """-1 to 1 in equal steps."""
    return (-1 + np.arange(length) * 2 / max(length - 1, 1)).astype("float32")


def _affine_grid(theta, height: int, width: int):
    """x and y, each (N, height, width), of the rows (a, b, c) and (d, e, f) applied to (x, y, 1)."""
    theta = ops.reshape(theta, (-1, 6, 1, 1))
    across, along = _unit(width).reshape(1, 1, width), _unit(height).reshape(1, height, 1)
    return [
        ops.add(ops.add(ops.multiply(theta[:, i], across), ops.multiply(theta[:, i + 1], along)), theta[:, i + 2])
        for i in (0, 3)
    ]


def _target(at, target_shape: Ints) -> Ints:
    if len(target_shape) != 2 or not 1 <= min(target_shape) <= max(target_shape) <= LARGEST:
        raise at.error(f"attribute 'target_shape' must be a height and a width of at most {LARGEST}", target_shape)
    return target_shape


@translates("GridGenerator")
def grid_generator(at, data, *, transform_type: Literal["affine", "warp"], target_shape: Ints = (0, 0)):
    """(N, 2, H, W) of x and y from -1 to 1: an affine map (N, 6), or a flow (N, 2, H, W) in pixels."""
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
    height, width = _size(at, data)
    places = [
        ops.reshape(ops.multiply(ops.add(p, 1.0), (n - 1) / 2), (-1, x.shape[1] * x.shape[2]))
        for p, n in ((y, height), (x, width))
    ]
    return ops.reshape(_between(at, data, *places), (-1, *x.shape[1:], data.shape[-1]))


@translates("BilinearSampler", layout=spatial)
def bilinear_sampler(at, data, grid):
    return _at_grid(at, data, grid[:, 0], grid[:, 1])


@translates("SpatialTransformer", layout=spatial, ignores="transform_type sampler_type")
def spatial_transformer(at, data, loc, *, target_shape: Ints = (0, 0)):
    """An affine grid and the bilinear sampler in one: MXNet has no other."""
    return _at_grid(at, data, *_affine_grid(loc, *_target(at, target_shape)))


def _to_odd_or_even(mode: str, length: int) -> int:
    odd = length % 2
    return length + {"to_even_down": -odd, "to_even_up": odd, "to_odd_down": odd - 1, "to_odd_up": 1 - odd}[mode]


def _hats(at, places, points):
    """(places, points): how much each point weighs at each place between them."""
    places = ops.add(ops.expand_dims(places, -1), at.nothing("float32"))
    return ops.maximum(ops.subtract(1.0, ops.absolute(ops.subtract(places, points))), 0.0)


@translates("_contrib_BilinearResize2D", layout=spatial_all)
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
    """A product with a matrix of weights along each axis: no layer of Keras puts corners upon corners."""
    if mode == "like":
        target = like
    else:
        size = (height, width)
        if mode in ("size", "odd_scale") and (scale_height is None) != (scale_width is None):
            raise at.error("needs both of 'scale_height' and 'scale_width'", (scale_height, scale_width))
        if mode != "size" or scale_height is not None:
            have, scale = _size(at, data), (scale_height, scale_width)
            if mode == "size":
                size = tuple(int(n * s) for n, s in zip(have, scale, strict=True))
            elif mode == "odd_scale":
                size = tuple(int((n - n % 2) * s) + n % 2 for n, s in zip(have, scale, strict=True))
            else:
                size = tuple(_to_odd_or_even(mode, n) for n in have)
        if not 1 <= min(size) <= max(size) <= LARGEST:
            raise at.error(f"the image must become 1 to {LARGEST} pixels high and wide", size)
        target = np.zeros((1, *size, 1))
    for axis, rule in ((1, "ph,nhwc->npwc"), (2, "pw,nhwc->nhpc")):
        if data.shape[axis] is not None and data.shape[axis] == target.shape[axis]:
            continue
        (places, long), (points, length) = positions_along(target, axis), positions_along(data, axis)
        if target.shape[axis] == 1:
            pass  # the first point, whatever align_corners says
        elif align_corners:
            places = ops.multiply(places, ops.divide(ops.subtract(length, 1.0), ops.subtract(long, 1.0)))
        else:
            places = ops.subtract(ops.multiply(ops.add(places, 0.5), ops.divide(length, long)), 0.5)
            places = ops.maximum(ops.minimum(places, ops.subtract(length, 1.0)), 0.0)
        data = ops.einsum(rule, _hats(at, places, points), data)
    return data


def _deformed(at, data, offset, mask, weight, bias, filters, kernel, stride, dilate, pad, groups, parts, clamped):
    """A convolution whose kernel points are moved by `offset`, (N, parts x kernel points x (y, x), height, width)."""
    height, width = _size(at, data)
    stride, dilate, pad = stride or (1, 1), dilate or (1, 1), pad or (0, 0)
    points, (out_height, out_width) = math.prod(kernel), offset.shape[2:]
    channels, places = data.shape[-1], points * out_height * out_width
    # Each part of the channels has its own offsets: parts go into the batch.
    data = ops.reshape(data, (-1, height, width, parts, channels // parts))
    data = ops.reshape(ops.transpose(data, (0, 3, 1, 2, 4)), (-1, height, width, channels // parts))
    offset = ops.reshape(offset, (-1, points, 2, out_height, out_width))
    ky, kx = np.divmod(np.arange(points, dtype="float32"), kernel[1])
    rows = np.arange(out_height, dtype="float32") * stride[0] - pad[0]
    columns = np.arange(out_width, dtype="float32") * stride[1] - pad[1]
    y = ops.add(offset[:, :, 0], (ky * dilate[0]).reshape(points, 1, 1) + rows.reshape(1, -1, 1))
    x = ops.add(offset[:, :, 1], (kx * dilate[1]).reshape(points, 1, 1) + columns.reshape(1, 1, -1))
    y, x = ops.reshape(y, (-1, places)), ops.reshape(x, (-1, places))
    if clamped:
        inside = ops.logical_and(
            ops.logical_and(ops.greater_equal(y, 0), ops.less(y, height)),
            ops.logical_and(ops.greater_equal(x, 0), ops.less(x, width)),
        )
        read = _between(at, data, ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1))
        read = ops.multiply(read, ops.expand_dims(ops.cast(inside, data.dtype), -1))
    else:
        read = _between(at, data, y, x)
    if mask is not None:
        read = ops.multiply(read, ops.reshape(mask, (-1, places, 1)))
    # (N, parts, points, height, width, channels of a part) to (N, height, width, channels, points)
    read = ops.reshape(read, (-1, parts, points, out_height, out_width, channels // parts))
    read = ops.transpose(read, (0, 3, 4, 1, 5, 2))
    read = ops.reshape(read, (-1, out_height, out_width, groups, channels // groups * points))
    if tuple(weight.shape) != (filters, channels // groups, *kernel):
        raise at.error(f"weight must have shape {(filters, channels // groups, *kernel)}", tuple(weight.shape))
    table = ops.reshape(at.tensor(weight), (groups, filters // groups, channels // groups * points))
    out = ops.einsum("nhwgk,gfk->nhwgf", read, table)
    out = ops.reshape(out, (-1, out_height, out_width, filters))
    return out if bias is None else ops.add(out, at.tensor(bias))


@translates("_contrib_DeformableConvolution", layout=spatial, ignores="layout")
def deformable_convolution(
    at,
    data,
    offset,
    weight: TrackedArray,
    bias: TrackedArray | None = None,
    *,
    kernel: Counts,
    num_filter: int,
    stride: Counts = (),
    dilate: Counts = (),
    pad: Ints = (),
    num_group: Count = 1,
    num_deformable_group: Count = 1,
    no_bias: bool = False,
):
    """A point moved outside of the image reads 0; one within a pixel of its far edges reads the edge."""
    bias = None if no_bias else bias
    return _deformed(
        at,
        data,
        offset,
        None,
        weight,
        bias,
        num_filter,
        kernel,
        stride,
        dilate,
        pad,
        num_group,
        num_deformable_group,
        True,
    )


@translates("_contrib_ModulatedDeformableConvolution", layout=spatial, ignores="layout im2col_step")
def modulated_deformable_convolution(
    at,
    data,
    offset,
    mask,
    weight: TrackedArray,
    bias: TrackedArray | None = None,
    *,
    kernel: Counts,
    num_filter: int,
    stride: Counts = (),
    dilate: Counts = (),
    pad: Ints = (),
    num_group: Count = 1,
    num_deformable_group: Count = 1,
    no_bias: bool = False,
):
    """As the other one, but with zeros around the image and a weight for each point."""
    bias = None if no_bias else bias
    return _deformed(
        at,
        data,
        offset,
        mask,
        weight,
        bias,
        num_filter,
        kernel,
        stride,
        dilate,
        pad,
        num_group,
        num_deformable_group,
        False,
    )


@translates("Correlation", layout=spatial_all)
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
    """The mean product, or difference, of patches of one image and displaced ones of the other: a channel each."""
    if min(max_displacement, pad_size) < 0:
        raise at.error("attributes 'max_displacement' and 'pad_size' must be at least 0", (max_displacement, pad_size))
    edges = ((0, 0), (pad_size, pad_size), (pad_size, pad_size), (0, 0))
    size = [n + 2 * pad_size for n in _size(at, data1)]
    data1, data2 = ops.pad(data1, edges), ops.pad(data2, edges)
    border = max_displacement + (kernel_size - 1) // 2
    counts = [math.ceil((n - 2 * border) / stride1) for n in size]
    if min(counts) < 1:
        raise at.error("the displacement and the kernel are larger than the image", tuple(size))
    reach = [(c - 1) * stride1 + kernel_size for c in counts]
    fixed = _cut(data1, (max_displacement, max_displacement), reach)
    radius = max_displacement // stride2
    if (2 * radius + 1) ** 2 > MOST_SHIFTS:
        raise at.error(f"compares at more than {MOST_SHIFTS} displacements", (max_displacement, stride2))
    channels = []
    for dy, dx in itertools.product(range(-radius, radius + 1), repeat=2):
        start = (max_displacement + dy * stride2, max_displacement + dx * stride2)
        moved = _cut(data2, start, reach)
        pair = ops.multiply(fixed, moved) if is_multiply else ops.absolute(ops.subtract(fixed, moved))
        channels.append(ops.mean(pair, -1))
    out = ops.stack(channels, -1)
    if kernel_size > 1 or stride1 > 1:
        out = ops.average_pool(out, kernel_size, stride1, padding="valid", data_format="channels_last")
    return out


def _cut(data, start, size):
    return data[:, start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
