"""Boxes of object detectors: overlaps, encodings, matching, non-maximum suppression.

Boxes are rows (left, top, right, bottom) or (center x, center y, width, height). In MXNet only box_nms has a gradient.
"""

from typing import Literal

from ..graph.partial_shape import ShapeMismatch, merge, of_rank
from ..keras_api.lazy import ops
from ..kernels.boxes import (
    areas,
    argsort_scores,
    as_batch,
    candidate_count,
    centers_and_sizes,
    corners,
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
    same_class,
    take_rows,
)
from .registry import translates
from .shape_rules import as_first

Format = Literal["center", "corner"]


def _box_iou_shape(a, ins, outs):
    one, two = ins
    claims = [shape and (*shape[:-1], 4) for shape in ins]
    return claims, [None if one is None or two is None else (*one[:-1], *two[:-1])]


@translates("_contrib_box_iou", shape=_box_iou_shape)
def box_iou(at, lhs, rhs, *, format: Format = "corner"):
    """Overlaps of all pairs of boxes: (*left, *right)."""
    left, right = (ops.stop_gradient(x) for x in (lhs, rhs))
    expand = (..., *(None,) * (len(rhs.shape) - 1))
    one, two = [c[expand] for c in corners(left, format)], corners(right, format)
    return iou(one, two, areas(left, format)[expand], areas(right, format))


def _convert_format(boxes, to: str):
    """Converts boxes to the other format. MXNet treats a row whose first number is below 0 as empty and leaves it
    unchanged; the gradient passes as if the format were the same."""
    new = centers_and_sizes(boxes) if to == "center" else corners(boxes, "center")
    new = ops.where(ops.less(boxes[..., :1], 0), boxes, ops.stack(list(new), -1))
    return ops.add(boxes, ops.stop_gradient(ops.subtract(new, boxes)))


def _box_nms_shape(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if shape is not None and len(shape) < 2:
        raise ShapeMismatch("needs rows of boxes (..., boxes, numbers)", shape)
    return [shape], [shape]


@translates("_contrib_box_nms", "_contrib_box_non_maximum_suppression", shape=_box_nms_shape)
def box_nms(
    at,
    data,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0.0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: Format = "corner",
    out_format: Format = "corner",
):
    """The boxes that are kept, best first, then rows of -1."""
    if topk == 0:
        return data
    if data.shape[-1] is not None and not (
        0 <= coord_start <= data.shape[-1] - 4 and 0 <= score_index < data.shape[-1] and id_index < data.shape[-1]
    ):
        raise at.error(
            f"a box has {data.shape[-1]} numbers; 'coord_start' must name four of them, 'score_index' and 'id_index' "
            "one each",
            (coord_start, score_index, id_index),
        )
    k = candidate_count(at, data.shape[-2], topk, data)
    boxes = as_batch(at, data)
    scores = boxes[..., score_index]
    valid = ops.greater(scores, valid_thresh)
    if id_index >= 0:
        valid = ops.logical_and(valid, ops.not_equal(boxes[..., id_index], background_id))
    valid = ops.cast(valid, "float32")
    indices = argsort_scores(scores, valid)[:, :k]
    best, valid = (
        first_rows(tensor, k) for tensor in (take_rows(boxes, indices), ops.take_along_axis(valid, indices, 1))
    )
    traits = corners_and_area(best[..., coord_start : coord_start + 4], in_format)
    kinds = id_index >= 0 and not force_suppress
    if kinds:
        traits = ops.concatenate([traits, ops.trunc(best[..., id_index : id_index + 1])], -1)

    def suppresses(one, two):
        over = ops.greater(pairwise_iou(one, two), overlap_thresh)
        return ops.logical_and(over, same_class(one, two)) if kinds else over

    left = non_maximum_suppression(at, valid, ops.stop_gradient(traits), suppresses)
    front = ops.argsort(ops.negative(left), -1)  # kept rows come first, in their order
    chosen = take_rows(best, front)
    if in_format != out_format:
        recoded = _convert_format(chosen[..., coord_start : coord_start + 4], out_format)
        chosen = ops.concatenate([chosen[..., :coord_start], recoded, chosen[..., coord_start + 4 :]], -1)
    out = ops.where(ops.greater(ops.take_along_axis(left, front, 1), 0)[..., None], chosen, -1.0)
    out = pad_rows_like(out, boxes)
    return out if len(data.shape) == 3 else ops.reshape(out, [-1 if d is None else d for d in data.shape])


@translates("_contrib_box_decode", shape=as_first)
def box_decode(
    at,
    data,
    anchors,
    *,
    std0: float = 1.0,
    std1: float = 1.0,
    std2: float = 1.0,
    std3: float = 1.0,
    clip: float = -1.0,
    format: Format = "center",
):
    """The corners of the boxes that offsets (N, k, 4) describe relative to anchors (1, k, 4)."""
    data, anchors = ops.stop_gradient(data), ops.stop_gradient(anchors)
    anchors = centers_and_sizes(anchors) if format == "corner" else [anchors[..., i] for i in range(4)]
    deltas = [ops.multiply(data[..., i], std) for i, std in enumerate((std0, std1, std2, std3))]
    return decode_offsets(deltas, anchors, clip if clip > 0 else None)


def _box_encode_shape(a, ins, outs):
    batch, count = merge(of_rank(ins[0], 2), of_rank(ins[1], 2))
    return [(batch, count)] * 2, [(batch, count, 4)] * 2


@translates("_contrib_box_encode", shape=_box_encode_shape)
def box_encode(at, samples, matches, anchors, refs, means, stds):
    """Offsets (N, k, 4) from anchors to the matched boxes, and a mask (1 or 0) of the positive samples."""
    samples, matches, anchors, refs, means, stds = (
        ops.stop_gradient(x) for x in (samples, matches, anchors, refs, means, stds)
    )
    deltas = encode_offsets(anchors, take_rows(refs, ops.cast(matches, "int32")))
    deltas = ops.divide(ops.subtract(deltas, means), stds)
    positive = ops.greater(samples, 0.5)[..., None]
    zeros = ops.zeros_like(deltas)
    return ops.where(positive, deltas, zeros), ops.where(positive, ops.ones_like(deltas), zeros)


def _matching_shape(a, ins, outs):
    if ins[0] is None or len(ins[0]) < 2:
        return ins, outs
    return ins, [ins[0][:-1], (*ins[0][:-2], ins[0][-1])]


@translates("_contrib_bipartite_matching", shape=_matching_shape)
def bipartite_matching(at, data, *, threshold: float, is_ascend: bool = False, topk: int = -1):
    """Matches rows and columns by their scores, best first: returns the column of each row and the row of each column,
    or -1."""
    *outer, rows, columns = data.shape
    steps = min([n for n in (rows, columns) if n is not None], default=None)
    steps = known_count(at, steps, data)
    steps = min(steps, topk + 1) if topk > 0 else steps  # MXNet stops one match after topk
    found = greedy_matching(
        as_batch(at, ops.negative(data) if is_ascend else data), steps, -threshold if is_ascend else threshold
    )
    found = [ops.cast(indices, data.dtype) for indices in found]
    if len(outer) == 1:
        return found
    return [
        ops.reshape(indices, [-1 if d is None else d for d in (*outer, n)])
        for indices, n in zip(found, (rows, columns), strict=True)
    ]
