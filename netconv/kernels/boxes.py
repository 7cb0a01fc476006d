"""Bounding boxes: conversions, intersection over union, non-maximum suppression. Knows no op of MXNet.

Boxes are tensors (N, k, 4) of left, top, right, bottom ("corner"), or of the center's x and y, width, height
("center").
"""

import numpy as np

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import keras, layers, ops

BLOCK = 256
"""Boxes that are suppressed in one call of a submodel."""


def corners(boxes, format: str):
    """Boxes as four tensors: left, top, right, bottom."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    if format == "corner":
        return a, b, c, d
    half, tall = ops.divide(c, 2), ops.divide(d, 2)
    return ops.subtract(a, half), ops.subtract(b, tall), ops.add(a, half), ops.add(b, tall)


def centers_and_sizes(boxes):
    """Boxes given by their corners as four tensors: x and y of the center, width, height."""
    left, top, right, bottom = (boxes[..., i] for i in range(4))
    half = [ops.multiply(ops.add(a, b), 0.5) for a, b in ((left, right), (top, bottom))]
    return *half, ops.subtract(right, left), ops.subtract(bottom, top)


def decode_offsets(offsets, anchors, sizes_at_most: float | None = None):
    """Boxes, as corners (..., 4), from their offsets (dx, dy, log width, log height) to anchors, each four tensors."""
    (dx, dy, dw, dh), (x, y, wide, tall) = offsets, anchors
    if sizes_at_most is not None:
        dw, dh = ops.minimum(dw, sizes_at_most), ops.minimum(dh, sizes_at_most)
    x, y = ops.add(ops.multiply(dx, wide), x), ops.add(ops.multiply(dy, tall), y)
    half, high = (ops.multiply(ops.multiply(ops.exp(d), size), 0.5) for d, size in ((dw, wide), (dh, tall)))
    return ops.stack([ops.subtract(x, half), ops.subtract(y, high), ops.add(x, half), ops.add(y, high)], -1)


def encode_offsets(anchors, boxes):
    """The offsets (..., 4) from anchors to boxes, both given by corners (..., 4): the inverse of `decode_offsets`."""
    (x, y, wide, tall), (to_x, to_y, to_wide, to_tall) = centers_and_sizes(anchors), centers_and_sizes(boxes)
    parts = [ops.divide(ops.subtract(to_x, x), wide), ops.divide(ops.subtract(to_y, y), tall),
             ops.log(ops.divide(to_wide, wide)), ops.log(ops.divide(to_tall, tall))]  # fmt: skip
    return ops.stack(parts, -1)


def areas(boxes, format: str):
    """The areas of boxes; 0 if a width or height is negative."""
    if format == "corner":
        wide, tall = (ops.subtract(boxes[..., i + 2], boxes[..., i]) for i in (0, 1))
    else:
        wide, tall = boxes[..., 2], boxes[..., 3]
    right_way = ops.logical_and(ops.greater_equal(wide, 0), ops.greater_equal(tall, 0))
    area = ops.multiply(wide, tall)
    return ops.where(right_way, area, ops.zeros_like(area))


def intersection_area(one, two, extra: float = 0.0):
    """The area of the intersections of boxes, two times four tensors that broadcast. `extra` is the length of a box
    that begins and ends at the same position."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        side = ops.subtract(ops.minimum(one[high], two[high]), ops.maximum(one[low], two[low]))
        sides.append(ops.maximum(ops.add(side, extra) if extra else side, 0.0))
    return ops.multiply(*sides)


def iou(one, two, area_one, area_two, extra: float = 0.0):
    """Intersection over union of boxes, two times four tensors that broadcast; 0 where the union is empty."""
    shared = intersection_area(one, two, extra)
    union = ops.subtract(ops.add(area_one, area_two), shared)
    empty = ops.equal(union, 0)
    return ops.where(empty, ops.zeros_like(shared), ops.divide(shared, ops.where(empty, ops.ones_like(union), union)))


def pairwise_iou(one, two, extra: float = 0.0):
    """Intersection over union (N, a, b) of all pairs of boxes (N, a, 5) and (N, b, 5), corners and area."""
    one, two = [one[..., :, None, i] for i in range(5)], [two[..., None, :, i] for i in range(5)]
    return iou(one, two, one[4], two[4], extra)


def same_class(one, two):
    """Which pairs (N, a, b) of boxes (N, a, 6) and (N, b, 6) have the same class, the number after corners and area."""
    return ops.equal(one[..., :, None, 5], two[..., None, :, 5])


def corners_and_area(boxes, format: str):
    """Corners and area of boxes: (N, k, 5)."""
    return ops.stack([*corners(boxes, format), areas(boxes, format)], -1)


def non_maximum_suppression(at, valid, traits, suppresses):
    """Which of the `valid` boxes (N, k), sorted by descending score, are kept if each kept box suppresses later ones.

    `suppresses(one, two)` maps `traits` (N, a, w) and (N, b, w) to which suppress which: (N, a, b). Each block of BLOCK
    boxes is one call of a submodel, so that the pairs of a block are freed before those of the next are computed.
    """
    count = valid.shape[1]
    size = min(count, BLOCK)
    padding = ((0, 0), (0, -count % size))
    valid, traits = ops.pad(ops.cast(valid, "float32"), padding), ops.pad(traits, (*padding, (0, 0)))
    choose = _suppression_block(at, size, traits, suppresses)
    left = valid[:, :0]
    for begin in range(0, valid.shape[1], size):
        block = slice(begin, begin + size)
        left = ops.concatenate([left, choose([left, traits[:, :begin], valid[:, block], traits[:, block]])], 1)
    return left[:, :count]


def _suppression_block(at, size: int, traits, suppresses):
    """A model with the outputs: which boxes of a block are kept (N, size); and the inputs: which of the boxes before
    the block are kept (N, j), their traits, which boxes of the block are valid (N, size), their traits."""
    lengths = {"left": (None,), "before": (None, traits.shape[2]), "valid": (size,), "traits": (size, traits.shape[2])}
    dtypes = {"left": "float32", "valid": "float32"}
    entry = [keras.Input(shape, dtype=dtypes.get(name, traits.dtype), name=name) for name, shape in lengths.items()]
    left, before, valid, own = entry
    # Makes each block depend on those before it, so that they do not run, and use memory, at the same time.
    own = ops.where(ops.greater_equal(ops.sum(left, 1), 0)[:, None, None], own, ops.zeros_like(own))
    gone = ops.matmul(left[:, None, :], ops.cast(suppresses(before, own), "float32"))[:, 0]
    chosen = _greedy_suppression(
        at, size, ops.relu(ops.subtract(valid, gone)), ops.cast(suppresses(own, own), "float32")
    )
    return keras.Model(entry, chosen, name=at.build.unique(at.name("block")))


def _greedy_suppression(at, size: int, free, suppresses):
    """Which of the `free` boxes (N, size) are kept; `suppresses` (N, size, size) is 1 where one would suppress another.

    The loop over the boxes is a recurrent layer. Its state is which boxes are free, as a difference u - v of
    non-negative numbers, and begins with the current box. A step rotates the state by one box, and sets v to 1 where a
    box is free and the current box is free and suppresses it: relu(free + first + suppresses - 2).
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
    found = chosen(_rows_after_diagonal(suppresses, size), initial_state=start)
    return ops.subtract(found[:, :size], found[:, size:])


def _rows_after_diagonal(rows, size: int):
    """Row i of (N, size, size) from element i + 1 on, then zeros."""
    flat = ops.reshape(ops.pad(rows, ((0, 0), (0, 0), (0, size))), (-1, 2 * size * size))
    return ops.reshape(ops.pad(flat, ((0, 0), (0, size))), (-1, size, 2 * size + 1))[:, :, 1 : size + 1]


def argsort_scores(scores, valid):
    """Indices that sort `valid` scores in descending order, others last; equal scores keep their order."""
    return ops.argsort(ops.where(ops.cast(valid, "bool"), ops.negative(scores), float("inf")), -1)


def take_rows(tensor, indices):
    """Rows (N, k, w) of (N, n, w) at indices (N, k)."""
    return ops.take_along_axis(tensor, indices[..., None], 1)


def as_batch(at, rows):
    """Reshapes (..., n, w) to (N, n, w)."""
    *outer, count, width = rows.shape
    if len(outer) == 1:
        return rows
    if not outer:
        return ops.expand_dims(rows, 0)
    return ops.reshape(rows, (-1, known_count(at, count, rows), known_count(at, width, rows)))


def first_rows(tensor, k: int):
    """The first k rows (N, k, ...) of (N, n, ...), zeros where there are fewer; n may be unknown."""
    rest = tensor.shape[2:]
    if tensor.shape[1] is None:
        tensor = ops.pad(tensor, ((0, 0), (0, k), *((0, 0) for _ in rest)))
    return ops.reshape(tensor[:, :k], (-1, k, *rest))


def pad_rows_like(tensor, to):
    """Pads (N, k, ...) with rows of -1 to the number of rows of `to`."""
    rest = tensor.shape[2:]
    if to.shape[1] is not None:
        more = to.shape[1] - tensor.shape[1]
        return ops.pad(tensor, ((0, 0), (0, more), *((0, 0) for _ in rest)), constant_values=-1.0)
    filling = ops.full_like(to, -1.0)
    indices = row_numbers(to if not rest else to[..., 0])
    return ops.take_along_axis(ops.concatenate([tensor, filling], 1), indices[..., None] if rest else indices, 1)


def row_numbers(rows):
    """0, 1, 2 ... in each row of (N, n)."""
    return ops.subtract(ops.cumsum(ops.ones_like(rows, dtype="int32"), 1), 1)


def greedy_matching(scores, steps: int, threshold: float):
    """Matches rows and columns in `steps` steps, each the best score over `threshold` of a free row and a free column.
    Returns the column of each row (N, rows) and the row of each column (N, columns), -1 for none."""
    free = scores
    row_of = ops.full_like(scores[:, 0, :], -1, dtype="int32")
    column_of = ops.full_like(scores[:, :, 0], -1, dtype="int32")
    row_number, column_number = row_numbers(column_of), row_numbers(row_of)
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


def candidate_count(at, count: int | None, at_most: int, tensor) -> int:
    """How many boxes of the highest scores suppression considers: `at_most`, all if that is negative."""
    if count is None and at_most < 0:
        raise at.open("needs a known number of boxes, or topk", tuple(tensor.shape))
    return at_most if count is None else count if at_most < 0 else min(at_most, count)


def known_count(at, count, tensor):
    """`count`, a length of a tensor. Raises NodeError if it is unknown."""
    if count is None:
        raise at.open("needs a known number of boxes", tuple(tensor.shape))
    return count
