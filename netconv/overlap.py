"""Boxes, their overlaps and greedy choices among them, as tensors: (N, k, 4) of left, top, right, bottom, or of x, y,
width, height about their centre. Knows no op of MXNet.
"""

import numpy as np

from .lazy import ops

ROUNDS = 96
"""Rounds of suppression: what a box is told that is this many suppressions deep is exact."""


def corners(boxes, format: str):
    """Four tensors: left, top, right, bottom."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    if format == "corner":
        return a, b, c, d
    half, tall = ops.divide(c, 2), ops.divide(d, 2)
    return ops.subtract(a, half), ops.subtract(b, tall), ops.add(a, half), ops.add(b, tall)


def centred(boxes):
    """Four tensors of boxes given by their corners: x, y, width, height."""
    left, top, right, bottom = (boxes[..., i] for i in range(4))
    half = [ops.multiply(ops.add(a, b), 0.5) for a, b in ((left, right), (top, bottom))]
    return *half, ops.subtract(right, left), ops.subtract(bottom, top)


def moved(offsets, anchors, sizes_at_most: float | None = None):
    """Corners (..., 4) of anchors moved by offsets (dx, dy, log width, log height), each four tensors."""
    (dx, dy, dw, dh), (x, y, wide, tall) = offsets, anchors
    if sizes_at_most is not None:
        dw, dh = ops.minimum(dw, sizes_at_most), ops.minimum(dh, sizes_at_most)
    x, y = ops.add(ops.multiply(dx, wide), x), ops.add(ops.multiply(dy, tall), y)
    half, high = (ops.multiply(ops.multiply(ops.exp(d), size), 0.5) for d, size in ((dw, wide), (dh, tall)))
    return ops.stack([ops.subtract(x, half), ops.subtract(y, high), ops.add(x, half), ops.add(y, high)], -1)


def offsets(anchors, boxes):
    """The other way round: what moves anchors to boxes (..., 4), each given by its corners."""
    (x, y, wide, tall), (to_x, to_y, to_wide, to_tall) = centred(anchors), centred(boxes)
    parts = [ops.divide(ops.subtract(to_x, x), wide), ops.divide(ops.subtract(to_y, y), tall),
             ops.log(ops.divide(to_wide, wide)), ops.log(ops.divide(to_tall, tall))]  # fmt: skip
    return ops.stack(parts, -1)


def areas(boxes, format: str):
    """0 for a box turned inside out."""
    if format == "corner":
        wide, tall = (ops.subtract(boxes[..., i + 2], boxes[..., i]) for i in (0, 1))
    else:
        wide, tall = boxes[..., 2], boxes[..., 3]
    right_way = ops.logical_and(ops.greater_equal(wide, 0), ops.greater_equal(tall, 0))
    area = ops.multiply(wide, tall)
    return ops.where(right_way, area, ops.zeros_like(area))


def shared_area(one, two, extra: float = 0.0):
    """The area that boxes share; each of `one` and `two` are four tensors that broadcast. `extra` is the length of a
    box that begins and ends at the same place."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        side = ops.subtract(ops.minimum(one[high], two[high]), ops.maximum(one[low], two[low]))
        sides.append(ops.maximum(ops.add(side, extra) if extra else side, 0.0))
    return ops.multiply(*sides)


def all_pairs(parts):
    """Tensors (..., n) as (..., n, 1) and (..., 1, n)."""
    return [p[..., :, None] for p in parts], [p[..., None, :] for p in parts]


def ratio(one, two, area_one, area_two, extra: float = 0.0):
    """Intersection over union of boxes, each four tensors, that broadcast; 0 where the union is empty."""
    shared = shared_area(one, two, extra)
    union = ops.subtract(ops.add(area_one, area_two), shared)
    empty = ops.equal(union, 0)
    return ops.where(empty, ops.zeros_like(shared), ops.divide(shared, ops.where(empty, ops.ones_like(union), union)))


def overlaps(boxes, areas, format: str, extra: float = 0.0):
    """Intersection over union of all pairs of (N, k, 4): (N, k, k)."""
    one, two = all_pairs(corners(boxes, format))
    (area_one,), (area_two,) = all_pairs([areas])
    return ratio(one, two, area_one, area_two, extra)


def survivors(at, valid, suppresses):
    """Which boxes (N, k), best first, are left of those `valid` when each that is left suppresses the ones after it
    that `suppresses` (N, k, k) says.

    A round takes every box as left that none left by the round before suppresses: after n rounds all is right that is
    n suppressions deep. Where the last round still changed something the image's result is NaN, not a guess.
    """
    count = valid.shape[1]
    place = ops.add(np.arange(count, dtype="float32"), at.nothing("float32"))  # not a matrix of constants
    after = ops.cast(ops.less(place[:, None], place), "float32")
    suppresses = ops.multiply(ops.cast(suppresses, "float32"), after)
    valid = ops.cast(valid, "float32")[:, None, :]
    left = valid
    for _ in range(min(count, ROUNDS)):
        before, left = left, ops.relu(ops.subtract(valid, ops.matmul(left, suppresses)))
    if count > ROUNDS:
        settled = ops.all(ops.equal(left, before), axis=-1, keepdims=True)
        left = ops.where(settled, left, float("nan"))
    return left[:, 0, :]


def best_first(scores, valid):
    """Places that put the best of `valid` first and what is not valid last; equal scores keep their order."""
    return ops.argsort(ops.where(valid, ops.negative(scores), float("inf")), -1)


def rows_at(tensor, places):
    """Rows (N, k, w) of (N, n, w) at places (N, k)."""
    return ops.take_along_axis(tensor, places[..., None], 1)


def match(scores, steps: int, threshold: float):
    """`steps` times the best score over `threshold` of a row and a column that are free: the column of each row
    (N, rows) and the row of each column (N, columns), -1 where there is none."""
    rows, columns = scores.shape[1:]
    free = scores
    row_of = ops.full_like(scores[:, 0, :], -1, dtype="int32")
    column_of = ops.full_like(scores[:, :, 0], -1, dtype="int32")
    row_number, column_number = np.arange(rows, dtype="int32"), np.arange(columns, dtype="int32")
    for _ in range(steps):
        flat = ops.reshape(free, (-1, rows * columns))
        place = ops.cast(ops.argmax(flat, -1), "int32")[:, None]
        good = ops.greater(ops.max(flat, -1, keepdims=True), threshold)
        row, column = ops.floor_divide(place, columns), ops.mod(place, columns)
        this_row = ops.logical_and(ops.equal(row, row_number), good)
        this_column = ops.logical_and(ops.equal(column, column_number), good)
        column_of = ops.where(this_row, column, column_of)
        row_of = ops.where(this_column, row, row_of)
        free = ops.where(ops.logical_or(this_row[:, :, None], this_column[:, None, :]), float("-inf"), free)
    return column_of, row_of


def counted(at, count, tensor):
    if count is None:
        raise at.error("needs a known number of boxes; give the input's shape", tuple(tensor.shape))
    return count
