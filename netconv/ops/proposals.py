"""Proposals: boxes that a region proposal network predicts."""

import math

import numpy as np

from ..graph.attributes import Floats
from ..graph.partial_shape import of_rank
from ..keras_api.lazy import ops
from ..kernels.boxes import argsort_scores, known_count, non_maximum_suppression, pairwise_iou, take_rows
from .registry import translates


def _anchors(stride: int, ratios: Floats, scales: Floats) -> np.ndarray:
    """Corners of anchors at the first cell, (ratios x scales, 4); the side lengths of each ratio are rounded as in
    Faster R-CNN."""
    found = []
    for ratio in ratios:
        wide = math.floor(math.sqrt(math.floor(stride * stride / ratio)) + 0.5)
        tall = math.floor(wide * ratio + 0.5)
        for scale in scales:
            half = [(wide * scale - 1) / 2, (tall * scale - 1) / 2]
            center = (stride - 1) / 2
            found.append([center - half[0], center - half[1], center + half[0], center + half[1]])
    return np.array(found, "float32")


def _move_anchors(anchors, deltas, iou_loss: bool):
    """Corners of anchors, four tensors, moved by deltas (..., 4); side lengths include the last pixel."""
    if iou_loss:
        return [ops.add(deltas[..., i], anchors[i]) for i in range(4)]
    centers, halves = [], []
    for low, high in ((0, 2), (1, 3)):
        side = ops.add(ops.subtract(anchors[high], anchors[low]), 1.0)
        center = ops.add(anchors[low], ops.multiply(ops.subtract(side, 1.0), 0.5))
        centers.append(ops.add(ops.multiply(deltas[..., low], side), center))
        halves.append(ops.multiply(ops.subtract(ops.multiply(ops.exp(deltas[..., high]), side), 1.0), 0.5))
    corners = [ops.subtract(c, h) for c, h in zip(centers, halves, strict=True)]
    return corners + [ops.add(c, h) for c, h in zip(centers, halves, strict=True)]


def _proposal_shape(a, ins, outs):
    """Rows of an image index and a box."""
    batch = of_rank(ins[0], 4)[0]
    count = None if batch is None else batch * a.rpn_post_nms_top_n
    return ins, [(count, 5), (count, 1)]


@translates("_contrib_Proposal", "_contrib_MultiProposal", shape=_proposal_shape)
def proposal(
    at,
    cls_prob,
    bbox_pred,
    im_info,
    *,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: Floats = (4.0, 8.0, 16.0, 32.0),
    ratios: Floats = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    output_score: bool = False,
    iou_loss: bool = False,
):
    """Rows (image, left, top, right, bottom), rpn_post_nms_top_n for each image, and their scores.

    If fewer boxes are left, they are repeated in turn. Boxes with equal scores are in the order of their cells; their
    order is undefined in MXNet.
    """
    cls_prob, bbox_pred, im_info = (ops.stop_gradient(x) for x in (cls_prob, bbox_pred, im_info))
    base = _anchors(feature_stride, ratios, scales)
    if cls_prob.shape[1] != 2 * len(base):
        raise at.error(f"cls_prob must have 2 x {len(base)} channels for these scales and ratios", cls_prob.shape[1])
    scores, boxes = _candidates(at, cls_prob, bbox_pred, im_info, base, feature_stride, rpn_min_size, iou_loss)
    count = scores.shape[1]
    k = min(rpn_pre_nms_top_n, count) if rpn_pre_nms_top_n > 0 else count
    first = argsort_scores(scores, ops.full_like(scores, True, dtype="bool"))[:, :k]
    boxes, scores = take_rows(boxes, first), ops.take_along_axis(scores, first, 1)
    chosen = _select(at, scores, boxes, threshold, rpn_post_nms_top_n)
    boxes, scores = take_rows(boxes, chosen), ops.take_along_axis(scores, chosen, 1)
    image = ops.subtract(ops.cumsum(ops.ones_like(scores), 0), 1.0)
    rois = ops.reshape(ops.concatenate([image[..., None], boxes], -1), (-1, 5))
    return [rois, ops.reshape(scores, (-1, 1))] if output_score else rois


def _candidates(at, cls_prob, bbox_pred, im_info, base: np.ndarray, stride: int, least: int, iou_loss: bool):
    """Scores (N, cells x shapes) and boxes (N, cells x shapes, 4), clipped to the image. Cells outside the image have
    score -1; so have boxes with sides below `least`, which are enlarged by half of it on each side."""
    shapes, (height, width) = len(base), (known_count(at, n, cls_prob) for n in cls_prob.shape[2:])
    # Cells keep the axes (height, width, shapes) until they are sorted: the model stores three short arrays instead of
    # one long one.
    row = np.arange(height, dtype="float32").reshape(height, 1, 1)
    column = np.arange(width, dtype="float32").reshape(1, width, 1)
    scores = ops.transpose(cls_prob[:, shapes:], (0, 2, 3, 1))
    deltas = ops.transpose(ops.reshape(bbox_pred, (-1, shapes, 4, height, width)), (0, 3, 4, 1, 2))
    nothing = at.connected_zero("float32")
    anchors = [ops.add(ops.add(position * stride, nothing), base[:, i]) for i, position in enumerate((column, row) * 2)]
    boxes = _move_anchors(anchors, deltas, iou_loss)
    tall, wide, enlarged = (ops.reshape(im_info[:, i], (-1, 1, 1, 1)) for i in range(3))
    last = [ops.subtract(side, 1.0) for side in (wide, tall, wide, tall)]
    boxes = [ops.maximum(ops.minimum(x, end), 0.0) for x, end in zip(boxes, last, strict=True)]
    padding = ops.logical_or(
        ops.greater_equal(row, ops.floor(ops.divide(tall, stride))),
        ops.greater_equal(column, ops.floor(ops.divide(wide, stride))),
    )
    smallest = ops.multiply(enlarged, float(least))
    small = ops.logical_or(*(ops.less(ops.add(ops.subtract(boxes[i + 2], boxes[i]), 1.0), smallest) for i in (0, 1)))
    grown = ops.divide(smallest, 2)
    boxes = [ops.where(small, ops.subtract(x, grown) if i < 2 else ops.add(x, grown), x) for i, x in enumerate(boxes)]
    count = shapes * height * width
    scores = ops.reshape(ops.where(ops.logical_or(padding, small), -1.0, scores), (-1, count))
    return scores, ops.reshape(ops.stack(boxes, -1), (-1, count, 4))


def _select(at, scores, boxes, threshold: float, number: int):
    """The indices of the first `number` boxes that no better one overlaps by more than `threshold`, repeated in turn if
    fewer are left."""
    sides = [ops.add(ops.subtract(boxes[..., i + 2], boxes[..., i]), 1.0) for i in (0, 1)]
    traits = ops.concatenate([boxes, ops.multiply(*sides)[..., None]], -1)

    def suppresses(one, two):
        return ops.greater(pairwise_iou(one, two, 1.0), threshold)

    left = non_maximum_suppression(at, ops.ones_like(scores), traits, suppresses)
    found = ops.minimum(ops.sum(left, 1, keepdims=True), float(min(number, scores.shape[1])))
    turn = ops.cast(ops.mod(np.arange(number, dtype="float32"), ops.maximum(found, 1.0)), "int32")
    return ops.take_along_axis(ops.argsort(ops.negative(left), -1), turn, 1)
