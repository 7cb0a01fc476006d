"""Boxes of detectors: anchors, overlaps, encodings, matching, non-maximum suppression, proposals.

Boxes are rows (left, top, right, bottom), or (x, y, width, height) about their centre. Nothing here has a gradient in
MXNet but box_nms, box_encode and box_decode.
"""

import math
from typing import Literal

import numpy as np

from ..attributes import Floats
from ..lazy import ops
from ..registry import translates

Format = Literal["center", "corner"]

ROUNDS = 96
"""Rounds of suppression: what a box is told that is this many suppressions deep is exact."""


def _corners(boxes, format: str):
    """Four tensors: left, top, right, bottom."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    if format == "corner":
        return a, b, c, d
    half, tall = ops.divide(c, 2), ops.divide(d, 2)
    return ops.subtract(a, half), ops.subtract(b, tall), ops.add(a, half), ops.add(b, tall)


def _areas(boxes, format: str):
    """0 for a box turned inside out."""
    if format == "corner":
        wide, tall = (ops.subtract(boxes[..., i + 2], boxes[..., i]) for i in (0, 1))
    else:
        wide, tall = boxes[..., 2], boxes[..., 3]
    right_way = ops.logical_and(ops.greater_equal(wide, 0), ops.greater_equal(tall, 0))
    area = ops.multiply(wide, tall)
    return ops.where(right_way, area, ops.zeros_like(area))


def _shared(one, two, extra: float = 0.0):
    """The area that boxes share; each of `one` and `two` are four tensors that broadcast. `extra` is the length of a
    box that begins and ends at the same place."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        side = ops.subtract(ops.minimum(one[high], two[high]), ops.maximum(one[low], two[low]))
        sides.append(ops.maximum(ops.add(side, extra) if extra else side, 0.0))
    return ops.multiply(*sides)


def _grid(parts):
    """Tensors (..., n) as (..., n, 1) and (..., 1, n)."""
    return [p[..., :, None] for p in parts], [p[..., None, :] for p in parts]


def _overlaps(boxes, areas, format: str, extra: float = 0.0):
    """Intersection over union of all pairs of (N, k, 4): (N, k, k); 0 where both are empty."""
    one, two = _grid(_corners(boxes, format))
    (area_one,), (area_two,) = _grid([areas])
    shared = _shared(one, two, extra)
    union = ops.subtract(ops.add(area_one, area_two), shared)
    return ops.divide(shared, ops.where(ops.equal(union, 0), 1.0, union))


@translates("_contrib_box_iou")
def box_iou(at, lhs, rhs, *, format: Format = "corner"):
    """All pairs: (*left, *right)."""
    left, right = (ops.stop_gradient(x) for x in (lhs, rhs))
    expand = (..., *(None,) * (len(rhs.shape) - 1))
    one, two = [c[expand] for c in _corners(left, format)], _corners(right, format)
    shared = _shared(one, two)
    union = ops.subtract(ops.add(_areas(left, format)[expand], _areas(right, format)), shared)
    apart = ops.less_equal(shared, 0)
    return ops.where(apart, ops.zeros_like(shared), ops.divide(shared, ops.where(apart, ops.ones_like(union), union)))


def _kept(at, valid, suppresses):
    """Which boxes (N, k), best first, are left of those `valid` when each that is left suppresses the ones after it
    that `suppresses` (N, k, k) says.

    A round takes every box as left that none left by the round before suppresses: after n rounds all is right that is
    n suppressions deep. Where the last round still changed something the image's result is NaN, not a guess.
    """
    count = valid.shape[1]
    after = np.triu(np.ones((count, count), "float32"), 1) if count <= 64 else None
    if after is None:
        place = ops.add(np.arange(count, dtype="float32"), at.nothing("float32"))
        after = ops.cast(ops.less(place[:, None], place), "float32")
    suppresses = ops.multiply(ops.cast(suppresses, "float32"), after)
    valid = ops.cast(valid, "float32")

    def again(left):
        hit = ops.matmul(left[:, None, :], suppresses)[:, 0, :]
        return ops.multiply(valid, ops.cast(ops.equal(hit, 0), "float32"))

    left = valid
    for _ in range(min(count, ROUNDS)):
        left = again(left)
    if count <= ROUNDS:
        return left
    settled = ops.all(ops.equal(left, again(left)), axis=1, keepdims=True)
    return ops.where(settled, left, float("nan"))


def _sorted(scores, valid):
    """Places that put the best of `valid` first and what is not valid last; equal scores keep their order."""
    return ops.argsort(ops.where(valid, ops.negative(scores), float("inf")), -1)


def _rows(tensor, places):
    """Rows (N, k, w) of (N, n, w) at places (N, k)."""
    return ops.take_along_axis(tensor, places[..., None], 1)


def _known(at, count, tensor):
    if count is None:
        raise at.error("needs a known number of boxes; give the input's shape", tuple(tensor.shape))
    return count


def _recoded(boxes, to: str):
    """In the other format. MXNet takes a first number below 0 for an empty row and leaves it; and the gradient passes
    as if nothing were recoded."""
    if to == "center":
        left, top, right, bottom = (boxes[..., i] for i in range(4))
        new = [ops.divide(ops.add(left, right), 2), ops.divide(ops.add(top, bottom), 2), ops.subtract(right, left),
               ops.subtract(bottom, top)]
    else:
        new = _corners(boxes, "center")
    new = ops.where(ops.less(boxes[..., :1], 0), boxes, ops.stack(list(new), -1))
    return ops.add(boxes, ops.stop_gradient(ops.subtract(new, boxes)))


@translates("_contrib_box_nms", "_contrib_box_non_maximum_suppression")
def box_nms(at, data, *, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2,
            score_index: int = 1, id_index: int = -1, background_id: int = -1, force_suppress: bool = False,
            in_format: Format = "corner", out_format: Format = "corner"):
    """Rows that are left, best first, then rows of -1."""
    *outer, count, width = data.shape
    count = _known(at, count, data)
    if topk == 0:
        return data
    boxes = ops.reshape(data, (-1, count, width))
    scores = boxes[..., score_index]
    valid = ops.greater(scores, valid_thresh)
    if id_index >= 0 and background_id >= 0:
        valid = ops.logical_and(valid, ops.not_equal(ops.trunc(boxes[..., id_index]), background_id))
    k = count if topk < 0 else min(topk, count)
    places = _sorted(scores, valid)[:, :k]
    best = _rows(boxes, places)
    coords = ops.stop_gradient(best[..., coord_start : coord_start + 4])
    suppresses = ops.greater(_overlaps(coords, _areas(coords, in_format), in_format), overlap_thresh)
    if id_index >= 0 and not force_suppress:
        (one,), (two,) = _grid([ops.trunc(best[..., id_index])])
        suppresses = ops.logical_and(suppresses, ops.equal(one, two))
    left = _kept(at, ops.take_along_axis(valid, places, 1), suppresses)
    front = ops.argsort(ops.negative(left), -1)  # those left come first, in their order
    chosen = _rows(best, front)
    if in_format != out_format:
        recoded = _recoded(chosen[..., coord_start : coord_start + 4], out_format)
        chosen = ops.concatenate([chosen[..., :coord_start], recoded, chosen[..., coord_start + 4 :]], -1)
    left = ops.take_along_axis(left, front, 1)[..., None]
    out = ops.where(ops.equal(left, 0), -1.0, ops.where(ops.equal(left, 1), chosen, left))
    out = ops.pad(out, ((0, 0), (0, count - k), (0, 0)), constant_values=-1.0)
    return ops.reshape(out, [-1 if d is None else d for d in data.shape])


@translates("_contrib_box_decode")
def box_decode(at, data, anchors, *, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0, std3: float = 1.0,
               clip: float = -1.0, format: Format = "center"):
    """Corners of the boxes that offsets (N, k, 4) make of anchors (1, k, 4)."""
    if format == "corner":
        left, top, right, bottom = (anchors[..., i] for i in range(4))
        wide, tall = ops.subtract(right, left), ops.subtract(bottom, top)
        x, y = ops.add(left, ops.multiply(wide, 0.5)), ops.add(top, ops.multiply(tall, 0.5))
    else:
        x, y, wide, tall = (anchors[..., i] for i in range(4))
    dx, dy, dw, dh = (ops.multiply(data[..., i], std) for i, std in enumerate((std0, std1, std2, std3)))
    if clip > 0:
        dw, dh = ops.minimum(dw, clip), ops.minimum(dh, clip)
    x, y = ops.add(ops.multiply(dx, wide), x), ops.add(ops.multiply(dy, tall), y)
    half, high = (ops.multiply(ops.multiply(ops.exp(d), size), 0.5) for d, size in ((dw, wide), (dh, tall)))
    return ops.stack([ops.subtract(x, half), ops.subtract(y, high), ops.add(x, half), ops.add(y, high)], -1)


@translates("_contrib_box_encode")
def box_encode(at, samples, matches, anchors, refs, means, stds):
    """Offsets (N, k, 4) from anchors to the references that `matches` names, and where samples are positive (1, 0)."""
    matched = _rows(refs, ops.cast(matches, "int32"))
    parts = []
    for boxes in (matched, anchors):
        left, top, right, bottom = (boxes[..., i] for i in range(4))
        wide, tall = ops.subtract(right, left), ops.subtract(bottom, top)
        x, y = ops.add(left, ops.multiply(wide, 0.5)), ops.add(top, ops.multiply(tall, 0.5))
        parts.append((x, y, wide, tall))
    (rx, ry, rw, rh), (ax, ay, aw, ah) = parts
    offsets = [ops.divide(ops.subtract(rx, ax), aw), ops.divide(ops.subtract(ry, ay), ah),
               ops.log(ops.divide(rw, aw)), ops.log(ops.divide(rh, ah))]
    offsets = ops.divide(ops.subtract(ops.stack(offsets, -1), means), stds)
    positive = ops.greater(samples, 0.5)[..., None]
    zeros = ops.zeros_like(offsets)
    return ops.where(positive, offsets, zeros), ops.where(positive, ops.ones_like(offsets), zeros)


@translates("_contrib_bipartite_matching")
def bipartite_matching(at, data, *, threshold: float, is_ascend: bool = False, topk: int = -1):
    """Pairs of rows and columns, best first: for each row its column, for each column its row, or -1."""
    *outer, rows, columns = data.shape
    steps = min(_known(at, rows, data), _known(at, columns, data))
    steps = min(steps, topk + 1) if topk > 0 else steps  # MXNet stops one after topk
    scores = ops.reshape(ops.negative(data) if is_ascend else data, (-1, rows, columns))
    row_of, column_of, _ = _matched(at, scores, steps, -threshold if is_ascend else threshold)
    shape = [-1 if d is None else d for d in outer]
    kind = data.dtype
    return ops.reshape(ops.cast(column_of, kind), (*shape, rows)), ops.reshape(ops.cast(row_of, kind), (*shape, columns))


def _matched(at, scores, steps: int, threshold: float):
    """`steps` times the best score over `threshold` of a row and a column that are free: the row of each column
    (N, columns), the column of each row (N, rows), -1 where there is none, and which rows were taken."""
    rows, columns = scores.shape[1:]
    free = scores
    gone = float("-inf")
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
        free = ops.where(ops.logical_or(this_row[:, :, None], this_column[:, None, :]), gone, free)
    return row_of, column_of, ops.greater_equal(column_of, 0)


def _count(data, axis: int):
    """0, 1, 2 ... along an axis, and its length; tensors where it is unknown."""
    length = data.shape[axis]
    if length is not None:
        return np.arange(length, dtype="float32"), float(length)
    line = ops.ones_like(data[tuple(slice(None) if i == axis else 0 for i in range(len(data.shape)))])
    return ops.subtract(ops.cumsum(line), 1.0), ops.sum(line)


@translates("_contrib_MultiBoxPrior", "_npx_multibox_prior")
def multibox_prior(at, data, *, sizes: Floats = (1.0,), ratios: Floats = (1.0,), clip: bool = False,
                   steps: Floats = (-1.0, -1.0), offsets: Floats = (0.5, 0.5)):
    """Anchors (1, places x shapes, 4) around each place of a feature map: every size, then every other ratio."""
    (rows, height), (columns, width) = _count(data, 2), _count(data, 3)
    step_y = ops.divide(1.0, height) if steps[0] <= 0 else steps[0]
    step_x = ops.divide(1.0, width) if steps[1] <= 0 else steps[1]
    shapes = [(s, 1.0) for s in sizes] + [(sizes[0], math.sqrt(r)) for r in ratios[1:]]
    y = ops.multiply(ops.add(rows, offsets[0]), step_y)[:, None, None, None]
    x = ops.multiply(ops.add(columns, offsets[1]), step_x)[None, :, None, None]
    wide = np.array([s * r / 2 for s, r in shapes], "float32")
    wide = ops.multiply(ops.divide(ops.multiply(wide, height), width)[:, None], np.array([-1, 0, 1, 0], "float32"))
    tall = np.array([[0, -s / r / 2, 0, s / r / 2] for s, r in shapes], "float32")
    centres = ops.add(ops.multiply(x, np.array([1, 0, 1, 0], "float32")), ops.multiply(y, np.array([0, 1, 0, 1], "float32")))
    out = ops.reshape(ops.add(centres, ops.add(wide, tall)), (1, -1, 4))
    return ops.clip(out, 0.0, 1.0) if clip else out


@translates("_contrib_MultiBoxDetection", "_npx_multibox_detection")
def multibox_detection(at, cls_prob, loc_pred, anchor, *, clip: bool = True, threshold: float = 0.01,
                       background_id: int = 0, nms_threshold: float = 0.5, force_suppress: bool = False,
                       variances: Floats = (0.1, 0.1, 0.2, 0.2), nms_topk: int = -1):
    """Rows (class, score, left, top, right, bottom), best first; a class of -1 is suppressed, a row of -1 is none.

    Class 0 is the background whatever background_id says. With nms_topk MXNet puts the best rows over the first ones
    and leaves the others as they were, so that one may be there twice: the second is suppressed by the first.
    """
    count = _known(at, cls_prob.shape[2], cls_prob)
    cls_prob, loc_pred, anchor = (ops.stop_gradient(x) for x in (cls_prob, loc_pred, anchor))
    objects = cls_prob[:, 1:, :]
    score, kind = ops.max(objects, 1), ops.cast(ops.argmax(objects, 1), cls_prob.dtype)
    valid = ops.greater_equal(score, threshold)
    left, top, right, bottom = (anchor[..., i] for i in range(4))
    wide, tall = ops.subtract(right, left), ops.subtract(bottom, top)
    x, y = ops.divide(ops.add(left, right), 2), ops.divide(ops.add(top, bottom), 2)
    offsets = ops.reshape(loc_pred, (-1, count, 4))
    dx, dy, dw, dh = (ops.multiply(offsets[..., i], v) for i, v in enumerate(variances))
    x, y = ops.add(ops.multiply(dx, wide), x), ops.add(ops.multiply(dy, tall), y)
    half, high = (ops.divide(ops.multiply(ops.exp(d), s), 2) for d, s in ((dw, wide), (dh, tall)))
    boxes = ops.stack([ops.subtract(x, half), ops.subtract(y, high), ops.add(x, half), ops.add(y, high)], -1)
    if clip:
        boxes = ops.clip(boxes, 0.0, 1.0)
    rows = ops.concatenate([kind[..., None], score[..., None], boxes], -1)
    as_they_come = ops.argsort(ops.cast(ops.logical_not(valid), "int32"), -1)
    suppressing = 0 < nms_threshold <= 1
    places = _sorted(score, valid) if suppressing else as_they_come
    if suppressing and 0 < nms_topk < count:
        found = ops.sum(ops.cast(valid, "int32"), -1, keepdims=True)
        best = ops.less(np.arange(count, dtype="int32"), ops.minimum(found, nms_topk))
        places = ops.where(best, places, as_they_come)
    rows, valid = _rows(rows, places), ops.take_along_axis(valid, places, 1)
    kind = rows[..., 0]
    if suppressing:
        suppresses = ops.greater_equal(_overlaps(rows[..., 2:], _areas(rows[..., 2:], "corner"), "corner"), nms_threshold)
        if not force_suppress:
            (one,), (two,) = _grid([kind])
            suppresses = ops.logical_and(suppresses, ops.equal(one, two))
        left = _kept(at, valid, suppresses)
        kind = ops.where(ops.equal(left, 0), -1.0, ops.where(ops.equal(left, 1), kind, left))
    rows = ops.concatenate([kind[..., None], rows[..., 1:]], -1)
    return ops.where(valid[..., None], rows, -1.0)


@translates("_contrib_MultiBoxTarget", "_npx_multibox_target")
def multibox_target(at, anchor, label, cls_pred, *, overlap_threshold: float = 0.5, ignore_label: float = -1.0,
                    negative_mining_ratio: float = -1.0, negative_mining_thresh: float = 0.5,
                    minimum_negative_samples: int = 0, variances: Floats = (0.1, 0.1, 0.2, 0.2)):
    """Targets of anchors (1, k, 4) for labels (N, m, class and box): offsets (N, 4 k), their mask, classes (N, k).

    Labels end with the first of class -1. Each label takes its best free anchor; then anchors take the label they
    overlap most, over `overlap_threshold`; of the others those most sure of an object count as background.
    """
    anchor, label, cls_pred = (ops.stop_gradient(x) for x in (anchor, label, cls_pred))
    count, most = _known(at, anchor.shape[1], anchor), _known(at, label.shape[1], label)
    real = ops.cumprod(ops.cast(ops.not_equal(label[..., 0], -1), "float32"), 1)[:, None, :]
    one = [anchor[..., i][..., :, None] for i in range(4)]
    two = [label[..., i][..., None, :] for i in range(1, 5)]
    shared = _shared(one, two)
    area = [ops.multiply(ops.subtract(b[2], b[0]), ops.subtract(b[3], b[1])) for b in (one, two)]
    union = ops.subtract(ops.add(*area), shared)
    overlap = ops.where(ops.equal(union, 0), ops.zeros_like(shared), ops.divide(shared, ops.where(ops.equal(union, 0), 1.0, union)))
    overlap = ops.where(ops.greater(real, 0), overlap, -1.0)
    _, matched, positive = _matched(at, overlap, most, 1e-6)
    best = ops.max(overlap, -1)
    matched = ops.where(positive, matched, ops.cast(ops.argmax(overlap, -1), "int32"))
    if overlap_threshold > 0:
        positive = ops.logical_or(positive, ops.greater(best, overlap_threshold))
    any_label = ops.greater(real[:, :, 0], 0)
    positive = ops.logical_and(positive, any_label)
    negative = ops.logical_and(ops.logical_not(positive), any_label)
    if negative_mining_ratio > 0:
        found = ops.sum(ops.cast(positive, "float32"), -1, keepdims=True)
        wanted = ops.minimum(ops.floor(ops.multiply(found, negative_mining_ratio)), ops.subtract(float(count), found))
        candidate = ops.logical_and(negative, ops.less(best, negative_mining_thresh))
        background = ops.softmax(cls_pred, 1)[:, 0, :]
        rank = ops.argsort(ops.argsort(ops.where(candidate, background, float("inf")), -1), -1)
        negative = ops.logical_and(candidate, ops.less(ops.cast(rank, "float32"), wanted))
    truth = _rows(label, matched)
    kind = ops.where(positive, ops.add(truth[..., 0], 1), ops.where(negative, 0.0, ignore_label))
    parts = []
    for boxes in (anchor, truth[..., 1:5]):
        left, top, right, bottom = (boxes[..., i] for i in range(4))
        parts.append((ops.multiply(ops.add(left, right), 0.5), ops.multiply(ops.add(top, bottom), 0.5),
                      ops.subtract(right, left), ops.subtract(bottom, top)))
    (ax, ay, aw, ah), (gx, gy, gw, gh) = parts
    offsets = [ops.divide(ops.subtract(gx, ax), aw), ops.divide(ops.subtract(gy, ay), ah),
               ops.log(ops.divide(gw, aw)), ops.log(ops.divide(gh, ah))]
    offsets = ops.divide(ops.stack(offsets, -1), np.array(variances, "float32"))
    mask = ops.cast(positive, "float32")[..., None]
    offsets = ops.where(ops.greater(mask, 0), offsets, ops.zeros_like(offsets))
    mask = ops.multiply(mask, np.ones(4, "float32"))
    return ops.reshape(offsets, (-1, 4 * count)), ops.reshape(mask, (-1, 4 * count)), kind
