"""Deformable convolution, whose kernel points are moved by offsets; channels-last."""

import math
from types import SimpleNamespace

import numpy as np

from ..graph.attributes import Count, Counts, Ints
from ..graph.partial_shape import merge, of_rank
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.bilinear import image_size, interpolate
from ..kernels.layout import spatial
from .registry import shaped_as, translates


def _convolve_at(at, data, offset, mask, weight, bias, filters, kernel, stride, dilate, pad, groups, parts, clamped):
    """A convolution whose kernel points are moved by `offset`, (N, parts x kernel points x (y, x), height, width)."""
    height, width = image_size(at, data)
    stride, dilate, pad = stride or (1, 1), dilate or (1, 1), pad or (0, 0)
    points, (out_height, out_width) = math.prod(kernel), offset.shape[2:]
    channels, positions = data.shape[-1], points * out_height * out_width
    # Each part of the channels has its own offsets: parts go into the batch.
    data = ops.reshape(data, (-1, height, width, parts, channels // parts))
    data = ops.reshape(ops.transpose(data, (0, 3, 1, 2, 4)), (-1, height, width, channels // parts))
    offset = ops.reshape(offset, (-1, points, 2, out_height, out_width))
    ky, kx = np.divmod(np.arange(points, dtype="float32"), kernel[1])
    rows = np.arange(out_height, dtype="float32") * stride[0] - pad[0]
    columns = np.arange(out_width, dtype="float32") * stride[1] - pad[1]
    y = ops.add(offset[:, :, 0], (ky * dilate[0]).reshape(points, 1, 1) + rows.reshape(1, -1, 1))
    x = ops.add(offset[:, :, 1], (kx * dilate[1]).reshape(points, 1, 1) + columns.reshape(1, 1, -1))
    y, x = ops.reshape(y, (-1, positions)), ops.reshape(x, (-1, positions))
    if clamped:
        inside = ops.logical_and(
            ops.logical_and(ops.greater_equal(y, 0), ops.less(y, height)),
            ops.logical_and(ops.greater_equal(x, 0), ops.less(x, width)),
        )
        read = interpolate(at, data, ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1))
        read = ops.multiply(read, ops.expand_dims(ops.cast(inside, data.dtype), -1))
    else:
        read = interpolate(at, data, y, x)
    if mask is not None:
        read = ops.multiply(read, ops.reshape(mask, (-1, positions, 1)))
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


_CONVOLUTION = shaped_as("Convolution")


def _deformable_shape(a, ins, outs):
    """The shapes of a convolution, and of two offsets, and a weight if there is one, for each kernel point at each
    output position."""
    data, *moved = ins[: 3 if "Modulated" in a._node.op else 2]
    same = SimpleNamespace(**{**vars(a), "layout": None})
    batch = merge(of_rank(data, 4)[:1], of_rank(moved[0], 4)[:1])
    data = (*batch, *of_rank(data, 4)[1:])
    (data, *arrays), (out,) = _CONVOLUTION(same, [data, *ins[1 + len(moved) :]], outs)
    points = math.prod(a.kernel) * a.num_deformable_group
    claims = [(out[0], count, *out[2:]) for count in (2 * points, points)]
    return [data, *claims[: len(moved)], *arrays], [out]


@translates("_contrib_DeformableConvolution", layout=spatial, ignores="layout", shape=_deformable_shape)
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
    """A point outside the image reads 0; a point within one pixel after the last row or column reads that row or
    column."""
    bias = None if no_bias else bias
    return _convolve_at(
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


@translates(
    "_contrib_ModulatedDeformableConvolution", layout=spatial, ignores="layout im2col_step", shape=_deformable_shape
)
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
    """As `deformable_convolution`, but the image is padded with zeros and each point has a weight."""
    bias = None if no_bias else bias
    return _convolve_at(
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
