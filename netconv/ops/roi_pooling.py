"""Region of interest (ROI) pooling: rows (image, x1, y1, x2, y2) of a feature map (N, H, W, C). The regions have no
gradient."""

import numpy as np

from ..graph.attributes import Ints
from ..graph.partial_shape import count_elements, first_known, of_rank
from ..keras_api.lazy import ops
from ..kernels.layout import spatial
from ..kernels.reshape import take_slice
from ..kernels.rounding import divide_exact, round_half_away
from .registry import translates

LARGEST = 2**10
"""Largest number of bins along a side of a region, and of samples along a side of a bin."""


def _map_size(at, data, pooled_size: Ints) -> tuple[int, int]:
    height, width = data.shape[1:3]
    if None in (height, width):
        raise at.open("needs the size of its data", tuple(data.shape))
    if len(pooled_size) != 2 or not 1 <= min(pooled_size) <= max(pooled_size) <= LARGEST:
        raise at.error(f"attribute 'pooled_size' must be a height and a width of at most {LARGEST}", pooled_size)
    return height, width


def _column(rois, i: int):
    return ops.stop_gradient(rois[:, i : i + 1])


def _bins(start, size, count: int, length: int):
    """The first and last index of each of `count` bins (R, count), clipped to the map; bins can overlap by one
    element."""
    step = divide_exact(size, count)
    position = np.arange(count, dtype="float32")
    begin = ops.add(ops.floor(ops.multiply(step, position)), start)
    end = ops.add(ops.ceil(ops.multiply(step, position + 1)), start)
    return ops.clip(begin, 0, length), ops.clip(end, 0, length)


def _run_maxima(table, axis: int) -> list:
    """Maxima of runs of length 1, 2, 4 ... along `axis` that start at each position; of equal elements the first is the
    maximum."""
    runs, reach, length = [table], 1, table.shape[axis]
    while reach * 2 <= length:
        last = runs[-1]
        later = ops.concatenate(
            [take_slice(last, axis, slice(reach, None)), take_slice(last, axis, slice(length - reach, None))], axis
        )
        runs.append(ops.where(ops.greater(later, last), later, last))
        reach *= 2
    return runs


def _cover(begin, end, levels: int):
    """Two runs, of the same power of two, that cover begin .. end: (level, start of the first, start of the second). If
    the range is empty, they are within the map nevertheless."""
    size = ops.maximum(ops.subtract(end, begin), 1.0)
    level = ops.zeros_like(size)
    for i in range(1, levels):
        level = ops.add(level, ops.cast(ops.greater_equal(size, 2.0**i), size.dtype))
    last = ops.maximum(ops.subtract(end, 1.0), 0.0)
    return level, ops.minimum(begin, last), ops.maximum(ops.subtract(end, ops.round(ops.power(2.0, level))), 0.0)


def _regions_shape(a, ins, outs):
    """A row of `rois` is an image index and a box; with `position_sensitive` each bin has its own channels."""
    data, rois, out = of_rank(ins[0], 4), of_rank(ins[1], 2), of_rank(outs[0], 4)
    size = tuple(a.pooled_size) if len(a.pooled_size) == 2 else (None, None)
    bins = count_elements(size) if getattr(a, "position_sensitive", False) else 1
    channels = first_known(data[1], None if None in (out[1], bins) else out[1] * bins)
    each = None if None in (channels, bins) else channels // bins
    return [(data[0], channels, *data[2:]), (rois[0], 5)], [(first_known(rois[0], out[0]), each, *size)]


@translates("ROIPooling", "_npx_roi_pooling", layout=spatial, shape=_regions_shape)
def roi_pooling(at, data, rois, *, pooled_size: Ints, spatial_scale: float):
    """The maximum of each bin, 0 if a bin is empty.

    Bins differ in size from region to region, so the maxima of runs of length 1, 2, 4 ... are computed once for the
    whole map, and each bin reads the four that cover it.
    """
    height, width = _map_size(at, data, pooled_size)
    image = ops.cast(_column(rois, 0), "float32")
    x1, y1, x2, y2 = (round_half_away(ops.multiply(_column(rois, i), spatial_scale)) for i in range(1, 5))
    tall, wide = (ops.maximum(ops.add(ops.subtract(b, a), 1.0), 1.0) for a, b in ((y1, y2), (x1, x2)))
    top, bottom = _bins(y1, tall, pooled_size[0], height)
    left, right = _bins(x1, wide, pooled_size[1], width)
    tables = [_run_maxima(row, 1) for row in _run_maxima(data, 2)]
    across, down = len(tables), len(tables[0])
    table = ops.reshape(ops.stack([t for row in tables for t in row], 1), (-1, data.shape[-1]))
    row_level, *row_starts = _cover(top, bottom, down)
    column_level, *column_starts = _cover(left, right, across)
    corners = []
    for y in row_starts:
        for x in column_starts:
            level = ops.add(ops.multiply(column_level[:, None, :], float(down)), row_level[:, :, None])
            index = ops.add(ops.multiply(image[:, :, None], float(across * down)), level)
            index = ops.add(ops.multiply(ops.cast(index, "int32"), height), ops.cast(y[:, :, None], "int32"))
            index = ops.add(ops.multiply(index, width), ops.cast(x[:, None, :], "int32"))
            corners.append(ops.take(table, index, axis=0))
    best = corners[0]
    for other in corners[1:]:
        best = ops.where(ops.greater(other, best), other, best)
    full = ops.logical_and(ops.greater(bottom, top)[:, :, None], ops.greater(right, left)[:, None, :])
    return ops.where(full[..., None], best, ops.zeros_like(best))


def _mean_weights(start, size, count: int, length: int, ratio: int):
    """(R, count, length): the weight of each position of the map in the mean of the samples of a bin.

    A bin has `ratio` samples or, with 0, as many as its length; at most length + 3 of these are on the map.
    """
    step = divide_exact(size, count)
    samples = ops.full_like(step, float(ratio)) if ratio > 0 else ops.ceil(step)
    apart = ops.divide(step, samples)
    begin = ops.add(ops.multiply(step, np.arange(count, dtype="float32")), start)
    number = np.arange(ratio if ratio > 0 else length + 3, dtype="float32").reshape(1, 1, -1)
    if ratio <= 0:  # from the first sample on the map
        first = ops.maximum(ops.floor(ops.subtract(ops.divide(ops.subtract(-1.0, begin), apart), 0.5)), 0.0)
        number = ops.add(first[..., None], number)
    position = ops.add(begin[..., None], ops.multiply(ops.add(number, 0.5), apart[..., None]))
    on_map = ops.logical_and(ops.greater_equal(position, -1.0), ops.less_equal(position, float(length)))
    on_map = ops.logical_and(on_map, ops.less(number, samples[..., None]))
    position = ops.clip(position, 0.0, length - 1.0)
    weight = ops.subtract(1.0, ops.absolute(ops.subtract(position[..., None], np.arange(length, dtype="float32"))))
    weight = ops.multiply(ops.maximum(weight, 0.0), ops.cast(on_map, "float32")[..., None])
    return ops.divide(ops.sum(weight, 2), samples[..., None])


def _for_own_image(weights, image, data):
    """(R, count, length) to (R, count, N, length): zero for all images other than that of the region."""
    first = data[:, 0, 0, 0]
    number = ops.subtract(ops.cumsum(ops.ones_like(first)), 1.0)
    own = ops.cast(ops.equal(ops.trunc(image), number), "float32")
    return ops.multiply(weights[:, :, None, :], own[:, None, :, None])


def _pooled(data, image, rows, columns, pooled_size: Ints, by_bin: bool):
    """Applies the weights of rows and columns: (R, height, width, C). With `by_bin` each bin has its own channels."""
    rows = _for_own_image(rows, image, data)
    if not by_bin:
        lines = ops.einsum("rpnh,nhwc->rpwc", rows, data)
        return ops.einsum("rqw,rpwc->rpqc", columns, lines)
    high, wide = pooled_size
    data = ops.reshape(data, (-1, *data.shape[1:3], data.shape[3] // (high * wide), high, wide))
    lines = ops.einsum("rpnh,nhwcpq->rpwcq", rows, data)
    return ops.einsum("rqw,rpwcq->rpqc", columns, lines)


@translates("_contrib_ROIAlign", layout=spatial, shape=_regions_shape)
def roi_align(
    at,
    data,
    rois,
    *,
    pooled_size: Ints,
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
):
    """The mean of interpolated samples in each bin, computed as a mean over rows and a mean over columns: two matrix
    products. Regions with a negative image index are 0."""
    height, width = _map_size(at, data, pooled_size)
    if sample_ratio > LARGEST:
        raise at.error(f"attribute 'sample_ratio' must be at most {LARGEST}", sample_ratio)
    shift = 0.5 if aligned else 0.0
    image = _column(rois, 0)
    x1, y1, x2, y2 = (ops.subtract(ops.multiply(_column(rois, i), spatial_scale), shift) for i in range(1, 5))
    weights = []
    for begin, end, count, length in ((y1, y2, pooled_size[0], height), (x1, x2, pooled_size[1], width)):
        size = ops.subtract(end, begin)
        size = size if aligned else ops.maximum(size, 1.0)
        weights.append(_mean_weights(begin, size, count, length, sample_ratio))
    return _pooled(data, image, weights[0], weights[1], pooled_size, position_sensitive)


def _psroi_shape(a, ins, outs):
    rois = of_rank(ins[1], 2)
    return [of_rank(ins[0], 4), rois], [(rois[0], a.output_dim, a.pooled_size, a.pooled_size)]


@translates("_contrib_PSROIPooling", layout=spatial, shape=_psroi_shape)
def psroi_pooling(at, data, rois, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0):
    """The mean of each bin in its own channels; if there are more bins than groups, bins share channels."""
    height, width = _map_size(at, data, (pooled_size, pooled_size))
    group_size = group_size or pooled_size
    image = _column(rois, 0)
    x1, y1, x2, y2 = (round_half_away(_column(rois, i)) for i in range(1, 5))
    weights = []
    for begin, end, length in ((y1, y2, height), (x1, x2, width)):
        begin = ops.multiply(begin, spatial_scale)
        end = ops.multiply(ops.add(end, 1.0), spatial_scale)
        step = divide_exact(ops.maximum(ops.subtract(end, begin), 0.1), pooled_size)
        position = np.arange(pooled_size, dtype="float32")
        low = ops.clip(ops.floor(ops.add(ops.multiply(step, position), begin)), 0, length)[..., None]
        high = ops.clip(ops.ceil(ops.add(ops.multiply(step, position + 1), begin)), 0, length)[..., None]
        line = np.arange(length, dtype="float32")
        inside = ops.cast(ops.logical_and(ops.less_equal(low, line), ops.less(line, high)), "float32")
        weights.append(ops.divide(inside, ops.maximum(ops.subtract(high, low), 1.0)))
    group = (np.arange(pooled_size) * group_size // pooled_size).clip(0, group_size - 1)
    channels = np.arange(output_dim)[:, None, None] * group_size + group[None, :, None]
    channels = (channels * group_size + group[None, None, :]).astype("int32")
    data = ops.take(data, channels.reshape(-1), axis=-1)
    return _pooled(data, image, weights[0], weights[1], (pooled_size, pooled_size), True)


def _rotated_shape(a, ins, outs):
    data, rois = of_rank(ins[0], 4), of_rank(ins[1], 2)
    return [data, rois], [(rois[0], data[1], *a.pooled_size)]


@translates("_contrib_RROIAlign", layout=spatial, shape=_rotated_shape)
def rotated_roi_align(at, data, rois, *, pooled_size: Ints, spatial_scale: float, sampling_ratio: int = -1):
    """As ROIAlign, for regions (image, center x, center y, width, height, degrees); one sample is read at a time."""
    height, width = _map_size(at, data, pooled_size)
    if not 1 <= sampling_ratio <= LARGEST:
        what = (
            f"attribute 'sampling_ratio' must be 1 to {LARGEST}: below 1 the number depends on the size of each region"
        )
        raise at.error(what, sampling_ratio)
    image, x, y, wide, tall, angle = (_column(rois, i) for i in range(6))
    x, y, wide, tall = (ops.multiply(v, spatial_scale) for v in (x, y, wide, tall))
    angle = ops.multiply(angle, np.pi / 180)
    down, across = (
        ops.multiply(
            ops.maximum(size, 1.0), (np.arange(n * sampling_ratio, dtype="float32") + 0.5) / (n * sampling_ratio) - 0.5
        )
        for size, n in ((tall, pooled_size[0]), (wide, pooled_size[1]))
    )
    down, across = down[:, :, None], across[:, None, :]
    sine, cosine, x, y = (v[..., None] for v in (ops.sin(angle), ops.cos(angle), x, y))
    sample_x = ops.add(ops.add(ops.multiply(across, cosine), ops.multiply(down, sine)), x)
    sample_y = ops.add(ops.subtract(ops.multiply(down, cosine), ops.multiply(across, sine)), y)
    on_map = ops.ones_like(sample_x)
    for position, length in ((sample_x, width), (sample_y, height)):
        inside = ops.logical_and(ops.greater_equal(position, -1.0), ops.less_equal(position, float(length)))
        on_map = ops.multiply(on_map, ops.cast(inside, "float32"))
    sample_x, sample_y = ops.clip(sample_x, 0.0, width - 1.0), ops.clip(sample_y, 0.0, height - 1.0)
    left, top = ops.floor(sample_x), ops.floor(sample_y)
    table = ops.reshape(data, (-1, data.shape[-1]))
    total = None
    for dx in (0, 1):
        for dy in (0, 1):
            column, row = ops.minimum(ops.add(left, dx), width - 1.0), ops.minimum(ops.add(top, dy), height - 1.0)
            weight = ops.multiply(
                ops.subtract(1.0, ops.absolute(ops.subtract(sample_x, ops.add(left, dx)))),
                ops.subtract(1.0, ops.absolute(ops.subtract(sample_y, ops.add(top, dy)))),
            )
            index = ops.add(ops.multiply(ops.cast(image, "int32")[..., None], height), ops.cast(row, "int32"))
            index = ops.add(ops.multiply(index, width), ops.cast(column, "int32"))
            part = ops.multiply(ops.take(table, index, axis=0), ops.multiply(weight, on_map)[..., None])
            total = part if total is None else ops.add(total, part)
    shape = (-1, pooled_size[0], sampling_ratio, pooled_size[1], sampling_ratio, data.shape[-1])
    return ops.mean(ops.reshape(total, shape), (2, 4))
