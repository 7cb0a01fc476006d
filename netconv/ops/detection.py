"""Detection ops of the single-shot detector: anchors, targets, detections. None has a gradient in MXNet."""

import math

import numpy as np

from ..graph.attributes import Floats
from ..graph.partial_shape import ShapeMismatch, merge, of_rank
from ..keras_api.lazy import ops
from ..kernels.boxes import (
    argsort_scores,
    candidate_count,
    centers_and_sizes,
    corners_and_area,
    decode_offsets,
    encode_offsets,
    first_rows,
    greedy_matching,
    iou,
    known_count,
    non_maximum_suppression,
    pad_rows_like,
    pairwise_iou,
    row_numbers,
    same_class,
    take_rows,
)
from ..kernels.positions import positions_along
from .registry import translates


def _multibox_prior_shape(a, ins, outs):
    data = of_rank(ins[0], 4)
    height, width = data[2:]
    count = None if None in (height, width) else height * width * (len(a.sizes) + len(a.ratios) - 1)
    return [data], [(1, count, 4)]


@translates("_contrib_MultiBoxPrior", "_npx_multibox_prior", shape=_multibox_prior_shape)
def multibox_prior(
    at,
    data,
    *,
    sizes: Floats = (1.0,),
    ratios: Floats = (1.0,),
    clip: bool = False,
    steps: Floats = (-1.0, -1.0),
    offsets: Floats = (0.5, 0.5),
):
    """Anchors (1, positions x shapes, 4) around each position of a feature map: every size with the first ratio, then
    the first size with the other ratios."""
    if len(steps) != 2 or len(offsets) != 2 or not ratios or not sizes or min(ratios) <= 0:
        raise at.error(
            "needs two 'steps', two 'offsets', and 'sizes' and 'ratios' above 0", (steps, offsets, sizes, ratios)
        )
    (rows, height), (columns, width) = positions_along(data, 2), positions_along(data, 3)
    step_y = ops.divide(1.0, height) if steps[0] <= 0 else steps[0]
    step_x = ops.divide(1.0, width) if steps[1] <= 0 else steps[1]
    shapes = [(s, math.sqrt(ratios[0])) for s in sizes] + [(sizes[0], math.sqrt(r)) for r in ratios[1:]]
    y = ops.multiply(ops.add(rows, offsets[0]), step_y)[:, None, None, None]
    x = ops.multiply(ops.add(columns, offsets[1]), step_x)[None, :, None, None]
    wide = np.array([s * r / 2 for s, r in shapes], "float32")
    wide = ops.multiply(ops.divide(ops.multiply(wide, height), width)[:, None], np.array([-1, 0, 1, 0], "float32"))
    tall = np.array([[0, -s / r / 2, 0, s / r / 2] for s, r in shapes], "float32")
    x, y = (ops.multiply(v, np.array(w, "float32")) for v, w in ((x, [1, 0, 1, 0]), (y, [0, 1, 0, 1])))
    out = ops.reshape(ops.add(ops.add(x, y), ops.add(wide, tall)), (1, -1, 4))
    return ops.clip(out, 0.0, 1.0) if clip else out


def _multibox_detection_shape(a, ins, outs):
    """From probabilities (batch, classes, anchors), offsets (batch, 4 x anchors) and anchors: a row of 6 for each
    anchor."""
    scores, offsets, anchors = of_rank(ins[0], 3), of_rank(ins[1], 2), of_rank(ins[2], 3)
    batch = merge(scores[:1], offsets[:1])
    if offsets[1] is not None and offsets[1] % 4:
        raise ShapeMismatch("needs four offsets an anchor", offsets[1])
    count = merge(merge(scores[2:], anchors[1:2]), (offsets[1] and offsets[1] // 4,))
    return [(*batch, scores[1], *count), (*batch, count[0] and 4 * count[0]), (1, *count, 4)], [(*batch, *count, 6)]


@translates(
    "_contrib_MultiBoxDetection", "_npx_multibox_detection", ignores="background_id", shape=_multibox_detection_shape
)
def multibox_detection(
    at,
    cls_prob,
    loc_pred,
    anchor,
    *,
    clip: bool = True,
    threshold: float = 0.01,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
):
    """Rows (class, score, left, top, right, bottom), best first; class -1 marks a suppressed row, a row of -1 is empty.

    Class 0 is the background whatever background_id is. With nms_topk MXNet copies the best rows to the first rows and
    leaves the numbers of the others unchanged, with class -1.
    """
    count = cls_prob.shape[2]
    cls_prob, loc_pred, anchor = (ops.stop_gradient(x) for x in (cls_prob, loc_pred, anchor))
    objects = cls_prob[:, 1:, :]
    score, kind = ops.max(objects, 1), ops.cast(ops.argmax(objects, 1), cls_prob.dtype)
    valid = ops.greater_equal(score, threshold)
    deltas = at.reshape(loc_pred, (-1, count or -1, 4))
    boxes = decode_offsets(
        [ops.multiply(deltas[..., i], v) for i, v in enumerate(variances)], centers_and_sizes(anchor)
    )
    if clip:
        boxes = ops.clip(boxes, 0.0, 1.0)
    found = ops.concatenate([kind[..., None], score[..., None], boxes], -1)
    as_they_come = ops.argsort(ops.cast(ops.logical_not(valid), "int32"), -1)
    if not 0 < nms_threshold <= 1:
        return ops.where(ops.take_along_axis(valid, as_they_come, 1)[..., None], take_rows(found, as_they_come), -1.0)
    k = candidate_count(at, count, nms_topk if nms_topk > 0 else -1, cls_prob)
    indices = argsort_scores(score, valid)
    if k != count:
        number = ops.sum(ops.cast(valid, "int32"), -1, keepdims=True)
        indices = ops.where(ops.less(row_numbers(score), ops.minimum(number, k)), indices, as_they_come)
    found, valid = take_rows(found, indices), ops.take_along_axis(valid, indices, 1)
    best = first_rows(found, k)
    traits = ops.concatenate([corners_and_area(best[..., 2:], "corner"), best[..., :1]], -1)

    def suppresses(one, two):
        over = ops.greater_equal(pairwise_iou(one, two), nms_threshold)
        return over if force_suppress else ops.logical_and(over, same_class(one, two))

    left = non_maximum_suppression(at, first_rows(ops.cast(valid, "float32"), k), traits, suppresses)
    kind = pad_rows_like(ops.where(ops.greater(left, 0), best[..., 0], -1.0), found[..., 0])
    return ops.where(valid[..., None], ops.concatenate([kind[..., None], found[..., 1:]], -1), -1.0)


def _multibox_target_shape(a, ins, outs):
    anchors, (batch, *_) = of_rank(ins[0], 3), of_rank(ins[1], 3)
    count = anchors[1]
    each = None if count is None else 4 * count
    return [anchors, of_rank(ins[1], 3)], [(batch, each), (batch, each), (batch, count)]


@translates(
    "_contrib_MultiBoxTarget",
    "_npx_multibox_target",
    ignores="minimum_negative_samples",
    shape=_multibox_target_shape,
    labels="label",
)
def multibox_target(
    at,
    anchor,
    label,
    cls_pred,
    *,
    overlap_threshold: float = 0.5,
    ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
):
    """Targets of anchors (1, k, 4) for labels (N, m, class and box): offsets (N, 4 k), their mask, classes (N, k).

    Labels end at the first one of class -1. Each label gets its best free anchor; then each anchor gets the label with
    which it overlaps most, if above `overlap_threshold`. Of the other anchors, those with the highest scores for an
    object become background.
    """
    anchor, label, cls_pred = (ops.stop_gradient(x) for x in (anchor, label, cls_pred))
    count, most = known_count(at, anchor.shape[1], anchor), known_count(at, label.shape[1], label)
    real = ops.cumprod(ops.cast(ops.not_equal(label[..., 0], -1), "float32"), 1)[:, None, :]
    one = [anchor[..., i][..., :, None] for i in range(4)]
    two = [label[..., i][..., None, :] for i in range(1, 5)]
    sizes = [ops.multiply(ops.subtract(b[2], b[0]), ops.subtract(b[3], b[1])) for b in (one, two)]
    overlap = ops.where(ops.greater(real, 0), iou(one, two, *sizes), -1.0)
    matched, _ = greedy_matching(overlap, most, 1e-6)
    positive = ops.greater_equal(matched, 0)
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
    truth = take_rows(label, matched)
    kind = ops.where(positive, ops.add(truth[..., 0], 1), ops.where(negative, 0.0, ignore_label))
    deltas = ops.divide(encode_offsets(anchor, truth[..., 1:5]), np.array(variances, "float32"))
    mask = ops.cast(positive, "float32")[..., None]
    deltas = ops.where(ops.greater(mask, 0), deltas, ops.zeros_like(deltas))
    mask = ops.multiply(mask, np.ones(4, "float32"))
    return ops.reshape(deltas, (-1, 4 * count)), ops.reshape(mask, (-1, 4 * count)), kind
