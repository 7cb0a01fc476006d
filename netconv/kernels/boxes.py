"""Boxes, their overlaps and greedy choices among them, as tensors: (N, k, 4) of left, top, right, bottom, or of x, y,
width, height about their centre. Knows no op of MXNet.
"""

import numpy as np

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import keras, layers, ops

BLOCK = 256
"""Boxes that are chosen among one after the other before the next are looked at."""


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


def ratio(one, two, area_one, area_two, extra: float = 0.0):
    """Intersection over union of boxes, each four tensors, that broadcast; 0 where the union is empty."""
    shared = shared_area(one, two, extra)
    union = ops.subtract(ops.add(area_one, area_two), shared)
    empty = ops.equal(union, 0)
    return ops.where(empty, ops.zeros_like(shared), ops.divide(shared, ops.where(empty, ops.ones_like(union), union)))


def overlaps(one, two, extra: float = 0.0):
    """Intersection over union of all pairs of (N, a, 5) and (N, b, 5), corners and area: (N, a, b)."""
    one, two = [one[..., :, None, i] for i in range(5)], [two[..., None, :, i] for i in range(5)]
    return ratio(one, two, one[4], two[4], extra)


def of_a_kind(one, two):
    """Which of all pairs of (N, a, 6) and (N, b, 6) have one kind, the number behind corners and area: (N, a, b)."""
    return ops.equal(one[..., :, None, 5], two[..., None, :, 5])


def measured(boxes, format: str):
    """Corners and area (N, k, 5)."""
    return ops.stack([*corners(boxes, format), areas(boxes, format)], -1)


def survivors(at, valid, traits, suppresses):
    """Which boxes (N, k), best first, are left of those `valid` when each that is left suppresses the ones after it.

    `suppresses(one, two)` says of `traits` (N, a, w) and (N, b, w) which suppress which: (N, a, b). A block of boxes is
    one call of a model of its own, so that the pairs of a block are forgotten before those of the next are made.
    """
    count = valid.shape[1]
    size = min(count, BLOCK)
    padding = ((0, 0), (0, -count % size))
    valid, traits = ops.pad(ops.cast(valid, "float32"), padding), ops.pad(traits, (*padding, (0, 0)))
    choose = _block(at, size, traits, suppresses)
    left = valid[:, :0]
    for begin in range(0, valid.shape[1], size):
        block = slice(begin, begin + size)
        left = ops.concatenate([left, choose([left, traits[:, :begin], valid[:, block], traits[:, block]])], 1)
    return left[:, :count]


def _block(at, size: int, traits, suppresses):
    """A model that says which boxes of a block are left (N, size), of: which are left before it (N, j), the traits of
    these, which of the block are valid, its traits."""
    lengths = {"left": (None,), "before": (None, traits.shape[2]), "valid": (size,), "traits": (size, traits.shape[2])}
    kinds = {"left": "float32", "valid": "float32"}
    entry = [keras.Input(shape, dtype=kinds.get(name, traits.dtype), name=name) for name, shape in lengths.items()]
    left, before, valid, own = entry
    # Nothing is added, but a block waits for those before it: all at once would be held together.
    own = ops.where(ops.greater_equal(ops.sum(left, 1), 0)[:, None, None], own, ops.zeros_like(own))
    gone = ops.matmul(left[:, None, :], ops.cast(suppresses(before, own), "float32"))[:, 0]
    chosen = _greedy(at, size, ops.relu(ops.subtract(valid, gone)), ops.cast(suppresses(own, own), "float32"))
    return keras.Model(entry, chosen, name=at.build.unique(at.name("block")))


def _greedy(at, size: int, free, suppresses):
    """Which boxes (N, size) of those `free` are left; `suppresses` (N, size, size) says which would suppress which.

    A loop over boxes is a recurrent layer. Its state is who is free, as a difference u - v of numbers that are not
    negative, and the first box in it is the one whose turn it is. A step turns the row of boxes by one, and v becomes 1
    where a box is free, and so is the first, which suppresses it: relu(free + first + suppresses - 2).
    """
    turn, first = np.roll(np.eye(size), -1, 1), np.zeros((size, size))
    first[0] = 1
    target = np.concatenate([turn, turn + first], 1)  # u and v
    chosen = at.layer(
        layers.SimpleRNN,
        2 * size,
        activation="relu",
        weights={
            "cell.kernel": TrackedArray.constant(np.eye(size, 2 * size, size).astype("float32")),
            "cell.recurrent_kernel": TrackedArray.constant(np.concatenate([target, -target]).astype("float32")),
            "cell.bias": TrackedArray.constant(np.repeat([0, -2], size).astype("float32")),
        },
        part="greedy",
        dtype="float32",
    )
    start = ops.concatenate([free, ops.zeros_like(free)], -1)
    found = chosen(_behind(suppresses, size), initial_state=start)
    return ops.subtract(found[:, :size], found[:, size:])


def _behind(rows, size: int):
    """Row i of (N, size, size) from the place behind its i-th on, then zeros."""
    flat = ops.reshape(ops.pad(rows, ((0, 0), (0, 0), (0, size))), (-1, 2 * size * size))
    return ops.reshape(ops.pad(flat, ((0, 0), (0, size))), (-1, size, 2 * size + 1))[:, :, 1 : size + 1]


def best_first(scores, valid):
    """Places that put the best of `valid` first and what is not valid last; equal scores keep their order."""
    return ops.argsort(ops.where(ops.cast(valid, "bool"), ops.negative(scores), float("inf")), -1)


def rows_at(tensor, places):
    """Rows (N, k, w) of (N, n, w) at places (N, k)."""
    return ops.take_along_axis(tensor, places[..., None], 1)


def batched(at, rows):
    """(N, n, w) of (..., n, w)."""
    *outer, count, width = rows.shape
    if len(outer) == 1:
        return rows
    if not outer:
        return ops.expand_dims(rows, 0)
    return ops.reshape(rows, (-1, counted(at, count, rows), counted(at, width, rows)))


def first(tensor, k: int):
    """The first k rows (N, k, ...) of (N, n, ...), zeros where there are fewer; n may be unknown."""
    rest = tensor.shape[2:]
    if tensor.shape[1] is None:
        tensor = ops.pad(tensor, ((0, 0), (0, k), *((0, 0) for _ in rest)))
    return ops.reshape(tensor[:, :k], (-1, k, *rest))


def extended(tensor, to):
    """(N, k, ...), and as many rows more of -1 as make it as long as `to`."""
    rest = tensor.shape[2:]
    if to.shape[1] is not None:
        more = to.shape[1] - tensor.shape[1]
        return ops.pad(tensor, ((0, 0), (0, more), *((0, 0) for _ in rest)), constant_values=-1.0)
    filling = ops.full_like(to, -1.0)
    places = numbered(to if not rest else to[..., 0])
    return ops.take_along_axis(ops.concatenate([tensor, filling], 1), places[..., None] if rest else places, 1)


def numbered(rows):
    """0, 1, 2 ... for each of (N, n)."""
    return ops.subtract(ops.cumsum(ops.ones_like(rows, dtype="int32"), 1), 1)


def match(scores, steps: int, threshold: float):
    """`steps` times the best score over `threshold` of a row and a column that are free: the column of each row
    (N, rows) and the row of each column (N, columns), -1 where there is none."""
    free = scores
    row_of = ops.full_like(scores[:, 0, :], -1, dtype="int32")
    column_of = ops.full_like(scores[:, :, 0], -1, dtype="int32")
    row_number, column_number = numbered(column_of), numbered(row_of)
    for _ in range(steps):
        best = ops.max(free, -1)
        row = ops.cast(ops.argmax(best, -1), "int32")[:, None]
        column = ops.cast(ops.argmax(ops.take_along_axis(free, row[:, :, None], 1)[:, 0], -1), "int32")[:, None]
        good = ops.greater(ops.max(best, -1, keepdims=True), threshold)
        this_row = ops.logical_and(ops.equal(row, row_number), good)
        this_column = ops.logical_and(ops.equal(column, column_number), good)
        column_of = ops.where(this_row, column, column_of)
        row_of = ops.where(this_column, row, row_of)
        free = ops.where(ops.logical_or(this_row[:, :, None], this_column[:, None, :]), float("-inf"), free)
    return column_of, row_of


def chosen_of(at, count: int | None, at_most: int, tensor) -> int:
    """Of how many boxes, best first, suppression chooses: `at_most`, all where that is negative."""
    if count is None and at_most < 0:
        raise at.open("needs a known number of boxes, or topk", tuple(tensor.shape))
    return at_most if count is None else count if at_most < 0 else min(at_most, count)


def counted(at, count, tensor):
    if count is None:
        raise at.open("needs a known number of boxes", tuple(tensor.shape))
    return count
